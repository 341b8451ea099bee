"""Text and labels in a language with few resources, from English text and a bilingual lexicon.

    python -m lexaug.synthesize --lang wo --lexicon gatitos --input news.en.zst --out runs/wo
    python -m lexaug.synthesize --lang sw --input sample --mode parallel --format jsonl
    python -m lexaug.synthesize --lang wo --input ewt:train --mode tags --policy pos
    zcat news.en.gz | python -m lexaug.synthesize --lang bm --input - --out - > news.bm

The recipe is that of Wang, Ruder and Neubig (2022), with phrases, inflection and an account of
every replacement. The folder holds the records, config.json, coverage.json, coverage.html and a
dataset card. A killed run goes on when the same command is started again, to the same bytes.
docs/SYNTHESIS.md tells what the modes do and how to run this on a cluster.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.cli import Parser, run
from data.pages import Tabular

if TYPE_CHECKING:
    from lexaug.synthesis.journal import Journal
    from lexaug.synthesis.prepare import Prepared
    from lexaug.synthesis.run import SynthesisConfig

OPTIONS: dict[str, dict[str, Any]] = {
    "--input": {
        "metavar": "NAME",
        "help": "English text: a file (.gz and .zst are unpacked), - for standard input, sample, "
        "or a corpus of the catalog such as lafand:train; with --mode tags two columns, ewt:train",
    },
    "--mode": {
        "default": "mono",
        "help": "mono (default), switch (mixed with English, keeps all lines), parallel (source "
        "and result), tags (labelled tokens)",
    },
    "--lexicon": {
        "metavar": "NAME",
        "help": "a data set of the catalog (gatitos, freedict), sample, or a file; several with "
        "commas between; default: the best at hand",
    },
    "--lexicon-format": {
        "help": "of files: table, pairs, muse, dictd, panlex, wiktextract (default: seen)",
    },
    "--lexicon-header": {
        "choices": ("yes", "no"),
        "help": "whether the first line of a file names its columns (default: seen, and said)",
    },
    "--policy": {
        "default": "uniform",
        "help": "which of several translations: first, uniform (default), frequency, or pos "
        "(fits the tag; --mode tags)",
    },
    "--ratio": {
        "type": float,
        "metavar": "R",
        "help": "share of known phrases to replace (default 1; switch: 0.5)",
    },
    "--keep-at-least": {
        "type": int,
        "metavar": "N",
        "help": "keep what has so many words replaced (default 3, as published)",
    },
    "--keep-share": {
        "type": float,
        "metavar": "R",
        "help": "instead: keep what has this share of its words replaced",
    },
    "--inflect": {
        "action": argparse.BooleanOptionalAction,
        "default": None,
        "help": "give replacements the inflection of what they replace (default: where there are "
        "tables)",
    },
    "--inflect-with": {
        "metavar": "WAY",
        "default": "rules",
        "help": "who gives the forms: tables; rules (default): those that tables lack are made by "
        "rules learned from them; or the FOLDER of a model of morph.train, which makes them",
    },
    "--inflect-confidence": {
        "type": float,
        "metavar": "R",
        "default": 0.8,
        "help": "from which confidence, 0 to 1, a form that was made is used (default 0.8)",
    },
    "--scheme": {
        "help": "of labels: pos, bio, iob1, bioes, bmes or bilou (default: seen from the first "
        "sentences, and said); names become BIO"
    },
    "--provenance": {"action": "store_true", "help": "write an account of every replacement"},
    "--format": {"default": "text", "help": "text (default), jsonl, parquet"},
    "--compress": {"metavar": "gz|zst", "help": "pack text, jsonl and provenance"},
    "--licence": {"metavar": "SPDX", "help": "of the input, where it is a file: CC-BY-4.0, ..."},
    "--skip-bad": {"action": "store_true", "help": "leave bad lines out and count them"},
    "--dropped": {"type": Path, "metavar": "FILE", "help": "write what is left out, with reasons"},
}


@dataclass(frozen=True, repr=False)
class Synthesis(Tabular):
    """A finished run: where it lies (None: standard output), and what coverage.json says."""

    folder: Path | None
    figures: dict[str, Any]

    def summary(self) -> str:
        """How much was kept and replaced, and where it lies."""
        f = self.figures
        return (
            f"{f['kept']:,} of {f['records']:,} lines kept, {f['replaced_words']:,} of their"
            f" {f['kept_words']:,} words replaced; {self.folder or 'standard output'}"
        )

    def rows(self) -> list[dict[str, Any]]:
        """A row a figure of coverage.json; shares are percentages."""
        numbers = [(k, v) for k, v in self.figures.items() if isinstance(v, int | float)]
        return [{"figure": name, "value": float(value)} for name, value in numbers]


def synthesize(
    config: SynthesisConfig,
    say: Callable[[str], None] | None = None,
    advance: Callable[[int, int | None], None] | None = None,
) -> Synthesis:
    """Make the synthetic text or labels that a configuration asks for.

    Args:
        say: called with one line about what happens.
        advance: called with (bytes of the text done, bytes in all or None).

    Raises:
        InputError: a wrong option, file or line; the message says where and what next.
        UnavailableError: a file or package cannot be had, or the disk is full.
    """
    from lexaug.synthesis.coverage_report import figures
    from lexaug.synthesis.journal import locked
    from lexaug.synthesis.prepare import open_folder, prepare
    from lexaug.synthesis.writing import write_blocks, write_stream

    prepared = prepare(config, say)
    if config.to_stdout:
        return Synthesis(None, figures(write_stream(prepared, sys.stdout.buffer), []))
    with locked(prepared.folder):
        settings = open_folder(prepared)
        journal = write_blocks(prepared, prepared.folder, dropped=config.dropped, advance=advance)
        return finish(prepared, settings, journal)


def finish(prepared: Prepared, settings: dict[str, Any], journal: Journal) -> Synthesis:
    """Write coverage.json, coverage.html and the dataset card of a run that is done.

    Raises:
        InputError: the text was empty.
        UnavailableError: the folder was removed while the run wrote there.
    """
    from data.errors import InputError
    from data.files import check_not_removed, write_whole
    from lexaug.synthesis.coverage_report import figures, write_coverage
    from lexaug.synthesis.dataset_card import card
    from lexaug.synthesis.formats import file_name

    config = prepared.config
    if not journal.tally.numbers["lines"]:
        raise InputError(f"{prepared.text.name}: expected text, found none; give a file with some")
    found = figures(journal.tally, journal.examples)
    write_coverage(prepared.folder, found, settings, prepared.language)
    records = file_name(config.mode, config.format, config.compress)
    write_whole(prepared.folder / "README.md", card(settings, found, records))
    check_not_removed(prepared.folder / "config.json")  # written first: if it stands, all does
    return Synthesis(prepared.folder, found)


def main(argv: Sequence[str] | None = None) -> int:
    """The command line; `synthesize` is the function beneath it."""
    parser = Parser("lexaug.synthesize", __doc__ or "")
    parser.add_common("--lang")
    for name, settings in OPTIONS.items():
        parser.add_argument(name, **settings)
    parser.add_common("--limit", "--seed", "--workers", "--out", "--offline", "-v")
    return run(parser, _synthesize, argv)


def _synthesize(options: argparse.Namespace) -> int:
    from data.errors import InputError
    from lexaug.synthesis import console
    from lexaug.synthesis.run import SynthesisConfig

    settings = vars(options)
    for name in ("lang", "input"):
        if settings[name] is None:
            raise InputError(f"--{name} is missing; see python -m lexaug.synthesize --help")
    del settings["verbose"]
    with console.progress_bar() as progress:
        done = synthesize(SynthesisConfig(**settings), progress.say, progress.advance)
    console.show_synthesis(done)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
