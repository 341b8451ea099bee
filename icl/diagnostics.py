"""What goes wrong in outputs, told segment by segment: empty, copied, wrong language, cut off,
looping, too long or too short; and test segments that stand in a corpus a model has seen.

>>> looping("ndio ndio ndio ndio ndio ndio")
True
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data.access import Access
from data.lines import excerpt
from data.spelling import letters_of, sentence_key
from data.tsv import read_lines
from icl.prepare import Task
from metrics.rates import is_copy, is_empty
from runfolder.records import Record

LONGEST_LOOP = 8  # words that repeat
REPEATS = 4  # times in a row, so that "no, no, no" is speech
SHORTEST_CYCLE, LONGEST_CYCLE = 3, 31  # characters that repeat where no spaces stand between
_CYCLE = re.compile(f"(.{{{SHORTEST_CYCLE},{LONGEST_CYCLE}}}?)\\1{{{REPEATS - 1},}}", re.DOTALL)
RATIO = 2.0  # of lengths in characters, beyond which a length counts as odd
LANGUAGE_RATE = "language rate"


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of fault: what it is called, what it means, and how bad a record has it.

    `badness` gives 0 where the fault is absent, and more the worse it is.
    """

    name: str
    meaning: str
    badness: Callable[[Mapping[str, Any]], float]


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """How many of n segments have a fault, and the worst of them, worst first."""

    fault: Fault
    count: int
    n: int
    worst: tuple[Mapping[str, Any], ...]

    @property
    def share(self) -> float:
        """Percent of the segments."""
        return 100 * self.count / self.n


def looping(text: str) -> bool:
    """Whether a stretch of 1 to 8 words, or of 3 to 31 characters, repeats 4 times in a row.

    >>> looping("la la la, said the child"), looping("hahaha"), looping("abcabcabcabc")
    (False, False, True)
    """
    return loop_length(text) > 0


def loop_length(text: str) -> int:
    """The characters that the longest loop of a text takes, 0 where there is none."""
    words = text.split()
    longest = 0
    for size in range(1, LONGEST_LOOP + 1):
        start, stop = _repetition(words, size)
        longest = max(longest, len(" ".join(words[start:stop])))
    return longest or max((len(match[0]) for match in _CYCLE.finditer(text)), default=0)


def _repetition(items: Sequence[str], size: int) -> tuple[int, int]:
    """Where the longest stretch begins and ends that repeats its first `size` items often enough;
    (0, 0) if there is none.

    >>> _repetition("a b c b c b c b c".split(), 2)
    (1, 9)
    """
    found, start = (0, 0), 0
    for place in range(size, len(items) + 1):
        if place < len(items) and items[place] == items[place - size]:
            continue
        if place - start >= REPEATS * size and place - start > found[1] - found[0]:
            found = start, place
        start = place - size + 1
    return found


def length_ratio(output: str, reference: str) -> float:
    """Characters of the output over those of the reference, at least 1 each.

    >>> length_ratio("habari", "hello there!")
    0.5
    """
    return max(len(output), 1) / max(len(reference), 1)


def _odd_length(record: Mapping[str, Any]) -> float:
    ratio = length_ratio(record["output"], record["reference"])
    oddness = max(ratio, 1 / ratio)
    return oddness if oddness > RATIO and not is_empty(record["output"]) else 0.0


def _wrong_language(record: Mapping[str, Any]) -> float:
    row = record["statistics"].get(LANGUAGE_RATE, (1, 1))
    return 0.0 if row[0] else float(len(record["output"]))


FAULTS = (
    Fault("empty", "nothing was written", lambda r: float(is_empty(r["output"]))),
    Fault("copied", "the source again", lambda r: float(is_copy(r["output"], r["source"]))),
    Fault("wrong language", "not told as the language asked for", _wrong_language),
    Fault("cut off", "ended by the token limit", lambda r: float(r["finish"] == "length")),
    Fault("looping", "words that repeat four times", lambda r: float(loop_length(r["output"]))),
    Fault("odd length", f"over {RATIO:g} times longer or shorter than the reference", _odd_length),
)


def diagnose(records: Sequence[Mapping[str, Any]], shown: int = 10) -> list[Diagnosis]:
    """Every fault that at least one record has.

    Args:
        records: those of one system in one direction, as in segments.jsonl.
        shown: how many of the worst are kept.
    """
    found = []
    for fault in FAULTS:
        having = [(fault.badness(record), record) for record in records]
        having = sorted((h for h in having if h[0] > 0), key=lambda h: -h[0])
        if having:
            worst = tuple(record for _, record in having[:shown])
            found.append(Diagnosis(fault, len(having), len(records), worst))
    return found


def contamination(seen: Path, tasks: Sequence[Task], access: Access = Access()) -> list[str]:
    """Notes on test segments and shots that stand in a corpus, a sentence a line.

    Whole lines are compared by letters and digits; the corpus is read once, as a stream.

    Raises:
        InputError: no such file, or text that cannot be decoded.
    """
    access.report(f"looking for the test segments in {seen.name}")
    wanted: dict[str, set[tuple[str, str]]] = {}
    for task in tasks:
        for key, text in _texts(task):
            wanted.setdefault(sentence_key(text), set()).add((task.direction, key))
    wanted.pop("", None)  # a text that shows nothing is no blank line of the corpus
    met: set[tuple[str, str]] = set()
    for _, line in read_lines(seen):
        met |= wanted.get(sentence_key(line), set())
    counts = Counter((direction, key.partition(":")[0]) for direction, key in met)
    if not counts:
        return [f"no test segment and no shot stands in {seen.name}"]
    return [
        f"{direction}: {count} {what} stand in {seen.name}, which the model may have seen"
        for (direction, what), count in sorted(counts.items())
    ]


def _texts(task: Task) -> Iterator[tuple[str, str]]:
    for pair in task.scored:
        yield f"test segments:{pair.id}", pair.source
        yield f"test segments:{pair.id}", pair.target
    for pair in {pair for shots in task.shots for pair in shots}:
        yield f"shots:{pair.id}", pair.source
        yield f"shots:{pair.id}", pair.target


# Nobody types or sees them, and no orthography needs them: zero width space, word joiner,
# byte-order mark, soft hyphen. The joiners U+200C and U+200D belong to the spelling of Persian and
# Malayalam, and are not counted.
INVISIBLE = {"\u200b": "U+200B", "\u2060": "U+2060", "\ufeff": "U+FEFF", "\u00ad": "U+00AD"}


def letterless_notes(task: Task) -> Iterator[str]:
    """How many scored segments have a side that is signs alone, a full stop for instance."""
    for side, texts in (
        ("source", [(pair.id, pair.source) for pair in task.scored]),
        ("reference", [(pair.id, pair.target) for pair in task.scored]),
    ):
        found = [(name, text) for name, text in texts if not letters_of(text)]
        if found:
            name, text = found[0]
            yield (
                f"{task.direction}: {len(found)} of {len(texts):,} segments have no letter or digit"
                f" in the {side} (segment {name}: {excerpt(text.strip()[:20])}); they are"
                " scored like the others"
            )


def invisible_notes(direction: str, label: str, records: Sequence[Record]) -> Iterator[str]:
    """How many references and outputs hold characters that nobody sees and every metric counts."""
    references = _with_invisible(record["reference"] for record in records)
    outputs = _with_invisible(record["output"] for record in records)
    if references or outputs:
        names = ", ".join(sorted({*references, *outputs} - {""}))
        yield (
            f"{direction}: {references['']} references and {outputs['']} outputs of {label}, of"
            f" {len(records):,}, hold invisible characters ({names}); the metrics count them like"
            " letters, so that a text with them and one without differ"
        )


def _with_invisible(texts: Iterable[str]) -> Counter[str]:
    """How many texts hold each invisible character, by its code point; "" any of them."""
    counts: Counter[str] = Counter()
    for text in texts:
        found = {name for character, name in INVISIBLE.items() if character in text}
        counts.update(found)
        counts[""] += bool(found)
    return +counts
