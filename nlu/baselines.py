"""What costs nothing: the most frequent intent, n-grams with a linear model, the nearest neighbour.

    intents = NGramIntents.of(texts, labels)
    slots = LinearSlots.of(tokens, tags)                # features of words, a CRF on top

All are learned from the training utterances of the source language alone; what they know of others
is the words, names and digits that languages share.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from data.labels.bio import OUTSIDE
from data.randomness import stream
from metrics.intents import Parse
from nlu.decoding import Crf, best_tags, names, tag_labels
from training.classification.logistic import DIMENSIONS, PENALTY, NGrams, fitted, hashed

MAJORITY, CHARACTERS = "most frequent intent", "n-grams, linear"
EPOCHS, BATCH, RATE = 8, 32, 0.02  # of the CRF on features


def majority(intents: Sequence[str]) -> str:
    """The most frequent intent, of equals the first in the alphabet."""
    counts = Counter(intents)
    return min(counts, key=lambda intent: (-counts[intent], intent))


LARGE = 2_000_000  # weights; beyond, L-BFGS with its 200 copies of them takes too much memory


@dataclass(frozen=True)
class NGramIntents:
    """A logistic regression on the tf-idf of hashed character n-grams."""

    ngrams: NGrams
    labels: tuple[str, ...]
    head: Tensor

    @classmethod
    def of(
        cls, texts: Sequence[str], intents: Sequence[str], penalty: float = PENALTY / 100
    ) -> NGramIntents:
        """Learned from texts with intents."""
        labels = tuple(sorted(set(intents)))
        number = {label: n for n, label in enumerate(labels)}
        ngrams = NGrams.of(texts)
        gold = [number[intent] for intent in intents]
        if DIMENSIONS * len(labels) <= LARGE:
            head = fitted(ngrams.scores(texts), DIMENSIONS + 1, gold, len(labels), penalty)
        else:
            head = approached(ngrams, texts, gold, len(labels))
        return cls(ngrams, labels, head)

    def predict(self, texts: Sequence[str]) -> list[str]:
        """The intent of each text."""
        best = self.ngrams.scores(texts)(self.head).argmax(dim=1).tolist()
        return [self.labels[number] for number in best]


def approached(ngrams: NGrams, texts: Sequence[str], gold: Sequence[int], labels: int) -> Tensor:
    """The head by AdaGrad over a few epochs, (DIMENSIONS + 1, labels): for many labels."""
    weights = torch.zeros(DIMENSIONS + 1, labels, requires_grad=True)
    optimiser = torch.optim.Adagrad([weights], lr=1.0)
    for epoch in range(EPOCHS):
        order = list(range(len(texts)))
        stream(1, "intents", str(epoch)).shuffle(order)
        for start in range(0, len(order), 8 * BATCH):
            chosen = order[start : start + 8 * BATCH]
            optimiser.zero_grad()
            scores = ngrams.scores([texts[n] for n in chosen])(weights)
            right = torch.tensor([gold[n] for n in chosen])
            nn.functional.cross_entropy(scores, right).backward()  # type: ignore[no-untyped-call]
            optimiser.step()
    return weights.detach()


@dataclass(frozen=True)
class LinearSlots:
    """Hashed features of words (the word, its character n-grams, its neighbours) under a CRF."""

    labels: tuple[str, ...]
    weights: nn.EmbeddingBag
    crf: Crf

    @classmethod
    def of(
        cls, tokens: Sequence[Sequence[str]], tags: Sequence[Sequence[str]], seed: int = 1
    ) -> LinearSlots:
        """Learned by AdaGrad over a few epochs; the same seed gives the same."""
        labels = tag_labels({tag[2:] for one in tags for tag in one} - {""})
        number = {label: n for n, label in enumerate(labels)}
        weights = nn.EmbeddingBag(DIMENSIONS, len(labels), mode="mean")
        crf = Crf(len(labels))
        nn.init.zeros_(weights.weight)
        optimiser = torch.optim.Adagrad([*weights.parameters(), *crf.parameters()], lr=25 * RATE)
        rows = [
            (features(one), [number[t] for t in of]) for one, of in zip(tokens, tags, strict=True)
        ]
        for epoch in range(EPOCHS):
            order = list(range(len(rows)))
            stream(seed, "slots", str(epoch)).shuffle(order)
            for start in range(0, len(order), BATCH):
                chosen = [rows[n] for n in order[start : start + BATCH]]
                scores, gold, mask = _batch(weights, chosen)
                optimiser.zero_grad()
                (crf(scores, gold, mask) / int(mask.sum())).backward()
                optimiser.step()
        return cls(labels, weights, crf)

    def predict(self, tokens: Sequence[Sequence[str]]) -> list[tuple[str, ...]]:
        """The tags of each utterance."""
        moves = self.crf.matrix()
        found = []
        with torch.no_grad():
            for words in tokens:
                flat, starts = _flat(features(words))
                scores: NDArray[np.float32] = self.weights(flat, starts).numpy()
                found.append(names(best_tags(scores, moves), self.labels))
        return found


def features(words: Sequence[str]) -> list[NDArray[np.int64]]:
    """The features of each word as places in a table: n-grams of it, it whole, its neighbours."""
    around = ["<", *(word.casefold() for word in words), ">"]
    found = []
    for place, word in enumerate(words, 1):
        whole = (around[place - 1] + "\1", around[place], around[place + 1] + "\2", _outline(word))
        named = [hashed(f"\3{part}")[-1:] for part in whole]
        found.append(np.concatenate([hashed(word), *named]))
    return found


def _outline(word: str) -> str:
    """What kinds of characters a word has: `\4dd:dd` for 12:30."""
    kinds = (
        "d" if c.isdecimal() else "X" if c.isupper() else "x" if c.isalpha() else c for c in word
    )
    return "\4" + "".join(kinds)[:6]


def _flat(found: Sequence[NDArray[np.int64]]) -> tuple[Tensor, Tensor]:
    starts = np.cumsum([0, *(len(one) for one in found[:-1])])
    return torch.from_numpy(np.concatenate(found)), torch.from_numpy(starts)


def _batch(
    weights: nn.EmbeddingBag, chosen: Sequence[tuple[list[NDArray[np.int64]], list[int]]]
) -> tuple[Tensor, Tensor, Tensor]:
    longest = max(len(gold) for _, gold in chosen)
    flat, starts = _flat([one for found, _ in chosen for one in found])
    each = weights(flat, starts).split([len(gold) for _, gold in chosen])
    scores = nn.utils.rnn.pad_sequence(each, batch_first=True)
    tags = torch.zeros(len(chosen), longest, dtype=torch.long)
    mask = torch.zeros(len(chosen), longest, dtype=torch.bool)
    for row, (_, gold) in enumerate(chosen):
        tags[row, : len(gold)] = torch.tensor(gold)
        mask[row, : len(gold)] = True
    return scores, tags, mask


def nearest(
    vectors: NDArray[np.float32], training: NDArray[np.float32], intents: Sequence[str]
) -> list[str]:
    """The intent of the training utterance with the nearest vector; all of length 1."""
    found = []
    for start in range(0, len(vectors), 1024):
        best = (vectors[start : start + 1024] @ training.T).argmax(axis=1)
        found += [intents[number] for number in best]
    return found


def free_parses(
    training: Sequence[Parse], texts: Sequence[str], tokens: Sequence[Sequence[str]]
) -> Callable[[Sequence[str], Sequence[Sequence[str]]], dict[str, list[Parse]]]:
    """What makes the parses of the two baselines that stand in every table."""
    first = majority([one.intent for one in training])
    intents = NGramIntents.of(texts, [one.intent for one in training])
    has_slots = any(tag != OUTSIDE for one in training for tag in one.slots)
    slots = LinearSlots.of(tokens, [one.slots for one in training]) if has_slots else None

    def parses(asked: Sequence[str], words: Sequence[Sequence[str]]) -> dict[str, list[Parse]]:
        nothing = [(OUTSIDE,) * len(one) for one in words]
        tags: Any = slots.predict(words) if slots else nothing
        return {
            CHARACTERS: [Parse(*one) for one in zip(intents.predict(asked), tags, strict=True)],
            MAJORITY: [Parse(first, of) for of in nothing],
        }

    return parses
