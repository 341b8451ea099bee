"""What a run said on its test sets, item by item, beside what was right.

    for outcome in outcomes_of(Path("runs/nlu-1f2e"), None, access):
        outcome.label, outcome.score()

Runs of nlu.train, training.tag and training.classify keep their predictions; nothing is predicted
anew. A run is a row of KINDS.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.access import Access
from data.bounded import parse_json, read_json
from data.cli import did_you_mean
from data.errors import InputError
from data.files import sha256_text
from data.languages import Language, resolve
from data.lines import read_lines
from data.tagged import read_tagged
from data.tsv import read_tsv
from data.words import word_spans
from metrics.intents import EXACT, INTENT, SLOTS, Parse, repaired_rows
from metrics.labels import match_rows
from metrics.ratios import SHARE, Ratio
from metrics.tags import F1, spans
from training.tagging.labelled import file_name, find_labelled

ACCURACY, SPAN_F1 = "accuracy", "F1"
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Outcome:
    """A test set, or a group of its items.

    Attributes:
        label: what it is called in a table: its language, or a group.
        language: of its texts; None where nobody says.
        rows: (items, width), the statistics of `ratio`.
        gold: what was right, item by item: test sets with the same ids and the same gold are
            translations of one another, and are compared item by item.
    """

    test: str
    label: str
    language: Language | None
    metric: str
    ratio: Ratio
    ids: tuple[str, ...]
    rows: Floats
    texts: tuple[str, ...] = field(repr=False)
    gold: tuple[str, ...] = field(repr=False)

    @cached_property
    def parallel(self) -> str:
        """The same for test sets that are of the same items."""
        return sha256_text("\n".join(f"{i}\t{g}" for i, g in zip(self.ids, self.gold, strict=True)))

    @property
    def value(self) -> float:
        """The score, on 0-100."""
        return self.ratio.of_sums(self.rows.sum(axis=0).tolist())

    def only(self, chosen: Sequence[int], label: str) -> Outcome:
        """Some of its items under another name."""
        pick = [(self.ids[n], self.texts[n], self.gold[n]) for n in chosen]
        ids, texts, gold = zip(*pick, strict=True) if pick else ((), (), ())
        return Outcome(
            self.test, label, self.language, self.metric, self.ratio,
            ids, self.rows[list(chosen)], texts, gold,
        )  # fmt: skip

    @cached_property
    def words(self) -> list[str]:
        """All words of its texts, in lower case."""
        return [text[a:b].lower() for text in self.texts for a, b in word_spans(text)]


Read = Callable[[Path, str, Mapping[str, Any], "str | None", Access], Outcome]


def scored_kind(folder: Path) -> str | None:
    """The command of a run whose predictions can be read; None of other folders."""
    path = folder / "config.json"
    if not path.is_file():
        return None
    told = read_json(path, dict)
    command = told.get("command")
    return command if command in KINDS and (folder / "scores.json").is_file() else None


def outcomes_of(run: Path, metric: str | None, access: Access) -> list[Outcome]:
    """The outcomes of a run's test sets, in the order in which they were scored.

    Raises:
        InputError: predictions that are missing or damaged; a metric that the run has not.
    """
    command = scored_kind(run)
    if command is None:
        return []
    told = read_json(run / "scores.json", {"results": [dict]})
    data = [one for one in told.get("data", []) if one.get("role") == "test"]
    names = list(dict.fromkeys(str(one["test"]) for one in told["results"]))
    by_name = {str(one["name"]): one for one in data}
    scheme = {"scheme": told.get("scheme", "")}
    found = [KINDS[command](run, n, by_name.get(n, {}) | scheme, metric, access) for n in names]
    return _labelled(found)


def _labelled(found: list[Outcome]) -> list[Outcome]:
    """Test sets that share a language are told apart by their names."""
    codes = [one.label for one in found]
    return [
        one if codes.count(one.label) == 1 else one.only(range(len(one.ids)), one.test)
        for one in found
    ]


def _language(told: Mapping[str, Any], test: str) -> Language | None:
    """What the run says of a test set's language, else the end of its name, else none is known."""
    for code in (told.get("language"), test.rpartition(":")[2]):
        if code:
            try:
                return resolve(str(code))
            except InputError:
                continue
    return None


def _chosen(metric: str | None, known: Sequence[str], run: Path) -> str:
    if metric is None:
        return known[0]
    if metric not in known:
        raise InputError(
            f'--metric "{metric}": {run.name} has {", ".join(known)}{did_you_mean(metric, known)}'
        )
    return metric


def _file(run: Path, test: str, suffix: str) -> Path:
    path = (run / "predictions" / file_name(test)).with_suffix(suffix)
    if not path.is_file():
        raise InputError(
            f"{path}: expected the predictions of {test}, found no such file; run the command of"
            f" {run / 'config.json'} again"
        )
    return path


def _intents(
    run: Path, test: str, told: Mapping[str, Any], metric: str | None, _: Access
) -> Outcome:
    shape = {"id": str, "tokens": [str], "intent": str, "slots": [str], "pred_intent": str}
    path = _file(run, test, ".jsonl")
    records = [
        parse_json(line, f"{path}:{number}", shape | {"pred_slots": [str]})
        for number, line in read_lines(path)
    ]
    gold = [Parse(one["intent"], tuple(one["slots"])) for one in records]
    said = [Parse(one["pred_intent"], tuple(one["pred_slots"])) for one in records]
    name = _chosen(metric, (INTENT, SLOTS, EXACT), run)
    rows = dict(zip((INTENT, SLOTS, EXACT), repaired_rows(gold, said), strict=True))[name]
    return Outcome(
        test,
        _code(told, test),
        _language(told, test),
        name,
        F1 if name == SLOTS else SHARE,
        tuple(one["id"] for one in records),
        np.asarray(rows, np.float64),
        tuple(" ".join(one["tokens"]) for one in records),
        tuple(one["intent"] for one in records),
    )


def _topics(
    run: Path, test: str, told: Mapping[str, Any], metric: str | None, _: Access
) -> Outcome:
    path = _file(run, test, ".tsv")
    found = [one.cells for one in read_tsv(path, ("text", "label", "predicted"), header=True)]
    _chosen(metric, (ACCURACY,), run)
    texts, gold, said = zip(*found, strict=True)
    return Outcome(
        test, _code(told, test), _language(told, test), ACCURACY, SHARE,
        tuple(str(n) for n in range(1, len(texts) + 1)),
        np.asarray(match_rows(gold, said), np.float64), texts, gold,
    )  # fmt: skip


def _tags(
    run: Path, test: str, told: Mapping[str, Any], metric: str | None, access: Access
) -> Outcome:
    said = list(read_tagged(_file(run, test, ".txt"), keep_replacement=True))
    gold = find_labelled(test, "test", access=access).sentences
    if [one.tokens for one in said] != [one.tokens for one in gold]:
        raise InputError(
            f"{run}: the predictions of {test} are of other sentences than the set now has; run"
            f" the command of {run / 'config.json'} again"
        )
    is_bio = told["scheme"] == "bio"
    name = _chosen(metric, (SPAN_F1,) if is_bio else (ACCURACY,), run)
    pairs = [(one.tags, other.tags) for one, other in zip(gold, said, strict=True)]
    rows = [_span_row(*both) if is_bio else _tag_row(*both) for both in pairs]
    return Outcome(
        test,
        _code(told, test),
        _language(told, test),
        name,
        F1 if is_bio else SHARE,
        tuple(one.id for one in gold),
        np.asarray(rows, np.float64),
        tuple(" ".join(one.tokens) for one in gold),
        tuple(" ".join(one.tags) for one in gold),
    )


def _tag_row(gold: Sequence[str], said: Sequence[str]) -> list[int]:
    return [sum(a == b for a, b in zip(gold, said, strict=True)), len(gold)]


def _span_row(gold: Sequence[str], said: Sequence[str]) -> list[int]:
    right, guessed = frozenset(spans(gold)), frozenset(spans(said))
    return [len(right & guessed), len(guessed), len(right)]


def _code(told: Mapping[str, Any], test: str) -> str:
    language = _language(told, test)
    return test if language is None else str(told.get("language") or language.bcp47)


KINDS: dict[str, Read] = {
    "nlu.train": _intents,
    "training.classify": _topics,
    "training.tag": _tags,
}
