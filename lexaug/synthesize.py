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

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.access import Access
from data.options import command
from data.pages import Tabular
from lexaug.config import SynthesisConfig

if TYPE_CHECKING:
    from lexaug.synthesis.journal import Journal
    from lexaug.synthesis.prepare import Prepared

Advance = Callable[[str, float, float | None], None]


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
    config: SynthesisConfig, access: Access | None = None, advance: Advance | None = None
) -> Synthesis:
    """Make the synthetic text or labels that a configuration asks for.

    Args:
        access: how files are reached, and who is told; by default as `config.offline` says.
        advance: called with (what is done, how much of it is, how much there is or None): forms
            of the lexicon the first time, then bytes of the text.

    Raises:
        InputError: a wrong option, file or line; the message says where and what next.
        UnavailableError: a file or package cannot be had, or the disk is full.
    """
    from lexaug.synthesis.prepare import prepare

    return _written(prepare(config, access, advance), advance)


def _written(prepared: Prepared, advance: Advance | None) -> Synthesis:
    """Make what was prepared."""
    from lexaug.synthesis.prepare import open_folder
    from lexaug.synthesis.reports import figures
    from lexaug.synthesis.writing import write_blocks, write_stream
    from runfolder.folder import locked

    dropped = prepared.config.dropped
    if prepared.config.to_stdout:
        return Synthesis(None, figures(write_stream(prepared, sys.stdout.buffer), []))
    with locked(prepared.folder):
        held = open_folder(prepared)
        return finish(held, write_blocks(held, held.folder, dropped=dropped, advance=advance))


def finish(prepared: Prepared, journal: Journal) -> Synthesis:
    """Write coverage.json, coverage.html and the dataset card of a run that is done.

    Raises:
        InputError: the text was empty.
        UnavailableError: the folder was removed while the run wrote there.
    """
    from data.errors import InputError
    from data.files import check_not_removed, write_whole
    from lexaug.synthesis.formats import file_name
    from lexaug.synthesis.reports import card, figures, write_coverage

    config, settings = prepared.config, prepared.settings
    if not journal.tally.numbers["lines"]:
        raise InputError(f"{prepared.text.name}: expected text, found none; give a file with some")
    coverage = figures(journal.tally, journal.examples)
    write_coverage(prepared.folder, coverage, settings, prepared.language, prepared.command)
    records = file_name(config.mode, config.format, config.compress)
    write_whole(prepared.folder / "README.md", card(settings, coverage, records))
    check_not_removed(prepared.folder / "config.json")  # written first: if it stands, all does
    return Synthesis(prepared.folder, coverage)


def main(argv: Sequence[str] | None = None) -> int:
    """The command line; `synthesize` is the function beneath it."""
    return command("lexaug.synthesize", __doc__ or "", SynthesisConfig, _synthesize, argv)


def _synthesize(config: SynthesisConfig) -> None:
    from lexaug.synthesis.prepare import prepare
    from runfolder.console import progress_bar, say, show

    with progress_bar() as progress:
        prepared = prepare(config, Access.of(config, progress.say), progress.advance)
    with progress_bar("bytes") as progress:
        done = _written(prepared, progress.advance)
    for line in _told(done.figures):
        say(line)
    if done.folder is not None:
        show(str(done.folder))


def _told(figures: Mapping[str, Any]) -> Iterator[str]:
    """The figures that matter most, a line each."""
    shares = {
        name: "none" if share is None else f"{share:.1f} %"
        for name, share in figures.items()
        if name.endswith(("_share", "_coverage"))
    }
    yield f"kept {figures['kept']:,} of {figures['records']:,} ({shares['kept_share']})"
    for reason, count in (*figures["dropped"].items(), *figures["repaired"].items()):
        yield f"  {reason}: {count:,}"
    yield f"coverage {shares['token_coverage']} of words, {shares['type_coverage']} of types"
    rules = ", ".join(f"{rule} {count:,}" for rule, count in figures["by_rule"].items())
    yield f"replaced {shares['replaced_share']} of the words kept: {rules}"


if __name__ == "__main__":
    raise SystemExit(main())
