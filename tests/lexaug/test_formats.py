"""Records in every format come back as they were; packed pieces join; shards are cut back."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.tagged import read_tagged
from lexaug.synthesis.formats import (
    Lines,
    ParquetShards,
    Sentences,
    as_jsonl,
    as_table,
    as_text,
    packed,
)
from lexaug.synthesis.reports import card, combined

TEXT = st.text(st.characters(exclude_characters="\n\r\0", exclude_categories=["Cs"]))
TOKEN = st.sampled_from(["ng'ombe", "#", '"', "3.5", "ñandu", "-"])


@settings(deadline=None)
@given(st.lists(st.tuples(TEXT, TEXT)))
def test_pairs_come_back_from_json_lines(pairs: list[tuple[str, str]]) -> None:
    kept = Lines(
        range(5, 5 + len(pairs)),
        "".join(f"{target}\n" for _, target in pairs).encode(),
        "".join(f"{source}\n" for source, _ in pairs).encode(),
    )
    rows = [json.loads(line) for line in as_jsonl(kept).split(b"\n")[:-1]]
    assert [(row["source"], row["target"]) for row in rows] == pairs
    assert [row["line"] for row in rows] == list(kept.numbers)
    table = as_table(kept)
    assert list(zip(*(table[name].to_pylist() for name in ("source", "target")), strict=True)) == (
        pairs
    )


@settings(deadline=None)
@given(st.lists(st.lists(TOKEN, min_size=1), min_size=1, max_size=5))
def test_two_columns_come_back_through_the_reader(
    tmp_path_factory: pytest.TempPathFactory, sentences: list[list[str]]
) -> None:
    tags = [["NOUN"] * len(tokens) for tokens in sentences]
    path = tmp_path_factory.mktemp("tags") / "tags.txt"
    path.write_bytes(as_text(Sentences(range(len(sentences)), sentences, tags)))
    assert [list(sentence.tokens) for sentence in read_tagged(path)] == sentences


@pytest.mark.parametrize("compress", ["gz", "zst"])
def test_packed_pieces_join_and_carry_no_time(compress: str) -> None:
    pieces = [packed(text, compress) for text in (b"one\n", b"", b"two\n")]
    joined = b"".join(pieces)
    if compress == "gz":
        assert gzip.decompress(joined) == b"one\ntwo\n"
    else:
        zstandard = pytest.importorskip("zstandard")
        reader = zstandard.ZstdDecompressor().stream_reader(joined, read_across_frames=True)
        assert reader.read() == b"one\ntwo\n"
    assert pieces[0] == packed(b"one\n", compress)


def test_shards_are_cut_back_to_the_last_commit(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    shards = ParquetShards(tmp_path / "data")
    for number, text in ((0, b"one\n"), (8, b"two\n")):
        shards.append(as_table(Lines([number], text)))
        assert shards.commit(number) == 1
    assert shards.commit(16) == 0  # nothing kept, no empty shard
    (tmp_path / "data" / ".part-00000016.parquet.x").write_bytes(b"torn")
    ParquetShards(tmp_path / "data").restore(1)
    [left] = (tmp_path / "data").iterdir()
    assert parquet.read_table(left)["text"].to_pylist() == ["one"]


@pytest.mark.parametrize(
    ("licences", "strictest", "note"),
    [
        (("CC-BY-4.0", "CC0-1.0"), "CC-BY-4.0", ""),
        (("CC-BY-NC-4.0", "CC-BY-4.0"), "CC-BY-NC-4.0", ""),
        (("CC-BY-NC-4.0", "CC-BY-SA-4.0"), "CC-BY-NC-4.0", "may not be met together"),
        (("GPL-2.0-or-later", "CC-BY-SA-3.0"), "GPL-2.0-or-later", "may not be met together"),
        (("GPL-2.0-or-later", "CC-BY-4.0"), "GPL-2.0-or-later", ""),
        (("not stated", "CC-BY-NC-ND-4.0"), "not stated", "Find out under which licence the text"),
        (("X", "CC-BY-NC-ND-4.0"), "X", "A source forbids derivatives"),
    ],
)
def test_the_strictest_licence(licences: tuple[str, str], strictest: str, note: str) -> None:
    terms = combined(dict(zip(("text", "lexicon"), licences, strict=True)))
    assert terms.strictest == strictest
    assert (note in terms.note) if note else not terms.note


def test_the_front_matter_is_yaml_whatever_the_names_hold() -> None:
    yaml = pytest.importorskip("yaml")
    settings = {
        "language": "wo", "language_name": "Wolof", "mode": "parallel", "format": "text",
        "compress": None, "provenance": False, "policy": "first", "ratio": 1.0, "seed": 1,
        "keep_rule": "all are kept", "limit": None, "scheme": None, "notes": [],
        "text": {"name": 'my: "news" #1.txt', "licence": "not stated"},
        "lexicon": {"name": "a|b.tsv", "licence": "MIT", "entries": 3, "sha256": "0"},
        "inflection": {"description": "none", "tables": []},
        "licence": {"strictest": "not stated", "conditions": ["not stated"], "note": "",
                    "hub": "unknown"},
    }  # fmt: skip
    shares = ("token", "type")
    found = {
        "records": 2, "kept": 1, "dropped": {"fewer than 3 words replaced": 1},
        "kept_share": 50.0, "replaced_share": 10.0, "inflected_share": None,
        "lemma_stands_share": 0.0, **{f"{name}_coverage": 1.0 for name in shares},
    }  # fmt: skip
    text = card(settings, found, "pairs.tsv")
    front = yaml.safe_load(text.split("---\n")[1])
    assert front["source_datasets"] == ['my: "news" #1.txt', "a|b.tsv"]
    assert front["configs"][0]["sep"] == "\t"
    assert "a\\|b.tsv" in text
