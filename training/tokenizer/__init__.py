"""Tokenizers: train one, extend a model's for a new language, measure how finely it cuts.

    python -m training.tokenizer train --text swa.txt --size 8000 --out runs/tokenizer
    python -m training.tokenizer extend smollm2-135m-instruct --text swa.txt --out runs/extended
    python -m training.tokenizer fertility runs/tokenizer --text ntrex-128:test:sw

From Python:

    trained = train_tokenizer(lines, 8000, model="unigram")
    trained.save(folder)                       # AutoTokenizer.from_pretrained(folder)
    extension = extend(open_fast_tokenizer(folder), new_lines, 2000)
    fertility(extension.tokenizer, held_out).pieces_per_word    # training.tokenizer.fertility

Embeddings for the new pieces:
`training.tokenizer.embeddings.initialise_embeddings`.
"""

from __future__ import annotations

from models.tokenizer import open_fast_tokenizer
from training.tokenizer.extension import Change, Extension, NewPiece, change, extend
from training.tokenizer.learning import Trained, save_tokenizer, train_tokenizer
from training.tokenizer.special import (
    ARCHITECTURES,
    BOS,
    CLM,
    EOS,
    MASK,
    PAD,
    UNKNOWN,
    framed,
    literal_backend,
)

__all__ = [
    "ARCHITECTURES",
    "BOS",
    "CLM",
    "EOS",
    "MASK",
    "PAD",
    "UNKNOWN",
    "Change",
    "Extension",
    "NewPiece",
    "Trained",
    "change",
    "extend",
    "framed",
    "literal_backend",
    "open_fast_tokenizer",
    "save_tokenizer",
    "train_tokenizer",
]
