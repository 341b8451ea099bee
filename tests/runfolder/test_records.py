"""Append-only records: what a kill, a full disk, a removed folder and a damaged line leave."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from data.errors import InputError, UnavailableError
from runfolder.records import RecordFile, read_records

SHAPE = {"id": str, "n": int}


def records(path: Path) -> list[dict[str, object]]:
    return [record for _, record in read_records(path, SHAPE)]


def test_records_come_back_in_their_order(tmp_path: Path) -> None:
    file = RecordFile(tmp_path / "deep" / "r.jsonl", SHAPE)
    file.append([{"id": "a", "n": 1}, {"id": "ŋ", "n": 2}])
    file.append([])
    assert list(file) == [{"id": "a", "n": 1}, {"id": "ŋ", "n": 2}]
    file.close()


@pytest.mark.parametrize("torn", ['{"id": "b", "n"', "x" * 200_000, '{"id": "b", "n": 2}'])
def test_a_line_that_a_kill_tore_is_cut_off(tmp_path: Path, torn: str) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text('{"id":"a","n":1}\n' + torn)
    assert records(path) == [{"id": "a", "n": 1}]
    file = RecordFile(path, SHAPE)
    file.append([{"id": "c", "n": 3}])
    file.close()
    assert path.read_text() == '{"id":"a","n":1}\n{"id":"c","n":3}\n'


def test_a_file_of_one_torn_line_is_empty(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text('{"id"')
    RecordFile(path, SHAPE).close()
    assert path.read_bytes() == b""


@pytest.mark.parametrize(
    ("line", "fault"), [("{", "expected JSON"), ('{"id": "a"}', "expected n"), ("[]", "an object")]
)
def test_a_damaged_line_is_named(tmp_path: Path, line: str, fault: str) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text(f'{{"id":"a","n":1}}\n{line}\n')
    with pytest.raises(InputError, match=r"r.jsonl:2: .*move the file away to start over") as told:
        records(path)
    assert fault in str(told.value)


def test_what_cannot_be_is_refused_by_the_callers_check(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text('{"id":"a","n":-1}\n')

    def positive(record: dict[str, int]) -> None:
        if record["n"] < 0:
            raise InputError("expected a count, found one below 0")

    with pytest.raises(InputError, match=r"r.jsonl:1: expected a count"):
        list(read_records(path, SHAPE, check=positive))


def test_lines_without_some_bytes_are_passed_over_unread(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text('damaged\n{"id":"model","n":1}\n')
    assert [end for end, _ in read_records(path, SHAPE, having=b"model")] == [29]


def test_a_full_disk_leaves_the_file_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = RecordFile(tmp_path / "r.jsonl", SHAPE)
    file.append([{"id": "a", "n": 1}])

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UnavailableError, match="full"):
        file.append([{"id": "b", "n": 2}])
    assert records(tmp_path / "r.jsonl") == [{"id": "a", "n": 1}]


def test_a_folder_that_was_removed_is_noticed(tmp_path: Path) -> None:
    file = RecordFile(tmp_path / "run" / "r.jsonl", SHAPE)
    shutil.rmtree(tmp_path / "run")
    with pytest.raises(UnavailableError, match="was removed"):
        file.append([{"id": "a", "n": 1}])
