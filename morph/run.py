"""A training run: data, networks, the model folder, and what it is worth on the dev part.

    trained = train_model(TrainingConfig(("swa",), Recipe(seconds=600)), out=Path("runs/swa"))
    trained.accuracy["swa"]

The run folder holds config.json, network-1/ ... (checkpoints, metrics and report of the loop),
model/ (the `Transducer`, and calibration.json), UNIT.dev (predictions, columns lemma, features,
form) and scores.json. The same call goes on where an earlier one was stopped.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.errors import InputError
from data.files import canonical_json, check_not_removed, sha256_text, write_whole
from data.pages import Interval, Plotted
from data.unimorph import Triple
from data.words import scripts_of
from metrics.labels import exact_match
from metrics.score import Score
from morph.alphabet import Alphabet
from morph.corpora import InflectionData, is_normalised, load_data, orthography
from morph.hypothesis import Hypothesis
from morph.inflecting.choice import Calibration, calibrate
from morph.recipe import Recipe, train_networks
from morph.rules import Rules
from morph.run_folder import begin
from morph.transducer import TEXT_IN_NFC, Transducer

if TYPE_CHECKING:
    from morph.model import InflectionModel
    from training.loop import Fitted, Progress


@dataclass(frozen=True, slots=True)
class TrainingConfig:
    """What is trained on what.

    Args:
        units: languages, `morph.corpora.load_data`'s; several are trained jointly. recipe: how.
        source, train, dev, columns: where the triples come from, as in `load_data`.
        examples: how many triples a language, drawn by the seed; by default all. start: the folder
            of a model that training goes on from (fine-tuning). skip_bad: leave bad lines out.
    """

    units: tuple[str, ...]
    recipe: Recipe
    source: str | None = None
    train: Path | None = None
    dev: Path | None = None
    columns: tuple[str, ...] | None = None
    examples: int | None = None
    start: Path | None = None
    skip_bad: bool = False

    def __post_init__(self) -> None:
        if not self.units:
            raise InputError("languages: expected at least one, found none; give --lang")
        if len(self.units) > 1 and self.train is not None:
            raise InputError("train: expected one language beside a file, found several; drop some")

    def to_json(self) -> dict[str, Any]:
        """All fields; files by their names."""
        found = {name: value for name, value in asdict(self).items() if name != "skip_bad"}
        return {k: v.name if isinstance(v, Path) else v for k, v in found.items()}


@dataclass(frozen=True, slots=True, repr=False)
class Trained(Plotted):
    """A finished run.

    accuracy: of the model alone on the dev part, by unit. steps: of each network. calibration:
    what of model and rules answers (`morph.inflecting.choice`), where there is one language.
    """

    folder: Path
    transducer: Transducer
    accuracy: dict[str, Score]
    steps: tuple[int, ...]
    seconds: float
    calibration: Calibration | None

    def summary(self) -> str:
        """Accuracy by unit, and where the run lies."""
        return "; ".join([*(f"{unit} {s}" for unit, s in self.accuracy.items()), str(self.folder)])

    def rows(self) -> list[dict[str, Any]]:
        """A row a unit."""
        return [{"unit": unit} | score.to_dict() for unit, score in self.accuracy.items()]

    def intervals(self) -> tuple[str, list[Interval]]:
        """Accuracy of the model alone, by unit."""
        scores = self.accuracy.items()
        return "accuracy on the dev part, %", [
            Interval(unit, s.value, s.low, s.high) for unit, s in scores
        ]


def train_model(
    config: TrainingConfig,
    out: Path,
    *,
    device: str = "cpu",
    offline: bool = False,
    report: Callable[[int, Progress], None] | None = None,
) -> Trained:
    """Train a model, save it, and score it on the dev part.

    Args:
        out: the run's folder. One that another configuration made is refused.
        report: told how far each network is.
    """
    data = read_data(config, offline=offline)
    started = Transducer.load(config.start, device) if config.start else None
    alphabet = started.alphabet if started else _alphabet(data, config.recipe)
    begin(config.to_json(), data, out)
    groups = [_examples(one, alphabet, config.recipe) for one in data]
    sides = config.recipe.sides(min(len(one.train) for one in data))
    begun = started.sides if started else ()
    networks = [
        train_networks(
            groups,
            alphabet,
            config.recipe,
            out=out,
            device=device,
            start=begun[side].models if side < len(begun) else (),
            data=sha256_text("".join(one.sha256 for one in data)),
            sides=sides,
            from_end=side == 1,
            report=report,
        )
        for side in range(sides)
    ]
    fitted = [one for some in networks for _, one in some]
    forward = Transducer(
        tuple(one.unit for one in data),
        alphabet,
        tuple(model for model, _ in networks[0]),
        scripts_of(triple.lemma for one in data for triple in one.train),
        max(_ratio(one.train) for one in data),
        _origin(config, data, [one.steps for one in fitted]),
        **orthography(data),
    )
    transducer = replace(forward, backward=_backward(forward, networks[1:]))
    check_not_removed(out / "config.json")
    transducer.save(out / "model")
    accuracy = score(data, lambda one: _answers(transducer, one), out)
    _report(config, transducer, list(accuracy.values()), out)
    calibration = _calibrated(transducer, data[0], out) if len(data) == 1 else None
    steps = tuple(one.steps for one in fitted)
    check_not_removed(out / "config.json")
    return Trained(out, transducer, accuracy, steps, sum(f.seconds for f in fitted), calibration)


def _backward(
    forward: Transducer, networks: Sequence[Sequence[tuple[InflectionModel, Fitted]]]
) -> Transducer | None:
    """The networks of the other side, if there are any."""
    models = tuple(model for some in networks for model, _ in some)
    return replace(forward, models=models, from_end=True) if models else None


def _report(
    config: TrainingConfig, transducer: Transducer, scores: Sequence[Score], out: Path
) -> None:
    """Write the page of each network's training."""
    from training.report import write_report

    folders = [
        f"{'backward' if side.from_end else 'network'}-{place}"
        for side in transducer.sides
        for place, _ in enumerate(side.models, 1)
    ]
    for name in folders:
        title = f"Inflection of {', '.join(config.units)}: {name}"
        write_report(out / name, title, facts=transducer.origin, scores=list(scores))


def read_data(config: TrainingConfig, *, offline: bool = False) -> list[InflectionData]:
    """The triples of each unit, as many as the configuration asks for."""
    found = []
    for unit in config.units:
        data = load_data(
            unit,
            source=config.source,
            train=config.train,
            dev=config.dev,
            columns=config.columns,
            skip_bad=config.skip_bad,
            offline=offline,
        )
        sampled = config.examples is not None
        found.append(data.sample(config.examples or 0, config.recipe.seed) if sampled else data)
    return found


def _alphabet(data: Sequence[InflectionData], recipe: Recipe) -> Alphabet:
    triples = (triple for one in data for triple in one.train)
    languages = [one.unit for one in data] if len(data) > 1 else []
    return Alphabet.of(triples, recipe.scheme, languages)


def _examples(data: InflectionData, alphabet: Alphabet, recipe: Recipe) -> list[Any]:
    from morph.examples import Example

    tag = alphabet.encode_language(data.unit)
    return [
        Example(t.lemma, (*tag, *alphabet.encode_features(t.features)), t.form or "")
        for t in recipe.augmented(data.train)
    ]


def _ratio(triples: Sequence[Triple]) -> float:
    """The most characters that a form has for each of its lemma."""
    return max(len(t.form or "") / len(t.lemma) for t in triples)


def _origin(
    config: TrainingConfig, data: Sequence[InflectionData], steps: Sequence[int]
) -> dict[str, Any]:
    return {
        "data": [f"{d.name}: {len(d.train)} triples, licence: {d.licence}" for d in data],
        "recipe": config.recipe.to_json(),
        "steps": list(steps),
        "text": TEXT_IN_NFC if is_normalised(data) else "as its publisher writes it",
        "made with": f"kilolingua {version('kilolingua')}, torch {version('torch')}",
    }


def score(
    data: Sequence[InflectionData],
    predict: Callable[[InflectionData], Sequence[Hypothesis]],
    out: Path,
) -> dict[str, Score]:
    """Score predictions for the dev parts, and write predictions and scores into the run."""
    found: dict[str, Score] = {}
    for one in data:
        if not one.dev:
            continue
        forms = [hypothesis.form for hypothesis in predict(one)]
        rows = (f"{t.lemma}\t{t.features}\t{f}\n" for t, f in zip(one.dev, forms, strict=True))
        write_whole(out / f"{one.unit}.dev", "".join(rows))
        gold = [t.form or "" for t in one.dev]
        lemmas = [t.lemma for t in one.dev]
        plain = exact_match(gold, forms, groups=lemmas, unit="lemmas")
        found[one.unit] = plain.with_context(data=one.name, sha256=one.sha256, part="dev")
    table = {unit: one.to_dict() for unit, one in found.items()}
    write_whole(out / "scores.json", canonical_json(table))
    return found


def _answers(transducer: Transducer, data: InflectionData) -> list[Hypothesis]:
    """A form for each item of the dev part; the lemma where the model refuses to answer."""
    answers = [Hypothesis(t.lemma, -math.inf) for t in data.dev]
    known = _known(transducer, data)
    items = [(data.dev[place].lemma, data.dev[place].features) for place in known]
    found = transducer.predict(items, language=data.unit)
    for place, (best, *_) in zip(known, found, strict=True):
        answers[place] = best
    return answers


def _known(transducer: Transducer, data: InflectionData) -> list[int]:
    """The places of the dev items that the model answers."""
    return [
        place
        for place, t in enumerate(data.dev)
        if transducer.refusal(t.lemma, t.features, data.unit) is None
    ]


def _calibrated(transducer: Transducer, data: InflectionData, out: Path) -> Calibration | None:
    """Learn how far the model is to be trusted, and where rules know better; kept with it."""
    dev = [data.dev[place] for place in _known(transducer, data)]
    if not dev:
        return None
    rules = Rules.learn(data.train)
    calibration = calibrate(transducer, rules, dev)
    calibration.save(out / "model")
    return calibration
