"""Round after round: clients are asked, work, answer or do not, and the server makes a step.

    federation = Federation(config, opened, parts, arrival)
    for row in federation.run(folder, evaluate): ...

Everything is keyed by seed, round and client: who is asked, who drops out, in which order a client
sees its batches. Answers are added up in the order in which clients were asked, whichever of them
worked at once, so that one process and several make the same bytes, and so does a run that was
killed in the middle of a round. What is kept of a round is the sum, not its parts.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from data.errors import UnavailableError
from data.files import canonical_json, sha256_text
from data.randomness import stream
from runfolder.records import RecordFile
from training.private.clip import Clip
from training.private.guarantee import Guarantee
from training.private.noise import Chance, Secure, Seeded
from trust.federation.client import Work, flat, work
from trust.federation.compression import compressed
from trust.federation.config import Federated
from trust.federation.masks import decoded, masked, ring, unmasked
from trust.federation.names import DROP, EQUAL
from trust.federation.partition import Parts
from trust.federation.selection import LOSS, Asking, poisson, select, weight
from trust.federation.server import Server, make_server
from trust.federation.state import Controls, State
from trust.federation.tasks import Opened
from trust.federation.workers import answers_of

ROUNDS = "rounds.jsonl"
ANSWERED, DROPPED, LATE = "answered", "dropped out", "too late"
Evaluate = Callable[[], Mapping[str, Any]]


@dataclass(frozen=True)
class Fate:
    """What becomes of a client in a round: it answers, or not, with all of its work or a share."""

    outcome: str
    share: float


@dataclass(frozen=True)
class Broadcast:
    """What the server sends in a round (from 0): weights (P,), and SCAFFOLD's control."""

    round: int
    weights: Tensor
    control: Tensor | None = None


@dataclass(frozen=True)
class Sent:
    """What a client sends.

    Attributes:
        vector: (P,) its update times its share; whole numbers under masks.
        share: what it weighs. travelled: bytes that it takes.
        control: its new control of SCAFFOLD, and by how much that changed.
    """

    vector: Tensor
    share: float
    travelled: int
    steps: int
    loss: float
    control: tuple[Tensor, Tensor] | None = None


Ask = Callable[[Sequence[int], Sequence[int], Broadcast], Iterator[Sent | None]]


@dataclass(frozen=True)
class Federation:
    """Clients with their data, and a server.

    Attributes:
        parts: who has what. arrival: the period in which each example is there, from 0.
        identity: what the run is; noise and masks are keyed by it.
        workers: processes that clients work in.
    """

    config: Federated
    opened: Opened
    parts: Parts
    arrival: Sequence[int]
    identity: Mapping[str, Any]
    workers: int = 1

    @cached_property
    def guarantee(self) -> Guarantee | None:
        """The promise of privacy, of a client as a whole; finding its noise takes a while."""
        privacy = self.config.privacy
        if privacy is None:
            return None
        return Guarantee.of(privacy, len(self.parts.clients), self.config.rounds)

    def period(self, number: int) -> int:
        """The period of a round (both from 0)."""
        return number * self.config.periods // self.config.rounds

    def members(self, client: int, number: int) -> list[int]:
        """The examples that a client has in a round: those of its period and of the last before."""
        if self.config.periods == 1:
            return list(self.parts.clients[client])
        last = self.period(number)
        first = last - self.config.memory + 1
        return [one for one in self.parts.clients[client] if first <= self.arrival[one] <= last]

    def size(self, client: int, number: int) -> int:
        """How many examples a client has in a round."""
        if self.config.periods == 1:
            return len(self.parts.clients[client])
        return len(self.members(client, number))

    def asked(self, number: int, losses: Mapping[str, float]) -> list[int]:
        """Who is asked in a round."""
        config = self.config
        if self.guarantee is not None:
            chances = self._chance("sampling", number).uniform("clients", len(self.parts.clients))
            return poisson(self.guarantee.rate, chances.tolist())
        sizes = [self.size(client, number) for client in range(len(self.parts.clients))]
        known = {int(client): loss for client, loss in losses.items()}
        return select(config.select, Asking(sizes, config.per_round, config.seed, number, known))

    def fate(self, client: int, number: int) -> Fate:
        """Whether a client answers in a round, and with how much of its work."""
        rng = stream(self.config.seed, "fate", str(number), str(client))
        drops, straggles, share = (rng.random() for _ in range(3))
        if drops < self.config.dropouts:
            return Fate(DROPPED, 0.0)
        if straggles >= self.config.stragglers:
            return Fate(ANSWERED, 1.0)
        return Fate(LATE if self.config.late == DROP else ANSWERED, share)

    def answer(
        self, client: int, asked: Sequence[int], sent: Broadcast, own: Tensor | None
    ) -> Sent | None:
        """What a client sends in a round; None of one that does not answer, or has nothing.

        All of this happens where the client is: its update is compressed, shortened to the bound,
        weighted and masked before it leaves.

        Args:
            asked: all clients of the round, which masks are agreed on with.
            own: its control of SCAFFOLD.
        """
        config, number = self.config, sent.round
        fate, members = self.fate(client, number), self.members(client, number)
        if fate.outcome != ANSWERED or not members:
            return None
        how = Work(
            config.settings(1, 0),
            config.epochs,
            self._draw("client", number, client),
            fate.share,
            config.proximal if self._server.holds else 0.0,
            sent.control,
            own,
        )
        try:
            found = work(self.opened, members, sent.weights, how)
        except UnavailableError as error:  # a loss that is not finite
            raise UnavailableError(
                f"round {number + 1}, {self.parts.names[client]}: {error}"
            ) from error
        update, travelled = compressed(
            found.update, config.compress, self._draw("rounding", number, client)
        )
        if config.privacy is not None:
            squared = update.double().square().sum().reshape(1, 1)
            update = update * Clip.parse(config.dp_clip).factors(squared).item()
        how_much = EQUAL if config.privacy else config.weights
        share = weight(how_much, config.select, len(members))
        vector = share * update.double()
        if config.masks:
            vector = masked(vector, client, ring(asked), self._key(number))
            travelled = 8 * len(update)  # masked numbers are all different
        return Sent(vector, share, travelled, found.steps, found.loss, found.control)

    def _draw(self, what: str, number: int, client: int) -> int:
        return stream(self.config.seed, what, str(number), str(client)).getrandbits(31)

    @cached_property
    def _server(self) -> Server:
        return make_server(self.config.server, self.config.rate)

    def _chance(self, what: str, number: int) -> Chance:
        """Chance of its own for a round, so that a run that goes on draws the same."""
        if self.config.dp_secure:
            return Secure()
        return Seeded(self.config.seed, {**self.identity, "what": what, "round": number})

    def run(
        self, folder: Path, evaluate: Evaluate, ask: Ask | None = None
    ) -> Iterator[dict[str, Any]]:
        """Go through all rounds that are left, and yield a row of each; the model is then trained.

        Args:
            folder: holds the state, rounds.jsonl and, under SCAFFOLD, the controls.
            evaluate: scores the model that the clients would get next.
            ask: how answers are got, one by one in the order of the clients; by default they work
                here.
        """
        start = flat(self.opened.model).double()
        state = State.load(folder) or State(start, self._nothing(len(start)))
        server = self._server
        server.load(state.memory)
        controls = None
        if server.corrects and ask is None:
            controls = Controls(folder, len(self.parts.clients), len(start))
            if state.done == 0:  # killed between two files
                controls.put(state.pending)
                state.pending = {}
        ask = ask or self._here(controls)
        with _journal(folder / ROUNDS, state.journal) as journal, one_thread():
            while state.round < self.config.rounds:
                self._gather(state, ask, folder)
                row = self._finish(state, server)
                put_weights(self.opened, state.weights)
                if self._is_due(state.round):
                    row["evaluation"] = dict(evaluate())
                journal.append([row])
                state.journal = journal.path.stat().st_size
                state.save(folder)
                if controls is not None:
                    controls.put(state.pending)
                state.pending = {}
                yield row
        put_weights(self.opened, state.weights)

    def _nothing(self, size: int) -> Tensor:
        return torch.zeros(size, dtype=torch.int64 if self.config.masks else torch.float64)

    def _is_due(self, done: int) -> bool:
        every = self.config.evaluate_every
        return done == self.config.rounds or (every > 0 and done % every == 0)

    def _here(self, controls: Controls | None) -> Ask:
        """Clients that work in this process, or in several."""

        def ask(asked: Sequence[int], left: Sequence[int], sent: Broadcast) -> Iterator[Any]:
            def job(client: int) -> Sent | None:
                own = controls[client] if controls is not None else None
                return self.answer(client, asked, sent, own)

            return answers_of(job, left, self.workers)

        return ask

    def _gather(self, state: State, ask: Ask, folder: Path) -> None:
        """Ask the clients of a round that were not asked yet, and add up what they say."""
        number = state.round
        asked = self.asked(number, state.losses)
        weights, control = state.weights.float(), None
        if self._server.corrects:
            control = state.memory.get("control", torch.zeros_like(weights))
        left = asked[state.done :]
        answers = ask(asked, left, Broadcast(number, weights, control))
        for client, answer in zip(left, answers, strict=True):
            self._take(state, client, answer)
            state.done += 1
            if state.done % self.config.checkpoint_every == 0 and state.done < len(asked):
                state.save(folder)

    def _take(self, state: State, client: int, answer: Sent | None) -> None:
        """Add an answer to the sum."""
        size = self.size(client, state.round)
        state.sent += 4 * len(state.weights)
        if answer is None:
            outcome = self.fate(client, state.round).outcome if size else "empty"
            state.answers.append([client, size, 0, 0.0, outcome])
            return
        state.sum += answer.vector
        state.total += answer.share
        state.received += answer.travelled
        if answer.control is not None:
            own, change = answer.control
            state.pending[client] = own
            state.change = change if state.change is None else state.change + change
            state.received += 4 * len(own)
        state.answers.append([client, size, answer.steps, answer.loss, ANSWERED])

    def _key(self, number: int) -> str:
        return sha256_text(canonical_json({**self.identity, "masks": number}))

    def _finish(self, state: State, server: Server) -> dict[str, Any]:
        """Make the server's step; the row of the round. The state is then that of the next."""
        answered = [row for row in state.answers if row[4] == ANSWERED]
        total = state.sum
        if self.config.masks:
            asked = [row[0] for row in state.answers]
            there = [row[0] for row in answered]
            total = decoded(unmasked(total, there, ring(asked), self._key(state.round)))
        count = state.total
        if self.guarantee is not None:
            total, count = self._noisy(total, state.round), float(self.config.per_round)
        if count > 0:
            state.weights = server.step(state.weights, total / count, state.round + 1)
        state.memory = dict(server.memory)
        if state.change is not None:  # the mean of all clients' controls, of whom a few have moved
            before = state.memory.get("control", torch.zeros_like(state.change))
            state.memory["control"] = before + state.change / len(self.parts.clients)
            server.load(state.memory)
        if self.config.select == LOSS:  # not before: who is asked is found again after a kill
            state.losses |= {str(client): loss for client, _, _, loss, _ in answered}
        row = _row(state, answered, self.period(state.round))
        state.round, state.done, state.total, state.answers = state.round + 1, 0, 0.0, []
        state.sum, state.change = self._nothing(len(state.weights)), None
        return row

    def _noisy(self, total: Tensor, number: int) -> Tensor:
        """The sum with the noise of the promise."""
        assert self.guarantee is not None  # noqa: S101  # asked for in that case alone
        bound = Clip.parse(self.config.dp_clip).sensitivity
        noise = torch.empty_like(total)
        self._chance("noise", number).normal_(noise, self.guarantee.sigma * bound)
        return total + noise


def _row(state: State, answered: Sequence[Sequence[Any]], period: int) -> dict[str, Any]:
    """What rounds.jsonl says of a round."""
    examples = sum(row[1] for row in answered)
    loss = sum(row[1] * row[3] for row in answered) / examples if examples else None
    fates = [row[4] for row in state.answers]
    return {
        "round": state.round + 1,
        "period": period + 1,
        "clients": [row[0] for row in state.answers],
        "asked": len(fates),
        "answered": len(answered),
        **{name: fates.count(name) for name in (DROPPED, LATE, "empty") if name in fates},
        "examples": examples,
        "steps": sum(row[2] for row in answered),
        "loss": loss,
        "sent": state.sent,
        "received": state.received,
    }


def put_weights(opened: Opened, weights: Tensor) -> None:
    """Give the model the server's weights."""
    from trust.federation.client import put

    put(opened.model, weights.float())


@contextmanager
def _journal(path: Path, length: int) -> Iterator[RecordFile]:
    """The file of rounds as far as the state knows it: rounds that were lost are made again."""
    if path.exists() and path.stat().st_size > length:
        os.truncate(path, length)
    journal = RecordFile(path)
    try:
        yield journal
    finally:
        journal.close()


@contextmanager
def one_thread() -> Iterator[None]:
    """Small models gain nothing from threads, and sums come out the same on every machine."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
