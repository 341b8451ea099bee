r"""How much work Python's regular expressions do: a matcher that backtracks as `re` does.

`re` backtracks in C, where no test can count it, and a clock measures the machine. This matcher
takes the same decisions on the same parse tree and counts each element that it tries, so that
growth can be told from two lengths:

    steps(r"\s+$", " " * 16 + "x"), steps(r"\s+$", " " * 64 + "x")        # 16 times as many

`worst` searches texts that are made for a pattern: for each repeat a long run of what it takes,
alone or between what stands around it, before a character that nothing takes.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import product
from re import _constants as op  # type: ignore[attr-defined]  # the parser that `re` itself uses
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

Goes = Callable[[int], bool]
NOTHING_TAKES = "\ue000"  # a character of private use: no letter, digit, space or punctuation
MOST_STEPS = 20_000

_CATEGORIES = {
    op.CATEGORY_DIGIT: r"\d",
    op.CATEGORY_NOT_DIGIT: r"\D",
    op.CATEGORY_SPACE: r"\s",
    op.CATEGORY_NOT_SPACE: r"\S",
    op.CATEGORY_WORD: r"\w",
    op.CATEGORY_NOT_WORD: r"\W",
}
_SAMPLES = {r"\d": "7", r"\s": " ", r"\w": "a", r"\D": "a", r"\S": "a", r"\W": "!"}


class TooMuchWorkError(Exception):
    """More steps than any linear pattern needs for texts as short as these."""


class Matcher:
    """One search of a pattern in a text."""

    def __init__(self, pattern: str, text: str, flags: int = 0) -> None:
        self.tree = parser.parse(pattern, flags)
        self.flags = self.tree.state.flags
        self.text, self.steps = text, 0
        self.groups: dict[int, tuple[int, int]] = {}

    def found(self, how: str = "search") -> bool:
        """Whether the pattern is found by `re.search`, `re.match` or `re.fullmatch`."""
        starts = range(len(self.text) + 1 if how == "search" else 1)
        done = (lambda end: end == len(self.text)) if how == "fullmatch" else (lambda _: True)
        return any(self._all(list(self.tree), 0, start, done) for start in starts)

    def _all(self, items: Sequence[Any], at: int, place: int, goes: Goes) -> bool:
        if at == len(items):
            return goes(place)
        self.steps += 1
        if self.steps > MOST_STEPS:
            raise TooMuchWorkError
        return self._one(items[at], place, lambda end: self._all(items, at + 1, end, goes))

    def _one(self, item: tuple[Any, Any], place: int, goes: Goes) -> bool:
        kind, value = item
        if kind in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT):
            return self._repeat(kind, value, place, goes)
        if kind is op.SUBPATTERN:
            group, _, _, inner = value
            return self._all(list(inner), 0, place, self._captured(group, place, goes))
        if kind is op.BRANCH:
            return any(self._all(list(branch), 0, place, goes) for branch in value[1])
        if kind in (op.ASSERT, op.ASSERT_NOT):
            direction, inner = value
            start = place if direction > 0 else place - inner.getwidth()[0]
            holds = start >= 0 and self._all(list(inner), 0, start, lambda _: True)
            return holds is (kind is op.ASSERT) and goes(place)
        if kind is op.ATOMIC_GROUP:
            ends: list[int] = []
            found = self._all(list(value), 0, place, lambda end: not ends.append(end))  # type: ignore[func-returns-value]
            return found and goes(ends[0])
        if kind is op.AT:
            return self._is_at(value, place) and goes(place)
        if kind is op.GROUPREF:
            start, end = self.groups.get(value, (0, -1))
            again = self.text[start:end]
            self.steps += len(again)
            return end >= 0 and self.text.startswith(again, place) and goes(place + len(again))
        return place < len(self.text) and self._takes(item, self.text[place]) and goes(place + 1)

    def _captured(self, group: int | None, start: int, goes: Goes) -> Goes:
        def keep(end: int) -> bool:
            if group is not None:
                self.groups[group] = (start, end)
            return goes(end)

        return keep

    def _repeat(self, kind: Any, value: tuple[int, Any, Any], place: int, goes: Goes) -> bool:
        low, high, items = value[0], value[1], list(value[2])

        def more(count: int, here: int) -> bool:
            def again(end: int) -> bool:
                return (end > here or count < low) and more(count + 1, end)

            can = high is op.MAXREPEAT or count < high
            if count < low:
                return self._all(items, 0, here, again)
            if kind is op.MIN_REPEAT:
                return goes(here) or (can and self._all(items, 0, here, again))
            return (can and self._all(items, 0, here, again)) or goes(here)

        if kind is op.POSSESSIVE_REPEAT:
            end = self._furthest(items, low, high, place)
            return end is not None and goes(end)
        return more(0, place)

    def _furthest(self, items: Sequence[Any], low: int, high: Any, place: int) -> int | None:
        count, ends = 0, [place]
        while high is op.MAXREPEAT or count < high:
            found: list[int] = []
            if not self._all(items, 0, ends[-1], lambda end, f=found: not f.append(end)):  # type: ignore[misc]
                break
            ends.append(found[0])
            count += 1
            if ends[-1] == ends[-2]:
                break
        return ends[-1] if count >= low else None

    def _is_at(self, where: Any, place: int) -> bool:
        text = self.text
        if where in (op.AT_BEGINNING, op.AT_BEGINNING_STRING):
            lines = where is op.AT_BEGINNING and self.flags & re.MULTILINE
            return place == 0 or bool(lines and text[place - 1] == "\n")
        if where in (op.AT_END, op.AT_END_STRING):
            last = where is op.AT_END and text[place:] == "\n"
            lines = where is op.AT_END and self.flags & re.MULTILINE and text[place:][:1] == "\n"
            return place == len(text) or last or bool(lines)
        beside = [bool(re.match(r"\w", text[i])) for i in (place - 1, place) if 0 <= i < len(text)]
        edge = beside.count(True) == 1
        return edge is (where is op.AT_BOUNDARY)

    def _takes(self, item: tuple[Any, Any], character: str) -> bool:
        kind, value = item
        both = {character, character.swapcase()} if self.flags & re.IGNORECASE else {character}
        if kind is op.ANY:
            return bool(self.flags & re.DOTALL) or character != "\n"
        if kind is op.LITERAL:
            return chr(value) in both
        if kind is op.NOT_LITERAL:
            return chr(value) not in both
        assert kind is op.IN, kind
        negated = value[0][0] is op.NEGATE
        return negated is not any(_in_set(one, c) for one in value[negated:] for c in both)


def steps(pattern: str, text: str, flags: int = 0, how: str = "search") -> int:
    """How many elements of a pattern are tried until it matches in a text, or until it cannot."""
    matcher = Matcher(pattern, text, flags)
    matcher.found(how)
    return matcher.steps


def worst(pattern: str, flags: int = 0, how: str = "search", length: int = 10) -> float:
    """How many times the work grows at worst where a text becomes four times as long."""
    growth = 0.0
    with deep_recursion():
        for short, long in texts(pattern, flags, length):
            try:
                few = steps(pattern, short, flags, how)
                growth = max(growth, steps(pattern, long, flags, how) / few)
            except TooMuchWorkError:
                return float("inf")
    return growth


@contextmanager
def deep_recursion(limit: int = 100_000) -> Iterator[None]:
    """Python's own functions may call each other so deeply. Not C's: its stack has an end, so that
    the limit must not stay for what comes later in the process.
    """
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(limit)
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


def texts(pattern: str, flags: int, length: int) -> Iterator[tuple[str, str]]:
    """Texts for a pattern, each `length` repeats long and four times that."""
    tree = parser.parse(pattern, flags)
    units = dict.fromkeys(_units(list(tree)))
    units |= dict.fromkeys("".join(pair) for pair in product(list(units)[:3], repeat=2))
    whole = "".join(_sample(item) for item in tree)
    heads = dict.fromkeys(("", whole, *_heads(list(tree))))
    for unit, head, tail in product(units, heads, ("", NOTHING_TAKES)):
        if unit:
            yield head + unit * length + tail, head + unit * (4 * length) + tail


def _heads(items: Sequence[Any]) -> Iterator[str]:
    """What leads up to each element that may be repeated: the text from which a run begins."""
    before = ""
    for item in items:
        if item[0] in (op.MAX_REPEAT, op.MIN_REPEAT, op.SUBPATTERN):
            yield before
        before += _sample(item)


def _units(items: Sequence[Any]) -> Iterator[str]:
    """What the repeats of a pattern take, and the text before each, all the way down."""
    before = ""
    for kind, value in items:
        inner: list[Any] = []
        if kind in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT):
            inner = [list(value[2])]
            yield "".join(map(_sample, value[2]))
            yield from (_sample(one) for one in _choices(value[2]))
        elif kind is op.SUBPATTERN:
            inner = [list(value[3])]
        elif kind is op.BRANCH:
            inner = [list(branch) for branch in value[1]]
        elif kind in (op.ASSERT, op.ASSERT_NOT):
            inner = [list(value[1])]
        for one in inner:
            yield from _units(one)
        before += _sample((kind, value))
        yield before


def _choices(items: Sequence[Any]) -> Iterator[tuple[Any, Any]]:
    """Each member of a set that a repeat takes: `[ ,;]+` takes three."""
    for kind, value in items:
        if kind is op.IN and value[0][0] is not op.NEGATE:
            yield from ((op.IN, [one]) for one in value)


def _sample(item: tuple[Any, Any]) -> str:
    """A text that an element takes, as short as it can be but for one turn of a repeat."""
    kind, value = item
    if kind in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT):
        return "".join(map(_sample, value[2])) * max(value[0], 1)
    if kind is op.SUBPATTERN:
        return "".join(map(_sample, value[3]))
    if kind is op.ATOMIC_GROUP:
        return "".join(map(_sample, value))
    if kind is op.BRANCH:
        return "".join(map(_sample, value[1][0]))
    if kind is op.LITERAL:
        return str(chr(value))
    if kind is op.IN and value[0][0] is not op.NEGATE:
        return _of_set(value[0])
    if kind in (op.IN, op.NOT_LITERAL, op.ANY):
        candidates = "a 7!\t-"
        matcher = Matcher("", "")
        return next((one for one in candidates if matcher._takes(item, one)), "\u0416")
    return ""


def _of_set(one: tuple[Any, Any]) -> str:
    kind, value = one
    if kind is op.LITERAL:
        return chr(value)
    return str(chr(value[0]) if kind is op.RANGE else _SAMPLES[_CATEGORIES[value]])


def _in_set(one: tuple[Any, Any], character: str) -> bool:
    kind, value = one
    if kind is op.LITERAL:
        return bool(character == chr(value))
    if kind is op.RANGE:
        return bool(value[0] <= ord(character) <= value[1])
    return bool(re.match(_CATEGORIES[value], character))
