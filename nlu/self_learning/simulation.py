"""Users who rephrase, with planted truth. **A simulation**: there is no public log of sessions.

    world = World.of(utterances, predict, behaviour, seed=1)
    for turns in world.sessions(100_000): ...

What a request is taken for is a real model's answer, right or wrong, for each utterance of a real
data set and for slips of it. How users behave is a handful of numbers, `Behaviour`, which stand
here with their reasons, are written into truth.json before anything is mined, and were not fitted
to anything that mining does.

A session: a user wants something (an intent) and says it in one of the phrasings of that intent. If
the model takes it for what is wanted, the session ends, or goes on with something else. If not, the
user gives up or rephrases. The feedback that is logged is wrong now and then. A few utterances are
ambiguous: some who say them want something else.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.errors import InputError
from data.randomness import stream

ATTEMPTS = 4  # a user says it at most so often
BLOCK = 100_000  # sessions that are drawn together
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How users behave. Shares are of the occasions on which it can happen.

    Attributes:
        gives_up: after a failure. Ponnusamy et al. report rephrasing as the main reaction and give
            no rate; a third is our guess.
        slips: requests with a typing or recognition slip, of which each utterance has two.
        switches: rephrases that change into another language, where the data has the utterance in
            one (parallel ids).
        wrong_feedback: turns whose logged defect is the opposite of the truth.
        follows: sessions that go on with something else, after success or giving up.
        ambiguous: utterances that some want something else with; `other_meaning` is how many do.
        zipf: exponent of how often intents, and phrasings within one, are chosen.
        users: how many there are; the most active ask most.
    """

    gives_up: float = 0.33
    slips: float = 0.05
    switches: float = 0.1
    wrong_feedback: float = 0.05
    follows: float = 0.2
    ambiguous: float = 0.02
    other_meaning: float = 0.3
    zipf: float = 1.0
    users: int = 20_000

    def __post_init__(self) -> None:
        shares = {k: v for k, v in asdict(self).items() if k not in ("zipf", "users")}
        for name, value in shares.items():
            if not 0 <= value <= 1:
                raise InputError(f"--{name.replace('_', '-')} {value}: expected 0 to 1")
        if self.users < 1:
            raise InputError(f"--population {self.users}: expected 1 or more")
        if not 0 <= self.zipf < math.inf:
            raise InputError(f"zipf {self.zipf}: expected a number from 0 on")


@dataclass(frozen=True)
class Batch:
    """Turns of some sessions in columns, (n,) each, in order.

    Attributes:
        request: place in `World.texts`; wants: the intent that the user has in mind.
        first: whether a path begins with it.
    """

    session: Ints
    user: Ints
    time: NDArray[np.float64]
    request: Ints
    wants: Ints
    defect: NDArray[np.bool_]
    first: NDArray[np.bool_]


@dataclass(frozen=True)
class World:
    """What can be asked, what the model makes of it, and how often it is said.

    Attributes:
        texts: utterances and slips; meaning and predicted: (texts,) intents by number.
        variants: (texts, 3): the utterance and its two slips.
        elsewhere: (texts,) the same utterance in another language, or -1.
        other: (texts,) the intent that some want with it, or -1.
        starts, shares: of each intent, where its utterances begin and their cumulative weights.
    """

    behaviour: Behaviour
    seed: int
    intents: tuple[str, ...]
    texts: tuple[str, ...]
    meaning: Ints
    predicted: Ints
    variants: Ints
    elsewhere: Ints
    other: Ints
    starts: Ints
    shares: NDArray[np.float64]
    popular: NDArray[np.float64]

    @classmethod
    def of(
        cls,
        utterances: Sequence[tuple[str, str, str]],
        predict: Callable[[Sequence[str]], Sequence[str]],
        behaviour: Behaviour,
        seed: int,
    ) -> World:
        """A world of these utterances.

        Args:
            utterances: id, text and intent of each; those with one id say the same in several
                languages.
            predict: the intents that a model gives to texts.

        Raises:
            InputError: fewer than two intents, or utterances.
        """
        rows = sorted(_once(utterances), key=lambda row: (row[2], row[1]))
        intents = tuple(sorted({row[2] for row in rows}))
        if len(intents) < 2:
            raise InputError(f"expected utterances of two intents or more, found {len(intents)}")
        plain = [text for _, text, _ in rows]
        slipped = [slip(text, seed, number) for text in plain for number in (1, 2)]
        texts = (*plain, *slipped)
        number = {intent: n for n, intent in enumerate(intents)}
        own = np.array([number[intent] for _, _, intent in rows])
        said = predict(texts)
        known = {intent: n for n, intent in enumerate((*intents, *sorted({*said} - {*intents})))}
        base = np.arange(len(plain))
        pair = len(plain) + 2 * base
        variants = np.stack([base, pair, pair + 1], axis=1)
        draws = np.random.default_rng([seed, 7])
        unclear = draws.random(len(plain)) < behaviour.ambiguous
        another = (own + 1 + draws.integers(len(intents) - 1, size=len(plain))) % len(intents)
        counts = np.bincount(own, minlength=len(intents))
        return cls(
            behaviour,
            seed,
            tuple(known),
            texts,
            np.concatenate([own, np.repeat(own, 2)]),
            np.array([known[intent] for intent in said]),
            variants,
            _elsewhere([row[0] for row in rows]),
            np.where(unclear, another, -1),
            np.concatenate([[0], np.cumsum(counts)[:-1]]),
            _phrasing_shares(counts, behaviour.zipf, draws),
            _zipf_shares(len(intents), behaviour.zipf, draws),
        )

    def sessions(self, number: int, *, part: str) -> Iterator[Batch]:
        """Sessions, in batches; those of one part ("seen", "unseen") have users of their own."""
        salt = sum(map(ord, part))
        for block, start in enumerate(range(0, number, BLOCK)):
            draws = np.random.default_rng([self.seed, salt, block])
            yield self._batch(draws, start, min(BLOCK, number - start))

    def _batch(self, draws: np.random.Generator, start: int, size: int) -> Batch:
        how = self.behaviour
        session = np.arange(start, start + size)
        user = (how.users * draws.random(size) ** 2).astype(np.int64)
        begin = draws.random(size) * 30 * 86_400
        first = self._path(draws, session, user, begin, _drawn(draws, self.popular, size))
        goes_on = draws.random(size) < how.follows
        ends = np.zeros(size)
        np.maximum.at(ends, first.session - start, first.time)
        pause = draws.uniform(5, 120, size)
        more = self._path(
            draws,
            session[goes_on],
            user[goes_on],
            (ends + pause)[goes_on],
            _drawn(draws, self.popular, int(goes_on.sum())),
        )
        columns = {
            name: np.concatenate([getattr(first, name), getattr(more, name)])
            for name in Batch.__dataclass_fields__
        }
        order = np.lexsort((columns["time"], columns["session"]))
        return Batch(**{name: column[order] for name, column in columns.items()})

    def _path(
        self,
        draws: np.random.Generator,
        session: Ints,
        user: Ints,
        time: NDArray[np.float64],
        asked: Ints,
    ) -> Batch:
        """What users say until it works or they give up; `asked` is the intent of the phrasing."""
        how, parts = self.behaviour, []
        utterance = self._phrasing(draws, asked)
        other = self.other[utterance]
        means_other = (other >= 0) & (draws.random(len(session)) < how.other_meaning)
        wants = np.where(means_other, other, asked)
        here = np.arange(len(session))
        for attempt in range(ATTEMPTS):
            request = self._slipped(draws, utterance)
            works = self.predicted[request] == wants
            wrong = draws.random(len(here)) < how.wrong_feedback
            defect = works == wrong
            first = np.full(len(here), attempt == 0)
            parts.append((session[here], user[here], time[here], request, wants, defect, first))
            goes_on = ~works & (draws.random(len(here)) >= how.gives_up)
            if not goes_on.any():
                break
            here, wants = here[goes_on], wants[goes_on]
            utterance = self._rephrased(draws, utterance[goes_on], wants)
            time = time.copy()
            time[here] += 2 + draws.lognormal(math.log(6), 0.5, len(here))
        return Batch(*(np.concatenate(column) for column in zip(*parts, strict=True)))

    def _phrasing(self, draws: np.random.Generator, intents: Ints) -> Ints:
        """An utterance of each intent, the popular ones more often."""
        point = intents + draws.random(len(intents))
        return np.minimum(np.searchsorted(self.shares, point, side="right"), len(self.shares) - 1)

    def _rephrased(self, draws: np.random.Generator, utterance: Ints, wants: Ints) -> Ints:
        """Another phrasing, or the same utterance in another language."""
        again = self._phrasing(draws, wants)
        elsewhere = self.elsewhere[utterance]
        switched = (elsewhere >= 0) & (draws.random(len(utterance)) < self.behaviour.switches)
        return np.where(switched, elsewhere, again)

    def _slipped(self, draws: np.random.Generator, utterance: Ints) -> Ints:
        which = np.where(
            draws.random(len(utterance)) < self.behaviour.slips,
            draws.integers(1, 3, len(utterance)),
            0,
        )
        return self.variants[utterance, which]

    def truth(self) -> dict[str, Any]:
        """What was planted: behaviour, and of each text its meaning and what the model says."""
        names = self.intents
        return {
            "simulation": True,
            "behaviour": asdict(self.behaviour),
            "seed": self.seed,
            "texts": {
                text: [names[meaning], names[said]]
                for text, meaning, said in zip(
                    self.texts, self.meaning.tolist(), self.predicted.tolist(), strict=True
                )
            },
        }

    def lines(self, batch: Batch, *, part: str, wants: bool = False) -> str:
        """The turns of a batch as `nlu.self_learning.sessions` reads them.

        Args:
            wants: with what the user has in mind, and whether a path begins: for trials alone.
        """
        requests = [json.dumps(text, ensure_ascii=False) for text in self.texts]
        intents = [json.dumps(name, ensure_ascii=False) for name in self.intents]
        shown = ("false", "true")
        columns = (getattr(batch, name).tolist() for name in Batch.__dataclass_fields__)
        lines = []
        for session, user, time, request, meant, defect, first in zip(*columns, strict=True):
            more = f',"wants":{intents[meant]},"first":{shown[first]}' if wants else ""
            lines.append(
                f'{{"session":"{part}{session}","user":"{part}{user}","time":{time:.2f},'
                f'"request":{requests[request]},"intent":{intents[self.predicted[request]]},'
                f'"defect":{shown[defect]}{more}}}\n'
            )
        return "".join(lines)


def slip(text: str, seed: int, number: int) -> str:
    """A text with one slip: two letters change places, one is lost, or one is said twice.

    >>> slip("play music", 1, 1) != "play music", slip("ok", 1, 2) != slip("ok", 1, 1)
    (True, True)
    """
    draw = stream(seed, "slip", text, str(number))
    places = [n for n, letter in enumerate(text) if letter.isalnum()]
    if not places:
        return f"{text} {number}"
    for _ in range(8):
        place, kind = draw.choice(places), draw.randrange(3)
        swapped = text[:place] + text[place + 1 : place + 2] + text[place] + text[place + 2 :]
        found = (
            swapped,
            text[:place] + text[place + 1 :],
            text[:place] + text[place] + text[place:],
        )[kind]
        if found != text and found.strip():
            return f"{found}{'' if number == 1 else ' ' + text[place]}"
    return f"{text} {text[places[0]]}{number}"


def _once(utterances: Sequence[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """Utterances with different texts, the first of each."""
    seen: dict[str, tuple[str, str, str]] = {}
    for row in utterances:
        seen.setdefault(row[1], row)
    return list(seen.values())


def _elsewhere(ids: Sequence[str]) -> Ints:
    """For each utterance the next one with its id, -1 where there is none."""
    by_id: dict[str, list[int]] = {}
    for place, one in enumerate(ids):
        by_id.setdefault(one, []).append(place)
    found = np.full(len(ids), -1, np.int64)
    for places in by_id.values():
        if len(places) > 1:
            found[places] = np.roll(places, -1)
    return found


def _zipf_shares(number: int, exponent: float, draws: np.random.Generator) -> NDArray[np.float64]:
    """Cumulative shares by Zipf's law, in an order that is drawn."""
    weights = draws.permutation(1 / np.arange(1, number + 1) ** exponent)
    shares: NDArray[np.float64] = np.cumsum(weights) / weights.sum()
    return shares


def _phrasing_shares(
    counts: Ints, exponent: float, draws: np.random.Generator
) -> NDArray[np.float64]:
    """Cumulative shares of the utterances of intent n, from n to n + 1."""
    parts = [n + _zipf_shares(int(size), exponent, draws) for n, size in enumerate(counts)]
    return np.concatenate(parts)


def _drawn(draws: np.random.Generator, shares: NDArray[np.float64], size: int) -> Ints:
    return np.minimum(np.searchsorted(shares, draws.random(size)), len(shares) - 1)
