"""The teacher: one model or several, what they make of a text, averaged; and what may change it.

    teacher = Teacher.open(("multilingual-e5-small",), "encoder", "none", access)
    seen = teacher(batch)       # a `Seen`, in the student's pieces or spans

Its probabilities can be taken through a `View`: a function that reads the teacher as often as it
likes, of other contexts too, and says what the probabilities are. That is how counterfactual role
reversal averages them with those of a context whose genders are swapped:

    def averaged(read, ids, mask, places):
        return (read(ids, mask, places) + back(read(*swapped(ids, mask, places)))) / 2

    distil(config, view=View("role reversal", averaged, {"pairs": "sha256..."}))

`read` takes the teacher's ids (B, T), the mask (B, T) and the places (B, T; True where it is asked)
and returns probabilities (N, V), a row a place in order, softened by --temperature already; a
view takes the same and returns the same. Its name and identity are part of the run's, and of what
is kept on disk.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor

from data.access import Access
from data.errors import InputError
from models.resolve import Model, resolve_model
from models.tokenizer import open_fast_tokenizer
from models.weights import check_ids, open_weights
from training.distillation.alignment import OTHER, PART, SAME, Alignment
from training.distillation.losses import Seen, Soft
from training.distillation.reading import (
    Looked,
    Wanted,
    depth_of,
    look,
    over_spans,
    scored_places,
    span_mask,
)
from training.joint import width_of
from training.objectives.examples import IGNORED
from training.objectives.heads import pooled
from training.pretraining.model import class_of, new_head

TINY = 1e-30
NOTHING = Wanted()
Read = Callable[[Tensor, Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class View:
    """What a teacher's probabilities become; see above.

    Attributes:
        identity: what else it hangs on, as JSON.
    """

    name: str
    probabilities: Callable[[Read, Tensor, Tensor, Tensor], Tensor]
    identity: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """For the run's identity."""
        return {"name": self.name, **self.identity}


@dataclass(frozen=True)
class Teacher:
    """Models of one tokenizer that a student learns from.

    Attributes:
        bases: where they came from; alignment: of the student's pieces with theirs.
        wanted: what losses compare; vectors: whether of texts as well.
    """

    bases: Sequence[Model]
    models: Sequence[Any]
    tokenizer: Any
    architecture: str
    alignment: Alignment | None = None
    wanted: Wanted = NOTHING
    temperature: float = 1.0
    view: View | None = None
    vectors: bool = False

    @classmethod
    def open(
        cls, bases: Sequence[Model], architecture: str, objective: str, *, scores: bool
    ) -> Teacher:
        """The models of these folders, frozen.

        Raises:
            InputError: a model that does not open, lacks weights (where `scores` are compared its
                head, too), or has another tokenizer than the first.
        """
        models, tokenizers = [], []
        for base in bases:
            tokenizers.append(open_fast_tokenizer(base.folder))
            kind = class_of(base.folder, architecture, objective)
            model, missing = open_weights(base.folder, kind, f"{base.name}: cannot be a teacher")
            lacking = new_head(model, missing, base.folder)
            if lacking and scores:
                raise InputError(
                    f"--teacher {base.name}: has no head that tells pieces ({lacking[0]} is not in"
                    " its files); compare states: --loss hidden"
                )
            check_ids(model, len(tokenizers[-1]) - 1, base.name)
            models.append(model.eval().requires_grad_(False))
        vocabularies = [one.get_vocab() for one in tokenizers]
        for base, vocabulary in zip(bases, vocabularies, strict=True):
            if vocabulary != vocabularies[0]:
                raise InputError(
                    f"--teacher {base.name}: expected the pieces of {bases[0].name}, found others;"
                    " teachers that are averaged have one tokenizer"
                )
        found = cls(bases, models, tokenizers[0], architecture)
        found._check_alike()
        return found

    def _check_alike(self) -> None:
        shapes = [(width_of(model), depth_of(model)) for model in self.models]
        if len(set(shapes)) > 1:
            raise InputError(
                f"--teacher {self.bases[1].name}: expected width and layers of {self.bases[0].name}"
                f" {shapes[0]}, found {shapes[1]}; teachers that are averaged are alike"
            )

    @property
    def width(self) -> int:
        """Of its states."""
        return width_of(self.models[0])

    @property
    def depth(self) -> int:
        """The number of its layers."""
        return depth_of(self.models[0])

    def to_json(self) -> list[dict[str, str]]:
        """Names and revisions."""
        return [{"name": base.name, "revision": base.revision} for base in self.bases]

    def for_student(
        self, alignment: Alignment, wanted: Wanted, temperature: float, view: View | None,
        *, vectors: bool,
    ) -> Teacher:  # fmt: skip
        """The same for one student and its losses.

        Raises:
            InputError: scores of models that cannot be compared.
        """
        if wanted.scores and alignment.kind == OTHER and self.architecture != "decoder":
            raise InputError(
                "--loss soft: places of a masked or rewritten text have no counterpart in another"
                " vocabulary; compare states (--loss hidden), or give the student the teacher's"
                " pieces, or some of them (training.tokenizer trim)"
            )
        if view and not wanted.scores:
            raise InputError(f"{view.name}: changes probabilities; it needs --loss soft")
        return replace(self, alignment=alignment, wanted=wanted, temperature=temperature,
                       view=view, vectors=vectors)  # fmt: skip

    @torch.no_grad()
    def __call__(self, batch: Mapping[str, Tensor]) -> Seen:
        """What it makes of the student's batch; without gradients."""
        device = batch["input_ids"].device
        for model in self.models:
            model.to(device)
        own = self._batch(batch)
        places = self._places(own)
        its = self._states_only()
        asked = self.models if its != NOTHING or self.view is None else ()  # a view asks by itself
        looked = [look(model, own, its, places) for model in asked]
        found = _mean(looked, self.temperature) if looked else Looked()
        soft = None
        if self.wanted.scores:
            told = found.scores if self.view is None else self._viewed(own, places)
            soft = Soft(self._columns(told))
        return self._spans(batch, own, found, soft)

    def counts(self, batch: Mapping[str, Tensor]) -> list[int]:
        """How many places of each row its probabilities are compared at, (B,)."""
        own = self._batch(batch)
        places = self._places(own)
        return [] if places is None else [int(one) for one in places.sum(dim=1)]

    def _states_only(self) -> Wanted:
        """What one pass gives: a view reads scores by itself."""
        return replace(self.wanted, scores=self.wanted.scores and self.view is None)

    def _batch(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        alignment = self.alignment
        assert alignment is not None  # noqa: S101  # `for_student` has been called
        if alignment.kind == OTHER:
            names = ("input_ids", "attention_mask", "spans", "compared")
            return {name: batch[f"teacher/{name}"] for name in names}
        kept = {name: batch[name] for name in ("input_ids", "attention_mask", "labels")}
        if alignment.kind == PART:
            numbers = torch.from_numpy(alignment.numbers).to(kept["input_ids"].device)
            kept["input_ids"] = numbers[kept["input_ids"]]
            scored = kept["labels"] != IGNORED
            kept["labels"] = torch.where(scored, numbers[kept["labels"].clamp(min=0)], IGNORED)
        return kept

    def _places(self, own: Mapping[str, Tensor]) -> Tensor | None:
        if not self.wanted.scores:
            return None
        if "compared" in own:
            return own["compared"].bool()
        return scored_places(own["labels"], self.architecture)[0]

    def _read(self, ids: Tensor, mask: Tensor, places: Tensor) -> Tensor:
        """The mean of the models' probabilities, (N, V); what a view reads."""
        batch = {"input_ids": ids, "attention_mask": mask, "labels": ids}
        looked = [look(model, batch, Wanted(scores=True), places) for model in self.models]
        probabilities = [_softened(one.scores, self.temperature).exp() for one in looked]
        return torch.stack(probabilities).mean(dim=0)

    def _viewed(self, own: Mapping[str, Tensor], places: Tensor | None) -> Tensor:
        assert self.view is not None  # noqa: S101
        assert places is not None  # noqa: S101
        given = own["input_ids"], own["attention_mask"], places
        found = self.view.probabilities(self._read, *given)
        return found.clamp(min=TINY).log()

    def _columns(self, told: Tensor | None) -> Tensor:
        """Logarithms of probabilities of the student's pieces that are compared, (N, C)."""
        assert told is not None  # noqa: S101
        assert self.alignment is not None  # noqa: S101
        temperature = self.temperature if self.view is None else 1.0
        if self.view is None and len(self.models) > 1:
            temperature = 1.0  # they are logarithms of means already
        kind = self.alignment.kind
        if kind == SAME:
            told = told[:, : len(self.alignment.numbers)]
        else:
            chosen = self.alignment.numbers if kind == PART else self.alignment.columns[1]
            told = told[:, torch.from_numpy(chosen).to(told.device)]
        return _softened(told, temperature)

    def _spans(
        self, batch: Mapping[str, Tensor], own: Mapping[str, Tensor], found: Looked,
        soft: Soft | None,
    ) -> Seen:  # fmt: skip
        mask = own["attention_mask"]
        states, relation = found.states, found.relation
        vectors = pooled(states[max(states)], mask) if self.vectors else None
        if "spans" in own:
            mask = span_mask(batch["spans"])
            number = mask.shape[1]
            states = {n: over_spans(one, own["spans"], number) for n, one in states.items()}
            relation = [over_spans(one, own["spans"], number) for one in relation]
        return Seen(mask, states, relation, soft=soft, vectors=vectors)


def _softened(scores: Tensor | None, temperature: float) -> Tensor:
    assert scores is not None  # noqa: S101  # whoever compares them has asked for them
    return (scores.float() / temperature).log_softmax(dim=-1)


def _mean(looked: Sequence[Looked], temperature: float) -> Looked:
    """The mean of what several models made; of scores the logarithm of mean probabilities."""
    if len(looked) == 1:
        return looked[0]
    states = {
        layer: torch.stack([one.states[layer] for one in looked]).mean(dim=0)
        for layer in looked[0].states
    }
    relation = [
        torch.stack(list(parts)).mean(dim=0)
        for parts in zip(*(one.relation for one in looked), strict=True)
    ]
    if looked[0].scores is None:
        return Looked(states, relation)
    shares = [_softened(one.scores, temperature).exp() for one in looked]
    return Looked(states, relation, torch.stack(shares).mean(dim=0).clamp(min=TINY).log())


def find_teachers(names: Sequence[str], access: Access) -> list[Model]:
    """The folders of teachers, on this machine.

    Raises:
        InputError: no such model, one named twice.
        UnavailableError: it cannot be had.
    """
    found = []
    for name in names:
        try:
            found.append(resolve_model(name, access))
        except InputError as error:
            raise InputError(str(error).replace("--model", "--teacher", 1)) from error
    revisions = [base.revision for base in found]
    twice = next((b for b in found if revisions.count(b.revision) > 1), None)
    if twice:
        raise InputError(f"--teacher {twice.name}: named twice; name it once")
    return found
