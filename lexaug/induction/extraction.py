"""From aligned sentences to lexicon entries: which links count, how they are scored, what is kept.

    candidates = scored(bitext, forward, backward, Thresholds().min_count)
    entries = selected(candidates, common_words(bitext.target), Thresholds(), dropped := Counter())

Three kinds of candidates come from the links that both directions have:

- a word and a word: "people" and "watu";
- a word and two or three words that all translate it and stand together: "because", "kwa sababu";
- two words and the two or three words between whose ends their translations stand, in either
  order: "human rights", "haki za binadamu".

The score is Dice's coefficient, twice the number of links over the number of occurrences of both,
from 0 to 1: the share of occurrences that are linked. On equal coverage no other combination of
p(target | english) and p(english | target) did better on Swahili.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from lexaug.induction.alignment import Bitext, Integers, Side, intersection

_DETERMINERS = "a an the this that these those each every either neither some any no such both all"
_PRONOUNS = (
    "i me my mine myself you your yours yourself yourselves he him his himself she her hers herself"
    " it its itself we us our ours ourselves they them their theirs themselves one who whom whose"
    " which what there here"
)
_AUXILIARIES = (
    "am is are was were be been being have has had having do does did doing done will would shall"
    " should can could may might must ought not"
)
_CONTRACTIONS = (
    "i'm i've i'd i'll you're you've you'd you'll he'd he'll she'd she'll it'd it'll we're we've"
    " we'd we'll they're they've they'd they'll isn't aren't wasn't weren't hasn't haven't hadn't"
    " don't doesn't didn't won't wouldn't shan't shouldn't can't cannot couldn't mightn't mustn't"
)
_PREPOSITIONS = (
    "of in on at by for with from to into onto upon about against between among through during"
    " before after above below over under within without toward towards across around behind beside"
    " near off out up down per via since until till than as like"
)
_CONJUNCTIONS = (
    "and or but nor so yet if then because while although though whether that when where why how"
    " also too very just only even"
)

FUNCTION_WORDS = frozenset(
    " ".join(
        (_DETERMINERS, _PRONOUNS, _AUXILIARIES, _CONTRACTIONS, _PREPOSITIONS, _CONJUNCTIONS)
    ).split()
)


Phrase = tuple[int, ...]  # numbers of words

LONGEST_PHRASE = 3
COMMON_WORDS = 30

# Reasons under which candidates are left out.
LOW_SCORE = "score or count too low"
NAME = "spelt the same in both languages"
FUNCTION_PHRASE = "phrase that begins or ends in a function word"
NESTED = "part of a better phrase, or phrase around a better word"


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What a candidate must reach to become an entry.

    Attributes:
        min_count: links of a word, at least 1.
        min_score: score of a word, from 0 to 1; an English function word needs twice that, for
            it is linked with whatever is frequent.
        min_phrase_count: links of a phrase on either side, where chance does more.
        min_phrase_score: score of two words of English.
        keep_names: keep what is spelt the same in both languages.
    """

    min_count: int = 2
    min_score: float = 0.1
    min_phrase_count: int = 3
    min_phrase_score: float = 0.3
    keep_names: bool = False


@dataclass(frozen=True, slots=True)
class Candidate:
    """A translation with its evidence.

    forward is p(target | english) and backward p(english | target): the links over the
    occurrences of the one and the other. score is their harmonic mean, Dice's coefficient.
    """

    english: str
    target: str
    count: int
    forward: float
    backward: float

    @property
    def score(self) -> float:
        """Dice's coefficient, from 0 to 1."""
        return 2 * self.forward * self.backward / (self.forward + self.backward)


def scored(
    bitext: Bitext, forward: Integers, backward: Integers, min_count: int
) -> list[Candidate]:
    """Everything that is linked at least `min_count` times.

    Args:
        forward: for every target token the source token it comes from, or -1.
        backward: for every source token its target token, or -1.
    """
    source, target = intersection(forward, backward)
    one = np.ones_like(source)
    spans = np.concatenate(
        [
            np.stack([source, one, target, one], axis=1),
            _one_to_many(forward, source),
            _two_to_many(bitext, source, target),
        ]
    )
    counts = {pair: count for pair, count in _phrases(bitext, spans) if count >= min_count}
    english = _occurrences(bitext.source, {left for left, _ in counts})
    foreign = _occurrences(bitext.target, {right for _, right in counts})
    return [
        Candidate(
            _text(bitext.source, left),
            _text(bitext.target, right),
            count,
            count / english[left],
            count / foreign[right],
        )
        for (left, right), count in counts.items()
    ]


def common_words(side: Side) -> frozenset[str]:
    """The thirty most frequent words of a text, function words in most languages.

    Of a small vocabulary one word in a hundred.
    """
    number = min(COMMON_WORDS, len(side.words) // 100)
    order = np.argsort(-side.counts(), kind="stable")[:number]
    return frozenset(side.words[word] for word in order)


def selected(
    candidates: Iterable[Candidate],
    common: frozenset[str],
    thresholds: Thresholds,
    dropped: Counter[str],
) -> list[Candidate]:
    """The candidates that become entries, best first; the others are counted by reason.

    Args:
        common: words that no phrase may end in, see `common_words`.
    """
    by_headword: defaultdict[str, list[Candidate]] = defaultdict(list)
    for candidate in candidates:
        reason = _fault(candidate, common, thresholds)
        if reason:
            dropped[reason] += 1
        else:
            by_headword[candidate.english].append(candidate)
    kept: list[Candidate] = []
    for group in by_headword.values():
        kept += _best(group, thresholds, dropped)
    return sorted(kept, key=_order)


def _order(candidate: Candidate) -> tuple[float, int, str, str]:
    return -candidate.score, -candidate.count, candidate.english, candidate.target


def _fault(candidate: Candidate, common: frozenset[str], thresholds: Thresholds) -> str | None:
    words, translation = candidate.english.split(), candidate.target.split()
    is_phrase, score = len(words) > 1, thresholds.min_score
    count = thresholds.min_count
    if is_phrase or len(translation) > 1:
        count = max(count, thresholds.min_phrase_count)
    if is_phrase:
        score = max(score, thresholds.min_phrase_score)
        if words[0] in FUNCTION_WORDS or words[-1] in FUNCTION_WORDS:
            return FUNCTION_PHRASE
    elif words[0] in FUNCTION_WORDS:
        score = 2 * score
    if len(translation) > 1 and translation[-1] in common:
        return FUNCTION_PHRASE
    return LOW_SCORE if candidate.count < count or candidate.score < score else None


def _best(group: list[Candidate], thresholds: Thresholds, dropped: Counter[str]) -> list[Candidate]:
    """One headword's candidates without names and without those nested in one another.

    Where the best one is spelt like the headword, this is a name (or a title left untranslated)
    and what else is linked with it is chance.
    """
    group = sorted(group, key=_order)
    if not thresholds.keep_names:
        names = [one.english in one.target.split() or one.english == one.target for one in group]
        others = [one for one, name in zip(group, names, strict=True) if not (names[0] or name)]
        dropped[NAME] += len(group) - len(others)
        group = others
    kept = [one for one in group if not any(_beaten(one, other) for other in group)]
    dropped[NESTED] += len(group) - len(kept)
    return kept


def _beaten(one: Candidate, other: Candidate) -> bool:
    """Whether another translation makes this one superfluous: the longer of two nested ones wins.

    It does so as long as its score is four fifths of the shorter one's: "because" is "kwa sababu"
    rather than "sababu", though every "kwa sababu" has a "sababu" in it.
    """
    if one.target == other.target:
        return False
    if f" {one.target} " in f" {other.target} ":
        return other.score >= 0.8 * one.score
    if f" {other.target} " in f" {one.target} ":
        return one.score < 0.8 * other.score
    return False


def _one_to_many(forward: Integers, linked: Integers) -> Integers:
    """Source tokens that two or three target tokens in a row come from, as spans, (n, 4).

    A span is source start, source length, target start, target length. Only tokens that both
    directions link count.
    """
    order = np.argsort(forward, kind="stable")
    tokens, first, fertility = np.unique(forward[order], return_index=True, return_counts=True)
    start, last = order[first], order[first + fertility - 1]
    good = (fertility > 1) & (fertility <= LONGEST_PHRASE) & (last - start + 1 == fertility)
    good &= np.isin(tokens, linked)
    one = np.ones_like(tokens)
    spans: Integers = np.stack([tokens, one, start, fertility], axis=1)[good]
    return spans


def _two_to_many(bitext: Bitext, source: Integers, target: Integers) -> Integers:
    """Pairs of neighbours and the two or three target tokens that their links span, (n, 4).

    A word in the middle of three belongs to no other source word.
    """
    link = np.full(len(bitext.source.ids) + 1, -1)
    link[source] = target
    begins = np.zeros(len(link), bool)
    begins[bitext.source.start] = True
    left, right = link[:-1], link[1:]
    low, high = np.minimum(left, right), np.maximum(left, right)
    good = (left >= 0) & (right >= 0) & ~begins[1:] & (high - low < LONGEST_PHRASE)
    free = np.ones(len(bitext.target.ids) + 1, bool)
    free[target] = False
    good &= (high - low < 2) | free[low + 1]
    tokens = np.flatnonzero(good)
    two = np.full_like(tokens, 2)
    return np.stack([tokens, two, low[good], (high - low + 1)[good]], axis=1)


def _phrases(bitext: Bitext, spans: Integers) -> list[tuple[tuple[Phrase, Phrase], int]]:
    """The distinct phrase pairs of some spans as word numbers, with their frequencies."""
    width = LONGEST_PHRASE
    left = _padded(bitext.source, spans[:, 0], spans[:, 1])
    right = _padded(bitext.target, spans[:, 2], spans[:, 3])
    rows, counts = np.unique(np.concatenate([left, right], axis=1), axis=0, return_counts=True)
    return [
        ((_unpadded(row[:width]), _unpadded(row[width:])), count)
        for row, count in zip(rows.tolist(), counts.tolist(), strict=True)
    ]


def _padded(side: Side, start: Integers, length: Integers) -> Integers:
    """The words of every span, (spans, longest phrase), -1 after its end."""
    ids = np.append(side.ids, [-1] * LONGEST_PHRASE)
    columns = np.arange(LONGEST_PHRASE)
    return np.where(columns < length[:, None], ids[start[:, None] + columns], -1)


def _unpadded(row: list[int]) -> Phrase:
    return tuple(word for word in row if word >= 0)


def _occurrences(side: Side, wanted: set[Phrase]) -> Counter[Phrase]:
    """How often each of some phrases occurs."""
    found: Counter[Phrase] = Counter()
    ids = side.ids.tolist()
    for start, stop in pairwise(side.start.tolist()):
        sentence = ids[start:stop]
        for length in range(1, LONGEST_PHRASE + 1):
            shifted = (sentence[at:] for at in range(length))
            found.update(filter(wanted.__contains__, zip(*shifted, strict=False)))
    return found


def _text(side: Side, phrase: Phrase) -> str:
    return " ".join(side.words[word] for word in phrase)
