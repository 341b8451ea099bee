"""The command from end to end on hand-worked texts: modes, keep rules, accounts, refusals."""

from __future__ import annotations

import gzip
import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from data.errors import InputError
from data.languages import resolve
from lexaug.config import SynthesisConfig
from lexaug.synthesis.formats import packed as pack
from lexaug.synthesize import Synthesis, main, synthesize

LEXICON = "big\tkubwa\ndog\tmbwa\nhouse\tnyumba\nhouse\tmakazi\nlook after\ttunza\ncow\tng'ombe\n"
NEWS = (
    "The big dog is in the house.\n"  # 3 of 7 words known
    "They look after a cow.\n"  # 3 words, in two phrases
    "A dog barks.\n"  # 1
    "\n"
    "See www.dog.org about the dog, the cow, the house and 2 dogs\n"
)


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    lexicon, news = tmp_path / "lexicon.tsv", tmp_path / "news.en"
    lexicon.write_text(LEXICON, "utf-8")
    news.write_text(NEWS, "utf-8")
    return lexicon, news


def made(files: tuple[Path, Path], **options: Any) -> Synthesis:
    lexicon, news = files
    settings: dict[str, Any] = {
        "lexicon": str(lexicon), "policy": "first", "inflect": False,
        "out": news.parent / "out",
    }  # fmt: skip
    return synthesize(SynthesisConfig("sw", str(news), **(settings | options)))


def test_mono_replaces_and_keeps_as_published(files: tuple[Path, Path]) -> None:
    done = made(files)
    assert done.folder is not None
    assert (done.folder / "text.txt").read_text("utf-8") == (
        "The kubwa mbwa is in the nyumba.\n"
        "They tunza a ng'ombe.\n"
        "See www.dog.org about the mbwa, the ng'ombe, the nyumba and 2 dogs\n"
    )
    found = done.figures
    assert (found["records"], found["kept"]) == (5, 3)
    assert found["dropped"] == {"fewer than 3 words replaced": 2}
    assert found["replaced_words"] == 9
    assert found["words"] == 7 + 5 + 3 + 10  # www.dog.org and 2 are none
    assert found["matched_words"] == 10
    assert found["token_coverage"] == 40.0
    assert found["most_wanted"][0] == ["the", 5]
    assert json.loads((done.folder / "coverage.json").read_text("utf-8")) == found


def test_parallel_puts_the_source_beside(files: tuple[Path, Path]) -> None:
    done = made(files, mode="parallel", keep_share=0.6)
    assert done.folder is not None
    text = (done.folder / "pairs.tsv").read_text("utf-8")
    assert text == "They look after a cow.\tThey tunza a ng'ombe.\n"
    assert done.figures["dropped"] == {"less than 0.6 of its words replaced": 4}


def test_switch_keeps_every_line(files: tuple[Path, Path]) -> None:
    done = made(files, mode="switch", ratio=0.0)
    assert done.folder is not None
    assert (done.folder / "text.txt").read_text("utf-8") == NEWS


def test_tags_are_carried(files: tuple[Path, Path], tmp_path: Path) -> None:
    tagged = tmp_path / "ner.txt"
    tagged.write_text(
        "Look O\nafter O\nthe O\nBig B-ORG\nHouse I-ORG\n\nYes O\n\nbig O\ncow O\ndog O\n", "utf-8"
    )
    done = made((files[0], tagged), mode="tags", dropped=tmp_path / "gone.tsv", provenance=True)
    assert done.folder is not None
    assert (done.folder / "tags.txt").read_text("utf-8") == (
        "Tunza O\nthe O\nKubwa B-ORG\nNyumba I-ORG\n\nkubwa O\nng'ombe O\nmbwa O\n\n"
    )
    assert (tmp_path / "gone.tsv").read_text("utf-8") == "7\tfewer than 3 words replaced\tYes\n"
    accounts = (done.folder / "provenance.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line)["sentence"] for line in accounts] == [1, 3]
    assert json.loads((done.folder / "config.json").read_text("utf-8"))["run"]["scheme"] == "bio"


def test_provenance_and_dropped_account_for_every_line(files: tuple[Path, Path]) -> None:
    gone = files[1].parent / "gone.tsv"
    done = made(files, provenance=True, dropped=gone, format="jsonl")
    assert done.folder is not None
    rows = [json.loads(line) for line in (done.folder / "text.jsonl").open(encoding="utf-8")]
    accounts = [json.loads(x) for x in (done.folder / "provenance.jsonl").open(encoding="utf-8")]
    source = NEWS.split("\n")
    for row, account in zip(rows, accounts, strict=True):
        assert row["line"] == account["line"]
        for start, end, target_start, target_end, entry, rule in account["replacements"]:
            headword, target = LEXICON.splitlines()[entry].split("\t")
            assert source[row["line"] - 1][start:end] == headword
            assert row["text"][target_start:target_end] == target
            assert rule == "exact"
    left = [line.split("\t") for line in gone.read_text("utf-8").splitlines()]
    assert [row[0] for row in left] == ["3", "4"]
    assert left[0][1:] == ["fewer than 3 words replaced", "A dog barks."]


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_packed_input_and_output(files: tuple[Path, Path], suffix: str, tmp_path: Path) -> None:
    plain = made(files)
    packed = tmp_path / f"news.en{suffix}"
    half = len(NEWS) // 2  # two members, cut anywhere
    pieces = NEWS[:half].encode(), NEWS[half:].encode()
    packed.write_bytes(b"".join(pack(piece, suffix[1:]) for piece in pieces))
    done = made((files[0], packed), out=tmp_path / "packed", compress="gz")
    assert plain.folder is not None
    assert done.folder is not None
    unpacked = gzip.decompress((done.folder / "text.txt.gz").read_bytes())
    assert unpacked == (plain.folder / "text.txt").read_bytes()


def test_standard_input_to_standard_output(
    files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, capsysbinary: Any
) -> None:
    pytest.importorskip("numba")  # without it the command ends with 1
    stdin = io.TextIOWrapper(io.BytesIO(NEWS.encode()))
    monkeypatch.setattr(sys, "stdin", stdin)
    argv = [
        "--lang",
        "sw",
        "--lexicon",
        str(files[0]),
        "--input",
        "-",
        "--out",
        "-",
        "--no-inflect",
    ]
    assert main([*argv, "--limit", "2", "--policy", "first"]) == 0
    out, err = capsysbinary.readouterr()
    assert out.decode() == "The kubwa mbwa is in the nyumba.\nThey tunza a ng'ombe.\n"
    assert b"kept 2 of 2" in err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mode": "mix"}, '--mode "mix": expected one of mono, switch, parallel, tags'),
        ({"mode": "switch", "ratio": 1.0}, "--ratio 1: the mode switch needs less than 1"),
        ({"ratio": 1.5}, "--ratio 1.5: expected a share from 0 to 1"),
        ({"keep_at_least": 2, "keep_share": 0.5}, "exclude each other"),
        ({"policy": "pos"}, "--policy pos needs tagged text: --mode tags"),
        ({"format": "parquet", "compress": "gz"}, "Parquet is compressed inside"),
        ({"out": Path("-"), "provenance": True}, "name a folder"),
        ({"workers": 0}, "--workers 0: expected 1 or more"),
    ],
)
def test_options_that_cannot_be(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        SynthesisConfig("sw", "news.en", **options)


def test_one_line_on_stderr_and_exit_2(files: tuple[Path, Path], capsys: Any) -> None:
    assert main(["--lang", "sw", "--input", str(files[1]), "--modes", "mono"]) == 2
    assert "did you mean --mode?" in capsys.readouterr().err
    assert main(["--lang", "sw"]) == 2
    assert "--input is missing" in capsys.readouterr().err


def test_the_licence_of_an_induced_lexicon_is_read_beside_it(files: tuple[Path, Path]) -> None:
    files[0].with_suffix(".json").write_text('{"corpus": {"licence": "CC-BY-NC-4.0"}}', "utf-8")
    done = made(files, lexicon=f"{files[0]},sample", licence="CC-BY-4.0")
    assert done.folder is not None
    settings = json.loads((done.folder / "config.json").read_text("utf-8"))["run"]
    assert settings["licence"]["strictest"] == "CC-BY-NC-4.0"
    assert settings["licence"]["conditions"] == ["attribution", "non-commercial"]
    about = settings["lexicon"]
    assert about == {
        "name": "lexicon.tsv+sample",
        "entries": about["entries"],
        "sha256": about["sha256"],
        "licence": "CC-BY-NC-4.0",
        "dropped": {"repeated entry": 4},
    }
    assert about["entries"] > 100
    assert len(about["sha256"]) == 64


def test_texts_that_are_no_files(
    files: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sample comes with the package; standard input can be read once, from its start."""
    lexicon, _ = files
    asked = {"lexicon": str(lexicon), "inflect": False, "keep_at_least": 0}
    done = synthesize(SynthesisConfig("sw", "sample", out=tmp_path / "sample", **asked))
    assert done.figures["records"] == 120
    told = json.loads((tmp_path / "sample" / "config.json").read_text("utf-8"))
    assert told["options"]["text"] == "sample"
    assert told["run"]["text"]["bytes"] > 1000
    from lexaug.synthesis.inputs import find_text, open_text

    stream = find_text("-", labelled=False, target=resolve("sw"))
    with pytest.raises(InputError, match="standard input cannot be read again from the middle; gi"):
        open_text(stream, 1)
    content = io.BytesIO(b"The dog.\n")
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(content))
    assert open_text(stream).read() == b"The dog.\n"


def test_a_packed_text_is_read_from_the_middle(tmp_path: Path) -> None:
    from lexaug.synthesis.inputs import find_text, open_text

    path = tmp_path / "news.gz"
    path.write_bytes(gzip.compress(b"one\ntwo\nthree\n"))
    text = find_text(str(path), labelled=False, target=resolve("sw"))
    assert open_text(text, 4).read() == b"two\nthree\n"
    assert open_text(text).read() == b"one\ntwo\nthree\n"
    with pytest.raises(InputError, match=r"news\.gz: shorter than when the run began; choose"):
        open_text(text, 15)
    told = text.fingerprint()
    assert set(told) == {"bytes", "sha256_of_ends"}
    assert told["bytes"] == path.stat().st_size


def test_tagged_text_on_standard_input_needs_a_scheme(
    files: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lexicon, _ = files
    asked: dict[str, Any] = {"lexicon": str(lexicon), "inflect": False, "mode": "tags"}
    asked |= {"keep_at_least": 1, "policy": "first"}

    def made_of(content: str, out: str, **more: Any) -> Synthesis:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content.encode())))
        return synthesize(SynthesisConfig("sw", "-", out=tmp_path / out, **asked, **more))

    text = "the DET\ndog NOUN\n\ncow NOUN\n\n"
    with pytest.raises(InputError, match="labels from standard input: say what they are: --scheme"):
        made_of(text, "none")
    done = made_of(text, "pos", scheme="pos")
    assert done.folder is not None
    assert (done.folder / "tags.txt").read_text("utf-8") == (
        "the DET\nmbwa NOUN\n\nng'ombe NOUN\n\n"
    )


def test_english_of_the_catalog_beside_the_language(mirror: Path) -> None:
    """Of lafand's many English sides the one beside Swahili; test data are called that."""
    from lexaug.synthesis.inputs import find_text

    assert mirror
    how: dict[str, Any] = {"labelled": False, "target": resolve("sw")}
    text = find_text("lafand:test", **how)
    assert [path.name for path in text.paths] == ["test.en"]
    assert "en-swa" in str(text.paths[0])
    assert text.name == "lafand:test"
    assert text.note == "lafand:test is test data: do not train on this what is scored on it"
    train = find_text("lafand", **how)
    assert (train.name, train.note) == ("lafand:train", "")
    assert "test data" in find_text("ntrex-128", **how).note
