"""What a bilingual lexicon is made of: entries, and the parts of speech that they may have.

    Entry("look after", "tunza", "VERB", rank=1, origin="gatitos")

`data.lexicon` finds entries by headword; `data.lexicons.formats` reads them from files.
"""

from __future__ import annotations

from dataclasses import dataclass

# The 17 tags of Universal Dependencies, version 2: https://universaldependencies.org/u/pos/
OPEN_CLASSES = ("ADJ", "ADV", "INTJ", "NOUN", "PROPN", "VERB")
CLOSED_CLASSES = ("ADP", "AUX", "CCONJ", "DET", "NUM", "PART", "PRON", "SCONJ")
UNIVERSAL_POS = frozenset((*OPEN_CLASSES, *CLOSED_CLASSES, "PUNCT", "SYM", "X"))

# Reasons under which entries are left out.
UNKNOWN_POS = "part of speech that is not a Universal POS tag"
REPEATED = "repeated entry"


@dataclass(frozen=True, slots=True)
class Entry:
    """One translation of one word or phrase.

    Attributes:
        source, target: the headword and its translation, in NFC.
        pos: the Universal POS tag, where the data set tells.
        sense: the number of the headword's sense, from 1, where the data set numbers them.
        rank: 1 for the translation that the data set lists first for this headword.
        origin: where the entry comes from, such as the data set's name.
    """

    source: str
    target: str
    pos: str | None = None
    sense: int | None = None
    rank: int | None = None
    origin: str = ""
