"""Where languages are at home: genus, family, script and coordinates, as the inventory has them.

places, notes = places_of(["swh_Latn", "amh_Ethi"])
places["swh_Latn"].family, places["swh_Latn"].latitude   # Atlantic-Congo, -8.3
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from data.access import Access
from data.errors import InputError, UnavailableError
from data.languages import Language, resolve

if TYPE_CHECKING:
    from data.inventory import Inventory


@dataclass(frozen=True, slots=True)
class Place:
    """A language's groups and its place on the map; None is unknown, or no family."""

    name: str
    script: str | None
    genus: str | None = None
    family: str | None = None
    latitude: float | None = None
    longitude: float | None = None

    def group(self, kind: str) -> str | None:
        """Its genus, family or script."""
        return {"genus": self.genus, "family": self.family, "script": self.script}[kind]


def places_of(
    codes: Iterable[str], access: Access = Access()
) -> tuple[dict[str, Place], tuple[str, ...]]:
    """(places by code, what to say where no more than the script is known)."""
    from data.inventory import load_inventory

    languages = {code: resolve(code) for code in codes}
    try:
        inventory = load_inventory(access=access)
    except UnavailableError as error:
        told = f"no averages by family and no map: {error}"
        return {code: _unplaced(one) for code, one in languages.items()}, (told,)
    return {code: _place(one, inventory) for code, one in languages.items()}, ()


def _unplaced(language: Language) -> Place:
    return Place(language.name, language.script)


def _place(language: Language, inventory: Inventory) -> Place:
    from data.inventory import find, row_of

    try:
        row = row_of(inventory, find(inventory, language.bcp47))
    except InputError:  # a macrolanguage whose members have rows of their own, such as Oromo
        return _unplaced(language)
    known = {key: row[key] for key in ("genus", "family", "latitude", "longitude")}
    return Place(language.name, language.script, **known)
