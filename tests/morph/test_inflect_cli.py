"""The command line of morph.inflect, in-process, on a table of a user's own."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from morph.inflect.__main__ import main

PAST = "V;PST;3;SG"


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A table of three verbs, in a folder without runs."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "table.tsv"
    verbs = ["soma", "pika", "lala"]
    rows = [f"{one}\t{PAST}\tali{one}\n{one}\tV;NFIN\tku{one}\n" for one in verbs]
    path.write_text("".join(rows))
    return str(path)


def lines(capsys: pytest.CaptureFixture[str]) -> list[list[str]]:
    return [line.split("\t") for line in capsys.readouterr().out.splitlines()]


def test_one_question(table: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--lang", "sw", "--table", table, "soma", PAST, "--why"]) == 0
    assert lines(capsys) == [["soma", PAST, "alisoma", "table", "1.000", "-", "table.tsv"]]


def test_words_are_cells_of_one_line(table: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--lang", "sw", "--table", table, " soma\n", f"{PAST}\n"]) == 0
    assert main(["--lang", "sw", "--table", table, "--analyse", "alisoma\n"]) == 0
    assert lines(capsys) == [
        ["soma", PAST, "alisoma", "table", "1.000"],
        ["alisoma", "soma", PAST],
    ]
    assert main(["--lang", "sw", "--table", table, "--analyse", "ali\tsoma"]) == 2
    assert 'form "ali<TAB>soma": expected one word' in capsys.readouterr().err


def test_many_questions_from_a_file_or_a_pipe(
    table: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = f"\ufeffsoma\t{PAST}\r\n\r\nruka\t{PAST}\r\n".encode()
    (tmp_path / "ask.tsv").write_bytes(text)
    out = tmp_path / "out.tsv"
    assert main(["--lang", "sw", "--table", table, "--input", "ask.tsv", "--out", str(out)]) == 0
    first, second = (line.split("\t") for line in out.read_text().splitlines())
    assert first == ["soma", PAST, "alisoma", "table", "1.000"]
    assert second[2:4] == ["aliruka", "rule"]
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text)))
    assert main(["--lang", "sw", "--table", table, "--input", "-"]) == 0
    assert lines(capsys) == [first, second]


def test_a_paradigm_and_the_way_back(table: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--lang", "sw", "--table", table, "--paradigm", "ruka"]) == 0
    assert [row[2] for row in lines(capsys)] == ["aliruka", "kuruka"]
    assert main(["--lang", "sw", "--table", table, "--analyse", "alipika"]) == 0
    assert main(["--lang", "sw", "--table", table, "--analyse", "aliruka"]) == 0
    assert lines(capsys) == [["alipika", "pika", PAST], ["aliruka", "-", "-"]]


def test_a_run_that_lies_there_can_be_refused(
    table: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "runs" / "morph-swa-1" / "model" / "config.json"
    config.parent.mkdir(parents=True)
    config.write_text("{}")
    question = ["--lang", "sw", "--table", table, "ruka", PAST]
    assert main(question) == 2, "the newest run is taken, and this one is broken"
    assert "morph-swa-1" in capsys.readouterr().err
    assert main([*question, "--no-model"]) == 0
    assert lines(capsys)[0][2:4] == ["aliruka", "rule"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("ruka", r'ask.tsv:2: expected 2 columns (lemma, features), found 1 ("ruka")'),
        ("ruka\t", "ask.tsv:2: expected text in column features, found an empty cell"),
        (
            "ruka\tV;PSST",
            'ask.tsv:2: expected features that the data of Swahili have, found "PSST"',
        ),
        ("рука\tV;NFIN", 'ask.tsv:2: lemma "рука": expected the script of the data of Swahili'),
    ],
)
def test_a_bad_line_says_where(
    table: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], line: str, message: str
) -> None:
    (tmp_path / "ask.tsv").write_text(f"soma\t{PAST}\n{line}\n")
    asked = ["--lang", "sw", "--table", table, "--input", "ask.tsv"]
    assert main(asked) == 2
    assert message in capsys.readouterr().err
    assert main([*asked, "--skip-bad"]) == 0
    shown = capsys.readouterr()
    assert len(shown.out.splitlines()) == 1
    assert "left out: 1 lines" in shown.err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "expected one of LEMMA FEATURES, --input, --paradigm"),
        (["soma"], 'expected LEMMA FEATURES, found "soma" only; add the bundle'),
        (["soma", PAST, "--analyse", "alisoma"], "found LEMMA FEATURES and --analyse; ask one"),
        (["soma", PAST, "--beam", "0"], "--beam 0: expected 1 or more"),
        (["soma", PAST, "--model", "none"], "none: expected a run folder of morph.train"),
        (["--calibrate"], "calibration: expected a trained model, found none; give --model"),
    ],
)
def test_wrong_options_are_named(
    table: str, capsys: pytest.CaptureFixture[str], options: list[str], message: str
) -> None:
    assert main(["--lang", "sw", "--table", table, *options]) == 2
    assert message in capsys.readouterr().err


def test_published_spellings_of_features_are_found_either_way(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = ["ev\tevle\tN;INST;SG", "ev\tevler\tN;NOM;PL", "göz\tgözle\tN;INST;SG"]
    path = tmp_path / "alt.tsv"
    path.write_text("lemma\tform\tmsd\n" + "\n".join(rows) + "\n", "utf-8")
    asked = ["--lang", "tr", "--table", str(path), "--no-model", "ev"]
    for bundle in ("N;SG;INS", "N;INST;SG", "INS;N;SG"):
        assert main([*asked, bundle]) == 0
        assert lines(capsys)[0][2:4] == ["evle", "table"]
    assert main([*asked, "N;SG;DAT"]) == 2
    assert "of case they have INST, NOM" in capsys.readouterr().err


def test_bad_lines_of_a_table_are_left_out_and_counted(
    table: str, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with open(table, "a", encoding="utf-8") as file:
        file.write("imba aliimba\tV;PST;3;SG\n\n\n")
    asked = ["--lang", "sw", "--table", table, "soma", PAST]
    assert main(asked) == 2
    assert "table.tsv:7: expected 3 columns" in (err := capsys.readouterr().err)
    assert "fix the line or pass --skip-bad" in err
    assert main([*asked, "--skip-bad"]) == 0
    assert "bad lines left out: wrong number of columns (1)" in caplog.text


def test_columns_are_told_where_the_cells_do_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "one.tsv"
    path.write_text("alisoma\tsoma\tV;PST;3;SG\n", "utf-8")
    asked = ["--lang", "sw", "--table", str(path), "--no-model", "soma", PAST]
    assert main(asked) == 2
    assert "or give the order, such as --columns lemma,form,features" in capsys.readouterr().err
    assert main([*asked, "--columns", "form,lemma,features"]) == 0
    assert lines(capsys)[0][2:4] == ["alisoma", "table"]
    assert main([*asked, "--columns", "form,lemma"]) == 2
    assert "expected lemma, features, perhaps form" in capsys.readouterr().err
    assert main(["--lang", "sw", "--columns", "form,lemma,features", "soma", PAST]) == 2
    assert "--columns: expected --table beside it" in capsys.readouterr().err


def test_names_over_questions_are_no_question(
    table: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "ask.tsv").write_text(f"Lemma\tMSD\nsoma\t{PAST}\n")
    assert main(["--lang", "sw", "--table", table, "--input", "ask.tsv"]) == 0
    shown = capsys.readouterr()
    assert shown.out.split("\t")[:3] == ["soma", PAST, "alisoma"]
    assert "left out: 1 lines, names of columns" in shown.err


def test_a_part_of_speech_is_guessed_with_its_evidence_or_offered(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    verbs = [f"{onset}almak\tV;PST\t{onset}aldı\n" for onset in "bcdfghkprs"]
    nouns = [f"{word}\tN;PL\t{word}ler\n" for word in ("ev", "el", "iş")]
    path = tmp_path / "t.tsv"
    path.write_text("lemma\ttags\tform\n" + "".join([*verbs, *nouns]), "utf-8")
    asked = ["--lang", "tr", "--table", str(path), "--no-model", "--paradigm"]
    assert main([*asked, "yalmak"]) == 0
    shown = capsys.readouterr()
    assert shown.out.split("\t")[:3] == ["yalmak", "V;PST", "yaldı"]
    assert "V, for 10 of 10 lemmas in -almak are V" in caplog.text
    assert main([*asked, "göz"]) == 2
    told = capsys.readouterr().err
    assert "say which part of speech it is: V, N or pass it: --pos V" in told


def test_a_confidence_that_nobody_measured_is_not_printed(
    table: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with open(table, "a", encoding="utf-8") as file:
        file.writelines(f"{one}\tV;FUT;3;SG\tata{one}\n" for one in ("soma", "pika", "lala"))
    assert main(["--lang", "sw", "--table", table, "--no-model", "ruka", "V;FUT"]) == 0
    [row] = lines(capsys)
    assert row[3:] == ["rule", "-"]


def test_rules_that_cannot_be_kept_answer_all_the_same(
    table: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("KILOLINGUA_CACHE", str(tmp_path / "file"))
    assert main(["--lang", "sw", "--table", table, "ruka", PAST]) == 0
    assert lines(capsys)[0][2:4] == ["aliruka", "rule"]
    assert "the rules could not be kept (" in caplog.text
    assert "they are learned again next time" in caplog.text


def test_questions_on_standard_input(
    table: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked(content: bytes, *more: str) -> int:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))
        return main(["--lang", "sw", "--table", table, "--input", "-", *more])

    assert asked(f"soma\t{PAST}\r\n\nruka\t{PAST}".encode()) == 0
    assert [row[2] for row in lines(capsys)] == ["alisoma", "aliruka"]
    assert asked(b"ruka\r\n") == 2
    assert 'standard input:1: expected 2 columns (lemma, features), found 1 ("ruka")' in (
        capsys.readouterr().err
    )


def test_a_language_must_be_named(table: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--table", table, "soma", PAST]) == 2
    assert "expected a language, found none; give --lang, such as --lang sw" in (
        capsys.readouterr().err
    )
