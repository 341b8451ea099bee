"""Which pairs of the pool become the shots of a sentence.

    python -m icl.eval --lang sw --shots 4 --select bm25 --pool lafand:train

random      the same for every sentence, drawn with the seed (`icl.shots.draw_shots`)
first       the same for every sentence: the first of the pool
bm25        those whose source is most like the sentence (Robertson and Zaragoza 2009, by bm25s)
r-bm25      of the best 100 by BM25, those that cover most of its n-grams not covered yet (Agrawal
            et al. 2023, https://aclanthology.org/2023.findings-acl.564)
embedding   those whose source is nearest by the cosine of a model's mean-pooled last layer

The most similar stands last, next to the sentence. Ties go to the pair that stands first in the
pool. Languages written without spaces are compared by pairs of characters, all others by words.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Protocol

from data.errors import InputError, UnavailableError
from data.languages import Language
from data.parallel import Pair
from data.words import word_spans
from icl.shots import draw_shots
from metrics.sacrebleu_metrics import bleu_tokenization

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SELECTIONS = ("random", "first", "bm25", "r-bm25", "embedding")
FIXED = ("random", "first")  # one set of shots for all sentences
CANDIDATES = 100  # what r-bm25 chooses from
LONGEST_NGRAM = 4
COVERED = 0.1  # what an n-gram still counts once a chosen shot has it


class Embed(Protocol):
    """From sentences to unit vectors.

    Attributes:
        identity: what makes them these vectors: a model and its revision.
    """

    identity: str

    def __call__(self, sentences: Sequence[str]) -> NDArray[np.float32]:
        """The vectors of n sentences, shape (n, d)."""
        ...


def select_shots(
    method: str,
    pool: Sequence[Pair],
    sources: Sequence[str],
    count: int,
    *,
    language: Language,
    seed: int = 1,
    key: str = "",
    embed: Embed | None = None,
) -> list[tuple[Pair, ...]]:
    """The shots of every source, the most similar last.

    Args:
        language: that of the sources; it tells how they are cut into words.
        seed, key: for `random`, see `draw_shots`.
        embed: for `embedding`.

    Raises:
        InputError: no such method, or more shots than the pool holds.
        UnavailableError: the package bm25s is not installed.

    >>> from data.languages import resolve
    >>> pool = [Pair("1", "Paka amelala", "A cat sleeps"), Pair("2", "Mvua inanyesha", "It rains")]
    >>> found = select_shots("bm25", pool, ["Mvua kubwa"], 1, language=resolve("sw"))
    >>> found[0][0].id
    '2'
    """
    if method not in SELECTIONS:
        raise InputError(f'--select "{method}": expected one of {", ".join(SELECTIONS)}')
    drawn = draw_shots(pool, count, seed, key)  # checks the count, too
    if method == "random" or not count:
        return [drawn] * len(sources)
    if method == "first":
        return [tuple(pool[:count])] * len(sources)
    if method == "embedding":
        return _nearest(pool, sources, count, embed)
    return list(_by_words(method, pool, sources, count, language))


def terms(sentence: str, language: Language) -> list[str]:
    """What two sentences are compared by: words without case, or pairs of characters.

    >>> from data.languages import resolve
    >>> terms("Paka, paka!", resolve("sw")), terms("我喜欢", resolve("zh"))
    (['paka', 'paka'], ['我喜', '喜欢'])
    """
    code = "-".join(filter(None, (language.bcp47.split("-")[0], language.script)))
    if bleu_tokenization(code) == "13a":
        return [sentence[start:stop].casefold() for start, stop in word_spans(sentence)]
    # Thai and Burmese write vowels and tones as marks.
    letters = [c for c in sentence.casefold() if unicodedata.category(c)[0] in "LMN"]
    return ["".join(pair) for pair in pairwise(letters)]


def _by_words(
    method: str, pool: Sequence[Pair], sources: Sequence[str], count: int, language: Language
) -> Iterator[tuple[Pair, ...]]:
    documents = [terms(pair.source, language) for pair in pool]
    index = _bm25(documents) if any(documents) else None
    for source in sources:
        query = terms(source, language)
        ranked = _ranked(index, query) if index and query else list(range(len(pool)))
        if method == "r-bm25":
            ranked = most_covering(query, [(i, documents[i]) for i in ranked[:CANDIDATES]], count)
        yield tuple(pool[place] for place in reversed(ranked[:count]))


def _bm25(documents: Sequence[Sequence[str]]) -> Any:
    try:
        import bm25s
    except ImportError as error:
        raise UnavailableError(
            '--select bm25 needs the package "bm25s"; run: pip install "kilolingua[cpu]"'
        ) from error
    index = bm25s.BM25()
    index.index([list(words) for words in documents], show_progress=False)
    return index


def _ranked(index: Any, query: Sequence[str]) -> list[int]:
    """The places of the pool by BM25, the best first."""
    order: list[int] = (-index.get_scores(list(query))).argsort(kind="stable").tolist()
    return order


def most_covering(
    query: Sequence[str], candidates: Iterable[tuple[int, Sequence[str]]], count: int
) -> list[int]:
    """The candidates that recall most of the query's n-grams, the best first, one after another.

    An n-gram that a chosen candidate has counts a tenth from then on, so that the next one brings
    something new. The score is the mean recall over n = 1..4; the paper takes the geometric mean,
    which is 0 wherever no 4-gram recurs.

    >>> query = "the old cat sleeps".split()
    >>> most_covering(query, [(7, ["the", "old", "cat"]), (8, ["the", "old"]), (9, ["sleeps"])], 2)
    [7, 9]
    """
    wanted = _ngrams(query)
    weights = dict.fromkeys(wanted, 1.0)
    totals = [sum(n for g, n in wanted.items() if len(g) == order) for order in _orders()]
    left = {place: _ngrams(words) & wanted for place, words in candidates}
    chosen: list[int] = []
    while left and len(chosen) < count:
        place = max(left, key=lambda one: _recall(left[one], weights, totals))  # ties: the first
        for ngram in left.pop(place):
            weights[ngram] = COVERED
        chosen.append(place)
    return chosen


def _orders() -> range:
    return range(1, LONGEST_NGRAM + 1)


def _ngrams(words: Sequence[str]) -> Counter[tuple[str, ...]]:
    return Counter(
        tuple(words[start : start + order])
        for order in _orders()
        for start in range(len(words) - order + 1)
    )


def _recall(
    matched: Counter[tuple[str, ...]], weights: dict[tuple[str, ...], float], totals: Sequence[int]
) -> float:
    recalls = [0.0] * LONGEST_NGRAM
    for ngram, times in matched.items():
        recalls[len(ngram) - 1] += times * weights[ngram] / totals[len(ngram) - 1]
    return sum(recalls) / LONGEST_NGRAM


def _nearest(
    pool: Sequence[Pair], sources: Sequence[str], count: int, embed: Embed | None
) -> list[tuple[Pair, ...]]:
    if embed is None:
        raise InputError("--select embedding: needs a local model; give one with --embedder")
    vectors = embed([pair.source for pair in pool])  # (P, D)
    similarity = embed(sources) @ vectors.T  # (N, P)
    order = (-similarity).argsort(axis=1, kind="stable")[:, :count]
    return [tuple(pool[place] for place in reversed(row)) for row in order.tolist()]
