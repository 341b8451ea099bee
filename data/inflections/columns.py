r"""The order of the columns of (lemma, features, form) triples: told by names, or by evidence.

    layout = find_layout("swa.tsv", rows)
    layout.columns, layout.evidence, layout.has_names

UniMorph writes lemma, form, features; the shared task of 2023 lemma, features, form; its covered
files have no form; people's own files have any order. In this order it is told

1. by a first line of names, in the spellings that are about: `Lemma Form MSD`, `# word tags
   inflected`, `source target features` (`names_of_columns`);
2. by the cells: the one column whose cells are feature bundles by the schema's tags, then which of
   the other two has the lemmas (`lemmas_first`). Columns that are empty, or that hold
   segmentations (`walk|ed`), are passed over;
3. where the cells tell too little, by the order that the publisher of the file is known to use.

Otherwise it is refused: an order is never taken because it is usual. A first row whose cell of
features is no bundle where all others are is a line of names too, in whatever language.

Which of two columns has the lemmas, and which the forms, is told by the cells (`lemmas_first`): a
lemma stands beside many forms, a form beside one lemma. Where that is not to be seen, as in rows
drawn at random, weaker signs must agree: forms contain their lemmas more often than the other way
round, are longer, have more words, and forms of one bundle are more alike than lemmas of one
bundle. Rows of a single bundle tell nothing: an imperative is shorter than its infinitive in one
language and longer in the next.

Thresholds were set on, and tried over, all files of UniMorph and of the shared task of 2023 in the
mirror, in 150,000 samples of 2 to 1,000 rows: none was told wrongly. Samples of one row a lemma,
where homographs are all that repeats, were added later (docs/LOG.md, 2026-11-29).
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from data.errors import InputError
from data.inflections.tags import atoms, dimension, parse, tidied
from data.lines import excerpt

Entry = tuple[str, str, str]  # a cell of each column, and the bundle

FEW_REPEATS, MORE_REPEATS = 3, 4  # so many at the least, and so many times those of the other side
# Of the rows: with fewer, homographs among forms may be all that repeats (one row a lemma, drawn
# from a dictionary); with many, no weaker sign can deny it.
REPEATS_ALONE, REPEATS_UNDENIED = 0.05, 0.25
MORE = 8  # of the weaker signs: so many times those of the other side
LEAST_BUNDLES, MOST_OF_ONE = 4, 0.5  # else the weaker signs tell nothing
LEAST_PAIRS, ALIKE = 5, 0.3  # pairs of rows; characters that they share
STEPS = (1, 2, 3, 5, 7)  # how far apart the rows of a pair stand

LEMMA, FEATURES, FORM, OTHER = "lemma", "features", "form", "-"

# Names of columns, without case, `_`, `-` and `#`. `word` is a lemma beside `inflected`, and a
# form beside `lemma`.
NAMES = {
    LEMMA: "lemma,lemmas,lemmata,lexeme,headword,citation,citation form,dictionary form,base,"
    "base form,baseform,canonical form,uninflected,uninflected form,source,src,lema,lemme,lem",
    FEATURES: "features,feature,feats,feat,feature bundle,features bundle,bundle,bundles,tags,tag,"
    "tagset,msd,msds,morphosyntactic description,morphosyntactic descriptions,morphosyntax,"
    "morphosyntactic features,morphosyntactic tags,morphosyntactic feature bundle,"
    "morphological features,morphological description,morphological tags,morphology,morph,"
    "morpho,morph features,morph feats,unimorph,unimorph features,unimorph tags,unimorph tag,"
    "analysis,grammatical features,inflectional features,description,slot,cell,paradigm cell,pos",
    FORM: "form,forms,inflected,inflected form,inflected forms,inflected word,inflection,wordform,"
    "wordforms,word form,word forms,inflected wordform,inflected word form,surface,surface form,"
    "target,tgt,output,realization,realisation,prediction,predictions,predicted,predicted form,"
    "answer,gold,gold form,form inflected",
}
EITHER = frozenset({"word", "words", "token", "tokens", "input"})
_ROLES = {name: role for role, names in NAMES.items() for name in names.split(",")}

UNIMORPH_ORDER = (LEMMA, FORM, FEATURES)
SHARED_TASK_ORDER = (LEMMA, FEATURES, FORM)
COVERED_ORDER = (LEMMA, FEATURES)
WHOLE = "forms"  # the role of a table that has no splits

SAMPLED_ROWS = 1000  # from which the order is found out
MOST, FEW = 0.9, 0.1  # shares of bundles in the column of features, and in the others
PLACES = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth")


class Sign(NamedTuple):
    """One sign: how much speaks for either column as the lemmas', and whether that is enough.

    lean: 1 where the first column has the lemmas, -1 the second, 0 neither.
    """

    text: str
    first: float
    second: float
    lean: int


class Told(NamedTuple):
    """The verdict, as `Sign.lean`, and every sign: the first column's figure, the second's."""

    lean: int
    why: str


def lemmas_first(entries: Iterable[Entry]) -> Told:
    """Whether the first column has the lemmas (1), the second (-1), or it cannot be told (0).

    >>> rows = [("soma", "alisoma", "V;PST"), ("soma", "atasoma", "V;FUT")]
    >>> lemmas_first(rows)
    Told(lean=1, why='1:0 beside several others, 2:0 contained in the other, 2:0 shorter')
    >>> lemmas_first((form, lemma, bundle) for lemma, form, bundle in rows).lean
    -1
    >>> lemmas_first([("soma", "alisoma", "V;PST"), ("pika", "alipika", "V;PST")]).lean
    0
    """
    rows = list(dict.fromkeys(entries))
    repeats = _repeats(rows)
    signs = [_contained(rows), _more_words(rows), _alike(rows), _longer(rows)]
    lean = _told_by_repeats(rows, repeats, signs) or _of_few(rows, repeats, signs[0])
    if not lean and _has_many_bundles(rows):
        lean = _consensus(repeats, signs)
    telling = [sign for sign in (repeats, *signs) if sign.first or sign.second]
    why = ", ".join(f"{sign.first:g}:{sign.second:g} {sign.text}" for sign in telling)
    return Told(lean, why or "nothing that differs")


def _told_by_repeats(rows: Sequence[Entry], repeats: Sign, signs: Sequence[Sign]) -> int:
    """Cells repeat in enough of the rows, and no better sign than length denies it.

    >>> forms = [(f"l{n}", f"form{n // 2 if n < 8 else n}", f"N;{'SG' if n % 2 else 'PL'}")
    ...          for n in range(100)]   # four forms stand beside two lemmas each, no lemma repeats
    >>> _told_by_repeats(forms, _repeats(forms), [])
    0
    """
    share = max(repeats.first, repeats.second) / max(len(rows), 1)
    denied = any(sign.lean == -repeats.lean for sign in signs[:3])
    enough = REPEATS_UNDENIED if denied else REPEATS_ALONE
    return repeats.lean if share >= enough else 0


def _of_few(rows: Sequence[Entry], repeats: Sign, contained: Sign) -> int:
    """In a handful of rows: one cell repeats, and is contained in the other in all of them."""
    if contained.first == len(rows) and repeats.first and not repeats.second:
        return 1
    if contained.second == len(rows) and repeats.second and not repeats.first:
        return -1
    return 0


def _consensus(repeats: Sign, signs: Sequence[Sign]) -> int:
    """What two signs say and none denies; length is none without a better one."""
    once = repeats.first + repeats.second == 1  # a single repeat can deny, and adds nothing
    leans = [*(sign.lean for sign in signs), _one_sided(repeats)]
    telling = [lean for lean in leans if lean]
    if len(set(telling)) != 1 or not any(leans[:3]):
        return 0
    return telling[0] if len(telling) - once >= 2 else 0


def _one_sided(sign: Sign) -> int:
    return 0 if sign.first and sign.second else bool(sign.first) - bool(sign.second)


def _has_many_bundles(rows: Sequence[Entry]) -> bool:
    counts = Counter(bundle for _, _, bundle in rows)
    return len(counts) >= LEAST_BUNDLES and max(counts.values()) <= MOST_OF_ONE * len(rows)


def _repeats(rows: Sequence[Entry]) -> Sign:
    """Cells that stand beside several others, each with a bundle of its own."""
    first = _spread((one, other, bundle) for one, other, bundle in rows)
    second = _spread((other, one, bundle) for one, other, bundle in rows)
    lean = _lean(first, second, FEW_REPEATS, MORE_REPEATS)
    return Sign("beside several others", first, second, lean)


def _spread(rows: Iterable[Entry]) -> int:
    others: dict[str, set[str]] = defaultdict(set)
    bundles: dict[str, set[str]] = defaultdict(set)
    for one, other, bundle in rows:
        others[one].add(other)
        bundles[one].add(bundle)
    return sum(min(len(some), len(bundles[one])) - 1 for one, some in others.items())


def _contained(rows: Sequence[Entry]) -> Sign:
    first = sum(one in other and one != other for one, other, _ in rows)
    second = sum(other in one and one != other for one, other, _ in rows)
    lean = _lean(first, second, max(5, 0.1 * len(rows)), MORE)
    return Sign("contained in the other", first, second, lean)


def _longer(rows: Sequence[Entry]) -> Sign:
    first = sum(len(other) > len(one) for one, other, _ in rows)
    second = sum(len(one) > len(other) for one, other, _ in rows)
    return Sign("shorter", first, second, _lean(first, second, max(5, 0.3 * len(rows)), MORE))


def _more_words(rows: Sequence[Entry]) -> Sign:
    words = [(len(one.split()), len(other.split())) for one, other, _ in rows]
    first, second = sum(a < b for a, b in words), sum(a > b for a, b in words)
    lean = _lean(first, second, max(4, 0.1 * len(rows)), MORE)
    return Sign("of fewer words", first, second, lean)


def _alike(rows: Sequence[Entry]) -> Sign:
    """How many characters at their edges cells of one bundle share, beyond those of several."""
    same = [_shared(*pair) for pair in _same_bundle(rows)]
    other = [_shared(*pair) for pair in _other_bundle(rows)]
    if len(same) < LEAST_PAIRS or len(other) < LEAST_PAIRS:
        return Sign("", 0, 0, 0)
    first, second = (_mean(same, side) - _mean(other, side) for side in (0, 1))
    lean = 0 if abs(second - first) <= ALIKE else 1 if second > first else -1
    return Sign("characters alike in a bundle", round(first, 1), round(second, 1), lean)


def _same_bundle(rows: Sequence[Entry]) -> Iterable[tuple[Entry, Entry]]:
    by_bundle: dict[str, list[Entry]] = defaultdict(list)
    for row in rows:
        by_bundle[row[2]].append(row)
    for some in by_bundle.values():
        yield from (pair for pair in pairwise(some) if _differ(*pair))


def _other_bundle(rows: Sequence[Entry]) -> Iterable[tuple[Entry, Entry]]:
    """Of the same part of speech, since lemmas share its ending."""
    for step in STEPS:
        for one, other in zip(rows, rows[step:], strict=False):
            alike = one[2].split(";")[0] == other[2].split(";")[0]
            if one[2] != other[2] and alike and _differ(one, other):
                yield one, other


def _differ(one: Entry, other: Entry) -> bool:
    return one[0] != other[0] and one[1] != other[1]


def _shared(one: Entry, other: Entry) -> tuple[int, int]:
    return _edges(one[0], other[0]), _edges(one[1], other[1])


def _edges(one: str, other: str) -> int:
    """Characters that two words share at their beginnings and ends.

    >>> _edges("alisoma", "alipika")
    4
    """
    return min(_start(one, other) + _start(one[::-1], other[::-1]), len(one), len(other))


def _start(one: str, other: str) -> int:
    pairs = zip(one, other, strict=False)
    return next((at for at, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def _mean(pairs: Sequence[tuple[int, int]], side: int) -> float:
    return sum(pair[side] for pair in pairs) / len(pairs)


def _lean(first: float, second: float, least: float, times: int) -> int:
    if first >= least and first >= times * second:
        return 1
    return -1 if second >= least and second >= times * first else 0


def names_of_columns(cells: Sequence[str]) -> tuple[str, ...] | None:
    """The order that a row of names tells; None of a row that is none.

    A third column whose name says nothing has the role that is left.

    >>> names_of_columns(["# LEMMA", "Inflected form", "Morphosyntactic description"])
    ('lemma', 'form', 'features')
    >>> names_of_columns(["word", "msd", "inflected"]), names_of_columns(["word", "words", "N;PL"])
    (('lemma', 'features', 'form'), None)
    """
    plain = [" ".join(re.split(r"[\s_\-#\"'.:]+", cell.casefold())).strip() for cell in cells]
    roles = [_ROLES.get(name) for name in plain]
    for place, name in enumerate(plain):
        if name in EITHER:
            rest = [role for at, role in enumerate(roles) if at != place]
            roles[place] = FORM if LEMMA in rest else LEMMA
    known = [role for role in roles if role]
    if len(set(known)) < len(known) or len(known) < 2:
        return None
    if len(cells) == 3 and len(known) == 2:
        place = roles.index(None)
        if is_bundle(cells[place]):
            return None
        [missing] = {LEMMA, FEATURES, FORM} - {*known}
        roles[place] = missing
    return tuple(role or OTHER for role in roles) if {LEMMA, FEATURES} <= {*roles} else None


@lru_cache(maxsize=1 << 14)
def is_bundle(cell: str) -> bool:
    """Whether a cell can be read as a bundle, half of whose features, or more, the schema has."""
    try:
        names = [atom for name in parse(tidied(cell)).names() for atom in atoms(name)]
    except InputError:
        return False
    if any(" " in name for name in names):
        return False
    return 2 * sum(dimension(name) is not None for name in names) >= len(names)


@dataclass(frozen=True, slots=True)
class Layout:
    """The order of a file's columns, what tells it, and whether the first row is no triple."""

    columns: tuple[str, ...]
    evidence: str
    has_names: bool = False

    def __str__(self) -> str:
        return f"columns {', '.join(self.columns)}: {self.evidence}"


def find_layout(
    where: str,
    rows: Sequence[Sequence[str]],
    usual: Sequence[str] | None = None,
    why_usual: str = "as its publisher writes it",
) -> Layout:
    """The order of the columns of the rows with which a file begins.

    Args:
        where: begins the message of an error.
        usual: the order that the file's publisher is known to use; it decides where the cells
            tell too little and speak not against it. why_usual: says so, for people.

    >>> find_layout("swa", [("Form", "Lemma", "MSD"), ("alisoma", "soma", "V;PST")]).columns
    ('form', 'lemma', 'features')
    >>> rows = [("V;PST;3;SG", "alisoma", "soma"), ("V;NFIN", "kusoma", "soma")]
    >>> print(find_layout("swa", rows))
    columns features, form, lemma: 100% of 2 first cells are bundles; second against third: \
0:1 beside several others, 0:2 contained in the other, 0:2 shorter

    Raises:
        InputError: no rows; not one column of bundles; too little that tells lemma from form.
    """
    if not rows:
        raise InputError(f"{where}: expected lemmas, features and forms, found no row; check it")
    names = names_of_columns(rows[0])
    if names is not None:
        _check_features(where, names, rows[1:])
        return Layout(names, "by a first line of names", has_names=True)
    width = Counter(map(len, rows)).most_common(1)[0][0]
    if width == 1:
        raise InputError(
            f"{where}: expected three columns with tabs between, found lines without a tab, as in"
            f" {_shown(rows)}; put tabs between the cells"
        )
    even = [row for row in rows if len(row) == width]
    place = _place_of_features(where, even, usual)
    has_names = len(rows[0]) == width and _is_apart(even, place)
    body = even[has_names:]
    share = f"{_share(body, place):.0%} of {len(body)} {_nth(place)} cells are bundles"
    others = _of_words(body, place)
    if len(others) == 1:
        return Layout(_without_forms(width, others[0], place, usual), share, has_names)
    if len(others) != 2:
        raise _too_many(where, rows, place, others)
    one, other = others
    whole = (row for row in body if row[one] and row[other])
    told = lemmas_first((row[one], row[other], row[place]) for row in whole)
    if told.lean:
        lemma, form = (one, other) if told.lean > 0 else (other, one)
        order = _order(width, {lemma: LEMMA, form: FORM, place: FEATURES})
        return Layout(order, f"{share}; {_nth(one)} against {_nth(other)}: {told.why}", has_names)
    if usual is not None and len(usual) == len(others) + 1:
        order = _order(width, dict(zip(sorted([*others, place]), usual, strict=True)))
        if order[place] == FEATURES:
            return Layout(order, f"{share}; the rest {why_usual}", has_names)
    raise _too_thin(where, body, place, told.why)


def told_layout(where: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Layout:
    """The order that somebody gave, checked; the first row may be of names all the same.

    Raises:
        InputError: not lemma, features, perhaps form, each once; another column has the bundles.
    """
    order = _checked(columns)
    names = names_of_columns(rows[0]) if rows else None
    if names is not None and tuple(_without_other(names)) != tuple(_without_other(order)):
        raise InputError(
            f"{where}: expected the columns {', '.join(order)}, as was asked, found the names"
            f" {excerpt(chr(9).join(rows[0]))}; correct the order, or leave it out"
        )
    complete = [row for row in rows if len(row) == len(order)]
    _check_features(where, order, complete[1:] if names else complete)
    apart = bool(complete) and complete[0] is rows[0] and _is_apart(complete, order.index(FEATURES))
    return Layout(order, "as was asked", has_names=names is not None or apart)


def order_of_role(role: str) -> tuple[str, ...]:
    """The order of a published file: of a whole table (`forms`), or of a shared task's split.

    >>> order_of_role("forms"), order_of_role("covered-test")
    (('lemma', 'form', 'features'), ('lemma', 'features'))
    """
    if role.startswith("covered"):
        return COVERED_ORDER
    return UNIMORPH_ORDER if role == WHOLE else SHARED_TASK_ORDER


def _checked(columns: Sequence[str]) -> tuple[str, ...]:
    order = tuple(name.strip().casefold() for name in columns)
    names = _without_other(order)
    fits = {LEMMA, FEATURES} <= set(names) <= {LEMMA, FEATURES, FORM}
    if not fits or len(set(names)) < len(names):
        raise InputError(
            "columns: expected lemma, features, perhaps form, each once, and - for others; "
            f"found {', '.join(columns)}; correct the order"
        )
    return order


def _without_other(order: Sequence[str]) -> list[str]:
    return [name for name in order if name != OTHER]


def _check_features(where: str, order: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Refuse an order whose features are no bundles where another column's cells are."""
    complete = [row for row in rows if len(row) == len(order)]
    place = order.index(FEATURES)
    if not complete or _share(complete, place) > FEW:
        return
    better = [at for at, _ in enumerate(order) if _share(complete, at) >= MOST]
    if better:
        raise InputError(
            f"{where}: expected feature bundles in the {_nth(place)} column ({', '.join(order)}),"
            f" found them in the {_nth(better[0])}, as in {excerpt(chr(9).join(complete[0]))};"
            " correct the order"
        )


def _place_of_features(
    where: str, rows: Sequence[Sequence[str]], usual: Sequence[str] | None
) -> int:
    """The one column whose cells are bundles, the first row aside since it may be of names."""
    body = rows[1:] if len(rows) > 2 else rows
    shares = [_share(body, place) for place, _ in enumerate(rows[0])]
    bundles = [place for place, share in enumerate(shares) if share >= MOST]
    if len(bundles) == 1 and all(share >= MOST or share <= FEW for share in shares):
        return bundles[0]
    if usual is not None and len(usual) == len(shares) and usual.index(FEATURES) in bundles:
        return usual.index(FEATURES)
    found = ", ".join(f"{share:.0%}" for share in shares)
    raise _refused(
        f"{where}: expected one column of feature bundles (V;PST;3;SG), found bundles in {found}"
        f" of the cells of {len(shares)} columns, as in {_shown(rows)}"
    )


def _is_apart(rows: Sequence[Sequence[str]], place: int) -> bool:
    """Whether the first row's cell of features is a word and no bundle, where all others are."""
    rest, first = rows[1:], rows[0][place]
    is_word = any(map(str.isalpha, first)) and not is_bundle(first)
    return len(rest) > 1 and is_word and _share(rest, place) == 1


def _of_words(rows: Sequence[Sequence[str]], place: int) -> list[int]:
    """The columns that can have lemmas and forms: neither empty nor segmentations."""
    every = [at for at, _ in enumerate(rows[0]) if at != place and any(row[at] for row in rows)]
    cut = [at for at in every if sum("|" in row[at] for row in rows) >= len(rows) / 2]
    return [at for at in every if at not in cut] if len(every) == 3 and len(cut) == 1 else every


def _without_forms(
    width: int, lemma: int, place: int, usual: Sequence[str] | None
) -> tuple[str, ...]:
    """The order of a file that has no form, or whose forms are all empty: a system's answers."""
    order = _order(width, {lemma: LEMMA, place: FEATURES})
    same = usual is not None and [name for name in usual if name != FORM] == _without_other(order)
    return tuple(usual) if usual is not None and same and len(usual) == width else order


def _order(width: int, roles: dict[int, str]) -> tuple[str, ...]:
    return tuple(roles.get(place, OTHER) for place in range(width))


def _share(rows: Sequence[Sequence[str]], place: int) -> float:
    return sum(is_bundle(row[place]) for row in rows) / len(rows)


def _too_many(
    where: str, rows: Sequence[Sequence[str]], place: int, others: Sequence[int]
) -> InputError:
    found = ", ".join(map(_nth, others)) or "none"
    return _refused(
        f"{where}: expected a lemma and a form beside the features (the {_nth(place)} column),"
        f" found other columns: {found}, as in {_shown(rows)}"
    )


def _too_thin(where: str, rows: Sequence[Sequence[str]], place: int, why: str) -> InputError:
    return _refused(
        f"{where}: expected an order of columns that can be told, found the features in the"
        f" {_nth(place)}, and too little to tell lemma from form in {len(rows)} rows ({why}), as"
        f" in {_shown(rows)}"
    )


def _refused(message: str) -> InputError:
    return InputError(
        f"{message}; begin the file with a line of names, such as lemma<TAB>form<TAB>features",
        option="--columns",
        advice="give the order, such as --columns lemma,form,features",
    )


def _shown(rows: Sequence[Sequence[str]]) -> str:
    return ", ".join(excerpt("\t".join(row)) for row in rows[:2])


def _nth(place: int) -> str:
    return PLACES[place] if place < len(PLACES) else f"{place + 1}th"
