"""fairseq in a process of its own, in this interpreter's environment or in another one.

fairseq is frozen and asks for exact versions of others (hydra-core 1.3.2, omegaconf 2.3.0), so an
environment of its own is no bad home for it: KILOLINGUA_FAIRSEQ_PYTHON names its interpreter.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from data.errors import InputError, UnavailableError
from data.tsv import excerpt
from training.fairseq_data.commands import program_code

VARIABLE = "KILOLINGUA_FAIRSEQ_PYTHON"
INSTALL = (
    "pip install torch numpy cython && pip install --no-build-isolation fairseq-fixed"
    f" (three minutes or more), here or where {VARIABLE} says"
)

_FIND = (
    "import importlib.util as u, sys; "
    "sys.exit(not all(map(u.find_spec, ('torch', 'fairseq', 'fairseq_cli'))))"
)


def interpreter() -> str:
    """The Python that has fairseq: the one that KILOLINGUA_FAIRSEQ_PYTHON names, or this one.

    Raises:
        UnavailableError: it has none; the message says how to install it.
    """
    python = os.environ.get(VARIABLE, sys.executable)
    try:
        found = subprocess.run([python, "-c", _FIND], env=_environment(1), check=False)
    except OSError as error:
        raise InputError(f"{VARIABLE}: expected a Python, found {python}; correct it") from error
    if found.returncode:
        raise UnavailableError(f"fairseq is not installed; install it with: {INSTALL}")
    return python


def run_fairseq(command: Sequence[str], *, output: Path, log: Path, threads: int = 1) -> None:
    """Run one of the programs of `training.fairseq_data.commands` and wait for its end.

    Args:
        output: receives what it prints; fairseq-generate prints its hypotheses.
        log: receives what it says on stderr.
        threads: of torch.

    Raises:
        UnavailableError: fairseq is not installed, or it failed; the message has its last line.
    """
    program, *options = command
    whole = [interpreter(), "-c", program_code(program), *options]
    log.parent.mkdir(parents=True, exist_ok=True)
    with open(output, "wb") as said, open(log, "wb") as complained:
        done = subprocess.run(
            whole, stdout=said, stderr=complained, env=_environment(threads), check=False
        )
    if done.returncode:
        raise UnavailableError(
            f"{program} failed with exit code {done.returncode}: {excerpt(_last_line(log))};"
            f" see {log} and {output}"
        )


def _environment(threads: int) -> Mapping[str, str]:
    """The environment, so that a folder's own `fairseq.py` is never taken for the package."""
    return {**os.environ, "PYTHONSAFEPATH": "1", "OMP_NUM_THREADS": str(threads)}


def _last_line(path: Path) -> str:
    lines = path.read_bytes().decode(errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "no message")
