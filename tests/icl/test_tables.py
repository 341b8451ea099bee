"""The tables on the terminal and the bars on the page, of results made by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from data.languages import resolve
from data.pages import Interval
from data.parallel import Pair
from icl.pairing import Comparison, Comparisons
from icl.report import averages_table, scales, show_evaluation, signatures, table
from icl.scoring import Average, Evaluation, Result, reason
from icl.translate import Translation
from metrics.score import Score


def score(name: str, value: float, low: float, high: float, signature: str = "s|set:x") -> Score:
    return Score(name, value, low, high, signature, 60, "95% bootstrap")


MODEL = Result(
    "model",
    "tiny",
    "sw-en",
    (score("BLEU", 12.34, 10.0, 15.06), score("copy rate", 3.3, 1.0, 9.0)),
    seconds=2.5,
    timed=10,
)
COPY = Result("copy", "copy", "sw-en", (score("BLEU", 2.0, 1.0, 3.0),))


def test_a_result_a_line() -> None:
    assert [line.split() for line in table([MODEL, COPY])] == [
        ["system", "direction", "BLEU", "copy", "rate", "n", "seconds", "sentences/s"],
        ["tiny", "sw-en", "12.3", "[10.0,", "15.1]", "3.3", "60", "2.5", "4.00"],
        ["copy", "sw-en", "2.0", "[1.0,", "3.0]", "unknown", "60", "0.0", "-"],
    ]
    assert table([]) == []


def test_averages_name_their_group_and_count_their_languages() -> None:
    mean = (score("BLEU", 7.0, 6.0, 8.0),)
    found = [
        Average("all", "languages", "model", "xx-en", ("sw", "yo", "ig"), mean),
        Average("genus", "Bantu", "copy", "en-xx", ("sw", "zu"), mean),
    ]
    assert averages_table(found)[0].startswith("macro average  system")
    assert [line.split() for line in averages_table(found)[1:]] == [
        ["all", "model", "xx-en", "7.0", "[6.0,", "8.0]", "3", "60"],
        ["genus", "Bantu", "copy", "en-xx", "7.0", "[6.0,", "8.0]", "2", "60"],
    ]
    assert averages_table([]) == []
    assert found[1].to_dict() | {"scores": []} == {
        "by": "genus",
        "value": "Bantu",
        "system": "copy",
        "direction": "en-xx",
        "languages": ["sw", "zu"],
        "scores": [],
    }


def test_a_signature_is_a_metrics_part_and_a_systems() -> None:
    first = Result("model", "tiny", "sw-en", (score("BLEU", 1, 0, 2, "tok:13a|set:ntrex|shots:1"),))
    second = Result("copy", "copy", "sw-en", (score("BLEU", 1, 0, 2, "tok:13a|set:ntrex"),))
    back = Result("copy", "copy", "en-sw", (score("BLEU", 1, 0, 2, "tok:zh|set:ntrex"),))
    assert signatures([first, second, back]) == [
        "signatures, sw-en: a metric's, followed by a system's",
        "  BLEU  tok:13a",
        "  tiny  |set:ntrex|shots:1",
        "  copy  |set:ntrex",
        "signatures, en-sw: a metric's, followed by a system's",
        "  BLEU  tok:zh",
        "  copy  |set:ntrex",
    ]


@pytest.mark.parametrize(
    ("results", "complete", "last", "stopped"),
    [
        ((MODEL,), True, "wrote runs/x: config.json segments.jsonl scores.json report.html", False),
        ((), True, "wrote runs/x: config.json segments.jsonl", False),
        (
            (MODEL,),
            False,
            "stopped; what is finished is in runs/x: run the same command to go on",
            False,
        ),
        ((), False, "stopped; what is finished is in runs/x: run the same command to go on", True),
    ],
)
def test_what_is_shown_at_the_end(
    results: tuple[Result, ...],
    complete: bool,
    last: str,
    stopped: bool,
    capsys: pytest.CaptureFixture[str],
) -> None:
    show_evaluation(Evaluation(Path("runs/x"), "d", results, complete, notes=("beware",)))
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == last
    assert "note: beware" in lines
    assert (lines[0] == "stopped before the first segment was finished") == stopped


def test_bars_share_the_scale_of_the_highest_interval() -> None:
    other = Result("copy", "copy", "sw-en", (score("BLEU", 20.0, 19.0, 20.0),))
    assert scales([COPY, other]) == {"BLEU": 20.0}
    below = Result("x", "x", "sw-en", (score("COMET", -1.0, -2.0, -0.5),))
    assert scales([below])["COMET"] > 0, "a bar has some length"


def test_a_score_of_a_name() -> None:
    assert MODEL.score("copy rate") is MODEL.scores[1]
    assert MODEL.score("TER") is None
    assert reason(ValueError("a; put the file at b; put the file at c")) == "a"


def test_an_evaluation_as_a_table_and_as_a_picture() -> None:
    whole = Evaluation(Path("runs/x"), "sample, 60 of 60", (MODEL, COPY))
    assert whole.summary() == "sample, 60 of 60; runs/x"
    assert replace(whole, complete=False).summary() == "sample, 60 of 60; runs/x, stopped"
    assert [(row["system"], row["direction"], row["name"]) for row in whole.rows()] == [
        ("tiny", "sw-en", "BLEU"),
        ("tiny", "sw-en", "copy rate"),
        ("copy", "sw-en", "BLEU"),
    ]
    assert whole.intervals() == ("copy rate", [Interval("tiny", 3.3, 1.0, 9.0)])
    back = replace(COPY, direction="en-sw")
    assert replace(whole, results=(COPY, back)).intervals() == (
        "BLEU",
        [Interval("copy, sw-en", 2.0, 1.0, 3.0), Interval("copy, en-sw", 2.0, 1.0, 3.0)],
    )
    assert replace(whole, results=(Result("model", "tiny", "sw-en"),)).intervals() == ("", [])


def test_tests_as_a_table_and_as_a_picture() -> None:
    up = Comparison("sw-en", "BLEU", 9, 1.0, 3.0, 2.0, 1.5, 2.5, 0.01, 0.02, 6, 3, True)
    found = Comparisons([up, replace(up, metric="TER", higher_is_better=False), up])
    assert found.summary() == "3 tests: B better in 2, A in 1"
    assert [(row["metric"], row["difference"], row["better"]) for row in found.rows()] == [
        ("BLEU", 2.0, "B"),
        ("TER", 2.0, "A"),
        ("BLEU", 2.0, "B"),
    ]
    assert found.intervals() == (
        "B less A, in points of the metric",
        [
            Interval("BLEU, sw-en", 2.0, 1.5, 2.5),
            Interval("TER (lower is better), sw-en", 2.0, 1.5, 2.5),
            Interval("BLEU, sw-en", 2.0, 1.5, 2.5),
        ],
    )


def test_a_translation_as_a_table() -> None:
    shot = Pair("1", "Asante", "Thanks", None)
    swahili, english = resolve("sw"), resolve("en")
    made = Translation("Hello", "Jambo", (shot,), (), "tiny", swahili, english, "")
    assert made.summary() == "'Hello', Swahili to English, tiny"
    assert made.rows() == [
        {"role": "example", "source": "Asante", "target": "Thanks"},
        {"role": "answer", "source": None, "target": "Hello"},
    ]
