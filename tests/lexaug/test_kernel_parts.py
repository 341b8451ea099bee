"""The smallest parts of the compiled core against Python's own: bytes, characters, UTF-8, lines."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

pytest.importorskip("numba", reason='needs pip install -e ".[lexaug]"')

POINTS = [0, 1, 0x7F, 0x80, 0x7FF, 0x800, 0xD7FF, 0xE000, 0xFFFF, 0x10000, 0x10FFFF, *b"Az", 0x20AC]
EDGES = bytes([0, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0])
EDGES += bytes([0xE1, 0xEC, 0xED, 0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF])


def array(text: bytes) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    return np.frombuffer(text, np.uint8)


def test_code_points_to_bytes_and_back() -> None:
    from lexaug.kernel.utf8 import decoded, encoded

    for point in POINTS:
        out = np.full(8, 0xEE, np.uint8)
        end = encoded(point, out, 2)
        written = chr(point).encode()
        assert out.tobytes() == b"\xee\xee" + written + b"\xee" * (6 - len(written))
        assert end == 2 + len(written)
        assert decoded(out, 2) == (point, end)


def test_eight_bytes_are_one_number() -> None:
    from lexaug.kernel.utf8 import loaded, stored

    data = bytes(range(250, 256)) + bytes(range(1, 10))
    for start in range(len(data) - 7):
        assert loaded(array(data), start) == int.from_bytes(data[start : start + 8], "little")
    out = np.zeros(12, np.uint8)
    stored(np.uint64(0xF1E2D3C4B5A69788), out, 3)
    assert out.tobytes() == bytes(3) + bytes.fromhex("8897a6b5c4d3e2f1") + bytes(1)


def is_well_formed(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def test_what_is_utf8() -> None:
    from lexaug.kernel.utf8 import is_utf8

    starts = [bytes(pair) for pair in itertools.product(EDGES, EDGES)]
    ends = [b"", b"\x80", b"\xbf", b"A", b"\xc0", b"\x80\x80", b"\xbf\x7f", b"\x80A"]
    for data in (start + end for start in starts for end in ends):
        # What stands behind would go on, but is not asked.
        assert is_utf8(array(b"A" + data + b"\x80\x80"), 1, 1 + len(data)) == is_well_formed(
            data
        ), data
    assert is_utf8(array(b"\xff"), 1, 1)


def test_the_end_of_a_line_wherever_it_stands() -> None:
    from lexaug.kernel.utf8 import line_end

    for before, length in itertools.product(range(3), range(20)):
        line = bytes([0x0B, *b"a" * 20])[:length]
        for rest in (b"", b"\n", b"\nxy\n" + b"z" * 9, b"\n" + "é".encode() * 5):
            data = b"\n" * before + line + rest
            assert line_end(array(data), before) == (before + length, True)
        for place in range(length):
            other = line[:place] + b"\x80" + line[place + 1 :]
            assert line_end(array(other + b"\n" + b"b" * 8), 0) == (length, False)


def test_how_many_ascii_letters_begin_eight_bytes() -> None:
    from lexaug.kernel.words import _letters

    for number, other in itertools.product(range(8), b"@[`{0 \x00\x7f\x80\xc1\xe1\xfa\xff"):
        for fill in b"AZaz@\xc3":
            data = b"azAZmMqQ"[:number] + bytes([other]) + bytes([fill] * (7 - number))
            mask, found = _letters(np.uint64(int.from_bytes(data, "little")))
            assert (int(mask), int(found)) == (256**number - 1, number), data
    mask, found = _letters(np.uint64(int.from_bytes(b"azAZmMqQ", "little")))
    assert (int(mask), int(found)) == (2**64 - 1, 8)


def test_keys_of_words() -> None:
    from lexaug.kernel.words import _key

    words = [b"a", b"ab", b"abcdefg", b"abcdefgh", b"abcdefghi", b"abcdefgh" * 2, b"bbcdefgh" * 2]
    keys: dict[int, set[bytes]] = {}
    for word in words:
        for before, after in ((b"", b"zzzzzzzz"), (b"xx", b"yyyyyyyy")):
            data = array(before + word + after)
            keys.setdefault(int(_key(data, len(before), len(before) + len(word))), set()).add(word)
    assert list(keys.values()) == [{word} for word in words], "of the word alone"
    assert [key for key in keys if key >= 0] == [
        int.from_bytes(word, "little") for word in words if len(word) <= 7
    ]


def test_addresses() -> None:
    from lexaug.kernel.words import _is_address

    for text, expected in ((b"http://", True), (b"://", True), (b"//", False), (b"a//", False)):
        assert _is_address(array(text), 0, len(text) - 1) == expected
    assert not _is_address(array(b"://"), 1, 2), "the colon stands before the space"
    assert not _is_address(array(b":x/"), 0, 2)


@pytest.mark.parametrize(
    ("char", "form", "alone"),
    [
        ("É", "é", True),
        ("\u0300", "\u0300", True),  # what stays as it is
        ("€", "a\u0334", False),  # a mark that may be put into another order
        ("€", "ক\u09be", False),  # one of class 0 that composes
        ("€", "ক\u0982", True),  # one that does neither
        ("€", "a\u0300", False),  # not NFC
        ("é", "abc", False),  # three letters for two bytes
        ("€", "a b", False),
        ("€", "", False),
    ],
)
def test_what_folds_alike_whatever_stands_around_it(char: str, form: str, alone: bool) -> None:
    from lexaug.kernel.characters import _stands_alone

    assert _stands_alone(char, form, frozenset("\u0300\u09be")) == alone
