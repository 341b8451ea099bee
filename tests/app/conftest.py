"""A small inventory with names that try to be more than names, and pages that run on it."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from data.files import canonical_json
from metrics.translation import metric, score_from_statistics, segment_statistics

# One row a language, written for these tests; "-" in the last column: known to have nothing.
LANGUAGES = Path(__file__).with_name("languages.tsv")
METRICS = [metric(name, target_language="en") for name in ("BLEU", "chrF++")]
PAIRS = (("Paka amelala", "A cat sleeps"), ("Mvua kubwa", "Heavy rain"), ("Habari", "<b>Hi</b>"))
GLOSSES = ["cat sleeps", "rain big", "news"]


def pytest_configure(config: pytest.Config) -> None:
    """The marker of tests that need a browser."""
    config.addinivalue_line("markers", "browser: runs the app in headless Chromium")


@pytest.fixture
def table() -> Any:
    """The rows above as an inventory's table."""
    import polars as pl

    from data.inventory import KINDS
    from data.inventory.schema import schema

    rows = []
    with open(LANGUAGES, encoding="utf-8", newline="") as lines:
        for found in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
            cells: dict[str, Any] = {name: text or None for name, text in found.items()}
            kinds = None if cells["kinds"] is None else cells["kinds"].replace("-", "").split()
            numbers = ("latitude", "longitude", "speakers")
            row = dict.fromkeys(schema()) | cells
            row |= {name: float(cells[name]) if cells[name] else None for name in numbers}
            row |= {"speakers": int(row["speakers"]) if row["speakers"] else None, "kinds": kinds}
            row |= {"scripts": (cells["scripts"] or "").split(), "category": "spoken"}
            row |= {name: [] for name in ("countries", "includes", "lineage", "groups")}
            row |= {"is_isolate": row["name"] == "Basque", "speakers_alone": row["speakers"]}
            row |= {"resource_class": len(kinds or ()), "macroarea": "Eurasia"}
            row |= dict.fromkeys(KINDS, None if kinds is None else 0)
            row |= {"search": f"{row['name']} {row['glottocode']}".casefold()}
            rows.append(row | {"sources": {"name": "hand-1"}})
    return pl.DataFrame(rows, schema=schema())


@pytest.fixture
def inventory(table: Any) -> Any:
    """The table with a source and nothing missing."""
    from data.inventory import Inventory, Source

    source = Source("hand-1", "By hand: a test", "1", "CC0-1.0", "https://example.org", "Us 2026")
    return Inventory(table, (source,))


@pytest.fixture
def run_page(inventory: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """A function that runs a page on the small inventory, or on another one."""
    import streamlit as st
    from streamlit.testing.v1 import AppTest

    monkeypatch.delenv("KILOLINGUA_MIRROR", raising=False)
    st.cache_resource.clear()
    st.cache_data.clear()

    def run(page: str, shown: Any = None, **address: Any) -> Any:
        opened = inventory if shown is None else shown
        monkeypatch.setattr("app.page.load_inventory", lambda **_: opened)
        monkeypatch.setattr("app.page.is_offline", lambda: True)
        monkeypatch.setattr("app.try_it.is_offline", lambda: True)
        test = AppTest.from_string(f"from app.{page} import show\nshow()", default_timeout=60)
        for name, value in address.items():
            test.query_params[name] = value
        return test.run()

    return run


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """runs/ with one finished run, as icl.eval writes it: copying and a gloss of three lines."""
    folder = tmp_path / "runs" / "icl-sw-1"
    folder.mkdir(parents=True)
    answers = {"copy": [source for source, _ in PAIRS], "gloss": GLOSSES}
    scores, records = [], []
    for system, outputs in answers.items():
        rows = _records(system, outputs)
        records += rows
        statistics = {m: [row["statistics"][m.name] for row in rows] for m in METRICS}
        found = [score_from_statistics(m, stored, seed=1) for m, stored in statistics.items()]
        written = [score.with_context(set="three-lines").to_dict() for score in found]
        scores.append({"system": system, "label": system, "direction": "sw-en", "scores": written})
    settings = {"set": "three-lines", "split": "test", "set-sha256": "0"}
    systems = [{"system": name, "direction": "sw-en", **settings} for name in answers]
    content = {"results": scores, "notes": ["a note with [a link](http://x)"]}
    (folder / "config.json").write_text(json.dumps({"run": {"systems": systems}}), "utf-8")
    (folder / "scores.json").write_text(json.dumps(content), "utf-8")
    lines = "".join(f"{canonical_json(record)}\n" for record in records)
    (folder / "segments.jsonl").write_text(lines, "utf-8")
    return folder.parent


def _records(system: str, outputs: list[str]) -> list[dict[str, Any]]:
    references = [reference for _, reference in PAIRS]
    statistics = {m.name: segment_statistics(m, outputs, references) for m in METRICS}
    return [
        {
            "id": f"three-lines:sw-en:{at + 1}",
            "key": f"{system}{at}",
            "system": system,
            "source": source,
            "reference": reference,
            "output": outputs[at],
            "statistics": {name: rows[at] for name, rows in statistics.items()},
        }
        for at, (source, reference) in enumerate(PAIRS)
    ]
