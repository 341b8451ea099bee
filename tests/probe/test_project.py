"""`probe.project`: components against numpy's own, settled signs, the page, bad input."""

from __future__ import annotations

import builtins
import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("polars")

from data.errors import InputError, UnavailableError
from data.tsv import read_header, read_tsv
from probe import scatter
from probe.project import COLUMNS, Projection, main, project, projected, shown_rows
from probe.projection import principal_components, umap

pytestmark = pytest.mark.usefixtures("small_inventory")

LANGUAGES = 4  # of the table that the model reads


def config(folder: Path, table: Path, out: Path, **more: object) -> Projection:
    given = {"dtype": "float32", "per_language": 5, **more}
    return Projection(model=str(folder), corpus=str(table), out=out, **given)


def test_components_are_the_eigenvectors_of_the_covariance() -> None:
    rng = np.random.default_rng(4)
    points = (rng.normal(size=(60, 5)) * [5, 3, 1, 0.5, 0.1]).astype(np.float32)
    found = principal_components(points, points, 5)
    values = np.sort(np.linalg.eigvalsh(np.cov(points.T.astype(float), bias=True)))[::-1]
    assert found.shares == pytest.approx(values / values.sum(), rel=1e-5)
    assert found.points.var(axis=0) == pytest.approx(values, rel=1e-4)
    assert found.points.mean(axis=0) == pytest.approx(np.zeros(5), abs=1e-6)


def test_signs_do_not_hang_on_the_order_of_points() -> None:
    rng = np.random.default_rng(4)
    points = (rng.normal(size=(30, 4)) * [4, 2, 1, 0.5]).astype(np.float32)
    one = principal_components(points, points)
    order = rng.permutation(30)
    other = principal_components(points[order], points[order])
    assert other.points == pytest.approx(one.points[order], abs=1e-5)
    axis = np.linalg.lstsq(points - points.mean(0), one.points, rcond=None)[0].T
    assert all(row[np.abs(row).argmax()] > 0 for row in axis)


def test_points_that_do_not_differ_are_refused() -> None:
    with pytest.raises(InputError, match="all in one place"):
        principal_components(np.ones((5, 3), np.float32), np.ones((5, 3), np.float32))
    with pytest.raises(InputError, match="expected 3 points or more, found 2"):
        principal_components(np.eye(2, dtype=np.float32), np.eye(2, dtype=np.float32))


def test_umap_that_is_not_installed_says_what_to_run(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: object, **more: object) -> object:
        if name == "umap":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(UnavailableError, match=r'pip install "kilolingua\[umap\]"'):
        umap(np.eye(9, dtype=np.float32), 1)


def test_a_run_writes_every_point_and_the_share_of_each_component(
    folder: Path,
    table: Path,
    tmp_path: Path,
) -> None:
    out = tmp_path / "run"
    done = project(config(folder, table, out))
    assert read_header(out / "coordinates.tsv") == COLUMNS
    rows = list(read_tsv(out / "coordinates.tsv", COLUMNS, header=True, empty=COLUMNS))
    assert len(rows) == LANGUAGES * 5, "Tibetan is left out"
    assert {row.cells[0] for row in rows} == {"swh", "zul", "de", "nl"}
    assert "not representable" in done.notes[-1]
    numbers = [row.cells[5] for row in rows[:5]]
    assert [row.cells[5] for row in rows[5:10]] == numbers, "the same sentences of each language"
    assert 0.95 < sum(done.shares) <= 1, "ten of them have nearly all"
    assert list(done.shares) == sorted(done.shares, reverse=True)
    before = {path.name: path.read_bytes() for path in out.iterdir() if path.suffix != ".lock"}
    project(config(folder, table, out))
    assert before == {p.name: p.read_bytes() for p in out.iterdir() if p.suffix != ".lock"}


def test_the_page_loads_nothing_and_has_each_point(
    folder: Path,
    table: Path,
    tmp_path: Path,
) -> None:
    project(config(folder, table, tmp_path / "run"))
    page = (tmp_path / "run" / "report.html").read_text("utf-8")
    data = json.loads(page.partition('id="data">')[2].partition("</script>")[0])
    assert len(data["points"]) == LANGUAGES * 5
    assert list(data["kinds"]) == ["family", "genus", "topic", "language"], "one script: no choice"
    assert len(data["kinds"]["language"]["of"]) == LANGUAGES * 5
    assert page.count("<path class=") >= LANGUAGES * 5, "drawn without a script, too"
    for outside in ("src=", "@import", "url(", 'href="http'):
        assert outside not in page


def test_text_of_a_table_cannot_end_the_script() -> None:
    told = scatter._script_text({"topic": "</script><b>&"})
    assert "<" not in told
    assert json.loads(str(told)) == {"topic": "</script><b>&"}


def test_small_groups_share_a_mark() -> None:
    labels = [f"g{number:02}" for number in range(40)] + ["g39"] * 3
    groups, members = scatter.marks(labels)
    assert len(groups) == scatter.MOST
    assert groups[0] == {"name": "g39", "points": 4, "hue": 0, "shape": 0}
    assert groups[-1]["name"] == "others"
    assert sum(one["points"] for one in groups) == 43
    assert max(members) == len(groups) - 1


def test_means_and_centred_points() -> None:
    rng = np.random.default_rng(0)
    sides = {
        name: rng.normal(size=(8, 4)).astype(np.float32) + at for at, name in enumerate("abcd")
    }
    means = projected(sides, [], Projection(show="languages"))
    assert means.points.shape == (4, 2 if means.points.shape[1] == 2 else means.points.shape[1])
    moved = projected(sides, [0, 1], Projection(centred=True))
    assert len(moved.points) == 8
    apart = [projected(sides, range(8), Projection(centred=way)).points for way in (False, True)]
    between = [np.var(one.reshape(4, 8, -1).mean(axis=1)) for one in apart]
    assert between[1] < 0.2 * between[0]
    assert shown_rows(8, Projection(per_language=3)) == shown_rows(8, Projection(per_language=3))
    with pytest.raises(InputError, match=r"makes 4,004 points, more than the 4,000"):
        projected(sides, [0] * 1001, Projection(per_language=1001))


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--layer", "9"], "the model has 0 (its embeddings) to 2, found 9"),
        (["--layer", "all"], "--layer all: expected one layer, found 3"),
        (["--lang", "swh"], "expected 2 languages or more"),
        (["--method", "tsne"], "expected one of pca, umap"),
        (["--show", "languages", "--centred"], "--centred: takes away the means"),
        (["--lang", "swh,klingonese"], "unknown language 'klingonese'"),
    ],
)
def test_what_cannot_be_asked_is_one_line(
    folder: Path,
    table: Path,
    tmp_path: Path,
    argv: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = ["--model", str(folder), "--corpus", str(table), "--dtype", "float32"]
    assert main([*given, "--out", str(tmp_path / "run"), *argv]) == 2
    told = capsys.readouterr().err
    assert message in told
    assert told.count("\n") == 1
    assert not (tmp_path / "run").exists()


def test_the_command_says_how_much_of_the_variance_it_shows(
    folder: Path,
    table: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = ["--model", str(folder), "--corpus", str(table), "--dtype", "float32"]
    assert main([*given, "--out", str(tmp_path / "run")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("component 1: ")
    assert lines[2] == "40 points"
