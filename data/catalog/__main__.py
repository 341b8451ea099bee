"""The command line of `python -m data.catalog`: one function a subcommand."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence

from data.access import Access, cache_folder
from data.catalog import Dataset, File, catalog, dataset
from data.cli import Parser, run
from data.download import NoSourceError, fetch
from data.download import verify as verify_file
from data.errors import UnavailableError
from data.languages import resolve


def main(argv: Sequence[str] | None = None) -> int:
    """The command line: list, show, fetch, verify."""
    parser = Parser("data.catalog", "What exists, where it comes from, under which licence.")
    commands = parser.add_subparsers(
        dest="command", required=True, metavar="list|show|fetch|verify"
    )
    commands.add_parser("list", help="one line a data set").add_common("-v")
    for name, help_text in (
        ("show", "one data set: licence, citation, languages, files"),
        ("fetch", "bring its files into the cache"),
        ("verify", "check the cached files against their checksums"),
    ):
        command = commands.add_parser(name, help=help_text)
        command.add_argument("dataset", nargs="?" if name == "verify" else None)
        command.add_common(*(["--lang", "--offline", "-v"] if name == "fetch" else ["-v"]))
    return run(parser, _run, argv)


def _run(options: argparse.Namespace) -> int:
    if options.command == "list":
        return list_datasets()
    if options.command == "show":
        return show(dataset(options.dataset))
    if options.command == "fetch":
        return fetch_all(dataset(options.dataset), options.lang, Access.of(options, _tell))
    return verify([dataset(options.dataset)] if options.dataset else list(catalog().values()))


def list_datasets() -> int:
    """One line a data set: name, kind, languages, files in the cache, licence, title."""
    print(f"{'name':24}{'kind':11}{'languages':>9}{'cached':>9}  {'licence':18} title")
    for entry in catalog().values():
        cached = sum((cache_folder() / file.path).exists() for file in entry.files)
        count = f"{cached}/{len(entry.files)}"
        languages = len(entry.codes()) or ""
        print(
            f"{entry.name:24}{entry.kind:11}{languages:>9}{count:>9}  {entry.licence:18} "
            f"{entry.title}"
        )
    return 0


def show(entry: Dataset) -> int:
    """All that the catalog knows of a data set."""
    for name in ("name", "title", "kind", "reader", "licence", "citation", "homepage", "note"):
        print(f"{name:10}{getattr(entry, name)}")
    print(f"{'languages':10}{' '.join(sorted(entry.codes())) or 'none'}")
    print(f"{'files':10}{len(entry.files)}")
    for file in entry.files:
        size = f"{file.bytes:,}" if file.bytes else "size unknown"
        pinned = file.sha256 or (f"git:{file.blob}" if file.blob else "not pinned")
        licence = f"  {file.licence}" if file.licence else ""
        print(f"  {file.role:10} {file.path}  {size}  {pinned}{licence}")
    return 0


def fetch_all(entry: Dataset, lang: str | None, access: Access) -> int:
    """Bring a data set, or one language of it, into the cache.

    Raises:
        NoSourceError: some files could not be had; all others were brought.
    """
    missing = []
    for file in _chosen(entry, lang):
        try:
            fetched = fetch(file, access=access)
        except NoSourceError as error:
            missing.append(error)
            continue
        pinned = "" if fetched.pinned else "  (not pinned: its checksum is recorded, not known)"
        print(f"{fetched.path}  from {fetched.origin}{pinned}")
    if len(missing) == 1:
        raise missing[0]
    if missing:
        raise NoSourceError(f"{len(missing)} files could not be had; the first: {missing[0]}")
    return 0


def _tell(line: str) -> None:
    print(line, file=sys.stderr)


def _chosen(entry: Dataset, lang: str | None) -> list[File]:
    if lang is None:
        return [file for file in entry.files if file.role != "archive"]
    files = [file for file in entry.contents if file.role != "archive"]
    code = entry.code_for(resolve(lang))
    groups = {file.group for file in files if file.group and code in file.codes}
    # Where one English file is aligned with those of all languages, it is needed beside each.
    alone = {code, resolve("en").code_in(entry.codes())}
    return [
        file
        for file in files
        if (file.group in groups if file.group else not file.codes or alone & {*file.codes})
    ]


def verify(entries: Iterable[Dataset]) -> int:
    """Check what is cached; exit code 1 when a file was wrong (it is deleted)."""
    right = wrong = 0
    for file in (file for entry in entries for file in entry.files):
        path = cache_folder() / file.path
        if not path.exists():
            continue
        try:
            verify_file(file, path)
            right += 1
        except UnavailableError as error:
            print(error, file=sys.stderr)
            wrong += 1
    print(
        f"{right} files as the catalog names them, {wrong} wrong and deleted, in {cache_folder()}"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
