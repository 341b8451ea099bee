"""A label dictionary: what labels words have in the pseudo-labelled data, counted beside the model.

A lexicon knows little of context and much of words; an encoder that was trained on another
language's labels is the other way round. Token and type constraints together beat either
(Täckström et al. 2013, https://aclanthology.org/Q13-1001). Here they are one product: for a word w
in context c the score of a label t is

    log p(t | w, c) + weight * log q(t | w)        q(t | w) = (n(t, w) + p(t)) / (n(w) + 1)

with n counted in the pseudo-labelled sets, whatever the case, and p the labels' shares in all that
is trained on. A word that is not in them has the model's score alone.

>>> sentences = [(("Mbwa", "analala"), ("NOUN", "VERB")), (("mbwa",), ("NOUN",))]
>>> known = Dictionary.of(sentences, ("NOUN", "VERB"), {"NOUN": 1, "VERB": 1}, 0.5)
>>> [round(float(part), 2) for part in known.scores("MBWA")]
[-0.09, -0.9]
>>> known.scores("paka") is None
True
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from data.bounded import read_json
from data.errors import InputError
from data.files import write_whole

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FILE = "dictionary.json"  # beside a tagger's weights
SHAPE = {"weight": float, "labels": [str], "shares": [float], "words": {str: [int]}}


@dataclass(frozen=True, slots=True)
class Dictionary:
    """How often words have which labels.

    Attributes:
        labels: in the order of the scores.
        shares: p(t), each above 0; their sum is 1.
        words: for each case-folded word a count a label.
        weight: of its scores beside the model's.
    """

    labels: tuple[str, ...]
    shares: tuple[float, ...]
    words: Mapping[str, Sequence[int]]
    weight: float

    @classmethod
    def of(
        cls,
        sentences: Iterable[tuple[Sequence[str], Sequence[str]]],
        labels: Sequence[str],
        overall: Mapping[str, int],
        weight: float,
    ) -> Dictionary:
        """Count words and labels.

        Args:
            overall: how often each label occurs in all training data.
        """
        counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for words, tags in sentences:
            for word, tag in zip(words, tags, strict=True):
                counts[word.casefold()][tag] += 1
        every = sum(overall.get(label, 0) + 1 for label in labels)
        shares = tuple((overall.get(label, 0) + 1) / every for label in labels)
        rows = {word: [own[label] for label in labels] for word, own in sorted(counts.items())}
        return cls(tuple(labels), shares, rows, weight)

    def scores(self, word: str) -> NDArray[np.float64] | None:
        """What to add to the model's log-probabilities, (labels,); None for an unknown word."""
        import numpy as np

        counts = self.words.get(word.casefold())
        if counts is None:
            return None
        smooth = np.asarray(counts, np.float64) + np.asarray(self.shares)
        added: NDArray[np.float64] = self.weight * np.log(smooth / smooth.sum())
        return added

    def save(self, folder: Path) -> None:
        """Write it beside a tagger's weights."""
        told = {"weight": self.weight, "labels": self.labels, "shares": self.shares}
        content = json.dumps({**told, "words": self.words}, ensure_ascii=False)
        write_whole(folder / FILE, content + "\n")

    @classmethod
    def load(cls, folder: Path, labels: Sequence[str]) -> Dictionary | None:
        """That of a tagger's folder; None where it has none.

        Raises:
            InputError: the file is damaged, or its labels are not the tagger's.
        """
        path = folder / FILE
        if not path.is_file():
            return None
        told = read_json(path, SHAPE)
        sizes = {len(told["shares"]), *map(len, told["words"].values())}
        if told["labels"] != list(labels) or sizes != {len(labels)} or min(told["shares"]) <= 0:
            raise InputError(
                f"{path}: expected counts of the tagger's {len(labels)} labels, found others;"
                " take the folder that training.tag wrote"
            )
        return cls(tuple(labels), tuple(told["shares"]), told["words"], told["weight"])
