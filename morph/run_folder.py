"""A run's folder: what its config.json says, and whether it is another run's.

runs/morph-sw-<hash>/config.json    what is trained on what, checksums of the data, versions
                     network-1/ ..., backward-1/ ...: checkpoints and a page of each network
                     model/         the transducer
                     sw.dev         its answers; scores.json
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from data.bounded import read_json
from data.errors import InputError
from data.files import canonical_json, check_unclaimed, release, write_whole
from morph.corpora import InflectionData

RESULTS = ("*-[0-9]/checkpoints/step-*[1-9]*", "model", "scores.json")
BEGUN = ("config.json", "network-*", "backward-*", "*.dev")
CONFIG = {"recipe": dict, "units": list, "data": list, "versions": dict}


def begin(settings: Mapping[str, Any], data: Sequence[InflectionData], out: Path) -> None:
    """Write a run's config.json, or compare it with the one that is there.

    Args:
        settings: of `TrainingConfig.to_json`.

    Raises:
        InputError: another run's is there, or files of nobody knows which.
    """
    content = canonical_json(
        {
            **settings,
            "data": [
                {"unit": d.unit, "name": d.name, "licence": d.licence, "sha256": d.sha256}
                for d in data
            ],
            "versions": {name: version(name) for name in ("kilolingua", "torch")},
        }
    )
    path = out / "config.json"
    if not path.exists():
        check_unclaimed(out, (*RESULTS, *BEGUN))
    elif path.read_bytes() == content.encode():
        return
    elif not (_is_of_training(path) and release(out, RESULTS, BEGUN)):
        raise InputError(
            f"{path}: expected this run's settings, found others; choose another --out, or give "
            "the settings that stand there"
        )
    write_whole(path, content)


def _is_of_training(path: Path) -> bool:
    """Whether a config.json is one that `begin` wrote: no model's, and no other command's."""
    try:
        read_json(path, CONFIG)
    except InputError:
        return False
    return True
