"""Killed at every step in turn, also between two files: the same command ends in the same bytes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from data.files import LEFT
from localize import repository
from localize.sync import SyncConfig, synchronize
from runfolder.records import RecordFile

BEFORE = {
    "a.md": "# A\n\nFirst text.\n\nSecond text.\n",
    "deep/b.md": "# B\n\nFirst text.\n\n* An item\n* Another\n",
    "c.md": "# C\n\nOnly here.\n",
}
AFTER = {
    "a.md": "# A\n\nSecond text.\n\nFirst changed text.\n",
    "deep/b.md": "# B\n\nFirst text.\n\n* An other item\n\nNew.\n",
    "d.md": "# C\n\nOnly here.\n",
}


class KilledError(BaseException):
    """Passes through every handler of errors."""


class Countdown:
    """Kills at the n-th step that changes the disk."""

    def __init__(self, steps: int) -> None:
        self.left = steps

    def step(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise KilledError


@pytest.fixture
def patched(monkeypatch: pytest.MonkeyPatch) -> list[Countdown]:
    """Every step that changes the disk asks the countdown, if there is one, before it acts."""
    current: list[Countdown] = []

    def asking(owner: object, name: str) -> None:
        original = getattr(owner, name)

        def ask(*arguments: object, **named: object) -> object:
            if current:
                current[0].step()
            return original(*arguments, **named)

        monkeypatch.setattr(owner, name, ask)

    for owner, name in (
        (Path, "replace"),
        (Path, "unlink"),
        (Path, "write_bytes"),
        (os, "fsync"),
        (os, "sync"),
        (RecordFile, "append"),
        (repository.Repository, "_append"),
    ):
        asking(owner, name)
    return current


def lay_out(folder: Path, pages: dict[str, str]) -> None:
    for path in (folder / "docs").rglob("*.md"):
        if str(path.relative_to(folder / "docs")) not in pages:
            os.unlink(path)  # noqa: PTH108  # which the countdown does not count
    for name, text in pages.items():
        path = folder / "docs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


def ready(folder: Path) -> None:
    """A folder in step, then edited by a person, then with another source."""
    lay_out(folder, BEFORE)
    run(folder)
    page = folder / "tr" / "a.md"
    page.write_text(page.read_text("utf-8").replace("Fírst téxt.", "Ilk metin."), "utf-8")
    lay_out(folder, AFTER)


def run(folder: Path) -> None:
    synchronize(SyncConfig(source=folder / "docs", target=folder / "tr", lang="tr", engine="stub"))


def tree(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted((folder / "tr").rglob("*"))
        # What `appears_whole` left is swept by the next process; here it is the same one.
        if path.is_file() and path.name != ".lock" and not LEFT.fullmatch(path.name)
    }


def test_killed_at_every_step(tmp_path: Path, patched: list[Countdown]) -> None:
    whole = tmp_path / "whole"
    ready(whole)
    run(whole)
    expected = tree(whole)
    assert "outdated; proposal: Fírst chángéd téxt." in expected["tr/a.md"].decode()
    assert "tr/d.md" in expected
    assert "tr/c.md" not in expected
    steps = 0
    while True:
        folder = tmp_path / f"killed-{steps}"
        ready(folder)
        patched.append(Countdown(steps))
        try:
            run(folder)
            break
        except KilledError:
            pass
        finally:
            patched.clear()
        run(folder)
        assert tree(folder) == expected, f"killed at step {steps}"
        steps += 1
    assert steps > 15


def test_a_person_at_work_between_a_kill_and_the_next_run(
    tmp_path: Path, patched: list[Countdown]
) -> None:
    for steps in range(25):
        folder = tmp_path / f"killed-{steps}"
        ready(folder)
        patched.append(Countdown(steps))
        try:
            run(folder)
        except KilledError:
            pass
        finally:
            patched.clear()
        page = folder / "tr" / "a.md"
        page.write_text(page.read_text("utf-8").replace("Sécónd téxt.", "Ikinci metin."), "utf-8")
        run(folder)
        text = page.read_text("utf-8")
        assert "Ikinci metin." in text, steps
        assert "Ilk metin." in text, steps
        assert text.count("metin.") == 2, steps
