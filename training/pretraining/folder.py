"""The run folder: its name, its configuration, and whether it holds another run.

runs/pretrain-<hash>/config.json    run (what a result hangs on), options, environment
                     tokenizer/     data/: the documents as ids
                     checkpoints/   metrics.jsonl, timing.jsonl: of the loop
                     model/         what `from_pretrained` opens, with its card
                     scores.json    report.html
"""

from __future__ import annotations

import dataclasses
import importlib.metadata
import json
import platform
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from data.bounded import read_json
from data.contamination import KeepOut
from data.errors import InputError
from data.files import (
    canonical_json,
    check_unclaimed,
    raise_if_disk_full,
    release,
    sha256_file,
    sha256_text,
    write_whole,
)
from models.resolve import Model
from training.pretraining.config import PretrainConfig
from training.pretraining.corpora import Source

PACKAGES = ("kilolingua", "numpy", "peft", "sentencepiece", "tokenizers", "torch", "transformers")
ELSEWHERE = ("corpora", "keep_out", "model", "tokenizer")  # in the identity by their content
RESULTS = ("checkpoints/step-*[1-9]*", "model", "scores.json")  # step 0 is what it began with
BEGUN = (
    *("config.json", "tokenizer", "data", "before.json", "checkpoints", "distilled", "predictions"),
    *("metrics.jsonl", "timing.jsonl", "report.html", ".*.part"),
)
FREE = ("out", "offline", "checkpoint_every", "lang")  # these change no weight


def identity_of(
    config: PretrainConfig, sources: Sequence[Source], keep_out: KeepOut, base: Model | None
) -> dict[str, Any]:
    """Everything that the weights hang on: options, and checksums of data, tokenizer and model."""
    options, settings = dataclasses.asdict(config), config.settings()
    return {
        **{name: v for name, v in options.items() if name not in (*ELSEWHERE, *FREE)},
        "optimizer": settings.optimizer,
        "learning_rate": settings.learning_rate,
        "corpora": [source.to_json() for source in sources],
        "keep_out": [*keep_out.describe(), {"sha256": keep_out.sha256}],
        "model": base and {"name": base.name, "revision": base.revision},
        "tokenizer": _tokenizer(config),
    }


def open_folder(config: PretrainConfig, identity: Mapping[str, Any]) -> Path:
    """Make the run folder, or find the one of this run.

    Raises:
        InputError: --out names a folder that holds another run; the differences are named.
    """
    name = f"pretrain-{sha256_text(canonical_json(identity))[:12]}"
    folder = config.out or Path("runs") / name
    path = folder / "config.json"
    if path.exists():
        found = run_of(path, "training.pretrain", {"corpora": list, "objective": str})
        differing = sorted(_differences(found, json.loads(canonical_json(identity))))
        if not differing:
            return folder
        if not release(folder, RESULTS, BEGUN):
            raise InputError(
                f"{folder}: holds another run (it differs in {', '.join(differing)}); choose"
                " another --out, or leave it out"
            )
    else:
        check_unclaimed(folder, (*RESULTS, *BEGUN))
    options = {
        name: str(value) if isinstance(value, Path) else value
        for name, value in dataclasses.asdict(config).items()
    }
    settings = {"run": identity, "options": options, "environment": environment()}
    write_whole(path, json.dumps(settings, ensure_ascii=False, indent=2, sort_keys=True) + "\n")
    return folder


def environment() -> dict[str, Any]:
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
        "packages": versions,
    }


def folder_that_appears_whole(folder: Path, fill: Callable[[Path], None]) -> None:
    """Fill a neighbour of `folder` that then takes its place; when that fails, nothing is kept.

    Raises:
        UnavailableError: the disk is full.
    """
    scratch = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(scratch, ignore_errors=True)  # what a killed run left
    try:
        scratch.mkdir(parents=True)
        fill(scratch)
        shutil.rmtree(folder, ignore_errors=True)
        scratch.replace(folder)
    except OSError as error:
        raise_if_disk_full(error, folder)
        raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _tokenizer(config: PretrainConfig) -> str | None:
    """`train:N` and `extend:N` as they are, a folder by its content."""
    if config.tokenizer is None or config.made("train") or config.made("extend"):
        return config.tokenizer
    path = Path(config.tokenizer) / "tokenizer.json"
    if not path.is_file():
        raise InputError(
            f"--tokenizer {config.tokenizer}: expected a folder with a tokenizer.json, train:N or"
            " extend:N; check the path"
        )
    return f"sha256:{sha256_file(path)}"


def run_of(path: Path, command: str, shape: Mapping[str, Any]) -> dict[str, Any]:
    """What a run's config.json says that its result depends on.

    Args:
        shape: what a run of this command has there, and those of others have not.

    Raises:
        InputError: it is damaged, or no run's of this command.
    """
    try:
        run: dict[str, Any] = read_json(path, {"run": shape})["run"]
    except InputError as error:
        raise InputError(
            f"{error}: not the configuration of a run of {command}; choose another --out"
        ) from error
    return run


def _differences(found: Mapping[str, Any], expected: Mapping[str, Any]) -> Iterator[str]:
    for name in {*found, *expected}:
        if found.get(name) != expected.get(name):
            yield name
