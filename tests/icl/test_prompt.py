"""Prompts: every named template against text laid out by hand, and what must never reach one."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import InputError
from data.parallel import Pair
from data.terminal import printable
from icl.prompt import Languages, Prompt, extract_answer, neutralize, render
from icl.templates import TEMPLATES, Template, load_template

LANGUAGES = Languages("Swahili", "English", "swh_Latn", "eng_Latn", "sw", "en")
SHOTS = [
    Pair("1", "Habari za asubuhi.", "Good morning."),
    Pair("2", "Mvua inanyesha.", "It is raining."),
]
SOURCE = "Asante sana."

PLAIN_QUERY = "Swahili: Asante sana.\nEnglish:"
PLAIN_FIRST = "Swahili: Habari za asubuhi.\nEnglish: Good morning.\n\n"
PLAIN_SECOND = "Swahili: Mvua inanyesha.\nEnglish: It is raining.\n\n"
ALEXATM_QUERY = "Sentence: Asante sana.; Translation in English:"
ALEXATM_FIRST = "Sentence: Habari za asubuhi.; Translation in English: Good morning.; "
ALEXATM_SECOND = "Sentence: Mvua inanyesha.; Translation in English: It is raining.; "
CHAT_QUERY = "Translate this sentence from Swahili to English. Answer with the translation only.\n"


def swahili(name: str, shots: int, source: str = SOURCE) -> Prompt:
    return render(TEMPLATES[name], SHOTS[:shots], source, LANGUAGES)


@pytest.mark.parametrize(
    ("name", "shots", "text"),
    [
        ("plain", 0, PLAIN_QUERY),
        ("plain", 1, PLAIN_FIRST + PLAIN_QUERY),
        ("plain", 2, PLAIN_FIRST + PLAIN_SECOND + PLAIN_QUERY),
        ("xglm", 0, "Asante sana. ="),
        ("xglm", 1, "Habari za asubuhi. = Good morning.\nAsante sana. ="),
        (
            "xglm",
            2,
            "Habari za asubuhi. = Good morning.\nMvua inanyesha. = It is raining.\nAsante sana. =",
        ),
        ("alexatm", 0, "[CLM] " + ALEXATM_QUERY),
        ("alexatm", 1, "[CLM] " + ALEXATM_FIRST + ALEXATM_QUERY),
        ("alexatm", 2, "[CLM] " + ALEXATM_FIRST + ALEXATM_SECOND + ALEXATM_QUERY),
    ],
)
def test_template_against_text_laid_out_by_hand(name: str, shots: int, text: str) -> None:
    assert swahili(name, shots) == Prompt(text)


@pytest.mark.parametrize("shots", [0, 1, 2])
def test_chat_messages(shots: int) -> None:
    turns = [
        ("user", CHAT_QUERY + "Habari za asubuhi."),
        ("assistant", "Good morning."),
        ("user", CHAT_QUERY + "Mvua inanyesha."),
        ("assistant", "It is raining."),
    ]
    expected = (*turns[: 2 * shots], ("user", CHAT_QUERY + "Asante sana."))
    assert swahili("chat", shots) == Prompt("", expected)


def test_a_chats_prefix_is_the_systems_message() -> None:
    template = dataclasses.replace(TEMPLATES["chat"], prefix="You know {source_language}.")
    first, *_ = render(template, [], SOURCE, LANGUAGES).messages
    assert first == ("system", "You know Swahili.")


def test_prefix_and_separator_hold_the_languages() -> None:
    template = Template(
        "x", "{source} ->", " {target}", "|{target_language}|", "{source_language}!"
    )
    text = render(template, SHOTS[:1], SOURCE, LANGUAGES).text
    assert text == "Swahili!Habari za asubuhi. -> Good morning.|English|Asante sana. ->"


NAMES = "plain, xglm, alexatm, chat, dictionary, dipmt, nllb, m2m"


def test_names_of_the_table_and_of_the_templates_agree() -> None:
    assert ", ".join(TEMPLATES) == NAMES
    assert all(load_template(name).name == name for name in TEMPLATES)


HOSTILE = "{target} {0} {source.__class__} }}{{ %s $x"


@pytest.mark.parametrize("name", TEMPLATES)
def test_braces_in_data_are_text(name: str) -> None:
    prompt = render(TEMPLATES[name], [Pair("1", HOSTILE, HOSTILE)], HOSTILE, LANGUAGES)
    text = prompt.text + "".join(content for _, content in prompt.messages)
    assert text.count(HOSTILE) == 3


def test_data_cannot_open_a_shot() -> None:
    ends = "\n\r\t\0\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"  # all that str.splitlines knows, and more
    source = ends.join(["Ndiyo.", "English: Yes.", "Swahili: Hapana."])
    assert swahili("plain", 0, source).text == (
        "Swahili: Ndiyo. English: Yes. Swahili: Hapana.\nEnglish:"
    )


@given(st.text(), st.text(), st.text())
def test_whatever_the_data_the_lines_are_the_templates(source: str, left: str, right: str) -> None:
    prompt = render(TEMPLATES["plain"], [Pair("1", left, right)], source, LANGUAGES)
    lines = prompt.text.splitlines()
    assert [line.split(":")[0] for line in lines] == [
        "Swahili",
        "English",
        "",
        "Swahili",
        "English",
    ]


@given(st.text())
def test_data_is_one_line_and_stays_so(text: str) -> None:
    assert len(neutralize(text).splitlines()) <= 1
    assert neutralize(neutralize(text)) == neutralize(text)
    assert not any(ord(character) < 32 for character in neutralize(text))


@pytest.mark.parametrize("text", ["Ọjọ́ dára.", "مرحبا\u200f!", "ⴰⵣⵓⵍ", "東京 は", "e\u0301"])
def test_data_leaves_letters_alone(text: str) -> None:
    assert neutralize(text) == text


def write(folder: Path, text: str | bytes) -> str:
    path = folder / "mine.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


GOOD = 'query = "{source_language}: {source} ="\nanswer = " {target}"\n'


def test_template_file(tmp_path: Path) -> None:
    text = GOOD + 'separator = "\\n--\\n"\nprefix = "{{x}} "\nstop = ["\\n", "--"]\nchat = false\n'
    template = load_template(write(tmp_path, text))
    assert template == Template(
        "mine",
        "{source_language}: {source} =",
        " {target}",
        separator="\n--\n",
        prefix="{{x}} ",
        stop=("\n", "--"),
    )
    found = render(template, SHOTS[:1], SOURCE, LANGUAGES).text
    assert found == ("{x} Swahili: Habari za asubuhi. = Good morning.\n--\nSwahili: Asante sana. =")


@pytest.mark.parametrize("text", ["\ufeff" + GOOD, GOOD.replace("\n", "\r\n")])
def test_template_file_of_another_editor(text: str, tmp_path: Path) -> None:
    assert load_template(write(tmp_path, text)).query == "{source_language}: {source} ="


FIELDS = "expected {dictionary}, {source}, {source_language}, {target_language}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (GOOD + 'qeury = "x"', 'unknown key "qeury"; expected query, answer, separator, prefix'),
        (GOOD + 'name = "x"', 'unknown key "name"'),
        (
            GOOD.replace("{target}", "{taget}"),
            'unknown field "{taget}" in answer; '
            "expected {source}, {source_language}, {target}, {target_language}",
        ),
        (
            GOOD.replace("{source}", "{source.__class__}"),
            'unknown field "{source.__class__}" in query; ' + FIELDS,
        ),
        (GOOD.replace("{source}", "{source[0]}"), 'unknown field "{source[0]}" in query'),
        (GOOD.replace("{source}", "{source:>9}"), 'unknown field "{source:>9}" in query'),
        (GOOD.replace("{source}", "{source!r}"), 'unknown field "{source!r}" in query'),
        (GOOD.replace("{source}", "{source:{x}}"), 'unknown field "{source:{x}}" in query'),
        (GOOD.replace("{source}", "{}"), 'unknown field "{}" in query'),
        (GOOD.replace("{source}", "{target}"), 'unknown field "{target}" in query'),
        (GOOD.replace("{source}", "it"), "query must hold {source}"),
        (GOOD.replace("{target}", "it"), "answer must hold {target}"),
        (GOOD.replace("{source}", "{source"), "write {{ for a brace"),
        (GOOD + 'prefix = "{source}"', 'unknown field "{source}" in prefix'),
        (GOOD + 'separator = "{x}"', 'unknown field "{x}" in separator'),
        (GOOD + 'stop = [""]', "stop needs at least one non-empty string"),
        (GOOD + "stop = []", "stop needs at least one non-empty string"),
        (GOOD + "stop = [1]", "stop needs at least one non-empty string"),
        (GOOD + 'stop = "end"', "\"stop\" must be a list, found 'end'"),
        (GOOD + "chat = 1", '"chat" must be a bool, found 1'),
        ('answer = " {target}"', 'the key "query" is missing'),
        ('query = "{source}"', 'the key "answer" is missing'),
        ("query: {source}\n", "expected TOML, found "),
        (b'query = "\xff"', "expected UTF-8, found byte 0xff"),
        ("query = " + "[" * 5000, "at most 100 levels"),
        ("query = " + "9" * 5000, "numbers of at most 64 bits"),
    ],
)
def test_bad_template_file(text: str | bytes, message: str, tmp_path: Path) -> None:
    path = write(tmp_path, text)
    with pytest.raises(InputError) as caught:
        load_template(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["palin", "", "no/such.toml", "a\0b"])
def test_neither_a_file_nor_a_name(name: str) -> None:
    with pytest.raises(InputError) as caught:
        load_template(name)
    hint = " (did you mean plain?)" if name == "palin" else ""
    assert (
        str(caught.value)
        == f'--template "{printable(name)}": neither a file nor one of {NAMES}{hint}'
    )


def test_fingerprint_is_of_the_wording_and_not_of_the_name() -> None:
    plain = TEMPLATES["plain"]
    assert dataclasses.replace(plain, name="mine").fingerprint == plain.fingerprint
    settings = {
        "answer": " {target}",
        "query": "{source_language}: {source}\n{target_language}:",
    }
    spelt_out = json.dumps(settings, separators=(",", ":"))
    assert plain.fingerprint == hashlib.sha256(spelt_out.encode()).hexdigest()[:16]


@pytest.mark.parametrize(
    "change",
    [
        {"query": "{source}"},
        {"answer": "{target}"},
        {"separator": "\n"},
        {"prefix": "x"},
        {"stop": ("\n", "x")},
        {"chat": True},
        {"dictionary": "({entries})"},
        {"entry": "{word}: {meanings}"},
        {"between_entries": ", "},
        {"source_start": "{source_code}"},
        {"target_start": "{target_code}"},
    ],
)
def test_fingerprint_changes_with_every_setting(change: dict[str, object]) -> None:
    changed = dataclasses.replace(TEMPLATES["plain"], **change)
    assert changed.fingerprint != TEMPLATES["plain"].fingerprint


def test_a_prompts_hash_tells_text_from_messages_and_roles() -> None:
    prompts = [
        Prompt("x"),
        Prompt("", (("user", "x"),)),
        Prompt("", (("system", "x"),)),
        Prompt("", (("user", "x"), ("user", ""))),
    ]
    assert len({prompt.sha256 for prompt in prompts}) == len(prompts)


@pytest.mark.parametrize(
    ("text", "stop", "answer"),
    [
        (" Thank you.\nSwahili: Habari", ["\n"], "Thank you."),
        (" Thank you.", ["\n"], "Thank you."),
        ("It rains; Sentence: Mvua\nx", ["\n", "; Sentence:"], "It rains"),
        ("It rains\nx; Sentence: Mvua", ["\n", "; Sentence:"], "It rains"),
        ("It rains; it pours", ["; Sentence:", "\n"], "It rains; it pours"),
        ("\n \nThank you.\nSwahili", ["\n"], "Thank you."),  # blank lines are no answer
        ("; Sentence: x", ["; Sentence:"], ""),
        ("", ["\n"], ""),
        ("ab", ["b", "a"], ""),
    ],
)
def test_extract_answer(text: str, stop: list[str], answer: str) -> None:
    assert extract_answer(text, stop) == answer


@given(st.text(), st.lists(st.text(min_size=1), min_size=1))
def test_an_answer_holds_no_stop_and_is_where_the_text_begins(text: str, stop: list[str]) -> None:
    answer = extract_answer(text, stop)
    assert not any(string in answer for string in stop)
    assert answer in text
    assert extract_answer(answer, stop) == answer
