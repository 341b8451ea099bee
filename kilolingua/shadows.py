"""Whether a file of the user's hides a room: a `data.py` beside a notebook is what Python finds.

The rooms have plain names (`data`, `metrics`, `app`) at the top level, and Python looks into the
folder where it is started first. What would follow is `No module named 'data.cli'`.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

ROOMS = ("data", "metrics", "models", "training", "morph", "lexaug", "icl", "app")
HOME = Path(__file__).resolve().parent.parent


def shadowing_file(room: str) -> Path | None:
    """The file or folder that Python finds in place of a room; None where it finds the room.

    >>> shadowing_file("data") is None
    True
    """
    spec = find_spec(room)
    if spec is None:
        return None
    places = [spec.origin] if spec.origin else list(spec.submodule_search_locations or ())
    found = Path(places[0]).resolve() if places else HOME / room
    return None if found.is_relative_to(HOME / room) else found


def refuse_shadowed_rooms() -> None:
    """Raise if a file hides a room.

    Raises:
        ImportError: one line that names the file, the room and the way out.
    """
    for room in ROOMS:
        hiding = shadowing_file(room)
        if hiding is not None:
            raise ImportError(
                f"{hiding} hides kilolingua's package `{room}`; rename it, or start Python in"
                " another folder"
            )
