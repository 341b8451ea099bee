"""A run of `nlu.train` from its utterances to its scores: prepared, trained, saved, reported.

    with prepare(config, Access()) as prepared:
        finish(prepared, train(prepared), "python -m nlu.train ...")

runs/nlu-<hash>/ holds, beside what every training run has (`training.folders`):

    predictions/    JSON lines a test set: id, tokens, intent and slots, gold and predicted
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from data.access import Access
from data.errors import InputError
from data.files import canonical_json, check_not_removed, write_whole
from data.labels.slots import Utterance
from data.options import identity_of as options_identity
from data.options import to_json
from data.randomness import stream
from metrics.intents import Parse, repaired_rows
from metrics.ratios import SHARE
from metrics.score import Score
from metrics.tags import F1
from models.resolve import Model, resolve_model
from nlu.baselines import CHARACTERS, MAJORITY, free_parses
from nlu.config import KERNEL, NluConfig
from nlu.decoding import log_begins_again
from nlu.losses import agreeing_loss, joint_loss, labels_loss, loss_by_utterance, views
from nlu.model import Network, Parsed, Shape, batches_of, collate, open_nlu
from nlu.neighbours import Keys
from nlu.scoring import MODEL, averages, scored
from nlu.sets import UtteranceSet, check_names, find_utterances, keep_out_of, without_tests
from nlu.switching import Table, describe, open_tables, switched
from nlu.teaching import Said, ask, collated, parse_teachers, taught_loss
from nlu.text_to_text import open_text
from training.folders import folder_appears_whole, training_folder, training_kind
from training.joint import freeze
from training.loop import Shuffled, fit
from training.losses import sequence_loss
from training.objectives.examples import IGNORED
from training.optimisers import quicken
from training.private.card import fact
from training.tagging.labelled import file_name
from training.tagging.tagger import Window

if TYPE_CHECKING:
    from torch import Tensor, nn

    from training.private.run import Private
    from training.progress import Fitted, Progress

KIND = training_kind("nlu.train", {"train": list, "few": list, "test": list, "switch": list})
MOST_FOR_BASELINES = 5_000  # training utterances that the free baselines learn from
ROLES = ("train", "few", "unlabelled", "dev", "test")


@dataclass(frozen=True)
class Prepared:
    """A run that can begin, or go on. Models are opened when they are first asked for.

    Attributes:
        sets: utterances by role (train, few, dev, test), without those of test sets.
        dropped: counts by set and reason.
        tables: lexicons that utterances are switched by.
    """

    config: NluConfig
    sets: Mapping[str, Sequence[UtteranceSet]]
    base: Model
    dropped: Mapping[str, Counter[str]]
    tables: Sequence[Table]
    identity: Mapping[str, Any]
    folder: Path
    access: Access

    @cached_property
    def own(self) -> list[Utterance]:
        """The utterances to train on as they are."""
        config = self.config
        found = [one for of in self.sets["train"] for one in of.utterances]
        if config.limit and config.limit < len(found):
            chosen = stream(config.seed, "limit").sample(range(len(found)), config.limit)
            found = [found[number] for number in sorted(chosen)]
        few = [one for of in self.sets["few"] for one in of.utterances]
        return found + drawn(few, config.shots or 0, config.seed)

    @cached_property
    def training(self) -> list[Utterance]:
        """All utterances to train on, with their switched copies, and those without labels."""
        return [*self.labelled, *(one for of in self.unlabelled for one in of)]

    @cached_property
    def labelled(self) -> list[Utterance]:
        """Those with labels."""
        return [*self.own, *(copy for _, copy, _ in self._copies)]

    @cached_property
    def unlabelled(self) -> list[list[Utterance]]:
        """Those of --unlabelled, a list a set, drawn by seed."""
        most, seed = self.config.unlabelled_limit, self.config.seed
        found = []
        for of in self.sets["unlabelled"]:
            chosen = range(len(of.utterances))
            if most and most < len(chosen):
                rng = stream(seed, "unlabelled", of.name)
                chosen = sorted(rng.sample(chosen, most))  # type: ignore[assignment]
            found.append([of.utterances[number] for number in chosen])
        return found

    @property
    def originals(self) -> list[int]:
        """For each utterance of `training` the number of its original in `own`."""
        return [*range(len(self.own)), *(number for number, _, _ in self._copies)]

    @property
    def other_views(self) -> dict[int, tuple[int, Sequence[int]]]:
        """Of utterances of `own` the number of their first copy, and where it has their words."""
        found: dict[int, tuple[int, Sequence[int]]] = {}
        for number, (original, _, places) in enumerate(self._copies, len(self.own)):
            found.setdefault(original, (number, places))
        return found

    @cached_property
    def _copies(self) -> list[tuple[int, Utterance, Sequence[int]]]:
        config = self.config
        if not self.tables:
            return []
        how = {"ratio": config.switch_ratio, "draws": config.switch_draws, "seed": config.seed}
        return [
            (number, copy, places)
            for number, one in enumerate(self.own)
            for copy, places in switched([one], self.tables, **how)  # type: ignore[arg-type]
        ]

    @cached_property
    def windows(self) -> list[Window]:
        """What the model sees of `training` at once."""
        found: list[Window] = self.model.coder.windows([one.tokens for one in self.training])
        return found

    @cached_property
    def numbered(self) -> tuple[list[int], list[list[int]]]:
        """Intents and tags of `training`, by number."""
        of_intent = {intent: n for n, intent in enumerate(self.shape.intents)}
        of_tag = {tag: n for n, tag in enumerate(self.shape.tags)}
        intents = [of_intent[one.intent] for one in self.labelled]
        tags = [[of_tag[tag] for tag in one.slots] for one in self.labelled]
        others = self.training[len(self.labelled) :]
        intents += [IGNORED] * len(others)
        return intents, [*tags, *([IGNORED] * len(one.tokens) for one in others)]

    @cached_property
    def private(self) -> Private | None:
        """Private training, or None."""
        return _private(self) if self.config.privacy else None

    @property
    def dev(self) -> list[Utterance]:
        """The utterances that the weights are chosen by."""
        return [one for of in self.sets["dev"] for one in of.utterances]

    @cached_property
    def shape(self) -> Shape:
        """Intents and slots of the training utterances, in alphabetical order."""
        intents = tuple(sorted({one.intent for one in self.own}))
        slots = sorted({tag[2:] for one in self.own for tag in one.slots} - {""})
        config = self.config
        return Shape(
            intents,
            tuple(slots),
            config.pooling,
            config.words,
            config.crf,
            own=config.freeze or 0 if config.intents == KERNEL else None,
            again=0.0 if config.privacy else log_begins_again(one.slots for one in self.own),
        )

    @cached_property
    def model(self) -> Any:
        """The model before its first update: an `NluModel`, or a `TextModel`."""
        config = self.config
        if config.text_to_text:
            return open_text(self.base, self.shape, length=config.length, dtype=self._dtype)
        model = open_nlu(
            self.base, self.shape, length=config.length, seed=config.seed, lora=config.lora
        )
        if config.freeze is not None and config.intents != KERNEL:
            freeze(model.network.encoder, config.freeze)
        inside = ("encoder.", "reader.")
        heads = (w for n, w in model.network.named_parameters() if not n.startswith(inside))
        quicken(heads, config.head_rate)
        return replace(model, dtype=self._dtype)

    @property
    def _dtype(self) -> str:
        return "bfloat16" if self.config.dtype == "bfloat16" else "float32"


def drawn(utterances: Sequence[Utterance], shots: int, seed: int) -> list[Utterance]:
    """So many utterances of each intent, drawn by seed, in their order."""
    places: defaultdict[str, list[int]] = defaultdict(list)
    for place, one in enumerate(utterances):
        places[one.intent].append(place)
    chosen = [
        place
        for intent in sorted(places)
        for place in stream(seed, "shots", intent).sample(
            places[intent], min(shots, len(places[intent]))
        )
    ]
    return [utterances[place] for place in sorted(chosen)]


@contextmanager
def prepare(config: NluConfig, access: Access) -> Iterator[Prepared]:
    """Find everything and open the run's folder for the block; nothing slow.

    Raises:
        InputError: a wrong name, or a folder with another run in it.
        UnavailableError: a file or a model cannot be had.
    """
    from models.device import find_device

    find_device(config.device)
    sets = _find_sets(config, access)
    keep_out = keep_out_of(sets["test"])
    dropped = {one.name: Counter(one.dropped) for found in sets.values() for one in found}
    for role in ROLES[:-1]:
        sets[role] = [without_tests(one, keep_out, dropped[one.name]) for one in sets[role]]
        for one in sets[role]:
            if not one.utterances:
                raise InputError(f"{one.name}: every utterance stands in a test set too")
    base = resolve_model(str(config.model), access)
    tables = open_tables(config.switch, inflect=config.switch_inflect, access=access)
    identity = {
        **options_identity(config),
        **{role: [one.to_json() for one in sets[role]] for role in ROLES},
        "model": {"name": base.name, "revision": base.revision},
        "switch": describe(tables),
    }
    options = to_json(config)
    with training_folder(KIND, "nlu", identity, out=config.out, options=options) as folder:
        yield Prepared(config, sets, base, dropped, tables, identity, folder, access)


def _find_sets(config: NluConfig, access: Access) -> dict[str, Sequence[UtteranceSet]]:
    names = {
        "train": (config.train, "train"),
        "few": (config.few, "dev"),
        "unlabelled": (config.unlabelled, "dev"),
        "dev": ((config.dev,) if config.dev else (), "dev"),
        "test": (config.test, "test"),
    }
    how: dict[str, Any] = {"skip_bad": config.skip_bad, "access": access}
    found: dict[str, Sequence[UtteranceSet]] = {
        role: [one for name in given for one in find_utterances(name, split, **how)]
        for role, (given, split) in names.items()
    }
    check_names([one for sets in found.values() for one in sets], found["test"])
    for one in [one for role in ROLES if role != "unlabelled" for one in found[role]]:
        if any(not u.intent for u in one.utterances):
            raise InputError(f"{one.name}: has no intents; nlu.predict and nlu.submit take it")
    return found


def train(prepared: Prepared, progress: Callable[[Progress], None] | None = None) -> Fitted:
    """Run the loop; on return the model has the weights of the best evaluation on dev.

    Raises:
        InputError: a checkpoint of another run, or one intent only to learn.
        UnavailableError: no such device, a loss that is not finite, a full disk.
        KeyboardInterrupt: after Ctrl-C; a checkpoint is written.
    """
    if len(prepared.shape.intents) < 2:
        raise InputError(
            "training data: expected utterances of two intents or more, found"
            f" {len(prepared.shape.intents)}; name other sets"
        )
    config, model, private = prepared.config, prepared.model, prepared.private
    if config.intents == KERNEL:
        _remember(prepared)
    loss = _loss(config)
    fitted = fit(
        model.network,
        private.batches if private else _shuffled(prepared),
        loss,
        config.settings(),
        out=prepared.folder,
        evaluate=_judge(prepared) if prepared.dev else None,
        best="exact match" if prepared.dev and config.evaluate_every else None,
        progress=progress,
        identity={"run": prepared.identity, "intents": list(prepared.shape.intents)},
        **(private.hooks(model.network, loss) if private else {}),
    )
    if config.centre:
        model.network.centre.copy_(model.mean([one.tokens for one in prepared.own]))
    return fitted


def _remember(prepared: Prepared) -> None:
    """Let the model tell intents by the training utterances; training changes none of it."""
    model, own = prepared.model, prepared.own
    of_intent = {intent: number for number, intent in enumerate(model.shape.intents)}
    vectors = model.pooled([one.tokens for one in own])
    model.network.remember(Keys.of(vectors, [of_intent[one.intent] for one in own], len(of_intent)))


def _loss(config: NluConfig) -> Any:
    if config.text_to_text:
        return sequence_loss
    if config.teacher:
        how = (config.slot_weight, config.soft_weight, config.temperature)
        return taught_loss(labels_loss(config.slot_weight), *how)
    if config.privacy:
        return loss_by_utterance(config.slot_weight)
    intents_too = config.intents != KERNEL
    if config.consistency:
        labels = labels_loss(config.slot_weight, intents_too=intents_too)
        return agreeing_loss(labels, config.slot_weight, config.consistency)
    return joint_loss(config.slot_weight, intents_too=intents_too)


def _shuffled(prepared: Prepared) -> Shuffled:
    config, pad = prepared.config, prepared.model.coder.pad
    how = (config.batch_tokens, pad, *prepared.numbered, config.seed)
    beside: Callable[[Sequence[Window], int], dict[str, Tensor]] | None = None
    if config.teacher:
        beside = partial(_said_of, _said(prepared))
    elif config.consistency:
        beside = _views_of(prepared)
    elif config.text_to_text:
        beside = prepared.model.answers(prepared.training)
    return Shuffled(batches_of(prepared.windows, *how, beside), config.seed)


def _said_of(said: Said, windows: Sequence[Window], words: int) -> dict[str, Tensor]:
    return collated(windows, said, words)


def _views_of(prepared: Prepared) -> Callable[[Sequence[Window], int], dict[str, Tensor]]:
    """What adds to a batch the other view of each window: the copy, or the window once more."""
    windows, pad = prepared.windows, prepared.model.coder.pad
    whole = {sentence: of for sentence, of in _by_sentence(windows).items() if len(of) == 1}
    copies = {
        number: (whole[other][0], places)
        for number, (other, places) in prepared.other_views.items()
        if number in whole and other in whole
    }

    def beside(group: Sequence[Window], words: int) -> dict[str, Tensor]:
        again = (copies.get(one.sentence, (one, range(len(one.firsts)))) for one in group)
        others, places = zip(*again, strict=True)
        return views(group, others, places, pad, words)

    return beside


def _by_sentence(windows: Sequence[Window]) -> dict[int, list[Window]]:
    found: defaultdict[int, list[Window]] = defaultdict(list)
    for window in windows:
        found[window.sentence].append(window)
    return found


def _said(prepared: Prepared) -> Said:
    config = prepared.config
    sets = [[one.tokens for one in of] for of in (prepared.labelled, *prepared.unlabelled)]
    source = {one.code.partition("-")[0] for one in prepared.sets["train"]}
    codes = [one.code.partition("-")[0] for one in prepared.sets["unlabelled"]]
    own = [True, *(code in source for code in codes)]
    return ask(
        parse_teachers(config.teacher), sets, prepared.shape,
        temperature=config.temperature, own=own, folder=config.answers, access=prepared.access,
    )  # fmt: skip


def _private(prepared: Prepared) -> Private:
    """Updates of utterances that are drawn one by one; a copy belongs to whom its original does."""
    from training.private.run import Private
    from training.private.sampling import UNIT, Samples, cut
    from training.private.units import samples_of, units_of

    config, windows, pad = prepared.config, prepared.windows, prepared.model.coder.pad
    assert config.privacy is not None  # noqa: S101  # asked for in that case alone
    originals = prepared.originals
    units = samples_of(
        units_of([one.id for one in prepared.own], config.privacy),
        [originals[window.sentence] for window in windows],
    )

    def make(_: int, drawn: Samples) -> Iterator[dict[str, Tensor]]:
        for chosen, owner in cut(drawn, lambda n: len(windows[n].ids), config.batch_tokens):
            batch = collate([windows[n] for n in chosen], pad, *prepared.numbered)
            yield batch | {UNIT: owner}

    return Private.of(config, units, prepared.identity, make)


def _judge(prepared: Prepared) -> Callable[[nn.Module], dict[str, float]]:
    gold = [Parse(one.intent, one.slots) for one in prepared.dev]
    tokens = [one.tokens for one in prepared.dev]

    def judge(model: nn.Module) -> dict[str, float]:
        network = cast("Network", model)
        found = as_parses(replace(prepared.model, network=network).parse(tokens))
        intents, slots, exact = repaired_rows(gold, found)
        return {
            "intent accuracy": SHARE.of_sums(_sum(intents)),
            "slot F1": F1.of_sums(_sum(slots)),
            "exact match": SHARE.of_sums(_sum(exact)),
        }

    return judge


def _sum(rows: Sequence[Sequence[float]]) -> list[float]:
    return [sum(column) for column in zip(*rows, strict=True)]


def as_parses(found: Sequence[Parsed]) -> list[Parse]:
    """What the model said, as metrics take it."""
    return [Parse(one.intent, one.slots) for one in found]


def finish(prepared: Prepared, fitted: Fitted, command: str) -> None:
    """Write model/, predictions/, report.html and, last of all, scores.json."""
    check_not_removed(prepared.folder / "config.json")
    with folder_appears_whole(prepared.folder / "model") as out:
        prepared.model.save(out)
        (out / "README.md").write_text(_card(prepared, fitted, command), "utf-8")
    results = list(_results(prepared))
    told = {
        "results": results,
        "averages": averages(results),
        "data": _data(prepared),
        "training": {
            "steps": fitted.steps,
            "of": fitted.total,
            "ended": fitted.reason,
            "best_step": fitted.best_step,
            "dev": dict(fitted.metrics),
            "utterances": len(prepared.training),
        },
        "notes": [
            *_notes(prepared, results),
            *(prepared.private.guarantee.notes() if prepared.private else ()),
        ],
        "command": command,
    }
    if prepared.private:
        told["privacy"] = prepared.private.guarantee.told(fitted.steps)
    _report(prepared, told)
    content = json.dumps(told, ensure_ascii=False, indent=1)
    write_whole(prepared.folder / "scores.json", content + "\n")


def _results(prepared: Prepared) -> Iterator[dict[str, Any]]:
    """Scores of the model and of what costs nothing, a test set after the other."""
    if not prepared.sets["test"]:
        return
    learned = prepared.own[:MOST_FOR_BASELINES]
    parses = [Parse(one.intent, one.slots) for one in learned]
    free = free_parses(parses, [o.text for o in learned], [o.tokens for o in learned])
    for test in prepared.sets["test"]:
        found = prepared.model.parse(test.tokens, shift=_shift(prepared, test))
        mine = as_parses(found)
        path = prepared.folder / "predictions" / file_name(test.name)
        write_predictions(path.with_suffix(".jsonl"), test, mine, [one.confidence for one in found])
        told = {"model": prepared.folder.name, "centred": prepared.config.centre}
        yield scored(test, MODEL, mine, told, [one.confidence for one in found])
        texts = [one.text for one in test.utterances]
        for system, of_system in free(texts, test.tokens).items():
            yield scored(test, system, of_system, {})


def _shift(prepared: Prepared, test: UtteranceSet) -> Tensor | None:
    """What centring moves a test language by, from its dev part's texts if it has one."""
    if not prepared.config.centre:
        return None
    known = test.name.split(":")
    try:
        [of] = find_utterances(f"{known[0]}:dev:{test.code}", access=prepared.access)
    except (InputError, ValueError):
        of = test
    moved: Tensor = prepared.model.shift_to(of.tokens)
    return moved


def write_predictions(
    path: Path, test: UtteranceSet, parses: Sequence[Parse], confidences: Sequence[float]
) -> None:
    """JSON lines: id, tokens, gold intent and slots, what was predicted, how surely."""
    path.parent.mkdir(exist_ok=True, parents=True)
    lines = (
        canonical_json(
            {
                "id": one.id,
                "tokens": list(one.tokens),
                "intent": one.intent,
                "slots": list(one.slots),
                "pred_intent": guess.intent,
                "pred_slots": list(guess.slots),
                "confidence": round(sure, 6),
            }
        )
        for one, guess, sure in zip(test.utterances, parses, confidences, strict=True)
    )
    write_whole(path, "".join(f"{line}\n" for line in lines))


def _card(prepared: Prepared, fitted: Fitted, command: str) -> str:
    rows = "".join(
        f"| {one.name} | {one.licence} | {len(one.utterances):,} |\n"
        for role in ("train", "few")
        for one in prepared.sets[role]
    )
    shape = prepared.shape
    return (
        f"# {prepared.folder.name}\n\nTells {len(shape.intents)} intents and {len(shape.slots)}"
        f" slots. {prepared.base.name}, {_made(prepared.config)}.\n\n"
        f"| data | licence | utterances |\n| --- | --- | --- |\n{rows}\n"
        f"Scores: scores.json of the run.\n\n    {command}\n"
    ) + (prepared.private.guarantee.card(fitted.steps) if prepared.private else "")


def _made(config: NluConfig) -> str:
    if config.text_to_text:
        return "an encoder-decoder that writes them (nlu.json)"
    return "an encoder, with two linear heads (heads.safetensors, nlu.json)"


def _data(prepared: Prepared) -> list[dict[str, Any]]:
    return [
        {"role": role, **one.to_json(), "dropped": dict(prepared.dropped[one.name])}
        | {"repaired": dict(one.repairs)}
        for role, found in prepared.sets.items()
        for one in found
    ]


def _notes(prepared: Prepared, results: Sequence[Mapping[str, Any]]) -> Iterable[str]:
    """A model below a baseline, intents that it cannot know, a choice that is not zero-shot."""
    values = {(one["test"], one["system"]): one["scores"] for one in results}
    for test in prepared.sets["test"]:
        for free in (CHARACTERS, MAJORITY):
            for mine, other in zip(values[test.name, MODEL], values[test.name, free], strict=True):
                if mine["value"] < other["value"]:
                    told = f"{mine['value']:.1f} is below the {other['value']:.1f} of {free}"
                    yield f"{test.name}: {mine['name']} {told}"
        if unknown := {one.intent for one in test.utterances} - {*prepared.shape.intents}:
            names = ", ".join(sorted(unknown))
            yield f"{test.name}: has intents that training has not: {names}"
    source = {one.code.partition("-")[0] for one in prepared.sets["train"]}
    for one in prepared.sets["dev"]:
        if one.code.partition("-")[0] not in source:
            yield f"{one.name}: weights were chosen in another language than training's"


def _report(prepared: Prepared, told: Mapping[str, Any]) -> None:
    from training.report import write_report

    scores = [
        replace(Score.from_dict(one["score"]), name=f"{one['score']['name']} ({one['system']})")
        for one in told["averages"]
    ]
    for one in told["results"]:
        for kind in ("scores", "official", "confidence"):
            by = ", official script" if kind == "official" else ""
            for record in one[kind]:
                score = Score.from_dict(record)
                name = f"{one['test']}: {score.name} ({one['system']}{by})"
                scores.append(replace(score, name=name))
    facts = {"encoder": prepared.base.name, "intents": ", ".join(prepared.shape.intents)}
    if "privacy" in told:
        facts["privacy"] = fact(told["privacy"])
    facts |= {
        f"{one['role']} {one['name']}": f"{one['utterances']:,} utterances, {one['licence']}"
        for one in told["data"]
    }
    write_report(
        prepared.folder,
        f"Intents and slots {prepared.folder.name}",
        facts=facts,
        scores=scores,
        notes=told["notes"],
        command=told["command"],
    )
