r"""The order of the columns of (lemma, features, form) triples: told by names, or by evidence.

    layout = find_layout("swa.tsv", rows)
    layout.columns, layout.evidence, layout.has_names

UniMorph writes lemma, form, features; the shared task of 2023 lemma, features, form; its covered
files have no form; people's own files have any order. In this order it is told

1. by a first line of names, in the spellings that are about: `Lemma Form MSD`, `# word tags
   inflected`, `source target features` (`names_of_columns`);
2. by the cells: the one column whose cells are feature bundles by the schema's tags, then which of
   the other two has the lemmas (`data.inflections.evidence`). Columns that are empty, or that hold
   segmentations (`walk|ed`), are passed over;
3. where the cells tell too little, by the order that the publisher of the file is known to use.

Otherwise it is refused: an order is never taken because it is usual. A first row whose cell of
features is no bundle where all others are is a line of names too, in whatever language.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from data.errors import InputError
from data.faults import excerpt
from data.inflections.column_names import (
    FEATURES,
    FORM,
    LEMMA,
    OTHER,
    is_bundle,
    names_of_columns,
)
from data.inflections.evidence import lemmas_first

UNIMORPH_ORDER = (LEMMA, FORM, FEATURES)
SHARED_TASK_ORDER = (LEMMA, FEATURES, FORM)
COVERED_ORDER = (LEMMA, FEATURES)
WHOLE = "forms"  # the role of a table that has no splits

SAMPLED_ROWS = 1000  # from which the order is found out
MOST, FEW = 0.9, 0.1  # shares of bundles in the column of features, and in the others
PLACES = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth")


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
    fitting = [row for row in rows if len(row) == len(order)]
    _check_features(where, order, fitting[1:] if names else fitting)
    apart = bool(fitting) and fitting[0] is rows[0] and _is_apart(fitting, order.index(FEATURES))
    return Layout(order, "as was asked", has_names=names is not None or apart)


def order_of_role(role: str) -> tuple[str, ...]:
    """The order of a published file: of a whole table (`forms`), or of a shared task's split.

    >>> order_of_role("forms"), order_of_role("covered-test")
    (('lemma', 'form', 'features'), ('lemma', 'features'))
    """
    if role.startswith("covered"):
        return COVERED_ORDER
    return UNIMORPH_ORDER if role == WHOLE else SHARED_TASK_ORDER


def order_of_option(option: str | None) -> tuple[str, ...] | None:
    """The order that an option gives, `lemma,form,features`; None of no option.

    Raises:
        InputError: not lemma, features, perhaps form, each once.
    """
    return None if option is None else _checked(option.split(","))


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
    fitting = [row for row in rows if len(row) == len(order)]
    place = order.index(FEATURES)
    if not fitting or _share(fitting, place) > FEW:
        return
    better = [at for at, _ in enumerate(order) if _share(fitting, at) >= MOST]
    if better:
        raise InputError(
            f"{where}: expected feature bundles in the {_nth(place)} column ({', '.join(order)}),"
            f" found them in the {_nth(better[0])}, as in {excerpt(chr(9).join(fitting[0]))};"
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
