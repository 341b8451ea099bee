"""A model trained for several things at once: its main objective and auxiliary ones.

    joint = Joint(model, {"adversarial": Weighted(head, 0.1, "texts")}, masked_loss)
    batches = Together({"main": texts, "texts": others})
    fit(joint, batches, joint_loss, settings)

An update sees a batch of each stream. The loss is the main one's mean, plus each auxiliary one's
mean times its weight. Heads lie beside the model: `joint.model` is what is saved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from data.errors import InputError
from training.batches import Batch, Batches, shard
from training.losses import Loss, plain
from training.objectives.auxiliary import PAIRS, Outcome, Reads

MAIN = "main"


@dataclass(frozen=True, slots=True)
class Weighted:
    """An auxiliary objective in a run: its module, its weight, which batches it takes."""

    head: nn.Module
    weight: float
    reads: Reads


class Together:
    """Streams that are read side by side: a batch has a batch of each, and the number of its step.

    Tensors are named `stream/name`. `step` counts from 0 the batches before.
    """

    def __init__(self, streams: Mapping[str, Batches]) -> None:
        self._streams, self._done, self._world = dict(streams), 0, 1

    def __iter__(self) -> Iterator[dict[str, Tensor]]:
        """Go on from the place of each."""
        streams = {name: iter(stream) for name, stream in self._streams.items()}
        while True:
            batch = {"step": torch.tensor(self._done)}
            for name, stream in streams.items():
                part = next(stream, None)
                if part is None:
                    return
                batch |= {f"{name}/{key}": tensor for key, tensor in part.items()}
            self._done += 1
            yield batch

    def shard(self, rank: int, world: int) -> Together:
        """Those of one process: of each stream its share."""
        part = Together({n: shard(stream, rank, world) for n, stream in self._streams.items()})
        part._done = self._done
        return part

    def state_dict(self) -> dict[str, Any]:
        """The place of each stream, and the number of batches."""
        places = {name: stream.state_dict() for name, stream in self._streams.items()}
        return {"done": self._done, "streams": places}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from such a place."""
        self._done = int(state["done"])
        for name, stream in self._streams.items():
            stream.load_state_dict(state["streams"][name])


class Joint(nn.Module):
    """A model and the heads of its auxiliary objectives, called once an update.

    Args:
        model: of `transformers`.
        main: the loss of its main objective, over the stream "main"; None: it has none.
    """

    def __init__(
        self, model: nn.Module, auxiliary: Mapping[str, Weighted], main: Loss | None
    ) -> None:
        super().__init__()
        self.model = model
        self.heads = nn.ModuleDict({name: one.head for name, one in auxiliary.items()})
        self._weights = {name: one.weight for name, one in auxiliary.items()}
        self._reads = {name: one.reads for name, one in auxiliary.items()}
        self._main = main

    def forward(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """The loss summed over what the main objective scored, or over texts, and their number."""
        outcomes = self.outcomes(batch)
        means = [
            self._weights[name] * one.total / one.scored.clamp(min=1)
            for name, one in outcomes.items()
        ]
        mean = torch.stack(means).sum()
        if self._main is None:
            number = next(iter(outcomes.values())).scored
            return mean * number, number
        total, count = self._main(self.model, part_of(batch, MAIN))
        return total + mean * count, count

    def outcomes(self, batch: Batch) -> dict[str, Outcome]:
        """What each auxiliary objective made of the batch."""
        made: dict[str, Outcome] = {}
        for stream in dict.fromkeys(self._reads.values()):
            part = {**part_of(batch, stream), "step": batch["step"]}
            if "input_ids" not in part:
                continue
            states = states_of(self.model, part["input_ids"], part["attention_mask"])
            chosen = (name for name, reads in self._reads.items() if reads == stream)
            made |= {name: self.heads[name](states, part) for name in chosen}
        return made


def joint_loss(model: nn.Module, batch: Batch) -> tuple[Tensor, Tensor]:
    """The loss of a `Joint`, which it computes in its own call: wrappers need one call."""
    total, count = model(batch)
    return total, count


def part_of(batch: Batch, stream: str) -> dict[str, Tensor]:
    """The tensors of one stream, by their own names."""
    first = f"{stream}/"
    return {n.removeprefix(first): t for n, t in batch.items() if n.startswith(first)}


def body_of(model: nn.Module) -> Any:
    """What makes states of ids: the model without what stands on top, of two sides the encoder."""
    whole = plain(model)
    whole = whole.get_base_model() if hasattr(whole, "get_base_model") else whole  # peft's wrapper
    if whole.config.is_encoder_decoder:
        return whole.get_encoder()
    return getattr(whole, whole.base_model_prefix, whole)


def states_of(model: nn.Module, ids: Tensor, mask: Tensor) -> Tensor:
    """The states of the last layer, (B, T, D)."""
    states: Tensor = body_of(model)(input_ids=ids, attention_mask=mask).last_hidden_state
    return states


def layers_of(model: nn.Module) -> nn.ModuleList | None:
    """The layers of a model, the lowest first; None where they cannot be told."""
    body = body_of(model)
    depth = int(body.config.num_hidden_layers)
    lists = (part for part in body.modules() if isinstance(part, nn.ModuleList))
    return next((part for part in lists if len(part) == depth), None)


def freeze(model: nn.Module, layers: int) -> None:
    """Leave the embeddings and the first layers as they are.

    Raises:
        InputError: the model has no such number of layers, or none that are known.
    """
    body, stack = body_of(model), layers_of(model)
    depth = int(body.config.num_hidden_layers)
    if stack is None or not 0 <= layers <= depth:
        raise InputError(
            f"--freeze {layers}: expected 0 (the embeddings alone) to {depth} layers of"
            f" {type(body).__name__}; choose among them, or leave it out"
        )
    later = {id(weight) for layer in stack[layers:] for weight in layer.parameters()}
    for weight in body.parameters():  # in the order in which a text passes them
        if id(weight) in later:
            break
        weight.requires_grad_(False)


def width_of(model: nn.Module) -> int:
    """The width of the states."""
    return int(body_of(model).config.hidden_size)


Figures = Mapping[str, float]


def judged(
    judge: Callable[[nn.Module], Figures] | None, held_out: Sequence[Batch]
) -> Callable[[nn.Module], dict[str, float]]:
    """The figures of an evaluation: those of the model, then of each head on held-out batches.

    Of each head "loss" is the mean in nats and "accuracy" the share answered right, on 0-100.
    """

    def evaluate(joint: nn.Module) -> dict[str, float]:
        found = dict(judge(joint.model)) if judge else {}  # type: ignore[arg-type]
        outcomes: dict[str, list[Outcome]] = {}
        device = next(joint.parameters()).device
        with torch.no_grad():
            for batch in held_out:
                here = {name: tensor.to(device) for name, tensor in batch.items()}
                for name, one in joint.outcomes(here).items():  # type: ignore[operator]
                    outcomes.setdefault(name, []).append(one)
        for name, made in outcomes.items():
            count = max(1.0, float(sum(one.scored for one in made)))
            found[f"{name} loss"] = float(sum(one.total for one in made)) / count
            right = [float(one.right) for one in made if one.right is not None]
            if right:
                found[f"{name} accuracy"] = 100 * sum(right) / count
        return found

    return evaluate


def batch_of(stream: Reads, part: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A batch of one stream alone, for an evaluation: an adversary's gradient is not needed."""
    return {"step": torch.tensor(0), **{f"{stream}/{name}": t for name, t in part.items()}}


def pair_batch(
    pairs: Sequence[tuple[Sequence[int], Sequence[int]]],
    numbers: Sequence[tuple[int, int]],
    pad: int,
) -> dict[str, Tensor]:
    """A batch of translations: sources, then targets.

    Args:
        pairs: the ids of both sides.
        numbers: of both texts; equal texts have equal numbers.
    """
    rows = [row for side in zip(*pairs, strict=True) for row in side]
    longest = max(map(len, rows))
    ids = torch.full((len(rows), longest), pad)
    mask = torch.zeros((len(rows), longest), dtype=torch.long)
    for number, row in enumerate(rows):
        ids[number, : len(row)] = torch.tensor(row)
        mask[number, : len(row)] = 1
    source, target = (torch.tensor(side) for side in zip(*numbers, strict=True))
    return {"input_ids": ids, "attention_mask": mask, "source": source, "target": target}


__all__ = ["MAIN", "PAIRS", "Joint", "Together", "Weighted", "freeze", "joint_loss", "judged"]
