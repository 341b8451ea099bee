"""The scores of one system, in all and by part; two systems compared."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

from data.unimorph import Triple
from metrics.labels import (
    EXACT,
    LEVENSHTEIN,
    PER_CHARACTER,
    PER_ITEM,
)
from metrics.paired import (
    bootstrap_p,
    bootstrap_sums,
    difference_interval,
    randomisation_p,
    swapped_sums,
)
from metrics.ratios import SHARE, Ratio, by_group, ratio_score
from metrics.score import Score
from metrics.significance import Columns, Row
from morph.evaluate.confusion import Confusion, Fault, Slip
from morph.evaluate.items import (
    CHANGE,
    FEATURE,
    PART_OF_SPEECH,
    PARTITION,
    PARTITIONS,
    Item,
    TrainingOverlap,
    features_of,
    parts_of,
    where_changed,
)

Members: TypeAlias = dict[str, list[int]]

ACCURACY, DISTANCE, ERROR_RATE = "exact match", "edit distance", "character error rate"
AVERAGED = (PART_OF_SPEECH, FEATURE)  # kinds whose parts have a macro average


@dataclass(frozen=True, slots=True)
class Plan:
    """How intervals are made: whole lemmas are drawn (see `metrics.ratios`)."""

    normalise: bool = False
    seed: int = 1
    resamples: int = 1000

    @property
    def signature(self) -> str:
        """How forms are compared, as a signature says it."""
        return f"strip:yes|norm:{'nfc' if self.normalise else 'none'}"


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a test set: `kind` is partition, part of speech, feature or change."""

    kind: str
    name: str
    n: int
    lemmas: int
    errors: int
    accuracy: Score
    distance: Score

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        scores = [self.accuracy.to_dict(), self.distance.to_dict()]
        return {
            "kind": self.kind,
            "name": self.name,
            "n": self.n,
            "lemmas": self.lemmas,
            "errors": self.errors,
            "scores": scores,
        }


@dataclass(frozen=True)
class Evaluation:
    """What one system's forms are worth.

    Attributes:
        scores: exact match, edit distance, character error rate over all items (micro).
        macro: exact match averaged over the parts of a kind, each part counting once.
        parts: the largest number of errors first within each kind, but the partition in its order.
        confusions, slips, faults: the most frequent first. items: in the order of the test set.
    """

    system: str
    scores: tuple[Score, ...]
    macro: tuple[Score, ...]
    parts: tuple[Part, ...]
    confusions: tuple[Confusion, ...]
    slips: tuple[Slip, ...]
    faults: tuple[Fault, ...]
    items: tuple[Item, ...]
    notes: tuple[str, ...] = ()

    def score(self, name: str) -> Score:
        """The score of that name, over all items.

        Raises:
            KeyError: there is none.
        """
        return {score.name: score for score in self.scores}[name]

    def of_kind(self, kind: str) -> list[Part]:
        """The parts of a kind."""
        return [part for part in self.parts if part.kind == kind]

    @property
    def lemmas(self) -> int:
        """How many lemmas the items are of."""
        return len({item.lemma for item in self.items})

    @property
    def errors(self) -> int:
        """How many forms are wrong."""
        return sum(not item.right for item in self.items)

    def to_dict(self) -> dict[str, Any]:
        """For scores.json; the items are left out, they stand in the files."""
        return {
            "system": self.system,
            "n": len(self.items),
            "lemmas": self.lemmas,
            "scores": [score.to_dict() for score in self.scores],
            "macro": [score.to_dict() for score in self.macro],
            "parts": [part.to_dict() for part in self.parts],
            "faults": [{"name": f.name, "meaning": f.meaning, "n": f.count} for f in self.faults],
            "confusions": [confusion.to_dict() for confusion in self.confusions],
            "slips": [slip.to_dict() for slip in self.slips],
            "notes": list(self.notes),
        }


def totals(items: Sequence[Item], plan: Plan) -> tuple[Score, ...]:
    """Exact match, edit distance and character error rate of some items."""
    lemmas = [item.lemma for item in items]
    settings = {ACCURACY: EXACT, DISTANCE: LEVENSHTEIN, ERROR_RATE: LEVENSHTEIN}
    kinds = {ACCURACY: (SHARE, _matches(items)), DISTANCE: (PER_ITEM, _edits(items))}
    kinds[ERROR_RATE] = (PER_CHARACTER, _edits(items))
    return tuple(
        ratio_score(
            ratio,
            name,
            f"{settings[name]}|{plan.signature}",
            rows,
            groups=lemmas,
            unit="lemmas",
            seed=plan.seed,
            resamples=plan.resamples,
        )
        for name, (ratio, rows) in kinds.items()
    )


def parts(
    items: Sequence[Item], gold: Sequence[Triple], overlap: TrainingOverlap | None, plan: Plan
) -> tuple[list[Part], list[Score]]:
    """The parts of every kind, and the macro averages of those that have one."""
    found: list[Part] = []
    macro: list[Score] = []
    for kind, members in _kinds(items, gold, overlap).items():
        mine = [_part(kind, name, [items[i] for i in who], plan) for name, who in members.items()]
        order: Callable[[Part], Any] = (
            (lambda part: PARTITIONS.index(part.name))
            if kind == PARTITION
            else (lambda part: (-part.errors, -part.n, part.name))
        )
        found += sorted(mine, key=order)
        if kind in AVERAGED and len(members) > 1:
            macro.append(_macro(kind, items, members, plan))
    return found, macro


def _kinds(
    items: Sequence[Item], gold: Sequence[Triple], overlap: TrainingOverlap | None
) -> dict[str, Members]:
    """For each kind, which items are in which part."""
    names: dict[str, Iterator[tuple[str, ...]]] = {}
    if overlap is not None:
        names[PARTITION] = ((overlap.partition(row.lemma, row.features),) for row in gold)
    names[PART_OF_SPEECH] = (parts_of(item.features) for item in items)
    names[CHANGE] = ((where_changed(item),) for item in items)
    names[FEATURE] = (features_of(item.features) for item in items)
    kinds: dict[str, Members] = {}
    for kind, of_items in names.items():
        members = kinds.setdefault(kind, {})
        for place, mine in enumerate(of_items):
            for name in mine:
                members.setdefault(name, []).append(place)
    return kinds


def _part(kind: str, name: str, items: Sequence[Item], plan: Plan) -> Part:
    accuracy, distance, _ = totals(items, plan)
    errors = sum(not item.right for item in items)
    return Part(kind, name, len(items), len({i.lemma for i in items}), errors, accuracy, distance)


def _macro(kind: str, items: Sequence[Item], members: Members, plan: Plan) -> Score:
    """The mean of the parts' exact match; a part that no drawn lemma has is left out of a draw."""
    rows: list[list[int | float]] = [[0] * (2 * len(members)) for _ in items]
    for column, who in enumerate(members.values()):
        for place in who:
            rows[place][2 * column : 2 * column + 2] = [int(items[place].right), 1]
    return ratio_score(
        Ratio(_mean_of_shares),
        f"exact match, macro by {kind}",
        f"{EXACT}|{plan.signature}|macro:{kind.replace(' ', '-')}|parts:{len(members)}",
        rows,
        groups=[item.lemma for item in items],
        unit="lemmas",
        seed=plan.seed,
        resamples=plan.resamples,
    )


def _mean_of_shares(totals: Columns) -> Columns:
    import numpy as np

    hits, trials = totals[0::2], totals[1::2]
    shares = np.divide(100 * hits, trials, out=np.zeros_like(hits), where=trials > 0)
    mean: Columns = shares.sum(axis=0) / (trials > 0).sum(axis=0)
    return mean


def _matches(items: Sequence[Item]) -> list[Row]:
    return [[int(item.right), 1] for item in items]


def _edits(items: Sequence[Item]) -> list[Row]:
    return [[item.distance, len(item.gold), 1] for item in items]


SIGNIFICANT = 0.05
TRIALS = 10_000


@dataclass(frozen=True, slots=True)
class Comparison:
    """System B against system A in exact match, in points of 0-100.

    Attributes:
        difference: b less a; `low` and `high` bound it (95 % paired bootstrap of lemmas).
        p_bootstrap, p_randomisation: of both tests, in (0, 1].
        wins: items that B has right and A wrong; losses: the reverse.
    """

    system_a: str
    system_b: str
    n: int
    lemmas: int
    a: float
    b: float
    difference: float
    low: float
    high: float
    p_bootstrap: float
    p_randomisation: float
    wins: int
    losses: int

    @property
    def better(self) -> str:
        """The system that is better where both tests give p < 0.05, or "neither"."""
        if not self.difference or max(self.p_bootstrap, self.p_randomisation) >= SIGNIFICANT:
            return "neither"  # of equal systems the tests would say p = 0: nothing exceeds nothing
        return self.system_b if self.difference > 0 else self.system_a

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {**asdict(self), "better": self.better}


def compare(a: Evaluation, b: Evaluation, plan: Plan) -> Comparison:
    """Test system B against system A over the same items.

    Raises:
        ValueError: they were scored on different items.
    """
    lemmas = [item.lemma for item in a.items]
    mine, theirs = (by_group(_rows(one.items), lemmas) for one in (b, a))
    drawn = bootstrap_sums(theirs, mine, resamples=plan.resamples, seed=plan.seed)
    swapped = swapped_sums(theirs, mine, trials=TRIALS, seed=plan.seed)
    differences = drawn.differences(SHARE.of_columns)
    low, high = difference_interval(differences)
    pairs = list(zip(a.items, b.items, strict=True))
    return Comparison(
        system_a=a.system,
        system_b=b.system,
        n=len(pairs),
        lemmas=len(mine),
        a=a.scores[0].value,
        b=b.scores[0].value,
        difference=b.scores[0].value - a.scores[0].value,
        low=low,
        high=high,
        p_bootstrap=bootstrap_p(differences),
        p_randomisation=randomisation_p(swapped.differences(SHARE.of_columns)),
        wins=sum(theirs.right < ours.right for theirs, ours in pairs),
        losses=sum(theirs.right > ours.right for theirs, ours in pairs),
    )


def _rows(items: Sequence[Item]) -> list[list[int | float]]:
    return [[int(item.right), 1] for item in items]
