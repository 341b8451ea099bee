"""Where the model or the answers of a language are, in the folder that was given.

model_folder(Path("runs"), "swa")           # runs/morph-swa-1f3c/model
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from data.bounded import read_json
from data.errors import InputError


def model_folder(folder: Path, unit: str) -> Path:
    """The folder of a unit's model: FOLDER/UNIT, FOLDER/UNIT/model, or a run of it in FOLDER.

    Raises:
        InputError: none of them holds a config.json, or several do.
    """
    found = [place / "config.json" for place in model_folders(folder, unit)]
    what = f"a model of {unit} ({unit}/, or a run of morph.train for it alone)"
    return only(folder, what, found).parent


def model_folders(folder: Path, unit: str) -> list[Path]:
    """Every folder of a unit's models that holds one; a run is known by its name or its config."""
    named = sorted(folder.glob(f"morph-{unit}-*/model"))
    runs = [place for place in sorted(folder.glob("*/model")) if _trained_on(place, [unit])]
    own = folder / unit / "model"
    places = dict.fromkeys([own if own.is_dir() else folder / unit, *named, *runs])
    return [place for place in places if (place / "config.json").is_file()]


def _trained_on(model: Path, units: list[str]) -> bool:
    """Whether a run of `morph.train` made a model, for these units and no others."""
    path = model.parent / "config.json"
    return path.is_file() and read_json(path, dict).get("units") == units


def only(folder: Path, what: str, places: Sequence[Path]) -> Path:
    """The one place that is a file.

    Raises:
        InputError: none of them is, or several are.
    """
    there = [place for place in places if place.is_file()]
    if len(there) != 1:
        found = ", ".join(map(str, there)) or "none"
        raise InputError(f"{folder}: expected exactly one {what}, found {found}; give its folder")
    return there[0]


def needed(folder: Path | None) -> Path:
    """The folder, which must be there."""
    if folder is None or not folder.is_dir():
        raise InputError(f"{folder}: no such folder; give the one with the models or predictions")
    return folder


def model_files(folder: Path) -> list[Path]:
    """The files of a model on which its answers depend."""
    return sorted(path for path in folder.iterdir() if path.suffix in (".json", ".safetensors"))


def config_of(folder: Path) -> Any:
    """The config.json of the run that a model or a file of predictions is part of, if any."""
    path = (folder.parent if folder.name == "model" else folder) / "config.json"
    return read_json(path, dict) if path.is_file() else None
