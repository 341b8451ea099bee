"""The user's files as data for fairseq, with a record of what they were made from.

    prepare({"train": [Path("train.en"), Path("train.sw")]}, Path("out"), "translation",
            languages=("en", "sw"))

`preparation.json` stands beside the data: settings, checksums of the files, sizes, what was left
out or repaired. A folder that holds data of other settings is never written over.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from data.bounded import read_json
from data.errors import InputError
from data.files import sha256_file, write_whole
from training.fairseq_data.commands import OBJECTIVES, TRANSLATION, Commands
from training.fairseq_data.prepare import (
    EVERY_SYMBOL,
    Prepared,
    Vocabulary,
    prepare_pairs,
    prepare_texts,
)
from training.fairseq_data.sources import sentence_pairs, sentences
from training.fairseq_data.units import WORDS, Units, units

RECORD = "preparation.json"


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
            objective; what `training.fairseq_data.sources` refuses.
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
