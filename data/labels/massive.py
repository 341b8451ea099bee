"""SLURP, and MASSIVE, its translation into 51 languages: utterances as JSON lines.

    for utterance in read_massive(Path("sw-KE.jsonl"), "train"):
        print(utterance.intent, data.labels.bio.spans(utterance.slots))

Records that are no utterance are an error, or with `skip_bad` left out and counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from data.bounded import check_shape, parse_json
from data.errors import InputError
from data.faults import counted, excerpt, fault_of, reject
from data.labels.bio import Span, tags_of
from data.labels.slots import BAD_RECORD, Utterance, parse
from data.lines import clean, read_lines

PARTITIONS = ("train", "dev", "test")
SPLIT_BY_CHARACTER = ("ja-JP", "zh-CN", "zh-TW")  # as in MASSIVE's own scripts

_SLURP = {
    "tokens": [{"surface": str}],
    "entities": [{"span": [int], "type": str}],
    "slurp_id": int | str,
}

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
    utterance_of: Callable[[Record, str], Utterance],
    skip_bad: bool,
    dropped: Counter[str] | None,
    repairs: Counter[str] | None,
) -> Iterator[tuple[Record, Utterance]]:
    with counted(dropped, path, "dropped") as tally, counted(repairs, path, "repaired") as fixed:
        for number, line in read_lines(path, repairs=fixed, skip_bad=skip_bad, dropped=tally):
            where = f"{path}:{number}"
            if not line.strip():
                continue
            try:
                record = _cleaned(parse_json(line, where, dict), fixed)
                utterance = utterance_of(record, where)
            except InputError as error:
                reject(
                    (BAD_RECORD, fault_of(error, where)), where, skip_bad=skip_bad, dropped=tally
                )
            else:
                yield record, utterance


def _cleaned(record: dict[str, Any], repairs: Counter[str]) -> Record:
    r"""The record with its texts in NFC: `n\u0303` is written in ASCII in JSON."""
    return {
        key: clean(value, f'"{key}"', repairs=repairs) if isinstance(value, str) else value
        for key, value in record.items()
    }


def _of_massive(record: Record, _: str) -> Utterance:
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


def _of_slurp(record: Record, where: str) -> Utterance:
    check_shape(record, _SLURP, where)
    tokens = tuple(token["surface"] for token in record["tokens"])
    entities = record["entities"]
    if not all(entity["span"] for entity in entities):
        raise InputError("expected the numbers of tokens in each span, found none")
    spans = [Span(one["span"][0], one["span"][-1] + 1, one["type"]) for one in entities]
    return Utterance(
        id=str(record["slurp_id"]),
        tokens=tokens,
        intent=f"{_text(record, 'scenario')}_{_text(record, 'action')}",
        slots=tags_of(spans, len(tokens)),
        text=_text(record, "sentence"),
    )


def _text(record: Record, key: str) -> str:
    value = record.get(key)
    if not isinstance(value, str) or not value.strip():
        found = excerpt(value) if isinstance(value, str) else type(value).__name__
        raise InputError(f'expected text under "{key}", found {found}')
    return value
