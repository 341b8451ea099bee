"""From names to records: test sets, parallel text and lexicons of the catalog, or a user's file.

>>> from data.languages import resolve
>>> corpus = load_parallel("sample", resolve("sw"), resolve("en"))
>>> len(corpus.pairs), corpus.split
(120, 'test')
"""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from data.access import Access
from data.catalog import Dataset, File, catalog, dataset, warn_of_relative
from data.download import NoSourceError, fetch
from data.errors import InputError
from data.files import canonical_json, sha256_text
from data.languages import Language, resolve, resolve_glottocode
from data.lexicon.load import load_lexicon
from data.lines import by_reason, listed, unpacked_suffix
from data.parallel import PAIR_FORMATS, Pair, read_aligned

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
    form = PAIR_FORMATS[unpacked_suffix(path)]
    codes = form.codes(path)
    left, right = _codes(path, source, target, codes)
    if form.regional:
        left, right = _widened(source, left, codes), _widened(target, right, codes)
    pairs = form.pairs(path, left, right, skip_bad=skip_bad, dropped=dropped, repairs=repairs)
    found = tuple(pairs)
    remarks = _remarks(path.name, dropped, repairs)
    return ParallelCorpus(path.name, "test", source, target, found, "not stated", "a file", remarks)


def _remarks(name: str, dropped: Counter[str], repairs: Counter[str]) -> tuple[str, ...]:
    left_out = f"left out: {by_reason(dropped)}" if +dropped else ""
    return tuple(f"{name}: {told}" for told in (left_out, by_reason(repairs)) if told)


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


def _expected() -> str:
    return f"a {' or '.join(PAIR_FORMATS)} file (also .gz, .zst)"


def is_pairs_file(name: str) -> bool:
    """Whether a name means a file of pairs, there or not; False for a data set and the sample.

    Raises:
        InputError: a folder, a file of another kind, or no file and near the name of one.
    """
    if name == "sample" or name in catalog():
        return False
    path = Path(name)
    if unpacked_suffix(path) in PAIR_FORMATS and not path.is_dir():
        return True
    if path.exists():
        found = "a folder" if path.is_dir() else "a file of another kind"
        raise InputError(
            f"{name}: {found}, but {_expected()} is expected: a sentence and its translation a"
            " line, a tab between them, language codes above"
        )
    if path.parent != Path() or path.suffix[1:2].isalpha():
        raise no_such_file(path)
    near = difflib.get_close_matches(name, {*catalog(), *_pairs_files(path.parent)}, 1)
    if near and near[0] not in catalog():
        raise no_such_file(path)
    return False


def no_such_file(path: Path) -> InputError:
    """What to raise for a file that is not there; it names one that may be meant."""
    near = difflib.get_close_matches(path.name, _pairs_files(path.parent), 1)
    hint = f" (did you mean {path.with_name(near[0])}?)" if near else ""
    return InputError(f"{path}: no such file{hint}; give {_expected()} or a catalog name")


def _pairs_files(folder: Path) -> Iterator[str]:
    if folder.is_dir():
        yield from (path.name for path in folder.iterdir() if unpacked_suffix(path) in PAIR_FORMATS)


@dataclass(frozen=True, slots=True)
class Split:
    """The files of one split in one language, on this machine.

    code: the data set's own for the language, or for the dialect. origin: in words, "the cache".
    """

    code: str
    language: Language
    paths: tuple[Path, ...]
    origin: str


def fetch_split(
    entry: Dataset,
    language: Language | str,
    roles: tuple[str, ...],
    *,
    access: Access = Access(),
) -> Split:
    """Bring the files with these roles, one a role, in the data set's language nearest to this.

    Args:
        language: a text is one of the data set's own codes: xSID's `de-muc`, Munich Bavarian,
            is a dialect that no other code names.

    Raises:
        InputError: the data set has no such language or split.
        UnavailableError: a file cannot be had.
    """
    code = _code(entry, language)
    files = split_files(entry, code, roles)
    fetched = [fetch(file, access=access) for file in files]
    places = (file.origin.partition(":")[0] for file in fetched)
    return Split(
        code=code,
        language=resolve(code),
        paths=tuple(file.path for file in fetched),
        origin=" and ".join(dict.fromkeys(ORIGINS.get(p, "its publisher") for p in places)),
    )


def split_files(entry: Dataset, code: str, roles: tuple[str, ...]) -> list[File]:
    """The one file of each role in the language with this code.

    Raises:
        InputError: a role without a file; the message lists the splits that there are.
    """
    files = [file for role in roles for file in entry.select(role, code=code)[:1]]
    if len(files) < len(roles):
        here = {f.role.partition("-")[0] for f in entry.files if code in f.codes}
        raise InputError(
            f'{entry.name} has no split "{roles[0].partition("-")[0]}" in {code};'
            f" it has: {', '.join(sorted(here))}"
        )
    return files


def _code(entry: Dataset, language: Language | str) -> str:
    if isinstance(language, Language):
        return entry.code_for(language)
    if language not in entry.codes():
        codes = ", ".join(sorted(entry.codes()))
        raise InputError(f'{entry.name} has no code "{language}"; it has: {codes}')
    return language
