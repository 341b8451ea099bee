"""Score predictions of intents and slots; is one system better than another?

    python -m nlu.evaluate --test xsid:test:de --predictions runs/a/predictions/xsid-test-de.jsonl
    python -m nlu.evaluate --test xsid:test:de,xsid:test:nl --model runs/nlu-1f2e
    python -m nlu.evaluate --test sw-KE.jsonl:test --predictions a.jsonl --against b.jsonl

Predictions are JSON lines with id, pred_intent and either pred_slots (a BIO tag a token, as
nlu.train writes) or pred_annot_utt (as nlu.submit, nlu.predict and MASSIVE's script write). Printed
are the figures of MASSIVE's own script and the repaired ones, slots by characters (which do not
hang on tokens), and with confidences their calibration and, where the set has utterances out of
scope, AUROC. With --against both systems are tested over the same utterances (paired bootstrap).
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from data.access import Access
from data.bounded import parse_json
from data.cli import Parser, run
from data.errors import InputError
from data.files import write_whole
from data.labels.bio import problem
from data.labels.slots import parse
from data.lines import read_lines
from data.utterances import SPLIT_BY_CHARACTER
from metrics.intents import (
    EXACT,
    INTENT,
    SLOTS,
    Parse,
    character_rows,
    character_spans,
    repaired_rows,
    slot_score,
)
from metrics.paired import bootstrap_p, bootstrap_sums, difference_interval
from metrics.ratios import SHARE
from metrics.score import Score
from metrics.tags import F1
from nlu.scoring import scored
from nlu.sets import UtteranceSet, find_utterances

ROW = {
    "id": str,
    "pred_intent": str,
    "pred_slots?": list,
    "pred_annot_utt?": str,
    "confidence?": int | float,
    "locale?": str,
}


def read_predictions(path: Path, test: UtteranceSet) -> tuple[list[Parse], list[float] | None]:
    """The parses of a test set's utterances out of a file, and how sure they are, if it says.

    A submission holds many locales, whose ids are the same: lines of others are passed over.

    Raises:
        InputError: a line of another form; an utterance without a prediction, or with two; tags
            that are not one a token; a test set that has an id twice.
    """
    rows: dict[str, tuple[int, Mapping[str, Any]]] = {}
    for number, line in read_lines(path):
        if line.strip():
            record = parse_json(line, f"{path}:{number}", ROW)
            if record.get("locale") not in (None, test.code):
                continue
            if record["id"] in rows:
                raise InputError(f"{path}:{number}: id {record['id']} a second time; leave one out")
            rows[record["id"]] = number, record
    found: list[Parse] = []
    sure: list[float] = []
    if len({one.id for one in test.utterances}) < len(test.utterances):
        raise InputError(
            f"{test.name}: has an id twice, so that predictions are not told apart; give each"
            " utterance its own"
        )
    for one in test.utterances:
        if one.id not in rows:
            raise InputError(f"{path}: no prediction of {test.name}'s id {one.id}; predict all")
        number, record = rows[one.id]
        where = f"{path}:{number}"
        if (confidence := record.get("confidence")) is not None:
            if not 0 <= confidence <= 1:
                raise InputError(f"{where}: expected a confidence of 0 to 1, found {confidence}")
            sure.append(confidence)
        found.append(Parse(record["pred_intent"], _tags(record, one.tokens, test.code, where)))
    return found, sure if len(sure) == len(found) else None


def _tags(
    record: Mapping[str, Any], tokens: Sequence[str], code: str, where: str
) -> tuple[str, ...]:
    slots = record.get("pred_slots")
    if isinstance(slots, list) and all(isinstance(tag, str) for tag in slots):
        tags = tuple(slots)
    elif isinstance(record.get("pred_annot_utt"), str):
        read = parse(record["pred_annot_utt"], by_character=code in SPLIT_BY_CHARACTER)
        if "".join(read.tokens) != "".join(tokens):
            raise InputError(f"{where}: expected the words of the utterance in pred_annot_utt")
        tags = read.slots
    else:
        raise InputError(f"{where}: expected pred_slots, a tag a token, or pred_annot_utt")
    if len(tags) != len(tokens):
        raise InputError(f"{where}: expected {len(tokens)} tags, one a token, found {len(tags)}")
    if fault := problem(tags):
        raise InputError(f"{where}: {fault}; correct the tags")
    return tags


def evaluated(
    test: UtteranceSet, parses: Sequence[Parse], sure: Sequence[float] | None, system: str
) -> dict[str, Any]:
    """All scores of a system on a test set."""
    told = scored(test, system, parses, {}, sure)
    pairs = (
        (character_spans(tokens, right.slots), character_spans(tokens, guess.slots))
        for tokens, right, guess in zip(test.tokens, test.parses, parses, strict=True)
    )
    gold, guesses = zip(*pairs, strict=True)
    told["characters"] = [
        slot_score(character_rows(gold, guesses), "slot F1 of characters").to_dict()
    ]
    return told


def compared(
    test: UtteranceSet, system: Sequence[Parse], against: Sequence[Parse], *, seed: int = 1
) -> list[dict[str, Any]]:
    """The differences of system less against, with p and interval over the same utterances."""
    ours, theirs = repaired_rows(test.parses, system), repaired_rows(test.parses, against)
    found = []
    for name, mine, other in zip((INTENT, SLOTS, EXACT), ours, theirs, strict=True):
        ratio = F1 if name == SLOTS else SHARE
        drawn = bootstrap_sums(other, mine, seed=seed).differences(ratio.of_columns)
        low, high = difference_interval(drawn)
        found.append(
            {"name": name, "difference": float(drawn[0]), "low": low, "high": high}
            | {"p": bootstrap_p(drawn)}
        )
    return found


def main(argv: Sequence[str] | None = None) -> int:
    """The command line; `evaluated` and `compared` are the functions beneath it."""
    parser = Parser("nlu.evaluate", __doc__ or "")
    parser.add_argument("--test", required=True, metavar="NAMES", help="xsid:test:de, FILE:test")
    parser.add_argument("--predictions", type=Path, nargs="+", default=[], metavar="FILE")
    parser.add_argument("--model", metavar="RUN", help="of nlu.train, in place of predictions")
    parser.add_argument("--against", type=Path, nargs="+", default=[], metavar="FILE")
    parser.add_argument("--out", type=Path, help="a file for the scores, JSON")
    parser.add_common("--seed", "--offline", "-v")
    return run(parser, _evaluate, argv)


def _evaluate(given: argparse.Namespace) -> int:
    from runfolder.console import say, show

    access = Access(offline=given.offline, report=say)
    names = given.test.split(",")
    tests = [one for name in names for one in find_utterances(name, "test", access=access)]
    if bool(given.model) == bool(given.predictions):
        raise InputError("expected --model RUN or --predictions FILE, one of them")
    for name in ("predictions", "against"):
        files = getattr(given, name)
        if files and len(files) != len(tests):
            raise InputError(f"--{name}: expected a file for each of {len(tests)} test sets")
    told = []
    for number, test in enumerate(tests):
        if given.model:
            parses, sure = _of_model(given.model, test, access)
        else:
            parses, sure = read_predictions(given.predictions[number], test)
        one = evaluated(test, parses, sure, "system")
        if given.against:
            other, _ = read_predictions(given.against[number], test)
            one["differences"] = compared(test, parses, other, seed=given.seed)
        told.append(one)
        for line in _lines(one):
            show(line)
    if given.out:
        write_whole(given.out, json.dumps(told, ensure_ascii=False, indent=1) + "\n")
    return 0


def _of_model(
    name: str, test: UtteranceSet, access: Access
) -> tuple[list[Parse], list[float] | None]:
    from nlu.text_to_text import load_parser

    found = load_parser(name, access=access).parse(test.tokens)
    return [Parse(one.intent, one.slots) for one in found], [one.confidence for one in found]


def _lines(told: Mapping[str, Any]) -> list[str]:
    lines = [f"{told['test']}, {told['language']}: {told['utterances']:,} utterances"]
    for kind, about in (
        ("scores", ""),
        ("official", " (official script)"),
        ("characters", ""),
        ("confidence", ""),
    ):
        lines += [f"  {Score.from_dict(one)}{about}" for one in told[kind]]
    for one in told.get("differences", []):
        lines.append(
            f"  {one['name']}: {one['difference']:+.1f} [{one['low']:+.1f}, {one['high']:+.1f}]"
            f" against the other, p {one['p']:.3f}"
        )
    return lines


if __name__ == "__main__":
    raise SystemExit(main())
