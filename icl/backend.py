"""What an engine is: three methods between requests and completions.

A new engine is one file in icl/engines/ with a class that has these methods, and one row in
ENGINES. Outputs must not depend on the batch size; a plan must depend on nothing but its requests,
so that a run that was killed and starts again makes the same batches.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from data.access import Report
from data.cli import did_you_mean
from data.errors import InputError
from icl.prompt import Hint, Prompt
from models.config import model_type
from models.resolve import resolve_model

CTRANSLATE2_DECODERS = frozenset(
    {"bloom", "falcon", "gemma", "gemma2", "gemma3_text", "gpt2", "gpt_neox", "gptj", "llama"}
    | {"mistral", "mpt", "opt", "phi", "phi3", "qwen2", "qwen3"}
)  # the model types of config.json that its converter knows
CTRANSLATE2_ENCODER_DECODERS = frozenset({"bart", "m2m_100", "marian", "mbart", "mt5", "t5"})


@dataclass(frozen=True, slots=True)
class Request:
    """One sentence to translate: its id, the sentence itself, and the whole prompt.

    `shots` are the ids of the pairs in the prompt, `hints` the dictionary entries of the sentence.
    """

    id: str
    source: str
    prompt: Prompt
    shots: tuple[str, ...] = ()
    hints: tuple[Hint, ...] = ()


Finish = Literal["stop", "length", "thinking", "filtered", "refused", "tool call"]
"""How an answer ended: by itself or a stop string, by the token limit; or it is none at all,
because it never got beyond thoughts, or a server withheld it, refused, or called a tool."""


@dataclass(frozen=True, slots=True)
class Completion:
    """What came back: stop string and thoughts not yet cut off.

    `thinking`: whether a server sent thoughts apart from the text. Thoughts that the prompt opens
    begin with the mark that opens them: `icl.answers` takes them off.
    """

    text: str
    finish: Finish
    thinking: bool = False


@dataclass(frozen=True, slots=True)
class Batch:
    """Requests that run together; engines with a tokenizer add ids.

    Attributes:
        prefix: the ids that all prompts of the plan share; their KV cache is computed once.
        suffixes: the ids that follow, one tuple a request, never empty.
    """

    requests: tuple[Request, ...]
    prefix: tuple[int, ...] = ()
    suffixes: tuple[tuple[int, ...], ...] = ()

    def part(self, places: Sequence[int]) -> Batch:
        """Some of its requests, to be run on their own."""
        requests = tuple(self.requests[place] for place in places)
        suffixes = tuple(self.suffixes[place] for place in places) if self.suffixes else ()
        return Batch(requests, self.prefix, suffixes)


@dataclass(frozen=True, slots=True)
class Decoding:
    """Until a stop string or the limit: the most probable token each time ("greedy"), or as a
    server does it that takes no temperature ("server")."""

    max_new_tokens: int
    stop: tuple[str, ...]
    method: str = "greedy"


@dataclass(frozen=True, slots=True)
class Settings:
    """What an engine is opened with.

    `batch_size` and `concurrency` change speed, no result; `report` gets a line before
    anything slow. `asking`: whether it will be asked anything; stored answers need no server.
    """

    model: str
    decoding: Decoding
    device: str = "cpu"
    dtype: str | None = None
    batch_size: int | None = None
    offline: bool = False
    base_url: str | None = None
    concurrency: int = 8
    max_prompt_tokens: int | None = None
    report: Report | None = None
    asking: bool = True

    def room(self, context: int | None) -> int | None:
        """The most tokens that a prompt may take, given the model's context; None: no end.

        >>> Settings("m", Decoding(28, ("\\n",))).room(2048)
        2020
        """
        own = None if context is None else context - self.decoding.max_new_tokens
        return min((n for n in (own, self.max_prompt_tokens) if n is not None), default=None)


class Backend(Protocol):
    """A model under test, or a baseline."""

    @property
    def identity(self) -> Mapping[str, str]:
        """What makes an answer this one's: model, revision, engine, dtype; part of a key."""
        ...

    @property
    def special(self) -> Sequence[str]:
        """Strings that the model reads as special tokens; none where nobody can tell."""
        ...

    def fits(self, prompt: Prompt) -> bool:
        """Whether prompt and answer fit the model; True where nobody can tell."""
        ...

    def plan(self, requests: Sequence[Request]) -> list[Batch]:
        """All requests in batches, the order settled by the requests alone."""
        ...

    def run(self, batches: Iterable[Batch]) -> Iterator[list[Completion]]:
        """The completions of each batch, in the order of the batches."""
        ...


ENGINES: Mapping[str, str] = {
    "ctranslate2": "Ctranslate2Backend",
    "transformers": "TransformersBackend",
    "openai": "OpenaiBackend",
}
ENGINE_DTYPES: Mapping[str, tuple[str, ...]] = {
    "ctranslate2": ("float32", "int8", "bfloat16", "float16"),
    "transformers": ("float32", "bfloat16", "float16"),
}


def open_backend(engine: str, settings: Settings) -> Backend:
    """Open the engine of that name, or the one that suits the model when the name is `auto`.

    Raises:
        InputError: no such engine, or the model cannot be used with it.
        UnavailableError: a package, a file or a server that it needs is not there.
    """
    if engine == "auto":
        engine = _choose(settings)
    if engine not in ENGINES:
        known = ("auto", *ENGINES)
        hint = did_you_mean(engine, known)
        raise InputError(f'--engine "{engine}": expected one of {", ".join(known)}{hint}')
    module = importlib.import_module(f"icl.engines.{engine}")
    backend: Backend = getattr(module, ENGINES[engine])(settings)
    return backend


def _choose(settings: Settings) -> str:
    """A server if an address is given; else ctranslate2 on a CPU where the architecture allows."""
    if settings.base_url:
        return "openai"
    if settings.device != "cpu" or settings.dtype in ("bfloat16", "float16"):
        return "transformers"
    folder = resolve_model(settings.model, settings.offline, settings.report).folder
    known = CTRANSLATE2_DECODERS | CTRANSLATE2_ENCODER_DECODERS
    return "ctranslate2" if model_type(folder) in known else "transformers"
