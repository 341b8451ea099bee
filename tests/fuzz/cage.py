"""What a fuzzed reader sees of the world: an empty cache, no mirror, one thread, no network."""

from __future__ import annotations

import socket
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn


def environment(work: Path) -> Mapping[str, str]:
    """Environment variables of every worker; `work` holds all that they write."""
    for name in ("cache", "tmp", "runs", "home"):
        (work / name).mkdir(exist_ok=True)
    return {
        "KILOLINGUA_CACHE": str(work / "cache"),
        "KILOLINGUA_MIRROR": "",
        "KILOLINGUA_FUZZ": str(work),
        "TMPDIR": str(work / "tmp"),
        "HOME": str(work / "home"),
        "HF_HUB_OFFLINE": "1",
        "TOKENIZERS_PARALLELISM": "false",
        **dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1"),
        # Compiled code is kept from one session to the next, as by the tests of lexaug.
        "NUMBA_CACHE_DIR": str(Path(tempfile.gettempdir()) / "kilolingua-numba"),
    }


@contextmanager
def no_network() -> Iterator[None]:
    """A socket that is opened is a failure: no file may make a reader call out."""
    before = socket.socket.connect

    def refuse(*arguments: Any) -> NoReturn:
        raise AssertionError(f"a socket is opened: {arguments[1:]!r}")

    socket.socket.connect = refuse  # type: ignore[method-assign]
    try:
        yield
    finally:
        socket.socket.connect = before  # type: ignore[method-assign]
