"""The openai engine against a real server on this machine, well and badly behaved."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from data.errors import UnavailableError
from icl.engines import Request, open_backend
from icl.engines import openai as engine
from icl.evaluate import evaluate, prepare
from icl.options import RunConfig
from icl.prompt import Prompt
from icl.store import read_records
from tests.icl.server import (
    Fault,
    Server,
    answer,
    answers,
    close,
    cut_off,
    hang,
    page,
    requests,
    running_server,
    settings,
)

pytest.importorskip("openai", reason='needs the openai package: pip install "kilolingua[openai]"')


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with running_server(monkeypatch) as made:
        yield made


def test_text_goes_to_completions(server: Server) -> None:
    assert list(answers(server.url, requests(1))) == [" NENO 0 ="]
    [asked] = server.asked
    assert asked == {
        "path": "/v1/completions",
        "model": "tiny",
        "prompt": "neno 0 =",
        "max_tokens": 12,
        "temperature": 0.0,
        "stop": ["\n", ";"],
    }


def test_messages_go_to_chat_completions(server: Server) -> None:
    turns = (("user", "Habari"), ("assistant", "Hello"), ("user", "Asante"))
    assert list(answers(server.url, [Request("1", "", Prompt("", turns))])) == ["ASANTE"]
    [asked] = server.asked
    assert asked["path"] == "/v1/chat/completions"
    assert asked["messages"] == [{"role": role, "content": text} for role, text in turns]


def test_concurrent_requests_come_back_in_order(server: Server) -> None:
    server.slowest = 0.03
    found = list(answers(server.url, requests(60), concurrency=8))
    assert found == [f" NENO {number} =" for number in range(60)]
    assert len(server.asked) == 60
    assert 4 <= server.most_under_way <= 8


@pytest.mark.parametrize("concurrency", [1, 3])
def test_one_engine_runs_again_and_again(concurrency: int, server: Server) -> None:
    backend = open_backend(settings(server.url, concurrency=concurrency))
    for count in (0, 1, 7):
        assert len(list(backend.run(backend.plan(requests(count))))) == count


FAULTS: dict[str, tuple[Fault, str]] = {
    "429": (lambda h: h.reply(429, {"error": "slow down"}), "slow down"),
    "500": (lambda h: h.send(500, b"oh"), "status 500 oh"),
    "503": (lambda h: h.reply(503, {"error": {"message": "Loading model"}}), "Loading model"),
    "half a JSON": (lambda h: h.send(200, b'{"choices": [{"te'), "the answer is not JSON: "),
    "not UTF-8": (lambda h: h.send(200, b'{"id": "\xff\xff'), "the answer is not JSON: "),
    "no choices": (lambda h: h.reply(200, {"choices": []}), "with one choice, found "),
    "null": (lambda h: h.reply(200, None), "with one choice, found "),
    "a list": (lambda h: h.reply(200, []), "with one choice, found "),
    "an error that says 200": (lambda h: h.reply(200, {"error": "busy"}), "busy"),
    "no text": (lambda h: h.reply(200, {"choices": [{"index": 0}]}), "with one choice"),
    "another page": (page, "the answer is not JSON: welcome "),
    "JSON of a great depth": (lambda h: h.send(200, b"[" * 9999), "at most 100 levels"),
    "a long number": (lambda h: h.send(200, b'{"n": ' + b"9" * 5000 + b"}"), "at most 64 bits"),
    "hang": (hang, "Request timed out"),
    "close": (close, "Connection error: "),
    "cut off": (cut_off, "Connection error: "),
}


@pytest.mark.parametrize("name", FAULTS)
def test_what_may_pass_is_tried_again_and_then_named(
    name: str, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "TIMEOUT_SECONDS", 0.3 if name == "hang" else 10.0)
    monkeypatch.setattr(engine, "ATTEMPTS", 3)
    fault, reason = FAULTS[name]
    server.faults.extend([fault] * 2)
    assert list(answers(server.url, requests(1))) == [" NENO 0 ="]
    assert len(server.asked) == 3
    server.faults.extend([fault] * 3)
    with pytest.raises(UnavailableError) as caught:
        list(answers(server.url, requests(1)))
    message = str(caught.value)
    assert message.startswith(f"{server.url}: segment s0: ")
    assert message.endswith(
        " (3 attempts); finished segments are kept, run the same command to go on"
    )
    assert reason in message
    assert "\n" not in message
    assert len(message) < 400


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_what_the_server_refuses_is_not_tried_again(status: int, server: Server) -> None:
    server.faults.append(lambda h: h.reply(status, {"error": {"message": "no such model"}}))
    with pytest.raises(UnavailableError, match=rf"segment s0: .*{status}.*no such model.*\(1 att"):
        list(answers(server.url, requests(1)))
    assert len(server.asked) == 1


def test_finished_work_comes_before_the_failure(server: Server) -> None:
    server.slowest, server.refused = 0.01, "neno 12 "
    found = []
    with pytest.raises(UnavailableError, match=r"segment s12: .*too long"):
        found.extend(answers(server.url, requests(40), concurrency=8))
    assert found == [f" NENO {number} =" for number in range(12)]
    time.sleep(0.1)
    asked = len(server.asked)
    assert asked <= 12 + 2 * 8 + 1, "nothing new is asked after a failure"
    time.sleep(0.1)
    assert len(server.asked) == asked


def test_a_run_that_failed_goes_on_where_it_stopped(server: Server, tmp_path: Path) -> None:
    config = RunConfig(
        "sw",
        test_set="sample",
        limit=6,
        model="tiny",
        engine="openai",
        base_url=server.url,
        concurrency=2,
        out=tmp_path / "run",
    )
    fourth = prepare(config).tasks[0].scored[3]
    server.refused = fourth.source
    with pytest.raises(UnavailableError, match=f"segment sample:sw-en:{fourth.id}: "):
        evaluate(config)
    server.refused = ""
    server.asked.clear()
    evaluation = evaluate(config)
    assert evaluation.complete
    asked = {body["prompt"] for body in server.asked}  # of the first run's last two perhaps twice
    assert len(asked) == 3, "the first three answers were kept"
    records = [record for _, record in read_records(tmp_path / "run" / "segments.jsonl")]
    mine = [record for record in records if record["system"] == "model"]
    assert len(mine) == len({record["id"] for record in mine}) == 6


def pause(server: Server) -> float:
    assert list(answers(server.url, requests(1))) == [" NENO 0 ="]
    return server.times[-1] - server.times[-2]


def test_retry_after_is_honoured(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(after: str) -> Fault:
        return lambda h: h.reply(429, {"error": "busy"}, Retry_After=after)

    server.faults.append(busy("1"))
    assert 1.0 <= pause(server) < 3
    soon = datetime.now(UTC) + timedelta(seconds=1.5)
    server.faults.append(busy(format_datetime(soon, usegmt=True)))
    assert 0.4 <= pause(server) < 4
    for nonsense in ("soon", "-1", "", "Wed, 21 Oct 2015 07:28:00 GMT"):
        server.faults.append(busy(nonsense))
        assert pause(server) < 0.9
    monkeypatch.setattr(engine, "LONGEST_PAUSE_SECONDS", 0.1)
    server.faults.append(busy("86400"))
    assert 0.1 <= pause(server) < 2


def test_pauses_grow(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "FIRST_PAUSE_SECONDS", 0.05)
    server.faults.extend([FAULTS["500"][0]] * 4)
    assert list(answers(server.url, requests(1))) == [" NENO 0 ="]
    gaps = [later - sooner for sooner, later in zip(server.times, server.times[1:], strict=False)]
    assert all(gap >= 0.05 * 2**number for number, gap in enumerate(gaps))
    assert sum(gaps) < 0.75 * 1.25 + 3


def test_the_length_limit_is_told(server: Server) -> None:
    def limited(handler: Any) -> None:
        made = answer(server.asked[-1])
        made["choices"][0] |= {"finish_reason": "length", "text": " NENO \ud83d"}
        handler.reply(200, made)

    server.faults.append(limited)
    backend = open_backend(settings(server.url))
    [[completion]] = backend.run(backend.plan(requests(1)))
    assert completion.finish == "length"
    assert completion.text == " NENO \ufffd", "half an emoji cannot be written to a file"


def test_a_message_without_content_is_an_empty_answer(server: Server) -> None:
    said = {"role": "assistant", "content": None}
    message = {"choices": [{"message": said, "finish_reason": "stop"}]}
    server.faults.append(lambda h: h.reply(200, message))
    assert list(answers(server.url, [Request("1", "", Prompt("", (("user", "x"),)))])) == [""]
