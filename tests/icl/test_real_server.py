"""The openai engine against a server that others wrote: `transformers serve` with a toy model.

python -m pytest tests/icl/test_real_server.py -m real

What misbehaving servers do is in test_openai.py; here an honest one answers, is killed and hangs.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

import pytest

from data.errors import UnavailableError
from icl.engines import openai as engine
from icl.evaluate import evaluate
from icl.options import RunConfig
from icl.scoring import Evaluation

pytestmark = pytest.mark.real

for package in ("fastapi", "openai", "pydantic", "uvicorn"):
    pytest.importorskip(package, reason=f'needs {package}: pip install "kilolingua[openai,dev]"')

SEGMENTS = 12
START_SECONDS = 300  # with torch to import on a busy machine


class TransformersServer:
    """`transformers serve` on this machine, with one model, whose name is its folder's."""

    def __init__(self, model: Path, scratch: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/v1"
        self.model = model
        self.log = scratch / "server.log"
        self._hub = scratch / "hub"  # empty, so that nobody's models can be meant

    def start(self) -> None:
        """Start it, and wait until it answers."""
        command = [sys.executable, "-m", "transformers.cli.transformers", "serve", self.model.name]
        options = ["--device", "cpu", "--dtype", "float32", "--host", "127.0.0.1"]
        environment = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(self._hub), "OMP_NUM_THREADS": "1"}
        with open(self.log, "wb") as log:
            self._process = subprocess.Popen(
                [*command, *options, "--port", str(self.port)],
                cwd=self.model.parent,
                env={**os.environ, **environment},
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._is_healthy():
            late = time.monotonic() > deadline
            if late or self._process.poll() is not None:
                self.kill()
                pytest.fail(f"the server did not start: {self.log.read_text('utf-8')[-2000:]}")
            time.sleep(0.2)

    def _is_healthy(self) -> bool:
        try:
            answer = build_opener(ProxyHandler({})).open(self.url[:-3] + "/health", timeout=5)
        except (URLError, TimeoutError, ConnectionError):
            return False
        with answer:
            return bool(json.load(answer) == {"status": "ok"})

    def send(self, number: signal.Signals) -> None:
        """A signal to the server, as an operating system sends it."""
        self._process.send_signal(number)

    def kill(self) -> None:
        """End it without any chance to clean up."""
        self._process.kill()
        self._process.wait()

    def answered(self) -> int:
        """How many completions it has given since it was started, by its own log."""
        lines = self.log.read_text("utf-8").splitlines()
        return sum('POST /v1/completions HTTP/1.1" 200' in line for line in lines)


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    monkeypatch.setattr(engine, "FIRST_PAUSE_SECONDS", 0.01)


@pytest.fixture(scope="module")
def server(
    tiny_decoder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TransformersServer]:
    made = TransformersServer(tiny_decoder, tmp_path_factory.mktemp("server"))
    made.start()
    yield made
    made.kill()


def through(server: TransformersServer, out: Path, **changes: Any) -> RunConfig:
    """A run of the toy model through the server."""
    config = RunConfig(
        "sw",
        test_set="sample",
        limit=SEGMENTS,
        model=server.model.name,
        engine="openai",
        base_url=server.url,
        concurrency=4,
        max_new_tokens=24,
        out=out,
    )
    return replace(config, **changes)


def here(server: TransformersServer, out: Path, template: str = "plain") -> dict[str, Any]:
    """The answers of the same model opened in this process, which the server must give too."""
    config = through(server, out, template=template, model=str(server.model))
    return answers(evaluate(replace(config, engine="transformers", base_url=None)))


def answers(evaluation: Evaluation) -> dict[str, Any]:
    """Segment id to (output, how it ended)."""
    assert evaluation.complete
    found = {record["id"]: record for record in model_records(evaluation.folder)}
    assert len(found) == SEGMENTS
    return {key: (record["output"], record["finish"]) for key, record in found.items()}


def model_records(folder: Path) -> list[dict[str, Any]]:
    lines = (folder / "segments.jsonl").read_text("utf-8").splitlines()
    return [record for record in map(json.loads, lines) if record["system"] == "model"]


def after(count: int, act: Callable[[], None]) -> Callable[[str, int, int], None]:
    """A progress report that acts once, when the model has answered `count` segments."""
    left = [act]

    def progress(label: str, done: int, _: int) -> None:
        if label.startswith("tiny-llama") and done >= count and left:
            left.pop()()

    return progress


@pytest.mark.parametrize("template", ["plain", "chat"])
def test_a_server_gives_the_answers_of_the_model_opened_here(
    template: str, server: TransformersServer, tmp_path: Path
) -> None:
    expected = here(server, tmp_path / "here", template)
    assert len(set(expected.values())) > 3, "a model that says one thing would prove nothing"
    evaluation = evaluate(through(server, tmp_path / "there", template=template))
    assert answers(evaluation) == expected
    score = next(one for one in evaluation.results if one.system == "model").score("chrF++")
    assert score is not None
    assert score.n == SEGMENTS
    for part in ("model:tiny-llama", f"revision:{server.url}", "engine:openai", "dtype:server"):
        assert f"|{part}|" in score.signature


def test_what_the_server_refuses_is_named(server: TransformersServer, tmp_path: Path) -> None:
    config = through(server, tmp_path / "run", model="another")
    with pytest.raises(
        UnavailableError,
        match=r"segment sample:sw-en:\S+: status 400 .*pinned to 'tiny-llama'.*\(1 attempt\)",
    ):
        evaluate(config)


def test_a_server_that_hangs_is_asked_again(
    server: TransformersServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[int] = []

    def wake(attempt: int, asked: float | None, key: str) -> float:
        """Between two attempts: the server comes to after the first."""
        pauses.append(attempt)
        server.send(signal.SIGCONT)
        return 0.1

    monkeypatch.setattr(engine, "pause_seconds", wake)
    monkeypatch.setattr(engine, "TIMEOUT_SECONDS", 3.0)
    monkeypatch.setattr(engine, "ATTEMPTS", 50)
    config = through(server, tmp_path / "there")
    try:
        evaluation = evaluate(config, progress=after(3, lambda: server.send(signal.SIGSTOP)))
    finally:
        server.send(signal.SIGCONT)
    assert 1 in pauses
    assert answers(evaluation) == here(server, tmp_path / "here")


def test_a_run_outlives_its_server(
    server: TransformersServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = through(server, tmp_path / "there")
    with pytest.raises(UnavailableError, match=r"segment sample:sw-en:\S+: Connection error.*\(5 "):
        evaluate(config, progress=after(3, server.kill))
    kept = model_records(config.out or tmp_path)
    assert 3 <= len(kept) < SEGMENTS
    with pytest.raises(UnavailableError, match=f"{server.url}: no server answers .*start it, or"):
        evaluate(config)

    server.start()
    evaluation = evaluate(config)
    assert server.answered() == SEGMENTS - len(kept), "what was answered is not asked again"
    assert model_records(evaluation.folder)[: len(kept)] == kept
    assert answers(evaluation) == here(server, tmp_path / "here")
