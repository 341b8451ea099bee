"""Groups of languages by any name: families, genera, groups of the tree, and names that others use.

    groups_called(table, "Niger-Congo")     # ('Atlantic-Congo', 'Mande', 'Dogon', ...)
    groups_called(table, "bantoid")         # ('Bantoid',)

Glottolog does not join what others call Niger-Congo or Nilo-Saharan; data/tables/groups.tsv says
which of its families and isolates such a name means, and after whom. Case, diacritics and hyphens
do not count.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING

from data.inventory.schema import ISOLATE, NONE
from data.language_names import fold, read_table

if TYPE_CHECKING:
    import polars

COLUMNS = ("name", "aliases", "groups", "source")
LABELS = (ISOLATE, NONE)


@functools.cache
def named_groups() -> Mapping[str, tuple[str, ...]]:
    """The groups of Glottolog that a name of groups.tsv means, by the folded name.

    >>> named_groups()["kra dai"]
    ('Tai-Kadai',)
    """
    found = {}
    for name, aliases, groups, _ in read_table("groups.tsv", COLUMNS):
        for text in (name, *filter(None, aliases.split("; "))):
            found[fold(text)] = tuple(groups.split("; "))
    return found


def group_names(table: polars.DataFrame) -> tuple[str, ...]:
    """All names that a filter by family or genus takes: genera, the tree's groups, and others'."""
    known = {*table["genus"].drop_nulls(), *table["family"].drop_nulls()}
    known |= {*table["groups"].explode().drop_nulls()}
    named = [name for name, *_ in read_table("groups.tsv", COLUMNS)]
    return tuple(sorted(known | {*named}))


def groups_called(table: polars.DataFrame, text: str) -> tuple[str, ...]:
    """The genera, families and groups of the table that a name means; none where it means none.

    A name that is there as it is written means itself; else case and hyphens are looked past, and
    then the names of others.
    """
    if text in LABELS:
        return (text,)
    known = [table["genus"], table["family"], table["groups"].explode()]
    names = {name for column in known for name in column.drop_nulls().unique()}
    if text in names:
        return (text,)
    key = fold(text)
    alike = tuple(sorted(name for name in names if fold(name) == key))
    isolates = set(table.filter(table["is_isolate"].fill_null(False))["name"])
    named = tuple(n for n in named_groups().get(key, ()) if n in names or n in isolates)
    return alike or named
