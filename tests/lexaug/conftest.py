"""Shared by the tests of lexaug: compiled code is kept between runs, or its tests are skipped."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest

from data.errors import UnavailableError

os.environ.setdefault("NUMBA_CACHE_DIR", str(Path(tempfile.gettempdir()) / "kilolingua-numba"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None, None, None]:
    """Skip a test that comes to the compiled kernel where its package is not installed."""
    try:
        yield
    except UnavailableError as error:
        if not str(error).startswith("numba is not installed"):
            raise
        pytest.skip(str(error))
