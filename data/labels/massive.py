"""SLURP, and MASSIVE, its translation into 51 languages: utterances as JSON lines.

    for utterance in read_massive(Path("sw-KE.jsonl"), "train"):
        print(utterance.intent, data.labels.bio.spans(utterance.slots))

Records that are no utterance are an error, or with `skip_bad` left out and counted.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from data.errors import InputError
from data.labels.bio import Span, tags_of
from data.labels.slots import BAD_RECORD, Utterance, parse
from data.tsv import clean, counted, excerpt, read_lines, reject

PARTITIONS = ("train", "dev", "test")
SPLIT_BY_CHARACTER = ("ja-JP", "zh-CN", "zh-TW")  # as in MASSIVE's own scripts

Record = Mapping[str, Any]


def read_massive(
    path: Path,
    split: str | None = None,
    *,
    skip_bad: bool = False,
    dropped: Counter[str] | None = None,
    repairs: Counter[str] | None = None,
) -> Iterator[Utterance]:
    """Yield the utterances of one locale of MASSIVE (FitzGerald et al. 2023).

    Tokens and slots come from `annot_utt`, whose words must be those of `utt`; Chinese and
    Japanese are split into characters, as MASSIVE's scripts do.

    Args:
        split: `train`, `dev` or `test`, the value of `partition`; all of them by default.

    Raises:
        InputError: a line that is no such JSON object; an annotation that does not parse.
    """
    if split is not None and split not in PARTITIONS:
        raise InputError(f'MASSIVE has no split "{split}"; it has: {", ".join(PARTITIONS)}')
    for record, utterance in _read(path, _of_massive, skip_bad, dropped, repairs):
        if split in (None, record["partition"]):
            yield utterance


def read_slurp(
    path: Path,
    *,
    skip_bad: bool = False,
    dropped: Counter[str] | None = None,
    repairs: Counter[str] | None = None,
) -> Iterator[Utterance]:
    """Yield the utterances of a file of SLURP (Bastianelli et al. 2020).

    The intent is `scenario_action`, as in SLURP's own evaluation and in MASSIVE: the field
    `intent` says `podcasts` in some lines for `play_podcasts`.

    Raises:
        InputError: a line that is no such JSON object; an entity outside the tokens.
    """
    for _, utterance in _read(path, _of_slurp, skip_bad, dropped, repairs):
        yield utterance


def _read(
    path: Path,
    utterance_of: Callable[[Record], Utterance],
    skip_bad: bool,
    dropped: Counter[str] | None,
    repairs: Counter[str] | None,
) -> Iterator[tuple[Record, Utterance]]:
    with counted(dropped, path, "dropped") as tally, counted(repairs, path, "repaired") as fixed:
        for number, line in read_lines(path, repairs=fixed):
            where = f"{path}:{number}"
            if not line.strip():
                continue
            try:
                record = _cleaned(_object(line), fixed)
                utterance = utterance_of(record)
            except InputError as error:
                reject((BAD_RECORD, str(error)), where, skip_bad=skip_bad, dropped=tally)
            else:
                yield record, utterance


def _object(line: str) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except ValueError as error:
        raise InputError(f"expected a JSON object, found {excerpt(line)} ({error})") from error
    if not isinstance(value, dict):
        raise InputError(f"expected a JSON object, found {excerpt(line)}")
    return value


def _cleaned(record: dict[str, Any], repairs: Counter[str]) -> Record:
    r"""The record with its texts in NFC: `n\u0303` is written in ASCII in JSON."""
    return {
        key: clean(value, f'"{key}"', repairs=repairs) if isinstance(value, str) else value
        for key, value in record.items()
    }


def _of_massive(record: Record) -> Utterance:
    text = _text(record, "utt")
    by_character = _text(record, "locale") in SPLIT_BY_CHARACTER
    annotated = parse(_text(record, "annot_utt"), by_character=by_character)
    if annotated.text.split() != text.split():
        raise InputError(
            f"expected the words of utt in annot_utt, {excerpt(text)}, found"
            f" {excerpt(annotated.text)}"
        )
    if _text(record, "partition") not in PARTITIONS:
        found = excerpt(record["partition"])
        raise InputError(f"expected a partition of {', '.join(PARTITIONS)}, found {found}")
    id_, intent = _text(record, "id"), _text(record, "intent")
    return Utterance(id_, annotated.tokens, intent, annotated.slots, text)


def _of_slurp(record: Record) -> Utterance:
    try:
        tokens = tuple(token["surface"] for token in record["tokens"])
        spans = [Span(e["span"][0], e["span"][-1] + 1, e["type"]) for e in record["entities"]]
        id_ = str(record["slurp_id"])
    except (KeyError, TypeError, IndexError) as error:
        raise InputError(f"expected tokens, entities and slurp_id, found {error!r}") from error
    return Utterance(
        id=id_,
        tokens=tokens,
        intent=f"{_text(record, 'scenario')}_{_text(record, 'action')}",
        slots=tags_of(spans, len(tokens)),
        text=_text(record, "sentence"),
    )


def _text(record: Record, key: str) -> str:
    value = record.get(key)
    if not isinstance(value, str) or not value.strip():
        raise InputError(f'expected text under "{key}", found {value!r}')
    return value
