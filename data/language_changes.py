"""Codes that have come to mean another language, or none: retired, merged, split, and new ones.

    >>> changes()["cit"].change, changes()["cit"].codes
    ('split', ('rhg', 'ctg'))
    >>> whole_tag("zh-min-nan-TW"), whole_tag("sgn-BE-FR"), whole_tag("sw-KE")
    ('nan-TW', 'sfb', 'sw-KE')

data/tables/iso_changes.tsv holds what ISO 639-3 has changed (SIL's tables of 2026-07-23,
https://iso639-3.sil.org) and the registry that langcodes carries lacks: `new` codes, those `merged`
into another, those `split` into several, and those of languages that `none` speaks or spoke. Two
are left out, which data sets use as they please: `ajp` stands beside `apc` in FLORES-200, and
`jap`, once Jaruára, is SIGMORPHON's Japanese.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from langcodes.data_dicts import LANGUAGE_REPLACEMENTS

from data.tsv import read_tsv

CHANGES = Path(__file__).parent / "tables" / "iso_changes.tsv"
LONGEST_TAG = 3  # subtags of a tag that was registered as a whole: sgn-BE-FR

# Where CLDR says another thing than the registry, or too little of it.
INSTEAD = {
    "hbs": "sh",  # CLDR: sr-Latn
    "sgn-no": "nsl",  # CLDR: nsi, the sign language of Nigeria
}


class Change(NamedTuple):
    """A code, the name that went with it, what became of it, and the codes that stand for it."""

    code: str
    name: str
    change: str
    codes: tuple[str, ...]


@functools.cache
def changes() -> Mapping[str, Change]:
    """What ISO 639-3 has changed, by code."""
    rows = read_tsv(CHANGES, Change._fields, header=True)
    return {
        code: Change(code, name, change, tuple(codes.strip("-").split()))
        for code, name, change, codes in (row.cells for row in rows)
    }


def successor(code: str) -> str:
    """The code that stands for a retired one, a tag with a region among them (prs: fa-AF).

    >>> successor("mol"), successor("mo"), successor("sw"), successor("auv")
    ('mo', 'ro', 'sw', 'oci')
    """
    newer = INSTEAD.get(code) or LANGUAGE_REPLACEMENTS.get(code)
    if newer is None and len(code) == 3 and (change := changes().get(code)):
        newer = change.codes[0] if change.change == "merged" else None
    return newer or code


def whole_tag(text: str) -> str:
    """A tag whose beginning was registered as a whole, i-klingon, with the code that replaced it.

    What follows is kept: `zh-min-nan-TW` is `nan-TW`.
    """
    subtags = text.split("-")
    for length in range(min(len(subtags), LONGEST_TAG), 1, -1):
        head, rest = "-".join(subtags[:length]).lower(), subtags[length:]
        newer = INSTEAD.get(head) or LANGUAGE_REPLACEMENTS.get(head)
        if newer:
            return "-".join([newer, *rest])
    return text
