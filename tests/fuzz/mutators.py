"""Damage that needs no knowledge of the file: bytes flipped, cut, doubled, spliced, and poison.

Every function takes a generator of random numbers and bytes, and returns bytes: the same for the
same generator. No result is longer than `MOST_BYTES`, so that an input stays small and what is
slow or large about it is the reader's doing.
"""

from __future__ import annotations

import gzip
import random
from collections.abc import Callable, Sequence

MOST_BYTES = 200_000

# What has broken readers before: each stands for a kind of fault.
TOKENS: tuple[bytes, ...] = (
    b"\0",
    b"\xef\xbb\xbf",
    b"\xef\xbf\xbd",
    "\u2028".encode(),
    "\u2029".encode(),
    "\u0085".encode(),
    "\u200b".encode(),
    "\u00a0".encode(),
    "\u202e".encode(),
    "\u2066".encode(),
    "\u0301".encode(),
    "\U0001f600".encode(),
    "\U0010ffff".encode(),
    "\u0130\u0149\u1e9e".encode(),  # letters whose case has another length
    "\u0663\u0967\uff11".encode(),  # digits that are not ASCII
    b"\xed\xa0\x80",  # a surrogate in bytes
    rb"\ud800",
    rb"\udc00\ud800",
    rb"\u0000",
    rb"\x1b[31m",
    b"\x1b]0;title\x07",
    b"\x1b[2J",
    b"\x9b31m",
    b"\x7f",
    b"\xff\xfe",
    b"\xc3",
    b"\r",
    b"\r\n",
    b"\n",
    b"\n\n\n",
    b"\t",
    b"\t\t\t",
    b" ",
    b"\v\f\x1c\x1d\x1e",
    b'"',
    b"'",
    b'"""',
    b"\\",
    b"#",
    b"-",
    b"--",
    b"-1",
    b"0",
    b"00",
    b"1_000",
    b"1e999",
    b"-1e999",
    b"NaN",
    b"Infinity",
    b"nan",
    b"inf",
    b"9223372036854775808",
    b"1" * 30,
    b"7" * 5000,
    b"0." + b"3" * 400,
    b"null",
    b"true",
    b"[]",
    b"{}",
    b"{0}",
    b"{x!r:>99999999}",
    b"%s%n%d",
    b"$(id)",
    b"`id`",
    b"../../../etc/passwd",
    b"/dev/null",
    b"/etc/hosts",
    b"C:\\x",
    b"<b>&amp;</b>",
    b"<script>alert(1)</script>",
    b"{{ 7*7 }}",
    b"=cmd()",
    b"| a | b |",
    b"__class__",
    b"constructor",
    b"B-",
    b"I-",
    b"S-PER",
    b"-DOCSTART- -X- O O\n\n",
    b"V;PST;3;SG",
    b"V;;",
    b";",
    b",",
    b":",
    b"en",
    b"sw",
    b"xx-yy",
)


def flip(rng: random.Random, data: bytes) -> bytes:
    """Some bytes become others."""
    changed = bytearray(data)
    for _ in range(min(len(changed), rng.choice((1, 1, 2, 5, 20)))):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def truncate(rng: random.Random, data: bytes) -> bytes:
    """The end is missing, or the beginning."""
    cut = rng.randint(0, len(data))
    return data[:cut] if rng.random() < 0.8 else data[cut:]


def delete(rng: random.Random, data: bytes) -> bytes:
    """A stretch is missing."""
    start, stop = sorted(rng.randint(0, len(data)) for _ in range(2))
    return data[:start] + data[min(stop, start + rng.choice((1, 4, 30, 400))) :]


def duplicate(rng: random.Random, data: bytes) -> bytes:
    """A stretch stands there twice, or many times."""
    start, stop = sorted(rng.randint(0, len(data)) for _ in range(2))
    return data[:stop] + data[start:stop] * rng.choice((1, 1, 2, 20)) + data[stop:]


def insert(rng: random.Random, data: bytes) -> bytes:
    """Poison somewhere, most often where a line, a cell or a value begins or ends."""
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        at = _border(rng, data)
        data = data[:at] + rng.choice(TOKENS) + data[at:]
    return data


def overwrite(rng: random.Random, data: bytes) -> bytes:
    """Poison in the place of a value."""
    at = _border(rng, data)
    stop = _border(rng, data[at : at + 200]) + at
    return data[:at] + rng.choice(TOKENS) + data[stop:]


def repeat_token(rng: random.Random, data: bytes) -> bytes:
    """One character or token thousands of times: for recursion and for slow regular expressions."""
    unit = rng.choice((b"a", b" ", b"(", b"[", b"{", b"<", b"<a>", b'"', b"a ", b"[a:", b"\t", b",",
                       b"|", b"\\", b"'", b";", b"-", b"\n", b"a\n", b"\xcc\x81", b"{{", b"&a;",
                       b"((", b")", b"]", b"}", b"a|", b"1", b"/", b"\r", b"[a : b] ", b"<!--"))  # fmt: skip
    at = _border(rng, data)
    return data[:at] + unit * rng.choice((50, 1000, 3000, 20_000, 60_000)) + data[at:]


def long_line(rng: random.Random, data: bytes) -> bytes:
    """All line ends are gone, or one line is very long."""
    if rng.random() < 0.3:
        return data.replace(b"\n", rng.choice((b"", b" ", b"\t")))
    lines = data.split(b"\n")
    at = rng.randrange(len(lines))
    lines[at] = (lines[at] + b" ") * rng.choice((100, 1000, 5000))
    return b"\n".join(lines)


def swap_lines(rng: random.Random, data: bytes) -> bytes:
    """Lines change places, stand there twice, or are missing."""
    lines = data.split(b"\n")
    for _ in range(rng.randint(1, 3)):
        at, to = rng.randrange(len(lines)), rng.randrange(len(lines))
        what = rng.randrange(4)
        if what == 0:
            lines[at], lines[to] = lines[to], lines[at]
        elif what == 1:
            lines.insert(to, lines[at])
        elif what == 2 and len(lines) > 1:
            del lines[at]
        else:
            lines.insert(to, b"")
    return b"\n".join(lines)


def line_ends(rng: random.Random, data: bytes) -> bytes:
    """CRLF, CR alone, a mix, or Unicode's own line ends."""
    ends = (b"\r\n", b"\r", b"\r\r\n", "\u2028".encode(), "\u0085".encode(), b"\n\r", b"\v")
    return data.replace(b"\n", rng.choice(ends), rng.choice((-1, 1, 2)))


def encode_otherwise(rng: random.Random, data: bytes) -> bytes:
    """The same text in another encoding, with a byte-order mark or without."""
    text = data.decode("utf-8", "replace")
    encoding = rng.choice(("utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1", "cp1252",
                           "shift_jis", "utf-7", "cp037", "utf-8-sig"))  # fmt: skip
    return text.encode(encoding, "replace")


def whole(rng: random.Random, data: bytes) -> bytes:
    """Another file altogether: empty, blank, an archive, a picture, a pickle, a page of HTML."""
    return rng.choice(
        (
            b"",
            b"\n",
            b" ",
            b"\xef\xbb\xbf",
            b"\0" * 100,
            b"\t\n\t\n",
            gzip.compress(data, mtime=0),
            b"PK\x03\x04" + data,
            b"\x80\x04\x95" + data,
            b"\x89PNG\r\n\x1a\n" + data,
            b"\x28\xb5\x2f\xfd" + data,
            b"<!DOCTYPE html><html><body>404: Not Found</body></html>\n",
            b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
            b"null",
            b"[]",
            b"{}",
            b'"text"',
            b"0",
            bytes(rng.randrange(256) for _ in range(200)),
        )
    )


MUTATORS: Sequence[Callable[[random.Random, bytes], bytes]] = (
    flip, truncate, delete, duplicate, insert, insert, insert, overwrite, overwrite, repeat_token,
    long_line, swap_lines, swap_lines, line_ends, encode_otherwise, whole,
)  # fmt: skip


def damaged(rng: random.Random, data: bytes) -> bytes:
    """One to three kinds of damage, one after the other."""
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        data = rng.choice(MUTATORS)(rng, data)[:MOST_BYTES]
    return data


def spliced(rng: random.Random, one: bytes, other: bytes) -> bytes:
    """The beginning of one valid input and the end of another."""
    return one[: _border(rng, one)] + other[_border(rng, other) :]


def _border(rng: random.Random, data: bytes) -> int:
    """A place in the data; two times in three beside punctuation or white space."""
    if not data:
        return 0
    if rng.random() < 0.67:
        start = rng.randrange(len(data))
        for at in range(start, min(start + 60, len(data))):
            if data[at] in b"\n\t ,:;\"'[]{}()<>=|-/":
                return at + rng.randint(0, 1)
    return rng.randint(0, len(data))
