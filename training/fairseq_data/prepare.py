"""A folder that `fairseq-train` opens: text, dictionaries, and the text in numbers.

    prepared = prepare_pairs({"train": pairs, "valid": others}, Path("out"), ("en", "sw"))
    prepared = prepare_texts({"train": sentences}, Path("out"))

Under `out` stand

    text/train.en, text/train.sw      symbols between spaces, as fairseq-preprocess reads them
    data-bin/dict.en.txt              see `training.fairseq_data.dictionary`
    data-bin/train.en-sw.en.bin, .idx see `training.fairseq_data.binarised`

and the same without languages for the objectives of one language (masked words, denoising). The
text is streamed twice, to count and to number; only the dictionary is in memory.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from data.errors import InputError
from data.files import appears_whole
from training.fairseq_data.binarised import Size, write_binarised
from training.fairseq_data.dictionary import UNKNOWN, UNKNOWN_ID, Dictionary
from training.fairseq_data.lines import read_tokens

TRAIN, VALID, TEST = "train", "valid", "test"
TEXT, DATA = "text", "data-bin"

_LANGUAGE = re.compile(r"[A-Za-z0-9_]+")

Tokens = Sequence[str]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """How a dictionary is made.

    Attributes:
        threshold: symbols seen fewer times in the training text become `<unk>`.
        size: the most symbols, fairseq's own four included.
        joined: one dictionary for both languages.
        reuse: a folder with the dictionaries to take instead, such as that of a trained model.
    """

    threshold: int = 0
    size: int | None = None
    joined: bool = False
    reuse: Path | None = None


EVERY_SYMBOL = Vocabulary()


@dataclass(frozen=True, slots=True)
class Prepared:
    """What was written.

    Attributes:
        folder: where `text` and `data-bin` stand.
        dictionaries: by language, or under "" where there is one language.
        sizes: of each part, by the names of its files: `train` or `train.en-sw.en`.
    """

    folder: Path
    dictionaries: Mapping[str, Dictionary]
    sizes: Mapping[str, Size]


def prepare_texts(
    splits: Mapping[str, Iterable[Tokens]], out: Path, vocabulary: Vocabulary = EVERY_SYMBOL
) -> Prepared:
    """Write the data of an objective of one language, from sentences by part.

    Args:
        splits: `train`, and `valid` and `test` where there are any.

    Raises:
        InputError: no training sentences; no symbols in a part; what the dictionary refuses.
    """
    rows = {split: ((tokens,) for tokens in sentences) for split, sentences in splits.items()}
    counts = {split: _write_text(out, split, row, ("",))[""] for split, row in rows.items()}
    own = _dictionary(out, "", counts.get(TRAIN), vocabulary)
    own.save(out / DATA / _dict_name(""))
    sizes = {split: _number(out, split, split, own) for split in splits}
    return Prepared(out, {"": own}, sizes)


def prepare_pairs(
    splits: Mapping[str, Iterable[tuple[Tokens, Tokens]]],
    out: Path,
    languages: tuple[str, str],
    vocabulary: Vocabulary = EVERY_SYMBOL,
) -> Prepared:
    """Write the data of translation, from pairs of sentences by part.

    Args:
        splits: `train`, and `valid` and `test` where there are any.
        languages: of the source and the target, letters, digits and `_`: they are in file names.

    Raises:
        InputError: as `prepare_texts`; languages that are equal or that no file name can hold.
    """
    _check_languages(languages)
    counts = {split: _write_text(out, split, pairs, languages) for split, pairs in splits.items()}
    train = counts.get(TRAIN)
    if train is not None and vocabulary.joined:
        train = dict.fromkeys(languages, train[languages[0]] + train[languages[1]])
    dictionaries = {
        one: _dictionary(out, one, None if train is None else train[one], vocabulary)
        for one in languages
    }
    for language, dictionary in dictionaries.items():
        dictionary.save(out / DATA / _dict_name(language))
    sizes = {
        name: _number(out, f"{split}.{language}", name, dictionaries[language])
        for split in splits
        for language, name in zip(languages, pair_names(split, languages), strict=True)
    }
    return Prepared(out, dictionaries, sizes)


def pair_names(split: str, languages: tuple[str, str]) -> tuple[str, str]:
    """How fairseq names the two sides of a part.

    >>> pair_names("train", ("en", "sw"))
    ('train.en-sw.en', 'train.en-sw.sw')
    """
    source, target = languages
    return f"{split}.{source}-{target}.{source}", f"{split}.{source}-{target}.{target}"


def _check_languages(languages: tuple[str, str]) -> None:
    if languages[0] == languages[1] or not all(map(_LANGUAGE.fullmatch, languages)):
        raise InputError(
            "expected two different languages of letters, digits and _, because fairseq takes them"
            f" from file names, found {languages[0]} and {languages[1]}; write sw_KE for sw-KE"
        )


def _dict_name(language: str) -> str:
    return f"dict.{language}.txt" if language else "dict.txt"


def _write_text(
    out: Path, split: str, rows: Iterable[Sequence[Tokens]], languages: Sequence[str]
) -> dict[str, Counter[str]]:
    """Write each side of a part; return how often each symbol stands in it, by language."""
    counts: dict[str, Counter[str]] = {language: Counter() for language in languages}
    names = [f"{split}.{language}".rstrip(".") for language in languages]
    with ExitStack() as stack:
        files = [stack.enter_context(appears_whole(out / TEXT / name)) for name in names]
        for row in rows:
            for tokens, file, language in zip(row, files, languages, strict=True):
                counts[language].update(tokens)
                file.write(" ".join(tokens).encode() + b"\n")
        if not all(counts.values()):
            raise InputError(f"{split}: expected sentences, found no symbol; check the files")
    return counts


def _dictionary(
    out: Path, language: str, counts: Mapping[str, int] | None, vocabulary: Vocabulary
) -> Dictionary:
    if vocabulary.reuse is not None:
        return Dictionary.load(vocabulary.reuse / _dict_name(language))
    if counts is None:
        raise InputError(
            f"{out}: expected training text to make a dictionary from, found none; give --train,"
            " or the folder of a dictionary to take"
        )
    return Dictionary.build(counts, threshold=vocabulary.threshold, size=vocabulary.size)


def _number(out: Path, text: str, name: str, dictionary: Dictionary) -> Size:
    """Write the numbers of a part's text."""
    unknown = 0

    def numbers() -> Iterable[list[int]]:
        nonlocal unknown
        for tokens in read_tokens(out / TEXT / text):
            found = dictionary.encode(tokens)
            unknown += found.count(UNKNOWN_ID) - tokens.count(UNKNOWN)
            yield found

    size = write_binarised(out / DATA / name, numbers(), len(dictionary))
    return replace(size, unknown=unknown)
