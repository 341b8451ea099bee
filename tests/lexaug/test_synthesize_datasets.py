"""`datasets.load_dataset` opens every run folder as it is, without a network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lexaug.config import SynthesisConfig
from lexaug.synthesize import synthesize

datasets = pytest.importorskip("datasets")

LEXICON = "big\tkubwa\ndog\tmbwa\nhouse\tnyumba\n"
# A quote and the word NA must come through a reader of tables unharmed.
NEWS = 'The "big dog, the house.\nNA\nBig dog, big house!\n'
TAGS = "big ADJ\ndog NOUN\nhouse NOUN\n\nYes INTJ\n\nhouse NOUN\nhouse NOUN\nhouse NOUN\n"


@pytest.mark.parametrize(("form", "compress"), [("text", None), ("text", "gz"), ("text", "zst"),
                                                ("jsonl", None), ("parquet", None)])  # fmt: skip
@pytest.mark.parametrize("mode", ["mono", "switch", "parallel", "tags"])
def test_the_folder_opens(
    mode: str, form: str, compress: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(datasets.config, "HF_DATASETS_OFFLINE", True)
    (tmp_path / "lexicon.tsv").write_text(LEXICON, "utf-8")
    (tmp_path / "news.en").write_text(TAGS if mode == "tags" else NEWS, "utf-8")
    options: dict[str, Any] = {"keep_at_least": 0} if mode == "parallel" else {}
    done = synthesize(
        SynthesisConfig(
            "sw", str(tmp_path / "news.en"), mode=mode, lexicon=str(tmp_path / "lexicon.tsv"),
            format=form, compress=compress, provenance=True, inflect=False,
            ratio=0.0 if mode == "switch" else None, out=tmp_path / "run", **options,
        )
    )  # fmt: skip
    found = datasets.load_dataset(
        str(done.folder), split="train", cache_dir=str(tmp_path / "cache")
    )
    rows = [{k: v for k, v in row.items() if k not in ("line", "sentence")} for row in found]
    assert rows == EXPECTED["two columns" if (mode, form) == ("tags", "text") else mode]


EXPECTED: dict[str, list[dict[str, Any]]] = {
    "mono": [{"text": 'The "kubwa mbwa, the nyumba.'}, {"text": "Kubwa mbwa, kubwa nyumba!"}],
    "switch": [{"text": line} for line in NEWS.splitlines()],
    "parallel": [
        {"source": 'The "big dog, the house.', "target": 'The "kubwa mbwa, the nyumba.'},
        {"source": "NA", "target": "NA"},
        {"source": "Big dog, big house!", "target": "Kubwa mbwa, kubwa nyumba!"},
    ],
    "tags": [
        {"tokens": ["kubwa", "mbwa", "nyumba"], "tags": ["ADJ", "NOUN", "NOUN"]},
        {"tokens": ["nyumba"] * 3, "tags": ["NOUN"] * 3},
    ],
    "two columns": [
        {"text": "kubwa ADJ\nmbwa NOUN\nnyumba NOUN"},
        {"text": "nyumba NOUN\nnyumba NOUN\nnyumba NOUN"},
    ],
}
