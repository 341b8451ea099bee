"""CEAT: words in sentences of a corpus (Guo and Caliskan 2021, https://arxiv.org/abs/2006.03955).

A sample draws a context of every word; its effect is WEAT's, its variance that of the associations
of all targets (as in the authors' code). Effects are combined by the random-effects model; their
first code's plain average, and its share of samples below .05, stand beside it.

The paper's p falls with the number of samples, however few words and sentences there are: samples
share both. So p here is of the permutation of the lists' words, the interval is over words, and the
paper's figures are in `beside`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from data.corpus import find_corpus
from data.randomness import stream
from data.words import word_spans
from trust.fairness.association import Floats, permutation_test, unit
from trust.fairness.confounds import of_lists
from trust.fairness.figures import Figure
from trust.fairness.random_effects import average, combined
from trust.fairness.weat import effect_figure

if TYPE_CHECKING:
    from trust.fairness.lists import WordTest
    from trust.fairness.subject import Subject

TESTED = 200  # samples whose own p is found, for the authors' share below .05
LONGEST = 400  # characters of a context around the word: what is beyond tells the encoder little


@dataclass(slots=True)
class Contexts:
    """Sentences with a word in them, a sample of so many, each equally likely (Vitter 1985).

    Attributes:
        seen: how often the word occurred.
        kept: (text, where the word stands in it).
    """

    most: int
    draw: Random
    seen: int = 0
    kept: list[tuple[str, tuple[int, int]]] = field(default_factory=list)

    def add(self, text: str, span: tuple[int, int]) -> None:
        """An occurrence."""
        self.seen += 1
        if len(self.kept) < self.most:
            self.kept.append((text, span))
        elif (place := self.draw.randrange(self.seen)) < self.most:
            self.kept[place] = (text, span)


def contexts_of(
    words: Sequence[str], texts: Iterator[str], *, most: int, seed: int
) -> dict[str, Contexts]:
    """Where words occur, letter case aside; words that never do have none.

    >>> found = contexts_of(["rose", "ant"], iter(["The rose.", "Rose bushes"]), most=9, seed=1)
    >>> found["rose"].kept, found["ant"].seen
    ([('The rose.', (4, 8)), ('Rose bushes', (0, 4))], 0)
    """
    found = {word: Contexts(most, stream(seed, "contexts", word)) for word in words}
    folded = {word.casefold(): found[word] for word in words}
    for text in texts:
        for start, stop in word_spans(text):
            known = folded.get(text[start:stop].casefold())
            if known is not None:
                first = max(0, start - LONGEST)
                known.add(text[first : stop + LONGEST], (start - first, stop - first))
    return found


def ceat(subject: Subject) -> list[Figure]:
    """The effect of every test whose words the corpus has."""
    every = list(dict.fromkeys(w for t in subject.tests for one in t.groups for w in one.words))
    config = subject.config
    found = contexts_of(every, _texts(subject), most=config.contexts, seed=config.seed)
    vectors = _vectors(subject, found)
    return [_figure(subject, test, vectors, found) for test in subject.tests]


def _texts(subject: Subject) -> Iterator[str]:
    for name in subject.config.corpus:
        for record in find_corpus(name, access=subject.access).records(dropped=Counter()):
            yield record.text


def _vectors(subject: Subject, found: dict[str, Contexts]) -> dict[str, Floats]:
    """Of each word with contexts its unit vectors there, (contexts, width)."""
    places = [(word, *one) for word, contexts in found.items() for one in contexts.kept]
    if not places:
        return {}
    words, texts, spans = zip(*places, strict=True)
    made = subject.encoder.words(texts, spans, layer=subject.layer)
    rows: dict[str, list[int]] = {}
    for row, word in enumerate(words):
        if not np.isnan(made[row]).any():  # else the text was cut before the word
            rows.setdefault(word, []).append(row)
    return {word: unit(made[chosen]) for word, chosen in rows.items()}


def _figure(
    subject: Subject, test: WordTest, vectors: dict[str, Floats], found: dict[str, Contexts]
) -> Figure:
    every = [word for one in test.groups for word in one.words]
    lacking = [word for word in every if word not in vectors]
    if lacking:
        told = f"{test.title}: not in the text, left out: {', '.join(lacking)}"
        subject.notes.append(told)
    test = test.without(set(lacking))
    config = subject.config
    drawn = samples(test, vectors, config.samples, config.seed)
    number, size = len(drawn), len(test.x.words)
    spread = drawn.std(axis=1, ddof=1)
    effects = (drawn[:, :size].mean(axis=1) - drawn[:, size:].mean(axis=1)) / spread
    whole = combined(effects, spread**2)
    some = drawn[:: max(1, number // TESTED)]
    ps = [permutation_test(s[:size], s[size:], seed=config.seed).p_greater for s in some]
    plain = average(effects[:: max(1, number // TESTED)], ps)
    words = drawn.mean(axis=0)
    counts = {word: one.seen for word, one in found.items()}
    beside = of_lists(test, subject.tokenizer, counts) | {
        "paper's p": f"{whole.p:.2g}",
        "paper's error": round(whole.error, 4),
        "tau2": round(whole.tau2, 4),
        "plain average": round(float(effects.mean()), 4),
        "samples with p < .05, %": round(plain.significant, 1),
    }
    return effect_figure(
        subject, "ceat", test, words[:size], words[size:],
        value=whole.value,
        shrink=float((words.std(ddof=1) / spread).mean()),
        signature=f"|corpus:{'+'.join(config.corpus)}|samples:{number}|contexts:{config.contexts}",
        beside=beside,
    )  # fmt: skip


def samples(
    test: WordTest, vectors: dict[str, Floats], number: int, seed: int
) -> NDArray[np.float64]:
    """Associations of all targets in samples of contexts: (samples, X and Y).

    Args:
        vectors: unit vectors of each word in its contexts.
    """
    draws = np.random.default_rng(stream(seed, "samples", test.name).getrandbits(63))

    def of(word: str) -> Floats:
        """(samples, width), a context drawn for each."""
        chosen: Floats = vectors[word][draws.integers(len(vectors[word]), size=number)]
        return chosen

    def mean(words: Sequence[str]) -> Floats:
        total = of(words[0]).copy()
        for word in words[1:]:
            total += of(word)
        return total / len(words)

    direction = mean(test.a.words) - mean(test.b.words)
    columns = [(of(word) * direction).sum(axis=1) for word in (*test.x.words, *test.y.words)]
    found: NDArray[np.float64] = np.stack(columns, axis=1)
    return found
