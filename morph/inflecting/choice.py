"""Model or rules? Confidences of both, and the margin at which the rules win, learned on dev data.

    calibration = calibrate(transducer.predict, rules, dev)
    calibration.save(Path("runs/morph-swa-1f3c/model"))

A model gives the probability of the whole form; how often such forms are right is another number,
which curves tell (`morph.inflecting.calibration`): one for forms on which model and rules agree,
for agreement says much, and one for each of them where they differ. There, the rules' form is given
if their confidence passes the model's by the margin. The margin is learned, and kept only where it
pays: if what one half of the dev lemmas teaches helps on the other half, both ways together; else
the model always wins. The file stands beside the model: calibration.json.
"""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol

from data.errors import InputError
from data.files import write_whole
from data.randomness import stream
from data.unimorph import Triple
from morph.inflecting.calibration import (
    NEVER,
    Contest,
    Curve,
    Step,
    expected_calibration_error,
    learned_margin,
)
from morph.rules import RuleAnswer, Rules

_LOG = logging.getLogger(__name__)

FILE = "calibration.json"
FORMAT = "kilolingua calibration 1"


class Scored(Protocol):
    """A form with the natural logarithm of its probability; a model's hypothesis."""

    @property
    def form(self) -> str:
        """The form."""

    @property
    def score(self) -> float:
        """The natural logarithm of the probability of the whole form."""


class Curves(NamedTuple):
    """Confidences: of forms that both give, by the model's probability; of each where they differ.

    rules: by the rules' own confidence.
    """

    agree: Curve
    model: Curve
    rules: Curve


class Calibration(NamedTuple):
    """What was learned on dev data.

    margin: see `learned_margin`. figures: on the same dev items, halves of the lemmas judging each
    other: accuracy of model, rules and both, expected calibration errors, all 0-100, and the
    number of items.
    """

    curves: Curves
    margin: float = NEVER
    figures: dict[str, float] = {}  # noqa: RUF012

    def save(self, folder: Path) -> None:
        """Write the file beside a model."""
        about = {
            "format": FORMAT,
            "curves": {name: curve.as_json() for name, curve in self.curves._asdict().items()},
            "margin": self.margin,
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
        try:
            about: dict[str, Any] = json.loads(path.read_text("utf-8"))
            if about.get("format") != FORMAT:
                raise ValueError(about.get("format"))
            curves = {name: Curve.from_json(one) for name, one in about["curves"].items()}
            return cls(Curves(**curves), float(about["margin"]), dict(about["figures"]))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(
                f'{path}: expected "{FORMAT}", found {error}; calibrate again with --calibrate'
            ) from error


_AS_IT_IS = Curve((Step(0.0, 0.0, 0), Step(1.0, 1.0, 0)))
UNCALIBRATED = Calibration(Curves(_AS_IT_IS, _AS_IT_IS, _AS_IT_IS))


class Choice(NamedTuple):
    """The form that is given; confidence 0 to 1; alternatives: other forms, best first."""

    form: str
    by: Literal["model", "rule"]
    confidence: float
    alternatives: tuple[str, ...]


def decide(hypotheses: Sequence[Scored], answer: RuleAnswer, calibration: Calibration) -> Choice:
    """Choose between a model's hypotheses, at least one and best first, and the rules' answer.

    >>> from types import SimpleNamespace as Hypothesis
    >>> model = [Hypothesis(form="hasomi", score=-0.05), Hypothesis(form="hasoma", score=-3.0)]
    >>> decide(model, RuleAnswer("hasoma", "", 3, 0.6), UNCALIBRATED)
    Choice(form='hasomi', by='model', confidence=0.951229424500714, alternatives=('hasoma',))
    """
    best = hypotheses[0]
    probability = min(1.0, math.exp(best.score))
    forms = [*(one.form for one in hypotheses), answer.form]
    forms += [form for form, _ in answer.alternatives]
    if best.form == answer.form:
        return Choice(best.form, "model", calibration.curves.agree(probability), _other(forms))
    model = calibration.curves.model(probability)
    rules = calibration.curves.rules(answer.confidence)
    if rules - model > calibration.margin:
        return Choice(answer.form, "rule", rules, _other([answer.form, *forms]))
    return Choice(best.form, "model", model, _other(forms))


def calibrate(
    predict: Callable[[Sequence[tuple[str, str]]], Sequence[Sequence[Scored]]],
    rules: Rules,
    dev: Sequence[Triple],
    *,
    seed: int = 1,
) -> Calibration:
    """Learn curves and margin on triples from which neither the model nor the rules learned.

    Args:
        predict: the model's `predict`: the best forms of every (lemma, bundle), best first.

    Raises:
        InputError: no triples with a form.
    """
    gold = [triple for triple in dev if triple.form is not None]
    if not gold:
        raise InputError("calibration: expected triples with forms, found none; give a dev file")
    best = [some[0] for some in predict([(one.lemma, one.features) for one in gold])]
    answers = [rules.predict(one.lemma, one.features) for one in gold]
    items = list(map(_item, gold, best, answers))
    margin, figures = _judged(items, seed)
    _LOG.info("calibrated on %d items: margin %s, %s", len(items), margin, figures)
    return Calibration(_curves(items), margin, figures)


class _Item(NamedTuple):
    """One dev item: the model's probability, the rules' confidence, who was right."""

    lemma: str
    agree: bool
    probability: float
    model_right: bool
    rules: float
    rules_right: bool


def _item(gold: Triple, best: Scored, answer: RuleAnswer) -> _Item:
    right = best.form == gold.form, answer.form == gold.form
    probability = min(1.0, math.exp(best.score))
    agree = best.form == answer.form
    return _Item(gold.lemma, agree, probability, right[0], answer.confidence, right[1])


def _judged(items: Sequence[_Item], seed: int) -> tuple[float, dict[str, float]]:
    """The margin that helps, and figures: each half judged by what the other half taught."""
    lemmas = sorted({item.lemma for item in items})
    first = set(stream(seed, "calibration halves").sample(lemmas, len(lemmas) // 2))
    one = [item for item in items if item.lemma in first]
    two = [item for item in items if item.lemma not in first]
    judged: list[tuple[float, bool]] = []
    for mine, other in ((one, two), (two, one)):
        margin = learned_margin(_contests(other, _curves(other)))
        judged += [_won(contest, margin) for contest in _contests(mine, _curves(other))]
    right = sum(correct for _, correct in judged)
    alone = sum(item.model_right for item in items)
    margin = learned_margin(_contests(items, _curves(items))) if right > alone else NEVER
    probabilities = [item.probability for item in items]
    return margin, {
        "items": float(len(items)),
        "accuracy model": 100 * alone / len(items),
        "accuracy rules": 100 * sum(item.rules_right for item in items) / len(items),
        "accuracy both": 100 * max(right, alone) / len(items),
        "calibration error model": expected_calibration_error(
            probabilities, [item.model_right for item in items]
        ),
        "calibration error rules": expected_calibration_error(
            [item.rules for item in items], [item.rules_right for item in items]
        ),
        "calibration error both": expected_calibration_error(
            *map(list, zip(*judged, strict=True))  # type: ignore[arg-type]
        ),
    }


def _curves(items: Sequence[_Item]) -> Curves:
    agree = [item for item in items if item.agree]
    differ = [item for item in items if not item.agree]
    return Curves(
        Curve.fit([one.probability for one in agree], [one.model_right for one in agree]),
        Curve.fit([one.probability for one in differ], [one.model_right for one in differ]),
        Curve.fit([one.rules for one in differ], [one.rules_right for one in differ]),
    )


def _contests(items: Sequence[_Item], curves: Curves) -> list[Contest]:
    """Who stands against whom; where both agree, neither leads."""
    found = []
    for item in items:
        model = (curves.agree if item.agree else curves.model)(item.probability)
        rules = model if item.agree else curves.rules(item.rules)
        found.append(Contest(model, item.model_right, rules, item.rules_right))
    return found


def _won(contest: Contest, margin: float) -> tuple[float, bool]:
    """The confidence of the form that is given, and whether it is right."""
    if contest.rules - contest.model > margin:
        return contest.rules, contest.rules_right
    return contest.model, contest.model_right


def _other(forms: Sequence[str]) -> tuple[str, ...]:
    """All but the first form, each once."""
    return tuple(dict.fromkeys(form for form in forms[1:] if form != forms[0]))
