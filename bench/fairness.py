"""WEAT beside WEFE's, on the same made vectors, in one run: effect sizes and what they differ by.

    python -m venv other && other/bin/pip install wefe && other/bin/python -m bench.fairness

WEFE wants an older numpy, so it has an environment of its own. It divides by the deviation with n,
this project with n - 1 as the authors' code; times sqrt(N / (N - 1)) both are the same.
"""

from __future__ import annotations

import math
import time
from importlib import import_module

import numpy as np

from trust.fairness.association import associations, effect_size, permutation_test

SETS = 20


def main() -> None:
    """A line a set of lists, then the largest difference and the times."""
    # No requirement of the project: see above
    draws, theirs = np.random.default_rng(1), import_module("wefe.metrics.WEAT").WEAT()
    most, seconds = 0.0, [0.0, 0.0]
    for number in range(SETS):
        size = 4 + number % 9
        x, y, a, b = (draws.normal(shift, 1, (size, 50)) for shift in (0.3, 0, 0.3, 0))
        began = time.process_time()
        mine = effect_size(associations(x, a, b), associations(y, a, b))
        middle = time.process_time()
        other = float(theirs._calc_effect_size(x, y, a, b))
        seconds[0] += middle - began
        seconds[1] += time.process_time() - middle
        scaled = mine * math.sqrt(2 * size / (2 * size - 1))
        most = max(most, abs(scaled - other))
        p = permutation_test(associations(x, a, b), associations(y, a, b)).p_greater
        print(f"{size} words: ours {mine:.6f}, times sqrt(N/(N-1)) {scaled:.6f}, WEFE {other:.6f},"
              f" p {p:.4f}")  # fmt: skip
    print(f"largest difference {most:.2g}; seconds of the processor {seconds[0]:.3f} and"
          f" {seconds[1]:.3f}")  # fmt: skip


if __name__ == "__main__":
    main()
