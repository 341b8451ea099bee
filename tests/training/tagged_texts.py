"""Labelled toy sentences in two languages, written by us, and a tokenizer and encoder for them."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from data.tagged import TaggedSentence, write_tagged

ENGLISH = {
    "NOUN": ("dog", "child", "teacher", "book", "river", "market", "farmer", "letter"),
    "VERB": ("sees", "buys", "reads", "follows", "likes", "sells"),
    "ADV": ("today", "slowly", "again", "often"),
    "DET": ("the", "a", "this"),
    "PUNCT": (".", "!"),
}
SWAHILI = {
    "NOUN": ("mbwa", "mtoto", "mwalimu", "kitabu", "mto", "soko", "mkulima", "barua"),
    "VERB": ("anaona", "ananunua", "anasoma", "anafuata", "anapenda", "anauza"),
    "ADV": ("leo", "polepole", "tena"),
    "PUNCT": (".", "!"),
}
PATTERNS = (
    ("DET", "NOUN", "VERB", "DET", "NOUN", "ADV", "PUNCT"),
    ("DET", "NOUN", "VERB", "PUNCT"),
)
BARE = tuple(tuple(tag for tag in pattern if tag != "DET") for pattern in PATTERNS)


def labelled(words: dict[str, tuple[str, ...]], number: int, seed: int = 1) -> list[TaggedSentence]:
    """So many sentences of the patterns, determiners only where the language has them."""
    rng = random.Random(seed)
    patterns = PATTERNS if "DET" in words else BARE
    found = []
    for n in range(number):
        tags = rng.choice(patterns)
        found.append(TaggedSentence(str(n), tuple(rng.choice(words[tag]) for tag in tags), tags))
    return found


def write(path: Path, sentences: list[TaggedSentence]) -> str:
    """A two-column file; its name."""
    write_tagged(path, sentences)
    return str(path)


def tokenizer_folder(folder: Path) -> Path:
    """A tokenizer of both languages' words, as an encoder wants it."""
    from training.tokenizer import framed, save_tokenizer, train_tokenizer

    texts = [" ".join(one.tokens) for words in (ENGLISH, SWAHILI) for one in labelled(words, 200)]
    save_tokenizer(framed(train_tokenizer(texts, 380).tokenizer, "encoder"), folder)
    return folder


def options(folder: Path, pieces: Path, **more: Any) -> dict[str, Any]:
    """Those of a run of a few seconds: English labels, scored on English and Swahili."""
    base = {
        "train": (write(folder / "en.txt", labelled(ENGLISH, 300)),),
        "dev": write(folder / "en-dev.txt", labelled(ENGLISH, 30, seed=2)),
        "test": (write(folder / "sw-test.txt", labelled(SWAHILI, 60, seed=3)),),
        "config": "encoder-nano",
        "tokenizer": str(pieces),
        "steps": 150,
        "learning_rate": 0.01,
        "batch_tokens": 256,
        "length": 32,
        "device": "cpu",
        "out": folder / "run",
    }
    return {**base, **more}
