"""A folder that `fairseq-train` opens: text, dictionaries, and the text in numbers.

    prepared = prepare_pairs({"train": pairs, "valid": others}, Path("out"), ("en", "sw"))
    prepared = prepare_texts({"train": sentences}, Path("out"))

Under `out` stand

    text/train.en, text/train.sw      symbols between spaces, as fairseq-preprocess reads them
    data-bin/dict.en.txt              see `training.fairseq.formats`
    data-bin/train.en-sw.en.bin, .idx see `training.fairseq.formats`

and the same without languages for the objectives of one language (masked words, denoising). The
text is streamed twice, to count and to number; only the dictionary is in memory.

`prepare` takes the user's files and puts `preparation.json` beside the data: settings, checksums of
the files, sizes, what was left out or repaired. A folder that holds data of other settings is never
written over. Text is read by the strict readers of `data`, which repair and count; see `data.tsv`.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from data.bounded import read_json
from data.errors import InputError
from data.files import appears_whole, sha256_file, write_whole
from data.parallel import Pair, read_aligned, read_pairs_tsv
from data.tsv import counted, read_lines, reject
from training.fairseq.formats import (
    RESERVED,
    UNKNOWN,
    UNKNOWN_ID,
    Dictionary,
    Size,
    write_binarised,
)
from training.fairseq.programs import OBJECTIVES, TRANSLATION, Commands
from training.fairseq.text import WORDS, Units, read_tokens, units

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


RECORD = "preparation.json"

# Reasons under which sentences are left out.
OWN_SYMBOL = "a symbol of fairseq's own"
NO_SYMBOL = "no symbol left"


def prepare(
    files: Mapping[str, Sequence[Path]],
    out: Path,
    objective: str,
    *,
    languages: tuple[str, str] | None = None,
    cut: str = WORDS,
    vocabulary: Vocabulary = EVERY_SYMBOL,
    skip_bad: bool = False,
) -> tuple[Prepared, Commands]:
    """Write the user's files as data for fairseq, and beside them what they were made from.

    Args:
        files: of each part (train, valid, test): one, or for translation also two.
        objective: mlm, denoising or translation.
        languages: source and target, for translation.
        cut: the units: words, characters, or a SentencePiece model.

    Raises:
        InputError: a folder that holds other data; files or languages that do not fit the
            objective; what `training.fairseq.text` refuses.
    """
    _check(files, objective, languages)
    settings = _settings(files, objective, languages, cut, vocabulary)
    _check_folder(out, settings)
    dropped, repairs = Counter[str](), Counter[str]()
    how: dict[str, Any] = {"skip_bad": skip_bad, "dropped": dropped, "repairs": repairs}
    way = units(cut)
    if languages is not None:
        pairs = {s: sentence_pairs(paths, *languages, way, **how) for s, paths in files.items()}
        prepared = prepare_pairs(pairs, out, languages, vocabulary)
    else:
        texts = {split: _sentences(paths, way, how) for split, paths in files.items()}
        prepared = prepare_texts(texts, out, vocabulary)
    _write_record(prepared, settings, dropped, repairs)
    return prepared, Commands(out, objective, tuple(files), languages, vocabulary.joined)


def _check(
    files: Mapping[str, Sequence[Path]], objective: str, languages: tuple[str, str] | None
) -> None:
    if objective not in OBJECTIVES:
        raise InputError(
            f"objective: expected one of {', '.join(OBJECTIVES)}, found {objective}; choose one"
        )
    if (languages is not None) != (objective == TRANSLATION):
        raise InputError(
            f"expected a source and a target language for {TRANSLATION} and for nothing else,"
            f" found {' and '.join(languages or ()) or 'none'} for {objective}; correct either"
        )
    if not files:
        raise InputError("expected files of text, found none; give --train at least")


def _sentences(paths: Sequence[Path], way: Units, how: Mapping[str, Any]) -> Iterator[list[str]]:
    """The sentences of several files, with a blank line between one file and the next."""
    for place, path in enumerate(paths):
        if place:
            yield []
        yield from sentences(path, way, **how)


def _settings(
    files: Mapping[str, Sequence[Path]],
    objective: str,
    languages: tuple[str, str] | None,
    cut: str,
    vocabulary: Vocabulary,
) -> dict[str, Any]:
    """What decides the bytes that are written."""
    model = Path(cut)
    return {
        "objective": objective,
        "languages": list(languages or ()),
        "units": sha256_file(model) if model.is_file() else cut,
        "vocabulary": {**asdict(vocabulary), "reuse": str(vocabulary.reuse or "")},
        "files": {split: [_checksum(path) for path in paths] for split, paths in files.items()},
    }


def _checksum(path: Path) -> str:
    if not path.is_file():
        raise InputError(f"{path}: no such file; check the path")
    return sha256_file(path)


def _check_folder(out: Path, settings: Mapping[str, Any]) -> None:
    record = out / RECORD
    if record.exists() and _settings_in(record) != settings:
        raise InputError(
            f"{out}: expected a new folder, found data of other files or settings (see {RECORD});"
            " choose another --out, or remove it"
        )


def _settings_in(record: Path) -> dict[str, Any]:
    found: dict[str, Any] = read_json(record, {"settings": dict})["settings"]
    return found


def _write_record(
    prepared: Prepared,
    settings: Mapping[str, Any],
    dropped: Counter[str],
    repairs: Counter[str],
) -> None:
    record = {
        "settings": settings,
        "dictionaries": {name: len(one) for name, one in prepared.dictionaries.items()},
        "sizes": {name: asdict(size) for name, size in prepared.sizes.items()},
        "left out": dict(sorted(dropped.items())),
        "repaired": dict(sorted(repairs.items())),
        "kilolingua": version("kilolingua"),
    }
    text = json.dumps(record, ensure_ascii=False, indent=2, sort_keys=True)
    write_whole(prepared.folder / RECORD, text + "\n")


def sentences(
    path: Path,
    cut: Units,
    *,
    skip_bad: bool = False,
    dropped: Counter[str] | None = None,
    repairs: Counter[str] | None = None,
) -> Iterator[list[str]]:
    """Yield the symbols of each line; a blank line, the end of a document, gives none.

    Raises:
        InputError: `swahili.txt:7: expected text, found </s>, a symbol of fairseq's own; ...`;
            what `data.tsv.read_lines` refuses.
    """
    with counted(dropped, path, "dropped") as tally:
        for number, text in read_lines(path, repairs=repairs):
            tokens = cut.split(text)
            problem = _own_symbol(tokens)
            if problem is None:
                yield tokens
            else:
                reject(problem, f"{path}:{number}", skip_bad=skip_bad, dropped=tally)


def sentence_pairs(
    paths: Sequence[Path],
    source: str,
    target: str,
    cut: Units,
    *,
    skip_bad: bool = False,
    dropped: Counter[str] | None = None,
    repairs: Counter[str] | None = None,
) -> Iterator[tuple[list[str], list[str]]]:
    """Yield the symbols of both sides of each pair.

    Args:
        paths: two files whose lines correspond, or one table with a header.
        source, target: the languages, which are the columns of a table.

    Raises:
        InputError: neither; a pair with an empty side; what `sentences` refuses.
    """
    name = " and ".join(map(str, paths))
    with counted(dropped, paths[0], "dropped") as tally:
        for pair in _pairs(paths, source, target, skip_bad, tally, repairs):
            sides = cut.split(pair.source), cut.split(pair.target)
            problem = _own_symbol([*sides[0], *sides[1]]) or _nothing(sides)
            if problem is None:
                yield sides
            else:
                reject(problem, f"{name}: pair {pair.id}", skip_bad=skip_bad, dropped=tally)


def _pairs(
    paths: Sequence[Path],
    source: str,
    target: str,
    skip_bad: bool,
    dropped: Counter[str],
    repairs: Counter[str] | None,
) -> Iterator[Pair]:
    if len(paths) == 2:
        return read_aligned(*paths, skip_bad=skip_bad, dropped=dropped, repairs=repairs)
    if len(paths) == 1 and ".tsv" in paths[0].suffixes:
        return read_pairs_tsv(
            paths[0], source, target, skip_bad=skip_bad, dropped=dropped, repairs=repairs
        )
    raise InputError(
        f"expected two files of sentences, {source} then {target}, or one .tsv with columns of"
        f" these names, found {', '.join(map(str, paths)) or 'nothing'}; give either"
    )


def _own_symbol(tokens: Sequence[str]) -> tuple[str, str] | None:
    own = next((token for token in tokens if token in RESERVED), None)
    if own is None:
        return None
    return OWN_SYMBOL, f"expected text, found {own}, {OWN_SYMBOL}"


def _nothing(sides: Sequence[Sequence[str]]) -> tuple[str, str] | None:
    if all(sides):
        return None
    return NO_SYMBOL, f"expected symbols on both sides, found {len(sides[0])} and {len(sides[1])}"
