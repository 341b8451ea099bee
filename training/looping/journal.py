"""metrics.jsonl and timing.jsonl: what a run says of itself, a line at a time.

What the computation settles goes to metrics.jsonl, which is the same to the byte however often
the run was killed; what the clock says goes to timing.jsonl.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from data.bounded import parse_json
from data.errors import InputError
from data.files import canonical_json, raise_if_disk_full, removed

ROW = {  # of either file; null stands for a number that was not finite
    "step": int,
    "loss?": float,
    "tokens?": int,
    "evaluation?": {str: float | None},
    "seconds?": float,
    "settled?": int,
}


class Journal:
    """The history of a run, kept in memory and, where there is a folder, in two files."""

    def __init__(self, folder: Path | None) -> None:
        self.history: list[dict[str, Any]] = []
        self._folder = folder
        self._metrics: BinaryIO | None = None
        self._timing: BinaryIO | None = None

    def open(self, metrics_bytes: int) -> None:
        """Go on after the first `metrics_bytes` of metrics.jsonl; what a kill left is cut off."""
        if self._folder is None:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / "metrics.jsonl"
        self._metrics = open(path, "ab", buffering=0)  # noqa: SIM115
        if self._metrics.tell() < metrics_bytes:
            raise InputError(
                f"{path}: expected {metrics_bytes} bytes that the checkpoint knows of, found "
                f"{self._metrics.tell()}; put the file back or choose another folder"
            )
        self._metrics.truncate(metrics_bytes)
        self.history = list(parsed_lines(path))
        self._timing = open(self._folder / "timing.jsonl", "ab", buffering=0)  # noqa: SIM115

    def metrics(self, row: Mapping[str, Any]) -> None:
        """Note what was computed; a number that is not finite becomes null (JSON has none)."""
        kept = {key: _finite(value) for key, value in row.items()}
        self.history.append(kept)
        self._write(self._metrics, kept)

    def timing(self, row: Mapping[str, Any]) -> None:
        """Note what the clock says."""
        self._write(self._timing, row)

    def secured(self) -> int:
        """Bytes of metrics.jsonl, all of them on the disk."""
        if self._metrics is None:
            return 0
        self._check_there(self._metrics)
        os.fsync(self._metrics.fileno())
        return self._metrics.seek(0, os.SEEK_END)

    def close(self) -> None:
        """Close the files."""
        for file in (self._metrics, self._timing):
            if file is not None:
                file.close()

    def _write(self, file: BinaryIO | None, row: Mapping[str, Any]) -> None:
        if file is None or self._folder is None:
            return
        self._check_there(file)
        try:
            file.write(canonical_json(row).encode() + b"\n")
        except OSError as error:
            raise_if_disk_full(error, self._folder)
            raise

    def _check_there(self, file: BinaryIO) -> None:
        """A file whose folder was removed takes what is written, and nobody ever sees it."""
        if self._folder is not None and os.fstat(file.fileno()).st_nlink == 0:
            raise removed(self._folder)


def parsed_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a metrics.jsonl or timing.jsonl.

    Raises:
        InputError: `metrics.jsonl:7: expected JSON, found ...`.
    """
    with open(path, "rb") as file:
        for number, line in enumerate(file, 1):
            yield parse_json(line, f"{path}:{number}", ROW)


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {key: _finite(inner) for key, inner in value.items()}
    return value
