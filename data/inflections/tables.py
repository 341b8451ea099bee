"""The inflection tables of a language: from UniMorph, a shared task, a package's folder or a file.

    from data.languages import resolve
    table = load_triples(resolve("sw"), "train", source="sigmorphon2023")
    table.triples[0], table.sha256[:8], table.dropped

A source is a name of the catalog (`unimorph`: one table a language; `sigmorphon2023`: splits train,
dev, test, covered-dev, covered-test), `package` or a file. `package` is the folder of the Python
package unimorph: $UNIMORPH or ~/.unimorph, in it a folder a language code, in that a file of that
name (`fin` is in two, fin.1 and fin.2). Where no table of the language itself exists, that of a
relative stands in (swc for sw), which is logged as a warning.
"""

from __future__ import annotations

import logging
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from data.catalog import catalog, dataset, warn_of_relative
from data.download import NoSourceError, Report, fetch
from data.errors import InputError
from data.faults import NOT_UTF8, NUL_INSIDE, REPLACEMENT_INSIDE
from data.files import canonical_json, sha256_file, sha256_text
from data.inflections.columns import UNIMORPH_ORDER, WHOLE, order_of_role
from data.languages import Language
from data.tsv import EMPTY_CELL, WRONG_COLUMNS
from data.unimorph import Triple, read_triples

_LOG = logging.getLogger(__name__)

PACKAGE = "package"
BAD_LINES = (WRONG_COLUMNS, EMPTY_CELL, NOT_UTF8, NUL_INSIDE, REPLACEMENT_INSIDE)


@dataclass(frozen=True, slots=True)
class TableFiles:
    """The verified files of one inflection table, before they are read.

    language: the table's own, which may be a relative of the one asked for. split: None of a
    whole table. usual: the order of columns that the publisher uses; None of anybody's own file.
    """

    name: str
    language: Language
    split: str | None
    paths: tuple[Path, ...]
    licence: str
    usual: tuple[str, ...] | None = None

    def read(
        self,
        *,
        columns: Sequence[str] | None = None,
        normalise: bool = True,
        skip_bad: bool = False,
        dropped: Counter[str] | None = None,
        repairs: Counter[str] | None = None,
    ) -> Iterator[Triple]:
        """Stream the triples; `load_triples` documents the rest."""
        for path in self.paths:
            yield from read_triples(
                path,
                columns=columns,
                usual=self.usual,
                every_row=self.split not in (None, "train"),
                need_forms=self.split == "train",
                normalise=normalise,
                skip_bad=skip_bad,
                dropped=dropped,
                repairs=repairs,
            )

    @property
    def sha256(self) -> str:
        """The checksum of the files' checksums."""
        return sha256_text("".join(map(sha256_file, self.paths)))


@dataclass(frozen=True)
class InflectionTable:
    """The triples of a language in memory, with where they come from.

    language, split: as in `TableFiles`. dropped, repairs: rows by reason (`data.unimorph`).
    """

    name: str
    language: Language
    split: str | None
    triples: tuple[Triple, ...]
    licence: str
    dropped: Mapping[str, int] = field(default_factory=dict, compare=False)
    repairs: Mapping[str, int] = field(default_factory=dict, compare=False)

    @cached_property
    def sha256(self) -> str:
        """The checksum of the triples as they were read: same digits, same table."""
        return sha256_text(canonical_json([[t.lemma, t.features, t.form] for t in self.triples]))


def load_triples(
    language: Language,
    split: str | None = None,
    source: str | Path | None = None,
    *,
    group: str | None = None,
    columns: Sequence[str] | None = None,
    normalise: bool = True,
    skip_bad: bool = False,
    offline: bool = False,
    report: Report | None = None,
) -> InflectionTable:
    """Read the inflection table of a language.

    A split that is scored (every one but `train`) keeps all its rows; see `data.unimorph`.

    Args:
        split: a part of a shared task's data; None for a whole table.
        source: a catalog name, `package`, or a file. By default the shared task of 2023 where a
            split is asked for; else UniMorph in the catalog, and if that cannot be had the
            package's folder.
        group: which of several files of a language, `heb_unvoc` (Hebrew without vowel points).
        columns, normalise, skip_bad: as in `read_triples`.

    Raises:
        InputError: no such source, language or split; a bad line.
        UnavailableError: the file cannot be had.
    """
    found = find_table(language, split, source, group=group, offline=offline, report=report)
    dropped, repairs = Counter[str](), Counter[str]()
    rows = found.read(
        columns=columns, normalise=normalise, skip_bad=skip_bad, dropped=dropped, repairs=repairs
    )
    return InflectionTable(
        found.name, found.language, split, tuple(rows), found.licence, dict(dropped), dict(repairs)
    )


def warn_of_bad_lines(name: str, dropped: Mapping[str, int]) -> None:
    """Log how many bad lines of somebody's own file were left out, by reason."""
    reasons = "; ".join(f"{why} ({n})" for why, n in dropped.items() if why in BAD_LINES and n)
    if reasons:
        _LOG.warning("%s: bad lines left out: %s", name, reasons)


def tables_of(
    language: Language, *, offline: bool = False, report: Report | None = None
) -> list[TableFiles]:
    """Every table at hand that knows a language's forms: UniMorph's, the shared task's train part.

    The language's own come before those of relatives, and UniMorph before the shared task. A
    table that the catalog has and that cannot be fetched is logged as a warning.
    """
    found = []
    for split, source in ((None, None), ("train", "sigmorphon2023")):
        try:
            found.append(find_table(language, split, source, offline=offline, report=report))
        except InputError:
            continue  # no table of this language there
        except NoSourceError as error:
            _LOG.warning("done without an inflection table: %s", error)
    return sorted(found, key=lambda table: not table.language.same_language(language))


def find_table(
    language: Language,
    split: str | None = None,
    source: str | Path | None = None,
    *,
    group: str | None = None,
    offline: bool = False,
    report: Report | None = None,
) -> TableFiles:
    """The files that `load_triples` reads, with the same arguments and errors."""
    if source is None and split is None:
        try:
            return _in_catalog("unimorph", language, None, group, offline, report)
        except (InputError, NoSourceError):
            if language.closest(_folders()) is None:
                raise
        return _in_package(language)
    name = source or "sigmorphon2023"
    if name == PACKAGE:
        return _in_package(language)
    if isinstance(name, str) and name in catalog():
        return _in_catalog(name, language, split, group, offline, report)
    path = Path(name)
    if not path.is_file():
        near = ", ".join(entry.name for entry in catalog().values() if entry.reader == "unimorph")
        raise InputError(f"{path}: no such file; give a file, {PACKAGE}, or a data set: {near}")
    return TableFiles(path.name, language, split, (path,), "not stated")


def _in_catalog(
    name: str,
    language: Language,
    split: str | None,
    group: str | None,
    offline: bool,
    report: Report | None,
) -> TableFiles:
    entry = dataset(name)
    roles = dict.fromkeys(file.role for file in entry.contents)
    role = split or WHOLE
    if entry.reader != "unimorph" or role not in roles:
        what = f'the split "{split}"' if split else "one table a language"
        raise InputError(f"{name}: expected {what}, found {', '.join(roles)}; ask for one of them")
    files = entry.select(role, group)
    match = language.closest([code for file in files for code in file.codes])
    if match is None:
        codes = ", ".join(dict.fromkeys(code for file in files for code in file.codes))
        raise InputError(
            f"{name} has no {group or language.name} ({language.bcp47}); it has: {codes or 'none'}"
        )
    warn_of_relative(name, language, match)
    # heb and heb_unvoc are both of the code heb: without a group, that of the code's name.
    chosen = [file for file in files if match.code in file.codes]
    chosen = [file for file in chosen if file.group in (group, match.code)] or chosen[:1]
    paths = tuple(fetch(file, offline=offline, report=report).path for file in chosen)
    name = f"{name}/{chosen[0].group}"
    return TableFiles(name, match.language, split, paths, entry.licence, order_of_role(role))


def package_folder() -> Path:
    """Where the Python package unimorph keeps its tables: $UNIMORPH, else ~/.unimorph."""
    return Path(os.environ.get("UNIMORPH") or Path.home() / ".unimorph")


def _folders() -> list[str]:
    root = package_folder()
    return sorted(path.name for path in root.iterdir() if path.is_dir()) if root.is_dir() else []


def _in_package(language: Language) -> TableFiles:
    root = package_folder()
    match = language.closest(_folders())
    if match is None:
        raise InputError(
            f"{root}: expected a folder with the code of {language.name} ({language.iso639_3}), "
            f"found {', '.join(_folders()) or 'none'}; unimorph download, or set UNIMORPH"
        )
    folder = root / match.code
    whole = folder / match.code
    parts = sorted(folder.glob(f"{match.code}.[0-9]"))
    paths = (whole,) if whole.is_file() else tuple(parts)
    if not paths:
        raise InputError(f"{whole}: no such file; fetch it again: unimorph download {match.code}")
    warn_of_relative(str(root), language, match)
    name = f"{PACKAGE}/{match.code}"
    return TableFiles(name, match.language, None, paths, "CC-BY-SA-3.0", UNIMORPH_ORDER)
