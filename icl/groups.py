"""Languages by genus, family and script: for `--group` and for averages.

    python -m icl.eval --group genus:Bantu --shots 1 --limit 100

Genus and family come from the inventory of all languages (`data.inventory`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from data.access import Access
from data.catalog import catalog, dataset
from data.errors import InputError
from data.languages import Language, resolve

if TYPE_CHECKING:
    from data.inventory import Inventory

KINDS = ("genus", "family", "script")
DEFAULT_SET = "ntrex-128"

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


def members(group: str, test_set: str, access: Access = Access()) -> list[Language]:
    """The languages of a test set that belong to a group such as "genus:Bantu", in any case.

    Raises:
        InputError: not of that form, a test set that is no data set of the catalog, or nobody of
            the test set belongs to the group; the message lists the groups that have somebody.
    """
    kind, _, value = group.partition(":")
    if kind not in KINDS or not value:
        raise InputError(f'--group "{group}": expected {" or ".join(f"{k}:NAME" for k in KINDS)}')
    name = DEFAULT_SET if test_set == "auto" else test_set
    if name not in catalog():
        raise InputError(f"--group: {name} is one file; name its languages with --lang")
    english = resolve("en")
    languages = [resolve(code) for code in dataset(name).codes()]
    others = [language for language in languages if not language.same_language(english)]
    values = _values(kind, others, access)
    wanted = value.casefold()
    found = [one for one, its in zip(others, values, strict=True) if its.casefold() == wanted]
    if not found:
        names = ", ".join(sorted({its for its in values if its}))
        raise InputError(f'--group "{group}": {name} has nobody of it; it has {names}')
    return found


def _values(kind: str, languages: Sequence[Language], access: Access) -> list[str]:
    """Each language's genus, family or script; "" where unknown. Scripts need no inventory."""
    if kind == "script":
        return [language.script or "" for language in languages]
    return [groups[kind] or "" for groups in groups_of(languages, access)]
