r"""fairseq's dictionary: which symbol has which number, and how often each was seen.

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

This is what `fairseq-preprocess` of fairseq 0.12 writes, byte for byte.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from data.bounded import parse_integer
from data.errors import InputError
from data.files import write_whole
from data.tsv import excerpt
from training.fairseq_data.lines import text_lines

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
        own = Counter({one: seen for one, seen in sorted(counts.items()) if one not in SPECIAL})
        room = None if size is None else size - len(SPECIAL)
        kept = {one: seen for one, seen in own.most_common(room) if seen >= threshold}
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
