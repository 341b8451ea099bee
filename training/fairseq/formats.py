r"""fairseq's own files, byte for byte: its dictionary, and text in numbers (its `mmap` format).

>>> counts = Counter("haba na haba hujaza kibaba".split())
>>> dictionary = Dictionary.build(counts)
>>> dictionary.symbols, len(dictionary)
(('haba', 'hujaza', 'kibaba', 'na'), 8)
>>> dictionary.encode(["haba", "na", "pesa"])
[4, 7, 3, 2]

The numbers 0 to 3 are fairseq's own: `<s>`, `<pad>`, `</s>`, `<unk>`. The others follow from the
most frequent down; symbols seen equally often stand in the order of their code points. Symbols
`madeupword0000` and on, seen 0 times, fill up to a multiple of eight, a size that accelerators
like. `dict.txt` has a line for each symbol that is not fairseq's own: symbol, space, count.

    write_binarised(Path("data-bin/train"), ([4, 7, 2], [5, 2]), vocabulary=5000)
    sentences = read_binarised(Path("data-bin/train"))  # arrays of int64, one a sentence

`train.bin` holds the numbers of all sentences one after the other: two bytes each where the
vocabulary has fewer than 65,500 symbols, four otherwise. `train.idx` says where each begins:

    9 bytes   MMIDIDX and two zeros
    8 bytes   version, 1
    1 byte    kind of number: 8 for uint16, 9 for uint32
    8 bytes   how many sentences, n
    4 n       lengths, int32: how many numbers
    8 n       places, int64: at which byte of the .bin each begins

All numbers are little-endian. Both are what fairseq 0.12 writes.
"""

from __future__ import annotations

import re
import struct
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.bounded import parse_integer
from data.errors import InputError
from data.files import appears_whole, write_whole
from data.tsv import excerpt, open_bytes
from training.fairseq.text import text_lines

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

START, PAD, END, UNKNOWN = "<s>", "<pad>", "</s>", "<unk>"
SPECIAL = (START, PAD, END, UNKNOWN)
MASK = "<mask>"  # the tasks masked_lm and denoising add it behind the dictionary's last symbol
PAD_ID, END_ID, UNKNOWN_ID = 1, 2, 3
RESERVED = frozenset({START, PAD, END, MASK})  # text may hold <unk>: it says what it means
MULTIPLE = 8
OVERWRITE = "#fairseq:overwrite"  # Camembert's dictionary, for instance, has it


@dataclass(frozen=True)
class Dictionary:
    """Symbols and how often each was seen, in the order of their numbers from 4 on."""

    symbols: tuple[str, ...]
    counts: tuple[int, ...]

    @classmethod
    def build(
        cls, counts: Mapping[str, int], *, threshold: int = 0, size: int | None = None
    ) -> Dictionary:
        """The dictionary of a text whose symbols were counted.

        Args:
            threshold: leave out symbols seen fewer times than this; they become `<unk>`.
            size: the most symbols to keep, the four of fairseq's own included and those that
                fill up to a multiple of eight not.

        Raises:
            InputError: a size that leaves no room for a symbol.
        """
        if size is not None and size <= len(SPECIAL):
            raise InputError(
                f"size: expected more than {len(SPECIAL)} symbols, because fairseq's own take"
                f" {len(SPECIAL)}; found {size}; raise it"
            )
        own = Counter({one: count for one, count in sorted(counts.items()) if one not in SPECIAL})
        most = None if size is None else size - len(SPECIAL)
        kept = {one: count for one, count in own.most_common(most) if count >= threshold}
        return cls(*_filled_up(kept))

    @classmethod
    def load(cls, path: Path) -> Dictionary:
        """Read a `dict.txt`, ours or one that came with a model.

        A symbol that is there already may come again where its line ends in `#fairseq:overwrite`:
        it gets a second number, which is its number from then on. Counts are any whole numbers.

        Raises:
            InputError: `dict.txt:7: expected a symbol, a space and a count, found "haba"; ...`
        """
        symbols, counts = [], []
        known = set(SPECIAL)
        for number, line in text_lines(path):
            symbol, count, overwrites = _entry(line, f"{path}:{number}")
            if symbol in known and not overwrites:
                raise InputError(
                    f"{path}:{number}: expected a symbol that was not there before, found"
                    f" {excerpt(symbol)}; take the line out, or end it in {OVERWRITE}"
                )
            known.add(symbol)
            symbols.append(symbol)
            counts.append(count)
        return cls(tuple(symbols), tuple(counts))

    def save(self, path: Path) -> None:
        """Write a `dict.txt` that fairseq reads; it appears whole."""
        write_whole(path, "".join(self._lines()))

    def _lines(self) -> Iterator[str]:
        known = set(SPECIAL)
        for symbol, count in zip(self.symbols, self.counts, strict=True):
            yield f"{symbol} {count} {OVERWRITE}\n" if symbol in known else f"{symbol} {count}\n"
            known.add(symbol)

    def __len__(self) -> int:
        """How many numbers there are, fairseq's own included."""
        return len(SPECIAL) + len(self.symbols)

    def __contains__(self, symbol: str) -> bool:
        """Whether a symbol has a number of its own."""
        return symbol in self.numbers

    @cached_property
    def numbered(self) -> tuple[str, ...]:
        """Every symbol at the place of its number, fairseq's own included."""
        return (*SPECIAL, *self.symbols)

    @cached_property
    def numbers(self) -> dict[str, int]:
        """The number of each symbol; the last one of a symbol that is there twice."""
        return {symbol: number for number, symbol in enumerate(self.numbered)}

    def encode(self, tokens: Iterable[str]) -> list[int]:
        """The numbers of a sentence's symbols, and 2 for its end; 3 for a symbol unknown."""
        find = self.numbers.get
        return [*(find(token, UNKNOWN_ID) for token in tokens), END_ID]

    def decode(self, numbers: Iterable[int]) -> list[str]:
        """The symbols of a sentence, without `<s>`, `<pad>` and `</s>`.

        >>> Dictionary(("haba", "na"), (2, 1)).decode([4, 5, 4, 3, 2, 1, 1])
        ['haba', 'na', 'haba', '<unk>']

        Raises:
            InputError: a number past the end of the dictionary.
        """
        return [symbol for symbol in map(self._symbol, numbers) if symbol not in RESERVED]

    def _symbol(self, number: int) -> str:
        if not 0 <= number < len(self):
            raise InputError(
                f"expected numbers of symbols from 0 to {len(self) - 1}, found {number};"
                " the dictionary is not the one that the data were made with"
            )
        return self.numbered[number]


def _filled_up(kept: dict[str, int]) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Symbols and counts up to a multiple of eight, fairseq's own four counted as well."""
    made_up = 0
    while (len(SPECIAL) + len(kept)) % MULTIPLE:
        kept.setdefault(f"madeupword{made_up:04d}", 0)
        made_up += 1
    return tuple(kept), tuple(kept.values())


def _entry(line: str, where: str) -> tuple[str, int, bool]:
    """Symbol, count, and whether it takes the place of one that is there, as fairseq reads it."""
    symbol, _, count = line.rstrip().rpartition(" ")
    overwrites = count == OVERWRITE
    if overwrites:
        symbol, _, count = symbol.rpartition(" ")
    if not symbol or not re.fullmatch(r"[+-]?[0-9]+", count):
        raise InputError(
            f"{where}: expected a symbol, a space and a count, found {excerpt(line)};"
            " give the dict.txt that fairseq wrote"
        )
    return symbol, parse_integer(count, where), overwrites


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

    import numpy as np

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

    import numpy as np

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
    import numpy as np

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
    import numpy as np

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
