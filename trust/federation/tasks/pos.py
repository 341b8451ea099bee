"""Parts of speech, as `training.tag` learns them; scored by the share of words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from data.access import Access
from data.tagged import TaggedSentence
from metrics.ratios import SHARE
from models.weights import save_safetensors, with_low_rank_adapters
from training.batches import Shuffled
from training.tagging.config import TagConfig
from training.tagging.run import word_loss
from training.tagging.tagger import Window, batches_of, open_tagger
from trust.examples import Example
from trust.federation.tasks import Row, Setting, begin, check_labels, frozen, most_frequent, refuse
from trust.targets.tagger import Taggers

LANGUAGES = ("bam", "hau", "ibo", "kin", "lug", "pcm", "swa", "tsn", "yor", "zul")


class PartsOfSpeech:
    """See `trust.federation.tasks.Task`."""

    train = tuple(f"masakhapos:train:{code}" for code in LANGUAGES)
    test = tuple(f"masakhapos:test:{code}" for code in LANGUAGES)

    def read(self, name: str, access: Access) -> list[Example]:
        """Sentences with a label a word."""
        return Taggers().read(name, access)

    def label(self, example: Example) -> str:  # noqa: ARG002
        """A sentence has many."""
        return ""

    def open(self, setting: Setting, training: Sequence[Example]) -> OpenedTagger:
        """An encoder with a layer that scores the labels of the training sentences."""
        return OpenedTagger(setting, training)


class OpenedTagger:
    """See `trust.federation.tasks.Opened`."""

    metric, ratio = "accuracy", SHARE

    def __init__(self, setting: Setting, training: Sequence[Example]) -> None:
        refuse(setting, "pos", ("hidden",))
        sentences: list[TaggedSentence] = [one.content for one in training]
        every = Counter(tag for one in sentences for tag in one.tags)
        check_labels([*every], "labels")
        base, self.notes = begin(setting, [one.text for one in training], "encoder")
        labels, self._usual = sorted(every), most_frequent([*every.elements()])
        config = TagConfig(
            ("clients",), model=base.name, steps=1, length=setting.length, seed=setting.seed,
            batch_tokens=max(setting.length, setting.batch_tokens),
        )  # fmt: skip
        self._tagger = open_tagger(config, base, labels, self._usual)
        self.model = self._tagger.model
        if setting.freeze:
            frozen(self.model.base_model)
        if setting.lora:
            self.model = with_low_rank_adapters(
                self.model, r=setting.lora, lora_alpha=2 * setting.lora, task_type="TOKEN_CLS",
                target_modules="all-linear", modules_to_save=["classifier"],
            )  # fmt: skip
        self.loss, self._tokens = word_loss, setting.batch_tokens
        number = {label: n for n, label in enumerate(labels)}
        self._tags = [[number[tag] for tag in one.tags] for one in sentences]
        self._windows: list[list[Window]] = [[] for _ in sentences]
        for window in self._tagger.coder.windows([one.tokens for one in sentences]):
            self._windows[window.sentence].append(window)

    def batches(self, members: Sequence[int], seed: int) -> tuple[Shuffled, int]:
        """As `training.tag` makes them."""
        windows = [window for member in members for window in self._windows[member]]
        made = batches_of(windows, self._tokens, self._tagger.coder.pad, self._tags, seed)
        return Shuffled(made, seed), len(made)

    def rows(self, examples: Sequence[Example]) -> list[Row]:
        """Right words and words of each sentence."""
        sentences: list[TaggedSentence] = [one.content for one in examples]
        found = self._tagger.tag([one.tokens for one in sentences])
        return [
            [sum(map(str.__eq__, tags, one.tags)), len(one.tags)]
            for tags, one in zip(found, sentences, strict=True)
        ]

    def free(self, examples: Sequence[Example]) -> tuple[str, list[Row]]:
        """The most frequent label for every word."""
        return "most frequent label", [
            [one.content.tags.count(self._usual), len(one.content.tags)] for one in examples
        ]

    def save(self, out: Path) -> None:
        """As `training.tag` does: its `predict` opens it."""
        merged = getattr(self.model, "merge_and_unload", None)
        save_safetensors(merged() if merged else self.model, out)
        self._tagger.tokenizer.save_pretrained(out)
