"""Shared by the tests of lexaug: compiled code is kept from one run of the tests to the next."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

os.environ.setdefault("NUMBA_CACHE_DIR", str(Path(tempfile.gettempdir()) / "kilolingua-numba"))
