"""Translations to train on, by name: files of pairs, two files, synthetic text, the catalog.

    find_bitext("memory.tmx")             # the two languages of a table or a translation memory
    find_bitext("memory.tmx:sw-en")       # two of several
    find_bitext("news.sw,news.en")        # a sentence a line in each
    find_bitext("runs/synthetic-sw")      # lexaug.synthesize --mode parallel
    find_bitext("lafand:train:swa")       # of the catalog, with English: NAME[:SPLIT]:LANGUAGE
    find_bitext("lafand:train:en-sw")     # the same the other way round

>>> found = find_bitext("sample:sw")
>>> len(found.pairs), found.pairs[0][1]
(120, 'Every Saturday, Amina goes to the market with her grandmother.')
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from data.access import Access
from data.bounded import read_json
from data.catalog import catalog, dataset
from data.corpus import NOT_STATED
from data.errors import InputError
from data.files import canonical_json, sha256_text
from data.languages import resolve
from data.lines import unpacked_suffix
from data.load import ParallelCorpus, find_language, load_parallel, no_such_file
from data.parallel import PAIR_FORMATS, read_aligned
from data.tsv import excerpt, read_tsv

SAMPLE = "sample"
SYNTHESIS = {"run": {"mode": str, "format": str, "licence": {"strictest": str}, "language": str}}
Texts = tuple[str, str]


@dataclass(frozen=True)
class Bitext:
    """Pairs of texts that say the same.

    Attributes:
        name: as it was asked for.
        remarks: what was left out or repaired.
        languages: BCP-47 codes of both sides; None where nothing names them.
    """

    name: str
    pairs: tuple[Texts, ...] = field(repr=False)
    licence: str = NOT_STATED
    remarks: tuple[str, ...] = ()
    languages: tuple[str, str] | None = None

    @cached_property
    def sha256(self) -> str:
        """The checksum of both sides."""
        return sha256_text(canonical_json(list(self.pairs)))

    def to_json(self) -> dict[str, Any]:
        """What config.json and reports say of it."""
        told = {"name": self.name, "pairs": len(self.pairs), "licence": self.licence}
        return {**told, "sha256": self.sha256}


def find_bitext(name: str, *, access: Access = Access(), skip_bad: bool = False) -> Bitext:
    """The pairs of that name.

    Raises:
        InputError: no such file, set, language or split; sides of unequal length; a bad line.
        UnavailableError: a file of the catalog cannot be had.
    """
    found = _find(name, access, skip_bad)
    if not found.pairs:
        raise InputError(f"--pairs {name}: expected translations, found none; leave it out")
    return found


def _find(name: str, access: Access, skip_bad: bool) -> Bitext:
    left, comma, right = name.partition(",")
    if comma:
        return _two_files(name, Path(left), Path(right), skip_bad)
    if Path(name).is_dir():
        return _synthetic(name, Path(name), skip_bad)
    match = re.fullmatch(r"(.+):(\w+)-(\w+)", name)
    file, asked = (match[1], [match[2], match[3]]) if match else (name, [])
    if unpacked_suffix(Path(file)) in PAIR_FORMATS:
        return _file(name, Path(file), asked, skip_bad)
    return _named(name, access)


def _two_files(name: str, left: Path, right: Path, skip_bad: bool) -> Bitext:
    for path in (left, right):
        if not path.is_file():
            raise InputError(f"--pairs {name}: {path}: no such file; check the path")
    pairs = read_aligned(left, right, skip_bad=skip_bad)
    found = tuple((pair.source, pair.target) for pair in pairs)
    return Bitext(name, found, languages=_told_by(left, right))


def _told_by(left: Path, right: Path) -> tuple[str, str] | None:
    """The languages that the ends of two files' names are codes of: news.sw and news.en."""
    codes = [unpacked_suffix(path)[1:] for path in (left, right)]
    try:
        source, target = (resolve(code).bcp47 for code in codes)
    except InputError:
        return None
    return (source, target) if source != target else None


def _file(name: str, path: Path, asked: list[str], skip_bad: bool) -> Bitext:
    if not path.is_file():
        raise no_such_file(path)
    codes = PAIR_FORMATS[unpacked_suffix(path)].codes(path)
    chosen = asked or codes
    if len(chosen) != 2:
        raise InputError(
            f"--pairs {name}: expected two languages, found {', '.join(codes) or 'none'}; choose"
            f" two of them: {path}:{'-'.join([*codes, 'sw', 'en'][:2])}"
        )
    try:
        source, target = map(resolve, chosen)
    except InputError as error:
        if asked:
            raise
        raise InputError(
            f"--pairs {name}: expected a first line with the codes of two languages, such as"
            f' "en<TAB>sw", found {" and ".join(map(excerpt, codes))}; put one before the pairs'
        ) from error
    found = load_parallel(str(path), source, target, skip_bad=skip_bad)
    return _of(name, found)


def _synthetic(name: str, folder: Path, skip_bad: bool) -> Bitext:
    """What `lexaug.synthesize --mode parallel --out FOLDER` wrote."""
    run = read_json(folder / "config.json", SYNTHESIS)["run"]
    if (run["mode"], run["format"]) != ("parallel", "text"):
        raise InputError(
            f"--pairs {name}: expected text of lexaug.synthesize --mode parallel, found the mode"
            f" {run['mode']} and the format {run['format']}; synthesise with these options"
        )
    paths = sorted(folder.glob("pairs.tsv*"))
    if not paths or not (folder / "coverage.json").is_file():
        raise InputError(f"{folder}: its synthesis has not finished; run the same command again")
    pairs = tuple(pair for path in paths for pair in _columns(path, skip_bad))
    languages = ("en", resolve(run["language"]).bcp47)
    return Bitext(name, pairs, run["licence"]["strictest"], languages=languages)


def _columns(path: Path, skip_bad: bool) -> Iterator[Texts]:
    """The two columns of a table without a header."""
    for row in read_tsv(path, ("source", "target"), header=False, skip_bad=skip_bad):
        yield row.cells[0], row.cells[1]


def _named(name: str, access: Access) -> Bitext:
    known, *parts = name.split(":")
    if known != SAMPLE and known.lower() not in catalog():
        raise InputError(
            f"--pairs {name}: no such file or folder, and no set of that name in the catalog; see"
            " python -m data.catalog list"
        )
    if not 1 <= len(parts) <= 2:
        raise InputError(
            f"--pairs {name}: expected NAME[:SPLIT]:LANGUAGE, such as lafand:train:swa, or of two"
            " languages lafand:train:sw-en"
        )
    *split, languages = parts
    codes = re.fullmatch(r"(\w+(?:-[A-Z]\w+)?)-([a-z]\w+)", languages)  # sw-en; zh-TW is one
    left, right = (codes[1], codes[2]) if codes else (languages, "en")
    source, target = (find_language(code, access=access) for code in (left, right))
    if known != SAMPLE:
        known = dataset(known.lower()).name
    found = load_parallel(known, source, target, split[0] if split else None, access=access)
    return _of(name, found)


def _of(name: str, found: ParallelCorpus) -> Bitext:
    pairs = tuple((pair.source, pair.target) for pair in found.pairs)
    languages = (found.source.bcp47, found.target.bcp47)
    return Bitext(name, pairs, found.licence, found.remarks, languages)
