"""Model or rules? A choice and its confidence, learned on dev data.

    calibration = calibrate(transducer, rules, dev)
    calibration.save(Path("runs/morph-swa-1f3c/model"))

A model gives the probability of the whole form; how often such forms are right is another number,
which curves tell (`morph.rules.calibration`): one for forms on which model and rules agree,
for agreement says much, and one for each of them where they differ and its form is given. The file
stands beside the model: calibration.json.

Whose form is given where they differ, a `Preference` says: a logistic regression over what both
know: how sure the model is of its form, how much less likely it finds the rules' form, and how sure
the rules are. The middle one carries the most: a form that the model nearly gave as well and that
the rules give too is often right, and one that the model finds absurd hardly ever. It is four
numbers, so a few hundred dev items suffice; a ridge of 1 on all but the bias keeps them small where
the dev data say little. It is kept only where it pays: each tenth of the dev lemmas is judged by
what the others taught, and if that gives no more right forms than the model alone, the model always
wins.
"""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

from data.bounded import check_shape
from data.errors import InputError
from data.files import write_whole
from data.randomness import stream
from data.unimorph import Triple
from morph.orthography import are_same, composed
from morph.rules import RuleAnswer, Rules
from morph.rules.calibration import Curve, Step, expected_calibration_error, read_learned
from morph.transducer import Hypothesis, Transducer

LEAST = 4  # items, or nothing is learned
RIDGE = 1.0
LOWEST = -30.0  # log probabilities below it are all alike: the model would never write that
SURE = 1e-4  # probabilities are kept that far from 0 and 1
NEWTON_STEPS, SMALL = 30, 1e-9


class Evidence(NamedTuple):
    """What is known of two forms that differ.

    model, rival: the natural logarithms of the probabilities that the model gives its own form and
    the rules' form; rival may be minus infinity. rules: the rules' confidence, 0 to 1;
    0 where it was not measured.
    """

    model: float
    rival: float
    rules: float

    def values(self) -> list[float]:
        """The regression's inputs, of about equal spread; the first is 1, for the bias.

        >>> [round(one, 2) for one in Evidence(math.log(0.5), -math.inf, 0.9).values()]
        [1.0, 0.0, -5.86, 0.55]
        """
        lead = max(self.rival, LOWEST) - max(self.model, LOWEST)
        return [1.0, _logit(math.exp(min(self.model, 0.0))) / 4, lead / 5, _logit(self.rules) / 4]


class Preference(NamedTuple):
    """Weights of `Evidence.values`; none of them: the model is always preferred."""

    weights: tuple[float, ...] = ()

    @classmethod
    def fit(cls, evidence: Sequence[Evidence], rules_right: Sequence[bool]) -> Preference:
        """Learn from items where exactly one form was right; of fewer than LEAST, nothing.

        Penalised maximum likelihood by Newton's method (iteratively reweighted least squares).

        >>> sure, unsure = Evidence(-0.1, -9.0, 0.5), Evidence(-1.5, -1.6, 0.9)
        >>> preference = Preference.fit([sure, unsure] * 10, [False, True] * 10)
        >>> preference.prefers_rules(sure), preference.prefers_rules(unsure)
        (False, True)
        """
        import numpy as np

        if len(evidence) < LEAST:
            return cls()
        inputs = np.array([one.values() for one in evidence])
        wanted = np.array(rules_right, dtype=float)
        ridge = np.diag([SMALL, *[RIDGE] * (inputs.shape[1] - 1)])
        weights = np.zeros(inputs.shape[1])
        for _ in range(NEWTON_STEPS):
            chance = 1 / (1 + np.exp(-np.clip(inputs @ weights, LOWEST, -LOWEST)))
            slope = inputs.T @ (chance - wanted) + ridge @ weights
            curvature = (inputs.T * (chance * (1 - chance))) @ inputs + ridge
            step = np.linalg.solve(curvature, slope)
            weights -= np.clip(step, -1.0, 1.0)
            if float(np.abs(step).max()) < SMALL:
                break
        return cls(tuple(float(weight) for weight in weights))

    def prefers_rules(self, evidence: Evidence) -> bool:
        """Whether the rules' form is the likelier one."""
        pairs = zip(self.weights, evidence.values(), strict=True) if self.weights else ()
        return sum(weight * value for weight, value in pairs) > 0

    @classmethod
    def from_json(cls, value: Any) -> Preference:
        """The weights that were written as a list.

        Raises:
            InputError: it is something else.
        """
        inputs = len(Evidence(0.0, 0.0, 0.5).values())
        if not isinstance(value, list) or len(value) not in (0, inputs):
            raise InputError(
                f"calibration: expected no weights or {inputs}, found {value!r}; calibrate again"
            )
        return cls(tuple(map(float, value)))


def _logit(probability: float) -> float:
    kept = min(max(probability, SURE), 1 - SURE)
    return math.log(kept / (1 - kept))


_LOG = logging.getLogger(__name__)

FILE = "calibration.json"
FORMAT = "kilolingua calibration 2"
FOLDS = 10


class Curves(NamedTuple):
    """Confidences: of forms that both give, by the model's probability; of each where they differ.

    model, rules: of those that are given; rules: by the rules' own confidence.
    """

    agree: Curve
    model: Curve
    rules: Curve


class Calibration(NamedTuple):
    """What was learned on dev data.

    figures: on the same dev items, each judged by what other lemmas taught: accuracy of model,
    rules and both, expected calibration errors, all 0-100, and the number of items.
    """

    curves: Curves
    preference: Preference = Preference()
    figures: dict[str, float] = {}  # noqa: RUF012

    def save(self, folder: Path) -> None:
        """Write the file beside a model."""
        about = {
            "format": FORMAT,
            "curves": {name: curve.to_json() for name, curve in self.curves._asdict().items()},
            "weighing": list(self.preference.weights),  # as files of this format call it
            "figures": {name: round(value, 4) for name, value in self.figures.items()},
        }
        write_whole(folder / FILE, json.dumps(about, indent=1, sort_keys=True) + "\n")

    @classmethod
    def load(cls, folder: Path) -> Calibration | None:
        """What stands beside a model; None if nothing does.

        Raises:
            InputError: the file is something else.
        """
        path = folder / FILE
        if not path.is_file():
            return None
        about = read_learned(path, "calibrate again with --calibrate")
        try:
            if about.get("format") != FORMAT:
                raise ValueError(about.get("format"))
            curves = {name: Curve.from_json(one) for name, one in about["curves"].items()}
            preference = Preference.from_json(about["weighing"])
            check_shape(about["figures"], {str: float}, str(path), "figures")
            return cls(Curves(**curves), preference, about["figures"])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(
                f'{path}: expected "{FORMAT}", found {error}; calibrate again with --calibrate'
            ) from error


_AS_IT_IS = Curve((Step(0.0, 0.0, 0), Step(1.0, 1.0, 0)))
UNCALIBRATED = Calibration(Curves(_AS_IT_IS, _AS_IT_IS, _AS_IT_IS))


class Choice(NamedTuple):
    """The form that is given; alternatives: other forms, best first.

    confidence: 0 to 1; None of a rule's where nobody has measured it.
    """

    form: str
    by: Literal["model", "rule"]
    confidence: float | None
    alternatives: tuple[str, ...]


def decide(
    hypotheses: Sequence[Hypothesis], answer: RuleAnswer, rival: float, calibration: Calibration
) -> Choice:
    """Choose between a model's hypotheses, at least one and best first, and the rules' answer.

    Args:
        rival: the log probability that the model gives the rules' form.

    >>> model = [Hypothesis("hasomi", -0.05), Hypothesis("hasoma", -3.0)]
    >>> decide(model, RuleAnswer("hasoma", "", 3, 0.6), -3.0, UNCALIBRATED)
    Choice(form='hasomi', by='model', confidence=0.951229424500714, alternatives=('hasoma',))
    """
    best = hypotheses[0]
    curves = calibration.curves
    forms = [*(hypothesis.form for hypothesis in hypotheses), answer.form]
    forms += [form for form, _ in answer.alternatives]
    if are_same(best.form, answer.form):
        return Choice(best.form, "model", curves.agree(_probability(best)), _other(forms))
    sure = answer.confidence
    if calibration.preference.prefers_rules(Evidence(best.score, rival, sure or 0.0)):
        others = _other([answer.form, *forms])
        return Choice(answer.form, "rule", None if sure is None else curves.rules(sure), others)
    return Choice(best.form, "model", curves.model(_probability(best)), _other(forms))


def choose(
    model: Transducer,
    items: Sequence[tuple[str, str]],
    hypotheses: Sequence[Sequence[Hypothesis]],
    answers: Sequence[RuleAnswer],
    calibration: Calibration,
) -> list[Choice]:
    """A choice an item: between the model's hypotheses, best first, and what the rules say."""
    rivals = _rivals(model, items, [some[0] for some in hypotheses], answers)
    return [
        decide(some, answer, rival, calibration)
        for some, answer, rival in zip(hypotheses, answers, rivals, strict=True)
    ]


def _rivals(
    model: Transducer,
    items: Sequence[tuple[str, str]],
    best: Sequence[Hypothesis],
    answers: Sequence[RuleAnswer],
) -> list[float]:
    """The log probabilities that the model gives the rules' forms, where they are not its own."""
    pairs = enumerate(zip(best, answers, strict=True))
    differ = [place for place, (own, answer) in pairs if not are_same(own.form, answer.form)]
    rivals = [hypothesis.score for hypothesis in best]
    scores = model.score([(*items[place], answers[place].form) for place in differ])
    for place, score in zip(differ, scores, strict=True):
        rivals[place] = score
    return rivals


def calibrate(
    model: Transducer, rules: Rules, dev: Sequence[Triple], *, seed: int = 1
) -> Calibration:
    """Learn curves and preference on triples from which neither the model nor the rules learned.

    Raises:
        InputError: no triples with a form.
    """
    gold = [triple for triple in dev if triple.form is not None]
    if not gold:
        raise InputError("calibration: expected triples with forms, found none; give a dev file")
    asked = [(triple.lemma, triple.features) for triple in gold]
    best = [some[0] for some in model.predict(asked)]
    answers = [rules.predict(*item) for item in asked]
    items = list(map(_item, gold, best, answers, _rivals(model, asked, best, answers)))
    judged = _cross_validated(items, seed)
    alone = sum(item.model_right for item in items)
    pays = sum(right for _, right in judged) > alone
    preference = _preference(items) if pays else Preference()
    curves = _curves(items, preference)
    if not pays:
        judged = [_given(item, curves, preference) for item in items]
    figures = _figures(items, judged)
    _LOG.info("calibrated on %d items: %s", len(items), figures)
    return Calibration(curves, preference, figures)


class _Item(NamedTuple):
    """One dev item: what both sides say, and who was right."""

    lemma: str
    agree: bool
    evidence: Evidence
    model_right: bool
    rules_right: bool

    @property
    def probability(self) -> float:
        return min(1.0, math.exp(self.evidence.model))


def _item(gold: Triple, best: Hypothesis, answer: RuleAnswer, rival: float) -> _Item:
    form = gold.form or ""
    right = are_same(best.form, form), are_same(answer.form, form)
    evidence = Evidence(best.score, rival, answer.confidence or 0.0)
    return _Item(gold.lemma, are_same(best.form, answer.form), evidence, *right)


def _cross_validated(items: Sequence[_Item], seed: int) -> list[tuple[float, bool]]:
    """Confidence and rightness of each item, by what the lemmas of the other folds taught."""
    lemmas = sorted({item.lemma for item in items})
    stream(seed, "calibration folds").shuffle(lemmas)
    fold = {lemma: place % FOLDS for place, lemma in enumerate(lemmas)}
    taught = []
    for number in range(FOLDS):
        others = [item for item in items if fold[item.lemma] != number]
        preference = _preference(others)
        taught.append((_curves(others, preference), preference))
    return [_given(item, *taught[fold[item.lemma]]) for item in items]


def _preference(items: Sequence[_Item]) -> Preference:
    telling = [item for item in items if item.model_right != item.rules_right]
    return Preference.fit(
        [item.evidence for item in telling], [item.rules_right for item in telling]
    )


def _by_rules(item: _Item, preference: Preference) -> bool:
    return not item.agree and preference.prefers_rules(item.evidence)


def _given(item: _Item, curves: Curves, preference: Preference) -> tuple[float, bool]:
    """The confidence of the form that is given, and whether it is right."""
    if _by_rules(item, preference):
        return curves.rules(item.evidence.rules), item.rules_right
    return (curves.agree if item.agree else curves.model)(item.probability), item.model_right


def _curves(items: Sequence[_Item], preference: Preference) -> Curves:
    agree = [item for item in items if item.agree]
    rules = [item for item in items if _by_rules(item, preference)]
    model = [item for item in items if not item.agree and not _by_rules(item, preference)]
    return Curves(
        Curve.fit([item.probability for item in agree], [item.model_right for item in agree]),
        Curve.fit([item.probability for item in model], [item.model_right for item in model]),
        Curve.fit([item.evidence.rules for item in rules], [item.rules_right for item in rules]),
    )


def _figures(items: Sequence[_Item], judged: Sequence[tuple[float, bool]]) -> dict[str, float]:
    right = [item.model_right for item in items]
    by_rules = [item.rules_right for item in items]
    error = expected_calibration_error
    return {
        "items": float(len(items)),
        "accuracy model": 100 * sum(right) / len(items),
        "accuracy rules": 100 * sum(by_rules) / len(items),
        "accuracy both": 100 * sum(correct for _, correct in judged) / len(items),
        "calibration error model": error([item.probability for item in items], right),
        "calibration error rules": error([item.evidence.rules for item in items], by_rules),
        "calibration error both": error([sure for sure, _ in judged], [ok for _, ok in judged]),
    }


def _probability(hypothesis: Hypothesis) -> float:
    return min(1.0, math.exp(hypothesis.score))


def _other(forms: Sequence[str]) -> tuple[str, ...]:
    """All but the first form, each once, whatever the normal form."""
    by_key = {composed(form): form for form in reversed(forms)}
    return tuple(form for form in dict.fromkeys(map(by_key.get, map(composed, forms))) if form)[1:]
