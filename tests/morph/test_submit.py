"""Handing in: layouts, checks line by line, archives, and the scores after the fact."""

from __future__ import annotations

import hashlib
import json
import random
import unicodedata
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from data.errors import InputError
from morph.submit import submission
from morph.submit.__main__ import main
from morph.submit.layout import problems, read_covered
from morph.submit.predictors import Copy, model_folder, model_folders, open_predictor
from morph.submit.scores import score_file, summary
from morph.submit.tasks import task_named, units_2022

TRAIN = "soma\talisoma\tV;PST\npika\talipika\tV;PST\nimba\tataimba\tV;FUT\n"
GOLD = "soma\tatasoma\tV;FUT\nlala\talilala\tV;PST\nn\u0303a\tn\u0303a\tN;SG\n"


def run(*options: object) -> int:
    return main([str(option) for option in options])


@pytest.fixture
def data_2022(tmp_path: Path) -> Path:
    """The layout of 2022 for one language with a small and a large training file."""
    folder = tmp_path / "development_languages"
    folder.mkdir()
    for name in ("xx_small.train", "xx_large.train"):
        (folder / name).write_text(TRAIN, "utf-8")
    covered = "".join(
        "\t".join((line.split("\t")[0], line.split("\t")[2])) + "\n" for line in GOLD.splitlines()
    )
    (folder / "xx.test").write_text(covered, "utf-8")
    (folder / "xx.gold").write_text(GOLD, "utf-8")
    (folder / "xx.dev").write_text(GOLD, "utf-8")
    return folder


def official_2022(predictions: Path, data: Path) -> dict[str, float]:
    """The organisers' reading of a folder of 2022 once more: accuracy by file, 0 to 1."""
    found = {}
    for path in sorted(predictions.iterdir()):
        if ".test" not in path.name:
            continue
        gold = data / f"{path.name.split('.')[0].split('_')[0]}.gold"
        sides = []
        for file in (path, gold):
            lines = file.read_text("utf-8").splitlines()
            rows = [line.split("\t") for line in lines if line.strip()]
            sides.append([unicodedata.normalize("NFC", form.strip()) for _, form, _ in rows])
        assert len(sides[0]) == len(sides[1])
        right = [mine == theirs for mine, theirs in zip(*sides, strict=True)]
        found[path.name] = sum(right) / len(right)
    return found


def test_2022_is_read_by_its_scorer(data_2022: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = ("--task", "sigmorphon2022", "--data", data_2022, "--system", "affix", "--out", out)
    assert run(*command, "--rules", "affix") == 0
    names = {f"xx_{size}.{split}" for size in ("small", "large") for split in ("dev", "test")}
    assert {path.name for path in (out / "affix").iterdir()} == {"settings.json", *names}
    answers = (out / "affix" / "xx_small.test").read_text("utf-8")
    assert answers.startswith("soma\tatasoma\tV;FUT\n")
    stored = json.loads((out / "scores.json").read_text("utf-8"))
    mine = {
        f"{one['unit']}.{one['split']}": one["scores"][0]["value"] / 100 for one in stored["files"]
    }
    official = official_2022(out / "affix", data_2022)
    assert {name: value for name, value in mine.items() if name in official} == official
    assert official["xx_small.test"] == 1.0
    assert "After the fact" in stored["note"]
    settings = json.loads((out / "affix" / "settings.json").read_text("utf-8"))
    assert settings["files"]["xx_small.test"]["predictor"]["policy"] == "affix"
    assert sum(settings["files"]["xx_small.test"]["answered_by"].values()) == 3


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"soma\tV;PST\talisoma\npika\tV;PST\talipika\n", []),
        (b"soma\tV;PST\talisoma\npika\tV;PST\talipika", []),
        (b"soma\tV;PST\talisoma\n", ["x: expected 2 lines as in the covered file, found 1"]),
        (
            b"soma\tV;PST\talisoma\n\npika\tV;PST\talipika\n",
            [
                "x: expected 2 lines as in the covered file, found 3",
                'x:2: expected 3 columns (lemma, features, form), found 1 ("")',
            ],
        ),
        (
            b"soma\tV;PST\talisoma\npika\talipika\tV;PST\n",
            ['x:2: expected the features "V;PST" of the covered file, found "alipika"'],
        ),
        (
            b"soma\tV;PST\talisoma\r\npika\tV;PST\t\n",
            [
                "x:1: expected a line feed after the last column, found a carriage return before "
                "it",
                "x:2: expected a form, found an empty cell",
            ],
        ),
        (
            b"soma\tV;PST\t alisoma\n\xffpika\tV;PST\talipika\n",
            [
                'x:1: expected no space around the form, found " alisoma"',
                "x:2: expected UTF-8, found byte 0xff",
            ],
        ),
    ],
)
def test_every_line_is_checked(content: bytes, told: list[str]) -> None:
    rows = [("soma", "V;PST"), ("pika", "V;PST")]
    assert list(problems(content, "x", rows, ("lemma", "features", "form"))) == told


@pytest.fixture
def covered(tmp_path: Path) -> Path:
    path = tmp_path / "xx.covered.tst"
    path.write_text("soma\tV;PST\npika\tV;FUT\n", "utf-8")
    return path


def test_an_archive_is_the_same_wherever_it_is_written(covered: Path, tmp_path: Path) -> None:
    archives = []
    for name in ("one", "two"):
        out = tmp_path / name
        command = ("--task", "generic", "--covered", covered, "--system", "base", "--team", "us")
        assert run(*command, "--copy", "--out", out) == 0
        archives.append((out / "base.zip").read_bytes())
        assert not (out / "scores.json").exists()
    assert archives[0] == archives[1]
    with zipfile.ZipFile(out / "base.zip") as archive:
        assert archive.namelist() == ["us/base/settings.json", "us/base/xx.tst"]
        content = archive.read("us/base/xx.tst")
    assert (
        content
        == (out / "us" / "base" / "xx.tst").read_bytes()
        == (b"soma\tV;PST\tsoma\npika\tV;FUT\tpika\n")
    )


def test_nothing_is_overwritten_and_nothing_half_written(
    covered: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    base = ("--task", "generic", "--covered", covered, "--system", "base", "--out", out)
    given = tmp_path / "runs"
    (given / "a").mkdir(parents=True)
    (given / "a" / "xx.tst").write_text("soma\tV;PST\talisoma\npika\tV;PST\tatapika\n", "utf-8")
    assert run(*base, "--predictions-from", given) == 2
    told = capsys.readouterr().err
    assert 'a/xx.tst:2: expected the features "V;FUT" of the covered file' in told
    assert not out.exists()
    assert run(*base, "--copy") == 0
    assert run(*base, "--copy") == 2
    assert "out: holds something already; choose another --out" in capsys.readouterr().err
    (given / "b").mkdir()
    (given / "b" / "xx.tst").write_bytes((given / "a" / "xx.tst").read_bytes())
    assert run(*base[:-1], tmp_path / "other", "--predictions-from", given) == 2
    assert "expected exactly one xx.tst, found" in capsys.readouterr().err


def test_given_files_are_handed_in_as_they_are(covered: Path, tmp_path: Path) -> None:
    given = tmp_path / "runs"
    given.mkdir()
    content = b"soma\talisoma\tV;PST\npika\tatapika\tV;FUT\n"
    (given / "xx.tst").write_bytes(content)
    out = tmp_path / "out"
    order = ("--columns", "lemma,form,features")
    command = ("--task", "generic", "--covered", covered, *order, "--system", "s", "--out", out)
    assert run(*command, "--predictions-from", given) == 0
    assert (out / "s" / "xx.tst").read_bytes() == content


def test_a_folder_is_checked_alone(
    data_2022: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base = ("--task", "sigmorphon2022", "--data", data_2022)
    out = tmp_path / "out"
    assert run(*base, "--system", "c", "--copy", "--splits", "test", "--out", out) == 0
    assert run(*base, "--check", out / "c") == 0
    assert "2 files are right" in capsys.readouterr().out
    path = out / "c" / "xx_small.test"
    path.write_text(path.read_text("utf-8").replace("lala\t", "lalia\t", 1), "utf-8")
    (out / "c" / "xx_large.test").unlink()
    (out / "c" / "yy.test").touch()
    assert run(*base, "--check", out / "c") == 2
    told = capsys.readouterr().out
    assert 'xx_small.test:2: expected the lemma "lala" of the covered file, found "lalia"' in told
    assert "xx_large.test: no such file; predict it too" in told
    assert "yy.test is not asked for" in told
    assert "0 files are right; 2 problems" in told


def test_features_that_rules_refuse_cost_no_other_answer(data_2022: Path) -> None:
    [unit, *_] = units_2022([data_2022], ["xx_small"], ["test"])
    predictor = open_predictor("rules", unit, task_named("sigmorphon2022"), policy="affix")
    forms = predictor.predict([("lala", "V;PST"), ("lala", "V;(((")])
    assert len(forms) == 2
    assert forms[0] == "alilala"
    assert sum(predictor.steps.values()) == 2


def test_right_forms_of_other_rows_are_refused(
    data_2022: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (data_2022 / "xx.gold").write_text(GOLD.replace("lala", "lea"), "utf-8")
    command = ("--task", "sigmorphon2022", "--data", data_2022, "--copy", "--system", "s")
    assert run(*command, "--out", tmp_path / "out") == 2
    assert "xx.gold: expected the lemmas and features of" in capsys.readouterr().err


def test_what_nfc_would_make_right_is_told(data_2022: Path) -> None:
    (data_2022 / "xx.gold").write_text(GOLD.replace("n\u0303a\tN", "ña\tN"), "utf-8")
    task = task_named("sigmorphon2022")
    [unit] = units_2022([data_2022], ["xx_small"], ["test"])
    forms = ["atasoma", "x", "n\u0303a"]
    assert score_file(unit, forms, task).scores[0].value == pytest.approx(200 / 3)
    raw = score_file(unit, forms, replace(task, normalise=False))
    assert raw.scores[0].value == pytest.approx(100 / 3)
    assert any(
        "1 test forms are right only after NFC" in line and "66.7 macro" in line
        for line in summary([(unit, 3, {})], [raw])
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ("--task", "sigmorphon24", "--copy"),
            'found "sigmorphon24" (did you mean sigmorphon2023?); generic',
        ),
        (("--task", "generic"), "expected who answers: --both DIR, --models DIR, --rules, --copy"),
        (("--task", "generic", "--copy"), "--covered is missing"),
        (("--task", "sigmorphon2022", "--copy"), "--data is missing"),
        (("--copy", "--rules"), "not allowed with argument"),
        (("--copy", "--splits", "tst"), '--splits "tst": expected one of test, dev'),
    ],
)
def test_wrong_options(
    options: tuple[str, ...], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*options, "--system", "s", "--out", tmp_path / "out") == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("name", ["../up", "a b", ""])
def test_a_system_names_a_folder(name: str, covered: Path, tmp_path: Path) -> None:
    command = ("--task", "generic", "--covered", covered, "--copy", "--out", tmp_path / "out")
    assert run(*command, "--system", name) == 2
    assert not (tmp_path / "out").exists()


def test_a_model_is_looked_for_by_name(tmp_path: Path) -> None:
    for name in ("morph-swa-1/model", "morph-heb_unvoc-1/model", "tur", "fin/model"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "config.json").touch()
    found = {unit: model_folder(tmp_path, unit) for unit in ("swa", "heb_unvoc", "tur", "fin")}
    assert [str(path.relative_to(tmp_path)) for path in found.values()] == [
        "morph-swa-1/model",
        "morph-heb_unvoc-1/model",
        "tur",
        "fin/model",
    ]
    with pytest.raises(InputError, match=r"expected exactly one a model of heb .*, found none"):
        model_folder(tmp_path, "heb")


def test_a_run_of_any_name_is_known_by_what_it_was_trained_on(tmp_path: Path) -> None:
    for name, units in (("mine", ["swa"]), ("turkic", ["tuk", "uzb"])):
        (tmp_path / name / "model").mkdir(parents=True)
        (tmp_path / name / "model" / "config.json").touch()
        (tmp_path / name / "config.json").write_text(json.dumps({"run": {"units": units}}))
    assert model_folder(tmp_path, "swa") == tmp_path / "mine" / "model"
    with pytest.raises(InputError, match="found none"):
        model_folder(tmp_path, "tuk")  # trained jointly: whose it is must be said


MARKED = "\ufeffkada\tN;SG\n\ufeffkada\tN;PL\n gaya \tN;PL\n"  # as a published task has it
MARKED_GOLD = "\ufeffkada\tkada\tN;SG\n\ufeffkada\t\ufeffkadasab\tN;PL\ngaya\tgayasab\tN;PL\n"


@pytest.mark.parametrize("end", ["", "\n\n"], ids=["as it is", "blank last lines"])
@pytest.mark.parametrize("break_", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_answers_are_in_the_files_own_spelling_and_scored(
    tmp_path: Path, end: str, break_: str
) -> None:
    folder = tmp_path / "part1"
    folder.mkdir()
    train = "gora\tgora\tN;SG\ngora\tgorasab\tN;PL\n\ufeffpana\t\ufeffpanasab\tN;PL\n"
    for name, text in (("train", train), ("test", MARKED), ("gold", MARKED_GOLD)):
        name = "mag_small.train" if name == "train" else f"mag.{name}"
        (folder / name).write_bytes((text + end).replace("\n", break_).encode())
    base = ("--task", "sigmorphon2022", "--data", folder, "--splits", "test", "--rules")
    assert run(*base, "--system", "r", "--out", tmp_path / "out") == 0
    answers = (tmp_path / "out" / "r" / "mag_small.test").read_bytes().decode()
    lemmas = [line.split("\t")[0] for line in answers.splitlines()]
    assert lemmas == ["\ufeffkada", "\ufeffkada", " gaya "]
    scores = json.loads((tmp_path / "out" / "scores.json").read_text("utf-8"))
    assert scores["files"][0]["scores"][0]["value"] == 100.0


def test_bad_lines_of_a_training_file_are_left_out_and_counted(
    covered: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train = tmp_path / "my.trn"
    train.write_text(f"{TRAIN}lala  alilala\tV;PST\n\n", "utf-8")
    files = ("--task", "generic", "--covered", covered, "--train", train, "--rules")
    command = (*files, "--system", "mine", "--columns", "lemma,form,features")
    assert run(*command, "--out", tmp_path / "out") == 2
    assert "fix the line or pass --skip-bad" in capsys.readouterr().err
    assert run(*command, "--skip-bad", "--out", tmp_path / "out") == 0
    said = capsys.readouterr().err
    assert "left out of the training file: 1 lines, wrong number of columns" in said


def test_names_over_covered_lines_are_refused(covered: Path, tmp_path: Path) -> None:
    covered.write_text("Lemma\tMSD\nsoma\tV;PST\n", "utf-8")
    command = ("--task", "generic", "--covered", covered, "--copy", "--system", "s")
    with pytest.raises(InputError, match=r"found names of columns .*take the line out"):
        read_covered(covered, ("lemma", "features"))
    assert run(*command, "--out", tmp_path / "out") == 2


def test_one_trained_language_is_handed_in_and_the_others_are_named(
    mirror: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "runs" / "morph-swa-0f1e" / "model").mkdir(parents=True)
    (tmp_path / "runs" / "morph-swa-0f1e" / "model" / "config.json").write_text("{}")
    monkeypatch.setattr(submission, "open_predictor", lambda *_, **__: Copy())
    command = ("--task", "sigmorphon2023", "--both", tmp_path / "runs", "--system", "s")
    assert run(*command, "--out", tmp_path / "out") == 0
    shown = capsys.readouterr()
    assert "no model in" in shown.err
    assert "left out, for want of a model: afb, amh, arz" in shown.out
    assert "note: not all languages" in shown.out
    assert sorted(path.name for path in (tmp_path / "out" / "s").iterdir()) == [
        "settings.json",
        "swa.dev",
        "swa.tst",
    ]


def test_covered_files_that_are_damaged(covered: Path, tmp_path: Path) -> None:
    for content, message in [
        (b"soma\tV;PST\tx\n", r'tst:1: expected lemma, features with tabs between, found "soma'),
        (b"soma\tV;PST\n \tV;PST\n", "tst:2: expected lemma, features with tabs between"),
        (b"soma\t \n", "tst:1: expected lemma, features with tabs between"),
        (b"", "tst: expected lemmas and features, found nothing; fetch it again"),
        (b"soma\tV;PST\n\xffa\tV\n", "tst:2: expected UTF-8, found byte 0xff; fetch the covered"),
    ]:
        covered.write_bytes(content)
        with pytest.raises(InputError, match=message):
            read_covered(covered, ("lemma", "features"))
    covered.write_bytes(b"soma\tx\tV;PST\n")
    assert read_covered(covered, ("lemma", "form", "features")) == [("soma", "V;PST")]


def test_folders_files_and_settings_that_are_not_there(
    data_2022: Path, covered: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(*options: object) -> str:
        assert run(*options) == 2
        return capsys.readouterr().err

    of_2022 = ("--task", "sigmorphon2022", "--data", data_2022)
    told = "no such folder; give the one with the files of answers"
    assert told in refused(*of_2022, "--check", tmp_path / "none")
    mine = ("--task", "generic", "--covered", covered, "--system", "s", "--out", tmp_path / "o")
    told = "no such folder; give the one with the models or predictions"
    assert told in refused(*mine, "--predictions-from", tmp_path / "none")
    assert told in refused(*mine, "--models", tmp_path / "none")
    told = "has no training file; name it with --train"
    assert told in refused(*mine, "--rules")
    told = "--columns: expected lemma, features and form in some order, found lemma, features"
    assert told in refused(*mine, "--copy", "--columns", "lemma,features")
    told = "expected affix or analogy, found"
    assert "--rules" in refused(*of_2022, *mine[4:], "--rules", "neural")
    [unit, *_] = units_2022([data_2022], ["xx_small"], ["test"])
    with pytest.raises(InputError, match=r'engine: expected one of .*, found "guess"'):
        open_predictor("guess", unit, task_named("sigmorphon2022"))


def test_a_model_answers_what_it_knows_and_its_files_are_named(
    covered: Path, tmp_path: Path
) -> None:
    from tests.morph.toys import trained

    folder = tmp_path / "models" / "xx" / "model"
    trained().save(folder)
    (folder / "notes.txt").write_text("not of the model")
    covered.write_text("bado\tV;PST\nbado\tV;NOSUCH\n", "utf-8")
    out = tmp_path / "out"
    command = ("--task", "generic", "--covered", covered, "--system", "m", "--out", out)
    assert run(*command, "--models", tmp_path / "models") == 0
    first, second = (out / "m" / "xx.tst").read_text("utf-8").splitlines()
    assert first.startswith("bado\tV;PST\tali")
    assert second == "bado\tV;NOSUCH\tbado"
    settings = json.loads((out / "m" / "settings.json").read_text("utf-8"))
    [answered] = settings["files"].values()
    assert answered["predictor"]["engine"] == "model"
    assert set(answered["predictor"]["files"]) == {"config.json", "model-1.safetensors"}
    assert sum(answered["answered_by"].values()) == 2
    assert answered["answered_by"]["model"] == 1


def test_a_predictor_that_answers_wrongly_writes_nothing(
    covered: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Wrong(Copy):
        forms: tuple[str, ...] = ("x",)

        def predict(self, items: object) -> list[str]:
            return list(self.forms)

    command = ("--task", "generic", "--covered", covered, "--system", "s", "--copy")
    monkeypatch.setattr(submission, "open_predictor", lambda *_, **__: Wrong())
    assert run(*command, "--out", tmp_path / "out") == 2
    monkeypatch.setattr(Wrong, "forms", ("x", "y\tz"))
    assert run(*command, "--out", tmp_path / "out") == 2
    assert not (tmp_path / "out").exists()
    monkeypatch.setattr(Wrong, "forms", ("x", "y"))
    assert run(*command, "--out", tmp_path / "out") == 0


def test_what_is_told_of_answers_and_who_gave_them(
    data_2022: Path, covered: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    base = ("--task", "sigmorphon2022", "--data", data_2022, "--team", "us", "--system", "r")
    assert run(*base, "--splits", "test", "--rules", "--out", out) == 0
    told = json.loads((out / "us" / "r" / "settings.json").read_text("utf-8"))
    assert set(told) == {
        *("task", "columns", "system", "team", "engine", "command"),
        *("seed", "environment", "files"),
    }
    assert (told["team"], told["system"], told["engine"]) == ("us", "r", "rules")
    assert told["command"][:3] == ["python", "-m", "morph.submit"]
    assert str(out) not in told["command"]
    answer = told["files"]["xx_small.test"]
    assert set(answer) == {"lines", "covered", "covered_sha256", "answered_by", "predictor"}
    digest = hashlib.sha256((data_2022 / "xx.test").read_bytes()).hexdigest()
    assert (answer["lines"], answer["covered"], answer["covered_sha256"]) == (3, "xx.test", digest)
    digest = hashlib.sha256((data_2022 / "xx_small.train").read_bytes()).hexdigest()
    assert answer["predictor"] == {
        "engine": "rules",
        "policy": "analogy",
        "seed": 1,
        "train": "xx_small.train",
        "train_sha256": digest,
        "train_rows_left_out": {},
        "train_rows_repaired": {},
    }
    scores = json.loads((out / "scores.json").read_text("utf-8"))
    assert set(scores) == {"note", "files", "macro"}
    assert set(scores["files"][0]) == {"unit", "split", "scores", "right_after_nfc"}
    given = tmp_path / "runs"
    given.mkdir()
    (given / "xx.tst").write_text("soma\tV;PST\talisoma\npika\tV;FUT\tatapika\n", "utf-8")
    command = ("--task", "generic", "--covered", covered, "--system", "s")
    assert run(*command, "--predictions-from", given, "--out", tmp_path / "given") == 0
    told = json.loads((tmp_path / "given" / "s" / "settings.json").read_text("utf-8"))
    digest = hashlib.sha256((given / "xx.tst").read_bytes()).hexdigest()
    assert told["files"]["xx.tst"]["predictor"] == {
        "engine": "files",
        "file": "runs/xx.tst",
        "sha256": digest,
        "run": None,
    }
    assert told["files"]["xx.tst"]["answered_by"] == {"given file": 2}


def test_whoever_names_languages_is_told_that_a_task_wants_all_of_them(
    data_2022: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base = ("--task", "sigmorphon2022", "--data", data_2022, "--system", "s", "--copy")
    for number, (more, told) in enumerate((((), False), (("--lang", "xx"), True))):
        assert run(*base, *more, "--splits", "test", "--out", tmp_path / str(number)) == 0
        assert ("note: not all languages" in capsys.readouterr().out) == told


def test_a_system_must_be_named(
    covered: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--task", "generic", "--covered", covered, "--copy", "--out", tmp_path / "o") == 2
    error = capsys.readouterr().err
    assert "--system" in error
    assert error.count("\n") == 1
    assert not (tmp_path / "o").exists()


def test_languages_and_models_come_in_the_order_of_their_names(tmp_path: Path) -> None:
    """A folder gives its files in any order, and of twelve that is never the one of names."""
    names = [f"l{number:02}" for number in range(12)]
    for name in random.Random(1).sample(names, 12):
        (tmp_path / f"{name}.train").write_text(TRAIN, "utf-8")
        (tmp_path / f"{name}.test").write_text("soma\tV;PST\n", "utf-8")
        for run in (f"morph-swa-{name}", name):
            (tmp_path / run / "model").mkdir(parents=True)
            (tmp_path / run / "model" / "config.json").write_text("{}", "utf-8")
            (tmp_path / run / "config.json").write_text('{"run": {"units": ["swa"]}}', "utf-8")
    assert [unit.name for unit in units_2022([tmp_path], splits=("test",))] == names
    found = [path.parent.name for path in model_folders(tmp_path, "swa")]
    assert found == [*(f"morph-swa-{name}" for name in names), *names]
    with pytest.raises(InputError, match="a model of swa"):
        model_folder(tmp_path, "swa")
