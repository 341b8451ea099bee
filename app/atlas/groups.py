"""Pages of groups in the atlas: a family with its tree, a genus, a script, a country."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app import texts
from app.atlas.language import World, slug
from app.atlas.page import Page, Section, table, table_row
from app.existing import either
from app.texts import KIND_NAMES, escape, number, people, quantity
from data.inventory.schema import ISOLATE, NONE
from data.inventory.tree import GROUP, NO_FAMILY, Tree
from data.resources.listed import DATA_KINDS

COLUMNS = ("", "family", "endangerment", "speakers", "class", "has")
TREE_COLUMNS = ("", "languages", "with anything", "speakers", "has")
UNSURE = "Speakers are sums of known figures; one who speaks two languages counts twice."
MOST_DEPTH = 24  # steps that a row of the tree moves in, at most


@dataclass(frozen=True, slots=True)
class Group:
    """A group of languages that has a page.

    Attributes:
        kind: "family", "genus", "script" or "country".
        key: as the inventory's table has it.
        path: of its page, without `.html`.
        rows: its languages, those of most speakers first.
    """

    kind: str
    key: str
    name: str
    path: str
    rows: Sequence[Mapping[str, Any]]


KINDS: Mapping[str, tuple[str, Callable[[str], str]]] = {
    "genus": ("genus", str),
    "script": ("scripts", texts.script_name),
    "country": ("countries", texts.country_name),
}


def groups(kind: str, rows: Sequence[Mapping[str, Any]]) -> list[Group]:
    """The groups of a kind, by name.

    Args:
        rows: the languages of the atlas that count.
    """
    column, named = KINDS[kind]
    found: dict[str, list[Mapping[str, Any]]] = {}
    for row in sorted(rows, key=by_speakers):
        values = row[column] if isinstance(row[column], list) else [row[column]]
        for value in values:
            if value:
                found.setdefault(value, []).append(row)
    names = {key: named(key) for key in found}
    ordered = sorted(found, key=lambda key: names[key])
    paths = _paths(kind, ordered)
    return [Group(kind, key, names[key], paths[key], found[key]) for key in ordered]


def _paths(kind: str, keys: Sequence[str]) -> dict[str, str]:
    """A path for each key: codes as they are, names without what no address should hold."""
    found: dict[str, str] = {}
    taken: set[str] = set()
    for key in keys:
        name = slug(key) if kind == "genus" else key
        while name in taken:
            name += "-b"
        taken.add(name)
        found[key] = f"{kind}/{name}"
    return found


def by_speakers(row: Mapping[str, Any]) -> tuple[int, str]:
    """The key that puts languages of most speakers first, then by name."""
    return -(row["speakers"] or 0), row["name"]


def page(world: World, group: Group) -> Page:
    """The page of a genus, script or country."""
    rows = [table_row(language(world, row)) for row in group.rows]
    heads = "".join(f"<th>{escape(name)}" for name in COLUMNS)
    start = f"<table class=languages><thead><tr>{heads}<tbody>"
    count = quantity(len(group.rows), "language")
    about = f"{count} of the {'country' if group.kind == 'country' else group.kind} {group.name}."
    return Page(
        group.path,
        group.name,
        [having(group.rows), Section(count, rows, start, "</table>")],
        lead=_lead(world, group, about),
        about=about,
        beside=("json", "csv"),
    )


def _lead(world: World, group: Group, about: str) -> str:
    codes = [row["glottocode"] for row in group.rows]
    drawn = world.places.drawing(codes, f"Map of the languages of {group.name}", root="../")
    return f"<p>{escape(about)}</p>{drawn}"


def having(rows: Sequence[Mapping[str, Any]], heading: str = "What exists") -> Section:
    """How many of some languages have each kind of resource, and what share of the speakers."""
    known = [row for row in rows if row["exists"] is not None]
    people_of = {id(row): row["speakers_alone"] or 0 for row in known}
    whole = sum(people_of.values())
    found = []
    for kind in DATA_KINDS:
        has = [row for row in known if kind in row["exists"]]
        reached = sum(people_of[id(row)] for row in has)
        share = f"{100 * reached / whole:.0f} %" if whole else texts.NOT_A_FIGURE
        languages = f"{len(has)} of {len(known)}"
        found.append([escape(KIND_NAMES[kind]), languages, share])
    none = [row for row in known if not row["exists"]]
    note = f"{quantity(len(none), 'language')} without anything that lists name. {UNSURE}"
    return table("having", ("", "languages", "of the speakers"), found, heading, note)


def language(world: World, row: Mapping[str, Any]) -> list[str]:
    """A language in a list, as HTML cells."""
    return [
        texts.language_link(row, world.language),
        world.link("family", row["family_glottocode"] or "", escape(family_of(row))),
        escape(row["endangerment"] or texts.UNKNOWN),
        people(row["speakers"]).removeprefix("about "),
        texts.UNKNOWN if row["resource_class"] is None else str(row["resource_class"]),
        kinds_told(row["exists"]),
    ]


def family_of(row: Mapping[str, Any]) -> str:
    """The family of a language, or what stands in its stead."""
    return row["family"] or ("an isolate" if row["is_isolate"] else row["category"] or "none")


def kinds_told(kinds: Sequence[str] | None) -> str:
    """Kinds of resource in words, as HTML."""
    if kinds is None:
        return texts.UNKNOWN
    return escape(", ".join(KIND_NAMES[kind] for kind in kinds) or texts.NOT_A_FIGURE)


class Families:
    """The pages of the tree's tops: families, isolates, and what is no family."""

    def __init__(self, world: World, tree: Tree, rows: Mapping[str, Mapping[str, Any]]) -> None:
        self._world, self._rows = world, rows
        self._children: dict[str, list[dict[str, Any]]] = {}
        for node in _ordered(tree):
            if node["level"] == GROUP or node["glottocode"] in rows:
                self._children.setdefault(node["parent"], []).append(node)

    def tops(self) -> list[dict[str, Any]]:
        """The nodes at the top, the largest first."""
        return self._children.get("", [])

    def path(self, code: str) -> str:
        """The path of a top's page."""
        name = {ISOLATE: "isolates", NONE: "unclassified"}.get(code, code)
        return f"family/{name}"

    def below(self, code: str) -> Iterator[tuple[int, dict[str, Any]]]:
        """All nodes below one, each before its own, with their depth."""
        open_nodes = [(0, node) for node in reversed(self._children.get(code, ()))]
        while open_nodes:
            depth, node = open_nodes.pop()
            yield depth, node
            under = self._children.get(node["glottocode"], ()) if node["level"] == GROUP else ()
            open_nodes += [(depth + 1, child) for child in reversed(under)]

    def languages(self, code: str) -> list[Mapping[str, Any]]:
        """The languages below a node."""
        return [
            self._rows[node["glottocode"]] for _, node in self.below(code) if node["level"] != GROUP
        ]

    def page(self, top: Mapping[str, Any]) -> Page:
        """The page of a top: its figures, a map, and its tree."""
        code, rows = top["glottocode"], self.languages(top["glottocode"])
        heads = "".join(f"<th>{escape(name)}" for name in TREE_COLUMNS)
        start = f"<table class=tree><thead><tr>{heads}<tbody>"
        nodes = [self._node(depth, node) for depth, node in self.below(code)]
        family = code not in NO_FAMILY
        about = (
            f"{quantity(len(rows), 'language')} of {'the family ' if family else ''}{top['name']}."
        )
        drawn = self._world.places.drawing(
            [row["glottocode"] for row in rows], f"Map of {top['name']}", root="../"
        )
        source = f"https://glottolog.org/resource/languoid/id/{code}"
        outside = f' <a href="{source}">Its page in Glottolog</a>.' if family else ""
        return Page(
            self.path(code),
            top["name"],
            [
                having(rows),
                Section("Its tree" if family else "Languages", nodes, start, "</table>", UNSURE),
            ],
            lead=f"<p>{escape(about)}{outside}</p>{drawn}",
            about=about,
            beside=("json", "csv"),
        )

    def _node(self, depth: int, node: Mapping[str, Any]) -> str:
        """A row of the tree: a group with its figures, or a language with what it has."""
        code = node["glottocode"]
        step = f" style=--d:{min(depth, MOST_DEPTH)}" if depth else ""
        speakers = people(node["speakers"]).removeprefix("about ")
        if node["level"] != GROUP:
            row = self._rows[code]
            link = texts.language_link(row, self._world.language)
            has = kinds_told(row["exists"])
            return f"<tr{step}><th>{link}<td><td><td>{speakers}<td>{has}"
        having_any = texts.UNKNOWN if node["having"] is None else number(node["having"])
        return (
            f"<tr class=g id={code}{step}><th>{escape(node['name'])}"
            f"<td>{number(node['languages'])}<td>{having_any}<td>{speakers}<td>"
        )


def _ordered(tree: Tree) -> Iterator[dict[str, Any]]:
    """The tree's nodes in the order in which `Tree.below` gives those of one parent."""
    columns = ("glottocode", "name", "level", "languages", "having", "speakers", "parent")
    groups_first = tree.groups.sort("languages", "name", descending=[True, False])
    leaves = tree.leaves.sort("speakers", "name", descending=[True, False], nulls_last=True)
    for frame in (groups_first, leaves):
        yield from frame.select(columns).iter_rows(named=True)


def listed(kind: str, found: Sequence[Group]) -> Page:
    """The page that lists all groups of a kind."""
    titles = {"genus": ("genera", "Genera"), "script": ("scripts", "Scripts")}
    path, title = titles.get(kind, ("countries", "Countries"))
    rows = [
        [
            f'<a href="{group.path}.html">{escape(group.name)}</a>',
            number(len(group.rows)),
            *_shares(group.rows),
        ]
        for group in found
    ]
    about = (
        f"{quantity(len(found), kind, path)} of the world's languages, and what exists for each."
    )
    return Page(path, title, [table("groups", GROUP_COLUMNS, rows)], f"<p>{about}</p>", about)


GROUP_COLUMNS = ("", "languages", "with anything", "speakers")


def _shares(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    having_any = sum(bool(row["exists"]) for row in rows)
    speakers = [row["speakers_alone"] for row in rows if row["speakers_alone"] is not None]
    whole = sum(speakers) if speakers else None
    return [number(having_any), people(whole).removeprefix("about ")]


def families_listed(families: Families) -> Page:
    """The page that lists the tops of the tree."""
    rows = [
        [
            f'<a href="{families.path(top["glottocode"])}.html">{escape(top["name"])}</a>',
            number(top["languages"]),
            texts.UNKNOWN if top["having"] is None else number(top["having"]),
            people(top["speakers"]).removeprefix("about "),
        ]
        for top in families.tops()
    ]
    kept = [top for top in families.tops() if top["glottocode"] not in NO_FAMILY]
    about = f"{quantity(len(kept), 'family', 'families')}, and what is in none: {OUTSIDE}."
    return Page(
        "families", "Families", [table("groups", GROUP_COLUMNS, rows)], f"<p>{about}</p>", about
    )


OUTSIDE = either(["isolates", "sign languages", "pidgins", "what nobody has classified"]).replace(
    " or ", " and "
)
