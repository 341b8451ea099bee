"""What pytest does not look for examples in, and how many threads a test has."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec

# Toy models gain nothing from threads, and lose much where other work goes on. Read by torch's
# libraries as they are imported, here and in the commands that tests start.
os.environ.setdefault("OMP_NUM_THREADS", "1")

collect_ignore_glob: list[str] = []  # modules whose package is not installed
if sys.modules.get("numba", "") is None or find_spec("numba") is None:  # the extra lexaug
    collect_ignore_glob.append("lexaug/kernel/*.py")
