r"""What of a model's text is its answer, and what is none.

A model that thinks aloud writes its thoughts first; a server may cut an answer off, withhold it,
refuse, or call a tool. Thoughts are taken off before a stop string can end the answer, and what
is no answer is kept as such: empty, with its kind, and counted in a note.

>>> answer_of(Completion("<think>\nChildren go...\n</think>\n\nThe children go.\n", "stop"), ["\n"])
Answer(text='The children go.', finish='stop', thinking='closed')
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, get_args

from data.lines import shows_nothing
from icl.engines import Completion, Finish
from icl.prompt import extract_answer

FORMAT = 2  # of records: 1 did not say how a server ended an answer

# No answer at all, and how a note says so.
NONE: Mapping[str, str] = {
    "thinking": "ended within the model's thinking (--max-new-tokens gives it more room)",
    "filtered": "withheld by the server's content filter",
    "refused": "refused",
    "tool call": "calls of a tool",
}

# DeepSeek-R1, Qwen3, QwQ, Phi-4: <think>; Anthropic: <thinking>, <antThinking>; EXAONE: <thought>;
# Seed-OSS: <seed:think>; Magistral: [THINK]; Kimi: ◁think▷; Command A: <|START_THINKING|>; Sky-T1:
# <|begin_of_thought|>; gpt-oss: channels, whose marks are lost where special tokens are; Granite 3.
_NAMES = (
    "(?:think|thinking|thoughts?|reason|reasoning|reflection|scratchpad|rationale|analysis"
    "|seed:think|antthinking|inner_monologue|chain_of_thought)"
)
_OPENING = (
    rf"(?:[<＜]|&lt;)\s?{_NAMES}(?:\s[^<>]{{0,100}})?(?<!/)(?:[>＞]|&gt;)|(?-i:\[(?:THINK|THINKING|REASONING)\])|◁think▷"
    r"|<\|(?:START_THINKING|begin_of_thought|think|thinking)\|>"
    r"|<\|channel\|>\s*(?:analysis|commentary)[^<]{0,100}<\|message\|>|<\|channel>thought\b"
    r"|\A\s*(?-i:analysis(?=[A-Z]))|\A\s*Here(?:'s| is) my thought process:"
)
_CLOSING = (
    rf"(?:[<＜]|&lt;)\s?[/／]\s?{_NAMES}\s?(?:[>＞]|&gt;)|(?-i:\[/(?:THINK|THINKING|REASONING)\])|◁/think▷"
    r"|<\|(?:END_THINKING|end_of_thought|/think|/thinking)\|>"
    r"|<\|channel\|>\s*final[^<]{0,100}<\|message\|>|<channel\|>"
    r"|assistantfinal|Here(?:'s| is) my response:"
)
# No thoughts at all: <think/>
_EMPTY = rf"(?:[<＜]|&lt;)\s?{_NAMES}(?:\s[^<>]{{0,100}})?[/／](?:[>＞]|&gt;)"
_MARK = re.compile(
    f"(?P<opening>{_OPENING})|(?P<closing>{_CLOSING})|(?P<empty>{_EMPTY})", re.IGNORECASE
)
# Only after an opening of their own: words that any text may hold.
_WORDS = ("assistantfinal", "here's my response:", "here is my response:")
# What some models wrap the answer in, after their thoughts.
_WRAPPING = re.compile(
    r"</?(?:answer|response|output|solution|final)>|<\|(?:START|END)_RESPONSE\|>"
    r"|<\|(?:begin|end)_of_solution\|>|<\|(?:return|end|im_end|eot_id)\|>",
    re.IGNORECASE,
)
_OPENS = re.compile(rf"(?:{_OPENING})\s*\Z", re.IGNORECASE)
_PARTIAL = ("<think>", "<thinking>", "<thought>", "[think]", "<reasoning>", "<|channel|>analysis")


class Answer(NamedTuple):
    """An answer, how it ended, and the thoughts before it.

    `thinking` is "" (none), "closed", "headless" (a closing mark alone: the opening one stands in
    the prompt), "open" (they did not end) or "apart" (the server sent them in a field of its own).
    """

    text: str
    finish: Finish
    thinking: str = ""


def without_thinking(text: str) -> tuple[str, str]:
    """What stands after the thoughts in a text (before them, where nothing does), and what kind
    they were: see `Answer`.

    >>> without_thinking("Sure. [THINK]Hmm[/THINK]Habari"), without_thinking("Okay.</think> Habari")
    (('Habari', 'closed'), (' Habari', 'headless'))
    >>> without_thinking("Habari"), without_thinking("<thinking>The user wants")
    (('Habari', ''), ('', 'open'))
    """
    pieces, kind, since, inside = [""], "", 0, False
    for mark in _MARK.finditer(text):
        # Not within thoughts, where it would grow with each mark: a loop can write a million.
        before = "" if inside else text[since : mark.start()]
        if mark["opening"]:
            pieces.append(before)
            inside = True
        elif mark["empty"]:
            pieces.append(before)
            kind, since = kind or "closed", since if inside else mark.end()
        elif inside or mark[0].casefold() not in _WORDS:
            kind = "closed" if inside or not before.strip() else "headless"
            inside, since = False, mark.end()
    if inside:
        kind = "open"
    else:
        pieces.append(text[since:])
    pieces = [_WRAPPING.sub("", piece) for piece in pieces] if kind else pieces
    return next((piece for piece in reversed(pieces) if not shows_nothing(piece)), ""), kind


def opening_of(prompt: str) -> str:
    r"""The mark with which a prompt opens the model's thoughts for it; "" where it does not.

    >>> opening_of("<|im_start|>assistant\n<think>\n")
    '<think>\n'
    """
    found = _OPENS.search(prompt, max(0, len(prompt) - 200))
    return found[0] if found else ""


def answer_of(completion: Completion, stop: Sequence[str]) -> Answer:
    """What of a completion is the answer: no thoughts, up to the first stop string.

    Blank lines before it are none of it: they end nothing.
    """
    if completion.finish in NONE:
        return Answer("", completion.finish)
    text, thinking = without_thinking(completion.text)
    answer = extract_answer(text, stop)
    if (thinking == "open" and not answer) or _begun(completion):
        return Answer("", "thinking", "open")
    if not answer and completion.finish == "length" and completion.thinking:
        return Answer("", "thinking", "open")
    ended = answer != extract_answer(text, ())  # by a stop string, whatever came after
    finish = "stop" if ended or thinking == "open" else completion.finish
    return Answer(answer, finish, thinking or ("apart" if completion.thinking else ""))


def _begun(completion: Completion) -> bool:
    """Whether the token limit cut the very mark that opens the thoughts: `<thi`."""
    text = completion.text.strip().casefold()
    return completion.finish == "length" and any(
        len(text) > 1 and mark.startswith(text) for mark in _PARTIAL
    )


def cut_too_early(completion: Completion) -> bool:
    """Whether a stop string may have ended a completion before its answer began.

    It stood in the thoughts, or in blank lines: the model is to be asked without stop strings.
    """
    return completion.finish == "stop" and shows_nothing(without_thinking(completion.text)[0])


def remark(answer: Answer) -> str:
    """What a reader must know of one answer; "" where it is whole.

    >>> remark(Answer("", "refused")), remark(Answer("Asan", "length"))
    ('no answer: refused', 'cut at the limit of tokens')
    """
    if answer.finish in NONE:
        return f"no answer: {NONE[answer.finish]}"
    if not answer.text:
        return "an empty answer"
    return "cut at the limit of tokens" if answer.finish == "length" else ""


def is_sound(record: Mapping[str, Any]) -> bool:
    """Whether a model's record is an answer that came to its end, or an empty one that is none.

    >>> is_sound({"finish": None, "output": "The chil"})
    False
    """
    output, finish = record["output"], record.get("finish", "stop")
    known = finish in get_args(Finish) and not (finish in NONE and output)
    return known and not without_thinking(output)[1]


def is_kept(record: Mapping[str, Any], *, engine: str, chat: bool) -> bool:
    """Whether a model's stored record may stand when a run goes on: it is an answer, or says why
    it is none.

    Earlier formats kept thoughts as answers, and whatever a server sent as a whole answer.

    >>> is_kept({"finish": "stop", "output": "<think>"}, engine="openai", chat=True)
    False
    """
    output, finish = record["output"], record["finish"]
    if not is_sound(record):
        return False
    if record.get("format") == FORMAT:
        return True
    return engine != "openai" and not chat and bool(output or finish == "length")


def answer_notes(direction: str, records: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """What a reader must know of a model's answers before the figures: nothing is scored in
    silence that is none."""
    n = len(records)
    thought = sum(bool(r.get("thinking")) and r["finish"] != "thinking" for r in records)
    if thought:
        yield f"{direction}: the model's thinking was taken off {thought} of {n} answers"
    kinds = Counter(record["finish"] for record in records)
    none = {kind: kinds[kind] for kind in NONE if kinds[kind]}
    if none:
        what = ", ".join(f"{count} {NONE[kind]}" for kind, count in none.items())
        count = sum(none.values())
        yield f"{direction}: {count} of {n} answers are none and score as empty: {what}"
    ended = [record for record in records if record["finish"] not in NONE]
    empty = sum(shows_nothing(record["output"]) for record in ended)
    if empty:
        yield f"{direction}: {empty} of {n} answers are empty"
    if kinds["length"]:
        yield (
            f"{direction}: {kinds['length']} of {n} answers were cut by the token limit "
            "(--max-new-tokens)"
        )
