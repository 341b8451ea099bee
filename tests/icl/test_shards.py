"""Shards on several machines: merged, they are the run that was never cut up."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.errors import InputError
from icl.eval import main
from icl.merge import main as merge_main
from icl.merge import merge
from icl.options import RunConfig
from icl.store import read_records
from tests.icl.languages import write_test_set


def answer(model: Path, folder: Path, out: str, *more: str) -> Path:
    """Run two languages in two directions, or one shard of that, into `folder / out`."""
    tests = folder / "tests.tsv"
    if not tests.exists():
        write_test_set(tests, "sw", "yo", rows=20)
    base = ["--lang", "sw,yo", "--test-set", str(tests), "--model", str(model), "--offline"]
    base += ["--direction", "both", "--max-new-tokens", "8", "--out", str(folder / out)]
    assert main([*base, "--select", "bm25", "--shots", "2", *more]) == 0
    return folder / out


def ids(folder: Path) -> list[tuple[str, str]]:
    records = [record for _, record in read_records(folder / "segments.jsonl")]
    return sorted((record["system"], record["id"]) for record in records)


def test_merged_shards_are_the_whole_run(
    tiny_decoder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = answer(tiny_decoder, tmp_path, "whole")
    table = capsys.readouterr().out
    shards = []
    for place in (1, 2, 3):
        more = ["--shard", f"{place}/3", "--batch-size", str(place)]
        shards.append(answer(tiny_decoder, tmp_path, f"shard-{place}", *more))
        shown = capsys.readouterr().out.splitlines()
        assert shown[1:] == [
            f"note: shard {place} of 3: score all of them with python -m icl.merge",
            f"wrote {shards[-1]}: config.json segments.jsonl",
        ]
        assert not (shards[-1] / "scores.json").exists()
    answered = [ids(shard) for shard in shards]
    assert sorted(one for shard in answered for one in shard) == ids(whole), (
        "each segment in one shard, and none twice"
    )
    assert max(map(len, answered)) - min(map(len, answered)) <= 10, "one a system at most"
    assert merge_main([*map(str, shards[::-1]), "--out", str(tmp_path / "merged")]) == 0
    for name in ("scores.json", "report.html"):
        assert (tmp_path / "merged" / name).read_bytes() == (whole / name).read_bytes()
    merged = capsys.readouterr().out
    assert _without_times(merged) == _without_times(table)


def _without_times(shown: str) -> list[str]:
    """Signatures and notes: the table's columns are as wide as its times."""
    return [line for line in shown.splitlines() if line.startswith(("note", "signatures", "  "))]


def test_a_missing_shard_is_named(tiny_decoder: Path, tmp_path: Path) -> None:
    shards = [
        answer(tiny_decoder, tmp_path, f"shard-{place}", "--shard", f"{place}/3", "--limit", "6")
        for place in (1, 3)
    ]
    with pytest.raises(InputError) as caught:
        merge(shards, tmp_path / "merged")
    message = str(caught.value)
    assert message.startswith(f"{shards[0]}, {shards[1]}: ")
    assert " answers are missing (tests.tsv:sw-en:" in message
    assert message.endswith("; run the other shards, or these to their end")


def test_shards_of_different_runs(tiny_decoder: Path, tmp_path: Path) -> None:
    one = answer(tiny_decoder, tmp_path, "one", "--shard", "1/2", "--limit", "4")
    other = answer(tiny_decoder, tmp_path, "other", "--shard", "2/2", "--limit", "5")
    with pytest.raises(InputError) as caught:
        merge([one, other], tmp_path / "merged")
    assert str(caught.value) == (f"{one} and {other}: shards of different runs; merge those of one")


def test_what_is_no_shard(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert merge_main([str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert f"{tmp_path}: no config.json; give the folder of a run of icl.eval" in error
    for shard in ("0/2", "3/2", "2", "1/0", "a/b", "-1/2"):
        with pytest.raises(InputError, match=r"expected i/n with i from 1 to n, as in 2/4"):
            RunConfig("sw", shard=shard)


def test_a_seen_corpus_comes_along(tiny_decoder: Path, tmp_path: Path) -> None:
    (tmp_path / "corpus.txt").write_text("Habari.\n", "utf-8")
    more = ["--seen", str(tmp_path / "corpus.txt"), "--limit", "3"]
    shards = [
        answer(tiny_decoder, tmp_path, name, "--shard", f"{name}/2", *more) for name in ("1", "2")
    ]
    whole = answer(tiny_decoder, tmp_path, "whole", *more)
    notes = merge(shards, tmp_path / "merged").notes
    assert "no test segment and no shot stands in corpus.txt" in notes
    assert (tmp_path / "merged/scores.json").read_bytes() == (whole / "scores.json").read_bytes()
