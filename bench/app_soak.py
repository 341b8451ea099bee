"""Ten visitors who stay for five minutes: does anything break, does the server's memory grow?

    python bench/app_soak.py --visitors 10 --minutes 5
    python bench/app_soak.py --visitors 2 --minutes 0.5      # a look

Each visitor is a browser of its own that acts at random, from a list that the seed settles:
filters, pages of the table, marks, colours, nodes of the tree, the pages of languages, comparisons,
gaps, and back. The server's resident memory is read every ten seconds. Errors are what a visitor
sees (a traceback, a lost connection), a script that fails in the browser, and what does not come
within a minute. Exits 1 where there is one, or where memory after the first minute grows by more
than GROWTH. What is kept for all visitors (32 maps ...) fills up meanwhile; so the slope over the
last half is printed too: a leak has one.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import shutil
import statistics
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from bench.app_load import IDLE, SECONDS, memory, server  # noqa: E402

EVERY = 10.0  # seconds between two looks at the memory
GROWTH = 0.10  # of the memory after the first minute, by which it may grow until the end
PAUSE = (1.0, 4.0)  # seconds that a visitor reads, at least and at most
BROKEN = '[data-testid="stException"], [data-testid="stConnectionStatus"]'
TAGS = ("sw", "wo", "fo", "qu", "zu", "am", "tr", "fi", "ibo", "gsw", "haw", "mi", "bm", "yo", "nv")
VALUES = {
    "Family": ("Uralic", "Dravidian", "Bantoid", "Turkic"),
    "Genus": ("Bantu", "Germanic", "Oceanic"),
    "Script": ("Ethi", "Arab", "Latn"),
    "Has": ("lexicon", "speech", "parallel text"),
    "Lacks": ("lexicon", "text"),
}


async def filter_by(page: Any, root: str, dice: random.Random) -> None:
    """Explore: one filter set, then all of them taken away."""
    await go(page, root)
    label = dice.choice(sorted(VALUES))
    await page.get_by_role("combobox", name=label, exact=True).focus()
    await page.keyboard.type(dice.choice(VALUES[label]))
    await page.keyboard.press("Enter")
    await settle(page)
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Clear all filters").click()
    await settle(page)


async def turn_pages(page: Any, root: str, dice: random.Random) -> None:
    """Explore: the table sorted, turned, a row marked."""
    await go(page, root)
    heading = dice.choice(("Speakers", "Name", "Class", "Family"))
    await page.locator(".kl-rows thead button", has_text=heading).first.click()
    await settle(page)
    await page.locator(".kl-pager button", has_text="Next").click()
    await settle(page)
    await page.locator(".kl-mark").nth(dice.randrange(20)).click()
    await settle(page)


async def colour(page: Any, root: str, dice: random.Random) -> None:
    """The map of some languages, in other colours."""
    name = dice.choice(("macroarea", "class", "endangerment", "lexicon", "81A"))
    area = dice.choice(("Africa", "Eurasia", "Papunesia"))
    await go(page, f"{root}/?colour={name}&area={area}")


async def open_nodes(page: Any, root: str, dice: random.Random) -> None:
    """Tree: some nodes opened."""
    await go(page, f"{root}/tree")
    nodes = page.locator(".kl-tree .kl-open")
    for _ in range(3):
        await nodes.first.wait_for()
        await nodes.nth(dice.randrange(min(30, await nodes.count()))).click()
        await settle(page)


async def read_language(page: Any, root: str, dice: random.Random) -> None:
    """The page of a language, what WALS says of it, then that of another one, and back."""
    one, other = dice.sample(TAGS, 2)  # the same address again would leave no way back
    await go(page, f"{root}/language?lang={one}")
    await page.get_by_label("Show what WALS says").first.press("Space")
    await settle(page)
    await go(page, f"{root}/language?lang={other}")
    await page.go_back()
    await settle(page)


async def compare(page: Any, root: str, dice: random.Random) -> None:
    """Two to four languages side by side."""
    tags = dice.sample(TAGS, dice.randint(2, 4))
    await go(page, f"{root}/compare?" + "&".join(f"lang={tag}" for tag in tags))


async def see_gaps(page: Any, root: str, dice: random.Random) -> None:
    """Gaps: a cell of the heat map."""
    await go(page, f"{root}/gaps")
    cells = page.locator(".kl-heat td button")
    await cells.first.wait_for()
    await cells.nth(dice.randrange(min(60, await cells.count()))).click()
    await settle(page)


ACTS = (filter_by, turn_pages, colour, open_nodes, read_language, compare, see_gaps)


async def go(page: Any, address: str) -> None:
    """Open an address, and wait until the page is done."""
    await page.goto(address)
    await settle(page)


async def settle(page: Any) -> None:
    """Wait until the server has answered, and see that it has told no error."""
    await page.wait_for_timeout(200)  # until the browser has sent what was pressed
    await page.wait_for_selector(IDLE)
    if broken := await page.locator(BROKEN).all_inner_texts():
        raise RuntimeError(f"{page.url}: {broken[0][:300]}")


async def stay(browser: Any, root: str, seed: str, until: float, told: list[str]) -> Counter[str]:
    """One visitor: acts at random until the time is over; returns how often each act was done."""
    dice, done = random.Random(seed), Counter[str]()
    context = await browser.new_context(viewport={"width": 1440, "height": 900})
    page = await context.new_page()
    page.set_default_timeout(SECONDS * 1000)
    page.on("pageerror", lambda error: told.append(f"visitor {seed}: {error}"))
    while time.monotonic() < until:
        act = dice.choice(ACTS)
        try:
            await act(page, root, dice)
        except Exception as error:  # whatever went wrong is what is looked for
            told.append(f"visitor {seed}, {act.__name__}: {str(error)[:400]}")
        done[act.__name__] += 1
        await page.wait_for_timeout(1000 * dice.uniform(*PAUSE))
    await context.close()
    return done


async def watch(pid: int, until: float) -> list[float]:
    """The server's memory in MB, every ten seconds, the first one at once."""
    found = []
    while time.monotonic() < until:
        found.append(memory(pid))
        await asyncio.sleep(EVERY)
    return [*found, memory(pid)]


async def soak(port: int, pid: int, options: argparse.Namespace) -> int:
    """All visitors at once; prints the figures."""
    from playwright.async_api import async_playwright

    told: list[str] = []
    root = f"http://localhost:{port}"
    async with async_playwright() as engine:
        browser = await engine.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        until = time.monotonic() + 60 * options.minutes
        visits = [
            stay(browser, root, f"{options.seed}-{at}", until, told)
            for at in range(options.visitors)
        ]
        watching = asyncio.create_task(watch(pid, until))
        done = await asyncio.gather(*visits)
        used = await watching
        await browser.close()
    return show(used, sum(done, Counter[str]()), told)


def show(used: Sequence[float], done: Mapping[str, int], told: Sequence[str]) -> int:
    """Print errors and memory; 1 where a limit is passed, else 0."""
    minute = used[min(round(60 / EVERY), len(used) - 1)]
    growth = used[-1] / minute - 1
    half = used[len(used) // 2 :]
    at = [place * EVERY / 60 for place in range(len(half))]
    slope = statistics.linear_regression(at, half).slope if len(half) > 1 else 0.0
    print(f"{sum(done.values())} acts: " + ", ".join(f"{n} {name}" for name, n in done.items()))
    print("memory every ten seconds, MB: " + " ".join(f"{one:.0f}" for one in used))
    print(f"after one minute {minute:.0f} MB, at the end {used[-1]:.0f} MB ({growth:+.1%})")
    print(f"slope over the last half {slope:+.2f} MB a minute; load {os.getloadavg()[0]:.1f}")
    print(f"errors: {len(told)}", *told[:20], sep="\n")
    return int(bool(told) or growth > GROWTH)


def main() -> int:
    """Start the server, let the visitors in."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--visitors", type=int, default=10)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with server() as (port, pid):
        return asyncio.run(soak(port, pid, options))


if __name__ == "__main__":
    raise SystemExit(main())
