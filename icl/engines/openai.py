"""Any server that speaks OpenAI's protocol: vLLM, llama.cpp, Ollama, `transformers serve`, ...

    python -m icl.eval --lang sw --engine openai --base-url http://localhost:8000/v1 --model NAME

The key is read from OPENAI_API_KEY; a local server needs none. Text templates use /completions,
the chat template /chat/completions. Requests that may succeed later (the server is busy, broken or
gone, or sends half an answer) are tried again with growing pauses. When one has failed for good,
the run stops and names its segment; what was answered before it is kept.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from queue import SimpleQueue
from typing import Any

from data.errors import InputError, UnavailableError
from data.randomness import stream
from data.terminal import one_line
from icl.address import Address, parse_address
from icl.answers import cut_too_early, opening_of
from icl.engines import Batch, Completion, Request, Settings, check_beam
from icl.engines.protocol import (
    NoAnswerError,
    Wording,
    body_of,
    completion_from,
    may_pass,
    next_step,
    refuses,
    retry_after,
    said,
    said_value,
    value_of,
    withheld,
)
from icl.prompt import Prompt
from models.library import missing_package

ATTEMPTS = 5
FIRST_PAUSE_SECONDS = 1.0  # doubled after each attempt
LONGEST_PAUSE_SECONDS = 60.0  # also for a server that asks for more
TIMEOUT_SECONDS = 120.0
CONNECT_SECONDS = 10.0
REASON_LENGTH = 200

_Job = tuple[Request, "Future[Completion]"]


class OpenaiBackend:
    """A model behind an address; `concurrency` requests are under way at once."""

    def __init__(self, settings: Settings) -> None:
        base_url = settings.options.base_url or os.environ.get("OPENAI_BASE_URL")
        if not base_url:
            raise InputError(
                "--engine openai: give the server's address in OPENAI_BASE_URL",
                option="--base-url",
                advice="with --base-url URL",
            )
        if settings.access.offline:
            raise InputError("--offline: the openai engine needs a socket; leave one of them out")
        if settings.options.dtype:
            raise InputError("--dtype: the server settles it; leave it out with --engine openai")
        check_beam(settings.options, searches=False)
        self._address = parse_address(base_url)
        self._settings = settings
        key = _key()
        self._keys = (key,) if key else ()
        self._client = _client(self._address, key)
        self._wording = Wording()
        self._wording_lock = threading.Lock()
        if settings.needs_answers:
            self._check_reachable()
        self.identity: Mapping[str, str] = {
            "model": settings.options.model,
            "revision": self._address.url,
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
                f"{self._address.url}: no server answers ({self._reason(error)}); start it, or "
                "mend --base-url"
            ) from None
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
        width = self._settings.options.concurrency
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
            wording = self._wording
            try:
                return self._ask(request, wording)
            except (openai.APIError, NoAnswerError) as error:
                value = said_value(error)
                if withheld(value):
                    return Completion("", "filtered")
                if self._reworded(wording, said(value)):
                    continue
                if attempt == ATTEMPTS or not may_pass(error):
                    raise self._failed(request, error, attempt) from None
                pause = pause_seconds(attempt, retry_after(error), request.id)
                if stopped.wait(pause):
                    raise self._failed(request, error, attempt) from None
            attempt += 1

    def _ask(self, request: Request, wording: Wording) -> Completion:
        """One question, put again without stop strings where they ended the answer too early.

        A chat's answer may begin with thoughts whose opening mark the server keeps to itself, and
        a stop string would end it there: it gets none. They are applied here.
        """
        prompt = request.prompt
        opening = opening_of(prompt.text)
        stops = wording.stop and not opening and not prompt.messages
        completion = self._post(prompt, wording, stop=stops)
        if stops and cut_too_early(completion):
            completion = self._post(prompt, wording, stop=False)
        return replace(completion, text=opening + completion.text) if opening else completion

    def _post(self, prompt: Prompt, wording: Wording, *, stop: bool) -> Completion:
        """One request. Raises NoAnswerError when what comes back is none."""
        options = wording.options(self._settings.decoding, stop=stop)
        client, body = self._client, body_of(prompt)
        ask = client.chat.completions if prompt.messages else client.completions
        answer = ask.with_raw_response.create(
            model=self._settings.options.model, **body, extra_body=options
        )
        return completion_from(value_of(answer.content))

    def _reworded(self, wording: Wording, reason: str) -> bool:
        """Whether the server refused how it was asked, and is to be asked in another way.

        Raises:
            InputError: it takes no temperature, and there is no other way to ask for the most
                probable token.
        """
        sent = wording.options(self._settings.decoding, stop=True)
        if "temperature" in sent and refuses(reason, "temperature"):
            raise InputError(
                f"{self._address.url}: the server takes no temperature 0, which greedy decoding "
                f"needs ({self._cleared(reason)}); choose another model",
                option="--decoding",
                advice="take the server's own sampling with --decoding server",
            )
        with self._wording_lock:
            if self._wording != wording:  # another thread has learnt it already
                return True
            learnt = wording.after(reason, sent)
            if learnt is None:
                return False
            self._wording = learnt
        self._settings.access.report(f"{self._address.url}: {learnt.told_after(wording)}")
        return True

    def _failed(self, request: Request, error: Exception, attempts: int) -> UnavailableError:
        return UnavailableError(
            f"{self._address.url}: segment {request.id}: {self._reason(error)} "
            f"({attempts} attempt{'s' if attempts > 1 else ''}); finished segments are kept, "
            f"{next_step(error)}"
        )

    def _reason(self, error: Exception) -> str:
        """Why a request failed, in one short line: what the server said, if it said anything."""
        response = getattr(error, "response", None)
        if response is not None:
            text = f"status {response.status_code} {said(said_value(error))}"
        elif isinstance(error, NoAnswerError) or not error.__cause__:
            text = str(error)
        else:  # "Connection error." alone says little
            text = f"{str(error).rstrip('.')}: {error.__cause__}"
        return self._cleared(text)

    def _cleared(self, text: str) -> str:
        line = one_line(self._address.without_secrets(text, *self._keys))
        return line if len(line) <= REASON_LENGTH else f"{line[:REASON_LENGTH]}..."


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


def _client(address: Address, key: str) -> Any:
    """A client whose own address holds no secret: the openai package shows it in its errors."""
    try:
        import openai
    except ImportError as error:
        raise missing_package(error, "openai") from error
    headers = {"Authorization": address.authorization} if address.authorization else {}
    return openai.OpenAI(
        base_url=address.url,
        api_key=key or "none",
        default_query=dict(address.query),
        default_headers=headers,
        max_retries=0,
        timeout=openai.Timeout(TIMEOUT_SECONDS, connect=CONNECT_SECONDS),
    )


def _key() -> str:
    """The key in OPENAI_API_KEY; "" for none, which a local server needs."""
    key = os.environ.get("OPENAI_API_KEY", "").strip()
    if not (key.isascii() and (key.isprintable() or not key)):
        raise InputError("OPENAI_API_KEY: holds a character that no key has; set it again")
    return key
