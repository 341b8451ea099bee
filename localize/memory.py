"""What a project has translated: for texts that come again, and as examples for those like them.

It is made of the states of a translation's folder, its attic, and tables or TMX files. Of two
translations of one text a person's counts before a machine's, and the later before the earlier.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from data.bounded import read_text
from data.errors import InputError
from data.languages import Language
from data.parallel import Pair
from localize.files import STATE
from localize.state import PERSON, SOURCE, Entry, parse_state, read_attic, storable
from localize.texts import key

MOST_NAMES = 2  # words that may well be the same in another language
MEMORY = "memory"  # what a translation is said to be by that was found here


@dataclass(frozen=True, slots=True)
class Remembered:
    """A text and its translation.

    Attributes:
        name: where it is from: a document, a file with the number of its pair.
        by: who made it.
    """

    source: str
    target: str
    name: str
    by: str = PERSON


@dataclass
class Memory:
    """Translations by their sources."""

    _by_key: dict[str, Remembered] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._by_key)

    def add(self, one: Remembered) -> None:
        """Remember a translation, unless a person has made another one."""
        told = key(one.source)
        if told == key(one.target) and len(told.split()) > MOST_NAMES:
            return  # nobody has translated it yet
        known = self._by_key.get(told)
        if told and one.target.strip() and not (known and known.by == PERSON != one.by):
            self._by_key[told] = one

    def exact(self, source: str) -> Remembered | None:
        """The translation of the same text, however its lines are broken."""
        return self._by_key.get(key(source))

    def pairs(self) -> list[Pair]:
        """All of it as examples, in the order in which it was added."""
        return [
            Pair(f"{one.name}#{number}", told, key(one.target), one.name)
            for number, (told, one) in enumerate(self._by_key.items(), 1)
        ]


def of_folder(root: Path, memory: Memory, texts: Collection[str] | None = None) -> list[str]:
    """Add what a translation's folder holds: the attic first, then the states of its documents.

    Args:
        texts: add only what may be one of these, which spares reading the rest; None: all.

    Returns:
        Notes on files that cannot be read; they are left out.
    """
    notes = list[str]()
    try:
        for old in read_attic(root):
            memory.add(Remembered(old.source, old.target, old.document, old.by))
    except InputError as error:
        notes.append(str(error))
    begins = None if texts is None else tuple({_begins(text) for text in texts})
    for path in sorted((root / STATE).rglob("*.jsonl")):
        if path.parent == root / STATE and path.name in ("attic.jsonl", "answers.jsonl"):
            continue
        name = str(path.relative_to(root / STATE)).removesuffix(".jsonl")
        try:
            entries = _entries(path, begins)
        except InputError as error:
            notes.append(str(error))
            continue
        for entry in entries:
            if entry.by != SOURCE and not entry.gone:
                memory.add(Remembered(entry.of or entry.source, entry.target, name, entry.by))
    return notes


def _begins(text: str) -> str:
    """How the line of an entry begins whose source is this text, up to its first space."""
    word = key(text).partition(" ")[0]
    return '{"source":' + json.dumps(storable(word), ensure_ascii=False)[:-1]


def _entries(path: Path, begins: tuple[str, ...] | None) -> Sequence[Entry]:
    """The entries of a state that may be of use."""
    text = read_text(path)
    if begins is not None:
        lines = [line for line in text.split("\n") if line.startswith(begins)]
        # An older source, whose translation stands there, is not at the beginning of its line.
        text = "\n".join(lines)
    return parse_state(text, str(path)).entries if text else ()


def of_files(paths: Iterable[Path], source: Language, target: Language, memory: Memory) -> None:
    """Add tables (.tsv, .csv) and translation memories (.tmx) of other tools.

    Raises:
        InputError: no such file, one without the two languages, a damaged one.
    """
    for path in paths:
        for number, (one, other) in enumerate(_pairs(path, source, target), 1):
            memory.add(Remembered(one, other, f"{path.name}:{number}"))


def _pairs(path: Path, source: Language, target: Language) -> Iterator[tuple[str, str]]:
    from data.load import load_parallel

    pair = load_parallel(str(path), source, target)
    yield from ((one.source, one.target) for one in pair.pairs)
