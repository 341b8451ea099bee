"""A table with a header: the form that anybody can write, and that `write_lexicon` writes.

    en<TAB>sw<TAB>pos<TAB>sense<TAB>origin
    look after<TAB>tunza<TAB>VERB<TAB>1<TAB>my list

The first two columns are named by the languages (a code or a name) or by their roles (source and
target, headword and translation). `pos`, `sense` and `origin` may follow in any order, and their
cells may be empty. Other columns (a score, a count) are not read, which is logged.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from data.errors import InputError
from data.lexicons.entries import Entry
from data.lexicons.formats.reading import Reading, Sample, language_or_none
from data.tsv import excerpt, read_header, read_tsv

ROLES = ({"source", "headword", "word"}, {"target", "translation", "equivalent"})
OPTIONAL = ("pos", "sense", "origin")
BAD_SENSE = "sense that is not a number from 1"

_LOG = logging.getLogger(__name__)


def recognises(sample: Sample) -> bool:
    """Whether the first line names two roles or two different languages."""
    return bool(sample.lines) and names_columns(sample.lines[0].split("\t"))


def names_columns(cells: Sequence[str]) -> bool:
    """Whether these cells can head the two columns of a lexicon.

    A line such as `French<TAB>français` names one language twice and is an entry.

    >>> names_columns(["english", "swahili", "pos"]), names_columns(["French", "français"])
    (True, False)
    """
    if len(cells) < 2:
        return False
    if all(cell.strip().lower() in roles for cell, roles in zip(cells, ROLES, strict=False)):
        return True
    left, right = (language_or_none(cell) for cell in cells[:2])
    return bool(left and right and not left.same_language(right))


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
    if not names_columns(columns):
        raise InputError(
            f"{path}:1: expected a header that names two languages (en, sw) or source and target,"
            f" found {excerpt(chr(9).join(columns))}; name the columns, or read it as pairs"
        )
    reading.expect(f"{path}:1", columns[0], columns[1])
    others = [name for name in columns[2:] if name not in OPTIONAL]
    if others:
        _LOG.warning("%s:1: columns that are not read: %s", path, ", ".join(others))


def _entry(
    where: str, row: Sequence[str], cells: Mapping[str, str], reading: Reading
) -> Entry | None:
    sense = cells.get("sense", "").strip()
    if sense and not (sense.isascii() and sense.isdecimal() and int(sense)):
        what = f"expected a sense as a number from 1, found {excerpt(sense)}"
        reading.reject((BAD_SENSE, what), where)
        return None
    pos = cells.get("pos", "").strip() or None
    entry = reading.entry(where, row[0], row[1], pos, int(sense) if sense else None)
    origin = cells.get("origin", "").strip()
    if entry is None or not origin:
        return entry
    return Entry(entry.source, entry.target, entry.pos, entry.sense, origin=origin)
