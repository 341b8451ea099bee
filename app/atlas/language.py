"""The page of a language in the atlas: what the app's page of it shows, from the same functions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from app import alike, existing, facts, kin, structure, texts
from app.atlas.maps import AROUND, Places
from app.atlas.page import Page, Section, outward, paragraph, table, unquoted
from app.language import commands_for
from app.measured import HEADER, HEADING, NOTE, Measured
from app.texts import escape
from data.inventory import Inventory, Source, page_of
from data.inventory.kin import Dialect, nearest_rows
from data.inventory.language import resource_rows, sources_in
from data.languages import Language
from data.terminal import printable
from data.typology import LEAST

if TYPE_CHECKING:
    from data.typology import Typology

LINKED = {"family": "family", "genus": "genus"}


@dataclass(frozen=True)
class World:
    """What all pages of languages are made from.

    Attributes:
        pages: the address of each page from the folder of the site, by what it is of:
            ("language", "swah1253"), ("family", "atla1278"), ("script", "Latn").
        dialects: by the language's glottocode; empty where Glottolog cannot be had.
        typology: WALS; None where it cannot be had.
    """

    inventory: Inventory
    places: Places
    measured: Measured
    pages: Mapping[tuple[str, str], str] = field(default_factory=dict)
    dialects: Mapping[str, Sequence[Dialect]] = field(default_factory=dict)
    typology: Typology | None = None

    def address(self, kind: str, code: str) -> str:
        """From a page of a folder to another page; "" where there is none."""
        path = self.pages.get((kind, code), "")
        return f"../{path}" if path else ""

    def language(self, code: str) -> str:
        """The address of a language's page."""
        return self.address("language", code)

    def sister(self, code: str) -> str:
        """The address of a language's page from another language's."""
        return self.address("language", code).removeprefix("../language/")

    def link(self, kind: str, code: str, html: str) -> str:
        """Some HTML as a link to a page, or as it is where there is no such page."""
        to = self.address(kind, code)
        return unquoted(f'<a href="{escape(to)}">{html}</a>') if to else html


class References:
    """The sources of a page, numbered in the order in which they come up."""

    def __init__(self) -> None:
        self._cited: dict[Source, str] = {}

    def cite(self, source: Source, address: str) -> str:
        """A number that leads to the source."""
        self._cited.setdefault(source, address)
        number = list(self._cited).index(source) + 1
        return f"<a href=#s{number}>{number}</a>"

    def section(self) -> Section:
        """The list of sources."""
        rows = [
            f"<li id=s{number}>{source_told(source, address)}"
            for number, (source, address) in enumerate(self._cited.items(), 1)
        ]
        return Section("Sources", rows, "<ol>", "</ol>")


def source_told(source: Source, address: str) -> str:
    """A source as HTML: where it can be read, version, licence, and how a figure was derived."""
    name = source.title.partition(":")[0]
    full = name if not source.version or source.version in name else f"{name} {source.version}"
    note = f"; {escape(source.note)}" if source.note else ""
    return f"{outward(address, full)}, {escape(source.licence)}{note}"


def page(world: World, row: Mapping[str, Any]) -> Page:
    """The page of a language."""
    code, references = row["glottocode"], References()
    near = nearest_rows(world.inventory, code, limit=kin.SHOWN)
    sections = [
        _facts(world, row, references),
        references.section(),
        *_existing(world, row),
        *_kin(world, row, near),
        *_structure(world, row),
        *_measured(world, row),
        _commands(row),
    ]
    return Page(
        f"language/{code}",
        row["name"],
        sections,
        lead=_lead(world, row, near),
        about=about(row),
        beside=("json", "csv"),
        described=described(row),
    )


def about(row: Mapping[str, Any]) -> str:
    """A language in a sentence.

    >>> swahili = {"category": "spoken", "genus": "Bantu", "family": "Atlantic-Congo",
    ...     "is_isolate": False, "countries": ["KE", "TZ"], "speakers": 87000000,
    ...     "speakers_doubt": None}
    >>> about(swahili)
    'A Bantu language (Atlantic-Congo) of Kenya and Tanzania, spoken by about 87 million people.'
    """
    kind = {"sign": "sign language", "pidgin": "pidgin", "dialect": "variety"}.get(
        row["category"] or "", "language"
    )
    of = [one for one in (row["genus"], row["family"]) if one]
    group = f"{article(of[0])} {of[0]} {kind}" if of else f"A {kind}"
    if len(of) == 2 and of[0] != of[1]:
        group += f" ({of[1]})"
    if row["is_isolate"]:
        group = f"A {kind} that is an isolate"
    names = [
        texts.country_name(code).rpartition(" (")[0] or code for code in row["countries"] or ()
    ]
    where = f" of {_joined(names)}" if names else ""
    people = ""
    if row["speakers"] and not row["speakers_doubt"]:
        people = f", spoken by {texts.people(row['speakers'])} people"
    return f"{group}{where}{people}."


def article(name: str) -> str:
    """What stands before a name: of its letters, since most are not English words.

    >>> article("Atlantic-Congo"), article("Bantu"), article("Uralic")
    ('An', 'A', 'A')
    """
    sounds_like_you = name.startswith(("Uralic", "Ugric", "Uto"))
    return "An" if name[:1] in "AEIOUÁÉÍÓÚ" and not sounds_like_you else "A"


def _joined(names: Sequence[str], most: int = 4) -> str:
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more countries"
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def described(row: Mapping[str, Any]) -> dict[str, Any]:
    """The language for programs, as https://schema.org/Language has it."""
    codes = ("glottocode", "iso639_3", "bcp47")
    found = {
        "@context": "https://schema.org",
        "@type": "Language",
        "name": row["name"],
        "alternateName": row["endonym"],
        "sameAs": f"https://glottolog.org/resource/languoid/id/{row['glottocode']}",
        "identifier": list(dict.fromkeys(row[code] for code in codes if row[code])),
    }
    return {name: value for name, value in found.items() if value}


def _lead(world: World, row: Mapping[str, Any], near: Sequence[Mapping[str, Any]]) -> str:
    own = texts.named(row["endonym"], row["bcp47"] or "") if row["endonym"] else ""
    endonym = f"<p class=own>{own}</p>" if own else ""
    told = facts.no_language(row)
    names = {one["glottocode"]: one["name"] for one in (row, *near)}
    drawn = world.places.drawing(
        names,
        f"Map of {row['name']} and its nearest relatives",
        root="../",
        here=row["glottocode"],
        least=AROUND,
        links=(world.sister, names),
    )
    return f"{endonym}<p>{told or escape(about(row))}</p>{drawn}"


def _facts(world: World, row: Mapping[str, Any], references: References) -> Section:
    rows = [
        [facts.FACTS[column], fact(world, row, column), cited(world, row, column, references)]
        for column in facts.shown(row)
    ]
    return table("facts", ("", "", "source"), rows, "Facts")


def fact(world: World, row: Mapping[str, Any], column: str) -> str:
    """A fact as the app shows it, with links to the pages of groups, scripts and countries."""
    told, value = facts.cell(column, row), row[column]
    if column == "family" and value:
        return world.link("family", row["family_glottocode"], told)
    if column == "genus" and value:
        return world.link("genus", value, escape(value)) + told.removeprefix(escape(value))
    if column in ("countries", "scripts") and value:
        kind = "country" if column == "countries" else "script"
        links = zip(value, told.split(", "), strict=False)
        if told.count(", ") + 1 != len(value):  # a name with a comma of its own
            name = texts.country_name if column == "countries" else texts.script_name
            links = zip(value, (escape(name(code)) for code in value), strict=True)
        return ", ".join(world.link(kind, code, html) for code, html in links)
    if column == "lineage" and value:
        steps = zip(value, row["groups"], strict=True)
        root, *inner = [(code, escape(name)) for code, name in steps]  # the root: the family's row
        return " › ".join([root[1], *(world.link("group", *step) for step in inner)])
    return told


def cited(world: World, row: Mapping[str, Any], column: str, references: References) -> str:
    """The numbers of a fact's sources."""
    if column == "speakers_macrolanguage":
        return escape(facts.SUMMED)
    found = sources_in(world.inventory, row, column)
    return " ".join(references.cite(one, page_of(one, row)) for one in found)


def _existing(world: World, row: Mapping[str, Any]) -> Iterator[Section]:
    rows = [
        [
            escape(texts.KIND_NAMES[entry["kind"]]),
            world.link("dataset", entry["dataset"], escape(entry["dataset"]))
            + existing.pair(entry),
            existing.size(entry["size"], entry["unit"]),
            escape(entry["language"]),
            escape(entry["licence"]),
        ]
        for entry in resource_rows(row)
    ]
    heading = "What exists for it"
    if row["exists"] is None:
        yield paragraph(existing.NOT_KNOWN, heading)
    else:
        told = " ".join(existing.summary(row))
        yield paragraph(f"Resource class {row['resource_class']} of 5. {escape(told)}", heading)
    if rows:
        header = ("", "data set", "size", "filed as", "licence")
        yield table("sets", header, rows, "What kilolingua can load")
    for role, own in existing.by_role(row).items():
        yield table(
            "listed",
            ("", "name", "size", "licence", "of", ""),
            [_entry(world, one) for one in own],
            existing.ROLES[role],
        )


def _entry(world: World, entry: Mapping[str, Any]) -> list[str]:
    name = world.link("dataset", entry["key"], escape(entry["title"]))
    return [
        escape(existing.kind_of(entry)),
        f"{name} {outward(entry['link'], entry['code'])}",
        existing.size(entry["size"], entry["unit"]),
        escape(entry["licence"] or "not stated"),
        escape(entry["date"]),
        escape(existing.remarks(entry)),
    ]


def _kin(
    world: World, row: Mapping[str, Any], near: Sequence[Mapping[str, Any]]
) -> Iterator[Section]:
    if near:
        rows = [kin.near(one, world.sister) for one in near]
        yield table("kin", kin.HEADER, rows, "Its kin")
    else:
        yield paragraph("Glottolog's tree has no relative of it.", "Its kin")
    lent = kin.lent(world.inventory, row, world.sister)
    if lent:
        header = ("", "the nearest that have it")
        yield table("lenders", header, lent, kin.LENDERS, kin.NEAREST)
    own = world.dialects.get(row["glottocode"], ())
    if own:
        told = unquoted(kin.dialects(own).replace(' target="_blank" rel="noopener"', ""))
        yield paragraph(told, "Its dialects in Glottolog")


def _structure(world: World, row: Mapping[str, Any]) -> Iterator[Section]:
    known, code = world.typology, row["glottocode"]
    values = known.of(code) if known else {}
    if known is None or not values:
        return
    found = structure.nearest(world.inventory, known, code, LEAST, with_data=True)
    rows = [
        structure.alike(one, world.sister)
        for one in found.head(structure.SHOWN).iter_rows(named=True)
    ]
    if rows:
        yield table("alike", structure.HEADER, rows, "Alike in structure", structure.DISTANCE)
    features = [
        [
            escape(f"{key} {known.features[key].name}"),
            outward(value.link(key), value.name),
        ]
        for key, value in values.items()
    ]
    heading = f"Its structure: {texts.quantity(len(values), 'feature')} of WALS"
    yield table("wals", (), features, heading, structure.CITED)


def _measured(world: World, row: Mapping[str, Any]) -> Iterator[Section]:
    rows = world.measured.rows(row["bcp47"])
    if rows:
        yield table("measured", HEADER, rows, HEADING, NOTE)
    found = world.measured.alike.get(row["bcp47"] or "")
    if found:

        def link(other: Language) -> str:
            code = other.glottocode or ""
            to, name = world.sister(code), texts.named(other.name)
            return unquoted(f'<a href="{escape(to)}">{name}</a>') if to else name

        told = alike.table_rows(world.inventory, row["bcp47"], found, link)
        yield table("likest", alike.header(found), told, alike.HEADING, alike.note(found))


def _commands(row: Mapping[str, Any]) -> Section:
    found = commands_for(row, resource_rows(row))
    lines = "\n".join(printable(one.line) for one in found)
    return Section("To run next", [f"<pre>{escape(lines)}</pre>"])


@cache
def slug(name: str) -> str:
    """A name as a part of an address: its letters without diacritics, small.

    >>> slug("Great Andamanese"), slug("Tupi-Guaraní"), slug("!Ui")
    ('great-andamanese', 'tupi-guarani', 'ui')
    """
    from data.language_names import fold

    kept = "".join(letter if letter.isalnum() else " " for letter in fold(name))
    return "-".join(kept.split())
