"""The shape of the tree in figures, and the tree in docs/ARCHITECTURE.md from docstrings.

python -m tests.structure           # the figures
python -m tests.structure --write   # and the tree
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
ROOMS = (
    "kilolingua",
    "app",
    "bench",
    "localize",
    "lexaug",
    "morph",
    "icl",
    "trust",
    "nlu",
    "probe",
    "training",
    "models",
    "runfolder",
    "data",
    "metrics",
)
PAGE = ROOT / "docs" / "ARCHITECTURE.md"
TREE = re.compile(r"(?<=^```text\n)kilolingua/.*?(?=^```)", re.MULTILINE | re.DOTALL)
WIDTH = 32  # columns before what a file is for


def modules() -> list[Path]:
    """Every module of the rooms, relative to the root."""
    found = (path.relative_to(ROOT) for room in ROOMS for path in (ROOT / room).rglob("*.py"))
    return sorted(found)


def parsed(path: Path) -> ast.Module:
    """The syntax tree of a module, by its place in the tree."""
    return ast.parse((ROOT / path).read_text("utf-8"))


def dotted(path: Path) -> str:
    """A module's name: `icl.engines` for icl/engines/__init__.py.

    >>> dotted(Path("icl/engines/__init__.py")), dotted(Path("icl/options.py"))
    ('icl.engines', 'icl.options')
    """
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


def imports_of(path: Path, names: set[str]) -> set[str]:
    """The modules of the house that a module imports, wherever the import stands, for types too."""
    found = set()
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            inner = {f"{node.module}.{alias.name}" for alias in node.names} & names
            found |= inner or {node.module}
    return (found & names) - {dotted(path)}


def circles() -> list[list[str]]:
    """The sets of modules that import each other (strongly connected components), sorted."""
    names = {dotted(path) for path in modules()}
    graph = {dotted(path): imports_of(path, names) for path in modules()}
    return sorted(_components(graph))


def _components(graph: dict[str, set[str]]) -> Iterator[list[str]]:
    """Two modules are in one component if each reaches the other."""
    reached = {name: _reach(graph, name) for name in graph}
    done: set[str] = set()
    for name in graph:
        together = {other for other in reached[name] if name in reached[other]}
        if name not in done and len(together | {name}) > 1:
            yield sorted(together | {name})
        done |= together


def _reach(graph: dict[str, set[str]], start: str) -> set[str]:
    found: set[str] = set()
    ahead = [start]
    while ahead:
        new = graph[ahead.pop()] - found
        found |= new
        ahead += new
    return found


def functions() -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """Each function with the name of its module."""
    for path in modules():
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield dotted(path), node


def with_parameter(name: str) -> list[str]:
    """The functions that have a parameter of that name."""
    return [
        f"{module}.{node.name}"
        for module, node in functions()
        if name in {a.arg for a in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)}
    ]


def tree() -> str:
    """Rooms and modules, a line each, with the first line of its docstring."""
    lines = []
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py"), key=lambda p: (p.parent, p.name)):
            place = path.relative_to(ROOT)
            about = (ast.get_docstring(parsed(place)) or "").partition("\n")[0].rstrip(".")
            if path.name == "__init__.py":
                name, depth = f"{place.parent.name}/", len(place.parts) - 2
            else:
                name, depth = path.name, len(place.parts) - 1
            lines.append(f"{'  ' * depth + name:{WIDTH}}{about}".rstrip())
    return "\n".join(lines) + "\n"


def main() -> int:
    """Print the figures; with --write, write the tree as well."""
    if "--write" in sys.argv:
        page = PAGE.read_text("utf-8")
        PAGE.write_text(TREE.sub(lambda _: tree(), page), "utf-8")
    for circle in circles():
        print("circle:", ", ".join(circle))
    for name in ("offline", "report"):
        print(f"functions with a parameter {name}: {len(with_parameter(name))}")
    by_room = {room: sum(path.parts[0] == room for path in modules()) for room in ROOMS}
    print("modules:", len(modules()), ", ".join(f"{room} {n}" for room, n in by_room.items()))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
