r"""fairseq's binarised text (its `mmap` format): numbers of symbols, to be mapped into memory.

    write_binarised(Path("data-bin/train"), ([4, 7, 2], [5, 2]), vocabulary=5000)
    sentences = read_binarised(Path("data-bin/train"))  # arrays of int64, one a sentence

Two files. `train.bin` holds the numbers of all sentences one after the other: two bytes each where
the vocabulary has fewer than 65,500 symbols, four otherwise. `train.idx` says where each begins:

    9 bytes   MMIDIDX and two zeros
    8 bytes   version, 1
    1 byte    kind of number: 8 for uint16, 9 for uint32
    8 bytes   how many sentences, n
    4 n       lengths, int32: how many numbers
    8 n       places, int64: at which byte of the .bin each begins

All numbers are little-endian. This is what fairseq 0.12 writes, byte for byte.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.errors import InputError
from data.files import appears_whole
from data.tsv import open_bytes

MAGIC = b"MMIDIDX\x00\x00"
VERSION = 1
TWO_BYTES_BELOW = 65500
CODES = {1: "u1", 2: "i1", 3: "<i2", 4: "<i4", 5: "<i8", 8: "<u2", 9: "<u4", 10: "<u8"}

_HEADER = struct.Struct("<9sQBQ")


@dataclass(frozen=True, slots=True)
class Size:
    """How much a part of the data holds; a sentence's end counts as a token.

    Attributes:
        longest: the tokens of the longest sentence; a model has a most that it takes.
        unknown: tokens that the dictionary lacks.
    """

    sentences: int
    tokens: int
    longest: int
    unknown: int = 0


def write_binarised(prefix: Path, sentences: Iterable[list[int]], vocabulary: int) -> Size:
    """Write `prefix`.bin and `prefix`.idx; each appears whole, the .idx last.

    Args:
        sentences: numbers of symbols, each from 0 to `vocabulary` - 1.
        vocabulary: the number of symbols, which decides how wide a number is.

    Raises:
        InputError: a number that is not in the vocabulary.
    """
    code = 8 if vocabulary < TWO_BYTES_BELOW else 9
    lengths = array("i")
    with appears_whole(_with(prefix, ".bin")) as file:
        for sentence in sentences:
            if sentence and not 0 <= min(sentence) <= max(sentence) < vocabulary:
                raise InputError(
                    f"{prefix}: sentence {len(lengths) + 1}: expected numbers from 0 to"
                    f" {vocabulary - 1}, found {min(sentence)} to {max(sentence)};"
                    " encode it with the dictionary of these data"
                )
            file.write(np.array(sentence, dtype=CODES[code]).tobytes())
            lengths.append(len(sentence))
    sizes = np.array(lengths, dtype="<i4")
    _write_index(_with(prefix, ".idx"), sizes, code)
    return Size(len(sizes), int(sizes.sum(dtype=np.int64)), int(sizes.max(initial=0)))


def read_binarised(prefix: Path) -> Iterator[NDArray[np.int64]]:
    """Yield the numbers of each sentence, in order.

    Raises:
        InputError: no such file; not this format; lengths that the .bin does not have.
    """
    index = _with(prefix, ".idx")
    with open_bytes(index) as file:
        kind, lengths, places = _read_index(index, file.read())
    data = _with(prefix, ".bin")
    with open_bytes(data) as file:
        numbers = file.read()
    ends = places + lengths * kind.itemsize
    if lengths.min(initial=0) < 0 or places.min(initial=0) < 0 or ends.min(initial=0) < 0:
        raise InputError(f"{index}: expected lengths and places from 0, found others; damaged")
    if len(numbers) != int(ends.max(initial=0)):
        raise InputError(
            f"{data}: expected {int(ends.max(initial=0))} bytes, as {index.name} says, found"
            f" {len(numbers)}; the two files are not of one run, write both again"
        )
    for place, length in zip(places.tolist(), lengths.tolist(), strict=True):
        yield np.frombuffer(numbers, kind, length, place).astype(np.int64)


def _with(prefix: Path, suffix: str) -> Path:
    """`train.en-sw.sw` and `.bin`: the suffix is added, whatever dots the name has."""
    return prefix.with_name(prefix.name + suffix)


def _write_index(path: Path, lengths: NDArray[np.int32], code: int) -> None:
    bytes_each = lengths.astype(np.int64) * np.dtype(CODES[code]).itemsize
    places = np.zeros(len(lengths), dtype="<i8")
    np.cumsum(bytes_each[:-1], out=places[1:])
    with appears_whole(path) as file:
        file.write(_HEADER.pack(MAGIC, VERSION, code, len(lengths)))
        file.write(lengths.tobytes())
        file.write(places.tobytes())


def _read_index(
    path: Path, content: bytes
) -> tuple[np.dtype[Any], NDArray[np.int64], NDArray[np.int64]]:
    if not content.startswith(MAGIC) or len(content) < _HEADER.size:
        raise InputError(
            f"{path}: expected fairseq's mmap format, found {content[:9]!r}; binarise the text"
            " with training.fairseq or with fairseq-preprocess --dataset-impl mmap"
        )
    _, version, code, sentences = _HEADER.unpack_from(content)
    if version != VERSION or code not in CODES:
        raise InputError(
            f"{path}: expected version {VERSION} and a kind of whole number, found version"
            f" {version} and kind {code}; the file is of another fairseq, or damaged"
        )
    if len(content) != _HEADER.size + 12 * sentences:
        raise InputError(
            f"{path}: expected {_HEADER.size + 12 * sentences} bytes for {sentences} sentences,"
            f" found {len(content)}; the file is damaged, write it again"
        )
    lengths = np.frombuffer(content, "<i4", sentences, _HEADER.size)
    places = np.frombuffer(content, "<i8", sentences, _HEADER.size + 4 * sentences)
    return np.dtype(CODES[code]), lengths.astype(np.int64), places.astype(np.int64)
