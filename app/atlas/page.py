"""A page of the atlas: a frame, sections of rows, and what does not fit goes to a next page.

No page is larger than LIMIT bytes, whatever a language or group has: sections are laid on pages
row by row, and each page leads to the next. Pages lie in the folder of the site or one below it, so
that `root` leads from any of them to the others, from a disk as from a server. End tags that HTML
lets be left out (`td`, `tr`, `thead`, `li`, `p`) are left out: a site has eight thousand pages.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.texts import escape, link
from data.files import canonical_json

_PLAIN_HREF = re.compile(r"href=\"([\w.~:/?#&;%+,@-]+)\"")
LIMIT = 60_000  # bytes of a page
ROOM = 6_000  # of it for the frame: head, links at the top and bottom
NAVIGATION: Mapping[str, str] = {
    "languages": "Languages",
    "families": "Families",
    "genera": "Genera",
    "scripts": "Scripts",
    "countries": "Countries",
    "datasets": "Data sets",
    "map": "Map",
    "gaps": "Gaps",
}


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a page.

    Attributes:
        heading: as text, "" for none; it comes again where the section goes on on a next page.
        rows: pieces of HTML, of which none is ever divided.
        start, end: what stands round the rows: `<table>` and its headings, and its end.
        note: what stands below, as text.
    """

    heading: str
    rows: Sequence[str]
    start: str = ""
    end: str = ""
    note: str = ""

    def opened(self, *, again: bool = False) -> str:
        """What stands above the rows."""
        more = " (continued)" if again else ""
        return (f"<h2>{escape(self.heading + more)}</h2>" if self.heading else "") + self.start

    def closed(self) -> str:
        """What stands below the rows."""
        return self.end + (f"<p class=note>{escape(self.note)}" if self.note else "")


@dataclass(frozen=True, slots=True)
class Page:
    """A page, before it is laid out.

    Attributes:
        path: without `.html`: `language/swah1253`.
        title: as text.
        lead: HTML below the title, of the first page.
        about: a sentence, for lists of what was found.
        beside: endings of the files beside it: `json`, `csv`.
        described: the page for programs, as schema.org has it.
    """

    path: str
    title: str
    sections: Sequence[Section]
    lead: str = ""
    about: str = ""
    beside: Sequence[str] = ()
    described: Mapping[str, Any] = field(default_factory=dict)

    @property
    def root(self) -> str:
        """From this page to the folder of the site."""
        return "../" * self.path.count("/")


@dataclass(frozen=True, slots=True)
class Laid:
    """A page laid out: the HTML of each of its parts, and the part on which each row stands."""

    bodies: tuple[str, ...]
    places: tuple[tuple[int, ...], ...]  # by section, then by row: the number of the part, from 0


def part(path: str, number: int) -> str:
    """The address of a part, counted from 0, from the folder of the site.

    >>> part("script/Latn", 0), part("script/Latn", 1)
    ('script/Latn.html', 'script/Latn-2.html')
    """
    return f"{path}-{number + 1}.html" if number else f"{path}.html"


def lay(page: Page, limit: int = LIMIT - ROOM) -> Laid:
    """Lay the sections of a page on as many parts as it takes.

    >>> rows = ["<p>water", "<p>bread", "<p>fire"]
    >>> lay(Page("a", "A", [Section("Words", rows)]), limit=45).places
    ((0, 0, 1),)
    """
    bodies: list[str] = []
    held: list[str] = []
    size = len(page.lead.encode()) + len(canonical_json(page.described).encode())
    places = []
    for section in page.sections:
        around = len((section.opened(again=True) + section.closed()).encode())
        on: list[int] = []
        first = section.rows[0] if section.rows else ""
        if held and size + around + len(first.encode()) > limit:
            bodies.append("".join(held))
            held, size = [], 0
        held.append(section.opened())
        size += around
        for row in section.rows:
            length = len(row.encode())
            if on and size + length > limit:
                bodies.append("".join([*held, section.closed()]))
                held, size = [section.opened(again=True)], around
            held.append(row)
            size += length
            on.append(len(bodies))
        held.append(section.closed())
        places.append(tuple(on))
    bodies.append("".join(held))
    return Laid(tuple(bodies), tuple(places))


def written(page: Page, laid: Laid, address: str = "") -> Iterator[tuple[str, str]]:
    """Path and HTML of each part of a page.

    Args:
        address: where the site will stand, "" where that is not known.
    """
    count = len(laid.bodies)
    for number, body in enumerate(laid.bodies):
        path = part(page.path, number)
        title = f"{page.title} ({number + 1} of {count})" if number else page.title
        yield path, _framed(page, title, body, path, number, count, address)


def _framed(
    page: Page, title: str, body: str, path: str, number: int, count: int, address: str
) -> str:
    root, first = page.root, not number
    told = escape(page.about)
    # What the first paragraph says needs no description beside it.
    about = f'<meta name=description content="{told}">' if told and told not in page.lead else ""
    canonical = f'<link rel=canonical href="{escape(address + path)}">' if address else ""
    machine = script_json(page.described) if page.described and first else ""
    return (
        f'<!doctype html><html lang=en data-root="{root}"><meta charset=utf-8>'
        '<meta name=viewport content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)} · kilolingua atlas</title>{about}{canonical}"
        f"<link rel=icon href={root}assets/icon.svg>"
        f"<link rel=stylesheet href={root}assets/atlas.css>"
        f"<script src={root}assets/atlas.js defer></script>{machine}"
        f"<a class=skip href=#main>To the content</a><header><a href={root}index.html>"
        f"<b>kilolingua atlas</b></a><nav aria-label=Atlas>{_navigation(root)}</nav></header>"
        f"<main id=main><h1>{escape(title)}</h1>"
        f"{page.lead + _beside(page) if first else ''}{body}{_turning(page, number, count)}</main>"
        f"<footer>{FOOT.format(root=root)}</footer>\n"
    )


FOOT = "<a href={root}about.html>Sources, licences, what the figures mean</a>"


def _navigation(root: str) -> str:
    return "".join(f"<a href={root}{name}.html>{told}</a>" for name, told in NAVIGATION.items())


def _beside(page: Page) -> str:
    name = page.path.rpartition("/")[2]
    links = [unquoted(f'<a href="{name}.{kind}">{kind.upper()}</a>') for kind in page.beside]
    return f"<p class=beside>The same as {' and '.join(links)}." if links else ""


def _turning(page: Page, number: int, count: int) -> str:
    """Links to the other parts of a page; of many, those near."""
    if count == 1:
        return ""
    name = page.path.rpartition("/")[2]
    near = [at for at in range(count) if at in (0, count - 1) or abs(at - number) < 4]
    links = [
        f"<b aria-current=page>{at + 1}</b>"
        if at == number
        else f'<a href="{escape(part(name, at))}">{at + 1}</a>'
        for at in near
    ]
    return f"<nav class=turning aria-label=Pages>Page {' '.join(links)} of {count}</nav>"


def script_json(value: Mapping[str, Any]) -> str:
    """An object for programs within a page: no text of it can end the element that holds it.

    >>> script_json({"name": "</script>"})
    '<script type=application/ld+json>{"name":"\\\\u003c/script>"}</script>'
    """
    text = canonical_json(value).replace("<", "\\u003c")
    return f"<script type=application/ld+json>{text}</script>"


def table(
    kind: str,
    header: Sequence[str],
    rows: Iterable[Sequence[str]],
    heading: str = "",
    note: str = "",
) -> Section:
    """A section that is a table, of cells that are HTML already.

    Args:
        kind: its class, by which atlas.css says which columns are numbers.
    """
    heads = "".join(f"<th>{escape(name)}" for name in header)
    start = f"<table class={kind}>" + (f"<thead><tr>{heads}" if heads else "") + "<tbody>"
    return Section(heading, [table_row(cells) for cells in rows], start, "</table>", note)


def table_row(cells: Sequence[str], attributes: str = "") -> str:
    """A row of a table, whose first cell is its heading.

    HTML tells headings of rows and columns apart by where they stand: `scope` on each, in the
    tables of 8,000 pages, would be 10 MB.
    """
    first, *others = cells
    return f"<tr{attributes}><th>{first}" + "".join(f"<td>{cell}" for cell in others)


def paragraph(text: str, heading: str = "") -> Section:
    """A section that is one paragraph of HTML."""
    return Section(heading, [f"<p>{text}"])


def outward(address: str, text: str) -> str:
    """A link to another site, shorter than `app.texts.link`; other addresses are shown as text.

    >>> outward("https://glottolog.org", "Glottolog"), outward("javascript:x", "y")
    ('<a href=https://glottolog.org>Glottolog</a>', 'y')
    """
    return unquoted(link(address, text).replace(' target="_blank" rel="noopener"', ""))


def unquoted(html: str) -> str:
    """A link without the quotes that its address does not need.

    >>> unquoted('<a href="../family/pama1250.html">'), unquoted('<a href="?q=a b">')
    ('<a href=../family/pama1250.html>', '<a href="?q=a b">')
    """
    return _PLAIN_HREF.sub(r"href=\1", html)
