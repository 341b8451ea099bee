"""One block of text said phrase by phrase in the target language (`lexaug.transfer`).

It is Python all through, so that workers are processes; each makes the transfer for itself, from
what the first one found. What a block becomes depends on the block alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

from data.randomness import key
from lexaug.config import SynthesisConfig
from lexaug.substitute import Line, Replacement, provenance
from lexaug.synthesis.blocks import Bad, Piece, TextBlock, clean_lines
from lexaug.synthesis.formats import Lines, encode, file_name, packed
from lexaug.synthesis.journal import Tally, is_sampled
from lexaug.synthesis.selection import Selection, selected
from lexaug.synthesis.work import (
    DROPPED,
    LONGEST,
    Made,
    cut,
    dropped_lines,
    evenly,
    provenance_file,
)
from lexaug.transfer.build import Ingredients
from lexaug.transfer.sentence import Trace, Transfer


class TransferWork:
    """The modes mono and parallel, with a transfer."""

    holds_lock = True
    phrases: Sequence[str] = ()

    def __init__(
        self,
        config: SynthesisConfig,
        name: str,
        ingredients: Ingredients,
        selection: Selection | None = None,
    ) -> None:
        self._config, self._name, self._ingredients = config, name, ingredients
        self._selection = selection
        self._records = file_name(config.mode, config.format, config.compress)

    @cached_property
    def transfer(self) -> Transfer:
        """Made when it is needed first, in every process."""
        return self._ingredients.transfer()

    def __getstate__(self) -> dict[str, Any]:
        """All but the transfer, whose parts cannot all be sent."""
        return {name: value for name, value in self.__dict__.items() if name != "transfer"}

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
        made, gone = Made(block.end), list(cleaned.bad)
        made.tally.repaired.update(cleaned.repairs)
        kept: list[tuple[int, str, Trace]] = []
        for piece in selected(cleaned.pieces, self._selection, made.tally, gone):
            for number, line in _numbered(piece):
                trace = self.transfer.line(line, key(config.seed, number))
                _count(number, line, trace, made.tally)
                if self._is_kept(trace.line):
                    kept.append((number, line, trace))
                    _count_kept(trace, made.tally)
                else:
                    made.tally.dropped[config.rule] += 1
                    gone.append(Bad(number, config.rule, line))
        made.tally.numbers["lines"] += len(cleaned.bad)
        made.tally.dropped.update(bad.reason for bad in cleaned.bad)
        self._write(kept, gone, made)
        if not block.start.block:
            shown = (_shown(*kept[place]) for place in evenly(len(kept)))
            made.examples = [example for example in shown if example]
        return made

    def _is_kept(self, line: Line) -> bool:
        share = self._config.keep_share or 0.0
        return line.replaced >= self._config.least and line.replaced >= share * line.words

    def _write(self, kept: Sequence[tuple[int, str, Trace]], gone: list[Bad], made: Made) -> None:
        config = self._config
        numbers = [number for number, _, _ in kept]
        text = "".join(f"{trace.line.text}\n" for _, _, trace in kept).encode()
        source = "".join(f"{line}\n" for _, line, _ in kept).encode()
        lines = Lines(numbers, text, source if config.mode == "parallel" else None)
        made.outputs[self._records] = [encode(lines, config.format, config.compress)]
        if config.provenance:
            account = "".join(f"{provenance(number, trace.line)}\n" for number, _, trace in kept)
            made.outputs[provenance_file(config)] = [packed(account.encode(), config.compress)]
        if config.dropped and gone:
            made.outputs[DROPPED] = [dropped_lines(gone)]


def _numbered(piece: Piece) -> Iterator[tuple[int, str]]:
    yield from enumerate(piece.data.decode().split("\n")[:-1], piece.first_line)


def _count(number: int, text: str, trace: Trace, tally: Tally) -> None:
    line = trace.line
    tally.numbers.update(lines=1, tokens=len(text.split()), words=line.words, matched=line.matched)
    tally.hits.update(trace.phrases)
    if is_sampled(number):
        tally.numbers["sampled_words"] += line.words
        tally.missing.update(trace.unknown)


def _count_kept(trace: Trace, tally: Tally) -> None:
    line = trace.line
    tally.numbers.update(
        kept=1,
        kept_words=line.words,
        replaced_words=line.replaced,
        replaced_phrases=len(line.replacements),
        shown_words=trace.shown,
        english_left=trace.left,
    )
    tally.rules.update(Counter(r.option.rule for r in line.replacements))


def _shown(number: int, source: str, trace: Trace) -> dict[str, Any] | None:
    """A line and what became of it, for the report; None for one that is too long to show."""
    if len(source) > LONGEST:
        return None
    line = trace.line
    rows = sorted(line.replacements, key=lambda r: (r.target_start, r.target_end))
    target = [
        (r.target_start, r.target_end, r.option.rule) for r in rows if r.target_end > r.target_start
    ]
    return {
        "number": number,
        "source": cut(source, _apart(line.replacements)),
        "target": cut(line.text, target),
    }


def _apart(replacements: Sequence[Replacement]) -> Iterator[tuple[int, int, str]]:
    """The source spans without those that lie in another one."""
    end = 0
    for one in replacements:
        if one.start >= end:
            yield one.start, one.end, one.option.rule
            end = one.end
