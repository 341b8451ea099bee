"""The house keeps its shape: imports go down only, rooms stay light, the README's tree is true."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MAY_IMPORT = {
    "data": {"data"},
    "metrics": {"metrics"},
    "training": {"training", "metrics", "data"},
    "morph": {"morph", "training", "metrics", "data"},
    "lexaug": {"lexaug", "morph", "data"},  # of morph, morph.inflect only
    "icl": {"icl", "metrics", "data"},
    "app": {"app", "lexaug", "morph", "icl", "training", "metrics", "data"},
}
OURS = {"app", "bench", "data", "icl", "lexaug", "localize", "metrics", "morph", "nlu", "training"}
MODULES = sorted(path for room in MAY_IMPORT for path in (ROOT / room).rglob("*.py"))
HEAVY = {"torch", "transformers", "ctranslate2"}


def imported(path: Path) -> Iterator[str]:
    """The first part of each module that a file imports, wherever the import stands."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_go_down_only(path: Path) -> None:
    room = path.relative_to(ROOT).parts[0]
    assert set(imported(path)) & OURS <= MAY_IMPORT[room]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_functions_and_files_stay_short(path: Path) -> None:
    text = path.read_text("utf-8")
    assert text.count("\n") <= 300
    tree = ast.parse(text)
    assert ast.get_docstring(tree)
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            assert ast.get_docstring(node), f"{node.name} has no docstring"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            length = (node.end_lineno or 0) - node.lineno + 1
            assert length <= 60, f"{node.name} has {length} lines"


def test_ground_rooms_need_no_torch() -> None:
    rooms = "import data, metrics, data.catalog, data.load, metrics.translation, icl.evaluate, sys"
    code = f"{rooms}; print(sorted({HEAVY} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_readme_tree_matches_the_disk() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    [tree] = re.findall(r"^```text\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    told, room = set(), ""
    for line in tree.splitlines():
        if match := re.match(r"(\s*)(\S+)", line):
            indent, name = len(match[1]), match[2]
            room = name if not indent and name.endswith("/") else room
            told.add(name if not indent else room + name)
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    ).stdout.splitlines()
    if not listed:
        pytest.skip("needs a git checkout to tell which files belong to the project")
    existing = [name for name in listed if (ROOT / name).exists()]
    for name in told:
        assert (ROOT / name).exists(), f"the README's tree names {name}, which is not there"
    for name in existing:
        parts = name.split("/")
        if parts[0] in MAY_IMPORT and name.endswith(".py") and parts[-1] != "__init__.py":
            place = "/".join(parts[:2]) + ("/" if len(parts) > 2 else "")
            assert place in told, f"the README's tree lacks {name}"
        if len(parts) == 1 and not name.startswith("."):
            assert name in told, f"the README's tree lacks {name}"


COMMANDS = sorted(
    set(
        re.findall(
            r"python -m ((?:data|training|morph|lexaug|icl)\.\w+)",
            "\n".join(
                path.read_text("utf-8") for path in (ROOT / "README.md", *ROOT.glob("docs/*.md"))
            ),
        )
    )
)


@pytest.mark.parametrize("module", COMMANDS)
def test_a_command_that_the_documents_name_answers(module: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", module, "--help"], capture_output=True, text=True, cwd=ROOT
    )
    assert (done.returncode, done.stdout.startswith("usage:")) == (0, True), done.stderr
