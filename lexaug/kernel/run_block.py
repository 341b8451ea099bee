"""The compiled core of substitution, second half: from words to text, provenance and counts.

`run` takes whole lines of valid UTF-8 and writes what `lexaug.substitute.trace_line` gives for
each. It stops where a line needs the pure function (PURE) or more room (FULL) and goes on from
there at the next call. `lexaug.compiled` is the door to it.

    while (stopped := run(data, table, settings, work, buffers)) != DONE: ...
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lexaug.casing import Case, Reading
from lexaug.kernel.layout import (
    BITS,
    CAPITAL,
    DONE,
    EMPTY,
    FIRST,
    FIRST_PHRASE,
    FIRST_WORD,
    FOLD,
    FOLD_STOP,
    FORM,
    FULL,
    GOES_ON,
    JOINED,
    LAST,
    LAST_PHRASE,
    LAST_WORD,
    LINE,
    LINE_COLUMNS,
    LONG,
    NEXT_BITS,
    NODE,
    NODE_COLUMNS,
    OPENS,
    PHRASE_COLUMNS,
    POSITION,
    PRIME,
    PROVENANCE,
    REPLACED,
    SHOUTED,
    SLACK,
    SLOT_COLUMNS,
    SLOT_KEY,
    SLOT_WORD,
    SOURCE,
    TEXT,
    UNKNOWN,
    WORD_COLUMNS,
    Count,
)
from lexaug.kernel.output import write_lines
from lexaug.kernel.utf8 import U, compiled, inlined
from lexaug.kernel.words import find_words

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_LOW, _HALF = np.uint64(0xFFFFFFFF), np.uint64(32)
_LINE_ROOM, _PHRASE_ROOM = 60, 90  # more than the numbers and brackets of a line, a replacement
_TOKENS = int(Count.TOKENS)
_LOWER = (1 << 32) - 1

_READ_ANY, _READ_SMALL, _READ_CAPITAL = map(int, (Reading.ANY, Reading.SMALL, Reading.CAPITAL))
_SMALL, _INSIDE, _BEGIN = int(Case.SMALL), int(Case.INSIDE), int(Case.START)
_SHOUT, _SHOUT_BEGIN = int(Case.SHOUTED), int(Case.SHOUTED_START)


@inlined
def draw(key: Any, counter: int) -> Any:
    """`data.randomness.draw`, in 64-bit words."""
    word = key + np.uint64(counter + 1) * _GOLDEN
    word = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return word ^ (word >> np.uint64(31))


@inlined
def scaled(word: Any, total: Any) -> Any:
    """(word * total) >> 64: a place from 0 to total - 1, in proportion."""
    a, b, c, d = word >> _HALF, word & _LOW, total >> _HALF, total & _LOW
    middle = a * d + (b * d >> _HALF)
    rest = (middle & _LOW) + b * c
    return a * c + (middle >> _HALF) + (rest >> _HALF)


@compiled
def run(data: Any, table: Any, settings: Any, work: Any, buffers: Any) -> int:
    """Write the lines from state[POSITION] on; DONE, or why it stopped before a line."""
    state = buffers.state
    while state[POSITION] < len(data):
        lines, n, tokens, end, reason = find_words(data, state[POSITION], table, work)
        if not lines:
            return reason
        _find_ids(table, work, n)
        m = _find_phrases(table, settings, work, lines, state[LINE])
        if not _has_room(lines, n, m, end - state[POSITION], settings, work, buffers):
            return FULL
        buffers.counts[_TOKENS] += tokens
        write_lines(data, lines, table, settings, work, buffers)
        state[POSITION] = end
        state[LINE] += lines
    return DONE


@compiled
def _find_ids(table: Any, work: Any, n: int) -> None:
    """The rows' SLOT_WORD of a batch's words: id and root node; EMPTY of those in no phrase."""
    slots, starts, known = table.slots, table.word_start, table.word_bytes
    words, folded, keys, ids = work.words, work.folded, work.keys, work.ids
    mask = len(slots) // SLOT_COLUMNS - 1
    for k in range(n):
        key = keys[U(k)]
        row = (key * PRIME >> 32 & mask) * SLOT_COLUMNS
        found = slots[U(row + SLOT_WORD)]
        while found != EMPTY:
            if slots[U(row + SLOT_KEY)] == key:
                word = found & _LOWER
                start = words[U(k * WORD_COLUMNS + FOLD)]
                stop = words[U(k * WORD_COLUMNS + FOLD_STOP)]
                if key >= 0 or _is_word(
                    folded, start, stop, known, starts[U(word)], starts[U(word + 1)]
                ):
                    break
            row = (row + SLOT_COLUMNS) & (mask * SLOT_COLUMNS)
            found = slots[U(row + SLOT_WORD)]
        ids[U(k)] = found


@inlined
def _is_word(folded: Any, start: int, stop: int, known: Any, place: int, end: int) -> bool:
    same = stop - start == end - place
    i = 0
    while same and i < stop - start:
        same = folded[U(start + i)] == known[U(place + i)]
        i += 1
    return same


@compiled
def _find_phrases(table: Any, settings: Any, work: Any, count: int, number: int) -> int:
    """From left to right the longest phrases with options, and their forms; how many there are."""
    nodes, limit = table.nodes, table.limit
    edge_slots, edge_keys, edge_to = table.edge_slots, table.edge_keys, table.edge_to
    lines, words, phrases = work.lines, work.words, work.phrases
    ids, options = work.ids, len(limit)
    always, bound, seed_key = settings.always, settings.bound, settings.seed_key
    m = 0
    for line in range(count):
        row = line * LINE_COLUMNS
        k, end = np.int64(lines[U(row + FIRST_WORD)]), np.int64(lines[U(row + LAST_WORD)])
        key, counter, replaced, first = draw(seed_key, number + line), 0, 0, m
        while k < end:
            node = (ids[U(k)] >> 32) - 1  # below 0 for EMPTY as well
            column = 2 * _reading(words[U(k * WORD_COLUMNS + BITS)])
            found, after, j = -1, k + 1, k
            while node >= 0:
                j += 1
                cell = node * NODE_COLUMNS
                if nodes[U(cell + column)] < nodes[U(cell + column + 1)]:
                    found, after = node, j
                if j == end or ids[U(j)] < 0:
                    break
                word = ids[U(j)] & _LOWER
                if not nodes[U(cell + GOES_ON)] >> (word & NEXT_BITS - 1) & 1:
                    break
                if not words[U(j * WORD_COLUMNS + BITS)] & JOINED:
                    break
                node = _child(edge_slots, edge_keys, edge_to, node << 32 | word)
            if found >= 0:
                form = -1
                if always or draw(key, counter) < bound:
                    cell = found * NODE_COLUMNS + column
                    option = _pick(nodes[U(cell)], nodes[U(cell + 1)], limit, key, counter + 1)
                    form = _case(words, k, after) * options + option
                    replaced += after - k
                cell = m * PHRASE_COLUMNS
                phrases[U(cell + FIRST)], phrases[U(cell + LAST)] = k, after - 1
                phrases[U(cell + NODE)], phrases[U(cell + FORM)] = found, form
                m += 1
                counter += 2
            k = after
        lines[U(row + FIRST_PHRASE)], lines[U(row + LAST_PHRASE)] = first, m
        lines[U(row + REPLACED)] = replaced
    return m


@inlined
def _child(slots: Any, keys: Any, edge_to: Any, key: int) -> int:
    mask = len(slots) - 1
    row = key * PRIME >> 32 & mask
    while slots[U(row)] >= 0 and keys[U(slots[U(row)])] != key:
        row = (row + 1) & mask
    return edge_to[U(slots[U(row)])] if slots[U(row)] >= 0 else -1


@inlined
def _pick(place: int, stop: int, limit: Any, key: Any, counter: int) -> int:
    """An option from place to stop, drawn by weight."""
    place = np.int64(place)
    if stop - place > 1:
        drawn = np.int64(scaled(draw(key, counter), np.uint64(limit[U(stop - 1)])))
        while drawn >= limit[U(place)]:
            place += 1
    return place


@inlined
def _reading(bits: int) -> int:
    capital = _READ_ANY if bits & (OPENS | SHOUTED) else _READ_CAPITAL
    return capital if bits & CAPITAL else _READ_SMALL


@inlined
def _case(words: Any, first: int, after: int) -> int:
    bits = words[U(first * WORD_COLUMNS + BITS)]
    case = _SMALL
    if bits & CAPITAL:
        case = _BEGIN if bits & OPENS else _INSIDE
    if bits & (CAPITAL | SHOUTED) or not bits & LONG:
        some, every = False, True
        for j in range(first, after):
            long = words[U(j * WORD_COLUMNS + BITS)] & LONG != 0
            some = some or long
            every = every and (not long or words[U(j * WORD_COLUMNS + BITS)] & SHOUTED != 0)
        if some and every:
            case = _SHOUT_BEGIN if bits & OPENS else _SHOUT
    return case


@inlined
def _has_room(
    lines: int, n: int, m: int, length: int, settings: Any, work: Any, buffers: Any
) -> bool:
    """Whether text, source, provenance and unknown words of a batch fit, at their longest."""
    state = buffers.state
    text = length + 1 + SLACK + m * settings.longest_form
    rows = SLACK + _LINE_ROOM * lines + m * (_PHRASE_ROOM + settings.longest_tail)
    unknown = SLACK + n
    if n:
        unknown += work.words[U((n - 1) * WORD_COLUMNS + FOLD_STOP)]
    return (
        state[TEXT] + text <= len(buffers.text)
        and state[UNKNOWN] + unknown <= len(buffers.unknown)
        and (not settings.source or state[SOURCE] + length + 1 + SLACK <= len(buffers.source))
        and (not settings.provenance or state[PROVENANCE] + rows <= len(buffers.provenance))
    )
