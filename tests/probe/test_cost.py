"""`probe.cost`: counts by hand, premiums, marks, resume, a user's table, bad input."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("tokenizers")
pytest.importorskip("transformers")
pytest.importorskip("polars")

from tokenizers import Tokenizer, decoders, models, pre_tokenizers

from data.errors import InputError
from models.tokenizer import open_named_tokenizer
from probe.cost import Cost, cost, main
from probe.cost_report import averages_of
from probe.many_way import is_table, many_way
from probe.places import Place
from probe.tokens import COLUMNS, Cutter, has_words, scripts_used, vocabulary_share, words_of

pytestmark = pytest.mark.usefixtures("small_inventory")

TABLE = """topic\ten\tswh\tbod\ttha
a\tab ab\tab a b\tབོད་ཡིག\tab
b\ta b\tba ba ba\tབོད བོད\ta
a\tab\tb b\tབོད\tกก
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A unigram model of eight pieces: "ab" is one, Thai's ก one, Tibetan has none."""
    pieces = [("<unk>", 0.0), ("▁", -4.0), ("a", -3.0), ("b", -3.0), ("ก", -3.0)]
    pieces += [("▁ab", -1.0), ("▁a", -2.0), ("▁b", -2.0)]
    backend = Tokenizer(models.Unigram(pieces, unk_id=0, byte_fallback=False))
    backend.pre_tokenizer = pre_tokenizers.Metaspace()
    backend.decoder = decoders.Metaspace()
    backend.save(str(tmp_path / "tokenizer.json"))
    return tmp_path / "tokenizer.json"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    (tmp_path / "mine.tsv").write_text(TABLE, "utf-8")
    return tmp_path / "mine.tsv"


def config(file: Path, table: Path, **more: object) -> Cost:
    return Cost((str(file),), str(table), **more)


def test_counts_are_those_by_hand(file: Path) -> None:
    cutter = Cutter(open_named_tokenizer(str(file))[2])
    texts = ["ab ba", "aག b"]
    rows = cutter.counts(texts, words_of(texts))
    told = [dict(zip(COLUMNS, row, strict=True)) for row in rows.astype(int).tolist()]
    # ▁ab ▁b a; ▁a <unk> ▁b
    assert told[0] == {
        "pieces": 3,
        "characters": 5,
        "bytes": 5,
        "words": 2,
        "word_pieces": 3,
        "unknown": 0,
        "letters": 4,
        "parts": 0,
    }
    assert (told[1]["pieces"], told[1]["unknown"], told[1]["letters"]) == (3, 1, 3)
    assert told[1]["bytes"] == 6
    assert cutter.scripts == {"": 1, "Latn": 6, "THAI": 1}  # <unk> is of letters
    assert vocabulary_share(cutter.scripts, ("THAI",)) == pytest.approx(100 / 7)


def test_scripts_and_spaces_are_told_from_the_text() -> None:
    assert scripts_used(["ab ก"]) == ("Latn", "THAI")
    assert scripts_used(["a" * 99, "ก"]) == ("Latn",)
    assert has_words(["ab ก"])
    assert not has_words(["กก a"])


def test_the_premium_is_the_ratio_over_the_same_sentences(
    file: Path, table: Path, tmp_path: Path
) -> None:
    done = cost(config(file, table, out=tmp_path / "run"))
    by_code = {one["code"]: one for one in done.languages}
    # English: 2 + 2 + 1 pieces; Swahili: 3 (▁ab ▁a ▁b) + 6 (▁b a, three times) + 2
    assert by_code["swh"]["premium"][0] == pytest.approx(11 / 5, abs=1e-4)
    assert by_code["swh"]["pieces"] == 11
    assert by_code["swh"]["pieces_a_word"][0] == pytest.approx(11 / 8, abs=1e-4)
    assert by_code["swh"]["characters"][0] == pytest.approx(17 / 10, abs=1e-4)
    low, high = by_code["swh"]["premium"][1:]
    assert low < 11 / 5 < high
    assert by_code["bod"]["unknown"] > 0.5
    assert "not representable" in done.notes[0]
    assert "bod" in done.notes[0]
    assert "swh" not in done.notes[0]
    overall = next(s for s in done.averages if "|group:all:all|" in s.signature)
    assert overall.n == 2, "Tibetan counts in no average"
    told = json.loads((tmp_path / "run" / "scores.json").read_text("utf-8"))
    assert [one["code"] for one in told["languages"]] == ["swh", "bod", "tha"]
    page = (tmp_path / "run" / "report.html").read_text("utf-8")
    assert 'class="sortable"' in page
    assert "not representable" in page
    assert done.rows()[0]["premium"] == pytest.approx(2.2)
    assert repr(done).startswith("<Costs: 3 languages")
    assert "http" not in page.replace("http-equiv", "")


def test_intervals_draw_sentences_in_pairs(file: Path, table: Path, tmp_path: Path) -> None:
    """English against itself has the premium 1 in every draw."""
    (tmp_path / "same.tsv").write_text("en\tde\n" + "ab a\tab a\nb\tb\na b a\ta b a\n" * 4, "utf-8")
    done = cost(config(file, tmp_path / "same.tsv", out=tmp_path / "run"))
    assert done.languages[0]["premium"] == [1, 1, 1]
    assert done.languages[0]["bytes"] == [1, 1, 1]


def test_several_tokenizers_stand_side_by_side(file: Path, table: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.json"
    backend = Tokenizer(models.WordLevel({"<unk>": 0, "ab": 1}, unk_token="<unk>"))
    backend.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    backend.save(str(other))
    given = Cost((str(file), str(other)), str(table), lang="swh", out=tmp_path / "run")
    done = cost(given)
    assert [one["model"].partition("@")[0] for one in done.languages][1] == "other"
    assert done.languages[1]["unknown"] > 0.5
    assert [score.n for score in done.averages] == []


def test_a_killed_run_goes_on_to_the_same_bytes(file: Path, table: Path, tmp_path: Path) -> None:
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    cost(config(file, table, out=whole))

    def kill(_name: str, done: float, _total: float | None) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cost(config(file, table, out=cut), advance=kill)
    with open(cut / "languages.jsonl", "a", encoding="utf-8") as torn:
        torn.write('{"model": "x", "co')
    cost(config(file, table, out=cut))
    for name in ("languages.jsonl", "scores.json", "report.html"):
        assert (cut / name).read_bytes() == (whole / name).read_bytes(), name
    with pytest.raises(InputError, match=r"another run \(it differs in .*seed"):
        cost(config(file, table, out=cut, seed=3))


def test_each_language_counts_once_in_averages() -> None:
    def record(code: str, premium: float, unknown: float = 0.0) -> dict[str, object]:
        return {"model": "m@1", "code": code, "premium": [premium] * 3, "unknown": unknown}

    records = [record("a", 1.0), record("b", 3.0), record("c", 8.0), record("d", 99.0, 0.9)]
    places = {
        "a": Place("A", "Latn", family="X"),
        "b": Place("B", "Latn", family="X"),
        "c": Place("C", "Cyrl"),
        "d": Place("D", "Latn", family="X"),
    }
    found = {
        score.signature.split("|group:")[1].split("|")[0]: score.value
        for score in averages_of(records, places, "mine", 1)
    }
    assert found == {"all:all": 4.0, "family:X": 2.0, "script:Latn": 2.0}


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--lang", "swh,klingonese"], "unknown language 'klingonese'"),
        (["--lang", "en"], "--lang en: English is what others are compared with"),
        (["--lang", "fra"], "no column fra; it has: en, swh"),
        (["--limit", "1"], "--limit 1: expected 2 or more"),
        (["--model", "nowhere"], "no such folder or .gguf file; expected one, a catalog name"),
        (["--corpus", "lost.tsv"], "lost.tsv: no such file"),
        (["--corpus", "gatitos"], "--corpus gatitos: is a lexicon"),
        (["--corpus", "sib200", "--lang", "eng"], "English is what others are compared with"),
    ],
)
def test_what_cannot_be_asked_is_one_line(
    file: Path,
    table: Path,
    tmp_path: Path,
    argv: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = ["--model", str(file), "--corpus", str(table), "--out", str(tmp_path / "run"), *argv]
    assert main(given) == 2
    told = capsys.readouterr().err
    assert message in told
    assert told.count("\n") == 1
    assert not (tmp_path / "run").exists()


def test_a_row_that_a_language_lacks_is_named(file: Path, tmp_path: Path, capsys) -> None:
    (tmp_path / "holes.tsv").write_text("en\tswh\nab\tb\nab\t\nb\tb\n", "utf-8")
    given = ["--model", str(file), "--corpus", str(tmp_path / "holes.tsv")]
    assert main([*given, "--out", str(tmp_path / "run")]) == 2
    assert "holes.tsv:3: " in capsys.readouterr().err


def test_a_model_without_a_tokenizer_is_refused(tmp_path: Path, table: Path, capsys) -> None:
    folder = tmp_path / "bare"
    folder.mkdir()
    (folder / "config.json").write_text('{"model_type": "bert"}')
    given = ["--model", str(folder), "--corpus", str(table), "--out", str(tmp_path / "run")]
    assert main(given) == 2
    assert str(folder) in capsys.readouterr().err


def test_the_command_prints_a_table(file: Path, table: Path, tmp_path: Path, capsys) -> None:
    given = ["--model", str(file), "--corpus", str(table), "--out", str(tmp_path / "run")]
    assert main(given) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == [
        "language",
        "n",
        "premium",
        "a",
        "word",
        "unknown",
        "characters",
        "bytes",
    ]
    assert lines[1].split() == ["swh", "3", "2.20", "1.38", "0.0%", "1.70", "1.70"]
    assert "none" in lines[2]
    assert lines[4].startswith("mean")


def test_tables_are_read_row_by_row(table: Path) -> None:
    found = many_way(str(table), "Swahili,tha", limit=2)
    assert found.codes == ("swh", "tha")
    assert found.sentences == (("ab a b", "ba ba ba"), ("ab", "a"))
    assert found.labels == ("a", "b")
    assert found.place("sw") == 0
    assert is_table(str(table))
    assert not is_table("sib200")
    with pytest.raises(InputError, match="expected 2 languages or more"):
        many_way(str(table), "swh", least=2)
    assert np.isfinite(found.rows)
