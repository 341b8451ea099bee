"""Which of a word's translations is nearest to it, by an encoder's vectors.

    senses = Senses(open_encoder("multilingual-e5-small"), table)
    senses.best(options, "He sat on the bank of the river.", (14, 18))

A lexicon lists rare translations beside the usual one. The vector of the English word by itself,
and with `context` as it stands in its sentence too, is compared with those of the translations, all
from the middle layer of the encoder: there a word's vector says what it means in any language,
while the last layer speaks of the sentence (Pires, Schlinger and Garrette 2019,
https://aclanthology.org/P19-1493). Without the mean of each language, which would hide the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from data.languages import resolve
from data.load import load_parallel
from data.randomness import key
from lexaug.english.words import WORD, tokens
from lexaug.phrases import Option, PhraseTable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from models.encoder import Encoder

Span = tuple[int, int]
REFERENCE = 2000  # words of either side whose mean is taken
MOST_KEPT = 1 << 17  # vectors of translations: 200 MB at a width of 384


class Senses:
    """A phrase table whose translations have vectors; they are made when they are asked for first.

    Args:
        encoder: one that knows both languages, or at least the script of the target.
        context: whether the sentence counts, for as much as the word by itself.
    """

    def __init__(self, encoder: Encoder, table: PhraseTable, *, context: bool = False) -> None:
        self._encoder, self.table, self._context = encoder, table, context
        self._layer = encoder.depth // 2
        self._known: dict[tuple[bool, str], NDArray[np.float32]] = {}
        self._line = ""
        self._spans: dict[Span, NDArray[np.float32]] = {}
        entries = table.lexicon.entries
        self._means = tuple(
            self._whole(_some({text for text in side if text})).mean(axis=0)
            for side in ((e.source for e in entries), (e.target for e in entries))
        )
        self._context_mean = self._mean_in_context() if context else self._means[0]

    def best(self, options: Sequence[Option], line: str, span: Span) -> tuple[Option, ...]:
        """The options of the translation that is nearest to what stands in a line.

        Args:
            span: the word or phrase, in characters of the line.
        """
        entries = self.table.lexicon.entries
        targets = list(dict.fromkeys(entries[option.entry].target for option in options))
        if len(targets) < 2:
            return tuple(options)
        meant = self._of(line[slice(*span)], english=True)
        if self._context:
            meant = meant + self._here(line, span)
        scores = [float(meant @ self._of(target)) for target in targets]
        chosen = targets[scores.index(max(scores))]
        return tuple(one for one in options if entries[one.entry].target == chosen)

    def _here(self, line: str, span: Span) -> NDArray[np.float32]:
        """A span of a line as it stands there, of length 1; 0 beyond what the encoder reads."""
        import numpy as np

        if line != self._line:
            self._line, spans = line, _spans(line)
            [rows] = self._encoder.spans([line], [spans], layer=self._layer)
            self._spans = dict(zip(spans, rows, strict=True))
        inside = [row for (start, stop), row in self._spans.items() if _within(start, stop, span)]
        mean = np.mean(inside, axis=0) - self._context_mean if inside else np.full(1, np.nan)
        return _unit(mean) if np.isfinite(mean).all() else np.zeros_like(self._context_mean)

    def _of(self, text: str, *, english: bool = False) -> NDArray[np.float32]:
        """A word of either language by itself, of length 1."""
        place = english, text
        if place not in self._known:
            if len(self._known) >= MOST_KEPT:
                self._known.clear()
            self._known[place] = _unit(self._whole([text])[0] - self._means[0 if english else 1])
        return self._known[place]

    def _mean_in_context(self) -> NDArray[np.float32]:
        """Of the words of the project's own English sentences, each in its sentence."""
        import numpy as np

        english = load_parallel("sample", resolve("en"), resolve("sw"))
        lines = [pair.source for pair in english.pairs]
        found = self._encoder.spans(lines, [_spans(line) for line in lines], layer=self._layer)
        joined = np.concatenate(found)
        mean: NDArray[np.float32] = joined[np.isfinite(joined).all(axis=1)].mean(axis=0)
        return mean

    def _whole(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of whole texts, shape (texts, width)."""
        import numpy as np

        return np.nan_to_num(
            self._encoder.words(texts, [(0, len(text)) for text in texts], layer=self._layer)
        )


def _some(texts: Iterable[str]) -> list[str]:
    """The same REFERENCE of some texts each time."""
    return sorted(texts, key=lambda text: (key(1, text), text))[:REFERENCE]


def _unit(vector: NDArray[np.float32]) -> NDArray[np.float32]:
    import numpy as np

    unit: NDArray[np.float32] = vector / max(float(np.linalg.norm(vector)), 1e-9)
    return unit


def _within(start: int, stop: int, span: Span) -> bool:
    return span[0] <= start and stop <= span[1]


def _spans(line: str) -> list[Span]:
    return [(token.start, token.stop) for token in tokens(line) if token.kind == WORD]
