"""Which licence a text inherits that is made of a lexicon and another text.

>>> terms = combined({"text": "CC-BY-NC-4.0", "lexicon": "CC-BY-SA-4.0"})
>>> terms.strictest, terms.conditions
('CC-BY-NC-4.0', ('attribution', 'share-alike', 'non-commercial'))

The strictest is told by one stated order: a licence that nobody stated, then those that forbid
derivatives, then non-commercial and share-alike, non-commercial, the GPL, the share-alike ones,
attribution, permissive licences, the public domain. The conditions of all of them hold together.
This is a help for the reader of a dataset card and no legal advice.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

NOT_STATED = "not stated"

# From the strictest to the freest: what the name matches, and what it asks for.
ORDER: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"CC-BY-NC-ND.*", ("attribution", "non-commercial", "no derivatives")),
    (r"CC-BY-ND.*", ("attribution", "no derivatives")),
    (r"CC-BY-NC-SA.*", ("attribution", "share-alike", "non-commercial")),
    (r"CC-BY-NC.*", ("attribution", "non-commercial")),
    (r"A?GPL.*", ("attribution", "share-alike")),
    (r"CC-BY-SA.*|ODbL.*|LGPL.*|GFDL.*", ("attribution", "share-alike")),
    (r"CC-BY.*|ODC-BY.*", ("attribution",)),
    (r"Apache.*|MIT|BSD.*", ("attribution",)),
    (r"CC0.*|PDDL.*|Unlicense", ()),
)
CONDITIONS = ("attribution", "share-alike", "non-commercial", "no derivatives", NOT_STATED)
_HUB = re.compile(r"(cc-by(-nc)?(-nd|-sa)?-[1-4]\.[05]|cc0-1\.0|apache-2\.0|mit)")


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for a text made of several sources.

    Attributes:
        strictest: the licence that stands first in the order.
        conditions: what any of the sources asks for.
        note: what a user must look into, or "".
    """

    strictest: str
    conditions: tuple[str, ...]
    note: str

    @property
    def hub(self) -> str:
        """The licence as the Hugging Face hub spells it; `other` for what it does not list."""
        name = self.strictest.lower()
        if self.strictest == NOT_STATED:
            return "unknown"
        if name.startswith("gpl-"):
            return name.removesuffix("-or-later").removesuffix("-only").removesuffix(".0")
        return name if _HUB.fullmatch(name) else "other"


def combined(licences: Mapping[str, str]) -> Terms:
    """The terms of a text made of these sources, {what: SPDX identifier or "not stated"}."""
    by_rank = sorted(set(licences.values()), key=lambda one: (_rank(one), one))
    found = {condition for licence in by_rank for condition in _conditions(licence)}
    conditions = tuple(condition for condition in CONDITIONS if condition in found)
    return Terms(by_rank[0], conditions, _note(licences, conditions))


def _rank(licence: str) -> int:
    """0 for the strictest; a name that is not in the order counts as not stated."""
    places = (i for i, (names, _) in enumerate(ORDER, 1) if re.fullmatch(names, licence))
    return next(places, 0)


def _conditions(licence: str) -> tuple[str, ...]:
    rank = _rank(licence)
    return ORDER[rank - 1][1] if rank else (NOT_STATED,)


def _note(licences: Mapping[str, str], conditions: tuple[str, ...]) -> str:
    stated = {licence for licence in licences.values() if _rank(licence)}
    sharing = {licence for licence in stated if "share-alike" in _conditions(licence)}
    notes = []
    unknown = [what for what, licence in licences.items() if not _rank(licence)]
    if unknown:
        notes.append(f"Find out under which licence the {' and the '.join(unknown)} may be used.")
    if len(sharing) > 1 or (sharing and any(map(_restricts, stated - sharing))):
        notes.append(
            f"{' and '.join(sorted(stated))} may not be met together when the text is passed on:"
            " ask the rights holders first."
        )
    if "no derivatives" in conditions:
        notes.append("A source forbids derivatives: keep the text to yourself.")
    return " ".join(notes)


def _restricts(licence: str) -> bool:
    return bool({"non-commercial", "no derivatives"} & set(_conditions(licence)))
