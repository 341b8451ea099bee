"""Names that are taken, records with a field too many, sentences that do not belong together."""

from __future__ import annotations

from typing import Any

import pytest

from metrics import translation
from metrics.score import STATED, Score, higher_is_better
from metrics.tags import check_sentences, tag_table


def test_metrics_are_added_under_new_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(translation, "METRICS", dict(translation.METRICS))
    monkeypatch.setattr(translation, "STATED", STATED)
    make: Any = lambda setting: setting  # noqa: E731
    with pytest.raises(ValueError, match=r'^metric: "BLEU" is there already; use another name$'):
        translation.register("BLEU", make, higher_is_better=True)
    for name, higher in (("ours up", True), ("ours down", False)):
        try:
            translation.register(name, make, higher_is_better=higher)
            assert higher_is_better(name) is higher
            found: Any = translation.metric(name, target_language="sw")
            assert found.target_language == "sw"
            assert name in translation.metric_names()
        finally:
            STATED.pop(name, None)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"score": 1}, "missing none; unknown score; expected name, value"),
        ({"n": None}, "missing n; unknown none; expected name, value"),
        ({"n": None, "m": 1}, "missing n; unknown m; expected name, value"),
    ],
)
def test_a_record_with_other_fields(change: dict[str, Any], told: str) -> None:
    record = {
        **Score("BLEU", 12.3, 10.1, 14.6, "tok:13a", 100, "95% bootstrap").to_dict(),
        **change,
    }
    record = {name: value for name, value in record.items() if value is not None}
    with pytest.raises(ValueError, match=f"^Score record: {told}"):
        Score.from_dict(record)


@pytest.mark.parametrize("check", [check_sentences, tag_table])
def test_which_side_has_too_much_is_told(check: Any) -> None:
    with pytest.raises(ValueError, match=r"expected the same sentences, found 2 and 1; tag every"):
        check([["A"], ["A"]], [["A"]])
    with pytest.raises(ValueError, match=r"^sentence 1: expected 2 tags as in gold, found 1; tag"):
        check([["A"], ["A", "B"]], [["A"], ["A"]])
    for gold, predicted in ((["A"], [["A"]]), ([["A"]], ["A"])):
        with pytest.raises(ValueError, match=r"^sentence 0: expected a list of tags, found one st"):
            check(gold, predicted)
