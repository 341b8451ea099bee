"""Does a bias of representations go with one of what models do? Correlations over models and seeds.

    python -m trust.agreement --runs runs/fairness-a runs/fairness-b runs/fairness-c runs/fairness-d

Takes finished runs of trust.fairness, of several models or seeds. Every intrinsic figure is
correlated (Spearman, by ranks, and Pearson) with every extrinsic one over the runs that have both.
The interval is Fisher's z over runs; p is of the permutation of runs, all of them up to eight. With
few runs intervals are wide, and that is the answer: with five, a correlation of .8 is as good as
none. (Goldfarb-Tarrant et al. 2021 and Cao et al. 2022 find none that holds.)
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path
from typing import Any

from data.bounded import check_shape, read_json
from data.errors import InputError
from data.options import check, command, option
from data.pages import Tabular
from data.randomness import stream

FEWEST = 4  # runs: Fisher's interval divides by sqrt(n - 3)
MOST_EXACT = 8  # runs whose permutations are all tried, 40,320
DRAWN = 5_000
Z = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Agreement:
    """What `python -m trust.agreement` is asked for."""

    runs: tuple[Path, ...] = option((), "of trust.fairness", metavar="FOLDERS", required=True)
    out: Path | None = option(None, "a file for the figures, JSON", metavar="FILE")

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        check(self)
        if len(self.runs) < FEWEST:
            raise InputError(
                f"--runs: expected {FEWEST} or more, found {len(self.runs)}: fewer have no"
                " interval; run trust.fairness on more models or seeds"
            )


@dataclass(frozen=True, slots=True)
class Pair:
    """An intrinsic and an extrinsic figure over n runs.

    Attributes:
        rank, pearson: correlations, -1 to 1; low, high: 95 % of the rank's.
    """

    intrinsic: str
    extrinsic: str
    n: int
    rank: float
    low: float
    high: float
    p: float
    pearson: float


@dataclass(frozen=True, repr=False)
class Agreed(Tabular):
    """All correlations."""

    pairs: tuple[Pair, ...]

    def summary(self) -> str:
        """How many."""
        return f"{len(self.pairs)} correlations"

    def rows(self) -> list[dict[str, Any]]:
        """A row a pair."""
        return [{name: getattr(one, name) for name in Pair.__slots__} for one in self.pairs]


def agreement(config: Agreement) -> Agreed:
    """Correlate the figures of runs.

    Raises:
        InputError: a folder that is no finished run of trust.fairness, or runs that share no
            intrinsic and extrinsic figure.
    """
    tables = [figures(folder) for folder in config.runs]
    kinds = {key: kind for table in tables for key, (kind, _) in table.items()}
    found = tuple(_pairs(tables, kinds))
    if not found:
        raise InputError(
            f"--runs: no intrinsic and extrinsic figure stands in {FEWEST} runs; run trust.fairness"
            " with the same --measures, --lists and --texts on each"
        )
    return Agreed(found)


def figures(folder: Path) -> Mapping[str, tuple[str, float]]:
    """(kind, value) of each figure of a run by its name.

    Raises:
        InputError: no finished run of trust.fairness.
    """
    path = folder / "scores.json"
    if not path.is_file():
        raise InputError(
            f"{folder}: expected a finished run of trust.fairness, found no scores.json; give"
            " another of --runs"
        )
    told = read_json(path, dict)
    check_shape(told, {"figures": [{"measure": str, "kind": str, "what": str, "score": dict}]},
                f"{path}: not of trust.fairness")  # fmt: skip
    return {
        f"{one['measure']}: {one['what']}, {one['score']['name']}": (
            str(one["kind"]), float(one["score"]["value"])
        )
        for one in told["figures"]
    }  # fmt: skip


def _pairs(
    tables: Sequence[Mapping[str, tuple[str, float]]], kinds: Mapping[str, str]
) -> Iterator[Pair]:
    inner = [key for key, kind in kinds.items() if kind == "intrinsic"]
    outer = [key for key, kind in kinds.items() if kind == "extrinsic"]
    for one in inner:
        for other in outer:
            both = [(t[one][1], t[other][1]) for t in tables if one in t and other in t]
            if len(both) >= FEWEST:
                yield pair(one, other, both)


def pair(intrinsic: str, extrinsic: str, both: Sequence[tuple[float, float]]) -> Pair:
    """The correlation of two figures over runs.

    >>> found = pair("weat", "gap", [(1, 10), (2, 30), (3, 20), (4, 40)])
    >>> found.rank, round(found.low, 2), round(found.high, 2), round(found.p, 3)
    (0.8, -0.7, 1.0, 0.333)
    >>> found = pair("weat", "gap", [(1, 10), (2, 20), (3, 30), (4, 40), (5, 50)])
    >>> found.rank, round(found.low, 2), round(found.p, 3)
    (1.0, 0.42, 0.017)
    """
    from trust.fairness.confounds import correlation

    x, y = ([float(v) for v in side] for side in zip(*both, strict=True))
    rank, n = correlation(x, y), len(both)
    # Fisher's z of 1 is infinite: ranks in full accord count as half a step below the full accord,
    # where a step is what two neighbours that change places take away.
    most = 1 - 6 / (n * (n * n - 1))
    bound = min(max(rank, -most), most)
    half = Z / math.sqrt(n - 3)
    low, high = (math.tanh(math.atanh(bound) + side * half) for side in (-1, 1))
    tried = [abs(correlation(x, order)) >= abs(rank) - 1e-9 for order in _orders(y)]
    return Pair(
        intrinsic, extrinsic, n, rank, low, high, sum(tried) / len(tried), _pearson(x, y)
    )  # fmt: skip


def _orders(values: list[float]) -> Iterator[Sequence[float]]:
    if len(values) <= MOST_EXACT:
        yield from permutations(values)
        return
    yield values
    draw = stream(1, "agreement")
    for _ in range(DRAWN):
        yield draw.sample(values, len(values))


def _pearson(x: Sequence[float], y: Sequence[float]) -> float:
    n = len(x)
    mean_x, mean_y = sum(x) / n, sum(y) / n
    shared = sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True))
    length = math.sqrt(sum((a - mean_x) ** 2 for a in x) * sum((b - mean_y) ** 2 for b in y))
    return shared / length if length else 0.0


def main(argv: Sequence[str] | None = None) -> int:
    """The command line; `agreement` is the function beneath it."""
    return command("trust.agreement", __doc__ or "", Agreement, _command, argv)


def _command(config: Agreement) -> int:
    from runfolder.console import aligned, show
    from runfolder.folder import write_json

    done = agreement(config)
    rows = [("intrinsic", "extrinsic", "runs", "rank correlation", "p", "Pearson")]
    rows += [
        (one.intrinsic, one.extrinsic, str(one.n),
         f"{one.rank:.2f} [{one.low:.2f}, {one.high:.2f}]", f"{one.p:.3f}", f"{one.pearson:.2f}")
        for one in done.pairs
    ]  # fmt: skip
    for line in aligned(rows):
        show(line)
    if config.out:
        write_json(config.out, {"pairs": done.rows()})
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
