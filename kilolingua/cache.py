"""What lies in the cache, data set by data set, and making room: `kilolingua cache`.

    kilolingua cache                      # size by data set
    kilolingua cache clean gatitos wals   # these only
    kilolingua cache clean --all

A file that is gone is fetched again when it is needed; what was derived from files (converted
models, learned rules, compiled functions) is made again.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from data.access import cache_folder
from data.catalog import catalog
from data.cli import Parser, did_you_mean, run
from data.errors import InputError

DERIVED = {
    "derived": "models in the form that an engine reads",
    "inventory": "the table of all languages",
    "lexaug": "inflected forms of lexicons, tables of characters",
    "morph": "inflection rules learned from tables",
    "numba": "compiled functions",
    "vectors": "sentences as vectors, by model, language and layer",
}
MEGABYTE = 1e6


@dataclass(frozen=True, slots=True)
class Kept:
    """What the cache holds of one data set: files, bytes, and what it is."""

    name: str
    files: int
    bytes: int
    about: str


def kept(folder: Path | None = None) -> list[Kept]:
    """What the cache holds of ours, largest first; locks are not counted as files.

    KILOLINGUA_CACHE may name a folder with other things in it: they are neither counted nor
    cleaned.
    """
    root, titles = folder or cache_folder(), _titles()
    places = sorted(path for path in root.glob("*") if path.is_dir() and path.name in titles)
    parts = (_measured(place, titles[place.name]) for place in places)
    return sorted(parts, key=lambda part: -part.bytes)


def clean(names: Sequence[str], *, everything: bool = False) -> list[Kept]:
    """Delete what the cache holds of these data sets, or of all; returns what is gone.

    Raises:
        InputError: nothing by that name is in the cache; near names are given.
    """
    held = {part.name: part for part in kept()}
    for name in names:
        if name not in held:
            raise InputError(f'the cache has no "{name}"{did_you_mean(name, held)}')
    gone = [held[name] for name in (held if everything else names)]
    for part in gone:
        shutil.rmtree(cache_folder() / part.name)
    return gone


def main(argv: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = Parser("kilolingua.cache", __doc__ or "")
    commands = parser.add_subparsers(dest="command", metavar="clean")
    cleaning = commands.add_parser("clean", help="delete what is named; it is fetched again")
    cleaning.add_argument("names", nargs="*", metavar="NAME")
    cleaning.add_argument("--all", action="store_true", help="all of it")
    cleaning.add_common("-v")
    parser.add_common("-v")
    return run(parser, _run, argv)


def _run(options: argparse.Namespace) -> None:
    if options.command is None:
        for line in _table(kept()):
            print(line)
        return
    if bool(options.names) == options.all:
        raise InputError("expected the names of data sets, or --all; see kilolingua cache")
    gone = clean(options.names, everything=options.all)
    print(f"deleted {sum(part.files for part in gone)} files, {_megabytes(gone)}")


def _table(parts: Sequence[Kept]) -> Iterator[str]:
    for part in parts:
        yield f"{part.name:28}{part.files:>6} files{_megabytes([part]):>14}  {part.about}"
    yield f"{_megabytes(parts)} in {cache_folder()}"


def _titles() -> dict[str, str]:
    """What each folder of the cache is, by its name: data sets and what is derived from files."""
    sets = {file.path.partition("/")[0]: e.title for e in catalog().values() for file in e.files}
    return DERIVED | sets


def _measured(place: Path, about: str) -> Kept:
    files = [path for path in place.rglob("*") if path.is_file() and path.suffix != ".lock"]
    return Kept(place.name, len(files), sum(path.stat().st_size for path in files), about)


def _megabytes(parts: Sequence[Kept]) -> str:
    return f"{sum(part.bytes for part in parts) / MEGABYTE:,.1f} MB"


if __name__ == "__main__":
    raise SystemExit(main())
