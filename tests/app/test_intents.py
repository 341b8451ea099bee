"""Intents on the page Try: only models under runs/, slots marked, text escaped."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.intents import models, table, understand
from app.job import Job
from data.errors import InputError
from models.resolve import resolve_model
from nlu.model import Shape, open_nlu
from tests.nlu.conftest import encoder  # noqa: F401  (a fixture)


@pytest.fixture
def runs(encoder: str, tmp_path: Path) -> Path:  # noqa: F811
    shape = Shape(("alarm_set", "play"), ("song", "time"))
    folder = tmp_path / "runs" / "nlu-1" / "model"
    folder.mkdir(parents=True)
    open_nlu(resolve_model(encoder), shape, length=32, seed=3).save(folder)
    return tmp_path / "runs"


def test_utterances_are_understood(runs: Path) -> None:
    job: Job[Any] = Job(lambda _: None)
    assert models(runs) == ["nlu-1"]
    found = understand("play <b>taxi</b>\n\nwake me at five\n", "nlu-1", runs, job)
    assert [one.tokens for one in found] == [("play", "<b>taxi</b>"), ("wake", "me", "at", "five")]
    page = table(found)
    assert "<b>taxi" not in page
    assert "&lt;b&gt;taxi" in page
    assert found[0].parsed.intent in page


@pytest.mark.parametrize(
    ("text", "name", "message"),
    [
        ("", "nlu-1", "expected 1 to 50 utterances"),
        ("x" * 2000, "nlu-1", "at most 1,000 characters"),
        ("play taxi", "../runs/nlu-1", "no model of nlu.train in"),
        ("play taxi", "/etc", "choose one that is there"),
    ],
)
def test_what_is_refused(runs: Path, text: str, name: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        understand(text, name, runs, Job(lambda _: None))


def test_without_a_model_the_page_says_how_to_train_one(
    tmp_path: Path, run_page: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    page = run_page("try_it")
    assert not page.exception
    assert any(one.value.startswith("python -m nlu.train") for one in page.code)
