"""Language: one page a language, `?lang=sw`; facts with sources, resources, relatives, commands."""

from __future__ import annotations

import importlib.util
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import streamlit as st

from app import alike, coverage, existing, facts, kin, structure, take_away, texts
from app import map as world
from app.measured import HEADER, HEADING, NOTE, measured
from app.page import LAST, link_to, opened, say_what_is_missing
from app.results import folder
from data.errors import InputError
from data.inventory import (
    Inventory,
    find,
    row_of,
    suggestions,
)
from data.inventory.kin import nearest
from data.inventory.language import resource_rows
from data.terminal import printable

MODEL_NOTE = (
    "One shot, the first 100 sentences, a small English model beside the baselines; name a better "
    "model with --model or a server with --base-url."
)
ASKED = "language-asked"
DEFAULT = "sw"
AROUND = 45.0  # degrees that the map shows at least, so that the place is recognised


def show() -> None:
    """Draw the page of the language that the address names."""
    inventory = opened()
    say_what_is_missing(inventory)
    link_to("explore", "Back to your selection", st.session_state.get(LAST, {}))
    row = _asked(inventory)
    if row is None:
        return
    _heading(row)
    left, right = st.columns([3, 2], gap="large")
    with left:
        facts.show(inventory, row)
    with right:
        _place(inventory, row)
    existing.show(row)
    kin.show(inventory, row)
    structure.show(inventory, row)
    alike.show(inventory, row["bcp47"])
    _under_a_model(row["bcp47"])
    found = resource_rows(row)
    coverage.show(row["bcp47"], list(dict.fromkeys(existing.lexicons_with_english(found))))
    _run_next(found, row)
    take_away.language(inventory, row)


def _asked(inventory: Inventory) -> dict[str, Any] | None:
    """The row of the language in the address or in the text field; None where there is none."""
    address = st.query_params.get("lang", DEFAULT)
    if st.session_state.get(ASKED) is None or st.session_state.get("language-address") != address:
        st.session_state[ASKED] = address
    text = st.text_input(
        "Language",
        key=ASKED,
        help="Any code or name: sw, swh, swa, swah1253, Swahili, Kiswahili",
        width=420,
    ).strip()
    st.session_state["language-address"] = text
    if text != address:
        st.query_params["lang"] = text
    try:
        return row_of(inventory, find(inventory, text))
    except InputError as error:
        st.html('<h1 class="kl-title">No language of that name</h1>')
        st.error(texts.escape_markdown(str(error)))
        _near(inventory, text)
        return None


def _near(inventory: Inventory, text: str) -> None:
    """Buttons for the languages that the text may have meant.

    A link to the page that one is on would leave the address as it is.
    """
    for hit in suggestions(inventory, text):
        label = texts.escape_markdown(f"{hit.name} ({hit.code})")
        st.button(label, key=f"near-{hit.code}", on_click=_open, args=(hit.code,))


def _open(code: str) -> None:
    st.query_params["lang"] = code


def _heading(row: Mapping[str, Any]) -> None:
    st.html(f'<h1 class="kl-title">{texts.named(row["name"])}</h1>')
    if row["endonym"]:
        own = texts.named(row["endonym"], row["bcp47"] or "")
        st.html(f'<p class="kl-endonym">{own}</p>')


def _place(inventory: Inventory, row: Mapping[str, Any]) -> None:
    """A map of the language and its nearest relatives."""
    import polars as pl

    if row["latitude"] is None or row["longitude"] is None:
        st.info("Where it is spoken is not known here.")
        return
    near = nearest(inventory, row["glottocode"])["glottocode"].to_list()
    around = inventory.table.filter(pl.col("glottocode").is_in([row["glottocode"], *near]))
    world.draw(
        world.content(
            around,
            inventory.table,
            "Map of the language and its nearest relatives",
            focus=row["glottocode"],
            land=world.has_land(),
            least=AROUND,
        )
    )
    st.caption("The language, and its nearest relatives. Outlines: Natural Earth.")


def _under_a_model(tag: str | None) -> None:
    """How well a model retrieves it and what it costs, where runs have measured that."""
    rows = measured(folder()).rows(tag)
    if rows:
        st.subheader(HEADING, anchor=False)
        st.html(texts.table(rows, HEADER))
        st.caption(NOTE)


def _run_next(resources: Sequence[Mapping[str, Any]], row: Mapping[str, Any]) -> None:
    """Lines for the shell, ready to copy."""
    st.subheader("To run next", anchor=False)
    told: dict[str, list[str]] = {}
    for command in commands_for(row, resources):
        told.setdefault(command.purpose, []).append(printable(command.line))
    for purpose, lines in told.items():
        st.caption(purpose)
        st.code("\n".join(lines), language="bash", wrap_lines=True)


@dataclass(frozen=True, slots=True)
class Command:
    """A line for the shell, and what it is for."""

    line: str
    purpose: str


def commands_for(
    row: Mapping[str, Any], resources: Sequence[Mapping[str, Any]]
) -> tuple[Command, ...]:
    """The commands for a row, by the largest of each kind of its resources (`resources_of`)."""
    best: dict[str, str] = {}
    for entry in resources:
        if entry["kind"] != "lexicon" or entry["beside"] == "en":  # commands translate English
            best.setdefault(entry["kind"], entry["dataset"])
    return commands(row["bcp47"] or row["glottocode"], best, genus=row["genus"])


def commands(
    tag: str, datasets: Mapping[str, str], *, genus: str | None = None
) -> tuple[Command, ...]:
    """The commands for a language.

    Args:
        tag: its BCP-47 tag, or its glottocode where it has none.
        datasets: for each kind of resource that it has, the data set that has most of it.
    """
    return tuple(_commands(tag, datasets, genus))


def _commands(tag: str, datasets: Mapping[str, str], genus: str | None) -> Iterator[Command]:
    yield Command(_line("data.inventory", "--lang", tag), "This page's facts, with sources.")
    for name in dict.fromkeys(datasets.values()):
        fetch = _line("data.catalog", "fetch", name, "--lang", tag)
        yield Command(fetch, "Fetch and verify its files.")
    if "test_set" in datasets:
        yield Command(
            _line("icl.eval", "--lang", tag, "--shots", "1", "--limit", "100"), MODEL_NOTE
        )
    if "lexicon" in datasets and _is_there("lexaug.synthesize"):
        options = (
            "--lang",
            tag,
            "--mode",
            "mono",
            "--input",
            "sample",
            "--out",
            f"runs/mono-{tag}",
        )
        yield Command(
            _line("lexaug.synthesize", *options),
            "Text in the language out of its lexicon; --input names your own English.",
        )
    if "lexicon" not in datasets and "parallel" in datasets and _is_there("lexaug.induce"):
        yield Command(_line("lexaug.induce", "--lang", tag), "A lexicon out of its parallel text.")
    if genus and "lexicon" not in datasets:
        line = _line("data.inventory", "--genus", genus, "--has", "lexicon", "--format", "csv")
        yield Command(line, "Which languages of its genus have a lexicon.")


def _line(module: str, *arguments: str) -> str:
    return shlex.join(["python", "-m", module, *arguments])


@cache
def _is_there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False
