"""A server on this machine that speaks OpenAI's protocol, and misbehaves when it is told to."""

from __future__ import annotations

import json
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from icl.engines import Request, Settings, open_backend
from icl.engines import openai as engine
from icl.prompt import Prompt
from tests.icl import opened

Choice = Callable[[dict[str, Any]], dict[str, Any]]
Fault = Callable[["Handler"], None]


class Server(ThreadingHTTPServer):
    """Answers as OpenAI's API reference says; a prompt comes back in capitals."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}/v1"
        self.asked: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.times: list[float] = []
        self.faults: deque[Fault] = deque()  # of the next answers, whatever is asked
        self.choice: Choice | None = None  # what its answers' only choice is, but for its index
        self.refused = ""  # a prompt that holds this is refused, always
        self.models_status = 200
        self.slowest = 0.0  # seconds; an answer takes up to this long
        self.under_way = 0
        self.most_under_way = 0
        self.counting = threading.Lock()

    def count(self, change: int) -> None:
        with self.counting:
            self.under_way += change
            self.most_under_way = max(self.most_under_way, self.under_way)

    def handle_error(self, request: object, address: object) -> None:
        """A client that went away is no news."""


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # headers and body go out at once

    def do_GET(self) -> None:
        self.server.keys.append(self.headers["Authorization"])
        self.reply(self.server.models_status, {"object": "list", "data": []})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        body["path"] = self.path
        self.server.asked.append(body)
        self.server.keys.append(self.headers["Authorization"])
        self.server.times.append(time.monotonic())
        self.server.count(1)
        time.sleep(random.uniform(0, self.server.slowest))
        self.server.count(-1)
        if self.server.refused and self.server.refused in body["prompt"]:
            self.reply(400, {"error": {"message": "the prompt is too long", "code": 400}})
        elif self.server.faults:
            self.server.faults.popleft()(self)
        else:
            made = answer(body)
            if self.server.choice:
                made["choices"] = [{"index": 0, **self.server.choice(body)}]
            self.reply(200, made)

    def reply(self, status: int, content: object, **headers: str) -> None:
        self.send(status, json.dumps(content).encode(), **headers)

    def send(self, status: int, content: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None: ...


def answer(body: dict[str, Any]) -> dict[str, Any]:
    choice: dict[str, Any] = {"index": 0, "logprobs": None, "finish_reason": "stop"}
    if "messages" in body:
        text = body["messages"][-1]["content"].upper()
        choice["message"] = {"role": "assistant", "content": text, "refusal": None}
    else:
        choice["text"] = " " + body["prompt"].upper()
    kind = "chat.completion" if "message" in choice else "text_completion"
    return {"id": "x", "object": kind, "created": 1, "model": body["model"], "choices": [choice]}


def told(text: Any, finish: str | None = "stop", **message: Any) -> Choice:
    """The choice of a server that says the same to all, cut at the stop strings that it got."""

    def choose(body: dict[str, Any]) -> dict[str, Any]:
        cuts = [text.find(s) for s in body.get("stop", ()) if isinstance(text, str) and s in text]
        said = text[: min(cuts)] if cuts else text
        if "messages" not in body:
            return {"text": said, "finish_reason": finish, **message}
        said = {"role": "assistant", "content": said, **message}
        return {"message": said, "finish_reason": finish}

    return choose


def hang(handler: Handler) -> None:
    time.sleep(1)
    handler.close_connection = True


def close(handler: Handler) -> None:
    handler.close_connection = True


def cut_off(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"choices": [')
    handler.close_connection = True


def page(handler: Handler) -> None:
    handler.send(200, b"<html>welcome</html>", Content_Type="text/html")


@contextmanager
def running_server(patch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server, no settings from outside, and pauses that a test can wait for."""
    patch.setenv("NO_PROXY", "*")
    patch.delenv("OPENAI_API_KEY", raising=False)
    patch.delenv("OPENAI_BASE_URL", raising=False)
    patch.setattr(engine, "FIRST_PAUSE_SECONDS", 0.01)
    with Server() as made:
        thread = threading.Thread(target=made.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield made
        finally:
            made.shutdown()
            thread.join()


def settings(url: str | None, **changes: Any) -> Settings:
    return opened.settings("openai", "tiny", 12, ("\n", ";"), base_url=url, **changes)


def requests(count: int) -> list[Request]:
    return [Request(f"s{i}", f"neno {i}", Prompt(f"neno {i} =")) for i in range(count)]


def answers(url: str, asked: list[Request], **changes: Any) -> Iterator[str]:
    """The texts of the completions, as the engine hands them back."""
    backend = open_backend(settings(url, **changes))
    for [completion] in backend.run(backend.plan(asked)):
        yield completion.text
