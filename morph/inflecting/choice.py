"""Model or rules? Confidences of both, and a choice between their forms, learned on dev data.

    calibration = calibrate(transducer, rules, dev)
    calibration.save(Path("runs/morph-swa-1f3c/model"))

A model gives the probability of the whole form; how often such forms are right is another number,
which curves tell (`morph.inflecting.calibration`): one for forms on which model and rules agree,
for agreement says much, and one for each of them where they differ and its form is given. Whose
form that is, a `Weighing` of the evidence says, and it is kept only where it pays: each tenth of
the dev lemmas is judged by what the others taught, and if that gives no more right forms than the
model alone, the model always wins. The file stands beside the model: calibration.json.
"""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple, Protocol

from data.bounded import check_shape
from data.errors import InputError
from data.files import write_whole
from data.randomness import stream
from data.unimorph import Triple
from morph.inflecting.calibration import Curve, Step, expected_calibration_error, read_learned
from morph.inflecting.weighing import Evidence, Weighing
from morph.orthography import are_same, composed
from morph.rules import RuleAnswer, Rules

_LOG = logging.getLogger(__name__)

FILE = "calibration.json"
FORMAT = "kilolingua calibration 2"
FOLDS = 10


class Scored(Protocol):
    """A form with the natural logarithm of its probability; a model's hypothesis."""

    @property
    def form(self) -> str:
        """The form."""

    @property
    def score(self) -> float:
        """The natural logarithm of the probability of the whole form."""


class Model(Protocol):
    """A trained model; a `morph.transducer.Transducer`."""

    def predict(self, items: Sequence[tuple[str, str]], /) -> Sequence[Sequence[Scored]]:
        """The best forms of every (lemma, bundle), best first."""

    def score(self, items: Sequence[tuple[str, str, str]], /) -> Sequence[float]:
        """The log probability of every (lemma, bundle, form)."""


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
    weighing: Weighing = Weighing()
    figures: dict[str, float] = {}  # noqa: RUF012

    def save(self, folder: Path) -> None:
        """Write the file beside a model."""
        about = {
            "format": FORMAT,
            "curves": {name: curve.as_json() for name, curve in self.curves._asdict().items()},
            "weighing": list(self.weighing.weights),
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
            weighing = Weighing.from_json(about["weighing"])
            check_shape(about["figures"], {str: float}, str(path), "figures")
            return cls(Curves(**curves), weighing, about["figures"])
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
    hypotheses: Sequence[Scored], answer: RuleAnswer, rival: float, calibration: Calibration
) -> Choice:
    """Choose between a model's hypotheses, at least one and best first, and the rules' answer.

    Args:
        rival: the log probability that the model gives the rules' form.

    >>> from types import SimpleNamespace as Hypothesis
    >>> model = [Hypothesis(form="hasomi", score=-0.05), Hypothesis(form="hasoma", score=-3.0)]
    >>> decide(model, RuleAnswer("hasoma", "", 3, 0.6), -3.0, UNCALIBRATED)
    Choice(form='hasomi', by='model', confidence=0.951229424500714, alternatives=('hasoma',))
    """
    best = hypotheses[0]
    curves = calibration.curves
    forms = [*(one.form for one in hypotheses), answer.form]
    forms += [form for form, _ in answer.alternatives]
    if are_same(best.form, answer.form):
        return Choice(best.form, "model", curves.agree(_probability(best)), _other(forms))
    sure = answer.confidence
    if calibration.weighing.prefers_rules(Evidence(best.score, rival, sure or 0.0)):
        others = _other([answer.form, *forms])
        return Choice(answer.form, "rule", None if sure is None else curves.rules(sure), others)
    return Choice(best.form, "model", curves.model(_probability(best)), _other(forms))


def choose(
    model: Model,
    items: Sequence[tuple[str, str]],
    hypotheses: Sequence[Sequence[Scored]],
    answers: Sequence[RuleAnswer],
    calibration: Calibration,
) -> list[Choice]:
    """A choice an item: between the model's hypotheses, best first, and what the rules say."""
    scores = _rivals(model, items, [some[0] for some in hypotheses], answers)
    return [
        decide(*one, calibration=calibration)
        for one in zip(hypotheses, answers, scores, strict=True)
    ]


def _rivals(
    model: Model,
    items: Sequence[tuple[str, str]],
    best: Sequence[Scored],
    answers: Sequence[RuleAnswer],
) -> list[float]:
    """The log probabilities that the model gives the rules' forms, where they are not its own."""
    pairs = enumerate(zip(best, answers, strict=True))
    differ = [place for place, (one, answer) in pairs if not are_same(one.form, answer.form)]
    found = [one.score for one in best]
    scores = model.score([(*items[place], answers[place].form) for place in differ])
    for place, score in zip(differ, scores, strict=True):
        found[place] = score
    return found


def calibrate(model: Model, rules: Rules, dev: Sequence[Triple], *, seed: int = 1) -> Calibration:
    """Learn curves and weighing on triples from which neither the model nor the rules learned.

    Raises:
        InputError: no triples with a form.
    """
    gold = [triple for triple in dev if triple.form is not None]
    if not gold:
        raise InputError("calibration: expected triples with forms, found none; give a dev file")
    asked = [(one.lemma, one.features) for one in gold]
    best = [some[0] for some in model.predict(asked)]
    answers = [rules.predict(*item) for item in asked]
    items = list(map(_item, gold, best, answers, _rivals(model, asked, best, answers)))
    judged = _judged(items, seed)
    alone = sum(item.model_right for item in items)
    pays = sum(right for _, right in judged) > alone
    weighing = _weighing(items) if pays else Weighing()
    curves = _curves(items, weighing)
    if not pays:
        judged = [_given(item, curves, weighing) for item in items]
    figures = _figures(items, judged)
    _LOG.info("calibrated on %d items: %s", len(items), figures)
    return Calibration(curves, weighing, figures)


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


def _item(gold: Triple, best: Scored, answer: RuleAnswer, rival: float) -> _Item:
    form = gold.form or ""
    right = are_same(best.form, form), are_same(answer.form, form)
    evidence = Evidence(best.score, rival, answer.confidence or 0.0)
    return _Item(gold.lemma, are_same(best.form, answer.form), evidence, *right)


def _judged(items: Sequence[_Item], seed: int) -> list[tuple[float, bool]]:
    """Confidence and rightness of each item, by what the lemmas of the other folds taught."""
    lemmas = sorted({item.lemma for item in items})
    stream(seed, "calibration folds").shuffle(lemmas)
    fold = {lemma: place % FOLDS for place, lemma in enumerate(lemmas)}
    taught = []
    for number in range(FOLDS):
        others = [item for item in items if fold[item.lemma] != number]
        weighing = _weighing(others)
        taught.append((_curves(others, weighing), weighing))
    return [_given(item, *taught[fold[item.lemma]]) for item in items]


def _weighing(items: Sequence[_Item]) -> Weighing:
    told = [item for item in items if item.model_right != item.rules_right]
    return Weighing.fit([item.evidence for item in told], [item.rules_right for item in told])


def _by_rules(item: _Item, weighing: Weighing) -> bool:
    return not item.agree and weighing.prefers_rules(item.evidence)


def _given(item: _Item, curves: Curves, weighing: Weighing) -> tuple[float, bool]:
    """The confidence of the form that is given, and whether it is right."""
    if _by_rules(item, weighing):
        return curves.rules(item.evidence.rules), item.rules_right
    return (curves.agree if item.agree else curves.model)(item.probability), item.model_right


def _curves(items: Sequence[_Item], weighing: Weighing) -> Curves:
    agree = [item for item in items if item.agree]
    rules = [item for item in items if _by_rules(item, weighing)]
    model = [item for item in items if not item.agree and not _by_rules(item, weighing)]
    return Curves(
        Curve.fit([one.probability for one in agree], [one.model_right for one in agree]),
        Curve.fit([one.probability for one in model], [one.model_right for one in model]),
        Curve.fit([one.evidence.rules for one in rules], [one.rules_right for one in rules]),
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


def _probability(one: Scored) -> float:
    return min(1.0, math.exp(one.score))


def _other(forms: Sequence[str]) -> tuple[str, ...]:
    """All but the first form, each once, whatever the normal form."""
    by_key = {composed(form): form for form in reversed(forms)}
    return tuple(form for form in dict.fromkeys(map(by_key.get, map(composed, forms))) if form)[1:]
