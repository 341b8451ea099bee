"""Languages by genus, family and script: what averages and partings of tables are made by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from data.access import Access
from data.errors import InputError
from data.languages import Language

if TYPE_CHECKING:
    from data.inventory import Inventory

KINDS = ("genus", "family", "script")

Groups = Mapping[str, str | None]


def groups_of(languages: Sequence[Language], access: Access = Access()) -> list[Groups]:
    """Genus, family and script of each language; None where unknown or without one.

    Raises:
        UnavailableError: the inventory needs a package that is not installed.
    """
    from data.inventory import load_inventory

    inventory = load_inventory(access=access)
    return [_groups(language, inventory) for language in languages]


def _groups(language: Language, inventory: Inventory) -> Groups:
    from data.inventory import find, row_of

    try:
        row = row_of(inventory, find(inventory, language.bcp47))
    except InputError:  # a macrolanguage whose members have rows of their own, such as Oromo
        row = {}
    return {"genus": row.get("genus"), "family": row.get("family"), "script": language.script}
