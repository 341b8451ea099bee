"""map.js and bars.js in Chromium, without a server: what they draw and tell; names are text."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app import base_map, charts, texts
from app import map as world

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FOLDER = Path(world.__file__).parent
NEEDLE = "<img src=x onerror=alert(1)> & [x](http://y)"
SIZE = {"width": 1000, "height": 700}
# Puts a component on the page as Streamlit does; `draw(data)` is what it calls for each new data.
MOUNT = """async ({script, html, style}) => {
    document.body.innerHTML = `${style}<div id="place">${html}</div>`;
    const url = URL.createObjectURL(new Blob([script], {type: 'text/javascript'}));
    const component = (await import(url)).default;
    window.told = [];
    const setTriggerValue = (event, value) => told.push([event, value]);
    const parentElement = document.querySelector('#place');
    window.draw = data => component({data, parentElement, setTriggerValue});
}"""
DRAW_MAP = "text => draw(new TextEncoder().encode(text))"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium"),
]


@pytest.fixture
def mounted() -> Iterator[Callable[[str, str], Any]]:
    """A function that gives a page with one component on it, of that script and HTML."""
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    with playwright.sync_playwright() as engine:
        browser = engine.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )

        def mount(script: str, html: str) -> Any:
            page = browser.new_page(viewport=SIZE)
            page.on("dialog", lambda dialog: pytest.fail(f"ran: {dialog.message}"))
            text = (FOLDER / script).read_text("utf-8")
            page.evaluate(MOUNT, {"script": text, "html": html, "style": texts.STYLE})
            return page

        yield mount
        browser.close()


def named_badly(table: Any) -> Any:
    """The table with markup as the name of Zulu and of its family."""
    import polars as pl

    zulu = pl.col("glottocode") == "zulu1248"
    return table.with_columns(
        pl.when(zulu).then(pl.lit(NEEDLE)).otherwise(column).alias(column)
        for column in ("name", "family")
    )


def map_of(mounted: Callable[[str, str], Any], table: Any, **asked: Any) -> tuple[Any, Any]:
    """A page with the map of a table, and its canvas."""
    page = mounted("map.js", world.HTML)
    page.evaluate(DRAW_MAP, world.content(table, table, "a map", land=False, **asked).decode())
    page.wait_for_function("document.querySelector('canvas').dataset.drawn")
    return page, page.locator("canvas")


def pixels(canvas: Any, table: Any, glottocode: str) -> dict[str, float]:
    """Where on the canvas a language stands: the scale is the same both ways."""
    [row] = [row for row in table.iter_rows(named=True) if row["glottocode"] == glottocode]
    west, east, middle = world.view(None, world.points(table))
    box = canvas.bounding_box()
    scale = box["width"] / (east - west)
    north = base_map.northing(row["latitude"]) - middle
    return {"x": (row["longitude"] - west) * scale, "y": box["height"] / 2 - north * scale}


def test_a_click_tells_the_language(mounted: Any, table: Any) -> None:
    page, canvas = map_of(mounted, table)
    canvas.click(position=pixels(canvas, table, "swah1253"))
    canvas.click(position={"x": 5, "y": 5})  # where there is none
    assert page.evaluate("told") == [["picked", "swah1253"]]
    assert canvas.get_attribute("aria-label") == "a map"


def test_a_name_on_the_map_is_text(mounted: Any, table: Any) -> None:
    table = named_badly(table)
    page, canvas = map_of(mounted, table)
    canvas.hover(position=pixels(canvas, table, "zulu1248"))
    assert page.locator(".kl-tip").inner_text() == f"{NEEDLE} ({NEEDLE})"
    assert NEEDLE in page.locator(".kl-legend").inner_text()
    assert page.locator("img").count() == 0


def test_a_box_is_told_in_degrees(mounted: Any, table: Any) -> None:
    page, canvas = map_of(mounted, table)
    box, zulu = canvas.bounding_box(), pixels(canvas, table, "zulu1248")
    swahili = pixels(canvas, table, "swah1253")
    page.keyboard.down("Shift")
    page.mouse.move(box["x"] + zulu["x"], box["y"] + zulu["y"])
    page.mouse.down()
    page.mouse.move(box["x"] + swahili["x"], box["y"] + swahili["y"])
    page.mouse.up()
    [[event, drawn]] = page.evaluate("told")
    assert event == "drawn"
    west, south, east, north = world.drawn_box(drawn["x"], drawn["y"])
    assert (west, south) == pytest.approx((31.35, -25.33), abs=0.5)
    assert (east, north) == pytest.approx((37.62, -8.26), abs=0.5)


def test_the_map_moves_by_keyboard_and_stays_where_it_is(mounted: Any, table: Any) -> None:
    page, canvas = map_of(mounted, table)
    place = pixels(canvas, table, "swah1253")
    canvas.press("ArrowRight")
    again = world.content(table, table, "a map", land=False, focus="zulu1248").decode()
    page.evaluate(DRAW_MAP, again)  # another language is marked: the same view, so nothing moves
    canvas.click(position=place)
    assert page.evaluate("told") == []
    canvas.press("0")
    canvas.click(position=place)
    assert page.evaluate("told") == [["picked", "swah1253"]]


def test_bars_are_buttons(mounted: Any, table: Any) -> None:
    from data.inventory import counts

    counted = counts(named_badly(table), "family")
    drawn = [charts.bars("family", "Families: 7", counted, ["Indo-European"])]
    page = mounted("bars.js", charts.HTML)
    page.evaluate("data => draw(data)", drawn)
    assert page.get_by_role("region", name="Families: 7").get_by_role("button").count() == 9
    [chosen] = page.get_by_role("button", pressed=True).all()
    assert "Indo-European" in chosen.inner_text()
    assert page.locator("img").count() == 0
    bar = page.get_by_role("button", name=NEEDLE)
    bar.press("Enter")
    page.evaluate("data => draw(data)", drawn)
    assert bar.evaluate("bar => bar === document.activeElement"), "the keyboard lost its place"
    bar.press("Space")
    clicked = ["clicked", {"field": "family", "value": NEEDLE}]
    assert page.evaluate("told") == [clicked, clicked]
