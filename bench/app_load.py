"""How fast the app is, and how much memory ten visitors take: a real browser, all rows.

    python bench/app_load.py --visitors 10 --changes 12

Prints the time of the first page: from the address until filters, map, bars and table are drawn.
Each visitor's browser has an empty cache; just before, another one opens an empty Streamlit page
(one line of text), so that what the machine and Streamlit alone take stands beside it; then the
visitor opens the app once more, with what the browser has kept. Then the server's time for a filter
change (on the wire: from the browser's first byte to the server's last), the time of a node of the
tree, and the server's resident memory with all visitors connected. Exits 1 where a limit is passed.
The inventory is built beforehand: KILOLINGUA_MIRROR or a network, and KILOLINGUA_CACHE.
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[1]
FIRST_PAGE, FILTER_CHANGE, NODE, MEMORY, SECONDS = 2.0, 0.3, 0.3, 500.0, 60  # s, s, s, MB; to wait
NODES = 8  # families of the tree that are opened
IDLE = '[data-testid="stApp"][data-test-script-state="notRunning"]'
DRAWN = """() => !document.querySelector('[data-testid=stSkeleton]')
    && document.querySelectorAll('[data-testid=stMultiSelect]').length >= 6
    && document.querySelector('.kl-map canvas')?.dataset.drawn > 8000
    && document.querySelectorAll('.kl-bars button').length >= 30
    && document.querySelectorAll('.kl-rows tbody tr').length >= 50"""
EMPTY, WRITTEN = "import streamlit as st\nst.write('hello')\n", "[data-testid=stMarkdown]"
# Each is a change of one filter, and is taken back before the next.
CHANGES = (("Script", "Latn"), ("Country", "Tanzania"), ("Lacks", "lexicon"), ("Genus", "Bantu"))


class Visit(NamedTuple):
    """Seconds that a visitor's first page took, an empty page before it, and the app again."""

    first: float
    empty: float
    again: float
    drawing: float  # of `first` the processor time of the page's main thread


def main() -> int:
    """Measure, print, and say whether the limits hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--visitors", type=int, default=10)
    parser.add_argument("--changes", type=int, default=12, help="filter changes to time")
    options = parser.parse_args()
    from playwright.sync_api import sync_playwright

    sys.path.insert(0, str(ROOT))
    from data.inventory import load_inventory

    inventory = load_inventory()
    if inventory.builtin:
        parser.error("only the built-in table is here: set KILOLINGUA_MIRROR, or fetch glottolog")
    rows = inventory.table.height
    with empty_server() as empty, server() as (port, pid), sync_playwright() as engine:
        browser = engine.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        started = memory(pid)
        pages, visits = [], []
        for _ in range(options.visitors):
            page, seen = visit(browser, port, empty)
            pages.append(page)
            visits.append(seen)
        changes, used = change_filters(browser, pages, port, pid, options.changes)
        resident = memory(pid)
        nodes = open_nodes(browser, port)
        browser.close()
    print(f"{rows:,} languages, {options.visitors} visitors, one server process; ", end="")
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    return show(visits, changes, used, nodes, (started, resident))


def show(
    visits: Sequence[Visit],
    changes: Sequence[float],
    used: float,
    nodes: Sequence[float],
    megabytes: tuple[float, float],
) -> int:
    """Print the figures; 1 where one passes its limit, else 0."""
    others = visits[1:] or visits
    first, empty, again, drawing = map(statistics.median, zip(*others, strict=True))
    ratio = statistics.median(one.first / one.empty for one in others)
    lines = (
        ("first page, the server's first visitor (imports and all)", visits[0].first, None, "s"),
        ("first page, median of the others", first, FIRST_PAGE, "s"),
        ("  of it the browser's processor time, main thread", drawing, None, "s"),
        ("  an empty Streamlit page beside it", empty, None, "s"),
        ("  first page to empty page, median ratio", ratio, None, "x"),
        ("first page again, with the browser's cache", again, None, "s"),
        ("filter change, server, median", statistics.median(changes), FILTER_CHANGE, "s"),
        ("filter change, server, slowest", max(changes), None, "s"),
        ("filter change, the server's processor time, mean", used, None, "s"),
        (
            "a node of the tree, from the click to its rows, median",
            statistics.median(nodes),
            NODE,
            "s",
        ),
        ("a node of the tree, slowest", max(nodes), None, "s"),
        ("resident memory before the first visitor", megabytes[0], None, "MB"),
        ("resident memory with all visitors", megabytes[1], MEMORY, "MB"),
    )
    for name, value, limit, unit in lines:
        verdict = f"limit {limit:g}: {'ok' if value <= limit else 'too much'}" if limit else ""
        print(f"{name:58}{value:9.2f} {unit:3}{verdict}")
    return int(any(limit and value > limit for _, value, limit, _ in lines))


def visit(browser: Any, port: int, empty_port: int) -> tuple[Any, Visit]:
    """A new visitor: the empty page, the app, the app once more. The first page stays open."""
    aside = new_page(browser)
    empty = open_page(aside, f"http://localhost:{empty_port}", WRITTEN)
    aside.context.close()
    page = new_page(browser)
    own_time = browser_time(page)
    first = open_page(page, f"http://localhost:{port}")
    drawing = own_time()
    second = page.context.new_page()
    again = open_page(second, f"http://localhost:{port}")
    second.close()
    return page, Visit(first, empty, again, drawing)


def new_page(browser: Any) -> Any:
    """A page in a browser that has seen nothing yet."""
    return browser.new_context(viewport={"width": 1440, "height": 900}).new_page()


def open_page(page: Any, address: str, sign: str | None = None) -> float:
    """Seconds from the address to a page on which everything is drawn, or a sign is there."""
    page.set_default_timeout(SECONDS * 1000)
    start = time.perf_counter()
    page.goto(address)
    if sign:
        page.wait_for_selector(sign)
    page.wait_for_selector(IDLE)
    if not sign:
        page.wait_for_function(DRAWN)
    return time.perf_counter() - start


@contextmanager
def empty_server() -> Iterator[int]:
    """The port of a server whose page is one line of text."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "empty.py"
        script.write_text(EMPTY, "utf-8")
        with server(str(script)) as (port, _):
            yield port


@contextmanager
def server(script: str = "app/main.py") -> Iterator[tuple[int, int]]:
    """The app, or another script, on a free port: the port and the process id."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", script]
    options = ["--server.port", str(port), "--server.address", "localhost", "--", "--offline"]
    log = subprocess.DEVNULL
    process = subprocess.Popen([*command, *options], cwd=ROOT, stdout=log, stderr=log)
    try:
        wait(f"http://localhost:{port}/_stcore/health")
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(SECONDS)


def wait(address: str) -> None:
    """Wait until the server answers."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(address, timeout=1):
                return
        except OSError:
            time.sleep(0.05)
    raise SystemExit(f"{address}: no answer in {SECONDS} s")


def change_filters(
    browser: Any, pages: Sequence[Any], port: int, pid: int, count: int
) -> tuple[list[float], float]:
    """Seconds that each of so many changes took the server, and its processor time for one.

    One more visitor makes them, over a wire that is timed; then each of the others makes two.
    """
    wire = Wire(port)
    page = new_page(browser)
    open_page(page, f"http://localhost:{wire.port}")
    used = server_time(pid)
    times = []
    for number in range(count):
        change_filter(page, number, wire.clear)
        times.append(wire.seconds())
    used = server_time(pid) - used
    page.context.close()
    for other in pages:
        for number in range(2):
            change_filter(other, number)
    return times, used / count


def change_filter(page: Any, number: int, before: Callable[[], None] = lambda: None) -> None:
    """Set a filter, or take it away where the number is odd, and wait for the page.

    Args:
        before: called when the change is about to be sent.
    """
    label, value = CHANGES[number // 2 % len(CHANGES)]
    page.get_by_role("combobox", name=label, exact=True).focus()
    if not number % 2:
        page.keyboard.type(value)
    address = page.url
    before()
    page.keyboard.press("Backspace" if number % 2 else "Enter")
    page.wait_for_url(lambda url: url != address)
    page.wait_for_selector(IDLE)
    page.keyboard.press("Escape")
    page.wait_for_timeout(300)


def open_nodes(browser: Any, port: int) -> list[float]:
    """Seconds from a click on a family of the tree to the rows below it, in the browser."""
    page = new_page(browser)
    open_page(page, f"http://localhost:{port}/tree", ".kl-tree tbody tr")
    rows, times = page.locator(".kl-tree tbody tr"), []
    for _ in range(NODES):
        before, start = rows.count(), time.perf_counter()
        page.locator(".kl-tree .kl-open[aria-expanded=false]").first.click()
        page.wait_for_function(
            "before => document.querySelectorAll('.kl-tree tbody tr').length > before", arg=before
        )
        times.append(time.perf_counter() - start)
        page.wait_for_selector(IDLE)
    page.context.close()
    return times


class Wire:
    """A port that passes bytes on to the server, and notes when they go which way.

    The browser's own clock would count its drawing too: it reads a message when it has time.
    """

    def __init__(self, server_port: int) -> None:
        self._to = server_port
        self._asked: list[float] = []
        self._answered: list[float] = []
        self._listener = socket.create_server(("localhost", 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def clear(self) -> None:
        """Forget what went before."""
        self._asked.clear()
        self._answered.clear()

    def seconds(self) -> float:
        """From the first byte of the browser to the last byte of the server, in seconds."""
        return max(self._answered) - min(self._asked)

    def _accept(self) -> None:
        while True:
            browser, _ = self._listener.accept()
            server = socket.create_connection(("localhost", self._to))
            for source, target, times in (
                (browser, server, self._asked),
                (server, browser, self._answered),
            ):
                threading.Thread(
                    target=self._pass, args=(source, target, times), daemon=True
                ).start()

    def _pass(self, source: socket.socket, target: socket.socket, times: list[float]) -> None:
        try:
            while data := source.recv(1 << 16):
                times.append(time.perf_counter())
                target.sendall(data)
        except OSError:
            pass  # either side has gone
        finally:
            target.close()


def browser_time(page: Any) -> Callable[[], float]:
    """A function that tells the processor time that the page's main thread has used, in seconds."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def used() -> float:
        metrics = session.send("Performance.getMetrics")["metrics"]
        return next(float(m["value"]) for m in metrics if m["name"] == "TaskDuration")

    return used


def server_time(pid: int) -> float:
    """Processor time that a process has used, its own and the system's for it, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory(pid: int) -> float:
    """Resident memory of a process in megabytes (10**6 bytes)."""
    status = Path(f"/proc/{pid}/status").read_text("utf-8")
    [line] = [line for line in status.splitlines() if line.startswith("VmRSS:")]
    return int(line.split()[1]) * 1024 / 1e6


if __name__ == "__main__":
    raise SystemExit(main())
