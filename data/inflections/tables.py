"""The inflection tables of a language: from UniMorph, a shared task, a package's folder or a file.

    from data.languages import resolve
    table = load_triples(resolve("sw"), "train", source="sigmorphon2023")
    table.triples[0], table.sha256[:8], table.dropped

A source is a name of the catalog (`unimorph`: one table a language; `sigmorphon2023`: splits train,
dev, test, covered-dev, covered-test), `package` or a file. `package` is the folder of the Python
package unimorph (`data.unimorph_package`): $UNIMORPH or ~/.unimorph, in it a folder a language
code, in that a file of that name (`fin` is in two, fin.1 and fin.2), or dialects. A language that
the folder lacks is cloned into it, as the package does. Where no table of the language itself
exists, that of a relative stands in (swc for sw), which is logged as a warning.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path

from data.access import Access
from data.catalog import File, catalog, dataset, warn_of_relative
from data.download import NoSourceError, fetch, is_as_stated
from data.errors import InputError
from data.files import canonical_json, sha256_file, sha256_text
from data.inflections.columns import UNIMORPH_ORDER, WHOLE, order_of_role
from data.languages import Language, Match
from data.lines import NOT_UTF8, NUL_INSIDE, REPLACEMENT_INSIDE
from data.sources import NotHereError
from data.tsv import EMPTY_CELL, WRONG_COLUMNS
from data.unimorph import Triple, read_triples
from data.unimorph_package import clone, codes_at_hand, name_in_package, package_folder, table_names

_LOG = logging.getLogger(__name__)

PACKAGE = "package"
UNIMORPH = "unimorph"  # in the catalog
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
    access: Access = Access(),
) -> InflectionTable:
    """Read the inflection table of a language.

    A split that is scored (every one but `train`) keeps all its rows; see `data.unimorph`.

    Args:
        split: a part of a shared task's data; None for a whole table.
        source: a catalog name, `package`, or a file. By default the shared task of 2023 where a
            split is asked for; else UniMorph: the version of the catalog, and if that cannot be
            had the package's, cloned if need be.
        group: which of several files of a language, `heb_unvoc` (Hebrew without vowel points).
        columns, normalise, skip_bad: as in `read_triples`.

    Raises:
        InputError: no such source, language or split; a bad line.
        UnavailableError: the file cannot be had.
    """
    found = find_table(language, split, source, group=group, access=access)
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


def tables_of(language: Language, *, access: Access = Access()) -> list[TableFiles]:
    """Every table at hand that knows a language's forms: UniMorph's, the shared task's train part.

    The language's own come before those of relatives, and UniMorph before the shared task. A
    table that the catalog has and that cannot be fetched is logged as a warning.
    """
    found = []
    for split, source in ((None, None), ("train", "sigmorphon2023")):
        try:
            found.append(find_table(language, split, source, access=access))
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
    access: Access = Access(),
) -> TableFiles:
    """The files that `load_triples` reads, with the same arguments and errors."""
    if source is None and split is None:
        return _in_unimorph(language, group, access)
    name = source or "sigmorphon2023"
    if name == PACKAGE:
        return _in_package(language, group, access)
    if isinstance(name, str) and name in catalog():
        return _in_catalog(name, language, split, group, access)
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
    access: Access,
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
    chosen = _of_group(files, match.code, group)
    paths = tuple(fetch(file, access=access).path for file in chosen)
    name = f"{name}/{chosen[0].group}"
    licence = chosen[0].licence or entry.licence
    return TableFiles(name, match.language, split, paths, licence, order_of_role(role))


def _of_group(files: Sequence[File], code: str, group: str | None) -> list[File]:
    """The files of one table: of the group, else of the code's name, else the first listed."""
    # heb and heb_unvoc are both of the code heb: without a group, that of the code's name.
    listed = [file for file in files if code in file.codes]
    return [file for file in listed if file.group in (group, code)] or listed[:1]


def _in_unimorph(language: Language, group: str | None, access: Access) -> TableFiles:
    """The table that the catalog lists; where it cannot be had, the package's."""
    try:
        return _in_catalog(UNIMORPH, language, None, group, access)
    except InputError as error:
        if language.closest(codes_at_hand()) is None:
            how = f"which clones github.com/unimorph/{language.iso639_3}, if there is one"
            advice = f"pass --source {PACKAGE}, {how}"
            raise InputError(str(error), option="--source", advice=advice) from None
        return _in_package(language, group, access)
    except NoSourceError as error:
        try:
            return _in_package(language, group, access)
        except InputError:
            raise error from None
        except NoSourceError as failed:
            raise (error if access.offline else NoSourceError(f"{failed}; {error}")) from None


def _in_package(language: Language, group: str | None, access: Access) -> TableFiles:
    """A table in the package's folder as it lies there; cloned where the folder has none."""
    match = language.closest(codes_at_hand()) or _cloned(language, access)
    warn_of_relative(str(package_folder()), language, match)
    return _package_table(match.code, match.language, group)


def _cloned(language: Language, access: Access) -> Match:
    """Clone what UniMorph has for a language, by the catalog's word or its own code."""
    codes = dataset(UNIMORPH).codes()
    match = language.closest(codes) or language.closest([language.iso639_3])
    if match is None:
        raise InputError(f"{language.name}: has no code of ISO 639-3, by which UniMorph goes")
    try:
        clone(match.code, access=access)
    except NotHereError as error:
        raise NoSourceError(
            f"{package_folder()}: expected a folder with the code of {language.name} "
            f"({match.code}), found {', '.join(codes_at_hand()) or 'none'}; {error}"
        ) from error
    return match


def _package_table(code: str, language: Language, group: str | None) -> TableFiles:
    files = [file for file in dataset(UNIMORPH).select(WHOLE, group) if code in file.codes]
    chosen = _of_group(files, code, group)
    listed = {name: file for file in chosen if (name := name_in_package(file))}
    names = table_names(code, group, listed)
    for name in names:
        if name not in listed or not is_as_stated(listed[name], package_folder() / name):
            _say_taken_as_it_lies(package_folder() / name, name in listed)
    return TableFiles(
        f"{PACKAGE}/{chosen[0].group if chosen else group or code}",
        language,
        None,
        tuple(package_folder() / name for name in names),
        (chosen[0].licence if chosen else "") or dataset(UNIMORPH).licence,
        UNIMORPH_ORDER,
    )


@cache
def _say_taken_as_it_lies(path: Path, listed: bool) -> None:
    """Say once what nobody vouches for."""
    why = "another version than the catalog lists" if listed else "not in the catalog"
    _LOG.warning("%s: %s; taken as it lies, sha256 %s", path, why, sha256_file(path))
