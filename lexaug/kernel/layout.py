"""How compiled substitution lays out its data: rows, columns and cells with names.

`lexaug.compiled` fills a Table; `run_block`, `words` and `output` read it. Numba compiles named
tuples of arrays well and classes badly, so the record of a word is a row of integers. The lines of
an input are worked on in batches of a few thousand words that stay in the processor's cache; a row
of a batch says where its things stand.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any, NamedTuple

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
