"""Ends of readers that are seldom reached: files that hold nothing, methods that nobody knows."""

from __future__ import annotations

import hashlib
import zipfile
from collections import Counter
from io import BytesIO
from pathlib import Path

import pytest

from data.archives import copy_member
from data.contamination import KeepOut
from data.errors import InputError, UnavailableError
from data.inventory.glottolog import read_classification
from data.utterances import read_massive


def test_an_archive_packed_by_a_method_that_python_lacks(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.txt", "habari")
    content = bytearray(path.read_bytes())
    for header, offset in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        place = content.index(header) + offset
        content[place : place + 2] = (97).to_bytes(2, "little")  # WavPack
    path.write_bytes(content)
    with pytest.raises(UnavailableError, match=r'cannot unpack "a\.txt": .*compression'):
        copy_member(path, "a.txt", BytesIO(), 1000)


def test_a_classification_without_trees(tmp_path: Path) -> None:
    path = tmp_path / "classification.nex"
    path.write_text("#NEXUS\nbegin trees;\nend;\n", "utf-8")
    with pytest.raises(InputError, match=r"expected lines like `tree NAME = .*found none"):
        read_classification(path)
    path.write_text("tree abkh1242 = [&R] (abaz1241:1,abkh1244:1)abkh1243;\n", "utf-8")
    assert read_classification(path)["abaz1241"] == ("abkh1243",)


def test_nothing_is_kept_out_where_nothing_is_to_be() -> None:
    empty, dropped = KeepOut(), Counter[str]()
    assert empty.clean("Mbwa analala. Paka.", dropped) == "Mbwa analala. Paka."
    assert not dropped
    assert empty.sha256 == hashlib.sha256(b"").hexdigest()
    one, other = KeepOut(), KeepOut()
    for keep, sentences in ((one, ["a b", "c d"]), (other, ["c d", "a b"])):
        keep.add("toy", sentences)
    assert one.sha256 == other.sha256 != empty.sha256, "the order of test sets does not count"
    assert one.describe() == [{"name": "toy", "sentences": 2}]


def test_a_split_that_massive_lacks(tmp_path: Path) -> None:
    path = tmp_path / "sw-KE.jsonl"
    path.touch()
    with pytest.raises(InputError, match='MASSIVE has no split "validation"; it has: train, dev'):
        list(read_massive(path, "validation"))
