"""The filters of Explore in the sidebar, kept in step with the page's address."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from app.page import typology
from app.selection import ADDRESS, NO_FILTER, VIEW, Box, Filters, Line, problems
from app.texts import KIND_NAMES, country_name, escape_markdown, script_name
from data.errors import InputError
from data.inventory import ISOLATE, NONE, Inventory
from data.inventory.named_groups import group_names, groups_called
from data.resources.listed import DATA_KINDS

if TYPE_CHECKING:
    from data.typology import Typology

WRITTEN = "written"  # in the session: the address that this page wrote last
STRANGE = "strange"  # in the session: what the address that was opened held and no filter can be
OPENED = "opened"  # in the session: the filters that were made of that address
OPTIONS = "options"  # in the session: the values that can be chosen, by field
FOCUS = "focus"  # in the session: the language that was clicked
LISTS = ("family", "genus", "macroarea", "country", "script", "endangerment", "category")
CLASSES = (0, 1, 2, 3, 4, 5)

LABELS: Mapping[str, str] = {
    "family": "Family",
    "genus": "Genus",
    "macroarea": "Macroarea",
    "resource_class": "Resource class (0–5)",
    "country": "Country",
    "script": "Script",
    "endangerment": "Endangerment",
    "category": "Spoken, signed …",
}
IN_TREE = (
    "A group of Glottolog's tree may be typed as well (Romance, Bantoid), or a name that others "
    "use (Niger-Congo)."
)
GROUPS = "groups"  # all groups of Glottolog's tree, which can be asked for but are not listed
TREES = ("family", "genus")
MORE = ("macroarea", "resource_class", "endangerment", "category")
COLUMNS = {"country": "countries", "script": "scripts"}


def chosen(inventory: Inventory) -> Filters:
    """Draw the filters and return what is chosen; an address that was opened sets them first."""
    options = offered(inventory)
    st.session_state[OPTIONS] = options
    everything = {name: st.query_params.get_all(name) for name in st.query_params}
    address = {name: values for name, values in everything.items() if name not in VIEW}
    if address != st.session_state.get(WRITTEN) or _key("text") not in st.session_state:
        _set(inventory, address, options)
    with st.sidebar:
        filters = _drawn(inventory, options)
    written = filters.to_address()
    _settle_strange(inventory, filters, written)
    if impossible():  # the address stays as it is, so that it says the same when it is sent on
        st.session_state[WRITTEN] = address
        return filters
    if written != address:
        shown = {name: values for name, values in everything.items() if name in VIEW}
        st.query_params.from_dict(written | shown)
    st.session_state[WRITTEN] = written
    return filters


def _settle_strange(
    inventory: Inventory, filters: Filters, written: Mapping[str, Sequence[str]]
) -> None:
    """Forget what was wrong in an address once a filter is changed; a typed group may be none."""
    if st.session_state.get(OPENED) != written:
        st.session_state[STRANGE] = []
    unknown = [
        f"{ADDRESS[field]}: no language has “{value}”, nor is there a group of that name"
        for field in TREES
        for value in getattr(filters, field)
        if not groups_called(inventory.table, value)
    ]
    st.session_state[STRANGE] = list(dict.fromkeys([*st.session_state[STRANGE], *unknown]))


def impossible() -> list[str]:
    """Why no language can meet what is asked: values that no filter can be made of.

    A name that is no filter's is not among them: it is only told.
    """
    lines: list[str] = st.session_state.get(STRANGE, [])
    return [line for line in lines if not line.endswith(NO_FILTER)]


def leave_out_strange() -> None:
    """Go on with what can be understood."""
    st.session_state[STRANGE] = []
    st.session_state[OPENED] = None
    for field in TREES:
        known = st.session_state.get(OPTIONS, {}).get(GROUPS, ())
        chosen_now = st.session_state.get(_key(field), [])
        st.session_state[_key(field)] = [
            v for v in chosen_now if v in known or v in (ISOLATE, NONE)
        ]


def offered(inventory: Inventory) -> Mapping[str, tuple[Any, ...]]:
    """The values that can be chosen, by field; those that stand for "none" come last."""
    return _offered(inventory)


@st.cache_resource(show_spinner=False, hash_funcs={Inventory: id})
def _offered(inventory: Inventory) -> Mapping[str, tuple[Any, ...]]:
    found: dict[str, tuple[Any, ...]] = {}
    for field in LISTS:
        values = inventory.table[COLUMNS.get(field, field)]
        if field in COLUMNS:
            values = values.explode()
        found[field] = tuple(values.drop_nulls().unique().sort())
    found["family"] += (ISOLATE, NONE)
    found["genus"] += (NONE,)
    found["script"] += (NONE,)
    kinds = {"has": DATA_KINDS, "missing": DATA_KINDS}
    return {**found, "resource_class": CLASSES, **kinds, GROUPS: group_names(inventory.table)}


def _key(field: str) -> str:
    return f"filter-{field}"


def _set(
    inventory: Inventory,
    address: Mapping[str, Sequence[str]],
    options: Mapping[str, Sequence[Any]],
) -> None:
    """Set every filter to what an address says."""
    known = {field: values for field, values in options.items() if field != GROUPS}
    asked = Filters.from_address(address)
    trees = {
        field: [v for v in getattr(asked, field) if groups_called(inventory.table, v)]
        for field in TREES
    }
    filters, unknown = asked.offered({**known, **trees})
    st.session_state[STRANGE] = [*problems(address), *unknown]
    st.session_state[OPENED] = filters.to_address()
    for field in ADDRESS:
        value = getattr(filters, field)
        is_list = field in options or field == "wals"
        st.session_state[_key(field)] = list(value) if is_list else value
    for field in ("box", "line"):
        part = getattr(filters, field)
        st.session_state[_key(field)] = str(part) if part else ""
    st.session_state[_key("typology")] = bool(filters.wals)
    st.session_state[FOCUS] = filters.focus


def _drawn(inventory: Inventory, options: Mapping[str, Sequence[Any]]) -> Filters:
    """The widgets, in the order in which linguists tend to ask."""
    values: dict[str, Any] = {"text": _text()}
    for field in TREES:
        values[field] = _several(field, LABELS[field], options)
    values["country"] = _several("country", LABELS["country"], options, country_name)
    values["script"] = _several("script", LABELS["script"], options, script_name)
    values["has"] = _several("has", "Has", options, KIND_NAMES.__getitem__)
    values["missing"] = _several("missing", "Lacks", options, KIND_NAMES.__getitem__)
    values |= _more(inventory, options)
    values["line"] = _line()
    st.button("Clear all filters", on_click=clear, width="stretch", icon=":material/close:")
    return Filters(**values, focus=st.session_state.get(FOCUS, ""))


def _more(inventory: Inventory, options: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
    """The filters that are asked less often: drawn once they are opened, or while one is set.

    Each list takes a browser 25 ms or more to draw, and a first page has enough of them.
    """
    names = (*MORE, "typology", "box")
    is_set = any(st.session_state.get(_key(name)) for name in names)
    more = st.expander("More filters", expanded=is_set, key=_key("more"), on_change="rerun")
    if not more.open and not is_set:
        return {}
    with more:
        found: dict[str, Any] = {field: _several(field, LABELS[field], options) for field in MORE}
        return {**found, "wals": _features(inventory), "box": _box()}


def _text() -> str:
    return st.text_input(
        "Name or code",
        key=_key("text"),
        placeholder="kiswahili, swh, ngambay …",
        help="Names in English and in the language itself, and codes; case and diacritics do "
        "not count.",
    ).strip()


def _several(
    field: str,
    label: str,
    options: Mapping[str, Sequence[Any]],
    name: Callable[[Any], str] = str,
) -> tuple[Any, ...]:
    in_tree = field in TREES
    typed = [v for v in st.session_state.get(_key(field), []) if v not in options[field]]
    found = st.multiselect(
        label,
        [*options[field], *typed],
        format_func=name,
        key=_key(field),
        placeholder="any",
        help=IN_TREE if in_tree else None,
        accept_new_options=in_tree,
        select_all=False,
    )
    return tuple(found)


def _features(inventory: Inventory) -> tuple[str, ...]:
    """Values of WALS's features; the atlas is read when it is asked for."""
    key = _key("wals")
    st.session_state.setdefault(key, [])
    if not st.toggle(
        "Typology (WALS)", key=_key("typology"), help="192 features of 2,490 languages"
    ):
        return ()
    known = typology(inventory)
    if known is None:
        return ()
    kept = list(_known_values(known, st.session_state[key]))
    st.session_state[key] = kept
    feature = st.selectbox(
        "Feature",
        known.features,
        index=None,
        format_func=lambda name: f"{name} {known.features[name].name}",
        placeholder="choose one",
        key=_key("feature"),
    )
    of_feature = [f"{feature}-{at}" for at in known.features[feature].names] if feature else []

    def named(code: str) -> str:
        which, number = known.value_of(code)
        return f"{which} {known.features[which].names[number]}"

    found = st.multiselect(
        "Values",
        list(dict.fromkeys([*of_feature, *kept])),
        key=key,
        format_func=named,
        placeholder="any" if feature else "choose a feature first",
        select_all=False,
    )
    return tuple(found)


def _known_values(known: Typology, codes: Iterable[str]) -> Iterator[str]:
    """The values that the atlas has; of others the page says that it has none."""
    for code in codes:
        try:
            known.value_of(code)
        except InputError as error:
            st.warning(escape_markdown(str(error)))
        else:
            yield code


def _line() -> Line | None:
    """A line that was drawn on the map; it can be taken away."""
    text = st.session_state.get(_key("line"), "")
    line = Line.parse(text) if text else None
    if line is not None:
        st.caption(f"Inside a line of {len(line)} corners, drawn on the map.")
        st.button("Take the line away", on_click=draw_line, args=("",), width="stretch")
    return line


def _box() -> Box | None:
    text = st.text_input(
        "Part of the map",
        key=_key("box"),
        placeholder="west,south,east,north",
        help="Degrees, such as 8,-6,32,13. Shift and a drag on the map fill this in.",
    ).strip()
    box = Box.parse(text) if text else None
    if text and box is None:
        st.warning("Expected west,south,east,north in degrees, such as 8,-6,32,13.")
    return box


def clear() -> None:
    """Take every filter away."""
    empty = Filters()
    for field in ADDRESS:
        value = getattr(empty, field)
        st.session_state[_key(field)] = [] if value == () else value or ""
    st.session_state[STRANGE] = []
    st.session_state[FOCUS] = ""


def toggle(field: str, value: Any) -> None:
    """Add a value to a filter, or take it away where it is chosen already."""
    now = list(st.session_state.get(_key(field), []))
    kept = [v for v in now if v != value]
    st.session_state[_key(field)] = kept if len(kept) < len(now) else [*now, value]


def draw_line(line: Line | str) -> None:
    """Set or take away the line round a part of the map."""
    st.session_state[_key("line")] = str(line)


def draw_box(box: Box) -> None:
    """Set the part of the map."""
    st.session_state[_key("box")] = str(box)


def set_focus(glottocode: str) -> None:
    """Mark one language."""
    st.session_state[FOCUS] = glottocode
