"""UniMorph's feature bundles: parsed into a tree, printed back byte for byte, checked, layered.

    >>> bundle = parse("V;PRS;NOM(1,SG);ACC(3,PL)")
    >>> [feature.name for feature in bundle.features], str(bundle)
    (['V', 'PRS', 'NOM', 'ACC'], 'V;PRS;NOM(1,SG);ACC(3,PL)')

A flat bundle (Sylak-Glassman 2016, the schema's guide) is features between semicolons. Since
UniMorph 4.0 (Batsuren et al. 2022, after Guriel et al. 2022) a feature may hold others in brackets:
`ACC(3,PL)` is agreement with an object, `N;DAT(PL;PSS(1,SG))` a case over a possessed noun. Inside
brackets the data write commas, semicolons or both, so the tree remembers which. In a name, `+`
joins features that hold together (`IN+ALL`, into) and `/` those of which one holds (`MASC/FEM`).
Which features there are is told by `data.inflections.schema`.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from data.errors import InputError
from data.inflections.schema import FAMILIES, atoms, canonical, dimension, nearest
from data.tsv import excerpt

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
            raise _fault(text, "a feature", _seen(text, at), "write a name there")
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
            raise _fault(text, '")"' if depth else '";"', _seen(text, at - 1), advice)
        separators += mark


def _seen(text: str, at: int) -> str:
    return f'"{text[at]}" at position {at + 1}' if at < len(text) else "the end"


def _fault(text: str, expected: str, found: str, advice: str) -> InputError:
    return InputError(f"bundle {excerpt(text)}: expected {expected}, found {found}; {advice}")
