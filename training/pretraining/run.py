"""A pretraining run from its corpora to its scores: prepared, trained, saved, reported.

    with prepare(config, Access()) as prepared:
        finish(prepared, train(prepared), "python -m training.pretrain ...")

runs/pretrain-<hash>/ holds, beside what every training run has (`training.folders`):

    tokenizer/    data/: the documents as ids    before.json: scores of what the run began with
    adapter/      with --lora
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from data.access import Access
from data.bitext import Bitext
from data.bounded import read_json
from data.contamination import KeepOut
from data.errors import InputError
from data.files import canonical_json, check_not_removed, write_whole
from data.languages import resolve
from data.options import identity_of as options_identity
from data.options import to_json
from metrics.score import Score
from models.encoder import keep_prompts
from models.resolve import Model
from models.weights import save_safetensors
from runfolder.folder import environment
from training.auxiliary import Beside, find_bitexts, language_of, prepare_beside
from training.folders import (
    PACKAGES,
    folder_appears_whole,
    tokenizer_identity,
    training_folder,
    training_kind,
)
from training.joint import joint_loss
from training.loop import fit
from training.losses import loss_for
from training.objectives import NONE
from training.objectives.auxiliary import TEXTS
from training.pretraining.card import card
from training.pretraining.config import PretrainConfig
from training.pretraining.corpora import Parts, Source, encode, open_sources
from training.pretraining.model import Opened, find_base, open_model
from training.private.card import fact

if TYPE_CHECKING:
    from training.private.run import Private
    from training.progress import Fitted, Progress

KIND = training_kind("training.pretrain", {"corpora": list, "objective": str})


@dataclass(frozen=True)
class Prepared:
    """A run that can begin, or go on. The model is opened, and text read, when first asked for.

    Attributes:
        languages: of the sources, where an auxiliary objective needs them; bitexts: its pairs.
    """

    config: PretrainConfig
    sources: Sequence[Source]
    languages: Sequence[str]
    bitexts: Sequence[Bitext]
    architecture: str
    base: Model | None
    identity: Mapping[str, Any]
    folder: Path
    access: Access

    @cached_property
    def opened(self) -> Opened:
        """The model and its tokenizer."""
        return open_model(
            self.config, self.architecture, self.base, self.sources, self.folder, self.access
        )

    @cached_property
    def beside(self) -> Beside | None:
        """Auxiliary objectives, or None."""
        if not self.config.weights:
            return None
        config, opened = self.config, self.opened
        return prepare_beside(
            config,
            opened.model,
            opened.tokenizer,
            self.base,
            list(zip(self.parts, self.languages, strict=True)) if self.languages else [],
            self.bitexts,
            None if config.mix == NONE else loss_for(self.architecture),
            rate=config.settings().learning_rate,
            share=config.held_out,
            device=config.device,
            access=self.access,
        )

    @cached_property
    def parts(self) -> list[Parts]:
        """The corpora as ids."""
        return encode(self.sources, self.opened.tokenizer, self.folder, self.access)

    @cached_property
    def mix(self) -> Any:
        """The objectives (`training.objectives.Mix`)."""
        from training.objectives import Special, parse_mix

        special = Special.of(self.opened.tokenizer)
        config = self.config
        return parse_mix(
            config.mix, special, self.architecture, config.length, packed=config.packed
        )

    @cached_property
    def batches(self) -> Any:
        """The endless stream (`training.text.TextBatches`)."""
        from training.text import TextBatches

        return TextBatches(
            [part.train for part in self.parts],
            self.mix,
            tokens=self.config.batch_tokens,
            packed=self.config.packed,
            temperature=self.config.temperature,
            seed=self.config.seed,
        )

    @cached_property
    def private(self) -> Private | None:
        """Private training, or None."""
        if self.config.privacy is None:
            return None
        from training.pretraining.private import private_run

        return private_run(self.config, [one.train for one in self.parts], self.mix, self.identity)

    @cached_property
    def judge(self) -> Any:
        """What scores models on held-out text (`training.pretraining.scoring.Judge`), or None.

        Raises:
            InputError: --patience or --evaluate-every with no document held out.
        """
        if self.config.mix == NONE:
            return None
        from training.losses import loss_for
        from training.pretraining.scoring import Judge, part_of

        parts = [
            part_of(part.held_out, self.mix_for_scores, self.config.held_out_limit, told)
            for part in self.parts
            if part.held_out is not None
            for told in [_signature(self, part)]
        ]
        if not parts and (self.config.patience or self.config.evaluate_every):
            raise InputError(
                "--patience and --evaluate-every need held-out documents, found none; give more"
                " text or a larger --held-out"
            )
        return Judge(parts, loss_for(self.architecture)) if parts else None

    @cached_property
    def mix_for_scores(self) -> Any:
        """The objectives where each document is an example of its own."""
        from training.objectives import parse_mix

        return parse_mix(self.config.mix, self.mix.special, self.architecture, self.config.length)


@contextmanager
def prepare(config: PretrainConfig, access: Access) -> Iterator[Prepared]:
    """Find everything and open the run's folder for the block; nothing slow.

    Raises:
        InputError: a wrong name, or a folder with another run in it.
        UnavailableError: a file or a model cannot be had.
    """
    from models.device import find_device

    find_device(config.device)
    for code in (config.lang or "").split(","):
        if code.strip():
            resolve(code.strip())  # a wrong one is told now, not after the training
    architecture, base = find_base(config, access)
    keep_out = KeepOut.load(config.keep_out, access=access)
    sources = open_sources(
        config.corpora,
        keep_out,
        held_out=config.held_out,
        limit=config.limit,
        skip_bad=config.skip_bad,
        access=access,
    )
    languages = [language_of(source.corpus, access) for source in sources if config.reads(TEXTS)]
    bitexts = find_bitexts(config, keep_out, access, skip_bad=config.skip_bad)
    identity = identity_of(config, sources, keep_out, base)
    identity |= {"languages": languages, "bitexts": [one.to_json() for one in bitexts]}
    options = to_json(config)
    with training_folder(KIND, "pretrain", identity, out=config.out, options=options) as folder:
        found = (config, sources, languages, bitexts, architecture, base, identity, folder, access)
        yield Prepared(*found)


def _signature(prepared: Prepared, part: Parts) -> dict[str, Any]:
    config = prepared.config
    told: dict[str, Any] = {"corpus": part.source.name, "objective": config.mix}
    told |= {"length": config.length, "held-out": config.held_out, "noise": 0}
    if part.held_out is not None:
        told["ids"] = part.held_out.sha256[:16]
    return told


ADAPTER = "adapter"
UNCOVERED = ("a tokenizer that was trained or extended on the same text (--tokenizer train:N)",)
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
    before, beside = _before(prepared), prepared.beside
    batches = prepared.batches if config.mix != NONE else None
    data = batches.describe() if batches is not None else {}
    private, loss = prepared.private, loss_for(prepared.architecture)
    own: Any = private.batches if private else batches
    fitted = fit(
        beside.joint if beside else model,
        beside.batches(batches) if beside else own,
        joint_loss if beside else loss,
        config.settings(),
        out=prepared.folder,
        evaluate=beside.judge(judge) if beside else judge,
        best="-loss" if judge and config.evaluate_every else None,
        progress=progress,
        identity={
            "run": prepared.identity,
            "data": data,
            "model": prepared.opened.description,
        },
        **(private.hooks(model, loss) if private else {}),
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
        if prepared.private:
            steps = trained.fitted.steps
            told |= {"privacy": prepared.private.guarantee.told(steps)}
            text += prepared.private.guarantee.card(steps, UNCOVERED)
        with folder_appears_whole(prepared.folder / "model") as out:
            _save(prepared, trained.model, out, text)
        _report(prepared, trained, told)
        kept = ("data", "training", "model", "notes", "command")
        scores = {"held_out": told["scores"], **{name: told[name] for name in kept}}
        scores |= {name: told[name] for name in ("privacy",) if name in told}
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
        with folder_appears_whole(prepared.folder / ADAPTER) as folder:
            save_safetensors(model, folder)
        model = model.merge_and_unload()
    save_safetensors(model, out)
    prepared.opened.tokenizer.save_pretrained(out)
    if prepared.base:
        keep_prompts(prepared.base.folder, out)
    (out / "README.md").write_text(text, "utf-8")


def _told(prepared: Prepared, trained: Trained, command: str) -> dict[str, Any]:
    shares, fitted = prepared.batches.shares if prepared.sources else {}, trained.fitted
    notes = list(prepared.opened.notes)
    notes += [source.corpus.note for source in prepared.sources if source.corpus.note]
    if fitted.reason == "budget":
        notes.append(f"stopped at 1.25 times its budget, after {fitted.steps:,} updates")
    notes += prepared.private.guarantee.notes() if prepared.private else []
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
        "environment": environment(PACKAGES),
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
    from training.report import LOSS, WEIGHTED, of_held_out, write_report

    facts = {
        "model": told["model"]["name"],
        "parameters": f"{told['model']['parameters']:,}",
        "objective": prepared.config.mix,
        **({"auxiliary": prepared.config.auxiliary} if prepared.config.auxiliary else {}),
        **({"privacy": fact(told["privacy"])} if "privacy" in told else {}),
        **{f"corpus {one['name']}": _corpus_fact(one) for one in told["data"]},
    }
    title = f"Pretraining {prepared.folder.name}"
    write_report(
        prepared.folder,
        title,
        facts=facts,
        scores=of_held_out(trained.scores),
        notes=told["notes"],
        command=told["command"],
        unit=WEIGHTED if prepared.config.weights else LOSS,
    )


def _corpus_fact(one: Mapping[str, Any]) -> str:
    dropped = "; ".join(f"{reason}: {number:,}" for reason, number in one["dropped"].items())
    return (
        f"{one['documents']:,} documents, {one['tokens']:,} tokens, {100 * one['share']:.1f} % of"
        f" the stream, {one['licence']}" + (f"; dropped: {dropped}" if dropped else "")
    )


def identity_of(
    config: PretrainConfig, sources: Sequence[Source], keep_out: KeepOut, base: Model | None
) -> dict[str, Any]:
    """Everything that the weights hang on: options, and checksums of data, tokenizer and model."""
    settings, tokenizer = config.settings(), config.tokenizer
    if tokenizer and not config.made("train") and not config.made("extend"):
        tokenizer = tokenizer_identity(tokenizer)
    return {
        **options_identity(config),
        "optimizer": settings.optimizer,
        "learning_rate": settings.learning_rate,
        "corpora": [source.to_json() for source in sources],
        "keep_out": [*keep_out.describe(), {"sha256": keep_out.sha256}],
        "model": base and {"name": base.name, "revision": base.revision},
        "tokenizer": tokenizer,
    }
