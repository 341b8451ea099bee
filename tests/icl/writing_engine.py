"""An engine that writes a sentence with all of its words, one with none, and an empty one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from icl.engines import Batch, Completion, Request, Settings
from icl.prompt import Prompt


class Writer:
    """Every fourth request has a sentence without the words, every fifth none at all."""

    asked: list[str] = []  # noqa: RUF012  by all of this class, for tests of what is asked again
    stops_after: int | None = None

    def __init__(self, settings: Settings) -> None:
        self.identity: Mapping[str, str] = {
            "model": settings.options.model,
            "revision": "7",
            "engine": "writer",
            "dtype": "none",
        }

    @property
    def special(self) -> Sequence[str]:
        return ()

    def fits(self, prompt: Prompt) -> bool:
        return True

    def plan(self, requests: Sequence[Request]) -> list[Batch]:
        return [Batch((request,)) for request in requests]

    def run(self, batches: Iterable[Batch]) -> Iterator[list[Completion]]:
        for batch in batches:
            [request] = batch.requests
            if self.stops_after is not None and len(self.asked) >= self.stops_after:
                raise KeyboardInterrupt
            self.asked.append(request.id)
            words = request.source.partition(";")[0].replace(", ", " and the ")
            number = int(request.id)
            text = f"They saw the {words} on day {number}.\nThen it was over."
            if number % 4 == 3:
                text = "Nobody was there at all yesterday."
            yield [Completion("" if number % 5 == 4 else text, "stop")]
