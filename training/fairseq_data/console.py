"""The command line of `python -m training.fairseq`: one function a subcommand."""

from __future__ import annotations

import argparse
import shlex
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from data.cli import Parser, run
from data.errors import InputError
from training.fairseq_data.commands import OBJECTIVES, Commands, shell
from training.fairseq_data.files import prepare
from training.fairseq_data.generated import read_generated
from training.fairseq_data.prepare import TEST, TRAIN, VALID, Prepared, Vocabulary
from training.fairseq_data.records import write_generated
from training.fairseq_data.units import CHARACTERS, WORDS, units

SPLITS = (TRAIN, VALID, TEST)


def main(argv: Sequence[str] | None = None) -> int:
    """The command line: prepare, read."""
    parser = Parser("training.fairseq", "Data for fairseq, and what it generated read back.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="prepare|read")
    _add_prepare(commands.add_parser("prepare", help="write data that fairseq-train opens"))
    _add_read(commands.add_parser("read", help="read what fairseq-generate printed"))
    return run(parser, _command, argv)


def _add_prepare(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--objective", required=True, choices=OBJECTIVES)
    for split in SPLITS:
        add(f"--{split}", nargs="+", type=Path, metavar="FILE", help=f"text of the part {split}")
    add("--source", help="language of the source: its column in a .tsv, and part of file names")
    add("--target", help="language of the target")
    add("--units", default=WORDS, help=f"{WORDS} (default), {CHARACTERS}, or a SentencePiece model")
    add("--threshold", type=int, default=0, help="symbols seen fewer times become <unk>")
    add("--size", type=int, help="most symbols in a dictionary (default: all)")
    add("--joined", action="store_true", help="one dictionary for source and target")
    add("--dict", type=Path, metavar="DIR", help="take the dictionaries of this folder instead")
    add("--skip-bad", action="store_true", help="leave out bad lines and pairs, and count them")
    add("--out", type=Path, required=True, help="folder to write to")
    add("-v", action="store_true", dest="verbose", help="tracebacks for errors")


def _add_read(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--generated", type=Path, required=True, help="what fairseq-generate printed")
    add("--out", type=Path, required=True, help="file to write, .jsonl or .txt")
    add("--units", default=WORDS, help="as they were prepared (default: words)")
    add("--expected", type=int, metavar="N", help="how many sentences the input has")
    add("--allow-missing", action="store_true", help="take it when sentences were left out")
    add("-v", action="store_true", dest="verbose", help="tracebacks for errors")


def _command(options: argparse.Namespace) -> None:
    (_prepare if options.command == "prepare" else _read)(options)


def _prepare(options: argparse.Namespace) -> None:
    files = {split: getattr(options, split) for split in SPLITS if getattr(options, split)}
    if (options.source is None) != (options.target is None):
        raise InputError("expected --source and --target, found one of them; give both or none")
    prepared, commands = prepare(
        files,
        options.out,
        options.objective,
        languages=None if options.source is None else (options.source, options.target),
        cut=options.units,
        vocabulary=Vocabulary(options.threshold, options.size, options.joined, options.dict),
        skip_bad=options.skip_bad,
    )
    for name, size in prepared.sizes.items():
        print(
            f"{name:24}{size.sentences:>10,} sentences{size.tokens:>12,} tokens"
            f"{size.unknown:>8,} unknown, longest {size.longest:,}"
        )
    for language, dictionary in prepared.dictionaries.items():
        print(f"{'dictionary ' + language:24}{len(dictionary):>10,} symbols")
    print("\n".join(["", *_next(commands, options.units, prepared)]))


def _next(commands: Commands, cut: str, prepared: Prepared) -> Iterator[str]:
    """The commands that come next."""
    yield shell(commands.train())
    if commands.languages is None or TEST not in commands.splits:
        return
    generated = commands.out / "generated.txt"
    yield f"{shell(commands.generate())} > {shlex.quote(str(generated))}"
    expected = next(size for name, size in prepared.sizes.items() if name.startswith(TEST))
    yield shlex.join(
        [
            *("python", "-m", "training.fairseq", "read", "--generated", str(generated)),
            *("--units", cut, "--expected", str(expected.sentences)),
            *("--out", str(commands.out / "hypotheses.jsonl")),
        ]
    )


def _read(options: argparse.Namespace) -> None:
    counts: Counter[str] = Counter()
    found = read_generated(
        options.generated,
        expected=options.expected,
        allow_missing=options.allow_missing,
        counts=counts,
    )
    write_generated(options.out, found, units(options.units))
    print(f"{options.out}: {len(found):,} sentences")
    for reason, number in sorted(counts.items()):
        print(f"  {number:,} {reason}")
