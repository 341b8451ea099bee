"""Which of two systems is better: both tests have to agree, and a tie is no victory."""

from __future__ import annotations

from dataclasses import replace

import pytest

from icl.pairing import Comparison

BETTER = Comparison("sw-en", "BLEU", 9, 20, 30, 10, 8, 12, 0.049, 0.049, 5, 4, True)


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, "B"),
        ({"difference": -10}, "A"),
        ({"difference": 0}, "neither"),
        ({"p_bootstrap": 0.05}, "neither"),  # below 0.05, not at it
        ({"p_randomisation": 0.05}, "neither"),
        ({"p_bootstrap": 0.001, "p_randomisation": 0.2}, "neither"),
        ({"p_bootstrap": 0.2, "p_randomisation": 0.001}, "neither"),
        ({"difference": 0.5}, "B"),  # in points of the metric: small, but significant
        ({"higher_is_better": False}, "A"),
        ({"higher_is_better": False, "difference": -10}, "B"),
        ({"higher_is_better": False, "difference": -0.5}, "B"),
        ({"higher_is_better": None}, "unknown"),
        ({"higher_is_better": None, "difference": 0}, "neither"),
    ],
)
def test_verdict(changes: dict[str, object], verdict: str) -> None:
    assert replace(BETTER, **changes).verdict == verdict
