"""fairseq's options for inflection: a small transformer, and how it is trained and decoded.

The shape follows Wu, Cotterell and Hulden (2021, https://aclanthology.org/2021.eacl-main.163):
layers normalised first, much dropout, smoothed labels. It is smaller than theirs, with batches of
64, so that one core trains it in minutes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from data.errors import InputError

LANGUAGES = ("lemma", "form")  # what fairseq calls the two sides
LOOKS = 10  # at the development triples, in a whole training
LONGER = 20  # the most symbols by which a form is longer than twice its source

_PAIR = ("--task", "translation", "--source-lang", LANGUAGES[0], "--target-lang", LANGUAGES[1])
_BATCHES = ("--required-batch-size-multiple", "1", "--num-workers", "0", "--no-progress-bar")


@dataclass(frozen=True, slots=True)
class FairseqSettings:
    """The model and its training.

    Attributes:
        steps: updates.
        seconds: stop after so many, though steps are left; the learning rate is planned for
            `steps`, so this is a limit rather than a plan.
        layers: of the encoder, and of the decoder.
        width: of the embeddings; the inner layers are four times as wide.
        warmup: share of the steps in which the learning rate rises; it falls to 0 in the others.
        batch: triples an update.
        hidden: share of the training triples that are given once more with characters hidden.
        threads: of torch.
    """

    steps: int = 4000
    seconds: float | None = None
    layers: int = 2
    width: int = 128
    heads: int = 4
    dropout: float = 0.2
    label_smoothing: float = 0.1
    learning_rate: float = 1e-3
    warmup: float = 0.05
    batch: int = 64
    hidden: float = 0.25
    seed: int = 1
    threads: int = 1
    device: str = "cpu"

    def __post_init__(self) -> None:
        """Refuse what fairseq would fail on much later.

        Raises:
            InputError: no steps, layers, or triples a batch; a width that the heads do not divide.
        """
        for name in ("steps", "layers", "width", "heads", "batch", "threads"):
            if getattr(self, name) < 1:
                raise InputError(
                    f"{name}: expected 1 or more, found {getattr(self, name)}; raise it"
                )
        if self.width % self.heads:
            raise InputError(
                f"width: expected a multiple of the {self.heads} heads, found {self.width}; change"
                " either"
            )


DEFAULT = FairseqSettings()


def training(folder: Path, triples: int, settings: FairseqSettings, *, dev: bool) -> Sequence[str]:
    """`fairseq-train` on a folder's data-bin, to its checkpoints.

    Args:
        triples: of training, from which it follows how many epochs lie between two looks.
        dev: whether there are development triples to look at.
    """
    epochs = settings.steps / math.ceil(triples / settings.batch)
    between = str(max(1, round(epochs / LOOKS)))
    limit = () if settings.seconds is None else (f"--stop-time-hours={settings.seconds / 3600}",)
    return [
        *("fairseq-train", str(folder / "data-bin"), *_PAIR, *_architecture(settings)),
        *("--criterion", "label_smoothed_cross_entropy"),
        *("--label-smoothing", str(settings.label_smoothing), "--clip-norm", "1.0"),
        *("--optimizer", "adam", "--adam-betas", "(0.9, 0.98)", *_learning_rate(settings)),
        *("--batch-size", str(settings.batch), *_BATCHES, "--seed", str(settings.seed)),
        *("--max-update", str(settings.steps), *limit),
        *("--save-dir", str(folder / "checkpoints"), "--no-epoch-checkpoints"),
        *("--save-interval", between, "--validate-interval", between),
        *(() if dev else ("--disable-validation",)),
        *_device(settings),
    ]


def generation(
    data: Path,
    checkpoint: Path,
    settings: FairseqSettings,
    *,
    beam: int,
    n_best: int,
    batch_size: int,
) -> Sequence[str]:
    """`fairseq-generate` of the part `test`; the best are those of the greatest probability."""
    return [
        *("fairseq-generate", str(data), *_PAIR, "--path", str(checkpoint)),
        *("--gen-subset", "test", "--beam", str(beam), "--nbest", str(n_best)),
        *("--unnormalized", "--max-len-a", "2", "--max-len-b", str(LONGER)),
        *("--batch-size", str(batch_size), *_BATCHES, *_device(settings)),
    ]


def _architecture(settings: FairseqSettings) -> list[str]:
    sides = [
        option
        for side in ("encoder", "decoder")
        for option in (
            *(f"--{side}-layers", str(settings.layers), f"--{side}-normalize-before"),
            *(f"--{side}-embed-dim", str(settings.width)),
            *(f"--{side}-ffn-embed-dim", str(4 * settings.width)),
            *(f"--{side}-attention-heads", str(settings.heads)),
        )
    ]
    dropout = ["--dropout", str(settings.dropout)]
    return ["--arch", "transformer", "--share-all-embeddings", *sides, *dropout]


def _learning_rate(settings: FairseqSettings) -> list[str]:
    return [
        *("--lr", str(settings.learning_rate), "--lr-scheduler", "polynomial_decay"),
        *("--warmup-updates", str(round(settings.warmup * settings.steps))),
        *("--total-num-update", str(settings.steps)),
    ]


def _device(settings: FairseqSettings) -> tuple[str, ...]:
    return ("--cpu",) if settings.device == "cpu" else ()
