"""The weights of a checkpoint of fairseq's, as arrays.

    read_checkpoint(Path("checkpoints/checkpoint_best.pt")).weights

A checkpoint is a pickle. The Python that has fairseq reads it, in a process of its own and as data
alone (`torch.load(weights_only=True)`, with the plain `argparse.Namespace` of its arguments as the
one class allowed), and hands the weights over as an .npz, which holds nothing but numbers. Even so:
only checkpoints that a run of one's own has just made are read.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from data.errors import UnavailableError
from data.tsv import excerpt
from training.fairseq.programs import interpreter

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_CODE = """
import argparse, sys
import numpy, torch
torch.serialization.add_safe_globals([argparse.Namespace])
state = torch.load(sys.argv[1], map_location="cpu", weights_only=True)
weights = {name: value.float().numpy() for name, value in state["model"].items()}
weights[sys.argv[3]] = numpy.int64(state["optimizer_history"][-1]["num_updates"])
numpy.savez(sys.argv[2], **weights)
"""
_UPDATES = "number of updates"


class Checkpoint(NamedTuple):
    """What a checkpoint holds: weights in float32 by fairseq's names, after so many updates."""

    weights: dict[str, NDArray[np.float32]]
    updates: int


def read_checkpoint(checkpoint: Path) -> Checkpoint:
    """All weights of a checkpoint.

    Raises:
        UnavailableError: fairseq is not installed, or its Python cannot read the file.
    """
    import numpy as np

    with tempfile.TemporaryDirectory(prefix="kilolingua-fairseq-") as name:
        path = Path(name) / "weights.npz"
        command = [interpreter(), "-c", _CODE, str(checkpoint), str(path), _UPDATES]
        safe = {**os.environ, "PYTHONSAFEPATH": "1"}
        done = subprocess.run(command, capture_output=True, env=safe, check=False)
        if done.returncode or not path.is_file():
            last = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
            raise UnavailableError(
                f"{checkpoint}: expected a checkpoint that fairseq's Python can read, found"
                f" {excerpt(last) or 'none'}; train again"
            )
        with np.load(path, allow_pickle=False) as held:
            arrays = {key: held[key] for key in held.files}
    updates = int(arrays.pop(_UPDATES))
    return Checkpoint(arrays, updates)
