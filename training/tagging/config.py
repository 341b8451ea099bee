"""What a tagging run is asked for; the options of `python -m training.tag`.

>>> TagConfig(("ewt:train",), config="encoder-tiny", tokenizer="runs/enc/model", steps=9).distil
'relabel'
>>> TagConfig(("ewt:train",), model="runs/enc")
Traceback (most recent call last):
data.errors.InputError: expected --steps N or --time-budget TIME, found neither
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from data.cli import did_you_mean
from data.errors import InputError
from data.labels.schemes import SCHEMES
from training.architectures import named
from training.looping.settings import Settings, check_device

RELABEL, AGREE, KEEP = "relabel", "agree", "keep"
DISTIL = (RELABEL, AGREE, KEEP)
DTYPES = ("auto", "float32", "bfloat16")


@dataclass(frozen=True, slots=True)
class TagConfig:
    """One run of `training.tag.tag`.

    Attributes:
        train: labelled sets as `training.tagging.corpora.find_labelled` takes them.
        pseudo: pseudo-labelled sets, trained on beside them; a teacher may see to their labels.
        dev: a labelled set of the *source* language: the best weights are chosen by it.
        test: labelled sets that are scored and never trained on or chosen by.
        model: an encoder, as a folder (of training.pretrain or any other), a catalog name or a
            hub id; or else
        config, tokenizer: random weights of a name of `training.architectures`, and the folder
            of a tokenizer.
        scheme: of labels in files, one of `data.labels.schemes.SCHEMES`; None: the labels tell.
        skip_bad: leave out sentences with a bad line or tag of a file, counted.
        unlabelled: sets that the teacher labels; their own labels are not read.
        teacher: a folder of an earlier run that sees to the labels of `pseudo` and `unlabelled`.
        distil: "relabel" takes the teacher's labels for `pseudo`; "agree" keeps the sentences whose
            labels the teacher shares, for at least `agreement` of the words; "keep" leaves them.
        keep_out: further test sets whose sentences leave the training data.
        length: pieces seen at once; a longer sentence is cut between words.
    """

    train: tuple[str, ...]
    pseudo: tuple[str, ...] = ()
    unlabelled: tuple[str, ...] = ()
    dev: str | None = None
    test: tuple[str, ...] = ()
    model: str | None = None
    config: str | None = None
    tokenizer: str | None = None
    scheme: str | None = None
    teacher: str | None = None
    distil: str = RELABEL
    agreement: float = 0.8
    keep_out: tuple[str, ...] = ()
    limit: int | None = None
    length: int = 128
    batch_tokens: int = 2048
    steps: int | None = None
    seconds: float | None = None
    clock: str = "wall"
    accumulate: int = 1
    learning_rate: float = 5e-4
    schedule: str = "linear"
    warmup: float = 0.1
    optimizer: str = "adamw"
    average: float = 0.0
    evaluate_every: int = 0
    patience: int = 0
    checkpoint_every: int = 500
    seed: int = 1
    device: str = "auto"
    dtype: str | None = None
    skip_bad: bool = False
    offline: bool = False
    out: Path | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be, before anything is opened."""
        if not self.train and not self.pseudo:
            raise InputError("--train is missing; name a labelled set such as ewt:train")
        self._check_model()
        if self.config and named(self.config)[0].architecture == "encoder-decoder":
            raise InputError(f"--config {self.config}: expected an encoder such as encoder-tiny")
        for option, value, choices in (
            ("--scheme", self.scheme, (None, *SCHEMES)),
            ("--distil", self.distil, DISTIL),
            ("--dtype", self.dtype, (None, *DTYPES)),
        ):
            if value not in choices:
                known = [choice for choice in choices if choice]
                near = did_you_mean(str(value), known)
                raise InputError(f'{option} "{value}": expected one of {", ".join(known)}{near}')
        for name, number, least in (
            ("--length", self.length, 8),
            ("--batch-tokens", self.batch_tokens, self.length),
            ("--limit", self.limit, 1),
        ):
            if number is not None and number < least:
                raise InputError(f"{name} {number}: expected {least} or more")
        if not 0 <= self.agreement <= 1:
            raise InputError(f"--agreement {self.agreement}: expected a share from 0 to 1")
        self._check_pairs()
        check_device(self.device)
        self.settings()

    def _check_model(self) -> None:
        if (self.config is None) == (self.model is None):
            found = "neither" if self.model is None else "both"
            raise InputError(
                "expected --model NAME (a pretrained encoder) or --config NAME (random weights),"
                f" found {found}"
            )
        if self.config and not self.tokenizer:
            raise InputError("--config needs --tokenizer FOLDER: random weights have none")
        if self.model and self.tokenizer:
            raise InputError("--tokenizer belongs to --config; a model has its own")

    def _check_pairs(self) -> None:
        """Refuse options that do not go together."""
        if self.teacher and not (self.pseudo or self.unlabelled):
            raise InputError("--teacher sees to the labels of --pseudo and --unlabelled; name one")
        if self.unlabelled and not self.teacher:
            raise InputError("--unlabelled needs --teacher, which gives the labels")
        if (self.evaluate_every or self.patience) and not self.dev:
            raise InputError("--evaluate-every and --patience need --dev, such as ewt:dev")

    def settings(self) -> Settings:
        """Those of the loop.

        Raises:
            InputError: a value that cannot be; the message names the option.
        """
        if self.steps is None and self.seconds is None:
            raise InputError("expected --steps N or --time-budget TIME, found neither")
        return Settings(
            steps=self.steps,
            seconds=self.seconds,
            clock=self.clock,  # type: ignore[arg-type]  # the loop checks its choices
            learning_rate=self.learning_rate,
            schedule=self.schedule,  # type: ignore[arg-type]
            warmup=self.warmup,
            optimizer=self.optimizer,  # type: ignore[arg-type]
            betas=(0.9, 0.98),
            accumulate=self.accumulate,
            average=self.average,
            dtype=self.dtype or "auto",  # type: ignore[arg-type]
            device=self.device,
            seed=self.seed,
            evaluate_every=self.evaluate_every,
            patience=self.patience,
            checkpoint_every=self.checkpoint_every,
        )
