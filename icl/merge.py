"""Shards into one run: what several machines answered, scored as if one had done it all.

    python -m icl.eval --lang sw,yo,am --shard 1/2 --out shard-1      # on one machine
    python -m icl.eval --lang sw,yo,am --shard 2/2 --out shard-2      # on another
    python -m icl.merge shard-1 shard-2 --out merged

The merged folder's scores.json and report.html are those of the run without --shard. The model's
files are needed to tell that the answers are its own; it is not run again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from data.errors import InputError
from data.options import command
from icl.options import MergeConfig

if TYPE_CHECKING:
    from data.access import Access
    from icl.options import RunConfig
    from icl.scoring import Evaluation


def merge(
    folders: Sequence[Path], out: Path | None = None, *, access: Access | None = None
) -> Evaluation:
    """Join the answers of shards of one run and score them.

    Args:
        out: the merged run's folder; by default the one that the run without --shard would have.
        access: by default as the shards' --offline says.

    Raises:
        InputError: no shards, shards of different runs, or segments that none of them answered.
    """
    from data.access import Access
    from icl.evaluate import finish
    from icl.prepare import prepare

    config = replace(_common(folders), out=out)
    access = access or Access.of(config)
    return finish(prepare(config, access), access, shards=folders)


def _common(folders: Sequence[Path]) -> RunConfig:
    """The configuration that all shards share."""
    from icl.store import read_options

    config, identity = read_options(folders[0])
    for folder in folders[1:]:
        if read_options(folder)[1] != identity:
            raise InputError(
                f"{folders[0]} and {folder}: shards of different runs; merge those of one"
            )
    return config


def main(argv: Sequence[str] | None = None) -> int:
    """The command line over `merge`."""
    return command("icl.merge", __doc__ or "", MergeConfig, _run, argv)


def _run(config: MergeConfig) -> None:
    from icl.report import show_evaluation

    show_evaluation(merge(config.shards, config.out))


if __name__ == "__main__":
    raise SystemExit(main())
