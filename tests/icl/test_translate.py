"""One sentence translated: its shots, its prompt, and that it is never its own shot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from data.errors import InputError
from data.languages import resolve
from data.load import load_parallel
from data.terminal import printable
from icl.eval import main as evaluate_main
from icl.options import RunConfig, TranslateConfig
from icl.prompt import Languages, render
from icl.store import read_records
from icl.templates import TEMPLATES
from icl.translate import Translation, Translator, main, open_translator

SAMPLE = load_parallel("sample", resolve("sw"), resolve("en")).pairs
LANGUAGES = Languages("Swahili", "English", "swh_Latn", "eng_Latn", "sw", "en")


def translator(model: Path, **options: Any) -> Translator:
    settings = {"model": str(model), "max_new_tokens": 8, "offline": True, **options}
    return open_translator(RunConfig("sw", test_set="sample", **settings))


@pytest.mark.parametrize("select", ["random", "bm25", "embedding"])
def test_the_prompt_is_icl_evals(select: str, tiny_decoder: Path) -> None:
    found = translator(tiny_decoder, shots=2, select=select).translate("Ninapenda  kusoma\tvitabu.")
    assert isinstance(found, Translation)
    assert len(found.shots) == 2
    assert set(found.shots) <= set(SAMPLE)
    expected = render(TEMPLATES["plain"], found.shots, "Ninapenda kusoma vitabu.", LANGUAGES)
    assert found.prompt == expected.text
    assert (found.label, found.source.bcp47, found.target.bcp47) == ("tiny-llama", "sw", "en")
    assert found.note or len(found.text.encode()) < 8


def test_it_answers_as_icl_eval_does(tiny_decoder: Path, tmp_path: Path) -> None:
    options = ["--lang", "sw", "--test-set", "sample", "--limit", "5", "--max-new-tokens", "8"]
    options += ["--model", str(tiny_decoder), "--offline", "--out", str(tmp_path)]
    assert evaluate_main(options) == 0
    opened = translator(tiny_decoder)
    records = [record for _, record in read_records(tmp_path / "segments.jsonl")]
    for record in (record for record in records if record["system"] == "model"):
        found = opened.translate(record["source"])
        assert (found.text, [shot.id for shot in found.shots]) == (
            record["output"],
            record["shots"],
        )


@pytest.mark.parametrize("select", ["first", "bm25", "embedding"])
def test_a_sentence_of_the_pool_is_never_its_own_shot(
    select: str, tiny_decoder: Path, tmp_path: Path
) -> None:
    (tmp_path / "test.tsv").write_text("sw\ten\nNdiyo.\tYes.\n", "utf-8")
    pool = "Mvua inanyesha.\tIt rains.\nMvua kubwa.\tHeavy rain.\nPaka.\tA cat.\n"
    (tmp_path / "pool.tsv").write_text(f"sw\ten\n{pool}", "utf-8")
    config = RunConfig(
        "sw",
        shots=2,
        select=select,
        test_set=str(tmp_path / "test.tsv"),
        pool=str(tmp_path / "pool.tsv"),
        model=str(tiny_decoder),
        max_new_tokens=4,
        offline=True,
    )
    opened = open_translator(config)
    found = opened.translate(" mvua INANYESHA.")
    assert {shot.source for shot in found.shots} == {"Mvua kubwa.", "Paka."}
    assert opened.translate("Jua kali.").source.bcp47 == "sw"


def test_into_the_language(tiny_decoder: Path) -> None:
    found = translator(tiny_decoder, direction="en-xx").translate("I like to read.")
    assert found.prompt.endswith("English: I like to read.\nSwahili:")
    assert found.shots[0].target in {pair.source for pair in SAMPLE}


def test_a_chat_is_shown_turn_by_turn(tiny_decoder: Path) -> None:
    found = translator(tiny_decoder, template="chat").translate("Ndiyo.")
    turns = found.prompt.split("\n")
    assert turns[0].startswith("user: Translate this sentence from Swahili to English.")
    assert turns[2] == f"assistant: {found.shots[0].target}"
    assert turns[-1] == "Ndiyo."


@pytest.mark.parametrize("sentence", ["", " \n\t"])
def test_nothing_to_translate(sentence: str, tiny_decoder: Path) -> None:
    with pytest.raises(InputError, match="expected a sentence, found none; write one"):
        translator(tiny_decoder).translate(sentence)


def test_one_language_and_one_direction(tiny_decoder: Path, tmp_path: Path) -> None:
    message = "--direction both: translate in one direction, xx-en or en-xx"
    with pytest.raises(InputError, match=message):
        translator(tiny_decoder, direction="both")
    (tmp_path / "test.tsv").write_text("sw\tyo\ten\nNdiyo.\tBẹ́ẹ̀ ni.\tYes.\n", "utf-8")
    files = {"test_set": str(tmp_path / "test.tsv"), "pool": "none", "shots": 0}
    with pytest.raises(InputError, match="--lang sw,yo: translate from or into one language"):
        open_translator(RunConfig("sw,yo", model=str(tiny_decoder), offline=True, **files))


def test_command_line(
    tiny_decoder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "lexicon.tsv").write_text("nyumba\thouse\nnyumba\thome\n", "utf-8")
    options = ["--lang", "sw", "--test-set", "sample", "--model", str(tiny_decoder), "--offline"]
    options += ["--select", "bm25", "--shots", "2", "--max-new-tokens", "8"]
    options += ["--dictionary", str(tmp_path / "lexicon.tsv")]
    assert main([*options, "Nyumba yetu ni ndogo."]) == 0
    lines = capsys.readouterr().out.splitlines()
    expected = translator(
        tiny_decoder, select="bm25", shots=2, dictionary=str(tmp_path / "lexicon.tsv")
    ).translate("Nyumba yetu ni ndogo.")
    assert lines == [
        *(f"shot: {shot.source} | {shot.target}" for shot in expected.shots),
        "dictionary: Nyumba = house, home",
        f"tiny-llama: {printable(expected.text)}",
    ]


def test_command_line_without_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--lang", "sw"]) == 2
    assert "the following arguments are required: SENTENCE" in capsys.readouterr().err


def test_a_language_without_a_test_set(tiny_decoder: Path, tmp_path: Path) -> None:
    """Shots come from --pool, or there are none; no test set is asked for."""
    (tmp_path / "pool.tsv").write_text("gil\ten\nMauri.\tHello.\nKo rabwa.\tThanks.\n", "utf-8")
    settings = {"model": str(tiny_decoder), "max_new_tokens": 4, "offline": True}
    found = open_translator(
        TranslateConfig("gil", shots=1, select="first", pool=str(tmp_path / "pool.tsv"), **settings)
    ).translate("Tiabo.")
    assert [shot.target for shot in found.shots] == ["Hello."]
    assert found.prompt.endswith("Gilbertese: Tiabo.\nEnglish:")
    alone = open_translator(TranslateConfig("gil", shots=0, **settings)).translate("Tiabo.")
    assert alone.prompt == "Gilbertese: Tiabo.\nEnglish:"
    with pytest.raises(InputError, match=r"--pool NAME or FILE, or none: --shots 0$"):
        open_translator(TranslateConfig("gil", shots=1, **settings))


def test_no_more_is_opened_than_is_needed(
    tiny_decoder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without shots no test set, and never a lexicon or a metric for baselines."""
    for name in ("icl.prepare.load_parallel", "icl.dictionary.load_lexicon"):
        monkeypatch.setattr(name, None)
    config = TranslateConfig("sw", shots=0, model=str(tiny_decoder), max_new_tokens=4, offline=True)
    assert open_translator(config).translate("Ndiyo.").shots == ()


def test_the_columns_of_a_dictionary_are_told(tiny_decoder: Path, tmp_path: Path) -> None:
    (tmp_path / "words.tsv").write_text("nyumba\thouse\nmama\tmother\n", "utf-8")
    options = {"dictionary": str(tmp_path / "words.tsv"), "shots": 0, "model": str(tiny_decoder)}
    options |= {"max_new_tokens": 4, "offline": True}
    with_all = open_translator(TranslateConfig("sw", lexicon_header="no", **options))
    assert [hint.word for hint in with_all.translate("nyumba mama").hints] == ["nyumba", "mama"]
    without = open_translator(TranslateConfig("sw", lexicon_header="yes", **options))
    assert [hint.word for hint in without.translate("nyumba mama").hints] == ["mama"]
    with pytest.raises(InputError, match='--lexicon-header "maybe": expected one of yes, no'):
        TranslateConfig("sw", lexicon_header="maybe")
