"""The atlas, measured: time, size, links, search from a disk, the same bytes, the app's figures.

    python -m bench.atlas --out site                # about four minutes of processor time
    python -m bench.atlas --out site --only search

Each part prints its figures beside their limits; the exit code is 1 where one is passed. `figures`
runs the app's page of random languages and looks for each row of its tables on the atlas's page;
`search` types names, codes and misspellings into the field, in Chromium from `file://`, and
compares what is found with the inventory's search. The inventory is built beforehand.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
SECONDS, MEGABYTES, PAGE, SEARCH = 300.0, 150.0, 60.0, 100.0  # s, MB, kB, ms: the limits
SEED = 19
MISSPELT = 200  # names with two letters swapped, of eight letters or more
PARTS = ("build", "links", "search", "figures", "again")


def main() -> int:
    """Measure, print, and say whether the limits hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("site"))
    parser.add_argument("--only", choices=PARTS, action="append", help="a part; may be repeated")
    parser.add_argument("--languages", type=int, default=200, help="to compare with the app")
    options = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    from data.inventory import load_inventory

    inventory = load_inventory()
    if inventory.builtin:
        parser.error("only the built-in table is here: set KILOLINGUA_MIRROR, or fetch glottolog")
    failed = False
    for part in options.only or PARTS:
        for name, value, unit, limit in MEASURES[part](options, inventory):
            verdict = "" if limit is None else f"limit {limit:g}: {_verdict(value, limit)}"
            print(f"{name:58}{value:11,.2f} {unit:4}{verdict}", flush=True)
            failed |= limit is not None and value > limit
    return int(failed)


Figure = tuple[str, float, str, float | None]


def _verdict(value: float, limit: float) -> str:
    return "ok" if value <= limit else "too much"


def build(options: argparse.Namespace, inventory: Any) -> Iterator[Figure]:
    """The time of a build, and what it takes on the disk."""
    from app.atlas.build import build as write

    start, used = time.perf_counter(), time.process_time()
    made = write(options.out, inventory)
    wall, processor = time.perf_counter() - start, time.process_time() - used
    print(made.told())
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    yield "build, processor time", processor, "s", SECONDS
    yield "build, wall", wall, "s", None
    yield "all files", made.size / 1e6, "MB", MEGABYTES
    yield "largest page", made.largest / 1e3, "kB", PAGE


def links(options: argparse.Namespace, inventory: Any) -> Iterator[Figure]:  # noqa: ARG001
    """Every link inside the site."""
    from app.atlas.site import broken_links

    broken = list(broken_links(options.out))
    print("\n".join(broken[:10]))
    yield "broken links", len(broken), "", 0


def again(options: argparse.Namespace, inventory: Any) -> Iterator[Figure]:
    """Files that another build, elsewhere, makes otherwise."""
    from app.atlas.build import build as write

    other = options.out.with_name(options.out.name + "-again")
    write(other, inventory)
    first, second = (
        {path.relative_to(folder): path for path in folder.rglob("*") if path.is_file()}
        for folder in (options.out, other)
    )
    differing = set(first) ^ set(second)
    differing |= {
        name
        for name in set(first) & set(second)
        if first[name].read_bytes() != second[name].read_bytes()
    }
    shutil.rmtree(other)
    yield "files that a second build makes otherwise", len(differing), "", 0


def search(options: argparse.Namespace, inventory: Any) -> Iterator[Figure]:
    """How long a search takes in the browser, and whether it finds the same."""
    from playwright.sync_api import sync_playwright

    from data.inventory.search import search as find

    pages = inventory.table.filter(inventory.table["category"].fill_null("") != "bookkeeping")
    asked = list(queries(pages))
    with sync_playwright() as engine:
        browser = engine.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page()
        page.goto((options.out.resolve() / "index.html").as_uri())
        start = time.perf_counter()
        page.evaluate("() => atlas.ready().then(() => true)")
        ready = time.perf_counter() - start
        timed = """text => { const start = performance.now(); const found = atlas.find(text);
            return [performance.now() - start, found]; }"""
        found = [page.evaluate(timed, text) for text in asked]
        browser.close()
    differing = [
        text
        for text, (_, codes) in zip(asked, found, strict=True)
        if codes != [hit.glottocode for hit in find(pages, text)]
    ]
    print(f"searched {len(asked)} texts; other results for: {', '.join(differing[:10]) or 'none'}")
    times = sorted(took for took, _ in found)
    yield "index loaded and read, from file://", 1000 * ready, "ms", None
    yield "search, median", statistics.median(times), "ms", None
    yield "search, slowest", times[-1], "ms", SEARCH
    yield "texts that find other languages than the inventory's", len(differing), "", 0


def queries(table: Any) -> Iterator[str]:
    """Names, own names, codes, tags with a region or script, beginnings, and misspellings."""
    drawn = random.Random(SEED)
    names = table["name"].to_list()
    yield from drawn.sample(names, 100)
    yield from drawn.sample(table["endonym"].drop_nulls().to_list(), 50)
    yield from drawn.sample(table["bcp47"].drop_nulls().to_list(), 50)
    yield from drawn.sample(table["iso639_3"].drop_nulls().to_list(), 50)
    yield from ("sw-KE", "ger", "zh-CN", "swh_Latn", "zh-yue", "fa-AF", "nb", "iw", "ku", "a", "no")
    yield from (name[: 2 + at % 4] for at, name in enumerate(drawn.sample(names, 50)))
    for name in drawn.sample([name for name in names if len(name) >= 8], MISSPELT):
        at = drawn.randrange(1, len(name) - 2)
        yield name[:at] + name[at + 1] + name[at] + name[at + 2 :]


def figures(options: argparse.Namespace, inventory: Any) -> Iterator[Figure]:
    """Rows of the app's pages of random languages that the atlas's pages do not have."""
    from streamlit.logger import set_log_level
    from streamlit.testing.v1 import AppTest

    from app import facts
    from tests.app.atlas_pages import missing_rows

    set_log_level("error")
    pages = inventory.table.filter(inventory.table["category"].fill_null("") != "bookkeeping")
    codes = random.Random(SEED).sample(pages["glottocode"].to_list(), options.languages)
    rows = otherwise = 0
    for code in codes:
        test = AppTest.from_string("from app.language import show\nshow()", default_timeout=120)
        test.query_params["lang"] = code
        test.session_state["structure"] = True
        app = "\n".join(element.proto.body for element in test.run().get("html"))
        whole = "".join(
            path.read_text("utf-8")
            for path in sorted((options.out / "language").glob(f"{code}*.html"))
        )
        missing = missing_rows(app, whole, tuple(facts.FACTS.values()))
        otherwise += len(missing)
        rows += app.count("<tr>")
        for row in missing[:3]:
            print(f"{code}: {row}")
    yield "rows of the app's tables that were looked for", rows, "", None
    yield "of them not, or otherwise, in the atlas", otherwise, "", 0


MEASURES: dict[str, Callable[[argparse.Namespace, Any], Iterator[Figure]]] = {
    "build": build,
    "links": links,
    "search": search,
    "figures": figures,
    "again": again,
}


if __name__ == "__main__":
    raise SystemExit(main())
