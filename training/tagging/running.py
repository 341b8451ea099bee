"""The middle and the end of a tagging run: train, then save the model, predictions and scores."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.files import check_not_removed, write_whole
from data.labels.schemes import BIO
from data.tagged import TaggedSentence, write_tagged
from metrics.score import Score
from models.weights import save_safetensors
from training.loop import Shuffled, fit
from training.noising.examples import IGNORED
from training.pretraining.folder import folder_that_appears_whole
from training.tagging.corpora import Labelled
from training.tagging.folder import file_name
from training.tagging.opening import Tagger
from training.tagging.pieces import batches_of
from training.tagging.prepare import Prepared
from training.tagging.scoring import BASELINE, MODEL, plain_value, scored

if TYPE_CHECKING:
    from torch import Tensor, nn

    from training.looping.progress import Fitted, Progress

METRIC = {BIO: "f1"}  # what an evaluation on dev is called; else accuracy


def train(prepared: Prepared, progress: Callable[[Progress], None] | None = None) -> Fitted:
    """Run the loop; on return the tagger has the weights of the best evaluation on dev.

    Raises:
        InputError: a checkpoint of another run; labels on dev that training has none of.
        UnavailableError: no such device, a loss that is not finite, a full disk.
        KeyboardInterrupt: after Ctrl-C; a checkpoint is written.
    """
    config, tagger = prepared.config, prepared.tagger
    number = {label: n for n, label in enumerate(tagger.labels)}
    tags = [[number[tag] for tag in sentence.tags] for sentence in prepared.training]
    windows = tagger.coder.windows([sentence.tokens for sentence in prepared.training])
    batches = batches_of(windows, config.batch_tokens, tagger.coder.pad, tags, config.seed)
    name = METRIC.get(prepared.scheme, "accuracy")
    judged = bool(prepared.sets["dev"])
    return fit(
        tagger.model,
        Shuffled(batches, config.seed),
        word_loss,
        config.settings(),
        out=prepared.folder,
        evaluate=_judge(prepared, name) if judged else None,
        best=name if judged and config.evaluate_every else None,
        report=progress,
        config={"run": prepared.identity, "labels": list(tagger.labels)},
    )


def word_loss(model: nn.Module, batch: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
    """Cross entropy in nats at the words' first pieces, (B, T); its sum, and how many they are."""
    from torch.nn import functional

    scores = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits
    labels = batch["labels"]
    total = functional.cross_entropy(
        scores.flatten(0, 1).float(), labels.flatten(), ignore_index=IGNORED, reduction="sum"
    )
    return total, (labels != IGNORED).sum()


def _judge(prepared: Prepared, name: str) -> Callable[[nn.Module], dict[str, float]]:
    """Token accuracy or span F1 on the source language's dev sets."""
    sentences = [sentence for one in prepared.sets["dev"] for sentence in one.sentences]
    gold = [sentence.tags for sentence in sentences]

    def judge(model: nn.Module) -> dict[str, float]:
        found = replace(prepared.tagger, model=model).tag([one.tokens for one in sentences])
        return {name: plain_value(gold, found, prepared.scheme)}

    return judge


def finish(prepared: Prepared, fitted: Fitted, command: str) -> None:
    """Write model/, predictions/, report.html and, last of all, scores.json."""
    check_not_removed(prepared.folder / "config.json")
    folder_that_appears_whole(prepared.folder / "model", lambda out: _save(prepared, out, command))
    results = [one for test in prepared.sets["test"] for one in _results(prepared, test)]
    told = {
        "scheme": prepared.scheme,
        "results": results,
        "data": _data(prepared),
        "training": _training(fitted),
        "notes": [*prepared.notes, *_warnings(prepared, results, fitted)],
        "command": command,
    }
    _report(prepared, told)
    content = json.dumps(told, ensure_ascii=False, indent=1)
    write_whole(prepared.folder / "scores.json", content + "\n")


def _results(prepared: Prepared, test: Labelled) -> list[dict[str, Any]]:
    """Scores of the model and of the baseline; the model's labels are written."""
    words, gold = [s.tokens for s in test.sentences], [s.tags for s in test.sentences]
    found = prepared.tagger.tag(words)
    path = prepared.folder / "predictions" / file_name(test.name)
    write_tagged(path, map(_with_tags, test.sentences, found))
    told = {"test": test.name, "sha256": test.sha256[:16], "model": prepared.folder.name}
    return [
        scored(test.name, MODEL, gold, found, prepared.scheme, told),
        scored(
            test.name,
            BASELINE,
            gold,
            prepared.frequencies.tag(words),
            prepared.scheme,
            {"test": test.name, "sha256": test.sha256[:16]},
        ),
    ]


def _with_tags(sentence: TaggedSentence, tags: Sequence[str]) -> TaggedSentence:
    return replace(sentence, tags=tuple(tags))


def _save(prepared: Prepared, out: Path, command: str) -> None:
    """What `from_pretrained` opens, and a card."""
    tagger: Tagger = prepared.tagger
    save_safetensors(tagger.model.to("cpu"), out)
    tagger.tokenizer.save_pretrained(out)
    (out / "README.md").write_text(_card(prepared, command), "utf-8")


def _card(prepared: Prepared, command: str) -> str:
    sets = [*prepared.sets["train"], *prepared.sets["pseudo"]]
    rows = "".join(
        f"| {one.name} | {one.licence} | {'synthetic' if one.synthetic else 'by people'} |"
        f" {len(one.sentences):,} |\n"
        for one in sets
    )
    encoder = prepared.base.name if prepared.base else prepared.config.config
    return (
        f"# {prepared.folder.name}\n\nLabels words ({prepared.scheme}:"
        f" {', '.join(prepared.tagger.labels)}). Trained from {encoder}.\n\n"
        f"| data | licence | made | sentences |\n| --- | --- | --- | --- |\n{rows}\n"
        "The label of a word stands on its first piece. Scores: scores.json of the run.\n\n"
        f"    {command}\n"
    )


def _data(prepared: Prepared) -> list[dict[str, Any]]:
    return [
        {"role": role, **one.to_json(), "dropped": dict(prepared.dropped[one.name])}
        | {"repaired": dict(one.repairs)}
        for role, found in prepared.sets.items()
        for one in found
    ]


def _training(fitted: Fitted) -> dict[str, Any]:
    return {
        "steps": fitted.steps,
        "of": fitted.total,
        "ended": fitted.reason,
        "best_step": fitted.best_step,
        "dev": dict(fitted.metrics),
    }


def _warnings(
    prepared: Prepared, results: Sequence[Mapping[str, Any]], fitted: Fitted
) -> list[str]:
    """A model below its baseline, labels that it cannot know, a budget that was overrun."""
    told = []
    value = {(one["test"], one["system"]): one["score"]["value"] for one in results}
    for test in prepared.sets["test"]:
        mine, free = value[test.name, MODEL], value[test.name, BASELINE]
        if mine < free:
            told.append(f"{test.name}: {mine:.1f} is below the baseline's {free:.1f} ({BASELINE})")
        unknown = {t for s in test.sentences for t in s.tags} - {*prepared.tagger.labels}
        if unknown:
            names = ", ".join(sorted(unknown))
            told.append(f"{test.name}: has labels that training has not: {names}")
    if fitted.reason == "budget":
        told.append(f"stopped at 1.25 times its budget, after {fitted.steps:,} updates")
    return told


def _report(prepared: Prepared, told: Mapping[str, Any]) -> None:
    from training.report import write_report

    scores = []
    for one in told["results"]:
        score = Score.from_dict(one["score"])
        scores.append(replace(score, name=f"{one['test']}: {score.name} ({one['system']})"))
        if one["system"] == MODEL:
            rows = [Score.from_dict(row["f1"]) for row in one["labels"]]
            scores += [replace(row, name=f"{one['test']}: {row.name}") for row in rows]
    encoder = prepared.base.name if prepared.base else prepared.config.config
    facts = {"encoder": encoder, **{f"{d['role']} {d['name']}": _fact(d) for d in told["data"]}}
    write_report(
        prepared.folder,
        f"Tagging {prepared.folder.name}",
        facts={**facts, "command": told["command"]},
        scores=scores,
        notes=told["notes"],
    )


def _fact(one: Mapping[str, Any]) -> str:
    counts = "; ".join(f"{reason}: {number:,}" for reason, number in one["dropped"].items())
    return f"{one['sentences']:,} sentences, {one['tokens']:,} words, {one['licence']}" + (
        f"; {counts}" if counts else ""
    )
