"""The formulas over columns give what sacrebleu's own functions give, one by one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.translation import metric, segment_score, segment_scores

counts = st.integers(0, 6)


def bleu_row(draw):
    """Lengths, matches, n-grams: matches never exceed n-grams, and orders shrink."""
    system, reference = draw(counts), draw(counts)
    totals = [max(system - n, 0) for n in range(4)]
    correct = [draw(st.integers(0, min(total, reference))) for total in totals]
    return [system, reference, *correct, *totals]


def chrf_row(draw):
    row = []
    for _ in range(8):
        system, reference = draw(counts), draw(counts)
        row += [system, reference, draw(st.integers(0, min(system, reference)))]
    return row


def ter_row(draw):
    return [draw(counts), draw(counts)]


MAKERS = {"BLEU": bleu_row, "chrF++": chrf_row, "TER": ter_row}


@pytest.mark.parametrize("name", MAKERS)
@given(data=st.data())
def test_columns_agree_with_sacrebleu(name, data):
    rows = st.lists(st.composite(MAKERS[name])(), min_size=1, max_size=8)
    table = data.draw(rows)
    chosen = metric(name)
    columns = np.array(table, float).T
    expected = [chosen.aggregate(row) for row in table]
    assert chosen.aggregate_columns(columns) == pytest.approx(expected, abs=1e-9)
    assert segment_scores(chosen, table) == pytest.approx(
        [segment_score(chosen, row) for row in table], abs=1e-9
    )
