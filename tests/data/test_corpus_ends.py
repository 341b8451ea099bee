"""A large file is known by its size and its two ends; a folder of synthesis without its text."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from data import corpus
from data.corpus import find_corpus
from data.errors import InputError


def test_of_a_large_file_both_ends_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpus, "ENDS_BYTES", 8)
    path = tmp_path / "text.txt"

    def fingerprint(text: bytes) -> dict[str, object]:
        path.write_bytes(text)
        return find_corpus(str(path)).fingerprint()

    def of(text: bytes) -> str:
        return hashlib.sha256(hashlib.sha256(text).digest()).hexdigest()

    assert fingerprint(b"abcdefgh") == {"bytes": 8, "sha256": of(b"abcdefgh")}
    assert fingerprint(b"abcdXefgh") == {"bytes": 9, "sha256": of(b"abcdefgh")}, "not its middle"
    assert fingerprint(b"abcXdefgh")["sha256"] == of(b"abcXefgh")


def test_a_synthesis_whose_files_are_gone(tmp_path: Path) -> None:
    settings = {"mode": "text", "format": "text", "language": "sw"}
    settings["licence"] = {"strictest": "CC0-1.0"}
    (tmp_path / "config.json").write_text(json.dumps({"run": settings}))
    (tmp_path / "coverage.json").write_text("{}")
    with pytest.raises(InputError, match=r"expected text\.\*, found none; run the synthesis"):
        find_corpus(str(tmp_path))
