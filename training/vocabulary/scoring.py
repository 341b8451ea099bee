"""Add pieces with scores to a Unigram vocabulary.

A Unigram vocabulary is a distribution over pieces (Kudo 2018, https://aclanthology.org/P18-1007): a
text is cut where the sum of log probabilities is highest. Old and new language together are a
mixture of two such distributions, so a new piece joins with log(share) + its score in the new one,
and the old pieces keep their scores: where no new piece wins, the best path is the old one.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from training.vocabulary.conversion import NEVER, NORMAL, exact, parsed
from training.vocabulary.learning import learn
from training.vocabulary.special import encoded
from training.vocabulary.surfaces import BYTE_PIECE, MARKER, is_of_letters

SHARE = 0.5  # of the new language in the mixture
CANDIDATES = 3  # times as many pieces are learnt as are wanted: many are old ones
UNUSED = "used less often than the least count"
BEYOND = "beyond the number wanted"
NOT_LETTERS = "more than the letters of one word"

Scored = tuple[str, float]


def learnt_pieces(
    words: Mapping[str, int], size: int, vocabulary: UnigramVocabulary
) -> list[Scored]:
    """Pieces of a vocabulary trained on counted words, with their scores in the mixture.

    Single characters come first: a vocabulary must have those of which its pieces are made.
    """
    lines = (word.replace(MARKER, " ") for word in _repeated(words))
    model = learn(
        lines,
        CANDIDATES * size + len(set("".join(words))) + 8,
        model="unigram",
        character_coverage=1.0,
        hard_vocab_limit=False,
        add_dummy_prefix=False,
    )
    ordinary = [(p.piece, p.score) for p in parsed(model).pieces if p.type == NORMAL]
    new = [
        (piece, max(exact(score + math.log(SHARE)), vocabulary.lowest))
        for piece, score in ordinary
        if piece not in vocabulary.known
    ]
    return sorted(new, key=lambda one: len(one[0]) > 1)


def _repeated(words: Mapping[str, int]) -> Iterator[str]:
    """Each word as often as it occurs, as SentencePiece's trainer wants it."""
    for word, count in words.items():
        for _ in range(count):
            yield word


class UnigramVocabulary:
    """The Unigram model of a tokenizer.json, which grows in place.

    Attributes:
        known: pieces and added tokens; lowest: the lowest score of a piece that text can give.
    """

    def __init__(self, specification: dict[str, Any], size: int) -> None:
        self._specification = specification
        self._pieces: list[list[Any]] = specification["model"]["vocab"]
        added = {token["id"]: token["content"] for token in specification["added_tokens"]}
        special = {token["content"] for token in specification["added_tokens"]}
        ordinary = [
            score
            for piece, score in self._pieces
            if piece not in special and not BYTE_PIECE.fullmatch(piece)
        ]
        self.lowest = min(ordinary)
        # An id is a place in the list, so tokens that were added behind it must enter it.
        for id_ in range(len(self._pieces), size):
            self._pieces.append([added.get(id_, f"<unused {id_}>"), self.lowest - NEVER])
        self.known = {piece for piece, _ in self._pieces} | special

    def add(self, pieces: Iterable[Scored]) -> None:
        """Append pieces; their ids follow."""
        self._pieces.extend([piece, score] for piece, score in pieces)

    def most_used(
        self, candidates: Sequence[Scored], words: Mapping[str, int], size: int, min_count: int
    ) -> tuple[list[Scored], Counter[str]]:
        """The candidates that the words use most when all are there, characters before others."""
        dropped: Counter[str] = Counter()
        allowed = [one for one in candidates if is_of_letters(one[0].replace(MARKER, " ").encode())]
        dropped[NOT_LETTERS] = len(candidates) - len(allowed)
        uses = self._uses(allowed, words)
        for word, count in words.items():  # a piece can only be read where its characters can
            uses.update({character: count * word.count(character) for character in set(word)})
        used = [one for one in allowed if uses[one[0]] >= min_count]
        dropped[UNUSED] = len(allowed) - len(used)
        ranked = sorted(used, key=lambda one: (len(one[0]) > 1, -uses[one[0]], one[0]))
        kept = ranked[:size]
        dropped[BEYOND] = len(used) - len(kept)
        return kept, +dropped

    def _uses(self, candidates: Sequence[Scored], words: Mapping[str, int]) -> Counter[str]:
        """How often each candidate is used when all of them are there."""
        from tokenizers import Tokenizer

        model = self._specification["model"]
        vocabulary = [*self._pieces, *([piece, score] for piece, score in candidates)]
        trial = self._specification | {"model": model | {"vocab": vocabulary}}
        trial |= {"normalizer": None, "pre_tokenizer": None, "post_processor": None}
        backend = Tokenizer.from_str(json.dumps(trial))
        backend.encode_special_tokens = True
        first = len(self._pieces)
        uses: Counter[str] = Counter()
        for count, ids in zip(words.values(), encoded(backend, list(words)), strict=True):
            for id_ in ids:
                if id_ >= first:
                    uses[candidates[id_ - first][0]] += count
        return uses
