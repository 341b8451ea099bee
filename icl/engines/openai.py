"""Any server that speaks OpenAI's protocol: vLLM, llama.cpp, Ollama, `transformers serve`, ...

    python -m icl.eval --lang sw --engine openai --base-url http://localhost:8000/v1 --model NAME

The key is read from OPENAI_API_KEY; a local server needs none. Text templates use /completions,
the chat template /chat/completions. Requests that may succeed later (the server is busy, broken or
gone, or sends half an answer) are tried again with growing pauses. When one has failed for good,
the run stops and names its segment; what was answered before it is kept.
"""

from __future__ import annotations

import json
import os
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from queue import SimpleQueue
from typing import Any
from urllib.parse import urlsplit

from data.errors import InputError, UnavailableError
from data.randomness import stream
from icl.backend import Batch, Completion, Request, Settings
from icl.prompt import Prompt
from models.library import missing_package

ATTEMPTS = 5
FIRST_PAUSE_SECONDS = 1.0  # doubled after each attempt
LONGEST_PAUSE_SECONDS = 60.0  # also for a server that asks for more
TIMEOUT_SECONDS = 120.0
CONNECT_SECONDS = 10.0
TRY_AGAIN = (408, 409, 429)  # and 5xx: timeout, conflict, too many requests
REASON_LENGTH = 200

_Job = tuple[Request, "Future[Completion]"]


class OpenaiBackend:
    """A model behind an address; `concurrency` requests are under way at once."""

    def __init__(self, settings: Settings) -> None:
        base_url = settings.base_url or os.environ.get("OPENAI_BASE_URL")
        if not base_url:
            raise InputError("--engine openai: give the server's address with --base-url URL")
        if settings.offline:
            raise InputError("--offline: the openai engine needs a socket; leave one of them out")
        if settings.dtype:
            raise InputError("--dtype: the server settles it; leave it out with --engine openai")
        self._address = _public_address(base_url)
        self._settings = settings
        self._client = _client(base_url)
        self._check_reachable()
        self.identity: Mapping[str, str] = {
            "model": settings.model,
            "revision": self._address,
            "engine": "openai",
            "dtype": "server",
        }

    def _check_reachable(self) -> None:
        """A wrong address is told at once, not after the retries of the first request.

        Any answer will do, a refusal too; the request goes the way of all others, proxies included.
        """
        import openai

        try:
            self._client.models.with_raw_response.list(timeout=CONNECT_SECONDS)
        except openai.APIConnectionError as error:
            raise UnavailableError(
                f"{self._address}: no server answers ({_reason(error)}); start it, or mend "
                "--base-url"
            ) from error
        except openai.APIStatusError:
            return

    @property
    def special(self) -> Sequence[str]:
        """None: which strings are special, only the server knows."""
        return ()

    def fits(self, prompt: Prompt) -> bool:  # noqa: ARG002
        """Always: how much a server's model can read, and in which tokens, is the server's own."""
        return True

    def plan(self, requests: Sequence[Request]) -> list[Batch]:
        """Each request on its own: the server makes its own batches.

        Raises:
            InputError: prompts of a translation model, whose language tokens no server takes.
        """
        if any(request.prompt.source_start for request in requests):
            raise InputError(
                "--engine openai: a server takes text, not a translation model's language tokens; "
                "use a template such as plain or chat, or run the model here"
            )
        return [Batch((request,)) for request in requests]

    def run(self, batches: Iterable[Batch]) -> Iterator[list[Completion]]:
        """Keep `concurrency` requests under way, hand results back in order.

        As many again wait their turn, so that a slow answer does not hold up those behind it.

        Raises:
            UnavailableError: a request failed for good. All before it have been handed back.
        """
        width = self._settings.concurrency
        ahead: deque[Future[Completion]] = deque()
        jobs: SimpleQueue[_Job | None] = SimpleQueue()
        stopped = threading.Event()
        for _ in range(width):  # daemons: Ctrl-C does not wait for a server
            threading.Thread(target=self._work, args=(jobs, stopped), daemon=True).start()
        try:
            for batch in batches:
                ahead.append(Future())
                jobs.put((batch.requests[0], ahead[-1]))
                while ahead and (ahead[0].done() or len(ahead) >= 2 * width):
                    yield [ahead.popleft().result()]
            while ahead:
                yield [ahead.popleft().result()]
        finally:
            stopped.set()
            for _ in range(width):
                jobs.put(None)

    def _work(self, jobs: SimpleQueue[_Job | None], stopped: threading.Event) -> None:
        """One thread: answer requests until there are no more."""
        while (job := jobs.get()) is not None and not stopped.is_set():
            request, answer = job
            try:
                answer.set_result(self._complete(request, stopped))
            except BaseException as error:  # whatever it is, the caller's thread raises it
                answer.set_exception(error)

    def _complete(self, request: Request, stopped: threading.Event) -> Completion:
        """Ask until there is an answer, or no more point in asking."""
        import openai

        attempt = 1
        while True:
            try:
                return self._ask(request)
            except (openai.APIError, ValueError) as error:
                if attempt == ATTEMPTS or not _may_pass(error):
                    raise self._failed(request, error, attempt) from error
                pause = pause_seconds(attempt, _retry_after(error), request.id)
                if stopped.wait(pause):
                    raise self._failed(request, error, attempt) from error
            attempt += 1

    def _failed(self, request: Request, error: Exception, attempts: int) -> UnavailableError:
        return UnavailableError(
            f"{self._address}: segment {request.id}: {_reason(error)} "
            f"({attempts} attempt{'s' if attempts > 1 else ''}); finished segments are kept, "
            "run the same command to go on"
        )

    def _ask(self, request: Request) -> Completion:
        """One request. Raises ValueError when the answer is not what the protocol says."""
        decoding = self._settings.decoding
        options: dict[str, Any] = {
            "model": self._settings.model,
            "max_tokens": decoding.max_new_tokens,
            "temperature": 0.0,
            "stop": list(decoding.stop),
        }
        if request.prompt.messages:
            messages = [{"role": role, "content": text} for role, text in request.prompt.messages]
            answer = self._client.chat.completions.create(messages=messages, **options)
        else:
            answer = self._client.completions.create(prompt=request.prompt.text, **options)
        return _completion(answer)


def _completion(answer: Any) -> Completion:
    """The first choice of an answer: its text, or its message's."""
    choices = getattr(answer, "choices", None)
    choice = choices[0] if isinstance(choices, list) and choices else None
    message = getattr(choice, "message", None)
    text = getattr(choice, "text", None) if message is None else message.content or ""
    if not isinstance(text, str):
        found = " ".join(str(answer).split())
        raise ValueError(f"expected an answer with one choice, found {found or 'nothing'}")
    finish = getattr(choice, "finish_reason", None)
    return Completion(_whole_characters(text), "length" if finish == "length" else "stop")


def _whole_characters(text: str) -> str:
    r"""The text with U+FFFD for each half of a surrogate pair, which no file can hold.

    JSON can carry one: a server that counts in UTF-16 cuts an emoji in two at the token limit.

    >>> _whole_characters("Asante \ud83d")
    'Asante \ufffd'
    """
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _may_pass(error: Exception) -> bool:
    """Whether the same request may succeed later; never one that the server refused."""
    status = getattr(error, "status_code", None)  # None: no answer, or half of one
    return status is None or status < 400 or status in TRY_AGAIN or status >= 500


def pause_seconds(attempt: int, asked: float | None, key: str) -> float:
    """How long to wait after a failed attempt (from 1): twice as long each time, or what the
    server asked for, and up to a quarter more, so that requests which failed together do not
    come back together.

    >>> 8 <= pause_seconds(4, None, "ntrex-128:sw-en:7") <= 10
    True
    >>> 30 <= pause_seconds(4, 30.0, "ntrex-128:sw-en:7") <= 37.5
    True
    """
    longer = max(asked or 0.0, FIRST_PAUSE_SECONDS * 2.0 ** (attempt - 1))
    return min(longer, LONGEST_PAUSE_SECONDS) * stream(attempt, key).uniform(1.0, 1.25)


def _retry_after(error: Exception) -> float | None:
    """Seconds that the Retry-After header asks for, as a number or a date (RFC 9110, 10.2.3)."""
    response = getattr(error, "response", None)
    value = "" if response is None else response.headers.get("retry-after", "")
    if value.isdecimal():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    return (moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.now(UTC)).total_seconds()


def _reason(error: Exception) -> str:
    """Why a request failed, in one short line: what the server said, if it said anything."""
    response = getattr(error, "response", None)
    if response is not None:
        text = f"status {response.status_code} {response.text}"
    elif isinstance(error, json.JSONDecodeError | UnicodeDecodeError):
        text = f"the answer is not JSON: {error}"
    else:  # "Connection error." alone says little
        text = f"{str(error).rstrip('.')}: {error.__cause__}" if error.__cause__ else str(error)
    line = " ".join(text.split())
    return line if len(line) <= REASON_LENGTH else f"{line[:REASON_LENGTH]}..."


def _client(base_url: str) -> Any:
    try:
        import openai
    except ImportError as error:
        raise missing_package(error, "openai") from error
    key = os.environ.get("OPENAI_API_KEY", "").strip() or "none"
    if not (key.isascii() and key.isprintable()):
        raise InputError("OPENAI_API_KEY: holds a character that no key has; set it again")
    return openai.OpenAI(
        base_url=base_url,
        api_key=key,
        max_retries=0,
        timeout=openai.Timeout(TIMEOUT_SECONDS, connect=CONNECT_SECONDS),
    )


def _public_address(base_url: str) -> str:
    """The address as it may stand in a record: no password, no query.

    >>> _public_address("https://me:secret@example.org:8000/v1/?key=1")
    'https://example.org:8000/v1'
    """
    expected = InputError(f'--base-url "{base_url}": expected http://HOST:PORT/v1')
    try:
        address = urlsplit(base_url)
        host, port = address.hostname or "", address.port
        host.encode("idna")
    except ValueError as error:
        raise expected from error
    if address.scheme not in ("http", "https") or not host or not base_url.isprintable():
        raise expected
    host = f"[{host}]" if ":" in host else host
    return f"{address.scheme}://{host}{f':{port}' if port else ''}{address.path.rstrip('/')}"
