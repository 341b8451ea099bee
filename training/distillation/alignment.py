"""Teacher and student with different vocabularies: what of a text each of their pieces covers.

    alignment = Alignment.of(student_tokenizer, teacher_tokenizer)
    row = alignment.row(ids)        # the teacher's ids of the same text; spans of both

Three cases, told from the vocabularies:

- same: all pieces have the same ids;
- part: each of the student's pieces is one of the teacher's, with another id (a trimmed
  vocabulary): the teacher reads the student's own cuts, and gives probabilities of its pieces;
- other: the text is cut anew. A span is what lies between two characters at which both end a piece;
  states are averaged over it. A decoder's probabilities are compared where both have read the same
  text, over the pieces that write the same letters in both.

>>> spans_of([3, 5, 9], [5, 9])          # where pieces end, in bytes: [0, 5) and [5, 9) are shared
([0, 0, 1], [0, 1])
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np

from data.errors import InputError
from training.objectives.examples import Ids, Special, joined
from training.tokenizer.special import literal_backend

SAME, PART, OTHER = "same", "part", "other"
LONE = re.compile("[\udc80-\udcff]")
NONE = -1  # the span of a mark that is no text, and of what one side lacks


@dataclass(frozen=True)
class Row:
    """A text as the teacher reads it, beside the student's pieces.

    Attributes:
        ids: (T',) the teacher's; own, its: (T,) and (T',) the span of each piece, or NONE.
        compared, its_compared: (T,) and (T',) whether the next piece begins where one of the other
            side begins, after the same text; equally many.
    """

    ids: Ids
    own: Ids
    its: Ids
    compared: Ids
    its_compared: Ids


@dataclass(frozen=True)
class Alignment:
    """How ids of the student's are read by the teacher.

    Attributes:
        numbers: (V,) for each of the student's ids the teacher's; empty for OTHER.
        columns: (2, C) ids of pieces that both have, the student's and the teacher's, for OTHER.
    """

    kind: str
    numbers: Ids
    columns: Ids
    student: Special
    teacher: Special
    backend: Any = None

    @classmethod
    def of(cls, student: Any, teacher: Any) -> Alignment:
        """Of two `transformers` tokenizers.

        Raises:
            InputError: not one piece writes the same in both.
        """
        own, its = student.get_vocab(), teacher.get_vocab()
        nothing = np.zeros(0, np.int64)
        special = Special.of(student), Special.of(teacher)
        if own.items() <= its.items() and len(own) == len(its):
            return cls(SAME, np.arange(len(own)), nothing, *special)
        if own.keys() <= its.keys():
            ordered = sorted(own, key=lambda piece: own[piece])
            return cls(PART, np.array([its[piece] for piece in ordered]), nothing, *special)
        columns = _shared(*special)
        if not columns.shape[1]:
            raise InputError(
                "teacher and student have not one piece in common; choose a tokenizer of a language"
                " that both can write"
            )
        return cls(OTHER, nothing, columns, *special, literal_backend(teacher))

    def row(self, ids: Ids) -> Row:
        """What a text's ids (T,), with their marks, are for the teacher, where it is OTHER."""
        special = self.student.is_special[ids]
        text = b"".join(self.student.written[one] for one in ids[~special])
        lead = len(text) - len(text.removeprefix(b" "))
        lengths = [0 if mark else len(self.student.written[one])
                   for one, mark in zip(ids, special, strict=True)]  # fmt: skip
        own_ends = [max(0, end - lead) for end in accumulate(lengths)]
        its_ids, its_ends = self._read(_letters(text[lead:]))
        own_text, its_text = ~special, np.ones(len(its_ids), bool)
        before, after = self.teacher.start, self.teacher.end
        ids_ = joined(before, np.array(its_ids, np.int64), after)
        its_text = joined([0] * len(before), its_text, [0] * len(after)).astype(bool)
        end = its_ends[-1] if its_ends else 0
        its_ends = [*[0] * len(before), *its_ends, *[end] * len(after)]
        spans = spans_of(
            [e for e, told in zip(own_ends, own_text, strict=True) if told],
            [e for e, told in zip(its_ends, its_text, strict=True) if told],
        )
        own, its = (np.full(len(told), NONE, np.int64) for told in (own_text, its_text))
        own[own_text], its[its_text] = spans[0], spans[1]
        places = _places(own_ends, own_text), _places(its_ends, its_text)
        common = sorted(places[0].keys() & places[1].keys())
        compared = np.zeros(len(ids), np.int64), np.zeros(len(ids_), np.int64)
        for marks, found in zip(compared, places, strict=True):
            marks[[found[one] for one in common]] = 1
        return Row(ids_, own, its, *compared)

    def _read(self, text: str) -> tuple[list[int], list[int]]:
        """The teacher's ids of a text, and where each ends, in bytes."""
        encoding = self.backend.encode(text, add_special_tokens=False)
        bytes_to = [0, *accumulate(len(letter.encode()) for letter in text)]
        return encoding.ids, [bytes_to[end] for _, end in encoding.offsets]


def _letters(text: bytes) -> str:
    """The text; a byte that is only a part of a letter, where a document was cut, is a "?"."""
    return LONE.sub("?", text.decode(errors="surrogateescape"))


def spans_of(own: Sequence[int], its: Sequence[int]) -> tuple[list[int], list[int]]:
    """The number of the span that each piece lies in, NONE behind the last shared end.

    Args:
        own, its: where the pieces of two tokenizers end in the same text.
    """
    shared = sorted(set(own) & set(its))
    number = {True: NONE, False: 0}

    def spans(ends: Sequence[int]) -> list[int]:
        found = [bisect_left(shared, end) for end in ends]
        return [number[one == len(shared)] or one for one in found]

    return spans(own), spans(its)


def _places(ends: Sequence[int], is_text: Iterable[Any]) -> dict[int, int]:
    """Where a next piece is told: the last place at each end of what was read, the text's aside."""
    whole = max((end for end, told in zip(ends, is_text, strict=True) if told), default=0)
    found = {end: place for place, end in enumerate(ends)}
    return {end: place for end, place in found.items() if end < whole}


def _shared(own: Special, its: Special) -> Ids:
    """(2, C): ids of pieces that write the same bytes in both, special ones aside."""
    known: dict[bytes, int] = {}
    for one in its.ordinary:
        known.setdefault(its.written[one], int(one))
    pairs = [(int(one), known[own.written[one]]) for one in own.ordinary
             if own.written[one] and own.written[one] in known]  # fmt: skip
    return np.array(pairs, np.int64).reshape(-1, 2).T
