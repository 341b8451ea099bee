"""Inflection tables in memory: forms by lemma and bundle, and back.

    >>> rows = [("soma", "V;PST;3;SG", "alisoma"), ("soma", "V;NFIN", "kusoma")]
    >>> table = Lookup.of([Triple(*row) for row in rows], "sw")
    >>> table.forms("soma", "V;PST;SG;3"), table.analyses("alisoma")[0].features
    (('alisoma',), 'V;PST;3;SG')

Bundles are compared by `bundle_key`: the order of features, other spellings of a feature (PRES for
PRS) and the mark between features in brackets make no difference. A lemma is looked up as it is
written, then without regard to case and apostrophes (`data.spelling.fold`), then as an infinitive:
`kobala` finds the lemma `bal`.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cached_property, lru_cache
from itertools import chain

from data.errors import InputError
from data.inflections.tags import Feature, canonical, parse, tidied
from data.lexicon.lemmas import Analysis, citation_forms
from data.spelling import fold
from data.unimorph import Triple
from data.words import scripts_of

SHORTEST_EDGE, LONGEST_EDGE = 2, 5  # characters that tell a lemma's part of speech
LEAST_LEMMAS, MOST_LEMMAS = 10, 0.95  # that have them, and the share that agree


class Lookup:
    """Tables by lemma, in their order: the first form of a bundle is the one to give.

    Args:
        paradigms: the rows of each lemma.
        language: the tag by whose rules of spelling words are folded.
    """

    def __init__(self, paradigms: Mapping[str, tuple[Triple, ...]], language: str | None) -> None:
        self._paradigms = paradigms
        self._language = language

    @classmethod
    def of(cls, triples: Iterable[Triple], language: str | None = None) -> Lookup:
        """From triples in any order; those without a form are passed over."""
        found: dict[str, dict[Triple, None]] = {}
        for triple in triples:
            if triple.form is not None:
                found.setdefault(triple.lemma, {})[triple] = None
        return cls({lemma: tuple(rows) for lemma, rows in found.items()}, language)

    def __len__(self) -> int:
        """The number of lemmas."""
        return len(self._paradigms)

    def paradigm(self, lemma: str) -> tuple[Triple, ...]:
        """The rows of a lemma, in table order; none of an unknown one."""
        exact = self._paradigms.get(unicodedata.normalize("NFC", lemma))
        if exact is not None:
            return exact
        names = self._names.get(fold(lemma, self._language), ())
        return tuple(chain.from_iterable(self._paradigms[name] for name in names))

    def forms(self, lemma: str, features: str) -> tuple[str, ...]:
        """Every form of a lemma for a bundle, in table order, each once."""
        key = bundle_key(features)
        rows = (row for row in self.paradigm(lemma) if bundle_key(row.features) == key)
        return tuple(dict.fromkeys(row.form for row in rows if row.form is not None))

    def analyses(self, form: str) -> tuple[Analysis, ...]:
        """The lemmas and features that a form may have, in table order; case does not count."""
        return self._analyses.get(fold(form, self._language), ())

    def bundles(self, part_of_speech: str | None = None) -> tuple[str, ...]:
        """Every bundle, or those of a part of speech, in table order and each spelt one way.

        >>> rows = [Triple("soma", "V;NFIN", "kusoma"), Triple("mtu", "N;PL", "watu")]
        >>> Lookup.of(rows).bundles("N")
        ('N;PL',)
        """
        return tuple(
            bundle
            for bundle in self._bundles.values()
            if part_of_speech in (None, part_of_speech_of(bundle))
        )

    def spelling(self, features: str) -> str:
        """A bundle as the tables spell it, if they have it; else as it is."""
        return self._bundles.get(bundle_key(features), features)

    @cached_property
    def parts_of_speech(self) -> tuple[str, ...]:
        """The parts of speech of the tables, in their order."""
        return tuple(dict.fromkeys(filter(None, map(part_of_speech_of, self._bundles.values()))))

    def guess_part_of_speech(self, lemma: str) -> tuple[str, str] | None:
        """That of nearly all lemmas that end or begin like this one, and what tells it.

        None where too few lemmas are like it, or they disagree.

        >>> rows = [Triple(f"{c}almak", "V;NFIN", f"{c}almak") for c in "abcdefghij"]
        >>> Lookup.of([*rows, Triple("ev", "N;PL", "evler")]).guess_part_of_speech("salmak")
        ('V', '10 of 10 lemmas in -almak are V')
        >>> Lookup.of(rows[:3]).guess_part_of_speech("salmak") is None
        True
        """
        for length in range(min(len(lemma) - 1, LONGEST_EDGE), SHORTEST_EDGE - 1, -1):
            for edge in (f"-{lemma[-length:]}", f"{lemma[:length]}-"):
                counts = Counter(self._by_edge.get(edge, ()))
                if counts.total() < LEAST_LEMMAS:
                    continue
                [(best, number)] = counts.most_common(1)
                if number >= MOST_LEMMAS * counts.total():
                    return best, f"{number} of {counts.total()} lemmas in {edge} are {best}"
        return None

    @cached_property
    def _by_edge(self) -> dict[str, list[str]]:
        """The parts of speech of the lemmas with a beginning (`ku-`) or an end (`-mek`)."""
        found: dict[str, list[str]] = {}
        for lemma, rows in self._paradigms.items():
            own = dict.fromkeys(filter(None, (part_of_speech_of(row.features) for row in rows)))
            for length in range(SHORTEST_EDGE, LONGEST_EDGE + 1):
                for edge in (f"-{lemma[-length:]}", f"{lemma[:length]}-"):
                    found.setdefault(edge, []).extend(own if len(lemma) > length else ())
        return found

    @cached_property
    def bundle_texts(self) -> frozenset[str]:
        """The bundles as the tables write them."""
        return frozenset(self._bundles.values())

    @cached_property
    def features(self) -> frozenset[str]:
        """Every single feature of the tables, also those in brackets."""
        return frozenset(chain.from_iterable(map(names_of, self._bundles.values())))

    @cached_property
    def scripts(self) -> frozenset[str]:
        """The scripts of lemmas and forms (`data.words`)."""
        rows = chain.from_iterable(self._paradigms.values())
        return scripts_of(word for row in rows for word in (row.lemma, row.form or ""))

    @cached_property
    def _bundles(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for row in chain.from_iterable(self._paradigms.values()):
            found.setdefault(bundle_key(row.features), row.features)
        return found

    @cached_property
    def _names(self) -> dict[str, list[str]]:
        """The lemmas behind a folded name: those spelt so, else those with such an infinitive."""
        lemmas: dict[str, list[str]] = {}
        for lemma in self._paradigms:
            lemmas.setdefault(fold(lemma, self._language), []).append(lemma)
        infinitives: dict[str, list[str]] = {}
        for lemma, rows in self._paradigms.items():
            for name in citation_forms(rows)[1:]:
                infinitives.setdefault(fold(name, self._language), []).append(lemma)
        return {**infinitives, **lemmas}

    @cached_property
    def _analyses(self) -> dict[str, tuple[Analysis, ...]]:
        found: dict[str, dict[Analysis, None]] = {}
        for row in chain.from_iterable(self._paradigms.values()):
            key = fold(row.form or "", self._language)
            found.setdefault(key, {})[Analysis(row.lemma, row.features)] = None
        return {form: tuple(analyses) for form, analyses in found.items()}


@lru_cache(maxsize=1 << 16)
def bundle_key(features: str) -> str:
    """One spelling for all bundles that say the same; that of a broken bundle is itself.

    >>> bundle_key("V;PRES;NOM(SG;1)") == bundle_key("V;NOM(1,SG);PRS")
    True
    """
    try:
        return _key(parse(tidied(features)).features)
    except InputError:
        return features


@lru_cache(maxsize=1 << 16)
def part_of_speech_of(features: str) -> str | None:
    """The part of speech of a bundle, None of one that names none or is broken."""
    try:
        return parse(tidied(features)).part_of_speech
    except InputError:
        return None


def names_of(features: str) -> tuple[str, ...]:
    """The single features of a bundle, also those in brackets; none of a broken one."""
    try:
        return tuple(parse(tidied(features)).names())
    except InputError:
        return ()


def _key(features: Iterable[Feature]) -> str:
    parts = (
        f"{canonical(one.name)}({_key(one.inner)})" if one.inner else canonical(one.name)
        for one in features
    )
    return ";".join(sorted(parts))
