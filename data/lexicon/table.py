"""A table with a header: the form that anybody can write, and that `write_lexicon` writes.

    en<TAB>sw<TAB>pos<TAB>sense<TAB>origin
    look after<TAB>tunza<TAB>VERB<TAB>1<TAB>my list

The first two columns are named by the languages (a code or a name) or by their roles (source and
target, headword and translation). `pos`, `sense` and `origin` may follow in any order, and their
cells may be empty. Other columns (a score, a count) are not read, which is logged.

Whether the first line heads the columns, or is the first entry, is told from evidence (`verdict`):

    en<TAB>sw           a header: the two languages that were asked for
    source<TAB>target   a header: the roles of the columns
    no<TAB>la           Norwegian and Latin? In a list of English words an entry

Two letters are soon a language's code (`no`, `is`, `am`, `so`, `to`, `he`), and many short words
are some language's name. So where the first line names two languages, the file and the languages
that were asked for have to say which it is; where they do not, the user has to.
"""

from __future__ import annotations

import functools
import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from data.bounded import parse_integer
from data.errors import InputError
from data.languages import Language
from data.lexicon.reading import Entry, Reading, Sample, TurnedRoundError, language_or_none
from data.lines import excerpt
from data.spelling import fold
from data.tsv import read_header, read_tsv
from data.words import word_spans

ROLES = (
    {"source", "src", "headword", "word", "lemma", "lexeme", "term", "entry", "expression"},
    {
        "target",
        "tgt",
        "translation",
        "translations",
        "equivalent",
        "gloss",
        "meaning",
        "definition",
    },
)
# What may follow a language or a role: `English word`, `source_term`.
_WHAT = re.compile(r"(.+?)[ _-](?:words?|terms?|headwords?|text|lemmas?|translation|language)")
OPTIONAL = ("pos", "sense", "origin")
# Of the other lines. Of the words of two letters 198 of 676 are codes, of three nearly half.
ALIKE = 0.1
OPTION = "--lexicon-header"

_ENGLISH = Path(__file__).parents[1] / "sample" / "english.txt"

BAD_SENSE = "sense that is not a number from 1"

_LOG = logging.getLogger(__name__)


class Verdict(NamedTuple):
    """Whether the first line is a header, what tells it, and whether it needs to be said.

    `is_header` is None where the evidence is thin.
    """

    is_header: bool | None
    evidence: str
    plain: bool = True


def verdict(sample: Sample) -> Verdict:
    r"""What the first line of a file is.

    >>> lines = ["no\tla", "no one\tpèsonn", "dog\tchen"]
    >>> verdict(Sample(Path("x.tsv"), lines, ("en", "ht")))[:2]
    (False, 'its words occur in other lines too')
    """
    cells = (
        [cell.strip().strip('"') for cell in sample.lines[0].split("\t")] if sample.lines else []
    )
    if sample.header is not None and len(cells) > 1:
        return Verdict(sample.header, f"as {OPTION} says")
    if len(cells) < 2 or not names_columns(cells):
        return Verdict(False, "it names no two columns")
    cells[:2] = map(plain_name, cells[:2])
    if are_roles(cells):
        return Verdict(True, "it names the roles of the columns")
    if any(cell.lower() in OPTIONAL for cell in cells[2:]) or _heads_numbers(sample.lines):
        return Verdict(True, "it names further columns")
    asked = [language_or_none(code) for code in sample.languages]
    named = [_matches(cells[:2], pair) for pair in (asked, asked[::-1])]
    if 2 in named:
        return Verdict(True, "it names the two languages")
    again = _occurs_again(cells, sample)
    if named[0] and not again:
        return Verdict(True, "it names one of the two languages", plain=False)
    if not named[0]:
        why = "its words occur in other lines too" if again else _why_an_entry(cells, sample)
        if why:
            return Verdict(False, why, plain=False)
        if any(named):
            return Verdict(True, "it names one of the two languages", plain=False)
        if not any(asked):
            return Verdict(True, "it names two languages")
    return Verdict(None, "two languages, of which not both were asked for", plain=False)


def thin(path: Path, line: str) -> InputError:
    """What is raised where the evidence does not tell."""
    return InputError(
        f"{path}:1: expected a header of the two languages, or an entry, found {excerpt(line)},"
        " which may be either; write source and target on a line of their own above it",
        option=OPTION,
        advice=f"say which: {OPTION} yes or {OPTION} no",
    )


def plain_name(cell: str) -> str:
    """The language or the role in a column's name.

    >>> [plain_name(name) for name in ("# English", "Swahili word:", "source_word", "en", "word")]
    ['English', 'Swahili', 'source', 'en', 'word']
    """
    name = cell.strip(" #:\"'")
    longer = _WHAT.fullmatch(name.lower())
    return name[: longer.end(1)] if longer else name


def names_columns(cells: Sequence[str]) -> bool:
    """Whether these cells can head the two columns of a lexicon.

    A line such as `French<TAB>français` names one language twice and is an entry.

    >>> names_columns(["english", "swahili", "pos"]), names_columns(["French", "français"])
    (True, False)
    """
    if len(cells) < 2:
        return False
    if are_roles(cells):
        return True
    left, right = (language_or_none(plain_name(cell)) for cell in cells[:2])
    return bool(left and right and not left.same_language(right))


def are_roles(cells: Sequence[str]) -> bool:
    """Whether two columns are named by what they hold: source and target, headword and gloss."""
    names = (plain_name(cell).lower() for cell in cells)
    return all(name in roles for name, roles in zip(names, ROLES, strict=False))


def _matches(cells: Sequence[str], asked: Sequence[Language | None]) -> int:
    """How many of two cells name the language that is expected there."""
    named = zip(map(language_or_none, cells), asked, strict=True)
    return sum(bool(cell and other and cell.closest([other.bcp47])) for cell, other in named)


def _heads_numbers(lines: Sequence[str]) -> bool:
    """Whether a third column holds numbers, such as scores, below a first cell that is none."""
    thirds = [line.split("\t")[2:3] for line in lines]
    numbers = [bool(third) and third[0].strip().replace(".", "", 1).isdecimal() for third in thirds]
    return bool(thirds[0]) and not numbers[0] and sum(numbers[1:]) > 0.9 * max(len(lines) - 1, 1)


def _occurs_again(cells: Sequence[str], sample: Sample) -> bool:
    """Whether one of the two cells is a word of another line, in the same column."""
    others = [line.split("\t")[:2] for line in sample.lines[1:]]
    words = [
        {word for row in others if len(row) == 2 for word in fold(row[column]).split()}
        for column in (0, 1)
    ]
    return any(fold(cell) in known for cell, known in zip(cells, words, strict=False))


def _why_an_entry(cells: Sequence[str], sample: Sample) -> str | None:
    """What else tells that the two cells are words."""
    others = [[cell.strip() for cell in line.split("\t")] for line in sample.lines[1:]]
    alike = sum(map(names_columns, others))
    if alike > 1 and alike >= ALIKE * len(others):
        return "other lines look like it"
    source = language_or_none(sample.languages[0])
    if source and source.bcp47 == "en" and fold(cells[0]) in _english_words():
        return "it begins with an English word"
    return None


@functools.cache
def _english_words() -> frozenset[str]:
    text = _ENGLISH.read_text("utf-8")
    return frozenset(fold(text[start:stop]) for start, stop in word_spans(text))


def recognises(sample: Sample) -> bool:
    """Whether the first line is a header; how it is told stands in `formats.header`.

    Raises:
        InputError: it may be a header or an entry.
    """
    found = verdict(sample)
    if found.is_header is None:
        raise thin(sample.path, sample.lines[0])
    if not found.plain:
        kind = "a header" if found.is_header else "an entry"
        where = f"{sample.path}:1: {excerpt(sample.lines[0])}"
        _LOG.warning("%s read as %s: %s (%s says otherwise)", where, kind, found.evidence, OPTION)
    return found.is_header


def entries(path: Path, reading: Reading) -> Iterator[Entry]:
    """Yield the entries.

    Raises:
        InputError: a header that is none, or names other languages; a row with another number of
            columns, an empty word, an unknown part of speech, a sense that is no number.
    """
    columns = read_header(path)
    _check_header(path, columns, reading)
    table = read_tsv(
        path,
        columns,
        header=True,
        empty=columns[2:],
        skip_bad=reading.skip_bad,
        dropped=reading.dropped,
        repairs=reading.repairs,
    )
    for row in table:
        cells = dict(zip(columns, row.cells, strict=True))
        entry = _entry(f"{path}:{row.line}", row.cells, cells, reading)
        if entry:
            yield entry


def _check_header(path: Path, columns: Sequence[str], reading: Reading) -> None:
    if len(columns) < 2 or not (reading.header or names_columns(columns)):
        raise InputError(
            f"{path}:1: expected a header that names two languages (en, sw) or source and target,"
            f" found {excerpt(chr(9).join(columns))}; name the columns, or read it as pairs"
        )
    try:
        if not are_roles(columns):  # SRC and TGT are codes of languages, too
            reading.expect(f"{path}:1", *map(plain_name, columns[:2]))
    except TurnedRoundError:
        raise
    except InputError as error:
        advice = f"say {OPTION} no if line 1 is an entry"
        raise InputError(str(error), option=OPTION, advice=advice) from error
    others = [name for name in columns[2:] if name not in OPTIONAL]
    if others:
        _LOG.warning("%s:1: columns that are not read: %s", path, ", ".join(others))


def _entry(
    where: str, row: Sequence[str], cells: Mapping[str, str], reading: Reading
) -> Entry | None:
    sense = cells.get("sense", "").strip()
    try:
        number = parse_integer(sense, where, low=1) if sense else None
    except InputError:
        what = f"expected a sense as a number from 1, found {excerpt(sense)}"
        reading.reject((BAD_SENSE, what), where)
        return None
    pos = cells.get("pos", "").strip() or None
    entry = reading.entry(where, row[0], row[1], pos, number)
    origin = cells.get("origin", "").strip()
    if entry is None or not origin:
        return entry
    return Entry(entry.source, entry.target, entry.pos, entry.sense, origin=origin)
