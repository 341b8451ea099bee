"""What the commands of `nlu.self_learning` do, as functions.

mined = mine_files([Path("monday.jsonl")], out=Path("mined"), state=Path("state"))
simulate(utterances, predict, Behaviour(), sessions=200_000, out=Path("sim"))
rows = report(Path("mined"), truth=Path("sim"))
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any

from data.access import Report, quiet
from data.bounded import read_json
from data.errors import InputError
from data.files import appears_whole, canonical_json, sha256_file, write_whole
from nlu.self_learning.counts import FILE as COUNTS
from nlu.self_learning.counts import State, counted, summary
from nlu.self_learning.rewrites import (
    FILE,
    Guardrails,
    Mined,
    check_above_zero,
    lines_of,
    mine,
    read_rewrites,
)
from nlu.self_learning.sessions import Log, in_order, still_open, visits_of
from nlu.self_learning.simulation import Behaviour, World
from nlu.self_learning.trial import Outcome, read_truth, read_unseen, trial
from runfolder.folder import locked
from runfolder.page import write_page

GAP = 45.0  # seconds, as Ponnusamy et al. cut sessions
UNSEEN = 0.2  # as many unseen sessions as this share of the others
MINED = {"files": [str], "gap": float, "guardrails": dict, "kept_back": {str: int}, "noise": float}


def mine_files(
    files: Sequence[Path],
    *,
    out: Path,
    guardrails: Guardrails = Guardrails(),  # noqa: B008  (frozen)
    gap: float = GAP,
    state: Path | None = None,
    more: Sequence[Path] = (),
    say: Report = quiet,
) -> Mined:
    """Mine sessions and write rewrites.jsonl, mined.json and report.html into a folder.

    Args:
        state: a folder that keeps what was counted; files that are in it are not counted again.
        more: other such folders, which were counted on other machines, say. They are added, and
            stay as they are; no session may be in two.
        say: told a line a file.

    Raises:
        InputError: no such file, a damaged line, no turn at all, a state with another gap, or one
            that another process writes to.
        UnavailableError: scipy is not installed; the disk is full.
    """
    check_above_zero("gap", gap)
    for option, folder in (("--out", out), ("--state", state)):
        if folder is not None and folder.exists() and not folder.is_dir():
            raise InputError(f"{option} {folder}: expected a folder, found a file; name another")
    with locked(state, "--state") if state is not None else nullcontext():
        found = _counted(files, _opened(state, gap), state, say)
    for one in more:
        found = found.plus(State.load(one), str(one))
    if not found.files:
        raise InputError("expected files of sessions, or a --state with some; found neither")
    if not len(found.counts.number) and not len(found.waiting):
        raise InputError("expected turns of sessions, found none in these files; name others")
    mined = mine(found, guardrails)
    out.mkdir(parents=True, exist_ok=True)
    told = {
        "files": list(found.files),
        "gap": found.gap,
        "guardrails": asdict(guardrails),
        "kept_back": dict(sorted(mined.kept_back.items())),
        "noise": mined.noise,
        "requests": mined.requests,
        "rewrites": len(mined.rewrites),
        "turns": int(found.counts.number.sum()) + len(found.waiting),
    }
    write_whole(out / "mined.json", json.dumps(told, ensure_ascii=False, indent=1) + "\n")
    write_whole(out / FILE, lines_of(mined.rewrites))
    _page(out, ())
    return mined


def _counted(files: Sequence[Path], found: State, state: Path | None, say: Report) -> State:
    """What was counted, with these files; saved after each."""
    for path in files:
        if not path.is_file():
            raise InputError(f"{path}: no such file; name files of sessions (JSON lines)")
        before, found = found, plus(found, path, say)
        if state is not None and found is not before:
            found.save(state)
        say(f"{path}: {summary(found)}")
    return found


def _opened(state: Path | None, gap: float) -> State:
    if state is None or not (state / COUNTS).exists():
        return State.new(gap)
    found = State.load(state)
    if found.gap != gap:
        raise InputError(
            f"{state}: was mined with --gap {found.gap:g}, not {gap:g}; give that, or another"
            " --state"
        )
    return found


def plus(state: State, path: Path, say: Report = quiet) -> State:
    """A state with the sessions of a file; the same state where the file is in it already.

    Args:
        say: told where a file begins before what was read: sessions in both are cut in two.
    """
    digest = sha256_file(path)
    if digest in state.files:
        return state
    read = state.log.read(path)
    if len(read) and read.time.min() < state.newest - state.gap:
        say(
            f"note: {path} begins before the end of what was read; a session that is in both is"
            " counted as two"
        )
    turns = in_order(state.waiting.joined(read))
    waits = still_open(turns, state.gap)
    over = turns.take(~waits)
    counts = state.counts.plus(counted(visits_of(over, state.gap), over))
    files = (*state.files, digest)
    newest = max(state.newest, float(read.time.max(initial=0)))
    return State(state.log, counts, turns.take(waits), files, state.gap, newest)


def simulate(
    utterances: Sequence[tuple[str, str, str]],
    predict: Callable[[Sequence[str]], Sequence[str]],
    behaviour: Behaviour,
    *,
    sessions: int,
    out: Path,
    seed: int = 1,
) -> World:
    """Write sessions.jsonl, unseen.jsonl (users of their own, with what they want), truth.json.

    truth.json is written first: what is planted stands before anything can be mined.

    Args:
        utterances: id, text and intent of each.
        predict: the intents that a real model gives to texts.
    """
    world = World.of(utterances, predict, behaviour, seed)
    out.mkdir(parents=True, exist_ok=True)
    write_whole(out / "truth.json", canonical_json({**world.truth(), "sessions": sessions}) + "\n")
    parts = (
        ("seen", sessions, "sessions.jsonl"),
        ("unseen", round(UNSEEN * sessions), "unseen.jsonl"),
    )
    for part, number, name in parts:
        with appears_whole(out / name) as file:
            for batch in world.sessions(number, part=part):
                file.write(world.lines(batch, part=part, wants=part == "unseen").encode())
    return world


def report(folder: Path, truth: Path | None = None) -> list[Outcome]:
    """What was mined, as a page; with a simulation, tried on its unseen users (trial.json).

    Raises:
        InputError: no folder of `mine`, or no simulation.
    """
    rewrites = list(read_rewrites(folder))
    if truth is None:
        _page(folder, ())
        return []
    if not (truth / "truth.json").is_file():
        raise InputError(f"{truth}: no truth.json; name a folder of nlu.self_learning simulate")
    told = read_json(folder / "mined.json", MINED)
    log = Log()
    turns = log.read(truth / "sessions.jsonl")
    how = {"gap": told["gap"], "least": float(told["guardrails"]["least"])}
    rows = trial(rewrites, read_truth(truth), log, turns, read_unseen(truth), **how)
    content = {"simulation": True, "systems": [row.to_json() for row in rows]}
    write_whole(folder / "trial.json", json.dumps(content, ensure_ascii=False, indent=1) + "\n")
    _page(folder, rows)
    return rows


def _page(folder: Path, rows: Sequence[Outcome]) -> None:
    told = read_json(folder / "mined.json", MINED)
    rewrites = list(read_rewrites(folder))
    write_page(
        folder / "report.html",
        "nlu",
        "self_learning.html.j2",
        title=f"Rewrites {folder.name}",
        rewrites=rewrites[:500],
        number=len(rewrites),
        kept_back=told["kept_back"],
        noise=told["noise"],
        rows=[(row, row.scores) for row in rows],
        settings={**told["guardrails"], "gap": told["gap"]},
    )


def export(folder: Path) -> Iterator[str]:
    """Requests with the intents of what they are rewritten into: lines to train on.

    In Injongo's form, without slots, so that `nlu.train --train FILE` takes them.
    """
    for number, one in enumerate(read_rewrites(folder), 1):
        yield canonical_json(
            {"example_id": f"rewrite-{number}", "text": one.request, "intent": one.intent}
        )


def table(rows: Sequence[Outcome]) -> list[tuple[str, ...]]:
    """The rows of a trial for a terminal."""
    found: list[tuple[str, ...]] = [
        (
            "rewritten by",
            "requests",
            "rewritten",
            "wins",
            "losses",
            "win/loss",
            "false, %",
            "defects",
        )
    ]
    for row in rows:
        scores: dict[str, Any] = {score.name: score for score in row.scores}
        cut = scores["defect reduction"]
        false = f"{100 * row.false / row.rewritten:.2f}" if row.rewritten else "-"
        ratio = "-" if not row.wins else "no loss" if row.ratio is None else f"{row.ratio:.1f}"
        counts = (row.asked, row.rewritten, row.wins, row.losses)
        figures = tuple(f"{count:,}" for count in counts)
        change = f"{-cut.value:+.1f} % [{-cut.high:+.1f}, {-cut.low:+.1f}]"
        found.append((row.system, *figures, ratio, false, change))
    return found
