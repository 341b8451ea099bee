"""What is new in the atlas since an earlier build: languages, figures, resources.

Two builds are compared by their `index.csv`, which holds the whole inventory, a row a language:
columns that both have, cell by cell.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from app import texts
from app.atlas.page import Page, Section, paragraph, table
from app.texts import escape, quantity
from data.errors import InputError

TABLE = "index.csv"
KEY, NAME = "glottocode", "name"
LONGEST = 160  # characters of a value that is shown
Rows = Mapping[str, Mapping[str, str]]


def read(path: Path) -> Rows:
    """The rows of a build by glottocode.

    Args:
        path: the folder of an atlas, or its index.csv.

    Raises:
        InputError: there is no such table, or it is another one.
    """
    file = path / TABLE if path.is_dir() else path
    try:
        text = file.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"--previous {path}: expected the folder of an earlier atlas or its {TABLE} ({error})"
        ) from error
    return rows_of(text, str(file))


def rows_of(text: str, where: str) -> Rows:
    """The rows of a table by glottocode.

    Raises:
        InputError: it has no glottocodes and names.
    """
    try:
        reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
        if not {KEY, NAME} <= set(reader.fieldnames or ()):
            raise InputError(f"{where}:1: expected columns {KEY} and {NAME}, as {TABLE} has them")
        return {row[KEY]: {k: v or "" for k, v in row.items() if k} for row in reader}
    except csv.Error as error:
        raise InputError(f"{where}: expected {TABLE} of an atlas, found {error}") from error


def page(before: Rows | None, after: Rows, there: Mapping[str, str]) -> Page:
    """The page of changes.

    Args:
        before: None where no earlier build is compared with.
        there: the addresses of languages' pages.
    """
    title = "Changes since an earlier build"
    if before is None:
        told = "This build was compared with no earlier one: --previous FOLDER names one."
        return Page("changes", title, [paragraph(escape(told))], about=told)
    added = [after[code] for code in sorted(after.keys() - before.keys())]
    removed = [before[code] for code in sorted(before.keys() - after.keys())]
    changed = list(_changed(before, after, there))
    counts = (
        f"{quantity(len(added), 'language')} added, {number_of(removed)} removed, "
        f"{quantity(len(changed), 'figure')} changed."
    )
    sections = [
        _names("Added", added, there),
        _names("Removed", removed, {}),
        table("changes", ("", "what", "before", "now"), changed, "Changed"),
    ]
    kept = [section for section in sections if section.rows]
    return Page("changes", title, kept, lead=f"<p>{counts}</p>", about=counts)


def number_of(rows: Sequence[object]) -> str:
    """How many there are."""
    return texts.number(len(rows))


def _names(heading: str, rows: Sequence[Mapping[str, str]], there: Mapping[str, str]) -> Section:
    items = [f"<li>{_link(row, there)} {escape(row[KEY])}" for row in rows]
    return Section(heading, items, "<ul>", "</ul>")


def _link(row: Mapping[str, str], there: Mapping[str, str]) -> str:
    name = texts.named(row[NAME])
    address = there.get(row[KEY], "")
    return f'<a href="{escape(address)}">{name}</a>' if address else name


def _changed(before: Rows, after: Rows, there: Mapping[str, str]) -> Iterator[list[str]]:
    """A row for each cell that is another one now: its source alone is no change."""
    for code in sorted(after.keys() & before.keys()):
        old, new = before[code], after[code]
        for column in new:
            if column.endswith("_source") or column not in old or old[column] == new[column]:
                continue
            yield [
                _link(new, there),
                escape(column.replace("_", " ")),
                _cell(old[column]),
                _cell(new[column]),
            ]


def _cell(value: str) -> str:
    if not value:
        return texts.UNKNOWN
    cut = value if len(value) <= LONGEST else value[: LONGEST - 1] + "…"
    return escape(cut)
