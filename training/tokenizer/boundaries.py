"""Morphemes that a vocabulary's pieces must not cross while it is learned.

    boundaries = read_boundaries(Path("segments.tsv"))
    train_tokenizer(texts, 8000, boundaries=boundaries)

A table with a word and its morphemes, `alisoma<TAB>a|li|soma`, as `morph.analyse --segment` writes
it; columns may stand in any order and others between them, as in UniMorph's segmentations. In the
text of training every such word is cut, so that no piece is learned that reaches over a boundary.
What the vocabulary then makes of a text is up to its scores alone: nobody cuts words there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate
from pathlib import Path

from data.errors import InputError
from data.lines import counted, excerpt, read_lines, reject
from data.words import word_spans

MORPHEME = "|"  # between morphemes in the table
DELIMITER = "\u241f"  # in the text that is learned from: the symbol for a unit separator
NOT_THE_WORD = "row whose morphemes do not make up its word"

Boundaries = Mapping[str, tuple[int, ...]]  # words, and the places inside where they are cut


def read_boundaries(
    path: Path, *, skip_bad: bool = False, dropped: Counter[str] | None = None
) -> dict[str, tuple[int, ...]]:
    """The words of a table with the places where they part, small letters for all.

    Rows of which no cell has a | are passed over: names of columns, words of one morpheme. Of a
    word with several segmentations the first counts.

    Raises:
        InputError: no such file; a row whose morphemes make up none of its cells (stems in a form
            that the word has not: `make|ing`); no row with a boundary.
    """
    found: dict[str, tuple[int, ...]] = {}
    with counted(dropped, path, "dropped") as lost:
        for number, text in read_lines(path, skip_bad=skip_bad, dropped=lost):
            cells = [cell.strip() for cell in text.split("\t")]
            cut = [cell for cell in cells if MORPHEME in cell]
            whole = [cell for cell in cut if cell.replace(MORPHEME, "") in cells]
            if whole:
                *parts, _ = whole[0].split(MORPHEME)
                word = whole[0].replace(MORPHEME, "")
                places = [place for place in accumulate(map(len, parts)) if 0 < place < len(word)]
                found.setdefault(word.lower(), tuple(dict.fromkeys(places)))
            elif cut:
                what = f"expected a word beside its morphemes, found {excerpt(text)}"
                reject((NOT_THE_WORD, what), f"{path}:{number}", skip_bad=skip_bad, dropped=lost)
    if not any(found.values()):
        raise InputError(
            f"{path}: expected words beside their morphemes (alisoma, a tab, a|li|soma), found"
            " none; write it by morph.analyse --segment"
        )
    return found


def cut(text: str, boundaries: Boundaries, counts: Counter[str] | None = None) -> str:
    """The text with DELIMITER at the boundaries of the words that are known.

    Args:
        counts: receives the number of `words`, and of those that were `cut`.

    >>> cut("Alisoma kitabu.", {"alisoma": (1, 3)}).replace(DELIMITER, "|")
    'A|li|soma kitabu.'
    """
    parts, place = [], 0
    for start, stop in word_spans(text):
        word = text[start:stop]
        places = boundaries.get(word.lower(), ()) if len(word) == len(word.lower()) else ()
        if counts is not None:
            counts["words"] += 1
            counts["cut"] += bool(places)
        for at in places:
            parts += [text[place : start + at], DELIMITER]
            place = start + at
    return "".join([*parts, text[place:]])


def cut_lines(
    lines: Iterable[str], boundaries: Boundaries, counts: Counter[str] | None = None
) -> Iterator[str]:
    """`cut` of every line; what looks like a boundary in the text itself becomes a space."""
    for line in lines:
        yield cut(line.replace(DELIMITER, " "), boundaries, counts)
