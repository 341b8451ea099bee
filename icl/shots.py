"""Shots: which examples stand in the prompt, and where they may come from.

A shot is never a test item. For a test set without a development part, whole documents are held
back, so that no shot is the neighbour of what is scored; and any pool sentence that stands in the
scored set, on either side, is dropped and counted.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from data.errors import InputError
from data.parallel import Pair
from data.randomness import stream
from data.spelling import sentence_key


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


def _document(pair: Pair) -> str:
    return pair.document or f"\x1f{pair.id}"
