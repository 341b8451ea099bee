"""The atlas: a site without a server, a page a language, family, genus, script, country, data set.

    python -m app.atlas --out site
    python -m app.atlas --out site --previous last-month --runs runs
    python -m app.atlas --out site --lang sw,wo,yo

It can be put on any static host and read from a disk: search, maps and tables ask no other machine
for anything. The same inventory gives the same bytes; a folder that holds an earlier atlas is
brought up to date, and nothing of yours in it is touched.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from data.errors import InputError
from data.options import check, command, common, option

if TYPE_CHECKING:
    from data.inventory import Inventory


@dataclass(frozen=True, slots=True)
class AtlasConfig:
    """What the atlas is made of."""

    out: Path = common("--out", Path("site"), help="folder of the site")
    lang: str = common("--lang", "all", help="codes and names with commas between, or all")
    runs: Path | None = option(None, "folder of runs: retrieval accuracy and costs in tokens")
    previous: Path | None = option(None, "an earlier atlas, or its index.csv: what has changed")
    address: str = option("", "where the site will stand, for programs that index it: https://...")
    check_links: bool = option(False, "follow every link inside the site when it is made")
    offline: bool = common("--offline")

    def __post_init__(self) -> None:
        check(self)


def main(argv: Sequence[str] | None = None) -> int:
    """The command line."""
    return command("app.atlas", __doc__ or "", AtlasConfig, make, argv)


def _say(line: str) -> None:
    print(line, file=sys.stderr)


def _address(text: str) -> str:
    """The address of the site with a slash at its end, "" where none is given."""
    if text and not text.startswith(("https://", "http://")):
        raise InputError(f'--address "{text}": expected https://... or http://...')
    return text and text.rstrip("/") + "/"


def _runs(folder: Path | None) -> Path | None:
    if folder is not None and not folder.is_dir():
        raise InputError(f"--runs {folder}: expected a folder of runs, found none")
    return folder


def _codes(inventory: Inventory, asked: str) -> list[str] | None:
    """The glottocodes of the languages that were asked for; None for all."""
    from data.inventory.search import find

    if asked == "all":
        return None
    return [find(inventory, text.strip()) for text in asked.split(",") if text.strip()]


def make(config: AtlasConfig) -> int:
    """Write the site, and say what was made and what is missing.

    Raises:
        InputError: a language, an address or an earlier build that cannot be.
        UnavailableError: a package is missing, or the disk is full.
    """
    from streamlit.logger import set_log_level

    set_log_level("error")  # it warns of caches without a server, which a site has no use for
    from app.atlas import changes
    from app.atlas.build import build
    from app.atlas.site import broken_links
    from app.measured import Measured, measured
    from data.access import Access
    from data.inventory import load_inventory

    previous = changes.read(config.previous) if config.previous else None
    address = _address(config.address)
    runs = _runs(config.runs)
    access = Access(offline=config.offline, report=_say)
    inventory = load_inventory(access=access)
    for note in inventory.notes:
        _say(note)
    made = build(
        config.out,
        inventory,
        codes=_codes(inventory, config.lang),
        measured=measured(runs) if runs else Measured(),
        previous=previous,
        address=address,
        access=access,
        say=_say,
    )
    print(made.told())
    if not config.check_links:
        return 0
    broken = list(broken_links(config.out))
    for line in broken[:20]:
        _say(f"broken link: {line}")
    print(f"{len(broken):,} broken links")
    return int(bool(broken))


if __name__ == "__main__":
    raise SystemExit(main())
