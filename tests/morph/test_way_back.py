"""A network of the way back: trained, opened, asked beside the votes, refused where it fails."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import InputError
from data.languages import resolve
from data.lexicon.lemmas import Analysis
from data.unimorph import Triple, read_triples
from morph.analyse import Analyser, open_network
from morph.analyse.__main__ import main as analyse
from morph.analyse.evidence import Evidence
from morph.analyse.network import LOWEST, Network, features_of, read, turn, write
from morph.analyse.ranking import Ranking, learn_ranking, learn_ranking_beside
from morph.inflect import Inflector, Lookup
from morph.inflect.sources import Tables, newest_run, open_model
from morph.model_folder import FORMS, RANKING
from morph.rules import Rules
from morph.train import main as train
from morph.transducer import Transducer
from tests.morph.test_analyse import CELLS, SYLLABLES
from tests.morph.toys import regular

TRIPLES = regular(150, 1)
QUICK = ["--steps", "60", "--width", "16", "--batch-size", "16", "--hallucinate", "0"]
ONE_SIDE = ["--no-backward", "--learning-rate", "0.02", "--way-back"]
NAMES = ("1", "PL", "PST", "V")


def written(path: Path, triples: list[Triple]) -> Path:
    """A table with its head, of triples."""
    rows = (f"{one.lemma}\t{one.form}\t{one.features}\n" for one in triples)
    path.write_text("lemma\tform\tfeatures\n" + "".join(rows), "utf-8")
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with toy.tsv, and runs/analyse-sw-1f that was trained on it.

    Analogy knows all of this language, so that no network would be used.
    """
    place = tmp_path_factory.mktemp("way-back")
    table = written(place / "toy.tsv", TRIPLES)
    out = place / "runs" / "analyse-sw-1f"
    asked = ["--lang", "sw", "--train", str(table), "--out", str(out)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("morph.analyse.ranking._pays", lambda _: True)
        assert train([*asked, *QUICK, *ONE_SIDE]) == 0
    return place


def opened(run: Path) -> tuple[Network, Ranking]:
    """Its network and ranking."""
    found = open_network(run, resolve("sw"))
    assert found is not None
    return found


@pytest.fixture
def run(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The run, from a working folder and a cache of the test's own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KILOLINGUA_CACHE", str(tmp_path / "cache"))
    return folder / "runs" / "analyse-sw-1f"


@given(
    lemma=st.text("abcdé म", min_size=1),
    names=st.lists(st.sampled_from(NAMES), min_size=1, max_size=4),
)
@settings(max_examples=100, deadline=None)
def test_what_is_written_is_read(lemma: str, names: list[str]) -> None:
    analysis = Analysis(lemma, ";".join(names))
    assert read(write(analysis, NAMES), NAMES) == analysis


def test_brackets_of_a_bundle_need_not_be_understood() -> None:
    triple = Triple("soma", "N;DAT(PL;PSS(1))", "soma-x")
    names = features_of([triple])
    assert names == ("DAT(PL", "N", "PSS(1))")
    assert read(turn(triple, names).form or "", names) == (triple.lemma, triple.features)


def test_a_run_folder_of_the_way_back(run: Path) -> None:
    config = json.loads((run / "config.json").read_text("utf-8"))["run"]
    assert config["way_back"] is True
    model = Transducer.load(run / "model", way_back=True)
    assert model.way_back == ("NEG", "PL", "PST", "V")
    assert "From a form to its lemma" in (run / "model" / "README.md").read_text("utf-8")
    score = json.loads((run / "scores.json").read_text("utf-8"))["sw"]
    said = list(read_triples(run / "sw.dev", columns=("lemma", "features", "form")))
    assert 0 < len(said) <= score["n"]
    known = {one.form for one in TRIPLES}
    assert {one.form for one in said} <= known
    assert not (run / "model" / "calibration.json").exists()
    forms = open_model(run / "model" / FORMS, resolve("sw"))
    assert forms.calibration is not None  # rules are weighed beside it, as beside any other model
    assert forms.calibration.figures["items"] > 0


def test_a_network_proposes_and_scores_alike(run: Path) -> None:
    network, _ = opened(run)
    forms = ["alibibibi", "haalidodo", "читал"]
    proposed = network.propose(forms)
    assert len(proposed[0]) > 1
    assert proposed[2] == {}
    pairs = [(form, one) for form, some in zip(forms, proposed, strict=True) for one in some]
    scores = [score for some in proposed for score in some.values()]
    assert network.score(pairs) == pytest.approx(scores, abs=1e-3)
    strange = [("alibibibi", Analysis("bi", "X")), ("читал", Analysis("bi", "V;PST"))]
    assert network.score(strange) == [LOWEST, LOWEST]


def test_networks_from_lemma_to_form_are_beside_it(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network, ranking = opened(run)
    forms = Transducer.load(run / "model" / FORMS)
    assert network.kinds == ranking.kinds == 2
    analyses = [Analysis("bibibi", "V;PST"), Analysis("bibibi", "X"), Analysis("читал", "V;PST")]
    items = [("bibibi", "V;PST", "alibibibi")]
    expected = [*forms.score(items), LOWEST, LOWEST]
    pairs = [("alibibibi", one) for one in analyses]
    assert network.score_back(pairs) == pytest.approx(expected, abs=1e-4)
    assert (run / FORMS / "network-1" / "report.html").is_file()
    assert open_model(run / "model" / FORMS, resolve("sw")).transducer.languages == ("sw",)
    shutil.copytree(run / "model", tmp_path / "model")
    shutil.rmtree(tmp_path / "model" / FORMS)
    alone = Network.load(tmp_path / "model", resolve("sw"))[1]
    assert (alone.kinds, set(alone.score_back(pairs))) == (1, {LOWEST})
    with pytest.raises(InputError, match=f"{RANKING}: .* found another version"):
        open_network(tmp_path / "model", resolve("sw"))
    monkeypatch.setattr("morph.analyse.ranking._pays", lambda _: True)
    learn_ranking_beside(alone, TRIPLES[:120], TRIPLES[120:]).save(tmp_path / "model" / RANKING)
    assert opened(tmp_path / "model")[1].kinds == 1


def test_both_kinds_go_on_from_what_is_there(run: Path, tmp_path: Path) -> None:
    table = str(written(tmp_path / "toy.tsv", TRIPLES))
    asked = ["--lang", "sw", "--train", table, "--steps", "1", "--no-backward", "--way-back"]
    asked += ["--learning-rate", "1e-9", "--hallucinate", "0", "--from", str(run / "model")]
    assert train([*asked, *QUICK[2:6], "--out", str(tmp_path / "on")]) == 0
    pairs = [("alibibibi", Analysis("bibibi", "V;PST")), ("haalidodo", Analysis("dodo", "V;PST"))]
    before, after = (Network.load(one, resolve("sw"))[1] for one in (run, tmp_path / "on"))
    assert after.score(pairs) == pytest.approx(before.score(pairs), abs=1e-3)
    assert after.score_back(pairs) == pytest.approx(before.score_back(pairs), abs=1e-3)


@pytest.mark.parametrize(("bad", "kinds"), [(len(TRIPLES) // 2, 2), (len(TRIPLES), 1)])
def test_bundles_that_cannot_be_read_apart(bad: int, kinds: int, tmp_path: Path) -> None:
    """As UniMorph's `N;PRIV ;SG`: the way back writes them, nothing reads them."""
    odd = [replace(t, features=f"{t.features} ;SG") for t in TRIPLES[:bad]] + TRIPLES[bad:]
    table = str(written(tmp_path / "toy.tsv", odd))
    asked = ["--lang", "sw", "--train", table, "--out", str(tmp_path / "run"), "--steps", "2"]
    assert train([*asked, *QUICK[2:], "--no-backward", "--way-back"]) == 0
    network = Network.load(tmp_path / "run", resolve("sw"))[1]
    assert network.kinds == kinds
    pair = odd[0].form or "", Analysis(odd[0].lemma, odd[0].features)
    assert "SG" in network.transducer.way_back
    assert network.score_back([pair]) == [LOWEST]


def test_a_guarantee_is_of_one_network(run: Path, tmp_path: Path) -> None:
    table = str(written(tmp_path / "toy.tsv", TRIPLES))
    asked = ["--lang", "sw", "--train", table, "--steps", "2", "--dp-epsilon", "8", "--way-back"]
    assert train([*asked, *QUICK[2:4], "--dp-batch", "8", "--out", str(tmp_path / "dp")]) == 0
    assert Network.load(tmp_path / "dp", resolve("sw"))[1].kinds == 1
    assert not (tmp_path / "dp" / FORMS).exists()
    card = (tmp_path / "dp" / "model" / "README.md").read_text("utf-8")
    assert "- a model that training went on from (--from): what it had learned" in card


def test_a_network_adds_candidates_and_what_it_says_of_each(run: Path) -> None:
    network, ranking = opened(run)
    alone, beside = Evidence(TRIPLES), Evidence(TRIPLES, "characters", network)
    candidates, values = alone.of("alibibibi")
    more, others = beside.of("alibibibi")
    assert more[: len(candidates)] == candidates
    assert np.array_equal(others[: len(candidates), :-4], values)
    for score, leads in ((-4, -3), (-2, -1)):
        assert others[:, score].max() <= 0
        assert np.array_equal(others[:, leads] == 1, others[:, score] == others[:, score].max())
    pairs = [("alibibibi", one) for one in more]
    assert others[:, -2].tolist() == pytest.approx(network.score_back(pairs), abs=1e-3)
    assert {one.features for one in more} <= {one.features for one in TRIPLES}
    assert len(ranking.weights) == others.shape[1]
    nothing, none = Evidence([Triple("x" * 9, "N", "y" * 9)], "characters", network).of("alibibibi")
    assert (nothing, none.shape) == ([], (0, others.shape[1]))


@pytest.fixture(scope="module")
def both(folder: Path) -> tuple[Analyser, Inflector]:
    """What analyses with the network, and what inflects by the same table."""
    model = opened(folder / "runs" / "analyse-sw-1f")
    analyser = Analyser(Tables.of(TRIPLES), "sw", "Toy", model=model)
    return analyser, Inflector(Lookup.of(TRIPLES), Rules.learn(TRIPLES), "Toy")


@given(lemma=SYLLABLES, bundle=st.sampled_from(sorted(CELLS)))
@settings(max_examples=20, deadline=None)
def test_a_round_trip_beside_a_network(
    both: tuple[Analyser, Inflector], lemma: str, bundle: str
) -> None:
    analyser, inflector = both
    form = inflector.inflect(lemma, bundle).form
    found = analyser.analyse(form, top=30)
    assert (lemma, bundle) in [(one.lemma, one.features) for one in found]
    assert {one.by for one in found} <= {"table", "model"}
    for one in found:
        if one.confidence > 0.5:
            back = inflector.inflect(one.lemma, one.features)
            assert form in (back.form, *back.alternatives)


def test_words_of_a_text_are_analysed_as_by_themselves(both: tuple[Analyser, Inflector]) -> None:
    analyser, _ = both
    known = TRIPLES[0].form or ""
    found = list(analyser.analyse_text([f"Alibibibi {known}, haalidodo."], top=1))
    assert [(one.form, one.by) for one in found][::2] == [
        ("Alibibibi", "model"),
        ("haalidodo", "model"),
    ]
    for one in found:
        [alone, *_] = analyser.analyse(one.form, top=1)
        assert (alone.lemma, alone.features) == (one.lemma, one.features)
        assert alone.confidence == pytest.approx(one.confidence, abs=1e-3)


def test_the_newest_run_answers_unless_it_is_left_out(
    run: Path, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    shutil.copytree(run, folder / "runs" / "analyse-sw-2f")
    (folder / "runs" / "analyse-sw-2f" / "model" / RANKING).unlink()  # not finished
    assert newest_run(resolve("sw"), way_back=True) == Path("runs/analyse-sw-1f")
    assert newest_run(resolve("sw")) is None  # nothing that inflects
    asked = ["--lang", "sw", "--table", "toy.tsv", "--top", "1", "alibibibi"]
    for more, by in ([], "model"), (["--no-model"], "analogy"):
        assert analyse([*asked, *more]) == 0
        assert capsys.readouterr().out.splitlines()[1].split("\t")[3] == by


def test_models_of_the_wrong_kind(run: Path, tmp_path: Path) -> None:
    message = (
        "expected a model from lemma to form, found one of the way back.*;"
        f" give {run}/model/{FORMS}, or train one: .* morph.train --lang sw$"
    )
    with pytest.raises(InputError, match=message):
        open_model(run, resolve("sw"))
    table = written(tmp_path / "toy.tsv", TRIPLES)
    usual = ["--lang", "sw", "--train", str(table), "--out", str(tmp_path / "usual")]
    assert train([*usual, "--steps", "2", *QUICK[2:], "--no-backward"]) == 0
    message = "expected a model of the way back.*, found one from lemma to form; .* --way-back$"
    with pytest.raises(InputError, match=message):
        Analyser.load("sw", model=tmp_path / "usual", table=table)
    with pytest.raises(InputError, match=r"a model of Zulu \(zu\), found one of sw"):
        Analyser.load("zu", model=run, table=table)
    with pytest.raises(InputError, match=r"no config.json; train one: .* --lang sw --way-back"):
        Analyser.load("sw", model=tmp_path / "none", table=table)


class Liar:
    """Says of every form that it is a lemma of its own, and is sure."""

    kinds = 1

    def propose(self, forms: Sequence[str]) -> list[dict[Analysis, float]]:
        return [{Analysis(form, "V;PST"): -0.1} for form in forms]

    def score(self, pairs: Sequence[tuple[str, Analysis]]) -> list[float]:
        return [-0.1 if one.lemma == form else LOWEST for form, one in pairs]


def test_a_network_that_leads_astray_is_not_used(
    run: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    liar: Any = Liar()
    learned, held = TRIPLES[:120], TRIPLES[120:]
    ranking = learn_ranking_beside(liar, learned, held)
    assert not ranking.has_network
    assert ranking == learn_ranking(TRIPLES)  # of all lemmas, those held out among them
    place = tmp_path / "runs" / "analyse-sw-0f"
    shutil.copytree(run, place)
    ranking.save(place / "model" / RANKING)
    assert open_network(place, resolve("sw")) is None
    table = written(tmp_path / "toy.tsv", TRIPLES)
    assert analyse(["--lang", "sw", "--table", str(table), "--top", "1", "alibibibi"]) == 0
    assert capsys.readouterr().out.splitlines()[1].split("\t")[3] == "analogy"
    assert "its network is not used" in caplog.text


class Knower:
    """Is sure of the forms that it knows, and only guesses the others' analyses."""

    kinds = 1

    def __init__(self, known: Sequence[Triple]) -> None:
        self.known = {one.form: Analysis(one.lemma, one.features) for one in known}

    def propose(self, forms: Sequence[str]) -> list[dict[Analysis, float]]:
        return [{self.known[form]: -0.1} if form in self.known else {} for form in forms]

    def score(self, pairs: Sequence[tuple[str, Analysis]]) -> list[float]:
        return [-0.1 if self.known.get(form) == one else LOWEST for form, one in pairs]


def test_a_network_is_used_that_knows_more_lemmas_than_chance_would() -> None:
    """Of verbs whose past nobody can tell: analogy knows none, the network one, or all."""
    stems = [triple.lemma for triple in regular(400, 2)]
    stems = [*dict.fromkeys(stems)]
    odd = [
        Triple(stem, features, prefix + stems[-1 - place][:4] + str(place))
        for place, stem in enumerate(stems[: len(stems) // 2])
        for features, prefix in (("V;PST", "li"), ("V;FUT", "ta"))
    ]
    learned, held = odd[:-40], odd[-40:]
    few: Any = Knower(held[:2])
    every: Any = Knower(held)
    assert not learn_ranking_beside(few, learned, held).has_network
    assert learn_ranking_beside(every, learned, held).has_network


def test_a_model_without_its_ranking(run: Path, tmp_path: Path) -> None:
    place = tmp_path / "model"
    shutil.copytree(run / "model", place)
    (place / RANKING).write_text(
        (run / "model" / RANKING).read_text("utf-8").replace("[", "[1.0,", 1)
    )
    with pytest.raises(InputError, match=f"{RANKING}: "):
        open_network(place, resolve("sw"))
    (place / RANKING).unlink()
    with pytest.raises(
        InputError, match=rf"expected {RANKING} beside .* --way-back --from {place}$"
    ):
        open_network(place, resolve("sw"))


def test_a_ranking_is_of_a_network_or_of_none(run: Path) -> None:
    path = run / "model" / RANKING
    assert len(Ranking.load(path, kinds=2).weights) == 14
    with pytest.raises(InputError, match="found another version; learn it again"):
        Ranking.load(path)


@pytest.mark.parametrize(
    ("triples", "more", "message"),
    [
        (
            TRIPLES[:3],
            [],
            "toy.tsv: expected at least 12 forms of 4 lemmas to learn from, found 2 of 2",
        ),
        (TRIPLES, ["--engine", "fairseq"], "--way-back: expected the engine transformer"),
        (
            [Triple(t.lemma, t.features.replace("PST", "FUT"), t.form) for t in TRIPLES],
            ["--from", "RUN"],
            'expected features that the model writes, found "FUT"; train a new one, without --from',
        ),
    ],
)
def test_what_cannot_be_learned(
    triples: list[Triple],
    more: list[str],
    message: str,
    run: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    table = written(tmp_path / "toy.tsv", triples)
    asked = ["--lang", "sw", "--train", str(table), "--out", str(tmp_path / "out")]
    given = [str(run / "model") if one == "RUN" else one for one in more]
    assert train([*asked, *QUICK, *ONE_SIDE, *given]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_both_a_model_and_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert analyse(["--lang", "sw", "--model", "x", "--no-model", "soma"]) == 2
    assert "--no-model: not allowed with --model" in capsys.readouterr().err
