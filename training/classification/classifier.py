"""The classifier: an encoder, its pieces' vectors pooled, and a layer that scores every label.

    classifier = load_classifier("runs/classify-1f2e")
    classifier.predict(["Mvua kubwa inatarajiwa kesho."])        # ["geography"]

Its folder is the encoder's own (config.json, weights, tokenizer: AutoModel opens it) with
head.safetensors, weight (labels, width) and bias (labels,), and classifier.json beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from data.access import Access
from data.bounded import read_json
from data.errors import InputError
from data.files import canonical_json, write_whole
from models.encoder import PROMPTS, prompts_of
from models.resolve import Model, resolve_model
from models.tokenizer import open_fast_tokenizer
from models.weights import check_ids, check_whole, open_weights, save_safetensors
from training.architectures import seeded
from training.batches import Batch
from training.tagging.tagger import POOL, Window, grouped, inference

HEAD, SETTINGS = "head.safetensors", "classifier.json"
SHAPE = {"labels": [str], "pooling": str, "prefix": str, "length": int}
DROPOUT = 0.1  # of the pooled vector, while the encoder is trained


class Network(nn.Module):
    """From ids and mask (B, T) to scores (B, labels)."""

    def __init__(self, encoder: Any, labels: int, pooling: str) -> None:
        super().__init__()
        self.encoder = encoder
        self.pooling = pooling
        self.dropout = nn.Dropout(DROPOUT)
        self.head = nn.Linear(int(encoder.config.hidden_size), labels)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Scores of labels, (B, labels)."""
        states = self.encoder(input_ids=input_ids, attention_mask=attention_mask)[0]
        pooled = pool(states.float(), attention_mask, self.pooling)
        scores: Tensor = self.head(self.dropout(pooled))
        return scores


def pool(states: Tensor, mask: Tensor, pooling: str) -> Tensor:
    """(B, T, D) to (B, D): the mean, the first, or the mean without first and last piece.

    >>> states = torch.tensor([[[1.0], [2.0], [6.0], [9.0]]])
    >>> mask = torch.tensor([[1, 1, 1, 0]])
    >>> [pool(states, mask, how).item() for how in ("mean", "first", "inner")]
    [3.0, 1.0, 2.0]
    """
    if pooling == "first":
        return states[:, 0]
    weights = mask.to(states.dtype)
    if pooling == "inner":
        lengths = mask.sum(dim=1)
        inner = weights.clone()
        inner[:, 0] = 0
        inner[torch.arange(len(mask)), lengths - 1] = 0
        weights = torch.where((lengths > 2)[:, None], inner, weights)
    return (states * weights[:, :, None]).sum(dim=1) / weights.sum(dim=1, keepdim=True)


@dataclass(frozen=True)
class Classifier:
    """A network with its tokenizer.

    Attributes:
        labels: by their numbers.
        prefix: what stands before each text, as the encoder was trained with.
        length: pieces of a text that are read.
    """

    network: Network
    tokenizer: Any
    labels: tuple[str, ...]
    prefix: str
    length: int
    prompts: Path | None = None

    @cached_property
    def pad(self) -> int:
        """The id of padding."""
        return int(self.tokenizer.pad_token_id or 0)

    def windows(self, texts: Sequence[str]) -> list[Window]:
        """The pieces of each text, cut to `length`."""
        if not texts:
            return []
        found = self.tokenizer(
            [self.prefix + text for text in texts],
            truncation=True,
            max_length=self.length,
            return_attention_mask=False,
        )["input_ids"]
        return [Window(number, 0, tuple(ids), ()) for number, ids in enumerate(found)]

    def predict(self, texts: Sequence[str], tokens: int = 4096) -> list[str]:
        """The best label of every text.

        Args:
            tokens: pieces at once, padding included.
        """
        return [self.labels[best] for best in self.scores(texts, tokens).argmax(dim=1).tolist()]

    def scores(self, texts: Sequence[str], tokens: int = 4096) -> Tensor:
        """Scores (texts, labels); their softmax are the probabilities."""
        found = torch.zeros(len(texts), len(self.labels))
        device = next(self.network.parameters()).device
        windows = sorted(self.windows(texts), key=lambda window: len(window.ids))
        with inference(self.network):
            for group in grouped(windows, tokens):
                batch = {name: part.to(device) for name, part in collate(group, self.pad).items()}
                rows = [window.sentence for window in group]
                found[rows] = self.network(**batch).float().cpu()
        return found

    def save(self, out: Path) -> None:
        """Write the encoder with its tokenizer, the head and the settings."""
        from safetensors.torch import save_file

        network = self.network.to("cpu")
        save_safetensors(network.encoder, out)
        self.tokenizer.save_pretrained(out)
        save_file({name: p.detach() for name, p in network.head.named_parameters()}, out / HEAD)
        settings: dict[str, Any] = {"labels": list(self.labels), "pooling": network.pooling}
        settings |= {"prefix": self.prefix, "length": self.length}
        write_whole(out / SETTINGS, canonical_json(settings) + "\n")
        if self.prompts is not None and self.prompts.is_file():
            write_whole(out / PROMPTS, self.prompts.read_bytes())


def collate(
    windows: Sequence[Window], pad: int, labels: Sequence[int] | None = None
) -> dict[str, Tensor]:
    """input_ids and attention_mask, (B, T); with `labels`, of all texts, those of these, (B,)."""
    longest = max(len(window.ids) for window in windows)
    ids = torch.full((len(windows), longest), pad)
    mask = torch.zeros_like(ids)
    for row, window in enumerate(windows):
        ids[row, : len(window.ids)] = torch.tensor(window.ids)
        mask[row, : len(window.ids)] = 1
    batch = {"input_ids": ids, "attention_mask": mask}
    if labels is not None:
        batch["labels"] = torch.tensor([labels[window.sentence] for window in windows])
    return batch


def batches_of(
    windows: Sequence[Window], tokens: int, pad: int, labels: Sequence[int], order: Sequence[int]
) -> list[Batch]:
    """Batches to train on, each of at most `tokens` pieces with padding.

    Args:
        order: of the texts, drawn; those that follow one another are sorted by length.
    """
    mean = sum(len(window.ids) for window in windows) / len(windows)
    size = max(1, round(POOL * tokens / mean))
    found: list[Batch] = []
    for start in range(0, len(order), size):
        chosen = [windows[number] for number in order[start : start + size]]
        chosen.sort(key=lambda window: len(window.ids))
        found += [collate(group, pad, labels) for group in grouped(chosen, tokens)]
    return found


def open_classifier(
    base: Model, labels: Sequence[str], *, pooling: str, length: int, seed: int
) -> Classifier:
    """The encoder of a model with a new head; the same seed gives the same.

    Raises:
        InputError: a model that does not open, has no tokenizer or lacks weights.
        UnavailableError: transformers is not installed.
    """
    tokenizer = open_fast_tokenizer(base.folder)
    encoder, missing = open_weights(
        base.folder, "AutoModel", f"{base.name}: cannot be opened as an encoder"
    )
    check_whole(missing, base.folder)
    encoder = encoder.get_encoder() if encoder.config.is_encoder_decoder else encoder
    check_ids(encoder, len(tokenizer) - 1, base.folder)
    with seeded(seed):
        network = Network(encoder, len(labels), pooling)
    prefix = prompts_of(base.folder).get("query", "")
    length = min(length, getattr(encoder.config, "max_position_embeddings", None) or length)
    return Classifier(network, tokenizer, tuple(labels), prefix, length, base.folder / PROMPTS)


def load_classifier(name: str, access: Access = Access()) -> Classifier:
    """A classifier that was trained: a run's folder, or its model/.

    Raises:
        InputError: no such model, one that is no classifier, or a damaged one.
        UnavailableError: it cannot be had; transformers is not installed.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    base = resolve_model(name, access)
    if not (base.folder / SETTINGS).is_file():
        raise InputError(
            f"{name}: not a classifier, it has no {SETTINGS}; name a run of training.classify"
        )
    told = read_json(base.folder / SETTINGS, SHAPE)
    labels = tuple(told["labels"])
    classifier = open_classifier(
        base, labels, pooling=told["pooling"], length=told["length"], seed=0
    )
    try:
        classifier.network.head.load_state_dict(load_file(base.folder / HEAD))
    except (OSError, SafetensorError, RuntimeError) as error:
        raise InputError(
            f"{base.folder / HEAD}: expected the weights of {len(labels)} labels, found something"
            " else; get the model again"
        ) from error
    network, tokenizer = classifier.network, classifier.tokenizer
    return Classifier(
        network, tokenizer, labels, told["prefix"], told["length"], classifier.prompts
    )
