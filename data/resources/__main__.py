"""The command line of `python -m data.resources`: what exists, and how large it is."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from data.access import Access
from data.catalog import catalog, dataset
from data.cli import Parser, run
from data.errors import InputError
from data.languages import resolve
from data.resources import KINDS, LEFT_OUT, SIZES, Resource, left_out, resources, sizes
from data.resources.listed import ROLES, facts_of_codes, iso_codes_of


def main(argv: Sequence[str] | None = None) -> int:
    """The command line: list, world, measure."""
    parser = Parser("data.resources", "What exists for a language, and how large it is.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="list|world|measure")
    listing = commands.add_parser("list", help="one line a resource")
    listing.add_argument("--kind", choices=sorted({kind for kind, _ in KINDS.values()}))
    listing.add_argument("--unmapped", action="store_true", help="only those without a glottocode")
    listing.add_argument("--left-out", action="store_true", help="files that are no resource, why")
    listing.add_common("--lang", "-v")
    world = commands.add_parser("world", help="what lists name for a language, here or not")
    world.add_argument("--role", choices=ROLES, help="data, models, software or typology only")
    world.add_common("--lang", "-v")
    measuring = commands.add_parser("measure", help="count records and write sizes.tsv")
    measuring.add_argument("datasets", nargs="*", metavar="DATASET", help="all by default")
    measuring.add_argument(
        "--out", type=Path, default=SIZES, help="file to write (default: the package's sizes.tsv)"
    )
    measuring.add_common("--offline", "-v")
    return run(parser, _run, argv)


def _run(options: argparse.Namespace) -> None:
    if options.command == "measure":
        measure(options.datasets, options.out, Access.of(options))
    elif options.command == "world":
        list_world(options.lang, options.role)
    elif options.left_out:
        list_left_out()
    else:
        list_resources(options.lang, options.kind, unmapped=options.unmapped)


def list_resources(lang: str | None, kind: str | None, *, unmapped: bool) -> None:
    """One line a resource: language, glottocode, kind, data set, group, size, licence."""
    tag = resolve(lang).bcp47 if lang else None
    chosen = [
        resource
        for resource in resources()
        if tag in (None, resource.language)
        and kind in (None, resource.kind)
        and not (unmapped and resource.glottocode)
    ]
    header = ("language", "glottocode", "kind", "data set", "group", "size", "unit")
    print(_line(*header) + "licence")
    for resource in chosen:
        print(_line(*_cells(resource)) + resource.licence)
    print(f"{len(chosen)} resources, {sum(r.size is None for r in chosen)} of unknown size")


def list_world(lang: str | None, role: str | None) -> None:
    """One line a fact of the lists: role, kind, set, code, size, licence, date, link.

    Raises:
        InputError: no language is named.
    """
    if not lang:
        raise InputError("name a language: --lang wo")
    language = resolve(lang)
    codes = iso_codes_of(language.individual, [language.bcp47])
    found = [fact for fact in facts_of_codes(codes) if role in (None, fact.of.role)]
    for fact in found:
        size = "unknown" if fact.size is None else f"{fact.size:,.0f}"
        told = [fact.licence or "licence not stated", fact.date, fact.link]
        told += [f"{fact.of.religious} religious"] if fact.of.religious else []
        named = f"{fact.of.role:9}{fact.of.kind:19}{fact.of.title[:40]:42}{fact.code:18}"
        print(f"{named}{size:>12} {fact.of.unit:10}{'; '.join(told)}")
    print(f"{len(found)} facts, {sum(fact.size is None for fact in found)} of unknown size")


def _cells(resource: Resource) -> tuple[str, ...]:
    size = "unknown" if resource.size is None else f"{resource.size:,}"
    names = (resource.language, resource.glottocode or "none", resource.kind)
    return (*names, resource.dataset, resource.group, size, resource.unit)


def _line(language: str, glottocode: str, kind: str, name: str, group: str, *size: str) -> str:
    place = f"{language:10}{glottocode:12}{kind:12}{name:16}{group:12}"
    return f"{place}{size[0]:>10} {size[1]:12}"


def list_left_out() -> None:
    """One line a data set and role: how many of its files are no resource, and why."""
    for entry, role, number in left_out():
        print(f"{entry.name:16}{role:20}{number:>4} files  {LEFT_OUT[role]}")


def _some(groups: Sequence[str]) -> str:
    """At most eight names, and how many more there are."""
    more = f" and {len(groups) - 8} more" if len(groups) > 8 else ""
    return ", ".join(groups[:8]) + more


def measure(names: Sequence[str], out: Path, access: Access) -> None:
    """Count the records of these data sets (all by default) and write the table of sizes.

    A part whose files no source has keeps the size it had, and is named on stderr.
    """
    from data.resources.measure import measure as sizes_of
    from data.resources.measure import write_sizes

    known = dict(sizes())
    for entry in [dataset(name) for name in names] or catalog().values():
        absent: list[str] = []
        for part, size in sizes_of(entry, access=access):
            if size:
                known[entry.name, part.group] = size
                print(f"{entry.name:16}{part.group:12}{size.records:>10,}  {size.measured}")
            else:
                absent.append(part.group)
        if absent:
            print(f"{entry.name} {_some(absent)}: no source has its files", file=sys.stderr)
    write_sizes(out, known)
    print(f"wrote {out}")


if __name__ == "__main__":
    raise SystemExit(main())
