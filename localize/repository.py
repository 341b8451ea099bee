"""A folder of sources and the folder of their translation: what lies where, and how it is written.

A translation and its state are two files, and a kill may come between them. So what is to be
written is noted first, whole, in `.localize/pending.json`; whoever comes next finishes it.
`sums.tsv` says what the files were like then, and how many of their segments were current: where
nothing has changed since, nothing need be read. Two branches' lines merge by themselves.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from data.bounded import read_json, read_text
from data.errors import InputError
from data.files import canonical_json, sha256_file, write_whole
from localize.documents import form_of, parse_document, read_bytes, read_document, read_source
from localize.documents.record import Document
from localize.files import STATE, documents, relative, target_of
from localize.state import State, parse_state, read_state, state_path
from runfolder.folder import locked

IGNORED = ".lock\npending.json\nanswers.jsonl\n"
ATTRIBUTES = "attic.jsonl merge=union\nsums.tsv merge=union\n"
SUMS = "sums.tsv"
CONDITIONS = ("current", "edited", "proposed", "outdated", "missing", "left out")
_FILE = {"target": str, "before?": str, "after": str, "file?": str, "state": str}
_PENDING = {
    "files": [{**_FILE, "state_path": str, "remove": [str]}],
    "attic": str,
    "attic_size": int,
}


@dataclass(frozen=True)
class Place:
    """One document: its name in both folders, and where its files are.

    Attributes:
        moved_from: the place of the same document under its older name.
    """

    name: Path
    source: Path
    target: Path
    state: Path
    moved_from: Place | None = None

    def read_source(self) -> Document:
        """The source as it is."""
        return read_source(self.source)

    def read_target(self) -> Document | None:
        """The translation as it is; None where there is none."""
        path = self.moved_from.target if self.moved_from else self.target
        return read_document(path, form_of(self.source)) if path.is_file() else None

    def read_state(self) -> State | None:
        """The state; None where there is none."""
        return read_state((self.moved_from or self).state)


@dataclass(frozen=True)
class Writing:
    """What is to be written for one document.

    Attributes:
        target: the translation; None where it stays as it is.
        attic: lines of the attic.
    """

    place: Place
    target: bytes | None
    state: str
    attic: str = ""

    def noted(self, root: Path) -> dict[str, Any]:
        """As it stands in pending.json, with the checksum of the file that is there now."""
        old = self.place.moved_from
        there = old.target if old else self.place.target
        before = sha256_file(there) if there.is_file() else None
        raw = self.target
        return {
            "target": os.path.relpath(self.place.target, root),
            "before": before,
            "after": before or "" if raw is None else hashlib.sha256(raw).hexdigest(),
            "file": None if raw is None else base64.b64encode(raw).decode(),
            "state": self.state,
            "state_path": os.path.relpath(self.place.state, root),
            "remove": [os.path.relpath(path, root) for path in (old.target, old.state)]
            if old
            else [],
        }


@dataclass
class Repository:
    """Two folders, the documents of the first, and what is known of the files.

    Attributes:
        root: the translation's folder; where one document is named, that of its translation.
    """

    sources: Path
    targets: Path
    only: Sequence[str] = ()
    _sums: dict[str, list[tuple[tuple[str, ...], dict[str, int]]]] = field(default_factory=dict)

    @property
    def root(self) -> Path:
        """The folder that `.localize` is in."""
        is_file = self.sources.is_file() and self.targets.suffix and not self.targets.is_dir()
        return self.targets.parent if is_file else self.targets

    def places(self) -> list[Place]:
        """The documents of the sources' folder, by name."""
        found = [
            path
            for path in documents(self.sources, self.only)
            if self.root == self.sources or not path.is_relative_to(self.root)
        ]
        return [self._place(path) for path in found]

    def _place(self, path: Path) -> Place:
        name = relative(path, self.sources)
        target = target_of(path, self.sources, self.targets)
        if target == path:
            raise InputError(f"{path}: source and translation are one file; name another folder")
        state = state_path(self.root, Path(os.path.relpath(target, self.root)))
        return Place(name, path, target, state)

    def orphans(self, places: Sequence[Place]) -> list[Place]:
        """States whose source is gone: of documents that were removed or renamed."""
        known = {place.state for place in places}
        found = list[Place]()
        folder = self.root / STATE
        if self.only or not folder.is_dir() or self.sources.is_file():
            return []
        for path in sorted(folder.rglob("*.jsonl")):
            inner = path.relative_to(folder)
            if path in known or str(inner) in ("attic.jsonl", "answers.jsonl"):
                continue
            name = Path(str(inner).removesuffix(".jsonl"))
            found.append(Place(name, self.sources / name, self.root / name, path))
        return found

    @contextmanager
    def open(self) -> Iterator[None]:
        """The folder for the block, locked, with what a killed run left finished.

        Raises:
            InputError: another process works in it.
        """
        folder = self.root / STATE
        with locked(folder):
            if not (folder / ".gitignore").exists():
                write_whole(folder / ".gitignore", IGNORED)
                write_whole(folder / ".gitattributes", ATTRIBUTES)
            self._finish()
            yield

    def write(self, writings: Sequence[Writing]) -> None:
        """Write translations, their states and what goes to the attic: all of it or nothing.

        What is to be written is on the disk before the first file changes; a kill at any point
        leaves it for the next run to finish.
        """
        attic_path = self.root / STATE / "attic.jsonl"
        pending = {
            "files": [writing.noted(self.root) for writing in writings],
            "attic": "".join(writing.attic for writing in writings),
            "attic_size": attic_path.stat().st_size if attic_path.exists() else 0,
        }
        write_whole(self._pending, canonical_json(pending))
        self._carry_out(pending, {str(writing.place.target): "both" for writing in writings})

    @property
    def _pending(self) -> Path:
        return self.root / STATE / "pending.json"

    def _finish(self) -> None:
        """Carry out what a killed run had noted, unless a person has been at a file since."""
        if not self._pending.exists():
            return
        pending = read_json(self._pending, _PENDING, max_bytes=1 << 30)
        what = {str(self.root / one["target"]): self._due(one) for one in pending["files"]}
        self._carry_out(pending, what)

    def _due(self, one: Mapping[str, Any]) -> str:
        """What of a noted file is still to be written: both, the state alone, or nothing."""
        path = self.root / one["target"]
        now = sha256_file(path) if path.is_file() else None
        if now in (one["before"], one["after"]) or (one["remove"] and now is None):
            return "both"
        return "state" if now and self._knows_better(one, path) else "nothing"

    def _knows_better(self, one: Mapping[str, Any], path: Path) -> bool:
        """Whether the state that was to be written has more of a file's segments than the old."""
        from localize.texts import key

        document = parse_document(read_bytes(path), form_of(path), str(path))
        there = {key(document.translation(place)) for place in range(len(document.segments))}
        known = read_state(self.root / one["state_path"])
        new = parse_state(one["state"], str(self._pending))

        def common(state: State | None) -> int:
            return sum(key(entry.target) in there for entry in state.entries) if state else 0

        return common(new) >= common(known)

    def _carry_out(self, pending: Mapping[str, Any], what: Mapping[str, str]) -> None:
        for one in pending["files"]:
            due = what[str(self.root / one["target"])]
            if due == "both" and one["file"] is not None:
                _replace(self.root / one["target"], base64.b64decode(one["file"]))
            if due != "nothing":
                _replace(self.root / one["state_path"], one["state"].encode())
        if pending["attic"]:
            self._append(pending["attic"], pending["attic_size"])
        os.sync()
        for one in pending["files"]:
            for name in one["remove"] if what[str(self.root / one["target"])] == "both" else ():
                (self.root / name).unlink(missing_ok=True)
        self._pending.unlink(missing_ok=True)

    def _append(self, lines: str, size: int) -> None:
        """Append to the attic; what a killed writer had begun to append is cut off."""
        with open(self.root / STATE / "attic.jsonl", "ab") as file:
            file.truncate(size)
            file.write(lines.encode())

    def load_sums(self) -> None:
        """Read what the files were like when they were last looked at; a bad line is as none."""
        self._sums.clear()
        path = self.root / STATE / SUMS
        for line in read_text(path).splitlines() if path.exists() else ():
            name, *told = line.split("\t")
            counts = told.pop().split(",") if len(told) == 4 else []
            if len(counts) == len(CONDITIONS) and all(n.isascii() and n.isdigit() for n in counts):
                known = dict(zip(CONDITIONS, map(int, counts), strict=True))
                self._sums.setdefault(name, []).append((tuple(told), known))

    def unchanged(self, place: Place) -> dict[str, int] | None:
        """The counts of a document none of whose files has changed; None where one has.

        A merge of two branches may leave several lines for a document: each is tried.
        """
        lines = self._sums.get(place.name.as_posix())
        if not lines or place.moved_from:
            return None
        now = _sums(place)
        return next((dict(counts) for sums, counts in lines if sums == now), None)

    def note(self, place: Place, counts: Mapping[str, int]) -> None:
        """Remember a document's counts and what its files are like."""
        told = {name: counts.get(name, 0) for name in CONDITIONS}
        self._sums[place.name.as_posix()] = [(_sums(place), told)]

    def save_sums(self, places: Sequence[Place]) -> None:
        """Write what the files are like, of documents that are still there."""
        names = {place.name.as_posix() for place in places}
        lines = [
            "\t".join([name, *sums, ",".join(str(counts[c]) for c in CONDITIONS)])
            for name, lines in sorted(self._sums.items())
            for sums, counts in lines
            if self.only or name in names
        ]
        text = "".join(f"{line}\n" for line in lines)
        path = self.root / STATE / SUMS
        if not path.exists() or read_text(path) != text:
            write_whole(path, text)


def _sums(place: Place) -> tuple[str, ...]:
    """The beginnings of its three files' checksums; "-" for one that is not there."""
    return tuple(
        sha256_file(path)[:16] if path.is_file() else "-"
        for path in (place.source, place.target, place.state)
    )


def _replace(path: Path, raw: bytes) -> None:
    """Put a file in the place of another. It need not be on the disk at once: pending.json is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_bytes(raw)
    temporary.replace(path)
