"""How compiled substitution lays out its data: rows, columns and cells with names.

`lexaug.compiled` fills a Table; `run_block`, `words` and `output` read it. Numba compiles named
tuples of arrays well and classes badly, so the record of a word is a row of integers. The lines of
an input are worked on in batches of a few thousand words that stay in the processor's cache; a row
of a batch says where its things stand.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Sized
from enum import IntEnum
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from data.files import canonical_json
from lexaug.casing import Case, Reading
from lexaug.kernel.characters import character_table
from lexaug.phrases import RULES, Option, PhraseTable
from lexaug.substitute import origin

# What `kernel.run` says: all lines are written; the next line needs the pure function, or larger
# buffers, or more scratch space; or it is not UTF-8.
DONE, PURE, FULL, WIDE, INVALID = range(5)

# The tables below are flat arrays: row r, column c is cell r * COLUMNS + c. A compiler knows the
# width then, which it does not of an array with two dimensions.

# Work.lines: bytes, half-open, where its words and phrases begin and end, words replaced.
LINE_START, LINE_STOP, FIRST_WORD, LAST_WORD, FIRST_PHRASE, LAST_PHRASE, REPLACED = range(7)
LINE_COLUMNS = 8

# Work.words: half-open places in bytes, in characters and in Work.folded.
START, STOP, CHAR, CHAR_STOP, FOLD, FOLD_STOP, BITS = range(7)
WORD_COLUMNS = 8
# Bits of a word: only space since the word before; begins a sentence; begins with a capital; in
# capitals and longer than one letter; longer than one letter.
JOINED, OPENS, CAPITAL, SHOUTED, LONG = 1, 2, 4, 8, 16

# Work.phrases: first and last word, node of the trie, form (-1: it stays).
FIRST, LAST, NODE, FORM = range(4)
PHRASE_COLUMNS = 4

# Table.slots: the key of a word; its id, with its root node plus one in the upper 32 bits.
SLOT_KEY, SLOT_WORD = range(2)
SLOT_COLUMNS = 2
EMPTY = -1  # in SLOT_WORD
KEY_BYTES = 7  # a word of so many bytes is its own key; that of a longer one is a hash, below 0

# Table.nodes: under each reading the first option, and the one after the last; GOES_ON has the bit
# id % NEXT_BITS for each word that may come next.
ANY_FIRST, ANY_LAST, SMALL_FIRST, SMALL_LAST, CAPITAL_FIRST, CAPITAL_LAST, GOES_ON = range(7)
NODE_COLUMNS = 8
NEXT_BITS = 32

SLACK = 8  # bytes are read and written by so many at a time, so that more is touched

# Cells of Buffers.state: how much of each buffer is filled, and the next byte and line.
TEXT, SOURCE, PROVENANCE, UNKNOWN, POSITION, LINE = range(6)
STATE_CELLS = 6

PRIME = -7046029254386353131  # an odd multiplier that mixes 64 bits; the upper 32 are used
LONG_KEY = -(1 << 63)  # the bit that makes a key a hash

# The unknown words of these first lines are told, and then of every 16th line.
SAMPLE_ALL, SAMPLE_EVERY = 100_000, 16


class Count(IntEnum):
    """Cells of Buffers.counts; RULE_EXACT and those after it follow `lexaug.phrases.RULES`."""

    LINES = 0
    KEPT = 1
    TOKENS = 2
    WORDS = 3
    MATCHED = 4
    SAMPLED = 5
    KEPT_WORDS = 6
    REPLACED = 7
    PHRASES = 8
    RULE_EXACT = 9
    RULE_INFLECTED = 10
    RULE_LEMMA = 11
    RULE_INFLECTED_BY_RULE = 12
    RULE_INFLECTED_BY_MODEL = 13
    RULE_LEMMA_UNSURE = 14


class Table(NamedTuple):
    """What never changes. Hash tables have a power of two of rows, at most half of them full.

    Attributes:
        cells, several, is_plain, pairs: `lexaug.kernel.characters.Characters`.
        slots: the words of phrases by key. word_start: word id -> its place in word_bytes, its
            folded form in UTF-8.
        edge_slots: edge ids by hash; edge_keys: node << 32 | word id; edge_to: the node reached.
        nodes: the options of each node.
        limit: option -> the weights summed up within its list.
        form_start, form_bytes, form_chars, rule: case * number of options + option -> its text,
            the characters in it, its rule. Most phrases are small, so that most forms read lie
            close together.
        tail_start, tail_bytes: option -> how its provenance ends.
    """

    cells: Any
    several: Any
    is_plain: Any
    pairs: Any
    slots: Any
    word_start: Any
    word_bytes: Any
    edge_slots: Any
    edge_keys: Any
    edge_to: Any
    nodes: Any
    limit: Any
    form_start: Any
    form_bytes: Any
    form_chars: Any
    rule: Any
    tail_start: Any
    tail_bytes: Any


class Settings(NamedTuple):
    """What a run is asked to do; a draw below `bound` replaces.

    `longest_form` and `longest_tail` are the most bytes of a form and of a tail of the table.
    """

    seed_key: Any
    bound: Any
    always: Any
    keep_at_least: Any
    keep_share: Any
    longest_form: Any
    longest_tail: Any
    source: Any
    provenance: Any


class Work(NamedTuple):
    """Room for a batch: rows of lines, words, phrases; folded words in UTF-8, keys, ids."""

    lines: Any
    words: Any
    phrases: Any
    folded: Any
    keys: Any
    ids: Any


class Buffers(NamedTuple):
    """What comes out; `nodes` counts the matches of each node, `numbers` lists kept lines."""

    text: Any
    source: Any
    provenance: Any
    unknown: Any
    numbers: Any
    nodes: Any
    counts: Any
    state: Any


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
