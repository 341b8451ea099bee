"""Parts of speech of English words (Universal tags), by a hidden Markov model of two tags.

    tagger = Tagger(None, lexicon_tags, verb_forms)     # no data: closed classes, endings, order
    tagger = Tagger(counted(sentences))                 # counts of a treebank, such as ewt:train
    tagger.tags(tokens("The old man walks."))           # DET ADJ NOUN VERB PUNCT

The most likely sequence is found by Viterbi's algorithm. Without a treebank, the costs below stand
in for logarithms of probabilities: what usually follows what, what an ending says. With one, they
are counted (a word by its letters, an unseen word by its ending and capital).
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from lexaug.english.closed_class import CLOSED, is_plural, singular
from lexaug.english.words import MARK, NUMBER, Token

TAGS = (
    "ADJ", "ADP", "ADV", "AUX", "CCONJ", "DET", "INTJ", "NOUN", "NUM", "PART", "PRON", "PROPN",
    "PUNCT", "SCONJ", "SYM", "VERB", "X",
)  # fmt: skip
OPEN = ("NOUN", "VERB", "ADJ", "ADV")
PAST = frozenset({"PST", "V.PTCP"})
START = "PUNCT"  # a sentence begins as after a mark
MOST_KEPT = 1 << 17  # words whose candidates are remembered

Candidates = tuple[tuple[str, float], ...]

# What usually follows: cost in nats; any other pair costs UNUSUAL.
UNUSUAL = 3.5
FOLLOWS: Mapping[str, Mapping[str, float]] = {
    "DET": {"NOUN": 0.6, "ADJ": 1.3, "NUM": 2.2, "PROPN": 2.2, "ADV": 3.0, "DET": 3.0},
    "ADJ": {"NOUN": 0.5, "ADJ": 2.3, "PUNCT": 1.8, "ADP": 2.2, "CCONJ": 2.3, "PART": 2.6,
            "PROPN": 3.0, "SCONJ": 2.8},
    "NOUN": {"PUNCT": 1.3, "ADP": 1.4, "VERB": 1.9, "AUX": 2.0, "NOUN": 2.2, "CCONJ": 2.2,
             "PART": 2.4, "PRON": 2.6, "ADV": 2.6, "SCONJ": 2.8},
    "PROPN": {"PUNCT": 1.3, "PROPN": 1.5, "VERB": 1.8, "AUX": 2.0, "ADP": 2.2, "PART": 2.2,
              "CCONJ": 2.2, "NOUN": 2.6},
    "PRON": {"VERB": 1.1, "AUX": 1.3, "NOUN": 1.5, "PUNCT": 2.2, "ADP": 2.2, "ADJ": 2.4,
             "ADV": 2.4, "PART": 2.8},
    "AUX": {"VERB": 0.9, "PART": 2.0, "ADV": 1.9, "DET": 2.3, "ADJ": 1.9, "PRON": 2.4,
            "AUX": 2.2, "NOUN": 3.0, "ADP": 2.6},
    "VERB": {"DET": 1.6, "ADP": 1.6, "PRON": 1.7, "PUNCT": 2.2, "ADV": 2.3, "NOUN": 2.3,
             "PART": 2.2, "ADJ": 2.6, "SCONJ": 2.4, "PROPN": 2.8, "NUM": 3.0},
    "ADP": {"DET": 1.0, "NOUN": 1.5, "PROPN": 1.9, "PRON": 1.7, "ADJ": 2.3, "NUM": 2.4,
            "VERB": 2.8},
    "PART": {"VERB": 0.4, "AUX": 2.2, "NOUN": 2.2, "ADV": 2.6, "ADJ": 2.8},
    "CCONJ": {"NOUN": 1.8, "VERB": 1.9, "PRON": 1.9, "DET": 1.9, "ADJ": 2.1, "PROPN": 2.3,
              "ADV": 2.3, "AUX": 2.6, "ADP": 2.7},
    "SCONJ": {"PRON": 1.0, "DET": 1.4, "NOUN": 2.2, "PROPN": 2.2, "VERB": 2.6, "ADJ": 2.6},
    "ADV": {"VERB": 1.7, "PUNCT": 1.9, "ADJ": 1.8, "ADV": 2.2, "ADP": 2.2, "PRON": 2.3,
            "DET": 2.4, "AUX": 2.4, "SCONJ": 2.5},
    "NUM": {"NOUN": 0.6, "PUNCT": 2.0, "ADJ": 2.3, "NUM": 2.3, "ADP": 2.2, "VERB": 2.8},
    "PUNCT": {"PUNCT": 1.8, "PRON": 1.7, "DET": 1.7, "NOUN": 2.0, "CCONJ": 2.0, "PROPN": 2.0,
              "VERB": 2.2, "ADV": 2.0, "ADP": 2.1, "ADJ": 2.4, "AUX": 2.5, "SCONJ": 2.3,
              "INTJ": 2.6, "NUM": 2.4},
    "INTJ": {"PUNCT": 0.5, "PRON": 2.0},
}  # fmt: skip
LATER = 0.7  # a further reading of a word of the closed classes, for each before it

# What an ending says of a word that nothing is known of.
ENDINGS: tuple[tuple[str, Candidates], ...] = (
    ("ly", (("ADV", 0.3), ("ADJ", 1.8))),
    ("ing", (("VERB", 0.5), ("NOUN", 1.4), ("ADJ", 2.0))),
    ("ed", (("VERB", 0.4), ("ADJ", 1.6))),
    ("ous", (("ADJ", 0.1),)),
    ("ful", (("ADJ", 0.2), ("NOUN", 2.5))),
    ("less", (("ADJ", 0.2),)),
    ("able", (("ADJ", 0.2),)),
    ("ible", (("ADJ", 0.2),)),
    ("ive", (("ADJ", 0.4), ("NOUN", 1.4))),
    ("al", (("ADJ", 0.5), ("NOUN", 1.2))),
    ("ic", (("ADJ", 0.5), ("NOUN", 1.2))),
    ("est", (("ADJ", 0.4), ("NOUN", 1.6))),
    ("s", (("NOUN", 0.4), ("VERB", 1.6))),
    ("", (("NOUN", 0.5), ("VERB", 2.0), ("ADJ", 1.8), ("ADV", 3.5))),
)
NAME_INSIDE, NAME_FIRST = 0.2, 2.5  # a capital inside and at the start of a sentence


@dataclass(frozen=True)
class Counts:
    """Costs that were counted: of tags after tags, of words under tags, of endings under tags."""

    follows: Mapping[str, Mapping[str, float]]
    words: Mapping[str, Candidates]
    endings: Mapping[str, Candidates]
    rare: frozenset[str] = frozenset()


@dataclass
class Tagger:
    """Tags by the least sum of costs.

    counts: of a treebank, or None. known: tags of small-letter headwords, of a lexicon.
    verbs: of small-letter verb forms what each may be, of `clauses.VerbForms`.
    """

    counts: Counts | None = None
    known: Mapping[str, frozenset[str]] = field(default_factory=dict)
    verbs: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Start with nothing remembered."""
        self._seen: dict[tuple[str, bool, bool], Candidates] = {}

    def tags(self, sentence: Sequence[Token]) -> list[str]:
        """The most likely tag of each token (T,), one of TAGS."""
        follows = self.counts.follows if self.counts else FOLLOWS
        costs: dict[str, float] = {START: 0.0}
        back: list[dict[str, str]] = []
        opens = True
        for token in sentence:
            new: dict[str, float] = {}
            pointers: dict[str, str] = {}
            for tag, cost in self.candidates(token, opens):
                best, origin = min((c + _cost(follows, p, tag), p) for p, c in costs.items())
                new[tag], pointers[tag] = best + cost, origin
            back.append(pointers)
            costs = new
            opens = token.kind == MARK and (opens or token.low in '.!?:"“”')
        return _traced(costs, back)

    def candidates(self, token: Token, opens: bool) -> Candidates:
        """What a token may be and what that costs; `opens`: a sentence begins with it."""
        if token.kind == MARK:
            return (("PUNCT", 0.0),)
        if token.kind == NUMBER:
            return (("NUM", 0.0),)
        key = token.low, token.text[:1].isupper(), opens
        found = self._seen.get(key)
        if found is None:
            found = self._candidates(*key)
            if len(self._seen) < MOST_KEPT:
                self._seen[key] = found
        return found

    def _candidates(self, low: str, capital: bool, opens: bool) -> Candidates:
        if self.counts and low in self.counts.words:
            found = self.counts.words[low]
            if low in self.counts.rare:  # a few sentences do not show all that a word can be
                seen = {tag for tag, _ in found}
                more = ((tag, cost + UNSEEN) for tag, cost in self._guessed(low) if tag not in seen)
                found = (*found, *more)
        elif low in CLOSED:
            return tuple((tag, LATER * place) for place, tag in enumerate(CLOSED[low]))
        else:
            found = self._guessed(low)
        if capital and low not in CLOSED:
            known = low in self.known or (self.counts is not None and low in self.counts.words)
            name = NAME_FIRST if opens and known else NAME_INSIDE + (1.0 if opens else 0.0)
            base = min(cost for _, cost in found)
            raised = 0.0 if opens else 2.0
            rest = [(tag, cost + raised) for tag, cost in found if tag != "PROPN"]
            return (*rest, ("PROPN", base + name))
        return found

    def _guessed(self, low: str) -> Candidates:
        """Of a word that no treebank has: by lexicon and tables, else by its ending."""
        by_ending = dict(self._of_ending(low))
        tags = set(self.known.get(low, ())) | set(self.known.get(singular(low), ()))
        if tags and low not in self.known and is_plural(low):
            tags = {"NOUN"}
        tags &= {*OPEN, "PROPN", "NUM"}
        kinds = self.verbs.get(low)
        if kinds and kinds <= PAST:
            return (
                ("VERB", 0.3),
                ("ADJ", 1.6),
                *((t, 1.5) for t in sorted(tags - {"VERB", "ADJ"})),
            )
        if kinds and "NOUN" not in tags:  # a verb, and like many English verbs perhaps a noun
            others = ((tag, 1.5) for tag in sorted(tags - {"VERB", "NOUN"}))
            return (("VERB", 0.6), ("NOUN", 1.5), *others)
        if kinds:
            tags.add("VERB")
        if not tags:
            return tuple(by_ending.items())
        return tuple((tag, by_ending.get(tag, 1.5)) for tag in sorted(tags))

    def _of_ending(self, low: str) -> Candidates:
        if self.counts:
            for length in (4, 3, 2, 1):
                if low[-length:] in self.counts.endings and len(low) > length:
                    return self.counts.endings[low[-length:]]
        return next(costs for ending, costs in ENDINGS if low.endswith(ending))


def _cost(follows: Mapping[str, Mapping[str, float]], before: str, tag: str) -> float:
    return follows.get(before, {}).get(tag, UNUSUAL)


def _traced(costs: Mapping[str, float], back: Sequence[Mapping[str, str]]) -> list[str]:
    tag = min(costs, key=lambda one: (costs[one], one))
    found = []
    for pointers in reversed(back):
        found.append(tag)
        tag = pointers[tag]
    return found[::-1]


LEAST_ENDINGS = 20  # occurrences of an ending, in words seen at most RARE times
RARE = 5
UNSEEN = 1.5  # what a reading costs more that a rare word was not seen with
SMALLEST_SHARE = 0.01  # of a word's tags; rarer ones are slips of annotators


def counted(sentences: Iterable[tuple[Sequence[str], Sequence[str]]]) -> Counts:
    """The costs that (tokens, tags) of a treebank give.

    A word's cost under a tag is -log P(word | tag), up to what all tags of the word share:
    -log P(tag | word) / P(tag).

    >>> costs = counted([(("Dogs", "bark"), ("NOUN", "VERB"))] * 9)
    >>> [tag for tag, _ in costs.words["bark"]]
    ['VERB']
    """
    pairs: defaultdict[str, Counter[str]] = defaultdict(Counter)
    words: defaultdict[str, Counter[str]] = defaultdict(Counter)
    tags: Counter[str] = Counter()
    for tokens, labels in sentences:
        before = START
        for token, label in zip(tokens, labels, strict=True):
            tag = label if label in TAGS else "X"
            pairs[before][tag] += 1
            words[token.lower().replace("’", "'")][tag] += 1
            tags[tag] += 1
            before = tag
    words["not"].update(words.pop("n't", Counter()))
    endings: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for word, counts in words.items():
        if sum(counts.values()) <= RARE and word.isalpha():
            for length in (1, 2, 3, 4):
                endings[word[-length:]].update(dict.fromkeys(counts, 1))
    common = {e: c for e, c in endings.items() if sum(c.values()) >= LEAST_ENDINGS}
    return Counts(
        {before: _logs(counts) for before, counts in pairs.items()},
        {word: _shares(counts, tags) for word, counts in words.items()},
        {ending: _shares(_only_open(counts), tags) for ending, counts in common.items()},
        frozenset(w for w, c in words.items() if sum(c.values()) <= RARE and w not in CLOSED),
    )


def _logs(counts: Counter[str]) -> dict[str, float]:
    whole = sum(counts.values()) + len(TAGS)
    return {tag: -math.log((counts[tag] + 1) / whole) for tag in TAGS}


def _shares(counts: Counter[str], tags: Mapping[str, int]) -> Candidates:
    whole, every = sum(counts.values()), sum(tags.values())
    likely = {t: n for t, n in sorted(counts.items()) if n >= SMALLEST_SHARE * whole}
    return tuple((t, -math.log(n / whole) + math.log(tags[t] / every)) for t, n in likely.items())


def _only_open(counts: Counter[str]) -> Counter[str]:
    some = Counter({tag: counts[tag] for tag in OPEN if counts[tag]})
    return some or Counter({"NOUN": 1})
