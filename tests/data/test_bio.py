"""Spans and BIO tags: conlleval's readings worked by hand, and round trips.

pytest tests/data/test_bio.py
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import InputError
from data.labels.bio import Span, problem, repaired, spans, tags_of

LABELS = st.sampled_from(["PER", "LOC", "weather/attribute"])
TAGS = st.one_of(st.just("O"), LABELS.map("B-{}".format), LABELS.map("I-{}".format))


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ("B-PER I-PER O B-LOC", [(0, 2, "PER"), (3, 4, "LOC")]),
        ("B-LOC B-LOC", [(0, 1, "LOC"), (1, 2, "LOC")]),  # two neighbours, not one
        ("O O", []),
        ("", []),
    ],
)
def test_spans_by_hand(tags: str, expected: list[tuple[int, int, str]]) -> None:
    assert list(spans(tags.split())) == expected


@pytest.mark.parametrize(
    ("tags", "mended", "count"),
    [
        # conlleval begins a chunk at an I- after O, at the start, and where the type changes.
        ("I-LOC O I-DATE I-DATE", "B-LOC O B-DATE I-DATE", 2),
        ("B-PER I-ORG", "B-PER B-ORG", 1),
        ("B-PER I-PER", "B-PER I-PER", 0),
    ],
)
def test_repairs_by_hand(tags: str, mended: str, count: int) -> None:
    assert repaired(tags.split()) == (tuple(mended.split()), count)


@pytest.mark.parametrize(
    ("tags", "message"),
    [
        (["O", "I-LOC"], "token 2: expected B-LOC, found I-LOC after O"),
        (["B-PER", "I-LOC"], "token 2: expected B-LOC, found I-LOC after B-PER"),
        (["PER"], "token 1: expected O, B-LABEL or I-LABEL, found PER"),
        (["B-"], "token 1: expected O, B-LABEL or I-LABEL, found B-"),
        ([""], "token 1: expected O, B-LABEL or I-LABEL, found nothing"),
        (["O"], None),
    ],
)
def test_what_breaks_the_scheme(tags: list[str], message: str | None) -> None:
    assert problem(tags) == message
    if message:
        with pytest.raises(InputError) as refused:
            spans(tags)
        assert str(refused.value) == f"{message}; mend the tags with data.labels.bio.repaired"


def test_a_tag_that_is_none_cannot_be_mended() -> None:
    with pytest.raises(InputError, match=r"^token 2: .* found B_LOC; correct the tag$"):
        repaired(["I-PER", "B_LOC"])


@pytest.mark.parametrize(
    ("labelled", "message"),
    [
        ([Span(1, 1, "date")], "expected a labelled span within 3 tokens, found Span"),
        ([Span(2, 4, "date")], "expected a labelled span within 3 tokens"),
        ([Span(-1, 1, "date")], "expected a labelled span within 3 tokens"),
        ([Span(0, 1, "")], "expected a labelled span within 3 tokens"),
        ([Span(0, 2, "date"), Span(1, 3, "time")], "expected spans that do not overlap"),
    ],
)
def test_spans_that_cannot_be_written(labelled: list[Span], message: str) -> None:
    with pytest.raises(InputError, match=message):
        tags_of(labelled, 3)


@given(st.lists(TAGS))
def test_mended_tags_are_valid_and_come_back_from_their_spans(tags: list[str]) -> None:
    mended, count = repaired(tags)
    assert problem(mended) is None
    assert count == sum(old != new for old, new in zip(tags, mended, strict=True))
    assert (count == 0) == (problem(tags) is None)
    assert tags_of(spans(mended), len(tags)) == mended
    assert repaired(mended) == (mended, 0)
