"""Every objective: what is taken out can be put back, nothing special is touched, limits hold."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from training.objectives import (
    IGNORED,
    Continue,
    Denoise,
    Deshuffle,
    DropSpans,
    Example,
    FillSpans,
    Ids,
    MaskTokens,
    NextToken,
    Objective,
    Special,
    generator,
)
from training.objectives.denoising import deleted, infilled, permuted, poisson_lengths
from training.objectives.masking import chosen_words
from training.objectives.spans import random_spans

PAD, BOS, EOS, MASK, CLM = 0, 2, 3, 4, 5
SENTINELS = tuple(range(6, 46))
FIRST = 50  # the ids from here on are ordinary
SPECIAL = Special(
    size=300,
    pad=PAD,
    bos=BOS,
    eos=EOS,
    mask=MASK,
    clm=CLM,
    sentinels=SENTINELS,
    start=(BOS,),
    end=(EOS,),
    others=frozenset(range(FIRST)),
    written=tuple((b" w" if id_ % 3 else b"w") if id_ % 7 else b"." for id_ in range(300)),
)
DOCUMENTS = arrays.arrays(np.int64, st.integers(1, 200), elements=st.integers(FIRST, 299))
SEEDS = st.integers(0, 2**32)
QUICK = settings(max_examples=60, deadline=None)
WRITERS = [
    FillSpans(SPECIAL),
    DropSpans(SPECIAL),
    Deshuffle(SPECIAL),
    Denoise(SPECIAL),
    Denoise(SPECIAL, infill=0.5, mean=1.0, permute=0.5, rotate=0.5, delete=0.1),
    Continue(SPECIAL),
    MaskTokens(SPECIAL, writes=True),
]
READERS = [
    MaskTokens(SPECIAL),
    MaskTokens(SPECIAL, rate=0.3, whole_words=True),
    NextToken(SPECIAL),
]


def kind(objective: Objective) -> str:
    return type(objective).__name__


def unframed(ids: Ids) -> list[int]:
    """The ids between <s> and </s>."""
    assert ids[0] == BOS
    assert ids[-1] == EOS
    return [int(id_) for id_ in ids[1:-1]]


def made(objective: Objective, ids: Ids, seed: int) -> Example:
    before = ids.copy()
    example = objective(ids, generator(seed, "document"))
    assert np.array_equal(ids, before), "an objective must leave the document alone"
    return example


@pytest.mark.parametrize("objective", [*WRITERS, *READERS], ids=kind)
@QUICK
@given(ids=DOCUMENTS, seed=SEEDS)
def test_lengths_are_within_what_is_announced(objective: Objective, ids: Ids, seed: int) -> None:
    example = made(objective, ids, seed)
    most = objective.lengths(len(ids))
    assert len(example.input) <= most[0]
    assert len(example.labels) <= most[1]
    assert min(len(example.input), len(example.labels)) > 0


@pytest.mark.parametrize("objective", WRITERS, ids=kind)
@QUICK
@given(ids=DOCUMENTS, seed=SEEDS)
def test_same_randomness_same_example(objective: Objective, ids: Ids, seed: int) -> None:
    one, two = made(objective, ids, seed), made(objective, ids, seed)
    assert np.array_equal(one.input, two.input)
    assert np.array_equal(one.labels, two.labels)


@QUICK
@given(ids=DOCUMENTS, seed=SEEDS)
def test_filled_spans_give_the_document(ids: Ids, seed: int) -> None:
    example = made(FillSpans(SPECIAL), ids, seed)
    assert example.labels[-1] == EOS
    spans: dict[int, list[int]] = {}
    for id_ in example.labels[:-1].tolist():
        if id_ in SENTINELS:
            span = spans.setdefault(id_, [])
        else:
            span.append(id_)
    assert list(spans) == list(SENTINELS[: len(spans)])
    assert spans.popitem()[1] == []  # the last sentinel closes the list
    rebuilt = [one for id_ in unframed(example.input) for one in spans.pop(id_, [id_])]
    assert rebuilt == ids.tolist()
    assert not spans


@QUICK
@given(length=st.integers(1, 500), rate=st.floats(0.05, 0.5), mean=st.floats(1, 6), seed=SEEDS)
def test_spans_cover_the_share_that_is_asked_for(
    length: int, rate: float, mean: float, seed: int
) -> None:
    starts, lengths = random_spans(length, rate, mean, generator(seed))
    assert lengths.sum() == max(1, round(rate * length))
    assert lengths.min() >= 1
    stops = starts + lengths
    assert (starts[1:] > stops[:-1]).all(), "two spans must not touch"
    assert starts[0] >= 0
    assert stops[-1] <= length


def test_spans_lie_anywhere() -> None:
    rng = generator(1)
    starts = Counter(int(random_spans(10, 0.2, 2.0, rng)[0][0]) for _ in range(9000))
    assert set(starts) == set(range(9))
    assert max(abs(count - 1000) for count in starts.values()) < 150  # five standard deviations


@QUICK
@given(ids=DOCUMENTS, seed=SEEDS)
def test_dropping_leaves_the_others_in_order(ids: Ids, seed: int) -> None:
    example = made(DropSpans(SPECIAL), ids, seed)
    assert example.labels.tolist() == [*ids.tolist(), EOS]
    kept = unframed(example.input)
    assert len(kept) == len(ids) - min(max(1, round(0.15 * len(ids))), len(ids) - 1)
    remaining = iter(ids.tolist())
    assert all(id_ in remaining for id_ in kept)


@QUICK
@given(ids=DOCUMENTS, seed=SEEDS)
def test_shuffled_tokens_are_the_documents(ids: Ids, seed: int) -> None:
    example = made(Deshuffle(SPECIAL), ids, seed)
    assert Counter(unframed(example.input)) == Counter(ids.tolist())
    assert example.labels.tolist() == [*ids.tolist(), EOS]


@QUICK
@given(ids=DOCUMENTS, seed=SEEDS)
def test_prefix_and_rest_are_the_document(ids: Ids, seed: int) -> None:
    example = made(Continue(SPECIAL), ids, seed)
    sign, *prefix = unframed(example.input)
    assert sign == CLM
    assert [*prefix, *example.labels.tolist()] == [*ids.tolist(), EOS]
    assert round(0.2 * len(ids)) <= len(prefix) + (len(ids) == 1) <= max(round(0.8 * len(ids)), 1)


@QUICK
@given(ids=DOCUMENTS, seed=SEEDS, rate=st.floats(0.05, 1), mean=st.floats(0.5, 6))
def test_masks_stand_for_what_is_infilled(ids: Ids, seed: int, rate: float, mean: float) -> None:
    noisy = infilled(ids, MASK, rate, mean, generator(seed))
    kept = noisy[noisy != MASK].tolist()
    covered = max(1, round(rate * len(ids)))
    assert len(kept) == len(ids) - covered
    assert len(noisy) <= len(ids)
    remaining = iter(ids.tolist())
    assert all(id_ in remaining for id_ in kept)
    if (noisy == MASK).sum() == 1:  # then the one mask is the span, or stands where there is none
        at = noisy.tolist().index(MASK)
        assert noisy[:at].tolist() == ids[:at].tolist()
        assert noisy[at + 1 :].tolist() == ids[at + covered :].tolist()


def test_infilled_spans_have_the_mean_of_poisson() -> None:
    lengths = np.concatenate([poisson_lengths(3000, 3.0, generator(seed)) for seed in range(30)])
    assert 2.9 < lengths.mean() < 3.1
    assert 0.04 < (lengths == 0).mean() < 0.06  # exp(-3)


@QUICK
@given(ids=DOCUMENTS, seed=SEEDS)
def test_permuted_sentences_stay_whole(ids: Ids, seed: int) -> None:
    def sentences(of: Ids) -> list[list[int]]:
        ends = np.flatnonzero(SPECIAL.ends_sentence[of[:-1]]) + 1
        return [one.tolist() for one in np.split(of, ends)]

    last_is_open = not SPECIAL.ends_sentence[ids[-1]]
    shuffled = permuted(ids, SPECIAL, generator(seed))
    if last_is_open:  # a sentence without an end runs into the next one
        assert Counter(shuffled.tolist()) == Counter(ids.tolist())
    else:
        assert sorted(sentences(shuffled)) == sorted(sentences(ids))


@QUICK
@given(ids=DOCUMENTS, seed=SEEDS, rate=st.floats(0, 1))
def test_deletion_leaves_something(ids: Ids, seed: int, rate: float) -> None:
    left = deleted(ids, rate, generator(seed))
    assert len(left) == max(1, len(ids) - round(rate * len(ids)))


@QUICK
@given(ids=DOCUMENTS, seed=SEEDS)
def test_rotation_can_be_undone(ids: Ids, seed: int) -> None:
    rotate = Denoise(SPECIAL, infill=0.0, permute=0.0, rotate=1.0)
    rotated = unframed(made(rotate, ids, seed).input)
    turns = (rotated[n:] + rotated[:n] for n in range(len(rotated)))
    assert ids.tolist() in turns


def test_next_tokens() -> None:
    example = made(NextToken(SPECIAL), np.array([60, 61]), 1)
    assert example.input.tolist() == example.labels.tolist() == [BOS, 60, 61, EOS]
    assert made(NextToken(SPECIAL, closed=False), np.array([60, 61]), 1).input.tolist() == [60, 61]


@QUICK
@given(ids=DOCUMENTS, seed=SEEDS, share=st.floats(0, 0.5))
def test_masks_and_labels_agree(ids: Ids, seed: int, share: float) -> None:
    ids = ids.copy()
    ids[: int(share * len(ids))] = EOS  # as in packed text
    ordinary = int((ids != EOS).sum())
    example = made(MaskTokens(SPECIAL), ids, seed)
    scored = example.labels != IGNORED
    assert scored.sum() == (max(1, round(0.15 * ordinary)) if ordinary else 0)
    framed = np.array([BOS, *ids, EOS])
    assert np.array_equal(np.where(scored, example.labels, example.input), framed)
    assert not SPECIAL.is_special[example.labels[scored]].any()
    changed = example.input[scored]
    assert ((changed == MASK) | (changed >= FIRST)).all()


def test_eight_in_ten_are_masked_one_drawn_one_left() -> None:
    ids = np.arange(FIRST, 250)
    fates: Counter[str] = Counter()
    for seed in range(300):
        example = made(MaskTokens(SPECIAL), ids, seed)
        scored = example.labels != IGNORED
        for read, label in zip(example.input[scored], example.labels[scored], strict=True):
            fates["mask" if read == MASK else "same" if read == label else "other"] += 1
    total = fates.total()
    assert total == 300 * 30
    assert abs(fates["mask"] / total - 0.8) < 0.02
    assert abs(fates["same"] / total - 0.1) < 0.02
    assert abs(fates["other"] / total - 0.1) < 0.02


@QUICK
@given(
    sizes=st.lists(st.integers(1, 5), min_size=1, max_size=30),
    number=st.integers(1, 40),
    seed=SEEDS,
)
def test_whole_words_fill_the_share(sizes: list[int], number: int, seed: int) -> None:
    """Words are chosen until the next would be too long: none that is left would still fit."""
    words = np.repeat(np.arange(len(sizes)), sizes)
    chosen = chosen_words(words, number, np.random.default_rng(seed))
    taken = set(words[chosen].tolist())
    assert len(chosen) == sum(sizes[word] for word in taken)
    if min(sizes) > number:
        assert [sizes[word] for word in taken] == [min(sizes)]
        return
    assert len(chosen) <= number
    left = [size for word, size in enumerate(sizes) if word not in taken]
    assert all(size > number - len(chosen) for size in left)


def test_one_piece_words_are_masked_to_the_exact_share() -> None:
    chosen = chosen_words(np.arange(20), 6, np.random.default_rng(1))
    assert (len(chosen), len(set(chosen.tolist()))) == (6, 6)


@QUICK
@given(ids=DOCUMENTS, seed=SEEDS)
def test_whole_words_are_masked_whole(ids: Ids, seed: int) -> None:
    example = made(MaskTokens(SPECIAL, rate=0.3, whole_words=True), ids, seed)
    scored = (example.labels != IGNORED)[1:-1]
    groups: list[set[bool]] = []
    for n, id_ in enumerate(ids.tolist()):
        before = ids[n - 1] if n else None
        starts = id_ % 7 == 0 or id_ % 3 or before is None or before % 7 == 0
        if starts:
            groups.append(set())
        groups[-1].add(bool(scored[n]))
    assert all(len(group) == 1 for group in groups), "a word is masked in part"
    assert any(group == {True} for group in groups)
