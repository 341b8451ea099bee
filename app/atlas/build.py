"""The whole atlas: every page, and the files beside it.

    from app.atlas.build import build
    build(Path("site"), load_inventory())

What a page shows comes from the functions that the app calls. The same inventory gives the same
bytes: nothing in them is a time or a place.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.atlas import changes, datasets, groups, language, lists, maps
from app.atlas.finding import index
from app.atlas.language import World
from app.atlas.page import Laid, Page, Section, lay, part, written
from app.atlas.site import Site
from app.measured import Measured
from app.texts import STYLE_SHEET
from data.access import Access
from data.errors import KilolinguaError
from data.files import canonical_json
from data.inventory import Inventory
from data.inventory.export import csv_records, csv_text, described
from data.inventory.kin import load_dialects
from data.inventory.language import listed_rows, resource_rows
from data.inventory.schema import NOT_COUNTED
from data.inventory.tree import GROUP, Tree
from data.typology import load_typology

if TYPE_CHECKING:
    import polars

HERE = Path(__file__).parent
BESIDE = (  # what the lists of groups hold of a language
    *("glottocode", "iso639_3", "bcp47", "name", "family", "genus", "latitude", "longitude"),
    *("speakers", "endangerment", "resource_class", "exists"),
)
SOURCES = "sources.json"  # what the keys of sources in all other files mean
LISTED = ("role", "kind", "key", "code", "size", "unit", "script", "licence", "date")
Say = Callable[[str], None]
NOTHING, ACCESS = Measured(), Access()


@dataclass(frozen=True, slots=True)
class Built:
    """What a build made.

    size: bytes of all files. largest: bytes of the largest page. removed: files of an earlier one.
    """

    folder: Path
    languages: int
    pages: int
    files: int
    size: int
    largest: int
    removed: int

    def told(self) -> str:
        """In a few lines."""
        return (
            f"{self.folder}: {self.languages:,} languages, {self.pages:,} pages in {self.files:,} "
            f"files, {self.size / 1e6:.1f} MB; the largest page has {self.largest / 1e3:.1f} kB"
            + (f"; {self.removed:,} files of an earlier build were removed" if self.removed else "")
        )


def build(
    folder: Path,
    inventory: Inventory,
    *,
    codes: Iterable[str] | None = None,
    measured: Measured = NOTHING,
    previous: changes.Rows | None = None,
    address: str = "",
    access: Access | None = None,
    say: Say = lambda _: None,
) -> Built:
    """Write the atlas.

    Args:
        codes: glottocodes of the languages that get a page; by default all but bookkeeping entries.
        measured: what runs have measured.
        previous: an earlier build, for the page of changes.
        address: where the site will stand, with a slash at its end.
        access: for WALS and Glottolog's dialects; the pages go without what cannot be had.
        say: takes a line on what is under way, or missing.

    Raises:
        InputError: the folder holds files of somebody else's.
        UnavailableError: the disk is full.
    """
    site = Site(folder)
    builder = _Builder(site, inventory, codes, address, say)
    builder.prepare(measured, access or ACCESS)
    builder.write(previous)
    removed = site.finish()
    pages = {path: size for path, size in site.sizes.items() if path.endswith(".html")}
    return Built(
        folder,
        len(builder.rows),
        len(pages),
        len(site.sizes),
        sum(site.sizes.values()),
        max(pages.values(), default=0),
        removed,
    )


class _Builder:
    """What is made on the way: the rows of the atlas, its groups, and where each page stands."""

    def __init__(
        self, site: Site, inventory: Inventory, codes: Iterable[str] | None, address: str, say: Say
    ) -> None:
        import polars as pl

        wanted = pl.col("category").fill_null("") != "bookkeeping"
        if codes is not None:
            wanted &= pl.col("glottocode").is_in(list(codes))
        self.table: polars.DataFrame = inventory.table.filter(wanted)
        self.rows: list[dict[str, Any]] = self.table.to_dicts()
        self._site, self._inventory, self._address, self._say = site, inventory, address, say
        self._laid: list[tuple[Page, Laid]] = []
        self._pages: dict[tuple[str, str], str] = {}

    def prepare(self, measured: Measured, access: Access) -> None:
        """Settle where each page will stand, so that pages can lead to one another."""
        counted = [row for row in self.rows if row["category"] not in NOT_COUNTED]
        self._pages |= {
            ("language", row["glottocode"]): f"language/{row['glottocode']}.html"
            for row in self.rows
        }
        self.groups = {kind: groups.groups(kind, counted) for kind in groups.KINDS}
        for kind, found in self.groups.items():
            self._pages |= {(kind, group.key): f"{group.path}.html" for group in found}
        self.world = World(
            self._inventory,
            maps.Places(self._inventory),
            measured,
            self._pages,
            self._had(lambda: load_dialects(access=access), {}),
            self._had(lambda: load_typology(self._inventory, access=access), None),
        )
        by_code = {row["glottocode"]: row for row in counted}
        self.families = groups.Families(self.world, Tree(self.table), by_code)
        for top in self.families.tops():
            code = top["glottocode"]
            for key in (code, top["name"]):  # gaps know families by their names
                self._pages["family", key] = f"{self.families.path(code)}.html"
        for top in self.families.tops():
            self._lay_family(top)

    def _had(self, load: Callable[[], Any], otherwise: Any) -> Any:
        try:
            return load() if not self._inventory.builtin else otherwise
        except KilolinguaError as error:
            self._say(f"left out: {error}")
            return otherwise

    def _lay_family(self, top: Mapping[str, Any]) -> None:
        """Lay a family's page out, to know on which part of it each group of its tree stands."""
        code = top["glottocode"]
        page = self.families.page(top)
        laid = lay(page)
        self._laid.append((page, laid))
        nodes = [node for _, node in self.families.below(code)]
        self._pages["group", code] = part(page.path, 0)
        for node, number in zip(nodes, laid.places[-1], strict=True):
            if node["level"] == GROUP:
                place = f"{part(page.path, number)}#{node['glottocode']}"
                self._pages["group", node["glottocode"]] = place

    def write(self, previous: changes.Rows | None) -> None:
        """Write everything."""
        for path, text in self._assets():
            self._site.put(path, text)
        held: defaultdict[str, list[datasets.Held]] = defaultdict(list)
        for row in self.rows:
            for key, has in _held(row):
                held[key].append(has)
        sets = datasets.sets(held)
        self._pages |= {("dataset", one.key): f"dataset/{one.key}.html" for one in sets}
        self._write_languages()
        for page, laid in self._laid:
            self._put(page, laid)
        for top in self.families.tops():
            path = self.families.path(top["glottocode"])
            self._beside(path, top["name"], self.families.languages(top["glottocode"]))
        for found in self.groups.values():
            for group in found:
                self._put(groups.page(self.world, group))
                self._beside(group.path, group.name, group.rows)
        for one in sets:
            self._put(datasets.page(self.world, one))
            self._beside_set(one)
        self._write_lists(sets, previous)

    def _write_languages(self) -> None:
        """The pages of languages, and beside each its row, as the app's buttons give it."""
        header, *records = csv_records(self.table)
        for number, (row, record) in enumerate(zip(self.rows, records, strict=True), 1):
            page = language.page(self.world, row)
            self._put(page)
            self._site.put(f"{page.path}.csv", header + record)
            self._site.put(f"{page.path}.json", _json(row))
            if number % 1000 == 0:
                self._say(f"{number:,} of {len(self.rows):,} languages")
        self._whole = header + "".join(records)

    def _write_lists(self, sets: Sequence[datasets.Set], previous: changes.Rows | None) -> None:
        there = {code: path for (kind, code), path in self._pages.items() if kind == "language"}
        now = changes.rows_of(self._whole, changes.TABLE)
        pages = [
            lists.first(self.world, self.rows),
            lists.languages(self.rows),
            groups.families_listed(self.families),
            *(groups.listed(kind, found) for kind, found in self.groups.items()),
            datasets.listed(sets),
            *lists.gap_pages(self.world, self.table),
            changes.page(previous, now, there),
            lists.about(self._inventory, self._address),
        ]
        for page in pages:
            self._put(page)
        self._site.put(changes.TABLE, self._whole)
        names = [
            {name: row[name] for name in ("glottocode", "bcp47", "iso639_3", "name")}
            | {"page": there[row["glottocode"]]}
            for row in self.rows
        ]
        self._site.put("index.json", canonical_json({"languages": names}) + "\n")
        sources = {one.key: asdict(one) for one in self._inventory.sources}
        self._site.put(SOURCES, canonical_json(sources) + "\n")

    def _put(self, page: Page, laid: Laid | None = None) -> None:
        for path, text in written(page, laid or lay(page), self._address):
            self._site.put(path, text)

    def _beside(self, path: str, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """The list of a group as JSON and CSV."""
        self._put_table(
            path, {"name": name}, BESIDE, [[row[column] for column in BESIDE] for row in rows]
        )

    def _put_table(
        self,
        path: str,
        about: Mapping[str, str],
        columns: Sequence[str],
        rows: Sequence[Sequence[Any]],
    ) -> None:
        """A table as JSON, its columns named once, and as CSV."""
        whole = {**about, "columns": columns, "rows": rows}
        self._site.put(f"{path}.json", canonical_json(whole) + "\n")
        self._site.put(f"{path}.csv", csv_text([columns, *rows]))

    def _beside_set(self, one: datasets.Set) -> None:
        names = ("glottocode", "name", "code", "kind", "size", "unit", "script", "licence", "link")
        found = [
            {**held._asdict(), **{name: held.row[name] for name in ("glottocode", "name")}}
            for held in one.held
        ]
        rows = [[entry[name] for name in names] for entry in found]
        self._put_table(f"dataset/{one.key}", {"name": one.title, "key": one.key}, names, rows)

    def _assets(self) -> Iterator[tuple[str, str]]:
        """Style, scripts, the index of the search, and the maps."""
        for name in ("atlas.css", "atlas.js", "search.js"):
            text = (HERE / name).read_text("utf-8")
            yield f"assets/{name}", (STYLE_SHEET + text if name.endswith(".css") else text)
        yield "assets/icon.svg", (HERE.parent / "icon.svg").read_text("utf-8")
        yield "assets/search-index.js", index(self._inventory, self.rows)
        if self.world.places.has_land:
            yield "assets/land.svg", maps.land()
        shown = replace(self._inventory, table=self.table)
        coloured = maps.colourings(shown)
        yield from maps.map_files(shown, coloured).items()
        section = Section("", [maps.map_section(coloured)])
        page = Page("map", "Map", [section], about="A map of all languages, to move and colour.")
        yield from written(page, lay(page), self._address)


def _held(row: Mapping[str, Any]) -> Iterator[tuple[str, datasets.Held]]:
    """What sets have of a language: the lists', and what only the catalog has."""
    named = set()
    for entry in listed_rows(row):
        named.add(entry["key"])
        yield entry["key"], datasets.of_listed(row, entry)
    for entry in resource_rows(row):
        if entry["dataset"] not in named:
            yield entry["dataset"], datasets.of_resource(row, entry)


def _json(row: Mapping[str, Any]) -> str:
    """A language as `export_json` gives it, and what the lists name.

    What a key of a source means stands in sources.json, what a set is in dataset/KEY.json.
    """
    listed = [
        {name: fact[name] for name in LISTED if fact[name] != ""} for fact in listed_rows(row)
    ]
    whole = {"languages": [{**described(row), "listed_facts": listed}], "sources": SOURCES}
    return canonical_json(whole) + "\n"
