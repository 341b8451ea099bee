"""The runs of icl.eval under a folder: what their scores.json say, and what cannot be read.

runs, unread = find_runs(Path("runs"))
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data.bounded import check_shape, read_json
from data.errors import InputError
from icl.run import Result
from metrics.score import Score

FILE = "scores.json"
SHAPE = {
    "results": [{"system": str, "label": str, "direction": str, "scores": [{str: object}]}],
    "notes?": [str],
}


@dataclass(frozen=True, slots=True)
class Run:
    """A finished run: its folder, the results of its systems, and what a reader must know."""

    folder: Path
    results: tuple[Result, ...]
    notes: tuple[str, ...]

    @property
    def systems(self) -> list[str]:
        """The names of its systems: model, copy, gloss."""
        return list(dict.fromkeys(result.system for result in self.results))

    @property
    def metrics(self) -> list[str]:
        """The names of its scores, in their order."""
        return list(dict.fromkeys(s.name for result in self.results for s in result.scores))


def find_runs(folder: Path) -> tuple[list[Run], list[str]]:
    """The runs in the folders of a folder, the newest first.

    Returns:
        The runs, and a line for each folder that has a scores.json and is none: comparisons are
        passed over, damaged files are not.
    """
    runs, unread = [], []
    paths = sorted(folder.glob(f"*/{FILE}"), key=lambda path: -path.stat().st_mtime_ns)
    for path in paths:
        try:
            run = read_run(path.parent)
        except InputError as error:
            unread.append(str(error))
        else:
            if run is not None:
                runs.append(run)
    return runs, unread


def read_run(folder: Path) -> Run | None:
    """One run; None where scores.json is of another kind, a comparison for instance.

    Raises:
        InputError: scores.json is damaged.
    """
    path = folder / FILE
    content = read_json(path, dict)
    if "results" not in content:
        return None
    check_shape(content, SHAPE, str(path))
    try:
        results = tuple(_results(content["results"]))
    except ValueError as error:
        raise InputError(
            f"{path}: expected the scores of a run of icl.eval, found {error}; run it again"
        ) from error
    return Run(folder, results, tuple(content.get("notes") or ()))


def _results(rows: Sequence[Mapping[str, Any]]) -> Iterator[Result]:
    for row in rows:
        scores = tuple(Score.from_dict(score) for score in row["scores"])
        yield Result(row["system"], row["label"], row["direction"], scores)
