"""python -m morph.evaluate: files that line up or do not, the tables, the page, the folder."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest

from morph.evaluate.__main__ import main
from morph.evaluate.items import features_of, parts_of

ROWS = [
    ("soma", "V;FUT;NOM(3,SG)", "atasoma"),
    ("كتب", "V;PST", "كتبت"),
    ("<b>mtu</b>", "N;PL", "<script>alert(1)</script>"),
    ("n\u0303andu", "N;PL", "n\u0303andus"),
]


def written(path: Path, rows: list[tuple[str, ...]], order: tuple[int, ...] = (0, 1, 2)) -> Path:
    path.parent.mkdir(exist_ok=True)
    lines = ["\t".join(row[place] for place in order) for row in rows]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


@pytest.fixture
def gold(tmp_path: Path) -> Path:
    return written(tmp_path / "gold.tst", ROWS)


ORDER = ("--columns", "lemma,features,form")  # four rows of four languages do not tell it


def run(*options: object) -> int:
    return main([str(option) for option in options])


def test_a_run_folder_with_escaped_words(
    tmp_path: Path, gold: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    forms = [(*row[:2], row[2] if row[0] == "soma" else row[0]) for row in ROWS]
    guess, out = written(tmp_path / "copy.tst", forms), tmp_path / "out"
    command = ("--gold", gold, "--predictions", guess, "--lang", "ar", "--out", out)
    assert run(*command) == 0
    printed = capsys.readouterr().out
    assert "compared as the text is, not brought to NFC" in printed
    assert re.search(r"copy.tst +25.0 \[4.6, 69.9\]", printed)
    content = json.loads((out / "scores.json").read_text("utf-8"))
    [score] = [s for s in content["evaluations"][0]["scores"] if s["name"] == "exact match"]
    assert "|set:gold.tst|" in score["signature"]
    page = (out / "report.html").read_text("utf-8")
    assert "<script>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert '<bdi lang="ar" dir="rtl">كتبت</bdi>' in page
    assert "http" not in page
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    assert run(*command) == 0
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_an_out_folder_of_something_else_is_refused(
    tmp_path: Path, gold: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert run("--gold", gold, *ORDER, "--predictions", gold, "--out", out) == 0
    assert run("--gold", gold, *ORDER, "--predictions", gold, "--out", out, "--seed", 2) == 2
    assert "holds another run (it differs in seed: 1, now 2)" in capsys.readouterr().err
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "scores.json").write_text("{}", "utf-8")
    mine = ("--out", tmp_path / "mine")
    assert run("--gold", gold, *ORDER, "--predictions", gold, *mine) == 2
    assert "holds scores.json and no config.json" in capsys.readouterr().err


def test_two_systems_are_tested_against_each_other(
    tmp_path: Path, gold: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copied = [(*row[:2], row[0]) for row in ROWS]
    guess = written(tmp_path / "copy" / "gold.tst", copied)
    out = tmp_path / "out"
    assert run("--gold", gold, "--predictions", guess, "--predictions", gold, "--out", out) == 0
    printed = capsys.readouterr().out
    assert "less copy/gold.tst: +100.0 [+100.0, +100.0] exact match over 4 items" in printed
    comparison = json.loads((out / "scores.json").read_text("utf-8"))["comparisons"][0]
    assert (comparison["wins"], comparison["losses"]) == (4, 0)


@pytest.mark.parametrize(
    ("order", "options", "right"),
    [
        ((0, 1, 2), (), 0),  # lemma, features, form: the text as it is
        ((0, 2, 1), (), 1),  # lemma, form, features: after NFC, as the scorer of 2022
        ((0, 1, 2), ("--no-raw",), 1),
        ((0, 2, 1), ("--raw",), 0),
    ],
)
def test_normal_forms_count_by_layout(
    tmp_path: Path, order: tuple[int, ...], options: tuple[str, ...], right: int
) -> None:
    gold = written(tmp_path / "gold", [("n\u0303a", "N;PL", "n\u0303as")], order)
    lemma = "ña" if right else "n\u0303a"
    guess = written(tmp_path / "guess", [(lemma, "N;PL", "ñas")], order)
    out = tmp_path / "out"
    columns = ",".join(("lemma", "features", "form")[place] for place in order)
    files = ("--gold", gold, "--predictions", guess, "--columns", columns)
    assert run(*files, *options, "--out", out) == 0
    content = json.loads((out / "scores.json").read_text("utf-8"))
    assert content["evaluations"][0]["scores"][0]["value"] == 100.0 * right


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: rows[:-1], r"guess: expected 4 rows as in .*gold.tst, found 3"),
        (
            lambda rows: [rows[1], rows[0], *rows[2:]],
            r'guess:1: expected "soma" "V;FUT;NOM\(3,SG\)" as in .*gold.tst:1, found "كتب" '
            '"V;PST"; 1 more rows differ',
        ),
        (lambda rows: [("soma", "V;PST"), *rows[1:]], r"guess:1: expected 3 columns .*, found 2"),
        (lambda rows: [row[:2] for row in rows], r"guess:1: expected 3 columns .*, found 2"),
    ],
)
def test_files_that_do_not_line_up(
    tmp_path: Path,
    gold: Path,
    capsys: pytest.CaptureFixture[str],
    change: object,
    message: str,
) -> None:
    rows = change(ROWS)  # type: ignore[operator]
    guess = tmp_path / "guess"
    guess.write_text("\n".join("\t".join(row) for row in rows) + "\n", "utf-8")
    files = ("--gold", gold, *ORDER, "--predictions", guess)
    assert run(*files, "--out", tmp_path / "out") == 2
    assert re.search(message, capsys.readouterr().err)
    assert not (tmp_path / "out").exists()


def test_no_answer_is_a_wrong_form(tmp_path: Path, gold: Path) -> None:
    guess = written(tmp_path / "guess", [(*row[:2], "") for row in ROWS])
    out = tmp_path / "out"
    assert run("--gold", gold, "--predictions", guess, "--out", out) == 0
    faults = json.loads((out / "scores.json").read_text("utf-8"))["evaluations"][0]["faults"]
    assert {"name": "empty", "meaning": "there is no form", "n": 4} in faults


SWAHILI = [
    (verb, features, prefix + verb)
    for verb in ("soma", "pika", "lala", "imba", "cheza")
    for features, prefix in (("V;PST", "ali"), ("V;FUT", "ata"), ("V;NFIN", "ku"))
]


@pytest.mark.parametrize(
    "order", [(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)]
)
def test_each_order_of_columns_is_told_and_printed(
    tmp_path: Path, order: tuple[int, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    gold = written(tmp_path / "gold", SWAHILI, order)
    guess = written(tmp_path / "guess", [(*row[:2], "ku" + row[0]) for row in SWAHILI], order)
    assert run("--gold", gold, "--predictions", guess, "--out", tmp_path / "out") == 0
    printed = capsys.readouterr().out
    names = ", ".join(("lemma", "features", "form")[place] for place in order)
    assert f"gold: columns {names}: 100% of 15 " in printed
    assert re.search(r"guess +33.3 ", printed)


@pytest.mark.parametrize(
    "order", [(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)]
)
def test_few_rows_are_told_apart_by_where_predictions_differ(
    tmp_path: Path, order: tuple[int, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    gold = written(tmp_path / "gold", ROWS, order)
    guess = written(tmp_path / "guess", [(*row[:2], "x") for row in ROWS], order)
    assert run("--gold", gold, "--predictions", guess, "--out", tmp_path / "out") == 0
    printed = capsys.readouterr().out
    assert "the rest by where predictions differ" in printed
    names = ", ".join(("lemma", "features", "form")[place] for place in order)
    assert f"gold: columns {names}: " in printed
    same = ("--gold", gold, "--predictions", gold, "--out", tmp_path / "same")
    assert run(*same) == 2
    assert "or give the order, such as --columns lemma,form,features" in capsys.readouterr().err


def test_bad_lines_are_passed_over_and_a_bad_prediction_is_no_answer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows: list[tuple[str, ...]] = [*SWAHILI]
    guess = written(tmp_path / "guess", [rows[0], ("", "V;PST", "x"), *rows[2:]])
    rows[5] = ("pika", "V;NFIN", "")
    gold = written(tmp_path / "gold", rows)
    files = ("--gold", gold, "--predictions", guess, "--out", tmp_path / "out")
    assert run(*files) == 2
    assert "gold:6: expected a lemma, features and a form" in capsys.readouterr().err
    assert run(*files, "--skip-bad") == 0
    printed = capsys.readouterr().out
    assert "gold: left out: empty cell (1)" in printed
    assert "scored as no answer (1)" in printed
    assert re.search(r"guess +92.9 ", printed)  # 13 of 14


def test_a_first_line_of_names_is_no_row(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gold = written(tmp_path / "gold", [("Lemma", "MSD", "Form"), *SWAHILI])
    guess = written(tmp_path / "guess", [("lemma", "tags", "inflected"), *SWAHILI])
    assert run("--gold", gold, "--predictions", guess, "--out", tmp_path / "out") == 0
    printed = capsys.readouterr().out
    assert "15 rows of gold (lemma, features, form)" in printed
    assert "left out: names of columns (1)" in printed


def test_what_is_missing_and_which_training_file_it_was(
    tmp_path: Path, gold: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for given, lacking in (("--gold", "predictions"), ("--predictions", "gold")):
        assert run(given, gold) == 2
        assert f"--{lacking} is missing: " in capsys.readouterr().err
    train, out = written(tmp_path / "train.trn", ROWS[:2]), tmp_path / "out"
    files = ("--gold", gold, *ORDER, "--predictions", gold, "--train", train)
    assert run(*files, "--out", out) == 0
    score = json.loads((out / "scores.json").read_text("utf-8"))["evaluations"][0]["scores"][0]
    assert "|train:train.trn|" in f"{score['signature']}|"
    assert re.search(r"\|train-sha256:[0-9a-f]{12}(\||$)", score["signature"])


def test_a_file_without_forms_is_no_gold_file_and_comments_are_passed_over(
    tmp_path: Path, gold: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "gold.tst"
    path.write_text("# by hand\n\n" + path.read_text("utf-8"), "utf-8")
    assert run("--gold", gold, *ORDER, "--predictions", gold) == 0
    printed = capsys.readouterr().out
    assert re.search(r"exact match.*\b4\b", printed, re.DOTALL)
    bare = written(tmp_path / "covered", [row[:2] for row in ROWS], (0, 1))
    files = ("--gold", bare, "--columns", "lemma,features", "--predictions", bare)
    assert run(*files) == 2
    assert "expected the columns lemma, features and form, found lemma, features; give a fi" in (
        capsys.readouterr().err
    )


def test_bundles_that_are_none_count_as_they_are_written() -> None:
    assert parts_of("V;(((") == ("none stated",)
    assert features_of("V;(((;V;X") == ("V", "(((", "X")


def test_what_a_folder_of_an_evaluation_holds(tmp_path: Path, gold: Path) -> None:
    out = tmp_path / "out"
    train = written(tmp_path / "train.trn", ROWS[:2])
    files = ("--gold", gold, *ORDER, "--predictions", gold, "--train", train)
    assert run(*files, "--out", out) == 0
    told = json.loads((out / "config.json").read_text("utf-8"))
    settings, environment = told["run"], told["environment"]
    assert set(environment["packages"]) == {"kilolingua", "numpy"}
    assert settings["gold"]["file"] == "gold.tst"
    assert settings["gold"]["columns"] == ["lemma", "features", "form"]
    assert settings["train"] == {
        "file": "train.trn",
        "sha256": hashlib.sha256(train.read_bytes()).hexdigest(),
    }
    assert settings["gold"]["sha256"] == hashlib.sha256(gold.read_bytes()).hexdigest()
    assert settings["systems"] == [{"system": "gold.tst", "sha256": settings["gold"]["sha256"]}]
    assert (settings["language"], settings["seed"], settings["resamples"]) == (None, 1, 1000)
    content = json.loads((out / "scores.json").read_text("utf-8"))
    assert set(content) == {"evaluations", "comparisons"}
    [one] = content["evaluations"]
    assert set(one) == {
        *("system", "n", "lemmas", "scores", "macro", "parts"),
        *("faults", "confusions", "slips", "notes"),
    }
    assert (one["system"], one["n"], one["lemmas"]) == ("gold.tst", 4, 4)
    digest = settings["gold"]["sha256"][:12]
    told = one["scores"][0]["signature"].split("|")
    assert {f"system-sha256:{digest}", f"sha256:{digest}", "system:gold.tst"} <= set(told)
