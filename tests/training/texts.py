"""Text for tests of pretraining: simple Swahili sentences from a few words, written by us."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

PEOPLE = ("Amina", "Baraka", "Juma", "Zawadi", "Mwalimu", "Bibi", "Daktari", "Rafiki yangu")
DOES = ("anasoma", "ananunua", "anapenda", "anauza", "anapika", "anaona", "anabeba")
THINGS = ("kitabu", "samaki", "matunda", "barua", "chakula", "nguo", "maji", "gazeti", "mkate")
WHEN = ("leo", "kesho", "asubuhi", "jioni", "kila siku", "sokoni", "nyumbani", "mjini", "shambani")


def sentences(number: int, seed: int = 1) -> list[str]:
    """So many different sentences of four parts, such as "Amina anasoma kitabu leo."."""
    rng = random.Random(seed)
    every = [f"{p} {d} {t} {w}." for p in PEOPLE for d in DOES for t in THINGS for w in WHEN]
    return rng.sample(every, number)


def write_corpus(path: Path, number: int = 400, seed: int = 1) -> Path:
    """A file with a sentence a line."""
    path.write_text("".join(f"{line}\n" for line in sentences(number, seed)), "utf-8")
    return path


def options(corpus: Path, out: Path, **more: Any) -> dict[str, Any]:
    """Those of a run of a few seconds: a masked model of two layers."""
    base = {
        "corpora": (str(corpus),),
        "objective": "MLM",
        "config": "encoder-nano",
        "tokenizer": "train:380",
        "steps": 6,
        "length": 32,
        "batch_tokens": 512,
        "held_out": 0.1,
        "device": "cpu",
        "out": out,
    }
    return {**base, **more}
