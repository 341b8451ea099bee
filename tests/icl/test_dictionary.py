"""Dictionary prompts: which entries a sentence gets, where they stand, and that it is recorded."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.lexicon import Entry, Lexicon
from data.lexicon.lemmas import Lemmatizer
from data.parallel import Pair
from icl.dictionary import Dictionary
from icl.eval import main
from icl.prompt import Hint, Languages, render
from icl.templates import TEMPLATES

LANGUAGES = Languages("Swahili", "English")
ROWS = [
    ("paka", "cat"),
    ("paka mwitu", "wild cat"),
    ("paka mwitu", "lynx"),
    ("soma", "read"),
    ("soma", "study"),
    ("soma", "read"),
    ("soma", "attend school"),
    ("soma", "peruse"),
    ("kitabu", "book"),
    ("asante sana", "thank you"),
]
LEXICON = Lexicon(tuple(Entry(*row) for row in ROWS), "sw", "en", "toy")
PLAIN = Dictionary(LEXICON)
LEMMATISED = Dictionary(LEXICON, Lemmatizer(LEXICON, []))


def hints(dictionary: Dictionary, sentence: str) -> list[tuple[str, ...]]:
    return [(hint.word, *hint.meanings) for hint in dictionary.hints(sentence)]


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("Paka mwitu wa paka.", [("Paka mwitu", "wild cat", "lynx"), ("paka", "cat")]),
        ("Paka, mwitu!", [("Paka", "cat")]),  # a phrase does not run over a comma
        ("Asante, sana. ASANTE   SANA", [("ASANTE SANA", "thank you")]),
        ("soma kitabu, Soma", [("soma", "read", "study", "attend school"), ("kitabu", "book")]),
        ("anasoma vitabu", []),
        ("paka25 @paka paka.com", []),
        ("", []),
    ],
)
def test_entries_of_a_sentence(sentence: str, expected: list[tuple[str, ...]]) -> None:
    assert hints(PLAIN, sentence) == expected


def test_forms_are_found_by_their_base_forms_and_stand_as_they_are() -> None:
    assert hints(LEMMATISED, "Mtoto anasoma kitabuni.") == [
        ("anasoma", "read", "study", "attend school"),
        ("kitabuni", "book"),
    ]


def test_what_stands_in_a_signature() -> None:
    plain, lemmatised = PLAIN.identity, LEMMATISED.identity
    assert (plain["dictionary"], plain["lemmatiser"]) == ("toy", "none")
    assert lemmatised["lemmatiser"] == "stem"
    assert set(lemmatised) - set(plain) == {"lemmatiser-sha256"}
    assert len(lemmatised["lemmatiser-sha256"]) <= 16
    assert len(plain["dictionary-sha256"]) == 16
    other = Lexicon(LEXICON.entries[:-1], "sw", "en", "toy")
    assert Dictionary(other).identity["dictionary-sha256"] != plain["dictionary-sha256"]


SHOT = Pair("1", "Paka amelala.", "The cat is asleep.")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "dictionary",
            "Swahili: Paka amelala.\nDictionary: Paka = cat\nEnglish: The cat is asleep.\n\n"
            "Swahili: Soma kitabu.\n"
            "Dictionary: Soma = read, study, attend school; kitabu = book\nEnglish:",
        ),
        (
            "dipmt",
            "Translate the following sentence to English: Paka amelala.\n"
            'In this context, the word "Paka" means "cat".\n'
            "The full translation to English is: The cat is asleep.\n\n"
            "Translate the following sentence to English: Soma kitabu.\n"
            'In this context, the word "Soma" means "read, study, attend school"; '
            'the word "kitabu" means "book".\n'
            "The full translation to English is:",
        ),
    ],
)
def test_prompts_laid_out_by_hand(name: str, expected: str) -> None:
    prompt = render(TEMPLATES[name], [SHOT], "Soma kitabu.", LANGUAGES, PLAIN.hints)
    assert prompt.text == expected


@given(st.text(), st.text(), st.text())
def test_a_dictionary_that_knows_nothing_leaves_the_plain_prompt(
    left: str, right: str, source: str
) -> None:
    shots = [Pair("1", left, right)]
    with_dictionary = render(TEMPLATES["dictionary"], shots, source, LANGUAGES, lambda _: ())
    assert with_dictionary == render(TEMPLATES["plain"], shots, source, LANGUAGES)


@given(st.text(), st.lists(st.text(min_size=1), max_size=3))
def test_whatever_the_entries_the_lines_are_the_templates(word: str, meanings: list[str]) -> None:
    found = [Hint(word, tuple(meanings))]
    text = render(TEMPLATES["dictionary"], [], "Habari", LANGUAGES, lambda _: found).text
    assert [line.split(":")[0] for line in text.splitlines()] == [
        "Swahili",
        "Dictionary",
        "English",
    ]


def run(model: Path, folder: Path, *options: str) -> int:
    rows = "".join(f"{source}\t{target}\n" for source, target in dict.fromkeys(ROWS))
    (folder / "lexicon.tsv").write_text(rows, "utf-8")
    tests = "Soma kitabu.\tRead a book.\nMvua kubwa.\tMuch rain.\n"
    (folder / "test.tsv").write_text(f"sw\ten\n{tests}", "utf-8")
    (folder / "pool.tsv").write_text(f"sw\ten\n{SHOT.source}\t{SHOT.target}\n", "utf-8")
    files = {"--test-set": "test.tsv", "--pool": "pool.tsv", "--dictionary": "lexicon.tsv"}
    places = [part for name, file in files.items() for part in (name, str(folder / file))]
    base = ["--lang", "sw", "--model", str(model), "--max-new-tokens", "4", "--offline"]
    return main([*base, "--out", str(folder / "run"), *places, *options])


def test_records_and_signature_carry_the_entries(tiny_decoder: Path, tmp_path: Path) -> None:
    assert run(tiny_decoder, tmp_path) == 0
    lines = (tmp_path / "run" / "segments.jsonl").read_text("utf-8").splitlines()
    records = {r["source"]: r for line in lines if (r := json.loads(line))["system"] == "model"}
    entries = [["Soma", "read", "study", "attend school"], ["kitabu", "book"]]
    assert records["Soma kitabu."]["dictionary"] == entries
    assert "dictionary" not in records["Mvua kubwa."]
    prompt = render(TEMPLATES["dictionary"], [SHOT], "Soma kitabu.", LANGUAGES, PLAIN.hints)
    assert records["Soma kitabu."]["prompt"] == prompt.sha256
    results = json.loads((tmp_path / "run" / "scores.json").read_text("utf-8"))["results"]
    signature = results[0]["scores"][0]["signature"]
    for part in ("|template:dictionary|", "|dictionary:lexicon", "|dictionary-sha256:"):
        assert part in signature
    assert "|dictionary" not in results[1]["scores"][0]["signature"], "the copy baseline reads none"


@pytest.mark.parametrize("template", ["plain", "xglm", "chat", "nllb"])
def test_a_template_without_a_place_for_entries(
    template: str, tiny_decoder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tiny_decoder, tmp_path, "--template", template) == 2
    assert capsys.readouterr().err.endswith(
        f'--dictionary: the query of template "{template}" has no {{dictionary}}; '
        "choose --template dictionary or dipmt\n"
    )
    assert not (tmp_path / "run").exists()
