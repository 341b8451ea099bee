"""What a pretraining run is asked for; the options of `python -m training.pretrain`.

>>> PretrainConfig(("sample:sw",), "CLM", "decoder-tiny", tokenizer="train:500", steps=9).length
128
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from data.cli import did_you_mean
from data.errors import InputError
from training.architectures import named
from training.looping.settings import Settings, check_device
from training.objectives import check_names, parse_weights

DTYPES = ("auto", "float32", "bfloat16")


@dataclass(frozen=True, slots=True)
class PretrainConfig:
    """One run of `training.pretrain.pretrain`.

    Attributes:
        corpora: names as `data.corpus.find_corpus` takes them, each with or without `:WEIGHT`.
        objective: a mix as `training.objectives.parse_mix` reads it: "MLM", "CLM:0.2,spans:0.8";
            "T5" is another name for spans.
        config: a name of `training.architectures`, for random weights; or else
        model: a folder, a name of the catalog, a hub id at a commit: trained on.
        tokenizer: a folder, "train:8000" (from these corpora), "extend:4000" (the model's own and
            so many pieces from these corpora); None is the model's own.
        steps, seconds, clock: as in `training.looping.settings.Settings`.
        temperature: 1 draws corpora by weight times size, larger ones draw them more alike.
        optimizer, learning_rate: None is what did best: from random weights Muon at 0.005 (AdamW
            at 0.001), else AdamW at 0.0001, for adapters at 0.0002.
        length: tokens of a document that are seen at once; what is longer is cut.
        batch_tokens: padded tokens a batch.
        packed: documents one after the other in rows of `length`, none of it padding.
        lora: rank of low-rank adapters (peft); None trains all weights.
        keep_out: test sets whose sentences are dropped from the text, see `data.contamination`.
        held_out: share of every corpus's documents that is scored and never trained on.
        held_out_limit: documents of a corpus that are scored, at most.
        dtype: "auto" is bfloat16 on an accelerator that has it, else float32.
    """

    corpora: tuple[str, ...]
    objective: str
    config: str | None = None
    model: str | None = None
    tokenizer: str | None = None
    steps: int | None = None
    seconds: float | None = None
    clock: str = "wall"
    temperature: float = 1.0
    length: int = 128
    batch_tokens: int = 4096
    packed: bool = False
    accumulate: int = 1
    learning_rate: float | None = None
    schedule: str = "cosine"
    warmup: float = 0.05
    optimizer: str | None = None
    average: float = 0.0
    lora: int | None = None
    keep_out: tuple[str, ...] = ()
    held_out: float = 0.02
    held_out_limit: int = 1000
    evaluate_every: int = 0
    patience: int = 0
    checkpoint_every: int = 500
    skip_bad: bool = False
    limit: int | None = None
    lang: str | None = None
    seed: int = 1
    device: str = "auto"
    dtype: str | None = None
    offline: bool = False
    out: Path | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be, before anything is opened."""
        if not self.corpora:
            raise InputError(
                "--corpus is missing; name a file, a folder or a corpus of the catalog"
            )
        if (self.config is None) == (self.model is None):
            raise InputError(
                "expected --config NAME (random weights) or --model NAME (trained on), found "
                + ("neither" if self.model is None else "both")
            )
        if self.config is None:
            check_names(self.mix)
        else:
            parse_weights(self.mix, named(self.config)[0].architecture)
        self._check_tokenizer()
        if self.dtype not in (None, *DTYPES):
            near = did_you_mean(str(self.dtype), DTYPES)
            raise InputError(f'--dtype "{self.dtype}": expected one of {", ".join(DTYPES)}{near}')
        for option, value, least in (
            ("--length", self.length, 8),
            ("--batch-tokens", self.batch_tokens, self.length),
            ("--lora", self.lora, 1),
            ("--limit", self.limit, 1),
            ("--held-out-limit", self.held_out_limit, 1),
        ):
            if value is not None and value < least:
                raise InputError(f"{option} {value}: expected {least} or more")
        if not 0 <= self.held_out <= 0.5:
            raise InputError(f"--held-out {self.held_out}: expected a share from 0 to 0.5")
        if not self.temperature > 0:
            raise InputError(f"--temperature {self.temperature}: expected a number above 0")
        check_device(self.device)
        self.settings()

    def _check_tokenizer(self) -> None:
        if self.config and self.tokenizer is None:
            raise InputError(
                "--tokenizer is missing: random weights need one; give a folder, or train:8000 to"
                " train one on the corpora"
            )
        if self.config and self.made("extend"):
            raise InputError(f"--tokenizer {self.tokenizer} needs --model; with --config: train:N")
        if self.model and self.made("train"):
            raise InputError(
                f"--tokenizer {self.tokenizer}: the model's embeddings belong to the pieces of its"
                " own tokenizer; give extend:N to add pieces to it, or leave the option out"
            )
        if self.lora and not self.model:
            raise InputError("--lora adapts a trained model; give --model, or leave --lora out")

    def made(self, how: str) -> int:
        """N of a tokenizer that is `train:N` or `extend:N`, else 0.

        >>> config = PretrainConfig(("a",), "MLM", "encoder-tiny", None, "train:8000", steps=1)
        >>> config.made("train"), config.made("extend")
        (8000, 0)
        """
        match = re.fullmatch(rf"{how}:([0-9]{{1,9}})", self.tokenizer or "")
        return int(match[1]) if match else 0

    @property
    def mix(self) -> str:
        """The objective in the words of `training.objectives.parse_mix`.

        >>> PretrainConfig(("a",), "T5:0.8,CLM:0.2", "bart-tiny", tokenizer="t", steps=1).mix
        'spans:0.8,clm:0.2'
        """
        return re.sub(r"\bt5\b", "spans", self.objective.lower())

    def settings(self) -> Settings:
        """Those of the loop.

        Raises:
            InputError: a value that cannot be; the message names the option.
        """
        if self.steps is None and self.seconds is None:
            raise InputError("expected --steps N or --time-budget TIME, found neither")
        optimizer = self.optimizer or ("muon" if self.config else "adamw")
        usual = (1e-3 if optimizer == "adamw" else 5e-3) if self.config else 1e-4
        return Settings(
            steps=self.steps,
            seconds=self.seconds,
            clock=self.clock,  # type: ignore[arg-type]  # the loop checks its choices
            learning_rate=self.learning_rate or (2e-4 if self.lora else usual),
            schedule=self.schedule,  # type: ignore[arg-type]
            warmup=self.warmup,
            optimizer=optimizer,  # type: ignore[arg-type]
            betas=(0.9, 0.98),  # RoBERTa's: a few thousand steps have no time for 0.999
            accumulate=self.accumulate,
            average=self.average,
            dtype=self.dtype or "auto",  # type: ignore[arg-type]
            device=self.device,
            seed=self.seed,
            evaluate_every=self.evaluate_every,
            patience=self.patience,
            checkpoint_every=self.checkpoint_every,
        )
