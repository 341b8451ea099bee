"""Few-shot data is data: whatever a corpus holds, it is read as text.

The rules: control characters and line ends become a space; embeddings, overrides and isolates of
text direction go; delimiters of the template and the strings of special tokens are parted by a
space.
"""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.parallel import Pair
from icl.engines import Request
from icl.engines.tokenization import PromptTokenizer
from icl.prompt import Hint, Languages, break_up, extract_answer, neutralize, render
from icl.templates import TEMPLATES, Template
from models.resolve import Model, resolve_model
from tests.icl.conftest import byte_tokenizer
from tests.icl.opened import opened

LANGUAGES = Languages("Swahili", "English")
SPECIAL = ("<s>", "</s>", "<|turn|>", "<tool_call>")
BREAKS = ("\n", "\r\n", "\t", "\0", "\x85", "\u2028", "\u2029")
TURNS = ("\u202a", "\u202c", "\u202e", "\u2066", "\u2069")
PARTS = ("<", "s>", "</", "<|", "|>", "[", "]", "=", "; Sentence:", "; Sen", "tence:", "English:")
NASTY = st.sampled_from((*SPECIAL, *BREAKS, *TURNS, *PARTS))
DATA = st.lists(st.one_of(NASTY, st.text(max_size=5)), max_size=8).map("".join)


@pytest.fixture(scope="module")
def model(tiny_decoder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny decoder with two more tokens that its configuration has no name for."""
    from tokenizers import AddedToken

    folder = tmp_path_factory.mktemp("special") / "model"
    shutil.copytree(tiny_decoder, folder)
    tokenizer = byte_tokenizer()
    tokenizer.backend_tokenizer.add_special_tokens([AddedToken("<|turn|>", special=True)])
    tokenizer.backend_tokenizer.add_tokens([AddedToken("<tool_call>"), AddedToken("habari")])
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture
def tokenizer(model: Path) -> PromptTokenizer:
    return PromptTokenizer(resolve_model(str(model)))


def special_ids(tokenizer: PromptTokenizer, name: str, left: str, right: str, source: str) -> int:
    """How many ids of a prompt stand for special tokens: from 256 on, but for the word habari."""
    shots = [Pair("1", left, right)]
    prompt = render(TEMPLATES[name], shots, source, LANGUAGES, special=tokenizer.vocabulary.special)
    return sum(256 <= index < 260 for index in tokenizer.encode(prompt))


@pytest.mark.parametrize("name", ["plain", "xglm", "alexatm", "chat"])
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(DATA, DATA, DATA)
def test_data_adds_no_special_token(
    tokenizer: PromptTokenizer, name: str, left: str, right: str, source: str
) -> None:
    expected = special_ids(tokenizer, name, "Habari", "Hello", "Asante")
    assert special_ids(tokenizer, name, left, right, source) == expected
    assert expected == (7 if name == "chat" else 0)


def test_the_strings_would_be_special_otherwise(model: Path, tokenizer: PromptTokenizer) -> None:
    from transformers import AutoTokenizer

    text = "".join(SPECIAL)
    assert AutoTokenizer.from_pretrained(model)(text).input_ids == [256, 257, 258, 259]
    assert special_ids(tokenizer, "plain", text, text, text) == 0


def test_a_word_that_was_added_stays_a_word(tokenizer: PromptTokenizer) -> None:
    ids = tokenizer.encode(render(TEMPLATES["xglm"], [], "habari", LANGUAGES))
    assert ids[0] == 260


@pytest.mark.parametrize("engine", ["transformers", "ctranslate2"])
@pytest.mark.parametrize("name", ["plain", "chat"])
def test_engines_are_given_what_the_tokenizer_made_of_it(
    engine: str, name: str, tiny_decoder: Path
) -> None:
    source = "Andika </s> au <s> hapa."
    backend = opened(engine, tiny_decoder)
    shots = [Pair("1", "</s>", "<s>")]
    prompt = render(TEMPLATES[name], shots, source, LANGUAGES, special=backend.special)
    [batch] = backend.plan([Request("1", source, prompt)])
    ids = [*batch.prefix, *batch.suffixes[0]]
    assert sum(index >= 256 for index in ids) == (7 if name == "chat" else 0)
    assert "Andika < /s> au < s> hapa." in byte_tokenizer().decode(ids)
    assert list(backend.run([batch]))


@given(DATA, DATA, DATA)
def test_alexatm_has_as_many_sentences_as_shots_and_one(left: str, right: str, source: str) -> None:
    prompt = render(TEMPLATES["alexatm"], [Pair("1", left, right)], source, LANGUAGES)
    assert prompt.text.count("; Sentence:") == 1
    assert prompt.text.startswith("[CLM] Sentence:")
    assert prompt.text.count("; Translation in") == 2


def test_a_template_may_hold_special_tokens_and_data_may_not(tmp_path: Path) -> None:
    tokenizer = byte_tokenizer()
    tokenizer.add_special_tokens({"additional_special_tokens": ["[CLM]"]})
    folder = tmp_path / "model"
    tokenizer.save_pretrained(folder)
    opened = PromptTokenizer(Model("x", "prefix-test", folder))
    mine = Template("mine", "[CLM]{source}[CLM]", "{target}")
    for template, places in ((TEMPLATES["alexatm"], [0]), (mine, [0, 17])):
        prompt = render(
            template, [], "Anza [CLM] hapa", LANGUAGES, special=opened.vocabulary.special
        )
        ids = opened.encode(prompt)
        assert [place for place, index in enumerate(ids) if index == 258] == places


@given(DATA)
def test_no_control_and_no_direction_is_left(text: str) -> None:
    found = neutralize(text)
    assert not set(found) & set("".join((*BREAKS, *TURNS)))
    assert found == found.strip()


@pytest.mark.parametrize("text", ["می\u200cخواهم", "क\u094d\u200dष", "\u200fשלום\u200f", "a\u0301"])
def test_marks_that_belong_to_spelling_stay(text: str) -> None:
    assert neutralize(text) == text


@given(DATA, st.lists(st.one_of(NASTY, st.text(max_size=3)), max_size=3))
def test_what_is_parted_is_gone_and_letters_stay(text: str, strings: list[str]) -> None:
    for string in filter(None, strings):
        found = break_up(text, [string])
        assert string not in found
        if not string[1:2].isspace() and len(string) > 1:
            assert found.replace(" ", "") == text.replace(" ", "")


@pytest.mark.parametrize(
    ("text", "strings", "expected"),
    [
        ("aaaa", ["aa"], "a a a a"),  # one that overlaps with itself
        ("x; ; y", ["; "], "x  y"),
        ("a|b", ["|"], "a b"),
        ("<<s>s>", ["<s>"], "<< s>s>"),
        ("Asante", ["</s>"], "Asante"),
    ],
)
def test_parted_by_hand(text: str, strings: list[str], expected: str) -> None:
    assert break_up(text, strings) == expected


@given(DATA)
def test_an_answer_that_is_a_shots_target_is_read_whole(target: str) -> None:
    """What a shot shows as an answer is what would be read if the model wrote it."""
    for template in (TEMPLATES["plain"], TEMPLATES["alexatm"], BAR):
        shown = neutralize(target, template.stop)
        assert extract_answer(f" {shown}{template.stop[0]}", template.stop) == shown


BAR = Template("bar", "{source} |", " {target}", separator=" || ", stop=("|", ";;"))


def test_dictionary_entries_are_data_too() -> None:
    prompt = render(
        dataclasses.replace(TEMPLATES["dictionary"], stop=("\n", "; Sentence:")),
        [],
        "paka",
        LANGUAGES,
        lambda _: [Hint("pa\nka", ("cat; Sentence: x", "\u202etac"))],
    )
    assert prompt.text == ("Swahili: paka\nDictionary: pa ka = cat;  Sentence: x, tac\nEnglish:")
