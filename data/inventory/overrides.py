"""What is right where a source is wrong: the rows of data/tables/overrides.tsv, above all sources.

    >>> [row.code for row in overrides() if row.column == "speakers"][:1]
    ['jvn']

A row is a fact: the language (any code), the column, the value, where it comes from, a link to that
page, the date of the figure, and why it stands here. Anybody who finds a wrong fact adds a row;
docs/CONTRIBUTING.md says how. Values of lists are separated by spaces; `-` says that nothing is
known, and so takes away a value that is wrong.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from data.bounded import parse_integer
from data.catalog import TABLES
from data.errors import InputError
from data.inventory.facts import Facts
from data.inventory.schema import Source
from data.language_names import read_table
from data.languages import resolve

TABLE = TABLES / "overrides.tsv"
NUMBERS = ("speakers",)
LISTS = ("countries", "scripts")
TEXTS = ("name", "endonym", "family", "genus", "macroarea", "endangerment", "macrolanguage")
COLUMNS = (*TEXTS, *LISTS, *NUMBERS)


class Override(NamedTuple):
    """A row of the table. value, link and date are empty where the row has `-`."""

    code: str
    column: str
    value: str
    source: str
    link: str
    date: str
    reason: str

    @property
    def key(self) -> str:
        """What the column `sources` calls it."""
        return f"override-{self.code}-{self.column}"

    def cell(self) -> Any:
        """The value as the inventory's table holds it."""
        if not self.value:
            return None
        if self.column in NUMBERS:
            return parse_integer(self.value, f"{TABLE}: {self.code} {self.column}", low=0)
        return tuple(self.value.split()) if self.column in LISTS else self.value

    def as_source(self) -> Source:
        """The source that the cell names."""
        return Source(
            self.key, self.source, self.date, "a fact", self.link, self.source, self.reason
        )


@functools.cache
def overrides() -> tuple[Override, ...]:
    """The rows of the table.

    Raises:
        InputError: a row names a column that cannot be overridden, or no source or reason.
    """
    rows = tuple(Override(*cells) for cells in read_table(TABLE.name, Override._fields))
    for row in rows:
        if row.column not in COLUMNS:
            raise InputError(
                f"{TABLE}: {row.code}: expected one of {', '.join(COLUMNS)}, found {row.column!r}"
            )
        if not (row.source and row.reason):
            raise InputError(f"{TABLE}: {row.code} {row.column}: a source and a reason are needed")
        row.cell()
    return rows


def apply(rows: Iterable[Override], found: Mapping[str, Facts]) -> dict[str, set[str]]:
    """Put rows of the table into the cells, and return what was overridden, by glottocode.

    found: the rows of the inventory by glottocode. A row of a language that it does not hold is
    passed over, since a small inventory holds few.
    """
    by_code = _codes(found)
    done: dict[str, set[str]] = {}
    for row in rows:
        glottocode = by_code.get(row.code) or by_code.get(resolve(row.code).bcp47)
        if glottocode is None:
            continue
        facts = found[glottocode]
        value = row.cell()
        if value is None:
            facts.take(row.column)
            facts.sources[row.column] = None
        else:
            facts.take(row.column, (value, row.key))
        if row.column == "speakers":
            facts.cells["speakers_date"] = row.date or None
        done.setdefault(glottocode, set()).add(row.column)
    return done


def _codes(found: Mapping[str, Facts]) -> dict[str, str]:
    codes: dict[str, str] = {}
    for column in ("iso639_3", "bcp47", "glottocode"):
        codes |= {
            facts.cells[column]: code for code, facts in found.items() if facts.cells.get(column)
        }
    return codes
