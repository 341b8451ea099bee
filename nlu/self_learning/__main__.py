"""Rewrite what users have to say twice: mine sessions, apply, export, report; simulate them.

    python -m nlu.self_learning simulate --set clinc150:test --train clinc150:train \\
        --limit 1500 --sessions 200000 --out sim
    python -m nlu.self_learning mine sim/sessions.jsonl --out mined
    python -m nlu.self_learning report mined --truth sim
    echo "play maj and dragons" | python -m nlu.self_learning apply mined
    python -m nlu.self_learning export mined --out more.jsonl      # a file to train on: nlu.train

Sessions are JSON lines, a turn each: session, user, time (seconds), request, intent, defect, and
rewrite where one was applied. `mine --state FOLDER` adds files to what was read before; the result
is that of all files at once. Where a log lies on several machines, each counts the sessions of its
own users with `mine --state`, and `mine --states A,B,C --out mined` adds up what they counted.
There is no public log of sessions: `simulate` makes them from a real model's errors, with users
whose behaviour is written down, and what it shows is a simulation.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.access import Access
from data.cli import Parser, run, typed_lines
from data.errors import InputError

if TYPE_CHECKING:
    from nlu.self_learning.simulation import Behaviour

COMMANDS = "mine|apply|export|report|simulate"
SHARES = {
    "gives-up": "of failures after which users give up",
    "slips": "of requests with a slip",
    "switches": "of rephrases into another language, where ids are parallel",
    "wrong-feedback": "of turns with a wrong defect flag",
    "follows": "of sessions that go on with something else",
    "ambiguous": "of utterances that some mean otherwise",
    "other-meaning": "of users who do",
}


def main(argv: Sequence[str] | None = None) -> int:
    """The command line; `nlu.self_learning.commands` has the functions beneath it."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    parser = Parser("nlu.self_learning", __doc__ or "")
    commands = parser.add_subparsers(dest="command", required=True, metavar=COMMANDS)
    for add in (_add_mine, _add_apply, _add_export, _add_report, _add_simulate):
        add(commands)
    return run(parser, lambda given: given.do(given), arguments)


def _add_mine(commands: Any) -> None:
    one = commands.add_parser("mine", help="rewrites from sessions")
    one.add_argument("files", nargs="*", type=Path, metavar="FILE", help="JSON lines, also .gz")
    one.add_argument("--out", type=Path, default=Path("mined"), help="folder (default mined)")
    one.add_argument("--state", type=Path, help="folder that keeps counts; files are added to it")
    one.add_argument("--states", default="", metavar="FOLDERS", help="of other such folders, added"
                     " up; with commas")  # fmt: skip
    one.add_argument("--gap", type=float, default=45.0, help="seconds that end a path (default 45)")
    one.add_argument("--least", type=float, default=10.0, help="turns of evidence (default 10)")
    one.add_argument("--users", type=int, default=3, help="least different users (default 3)")
    one.add_argument("--friction", type=float, default=0.75, help="defect share that is surely"
                     " exceeded (default 0.75)")  # fmt: skip
    one.add_argument("--share", type=float, default=0.65, help="of one intent among what a request"
                     " is rephrased into, surely exceeded (default 0.65)")  # fmt: skip
    one.add_argument(
        "--half-life", type=float, metavar="DAYS", help="after which a turn counts half"
    )
    one.add_argument("--noise", type=float, help="share of wrong feedback (default: estimated)")
    one.add_argument("--block", default="", metavar="INTENTS", help="never rewritten, never into")
    one.add_common("-v")
    one.set_defaults(do=_mine)


def _mine(given: argparse.Namespace) -> int:
    from nlu.self_learning.commands import mine_files
    from nlu.self_learning.rewrites import Guardrails
    from runfolder.console import say, show

    guardrails = Guardrails(
        given.least,
        given.users,
        given.friction,
        given.share,
        given.half_life,
        given.noise,
        tuple(name for name in given.block.split(",") if name),
    )
    mined = mine_files(
        given.files,
        out=given.out,
        guardrails=guardrails,
        gap=given.gap,
        state=given.state,
        more=[Path(name) for name in given.states.split(",") if name],
        say=say,
    )
    for reason, number in sorted(mined.kept_back.items()):
        say(f"not rewritten, {reason}: {number:,}")
    say(f"wrong feedback: {100 * mined.noise:.1f} % of turns")
    show(f"wrote {given.out}: {len(mined.rewrites):,} rewrites of {mined.requests:,} requests")
    return 0


def _add_apply(commands: Any) -> None:
    one = commands.add_parser("apply", help="rewrite requests, a line each")
    one.add_argument("rewrites", type=Path, metavar="MINED", help="a folder of mine, or its file")
    one.add_argument("files", nargs="*", default=["-"], metavar="FILE", help="- is the input")
    one.add_argument("--hold-out", type=float, default=0.0, metavar="SHARE", help="of requests that"
                     " stay as they are, so that they go on being measured")  # fmt: skip
    one.add_common("-v")
    one.set_defaults(do=_apply)


def _apply(given: argparse.Namespace) -> int:
    from nlu.self_learning.rewrites import Rewriter
    from runfolder.console import say, show

    if not 0 <= given.hold_out <= 1:
        raise InputError(f"--hold-out {given.hold_out}: expected 0 to 1")
    rewriter = Rewriter.load(given.rewrites)
    done = total = 0
    for name in given.files:
        for line in typed_lines(name):
            digest = hashlib.blake2b(f"{total} {line}".encode(), digest_size=4).digest()
            held = int.from_bytes(digest, "little") < given.hold_out * 2**32
            found = None if held else rewriter(line)
            total, done = total + 1, done + (found is not None)
            show(line if found is None else found)
    say(f"{done:,} of {total:,} requests rewritten")
    return 0


def _add_export(commands: Any) -> None:
    one = commands.add_parser("export", help="requests with their right intents, to train on")
    one.add_argument("rewrites", type=Path, metavar="MINED", help="a folder of mine, or its file")
    one.add_argument("--out", type=Path, help="a file .jsonl (default: standard output)")
    one.add_common("-v")
    one.set_defaults(do=_export)


def _export(given: argparse.Namespace) -> int:
    from data.files import write_whole
    from nlu.self_learning.commands import export
    from runfolder.console import say, show

    lines = list(export(given.rewrites))
    if given.out is None:
        for line in lines:
            show(line)
    else:
        write_whole(given.out, "".join(f"{line}\n" for line in lines))
        say(f"wrote {given.out}: {len(lines):,} utterances")
    return 0


def _add_report(commands: Any) -> None:
    one = commands.add_parser("report", help="a page; with --truth a trial on unseen users")
    one.add_argument("mined", type=Path, metavar="MINED", help="a folder of mine")
    one.add_argument("--truth", type=Path, metavar="SIMULATION", help="a folder of simulate")
    one.add_common("-v")
    one.set_defaults(do=_report)


def _report(given: argparse.Namespace) -> int:
    from nlu.self_learning.commands import report, table
    from runfolder.console import aligned, say, show

    rows = report(given.mined, given.truth)
    if rows:
        say("a simulation: users and what they want are planted")
        for line in aligned(table(rows)):
            show(line)
    show(f"wrote {given.mined}: report.html{', trial.json' if rows else ''}")
    return 0


def _add_simulate(commands: Any) -> None:
    one = commands.add_parser("simulate", help="sessions from a real model's errors")
    one.add_argument("--set", default="clinc150:test", metavar="NAMES", help="utterances that users"
                     " say (default clinc150:test); several with commas")  # fmt: skip
    one.add_argument(
        "--model", metavar="RUN", help="a run of nlu.train; default: n-grams of --train"
    )
    one.add_argument(
        "--train", default="clinc150:train", metavar="NAME", help="of the n-gram model"
    )
    one.add_argument("--sessions", type=int, default=100_000, help="(default 100,000)")
    one.add_argument("--out", type=Path, default=Path("simulation"), help="folder")
    for name, told in SHARES.items():
        one.add_argument(f"--{name}", type=float, help=f"share {told}")
    one.add_argument("--population", type=int, help="users (default 20,000)")
    one.add_common("--limit", "--seed", "--offline", "-v")
    one.set_defaults(do=_simulate)


def _simulate(given: argparse.Namespace) -> int:
    from nlu.self_learning.commands import simulate
    from nlu.sets import find_utterances
    from runfolder.console import say, show

    if given.sessions < 1:
        raise InputError(f"--sessions {given.sessions}: expected 1 or more")
    access = Access(offline=given.offline, report=say)
    rows = [
        (one.id, " ".join(one.tokens), one.intent)
        for name in given.set.split(",")
        for of in find_utterances(name, "test", access=access)
        for one in of.utterances
    ]
    behaviour = _behaviour(given)
    predict = _predictor(given, access)
    world = simulate(
        rows, predict, behaviour, sessions=given.sessions, out=given.out, seed=given.seed
    )
    right = int((world.meaning == world.predicted).sum())
    say(f"a simulation: the model is right on {right:,} of {len(world.texts):,} texts")
    show(f"wrote {given.out}: sessions.jsonl, unseen.jsonl, truth.json")
    return 0


def _behaviour(given: argparse.Namespace) -> Behaviour:
    from nlu.self_learning.simulation import Behaviour

    known = {field.name for field in fields(Behaviour)}
    told = {
        name: value for name, value in vars(given).items() if name in known and value is not None
    }
    told.pop("users", None)
    return Behaviour(**told, **({} if given.population is None else {"users": given.population}))


def _predictor(given: argparse.Namespace, access: Access) -> Callable[[Sequence[str]], list[str]]:
    """The intents that a trained model gives, or one of n-grams that is trained here."""
    if given.model:
        from nlu.model import load_nlu

        model = load_nlu(given.model, access=access)
        return lambda texts: [one.intent for one in model.parse([text.split() for text in texts])]
    from data.randomness import stream
    from nlu.baselines import NGramIntents
    from nlu.sets import find_utterances

    [found] = find_utterances(given.train, "train", access=access)
    rows = list(found.utterances)
    if given.limit and given.limit < len(rows):
        chosen = stream(given.seed, "limit").sample(range(len(rows)), given.limit)
        rows = [rows[number] for number in sorted(chosen)]
    texts = [" ".join(one.tokens) for one in rows]
    return NGramIntents.of(texts, [one.intent for one in rows]).predict


if __name__ == "__main__":
    raise SystemExit(main())
