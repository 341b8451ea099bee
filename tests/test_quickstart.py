"""recipes/quickstart.ipynb runs from top to bottom, and what it shows is what it would show."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
NOTEBOOK = ROOT / "recipes" / "quickstart.ipynb"


def code_cells(notebook: Any) -> list[Any]:
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def test_what_is_stored_is_a_whole_run_without_places_of_a_machine() -> None:
    text = NOTEBOOK.read_text("utf-8")
    cells = code_cells(json.loads(text))
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    assert not any(place in text for place in ("/home/", "/tmp/", str(Path.home()), str(ROOT)))
    assert not any(output["output_type"] == "error" for cell in cells for output in cell["outputs"])


@pytest.mark.real
def test_the_notebook_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import nbclient
    import nbformat

    monkeypatch.setenv("PYTHONPATH", f"{ROOT}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    notebook = nbformat.read(NOTEBOOK, 4)
    settings = {"metadata": {"path": str(tmp_path)}}
    nbclient.NotebookClient(notebook, timeout=600, resources=settings).execute()
    shown = [output for cell in code_cells(notebook) for output in cell["outputs"]]
    pictures = [output for output in shown if "<svg" in output.get("data", {}).get("text/html", "")]
    assert len(pictures) == 2
    assert (tmp_path / "runs" / "quickstart-1" / "report.html").exists()
