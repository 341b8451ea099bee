"""Where the morphemes of a form part: learned from paradigms, without a word that was cut by hand.

    >>> verbs, tenses = ["soma", "pika", "lala"], {"PRS": "na", "PST": "li", "FUT": "ta"}
    >>> persons = {"1;SG": "ni", "1;PL": "tu", "2;SG": "u", "3;PL": "wa"}
    >>> rows = [
    ...     Triple(verb, f"V;{person};{tense}", persons[person] + tenses[tense] + verb)
    ...     for verb in verbs for person in persons for tense in tenses
    ... ]
    >>> cuts = Cuts.learn(rows)
    >>> cuts.segmented("tulisoma", "soma"), cuts.segmented("wanatembea", "tembea")
    (('tu', 'li', 'soma'), ('wa', 'na', 'tembea'))

What a form shares with its lemma is the stem; what is before and after it are affixes, perhaps
several in a row. Cells of a paradigm that differ in one feature (*nina-*, *nili-*: the tense) agree
in the affixes of the others, so where they stop and begin to agree, morphemes part. One such pair
of cells can be wrong (*nina-* and *nita-* agree in their *a*), so the pairs of a cell vote, and an
affix is cut where MOST of them do. The idea is old: Harris 1955; Goldsmith 2001 has signatures.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations, pairwise
from typing import NamedTuple

from data.errors import InputError
from data.inflections.tags import parse
from data.unimorph import Triple
from morph.analyse.patterns import patterns
from morph.rules.analogies import elements, shared_beginning, shared_end

MOST = 0.5  # of the pairs of cells
LEAST_PAIRS = 2  # that vote about an affix
ONE_FEATURE = 2  # elements of two bundles that differ: the value of one, and that of the other
BEGINNING, END = 0, 1  # sides of a stem

Places = tuple[int, ...]
Affixes = tuple[str, str]


class Cuts(NamedTuple):
    """For each side of a stem, the affixes that part, and where: `{"tuli": (2,)}`."""

    sides: tuple[Mapping[str, Places], Mapping[str, Places]]

    @classmethod
    def learn(cls, triples: Iterable[Triple]) -> Cuts:
        """From tables; those without a form are passed over, as are bundles that are broken."""
        by_bundle: dict[str, list[Counter[str]]] = {}
        for triple in triples:
            if triple.form is not None:
                affixes = affixes_of(triple.form, triple.lemma)
                some = by_bundle.setdefault(triple.features, [Counter(), Counter()])
                for side, affix in enumerate(affixes):
                    some[side][affix] += 1
        neighbours = _neighbours(by_bundle)
        found = [_cuts_of_side(side, by_bundle, neighbours) for side in (BEGINNING, END)]
        return cls((found[BEGINNING], found[END]))

    def segmented(self, form: str, lemma: str) -> tuple[str, ...]:
        """The morphemes of a form of a lemma; joined they are the form.

        >>> Cuts(({}, {})).segmented("walked", "walk"), Cuts(({}, {})).segmented("went", "go")
        (('walk', 'ed'), ('went',))
        """
        before, after = affixes_of(form, lemma)
        if len(before) + len(after) >= len(form):  # nothing is shared
            return (form,)
        start, stop = len(before), len(form) - len(after)
        places = [0, *self.sides[BEGINNING].get(before, ()), start, stop]
        places += [*(stop + place for place in self.sides[END].get(after, ())), len(form)]
        return tuple(form[a:b] for a, b in pairwise(sorted({*places})) if b > a)


def affixes_of(form: str, lemma: str) -> Affixes:
    """What stands before and after the longest stretch that a form shares with its lemma.

    >>> affixes_of("haktusoma", "soma"), affixes_of("walked", "walk"), affixes_of("went", "go")
    (('haktu', ''), ('', 'ed'), ('went', ''))
    """
    first = patterns(form, lemma)[0]
    return form[: len(first.beginning)], form[len(form) - len(first.end) :]


def _neighbours(bundles: Iterable[str]) -> dict[str, list[str]]:
    """The bundles that differ from each in the value of one feature."""
    known: dict[str, frozenset[str]] = {}
    for bundle in bundles:
        try:
            known[bundle] = elements(parse(bundle))
        except InputError:
            continue
    found: dict[str, list[str]] = defaultdict(list)
    for (one, mine), (other, theirs) in combinations(known.items(), 2):
        if 0 < len(mine ^ theirs) <= ONE_FEATURE:
            found[one].append(other)
            found[other].append(one)
    return found


def _cuts_of_side(
    side: int,
    by_bundle: Mapping[str, Sequence[Counter[str]]],
    neighbours: Mapping[str, Sequence[str]],
) -> dict[str, Places]:
    votes: dict[str, Counter[int]] = defaultdict(Counter)
    voters = Counter[str]()
    usual = {bundle: some[side].most_common(1)[0][0] for bundle, some in by_bundle.items()}
    for bundle, some in by_bundle.items():
        for affix in some[side]:
            for other in neighbours.get(bundle, ()):
                places = _parting(affix, usual[other])
                votes[affix].update(places)
                voters[affix] += bool(places)
    chosen = {
        affix: tuple(sorted(place for place, n in some.items() if n > MOST * voters[affix]))
        for affix, some in votes.items()
        if voters[affix] >= LEAST_PAIRS
    }
    return {affix: places for affix, places in chosen.items() if places}


def _parting(affix: str, other: str) -> set[int]:
    """The places inside an affix where it stops or begins to agree with another one.

    >>> _parting("nina", "nili"), _parting("nina", "tuna"), _parting("nina", "ku")
    ({2}, {2}, set())
    """
    if affix == other:
        return set()
    before = shared_beginning(affix, other)
    after = min(shared_end(affix, other), min(len(affix), len(other)) - before)
    return {before, len(affix) - after} - {0, len(affix)}
