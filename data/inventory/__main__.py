"""The command line of `python -m data.inventory`: filters in, a table or a page of facts out."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.access import Access
from data.errors import InputError
from data.files import write_whole
from data.inventory import (
    GOALS,
    KINDS,
    Inventory,
    advise,
    counted,
    export_cldf,
    export_csv,
    export_json,
    find,
    load_inventory,
    select,
)
from data.inventory.language import page
from data.inventory.named_groups import group_names, groups_called
from data.options import check, command, common, option
from data.resources.listed import DATA_KINDS

if TYPE_CHECKING:
    import polars

TOP = 10
NO_ADVICE = "nothing is advised: no language lacks it, or no figure can be trusted\n"
FORMATS = ("table", "csv", "json", "cldf")
FILTERS = ("genus", "family", "script", "macroarea", "country", "endangerment", "category")
COLUMNS_OF = {"script": "scripts", "country": "countries"}


def _names(help_text: str) -> Any:
    return option((), help_text, metavar="NAME", group="which languages")


def _kinds() -> Any:
    return option((), "resources", choices=DATA_KINDS, metavar="KIND", group="which languages")


@dataclass(frozen=True, slots=True)
class Config:
    """Which languages are asked for, and how they are printed."""

    genus: tuple[str, ...] = _names("in WALS, or a group of Glottolog's tree: Bantu, Bantoid")
    family: tuple[str, ...] = _names("top-level, or a group of Glottolog's tree: Uralic, Romance")
    script: tuple[str, ...] = _names("ISO 15924: Latn, Arab, Ethi")
    macroarea: tuple[str, ...] = _names(
        "Africa, Eurasia, Papunesia, Australia, North America, South America"
    )
    country: tuple[str, ...] = _names("ISO 3166-1: KE")
    endangerment: tuple[str, ...] = _names("UNESCO's scale: Vulnerable, Extinct ...")
    category: tuple[str, ...] = _names("spoken, sign, pidgin, mixed, artificial, bookkeeping ...")
    resource_class: tuple[str, ...] = option(
        (), "resource class", flag="--class", choices=tuple("012345"), group="which languages"
    )
    has: tuple[str, ...] = _kinds()
    missing: tuple[str, ...] = _kinds()
    text: str | None = option(None, "words in the names and codes", group="which languages")
    sign: bool | None = option(
        None, "sign languages only, or none of them", group="which languages"
    )
    lang: str | None = common(
        "--lang", help="one language: all facts with sources", group="which languages"
    )
    limit: int | None = common("--limit", group="which languages")
    advise: str | None = option(
        None, "where one more resource of this kind would help most", choices=DATA_KINDS
    )
    goal: str = option("speakers", "what the advice is for", choices=GOALS)
    format: str | None = option(None, "what to print (default table)", choices=FORMATS)
    out: Path | None = option(None, "file to write to; for cldf a folder")
    bom: bool = option(False, "of csv: begin with a byte-order mark, which Excel needs")
    rebuild: bool = option(
        False, "build the inventory anew; prints no table unless --format asks for one"
    )
    offline: bool = common("--offline")

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        check(self)


def main(argv: Sequence[str] | None = None) -> int:
    """The command line: select and export, one language, or rebuild."""
    about = "All languages x all resources, with the source of each cell."
    return command("data.inventory", about, Config, show, argv)


def show(config: Config) -> None:
    """Print or write what is asked for; notes and counts go to stderr."""
    inventory = load_inventory(access=Access.of(config, _say), rebuild=config.rebuild)
    for note in inventory.notes:
        _say(f"note: {note}")
    table = _selected(inventory, config)
    if config.advise:
        _show(_advice(table, config), config.out)
        return
    _say(f"{table.height:,} of {counted(inventory.table).height:,} languages")
    if config.lang and config.format is None:
        _show(page(inventory, table["glottocode"][0]), config.out)
    elif config.format or not config.rebuild:
        _write(inventory, table, config)


def _advice(table: polars.DataFrame, config: Config) -> str:
    """The advice for the selected languages, a line each, with what lists know of them."""
    goal: Any = config.goal
    found = advise(table, config.advise or "", goal, config.limit or TOP)
    return "\n".join(map(_advised, found.to_dicts())) + "\n" if found.height else NO_ADVICE


def _advised(row: dict[str, Any]) -> str:
    exists = ", ".join(row["exists"] or ()) or "no data"
    made = f"; from {', '.join(row['from'])}" if row["from"] else ""
    code = row["bcp47"] or row["glottocode"]
    named = f"{code:10}{row['name'][:30]:32}{(row['genus'] or '')[:22]:24}"
    standing = f"{row['endangerment'] or '?':24}{_figure(row['speakers']):>12}"
    return f"{named}{standing}  {exists}; {row['listed'] or 0} facts in lists{made}"


def _say(line: str) -> None:
    print(line, file=sys.stderr)


def _selected(inventory: Inventory, config: Config) -> polars.DataFrame:
    """The rows that the options ask for; `--lang` is one row, whatever the filters say."""
    if config.lang:
        import polars as pl

        glottocode = find(inventory, config.lang)
        return inventory.table.filter(pl.col("glottocode") == glottocode)
    wanted = {name: getattr(config, name) for name in FILTERS}
    for name, values in wanted.items():
        for value in values:
            _check(inventory.table, name, value)
    return select(
        inventory.table,
        **wanted,
        resource_class=[int(number) for number in config.resource_class],
        has=config.has,
        missing=config.missing,
        text=config.text or "",
        sign=config.sign,
        limit=None if config.advise else config.limit,
    )


def _check(table: polars.DataFrame, name: str, value: str) -> None:
    """Refuse a value that no language has, and say when one is a group of the tree."""
    known = _values(table, COLUMNS_OF.get(name, name))
    if value in known:
        return
    is_group = name in ("genus", "family")
    groups = set(group_names(table)) if is_group else set()
    called = groups_called(table, value) if is_group else ()
    if called == (value,):
        _say(f'note: "{value}" is no {name}; taken as the group of that name in Glottolog\'s tree')
        return
    if called:
        _say(f'note: "{value}" is taken as {", ".join(called)}')
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


def _write(inventory: Inventory, table: polars.DataFrame, config: Config) -> None:
    form, out = config.format, config.out
    if form == "cldf":
        _write_cldf(export_cldf(inventory, table), out)
        return
    if form == "csv":
        _put(export_csv(table, bom=config.bom), out)
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
