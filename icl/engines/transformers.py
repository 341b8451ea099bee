"""transformers: any causal or encoder-decoder model, on a CPU or a GPU.

For a decoder the key-value cache of the shared prefix is computed once and copied for each batch.
An encoder-decoder gets the whole prompt, shots and all, in the encoder's input, as AlexaTM 20B
does.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from data.errors import InputError, UnavailableError
from icl.engines import Batch, Completion, Request, Settings, check_beam
from icl.engines.tokenization import Endings, PromptTokenizer, batches_by_length
from icl.prompt import Prompt
from models.config import context_length, is_encoder_decoder
from models.library import first_line, missing_package, opened
from models.resolve import resolve_model
from models.weights import check_ids, check_whole, open_weights

BATCH_SIZE = 8


class TransformersBackend:
    """A model folder opened by `transformers`, greedy decoding."""

    def __init__(self, settings: Settings) -> None:
        model = resolve_model(settings.options.model, settings.access)
        self._source = model
        self.identity: Mapping[str, str] = {
            "model": model.name,
            "revision": model.revision,
            "engine": "transformers",
            "dtype": settings.dtype,
        }
        self._settings = settings
        self._decoding = settings.decoding
        self._encoder_decoder = is_encoder_decoder(model.folder)
        check_beam(settings.options, searches=self._encoder_decoder)
        self._budget = settings.prompt_budget(context_length(model.folder))
        self._cached: tuple[tuple[int, ...], Any] = ((), None)

    @cached_property
    def _tokenizer(self) -> PromptTokenizer:
        return PromptTokenizer(self._source, self._settings.access)

    @cached_property
    def _model(self) -> Any:
        device, dtype = self._settings.options.device, self.identity["dtype"]
        return _open(self._source.folder, device, dtype, self._encoder_decoder)

    @cached_property
    def _endings(self) -> Endings:
        return self._tokenizer.endings(self._decoding.stop, self._end_ids())

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
        return batches_by_length(requests, ids, size, share_prefix=not self._encoder_decoder)

    def run(self, batches: Iterable[Batch]) -> Iterator[list[Completion]]:
        """One batch after another."""
        for batch in batches:
            opened = self._tokenizer.opening(batch.requests[0].prompt)
            yield self._tokenizer.completions(
                batch,
                self._generate(batch, own=bool(opened)),
                self._endings,
                lambda part: self._generate(part, own=True),
            )

    def _end_ids(self) -> list[int | None]:
        """The end-of-text ids that the model itself names."""
        ids = self._model.generation_config.eos_token_id
        return list(ids) if isinstance(ids, list) else [ids]

    def _generate(self, batch: Batch, *, own: bool) -> list[list[int]]:
        """The new ids of each prompt of the batch, padding included.

        Each answer goes on to the model's `own` end, or to a stop string.
        """
        import torch

        prompt, mask = self._padded(batch)  # (B, T), (B, T)
        options = self._opening(batch) if self._encoder_decoder else self._prefix_cache(batch)
        ends = self._endings.own if own else self._endings.all

        def generate() -> Any:
            with torch.inference_mode():
                return self._model.generate(
                    input_ids=prompt,
                    attention_mask=mask,
                    max_new_tokens=self._decoding.max_new_tokens,
                    do_sample=False,
                    num_beams=self._decoding.beam,
                    eos_token_id=ends,
                    pad_token_id=self._tokenizer.vocabulary.pad_id,
                    **options,
                )

        # The library checks some of what generation_config.json says only now.
        out = opened(generate, f"{self._source.folder}: cannot answer")
        new = out[:, 1:] if self._encoder_decoder else out[:, prompt.shape[1] :]
        ids: list[list[int]] = new.tolist()
        return ids

    def _opening(self, batch: Batch) -> dict[str, Any]:
        """The language that an encoder-decoder such as NLLB is told to answer in."""
        token = batch.requests[0].prompt.target_start
        return {"forced_bos_token_id": self._tokenizer.ids_of([token])[0]} if token else {}

    def _padded(self, batch: Batch) -> tuple[Any, Any]:
        """Prompt ids and mask, both (B, T): prefix, then padding, then suffix; a decoder goes on
        from the right edge. An encoder's padding stands on the right."""
        import torch

        longest = max(len(suffix) for suffix in batch.suffixes)
        rows, masks = [], []
        for suffix in batch.suffixes:
            fill = [self._tokenizer.vocabulary.pad_id] * (longest - len(suffix))
            hidden, shown = [0] * len(fill), [1] * len(suffix)
            if self._encoder_decoder:
                rows.append([*suffix, *fill])
                masks.append([*shown, *hidden])
            else:
                rows.append([*batch.prefix, *fill, *suffix])
                masks.append([1] * len(batch.prefix) + hidden + shown)
        check_ids(self._model, max(map(max, rows)), self._source.folder)
        device = self._model.device
        return torch.tensor(rows, device=device), torch.tensor(masks, device=device)

    def _prefix_cache(self, batch: Batch) -> dict[str, Any]:
        """The key-value cache of the shared prefix, one copy a row of the batch."""
        if not batch.prefix:
            return {}
        if self._cached[0] != batch.prefix:
            self._cached = (batch.prefix, self._compute_cache(batch.prefix))
        cache = copy.deepcopy(self._cached[1])
        cache.batch_repeat_interleave(len(batch.requests))
        return {"past_key_values": cache}

    def _compute_cache(self, prefix: Sequence[int]) -> Any:
        import torch
        from transformers import DynamicCache

        ids = torch.tensor([list(prefix)], device=self._model.device)  # (1, P)
        cache = DynamicCache(config=self._model.config)
        with torch.inference_mode():
            self._model(input_ids=ids, past_key_values=cache, use_cache=True)
        return cache


def _open(folder: Path, device: str, dtype: str, encoder_decoder: bool) -> Any:
    try:
        import torch
    except ImportError as error:
        raise missing_package(error, "cpu") from error
    if device.startswith("cuda") and not torch.cuda.is_available():
        raise UnavailableError(f"--device {device}: no CUDA device here; use --device cpu")
    kind = "AutoModelForSeq2SeqLM" if encoder_decoder else "AutoModelForCausalLM"
    model, missing = open_weights(folder, kind, "cannot be opened", dtype=dtype)
    check_whole(missing, folder)
    try:
        return model.to(device).eval()
    except (RuntimeError, ValueError) as error:
        raise InputError(f"--device {device}: {first_line(error)}") from error
