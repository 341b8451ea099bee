"""An engine from outside the tree, see docs/CONTRIBUTING.md: it answers with the last word."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from icl.engines import Batch, Completion, Request, Settings
from icl.prompt import Prompt


class LastWord:
    """Three methods between requests and completions, and what makes an answer this engine's."""

    def __init__(self, settings: Settings) -> None:
        self._size = settings.options.batch_size or 4
        self.identity: Mapping[str, str] = {
            "model": settings.options.model,
            "revision": "1",
            "engine": "lastword",
            "dtype": "none",
        }

    @property
    def special(self) -> Sequence[str]:
        return ()

    def fits(self, prompt: Prompt) -> bool:
        return len(prompt.text) < 10_000

    def plan(self, requests: Sequence[Request]) -> list[Batch]:
        starts = range(0, len(requests), self._size)
        return [Batch(tuple(requests[start : start + self._size])) for start in starts]

    def run(self, batches: Iterable[Batch]) -> Iterator[list[Completion]]:
        for batch in batches:
            yield [Completion(request.source.split()[-1], "stop") for request in batch.requests]
