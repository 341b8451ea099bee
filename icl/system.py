"""One system in one direction: its requests, their keys, and the answers that a store holds."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, get_args

from data.bounded import parse_json
from data.errors import InputError
from data.files import canonical_json, removed
from data.parallel import Pair
from icl.answers import Answer, answer_of, is_kept
from icl.dictionary import Dictionary
from icl.engines import Backend, Batch, Completion, Decoding, Finish, Request
from icl.prepare import Task
from icl.prompt import Hints, Prompt, no_hints, render_fitting
from icl.scoring import decoding_settings, make_records
from icl.shots import FIXED
from icl.store import Store, request_key
from icl.templates import Template
from metrics.translation import Metric
from runfolder.records import Record

Progress = Callable[[str, int, int], None]
"""Called with (what is under way, segments done, segments in all)."""

TIMING = "timing.jsonl"
_TIMING_SHAPE = {"system": str, "direction": str, "segments": int, "seconds": float}
DIGITS = 16  # of a checksum in a signature: enough to tell two files apart


@dataclass(frozen=True)
class System:
    """A model or a baseline, ready to answer the segments of a task.

    Attributes:
        name: "model", "copy" or "gloss"; with the direction it names the system in records.
        dictionary: what the prompts get entries from.
        shard: (i, n): this process answers the i-th of every n segments.
    """

    name: str
    task: Task
    backend: Backend
    template: Template
    decoding: Decoding
    metrics: Sequence[Metric]
    dictionary: Dictionary | None = None
    max_prompt_tokens: int | None = None
    shard: tuple[int, int] = (1, 1)

    @property
    def label(self) -> str:
        """What a table calls it: the model's name, or the baseline's and its lexicon's."""
        identity = self.backend.identity
        lexicon = identity.get("lexicon")
        return identity.get("model") or (f"{self.name} ({lexicon})" if lexicon else self.name)

    def context(self, limit: int | None, seed: int) -> dict[str, str | int]:
        """What a score hangs on beyond the metric's own settings, in the order it is printed."""
        task = self.task
        context: dict[str, str | int] = {
            "set": task.corpus.name,
            "split": task.corpus.split,
            "set-sha256": task.corpus.sha256[:DIGITS],
            "direction": task.direction,
            "pool": task.pool_name,
            **({"limit": limit} if limit else {}),
            **self.backend.identity,
        }
        if self.name != "model":
            return context
        return context | {
            "template": self.template.name,
            "template-sha256": self.template.fingerprint,
            **self._shots_context(seed),
            **(self.dictionary.identity if self.dictionary else {}),
            **decoding_settings(self.decoding),
        }

    def _shots_context(self, seed: int) -> dict[str, str | int]:
        """How many shots, which, and what settles them where they differ by segment."""
        task = self.task
        count = len(task.shots[0])
        if task.selection in FIXED:
            ids = ",".join(shot.id for shot in task.shots[0]) or "none"
            which: dict[str, str | int] = {"shot-ids": ids}
        else:
            which = {"shot-ids": "by segment", "pool-sha256": task.pool_sha256[:DIGITS]}
        select = {} if task.selection == "random" else {"select": task.selection}
        select |= {"embedder": task.embedder} if task.embedder else {}
        budget = self.max_prompt_tokens
        limits = {"max-prompt-tokens": budget} if budget else {}
        return {"shots": count, **select, **which, **limits, "seed": seed}

    @cached_property
    def requests(self) -> list[Request]:
        """One request a segment, in the order of the test set."""
        pairs = zip(self.task.scored, self.task.shots, strict=True)
        if self.name != "model":
            return [Request(self._id(p), p.source, Prompt(p.source)) for p, _ in pairs]
        return [self._request(pair, shots) for pair, shots in pairs]

    def _id(self, pair: Pair) -> str:
        return self.task.segment_id(pair)

    def _request(self, pair: Pair, shots: tuple[Pair, ...]) -> Request:
        """The prompt with as many whole shots as fit; those least like the sentence go first."""
        prompt, kept = render_fitting(
            self.template,
            shots,
            pair.source,
            self.task.languages,
            self._hints,
            self.backend.special,
            self.backend.fits,
        )
        ids = tuple(shot.id for shot in kept)
        return Request(self._id(pair), pair.source, prompt, ids, tuple(self._hints(pair.source)))

    @cached_property
    def _hints(self) -> Hints:
        return lru_cache(maxsize=4096)(self.dictionary.hints) if self.dictionary else no_hints

    @property
    def shortened(self) -> int:
        """How many prompts lack shots that did not fit."""
        return sum(len(r.shots) < len(self.task.shots[0]) for r in self.requests)

    @property
    def overlong(self) -> int:
        """How many prompts do not fit even without a shot."""
        return sum(not r.shots and not self.backend.fits(r.prompt) for r in self.requests)

    @cached_property
    def keys(self) -> Mapping[str, str]:
        """Request key by segment id."""
        settings = decoding_settings(self.decoding) if self.name == "model" else {}
        identity = self.backend.identity
        return {r.id: request_key(identity, settings, r.prompt.sha256) for r in self.requests}

    @cached_property
    def _references(self) -> Mapping[str, str]:
        return {self.task.segment_id(pair): pair.target for pair in self.task.scored}

    def records(self, store: Store) -> list[Record]:
        """What the store holds for this system, in the order of the test set."""
        found = (self._stored(store, request) for request in self.requests)
        return [record for record in found if record is not None]

    def _stored(self, store: Store, request: Request) -> Record | None:
        """The record of a request, if the store holds one that may stand."""
        record = store.get(request.id, self.keys[request.id])
        return record if record is not None and self.keeps(record) else None

    def keeps(self, record: Record) -> bool:
        """Whether a stored record may stand: see `icl.answers.is_kept`."""
        rows = record["statistics"]
        if any(len(rows.get(metric.name, ())) != metric.width for metric in self.metrics):
            return False
        if record.get("finish") not in get_args(Finish):
            return False
        engine, chat = self.backend.identity["engine"], self.template.chat
        return self.name != "model" or is_kept(record, engine=engine, chat=chat)

    def discarded(self, store: Store) -> int:
        """How many stored records may not stand, and are asked again."""
        stored = [store.get(request.id, self.keys[request.id]) for request in self.requests]
        return sum(record is not None and not self.keeps(record) for record in stored)

    def missing(self, store: Store) -> list[Request]:
        """This shard's requests that the store has no answer to."""
        place, shards = self.shard
        mine = self.requests[place - 1 :: shards]
        return [r for r in mine if self._stored(store, r) is None]

    def pending(self, store: Store) -> list[Batch]:
        """The batches that hold a missing request.

        The plan is made over all of the shard's requests, so that a batch holds the same segments
        whether or not the run was killed before.
        """
        missing = {request.id for request in self.missing(store)}
        if not missing:
            return []
        plan = self.backend.plan(self.requests[self.shard[0] - 1 :: self.shard[1]])
        return [batch for batch in plan if any(r.id in missing for r in batch.requests)]

    def keep(self, batch: Batch, completions: Sequence[Completion], store: Store) -> int:
        """Store what the batch brought that was missing; returns how many answers that was."""
        new = [
            (request, self._answer(completion))
            for request, completion in zip(batch.requests, completions, strict=True)
            if self._stored(store, request) is None
        ]
        self._append([request for request, _ in new], [answer for _, answer in new], store)
        return len(new)

    def _answer(self, completion: Completion) -> Answer:
        """A baseline's text is its answer as it is: what it copies may look like anything."""
        if self.name == "model":
            return answer_of(completion, self.decoding.stop)
        return Answer(completion.text.strip(), completion.finish)

    def _append(self, requests: Sequence[Request], answers: Sequence[Answer], store: Store) -> None:
        if not requests:
            return
        made = make_records(requests, answers, self._references, self.metrics)
        store.append([{**r, "key": self.keys[r["id"]], "system": self.name} for r in made])

    def settle(self, store: Store) -> None:
        """Of a model whose thoughts have no opening mark, an answer that the token limit cut
        before a closing one never got beyond them: it is none.

        Known only when all have answered; the new records take the place of the old.
        """
        records = self.records(store)
        if any(record.get("thinking") == "headless" for record in records):
            cut = {r["id"] for r in records if r["finish"] == "length" and not r.get("thinking")}
            requests = [request for request in self.requests if request.id in cut]
            self._append(requests, [Answer("", "thinking", "open")] * len(requests), store)

    def timing(self, folder: Path) -> tuple[int, float]:
        """(segments, seconds) that the run's processes took for this system, in all."""
        mine = [
            line
            for line in _timing_lines(folder / TIMING)
            if (line["system"], line["direction"]) == (self.name, self.task.direction)
        ]
        return sum(line["segments"] for line in mine), sum(line["seconds"] for line in mine)


def answer(systems: Sequence[System], store: Store, progress: Progress | None = None) -> None:
    """Answer what the store does not hold yet, in one queue through the backend they share.

    Nothing waits between two languages: while the last batches of one are under way, the first
    of the next one start.
    """
    queue = [(system, batch) for system in systems for batch in system.pending(store)]
    tally = _Tally(systems, store, progress)
    results = systems[0].backend.run([batch for _, batch in queue]) if queue else []
    try:
        for (system, batch), completions in zip(queue, results, strict=True):
            tally.count(system, batch, system.keep(batch, completions, store))
    finally:
        tally.write(store.path.parent / TIMING)


class _Tally:
    """Counts answers and seconds by system, for the progress bar and for timing.jsonl."""

    def __init__(self, systems: Sequence[System], store: Store, progress: Progress | None) -> None:
        self._progress = progress
        self._since = time.perf_counter()
        self._done: dict[int, int] = {}
        self._spent: dict[int, tuple[System, int, float]] = {}
        for system in systems:
            self._done[id(system)] = len(system.records(store))
            self._show(system)

    def _show(self, system: System) -> None:
        if self._progress:
            label = f"{system.label} {system.task.direction}"
            place, shards = system.shard
            total = len(system.requests[place - 1 :: shards])
            self._progress(label, self._done[id(system)], total)

    def count(self, system: System, batch: Batch, new: int) -> None:
        """A batch has come back; the time since the last one is its system's."""
        now = time.perf_counter()
        _, segments, seconds = self._spent.get(id(system), (system, 0, 0.0))
        spent = (system, segments + len(batch.requests), seconds + now - self._since)
        self._spent[id(system)] = spent
        self._since = now
        self._done[id(system)] += new
        self._show(system)

    def write(self, log: Path) -> None:
        """A line a system says how long this process took."""
        lines = [
            canonical_json(
                {
                    "system": system.name,
                    "direction": system.task.direction,
                    "segments": segments,
                    "seconds": round(seconds, 3),
                }
            )
            for system, segments, seconds in self._spent.values()
        ]
        if not log.parent.is_dir():
            raise removed(log.parent)
        with open(log, "a", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in lines)


def _timing_lines(log: Path) -> Iterator[dict[str, Any]]:
    """What processes wrote of their time; a line that a kill cut short is nobody's result."""
    for line in log.read_bytes().splitlines() if log.is_file() else ():
        with contextlib.suppress(InputError):
            yield parse_json(line, str(log), _TIMING_SHAPE)
