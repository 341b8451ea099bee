"""Votes for a form: affix rules, analogies, neighbouring cells.

`Ranked.kind` says which of these could speak, since their shares mean different things: `affix`
(the affix policy), `analogy` (a bundle that was seen), `cells` (one that was not), `nearest` (not
even a square of cells: the form of the nearest bundle) and `copy`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from morph.edits import merge
from morph.rules.affixes import Affixed, AffixRules, Pair
from morph.rules.analogies import Cells, Neighbours, Square, Vote, Weights, affix_similarity

EVERY_KIND = "every kind"  # the curve of kinds that are too rare for their own
ATTESTED = ("affix", "analogy")  # kinds of answers for bundles of the training pairs
REMEMBERED = 100_000  # rankings that are kept, since cells ask for the same ones again


class Candidate(NamedTuple):
    """A form with its share of the votes, 0 to 1; rule and support as in `RuleAnswer`."""

    form: str
    share: float
    rule: str
    support: int


class Ranked(NamedTuple):
    """Candidates, best first, at least one."""

    kind: str
    forms: tuple[Candidate, ...]


class Voting:
    """The votes of a language's pairs."""

    def __init__(
        self, pairs: Mapping[str, Sequence[Pair]], affixes: AffixRules, weights: Weights
    ) -> None:
        self._pairs = pairs
        self._affixes = affixes
        self._weights = weights
        self._cells: Cells | None = None
        self._neighbours: dict[str, Neighbours] = {}
        self._known: dict[Pair, Ranked] = {}

    def by_affixes(self, lemma: str, features: str) -> Ranked:
        """The form by affix rules; its share is that of the pairs that had a choice.

        If n of the m pairs that have a rule for this end of the word have this one, it is
        (n + 0.5) / (m + 1).
        """
        answer = self._affixes.predict(lemma, features)
        kind = "copy" if answer.rule == "copy" else "affix"
        share = (answer.support + 0.5) / (answer.among + 1)
        return Ranked(kind, (Candidate(answer.form, share, answer.rule, answer.support),))

    def rank(self, lemma: str, features: str) -> Ranked:
        """The candidates for any bundle."""
        key = lemma, features
        if key not in self._known:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            seen = features in self._pairs
            self._known[key] = self._of_seen(*key) if seen else self._of_unseen(*key)
        return self._known[key]

    def evidence(self, lemma: str, features: str) -> tuple[Affixed, list[Vote]]:
        """What the affix rules and the analogies say, before they are weighed."""
        if features not in self._neighbours:
            self._neighbours[features] = Neighbours(self._pairs[features])
        return self._affixes.predict(lemma, features), self._neighbours[features].votes(lemma)

    def _of_seen(self, lemma: str, features: str) -> Ranked:
        return Ranked("analogy", tally(*self.evidence(lemma, features), self._weights))

    def _of_unseen(self, lemma: str, features: str) -> Ranked:
        if self._cells is None:
            self._cells = Cells({bundle: len(some) for bundle, some in self._pairs.items()})
        found = self._by_squares(lemma, self._cells.squares(features))
        if found:
            return Ranked("cells", found)
        near = self._cells.nearest(features)
        if not near:
            return Ranked("copy", (Candidate(lemma, 1.0, "copy", 0),))
        forms = self.rank(lemma, near[0]).forms
        return Ranked("nearest", tuple(one._replace(rule=f"as {near[0]}") for one in forms))

    def _by_squares(self, lemma: str, squares: Sequence[Square]) -> tuple[Candidate, ...]:
        """The forms that squares of cells give, each counted by how sure its corners are."""
        weights: dict[str, float] = {}
        first: dict[str, tuple[str, int]] = {}
        for square in squares:
            corners = [self.rank(lemma, bundle).forms[0] for bundle in square[:3]]
            form = merge(*(corner.form for corner in corners))
            if form is not None:
                sure = corners[0].share * corners[1].share * corners[2].share / square.distance
                weights[form] = weights.get(form, 0.0) + sure
                rule = "{} : {} = {}".format(*(corner.form for corner in corners))
                first.setdefault(form, (rule, min(corner.support for corner in corners)))
        return _ranked(weights, first)


def tally(affixed: Affixed, found: Sequence[Vote], weights: Weights) -> tuple[Candidate, ...]:
    """Candidates by the sum of their votes; the rule is that of the weightiest vote."""
    by_affixes = weights.of(affix_similarity(affixed.length))
    sums = {affixed.form: by_affixes}
    best = {affixed.form: by_affixes}
    speakers = {affixed.form: affixed.rule}
    support = {affixed.form: affixed.support}
    for vote in found:
        weight = weights.of(vote.similarity())
        sums[vote.form] = sums.get(vote.form, 0.0) + weight
        support[vote.form] = support.get(vote.form, 0) + 1
        if weight > best.get(vote.form, 0.0):
            best[vote.form] = weight
            speakers[vote.form] = f"{vote.pair[0]} : {vote.pair[1]}"
    return _ranked(sums, {form: (speakers[form], support[form]) for form in sums})


def _ranked(
    weights: Mapping[str, float], about: Mapping[str, tuple[str, int]]
) -> tuple[Candidate, ...]:
    """Heaviest first, of equals the first that got a vote."""
    total = sum(weights.values())
    ordered = sorted(weights, key=lambda form: -weights[form])
    return tuple(Candidate(form, weights[form] / total, *about[form]) for form in ordered)
