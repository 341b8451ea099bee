"""A private run of nlu.train: its guarantee, speakers, copies, and going on after a kill."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from nlu.config import NluConfig
from nlu.model import load_nlu
from nlu.train import train
from training.progress import Progress

pytest.importorskip("opacus")


def options(folder: Path, encoder: str, corpus: Path, **more: Any) -> NluConfig:
    base = {
        "train": (f"{corpus}:train",),
        "model": encoder,
        "steps": 12,
        "batch_tokens": 128,
        "dp_epsilon": 8.0,
        "dp_batch": 16,
        "dp_accountant": "rdp",
        "out": folder / "run",
    }
    return NluConfig(**(base | more))


def test_killed_and_continued_to_the_same_bytes(tmp_path: Path, encoder: str, corpus: Path) -> None:
    class KilledError(Exception):
        pass

    def kill(progress: Progress) -> None:
        if progress.step >= 10:
            raise KilledError

    def files(folder: Path) -> list[bytes]:
        names = ("model/heads.safetensors", "model/model.safetensors", "metrics.jsonl")
        return [(folder / name).read_bytes() for name in names]

    how: dict[str, Any] = {"checkpoint_every": 5, "dev": f"{corpus}:dev", "evaluate_every": 5}
    whole = train(options(tmp_path / "a", encoder, corpus, **how)).folder
    with pytest.raises(KilledError):
        train(options(tmp_path / "b", encoder, corpus, **how), progress=kill)
    again = train(options(tmp_path / "b", encoder, corpus, **how)).folder
    assert files(again) == files(whole)
    told = [json.loads((one / "scores.json").read_text())["privacy"] for one in (whole, again)]
    assert told[0] == told[1]
    assert load_nlu(str(whole)).shape.again == 0  # a count of the training data, without noise


@pytest.mark.parametrize("secure", [False, True])
def test_speakers_are_protected_whole(
    tmp_path: Path, encoder: str, corpus: Path, secure: bool
) -> None:
    """Simulated: no set at hand names its speakers."""
    table = tmp_path / "speakers.tsv"
    ids = [json.loads(line)["id"] for line in corpus.read_text("utf-8").splitlines()]
    table.write_text("".join(f"{one}\tspeaker {n % 40}\n" for n, one in enumerate(ids)), "utf-8")
    config = options(
        tmp_path,
        encoder,
        corpus,
        dp_unit="speaker",
        dp_units=table,
        dp_batch=4,
        dp_most=2,
        dp_secure=secure,
        steps=4,
    )
    done = train(config)
    told = done.told["privacy"]
    assert told["unit"] == "speaker"
    assert told["units"] == 40
    assert told["noise"] == ("secure" if secure else "seeded")
    card = (done.model / "README.md").read_text("utf-8")
    assert f"Epsilon {told['epsilon']:.2f} at delta 1e-05" in card
    assert "40 speakers" in card
    assert ("--dp-secure" in card) is not secure
