"""The sentences of a run: those that have labels, and those that a teacher gives labels to.

A teacher takes about as long for a sentence as training on it does, and a run of few updates reads
a small part of a large set. So of sets without labels the teacher labels the sentences that the
updates reach, which are known beforehand where --steps says how many updates there are.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import count, islice
from pathlib import Path

from data.access import Access
from data.bounded import read_json
from data.files import write_whole
from data.tagged import TaggedSentence, read_tagged, write_tagged
from models.resolve import Model
from training.batches import shuffled
from training.tagging.config import KEEP, RELABEL, TagConfig
from training.tagging.distillation import distilled
from training.tagging.labelled import Labelled, file_name
from training.tagging.tagger import Coder, Tagger, Window, load_tagger, mixed, open_tokenizer


@dataclass(frozen=True)
class TrainingSentences:
    """What a tagger is trained on.

    Attributes:
        sets: labelled sets by role, without test sentences.
        dropped: counts by set and reason, to which the teacher's are added.
        folder: of the run, where sentences lie as the teacher sees them.
    """

    config: TagConfig
    sets: Mapping[str, Sequence[Labelled]]
    scheme: str
    base: Model | None
    dropped: Mapping[str, Counter[str]]
    folder: Path
    access: Access

    @cached_property
    def with_labels(self) -> list[TaggedSentence]:
        """All that have labels, those of `pseudo` as the teacher, if any, sees them."""
        return self._labelled + [one for one in self._relabelled if one is not None]

    @cached_property
    def windows(self) -> list[Window]:
        """What the tagger sees at once, of sentences with labels and then of those without."""
        coder = Coder(open_tokenizer(self.config, self.base), self.config.length)
        return coder.windows([one.tokens for one in [*self._labelled, *self._unlabelled]])

    def numbered(self, labels: Sequence[str]) -> list[list[int]]:
        """The labels of the sentences in `windows`, by number; none where no update reaches."""
        number = {label: n for n, label in enumerate(labels)}
        every = [*self._labelled, *self._relabelled]
        return [[number[tag] for tag in one.tags] if one else [] for one in every]

    @cached_property
    def _labelled(self) -> list[TaggedSentence]:
        own = [sentence for one in self.sets["train"] for sentence in one.sentences]
        how = self.config.distil if self.config.teacher else KEEP
        made = [self._taught(one, one.sentences, how) for one in self.sets["pseudo"]]
        return own + [sentence for sentences in made for sentence in sentences]

    @property
    def _unlabelled(self) -> list[TaggedSentence]:
        return [sentence for one in self.sets["unlabelled"] for sentence in one.sentences]

    @cached_property
    def _relabelled(self) -> list[TaggedSentence | None]:
        """Each of the unlabelled as the teacher sees it; None where no update reaches."""
        found: list[TaggedSentence | None] = []
        for one in self.sets["unlabelled"]:
            first = len(self._labelled) + len(found)
            places = [n for n in range(len(one.sentences)) if first + n in self._reached]
            taught = self._taught(one, [one.sentences[n] for n in places], RELABEL)
            by_place = dict(zip(places, taught, strict=True))
            found += [by_place.get(n) for n in range(len(one.sentences))]
        return found

    @cached_property
    def _reached(self) -> Collection[int]:
        """The sentences of `windows` that the updates read."""
        config = self.config
        if not self._unlabelled or config.steps is None or config.weights or config.privacy:
            return range(len(self._labelled) + len(self._unlabelled))
        batches = mixed(self.windows, config.batch_tokens, config.seed)
        number = config.steps * config.accumulate * int(os.environ.get("WORLD_SIZE", "1"))
        order = (n for epoch in count() for n in shuffled(len(batches), config.seed, epoch))
        read = islice(order, min(number, len(batches)))
        return {window.sentence for place in read for window in batches[place]}

    def _taught(
        self, labelled: Labelled, sentences: Sequence[TaggedSentence], how: str
    ) -> Sequence[TaggedSentence]:
        """Sentences of one set, as the teacher sees them, which is kept in the folder."""
        if how == KEEP or not sentences:
            return sentences
        path = self.folder / "distilled" / file_name(labelled.name)
        told = path.with_suffix(".json")
        if not told.exists():
            self.access.say(f"the teacher labels {len(sentences):,} sentences of {labelled.name}")
            counts = Counter[str]()
            about = (self.config.agreement, self.scheme, counts)
            found = distilled(sentences, self._teacher, how, *about)
            write_tagged(path, found, keep_replacement=True)
            write_whole(told, json.dumps(counts, ensure_ascii=False))
        self.dropped[labelled.name].update(read_json(told, {str: int}))
        return tuple(read_tagged(path, keep_replacement=True))

    @cached_property
    def _teacher(self) -> Tagger:
        config = self.config
        return load_tagger(str(config.teacher), config.length, access=self.access)
