"""What is asked of a model's fairness; the options of `python -m trust.fairness`.

>>> Fairness("runs/nlu-1f2e").samples
1000
>>> Fairness("runs/nlu-1f2e", measures=("waet",))
Traceback (most recent call last):
data.errors.InputError: --measures "waet": expected one of weat, seat, ceat, gaps, flips, \
sensitivity, generation (did you mean weat?)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from data.options import check, common, option

Advance = Callable[[str, int, int], None]


def measure_names() -> Sequence[str]:
    """The measures that there are."""
    from trust.fairness import MEASURES

    return tuple(MEASURES)


@dataclass(frozen=True, slots=True)
class Fairness:
    """What `python -m trust.fairness` is asked for.

    Attributes:
        measures: those that can be made where none is named.
        lists: association tests, see `trust.fairness.lists`; by default those of the language.
        corpus: text that words are looked for in, for their contexts.
        contexts: of a word, at most, drawn by seed.
        samples: of contexts, each an effect; the paper's 10,000 change the third digit.
        templates: a file with a sentence a line, {} where the word stands.
        texts: what flips and sensitivity read, in place of the run's test sets.
        groups: a table, id and group, or language and group.
        reference: the language or group that the others are compared with.
        metric: of a run that has several.
        professions: what generation is asked about; a list of the project's, or a table.
        prompts: a file with a beginning a line, {} where the profession stands.
        continuations: of each prompt and profession.
    """

    model: str = option(None, "a run's folder, or a model's", metavar="NAME", required=True)
    measures: tuple[str, ...] = option(
        (), "which (default: all that can be made)", choices=measure_names, separator=","
    )
    lang: str = common("--lang", "en")
    lists: tuple[str, ...] = option(
        (), "TARGETS:ATTRIBUTES (default: the project's of the language)", metavar="TESTS",
        separator=",",
    )  # fmt: skip
    pairs: str | None = option(
        None, "words of women and men (default: the project's of the language)", metavar="LIST"
    )
    corpus: tuple[str, ...] = option(
        (), "text for contexts of words", metavar="NAMES", separator=","
    )
    contexts: int = option(100, "of a word, at most", metavar="N", least=1, most=100_000)
    samples: int = option(1000, "of contexts", metavar="N", least=40, most=1_000_000)
    templates: Path | None = option(None, "a sentence a line, {} for the word", metavar="FILE")
    layer: int | None = option(None, "of the encoder (default: the last)", metavar="N", least=0)
    texts: Path | None = option(None, "a text a line, for flips and sensitivity", metavar="FILE")
    groups: Path | None = option(None, "a table: id and group, or language", metavar="FILE")
    reference: str | None = option(
        None, "what the others are compared with (default: what it was trained on)", metavar="NAME"
    )
    metric: str | None = option(None, "intent accuracy, slot F1, exact match", metavar="NAME")
    professions: str | None = option(
        None, "what a decoder writes about (default: the project's)", metavar="LIST"
    )
    prompts: Path | None = option(
        None, "beginnings, a line each, {} for the profession", metavar="FILE"
    )
    continuations: int = option(12, "of each beginning", metavar="N", least=1, most=100_000)
    limit: int | None = common("--limit", least=1, help="so many texts for flips and sensitivity")
    seed: int = common("--seed", least=0)
    out: Path | None = common("--out", identity=False)
    offline: bool = common("--offline", identity=False)

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        check(self)
