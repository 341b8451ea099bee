"""The compiled core of substitution, first part: from bytes to words.

`find_words` fills a batch with what `lexaug.matching.line_runs` says of its lines: the places of
words, their folded form, and what capitals and punctuation tell. All functions are compiled by
numba and hold no lock.

    find_words(data, position, table, work)     # (lines, words, tokens, the end, what stopped it)
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lexaug.kernel.characters import (
    ALNUM,
    ASKS,
    BARRED,
    BESIDE,
    BREAK,
    COMPOSES,
    JOINER,
    LETTER,
    LOWER,
    MARKED,
    ORDER_SHIFT,
    POINT_BITS,
    SEVERAL,
    SPACE,
    SPECIAL,
    UPPER,
)
from lexaug.kernel.layout import (
    BITS,
    CAPITAL,
    CHAR,
    CHAR_STOP,
    DONE,
    FIRST_WORD,
    FOLD,
    FOLD_STOP,
    INVALID,
    JOINED,
    KEY_BYTES,
    LAST_WORD,
    LINE_COLUMNS,
    LINE_START,
    LINE_STOP,
    LONG,
    LONG_KEY,
    OPENS,
    PRIME,
    PURE,
    SHOUTED,
    SLACK,
    START,
    STOP,
    WIDE,
    WORD_COLUMNS,
)
from lexaug.kernel.utf8 import (
    U,
    compiled,
    decoded,
    encoded,
    inlined,
    is_utf8,
    line_end,
    loaded,
    stored,
)

_LETTER_JOINER = 0x2BC  # the apostrophe ʼ, which other joiners take for a letter
_LINE_FEED, _RETURN, _BLANK, _FULL_STOP, _SLASH, _COLON = b"\n\r ./:"
_POINT = (1 << POINT_BITS) - 1
_SMALL_A = ord("a")  # like all ASCII letters
_LAST = -1  # stands for the last byte of a folded word so far
_ONES, _CASE_BITS = np.uint64(0x0101010101010101), np.uint64(0x2020202020202020)
_LOW_BITS, _HIGH_BITS = np.uint64(0x7F7F7F7F7F7F7F7F), np.uint64(0x8080808080808080)
_FROM_A, _FROM_Z = np.uint64(0x1F1F1F1F1F1F1F1F), np.uint64(0x0505050505050505)


@compiled
def find_words(data: Any, position: int, table: Any, work: Any) -> Any:
    """Fill a batch from a line's start on: (lines, words, tokens between spaces, end, reason).

    The batch ends where its room ends, or before a line that the pure function must do, or that
    is not UTF-8; the reason is told if that is its first line.
    """
    lines = work.lines
    line = row = n = tokens = 0
    limit = position + len(work.folded) - SLACK
    reason = DONE
    while position < len(data) and row < len(lines):
        after, is_ascii = line_end(data, position)
        if after > limit:
            reason = WIDE
            break
        if not is_ascii and not is_utf8(data, position, after):
            reason = INVALID
            break
        stop = after - 1 if after > position and data[U(after - 1)] == _RETURN else after
        end, found, special = _add_line(data, position, stop, table, work, n)
        if special:
            reason = PURE
            break
        lines[U(row + LINE_START)], lines[U(row + LINE_STOP)] = position, stop
        lines[U(row + FIRST_WORD)], lines[U(row + LAST_WORD)] = n, end
        row += LINE_COLUMNS
        line, n, tokens, position = line + 1, end, tokens + found, after + 1
    return line, n, tokens, position, reason


@inlined
def _letters(word: Any) -> Any:
    """(all bits set in the bytes before the first that is no ASCII letter, their number)."""
    low = (word | _CASE_BITS) & _LOW_BITS  # A to Z become a to z, nothing else does
    outside = ~((low + _FROM_A) & ~(low + _FROM_Z) & ~word) & _HIGH_BITS
    first = (outside & (~outside + np.uint64(1))) >> np.uint64(7)
    mask = first - np.uint64(1)
    return mask, np.int64((mask & _ONES) * _ONES >> np.uint64(56))


@inlined
def _add_line(data: Any, i: int, stop: int, table: Any, work: Any, n: int) -> Any:
    """Append the words of a line: (words now, its tokens, whether the pure function must do it).

    `gap` gathers the bits JOINED and OPENS that the text before a word gives it.
    """
    cells = table.cells
    char = tokens = previous = c = special = breaks = 0
    gap, before, barred = OPENS, SPACE, False
    kept, gap_before, start = n, gap, i  # when the text since the last space began
    while i < stop and not special:
        previous = c
        c, after = decoded(data, i)
        f = cells[U(c)]
        if f & LETTER:
            gap |= CAPITAL if f & UPPER else 0
            i, char, before, special = _add_word(data, i, stop, char, table, work, n, gap)
            n, gap, c = n + 1, JOINED, 0
            continue
        if f & SPACE:
            if barred:
                n, gap = kept, _after_no_words(gap_before, breaks)
            tokens += before & SPACE == 0
            kept, gap_before, start, barred, breaks = n, gap, after, False, 0
        else:
            gap = gap & ~JOINED | (OPENS if f & BREAK else 0)
            breaks |= f & BREAK
            if f & BARRED or (c == _SLASH and _is_address(data, start, i)):
                barred = True
            elif c == _FULL_STOP and before & ALNUM and after < stop:
                barred = barred or cells[U(decoded(data, after)[0])] & ALNUM != 0
            if f & before & JOINER and (c == _LETTER_JOINER or previous == _LETTER_JOINER):
                special = SPECIAL
        i, char, before = after, char + 1, f
    tokens += before & SPACE == 0
    return kept if barred else n, tokens, special != 0


@inlined
def _after_no_words(gap: int, breaks: int) -> int:
    return gap & ~JOINED | (OPENS if breaks else 0)


@inlined
def _add_word(
    data: Any, i: int, stop: int, char: int, table: Any, work: Any, n: int, bits: int
) -> Any:
    """Append the word that begins here: (end in bytes, in characters, last cell, special)."""
    cells, words, folded = table.cells, work.words, work.folded
    row = n * WORD_COLUMNS
    begin = filled = np.int64(words[U(row - WORD_COLUMNS + FOLD_STOP)]) if n else 0
    words[U(row + START)], words[U(row + CHAR)], words[U(row + FOLD)] = i, char, begin
    first_char, starter, before, seen, special = char, 0, 0, 0, 0
    upper = lower = np.uint64(0)
    limit = len(data) - SLACK if table.is_plain[0] else -1
    while i < stop:
        run = SLACK
        while run == SLACK and i <= limit:  # most words are plain letters
            word = loaded(data, i)
            mask, run = _letters(word)
            stored(word | _CASE_BITS, folded, filled)
            upper |= ~word & _CASE_BITS & mask
            lower |= word & _CASE_BITS & mask
            i, char, filled = i + run, char + run, filled + run
            before, starter = (ALNUM, _LAST) if run else (before, starter)
        if i == stop or data[U(i)] == _BLANK:
            break
        c, after = decoded(data, i)
        f = cells[U(c)]
        if not f & LETTER and not (f & JOINER and _is_letter(data, after, stop, cells)):
            break
        if f & (SPECIAL | MARKED | COMPOSES):
            special |= f & SPECIAL | (before >> ORDER_SHIFT > f >> ORDER_SHIFT)
            starter = np.int64(folded[U(filled - 1)]) if starter == _LAST else starter
            special |= f & COMPOSES and _composes(starter << POINT_BITS | c, table.pairs)
        points = table.several[U(c)] if f & SEVERAL else f & _POINT
        while points:
            filled = encoded(points & _POINT, folded, filled)
            starter = starter if f & MARKED else points & _POINT
            points >>= POINT_BITS
        upper |= np.uint64(f & UPPER)
        lower |= np.uint64(f & LOWER)
        i, char, before, seen = after, char + 1, f, seen | f
    if seen & ASKS:
        seen |= cells[U(_SMALL_A)] if (upper | lower) & _CASE_BITS else 0
        special |= seen & BESIDE
    words[U(row + STOP)], words[U(row + CHAR_STOP)], words[U(row + FOLD_STOP)] = i, char, filled
    long = LONG if char - first_char > 1 else 0
    words[U(row + BITS)] = bits | long | (SHOUTED if long and upper and not lower else 0)
    work.keys[U(n)] = _key(folded, begin, filled)
    return i, char, before, special


@inlined
def _is_letter(data: Any, i: int, stop: int, cells: Any) -> bool:
    return i < stop and cells[U(decoded(data, i)[0])] & LETTER != 0


@inlined
def _composes(wanted: int, pairs: Any) -> bool:
    """Whether a folded letter and the mark after it make one character in the normal form."""
    low, high = 0, len(pairs)
    while low < high:
        middle = (low + high) // 2
        if pairs[U(middle)] < wanted:
            low = middle + 1
        else:
            high = middle
    return low < len(pairs) and pairs[U(low)] == wanted


@inlined
def _key(folded: Any, begin: int, end: int) -> int:
    """What a word is looked up by: its bytes if they fit, else a hash below 0.

    A hash need not tell all words apart, since those with the same hash are compared.
    """
    length = end - begin
    first = loaded(folded, begin)
    if length <= KEY_BYTES:
        return np.int64(first & (np.uint64(1) << np.uint64(8 * length)) - np.uint64(1))
    last = np.int64(loaded(folded, end - SLACK))
    return ((np.int64(first) * PRIME ^ last) * PRIME + length) | LONG_KEY


@inlined
def _is_address(data: Any, start: int, slash: int) -> bool:
    return slash >= start + 2 and data[U(slash - 1)] == _SLASH and data[U(slash - 2)] == _COLON
