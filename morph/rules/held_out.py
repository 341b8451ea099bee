"""Weights of votes and confidences, learned on held-out lemmas.

A share of the lemmas is set aside, all their pairs with them, as in the shared tasks' splits. The
weights are those of a small grid with which most of the held-out forms come out right; of weights
that do as well, the grid's first. The curves turn shares of votes into confidences. Where parts of
letters can change (`morph.graphemes`), it is tried whether rules over parts do better than rules
over characters.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from data.randomness import stream
from morph.graphemes import SCHEMES, Writing
from morph.rules.affixes import Affixed, AffixRules, Pair
from morph.rules.analogies import GRID, Vote, Weights, affix_similarity
from morph.rules.calibration import Curve
from morph.rules.voting import EVERY_KIND, Ranked, Voting

Numbers = npt.NDArray[Any]

SHARE, MOST_ITEMS = 0.1, 1000
LEAST_ITEMS = 40  # of a kind, for a curve of its own


class Item(NamedTuple):
    """A form to be found."""

    lemma: str
    features: str
    form: str


class Ballot(NamedTuple):
    """The votes for one item.

    similarities: (votes, 7), votes for the same form together. sizes: how many votes each form has.
    right: whether it is the right form.
    """

    similarities: Numbers
    sizes: list[int]
    right: list[bool]


class RuleParameters(NamedTuple):
    """What was learned: how to write words (`morph.graphemes`), weights, curves by kind."""

    scheme: str
    weights: Weights
    curves: dict[str, Curve]


def fit_parameters(
    pairs: Mapping[str, Sequence[Pair]], *, policy: str, reverse: bool, seed: int
) -> RuleParameters:
    """What helps on held-out lemmas; the defaults where there is but one lemma.

    Affix rules always change characters, as those of the shared tasks do.
    """
    known, items = _held_out_split(pairs, seed)
    if policy == "affix":
        voting = Voting(known, AffixRules(known, reverse=reverse), Weights())
        by_kind = curves((voting.by_affixes(*item[:2]), item.form) for item in items)
        return RuleParameters(SCHEMES[0], Weights(), by_kind)
    best, most = RuleParameters(SCHEMES[0], Weights(), {}), -1
    for scheme in SCHEMES:
        writing = Writing(scheme)
        written = writing.encode_pairs(known)
        if scheme != SCHEMES[0] and written == known:
            continue
        wanted = [
            Item(writing.encode(item.lemma), item.features, writing.encode(item.form))
            for item in items
        ]
        affixes = AffixRules(written, reverse=reverse)
        weights = best_weights(Voting(written, affixes, Weights()), written, wanted)
        voting = Voting(written, affixes, weights)
        answers = [(voting.rank(*item[:2]), item.form) for item in wanted]
        right = sum(ranked.forms[0].form == form for ranked, form in answers)
        if right > most:
            best, most = RuleParameters(scheme, weights, curves(answers)), right
    return best


def best_weights(
    voting: Voting, known: Mapping[str, Sequence[Pair]], items: Sequence[Item]
) -> Weights:
    """The weights of GRID with which most items of seen bundles come out right."""
    seen = [item for item in items if item.features in known]
    evidence = [(*voting.evidence(item.lemma, item.features), item.form) for item in seen]
    # What all votes agree on tells nothing about weights.
    ballots = [_ballot(*one) for one in evidence if {vote.form for vote in one[1]} - {one[0].form}]
    if not ballots:
        return Weights()
    hits = _hits(ballots, np.array([weights.logarithms() for weights in GRID]))
    return GRID[int(np.argmax(hits))]


def curves(answers: Iterable[tuple[Ranked, str]]) -> dict[str, Curve]:
    """A curve for every kind with enough answers, and one for the rest."""
    found: dict[str, list[tuple[float, bool]]] = {}
    for ranked, form in answers:
        best = ranked.forms[0]
        found.setdefault(ranked.kind, []).append((best.share, best.form == form))
    kinds = {kind: some for kind, some in found.items() if len(some) >= LEAST_ITEMS}
    kinds[EVERY_KIND] = list(chain.from_iterable(found.values()))
    return {
        kind: Curve.fit([share for share, _ in some], [right for _, right in some])
        for kind, some in sorted(kinds.items())
    }


def _ballot(affixed: Affixed, votes: Sequence[Vote], form: str) -> Ballot:
    """The votes for one item, those for the same form beside one another."""
    numbers: dict[str, list[tuple[float, ...]]] = {}
    numbers[affixed.form] = [affix_similarity(affixed.length)]
    for vote in votes:
        numbers.setdefault(vote.form, []).append(vote.similarity())
    sizes = [len(some) for some in numbers.values()]
    rows = list(chain.from_iterable(numbers.values()))
    return Ballot(np.array(rows), sizes, [one == form for one in numbers])


def _hits(ballots: Sequence[Ballot], grid: Numbers) -> Numbers:
    """How many items each line of the grid, (W, 7), gets right: (W,)."""
    weights = np.exp(np.concatenate([one.similarities for one in ballots]) @ grid.T)  # (votes, W)
    sums = np.add.reduceat(weights, _starts([size for one in ballots for size in one.sizes]))
    right = np.array([correct for one in ballots for correct in one.right])  # (forms,)
    starts = _starts([len(one.sizes) for one in ballots])
    highest = np.maximum.reduceat(sums, starts)  # (items, W)
    correct: Numbers = np.maximum.reduceat(np.where(right[:, None], sums, 0.0), starts)
    hits: Numbers = (correct >= highest).sum(axis=0)
    return hits


def _starts(sizes: Sequence[int]) -> Numbers:
    return np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.intp)


def _held_out_split(
    pairs: Mapping[str, Sequence[Pair]], seed: int
) -> tuple[dict[str, tuple[Pair, ...]], list[Item]]:
    """The pairs of the lemmas that stay, and up to MOST_ITEMS of those that are held out."""
    lemmas = sorted({lemma for some in pairs.values() for lemma, _ in some})
    number = max(1, round(SHARE * len(lemmas))) if len(lemmas) > 1 else 0
    held = set(stream(seed, "held-out lemmas").sample(lemmas, number))
    stay = {key: tuple(pair for pair in some if pair[0] not in held) for key, some in pairs.items()}
    items = [
        Item(lemma, key, form)
        for key, some in pairs.items()
        for lemma, form in some
        if lemma in held
    ]
    if len(items) > MOST_ITEMS:
        items = stream(seed, "held-out items").sample(items, MOST_ITEMS)
    return {key: some for key, some in stay.items() if some}, items
