"""One run: what it is made of, in the order that `evaluate` puts it together.

A `RunConfig` is what the user asked for. A `Task` is one direction of it with its shots. A
`Result` is what came out for one system: scores, or the reason why there are none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from data.cli import did_you_mean
from data.errors import InputError
from data.languages import Language, codes_of
from data.load import ParallelCorpus
from data.pages import Interval, Plotted
from data.parallel import Pair
from icl.address import parse_address
from icl.backend import ENGINE_DTYPES, ENGINES
from icl.prompt import Languages
from icl.selection import SELECTIONS
from metrics.score import Score

DIRECTIONS = ("xx-en", "en-xx", "both")
METRICS = ("BLEU", "chrF++")
METRIC_NAMES = ("BLEU", "chrF++", "TER", "spBLEU")
DECODINGS = ("greedy", "server")
DEVICES = ("cpu", "cuda", "mps", "xpu")
MOST_REQUESTS = 1000  # at once: each is a thread and a socket
DEFAULT_MODEL = "smollm2-135m-instruct"

Progress = Callable[[str, int, int], None]
"""Called with (what is under way, segments done, segments in all)."""


@dataclass(frozen=True, slots=True)
class RunConfig:
    """What to evaluate; the options of `python -m icl.eval`, which documents them."""

    lang: str | None = None
    group: str | None = None
    direction: str = "xx-en"
    shots: int = 1
    test_set: str = "auto"
    pool: str = "auto"
    model: str = DEFAULT_MODEL
    engine: str = "auto"
    template: str = "auto"
    select: str = "random"
    embedder: str | None = None
    dictionary: str | None = None
    max_prompt_tokens: int | None = None
    seed: int = 1
    limit: int | None = None
    max_new_tokens: int = 128
    decoding: str = "greedy"
    metrics: tuple[str, ...] = METRICS
    device: str = "cpu"
    dtype: str | None = None
    batch_size: int | None = None
    base_url: str | None = None
    concurrency: int = 8
    offline: bool = False
    skip_bad: bool = False
    seen: Path | None = None
    shard: str | None = None
    out: Path | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be, before anything is fetched."""
        self._check_names()
        for option, value, least in (
            ("--shots", self.shots, 0),
            ("--limit", self.limit, 1),
            ("--max-new-tokens", self.max_new_tokens, 1),
            ("--batch-size", self.batch_size, 1),
            ("--concurrency", self.concurrency, 1),
            ("--max-prompt-tokens", self.max_prompt_tokens, 1),
        ):
            if value is not None and value < least:
                raise InputError(f"{option} {value}: expected {least} or more")
        if self.concurrency > MOST_REQUESTS:
            raise InputError(f"--concurrency {self.concurrency}: expected at most {MOST_REQUESTS}")
        if self.seen and not self.seen.is_file():
            raise InputError(f"--seen {self.seen}: no such file; give a corpus, a sentence a line")
        self.shard_of()

    def _check_names(self) -> None:
        dtypes = ENGINE_DTYPES.get(self.engine) or sorted(
            {d for e in ENGINE_DTYPES.values() for d in e}
        )
        for option, value, known in (
            ("--direction", self.direction, DIRECTIONS),
            ("--engine", self.engine, ("auto", *ENGINES)),
            ("--select", self.select, SELECTIONS),
            ("--decoding", self.decoding, DECODINGS),
            ("--device", self.device.partition(":")[0], DEVICES),
            *(("--dtype", dtype, dtypes) for dtype in (self.dtype,) if dtype is not None),
            *(("--metrics", name, METRIC_NAMES) for name in self.metrics),
        ):
            if value not in known:
                hint = did_you_mean(value, known)
                raise InputError(f'{option} "{value}": expected one of {", ".join(known)}{hint}')
        if self.base_url:
            parse_address(self.base_url)
        elif self.decoding == "server" and self.engine != "openai":
            raise InputError(
                "--decoding server: there is no server; leave it out, or add --base-url"
            )

    def shard_of(self) -> tuple[int, int]:
        """(i, n) of --shard i/n: the i-th of every n segments; (1, 1) for all of them.

        >>> RunConfig("sw", shard="2/4").shard_of()
        (2, 4)
        """
        if self.shard is None:
            return 1, 1
        match = re.fullmatch(r"([0-9]{1,9})/([0-9]{1,9})", self.shard)
        if not match or not 1 <= int(match[1]) <= int(match[2]):
            raise InputError(f'--shard "{self.shard}": expected i/n with i from 1 to n, as in 2/4')
        return int(match[1]), int(match[2])


@dataclass(frozen=True, slots=True)
class Task:
    """One direction: what is scored, with which shots.

    Attributes:
        shots: those of each scored pair, the most similar last; all alike where `selection` is
            one of `icl.selection.FIXED`.
        pool_sha256: of the pool's pairs; with `selection` and `embedder` it tells the shots.
        embedder: the model that told which pairs are nearest, and its revision; "" for none.
        remarks: what was left out of the test set and the pool, or repaired in them.
    """

    corpus: ParallelCorpus
    scored: tuple[Pair, ...]
    shots: tuple[tuple[Pair, ...], ...]
    selection: str
    pool_name: str
    pool_size: int
    pool_sha256: str
    held_back: bool
    leaked: int
    embedder: str = ""
    remarks: tuple[str, ...] = ()

    @property
    def direction(self) -> str:
        """Source and target, such as sw-en."""
        return f"{self.corpus.source.bcp47}-{self.corpus.target.bcp47}"

    @property
    def language(self) -> Language:
        """The side that is not English."""
        source, target = self.corpus.source, self.corpus.target
        return target if source.bcp47 == "en" else source

    @property
    def languages(self) -> Languages:
        """Names and codes, as prompts give them."""
        source, target = self.corpus.source, self.corpus.target
        flores = codes_of("flores-200")
        return Languages(
            source.name,
            target.name,
            source.code_in(flores) or "",
            target.code_in(flores) or "",
            source.bcp47,
            target.bcp47,
        )

    def segment_id(self, pair: Pair) -> str:
        """Names a segment in records and reports: test set, direction, line."""
        return f"{self.corpus.name}:{self.direction}:{pair.id}"


@dataclass(frozen=True, slots=True)
class Result:
    """One system in one direction.

    Attributes:
        system: "model", "copy" or "gloss".
        scores: by metric name; empty when the system could not be run.
        note: why there are no scores, or what a reader must know beside them.
        seconds: measured by this machine for `timed` segments; not part of the result.
    """

    system: str
    label: str
    direction: str
    scores: tuple[Score, ...] = ()
    note: str = ""
    seconds: float = 0.0
    timed: int = 0

    def score(self, name: str) -> Score | None:
        """The score of that metric, if it was computed."""
        return next((score for score in self.scores if score.name == name), None)


@dataclass(frozen=True, slots=True)
class Average:
    """The mean score of several languages, each counting once.

    Attributes:
        kind: "all", "genus", "family" or "script"; `value` is which one.
        system: "model", "copy" or "gloss"; `way` is "xx-en" or "en-xx".
        languages: their codes.
    """

    kind: str
    value: str
    system: str
    way: str
    languages: tuple[str, ...]
    scores: tuple[Score, ...]

    def to_dict(self) -> dict[str, Any]:
        """As it stands in scores.json."""
        return {
            "by": self.kind,
            "value": self.value,
            "system": self.system,
            "direction": self.way,
            "languages": list(self.languages),
            "scores": [score.to_dict() for score in self.scores],
        }


@dataclass(frozen=True, slots=True, repr=False)
class Evaluation(Plotted):
    """What `evaluate` returns; `complete` is False after Ctrl-C."""

    folder: Path
    description: str
    results: tuple[Result, ...]
    complete: bool = True
    notes: tuple[str, ...] = field(default=())
    averages: tuple[Average, ...] = field(default=())

    def summary(self) -> str:
        """What was scored, and where the run lies."""
        return f"{self.description}; {self.folder}" + ("" if self.complete else ", stopped")

    def rows(self) -> list[dict[str, Any]]:
        """A row a score."""
        return [
            {"system": result.label, "direction": result.direction} | score.to_dict()
            for result in self.results
            for score in result.scores
        ]

    def intervals(self) -> tuple[str, list[Interval]]:
        """The second metric of the run, chrF++ by default; of one metric that one."""
        names = list(dict.fromkeys(score.name for r in self.results for score in r.scores))
        name = next(iter([*names[1:2], *names]), "")
        scored = [(r, score) for r in self.results if (score := r.score(name))]
        several = len({r.direction for r, _ in scored}) > 1
        return name, [
            Interval(f"{r.label}, {r.direction}" if several else r.label, s.value, s.low, s.high)
            for r, s in scored
        ]


def reason(error: Exception) -> str:
    """What went wrong, without the places of this machine that the advice names.

    Notes stand in scores.json and the report, which are the same on every machine.

    >>> reason(ValueError("gatitos has no Swahili; put the file at /home/amina/cache/sw.tsv"))
    'gatitos has no Swahili'
    """
    return str(error).partition("; put the file at ")[0]


def below_copy(results: Sequence[Result], result: Result) -> list[str]:
    """Metrics of quality, no rates, in which a model does no better than copying the source."""
    copies = [r for r in results if r.system == "copy" and r.direction == result.direction]
    if result.system != "model" or not copies:
        return []
    pairs = [(score, copies[0].score(score.name)) for score in result.scores]
    return [
        mine.name
        for mine, other in pairs
        if other and not mine.name.endswith(" rate") and _no_better(mine, other)
    ]


def _no_better(mine: Score, other: Score) -> bool:
    if mine.higher_is_better is None:
        return False
    return mine.value <= other.value if mine.higher_is_better else mine.value >= other.value
