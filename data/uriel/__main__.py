"""Join URIEL+ once and keep it; or print the languages that are most alike by it.

    python -m data.uriel --join
    python -m data.uriel --lang sw --limit 5
    python -m data.uriel --lang sw --domain syntax --least 50

The first takes a minute or two and 3.9 GB of memory, and needs `pip install
"kilolingua[uriel]"`, in an environment of its own if you like: the table in the cache folder
serves all. The others need neither, but the inventory.
"""

from __future__ import annotations

import importlib.metadata
import itertools
import logging
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from data.access import Access
from data.errors import InputError, UnavailableError
from data.files import sha256_file, sha256_text, write_whole
from data.options import check, command, common, option
from data.uriel import ABSENT, DOMAINS, LEAST, Uriel, load_uriel, pack, path_of

INSTALL = 'urielplus is not installed; pip install "kilolingua[uriel]"'
TYPOLOGICAL = 1  # the place of the features of language structure among the package's matrices
LICENCE = "CC-BY-SA-4.0"


@dataclass(frozen=True, slots=True)
class UrielConfig:
    """What is joined or printed."""

    join: bool = option(False, "join URIEL+ (a minute or two, 3.9 GB of memory) and keep it")
    lang: str = common("--lang", "sw", help="the language whose nearest are printed")
    domain: str = option("all", "features that count", choices=tuple(DOMAINS))
    least: int = option(LEAST, "features that two languages must share", least=1)
    limit: int = common("--limit", 10, least=1, help="so many languages")
    offline: bool = common("--offline")

    def __post_init__(self) -> None:
        check(self)


def run(config: UrielConfig) -> None:
    """Join, or print.

    Raises:
        UnavailableError: the package is missing, or the table has not been joined.
        InputError: no such language, or one of which URIEL+ knows nothing.
    """
    access = Access.of(config, _say)
    if config.join:
        table = join(access)
        print(f"{path_of(access)}: {len(table.codes):,} languages, {len(table.features)} features")
        return
    found = load_uriel(access=access)
    if found is None:
        raise UnavailableError(ABSENT)
    _print_nearest(config, found, access)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _print_nearest(config: UrielConfig, table: Uriel, access: Access) -> None:
    from data.inventory import find, load_inventory, row_of

    inventory = load_inventory(access=access)
    row = row_of(inventory, find(inventory, config.lang))
    code = row["glottocode"]
    if not table.known(code):
        raise InputError(f"URIEL+ has no feature of {row['name']} ({code})")
    names = dict(inventory.table.select("glottocode", "name").iter_rows())
    print(f"{row['name']}: {table.known(code)} of {len(table.features)} features known")
    print(f"{'distance':>8}  {'differ':>6}  {'shared':>6}  language")
    nearest = table.alike(code, least=config.least, domain=config.domain)
    languages = (one for one in nearest.iter_rows(named=True) if one["glottocode"] in names)
    for one in itertools.islice(languages, config.limit):
        told = f"{names[one['glottocode']]} ({one['glottocode']})"
        print(f"{one['distance']:8.3f}  {one['differing']:6}  {one['shared']:6}  {told}")


def join(access: Access) -> Uriel:
    """Join URIEL+ by its own package, and keep the union of its sources in the cache folder.

    Raises:
        UnavailableError: the package is not installed, or may not write into its own folder.
    """
    logging.basicConfig(level=logging.WARNING)  # before the package does, at INFO
    try:
        from urielplus import urielplus
    except ImportError as error:
        raise UnavailableError(INSTALL) from error
    version = importlib.metadata.version("urielplus")
    access.say(f"joining URIEL+ {version}: a minute or two, 3.9 GB of memory")
    folder = Path(urielplus.__file__).parent / "database"
    with _as_it_was(folder):
        try:
            source = urielplus.URIELPlus()
            source.integrate_databases()
        except PermissionError as error:
            raise UnavailableError(
                f"urielplus writes into its own folder, and may not ({error.filename}); install it "
                "in a virtual environment of your own"
            ) from error
    about = {"version": version, "licence": LICENCE, "joined_from": _of_files(folder)}
    table = united(
        source.langs[TYPOLOGICAL], source.feats[TYPOLOGICAL], source.data[TYPOLOGICAL], about
    )
    write_whole(path_of(access), pack(table))
    return table


def united(
    codes: Sequence[Any], features: Sequence[Any], values: Any, about: Mapping[str, Any]
) -> Uriel:
    """The union of sources: a feature is there if any source says so. Rows without any go.

    Args:
        values: (N, F, sources) of 1, 0 and -1, which is not known.

    Raises:
        InputError: other values.
    """
    union = np.asarray(values).max(axis=2)
    if not np.isin(union, (-1, 0, 1)).all():
        raise InputError("expected features of -1, 0 and 1 from urielplus; another version?")
    kept: list[int] = np.flatnonzero((union >= 0).any(axis=1)).tolist()
    return Uriel(
        tuple(str(codes[row]) for row in kept),
        tuple(map(str, features)),
        union[kept].astype(np.int8),
        about,
    )


def _of_files(folder: Path) -> str:
    """One checksum of all tables that the package joins."""
    files = sorted(path for path in folder.rglob("*") if path.suffix in (".csv", ".npz", ".json"))
    return sha256_text("".join(f"{path.name} {sha256_file(path)}\n" for path in files))


@contextmanager
def _as_it_was(folder: Path) -> Iterator[None]:
    """Remove what the package leaves in its folder: a copy of 2017's tables, which it would
    take for URIEL+ as it stands when it is opened again."""
    before = set(folder.iterdir())
    try:
        yield
    finally:
        for path in set(folder.iterdir()) - before:
            if path.suffix == ".npz":
                path.unlink()


def main(argv: Sequence[str] | None = None) -> int:
    """The command line."""
    return command("data.uriel", __doc__ or "", UrielConfig, run, argv)


if __name__ == "__main__":
    raise SystemExit(main())
