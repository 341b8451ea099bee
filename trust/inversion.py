"""ModIvA: the secret of a canary read out of a classifier by turning the model around.

Parikh, Dupuy and Gupta 2022, Canary Extraction in Natural Language Understanding Models
(https://aclanthology.org/2022.acl-short.61, https://arxiv.org/abs/2203.13920). The attacker has the
weights, knows the words before the secret and how the record was labelled, and looks for the signs
that make that label likeliest. Signs are discrete, so each place holds a mixture of their
embeddings whose weights are learned by gradient descent on the model's own loss, while a falling
temperature makes the mixture decide; then it is rounded. Several starts go on side by side, and of
what they end with the answer of least loss is taken. Chance is one secret of all, 1 of 10,000.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from data.errors import InputError
from trust.canaries import CLASSIFIERS
from trust.canary import Canary, uniform
from trust.targets import Target

STARTS, ROUNDS = 16, 150
RATE = 0.3  # of Adam, on the logits of the mixtures
HOT, COLD = 1.0, 0.1  # temperature at the first and the last round

Loss = Callable[[nn.Module, Mapping[str, Tensor]], tuple[Tensor, Tensor]]


@dataclass(frozen=True)
class Relaxed:
    """A canary with the places of its signs open.

    Attributes:
        network: what is turned around; loss: of its training, over a batch.
        batch: STARTS rows of the canary, labels included, as the loss takes them.
        places: for each sign of the secret, where its pieces are in a row.
        ids: (signs, T) the row that each sign makes throughout.
    """

    network: nn.Module
    loss: Loss
    embeddings: nn.Module
    batch: Mapping[str, Tensor]
    places: Sequence[Sequence[int]]
    ids: Tensor


def invert(target: Target, model: Any, canary: Canary, seed: int) -> tuple[str, ...]:
    """The secret that the model gives away.

    Raises:
        InputError: a model that is no classifier, or signs that are no pieces of their own.
    """
    relaxed = relax(target, model, canary)
    draws = torch.Generator().manual_seed(seed)
    shape = (STARTS, len(canary.secret), len(canary.signs))
    logits = torch.randn(shape, generator=draws).mul(0.1).requires_grad_()
    optimiser = torch.optim.Adam([logits], lr=RATE)
    was_training = relaxed.network.training
    relaxed.network.eval()
    for number in range(ROUNDS):
        heat = HOT + (COLD - HOT) * number / (ROUNDS - 1)
        with mixtures_at(relaxed, (logits / heat).softmax(-1)):
            lost, _ = relaxed.loss(relaxed.network, relaxed.batch)
        [logits.grad] = torch.autograd.grad(lost, [logits])
        optimiser.step()
    relaxed.network.train(was_training)
    rounded = {tuple(canary.signs[n] for n in row) for row in logits.argmax(-1).tolist()}
    answers = sorted(rounded)
    seen = target.observe(model, [target.planted(canary, one) for one in answers])
    return min(zip(seen, answers, strict=True), key=lambda pair: pair[0].loss)[1]


def relax(target: Target, model: Any, canary: Canary) -> Relaxed:
    """Where a canary's signs are, and what each would be there.

    Raises:
        InputError: as `invert`.
    """
    if target.kind not in CLASSIFIERS:
        raise InputError(
            f"canary {canary.id}: models of {target.kind} are not turned around; expected one of"
            f" {', '.join(CLASSIFIERS)}"
        )
    rows = [target.pieces(model, target.planted(canary, one)) for one in uniform(canary)]
    if len({len(row) for row in rows}) > 1:
        raise InputError(
            f"canary {canary.id}: its signs become different numbers of pieces; make others with"
            " --digits ascii"
        )
    first, other = canary.signs[:2]
    places = []
    for at in range(len(canary.secret)):
        secret = [other if n == at else first for n in range(len(canary.secret))]
        row = target.pieces(model, target.planted(canary, secret))
        places.append([n for n, (a, b) in enumerate(zip(row, rows[0], strict=True)) if a != b])
    network, loss, batch = _setting(target, model, canary)
    found: Any = network
    encoder = found.encoder if target.kind == "intents" else found
    table = encoder.get_input_embeddings()
    return Relaxed(network, loss, table, batch, places, torch.tensor(rows))


def _setting(
    target: Target, model: Any, canary: Canary
) -> tuple[nn.Module, Loss, Mapping[str, Tensor]]:
    content = target.planted(canary, canary.secret).content
    windows = list(model.coder.windows([content.tokens]))
    if len(windows) > 1:
        raise InputError(
            f"canary {canary.id}: is longer than the {model.length} pieces that the model sees"
            " at once; train it with a larger --length"
        )
    windows *= STARTS
    if target.kind == "tagger":
        from training.tagging.run import word_loss
        from training.tagging.tagger import collate

        number = {label: n for n, label in enumerate(model.labels)}
        tags = [[number[tag] for tag in content.tags]]
        return model.model, word_loss, collate(windows, model.coder.pad, tags)
    from nlu.losses import joint_loss
    from nlu.model import collate as collate_utterances

    of_tag = {tag: n for n, tag in enumerate(model.shape.tags)}
    intents = [model.shape.intents.index(content.intent)]
    tags = [[of_tag[tag] for tag in content.slots]]
    batch = collate_utterances(windows, model.coder.pad, intents, tags)
    return model.network, joint_loss(1.0), batch


@contextmanager
def mixtures_at(relaxed: Relaxed, weights: Tensor) -> Iterator[None]:
    """Inside, the embeddings at the secret's places are mixtures of its signs'.

    Args:
        weights: (starts, places, signs), each mixture adding up to 1.
    """
    table: Any = relaxed.embeddings

    def mixed(_module: nn.Module, _args: Any, out: Tensor) -> Tensor:
        changed = out.clone()
        for at, places in enumerate(relaxed.places):
            for place in places:
                of_signs = table.weight[relaxed.ids[:, place]].detach()
                changed[:, place] = weights[:, at] @ of_signs
        return changed

    hook = table.register_forward_hook(mixed)
    try:
        yield
    finally:
        hook.remove()
