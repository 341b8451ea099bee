"""A training run: data, networks, model folder, scores on dev.

    trained = train_model(TrainingConfig(("swa",), Recipe(seconds=600)), out=Path("runs/swa"))
    trained.accuracy["swa"]

The run folder holds config.json, network-1/ ... (checkpoints, metrics and report of the loop),
model/ (the `Transducer`, and calibration.json), UNIT.dev (predictions, columns lemma, features,
form) and scores.json. The same call goes on where an earlier one was stopped.

Of the way back (`morph.analyse.network`) UNIT.dev has the network's own analyses, analysis.json is
in the place of calibration.json, and forms/ and model/forms/ hold networks of the usual kind, from
lemma to form, which are trained in half of the time and say how well an analysis fits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from data.access import Access
from data.files import canonical_json, check_not_removed, sha256_file, sha256_text, write_whole
from data.pages import Interval, Plotted
from data.unimorph import Triple
from data.words import scripts_of
from metrics.labels import exact_match
from metrics.score import Score
from morph.alphabet import Alphabet
from morph.analyse.network import Network, features_of, turn
from morph.analyse.ranking import Ranking, check_enough, gold_of, learn_ranking_beside
from morph.corpora import InflectionData, is_normalised, load_data, orthography
from morph.inflect.choice import Calibration, calibrate
from morph.model_folder import FORMS, RANKING
from morph.recipe import USUAL, Recipe, TrainingConfig
from morph.rules import Rules
from morph.transducer import TEXT_IN_NFC, Hypothesis, Transducer
from runfolder.folder import RunKind, run_folder, version_of

if TYPE_CHECKING:
    from morph.examples import Example, ExampleBatches
    from morph.model import InflectionModel
    from training.loop import Fitted, Progress
    from training.private.run import Private


PRIVATE_BATCH = 4096  # characters of lemmas and forms at once, padding included
KIND = RunKind(
    "morph.train",
    {"recipe": dict, "units": [str], "data": [dict]},
    results=(
        "*-[0-9]/checkpoints/step-*[1-9]*",
        f"{FORMS}/*-[0-9]/checkpoints/step-*[1-9]*",
        "model",
        "scores.json",
    ),
    begun=("network-*", "backward-*", FORMS, "*.dev"),
    packages=("torch",),
)


@dataclass(frozen=True, slots=True, repr=False)
class Trained(Plotted):
    """A finished run.

    accuracy: of the model alone on the dev part, by unit. steps: of each network, those of the way
    back first. calibration: what of model and rules answers (`morph.inflect.choice`), where there
    is one language. ranking: of the way back, the same.
    """

    folder: Path
    transducer: Transducer
    accuracy: dict[str, Score]
    steps: tuple[int, ...]
    seconds: float
    calibration: Calibration | None
    ranking: Ranking | None = None

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
    access: Access = Access(),
    on_progress: Callable[[int, Progress], None] | None = None,
) -> Trained:
    """Train a model, save it, and score it on the dev part.

    Args:
        out: the run's folder. One that another configuration made is refused.
        on_progress: told how far each network is.
    """
    data = read_data(config, access=access)
    back = config.way_back
    if back:  # said before anything is trained
        for corpus in data:
            check_enough(corpus.train, corpus.name)
    parts = _parts(config, data, out)
    started = [_started(part.config, device) for part in parts]
    with training_folder(config, data, out):
        fitted: list[Fitted] = []
        models: list[Transducer] = []
        for part, start in zip(parts, started, strict=True):
            show = _counted_on(on_progress, len(fitted))
            transducer, results = _trained(part.config, part.data, start, part.out, device, show)
            models.append(transducer)
            fitted += results
        check_not_removed(out / "config.json")
        for part, model in zip(parts, models, strict=True):
            model.save(part.folder)
        if back:
            accuracy = score_analyses(models[0], data, out)
        else:
            accuracy = score(data, partial(_answers, models[0]), out)
        for part, model in zip(parts, models, strict=True):
            scores = accuracy.values() if part.config.way_back == back else ()
            _report(part.config, model, list(scores), part.out)
        calibration = ranking = None
        if back and len(data) == 1:
            ranking = learn_ranking_beside(Network(*models), data[0].train, data[0].dev)
            ranking.save(out / "model" / RANKING)
            for part, model in zip(parts[1:], models[1:], strict=True):  # opened by morph.inflect
                _calibrated(model, part.data[0], part.folder)
        elif len(data) == 1:
            calibration = _calibrated(models[0], data[0], parts[0].folder)
        check_not_removed(out / "config.json")
    steps, seconds = tuple(f.steps for f in fitted), sum(f.seconds for f in fitted)
    return Trained(out, models[0], accuracy, steps, seconds, calibration, ranking)


class Part(NamedTuple):
    """Networks of one kind: how and on what they are trained, where, and their model's folder."""

    config: TrainingConfig
    data: Sequence[InflectionData]
    out: Path
    folder: Path


def _parts(config: TrainingConfig, data: Sequence[InflectionData], out: Path) -> list[Part]:
    """What a run trains: of the way back also networks from lemma to form, in half of its time.

    These read features, so bundles that cannot be read apart are left out. A guarantee of privacy
    is of one network, so beside it there are none of these.
    """
    model = out / "model"
    parsed = [corpus.parsed() for corpus in data] if config.way_back else []
    if config.recipe.privacy or not parsed or not all(corpus.train for corpus in parsed):
        return [Part(config, data, out, model)]
    recipe = replace(config.recipe, seconds=config.recipe.seconds and config.recipe.seconds / 2)
    start = config.start and config.start / FORMS
    forms = replace(
        config,
        recipe=recipe,
        way_back=False,
        start=start if start and start.is_dir() else None,
    )
    return [
        Part(replace(config, recipe=recipe), data, out, model),
        Part(forms, parsed, out / FORMS, model / FORMS),
    ]


def _started(config: TrainingConfig, device: str) -> Transducer | None:
    """The model that training goes on from, if there is one."""
    if config.start is None:
        return None
    return Transducer.load(config.start, device, way_back=config.way_back)


def _counted_on(
    on_progress: Callable[[int, Progress], None] | None, earlier: int
) -> Callable[[int, Progress], None] | None:
    """The same, told numbers of networks after so many earlier ones."""
    return on_progress and (lambda number, progress: on_progress(earlier + number, progress))


@contextmanager
def training_folder(
    config: TrainingConfig, data: Sequence[InflectionData], out: Path
) -> Iterator[None]:
    """The run's folder for the block: begun, or this run's; what made the data is in config.json.

    Raises:
        InputError: another run is in it, or files of nobody knows which.
    """
    tables = [
        {"unit": d.unit, "name": d.name, "licence": d.licence, "sha256": d.sha256} for d in data
    ]
    asked = {**config.to_json(), "data": tables}
    if config.start is not None:  # two runs' models are both called model
        asked["start_sha256"] = _sha256(config.start)
    with run_folder(KIND, "morph", asked, out=out):
        yield


def _sha256(model: Path) -> str:
    """Of the settings and weights in a model's folder, with their names."""
    files = sorted((*model.rglob("config.json"), *model.rglob("*.safetensors")))
    names = (path.relative_to(model).as_posix() for path in files)
    return sha256_text("".join(map("{} {}\n".format, names, map(sha256_file, files))))


def read_data(config: TrainingConfig, *, access: Access = Access()) -> list[InflectionData]:
    """The triples of each unit, as many as the configuration asks for."""
    corpora = []
    for unit in config.units:
        corpus = load_data(
            unit,
            source=config.source,
            train=config.train,
            dev=config.dev,
            columns=config.columns,
            skip_bad=config.skip_bad,
            access=access,
        )
        if config.examples is not None:
            corpus = corpus.sample(config.examples, config.recipe.seed)
        corpora.append(corpus)
    return corpora


def _trained(
    config: TrainingConfig,
    data: Sequence[InflectionData],
    started: Transducer | None,
    out: Path,
    device: str,
    on_progress: Callable[[int, Progress], None] | None,
) -> tuple[Transducer, list[Fitted]]:
    """The networks of every direction, as one transducer."""
    fewest = min(len(corpus.train) for corpus in data)
    recipe = config.recipe.settled(fewest)
    names: tuple[str, ...] = ()
    if config.way_back:
        names = started.way_back if started else features_of(t for c in data for t in c.train)
    asked = [_asked(corpus.train, names) for corpus in data]
    alphabet = started.alphabet if started else _alphabet(data, asked, recipe)
    groups = [_examples(corpus, alphabet, recipe, names) for corpus in data]
    directions = recipe.directions(fewest)
    begun = started.directions if started else ()
    networks = [
        train_networks(
            groups,
            alphabet,
            recipe,
            out=out,
            device=device,
            start=begun[number].models if number < len(begun) else (),
            data=sha256_text("".join(corpus.sha256 for corpus in data)),
            directions=directions,
            from_end=number == 1,
            on_progress=on_progress,
        )
        for number in range(directions)
    ]
    fitted = [result for some in networks for _, result in some]
    forward = Transducer(
        tuple(corpus.unit for corpus in data),
        alphabet,
        tuple(model for model, _ in networks[0]),
        scripts_of(triple.lemma for some in asked for triple in some),
        max(map(_ratio, asked)),
        _origin(config, data, [result.steps for result in fitted]),
        way_back=names,
        **orthography(data),
    )
    backward = tuple(model for some in networks[1:] for model, _ in some)
    if not backward:
        return forward, fitted
    return replace(forward, backward=replace(forward, models=backward, from_end=True)), fitted


def _asked(triples: Sequence[Triple], names: Sequence[str]) -> Sequence[Triple]:
    """The triples; turned round, if there are names of features, which the way back writes."""
    return [turn(triple, names) for triple in triples] if names else triples


def _alphabet(
    data: Sequence[InflectionData], asked: Sequence[Sequence[Triple]], recipe: Recipe
) -> Alphabet:
    languages = [corpus.unit for corpus in data] if len(data) > 1 else []
    return Alphabet.of(chain.from_iterable(asked), recipe.scheme, languages)


def _examples(
    data: InflectionData, alphabet: Alphabet, recipe: Recipe, names: Sequence[str]
) -> list[Any]:
    from morph.examples import Example

    tag = alphabet.encode_language(data.unit)
    return [
        Example(t.lemma, (*tag, *alphabet.encode_features(t.features)), t.form or "")
        for t in _asked(recipe.augmented(data.train), names)
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
        **({"privacy": _told(config.recipe, data, steps)} if config.recipe.privacy else {}),
        "made with": f"kilolingua {version_of('kilolingua')}, torch {version_of('torch')}",
    }


def _told(recipe: Recipe, data: Sequence[InflectionData], steps: Sequence[int]) -> dict[str, Any]:
    """What private training gave away."""
    from training.private.guarantee import Guarantee

    assert recipe.privacy is not None  # noqa: S101  # asked for in that case alone
    assert recipe.steps is not None  # noqa: S101  # checked before
    number = sum(len(corpus.train) for corpus in data)
    return Guarantee.of(recipe.privacy, number, recipe.steps).told(sum(steps))


def train_networks(
    groups: Sequence[Sequence[Example]],
    alphabet: Alphabet,
    recipe: Recipe,
    *,
    out: Path | None = None,
    device: str = "cpu",
    start: Sequence[InflectionModel] = (),
    data: str = "",
    directions: int = 1,
    from_end: bool = False,
    on_progress: Callable[[int, Progress], None] | None = None,
) -> list[tuple[InflectionModel, Fitted]]:
    """Train the networks of a recipe one after the other, each resumable in its own folder.

    Args:
        groups: the examples of each language.
        out: folder; network-1 and so on are made in it.
        start: trained networks to go on from (fine-tuning), as many as the recipe's.
        data: a checksum of the examples; a checkpoint of others is refused.
        directions: how many calls share the recipe's time; see `Recipe.directions`.
        from_end: the networks read and write from the end; their folders are backward-1 and so on.
        on_progress: told the number of the network, from 1, and how far it is.
    """
    import torch

    from morph.examples import ExampleBatches
    from morph.model import InflectionModel, loss
    from training.loop import fit

    trained = []
    for place in range(recipe.networks):
        settings = recipe.settings(place + recipe.networks * from_end, device, directions)
        torch.manual_seed(settings.seed)
        model = start[place] if start else InflectionModel(recipe.architecture(alphabet))
        batches = ExampleBatches(
            groups,
            alphabet,
            recipe.batch or USUAL["batch"],
            settings.seed,
            recipe.temperature,
            from_end=from_end,
            alike=recipe.privacy is not None,
        )
        identity = {"architecture": model.architecture.to_json(), "data": data}
        private = _private(recipe, batches, identity) if recipe.privacy else None
        with nullcontext() if private else quick_multiplication():
            fitted = fit(
                model,
                private.batches if private else batches,
                loss,
                settings,
                out=out and out / f"{'backward' if from_end else 'network'}-{place + 1}",
                identity=identity,
                progress=on_progress and partial(on_progress, settings.seed - recipe.seed + 1),
                **(private.hooks(model, loss) if private else {}),
            )
        trained.append((model.eval(), fitted))
    return trained


def _private(recipe: Recipe, batches: ExampleBatches, identity: Mapping[str, Any]) -> Private:
    """Updates of triples that are drawn one by one."""
    from training.private.run import Private
    from training.private.sampling import UNIT, Samples, cut

    def make(step: int, drawn: Samples) -> Iterator[dict[str, Any]]:
        for number, (chosen, owner) in enumerate(cut(drawn, batches.length, PRIVATE_BATCH)):
            yield {**batches.of(chosen, f"{step}/{number}"), UNIT: owner}

    units = [[number] for number in range(batches.number)]
    return Private.of(recipe, units, {**identity, "recipe": recipe.to_json()}, make)


@contextmanager
def quick_multiplication() -> Iterator[None]:
    """Matrices are multiplied in bfloat16 and summed in float32 while the block runs.

    On processors without bfloat16 instructions nothing changes. On one that has them training took
    two thirds of the time, with the same accuracy.
    """
    import torch

    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("medium")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


def score(
    data: Sequence[InflectionData],
    predict: Callable[[InflectionData], Sequence[Hypothesis]],
    out: Path,
) -> dict[str, Score]:
    """Score predictions for the dev parts, and write predictions and scores into the run."""
    scores: dict[str, Score] = {}
    for corpus in data:
        dev = corpus.dev
        if not dev:
            continue
        forms = [hypothesis.form for hypothesis in predict(corpus)]
        rows = (f"{t.lemma}\t{t.features}\t{f}\n" for t, f in zip(dev, forms, strict=True))
        write_whole(out / f"{corpus.unit}.dev", "".join(rows))
        gold, lemmas = [t.form or "" for t in dev], [t.lemma for t in dev]
        accuracy = exact_match(gold, forms, groups=lemmas, unit="lemmas")
        context = {"data": corpus.name, "sha256": corpus.sha256, "part": "dev"}
        scores[corpus.unit] = accuracy.with_context(**context)
    _write_scores(scores, out)
    return scores


def score_analyses(
    transducer: Transducer, data: Sequence[InflectionData], out: Path
) -> dict[str, Score]:
    """Score what a network of the way back writes for the forms of the dev parts, and write it.

    A form may have several analyses, of which any is right.
    """
    scores: dict[str, Score] = {}
    for corpus in data:
        gold = gold_of(corpus.dev)
        forms = sorted(gold)
        network = Network(transducer.in_language(corpus.unit))
        answers = [next(iter(some), None) for some in network.propose(forms)]
        rows = (f"{a.lemma}\t{a.features}\t{f}\n" for a, f in zip(answers, forms, strict=True) if a)
        write_whole(out / f"{corpus.unit}.dev", "".join(rows))
        said = ["right" if a in gold[f] else "wrong" for a, f in zip(answers, forms, strict=True)]
        lemmas = [min(gold[form]).lemma for form in forms]
        accuracy = exact_match(["right"] * len(said), said, groups=lemmas, unit="lemmas")
        context = {"data": corpus.name, "sha256": corpus.sha256, "part": "dev"}
        scores[corpus.unit] = accuracy.with_context(**context)
    _write_scores(scores, out)
    return scores


def _write_scores(scores: Mapping[str, Score], out: Path) -> None:
    table = {unit: accuracy.to_dict() for unit, accuracy in scores.items()}
    write_whole(out / "scores.json", canonical_json(table))


def _report(
    config: TrainingConfig, transducer: Transducer, scores: Sequence[Score], out: Path
) -> None:
    """Write the page of each network's training."""
    from training.report import write_report

    folders = [
        f"{'backward' if direction.from_end else 'network'}-{place}"
        for direction in transducer.directions
        for place, _ in enumerate(direction.models, 1)
    ]
    for name in folders:
        what = "Analysis" if config.way_back else "Inflection"
        title = f"{what} of {', '.join(config.units)}: {name}"
        write_report(out / name, title, facts=transducer.origin, scores=list(scores))


def _answers(transducer: Transducer, data: InflectionData) -> list[Hypothesis]:
    """A form for each item of the dev part; the lemma where the model refuses to answer."""
    answers = [Hypothesis(t.lemma, -math.inf) for t in data.dev]
    known = _known(transducer, data)
    items = [(data.dev[place].lemma, data.dev[place].features) for place in known]
    hypotheses = transducer.predict(items, language=data.unit)
    for place, (best, *_) in zip(known, hypotheses, strict=True):
        answers[place] = best
    return answers


def _known(transducer: Transducer, data: InflectionData) -> list[int]:
    """The places of the dev items that the model answers."""
    return [
        place
        for place, t in enumerate(data.dev)
        if transducer.refusal(t.lemma, t.features, data.unit) is None
    ]


def _calibrated(transducer: Transducer, data: InflectionData, model: Path) -> Calibration | None:
    """Learn how far the model is to be trusted, and where rules know better; kept in its folder."""
    dev = [data.dev[place] for place in _known(transducer, data)]
    if not dev:
        return None
    rules = Rules.learn(data.train)
    calibration = calibrate(transducer, rules, dev)
    calibration.save(model)
    return calibration
