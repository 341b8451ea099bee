"""Toy utterances, a toy encoder: what the tests of nlu share."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from data.utterances import HELD_OUT

PLACES = ("nyeri", "kisumu", "moshi", "arusha")
TIMES = ("five", "noon", "seven thirty", "midnight")
SONGS = ("malaika", "jambo bwana", "taxi")
PATTERNS = {
    "alarm_set": ("wake me at [time : {time}]", "alarm at [time : {time}] please"),
    "weather": (
        "will it rain in [place : {place}]",
        "weather in [place : {place}] at [time : {time}]",
    ),
    "play": ("play [song : {song}]", "please play [song : {song}] now"),
}


def massive(number: int, seed: int, partition: str, locale: str = "en-US") -> list[str]:
    """Lines in the form of MASSIVE."""
    draw = random.Random(seed)
    lines = []
    for place in range(number):
        intent = draw.choice(list(PATTERNS))
        annotated = draw.choice(PATTERNS[intent]).format(
            time=draw.choice(TIMES), place=draw.choice(PLACES), song=draw.choice(SONGS)
        )
        extra = draw.choice(("", "", " thanks", " now", f" {draw.randrange(99)}"))
        annotated += extra
        text = " ".join(
            word.strip("]")
            for word in annotated.split()
            if not word.startswith("[") and word != ":"
        )
        record = {
            "id": f"{partition}{place}",
            "locale": locale,
            "partition": partition,
            "scenario": intent.partition("_")[0],
            "intent": intent,
            "utt": text,
            "annot_utt": annotated,
            "worker_id": "1",
        }
        lines.append(json.dumps(record))
    return lines


def held_out(folder: Path, code: str, number: int = 3) -> None:
    """A file of the shared task, without labels."""
    lines = [json.loads(line) for line in massive(number, 1, "test", code)]
    for one in lines:
        one["partition"] = HELD_OUT
        for key in ("scenario", "intent", "annot_utt"):
            del one[key]
    text = "".join(json.dumps(one) + "\n" for one in lines)
    (folder / f"{code}.jsonl").write_text(text, "utf-8")


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of one locale with its three partitions."""
    path = tmp_path_factory.mktemp("massive") / "en-US.jsonl"
    lines = [*massive(160, 1, "train"), *massive(30, 2, "dev"), *massive(40, 3, "test")]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


@pytest.fixture(scope="session")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> str:
    """An encoder of two layers with random weights, and a tokenizer of these words."""
    from models.weights import save_safetensors
    from training.architectures import SpecialIds, build
    from training.tokenizer import framed, save_tokenizer, train_tokenizer

    folder = tmp_path_factory.mktemp("encoder")
    lines = [json.loads(line)["utt"] for line in massive(300, 5, "train")]
    tokenizer = framed(train_tokenizer(lines, 358).tokenizer, "encoder")
    save_safetensors(build("encoder-nano", SpecialIds(0, 2, 3), len(tokenizer), 1), folder)
    save_tokenizer(tokenizer, folder)
    return str(folder)
