"""Everything before the first update: corpora, model, folder, ids, batches, the held-out judge.

prepared = prepare(config, print)
prepared.opened.model, prepared.batches, prepared.judge
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from data.access import Access
from data.contamination import KeepOut
from data.errors import InputError
from data.languages import resolve
from models.resolve import Model
from training.pretraining.config import PretrainConfig
from training.pretraining.corpora import Source, open_sources
from training.pretraining.encoding import Parts, encode
from training.pretraining.folder import identity_of, open_folder
from training.pretraining.opening import Opened, find_base, open_model


@dataclass(frozen=True)
class Prepared:
    """A run that can begin, or go on. The model is opened, and text read, when first asked for."""

    config: PretrainConfig
    sources: Sequence[Source]
    architecture: str
    base: Model | None
    identity: Mapping[str, Any]
    folder: Path
    say: Callable[[str], None]

    @cached_property
    def opened(self) -> Opened:
        """The model and its tokenizer."""
        return open_model(
            self.config, self.architecture, self.base, self.sources, self.folder, self.say
        )

    @cached_property
    def parts(self) -> list[Parts]:
        """The corpora as ids."""
        return encode(self.sources, self.opened.tokenizer, self.folder, self.say)

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
    def judge(self) -> Any:
        """What scores models on held-out text (`training.pretraining.scoring.Judge`), or None.

        Raises:
            InputError: --patience or --evaluate-every with no document held out.
        """
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


def prepare(config: PretrainConfig, say: Callable[[str], None]) -> Prepared:
    """Find everything and make the run's folder; nothing slow.

    Raises:
        InputError: a wrong name, or a folder with another run in it.
        UnavailableError: a file or a model cannot be had.
    """
    from training.looping.world import find_device

    find_device(config.device)
    for code in (config.lang or "").split(","):
        if code.strip():
            resolve(code.strip())  # a wrong one is told now, not after the training
    architecture, base = find_base(config, say)
    keep_out = KeepOut.load(config.keep_out, access=Access.of(config, say))
    sources = open_sources(
        config.corpora,
        keep_out,
        held_out=config.held_out,
        limit=config.limit,
        skip_bad=config.skip_bad,
        offline=config.offline,
        report=say,
    )
    identity = identity_of(config, sources, keep_out, base)
    folder = open_folder(config, identity)
    return Prepared(config, sources, architecture, base, identity, folder, say)


def _signature(prepared: Prepared, part: Parts) -> dict[str, Any]:
    config = prepared.config
    told: dict[str, Any] = {"corpus": part.source.name, "objective": config.mix}
    told |= {"length": config.length, "held-out": config.held_out, "noise": 0}
    if part.held_out is not None:
        told["ids"] = part.held_out.sha256[:16]
    return told
