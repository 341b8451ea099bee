"""What the inventory is built from, and where the built one is kept.

Whatever cannot be had or read is left out, and a note says which figures are missing and which
command gets them. Only Glottolog has a stand-in, the built-in table of MASSIVE's languages.

The built inventory is kept as one Parquet file in the cache folder, with what it was built from.
The file is good as long as its ingredients are the same: the catalog's files by checksum, the
project's own tables, the code that builds. One that was built without some file is good until
something changes where that file would lie.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import io
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from data.access import Access
from data.bounded import parse_json
from data.catalog import TABLES, File, dataset
from data.download import NoSourceError, fetch
from data.errors import KilolinguaError
from data.files import canonical_json, sha256_text, write_whole
from data.inventory.build import INFERRED, WALS, Ingredients, builtin_genera, builtin_glottolog
from data.inventory.facts import CLDR, GLOTTOLOG, LANGCODES, LINGUAMETA, OF_MACROLANGUAGE
from data.inventory.genus import read_wals
from data.inventory.glottolog import (
    SPOKEN,
    Glottolog,
    read_classification,
    read_glottolog,
    read_names,
)
from data.inventory.overrides import overrides
from data.inventory.references import massive_locales, read_linguameta
from data.inventory.schema import Inventory, Source, catalog_key, schema
from data.resources import Resource, resources

T = TypeVar("T")

REFERENCES = {
    ("glottolog", "languages"): "the languages themselves, families, isolates, macroareas, places",
    ("glottolog", "classification"): "relatives by tree and inferred genera",
    ("wals", "languages"): "genera",
    ("linguameta", "languages"): "speakers, endangerment, most scripts and endonyms",
}
CATALOG = "catalog"  # the source of all counts of resources
MASSIVE = "massive-1.1"

# What is recorded beside the table: its ingredients, what it was built without, sources, notes.
RECORD = {"recipe": str, "missing": {str: [[object]]}, "sources": [{str: str}], "notes": [str]}
NAMES = "glottolog/cldf/names.csv"  # 120,134 alternative names
NAME = "kilolingua"  # the entry in the Parquet file's metadata
HERE = Path(__file__).parent
CODE = (*HERE.glob("*.py"), *(HERE.parent / "resources").glob("*.py"))


@dataclass
class Gathered:
    """The ingredients of an inventory, its sources, and what could not be had."""

    ingredients: Ingredients
    sources: dict[str, Source]
    notes: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    builtin: bool = False


def reference_files() -> dict[tuple[str, str], File]:
    """The catalog's lines of the files that an inventory is built from."""
    return {(name, role): dataset(name).select(role)[0] for name, role in REFERENCES}


def state(path: str, access: Access) -> list[list[str | int]]:
    """What lies at a path of the catalog in the cache and the mirror: place, size, time."""
    folders = [access.cache_folder(), *filter(None, [access.mirror_folder()])]
    there = [folder / path for folder in folders if (folder / path).is_file()]
    return [[str(file), file.stat().st_size, file.stat().st_mtime_ns] for file in there]


@dataclass
class _Gatherer:
    access: Access
    notes: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    absent: list[tuple[str, str]] = field(default_factory=list)  # data set, what is missing

    def read(self, name: str, role: str, reader: Callable[[Path], T]) -> T | None:
        """Fetch and read one file; None, and a note, where that fails."""
        file = reference_files()[name, role]
        try:
            return reader(fetch(file, access=self.access).path)
        except NoSourceError:
            self.missing.append(file.path)
            self.absent.append((name, REFERENCES[name, role]))
        except (KilolinguaError, OSError) as error:
            self.missing.append(file.path)
            self.notes.append(
                f"{dataset(name).title}: {REFERENCES[name, role]} are missing ({error}); "
                f"python -m data.catalog fetch {name} && python -m data.inventory --rebuild"
            )
        return None

    def absences(self) -> list[str]:
        """What no source has, in two lines however much it is."""
        if not self.absent:
            return []
        names = list(dict.fromkeys(name for name, _ in self.absent))
        what = "; ".join(what for _, what in self.absent)
        fetched = " && ".join(f"python -m data.catalog fetch {name}" for name in names)
        return [
            f"without {', '.join(names)}, which could not be had: no {what}",
            f"{fetched} && python -m data.inventory --rebuild",
        ]


def gather(*, access: Access = Access()) -> Gathered:
    """Fetch and read all that there is."""
    gatherer = _Gatherer(access)
    read = gatherer.read
    glottolog = read("glottolog", "languages", read_glottolog)
    lineages = read("glottolog", "classification", read_classification) if glottolog else None
    genera = read("wals", "languages", lambda path: tuple(read_wals(path)))
    linguameta = read("linguameta", "languages", lambda path: tuple(read_linguameta(path)))
    alternative = _alternative_names(gatherer) if glottolog else {}
    sources = all_sources()
    names = {name: name for name in sources}
    if glottolog is None:
        names[GLOTTOLOG] = MASSIVE
    if glottolog is None and genera is None:
        names[WALS] = MASSIVE
        genera = builtin_genera(massive_locales())
    ingredients = Ingredients(
        glottolog=_complete(glottolog, lineages),
        genera=genera or (),
        linguameta=linguameta or (),
        resources=_resources(gatherer.notes),
        keys={name: sources[stand_in].key for name, stand_in in names.items()},
        names=alternative,
        overrides=overrides(),
        listed=True,
    )
    if glottolog is None:
        gatherer.notes.append(
            f"these are only the {len(ingredients.glottolog.languages)} languages of MASSIVE, "
            "which are built in"
        )
    notes = [*gatherer.absences(), *gatherer.notes]
    return Gathered(ingredients, sources, notes, gatherer.missing, glottolog is None)


def _alternative_names(gatherer: _Gatherer) -> Mapping[str, Sequence[str]]:
    """Glottolog's alternative names, where its table of them lies in the cache or the mirror.

    It is not in the catalog, which knows no checksum of it: whoever has it puts it there.
    """
    there = state(NAMES, gatherer.access)
    if not there:
        gatherer.missing.append(NAMES)
        return {}
    try:
        return read_names(Path(str(there[0][0])))
    except (KilolinguaError, OSError) as error:
        gatherer.missing.append(NAMES)
        gatherer.notes.append(f"Glottolog's alternative names are not read: {error}")
        return {}


def _complete(
    glottolog: Glottolog | None, lineages: dict[str, tuple[str, ...]] | None
) -> Glottolog:
    """Glottolog with the lineages of spoken languages: pseudo-families have no tree of descent."""
    if glottolog is None:
        return builtin_glottolog(massive_locales())
    kept = {
        glottocode: tuple(group for group in lineage if group in glottolog.families)
        for glottocode, lineage in (lineages or {}).items()
        if (languoid := glottolog.languages.get(glottocode))
        and glottolog.category(languoid) == SPOKEN
    }
    return replace(glottolog, lineages=kept)


def _resources(notes: list[str]) -> tuple[Resource, ...] | None:
    try:
        return tuple(resources())
    except (KilolinguaError, OSError) as error:
        notes.append(f"counts of resources are missing ({error}); correct that table")
        return None


def all_sources() -> dict[str, Source]:
    """Every source that an inventory may name, by its name in the code."""
    linguameta, wals = reference("linguameta"), reference("wals")
    return {
        GLOTTOLOG: reference("glottolog"),
        WALS: wals,
        INFERRED: replace(
            wals,
            key=f"{wals.key}-inferred",
            note="inferred: the one genus of all WALS languages in the nearest group of "
            "Glottolog's tree that has any",
        ),
        LINGUAMETA: linguameta,
        OF_MACROLANGUAGE: replace(
            linguameta,
            key=f"{linguameta.key}-macrolanguage",
            note="stated for the macrolanguage or wider name that this language stands for",
        ),
        LANGCODES: _langcodes(),
        CLDR: _cldr(),
        MASSIVE: _massive(),
        CATALOG: _catalog(),
        **{row.key: row.as_source() for row in overrides()},
    }


def reference(name: str) -> Source:
    """A data set of the catalog as a source; the version is in its title, else its commit.

    >>> reference("wals").key, reference("linguameta").key
    ('wals-2020.4', 'linguameta-452a21a')
    """
    entry = dataset(name)
    stated = re.search(r"(?<!\d)\d+(\.\d+)+", entry.title)
    urls = " ".join(source for file in entry.files for source in file.sources)
    commit = re.search(r"/([0-9a-f]{7})[0-9a-f]{33}/", urls)
    version = stated[0] if stated else commit[1] if commit else ""
    key = f"{name.removesuffix(f'-{version}')}-{version}" if version else name
    return Source(key, entry.title, version, entry.licence, entry.homepage, entry.citation)


def _langcodes() -> Source:
    version = importlib.metadata.version("langcodes")
    return Source(
        key=f"langcodes-{version}",
        title="langcodes: the IANA language subtag registry and Unicode CLDR",
        version=version,
        licence="MIT; Unicode-3.0 for CLDR's data",
        link="https://github.com/georgkrause/langcodes",
        citation="Speer",
    )


def _cldr() -> Source:
    return Source(
        key="cldr-47",
        title="Unicode CLDR: scripts of languages, people of countries",
        version="47",
        licence="Unicode-3.0",
        link="https://github.com/unicode-org/cldr-json",
        citation="Unicode Consortium 2025",
    )


def _massive() -> Source:
    return Source(
        key=MASSIVE,
        title="MASSIVE's locales, a table built into kilolingua",
        version="1.1",
        licence="Apache-2.0",
        link="https://github.com/alexa/massive",
        citation="FitzGerald et al. 2023, https://aclanthology.org/2023.acl-long.235",
    )


def _catalog() -> Source:
    return Source(
        key=catalog_key(),
        title="kilolingua's catalog of data sets",
        version=catalog_key().partition("-")[2],
        licence="Apache-2.0",
        link="",
        citation="The kilolingua authors 2026",
        note="records in the data sets of the catalog, or in the largest that its lists name",
    )


def inventory_path(access: Access) -> Path:
    """Where the built inventory lies."""
    return access.cache_folder() / "inventory" / "languages.parquet"


def recipe() -> str:
    """The checksum of all that an inventory is made of."""
    files = {file.path: file.sha256 for file in reference_files().values()}
    sources = sorted(source.key for source in all_sources().values())
    return sha256_text(canonical_json([files, sources, _own_files()]))


@functools.cache
def _own_files() -> str:
    """The checksum of the project's tables and of the code that builds; once a process."""
    digest = hashlib.sha256()
    for path in sorted([*TABLES.glob("*.tsv"), *CODE]):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


def keep(inventory: Inventory, missing: list[str], access: Access) -> None:
    """Write the inventory into the cache; it appears whole.

    missing: the paths in the catalog of the files that it was built without.
    """
    record = {
        "recipe": recipe(),
        "missing": {path: state(path, access) for path in missing},
        "sources": [asdict(source) for source in inventory.sources],
        "notes": inventory.notes,
    }
    buffer = io.BytesIO()
    inventory.table.write_parquet(buffer, metadata={NAME: json.dumps(record)})
    write_whole(inventory_path(access), buffer.getvalue())


def kept(access: Access) -> Inventory | None:
    """The inventory in the cache; None where there is none, or what it was made of has changed."""
    import polars as pl

    path = inventory_path(access)
    if not path.is_file():
        return None
    try:
        record = parse_json(pl.read_parquet_metadata(path)[NAME], str(path), RECORD)
        if record["recipe"] != recipe() or _has_changed(record["missing"], access):
            return None
        table = pl.read_parquet(path)
        sources = tuple(Source(**source) for source in record["sources"])
    except (TypeError, pl.exceptions.PolarsError, KilolinguaError, OSError, ValueError, KeyError):
        return None  # damaged, or of another version: it is built anew
    if dict(table.schema) != schema():
        return None
    return Inventory(table, sources, tuple(record["notes"]))


def _has_changed(missing: dict[str, list[list[str | int]]], access: Access) -> bool:
    return any(state(path, access) != before for path, before in missing.items())
