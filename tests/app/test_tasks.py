"""Twelve things that a linguist does (docs/LINGUISTS.md), in Chromium, by keyboard alone.

    pytest -m slow tests/app/test_tasks.py

Each at 1440 pixels, on a phone's 390 and on a dark page: no page scrolls sideways, nothing fails,
nothing is asked of another machine. Screenshots go to runs/screenshots/. `KILOLINGUA_AXE` names
axe.min.js (`npm pack axe-core`): no page then has a serious fault that an empty one has not.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from data.access import Access

ROOT = Path(__file__).parents[2]
SCREENSHOTS = ROOT / "runs" / "screenshots"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
AXE = os.environ.get("KILOLINGUA_AXE", "")
SECONDS = 90
MODES = {"wide": (1440, 1000, "light"), "phone": (390, 844, "light"), "dark": (1440, 1000, "dark")}
ZOOMED = (720, 500)  # a page of 1440 pixels at 200 %
REFUSE = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost"
IDLE = '[data-testid="stApp"][data-test-script-state="notRunning"]'
OVER = """() => [...document.querySelectorAll('[data-testid=stMain]')]
    .map(main => main.scrollWidth - main.clientWidth).filter(over => over > 1)"""
SERIOUS = """axe.run(document, {resultTypes: ['violations']}).then(found => found.violations
    .filter(one => ['serious', 'critical'].includes(one.impact))
    .map(one => `${one.id}: ${one.nodes[0].html.slice(0, 120)}`))"""
PAGES = ("", "language?lang=sw", "compare", "tree?node=indo1319", "gaps", "results", "try")
MDF = b"\\_sh v3.0 MDF\n\n\\lx mtoto\n\\ps n\n\\ge child\n\n\\lx shule\n\\ps n\n\\ge school\n"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium"),
]


@contextmanager
def served(script: str, *, log: Path) -> Iterator[str]:
    """A Streamlit server of a script, on a free port; its address."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    options = ["--server.port", str(port), "--server.address", "localhost"]
    with open(log, "wb") as written:
        server = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", script, *options, "--", "--offline"],
            cwd=ROOT,
            stdout=written,
            stderr=written,
        )
    try:
        end = time.monotonic() + SECONDS
        while server.poll() is None and time.monotonic() < end:
            try:
                with urllib.request.urlopen(f"http://localhost:{port}/_stcore/health", timeout=1):
                    break
            except OSError:
                time.sleep(0.1)
        yield f"http://localhost:{port}"
    finally:
        server.terminate()
        server.wait(SECONDS)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app as a user starts it, offline; one for all tasks."""
    with served("app/main.py", log=tmp_path_factory.mktemp("app") / "log") as found:
        yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """One browser for all tasks, which reaches this machine alone."""
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    with playwright.sync_playwright() as engine:
        found = engine.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", REFUSE]
        )
        yield found
        found.close()


@pytest.fixture(scope="module")
def inventory() -> Any:
    """The inventory that the app shows; the tasks need the real one."""
    from data.inventory import load_inventory

    found = load_inventory(access=Access(offline=True))
    if found.builtin:
        pytest.skip("needs the real data: set KILOLINGUA_MIRROR to a mirror of the catalog")
    return found


@pytest.fixture(params=MODES)
def page(request: pytest.FixtureRequest, browser: Any, address: str) -> Iterator[Any]:
    """A page of one of MODES; afterwards nothing of it may be wrong."""
    wide, high, colours = MODES[request.param]
    context = browser.new_context(
        viewport={"width": wide, "height": high}, color_scheme=colours, accept_downloads=True
    )
    page = context.new_page()
    page.set_default_timeout(SECONDS * 1000)
    page.mode, page.outside = request.param, []
    page.route("**/*", lambda route: _pass_on(route, page.outside, address))
    yield page
    settled(page)
    name = request.node.name.partition("[")[0].removeprefix("test_")
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"task-{name}-{page.mode}.png")
    wrong = page.locator('[data-testid="stException"]').count(), page.evaluate(OVER), page.outside
    context.close()
    assert wrong == (0, [], [])


def _pass_on(route: Any, outside: list[str], address: str) -> None:
    if route.request.url.startswith((f"{address}/", "data:", "blob:")):
        route.continue_()
    else:
        outside.append(route.request.url)
        route.abort()


def settled(page: Any) -> None:
    """Wait until the server has nothing to do and the charts are drawn."""
    page.wait_for_selector(IDLE)
    page.wait_for_function("!document.querySelector('[data-testid=stSkeleton]')")


def opened(page: Any, address: str, path: str) -> None:
    page.goto(f"{address}/{path}")
    page.get_by_role("heading", level=1).wait_for()
    settled(page)


def filters(page: Any) -> None:
    """The filters: on a phone behind a button."""
    button = page.get_by_test_id("stExpandSidebarButton")
    if page.mode == "phone":
        button.press("Enter")


def choose(page: Any, label: str, text: str, *, several: bool = True) -> None:
    """Choose from a list as the keyboard does: type, then Enter.

    A list of which several can be chosen stays open; Escape closes it, and would empty another.
    """
    box = page.get_by_role("combobox", name=label, exact=False).first
    box.focus()
    page.keyboard.type(text)
    page.keyboard.press("Enter")
    if several:
        page.keyboard.press("Escape")
    settled(page)


def write(page: Any, label: str, text: str) -> None:
    field = page.get_by_label(label, exact=True).first
    field.focus()
    page.keyboard.press("Control+a")
    page.keyboard.type(text)
    page.keyboard.press("Enter")
    settled(page)


def count_shown(page: Any, expected: int) -> None:
    from app.texts import quantity

    page.get_by_text(f"{quantity(expected, 'language')} shown of").wait_for()


def test_find_a_language_by_a_misspelt_name(page: Any, address: str, inventory: Any) -> None:
    opened(page, address, "language?lang=swahilli")
    page.get_by_role("button", name="Swahili").first.press("Enter")
    page.get_by_role("heading", level=1, name="Swahili").wait_for()
    page.wait_for_url("**lang=sw**")
    write(page, "Language", "zu-ZA")
    page.get_by_role("heading", level=1, name="Zulu").wait_for()


def test_filter_by_genus_script_and_what_is_missing(
    page: Any, address: str, inventory: Any
) -> None:
    from data.inventory import select

    opened(page, address, "")
    filters(page)
    for label, text, asked in (
        ("Genus", "Bantu", "genus=Bantu"),
        ("Script", "Latn", "script=Latn"),
        ("Lacks", "lexicon", "lacks=lexicon"),
    ):
        choose(page, label, text)
        page.wait_for_url(f"**{asked}**")
        settled(page)
    expected = select(inventory.table, genus="Bantu", script="Latn", missing="lexicon")
    count_shown(page, expected.height)
    page.wait_for_url("**genus=Bantu**lacks=lexicon**")


def test_filter_by_structure(page: Any, address: str, inventory: Any) -> None:
    from data.inventory import counted
    from data.typology import load_typology

    typology = load_typology(inventory, access=Access(offline=True))
    opened(page, address, "")
    filters(page)
    page.locator("summary", has_text="More filters").press("Enter")
    page.get_by_label("Typology (WALS)").first.press("Space")
    settled(page)
    choose(page, "Feature", "81A Order of Subject", several=False)
    page.get_by_role("combobox", name="Values").wait_for()
    choose(page, "Values", "81A VSO")
    wanted = typology.matching(["81A-3"])
    shown = counted(inventory.table)["glottocode"].is_in(list(wanted)).sum()
    count_shown(page, int(shown))
    page.wait_for_url("**wals=81A-3**")


def test_colour_the_map(page: Any, address: str, inventory: Any) -> None:
    opened(page, address, "?genus=Bantu")
    choose(page, "Colours of the map", "Resource class", several=False)
    page.wait_for_url("**colour=class**")
    legend = page.locator(".kl-legend")
    legend.get_by_text("Resource class").wait_for()
    page.reload()
    legend.get_by_text("Resource class").wait_for()


def test_sort_the_table_and_send_the_address(page: Any, address: str, inventory: Any) -> None:
    from app.table import ROWS, View, ordered
    from data.inventory import counted

    opened(page, address, "")
    rows = page.locator(".kl-rows")
    if page.mode == "phone":
        rows.get_by_label("Sort by").select_option("speakers")
    else:
        rows.get_by_role("button", name="Speakers").press("Enter")
    page.wait_for_url("**sort=-speakers**")
    rows.get_by_role("button", name="Next", exact=True).press("Enter")
    page.wait_for_url("**page=2**")
    page.reload()
    rows.get_by_text(f"Rows {ROWS + 1}–").wait_for()
    whole = ordered(counted(inventory.table), View("speakers", descending=True))
    expected = whole["name"].to_list()[ROWS]
    assert rows.locator("tbody th").first.inner_text() == expected


def test_compare_three_languages(page: Any, address: str, inventory: Any) -> None:
    from data.inventory.compare import compare

    opened(page, address, "compare?lang=sw&lang=yo")
    write(page, "Add a language", "zu")
    page.wait_for_url("**lang=zu**")
    pair = compare(inventory, ["swah1253", "zulu1248"]).pairs[0]
    page.get_by_text(pair.group, exact=True).first.wait_for()
    page.get_by_text("Structure, as WALS has it").wait_for()


def test_find_a_gap(page: Any, address: str, inventory: Any) -> None:
    opened(page, address, "gaps")
    cell = page.locator(".kl-heat button", has_text=re.compile(r"^[1-9]\d* of")).first
    cell.press("Enter")
    page.get_by_text(re.compile("Lack it")).wait_for()


def test_open_a_node_of_the_tree(page: Any, address: str, inventory: Any) -> None:
    from data.inventory.tree import Tree

    opened(page, address, "tree")
    below = Tree(inventory.table).below("atla1278")
    page.get_by_role("button", name="Open Atlantic-Congo").press("Enter")
    page.get_by_role("button", name="Close Atlantic-Congo").wait_for()
    for name in below["name"].head(3):
        page.locator(".kl-tree bdi", has_text=name).first.wait_for()
    page.get_by_role("button", name="Atlantic-Congo", exact=True).press("Enter")
    page.wait_for_url("**node=atla1278**")
    page.get_by_role("button", name="All families").wait_for()


def test_find_who_could_lend(page: Any, address: str, inventory: Any) -> None:
    from data.inventory.kin import lenders

    first = lenders(inventory, "beja1238")["lexicon"][0]
    opened(page, address, "language?lang=beja1238")
    page.get_by_text("Who could lend what it lacks").wait_for()
    page.locator(".kl-table a", has_text=str(first["name"])).first.press("Enter")
    page.wait_for_url(f"**lang={first['glottocode']}")


def test_take_a_selection_away(page: Any, address: str, inventory: Any, tmp_path: Path) -> None:
    from data.inventory import export_csv, select

    opened(page, address, "?genus=Bantu&has=lexicon")
    page.get_by_label("For Excel").first.press("Space")
    settled(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV:").press("Enter")
    download.value.save_as(tmp_path / "languages.csv")
    expected = export_csv(select(inventory.table, genus="Bantu", has="lexicon"), bom=True)
    assert (tmp_path / "languages.csv").read_bytes().decode("utf-8") == expected


@pytest.mark.parametrize("form", ["SVG", "PNG"])
def test_take_the_map_away(
    page: Any, address: str, inventory: Any, tmp_path: Path, form: str
) -> None:
    opened(page, address, "?genus=Bantu")
    page.locator("canvas[data-drawn]").wait_for()
    with page.expect_download() as download:
        page.get_by_role("button", name=f"Save the figure as {form}").press("Enter")
    download.value.save_as(tmp_path / "figure")
    content = (tmp_path / "figure").read_bytes()
    if form == "PNG":
        assert content.startswith(b"\x89PNG")
    else:
        text = content.decode("utf-8")
        assert text.startswith("<svg")
        assert "<title>Swahili</title>" in text
        assert "Sources: Glottolog 5.1" in text


def test_try_your_own_lexicon(page: Any, address: str, tmp_path: Path) -> None:
    path = tmp_path / "kamusi.db"
    path.write_bytes(MDF)
    opened(page, address, "try")
    page.get_by_role("tab", name="Your own lexicon").press("Enter")
    page.locator("input[type=file]").set_input_files(path)
    page.get_by_text("2 entries").wait_for()
    page.locator("mark", has_text="shule").first.wait_for()


@pytest.mark.skipif(not AXE, reason="set KILOLINGUA_AXE to axe.min.js: npm pack axe-core")
def test_nothing_stands_in_a_readers_way(
    page: Any, address: str, browser: Any, tmp_path: Path
) -> None:
    """No serious fault of axe-core that an empty Streamlit page does not have."""
    axe = Path(AXE).read_text("utf-8")
    empty = tmp_path / "empty.py"
    empty.write_text("import streamlit as st\nst.title('hello')\n", "utf-8")

    def faults(one: Any) -> set[str]:
        one.evaluate(axe)
        return set(one.evaluate(SERIOUS))

    with served(str(empty), log=tmp_path / "log") as beside:
        other = browser.new_page()
        other.goto(beside)
        other.get_by_role("heading", level=1).wait_for()
        known = {fault.partition(":")[0] for fault in faults(other)}
        other.close()
    for path in PAGES:
        opened(page, address, path)
        page.wait_for_timeout(500)  # what fades in has no contrast yet
        new = {fault for fault in faults(page) if fault.partition(":")[0] not in known}
        assert new == set(), path


def test_no_page_scrolls_sideways_at_200_percent(
    browser: Any, address: str, inventory: Any
) -> None:
    wide, high = ZOOMED
    page = browser.new_page(viewport={"width": wide, "height": high}, device_scale_factor=2)
    page.set_default_timeout(SECONDS * 1000)
    for path in PAGES:
        opened(page, address, path)
        assert page.evaluate(OVER) == [], path
    page.close()


def test_an_address_holds_what_is_chosen(page: Any, address: str, inventory: Any) -> None:
    opened(page, address, "tree?kind=lexicon&kind=tagged%20text&need=all%20of%20them&level=genus")
    page.get_by_text("Where most speakers are without lexicon and tagged text").wait_for()
    page.reload()
    page.get_by_text("Where most speakers are without lexicon and tagged text").wait_for()
