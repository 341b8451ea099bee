"""A run of `training.classify` from its labelled texts to its scores: prepared, trained, saved.

    with prepare(config, Access()) as prepared:
        finish(prepared, train(prepared), "python -m training.classify ...")

runs/classify-<hash>/ holds, beside what every training run has (`training.folders`):

    predictions/    a table a test set: text, gold label, predicted label

Vectors of a frozen encoder are kept in the cache, a folder a set of texts.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from data.access import Access
from data.contamination import KeepOut
from data.errors import InputError
from data.files import canonical_json, check_not_removed, sha256_text, write_whole
from data.labelled import LabelledText
from data.options import identity_of as options_identity
from data.options import to_json
from data.randomness import stream
from data.tsv import write_tsv
from metrics.labels import accuracy
from metrics.score import Score
from models.derived import derived_folder
from models.encoder import LONGEST, open_encoder
from models.resolve import Model, resolve_model
from training.classification.classifier import (
    Classifier,
    batches_of,
    load_classifier,
    open_classifier,
)
from training.classification.config import ClassifyConfig
from training.classification.labelled import (
    LabelledSet,
    few,
    find_texts,
    find_unlabelled,
    without_tests,
)
from training.classification.scoring import (
    CHARACTERS,
    MAJORITY,
    MODEL,
    Baselines,
    averages,
    best_head,
    scored,
)
from training.folders import folder_appears_whole, training_folder, training_kind
from training.loop import Shuffled, fit
from training.tagging.config import AGREE, KEEP, RELABEL
from training.tagging.labelled import file_name

if TYPE_CHECKING:
    from torch import Tensor, nn

    from training.classification.classifier import Network
    from training.progress import Progress

KIND = training_kind("training.classify", {"train": list, "test": list, "pooling": str})
CHANGED, DISAGREED = "label changed by the teacher", "text on which the teacher disagrees"


@dataclass(frozen=True)
class Prepared:
    """A run that can begin, or go on. Models are opened when they are first asked for.

    Attributes:
        sets: labelled texts by role (train, pseudo, unlabelled, dev, test), without test texts.
        dropped: counts by set and reason.
    """

    config: ClassifyConfig
    sets: Mapping[str, Sequence[LabelledSet]]
    base: Model
    dropped: Mapping[str, Counter[str]]
    identity: Mapping[str, Any]
    folder: Path
    access: Access

    @cached_property
    def training(self) -> list[LabelledText]:
        """All texts to train on; those of `pseudo` as the teacher, if any, sees them."""
        config = self.config
        own = [one for found in self.sets["train"] for one in found.texts]
        if config.shots:
            own = few(own, config.shots, config.seed)
        how = config.distil if config.teacher else KEEP
        made = [one for found in self.sets["pseudo"] for one in self._taught(found, how)]
        made += [one for found in self.sets["unlabelled"] for one in self._taught(found, RELABEL)]
        return own + made

    @property
    def dev(self) -> list[LabelledText]:
        """The texts that the weights are chosen by."""
        return [one for found in self.sets["dev"] for one in found.texts]

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """The labels of the training data, in alphabetical order."""
        return tuple(sorted({one.label for one in self.training}))

    @cached_property
    def classifier(self) -> Classifier:
        """The model, before its first update."""
        config = self.config
        length = LONGEST if config.freeze else config.length
        return open_classifier(
            self.base, self.labels, pooling=config.pooling, length=length, seed=config.seed
        )

    @cached_property
    def encoder(self) -> Any:
        """What makes the vectors of a frozen encoder."""
        config = self.config
        device = "cpu" if config.device == "auto" else config.device
        how = {"device": device, "dtype": config.dtype or "auto"}
        return open_encoder(str(config.model), access=self.access, **how)

    def vectors(self, texts: Sequence[str]) -> np.ndarray[Any, np.dtype[np.float32]]:
        """(texts, width), and a last column of ones; computed once, then kept in the cache."""
        key = {"encoder": self.encoder.signature, "pooling": self.config.pooling, "texts": texts}
        name = f"vectors-{sha256_text(canonical_json(key))[:20]}"

        def build(out: Path) -> None:
            depth, pooling = self.encoder.depth, self.config.pooling
            np.save(out / "vectors.npy", self.encoder.layers(texts, [depth], pooling=pooling)[0])

        folder = derived_folder(name, build, self.access)
        found = np.load(folder / "vectors.npy", allow_pickle=False)
        return np.concatenate([found, np.ones((len(found), 1), np.float32)], axis=1)

    def _taught(self, found: LabelledSet, how: str) -> list[LabelledText]:
        """The texts as the teacher sees them."""
        if how == KEEP:
            return list(found.texts)
        labels = self._teacher.predict([one.text for one in found.texts])
        pairs = list(zip(found.texts, labels, strict=True))
        differing = sum(one.label != label for one, label in pairs)
        if how == AGREE:
            self.dropped[found.name][DISAGREED] = differing
            return [one for one, label in pairs if one.label == label]
        self.dropped[found.name][CHANGED] = differing
        return [replace(one, label=label) for one, label in pairs]

    @cached_property
    def _teacher(self) -> Classifier:
        return load_classifier(str(self.config.teacher), self.access)


@contextmanager
def prepare(config: ClassifyConfig, access: Access) -> Iterator[Prepared]:
    """Find everything and open the run's folder for the block; nothing slow.

    Raises:
        InputError: a wrong name, or a folder with another run in it.
        UnavailableError: a file or a model cannot be had.
    """
    from models.device import find_device

    find_device(config.device)
    sets = _find_sets(config, access)
    keep_out = KeepOut()
    for test in sets["test"]:
        keep_out.add(test.name, (one.text for one in test.texts))
    dropped = {one.name: Counter(one.dropped) for found in sets.values() for one in found}
    for role in ("train", "pseudo", "unlabelled", "dev"):
        sets[role] = [without_tests(one, keep_out, dropped[one.name]) for one in sets[role]]
        if gone := [one for one in sets[role] if not one.texts]:
            raise InputError(
                f"{gone[0].name}: every text stands in a test set too; nothing is left of it"
            )
    if config.limit:
        sets["train"] = [replace(one, texts=one.texts[: config.limit]) for one in sets["train"]]
    base = resolve_model(str(config.model), access)
    teacher = resolve_model(config.teacher, access) if config.teacher else None
    identity = {
        **options_identity(config),
        **{role: [one.to_json() for one in found] for role, found in sets.items()},
        "model": {"name": base.name, "revision": base.revision},
        "teacher": {"name": teacher.name, "revision": teacher.revision} if teacher else None,
    }
    options = to_json(config)
    with training_folder(KIND, "classify", identity, out=config.out, options=options) as folder:
        yield Prepared(config, sets, base, dropped, identity, folder, access)


def _find_sets(config: ClassifyConfig, access: Access) -> dict[str, Sequence[LabelledSet]]:
    names = {
        "train": (config.train, "train"),
        "pseudo": (config.pseudo, "train"),
        "dev": ((config.dev,) if config.dev else (), "dev"),
        "test": (config.test, "test"),
    }
    found: dict[str, Sequence[LabelledSet]] = {
        role: [one for name in given for one in find_texts(name, split, access)]
        for role, (given, split) in names.items()
    }
    limit = config.limit
    found["unlabelled"] = [find_unlabelled(name, limit, access) for name in config.unlabelled]
    every = Counter(one.name for sets in found.values() for one in sets)
    if twice := [name for name, number in every.items() if number > 1]:
        raise InputError(f"{twice[0]}: named twice; a set has one role")
    return found


def train(
    prepared: Prepared, progress: Callable[[Progress], None] | None = None
) -> Mapping[str, Any]:
    """Train the head alone or all weights; what scores.json says of it.

    Raises:
        InputError: a checkpoint of another run, or one label only to learn.
        UnavailableError: no such device, a loss that is not finite, a full disk.
        KeyboardInterrupt: after Ctrl-C; a checkpoint is written.
    """
    if len(prepared.labels) < 2:
        raise InputError(
            f"training data: expected texts of two labels or more, found {len(prepared.labels)};"
            " name other sets"
        )
    return _train_head(prepared) if prepared.config.freeze else _train_all(prepared, progress)


def _train_head(prepared: Prepared) -> Mapping[str, Any]:
    """A logistic regression on standardised vectors, which then becomes the head."""
    import torch

    raw = prepared.vectors([one.text for one in prepared.training])[:, :-1]
    mean, spread = raw.mean(axis=0), np.maximum(raw.std(axis=0), 1e-6)

    def scores(texts: Sequence[str]) -> Callable[[Tensor], Tensor]:
        found = prepared.vectors(texts)
        found[:, :-1] = (found[:, :-1] - mean) / spread
        features = torch.from_numpy(found)
        return lambda weights: features @ weights

    history: list[float] = []
    head = best_head(
        scores, raw.shape[1] + 1, prepared.labels, prepared.training, prepared.dev, history
    )
    slope = head[:-1] / torch.from_numpy(spread)[:, None]
    layer = prepared.classifier.network.head
    with torch.no_grad():
        layer.weight.copy_(slope.T)
        layer.bias.copy_(head[-1] - torch.from_numpy(mean) @ slope)
    lines = [canonical_json({"step": n, "loss": loss}) for n, loss in enumerate(history, 1)]
    write_whole(prepared.folder / "metrics.jsonl", "\n".join(lines) + "\n")
    return {"rounds": len(history), "texts": len(prepared.training)}


def _train_all(
    prepared: Prepared, progress: Callable[[Progress], None] | None
) -> Mapping[str, Any]:
    config, classifier = prepared.config, prepared.classifier
    number = {label: n for n, label in enumerate(prepared.labels)}
    labels = [number[one.label] for one in prepared.training]
    order = list(range(len(labels)))
    stream(config.seed, "texts").shuffle(order)
    windows = classifier.windows([one.text for one in prepared.training])
    batches = batches_of(windows, config.batch_tokens, classifier.pad, labels, order)
    fitted = fit(
        classifier.network,
        Shuffled(batches, config.seed),
        label_loss,
        config.settings(),
        out=prepared.folder,
        evaluate=_judge(prepared) if prepared.dev else None,
        best="accuracy" if prepared.dev and config.evaluate_every else None,
        progress=progress,
        identity={"run": prepared.identity, "labels": list(prepared.labels)},
    )
    return {
        "steps": fitted.steps,
        "of": fitted.total,
        "ended": fitted.reason,
        "best_step": fitted.best_step,
        "dev": dict(fitted.metrics),
        "texts": len(prepared.training),
    }


def label_loss(model: nn.Module, batch: Mapping[str, Tensor]) -> tuple[Tensor, int]:
    """Cross entropy in nats, its sum over the texts of a batch, and how many they are."""
    from torch.nn import functional

    scores = model(batch["input_ids"], batch["attention_mask"])
    total = functional.cross_entropy(scores.float(), batch["labels"], reduction="sum")
    return total, len(batch["labels"])


def _judge(prepared: Prepared) -> Callable[[nn.Module], dict[str, float]]:
    texts, gold = [one.text for one in prepared.dev], [one.label for one in prepared.dev]

    def judge(model: nn.Module) -> dict[str, float]:
        network = cast("Network", model)
        found = replace(prepared.classifier, network=network).predict(texts)
        return {"accuracy": accuracy(gold, found, resamples=1).value}

    return judge


def finish(prepared: Prepared, training: Mapping[str, Any], command: str) -> None:
    """Write model/, predictions/, report.html and, last of all, scores.json."""
    check_not_removed(prepared.folder / "config.json")
    with folder_appears_whole(prepared.folder / "model") as out:
        prepared.classifier.save(out)
        (out / "README.md").write_text(_card(prepared, command), "utf-8")
    baselines = Baselines(prepared.training, prepared.dev)
    results = [one for test in prepared.sets["test"] for one in _results(prepared, baselines, test)]
    told = {
        "results": results,
        "averages": averages(results) if len(prepared.sets["test"]) > 1 else [],
        "data": _data(prepared),
        "training": training,
        "notes": list(_warnings(prepared, results)),
        "command": command,
    }
    _report(prepared, told)
    content = json.dumps(told, ensure_ascii=False, indent=1)
    write_whole(prepared.folder / "scores.json", content + "\n")


def _results(
    prepared: Prepared, baselines: Baselines, test: LabelledSet
) -> Iterator[dict[str, Any]]:
    """Scores of the model and of the baselines; the model's labels are written."""
    texts, gold = [one.text for one in test.texts], [one.label for one in test.texts]
    found = _predicted(prepared, texts)
    path = prepared.folder / "predictions" / file_name(test.name)
    path.parent.mkdir(exist_ok=True)
    rows = zip((" ".join(text.split()) for text in texts), gold, found, strict=True)
    write_tsv(path.with_suffix(".tsv"), ("text", "label", "predicted"), rows)
    told: dict[str, Any] = {"test": test.name, "sha256": test.sha256[:16]}
    mine = told | {"model": prepared.folder.name}
    yield scored(test.name, MODEL, gold, found, mine)
    yield scored(test.name, CHARACTERS, gold, baselines.by_characters(texts), told)
    yield scored(test.name, MAJORITY, gold, [baselines.majority] * len(gold), told)


def _predicted(prepared: Prepared, texts: Sequence[str]) -> list[str]:
    """The model's labels; of a frozen encoder from its vectors, which may be there already."""
    if not prepared.config.freeze:
        return prepared.classifier.predict(texts)
    layer = prepared.classifier.network.head
    weight, bias = layer.weight.detach().numpy(), layer.bias.detach().numpy()
    best = (prepared.vectors(texts)[:, :-1] @ weight.T + bias).argmax(axis=1)
    return [prepared.labels[number] for number in best.tolist()]


def _card(prepared: Prepared, command: str) -> str:
    rows = "".join(
        f"| {one.name} | {one.licence} | {len(one.texts):,} |\n"
        for role in ("train", "pseudo", "unlabelled")
        for one in prepared.sets[role]
    )
    return (
        f"# {prepared.folder.name}\n\nLabels texts: {', '.join(prepared.labels)}. An encoder,"
        f" {prepared.base.name}{' (frozen)' if prepared.config.freeze else ''}, its pieces pooled"
        f" ({prepared.config.pooling}), and a layer on top (head.safetensors, classifier.json).\n\n"
        f"| data | licence | texts |\n| --- | --- | --- |\n{rows}\n"
        f"Scores: scores.json of the run.\n\n    {command}\n"
    )


def _data(prepared: Prepared) -> list[dict[str, Any]]:
    return [
        {"role": role, **one.to_json(), "dropped": dict(prepared.dropped[one.name])}
        for role, found in prepared.sets.items()
        for one in found
    ]


def _warnings(prepared: Prepared, results: Sequence[Mapping[str, Any]]) -> Iterable[str]:
    """A model below a baseline, labels that it cannot know, fewer shots than were asked for."""
    value = {(one["test"], one["system"]): one["scores"][0]["value"] for one in results}
    for test in prepared.sets["test"]:
        free = max((value[test.name, system], system) for system in (MAJORITY, CHARACTERS))
        if value[test.name, MODEL] < free[0]:
            yield (
                f"{test.name}: {value[test.name, MODEL]:.1f} is below what costs nothing,"
                f" {free[0]:.1f} ({free[1]})"
            )
        if unknown := {one.label for one in test.texts} - {*prepared.labels}:
            names = ", ".join(sorted(unknown))
            yield f"{test.name}: has labels that training has not: {names}"
    counts = Counter(one.label for found in prepared.sets["train"] for one in found.texts)
    for label, number in sorted(counts.items()):
        if number < (prepared.config.shots or 0):
            yield f"{label}: {number} texts in the training data, fewer than --shots"


def _report(prepared: Prepared, told: Mapping[str, Any]) -> None:
    from training.report import write_report

    scores = [
        replace(Score.from_dict(one["score"]), name=f"{one['score']['name']} ({one['system']})")
        for one in told["averages"]
    ]
    for one in told["results"]:
        for record in one["scores"]:
            score = Score.from_dict(record)
            scores.append(replace(score, name=f"{one['test']}: {score.name} ({one['system']})"))
    facts = {"encoder": prepared.base.name, "labels": ", ".join(prepared.labels)}
    facts |= {
        f"{one['role']} {one['name']}": f"{one['texts']:,} texts, {one['licence']}"
        for one in told["data"]
    }
    write_report(
        prepared.folder,
        f"Classification {prepared.folder.name}",
        facts=facts,
        scores=scores,
        notes=told["notes"],
        command=told["command"],
    )
