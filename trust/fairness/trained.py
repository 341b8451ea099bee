"""What a run was trained on: examples by language, and how often each word was there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

from data.bounded import read_json
from data.errors import KilolinguaError
from data.languages import resolve
from data.words import word_spans
from nlu.sets import find_utterances
from training.classification.labelled import find_texts
from training.tagging.labelled import find_labelled

if TYPE_CHECKING:
    from data.access import Access
    from trust.fairness.subject import Subject

MOST = 10_000  # texts of a set that are read
ROLES = ("train", "few", "pseudo")
SIZES = ("utterances", "texts", "sentences")  # what a run calls its examples
Read = Callable[[str, "Access"], Iterator[str]]


def training_words(subject: Subject) -> tuple[Mapping[str, int], Mapping[str, int]]:
    """Examples by language, as BCP 47 tags, and occurrences by word in lower case.

    Words are of the first `MOST` texts of each set; of data that cannot be read any more, a note
    says so.
    """
    assert subject.run is not None  # noqa: S101  # a need of the measures that ask
    told = read_json(subject.run / "scores.json", dict)
    config = read_json(subject.run / "config.json", dict)
    command, limit = config.get("command", ""), (config.get("options") or {}).get("limit")
    data = [one for one in told.get("data", []) if one.get("role") in ROLES]
    examples, words = Counter[str](), Counter[str]()
    for one in data:
        if tag := _tag(one.get("language")):
            examples[tag] += min(_size(one), limit or _size(one))
        try:
            for text in islice(READERS[command](str(one["name"]), subject.access), MOST):
                words.update(text[a:b].lower() for a, b in word_spans(text))
        except KilolinguaError as error:
            subject.notes.append(f"words seen in training: {one['name']} is not counted: {error}")
    return examples, words


def _size(told: Mapping[str, Any]) -> int:
    return next((int(told[key]) for key in SIZES if key in told), 0)


def _tag(code: object) -> str:
    try:
        return resolve(str(code)).bcp47 if code else ""
    except KilolinguaError:
        return ""


def _utterances(name: str, access: Access) -> Iterator[str]:
    for one in find_utterances(name, "train", access=access):
        yield from (said.text for said in one.utterances)


def _texts(name: str, access: Access) -> Iterator[str]:
    for one in find_texts(name, "train", access):
        yield from (text.text for text in one.texts)


def _sentences(name: str, access: Access) -> Iterator[str]:
    yield from (" ".join(one.tokens) for one in find_labelled(name, access=access).sentences)


READERS: dict[str, Read] = {
    "nlu.train": _utterances,
    "training.classify": _texts,
    "training.tag": _sentences,
}
