"""What a reader of the scores must know of the texts: sides without letters, invisible characters.

Both are scored as they stand, as sacrebleu scores them; the notes say how many there are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from data.lines import excerpt
from data.spelling import letters_of
from icl.run import Task
from icl.store import Record

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
