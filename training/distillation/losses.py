"""What a student is to have in common with its teacher: the losses of distillation, one registry.

    mix = parse_losses("soft:1,hidden:0.5,own:0.5")     # a name and a weight each

| name | what is compared | source |
| --- | --- | --- |
| soft | probabilities of pieces, softened by a temperature | Hinton et al. 2015, arXiv:1503.02531 |
| hidden | states of mapped layers: squared error of a projection | Jiao et al. 2020, TinyBERT |
| cosine | the same: 1 - cosine | Sanh et al. 2019, DistilBERT |
| relation | relations among queries, keys, values of a layer | Wang et al. 2021, MiniLMv2 |
| embeddings | what enters the first layer: squared error of a projection | Jiao et al. 2020 |
| contrast | a text's vector against those of other texts | Tian et al. 2020; van den Oord 2018 |
| own | no teacher: the piece that stands there (cross entropy) | |

Each loss is a sum and its count; a run adds up their means by weight. What is compared is a `Seen`
of student and teacher. Where their vocabularies differ, states are those of spans between the
characters at which both begin a piece (`training.distillation.alignment`).

>>> parse_losses("soft, hidden:0.5")
{'soft': 1.0, 'hidden': 0.5}
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from data.cli import did_you_mean
from data.errors import InputError
from training.objectives import parse_share
from training.objectives.heads import Quick, pooled

SCORES, STATES, RELATION, VECTORS = "scores", "states", "relation", "vectors"
OWN = "own"
SHARPNESS = 0.05  # the temperature of cosines in `contrast`, as multilingual-e5 was trained
QUICKNESS = 10.0  # of projections, beside a student that was cut out of its teacher
LEAST = 1e-7  # of the probability of all other pieces


@dataclass(frozen=True)
class Soft:
    """A teacher's probabilities at N places, as logarithms, softened already.

    Attributes:
        log_probs: (N, V) of all pieces, or (N, K) of the `ids` alone.
        ids: (N, K) the most probable pieces; None: all of them.
    """

    log_probs: Tensor
    ids: Tensor | None = None


@dataclass(frozen=True)
class Seen:
    """What a model made of a batch.

    Attributes:
        mask: (B, S) 1 for a piece, or a span of pieces, that there is.
        states: by layer (0: what enters the first), (B, S, D).
        relation: queries, keys and values of a layer, (B, S, D) each.
        scores: of a student, (N, V) at the places that are compared; soft: of a teacher.
        gold: (M,) the pieces that stand there; own: (M, V) scores where they are learned.
    """

    mask: Tensor
    states: Mapping[int, Tensor] = field(default_factory=dict)
    relation: Sequence[Tensor] = ()
    scores: Tensor | None = None
    soft: Soft | None = None
    own: Tensor | None = None
    gold: Tensor | None = None
    vectors: Tensor | None = None


Summed = tuple[Tensor, Tensor]  # the sum, and over how many


def soft_targets(scores: Tensor, soft: Soft, temperature: float) -> Tensor:
    """Kullback-Leibler divergence from the teacher's probabilities in nats, summed over places.

    Times the square of the temperature, so that gradients are as large at any (Hinton et al. 2015).
    Of the most probable pieces alone, all others are one event: at most the divergence of all.

    Args:
        scores: (N, V) of the student, before the softmax.

    >>> soft = Soft(torch.tensor([[0.75, 0.25]]).log())
    >>> round(float(soft_targets(torch.tensor([[0.0, 0.0]]), soft, 1.0)), 6)  # 0.75 ln 1.5 + ...
    0.130812
    """
    told = soft.log_probs.float()
    found: Tensor = _Divergence.apply(scores.float(), told, soft.ids, temperature)  # type: ignore[no-untyped-call]
    return temperature**2 * found


class _Divergence(torch.autograd.Function):
    """Sum of p log(p / q), q = softmax(scores / temperature).

    A decoder has 49,000 pieces a place, so that each tensor as large as the scores costs as much as
    a layer: the gradient, q - p, is written over q.
    """

    @staticmethod
    def forward(ctx: Any, scores: Tensor, told: Tensor, ids: Tensor | None, heat: float) -> Tensor:
        scaled = scores / heat
        scaled -= scaled.amax(dim=-1, keepdim=True)
        log_q = scaled.clone() if ids is None else scaled.gather(-1, ids)
        odds = scaled.exp_()
        norm = odds.sum(dim=-1, keepdim=True)
        p, log_q = told.exp(), log_q.sub_(norm.log())
        mass = p.sum(dim=-1, keepdim=True)
        found = (p * (told - log_q)).sum()
        ctx.heat = heat
        extra: tuple[Tensor, ...] = ()
        if ids is not None:  # all other pieces are one event
            q = log_q.exp()
            its, own = (1 - mass).clamp(min=LEAST), 1 - q.sum(dim=-1, keepdim=True)
            found += (its * (its / own.clamp(min=LEAST)).log()).sum()
            extra = ids, q, torch.where(own > LEAST, its, 0.0), own.clamp(min=LEAST)
        ctx.save_for_backward(odds, norm, p, mass, *extra)
        return found

    @staticmethod
    def backward(ctx: Any, *given: Tensor) -> tuple[Tensor | None, ...]:
        odds, norm, p, mass, *extra = ctx.saved_tensors
        each = given[0] / ctx.heat
        if extra:
            ids, q, its, own = extra
            mass = mass + its
            of_ids = (q * mass - p) * each
            grad = odds.mul_((mass - its / own) * each / norm).scatter_(-1, ids, of_ids)
        else:
            grad = odds.mul_(mass * each / norm).addcmul_(p, -each)
        return grad, None, None, None


def squared_error(student: Tensor, teacher: Tensor, mask: Tensor) -> Tensor:
    """The mean square over dimensions, summed over what there is: (B, S, D) each, (B, S)."""
    of_places = (student.float() - teacher.float()).square().mean(dim=-1)
    return (of_places * mask).sum()


def cosine_error(student: Tensor, teacher: Tensor, mask: Tensor) -> Tensor:
    """1 - cosine, summed over what there is."""
    cosines = functional.cosine_similarity(student.float(), teacher.float(), dim=-1)
    return ((1 - cosines) * mask).sum()


def relation_error(
    student: Sequence[Tensor], teacher: Sequence[Tensor], mask: Tensor, heads: int
) -> Tensor:
    """Divergence of relations softmax(X X' / sqrt(d)) of each head, X the queries, keys or values.

    After MiniLMv2 (Wang et al. 2021, https://arxiv.org/abs/2012.15828): the widths may differ, for
    either is cut into as many relation heads. Summed over places and the three, mean over heads.
    """
    total = mask.new_zeros((), dtype=torch.float32)
    for own, told in zip(student, teacher, strict=True):
        ours, theirs = (_relations(one, mask, heads) for one in (own, told))
        divergence = (theirs.exp() * (theirs - ours)).sum(dim=-1)  # (B, heads, S)
        total = total + (divergence.mean(dim=1) * mask).sum()
    return total


def _relations(states: Tensor, mask: Tensor, heads: int) -> Tensor:
    """(B, S, D) to logarithms (B, heads, S, S) of how much each place weighs for each."""
    batch, length, width = states.shape
    parts = states.float().view(batch, length, heads, width // heads).transpose(1, 2)
    products = parts @ parts.transpose(-1, -2) / math.sqrt(width // heads)
    hidden = mask[:, None, None, :] == 0
    return products.masked_fill(hidden, -1e9).log_softmax(dim=-1)


def contrast_error(student: Tensor, teacher: Tensor, sharpness: float = SHARPNESS) -> Tensor:
    """Cross entropy of finding the teacher's vector of the same text among the batch's, summed.

    Args:
        student, teacher: (B, D) each; they are brought to length 1.

    >>> both = torch.eye(2)
    >>> round(float(contrast_error(both, both, sharpness=1.0)) / 2, 6)  # ln(1 + 1 / e)
    0.313262
    """
    ours, theirs = (functional.normalize(one.float(), dim=-1) for one in (student, teacher))
    own = torch.arange(len(ours), device=ours.device)
    return functional.cross_entropy(ours @ theirs.T / sharpness, own, reduction="sum")


@dataclass(frozen=True)
class Setting:
    """What losses are made for.

    Attributes:
        widths: of student and teacher.
        layers: which layer of the teacher each of the student's is compared with.
        heads: of relations.
        temperature: of soft targets.
    """

    widths: tuple[int, int]
    layers: Mapping[int, int]
    heads: int
    temperature: float


class SoftTargets(nn.Module):
    """See `soft_targets`; the count is the places."""

    def __init__(self, setting: Setting) -> None:
        super().__init__()
        self._temperature = setting.temperature

    def forward(self, student: Seen, teacher: Seen) -> Summed:
        """The sum over places, and their number."""
        assert student.scores is not None  # noqa: S101  # asked for
        assert teacher.soft is not None  # noqa: S101  # asked for
        number = torch.tensor(len(student.scores), device=student.scores.device)
        return soft_targets(student.scores, teacher.soft, self._temperature), number


class States(nn.Module):
    """An error of the states of mapped layers; the student's are projected where it is narrower."""

    def __init__(
        self,
        setting: Setting,
        error: Callable[[Tensor, Tensor, Tensor], Tensor],
        layers: Mapping[int, int] | None = None,
    ) -> None:
        super().__init__()
        of_student, of_teacher = setting.widths
        self._layers, self._error = dict(layers or setting.layers), error
        self.project = nn.ModuleDict(
            {
                str(layer): Quick(of_student, of_teacher, QUICKNESS)
                for layer in self._layers
                if of_student != of_teacher
            }
        )

    def forward(self, student: Seen, teacher: Seen) -> Summed:
        """The sum over places of the mean over layers, and the number of places."""
        total = student.mask.new_zeros((), dtype=torch.float32)
        for layer, its in self._layers.items():
            own = student.states[layer].float()
            if str(layer) in self.project:
                own = self.project[str(layer)](own)
            total = total + self._error(own, teacher.states[its], student.mask)
        return total / len(self._layers), student.mask.sum()


class Relation(nn.Module):
    """See `relation_error`."""

    def __init__(self, setting: Setting) -> None:
        super().__init__()
        self._heads = setting.heads

    def forward(self, student: Seen, teacher: Seen) -> Summed:
        """The sum over places, and their number."""
        found = relation_error(student.relation, teacher.relation, student.mask, self._heads)
        return found, student.mask.sum()


class Contrast(nn.Module):
    """See `contrast_error`; a text's vector is the mean of its last states."""

    def __init__(self, setting: Setting) -> None:
        super().__init__()
        of_student, of_teacher = setting.widths
        same = of_student == of_teacher
        self.project = nn.Identity() if same else Quick(of_student, of_teacher, QUICKNESS)
        self._last = max(setting.layers)

    def forward(self, student: Seen, teacher: Seen) -> Summed:
        """The sum over texts, and their number."""
        assert teacher.vectors is not None  # noqa: S101  # asked for
        own = self.project(pooled(student.states[self._last], student.mask))
        number = torch.tensor(len(own), device=own.device)
        return contrast_error(own, teacher.vectors), number


class Own(nn.Module):
    """Cross entropy of the pieces that stand there, without a teacher."""

    def __init__(self, setting: Setting) -> None:  # noqa: ARG002  # as all of them
        super().__init__()

    def forward(self, student: Seen, teacher: Seen) -> Summed:  # noqa: ARG002
        """The sum over places, and their number."""
        assert student.own is not None  # noqa: S101  # asked for
        assert student.gold is not None  # noqa: S101  # asked for
        total = functional.cross_entropy(student.own.float(), student.gold, reduction="sum")
        return total, torch.tensor(len(student.gold), device=total.device)


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of the registry: what a loss needs to see, and what makes it."""

    needs: frozenset[str]
    make: Callable[[Setting], nn.Module]


LOSSES: dict[str, Entry] = {
    "soft": Entry(frozenset({SCORES}), SoftTargets),
    "hidden": Entry(frozenset({STATES}), lambda told: States(told, squared_error)),
    "cosine": Entry(frozenset({STATES}), lambda told: States(told, cosine_error)),
    "relation": Entry(frozenset({RELATION}), Relation),
    "embeddings": Entry(
        frozenset({STATES}), lambda told: States(told, squared_error, layers={0: 0})
    ),
    "contrast": Entry(frozenset({STATES, VECTORS}), Contrast),
    OWN: Entry(frozenset({OWN}), Own),
}


def register(name: str, needs: Sequence[str], make: Callable[[Setting], nn.Module]) -> None:
    """Add a loss of your own to the registry.

    Args:
        needs: of "scores", "states", "relation", "vectors": what both models are asked for.
        make: from a `Setting` to a module whose forward takes two `Seen` and returns sum and count.

    Raises:
        InputError: the name is taken.
    """
    if name in LOSSES:
        raise InputError(f'loss "{name}": there is one already; choose another name')
    LOSSES[name] = Entry(frozenset(needs), make)


def parse_losses(mix: str) -> dict[str, float]:
    """The losses of `NAME[:WEIGHT],...` with their weights.

    Raises:
        InputError: no such loss, one named twice, a weight that is not above 0, none with a
            teacher.
    """
    found: dict[str, float] = {}
    for part in mix.split(","):
        name, weight = parse_share(part, "--loss")
        if name not in LOSSES:
            near = did_you_mean(name, LOSSES)
            raise InputError(f'--loss "{name}": expected some of {", ".join(LOSSES)}{near}')
        if name in found:
            raise InputError(f'--loss "{mix}": {name} stands twice; give it once, with one weight')
        found[name] = weight
    if set(found) == {OWN}:
        raise InputError(
            "--loss own: needs no teacher; add soft, hidden or another, or run training.pretrain"
        )
    return found


def needs_of(mix: Mapping[str, float]) -> frozenset[str]:
    """What the losses of a mix need to see."""
    return frozenset().union(*(LOSSES[name].needs for name in mix))
