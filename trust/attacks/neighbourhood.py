"""Loss beside that of texts that are almost the candidate (Mattern et al. 2023).

https://arxiv.org/abs/2305.18462: what was learned by heart is likelier than its neighbours, what is
only easy is not. There the neighbours come from a masked language model. For a language that no
such model knows, a word here gives way to another of the candidates' words, of the same language
and of like length, so that no second model is needed.

>>> pool = words_of(["mvua kubwa inanyesha", "jua kali linawaka", "upepo mkali unavuma"])
>>> near = neighbour("mvua kubwa inanyesha", pool, stream(1, "x"))
>>> sum(a != b for a, b in zip("mvua kubwa inanyesha".split(), near.split(), strict=True))
1
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from data.randomness import stream
from trust.attacks import Evidence
from trust.observed import Floats

NUMBER = 8  # neighbours of a candidate
SHARE = 0.15  # of its words that give way, one at least

Pool = Mapping[int, Sequence[str]]


def calibrated(evidence: Evidence) -> Floats:
    """The neighbours' mean loss less the candidate's, (N,)."""
    assert evidence.neighbours is not None  # noqa: S101  # its row asks for them
    return evidence.neighbours.loss - evidence.target.loss


def words_of(texts: Iterable[str]) -> Pool:
    """Words by their length in characters, each as often as it occurs."""
    found: defaultdict[int, list[str]] = defaultdict(list)
    for text in texts:
        for word in text.split():
            found[len(word)].append(word)
    return found


def neighbour(text: str, pool: Pool, draw: random.Random) -> str:
    """The text with some of its words replaced; the same where no other word is at hand."""
    words = text.split()
    number = max(1, round(SHARE * len(words)))
    for place in draw.sample(range(len(words)), min(number, len(words))):
        length = len(words[place])
        near = [w for size in (length - 1, length, length + 1) for w in pool.get(size, ())]
        others = [word for word in near if word != words[place]]
        if others:
            words[place] = draw.choice(others)
    return " ".join(words)


def neighbours(texts: Sequence[str], languages: Sequence[str], seed: int) -> list[list[str]]:
    """NUMBER neighbours of each text, of words of its own language."""
    of_language: defaultdict[str, list[str]] = defaultdict(list)
    for text, language in zip(texts, languages, strict=True):
        of_language[language].append(text)
    pools = {language: words_of(some) for language, some in of_language.items()}
    return [
        [
            neighbour(text, pools[language], stream(seed, "neighbour", text, str(number)))
            for number in range(NUMBER)
        ]
        for text, language in zip(texts, languages, strict=True)
    ]
