"""The command line of `python -m data.word_lists`: list, show, check, swap."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from data.cli import Parser, run, typed_lines
from data.errors import InputError
from data.tsv import read_header
from data.word_lists import (
    PAIR_COLUMNS,
    WORD_COLUMNS,
    Pairs,
    gender_pairs,
    knows_no_gender,
    pairs,
    word_lists,
    words,
)
from data.word_lists.swap import RoleSwap


def main(argv: Sequence[str] | None = None) -> int:
    """The command line: list, show, check, swap."""
    parser = Parser("data.word_lists", "Lists of gendered words, professions, attributes.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="list|show|check|swap")
    commands.add_parser("list", help="one line a list").add_common("-v")
    show = commands.add_parser("show", help="one list: licence, who checked it, its words")
    show.add_argument("name", help="its name, as `list` prints it")
    show.add_common("-v")
    check = commands.add_parser("check", help="check a table of your own")
    check.add_argument("name", metavar="FILE", help="columns female, male, tag, group; word, group")
    check.add_common("--lang", "-v")
    swap = commands.add_parser("swap", help="write lines of text with women and men swapped")
    swap.add_argument("name", metavar="FILE", help="text, a sentence a line; - is standard input")
    swap.add_argument("--word-list", help="pairs by name, or a table (default: the language's)")
    swap.add_argument("--names", help="a table of names to be swapped as well, as pairs")
    swap.add_common("--lang", "-v")
    return run(parser, _run, argv)


def _run(options: argparse.Namespace) -> int:
    if options.command == "list":
        return _list()
    if options.command == "show":
        return _show(options.name)
    if options.command == "check":
        return _check(Path(options.name), options.lang)
    return _swap(options)


def _list() -> int:
    print(f"{'name':24}{'kind':7}{'lang':6}{'licence':12}{'entries':>8}  purpose; who checked it")
    for name, about in word_lists().items():
        entries = len(pairs(name).rows if about.kind == "pairs" else words(name).words)
        print(
            f"{name:24}{about.kind:7}{about.language:6}{about.licence:12}{entries:>8}  "
            f"{about.purpose}; {about.checked}"
        )
    return 0


def _show(name: str) -> int:
    about = word_lists().get(name)
    found = words(name) if about and about.kind == "words" else pairs(name)
    for key in ("name", "language", "licence", "author", "checked", "purpose", "note"):
        print(f"{key:10}{getattr(found.about, key)}")
    if isinstance(found, Pairs):
        for pair in found.rows:
            print(
                f"{pair.female} / {pair.male}  ({', '.join(filter(None, (pair.group, pair.tag)))})"
            )
        return 0
    for group, members in found.groups.items():
        print(f"{group}: {', '.join(members)}")
    return 0


def _check(path: Path, language: str | None) -> int:
    if not path.is_file():
        raise InputError(f"{path}: no such file; name a table of your own")
    header = read_header(path)
    if header == WORD_COLUMNS:
        found = words(path, language)
        print(f"{path}: {len(found.words)} words in {len(found.groups)} groups")
        return 0
    if header != PAIR_COLUMNS:
        raise InputError(
            f"{path}:1: expected the columns {', '.join(PAIR_COLUMNS)} or"
            f" {', '.join(WORD_COLUMNS)}, found {', '.join(header)}; name them on the first line"
        )
    list_ = pairs(path, language)
    RoleSwap(list_)  # a language without a tagger cannot take a word with two roles
    print(f"{path}: {len(list_.rows)} pairs, one to one")
    return 0


def _swap(options: argparse.Namespace) -> int:
    if options.lang is None:
        raise InputError("expected the language of the text; name it with --lang")
    if options.word_list is None:
        found = gender_pairs(options.lang)
    else:
        found = pairs(options.word_list, options.lang)
    names = pairs(options.names, options.lang) if options.names else None
    reversal, counts = RoleSwap(found, names=names), Counter[str]()
    for line in typed_lines(options.name):
        swapped = reversal.swap(line)
        print(swapped.text)
        counts.update(changed=swapped.changes, unclear=swapped.unclear, lines=1)
    note = "; pronouns know no gender: nouns only" if knows_no_gender(options.lang) else ""
    print(
        f"{counts['lines']} lines, {counts['changed']} words swapped,"
        f" {counts['unclear']} left since their role was not clear{note}",
        file=sys.stderr,
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
