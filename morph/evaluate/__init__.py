"""How good are predicted forms? Accuracy, edit distance, confusions.

    found = evaluate(gold, predicted, train)
    print(found.score("exact match"), found.confusions[0])

`python -m morph.evaluate` (`morph.evaluate.__main__`) reads files and writes a report.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from data.unimorph import Triple
    from morph.evaluate.scores import Comparison, Evaluation, Plan


def evaluate(
    gold: Sequence[Triple],
    predicted: Sequence[str],
    train: Iterable[Triple] | None = None,
    *,
    system: str = "system",
    normalise: bool = False,
    seed: int = 1,
    resamples: int = 1000,
) -> Evaluation:
    """Score the forms that a system predicted for a test set.

    >>> from data.unimorph import Triple
    >>> gold = [Triple("soma", "V;PST;3;SG", "alisoma"), Triple("soma", "V;FUT;3;SG", "atasoma")]
    >>> found = evaluate(gold, ["alisoma", "alisoma"])
    >>> print(found.score("exact match"), found.score("edit distance").value)
    exact match 50.0 [9.5, 90.5] 1.0
    >>> str(found.confusions[0].difference.missed[0])
    'add ata at the start'

    Args:
        predicted: one form for each row of gold, in its order; stripped before it is compared.
        train: what the system learned from, for the official partition.
        normalise: compare after NFC. The shared task of 2023 compares text as it is.

    Raises:
        InputError: no rows, another number of forms, a gold row without its form.
    """
    from morph.evaluate.confusion import confusions, faults, slips
    from morph.evaluate.items import TrainingOverlap, items_of
    from morph.evaluate.scores import Evaluation, Plan, parts, totals

    plan = Plan(normalise, seed, resamples)
    items = items_of(gold, predicted, normalise)
    overlap = None if train is None else TrainingOverlap(train)
    found, macro = parts(items, gold, overlap, plan)
    return Evaluation(
        system=system,
        scores=totals(items, plan),
        macro=tuple(macro),
        parts=tuple(found),
        confusions=tuple(confusions(items)),
        slips=tuple(slips(items)),
        faults=tuple(faults(items, overlap)),
        items=tuple(items),
        notes=_notes(gold, overlap),
    )


def _notes(gold: Sequence[Triple], overlap: Any) -> tuple[str, ...]:
    repeated = overlap.repeated(gold) if overlap is not None else 0
    if not repeated:
        return ()
    return (f"{repeated} of {len(gold)} rows stand in the training data, with their features",)


def compare_all(systems: Sequence[Evaluation], plan: Plan) -> list[Comparison]:
    """Each further system against the first."""
    from morph.evaluate.scores import compare

    return [compare(systems[0], system, plan) for system in systems[1:]]
