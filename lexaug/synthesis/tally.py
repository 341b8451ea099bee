"""What a run counts while it works, in parts that add up in order.

>>> tally = Tally()
>>> tally.add(Tally(Counter(lines=2, words=9), missing=Counter(goat=1)))
>>> tally.add(Tally(Counter(lines=1, words=4), missing=Counter(goat=2)))
>>> tally.numbers["words"], tally.missing
(13, Counter({'goat': 3}))

The words that the lexicon lacks are counted in the first 100,000 lines and in every 16th after
them. Their table is cut when it has more than 300,000 words: the rarest go, and how many went is
counted, so that memory does not grow with the text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

LARGEST_TABLE = 300_000
SAMPLED_WHOLE = 100_000  # lines of which all are sampled
SAMPLED_STEP = 16  # of those after them, every so manieth
PRUNED = "pruned types"

COUNTERS = ("numbers", "rules", "dropped", "repaired", "hits", "missing")


@dataclass(slots=True)
class Tally:
    """Counts of a block, of what lies between two commits, or of a whole run.

    Attributes:
        numbers: lines (or sentences), tokens, words, matched, sampled_words over all that was
            read; kept, kept_words, replaced_words, replaced_phrases, straddling over what was
            kept.
        rules: replaced phrases by rule: exact, inflected, lemma.
        dropped, repaired: records by reason.
        hits: how often each phrase of the lexicon was met.
        places: the hits as numbers, one a phrase of a table; who counted them names the phrases
            in `hits` before they are kept.
        missing: how often each word that the lexicon lacks was met in the sampled lines.
    """

    numbers: Counter[str] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    repaired: Counter[str] = field(default_factory=Counter)
    hits: Counter[str] = field(default_factory=Counter)
    missing: Counter[str] = field(default_factory=Counter)
    places: NDArray[np.int64] | None = None

    def add(self, other: Tally) -> None:
        """Add the counts of what comes next in the text."""
        for name in COUNTERS:
            getattr(self, name).update(getattr(other, name))
        if other.places is not None:
            self.places = other.places + (0 if self.places is None else self.places)
        if len(self.missing) > LARGEST_TABLE:
            self._prune()

    def name_places(self, phrases: Sequence[str]) -> None:
        """Move the hits in `places` to the phrases with these names.

        >>> tally = Tally(places=np.array([0, 2]))
        >>> tally.name_places(["goat", "dog"])
        >>> tally.hits, tally.places
        (Counter({'dog': 2}), None)
        """
        if self.places is not None:
            hit = np.flatnonzero(self.places).tolist()
            self.hits.update({phrases[i]: int(self.places[i]) for i in hit})
            self.places = None

    def as_json(self) -> dict[str, dict[str, int]]:
        """The counts without zeros, for the journal."""
        return {name: {k: n for k, n in getattr(self, name).items() if n} for name in COUNTERS}

    @classmethod
    def from_json(cls, counts: Mapping[str, Any]) -> Tally:
        """The counts as `as_json` gave them."""
        tally = cls()
        for name in COUNTERS:
            getattr(tally, name).update(counts[name])
        return tally

    def _prune(self) -> None:
        """Forget the rarest words, all of one count together, until half of the room is free."""
        least = 1
        while len(self.missing) > LARGEST_TABLE // 2:
            rare = [word for word, count in self.missing.items() if count <= least]
            for word in rare:
                del self.missing[word]
            self.numbers[PRUNED] += len(rare)
            least += 1


def is_sampled(record: int) -> bool:
    """Whether the words of this line are looked at one by one.

    >>> is_sampled(100_000), is_sampled(100_001), is_sampled(100_016)
    (True, False, True)
    """
    return record <= SAMPLED_WHOLE or record % SAMPLED_STEP == 0
