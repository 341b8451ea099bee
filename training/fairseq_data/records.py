"""Records of what fairseq generated, as files: a JSON line a sentence, or its best hypothesis.

write_generated(Path("hypotheses.jsonl"), read_generated(Path("generated.txt")), Characters())
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from data.errors import InputError
from data.files import appears_whole
from training.fairseq_data.generated import Generated, Hypothesis
from training.fairseq_data.units import Units


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
