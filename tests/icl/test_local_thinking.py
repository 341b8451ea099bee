"""Models on this machine that think aloud or begin with blank lines: stop strings come later."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from icl.answers import Answer, answer_of
from icl.engines import Backend, Batch, Completion, Request
from icl.prompt import Prompt
from tests.icl.opened import opened as open_engine

GOOD = "The children go."
END = 257  # the toy tokenizer spells in bytes and ends with this id
STOP = ("\n",)
SAID = {
    "thinks": f"<think>\nhm\n</think>\n\n{GOOD}\nMore",
    "blank lines": f"\n\n{GOOD}\n",
    "says it at once": f"{GOOD}\nMore",
    "thinks for ever": "<think>\nhm\nhm",
    "nothing": "",
}
ANSWERS = [
    Answer(GOOD, "stop", "closed"),
    Answer(GOOD, "stop"),
    Answer(GOOD, "stop"),
    Answer("", "thinking", "open"),
    Answer("", "stop"),
]


class Told:
    """What a model writes, in the place of the model: to its own end, or to a stop string."""

    def __init__(self, backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[tuple[list[str], bool]] = []
        self._encode = backend._tokenizer.vocabulary.ids  # type: ignore[attr-defined]
        if backend.identity["engine"] == "transformers":
            monkeypatch.setattr(backend, "_model", None, raising=False)
            monkeypatch.setattr(backend, "_end_ids", lambda: [END])
            monkeypatch.setattr(backend, "_generate", self.rows)
        else:
            monkeypatch.setattr(type(backend), "_replicas", 1)
            monkeypatch.setattr(backend, "_submit", self.results)

    def rows(self, batch: Batch, *, own: bool) -> list[list[int]]:
        self.asked.append(([request.id for request in batch.requests], own))
        return [self._row(SAID[request.id], own) for request in batch.requests]

    def _row(self, text: str, own: bool) -> list[int]:
        head, stop, _ = text.partition("\n")
        ended = [END] if text != SAID["thinks for ever"] else []
        return self._encode(text) + ended if own or not stop else self._encode(head + stop)

    def results(self, batch: Batch, *, own: bool) -> list[Any]:
        rows = self.rows(batch, own=own)
        return [
            SimpleNamespace(result=lambda row=row: SimpleNamespace(sequences_ids=[row]))
            for row in rows
        ]


def opened(engine: str, folder: Path) -> Backend:
    return open_engine(engine, folder, 40, STOP, offline=True)


def batch(prompt: Prompt, ids: Sequence[str]) -> Batch:
    requests = tuple(Request(name, "", prompt) for name in ids)
    return Batch(requests, (), ((1,),) * len(ids))


@pytest.mark.parametrize("engine", ["ctranslate2", "transformers"])
def test_what_a_stop_string_ended_too_early_is_asked_again(
    engine: str, tiny_decoder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = opened(engine, tiny_decoder)
    told = Told(backend, monkeypatch)
    [made] = backend.run([batch(Prompt("x"), list(SAID))])
    assert [answer_of(completion, STOP) for completion in made] == ANSWERS
    again = ["thinks", "blank lines", "thinks for ever"]
    assert told.asked == [(list(SAID), False), (again, True)]


@pytest.mark.parametrize("engine", ["ctranslate2", "transformers"])
@pytest.mark.parametrize("chat", [True, False])
def test_a_prompt_that_opens_the_thoughts(
    engine: str, chat: bool, tiny_decoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(tiny_decoder, folder)
    (folder / "chat_template.jinja").write_text("{{ messages[0].content }}<think>\n")
    monkeypatch.setitem(SAID, "thinks", f"hm\nhm</think>\n{GOOD}\nMore")
    monkeypatch.setitem(SAID, "cut", "hm\nhm")
    backend = opened(engine, folder)
    told = Told(backend, monkeypatch)
    prompt = Prompt("", (("user", "x"),)) if chat else Prompt("x <think>")
    [made] = backend.run([batch(prompt, ["thinks", "cut"])])
    assert [answer_of(completion, STOP) for completion in made] == [
        Answer(GOOD, "stop", "closed"),
        Answer("", "thinking", "open"),
    ]
    assert told.asked == [(["thinks", "cut"], True)], "at once to the model's own end"
    assert made[1] == Completion("<think>hm\nhm", "stop")
