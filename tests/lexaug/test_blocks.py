"""Blocks are the same wherever the reading begins; cleaning repairs, refuses and counts."""

from __future__ import annotations

import io
import time
import unicodedata
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import InputError
from data.lines import MIXED_ENDS, NOT_UTF8, NUL_INSIDE, BadLineError
from lexaug.synthesis import blocks
from lexaug.synthesis.blocks import (
    Bad,
    Piece,
    Position,
    TextBlock,
    clean_lines,
    read_blocks,
)
from lexaug.synthesis.writing import in_order

LINES = st.lists(st.sampled_from(["", " ", "a", "dog NOUN", "barks VERB", "é" * 9]), max_size=30)


def whole(data: bytes) -> TextBlock:
    return TextBlock(Position(), data, Position(1, len(data), data.count(b"\n") + 1, 1))


@settings(deadline=None)
@given(LINES, st.integers(1, 40), st.sampled_from(["line", "sentence"]), st.booleans())
def test_blocks_are_the_text_and_can_be_read_from_any_of_them(
    lines: list[str], size: int, unit: blocks.Unit, ends: bool
) -> None:
    text = ("\n".join(lines) + "\n" * ends).encode()
    found = list(read_blocks(io.BytesIO(text), unit, block_bytes=size))
    joined = b"".join(block.data for block in found)
    assert joined == text + b"\n" * (bool(text) and not text.endswith(b"\n"))
    for i, block in enumerate(found):
        before = b"".join(one.data for one in found[:i])
        assert block.start.line == before.count(b"\n") + 1
        stream = io.BytesIO(text[block.start.offset :])
        rest = list(read_blocks(stream, unit, block.start, block_bytes=size))
        assert rest == found[i:]
    if unit == "sentence":
        for block in found:
            last = block.data.removesuffix(b"\n").rpartition(b"\n")[2]
            assert not last.strip() or block.end.offset == len(text)


@pytest.mark.parametrize(
    ("unit", "size", "expected"),
    [
        ("sentence", 4, [b"a B\n\n", b"c D\n\n", b"e F\n"]),  # the fourth byte ends a line only
        ("sentence", 5, [b"a B\n\n", b"c D\n\n", b"e F\n"]),
        ("sentence", 6, [b"a B\n\nc D\n\n", b"e F\n"]),
        ("line", 4, [b"a B\n", b"\nc D\n", b"\ne F\n"]),
        ("line", 5, [b"a B\n\n", b"c D\n\n", b"e F\n"]),
    ],
)
def test_a_block_ends_with_the_record_of_its_last_byte(
    unit: blocks.Unit, size: int, expected: list[bytes]
) -> None:
    found = read_blocks(io.BytesIO(b"a B\n\nc D\n\ne F\n"), unit, block_bytes=size)
    assert [block.data for block in found] == expected


@settings(deadline=None)
@given(LINES, st.integers(1, 40), st.integers(1, 12))
def test_a_limit_is_the_start_of_the_text(lines: list[str], size: int, limit: int) -> None:
    text = "".join(f"{line}\n" for line in lines).encode()
    found = read_blocks(io.BytesIO(text), "line", block_bytes=size, limit=limit)
    expected = "".join(f"{line}\n" for line in lines[:limit]).encode()
    assert b"".join(block.data for block in found) == expected


def test_a_limit_counts_labelled_sentences() -> None:
    text = b"-DOCSTART- O\n\nNyeri B-LOC\n\n\nWangari B-PER\nMaathai I-PER\n\nYes O\n"
    [block] = read_blocks(io.BytesIO(text), "sentence", limit=2)
    assert block.data == b"-DOCSTART- O\n\nNyeri B-LOC\n\n\nWangari B-PER\nMaathai I-PER\n"
    assert block.end.record == 3


def test_a_line_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "LONGEST_BYTES", 1 << 20)
    text = io.BytesIO(b"short\n" + b"x" * (2 << 20))
    with pytest.raises(InputError, match=r"^news\.en:2: expected lines of at most 1 MiB, found"):
        list(read_blocks(text, "line", block_bytes=100, name="news.en"))


def test_repairs_are_counted_by_reason() -> None:
    # a mark and CRLF at the start, a mark inside, n and a combining tilde, U+FFFD
    data = "\ufeffOne\r\nt\ufeffwo\nn\u0303andu\nth\ufffdree\n".encode()
    cleaned = clean_lines(whole(data), "swa.txt", skip_bad=False)
    assert cleaned.pieces == [Piece(1, "One\ntwo\nñandu\nth\ufffdree\n".encode())]
    assert cleaned.repairs == Counter(
        {
            "byte-order mark inside a line, removed": 1,
            "not NFC, normalised": 1,
            "U+FFFD, kept": 1,
        }
    )


def test_bad_lines_leave_a_gap_in_the_numbers() -> None:
    data = b"one\nt\xffwo\nthree\nfo\0ur\nfive\nsix\n"
    cleaned = clean_lines(whole(data), "x.txt", skip_bad=True)
    assert cleaned.pieces == [Piece(1, b"one\n"), Piece(3, b"three\n"), Piece(5, b"five\nsix\n")]
    assert cleaned.bad == [Bad(2, NOT_UTF8, "t\\xffwo"), Bad(4, NUL_INSIDE, "fo\0ur")]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"one\nt\xffwo\n", "x.txt:2: expected UTF-8, found byte 0xff at position 2; convert"),
        (b"o\0ne\n", "x.txt:1: expected text, found NUL character at position 2; the file"),
        (b"one\ntwo\rthree\n", "x.txt:2: expected one kind of line end, found carriage returns"),
        (b"a\tb\n", 'x.txt:1: expected a line without tabs.*found "a<TAB>b"; choose --format'),
    ],
)
def test_bad_lines_are_named(data: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        clean_lines(whole(data), "x.txt", skip_bad=False, refuse_tabs=True)


ODD = st.sampled_from(
    [*"ae\u0301\u0308\u1100\u1161\u11a8\u212b\u2019ñ\ufeff\ufffd\U0001f600\U0001d15e\t\0"]
)


@settings(deadline=None)
@given(st.lists(st.text(ODD, max_size=8), min_size=1, max_size=5))
def test_the_quick_look_at_a_block_and_the_look_at_its_lines_agree(lines: list[str]) -> None:
    block = whole("".join(f"{line}\n" for line in lines).encode())
    cleaned = clean_lines(block, "x.txt", skip_bad=True)
    expected = [
        unicodedata.normalize("NFC", line.replace("\ufeff", ""))
        for i, line in enumerate(lines)
        if "\0" not in (line.removeprefix("\ufeff") if not i else line)
    ]
    found = b"".join(piece.data for piece in cleaned.pieces).decode()
    assert found.split("\n")[:-1] == expected


def test_every_character_that_joins_another_is_looked_at_in_its_line() -> None:
    apart = (unicodedata.normalize("NFD", chr(i)) for i in range(0x110000))
    joining = {character[-1] for character in apart if len(character) > 1}
    assert not [character for character in joining if blocks._is_settled(character)]


def test_carriage_returns_before_a_line_feed_are_its_own() -> None:
    cleaned = clean_lines(whole(b"one\r\ntwo\r\r\nthree\n"), "x.txt", skip_bad=False)
    assert cleaned.pieces == [Piece(1, b"one\ntwo\nthree\n")]
    cleaned = clean_lines(whole(b"one\ntwo\rthree\nfour\n"), "x.txt", skip_bad=True)
    assert cleaned.bad == [Bad(2, MIXED_ENDS, "two\rthree")]


@pytest.mark.parametrize("unit", ["line", "sentence"])
def test_a_text_whose_lines_end_in_carriage_returns_is_refused(unit: blocks.Unit) -> None:
    for text in (b"one\rtwo\rthree", b"one\rtwo\r", b"one\rtwo\r\n"):
        with pytest.raises(InputError, match=r"^x\.txt:1: expected lines that end in LF, found"):
            list(read_blocks(io.BytesIO(text), unit, name="x.txt"))
    assert list(read_blocks(io.BytesIO(b"one\r\n"), unit, name="x.txt"))


def test_nothing_is_worked_on_any_more_once_nobody_waits() -> None:
    begun, ended = list[int](), list[int]()

    def work(item: int) -> int:
        begun.append(item)
        time.sleep(0.05 * (item > 0))
        ended.append(item)
        return item

    found = in_order(work, range(100), workers=2)
    assert next(found) == 0
    found.close()  # type: ignore[attr-defined]
    assert sorted(begun) == sorted(ended)
    assert len(begun) <= 3


ODD = [
    "dog",
    " ",
    "\n",
    "é",
    "e\u0301",
    "\u0301",
    "\ufeff",
    "\ufffd",
    "\0",
    "\t",
    "\r",
    "\u1161",
    "𝐀",
]


@settings(deadline=None)
@given(
    st.lists(st.sampled_from([one.encode() for one in ODD] + [b"\xff"]), max_size=40),
    st.booleans(),
    st.integers(1, 9),
)
def test_lines_that_are_not_looked_at_need_no_repair(
    parts: list[bytes], tabs: bool, first: int
) -> None:
    """All lines of a block come out as each would by itself, with the same counts."""
    data = b"".join(parts) + b"\n"
    block = TextBlock(Position(line=first + 1), data, Position())
    cleaned = clean_lines(block, "news", skip_bad=True, refuse_tabs=tabs)
    kept: dict[int, bytes] = {}
    bad, repairs = [], Counter[str]()
    for number, line in enumerate(blocks.unmarked(block).split(b"\n")[:-1], first + 1):
        try:
            kept[number] = blocks.checked_line(line, f"news:{number}", repairs, tabs).encode()
        except BadLineError as error:
            bad.append(Bad(number, error.reason, blocks.shown(line)))
    found = {
        piece.first_line + i: line
        for piece in cleaned.pieces
        for i, line in enumerate(piece.data.split(b"\n")[:-1])
    }
    assert (found, cleaned.bad, cleaned.repairs) == (kept, bad, repairs)


def test_a_tab_is_a_character_of_a_line_unless_tabs_are_refused() -> None:
    assert blocks.checked_line(b"a\tb", "news:1", Counter()) == "a\tb"
    with pytest.raises(blocks.BadLineError, match="news:1"):
        blocks.checked_line(b"a\tb", "news:1", Counter(), refuse_tabs=True)
