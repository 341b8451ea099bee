"""Texts with one label each: topics (SIB-200), sentiment (AfriSenti), intents (CLINC150).

    for text in read_labelled(dataset("sib200"), path):
        text.label, text.text

SIB-200 and AfriSenti are tables whose header names the columns; quotes are characters there, and
tweets may be anything, so an empty one is kept. CLINC150 is one JSON file of all splits, an object
of lists of [text, intent].
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from data.bounded import parse_json, read_json
from data.catalog import Dataset
from data.errors import InputError
from data.lines import read_lines
from data.tsv import read_header, read_tsv

LABELLED = ("topics", "sentiment", "intents")  # the catalog's kinds
TEXT_COLUMNS = ("text", "tweet")
LABEL_COLUMNS = ("category", "label")


@dataclass(frozen=True, slots=True)
class LabelledText:
    """A text, its label, and its split where the file holds several (empty otherwise)."""

    text: str
    label: str
    split: str = ""


def read_labelled(entry: Dataset, path: Path) -> Iterator[LabelledText]:
    """Yield the texts of one file of a data set.

    Raises:
        InputError: the data set is no labelled text, or the file has another form.
    """
    if entry.kind not in LABELLED:
        raise InputError(f"{entry.name} is a {entry.kind}, not labelled text")
    yield from READERS[entry.reader](path)


def _read_table(path: Path) -> Iterator[LabelledText]:
    columns = read_header(path)
    text = next((columns.index(name) for name in TEXT_COLUMNS if name in columns), None)
    label = next((columns.index(name) for name in LABEL_COLUMNS if name in columns), None)
    if text is None or label is None:
        raise InputError(
            f"{path}:1: expected a column {' or '.join(TEXT_COLUMNS)} and a column "
            f"{' or '.join(LABEL_COLUMNS)}, found {', '.join(columns)}"
        )
    repairs: Counter[str] = Counter()
    for row in read_tsv(
        path,
        columns,
        header=True,
        empty=(columns[text],),
        repairs=repairs,
        keep_replacement=True,
    ):
        yield LabelledText(row.cells[text], row.cells[label])


def _read_splits(path: Path) -> Iterator[LabelledText]:
    for split, pairs in read_json(path, {str: [[str]]}).items():
        for pair in pairs:
            if len(pair) != 2:
                raise InputError(f"{path}: expected [text, intent] in {split}, found {pair!r}")
            yield LabelledText(pair[0], pair[1], split)


def _read_jsonl(path: Path) -> Iterator[LabelledText]:
    for number, line in read_lines(path):
        if line.strip():
            found = parse_json(line, f"{path}:{number}", {"text": str, "label": str})
            yield LabelledText(found["text"], found["label"])


# By the catalog's reader. A row added here is a reader for data sets of the kinds LABELLED.
READERS: dict[str, Callable[[Path], Iterator[LabelledText]]] = {
    "labelled": _read_table,
    "labelled-jsonl": _read_jsonl,
    "clinc150": _read_splits,
}
