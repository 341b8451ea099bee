"""Whether a feature bundle of one language says what a bundle of another one says.

    >>> fitting("V;PST", "V;IND;PST;NOM(3,SG,BANTU1);POS") is None
    False
    >>> fitting("V;PST", "V;IND;PST;NOM(1,SG);POS") is None     # nothing says "I"
    True

`lexaug.inflection` states the rule; here it is, on bundles.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping

from data.inflections.schema import atoms, canonical, dimension
from data.inflections.tags import parse

# A dimension's features; each is the set of its alternatives: SG/DU/PL is one feature, of three.
Reading = Mapping[str, tuple[frozenset[str], ...]]
# Place among what an English participle may be, number of other features, tense, their names.
Rank = tuple[int, int, int, tuple[tuple[str, int], ...]]

SPEECH, FINITENESS, TENSE, ASPECT = "Part of speech", "Finiteness", "Tense", "Aspect"
CONTENT = (FINITENESS, TENSE, ASPECT, "Mood", "Polarity", "Voice", "Comparison")
AGREEMENT = ("Person", "Number")

# What a target may say of a dimension on which the source is silent, besides saying nothing.
SILENT: Mapping[str, frozenset[str]] = {
    FINITENESS: frozenset({"FIN"}),
    "Mood": frozenset({"IND", "REAL"}),
    "Person": frozenset({"3"}),
    "Number": frozenset({"SG"}),
    "Gender": frozenset({"MASC", "BANTU1", "BANTU2"}),
    "Polarity": frozenset({"POS"}),
    "Voice": frozenset({"ACT"}),
    "Case": frozenset({"NOM", "ABS"}),
    "Interrogativity": frozenset({"DECL"}),
    "Comparison": frozenset(),
    "Evidentiality": frozenset(),
    "Possession": frozenset(),
    "Argument marking": frozenset(),
    TENSE: frozenset(),
    ASPECT: frozenset(),
}
# What else it may say, by a feature of the source: English has no perfective past, the Bantu
# languages have several pasts, and a verb's subject may be an ergative. Objects stay refused.
ALLOWED: Mapping[str, Mapping[str, frozenset[str]]] = {
    "V": {"Case": frozenset({"ERG"})},
    "PST": {TENSE: frozenset({"RCT", "RMT"}), ASPECT: frozenset({"PFV", "PRF"})},
    "PRS": {ASPECT: frozenset({"IPFV", "PROG", "HAB"})},
    "FUT": {TENSE: frozenset({"IMMED"})},
    "PRF": {TENSE: frozenset({"PRS", "PST"})},
    "PROG": {TENSE: frozenset({"PRS"})},
}
# Noun classes of Bantu languages that are singular or plural wherever they are.
CLASS_NUMBER = {f"BANTU{n}": "SG" if n % 2 else "PL" for n in range(1, 11)}

# What an English participle of a tense may be in another language, the best first.
INSTEAD_OF_PARTICIPLE = {
    "PST": ("V.PTCP;PST", "V;PRF", "V;PST"),
    "PRS": ("V.PTCP;PRS", "V;PROG", "V.MSDR", "V;NFIN"),
}


@functools.lru_cache(maxsize=1 << 16)
def fitting(source: str, target: str) -> Rank | None:
    """How well a target bundle says what a source bundle says: lower is better; None, not.

    >>> fitting("V;PST", "V;PST;3;SG") < fitting("V;PST", "V;PST;RMT;3;SG")
    True
    >>> fitting("V;PST", "V;PST;PROG;3;SG") is None     # was walking
    True
    >>> fitting("V;3;SG;PRS", "V;PRS") is None, fitting("V;3;SG;PRS", "V;PRS;3;PL") is None
    (False, True)
    """
    found = read(target)
    for place, wanted in enumerate(_instead(source)):
        asked = read(wanted)
        if _says_all(asked, found) and _adds_nothing(asked, found):
            others = tuple(sorted(_others(asked, found)))
            return place, len(others), _tense(asked, found), others
    return None


@functools.lru_cache(maxsize=1 << 14)
def read(bundle: str) -> Reading:
    """A bundle's features by dimension, in the schema's spelling, brackets taken off.

    V.PTCP, V.MSDR and V.CVB are a verb of that finiteness. Noun classes tell the number too.

    >>> reading = read("V;V.PTCP;PRES;NOM(3,BANTU2)")
    >>> [sorted(reading[group][0]) for group in ("Part of speech", "Finiteness", "Tense", "Number")]
    [['V'], ['V.PTCP'], ['PRS'], ['PL']]
    """
    found: dict[str, dict[frozenset[str], None]] = {}
    for name in parse(bundle).names():
        for part in name.split("+"):
            for group, values in _placed(frozenset(map(canonical, atoms(part)))):
                found.setdefault(group, {})[values] = None
    return {group: tuple(values) for group, values in found.items()}


def specific(bundle: str) -> frozenset[str]:
    """The features that a language defines for itself.

    >>> specific("N;PL;LGSPEC2")
    frozenset({'LGSPEC2'})
    """
    return frozenset().union(*read(bundle).get("Language-specific", ()))


def _placed(values: frozenset[str]) -> Iterator[tuple[str, frozenset[str]]]:
    first = min(values)
    if first.startswith("V."):
        yield SPEECH, frozenset({"V"})
        yield FINITENESS, values
        return
    yield dimension(first) or "unknown", values
    if first in CLASS_NUMBER:
        yield "Number", frozenset({CLASS_NUMBER[first]})


def _instead(source: str) -> tuple[str, ...]:
    """The bundles that say what a source bundle says: itself, or those of a participle."""
    reading = read(source)
    if frozenset({"V.PTCP"}) in reading.get(FINITENESS, ()):
        for tense, bundles in INSTEAD_OF_PARTICIPLE.items():
            if frozenset({tense}) in reading.get(TENSE, ()):
                return bundles
    return (source,)


def _says_all(asked: Reading, found: Reading) -> bool:
    """Whether every feature that translation keeps is there; agreement may be left unsaid."""
    if asked.get(SPEECH, ())[:1] != found.get(SPEECH, ())[:1]:
        return False
    groups = [*CONTENT, *(group for group in AGREEMENT if group in found)]
    return all(
        any(feature & one for one in found.get(group, ()))
        for group in groups
        for feature in asked.get(group, ())
    )


def _adds_nothing(asked: Reading, found: Reading) -> bool:
    """Whether what else is said of the guarded dimensions is what silence means, or allowed."""
    said = [value for features in asked.values() for feature in features for value in feature]
    for group, silent in SILENT.items():
        more = (ALLOWED.get(value, {}).get(group, frozenset()) for value in said)
        fine = _asked(asked, group).union(silent, *more)
        if not all(one & fine for one in found.get(group, ())):
            return False
    return True


def _asked(asked: Reading, group: str) -> frozenset[str]:
    return frozenset[str]().union(*asked.get(group, ()))


def _others(asked: Reading, found: Reading) -> Iterator[tuple[str, int]]:
    """The features that nobody asked for, as (letters, number), so that 2 is before 10."""
    for group, features in found.items():
        usual = _asked(asked, group) | SILENT.get(group, frozenset())
        for feature in features:
            if group != SPEECH and not feature & usual:
                name = min(feature)
                letters = name.rstrip("0123456789")
                yield letters, int(name[len(letters) :] or 0)


def _tense(asked: Reading, found: Reading) -> int:
    """Where no tense was asked for: 0 for none, 1 for the present, 2 for others."""
    if TENSE in asked or TENSE not in found:
        return 0
    return 1 if found[TENSE] == (frozenset({"PRS"}),) else 2
