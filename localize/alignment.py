r"""Which segments of a translation are which of its source: by length, kind and what both share.

Gale and Church (1993, https://aclanthology.org/J93-1004) align sentences by their lengths alone.
Documents share more: mathematics, roles, links, labels and equations between the segments, numbers,
the levels of headings. They are weighed beside the lengths, and labels that occur once on either
side cut a long document into parts.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from localize.documents.inline import protected
from localize.documents.record import Document, Segment
from localize.texts import key

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vector = NDArray[np.float32]

# Of a bead by how many segments it has on either side; -log of how often they occur, about.
PRIORS: Mapping[tuple[int, int], float] = {
    (1, 1): 0.0,
    (1, 0): 5.0,
    (0, 1): 5.0,
    (2, 1): 5.3,
    (1, 2): 5.3,
    (2, 2): 9.0,
}
VARIANCE = 6.8  # of a translation's length a character (Gale and Church)
WEIGHT = 0.35  # of the lengths beside the rest: paragraphs vary more than sentences
SENSE, LIKELY = 24.0, 0.5  # of a cosine of two texts' vectors, and the cosine that says nothing
BAND = 30  # places beside the diagonal that are looked at
_NUMBER = re.compile(r"[0-9]+(?:[.,][0-9]+)*")
_WORD = re.compile(r"[^\W\d_]+")
SHORTEST, LONGEST = 4, 40  # letters of a word that is compared
_MARKUP_LINE = re.compile(r"[^\W\d_]|[=$]")


class Bead(NamedTuple):
    """Segments of the source and of the translation that say the same; one side may be empty.

    Attributes:
        cost: of this bead; what is below 0 has evidence beside its length.
    """

    source: tuple[int, ...]
    target: tuple[int, ...]
    cost: float


@dataclass(frozen=True, slots=True)
class Trait:
    """What of a segment is compared.

    Attributes:
        length: characters without protected parts.
        parts: protected parts and numbers, counted.
        words: in Latin letters, which many languages keep of names and terms; of a source also the
            translations that a lexicon has of its words.
        behind: lines of the gap behind it that translations leave alone: labels, equations.
        vector: what an encoder makes of it, of length 1 (`localize.vectors`).
    """

    length: int
    kind: str
    level: int
    parts: Counter[str]
    behind: frozenset[str]
    key: str
    words: frozenset[str] = frozenset()
    vector: Vector | None = field(default=None, compare=False)


Meanings = Callable[[str], Iterable[str]]
"""What a lexicon has as translations of the words of a text, in small letters."""


def no_meanings(_: str) -> Iterable[str]:
    """Without a lexicon."""
    return ()


def traits_of(document: Document, meanings: Meanings = no_meanings) -> list[Trait]:
    """The traits of a document's segments."""
    return [
        trait_of(segment, document.gap(place), meanings)
        for place, segment in enumerate(document.segments)
    ]


def trait_of(segment: Segment, gap: str = "", meanings: Meanings = no_meanings) -> Trait:
    """The traits of one segment."""
    parts = Counter[str]()
    rest, at = list[str](), 0
    for start, stop, kind in segment.spans:
        if kind not in ("break", "slide"):
            parts["".join(segment.text[start:stop].split())] += 1
        rest.append(segment.text[at:start])
        at = stop
    words = "".join([*rest, segment.text[at:]])
    parts.update(_NUMBER.findall(words))
    lines = {"".join(line.split()) for line in gap.splitlines()}
    behind = frozenset(line for line in lines if len(line) > 3 and _MARKUP_LINE.search(line))
    known = frozenset({*_latin(words.lower()), *meanings(words)})
    if segment.kind == "heading":  # a label is made of the words of the first language's heading
        known |= {
            word for line in lines if line.startswith((":label:", "(")) for word in _named(line)
        }
    told = key(segment.text)
    return Trait(len(words), segment.kind, segment.level, parts, behind, told, known)


def _named(label: str) -> Iterator[str]:
    return _latin(label.replace("_", " ").lower())


def _latin(text: str) -> Iterator[str]:
    """The words of a text that are in plain Latin letters."""
    for word in _WORD.findall(text):
        if word.isascii() and SHORTEST <= len(word) <= LONGEST:
            yield word


def text_trait(text: str, meanings: Meanings = no_meanings) -> Trait:
    """The traits of a text by itself."""
    segment = Segment(0, len(text), "paragraph", text, spans=protected(text))
    return trait_of(segment, "", meanings)


def align(source: Sequence[Trait], target: Sequence[Trait]) -> list[Bead]:
    """The beads of two documents, in order; every segment is in one of them."""
    ratio = _ratio(source, target)
    first = _with_ratio(source, target, ratio)
    pairs = [(b.source[0], b.target[0]) for b in first if len(b.source) == len(b.target) == 1]
    # What one side has alone says nothing of how long translations are.
    better = _ratio([source[here] for here, _ in pairs], [target[there] for _, there in pairs])
    return _with_ratio(source, target, better) if pairs else first


def _ratio(source: Sequence[Trait], target: Sequence[Trait]) -> float:
    """Characters of the translation for one of the source."""
    lengths = sum(t.length for t in source), sum(t.length for t in target)
    return min(max(max(lengths[1], 1) / max(lengths[0], 1), 0.05), 20.0)


def _with_ratio(source: Sequence[Trait], target: Sequence[Trait], ratio: float) -> list[Bead]:
    beads, before = list[Bead](), (0, 0)
    for cut in [*_cuts(source, target), (len(source), len(target))]:
        parts = source[before[0] : cut[0]], target[before[1] : cut[1]]
        for bead in _aligned(*parts, ratio):
            here = tuple(place + before[0] for place in bead.source)
            there = tuple(place + before[1] for place in bead.target)
            beads.append(Bead(here, there, bead.cost))
        before = cut
    return beads


def _cuts(source: Sequence[Trait], target: Sequence[Trait]) -> list[tuple[int, int]]:
    """Places where both documents can be cut: before headings whose label occurs once in both."""
    marks = _once(source), _once(target)
    pairs = sorted((marks[0][mark], marks[1][mark]) for mark in marks[0].keys() & marks[1].keys())
    chosen = increasing([there for _, there in pairs])
    return [pairs[place] for place in chosen if pairs[place] != (0, 0)]


def _once(traits: Sequence[Trait]) -> dict[str, int]:
    """Labels behind headings that occur once, with the place of the heading."""
    counts, places = Counter[str](), dict[str, int]()
    for place, trait in enumerate(traits):
        for mark in trait.behind:
            if trait.kind == "heading" and mark.startswith((":label:", "(")):
                counts[mark] += 1
                places[mark] = place
    return {mark: place for mark, place in places.items() if counts[mark] == 1}


def increasing(values: Sequence[int]) -> list[int]:
    """The places of a longest increasing subsequence.

    >>> increasing([3, 0, 1, 4, 2])
    [1, 2, 4]
    """
    ends, places, before = list[int](), list[int](), list[int]()
    for place, value in enumerate(values):
        at = bisect_left(ends, value)
        before.append(places[at - 1] if at else -1)
        if at == len(ends):
            ends.append(value)
            places.append(place)
        else:
            ends[at], places[at] = value, place
    chain, place = list[int](), places[-1] if places else -1
    while place >= 0:
        chain.append(place)
        place = before[place]
    return chain[::-1]


def _aligned(source: Sequence[Trait], target: Sequence[Trait], ratio: float) -> Iterator[Bead]:
    """The cheapest beads of one part, by dynamic programming in a band about the diagonal."""
    rows, columns = len(source), len(target)
    best: dict[tuple[int, int], tuple[float, int, int]] = {(0, 0): (0.0, 0, 0)}
    band = BAND + abs(rows - columns)
    for i in range(rows + 1):
        middle = round(i * columns / rows) if rows else 0
        low, high = (max(0, middle - band), min(columns, middle + band)) if rows else (0, columns)
        for j in range(low, high + 1):
            if (i, j) == (0, 0):
                continue
            options = [
                (best[i - a, j - b][0] + _cost(source[i - a : i], target[j - b : j], ratio), a, b)
                for a, b in PRIORS
                if (i - a, j - b) in best
            ]
            if options:
                best[i, j] = min(options)
    i, j, beads = rows, columns, list[Bead]()
    while (i, j) != (0, 0):
        total, a, b = best[i, j]
        cost = total - best[i - a, j - b][0]
        beads.append(Bead(tuple(range(i - a, i)), tuple(range(j - b, j)), cost))
        i, j = i - a, j - b
    yield from reversed(beads)


def _cost(source: Sequence[Trait], target: Sequence[Trait], ratio: float) -> float:
    prior = PRIORS[len(source), len(target)]
    if not source or not target:
        heading = any(trait.kind == "heading" for trait in (*source, *target))
        parts = sum(trait.parts.total() for trait in (*source, *target))
        return prior + 2.0 * heading + 0.3 * min(parts, 6)
    if len(source) == len(target) == 1 and source[0].key == target[0].key:
        return -3.0
    cost = prior + _length_cost(
        sum(trait.length for trait in source), sum(trait.length for trait in target), ratio
    )
    cost += _kind_cost(source, target) + _shared_cost(source, target)
    return cost + _sense_cost(source, target)


def _length_cost(source: int, target: int, ratio: float) -> float:
    expected = (source + 3) * ratio
    delta = abs(target + 3 * ratio - expected) / math.sqrt(VARIANCE * expected * max(ratio, 0.3))
    # The tail of a normal distribution; beyond 8 deviations all is as unlikely.
    return -math.log(max(math.erfc(min(delta, 8.0) / math.sqrt(2)), 1e-12)) * WEIGHT


def _kind_cost(source: Sequence[Trait], target: Sequence[Trait]) -> float:
    one, other = source[0], target[0]
    together = len(source) + len(target) > 2
    if together and any(trait.kind == "heading" for trait in (*source, *target)):
        return 50.0  # a heading is never one with a paragraph
    if one.kind == other.kind:
        return 2.0 * (one.level != other.level)
    strict = {"heading", "figure", "cell", "title"}
    return 6.0 if {one.kind, other.kind} & strict else 1.5


def _sense_cost(source: Sequence[Trait], target: Sequence[Trait]) -> float:
    """By how alike both sides are to an encoder; 0 without one."""
    sides = [
        [trait.vector for trait in side if trait.vector is not None] for side in (source, target)
    ]
    if not all(sides):
        return 0.0
    one, other = (sum(side[1:], start=side[0]) for side in sides)
    size = math.sqrt(float(one @ one) * float(other @ other))
    return SENSE * (LIKELY - float(one @ other) / max(size, 1e-9))


def _parts_of(traits: Sequence[Trait]) -> Counter[str]:
    return sum((trait.parts for trait in traits), Counter[str]())


def _shared_cost(source: Sequence[Trait], target: Sequence[Trait]) -> float:
    parts = [_parts_of(side) for side in (source, target)]
    common = (parts[0] & parts[1]).total()
    apart = parts[0].total() + parts[1].total() - 2 * common
    behind = source[-1].behind, target[-1].behind
    shared = len(behind[0] & behind[1])
    alone = len(behind[0] ^ behind[1])
    told = [frozenset[str]().union(*(t.words for t in side)) for side in (source, target)]
    words = min(len(told[0] & told[1]), 6)
    evidence = 1.2 * min(common, 6) + 2.0 * min(shared, 3) + 0.6 * words
    return 0.6 * min(apart, 8) + 0.4 * min(alone, 4) - evidence
