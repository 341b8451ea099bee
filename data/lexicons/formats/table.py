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

from data.bounded import parse_integer
from data.errors import InputError
from data.faults import excerpt
from data.lexicons.entries import Entry
from data.lexicons.formats.header import (
    OPTION,
    OPTIONAL,
    are_roles,
    names_columns,
    plain_name,
    thin,
    verdict,
)
from data.lexicons.formats.reading import Reading, Sample, TurnedRoundError
from data.tsv import read_header, read_tsv

BAD_SENSE = "sense that is not a number from 1"

_LOG = logging.getLogger(__name__)


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
