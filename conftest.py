"""What pytest does not look for examples in: modules whose package is not installed."""

from __future__ import annotations

import sys
from importlib.util import find_spec

collect_ignore_glob: list[str] = []
if sys.modules.get("numba", "") is None or find_spec("numba") is None:  # the extra lexaug
    collect_ignore_glob.append("lexaug/kernel/*.py")
