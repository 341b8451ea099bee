"""docs/CONTRIBUTING.md, followed: each block adds a thing from outside the tree, and it works."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from data.errors import InputError
from metrics import score as directions
from metrics import translation
from tests.training.texts import options, write_corpus
from training import objectives
from training.pretrain import pretrain
from training.pretraining.config import PretrainConfig

PAGE = Path(__file__).parent.parent / "docs" / "CONTRIBUTING.md"


def followed(heading: str) -> dict[str, Any]:
    """Run the Python under a heading of the page; what it defined."""
    section = PAGE.read_text("utf-8").split(f"\n### {heading}\n")[1].partition("\n#")[0]
    blocks = re.findall(r"^```python\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    assert blocks
    names: dict[str, Any] = {"__name__": "walkthrough"}
    code = compile("\n".join(blocks), str(PAGE), "exec", dont_inherit=True)
    exec(code, names)
    return names


@pytest.fixture
def own_metrics(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test registers goes with it."""
    monkeypatch.setattr(translation, "METRICS", dict(translation.METRICS))
    monkeypatch.setattr(translation, "STATED", stated := dict(directions.STATED))
    monkeypatch.setattr(directions, "STATED", stated)


def test_a_metric(own_metrics: None) -> None:
    names = followed("A metric")
    found = translation.score(["Habari", "Ndiyo"], ["Habari", "Hapana"], name="same sentence")
    assert (found.value, found.higher_is_better, found.signature) == (50.0, True, "match:exact")
    assert names["SAME"].higher_is_better is True
    with pytest.raises(ValueError, match='"BLEU" is there already'):
        translation.register("BLEU", lambda _: names["SAME"], higher_is_better=True)


def test_a_metric_of_which_less_is_better(own_metrics: None) -> None:
    rate = translation.COPY_RATE
    translation.register("accuracy lost", lambda _: rate, higher_is_better=False)
    assert directions.higher_is_better("accuracy lost") is False


def test_an_objective(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objectives, "OBJECTIVES", list(objectives.OBJECTIVES))
    corpus = write_corpus(tmp_path / "text.txt", 100)
    asked = options(corpus, tmp_path / "run", objective="reverse", config="bart-nano", steps=2)
    with pytest.raises(InputError, match='objective "reverse": expected'):
        PretrainConfig(**asked)
    names = followed("An objective")
    done = pretrain(PretrainConfig(**asked))
    assert done.told["training"]["steps"] == 2
    with pytest.raises(InputError, match='objective "reverse": expected for a decoder: clm'):
        PretrainConfig(**{**asked, "config": "decoder-nano"})
    with pytest.raises(ValueError, match='encoder-decoder has "reverse" already'):
        objectives.register("reverse", "encoder-decoder", names["Reverse"])
