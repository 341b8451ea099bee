"""The run folder's configuration: what names it, what it was made with, is it the same run."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import json
import platform
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_type_hints

from data.bounded import check_shape, read_json
from data.errors import InputError
from data.files import canonical_json, check_unclaimed, release, sha256_text, write_whole
from icl.address import public_url
from icl.run import RunConfig
from icl.store import read_records

PACKAGES = (
    "kilolingua",
    "bm25s",
    "ctranslate2",
    "numpy",
    "openai",
    "sacrebleu",
    "tokenizers",
    "torch",
    "transformers",
)
BEGUN = ("segments.jsonl", "timing.jsonl", "config.json")
ANSWERED = b'"system":"model"'
IDENTITY = {"metrics?": [str], "limit?": int, "systems": [{"system": str, "direction": str}]}
PLACES = ("out", "shard")  # options that say where and how much of a run is done, not which run

_SHAPES: Mapping[Any, Any] = {tuple[str, ...]: [str], Path | None: str | None}  # in JSON


def open_folder(config: RunConfig, what: str, identity: Mapping[str, Any]) -> Path:
    """Make the run folder, or find the one that this configuration has.

    Args:
        identity: everything that a result hangs on; its hash names the folder.

    Raises:
        InputError: --out names a folder that holds another run; the differences are named.
    """
    name = f"{what}-{sha256_text(canonical_json(identity))[:12]}"
    if config.shard:
        name += "-shard-" + config.shard.replace("/", "-of-")
    folder = config.out or Path("runs") / name
    path = folder / "config.json"
    if path.exists():
        found = read_json(path, {"run": IDENTITY})["run"]
        differing = sorted(_differences(found, identity))
        if differing and not (no_answer_in(folder) and release(folder, (), BEGUN)):
            raise InputError(
                f"{folder}: holds another run (it differs in {', '.join(differing)}); "
                "choose another --out, or leave it out"
            )
    else:
        check_unclaimed(folder, BEGUN)
    options = {k: v for k, v in dataclasses.asdict(config).items() if k not in PLACES}
    options["base_url"] = public_url(config.base_url)
    options["seen"] = str(config.seen) if config.seen else None
    settings = {"run": identity, "options": options, "environment": _environment(config)}
    write_whole(path, json.dumps(settings, ensure_ascii=False, indent=2, sort_keys=True) + "\n")
    return folder


def no_answer_in(folder: Path) -> bool:
    """Whether a model has answered nothing yet: what the baselines say costs nothing."""
    path = folder / "segments.jsonl"
    return not path.exists() or not any(
        True for _, record in read_records(path, ANSWERED) if record.get("system") == "model"
    )


def _differences(found: Mapping[str, Any], expected: Mapping[str, Any]) -> Iterator[str]:
    """The settings in which two configurations differ."""
    for key in ("metrics", "limit"):
        if found.get(key) != expected[key]:
            yield key
    old, new = found.get("systems", []), expected["systems"]
    if len(old) != len(new):
        yield "directions"
    for mine, theirs in zip(old, new, strict=False):
        yield from {k for k in {*mine, *theirs} if mine.get(k) != theirs.get(k)}


def _environment(config: RunConfig) -> dict[str, Any]:
    """What the run was made with; it explains a result and does not define it."""
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            versions[package] = "not installed"
    return {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "device": config.device,
        "batch_size": config.batch_size,
        "packages": versions,
    }


def read_options(folder: Path) -> tuple[RunConfig, Mapping[str, Any]]:
    """The configuration of a run folder, and its identity.

    Raises:
        InputError: the folder holds no run of this version.
    """
    path = folder / "config.json"
    if not path.exists():
        raise InputError(f"{folder}: no config.json; give the folder of a run of icl.eval")
    settings = read_json(path, {"run": IDENTITY, "options": dict})
    return _config_of(settings["options"], str(path)), settings["run"]


def _config_of(options: Mapping[str, Any], where: str) -> RunConfig:
    """The options of a config.json, each of the type that `RunConfig` gives it.

    Raises:
        InputError: an option of another version, or of another type.
    """
    types = get_type_hints(RunConfig)
    values = dict(options)
    for name, value in options.items():
        if name not in types or name in PLACES:
            raise InputError(
                f"{where}: not the configuration of a run of icl.eval: no option is called "
                f'"{name}"; run icl.eval again'
            )
        check_shape(value, _SHAPES.get(types[name], types[name]), where, f"options.{name}")
        if value is not None and types[name] in _SHAPES:
            values[name] = tuple(value) if isinstance(value, list) else Path(value)
    return RunConfig(**values)
