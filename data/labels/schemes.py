r"""Which scheme labels follow, told from evidence; what marks the ends of names becomes BIO.

>>> told = tell([Labels((1, 2, 3), ("B-PER", "E-PER", "O")), Labels((5,), ("S-LOC",))], "ner.txt")
>>> told.scheme, told.evidence
('bioes', '2 of 2 names end in E- or S-')
>>> to_bio(("B-PER", "E-PER", "O"), told.scheme).tags
('B-PER', 'I-PER', 'O')

pos     a part of speech a token
bio     B- begins a name, I- goes on (IOB2; Tjong Kim Sang and De Meulder 2003)
iob1    I- begins a name too; B- only right behind a name of the same kind (Ramshaw and Marcus 1995)
bioes   BIO, and E- ends a name of several tokens, S- is one of a single token (IOBES)
bmes    the same with M- for I-
bilou   the same with L- for E- and U- for S- (Ratinov and Roth 2009)

A name begins and ends where conlleval, the shared tasks' scorer, says so. One bad line is a bad
line and never another scheme: nine in ten tags have to agree.

A user's file of two columns, `token TAG`, is read, its scheme told, and names made BIO:

    found = read_labelled(Path("ner.txt"))
    found.told.scheme, found.sentences[0].tags
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from data.errors import InputError
from data.labels.bio import OUTSIDE, REPAIRED
from data.labels.conll import Block, read_blocks
from data.lexicon.reading import UNIVERSAL_POS
from data.lines import by_reason, counted, excerpt, reject
from data.tagged import TaggedSentence, sentence_of

POS, BIO, IOB1 = "pos", "bio", "iob1"
# What the letters before the hyphen mean, as in BIOES, by scheme.
LETTERS = {
    BIO: {"B": "B", "I": "I"},
    IOB1: {"B": "B", "I": "I"},
    "bioes": {"B": "B", "I": "I", "E": "E", "S": "S"},
    "bmes": {"B": "B", "M": "I", "E": "E", "S": "S"},
    "bilou": {"B": "B", "I": "I", "L": "E", "U": "S"},
}
SCHEMES = (POS, *LETTERS)
BAD_TAG = "tag that the scheme does not have"
MOST = 0.9  # of the tags, or of the names, have to agree

_PREFIXES = frozenset(letter for letters in LETTERS.values() for letter in letters)
_END_MARKS = frozenset("ESLU")
# Names in other spellings, `b-per`, `B_PER`, `PER-B`, `(PERSON*` of CoNLL-2012; what stands outside
# them there; and the numbers for which a list of names is kept elsewhere (Hugging Face's datasets).
_OTHER_NAMES = re.compile(
    r"[bieslum][-_:].+|[^-_:]+[-_:][bieslum]|\(\S*\*?\)?|\*?\)", re.IGNORECASE
)
_MARKS = frozenset("-_:")
_OTHER_OUTSIDE = frozenset(("o", "0", "*", "-", "_"))

COLUMNS = ("token", "tag")


class Labels(NamedTuple):
    """The tags of a sentence and, for messages, the line of each."""

    lines: Sequence[int]
    tags: Sequence[str]


class Told(NamedTuple):
    """A scheme, what tells it, and whether parts of speech are the universal ones."""

    scheme: str
    evidence: str
    universal: bool = False

    @property
    def task(self) -> str:
        """`pos`, or `bio` for every scheme of names: what it is once it is read."""
        return POS if self.scheme == POS else BIO

    def sentence(self, name: str) -> str:
        """One line for the user."""
        made = "" if self.scheme in (POS, BIO) else ", made BIO"
        return f"{name}: labels read as {self.scheme}: {self.evidence}{made}"


class Converted(NamedTuple):
    """BIO tags; how many continued nothing and were made B-; how many are written otherwise."""

    tags: tuple[str, ...]
    repaired: int
    converted: int


def tell(sentences: Iterable[Labels], name: str, *, any_tagset: bool = False) -> Told:
    """The scheme of labelled sentences, by what most of their tags are.

    Args:
        any_tagset: parts of speech may be others than the universal ones.

    Raises:
        InputError: nine in ten do not agree; the message has the line of a tag that does not fit.
    """
    counts = _LabelCounts()
    for one in sentences:
        counts.add(one)
    names = counts.outside + counts.prefixed
    begun = counts.outside or counts.letters["B"] or counts.letters["I"]
    if not begun and counts.prefixed < MOST * counts.total:
        names = 0  # parts of speech such as S-NOM, of a tagset that nobody here knows
    if counts.universal >= MOST * counts.total:
        of = f"{counts.universal:,} of {counts.total:,} tags are Universal POS"
        return Told(POS, of, universal=True)
    if names >= MOST * counts.total and (counts.prefixed or counts.outside == counts.total):
        return _of_names(counts, name)
    if any_tagset and not names:
        _refuse_other_spellings(counts, name)
        return Told(POS, f"none of {counts.total:,} tags is O or begins with B- or I-")
    expected = "Universal POS tags, or O, B-LABEL and I-LABEL"
    fitting = "universal" if counts.universal >= names else "names"
    raise _thin(name, expected, counts.first["other" if fitting == "names" else "not universal"])


def _refuse_other_spellings(counts: _LabelCounts, name: str) -> None:
    """Labels that no scheme here has and that are no parts of speech either.

    >>> tell([Labels((1, 2), ("b-per", "o"))], "ner.txt", any_tagset=True)
    Traceback (most recent call last):
    data.errors.InputError: ner.txt:1: expected names as O, B-LABEL and I-LABEL, found them in\
 another spelling, b-per; write the tags like this
    """
    spelt = sum(n for tag, n in counts.tags.items() if _OTHER_NAMES.fullmatch(tag))
    outside = sum(n for tag, n in counts.tags.items() if tag in _OTHER_OUTSIDE)
    numbers = sum(n for tag, n in counts.tags.items() if tag.isdecimal())
    begun = any(map(_begins_elsewhere, counts.tags))
    names = begun and outside and spelt + outside >= MOST * counts.total
    line, tag = counts.first["not universal"]
    if names:
        raise InputError(
            f"{name}:{line}: expected names as O, B-LABEL and I-LABEL, found them in another"
            f" spelling, {excerpt(tag)[1:-1]}; write the tags like this"
        )
    if numbers >= MOST * counts.total:
        raise _thin(name, "Universal POS tags, or O, B-LABEL and I-LABEL", (line, tag))


def _begins_elsewhere(tag: str) -> bool:
    """Whether a tag begins a name in another spelling: `b-per`, `PER-B`, `(PERSON*`."""
    first, last = tag[:1].casefold(), tag[-1:].casefold()
    prefixed = first in ("b", "i") and tag[1:2] in _MARKS and len(tag) > 2
    suffixed = last in ("b", "i") and tag[-2:-1] in _MARKS and len(tag) > 2
    return tag.startswith("(") or prefixed or (suffixed and not _MARKS & {*tag[:-2]})


def fault(tags: Sequence[str], scheme: str, *, universal: bool = False) -> tuple[int, str] | None:
    """Where a tag stands (from 0) that the scheme does not have, and what is wrong with it.

    >>> fault(["O", "S-LOC"], "bio")
    (1, 'expected O, B-LABEL or I-LABEL, found S-LOC')
    """
    fits, expected = _what_fits(scheme, universal=universal)
    for place, tag in enumerate(tags):
        if not fits(tag):
            return place, f"expected {expected}, found {excerpt(tag)[1:-1] or 'nothing'}"
    return None


def to_bio(tags: Sequence[str], scheme: str) -> Converted:
    """The tags of a scheme of names as valid BIO tags.

    >>> to_bio(("I-PER", "I-PER", "B-PER", "O", "I-LOC"), "iob1").tags
    ('B-PER', 'I-PER', 'B-PER', 'O', 'B-LOC')
    >>> to_bio(("B-PER", "L-PER", "U-PER"), "bilou").tags
    ('B-PER', 'I-PER', 'B-PER')

    Raises:
        InputError: a tag that the scheme does not have (see `fault`).
    """
    wrong = fault(tags, scheme)
    if wrong:
        raise InputError(f"token {wrong[0] + 1}: {wrong[1]}; correct the tag")
    made, repaired, before, ended = list[str](), 0, "", True
    for tag in tags:
        role, label = ("", "") if tag == OUTSIDE else (LETTERS[scheme][tag[0]], tag[2:])
        begins = role in ("B", "S") or ended or label != before
        made.append(f"{'B' if begins else 'I'}-{label}" if label else OUTSIDE)
        repaired += scheme != IOB1 and begins and role in ("I", "E")
        before, ended = label, role in ("E", "S", "")
    changed = sum(new != old for new, old in zip(made, tags, strict=True))
    return Converted(tuple(made), repaired, changed - (repaired if scheme == BIO else 0))


def as_told(asked: str, sentences: Iterable[Labels], name: str) -> Told:
    """What a user says of the labels, unless they plainly are something else.

    Raises:
        InputError: parts of speech are asked for, and nine in ten tags are those of names.
    """
    if asked == POS:
        counts = _LabelCounts()
        for one in sentences:
            counts.add(one)
        if counts.prefixed and counts.outside + counts.prefixed >= MOST * counts.total:
            line, tag = counts.first["prefixed"]
            raise InputError(
                f"{name}:{line}: expected a part of speech, as --scheme pos says, found"
                f" {excerpt(tag)[1:-1]}; leave --scheme out"
            )
    return Told(asked, "as --scheme says")


@dataclass
class _LabelCounts:
    """What the tags of a file are, and where each kind stands first."""

    total: int = 0
    outside: int = 0
    universal: int = 0
    prefixed: int = 0
    tags: Counter[str] = field(default_factory=Counter)
    letters: Counter[str] = field(default_factory=Counter)
    ends: Counter[bool] = field(default_factory=Counter)  # of names, by whether a letter marks them
    begins: Counter[str] = field(default_factory=Counter)  # B where IOB1 has I, or I
    first: dict[str, tuple[int, str]] = field(default_factory=dict)

    def add(self, one: Labels) -> None:
        """Count a sentence."""
        following = [*one.tags[1:], OUTSIDE]
        before = OUTSIDE
        for line, tag, after in zip(one.lines, one.tags, following, strict=True):
            self.total += 1
            self.tags[tag] += 1
            if tag in UNIVERSAL_POS:
                self.universal += 1
                self.first.setdefault("other", (line, tag))
            else:
                self.first.setdefault("not universal", (line, tag))
            if tag == OUTSIDE:
                self.outside += 1
            elif _is_prefixed(tag):
                self._add_name(line, tag, before, after)
            elif tag not in UNIVERSAL_POS:
                self.first.setdefault("other", (line, tag))
            before = tag

    def _add_name(self, line: int, tag: str, before: str, after: str) -> None:
        letter, label = tag[0], tag[2:]
        self.prefixed += 1
        self.letters[letter] += 1
        self.first.setdefault("prefixed", (line, tag))
        goes_on = _is_prefixed(after) and after[2:] == label and after[0] in "IEML"
        if letter in _END_MARKS or not goes_on:
            self.ends[letter in _END_MARKS] += 1
            self.first.setdefault(f"marked {letter in _END_MARKS}", (line, tag))
        if not (_is_prefixed(before) and before[2:] == label) and letter in "BI":
            self.begins[letter] += 1


def _of_names(counts: _LabelCounts, name: str) -> Told:
    """Which of the schemes of names: by how the names end, then by how they begin."""
    marked, ends = counts.ends[True], counts.ends.total()
    if not ends:
        return Told(BIO, f"{counts.total:,} of {counts.total:,} tags are O")
    if marked >= MOST * ends:
        scheme = max(("bioes", "bmes", "bilou"), key=lambda one: _covered(one, counts.letters))
        if _covered(scheme, counts.letters) >= MOST * counts.prefixed:
            last, single = ("L", "U") if scheme == "bilou" else ("E", "S")
            return Told(scheme, f"{marked:,} of {ends:,} names end in {last}- or {single}-")
    elif marked <= (1 - MOST) * ends:
        count = counts.begins.total()
        if counts.begins["I"] >= MOST * count:
            return Told(IOB1, f"{counts.begins['I']:,} of {count:,} names begin with I-")
        return Told(BIO, f"{counts.begins['B']:,} of {count:,} names begin with B-")
    expected = "one scheme of names (BIO, IOB1, BIOES, BMES, BILOU)"
    raise _thin(name, expected, counts.first["marked True"])


def _covered(scheme: str, letters: Counter[str]) -> int:
    """How many prefixes are the scheme's."""
    return sum(letters[one] for one in LETTERS[scheme])


def _thin(name: str, expected: str, found: tuple[int, str]) -> InputError:
    line, tag = found
    return InputError(
        f"{name}:{line}: expected {expected}, nine in ten of one kind, found"
        f" {excerpt(tag)[1:-1] or 'nothing'} among others; correct the tags",
        option="--scheme",
        advice=f"say what they are: --scheme {', '.join(SCHEMES[:-1])} or {SCHEMES[-1]}",
    )


def _what_fits(scheme: str, *, universal: bool) -> tuple[Callable[[str], bool], str]:
    if scheme == POS and universal:
        return UNIVERSAL_POS.__contains__, "a Universal POS tag"
    if scheme == POS:
        return bool, "a tag"
    letters = LETTERS[scheme]
    kinds = [OUTSIDE, *(f"{letter}-LABEL" for letter in letters)]
    expected = f"{', '.join(kinds[:-1])} or {kinds[-1]}"
    return lambda tag: tag == OUTSIDE or (_is_prefixed(tag) and tag[0] in letters), expected


def _is_prefixed(tag: str) -> bool:
    return len(tag) > 2 and tag[1] == "-" and tag[0] in _PREFIXES


@dataclass(frozen=True)
class LabelledFile:
    """The sentences of a file, names as valid BIO tags, and the scheme that the file has."""

    sentences: tuple[TaggedSentence, ...]
    told: Told


def read_labelled(
    path: Path,
    *,
    scheme: str | None = None,
    skip_bad: bool = False,
    dropped: Counter[str] | None = None,
    repairs: Counter[str] | None = None,
) -> LabelledFile:
    """Read a file of `token TAG` lines with a blank line between sentences.

    Args:
        scheme: one of `data.labels.schemes.SCHEMES`; None: the labels tell.
        skip_bad: leave out sentences with a bad line or tag and count them in `dropped`.

    Raises:
        InputError: `ner.txt:3: expected O, B-LABEL or I-LABEL, found S-LOC; ...`; labels of which
            nobody can tell what they are; no sentence.
    """
    with counted(dropped, path, "dropped") as lost, counted(repairs, path, "repaired") as fixed:
        blocks = list(
            read_blocks(
                path, COLUMNS, separator=None, skip_bad=skip_bad, dropped=lost, repairs=fixed
            )
        )
        if not blocks:
            raise InputError(_nothing(path, lost))
        labels = [_labels(block) for block in blocks]
        if scheme is None:
            told = tell(labels, str(path), any_tagset=True)
            _check_columns(blocks, told, path)
        else:
            told = as_told(scheme, labels, str(path))
        sentences = tuple(_sentences(blocks, path, told, skip_bad, lost, fixed))
        if not sentences:
            raise InputError(_nothing(path, lost))
    return LabelledFile(sentences, told)


def _sentences(
    blocks: list[Block],
    path: Path,
    told: Told,
    skip_bad: bool,
    dropped: Counter[str],
    repairs: Counter[str],
) -> Iterator[TaggedSentence]:
    for block in blocks:
        sentence = sentence_of(block, "", 0, 1)
        wrong = fault(sentence.tags, told.scheme, universal=told.universal)
        if wrong:
            place, message = wrong
            where = f"{path}:{block.rows[place].line}"
            reject((BAD_TAG, message), where, skip_bad=skip_bad, dropped=dropped)
        elif told.scheme == POS:
            yield sentence
        else:
            made = to_bio(sentence.tags, told.scheme)
            repairs.update(+Counter({REPAIRED: made.repaired, _converted(told): made.converted}))
            yield replace(sentence, tags=made.tags)


def _converted(told: Told) -> str:
    return f"tag of {told.scheme.upper()}, made BIO"


def _labels(block: Block) -> Labels:
    return Labels([row.line for row in block.rows], [row.cells[1] for row in block.rows])


def _check_columns(blocks: list[Block], told: Told, path: Path) -> None:
    """Refuse tags of which nobody knows the tagset where the other column has tags that are known.

    Raises:
        InputError: `ner.txt:1: expected a token and its tag, found them the other way round ...`
    """
    if told.scheme != POS or told.universal:
        return
    first = [Labels([row.line for row in b.rows], [row.cells[0] for row in b.rows]) for b in blocks]
    try:
        other = tell(first, str(path))
    except InputError:
        return
    row = blocks[0].rows[0]
    raise InputError(
        f"{path}:{row.line}: expected a token and its tag, found them the other way round"
        f" ({excerpt(' '.join(row.cells))}; in the first column {other.evidence}); turn the"
        " columns round"
    )


def _nothing(path: Path, dropped: Counter[str]) -> str:
    reasons = by_reason(dropped)
    empty = "none in an empty file" if not path.stat().st_size else "only blank lines and marks"
    found = f"none but: {reasons}" if reasons else empty
    return f"{path}: expected labelled sentences, found {found}; give another file"
