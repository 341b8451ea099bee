"""Which analysis is right, and how sure that is: learned on lemmas that were held out.

    ranking = learn_ranking(triples)
    ranking.ranked(evidence.of("alilala"))

A log-linear model over the candidates of a form: the probability of one is in proportion to
exp(weights . values), its values being those of `morph.analyse.evidence`. The weights make what is
right likely on forms of held-out lemmas: those of one fold of the lemmas after the other, with the
rest as the tables, until enough forms have been judged. Where a form has several analyses it is
their sum that is made likely, so that they need not compete.

Confidence is how often candidates of such a probability were right, of forms whose lemmas did not
take part in learning the weights (`morph.rules.calibration`).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import stdev
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from data.bounded import read_json
from data.errors import InputError
from data.files import canonical_json, write_whole
from data.lexicon.lemmas import Analysis
from data.randomness import stream
from data.unimorph import Triple
from morph.analyse.evidence import LEADING, VALUES, Evidence
from morph.graphemes import SCHEMES, Writing
from morph.rules.calibration import Curve

if TYPE_CHECKING:
    from morph.analyse.network import Network

Numbers = npt.NDArray[Any]

FORMAT = "kilolingua analysis 1"  # another number where the same file would rank otherwise
FOLDS = 5
MOST_FORMS = 500  # to be judged
LEAST_LEMMAS, LEAST_FORMS = 4, 12  # below which nothing can be learned, or held out
# Before anything is learned, the votes that choose candidates rank them.
VOTES = tuple(float(place == LEADING) for place in range(VALUES))
A_LEMMA = 10  # forms of it at most, of those that weigh a network
BESIDE = (0.2, 0.0)  # weights of the values of each kind of network, about as on dev parts
RIDGE = 20.0
HALF = 0.5  # of the lemmas
NEWTON_STEPS, HALVINGS, SMALL, LEAST = 50, 10, 1e-4, 1e-300
CALIBRATED = 5  # candidates of a form, from which confidence is learned
SHAPE = {"format": str, "scheme": str, "weights": [float], "curve": [[float]]}


class Judged(NamedTuple):
    """A form of a held-out lemma: the values of its candidates (C, V), which are right (C,)."""

    lemma: str
    values: Numbers
    right: Numbers


class Ranked(NamedTuple):
    """An analysis, and how often such ones were right on held-out lemmas, 0 to 1."""

    analysis: Analysis
    confidence: float


class Ranking(NamedTuple):
    """Weights of the values, (V,), and the curve from probabilities to confidences.

    V is 10, 12 beside a network, or 14 beside networks of both directions.
    """

    scheme: str
    weights: tuple[float, ...]
    curve: Curve

    def ranked(self, candidates: Sequence[Analysis], values: Numbers) -> list[Ranked]:
        """The candidates by their probability, likeliest first, of equals the first."""
        shares = probabilities(values, np.array(self.weights))
        order = np.argsort(-shares, kind="stable").tolist()
        return [Ranked(candidates[one], self.curve(float(shares[one]))) for one in order]

    @property
    def has_network(self) -> bool:
        """Whether a network's values are among those that are weighed."""
        return self.kinds > 0

    @property
    def kinds(self) -> int:
        """Of how many kinds of networks (`morph.analyse.network`) values are weighed, 0 to 2."""
        return (len(self.weights) - VALUES) // len(BESIDE)

    def to_json(self) -> dict[str, Any]:
        """All fields."""
        return {
            "format": FORMAT,
            "scheme": self.scheme,
            "weights": list(self.weights),
            "curve": self.curve.to_json(),
        }

    def save(self, path: Path) -> None:
        """Write what `load` reads."""
        write_whole(path, canonical_json(self.to_json()) + "\n")

    @classmethod
    def load(cls, path: Path, *, kinds: int = 0) -> Ranking:
        """What `save` wrote.

        Args:
            kinds: of networks beside which it may be; all of them, or none.

        Raises:
            InputError: it is something else.
        """
        found = read_json(path, SHAPE)
        sizes = {VALUES, VALUES + kinds * len(BESIDE)}
        if found["format"] != FORMAT or len(found["weights"]) not in sizes:
            raise InputError(
                f"{path}: expected {FORMAT}, of the networks that stand beside it or of none,"
                " found another version; learn it again"
            )
        return cls(found["scheme"], tuple(found["weights"]), Curve.from_json(found["curve"]))


def learn_ranking(triples: Sequence[Triple], *, seed: int = 1) -> Ranking:
    """Weights and confidences from a table alone; the same for the same table and seed.

    Where parts of letters can change (`morph.graphemes`) that is tried as well.

    Raises:
        InputError: too few lemmas or forms to hold some out.
    """
    return fit(*_best_scheme(triples, seed))


def _best_scheme(triples: Sequence[Triple], seed: int) -> tuple[str, list[Judged]]:
    """The scheme by which the right candidates are likelier, and what was judged by it."""
    known = [triple for triple in triples if triple.form is not None]
    check_enough(known)
    schemes = [SCHEMES[0], *filter(lambda scheme: _changes(known, scheme), SCHEMES[1:])]
    judged = {scheme: judge(known, scheme, seed) for scheme in schemes}
    best = max(schemes, key=lambda scheme: _hits(judged[scheme]))  # of equals the first
    return best, judged[best]


def check_enough(triples: Sequence[Triple], name: str = "") -> None:
    """Refuse tables from which nothing can be learned.

    Args:
        name: of the table, for the message.

    Raises:
        InputError: too few lemmas or forms to hold some out.
    """
    lemmas = len({triple.lemma for triple in triples})
    if lemmas < LEAST_LEMMAS or len(triples) < LEAST_FORMS:
        where = f"{name}: " if name else ""
        raise InputError(
            f"{where}expected at least {LEAST_FORMS} forms of {LEAST_LEMMAS} lemmas to learn from,"
            f" found {len(triples)} of {lemmas}; only words of the table itself can be analysed:"
            " give a larger one"
        )


def learn_ranking_beside(
    network: Network, tables: Sequence[Triple], held: Sequence[Triple], *, seed: int = 1
) -> Ranking:
    """Weights and confidences where a network speaks too, learned on lemmas that it has not seen.

    These may be few, and forms of one lemma say the same. So no lemma teaches weights by more than
    A_LEMMA forms (confidence is learned from all that are judged, or it would be that of lemmas and
    not of forms), and what the tables' word is worth is taught by what `learn_ranking` judges of
    all lemmas: there the network says nothing, of all candidates alike.

    Args:
        tables: what the network learned from. held: of other lemmas.

    Returns:
        The ranking of the tables alone, unless beside the network more first answers are right, by
        more than a standard error over the lemmas: of few of them, some are always better.

    Raises:
        InputError: as `learn_ranking`.
    """
    scheme, alone = _best_scheme([*tables, *held], seed)
    beside = BESIDE * network.kinds
    silent = [one._replace(values=np.pad(one.values, ((0, 0), (0, len(beside))))) for one in alone]
    gold = gold_of(held, {one.form for one in tables})
    forms = stream(seed, "held").sample(sorted(gold), len(gold))[:MOST_FORMS]
    judged = list(_judged(forms, gold, Evidence(tables, scheme, network)))
    start, plain = (*VOTES, *beside), fit(scheme, alone)
    gains: Counter[str] = Counter()  # first answers that are right, by lemma
    for learned, kept in _halves(_some_of_each(judged)):
        gains.update(_first_right(kept, fit_weights([*silent, *learned], start)))
    without = list(_judged(forms, gold, Evidence(tables, scheme)))
    gains.subtract(_first_right(_some_of_each(without), np.array(plain.weights)))
    return fit(scheme, judged, start, silent) if _pays([*gains.values()]) else plain


def _pays(gains: Sequence[int]) -> bool:
    """Whether the sum of the lemmas' gains is above its standard error.

    The rule of one standard error (Breiman et al. 1984, Classification and regression trees).

    >>> _pays([2, 2, 1, 1, 0, 0, -1, -2]), _pays([2, 2, 1, 1, 0, 0, 0, -1]), _pays([5])
    (False, True, False)
    """
    if len(gains) < 2:  # one says nothing of others
        return False
    return sum(gains) > math.sqrt(len(gains)) * stdev(gains)


def judge(triples: Sequence[Triple], scheme: str, seed: int) -> list[Judged]:
    """The evidence about forms of held-out lemmas that the others' tables lack, fold by fold."""
    lemmas = sorted({triple.lemma for triple in triples})
    stream(seed, "folds").shuffle(lemmas)
    found: list[Judged] = []
    for fold in range(FOLDS):
        held = set(lemmas[fold::FOLDS])
        tables = [triple for triple in triples if triple.lemma not in held]
        gold = gold_of((t for t in triples if t.lemma in held), {t.form for t in tables})
        evidence = Evidence(tables, scheme)
        forms = stream(seed, f"forms {fold}").sample(sorted(gold), len(gold))
        found += _judged(forms[: MOST_FORMS - len(found)], gold, evidence)
        if len(found) == MOST_FORMS:
            break
    return found


def _judged(
    forms: Sequence[str], gold: Mapping[str, set[Analysis]], evidence: Evidence
) -> Iterator[Judged]:
    for form, (candidates, values) in zip(forms, evidence.of_all(forms), strict=True):
        right = np.array([one in gold[form] for one in candidates], dtype=bool)
        yield Judged(min(gold[form]).lemma, values, right)


def gold_of(
    triples: Iterable[Triple], known: Container[str | None] = ()
) -> dict[str, set[Analysis]]:
    """Every analysis of each form, but for forms that are known.

    >>> rows = [("go", "V;PST", "went"), ("wend", "V;PST", "went"), ("go", "V;PRS", "goes")]
    >>> gold = gold_of([Triple(*row) for row in rows], {"goes"})
    >>> {form: sorted(one.lemma for one in analyses) for form, analyses in gold.items()}
    {'went': ['go', 'wend']}
    """
    found: dict[str, set[Analysis]] = {}
    for triple in triples:
        if triple.form is not None and triple.form not in known:
            found.setdefault(triple.form, set()).add(Analysis(triple.lemma, triple.features))
    return found


def fit(
    scheme: str,
    judged: Sequence[Judged],
    start: Sequence[float] = VOTES,
    others: Sequence[Judged] = (),
) -> Ranking:
    """The ranking that makes the right candidates likely; that by the first weights of no forms.

    Args:
        others: teach weights as well, and no confidence; beside them no lemma teaches more than
            A_LEMMA forms.
    """
    teach = _some_of_each if others else list
    scored: list[tuple[float, bool]] = []
    for learned, kept in _halves(judged):
        weights = fit_weights([*others, *teach(learned)], start)
        for one in kept:
            shares = probabilities(one.values, weights)
            nearest = np.argsort(-shares, kind="stable")[:CALIBRATED].tolist()
            scored += [(float(shares[place]), bool(one.right[place])) for place in nearest]
    curve = Curve.fit([share for share, _ in scored], [right for _, right in scored])
    weights = fit_weights([*others, *teach(judged)], start)
    return Ranking(scheme, tuple(weights.tolist()), curve)


def _some_of_each(judged: Iterable[Judged]) -> list[Judged]:
    """The first A_LEMMA forms of each lemma."""
    seen: Counter[str] = Counter()
    found: list[Judged] = []
    for one in judged:
        seen[one.lemma] += 1
        if seen[one.lemma] <= A_LEMMA:
            found.append(one)
    return found


def _halves(judged: Sequence[Judged]) -> tuple[list[list[Judged]], list[list[Judged]]]:
    """The forms of half of the lemmas and those of the others, and the same the other way round."""
    halves = [
        [one for one in judged if (stream(0, one.lemma).random() < HALF) == first]
        for first in (True, False)
    ]
    return halves, halves[::-1]


def _first_right(judged: Sequence[Judged], weights: Numbers) -> Counter[str]:
    """Of how many forms of each lemma the likeliest candidate is right."""
    found = Counter({one.lemma: 0 for one in judged})
    for one in judged:
        if one.right.any():
            found[one.lemma] += int(one.right[(one.values @ weights).argmax()])
    return found


def fit_weights(judged: Sequence[Judged], first: Sequence[float] = VOTES) -> Numbers:
    """Penalised maximum likelihood of the sum over right candidates: Fisher scoring, damped.

    Forms none of whose candidates is right, or all, say nothing about weights.

    Args:
        first: the weights before anything is learned, from which the penalty keeps others.
    """
    telling = [one for one in judged if one.right.any() and not one.right.all()]
    start = np.array(first)
    weights = start.copy()
    cost = _cost(telling, weights, start)
    for _ in range(NEWTON_STEPS):
        slope, curvature = RIDGE * (weights - start), RIDGE * np.eye(len(start))
        for one in telling:
            shares = probabilities(one.values, weights)
            mean = shares @ one.values
            right = probabilities(one.values[one.right], weights)
            slope += mean - right @ one.values[one.right]
            curvature += (one.values.T * shares) @ one.values - np.outer(mean, mean)
        step = np.linalg.solve(curvature, slope)
        trials = (weights - step / 2**half for half in range(HALVINGS))
        better = next(((w, c) for w in trials if (c := _cost(telling, w, start)) < cost), None)
        if better is None or cost - better[1] < SMALL:
            break
        weights, cost = better
    return weights


def _cost(judged: Sequence[Judged], weights: Numbers, start: Numbers) -> float:
    """The negative log likelihood (nats) with its penalty."""
    penalty = RIDGE / 2 * float(((weights - start) ** 2).sum())
    right = (float(probabilities(one.values, weights)[one.right].sum()) for one in judged)
    return penalty - sum(math.log(max(share, LEAST)) for share in right)


def probabilities(values: Numbers, weights: Numbers) -> Numbers:
    """The share of each candidate, (C,): they sum to 1."""
    scores = values @ weights
    shares = np.exp(scores - scores.max(initial=-np.inf))
    return np.asarray(shares / max(shares.sum(), LEAST))


def _hits(judged: Sequence[Judged]) -> float:
    """The sum of the probabilities of what is right, by the weights that were learned on it."""
    weights = fit_weights(judged)
    return sum(float(probabilities(one.values, weights)[one.right].sum()) for one in judged)


def _changes(triples: Iterable[Triple], scheme: str) -> bool:
    """Whether a scheme writes some word otherwise than it stands."""
    writing = Writing(scheme)
    words = (word for t in triples for word in (t.lemma, t.form or ""))
    return any(writing.encode(word) != word for word in words)
