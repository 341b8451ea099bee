r"""What a translation was made of: a small text file a document, in `.localize` beside it.

A line is a segment, in the order of the document: the source as it was translated, the translation
as it was left, who made it. Branches that change different segments merge by themselves in git; a
file with marks of a conflict is read from both of its sides. `attic.jsonl` holds what is no longer
used.

    tr/guide/oaks.md
    tr/.localize/guide/oaks.md.jsonl
    tr/.localize/attic.jsonl
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from data.bounded import MAX_BYTES, parse_json, read_text
from data.errors import InputError
from data.files import canonical_json, write_whole
from localize.files import STATE

FORMAT = 1
_BYTES = re.compile("[\udc80-\udcff]")
_STORED = re.compile("\ufdd0([\x80-\xff])")
_CONFLICT = re.compile(r"(?:<{7}|>{7}|\|{7})(?: .*)?|={7}")
_SHAPE = {"source": str, "gap": str, "target": str, "by": str}
_SHAPE |= {"of?": str, "proposal?": str, "was?": str, "kept?": str, "gone?": bool}  # type: ignore[dict-item]
PERSON, SOURCE = "person", "source"


@dataclass(frozen=True, slots=True)
class Entry:
    """A segment as it was when the translation was last brought into step.

    Attributes:
        source: its text.
        gap: what stands between it and the next one in the source.
        target: the translation.
        by: who made it: "person", "source" (nobody yet: the source stands there), else the engine.
        of: the source that the translation is of, where that is an older one: it is outdated.
        proposal: a translation of `source`, where another one of a person's stands.
        was: the translation of a machine that another one took the place of.
        kept: the fingerprint of what stands behind it in the translation, where that contradicts
            the source.
        gone: a person took it out of the translation.
    """

    source: str
    gap: str
    target: str
    by: str = PERSON
    of: str = ""
    proposal: str = ""
    was: str = ""
    kept: str = ""
    gone: bool = False

    @property
    def condition(self) -> str:
        """outdated, missing, proposed (for a person to look at) or current."""
        if self.gone:
            return "current"
        if self.of or self.kept:
            return "outdated"
        if self.by == SOURCE:
            return "missing"
        return "proposed" if self.was else "current"


@dataclass(frozen=True, slots=True)
class State:
    """What a document's translation was made of.

    Attributes:
        head: what stands before the first segment in the source.
        notes: what is odd about the file.
    """

    head: str = ""
    entries: tuple[Entry, ...] = ()
    notes: tuple[str, ...] = ()


def state_path(root: Path, name: Path) -> Path:
    """Where the state of a document is, given the translation's folder and its path in it."""
    return root / STATE / f"{name}.jsonl"


def storable(text: str) -> str:
    """A text as JSON can hold it: a byte that is no UTF-8 is U+FDD0 and a character of its number.

    >>> storable("caf\\udce9"), restored(storable("caf\\udce9"))
    ('caf\\ufdd0é', 'caf\\udce9')
    """
    return _BYTES.sub(lambda found: f"\ufdd0{chr(ord(found[0]) - 0xDC00)}", text)


def restored(text: str) -> str:
    """What was made storable."""
    return _STORED.sub(lambda found: chr(ord(found[1]) + 0xDC00), text)


def lines_of(state: State) -> str:
    """A state as its file has it."""
    head = canonical_json({"localize": FORMAT, "head": storable(state.head)})
    return "".join(f"{line}\n" for line in [head, *map(_line, state.entries)])


def _line(entry: Entry) -> str:
    values = {
        field.name: getattr(entry, field.name)
        for field in fields(entry)
        if field.default != getattr(entry, field.name) or field.name in _SHAPE
    }
    told = {name: storable(v) if isinstance(v, str) else v for name, v in values.items()}
    # In the order of the fields: who reads a difference sees the source first.
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"))


def read_state(path: Path) -> State | None:
    """The state in a file; None where there is none.

    Raises:
        InputError: a damaged line, by its number.
    """
    if not path.exists():
        return None
    return parse_state(read_text(path, max_bytes=4 * MAX_BYTES), str(path))


def parse_state(text: str, path: str) -> State:
    """The state of a file's text; `path` names it in errors.

    Raises:
        InputError: as `read_state`.
    """
    head, entries, notes = "", list[Entry](), list[str]()
    in_conflict, first = False, True
    for number, line in enumerate(text.split("\n"), 1):
        where = f"{path}:{number}"
        if _CONFLICT.fullmatch(line):
            if not in_conflict:
                notes.append(f"{where}: a conflict of a merge; both of its sides are read")
            in_conflict = line.startswith("<") or (in_conflict and not line.startswith(">"))
        elif line.startswith('{"head"'):
            value = _parsed(line, where, {"localize": int, "head": str})
            if value["localize"] != FORMAT:
                raise InputError(
                    f"{where}: expected a state of format {FORMAT}, found {value['localize']};"
                    " use the version of kilolingua that wrote it"
                )
            head = restored(value["head"]) if first else head
            first = False
        elif line:
            entries.append(Entry(**_known(_parsed(line, where, _SHAPE))))
    return State(head, tuple(_without_doubles(entries) if notes else entries), tuple(notes))


def _parsed(line: str, where: str, shape: Mapping[str, Any]) -> Any:
    try:
        return parse_json(line, where, shape)
    except InputError as error:
        raise InputError(
            f"{str(error).removesuffix('; correct it')}; take the line out, or the file from an"
            " older version of the repository: the translation itself is not touched"
        ) from error


def _known(values: Mapping[str, Any]) -> dict[str, Any]:
    names = {field.name for field in fields(Entry)}
    return {
        name: restored(value) if isinstance(value, str) else value
        for name, value in values.items()
        if name in names and value is not None
    }


def _without_doubles(entries: Iterable[Entry]) -> Iterator[Entry]:
    """Both sides of a conflict: a segment that both have in the same words is one."""
    seen = set[tuple[str, str]]()
    for entry in entries:
        told = entry.source, entry.target
        if told not in seen:
            yield entry
        seen.add(told)


@dataclass(frozen=True, slots=True)
class Old:
    """A translation that is no longer used, as the attic has it.

    Attributes:
        why: deleted (its source is), replaced (by a proposal).
    """

    document: str
    source: str
    target: str
    by: str
    why: str


def attic_lines(olds: Sequence[Old]) -> str:
    """What is appended to the attic."""
    names = [field.name for field in fields(Old)]
    told = [{name: storable(getattr(old, name)) for name in names} for old in olds]
    return "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in told)


def read_attic(root: Path) -> Iterator[Old]:
    """What is in the attic of a translation's folder; marks of a merge's conflict are passed over.

    Raises:
        InputError: a damaged line, by its number.
    """
    path = root / STATE / "attic.jsonl"
    if not path.exists():
        return
    shape = {field.name: str for field in fields(Old)}
    with open(path, encoding="utf-8", newline="\n") as file:
        for number, line in enumerate(file, 1):
            if not line.endswith("\n"):
                return  # torn by a kill
            if line.strip() and not _CONFLICT.fullmatch(line.rstrip("\n")):
                value = _parsed(line, f"{path}:{number}", shape)
                yield Old(**{name: restored(value[name]) for name in shape})


def write_state(path: Path, state: State) -> None:
    """Write a state; the file appears whole."""
    write_whole(path, lines_of(state))


def settled(entry: Entry) -> Entry:
    """An entry whose proposal a person has accepted, or made another of."""
    return replace(entry, of="", was="", by=PERSON)
