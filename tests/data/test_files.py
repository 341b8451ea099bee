"""Files that appear whole, checksums, canonical JSON and seeded streams.

pytest tests/data/test_files.py
"""

from __future__ import annotations

import errno
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data import files
from data.errors import InputError, KilolinguaError, UnavailableError
from data.files import (
    appears_whole,
    canonical_json,
    sha256_file,
    sha256_text,
    sweep,
    write_whole,
)
from data.randomness import stream

ROOT = Path(__file__).parents[2]
# FIPS 180-2, appendix B.1: the digest of "abc".
ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KiB; only root may mount one."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("needs the right to mount a file system of 64 KiB")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_sha256_agrees_with_the_standard(tmp_path: Path) -> None:
    path = tmp_path / "abc"
    path.write_bytes(b"abc")
    assert sha256_text("abc") == sha256_file(path) == ABC


def test_sha256_of_a_text_is_that_of_its_utf8_bytes(tmp_path: Path) -> None:
    write_whole(tmp_path / "a", "ng’ombe ŋ")
    assert sha256_text("ng’ombe ŋ") == sha256_file(tmp_path / "a")


@given(content=st.binary(max_size=200))
def test_bytes_come_back(content: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("whole") / "deep" / "file"
    write_whole(path, content)
    assert path.read_bytes() == content
    assert [entry.name for entry in path.parent.iterdir()] == ["file"]


def test_line_ends_and_letters_are_written_as_they_are(tmp_path: Path) -> None:
    write_whole(tmp_path / "a", "taniñ\r\nŋ\n")
    assert (tmp_path / "a").read_bytes() == "taniñ\r\nŋ\n".encode()


@pytest.mark.parametrize("mask", [0o022, 0o077, 0o027, 0o002])
def test_who_may_read_the_file_is_what_the_user_says(mask: int, tmp_path: Path) -> None:
    before = os.umask(mask)
    try:
        write_whole(tmp_path / "a", "x")
    finally:
        os.umask(before)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o666 & ~mask


def test_what_killed_writers_left_is_swept_when_the_folder_is_written_to(tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from data.files import appears_whole\n"
        "with appears_whole(Path(sys.argv[1])) as file: file.write(b'half'); os._exit(9)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "scores.json")]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == 9
    assert [path.name[:13] for path in tmp_path.iterdir()] == [".scores.json."]
    mine = [".notes", ".scores.json.draft", ".a.1234abcd", "scores.json.0-1-0"]
    for name in mine:
        (tmp_path / name).write_text("kept")
    with appears_whole(tmp_path / "other") as file:  # which sweeps, and leaves what is written now
        [writing] = tmp_path.glob(".other.*")
        sweep(tmp_path)
        assert writing.exists()
        file.write(b"x")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["other", *mine])


def test_a_writer_on_another_machine_has_a_day(tmp_path: Path) -> None:
    path = tmp_path / ".scores.json.00000000-99999-0123abcd"
    path.write_text("half")
    sweep(tmp_path)
    assert path.exists()
    os.utime(path, (time.time() - 90_000,) * 2)
    sweep(tmp_path)
    assert not path.exists()


def test_a_reader_sees_the_old_file_until_the_block_ends(tmp_path: Path) -> None:
    path = tmp_path / "scores.json"
    write_whole(path, "old")
    with appears_whole(path) as file:
        file.write(b"new")
        file.flush()
        assert path.read_text() == "old"
    assert path.read_text() == "new"


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt(), InputError("no")])
def test_an_error_inside_the_block_keeps_nothing(tmp_path: Path, error: BaseException) -> None:
    path = tmp_path / "scores.json"
    write_whole(path, "old")

    def fail_halfway() -> None:
        with appears_whole(path) as file:
            file.write(b"half")
            raise error

    with pytest.raises(type(error)):
        fail_halfway()
    assert [entry.name for entry in tmp_path.iterdir()] == ["scores.json"]
    assert path.read_text() == "old"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_names_the_place_and_keeps_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def fsync(_descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fsync)
    path = tmp_path / "segments.jsonl"
    with pytest.raises(UnavailableError) as caught:
        write_whole(path, "x")
    assert str(caught.value) == (
        f"{path}: no space left on the disk; free some, then run the same command again"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_really_is_full(tiny_disk: Path) -> None:
    write_whole(tiny_disk / "small", "kept")
    with pytest.raises(UnavailableError, match=r"big: no space left on the disk"):
        write_whole(tiny_disk / "big", bytes(1 << 20))
    assert [entry.name for entry in tiny_disk.iterdir()] == ["small"]
    assert (tiny_disk / "small").read_text() == "kept"


def test_another_failure_of_the_disk_stays_what_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fsync(_descriptor: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(OSError, match="Input/output error") as caught:
        write_whole(tmp_path / "a", "x")
    assert not isinstance(caught.value, KilolinguaError)
    assert list(tmp_path.iterdir()) == []


@given(value=JSON)
def test_canonical_json_comes_back(value: object) -> None:
    assert json.loads(canonical_json(value)) == value


@given(value=st.dictionaries(st.text(), st.integers(), min_size=2), seed=st.integers())
def test_canonical_json_does_not_depend_on_the_order(value: dict[str, int], seed: int) -> None:
    pairs = list(value.items())
    random.Random(seed).shuffle(pairs)
    assert canonical_json(dict(pairs)) == canonical_json(value)


def test_errors_are_of_two_kinds_with_their_exit_codes() -> None:
    assert (InputError("x").exit_code, UnavailableError("x").exit_code) == (2, 1)
    assert issubclass(InputError, ValueError)
    assert issubclass(UnavailableError, RuntimeError)


def test_a_stream_is_the_one_that_its_docstring_describes() -> None:
    # printf '1\x1fntrex\x1fsw-en' | sha256sum | cut -c1-16
    expected = random.Random(0x50A7E33771E39558)
    assert stream(1, "ntrex", "sw-en").random() == expected.random()


@given(seed=st.integers(), key=st.text())
def test_streams_repeat_and_differ_by_seed_and_key(seed: int, key: str) -> None:
    first = stream(seed, key).getrandbits(64)
    assert stream(seed, key).getrandbits(64) == first
    assert stream(seed + 1, key).getrandbits(64) != first
    assert stream(seed, key, "").getrandbits(64) != first


def test_what_another_users_process_writes_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether it lives nobody may ask, so it does."""
    path = tmp_path / ".out.txt"
    path.touch()
    known = {PermissionError: True, OverflowError: True, ProcessLookupError: False}
    for error, expected in known.items():

        def kill(*_: object, error: type[Exception] = error) -> None:
            raise error

        monkeypatch.setattr(os, "kill", kill)
        assert files._may_be_written(path, files._host(), 1) is expected
    assert files._may_be_written(path, "another-machine", 1)
