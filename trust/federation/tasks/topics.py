"""Texts with one label each (topics, sentiment, intents), as `training.classify` learns them.

With --freeze encoder each text's vector is computed once and kept in the cache; clients train a
layer on it, or two (--hidden). Vectors are standardised by the mean and spread of all clients', two
sums that devices can send once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from data.access import Access
from data.catalog import catalog
from data.errors import InputError
from data.files import canonical_json, sha256_text
from data.labelled import LabelledText
from data.randomness import stream
from metrics.ratios import SHARE
from models.derived import derived_folder
from models.encoder import Encoder, open_encoder
from models.resolve import Model
from models.weights import with_low_rank_adapters
from training.architectures import seeded
from training.batches import Batch, Shuffled
from training.classification.classifier import Classifier, batches_of, open_classifier
from training.classification.labelled import find_texts
from training.classification.run import label_loss
from trust.examples import Example
from trust.federation.tasks import Row, Setting, begin, check_labels, frozen, most_frequent
from trust.targets.intents import Intents as Utterances

LANGUAGES = ("am", "bm", "ha", "ig", "rw", "ln", "lg", "om", "sn", "so", "sw", "yo")
UTTERANCES = "utterances"  # the catalog's kind


class Topics:
    """See `trust.federation.tasks.Task`."""

    train = tuple(f"sib200:train:{code}" for code in LANGUAGES)
    test = tuple(f"sib200:test:{code}" for code in LANGUAGES)

    def read(self, name: str, access: Access) -> list[Example]:
        """Labelled texts; of a set of utterances their intents."""
        entry = catalog().get(name.partition(":")[0].lower())
        if entry is not None and entry.kind == UTTERANCES and not Path(name).exists():
            return [
                Example(one.id, one.text, one.language, LabelledText(one.text, one.content.intent))
                for one in Utterances().read(name, access)
            ]
        return [
            Example(f"{found.name}#{number}", one.text, found.language, one)
            for found in find_texts(name, access=access)
            for number, one in enumerate(found.texts, 1)
        ]

    def label(self, example: Example) -> str:
        """The label."""
        return str(example.content.label)

    def open(self, setting: Setting, training: Sequence[Example]) -> OpenedHead | OpenedClassifier:
        """A layer on the vectors of a frozen encoder, or an encoder with a layer on top."""
        check_labels([self.label(one) for one in training], "labels")
        if setting.freeze:
            return OpenedHead(setting, training)
        if setting.hidden:
            raise InputError("--hidden needs --freeze encoder; give both, or leave --hidden out")
        return OpenedClassifier(setting, training)


class _Labelled:
    """What both kinds share: labels by number, and the most frequent one."""

    metric, ratio = "accuracy", SHARE

    def __init__(self, training: Sequence[Example]) -> None:
        names = [one.content.label for one in training]
        self.labels, self._usual = sorted({*names}), most_frequent(names)
        number = {label: n for n, label in enumerate(self.labels)}
        self.numbers = [number[name] for name in names]

    def free(self, examples: Sequence[Example]) -> tuple[str, list[Row]]:
        """The most frequent label."""
        return "most frequent label", [[one.content.label == self._usual, 1] for one in examples]

    def right(self, examples: Sequence[Example], best: Sequence[int]) -> list[Row]:
        """Whether each label is right."""
        pairs = zip(examples, best, strict=True)
        return [[one.content.label == self.labels[number], 1] for one, number in pairs]


class OpenedClassifier(_Labelled):
    """See `trust.federation.tasks.Opened`."""

    def __init__(self, setting: Setting, training: Sequence[Example]) -> None:
        super().__init__(training)
        base, self.notes = begin(setting, [one.text for one in training], "encoder")
        self._classifier = _classifier(base, self.labels, setting)
        self.model = self._classifier.network
        if setting.lora:
            with seeded(setting.seed):
                self.model.encoder = with_low_rank_adapters(
                    self.model.encoder, r=setting.lora, lora_alpha=2 * setting.lora,
                    target_modules="all-linear",
                )  # fmt: skip
        self.loss, self._tokens = label_loss, setting.batch_tokens
        self._windows = self._classifier.windows([one.text for one in training])

    def batches(self, members: Sequence[int], seed: int) -> tuple[Shuffled, int]:
        """As `training.classify` makes them."""
        order = list(range(len(members)))
        stream(seed, "texts").shuffle(order)
        windows = [self._windows[member] for member in members]
        made = batches_of(windows, self._tokens, self._classifier.pad, self.numbers, order)
        return Shuffled(made, seed), len(made)

    def rows(self, examples: Sequence[Example]) -> list[Row]:
        """Whether each label is right."""
        scores = self._classifier.scores([one.text for one in examples])
        return self.right(examples, scores.argmax(dim=1).tolist())

    def save(self, out: Path) -> None:
        """As `training.classify` does: its `predict` opens it."""
        encoder = self.model.encoder
        if hasattr(encoder, "merge_and_unload"):
            self.model.encoder = encoder.merge_and_unload()
        self._classifier.save(out)


class Head(nn.Module):
    """From standardised vectors (B, D) to scores (B, labels), with a hidden layer or without."""

    def __init__(self, width: int, hidden: int, labels: int) -> None:
        super().__init__()
        self.inner = nn.Linear(width, hidden) if hidden else None
        self.outer = nn.Linear(hidden or width, labels)

    def forward(self, vectors: Tensor) -> Tensor:
        """Scores of labels."""
        if self.inner is not None:
            vectors = functional.gelu(self.inner(vectors))
        scores: Tensor = self.outer(vectors)
        return scores


def head_loss(model: nn.Module, batch: Batch) -> tuple[Tensor, int]:
    """Cross entropy in nats, its sum over the texts of a batch, and how many they are."""
    scores = model(batch["vectors"])
    total = functional.cross_entropy(scores, batch["labels"], reduction="sum")
    return total, len(batch["labels"])


class OpenedHead(_Labelled):
    """See `trust.federation.tasks.Opened`."""

    TEXTS = 32  # a batch

    def __init__(self, setting: Setting, training: Sequence[Example]) -> None:
        super().__init__(training)
        assert setting.model is not None  # noqa: S101  # checked with the options
        self._setting, self.notes, self.loss = setting, list[str](), head_loss
        self._encoder = open_encoder(setting.model, access=setting.access)
        raw = self._vectors(training)
        self._mean, self._spread = raw.mean(axis=0), np.maximum(raw.std(axis=0), 1e-6)
        self._training = self._standard(raw)
        with seeded(setting.seed):
            self.model = Head(raw.shape[1], setting.hidden, len(self.labels))
            nn.init.zeros_(self.model.outer.weight)  # a regression begins at no preference
        self._seen: dict[int, Tensor] = {}

    def _vectors(self, examples: Sequence[Example]) -> NDArray[np.float32]:
        """(N, D), computed once a set and kept in the cache."""
        sets: defaultdict[str, list[int]] = defaultdict(list)
        for place, one in enumerate(examples):
            sets[one.id.rpartition("#")[0]].append(place)
        found = np.zeros((len(examples), self._encoder.width), np.float32)
        pooling = self._setting.pooling
        for places in sets.values():
            texts = [examples[place].text for place in places]
            found[places] = kept_vectors(self._encoder, texts, pooling, self._setting.access)
        return found

    def _standard(self, raw: NDArray[np.float32]) -> Tensor:
        return torch.from_numpy((raw - self._mean) / self._spread)

    def batches(self, members: Sequence[int], seed: int) -> tuple[Shuffled, int]:
        """Vectors (B, D) and labels (B,) of texts in drawn order."""
        order = list(members)
        stream(seed, "texts").shuffle(order)
        made: list[Mapping[str, Tensor]] = []
        for start in range(0, len(order), self.TEXTS):
            chosen = order[start : start + self.TEXTS]
            labels = torch.tensor([self.numbers[place] for place in chosen])
            made.append({"vectors": self._training[chosen], "labels": labels})
        return Shuffled(made, seed), len(made)

    def rows(self, examples: Sequence[Example]) -> list[Row]:
        """Whether each label is right."""
        if id(examples) not in self._seen:
            self._seen = {id(examples): self._standard(self._vectors(examples))}
        with torch.inference_mode():
            best = self.model(self._seen[id(examples)]).argmax(dim=1)
        return self.right(examples, best.tolist())

    def save(self, out: Path) -> None:
        """One layer becomes the head of the encoder, which `training.classify predict` opens.

        Of two layers the weights are kept, with the mean and spread of the vectors.
        """
        from safetensors.torch import save_file

        setting, outer = self._setting, self.model.outer
        if self.model.inner is not None:
            tensors = {name: one.detach() for name, one in self.model.named_parameters()}
            tensors |= {"mean": torch.from_numpy(self._mean)}
            tensors |= {"spread": torch.from_numpy(self._spread)}
            save_file(tensors, out / "head.safetensors")
            return
        from models.resolve import resolve_model

        base = resolve_model(str(setting.model), setting.access)
        classifier = _classifier(base, self.labels, setting)
        slope = outer.weight.detach() / torch.from_numpy(self._spread)
        with torch.no_grad():
            classifier.network.head.weight.copy_(slope)
            classifier.network.head.bias.copy_(outer.bias - slope @ torch.from_numpy(self._mean))
        classifier.save(out)


def _classifier(base: Model, labels: Sequence[str], setting: Setting) -> Classifier:
    how = {"length": setting.length, "seed": setting.seed}
    classifier = open_classifier(base, labels, pooling=setting.pooling, **how)
    if setting.freeze:
        frozen(classifier.network.encoder)
    return classifier


def kept_vectors(
    encoder: Encoder, texts: Sequence[str], pooling: str, access: Access
) -> NDArray[np.float32]:
    """(N, D) of the last layer, from the cache where they are there."""
    key = {"encoder": encoder.signature, "pooling": pooling, "texts": list(texts)}
    name = f"vectors-{sha256_text(canonical_json(key))[:20]}"

    def build(out: Path) -> None:
        np.save(out / "vectors.npy", encoder.layers(texts, [encoder.depth], pooling=pooling)[0])

    found: NDArray[np.float32] = np.load(
        derived_folder(name, build, access) / "vectors.npy", allow_pickle=False
    )
    return found
