"""Languages by genus, family and script: for `--group` and for averages.

    python -m icl.eval --group genus:Bantu --shots 1 --limit 100

Genus and family come from the inventory of all languages (`data.groups`).
"""

from __future__ import annotations

from collections.abc import Sequence

from data.access import Access
from data.catalog import catalog, dataset
from data.errors import InputError
from data.groups import KINDS, groups_of
from data.languages import Language, resolve

DEFAULT_SET = "ntrex-128"


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
