"""The app in headless Chromium, by keyboard, with every network but this machine refused.

Screenshots go to runs/screenshots/, where CI keeps them.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.texts import quantity
from data.access import Access

ROOT = Path(__file__).parents[2]
SCREENSHOTS = ROOT / "runs" / "screenshots"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
SECONDS = 60
REFUSE = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium"),
]


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """The app as a user starts it, offline, on a free port."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    options = ["--server.port", str(port), "--server.address", "localhost"]
    with open(tmp_path / "streamlit.log", "wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", "app/main.py", *options, "--", "--offline"],
            cwd=ROOT,
            stdout=log,
            stderr=log,
        )
    try:
        _wait(f"http://localhost:{port}/_stcore/health", server)
        yield f"http://localhost:{port}"
    finally:
        server.terminate()
        server.wait(SECONDS)


def _wait(address: str, server: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + SECONDS
    while server.poll() is None and time.monotonic() < end:
        try:
            with urllib.request.urlopen(address, timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    pytest.fail("streamlit did not start")


@pytest.fixture
def page(address: str) -> Iterator[Any]:
    """A page whose requests to elsewhere fail and are written down in `page.outside`."""
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    with playwright.sync_playwright() as engine:
        browser = engine.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", REFUSE]
        )
        page = browser.new_page(viewport={"width": 1440, "height": 1500}, accept_downloads=True)
        page.set_default_timeout(SECONDS * 1000)
        page.outside = []
        page.route("**/*", lambda route: _pass_on(route, page.outside, address))
        yield page
        browser.close()


def _pass_on(route: Any, outside: list[str], address: str) -> None:
    here = (f"{address}/", "data:", "blob:")
    if route.request.url.startswith(here):
        route.continue_()
    else:
        outside.append(route.request.url)
        route.abort()


def _settled(page: Any) -> None:
    """Wait until the server has nothing to do and the charts are drawn."""
    page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]')
    page.wait_for_function("!document.querySelector('[data-testid=stSkeleton]')")


def _screenshot(page: Any, name: str) -> None:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png")


def test_from_a_genus_to_a_language_by_keyboard(page: Any, address: str, tmp_path: Path) -> None:
    from data.inventory import export_csv, find, load_inventory, row_of, select

    inventory = load_inventory(access=Access(offline=True))
    swahili = row_of(inventory, find(inventory, "sw"))
    expected = select(inventory.table, genus=swahili["genus"])

    page.goto(address)
    page.get_by_role("status").get_by_text("languages shown of").wait_for()
    _settled(page)
    _screenshot(page, "explore")

    genus = page.get_by_role("combobox", name="Genus")
    genus.focus()
    page.keyboard.type(swahili["genus"])
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")  # the list of genera stays open for another one
    page.wait_for_url(f"**genus={swahili['genus']}**")
    page.get_by_text(f"{quantity(expected.height, 'language')} shown of").wait_for()
    _settled(page)

    with page.expect_download() as download:
        page.get_by_role("button", name="CSV:").press("Enter")
    saved = tmp_path / "languages.csv"
    download.value.save_as(saved)
    assert saved.read_bytes().decode("utf-8") == export_csv(expected)

    mark = page.get_by_role("combobox", name="Mark a language")
    mark.focus()
    page.keyboard.type("Swahili (swah")
    page.keyboard.press("Enter")
    page.wait_for_url("**focus=swah1253**")
    _settled(page)
    _screenshot(page, "genus")
    page.get_by_role("link", name="Open its page").press("Enter")
    page.wait_for_url("**/language?lang=swah1253")
    assert page.get_by_role("heading", level=1).inner_text() == swahili["name"]
    _settled(page)
    _screenshot(page, "language")
    assert page.outside == []


def test_a_click_on_a_bar_and_on_the_map(page: Any, address: str) -> None:
    from data.inventory import find, load_inventory, row_of

    swahili = row_of(
        inventory := load_inventory(access=Access(offline=True)), find(inventory, "sw")
    )
    page.goto(address)
    bar = page.get_by_role("button", name=swahili["family"])
    bar.press("Enter")
    page.wait_for_url(f"**family={swahili['family']}**")
    page.locator(".kl-bar[aria-pressed=true]").wait_for()
    if swahili["latitude"] is None:
        return  # the built-in table has no coordinates
    page.goto(f"{address}/?q=swah1253")
    page.locator("canvas[data-drawn='1']").click()  # one language: it stands in the middle
    page.wait_for_url("**focus=swah1253**")
    page.get_by_role("button", name="Unmark").press("Enter")
    page.wait_for_url(lambda url: "focus" not in url)


def test_the_table_sorts_turns_and_marks_by_keyboard(page: Any, address: str) -> None:
    from app.table import ROWS, View, ordered
    from data.inventory import counted, load_inventory

    table = counted(load_inventory(access=Access(offline=True)).table)
    expected = ordered(table, View("name", descending=True))["name"].to_list()
    page.goto(address)
    rows = page.locator(".kl-rows")
    rows.get_by_role("rowheader").first.wait_for()
    assert (
        rows.get_by_role("rowheader").all_inner_texts()
        == ordered(table, View())["name"].to_list()[:ROWS]
    )
    for order in ("ascending", "descending"):
        rows.get_by_role("button", name="Name", exact=True).press("Enter")
        rows.locator(f"[aria-sort={order}]").wait_for()
    assert rows.get_by_role("rowheader").all_inner_texts() == expected[:ROWS]
    rows.get_by_role("button", name="Last", exact=True).press("Enter")
    total = f"{len(expected):,}"
    rows.get_by_text(f"–{total} of {total}").wait_for()
    assert rows.get_by_role("rowheader").last.inner_text() == expected[-1]
    rows.get_by_role("button", name=f"Mark {expected[-1]} on the map").press("Enter")
    page.wait_for_url("**focus=**")
    rows.get_by_role("button", pressed=True).wait_for()
    page.get_by_role("link", name="Open its page").wait_for()
    _settled(page)
    _screenshot(page, "table")
    assert rows.get_by_role("rowheader").last.inner_text() == expected[-1]
    assert page.outside == []


def test_a_link_opens_the_same_view(page: Any, address: str) -> None:
    page.goto(f"{address}/?script=Arab&q=urdu")
    page.get_by_text("1 language shown of").wait_for()
    _settled(page)
    page.goto(f"{address}/?lang=ur")
    page.wait_for_url("**/language?lang=ur")
    assert page.get_by_role("heading", level=1).inner_text() == "Urdu"
    page.goto(f"{address}/gaps")
    page.get_by_role("heading", level=1).wait_for()
    page.locator(".kl-heat button").first.wait_for()
    _settled(page)
    _screenshot(page, "gaps")
    assert page.outside == []


def test_names_from_the_right(page: Any, address: str) -> None:
    """What a name's own script settles, whatever runs beside it."""
    from data.inventory import find, load_inventory, row_of

    inventory = load_inventory(access=Access(offline=True))
    endonym = row_of(inventory, find(inventory, "ur"))["endonym"]
    if not endonym:
        pytest.skip("the built-in table has no endonyms: set KILOLINGUA_MIRROR")
    page.goto(f"{address}/language?lang=ur")
    name = page.locator(".kl-endonym bdi")
    name.wait_for()
    assert name.inner_text() == endonym
    assert name.evaluate("element => getComputedStyle(element).direction") == "rtl"


@pytest.mark.skipif(os.environ.get("CI") is None, reason="fonts are CI's matter, or your own")
def test_scripts_have_glyphs(page: Any, address: str) -> None:
    """No script falls to the box of a missing glyph; `fonts-noto-core` has them all."""
    if not any(Path("/usr/share/fonts").rglob("NotoSansKhmer*")):
        pytest.skip("needs the fonts: apt-get install fonts-noto-core")
    page.goto(address)
    page.get_by_role("status").wait_for()
    width = """text => {
        const canvas = document.createElement('canvas').getContext('2d');
        canvas.font = `40px ${getComputedStyle(document.querySelector('.stApp')).fontFamily}`;
        return canvas.measureText(text).width;
    }"""
    missing = page.evaluate(width, "\U0010fffd")
    for letters in ("ا", "ह", "አ", "ߒ", "ខ"):
        assert page.evaluate(width, letters) != missing, letters
