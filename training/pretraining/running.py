"""The middle and the end of a run: train, then save the model, its scores, its card, the report."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from data.bounded import read_json
from data.errors import InputError
from data.files import canonical_json, check_not_removed, write_whole
from data.languages import resolve
from metrics.score import Score
from models.weights import save_safetensors
from training.loop import fit
from training.losses import loss_for
from training.pretraining.card import card
from training.pretraining.folder import environment, folder_that_appears_whole
from training.pretraining.prepare import Prepared

if TYPE_CHECKING:
    from training.looping.progress import Fitted, Progress

ADAPTER = "adapter"
RECORD = {"corpus": str, "system": str, "scores": [dict]}  # of what before.json holds


@dataclass(frozen=True)
class Trained:
    """What came out: the model with its weights, how the loop ended, scores on held-out text."""

    model: Any
    fitted: Fitted
    scores: list[dict[str, Any]]


def train(prepared: Prepared, progress: Callable[[Progress], None] | None = None) -> Trained:
    """Run the loop, and score what it made beside what it began with.

    Raises:
        InputError: a checkpoint of another configuration.
        UnavailableError: no such device, a loss that is not finite, a full disk.
        KeyboardInterrupt: after Ctrl-C; a checkpoint is written.
    """
    config, model, judge = prepared.config, prepared.opened.model, prepared.judge
    before = _before(prepared)
    fitted = fit(
        model,
        prepared.batches,
        loss_for(prepared.architecture),
        config.settings(),
        out=prepared.folder,
        evaluate=judge,
        best="-loss" if judge and config.evaluate_every else None,
        report=progress,
        config={
            "run": prepared.identity,
            "data": prepared.batches.describe(),
            "model": prepared.opened.description,
        },
    )
    after = judge.scores(model, "trained") if judge else []
    return Trained(model, fitted, [*after, *before])


def finish(prepared: Prepared, trained: Trained, command: str) -> None:
    """Write model/ with its card, report.html and, last of all, scores.json.

    Under `accelerate launch` the main process does it.
    """
    from accelerate import PartialState

    state = PartialState()
    if state.is_main_process:
        check_not_removed(prepared.folder / "config.json")
        told = _told(prepared, trained, command)
        text = card(told)
        folder_that_appears_whole(
            prepared.folder / "model", lambda out: _save(prepared, trained.model, out, text)
        )
        _report(prepared, trained, told)
        kept = ("data", "training", "model", "notes", "command")
        scores = {"held_out": told["scores"], **{name: told[name] for name in kept}}
        content = json.dumps(scores, ensure_ascii=False, indent=1)
        write_whole(prepared.folder / "scores.json", content + "\n")
    state.wait_for_everyone()


def _before(prepared: Prepared) -> list[dict[str, Any]]:
    """The scores that cost nothing: of the model as it came, and of piece frequencies alone."""
    judge, path = prepared.judge, prepared.folder / "before.json"
    if judge is None:
        return []
    if not path.exists():
        found = judge.scores(prepared.opened.model, "before") if prepared.base else []
        if prepared.config.mix in ("mlm", "clm"):
            found += judge.unigram_scores(_piece_counts(prepared))
        write_whole(path, canonical_json(found) + "\n")
    kept: list[dict[str, Any]] = read_json(path, [RECORD])  # as a run that goes on has them
    try:
        for score in (score for one in kept for score in one["scores"]):
            Score.from_dict(score)
    except ValueError as error:
        raise InputError(f"{path}: {error}; remove it, and the same command goes on") from error
    return kept


def _piece_counts(prepared: Prepared) -> np.ndarray[Any, Any]:
    """How often each id is trained on in one reading, and the end of each document, (V,)."""
    special = prepared.mix.special
    counts = np.zeros(special.size, dtype=np.int64)
    for part in prepared.parts:
        counts += np.bincount(part.train.ids, minlength=special.size)
        if special.eos is not None and prepared.architecture == "decoder":
            counts[special.eos] += part.train.documents
    return counts


def _save(prepared: Prepared, model: Any, out: Path, text: str) -> None:
    """Everything that `from_pretrained` needs, and the card; adapters are merged into the model."""
    model = model.to("cpu")
    if prepared.config.lora:
        kept = prepared.folder / ADAPTER
        folder_that_appears_whole(kept, lambda folder: save_safetensors(model, folder))
        model = model.merge_and_unload()
    save_safetensors(model, out)
    prepared.opened.tokenizer.save_pretrained(out)
    (out / "README.md").write_text(text, "utf-8")


def _told(prepared: Prepared, trained: Trained, command: str) -> dict[str, Any]:
    shares, fitted = prepared.batches.shares, trained.fitted
    notes = list(prepared.opened.notes)
    notes += [source.corpus.note for source in prepared.sources if source.corpus.note]
    if fitted.reason == "budget":
        notes.append(f"stopped at 1.25 times its budget, after {fitted.steps:,} updates")
    return {
        "name": prepared.folder.name,
        "architecture": prepared.architecture,
        "languages": _languages(prepared),
        "run": prepared.identity,
        "model": dict(prepared.opened.description),
        "data": [part.to_json(shares[part.source.name]) for part in prepared.parts],
        "training": _training(fitted),
        "scores": trained.scores,
        "notes": notes,
        "command": command,
        "environment": environment(),
    }


def _training(fitted: Fitted) -> dict[str, Any]:
    return {
        "steps": fitted.steps,
        "of": fitted.total,
        "ended": fitted.reason,
        "tokens": fitted.tokens,
        "best_step": fitted.best_step,
        "metrics": dict(fitted.metrics),
    }


def _languages(prepared: Prepared) -> list[str]:
    """BCP-47 codes, as --lang says, else as the corpora do."""
    codes = prepared.config.lang.split(",") if prepared.config.lang else []
    told = codes or [code for source in prepared.sources for code in source.corpus.languages]
    return list(dict.fromkeys(resolve(code.strip()).bcp47 for code in told))


def _report(prepared: Prepared, trained: Trained, told: Mapping[str, Any]) -> None:
    from training.report import write_report

    facts = {
        "model": told["model"]["name"],
        "parameters": f"{told['model']['parameters']:,}",
        "objective": prepared.config.mix,
        **{f"corpus {one['name']}": _corpus_fact(one) for one in told["data"]},
        "command": told["command"],
    }
    scores = [
        Score.from_dict({**score, "name": f"{score['name']} ({one['corpus']}, {one['system']})"})
        for one in trained.scores
        for score in one["scores"]
    ]
    title = f"Pretraining {prepared.folder.name}"
    write_report(prepared.folder, title, facts=facts, scores=scores, notes=told["notes"])


def _corpus_fact(one: Mapping[str, Any]) -> str:
    dropped = "; ".join(f"{reason}: {number:,}" for reason, number in one["dropped"].items())
    return (
        f"{one['documents']:,} documents, {one['tokens']:,} tokens, {100 * one['share']:.1f} % of"
        f" the stream, {one['licence']}" + (f"; dropped: {dropped}" if dropped else "")
    )
