"""The pages of the atlas that list and count: the first, all languages, gaps and advice, about."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from app import texts
from app.atlas.groups import having
from app.atlas.language import World, source_told
from app.atlas.page import NAVIGATION, Page, Section, paragraph, table, table_row
from app.gaps import GOAL_NAMES, HEADER, advised, note
from app.texts import KIND_NAMES, escape, number, quantity
from data.inventory import GOALS, KINDS, Inventory, advise, gaps
from data.inventory.schema import NOT_COUNTED, catalog_key

GROUPINGS = {"family": "families", "genus": "genera", "script": "scripts"}
MOST_GROUPS = 100  # of a kind, the largest, in the tables of gaps
TOP = 10
WHAT = {
    "languages": "all of them, by name",
    "families": "the tree, with what exists on every branch",
    "genera": "WALS's groups of a few thousand years' depth",
    "scripts": "what is written in what",
    "countries": "where they are spoken",
    "datasets": "every data set, model and tool, and whom it knows",
    "map": "to move, zoom and colour",
    "gaps": "who has what, who has nothing, what would help most",
    "changes": "what is new since an earlier build",
    "about": "sources, licences, what the figures mean",
}


def version() -> str:
    """The version of kilolingua that makes the atlas."""
    return catalog_key().removeprefix("kilolingua-")


def first(world: World, rows: Sequence[Mapping[str, Any]]) -> Page:
    """The first page: how many there are, the search, and ways in."""
    languages = [row for row in rows if row["category"] not in NOT_COUNTED]
    something = sum(bool(row["exists"]) for row in languages)
    codes = [row["glottocode"] for row in languages]
    drawn = world.places.drawing(codes, "Map of all languages of the atlas", root="")
    ways = {**NAVIGATION, "changes": "Changes", "about": "About"}
    links = [f"<li><a href={name}.html>{told}</a>: {WHAT[name]}" for name, told in ways.items()]
    about = (
        f"{quantity(len(languages), 'language')}: facts with their sources, what exists for each, "
        f"and what is missing. Lists know of data for {number(something)}."
    )
    return Page(
        "index",
        "An atlas of languages, and of what exists for them",
        [Section("Ways in", links, "<ul>", "</ul>"), having(languages)],
        lead=f"<p>{escape(about)}</p>{_missing(world.inventory)}"
        "<p class=note>Any name or code finds a language, in the field above; misspelt ones "
        "too.</p>"
        f"{drawn}",
        about=about,
        beside=("json", "csv"),
        described={
            "@context": "https://schema.org",
            "@type": "DataCatalog",
            "name": "kilolingua atlas",
            "description": about,
            "version": version(),
        },
    )


def _missing(inventory: Inventory) -> str:
    """What the first page says where the inventory is the built-in one."""
    if not inventory.builtin:
        return ""
    told = "".join(f"<li>{escape(line)}" for line in inventory.notes)
    return f"<p><strong>Most of the world is not here:</strong></p><ul>{told}</ul>"


def languages(rows: Sequence[Mapping[str, Any]]) -> Page:
    """All languages by name."""
    items = [
        f'<li><a href="language/{row["glottocode"]}.html">{texts.named(row["name"])}</a>'
        f" {escape(row['bcp47'] or row['glottocode'])}"
        for row in sorted(rows, key=lambda row: row["name"].casefold())
    ]
    about = "Every language, and every dialect that ISO 639-3 counts as a language."
    section = Section("", items, "<ul class=names>", "</ul>")
    return Page("languages", "Languages by name", [section], f"<p>{about}</p>", about)


def gap_pages(world: World, table_of: Any) -> Iterator[Page]:
    """The gaps by family, genus and script, and for each kind the advice.

    Args:
        table_of: the inventory's table, or the part of it that the atlas has.
    """
    others = [f"<li><a href={_advice_path(kind)}.html>{_advice_title(kind)}</a>" for kind in KINDS]
    sections = [_heat(world, table_of, by) for by in GROUPINGS]
    about = f"The {MOST_GROUPS} largest groups of each kind by kinds of resource."
    told = (
        f"{about} A cell says how many of the group's languages have the resource; its colour is "
        "their share."
    )
    advice = Section("What would help most", others, "<ul>", "</ul>")
    yield Page("gaps", "Gaps: who has what", [advice, *sections], f"<p>{told}</p>", about)
    for kind in KINDS:
        yield _advice(table_of, kind)


def _heat(world: World, table_of: Any, by: str) -> Section:
    rows = []
    for row in gaps(table_of, by).head(MOST_GROUPS).iter_rows(named=True):
        cells = [
            f"<td style=--s:{100 * (row[kind] or 0) / row['languages']:.0f}>{number(row[kind])}"
            for kind in KINDS
        ]
        name = world.link(by, row["value"], escape(row["value"]))
        name = re.sub(r"=(\"?)\.\./", r"=\1", name)  # these pages stand a folder higher
        rows.append(f"<tr><th>{name}<td>{number(row['languages'])}{''.join(cells)}")
    heads = "".join(
        f"<th>{escape(name)}" for name in ("", "languages", *(KIND_NAMES[kind] for kind in KINDS))
    )
    start = f"<table class=heat><thead><tr>{heads}<tbody>"
    return Section(f"By {by}", rows, start, "</table>")


def _advice_title(kind: str) -> str:
    return f"{KIND_NAMES[kind].capitalize()}: where one more would help most"


def _advice_path(kind: str) -> str:
    return f"advice-{kind.replace('_', '-')}"


def _advice(table_of: Any, kind: str) -> Page:
    sections = []
    for goal in GOALS:
        found = advise(table_of, kind, goal, TOP).iter_rows(named=True)
        rows = [advised(row, lambda code: f"language/{code}.html") for row in found]
        heading = f"For {GOAL_NAMES[goal]}"
        if rows:
            sections.append(table("advice", HEADER, rows, heading))
        else:
            sections.append(paragraph("Nothing is advised.", heading))
    title = _advice_title(kind)
    lead = f"<p class=note>{escape(note())}</p>"
    return Page(_advice_path(kind), title, sections, lead, f"{title}: five answers.")


def about(inventory: Inventory, address: str) -> Page:
    """Sources and licences, what is missing in this build, what the figures mean, how to cite."""
    sources = [f"<li>{source_told(one, one.link)}" for one in inventory.sources]
    missing = [f"<li>{escape(line)}" for line in inventory.notes] or ["<li>Nothing."]
    where = escape(address) if address else "the address of this copy"
    meaning = [table_row(cells) for cells in MEANINGS]
    return Page(
        "about",
        "About the atlas",
        [
            Section("What the figures mean", meaning, "<table class=facts>", "</table>"),
            Section("Sources", sources, "<ul>", "</ul>"),
            Section("What this build lacks", missing, "<ul>", "</ul>"),
            paragraph(
                f"kilolingua {escape(version())}, atlas of languages, {where}; and the "
                "sources that each figure names. Beside each page lie its figures as JSON and CSV; "
                "files.txt lists all files.",
                "To cite and to reuse",
            ),
        ],
        lead="<p>Written by <code>python -m app.atlas</code> of kilolingua: pages without a "
        "server, to put on any host or to read from a disk. Nothing is asked of another machine. A "
        "wrong figure is best told to its source, which each page links to.</p>",
        about="Sources, licences, and what the figures mean.",
    )


MEANINGS = (
    (
        "Unknown is not zero",
        "“not known” is that nobody told; “exists, size not known” is that the thing is there; "
        "“none” is that there is none.",
    ),
    (
        "Language",
        "one of Glottolog's languages. Entries that it keeps for bookkeeping are left out; "
        "dialects that ISO 639-3 counts as languages have a page, and stand in no count.",
    ),
    (
        "Speakers",
        "estimates, rounded, often with second-language speakers, of no stated year unless one is "
        "shown. Doubtful ones are marked, and left out of sums and advice.",
    ),
    ("Place", "one point for the whole language."),
    (
        "What exists",
        "what this project's catalog and lists of 78 data sets, models and tools name, as of "
        "November 2026; libraries and disks hold more.",
    ),
    (
        "Resource class",
        "how many of eight kinds are large enough to be of use, up to five.",
    ),
    (
        "Steps in the tree",
        "edges up and down Glottolog's classification; sisters are 2 apart. Near in the tree is "
        "not the same as understood by the speakers.",
    ),
)
