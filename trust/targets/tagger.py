"""Taggers (`training.tag`): the mean loss of the words' labels."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

from data.access import Access
from data.labels.schemes import BIO
from data.options import from_json
from data.tagged import TaggedSentence, read_tagged, write_tagged
from training.objectives.examples import IGNORED
from training.tag import tag
from training.tagging.config import TagConfig
from training.tagging.labelled import find_labelled
from training.tagging.tagger import Tagger, collate, grouped, inference, load_tagger
from trust.canary import Canary
from trust.examples import Example
from trust.observed import TOKENS, Seen, of_places
from trust.targets import TrainedRun, scaled


class Taggers:
    """See `trust.targets.Target`."""

    kind, command, suffix = "tagger", "training.tag", ".txt"

    def read(self, name: str, access: Access) -> list[Example]:
        """Sentences with labels."""
        found = find_labelled(name, access=access)
        return [
            Example(one.id, " ".join(one.tokens), found.language, one) for one in found.sentences
        ]

    def write(self, path: Path, examples: Sequence[Example]) -> None:
        """Two columns, a blank line between sentences."""
        write_tagged(path, (one.content for one in examples), keep_replacement=True)

    def open(self, folder: Path) -> Tagger:
        """The model, in float32, without a dictionary beside it."""
        return replace(load_tagger(str(folder)), dictionary=None)

    def unknown(self, model: Tagger, example: Example) -> str:
        """A label that the model has not learned."""
        sentence: TaggedSentence = example.content
        return next((label for label in sentence.tags if label not in model.labels), "")

    def observe(self, model: Tagger, examples: Sequence[Example]) -> list[Seen]:
        """The words' losses, at their first pieces."""
        number = {label: n for n, label in enumerate(model.labels)}
        tags = [[number.get(label, IGNORED) for label in one.content.tags] for one in examples]
        parts: list[tuple[list[float], list[float]]] = [([], []) for _ in examples]
        windows = model.coder.windows([one.content.tokens for one in examples])
        for group in grouped(sorted(windows, key=lambda one: len(one.ids)), TOKENS):
            batch = collate(group, model.coder.pad, tags)
            labels = batch.pop("labels")
            with inference(model.model):
                scores = model.model(**batch).logits
            for window, (lost, unsure) in zip(group, of_places(scores, labels), strict=True):
                parts[window.sentence][0].extend(lost)
                parts[window.sentence][1].extend(unsure)
        flat = math.log(len(number) + 1)
        return [Seen.of(lost or [flat], unsure or [flat]) for lost, unsure in parts]

    def train(self, run: TrainedRun, data: Path, out: Path, seed: int, steps: int) -> None:
        """`training.tag` with the run's options, on one file."""
        config = from_json(TagConfig, run.options, f"{run.folder}/config.json")
        told = run.scores({"scheme": str, "training": {"steps": int}, "data": [dict]})
        trained_on = sum(
            one["sentences"] for one in told["data"] if one["role"] in ("train", "pseudo")
        )
        number = sum(1 for _ in read_tagged(data, keep_replacement=True))
        tag(
            replace(
                config,
                train=(str(data),),
                pseudo=(),
                unlabelled=(),
                dictionary=(),
                test=(),
                keep_out=(),
                dev=None,
                teacher=None,
                limit=None,
                seconds=None,
                steps=steps or scaled(told["training"]["steps"], trained_on, number),
                scheme="bio" if told["scheme"] == BIO else "pos",
                evaluate_every=0,
                patience=0,
                seed=seed,
                out=out,
            )
        )

    def labels(self, examples: Sequence[Example], secret: int, draw: Random) -> tuple[str, ...]:
        """A label a sign; the words before have the most frequent one."""
        counts = Counter(label for one in examples for label in one.content.tags)
        names = sorted(label for label in counts if not label.startswith("I-"))
        frequent = min(counts, key=lambda label: (-counts[label], label))
        return (frequent, *(draw.choice(names) for _ in range(secret)))

    def planted(self, canary: Canary, secret: Sequence[str]) -> Example:
        """A sentence."""
        words = canary.words(secret)
        tags = (canary.labels[0],) * len(canary.prefix) + canary.labels[1:]
        sentence = TaggedSentence(f"canary-{canary.id}", words, tags)
        return Example(sentence.id, " ".join(words), canary.language, sentence)

    def pieces(self, model: Tagger, example: Example) -> Sequence[int]:
        """Of all windows, one after the other."""
        windows = model.coder.windows([example.content.tokens])
        return [id_ for window in windows for id_ in window.ids]
