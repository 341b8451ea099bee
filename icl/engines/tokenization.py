"""From prompts to batches of ids, for the engines that run a model on this machine.

A prompt is tokenised whole and then cut at the common prefix of ids. Cut as text it would give
other tokens: a tokenizer may join the end of a shot and the start of a query into one piece.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from itertools import takewhile
from typing import NamedTuple

from data.access import Access
from data.errors import InputError
from icl.answers import cut_too_early, opening_of
from icl.engines import Batch, Completion, Request
from icl.engines.chat import ChatTemplate, chat_template, render_chat
from icl.engines.vocabulary import open_vocabulary
from icl.prompt import Prompt
from models.resolve import Model
from models.tokenizer import open_tokenizer

_MOST_TOKENS_A_CHARACTER = 5  # four bytes, and something for special tokens


class Endings(NamedTuple):
    """The ids that end an answer: the model's own ends of text, and `all`, with every piece of the
    vocabulary that holds a stop string, after which nothing that counts can follow."""

    all: list[int]
    own: list[int]


class PromptTokenizer:
    """From prompts to ids, for one model.

    Attributes:
        vocabulary: its ids and pieces.
    """

    def __init__(self, model: Model, access: Access = Access()) -> None:
        self._folder = model.folder
        self.vocabulary = open_vocabulary(model, access)

    def encode(self, prompt: Prompt) -> list[int]:
        """The ids of a whole prompt, special tokens as the tokenizer adds them.

        What a corpus says holds none of their strings any more: see `icl.prompt.neutralize`.
        """
        if prompt.messages:
            return self.vocabulary.ids(self._laid_out(prompt), add_special=False)
        if not prompt.source_start:
            return self.vocabulary.ids(prompt.text)
        first = self.ids_of([prompt.source_start])
        last = [] if self.vocabulary.end_id is None else [self.vocabulary.end_id]
        return [*first, *self.vocabulary.ids(prompt.text, add_special=False), *last]

    def fits(self, prompt: Prompt, budget: int | None) -> bool:
        """Whether a prompt takes at most `budget` tokens; None has no end."""
        if budget is None:
            return True
        characters = len(prompt.text) + sum(len(content) for _, content in prompt.messages)
        if not prompt.messages and _MOST_TOKENS_A_CHARACTER * characters < budget:
            return True  # no need to tokenise what cannot be too long
        return len(self.encode(prompt)) <= budget

    def _laid_out(self, prompt: Prompt) -> str:
        """A chat as the model's own template writes it."""
        if not self.vocabulary.has_chat:
            raise InputError(
                "--template chat: this model's tokenizer has no chat template; use --template plain"
            )
        try:
            text = render_chat(self._chat.template, prompt.messages, self._chat.special)
            if not text.strip():
                raise InputError("it writes nothing")
        except InputError as error:
            raise InputError(
                f"{self._folder}: the model's chat template cannot be used here: {error}; "
                "use --template plain"
            ) from error
        return text

    @cached_property
    def _chat(self) -> ChatTemplate:
        return chat_template(open_tokenizer(self._folder))

    def known_ids(self, pieces: Sequence[str]) -> list[int]:
        """The ids of pieces that a converted model wrote. Those that only fill its matrices up
        ("madeupword7") are none of the vocabulary's and stand for nothing."""
        ids = (self.vocabulary.id_of(piece) for piece in pieces)
        return [index for index in ids if index is not None]

    def ids_of(self, pieces: Sequence[str]) -> list[int]:
        """The ids of the vocabulary's own strings.

        Raises:
            InputError: a string that is none of them, such as the code of a language that a
                translation model does not know.
        """
        ids = [self.vocabulary.id_of(piece) for piece in pieces]
        for piece, index in zip(pieces, ids, strict=True):
            if index is None:
                raise InputError(
                    f'{self._folder}: the vocabulary has no token "{piece}"; '
                    "choose a template or language that the model knows"
                )
        return [index for index in ids if index is not None]

    def endings(self, stop: Sequence[str], end: Sequence[int | None]) -> Endings:
        """The ids that end an answer.

        Args:
            end: the end-of-text ids that the model names beside the tokenizer's own.
        """
        texts = self.vocabulary.texts()
        holds = [index for index, text in enumerate(texts) if any(s in text for s in stop)]
        own = {index for index in (self.vocabulary.end_id, *end) if index is not None}
        return Endings(sorted({*holds, *own}), sorted(own))

    def opening(self, prompt: Prompt) -> str:
        """The mark with which a prompt opens the model's thoughts for it; "" where it does not."""
        return opening_of(self._laid_out(prompt) if prompt.messages else prompt.text)

    def completions(
        self,
        batch: Batch,
        rows: Sequence[Sequence[int]],
        endings: Endings,
        again: Callable[[Batch], Sequence[Sequence[int]]],
    ) -> list[Completion]:
        """The completions of a batch from the new ids of each of its prompts.

        Args:
            rows: the ids up to the first of `endings`; of a prompt that opens the model's
                thoughts, up to the first of the model's own.
            again: answers a batch again, up to the model's own end: for what a stop string ended
                before the answer began.
        """
        opening = self.opening(batch.requests[0].prompt)
        own = frozenset(endings.own)
        ends = own if opening else frozenset(endings.all)
        cut = [until_stop(row, ends) for row in rows]
        made = [self._completion(opening, *row) for row in cut]
        early = [
            place
            for place, (ids, _) in enumerate(cut)
            if own.isdisjoint(ids) and not opening and cut_too_early(made[place])
        ]
        for place, row in zip(early, again(batch.part(early)) if early else (), strict=True):
            made[place] = self._completion(opening, *until_stop(row, own))
        return made

    def _completion(self, opening: str, ids: Sequence[int], ended: bool) -> Completion:
        return Completion(opening + self.vocabulary.text(ids), "stop" if ended else "length")


def batches_by_length(
    requests: Sequence[Request],
    ids: Sequence[Sequence[int]],
    batch_size: int,
    *,
    share_prefix: bool = True,
    most_ids: int | None = None,
) -> list[Batch]:
    """Batches of neighbours in length, longest first, so that padding is short.

    The order hangs on the requests alone: the same plan after a kill as before it.

    Args:
        most_ids: of a batch of more than one request, prefix and padding counted: long prompts
            come in smaller batches, because memory grows with the ids.
    """
    prefix = common_prefix(ids) if share_prefix else ()
    order = sorted(range(len(requests)), key=lambda index: (-len(ids[index]), index))
    lengths = [len(ids[index]) for index in order]
    chunks = [order[start:stop] for start, stop in _cuts(lengths, batch_size, most_ids)]
    return [
        Batch(
            tuple(requests[index] for index in chunk),
            prefix,
            tuple(tuple(ids[index][len(prefix) :]) for index in chunk),
        )
        for chunk in chunks
    ]


def _cuts(
    lengths: Sequence[int], batch_size: int, most_ids: int | None
) -> Iterator[tuple[int, int]]:
    """Where batches begin and end in sequences that grow shorter."""
    start = 0
    while start < len(lengths):
        room = batch_size if most_ids is None else most_ids // max(lengths[start], 1)
        stop = min(start + max(1, min(batch_size, room)), len(lengths))
        yield start, stop
        start = stop


def common_prefix(ids: Sequence[Sequence[int]]) -> tuple[int, ...]:
    """The longest run of ids that opens every sequence and leaves each at least one id.

    >>> common_prefix([[5, 6, 7], [5, 6, 8, 9]]), common_prefix([[5, 6], [5, 6, 8]])
    ((5, 6), (5,))
    """
    if len(ids) < 2:
        return ()
    limit = max(0, min(map(len, ids)) - 1)
    columns = zip(*(sequence[:limit] for sequence in ids), strict=True)
    return tuple(column[0] for column in takewhile(lambda column: len(set(column)) == 1, columns))


def until_stop(ids: Sequence[int], stop_ids: frozenset[int]) -> tuple[list[int], bool]:
    """The ids up to and with the first stop id, and whether there was one.

    >>> until_stop([4, 9, 2, 7], frozenset({2}))
    ([4, 9, 2], True)
    """
    for position, index in enumerate(ids):
        if index in stop_ids:
            return list(ids[: position + 1]), True
    return list(ids), False
