"""One block of running text: cleaned, substituted, encoded, counted.

`LineWork` is called with blocks from several threads at once; the compiled kernel does not hold
Python's lock. What it returns depends on the block alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from data.randomness import key
from lexaug.compiled import Block, CompiledTable
from lexaug.phrases import PhraseTable
from lexaug.substitute import substitute_line
from lexaug.synthesis.blocks import Bad, Piece, Position, TextBlock, clean_lines
from lexaug.synthesis.examples import evenly, of_line
from lexaug.synthesis.formats import Lines, encode, file_name, packed
from lexaug.synthesis.run import SynthesisConfig
from lexaug.synthesis.tally import Tally

PROVENANCE = "provenance.jsonl"
DROPPED = "dropped"


@dataclass(slots=True)
class Made:
    """What one block came to: where it ends, what each output appends, in order, and counts."""

    end: Position
    outputs: dict[str, list[Any]] = field(default_factory=dict)
    tally: Tally = field(default_factory=Tally)
    examples: list[Any] = field(default_factory=list)


class Work(Protocol):
    """What a mode does with a block; `phrases` names the places of its tallies."""

    phrases: Sequence[str]

    def __call__(self, block: TextBlock) -> Made:
        """What a block becomes."""


class LineWork:
    """The modes mono, switch and parallel."""

    def __init__(self, config: SynthesisConfig, name: str, table: PhraseTable) -> None:
        self._config, self._name, self._table = config, name, table
        self._compiled = CompiledTable(
            table,
            ratio=config.share,
            seed=config.seed,
            keep_at_least=config.least,
            keep_share=config.keep_share or 0.0,
        )
        self._records = file_name(config.mode, config.format, config.compress)
        self.phrases: Sequence[str] = self._compiled.phrases

    def __call__(self, block: TextBlock) -> Made:
        """What the lines of a block become.

        Raises:
            InputError: a line that cannot be used, without `skip_bad`.
        """
        config = self._config
        tabs_end_columns = config.mode == "parallel" and config.format == "text"
        cleaned = clean_lines(
            block, self._name, skip_bad=config.skip_bad, refuse_tabs=tabs_end_columns
        )
        made = Made(block.end)
        made.tally.repaired.update(cleaned.repairs)
        gone = list(cleaned.bad)
        for piece in cleaned.pieces:
            done = self._compiled.block(
                piece.data,
                piece.first_line,
                provenance=config.provenance,
                source=config.mode == "parallel",
            )
            self._keep(done, made)
            made.tally.add(self._counted(done))
            if config.dropped and done.kept < done.lines:
                gone += _left_out(piece, done, config.rule)
            if not block.start.block and not made.examples:
                made.examples = list(self._examples(piece, done))
        made.tally.numbers["lines"] += len(cleaned.bad)
        made.tally.dropped.update(bad.reason for bad in cleaned.bad)
        if config.dropped and gone:
            made.outputs[DROPPED] = [dropped_lines(gone)]
        return made

    def _keep(self, done: Block, made: Made) -> None:
        config = self._config
        source = done.source if config.mode == "parallel" else None
        lines = Lines(done.numbers.tolist(), done.text, source)
        content = encode(lines, config.format, config.compress)
        made.outputs.setdefault(self._records, []).append(content)
        if config.provenance:
            account = packed(done.provenance, config.compress)
            made.outputs.setdefault(provenance_file(config), []).append(account)

    def _counted(self, done: Block) -> Tally:
        names = (
            "lines", "kept", "tokens", "words", "matched", "sampled_words", "kept_words",
            "replaced_words", "replaced_phrases",
        )  # fmt: skip
        return Tally(
            numbers=Counter({name: int(getattr(done, name)) for name in names}),
            rules=Counter(_plain(done.rules)),
            dropped=Counter({self._config.rule: done.lines - done.kept}),
            missing=done.unknown_words(),
            places=done.hits,
        )

    def _examples(self, piece: Piece, done: Block) -> Iterator[dict[str, Any]]:
        lines = piece.data.split(b"\n")
        for place in evenly(len(done.numbers)):
            number = int(done.numbers[place])
            source = lines[number - piece.first_line].decode()
            seeded = key(self._config.seed, number)
            line = substitute_line(source, self._table, ratio=self._config.share, key=seeded)
            shown = of_line(number, source, line)
            if shown:
                yield shown


def provenance_file(config: SynthesisConfig) -> str:
    """The name of the file of accounts, packed like the records (Parquet: not packed)."""
    return PROVENANCE + (f".{config.compress}" if config.compress else "")


def dropped_lines(gone: list[Bad]) -> bytes:
    """What `--dropped` holds of them: number, reason and text, tabs between."""
    rows = (f"{one.line}\t{one.reason}\t{one.text}\n" for one in sorted(gone))
    return "".join(rows).encode()


def _left_out(piece: Piece, done: Block, reason: str) -> Iterator[Bad]:
    """The lines that the keep rule dropped."""
    kept = set(done.numbers.tolist())
    for number, line in enumerate(piece.data.split(b"\n")[:-1], piece.first_line):
        if number not in kept:
            yield Bad(number, reason, line.decode())


def _plain(rules: Mapping[str, Any]) -> dict[str, int]:
    return {rule: int(count) for rule, count in rules.items()}
