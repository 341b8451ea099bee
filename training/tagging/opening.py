"""The tagger: an encoder with a layer on top that scores every label at every piece.

tagger = open_tagger(config, ("NOUN", "VERB"))          # from an encoder, or random weights
tagger = load_tagger(Path("runs/tag-1f2e"))             # one that was trained
tagger.tag([("Mbwa", "analala")])                       # [["NOUN", "VERB"]]
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from data.errors import InputError
from models.resolve import Model, resolve_model
from models.tokenizer import open_fast_tokenizer
from models.weights import check_ids, check_whole, open_weights, random_model
from training.architectures import SpecialIds, named, seeded
from training.tagging.config import TagConfig
from training.tagging.pieces import NO_PIECE, Coder, collate, grouped
from training.vocabulary.special import framed

HEAD = "classifier"
FALLBACK = "fallback_label"  # in the model's configuration: the label of words without a piece


@dataclass(frozen=True)
class Tagger:
    """A token classifier with its tokenizer and labels.

    Attributes:
        labels: by the number that the model has for them.
        fallback: the label of a word of which the tokenizer leaves nothing.
        fresh: names of weights that began at random.
    """

    model: Any
    tokenizer: Any
    labels: tuple[str, ...]
    fallback: str
    length: int = 128
    fresh: tuple[str, ...] = ()

    @cached_property
    def coder(self) -> Coder:
        """What cuts sentences into windows."""
        return Coder(self.tokenizer, self.length)

    def tag(self, sentences: Sequence[Sequence[str]], tokens: int = 4096) -> list[list[str]]:
        """The best label of every word.

        Args:
            sentences: words.
            tokens: pieces at once, padding included.
        """
        import torch

        found = [[self.fallback] * len(words) for words in sentences]
        windows = sorted(self.coder.windows(sentences), key=lambda window: len(window.ids))
        device = next(self.model.parameters()).device
        with inference(self.model):
            for group in grouped(windows, tokens):
                batch = {name: part.to(device) for name, part in collate(group, self._pad).items()}
                best = torch.argmax(self.model(**batch).logits, dim=-1).tolist()
                for window, row in zip(group, best, strict=True):
                    for word, place in enumerate(window.firsts, window.word):
                        if place != NO_PIECE:
                            found[window.sentence][word] = self.labels[row[place]]
        return found

    @property
    def _pad(self) -> int:
        return self.coder.pad


@contextmanager
def inference(model: Any) -> Iterator[None]:
    """No gradients and no dropout inside; afterwards the model is in the mode that it was in."""
    import torch

    training = model.training
    model.eval()
    try:
        with torch.inference_mode():
            yield
    finally:
        model.train(training)


def open_tagger(
    config: TagConfig, base: Model | None, labels: Sequence[str], fallback: str
) -> Tagger:
    """The tagger of a run before its first update; the same seed gives the same.

    Args:
        base: the encoder; None for random weights.

    Raises:
        InputError: weights or a tokenizer that cannot be opened, or a tagger of other labels.
        UnavailableError: transformers is not installed.
    """
    folder = base.folder if base else Path(str(config.tokenizer))
    tokenizer = open_fast_tokenizer(folder)
    if base is None:
        tokenizer = framed(tokenizer, "encoder")
    numbered = {
        "id2label": dict(enumerate(labels)),
        "label2id": {t: n for n, t in enumerate(labels)},
    }
    with seeded(config.seed):
        if base is None:
            model, fresh = _random(str(config.config), tokenizer, numbered), ["all"]
        else:
            model, fresh = _pretrained(base.folder, numbered)
    check_ids(model, len(tokenizer) - 1, folder)
    setattr(model.config, FALLBACK, fallback)
    return Tagger(model, tokenizer, tuple(labels), fallback, config.length, tuple(fresh))


def load_tagger(name: str, length: int = 128, *, offline: bool = False) -> Tagger:
    """A tagger that was trained: a run's folder, its model/, or a hub id.

    Raises:
        InputError: no such model, or one that is no tagger.
        UnavailableError: it cannot be had; transformers is not installed.
    """
    folder = resolve_model(name, offline).folder
    tokenizer = open_fast_tokenizer(folder)
    model, fresh = _pretrained(folder, {})
    if any(HEAD in weight for weight in fresh):
        raise InputError(
            f"{name}: not a tagger, its last layer is missing; name a run of training.tag"
        )
    check_ids(model, len(tokenizer) - 1, name)
    labels = tuple(str(model.config.id2label[number]) for number in range(model.config.num_labels))
    return Tagger(model, tokenizer, labels, str(getattr(model.config, FALLBACK, labels[0])), length)


def _random(name: str, tokenizer: Any, numbered: dict[str, Any]) -> Any:
    family, size = named(name)
    if family.architecture == "encoder-decoder":
        raise InputError(f"--config {name}: expected an encoder such as encoder-tiny")
    ids = SpecialIds(*(_special(tokenizer, role) for role in ("pad", "bos", "eos")))
    settings = family.config(size, ids, len(tokenizer))
    settings.update({**numbered, "num_labels": len(numbered["id2label"])})
    return random_model("AutoModelForTokenClassification", settings)


def _special(tokenizer: Any, role: str) -> int:
    number = getattr(tokenizer, f"{role}_token_id")
    if number is None:
        raise InputError(f"the tokenizer has no {role} token; train one: training.tokenizer train")
    return int(number)


def _pretrained(folder: Path, numbered: dict[str, Any]) -> tuple[Any, list[str]]:
    """The model of a folder, and the names of weights that it lacks."""
    counted: dict[str, Any] = {"num_labels": len(numbered["id2label"])} if numbered else {}
    model, missing = open_weights(
        folder,
        "AutoModelForTokenClassification",
        "cannot be opened as a tagger",
        "; give the encoder that training.pretrain wrote",
        **counted,
        **numbered,
    )
    check_whole(missing, folder, f"{model.base_model_prefix}.")  # the layer on top may be new
    return model, missing
