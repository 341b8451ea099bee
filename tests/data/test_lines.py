"""Line ends of every kind, other encodings, lines without end, letters that were lost."""

from __future__ import annotations

import gzip
from collections import Counter
from pathlib import Path

import pytest

from data import lines
from data.errors import InputError
from data.lines import (
    LONGEST_LINE,
    MIXED_ENDS,
    raw_lines,
    read_lines,
    shows_nothing,
    unchanged_lines,
)


def written(folder: Path, content: bytes, name: str = "some.txt") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def texts(path: Path) -> list[str]:
    return [text for _, text in read_lines(path)]


@pytest.mark.parametrize("last", [b"", b"\r"])
@pytest.mark.parametrize("name", ["mac.txt", "mac.txt.gz", "MAC.TXT.GZ"])
def test_a_file_with_carriage_returns_alone_has_lines(
    tmp_path: Path, last: bytes, name: str
) -> None:
    content = b"mbwa\r\rpaka" + last
    packed = gzip.compress(content) if name.lower().endswith(".gz") else content
    path = written(tmp_path, packed, name)
    assert list(read_lines(path)) == [(1, "mbwa"), (2, ""), (3, "paka")]


def test_carriage_returns_alone_in_a_file_of_many_pieces(tmp_path: Path) -> None:
    path = written(tmp_path, b"mbwa analala\r" * 300_000)
    assert sum(1 for _ in raw_lines(path)) == 300_000


def test_crlf_that_two_pieces_part_is_one_line_end(tmp_path: Path) -> None:
    long = b"a" * ((1 << 20) - 1)
    path = written(tmp_path, long + b"\r\nmbwa\r\n")
    assert [raw for _, raw in raw_lines(path)] == [long, b"mbwa"]


def test_returns_before_a_line_feed_belong_to_it(tmp_path: Path) -> None:
    assert texts(written(tmp_path, b"mbwa\r\r\npaka\r\n")) == ["mbwa", "paka"]


@pytest.mark.parametrize("content", [b"mbwa\rpaka\nkuku\n", b"mbwa\nnge\rpaka", b"mbwa\r\na\rb"])
def test_line_ends_of_two_kinds_are_refused_or_counted(tmp_path: Path, content: bytes) -> None:
    path = written(tmp_path, content)
    with pytest.raises(InputError, match=r"some\.txt:\d: expected one kind of line end, found"):
        texts(path)
    dropped: Counter[str] = Counter()
    assert len(list(read_lines(path, skip_bad=True, dropped=dropped))) == 1
    assert dropped == {MIXED_ENDS: 1}


@pytest.mark.parametrize("ends", ["\n", "\r", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_other_encodings_are_one_short_line(tmp_path: Path, ends: str, encoding: str) -> None:
    content = ends.join(["sw\ten", *["Mto ni mpana.\tThe river is wide."] * 2000])
    with pytest.raises(InputError) as caught:
        texts(written(tmp_path, content.encode(encoding)))
    assert f"iconv -f {encoding[:6].upper()} -t UTF-8" in str(caught.value)
    assert len(str(caught.value)) < 300


def test_a_line_without_end_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "bomb.txt.gz"
    with gzip.open(path, "wb", compresslevel=9) as file:
        file.write(b"mbwa\n")
        for _ in range(4):
            file.write(bytes(LONGEST_LINE))
    with pytest.raises(InputError, match=r"bomb\.txt\.gz:2: expected lines of at most 16 MiB"):
        list(raw_lines(path))


def test_what_shows_nothing() -> None:
    assert all(map(shows_nothing, ["", " \t", "\u200b\u200d\ufeff", "\u00ad \u2066"]))
    assert not any(map(shows_nothing, ["a", "។", "\u0e4d", "-"]))


def test_a_line_as_long_as_may_be_is_followed_by_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first piece of eight bytes is all one line, as long as lines may be."""
    monkeypatch.setattr(lines, "_PIECE", 8)
    monkeypatch.setattr(lines, "LONGEST_LINE", 8)
    path = tmp_path / "text"
    path.write_bytes(b"12345678\nnext\nlast")
    assert list(raw_lines(path)) == [(1, b"12345678"), (2, b"next"), (3, b"last")]
    path.write_bytes(b"123456789\nnext\n")
    with pytest.raises(InputError, match=r"text:1: expected lines of at most"):
        list(raw_lines(path))


def test_lines_as_they_are_written_lose_only_the_mark_at_the_start(tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_bytes("\ufeffe\u0301 \n\ufeffx\n".encode() + b"\xff\nlast")
    with pytest.raises(InputError, match=r"text:3: expected UTF-8, found byte 0xff"):
        list(unchanged_lines(path))
    dropped = Counter[str]()
    kept = list(unchanged_lines(path, skip_bad=True, dropped=dropped))
    assert kept == [(1, "e\u0301 "), (2, "\ufeffx"), (4, "last")]
    assert sum(dropped.values()) == 1
    assert list(unchanged_lines(path, skip_bad=True)) == kept
