"""Extend a tokenizer for a new language: the new pieces are used, and nothing else moves.

    extension = extend(open_fast_tokenizer(folder), lines, 2000)
    extension.pieces[0]      # NewPiece(id=49152, piece='Ġkw', sources=(462, 103))

Old texts keep their ids wherever no new piece occurs. For BPE more holds: `Extension.expanded`
turns the new ids of any text into its old ones. Raw added tokens would do neither: they are cut
out of the text before anything else, in the middle of words too.

A Unigram vocabulary is a distribution over pieces (Kudo 2018, https://aclanthology.org/P18-1007): a
text is cut where the sum of log probabilities is highest. Old and new language together are a
mixture of two such distributions, so a new piece joins with log(share) + its score in the new one,
and the old pieces keep their scores: where no new piece wins, the best path is the old one.
"""

from __future__ import annotations

import json
import math
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from data.errors import InputError
from models.tokenizer import open_fast_tokenizer
from training.tokenizer.learning import NEVER, NORMAL, exact, learn, parsed
from training.tokenizer.merging import continued
from training.tokenizer.special import encoded, literal_backend
from training.tokenizer.surfaces import BYTE_PIECE, MARKER, is_of_letters, spelling, style_of

_CHUNK = 1000  # texts that are encoded at a time
SHARE = 0.5  # of the new language in the mixture
CANDIDATES = 3  # times as many pieces are learnt as are wanted: many are old ones
UNUSED = "used less often than the least count"
BEYOND = "beyond the number wanted"
NOT_LETTERS = "more than the letters of one word"

Scored = tuple[str, float]


class NewPiece(NamedTuple):
    """A piece that was added, and the old ids that stood in its place."""

    id: int
    piece: str
    sources: tuple[int, ...]


@dataclass(frozen=True)
class Extension:
    """An extended tokenizer.

    Attributes:
        tokenizer: the `transformers` tokenizer with the new pieces.
        old_size: ids below are those of the old tokenizer.
        pieces: what was added, by id; their ids follow the old ones without a gap.
        dropped: candidates that were not added, counted by reason.
    """

    tokenizer: Any
    old_size: int
    pieces: tuple[NewPiece, ...]
    dropped: Mapping[str, int] = field(default_factory=dict)

    def expanded(self, ids: Iterable[int]) -> list[int]:
        """The ids with every new one replaced by its sources."""
        return [old for id_ in ids for old in self._sources.get(id_, (id_,))]

    @cached_property
    def _sources(self) -> dict[int, tuple[int, ...]]:
        return {piece.id: piece.sources for piece in self.pieces}


@dataclass(frozen=True, slots=True)
class Change:
    """What an extension changes in some texts.

    Attributes:
        texts, changed: how many texts, and how many of them have other ids than before.
        pieces, new_pieces: pieces in all of them now, and how many of those are new.
        unexplained: texts with other ids in which no new piece occurs; 0 unless something is wrong.
    """

    texts: int
    changed: int
    pieces: int
    new_pieces: int
    unexplained: int


def extend(tokenizer: Any, texts: Iterable[str], size: int, *, min_count: int = 2) -> Extension:
    """Add up to `size` pieces that the texts need most.

    BPE, byte-level or not: training continues after the old merges; characters that were spelt
    in bytes and occur `min_count` times come first. Unigram: a vocabulary is trained on the texts,
    and its pieces that are missing join with their scores; the most used of them stay.

    Args:
        min_count: a piece must be of use at least so often in the texts.

    Raises:
        InputError: another kind of tokenizer, no text, or nothing to add.
    """
    specification = json.loads(tokenizer.backend_tokenizer.to_str())
    kind = specification["model"]["type"]
    words = _Words(tokenizer, texts)
    if kind == "BPE":
        pieces, dropped = _extend_bpe(specification, words, len(tokenizer), size, min_count)
    elif kind == "Unigram":
        pieces, dropped = _extend_unigram(specification, words, len(tokenizer), size, min_count)
    else:
        raise InputError(
            f"expected a BPE or Unigram tokenizer, found {kind}; it cannot be extended"
        )
    if not pieces:
        raise InputError(
            f"no piece to add: {dict(dropped) or 'the tokenizer has them all'};"
            " give more text of the new language"
        )
    extended = reopened(tokenizer, specification)
    return Extension(extended, len(tokenizer), tuple(pieces), dict(dropped))


def change(extension: Extension, old: Any, texts: Iterable[str]) -> Change:
    """Compare the ids of texts before and after."""
    before, after = literal_backend(old), literal_backend(extension.tokenizer)
    changed = pieces = new = unexplained = number = 0
    for chunk in _chunks(texts):
        pairs = zip(encoded(before, chunk), encoded(after, chunk), strict=True)
        for old_ids, new_ids in pairs:
            fresh = sum(id_ >= extension.old_size for id_ in new_ids)
            number += 1
            pieces += len(new_ids)
            new += fresh
            changed += old_ids != new_ids
            unexplained += old_ids != new_ids and not fresh
    return Change(number, changed, pieces, new, unexplained)


class _Words:
    """The words of the texts as the tokenizer cuts them before its model sees them, counted."""

    def __init__(self, tokenizer: Any, texts: Iterable[str]) -> None:
        self.backend = literal_backend(tokenizer)
        self.counts: Counter[str] = Counter()
        for text in texts:
            self.counts.update(self._cut(text))
        if not self.counts:
            raise InputError("expected text of the new language, found none; check the input files")

    def _cut(self, text: str) -> Iterator[str]:
        backend = self.backend
        if backend.normalizer is not None:
            text = backend.normalizer.normalize_str(text)
        if backend.pre_tokenizer is None:
            return iter([text] if text else [])
        return (word for word, _ in backend.pre_tokenizer.pre_tokenize_str(text))

    def ids(self, word: str) -> tuple[int, ...]:
        """What the old model makes of a word."""
        return tuple(token.id for token in self.backend.model.tokenize(word))


def _extend_bpe(
    specification: dict[str, Any], words: _Words, old_size: int, size: int, min_count: int
) -> tuple[list[NewPiece], Counter[str]]:
    """Add pieces to the specification: characters, then merges."""
    model = specification["model"]
    if model.get("continuing_subword_prefix") or model.get("end_of_word_suffix"):
        raise InputError("a BPE tokenizer that marks parts of words by affixes cannot be extended")
    style = style_of(specification)
    names = _names(model["vocab"], specification["added_tokens"], old_size)
    added: list[NewPiece] = []
    if style == "metaspace":
        for character in _spelt_in_bytes(words, names, min_count)[:size]:
            added.append(NewPiece(len(names), character, words.ids(character)))
            names.append(character)
    characters = {piece.piece: piece for piece in added}
    counted: Counter[tuple[int, ...]] = Counter()
    for word, count in words.counts.items():
        counted[tuple(_with_characters(words, word, characters))] += count
    merged = continued(
        counted,
        names,
        size - len(added),
        lambda piece: _allowed(piece, style),
        min_count=min_count,
    )
    sources = {piece.id: piece.sources for piece in added}
    for merge in merged.merges:
        left, right = (sources.get(id_, (id_,)) for id_ in merge.pair)
        sources[merge.id] = left + right
        names.append(merge.piece)
        model["merges"].append([names[id_] for id_ in merge.pair])
    pieces = [NewPiece(id_, names[id_], sources[id_]) for id_ in sorted(sources)]
    model["vocab"].update({piece.piece: piece.id for piece in pieces})
    return pieces, merged.dropped


def _allowed(piece: str, style: Any) -> bool:
    """Letters of one word; never pieces for bytes, which decoding looks for one by one."""
    if style == "metaspace" and BYTE_PIECE.search(piece):
        return False
    return is_of_letters(spelling(piece, style))


def _spelt_in_bytes(words: _Words, names: Sequence[str], min_count: int) -> list[str]:
    """Characters without a piece of their own, the most frequent first."""
    counts: Counter[str] = Counter()
    for word, count in words.counts.items():
        for character in word:
            counts[character] += count
    known = set(names)
    new = [c for c, n in counts.items() if n >= min_count and c not in known]
    return sorted((c for c in new if is_of_letters(c.encode())), key=lambda c: (-counts[c], c))


def _with_characters(words: _Words, word: str, characters: Mapping[str, NewPiece]) -> Iterator[int]:
    """The ids of a word once some characters have become pieces.

    The old model spelt those in bytes, and no old merge reaches across bytes.
    """
    start = 0
    for place, character in enumerate(word):
        if character in characters:
            yield from words.ids(word[start:place])
            yield characters[character].id
            start = place + 1
    yield from words.ids(word[start:])


def _names(vocabulary: Mapping[str, int], added: Sequence[Any], size: int) -> list[str]:
    """The pieces by id, those that were added included; "" where an id has none."""
    names = [""] * size
    for piece, id_ in vocabulary.items():
        names[id_] = piece
    for token in added:
        names[token["id"]] = token["content"]
    return names


def _extend_unigram(
    specification: dict[str, Any], words: _Words, old_size: int, size: int, min_count: int
) -> tuple[list[NewPiece], Counter[str]]:
    """Add pieces with scores to the specification."""
    vocabulary = UnigramVocabulary(specification, old_size)
    candidates = learnt_pieces(words.counts, size, vocabulary)
    kept, dropped = vocabulary.most_used(candidates, words.counts, size, min_count)
    vocabulary.add(kept)
    numbered = enumerate(kept, old_size)
    return [NewPiece(id_, piece, words.ids(piece)) for id_, (piece, _) in numbered], dropped


def reopened(tokenizer: Any, specification: dict[str, Any]) -> Any:
    """The same `transformers` tokenizer around another tokenizer.json."""
    with tempfile.TemporaryDirectory() as name:
        tokenizer.save_pretrained(name)
        path = Path(name) / "tokenizer.json"
        path.write_text(json.dumps(specification, ensure_ascii=False), "utf-8")
        return open_fast_tokenizer(Path(name))


def _chunks(texts: Iterable[str]) -> Iterator[list[str]]:
    chunk: list[str] = []
    for text in texts:
        chunk.append(text)
        if len(chunk) == _CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


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
