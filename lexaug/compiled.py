"""Substitution at the speed of reading: blocks of lines, the same bytes as the pure function.

    compiled = CompiledTable(compile_phrases(lexicon), ratio=1.0, seed=1, keep_at_least=3)
    block = compiled.block(data, first_line=1, provenance=True)
    block.text, block.provenance, block.kept, block.words

Every line comes out as `lexaug.substitute.substitute_line` gives it; what it hangs on is the
line's number, not the block it came in. Threads may share a table: a block holds no lock while it
is worked on. Numba compiles the code at the first use (seconds) and keeps it in the cache folder.
"""

from __future__ import annotations

import importlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.errors import InputError, UnavailableError
from data.randomness import key, seed_key
from lexaug.kernel.flatten import flattened
from lexaug.kernel.layout import DONE, INVALID, PURE, Count, Settings
from lexaug.kernel.room import Room, is_sampled
from lexaug.matching import check_policy, threshold
from lexaug.phrases import RULES, PhraseTable
from lexaug.substitute import trace_line

_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Block:
    r"""What became of some lines.

    Attributes:
        text, source, provenance: the kept lines after substitution, before it, and the account of
            each (`lexaug.substitute.provenance`); each line ends with a line feed. The last two
            are empty unless asked for.
        numbers: of the kept lines in the whole input, from 1.
        lines, tokens, words, matched: over all lines read: tokens between spaces, words by
            `data.words`, words in a phrase of the lexicon.
        kept, kept_words, replaced_words, replaced_phrases, rules: over the kept lines.
        unknown, sampled_words: the folded words in no phrase, each ended by a line feed, and the
            number of all words, of the first 100,000 lines and of every 16th line after.
        hits: how often each of `CompiledTable.phrases` was found, replaced or not.
    """

    text: bytes
    source: bytes
    provenance: bytes
    numbers: NDArray[np.int64]
    lines: int
    kept: int
    tokens: int
    words: int
    matched: int
    kept_words: int
    replaced_words: int
    replaced_phrases: int
    rules: Mapping[str, int]
    unknown: bytes
    sampled_words: int
    hits: NDArray[np.int64]

    def unknown_words(self) -> Counter[str]:
        """The unknown words of the sampled lines and how often each occurs."""
        return Counter(self.unknown.decode().split("\n")[:-1])


class CompiledTable:
    """A phrase table as compiled code reads it, with what a run asks of it.

    Attributes:
        phrases: the folded phrases, in the order of `Block.hits`.
    """

    def __init__(
        self,
        table: PhraseTable,
        ratio: float = 1.0,
        seed: int = 1,
        keep_at_least: int = 3,
        keep_share: float = 0.0,
    ) -> None:
        """Lay out a table.

        Args:
            ratio: the share of phrases to replace, 0 to 1.
            keep_at_least: lines with fewer words replaced are left out; 3 is the published rule,
                0 keeps all.
            keep_share: lines with a smaller share of their words replaced are left out.

        Raises:
            InputError: a ratio or share outside 0..1, or the policy `pos`, which needs tags.
            UnavailableError: numba is not installed.
        """
        check_policy(table, has_pos=False)
        if not 0 <= keep_share <= 1:
            raise InputError(f"expected a share from 0 to 1, found {keep_share}; 0 keeps all lines")
        bound = threshold(ratio)
        self._kernel = _kernel()
        self._table, self._ratio, self._seed = table, ratio, seed
        self._arrays, self._nodes = flattened(table)
        self._settings = Settings(
            seed_key=np.uint64(seed_key(seed)),
            bound=np.uint64(min(bound, (1 << 64) - 1)),
            always=bound == 1 << 64,
            keep_at_least=keep_at_least,
            keep_share=float(keep_share),
            longest_form=int(np.diff(self._arrays.form_start).max()),
            longest_tail=int(np.diff(self._arrays.tail_start).max()),
            source=False,
            provenance=False,
        )
        self._node_ids = np.array(list(self._nodes.values()), np.int64)
        self.phrases = tuple(self._nodes)

    def block(
        self, data: bytes, first_line: int, provenance: bool = False, source: bool = False
    ) -> Block:
        """Substitute in whole lines.

        Args:
            data: UTF-8; only a line feed ends a line, and the last may lack it. A carriage return
                before it is not text, nor is a byte-order mark at the start of line 1.
            first_line: the number of the first line in the whole input, from 1.
            provenance, source: whether to write these as well.

        Raises:
            InputError: `line 7: expected UTF-8, found byte 0xff at position 3; ...`
        """
        if first_line == 1:
            data = data.removeprefix(_MARK)
        settings = self._settings._replace(source=source, provenance=provenance)
        room = Room(data, first_line, settings, self._arrays)
        while True:
            stopped = self._kernel.run(room.data, self._arrays, settings, room.work, room.buffers)
            if stopped == DONE:
                return self._block(room)
            if stopped == PURE:
                self._by_hand(room)
            elif stopped == INVALID:
                raise _not_utf8(room)
            else:
                room.grow(stopped)

    def _by_hand(self, room: Room) -> None:
        """What the kernel does to a line, done by the pure function."""
        raw, number = room.next_line()
        keyed = key(self._seed, number)
        trace = trace_line(raw.decode(), self._table, ratio=self._ratio, key=keyed)
        line = trace.line
        for phrase in trace.phrases:
            room.buffers.nodes[self._nodes[phrase]] += 1
        room.count(LINES=1, TOKENS=len(raw.decode().split()), WORDS=line.words)
        room.count(MATCHED=line.matched)
        if is_sampled(number):
            room.count(SAMPLED=line.words)
            room.append("unknown", "".join(f"{word}\n" for word in trace.unknown).encode())
        settings = self._settings
        if line.replaced >= max(settings.keep_at_least, settings.keep_share * line.words):
            room.keep(number, raw, line)

    def _block(self, room: Room) -> Block:
        counts = dict(zip(Count, room.buffers.counts.tolist(), strict=True))
        return Block(
            text=room.filled("text"),
            source=room.filled("source"),
            provenance=room.filled("provenance"),
            numbers=room.buffers.numbers[: counts[Count.KEPT]].copy(),
            lines=counts[Count.LINES],
            kept=counts[Count.KEPT],
            tokens=counts[Count.TOKENS],
            words=counts[Count.WORDS],
            matched=counts[Count.MATCHED],
            kept_words=counts[Count.KEPT_WORDS],
            replaced_words=counts[Count.REPLACED],
            replaced_phrases=counts[Count.PHRASES],
            rules={rule: counts[Count(Count.RULE_EXACT + i)] for i, rule in enumerate(RULES)},
            unknown=room.filled("unknown"),
            sampled_words=counts[Count.SAMPLED],
            hits=room.buffers.nodes[self._node_ids],
        )


def _not_utf8(room: Room) -> InputError:
    raw, number = room.next_line()
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        return InputError(
            f"line {number}: expected UTF-8, found byte 0x{raw[error.start]:02x} at position"
            f" {error.start + 1}; convert the file with iconv -f ENCODING -t UTF-8"
        )
    raise AssertionError(f"line {number} is UTF-8 after all")


@cache
def _kernel() -> Any:
    """The compiled functions, whose machine code is kept beside the downloads."""
    try:
        import numba  # noqa: F401  (what is imported below needs it)
    except ImportError as error:
        raise UnavailableError(
            'numba is not installed, which substitution at speed needs; pip install -e ".[lexaug]"'
        ) from error
    return importlib.import_module("lexaug.kernel.run_block")
