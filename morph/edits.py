"""What changes between two words: alignment, edits, affixes, merging.

    >>> split("soma", "alisoma").prefix, split("walk", "walked").suffix
    (('', 'ali'), ('', 'ed'))

The alignment is Levenshtein's with insertion and deletion at 1 and replacement at 1.1, so that a
replacement is dearer than one of them and cheaper than both: stems line up. Of alignments that cost
the same, that with the fewest stretches of change is taken (ali+lala, not a+l+il+ala); of those,
that which, read from the left, copies or replaces rather than inserts, and inserts rather than
deletes.

Characters are code points, so a combining mark is aligned by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise, takewhile
from typing import Literal, NamedTuple

Kind = Literal["copy", "replace", "insert", "delete"]

# A stretch of change costs 1, so that it decides among equals only.
REPLACE, INSERT, DELETE = 1100, 1000, 1000


class Edit(NamedTuple):
    """One column of an alignment: a character of each side, or "" where a side has none."""

    source: str
    target: str

    @property
    def kind(self) -> Kind:
        """What is done to the source's character.

        >>> [Edit(*pair).kind for pair in (("a", "a"), ("a", "ä"), ("", "e"), ("e", ""))]
        ['copy', 'replace', 'insert', 'delete']
        """
        if not self.source:
            return "insert"
        if not self.target:
            return "delete"
        return "copy" if self.source == self.target else "replace"


class Change(NamedTuple):
    """A stretch of a word, from `start` to before `stop`, and what comes in its place."""

    start: int
    stop: int
    text: str


class Split(NamedTuple):
    """A pair of words in three parts, each as (of the lemma, of the form).

    prefix, suffix: what one side has before or after everything that is aligned; one of the
    pair is empty. stem: the rest, changed inside perhaps, as columns.
    """

    prefix: tuple[str, str]
    stem: tuple[Edit, ...]
    suffix: tuple[str, str]


def align(lemma: str, form: str, *, contiguous: bool = True) -> tuple[Edit, ...]:
    """The cheapest alignment by the module's costs and tie rule, from left to right.

    Args:
        contiguous: prefer few stretches among alignments that cost the same; without it the tie
            rule is that of the shared tasks' baseline.

    >>> [f"{edit.source}:{edit.target}" for edit in align("Mann", "Männer")]
    ['M:M', 'a:ä', 'n:n', 'n:n', ':e', ':r']
    >>> "".join(edit.target for edit in align("lala", "alilala") if edit.kind == "insert")
    'ali'
    """
    # A shared beginning is copied in every best alignment that the tie rule can take.
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(lemma, form)))  # noqa: B905
    copied = tuple(Edit(one, one) for one in lemma[:same])
    source, target = lemma[same:], form[same:]
    if not source or not target:
        return (*copied, *(Edit(one, "") for one in source), *(Edit("", one) for one in target))
    return (*copied, *_walk(source, target, int(contiguous)))


def changes(lemma: str, form: str) -> tuple[Change, ...]:
    """The edit script: the stretches of the lemma that are replaced, from left to right.

    >>> changes("soma", "hakusomi")
    (Change(start=0, stop=0, text='haku'), Change(start=3, stop=4, text='i'))
    """
    found: list[Change] = []
    place = 0
    for edit in align(lemma, form):
        stop = place + len(edit.source)
        if edit.source != edit.target:
            if found and found[-1].stop == place:
                last = found.pop()
                found.append(Change(last.start, stop, last.text + edit.target))
            else:
                found.append(Change(place, stop, edit.target))
        place = stop
    return tuple(found)


def apply(script: Iterable[Change], lemma: str) -> str:
    """Replace the stretches of a script, which are in order and do not overlap.

    >>> apply([Change(0, 0, "haku"), Change(3, 4, "i")], "soma")
    'hakusomi'
    """
    parts, place = [], 0
    for change in script:
        parts += [lemma[place : change.start], change.text]
        place = change.stop
    return "".join([*parts, lemma[place:]])


def split(lemma: str, form: str, *, contiguous: bool = True) -> Split:
    """Prefix, stem and suffix of a pair.

    >>> parts = split("machen", "gemacht")
    >>> parts.prefix, parts.suffix, "".join(edit.target for edit in parts.stem)
    (('', 'ge'), ('n', ''), 'macht')
    >>> split("soma", "alisoma").suffix
    ('', '')
    """
    columns = align(lemma, form, contiguous=contiguous)
    lead = _run(columns)
    trail = _run(columns[lead:][::-1])
    end = len(columns) - trail
    return Split(_sides(columns[:lead]), columns[lead:end], _sides(columns[end:]))


def merge(base: str, one: str, other: str) -> str | None:
    """Solve the analogy base : one = other : x, or None where it has no plain answer.

    As version control merges two branches: both change `base`, x has the changes of both. There
    is no answer if they touch the same place in different ways.

    >>> merge("ninasoma", "anasoma", "ninapika")   # I read : she reads = I cook : she cooks
    'anapika'
    >>> merge("ninasoma", "ulisoma", "wamesoma") is None
    True
    """
    if base == one:
        return other
    script = merged(changes(base, one), changes(base, other))
    return None if script is None else apply(script, base)


def merged(one: Sequence[Change], other: Sequence[Change]) -> list[Change] | None:
    """Two scripts for the same word as one; None if they touch the same place differently.

    Changes that both make count once. Changes that meet touch, since their order is not known.
    """
    script = sorted({*one, *other})
    for left, right in pairwise(script):
        if left.stop > right.start or left.start == right.start == left.stop == right.stop:
            return None
    return script


def _run(columns: Sequence[Edit]) -> int:
    """How many columns at the beginning are all insertions or all deletions."""
    if not columns or (columns[0].source and columns[0].target):
        return 0
    inserted = not columns[0].source
    kind = (lambda edit: not edit.source) if inserted else (lambda edit: not edit.target)
    return sum(1 for _ in takewhile(kind, columns))


def _sides(columns: Iterable[Edit]) -> tuple[str, str]:
    pairs = tuple(columns)
    return "".join(edit.source for edit in pairs), "".join(edit.target for edit in pairs)


def _costs(source: str, target: str, stretch: int) -> tuple[list[list[int]], list[list[int]]]:
    """Costs of aligning source[i:] with target[j:], after a copied column and after a change.

    From right to left and from below, with the cells of the row below beside those of this row.
    """
    width = len(target)
    below_changed = [INSERT * left for left in range(width, -1, -1)]
    below_copied = [*(cost + stretch for cost in below_changed[:-1]), 0]
    after_copy, after_change = [below_copied], [below_changed]
    for mine in reversed(source):
        changed, copied = [0] * (width + 1), [0] * (width + 1)
        changed[width] = right = below_changed[width] + DELETE
        copied[width] = right + stretch
        for j in range(width - 1, -1, -1):
            if right + INSERT < below_changed[j] + DELETE:
                right += INSERT
            else:
                right = below_changed[j] + DELETE
            if mine == target[j]:
                copy = below_copied[j + 1]
                copied[j] = min(copy, right + stretch)
                right = min(copy, right)
            else:
                right = min(right, below_changed[j + 1] + REPLACE)
                copied[j] = right + stretch
            changed[j] = right
        after_copy.append(copied)
        after_change.append(changed)
        below_copied, below_changed = copied, changed
    return after_copy[::-1], after_change[::-1]


def _walk(source: str, target: str, stretch: int) -> Iterator[Edit]:
    """The columns, chosen from the left by the tie rule."""
    after_copy, after_change = _costs(source, target, stretch)
    i = j = 0
    cost = after_copy[0][0]
    while i < len(source) and j < len(target):
        same = source[i] == target[j]
        if same and cost == after_copy[i + 1][j + 1]:
            yield Edit(source[i], target[j])
            i, j = i + 1, j + 1
            cost = after_copy[i][j]
            continue
        cost = after_change[i][j]
        if not same and cost == after_change[i + 1][j + 1] + REPLACE:
            yield Edit(source[i], target[j])
            i, j = i + 1, j + 1
        elif cost == after_change[i][j + 1] + INSERT:
            yield Edit("", target[j])
            j += 1
        else:
            yield Edit(source[i], "")
            i += 1
        cost = after_change[i][j]
    yield from (Edit(one, "") for one in source[i:])
    yield from (Edit("", one) for one in target[j:])
