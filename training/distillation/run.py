"""A distillation from its corpora to its scores: prepared, trained, saved, reported.

    with prepare(config, Access()) as prepared:
        finish(prepared, train(prepared), "python -m training.distil ...")

runs/distil-<hash>/ holds, beside what every training run has (`training.folders`):

    data/: the documents as ids    targets/: what the teacher said    before.json: scores of the
    student as it began and of the teacher
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from data.access import Access
from data.bounded import read_json
from data.contamination import KeepOut
from data.errors import InputError
from data.files import canonical_json, check_not_removed, sha256_text, write_whole
from data.languages import resolve
from data.options import identity_of as options_identity
from data.options import to_json
from models.encoder import keep_prompts
from models.resolve import Model
from models.tokenizer import open_fast_tokenizer, unknown_characters
from models.weights import save_safetensors
from training.architectures import named
from training.distillation.alignment import OTHER, SAME, Alignment
from training.distillation.batches import DistilBatches, Texts
from training.distillation.config import BOTH, DATA, TEACHER, DistilConfig
from training.distillation.distilled import Distilled
from training.distillation.losses import (
    OWN,
    RELATION,
    SCORES,
    STATES,
    VECTORS,
    Setting,
    needs_of,
)
from training.distillation.reading import Wanted, depth_of, layer_stack
from training.distillation.roles import check_probabilities, lines_of, notes_of, open_roles
from training.distillation.student import Student, find_student, open_student
from training.distillation.targets import Targets
from training.distillation.teacher import Teacher, View, find_teachers
from training.folders import (
    folder_appears_whole,
    tokenizer_identity,
    training_folder,
    training_kind,
)
from training.joint import joint_loss, width_of
from training.loop import fit
from training.losses import loss_for
from training.objectives import NONE, Special, parse_mix, parse_weights
from training.pretraining.corpora import TRAIN, Parts, Source, encode, open_sources
from training.pretraining.model import architecture_of
from training.pretraining.scoring import Judge, part_of

if TYPE_CHECKING:
    from training.progress import Fitted, Progress

KIND = training_kind("training.distil", {"corpora": list, "teacher": list, "loss": dict})
OBJECTIVES = {"encoder": "mlm", "decoder": "clm", "encoder-decoder": "drop"}
READINGS = 2  # of the text, from which on what the teacher says is kept on disk
LOOKED_AT = 100  # documents of each corpus that tell whether the teacher can read it
MOST_UNKNOWN = 0.5  # of their characters


@dataclass(frozen=True)
class Prepared:
    """A run that can begin, or go on. Models are opened, and text read, when first asked for."""

    config: DistilConfig
    sources: Sequence[Source]
    bases: Sequence[Model]
    architecture: str
    objective: str
    mix: Mapping[str, float]
    view: View | None
    identity: Mapping[str, Any]
    folder: Path
    access: Access

    @cached_property
    def student(self) -> Student:
        """The student before its first update."""
        how = (self.config, self.architecture, self.objective, self.bases[0], self.access)
        return open_student(*how)

    @cached_property
    def alignment(self) -> Alignment:
        """Of the student's pieces with the teacher's."""
        return Alignment.of(self.student.tokenizer, self._opened.tokenizer)

    @cached_property
    def _opened(self) -> Teacher:
        scores = SCORES in needs_of(self.mix)
        return Teacher.open(self.bases, self.architecture, self.objective, scores=scores)

    @cached_property
    def teacher(self) -> Teacher:
        """The teacher, for this student."""
        _check_readable(self)
        its = wanted(self.mix, self.setting.layers.values(), self.setting.layers)
        how = (self.alignment, its, self.config.temperature, self.view)
        return self._opened.for_student(*how, vectors=VECTORS in needs_of(self.mix))

    @cached_property
    def setting(self) -> Setting:
        """What the losses are made for."""
        student, teacher = self.student.model, self._opened
        widths = width_of(student), teacher.width
        layers = layer_map(self.config.chosen_map, depth_of(student), teacher.depth)
        if RELATION in needs_of(self.mix):
            _check_heads(self.config.relation_heads, widths)
        return Setting(widths, layers, self.config.relation_heads, self.config.temperature)

    @cached_property
    def parts(self) -> list[Parts]:
        """The corpora as the student's ids."""
        return encode(self.sources, self.student.tokenizer, self.folder, self.access)

    @cached_property
    def texts(self) -> Texts:
        """What is trained on, as examples."""
        return self._texts([part.train for part in self.parts])

    def _texts(self, corpora: Sequence[Any]) -> Texts:
        special = Special.of(self.student.tokenizer)
        mix = parse_mix(self.objective, special, self.architecture, self.config.length)
        return Texts(corpora, mix, self.config.seed, self.alignment)

    @cached_property
    def targets(self) -> Targets | None:
        """What the teacher said, kept on disk; None where it is asked anew."""
        if not self.keeps_targets:
            return None
        folder = self.config.targets or self.folder / "targets"
        identity = self.targets_identity
        asked = (folder, self.teacher, self.texts, identity, self.config.top_k)
        return Targets.of(*asked, self.access.say)

    @property
    def targets_identity(self) -> dict[str, Any]:
        """What kept targets hang on."""
        config, asks = self.config, needs_of(self.mix) - {OWN}
        vocabulary = self.student.tokenizer.backend_tokenizer.to_str()
        return {
            "teacher": self._opened.to_json(),
            "text": [[one.name, one.sha256] for one in self.texts.corpora],
            "tokenizer": sha256_text(vocabulary)[:16],
            "reading": [self.objective, config.length, config.seed],
            "compared": sorted(asks),
            "layers": sorted(set(self.setting.layers.values())),
            "soft": [config.temperature, config.top_k] if SCORES in asks else None,
            "view": self.view.to_json() if self.view else None,
        }

    @cached_property
    def keeps_targets(self) -> bool:
        """Whether what the teacher says is kept: asked for, or quicker."""
        config = self.config
        if config.cache != "auto":
            return config.cache == "yes"
        if config.targets is not None:
            return True
        if config.steps is None:
            return False
        tokens = sum(corpus.tokens for corpus in self.texts.corpora)
        return config.steps * config.accumulate * config.batch_tokens >= READINGS * tokens

    @cached_property
    def batches(self) -> DistilBatches:
        """The endless stream."""
        return DistilBatches(self.texts, self.targets, tokens=self.config.batch_tokens)

    @cached_property
    def distilled(self) -> Distilled:
        """The student with its losses."""
        own = wanted(self.mix, self.setting.layers, self.setting.layers, student=True)
        how = (self.student.model, self.mix, self.setting, self.architecture, self.alignment)
        from training.architectures import seeded

        with seeded(self.config.seed):
            return Distilled(*how, self.teacher, own)

    @cached_property
    def judge(self) -> Judge | None:
        """What scores the student on held-out text: None where it tells no pieces."""
        if self.objective == NONE:
            return None
        held = [(part.held_out, part.source.name) for part in self.parts if part.held_out]
        mix = self.texts.mix
        limit = self.config.held_out_limit
        parts = [
            part_of(one, mix, limit, {"corpus": name, "objective": self.objective,
                    "length": self.config.length, "held-out": self.config.held_out, "noise": 0,
                    "ids": one.sha256[:16]})
            for one, name in held
        ]  # fmt: skip
        return Judge(parts, loss_for(self.architecture)) if parts else None


def wanted(
    mix: Mapping[str, float], layers: Any, mapped: Mapping[int, int], *, student: bool = False
) -> Wanted:
    """What is to be seen of one side.

    Args:
        layers: of this side; mapped: the layer map, whose last pair has the relations.
    """
    needs = needs_of(mix)
    last = max(mapped)
    states = {*layers} if STATES in needs or VECTORS in needs else set()
    states |= {0} if "embeddings" in mix else set()
    relation = (last if student else mapped[last]) if RELATION in needs else None
    scores = SCORES in needs or (student and OWN in needs)
    return Wanted(tuple(sorted(states)), relation, scores)


def layer_map(given: Mapping[int, int] | None, own: int, its: int) -> dict[int, int]:
    """Which layer of the teacher each of the student's is compared with; evenly spaced if not told.

    >>> layer_map(None, 3, 12), layer_map({0: 0, 2: 12}, 2, 12)
    ({1: 4, 2: 8, 3: 12}, {0: 0, 2: 12})

    Raises:
        InputError: a layer that one of them has not.
    """
    if given is None:
        return {one: max(1, one * its // own) for one in range(1, own + 1)}
    for layer, told in given.items():
        for who, number, depth in (("student", layer, own), ("teacher", told, its)):
            if number > depth:
                raise InputError(
                    f"--layer-map {layer}:{told}: the {who} has layers 0 (what enters the first) to"
                    f" {depth}, found {number}; choose among them, or leave it out"
                )
    return dict(given)


def _check_heads(heads: int, widths: tuple[int, int]) -> None:
    wrong = [width for width in widths if width % heads]
    if wrong:
        raise InputError(
            f"--relation-heads {heads}: expected a number that divides the widths {widths[0]} and"
            f" {widths[1]}; choose another"
        )


def _check_kinds(
    config: DistilConfig, teacher: Model, architecture: str, base: Model | None
) -> None:
    kind = architecture
    if config.is_named:
        kind = named(str(config.student))[0].architecture
    elif base is not None:
        kind = architecture_of(base.folder, OBJECTIVES[architecture])
    if kind != architecture:
        raise InputError(
            f"--student {config.student}: expected {architecture}, as the teacher {teacher.name}"
            f" is, found {kind}; choose a student of one kind with it, such as {architecture}-tiny"
        )


def _check_readable(prepared: Prepared) -> None:
    """Refuse text that the teacher has no pieces for, or no cut in common with the student.

    Raises:
        InputError: with what it cannot read.
    """
    tokenizer, alignment = prepared._opened.tokenizer, prepared.alignment
    for source in prepared.sources:
        texts = [text for text, _ in zip(source.texts(TRAIN), range(LOOKED_AT), strict=False)]
        lacking, every = unknown_characters(tokenizer, texts)
        if lacking > MOST_UNKNOWN * every:
            raise InputError(
                f"--corpus {source.name}: the teacher has no piece for"
                f" {100 * lacking / every:.0f} % of its characters: it cannot say anything of this"
                " text; choose a teacher of its script, or other text"
            )
    if alignment.kind != OTHER:
        return
    length = prepared.config.length
    rows = [
        alignment.row(part.train.document(number)[:length])
        for part in prepared.parts
        for number in range(min(LOOKED_AT, part.train.documents))
    ]
    if not any((row.own > 0).any() for row in rows):
        raise InputError(
            "teacher and student without common text: no word ends where both end a piece; choose"
            " a student with other pieces (--tokenizer)"
        )


@contextmanager
def prepare(config: DistilConfig, access: Access, view: View | None = None) -> Iterator[Prepared]:
    """Find everything and open the run's folder for the block; nothing slow.

    Args:
        view: what a teacher's probabilities become (`training.distillation.teacher`).

    Raises:
        InputError: a wrong name, or a folder with another run in it.
        UnavailableError: a file or a model cannot be had.
    """
    from models.device import find_device

    find_device(config.device)
    for code in (config.lang or "").split(","):
        if code.strip():
            resolve(code.strip())
    bases = find_teachers(config.teacher, access)
    architecture = architecture_of(bases[0].folder, config.objective or "mlm")
    mix = config.mix_for(architecture)
    told = {SCORES, OWN} & needs_of(mix)
    objective = config.objective or (OBJECTIVES[architecture] if told else NONE)
    objective = objective.lower()
    if objective == NONE and told:
        raise InputError("--objective none: soft and own need places to tell; leave it out")
    if objective == NONE and architecture == "encoder-decoder":
        objective = OBJECTIVES[architecture]
    parse_weights(objective, architecture)
    keep_out = KeepOut.load(config.keep_out, access=access)
    sources = open_sources(
        config.corpora, keep_out, held_out=config.held_out, limit=config.limit,
        skip_bad=config.skip_bad, access=access,
    )  # fmt: skip
    roles = open_roles(config, access)
    if roles and config.counterfactual in (DATA, BOTH):
        sources = roles.sources(sources)
    if roles and config.counterfactual in (TEACHER, BOTH):
        check_probabilities(architecture, mix, view)
        view = roles.view(lambda: open_fast_tokenizer(bases[0].folder))
    settings = config.settings()
    base = find_student(config, access) if config.student and not config.is_named else None
    _check_kinds(config, bases[0], architecture, base)
    identity = {
        **options_identity(config),
        "objective": objective,
        "loss": dict(mix),
        "learning_rate": settings.learning_rate,
        "corpora": [source.to_json() for source in sources],
        "keep_out": [*keep_out.describe(), {"sha256": keep_out.sha256}],
        "teacher": [{"name": one.name, "revision": one.revision} for one in bases],
        "student": {"name": base.name, "revision": base.revision} if base else config.student,
        "tokenizer": tokenizer_identity(config.tokenizer) if config.tokenizer else None,
        "view": view.to_json() if view else None,
    }
    options = to_json(config)
    with training_folder(KIND, "distil", identity, out=config.out, options=options) as folder:
        yield Prepared(config, sources, bases, architecture, objective, mix, view, identity, folder,
                       access)  # fmt: skip


@dataclass(frozen=True)
class Trained:
    """What came out: how the loop ended, scores of held-out text."""

    fitted: Fitted
    scores: list[dict[str, Any]]


def train(prepared: Prepared, progress: Callable[[Progress], None] | None = None) -> Trained:
    """Run the loop, and score what it made beside what it began with and the teacher.

    Raises:
        InputError: a checkpoint of another configuration, a layer map or cache that does not fit.
        UnavailableError: no such device, a loss that is not finite, a full disk.
        KeyboardInterrupt: after Ctrl-C; a checkpoint is written.
    """
    config, judge = prepared.config, prepared.judge
    distilled = prepared.distilled
    if RELATION in needs_of(prepared.mix):
        layer_stack(prepared.student.model)
    before = _before(prepared)
    fitted = fit(
        distilled,
        prepared.batches,
        joint_loss,
        config.settings(),
        out=prepared.folder,
        evaluate=_evaluation(prepared),
        best="-loss" if config.evaluate_every else None,
        progress=progress,
        identity={
            "run": prepared.identity,
            "data": prepared.batches.describe(),
            "model": dict(prepared.student.description),
            "kept": prepared.keeps_targets,
        },
    )
    after = judge.scores(prepared.student.model, "student") if judge else []
    return Trained(fitted, [*after, *before])


def _evaluation(prepared: Prepared) -> Callable[[nn.Module], dict[str, float]] | None:
    """The losses on held-out text: each by its name, and their weighted sum."""
    held = [part.held_out for part in prepared.parts if part.held_out is not None]
    if not held:
        if prepared.config.patience or prepared.config.evaluate_every:
            raise InputError(
                "--patience and --evaluate-every need held-out documents, found none; give more"
                " text or a larger --held-out"
            )
        return None
    texts = prepared._texts(held)
    groups = texts.in_order(prepared.config.batch_tokens, prepared.config.held_out_limit)
    batches = [texts.batch(group) for group in groups]

    def evaluate(model: nn.Module) -> dict[str, float]:
        totals: dict[str, list[float]] = {}
        device = next(model.parameters()).device
        with torch.no_grad():
            for batch in batches:
                here = {name: tensor.to(device) for name, tensor in batch.items()}
                for name, (total, number) in model.outcomes(here).items():  # type: ignore[operator]
                    found = totals.setdefault(name, [0.0, 0.0])
                    found[0] += float(total)
                    found[1] += float(number)
        means = {name: total / max(1.0, number) for name, (total, number) in totals.items()}
        whole = sum(prepared.mix[name] * mean for name, mean in means.items())
        return {"loss": whole, **{f"loss {name}": mean for name, mean in means.items()}}

    return evaluate


def _before(prepared: Prepared) -> list[dict[str, Any]]:
    """Scores of the student as it began, and of each teacher that reads the same pieces."""
    judge, path = prepared.judge, prepared.folder / "before.json"
    if judge is None:
        return []
    if not path.exists():
        found = judge.scores(prepared.student.model, "student before")
        if prepared.alignment.kind == SAME:
            for base, model in zip(prepared.teacher.bases, prepared.teacher.models, strict=True):
                found += judge.scores(model, f"teacher {base.name}")
        write_whole(path, canonical_json(found) + "\n")
    shape = [{"corpus": str, "system": str, "scores": [dict]}]
    kept: list[dict[str, Any]] = read_json(path, shape)
    return kept


def finish(prepared: Prepared, trained: Trained, command: str) -> None:
    """Write model/ with its card, report.html and, last of all, scores.json."""
    from accelerate import PartialState

    state = PartialState()
    if state.is_main_process:
        check_not_removed(prepared.folder / "config.json")
        for line in lines_of(prepared.view):
            prepared.access.say(line)
        told = _told(prepared, trained, command)
        model = prepared.student.model.to("cpu")
        with folder_appears_whole(prepared.folder / "model") as out:
            save_safetensors(model, out)
            prepared.student.tokenizer.save_pretrained(out)
            keep_prompts((prepared.student.base or prepared.bases[0]).folder, out)
            (out / "README.md").write_text(_card(prepared, told), "utf-8")
        _report(prepared, told)
        content = json.dumps(told, ensure_ascii=False, indent=1)
        write_whole(prepared.folder / "scores.json", content + "\n")
    state.wait_for_everyone()


def _told(prepared: Prepared, trained: Trained, command: str) -> dict[str, Any]:
    fitted, teacher = trained.fitted, prepared.teacher
    weights = [weight for model in teacher.models for weight in model.parameters()]
    notes = [source.corpus.note for source in prepared.sources if source.corpus.note]
    notes += notes_of(prepared.view)
    if fitted.reason == "budget":
        notes.append(f"stopped at 1.25 times its budget, after {fitted.steps:,} updates")
    return {
        "held_out": trained.scores,
        "model": dict(prepared.student.description),
        "teacher": {
            "names": [base.name for base in teacher.bases],
            "parameters": sum(weight.numel() for weight in weights),
            "bytes": sum(weight.numel() * weight.element_size() for weight in weights),
            "pieces": prepared.alignment.kind,
            "kept": prepared.keeps_targets,
        },
        "data": [part.to_json(prepared.batches.shares[part.source.name])
                 for part in prepared.parts],
        "training": {
            "steps": fitted.steps,
            "of": fitted.total,
            "ended": fitted.reason,
            "tokens": fitted.tokens,
            "best_step": fitted.best_step,
            "metrics": dict(fitted.metrics),
        },
        "notes": notes,
        "command": command,
    }  # fmt: skip


def _card(prepared: Prepared, told: Mapping[str, Any]) -> str:
    rows = "".join(f"| {one['name']} | {one['licence']} | {one['documents']:,} |\n"
                   for one in told["data"])  # fmt: skip
    names = ", ".join(told["teacher"]["names"])
    mix = ", ".join(f"{name} {weight:g}" for name, weight in prepared.mix.items())
    return (
        f"# {prepared.folder.name}\n\nA student of {names}: {told['model']['parameters']:,} weights"
        f" beside {told['teacher']['parameters']:,}. Losses: {mix}.\n\n| text | licence |"
        f" documents |\n| --- | --- | --- |\n{rows}\n    {told['command']}\n"
    )


def _report(prepared: Prepared, told: Mapping[str, Any]) -> None:
    from training.report import WEIGHTED, of_held_out, write_report

    teacher, model = told["teacher"], told["model"]
    facts = {
        "teacher": f"{', '.join(teacher['names'])}: {teacher['parameters']:,} weights,"
        f" {teacher['bytes'] / 1e6:.1f} MB",
        "student": f"{model['parameters']:,} weights, {model['bytes'] / 1e6:.1f} MB",
        "losses": ", ".join(f"{name} {weight:g}" for name, weight in prepared.mix.items()),
        "what the teacher says": "kept on disk" if teacher["kept"] else "asked at each update",
        **{f"corpus {one['name']}": f"{one['documents']:,} documents, {one['tokens']:,} tokens,"
           f" {one['licence']}" for one in told["data"]},
    }  # fmt: skip
    write_report(
        prepared.folder, f"Distillation {prepared.folder.name}", facts=facts,
        scores=of_held_out(told["held_out"]), notes=told["notes"], command=told["command"],
        unit=WEIGHTED,
    )  # fmt: skip
