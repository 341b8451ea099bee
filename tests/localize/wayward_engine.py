"""An engine that does what engines do: loses marks, invents some, repeats the source, says nothing.

The text says which, by a word in it. With an example in the prompt it fails where `shown` stands,
so that a second round without examples is better; whole texts fail where `long` stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import ClassVar

from icl.engines import Batch, Completion, Request, Settings
from icl.engines.stub import accented
from icl.prompt import Prompt


class Wayward:
    """See the module."""

    prompts: ClassVar[list[str]] = []

    def __init__(self, settings: Settings) -> None:
        self._size = settings.options.batch_size or 4
        self.identity: Mapping[str, str] = {
            "model": "wayward",
            "revision": "1",
            "engine": "wayward",
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
            self.prompts.extend(request.prompt.text for request in batch.requests)
            yield [self._answer(request) for request in batch.requests]

    @staticmethod
    def _answer(request: Request) -> Completion:
        text = request.source
        if "empty" in text:
            return Completion("", "stop")
        if "cut" in text:
            return Completion("Yarım", "length")
        if "refused" in text:
            return Completion("", "refused")
        if "copied" in text:
            return Completion(text, "stop")
        if "lost" in text or ("shown" in text and request.shots):
            return Completion(re.sub("⟦[0-9]+⟧", "", accented(text)), "stop")
        if "long" in text and text.count(".") > 1:
            return Completion("⟦9⟧", "stop")
        if "invented" in text:
            return Completion(f"{accented(text)} ⟦7⟧", "stop")
        return Completion(accented(text), "stop")
