"""What speaks for each analysis that a form may have.

    >>> rows = [("soma", "V;PST", "alisoma"), ("pika", "V;PST", "alipika"), ("soma", "V", "soma")]
    >>> evidence = Evidence([Triple(*row) for row in rows])
    >>> candidates, values = evidence.of("alilala")
    >>> candidates[0], values.shape
    (Analysis(lemma='lala', features='V;PST'), (2, 10))

Candidates are what the forms of the tables vote for (`morph.analyse.index`), the heaviest first.
Of each it is asked

- how large its share of the votes is, when all that fits counts once, and when what is most like
  the form counts most, and when beginning and end are voted for by different forms;
- whether it inflects back to the form: the same votes turned round, from lemma to form, of the
  pairs of its bundle;
- how much its lemma looks like a lemma of that part of speech (`LemmaModel`);
- where there is a network of the way back (`morph.analyse.network`), which proposes candidates as
  well, how likely that finds it, and whether it finds none likelier; and the same of networks from
  lemma to form: how likely the form would be.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from data.lexicon.lemmas import Analysis
from data.unimorph import Triple
from morph.analyse.index import PatternIndex
from morph.graphemes import Writing

if TYPE_CHECKING:
    from morph.analyse.network import Network

Numbers = npt.NDArray[Any]

CANDIDATES, COMBINED = 12, 8  # by the votes of whole words, and of their beginnings and ends
SHARPNESS = (0.0, 0.7, 1.5, 3.0)  # of the votes for an analysis; nats a character
LEADING = 2  # by the votes of which the candidates are chosen
BACK = (1.5, 3.0)  # of the votes for the form
VALUES = len(SHARPNESS) + 2 * len(BACK) + 2  # of a candidate
LEAST_SHARE, LEAST_BACK = 1e-9, 1e-3  # shares count as that at least, before their logarithm
ORDER = 3  # characters before a character, which tell how likely it is in a lemma
MOST_PAIRS = 4000  # of one bundle; more teach little and cost time


class LemmaModel:
    """How likely lemmas are, by their characters: n-grams with Witten-Bell's interpolation.

    >>> model = LemmaModel(["soma", "pika", "lala", "tembea"])
    >>> model.log_probability("pima") > model.log_probability("pimz")
    True
    """

    def __init__(self, lemmas: Iterable[str]) -> None:
        self._counts: dict[str, Counter[str]] = defaultdict(Counter)
        for lemma in lemmas:
            for history, character in _histories(lemma):
                for length in range(len(history) + 1):
                    self._counts[history[len(history) - length :]][character] += 1
        self._totals = {history: some.total() for history, some in self._counts.items()}

    def log_probability(self, lemma: str) -> float:
        """The natural logarithm of the probability of a lemma with its end."""
        return sum(math.log(self._probability(*one)) for one in _histories(lemma))

    def _probability(self, history: str, character: str) -> float:
        chance = 1 / (len(self._counts[""]) + 1)  # of a character that no lemma has
        for length in range(len(history) + 1):
            seen = self._counts.get(history[len(history) - length :])
            if seen is None:
                break
            total = self._totals[history[len(history) - length :]]
            chance = (seen[character] + len(seen) * chance) / (total + len(seen))
        return chance


class Evidence:
    """Tables turned into evidence about forms that they lack.

    Args:
        triples: those without a form are passed over.
        scheme: units of writing (`morph.graphemes`). network: speaks too, if there is one.
    """

    def __init__(
        self,
        triples: Iterable[Triple],
        scheme: str = "characters",
        network: Network | None = None,
    ) -> None:
        self._writing, self._network = Writing(scheme), network
        pairs = _by_bundle(triples)
        written = self._writing.encode_pairs(pairs)
        self._inflections = PatternIndex(written)
        self._analyses = PatternIndex(
            {bundle: [(form, lemma) for lemma, form in some] for bundle, some in written.items()}
        )
        self._bundles = frozenset(written)
        lemmas: dict[str, dict[str, None]] = defaultdict(dict)
        for bundle, some in written.items():
            lemmas[part_of_speech(bundle)].update({lemma: None for lemma, _ in some})
        self._lemmas = {tag: LemmaModel(some) for tag, some in lemmas.items()}

    def of(self, form: str) -> tuple[list[Analysis], Numbers]:
        """Candidates, most votes first, and what speaks for each: (C, 10).

        Beside a network (C, 12), or (C, 14) if there are networks of both directions.
        """
        [found] = self.of_all([form])
        return found

    def of_all(self, forms: Sequence[str]) -> list[tuple[list[Analysis], Numbers]]:
        """`of` many forms, in one batch of the network."""
        if self._network is None:
            return [self._by_votes(form, ()) for form in forms]
        proposed = self._network.propose(forms)
        found = [self._by_votes(*each) for each in zip(forms, proposed, strict=True)]
        pairs = [(form, one) for form, (some, _) in zip(forms, found, strict=True) for one in some]
        scores = {
            (form, one): score
            for form, likely in zip(forms, proposed, strict=True)
            for one, score in likely.items()
        }
        others = [pair for pair in pairs if pair not in scores]
        scores.update(zip(others, self._network.score(others), strict=True))
        said = [[scores[pair] for pair in pairs]]
        if self._network.kinds > 1:
            said.append(self._network.score_back(pairs))
        stops = np.cumsum([len(candidates) for candidates, _ in found])[:-1]
        by_form = np.split(np.array(said), stops, axis=1)
        return [
            (candidates, np.hstack([values, *map(_compared, some)]))
            for (candidates, values), some in zip(found, by_form, strict=True)
        ]

    def _by_votes(self, form: str, proposed: Iterable[Analysis]) -> tuple[list[Analysis], Numbers]:
        """Candidates, those proposed last, and what the tables say of each: (C, 10)."""
        word = self._writing.encode(form)
        shares = [*self._analyses.votes(word, SHARPNESS), self._analyses.combined(word)]
        first, second = list(shares[LEADING])[:CANDIDATES], list(shares[-1])[:COMBINED]
        third = [
            (self._writing.encode(one.lemma), one.features)
            for one in proposed
            if one.lemma and one.features in self._bundles
        ]
        chosen = list(dict.fromkeys([*first, *second, *third]))
        values = [[*self._values(word, one, shares)] for one in chosen]
        decode = self._writing.decode
        candidates = [Analysis(decode(lemma), bundle) for lemma, bundle in chosen]
        return candidates, np.array(values).reshape(len(chosen), VALUES)

    def _values(
        self, word: str, candidate: tuple[str, str], shares: list[dict[tuple[str, str], float]]
    ) -> Iterator[float]:
        lemma, bundle = candidate
        yield from (math.log(some.get(candidate, 0.0) + LEAST_SHARE) for some in shares)
        for back in self._inflections.votes(lemma, BACK, bundle):
            yield math.log(back.get((word, bundle), 0.0) + LEAST_BACK)
            yield float(next(iter(back), None) == (word, bundle))
        yield self._lemmas[part_of_speech(bundle)].log_probability(lemma)


def _compared(scores: Numbers) -> Numbers:
    """Each score, and whether none is higher: (C, 2)."""
    return np.column_stack([scores, scores == scores.max(initial=-math.inf)])


def part_of_speech(bundle: str) -> str:
    """The first feature of a bundle, which is its part of speech in UniMorph."""
    return bundle.partition(";")[0]


def _by_bundle(triples: Iterable[Triple]) -> dict[str, tuple[tuple[str, str], ...]]:
    """(lemma, form) by bundle, in order; of a long list, MOST_PAIRS spread evenly over it."""
    found: dict[str, dict[tuple[str, str], None]] = {}
    for triple in triples:
        if triple.form is not None:
            found.setdefault(triple.features, {})[triple.lemma, triple.form] = None
    return {bundle: tuple(some)[:: len(some) // MOST_PAIRS + 1] for bundle, some in found.items()}


def _histories(lemma: str) -> Iterator[tuple[str, str]]:
    """Each character of a lemma, and its end, with the characters before it."""
    padded = " " * ORDER + lemma + "\n"
    for place in range(ORDER, len(padded)):
        yield padded[place - ORDER : place], padded[place]
