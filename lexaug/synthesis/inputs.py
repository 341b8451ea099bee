"""Where the text of a run comes from: a file, standard input, or a corpus of the catalog.

    text = find_text("news.en.zst", labelled=False, target=resolve("wo"))
    with open_text(text) as stream:
        first = stream.readline()

Files whose names end in .gz, .xz or .zst are unpacked on the way. Of a corpus of the catalog the
English side is read: `ntrex-128`, `lafand:dev`, for labels `ewt:train`; `sample` is the project's
own. Of a text that `icl.generate` had a model write, the result says so.
"""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from data.access import Access
from data.archives import PiecedFile, unpacked_frames
from data.bounded import read_json
from data.catalog import Dataset, catalog, dataset
from data.cli import standard_input
from data.corpus import NOT_STATED
from data.download import fetch
from data.errors import InputError
from data.languages import Language, resolve
from data.lines import DAMAGED_PACK, PACKED, open_bytes

CHUNK_BYTES = 1 << 20
STDIN = "-"
GENERATOR, GENERATED_TEXT = "icl.generate", "text.txt"
SPLITS = ("train", "test", "devtest", "dev")  # the first that a corpus has is its default


@dataclass(frozen=True, slots=True)
class Text:
    """A text to read: its name for messages, its files in order, and its licence.

    Attributes:
        paths: none for standard input and for the sample, whose bytes are `inline`.
        note: what a reader of the result must know about this text; "" for nothing.
    """

    name: str
    paths: tuple[Path, ...]
    licence: str = NOT_STATED
    note: str = ""
    inline: bytes | None = None

    @property
    def is_stream(self) -> bool:
        """Whether it can be read only once."""
        return not self.paths and self.inline is None

    @property
    def seekable(self) -> bool:
        """Whether a place in it can be reached without reading what stands before."""
        return len(self.paths) == 1 and self.paths[0].suffix.lower() not in PACKED

    def fingerprint(self) -> dict[str, Any]:
        """Its size and the sha256 of its first and last MiB: enough to see that it was changed.

        The whole of 100 GB is not read twice for that.
        """
        if self.inline is not None:
            return {"bytes": len(self.inline)}
        if self.is_stream:
            return {}
        size = sum(path.stat().st_size for path in self.paths)
        return {"bytes": size, "sha256_of_ends": _sha256_of_ends(self.paths)}


def find_text(
    name: str,
    *,
    labelled: bool,
    target: Language,
    access: Access = Access(),
) -> Text:
    """The text that `--input` names.

    Args:
        name: `-`, a file, `sample`, or a corpus of the catalog with or without `:SPLIT`.
        labelled: whether tokens with tags are asked for.
        target: of several English sides (lafand), the one beside this language if there is one.

    Raises:
        InputError: no such file or corpus, no English in it, or not of the kind asked for.
        UnavailableError: a file of the catalog cannot be had.
    """
    if name == STDIN:
        return Text("standard input", ())
    path = Path(name)
    if path.is_file():
        return Text(name, (path,), note=_written_by(path))
    if name == "sample" and not labelled:
        return _sample()
    corpus, _, split = name.partition(":")
    if corpus not in catalog():
        if path.is_fifo():
            raise InputError(f"{path} is a pipe; let it run into standard input: --input -")
        if path.is_dir():
            raise InputError(f"{path}: expected a file, found a folder; join its files or name one")
        raise InputError(
            f"{path}: no such file, and no corpus of that name in the catalog; check the path, or "
            "see python -m data.catalog list"
        )
    return _from_catalog(dataset(corpus), split, labelled, target, access)


def _written_by(path: Path) -> str:
    """What must be known of a text that a model wrote (`icl.generate`); "" for all others."""
    config = path.parent / "config.json"
    if path.name != GENERATED_TEXT or not config.is_file():
        return ""
    try:
        told = read_json(config, {"command?": str, "run": dict})
    except InputError:
        return ""
    engine = told["run"].get("engine")
    if told.get("command") != GENERATOR or not isinstance(engine, dict):
        return ""
    revision = str(engine.get("revision", "")) or "unknown"
    return f"the text was written by a model: {engine.get('model')}, revision {revision}"


def open_text(text: Text, offset: int = 0) -> BinaryIO:
    """The text's bytes, unpacked, from `offset` (counted in unpacked bytes) on.

    Raises:
        InputError: the text is a stream and `offset` is not 0; the file ends before `offset`.
        UnavailableError: .zst without the package zstandard.
    """
    if text.is_stream:
        if offset:
            raise InputError("standard input cannot be read again from the middle; give a file")
        return cast("BinaryIO", standard_input())
    if text.seekable:
        file = open(text.paths[0], "rb")  # noqa: SIM115 (the caller closes it)
        file.seek(offset)
        return file
    chunks = iter([text.inline]) if text.inline is not None else _chunks(text.paths)
    stream = cast("BinaryIO", io.BufferedReader(PiecedFile(chunks), CHUNK_BYTES))
    while offset:
        passed = len(stream.read(min(offset, CHUNK_BYTES)))
        if not passed:
            raise InputError(f"{text.name}: shorter than when the run began; choose another --out")
        offset -= passed
    return stream


def _sha256_of_ends(paths: Sequence[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        with open(path, "rb") as file:
            digest.update(file.read(CHUNK_BYTES))
            file.seek(max(file.seek(0, os.SEEK_END) - CHUNK_BYTES, 0))
            digest.update(file.read(CHUNK_BYTES))
    return digest.hexdigest()


def _sample() -> Text:
    from data.load import load_parallel

    corpus = load_parallel("sample", resolve("en"), resolve("sw"))
    lines = "".join(f"{pair.source}\n" for pair in corpus.pairs)
    return Text("sample", (), corpus.licence, inline=lines.encode())


def _from_catalog(
    entry: Dataset,
    split: str,
    labelled: bool,
    target: Language,
    access: Access,
) -> Text:
    expected = "conll" if labelled else "aligned"
    if entry.reader != expected:
        mode = "--mode tags needs tokens with tags" if labelled else "this mode needs lines of text"
        raise InputError(f"{entry.name} is a {entry.kind} ({entry.reader}); {mode}")
    roles = {file.role for file in entry.contents}
    split = split or next((one for one in SPLITS if one in roles), "")
    code = entry.code_for(resolve("en"))
    files = entry.select(split, code=code)
    if not files:
        have = ", ".join(one for one in SPLITS if one in roles)
        raise InputError(f'{entry.name} has no English in the split "{split}"; it has: {have}')
    beside = target.closest([f.codes[0] for f in entry.select(split)])
    groups = {f.group for f in entry.select(split, code=beside.code)} if beside else set()
    files = [file for file in files if file.group in groups] or files
    paths = tuple(fetch(file, access=access).path for file in files)
    note = ""
    if entry.kind == "test-set" or split != "train":
        note = f"{entry.name}:{split} is test data: do not train on this what is scored on it"
    return Text(f"{entry.name}:{split}", paths, entry.licence, note)


def _chunks(paths: Sequence[Path]) -> Iterator[bytes]:
    """The bytes of the files one after the other; each file ends a line."""
    for path in paths:
        last = b"\n"
        for chunk in _read_all(path):
            yield chunk
            last = chunk[-1:] or last
        if last != b"\n":
            yield b"\n"


def _read_all(path: Path) -> Iterator[bytes]:
    if path.suffix.lower() == ".zst":
        yield from unpacked_frames(path)
        return
    try:
        with open_bytes(path) as file:
            while chunk := file.read(CHUNK_BYTES):
                yield chunk
    except DAMAGED_PACK as error:
        raise InputError(f"{path}: damaged ({error}); fetch or pack the file again") from error
