"""How good a lexicon is: against a known one, and against sentences that it has not seen.

    quality = compare(best, held_back(known.headwords, seed=1), occurring)
    print(quality.exact, quality.stem)

**Against a known lexicon.** Coverage is the share of its one-word headwords that occur in the
corpus and have an entry; precision at 1 the share of those whose first translation it lists too. A
small dictionary lacks most right translations and lists base forms alone: a lower bound.
Precision by stem lets inflection differ (see `same_stem`), and is given with the rate at which
that holds by chance, between each word's translation and the next word's.

**Against unseen sentences**, where no lexicon is known: how often a translation of a word stands in
the other sentence, and how often it stands in the next pair's, which is chance.

Every share comes with its n and a 95 % interval (Wilson 1927).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from data.randomness import stream
from lexaug.induction.alignment import WordPair

Lemmas = Callable[[str], Iterable[str]]

_SHORTEST_STEM = 4
_STEM_SHARE = 0.75
_Z = 1.959964  # of 95 %


@dataclass(frozen=True, slots=True)
class Share:
    """`right` of `of` cases, in percent with an interval.

    >>> print(Share(81, 263))
    30.8 [25.5, 36.6] of 263
    """

    right: int
    of: int

    @property
    def percent(self) -> float:
        """From 0 to 100; 0 of 0 is 0."""
        return 100 * self.right / max(self.of, 1)

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval, in percent; 0 to 100 for 0 of 0."""
        n, p = max(self.of, 1), self.percent / 100
        if not self.of:
            return 0.0, 100.0
        centre = p + _Z**2 / (2 * n)
        half = _Z * math.sqrt(p * (1 - p) / n + _Z**2 / (4 * n**2))
        low, high = ((centre + sign * half) / (1 + _Z**2 / n) for sign in (-1, 1))
        return 100 * low, 100 * high

    def __str__(self) -> str:
        low, high = self.interval
        return f"{self.percent:.1f} [{low:.1f}, {high:.1f}] of {self.of}"

    def as_json(self) -> dict[str, float]:
        """The numbers for a file, rounded to a tenth of a percent."""
        low, high = (round(bound, 1) for bound in self.interval)
        return {"percent": round(self.percent, 1), "low": low, "high": high, "n": self.of}


@dataclass(frozen=True, slots=True)
class Quality:
    """Agreement with a known lexicon; see the module."""

    coverage: Share
    exact: Share
    stem: Share
    chance: Share


@dataclass(frozen=True, slots=True)
class Support:
    """Agreement with unseen sentences; `covered` counts the words with an entry."""

    covered: Share
    supported: Share
    chance: Share


def held_back(headwords: Iterable[str], seed: int, share: float = 0.5) -> frozenset[str]:
    """The part of a known lexicon that quality is told on; settings are chosen on the rest.

    A headword's part hangs on the seed and itself, not on what else the lexicon holds.

    >>> sorted(held_back(["cow", "dog", "house", "water"], seed=1))
    ['cow', 'dog', 'water']
    """
    return frozenset(word for word in headwords if stream(seed, "held back", word).random() < share)


def compare(
    translations: Mapping[str, Sequence[str]],
    known: Mapping[str, Collection[str]],
    *,
    lemmas: Lemmas | None = None,
) -> Quality:
    """Precision at 1 and coverage.

    Args:
        translations: the lexicon to judge, folded; each word's best one first.
        known: the headwords looked for, folded, with all translations that count as right.
        lemmas: base forms of a word of the target language, where they are known.

    >>> quality = compare({"say": ["alisema"], "cow": ["mbuzi"]},
    ...                   {"say": ["sema"], "cow": ["ng'ombe"], "milk": ["maziwa"]})
    >>> quality.coverage.right, quality.exact.right, quality.stem.right
    (2, 0, 1)
    """
    covered = sorted(word for word in known if translations.get(word))
    best = [translations[word][0] for word in covered]
    others = best[1:] + best[:1]
    exact = sum(found in known[word] for word, found in zip(covered, best, strict=True))
    stem, chance = (
        sum(
            any(same_stem(one, right, lemmas) for right in known[word])
            for word, one in zip(covered, found, strict=True)
        )
        for found in (best, others)
    )
    n = len(covered)
    return Quality(Share(n, len(known)), Share(exact, n), Share(stem, n), Share(chance, n))


def same_stem(left: str, right: str, lemmas: Lemmas | None = None) -> bool:
    """Whether two forms may belong to one word of an inflected language.

    They do when they are equal, when they share a lemma, or when the longest run of letters in
    both has four letters at least and makes three quarters of the shorter one.

    >>> same_stem("alisema", "sema"), same_stem("mwavuli", "mwamvuli"), same_stem("paka", "pika")
    (True, False, False)
    """
    if left == right:
        return True
    if lemmas and {left, *lemmas(left)} & {right, *lemmas(right)}:
        return True
    return _longest_run(left, right) >= max(
        _SHORTEST_STEM, _STEM_SHARE * min(len(left), len(right))
    )


def support(translations: Mapping[str, Sequence[str]], pairs: Sequence[WordPair]) -> Support:
    """How often some translation of a source word stands in the target sentence.

    Only words of one piece are looked up; every occurrence counts.

    >>> support({"cow": ["ng'ombe"]}, [(("my", "cow"), ("ng'ombe", "wangu"))]).supported.right
    1
    """
    words = sum(len(source) for source, _ in pairs)
    own = [target for _, target in pairs]
    hits = list(_hits(translations, [source for source, _ in pairs], own))
    chance = sum(_hits(translations, [source for source, _ in pairs], own[1:] + own[:1]))
    n = len(hits)
    return Support(Share(n, words), Share(sum(hits), n), Share(chance, n))


def _hits(
    translations: Mapping[str, Sequence[str]],
    sources: Sequence[Sequence[str]],
    targets: Sequence[Sequence[str]],
) -> Iterator[bool]:
    """For every covered word whether one of its translations stands in the target sentence."""
    for source, target in zip(sources, targets, strict=True):
        text = f" {' '.join(target)} "
        for word in source:
            if word in translations:
                yield any(f" {one} " in text for one in translations[word])


def _longest_run(left: str, right: str) -> int:
    """The length of the longest text that is in both."""
    best = 0
    for start in range(len(left)):
        while start + best < len(left) and left[start : start + best + 1] in right:
            best += 1
    return best
