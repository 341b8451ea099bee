r"""Toolbox and Shoebox in the Multi-Dictionary Formatter's fields (MDF; Coward and Grimes 2000).

    \lx hàw
    \ps n
    \ge house; hut
    \gn maison

An entry begins with `\lx`, a subentry with `\se`, a sense with `\sn`; a line without a field goes
on with the one above. Read are `\ps` (part of speech), `\ge` (English gloss, else `\de`, the
definition) and `\gn` (gloss in the national language, else `\dn`). Which gloss counts is told by
the languages that are asked for: English, or another. The file does not say which language the
headwords are in: it is taken to be the other one of the two.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from data.errors import InputError
from data.lexicon.fieldwork import NO_GLOSS, entry, glosses, universal_pos
from data.lexicon.reading import Entry, Reading, Sample

_FIELD = re.compile(r"\\([A-Za-z_0-9]+)(?:\s+(.*))?$", re.DOTALL)
ENGLISH, NATIONAL = ("ge", "de"), ("gn", "dn")


class Field(NamedTuple):
    """A field: the number of its line, its marker without the backslash, its text."""

    line: int
    marker: str
    text: str


def recognises(sample: Sample) -> bool:
    r"""Whether most lines begin with a marker, and one of them is `\lx`."""
    marked = sum(line.startswith("\\") for line in sample.lines)
    heads = any(line.startswith("\\lx") for line in sample.lines)
    return heads and marked >= 0.5 * len(sample.lines)  # long fields go on over several lines


def entries(path: Path, reading: Reading) -> Iterator[Entry]:
    """Yield the entries; records without a gloss are counted.

    Raises:
        InputError: neither or both of the languages are English, where the glosses are.
    """
    turned, wanted = _side(path, reading)
    record: list[Field] = []
    for field in fields(path, reading):
        if field.marker == "lx" and record:
            yield from _entries(path, record, reading, turned, wanted)
            record = []
        if field.marker == "lx" or record:
            record.append(field)
    if record:
        yield from _entries(path, record, reading, turned, wanted)


def fields(path: Path, reading: Reading) -> Iterator[Field]:
    """The fields of a file, those on several lines joined."""
    held: Field | None = None
    for number, line in reading.lines(path):
        found = _FIELD.match(line.strip())
        if found:
            if held:
                yield held
            held = Field(number, found[1], (found[2] or "").strip())
        elif held and line.strip():
            held = held._replace(text=f"{held.text} {line.strip()}".strip())
    if held:
        yield held


def _side(path: Path, reading: Reading) -> tuple[bool, Sequence[str]]:
    """Whether the headwords are in the target language, and which glosses count."""
    english = [bool(one and one.bcp47 == "en") for one in reading.languages]
    if english[0] and english[1]:
        raise InputError(
            f"{path}: expected the languages of a dictionary with glosses in English, found en"
            " twice; name the language of the headwords"
        )
    if any(english):
        return english[0], ENGLISH
    return True, NATIONAL


def _entries(
    path: Path, record: list[Field], reading: Reading, turned: bool, wanted: Sequence[str]
) -> Iterator[Entry]:
    """The entries of one record: a word, or a word with its subentries."""
    word, pos, sense, found = "", None, 0, False
    seen: Counter[str] = Counter()
    held: dict[str, Field] = {}

    def flush() -> Iterator[Entry]:
        text = next(
            (held[marker] for marker in wanted if marker in held and held[marker].text), None
        )
        held.clear()
        for one in glosses(text.text) if text else ():
            made = entry(
                f"{path}:{text.line if text else 0}",
                word,
                one,
                reading,
                turned=turned,
                pos=pos,
                sense=sense or None,
            )
            if made:
                yield made

    for field in (*record, Field(0, "lx", "")):
        if field.marker in ("lx", "se", "sn", "ps") or field.marker in held:
            for made in flush():
                found = True
                yield made
        if field.marker in ("lx", "se"):
            word, pos, sense = field.text, None, 0
        elif field.marker == "sn":
            seen[word] += 1
            sense = seen[word]
        elif field.marker == "ps":
            pos = universal_pos(field.text)
        elif field.marker in wanted:
            held[field.marker] = field
    if not found:
        reading.dropped[NO_GLOSS] += 1
