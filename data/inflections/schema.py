"""UniMorph's features by dimension of meaning: what the schema has, and what published tables use.

    python -c "from data.inflections.schema import dimension; print(dimension('PST'))"

data/tables/unimorph_tags.tsv has one line a feature: its dimension, since when it exists (2016: the
guide, Sylak-Glassman 2016; 2022: version 4.0, Batsuren et al. 2022; data: neither has it, published
tables do), and the guide's feature of which it is another spelling (`PRES`: PRS). Families are told
by their form: noun classes (BANTU1-23, NAKH1-8), what a language defines for itself (LGSPEC1 ...),
flat agreement (ARGNO1S) and flat possessors (PSS1S; PSSB9, Zulu's possessors by noun class).
"""

from __future__ import annotations

import difflib
import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from data.tsv import read_tsv

TABLE = Path(__file__).parent.parent / "tables" / "unimorph_tags.tsv"
COLUMNS = ("feature", "dimension", "since", "instead", "meaning")

FAMILIES = {
    "Gender": r"BANTU([1-9]|1\d|2[0-3])|NAKH[1-8]",
    "Language-specific": r"(LGSPEC|LGSEPC|LGSPEPC|LSGSPEC)\d*",
    "Argument marking": r"(AR[GB])?(NO|AC|AB|ER|DA|BE)[0-4](SG|DU|PL|[SDP])?"
    r"([AIEMF]|INFM|FORM|HUM)?"
    r"|ARG(ABS|ERG|IO)([123]|SG|PL|INFM|FORM|MASC|FEM)|ARG[0-4][SDP]?",
    "Possession": r"PSS[0-5][SDP]?([IEMF]|INFM|FORM)?|PSSB([1-9]|1\d|2[0-3])",
}


# Spellings of families that some tables have: `NO3S` in kod, `ARGAC3SG` in gup, `LGSEPC1` in bra.
_FLAT = re.compile(r"(?:AR[GB])?((?:NO|AC|AB|ER|DA|BE)[0-4])(?:(S)G|(D)U|(P)L|([SDP]))?([A-Z]*)")
_OWN = re.compile(r"(?:LGSEPC|LGSPEPC|LSGSPEC)(\d*)")


@dataclass(frozen=True, slots=True)
class Known:
    """A line of the table of features."""

    feature: str
    dimension: str
    since: str
    instead: str | None
    meaning: str


@functools.cache
def known_features() -> Mapping[str, Known]:
    """The table of features by name.

    >>> known_features()["PRES"].instead, known_features()["PRIM"].meaning
    ('PRS', 'primary object')
    """
    found = {}
    for row in read_tsv(TABLE, COLUMNS, header=True):
        feature, group, since, instead, meaning = row.cells
        spelling = None if instead == "-" else instead
        found[feature] = Known(feature, group, since, spelling, meaning)
    return found


def canonical(name: str) -> str:
    """The schema's spelling of a feature that some table spells otherwise; else the name.

    >>> [canonical(name) for name in ("PRES", "PRS", "INST", "LGSPEC02", "ARGAC3PL", "NO3S")]
    ['PRS', 'PRS', 'INS', 'LGSPEC02', 'ARGAC3P', 'ARGNO3S']
    """
    known = known_features().get(name)
    if known is not None:
        return known.instead or name
    flat, own = _FLAT.fullmatch(name), _OWN.fullmatch(name)
    if flat:
        return f"ARG{''.join(part for part in flat.groups() if part)}"
    return f"LGSPEC{own[1]}" if own else name


@functools.lru_cache(maxsize=1 << 14)
def dimension(name: str) -> str | None:
    """The dimension of meaning of a feature; None of an unknown one.

    Of joined features (`IN+ALL`, `SG/DU/PL`) that of the first.

    >>> [dimension(name) for name in ("PST", "BANTU9", "IN+ALL", "ARGAC3P", "PAST")]
    ['Tense', 'Gender', 'Case', 'Argument marking', None]
    """
    first = atoms(name)[0]
    if first in known_features():
        return known_features()[first].dimension
    fits = (group for group, form in FAMILIES.items() if re.fullmatch(form, first))
    return next(fits, None)


def atoms(name: str) -> tuple[str, ...]:
    """The single features of a joined or negated name.

    >>> atoms("SG/DU/PL"), atoms("non{PST}")
    (('SG', 'DU', 'PL'), ('PST',))
    """
    negated = re.fullmatch(r"(?:non|not)?\{(.+)\}", name)
    return tuple(re.split(r"[+/]", negated[1] if negated else name))


def nearest(name: str) -> list[str]:
    """Up to three known features that are spelt like this one, the nearest first.

    >>> nearest("PRST")
    ['PST', 'PRT', 'PRS']
    """
    return difflib.get_close_matches(name, known_features(), 3)
