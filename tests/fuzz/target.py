"""What is fuzzed: one row a reader, with valid inputs written by us and the call that reads."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

Files = Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Target:
    """One reader of one kind of file.

    Args:
        name: unique, `room/reader`.
        kind: how its inputs are damaged besides byte by byte: a key of `structures.KINDS`.
        seeds: valid inputs, or a function that makes them; each must be read without an error.
        read: reads a path and whatever lies beside it; what it returns is thrown away.
        file: the name of the damaged file in the folder of a case.
        beside: the other files of that folder, or a function that writes them into it; written
            anew for every input.
        weight: the share of inputs beside other targets; slow readers get less.
        valid: whether the seeds are read; those of some commands are refused, as nothing is there.
    """

    name: str
    kind: str
    seeds: Sequence[str | bytes] | Callable[[], Sequence[str | bytes]]
    read: Callable[[Path], object]
    file: str = "input.txt"
    beside: Files | Callable[[Path], None] = field(default_factory=dict)
    weight: float = 1.0
    valid: bool = True

    def seed_bytes(self) -> list[bytes]:
        """The valid inputs as bytes."""
        seeds = self.seeds() if callable(self.seeds) else self.seeds
        return [seed.encode() if isinstance(seed, str) else seed for seed in seeds]

    def place(self, folder: Path, content: bytes) -> Path:
        """Write the files of one case into an empty folder; the path of the damaged one."""
        if callable(self.beside):
            self.beside(folder)
        else:
            for name, other in self.beside.items():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_bytes(other)
        path = folder / self.file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path


def drain(items: Iterable[object]) -> None:
    """Read an iterator to its end and keep nothing."""
    deque(items, maxlen=0)
