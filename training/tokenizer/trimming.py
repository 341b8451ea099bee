"""Trim a tokenizer: keep the pieces that some texts need, and those of whole scripts.

    trimming = trim(open_fast_tokenizer(folder), lines, scripts=("Latn", "Ethi"))
    trimming.kept           # the old id of each new one: (0, 1, 2, 3, 4, 5, 9, ...)

The texts are cut as before. Unigram takes the best of all paths through a text: what remains holds
it, and no better one. BPE applies the merge of the lowest rank again and again: all that it applied
to the texts remain, in their order. WordPiece takes the longest piece that fits: it remains, and
nothing longer comes. Other texts are cut into smaller pieces where theirs are gone.

What remains of any tokenizer: special and added tokens, bytes, and single characters (letters of
the scripts in question, digits, punctuation, signs), so that no text in those scripts becomes
unknown. Multilingual vocabularies are trimmed like this by Abdaoui et al. 2020,
https://aclanthology.org/2020.sustainlp-1.16.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice, pairwise
from typing import Any

from data.cli import did_you_mean
from data.errors import InputError
from data.languages import all_known
from models.config import token_ids
from training.tokenizer.extension import reopened
from training.tokenizer.special import encoded, literal_backend
from training.tokenizer.surfaces import BYTE_PIECE, is_whole, spellings, style_of

KINDS = ("Unigram", "BPE", "WordPiece")
SEVERAL = {  # codes of ISO 15924 for what is written in more than one script
    "Jpan": ("Hani", "Hira", "Kana"),
    "Kore": ("Hang", "Hani"),
    "Hans": ("Hani",),
    "Hant": ("Hani",),
}
SHARED = ("Zyyy", "Zinh")  # digits, punctuation, signs; marks that stand on letters of any script
LEAST = 0.01  # of the texts' letters: a script with fewer has come in by a name or a quotation
_CHUNK = 1000  # texts that are encoded at a time

SPECIAL, USED = "special, added and byte pieces", "needed by the texts"
OF_SCRIPTS, SINGLE = "of whole scripts", "single characters, and parts of other pieces"


@dataclass(frozen=True)
class Trimming:
    """A trimmed tokenizer.

    Attributes:
        tokenizer: the `transformers` tokenizer of the kept pieces.
        kept: the old id of each new one, ascending.
        scripts: whose characters all remain, as they were named or found in the texts.
        reasons: how many pieces are kept for which reason, the first that holds.
        texts, pieces: how many texts were read, and into how many pieces they are cut.
    """

    tokenizer: Any
    kept: tuple[int, ...]
    scripts: tuple[str, ...]
    reasons: Mapping[str, int] = field(default_factory=dict)
    texts: int = 0
    pieces: int = 0

    @property
    def numbers(self) -> dict[int, int]:
        """New ids by old ones."""
        return {old: new for new, old in enumerate(self.kept)}


def trim(
    tokenizer: Any,
    texts: Iterable[str],
    *,
    scripts: Sequence[str] = (),
    pieces: int | None = None,
    needed: Iterable[int] = (),
) -> Trimming:
    """Keep what the texts need.

    Args:
        scripts: codes of ISO 15924 (Latn, Ethi, Jpan): all pieces of which every letter is of one
            of them stay; "Zyyy" are numbers and punctuation. Of the scripts of the texts, single
            characters stay in any case.
        pieces: at most so many in all; of those that the texts need the most used stay, and some
            texts are then cut in another way.
        needed: ids that stay whatever the texts say.

    Raises:
        InputError: a kind that cannot be trimmed, a script that does not exist or has no piece,
            texts that need no piece, `pieces` below what has to stay.
    """
    vocabulary = _Vocabulary(tokenizer)
    named = vocabulary.characters_of(scripts)
    use = _Use(tokenizer, texts)
    if not use.counts:
        raise InputError(
            "the texts need no piece of the tokenizer: expected text in the languages that the"
            " trimmed model is for, found none; check --text"
        )
    found = tuple(scripts) or vocabulary.scripts_of(use.characters)
    letters = named | vocabulary.characters_of(found) | set(use.characters)
    stay = vocabulary.special() | {one for one in needed if one < len(tokenizer)}
    of_scripts = vocabulary.of_scripts(named)
    singles = vocabulary.singles(letters)
    fixed = vocabulary.closed(stay | of_scripts | singles)
    kept = _most_used(vocabulary, fixed, use.counts, pieces)
    reasons = {SPECIAL: len(stay), USED: len(set(use.counts) & kept - stay)}
    reasons[OF_SCRIPTS] = len(of_scripts - stay - set(use.counts))
    reasons[SINGLE] = len(kept) - sum(reasons.values())
    order = tuple(sorted(kept))
    smaller = reopened(tokenizer, vocabulary.specification_of(order))
    return Trimming(smaller, order, found, reasons, use.texts, sum(use.counts.values()))


def changed(kept: Sequence[int], old: Any, new: Any, texts: Iterable[str]) -> int:
    """How many of the texts two tokenizers cut in different ways.

    Args:
        kept: for each id of the new one that of the old one.
    """
    before, after = literal_backend(old), literal_backend(new)
    number = 0
    for chunk in _chunks(texts):
        pairs = zip(encoded(before, chunk), encoded(after, chunk), strict=True)
        number += sum(ids != [kept[one] for one in found] for ids, found in pairs)
    return number


def ids_in_settings(folder: Any) -> set[int]:
    """The ids that a model's own files name: of the end, the padding, the first word to write."""
    named = (token_ids(folder / name) for name in ("config.json", "generation_config.json"))
    return {one for found in named for ids in found.values() for one in ids if one >= 0}


class _Use:
    """What the texts are cut into, and the characters that they hold."""

    def __init__(self, tokenizer: Any, texts: Iterable[str]) -> None:
        self.counts: Counter[int] = Counter()
        self.characters: Counter[str] = Counter()
        self.texts = 0
        literal, plain = literal_backend(tokenizer), tokenizer.backend_tokenizer
        special = tuple(tokenizer.get_added_vocab())
        for chunk in _chunks(texts):
            self.texts += len(chunk)
            self.counts.update(chain.from_iterable(encoded(literal, chunk)))
            # In a text that names a special token, a model sees the token, a corpus its letters.
            marked = [text for text in chunk if any(token in text for token in special)]
            self.counts.update(chain.from_iterable(encoded(plain, marked)))
            for text in chunk:
                if plain.normalizer is not None and not text.isascii():
                    text = plain.normalizer.normalize_str(text)
                self.characters.update(text)


def _most_used(
    vocabulary: _Vocabulary, fixed: set[int], counts: Counter[int], most: int | None
) -> set[int]:
    """The fixed pieces and those that the texts need, the most used first, up to `most`."""
    if most is None:
        return vocabulary.closed(fixed | set(counts))
    if most < len(fixed):
        raise InputError(
            f"--pieces {most:,}: {len(fixed):,} have to stay (special tokens, bytes, single"
            " characters, whole scripts); ask for more, or name fewer --scripts"
        )
    kept = set(fixed)
    for id_ in sorted(counts, key=lambda one: (-counts[one], one)):
        more = vocabulary.closed({id_}) - kept
        if len(kept) + len(more) <= most:
            kept |= more
    return kept


class _Vocabulary:
    """The pieces of a tokenizer by id, and what each is made of."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._specification = json.loads(tokenizer.backend_tokenizer.to_str())
        self._model = self._specification["model"]
        _check_kind(self._model)
        self._names: list[str] = tokenizer.convert_ids_to_tokens(range(len(tokenizer)))
        written = spellings(tokenizer)
        self._texts = [one.decode().removeprefix(" ") if is_whole(one) else None for one in written]
        self._characters = {c for text in self._texts for c in text or ""}
        shared = set().union(*(_characters_of(code, self._characters) for code in SHARED))
        self._shared = shared
        self._ids = {name: id_ for id_, name in enumerate(self._names)}
        self._ranks = {
            tuple(pair.split(" ") if isinstance(pair, str) else pair): rank
            for rank, pair in enumerate(self._model.get("merges", ()))
        }

    def special(self) -> set[int]:
        """Added tokens, the unknown piece, bytes, and what the tokenizer itself puts in."""
        found = {token["id"] for token in self._specification["added_tokens"]}
        found |= set(_ids_in(self._specification["post_processor"]))
        found |= {one for one in (self._tokenizer.unk_token_id,) if one is not None}
        found |= {id_ for id_, name in enumerate(self._names) if BYTE_PIECE.fullmatch(name)}
        if self._model["type"] == "Unigram":
            # What is unknown costs more than the worst piece, so that one must stay.
            scores = [score for _, score in self._model["vocab"]]
            found |= {self._model["unk_id"]} - {None} | {scores.index(min(scores))}
        if style_of(self._specification) == "byte-level":  # in which a byte is one letter
            found |= {id_ for id_, name in enumerate(self._names) if len(name) == 1}
        return found

    def characters_of(self, scripts: Iterable[str]) -> set[str]:
        """The characters in pieces that are of scripts.

        Raises:
            InputError: no such script, or the tokenizer has no piece in it.
        """
        found: set[str] = set()
        for code in scripts:
            own = _characters_of(code, self._characters)
            if not own:
                raise InputError(
                    f"script {code}: the tokenizer has no piece in it, so there is nothing to keep;"
                    " leave it out of --scripts"
                )
            found |= own
        return found

    def scripts_of(self, counts: Counter[str]) -> tuple[str, ...]:
        """The scripts of at least `LEAST` of the letters, the most frequent first."""
        letters = Counter({c: n for c, n in counts.items() if c.isalpha()})
        shares: Counter[str] = Counter()
        for code in _codes():
            shares[code] = sum(letters[c] for c in _characters_of(code, set(letters)))
        every = max(1, letters.total())
        frequent = [code for code, n in shares.most_common() if n >= LEAST * every]
        return tuple(code for code in frequent if _characters_of(code, self._characters))

    def of_scripts(self, letters: set[str]) -> set[int]:
        """Pieces with a letter of these, and no other script's."""
        allowed = letters | self._shared
        return {
            id_
            for id_, text in enumerate(self._texts)
            if text and not letters.isdisjoint(text) and allowed.issuperset(text)
        }

    def singles(self, letters: set[str]) -> set[int]:
        """Pieces of one character, of these or of no script; where a character has none, others.

        WordPiece has two of each, as a word begins or goes on.
        """
        allowed = letters | self._shared
        found = {
            id_
            for id_, text in enumerate(self._texts)
            if text is not None and len(text) <= 1 and allowed.issuperset(text)
        }
        if not self._unknown():
            return found
        lacking = allowed.difference(*(self._texts[id_] or "" for id_ in found))
        return found | {
            id_
            for id_, text in enumerate(self._texts)
            if text and allowed.issuperset(text) and not lacking.isdisjoint(text)
        }

    def closed(self, ids: set[int]) -> set[int]:
        """The ids and, for BPE, those of all that they are merged from."""
        if self._model["type"] != "BPE":
            return ids
        return ids.union(*(self._merged_from(self._names[id_]) for id_ in ids))

    def specification_of(self, kept: Sequence[int]) -> dict[str, Any]:
        """The tokenizer.json of these pieces, numbered from 0 on."""
        numbers = {old: new for new, old in enumerate(kept)}
        names = {self._names[id_] for id_ in kept}
        model = dict(self._model)
        if model["type"] == "Unigram":
            model["vocab"] = [one for id_, one in enumerate(model["vocab"]) if id_ in numbers]
            model["unk_id"] = numbers.get(model["unk_id"])
        else:
            vocabulary = sorted(model["vocab"].items(), key=lambda one: one[1])
            model["vocab"] = {name: numbers[id_] for name, id_ in vocabulary if id_ in numbers}
        if model["type"] == "BPE":
            model["merges"] = [
                list(pair) for pair in self._ranks if names.issuperset((*pair, "".join(pair)))
            ]
        added = [t | {"id": numbers[t["id"]]} for t in self._specification["added_tokens"]]
        ours: dict[str, Any] = {
            "model": model,
            "added_tokens": sorted(added, key=lambda token: int(token["id"])),
            "post_processor": _renumbered(self._specification["post_processor"], numbers),
            "padding": None,
            "truncation": None,
        }
        return {**self._specification, **ours}

    def _unknown(self) -> bool:
        """Whether a character can be unknown."""
        has_unknown = self._model["type"] != "BPE" or self._model.get("unk_token") is not None
        return has_unknown and not self._model.get("byte_fallback")

    def _merged_from(self, name: str) -> set[int]:
        """The ids of what BPE makes on its way from characters to a piece."""
        symbols = list(name)
        made = set(symbols)
        while len(symbols) > 1:
            pairs = list(pairwise(symbols))
            best = min(pairs, key=lambda pair: self._ranks.get(pair, len(self._ranks)))
            if best not in self._ranks:
                break
            at = pairs.index(best)
            symbols[at : at + 2] = ["".join(best)]
            made.add(symbols[at])
        return {self._ids[one] for one in made if one in self._ids}


def _check_kind(model: Mapping[str, Any]) -> None:
    kind = model["type"]
    if kind not in KINDS:
        raise InputError(
            f"a {kind} tokenizer cannot be trimmed: it knows whole words only, and all others would"
            f" become unknown; expected {', '.join(KINDS)}"
        )
    if model.get("end_of_word_suffix") or (
        kind == "BPE" and model.get("continuing_subword_prefix")
    ):
        raise InputError(
            "a BPE tokenizer that marks parts of words by affixes (as CLIP's) cannot be trimmed;"
            " expected one of bytes or of SentencePiece"
        )


def _codes() -> list[str]:
    """The codes of scripts that languages are written in, one a script."""
    known = {language.script for language in all_known() if language.script}
    return sorted(code for code in known | {"Hani", "Hira", "Kana", "Hang"} if code not in SEVERAL)


def _characters_of(code: str, characters: set[str]) -> set[str]:
    """Those of the characters that are of a script, as Unicode's property of that name has it.

    Raises:
        InputError: no such script.
    """
    from tokenizers import Regex, normalizers

    text = "".join(sorted(characters))
    found: set[str] = set()
    for one in SEVERAL.get(code, (code,)):
        try:
            if not re.fullmatch(r"[A-Z][a-z]{3}", one):
                raise ValueError(one)
            others = Regex(rf"\P{{{one}}}+")
        except Exception as error:  # the library raises no other
            near = did_you_mean(code, [*_codes(), *SEVERAL])
            raise InputError(
                f'script "{code}": expected a code of ISO 15924 such as Latn, Ethi or Arab, found'
                f" none of that name{near}"
            ) from error
        found |= set(normalizers.Replace(others, "").normalize_str(text))
    return found


def _ids_in(processor: Any) -> Iterator[int]:
    """The ids that a post-processor puts around a text, wherever they stand in it."""
    if isinstance(processor, dict):
        if isinstance(processor.get("ids"), list):
            yield from processor["ids"]
        for key, value in processor.items():
            if key in ("sep", "cls"):
                yield value[1]
            else:
                yield from _ids_in(value)
    elif isinstance(processor, list):
        for value in processor:
            yield from _ids_in(value)


def _renumbered(processor: Any, numbers: Mapping[int, int]) -> Any:
    """A post-processor with new ids.

    >>> _renumbered({"type": "BertProcessing", "sep": ["[SEP]", 102]}, {102: 3})
    {'type': 'BertProcessing', 'sep': ['[SEP]', 3]}
    """
    if isinstance(processor, list):
        return [_renumbered(value, numbers) for value in processor]
    if not isinstance(processor, dict):
        return processor
    change: dict[str, Callable[[Any], Any]] = {
        "ids": lambda ids: [numbers[one] for one in ids],
        "sep": lambda pair: [pair[0], numbers[pair[1]]],
        "cls": lambda pair: [pair[0], numbers[pair[1]]],
    }
    return {
        key: change[key](value) if key in change else _renumbered(value, numbers)
        for key, value in processor.items()
    }


def _chunks(texts: Iterable[str]) -> Iterator[list[str]]:
    remaining = iter(texts)
    while chunk := list(islice(remaining, _CHUNK)):
        yield chunk
