"""Files for the organisers: MMNLU-22's JSON lines, xSID's CoNLL.

    python -m nlu.submit --task mmnlu22 --model runs/nlu-1f2e --phase zero-shot --out submission
    python -m nlu.submit --task mmnlu22 --model runs/nlu-1f2e --data FOLDER --out submission
    python -m nlu.submit --task xsid --model runs/nlu-1f2e --out submission

MMNLU-22 (https://mmnlu-22.github.io/Competition) takes JSON lines of all 51 locales with id,
locale, utt, pred_intent, pred_slots and pred_annot_utt: utt in tokens, slots as [words, label] with
neighbours of one label joined, as MASSIVE's own script writes. Each line is checked against the
unlabelled file before anything is written. settings.json says what the task limits: parameters, and
data that the model was trained on; a zero-shot model that was trained on another language than
English is refused. `--task xsid` writes a .conll a language, as xSID's scorer reads it.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.access import Access
from data.bounded import read_json
from data.cli import Parser, run
from data.errors import InputError
from data.files import write_whole
from data.utterances import HELD_OUT, SPLIT_BY_CHARACTER
from metrics.intents import OTHER, plain_labels
from nlu.sets import UtteranceSet, find_utterances

if TYPE_CHECKING:
    from nlu.model import Parsed
    from nlu.text_to_text import Parser as Model

FULL, ZERO_SHOT = "full", "zero-shot"
LOCALES = 51
TASKS = ("mmnlu22", "xsid")
SCORES = {"data": [dict]}


@dataclass(frozen=True, slots=True)
class Line:
    """A line of MMNLU-22's submission."""

    id: str
    locale: str
    utt: tuple[str, ...]
    pred_intent: str
    pred_slots: tuple[tuple[str, str], ...]
    pred_annot_utt: str

    def to_json(self) -> str:
        """As the organisers read it."""
        told = {
            "id": self.id,
            "locale": self.locale,
            "utt": list(self.utt),
            "pred_intent": self.pred_intent,
            "pred_slots": [list(pair) for pair in self.pred_slots],
            "pred_annot_utt": self.pred_annot_utt,
        }
        return json.dumps(told, ensure_ascii=False)


def line_of(id_: str, locale: str, tokens: Sequence[str], found: Parsed) -> Line:
    """The line of an utterance, written the way MASSIVE's script writes predictions.

    >>> from nlu.model import Parsed
    >>> tags = ("O", "B-time", "I-time", "B-time")
    >>> line_of("7", "sw-KE", ("niamshe", "saa", "tano", "asubuhi"), Parsed("alarm", tags, 1.0))
    ... # doctest: +NORMALIZE_WHITESPACE
    Line(id='7', locale='sw-KE', utt=('niamshe', 'saa', 'tano', 'asubuhi'), pred_intent='alarm',
     pred_slots=(('saa tano asubuhi', 'time'),), pred_annot_utt='niamshe [time : saa tano asubuhi]')
    """
    runs: list[tuple[list[str], str]] = []
    for token, label in zip(tokens, plain_labels(found.slots), strict=True):
        if runs and runs[-1][1] == label:
            runs[-1][0].append(token)
        else:
            runs.append(([token], label))
    parts = [
        " ".join(said) if label == OTHER else f"[{label} : {' '.join(said)}]"
        for said, label in runs
    ]
    slots = tuple((" ".join(said), label) for said, label in runs if label != OTHER)
    return Line(id_, locale, tuple(tokens), found.intent, slots, " ".join(parts))


def checked(lines: Sequence[Line], test: UtteranceSet) -> None:
    """Raise unless there is a line for each utterance of the unlabelled file, in its words.

    Raises:
        InputError: a line too many or too few, other words, slots that are not in the utterance.
    """
    if [one.id for one in lines] != [one.id for one in test.utterances]:
        raise InputError(f"{test.name}: expected the ids of the unlabelled file, each once")
    for one, gold in zip(lines, test.utterances, strict=True):
        where = f"{test.name}, id {one.id}"
        if one.locale != test.code or one.utt != gold.tokens or not one.pred_intent:
            raise InputError(f"{where}: expected its locale, words and an intent")
        whole = " ".join(one.utt)
        if any(f" {said} " not in f" {whole} " for said, _ in one.pred_slots):
            raise InputError(f"{where}: expected slots made of its words, found {one.pred_slots}")


def limits(folder: Path, model: Model, phase: str) -> dict[str, Any]:
    """What the task limits: parameters, and data that the model has seen.

    Raises:
        InputError: a zero-shot model that was trained or chosen on another language than English.
    """
    size = sum(weight.numel() for weight in model.network.parameters())
    scores = (folder if (folder / "scores.json").exists() else folder.parent) / "scores.json"
    used = read_json(scores, SCORES)["data"] if scores.exists() else []
    used = [one for one in used if one.get("role") in ("train", "few", "dev")]
    others = [one for one in used if not str(one["language"]).lower().startswith("en")]
    if phase == ZERO_SHOT and others:
        raise InputError(
            f"--phase zero-shot: the model was trained or chosen on {others[0]['name']}; hand it"
            " in with --phase full"
        )
    kept = ("role", "name", "language", "utterances", "licence", "sha256")
    return {
        "parameters": size,
        "phase": phase,
        "trained_on": [{key: one[key] for key in kept} for one in used],
        "known": bool(used),
    }


def mmnlu22(
    model: Model, tests: Sequence[UtteranceSet], *, phase: str, folder: Path, out: Path
) -> list[str]:
    """Write predictions.jsonl and settings.json; lines on what was written.

    Raises:
        InputError: a locale twice; a line that does not fit its utterance.
    """
    locales = [test.code for test in tests]
    if twice := sorted({code for code in locales if locales.count(code) > 1}):
        raise InputError(f"--data: the locale {twice[0]} is there twice; leave one out")
    told = limits(folder, model, phase)
    written = []
    for test in tests:
        found = model.parse(test.tokens)
        lines = [
            line_of(one.id, test.code, one.tokens, parsed)
            for one, parsed in zip(test.utterances, found, strict=True)
        ]
        checked(lines, test)
        written += [line.to_json() for line in lines]
    settings = {"task": "mmnlu22", "locales": locales, "lines": len(written), **told}
    out.mkdir(parents=True, exist_ok=True)
    write_whole(out / "predictions.jsonl", "".join(f"{line}\n" for line in written))
    write_whole(out / "settings.json", json.dumps(settings, ensure_ascii=False, indent=1) + "\n")
    notes = [f"wrote {out}/predictions.jsonl: {len(written):,} lines, {len(locales)} locales"]
    if len(locales) < LOCALES:
        notes.append(f"note: the task has {LOCALES} locales, {len(locales)} are here")
    if not told["known"]:
        notes.append("note: no scores.json beside the model says what it was trained on")
    return notes


def xsid(model: Model, tests: Sequence[UtteranceSet], *, folder: Path, out: Path) -> list[str]:
    """Write a .conll a language, with comments as xSID's, and settings.json."""
    out.mkdir(parents=True, exist_ok=True)
    names = []
    for test in tests:
        found = model.parse(test.tokens)
        blocks = [
            _block(one.id, one.text, one.tokens, parsed)
            for one, parsed in zip(test.utterances, found, strict=True)
        ]
        names.append(f"{test.code}.test.conll")
        write_whole(out / names[-1], "\n".join(blocks))
    settings = {"task": "xsid", "files": names, **limits(folder, model, FULL)}
    write_whole(out / "settings.json", json.dumps(settings, ensure_ascii=False, indent=1) + "\n")
    return [f"wrote {out}: {', '.join(names)}"]


def _block(id_: str, text: str, tokens: Sequence[str], found: Parsed) -> str:
    rows = (
        f"{number}\t{token}\t{found.intent}\t{tag}\n"
        for number, (token, tag) in enumerate(zip(tokens, found.slots, strict=True), 1)
    )
    return f"# id = {id_}\n# text = {text}\n# intent = {found.intent}\n{''.join(rows)}"


def main(argv: Sequence[str] | None = None) -> int:
    """The command line; `mmnlu22` and `xsid` are the functions beneath it."""
    parser = Parser("nlu.submit", __doc__ or "")
    parser.add_argument("--task", required=True, choices=TASKS)
    parser.add_argument("--model", required=True, metavar="RUN", help="of nlu.train")
    parser.add_argument("--phase", choices=(FULL, ZERO_SHOT), default=FULL, help="of mmnlu22")
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="of the task's files, one a"
                        " locale (default: the catalog's)")  # fmt: skip
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    parser.add_common("--offline", "-v")
    return run(parser, _submit, argv)


def _submit(given: argparse.Namespace) -> int:
    from models.resolve import resolve_model
    from nlu.text_to_text import load_parser
    from runfolder.console import say

    access = Access(offline=given.offline, report=say)
    if given.out.exists() and not given.out.is_dir():
        raise InputError(f"--out {given.out}: expected a folder, found a file; name another")
    tests = list(_tests(given, access))
    model = load_parser(given.model, access=access)
    folder = resolve_model(given.model, access).folder
    if given.task == "xsid":
        notes = xsid(model, tests, folder=folder.parent, out=given.out)
    else:
        notes = mmnlu22(model, tests, phase=given.phase, folder=folder.parent, out=given.out)
    for note in notes:
        say(note)
    return 0


def _tests(given: argparse.Namespace, access: Access) -> Iterator[UtteranceSet]:
    """The files of the task, in the order of their locales."""
    if given.data is None:
        name = "xsid:test:all" if given.task == "xsid" else "mmnlu-22:test:all"
        yield from find_utterances(name, access=access)
        return
    suffix, split = ("conll", "test") if given.task == "xsid" else ("jsonl", HELD_OUT)
    files = sorted(given.data.glob(f"*.{suffix}"))
    if not files:
        raise InputError(f"--data {given.data}: expected files *.{suffix}, found none")
    for path in files:
        [found] = find_utterances(f"{path}:{split}", access=access)
        if found.code in SPLIT_BY_CHARACTER or "-" in found.code or given.task == "xsid":
            yield found
            continue
        raise InputError(f"{path}: expected a locale such as sw-KE in the records or the name")


def read_settings(out: Path) -> Mapping[str, Any]:
    """The settings.json of a submission."""
    found: dict[str, Any] = read_json(out / "settings.json", {"task": str, "parameters": int})
    return found


if __name__ == "__main__":
    raise SystemExit(main())
