"""UniMorph's feature bundles: parsed into a tree, printed back byte for byte, checked, layered.

    >>> bundle = parse("V;PRS;NOM(1,SG);ACC(3,PL)")
    >>> [feature.name for feature in bundle.features], str(bundle)
    (['V', 'PRS', 'NOM', 'ACC'], 'V;PRS;NOM(1,SG);ACC(3,PL)')

A flat bundle (Sylak-Glassman 2016, the schema's guide) is features between semicolons. Since
UniMorph 4.0 (Batsuren et al. 2022, after Guriel et al. 2022) a feature may hold others in brackets:
`ACC(3,PL)` is agreement with an object, `N;DAT(PL;PSS(1,SG))` a case over a possessed noun. Inside
brackets the data write commas, semicolons or both, so the tree remembers which. In a name, `+`
joins features that hold together (`IN+ALL`, into) and `/` those of which one holds (`MASC/FEM`).

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
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from data.errors import InputError
from data.tsv import excerpt, read_tsv

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

DEEPEST = 8  # brackets in brackets; the data have two

# The case of a layered feature for the two letters, or Basque's three, of a flat one.
CASES = {"NO": "NOM", "AC": "ACC", "AB": "ABS", "ER": "ERG", "DA": "DAT", "BE": "BEN"}
BASQUE_CASES = {"ABS": "ABS", "ERG": "ERG", "IO": "DAT"}
ANIMACY = {"I": "INAN", "A": "ANIM"}  # of third persons: Cree's NO3SI; nobody else can be meant
LETTERS = {"S": "SG", "D": "DU", "P": "PL", "I": "INCL", "E": "EXCL", "M": "MASC", "F": "FEM"}
AGREEMENT = ("Person", "Number", "Gender", "Politeness")

# In two steps, each in linear time: a run of spaces is tried from its beginning only.
_SPACE_AFTER = re.compile(r"([;,()]) +")
_SPACE_BEFORE = re.compile(r"(?<! ) +([;,()])")
_NAME = re.compile(r"[^();,]+")
_ARGUMENT = re.compile(r"ARG(NO|AC|AB|ER|DA|BE)([1-4])([SDP]?)([A-Z]*)")
_BASQUE = re.compile(r"ARG(ABS|ERG|IO)([123]|[A-Z]+)")
_POSSESSOR = re.compile(r"PSS([1-4])([SDP]?)([A-Z]*)")


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


@dataclass(frozen=True, slots=True)
class Feature:
    """One feature, and those that it holds in brackets with the marks between them.

    >>> str(Feature("DAT", (Feature("PL"), Feature("LGSPEC2")), ";"))
    'DAT(PL;LGSPEC2)'
    """

    name: str
    inner: tuple[Feature, ...] = ()
    separators: str = ""

    def __str__(self) -> str:
        if not self.inner:
            return self.name
        rest = zip(self.separators, self.inner[1:], strict=True)
        return f"{self.name}({self.inner[0]}{''.join(f'{mark}{one}' for mark, one in rest)})"

    def names(self) -> Iterator[str]:
        """Its own name, then those in its brackets."""
        yield self.name
        for one in self.inner:
            yield from one.names()


@dataclass(frozen=True, slots=True)
class Bundle:
    """The features of a form, as they stand between the semicolons."""

    features: tuple[Feature, ...]

    def __str__(self) -> str:
        return ";".join(map(str, self.features))

    def names(self) -> Iterator[str]:
        """Every feature's name, also those in brackets, from left to right.

        >>> list(parse("V;PST;NOM(1,SG)").names())
        ['V', 'PST', 'NOM', '1', 'SG']
        """
        for feature in self.features:
            yield from feature.names()

    @property
    def part_of_speech(self) -> str | None:
        """The first feature that is one: V, N, ADJ, V.PTCP ...

        Most tables have it first; in that of Southern Kurdish features stand by the alphabet.

        >>> [parse(text).part_of_speech for text in ("V.PTCP;PST", "3;PST;SG;V", "PST;3;SG")]
        ['V.PTCP', 'V', None]
        """
        names = (feature.name for feature in self.features)
        return next((name for name in names if dimension(name) == "Part of speech"), None)


def tidied(text: str) -> str:
    """A bundle without space around its marks, which some tables have.

    >>> tidied("PRO; 3 ;SG")
    'PRO;3;SG'
    """
    if " " not in text:
        return text
    return _SPACE_BEFORE.sub(r"\1", _SPACE_AFTER.sub(r"\1", text.strip()))


@functools.lru_cache(maxsize=1 << 16)
def parse(text: str) -> Bundle:
    """The tree of a bundle; `str` gives the same text back.

    Names are not checked against the schema: see `check`.

    Raises:
        InputError: an empty feature, brackets that do not pair up, a comma outside them.

    >>> parse("V;NOM(1,SG")
    Traceback (most recent call last):
    data.errors.InputError: bundle "V;NOM(1,SG": expected ")", found the end; close the bracket
    """
    features, _, _ = _level(text, 0, 0)
    return Bundle(features)


def unknown(bundle: Bundle) -> tuple[str, ...]:
    """The features of a bundle that neither the schema nor the table has, in order.

    >>> unknown(parse("V;PAST;NOM(1,SNG)"))
    ('PAST', 'SNG')
    """
    every = (atom for name in bundle.names() for atom in atoms(name))
    return tuple(dict.fromkeys(atom for atom in every if dimension(atom) is None))


def check(text: str, where: str = "") -> Bundle:
    """Parse a bundle and refuse one with an unknown feature.

    >>> check("V;PAST", "swa.trn:3")
    Traceback (most recent call last):
    data.errors.InputError: swa.trn:3: expected features of the UniMorph schema, found "PAST" \
(did you mean PST, POST, PASS?) in "V;PAST"; correct it or add it to data/tables/unimorph_tags.tsv
    """
    start = f"{where}: " if where else ""
    try:
        bundle = parse(text)
    except InputError as error:
        raise InputError(f"{start}{error}") from error
    wrong = unknown(bundle)
    if wrong:
        near = (", ".join(nearest(name)) for name in wrong)
        hints = (f" (did you mean {names}?)" if names else "" for names in near)
        found = ", ".join(f"{excerpt(name)}{hint}" for name, hint in zip(wrong, hints, strict=True))
        raise InputError(
            f"{start}expected features of the UniMorph schema, found {found} in {excerpt(text)};"
            " correct it or add it to data/tables/unimorph_tags.tsv"
        )
    return bundle


def to_hierarchical(bundle: Bundle, *, subject: str | None = None) -> Bundle:
    """The layered form of a flat bundle, where version 4.0 defines one; the rest stays as it is.

    Agreement and possessors are defined: ARGAC3P is ACC(3,PL), PSS1S is PSS(1,SG), and Basque's
    ARGERG3;ARGERGPL is ERG(3,PL). Not defined, and kept: PSS0 (possessed by nobody), PSSB9.

    Args:
        subject: the case for a verb's own person, number, gender and politeness, `NOM` in an
            accusative language: V;PRS;1;SG is V;PRS;NOM(1,SG). The bundle does not tell the
            case, so by default they stay outside brackets.

    >>> str(to_hierarchical(parse("V;PRS;ARGNO1S;ARGAC3PF")))
    'V;PRS;NOM(1,SG);ACC(3,PL,FEM)'
    >>> str(to_hierarchical(parse("V;IND;3;SG;PRS"), subject="NOM"))
    'V;IND;NOM(3,SG);PRS'
    """
    verb = (bundle.part_of_speech or "").startswith("V")
    out: dict[int | str, Feature] = {}
    for place, feature in enumerate(bundle.features):
        layer, parts = _layered(feature) or (None, ())
        if layer is None and subject and verb and dimension(feature.name) in AGREEMENT:
            layer, parts = subject, (feature.name,)
        if layer is None:
            out[place] = feature
        else:  # Basque and subjects give one part at a time, others all at once
            key = layer if len(parts) == 1 else place
            inner = out[key].inner if key in out else ()
            out[key] = _holding(layer, (*inner, *map(Feature, parts)))
    return Bundle(tuple(out.values()))


def _holding(name: str, inner: tuple[Feature, ...]) -> Feature:
    return Feature(name, inner, "," * (len(inner) - 1))


def _layered(feature: Feature) -> tuple[str, tuple[str, ...]] | None:
    """(case or PSS, what it holds) of a flat agreement or possession feature."""
    if feature.inner or not any(re.fullmatch(form, feature.name) for form in FAMILIES.values()):
        return None
    name = canonical(feature.name)
    basque = _BASQUE.fullmatch(name)
    if basque:
        return BASQUE_CASES[basque[1]], (basque[2],)
    argument = _ARGUMENT.fullmatch(name)
    if argument:
        return CASES[argument[1]], tuple(_spelt_out(argument.groups()[1:]))
    possessor = _POSSESSOR.fullmatch(name)
    return ("PSS", tuple(_spelt_out(possessor.groups()))) if possessor else None


def _spelt_out(parts: Iterable[str]) -> Iterator[str]:
    told = [part for part in parts if part]
    letters = {**LETTERS, **ANIMACY} if told[0] == "3" else LETTERS
    return (letters.get(part, part) for part in told)


def _level(text: str, at: int, depth: int) -> tuple[tuple[Feature, ...], str, int]:
    """The features from `at` to the end of their bracket, the marks between, where it ends."""
    if depth > DEEPEST:
        raise _fault(text, f"at most {DEEPEST} brackets in brackets", "more", "check the bundle")
    features: list[Feature] = []
    separators = ""
    while True:
        name = _NAME.match(text, at)
        if name is None or name.group() != name.group().strip():
            raise _fault(text, "a feature", _before(text, at), "write a name there")
        at = name.end()
        inner: tuple[Feature, ...] = ()
        marks = ""
        if text[at : at + 1] == "(":
            inner, marks, at = _level(text, at + 1, depth + 1)
        features.append(Feature(name.group(), inner, marks))
        mark = text[at : at + 1]
        at += 1
        if mark == (")" if depth else ""):
            return tuple(features), separators, at
        if mark != ";" and not (depth and mark == ","):
            advice = "close the bracket" if depth else "features stand between semicolons"
            raise _fault(text, '")"' if depth else '";"', _before(text, at - 1), advice)
        separators += mark


def _before(text: str, at: int) -> str:
    return f'"{text[at]}" at position {at + 1}' if at < len(text) else "the end"


def _fault(text: str, expected: str, found: str, advice: str) -> InputError:
    return InputError(f"bundle {excerpt(text)}: expected {expected}, found {found}; {advice}")
