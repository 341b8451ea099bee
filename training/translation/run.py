"""A run of `training.translate` from its pairs to its scores: prepared, trained, saved, reported.

    with prepare(config, Access()) as prepared:
        finish(prepared, train(prepared), "python -m training.translate ...")

runs/translate-<hash>/ holds, beside what every training run has (`training.folders`):

    tokenizer/      data/: text that a teacher translated back
    predictions/    a table a test set and direction: source, reference, translation
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.access import Access
from data.contamination import KeepOut
from data.errors import InputError
from data.files import check_not_removed, write_whole
from data.options import identity_of as options_identity
from data.options import to_json
from data.tsv import write_tsv
from metrics.score import Score
from models.resolve import Model
from models.weights import save_safetensors
from training.folders import (
    folder_appears_whole,
    tokenizer_identity,
    training_folder,
    training_kind,
)
from training.loop import fit
from training.losses import translation_loss
from training.tagging.labelled import file_name
from training.translation.back import Monolingual, find_monolingual, find_teacher, translated
from training.translation.batches import Coded, PairBatches, Source
from training.translation.config import FAIRSEQ, TranslatorConfig
from training.translation.network import Network, find_base, open_network
from training.translation.scoring import MODEL, Judge, baselines, scored
from training.translation.sets import TranslationSet, Way, find_set, find_sets
from training.translation.translator import load_translator

if TYPE_CHECKING:
    from training.progress import Progress

KIND = training_kind("training.translate", {"pairs": list, "directions": str})
TOO_LONG = "pair of which a side is longer than --length"


@dataclass(frozen=True)
class Prepared:
    """A run that can begin, or go on. The model is opened, and text translated, when asked for.

    Attributes:
        sets: what is learned from, without test sentences; dev, test: what is scored.
        dropped: counts by set and reason.
    """

    config: TranslatorConfig
    sets: tuple[TranslationSet, ...]
    dev: TranslationSet | None
    test: tuple[TranslationSet, ...]
    texts: tuple[Monolingual, ...]
    keep_out: KeepOut
    base: Model | None
    teacher: Model | None
    dropped: Mapping[str, Counter[str]]
    identity: Mapping[str, Any]
    folder: Path
    access: Access

    @cached_property
    def network(self) -> Network:
        """The model, before its first update."""
        return open_network(self.config, self.sets, self.base, self.folder, self.access)

    @cached_property
    def back(self) -> tuple[TranslationSet, ...]:
        """The text that the teacher translated."""
        if self.teacher is None:
            return ()
        folder = self.folder / "data"
        folder.mkdir(exist_ok=True)
        limits = {"texts": self.config.limit, "length": self.config.length}
        found = tuple(
            one
            for text in self.texts
            for one in translated(text, self.teacher, self.keep_out, folder, limits, self.access)
        )
        for one in found:
            self.dropped[one.name].update(one.dropped)
        return found

    @cached_property
    def sources(self) -> list[Source]:
        """All pairs as ids, a source a set and direction."""
        coder, found = self.network.coder, []
        for one in (*self.sets, *self.back):
            for way in one.ways(self.config.directions):
                pairs, too_long = coder.coded(way)
                if too_long:
                    self.dropped[one.name][TOO_LONG] += too_long
                found.append(Source(f"{one.name} {way.source}-{way.target}", one.weight, pairs))
        return found

    def ways(self, one: TranslationSet) -> list[Way]:
        """The directions in which a set is scored: those that are learned of its languages."""
        learned = {
            (way.source, way.target)
            for known in self.sets
            for way in replace(known, pairs=()).ways(self.config.directions)
        }
        return [way for way in one.ways("both") if (way.source, way.target) in learned]


@contextmanager
def prepare(config: TranslatorConfig, access: Access) -> Iterator[Prepared]:
    """Find everything and open the run's folder for the block; nothing slow.

    Raises:
        InputError: a wrong name, or a folder with another run in it.
        UnavailableError: a file or a model cannot be had.
    """
    from models.device import find_device

    find_device(config.device)
    if config.engine == FAIRSEQ:
        from training.fairseq import interpreter

        interpreter()
    base = find_base(config, access)
    keep_out = KeepOut.load(config.keep_out, access=access)
    asked = [*config.test, *((config.dev,) if config.dev else ())]
    judged = [find_set(name, access, skip_bad=config.skip_bad) for name in asked]
    for one in judged:
        keep_out.add(one.name, (text for pair in one.pairs for text in pair))
    sets = find_sets(config, keep_out, access)
    _check_languages(judged, sets)
    texts = find_monolingual(config, sets, access)
    teacher = find_teacher(config, texts, access)
    tokenizer = config.tokenizer
    if tokenizer and not config.pieces:
        tokenizer = tokenizer_identity(tokenizer)
    identity = {
        **options_identity(config),
        "pairs": [one.to_json() for one in sets],
        "judged": [one.to_json() for one in judged],
        "monolingual": [one.to_json() for one in texts],
        "keep_out": [*keep_out.describe(), {"sha256": keep_out.sha256}],
        "model": base and {"name": base.name, "revision": base.revision},
        "teacher": teacher and {"name": teacher.name, "revision": teacher.revision},
        "tokenizer": tokenizer,
    }
    test, dev = tuple(judged[: len(config.test)]), judged[-1] if config.dev else None
    names = [one.name for one in (*sets, *judged)]
    names += [f"{text.corpus.name} from {other}" for text in texts for other in text.others]
    dropped = {name: Counter[str]() for name in names}
    for one in (*sets, *judged):
        dropped[one.name].update(one.dropped)
        for remark in one.remarks:
            access.say(remark)
    options = to_json(config)
    with training_folder(KIND, "translate", identity, out=config.out, options=options) as folder:
        found = (config, sets, dev, test, texts, keep_out, base, teacher, dropped, identity)
        yield Prepared(*found, folder, access)


def _check_languages(judged: Sequence[TranslationSet], sets: Sequence[TranslationSet]) -> None:
    known = {frozenset(one.languages) for one in sets}
    for one in judged:
        if frozenset(one.languages) not in known:
            told = ", ".join(sorted("-".join(one.languages) for one in sets))
            raise InputError(
                f"{one.name}: expected languages that are learned ({told}), found"
                f" {'-'.join(one.languages)}; give --pairs of them, or leave it out"
            )


def train(
    prepared: Prepared, progress: Callable[[Progress], None] | None = None
) -> Mapping[str, Any]:
    """Run the loop; what scores.json says of it.

    Raises:
        InputError: a checkpoint of another configuration; no pair short enough.
        UnavailableError: no such device, a loss that is not finite, a full disk.
        KeyboardInterrupt: after Ctrl-C; a checkpoint is written.
    """
    config, network = prepared.config, prepared.network
    if not any(source.pairs for source in prepared.sources):
        raise InputError(
            f"--length {config.length}: every pair has a side that is longer; ask for more"
        )
    if config.engine == FAIRSEQ:
        from training.translation.through_fairseq import train_through_fairseq

        return train_through_fairseq(
            prepared.folder, config, network, prepared.sources, _coded_dev(prepared)
        )
    batches = PairBatches(
        prepared.sources, network.coder.ends, tokens=config.batch_tokens, seed=config.seed
    )
    fitted = fit(
        network.model,
        batches,
        partial(translation_loss, smoothing=config.smoothing),
        config.settings(),
        out=prepared.folder,
        evaluate=_judge(prepared),
        best="chrF++" if prepared.dev and config.evaluate_every else None,
        progress=progress,
        identity={"run": prepared.identity, "model": network.description},
    )
    return {
        "steps": fitted.steps,
        "of": fitted.total,
        "ended": fitted.reason,
        "tokens": fitted.tokens,
        "epochs": batches.state_dict()["epoch"],
        "best_step": fitted.best_step,
        "dev": dict(fitted.metrics),
    }


def _coded_dev(prepared: Prepared) -> list[Coded]:
    """The pairs of dev as ids, in all directions; those that are too long are left out."""
    if prepared.dev is None:
        return []
    coder = prepared.network.coder
    return [pair for way in prepared.ways(prepared.dev) for pair in coder.coded(way)[0]]


def _judge(prepared: Prepared) -> Judge | None:
    if prepared.dev is None:
        return None
    config, ways = prepared.config, prepared.ways(prepared.dev)
    return Judge(prepared.network, ways, config.dev_limit, config.batch_tokens)


def finish(prepared: Prepared, training: Mapping[str, Any], command: str) -> None:
    """Write model/, predictions/, report.html and, last of all, scores.json."""
    check_not_removed(prepared.folder / "config.json")
    with folder_appears_whole(prepared.folder / "model") as out:
        save_safetensors(prepared.network.model.to("cpu"), out)
        prepared.network.coder.tokenizer.save_pretrained(out)
        (out / "README.md").write_text(_card(prepared, command), "utf-8")
    results, notes = _results(prepared)
    told = {
        "results": results,
        "data": _data(prepared),
        "model": dict(prepared.network.description),
        "training": training,
        "notes": [*prepared.network.notes, *notes, *_below(results)],
        "command": command,
    }
    _report(prepared, told)
    content = json.dumps(told, ensure_ascii=False, indent=1)
    write_whole(prepared.folder / "scores.json", content + "\n")


def _results(prepared: Prepared) -> tuple[list[dict[str, Any]], list[str]]:
    """Scores of the model, by search, and of the baselines; the translations are written."""
    config = prepared.config
    results: list[dict[str, Any]] = []
    notes: list[str] = []
    translator = load_translator(prepared.folder / "model", prepared.access)
    for one in (*prepared.test, *((prepared.dev,) if prepared.dev else ())):
        told = {"sha256": one.sha256[:16]}
        for way in prepared.ways(one):
            sources, references = map(list, zip(*way.texts, strict=True))
            prepared.access.say(f"translating {one.name}, {way.source}-{way.target}")
            texts = translator.translate(sources, way.source, way.target, beam=config.beam)
            _write(prepared.folder, one.name, way, texts)
            mine = told | {"model": prepared.folder.name, "beam": config.beam}
            which = (one.name, way.source, way.target)
            results += scored(*which, MODEL, texts, references, mine)
            free, missing = baselines(way.source, way.target, prepared.access)
            notes += missing
            for system, translate in free.items():
                results += scored(*which, system, list(map(translate, sources)), references, told)
    return results, list(dict.fromkeys(notes))


def _write(folder: Path, name: str, way: Way, texts: Sequence[str]) -> None:
    path = folder / "predictions" / f"{_stem(name)}.{way.source}-{way.target}.tsv"
    path.parent.mkdir(exist_ok=True)
    rows = [
        tuple(" ".join(cell.split()) for cell in (*pair, text))
        for pair, text in zip(way.texts, texts, strict=True)
    ]
    write_tsv(path, ("source", "reference", "translation"), rows)


def _stem(name: str) -> str:
    return file_name(name).removesuffix(".txt")


def _below(results: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """A model below a baseline."""
    values = {
        (one["test"], one["direction"], one["system"], record["name"]): record["value"]
        for one in results
        for record in one["scores"]
    }
    for (test, direction, system, name), value in values.items():
        mine = values[test, direction, MODEL, name]
        if mine < value:
            yield (
                f"{test}, {direction}: {name} {mine:.1f} is below what costs nothing, {value:.1f}"
                f" ({system})"
            )


def _data(prepared: Prepared) -> list[dict[str, Any]]:
    roles = {"train": (*prepared.sets, *prepared.back), "test": prepared.test}
    roles["dev"] = (prepared.dev,) if prepared.dev else ()
    return [
        {"role": role, **one.to_json(), "dropped": dict(prepared.dropped[one.name])}
        for role, found in roles.items()
        for one in found
    ]


def _card(prepared: Prepared, command: str) -> str:
    rows = "".join(
        f"| {one.name} | {one.licence} | {len(one.pairs):,} |\n"
        for one in (*prepared.sets, *prepared.back)
    )
    ways = {f"{w.source}-{w.target}": None for one in prepared.sets for w in prepared.ways(one)}
    return (
        f"# {prepared.folder.name}\n\nTranslates {', '.join(ways)}:"
        f" {prepared.network.description['class']},"
        f" {prepared.network.description['parameters']:,} parameters. The tag of a language opens"
        " each side, as in M2M-100.\n\n"
        f"| data | licence | pairs |\n| --- | --- | --- |\n{rows}\n"
        f"Scores: scores.json of the run.\n\n    {command}\n"
    )


def _report(prepared: Prepared, told: Mapping[str, Any]) -> None:
    from training.report import write_report

    scores = [
        replace(
            Score.from_dict(record),
            name=f"{one['test']} {one['direction']}: {record['name']} ({one['system']})",
        )
        for one in told["results"]
        for record in one["scores"]
    ]
    facts = {
        "model": told["model"]["name"],
        "parameters": f"{told['model']['parameters']:,}",
        "directions": prepared.config.directions,
        **{f"{one['role']} {one['name']}": _fact(one) for one in told["data"]},
    }
    write_report(
        prepared.folder,
        f"Translation {prepared.folder.name}",
        facts=facts,
        scores=scores,
        notes=told["notes"],
        command=told["command"],
    )


def _fact(one: Mapping[str, Any]) -> str:
    dropped = "; ".join(f"{reason}: {number:,}" for reason, number in one["dropped"].items())
    return (
        f"{one['pairs']:,} pairs, weight {one['weight']:g}, {one['licence']}"
        + (", translated back" if one["tagged"] else "")
        + (f"; dropped: {dropped}" if dropped else "")
    )
