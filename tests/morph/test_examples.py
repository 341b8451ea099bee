"""Batches of examples: each once an epoch, in ids between begin and end, from either end."""

from __future__ import annotations

from collections import Counter
from itertools import islice

import pytest
import torch

from data.errors import InputError
from data.randomness import stream
from data.unimorph import Triple
from morph.alphabet import BEGIN, END, PAD, Alphabet
from morph.examples import (
    HIDDEN,
    HIDDEN_RARE,
    Example,
    ExampleBatches,
    _hiding_shares,
    padded,
    quotas,
)

WORDS = [f"{a}{b}{c}" for a in "bdgk" for b in "aei" for c in ("l", "lo", "lomi")]
TRIPLES = [Triple(word, "V;PST", f"ali{word}") for word in WORDS]
ALPHABET = Alphabet.of(TRIPLES)
EXAMPLES = [
    Example(t.lemma, tuple(ALPHABET.encode_features(t.features)), t.form or "") for t in TRIPLES
]


def batches(size: int = 8, seed: int = 1, **options: object) -> ExampleBatches:
    made = ExampleBatches([EXAMPLES], ALPHABET, size, seed, **options)  # type: ignore[arg-type]
    made._shares = dict.fromkeys(made._shares, 0.0)  # nothing is hidden, so words can be read
    return made


def lemmas(found: ExampleBatches, count: int) -> list[str]:
    """The lemmas of some batches, as text."""
    rows = [row for batch in islice(found, count) for row in batch["lemma"].tolist()]
    return [ALPHABET.decode([one for one in row if one != PAD]) for row in rows]


def test_each_example_once_an_epoch_in_another_order_the_next() -> None:
    found = batches()
    first, second = (lemmas(found, 5) for _ in range(2))  # 36 examples: four batches of 8, one of 4
    assert sorted(first) == sorted(second) == sorted(WORDS)
    assert first != second
    assert lemmas(batches(), 5) == first
    assert lemmas(batches(seed=2), 5) != first


def test_a_batch_has_words_of_like_length() -> None:
    for batch in islice(batches(12), 3):
        assert len(batch["lemma"]) == 12
        assert len({len([n for n in row if n]) for row in batch["lemma"].tolist()}) == 1


def test_fifty_batches_are_sorted_by_length_together() -> None:
    found = batches(2)
    for examples, pools in ((100, 1), (102, 2)):
        found._sizes = found._quotas = [examples]
        found._lengths = list(range(examples))
        neighbours = [
            abs(pair[0] - pair[-1]) <= 1 for pair in found._order(stream(1, "order")) if pair[1:]
        ]
        assert all(neighbours) == (pools == 1)


def test_ids_stand_between_begin_and_end_and_may_be_turned() -> None:
    for turned in (False, True):
        [batch] = islice(batches(36, from_end=turned), 1)
        columns = [batch[name].tolist() for name in ("lemma", "form", "features")]
        for lemma, form, features in zip(*columns, strict=True):
            word = [one for one in lemma if one != PAD]
            inner = [one for one in form if one != PAD]
            assert (inner[0], inner[-1]) == (BEGIN, END)
            way = -1 if turned else 1
            text = ALPHABET.decode(word[::way])
            assert text in WORDS
            assert ALPHABET.decode(inner[1:-1][::way]) == f"ali{text}"
            assert features == ALPHABET.encode_features("V;PST")


def test_a_place_and_how_often_all_was_seen() -> None:
    found = batches()
    stream = iter(found)
    for _ in range(7):
        next(stream)
    assert found.state_dict() == {"epoch": 1, "done": 2}
    assert found.epochs == pytest.approx(1 + 2 * 8 / 36)
    again = batches()
    again.load_state_dict(found.state_dict())
    assert torch.equal(next(iter(again))["form"], next(stream)["form"])


def test_languages_have_their_quotas() -> None:
    assert quotas([900, 100], 1) == [900, 100]
    assert quotas([900, 100], 2) == [750, 250]  # 30 to 10
    assert quotas([10**6, 1], 1) == [10**6, 1]
    assert quotas([10**6, 1], 1.0)[1] == 1, "one at least"
    few, many = EXAMPLES[:4], EXAMPLES[4:]
    found = ExampleBatches([few, many], ALPHABET, 1, 1, 1e9)
    found._shares = dict.fromkeys(found._shares, 0.0)
    seen = Counter(lemmas(found, 36))
    assert sum(seen[one.lemma] for one in few) == 18, "half of 36"
    assert {seen[one.lemma] for one in few} == {4, 5}
    assert set(seen) <= {one.lemma for one in EXAMPLES}


def test_rare_units_are_hidden_ten_times_as_often() -> None:
    rare = [Example("ab", (), "ab")] + [Example("a", (), "a")] * 499
    shares = _hiding_shares(rare, "characters")
    assert shares == {"a": HIDDEN, "b": HIDDEN_RARE}  # once in 500, less than once in 250
    twice = [Example("ab", (), "ab")] * 2 + [Example("a", (), "a")] * 498
    assert _hiding_shares(twice, "characters")["b"] == HIDDEN, "twice in 500 is not"
    assert (HIDDEN, HIDDEN_RARE) == (0.03, 0.3)


def test_hidden_units_are_copied_as_placeholders() -> None:
    found = ExampleBatches([EXAMPLES], ALPHABET, 36, 1)
    found._shares = dict.fromkeys(found._shares, 1.0)
    [batch] = islice(found, 1)
    assert (batch["lemma"][batch["lemma"] != PAD] >= ALPHABET.first_placeholder).all()
    form = batch["form"]
    assert (form < ALPHABET.first_placeholder).any(), (
        "what is in the form alone is written as it is"
    )


def test_rows_are_filled_up_and_cut_to_what_the_model_knows() -> None:
    assert padded([[5], [7, 9]], 8).tolist() == [[5, PAD], [7, 8]]
    assert padded([[5], [7, 9]], None).tolist() == [[5, PAD], [7, 9]]
    assert padded([[]], None).shape == (1, 1)
    assert padded([[], []], None).shape == (2, 1)


@pytest.mark.parametrize("groups", [[], [[]], [EXAMPLES, []]])
def test_no_examples(groups: list[list[Example]]) -> None:
    with pytest.raises(InputError, match="expected at least one a language, found none"):
        ExampleBatches(groups, ALPHABET, 8, 1)
