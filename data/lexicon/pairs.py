"""Two columns without a header: GATITOS and many others; MUSE's two words a line.

    look<TAB>tazama
    look<TAB>angalia

A headword on several lines has several translations, the first listed first. A third column, where
a caller says that there is one, holds Universal POS tags and may be empty.

MUSE's dictionaries (https://github.com/facebookresearch/MUSE) are pairs as well, two words a line
with one space, or one tab, between them; files of one collection use the space, others the tab;
some mix them. They are lower case, one word on each side, without a header:

    dog mbwa
    dog jibwa
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from data.lexicon.reading import Entry, Reading, Sample, most
from data.lines import excerpt
from data.tsv import WRONG_COLUMNS, read_tsv

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


def recognises_muse(sample: Sample) -> bool:
    """Whether nine in ten lines are two words, and not as many have a tab: those are pairs."""
    twos = most(len(line.split()) == 2 for line in sample.lines)
    return twos and not most(line.count("\t") == 1 for line in sample.lines)


def muse_entries(path: Path, reading: Reading) -> Iterator[Entry]:
    """Yield the entries.

    Raises:
        InputError: `en-sw.txt:7: expected two words with a space between them, found "look after
            tunza"; ...`; phrases have no place in this form.
    """
    for number, line in reading.lines(path):
        words = line.split()
        where = f"{path}:{number}"
        if len(words) == 2:
            entry = reading.entry(where, words[0], words[1])
            if entry:
                yield entry
        else:
            what = f"expected two words with a space between them, found {excerpt(line)}"
            reading.reject((WRONG_COLUMNS, what), where)
