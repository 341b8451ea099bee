"""A phrase table laid out in arrays for compiled code: words, a trie over them, options, texts.

    arrays, nodes = flattened(compile_phrases(lexicon))     # nodes["look after"]: its node

A word of a phrase has an id, found by hash and compared letter by letter, so that no two words
are ever taken for each other. A phrase is a path of ids from the node of its first word.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Sized
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.files import canonical_json
from lexaug.casing import Case, Reading
from lexaug.kernel.characters import character_table
from lexaug.kernel.layout import (
    EMPTY,
    GOES_ON,
    KEY_BYTES,
    LONG_KEY,
    NEXT_BITS,
    NODE_COLUMNS,
    PRIME,
    SLACK,
    SLOT_COLUMNS,
    Table,
)
from lexaug.phrases import RULES, Option, PhraseTable
from lexaug.substitute import origin


def flattened(table: PhraseTable) -> tuple[Table, dict[str, int]]:
    """The arrays of a table, and the node of every phrase in the table's order."""
    trie = _Trie()
    nodes = {phrase: trie.add(phrase.split(" ")) for phrase in table.options}
    rows, options, limits = _node_rows(table, nodes, trie)
    arrays = Table(
        *character_table(table.lexicon.source_language),
        **trie.arrays(),
        nodes=rows.reshape(-1),
        limit=np.array(limits, np.int64),
        **_option_arrays(table, options),
    )
    return arrays, nodes


class _Trie:
    """Words by id, and nodes reached from (node, word id); -1 is where phrases begin."""

    def __init__(self) -> None:
        self._words: dict[str, int] = {}
        self._edges: dict[tuple[int, int], int] = {}

    @property
    def size(self) -> int:
        """The number of nodes."""
        return len(self._edges)

    def add(self, phrase: Sequence[str]) -> int:
        """The node of a phrase, made if need be."""
        node = -1
        for word in phrase:
            edge = node, self._words.setdefault(word, len(self._words))
            node = self._edges.setdefault(edge, len(self._edges))
        return node

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The fields of `Table` from `slots` to `edge_to`."""
        words = [word.encode() for word in self._words]
        inner = [(key[0] << 32 | key[1], to) for key, to in self._edges.items() if key[0] >= 0]
        return {
            "slots": self._word_slots(words),
            "word_start": _starts(words),
            "word_bytes": np.frombuffer(b"".join(words), np.uint8),
            "edge_slots": _slots([_mixed(key) for key, _ in inner]),
            "edge_keys": np.array([key for key, _ in inner], np.int64),
            "edge_to": np.array([to for _, to in inner], np.int64),
        }

    def next_bits(self) -> NDArray[np.uint32]:
        """For every node the bits of the words that may come next."""
        bits = np.zeros(self.size, np.uint32)
        for node, word in self._edges:
            if node >= 0:
                bits[node] |= np.uint32(1 << word % NEXT_BITS)
        return bits

    def _word_slots(self, words: Sequence[bytes]) -> NDArray[np.int64]:
        keys = [_key(word) for word in words]
        slots = _slots([_mixed(key) for key in keys])
        rows = np.full((len(slots), SLOT_COLUMNS), EMPTY, np.int64)
        for row in np.flatnonzero(slots >= 0):
            word = int(slots[row])
            root = self._edges.get((-1, word), -1)
            rows[row] = keys[word], root + 1 << 32 | word
        return rows.reshape(-1)


def _node_rows(
    table: PhraseTable, nodes: dict[str, int], trie: _Trie
) -> tuple[NDArray[np.int32], list[Option], list[int]]:
    """The rows of `Table.nodes`, the options of all lists, and their weights summed up in each."""
    rows = np.zeros((trie.size, NODE_COLUMNS), np.int32)
    rows[:, GOES_ON] = trie.next_bits().view(np.int32)
    options: list[Option] = []
    limits: list[int] = []
    for phrase, node in nodes.items():
        placed: dict[tuple[Option, ...], int] = {}
        for reading in Reading:
            some = table.lookup(phrase, reading)
            place = placed.setdefault(some, len(options))
            if place == len(options):
                options += some
                limits += accumulate(option.weight for option in some)
            rows[node, 2 * reading : 2 * reading + 2] = place, place + len(some)
    return rows, options, limits


def _option_arrays(table: PhraseTable, options: Sequence[Option]) -> dict[str, NDArray[Any]]:
    """Every option's text in every case, its rule, and the end of its provenance."""
    forms = [table.written(option, case) for case in Case for option in options]
    tails = [canonical_json(origin(option)).removeprefix("[").encode() for option in options]
    rules = [RULES.index(option.rule) for option in options]
    return {
        "form_start": _starts([form.encode() for form in forms]).astype(np.int32),
        "form_bytes": np.frombuffer("".join(forms).encode() + bytes(SLACK), np.uint8),
        "form_chars": np.array([len(form) for form in forms], np.int64),
        "rule": np.array(rules * len(Case), np.uint8),
        "tail_start": _starts(tails),
        "tail_bytes": np.frombuffer(b"".join(tails) + bytes(SLACK), np.uint8),
    }


def _starts(parts: Iterable[Sized]) -> NDArray[np.int64]:
    """Where each part begins when all stand one behind the other, and where the last ends."""
    return np.array(list(accumulate(map(len, parts), initial=0)), np.int64)


def _slots(hashes: Sequence[int]) -> NDArray[np.int64]:
    """An open hash table with each hash's index in the first free cell from its own on."""
    slots = np.full(2 << max(len(hashes), 1).bit_length(), EMPTY, np.int64)
    for index, h in enumerate(hashes):
        cell = h & len(slots) - 1
        while slots[cell] >= 0:
            cell = cell + 1 & len(slots) - 1
        slots[cell] = index
    return slots


def _key(word: bytes) -> int:
    """The key of a word as `lexaug.kernel.words` makes it."""
    first, last = (int.from_bytes(part, "little") for part in (word[:8], word[-8:]))
    if len(word) <= KEY_BYTES:
        return first
    return _signed((_signed(first * PRIME) ^ _signed(last)) * PRIME + len(word)) | LONG_KEY


def _mixed(key: int) -> int:
    return _signed(key * PRIME) >> 32


def _signed(number: int) -> int:
    """A number modulo 2**64, as compiled code wraps it."""
    return (number + (1 << 63)) % (1 << 64) - (1 << 63)
