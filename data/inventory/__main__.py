"""The command line of `python -m data.inventory`: filters in, a table or a page of facts out."""

from __future__ import annotations

import argparse
import difflib
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from data.access import Access
from data.cli import Parser, run
from data.errors import InputError
from data.files import write_whole
from data.inventory import (
    KINDS,
    Inventory,
    export_cldf,
    export_csv,
    export_json,
    find,
    load_inventory,
    select,
)
from data.inventory.language import page

if TYPE_CHECKING:
    import polars

FORMATS = ("table", "csv", "json", "cldf")
FILTERS = {
    "genus": "genus in WALS, or a group of Glottolog's tree: Bantu, Bantoid",
    "family": "top-level family in Glottolog, or a group of its tree: Uralic, Romance",
    "script": "ISO 15924: Latn, Arab, Ethi",
    "macroarea": "Africa, Eurasia, Papunesia, Australia, North America, South America",
    "country": "ISO 3166-1: KE",
    "endangerment": "UNESCO's scale: Vulnerable, Extinct ...",
    "category": "spoken, sign, pidgin, mixed, artificial, bookkeeping ...",
}
COLUMNS_OF = {"script": "scripts", "country": "countries"}


def main(argv: Sequence[str] | None = None) -> int:
    """The command line: select and export, one language, or rebuild."""
    parser = Parser(
        "data.inventory", "All languages x all resources, with the source of each cell."
    )
    for name, help_text in FILTERS.items():
        parser.add_argument(f"--{name}", nargs="+", default=[], metavar="NAME", help=help_text)
    parser.add_argument(
        "--class",
        nargs="+",
        type=int,
        default=[],
        dest="resource_class",
        choices=range(6),
        help="resource class, 0 to 5",
    )
    for name in ("has", "missing"):
        parser.add_argument(f"--{name}", nargs="+", default=[], choices=KINDS, help="resources")
    parser.add_argument("--text", default="", help="words in the names and codes")
    parser.add_argument(
        "--sign", action=argparse.BooleanOptionalAction, help="sign languages only, or none of them"
    )
    parser.add_argument("--format", choices=FORMATS, help="what to print (default table)")
    parser.add_argument("--language", metavar="CODE", help="one language: all facts with sources")
    parser.add_argument(
        "--rebuild",
        action="store_true",
        help="build the inventory anew; prints no table unless --format asks for one",
    )
    parser.add_argument("--out", type=Path, help="file to write to; for cldf a folder")
    parser.add_common("--limit", "--offline", "-v")
    return run(parser, _run, argv)


def _run(options: argparse.Namespace) -> int:
    inventory = load_inventory(access=Access.of(options, _say), rebuild=options.rebuild)
    for note in inventory.notes:
        _say(f"note: {note}")
    table = _selected(inventory, options)
    _say(f"{table.height:,} of {inventory.table.height:,} languages")
    if options.language and options.format is None:
        _show(page(inventory, table["glottocode"][0]), options.out)
    elif options.format or not options.rebuild:
        _write(inventory, table, options.format, options.out)
    return 0


def _say(line: str) -> None:
    print(line, file=sys.stderr)


def _selected(inventory: Inventory, options: argparse.Namespace) -> polars.DataFrame:
    """The rows that the options ask for; `--language` is one row, whatever the filters say."""
    if options.language:
        import polars as pl

        glottocode = find(inventory, options.language)
        return inventory.table.filter(pl.col("glottocode") == glottocode)
    wanted = {name: getattr(options, name) for name in FILTERS}
    for name, values in wanted.items():
        for value in values:
            _check(inventory.table, name, value)
    return select(
        inventory.table,
        **wanted,
        resource_class=options.resource_class,
        has=options.has,
        missing=options.missing,
        text=options.text,
        sign=options.sign,
        limit=options.limit,
    )


def _check(table: polars.DataFrame, name: str, value: str) -> None:
    """Refuse a value that no language has, and say when one is a group of the tree."""
    known = _values(table, COLUMNS_OF.get(name, name))
    if value in known:
        return
    groups = _values(table, "groups") if name in ("genus", "family") else set()
    if value in groups:
        _say(f'note: "{value}" is no {name}; taken as the group of that name in Glottolog\'s tree')
        return
    near = difflib.get_close_matches(value, known | groups, 3)
    hint = f"did you mean {' or '.join(near)}?" if near else f"there are {_some(known)}"
    raise InputError(f'no language has the {name} "{value}"; {hint}')


def _values(table: polars.DataFrame, column: str) -> set[str]:
    import polars as pl

    series = table[column]
    if series.dtype == pl.List:
        series = series.explode()
    return {"(none)", "(isolate)", *series.drop_nulls().unique()}


def _some(values: Iterable[str]) -> str:
    first = sorted(values)
    return ", ".join(first[:8]) + (" ..." if len(first) > 8 else "")


def _write(
    inventory: Inventory, table: polars.DataFrame, form: str | None, out: Path | None
) -> None:
    if form == "cldf":
        _write_cldf(export_cldf(inventory, table), out)
        return
    if form == "csv":
        _put(export_csv(table), out)
    elif form == "json":
        _put(export_json(inventory, table), out)
    else:
        _show(_as_lines(table), out)


def _write_cldf(files: dict[str, str], folder: Path | None) -> None:
    if folder is None:
        _put(files["languages.csv"], None)
        _say("note: with --out FOLDER, cldf-metadata.json and sources.bib go beside it")
        return
    for name, text in files.items():
        write_whole(folder / name, text)


def _show(text: str, out: Path | None) -> None:
    """What a person reads; on a terminal as far as it has the letters."""
    if out is None:
        print(text, end="")
    else:
        write_whole(out, text)


def _put(text: str, out: Path | None) -> None:
    """What a program reads."""
    if out is None:
        # Bytes, so that line ends and letters are the same on every system.
        sys.stdout.flush()
        sys.stdout.buffer.write(text.encode())
        sys.stdout.buffer.flush()
    else:
        write_whole(out, text)


def _as_lines(table: polars.DataFrame) -> str:
    """A table for the eye: the columns that fit a terminal."""
    header = ["code", "tag", "name", "genus", "scripts", "speakers", "class", *KINDS]
    rows = [
        [
            row["glottocode"],
            row["bcp47"] or "",
            row["name"][:28],
            (row["genus"] or "")[:22],
            " ".join(row["scripts"] or ())[:14],
            _figure(row["speakers"]),
            _figure(row["resource_class"]),
            *(_figure(row[kind]) for kind in KINDS),
        ]
        for row in table.iter_rows(named=True)
    ]
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    lines = [
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        for row in [header, *rows]
    ]
    return "\n".join(lines) + "\n"


def _figure(value: int | None) -> str:
    return "?" if value is None else f"{value:,}"


if __name__ == "__main__":
    raise SystemExit(main())
