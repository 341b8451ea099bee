"""Language models from left to right, as `training.pretrain` learns them; in bits a byte."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from data.access import Access
from data.randomness import stream
from metrics.ratios import Ratio
from models.tokenizer import open_fast_tokenizer
from models.weights import (
    check_ids,
    check_whole,
    open_weights,
    save_safetensors,
    with_low_rank_adapters,
)
from training.batches import Batch, Shuffled
from training.losses import causal_loss
from training.objectives import Special, parse_mix
from training.objectives.examples import IGNORED, collate, generator
from training.objectives.examples import Example as Read
from training.tagging.tagger import inference
from training.tokenizer.special import literal_backend
from trust.examples import Example
from trust.federation.tasks import Row, Setting, begin, frozen, refuse
from trust.targets.text import Decoders

LANGUAGES = ("ha", "sw", "yo")
UNIFORM_BITS = 8.0  # a byte of which nothing is known


class LanguageModel:
    """See `trust.federation.tasks.Task`."""

    train = tuple(f"lafand:train:{code}" for code in LANGUAGES)
    test = tuple(f"lafand:test:{code}" for code in LANGUAGES)

    def read(self, name: str, access: Access) -> list[Example]:
        """The texts of a corpus."""
        return Decoders().read(name, access)

    def label(self, example: Example) -> str:  # noqa: ARG002
        """Running text has none."""
        return ""

    def open(self, setting: Setting, training: Sequence[Example]) -> OpenedDecoder:
        """A decoder."""
        return OpenedDecoder(setting, training)


class OpenedDecoder:
    """See `trust.federation.tasks.Opened`."""

    metric, ratio = "bits per byte", Ratio(lambda totals: totals[0] / totals[1])

    def __init__(self, setting: Setting, training: Sequence[Example]) -> None:
        refuse(setting, "lm", ("hidden",))
        base, self.notes = begin(setting, [one.text for one in training], "decoder")
        trouble = f"{base.name}: cannot be opened as a decoder"
        self.model, missing = open_weights(base.folder, "AutoModelForCausalLM", trouble)
        check_whole(missing, base.folder)
        self._tokenizer = open_fast_tokenizer(base.folder)
        check_ids(self.model, len(self._tokenizer) - 1, base.folder)
        if setting.freeze:
            frozen(self.model.base_model)
        if setting.lora:
            self.model = with_low_rank_adapters(
                self.model, r=setting.lora, lora_alpha=2 * setting.lora, task_type="CAUSAL_LM",
                target_modules="all-linear",
            )  # fmt: skip
        self.loss, self._tokens = causal_loss, setting.batch_tokens
        special = Special.of(self._tokenizer)
        self._pad = special.pad
        self._mix = parse_mix("clm", special, "decoder", setting.length)
        self._training = [read for read, _ in self._read(training)]

    def _read(self, examples: Sequence[Example]) -> list[tuple[Read | None, float]]:
        """What the model sees of each text, and how much of it that is; None of one without."""
        backend = literal_backend(self._tokenizer)
        found: list[tuple[Read | None, float]] = []
        for one in examples:
            ids = np.array(backend.encode(one.text, add_special_tokens=False).ids, np.int64)
            seen = ids[: self._mix.longest]
            read = self._mix(seen, generator(0, "text")) if len(seen) else None
            found.append((read, len(seen) / max(1, len(ids))))
        return found

    def batches(self, members: Sequence[int], seed: int) -> tuple[Shuffled, int]:
        """Texts of like length together, at most as many pieces a batch as are asked for."""
        reads = [read for member in members if (read := self._training[member]) is not None]
        order = list(range(len(reads)))
        stream(seed, "texts").shuffle(order)
        order.sort(key=lambda place: len(reads[place].input))
        made: list[Batch] = []
        group: list[Read] = []
        for place in order:
            if group and len(reads[place].input) * (len(group) + 1) > self._tokens:
                made.append(collate(group, self._pad))
                group = []
            group.append(reads[place])
        if group:
            made.append(collate(group, self._pad))
        return Shuffled(made, seed), len(made)

    def rows(self, examples: Sequence[Example]) -> list[Row]:
        """Bits, and the bytes that they are of."""
        found: list[Row] = [[0.0, 0.0] for _ in examples]
        read = self._read(examples)
        order = [place for place, (one, _) in enumerate(read) if one is not None]
        order.sort(key=lambda place: len(read[place][0].input))  # type: ignore[union-attr]
        for start in range(0, len(order), 32):
            places = order[start : start + 32]
            batch = collate([read[place][0] for place in places], self._pad)  # type: ignore[misc]
            with inference(self.model):
                logits = self.model(
                    input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]
                ).logits
            gold = functional.pad(batch["labels"][:, 1:], (0, 1), value=IGNORED)
            nats = functional.cross_entropy(
                logits.transpose(1, 2).float(), gold, ignore_index=IGNORED, reduction="none"
            ).sum(dim=1)
            for place, lost in zip(places, torch.as_tensor(nats).tolist(), strict=True):
                size = len(examples[place].text.encode()) * read[place][1]
                found[place] = [lost / math.log(2), size]
        return found

    def free(self, examples: Sequence[Example]) -> tuple[str, list[Row]]:
        """Every byte alike."""
        sizes = [len(one.text.encode()) for one in examples]
        return "all bytes alike", [[UNIFORM_BITS * size, size] for size in sizes]

    def save(self, out: Path) -> None:
        """As `training.pretrain` does."""
        merged = getattr(self.model, "merge_and_unload", None)
        save_safetensors(merged() if merged else self.model, out)
        self._tokenizer.save_pretrained(out)
