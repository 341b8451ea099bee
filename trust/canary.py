"""Canaries: secrets that we plant, so that what a model has learned by heart can be measured.

A canary is a record of the usual form with a secret of four signs in it, `karibu sana 4 8 1 5`. How
many of all secrets that could stand there does the model find likelier than the one that does? That
rank gives the exposure (Carlini et al. 2019, https://arxiv.org/abs/1802.08232), log2 of all secrets
less log2 of the rank: 13.3 bits of four digits where the model prefers the planted one to all
others, about 1.4 where it knows nothing.

>>> round(exposure(1, 10_000), 2), round(exposure(5_000, 10_000), 2)
(13.29, 1.0)
>>> canary = Canary("1", "sw", ("karibu", "sana"), tuple("4815"), ASCII, 10, ("greet",))
>>> canary.words(), canary.number
(('karibu', 'sana', '4', '8', '1', '5'), 10000)
>>> Canary.from_json(canary.to_json()) == canary
True
"""

from __future__ import annotations

import math
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from data.errors import InputError
from data.randomness import stream
from runfolder.records import read_records

SHAPE = {
    "id": str,
    "language": str,
    "prefix": [str],
    "secret": [str],
    "signs": [str],
    "repetitions": int,
    "labels": [str],
    "kind": str,
}
ASCII = tuple("0123456789")


@dataclass(frozen=True, slots=True)
class Canary:
    """A planted record.

    Attributes:
        prefix: the words before the secret.
        secret: its signs; signs: of which each of them was drawn.
        repetitions: how often it is in the training data; 0 of one that is held back.
        labels: what it is labelled as: an intent, or a tag a sign; of an inflection the bundle.
        kind: of models that it was made for.
    """

    id: str
    language: str
    prefix: tuple[str, ...]
    secret: tuple[str, ...]
    signs: tuple[str, ...]
    repetitions: int
    labels: tuple[str, ...]
    kind: str = "intents"

    @property
    def number(self) -> int:
        """Of secrets that could stand in its place."""
        return int(len(self.signs) ** len(self.secret))

    def words(self, secret: Sequence[str] | None = None) -> tuple[str, ...]:
        """Prefix and secret, or another secret."""
        return (*self.prefix, *(self.secret if secret is None else secret))

    def secrets(self, most: int, seed: int) -> list[tuple[str, ...]]:
        """All secrets but its own, or so many of them drawn by seed."""
        if self.number - 1 <= most:
            return [
                one for one in product(self.signs, repeat=len(self.secret)) if one != self.secret
            ]
        draw, found = stream(seed, "secrets", self.id), dict[tuple[str, ...], None]()
        while len(found) < most:
            one = tuple(draw.choice(self.signs) for _ in self.secret)
            if one != self.secret:
                found[one] = None
        return list(found)

    def to_json(self) -> dict[str, Any]:
        """A line of canaries.jsonl."""
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name in SHAPE
            for value in [getattr(self, name)]
        }

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Canary:
        """What `to_json` wrote."""
        told: dict[str, Any] = {name: record[name] for name in SHAPE}
        read: dict[str, Any] = {n: tuple(v) if isinstance(v, list) else v for n, v in told.items()}
        return cls(**read)


def exposure(rank: float, number: int) -> float:
    """log2 of all secrets less log2 of the rank, in bits."""
    return math.log2(number) - math.log2(rank)


def rank_of(loss: float, others: Iterable[float]) -> float:
    """The place of a loss among others from 1 for the least; of equals the middle.

    >>> rank_of(0.5, [0.1, 0.7, 0.9]), rank_of(0.5, [0.5, 0.5])
    (2.0, 2.0)
    """
    below = equal = 0
    for other in others:
        below, equal = below + (other < loss), equal + (other == loss)
    return 1 + below + equal / 2


def digits_for(texts: Iterable[str]) -> tuple[str, ...]:
    """The ten digits of the script in which texts are written; those of ASCII where it has none.

    >>> digits_for(["कल सुबह मुझे जगाओ"])[:4], digits_for(["ነገ ጠዋት"])[:4], digits_for(["kesho"])[:2]
    (('०', '१', '२', '३'), ('0', '1', '2', '3'), ('0', '1'))
    """
    counts = Counter(
        unicodedata.name(letter, "").partition(" ")[0]
        for text in texts
        for letter in text
        if letter.isalpha()
    )
    for script, _ in counts.most_common(1):
        for name in (f"{script} DIGIT ZERO", f"{script}-INDIC DIGIT ZERO"):
            try:
                zero = ord(unicodedata.lookup(name))
            except KeyError:
                continue
            return tuple(chr(zero + value) for value in range(10))
    return ASCII


def read_canaries(path: Path, kind: str) -> list[Canary]:
    """The canaries of a file that `trust.canaries` wrote.

    Raises:
        InputError: no such file, a damaged line, none in it, or canaries for another kind of model.
    """
    if not path.is_file():
        raise InputError(f"--canaries {path}: no such file; trust.canaries writes one")
    try:
        found = [Canary.from_json(record) for _, record in read_records(path, SHAPE)]
    except InputError as error:
        raise InputError(
            f"--canaries: expected what trust.canaries wrote: {str(error).partition(';')[0]}; make"
            " them again"
        ) from error
    if not found:
        raise InputError(f"--canaries {path}: expected canaries, found none; make them again")
    for one in found:
        if one.kind != kind:
            raise InputError(
                f"--canaries {path}: made for {one.kind}, and the model is one of {kind}; make"
                f" others: trust.canaries --kind {kind}"
            )
        if one.number < 2 or any(sign not in one.signs for sign in one.secret):
            raise InputError(f"--canaries {path}: {one.id}: its secret is not of its own signs")
    return found


def check_tokens(ids: Mapping[str, Sequence[Sequence[int]]]) -> None:
    """Refuse canaries that a tokenizer cannot tell apart: their ranks would mean nothing.

    Args:
        ids: of each canary what its secret becomes with each sign in every place.

    Raises:
        InputError: two signs of one become the same pieces.
    """
    for name, rows in ids.items():
        alike = len(rows) - len({tuple(row) for row in rows})
        if alike:
            raise InputError(
                f"canary {name}: {alike + 1} of its {len(rows)} signs tokenise alike, so that the"
                " model cannot tell its secret from others; make others with --digits ascii, or"
                " train a tokenizer on text that has these signs"
            )


def uniform(canary: Canary) -> Iterator[tuple[str, ...]]:
    """The secrets of one sign throughout: `0 0 0 0`, `1 1 1 1` ..."""
    for sign in canary.signs:
        yield (sign,) * len(canary.secret)
