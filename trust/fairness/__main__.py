"""Is a model fair? What its representation associates, and whom it serves worse.

    python -m trust.fairness --model runs/nlu-1f2e
    python -m trust.fairness --model multilingual-e5-small --corpus lafand:train:en
    python -m trust.fairness --model runs/nlu-1f2e --lists mine.tsv:en-gender --texts mine.txt

Intrinsic measures ask the encoder: WEAT (words by themselves), SEAT (in sentences that say nothing)
and CEAT (in sentences of --corpus). Extrinsic ones ask what a run of nlu.train, training.tag or
training.classify does: gaps by language, script, family and group with the worst served, answers
that change where women and men change places, and how much answers move along what tells women from
men. Beside each figure stand its interval, what shuffled lists give, and what else could explain
it: pieces a word, frequency, length, training data. The folder gets config.json, measures.jsonl,
scores.json and report.html; a killed run goes on with the measure that it was at.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from data.access import Access
from data.options import command
from trust.fairness.config import Advance, Fairness

if TYPE_CHECKING:
    from trust.fairness.report import Measured


def fairness(
    config: Fairness, access: Access = Access(), advance: Advance | None = None
) -> Measured:
    """Measure a model, or go on with it.

    Args:
        advance: called with (what is done, how many, of how many).

    Raises:
        InputError: no such model, lists that are too short or overlap, a measure that the model or
            the options cannot give; the message says what next.
        UnavailableError: a file or a package cannot be had.
    """
    from trust.fairness.run import run

    return run(config, access, advance)


def main(argv: Sequence[str] | None = None) -> int:
    """The command line; `fairness` is the function beneath it."""
    return command("trust.fairness", __doc__ or "", Fairness, _command, argv)


def _command(config: Fairness) -> int:
    from runfolder.console import progress_bar, say, show

    with progress_bar() as progress:
        done = fairness(config, Access.of(config, progress.say), progress.advance)
    for line in done.lines():
        show(line)
    for name, why in done.lacking.items():
        say(f"not made: {name}: {why}")
    for note in done.notes:
        say(f"note: {note}")
    show(f"wrote {done.folder}: scores.json report.html")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
