"""Scores of labels and strings: accuracy, exact match, edit distance; span F1 in metrics.tags.

>>> gold, predicted = ["alisoma", "tunasoma", "walisoma"], ["alisoma", "tunasoma", "alisoma"]
>>> print(exact_match(gold, predicted))
exact match 66.7 [20.8, 93.9]
>>> print(edit_distance(gold, predicted))
edit distance 0.3 [0.0, 1.0]

`groups` says which items belong together (the lemma of each form), and `metrics.ratios` what that
does to an interval. Strings are compared as they are, code point by code point: whether both are
stripped or brought to NFC first is for the caller to settle and to write into the signature.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from metrics.ratios import MEAN, SHARE, Ratio, percent, ratio_score
from metrics.score import Score
from metrics.significance import Row
from metrics.tags import SpanRow, TagRow, check_sentences, span_f1, span_table, tag_table

__all__ = [
    "SpanRow",
    "TagRow",
    "accuracy",
    "character_error_rate",
    "edit_distance",
    "edit_rows",
    "exact_match",
    "levenshtein",
    "macro_f1",
    "match_rows",
    "span_f1",
    "span_table",
    "tag_table",
    "token_accuracy",
]

# The settings in a signature, and how rows become figures.
EXACT = "match:exact"
LEVENSHTEIN = "edits:levenshtein|unit:codepoint"
PER_ITEM = Ratio(lambda totals: MEAN.of_columns(totals[[0, 2]]))
PER_CHARACTER = Ratio(lambda totals: percent(totals[0], totals[1]))


def accuracy(
    gold: Sequence[Hashable],
    predicted: Sequence[Hashable],
    *,
    name: str = "accuracy",
    groups: Sequence[Hashable] | None = None,
    unit: str = "groups",
    seed: int = 1,
    resamples: int = 1000,
) -> Score:
    """The share of labels that are the gold ones, on 0-100.

    Raises:
        ValueError: no labels, or different numbers of them.

    >>> print(accuracy(["NOUN", "VERB"], ["NOUN", "ADJ"]))
    accuracy 50.0 [9.5, 90.5]
    """
    rows = match_rows(gold, predicted)
    return ratio_score(
        SHARE, name, EXACT, rows, groups=groups, unit=unit, seed=seed, resamples=resamples
    )


def macro_f1(
    gold: Sequence[str], predicted: Sequence[str], *, seed: int = 1, resamples: int = 1000
) -> Score:
    """The mean over labels of each one's F1, on 0-100, so that rare labels count as much.

    Labels are those of gold; items are resampled.

    >>> print(macro_f1(["a", "a", "a", "b"], ["a", "a", "a", "a"]).value)
    42.857142857142854

    Raises:
        ValueError: no labels, or different numbers of them.
    """
    _check_numbers(gold, predicted)
    labels = sorted(set(gold))
    rows = [
        [
            n
            for label in labels
            for n in (label == right == guess, (label == right) + (label == guess))
        ]
        for right, guess in zip(gold, predicted, strict=True)
    ]
    mean = Ratio(lambda totals: percent(2 * totals[0::2], totals[1::2]).mean(axis=0))
    return ratio_score(
        mean, "macro F1", "average:macro|labels:gold", rows, seed=seed, resamples=resamples
    )


def exact_match(
    gold: Sequence[str],
    predicted: Sequence[str],
    *,
    groups: Sequence[Hashable] | None = None,
    unit: str = "groups",
    seed: int = 1,
    resamples: int = 1000,
) -> Score:
    """`accuracy` of whole strings: the share of forms that are right to the last character."""
    return accuracy(
        gold,
        predicted,
        name="exact match",
        groups=groups,
        unit=unit,
        seed=seed,
        resamples=resamples,
    )


def token_accuracy(
    gold: Sequence[Sequence[str]],
    predicted: Sequence[Sequence[str]],
    *,
    seed: int = 1,
    resamples: int = 1000,
) -> Score:
    """The share of tokens with the right tag, on 0-100; whole sentences are resampled.

    n counts tokens.

    >>> print(token_accuracy([["PRON", "VERB"], ["NOUN"]], [["PRON", "NOUN"], ["NOUN"]]))
    token accuracy 66.7 [20.8, 93.9]

    Raises:
        ValueError: other sentences or lengths than in gold, or no token at all.
    """
    check_sentences(gold, predicted)
    sentence_of = [number for number, tags in enumerate(gold) for _ in tags]
    flat, guessed = ([tag for tags in side for tag in tags] for side in (gold, predicted))
    return accuracy(
        flat,
        guessed,
        name="token accuracy",
        groups=sentence_of,
        unit="sentences",
        seed=seed,
        resamples=resamples,
    )


def edit_distance(
    gold: Sequence[str],
    predicted: Sequence[str],
    *,
    groups: Sequence[Hashable] | None = None,
    unit: str = "groups",
    seed: int = 1,
    resamples: int = 1000,
) -> Score:
    """The mean Levenshtein distance between gold and prediction, in characters; 0 is best.

    >>> edit_distance(["sitting"], ["kitten"]).value
    3.0
    """
    rows = edit_rows(gold, predicted)
    return ratio_score(
        PER_ITEM,
        "edit distance",
        LEVENSHTEIN,
        rows,
        groups=groups,
        unit=unit,
        seed=seed,
        resamples=resamples,
    )


def character_error_rate(
    gold: Sequence[str],
    predicted: Sequence[str],
    *,
    groups: Sequence[Hashable] | None = None,
    unit: str = "groups",
    seed: int = 1,
    resamples: int = 1000,
) -> Score:
    """The edit distance for every 100 characters of the gold forms: long and short words compare.

    0 is best; it may exceed 100. Distances and lengths are summed before they are divided.

    >>> round(character_error_rate(["sitting", "cat"], ["kitten", "cat"]).value, 6)
    30.0
    """
    rows = edit_rows(gold, predicted)
    signature = f"{LEVENSHTEIN}|per:gold-characters"
    return ratio_score(
        PER_CHARACTER,
        "character error rate",
        signature,
        rows,
        groups=groups,
        unit=unit,
        seed=seed,
        resamples=resamples,
    )


def match_rows(gold: Sequence[Hashable], predicted: Sequence[Hashable]) -> list[Row]:
    """[1, 1] for each label that is the gold one, else [0, 1].

    Raises:
        ValueError: different numbers of labels.
    """
    _check_numbers(gold, predicted)
    return [[int(mine == given), 1] for mine, given in zip(predicted, gold, strict=True)]


def edit_rows(gold: Sequence[str], predicted: Sequence[str]) -> list[Row]:
    """[edit distance, characters of gold, 1] for each form.

    Raises:
        ValueError: different numbers of forms.
    """
    _check_numbers(gold, predicted)
    pairs = zip(gold, predicted, strict=True)
    return [[levenshtein(given, mine), len(given), 1] for given, mine in pairs]


def levenshtein(one: str, other: str) -> int:
    """The fewest insertions, deletions and replacements of a code point that make them equal.

    Levenshtein 1966, by the method of Wagner and Fischer 1974. A combining mark is a character of
    its own.

    >>> levenshtein("alisoma", "walisoma"), levenshtein("kitten", "sitting"), levenshtein("", "")
    (1, 3, 0)
    """
    one, other = _without_shared_ends(one, other)
    row = list(range(len(other) + 1))
    for number, character in enumerate(one, 1):
        diagonal, row[0] = row[0], number
        for place, theirs in enumerate(other, 1):
            replaced = diagonal + (character != theirs)
            diagonal = row[place]
            row[place] = min(replaced, diagonal + 1, row[place - 1] + 1)
    return row[-1]


def _without_shared_ends(one: str, other: str) -> tuple[str, str]:
    """What is between a common beginning and a common end, which no best way of editing touches."""
    shortest = min(len(one), len(other))
    start = next((i for i in range(shortest) if one[i] != other[i]), shortest)
    one, other = one[start:], other[start:]
    shortest -= start
    end = next((i for i in range(shortest) if one[-1 - i] != other[-1 - i]), shortest)
    return one[: len(one) - end], other[: len(other) - end]


def _check_numbers(gold: Sequence[Hashable], predicted: Sequence[Hashable]) -> None:
    if len(gold) != len(predicted):
        raise ValueError(
            f"gold and predicted: expected as many of both, found {len(gold)} and "
            f"{len(predicted)}; give one prediction for each item"
        )
