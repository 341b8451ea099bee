r"""Covered files and files of answers, line by line and byte by byte.

>>> rows = [("soma", "V;PST;3;SG")]
>>> answers(rows, ["alisoma"], ("lemma", "form", "features"))
b'soma\talisoma\tV;PST;3;SG\n'
>>> list(problems(b"soma\tV;PST\talisoma\n", "swa.tst", rows, ("lemma", "features", "form")))
['swa.tst:1: expected the features "V;PST;3;SG" of the covered file, found "V;PST"']
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

from data.errors import InputError
from data.inflections.columns import names_of_columns
from data.tsv import BYTE_ORDER_MARK, excerpt, open_bytes
from data.unimorph import FEATURES, FORM, LEMMA

Asked: TypeAlias = tuple[str, str]
"""Lemma and features, as they stand in the covered file: in its own spelling, space and all."""


def read_covered(path: Path, columns: Sequence[str]) -> list[Asked]:
    """The lemmas and features to answer, in order; a form that stands there is not read.

    Raises:
        InputError: not UTF-8, another number of columns, an empty or a blank line, but for blank
            ones at the end: an answer has a line for each line. A first line of names.
    """
    lemma, features = columns.index(LEMMA), columns.index(FEATURES)
    rows = []
    with open_bytes(path) as file:
        content = file.read()
    for number, line in enumerate(_lines(content), 1):
        cells = _decoded(line.removesuffix(b"\r"), f"{path}:{number}").split("\t")
        if len(cells) != len(columns) or not cells[lemma].strip() or not cells[features].strip():
            raise InputError(
                f"{path}:{number}: expected {', '.join(columns)} with tabs between, found "
                f"{excerpt(chr(9).join(cells))}; give the covered file as it was published"
            )
        if number == 1 and names_of_columns(_cleaned(cells)) is not None:
            raise InputError(
                f"{path}:1: expected lemmas and features, found names of columns"
                f" ({excerpt(chr(9).join(cells))}); take the line out, an answer has none"
            )
        rows.append((cells[lemma], cells[features]))
    if not rows:
        raise InputError(f"{path}: expected lemmas and features, found nothing; fetch it again")
    return rows


def questions(rows: Sequence[Asked]) -> list[Asked]:
    r"""The lemmas and features as every other reader has them (`data.unimorph.raw_lines`).

    Space around them is no part of a word, nor is the byte-order mark with which a file begins; a
    mark elsewhere is.

    >>> questions([("\ufeffsoma ", "V;PST"), ("\ufeffpika", "V;PST")])
    [('soma', 'V;PST'), ('\ufeffpika', 'V;PST')]
    """
    found = [(lemma.strip(), features.strip()) for lemma, features in rows]
    return [_pair(_cleaned(row)) for row in found[:1]] + found[1:]


def _pair(cells: Sequence[str]) -> Asked:
    return cells[0], cells[1]


def _cleaned(cells: Sequence[str]) -> list[str]:
    """The cells of a file's first line, without the mark that begins it, and without space."""
    return [cell.removeprefix(BYTE_ORDER_MARK).strip() for cell in cells]


def answers(rows: Sequence[Asked], forms: Sequence[str], columns: Sequence[str]) -> bytes:
    """The bytes of a file of answers."""
    pairs = zip(rows, forms, strict=True)
    cells = ({LEMMA: lemma, FEATURES: features, FORM: form} for (lemma, features), form in pairs)
    return "".join("\t".join(row[name] for name in columns) + "\n" for row in cells).encode()


def forms_of(content: bytes, columns: Sequence[str]) -> list[str]:
    """The forms of a file of answers that has no problems."""
    place = columns.index(FORM)
    return [line.decode().split("\t")[place] for line in _lines(content)]


def problems(
    content: bytes, name: str, rows: Sequence[Asked], columns: Sequence[str]
) -> Iterator[str]:
    """What is wrong with a file of answers, a line each; nothing where all is well.

    Every line must have the lemma and the features of the covered file's line, byte by byte, and a
    form. What a scorer would strip or read otherwise is a problem too: a carriage return, space
    around a form.
    """
    lines = _lines(content)
    if len(lines) != len(rows):
        yield f"{name}: expected {len(rows)} lines as in the covered file, found {len(lines)}"
    for number, (line, row) in enumerate(zip(lines, rows, strict=False), 1):
        problem = _problem(line, row, columns)
        if problem:
            yield f"{name}:{number}: {problem}"


def _problem(line: bytes, row: Asked, columns: Sequence[str]) -> str | None:
    if line.endswith(b"\r"):
        return "expected a line feed after the last column, found a carriage return before it"
    try:
        cells = line.decode().split("\t")
    except UnicodeDecodeError as error:
        return f"expected UTF-8, found byte 0x{line[error.start]:02x}"
    if len(cells) != len(columns):
        expected = f"{len(columns)} columns ({', '.join(columns)})"
        return f"expected {expected}, found {len(cells)} ({excerpt(chr(9).join(cells))})"
    found = dict(zip(columns, cells, strict=True))
    for name, asked in zip((LEMMA, FEATURES), row, strict=True):
        if found[name] != asked:
            what = "lemma" if name == LEMMA else "features"
            return (
                f"expected the {what} {excerpt(asked)} of the covered file, "
                f"found {excerpt(found[name])}"
            )
    form = found[FORM]
    if not form.strip():
        return "expected a form, found an empty cell"
    if form != form.strip():
        return f"expected no space around the form, found {excerpt(form)}"
    return None


def _lines(content: bytes) -> list[bytes]:
    """The lines; a line feed ends the last one, or the end of the file does, or blank lines do."""
    lines = content.split(b"\n")
    while lines and not lines[-1].strip():
        lines.pop()
    return lines


def _decoded(line: bytes, where: str) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        raise InputError(
            f"{where}: expected UTF-8, found byte 0x{line[error.start]:02x}; "
            "fetch the covered file again"
        ) from error
