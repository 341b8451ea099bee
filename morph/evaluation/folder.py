"""The run folder of an evaluation: config.json, scores.json and report.html."""

from __future__ import annotations

import importlib.metadata
import json
import platform
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from data.bounded import read_json
from data.errors import InputError
from data.files import canonical_json, sha256_text, write_whole


def open_folder(out: Path | None, what: str, identity: Mapping[str, Any]) -> Path:
    """The folder of this evaluation (`out`, or runs/WHAT-HASH), with its config.json.

    Args:
        identity: everything that the result hangs on; its hash names the folder.

    Raises:
        InputError: `out` holds something else.
    """
    folder = out or Path("runs") / f"{what}-{sha256_text(canonical_json(identity))[:12]}"
    path = folder / "config.json"
    if folder.is_dir() and any(folder.iterdir()):
        found = read_json(path, dict).get("run") if path.exists() else None
        if found != identity:
            raise InputError(
                f"{folder}: holds something else than this evaluation; choose another --out, or "
                "leave it out"
            )
    settings = {"run": identity, "environment": environment()}
    write_json(path, settings)
    return folder


def environment() -> dict[str, str]:
    """What a result was made with; it explains it and does not define it."""
    return {
        "kilolingua": version("kilolingua"),
        "numpy": version("numpy"),
        "python": platform.python_version(),
        "unicode": unicodedata.unidata_version,
    }


def version(package: str) -> str:
    """The version of an installed package, or "not installed"."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def write_json(path: Path, content: Any) -> None:
    """Write JSON that a person can read; the file appears whole."""
    write_whole(path, json.dumps(content, ensure_ascii=False, indent=2) + "\n")
