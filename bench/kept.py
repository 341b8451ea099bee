"""Results that a bench keeps, a line of JSON each, so that it goes on where it was stopped.

lines = read_lines(path, {"system": str, "seed": int})
write_lines(path, [*lines, new], key=lambda one: (one["system"], one["seed"]))
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from data.bounded import parse_json
from data.files import canonical_json, write_whole


def read_lines(path: Path, shape: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The results that are kept; none where there is no file yet.

    Args:
        shape: what a line has (`data.bounded.parse_json`).

    Raises:
        InputError: a line that is no result.
    """
    if not path.exists():
        return []
    lines = enumerate(path.read_text("utf-8").splitlines(), 1)
    return [parse_json(line, f"{path}:{n}", dict(shape)) for n, line in lines]


def write_lines(
    path: Path, lines: Iterable[Mapping[str, Any]], key: Callable[[Mapping[str, Any]], Any]
) -> None:
    """Write all results whole, in the order of `key`: the same file in whatever order they came."""
    write_whole(path, "".join(canonical_json(dict(one)) + "\n" for one in sorted(lines, key=key)))


def markdown(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """The lines of a table whose first row is its head.

    >>> list(markdown([("task", "score"), ("pos", "59.5")]))
    ['| task | score |', '| --- | --- |', '| pos | 59.5 |']
    """
    for number, row in enumerate(rows):
        yield f"| {' | '.join(row)} |"
        if number == 0:
            yield "|" + " --- |" * len(row)
