"""ctranslate2: decoders and encoder-decoders on a CPU, one single-threaded replica a core.

Replicas share the weights. Two replicas of one thread beat one of two threads: a sentence's tokens
come one after another, and the matrices of small models are too small to split. Of a decoder's
prompts the shared prefix is computed once and cached.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from data.errors import InputError, UnavailableError
from icl.engines import (
    CTRANSLATE2_DECODERS,
    CTRANSLATE2_ENCODER_DECODERS,
    Batch,
    Completion,
    Request,
    Settings,
    check_beam,
)
from icl.engines.tokenization import Endings, PromptTokenizer, batches_by_length
from icl.prompt import Prompt
from models.config import context_length, end_ids, is_encoder_decoder, model_type
from models.conversion import for_ctranslate2
from models.library import first_line, missing_package
from models.resolve import resolve_model

BATCH_SIZE = 8
BATCH_IDS = 1024  # a replica's memory grows by about 0.2 MB an id of the prompts in its batch
GREEDY = {"beam_size": 1, "sampling_topk": 1}  # of a decoder; a beam is for encoder-decoders


class Ctranslate2Backend:
    """A model converted to ctranslate2 once, kept in the cache, opened when it is first asked."""

    def __init__(self, settings: Settings) -> None:
        self._model = resolve_model(settings.options.model, settings.access)
        self._encoder_decoder = is_encoder_decoder(self._model.folder)
        check_beam(settings.options, searches=self._encoder_decoder)
        known = CTRANSLATE2_ENCODER_DECODERS if self._encoder_decoder else CTRANSLATE2_DECODERS
        kind = model_type(self._model.folder)
        if kind not in known:
            raise InputError(
                f'--engine ctranslate2: no converter here for "{kind}" '
                f"({', '.join(sorted(known))}); use --engine transformers"
            )
        self.identity: Mapping[str, str] = {
            "model": self._model.name,
            "revision": self._model.revision,
            "engine": "ctranslate2",
            "dtype": settings.dtype,
        }
        self._settings = settings
        self._decoding = settings.decoding
        self._budget = settings.prompt_budget(context_length(self._model.folder))

    @cached_property
    def _tokenizer(self) -> PromptTokenizer:
        return PromptTokenizer(self._model, self._settings.access)

    @cached_property
    def _endings(self) -> Endings:
        return self._tokenizer.endings(self._decoding.stop, end_ids(self._model.folder))

    @cached_property
    def _runner(self) -> Any:
        """ctranslate2's Generator or Translator."""
        folder = for_ctranslate2(
            self._model.folder, self._model.revision, self._model.name, self._settings.access
        )
        kind = "Translator" if self._encoder_decoder else "Generator"
        return _open(kind, folder, self._settings.options.device, self.identity["dtype"])

    @property
    def special(self) -> Sequence[str]:
        """The strings of the tokenizer's special tokens."""
        return self._tokenizer.vocabulary.special

    def fits(self, prompt: Prompt) -> bool:
        """Whether prompt and answer fit the model's context."""
        return self._tokenizer.fits(prompt, self._budget)

    def plan(self, requests: Sequence[Request]) -> list[Batch]:
        """Batches by length over the ids of whole prompts."""
        ids = [self._tokenizer.encode(request.prompt) for request in requests]
        size = self._settings.options.batch_size or BATCH_SIZE
        most = None if self._settings.options.batch_size else BATCH_IDS
        shared = not self._encoder_decoder
        return batches_by_length(requests, ids, size, share_prefix=shared, most_ids=most)

    def run(self, batches: Iterable[Batch]) -> Iterator[list[Completion]]:
        """Keep every replica busy and one batch waiting; hand results back in order.

        No more wait than that: what is under way is lost when the run is killed.
        """
        ahead: deque[tuple[Batch, list[Any]]] = deque()
        for batch in batches:
            opened = self._tokenizer.opening(batch.requests[0].prompt)
            ahead.append((batch, self._submit(batch, own=bool(opened))))
            if len(ahead) > self._replicas:
                yield self._collect(*ahead.popleft())
        while ahead:
            yield self._collect(*ahead.popleft())

    @property
    def _replicas(self) -> int:
        count = "num_translators" if self._encoder_decoder else "num_generators"
        return int(getattr(self._runner, count))

    def _submit(self, batch: Batch, *, own: bool) -> list[Any]:
        """Start on a batch; each answer goes on to the model's `own` end, or to a stop string."""
        ends = self._endings.own if own else self._endings.all
        start = self._translate if self._encoder_decoder else self._generate
        return start(batch, ends)

    def _generate(self, batch: Batch, ends: Sequence[int]) -> list[Any]:
        results: list[Any] = self._runner.generate_batch(
            [self._tokenizer.vocabulary.pieces(suffix) for suffix in batch.suffixes],
            static_prompt=self._tokenizer.vocabulary.pieces(batch.prefix) or None,
            cache_static_prompt=True,
            include_prompt_in_result=False,
            max_length=self._decoding.max_new_tokens,
            end_token=list(ends),
            return_end_token=True,
            asynchronous=True,
            **GREEDY,
        )
        return results

    def _translate(self, batch: Batch, ends: Sequence[int]) -> list[Any]:
        start = batch.requests[0].prompt.target_start
        self._tokenizer.ids_of([start] if start else [])  # an unknown one would be read as <unk>
        results: list[Any] = self._runner.translate_batch(
            [self._tokenizer.vocabulary.pieces(suffix) for suffix in batch.suffixes],
            target_prefix=[[start]] * len(batch.requests) if start else None,
            max_input_length=0,  # ctranslate2 cuts prompts at 1,024 ids unless it is told not to
            max_decoding_length=self._decoding.max_new_tokens,
            min_decoding_length=0,
            end_token=list(ends),
            return_end_token=True,
            asynchronous=True,
            beam_size=self._decoding.beam,
        )
        return results

    def _collect(self, batch: Batch, results: list[Any]) -> list[Completion]:
        return self._tokenizer.completions(
            batch,
            self._rows(results),
            self._endings,
            lambda part: self._rows(self._submit(part, own=True)),
        )

    def _rows(self, results: list[Any]) -> list[list[int]]:
        return [self._ids(self._finished(result)) for result in results]

    def _finished(self, result: Any) -> Any:
        try:
            return result.result()
        except RuntimeError as error:  # more positions than the model has, or no memory left
            raise UnavailableError(
                f"{self._model.name}: {first_line(error)}; finished segments are kept, go on with "
                "shorter prompts (--max-prompt-tokens) or a smaller --batch-size"
            ) from error

    def _ids(self, result: Any) -> list[int]:
        if self._encoder_decoder:
            return self._tokenizer.known_ids(result.hypotheses[0])
        ids: list[int] = result.sequences_ids[0]
        return ids


def _open(runner: str, folder: Path, device: str, dtype: str) -> Any:
    try:
        import ctranslate2
    except ImportError as error:
        raise missing_package(error, "cpu") from error
    kind, _, index = device.partition(":")
    replicas = len(os.sched_getaffinity(0)) if kind == "cpu" else 1
    try:
        return getattr(ctranslate2, runner)(
            str(folder),
            device=kind,
            device_index=int(index or 0),
            compute_type=dtype,
            inter_threads=replicas,
            intra_threads=1,
        )
    except ValueError as error:
        raise InputError(f"--device {device} --dtype {dtype}: {error}") from error
    except RuntimeError as error:  # no driver, or no such device
        raise UnavailableError(f"--device {device}: {first_line(error)}") from error
