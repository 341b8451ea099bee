"""Losses as a sum and a count, so that accumulation and many processes average over tokens exactly.

    loss = loss_for("encoder")
    total, count = loss(model, batch)      # total / count is the model's own `.loss`

Batches are those of `training.objectives.collate`; models are those of `transformers`. Labels are
`IGNORED` (-100) where nothing is scored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.objectives.examples import IGNORED
from training.tokenizer.special import check_architecture

Batch = Mapping[str, Tensor]
Loss = Callable[[nn.Module, Batch], tuple[Tensor, Tensor]]

# What turns hidden states into scores place by place, by the names that models have for it; a
# model has at most one of them: BERT, RoBERTa, ModernBERT, DistilBERT, ELECTRA, DeBERTa.
HEADS = ("cls", "lm_head", "head", "vocab_transform", "generator_predictions", "lm_predictions")


# Of a head that sees chosen places alone, the sample of each row; None: a row is a sample.
_ROW_SAMPLES: ContextVar[Tensor | None] = ContextVar("row samples", default=None)


def row_samples() -> Tensor | None:
    """Whose the rows (N, D) are that a layer is called with; None: the first axis is the samples.

    Gradients by sample (`training.private`) need it: a head does not see which sample a row is of.
    """
    return _ROW_SAMPLES.get()


def loss_for(architecture: str) -> Loss:
    """The loss of an architecture; `InputError` if there is none of that name."""
    check_architecture(architecture)
    losses = {
        "encoder": masked_loss,
        "decoder": causal_loss,
        "encoder-decoder": sequence_loss,
    }
    return losses[architecture]


def masked_loss(model: nn.Module, batch: Batch) -> tuple[Tensor, Tensor]:
    """Encoder: cross entropy in nats at the places with a label, (B, T) each; sum and count."""
    return _scored(model, batch["labels"], _inputs(batch))


def causal_loss(model: nn.Module, batch: Batch) -> tuple[Tensor, Tensor]:
    """Decoder: the scores at a place predict the label of the next, (B, T); sum and count."""
    labels = functional.pad(batch["labels"][:, 1:], (0, 1), value=IGNORED)
    return _scored(model, labels, _inputs(batch))


def sequence_loss(model: nn.Module, batch: Batch) -> tuple[Tensor, Tensor]:
    """Encoder-decoder: labels (B, U), which the decoder reads shifted by one; sum and count."""
    labels = batch["labels"]
    read = shifted(labels, plain(model).config)
    return _scored(model, labels, {**_inputs(batch), "decoder_input_ids": read})


def translation_loss(
    model: nn.Module, batch: Batch, smoothing: float = 0.0
) -> tuple[Tensor, Tensor]:
    """Encoder-decoder whose decoder reads `decoder_input_ids` (B, U), such as the tag of a language
    before a text; cross entropy at the places with a label, sum and count.

    Args:
        smoothing: share of the probability that is spread over all pieces (Szegedy et al. 2016).
    """
    read = batch["decoder_input_ids"]
    inputs = {**_inputs(batch), "decoder_input_ids": read}
    return _scored(model, batch["labels"], inputs, smoothing)


def shifted(labels: Tensor, config: Any) -> Tensor:
    """What the decoder reads to write labels (B, U): the start token, then all labels but the last.

    >>> from types import SimpleNamespace
    >>> config = SimpleNamespace(decoder_start_token_id=0, pad_token_id=1)
    >>> shifted(torch.tensor([[7, 8, 2], [9, 2, -100]]), config).tolist()
    [[0, 7, 8], [0, 9, 2]]
    """
    read = torch.full_like(labels, config.decoder_start_token_id)
    read[:, 1:] = labels[:, :-1]
    return read.masked_fill(read == IGNORED, config.pad_token_id or 0)


def _inputs(batch: Batch) -> dict[str, Tensor]:
    return {"input_ids": batch["input_ids"], "attention_mask": batch["attention_mask"]}


def _scored(
    model: nn.Module, labels: Tensor, inputs: Mapping[str, Tensor], smoothing: float = 0.0
) -> tuple[Tensor, Tensor]:
    """Cross entropy at the places with a label, summed in 32 bits; and their number.

    Scores are computed at those places only where the model's head is known: with a large
    vocabulary most of the time goes there, and 85 % of the places are not masked, or a quarter
    of a batch is padding.
    """
    chosen = labels != IGNORED
    with only_at(chosen, model):
        scores = model(**inputs).logits
    if scores.dim() == 3:
        scores = scores[chosen]
    total = functional.cross_entropy(
        scores.float(), labels[chosen], reduction="sum", label_smoothing=smoothing
    )
    return total, chosen.sum()


def plain(model: nn.Module) -> Any:
    """The model inside what data-parallel training and `torch.compile` wrap around it."""
    for name in ("module", "_orig_mod"):
        inner = getattr(model, name, None)
        if isinstance(inner, nn.Module):
            return plain(inner)
    return model


@contextmanager
def only_at(chosen: Tensor, model: nn.Module) -> Iterator[None]:
    """Let the head of a model see the hidden states (N, D) at the chosen places only.

    A hook, because the model must be called as a whole: wrappers gather gradients and weights then.
    """
    whole = plain(model)
    whole = whole.get_base_model() if hasattr(whole, "get_base_model") else whole  # peft's wrapper
    heads = [getattr(whole, name) for name in HEADS if hasattr(whole, name)]
    if len(heads) != 1:
        yield
        return
    samples = chosen.nonzero()[:, 0]

    def pick(_: nn.Module, given: tuple[Any, ...]) -> tuple[Any, ...]:
        _ROW_SAMPLES.set(samples)  # until the model has returned: what follows sees these rows too
        return (given[0][chosen], *given[1:])

    before, hook = _ROW_SAMPLES.get(), heads[0].register_forward_pre_hook(pick)
    try:
        yield
    finally:
        _ROW_SAMPLES.set(before)
        hook.remove()
