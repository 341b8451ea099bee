"""What stands in pages of the atlas and of the app, for tests and `bench.atlas`."""

from __future__ import annotations

from collections.abc import Sequence
from html.parser import HTMLParser
from typing import Any

ACTIONS = ("who else",)  # last cells of the app's tables that only lead somewhere


class _Rows(HTMLParser):
    """The rows of all tables, each a list of its cells' texts; end tags may be missing."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self._in_cell = False

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag == "tr":
            self.rows.append([])
        self._in_cell = tag in ("td", "th") or (self._in_cell and tag not in ("tr", "tbody"))
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th", "tr", "table"):
            self._in_cell = False

    def handle_data(self, data: str) -> None:
        if self._in_cell:
            self.rows[-1][-1] += data


def rows_of(html: str) -> list[tuple[str, ...]]:
    """The rows of the tables in some HTML.

    >>> rows_of("<table><tr><th>Family<td><a href=x>Atlantic</a>-Congo<td>1</table>")
    [('Family', 'Atlantic-Congo', '1')]
    """
    parser = _Rows()
    parser.feed(html)
    parser.close()
    return [tuple(" ".join(cell.split()) for cell in row) for row in parser.rows]


def missing_rows(app: str, atlas: str, facts: Sequence[str]) -> list[tuple[str, ...]]:
    """The rows of the app's page of a language that its page in the atlas does not have.

    Args:
        facts: headings of facts: the source in their last cell is told in another form.
    """
    there = rows_of(atlas)
    known = {row[:2] if row[:1] and row[0] in facts else row for row in there}
    found = []
    for row in rows_of(app):
        told = row[:2] if row[0] in facts else row
        told = told[:-1] if told[-1] in ACTIONS else told
        if any(told) and told not in known:
            found.append(row)
    return found
