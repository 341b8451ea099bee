r"""Chat templates, rendered where they can do no harm: bounded in time, memory and length.

>>> template = "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}"
>>> render_chat(template, [("user", "Habari")], {})
'<user>Habari'
>>> render_chat("{{ 'a' * 10 ** 12 }}", [], {})
Traceback (most recent call last):
...
data.errors.InputError: it takes more than 512 MB
"""

from __future__ import annotations

import atexit
import contextlib
import json
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TextIO, cast

from data.errors import InputError
from data.terminal import one_line
from icl.engines import chat_worker

REASON_LENGTH = 200


class ChatTemplate(NamedTuple):
    """A model's template, and the special tokens that it may name, `bos_token` for instance."""

    template: str
    special: Mapping[str, Any]


def chat_template(tokenizer: Any) -> ChatTemplate:
    """The template that a tokenizer of `transformers` lays a chat out with.

    Raises:
        InputError: it has several, and none is the default.
    """
    try:
        template = tokenizer.get_chat_template()
    except ValueError as error:
        raise InputError(f"{one_line(str(error))}; use --template plain") from error
    special = {
        name: [str(token) for token in value] if isinstance(value, list | tuple) else str(value)
        for name, value in tokenizer.special_tokens_map.items()
    }
    return ChatTemplate(str(template), special)


def render_chat(
    template: str, messages: Sequence[tuple[str, str]], special: Mapping[str, Any]
) -> str:
    """The messages, (role, content), as a template lays them out, up to the model's turn.

    Args:
        special: the special tokens by name, as `transformers` gives them to templates.

    Raises:
        InputError: the template cannot be read, refuses the messages, or takes more than it may;
            the message is the reason alone, one line.
    """
    turns = [{"role": role, "content": content} for role, content in messages]
    fields = {**special, "messages": turns, "tools": None, "documents": None}
    answer = _RENDERER.ask(
        {"template": template, "fields": fields | {"add_generation_prompt": True}}
    )
    if "error" in answer:
        line = one_line(answer["error"])
        raise InputError(line if len(line) <= REASON_LENGTH else f"{line[:REASON_LENGTH]}...")
    return answer["text"]


class _Renderer:
    """The process that renders (icl/engines/chat_worker.py), started when it is first needed."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._lock = threading.Lock()

    def ask(self, request: Mapping[str, Any]) -> dict[str, str]:
        """What it answers; "error" where it did not live to answer."""
        with self._lock:
            process = self._process = self._process or _start()
            line = _exchange(process, f"{json.dumps(request)}\n")
            if line:
                answer: dict[str, str] = json.loads(line)
                return answer
            return {"error": _death(self.close())}

    def close(self) -> int:
        """Let the process end, as it does when nothing more is asked; its exit status."""
        process, self._process = self._process, None
        if process is None:
            return 0
        for stream in (process.stdin, process.stdout):
            with contextlib.suppress(BrokenPipeError):  # what it has not read is lost with it
                cast("TextIO", stream).close()
        return process.wait()


def _start() -> subprocess.Popen[str]:
    command = [sys.executable, "-P", str(Path(chat_worker.__file__))]
    pipe = subprocess.PIPE
    return subprocess.Popen(
        command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True, encoding="utf-8"
    )


def _exchange(process: subprocess.Popen[str], line: str) -> str:
    """A line for a line; "" where the process has ended. It answers or ends: it may use little
    processor time, and waits for nothing."""
    stdin, stdout = cast("TextIO", process.stdin), cast("TextIO", process.stdout)
    try:
        stdin.write(line)
        stdin.flush()
    except BrokenPipeError:
        return ""
    return stdout.readline()


def _death(status: int) -> str:
    if status == -signal.SIGPROF:
        return f"it takes more than {chat_worker.CPU_SECONDS:g} seconds"
    return f"it ended the process that renders it (status {status})"


_RENDERER = _Renderer()
atexit.register(_RENDERER.close)
