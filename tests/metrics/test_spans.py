"""Span F1 and tag tables: seqeval's numbers, and those of a hand-worked example."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.labels import span_f1, span_table, tag_table, token_accuracy

GOLD = [
    ["B-PER", "I-PER", "O", "B-LOC", "O"],
    ["O", "I-ORG", "I-ORG", "O", "B-DATE", "B-DATE"],
    ["O", "O", "O"],
    ["B-PER", "I-LOC", "I-LOC", "O"],
]
PREDICTED = [
    ["B-PER", "I-PER", "O", "I-LOC", "O"],
    ["O", "B-ORG", "O", "O", "B-DATE", "I-DATE"],
    ["B-LOC", "O", "O"],
    ["I-PER", "I-LOC", "I-PER", "O"],
]


def test_the_numbers_are_seqevals() -> None:
    # seqeval 1.2.2: f1_score, accuracy_score and classification_report(digits=6) of these two.
    assert span_f1(GOLD, PREDICTED).value == pytest.approx(40.0)
    assert token_accuracy(GOLD, PREDICTED).value == pytest.approx(61.11111111)
    rows = [
        (row.label, row.precision, row.recall, row.f1.value, row.gold)
        for row in span_table(GOLD, PREDICTED)
    ]
    assert rows == [
        ("DATE", 0.0, 0.0, 0.0, 2),
        ("LOC", pytest.approx(33.3333, abs=1e-4), 50.0, pytest.approx(40.0), 2),
        ("ORG", 0.0, 0.0, 0.0, 1),
        ("PER", pytest.approx(66.6667, abs=1e-4), 100.0, pytest.approx(80.0), 2),
    ]


SENTENCES = st.lists(
    st.lists(
        st.tuples(*[st.sampled_from(["O", "B-PER", "I-PER", "B-LOC", "I-LOC"])] * 2), min_size=1
    ),
    min_size=1,
    max_size=5,
)


@settings(deadline=None)  # the first call imports the package
@given(SENTENCES)
@pytest.mark.filterwarnings("ignore")
def test_any_tags_score_as_in_seqeval(sentences: list[list[tuple[str, str]]]) -> None:
    seqeval = pytest.importorskip("seqeval.metrics", reason="compares with seqeval, if it is there")
    gold, predicted = ([[pair[side] for pair in one] for one in sentences] for side in (0, 1))
    mine = span_f1(gold, predicted, resamples=40).value
    assert mine == pytest.approx(100 * seqeval.f1_score(gold, predicted, zero_division=0))


def test_a_name_counts_where_ends_and_label_are_right() -> None:
    # Two names; the second found one token short: 1 right of 2 predicted and 2 in gold.
    gold = [["B-PER", "I-PER", "O", "B-LOC", "I-LOC"]] * 12
    found = span_f1(gold, [["B-PER", "I-PER", "O", "B-LOC", "O"]] * 12)
    assert (found.value, found.low, found.high, found.n) == (50.0, 50.0, 50.0, 24)
    assert found.interval == "95% bootstrap of 12 sentences, 1000 resamples, seed 1"


def test_no_span_anywhere_is_zero() -> None:
    assert span_f1([["O"]], [["O"]]).value == 0.0
    assert span_table([["O"]], [["O"]]) == []


def test_tags_one_by_one() -> None:
    rows = tag_table([["NOUN", "VERB"], ["NOUN"]], [["NOUN", "NOUN"], ["NOUN"]])
    counts = {row.label: (row.correct, row.predicted, row.gold) for row in rows}
    assert counts == {"NOUN": (2, 3, 2), "VERB": (0, 0, 1)}
    assert {row.label: row.f1.value for row in rows} == {"NOUN": 80.0, "VERB": 0.0}


def test_other_schemes_are_refused() -> None:
    with pytest.raises(ValueError, match=r"tag 1: expected O, B-LABEL or I-LABEL, found 'E-PER'"):
        span_f1([["B-PER", "E-PER"]], [["O", "O"]])
