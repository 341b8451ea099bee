"""What a run of morph seldom meets: data without letters, packages and disks that are missing,
names that tell nothing apart, models of other languages."""

from __future__ import annotations

import errno
from collections import Counter
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from data.access import Access
from data.errors import InputError, UnavailableError
from data.languages import resolve
from data.unimorph import Triple
from morph import fairseq, train
from morph.alphabet import END
from morph.augmentation import _Ending, _guesses, _Link, hallucinate
from morph.corpora import InflectionData, load_data
from morph.decoding import _until_end
from morph.evaluate.__main__ import system_names
from morph.evaluate.confusion import EXAMPLES, _examples
from morph.inflect import Inflector, sources
from morph.inflect.__main__ import InflectConfig, _calibration, _dev_triples
from morph.inflect.checks import _unknown
from morph.inflect.choice import UNCALIBRATED
from morph.inflect.lookup import Lookup
from morph.inflect.sources import TrainedModel, open_model
from morph.recipe import Architecture, Recipe
from morph.rules import Rules
from morph.rules.affixes import AffixRules, _suffix_rule
from morph.rules.analogies import Weights, shared_beginning, shared_end
from morph.rules.voting import Voting
from morph.run import TrainingConfig, read_data
from morph.submit import submission
from morph.submit.predictors import LEMMA_FOR_REFUSED, LearnedRules
from morph.submit.submission import LEMMA_FOR_EMPTY, Submission, _form
from morph.submit.tasks import _chosen
from morph.transducer import Transducer
from tests.morph.toys import RECIPE, regular, trained

ROWS = [Triple("soma", "V;PST", "alisoma"), Triple("pika", "V;PST", "alipika")]
TEXT = "".join(f"{row.lemma}\t{row.form}\t{row.features}\n" for row in ROWS)


@pytest.fixture(scope="module")
def model() -> Transducer:
    """One that has hardly learnt anything."""
    return trained(replace(RECIPE, steps=1), regular(30, 1))


def test_nothing_is_imitated_where_there_are_no_letters() -> None:
    assert hallucinate([Triple("-", "V", "-")], 5, seed=1) == []
    assert hallucinate([], 5, seed=1) == []


def test_a_table_that_is_no_shared_tasks_is_divided(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNIMORPH", str(tmp_path))
    monkeypatch.delenv("KILOLINGUA_MIRROR", raising=False)
    path = tmp_path / "zul/zul"
    path.parent.mkdir()
    path.write_text("".join(f"l{n}\tf{n}\tV;PST\n" for n in range(30)), "utf-8")
    access = Access(cache=tmp_path / "cache", offline=True)
    found = load_data("zu", source="package", access=access)
    assert found.unit == "zu"
    assert len(found.train) + len(found.dev) == 30
    assert min(len(found.train), len(found.dev)) > 0


@pytest.mark.parametrize("lemmas", [2, 3, 5, 8, 13])
def test_of_few_lemmas_one_is_held_out(tmp_path: Path, lemmas: int) -> None:
    path = tmp_path / "few.tsv"
    for start in range(8):  # whichever lemmas they are
        rows = [f"l{n}\tf{n}\tV;{b}\n" for n in range(start, start + lemmas) for b in ("A", "B")]
        path.write_text("".join(rows), "utf-8")
        found = load_data("sw", train=path, columns=("lemma", "form", "features"))
        assert len(found.dev) >= 2
        assert not {t.lemma for t in found.dev} & {t.lemma for t in found.train}


def test_a_table_of_one_lemma_and_an_empty_dev_file_are_refused(tmp_path: Path) -> None:
    one, empty = tmp_path / "one.tsv", tmp_path / "empty.tsv"
    one.write_text("soma\talisoma\tV;PST\n", "utf-8")
    empty.write_text("", "utf-8")
    columns = ("lemma", "form", "features")
    with pytest.raises(InputError, match="found 1 in all; give --train FILE --dev FILE, or a"):
        load_data("sw", train=one, columns=columns)
    with pytest.raises(InputError, match=r"empty\.tsv: expected triples to try the model on"):
        load_data("sw", train=one, dev=empty, columns=columns)


def test_systems_are_named_by_as_little_as_tells_them_apart() -> None:
    for paths, names in (
        (["a.tst", "x/y/a.tst"], ["a.tst", "y/a.tst"]),
        (["x/b.tst", "a.tst"], ["b.tst", "a.tst"]),
        (["a", "a"], ["1 a", "2 a"]),
        (["x/a", "x/a"], ["1 x/a", "2 x/a"]),
    ):
        assert system_names([Path(path) for path in paths]) == names


def test_examples_are_of_different_lemmas_first_and_each_once() -> None:
    def item(lemma: str, form: str) -> Any:
        return SimpleNamespace(lemma=lemma, form=form)

    items = [item("a", "1"), item("a", "2"), item("a", "3"), item("b", "4")]
    assert EXAMPLES == 3
    assert [one.form for one in _examples(items)] == ["1", "4", "2"]
    assert [one.form for one in _examples(items[:2])] == ["1", "2"]


def test_a_model_that_is_not_calibrated_is_told(
    model: Transducer,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "t.tsv").write_text(f"lemma\tform\tfeatures\n{TEXT}", "utf-8")
    models = [TrainedModel(tmp_path, model, calibrated) for calibrated in (None, UNCALIBRATED)]
    monkeypatch.setattr("morph.inflect.open_model", lambda *_, **__: models.pop(0))
    told = f"{tmp_path} is not calibrated: pass --calibrate once"
    for expected in ([told], []):
        caplog.clear()
        Inflector.load("sw", model=tmp_path, table=tmp_path / "t.tsv", access=Access(offline=True))
        assert [m for m in caplog.messages if "calibrated" in m] == expected


def test_without_a_model_no_form_is_the_models() -> None:
    inflector = Inflector(Lookup.of(ROWS, "sw"), Rules.learn(ROWS), "Swahili")
    assert inflector._by_model([("soma", "V;PST")], {}) == {}


def test_a_model_and_none_are_not_both_asked_for(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^--no-model: not allowed with --model; leave one out$"):
        InflectConfig(lang="sw", model=tmp_path, no_model=True)


def test_figures_of_a_calibration_and_the_triples_that_it_takes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = InflectConfig(lang="sw", calibrate=True, limit=1, offline=True)
    asked: list[tuple[Any, ...]] = []

    def load_triples(language: Any, split: str, *, access: Access) -> Any:
        asked.append((language.bcp47, split, access.offline))
        return SimpleNamespace(triples=ROWS)

    monkeypatch.setattr("data.inflections.tables.load_triples", load_triples)
    assert list(_dev_triples(config)) == ROWS[:1]
    assert asked == [("sw", "dev", True)]
    figures = {"items": 400.0, "accuracy both": 91.25, "error": 0.5}
    inflector: Any = SimpleNamespace(
        calibrate=lambda rows: list(rows) and SimpleNamespace(figures=figures)
    )
    assert list(_calibration(inflector, config)) == [
        ("items", "400"),
        ("accuracy both", "91.25"),
        ("error", "0.50"),
    ]


def test_a_feature_spelt_like_those_of_the_schema_alone() -> None:
    told = str(_unknown("PRST", "V;PRST", {"V", "LOC"}, "Swahili", ""))
    assert " (the schema has PST, PRT, PRS, which these data lack); correct it" in told


def test_a_model_without_torch_or_of_another_language(
    model: Transducer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model.save(tmp_path)
    with pytest.raises(
        InputError, match=r"expected a model of Swahili \(sw\), found one of toy; gi"
    ):
        open_model(tmp_path, resolve("sw"))

    def missing(*_: object, **__: object) -> None:
        raise ModuleNotFoundError("no torch", name="torch")

    monkeypatch.setattr(sources.Transducer, "load", missing)
    with pytest.raises(UnavailableError, match=r"needs the package torch; pip install -e .*\[cpu"):
        open_model(tmp_path, resolve("sw"))


def test_rules_are_learned_from_tables_of_the_first_language_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def table(code: str, *lemmas: str) -> Any:
        rows = [Triple(lemma, "V;PST", f"ali{lemma}") for lemma in lemmas]
        return SimpleNamespace(
            language=resolve(code), name=code, usual="a row", sha256=code, read=lambda **_: rows
        )

    tables = [table("sw", "soma", "pika"), table("sw", "lala"), table("swc", "enda")]
    monkeypatch.setattr(sources, "tables_of", lambda *_, **__: tables)
    found = sources.read_tables(resolve("sw"))
    assert [row.lemma for row in found.triples] == ["soma", "pika", "lala", "enda"]
    assert [row.lemma for row in found.teaching] == ["soma", "pika", "lala"]
    assert found.names == ("sw", "sw", "swc")


def test_features_are_read_in_one_of_some_ways() -> None:
    with pytest.raises(InputError, match=r"^features: expected .*both.*, found 'none'$"):
        Architecture(units=3, names=3, features="none")  # type: ignore[arg-type]


def test_rules_that_know_nothing_copy() -> None:
    assert _suffix_rule("abc", {}) == ("", "", 0)
    voting = Voting({}, AffixRules({}, reverse=False), Weights())
    [copied] = voting.rank("soma", "V;FUT").forms
    assert (copied.form, copied.share, copied.rule, copied.support) == ("soma", 1.0, "copy", 0)
    assert voting.rank("soma", "V;FUT").kind == "copy"


def test_only_as_many_triples_as_are_asked_for(tmp_path: Path) -> None:
    (tmp_path / "t.tsv").write_text(
        "".join(f"{row.lemma}\t{row.form}\t{row.features}\n" for row in regular(40, 1)), "utf-8"
    )
    columns = ("lemma", "form", "features")
    recipe = Recipe(steps=1)
    for examples in (None, 7):
        config = TrainingConfig(
            ("sw",), recipe, train=tmp_path / "t.tsv", columns=columns, examples=examples
        )
        [corpus] = read_data(config, access=Access(offline=True))
        assert len(corpus.train) == examples or len(corpus.train) > 30


def test_what_rules_refuse_is_answered_with_the_lemma() -> None:
    def refuse(lemma: str, features: str) -> None:
        raise InputError("not for me")

    rules: Any = object.__new__(LearnedRules)
    rules.rules, rules.steps = SimpleNamespace(predict=refuse), Counter()
    assert rules.predict([("soma", "V"), ("pika", "V")]) == ["soma", "pika"]
    assert rules.steps == {LEMMA_FOR_REFUSED: 2}


def test_what_rules_answer_is_counted_by_whether_one_fits() -> None:
    rules: Any = object.__new__(LearnedRules)
    rules.rules, rules.steps = Rules.learn(ROWS, policy="affix"), Counter()
    items = [("lala", "V;PST"), ("lala", "V;FUT"), ("imba", "V;PST")]
    assert rules.predict(items) == ["alilala", "lala", "aliimba"]
    assert rules.steps == {"rules": 2, "lemma, because no rule fits": 1}


def test_a_disk_that_is_full_and_one_that_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for code, kind in ((errno.ENOSPC, UnavailableError), (errno.EIO, OSError)):

        def fails(*_: object, code: int = code) -> None:
            raise OSError(code, "no")

        monkeypatch.setattr(submission, "write_whole", fails)
        with pytest.raises(kind):
            submission.write(Submission(tmp_path / "out", {"a": b"x"}, (), ()))
        assert list(tmp_path.iterdir()) == []


def test_an_empty_form_is_the_lemma_and_counted() -> None:
    steps = Counter[str]()
    assert [_form(form, (" soma ", "V"), steps) for form in (" a ", " ", "")] == [
        "a",
        "soma",
        "soma",
    ]
    assert steps == {LEMMA_FOR_EMPTY: 2}


def test_a_language_that_a_task_has_not() -> None:
    files: Any = [SimpleNamespace(group=name, codes=[name]) for name in ("heb", "swa")]
    told = r'^--lang: expected a language of the task, found "fi"; it has: heb, swa$'
    with pytest.raises(InputError, match=told):
        _chosen(files, ["fi"])
    assert _chosen(files, ["sw"]) == ["swa"]
    assert _chosen(files, []) == ["heb", "swa"]


def test_what_a_model_knows_and_does_not(model: Transducer) -> None:
    assert model.characters == frozenset(model.alphabet.units)
    assert "b" in model.characters
    with pytest.raises(InputError, match=r"^language: expected one of toy, found 'sw'$"):
        model._features("V;PST", "sw")


def test_a_training_goes_to_runs_where_nothing_else_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    places: list[Path] = []
    monkeypatch.setattr(train, "_train_transformer", lambda _, __, out, ___: places.append(out))
    assert train.main(["--lang", "sw", "--offline"]) == 0
    assert train.main(["--lang", "sw", "--offline", "--out", str(tmp_path)]) == 0
    assert places[0].parent == Path("runs")
    assert places[0].name.startswith("morph-sw-")
    assert places[1] == tmp_path
    told = [f"sw: training into {place}" for place in places]
    assert capsys.readouterr().out.splitlines() == told


def test_words_that_are_alike_again_after_a_difference_share_what_is_before_it() -> None:
    assert (shared_beginning("tenda", "tunda"), shared_end("tenda", "tunda")) == (1, 3)
    assert (shared_beginning("abc", "ab"), shared_end("bc", "abc")) == (2, 2)
    assert (shared_beginning("a", "b"), shared_end("", "b")) == (0, 0)


def test_of_what_other_kinds_add_the_most_alike_is_guessed_then_the_commonest() -> None:
    ending = _Ending(("V", "a"), "som", "a", "ali")
    links = {
        ("V", "V;PST", "ali"): [
            _Link(("V", "e"), "V;FUT", "ata", 9),
            _Link(("V", "e"), "V;FUT", "alo", 1),
            _Link(("V", "i"), "V;FUT", "alu", 2),
            _Link(("V", "a"), "V;FUT", "ali", 50),  # of its own kind: nothing new
            _Link(("V", "e"), "V;NEG", "ha", 1),
            _Link(("V", "i"), "V;NEG", "si", 3),
        ]
    }
    assert _guesses(links, "V;PST", ending) == {"V;FUT": "alu", "V;NEG": "si"}
    assert _guesses(links, "V;PRS", ending) == {}


def test_a_sample_keeps_the_order_of_the_data() -> None:
    rows = tuple(Triple(f"l{n}", "V;PST", f"f{n}") for n in range(50))
    data = InflectionData("toy", resolve("sw"), rows, (), "toy", "", "", True)
    for seed in range(3):
        places = [rows.index(row) for row in data.sample(20, seed).train]
        assert places == sorted(set(places))
        assert len(places) == 20


def test_what_is_written_stops_before_the_end() -> None:
    assert _until_end([5, 6, END, 7, END]) == [5, 6]
    assert _until_end([END]) == []
    assert _until_end([5, 6]) == [5, 6]


@pytest.mark.parametrize(("steps", "seconds"), [(7, None), (None, 60.0), (9, 60.0)])
def test_fairseq_is_told_what_the_recipe_says(
    steps: int | None, seconds: float | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = InflectionData("toy", resolve("sw"), tuple(ROWS), (), "toy", "", "", True)
    asked: list[tuple[Any, ...]] = []
    monkeypatch.setattr(fairseq, "read_data", lambda *_, **__: [data])
    monkeypatch.setattr(fairseq, "training_folder", lambda *_: nullcontext())
    monkeypatch.setattr(fairseq, "score", lambda *_: {})
    monkeypatch.setattr(
        fairseq, "train_with_fairseq", lambda *given, language: asked.append((*given, language))
    )
    recipe = Recipe(steps=steps, seconds=seconds, seed=3, batch=5)
    assert fairseq.train_through_fairseq(TrainingConfig(("sw",), recipe), tmp_path) == {}
    [(train_rows, dev, folder, settings, language)] = asked
    assert (train_rows, dev, folder, language) == (data.train, (), tmp_path / "model", "toy")
    assert settings == fairseq.FairseqSettings(
        seed=3, batch=5, seconds=seconds, steps=steps or fairseq.FairseqSettings().steps
    )
