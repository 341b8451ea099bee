"""Prompted translation, scored: the project's main job.

    python -m icl.eval --lang sw --shots 1 --limit 100
    python -m icl.eval --lang yor --direction both --test-set ntrex-128 --shots 4
    python -m icl.eval --lang sw,yo,am --shots 4 --select bm25 --dictionary auto
    python -m icl.eval --lang sw --engine openai --base-url http://localhost:8000/v1 --model NAME

Beside the model stand the baselines that cost nothing: copying the source, glossing it with a
lexicon. The run folder holds config.json, segments.jsonl, scores.json and report.html. The same
command goes on where a killed run stopped.
"""

from __future__ import annotations

from collections.abc import Sequence

from data.options import command
from icl.options import RunConfig


def main(argv: Sequence[str] | None = None) -> int:
    """The command line; `icl.evaluate.evaluate` is the function beneath it."""
    return command("icl.eval", __doc__ or "", RunConfig, _evaluate, argv)


def _evaluate(config: RunConfig) -> int:
    from data.access import Access
    from icl.evaluate import finish
    from icl.prepare import prepare
    from icl.report import show_evaluation
    from runfolder.console import progress_bar, say, show

    prepared = prepare(config, Access.of(config, say))
    show(prepared.first_line)
    with progress_bar() as progress:
        evaluation = finish(prepared, Access.of(config, progress.say), progress.advance)
    show_evaluation(evaluation)
    return 0 if evaluation.complete else 130


if __name__ == "__main__":
    raise SystemExit(main())
