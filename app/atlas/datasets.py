"""Pages of data sets in the atlas: what each is, where it is stated, and for which languages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from app import existing, texts
from app.atlas.language import World
from app.atlas.page import Page, Section, outward, table
from app.existing import RELIGIOUS, ROLES
from app.texts import escape, number, quantity
from data.catalog import Dataset, catalog
from data.resources.listed import ListedSet, listed_sets

COLUMNS = ("", "its code", "kind", "size", "script", "licence")


class Held(NamedTuple):
    """That a set has something of a language."""

    row: Mapping[str, Any]
    code: str
    kind: str
    size: float | None
    unit: str
    script: str
    licence: str
    link: str


@dataclass(frozen=True, slots=True)
class Set:
    """A data set of the catalog, of the lists, or of both: what it is, and what it has of whom."""

    key: str
    loads: Dataset | None
    listed: ListedSet | None
    held: Sequence[Held]

    @property
    def title(self) -> str:
        """What it is called."""
        entry = self.listed or self.loads
        return entry.title if entry else self.key

    @property
    def role(self) -> str:
        """data, model, software or typology."""
        return self.listed.role if self.listed else "data"

    @property
    def languages(self) -> int:
        """Of how many languages it has something."""
        return len({held.row["glottocode"] for held in self.held})


def sets(found: Mapping[str, Iterable[Held]]) -> list[Set]:
    """The sets that have something of a language of the atlas, by role and title."""
    order = list(ROLES)
    made = [
        Set(key, catalog().get(key), listed_sets().get(key), tuple(held))
        for key, held in found.items()
    ]
    return sorted(made, key=lambda one: (order.index(one.role), one.title.casefold()))


def of_resource(row: Mapping[str, Any], entry: Mapping[str, Any]) -> Held:
    """From a row of `data.inventory.resources_of`."""
    code = entry["group"] if entry["group"] != "-" else entry["language"]
    return Held(row, code, entry["kind"], entry["size"], entry["unit"], "", entry["licence"], "")


def of_listed(row: Mapping[str, Any], entry: Mapping[str, Any]) -> Held:
    """From a row of `data.inventory.listed_of`."""
    return Held(
        row,
        entry["code"],
        entry["kind"],
        entry["size"],
        entry["unit"],
        entry["script"],
        entry["licence"] or "not stated",
        entry["link"],
    )


def page(world: World, one: Set) -> Page:
    """The page of a set."""
    rows = [
        [
            texts.language_link(held.row, world.language),
            outward(held.link, held.code),
            escape(existing.kind_of({"kind": held.kind})),
            existing.size(held.size, held.unit),
            escape(held.script),
            escape(held.licence),
        ]
        for held in sorted(one.held, key=lambda held: (held.row["name"], held.code))
    ]
    count = quantity(one.languages, "language")
    about = f"{one.title}: {ROLES[one.role].partition(':')[0].lower()}, {count}."
    return Page(
        f"dataset/{one.key}",
        one.title,
        [table("facts", (), _told(one)), table("held", COLUMNS, rows, count)],
        lead=f"<p>{escape(about)}</p>",
        about=about,
        beside=("json", "csv"),
        described=described(one),
    )


def _told(one: Set) -> list[list[str]]:
    """What is known of a set, as rows of HTML cells."""
    rows: list[tuple[str, str]] = []
    if one.listed:
        listed = one.listed
        owner, _, commit = listed.repository.partition("@")
        address = f"https://github.com/{owner}/tree/{commit}" if commit else ""
        rows += [
            ("Kind", escape(existing.kind_of({"kind": listed.kind}))),
            ("Licence", escape(listed.licence or "not stated")),
            ("Stated in", outward(address, listed.repository)),
            ("As of", escape(listed.date or "no date is stated")),
        ]
        if listed.religious:
            rows.append(("Texts", escape(RELIGIOUS[listed.religious])))
        if listed.note:
            rows.append(("Note", escape(listed.note)))
    if one.loads:
        rows += [
            ("Licence, as loaded", escape(one.loads.licence)),
            ("Home", outward(one.loads.homepage, one.loads.homepage)),
            ("To cite", escape(one.loads.citation)),
            ("Fetch", f"<code>{escape(f'python -m data.catalog fetch {one.key}')}</code>"),
        ]
    return [list(row) for row in rows]


def described(one: Set) -> dict[str, Any]:
    """A set for programs, as https://schema.org/Dataset has it."""
    found = {
        "@context": "https://schema.org",
        "@type": "Dataset" if one.role == "data" else "SoftwareApplication",
        "name": one.title,
        "identifier": one.key,
        "license": one.listed.licence if one.listed else one.loads and one.loads.licence,
        "citation": one.loads and one.loads.citation,
        "url": one.loads and one.loads.homepage,
        "description": f"{quantity(one.languages, 'language')} in it",
    }
    return {name: value for name, value in found.items() if value}


def listed(found: Sequence[Set]) -> Page:
    """The page that lists all sets, by role."""
    sections: list[Section] = []
    for role, heading in ROLES.items():
        rows = [
            [
                f'<a href="dataset/{one.key}.html">{escape(one.title)}</a>',
                escape(existing.kind_of({"kind": _kind(one)})),
                number(one.languages),
                escape((one.listed.licence if one.listed else "") or _licence(one)),
                "yes" if one.loads else "",
            ]
            for one in found
            if one.role == role
        ]
        if rows:
            header = ("", "kind", "languages", "licence", "loads here")
            sections.append(table("groups", header, rows, heading))
    about = f"{quantity(len(found), 'data set')}, models and tools, and which languages each knows."
    return Page("datasets", "Data sets", sections, f"<p>{escape(about)}</p>", about)


def _kind(one: Set) -> str:
    return one.listed.kind if one.listed else one.held[0].kind


def _licence(one: Set) -> str:
    return one.loads.licence if one.loads else "not stated"
