r"""Blocks of lines with a blank line between: what CoNLL's formats, old and new, have in common.

    for block in read_blocks(Path("ner.conll"), ("token", "tag"), separator=" "):
        tokens = [row.cells[0] for row in block.rows]

One token a line, its columns in order; a sentence ends at a blank line. `data.tagged` and
`data.utterances` read their formats through this. A sentence with a bad line is an error, or is
left out whole: without one of its tokens it would be another sentence.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from data.lines import BadLineError, counted, excerpt, reject, tried_lines
from data.tsv import EMPTY_CELL, WRONG_COLUMNS, Row

NO_TOKENS = "sentence without tokens"
Line = tuple[int, str | BadLineError]
DOCUMENT_MARK = "-DOCSTART-"  # CoNLL-2003 puts it between documents, as a sentence of its own


@dataclass(frozen=True, slots=True)
class Block:
    """A sentence as it stands in a file.

    number: its place among the sentences of the file, from 1; those left out count too.
    comments: the lines above the first token that begin with #, without it.
    """

    number: int
    line: int
    comments: tuple[str, ...]
    rows: tuple[Row, ...]


def read_blocks(
    path: Path,
    columns: Sequence[str],
    *,
    separator: str | None = "\t",
    comments: bool = False,
    empty: Collection[str] = (),
    skip_bad: bool = False,
    dropped: Counter[str] | None = None,
    repairs: Counter[str] | None = None,
    keep_replacement: bool = False,
) -> Iterator[Block]:
    """Yield the sentences of a file in which every token line has exactly these columns.

    Args:
        separator: between columns; None: any run of spaces and tabs.
        comments: lines that begin with # above a sentence's first token are comments. Where
            they are not told to be, `# SYM` is the token #.
        empty: names of the columns whose cells may be empty.
        skip_bad: leave out sentences with a bad line and count them in `dropped` by reason.
        repairs, keep_replacement: see `data.tsv.read_lines`.

    Raises:
        InputError: `ner.txt:7: expected 2 columns (token, tag), found 1 ("Nyeri"); ...`
    """
    with counted(dropped, path, "dropped") as tally:
        lines = tried_lines(path, repairs=repairs, keep_replacement=keep_replacement)
        for number, tried in enumerate(_sentences(lines), 1):
            unreadable = next((text for _, text in tried if isinstance(text, BadLineError)), None)
            if unreadable:
                if not skip_bad:
                    raise unreadable
                tally[unreadable.reason] += 1
                continue
            sentence = [(line, str(text)) for line, text in tried]
            head, body = _split(sentence, comments=comments)
            rows = tuple(Row(line, _cells(text, separator)) for line, text in body)
            fault = _fault(sentence, rows, columns, empty)
            if fault is None:
                yield Block(number, sentence[0][0], head, rows)
            else:
                line, problem = fault
                reject(problem, f"{path}:{line}", skip_bad=skip_bad, dropped=tally)


def _sentences(lines: Iterator[Line]) -> Iterator[list[Line]]:
    """The runs of lines that are not blank, without marks between documents."""
    for has_text, run in groupby(lines, key=lambda line: bool(str(line[1]).strip(" \t"))):
        sentence = list(run)
        if has_text and str(sentence[0][1]).startswith(DOCUMENT_MARK):
            del sentence[0]  # some files have no blank line behind it
        if has_text and sentence:
            yield sentence


def _split(
    sentence: list[tuple[int, str]], *, comments: bool
) -> tuple[tuple[str, ...], list[tuple[int, str]]]:
    first = 0
    while comments and first < len(sentence) and sentence[first][1].startswith("#"):
        first += 1
    return tuple(text[1:].strip() for _, text in sentence[:first]), sentence[first:]


def _cells(text: str, separator: str | None) -> tuple[str, ...]:
    if separator is None:
        return tuple(re.split("[ \t]+", text.strip(" \t")))
    return tuple(text.split(separator))


def _fault(
    sentence: list[tuple[int, str]],
    rows: Sequence[Row],
    columns: Sequence[str],
    empty: Collection[str],
) -> tuple[int, tuple[str, str]] | None:
    """Where a sentence is bad first, under which reason, and what is wrong."""
    if not rows:
        return sentence[0][0], (NO_TOKENS, "expected tokens below the comments, found none")
    for row, (_, text) in zip(rows, sentence[-len(rows) :], strict=True):
        if len(row.cells) != len(columns):
            expected = f"{len(columns)} columns ({', '.join(columns)})"
            message = f"expected {expected}, found {len(row.cells)} ({excerpt(text)})"
            return row.line, (WRONG_COLUMNS, message)
        for name, cell in zip(columns, row.cells, strict=True):
            if not cell.strip(" \t") and name not in empty:
                return row.line, (EMPTY_CELL, f"expected text in column {name}, found none")
    return None
