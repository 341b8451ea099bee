"""Everything before the first update: labelled sets, models, folder, labels, the teacher's work.

prepared = prepare(config, print)
prepared.folder, prepared.training, prepared.tagger
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from data.access import Access
from data.bounded import read_json
from data.contamination import KeepOut
from data.errors import InputError
from data.files import write_whole
from data.labels.bio import OUTSIDE
from data.labels.schemes import BIO
from data.tagged import TaggedSentence, read_tagged, write_tagged
from models.resolve import Model, resolve_model
from training.tagging.config import KEEP, RELABEL, TagConfig
from training.tagging.corpora import Labelled, find_labelled, scheme_of, without_tests
from training.tagging.distillation import distilled
from training.tagging.folder import file_name, identity_of, open_folder
from training.tagging.opening import Tagger, load_tagger, open_tagger
from training.tagging.scoring import Frequencies

Say = Callable[[str], None]


@dataclass(frozen=True)
class Prepared:
    """A run that can begin, or go on. Models are opened when they are first asked for.

    Attributes:
        sets: labelled sets by role (train, pseudo, unlabelled, dev, test), without test sentences.
        dropped: counts by set and reason.
    """

    config: TagConfig
    sets: Mapping[str, Sequence[Labelled]]
    scheme: str
    base: Model | None
    dropped: Mapping[str, Counter[str]]
    notes: Sequence[str]
    identity: Mapping[str, Any]
    folder: Path
    say: Say

    @cached_property
    def training(self) -> list[TaggedSentence]:
        """All sentences to train on; those of `pseudo` as the teacher, if any, sees them."""
        own = [sentence for one in self.sets["train"] for sentence in one.sentences]
        how = self.config.distil if self.config.teacher else KEEP
        made = [self._taught(one, how) for one in self.sets["pseudo"]]
        made += [self._taught(one, RELABEL) for one in self.sets["unlabelled"]]
        return own + [sentence for sentences in made for sentence in sentences]

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """The labels of the training data, in alphabetical order."""
        return tuple(sorted({tag for sentence in self.training for tag in sentence.tags}))

    @cached_property
    def frequencies(self) -> Frequencies:
        """The baseline that costs nothing."""
        return Frequencies.of((one.tokens, one.tags) for one in self.training)

    @cached_property
    def tagger(self) -> Tagger:
        """The model, before its first update."""
        fallback = OUTSIDE if self.scheme == BIO else self.frequencies.overall
        return open_tagger(self.config, self.base, self.labels, fallback)

    def _taught(self, labelled: Labelled, how: str) -> Sequence[TaggedSentence]:
        """Of one set, as the teacher sees them, which is kept in the folder."""
        if how == KEEP:
            return labelled.sentences
        path = self.folder / "distilled" / file_name(labelled.name)
        told = path.with_suffix(".json")
        if not told.exists():
            self.say(f"the teacher labels {labelled.name}")
            counts = Counter[str]()
            config = self.config
            found = distilled(
                labelled.sentences, self._teacher, how, config.agreement, self.scheme, counts
            )
            write_tagged(path, found)
            write_whole(told, json.dumps(counts, ensure_ascii=False))
        self.dropped[labelled.name].update(read_json(told, {str: int}))
        return tuple(read_tagged(path))

    @cached_property
    def _teacher(self) -> Tagger:
        config = self.config
        return load_tagger(str(config.teacher), config.length, offline=config.offline)


def prepare(config: TagConfig, say: Say) -> Prepared:
    """Find everything and make the run's folder; nothing slow.

    Raises:
        InputError: a wrong name, sets of different schemes, or a folder with another run in it.
        UnavailableError: a file or a model cannot be had.
    """
    from training.looping.world import find_device

    find_device(config.device)
    sets = _find_sets(config, say)
    keep_out = _keep_out(config, sets["test"], say)
    dropped = {one.name: Counter(one.dropped) for found in sets.values() for one in found}
    for role in ("train", "pseudo", "unlabelled", "dev"):
        sets[role] = [without_tests(one, keep_out, dropped[one.name]) for one in sets[role]]
    _refuse_empty(sets)
    if config.limit:
        kept = [replace(one, sentences=one.sentences[: config.limit]) for one in sets["train"]]
        sets["train"] = kept
    labels_matter = [*sets["train"], *sets["dev"], *sets["test"]]
    if config.teacher is None or config.distil != RELABEL:
        labels_matter += sets["pseudo"]
    scheme = scheme_of(labels_matter, config.scheme)
    base = resolve_model(config.model, config.offline, say) if config.model else None
    teacher = resolve_model(config.teacher, config.offline, say) if config.teacher else None
    identity = identity_of(config, sets, keep_out, {"model": base, "teacher": teacher})
    folder = open_folder(config, identity)
    notes = list(_notes(config, base))
    return Prepared(config, sets, scheme, base, dropped, notes, identity, folder, say)


def _find_sets(config: TagConfig, say: Say) -> dict[str, Sequence[Labelled]]:
    names = {
        "train": (config.train, "train"),
        "pseudo": (config.pseudo, "train"),
        "unlabelled": (config.unlabelled, "train"),
        "dev": ((config.dev,) if config.dev else (), "dev"),
        "test": (config.test, "test"),
    }
    how: dict[str, Any] = {"offline": config.offline, "report": say, "skip_bad": config.skip_bad}
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


def _keep_out(config: TagConfig, tests: Sequence[Labelled], say: Say) -> KeepOut:
    """The test sets that are scored, and those that --keep-out names."""
    keep_out = KeepOut.load(config.keep_out, access=Access.of(config, say))
    for test in tests:
        keep_out.add(test.name, (" ".join(sentence.tokens) for sentence in test.sentences))
    return keep_out


def _refuse_empty(sets: Mapping[str, Sequence[Labelled]]) -> None:
    for role in ("train", "pseudo", "unlabelled", "dev"):
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
    """
    name, *rest = (part for part in kept_out.split(":") if part != "test")
    other, *wanted = (part for part in test.split(":") if part != "test")
    return name == other and (not rest or rest == wanted)
