"""The student with what it is trained by: one call an update, for loss and wrappers.

fit(Distilled(student, losses, teacher), batches, joint_loss, settings)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from training.distillation.alignment import OTHER, Alignment
from training.distillation.losses import LOSSES, OWN, SCORES, Seen, Setting, needs_of
from training.distillation.reading import (
    Wanted,
    look,
    over_spans,
    scored_places,
    span_mask,
)
from training.distillation.targets import seen_of

Batch = Mapping[str, Tensor]


class Distilled(nn.Module):
    """A student and its losses.

    Args:
        mix: names of `LOSSES` with their weights.
        teacher: makes a `Seen` of a batch that has no kept targets; no part of the module, so that
            checkpoints are without it.
    """

    def __init__(
        self,
        student: nn.Module,
        mix: Mapping[str, float],
        setting: Setting,
        architecture: str,
        alignment: Alignment,
        teacher: Callable[[Batch], Seen],
        wanted: Wanted,
    ) -> None:
        super().__init__()
        self.student = student
        self.losses = nn.ModuleDict({name: LOSSES[name].make(setting) for name in mix})
        self._weights, self._needs = dict(mix), needs_of(mix)
        self._architecture, self._alignment, self._wanted = architecture, alignment, wanted
        self._ask = (teacher,)  # in a tuple: a module would become a part of this one

    def forward(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """The weighted means of the losses, times the pieces of the batch; and the pieces."""
        outcomes = self.outcomes(batch)
        means = [
            self._weights[name] * total / number.clamp(min=1)
            for name, (total, number) in outcomes.items()
        ]
        pieces = batch["attention_mask"].sum()
        return torch.stack(means).sum() * pieces, pieces

    def outcomes(self, batch: Batch) -> dict[str, tuple[Tensor, Tensor]]:
        """Of each loss the sum and the number that it is over."""
        own = self._student_sees(batch)
        kept = any(name.startswith("kept/") for name in batch)
        asks = self._needs - {OWN}
        told = seen_of(batch, own.mask) if kept else self._ask[0](batch) if asks else own
        return {name: loss(own, told) for name, loss in self.losses.items()}

    def _student_sees(self, batch: Batch) -> Seen:
        places, labels = scored_places(batch["labels"], self._architecture)
        compared = batch["compared"].bool() if "compared" in batch else places
        wants_soft, wants_own = SCORES in self._needs, OWN in self._needs
        both = wants_soft and wants_own and compared is not places  # else no copy of the scores
        union = places | compared if both else compared if wants_soft else places
        found = look(self.student, batch, self._wanted, union)
        mask, states, relation = batch["attention_mask"], found.states, found.relation
        if "spans" in batch:
            mask = span_mask(batch["spans"])
            number = mask.shape[1]
            states = {n: over_spans(one, batch["spans"], number) for n, one in states.items()}
            relation = [over_spans(one, batch["spans"], number) for one in relation]
        scores = own = gold = None
        if wants_soft:
            assert found.scores is not None  # noqa: S101  # wanted
            chosen = found.scores if union is compared else found.scores[compared[union]]
            scores = self._columns(chosen)
        if wants_own:
            assert found.scores is not None  # noqa: S101  # wanted
            own = found.scores if union is places else found.scores[places[union]]
            gold = labels[places]
        return Seen(mask, states, relation, scores=scores, own=own, gold=gold)

    def _columns(self, scores: Tensor) -> Tensor:
        """The scores of the pieces that are compared."""
        if self._alignment.kind == OTHER:
            return scores[:, torch.from_numpy(self._alignment.columns[0]).to(scores.device)]
        return scores[:, : len(self._alignment.numbers)]
