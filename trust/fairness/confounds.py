"""What else could explain a gap: pieces a word, frequency, length, training data.

A word list whose words a tokenizer cuts to bits differs from another in more than what it means;
a language that is cut to bits is served worse whatever its speakers' lot. So these figures stand
beside every gap, and nobody has to wonder.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from training.tokenizer.fertility import pieces_of_words
from training.tokenizer.special import literal_backend

if TYPE_CHECKING:
    from trust.fairness.lists import Group, WordTest
    from trust.fairness.outcomes import Outcome

FEWEST = 5  # languages, for a correlation over them


def pieces_a_word(tokenizer: Any, texts: Sequence[str]) -> float:
    """Pieces that touch the words of texts, a word; see `probe.cost`."""
    from probe.tokens import words_of

    backend = literal_backend(tokenizer)
    pieces = words = 0.0
    encodings = backend.encode_batch(list(texts), add_special_tokens=False)
    for encoding, spans in zip(encodings, words_of(texts), strict=True):
        offsets = np.array(encoding.offsets, np.int64).reshape(-1, 2)
        places = np.array(spans, np.int64).reshape(-1, 2)
        pieces += float(pieces_of_words(offsets, places).sum())
        words += len(places)
    return round(pieces / max(1.0, words), 3)


def of_lists(
    test: WordTest, tokenizer: Any, counts: Mapping[str, int] | None
) -> dict[str, float | str]:
    """By list: pieces a word, letters a word, and how often its words are in the corpus, if any."""
    found: dict[str, float | str] = {}
    for one in test.groups:
        found[f"pieces a word, {one.name}"] = pieces_a_word(tokenizer, one.words)
        found[f"letters, {one.name}"] = round(float(np.mean([len(w) for w in one.words])), 2)
        if counts is not None:
            found[f"occurrences, {one.name}"] = _middle(one, counts)
    return found


def _middle(one: Group, counts: Mapping[str, int]) -> float:
    """The median number of occurrences of a list's words."""
    return float(np.median([counts.get(word, 0) for word in one.words]))


def of_outcome(
    outcome: Outcome, tokenizer: Any, known: Mapping[str, int], trained: Mapping[str, int]
) -> dict[str, float | str]:
    """Of a language's test set: pieces a word, words a text, words that training had, examples.

    Args:
        known: how often each word is in the training data.
        trained: examples by language, as BCP 47 tags.
    """
    words = Counter(outcome.words)
    total = max(1, sum(words.values()))
    found: dict[str, float | str] = {
        "pieces a word": pieces_a_word(tokenizer, outcome.texts),
        "words a text": round(total / max(1, len(outcome.texts)), 2),
    }
    if known:
        seen = sum(number for word, number in words.items() if word in known)
        found["words seen in training, %"] = round(100 * seen / total, 1)
    if trained and outcome.language is not None:
        found["training examples"] = trained.get(outcome.language.bcp47, 0)
    return found


def ranked(values: Sequence[float]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Ranks from 1; those of equal values are shared.

    >>> ranked([0.3, 0.1, 0.3]).tolist()
    [2.5, 1.0, 2.5]
    """
    every = np.asarray(values, np.float64)
    below = (every[:, None] > every[None, :]).sum(axis=1)
    equal = (every[:, None] == every[None, :]).sum(axis=1)
    made: np.ndarray[Any, np.dtype[np.float64]] = below + (equal + 1) / 2
    return made


def correlation(one: Sequence[float], other: Sequence[float]) -> float:
    """Spearman's: of ranks; 0 where one side does not vary.

    >>> correlation([1, 2, 3, 4], [10, 30, 20, 40])
    0.8
    """
    first, second = ranked(one), ranked(other)
    first, second = first - first.mean(), second - second.mean()
    length = float(np.sqrt((first @ first) * (second @ second)))
    return round(float(first @ second) / length, 10) if length else 0.0
