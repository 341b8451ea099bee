"""`probe.retrieve` from end to end on a small encoder: records, averages, resume, bad input."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from data.errors import InputError
from data.languages import resolve
from models.e5 import unpack_e5
from probe import corpora
from probe import retrieve as command
from probe.baselines import character_vectors, length_vectors
from probe.corpora import Bitext, codes_in
from probe.retrieval import retrieve as nearest
from probe.retrieve import Retrieval, layers_of, main, retrieve, scores_of
from probe.summary import average_scores, is_readable, share
from tests.models.test_e5 import packed

ENGLISH = ("a b", "b b a", "ŋ", "ab ŋ a", "b", "a a a a", "ŋ b ŋ", "a", "b a b", "ab")
SETS = {"swh": ENGLISH, "amh": tuple(f"{text} b" for text in ENGLISH), "bod": ("བོད་ཡིག",) * 10}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "small.bin").write_bytes(packed())
    out = tmp_path / "small"
    out.mkdir()
    unpack_e5(tmp_path / "small.bin", out)
    return out


@pytest.fixture(autouse=True)
def small_sets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three languages in place of Tatoeba's, with the marks of where they are read."""
    monkeypatch.setattr(corpora, "codes_in", lambda *_: list(SETS))
    monkeypatch.setattr(
        corpora,
        "bitexts",
        lambda name, codes, _access: (
            Bitext(name, code, resolve(code), SETS[code], ENGLISH) for code in codes
        ),
    )


def config(folder: Path, out: Path, **more: object) -> Retrieval:
    return Retrieval(str(folder), layers="all", dtype="float32", out=out, **more)


def test_a_language_that_is_english_is_found_and_one_without_letters_is_marked(
    folder: Path, tmp_path: Path
) -> None:
    done = retrieve(config(folder, tmp_path / "run"))
    same, other, unreadable = done.languages
    assert [same["right"]["0|cosine"], same["n"]] == [[10, 10], 10]
    assert share(same, "2|centred+csls") == 100
    assert share(other, "2|cosine") < 100
    assert is_readable(same)
    assert unreadable["unknown"] == 1
    assert not is_readable(unreadable)
    assert "not representable" in done.notes[-1]
    assert "bod" in done.notes[-1]
    page = (tmp_path / "run" / "report.html").read_text("utf-8")
    assert "not representable" in page
    assert "python -m probe.retrieve --model" in page


def test_held_out_means_score_the_other_half_only(folder: Path, tmp_path: Path) -> None:
    record = retrieve(config(folder, tmp_path / "run")).languages[0]
    assert record["right"]["2|centred|held-out"] == [5, 5]
    assert record["right"]["2|cosine|held-out"] == [5, 5], "beside it, among as few candidates"
    scores = {s.signature.split("|measure:")[1]: s for s in scores_of(record, "model:x")}
    assert scores["2/centred/held-out|direction:xx-en"].n == 5
    assert scores["2/centred|direction:en-xx"].value == 100


def test_a_killed_run_goes_on_to_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    retrieve(config(folder, whole))
    seen = []

    def kill(_name: str, done: float, _total: float | None) -> None:
        seen.append(done)
        if len(seen) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        retrieve(config(folder, cut), advance=kill)
    lines = (cut / "languages.jsonl").read_text("utf-8")
    (cut / "languages.jsonl").write_text(lines + '{"corpus": "tat', "utf-8")
    retrieve(config(folder, cut))
    for name in ("languages.jsonl", "scores.json", "report.html"):
        assert (cut / name).read_bytes() == (whole / name).read_bytes(), name
    with pytest.raises(InputError, match=r"another run \(it differs in .*seed"):
        retrieve(config(folder, cut, seed=2))


def test_averages_count_each_readable_language_once(folder: Path, tmp_path: Path) -> None:
    done = retrieve(config(folder, tmp_path / "run"))
    mine = [one for one in done.languages if is_readable(one)]
    averages = {s.signature.split("|measure:")[1]: s for s in average_scores(mine, "m", 1)}
    expected = np.mean([share(one, "2|cosine") for one in mine])
    average = averages["2/cosine|average:languages"]
    assert (average.value, average.n) == (pytest.approx(expected), 2)
    assert average.low <= average.value <= average.high
    told = json.loads((tmp_path / "run" / "scores.json").read_text())
    assert told["averages"] == [score.to_dict() for score in done.averages]


def test_letters_and_lengths_are_what_retrieval_gets_for_nothing() -> None:
    ours = ["Mama anapika ugali", "Barack Obama", "Nairobi na Mombasa"]
    theirs = ["Nairobi and Mombasa", "Mother cooks", "Barack Obama spoke"]
    assert nearest(*character_vectors(ours, theirs)).forward.tolist()[1:] == [2, 0]
    lengths = nearest(*length_vectors(["a", "aaa", "aa"], ["bbbb", "b", "bb"]))
    assert lengths.forward.tolist() == [1, 0, 2]
    assert np.isfinite(character_vectors(["", "…"], ["a"])[0]).all()


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--layers", "0,13"], "the model has 0 (its embeddings) to 2, found 13"),
        (["--layers", "first"], "expected a whole number"),
        (["--measures", "cosin"], "did you mean cosine"),
        (["--pooling", "max"], "--pooling"),
        (["--limit", "1"], "--limit 1: expected 2 or more"),
    ],
)
def test_what_cannot_be_asked_is_one_line(
    folder: Path, tmp_path: Path, argv: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["--model", str(folder), "--dtype", "float32", "--out", str(tmp_path / "run")]
    assert main([*given, *argv]) == 2
    told = capsys.readouterr().err
    assert message in told
    assert told.count("\n") == 1
    assert not (tmp_path / "run" / "languages.jsonl").exists()


def test_the_command_prints_a_table(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["--model", str(folder), "--dtype", "float32", "--out", str(tmp_path / "run")]
    assert main([*given, "--measures", "cosine,centred"]) == 0
    lines = capsys.readouterr().out.splitlines()
    columns = ["set", "language", "n", "cosine", "centred", "characters", "length", "chance"]
    assert lines[0].split() == columns
    assert lines[4].startswith("tatoeba  mean of 2")


def test_layers_are_told_by_name_or_number() -> None:
    assert layers_of("0, 2,2", 3) == [0, 2]
    assert command.layers_of("all", 1) == [0, 1]


def test_sets_without_english_beside_them_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    with pytest.raises(InputError, match=r"--corpus gatitos: is a lexicon"):
        codes_in("gatitos", "all")
    assert "eng_Latn" not in codes_in("sib200", "all")
    assert codes_in("tatoeba", "swh, Amharic") == ["swh", "amh"]
    with pytest.raises(InputError, match="name languages"):
        codes_in("tatoeba", " ,")
