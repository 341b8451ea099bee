"""From names to records: test sets, parallel text and lexicons of the catalog, or a user's file.

>>> from data.languages import resolve
>>> corpus = load_parallel("sample", resolve("sw"), resolve("en"))
>>> len(corpus.pairs), corpus.split
(120, 'test')
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from data.access import Access
from data.catalog import Dataset, File, catalog, dataset, warn_of_relative
from data.download import NoSourceError, fetch
from data.errors import InputError
from data.faults import by_reason, listed
from data.files import canonical_json, sha256_text
from data.languages import Language, resolve, resolve_glottocode
from data.lines import unpacked_suffix
from data.load_lexicon import load_lexicon
from data.pair_files import is_pairs_file, no_such_file
from data.parallel import Pair, read_aligned, read_pairs_tsv, read_tmx
from data.tmx import read_units
from data.tsv import read_header

SAMPLE = Path(__file__).parent / "sample"
SAMPLE_PAIRS = SAMPLE / "en-sw.tsv"

__all__ = [
    "ParallelCorpus",
    "find_language",
    "is_pairs_file",
    "load_lexicon",
    "load_parallel",
    "splits",
]

ORIGINS = {"cache": "the cache", "mirror": "the mirror"}


@dataclass(frozen=True)
class ParallelCorpus:
    """Aligned sentences of two languages, with where they come from.

    Attributes:
        remarks: what was left out of a file, repaired or kept with a doubt, a sentence each.
    """

    name: str
    split: str
    source: Language
    target: Language
    pairs: tuple[Pair, ...]
    licence: str
    origin: str
    remarks: tuple[str, ...] = ()

    @cached_property
    def sha256(self) -> str:
        """The checksum of the sentences as they were read: same digits, same test set."""
        return sha256_text(canonical_json([[p.id, p.source, p.target] for p in self.pairs]))

    def reversed(self) -> ParallelCorpus:
        """The same sentences in the other direction."""
        pairs = tuple(replace(p, source=p.target, target=p.source) for p in self.pairs)
        return replace(self, source=self.target, target=self.source, pairs=pairs)


def find_language(text: str, *, access: Access = Access()) -> Language:
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
            table = fetch(dataset("glottolog").select("languages")[0], access=access)
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
    roles = {file.role for file in dataset(name).contents}
    scored = "devtest" if "devtest" in roles else "test"
    return scored, "dev" if "dev" in roles else None


def load_parallel(
    name: str,
    source: Language,
    target: Language,
    split: str | None = None,
    *,
    skip_bad: bool = False,
    access: Access = Access(),
) -> ParallelCorpus:
    """Read aligned sentences.

    Args:
        name: a data set of the catalog, `sample`, or a .tsv (header: language codes, and
            `document` if you like) or .tmx file, packed or not.
        split: which part of a data set; its test part by default.
        skip_bad: leave out the bad lines of a file; `remarks` has their number by reason.

    Raises:
        InputError: no such name, language or split; a bad line.
        UnavailableError: the files cannot be had.
    """
    is_file = is_pairs_file(name)
    if (name == "sample" or is_file) and split not in (None, "test"):
        raise InputError(f'{name} has no split "{split}"; all of it is the split "test"')
    if is_file:
        return _from_file(name, source, target, skip_bad=skip_bad)
    if name == "sample":
        return _sample(source, target)
    entry = dataset(name)
    if entry.reader != "aligned":
        raise InputError(f"{name} is a {entry.kind}, not parallel text")
    return _from_catalog(entry, source, target, split or splits(name)[0], access)


def _sample(source: Language, target: Language) -> ParallelCorpus:
    corpus = _from_file(str(SAMPLE_PAIRS), source, target, skip_bad=False)
    return replace(corpus, name="sample", licence="CC0-1.0", origin="this package")


def _from_catalog(
    entry: Dataset,
    source: Language,
    target: Language,
    split: str,
    access: Access,
) -> ParallelCorpus:
    left, right = _aligned_files(entry, split, entry.code_for(source), entry.code_for(target))
    documents = entry.select("documents")
    fetched = [fetch(f, access=access) for f in (left, right, *documents)]
    paths = [file.path for file in fetched]
    dropped: Counter[str] = Counter()
    aligned = read_aligned(
        paths[0],
        paths[1],
        documents=paths[2] if documents else None,
        skip_bad=True,  # what a publisher left empty, no user can fill: two of lafand's lines
        dropped=dropped,
        keep_replacement=True,  # lafand's zul dev has some, and no user can restore the letters
    )
    pairs = tuple(aligned)
    places = (file.origin.partition(":")[0] for file in fetched)
    origin = " and ".join(dict.fromkeys(ORIGINS.get(place, "its publisher") for place in places))
    remarks = _remarks(f"{entry.name} {split}", dropped, Counter())
    return ParallelCorpus(entry.name, split, source, target, pairs, entry.licence, origin, remarks)


def _aligned_files(entry: Dataset, split: str, left: str, right: str) -> tuple[File, File]:
    """The two files of a split that are aligned with each other: those of the same group."""
    by_group = {file.group: file for file in entry.select(split, code=right)}
    for file in entry.select(split, code=left):
        if file.group in by_group and by_group[file.group] is not file:
            return file, by_group[file.group]
    splits_here = sorted({f.role for f in entry.contents} - {"archive", "documents"})
    if split not in splits_here:
        raise InputError(f'{entry.name} has no split "{split}"; it has: {", ".join(splits_here)}')
    pairs = ", ".join(dict.fromkeys(f.group for f in entry.select(split) if f.group))
    raise InputError(
        f'{entry.name} has no {left}-{right} in the split "{split}"; it has: '
        f"{pairs or 'every language with each other one'}"
    )


def _from_file(name: str, source: Language, target: Language, *, skip_bad: bool) -> ParallelCorpus:
    path = Path(name)
    if not path.is_file():
        raise no_such_file(path)
    dropped: Counter[str] = Counter()
    repairs: Counter[str] = Counter()
    if unpacked_suffix(path) == ".tmx":
        languages = _languages_of_tmx(path, source, target)
        pairs = read_tmx(path, *languages, skip_bad=skip_bad, dropped=dropped, repairs=repairs)
    else:
        header = read_header(path)
        columns = [column for column in header if column != "document"]
        left, right = _codes(path, source, target, columns)
        document = "document" if "document" in header else None
        pairs = read_pairs_tsv(
            path, left, right, document, skip_bad=skip_bad, dropped=dropped, repairs=repairs
        )
    found = tuple(pairs)
    remarks = _remarks(path.name, dropped, repairs)
    return ParallelCorpus(path.name, "test", source, target, found, "not stated", "a file", remarks)


def _remarks(name: str, dropped: Counter[str], repairs: Counter[str]) -> tuple[str, ...]:
    left_out = f"left out: {by_reason(dropped)}" if +dropped else ""
    return tuple(f"{name}: {told}" for told in (left_out, by_reason(repairs)) if told)


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
                f"found {listed(codes) or 'none'}"
            )
        warn_of_relative(str(path), language, match)
        found.append(match.code)
    if found[0] == found[1]:
        raise InputError(
            f"{path}: {found[0]} would be both {source.name} and {target.name}; "
            f"found {listed(codes)}"
        )
    return found[0], found[1]
