"""Perplexity and bits per byte against figures worked by hand; splits and corpora."""

from __future__ import annotations

import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from data.access import Access
from data.contamination import KeepOut
from data.errors import InputError
from tests.training.texts import options, write_corpus
from training.losses import loss_for
from training.objectives import Special, parse_mix
from training.pretraining.config import PretrainConfig
from training.pretraining.corpora import HELD_OUT, TRAIN, Counts, is_held_out, open_sources
from training.pretraining.run import _piece_counts, prepare
from training.pretraining.scoring import Judge, Part, part_of
from training.text import Encoded


class Uniform(nn.Module):
    """Finds every one of V pieces as likely as any other."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.scores = nn.Parameter(torch.zeros(size))

    def forward(self, input_ids: Tensor, **_: Any) -> Any:
        return SimpleNamespace(logits=self.scores.expand(*input_ids.shape, -1))


def part(rows: int) -> Part:
    ids = torch.arange(2, 12).repeat(rows, 1)
    batch = {"input_ids": ids, "attention_mask": torch.ones_like(ids), "labels": ids.clone()}
    return Part("toy", [batch] * 12, 12 * rows, 0.25, "objective:clm")


def test_a_model_that_knows_nothing() -> None:
    """64 pieces: perplexity 64, 6 bits a piece, 1.5 bits a byte where a piece has four bytes."""
    judge, model = Judge([part(3)], loss_for("decoder")), Uniform(64)
    assert judge(model) == {
        "loss": pytest.approx(math.log(64)), "loss toy": pytest.approx(math.log(64)),
    }  # fmt: skip
    [record] = judge.scores(model, "trained")
    perplexity, bits = record["scores"]
    assert perplexity["value"] == pytest.approx(64, rel=1e-5)
    assert bits["value"] == pytest.approx(1.5, rel=1e-5)
    assert (perplexity["n"], perplexity["low"]) == (36, pytest.approx(64, rel=1e-5))


@pytest.mark.parametrize("score", [math.nan, math.inf, 1e4])
def test_a_model_whose_weights_are_damaged_has_no_perplexity(score: float) -> None:
    model = Uniform(64)
    with torch.no_grad():
        model.scores[0] = score
    with pytest.raises(InputError, match=r"toy: the loss of the model \(before\) is (nan|inf|1e)"):
        Judge([part(3)], loss_for("decoder")).scores(model, "before")


def encoded(documents: int, length: int) -> Encoded:
    """Documents of so many ids each, three bytes an id."""
    ids = np.arange(documents * length, dtype=np.uint16) % 50 + 4
    ends = np.arange(1, documents + 1, dtype=np.int64) * length
    return Encoded("toy", ids, ends, 3 * len(ids), len(ids), 0, "0" * 64)


@pytest.mark.parametrize(("documents", "limit", "rows"), [(450, 400, 4), (90, 1000, 1)])
def test_what_is_held_out_becomes_groups_of_documents(
    documents: int, limit: int, rows: int
) -> None:
    special = Special(size=60, eos=2, end=(2,))
    mix = parse_mix("clm", special, "decoder", 128)
    found = part_of(encoded(documents, 8), mix, limit, {"corpus": "a|b", "noise": 0})
    assert found.name == "toy"
    assert found.documents == min(documents, limit)
    assert sum(len(batch["labels"]) for batch in found.batches) == found.documents
    assert max(len(batch["labels"]) for batch in found.batches) == rows
    assert found.tokens_per_byte == 1 / 3
    assert found.signature == "corpus:a%7Cb|noise:0"


def test_piece_frequencies_alone() -> None:
    """Ids 2 to 11 once each, of 16 ids: with one added to all, 10 x 2/26 and 6 x 1/26."""
    counts = np.zeros(16, dtype=np.int64)
    counts[2:12] = 1
    [record] = Judge([part(1)], loss_for("encoder")).unigram_scores(counts)
    assert record["scores"][0]["value"] == pytest.approx(13)


@settings(deadline=None)  # the machine may be busy
@given(st.text(max_size=40), st.floats(0, 0.5))
def test_copies_of_a_document_stand_on_one_side(text: str, share: float) -> None:
    held = is_held_out(text, share)
    assert held == is_held_out(f"  {text} !", share)
    assert not is_held_out(text, 0.0)
    assert held <= is_held_out(text, 0.5)


def test_parts_are_a_partition(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "text.txt", 200)
    [source] = open_sources([f"{corpus}:2"], KeepOut(), held_out=0.2)
    counts = Counts()
    train, held_out = list(source.texts(TRAIN, counts)), list(source.texts(HELD_OUT))
    assert sorted(train + held_out) == sorted(corpus.read_text("utf-8").splitlines())
    assert counts.documents == {TRAIN: len(train), HELD_OUT: len(held_out)}
    assert source.weight == 2


@pytest.mark.parametrize(
    ("objective", "config"), [("CLM", "decoder-nano"), ("MLM", "encoder-nano")]
)
def test_a_decoder_is_trained_on_the_end_of_each_document_too(
    objective: str, config: str, tmp_path: Path
) -> None:
    asked = options(write_corpus(tmp_path / "text.txt", 120), tmp_path / "run")
    config_ = PretrainConfig(**{**asked, "objective": objective, "config": config})
    with prepare(config_, Access()) as prepared:
        counts, [part] = _piece_counts(prepared), prepared.parts
    assert part.train.documents > 90
    ends = part.train.documents if objective == "CLM" else 0
    assert counts[prepared.mix.special.eos] == ends
    assert counts.sum() == part.train.tokens + ends
