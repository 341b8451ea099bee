"""What pyproject.toml says of other packages: all that is imported, with both bounds.

pytest tests/test_dependencies.py
"""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PACKAGES = PROJECT["tool"]["setuptools"]["packages"]
ROOMS = [name for name in (*PACKAGES, "bench", "recipes", "tests") if "." not in name]
EXTRAS = PROJECT["project"]["optional-dependencies"]
EVERY = [
    *PROJECT["project"]["dependencies"],
    *(line for lines in EXTRAS.values() for line in lines),
]

# The first release without the holes that are publicly known (GitHub advisories), by package.
SAFE = {
    "filelock": (3, 20, 1),  # CVE-2025-68146: a link in place of a lock file
    "jinja2": (3, 1, 6),  # CVE-2025-27516: out of the sandbox through |attr
    "pyarrow": (14, 0, 1),  # CVE-2023-47248: code in a Parquet or IPC file
    "ray": (2, 52),  # CVE-2025-62593: code through the browser of a developer
    "sentencepiece": (0, 2, 1),  # CVE-2026-1260: memory, by a model file
    "setuptools": (78, 1, 1),  # CVE-2025-47273: files outside the folder
    "torch": (2, 6),  # CVE-2025-32434: code in weights, with weights_only
    "transformers": (4, 53),  # CVE-2025-6921 and others: regular expressions
}

NAMES = {"umap": ["umap-learn"]}  # of packages that are called otherwise, where not installed


def name_of(requirement: str) -> str:
    return re.sub(r"[-_.]+", "-", re.split(r"[<>=!~\[; ]", requirement)[0]).lower()


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            yield node.module.partition(".")[0]


def test_every_import_is_declared() -> None:
    declared = {name_of(line) for line in EVERY}
    installed = {**NAMES, **packages_distributions()}
    missing = set()
    for room in ROOMS:
        for path in (ROOT / room).rglob("*.py"):
            for module in {*imports(path)} - {*sys.stdlib_module_names, *ROOMS}:
                names = {name_of(name) for name in installed.get(module, [module])}
                if not names & declared:
                    missing.add(f"{module} in {path.relative_to(ROOT)}")
    assert sorted(missing) == []


def test_what_a_room_declares_as_its_extra_is_imported_somewhere() -> None:
    installed = {**NAMES, **packages_distributions()}
    modules = {m for room in ROOMS for p in (ROOT / room).rglob("*.py") for m in imports(p)}
    names = {name_of(name) for module in modules for name in installed.get(module, [module])}
    run_only = {
        "build",
        "ipykernel",
        "mkdocstrings-python",
        "zensical",
        "coverage",
        "datasets",
        "fastapi",
        "uvicorn",
        "mypy",
        "pytest-xdist",
        "ruff",
        "bqplot",
        "fairseq-fixed",
        "ray",
        "unimorph",
    }
    assert {name_of(line) for line in EVERY} - names - {*run_only} == set()


@pytest.mark.parametrize("requirement", [*EVERY, *PROJECT["build-system"]["requires"]])
def test_every_requirement_has_a_floor_and_ends_at_a_major_release(requirement: str) -> None:
    bounds = re.fullmatch(r"[\w.-]+>=([\d.]+),<([\d.]+)", requirement)
    assert bounds, f"{requirement}: expected NAME>=FLOOR,<NEXT"
    floor = tuple(map(int, bounds[1].split(".")))
    assert floor >= SAFE.get(name_of(requirement), (0,)), f"{requirement}: known holes below"
    if name_of(requirement) not in ("torch", "llvmlite", "numba", "bqplot", "fairseq-fixed"):
        assert "." not in bounds[2], f"{requirement}: the next major release is a whole number"


def test_torch_takes_the_processor_wheel_of_2_13() -> None:
    assert "torch>=2.6,<2.14" in EXTRAS["cpu"]


def test_the_documents_name_the_licence_of_every_package() -> None:
    page = (ROOT / "docs" / "INSTALL.md").read_text(encoding="utf-8")
    rows = {line.split("|")[1].strip() for line in page.splitlines() if line.startswith("| ")}
    assert {name_of(line) for line in EVERY} - rows == set()
