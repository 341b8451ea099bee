"""Labelled utterances by name: data sets of the catalog, and files in any of their forms.

    find_utterances("xsid:test:de-muc")       # NAME[:SPLIT][:LANGUAGE], its own codes too
    find_utterances("xsid:test:all")          # one set a language
    find_utterances("clinc150:test")          # intents alone; out of scope is the intent `oos`
    find_utterances("sw-KE.jsonl:test")       # a file of MASSIVE, whose partitions are splits
    find_utterances("dev_ES.tsv")         # MultiATIS++, MTOP, Injongo, SLURP, xSID too

What sets hold, and which utterances stand in two of them:

    python -m nlu.sets xsid:train xsid:test:en slurp:test
"""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from data.access import Access
from data.bounded import parse_json
from data.catalog import Dataset, catalog, dataset
from data.cli import Parser, run
from data.contamination import KeepOut
from data.errors import InputError, UnavailableError
from data.files import canonical_json, sha256_text
from data.labelled import READERS as TEXT_READERS
from data.labels.bio import OUTSIDE
from data.labels.slots import Utterance, official_labels
from data.languages import resolve
from data.lines import read_lines
from data.load import fetch_split
from data.spelling import sentence_key
from data.utterances import SPLIT_BY_CHARACTER, first_keys, read_split, read_utterances, roles_of
from metrics.intents import Parse

ALL, NOT_STATED = "all", "not stated"
UTTERANCES, INTENTS = "utterances", "intents"  # kinds of the catalog
CLINC_SPLITS = {
    "train": ("train", "oos_train"),
    "dev": ("val", "oos_val"),
    "test": ("test", "oos_test"),
}
EMPTY = "utterance without a word"


@dataclass(frozen=True)
class UtteranceSet:
    """Labelled utterances with one origin.

    Attributes:
        name: as it was asked for, with its language where "all" was.
        code: the data set's own for the language; of a file its locale or its name.
        labels: as MASSIVE's own script reads its annotations, where the set is MASSIVE's.
        dropped, repairs: counts by reason.
        locale: of a file's records, if they say one.
    """

    name: str
    utterances: tuple[Utterance, ...] = field(repr=False)
    code: str = ""
    licence: str = NOT_STATED
    labels: tuple[tuple[str, ...], ...] | None = field(default=None, repr=False)
    dropped: Counter[str] = field(default_factory=Counter)
    repairs: Counter[str] = field(default_factory=Counter)
    locale: str = ""

    @property
    def parses(self) -> list[Parse]:
        """What the utterances mean."""
        return [Parse(one.intent, one.slots) for one in self.utterances]

    @property
    def tokens(self) -> list[tuple[str, ...]]:
        """The tokens of each utterance."""
        return [one.tokens for one in self.utterances]

    @cached_property
    def sha256(self) -> str:
        """Of tokens and labels."""
        rows = [[one.id, one.tokens, one.intent, one.slots] for one in self.utterances]
        return sha256_text(canonical_json(rows))

    def to_json(self) -> dict[str, Any]:
        """What config.json and scores.json say of it."""
        return {
            "name": self.name,
            "utterances": len(self.utterances),
            "tokens": sum(len(one.tokens) for one in self.utterances),
            "intents": len({one.intent for one in self.utterances}),
            "slots": len({tag[2:] for one in self.utterances for tag in one.slots} - {""}),
            "language": self.code,
            "licence": self.licence,
            "sha256": self.sha256,
        }


def find_utterances(
    name: str, split: str = "train", *, skip_bad: bool = False, access: Access = Access()
) -> list[UtteranceSet]:
    """The utterances of that name; several sets where all languages are asked for.

    Args:
        split: of a data set, or a file of MASSIVE, whose name says none.
        skip_bad: leave out bad records of files, counted; those of the catalog always are.

    Raises:
        InputError: no such file, set, split or language; a bad record; no utterance in it.
        UnavailableError: a file of the catalog cannot be had.
    """
    path, of_file = Path(name), split
    if not path.is_file() and ":" in name:
        path, of_file = Path(name.rpartition(":")[0]), name.rpartition(":")[2]
    found = [_of_file(name, path, of_file, skip_bad)] if path.is_file() else []
    found = found or _of_catalog(name, split, access)
    for one in found:
        if not one.utterances:
            raise InputError(f"{one.name}: expected utterances, found none; give another set")
    return found


def without_tests(found: UtteranceSet, keep_out: KeepOut, dropped: Counter[str]) -> UtteranceSet:
    """The set without the utterances of test sets, which are counted by test set."""
    kept = []
    for one in found.utterances:
        if (name := keep_out.find(" ".join(one.tokens))) is None:
            kept.append(one)
        else:
            dropped[f"utterance of {name}"] += 1
    return replace(found, utterances=tuple(kept))


def keep_out_of(sets: Sequence[UtteranceSet]) -> KeepOut:
    """The utterances of these sets, to be kept out of training data."""
    keep_out = KeepOut()
    for one in sets:
        keep_out.add(one.name, (" ".join(u.tokens) for u in one.utterances))
    return keep_out


def check_names(sets: Sequence[UtteranceSet], tests: Sequence[UtteranceSet] = ()) -> None:
    """Raise for a set that is named twice, and for two files of one locale among the tests."""
    for what in ([one.name for one in sets], [one.sha256 for one in sets]):
        twice = [key for key, number in Counter(what).items() if number > 1]
        if twice:
            names = [one.name for one, key in zip(sets, what, strict=True) if key == twice[0]]
            raise InputError(
                f"{names[0]}: named twice{'' if names[0] == names[-1] else ' as ' + names[-1]};"
                " a set has one role"
            )
    files: dict[str, str] = {}
    for one in tests:
        if one.locale and files.setdefault(one.locale, one.name) != one.name:
            raise InputError(
                f"{one.name}: the locale {one.locale} is there twice, {files[one.locale]} has it"
                " too; means over languages would count it double: leave one out"
            )


def _of_file(name: str, path: Path, split: str, skip_bad: bool) -> UtteranceSet:
    dropped, repairs = Counter[str](), Counter[str]()
    read = read_utterances(path, split, skip_bad=skip_bad, dropped=dropped, repairs=repairs)
    found = UtteranceSet(name, tuple(read), path.name.partition(".")[0])
    if "locale" in (keys := first_keys(path) if path.suffix == ".jsonl" else ()):
        locale = str(_first_record(path)["locale"])
        found = replace(found, code=locale, locale=locale)
    if "annot_utt" in keys:
        found = replace(found, labels=_official(path, found.utterances))
    return _with_words(replace(found, dropped=dropped, repairs=repairs))


def _of_catalog(name: str, split: str, access: Access) -> list[UtteranceSet]:
    known, *rest = name.split(":")
    there = [one.name for one in catalog().values() if one.kind in (UTTERANCES, INTENTS)]
    if known.lower() not in there or len(rest) > 2:
        raise InputError(
            f"{name}: no such file, and no utterances of the catalog; expected"
            f" NAME[:SPLIT][:LANGUAGE] with one of {', '.join(there)}"
        )
    entry = dataset(known.lower())
    if len(rest) == 2 or (rest and rest[0] in _splits(entry)):
        split = rest.pop(0)
    if entry.kind == INTENTS:
        return [_intents(name, entry, split, access)]
    codes = entry.codes()
    if not rest and len(codes) > 1:
        if split != "train" or not entry.select("train-text"):
            listed = ", ".join(sorted(codes))
            raise InputError(f"{name}: say in which language, as {known}:SPLIT:CODE with {listed}")
        rest = ["en"]  # xSID's only training part
    if rest == [ALL]:
        return list(_at_hand(entry, split, access))
    code = rest[0] if rest else codes[0]
    return [_read(name, entry, code, split, access)]


def _splits(entry: Dataset) -> set[str]:
    if entry.kind == INTENTS:
        return {*CLINC_SPLITS, *(split for both in CLINC_SPLITS.values() for split in both)}
    roles = {file.role.partition("-")[0] for file in entry.contents}
    return roles | ({"train", "dev", "test"} if "utterances" in roles else set())


def _at_hand(entry: Dataset, split: str, access: Access) -> Iterator[UtteranceSet]:
    """The sets of all languages that can be had; which cannot is said."""
    roles, lacking = roles_of(entry, split), []
    for code in sorted(entry.codes()):
        if not all(entry.select(role, code=code) for role in roles):
            continue
        try:
            yield _read(f"{entry.name}:{split}:{code}", entry, code, split, access)
        except UnavailableError:
            lacking.append(code)
    if lacking:
        access.say(f"{entry.name}:{split}: cannot be had and left out: {', '.join(lacking)}")


def _read(name: str, entry: Dataset, code: str, split: str, access: Access) -> UtteranceSet:
    try:
        language = code if code in entry.codes() else resolve(code)
    except InputError as error:  # one word may have been meant for either
        splits = f"{code} is none of the splits {', '.join(sorted(_splits(entry)))}; "
        told = splits if name.count(":") == 1 else ""
        raise InputError(f"{name}: {told}{error}") from error
    part = fetch_split(entry, language, roles_of(entry, split), access=access)
    dropped, repairs = Counter[str](), Counter[str]()
    read = tuple(read_split(entry, split, part.paths, dropped=dropped, repairs=repairs))
    labels = _official(part.paths[0], read) if entry.reader == "massive" else None
    return _with_words(UtteranceSet(name, read, part.code, entry.licence, labels, dropped, repairs))


def _intents(name: str, entry: Dataset, split: str, access: Access) -> UtteranceSet:
    """A data set of intents without slots, whose file holds all splits."""
    wanted = CLINC_SPLITS.get(split, (split,))
    file = entry.contents[0]
    part = fetch_split(entry, file.codes[0], (file.role,), access=access)
    texts = [one for one in TEXT_READERS[entry.reader](part.paths[0]) if one.split in wanted]
    if not texts:
        raise InputError(f'{name}: no split "{split}"; it has: {", ".join(sorted(_splits(entry)))}')
    found = []
    for number, one in enumerate(texts, 1):
        tokens = tuple(one.text.split())
        slots = (OUTSIDE,) * len(tokens)
        found.append(Utterance(f"{one.split}-{number}", tokens, one.label, slots, one.text))
    return _with_words(UtteranceSet(name, tuple(found), part.code, entry.licence))


def _with_words(found: UtteranceSet) -> UtteranceSet:
    """Without utterances that hold no word, which are counted; labels stay in line."""
    if all(one.tokens for one in found.utterances):
        return found
    kept = [number for number, one in enumerate(found.utterances) if one.tokens]
    dropped = found.dropped + Counter({EMPTY: len(found.utterances) - len(kept)})
    labels = tuple(found.labels[n] for n in kept) if found.labels else None
    utterances = tuple(found.utterances[n] for n in kept)
    return replace(found, utterances=utterances, labels=labels, dropped=dropped)


def _official(path: Path, utterances: Sequence[Utterance]) -> tuple[tuple[str, ...], ...] | None:
    """Labels as MASSIVE's script reads them, in the order of the utterances; None for others."""
    by_id: dict[str, tuple[str, ...]] = {}
    for number, line in read_lines(path, skip_bad=True, dropped=Counter()):
        try:
            record = parse_json(line, f"{path}:{number}", dict)
        except InputError:
            continue  # counted where the utterances were read
        annotated = record.get("annot_utt")
        if isinstance(annotated, str):
            by_character = record.get("locale") in SPLIT_BY_CHARACTER
            told = official_labels(annotated, by_character=by_character)
            by_id[str(record.get("id"))] = told
    found = tuple(by_id.get(one.id, ()) for one in utterances)
    lengths = zip(found, utterances, strict=True)
    return found if all(len(told) == len(one.tokens) for told, one in lengths) else None


def _first_record(path: Path) -> Mapping[str, Any]:
    number, line = next(one for one in read_lines(path) if one[1].strip())
    record: dict[str, Any] = parse_json(line, f"{path}:{number}", dict)
    return record


def shared(sets: Sequence[UtteranceSet]) -> list[tuple[str, str, int]]:
    """Which sets hold utterances of which others: (set, other, how many of the set's own).

    Utterances are the same where their letters and digits are (`data.spelling`).
    """
    keys = [[sentence_key(" ".join(u.tokens)) for u in one.utterances] for one in sets]
    holders: defaultdict[str, set[int]] = defaultdict(set)
    for number, of_set in enumerate(keys):
        for key in of_set:
            holders[key].add(number)
    found = []
    for number, of_set in enumerate(keys):
        counts = Counter(other for key in of_set for other in holders[key] if other != number)
        found += [(sets[number].name, sets[o].name, counts[o]) for o in sorted(counts)]
    return found


def main(argv: Sequence[str] | None = None) -> int:
    """The command line: a line a set, then what sets share."""
    parser = Parser("nlu.sets", __doc__ or "")
    parser.add_argument("names", nargs="+", metavar="NAME", help="xsid:test:all, FILE.jsonl:test")
    parser.add_argument("--skip-bad", action="store_true", help="leave out bad records, counted")
    parser.add_common("--offline", "-v")

    def command(given: argparse.Namespace) -> int:
        from runfolder.console import aligned, say, show

        access = Access(offline=given.offline, report=say)
        sets = [
            one
            for name in given.names
            for one in find_utterances(name, "test", skip_bad=given.skip_bad, access=access)
        ]
        head = ("set", "language", "utterances", "tokens", "intents", "slots", "ids", "left out")
        rows = [head, *(_row(one) for one in sets)]
        for line in aligned(rows):
            show(line)
        for name, other, number in shared(sets):
            show(f"{name}: {number:,} utterances stand in {other} too")
        return 0

    return run(parser, command, argv)


def _row(one: UtteranceSet) -> tuple[str, ...]:
    told = one.to_json()
    ids = len({u.id for u in one.utterances})
    counts = (told["utterances"], told["tokens"], told["intents"], told["slots"], ids)
    gone = sum(one.dropped.values())
    return (one.name, one.code, *(f"{number:,}" for number in counts), f"{gone:,}")


if __name__ == "__main__":
    raise SystemExit(main())
