"""Fertility, counted by hand."""

from __future__ import annotations

import math

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from training.tokenizer.fertility import fertility


def small() -> PreTrainedTokenizerFast:
    """Pieces ▁ki tabu ▁cha . and bytes; ŋ is spelt in two of them."""
    pieces = ["<unk>", *(f"<0x{byte:02X}>" for byte in range(256)), "▁ki", "tabu", "▁cha", "."]
    vocabulary = [(piece, -9.0 if piece.startswith("<") else -1.0) for piece in pieces]
    backend = Tokenizer(models.Unigram(vocabulary, unk_id=0, byte_fallback=True))
    backend.normalizer = normalizers.Prepend("▁")
    backend.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="never")
    return PreTrainedTokenizerFast(tokenizer_object=backend, unk_token="<unk>")


def test_counts_by_hand() -> None:
    # ▁ki tabu | ▁cha | . and ▁ki | <0xC5> <0x8B>: the space before ŋ is spelt in three bytes more.
    found = fertility(small(), ["kitabu cha.", "ki ŋ"])
    assert (found.texts, found.words, found.pieces, found.bytes) == (2, 4, 10, 16)
    assert (found.fallback, found.single) == (5, 2)
    assert found.word_pieces == 2 + 1 + 1 + 2 + 3  # a piece of the space touches the word after it
    assert found.bytes_per_piece == 1.6
    assert found.fallback_share == 50.0
    assert found.single_share == 50.0


def test_nothing_gives_no_figure() -> None:
    assert math.isnan(fertility(small(), []).pieces_per_word)
    assert math.isnan(fertility(small(), ["123"]).single_share)
