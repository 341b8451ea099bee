"""What answers a prompt: the contract of an engine, its options, and the registry, a row each.

A new engine is one file with a class that has the methods of `Backend`, and one row in ENGINES
(docs/CONTRIBUTING.md walks through it). Outputs must not depend on the batch size; a plan must
depend on nothing but its requests, so that a run that was killed makes the same batches again.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from data.access import Access
from data.cli import did_you_mean
from data.errors import InputError
from data.options import common, option
from icl.prompt import Hint, Prompt
from models.config import model_type

DEFAULT_MODEL = "smollm2-135m-instruct"
MOST_REQUESTS = 1000  # at once: each is a thread and a socket


@dataclass(frozen=True, slots=True)
class Engine:
    """A row of the registry.

    Attributes:
        opens: "module:class"; the class takes `Settings` and is a `Backend`.
        dtypes: those it computes in; none where that is not ours to choose.
    """

    opens: str
    dtypes: tuple[str, ...] = ()


ENGINES: dict[str, Engine] = {
    "ctranslate2": Engine(
        "icl.engines.ctranslate2:Ctranslate2Backend", ("float32", "int8", "bfloat16", "float16")
    ),
    "transformers": Engine(
        "icl.engines.transformers:TransformersBackend", ("float32", "bfloat16", "float16")
    ),
    "openai": Engine("icl.engines.openai:OpenaiBackend"),
    "stub": Engine("icl.engines.stub:Stub"),  # no translator: accents, for tests
}


def engine_names() -> tuple[str, ...]:
    """What --engine takes."""
    return ("auto", *ENGINES)


@dataclass(frozen=True)
class EngineOptions:
    """The options of whatever answers; an engine reads them here, and no other place names them.

    `batch_size` and `concurrency` change speed, no result.
    """

    model: str = option(
        DEFAULT_MODEL,
        f"a catalog name (default {DEFAULT_MODEL}), a folder, a .gguf file, org/name@commit on the "
        "hub, or a server's name for it",
        metavar="NAME",
        group="model",
    )
    engine: str = option("auto", "what runs it", choices=engine_names, group="model")
    base_url: str | None = option(
        None, "address of an OpenAI-compatible server", metavar="URL", group="model"
    )
    max_new_tokens: int = option(
        128, "of an answer (default 128)", metavar="N", least=1, group="model"
    )
    decoding: str = option(
        "greedy",
        "greedy (default); server: as a server samples that takes no temperature, which no second "
        "run repeats",
        metavar="HOW",
        choices=("greedy", "server"),
        group="model",
    )
    beam: int = option(
        1,
        "width of the search of an encoder-decoder (default 1: greedy)",
        metavar="N",
        least=1,
        most=64,
        group="model",
    )
    max_prompt_tokens: int | None = option(
        None,
        "whole shots are left out of longer prompts (default: what the model can read)",
        metavar="N",
        least=1,
        group="model",
    )
    device: str = common("--device", group="model")
    dtype: str | None = common("--dtype", group="model")
    batch_size: int | None = option(
        None,
        "changes speed, no result (default 8)",
        metavar="N",
        least=1,
        group="model",
        identity=False,
    )
    concurrency: int = option(
        8,
        "requests at once (default 8)",
        metavar="N",
        least=1,
        most=MOST_REQUESTS,
        group="model",
        identity=False,
    )


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
    server does it that takes no temperature ("server"); with a `beam` above 1, the most probable
    answer of a search that wide."""

    max_new_tokens: int
    stop: tuple[str, ...]
    method: str = "greedy"
    beam: int = 1


@dataclass(frozen=True, slots=True)
class Settings:
    """What an engine is opened with.

    Attributes:
        stop: an answer ends before the first of these strings.
        access: how a model's files are reached, and who is told before anything slow.
        needs_answers: whether it will be asked anything; stored answers need no server.
    """

    options: EngineOptions
    stop: tuple[str, ...]
    access: Access = Access()
    needs_answers: bool = True

    @property
    def decoding(self) -> Decoding:
        """How an answer is made."""
        options = self.options
        return Decoding(options.max_new_tokens, self.stop, options.decoding, options.beam)

    @property
    def dtype(self) -> str:
        """The type to compute in: the one asked for, float32 on a CPU, bfloat16 elsewhere."""
        usual = "float32" if self.options.device == "cpu" else "bfloat16"
        return self.options.dtype or usual

    def prompt_budget(self, context: int | None) -> int | None:
        """The most tokens that a prompt may take, given the model's context; None: no end.

        >>> Settings(EngineOptions(max_new_tokens=28), ("\\n",)).prompt_budget(2048)
        2020
        """
        own = None if context is None else context - self.options.max_new_tokens
        asked = self.options.max_prompt_tokens
        return min((n for n in (own, asked) if n is not None), default=None)


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


def check_beam(options: EngineOptions, *, searches: bool) -> None:
    """Raise `InputError` for a beam where nothing searches with one.

    Args:
        searches: whether the model is an encoder-decoder on this machine.
    """
    if options.beam > 1 and not searches:
        raise InputError(
            f"--beam {options.beam}: {options.model} answers greedily; a beam is for"
            " encoder-decoders on this machine: leave it out"
        )


def open_backend(settings: Settings) -> Backend:
    """Open the engine that the options name, or the one that suits the model (`auto`).

    Raises:
        InputError: no such engine, or the model cannot be used with it.
        UnavailableError: a package, a file or a server that it needs is not there.
    """
    name = settings.options.engine
    if name == "auto":
        name = _suitable(settings)
    if name not in ENGINES:
        known = ", ".join(engine_names())
        hint = did_you_mean(name, engine_names())
        raise InputError(f'--engine "{name}": expected one of {known}{hint}')
    engine = ENGINES[name]
    if engine.dtypes and settings.dtype not in engine.dtypes:
        raise InputError(f'--dtype "{settings.dtype}": {name} has {", ".join(engine.dtypes)}')
    module, _, kind = engine.opens.partition(":")
    backend: Backend = getattr(importlib.import_module(module), kind)(settings)
    return backend


def _suitable(settings: Settings) -> str:
    """A server if an address is given; else ctranslate2 on a CPU where the architecture allows."""
    from models.resolve import resolve_model

    options = settings.options
    if options.base_url:
        return "openai"
    if options.device != "cpu" or options.dtype in ("bfloat16", "float16"):
        return "transformers"
    folder = resolve_model(options.model, settings.access).folder
    known = CTRANSLATE2_DECODERS | CTRANSLATE2_ENCODER_DECODERS
    return "ctranslate2" if model_type(folder) in known else "transformers"
