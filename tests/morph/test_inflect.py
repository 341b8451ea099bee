"""Who answers, and what is refused: tables, rules and a model of a few hand-made paradigms."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, cast

import pytest

from data.access import Access, cache_folder
from data.errors import InputError, UnavailableError
from data.languages import resolve
from data.unimorph import Triple
from morph.inflect import Inflector
from morph.inflect.choice import UNCALIBRATED
from morph.inflect.lookup import Lookup
from morph.inflect.sources import TrainedModel, newest_run
from morph.rules import Rules

ROWS = [
    ("talo", "N;NOM(SG)", "talo"),
    ("talo", "N;GEN(PL)", "talojen"),
    ("talo", "N;GEN(PL)", "taloin"),
    ("talo", "N;INE(SG)", "talossa"),
    ("auto", "N;NOM(SG)", "auto"),
    ("auto", "N;INE(SG)", "autossa"),
    ("sanoa", "V;NFIN", "sanoa"),
    ("sanoa", "V;PRES;1;SG", "sanon"),
]
TRIPLES = [Triple(*row) for row in ROWS]


class Hypothesis(NamedTuple):
    """A form with the logarithm of its probability."""

    form: str
    score: float


class Unsure:
    """A model that always answers `?`, and refuses a batch with the lemma `xyz`."""

    features = frozenset({"N", "INE", "SG"})

    def predict(self, items: Sequence[tuple[str, str]], **_: Any) -> list[list[Hypothesis]]:
        if any(lemma == "xyz" for lemma, _ in items):
            raise InputError("lemma xyz: not for me")
        return [[Hypothesis("?", -0.5)] for _ in items]

    def score(self, items: Sequence[tuple[str, str, str]], **_: Any) -> list[float]:
        return [-9.0] * len(items)


def finnish(model: bool = False) -> Inflector:
    opened = TrainedModel(Path("m"), cast("Any", Unsure()), UNCALIBRATED) if model else None
    table = Lookup.of(TRIPLES, "fi")
    return Inflector(table, Rules.learn(TRIPLES), "Finnish", model=opened, tables=["mine"])


def test_tables_answer_first_in_any_order_of_features() -> None:
    answer = finnish(model=True).inflect("Talo ", "GEN(PL);N")
    assert (answer.form, answer.by, answer.confidence) == ("talojen", "table", 1.0)
    assert (answer.alternatives, answer.why) == (("taloin",), "mine")
    assert finnish().inflect("sanoa", "V;PRS;1;SG").form == "sanon"  # the table spells it PRES


def test_then_the_model_and_rules_for_what_it_does_not_know() -> None:
    inflector = finnish(model=True)
    items = [("katto", "N;INE(SG)"), ("xyz", "N;INE(SG)"), ("puhua", "V;PRES;1;SG")]
    answers = inflector.inflect_all([*items, ("talo", "N;INE(SG)"), items[0]])
    assert [one.by for one in answers] == ["model", "rule", "rule", "table", "model"]
    assert [one.form for one in answers] == ["?", "xyzssa", "puhun", "talossa", "?"]
    assert answers[0].alternatives == ("kattossa",)  # what the rules say


def test_rules_where_there_is_no_model() -> None:
    answer = finnish().inflect("katto", "N;INE(SG)")
    assert (answer.form, answer.by) == ("kattossa", "rule")
    assert " : " in answer.why


def test_a_paradigm_has_every_bundle_of_the_part_of_speech() -> None:
    nouns = ["N;NOM(SG)", "N;GEN(PL)", "N;INE(SG)"]
    found = finnish().paradigm("auto")
    assert list(found) == nouns
    assert [one.by for one in found.values()] == ["table", "rule", "table"]
    assert list(finnish().paradigm("kissa", "N")) == nouns
    with pytest.raises(InputError, match=r'"kissa": .*which part of speech it is: N, V'):
        finnish().paradigm("kissa")
    with pytest.raises(InputError, match=r'expected one of N, V, found "ADJ"'):
        finnish().paradigm("kissa", "ADJ")


def test_forms_lead_back_to_lemmas() -> None:
    assert [tuple(one) for one in finnish().analyse("Talossa")] == [("talo", "N;INE(SG)")]
    assert finnish().analyse("kissassa") == ()


@pytest.mark.parametrize("row", TRIPLES, ids=lambda row: row.form)
def test_what_inflects_is_analysed(row: Triple) -> None:
    inflector = finnish()
    answer = inflector.inflect(row.lemma, row.features)
    assert row.form in (answer.form, *answer.alternatives)
    assert (row.lemma, row.features) in inflector.analyse(row.form or "")


@pytest.mark.parametrize(
    ("lemma", "features", "message"),
    [
        (" ", "N;INE(SG)", "lemma: expected a word, found nothing; give its dictionary form"),
        ("a\tb", "N;INE(SG)", 'lemma "a<TAB>b": expected one word, found a tab or a line break'),
        ("katto", "", r"features: expected a bundle, found nothing; give one, such as N;NOM\(SG\)"),
        ("katto", "N;INE(SG", r'expected "\)", found the end; close the bracket'),
        ("katto", "N;INES(SG)", r'found "INES" in .* \(did you mean INE\?\); correct it'),
        ("katto", "N;DAT(SG)", r'found "DAT" .*; of case they have GEN, NOM\)'),
        ("кот", "N;INE(SG)", r'lemma "кот": expected the script .*Finnish \(Latn\), found Cyrl'),
    ],
)
def test_questions_without_an_answer_are_refused(lemma: str, features: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        finnish(model=True).inflect(lemma, features)


def test_a_language_without_data_hears_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNIMORPH", "nowhere")
    monkeypatch.delenv("KILOLINGUA_MIRROR", raising=False)
    with pytest.raises(InputError, match=r"data of Wolof \(wo\), nor .* languages .*--table FILE"):
        Inflector.load("wo", access=Access(offline=True))
    with pytest.raises(UnavailableError, match=r"Quechua .* the table que of the catalog .*\.uni"):
        Inflector.load("qu", access=Access(offline=True))


def test_the_newest_finished_run_of_the_language_is_found(tmp_path: Path) -> None:
    for number, name in enumerate(["morph-swa-1", "morph-swh-2", "morph-tur-3", "morph-swa-4"]):
        config = tmp_path / name / "model" / "config.json"
        config.parent.mkdir(parents=True)
        if not name.endswith("4"):  # is still being trained
            config.write_text("{}")
            os.utime(config, (number, number))
    assert newest_run(resolve("sw"), tmp_path) == tmp_path / "morph-swh-2"
    assert newest_run(resolve("fi"), tmp_path) is None


def test_neither_torch_nor_numpy_is_needed_to_begin() -> None:
    code = "import morph.inflect, sys; print(sorted({'torch', 'numpy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_shona_from_the_mirror(mirror: Path) -> None:
    inflector = Inflector.load("sn", access=Access(offline=True))
    known = inflector.inflect("famba", "V;PST;1;SG")  # the table writes V;SG;1;PST
    assert (known.form, known.by) == ("ndakafamba", "table")
    new = inflector.inflect("bvunzisa", "V;PST;1;SG")  # to have somebody asked
    assert (new.form, new.by) == ("ndakabvunzisa", "rule")
    assert new.confidence > 0.9
    assert ("famba", "V;SG;1;PST") in inflector.analyse("ndakafamba")


class Copycat(Unsure):
    """A model that always gives the lemma, rightly for nominatives."""

    def predict(self, items: Sequence[tuple[str, str]], **_: Any) -> list[list[Hypothesis]]:
        return [[Hypothesis(lemma, -0.1)] for lemma, _ in items]


def test_calibration_is_kept_beside_the_model(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    inflector = finnish()
    opened = TrainedModel(tmp_path, cast("Any", Copycat()), None)
    inflector.model = opened
    dev = [Triple(f"{one}to", "N;INE(SG)", f"{one}tossa") for one in ("ka", "ma", "va", "ta")]
    found = inflector.calibrate(iter(dev))
    assert found.figures["accuracy model"] == 0
    assert inflector.model.calibration == found
    assert (tmp_path / "calibration.json").is_file()
    with pytest.raises(InputError, match="calibration: expected a trained model, found none; give"):
        finnish().calibrate(dev)


def test_rules_that_are_damaged_in_the_cache_are_learned_again(
    caplog: pytest.LogCaptureFixture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = tmp_path / "own.tsv"
    table.write_text("".join(f"{a}\t{c}\t{b}\n" for a, b, c in ROWS), "utf-8")
    order = ("lemma", "form", "features")

    def form() -> str:
        found = Inflector.load("fi", table=table, columns=order, newest=False)
        return found.inflect("katto", "N;INE(SG)").form

    assert form() == "kattossa"
    [kept] = (cache_folder() / "morph").iterdir()
    before = kept.read_bytes()
    kept.write_text("{", "utf-8")
    assert form() == "kattossa"
    assert f"{kept}: expected JSON" in caplog.text
    assert kept.read_bytes() == before


def test_features_that_only_the_schema_has_are_told() -> None:
    with pytest.raises(InputError, match=r"expected features that the data of Finnish have, found"):
        finnish().inflect("talo", "N;ZZZ")
