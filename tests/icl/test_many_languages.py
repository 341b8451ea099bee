"""Many languages in one run: one queue, macro averages, and a kill in the middle."""

from __future__ import annotations

import json
import signal
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from data.access import Access
from data.errors import InputError
from icl.eval import main
from icl.evaluate import evaluate
from icl.groups import members
from icl.options import RunConfig
from icl.prepare import prepare
from icl.report import table
from icl.scoring import Evaluation
from tests.icl.languages import write_test_set
from tests.icl.test_eval import wait_for_lines


def arguments(model: Path, tests: str, languages: str, out: Path, *more: str) -> list[str]:
    base = ["--lang", languages, "--test-set", tests, "--model", str(model), "--out", str(out)]
    return [*base, "--direction", "both", "--offline", "--max-new-tokens", "8", *more]


def run(model: Path, tests: str, languages: str, out: Path, **options: Any) -> Evaluation:
    settings = {"model": str(model), "max_new_tokens": 8, "offline": True, **options}
    return evaluate(RunConfig(languages, test_set=tests, direction="both", out=out, **settings))


@pytest.fixture(scope="module")
def tests(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("tests") / "tests.tsv"
    return write_test_set(path, "sw", "yo", "am", "zu")


@pytest.fixture
def together(tiny_decoder: Path, tests: str, tmp_path: Path) -> Evaluation:
    return run(tiny_decoder, tests, "sw,yo,am", tmp_path / "together")


def test_one_queue_scores_as_one_language_after_another(
    together: Evaluation, tiny_decoder: Path, tests: str, tmp_path: Path
) -> None:
    alone = [
        result
        for code in ("sw", "yo", "am")
        for result in run(tiny_decoder, tests, code, tmp_path / code).results
    ]
    assert [(r.system, r.direction) for r in together.results] == [
        (r.system, r.direction) for r in alone
    ]
    assert [r.scores for r in together.results] == [r.scores for r in alone]
    assert len({r.score("chrF++").value for r in alone if r.system == "model"}) > 3  # type: ignore[union-attr]


def test_macro_averages_are_means_over_languages(together: Evaluation) -> None:
    codes = {"all": ("sw", "yo", "am"), "script": ("sw", "yo")}
    found = {(a.kind, a.value, a.system, a.way): a for a in together.averages}
    for kind, value in (("all", "languages"), ("script", "Latn")):
        for system in ("model", "copy"):
            for way in ("xx-en", "en-xx"):
                average = found.pop((kind, value, system, way))
                assert average.languages == codes[kind]
                for score in average.scores:
                    single = [
                        r.score(score.name)
                        for r in together.results
                        if r.system == system
                        and r.direction.removeprefix("en-").removesuffix("-en") in codes[kind]
                        and r.direction.startswith("en-") == (way == "en-xx")
                    ]
                    assert score.value == pytest.approx(statistics.mean(s.value for s in single))
                    assert score.n == sum(s.n for s in single)
                    assert min(s.low for s in single) <= score.low <= score.value
                    assert score.value <= score.high <= max(s.high for s in single)
                    assert score.signature.endswith(f"|macro:{','.join(codes[kind])}")
    assert not any(kind in ("all", "script") for kind, *_ in found), "no gloss: one language has it"


def test_averages_stand_in_every_report(together: Evaluation) -> None:
    content = json.loads((together.folder / "scores.json").read_text("utf-8"))
    assert [a["by"] for a in content["averages"]][:4] == ["all"] * 4
    assert content["averages"][0]["languages"] == ["sw", "yo", "am"]
    page = (together.folder / "report.html").read_text("utf-8")
    assert "Macro averages" in page
    assert "3 (sw, yo, am)" in page
    assert len(table(together.results)) == 1 + len(together.results)


def test_one_language_has_no_average(tiny_decoder: Path, tests: str, tmp_path: Path) -> None:
    evaluation = run(tiny_decoder, tests, "sw", tmp_path / "one", limit=2)
    assert evaluation.averages == ()
    assert "averages" not in json.loads((evaluation.folder / "scores.json").read_text("utf-8"))


def test_languages_without_a_test_set_are_named(
    tiny_decoder: Path, tests: str, tmp_path: Path
) -> None:
    evaluation = run(tiny_decoder, tests, "sw,ha,yo,en,sw", tmp_path / "run", limit=2)
    assert {r.direction for r in evaluation.results} == {"sw-en", "en-sw", "yo-en", "en-yo"}
    left_out = [note for note in evaluation.notes if note.startswith("left out: ")]
    assert left_out == [
        f"left out: {tests}: no column or segment in Hausa (ha); found en, sw, yo, am, zu",
        "left out: --lang: expected a language other than English, which is the other side",
    ]
    with pytest.raises(InputError, match=r"no column or segment in Hausa \(ha\)"):
        run(tiny_decoder, tests, "ha,en", tmp_path / "none")


def test_description_and_name() -> None:
    config = RunConfig("sw", test_set="sample", shots=0, offline=True)
    assert prepare(config).name == "sw"
    with pytest.raises(InputError, match="--lang is missing: name a language"):
        prepare(RunConfig(" , ", offline=True))


@pytest.mark.parametrize(
    ("group", "test_set", "message"),
    [
        ("Bantu", "auto", '--group "Bantu": expected genus:NAME or family:NAME or script:NAME'),
        ("genus:", "auto", '--group "genus:": expected genus:NAME or family:NAME or script:NAME'),
        ("branch:Bantu", "auto", '--group "branch:Bantu": expected genus:NAME'),
        ("genus:Bantu", "sample", "--group: sample is one file; name its languages with --lang"),
    ],
)
def test_a_group_that_cannot_be(
    group: str, test_set: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--group", group, "--test-set", test_set, "--offline"]) == 2
    assert message in capsys.readouterr().err


def test_a_group_of_ntrex(mirror: Path) -> None:
    """Bantu of WALS; Serbian, a dialect in Glottolog, is found by its language's family."""
    pytest.importorskip("polars")

    def codes(group: str) -> set[str]:
        return {language.bcp47 for language in members(group, "ntrex-128", Access(offline=True))}

    bantu = {"bem", "nd", "nso", "ny", "rw", "sn", "ss", "sw", "tn", "ve", "xh", "zu"}
    assert codes("genus:Bantu") == bantu
    assert {"sr", "hr", "bs", "pl", "ru"} <= codes("genus:slavic")
    assert {"sr", "ru", "bg"} <= codes("script:Cyrl")
    assert {"sr", "hr", "sw"} <= codes("script:Latn")
    with pytest.raises(InputError, match=r'"genus:Batnu": ntrex-128 has nobody of it; it has Alb'):
        codes("genus:Batnu")
    config = RunConfig(group="genus:Bantu", lang="yo,sw", shots=0, limit=1, offline=True)
    found = [language.bcp47 for language in prepare(config).languages]
    assert found[:2] == ["yo", "sw"]
    assert len(found) == 10, "the mirror has no ny, rw and tn, which a note says"


def test_killed_in_the_middle_of_four_languages(
    tiny_decoder: Path, tests: str, tmp_path: Path
) -> None:
    languages = "sw,yo,am,zu"
    whole = arguments(tiny_decoder, tests, languages, tmp_path / "whole", "--batch-size", "4")
    assert main(whole) == 0
    out = tmp_path / "killed"
    kills = 0
    total = (tmp_path / "whole" / "segments.jsonl").read_bytes().count(b"\n")
    for lines, size in ((total // 4, "2"), (total * 6 // 10, "1"), (total * 8 // 10, "3")):
        options = arguments(tiny_decoder, tests, languages, out, "--batch-size", size)
        child = subprocess.Popen(
            [sys.executable, "-m", "icl.eval", *options],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_for_lines(out / "segments.jsonl", lines, child)  # type: ignore[arg-type]
        child.send_signal(signal.SIGKILL)
        kills += child.wait() == -signal.SIGKILL
    assert kills >= 2, "the run was over before it could be killed"
    assert not (out / "scores.json").exists()
    assert main(arguments(tiny_decoder, tests, languages, out, "--batch-size", "7")) == 0
    for name in ("scores.json", "report.html"):
        assert (out / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
