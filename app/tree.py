"""Tree: Glottolog's tree, opened node by node, with what exists on every node; gaps by speakers.

The address says which group is shown, which kinds are asked about and whether all are needed:
`tree?node=indo1319&kind=lexicon&kind=tagged+text&need=all+of+them`, in the words of the page.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from app.page import opened, say_what_is_missing
from app.texts import KIND_NAMES, NOT_A_FIGURE, escape, escape_markdown, number, people
from app.texts import table as html_table
from data.errors import InputError
from data.inventory import KINDS, Inventory
from data.inventory.tree import GROUP, LEVELS, NEEDS, SUBGROUPS, Need, Tree, gaps_by_speakers
from data.resources.listed import DATA_KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

NODE, OPEN, TREE, MORE = "node", "tree-open", "tree-shown", "tree-more"
NEED_NAMES = {"any": "any of them", "all": "all of them"}
MOST_OPEN = 200  # nodes that one visit holds open
FIRST = 40  # children of a node that are shown at once
GAPS = 25  # rows of the list of gaps


def show() -> None:
    """Draw the page."""
    inventory = opened()
    say_what_is_missing(inventory)
    st.html('<h1 class="kl-title">The tree, and what exists on every node</h1>')
    kinds, need = _asked()
    tree = _tree(inventory, kinds, need)
    _branches(tree, kinds, need)
    _gaps(inventory, kinds, need)


def _asked() -> tuple[tuple[str, ...], Need]:
    """The kinds of resource that are asked about, and whether all are needed."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kinds = st.multiselect(
            "Which resources",
            DATA_KINDS,
            format_func=KIND_NAMES.__getitem__,
            placeholder="anything at all",
            key="kind",
            bind="query-params",
            width=440,
        )
        need: Need | None = "any"
        if len(kinds) > 1:
            need = st.segmented_control(
                "A language needs",
                NEEDS,
                default="any",
                format_func=NEED_NAMES.__getitem__,
                key="need",
                bind="query-params",
            )
    return tuple(kinds), need or "any"


@st.cache_resource(show_spinner=False, max_entries=32, hash_funcs={Inventory: id})
def _tree(inventory: Inventory, kinds: tuple[str, ...], need: Need) -> Tree:
    return Tree(inventory.table, kinds, need)


@st.fragment
def _branches(tree: Tree, kinds: tuple[str, ...], need: Need) -> None:
    """A fragment: opening a node draws only the tree again."""
    node = st.query_params.get(NODE, "")
    try:
        path = tree.path(node) if node else []
        top = tree.below(node or None)
    except InputError as error:
        st.warning(escape_markdown(str(error)))
        path, top = [], tree.below()
    _crumbs(path)
    held = st.session_state.setdefault(OPEN, set())
    whole = MORE in st.session_state or top.height <= FIRST
    rows = top.to_dicts() if whole else top.head(FIRST).to_dicts()
    drawn = content(tree, rows, held, asked_name(kinds, need))
    drawn["more"] = "" if whole else f"Show the other {number(top.height - FIRST)}"
    mount = st.components.v2.component(
        "kilolingua_tree", html='<div class="kl-tree"></div>', js=_script(), isolate_styles=False
    )
    mount(
        key=TREE,
        data=drawn,
        on_toggled_change=_toggled,
        on_entered_change=_entered,
        on_more_change=lambda: st.session_state.update({MORE: True}),
    )
    st.caption(
        "A plus opens a group in its place, its name shows it alone. Languages whose resources "
        "nobody has looked up count in neither share. Speakers are sums of known figures; one who "
        "speaks two languages counts twice."
    )


def asked_name(kinds: Sequence[str], need: Need) -> str:
    """What is asked about, in a few words.

    >>> asked_name(("lexicon", "tagged"), "all"), asked_name((), "any")
    ('lexicon and tagged text', 'anything')
    """
    joint = " and " if need == "all" else " or "
    return joint.join(KIND_NAMES[kind] for kind in kinds) or "anything"


def content(
    tree: Tree, top: Sequence[Mapping[str, Any]], held: set[str], asked: str
) -> dict[str, Any]:
    """What tree.js draws: the rows of a node, and those of the groups that are held open.

    Args:
        top: rows of `Tree.below`.
        held: the glottocodes of open groups.
        asked: what is asked about, in words.
    """
    columns = tree.kinds or KINDS
    headings = ["", "languages", f"with {asked}", "speakers", "share of them"]
    return {
        "caption": f"Groups and languages: how many have {asked}",
        "headings": [*headings, *(KIND_NAMES[kind] for kind in columns)],
        "rows": list(_rows(tree, top, held, columns, 0)),
    }


def _rows(
    tree: Tree,
    rows: Sequence[Mapping[str, Any]],
    held: set[str],
    columns: Sequence[str],
    depth: int,
) -> Iterator[dict[str, Any]]:
    for row in rows:
        code, is_group = row["glottocode"], row["level"] == GROUP
        is_open = is_group and code in held
        speakers, reached = row["speakers"], row["speakers_having"]
        yield {
            "code": code,
            "name": row["name"],
            "group": is_group,
            "open": is_open,
            "depth": depth,
            "languages": row["languages"],
            "having": row["having"],
            "people": NOT_A_FIGURE if speakers is None else people(speakers).removeprefix("about "),
            "reached": reached / speakers if speakers and reached is not None else None,
            "kinds": [row[kind] for kind in columns],
        }
        if is_open:
            yield from _rows(tree, tree.below(code).to_dicts(), held, columns, depth + 1)


@cache
def _script() -> str:
    return Path(__file__).with_name("tree.js").read_text("utf-8")


def _toggled() -> None:
    code = str(st.session_state[TREE]["toggled"])
    held: set[str] = st.session_state[OPEN]
    if code in held:
        held.remove(code)
    elif len(held) < MOST_OPEN:
        held.add(code)


def _entered() -> None:
    _go(str(st.session_state[TREE]["entered"]))


def _go(node: str) -> None:
    if node:
        st.query_params[NODE] = node
    else:
        st.query_params.pop(NODE, None)


def _crumbs(path: Sequence[tuple[str, str]]) -> None:
    """The way from the top to the group that is shown, each step a button."""
    if not path:
        return
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        steps = [("", "All families"), *path]
        for code, name in steps[:-1]:
            label = escape_markdown(name)
            st.button(label, key=f"crumb-{code}", type="tertiary", on_click=_go, args=(code,))
            st.html("›", width="content")
        st.html(f"<strong>{escape(steps[-1][1])}</strong>", width="content")


def _gaps(inventory: Inventory, kinds: tuple[str, ...], need: Need) -> None:
    """Where most people are without what is asked about, at any level."""
    asked = asked_name(kinds, need)
    st.subheader(f"Where most speakers are without {asked}", anchor=False)
    level = st.selectbox(
        "Groups by",
        list(LEVELS),
        format_func=lambda one: "any node of the tree" if one == SUBGROUPS else one,
        key="level",
        bind="query-params",
        width=240,
    )
    found = gaps_by_speakers(inventory.table, level, kinds, need).head(GAPS)
    rows = [
        [
            _group_name(row, level),
            number(row["languages"]),
            number(row["having"]),
            people(row["speakers"]),
            people(row["speakers_lacking"]),
            NOT_A_FIGURE
            if not row["speakers"] or row["speakers_lacking"] is None
            else f"{100 * row['speakers_lacking'] / row['speakers']:.0f} %",
        ]
        for row in found.iter_rows(named=True)
    ]
    header = ["", "languages", "that have it", "speakers", "without it", "share"]
    st.html(html_table(rows, header, numbers=range(1, 6)))
    st.caption(
        f"The {GAPS} groups with most speakers of languages without {asked}. A language with "
        "several scripts counts under each with all of its speakers."
    )


def _group_name(row: Mapping[str, Any], level: str) -> str:
    """A group's name; a node of the tree leads to it."""
    name = escape(str(row["name"]))
    if level != SUBGROUPS:
        return name
    return f'<a href="tree?node={escape(str(row["value"]))}" target="_self">{name}</a>'
