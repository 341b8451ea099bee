"""Which word of a sentence translates which of its translation: statistical word alignment.

    bitext = encode([(["the", "house"], ["das", "haus"]), (["the", "book"], ["das", "buch"])])
    source, target = intersection(align(bitext), align(bitext.reversed()))

A target word is drawn from one word of the source sentence, or from none ("null"). In IBM Model 1
(Brown et al. 1993, https://aclanthology.org/J93-2003) all positions are equally likely. In its
reparameterised Model 2 (Dyer, Chahuneau and Smith 2013, https://aclanthology.org/N13-1073, known as
fast_align) those near the diagonal are likelier: position i of I has the prior
(1 - p0) exp(-tension |i/I - j/J|) / Z for the target word at j of J. A tension of 0 is Model 1.

Everything is one array over the cells, a cell being a target word with one word of its source
sentence: 14 million for 30,000 sentences of news. Memory grows with them, 40 to 80 bytes a cell.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from data.lexicon import fold
from data.parallel import Pair
from data.words import word_spans

Integers = NDArray[np.int64]
WordPair = tuple[tuple[str, ...], tuple[str, ...]]

LONGEST = 100  # words; longer ones are paragraphs, whose cells cost much and say little

# Reasons under which sentence pairs are left out.
NO_WORDS = "no word on one side"
TOO_LONG = f"more than {LONGEST} words on one side"
REPEATED = "repeated pair"
UNTRANSLATED = "same words on both sides"


@dataclass(frozen=True, slots=True)
class Side:
    """One half of a text: sentence k is `words[ids[start[k]:start[k + 1]]]`."""

    words: tuple[str, ...]
    ids: Integers  # (tokens,)
    start: Integers  # (sentences + 1,)

    def counts(self) -> Integers:
        """How often each word occurs, (words,)."""
        return np.bincount(self.ids, minlength=len(self.words))


@dataclass(frozen=True, slots=True)
class Bitext:
    """Sentences and their translations as numbers; none is empty."""

    source: Side
    target: Side

    def reversed(self) -> Bitext:
        """The same sentences in the other direction."""
        return Bitext(self.target, self.source)


def words_of(sentence: str) -> tuple[str, ...]:
    """The words of a sentence, folded.

    >>> words_of("NG’OMBE wetu 3, wa Juma.")
    ("ng'ombe", 'wetu', 'wa', 'juma')
    """
    return tuple(fold(sentence[start:stop]) for start, stop in word_spans(sentence))


def english_words_of(sentence: str) -> tuple[str, ...]:
    """The words of an English sentence, folded, without the possessive.

    >>> english_words_of("The farmer’s COWS.")
    ('the', 'farmer', 'cows')
    """
    return tuple(word.removesuffix("'s") for word in words_of(sentence))


def usable(pairs: Iterable[Pair], dropped: Counter[str]) -> list[WordPair]:
    """The words of the pairs, English first, worth aligning; the others are counted by reason."""
    kept: dict[WordPair, None] = {}
    for pair in pairs:
        words = english_words_of(pair.source), words_of(pair.target)
        reason = _fault(words) or (REPEATED if words in kept else None)
        if reason:
            dropped[reason] += 1
        else:
            kept[words] = None
    return list(kept)


def encode(pairs: Sequence[tuple[Sequence[str], Sequence[str]]]) -> Bitext:
    """Number the words of both sides by first occurrence; no sentence may be empty.

    >>> encode([(["the", "house"], ["das", "haus"]), (["the"], ["das"])]).source.ids.tolist()
    [0, 1, 0]
    """
    return Bitext(_side([source for source, _ in pairs]), _side([target for _, target in pairs]))


def starts(lengths: Sequence[int] | Integers) -> Integers:
    """Where each of several runs begins, and where the last one ends.

    >>> starts([2, 3]).tolist()
    [0, 2, 5]
    """
    bounds = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=bounds[1:])
    return bounds


def _fault(words: WordPair) -> str | None:
    source, target = words
    if not source or not target:
        return NO_WORDS
    if max(len(source), len(target)) > LONGEST:
        return TOO_LONG
    return UNTRANSLATED if source == target else None


def _side(sentences: Sequence[Sequence[str]]) -> Side:
    numbers: dict[str, int] = {}
    ids = [numbers.setdefault(word, len(numbers)) for word in chain.from_iterable(sentences)]
    return Side(tuple(numbers), np.array(ids, np.int64), starts([len(s) for s in sentences]))


Floats = NDArray[np.float64]

_CELLS_AT_ONCE = 1 << 20
_TENSIONS = (0.1, 14.0)  # fast_align's bounds
_TINY = 1e-300


@dataclass(frozen=True, slots=True)
class Settings:
    """How a model is trained.

    Attributes:
        model1_iterations, model2_iterations: rounds of EM, one model after the other.
        p0: the prior of null, from 0 up to 1.
        tension: where Model 2 starts from; it is fitted on the way when `fit_tension`.
        same_spelling: how many times likelier than others a word's translation by itself is at
            the start, so that "Sierra Leone" is not linked crosswise.
        alpha: the Dirichlet prior of variational Bayes, which keeps a rare word from collecting
            whatever stands beside it; 0 is plain EM.
    """

    model1_iterations: int = 3
    model2_iterations: int = 5
    p0: float = 0.08
    tension: float = 4.0
    fit_tension: bool = True
    same_spelling: float = 10.0
    alpha: float = 0.01


DEFAULT = Settings()


@dataclass(frozen=True, slots=True)
class Model:
    """What EM has learnt: t(target word | source word), t(target word | null), the tension.

    A type is a pair of words that occur together in some sentence. `log_likelihoods` holds the
    natural logarithm of the text's probability at the start of each iteration, the first one under
    the start, which sums to more than one where words are spelt the same.
    """

    type_source: NDArray[np.int32]  # (types,)
    type_target: NDArray[np.int32]  # (types,)
    table: Floats  # (types,)
    null: Floats  # (target words,)
    p0: float
    tension: float = 0.0
    log_likelihoods: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class _Cells:
    """The cells of a text: those of target token r are `start[r]:start[r + 1]`, in source order."""

    start: Integers  # (target tokens + 1,)
    first: Integers  # (target tokens,), the source token of a row's first cell
    target: Integers  # (target tokens,), which word it is
    type: NDArray[np.int32]  # (cells,)
    distance: NDArray[np.float32]  # (cells,), |i/I - j/J|


@dataclass(frozen=True, slots=True)
class _Block:
    """What the E-step finds for the rows from `first` to before `stop`."""

    first: int
    stop: int
    types: NDArray[np.int32]  # (cells,)
    distance: Floats  # (cells,)
    prior: Floats  # (cells,), sums to 1 over a row
    posterior: Floats  # (cells,)
    null: Floats  # (rows,), posterior of null
    probability: Floats  # (rows,)
    row_start: Integers  # (rows,), within the block
    row_length: Integers  # (rows,)


def train(bitext: Bitext, settings: Settings = DEFAULT) -> Model:
    """Fit t(target | source) by expectation maximisation; the same text gives the same model."""
    return _train(bitext, settings)[0]


def align(bitext: Bitext, settings: Settings = DEFAULT) -> Integers:
    """The likeliest source token of every target token, (target tokens,); -1 for null.

    Tokens are numbered through the whole text, as in `Side.ids`. Ties go to the first position.
    """
    model, cells = _train(bitext, settings)
    return np.concatenate([_best(cells, block) for block in _expectation(cells, model)])


def intersection(forward: Integers, backward: Integers) -> tuple[Integers, Integers]:
    """The links that both directions have: (source tokens, target tokens), target ascending.

    Args:
        forward: for every target token its source token or -1.
        backward: for every source token its target token or -1.

    >>> source, target = intersection(np.array([0, 0, 2]), np.array([1, -1, 2]))
    >>> source.tolist(), target.tolist()
    ([0, 2], [1, 2])
    """
    target = np.flatnonzero(forward >= 0)
    source = forward[target]
    kept = backward[source] == target
    return source[kept], target[kept]


def digamma(x: Floats) -> Floats:
    """The derivative of log gamma, to 1e-9 or better for positive numbers.

    Recurrence up to 6 and the asymptotic series (Abramowitz and Stegun, 6.3.5 and 6.3.18).

    >>> -digamma(np.array([1.0])).round(8)[0]  # Euler's constant
    np.float64(0.57721566)
    """
    x = x.copy()
    result = np.zeros_like(x)
    for _ in range(6):
        result -= 1 / x
        x += 1
    y = 1 / (x * x)
    return result + np.log(x) - 0.5 / x - y * (1 / 12 - y * (1 / 120 - y * (1 / 252 - y / 240)))


def _train(bitext: Bitext, settings: Settings) -> tuple[Model, _Cells]:
    cells, model = _cells(bitext, settings.p0)
    model.table[_same_spelling(bitext, model)] *= settings.same_spelling
    for _ in range(settings.model1_iterations):
        model = _iterate(cells, model, settings.alpha, fit_tension=False)
    if settings.model2_iterations:
        model = replace(model, tension=settings.tension)
    for _ in range(settings.model2_iterations):
        model = _iterate(cells, model, settings.alpha, fit_tension=settings.fit_tension)
    return model, cells


def _cells(bitext: Bitext, p0: float) -> tuple[_Cells, Model]:
    """All cells of a text, and a uniform model over the types of its cells."""
    source, target = bitext.source, bitext.target
    target_lengths = np.diff(target.start)
    row_length = np.repeat(np.diff(source.start), target_lengths)
    start = starts(row_length)
    first = np.repeat(source.start[:-1], target_lengths)
    words = len(target.words)
    types, cell_type = _types(source.ids[_tokens(start, first)], target.ids, row_length, words)
    position = np.arange(1, len(target.ids) + 1) - np.repeat(target.start[:-1], target_lengths)
    place = position / np.repeat(target_lengths, target_lengths)
    cells = _Cells(start, first, target.ids, cell_type, _distances(start, row_length, place))
    pair = [half.astype(np.int32) for half in np.divmod(types, words)]
    table, null = np.full(len(types), 1 / words), np.full(words, 1 / words)
    return cells, Model(pair[0], pair[1], table, null, p0)


def _tokens(start: Integers, first: Integers) -> Integers:
    """The source token of every cell, given the first one of every row."""
    return np.arange(start[-1]) + np.repeat(first - start[:-1], np.diff(start))


def _types(
    source_word: Integers, target_word: Integers, row_length: Integers, words: int
) -> tuple[Integers, NDArray[np.int32]]:
    """The pairs of words that occur, as source * words + target, ascending; which one a cell is."""
    source_word *= words
    source_word += np.repeat(target_word, row_length)
    types, cell_type = np.unique(source_word, return_inverse=True)
    return types, cell_type.astype(np.int32)


def _distances(start: Integers, row_length: Integers, place: Floats) -> NDArray[np.float32]:
    """|i/I - j/J| of every cell, given j/J of every row."""
    distance = _tokens(start, np.ones_like(row_length)) / np.repeat(row_length, row_length)
    distance -= np.repeat(place, row_length)
    return np.abs(distance, out=distance).astype(np.float32)


def _same_spelling(bitext: Bitext, model: Model) -> NDArray[np.bool_]:
    """Which types are a word and itself, (types,)."""
    numbers = {word: number for number, word in enumerate(bitext.target.words)}
    twin = np.array([numbers.get(word, -1) for word in bitext.source.words], np.int32)
    same: NDArray[np.bool_] = twin[model.type_source] == model.type_target
    return same


def _iterate(cells: _Cells, model: Model, alpha: float, *, fit_tension: bool) -> Model:
    """One round of EM."""
    counts, null_counts = np.zeros_like(model.table), np.zeros_like(model.null)
    log_likelihood = slope = curvature = 0.0
    for block in _expectation(cells, model):
        counts += np.bincount(block.types, block.posterior, len(counts))
        words = cells.target[block.first : block.stop]
        null_counts += np.bincount(words, block.null, len(null_counts))
        log_likelihood += float(np.log(block.probability).sum())
        if fit_tension:
            terms = _tension_terms(block)
            slope, curvature = slope + terms[0], curvature + terms[1]
    tension = model.tension
    if fit_tension:
        tension = float(np.clip(tension + slope / max(curvature, _TINY), *_TENSIONS))
    return replace(
        model,
        table=_normalised(counts, model.type_source, alpha),
        null=_normalised(null_counts, np.zeros(len(null_counts), np.int32), alpha),
        tension=tension,
        log_likelihoods=(*model.log_likelihoods, log_likelihood),
    )


def _expectation(cells: _Cells, model: Model) -> Iterator[_Block]:
    """The posterior of every cell, some rows at a time."""
    for first, stop in _rows_at_once(cells.start):
        span = slice(cells.start[first], cells.start[stop])
        row_start = cells.start[first:stop] - span.start
        row_length = np.diff(cells.start[first : stop + 1])
        distance = cells.distance[span].astype(np.float64)
        prior = np.exp(-model.tension * distance)
        prior /= np.repeat(np.add.reduceat(prior, row_start), row_length)
        types = cells.type[span]
        posterior = (1 - model.p0) * prior * model.table[types]
        null = model.p0 * model.null[cells.target[first:stop]]
        probability = np.maximum(np.add.reduceat(posterior, row_start) + null, _TINY)
        posterior /= np.repeat(probability, row_length)
        null /= probability
        yield _Block(
            first, stop, types, distance, prior, posterior, null, probability, row_start, row_length
        )


def _rows_at_once(start: Integers) -> Iterable[tuple[int, int]]:
    """Runs of rows with about a million cells each, so that temporary arrays stay small."""
    first, rows = 0, len(start) - 1
    while first < rows:
        limit = start[first] + _CELLS_AT_ONCE
        stop = max(first + 1, int(np.searchsorted(start, limit, side="right")) - 1)
        yield first, stop
        first = stop


def _tension_terms(block: _Block) -> tuple[float, float]:
    """Slope and curvature of EM's objective in the tension, for a step of Newton's method.

    Slope: the distance that the prior expects less the one that the posterior has; curvature:
    the variance of the distance under the prior.
    """
    mean = np.add.reduceat(block.prior * block.distance, block.row_start)
    square = np.add.reduceat(block.prior * block.distance**2, block.row_start)
    aligned = 1 - block.null
    slope = aligned @ mean - block.posterior @ block.distance
    return float(slope), float(aligned @ (square - mean**2))


def _normalised(counts: Floats, group: NDArray[np.int32], alpha: float) -> Floats:
    """Counts as probabilities within each group, or as those of variational Bayes.

    The latter, exp(digamma(count + alpha)) / exp(digamma(total)), sum to less than one.
    """
    if not alpha:
        return counts / np.maximum(np.bincount(group, counts), _TINY)[group]
    counts = counts + alpha
    total = digamma(np.maximum(np.bincount(group, counts), alpha))
    result: Floats = np.exp(digamma(counts) - total[group])
    return result


def _best(cells: _Cells, block: _Block) -> Integers:
    """The source token of the likeliest cell of each row, -1 where null is likelier."""
    highest = np.maximum.reduceat(block.posterior, block.row_start)
    places = np.flatnonzero(block.posterior == np.repeat(highest, block.row_length))
    rows = np.searchsorted(block.row_start, places, side="right") - 1
    _, earliest = np.unique(rows, return_index=True)
    positions = places[earliest] - block.row_start
    tokens = cells.first[block.first : block.stop] + positions
    return np.where(block.null > highest, -1, tokens)
