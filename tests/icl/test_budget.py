"""A budget of tokens: whole shots go, those least like the sentence first, and it is told.

The tiny model reads single bytes, so that a prompt takes as many tokens as it has bytes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from data.parallel import Pair
from icl.engines import EngineOptions, Settings
from icl.evaluate import evaluate
from icl.options import RunConfig
from icl.prompt import Languages, Prompt, render
from icl.scoring import Evaluation
from icl.templates import TEMPLATES

LANGUAGES = Languages("Swahili", "English")
TESTS = ["mvua inanyesha leo asubuhi", "paka mweusi amelala juu ya kiti", "ndiyo"]
POOL = [
    "mvua kubwa inanyesha",
    "paka amelala",
    "leo asubuhi kuna jua",
    "kiti kipya",
    "ng'ombe mweusi",
]


def files(folder: Path, tests: list[str], pool: list[str]) -> dict[str, str]:
    for name, texts in (("test", tests), ("pool", pool)):
        rows = "".join(f"{text}\t{name} {number}\n" for number, text in enumerate(texts, 1))
        (folder / f"{name}.tsv").write_text(f"sw\ten\n{rows}", "utf-8")
    return {"test_set": str(folder / "test.tsv"), "pool": str(folder / "pool.tsv")}


def run(
    model: Path, out: Path, tests: list[str], pool: list[str], **options: Any
) -> tuple[Evaluation, dict[str, dict[str, Any]]]:
    """The evaluation, and the model's records by source."""
    out.mkdir()
    paths = files(out, tests, pool)
    config = RunConfig(
        "sw", model=str(model), offline=True, out=out / "run", max_new_tokens=8, **paths, **options
    )
    evaluation = evaluate(config)
    lines = (out / "run" / "segments.jsonl").read_text("utf-8").splitlines()
    records = [r for line in lines if (r := json.loads(line))["system"] == "model"]
    return evaluation, {record["source"]: record for record in records}


def prompt(source: str, ids: list[str]) -> Prompt:
    shots = [Pair(i, POOL[int(i) - 1], f"pool {i}") for i in ids]
    return render(TEMPLATES["plain"], shots, source, LANGUAGES)


def fitting(source: str, ids: list[str], budget: int) -> list[str]:
    """As many of the last shots as fit whole."""
    while ids and len(prompt(source, ids).text.encode()) > budget:
        ids = ids[1:]
    return ids


@pytest.mark.parametrize("select", ["bm25", "random"])
def test_whole_shots_go_and_the_most_similar_stay(
    select: str, tiny_decoder: Path, tmp_path: Path
) -> None:
    options: dict[str, Any] = {"select": select, "shots": 4}
    _, whole = run(tiny_decoder, tmp_path / "whole", TESTS, POOL, **options)
    assert all(len(record["shots"]) == 4 for record in whole.values())
    seen = set()
    for budget in (40, 100, 150, 200):
        out = tmp_path / str(budget)
        evaluation, records = run(
            tiny_decoder, out, TESTS, POOL, max_prompt_tokens=budget, **options
        )
        shortened = 0
        for source, record in records.items():
            kept = fitting(source, whole[source]["shots"], budget)
            assert record.get("shots", []) == kept
            assert record["prompt"] == prompt(source, kept).sha256, "no shot is cut"
            shortened += len(kept) < 4
            seen.add(len(kept))
        note = (
            f"sw-en: {shortened} prompts hold fewer shots than asked for, because more would not "
            "fit; segments.jsonl names those they hold"
        )
        assert note in evaluation.notes
        assert f"|max-prompt-tokens:{budget}|" in evaluation.results[0].scores[0].signature
    assert seen == {0, 1, 2, 3, 4}


def test_a_budget_that_holds_all_changes_no_prompt(tiny_decoder: Path, tmp_path: Path) -> None:
    evaluation, records = run(
        tiny_decoder, tmp_path / "x", TESTS, POOL, shots=4, max_prompt_tokens=1000
    )
    assert all(len(record["shots"]) == 4 for record in records.values())
    assert not any("fewer shots" in note or "too long" in note for note in evaluation.notes)


def test_the_models_context_is_a_budget(tiny_decoder: Path, tmp_path: Path) -> None:
    """The tiny model reads 2,048 tokens, 8 of which are the answer's. Of ten shots of 479 bytes,
    four fit beside the sentence."""
    pool = [f"{number} " + "a" * 450 for number in range(10)]
    evaluation, records = run(tiny_decoder, tmp_path / "x", ["ndiyo"], pool, shots=10)
    shot = len(f"Swahili: {pool[0]}\nEnglish: pool 1\n\n")
    assert 4 * shot < 2048 - 8 - len("Swahili: ndiyo\nEnglish:") < 5 * shot
    assert len(records["ndiyo"]["shots"]) == 4
    assert any("1 prompts hold fewer shots than asked for" in note for note in evaluation.notes)


LONG = "ndiyo" * 500


def test_a_sentence_that_is_too_long_alone_is_told(tiny_decoder: Path, tmp_path: Path) -> None:
    evaluation, records = run(tiny_decoder, tmp_path / "x", [LONG, "hapana"], POOL, shots=1)
    assert "shots" not in records[LONG]
    assert (
        "sw-en: 1 prompts are too long even without shots, and were given to the model as they are"
        in evaluation.notes
    )


def test_room() -> None:
    def room(context: int | None, budget: int | None) -> int | None:
        options = EngineOptions(max_new_tokens=28, max_prompt_tokens=budget)
        return Settings(options, ("\n",)).prompt_budget(context)

    assert room(2048, None) == 2020
    assert room(2048, 100) == 100
    assert room(2048, 4000) == 2020
    assert room(None, 100) == 100
    assert room(None, None) is None
