"""Labelled sentences by name: files, what lexaug.synthesize wrote, data sets of the catalog.

    find_labelled("ewt:train")                  # NAME[:SPLIT][:LANGUAGE] of the catalog
    find_labelled("masakhapos:twi", "test")     # the split where the name says none
    find_labelled("runs/tags-bam")              # lexaug.synthesize --mode tags
    find_labelled("my_tags.txt")                # token TAG, a blank line between sentences

Sentences that stand in a test set are dropped from training data and counted:

>>> mine = Labelled("mine", (TaggedSentence("1", ("Mbwa", "analala", "."), ("NOUN",) * 3),))
>>> dropped = Counter()
>>> without_tests(mine, keep_out_of([("toy", ["mbwa analala"])]), dropped).sentences
()
>>> dict(dropped)
{'sentence of toy': 1}
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from data.access import Access
from data.bounded import read_json
from data.catalog import catalog, dataset
from data.contamination import KeepOut
from data.corpus import NOT_STATED
from data.errors import InputError
from data.files import sha256_text
from data.labels.schemes import BIO, POS, read_labelled
from data.languages import resolve
from data.tagged import SCHEMES, TaggedSentence, load_tagged, read_tagged, tagged_lines

TEXT_FILES = ("tags.txt", "tags.txt.gz", "tags.txt.zst")


@dataclass(frozen=True)
class Labelled:
    """Labelled sentences with one origin.

    Attributes:
        name: as it was asked for.
        scheme: "bio", valid whatever the file's own scheme of names is, or "pos".
        synthetic: whether `lexaug.synthesize` made them.
        dropped, repairs: counts by reason, of what reading left out or mended.
    """

    name: str
    sentences: tuple[TaggedSentence, ...] = field(repr=False)
    licence: str = NOT_STATED
    language: str = ""
    scheme: str = POS
    synthetic: bool = False
    dropped: Counter[str] = field(default_factory=Counter)
    repairs: Counter[str] = field(default_factory=Counter)

    @property
    def sha256(self) -> str:
        """Of the sentences in two columns."""
        lines = (tagged_lines(one, keep_replacement=True) for one in self.sentences)
        return sha256_text("".join(lines))

    def to_json(self) -> dict[str, Any]:
        """What config.json and scores.json say of it."""
        return {
            "name": self.name,
            "sentences": len(self.sentences),
            "tokens": sum(len(one.tokens) for one in self.sentences),
            "language": self.language,
            "licence": self.licence,
            "synthetic": self.synthetic,
            "sha256": self.sha256,
        }


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How labelled sets are read.

    Attributes:
        split: of a data set of the catalog whose name says none.
        scheme: of the labels in files, one of `data.labels.schemes.SCHEMES`; None: they tell.
        skip_bad: leave out sentences with a bad line or tag of a file, counted.
        labels: False where only the words are wanted, whatever stands beside them.
    """

    split: str = "train"
    scheme: str | None = None
    skip_bad: bool = False
    labels: bool = True
    access: Access = Access()


def find_labelled(
    name: str,
    split: str = "train",
    *,
    scheme: str | None = None,
    skip_bad: bool = False,
    labels: bool = True,
    access: Access = Access(),
) -> Labelled:
    """The labelled set of that name; see `ReadOptions` for how it is read.

    Raises:
        InputError: no such file, set, split or language; a bad line; no sentence in it.
        UnavailableError: a file of the catalog cannot be had.
    """
    path, how = Path(name), ReadOptions(split, scheme, skip_bad, labels, access)
    if path.is_dir():
        found = _synthetic(name, path, how)
    elif path.is_file():
        found = _file(name, path, how)
    else:
        found = _of_catalog(name, how)
    if not found.sentences:
        raise InputError(f"{name}: expected labelled sentences, found none; give another set")
    return found


def keep_out_of(sets: Iterable[tuple[str, Iterable[str]]]) -> KeepOut:
    """The sentences of these test sets, each a name and its sentences."""
    keep_out = KeepOut()
    for name, sentences in sets:
        keep_out.add(name, sentences)
    return keep_out


def without_tests(labelled: Labelled, keep_out: KeepOut, dropped: Counter[str]) -> Labelled:
    """The set without the sentences of test sets, which are counted by test set."""
    kept = []
    for sentence in labelled.sentences:
        name = keep_out.find(" ".join(sentence.tokens))
        if name is None:
            kept.append(sentence)
        else:
            dropped[f"sentence of {name}"] += 1
    return replace(labelled, sentences=tuple(kept))


def scheme_of(sets: Sequence[Labelled], asked: str | None) -> str:
    """The scheme that all sets have: "pos" or "bio", which all schemes of names are read into.

    Raises:
        InputError: they differ, or are not what was asked for.
    """
    found = {one.name: one.scheme for one in sets}
    asked = asked and (POS if asked == POS else BIO)
    if len({*found.values(), *([asked] if asked else [])}) > 1:
        told = ", ".join(f"{name} {scheme}" for name, scheme in found.items())
        wanted = f"--scheme {asked}" if asked else "one scheme of labels"
        raise InputError(f"expected {wanted}, found {told}; leave the other sets out")
    return next(iter(found.values()))


def _file(name: str, path: Path, reading: ReadOptions) -> Labelled:
    dropped, repairs = Counter[str](), Counter[str]()
    how: dict[str, Any] = {"skip_bad": reading.skip_bad, "dropped": dropped, "repairs": repairs}
    if not reading.labels:
        return Labelled(name, tuple(read_tagged(path, **how)), dropped=dropped, repairs=repairs)
    found = read_labelled(path, scheme=reading.scheme, **how)
    reading.access.say(found.told.sentence(str(path)))
    task = found.told.task
    return Labelled(name, found.sentences, scheme=task, dropped=dropped, repairs=repairs)


def _synthetic(name: str, folder: Path, reading: ReadOptions) -> Labelled:
    """What `lexaug.synthesize --mode tags --out FOLDER` wrote."""
    path = next((folder / file for file in TEXT_FILES if (folder / file).is_file()), None)
    if path is None or not (folder / "coverage.json").is_file():
        raise InputError(
            f"{folder}: expected the finished run of lexaug.synthesize --mode tags --format text,"
            f" found no {' and '.join([*TEXT_FILES[:1], 'coverage.json'])}; run it to its end"
        )
    shape = {"run": {"licence": {"strictest": str}, "language": str}}
    settings = read_json(folder / "config.json", shape)["run"]
    licence, language = settings["licence"]["strictest"], settings["language"]
    own = replace(reading, scheme=None)  # what we wrote is BIO, whatever scheme files of users have
    found = _file(name, path, own)
    return replace(found, licence=licence, language=language, synthetic=True)


def _of_catalog(name: str, reading: ReadOptions) -> Labelled:
    split = reading.split
    known, *rest = name.split(":")
    labelled = [entry.name for entry in catalog().values() if entry.kind in SCHEMES]
    if known.lower() not in labelled or len(rest) > 2:
        raise InputError(
            f"{name}: no such file or folder, and no labelled set of the catalog; expected"
            f" NAME[:SPLIT][:LANGUAGE] with one of {', '.join(labelled)}"
        )
    entry = dataset(known.lower())
    if rest and rest[0] in {file.role for file in entry.contents}:
        split = rest.pop(0)
    if not rest and len(entry.codes()) > 1:
        codes = ", ".join(sorted(entry.codes()))
        raise InputError(f"{name}: say in which language, as {known}:SPLIT:CODE with {codes}")
    if len(rest) > 1:
        splits = ", ".join(sorted({file.role for file in entry.contents}))
        raise InputError(f'{name}: no split "{rest[0]}" of {known}; it has: {splits}')
    language = resolve(rest[0]) if rest else resolve(entry.codes()[0])
    found = load_tagged(entry.name, language, split, access=reading.access)
    return Labelled(
        name,
        found.sentences,
        found.licence,
        found.code,
        found.scheme,
        dropped=found.dropped,
        repairs=found.repairs,
    )


def file_name(test: str) -> str:
    """The file of a test set's predictions.

    >>> file_name("masakhapos:twi"), file_name("mine/gold.txt")
    ('masakhapos-twi.txt', 'mine-gold.txt')
    """
    return re.sub(r"[^\w.-]+", "-", test.removesuffix(".txt")).strip("-.") + ".txt"
