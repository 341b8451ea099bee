r"""A stub in place of a translator: the same text with accents, to test or try a workflow out.

It translates nothing, and everything that it says shows so. Numbers, marks and whatever is no ASCII
letter stay as they are, so a document keeps its form; the same text always has the same answer.

>>> accented("Let ⟦1⟧ be the height of 3 oaks.")
'Lét ⟦1⟧ bé thé héíght óf 3 óáks.'
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from icl.engines import Batch, Completion, Request, Settings
from icl.prompt import Prompt

_ACCENTS = str.maketrans("aeiouyAEIOUY", "áéíóúýÁÉÍÓÚÝ")
_SIZE = 64  # requests of a batch


def accented(text: str) -> str:
    """The stub's answer to a text: accents on its vowels, or ~ before one that has none.

    >>> accented("你好"), accented("nth")
    ('~你好', '~nth')
    """
    told = text.translate(_ACCENTS)
    return told if told != text else f"~{text}"


class Stub:
    """Reads the sentence and no prompt."""

    reads_prompt = False

    def __init__(self, settings: Settings) -> None:
        del settings  # it has no model and no setting
        self.identity: Mapping[str, str] = {
            "model": "stub",
            "revision": "1",
            "engine": "stub",
            "dtype": "none",
        }

    @property
    def special(self) -> Sequence[str]:
        """None: no prompt is read."""
        return ()

    def fits(self, prompt: Prompt) -> bool:  # noqa: ARG002
        """Always: no prompt is read."""
        return True

    def plan(self, requests: Sequence[Request]) -> list[Batch]:
        """Requests in their order."""
        starts = range(0, len(requests), _SIZE)
        return [Batch(tuple(requests[start : start + _SIZE])) for start in starts]

    def run(self, batches: Iterable[Batch]) -> Iterator[list[Completion]]:
        """The accented sources."""
        for batch in batches:
            yield [Completion(accented(request.source), "stop") for request in batch.requests]
