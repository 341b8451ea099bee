"""Bytes for the compiled functions: eight at a time, as code points, and whether they are UTF-8."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

from lexaug.kernel.layout import SLACK

_LINE_FEED = ord("\n")
_ONES = np.uint64(0x0101010101010101)
_HIGH_BITS = np.uint64(0x8080808080808080)
_FEEDS = np.uint64(0x0A0A0A0A0A0A0A0A)
U = np.uintp  # a place that is not below 0; numba would have to look


def compiled(function: Any) -> Any:
    """Compile for any argument types at the first call, release the lock while it runs.

    `lexaug.kernel.machine_code` keeps the code: numba's own cache asks for the age of one file only
    and takes what that file calls as it once was. Nothing is allocated here, so arrays need not be
    counted, which would cost most of the time.
    """
    return numba.njit(nogil=True, _nrt=False)(function)


def inlined(function: Any) -> Any:
    """Compile into the callers."""
    return numba.njit(inline="always", _nrt=False)(function)


@inlined
def line_end(data: Any, i: int) -> Any:
    """Where the line feed stands, or the end; and whether all before it is ASCII."""
    high = np.uint64(0)
    while i + SLACK <= len(data):
        word = loaded(data, i)
        feeds = word ^ _FEEDS  # a byte that is 0 now is a line feed
        if (feeds - _ONES) & ~feeds & _HIGH_BITS:
            break
        high |= word
        i += SLACK
    while i < len(data) and data[U(i)] != _LINE_FEED:
        high |= np.uint64(data[U(i)])
        i += 1
    return i, high & _HIGH_BITS == 0


@inlined
def is_utf8(data: Any, i: int, stop: int) -> bool:
    """Whether bytes are well formed (the Unicode Standard, table 3-7)."""
    good = True
    while good and i < stop:
        b = data[U(i)]
        if b < 0x80:
            i += 1
            continue
        length = 2 if b < 0xE0 else 3 if b < 0xF0 else 4
        low = 0xA0 if b == 0xE0 else 0x90 if b == 0xF0 else 0x80
        high = 0x9F if b == 0xED else 0x8F if b == 0xF4 else 0xBF
        good = 0xC2 <= b <= 0xF4 and i + length <= stop and low <= data[U(i + 1)] <= high
        if good:
            for j in range(i + 2, i + length):
                good &= data[U(j)] & 0xC0 == 0x80
        i += length
    return good


@inlined
def decoded(data: Any, i: int) -> Any:
    """(code point, the place after it), of valid UTF-8."""
    c = np.int64(data[U(i)])
    i += 1
    if c >= 0x80:
        more = 1 if c < 0xE0 else 2 if c < 0xF0 else 3
        c &= 0x3F >> more
        for _ in range(more):
            c = c << 6 | np.int64(data[U(i)]) & 0x3F
            i += 1
    return c, i


@inlined
def loaded(data: Any, i: int) -> Any:
    """Eight bytes as one number, the first lowest: compiled to a single load."""
    word = np.uint64(0)
    for k in range(SLACK):
        word |= np.uint64(data[U(i + k)]) << np.uint64(8 * k)
    return word


@inlined
def stored(word: Any, out: Any, i: int) -> None:
    """The opposite: a single store."""
    for k in range(SLACK):
        out[U(i + k)] = np.uint8(word >> np.uint64(8 * k) & np.uint64(0xFF))


@inlined
def encoded(point: int, out: Any, at: int) -> int:
    """Write a code point as UTF-8; the place after it."""
    if point < 0x80:
        out[U(at)] = point
        return at + 1
    length = 2 if point < 0x800 else 3 if point < 0x10000 else 4
    out[U(at)] = (0xF00 >> length & 0xFF) | point >> 6 * (length - 1)
    for i in range(1, length):
        out[U(at + i)] = 0x80 | point >> 6 * (length - 1 - i) & 0x3F
    return at + length
