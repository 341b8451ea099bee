"""Training from the command line: what it writes, that it repeats itself, what it refuses."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path

import pytest
import torch

from data.errors import UnavailableError
from data.languages import resolve
from data.unimorph import Triple
from morph.corpora import load_data
from morph.hallucinate import hallucinate
from morph.inflecting.sources import open_model
from morph.recipe import Recipe
from morph.run import TrainingConfig, train_model
from morph.submit import main as submit
from morph.train import main
from morph.transducer import Transducer

QUICK = ["--steps", "12", "--width", "16", "--batch", "8", "--hallucinate", "0"]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A made-up language in UniMorph's order of columns: 60 lemmas, two bundles each."""
    rng = random.Random(5)
    rows = []
    for _ in range(60):
        lemma = "".join(rng.choice("bdgkmpst") + rng.choice("aeiou") for _ in range(3))
        rows += [f"{lemma}\tali{lemma}\tV;PST", f"{lemma}\tta{lemma}\tV;FUT"]
    path = tmp_path / "toy.tsv"
    path.write_text("\n".join(rows) + "\n", "utf-8")
    return path


def train(table: Path, out: Path, *more: str) -> int:
    return main(["--lang", "sw", "--train", str(table), "--out", str(out), *QUICK, *more])


def test_a_run_folder(table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "run"
    assert train(table, out, "--networks", "2") == 0
    said = capsys.readouterr().out
    assert "sw  dev: exact match" in said
    assert "steps 12, 12" in said
    config = json.loads((out / "config.json").read_text("utf-8"))
    assert config["recipe"]["networks"] == 2
    assert config["train"] == "toy.tsv"  # no folder of this machine
    score = json.loads((out / "scores.json").read_text("utf-8"))["sw"]
    assert score["n"] == len((out / "sw.dev").read_text("utf-8").splitlines())
    assert (out / "network-2" / "report.html").is_file()
    assert Transducer.load(out / "model").language == "sw"


def test_the_same_command_repeats_itself(table: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        assert train(table, tmp_path / name) == 0
    for name in ("sw.dev", "scores.json", "model/model-1.safetensors", "model/calibration.json"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    before = (tmp_path / "one" / "model" / "model-1.safetensors").read_bytes()
    assert train(table, tmp_path / "one") == 0  # finished: nothing is trained again
    assert (tmp_path / "one" / "model" / "model-1.safetensors").read_bytes() == before


def test_another_runs_folder_is_refused(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(table, tmp_path / "run") == 0
    assert train(table, tmp_path / "run", "--seed", "7") == 2
    assert "expected this run's settings, found others" in capsys.readouterr().err


def test_a_run_that_made_nothing_does_not_hold_its_folder(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    asked = ["--lang", "sw", "--train", str(table), "--out", str(out), *QUICK[2:]]
    assert main([*asked, "--time-budget", "0.001s"]) == 2
    assert "give more" in capsys.readouterr().err
    assert train(table, out) == 0
    assert Transducer.load(out / "model").language == "sw"


@pytest.mark.parametrize("config", ['{"model_type": "llama"}', '{"run": {"systems": []}}', None])
def test_a_users_files_in_the_folder_are_not_touched(
    config: str | None, table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A model's folder, another command's, one with the data: none is a run of this command."""
    out = tmp_path / "run"
    out.mkdir()
    (out / "gold.dev").write_text("mine", "utf-8")
    if config:
        (out / "config.json").write_text(config, "utf-8")
    assert train(table, out) == 2
    told = capsys.readouterr().err
    assert ("expected this run's settings, found" if config else "holds gold.dev and no") in told
    assert (out / "gold.dev").read_text("utf-8") == "mine"
    assert {one.name for one in out.iterdir()} <= {"gold.dev", "config.json"}
    if config:
        assert (out / "config.json").read_text("utf-8") == config


@pytest.mark.parametrize("when", ["between two networks", "at the end"])
def test_a_folder_removed_under_a_run_is_noticed(
    when: str, table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What comes after would make the folder again, with half of a run in it."""
    out = tmp_path / "run"
    config = TrainingConfig(("sw",), Recipe(steps=2, width=16, networks=2), train=str(table))

    def remove(number: int, progress: object) -> None:
        if when == "between two networks" and number == 2 and (out / "network-1").is_dir():
            shutil.rmtree(out / "network-1")
            (out / "config.json").unlink()

    def calibrated(*_: object) -> None:
        shutil.rmtree(out)

    if when == "at the end":
        monkeypatch.setattr("morph.run._calibrated", calibrated)
    with pytest.raises(UnavailableError, match="run: was removed, or what was in it, while"):
        train_model(config, out, report=remove)
    assert not (out / "model").exists()


def test_model_and_rules_hand_in_together(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = tmp_path / "models" / "toy"
    assert train(table, model) == 0
    covered = tmp_path / "toy.covered"
    covered.write_text("bidosa\tV;PST\nbidosa\tV;PRS\n", "utf-8")  # the second was never seen
    options = ["--task", "generic", "--covered", str(covered), "--train", str(table)]
    both = ["--both", str(tmp_path / "models"), "--system", "kilo"]
    assert submit([*options, *both, "--out", str(tmp_path / "out")]) == 0, capsys.readouterr().err
    first, second = (tmp_path / "out" / "kilo" / "toy").read_text("utf-8").splitlines()
    assert first == "bidosa\tV;PST\talibidosa"  # twelve steps teach a network nothing
    assert second.startswith("bidosa\tV;PRS\t")
    settings = (tmp_path / "out" / "kilo" / "settings.json").read_text("utf-8")
    assert '"rule": 1' in settings
    assert '"rule, because the model refused": 1' in settings
    calibration = model / "model" / "calibration.json"
    calibration.write_text("[]", "utf-8")  # --calibrate must be able to open what it mends
    assert open_model(model, resolve("sw")).calibration is None
    calibration.unlink()
    assert submit([*options, *both, "--out", str(tmp_path / "again")]) == 2
    assert "expected calibration.json for --both, found none" in capsys.readouterr().err


def test_going_on_from_a_model(table: Path, tmp_path: Path) -> None:
    assert train(table, tmp_path / "first") == 0
    assert train(table, tmp_path / "second", "--from", str(tmp_path / "first" / "model")) == 0
    first, second = (Transducer.load(tmp_path / n / "model") for n in ("first", "second"))
    assert first.alphabet == second.alphabet
    assert not torch.equal(first.models[0].writer.weight, second.models[0].writer.weight)


ORDER = ("--columns", "lemma,form,features")


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("soma\tV;PST\npika\tV;PST\n", [], "it is a covered file, give the one with the forms"),
        (
            "soma\talisoma\tV;PST\n\talipika\tV;PST\n",
            [],
            ":2: expected 3 columns with text, found",
        ),
        ("soma\talisoma\tV;PST\npika\tV;PST\n", [], ":2: expected 3 columns"),
        ("soma\talisoma\tV;PST\n", [], "too little to tell lemma from form in 1 rows"),
        ("soma\talisoma\tV;PST\n", [*ORDER], "expected lemmas to train on and others to hold out"),
        (None, [], "no such file"),
        ("a\tb\tV;PST\n", ["--time-budget", "soon"], "expected a time such as 90s, 10m or 1.5h"),
        ("a\tb\tV;PST\n", ["--networks", "0"], "networks: expected 1 or more, found 0"),
        ("a\tb\tV;PST\n", ["--width", "20"], "width: expected a multiple of twice the heads"),
    ],
)
def test_bad_input(
    text: str | None,
    options: list[str],
    message: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "bad.tsv"
    if text is not None:
        path.write_text(text, "utf-8")
    assert train(path, tmp_path / "run", *options) == 2
    assert message in capsys.readouterr().err


def test_a_language_without_data_says_what_to_give(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNIMORPH", str(tmp_path))
    assert main(["--lang", "wo", "--offline", "--out", str(tmp_path / "run")]) in (1, 2)
    assert "--train FILE" in capsys.readouterr().err


def test_a_sample_is_drawn_by_seed(table: Path) -> None:
    data = load_data("sw", train=table)
    assert data.sample(20, 1).train == data.sample(20, 1).train != data.sample(20, 2).train
    assert {t.lemma for t in data.train}.isdisjoint({t.lemma for t in data.dev})


def test_invented_triples_inflect_as_the_real_ones_do() -> None:
    real = [Triple(stem, "V;PST", f"ali{stem}") for stem in ("somesha", "pikanisha", "tembea")]
    made = hallucinate(real, 200, seed=3)
    assert len(made) == 200
    assert len({one.lemma for one in made}) > 150
    assert all(one.form == f"ali{one.lemma}" for one in made)
    assert made == hallucinate(real, 200, seed=3)


def test_nothing_is_invented_where_lemma_and_form_share_nothing() -> None:
    assert hallucinate([Triple("go", "V;PST", "went")], 10, seed=1) == []


def test_few_triples_are_repeated_beside_invented_ones() -> None:
    real = [Triple(f"soma{n}ka", "V;PST", f"alisoma{n}ka") for n in "bdgk"]
    both = Recipe(steps=1, hallucinated=40).augmented(real)
    assert len(both) == 80
    assert Recipe(steps=1, hallucinated=0).augmented(real) == real


def test_many_forms_of_few_lemmas_get_some_invented_ones() -> None:
    lemmas = [f"{a}a{b}i{c}o" for a in "bdgkmpst" for b in "bdgkmpst" for c in "bdgkmpst"]
    tags = [("V;PST", "ali"), ("V;FUT", "ata"), ("V;PRS", "ana"), ("V;NFIN", "ku"), ("V;NEG", "ha")]

    def table(count: int) -> list[Triple]:
        return [Triple(one, tag, start + one) for one in lemmas[:count] for tag, start in tags]

    few, many = table(400), table(512)
    recipe = Recipe(steps=1)
    assert len(recipe.augmented(few)) == len(few) + 1000
    assert recipe.augmented(few)[: len(few)] == few
    assert recipe.augmented(many) == many
    assert len(recipe.augmented(few[:10])) == 8000 + 8000


def test_sampling_among_languages_is_by_temperature() -> None:
    from morph.examples import quotas

    assert quotas([900, 100], 1e6) == [500, 500]
    assert quotas([900, 100], 1) == [900, 100]
