"""The atlas: what it shows is what the app shows, and its pages lead to one another."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app import facts
from app.atlas import changes, groups, language
from app.atlas.__main__ import main
from app.atlas.build import Built, build
from app.atlas.maps import Places
from app.atlas.page import LIMIT, Page, Section, lay, part, script_json, written
from app.atlas.site import MANIFEST, Site, broken_links
from app.measured import Measured, measured
from data.access import Access
from data.errors import InputError
from data.inventory import export_csv, load_inventory
from data.inventory.search import search
from data.typology import Feature, Typology, Value
from tests.app.atlas_pages import missing_rows, rows_of

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
HEADINGS = tuple(facts.FACTS.values())


@pytest.fixture(autouse=True)
def no_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither WALS nor Glottolog is at hand: reading them takes seconds."""
    monkeypatch.delenv("KILOLINGUA_MIRROR", raising=False)
    monkeypatch.setenv("KILOLINGUA_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("app.atlas.build.ACCESS", Access(offline=True))


@pytest.fixture
def site(inventory: Any, tmp_path: Path) -> Path:
    """The atlas of the small inventory."""
    build(tmp_path / "site", inventory)
    return tmp_path / "site"


def _files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_every_language_has_its_page_and_data(site: Path, inventory: Any) -> None:
    for code in inventory.table["glottocode"]:
        page = site / "language" / f"{code}.html"
        assert page.read_text("utf-8").startswith("<!doctype html>")
        own = inventory.table.filter(inventory.table["glottocode"] == code)
        assert (page.with_suffix(".csv")).read_bytes().decode() == export_csv(own)
        assert json.loads((site / "sources.json").read_text("utf-8"))["hand-1"]["version"] == "1"
        [stored] = json.loads(page.with_suffix(".json").read_text("utf-8"))["languages"]
        assert stored["glottocode"] == code
    with open(site / "index.csv", encoding="utf-8", newline="") as lines:
        assert len(list(csv.DictReader(lines))) == inventory.table.height


def test_what_it_shows_is_what_the_app_shows(
    site: Path, inventory: Any, run_page: Callable[..., Any]
) -> None:
    for code in inventory.table["glottocode"]:
        test = run_page("language", lang=code)
        app = "\n".join(element.proto.body for element in test.get("html"))
        atlas = (site / "language" / f"{code}.html").read_text("utf-8")
        assert len(rows_of(app)) > 10
        assert missing_rows(app, atlas, HEADINGS) == []


def test_no_link_is_broken(site: Path) -> None:
    assert list(broken_links(site)) == []
    (site / "family" / "isolates.html").unlink()
    assert any("isolates" in line for line in broken_links(site))


def test_the_same_inventory_gives_the_same_bytes(
    site: Path, inventory: Any, tmp_path: Path
) -> None:
    before = _files(site)
    build(tmp_path / "other", inventory)
    assert _files(tmp_path / "other") == before
    times = {path: path.stat().st_mtime_ns for path in site.rglob("*.html")}
    build(site, inventory)
    assert {path: path.stat().st_mtime_ns for path in site.rglob("*.html")} == times


def test_a_part_of_the_languages_leads_to_no_others(inventory: Any, tmp_path: Path) -> None:
    made = build(tmp_path / "site", inventory, codes=["swah1253", "amha1245"])
    assert isinstance(made, Built)
    assert made.languages == 2
    assert list(broken_links(tmp_path / "site")) == []
    assert not (tmp_path / "site" / "language" / "basq1248.html").exists()


def test_what_an_earlier_build_left_goes_and_what_is_not_its_stays(
    inventory: Any, tmp_path: Path
) -> None:
    folder = tmp_path / "site"
    build(folder, inventory)
    (folder / "CNAME").write_text("example.org")
    made = build(folder, inventory, codes=["swah1253"])
    assert made.removed > 0
    assert not (folder / "language" / "amha1245.html").exists()
    assert (folder / "CNAME").read_text() == "example.org"


def test_a_folder_of_somebody_elses_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(InputError, match="expected an empty folder or an atlas"):
        Site(tmp_path)


def test_a_list_of_files_cannot_lead_out_of_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "site"
    site = Site(folder)
    site.put("index.html", "x")
    site.finish()
    (tmp_path / "mine.txt").write_text("mine")
    with open(folder / MANIFEST, "a") as lines:
        lines.write(f"../mine.txt\n{tmp_path}/mine.txt\na/../../mine.txt\n")
    Site(folder).finish()
    assert (tmp_path / "mine.txt").read_text() == "mine"


@settings(max_examples=30)
@given(
    st.lists(st.lists(st.integers(1, 9000), max_size=20), min_size=1, max_size=4),
    st.integers(0, 3000),
)
def test_no_page_is_larger_than_the_limit(lengths: list[list[int]], lead: int) -> None:
    sections = [
        Section(f"Part {at}", ["x" * length for length in rows], "<table>", "</table>", "A note.")
        for at, rows in enumerate(lengths)
    ]
    page = Page("script/Latn", "Latin", sections, "y" * lead, beside=("json", "csv"))
    laid = lay(page)
    texts = dict(written(page, laid))
    assert max(len(text.encode()) for text in texts.values()) <= LIMIT
    assert "".join(laid.bodies).count("x") == sum(map(sum, lengths))
    assert [len(places) for places in laid.places] == [len(rows) for rows in lengths]
    assert list(texts) == [part("script/Latn", number) for number in range(len(laid.bodies))]


def test_names_that_try_to_be_more_than_names_are_text(site: Path, inventory: Any) -> None:
    names = [name for name in inventory.table["name"] if "<" in name or "&" in name]
    assert names
    for path in site.rglob("*.html"):
        text = path.read_text("utf-8")
        assert "<script>alert" not in text
        assert "<img" not in text
    assert script_json({"name": "</script><b>"}).count("</script>") == 1


def test_what_no_data_are_there_for_is_said(tmp_path: Path) -> None:
    inventory = load_inventory(access=Access(offline=True))
    assert inventory.builtin
    made = build(tmp_path / "site", inventory)
    assert made.languages >= 50
    assert list(broken_links(tmp_path / "site")) == []
    about = (tmp_path / "site" / "about.html").read_text("utf-8")
    assert "python -m data.inventory --rebuild" in about
    first = (tmp_path / "site" / "index.html").read_text("utf-8")
    assert "python -m data.inventory --rebuild" in first


def test_two_builds_are_compared(site: Path, inventory: Any, tmp_path: Path) -> None:
    import polars as pl

    from data.inventory import Inventory

    table = inventory.table.with_columns(
        pl.when(pl.col("glottocode") == "swah1253")
        .then(1_000)
        .otherwise(pl.col("speakers"))
        .alias("speakers")
    )
    newer = Inventory(table.filter(pl.col("glottocode") != "basq1248"), inventory.sources)
    folder = tmp_path / "newer"
    build(folder, newer, previous=changes.read(site))
    page = (folder / "changes.html").read_text("utf-8")
    assert "0 languages added, 1 removed, 1 figure changed" in page
    assert ("Swahili", "speakers", "171000000", "1000") in rows_of(page)
    assert "compared with no earlier one" in (site / "changes.html").read_text("utf-8")


def test_costs_and_accuracy_of_runs_are_told(inventory: Any, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    one = {"model": "e5@1", "language": "sw", "n": 204, "premium": [1.25, 1.2, 1.3]}
    scores = [{"name": "accuracy", "value": 73.6}]
    for name, entry in (("cost", one), ("retrieve", {"language": "sw", "n": 9, "scores": scores})):
        (runs / name).mkdir(parents=True)
        (runs / name / "scores.json").write_text(
            json.dumps({"languages": [{"scores": [], **entry}]})
        )
    (runs / "damaged").mkdir()
    (runs / "damaged" / "scores.json").write_text("{")
    build(tmp_path / "site", inventory, measured=measured(runs))
    rows = rows_of((tmp_path / "site" / "language" / "swah1253.html").read_text("utf-8"))
    assert ("retrieval, accuracy", "73.6 %", "retrieve") in rows
    assert (
        "cost in pieces of e5",
        "1.25 times English (1.20–1.30)",
        "cost, 204 sentences",
    ) in rows


def test_who_is_alike_in_a_model_is_told(inventory: Any, tmp_path: Path) -> None:
    for name, lines in (
        ("fit", "source\ttarget\tcosine\nswh_Latn\tzul_Latn\t0.25\neng_Latn\tswh_Latn\t0.75\n"),
        ("damaged", "source\ttarget\nx\ty\n"),
    ):
        (tmp_path / "runs" / name).mkdir(parents=True)
        (tmp_path / "runs" / name / "similarity.tsv").write_text(lines, "utf-8")
    build(tmp_path / "site", inventory, measured=measured(tmp_path / "runs"))
    page = (tmp_path / "site" / "language" / "swah1253.html").read_text("utf-8")
    told = [row[0] for row in rows_of(page) if row[2:3] in [("0.75",), ("0.25",)]]
    assert told == ["English", "Zulu"]
    assert "By cosine of 3 languages in fit" in page
    assert '<a href=zulu1248.html><bdi dir="ltr">Zulu</bdi></a><td>Latin (Latn)<td>0.25<td>' in page
    assert not list(broken_links(tmp_path / "site"))


def test_structure_is_told_where_wals_has_it(inventory: Any) -> None:
    order = Feature("81A", "Order of Subject, Object and Verb", "Word Order", {1: "SOV", 2: "SVO"})
    values = {"swah1253": {"81A": Value(2, "SVO", "swa")}}
    typology = Typology({"81A": order}, values)
    world = language.World(inventory, Places(inventory), Measured(), typology=typology)
    [row] = inventory.table.filter(inventory.table["glottocode"] == "swah1253").to_dicts()
    page = language.page(world, row)
    text = "".join(html for _, html in written(page, lay(page)))
    assert "Its structure: 1 feature of WALS" in text
    assert ("81A Order of Subject, Object and Verb", "SVO") in rows_of(text)
    assert "href=https://wals.info/valuesets/81A-swa" in text


def test_groups_have_addresses_of_their_own() -> None:
    rows = [
        {"genus": name, "scripts": [], "countries": [], "speakers": 1, "name": name}
        for name in ("Great Andamanese", "Great-Andamanese", "!Ui")
    ]
    paths = [group.path for group in groups.groups("genus", rows)]
    assert len(set(paths)) == 3
    assert all(path.isascii() and " " not in path for path in paths)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--lang", "no such tongue"), "unknown language"),
        (("--previous", "nowhere"), "--previous nowhere: expected the folder of an earlier atlas"),
        (("--runs", "nowhere"), "--runs nowhere: expected a folder of runs"),
        (("--address", "example.org"), '--address "example.org": expected https://'),
    ],
)
def test_a_wrong_option_is_one_line(
    arguments: tuple[str, str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--offline", "--out", str(tmp_path / "site"), *arguments]) == 2
    [line] = capsys.readouterr().err.strip().splitlines()[-1:]
    assert told in line
    assert not (tmp_path / "site" / "index.html").exists()


@pytest.fixture(scope="module")
def chromium() -> Any:
    """A browser that reaches no machine."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as engine:
        browser = engine.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--host-resolver-rules=MAP * ~NOTFOUND"],
        )
        yield browser
        browser.close()


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium")
def test_the_pages_work_from_a_disk(site: Path, inventory: Any, chromium: Any) -> None:
    page = chromium.new_page(viewport={"width": 390, "height": 844})
    failed: list[str] = []
    page.on("pageerror", lambda error: failed.append(str(error)))

    def missing(request: Any) -> None:
        # A picture that is still asked for when the next page opens is given up, not missing.
        if request.failure != "net::ERR_ABORTED":
            failed.append(f"{request.url}: {request.failure}")

    page.on("requestfailed", missing)
    for path in ("index.html", "map.html", "gaps.html", "language/swah1253.html", "datasets.html"):
        page.goto((site / path).as_uri())
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, path
    page.goto((site / "map.html").as_uri())
    page.wait_for_selector("canvas[data-drawn]")
    page.goto((site / "index.html").as_uri())
    page.get_by_role("combobox", name="Find a language").fill("swahil")
    page.wait_for_selector("#found a")
    page.keyboard.press("Enter")
    page.wait_for_url("**/language/swah1253.html")
    assert page.get_by_role("heading", level=1).inner_text() == "Swahili"
    assert failed == []


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium")
def test_paper_is_white_whatever_the_reader_prefers(site: Path, chromium: Any) -> None:
    page = chromium.new_page(color_scheme="dark")
    page.goto((site / "language" / "swah1253.html").as_uri())
    ground = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(ground) != "rgb(255, 255, 255)"
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate(ground) == "rgb(255, 255, 255)"


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium")
def test_its_search_finds_what_the_inventorys_does(
    site: Path, inventory: Any, chromium: Any
) -> None:
    page = chromium.new_page()
    page.goto((site / "index.html").as_uri())
    page.evaluate("() => atlas.ready().then(() => true)")
    asked = ["sw", "swa", "sw-KE", "swh_Latn", "swah1253", "swahilli", "Kiswahili", "amharc", "ur"]
    asked += ["Af-Maay", "Tày", "af_Latn", "sw-Qaaa", "sw-Latn-KE", "sw-Nope-KE"]
    asked += [*inventory.table["name"], *filter(None, inventory.table["endonym"])]
    asked += ["a", "an", "", "  ", "x" * 200, "zzzzzz", "!", "’", "Ελλ"]
    for text in asked:
        theirs = page.evaluate("text => atlas.find(text)", text)
        assert theirs == [hit.glottocode for hit in search(inventory.table, text)], text


def test_help_is_quick_and_needs_no_streamlit() -> None:
    script = "import sys, app.atlas.__main__; assert 'streamlit' not in sys.modules"
    subprocess.run([sys.executable, "-c", script], check=True, env=dict(os.environ))
