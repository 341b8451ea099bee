"""Which lines of a text are worth translating: those whose words the lexicon knows, and new ones.

    selection = Selection(table, share=0.5)
    kept = selection.chosen(lines)      # numbers of lines, in order

Of the lines of a block a share is taken, one by one, each time the one with the greatest gain: the
share of its words that the lexicon has, each the less the more often it was taken already
(1 / (1 + times) to the power of one half). So a text of which everything is known is not always the
same text. It is the greedy maximisation of a submodular function, as in Lin and Bilmes (2011,
https://aclanthology.org/P11-1052/). What is taken depends on the block alone.
"""

from __future__ import annotations

import heapq
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lexaug.config import SynthesisConfig
from lexaug.english.closed_class import CLOSED, singular
from lexaug.english.words import WORD, tokens
from lexaug.phrases import PhraseTable
from lexaug.synthesis.blocks import Bad, Piece
from lexaug.synthesis.journal import Tally

REASON = "not selected"
SHORTEST = 3  # words of a line that may be taken


@dataclass(frozen=True)
class Selection:
    """A share of the lines, by what the lexicon knows of them."""

    table: PhraseTable
    share: float

    @classmethod
    def of(cls, config: SynthesisConfig, table: PhraseTable) -> Selection | None:
        """The selection that a configuration asks for; None where all lines are taken."""
        return cls(table, config.select_share) if config.resolved("select") == "coverage" else None

    def words(self, line: str) -> tuple[list[str], int]:
        """The content words of a line that the lexicon knows, and the number of all content words.

        Function words do not tell what a lexicon is good for, names are the same everywhere.
        """
        known, count = [], 0
        for token in tokens(line):
            if token.kind != WORD or token.low in CLOSED:
                continue
            count += 1
            word = self.table.fold(token.low)
            if word in self.table.options:
                known.append(word)
            elif (base := self.table.fold(singular(token.low))) in self.table.options:
                known.append(base)
            elif token.text[:1].isupper():
                count -= 1
        return known, count

    def chosen(self, lines: Sequence[str]) -> list[int]:
        """The places of the lines that are taken, in order."""
        wanted = round(self.share * len(lines))
        found = [self.words(line) for line in lines]
        taken: Counter[str] = Counter()
        heap = [(-_gain(known, count, taken), place) for place, (known, count) in enumerate(found)]
        heapq.heapify(heap)
        chosen: list[int] = []
        while heap and len(chosen) < wanted:
            old, place = heapq.heappop(heap)
            gain = _gain(*found[place], taken)
            if heap and -gain > heap[0][0]:  # it gained less since: others may gain more
                heapq.heappush(heap, (-gain, place))
                continue
            if not gain and old == 0:
                break  # of the rest nothing is known
            chosen.append(place)
            taken.update(found[place][0])
        return sorted(chosen)


def _gain(known: Sequence[str], count: int, taken: Counter[str]) -> float:
    """What a line adds; its coverage, less for words that were taken before."""
    if count < SHORTEST:
        return 0.0
    return len(known) / count * sum(1 / math.sqrt(1 + taken[word]) for word in known) / count


def selected(
    pieces: Iterable[Piece], selection: Selection | None, tally: Tally, gone: list[Bad]
) -> list[Piece]:
    """The pieces of a block without the lines that are not taken, which are counted and told."""
    if selection is None:
        return list(pieces)
    numbers: list[int] = []
    lines: list[bytes] = []
    for piece in pieces:
        rows = piece.data.split(b"\n")[:-1]
        numbers += range(piece.first_line, piece.first_line + len(rows))
        lines += rows
    places = selection.chosen([line.decode() for line in lines])
    found: list[Piece] = []
    for place in places:
        line = lines[place] + b"\n"
        if found and found[-1].first_line + found[-1].data.count(b"\n") == numbers[place]:
            found[-1] = Piece(found[-1].first_line, found[-1].data + line)
        else:
            found.append(Piece(numbers[place], line))
    left = sorted(set(range(len(lines))) - set(places))
    tally.dropped[REASON] += len(left)
    tally.numbers["lines"] += len(left)
    gone += [Bad(numbers[place], REASON, lines[place].decode()) for place in left]
    return found
