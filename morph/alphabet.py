"""Units of writing and features as ids, for lemmas of any characters.

>>> alphabet = Alphabet.of([Triple("soma", "V;PST;NOM(3,SG)", "alisoma")])
>>> word = alphabet.encode("homa")
>>> word.unknown_units, alphabet.decode(word.ids, word.unknown_units)
(('h',), 'homa')
>>> feature_names("V;PST;NOM(3,SG)")
('V', 'PST', 'NOM', 'NOM/3', 'NOM/SG', '=NOM(3,SG)')

A unit (`morph.graphemes`) that the training data lack is written as a placeholder: the first
unknown unit of a lemma as the first one, the second as the second, wherever they are in the word. A
model that learned to copy placeholders inflects words in characters that it never saw: 49 % of the
Japanese test items of 2023. A feature in brackets keeps the path to it, since a subject's number is
not an object's; and a feature that holds others also stands as a whole (`=`), since `NOM(3,SG)` is
one affix in most languages: unseen bundles are made of seen parts, and seen ones are still
recognised.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from data.errors import InputError
from data.inflections.tags import Feature, nearest, parse
from data.tsv import excerpt
from data.unimorph import Triple
from morph.graphemes import join, split

PAD, BEGIN, END = 0, 1, 2
SPECIAL = 3  # ids below are none of a unit's
LANGUAGE, WHOLE = "@", "="  # before the names of languages, and of features with what they hold
PLACEHOLDERS = 8  # that a model has; the ninth unknown unit shares the eighth's


class Word(NamedTuple):
    """A text as numbers, and the units behind its placeholders, the first one first."""

    ids: list[int]
    unknown_units: tuple[str, ...]


@dataclass(frozen=True)
class Alphabet:
    """What a model can read and write.

    Ids are 0 padding, 1 begin, 2 end, then the units, then placeholders without end: the text is in
    the numbers, whatever it holds. A model folds those from the eighth on into one (`size`).

    Args:
        units: of the training data, sorted.
        features: names of features as `feature_names` gives them, sorted; their ids begin at 1.
        scheme: of `morph.graphemes`.
    """

    units: tuple[str, ...]
    features: tuple[str, ...]
    scheme: str = "parts"
    _unit_ids: Mapping[str, int] = field(init=False, repr=False, compare=False)
    _feature_ids: Mapping[str, int] = field(init=False, repr=False, compare=False)
    _ends: Mapping[str, list[str]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        units = {unit: place for place, unit in enumerate(self.units, SPECIAL)}
        features = {name: place for place, name in enumerate(self.features, 1)}
        object.__setattr__(self, "_unit_ids", units)
        object.__setattr__(self, "_feature_ids", features)
        ends: dict[str, list[str]] = {}
        for name in self.features:
            if not name.startswith((WHOLE, LANGUAGE)):
                ends.setdefault(name.rpartition("/")[2], []).append(name)
        object.__setattr__(self, "_ends", ends)

    @classmethod
    def of(
        cls, triples: Iterable[Triple], scheme: str = "parts", languages: Iterable[str] = ()
    ) -> Alphabet:
        """The alphabet of training triples; of several languages with a name for each (`@swa`)."""
        units: set[str] = set()
        names = {f"{LANGUAGE}{language}" for language in languages}
        for triple in triples:
            units.update(split(triple.lemma, scheme), split(triple.form or "", scheme))
            names.update(feature_names(triple.features))
        return cls(tuple(sorted(units)), tuple(sorted(names)), scheme)

    @property
    def first_placeholder(self) -> int:
        """The id of the first placeholder."""
        return SPECIAL + len(self.units)

    @property
    def size(self) -> int:
        """How many ids a model tells apart."""
        return self.first_placeholder + PLACEHOLDERS

    def encode(
        self, text: str, unknown_units: Sequence[str] = (), hidden: Iterable[str] = ()
    ) -> Word:
        """The ids of a text, without begin and end.

        Args:
            unknown_units: those of the lemma, where this is its form.
            hidden: known units to be written as placeholders, as if they were unknown.
        """
        unknown = list(unknown_units)
        hide = {*hidden, *unknown_units}
        ids = []
        for unit in split(text, self.scheme):
            known = None if unit in hide else self._unit_ids.get(unit)
            if known is None and unit not in unknown:
                unknown.append(unit)
            ids.append(self.first_placeholder + unknown.index(unit) if known is None else known)
        return Word(ids, tuple(unknown))

    def decode(self, ids: Iterable[int], unknown_units: Sequence[str] = ()) -> str:
        """The text of ids up to the end; a placeholder that stands for nothing is left out."""
        return join(list(self._units_of(ids, unknown_units)), self.scheme)

    def encode_features(self, bundle: str) -> list[int]:
        """The ids of a bundle's features.

        A feature that was only seen in another place (`PL` in `NOM` but not in `ACC`) is taken
        for the one there; a whole (`=`) that is not known is left out.

        Raises:
            InputError: a feature that was seen nowhere, with those that are spelt like it.
        """
        found = []
        for name in feature_names(bundle):
            known = self._feature_ids.get(name) or self._elsewhere(name)
            if known is not None:
                found.append(known)
            elif not name.startswith(WHOLE):
                raise self._unknown(name, bundle)
        return found

    def encode_language(self, language: str) -> list[int]:
        """The id of a language, where the alphabet is of several; else nothing."""
        found = self._feature_ids.get(f"{LANGUAGE}{language}")
        return [] if found is None else [found]

    def to_json(self) -> dict[str, Any]:
        """As `from_json` takes it."""
        return {"units": self.units, "features": self.features, "scheme": self.scheme}

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> Alphabet:
        """The alphabet that `to_json` wrote."""
        return cls(tuple(found["units"]), tuple(found["features"]), found["scheme"])

    def _units_of(self, ids: Iterable[int], unknown_units: Sequence[str]) -> Iterator[str]:
        for one in ids:
            if one == END:
                return
            if one >= self.first_placeholder:
                yield from unknown_units[one - self.first_placeholder :][:1]
            elif one >= SPECIAL:
                yield self.units[one - SPECIAL]

    def _elsewhere(self, name: str) -> int | None:
        """The id of a feature that ends like this one: by most names in common, then fewest."""
        path = name.split("/")
        if name.startswith(WHOLE) or not (known := self._ends.get(path[-1])):
            return None
        best = max(known, key=lambda one: (_shared_end(one.split("/"), path), -one.count("/")))
        return self._feature_ids[best]

    def _unknown(self, name: str, bundle: str) -> InputError:
        last = name.rpartition("/")[2]
        near = [one for one in nearest(last) if one in self._ends] or sorted(self._ends)[:12]
        return InputError(
            f"bundle {excerpt(bundle)}: expected features of the training data, found {last}; "
            f"nearest: {', '.join(near)}"
        )


def _shared_end(one: Sequence[str], other: Sequence[str]) -> int:
    """How many of their last names two paths share."""
    pairs = zip(reversed(one), reversed(other), strict=False)
    return sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs))


@functools.lru_cache(maxsize=1 << 14)
def feature_names(bundle: str) -> tuple[str, ...]:
    """Each feature with the path to it, then those that hold others as a whole.

    >>> feature_names("N;DAT(PL;PSS(1))")
    ('N', 'DAT', 'DAT/PL', 'DAT/PSS', 'DAT/PSS/1', '=DAT(PL;PSS(1))', '=DAT/PSS(1)')
    """
    single: list[str] = []
    whole: list[str] = []

    def visit(feature: Feature, path: str) -> None:
        single.append(path + feature.name)
        if feature.inner:
            whole.append(f"{WHOLE}{path}{feature}")
        for one in feature.inner:
            visit(one, f"{path}{feature.name}/")

    for feature in parse(bundle).features:
        visit(feature, "")
    return (*single, *whole)
