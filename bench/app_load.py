"""How fast the app is, and how much memory ten visitors take: a real browser, all rows.

    python bench/app_load.py
    python bench/app_load.py --visitors 10 --changes 12

Prints the time of the first page (until text, map, charts and table are drawn), the server's time
for a filter change (on the wire: from the browser's first byte to the server's last), and the
server's resident memory while all visitors are connected. Exits 1 where a limit is passed. The
inventory is built beforehand: KILOLINGUA_MIRROR or a network, and KILOLINGUA_CACHE.
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import statistics
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
FIRST_PAGE, FILTER_CHANGE, MEMORY = 2.0, 0.3, 500.0  # seconds, seconds, megabytes
SECONDS = 60
IDLE = '[data-testid="stApp"][data-test-script-state="notRunning"]'
DRAWN = """() => !document.querySelector('[data-testid=stSkeleton]')
    && document.querySelectorAll('[data-testid=stVegaLiteChart] :is(canvas, svg)').length >= 4
    && document.querySelector('[data-testid=stDataFrame] canvas') !== null"""
# Each is a change of one filter, and is taken back before the next.
CHANGES = (("Script", "Latn"), ("Macroarea", "Africa"), ("Lacks", "lexicon"), ("Genus", "Bantu"))


def main() -> int:
    """Measure, print, and say whether the limits hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--visitors", type=int, default=10)
    parser.add_argument("--changes", type=int, default=12, help="filter changes to time")
    options = parser.parse_args()
    from playwright.sync_api import sync_playwright

    sys.path.insert(0, str(ROOT))
    from data.inventory import load_inventory

    rows = load_inventory().table.height
    with server() as (port, pid), sync_playwright() as engine:
        wire = Wire(port)
        browser = engine.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        started = memory(pid)
        first, pages, drawing = [], [], []
        for _ in range(options.visitors):
            page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
            own_time = browser_time(page)
            first.append(open_page(page, f"http://localhost:{wire.port}"))
            pages.append(page)
            drawing.append(own_time())
        used = server_time(pid)
        changes = filter_changes(pages[0], wire, options.changes)
        used = (server_time(pid) - used) / options.changes
        for page in pages[1:]:
            filter_changes(page, wire, 2)
        resident = memory(pid)
        browser.close()
    load = f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    print(f"{rows:,} languages, {options.visitors} visitors, one server process; {load}")
    lines = (
        ("first page, the server's first visitor (imports and all)", first[0], None, "s"),
        ("first page, median of the others", statistics.median(first[1:]), FIRST_PAGE, "s"),
        ("  of it the browser's processor time", statistics.median(drawing), None, "s"),
        ("filter change, server, median", statistics.median(changes), FILTER_CHANGE, "s"),
        ("filter change, server, slowest", max(changes), None, "s"),
        ("filter change, the server's processor time, mean", used, None, "s"),
        ("resident memory before the first visitor", started, None, "MB"),
        ("resident memory with all visitors", resident, MEMORY, "MB"),
    )
    for name, value, limit, unit in lines:
        verdict = (
            "" if limit is None else f"limit {limit:g}: {'ok' if value <= limit else 'too much'}"
        )
        print(f"{name:58}{value:9.2f} {unit:3}{verdict}")
    return int(any(limit is not None and value > limit for _, value, limit, _ in lines))


@contextmanager
def server() -> Iterator[tuple[int, int]]:
    """The app on a free port: the port and the process id."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app/main.py"]
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


def open_page(page: Any, address: str) -> float:
    """Seconds from the address to a page on which everything is drawn."""
    page.set_default_timeout(SECONDS * 1000)
    start = time.perf_counter()
    page.goto(address)
    page.wait_for_selector(IDLE)
    page.wait_for_function(DRAWN)
    return time.perf_counter() - start


def filter_changes(page: Any, wire: Wire, count: int) -> list[float]:
    """Seconds that the server took for each of so many changes of one filter."""
    times = []
    for number in range(count):
        label, value = CHANGES[number // 2 % len(CHANGES)]
        box = page.get_by_role("combobox", name=label, exact=True)
        box.focus()
        if not number % 2:
            page.keyboard.type(value)
        wire.clear()
        before = page.url
        page.keyboard.press("Backspace" if number % 2 else "Enter")
        page.wait_for_url(lambda url, before=before: url != before)
        page.wait_for_selector(IDLE)
        page.keyboard.press("Escape")
        page.wait_for_timeout(300)
        times.append(wire.seconds())
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
