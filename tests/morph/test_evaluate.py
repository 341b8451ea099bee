"""Forms scored: as the organisers' scorer does it, by part, and what was confused with what."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import InputError
from data.unimorph import Triple
from morph.evaluate import compare_all, evaluate
from morph.evaluate.confusion import in_words
from morph.evaluate.scores import Plan

TRAIN = [
    Triple("soma", "V;PST;NOM(3,SG)", "alisoma"),
    Triple("pika", "V;FUT;NOM(3,SG)", "atapika"),
]
GOLD = [
    Triple("soma", "V;FUT;NOM(3,SG)", "atasoma"),  # both seen
    Triple("soma", "V;FUT;NOM(3,PL)", "watasoma"),  # lemma seen
    Triple("imba", "V;PST;NOM(3,SG)", "aliimba"),  # features seen
    Triple("kitabu", "N;PL", "vitabu"),  # neither seen
    Triple("mtu", "N;PL", "watu"),
]
FORMS = ["atasoma", "atasoma", " aliimba ", "kitabu", "watu"]


def official(
    train: list[Triple], gold: list[Triple], forms: list[str], nfc: bool
) -> dict[str, tuple[int, int]]:
    """The organisers' rules of 2022 once more: (right, all) in total and by partition."""
    lemmas, bundles = {t.lemma.strip() for t in train}, {t.features.strip() for t in train}
    counts: dict[str, tuple[int, int]] = {}
    for triple, form in zip(gold, forms, strict=True):
        pair = [form.strip(), (triple.form or "").strip()]
        if nfc:
            pair = [unicodedata.normalize("NFC", text) for text in pair]
        seen = (triple.lemma.strip() in lemmas, triple.features.strip() in bundles)
        names = {(True, True): "both", (True, False): "lemma", (False, True): "features"}
        for name in ("all", names.get(seen, "neither")):
            right, number = counts.get(name, (0, 0))
            counts[name] = (right + (pair[0] == pair[1]), number + 1)
    return counts


ROWS = st.tuples(
    st.sampled_from(["soma", "pika", "imba", "la "]),
    st.sampled_from(["V;PST", "V;FUT", "N;PL"]),
    st.sampled_from(["ñ", "n\u0303", "a", " a", "b"]),
)


@given(st.lists(ROWS, max_size=8), st.lists(st.tuples(ROWS, ROWS), min_size=1), st.booleans())
def test_totals_and_partition_are_the_official_ones(
    train: list[tuple[str, str, str]],
    rows: list[tuple[tuple[str, str, str], tuple[str, str, str]]],
    nfc: bool,
) -> None:
    learned = [Triple(*row) for row in train]
    gold, forms = [Triple(*row) for row, _ in rows], [row[2] for _, row in rows]
    expected = official(learned, gold, forms, nfc)
    found = evaluate(gold, forms, learned, normalise=nfc, resamples=40)
    parts = {part.name.removesuffix(" seen"): part for part in found.of_kind("partition")}
    counts = {name: (part.n - part.errors, part.n) for name, part in parts.items()}
    exact = found.score("exact match")
    assert {"all": expected["all"], **counts} == expected
    assert exact.value == pytest.approx(100 * expected["all"][0] / expected["all"][1])
    assert exact.n == expected["all"][1]


def test_scores_by_hand() -> None:
    found = evaluate(GOLD, FORMS, TRAIN)
    assert found.score("exact match").value == 60.0
    # watasoma/atasoma: 1 edit; vitabu/kitabu: 1. Gold has 7 + 8 + 7 + 6 + 4 characters.
    assert found.score("edit distance").value == pytest.approx(0.4)
    assert found.score("character error rate").value == pytest.approx(100 * 2 / 32)
    assert [(p.name, p.errors, p.n) for p in found.of_kind("part of speech")] == [
        ("V", 1, 3),
        ("N", 1, 2),
    ]
    features = {part.name: (part.errors, part.n) for part in found.of_kind("feature")}
    assert features["NOM(PL)"] == (1, 1)
    assert features["PL"] == (1, 2)
    macro = {score.name: score.value for score in found.macro}
    assert macro["exact match, macro by part of speech"] == pytest.approx((200 / 3 + 50) / 2)


def test_the_confusion_of_edits_is_the_difference_alone() -> None:
    found = evaluate(GOLD, FORMS)
    told = [
        (in_words(one.difference.missed), in_words(one.difference.made), one.examples[0].lemma)
        for one in found.confusions
    ]
    assert told == [
        ("add wata at the start", "add ata at the start", "soma"),
        ("k to v at the start", "nothing", "kitabu"),
    ]
    assert [(slip.place, slip.expected, slip.written) for slip in found.slips] == [
        ("at the start", "v", "k"),
        ("at the start", "w", ""),
    ]


def test_the_most_frequent_confusion_comes_first_with_different_lemmas() -> None:
    lemmas = ["pika", "soma", "soma", "imba", "lala"]
    gold = [Triple(lemma, f"V;{i}", f"ali{lemma}") for i, lemma in enumerate(lemmas)]
    first, second = evaluate(gold, ["hapika", "soma", "soma", "imba", "lala"]).confusions
    assert (first.count, first.lemmas, second.count) == (4, 3, 1)
    assert [item.lemma for item in first.examples] == ["soma", "imba", "lala"]


def test_faults_tell_kinds_of_errors() -> None:
    gold = [
        Triple("cafe", "N;PL", "cafés"),
        Triple("cafe", "N;SG", "café"),
        Triple("soma", "V;PST", "alisoma"),
        Triple("soma", "V;FUT", "atasoma"),
        Triple("猫", "N;PL", "猫たち"),
    ]
    found = evaluate(gold, ["cafe\u0301s", "cafe", "", "alisoma", "猫"], [Triple("a", "N", "たち")])
    assert {fault.name: fault.count for fault in found.faults} == {
        "other normal form": 1,
        "marks only": 1,
        "lemma unchanged": 2,
        "empty": 1,
        "form of other features": 1,
        "one character off": 1,
        "unknown characters": 5,
    }


def test_a_better_system_is_told_and_an_equal_one_is_not() -> None:
    gold = [Triple(f"w{i // 4}", f"V;{i % 4}", f"w{i // 4}a") for i in range(160)]
    right = [triple.form or "" for triple in gold]
    half = [form if number % 2 else "x" for number, form in enumerate(right)]
    systems = [evaluate(gold, forms, system=name) for name, forms in (("A", half), ("B", right))]
    [found] = compare_all(systems, Plan())
    assert (found.difference, found.wins, found.losses, found.better) == (50.0, 80, 0, "B")
    assert (found.n, found.lemmas) == (160, 40)
    [equal] = compare_all([systems[0], systems[0]], Plan())
    assert equal.better == "neither"


def test_what_cannot_be_scored_is_an_error() -> None:
    with pytest.raises(InputError, match="found 4 for 5; predict every row"):
        evaluate(GOLD, FORMS[:4])
    with pytest.raises(InputError, match="gold row soma, V;PST: expected a form, found none"):
        evaluate([Triple("soma", "V;PST", None)], ["alisoma"])


def test_rows_that_training_tells_are_noted() -> None:
    [note] = evaluate(GOLD, FORMS, [*TRAIN, GOLD[4]]).notes
    assert note == "1 of 5 rows stand in the training data, with their features"
