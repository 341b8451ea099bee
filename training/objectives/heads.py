"""Heads and losses of the auxiliary objectives that look at whole sentences.

A sentence's vector is the mean of its last layer's states, as `models.encoder` pools them. What is
trained beside a pretrained encoder begins at random and must learn faster than it: `Quick` layers
do so under any optimiser.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from data.errors import InputError
from training.objectives.auxiliary import Outcome, Setting

HIDDEN = 256  # of the head that tells languages
KEPT = 0.97  # of the sentences of the batches before, at each batch
Batch = dict[str, Tensor]


class Turned(torch.autograd.Function):
    """The identity, whose gradient is multiplied by `-strength` (Ganin et al. 2016).

    >>> states = torch.ones(2, requires_grad=True)
    >>> Turned.apply(states, 0.5).sum().backward()
    >>> states.grad
    tensor([-0.5000, -0.5000])
    """

    @staticmethod
    def forward(ctx: Any, states: Tensor, strength: float) -> Tensor:
        """The states as they are."""
        ctx.strength = strength
        return states.view_as(states)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        """The gradient turned round."""
        return -ctx.strength * gradients[0], None


class Quick(nn.Linear):
    """A linear layer whose weights move `quickness` times as far at each update.

    They are stored divided by it, so that no optimiser needs to know (Karras et al. 2018,
    https://arxiv.org/abs/1710.10196, section 4.1, scales weights at run time in the same way).
    """

    def __init__(self, width: int, out: int, quickness: float) -> None:
        super().__init__(width, out)
        self._quickness = quickness
        with torch.no_grad():
            self.weight.div_(quickness)
            self.bias.div_(quickness)

    def forward(self, states: Tensor) -> Tensor:
        """(..., width) to (..., out)."""
        return functional.linear(states, self.weight, self.bias) * self._quickness


def pooled(states: Tensor, mask: Tensor) -> Tensor:
    """The mean over what is no padding, in float32: (B, T, D) and (B, T) to (B, D)."""
    weights = mask.float()
    weights = weights / weights.sum(dim=1, keepdim=True).clamp(min=1)
    return torch.einsum("btd,bt->bd", states.float(), weights)


def strength(step: int, ramp: int) -> float:
    """How strong a turned gradient is: 2 / (1 + exp(-10 p)) - 1 with p from 0 to 1 over the ramp.

    >>> strength(0, 100), round(strength(10, 100), 3), strength(500, 100) > 0.999
    (0.0, 0.462, True)
    """
    progress = min(1.0, step / ramp)
    return float(2 / (1 + torch.exp(torch.tensor(-10.0 * progress))) - 1)


class Languages(nn.Module):
    """What objectives that know each text's language share: the number of every corpus's."""

    numbers: Tensor

    def __init__(self, setting: Setting) -> None:
        super().__init__()
        self.names = tuple(dict.fromkeys(setting.languages))
        if len(self.names) < 2:
            found = self.names[0] if self.names else "none"
            raise InputError(
                f"--auxiliary: texts in two languages or more are needed to tell them apart, found"
                f" {found}; name corpora of other languages, too"
            )
        numbers = [self.names.index(name) for name in setting.languages]
        self.register_buffer("numbers", torch.tensor(numbers), persistent=False)

    def labels(self, batch: Batch) -> Tensor:
        """The number of each text's language, (B,)."""
        return self.numbers[batch["corpus"]]


class LanguageHead(Languages):
    """Tells the language of a sentence from its vector, with one hidden layer.

    Args:
        adversarial: turn the gradient round on its way to the encoder.
    """

    def __init__(self, setting: Setting, adversarial: bool) -> None:
        super().__init__(setting)
        self._ramp = setting.ramp if adversarial else None
        self.layers = nn.Sequential(
            Quick(setting.width, HIDDEN, setting.quickness),
            nn.ReLU(),
            Quick(HIDDEN, len(self.names), setting.quickness),
        )

    def forward(self, states: Tensor, batch: Batch) -> Outcome:
        """Cross entropy of the languages, a text each."""
        vectors, labels = pooled(states, batch["attention_mask"]), self.labels(batch)
        vectors = functional.layer_norm(vectors, vectors.shape[-1:])
        if self._ramp is not None:
            force = strength(int(batch["step"]), self._ramp)
            vectors = Turned.apply(vectors, force)  # type: ignore[no-untyped-call]
        scores = self.layers(vectors).float()
        total = functional.cross_entropy(scores, labels, reduction="sum")
        return Outcome(total, _number(labels), (scores.argmax(dim=1) == labels).sum())


class Means(Languages):
    """Draws the languages' mean vectors together; where they are one, no linear probe can tell them
    apart better than by guessing (Belrose et al. 2023, https://arxiv.org/abs/2306.03819).

    The loss is the mean squared distance of two languages' means, as sentences estimate it without
    bias (Gretton et al. 2012, https://jmlr.org/papers/v13/gretton12a.html: maximum mean discrepancy
    with a linear kernel), over that of two sentences of one language. No answer is right or wrong.
    """

    def forward(self, states: Tensor, batch: Batch) -> Outcome:
        """The loss, counted once a text; a language with one text in the batch is left out."""
        vectors, labels = pooled(states, batch["attention_mask"]), self.labels(batch)
        number = _number(labels)
        clouds = [vectors[labels == one] for one in range(len(self.names))]
        clouds = [cloud for cloud in clouds if len(cloud) > 1]
        if len(clouds) < 2:
            return Outcome(vectors.sum() * 0, number, None)
        clouds = self._scaled(clouds)
        means = torch.stack([cloud.mean(dim=0) for cloud in clouds])
        spreads = torch.stack([_spread(cloud) for cloud in clouds])
        sizes = torch.tensor([len(cloud) for cloud in clouds], device=means.device)
        bias = (spreads / sizes).mean()
        apart = (means - means.mean(dim=0)).square().sum() / (len(clouds) - 1) - bias
        return Outcome(apart / spreads.mean().detach() * number, number, None)

    def _scaled(self, clouds: list[Tensor]) -> list[Tensor]:
        """The vectors of each language, (n, D), in the space where distances are measured."""
        return clouds


class Fisher(Means):
    """`Means` in the space that sentences within a language spread evenly in (Fisher 1936,
    https://doi.org/10.1111/j.1469-1809.1936.tb02137.x): directions in which sentences differ
    little, and by which a probe tells languages all the same, count as much as the others.

    What is drawn to 0 is the trace of the covariance between languages over that within them. The
    latter is the mean of all batches so far, the older the less, shrunk towards a sphere as far as
    few sentences leave it unsure (oracle approximating shrinkage, Chen et al. 2010,
    https://doi.org/10.1109/TSP.2010.2053029, equation 23).
    """

    within: Tensor
    seen: Tensor

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self.register_buffer("within", torch.zeros(setting.width, setting.width))
        self.register_buffer("seen", torch.zeros(()))  # sentences, as far as they still count

    def _scaled(self, clouds: list[Tensor]) -> list[Tensor]:
        with torch.no_grad():
            if self.training:
                self._see(clouds)
            values, axes = torch.linalg.eigh(_shrunk(self.within, self.seen))
            whiten = axes / values.clamp(min=1e-12).sqrt()
        return [cloud @ whiten for cloud in clouds]

    def _see(self, clouds: list[Tensor]) -> None:
        """Let this batch's sentences count, and those before it a little less."""
        rows = torch.cat([cloud - cloud.mean(dim=0) for cloud in clouds])
        free, kept = len(rows) - len(clouds), KEPT * self.seen
        self.within.mul_(kept / (kept + free)).add_(rows.T @ rows / (kept + free))
        self.seen.copy_(kept + free)


def _shrunk(covariance: Tensor, count: Tensor) -> Tensor:
    """A covariance (D, D) of `count` vectors, nearer to a sphere the fewer they are."""
    width = len(covariance)
    size = covariance.diagonal().mean()
    square, trace = covariance.square().sum(), (width * size).square()
    over = (count + 1 - 2 / width) * (square - trace / width)
    share = (((1 - 2 / width) * square + trace) / over.clamp(min=1e-12)).clamp(max=1)
    return torch.lerp(covariance, size * torch.eye(width, device=covariance.device), share)


def _spread(cloud: Tensor) -> Tensor:
    """The mean squared distance of a sentence from the mean, (), without bias."""
    return (cloud - cloud.mean(dim=0)).square().sum() / (len(cloud) - 1)


class Contrastive(nn.Module):
    """Of the translations in a batch the right one is nearest, in both directions.

    Cross entropy of the cosines over a temperature (Chen et al. 2020, https://arxiv.org/abs/2002.05709;
    for translations Feng et al. 2022, https://aclanthology.org/2022.acl-long.62). A text that
    stands in the batch twice is no wrong answer to itself.
    """

    def __init__(self, setting: Setting) -> None:
        super().__init__()
        self._temperature = setting.temperature

    def forward(self, states: Tensor, batch: Batch) -> Outcome:
        """Both directions, so that a pair counts twice."""
        vectors = functional.normalize(pooled(states, batch["attention_mask"]), dim=1)
        source, target = vectors.chunk(2)
        scores = source @ target.T / self._temperature
        scores = scores.masked_fill(_same(batch["source"]) | _same(batch["target"]), -torch.inf)
        labels = torch.arange(len(scores), device=scores.device)
        both = (scores, scores.T)
        losses = [functional.cross_entropy(one, labels, reduction="sum") for one in both]
        right = sum((one.argmax(dim=1) == labels).sum() for one in both)
        return Outcome(losses[0] + losses[1], _number(labels) * 2, torch.as_tensor(right))


class Distillation(nn.Module):
    """A text and its translation get the vector that the model had for the text before.

    One less the cosine, of both (Reimers and Gurevych 2020,
    https://aclanthology.org/2020.emnlp-main.365, whose teacher is another model).
    """

    def __init__(self, _setting: Setting) -> None:
        super().__init__()

    def forward(self, states: Tensor, batch: Batch) -> Outcome:
        """Both sides, so that a pair counts twice."""
        vectors = functional.normalize(pooled(states, batch["attention_mask"]), dim=1)
        cosines = (vectors * batch["goal"].repeat(2, 1)).sum(1)
        return Outcome((1 - cosines).sum(), _number(cosines), None)


def _same(numbers: Tensor) -> Tensor:
    """Which other rows hold the same text, (B, B)."""
    same = numbers[:, None] == numbers[None, :]
    return same & ~torch.eye(len(numbers), dtype=torch.bool, device=numbers.device)


def _number(labels: Tensor) -> Tensor:
    return torch.tensor(len(labels), device=labels.device)
