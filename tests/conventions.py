"""What an argument means in every room: the same name has the same default wherever it stands.

Bad lines are errors unless someone asks to leave them out, the network is used unless it is
forbidden, and numbers that depend on chance are those of seed 1.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
DEFAULTS = {
    "allow_missing": False,
    "batch_size": 256,
    "beam": 1,
    "keep_replacement": False,
    "n_best": 1,
    "offline": False,
    "rank": 0,
    "resamples": 1000,  # sacrebleu's
    "skip_bad": False,
    "trials": 10_000,  # sacrebleu's
    "world_size": 1,
}


def departures(room: str, **others: object) -> list[str]:
    """Where a room's functions have another default than the table above, or than `others`."""
    expected = DEFAULTS | others
    return [
        f"{place}: {name}={value!r}, expected {expected[name]!r}"
        for place, name, value in _defaults(ROOT / room)
        if name in expected and value is not None and value != expected[name]
    ]


def _defaults(folder: Path) -> Iterator[tuple[str, str, object]]:
    """Every argument with a constant for its default: file and line, name, value."""
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef):
                placed = [*node.args.posonlyargs, *node.args.args]
                pairs = [
                    *zip(reversed(placed), reversed(node.args.defaults), strict=False),
                    *zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True),
                ]
                for argument, default in pairs:
                    if isinstance(default, ast.Constant):
                        yield f"{path.name}:{default.lineno}", argument.arg, default.value
