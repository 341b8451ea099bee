"""The lives in docs/ARCHITECTURE.md name functions that are there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests import structure

NAMED = re.compile(r"`(\w[\w/]*\.py):([\w.]+)`")
STEPS = sorted(set(NAMED.findall(structure.PAGE.read_text("utf-8"))))


def names(path: Path) -> set[str]:
    """The functions, classes and methods of a module: `fit`, `Alphabet.encode`."""
    found = set()
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        if isinstance(node, ast.ClassDef):
            methods = (inner for inner in node.body if isinstance(inner, ast.FunctionDef))
            found |= {f"{node.name}.{method.name}" for method in methods}
    return found


@pytest.mark.parametrize(("path", "name"), STEPS)
def test_a_step_is_where_the_page_says(path: str, name: str) -> None:
    """A path may be short, `journal.py`, where its room is plain."""
    there = [one for one in structure.modules() if f"/{one}".endswith(f"/{path}")]
    assert any(name in names(structure.ROOT / one) for one in there)
