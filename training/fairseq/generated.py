"""What `fairseq-generate` printed, read back into records in the order of the input.

    for sentence in read_generated(Path("generated.txt")):
        print(sentence.id, sentence.best.text, sentence.best.log_probability)

fairseq prints sentences in the order of their lengths, between the lines of its log:

    S-7     source, as its dictionary knows it        T-7   reference, where there is one
    H-7     score, then the hypothesis                D-7   the same after fairseq's detokenizer
    P-7     a log probability for each symbol, `</s>` the last

with an H, a D and a P for each of the n best. Logarithms are to the base 2 there. The score is the
sum divided by length ** lenpen, unless `--unnormalized` was given.

fairseq leaves sentences out without a word: with its default `--required-batch-size-multiple 8`
the last batch is dropped when it is no multiple of eight. So sentences that are missing are an
error, unless they are allowed; then they have no hypothesis.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from data.bounded import parse_integer
from data.errors import InputError
from data.files import appears_whole
from data.tsv import excerpt
from training.fairseq.text import Units, text_lines

# Reasons under which lines and sentences are counted.
OTHER_LINES = "lines of the log, left out"
MISSING = "sentences that fairseq left out"

_LINE = re.compile(r"([STHDPAIE])-([0-9]+)(?:_[0-9]+)?\t(.*)")
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One hypothesis.

    Attributes:
        text: symbols between spaces, as the model wrote them.
        score: fairseq's own, to the base 2, by default divided by the length; at most 0.
        detokenized: the D line: `text`, unless fairseq was given a detokenizer.
        log_probability: natural logarithm of the probability of the whole hypothesis and its end,
            from the P line, whose terms have four decimals; NaN where there is no P line.
    """

    text: str
    score: float
    detokenized: str
    log_probability: float


@dataclass(frozen=True, slots=True)
class Generated:
    """One sentence of the input: its number from 0, and its hypotheses, best first."""

    id: int
    source: str | None
    reference: str | None
    hypotheses: tuple[Hypothesis, ...]

    @property
    def best(self) -> Hypothesis:
        """The first hypothesis.

        Raises:
            InputError: there is none.
        """
        if not self.hypotheses:
            raise InputError(f"sentence {self.id}: expected a hypothesis, found none")
        return self.hypotheses[0]


@dataclass(slots=True)
class _Sentence:
    """The lines of one sentence while they are read."""

    source: str | None = None
    reference: str | None = None
    scored: list[tuple[float, str]] = field(default_factory=list)
    detokenized: list[str] = field(default_factory=list)
    terms: list[float] = field(default_factory=list)


def read_generated(
    path: Path,
    *,
    expected: int | None = None,
    allow_missing: bool = False,
    counts: Counter[str] | None = None,
) -> list[Generated]:
    """The sentences of a generation in the order of the input.

    Args:
        expected: how many sentences the input has; by default one more than the highest number.
        allow_missing: give sentences that fairseq left out no hypothesis, instead of an error.
        counts: receives the number of lines and sentences left out, by reason.

    Raises:
        InputError: no hypotheses; sentences missing, or more than expected; two generations in
            one file; a line that ends too early.
    """
    tally = Counter[str]() if counts is None else counts
    found = _read(path, tally)
    number = max(found) + 1 if expected is None else expected
    if max(found) >= number:
        raise InputError(
            f"{path}: expected {number} sentences, found sentence {max(found)} counted from 0;"
            " the file is of another input"
        )
    missing = [one for one in range(number) if one not in found]
    if missing and not allow_missing:
        raise _incomplete(path, number, missing)
    tally[MISSING] += len(missing)
    return [_finished(one, found.get(one, _Sentence())) for one in range(number)]


def _read(path: Path, tally: Counter[str]) -> dict[int, _Sentence]:
    found: dict[int, _Sentence] = {}
    last = None
    for where, kind, number, rest in _records(path, tally):
        if number != last and number in found:
            raise InputError(
                f"{where}: expected one generation, found sentence {number} again; give each"
                " generation a file of its own"
            )
        last = number
        _add(found.setdefault(number, _Sentence()), kind, rest, where)
    if not any(sentence.scored for sentence in found.values()):
        raise InputError(
            f"{path}: expected lines as H-0, score, hypothesis, found none; give what"
            " fairseq-generate printed, without --quiet"
        )
    return {number: sentence for number, sentence in found.items() if sentence.scored}


def _records(path: Path, tally: Counter[str]) -> Iterator[tuple[str, str, int, str]]:
    for line, text in text_lines(path):
        if match := _LINE.fullmatch(text):
            yield f"{path}:{line}", match[1], parse_integer(match[2], f"{path}:{line}"), match[3]
        else:
            tally[OTHER_LINES] += 1


def _add(sentence: _Sentence, kind: str, rest: str, where: str) -> None:
    if kind == "S":
        sentence.source = rest
    elif kind == "T":
        sentence.reference = rest
    elif kind == "H":
        sentence.scored.append(_scored(rest, where))
    elif kind == "D":
        sentence.detokenized.append(_scored(rest, where)[1])
    elif kind == "P":
        sentence.terms.append(math.log(2) * sum(_numbers(rest, where)))


def _scored(rest: str, where: str) -> tuple[float, str]:
    score, tab, text = rest.partition("\t")
    if not tab:
        raise _cut_off(where, rest)
    return _numbers(score, where)[0], text


def _numbers(text: str, where: str) -> list[float]:
    try:
        return [float(one) for one in text.split()] or [math.nan]
    except ValueError as error:
        raise _cut_off(where, text) from error


def _cut_off(where: str, found: str) -> InputError:
    return InputError(
        f"{where}: expected a score, a tab and a text, found {excerpt(found)}; the generation was"
        " cut short, run it again"
    )


def _incomplete(path: Path, number: int, missing: list[int]) -> InputError:
    shown = ", ".join(map(str, missing[:_SHOWN])) + (", ..." if len(missing) > _SHOWN else "")
    return InputError(
        f"{path}: expected hypotheses for {number} sentences, found none for {len(missing)}"
        f" ({shown}, counted from 0); generate with --required-batch-size-multiple 1, or allow it"
        " (--allow-missing)"
    )


def _finished(number: int, lines: _Sentence) -> Generated:
    hypotheses = []
    for place, (score, text) in enumerate(lines.scored):
        detokenized = lines.detokenized[place] if place < len(lines.detokenized) else text
        term = lines.terms[place] if place < len(lines.terms) else math.nan
        hypotheses.append(Hypothesis(text, score, detokenized, term))
    return Generated(number, lines.source, lines.reference, tuple(hypotheses))


def write_generated(path: Path, found: Sequence[Generated], way: Units) -> None:
    """Write a JSON line a sentence (.jsonl), or its best hypothesis (.txt); it appears whole.

    A line of JSON has `id`, `source`, `reference` (null where fairseq printed none) and
    `hypotheses`, best first, each with `text`, `score` (to the base 2, as fairseq has it) and
    `log_probability` (natural, of the whole hypothesis). Texts are put together by `way`.

    Raises:
        InputError: another ending of the name; a sentence without a hypothesis, in a .txt.
    """
    if path.suffix not in (".jsonl", ".txt"):
        raise InputError(f"--out: expected a name in .jsonl or .txt, found {path}; change it")
    line = _best if path.suffix == ".txt" else _json
    with appears_whole(path) as file:
        for sentence in found:
            file.write(line(sentence, way).encode() + b"\n")


def _best(sentence: Generated, way: Units) -> str:
    return way.join(sentence.best.detokenized.split()).replace("\n", " ")


def _json(sentence: Generated, way: Units) -> str:
    record = {
        "id": sentence.id,
        "source": _text(sentence.source, way),
        "reference": _text(sentence.reference, way),
        "hypotheses": [_hypothesis(one, way) for one in sentence.hypotheses],
    }
    return json.dumps(record, ensure_ascii=False)


def _hypothesis(one: Hypothesis, way: Units) -> dict[str, Any]:
    """A hypothesis; JSON has no NaN and no infinity."""
    numbers = {"score": one.score, "log_probability": one.log_probability}
    finite = {name: each if math.isfinite(each) else None for name, each in numbers.items()}
    return {"text": _text(one.detokenized, way), **finite}


def _text(tokens: str | None, way: Units) -> str | None:
    return None if tokens is None else way.join(tokens.split())
