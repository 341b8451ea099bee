"""What models say of the candidates: the target, an untrained one, a reference, shadow models.

Each is asked once, and what it says is a line of observations.jsonl, where an audit that was killed
finds it again.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from data.access import Access
from data.errors import InputError
from data.files import sha256_text
from runfolder.records import RecordFile
from trust.attacks import NEIGHBOURS, TEXT, Evidence, Shadow
from trust.canary import Canary
from trust.config import Advance, Audit
from trust.examples import Candidates
from trust.observed import SHAPE, Observed
from trust.shadows import halves, key_of, train_shadow
from trust.targets import Target, TrainedRun, find_model

FILE = "observations.jsonl"
FIRST, UNTRAINED, REFERENCE = "target", "untrained", "reference"


@dataclass(frozen=True)
class Prepared:
    """An audit that can begin, or go on.

    Attributes:
        run: the run that made the model, where it is known.
        sides: members and others, all of whose labels the model has.
    """

    config: Audit
    target: Target
    run: TrainedRun | None
    model: Any
    sides: Candidates | None
    canaries: Sequence[Canary]
    folder: Path
    access: Access
    advance: Advance | None
    notes: list[str] = field(default_factory=list)

    def advanced(self, what: str, done: int, of: int) -> None:
        """Say how far it is."""
        if self.advance:
            self.advance(what, done, of)


def known(target: Target, model: Any, sides: Candidates) -> Candidates:
    """Without others whose labels the model has not got.

    Raises:
        InputError: a member has such a label, so it was no member.
    """
    for one in sides.members:
        if lacking := target.unknown(model, one):
            raise InputError(
                f"--members: the model knows nothing of {lacking!r} in {one.text[:60]!r}: it was"
                " not trained on these records; name those that it was trained on"
            )
    kept = tuple(one for one in sides.others if not target.unknown(model, one))
    if not kept:
        raise InputError(
            "--others: the model has none of their labels; name records like the members"
        )
    if lost := len(sides.others) - len(kept):
        sides.dropped["others: a label that the model has not got"] += lost
    return replace(sides, others=kept)


class Observations:
    """What models say of the candidates, each asked once and written down."""

    def __init__(self, prepared: Prepared) -> None:
        assert prepared.sides is not None  # noqa: S101  # the caller has looked
        self.prepared = prepared
        self.sides = prepared.sides
        self.file = RecordFile(prepared.folder / FILE, SHAPE)
        self.done = {(one["model"], one["sha256"]): one for one in self.file}

    def __enter__(self) -> Observations:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def every(self) -> tuple[Candidates, Evidence, Evidence]:
        """The candidates, the evidence against the target, and that against an untrained model."""
        prepared, sides = self.prepared, self.sides
        models: dict[str, Callable[[], Any]] = {
            FIRST: lambda: prepared.model,
            UNTRAINED: lambda: shuffled(prepared.model, prepared.config.seed),
        }
        found = [
            Evidence(
                self._of(name, partial(self._seen, model)),
                self._neighbours(name, model),
                self._reference(),
                self._shadows(),
            )
            for name, model in models.items()
        ]
        return sides, found[0], found[1]

    def _seen(self, model: Callable[[], Any]) -> Observed:
        return _observed(self.prepared.target, model(), self.sides.every)

    def _of(self, model: str, make: Callable[[], Observed], what: str = "") -> Observed:
        """What stands in the file, or is made and written there."""
        key = (model, what or self.sides.sha256)
        if key not in self.done:
            record = make().to_record(*key)
            self.file.append([record])
            self.done[key] = record
        return Observed.from_record(self.done[key])

    def _neighbours(self, name: str, model: Callable[[], Any]) -> Observed | None:
        """Means over the neighbours of each candidate; None of what is no running text."""
        prepared = self.prepared
        if prepared.target.kind not in TEXT:
            return None

        def make() -> Observed:
            from trust.attacks.neighbourhood import NUMBER, neighbours

            examples = self.sides.every
            near = neighbours(
                [one.text for one in examples],
                [one.language for one in examples],
                prepared.config.seed,
            )
            flat = [
                replace(one, content=text)
                for one, texts in zip(examples, near, strict=True)
                for text in texts
            ]
            seen = _observed(prepared.target, model(), flat)
            return Observed(
                *(
                    column.reshape(-1, NUMBER).mean(axis=1)
                    for column in (seen.loss, seen.entropy, seen.lowest)
                )
            )

        return self._of(f"{name}/{NEIGHBOURS}", make)

    def _reference(self) -> Observed | None:
        prepared = self.prepared
        name = prepared.config.reference
        if name is None:
            return None

        def make() -> Observed:
            kind, folder, _ = find_model(str(name), prepared.access)
            if kind != prepared.target.kind:
                raise InputError(
                    f"--reference {name}: a model of {kind}, and --model is one of"
                    f" {prepared.target.kind}; name one of the same kind"
                )
            model = prepared.target.open(folder)
            return _observed(prepared.target, model, self.sides.every)

        return self._of(REFERENCE, make, f"{name}:{self.sides.sha256}")

    def _shadows(self) -> list[Shadow]:
        """Trained where they are not yet observed."""
        prepared, config, examples = self.prepared, self.prepared.config, self.sides.every
        if not config.shadows:
            return []
        if prepared.run is None:
            told = (
                f"no shadow models: {config.model} does not lie in the folder of a run of"
                f" {prepared.target.command} that made it, so its recipe is not known"
            )
            if told not in prepared.notes:
                prepared.notes.append(told)
            return []
        found = []
        plan = halves(len(examples), config.shadows, config.seed)
        for number, members in enumerate(plan, 1):
            seen = self._of(
                f"shadow-{number}",
                partial(
                    train_shadow,
                    prepared.target,
                    prepared.run,
                    examples,
                    members,
                    folder=prepared.folder,
                    number=number,
                    seed=config.seed,
                    steps=config.shadow_steps or 0,
                ),
                sha256_text(self.sides.sha256 + key_of(members)),
            )
            found.append(Shadow(members, seen))
            prepared.advanced("shadow models", number, config.shadows)
        return found


def _observed(target: Target, model: Any, examples: Sequence[Any]) -> Observed:
    return Observed.of(target.observe(model, examples))


def shuffled(model: Any, seed: int) -> Any:
    """A copy of a model that has learned nothing: the entries of each weight in another order.

    It is as large as the one that was trained, and its weights are of the same size; what training
    put into their places is gone.
    """
    import torch
    from torch import nn

    made = copy.deepcopy(model)
    draws = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for network in networks_of(made):
            for weight in nn.Module.parameters(network):
                order = torch.randperm(weight.numel(), generator=draws)
                weight.copy_(weight.flatten()[order].view_as(weight))
    return made


def networks_of(model: Any) -> Iterator[Any]:
    """The networks of a model of any kind."""
    for name in ("network", "model"):
        if hasattr(model, name):
            yield getattr(model, name)
    for one in getattr(model, "directions", ()):
        yield from one.models
