"""Readers of nlu: other forms of utterances, sessions, rewrites, predictions, counts of a state."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from tests.fuzz.target import Target, drain
from tests.fuzz.targets.labels import _both

INJONGO = (
    '{"domain": "utility", "intent": "alarm", "text": "ነገ ለ7፡30 ቀስቅሰኝ", "spans": [{"start_byte": 3, "limit_byte": 8, "label": '
    '"TIME"}], "target": "TIME: ለ7፡30", "example_id": "dev-1", "source_language": "amh"}\n',
)
MTOP = (
    "7\tIN:CREATE_ALARM\t8:15:SL:DATE_TIME\twake me at 5 am\talarm\ten_XX\t[IN:CREATE_ALARM [SL:DATE_TIME at 5 am ] ]\t"
    '{"tokens": ["wake", "me", "at", "5", "am"], "tokenSpans": []}\n',
)
MULTIATIS = (
    "id\tutterance\tslot_labels\tintent\n1\tflights to Nyeri\tO O B-toloc\tatis_flight\n"
    "2\tvuelos a Lima hoy\tO O B-toloc I-toloc\tatis_flight#atis_airfare\n",
)
TURN = {"session": "s1", "user": "u1", "request": "play maj and dragons", "intent": "play"}
SESSIONS = (
    json.dumps(TURN | {"time": 1.5, "defect": True})
    + "\n"
    + json.dumps(TURN | {"time": 9, "request": "play imagine dragons", "defect": False})
    + "\n"
    + json.dumps(TURN | {"time": 90, "defect": False, "rewrite": "play imagine dragons"})
    + "\n",
)
REWRITES = (
    '{"before": [0.1, 0.2, 0.3], "evidence": 40.0, "intent": "play", "probability": 0.9, "request": "play maj", "rewrite": '
    '"play imagine", "share": [0.7, 0.8, 0.9], "success": [0.8, 0.9, 0.95], "users": 12}\n',
)
PREDICTIONS = (
    '{"id": "0", "pred_intent": "play", "pred_slots": ["O", "B-song"], "confidence": 0.9, "locale": "en-US"}\n',
    '{"id": "0", "pred_intent": "play", "pred_annot_utt": "play [song : taxi]"}\n',
)


def targets() -> Iterator[Target]:
    """One row a reader."""
    from data.utterances import read_injongo, read_mtop, read_multiatis

    yield from _both("nlu/injongo", "jsonl", INJONGO, read_injongo)
    yield from _both("nlu/mtop", "tsv", MTOP, read_mtop)
    yield from _both("nlu/multiatis", "tsv", MULTIATIS, read_multiatis)
    yield Target("nlu/sessions", "jsonl", SESSIONS, _mined)
    yield Target("nlu/sessions-one-by-one", "jsonl", SESSIONS, partial(_mined, quick=False))
    yield Target("nlu/rewrites", "jsonl", REWRITES, _rewritten)
    yield Target("nlu/predictions", "jsonl", PREDICTIONS, _evaluated)
    yield Target("nlu/state", "text", _state, _state_read, weight=0.5)


def _mined(path: Path, *, quick: bool = True) -> None:
    """Both ways of reading, and what is counted."""
    from nlu.self_learning import commands, sessions

    found = sessions.Log()
    if quick:
        with tempfile.TemporaryDirectory() as folder:
            commands.mine_files([path], out=Path(folder) / "mined")
        return
    content = path.read_bytes()
    for number, line in enumerate(content.split(b"\n"), 1):
        if line.strip():
            found.request(sessions._checked(line, f"{path}:{number}")["request"])


def _rewritten(path: Path) -> None:
    from nlu.self_learning.commands import export
    from nlu.self_learning.rewrites import Rewriter

    Rewriter.load(path)("play maj")
    drain(export(path))


def _evaluated(path: Path) -> None:
    from data.labels.slots import Utterance
    from nlu.evaluate import evaluated, read_predictions
    from nlu.sets import UtteranceSet

    one = Utterance("0", ("play", "taxi"), "play", ("O", "B-song"), "play taxi")
    test = UtteranceSet("x", (one,), "en-US")
    evaluated(test, *read_predictions(path, test), "system")


def _state() -> list[bytes]:
    from nlu.self_learning.commands import mine_files

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sessions.jsonl"
        path.write_text(SESSIONS[0])
        mine_files([path], out=Path(folder) / "mined", state=Path(folder) / "state")
        return [(Path(folder) / "state" / "counts.npz").read_bytes()]


def _state_read(path: Path) -> None:
    from nlu.self_learning.counts import FILE, State
    from nlu.self_learning.rewrites import Guardrails, mine

    path.rename(path.with_name(FILE))
    mine(State.load(path.parent), Guardrails(least=1.0, users=1))
