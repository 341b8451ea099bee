"""Folders of training runs: who opens them, what they hold; folders that appear whole.

    with training_folder(KIND, "pretrain", identity, out=None, options=to_json(config)) as folder:
        with folder_appears_whole(folder / "model") as out:
            model.save_pretrained(out)

A training run's folder holds, beside config.json (`runfolder.folder`) and what its command adds:

    checkpoints/   metrics.jsonl, timing.jsonl: of the loop
    model/         what `from_pretrained` opens, with its card
    scores.json    report.html
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from data.errors import InputError
from data.files import raise_if_disk_full, removed, sha256_file
from runfolder.folder import RunKind, folder_name, run_folder

WRITING = ".writing-"  # begins the name of a folder that is not whole yet
PACKAGES = ("numpy", "peft", "sentencepiece", "tokenizers", "torch", "transformers")
RESULTS = ("checkpoints/step-*[1-9]*", "model", "scores.json")  # step 0 is what it began with
BEGUN = (
    *("tokenizer", "data", "before.json", "checkpoints", "distilled", "predictions"),
    *("metrics.jsonl", "timing.jsonl", "report.html", f"{WRITING}*"),
)


def training_kind(command: str, shape: Mapping[str, Any]) -> RunKind:
    """What the run folders of a command that trains are like.

    Args:
        shape: what a run of this command has in its identity, and those of others have not.
    """
    return RunKind(command, shape, RESULTS, BEGUN, PACKAGES)


@contextmanager
def training_folder(
    kind: RunKind,
    what: str,
    identity: Mapping[str, Any],
    *,
    out: Path | None,
    options: Mapping[str, Any],
) -> Iterator[Path]:
    """The folder of a run for the block, locked; see `runfolder.folder.run_folder`.

    Of many processes (`accelerate launch`) the main one opens it for all.
    """
    if os.environ.get("RANK", "0") != "0":
        yield out or Path("runs") / folder_name(what, identity)
        return
    with run_folder(kind, what, identity, out=out, options=options) as run:
        yield run.folder


@contextmanager
def folder_appears_whole(target: Path) -> Iterator[Path]:
    """A neighbour of `target` to fill, which then takes its place; if that fails nothing is kept.

    Every file is on the disk before the folder has its name.

    Raises:
        UnavailableError: the disk is full, or the folder around it was removed.
    """
    aside = target.with_name(f"{WRITING}{target.name}-{os.getpid()}")
    try:
        target.parent.mkdir(exist_ok=True)
        for left in target.parent.glob(f"{WRITING}{target.name}-*"):  # what killed runs left
            shutil.rmtree(left)
        aside.mkdir()
        yield aside
        for path in (*aside.rglob("*"), aside):
            _sync(path)
        if target.exists():  # a resumed run is here again; its files are the same
            shutil.rmtree(target)
        aside.rename(target)
        _sync(target.parent)
    except OSError as error:
        for folder in (target.parent.parent, target.parent):
            if not folder.is_dir():
                raise removed(folder) from error
        raise_if_disk_full(error, target)
        raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def tokenizer_identity(folder: str) -> str:
    """A tokenizer in a run's identity: by its content, wherever it lies.

    Raises:
        InputError: there is none.
    """
    path = Path(folder) / "tokenizer.json"
    if not path.is_file():
        raise InputError(
            f"--tokenizer {folder}: expected a folder with a tokenizer.json, found none; check the"
            " path"
        )
    return f"sha256:{sha256_file(path)}"
