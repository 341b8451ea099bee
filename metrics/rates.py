"""Rates: the share of segments for which something holds, on 0-100, through the common path.

A rate's row is `[hits, trials]`: 0 or 1 of 1. It is stored, summed and resampled like the
statistics of BLEU (see metrics.translation).

>>> COPY_RATE.extract(["Good Morning", "Habari"], ["good morning", "hello"])
[[1, 1], [0, 1]]
>>> COPY_RATE.aggregate([1, 2])
50.0
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from metrics.score import higher_is_better
from metrics.significance import Columns, Row


@dataclass(frozen=True, slots=True)
class Rate:
    """A yes-or-no question about a hypothesis and the text beside it (a source, a reference)."""

    name: str
    signature: str
    holds: Callable[[str, str], bool]
    width: int = 2

    @property
    def higher_is_better(self) -> bool | None:
        """See `metrics.score`."""
        return higher_is_better(self.name)

    def extract(
        self, hypotheses: Sequence[str], references: Sequence[str]
    ) -> list[list[int | float]]:
        """`[1, 1]` where it holds and `[0, 1]` where it does not."""
        pairs = zip(hypotheses, references, strict=True)
        return [[int(self.holds(hypothesis, beside)), 1] for hypothesis, beside in pairs]

    def aggregate(self, totals: Row) -> float:
        """Hits over trials, on 0-100."""
        hits, trials = totals
        return 100 * hits / trials

    def aggregate_segment(self, row: Row) -> float:
        """0 or 100."""
        return self.aggregate(row)

    def aggregate_columns(self, totals: Columns) -> Columns:
        """Rates of many summed rows, one a column: shape (2, m) to (m,)."""
        rates: Columns = 100 * totals[0] / totals[1]
        return rates

    def aggregate_segment_columns(self, rows: Columns) -> Columns:
        """0 or 100 for each column."""
        return self.aggregate_columns(rows)


def is_copy(hypothesis: str, source: str) -> bool:
    """Whether the output is its source again, but for case, spacing and what nobody sees.

    Both are brought to NFC, case-folded, freed of the invisible characters that `is_empty` ignores,
    and have their whitespace squeezed. An empty output is not a copy, even of an empty source:
    `is_empty` counts it.

    >>> is_copy("STRASSE  frei\\n", "Stra\\u00adße frei\\u200b"), is_copy("Nairobi.", "Nairobi")
    (True, False)
    """
    return not is_empty(hypothesis) and _plain(hypothesis) == _plain(source)


def is_empty(hypothesis: str) -> bool:
    """Whether the output shows nothing: whitespace, control and invisible format characters only.

    >>> is_empty(" \\u200b\\n"), is_empty("."), is_empty("")
    (True, False, True)
    """
    return all(char.isspace() or _is_invisible(char) for char in hypothesis)


def _is_invisible(character: str) -> bool:
    """A control or format character that is no space: U+200B, a joiner, a mark of direction."""
    return unicodedata.category(character) in ("Cc", "Cf") and not character.isspace()


def _plain(text: str) -> str:
    if not text.isprintable():  # line ends are not printable either, and stay: they are spaces
        text = "".join(character for character in text if not _is_invisible(character))
    # Twice NFC: case folding may decompose what was composed.
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())
    return " ".join(folded.split())


_UNICODE = f"unicode:{unicodedata.unidata_version}"
COPY_RATE = Rate("copy rate", f"match:exact|norm:nfc+visible+casefold+squeeze|{_UNICODE}", is_copy)
EMPTY_RATE = Rate(
    "empty rate", f"match:space+control+format|{_UNICODE}", lambda text, _: is_empty(text)
)
