"""CoNLL-U, the format of Universal Dependencies: words with their universal part of speech.

    for sentence in read_conllu(Path("sw_x-ud-test.conllu")):
        print(sentence.tokens, sentence.tags)

Ten columns between tabs, comments above a sentence: https://universaldependencies.org/format.html
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from data.labels.conll import NO_TOKENS, Block, read_blocks
from data.lexicon import UNIVERSAL_POS
from data.tagged import TaggedSentence, sentence_of
from data.tsv import counted, excerpt, reject

COLUMNS = ("ID", "FORM", "LEMMA", "UPOS", "XPOS", "FEATS", "HEAD", "DEPREL", "DEPS", "MISC")

# Reasons under which sentences or lines are left out.
BAD_ID = "ID that does not count on"
BAD_TAG = "tag that is not a Universal POS tag"
RANGE = "line of a multiword token, whose words are kept"
EMPTY_NODE = "empty node, which is no word of the text"


def read_conllu(
    path: Path,
    *,
    prefix: str = "",
    skip_bad: bool = False,
    dropped: Counter[str] | None = None,
    repairs: Counter[str] | None = None,
) -> Iterator[TaggedSentence]:
    """Yield the words of Universal Dependencies' CoNLL-U with their UPOS.

    Syntactic words carry the tags: of Spanish `3-4 dime`, `3 di VERB`, `4 me PRON` the tokens are
    `di` and `me`. The line of the multiword token is left out, and so are empty nodes (`8.1`),
    which stand for what the text elides. Both are counted in `dropped`.

    Raises:
        InputError: not ten columns; words not numbered 1, 2, 3; a UPOS that is none of the 17.
    """
    blocks = read_blocks(
        path, COLUMNS, comments=True, skip_bad=skip_bad, dropped=dropped, repairs=repairs
    )
    with counted(dropped, path, "dropped") as tally:
        for block in blocks:
            words = _words(block, tally)
            fault = _fault_of_words(words)
            if fault is None:
                yield sentence_of(words, prefix, 1, 3)
            else:
                line, problem = fault
                reject(problem, f"{path}:{line}", skip_bad=skip_bad, dropped=tally)


def _words(block: Block, dropped: Counter[str]) -> Block:
    """The block without ranges (`3-4`) and empty nodes (`8.1`)."""
    others = [row for row in block.rows if re.fullmatch(r"\d+[-.]\d+", row.cells[0])]
    dropped.update(RANGE if "-" in row.cells[0] else EMPTY_NODE for row in others)
    words = tuple(row for row in block.rows if row not in others)
    return replace(block, rows=words)


def _fault_of_words(block: Block) -> tuple[int, tuple[str, str]] | None:
    """Where the words are bad first, under which reason, and what is wrong."""
    if not block.rows:
        return block.line, (NO_TOKENS, "expected words, found none")
    for number, row in enumerate(block.rows, 1):
        if row.cells[0] != str(number):
            message = f"expected the ID {number}, found {excerpt(row.cells[0])}"
            return row.line, (BAD_ID, message)
        if row.cells[3] not in UNIVERSAL_POS:
            message = f"expected a UPOS tag, found {excerpt(row.cells[3])}"
            return row.line, (BAD_TAG, message)
    return None
