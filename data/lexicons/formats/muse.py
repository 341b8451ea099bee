"""MUSE's dictionaries: two words a line with one space, or one tab, between them.

    dog mbwa
    dog jibwa

The form of https://github.com/facebookresearch/MUSE: lower case, one word on each side, one line a
translation, no header. Files of one collection use the space, others the tab; some mix them.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from data.faults import excerpt
from data.lexicons.entries import Entry
from data.lexicons.formats.reading import Reading, Sample, most
from data.tsv import WRONG_COLUMNS


def recognises(sample: Sample) -> bool:
    """Whether nine in ten lines are two words, and not as many have a tab: those are pairs."""
    twos = most(len(line.split()) == 2 for line in sample.lines)
    return twos and not most(line.count("\t") == 1 for line in sample.lines)


def entries(path: Path, reading: Reading) -> Iterator[Entry]:
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
