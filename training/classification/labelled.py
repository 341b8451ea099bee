"""Labelled texts by name: files, and data sets of the catalog.

find_texts("sib200:test:swh_Latn")        # NAME[:SPLIT][:LANGUAGE] of the catalog
find_texts("afrisenti:test:hau")          # sentiment
find_texts("sib200:test:all")             # one set a language
find_texts("mine.tsv")                    # a header with the columns text and label
find_texts("mine.jsonl")                  # {"text": "...", "label": "..."} a line
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from data.access import Access
from data.catalog import Dataset, catalog, dataset
from data.contamination import KeepOut
from data.corpus import NOT_STATED, find_corpus
from data.errors import InputError, UnavailableError
from data.files import canonical_json, sha256_text
from data.labelled import LABELLED, READERS, LabelledText, read_labelled
from data.languages import resolve
from data.load import fetch_split
from data.randomness import stream

ALL = "all"
FILES = {".tsv": "labelled", ".jsonl": "labelled-jsonl"}  # readers of files of the user's
EMPTY = "text without a character"


@dataclass(frozen=True)
class LabelledSet:
    """Labelled texts with one origin.

    Attributes:
        name: as it was asked for, with its language where "all" was.
        dropped: counts by reason.
    """

    name: str
    texts: tuple[LabelledText, ...] = field(repr=False)
    licence: str = NOT_STATED
    language: str = ""
    dropped: Counter[str] = field(default_factory=Counter)

    @property
    def sha256(self) -> str:
        """Of labels and texts."""
        return sha256_text(canonical_json([[one.label, one.text] for one in self.texts]))

    def to_json(self) -> dict[str, Any]:
        """What config.json and scores.json say of it."""
        return {
            "name": self.name,
            "texts": len(self.texts),
            "labels": dict(sorted(Counter(one.label for one in self.texts).items())),
            "language": self.language,
            "licence": self.licence,
            "sha256": self.sha256,
        }


def find_texts(name: str, split: str = "train", access: Access = Access()) -> list[LabelledSet]:
    """The labelled texts of that name; several sets where all languages are asked for.

    Args:
        split: of a data set of the catalog whose name says none.

    Raises:
        InputError: no such file, set, split or language; a bad line; no text in it.
        UnavailableError: a file of the catalog cannot be had.
    """
    path = Path(name)
    if path.is_file():
        if path.suffix not in FILES:
            raise InputError(
                f"{name}: expected labelled texts in .tsv (a header with text and label) or .jsonl"
                f' ({{"text": ..., "label": ...}}), found {path.suffix or "no suffix"}'
            )
        found = [_kept(LabelledSet(name, tuple(READERS[FILES[path.suffix]](path))))]
    else:
        found = _of_catalog(name, split, access)
    for one in found:
        if not one.texts:
            raise InputError(f"{one.name}: expected labelled texts, found none; give another set")
    return found


def find_unlabelled(name: str, limit: int | None, access: Access) -> LabelledSet:
    """Texts of a corpus, whose labels are still to come.

    Raises:
        InputError: no such corpus, or no text in it.
    """
    corpus = find_corpus(name, access=access)
    texts = tuple(LabelledText(record.text, "") for record in corpus.records(limit=limit))
    if not texts:
        raise InputError(f"{name}: expected text, found none; give another file or corpus")
    return _kept(LabelledSet(name, texts, corpus.licence, ",".join(corpus.languages)))


def without_tests(found: LabelledSet, keep_out: KeepOut, dropped: Counter[str]) -> LabelledSet:
    """The set without the texts of test sets, which are counted by test set."""
    kept = []
    for one in found.texts:
        if (name := keep_out.find(one.text)) is None:
            kept.append(one)
        else:
            dropped[f"text of {name}"] += 1
    return replace(found, texts=tuple(kept))


def few(texts: Sequence[LabelledText], shots: int, seed: int) -> list[LabelledText]:
    """So many texts of each label, drawn by seed, in the order in which they were.

    >>> texts = [LabelledText(str(n), "odd" if n % 2 else "even") for n in range(9)]
    >>> [one.text for one in few(texts, 2, seed=1)] == [one.text for one in few(texts, 2, seed=1)]
    True
    >>> sorted(one.label for one in few(texts, 2, seed=1))
    ['even', 'even', 'odd', 'odd']
    """
    places: defaultdict[str, list[int]] = defaultdict(list)
    for place, one in enumerate(texts):
        places[one.label].append(place)
    chosen = [
        place
        for label in sorted(places)
        for place in stream(seed, "shots", label).sample(
            places[label], min(shots, len(places[label]))
        )
    ]
    return [texts[place] for place in sorted(chosen)]


def _kept(found: LabelledSet) -> LabelledSet:
    """The set without empty texts, which are counted."""
    texts = tuple(one for one in found.texts if one.text.strip())
    dropped = Counter({EMPTY: len(found.texts) - len(texts)})
    return replace(found, texts=texts, dropped=+dropped)


def _of_catalog(name: str, split: str, access: Access) -> list[LabelledSet]:
    known, *rest = name.split(":")
    labelled = [entry.name for entry in catalog().values() if entry.kind in LABELLED]
    if known.lower() not in labelled or len(rest) > 2:
        raise InputError(
            f"{name}: no such file, and no labelled texts of the catalog; expected"
            f" NAME[:SPLIT][:LANGUAGE] with one of {', '.join(labelled)}"
        )
    entry = dataset(known.lower())
    splits = {file.role for file in entry.contents}
    if len(rest) == 2 or (rest and rest[0] in splits):
        split = rest.pop(0)
    if not rest and len(entry.codes()) > 1:
        codes = ", ".join(sorted(entry.codes()))
        raise InputError(f"{name}: say in which language, as {known}:SPLIT:CODE with {codes}")
    if rest == [ALL]:
        every = [code for code in sorted(entry.codes()) if entry.select(split, code=code)]
        return list(_at_hand(entry, every, split, access))
    code = rest[0] if rest else entry.codes()[0]
    return [_read(name, entry, code, split, access)]


def _at_hand(
    entry: Dataset, codes: Sequence[str], split: str, access: Access
) -> Iterator[LabelledSet]:
    """The sets of all languages that can be had; which cannot is said."""
    lacking = []
    for code in codes:
        try:
            yield _read(f"{entry.name}:{split}:{code}", entry, code, split, access)
        except UnavailableError:
            lacking.append(code)
    if lacking:
        access.say(f"{entry.name}:{split}: cannot be had and left out: {', '.join(lacking)}")


def _read(name: str, entry: Dataset, code: str, split: str, access: Access) -> LabelledSet:
    language = code if code in entry.codes() else resolve(code)
    found = fetch_split(entry, language, (split,), access=access)
    texts = tuple(text for path in found.paths for text in read_labelled(entry, path))
    licence = entry.licence
    return _kept(LabelledSet(name, texts, licence, found.code))
