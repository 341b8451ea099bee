"""A file is on the disk before it takes its name: flush, fsync, rename, in that order."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from data.errors import UnavailableError
from data.files import appears_whole, check_not_removed, raise_if_disk_full, removed, write_whole


def test_bytes_are_synced_before_the_name_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, seen = tmp_path / "a" / "scores.json", []
    sync = os.fsync

    def watched(descriptor: int) -> None:
        seen.append((os.fstat(descriptor).st_size, path.exists()))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", watched)
    write_whole(path, "{}\n")
    assert seen == [(3, False)], "once, with all bytes, before it is there"
    assert path.read_bytes() == b"{}\n"
    assert [one.name for one in path.parent.iterdir()] == ["scores.json"]


def test_two_writers_of_one_name_do_not_meet(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    with appears_whole(path) as one, appears_whole(path) as other:
        one.write(b"one")
        other.write(b"other")
        assert one.name != other.name
        assert len(list(tmp_path.iterdir())) == 2
    assert path.read_bytes() == b"one", "the last to end"
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_says_where(number: int) -> None:
    with pytest.raises(UnavailableError, match=r"^x/y: no space left on the disk; free some"):
        raise_if_disk_full(OSError(number, "full"), Path("x/y"))


def test_other_failures_are_not_of_the_disk() -> None:
    raise_if_disk_full(OSError(errno.EACCES, "denied"), Path("x"))


def test_a_folder_that_was_removed_under_a_run(tmp_path: Path) -> None:
    config = tmp_path / "run" / "config.json"
    with pytest.raises(UnavailableError, match="run: was removed, or what was in it"):
        check_not_removed(config)
    config.parent.mkdir()
    config.touch()
    check_not_removed(config)
    assert str(removed(tmp_path)).startswith(f"{tmp_path}: was removed")
