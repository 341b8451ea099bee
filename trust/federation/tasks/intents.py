"""Intents and slots, as `nlu.train` learns them; scored by intent accuracy."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from data.access import Access
from data.labels.slots import Utterance
from metrics.ratios import SHARE
from nlu.losses import joint_loss
from nlu.model import Shape, batches_of, open_nlu
from training.batches import Shuffled
from training.tagging.tagger import Window
from trust.examples import Example
from trust.federation.tasks import Row, Setting, begin, check_labels, frozen, most_frequent, refuse
from trust.targets.intents import Intents as Utterances


class Intents:
    """See `trust.federation.tasks.Task`."""

    train, test = ("xsid:dev:all",), ("xsid:test:all",)

    def read(self, name: str, access: Access) -> list[Example]:
        """Utterances with intents."""
        return Utterances().read(name, access)

    def label(self, example: Example) -> str:
        """The intent."""
        return str(example.content.intent)

    def open(self, setting: Setting, training: Sequence[Example]) -> OpenedIntents:
        """An encoder with heads for the intents and slots of the training utterances."""
        return OpenedIntents(setting, training)


class OpenedIntents:
    """See `trust.federation.tasks.Opened`."""

    metric, ratio = "intent accuracy", SHARE

    def __init__(self, setting: Setting, training: Sequence[Example]) -> None:
        refuse(setting, "intents", ("hidden",))
        said: list[Utterance] = [one.content for one in training]
        check_labels([one.intent for one in said], "intents")
        base, self.notes = begin(setting, [one.text for one in training], "encoder")
        intents = tuple(sorted({one.intent for one in said}))
        slots = sorted({tag[2:] for one in said for tag in one.slots} - {""})
        self._nlu = open_nlu(
            base,
            Shape(intents, tuple(slots), setting.pooling),
            length=setting.length,
            seed=setting.seed,
            lora=setting.lora,
        )
        self.model = self._nlu.network
        if setting.freeze:
            frozen(self.model.encoder)
        self.loss = joint_loss(1.0)
        self._tokens, self._usual = setting.batch_tokens, most_frequent([u.intent for u in said])
        of_intent = {intent: n for n, intent in enumerate(intents)}
        of_tag = {tag: n for n, tag in enumerate(self._nlu.shape.tags)}
        self._numbers = (
            [of_intent[one.intent] for one in said],
            [[of_tag[tag] for tag in one.slots] for one in said],
        )
        self._windows: list[list[Window]] = [[] for _ in said]
        for window in self._nlu.coder.windows([one.tokens for one in said]):
            self._windows[window.sentence].append(window)

    def batches(self, members: Sequence[int], seed: int) -> tuple[Shuffled, int]:
        """As `nlu.train` makes them."""
        windows = [window for member in members for window in self._windows[member]]
        pad = self._nlu.coder.pad
        made = batches_of(windows, self._tokens, pad, *self._numbers, seed)
        return Shuffled(made, seed), len(made)

    def rows(self, examples: Sequence[Example]) -> list[Row]:
        """Whether the intent is right."""
        said: list[Utterance] = [one.content for one in examples]
        found = self._nlu.parse([one.tokens for one in said])
        return [[f.intent == one.intent, 1] for f, one in zip(found, said, strict=True)]

    def free(self, examples: Sequence[Example]) -> tuple[str, list[Row]]:
        """The most frequent intent."""
        return "most frequent intent", [[one.content.intent == self._usual, 1] for one in examples]

    def save(self, out: Path) -> None:
        """As `nlu.train` does: nlu.predict opens it."""
        self._nlu.save(out)
