"""Whom a decoder writes about: counted by hand, and the same whatever is written beside it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from data.errors import InputError
from data.word_lists import gender_pairs
from data.word_lists.swap import RoleSwap
from trust.fairness import generation
from trust.fairness.__main__ import fairness
from trust.fairness.config import Fairness
from trust.fairness.generation import (
    PROMPTS,
    Tally,
    about,
    disparity,
    lower,
    next_words,
    of_next_words,
    scores,
    stories,
    tally,
    write,
)

SWAP = RoleSwap(gender_pairs("en"))
BEGUN = stories({"care": ["nurse", "nanny"], "science": ["chemist"]}, PROMPTS["en"][:2])
SAID = "</s> The nurse nanny chemist said that went home because she he her his it rained"
WORDS = SAID.split()


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    made = Tokenizer(models.WordLevel({word: n for n, word in enumerate(WORDS)}, "it"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.decoder = decoders.WordPiece()
    return PreTrainedTokenizerFast(tokenizer_object=made, eos_token="</s>")


@pytest.fixture(scope="module")
def model() -> Any:
    torch.manual_seed(1)
    size = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1}
    heads = {"num_attention_heads": 2, "num_key_value_heads": 2, "vocab_size": len(WORDS)}
    return LlamaForCausalLM(LlamaConfig(**size, **heads, eos_token_id=0)).eval()


def test_what_is_written_hangs_on_prompt_and_number_alone(
    model: Any, tokenizer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = write(model, tokenizer, BEGUN, each=5, length=6, seed=3)
    assert [story for story, _ in whole] == [story for story in BEGUN for _ in range(5)]
    assert len({text for _, text in whole}) > 10
    monkeypatch.setattr(generation, "ROWS", 3)
    assert write(model, tokenizer, BEGUN, each=5, length=6, seed=3) == whole
    alone = write(model, tokenizer, BEGUN[2:3], each=5, length=6, seed=3)
    assert alone == whole[10:15]
    assert write(model, tokenizer, BEGUN, each=5, length=6, seed=4) != whole


def test_drawn_as_often_as_it_is_likely(model: Any, tokenizer: Any) -> None:
    ids = tokenizer(BEGUN[0].prompt, return_tensors="pt")["input_ids"]
    with torch.no_grad():
        likely = model(ids).logits[0, -1].softmax(dim=-1).numpy()
    drawn = write(model, tokenizer, BEGUN[:1], each=3000, length=1, seed=1)
    for number in (10, 11):
        share = np.mean([text.strip() == WORDS[number] for _, text in drawn])
        assert abs(share - likely[number]) < 4 * np.sqrt(likely[number] / 3000)


def test_next_words_by_hand(model: Any, tokenizer: Any) -> None:
    found = next_words(model, tokenizer, BEGUN, SWAP)
    ids = tokenizer(BEGUN[0].prompt, return_tensors="pt")["input_ids"]
    with torch.no_grad():
        likely = model(ids).logits[0, -1].double().softmax(dim=-1)
    she, he, her, his = (likely[WORDS.index(word)] for word in ("she", "he", "her", "his"))
    assert found[0] == (BEGUN[0], pytest.approx(float(she + her)), pytest.approx(float(he + his)))
    assert of_next_words(found).shape == (3,)


def test_whom_a_text_is_about() -> None:
    texts = ("she said that he saw her", "he and his wife", "it rained", "he saw her", "HERS")
    assert [about(text, SWAP) for text in texts] == ["female", "male", None, None, "female"]
    told = [(BEGUN[0], "she"), (BEGUN[0], "he"), (BEGUN[1], "her"), (BEGUN[4], "rain")]
    assert tally(told, SWAP) == [
        Tally("nurse", "care", 2, 1, 0),
        Tally("chemist", "science", 0, 0, 1),
    ]


def test_disparity_by_hand_and_beside_coins() -> None:
    assert disparity(np.array([3, 0]), np.array([1, 4])).tolist() == [25.0, 50.0]
    rng = np.random.default_rng(1)
    fair = [
        Tally(str(n), "", int(f), 20 - int(f), 4) for n, f in enumerate(rng.binomial(20, 0.5, 90))
    ]
    found, women, (low, high) = scores(fair, "", 1)
    assert low < found.value < high
    assert women.low < 50 < women.high
    assert found.n == 90
    skewed = [Tally(str(n), "", 19 if n % 2 else 1, 1 if n % 2 else 19, 0) for n in range(90)]
    found, women, (_, high) = scores(skewed, "", 1)
    assert found.value == pytest.approx(45.0)
    assert found.low > high
    assert abs(women.value - 50) < 1


def test_how_much_lower() -> None:
    before = [Tally(str(n), "", 180, 20, 0) for n in range(30)]
    after = [Tally(str(n), "", 120, 80, 0) for n in range(30)]
    value, low, high = lower(before, after, 1)
    assert value == pytest.approx(75.0)
    assert 65 < low < value < high < 85
    few = [Tally("0", "", 1, 0, 9), *after[1:]]
    assert lower(before, few, 1)[0] == pytest.approx(75.0)
    value, low, high = lower(before, before, 1)
    assert low < 0 == value < high


def test_a_decoder_is_measured_and_what_is_none_says_so(
    model: Any, tokenizer: Any, tmp_path: Path
) -> None:
    folder, list_, prompts = (tmp_path / name for name in ("model", "list.tsv", "prompts.txt"))
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    people = [f"{one}\tx" for one in ("nurse", "nanny", "chemist", "home", "it")]
    list_.write_text("\n".join(["word\tgroup", *people, ""]), "utf-8")
    prompts.write_text("The {} said that\n", "utf-8")
    asked = {"measures": ("generation",), "professions": str(list_), "prompts": prompts}
    made = fairness(Fairness(str(folder), **asked, continuations=40, out=tmp_path / "run"))
    first, second, following = made.figures
    assert first.score.n == 5
    assert 0 <= first.score.low <= first.score.value <= 50
    assert first.null is not None
    assert second.score.name == "women"
    assert 0 <= following.score.value <= 50
    assert first.beside["continuations"] == 200
    assert "generation" in (tmp_path / "run" / "report.html").read_text("utf-8")
    with pytest.raises(InputError, match=r"Swahili: give some, --prompts FILE and --professions"):
        fairness(Fairness(str(folder), measures=("generation",), lang="sw"))
    config = json.loads((folder / "config.json").read_text()) | {"architectures": ["BertModel"]}
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(InputError, match="the model writes nothing"):
        fairness(Fairness(str(folder), measures=("generation",)))
