"""Two columns without a header, `english<TAB>target`: the form of GATITOS, and of many others.

    look<TAB>tazama
    look<TAB>angalia

A headword on several lines has several translations, the first listed first. A third column, where
a caller says that there is one, holds Universal POS tags and may be empty.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from data.lexicons.entries import Entry
from data.lexicons.formats.reading import Reading, Sample, most
from data.tsv import read_tsv

COLUMNS = ("source", "target")


def recognises(sample: Sample) -> bool:
    """Whether nine in ten lines have one tab; what is a table with a header is told first."""
    return most(line.count("\t") == 1 for line in sample.lines)


def entries(path: Path, reading: Reading) -> Iterator[Entry]:
    """Yield the entries of two columns.

    Raises:
        InputError: `en_arn.tsv:3235: expected 2 columns (source, target), found 1 (...)`.
    """
    return rows(path, reading, COLUMNS, header=False)


def rows(path: Path, reading: Reading, columns: Sequence[str], *, header: bool) -> Iterator[Entry]:
    """Yield the entries of a table: its columns are source, target, and perhaps part of speech."""
    table = read_tsv(
        path,
        columns,
        header=header,
        empty=columns[2:],
        skip_bad=reading.skip_bad,
        dropped=reading.dropped,
        repairs=reading.repairs,
    )
    for row in table:
        source, target, *rest = row.cells
        pos = rest[0].strip() if rest else None
        entry = reading.entry(f"{path}:{row.line}", source, target, pos or None)
        if entry:
            yield entry
