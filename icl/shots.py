"""Where shots may come from, and which pairs of that pool become the shots of a sentence.

    python -m icl.eval --lang sw --shots 4 --select bm25 --pool lafand:train

A shot is never a test item. For a test set without a development part, whole documents are held
back, so that no shot is the neighbour of what is scored; and any pool sentence that stands in the
scored set, on either side, is dropped and counted.

random      the same for every sentence, drawn with the seed (`draw_shots`)
first       the same for every sentence: the first of the pool
bm25        those whose source is most like the sentence (Robertson and Zaragoza 2009, by bm25s)
r-bm25      of the best 100 by BM25, those that cover most of its n-grams not covered yet (Agrawal
            et al. 2023, https://aclanthology.org/2023.findings-acl.564)
embedding   those whose source is nearest by the cosine of a model's mean-pooled last layer

The most similar stands last, next to the sentence. Ties go to the pair that stands first in the
pool. Languages written without spaces are compared by pairs of characters, all others by words.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from data.errors import InputError, UnavailableError
from data.languages import Language
from data.parallel import Pair
from data.randomness import stream
from data.spelling import sentence_key
from data.words import word_spans
from icl.options import SELECTIONS
from metrics.sacrebleu_metrics import bleu_tokenization

if TYPE_CHECKING:
    from icl.engines.embedding import SentenceEmbedder

FIXED = ("random", "first")  # one set of shots for all sentences
CANDIDATES = 100  # what r-bm25 chooses from
LONGEST_NGRAM = 4
COVERED = 0.1  # what an n-gram still counts once a chosen shot has it


@dataclass(frozen=True, slots=True)
class Split:
    """What is scored, what shots are drawn from, and how many pool pairs were dropped as leaks."""

    scored: tuple[Pair, ...]
    pool: tuple[Pair, ...]
    leaked: int = 0


def hold_out(pairs: Sequence[Pair], size: int) -> Split:
    """Take whole documents, `size` pairs in all, out of the scored set.

    Where no documents add up to `size`, the largest sum below it is taken. The choice hangs on
    the documents' names and sizes alone: every language, seed and number of shots scores the
    same segments. Pairs without a document are documents of their own.

    >>> pairs = [Pair(str(i), f"s{i}", f"t{i}", f"d{i // 2}") for i in range(6)]
    >>> split = hold_out(pairs, 3)
    >>> len(split.pool), len(split.scored)
    (2, 4)
    """
    sizes = Counter(_document(pair) for pair in pairs)
    names = sorted(sizes, key=lambda name: hashlib.sha256(name.encode()).digest())
    chosen = _adding_up([(name, sizes[name]) for name in names], size)
    scored = tuple(pair for pair in pairs if _document(pair) not in chosen)
    return without_leaks(scored, [pair for pair in pairs if _document(pair) in chosen])


def _adding_up(sizes: Sequence[tuple[str, int]], total: int) -> set[str]:
    """The first documents in the given order whose sizes add up to `total`, or just below."""
    reachable = [{0}]  # sums of the last 0, 1, 2 ... documents
    for _, size in reversed(sizes):
        more = {found + size for found in reachable[-1] if found + size <= total}
        reachable.append(reachable[-1] | more)
    room, chosen = max(reachable.pop()), set()
    for name, size in sizes:
        if room - size in reachable.pop():
            chosen.add(name)
            room -= size
    return chosen


def without_leaks(scored: Iterable[Pair], pool: Sequence[Pair]) -> Split:
    """Drop pool pairs whose source or target is one of the scored ones, by letters and digits.

    The rule is that of training text (`data.spelling`): a full stop more or less, quotes and
    invisible characters make no other sentence.

    >>> pool = [Pair("7", "Jambo", "“HELLO!”", None), Pair("8", "Asante", "Thanks", None)]
    >>> split = without_leaks([Pair("1", "Habari", "Hello", None)], pool)
    >>> [pair.id for pair in split.pool], split.leaked
    (['8'], 1)
    """
    scored = tuple(scored)
    seen = {sentence_key(text) for pair in scored for text in (pair.source, pair.target)} - {""}
    kept = tuple(p for p in pool if not {sentence_key(p.source), sentence_key(p.target)} & seen)
    return Split(scored, kept, len(pool) - len(kept))


def _document(pair: Pair) -> str:
    return pair.document or f"\x1f{pair.id}"


def draw_shots(pool: Sequence[Pair], count: int, seed: int, key: str) -> tuple[Pair, ...]:
    """`count` different pairs, the same for every sentence of a run, keyed by (seed, key).

    A smaller count is the end of a larger one with the same seed: 1 shot is the last of 4.

    Raises:
        InputError: the pool is smaller than `count`, or `count` is negative.
    """
    if count < 0:
        raise InputError(f"--shots {count}: expected 0 or more")
    if count > len(pool):
        raise InputError(
            f"--shots {count}: the pool holds {len(pool)} pairs; ask for fewer, or name a larger "
            "pool with --pool"
        )
    order = stream(seed, "shots", key).sample(range(len(pool)), len(pool))
    return tuple(pool[index] for index in reversed(order[:count]))


def select_shots(
    method: str,
    pool: Sequence[Pair],
    sources: Sequence[str],
    count: int,
    *,
    language: Language,
    seed: int = 1,
    key: str = "",
    embed: SentenceEmbedder | None = None,
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
    pool: Sequence[Pair], sources: Sequence[str], count: int, embed: SentenceEmbedder | None
) -> list[tuple[Pair, ...]]:
    if embed is None:
        raise InputError("--select embedding: needs a local model; give one with --embedder")
    vectors = embed([pair.source for pair in pool])  # (P, D)
    similarity = embed(sources) @ vectors.T  # (N, P)
    order = (-similarity).argsort(axis=1, kind="stable")[:, :count]
    return [tuple(pool[place] for place in reversed(row)) for row in order.tolist()]
