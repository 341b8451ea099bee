"""The store: nothing lost, nothing half-written, and a key for everything that makes an answer."""

from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import InputError, UnavailableError
from icl.store import Store, read_records, request_key
from tests.icl.disk import small_disk


def record(segment: str, output: str = "Asante, ŋ", key: str = "k") -> dict[str, Any]:
    texts = {"system": "model", "source": "Asante", "reference": "Thanks", "output": output}
    return {"id": segment, "key": key, **texts, "statistics": {"BLEU": [1.5, 2]}}


RECORDS = [record(str(number)) for number in range(1, 6)]


def filled(folder: Path) -> Path:
    with Store(folder) as store:
        store.append(RECORDS[:3])
        store.append(RECORDS[3:])
    return folder / "segments.jsonl"


def test_records_survive(tmp_path: Path) -> None:
    filled(tmp_path)
    with Store(tmp_path) as store:
        assert [store.get(str(number), "k") for number in range(1, 6)] == RECORDS
        assert store.get("1", "other") is None
        assert store.get("6", "k") is None


def test_a_record_is_a_line_of_json_with_one_spelling(tmp_path: Path) -> None:
    with Store(tmp_path / "new" / "folder") as store:
        store.append([{"key": "k", "id": "1", "output": "ŋ\n\u2028", "n": 1}])
        assert store.path.read_bytes() == (
            '{"id":"1","key":"k","n":1,"output":"ŋ\\n\u2028"}\n'.encode()
        )


@settings(max_examples=25)
@given(st.lists(st.text(), min_size=1, max_size=6))
def test_any_output_survives(tmp_path_factory: pytest.TempPathFactory, outputs: list[str]) -> None:
    folder = tmp_path_factory.mktemp("run")
    records = [record(str(number), output) for number, output in enumerate(outputs)]
    with Store(folder) as store:
        store.append(records)
    assert [found for _, found in read_records(folder / "segments.jsonl")] == records


def test_a_line_cut_at_any_byte_is_dropped_and_the_file_goes_on(tmp_path: Path) -> None:
    whole = filled(tmp_path / "whole").read_bytes()
    last = whole[:-1].rindex(b"\n") + 1
    assert len(whole) - last > 60
    path = tmp_path / "segments.jsonl"
    for cut in range(last, len(whole)):
        path.write_bytes(whole[:cut])
        with Store(tmp_path) as store:
            assert path.read_bytes() == whole[:last]
            assert store.get("4", "k") == RECORDS[3]
            assert store.get("5", "k") is None
            store.append(RECORDS[4:])
        assert path.read_bytes() == whole


def test_a_batch_of_which_a_part_was_written_is_completed(tmp_path: Path) -> None:
    path = filled(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with Store(tmp_path) as store:
        missing = [r for r in RECORDS if store.get(r["id"], r["key"]) is None]
        assert 0 < len(missing) < 5
        store.append(missing)
    assert path.read_bytes() == whole


@pytest.mark.parametrize(
    "line",
    [
        b'{"id":"2","key"\n',
        b"\n",
        b"[1]\n",
        b"null\n",
        b'"id key"\n',
        b'{"id":"2"}\n',
        b'{"id":["2"],"key":"k"}\n',
        b'{"id":"2","key":7}\n',
        b'{"id":"\xff","key":"k"}\n',
        b"\0\0\0\0\n",
        b"[" * 100_000 + b"\n",
        b'{"id":"2","key":"k","n":' + b"9" * 5000 + b"}\n",
        b'{"id":"2","key":"k","output":null,"statistics":{}}\n',
    ],
)
def test_a_damaged_line_in_the_middle(line: bytes, tmp_path: Path) -> None:
    path = filled(tmp_path)
    lines = path.read_bytes().splitlines(keepends=True)
    damaged = b"".join([lines[0], line, *lines[2:]])
    path.write_bytes(damaged)
    with pytest.raises(InputError) as caught:
        Store(tmp_path).__enter__()
    message = str(caught.value)
    assert message.startswith(f"{path}:2: expected ")
    assert message.endswith("; move the file away to start over")
    assert path.read_bytes() == damaged, "it may be mended by hand"
    path.unlink()


def test_counts_below_zero_are_damage(tmp_path: Path) -> None:
    path = filled(tmp_path)
    path.write_text(path.read_text("utf-8").replace("[1.5,2]", "[1.5,-2]"), "utf-8")
    with pytest.raises(InputError, match=r"segments\.jsonl:1: expected counts in statistics"):
        list(read_records(path))


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (errno.ENOSPC, "no space left on the disk; free some, then run the same command again"),
        (errno.EDQUOT, "no space left on the disk; free some, then run the same command again"),
        (errno.EIO, "could not be written: [Errno 5] told so"),
    ],
)
def test_a_write_that_fails_leaves_the_file_as_it_was(
    number: int, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(descriptor: int) -> None:
        raise OSError(number, "told so")

    path = filled(tmp_path)
    before = path.read_bytes()
    with Store(tmp_path) as store:
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", refuse)
            with pytest.raises(UnavailableError) as caught:
                store.append([record("6"), record("7")])
        assert str(caught.value) == f"{path}: {message}"
        assert path.read_bytes() == before
        assert store.get("6", "k") is None
        store.append([record("6")])
    assert [found["id"] for _, found in read_records(path)] == ["1", "2", "3", "4", "5", "6"]


def test_a_disk_that_is_full_in_earnest(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 64) as disk, Store(disk) as store:
        store.append([record("1", "x" * 30_000)])
        before = store.path.read_bytes()
        with pytest.raises(UnavailableError, match=r"segments\.jsonl: no space left on the disk"):
            store.append([record("2", "x" * 20_000), record("3", "x" * 50_000)])
        assert store.path.read_bytes() == before
        store.append([record("2", "x" * 20_000)])
        assert store.get("2", "k") is not None


IDENTITY = {
    "model": "smollm2-135m-instruct",
    "revision": "0123456789abcdef",
    "engine": "ctranslate2",
    "dtype": "float32",
}
DECODING = {"decoding": "greedy", "max-new-tokens": 128, "stop": "\n"}
PROMPT = "ab" * 32


def test_request_key_is_the_sha256_of_what_stands_here() -> None:
    hashed = (
        '[{"dtype":"float32","engine":"ctranslate2","model":"smollm2-135m-instruct",'
        '"revision":"0123456789abcdef"},'
        '{"decoding":"greedy","max-new-tokens":128,"stop":"\\n"},'
        f'"{PROMPT}"]'
    )
    digest = hashlib.sha256(hashed.encode()).hexdigest()[:32]
    assert digest == "356998e2ad7dae7c5fceba65ff9a62ac"  # and `sha256sum` says the same
    assert request_key(IDENTITY, DECODING, PROMPT) == digest
    backwards = dict(reversed(IDENTITY.items())), dict(reversed(DECODING.items()))
    assert request_key(*backwards, PROMPT) == digest


def test_request_key_changes_with_everything() -> None:
    keys = [request_key(IDENTITY, DECODING, PROMPT)]
    keys += [request_key({**IDENTITY, name: "other"}, DECODING, PROMPT) for name in IDENTITY]
    keys += [request_key(IDENTITY, {**DECODING, name: 64}, PROMPT) for name in DECODING]
    keys += [request_key(IDENTITY, DECODING, "cd" * 32)]
    keys += [request_key(IDENTITY, {**DECODING, "max-new-tokens": "128"}, PROMPT)]
    keys += [request_key({**IDENTITY, "lexicon": "x"}, DECODING, PROMPT)]
    assert len(set(keys)) == len(keys) == 11
