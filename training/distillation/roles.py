"""Counterfactual role reversal: a student that learns of women what its teacher says of men.

    roles = Roles(RoleSwap(gender_pairs("en")))
    roles.sources(sources)          # data: each text, and the same with women and men swapped
    roles.view(open_tokenizer)      # teacher: averaged with what it says of the swapped text

After Gupta et al. 2022 (https://arxiv.org/abs/2203.12574). At each place the teacher is asked
twice: after the text as it is, p, and after the text with women and men swapped, q. What q gives
to "he" is put down to "she", and the other way round; the student learns the mean. Where a word has
several counterparts ("her" is "him" and "his"), its probability is shared among them as p has
them. Before the first word of the list both texts are one, and "he" and "she" become
equally likely.

Only words that are one piece are moved; others keep the probability that p gives them, and are
counted. Within a word of several pieces that is swapped, p alone holds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate
from typing import Any

import torch
from torch import Tensor

from data.access import Access
from data.errors import InputError
from data.files import canonical_json, sha256_text
from data.languages import resolve
from data.word_lists import CAPITALISED, gender_pairs, knows_no_gender, pair_words, pairs
from data.word_lists.case import CASES, cased
from data.word_lists.swap import RoleSwap
from training.distillation.config import DistilConfig
from training.distillation.teacher import Read, View
from training.objectives.examples import Special
from training.pretraining.corpora import TRAIN, Counts, Source
from training.tokenizer.special import literal_backend

COUNTED = "counterfactual"
NOWHERE = -1


@dataclass(frozen=True)
class Roles:
    """A swap of roles, as text and as a teacher's probabilities take it."""

    swap: RoleSwap

    @property
    def sha256(self) -> str:
        """Of the pairs: what the texts and probabilities hang on."""
        rows = [[pair.female, pair.male, pair.tag, pair.group] for pair in self.swap.rows]
        return sha256_text(canonical_json([self.swap.language.bcp47, rows]))

    def view(self, tokenizer: Callable[[], Any]) -> View:
        """The teacher's probabilities averaged with those of the counterfactual.

        Args:
            tokenizer: opens the teacher's tokenizer.
        """
        return View("role reversal", Averaged(self, tokenizer), {"pairs": self.sha256})

    def sources(self, sources: Sequence[Source]) -> list[Source]:
        """The same corpora with their counterfactuals beside them, to train on."""
        return [
            Counterfactual(
                one.corpus, one.weight, one.keep_out, one.share, one.limit, one.skip_bad, self
            )
            for one in sources
        ]


@dataclass(frozen=True)
class Counterfactual(Source):
    """A corpus in which each text that a swap changes is followed by its counterfactual."""

    roles: Roles | None = field(default=None, repr=False)

    def texts(self, part: str, counts: Counts | None = None) -> Iterator[str]:
        """As of any corpus; what is held out has no counterfactuals."""
        counts = Counts() if counts is None else counts
        for text in super().texts(part, counts):
            yield text
            if part == TRAIN and self.roles is not None:
                swapped = self.roles.swap.swap(text)
                if swapped.changes:
                    counts.documents[COUNTED] += 1
                    yield swapped.text

    def key(self, part: str) -> dict[str, Any]:
        """What the texts hang on: the pairs, too."""
        return {**super().key(part), COUNTED: self._pairs}

    def to_json(self) -> dict[str, Any]:
        """What config.json and the model card say of it: the pairs, too."""
        return {**super().to_json(), COUNTED: self._pairs}

    @property
    def _pairs(self) -> str:
        return self.roles.sha256 if self.roles else ""


def open_roles(config: DistilConfig, access: Access) -> Roles | None:
    """The swap that options ask for; None without --counterfactual.

    Raises:
        InputError: no such list, a list that is not one to one, names that overlap with it.
    """
    if config.counterfactual is None or config.lang is None:
        return None
    language = config.lang.strip()
    found = pairs(config.word_list, language) if config.word_list else gender_pairs(language)
    swap = RoleSwap(found, names=pairs(config.names, language) if config.names else None)
    if knows_no_gender(language):
        access.say(
            f"the pronouns of {resolve(language).name} know no gender: the {len(swap.rows)} pairs"
            f" of {found.about.name} are nouns only"
        )
    return Roles(swap)


def check_probabilities(architecture: str, mix: Mapping[str, float], view: View | None) -> None:
    """Refuse what has no probabilities of a text's own words to average.

    Raises:
        InputError: losses without soft targets, an encoder-decoder, another view beside it.
    """
    if "soft" not in mix:
        raise InputError(
            "--counterfactual teacher: changes probabilities; it needs --loss soft, or choose"
            " --counterfactual data"
        )
    if architecture == "encoder-decoder" or view is not None:
        what = "an encoder-decoder" if view is None else f"{view.name} beside it"
        raise InputError(
            f"--counterfactual teacher: expected an encoder or a decoder, found {what}; choose"
            " --counterfactual data"
        )


def notes_of(view: View | None) -> list[str]:
    """What a run's page must say of the words that are not moved."""
    return [view.probabilities.note()] if view and isinstance(view.probabilities, Averaged) else []


def lines_of(view: View | None) -> list[str]:
    """What the terminal says of the words that were met."""
    return (
        [*view.probabilities.lines()] if view and isinstance(view.probabilities, Averaged) else []
    )


class Averaged:
    """What a teacher says of a place, averaged over a text and its counterfactual.

    Args:
        tokenizer: opens the teacher's tokenizer, when the first batch comes.

    `told` counts what was met: words swapped, words whose role was not clear or whose pieces are
    not theirs alone, places where p alone holds.
    """

    def __init__(self, roles: Roles, tokenizer: Callable[[], Any]) -> None:
        self._roles, self._open = roles, tokenizer
        self.told: Counter[str] = Counter()

    def note(self) -> str:
        """Which words of the list are moved, and which are not."""
        words = len(self._roles.swap.words)
        few = words - len(self.pieces.several)
        return (
            f"role reversal: {few} of the list's {words} words are one piece of the teacher's, so"
            f" that their probabilities are moved; the others ({', '.join(self.pieces.several[:3])}"
            " ...) are only swapped where a text has them"
        )

    def lines(self) -> Iterator[str]:
        """What was met since it was made: a line a count."""
        return (f"role reversal: {name}: {number:,}" for name, number in self.told.items())

    @cached_property
    def pieces(self) -> Pieces:
        """The list's words as the teacher's pieces."""
        return Pieces(self._roles.swap, self._open())

    def __call__(self, read: Read, ids: Tensor, mask: Tensor, places: Tensor) -> Tensor:
        """The mean of p and of q with its words moved back, (N, V), a row a place in order.

        Args:
            read: ids (B, T), mask (B, T), places (B, T) to probabilities (N, V).
        """
        probabilities = read(ids, mask, places)
        other = probabilities.clone()
        rows = [self.pieces.counterfactual(row[m.bool()].tolist(), self.told)
                for row, m in zip(ids, mask, strict=True)]  # fmt: skip
        changed = [number for number, row in enumerate(rows) if row.changed]
        if changed:
            chosen, new = self._asked(places, rows, changed)
            other[chosen] = read(*(tensor.to(ids.device) for tensor in new)).to(other.dtype)
        mean = (probabilities + self.pieces.moved(other, probabilities)) / 2
        lost = self._lost(places, rows, changed)
        mean[lost] = probabilities[lost]
        return mean

    def _asked(
        self, places: Tensor, rows: Sequence[Row], changed: Sequence[int]
    ) -> tuple[Tensor, tuple[Tensor, Tensor, Tensor]]:
        """Which places are asked of the counterfactuals, and ids, mask and places of those."""
        longest = max(len(rows[number].ids) for number in changed)
        ids = torch.full((len(changed), longest), self.pieces.special.pad)
        mask, asked = torch.zeros_like(ids), torch.zeros(len(changed), longest, dtype=torch.bool)
        number_of = _numbers(places)
        chosen: list[int] = []
        for at, number in enumerate(changed):
            row = rows[number]
            ids[at, : len(row.ids)] = torch.tensor(row.ids)
            mask[at, : len(row.ids)] = 1
            for place in places[number].nonzero().flatten().tolist():
                if row.places[place] != NOWHERE:
                    asked[at, row.places[place]] = True
                    chosen.append(int(number_of[number, place]))
        return torch.tensor(chosen, dtype=torch.long), (ids, mask, asked)

    def _lost(self, places: Tensor, rows: Sequence[Row], changed: Sequence[int]) -> Tensor:
        number_of = _numbers(places)
        lost = [
            int(number_of[number, place])
            for number in changed
            for place in places[number].nonzero().flatten().tolist()
            if rows[number].places[place] == NOWHERE
        ]
        self.told["places without a counterpart"] += len(lost)
        self.told["places"] += int(places.sum())
        return torch.tensor(lost, dtype=torch.long)


@dataclass(frozen=True, slots=True)
class Row:
    """A text's counterfactual in pieces.

    Attributes:
        ids: (T',) places: (T,) which place of it has read the same, or NOWHERE.
    """

    ids: list[int]
    places: list[int]
    changed: bool


class Pieces:
    """A list's words as pieces of a tokenizer.

    Attributes:
        several: words that are no single piece behind a space, in lower case; they are not moved.
    """

    def __init__(self, swap: RoleSwap, tokenizer: Any) -> None:
        self.swap, self.special = swap, Special.of(tokenizer)
        self._backend = literal_backend(tokenizer)
        self._number: dict[bytes, int] = {}
        for one in self.special.ordinary:
            self._number.setdefault(self.special.written[one], int(one))
        edges = list(dict.fromkeys(self._edges()))
        self._from = torch.tensor([one for one, _ in edges], dtype=torch.long)
        self._to = torch.tensor([to for _, to in edges], dtype=torch.long)
        self._words, self._word = torch.unique(self._from, return_inverse=True)
        self.several = [word for word in swap.words if f" {word}".encode() not in self._number]

    def _edges(self) -> Iterator[tuple[int, int]]:
        """(piece, piece of a counterpart), both ways, in each case, with and without a space."""
        language = self.swap.language.bcp47
        for pair in self.swap.rows:
            for case in CASES[pair.group in CAPITALISED :]:
                texts = [cased(word, case, language) for word in pair_words(pair)]
                for lead in (" ", ""):
                    one, other = (self._number.get(f"{lead}{text}".encode()) for text in texts)
                    if one is not None and other is not None:
                        yield from ((one, other), (other, one))

    def moved(self, other: Tensor, own: Tensor) -> Tensor:
        """Probabilities (N, V), with each word's put down to its counterparts.

        Args:
            other: of the counterfactual; own: of the text, which says how a word's probability is
                shared among several counterparts. Rows keep their sums.
        """
        if not len(self._from):
            return other
        start, to, word = (one.to(other.device) for one in (self._from, self._to, self._word))
        weight = own[:, to].clamp(min=1e-30)
        sums = torch.zeros(len(own), len(self._words), dtype=own.dtype, device=own.device)
        sums.index_add_(1, word, weight)
        found = other.clone()
        found[:, self._words.to(other.device)] = 0
        return found.index_add_(1, to, other[:, start] * weight / sums[:, word])

    def counterfactual(self, ids: Sequence[int], told: Counter[str]) -> Row:
        """A text's ids (T,) with its words swapped; the other pieces stay as they are."""
        written = [b"\n" if self.special.is_special[one] else self.special.written[one]
                   for one in ids]  # fmt: skip
        ends = list(accumulate(map(len, written)))
        starts = [0, *ends[:-1]]
        text = b"".join(written).decode(errors="surrogateescape")
        new: list[int] = []
        places: list[int] = []
        for first, last, pieces in self._replaced(text, starts, ends, told):
            self._copy(ids, len(places), first, new, places)
            new += pieces
            places += [NOWHERE] * (last - first) + [len(new) - 1]
        changed = bool(places)
        self._copy(ids, len(places), len(ids), new, places)
        return Row(new, places, changed)

    @staticmethod
    def _copy(ids: Sequence[int], start: int, stop: int, new: list[int], places: list[int]) -> None:
        places += range(len(new), len(new) + stop - start)
        new += ids[start:stop]

    def _replaced(
        self, text: str, starts: Sequence[int], ends: Sequence[int], told: Counter[str]
    ) -> Iterator[tuple[int, int, list[int]]]:
        """(first piece, last piece, ids instead) of each word that is swapped."""
        first_of = {start: number for number, start in reversed(list(enumerate(starts)))}
        last_of = {end: number for number, end in enumerate(ends)}
        encoded = text.encode(errors="surrogateescape")
        for word in self.swap.gendered(text):
            if word.partner is None:
                told["words whose role is not clear"] += 1
                continue
            start, stop = (len(text[:at].encode(errors="surrogateescape"))
                           for at in (word.start, word.stop))  # fmt: skip
            lead = encoded[start - 1 : start] == b" " and start - 1 in first_of
            first = first_of.get(start - 1 if lead else start)
            last = last_of.get(stop)
            pieces = self._ids(" " * lead + word.partner)
            if first is None or last is None or first > last or pieces is None:
                told["words that share a piece with others"] += 1
                continue
            told["words swapped"] += 1
            yield first, last, pieces

    def _ids(self, text: str) -> list[int] | None:
        single = self._number.get(text.encode())
        if single is not None:
            return [single]
        for written in (text, text.removeprefix(" ")):
            ids: list[int] = self._backend.encode(written, add_special_tokens=False).ids
            if b"".join(self.special.written[one] for one in ids) == text.encode():
                return ids
        return None


def _numbers(places: Tensor) -> Tensor:
    """(B, T): the number of each place among all that are asked, row by row."""
    return places.flatten().long().cumsum(0).reshape(places.shape) - 1
