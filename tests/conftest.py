"""Shared by all tests: a cache of the tests' own, no network, real data only where it is."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# How long an example takes says how busy the machine is: what must be quick counts its work.
settings.register_profile("kilolingua", deadline=None)
settings.load_profile("kilolingua")

# A shell has what it starts in the background ignore Ctrl-C, and so would the commands under test.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def no_users_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Fixtures that serve several tests do not write to the user's cache either."""
    if "KILOLINGUA_CACHE" in os.environ:
        yield
        return
    os.environ["KILOLINGUA_CACHE"] = str(tmp_path_factory.mktemp("session-cache"))
    yield
    del os.environ["KILOLINGUA_CACHE"]


@pytest.fixture(autouse=True)
def own_cache(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every test but the `real` ones has an empty cache, so that none hangs on another.

    Nor has it the user's tables of UniMorph, and git clones nothing but what a test has made.
    """
    if "real" not in request.keywords:
        cache = tmp_path_factory.mktemp("cache")
        monkeypatch.setenv("KILOLINGUA_CACHE", str(cache))
        monkeypatch.setenv("UNIMORPH", str(cache / "no-package"))
        monkeypatch.setenv("GIT_ALLOW_PROTOCOL", "file")


@pytest.fixture
def mirror() -> Path:
    """The folder with real data; the test is skipped where there is none."""
    name = os.environ.get("KILOLINGUA_MIRROR")
    if not name or not Path(name).is_dir():
        pytest.skip("needs the real data: set KILOLINGUA_MIRROR to a mirror of the catalog")
    return Path(name)
