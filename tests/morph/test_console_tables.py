"""What `python -m morph.evaluate` prints, of a few forms that can be counted by eye."""

from __future__ import annotations

import io
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from data.pages import Interval
from data.unimorph import Triple
from metrics.score import Score
from morph.evaluate import evaluate
from morph.evaluate.report import SHOWN, aligned, cell, details, scores, signatures
from morph.inflect import Answer, Paradigm
from morph.run import Trained
from runfolder import console

GOLD = [
    Triple("soma", "V;PST", "alisoma"),
    Triple("pika", "V;PST", "alipika"),
    Triple("kitabu", "N;PL", "vitabu"),
]
ONE = evaluate(GOLD, ["alisoma", "pika", ""], system="rules")
RIGHT = evaluate(GOLD, [triple.form or "" for triple in GOLD], system="gold")


def test_a_system_a_line() -> None:
    header, rules, gold = (line.split("  ") for line in scores([ONE, RIGHT]))
    assert header[0] == "system"
    assert [cells[0] for cells in (rules, gold)] == ["rules", "gold"]
    lines = scores([ONE, RIGHT])
    assert lines[1].split()[1] == "33.3"  # one of three
    assert lines[2].split()[1] == "100.0"
    assert [line.split()[-2:] for line in lines] == [["n", "lemmas"], ["3", "3"], ["3", "3"]]


def test_a_system_is_named_where_there_are_several() -> None:
    assert details(ONE, named=True)[0] == "rules:"
    assert details(ONE, named=False) == details(ONE, named=True)[1:]


def test_faults_and_confusions() -> None:
    lines = details(ONE, named=False)
    assert "What goes wrong in 2 wrong forms:" in lines
    assert [
        " ".join(line.split()[:2]) for line in lines if line.startswith(("empty", "lemma u"))
    ] == [
        "empty 1",
        "lemma unchanged",
    ]
    start = lines.index("Confusion of edits:")
    rows = [line.split("  ") for line in lines[start + 1 :]]
    found = [[cell.strip() for cell in row if cell.strip()] for row in rows]
    assert found == [
        ["forms", "to be done", "done instead", "for example"],
        ["1", "add ali at the start", "nothing", "pika V;PST: alipika, not pika"],
        [
            "1",
            "k to v at the start",
            "drop kitabu the whole word",
            "kitabu N;PL: vitabu, not (empty)",
        ],
    ]
    assert details(RIGHT, named=False)[-1] == "No form is wrong."
    assert not [line for line in details(RIGHT, named=False) if line.startswith("What goes wrong")]


def test_parts_with_their_errors() -> None:
    lines = details(ONE, named=False)
    [verbs] = [line.split() for line in lines if line.startswith("V ") and " 1 " in line][:1]
    assert verbs[:3] == ["V", "1", "2"]
    # alisoma right, pika for alipika three edits off: 1.5 on average.
    assert verbs[-1] == "1.50"


def test_long_lists_are_cut_and_counted() -> None:
    gold = [Triple(f"w{n}", f"V;LGSPEC{n}", f"w{n}a{'b' * n}") for n in range(1, SHOWN + 4)]
    found = details(evaluate(gold, [triple.lemma for triple in gold]), named=False)
    assert "Confusion of edits (3 more kinds in the report):" in found
    start = found.index("Confusion of edits (3 more kinds in the report):")
    assert len(found) - start == 2 + SHOWN
    # features: V and one of its own a form
    assert any(line.endswith("(4 more in the report):") for line in found)
    exact = details(evaluate(gold[:SHOWN], ["x"] * SHOWN), named=False)
    assert any(line.startswith("Confusion of edits:") for line in exact)


def test_signatures_of_every_score() -> None:
    lines = signatures([ONE])
    assert lines[0] == "signatures"
    assert lines[1].startswith("  rules exact match (95% Wilson, 3 items taken as independent)")
    assert lines[2] == "    match:exact|strip:yes|norm:none"
    assert len(lines) == 1 + 2 * 3


def test_cells() -> None:
    assert cell(Score("exact match", 97.14, 95, 98.5, "", 9, "")) == "97.1 [95.0, 98.5]"
    assert cell(Score("edit distance", 0.126, 0.1, 0.2, "", 9, "")) == "0.13 [0.10, 0.20]"
    assert aligned([["a", "b"], ["ccc", ""]]) == ["a    b", "ccc"]


@pytest.mark.parametrize("count", [1, 2])
def test_all_systems_have_a_row(count: int) -> None:
    assert len(scores([ONE, RIGHT][:count])) == 1 + count


def test_a_line_is_shown_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipe keeps what is not flushed, and who reads it would wait for minutes."""
    told, seen = io.StringIO(), list[str]()
    monkeypatch.setattr(told, "flush", lambda: seen.append(told.getvalue()))
    monkeypatch.setattr(sys, "stdout", told)
    console.show("0.5 of 3")
    assert seen == ["0.5 of 3\n"]


def test_answers_as_a_table() -> None:
    sure = Answer("alisoma", "rule", 0.974, ("alisomea", "asoma"), why="pika : alipika")
    table = Answer("anasoma", "table", None, why="xx.tsv")
    assert (sure.summary(), table.summary()) == (
        "alisoma, by rule, 0.974",
        "anasoma, by table",
    )
    assert sure.rows() == [
        {
            "form": "alisoma",
            "by": "rule",
            "confidence": 0.974,
            "alternatives": "alisomea, asoma",
            "why": "pika : alipika",
        }
    ]
    forms = Paradigm({"V;PST": sure, "V;PRS": table, "V;FUT": sure})
    assert forms.summary() == "3 forms, 2 by rule, 1 by table"
    assert [(row["features"], row["form"]) for row in forms.rows()] == [
        ("V;PST", "alisoma"),
        ("V;PRS", "anasoma"),
        ("V;FUT", "alisoma"),
    ]


def test_a_trained_model_as_a_table_and_as_a_picture() -> None:
    score = Score("accuracy", 80.0, 70.0, 90.0, "s", 50, "95% bootstrap")
    found = {"swa": score, "zul": replace(score, value=75.0)}
    done = Trained(Path("runs/m"), None, found, (9,), 1.0, None)  # type: ignore[arg-type]
    assert done.summary() == f"swa {found['swa']}; zul {found['zul']}; runs/m"
    assert [(row["unit"], row["value"]) for row in done.rows()] == [("swa", 80.0), ("zul", 75.0)]
    assert done.intervals() == (
        "accuracy on the dev part, %",
        [Interval("swa", 80.0, 70.0, 90.0), Interval("zul", 75.0, 70.0, 90.0)],
    )
