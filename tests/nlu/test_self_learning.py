"""Sessions, the chain, guardrails: hand-worked cases, a dense solve, streams equal to the batch."""

from __future__ import annotations

import io
import json
import random
import sys
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import InputError
from data.utterances import read_utterances
from nlu.self_learning import chain as chains
from nlu.self_learning.__main__ import main
from nlu.self_learning.chain import Chain, Links, dense_absorption
from nlu.self_learning.commands import mine_files, report, simulate, table
from nlu.self_learning.counts import distinct
from nlu.self_learning.rewrites import Guardrails, Rewriter, noise_of, read_rewrites
from nlu.self_learning.sessions import FAILURE, MOVE, SUCCESS, Log, in_order, visits_of
from nlu.self_learning.simulation import Behaviour, World

Turn = dict[str, Any]


def turn(session: str, time: float, request: str, *, defect: bool, **more: Any) -> Turn:
    base = {"session": session, "user": session, "time": time, "request": request}
    return base | {"intent": "play", "defect": defect} | more


def write(path: Path, turns: Sequence[Turn]) -> Path:
    path.write_text("".join(json.dumps(one) + "\n" for one in turns), "utf-8")
    return path


def misheard(sessions: int, start: int = 0, at: float = 0.0) -> list[Turn]:
    """Users who are misunderstood at first: "play maj and dragons", then what works."""
    found = []
    for number in range(start, start + sessions):
        name, time = f"s{number}", at + 100.0 * number
        found += [
            turn(name, time, "play maj and dragons", defect=True, intent="unknown"),
            turn(name, time + 9, "play imagine dragons", defect=False),
            turn(name, time + 30, "what time is it", defect=False, intent="clock"),
        ]
    return found


def test_a_hand_worked_chain() -> None:
    """Three requests. 0: 2 of 8 times 1 follows, 4 of 8 times 2; once it works, once nothing.
    1: half works, half is said again as 0. 2: 3 of 4 work.

    x = B[0, 1] = 1/4 B[1, 1] + 1/2 * 0 and B[1, 1] = 1/2 + 1/2 x, so x = 1/8 + x/8 = 1/7.
    B[0, 0] = 1/8 + 1/4 B[1, 0] and B[1, 0] = 1/2 B[0, 0], so B[0, 0] = 1/8 + 1/8 B[0, 0] = 1/7.
    B[0, 2] = 1/4 B[1, 2] + 1/2 * 3/4 and B[1, 2] = 1/2 B[0, 2], so 7/8 B[0, 2] = 3/8: 3/7.
    """
    links = Links(
        3,
        np.array([0, 0, 1]),
        np.array([1, 2, 0]),
        np.array([2.0, 4.0, 5.0]),
        np.array([1.0, 5.0, 3.0]),
        np.array([1.0, 0.0, 1.0]),
    )
    by_hand = [[1 / 7, 1 / 7, 3 / 7], [1 / 14, 4 / 7, 3 / 14], [0, 0, 3 / 4]]
    found = Chain.of(links).absorption(np.arange(3)).toarray()
    assert np.abs(found - by_hand).max() < 1e-12
    assert np.abs(dense_absorption(links) - by_hand).max() < 1e-12


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 40), st.integers(0, 2**32), st.booleans())
def test_the_chain_is_a_dense_solve(states: int, seed: int, follow: bool) -> None:
    """Cycles, requests that repeat, components, requests that never end well."""
    draws = np.random.default_rng(seed)
    moves = int(draws.integers(0, 4 * states + 1))
    links = Links(
        states,
        draws.integers(states, size=moves),
        draws.integers(states, size=moves),
        draws.integers(1, 9, size=moves).astype(float),
        draws.integers(0, 4, size=states).astype(float),
        draws.integers(1, 5, size=states).astype(float),
    )
    before = chains.DIRECT
    chains.DIRECT = 0 if follow else before  # 0: the paths are followed step by step
    try:
        found = Chain.of(links).absorption(np.arange(states)).toarray()
    finally:
        chains.DIRECT = before
    assert np.abs(found - dense_absorption(links)).max() < 1e-10


def test_a_circle_that_hardly_ends() -> None:
    """999,999 of a million go round: step by step would take for ever."""
    million = np.array([999_999.0, 999_999.0])
    ends = np.array([1.0, 0.0]), np.array([0.0, 1.0])
    links = Links(2, np.array([0, 1]), np.array([1, 0]), million, *ends)
    before, chains.DIRECT = chains.DIRECT, 0
    try:
        found = Chain.of(links).absorption(np.array([0])).toarray()[0, 0]
    finally:
        chains.DIRECT = before
    assert found == pytest.approx(dense_absorption(links)[0, 0], abs=1e-10)


def test_what_becomes_of_turns(tmp_path: Path) -> None:
    turns = [
        turn("b", 50, "c", defect=True),  # a session out of order, without an end
        turn("a", 100, "again", defect=False),
        turn("a", 9, "b", defect=False),
        turn("a", 0, "a", defect=True),
        turn("a", 200, "later", defect=True),  # the pause before it is longer than the gap
        turn("b", 51, "c", defect=True),
    ]
    log = Log()
    visits = visits_of(in_order(log.read(write(tmp_path / "x.jsonl", turns))), gap=45)
    by_text = {
        (log.shown[r], o) for r, o in zip(visits.request, visits.outcome.tolist(), strict=True)
    }
    assert by_text == {
        ("a", MOVE),
        ("b", SUCCESS),
        ("again", SUCCESS),
        ("later", FAILURE),
        ("c", MOVE),
        ("c", FAILURE),
    }


def test_the_quick_way_and_the_slow_one_read_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("polars")
    path = write(tmp_path / "x.jsonl", misheard(40))
    logs = Log(), Log()
    quick = logs[0].read(path)
    monkeypatch.setitem(sys.modules, "polars", None)
    slow = logs[1].read(path)
    for name in ("session", "user", "time", "request", "intent", "rewrite", "defect"):
        assert (getattr(quick, name) == getattr(slow, name)).all()
    assert logs[0].shown == logs[1].shown


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"session": "a"', "expected JSON"),
        ('{"session": "a", "request": "x", "intent": "y", "defect": true}', "time"),
        (
            json.dumps(turn("a", -5, "x", defect=True)),
            "expected a time of 0 to 1e[+]12 seconds, found -5",
        ),
        (json.dumps(turn("a", 1e300, "x", defect=True)), "found 1e[+]300"),
        (json.dumps(turn("a", 5, 7, defect=True)), "expected a text in request, found 7"),  # type: ignore[arg-type]
        (json.dumps(turn("a", 5, ["x"], defect=True)), "expected a text in request"),  # type: ignore[arg-type]
        (json.dumps(turn(7, 5, "x", defect=True)), "expected a text in session, found 7"),  # type: ignore[arg-type]
        (json.dumps(turn("a", 5, "x", defect=True, rewrite="")), "expected a rewrite of 1 to"),
        (json.dumps(turn("a", 5, "x", defect=True, rewrite="y" * 2000)), "found 2,000 characters"),
        (json.dumps(turn("a", 5, "\ud800", defect=True)), "half of a surrogate pair"),
        (json.dumps(turn("a", 5, "x" * 100_000, defect=True)), "found 100,000 characters"),
        (json.dumps(turn("a", 5, " ", defect=True)), "expected a request of 1 to 1,000"),
        (json.dumps(turn("a", 5, "x", defect="no")), "defect"),
    ],
)
@pytest.mark.parametrize("quick", [True, False])
def test_turns_that_are_wrong(
    tmp_path: Path, line: str, message: str, quick: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not quick:
        monkeypatch.setitem(sys.modules, "polars", None)
    path = tmp_path / "x.jsonl"
    path.write_text(json.dumps(turn("a", 1, "fine", defect=False)) + f"\n{line}\n")
    with pytest.raises(InputError, match=message) as refused:
        Log().read(path)
    assert f"{path}:2" in str(refused.value)


def test_a_misheard_request_is_rewritten(tmp_path: Path) -> None:
    mined = mine_files([write(tmp_path / "s.jsonl", misheard(40))], out=tmp_path / "m")
    [found] = mined.rewrites
    assert (found.request, found.rewrite) == ("play maj and dragons", "play imagine dragons")
    assert (found.intent, found.probability, found.evidence) == ("play", 1.0, 40.0)
    rewriter = Rewriter.load(tmp_path / "m")
    assert rewriter("Play Maj and Dragons!") == "play imagine dragons"
    assert rewriter("play imagine dragons") is None
    assert (tmp_path / "m" / "report.html").read_text("utf-8").count("imagine dragons") == 1
    assert list(read_rewrites(tmp_path / "m")) == [found]


def test_many_users_variants_are_one_target(tmp_path: Path) -> None:
    """Each user rephrases in an own way that works half of the time; one variant always does."""
    turns: list[Turn] = []
    for number in range(60):
        name, time = f"s{number}", 100.0 * number
        turns += [
            turn(name, time, "tune dragons", defect=True, intent="unknown"),
            turn(name, time + 9, f"put on dragons {number % 6}", defect=number % 2 == 0),
            turn(f"{name}x", time, "play imagine dragons", defect=False),
        ]
        if number % 6 == 5:
            turns += [
                turn(f"{name}y", time, "tune dragons", defect=True, intent="unknown"),
                turn(f"{name}y", time + 5, "play imagine dragons", defect=False),
            ]
    mined = mine_files([write(tmp_path / "s.jsonl", turns)], out=tmp_path / "m")
    found = {one.request: one.rewrite for one in mined.rewrites}
    assert found["tune dragons"] == "play imagine dragons"


@pytest.mark.parametrize(
    ("turns", "how", "reason"),
    [
        (misheard(4), {}, "too seldom"),
        (misheard(40), {"users": 60}, "too seldom"),
        (misheard(40), {"block": ("play",)}, "block list"),
        (misheard(40), {"block": ("unknown",)}, "block list"),
        (
            misheard(20) + [{**one, "defect": False} for one in misheard(40, 100)],
            {},
            "works often enough",
        ),
    ],
)
def test_guardrails(tmp_path: Path, turns: list[Turn], how: dict[str, Any], reason: str) -> None:
    path = write(tmp_path / "s.jsonl", turns)
    mined = mine_files([path], out=tmp_path / "m", guardrails=Guardrails(**how))
    assert not mined.rewrites
    assert any(reason in told for told in mined.kept_back)


def test_a_request_of_two_meanings_is_left_alone(tmp_path: Path) -> None:
    turns = []
    for number in range(60):
        name, time, other = f"s{number}", 100.0 * number, number % 3 == 0
        turns += [
            turn(name, time, "put it on", defect=True, intent="unknown"),
            turn(name, time + 5, "light on" if other else "play it", defect=False)
            | {"intent": "light" if other else "play"},
        ]
    mined = mine_files([write(tmp_path / "s.jsonl", turns)], out=tmp_path / "m")
    assert not mined.rewrites
    assert mined.kept_back["rephrased into several meanings, or too seldom"] == 1


def test_a_rewrite_that_hurts_is_taken_back(tmp_path: Path) -> None:
    applied = [
        turn(f"t{n}", 1e5 + 100 * n, "play maj and dragons", defect=True)
        | {"rewrite": "play imagine dragons"}
        for n in range(30)
    ]
    before = mine_files([write(tmp_path / "a.jsonl", misheard(40))], out=tmp_path / "m")
    assert len(before.rewrites) == 1
    path = write(tmp_path / "b.jsonl", [*misheard(40), *applied])
    after = mine_files([path], out=tmp_path / "n")
    assert not after.rewrites
    assert after.kept_back["the rewrite was applied and did worse"] == 1
    helped = [{**one, "defect": False} for one in applied]
    path = write(tmp_path / "c.jsonl", [*misheard(40), *helped])
    assert len(mine_files([path], out=tmp_path / "o").rewrites) == 1


def test_old_sessions_fade(tmp_path: Path) -> None:
    """What users said a year ago counts for nothing with a half-life of a week."""
    old = misheard(40)
    new = [turn(f"n{n}", 400 * 86_400 + 100 * n, "good day", defect=False) for n in range(5)]
    path = write(tmp_path / "s.jsonl", [*old, *new])
    assert len(mine_files([path], out=tmp_path / "a").rewrites) == 1
    how = Guardrails(half_life=7)
    assert not mine_files([path], out=tmp_path / "b", guardrails=how).rewrites


def test_a_stream_of_files_equals_the_batch(tmp_path: Path) -> None:
    """Sessions that go on over the edge of a file; files given again count once."""
    draw = random.Random(3)
    turns = sorted(misheard(60) + misheard(30, 200, 5.0), key=lambda one: one["time"])
    for one in turns:
        one["defect"] = one["defect"] if draw.random() < 0.9 else not one["defect"]
    whole = write(tmp_path / "all.jsonl", turns)
    mine_files([whole], out=tmp_path / "batch")
    places = [0, *sorted(draw.sample(range(len(turns)), 6)), len(turns)]
    parts = [
        write(tmp_path / f"{n}.jsonl", turns[a:b]) for n, (a, b) in enumerate(pairwise(places))
    ]
    state = tmp_path / "state"
    for part in parts:
        mine_files([part], out=tmp_path / "stream", state=state)
    mine_files(parts, out=tmp_path / "stream", state=state)  # the same files again count once
    stream, batch = (
        (tmp_path / name / "rewrites.jsonl").read_bytes() for name in ("stream", "batch")
    )
    assert stream == batch
    assert batch.count(b"\n") == 1


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_order_and_shards_change_nothing(tmp_path: Path, seed: int) -> None:
    """Lines in any order; users' sessions on several machines, added up: the same bytes."""
    draw = random.Random(seed)
    turns = misheard(60) + misheard(30, 200, 5.0)
    for one in turns:
        one["defect"] = one["defect"] if draw.random() < 0.9 else not one["defect"]
        one["request"] = draw.choice((str.upper, str.title, str))(one["request"])
    mine_files([write(tmp_path / "all.jsonl", turns)], out=tmp_path / "whole")
    draw.shuffle(turns)
    mine_files([write(tmp_path / "mixed.jsonl", turns)], out=tmp_path / "mixed")
    sessions = sorted({one["session"] for one in turns})
    draw.shuffle(sessions)
    states = []
    for n in range(3):
        mine_of = [one for one in turns if one["session"] in sessions[n::3]]
        states.append(tmp_path / f"state{n}")
        path = write(tmp_path / f"shard{n}.jsonl", mine_of)
        mine_files([path], out=tmp_path / "unused", state=states[-1])
    mine_files([], out=tmp_path / "added", more=states)
    whole = (tmp_path / "whole" / "rewrites.jsonl").read_bytes()
    assert whole.count(b"\n") == 1
    for name in ("mixed", "added"):
        assert (tmp_path / name / "rewrites.jsonl").read_bytes() == whole
    with pytest.raises(InputError, match="holds a file that was counted already"):
        mine_files([], out=tmp_path / "added", more=[states[0], states[0]])


def test_files_in_another_order_are_told(tmp_path: Path) -> None:
    late, early = (write(tmp_path / f"{n}.jsonl", misheard(3, n)) for n in (500, 0))
    told: list[str] = []
    mine_files([late, early], out=tmp_path / "m", say=told.append)
    assert [line for line in told if line.startswith("note: ")] == [
        f"note: {early} begins before the end of what was read; a session that is in both is"
        " counted as two"
    ]


@pytest.mark.parametrize("moment", ["while it is written", "before it has its name"])
def test_a_state_outlives_a_killed_process(
    tmp_path: Path, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was counted on Monday is there whenever Tuesday's process dies."""
    days = [write(tmp_path / f"{n}.jsonl", misheard(20, 20 * n)) for n in range(2)]
    mine_files(days, out=tmp_path / "whole")
    state = tmp_path / "state"
    mine_files(days[:1], out=tmp_path / "m", state=state)

    class Killed(BaseException):
        pass

    def dies(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        if moment == "while it is written":
            patched.setattr(np, "savez", dies)
        else:
            patched.setattr("os.replace", dies)
        with pytest.raises(Killed):
            mine_files(days[1:], out=tmp_path / "m", state=state)
    mine_files(days[1:], out=tmp_path / "m", state=state)
    for name in ("rewrites.jsonl", "mined.json"):
        assert (tmp_path / "m" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_one_process_writes_to_a_state(tmp_path: Path) -> None:
    from runfolder.folder import locked

    path, state = write(tmp_path / "s.jsonl", misheard(4)), tmp_path / "state"
    message = "another process writes here; wait for it or choose another --state"
    with locked(state), pytest.raises(InputError, match=message):
        mine_files([path], out=tmp_path / "m", state=state)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["--least", "inf"], "--least inf: expected a number above 0"),
        (["--gap", "nan"], "--gap nan: expected a number above 0"),
        (["--users", "-3"], "--users -3: expected 1 or more"),
        (["--noise", "0.5"], "--noise 0.5: expected 0 to 0.49"),
        (["--half-life", "0"], "--half-life 0.0: expected a number above 0"),
        (["--out", "FILE"], "--out FILE: expected a folder, found a file"),
        (["--state", "FILE"], "--state FILE: expected a folder, found a file"),
        (["--states", "nowhere"], "nowhere/counts.npz: expected counts of nlu.self_learning"),
    ],
)
def test_options_of_mine(
    tmp_path: Path,
    given: list[str],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("FILE").touch()
    write(Path("s.jsonl"), misheard(4))
    assert main(["mine", "s.jsonl", *given]) == 2
    assert message in capsys.readouterr().err
    Path("empty.jsonl").touch()
    assert main(["mine", "empty.jsonl"]) == 2
    assert "expected turns of sessions, found none" in capsys.readouterr().err


def test_a_state_with_another_gap(tmp_path: Path) -> None:
    path = write(tmp_path / "s.jsonl", misheard(4))
    mine_files([path], out=tmp_path / "m", state=tmp_path / "state")
    with pytest.raises(InputError, match="was mined with --gap 45, not 10"):
        mine_files([path], out=tmp_path / "m", state=tmp_path / "state", gap=10)


def test_users_are_counted_by_a_bitmap() -> None:
    assert [distinct(2**n - 1) for n in range(5)] == [0, 1, 2, 3, 4]
    assert 180 < distinct(2**61 - 1) < 210


WORDS = ("alarm", "music", "weather", "light", "timer", "list", "call", "news")


def utterances() -> list[tuple[str, str, str]]:
    return [
        (f"{intent}-{n}", f"{intent} request number {n} in words {n * 7}", intent)
        for intent in WORDS
        for n in range(12)
    ]


def predict(texts: Sequence[str]) -> list[str]:
    """A model that is wrong on a third of what it hears, always in the same way."""
    found = []
    for text in texts:
        draw = random.Random(text)
        right = next((word for word in WORDS if word in text), WORDS[0])
        found.append(right if draw.random() < 0.67 else draw.choice(WORDS))
    return found


@pytest.mark.parametrize("wrong", [0.05, 0.2])
def test_rewrites_help_users_who_were_not_mined(tmp_path: Path, wrong: float) -> None:
    how = Behaviour(wrong_feedback=wrong, users=500)
    simulate(utterances(), predict, how, sessions=12_000, out=tmp_path / "sim")
    mined = mine_files([tmp_path / "sim" / "sessions.jsonl"], out=tmp_path / "m")
    assert mined.noise == pytest.approx(wrong, abs=0.05)
    ours, nothing, *others = report(tmp_path / "m", tmp_path / "sim")
    assert ours.before == nothing.before == nothing.after
    assert ours.after < 0.7 * ours.before
    assert ours.ratio is None or ours.ratio >= 11.8
    assert ours.false <= 0.01 * ours.rewritten
    assert [one.system for one in others] == ["last utterance", "pair counts", "nearest neighbour"]
    assert others[2].false > 0.05 * others[2].rewritten
    assert len(table([ours, nothing])) == 3
    assert "A simulation" in (tmp_path / "m" / "report.html").read_text("utf-8")


def test_a_simulation_is_the_same_every_time(tmp_path: Path) -> None:
    for name in ("a", "b"):
        simulate(utterances(), predict, Behaviour(), sessions=300, out=tmp_path / name)
    for name in ("sessions.jsonl", "unseen.jsonl", "truth.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    users = [
        {json.loads(line)["user"] for line in (tmp_path / "a" / name).open()}
        for name in ("sessions.jsonl", "unseen.jsonl")
    ]
    assert not users[0] & users[1]


def test_users_do_what_was_written_down() -> None:
    how = Behaviour(gives_up=0.25, wrong_feedback=0.1, follows=0.0, ambiguous=0.0)
    world = World.of(utterances(), predict, how, seed=2)
    [batch] = list(world.sessions(20_000, part="seen"))
    works = world.predicted[batch.request] == batch.wants
    assert (works == batch.defect).mean() == pytest.approx(0.1, abs=0.01)
    last = np.append(batch.session[1:] != batch.session[:-1], True)
    first = batch.first & ~works
    assert last[first].mean() == pytest.approx(0.25, abs=0.02)
    assert last[works].all()


def test_parallel_ids_are_switched_between() -> None:
    both = [*utterances(), *((i, f"xx {text}", intent) for i, text, intent in utterances())]
    world = World.of(both, predict, Behaviour(), seed=1)
    pairs = world.elsewhere
    assert (pairs >= 0).all()
    assert all(world.meaning[a] == world.meaning[b] for a, b in enumerate(pairs.tolist()))
    with pytest.raises(InputError, match="two intents or more, found 1"):
        World.of(both[:12], predict, Behaviour(), seed=1)


def test_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, mined = write(tmp_path / "s.jsonl", misheard(40)), tmp_path / "m"
    assert main(["mine", str(path), "--out", str(mined), "--state", str(tmp_path / "st")]) == 0
    assert "1 rewrites of 3 requests" in capsys.readouterr().out
    typed = io.TextIOWrapper(io.BytesIO(b"play maj & dragons\nplay maj and dragons\nhello\n"))
    monkeypatch.setattr(sys, "stdin", typed)
    assert main(["apply", str(mined)]) == 0
    told = capsys.readouterr()
    assert told.out == "play maj & dragons\nplay imagine dragons\nhello\n"
    assert "1 of 3 requests rewritten" in told.err
    out = tmp_path / "more.jsonl"
    assert main(["export", str(mined), "--out", str(out)]) == 0
    [one] = read_utterances(out)
    assert (one.intent, one.text) == ("play", "play maj and dragons")
    assert main(["report", str(mined)]) == 0
    assert main(["mine", str(tmp_path / "nowhere")]) == 2
    assert main(["mine", str(path), "--friction", "2"]) == 2
    assert main(["mine", "--out", str(mined), "--block", "nothing", str(path)]) == 2
    assert "no session has this intent" in capsys.readouterr().err


def test_noise_of_nothing_and_of_failure() -> None:
    class Asked:
        def __init__(self, asked: float, success: float) -> None:
            self.asked, self.success = np.full(3, asked), np.full(3, success)

    assert noise_of(Asked(0, 0)) == 0.0  # type: ignore[arg-type]
    assert noise_of(Asked(100, 90)) == pytest.approx(0.1)  # type: ignore[arg-type]
    assert noise_of(Asked(100, 10)) == 0.0  # type: ignore[arg-type]


def test_a_population_of_nobody() -> None:
    with pytest.raises(InputError, match="--population 0: expected 1 or more"):
        Behaviour(users=0)
