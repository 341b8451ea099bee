"""Blocks of compiled substitution: where they are cut, how long their lines are, bad input."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from data.errors import InputError
from data.lexicon import Lexicon
from data.lexicon.reading import Entry
from data.randomness import key
from lexaug.compiled import CompiledTable
from lexaug.kernel.utf8 import encoded
from lexaug.phrases import compile_phrases
from lexaug.substitute import substitute_line

pytest.importorskip("numba", reason='needs pip install -e ".[lexaug]"')

LEXICON = Lexicon(
    (
        Entry("dog", "mbwa"),
        Entry("dog", "jibwa"),
        Entry("a lot", "sana"),
        Entry("a", "kwa maana ndefu kuliko chanzo chake chote"),
    ),
    "en",
    "sw",
)
TABLE = compile_phrases(LEXICON)
TEXT = "".join(
    f"A dog, {n} dogs and a lot of a a dog. NG'OMBE: dog!\n" * (n % 3) for n in range(300)
).encode()


def by_hand(data: bytes, first: int, ratio: float, seed: int) -> bytes:
    lines = data.decode().split("\n")[: data.count(b"\n")]
    written = (
        substitute_line(line, TABLE, ratio=ratio, key=key(seed, number)).text
        for number, line in enumerate(lines, first)
    )
    return "".join(f"{line}\n" for line in written).encode()


@pytest.mark.parametrize("size", [1, 50, 4000, 1 << 20])
def test_where_blocks_are_cut_does_not_matter(size: int) -> None:
    compiled = CompiledTable(TABLE, 0.5, 7, keep_at_least=0)
    lines = TEXT.splitlines(keepends=True)
    texts, first = [], 1
    for start in range(0, len(lines), size):
        block = compiled.block(b"".join(lines[start : start + size]), first)
        texts.append(block.text)
        first += block.lines
    assert b"".join(texts) == by_hand(TEXT, 1, 0.5, 7)


def test_threads_share_a_table() -> None:
    compiled = CompiledTable(TABLE, 0.5, 7, keep_at_least=0)
    with ThreadPoolExecutor(4) as pool:
        blocks = list(pool.map(lambda n: compiled.block(TEXT, n), [1, 2, 3, 4] * 4))
    for number, block in enumerate(blocks):
        assert block.text == by_hand(TEXT, number % 4 + 1, 0.5, 7)


def test_long_lines_and_targets_longer_than_sources() -> None:
    """Scratch space and buffers grow: "a" has a translation forty times as long."""
    data = b"dog " * 10_000 + b"\n" + b"a " * 20_000 + b"\n"
    block = CompiledTable(TABLE, keep_at_least=0).block(data, 1, provenance=True, source=True)
    assert block.text == by_hand(data, 1, 1.0, 1)
    assert block.source == data
    assert (block.words, block.replaced_words, block.lines) == (30_000, 30_000, 2)


def test_line_ends_and_the_mark_at_the_start() -> None:
    data = b"\xef\xbb\xbfdog\r\n\r\n\xef\xbb\xbfdog\rdog\r\r\ndog"
    block = CompiledTable(compile_phrases(LEXICON, "first"), keep_at_least=0).block(data, 1)
    assert block.text == "mbwa\n\n\ufeffmbwa\rmbwa\r\nmbwa\n".encode()
    later = CompiledTable(TABLE, keep_at_least=0).block(b"\xef\xbb\xbf\n", 2)
    assert later.text == b"\xef\xbb\xbf\n"


def test_what_is_kept() -> None:
    data = b"dog\ndog dog\ndog dog dog\ndog dog dog and and and\n"
    kept = {
        (at_least, share): CompiledTable(TABLE, 1.0, 1, at_least, share).block(data, 11)
        for at_least, share in [(3, 0.0), (0, 0.6), (2, 0.6)]
    }
    numbers = {asked: block.numbers.tolist() for asked, block in kept.items()}
    assert numbers == {(3, 0.0): [13, 14], (0, 0.6): [11, 12, 13], (2, 0.6): [12, 13]}
    assert kept[3, 0.0].unknown_words() == {"and": 3}
    assert (kept[3, 0.0].kept_words, kept[3, 0.0].words) == (9, 12)


@pytest.mark.parametrize(
    ("bad", "found"),
    [
        (b"dog \xff", "0xff at position 5"),
        (b"\xc0\xaf", "0xc0 at position 1"),  # an overlong slash
        (b"dog \xed\xa0\x80", "0xed at position 5"),  # a surrogate
        (b"\xf4\x90\x80\x80", "0xf4 at position 1"),  # above U+10FFFF
        (b"dog \xe2\x82", "0xe2 at position 5"),  # cut short
    ],
)
def test_invalid_utf8_is_named(bad: bytes, found: str) -> None:
    message = f"line 43: expected UTF-8, found byte {found}; convert the file with iconv"
    with pytest.raises(InputError, match=message):
        CompiledTable(TABLE).block(b"dog\n" + bad + b"\ndog\n", 42)


@pytest.mark.parametrize(
    "point", [0, 0x7F, 0x80, 0x7FF, 0x800, 0xD7FF, 0xE000, 0xFFFF, 0x10000, 0x10FFFF], ids=hex
)
def test_code_points_are_written_as_utf8(point: int) -> None:
    out = np.zeros(8, np.uint8)
    end = encoded(point, out, 2)
    assert out[2:end].tobytes() == chr(point).encode()
    assert not out[:2].any()
    assert not out[end:].any()


def test_bad_settings_are_named() -> None:
    with pytest.raises(InputError, match=r"expected a ratio from 0 to 1, found 1\.5"):
        CompiledTable(TABLE, ratio=1.5)
    with pytest.raises(InputError, match="expected a share from 0 to 1, found -1"):
        CompiledTable(TABLE, keep_share=-1)
    with pytest.raises(InputError, match='the policy "pos" needs POS tags'):
        CompiledTable(compile_phrases(LEXICON, "pos"))
