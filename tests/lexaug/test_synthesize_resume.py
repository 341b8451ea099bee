"""Nothing is lost: killed at any commit, with any number of workers, on a full disk."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from data.errors import InputError, UnavailableError
from lexaug.config import SynthesisConfig
from lexaug.synthesis import journal
from lexaug.synthesize import synthesize
from runfolder.folder import locked

pytest.importorskip("numba", reason='needs pip install -e ".[lexaug]"')

LEXICON = "big\tkubwa\nbig\tkuu\ndog\tmbwa\ndog\tjibwa\nhouse\tnyumba\nthe\tile\nthe\thiyo\n"
TEXT = "".join(
    f"The big dog {'sleeps ' * (i % 5)}in the house no. {i}, and a goat\u2019s kid.\n"
    for i in range(400)
)
TAGS = "".join(
    f"The DET\nbig ADJ\ndog NOUN\n{'sleeps VERB' + chr(10)}house{i} NOUN\n\n" for i in range(300)
)
CASES: dict[str, dict[str, Any]] = {
    "text": {"provenance": True, "dropped": "gone.tsv", "keep_at_least": 4},
    "gz": {"mode": "parallel", "compress": "gz", "ratio": 0.5},
    "parquet": {"mode": "switch", "format": "parquet", "provenance": True},
    "tags": {"mode": "tags", "dropped": "gone.tsv"},
}


@pytest.fixture
def config(tmp_path: Path) -> Callable[..., SynthesisConfig]:
    """A run whose commits are 800 or 4,000 bytes of text apart."""
    (tmp_path / "lexicon.tsv").write_text(LEXICON, "utf-8")
    (tmp_path / "news.en").write_text(TEXT, "utf-8")
    (tmp_path / "tags.txt").write_text(TAGS, "utf-8")

    def make(case: str, out: Path, **options: Any) -> SynthesisConfig:
        settings = CASES[case] | options
        text = "tags.txt" if settings.get("mode") == "tags" else "news.en"
        if "dropped" in settings:
            settings["dropped"] = out.with_name(f"{out.name}.gone.tsv")
        return SynthesisConfig(
            "sw", str(tmp_path / text), lexicon=str(tmp_path / "lexicon.tsv"), inflect=False,
            out=out, block_bytes=25 if case == "tags" else 125, **settings,
        )  # fmt: skip

    return make


def content(config: SynthesisConfig) -> dict[str, bytes]:
    """All that a run wrote; only where it writes what is dropped may differ."""
    assert config.out is not None
    files = {
        str(path.relative_to(config.out)): path.read_bytes()
        for path in sorted(config.out.rglob("*"))
        if path.is_file() and path.name not in (".lock", "config.json")
    }
    if config.dropped:
        files["dropped"] = config.dropped.read_bytes()
    return files


@pytest.mark.parametrize("case", CASES)
def test_one_two_and_four_workers_write_the_same(
    case: str, tmp_path: Path, config: Callable[..., SynthesisConfig]
) -> None:
    runs = [config(case, tmp_path / f"w{n}", workers=n) for n in (1, 2, 4)]
    for one in runs:
        synthesize(one)
    first, *others = map(content, runs)
    assert len(first) >= 5
    assert others == [first, first]


@pytest.mark.parametrize("case", CASES)
def test_killed_at_any_fsync_it_goes_on_to_the_same_bytes(
    case: str, tmp_path: Path, config: Callable[..., SynthesisConfig]
) -> None:
    whole = config(case, tmp_path / "whole")
    synthesize(whole)
    killed = config(case, tmp_path / "killed")
    starts = sum(1 for _ in iter(lambda: _killed_after(killed, fsyncs=5), False))
    assert starts > 1
    assert content(killed) == content(whole)
    again = {path: path.stat().st_mtime_ns for path in (tmp_path / "killed").glob("*.txt")}
    synthesize(killed)
    assert content(killed) == content(whole)
    assert again == {path: path.stat().st_mtime_ns for path in again}  # nothing was done twice


def _killed_after(config: SynthesisConfig, fsyncs: int) -> bool:
    """Run in a child that dies of SIGKILL at its n-th fsync; False if it came to its end."""
    child = os.fork()
    if child:
        status = os.waitpid(child, 0)[1]
        assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
        return os.WIFSIGNALED(status)
    code = 1
    try:
        numbers, fsync = count(1), os.fsync

        def deadly(descriptor: int) -> None:
            if next(numbers) == fsyncs:
                with suppress(OSError):  # a folder
                    os.write(descriptor, b"torn")
                os.kill(os.getpid(), signal.SIGKILL)
            fsync(descriptor)

        os.fsync = deadly
        synthesize(config)
        code = 0
    finally:
        os._exit(code)


def test_standard_input_cannot_go_on(
    tmp_path: Path, config: Callable[..., SynthesisConfig], monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    stream = replace(config("text", tmp_path / "out"), input="-")
    monkeypatch.setattr("sys.stdin", _Stream(tmp_path / "news.en"))
    monkeypatch.setattr(journal.Journal, "commit", _once(journal.Journal.commit))
    with pytest.raises(KeyboardInterrupt):
        synthesize(stream)
    monkeypatch.setattr("sys.stdin", _Stream(tmp_path / "news.en"))
    with pytest.raises(InputError, match="came from standard input, which cannot be read again"):
        synthesize(stream)


class _Stream:
    closed = False

    def __init__(self, path: Path) -> None:
        self.buffer = path.open("rb")


def _once(commit: Callable[..., None]) -> Callable[..., None]:
    """A commit after which the user presses Ctrl-C."""

    def then_interrupted(*arguments: Any, **options: Any) -> None:
        commit(*arguments, **options)
        raise KeyboardInterrupt

    return then_interrupted


def test_a_full_disk_is_named_and_then_goes_on(
    tmp_path: Path, config: Callable[..., SynthesisConfig], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = config("text", tmp_path / "whole")
    synthesize(whole)
    full = config("text", tmp_path / "full")
    write = journal.GrowingFile.append

    def no_space(self: journal.GrowingFile, piece: bytes) -> None:
        if self.path.name == "text.txt" and self.path.stat().st_size > 9000:
            raise OSError(28, "No space left on device")
        write(self, piece)

    monkeypatch.setattr(journal.GrowingFile, "append", no_space)
    with pytest.raises(UnavailableError, match=r"full: no space left on the disk; free some, then"):
        synthesize(full)
    monkeypatch.undo()
    synthesize(full)
    assert content(full) == content(whole)


def test_a_file_that_was_cut_after_the_kill_is_not_trusted(
    tmp_path: Path, config: Callable[..., SynthesisConfig]
) -> None:
    one = config("text", tmp_path / "out")
    synthesize(one)
    os.truncate(tmp_path / "out" / "text.txt", 100)
    with pytest.raises(InputError, match=r"text\.txt: expected at least .* bytes, found 100; the"):
        synthesize(one)


def test_a_damaged_journal_is_named(tmp_path: Path, config: Callable[..., SynthesisConfig]) -> None:
    one = config("text", tmp_path / "out")
    synthesize(one)
    path = tmp_path / "out" / "journal.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"added"', b'"added', 1))
    with pytest.raises(InputError, match=r"journal\.jsonl:1: expected .*; move the file away"):
        synthesize(one)


def test_a_run_that_stopped_at_a_bad_line_goes_on_without_it(
    tmp_path: Path, config: Callable[..., SynthesisConfig]
) -> None:
    """The advice to pass --skip-bad works with the same --out, to the bytes of a run with it."""
    asked, whole = config("gz", tmp_path / "out"), config("gz", tmp_path / "whole", skip_bad=True)
    with open(tmp_path / "news.en", "ab") as file:
        file.write(b"ma\xf1ana\nThe dog sleeps.\n")
    synthesize(whole)
    with pytest.raises(InputError, match=r"news\.en:401: expected UTF-8"):
        synthesize(asked)
    assert (tmp_path / "out" / journal.JOURNAL).stat().st_size
    synthesize(config("gz", tmp_path / "out", skip_bad=True))
    assert content(config("gz", tmp_path / "out")) == content(whole)
    with pytest.raises(InputError, match="skip_bad: true, now false"):
        synthesize(asked)


def test_a_folder_removed_under_a_run_is_noticed(
    tmp_path: Path, config: Callable[..., SynthesisConfig]
) -> None:
    asked = config("gz", tmp_path / "out")
    with pytest.raises(UnavailableError, match="out: was removed, or what was in it, while"):
        synthesize(asked, advance=lambda *_: shutil.rmtree(tmp_path / "out", ignore_errors=True))
    assert not (tmp_path / "out").exists()


def test_records_removed_under_a_run_are_noticed(
    tmp_path: Path, config: Callable[..., SynthesisConfig]
) -> None:
    """What is written to a file that was removed nobody would ever see."""
    asked = config("gz", tmp_path / "out")

    def remove(*_: object) -> None:
        for path in (tmp_path / "out").glob("*.gz"):
            path.unlink()

    with pytest.raises(UnavailableError, match="out: was removed, or what was in it, while"):
        synthesize(asked, advance=remove)


def test_a_folder_removed_while_its_pages_are_written_is_noticed(
    tmp_path: Path, config: Callable[..., SynthesisConfig], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "lexaug.synthesis.reports.write_coverage", lambda folder, *_: shutil.rmtree(folder)
    )
    with pytest.raises(UnavailableError, match="out: was removed, or what was in it, while"):
        synthesize(config("gz", tmp_path / "out"))


def test_a_users_files_in_the_folder_are_not_touched(
    tmp_path: Path, config: Callable[..., SynthesisConfig]
) -> None:
    """Names with a dot before and within are the user's; only what a kill left is swept."""
    out = tmp_path / "out"
    out.mkdir()
    for name in (".gitlab-ci.yml", ".env.local"):
        (out / name).write_text("mine", "utf-8")
    synthesize(config("gz", out))
    synthesize(config("gz", out))
    assert [(out / name).read_text("utf-8") for name in (".gitlab-ci.yml", ".env.local")] == [
        "mine",
        "mine",
    ]


def test_two_processes_do_not_write_to_one_folder(
    tmp_path: Path, config: Callable[..., SynthesisConfig]
) -> None:
    one = config("text", tmp_path / "out")
    with locked(tmp_path / "out"), pytest.raises(InputError, match="another process"):
        synthesize(one)
