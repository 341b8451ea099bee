"""Train a model on many devices whose data stay there: federated training, simulated.

    python -m trust.federated --task intents --clients 1000 --partition label:0.5 --per-round 50 \\
        --rounds 100
    python -m trust.federated --task topics --model multilingual-e5-small --freeze encoder \\
        --partition language --select activity --server fedopt-adam --learning-rate 0.5
    python -m trust.federated --task pos --partition quantity:1.0 --stragglers 0.3 --dropouts 0.1 \\
        --periods 4 --memory 2 --masks
    python -m trust.federated --task intents --partition file:users.tsv --dp-epsilon 8

Each round asks some clients (--select, --per-round), who train the model that they get on their own
examples and send what it changed by; the server makes a step of the mean (--server). Tasks are
intents, pos, topics, lm and inflection, on the models and batches of their own commands; data are
dealt out by label, quantity, language, dialect or a table of users (--partition). The folder gets
partition.tsv, rounds.jsonl, model/, scores.json (by language, the worst-served one, beside what
costs nothing) and report.html. A killed run goes on in the middle of a round when the same command
is started again, to the same bytes. --clients 1 is central training.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from data.access import Access
from data.options import command
from trust.federation.config import Advance, Federated

if TYPE_CHECKING:
    from trust.federation.report import Done


def federate(
    config: Federated, access: Access | None = None, advance: Advance | None = None
) -> Done:
    """Train a model as a configuration asks for, or go on with it.

    Args:
        access: how files are reached, and who is told what happens.
        advance: called with (what is done, how many, of how many).

    Raises:
        InputError: a wrong option, set, model or partition; the message says where and what next.
        UnavailableError: a file or a package cannot be had; a loss that is not finite.
    """
    from trust.federation.run import run

    return run(config, access or Access.of(config), advance)


def main(argv: Sequence[str] | None = None) -> int:
    """The command line; `federate` is the function beneath it."""
    return command("trust.federated", __doc__ or "", Federated, _command, argv)


def _command(config: Federated) -> int:
    from runfolder.console import progress_bar, say, show

    if config.flower is not None:
        from trust.federation.flower import write_app

        write_app(config, config.flower)
        show(f"wrote {config.flower}: pyproject.toml federated_app.py")
        return 0
    with progress_bar() as progress:
        done = federate(config, Access.of(config, progress.say), progress.advance)
    for line in done.lines():
        show(line)
    for note in done.told["notes"]:
        say(f"note: {note}")
    show(f"wrote {done.folder}: model/ partition.tsv scores.json report.html")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
