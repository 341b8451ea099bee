"""Monolingual text as a stream of records: files, synthetic text, corpora of the catalog.

    corpus = find_corpus("news.sw.txt.zst")                # a line a record
    corpus = find_corpus("runs/wo")                        # what lexaug.synthesize wrote
    corpus = find_corpus("lafand:train:sw")                # of the catalog: NAME[:SPLIT[:LANGUAGE]]
    for record in corpus.records(dropped=dropped, repairs=repairs):
        print(record.id, record.text)

A corpus of 100 GB and one of 100 lines take the same memory. What is read from a file, and what
of it is dropped, stands in `data.corpus_files`. Text from the field is repaired as
`data.tsv.read_lines` does it.

>>> next(find_corpus("sample:sw").records()).text
'Kila Jumamosi, Amina huenda sokoni pamoja na bibi yake.'
"""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

from data.access import Access
from data.bounded import read_json
from data.catalog import Dataset, File, catalog, dataset
from data.corpus_files import (
    READERS,
    Reader,
    Record,
    column_reader,
    form_of,
    is_corpus_file,
    utterance_reader,
)
from data.download import NoSourceError, fetch
from data.errors import InputError
from data.labels.slots import Utterance
from data.languages import resolve
from data.load import SAMPLE_PAIRS, splits
from data.tsv import counted
from data.utterances import read_split, roles_of

__all__ = ["Corpus", "Record", "find_corpus"]

_LOG = logging.getLogger(__name__)

NOT_STATED = "not stated"
ENDS_BYTES = 1 << 26  # a larger file is told by its size and its ends: it is not read twice
# Of the config.json of `lexaug.synthesize`, what a reader of its text needs.
SYNTHESIS = {"run": {"mode": str, "format": str, "licence": {"strictest": str}, "language": str}}
SYNTHESIS_FORMS = ("text", "jsonl", "parquet")
SPLITS = ("train", "test", "devtest", "dev")  # the first that a corpus has is its default


@dataclass(frozen=True)
class Corpus:
    """Texts with one origin: where they lie and under which terms; `records` reads them.

    Attributes:
        name: as it was asked for.
        licence: an SPDX name, or "not stated".
        languages: codes as the catalog or the synthesis tells them; none for a plain file.
        synthetic: whether `lexaug.synthesize` made it.
        note: what a reader of a result must know about this text; "" for nothing.
    """

    name: str
    paths: tuple[Path, ...]
    reader: Reader = field(repr=False)
    licence: str = NOT_STATED
    languages: tuple[str, ...] = ()
    synthetic: bool = False
    note: str = ""

    def records(
        self,
        *,
        skip_bad: bool = False,
        limit: int | None = None,
        dropped: Counter[str] | None = None,
        repairs: Counter[str] | None = None,
    ) -> Iterator[Record]:
        """Yield the records in order, none of them blank, each with an id of its own.

        Args:
            skip_bad: leave out lines that are no text or no record, and count them.
            limit: the first so many records only.
            dropped, repairs: receive how many records were left out or mended, by reason.

        Raises:
            InputError: a bad line, with its path and number.
            UnavailableError: a package is missing that unpacks the file.
        """
        with (
            counted(dropped, self.paths[0], "dropped") as lost,
            counted(repairs, self.paths[0], "repaired") as mended,
        ):
            yield from islice(self._all(skip_bad, lost, mended), limit)

    def _all(self, skip_bad: bool, lost: Counter[str], mended: Counter[str]) -> Iterator[Record]:
        for path in self.paths:
            prefix = f"{path.parent.name}/{path.name}:" if len(self.paths) > 1 else ""
            for record in self.reader(path, skip_bad=skip_bad, dropped=lost, repairs=mended):
                yield replace(record, id=prefix + record.id) if prefix else record

    def fingerprint(self) -> dict[str, Any]:
        """Bytes and a sha256 that change with the content: of the whole up to 64 MiB a file,
        else of the first and last 32 MiB."""
        return dict(self._fingerprint)

    @cached_property
    def _fingerprint(self) -> dict[str, Any]:
        digest, size = hashlib.sha256(), 0
        for path in self.paths:
            size += path.stat().st_size
            digest.update(_ends(path))
        return {"bytes": size, "sha256": digest.hexdigest()}


def find_corpus(name: str, *, access: Access = Access()) -> Corpus:
    """The corpus of that name: a file, a folder, `sample:LANGUAGE`, or one of the catalog.

    Raises:
        InputError: no such file, corpus, split or language; a file of an unknown kind.
        UnavailableError: a file of the catalog cannot be had.
    """
    path = Path(name)
    if path.is_file():
        return Corpus(name, (path,), READERS[form_of(path)])
    if path.is_dir():
        return _synthetic(path) if (path / "config.json").is_file() else _folder(path)
    known, _, rest = name.partition(":")
    split, _, language = rest.partition(":")
    if known == "sample":
        return _sample(name, rest)
    if known.lower() in catalog():
        entry = dataset(known.lower())
        return _from_catalog(name, entry, split or _default_split(entry), language, access)
    raise InputError(
        f"{name}: no such file or folder, and no corpus of that name in the catalog; check the "
        "path, or see python -m data.catalog list"
    )


def find_test_set(name: str, *, access: Access = Access()) -> Corpus:
    """The same for what is scored: NAME is the test part in all languages, NAME:LANGUAGE in one.

    >>> find_test_set("masakhapos:twi").languages                           # doctest: +SKIP
    ('twi',)
    """
    known, _, rest = name.partition(":")
    if known.lower() not in catalog() or Path(name).exists():
        return find_corpus(name, access=access)
    entry = dataset(known.lower())
    if ":" in rest or rest in {file.role for file in entry.contents}:
        return find_corpus(name, access=access)
    split = splits(entry.name)[0]
    found = _from_catalog(name, entry, split, rest or "*", access)
    return replace(found, note="")


def _ends(path: Path) -> bytes:
    with open(path, "rb") as file:
        if path.stat().st_size <= ENDS_BYTES:
            return hashlib.file_digest(file, "sha256").digest()
        digest = hashlib.sha256(file.read(ENDS_BYTES // 2))
        file.seek(-ENDS_BYTES // 2, 2)
        digest.update(file.read())
        return digest.digest()


def _folder(folder: Path) -> Corpus:
    """All files of a folder that can be read, in the order of their names."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and is_corpus_file(path))
    if not paths:
        raise InputError(f"{folder}: expected .txt, .jsonl or .parquet files, found none")
    forms = {form_of(path) for path in paths}
    if len(forms) > 1:
        raise InputError(f"{folder}: holds {' and '.join(sorted(forms))} files; name one of them")
    return Corpus(str(folder), tuple(paths), READERS[forms.pop()])


def _synthetic(folder: Path) -> Corpus:
    """What `lexaug.synthesize --out FOLDER` wrote, told by its config.json."""
    path = folder / "config.json"
    try:
        settings = read_json(path, SYNTHESIS)["run"]
    except InputError as error:
        raise InputError(
            f"{path}: not the config.json of lexaug.synthesize ({error}); name the text file"
        ) from error
    mode, form = settings["mode"], settings["format"]
    licence, language = settings["licence"]["strictest"], settings["language"]
    if form not in SYNTHESIS_FORMS:
        known = ", ".join(SYNTHESIS_FORMS)
        raise InputError(f'{path}: expected a format of {known}, found "{form}"; correct it')
    if not (folder / "coverage.json").is_file():
        raise InputError(f"{folder}: its synthesis has not finished; run the same command again")
    stem = {"parallel": "pairs", "tags": "tags"}.get(mode, "text")
    pattern = "data/part-*.parquet" if form == "parquet" else f"{stem}.*"
    paths = tuple(sorted(folder.glob(pattern)))
    if not paths:
        raise InputError(f"{folder}: expected {pattern}, found none; run the synthesis again")
    kind = {"pairs": "pairs", "tags": "tokens"}.get(stem, "lines") if form == "text" else form
    return Corpus(str(folder), paths, READERS[kind], licence, (language,), synthetic=True)


def _sample(name: str, language: str) -> Corpus:
    columns = ("document", "eng", "swa")
    wanted = {"en": "eng", "sw": "swa"}.get(language)
    if wanted is None:
        raise InputError(f"{name}: the sample is in English and Swahili; write sample:sw")
    return Corpus(name, (SAMPLE_PAIRS,), column_reader(columns, wanted), "CC0-1.0", (language,))


def _fetched(name: str, files: Sequence[File], access: Access, *, some: bool) -> tuple[Path, ...]:
    """The paths of files; where `some` will do, those that can be had, and the rest in the log."""
    paths, missing = [], []
    for file in files:
        try:
            paths.append(fetch(file, access=access).path)
        except NoSourceError:
            if not some or (file is files[-1] and not paths):
                raise
            missing.append(file.codes[0])
    if missing:
        codes = ", ".join(sorted(set(missing)))
        _LOG.warning("%s: without %d of %d files: %s", name, len(missing), len(files), codes)
    return tuple(paths)


def _default_split(entry: Dataset) -> str:
    """The training part where there is one."""
    roles = {file.role.partition("-")[0] for file in entry.contents}
    return next((split for split in SPLITS if split in roles or "utterances" in roles), "test")


def _from_catalog(
    name: str,
    entry: Dataset,
    split: str,
    language: str,
    access: Access,
) -> Corpus:
    role, reader = _role_and_reader(name, entry, split)
    codes = entry.codes() if language == "*" else (_code(name, entry, language),)
    files = [file for file in entry.select(role) if {*codes} & {*file.codes}]
    if not files:
        have = ", ".join(dict.fromkeys(f.role for f in entry.contents if {*codes} & {*f.codes}))
        raise InputError(f'{name}: no such split of {entry.name} as "{split}"; it has: {have}')
    paths = _fetched(name, files, access, some=language == "*")
    note = "" if split == "train" else f"{entry.name}:{split} is test data; do not score on it"
    return Corpus(name, paths, reader, entry.licence, codes, note=note)


def _role_and_reader(name: str, entry: Dataset, split: str) -> tuple[str, Reader]:
    """Which files of a data set hold the split, and what reads them."""
    if entry.reader == "aligned":
        return split, READERS["lines"]
    if entry.reader == "conll":
        return split, READERS["tokens"]
    if entry.kind != "utterances":
        raise InputError(f"{name}: {entry.name} is a {entry.kind}, not text")
    role = roles_of(entry, split)[0]
    if role.endswith("-text"):
        return role, READERS["lines"]

    def utterances(path: Path, **counters: Counter[str]) -> Iterator[Utterance]:
        return read_split(entry, split, (path,), **counters)

    return role, utterance_reader(utterances)


def _code(name: str, entry: Dataset, language: str) -> str:
    """The data set's code for what was asked for; the only one where nothing was."""
    if language in entry.codes():
        return language
    if language:
        return entry.code_for(resolve(language))
    if len(entry.codes()) > 1:
        codes = ", ".join(sorted(entry.codes()))
        raise InputError(f"{name}: say in which language, as {entry.name}:SPLIT:CODE with {codes}")
    return entry.codes()[0]
