"""The command line of `python -m training.fairseq`: prepare, read."""

from __future__ import annotations

import argparse
import shlex
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from data.cli import Parser, run
from data.errors import InputError
from data.options import add_options, check, common, config_of, option
from runfolder.console import show
from training.fairseq.data import TEST, TRAIN, VALID, Prepared, Vocabulary, prepare
from training.fairseq.generated import read_generated, write_generated
from training.fairseq.programs import OBJECTIVES, Commands, shell
from training.fairseq.text import CHARACTERS, WORDS, units

SPLITS = (TRAIN, VALID, TEST)


@dataclass(frozen=True, slots=True)
class PrepareOptions:
    """Write data that fairseq-train opens."""

    objective: str = option(None, "what the model learns", choices=OBJECTIVES, required=True)
    train: tuple[Path, ...] = option((), "text of the part train", metavar="FILE")
    valid: tuple[Path, ...] = option((), "text of the part valid", metavar="FILE")
    test: tuple[Path, ...] = option((), "text of the part test", metavar="FILE")
    source: str | None = option(
        None, "language of the source: its column in a .tsv, and part of file names"
    )
    target: str | None = option(None, "language of the target")
    units: str = option(WORDS, f"{WORDS} (default), {CHARACTERS}, or a SentencePiece model")
    threshold: int = option(0, "symbols seen fewer times become <unk>")
    size: int | None = option(None, "most symbols in a dictionary (default: all)")
    joined: bool = option(False, "one dictionary for source and target")
    dictionaries: Path | None = option(
        None, "take the dictionaries of this folder instead", flag="--dict", metavar="DIR"
    )
    skip_bad: bool = option(False, "leave out bad lines and pairs, and count them")
    out: Path = common("--out", required=True)

    def __post_init__(self) -> None:
        check(self)


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """Read what fairseq-generate printed."""

    generated: Path = option(None, "what fairseq-generate printed", required=True)
    out: Path = common("--out", required=True, help="file to write, .jsonl or .txt")
    units: str = option(WORDS, f"as they were prepared (default: {WORDS})")
    expected: int | None = option(None, "how many sentences the input has", metavar="N")
    allow_missing: bool = option(False, "take it when sentences were left out")

    def __post_init__(self) -> None:
        check(self)


def main(argv: Sequence[str] | None = None) -> int:
    """The command line: prepare, read."""
    parser = Parser("training.fairseq", "Data for fairseq, and what it generated read back.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="prepare|read")
    for name, config in (("prepare", PrepareOptions), ("read", ReadOptions)):
        about = (config.__doc__ or "").rstrip(".")
        one = commands.add_parser(name, help=about[0].lower() + about[1:])
        add_options(one, config)
        one.add_common("-v")
    return run(parser, _command, argv)


def _command(given: argparse.Namespace) -> None:
    if given.command == "prepare":
        _prepare(config_of(PrepareOptions, given))
    else:
        _read(config_of(ReadOptions, given))


def _prepare(options: PrepareOptions) -> None:
    files = {split: getattr(options, split) for split in SPLITS if getattr(options, split)}
    if (options.source is None) != (options.target is None):
        raise InputError("expected --source and --target, found one of them; give both or none")
    prepared, commands = prepare(
        files,
        options.out,
        options.objective,
        languages=(options.source, options.target) if options.source and options.target else None,
        cut=options.units,
        vocabulary=Vocabulary(
            options.threshold, options.size, options.joined, options.dictionaries
        ),
        skip_bad=options.skip_bad,
    )
    for name, size in prepared.sizes.items():
        show(
            f"{name:24}{size.sentences:>10,} sentences{size.tokens:>12,} tokens"
            f"{size.unknown:>8,} unknown, longest {size.longest:,}"
        )
    for language, dictionary in prepared.dictionaries.items():
        show(f"{'dictionary ' + language:24}{len(dictionary):>10,} symbols")
    show("\n".join(["", *_next(commands, options.units, prepared)]))


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


def _read(options: ReadOptions) -> None:
    counts: Counter[str] = Counter()
    found = read_generated(
        options.generated,
        expected=options.expected,
        allow_missing=options.allow_missing,
        counts=counts,
    )
    write_generated(options.out, found, units(options.units))
    show(f"{options.out}: {len(found):,} sentences")
    for reason, number in sorted(counts.items()):
        show(f"  {number:,} {reason}")


if __name__ == "__main__":
    raise SystemExit(main())
