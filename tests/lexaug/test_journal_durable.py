"""Outputs are on the disk before the journal says so, and the journal before the next block."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from data.errors import InputError
from lexaug.synthesis.blocks import Position
from lexaug.synthesis.journal import JOURNAL, GrowingFile, Journal, Tally, read_journal
from runfolder.folder import locked

ZERO = Position(*[0] * len(Position._fields))


def test_a_commit_syncs_the_output_then_the_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal, out = Journal(tmp_path, ZERO), GrowingFile(tmp_path / "sub" / "text.txt")
    journal.open({"text": out})
    out.append(b"habari\n")
    sizes = []

    def sync(descriptor: int) -> None:
        name = Path(f"/proc/self/fd/{descriptor}").readlink().name
        sizes.append((name, os.fstat(descriptor).st_size))

    monkeypatch.setattr(os, "fsync", sync)
    journal.commit({"text": out}, ZERO._replace(block=1), Tally(Counter(), Counter()))
    length = (tmp_path / JOURNAL).stat().st_size
    assert sizes == [("text.txt", 7), (JOURNAL, length)]
    assert length > 0
    journal.close()
    out.close()


@pytest.mark.parametrize(
    "line", [b"{}\n", b"[\n", b'{"added":[],"outputs":{},"counts":{},"examples":[]}\n']
)
def test_a_damaged_line_in_the_middle_is_named(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / JOURNAL
    path.write_bytes(line)
    with pytest.raises(InputError, match=r"journal\.jsonl:1: expected .*; move the file away"):
        list(read_journal(path))


def test_a_folder_has_one_writer(tmp_path: Path) -> None:
    with locked(tmp_path / "run"):
        busy = pytest.raises(InputError, match="another process writes here; wait for it")
        with busy, locked(tmp_path / "run"):
            pass
    with locked(tmp_path / "run"):
        assert (tmp_path / "run").is_dir()
