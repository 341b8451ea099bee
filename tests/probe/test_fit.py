"""`probe.fit`: tests and weights against plain computations, similarities by hand, the run."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("polars")

from data.errors import InputError
from data.tsv import read_header, read_tsv
from probe import fit as command
from probe.fit import Fit, agree, main
from probe.mantel import fit
from probe.relatedness import (
    by_descent,
    by_place,
    by_script,
    by_subwords,
    cosine,
    kernel_alignment,
    retrieved,
)
from probe.retrieval import retrieve

pytestmark = pytest.mark.usefixtures("small_inventory")

LANGUAGES = 8
CODES = ("swh", "zul", "xho", "de", "nl", "fr", "fi")


def every_pair(count: int) -> np.ndarray:
    return np.array(list(itertools.combinations(range(count), 2)))


def symmetric(rng: np.random.Generator, count: int = LANGUAGES) -> np.ndarray:
    table = rng.normal(size=(count, count))
    return table + table.T


@pytest.fixture
def world() -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """An outcome that follows one table closely, another a little, a third not at all."""
    rng = np.random.default_rng(11)
    tables = {name: symmetric(rng) for name in ("strong", "weak", "none")}
    pairs = every_pair(LANGUAGES)
    at = pairs[:, 0], pairs[:, 1]
    noise = 0.3 * rng.normal(size=len(pairs))
    return pairs, tables["strong"][at] + 0.4 * tables["weak"][at] + noise, tables


def test_correlations_and_weights_are_those_of_plain_formulas(world) -> None:
    pairs, values, tables = world
    found = fit(pairs, values, tables)
    columns = np.stack([table[pairs[:, 0], pairs[:, 1]] for table in tables.values()], axis=1)
    wide = (columns - columns.mean(0)) / columns.std(0)
    tall = (values - values.mean()) / values.std()
    weights, residue, *_ = np.linalg.lstsq(wide, tall, rcond=None)
    for row, column, weight in zip(found.rows, columns.T, weights, strict=True):
        assert row.r == pytest.approx(np.corrcoef(column, values)[0, 1])
        assert row.weight == pytest.approx(weight)
        assert row.low <= row.r <= row.high
    assert found.explained == pytest.approx(1 - residue[0] / len(values))
    assert (found.pairs, found.languages) == (28, 8)


def test_what_the_outcome_follows_has_a_small_p_and_what_it_does_not_has_none(world) -> None:
    strong, _, none = fit(*world).rows
    assert strong.p < 0.01
    assert strong.p_weight < 0.01
    assert none.p > 0.05
    assert none.p_weight > 0.05


def test_p_is_the_share_of_all_orders() -> None:
    """Six languages have 720 orders: drawn ones come near to all of them."""
    rng = np.random.default_rng(2)
    table, pairs = symmetric(rng, 6), every_pair(6)
    values = table[pairs[:, 0], pairs[:, 1]] + 1.2 * rng.normal(size=len(pairs))
    r = np.corrcoef(table[pairs[:, 0], pairs[:, 1]], values)[0, 1]
    every = [
        abs(np.corrcoef(table[np.ix_(order, order)][pairs[:, 0], pairs[:, 1]], values)[0, 1])
        for order in itertools.permutations(range(6))
    ]
    exact = np.mean(np.array(every) >= abs(r) - 1e-12)
    found = fit(pairs, values, {"table": table}, permutations=4000)
    assert found.rows[0].p == pytest.approx(exact, abs=0.025)


def test_one_source_stays_where_it_is() -> None:
    rng = np.random.default_rng(3)
    table = symmetric(rng, 9)
    pairs = np.array([(4, at) for at in range(9) if at != 4])
    found = fit(pairs, table[4, pairs[:, 1]] * 2 + 1, {"table": table})
    assert found.rows[0].r == pytest.approx(1)
    assert found.rows[0].p < 0.01
    assert found.languages == 9


def test_too_few_languages_and_one_value_are_refused() -> None:
    rng = np.random.default_rng(0)
    pairs = every_pair(5)
    with pytest.raises(InputError, match="expected 6 languages or more, found 5"):
        fit(pairs, np.arange(10.0), {"table": symmetric(rng, 5)})
    pairs = every_pair(6)
    with pytest.raises(
        InputError, match="expected script to differ between pairs, found one value"
    ):
        fit(pairs, np.arange(15.0), {"script": np.ones((6, 6))})
    with pytest.raises(
        InputError, match="expected the outcome to differ between pairs, found gaps"
    ):
        fit(pairs, np.full(15, np.nan), {"table": symmetric(rng, 6)})


def test_similarities_of_representations() -> None:
    rng = np.random.default_rng(5)
    meaning = rng.normal(size=(20, 6))
    turn = np.linalg.qr(rng.normal(size=(6, 6)))[0]
    sides = {
        "same": meaning,
        "turned": 3 * meaning @ turn + 7,
        "other": rng.normal(size=(20, 6)),
        "near": meaning + 0.3 * rng.normal(size=(20, 6)),
    }
    sides = {name: one.astype(np.float32) for name, one in sides.items()}
    aligned = kernel_alignment(sides)
    assert aligned[0, 1] == pytest.approx(1, abs=1e-5), "turned, scaled and moved alike"
    assert aligned[0, 2] < 0.6
    left, right = (side - side.mean(0) for side in (sides["same"], sides["near"]))
    hsic = np.linalg.norm(left.T @ right) ** 2
    scale = np.linalg.norm(left.T @ left) * np.linalg.norm(right.T @ right)
    assert aligned[0, 3] == pytest.approx(hsic / scale, rel=1e-4)
    table = retrieved(sides)
    expected = np.mean(retrieve(sides["same"], sides["near"], "centred").right)
    assert table[0, 3] == table[3, 0] == pytest.approx(expected)
    means = np.stack([one.mean(0) for one in sides.values()])
    means -= means.mean(0)
    between = means[0] @ means[2] / np.linalg.norm(means[0]) / np.linalg.norm(means[2])
    assert cosine(sides)[0, 2] == pytest.approx(between, abs=1e-5)


def test_similarities_of_languages_by_hand() -> None:
    trees = by_descent([("a", "b", "x"), ("a", "b", "y"), ("a", "z"), ("q",), None])
    assert trees[0, :4] == pytest.approx([1, 4 / 6, 2 / 5, 0])
    assert np.isnan(trees[4]).all()
    places = by_place([(0.0, 0.0), (0.0, 180.0), None])
    assert -np.expm1(-places[0, 1]) == pytest.approx(-np.pi * 6371.0088, rel=1e-6)
    assert places[0, 0] == 0
    assert np.isnan(places[0, 2])
    assert by_script([["ab"], ["вг"]])[0, 1] == 0
    pieces = by_subwords([[[1, 1], [2]], [[1], [3]]])
    assert pieces[0, 1] == pytest.approx(1 / 2)
    assert pieces[0, 0] == 1


@pytest.fixture
def many(tmp_path: Path) -> Path:
    rng = np.random.default_rng(9)
    lines = ["\t".join(CODES)]
    for _ in range(12):
        cells = []
        for at in range(len(CODES)):
            letters = ["a", "b", "aab", "ab", "ba", "ŋ", "bb"][at]
            cells.append("".join(rng.choice(["a", "b", letters, " "], size=9)) + letters)
        lines.append("\t".join(cells))
    (tmp_path / "many.tsv").write_text("\n".join(lines) + "\n", "utf-8")
    return tmp_path / "many.tsv"


def config(folder: Path, many: Path, out: Path, **more: object) -> Fit:
    given = {"dtype": "float32", "permutations": 99, **more}
    return Fit(model=str(folder), corpus=str(many), out=out, **given)


def test_a_run_tests_three_measures_and_writes_every_pair(
    folder: Path, many: Path, tmp_path: Path
) -> None:
    done = agree(config(folder, many, tmp_path / "run"))
    assert list(done.fits) == ["cosine of means", "alignment", "retrieval"]
    assert all(one.languages == 7 and one.pairs == 21 for one in done.fits.values())
    path = tmp_path / "run" / "similarity.tsv"
    columns = read_header(path)
    assert columns[:5] == ("source", "target", "cosine of means", "alignment", "retrieval")
    rows = {row.cells[:2]: row.cells for row in read_tsv(path, columns, header=True)}
    assert len(rows) == 21
    assert float(rows["zul", "xho"][5]) > float(rows["zul", "de"][5]) == 0, "descent"
    told = json.loads((tmp_path / "run" / "scores.json").read_text("utf-8"))
    assert len(told["scores"]) == 9
    assert "script: the same for all pairs, so that it explains nothing" in done.notes
    assert told["scores"][0]["low"] <= told["scores"][0]["value"]
    page = (tmp_path / "run" / "report.html").read_text("utf-8")
    assert "genealogy" in page
    before = path.read_bytes()
    agree(config(folder, many, tmp_path / "run"))
    assert path.read_bytes() == before


def test_a_file_of_transfer_scores_is_the_outcome(folder: Path, many: Path, tmp_path: Path) -> None:
    lines = ["source\ttarget\tscore"]
    lines += [f"de\t{code}\t{at / 10}" for at, code in enumerate(CODES) if code != "de"]
    lines += ["de\tja\t0.5"]
    (tmp_path / "transfer.tsv").write_text("\n".join(lines) + "\n", "utf-8")
    done = agree(config(folder, many, tmp_path / "run", scores=tmp_path / "transfer.tsv"))
    assert list(done.fits) == ["score"]
    assert (done.fits["score"].pairs, done.fits["score"].languages) == (6, 7)
    assert "has no texts of theirs: ja" in done.notes[0]


def test_a_run_of_retrieval_is_the_outcome(
    folder: Path, many: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    many.write_text(many.read_text("utf-8").replace("fi\n", "en\n", 1), "utf-8")
    records = [
        {"corpus": "t", "code": code, "n": 10, "right": {"0|cosine": [9, 9], "2|cosine": [at, at]}}
        for at, code in enumerate(CODES[:-1])
    ]
    run = tmp_path / "retrieval"
    run.mkdir()
    lines = "".join(json.dumps(record) + "\n" for record in records)
    (run / "languages.jsonl").write_text(lines, "utf-8")
    done = agree(config(folder, many, tmp_path / "run", run=run))
    assert list(done.fits) == ["t, cosine"], "the last layer"
    path = tmp_path / "run" / "similarity.tsv"
    rows = list(read_tsv(path, read_header(path), header=True))
    assert [row.cells[:2] for row in rows] == [(code, "en") for code in CODES[:-1]]
    assert [float(row.cells[2]) for row in rows] == [0, 0.1, 0.2, 0.3, 0.4, 0.5]


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--layer", "9"], "the model has 0 (its embeddings) to 2, found 9"),
        (["--lang", "swh"], "expected 6 languages or more"),
        (["--lang", "swh,de,nl"], "expected 6 languages or more, to tell them apart, found"),
        (["--scores", "bad.tsv"], 'bad.tsv:2: expected a number as score, found "high"'),
        (["--scores", "who.tsv"], "who.tsv:2: unknown language 'klingonese'"),
        (["--scores", "a.tsv", "--run", "b"], "two outcomes"),
        (["--run", "nowhere"], "no languages.jsonl"),
        (["--permutations", "5"], "--permutations 5: expected 99 or more"),
    ],
)
def test_what_cannot_be_asked_is_one_line(
    folder: Path,
    many: Path,
    tmp_path: Path,
    argv: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("bad.tsv").write_text("source\ttarget\tscore\nde\tnl\thigh\n")
    Path("who.tsv").write_text("source\ttarget\tscore\nde\tklingonese\t1\n")
    given = ["--model", str(folder), "--corpus", str(many), "--dtype", "float32"]
    assert main([*given, "--out", str(tmp_path / "run"), *argv]) == 2
    told = [line for line in capsys.readouterr().err.splitlines() if "error" in line]
    assert len(told) == 1
    assert message in told[0]


def test_the_command_prints_a_table(folder: Path, many: Path, tmp_path: Path, capsys) -> None:
    given = ["--model", str(folder), "--corpus", str(many), "--dtype", "float32"]
    assert main([*given, "--permutations", "99", "--out", str(tmp_path / "run")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[:3] == ["outcome", "predictor", "r"]
    assert "all: R²" in lines[4]
    assert command.PREDICTORS == ("genealogy", "geography", "script", "subwords")
