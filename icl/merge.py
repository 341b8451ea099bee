"""Shards into one run: what several machines answered, scored as if one had done it all.

    python -m icl.eval --lang sw,yo,am --shard 1/2 --out shard-1      # on one machine
    python -m icl.eval --lang sw,yo,am --shard 2/2 --out shard-2      # on another
    python -m icl.merge shard-1 shard-2 --out merged

The merged folder's scores.json and report.html are those of the run without --shard. The model's
files are needed to tell that the answers are its own; it is not run again.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from data.cli import Parser, run
from data.errors import InputError

if TYPE_CHECKING:
    from icl.run import Evaluation, RunConfig


def merge(folders: Sequence[Path], out: Path | None = None) -> Evaluation:
    """Join the answers of shards of one run and score them.

    Args:
        out: the merged run's folder; by default the one that the run without --shard would have.

    Raises:
        InputError: no shards, shards of different runs, or segments that none of them answered.
    """
    from icl.evaluate import finish
    from icl.prepare import prepare

    return finish(prepare(replace(_common(folders), out=out)), shards=folders)


def _common(folders: Sequence[Path]) -> RunConfig:
    """The configuration that all shards share."""
    from icl.folder import read_options

    config, identity = read_options(folders[0])
    for folder in folders[1:]:
        if read_options(folder)[1] != identity:
            raise InputError(
                f"{folders[0]} and {folder}: shards of different runs; merge those of one"
            )
    return config


def main(argv: Sequence[str] | None = None) -> int:
    """The command line over `merge`."""
    parser = Parser("icl.merge", __doc__ or "")
    parser.add_argument("shards", nargs="+", type=Path, metavar="SHARD", help="folders of shards")
    parser.add_common("--out", "-v")
    return run(parser, _run, argv)


def _run(options: argparse.Namespace) -> int:
    from icl.console import show_evaluation

    show_evaluation(merge(options.shards, options.out))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
