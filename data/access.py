"""How files are reached: the cache, the mirror, whether a socket may be opened, who is told.

    access = Access(offline=True, report=print)
    find_language("sw", access=access)

One `Access` travels from a command line to whatever fetches. By default the folders are those
that KILOLINGUA_CACHE (else the user's cache folder) and KILOLINGUA_MIRROR name when a file is
fetched, the network may be used, and nobody is told.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from platformdirs import user_cache_path

from data.errors import UnavailableError

Report = Callable[[str], None]


class HasOffline(Protocol):
    """Options of a command line, or the settings of a run."""

    @property
    def offline(self) -> bool:
        """Whether --offline was given."""


def quiet(_line: str) -> None:
    """A report that goes nowhere."""


@dataclass(frozen=True, slots=True)
class Access:
    """How files are reached.

    Attributes:
        cache: where fetched files are kept; None: KILOLINGUA_CACHE, else the user's cache folder.
        mirror: a folder with the paths of the catalog, read in place; None: KILOLINGUA_MIRROR.
        offline: open no socket: the cache and the mirror only.
        report: called with one line before anything slow.
    """

    cache: Path | None = None
    mirror: Path | None = None
    offline: bool = False
    report: Report = quiet

    @classmethod
    def of(cls, options: HasOffline, report: Report = quiet) -> Access:
        """The access that a command's options ask for.

        >>> from argparse import Namespace
        >>> Access.of(Namespace(offline=True)).offline
        True
        """
        return cls(offline=options.offline, report=report)

    def say(self, line: str) -> None:
        """Report a line: what is about to be done and may take long."""
        self.report(line)

    def cache_folder(self) -> Path:
        """Where fetched files are kept.

        Raises:
            UnavailableError: nobody has named a folder, and the user has no home.
        """
        return self.cache or cache_folder()

    def mirror_folder(self) -> Path | None:
        """The mirror, if there is one."""
        return self.mirror or mirror_folder()


def cache_folder() -> Path:
    """KILOLINGUA_CACHE, or the user's cache folder.

    Raises:
        UnavailableError: neither is known, for the user has no home.
    """
    folder = Path(os.environ.get("KILOLINGUA_CACHE") or user_cache_path("kilolingua"))
    if folder.parts[:1] == ("~",):  # what is left of a home that nobody knows
        raise UnavailableError(
            "no cache folder: HOME is not set; set KILOLINGUA_CACHE to a folder of your own"
        )
    return folder


def mirror_folder() -> Path | None:
    """KILOLINGUA_MIRROR, if it is set."""
    name = os.environ.get("KILOLINGUA_MIRROR")
    return Path(name) if name else None
