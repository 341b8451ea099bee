"""The programs of fairseq: their command lines, ready to copy, and a process that runs one.

>>> commands = Commands(Path("out"), TRANSLATION, ("train", "valid", "test"), ("en", "sw"))
>>> commands.train()[:4]
['fairseq-train', 'out/data-bin', '--task', 'translation']

The settings are those of fairseq's own examples for the objective: Vaswani et al. (2017) in the
size for little data (IWSLT), RoBERTa base (Liu et al. 2019), BART base (Lewis et al. 2020). Options
that stand later win, so a command is changed by adding to its end.

Every command has `--required-batch-size-multiple 1`. With fairseq's default of 8 a last batch that
is no multiple of eight is dropped, in training and when it generates, and nothing says so.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from data.errors import InputError, UnavailableError
from data.tsv import excerpt

MLM, DENOISING, TRANSLATION = "mlm", "denoising", "translation"
OBJECTIVES = (MLM, DENOISING, TRANSLATION)

PREPROCESS, TRAIN, GENERATE = "fairseq-preprocess", "fairseq-train", "fairseq-generate"

# fairseq is frozen and asks for exact versions of others (hydra-core 1.3.2, omegaconf 2.3.0), so
# an environment of its own is no bad home for it.
VARIABLE = "KILOLINGUA_FAIRSEQ_PYTHON"
INSTALL = (
    "pip install torch numpy cython && pip install --no-build-isolation fairseq-fixed"
    f" (three minutes or more), here or where {VARIABLE} says"
)

_FIND = (
    "import importlib.util as u, sys; "
    "sys.exit(not all(map(u.find_spec, ('torch', 'fairseq', 'fairseq_cli'))))"
)

_WHOLE_BATCHES = ("--required-batch-size-multiple", "1")
_ADAM = ("--optimizer", "adam", "--adam-betas", "(0.9, 0.98)", "--clip-norm", "1.0")
_INVERSE_SQRT = ("--lr", "5e-4", "--lr-scheduler", "inverse_sqrt", "--warmup-updates", "4000")
_SAMPLES = ("--tokens-per-sample", "512", "--sample-break-mode", "complete")
_TRAINING: Mapping[str, Sequence[str]] = {
    MLM: (
        *("--task", "masked_lm", "--arch", "roberta_base", "--criterion", "masked_lm", *_SAMPLES),
        *(*_ADAM, *_INVERSE_SQRT, "--weight-decay", "0.01", "--dropout", "0.1"),
        *("--max-tokens", "8192", "--max-update", "50000"),
    ),
    DENOISING: (
        *("--task", "denoising", "--arch", "bart_base", "--criterion", "cross_entropy", *_SAMPLES),
        *("--mask", "0.3", "--mask-length", "span-poisson", "--poisson-lambda", "3.5"),
        *("--replace-length", "1", "--rotate", "0", "--permute-sentences", "0"),
        *(*_ADAM, *_INVERSE_SQRT, "--weight-decay", "0.01", "--dropout", "0.1"),
        *("--max-tokens", "8192", "--max-update", "50000"),
    ),
    TRANSLATION: (
        *("--task", "translation", "--arch", "transformer_iwslt_de_en"),
        *("--criterion", "label_smoothed_cross_entropy", "--label-smoothing", "0.1"),
        *(*_ADAM, *_INVERSE_SQRT, "--weight-decay", "0.0001", "--dropout", "0.3"),
        *("--max-tokens", "4096", "--max-update", "20000"),
    ),
}


@dataclass(frozen=True, slots=True)
class Commands:
    """The commands for one prepared folder.

    Attributes:
        out: the folder.
        splits: the parts that it has.
        languages: source and target, for translation.
        joined: the two languages have one dictionary, so they share the embeddings.
    """

    out: Path
    objective: str
    splits: Sequence[str]
    languages: tuple[str, str] | None = None
    joined: bool = False

    def preprocess(self, destination: Path) -> list[str]:
        """`fairseq-preprocess` on the text that was written: its files are equal to those here.

        It is not needed; it is there to check, and for those who want other settings of it.
        """
        parts = [
            word
            for split in self.splits
            for word in (f"--{split}pref", str(self.out / "text" / split))
        ]
        kind = ["--joined-dictionary"] if self.joined else []
        kind = kind if self.languages else ["--only-source"]
        return [PREPROCESS, *kind, *self._pair(), *parts, "--destdir", str(destination)]

    def train(self) -> list[str]:
        """`fairseq-train`; checkpoints go to `out`/checkpoints, from which it goes on."""
        return [
            *(TRAIN, str(self.out / "data-bin"), *_TRAINING[self.objective], *self._pair()),
            *(("--share-all-embeddings",) if self.joined else ()),
            *(() if "valid" in self.splits else ("--disable-validation",)),
            *(*_WHOLE_BATCHES, "--save-dir", str(self.out / "checkpoints")),
        ]

    def generate(self) -> list[str]:
        """`fairseq-generate` of the part `test` from the best checkpoint, or from the last one."""
        checkpoint = "checkpoint_best.pt" if "valid" in self.splits else "checkpoint_last.pt"
        return [
            *(GENERATE, str(self.out / "data-bin"), "--task", self.objective, *self._pair()),
            *("--path", str(self.out / "checkpoints" / checkpoint)),
            *("--gen-subset", "test", "--beam", "5", *_WHOLE_BATCHES),
        ]

    def _pair(self) -> list[str]:
        if self.languages is None:
            return []
        return ["--source-lang", self.languages[0], "--target-lang", self.languages[1]]


def shell(command: Sequence[str]) -> str:
    """A command as it is pasted into a shell.

    >>> shell(["fairseq-preprocess", "--destdir", "my data"])
    "fairseq-preprocess --destdir 'my data'"
    >>> shell(["fairseq-train", "data"])[:67]
    "python -c 'import argparse, torch; torch.serialization.add_safe_glo"
    """
    program, *options = command
    if program == PREPROCESS:
        return shlex.join(command)
    return shlex.join(["python", "-c", program_code(program), *options])


def program_code(program: str) -> str:
    """The Python code of one of fairseq's programs.

    Since torch 2.6 a checkpoint is read as data alone, unless a class is named as safe. fairseq's
    checkpoints hold their arguments, a plain `argparse.Namespace`; nothing else is allowed.
    """
    start = f"from fairseq_cli.{program.removeprefix('fairseq-')} import cli_main; cli_main()"
    safe = "import argparse, torch; torch.serialization.add_safe_globals([argparse.Namespace]); "
    return start if program == PREPROCESS else safe + start


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


def run_fairseq(
    command: Sequence[str], *, output: Path, log: Path, threads: int = 1, goes_on: bool = False
) -> None:
    """Run one of the programs of `training.fairseq.programs` and wait for its end.

    Args:
        output: receives what it prints; fairseq-generate prints its hypotheses.
        log: receives what it says on stderr.
        threads: of torch.
        goes_on: behind what a run that was killed printed, from whose checkpoint this goes on.

    Raises:
        UnavailableError: fairseq is not installed, or it failed; the message has its last line.
    """
    program, *options = command
    whole = [interpreter(), "-c", program_code(program), *options]
    log.parent.mkdir(parents=True, exist_ok=True)
    mode: Literal["ab", "wb"] = "ab" if goes_on else "wb"
    with open(output, mode) as printed, open(log, mode) as complained:
        done = subprocess.run(
            whole, stdout=printed, stderr=complained, env=_environment(threads), check=False
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
