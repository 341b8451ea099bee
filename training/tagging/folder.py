"""The folder of a tagging run.

runs/tag-<hash>/config.json      run (what a result hangs on), options, environment
                distilled/       pseudo-labelled sentences as the teacher sees them
                checkpoints/     metrics.jsonl, timing.jsonl: of the loop
                model/           what `AutoModelForTokenClassification.from_pretrained` opens
                predictions/     a two-column file a test set
                scores.json      report.html
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from data.contamination import KeepOut
from data.errors import InputError
from data.files import (
    canonical_json,
    check_unclaimed,
    release,
    sha256_file,
    sha256_text,
    write_whole,
)
from models.resolve import Model
from training.pretraining.folder import BEGUN, RESULTS, environment, run_of
from training.tagging.config import TagConfig
from training.tagging.corpora import Labelled

BY_CONTENT = (
    "train",
    "pseudo",
    "unlabelled",
    "dev",
    "test",
    "keep_out",
    "model",
    "teacher",
    "tokenizer",
)
# These change no result: what is left out shows in the checksums of the sets.
FREE = ("out", "offline", "checkpoint_every", "skip_bad")


def identity_of(
    config: TagConfig,
    sets: Mapping[str, Sequence[Labelled]],
    keep_out: KeepOut,
    models: Mapping[str, Model | None],
) -> dict[str, Any]:
    """Everything that a result hangs on: options, and checksums of data and models."""
    options = dataclasses.asdict(config)
    return {
        **{name: value for name, value in options.items() if name not in (*BY_CONTENT, *FREE)},
        **{role: [one.to_json() for one in found] for role, found in sets.items()},
        **{role: _told(model) for role, model in models.items()},
        "keep_out": [*keep_out.describe(), {"sha256": keep_out.sha256}],
        "tokenizer": _tokenizer(config),
    }


def open_folder(config: TagConfig, identity: Mapping[str, Any]) -> Path:
    """Make the run folder, or find the one of this run.

    Raises:
        InputError: --out names a folder that holds another run; what differs is named.
    """
    name = f"tag-{sha256_text(canonical_json(identity))[:12]}"
    folder = config.out or Path("runs") / name
    path = folder / "config.json"
    if path.exists():
        differing = _differing(path, identity)
        if not differing:
            return folder
        if not release(folder, RESULTS, BEGUN):
            raise InputError(
                f"{folder}: holds another run (it differs in {', '.join(differing)}); choose"
                " another --out, or leave it out"
            )
    else:
        check_unclaimed(folder, (*RESULTS, *BEGUN))
    options = {name: _plain(value) for name, value in dataclasses.asdict(config).items()}
    settings = {"run": identity, "options": options, "environment": environment()}
    write_whole(path, json.dumps(settings, ensure_ascii=False, indent=2, sort_keys=True) + "\n")
    return folder


def _differing(path: Path, identity: Mapping[str, Any]) -> list[str]:
    """The settings in which the run of a config.json differs."""
    found = run_of(path, "training.tag", {"train": list, "test": list})
    expected = json.loads(canonical_json(identity))
    return [key for key in sorted({*found, *expected}) if found.get(key) != expected.get(key)]


def file_name(test: str) -> str:
    """The file of a test set's predictions.

    >>> file_name("masakhapos:twi"), file_name("mine/gold.txt")
    ('masakhapos-twi.txt', 'mine-gold.txt')
    """
    return re.sub(r"[^\w.-]+", "-", test.removesuffix(".txt")).strip("-.") + ".txt"


def _told(model: Model | None) -> dict[str, str] | None:
    return {"name": model.name, "revision": model.revision} if model else None


def _tokenizer(config: TagConfig) -> str | None:
    if config.tokenizer is None:
        return None
    path = Path(config.tokenizer) / "tokenizer.json"
    if not path.is_file():
        raise InputError(f"--tokenizer {config.tokenizer}: expected a folder with a tokenizer.json")
    return f"sha256:{sha256_file(path)}"


def _plain(value: object) -> object:
    return str(value) if isinstance(value, Path) else value
