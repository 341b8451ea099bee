"""Training from the command line: what it writes, that it repeats itself, what it refuses."""

from __future__ import annotations

import json
import random
import re
import shutil
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import pytest
import torch

from data.errors import InputError, UnavailableError
from data.languages import resolve
from data.unimorph import Triple
from morph.augmentation import hallucinate
from morph.corpora import load_data
from morph.inflect.__main__ import main as inflect
from morph.inflect.sources import open_model
from morph.recipe import Recipe, TrainingConfig
from morph.run import score, train_model
from morph.submit.__main__ import main as submit
from morph.train import _next, main
from morph.transducer import Hypothesis, Transducer

QUICK = ["--steps", "12", "--width", "16", "--batch-size", "8", "--hallucinate", "0"]


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
    assert config["run"]["recipe"]["networks"] == 2
    assert config["run"]["train"] == "toy.tsv"  # no folder of this machine
    score = json.loads((out / "scores.json").read_text("utf-8"))["sw"]
    assert score["n"] == len((out / "sw.dev").read_text("utf-8").splitlines())
    assert (out / "network-2" / "report.html").is_file()
    model = Transducer.load(out / "model")
    assert model.language == "sw"
    assert set(model.origin) == {"data", "recipe", "steps", "text", "made with"}
    assert model.origin["steps"] == [12] * 4  # from both ends
    assert "torch" in model.origin["made with"]
    assert model.origin["data"][0].startswith("toy.tsv: ")


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
    assert "holds another run (it differs in recipe.seed: 1, now 7)" in capsys.readouterr().err


def test_another_version_of_torch_goes_on(table: Path, tmp_path: Path) -> None:
    """Versions explain a result and do not define it."""
    assert train(table, tmp_path / "run") == 0
    path = tmp_path / "run" / "config.json"
    config = json.loads(path.read_text("utf-8"))
    config["environment"]["packages"]["torch"] = "1.0"
    path.write_text(json.dumps(config), "utf-8")
    weights = (tmp_path / "run" / "model" / "model-1.safetensors").read_bytes()
    assert train(table, tmp_path / "run") == 0
    assert (tmp_path / "run" / "model" / "model-1.safetensors").read_bytes() == weights
    config = json.loads(path.read_text("utf-8"))
    assert config["environment"]["packages"]["torch"] == "1.0"
    assert config["resumed_with"][0]["packages"]["torch"] == version("torch")


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
    assert (
        "not the configuration of a run of morph" if config else "holds gold.dev and no"
    ) in told
    assert (out / "gold.dev").read_text("utf-8") == "mine"
    assert {one.name for one in out.iterdir()} <= {"gold.dev", "config.json", ".lock"}
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
        train_model(config, out, on_progress=remove)
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


def test_what_comes_next_can_be_run(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(table, tmp_path / "run") == 0
    said = capsys.readouterr().out.splitlines()[-1]
    assert said == (
        f"next: python -m morph.inflect --lang sw --model {tmp_path / 'run'} --table {table} ..."
    )
    words = said.removesuffix(" ...").split()[4:]
    assert inflect(["bidosa", "V;PST", *words]) == 0
    joint = TrainingConfig(("sw", "zu"), way_back=True)
    assert _next(joint, Path("r")) == "python -m morph.train --lang sw --way-back --from r/model"


@pytest.mark.parametrize("units", [("sw", "sw"), ("sw", "")])
def test_each_language_is_named_once(units: tuple[str, ...]) -> None:
    with pytest.raises(InputError, match="lang: expected each language once, found sw,"):
        TrainingConfig(units)


def test_going_on_from_another_model_is_another_run(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for seed in ("1", "2"):
        assert train(table, tmp_path / seed, "--seed", seed) == 0
    out = tmp_path / "onward"
    assert train(table, out, "--from", str(tmp_path / "1" / "model")) == 0
    assert train(table, out, "--from", str(tmp_path / "1" / "model")) == 0
    assert train(table, out, "--from", str(tmp_path / "2" / "model")) == 2
    assert "holds another run (it differs in start_sha256" in capsys.readouterr().err


def test_a_runs_folder_is_no_model_to_go_on_from(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "first"
    assert train(table, run) == 0
    assert train(table, tmp_path / "second", "--from", str(run)) == 2
    assert f"expected a model's folder, found a run's; give {run / 'model'}" in (
        capsys.readouterr().err
    )
    shutil.rmtree(run / "model")  # as after a kill
    with pytest.raises(InputError, match="found a run that is not finished; give the command that"):
        open_model(run, resolve("sw"))


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
        ("a\tb\tV;PST\n", ["--networks", "0"], "--networks 0: expected 1 or more"),
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


def test_files_are_trained_on_and_scored_as_they_are_named(table: Path, tmp_path: Path) -> None:
    dev = tmp_path / "dev.tsv"
    dev.write_text("lemma\tfeatures\tform\npaka\tV;PST\talipaka\n", "utf-8")
    data = load_data("sw", train=table, dev=dev)
    assert (len(data.train), data.unit, data.name) == (120, "sw", "toy.tsv")
    assert [triple.form for triple in data.dev] == ["alipaka"]
    assert (data.normalised, len(data.sha256)) == (True, 32)
    whole = load_data("sw", train=table)
    assert len(whole.train) + len(whole.dev) == 120
    for number in (0, 121):
        with pytest.raises(InputError, match=f"examples: expected 1 to 120, found {number}; toy"):
            data.sample(number, 1)
    assert len(data.sample(120, 1).train) == 120
    with pytest.raises(InputError, match="dev: expected a train file beside it, found none; give"):
        load_data("sw", dev=dev)
    with pytest.raises(InputError, match=r"source: expected one of .*did you mean unimorph"):
        load_data("sw", source="unimorf")
    dev.write_text("lemma\tfeatures\tform\n", "utf-8")
    with pytest.raises(InputError):
        load_data("sw", train=dev, dev=table)


def test_a_shared_tasks_files_are_kept_as_they_are(mirror: Path) -> None:
    assert mirror
    data = load_data("heb_unvoc")
    assert (data.unit, data.normalised, len(data.train), len(data.dev)) == (
        "heb_unvoc",
        False,
        10_000,
        1000,
    )
    assert load_data("swh").unit == "swa"


def test_configurations_that_cannot_be(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--lang is missing"):
        TrainingConfig((), Recipe())
    with pytest.raises(InputError, match="train: expected one language beside a file, found sever"):
        TrainingConfig(("sw", "fi"), Recipe(), train=tmp_path / "x")
    assert TrainingConfig(("sw", "fi"), Recipe()).units == ("sw", "fi")
    with pytest.raises(InputError, match=r'--features "more": expected one of'):
        Recipe(features="more")


def test_an_engine_that_is_none(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(table, tmp_path / "run", "--engine", "fairsek") == 2
    told = capsys.readouterr().err
    assert '--engine "fairsek": expected one of' in told
    assert "did you mean fairseq?" in told


def test_ctrl_c_says_where_the_run_goes_on(
    table: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("morph.run.train_model", stopped)
    assert train(table, tmp_path / "run") == 130
    assert f"stopped; the same command goes on, in {tmp_path / 'run'}" in capsys.readouterr().err


def test_a_run_without_a_name_gets_one_of_its_settings(
    table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for seed in ("1", "2", "1"):
        assert main(["--lang", "sw", "--train", str(table), *QUICK, "--seed", seed]) == 0
    names = [one.name for one in (tmp_path / "runs").iterdir()]
    assert len(names) == 2
    assert all(re.fullmatch(r"morph-sw-[0-9a-f]{12}", name) for name in names)


def test_languages_without_a_dev_part_are_not_scored(table: Path, tmp_path: Path) -> None:
    data = load_data("sw", train=table)
    asked = list[str]()

    def predict(one: object) -> list[Hypothesis]:
        asked.append(one.unit)  # type: ignore[attr-defined]
        return [Hypothesis(t.form or "", 0.0) for t in data.dev]

    bare = replace(data, unit="xx", dev=())
    found = score([bare, data], predict, tmp_path)
    assert (asked, list(found)) == (["sw"], ["sw"])
    assert found["sw"].value == 100
    assert {path.name for path in tmp_path.iterdir()} >= {"sw.dev", "scores.json"}
    assert not (tmp_path / "xx.dev").exists()
