"""Is B better than A: tests on stored statistics, and runs that may not be compared."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from data.errors import InputError
from icl.compare import main
from icl.evaluate import evaluate
from icl.options import RunConfig
from icl.pairing import compare, compare_pairings, extremes, pair_runs, with_scores


@pytest.fixture(scope="module")
def run(tiny_decoder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run on 60 sentences of the sample, both directions."""
    folder = tmp_path_factory.mktemp("runs")
    config = RunConfig(
        "sw",
        direction="both",
        test_set="sample",
        model=str(tiny_decoder),
        limit=60,
        max_new_tokens=4,
        metrics=("BLEU", "chrF++", "TER"),
        offline=True,
        out=folder / "a",
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("KILOLINGUA_MIRROR", raising=False)
        patch.setenv("KILOLINGUA_CACHE", str(folder / "cache"))
        evaluate(config)
    return folder / "a"


def test_a_gloss_is_better_than_a_copy(run: Path) -> None:
    found = compare(run, run, ("copy", "gloss"), trials=1000)
    assert [(c.direction, c.metric, c.n) for c in found] == [
        (direction, name, 60)
        for direction in ("sw-en", "en-sw")
        for name in ("BLEU", "chrF++", "TER")
    ]
    chrf = found[1]
    assert chrf.verdict == "B"
    assert 0 < chrf.low < chrf.difference < chrf.high
    assert chrf.wins > chrf.losses
    assert chrf.p_randomisation == pytest.approx(1 / 1001), "no trial in a thousand exceeds it"


def test_scores_are_those_of_the_run(run: Path) -> None:
    stored = json.loads((run / "scores.json").read_text("utf-8"))["results"]
    scores = {(r["system"], r["direction"], s["name"]): s for r in stored for s in r["scores"]}
    for found in compare(run, run, ("model", "gloss"), trials=40):
        assert found.a == scores["model", found.direction, found.metric]["value"]
        assert found.b == scores["gloss", found.direction, found.metric]["value"]


def test_a_system_is_no_better_than_itself(run: Path) -> None:
    for found in compare(run, run, trials=100):
        assert (found.difference, found.low, found.high) == (0, 0, 0)
        assert (found.wins, found.losses, found.verdict) == (0, 0, "neither")


def test_lower_is_better_for_ter(run: Path) -> None:
    [pairing, _] = pair_runs(run, run, ("copy", "gloss"))
    [_, chrf, ter] = compare_pairings([pairing], trials=40)
    assert (chrf.higher_is_better, ter.higher_is_better) == (True, False)
    assert chrf.label == "chrF++"
    assert ter.label == "TER (lower is better)"
    differences = pairing.differences("TER")
    assert (ter.wins, ter.losses) == (
        sum(d < 0 for d in differences),
        sum(d > 0 for d in differences),
    )
    only = replace(pairing, metrics=("TER",))
    [(heading, better), _] = extremes(only, 5)
    assert heading == "B does better, by TER"
    assert all(segment.difference < 0 for segment in better)


def edit_config(**changes: object) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        path = folder / "config.json"
        content = json.loads(path.read_text("utf-8"))
        for system in content["run"]["systems"]:
            system.update(changes)
        path.write_text(json.dumps(content), "utf-8")

    return edit


def change_segments(change: Callable[[list[str]], list[str]]) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        path = folder / "segments.jsonl"
        path.write_text("".join(change(path.read_text("utf-8").splitlines(True))), "utf-8")

    return edit


def other_tokenisation(folder: Path) -> None:
    path = folder / "scores.json"
    path.write_text(path.read_text("utf-8").replace("tok:13a", "tok:zh"), "utf-8")


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (edit_config(**{"set-sha256": "0" * 16}), r"they differ in set-sha256 \(\w+ and 0+\)"),
        (edit_config(limit=50), r"they differ in limit \(60 and 50\)"),
        (edit_config(direction="yo-en"), r"directions differ \(sw-en, en-sw and yo-en\)"),
        (change_segments(lambda lines: lines[:-1]), "60 and 59 segments, not the same ones"),
        (
            change_segments(
                lambda lines: [s.replace('"reference":"', '"reference":"X') for s in lines]
            ),
            "the references of sample:sw-en:[0-9]+ differ",
        ),
        (other_tokenisation, "BLEU was made with .*tok:13a.* and with .*tok:zh"),
    ],
)
def test_runs_that_may_not_be_compared(
    edit: Callable[[Path], None], message: str, run: Path, tmp_path: Path
) -> None:
    shutil.copytree(run, tmp_path / "b")
    edit(tmp_path / "b")
    with pytest.raises(InputError, match=message):
        compare(run, tmp_path / "b", trials=40)


def test_command(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = [str(run), str(run), "--systems", "copy,gloss", "--out", str(tmp_path)]
    assert main(options) == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown[0].split()[:3] == ["direction", "metric", "n"]
    assert shown[-1] == f"wrote {tmp_path}: scores.json report.html"
    page = (tmp_path / "report.html").read_text("utf-8")
    assert "B does better, by chrF++" in page
    assert "http" not in page
    written = json.loads((tmp_path / "scores.json").read_text("utf-8"))
    assert [c["better"] for c in written["comparisons"]][:2] == ["B", "B"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["nowhere", "nowhere"], "nowhere: no config.json; give the folder of a finished run"),
        (["a", "a", "--systems", "model"], '--systems "model": expected two, such as copy,model'),
        (["a", "a", "--systems", "model,human"], 'has no system "human"; it has model, copy'),
    ],
)
def test_bad_input(
    options: list[str],
    message: str,
    run: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(run.parent)
    assert main(options) == 2
    assert message in capsys.readouterr().err


def test_several_languages_are_pooled_by_way(run: Path) -> None:
    one, back = pair_runs(run, run, ("copy", "gloss"))
    other = replace(one, direction="yo-en")
    found = compare_pairings([one, back, other], trials=40, resamples=40)
    by_name = {(c.direction, c.metric): c for c in found}
    assert {c.direction for c in found} == {"sw-en", "en-sw", "yo-en", "pooled xx-en"}
    pooled = by_name["pooled xx-en", "chrF++"]
    assert pooled.n == 120
    assert pooled.b == pytest.approx(by_name["sw-en", "chrF++"].b), "twice the same segments"


def test_scores_of_another_tool(run: Path, tmp_path: Path) -> None:
    [pairing, _] = pair_runs(run, run, ("copy", "gloss"))
    files = [tmp_path / "a.txt", tmp_path / "b.txt"]
    for path, score in zip(files, ("0.25\n", "0.75\n"), strict=True):
        path.write_text(score * 60)
    [*_, comet] = compare_pairings([with_scores(pairing, "COMET", *files)], trials=40)
    assert (comet.metric, comet.a, comet.b, comet.verdict) == ("COMET", 0.25, 0.75, "B")
    assert (comet.wins, comet.losses) == (60, 0)
    for name, higher, verdict in (
        ("MetricX-24-Hybrid-XL", None, "A"),
        ("MetricX", True, "B"),  # negated by who wrote the file
        ("Fluency", None, "unknown"),
        ("Fluency", False, "A"),
    ):
        scored = with_scores(pairing, name, *files, higher=higher)
        [*_, found] = compare_pairings([scored], trials=40)
        assert found.verdict == verdict
        counts = {"A": (0, 60), "B": (60, 0), "unknown": (None, None)}
        assert (found.wins, found.losses) == counts[verdict]
    for name in ("TER", " ", ""):
        with pytest.raises(InputError, match="--scores: expected a new name of a metric, found"):
            with_scores(pairing, name, *files)
    files[0].write_text("0.25\nnan\n")
    with pytest.raises(InputError, match=r"a\.txt:2: expected a number, found 'nan'; correct it"):
        with_scores(pairing, "COMET", *files)
    files[0].write_text("0.25\n")
    with pytest.raises(InputError, match="expected 60 scores, one a segment, found 1; score the"):
        with_scores(pairing, "COMET", *files)


def test_blank_lines_at_the_end_of_scores_are_none(run: Path, tmp_path: Path) -> None:
    [pairing, _] = pair_runs(run, run, ("copy", "gloss"))
    path = tmp_path / "a.txt"
    path.write_bytes(b"\xef\xbb\xbf" + b"0.5\r\n" * 60 + b"\r\n\n")
    assert len(with_scores(pairing, "COMET", path, path).a) == 60
    path.write_bytes(b"x" * 100_000)
    with pytest.raises(InputError, match="expected a number, found") as caught:
        with_scores(pairing, "COMET", path, path)
    assert len(str(caught.value)) < 300
    path.write_bytes(b"\xff0.5")
    with pytest.raises(InputError, match=r"a\.txt: expected text in UTF-8, found invalid"):
        with_scores(pairing, "COMET", path, path)


def test_several_tools_at_once(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = tmp_path / "one"
    shutil.copytree(run, one)
    for name in ("config.json", "scores.json"):
        content = json.loads((one / name).read_text("utf-8"))
        of = content["run"]["systems"] if name == "config.json" else content["results"]
        of[:] = [entry for entry in of if entry["direction"] == "sw-en"]
        (one / name).write_text(json.dumps(content), "utf-8")
    lines = (one / "segments.jsonl").read_text("utf-8").splitlines(True)
    (one / "segments.jsonl").write_text("".join(x for x in lines if ":sw-en:" in x), "utf-8")
    monkeypatch.chdir(tmp_path)
    Path("a.txt").write_text("1\n" * 60)
    Path("b.txt").write_text("2\n" * 60)
    command = [str(one), str(one), "--systems", "copy,gloss", "--out", "out"]
    scores = [
        "COMET=a.txt,b.txt",
        "MetricX=a.txt,b.txt",
        "Foo=a.txt,b.txt",
        "Bar:lower=a.txt,b.txt",
    ]
    assert main([*command, *(part for each in scores for part in ("--scores", each))]) == 0
    shown = capsys.readouterr().out
    assert "no verdict by Foo: it is not known whether higher is better" in shown
    found = json.loads(Path("out/scores.json").read_text("utf-8"))["comparisons"]
    better = {entry["metric"]: (entry["better"], entry["wins"]) for entry in found}
    assert better["COMET"] == ("B", 60)
    assert better["MetricX"] == ("A", 0)
    assert better["Foo"] == ("unknown", None)
    assert better["Bar"] == ("A", 0)
    assert "Bar (lower is better)" in Path("out/report.html").read_text("utf-8")
    assert main([*command, "--scores", "Foo:up=a.txt,b.txt"]) == 2
    assert "expected NAME:higher or NAME:lower, found :up" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("config.json", "[]"),
        ("config.json", '{"run": {"systems": [3]}}'),
        ("config.json", "[" * 5000),
        ("scores.json", '{"results": [{"system": "copy", "direction": "sw-en"}]}'),
        ("scores.json", '{"results": 1' + "0" * 5000 + "}"),
        ("segments.jsonl", '{"id": "sample:sw-en:1", "key": "k", "system": "copy"}\n'),
        ("segments.jsonl", '{"id": "x", "key": "k", "system": "copy"}\n'),
    ],
)
def test_damaged_run_folders_are_one_line(
    run: Path, tmp_path: Path, name: str, content: str, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(run, tmp_path / "b")
    (tmp_path / "b" / name).write_text(content)
    assert main([str(run), str(tmp_path / "b"), "--systems", "copy,copy"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_rows_of_another_metric_are_refused(run: Path, tmp_path: Path) -> None:
    shutil.copytree(run, tmp_path / "b")
    change_segments(lambda lines: [line.replace('"TER":[', '"TER":[1,') for line in lines])(
        tmp_path / "b"
    )
    with pytest.raises(InputError, match=r"expected 2 numbers for TER in .*, found 3; run"):
        pair_runs(run, tmp_path / "b", ("copy", "copy"))
