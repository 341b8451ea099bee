"""A tagging run from its labelled sets to its scores: prepared, trained, saved, reported.

    with prepare(config, Access()) as prepared:
        finish(prepared, train(prepared), "python -m training.tag ...")

runs/tag-<hash>/ holds, beside what every training run has (`training.folders`):

    distilled/      pseudo-labelled sentences as the teacher sees them
    predictions/    a two-column file a test set
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.access import Access
from data.bitext import Bitext
from data.bounded import read_json
from data.contamination import KeepOut
from data.errors import InputError
from data.files import check_not_removed, write_whole
from data.labels.bio import OUTSIDE
from data.labels.schemes import BIO
from data.options import identity_of as options_identity
from data.options import to_json
from data.tagged import TaggedSentence, write_tagged
from metrics.score import Score
from models.resolve import Model, resolve_model
from models.weights import save_safetensors
from training.auxiliary import Beside, find_bitexts, language_of, prepare_beside
from training.folders import (
    folder_appears_whole,
    tokenizer_identity,
    training_folder,
    training_kind,
)
from training.joint import freeze, joint_loss
from training.loop import Shuffled, fit
from training.objectives.examples import IGNORED
from training.optimisers import quicken
from training.pretraining.corpora import Source, encode, open_sources
from training.private.card import fact
from training.tagging.config import RELABEL, TagConfig
from training.tagging.dictionary import Dictionary
from training.tagging.labelled import (
    Labelled,
    file_name,
    find_labelled,
    scheme_of,
    without_tests,
)
from training.tagging.scoring import BASELINE, MODEL, Frequencies, plain_value, scored
from training.tagging.sentences import TrainingSentences
from training.tagging.tagger import (
    Tagger,
    batches_of,
    collate,
    open_tagger,
)

if TYPE_CHECKING:
    from torch import Tensor, nn

    from training.private.run import Private
    from training.progress import Fitted, Progress

UNCOVERED = (
    "the label of words without a piece: the most frequent of the training data",
    "a teacher (--teacher), and whatever it was trained on",
)
HELD_OUT = 0.02  # of the texts and pairs of auxiliary objectives
ROLES = ("train", "pseudo", "unlabelled", "dictionary", "dev", "test")
KIND = training_kind("training.tag", {"train": list, "test": list})


@dataclass(frozen=True)
class Prepared:
    """A run that can begin, or go on. Models are opened when they are first asked for.

    Attributes:
        sets: labelled sets by role (train, pseudo, unlabelled, dictionary, dev, test), without
            test sentences.
        dropped: counts by set and reason.
        sources, languages, bitexts: what auxiliary objectives read.
    """

    config: TagConfig
    sets: Mapping[str, Sequence[Labelled]]
    scheme: str
    base: Model | None
    dropped: Mapping[str, Counter[str]]
    notes: Sequence[str]
    sources: Sequence[Source]
    languages: Sequence[str]
    bitexts: Sequence[Bitext]
    identity: Mapping[str, Any]
    folder: Path
    access: Access

    @cached_property
    def sentences(self) -> TrainingSentences:
        """What is trained on, with the labels that a teacher gives."""
        about = (self.config, self.sets, self.scheme, self.base, self.dropped)
        return TrainingSentences(*about, self.folder, self.access)

    @property
    def training(self) -> list[TaggedSentence]:
        """All sentences with labels to train on."""
        return self.sentences.with_labels

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """The labels of the training data, in alphabetical order."""
        return tuple(sorted({tag for sentence in self.training for tag in sentence.tags}))

    @cached_property
    def frequencies(self) -> Frequencies:
        """The baseline that costs nothing: from all labels at hand, the dictionary's too."""
        return Frequencies.of((one.tokens, one.tags) for one in [*self.training, *self._listed])

    @cached_property
    def tagger(self) -> Tagger:
        """The model, before its first update."""
        fallback = OUTSIDE if self.scheme == BIO else self.frequencies.overall
        tagger = open_tagger(self.config, self.base, self.labels, fallback)
        if self.config.freeze is not None:
            freeze(tagger.model, self.config.freeze)
        if self.base:
            fresh = (tagger.model.get_parameter(name) for name in tagger.fresh)
            quicken(fresh, self.config.head_rate)
        dtype = "bfloat16" if self.config.dtype == "bfloat16" else "float32"
        return replace(tagger, dictionary=self._dictionary, dtype=dtype)

    @cached_property
    def private(self) -> Private | None:
        """Private training, or None."""
        return _private(self) if self.config.privacy else None

    @cached_property
    def beside(self) -> Beside | None:
        """Auxiliary objectives, or None."""
        if not self.config.weights:
            return None
        tokenizer, config = self.tagger.tokenizer, self.config
        parts = encode(self.sources, tokenizer, self.folder, self.access)
        texts = list(zip(parts, self.languages, strict=True))
        about = (config, self.tagger.model, tokenizer, self.base, texts, self.bitexts)
        return prepare_beside(
            *about,
            word_loss,
            rate=config.learning_rate,
            share=HELD_OUT,
            device=config.device,
            access=self.access,
        )

    @property
    def _listed(self) -> list[TaggedSentence]:
        """The sentences that are counted only."""
        return [sentence for one in self.sets["dictionary"] for sentence in one.sentences]

    @property
    def _dictionary(self) -> Dictionary | None:
        if not self._listed:
            return None
        counted = ((one.tokens, one.tags) for one in self._listed)
        overall = Counter(tag for one in self.training for tag in one.tags)
        return Dictionary.of(counted, self.labels, overall, self.config.dictionary_weight)


@contextmanager
def prepare(config: TagConfig, access: Access) -> Iterator[Prepared]:
    """Find everything and open the run's folder for the block; nothing slow.

    Raises:
        InputError: a wrong name, sets of different schemes, or a folder with another run in it.
        UnavailableError: a file or a model cannot be had.
    """
    from models.device import find_device

    find_device(config.device)
    sets = _find_sets(config, access)
    keep_out = _keep_out(config, sets["test"], access)
    dropped = {one.name: Counter(one.dropped) for found in sets.values() for one in found}
    for role in ROLES[:-1]:
        sets[role] = [without_tests(one, keep_out, dropped[one.name]) for one in sets[role]]
    _refuse_empty(sets)
    if config.limit:
        kept = [replace(one, sentences=one.sentences[: config.limit]) for one in sets["train"]]
        sets["train"] = kept
    labels_matter = [*sets["train"], *sets["dev"], *sets["test"]]
    if config.teacher is None or config.distil != RELABEL:
        labels_matter += sets["pseudo"]
    labels_matter += sets["dictionary"]
    scheme = scheme_of(labels_matter, config.scheme)
    models = {
        role: resolve_model(name, access) if name else None
        for role, name in (("model", config.model), ("teacher", config.teacher))
    }
    base = models["model"]
    sources = open_sources(config.texts, keep_out, held_out=HELD_OUT, access=access)
    languages = [language_of(source.corpus, access) for source in sources]
    bitexts = find_bitexts(config, keep_out, access, skip_bad=config.skip_bad)
    identity = identity_of(config, sets, keep_out, models)
    identity |= {
        "texts": [source.to_json() for source in sources],
        "languages": languages,
        "bitexts": [one.to_json() for one in bitexts],
    }
    notes, options = list(_notes(config, base)), to_json(config)
    with training_folder(KIND, "tag", identity, out=config.out, options=options) as folder:
        read = (sources, languages, bitexts)
        yield Prepared(config, sets, scheme, base, dropped, notes, *read, identity, folder, access)


def _find_sets(config: TagConfig, access: Access) -> dict[str, Sequence[Labelled]]:
    names = {
        "train": (config.train, "train"),
        "pseudo": (config.pseudo, "train"),
        "unlabelled": (config.unlabelled, "train"),
        "dictionary": (config.dictionary, "train"),
        "dev": ((config.dev,) if config.dev else (), "dev"),
        "test": (config.test, "test"),
    }
    how: dict[str, Any] = {"skip_bad": config.skip_bad, "access": access}
    found: dict[str, Sequence[Labelled]] = {
        role: [
            find_labelled(n, split, scheme=config.scheme, labels=role != "unlabelled", **how)
            for n in given
        ]
        for role, (given, split) in names.items()
    }
    every = Counter(one.name for sets in found.values() for one in sets)
    twice = [name for name, number in every.items() if number > 1]
    if twice:
        raise InputError(f"{twice[0]}: named twice; a set has one role")
    return found


def _keep_out(config: TagConfig, tests: Sequence[Labelled], access: Access) -> KeepOut:
    """The test sets that are scored, and those that --keep-out names."""
    keep_out = KeepOut.load(config.keep_out, access=access)
    for test in tests:
        keep_out.add(test.name, (" ".join(sentence.tokens) for sentence in test.sentences))
    return keep_out


def _refuse_empty(sets: Mapping[str, Sequence[Labelled]]) -> None:
    for role in ROLES[:-1]:
        for one in sets[role]:
            if not one.sentences:
                raise InputError(
                    f"{one.name}: every sentence stands in a test set too; nothing is left to"
                    f" {'choose by' if role == 'dev' else 'train on'}"
                )


def _notes(config: TagConfig, base: Model | None) -> Iterable[str]:
    """What a reader must know of the encoder's own text."""
    kept_out = _kept_out_of(base)
    if kept_out is None:
        return
    for test in config.test:
        if not any(_covers(name, test) for name in kept_out):
            yield (
                f"{config.model} was pretrained without keeping out {test}: its text may hold"
                " sentences of the test set (training.pretrain --keep-out)"
            )


def _kept_out_of(base: Model | None) -> list[str] | None:
    """The test sets that a run of training.pretrain kept out; None for a model of other making."""
    path = base.folder.parent / "config.json" if base else None
    try:
        run = read_json(path, {"run": {"keep_out": [dict]}})["run"] if path else None
    except InputError:
        return None
    return [str(one["name"]) for one in run["keep_out"] if "name" in one] if run else None


def _covers(kept_out: str, test: str) -> bool:
    """Whether keeping out one name keeps out the other.

    >>> _covers("masakhapos", "masakhapos:test:twi"), _covers("masakhapos:bam", "masakhapos:twi")
    (True, False)
    >>> _covers("masakhapos:test:bam", "masakhapos:bam"), _covers("masakhapos", "masakhapos:test")
    (True, True)
    """
    name, *rest = (part for part in kept_out.split(":") if part != "test")
    other, *wanted = (part for part in test.split(":") if part != "test")
    return name == other and (not rest or rest == wanted)


METRIC = {BIO: "f1"}  # what an evaluation on dev is called; else accuracy


def train(prepared: Prepared, progress: Callable[[Progress], None] | None = None) -> Fitted:
    """Run the loop; on return the tagger has the weights of the best evaluation on dev.

    Raises:
        InputError: a checkpoint of another run; labels on dev that training has none of.
        UnavailableError: no such device, a loss that is not finite, a full disk.
        KeyboardInterrupt: after Ctrl-C; a checkpoint is written.
    """
    config, tagger = prepared.config, prepared.tagger
    name = METRIC.get(prepared.scheme, "accuracy")
    judged, beside = bool(prepared.sets["dev"]), prepared.beside
    judge, settings = _judge(prepared, name) if judged else None, config.settings()
    how: dict[str, Any] = {
        "out": prepared.folder,
        "evaluate": beside.judge(judge) if beside else judge,
        "best": name if judged and config.evaluate_every else None,
        "progress": progress,
        "identity": {"run": prepared.identity, "labels": list(tagger.labels)},
    }
    if beside:
        return fit(beside.joint, beside.batches(_shuffled(prepared)), joint_loss, settings, **how)
    if private := prepared.private:
        how |= private.hooks(tagger.model, word_loss)
        return fit(tagger.model, private.batches, word_loss, settings, **how)
    return fit(tagger.model, _shuffled(prepared), word_loss, settings, **how)


def _shuffled(prepared: Prepared) -> Shuffled:
    config, pad = prepared.config, prepared.tagger.coder.pad
    numbers = prepared.sentences.numbered(prepared.tagger.labels)
    batches = batches_of(prepared.sentences.windows, config.batch_tokens, pad, numbers, config.seed)
    return Shuffled(batches, config.seed)


def _private(prepared: Prepared) -> Private:
    """Updates of sentences that are drawn one by one."""
    from training.private.run import Private
    from training.private.sampling import UNIT, Samples, cut
    from training.private.units import samples_of, units_of

    config, windows, pad = prepared.config, prepared.sentences.windows, prepared.tagger.coder.pad
    numbers = prepared.sentences.numbered(prepared.tagger.labels)
    assert config.privacy is not None  # noqa: S101  # asked for in that case alone
    units = units_of([one.id for one in prepared.training], config.privacy)
    samples = samples_of(units, [window.sentence for window in windows])

    def make(_: int, drawn: Samples) -> Iterator[dict[str, Tensor]]:
        for chosen, owner in cut(drawn, lambda n: len(windows[n].ids), config.batch_tokens):
            yield collate([windows[n] for n in chosen], pad, numbers) | {UNIT: owner}

    return Private.of(config, samples, prepared.identity, make)


def word_loss(model: nn.Module, batch: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
    """Cross entropy in nats at the words' first pieces, (B, T); its sum, and how many they are."""
    from torch.nn import functional

    scores = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits
    labels = batch["labels"]
    total = functional.cross_entropy(
        scores.flatten(0, 1).float(), labels.flatten(), ignore_index=IGNORED, reduction="sum"
    )
    return total, (labels != IGNORED).sum()


def _judge(prepared: Prepared, name: str) -> Callable[[nn.Module], dict[str, float]]:
    """Token accuracy or span F1 on the source language's dev sets."""
    sentences = [sentence for one in prepared.sets["dev"] for sentence in one.sentences]
    gold = [sentence.tags for sentence in sentences]

    def judge(model: nn.Module) -> dict[str, float]:
        found = replace(prepared.tagger, model=model).tag([one.tokens for one in sentences])
        return {name: plain_value(gold, found, prepared.scheme)}

    return judge


def finish(prepared: Prepared, fitted: Fitted, command: str) -> None:
    """Write model/, predictions/, report.html and, last of all, scores.json."""
    check_not_removed(prepared.folder / "config.json")
    with folder_appears_whole(prepared.folder / "model") as out:
        _save(prepared, fitted, out, command)
    results = [one for test in prepared.sets["test"] for one in _results(prepared, test)]
    told = {
        "scheme": prepared.scheme,
        "results": results,
        "data": _data(prepared),
        "training": _training(fitted),
        "notes": [*prepared.notes, *_warnings(prepared, results, fitted)],
        "command": command,
    }
    if prepared.private:
        told["privacy"] = prepared.private.guarantee.told(fitted.steps)
    _report(prepared, told)
    content = json.dumps(told, ensure_ascii=False, indent=1)
    write_whole(prepared.folder / "scores.json", content + "\n")


def _results(prepared: Prepared, test: Labelled) -> list[dict[str, Any]]:
    """Scores of the model and of the baseline; the model's labels are written."""
    words, gold = [s.tokens for s in test.sentences], [s.tags for s in test.sentences]
    found = prepared.tagger.tag(words)
    path = prepared.folder / "predictions" / file_name(test.name)
    write_tagged(path, map(_with_tags, test.sentences, found), keep_replacement=True)
    told = {"test": test.name, "sha256": test.sha256[:16], "model": prepared.folder.name}
    return [
        scored(test.name, MODEL, gold, found, prepared.scheme, told),
        scored(
            test.name,
            BASELINE,
            gold,
            prepared.frequencies.tag(words),
            prepared.scheme,
            {"test": test.name, "sha256": test.sha256[:16]},
        ),
    ]


def _with_tags(sentence: TaggedSentence, tags: Sequence[str]) -> TaggedSentence:
    return replace(sentence, tags=tuple(tags))


def _save(prepared: Prepared, fitted: Fitted, out: Path, command: str) -> None:
    """What `from_pretrained` opens, and a card."""
    tagger: Tagger = prepared.tagger
    save_safetensors(tagger.model.to("cpu"), out)
    tagger.tokenizer.save_pretrained(out)
    if tagger.dictionary:
        tagger.dictionary.save(out)
    (out / "README.md").write_text(_card(prepared, fitted, command), "utf-8")


def _card(prepared: Prepared, fitted: Fitted, command: str) -> str:
    sets = [*prepared.sets["train"], *prepared.sets["pseudo"]]
    rows = "".join(
        f"| {one.name} | {one.licence} | {'synthetic' if one.synthetic else 'by people'} |"
        f" {len(one.sentences):,} |\n"
        for one in sets
    )
    encoder = prepared.base.name if prepared.base else prepared.config.config
    return (
        f"# {prepared.folder.name}\n\nLabels words ({prepared.scheme}:"
        f" {', '.join(prepared.tagger.labels)}). Trained from {encoder}.\n\n"
        f"| data | licence | made | sentences |\n| --- | --- | --- | --- |\n{rows}\n"
        "The label of a word stands on its first piece. Scores: scores.json of the run.\n\n"
        f"    {command}\n"
    ) + (prepared.private.guarantee.card(fitted.steps, UNCOVERED) if prepared.private else "")


def _data(prepared: Prepared) -> list[dict[str, Any]]:
    return [
        {"role": role, **one.to_json(), "dropped": dict(prepared.dropped[one.name])}
        | {"repaired": dict(one.repairs)}
        for role, found in prepared.sets.items()
        for one in found
    ]


def _training(fitted: Fitted) -> dict[str, Any]:
    return {
        "steps": fitted.steps,
        "of": fitted.total,
        "ended": fitted.reason,
        "best_step": fitted.best_step,
        "dev": dict(fitted.metrics),
    }


def _warnings(
    prepared: Prepared, results: Sequence[Mapping[str, Any]], fitted: Fitted
) -> list[str]:
    """A model below its baseline, labels that it cannot know, a budget that was overrun."""
    told = []
    value = {(one["test"], one["system"]): one["score"]["value"] for one in results}
    for test in prepared.sets["test"]:
        mine, free = value[test.name, MODEL], value[test.name, BASELINE]
        if mine < free:
            told.append(f"{test.name}: {mine:.1f} is below the baseline's {free:.1f} ({BASELINE})")
        unknown = {t for s in test.sentences for t in s.tags} - {*prepared.tagger.labels}
        if unknown:
            names = ", ".join(sorted(unknown))
            told.append(f"{test.name}: has labels that training has not: {names}")
    if fitted.reason == "budget":
        told.append(f"stopped at 1.25 times its budget, after {fitted.steps:,} updates")
    return told + (prepared.private.guarantee.notes() if prepared.private else [])


def _report(prepared: Prepared, told: Mapping[str, Any]) -> None:
    from training.report import LOSS, WEIGHTED, write_report

    scores = []
    for one in told["results"]:
        score = Score.from_dict(one["score"])
        scores.append(replace(score, name=f"{one['test']}: {score.name} ({one['system']})"))
        if one["system"] == MODEL:
            rows = [Score.from_dict(row["f1"]) for row in one["labels"]]
            scores += [replace(row, name=f"{one['test']}: {row.name}") for row in rows]
    encoder = prepared.base.name if prepared.base else prepared.config.config
    beside = {"auxiliary": prepared.config.auxiliary} if prepared.config.auxiliary else {}
    facts = {
        "encoder": encoder,
        **beside,
        **({"privacy": fact(told["privacy"])} if "privacy" in told else {}),
        **{f"{d['role']} {d['name']}": _fact(d) for d in told["data"]},
    }
    write_report(
        prepared.folder,
        f"Tagging {prepared.folder.name}",
        facts=facts,
        scores=scores,
        notes=told["notes"],
        command=told["command"],
        unit=WEIGHTED if prepared.config.weights else LOSS,
    )


def _fact(one: Mapping[str, Any]) -> str:
    counts = "; ".join(f"{reason}: {number:,}" for reason, number in one["dropped"].items())
    return f"{one['sentences']:,} sentences, {one['tokens']:,} words, {one['licence']}" + (
        f"; {counts}" if counts else ""
    )


def identity_of(
    config: TagConfig,
    sets: Mapping[str, Sequence[Labelled]],
    keep_out: KeepOut,
    models: Mapping[str, Model | None],
) -> dict[str, Any]:
    """Everything that a result hangs on: options, and checksums of data and models."""
    return {
        **options_identity(config),
        **{role: [one.to_json() for one in found] for role, found in sets.items()},
        **{
            role: {"name": model.name, "revision": model.revision} if model else None
            for role, model in models.items()
        },
        "keep_out": [*keep_out.describe(), {"sha256": keep_out.sha256}],
        "tokenizer": tokenizer_identity(config.tokenizer) if config.tokenizer else None,
    }
