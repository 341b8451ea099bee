"""One page a model: quality, cost, privacy, fairness, size and data, a column a language.

    python -m trust.card --model runs/nlu-1f2e
    python -m trust.card --model runs/nlu-1f2e --beside runs/nlu-9c0d
    python -m trust.card --model runs/nlu-1f2e --measure

What runs under --runs have measured of the model is read and put together: its own run, what was
trained from it, probe.retrieve, probe.cost, trust.audit, trust.fairness, trust.federated. A run
counts where it was of the same weights, by their revision. Nothing is measured anew in silence:
what is missing is listed with the command that fills it, and --measure makes the cheap ones
(pieces, gaps, speed). --beside puts a second model next to it, with the differences. The folder
gets report.html, card.json, and README.md as Hugging Face has model cards.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from data.access import Access
from data.options import check, command, command_line, common, option

if TYPE_CHECKING:
    from trust.model_card.facts import Card, Row

MOST_NOTES = 5  # on a terminal
PAGE, JSON, README = "report.html", "card.json", "README.md"


@dataclass(frozen=True, slots=True)
class CardOptions:
    """What `python -m trust.card` is asked for."""

    model: str = option(None, "a run's folder, or a model's", metavar="NAME", required=True)
    beside: str | None = option(None, "a second model", metavar="NAME")
    runs: Path = option(Path("runs"), "where runs are looked for", metavar="FOLDER")
    measure: bool = option(False, "measure what is cheap and missing: pieces, gaps, speed")
    licence: str | None = option(
        None, "of the model, as Hugging Face calls it: apache-2.0", metavar="NAME"
    )
    out: Path | None = common("--out", identity=False)
    offline: bool = common("--offline", identity=False)

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        check(self)


@dataclass(frozen=True, repr=False)
class Written:
    """A card that was written.

    Attributes:
        cards: of the model, and of the one beside it.
    """

    folder: Path
    cards: tuple[Card, ...]

    def lines(self) -> Iterator[str]:
        """What a terminal shows."""
        from runfolder.console import aligned

        for card in self.cards:
            yield f"{card.name} ({card.revision})"
            rows = [(row.section, row.name, _shown(row)) for row in card.rows]
            facts = [(one.section, one.name, one.text) for one in card.facts]
            missing = [(one.section, f"missing: {one.what}", one.command) for one in card.missing]
            yield from aligned([*rows, *facts, *missing])


def _shown(row: Row) -> str:
    """Every language of a row with few of them; of many the worst, and how many there are."""
    cells = {code or "all": cell.text() for code, cell in row.cells.items()}
    if len(cells) <= 4 or row.worst is None:
        return ", ".join(f"{code} {text}" for code, text in list(cells.items())[:4])
    return f"{len(cells)} languages, worst {row.worst} {row.cells[row.worst].text()}"


def card(options: CardOptions, access: Access = Access()) -> Written:
    """Gather, and write the page, JSON and the model card.

    Raises:
        InputError: no such model, a folder that is no run of one; --out holds something else.
        UnavailableError: a model or a package cannot be had.
    """
    from data.files import write_whole
    from runfolder.folder import write_json
    from runfolder.page import write_page
    from trust.model_card.gather import gather
    from trust.model_card.huggingface import examples, markdown
    from trust.model_card.page import sections

    names = [options.model, *([options.beside] if options.beside else [])]
    cards = [gather(name, options.runs, access) for name in names]
    if options.measure:
        from trust.model_card.measure import measure

        for one in cards:
            measure(one, options.runs, access)
        cards = [gather(name, options.runs, access) for name in names]
    out = options.out or options.runs / "-".join(["card", *(one.name for one in cards)])
    _check_out(out)
    out.mkdir(parents=True, exist_ok=True)
    told = [one.to_json() for one in cards]
    write_json(out / JSON, {"cards": told, "command": command_line("trust.card", options)})
    write_whole(out / README, markdown(cards[0], options.licence))
    write_page(
        out / PAGE,
        "trust",
        "card.html.j2",
        title=" beside ".join(one.name for one in cards),
        command=command_line("trust.card", options),
        cards=cards,
        sections=list(sections(cards)),
        examples=examples,
    )
    return Written(out, tuple(cards))


def _check_out(out: Path) -> None:
    from data.errors import InputError

    if (out / "config.json").exists():
        raise InputError(f"{out}: holds a run or a model; choose another --out for the card")


def main(argv: Sequence[str] | None = None) -> int:
    """The command line; `card` is the function beneath it."""
    return command("trust.card", __doc__ or "", CardOptions, _command, argv)


def _command(options: CardOptions) -> int:
    from runfolder.console import say, show

    written = card(options, Access.of(options, say))
    for line in written.lines():
        show(line)
    notes = list(dict.fromkeys(note for one in written.cards for note in one.notes))
    for note in notes[:MOST_NOTES]:
        say(f"note: {note}")
    if len(notes) > MOST_NOTES:
        say(f"{len(notes) - MOST_NOTES} more notes: {written.folder / PAGE}")
    show(f"wrote {written.folder}: {PAGE} {JSON} {README}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
