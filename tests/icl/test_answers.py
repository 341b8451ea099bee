"""What of a model's text is its answer: thoughts of many spellings, and answers that are none."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icl.answers import (
    Answer,
    answer_notes,
    answer_of,
    cut_too_early,
    is_kept,
    opening_of,
    without_thinking,
)
from icl.engines import Completion

GOOD = "The children go to school."
THOUGHTS = {
    "think": "<think>\nThe user wants it.\nLet me see.\n</think>\n\n" + GOOD,
    "think, empty": f"<think>\n\n</think>\n\n{GOOD}",
    "thinking": f"<thinking>Watoto is children\n</thinking>{GOOD}",
    "capitals and attributes": f'<Thought type="plan">hm\n</Thought >\n{GOOD}',
    "reasoning": f"\n\n<reasoning>\nhm\n</reasoning>\n{GOOD}",
    "escaped": f"&lt;think&gt;hm\n&lt;/think&gt;\n{GOOD}",
    "seed": f"<seed:think>hm\n</seed:think>{GOOD}",
    "brackets": f"[THINK]hm\n[/THINK]{GOOD}",
    "kimi": f"◁think▷hm\n◁/think▷{GOOD}",
    "command": f"<|START_THINKING|>hm\n<|END_THINKING|><|START_RESPONSE|>{GOOD}<|END_RESPONSE|>",
    "sky": "<|begin_of_thought|>hm\n<|end_of_thought|>\n\n<|begin_of_solution|>\n"
    f"{GOOD}\n<|end_of_solution|>",
    "harmony": "<|channel|>analysis<|message|>We need\n to translate.<|end|><|start|>assistant"
    f"<|channel|>final<|message|>{GOOD}<|return|>",
    "harmony without its marks": f"analysisWe need to translate.\nassistantfinal{GOOD}",
    "granite": f"Here is my thought process:\nhm\nHere is my response:\n{GOOD}",
    "answer in a tag": f"<think>hm\n</think><answer>\n{GOOD}\n</answer>",
    "two blocks": f"<think>a\n</think>\n<think>b\n</think>\n{GOOD}",
    "a mark inside": f"<think>shall I write <think>?\n</think>{GOOD}",
    "a word before": f"Sure!\n<think>hm\n</think>\n{GOOD}",
    "before the block": f"{GOOD}\n<think>was that right?\n</think>\n",
    "spaces in the marks": f"< think >hm\n</ think>\n{GOOD}",
    "full width": f"＜think＞hm\n＜／think＞\n{GOOD}",
    "a mark without thoughts": f"<think/>\n{GOOD}",
    "a mark without thoughts, within": f"<think>hm <think /> x\n</think>\n{GOOD}",
    "a mark without thoughts, behind": f"{GOOD}\n<think budget='0'/>",
    "after the stop string": f"<think>hm\n</think>\n{GOOD}\nSwahili: Habari\n",
}


@pytest.mark.parametrize("name", THOUGHTS)
def test_the_answer_is_what_stands_outside_the_thoughts(name: str) -> None:
    assert answer_of(Completion(THOUGHTS[name], "stop"), ["\n"]) == Answer(GOOD, "stop", "closed")


@pytest.mark.parametrize("name", ["think", "brackets", "harmony", "kimi"])
def test_thoughts_whose_opening_mark_stands_in_the_prompt(name: str) -> None:
    opening = opening_of(THOUGHTS[name].split("h", 1)[0] if name != "think" else "x<think>\n")
    text = {
        "think": f"Okay.\nhm</think>\n\n{GOOD}",
        "brackets": f"hm\n[/THINK]{GOOD}",
        "harmony": f"We need\n<|channel|>final<|message|>{GOOD}",
        "kimi": f"hm\n◁/think▷{GOOD}",
    }[name]
    assert answer_of(Completion(text, "stop"), ["\n"]) == Answer(GOOD, "stop", "headless")
    if opening:
        assert answer_of(Completion(opening + text, "stop"), ["\n"]).thinking == "closed"


@pytest.mark.parametrize(
    "text",
    ["<think>", "<think>\nThe user", "  <thinking>hm </thinkin", "[THINK]The", "analysisWe need",
     "<|channel|>analysis<|message|>We need", "<think>a</think><think>b"],
)  # fmt: skip
def test_thoughts_without_an_end_are_no_answer(text: str) -> None:
    for finish in ("stop", "length"):
        assert answer_of(Completion(text, finish), ["\n"]) == Answer("", "thinking", "open")


@pytest.mark.parametrize(
    "blank", ["\n\n \n", "\u200b\n", "\ufeff \r\n\u00a0\n", "\u2060\t\u00ad\n"]
)
def test_lines_that_show_nothing_end_no_answer(blank: str) -> None:
    assert cut_too_early(Completion(blank.rstrip("\n"), "stop"))
    for finish in ("stop", "length"):
        completion = Completion(f"{blank}{GOOD}", finish)
        assert answer_of(completion, ["\n"]) == Answer(GOOD, finish)


def test_an_answer_that_shows_nothing_is_empty() -> None:
    answer = answer_of(Completion("\u200b", "stop"), ["\n"])
    assert answer == Answer("", "stop")
    record = {"output": answer.text, "finish": "stop", "thinking": ""}
    assert list(answer_notes("sw-en", [record])) == ["sw-en: 1 of 1 answers are empty"]


class CountedText(str):
    """A text that counts the characters that are copied out of it."""

    copied = 0

    def __getitem__(self, place: Any) -> str:
        piece = super().__getitem__(place)
        CountedText.copied += len(piece)
        return piece


@pytest.mark.parametrize("mark", ["<think>", "</think>", "<think/>", "<think>a</think>b"])
def test_a_loop_of_marks_is_read_in_linear_time(mark: str) -> None:
    copied = []
    for count in (500, 2000):
        CountedText.copied = 0
        without_thinking(CountedText(mark * count))
        copied.append(CountedText.copied)
    assert copied[1] <= 4 * copied[0] + 100


def test_a_mark_that_the_limit_cuts_in_two_is_no_answer() -> None:
    assert answer_of(Completion("<thi", "length"), ["\n"]).finish == "thinking"
    assert answer_of(Completion("<thi", "stop"), ["\n"]) == Answer("<thi", "stop")
    assert answer_of(Completion("<", "length"), ["\n"]) == Answer("<", "length")


@pytest.mark.parametrize(
    "text",
    ["Analysis of the thinking of children", "analysis of it", "I think so", "a < b > c",
     "The assistantfinal exam", "Here is my response: yes", "[think] of it", "final answer",
     "<b>Habari</b>", "<answer>Habari</answer>"],
)  # fmt: skip
def test_words_are_no_thoughts(text: str) -> None:
    assert answer_of(Completion(text, "stop"), ["\n"]) == Answer(text, "stop")


def test_how_an_answer_ended() -> None:
    def ended(text: str, finish: Any, **more: Any) -> Answer:
        return answer_of(Completion(text, finish, **more), ["\n", ";"])

    assert ended("\n\n Asante \nx", "length") == Answer("Asante", "stop"), "by a stop string"
    assert ended("Asan", "length") == Answer("Asan", "length")
    assert ended("", "stop") == Answer("", "stop")
    assert ended("Asante", "stop", thinking=True) == Answer("Asante", "stop", "apart")
    assert ended("", "length", thinking=True) == Answer("", "thinking", "open")
    for kind in ("filtered", "refused", "tool call"):
        assert ended("I cannot", kind) == Answer("", kind)


@given(
    st.lists(
        st.sampled_from(
            [
                "<think>",
                "</think>",
                "[THINK]",
                "[/THINK]",
                "a",
                "\n",
                " b",
                "assistantfinal",
                "<|channel|>final<|message|>",
                "<answer>",
            ]
        )
    )
)
def test_no_answer_holds_thoughts(pieces: list[str]) -> None:
    """Else a stored answer would be asked for again at every start."""
    answer = answer_of(Completion("".join(pieces), "stop"), ["\n"])
    assert without_thinking(answer.text)[1] == ""
    again = answer_of(Completion(answer.text, "stop"), ["\n"])
    assert again.text == answer.text


def test_growth_is_that_of_the_text() -> None:
    """Ten times the marks take ten times the work, not a hundred: a long one is quick at all."""
    text = "<think>" * 100_000 + "<think" * 100_000 + "</" * 100_000
    assert without_thinking(text) == ("", "open")


def test_what_a_stop_string_may_have_cut_too_early() -> None:
    early = ["<think>\n", "\n", "<think>a</think>\n", "  \n", ""]
    assert all(cut_too_early(Completion(text, "stop")) for text in early)
    late = [("Asante\n", "stop"), ("; Sentence:", "stop"), ("<think>a", "length"), ("", "refused")]
    assert not any(cut_too_early(Completion(text, kind)) for text, kind in late)


def stored(output: str, finish: str, **more: Any) -> dict[str, Any]:
    return {"output": output, "finish": finish, **more}


@pytest.mark.parametrize(
    ("record", "openai", "local"),
    [
        (stored("Asante", "stop", format=2), True, True),
        (stored("", "stop", format=2), True, True),
        (stored("", "refused", format=2), True, True),
        (stored("No.", "refused", format=2), False, False),
        (stored("<think>", "stop", format=2), False, False),
        (stored("<think>", "stop"), False, False),
        (stored("Asante", "stop"), False, True),  # of a server, it may have been broken off
        (stored("", "stop"), False, False),  # perhaps blank lines before the answer
        (stored("", "length"), False, True),
    ],
)
def test_which_stored_records_may_stand(record: Any, openai: bool, local: bool) -> None:
    assert is_kept(record, engine="openai", chat=True) == openai
    assert is_kept(record, engine="ctranslate2", chat=False) == local


def test_notes_count_what_is_no_answer() -> None:
    records = [
        stored("a", "stop", thinking="closed"),
        stored("b", "length"),
        stored("", "stop"),
        stored("", "refused"),
        stored("", "refused"),
        stored("", "thinking", thinking="open"),
    ]
    assert list(answer_notes("sw-en", records)) == [
        "sw-en: the model's thinking was taken off 1 of 6 answers",
        "sw-en: 3 of 6 answers are none and score as empty: 1 ended within the model's thinking "
        "(--max-new-tokens gives it more room), 2 refused",
        "sw-en: 1 of 6 answers are empty",
        "sw-en: 1 of 6 answers were cut by the token limit (--max-new-tokens)",
    ]
    assert list(answer_notes("sw-en", [stored("a", "stop")])) == []
