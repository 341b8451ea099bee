"""Audit a trained model: what of its training data can be told, or read out, by attacking it?

    python -m trust.audit --model runs/nlu-1f2e --members train.tsv --others held-out.tsv
    python -m trust.audit --model runs/pretrain-3c4d --members sw=train.txt,ha=hausa.txt \\
        --others sw=held-out.txt,ha=hausa-held-out.txt --shadows 16 --attacks loss,lira,rmia
    python -m trust.audit --model runs/nlu-1f2e --canaries planted/canaries.jsonl

Models are those of nlu.train, training.tag, training.pretrain (decoders and encoders) and
morph.train; --members are records that the model was trained on, --others records like them that it
was not, in the forms that the command takes. Each attack gives a score a record; the folder gets,
for each attack and language, the area under the curve (50 is chance), the share of members found at
1 % and 0.1 % false positives, and controls that must fail. Shadow models (--shadows) are trained by
the target's own recipe on halves of the records. Planted canaries (`trust.canaries`) give exposure,
and what can be read out. With --coins the parting into members and others, or the canaries, was a
fair coin's, and one run bounds epsilon from below. config.json, observations.jsonl, canaries.jsonl,
candidates.tsv, scores.json and report.html; a killed audit goes on when the same command is started
again, to the same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from data.access import Access
from data.options import command
from trust.config import Advance, Audit

if TYPE_CHECKING:
    from trust.report import Audited


def audit(config: Audit, access: Access = Access(), advance: Advance | None = None) -> Audited:
    """Attack a model and say what came of it, or go on with an audit.

    Args:
        advance: called with (what is done, how many, of how many).

    Raises:
        InputError: a model of another task, records without labels or on both sides, canaries that
            tokenise alike; the message says where and what next.
        UnavailableError: a file or a package cannot be had.
    """
    from trust.run import run

    return run(config, access, advance)


def main(argv: Sequence[str] | None = None) -> int:
    """The command line; `audit` is the function beneath it."""
    return command("trust.audit", __doc__ or "", Audit, _command, argv)


def _command(config: Audit) -> int:
    from runfolder.console import progress_bar, say, show

    with progress_bar() as progress:
        done = audit(config, Access.of(config, progress.say), progress.advance)
    for line in done.lines():
        show(line)
    for note in done.told["notes"]:
        say(f"note: {note}")
    show(f"wrote {done.folder}: scores.json report.html")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
