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

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from data.catalog import catalog, dataset
from data.contamination import KeepOut
from data.download import Report
from data.errors import InputError
from data.files import sha256_text
from data.labels.bio import OUTSIDE
from data.languages import resolve
from data.tagged import (
    SCHEMES,
    TaggedSentence,
    load_tagged,
    read_tagged,
    tagged_lines,
    with_valid_bio,
)
from training.tagging.config import BIO, POS

TEXT_FILES = ("tags.txt", "tags.txt.gz", "tags.txt.zst")
NOT_STATED = "not stated"


@dataclass(frozen=True)
class Labelled:
    """Labelled sentences with one origin.

    Attributes:
        name: as it was asked for.
        synthetic: whether `lexaug.synthesize` made them.
        dropped, repairs: counts by reason, of what reading left out or mended.
    """

    name: str
    sentences: tuple[TaggedSentence, ...] = field(repr=False)
    licence: str = NOT_STATED
    language: str = ""
    synthetic: bool = False
    dropped: Counter[str] = field(default_factory=Counter)
    repairs: Counter[str] = field(default_factory=Counter)

    @property
    def sha256(self) -> str:
        """Of the sentences in two columns."""
        return sha256_text("".join(map(tagged_lines, self.sentences)))

    @property
    def scheme(self) -> str:
        """ "bio" where every label is O, B-X or I-X, else "pos"."""
        labels = {tag for sentence in self.sentences for tag in sentence.tags}
        return BIO if all(tag == OUTSIDE or tag[:2] in ("B-", "I-") for tag in labels) else POS

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


def find_labelled(
    name: str, split: str = "train", *, offline: bool = False, report: Report | None = None
) -> Labelled:
    """The labelled set of that name.

    Args:
        split: of a data set of the catalog whose name says none.

    Raises:
        InputError: no such file, set, split or language; a bad line; no sentence in it.
        UnavailableError: a file of the catalog cannot be had.
    """
    path = Path(name)
    if path.is_dir():
        found = _synthetic(name, path)
    elif path.is_file():
        found = _file(name, path)
    else:
        found = _of_catalog(name, split, offline, report)
    if not found.sentences:
        raise InputError(f"{name}: expected labelled sentences, found none")
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
    """The scheme that all sets have.

    Raises:
        InputError: they differ, or are not what was asked for.
    """
    found = {one.name: one.scheme for one in sets}
    if len({*found.values(), *([asked] if asked else [])}) > 1:
        told = ", ".join(f"{name} {scheme}" for name, scheme in found.items())
        wanted = f"--scheme {asked}" if asked else "one scheme of labels"
        raise InputError(f"expected {wanted}, found {told}; leave the other sets out")
    return next(iter(found.values()))


def _file(name: str, path: Path) -> Labelled:
    dropped, repairs = Counter[str](), Counter[str]()
    sentences = tuple(read_tagged(path, dropped=dropped, repairs=repairs))
    found = Labelled(name, sentences, dropped=dropped, repairs=repairs)
    if found.scheme == BIO:
        found = replace(found, sentences=tuple(with_valid_bio(sentences, repairs)))
    return found


def _synthetic(name: str, folder: Path) -> Labelled:
    """What `lexaug.synthesize --mode tags --out FOLDER` wrote."""
    path = next((folder / file for file in TEXT_FILES if (folder / file).is_file()), None)
    if path is None or not (folder / "coverage.json").is_file():
        raise InputError(
            f"{folder}: expected the finished run of lexaug.synthesize --mode tags --format text,"
            f" found no {' and '.join([*TEXT_FILES[:1], 'coverage.json'])}; run it to its end"
        )
    try:
        settings = json.loads((folder / "config.json").read_text("utf-8"))
        licence, language = settings["licence"]["strictest"], settings["language"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{folder / 'config.json'}: not of lexaug.synthesize ({error}); name the file {path}"
        ) from error
    return replace(_file(name, path), licence=licence, language=language, synthetic=True)


def _of_catalog(name: str, split: str, offline: bool, report: Report | None) -> Labelled:
    known, *rest = name.split(":")
    labelled = [entry.name for entry in catalog().values() if entry.kind in SCHEMES]
    if known.lower() not in labelled or len(rest) > 2:
        raise InputError(
            f"{name}: no such file or folder, and no labelled set of the catalog; expected"
            f" NAME[:SPLIT][:LANGUAGE] with one of {', '.join(labelled)}"
        )
    entry = dataset(known.lower())
    if rest and rest[0] in {file.role for file in entry.files}:
        split = rest.pop(0)
    if not rest and len(entry.codes()) > 1:
        codes = ", ".join(sorted(entry.codes()))
        raise InputError(f"{name}: say in which language, as {known}:SPLIT:CODE with {codes}")
    if len(rest) > 1:
        splits = ", ".join(sorted({file.role for file in entry.files}))
        raise InputError(f'{name}: no split "{rest[0]}" of {known}; it has: {splits}')
    language = resolve(rest[0]) if rest else resolve(entry.codes()[0])
    found = load_tagged(entry.name, language, split, offline=offline, report=report)
    return Labelled(
        name,
        found.sentences,
        found.licence,
        found.code,
        dropped=found.dropped,
        repairs=found.repairs,
    )
