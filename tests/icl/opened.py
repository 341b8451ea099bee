"""An engine, opened for a test."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from data.access import Access
from icl.engines import Backend, EngineOptions, Settings, open_backend


def settings(
    engine: str,
    model: Path | str,
    new: int = 4,
    stop: tuple[str, ...] = ("\n",),
    *,
    offline: bool = False,
    **options: Any,
) -> Settings:
    """What an engine is opened with: `new` tokens at most, and options of `EngineOptions`."""
    asked = EngineOptions(model=str(model), engine=engine, max_new_tokens=new, **options)
    return Settings(asked, stop, Access(offline=offline))


def opened(
    engine: str, model: Path | str, new: int = 4, stop: tuple[str, ...] = ("\n",), **options: Any
) -> Backend:
    """The engine of that name, `auto` for the one that suits the model."""
    return open_backend(settings(engine, model, new, stop, **options))
