"""The compiled core of substitution, last part: text, provenance, unknown words and counts.

`write_lines` puts a batch whose phrases are known into the buffers, in which there is room.

    write_lines(data, count, table, settings, work, buffers)
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lexaug.kernel.layout import (
    CHAR,
    CHAR_STOP,
    FIRST,
    FIRST_PHRASE,
    FIRST_WORD,
    FOLD,
    FOLD_STOP,
    FORM,
    LAST,
    LAST_PHRASE,
    LAST_WORD,
    LINE,
    LINE_COLUMNS,
    LINE_START,
    LINE_STOP,
    NODE,
    PHRASE_COLUMNS,
    PROVENANCE,
    REPLACED,
    SAMPLE_ALL,
    SAMPLE_EVERY,
    SLACK,
    SOURCE,
    START,
    STOP,
    TEXT,
    UNKNOWN,
    WORD_COLUMNS,
    Count,
)
from lexaug.kernel.utf8 import U, compiled, inlined, loaded, stored

_LINE_FEED, _COMMA, _OPENING, _ZERO = b"\n,[0"
_HEAD = np.frombuffer(b'{"line":', np.uint8)
_MIDDLE = np.frombuffer(b',"replacements":[', np.uint8)
_END = np.frombuffer(b"]}\n", np.uint8)

_LINES, _KEPT, _WORDS = int(Count.LINES), int(Count.KEPT), int(Count.WORDS)
_MATCHED, _SAMPLED, _KEPT_WORDS = int(Count.MATCHED), int(Count.SAMPLED), int(Count.KEPT_WORDS)
_REPLACED, _PHRASES, _RULE = int(Count.REPLACED), int(Count.PHRASES), int(Count.RULE_EXACT)
_DROPPED = -1  # in the column REPLACED


@compiled
def write_lines(data: Any, count: int, table: Any, settings: Any, work: Any, buffers: Any) -> None:
    """Count the lines of a batch, and write what is asked for of those that are kept."""
    _count_phrases(count, work, buffers)
    _write_unknown(count, work, buffers)
    _keep(count, settings, work, buffers)
    _write_text(data, count, table, work, buffers)
    if settings.source:
        _write_source(data, count, work, buffers)
    if settings.provenance:
        _write_provenance(count, table, work, buffers)


@compiled
def _count_phrases(count: int, work: Any, buffers: Any) -> None:
    phrases, nodes, counts = work.phrases, buffers.nodes, buffers.counts
    last = (count - 1) * LINE_COLUMNS
    matched = 0
    for k in range(work.lines[U(last + LAST_PHRASE)]):
        row = k * PHRASE_COLUMNS
        matched += phrases[U(row + LAST)] - phrases[U(row + FIRST)] + 1
        nodes[U(phrases[U(row + NODE)])] += 1
    counts[_LINES] += count
    counts[_WORDS] += work.lines[U(last + LAST_WORD)]
    counts[_MATCHED] += matched


@compiled
def _write_unknown(count: int, work: Any, buffers: Any) -> None:
    """The words in no phrase, of the lines that are sampled."""
    lines, words, phrases, folded = work.lines, work.words, work.phrases, work.folded
    out, at, number = buffers.unknown, buffers.state[UNKNOWN], buffers.state[LINE]
    for line in range(count):
        if number + line > SAMPLE_ALL and (number + line) % SAMPLE_EVERY:
            continue
        row = line * LINE_COLUMNS
        k, m = lines[U(row + FIRST_WORD)], lines[U(row + FIRST_PHRASE)]
        buffers.counts[_SAMPLED] += lines[U(row + LAST_WORD)] - k
        while k < lines[U(row + LAST_WORD)]:
            if m < lines[U(row + LAST_PHRASE)] and phrases[U(m * PHRASE_COLUMNS + FIRST)] == k:
                k = phrases[U(m * PHRASE_COLUMNS + LAST)] + 1
                m += 1
                continue
            start = words[U(k * WORD_COLUMNS + FOLD)]
            at = _copied(folded, start, words[U(k * WORD_COLUMNS + FOLD_STOP)], out, at)
            out[U(at)] = _LINE_FEED
            at, k = at + 1, k + 1
    buffers.state[UNKNOWN] = at


@compiled
def _keep(count: int, settings: Any, work: Any, buffers: Any) -> None:
    """Mark the lines that are not kept as dropped; count what those kept hold."""
    lines, numbers, counts = work.lines, buffers.numbers, buffers.counts
    at_least, share, number = settings.keep_at_least, settings.keep_share, buffers.state[LINE]
    for line in range(count):
        row = line * LINE_COLUMNS
        n = lines[U(row + LAST_WORD)] - lines[U(row + FIRST_WORD)]
        replaced = lines[U(row + REPLACED)]
        if replaced < at_least or replaced < share * n:
            lines[U(row + REPLACED)] = _DROPPED
        else:
            numbers[U(counts[_KEPT])] = number + line
            counts[_KEPT] += 1
            counts[_KEPT_WORDS] += n
            counts[_REPLACED] += replaced


@compiled
def _write_text(data: Any, count: int, table: Any, work: Any, buffers: Any) -> None:
    out, at, counts = buffers.text, buffers.state[TEXT], buffers.counts
    lines, words, phrases, rule = work.lines, work.words, work.phrases, table.rule
    starts, forms = table.form_start, table.form_bytes
    for line in range(count):
        row = line * LINE_COLUMNS
        if lines[U(row + REPLACED)] == _DROPPED:
            continue
        place = lines[U(row + LINE_START)]
        for k in range(lines[U(row + FIRST_PHRASE)], lines[U(row + LAST_PHRASE)]):
            cell = k * PHRASE_COLUMNS
            form = phrases[U(cell + FORM)]
            if form >= 0:
                first = phrases[U(cell + FIRST)] * WORD_COLUMNS
                at = _copied(data, place, words[U(first + START)], out, at)
                at = _copied(forms, starts[U(form)], starts[U(form + 1)], out, at)
                place = words[U(phrases[U(cell + LAST)] * WORD_COLUMNS + STOP)]
                counts[_PHRASES] += 1
                counts[U(_RULE + rule[U(form)])] += 1
        at = _copied(data, place, lines[U(row + LINE_STOP)], out, at)
        out[U(at)] = _LINE_FEED
        at += 1
    buffers.state[TEXT] = at


@compiled
def _write_source(data: Any, count: int, work: Any, buffers: Any) -> None:
    lines, out, at = work.lines, buffers.source, buffers.state[SOURCE]
    for line in range(count):
        row = line * LINE_COLUMNS
        if lines[U(row + REPLACED)] != _DROPPED:
            at = _copied(data, lines[U(row + LINE_START)], lines[U(row + LINE_STOP)], out, at)
            out[U(at)] = _LINE_FEED
            at += 1
    buffers.state[SOURCE] = at


@compiled
def _write_provenance(count: int, table: Any, work: Any, buffers: Any) -> None:
    out, at, number = buffers.provenance, buffers.state[PROVENANCE], buffers.state[LINE]
    lines, words, phrases = work.lines, work.words, work.phrases
    chars, starts, tails = table.form_chars, table.tail_start, table.tail_bytes
    options = len(starts) - 1
    for line in range(count):
        row = line * LINE_COLUMNS
        if lines[U(row + REPLACED)] == _DROPPED:
            continue
        at = _copied(_HEAD, 0, len(_HEAD), out, at)
        at = _number(number + line, out, at)
        at = _copied(_MIDDLE, 0, len(_MIDDLE), out, at)
        shift, comma = 0, False  # shift: how many characters the text has grown so far
        for k in range(lines[U(row + FIRST_PHRASE)], lines[U(row + LAST_PHRASE)]):
            cell = k * PHRASE_COLUMNS
            form = phrases[U(cell + FORM)]
            if form >= 0:
                start = np.int64(words[U(phrases[U(cell + FIRST)] * WORD_COLUMNS + CHAR)])
                stop = np.int64(words[U(phrases[U(cell + LAST)] * WORD_COLUMNS + CHAR_STOP)])
                out[U(at)] = _COMMA
                at += comma
                out[U(at)] = _OPENING
                at += 1
                for place in (start, stop, start + shift, start + shift + chars[U(form)]):
                    at = _number(place, out, at)
                    out[U(at)] = _COMMA
                    at += 1
                option = form % options
                at = _copied(tails, starts[U(option)], starts[U(option + 1)], out, at)
                shift, comma = shift + chars[U(form)] - (stop - start), True
        at = _copied(_END, 0, len(_END), out, at)
    buffers.state[PROVENANCE] = at


@inlined
def _copied(source: Any, start: int, stop: int, out: Any, at: int) -> int:
    """Copy bytes, SLACK at a time where both sides have so many; the place after the copy."""
    end = at + stop - start
    while at < end:
        if start + SLACK <= len(source):
            stored(loaded(source, start), out, at)
            at, start = at + SLACK, start + SLACK
        else:
            out[U(at)] = source[U(start)]
            at, start = at + 1, start + 1
    return end


@inlined
def _number(value: int, out: Any, at: int) -> int:
    digits, rest = 1, value // 10
    while rest:
        digits += 1
        rest //= 10
    for i in range(at + digits - 1, at - 1, -1):
        out[U(i)] = _ZERO + value % 10
        value //= 10
    return at + digits
