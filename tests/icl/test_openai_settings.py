"""The openai engine's settings: addresses, keys, options that do not fit, Ctrl-C."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from data.errors import InputError, UnavailableError
from data.terminal import printable
from icl.engines import open_backend
from icl.engines import openai as engine
from tests.icl.server import Server, answers, requests, running_server, settings

pytest.importorskip("openai", reason='needs the openai package: pip install "kilolingua[openai]"')


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with running_server(monkeypatch) as made:
        yield made


def test_the_key_is_sent(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-siri\n")
    list(answers(server.url, requests(2)))
    assert server.keys == ["Bearer sk-siri"] * 3
    monkeypatch.setenv("OPENAI_API_KEY", "sk-ŋ")
    with pytest.raises(InputError, match=r"^OPENAI_API_KEY: holds a character that no key has"):
        open_backend(settings(server.url))


def test_a_local_server_needs_no_key(server: Server) -> None:
    assert list(answers(server.url, requests(1))) == [" NENO 0 ="]
    assert set(server.keys) == {"Bearer none"}


def test_identity_holds_no_secret(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "siri")
    monkeypatch.setenv("OPENAI_BASE_URL", server.url.replace("//", "//me:siri@") + "/")
    assert open_backend(settings(None)).identity == {
        "model": "tiny",
        "revision": server.url,
        "engine": "openai",
        "dtype": "server",
    }
    assert server.keys == ["Basic bWU6c2lyaQ=="]  # printf me:siri | base64


def test_a_server_without_a_list_of_models_will_do(server: Server) -> None:
    server.models_status = 404
    assert list(answers(server.url, requests(1))) == [" NENO 0 ="]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def test_unreachable_server_is_told_at_once() -> None:
    url = f"http://127.0.0.1:{free_port()}/v1"
    start = time.monotonic()
    with pytest.raises(UnavailableError) as caught:
        open_backend(settings(url))
    assert time.monotonic() - start < engine.FIRST_PAUSE_SECONDS, "no retries"
    message = str(caught.value)
    assert message.startswith(f"{url}: no server answers (Connection error: ")
    assert message.endswith("Connection refused); start it, or mend --base-url")


def test_a_server_that_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "CONNECT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"http://127.0.0.1:{mute.getsockname()[1]}/v1"
        with pytest.raises(UnavailableError, match=r"no server answers \(Request timed out"):
            open_backend(settings(url))


@pytest.mark.parametrize(
    "url",
    [
        "localhost:8000/v1",
        "ftp://h/v1",
        "http:///v1",
        "http://[::1/v1",
        "http://h:99999/v1",
        "http://h:x/v1",
        "http://a..b/v1",
        "http://h\0/v1",
        "nonsense",
    ],
)
def test_bad_base_url(url: str) -> None:
    with pytest.raises(InputError) as caught:
        open_backend(settings(url))
    assert (
        str(caught.value) == f'--base-url: expected http://HOST:PORT/v1, found "{printable(url)}"'
    )


@pytest.mark.parametrize(
    ("url", "changes", "message"),
    [
        (None, {}, "--engine openai: give the server's address in OPENAI_BASE_URL"),
        ("http://h/v1", {"offline": True}, "--offline: the openai engine needs a socket"),
        ("http://h/v1", {"dtype": "float32"}, "--dtype: the server settles it"),
    ],
)
def test_options_that_do_not_fit(
    url: str | None, changes: dict[str, Any], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    monkeypatch.setattr(socket, "socket", None)  # none is opened
    with pytest.raises(InputError, match=f"^{message}"):
        open_backend(settings(url, **changes))


INTERRUPTED = """
import sys
from icl.engines import EngineOptions, Request, Settings, open_backend
from icl.prompt import Prompt
options = EngineOptions("m", "openai", base_url=sys.argv[1], max_new_tokens=5)
backend = open_backend(Settings(options, ("x",)))
print("ready", flush=True)
list(backend.run(backend.plan([Request("1", "", Prompt("neno"))])))
"""


def test_ctrl_c_does_not_wait_for_the_server(server: Server) -> None:
    ended = threading.Event()
    server.faults.append(lambda handler: ended.wait(600))  # answers once the process has ended
    command = [sys.executable, "-c", INTERRUPTED, server.url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        while not server.asked:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        try:
            _, stderr = process.communicate(timeout=300)
        finally:
            ended.set()
    assert b"KeyboardInterrupt" in stderr
