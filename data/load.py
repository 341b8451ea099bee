"""From names to records: test sets, parallel text and lexicons of the catalog, or a user's file.

>>> from data.languages import resolve
>>> corpus = load_parallel("sample", resolve("sw"), resolve("en"))
>>> len(corpus.pairs), corpus.split
(120, 'test')
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from data.catalog import Dataset, File, catalog, dataset, warn_of_relative
from data.download import NoSourceError, Report, fetch
from data.errors import InputError
from data.files import canonical_json, sha256_text
from data.languages import Language, resolve, resolve_glottocode
from data.load_lexicon import load_lexicon
from data.parallel import Pair, read_aligned, read_pairs_tsv, read_tmx
from data.tmx import read_units
from data.tsv import read_header

SAMPLE = Path(__file__).parent / "sample"
SAMPLE_PAIRS = SAMPLE / "en-sw.tsv"

__all__ = [
    "ParallelCorpus",
    "find_language",
    "load_lexicon",
    "load_parallel",
    "splits",
]

ORIGINS = {"cache": "the cache", "mirror": "the mirror"}


@dataclass(frozen=True)
class ParallelCorpus:
    """Aligned sentences of two languages, with where they come from."""

    name: str
    split: str
    source: Language
    target: Language
    pairs: tuple[Pair, ...]
    licence: str
    origin: str

    @cached_property
    def sha256(self) -> str:
        """The checksum of the sentences as they were read: same digits, same test set."""
        return sha256_text(canonical_json([[p.id, p.source, p.target] for p in self.pairs]))

    def reversed(self) -> ParallelCorpus:
        """The same sentences in the other direction."""
        pairs = tuple(replace(p, source=p.target, target=p.source) for p in self.pairs)
        return replace(self, source=self.target, target=self.source, pairs=pairs)


def find_language(text: str, *, offline: bool = False, report: Report | None = None) -> Language:
    """`resolve`, and for a glottocode that is not built in, Glottolog's table in the catalog.

    Raises:
        InputError: no language has that code or name, or Glottolog's table cannot be had.
    """
    try:
        return resolve(text)
    except InputError as unknown:
        if not re.fullmatch(r"[a-z0-9]{4}\d{4}", text.strip().lower()):
            raise
        try:
            table = fetch(dataset("glottolog").files[0], offline=offline, report=report)
        except NoSourceError as error:
            raise unknown from error
        return resolve_glottocode(text, table.path)


def splits(name: str) -> tuple[str, str | None]:
    """(split that is scored, split that shots come from or None) of a data set or file.

    >>> splits("flores-200"), splits("lafand"), splits("ntrex-128")
    (('devtest', 'dev'), ('test', 'dev'), ('test', None))
    """
    if name not in catalog():
        return "test", None
    roles = {file.role for file in dataset(name).files}
    scored = "devtest" if "devtest" in roles else "test"
    return scored, "dev" if "dev" in roles else None


def load_parallel(
    name: str,
    source: Language,
    target: Language,
    split: str | None = None,
    *,
    offline: bool = False,
    report: Report | None = None,
) -> ParallelCorpus:
    """Read aligned sentences.

    Args:
        name: a data set of the catalog, `sample`, or a .tsv (header: language codes, and
            `document` if you like) or .tmx file.
        split: which part of a data set; its test part by default.

    Raises:
        InputError: no such name, language or split; a bad line.
        UnavailableError: the files cannot be had.
    """
    if name == "sample" or Path(name).suffix in (".tsv", ".tmx"):
        if split not in (None, "test"):
            raise InputError(f'{name} has no split "{split}"; all of it is the split "test"')
        return _sample(source, target) if name == "sample" else _from_file(name, source, target)
    entry = dataset(name)
    if entry.reader != "aligned":
        raise InputError(f"{name} is a {entry.kind}, not parallel text")
    return _from_catalog(entry, source, target, split or splits(name)[0], offline, report)


def _sample(source: Language, target: Language) -> ParallelCorpus:
    corpus = _from_file(str(SAMPLE_PAIRS), source, target)
    return replace(corpus, name="sample", licence="CC0-1.0", origin="this package")


def _from_catalog(
    entry: Dataset,
    source: Language,
    target: Language,
    split: str,
    offline: bool,
    report: Report | None,
) -> ParallelCorpus:
    left, right = _aligned_files(entry, split, entry.code_for(source), entry.code_for(target))
    documents = entry.select("documents")
    fetched = [fetch(f, offline=offline, report=report) for f in (left, right, *documents)]
    paths = [file.path for file in fetched]
    pairs = read_aligned(
        paths[0],
        paths[1],
        documents=paths[2] if documents else None,
        keep_replacement=True,  # lafand's zul dev has some, and no user can restore the letters
    )
    places = (file.origin.partition(":")[0] for file in fetched)
    origin = " and ".join(dict.fromkeys(ORIGINS.get(place, "its publisher") for place in places))
    return ParallelCorpus(entry.name, split, source, target, tuple(pairs), entry.licence, origin)


def _aligned_files(entry: Dataset, split: str, left: str, right: str) -> tuple[File, File]:
    """The two files of a split that are aligned with each other: those of the same group."""
    by_group = {file.group: file for file in entry.select(split, code=right)}
    for file in entry.select(split, code=left):
        if file.group in by_group and by_group[file.group] is not file:
            return file, by_group[file.group]
    splits_here = sorted({f.role for f in entry.files} - {"archive", "documents"})
    if split not in splits_here:
        raise InputError(f'{entry.name} has no split "{split}"; it has: {", ".join(splits_here)}')
    pairs = ", ".join(dict.fromkeys(f.group for f in entry.select(split) if f.group))
    raise InputError(
        f'{entry.name} has no {left}-{right} in the split "{split}"; it has: '
        f"{pairs or 'every language with each other one'}"
    )


def _from_file(name: str, source: Language, target: Language) -> ParallelCorpus:
    path = Path(name)
    if not path.is_file():
        raise InputError(f"{path}: no such file; give a .tsv or .tmx file or a catalog name")
    if path.suffix == ".tmx":
        pairs = read_tmx(path, *_languages_of_tmx(path, source, target))
    else:
        header = read_header(path)
        columns = [column for column in header if column != "document"]
        left, right = _codes(path, source, target, columns)
        document = "document" if "document" in header else None
        pairs = read_pairs_tsv(path, left, right, document_column=document)
    return ParallelCorpus(path.name, "test", source, target, tuple(pairs), "not stated", "a file")


def _languages_of_tmx(path: Path, source: Language, target: Language) -> tuple[str, str]:
    """How a translation memory writes the two languages: `sw`, or `swh`, or `SW-KE`."""
    found = sorted({segment.language for unit in read_units(path) for segment in unit})
    left, right = _codes(path, source, target, found)
    return _widened(source, left, found), _widened(target, right, found)


def _widened(language: Language, code: str, found: list[str]) -> str:
    """The bare tag where it means more segments: "en" finds those in en-US and in en-GB.

    Not where a region was asked for, nor for scripts that differ, as of zh-CN and zh-TW.
    """
    regional = [tag for tag in found if tag.startswith(f"{language.bcp47}-")]
    alike = all(m and m.same_script for m in (language.closest([tag]) for tag in regional))
    return language.bcp47 if code in regional and alike and not language.region else code


def _codes(path: Path, source: Language, target: Language, codes: list[str]) -> tuple[str, str]:
    """Which of a file's codes denote the two languages; a relative that stands in is logged."""
    found = []
    for language in (source, target):
        match = language.closest(codes)
        if match is None:
            raise InputError(
                f"{path}: no column or segment in {language.name} ({language.bcp47}); "
                f"found {', '.join(codes) or 'none'}"
            )
        warn_of_relative(str(path), language, match)
        found.append(match.code)
    if found[0] == found[1]:
        raise InputError(
            f"{path}: {found[0]} would be both {source.name} and {target.name}; "
            f"found {', '.join(codes)}"
        )
    return found[0], found[1]
