"""Objectives that take spans out: filling them (T5), and denoising without marks (AlexaTM)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.errors import InputError
from training.objectives.examples import Example, Ids, Special, joined


@dataclass(frozen=True, slots=True)
class FillSpans:
    """T5's span corruption (Raffel et al. 2020, https://jmlr.org/papers/v21/20-074.html, 3.3.4).

    A share of the tokens is taken out in spans; each leaves a sentinel, and the target lists the
    sentinels with what they stand for, closed by one more. T5's own code always ends a document on
    a span; here it may as well end, and begin, outside of one.

    Attributes:
        rate: share of tokens taken out (at least one), 0-0.5; mean: length of a span on average.
    """

    special: Special
    rate: float = 0.15
    mean: float = 3.0

    def __post_init__(self) -> None:
        check_rate("spans", self.rate, most=0.5)
        if len(self.special.sentinels) < 2:
            raise InputError(
                "spans: expected a tokenizer with <extra_id_0>, <extra_id_1> ..., found"
                f" {len(self.special.sentinels)}; train it with --sentinels 100"
            )

    def lengths(self, length: int) -> tuple[int, int]:
        """Tokens of input and of labels for a document of `length`."""
        noise, number = noise_and_spans(length, self.rate, self.mean, most=self._most)
        return framed_length(length - noise + number, self.special), noise + number + 2

    @property
    def _most(self) -> int:
        return len(self.special.sentinels) - 1

    def __call__(self, ids: Ids, rng: np.random.Generator) -> Example:
        """Input (T,) with sentinels, labels (U,): sentinels with their spans, then eos."""
        starts, lengths = random_spans(len(ids), self.rate, self.mean, rng, most=self._most)
        source, target = fill(ids, starts, lengths, np.array(self.special.sentinels))
        return Example(
            joined(self.special.start, source, self.special.end), ended(target, self.special)
        )


@dataclass(frozen=True, slots=True)
class DropSpans:
    """AlexaTM 20B's denoising (Soltan et al. 2022, https://arxiv.org/abs/2208.01448).

    A share of the tokens is dropped in spans and nothing marks the places, so that inputs look as
    they will in use; the target is the whole document.

    Attributes:
        rate: share of tokens dropped (one at least, and one at least stays); mean: of the spans.
    """

    special: Special
    rate: float = 0.15
    mean: float = 3.0

    def __post_init__(self) -> None:
        check_rate("drop", self.rate)

    def lengths(self, length: int) -> tuple[int, int]:
        """Most tokens of input and of labels for a document of `length`."""
        return framed_length(length, self.special), length + 1

    def __call__(self, ids: Ids, rng: np.random.Generator) -> Example:
        """Input (T,) with gaps that do not show, labels (U,): the document, then eos."""
        kept = ids
        if len(ids) > 1:
            starts, lengths = random_spans(len(ids), self.rate, self.mean, rng, keep=1)
            kept = ids[~covered(len(ids), starts, lengths)]
        return Example(joined(self.special.start, kept, self.special.end), ended(ids, self.special))


def fill(ids: Ids, starts: Ids, lengths: Ids, sentinels: Ids) -> tuple[Ids, Ids]:
    """Source and target of given spans: figure 2 of the T5 paper, words numbered from 0.

    "Thank you <X> me to your party <Y> week" and "<X> for inviting <Y> last <Z>":

    >>> starts, lengths, sentinels = np.array([2, 8]), np.array([2, 1]), np.array([90, 91, 92])
    >>> source, target = fill(np.arange(10), starts, lengths, sentinels)
    >>> source.tolist(), target.tolist()
    ([0, 1, 90, 4, 5, 6, 7, 91, 9], [90, 2, 3, 91, 8, 92])
    """
    out = covered(len(ids), starts, lengths)
    marked = ids.copy()
    marked[starts] = sentinels[: len(starts)]
    stays = ~out
    stays[starts] = True
    target = np.insert(ids[out], np.cumsum(lengths) - lengths, sentinels[: len(starts)])
    return marked[stays], joined(target, sentinels[len(starts) : len(starts) + 1])


def covered(length: int, starts: Ids, lengths: Ids) -> NDArray[np.bool_]:
    """Which of `length` places lie in a span, (length,); spans do not overlap.

    >>> covered(5, np.array([1, 4]), np.array([2, 1])).tolist()
    [False, True, True, False, True]
    """
    change = np.zeros(length + 1, dtype=np.int64)
    change[starts] += 1
    np.subtract.at(change, starts + lengths, 1)
    return np.cumsum(change[:-1]) > 0


def random_spans(
    length: int,
    rate: float,
    mean: float,
    rng: np.random.Generator,
    *,
    most: int | None = None,
    keep: int = 0,
) -> tuple[Ids, Ids]:
    """Starts and lengths of spans that cover round(rate * length) tokens, one at least.

    Their number is what the mean length asks for; where they lie and how long each is, is drawn
    uniformly among all ways in which no two spans touch.

    Args:
        most: no more spans than this; keep: tokens that stay at least.
    """
    noise, number = noise_and_spans(length, rate, mean, most=most, keep=keep)
    lengths = positive_parts(noise, number, rng)
    return placed(length - noise, lengths, rng), lengths


def noise_and_spans(
    length: int, rate: float, mean: float, *, most: int | None = None, keep: int = 0
) -> tuple[int, int]:
    """How many tokens of a document spans cover, and how many spans: see `random_spans`.

    >>> noise_and_spans(512, 0.15, 3.0)
    (77, 26)
    """
    noise = min(max(1, round(length * rate)), length - keep)
    return noise, min(max(1, round(noise / mean)), noise, length - noise + 1, most or noise)


def placed(rest: int, lengths: Ids, rng: np.random.Generator) -> Ids:
    """Random starts of spans among `rest` tokens outside, one at least between two spans."""
    gaps = positive_parts(rest + 2, len(lengths) + 1, rng)
    before = np.cumsum(gaps[:-1]) - 1  # the first gap may be empty, and the last
    return np.asarray(before + np.cumsum(lengths) - lengths, dtype=np.int64)


def positive_parts(total: int, parts: int, rng: np.random.Generator) -> Ids:
    """Positive numbers that add up to a total, every way of doing so as likely as any other.

    >>> parts = positive_parts(10, 3, np.random.default_rng(1))
    >>> len(parts), int(parts.sum()), bool((parts > 0).all())
    (3, 10, True)
    """
    if parts == 1:
        return np.array([total])
    cuts = np.sort(rng.choice(total - 1, parts - 1, replace=False)) + 1
    return np.diff(np.concatenate(([0], cuts, [total])))


def framed_length(length: int, special: Special) -> int:
    """The length with what the tokenizer puts around a text."""
    return len(special.start) + length + len(special.end)


def ended(ids: Ids, special: Special) -> Ids:
    """What a decoder writes: the ids, then the end of the text."""
    return joined(ids, () if special.eos is None else (special.eos,))


def check_rate(name: str, rate: float, *, most: float = 1.0) -> None:
    """Raise `InputError` unless 0 < rate <= most."""
    if not 0 < rate <= most:
        raise InputError(f"{name}: a rate of {rate}; expected more than 0 and at most {most}")
