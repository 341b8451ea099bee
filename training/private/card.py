"""What a model card says of private training: the guarantee, and what it does not cover."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

NOISE = {
    "seeded": "seeded: whoever has the command and the data can make it again. A model that is"
    " given away needs --dp-secure",
    "secure": "from the operating system's cryptographic generator",
}
UNCOVERED = (
    "the tokenizer, and whatever encoder training began with: they come from text of their own",
    "the names of labels, and choices made by looking at the data",
    "hyper-parameters: a search among several trainings gives away more, and is not counted",
    "the dev set, by which weights may be chosen, and the scores",
    "the run's folder: metrics.jsonl has losses of the training data, checkpoints noise to come",
    "what many people say alike: a fact that does not hang on one of them can be learned",
)


def lines(told: Mapping[str, Any], uncovered: Sequence[str] = ()) -> str:
    """The section of the card, in Markdown.

    Args:
        told: of `training.private.run.Private.told`. uncovered: what else is not covered.
    """
    unit, groups = told["unit"], told["groups"]
    together = ", ".join(f"{size}: {epsilon:g}" for size, epsilon in groups.items())
    missing = "".join(f"- {one}\n" for one in (*uncovered, *UNCOVERED))
    return (
        f"\n## Privacy\n\nEpsilon {told['epsilon']:.2f} at delta {told['delta']:g}, against adding"
        f" or removing one {unit} ({told['accountant']}). {told['units']:,} {unit}s, each in an"
        f" update with probability {told['rate']:.4g}, {told['steps']:,} updates, noise"
        f" {told['sigma']:.3f} times the bound, clipping {told['clip']}. The noise is"
        f" {NOISE[told['noise']]}.\n\nSeveral {unit}s of one person are protected less; epsilon by"
        f" how many they are (RDP): {together}.\n\nNot covered:\n\n{missing}\n"
    )


def fact(told: Mapping[str, Any]) -> str:
    """The guarantee in a few words, for a report.

    >>> told = {"epsilon": 7.99, "delta": 1e-5, "unit": "sentence", "accountant": "opacus 1.6 PRV"}
    >>> fact(told)
    'epsilon 7.99 at delta 1e-05 for one sentence (opacus 1.6 PRV)'
    """
    return (
        f"epsilon {told['epsilon']:.2f} at delta {told['delta']:g} for one {told['unit']}"
        f" ({told['accountant']})"
    )
