r"""Which segment of a newer document is which of an older one: unchanged, moved, changed, or new.

>>> old = ["Intro.", "An oak is a tree.", "Ash.", "End."]
>>> new = ["End.", "Intro.", "An oak is a big tree.", "Yew."]
>>> [(one.old, one.kind) for one in match(old, new)]
[(3, 'same'), (0, 'same'), (1, 'changed'), (-1, 'new')]
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from localize.texts import key, unformatted

CHANGED = 0.4  # least likeness of a changed segment between unchanged neighbours
MOVED = 0.7  # and of one that may have moved as well
LONG = 20_000  # characters from which texts are compared by their words
MOST_CANDIDATES = 20  # of a segment that may have moved
COMMON = 50  # a word in more segments than this finds no candidates
_WORD = re.compile(r"\w{2,}")


class Match(NamedTuple):
    """What a new segment was before.

    Attributes:
        old: its place among the old ones; -1 for none.
        kind: same, formatting (its words are the same), changed, new.
    """

    old: int
    kind: str


def match(old: Sequence[str], new: Sequence[str]) -> list[Match]:
    """For each new text what it was among the old ones; no old text is taken twice."""
    found = [Match(-1, "new")] * len(new)
    old_keys, new_keys = [key(text) for text in old], [key(text) for text in new]
    for place, before in equal(old_keys, new_keys).items():
        found[place] = Match(before, "same")
    _fill(found, old, new, "formatting")
    taken = {one.old for one in found if one.old >= 0}
    free = [place for place in range(len(old)) if place not in taken]
    for place, before in _changed(old_keys, new_keys, found, free).items():
        found[place] = Match(before, "changed")
    return found


def equal(old: Sequence[str], new: Sequence[str]) -> dict[int, int]:
    """Places of equal texts, new to old: unique ones first, then their neighbours, then in order.

    Linear in the number of texts.

    >>> equal(["a", "x", "b", "x"], ["x", "b", "x", "a"])
    {1: 2, 3: 0, 2: 3, 0: 1}
    """
    counts = Counter(old), Counter(new)
    places = {text: place for place, text in enumerate(old)}
    pairs = {
        place: places[text]
        for place, text in enumerate(new)
        if counts[0][text] == counts[1][text] == 1
    }
    taken = set(pairs.values())
    for step in (1, -1):
        order = sorted(pairs, reverse=step < 0)
        for place in order:
            there, before = place + step, pairs[place] + step
            while (
                0 <= there < len(new)
                and 0 <= before < len(old)
                and there not in pairs
                and before not in taken
                and new[there] == old[before]
            ):
                pairs[there] = before
                taken.add(before)
                there, before = there + step, before + step
    waiting = defaultdict[str, list[int]](list)
    for place in range(len(old) - 1, -1, -1):
        if place not in taken:
            waiting[old[place]].append(place)
    for place, text in enumerate(new):
        if place not in pairs and waiting.get(text):
            pairs[place] = waiting[text].pop()
    return pairs


def _fill(found: list[Match], old: Sequence[str], new: Sequence[str], kind: str) -> None:
    """Match what is left by its words without formatting."""
    taken = {one.old for one in found if one.old >= 0}
    free_old = [place for place in range(len(old)) if place not in taken]
    free_new = [place for place, one in enumerate(found) if one.old < 0]
    plain_old = [unformatted(old[place]) for place in free_old]
    plain_new = [unformatted(new[place]) for place in free_new]
    for place, before in equal(plain_old, plain_new).items():
        if _WORD.search(plain_new[place]):
            found[free_new[place]] = Match(free_old[before], kind)


def _changed(
    old: Sequence[str], new: Sequence[str], found: Sequence[Match], free: Sequence[int]
) -> dict[int, int]:
    """Changed segments, the most alike first."""
    windows = _windows(found, len(old))
    words = defaultdict[str, list[int]](list)
    for place in free:
        for word in set(_WORD.findall(old[place])):
            words[word].append(place)
    scored = list[tuple[float, int, int]]()
    free_places = set(free)
    for place, one in enumerate(found):
        if one.old >= 0:
            continue
        near = {p for p in range(*windows[place]) if p in free_places}
        for before in near | set(_candidates(new[place], words)):
            likeness = alike(old[before], new[place])
            if likeness >= (CHANGED if before in near else MOVED):
                scored.append((-likeness, place, before))
    pairs, taken = dict[int, int](), set[int]()
    for _, place, before in sorted(scored):
        if place not in pairs and before not in taken:
            pairs[place] = before
            taken.add(before)
    return pairs


def _candidates(text: str, words: dict[str, list[int]]) -> Iterator[int]:
    """Old segments that share most of a text's rarer words."""
    counts = Counter[int]()
    for word in set(_WORD.findall(text)):
        places = words.get(word, ())
        if len(places) <= COMMON:
            counts.update(places)
    yield from (place for place, _ in counts.most_common(MOST_CANDIDATES))


def _windows(found: Sequence[Match], size: int) -> list[tuple[int, int]]:
    """For each new place the old places between its nearest matched neighbours, 20 at most."""
    after = [size] * len(found)
    following = size
    for place in range(len(found) - 1, -1, -1):
        after[place] = following
        if found[place].old >= 0:
            following = found[place].old
    windows, before = list[tuple[int, int]](), -1
    for place, one in enumerate(found):
        end = after[place] if after[place] > before else size
        windows.append((before + 1, min(end, before + 1 + MOST_CANDIDATES)))
        if one.old >= 0:
            before = one.old
    return windows


def alike(one: str, other: str) -> float:
    """How alike two texts are, 0 to 1: 1 less the share of characters to insert and delete.

    Of very long texts the words are compared in place of the characters.

    >>> round(alike("An oak is a tree.", "An oak is a big tree."), 2)
    0.89
    """
    from rapidfuzz.distance import Indel

    if max(len(one), len(other)) <= LONG:
        return float(Indel.normalized_similarity(one, other))
    counts = Counter(_WORD.findall(one)), Counter(_WORD.findall(other))
    total = counts[0].total() + counts[1].total()
    return 2 * (counts[0] & counts[1]).total() / total if total else 0.0
