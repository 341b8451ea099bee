"""What a model makes of a batch, as losses compare it: scores, states of layers, relations.

    seen = look(model, batch, Wanted(layers=(0, 6), scores=True), places)

States are those that `transformers` returns (0: what enters the first layer); queries, keys and
values are caught where a layer computes them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from data.errors import InputError
from training.joint import body_of
from training.losses import only_at, shifted
from training.objectives.examples import IGNORED

PARTS = (("query", "key", "value"), ("q_proj", "k_proj", "v_proj"), ("q", "k", "v"),
         ("q_lin", "k_lin", "v_lin"))  # fmt: skip
FUSED = ("Wqkv", "c_attn")  # one matrix for the three, one after the other


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be seen of a model.

    Attributes:
        layers: whose states; relation: the layer whose queries, keys and values, counted from 1.
    """

    layers: tuple[int, ...] = ()
    relation: int | None = None
    scores: bool = False


@dataclass(frozen=True)
class Looked:
    """What there was: states by layer (B, T, D), three tensors of relations, scores (N, V)."""

    states: Mapping[int, Tensor] = field(default_factory=dict)
    relation: Sequence[Tensor] = ()
    scores: Tensor | None = None


def look(model: Any, batch: Mapping[str, Tensor], wanted: Wanted, places: Tensor | None) -> Looked:
    """Run a model once.

    Args:
        batch: input_ids and attention_mask, and labels where a decoder writes them.
        places: (B, T) or (B, U) whose scores are wanted.
    """
    inputs = {"input_ids": batch["input_ids"], "attention_mask": batch["attention_mask"]}
    states: dict[str, Any] = {"output_hidden_states": True} if wanted.layers else {}
    scores = None
    with _caught(model, wanted.relation) as relation:
        if wanted.scores:
            assert places is not None  # noqa: S101  # who wants scores says where
            if model.config.is_encoder_decoder:
                inputs["decoder_input_ids"] = shifted(batch["labels"], model.config)
            with only_at(places, model):
                out = model(**inputs, **states)
            scores = out.logits if out.logits.dim() == 2 else out.logits[places]
        else:
            out = body_of(model)(**inputs, **states)
    name = "encoder_hidden_states" if hasattr(out, "encoder_hidden_states") else "hidden_states"
    layers = getattr(out, name, None) if wanted.layers else None
    found = {layer: layers[layer] for layer in wanted.layers} if layers else {}
    return Looked(found, tuple(relation), scores)


def scored_places(labels: Tensor, architecture: str) -> tuple[Tensor, Tensor]:
    """Where something is to be predicted, and what: labels (B, T) moved by one for a decoder."""
    if architecture == "decoder":
        labels = nn.functional.pad(labels[:, 1:], (0, 1), value=IGNORED)
    return labels != IGNORED, labels


@contextmanager
def _caught(model: Any, layer: int | None) -> Iterator[list[Tensor]]:
    """Queries, keys and values of a layer (from 1), filled when the model has been called."""
    found: list[Tensor] = []
    if layer is None:
        yield found
        return
    hooks = [
        part.register_forward_hook(partial(_catch, found, fused))
        for part, fused in attention_parts(layer_stack(model)[layer - 1])
    ]
    try:
        yield found
    finally:
        for hook in hooks:
            hook.remove()


def _catch(found: list[Tensor], fused: bool, _m: nn.Module, _i: Any, out: Tensor) -> None:
    found.extend(out.chunk(3, dim=-1) if fused else (out,))


def attention_parts(layer: nn.Module) -> list[tuple[nn.Module, bool]]:
    """What computes queries, keys and values in a layer, in this order; whether it is all three.

    Raises:
        InputError: nothing in the layer has a known name.
    """
    by_name: dict[str, nn.Module] = {}
    for name, part in layer.named_modules():
        by_name.setdefault(name.rpartition(".")[2], part)
    for names in PARTS:
        if all(name in by_name for name in names):
            return [(by_name[name], False) for name in names]
    fused = [(by_name[name], True) for name in FUSED if name in by_name]
    if not fused:
        raise InputError(
            f"--loss relation: found no queries, keys and values in {type(layer).__name__}; compare"
            " states: --loss hidden"
        )
    return fused[:1]


def depth_of(model: Any) -> int:
    """The number of layers (of two sides: the encoder's)."""
    return int(body_of(model).config.num_hidden_layers)


def layer_stack(model: Any) -> nn.ModuleList:
    """The layers.

    Raises:
        InputError: a model that keeps them in another way.
    """
    body, depth = body_of(model), depth_of(model)
    stack = next(
        (m for m in body.modules() if isinstance(m, nn.ModuleList) and len(m) == depth), None
    )
    if stack is None:
        raise InputError(f"{type(body).__name__}: expected a stack of {depth} layers, found none")
    return stack


def over_spans(states: Tensor, spans: Tensor, number: int) -> Tensor:
    """States of pieces (B, T, D), averaged over spans (B, T), to (B, number, D).

    >>> states = torch.tensor([[[9.0], [1.0], [3.0], [5.0]]])
    >>> over_spans(states, torch.tensor([[-1, 0, 0, 1]]), 2).flatten().tolist()
    [2.0, 5.0]
    """
    batch, _, width = states.shape
    rows, places = (spans >= 0).nonzero(as_tuple=True)
    slots = rows * number + spans[rows, places]
    total = states.new_zeros(batch * number, width).index_add(0, slots, states[rows, places])
    parts = states.new_zeros(batch * number).index_add(0, slots, states.new_ones(len(slots)))
    return (total / parts.clamp(min=1)[:, None]).view(batch, number, width)


def span_mask(spans: Tensor) -> Tensor:
    """(B, T) numbers of spans to (B, S): 1 for each that there is."""
    number = max(1, int(spans.max()) + 1)
    there = torch.arange(number, device=spans.device)[None] <= spans.max(dim=1).values[:, None]
    return there.long()
