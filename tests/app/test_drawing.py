"""map.js, bars.js, table.js in Chromium, without a server: what they draw and tell."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app import charts, texts
from app import map as world
from app import table as rows
from runfolder import base_map

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
DRAW = "text => draw(new TextEncoder().encode(text))"

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
    page.evaluate(DRAW, world.content(table, table, "a map", land=False, **asked).decode())
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
    page.evaluate(DRAW, again)  # another language is marked: the same view, so nothing moves
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


def table_of(
    mounted: Callable[[str, str], Any], table: Any, view: rows.View | None = None, focus: str = ""
) -> Any:
    """A page with the table of those rows."""
    page = mounted("table.js", rows.HTML)
    page.evaluate(DRAW, rows.content(table, view or rows.View(), focus).decode())
    return page


def test_a_table_has_headings_names_and_cells(mounted: Any, table: Any) -> None:
    page = table_of(mounted, table, rows.View("speakers", descending=True), "swah1253")
    assert page.get_by_role("columnheader").count() == len(rows.COLUMNS)
    sorted_by = page.locator("[aria-sort]")
    assert (sorted_by.get_attribute("aria-sort"), sorted_by.inner_text()) == (
        "descending",
        "Speakers↓",
    )
    heading = page.get_by_role("button", name="Genus")
    assert heading.get_attribute("title").startswith("From WALS; * inferred")
    assert page.get_by_role("rowheader").first.inner_text() == "Hindi"
    assert page.get_by_role("cell", name="600,000,000", exact=True).count() == 1
    nko = page.get_by_role("row", name="N'Ko")
    assert (
        nko.get_by_role("cell", name="not known").count() == 3
    )  # countries, speakers, endangerment
    assert nko.get_by_role("cell", name="0", exact=True).count() == 8  # resources, and their class
    link = page.get_by_role("link", name="swah1253")
    assert link.get_attribute("href") == "language?lang=swah1253"
    [marked] = page.get_by_role("button", pressed=True).all()
    assert marked.get_attribute("aria-label") == "Mark Swahili on the map"


def test_a_name_in_the_table_is_text_and_runs_its_own_way(mounted: Any, table: Any) -> None:
    page = table_of(mounted, named_badly(table), rows.View("name"))
    bad = page.get_by_role("rowheader", name=NEEDLE, exact=True)
    assert (bad.inner_text(), page.locator("img, script").count()) == (NEEDLE, 0)
    found = {}
    for name in page.locator("tbody bdi").all():
        how = (name.get_attribute("lang"), name.get_attribute("dir"))
        found[name.inner_text()] = (*how, name.evaluate("one => getComputedStyle(one).direction"))
    assert found["اردو"] == ("ur", "rtl", "rtl")
    assert found["ߒߞߏ"] == ("nqo", "rtl", "rtl")
    assert found["አማርኛ"] == ("am", "ltr", "ltr")
    assert len(found) == table.height


def test_the_table_tells_what_is_pressed(
    mounted: Any, table: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "ROWS", 4)
    page = table_of(mounted, table, rows.View("glottocode", page=1), "hind1269")
    page.get_by_role("button", name="Speakers").press("Enter")
    page.get_by_role("button", name="Last", exact=True).press("Enter")
    page.get_by_role("button", name="Mark Swahili").press("Space")
    page.get_by_role("button", name="Mark Hindi").click()  # marked already
    assert page.evaluate("told") == [
        ["sorted", "speakers"],
        ["turned", "2"],
        ["marked", "swah1253"],
        ["marked", ""],
    ]
    assert page.locator("[aria-live]").inner_text() == "Rows 5–8 of 10"


def test_the_keyboard_keeps_its_place_in_the_table(
    mounted: Any, table: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "ROWS", 6)
    page = table_of(mounted, table)
    focused = "document.activeElement.name || document.activeElement.className"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # past the rows
    page.keyboard.press("Tab")
    assert page.evaluate(focused) == "turned:First"
    last = page.get_by_role("button", name="Last", exact=True)
    last.press("Enter")
    page.evaluate(DRAW, rows.content(table, rows.View("glottocode", page=1)).decode())
    assert page.evaluate(focused) == "turned:Last"
    last.press("Enter")  # there is no page after it
    assert page.evaluate("told") == [["turned", "1"]]
    region = page.get_by_role("region", name="Table of the selected languages")
    region.focus()
    for _ in range(len(rows.COLUMNS) + 1):  # the headings, then the first row
        page.keyboard.press("Tab")
    assert page.evaluate(focused) == "marked:swah1253"
