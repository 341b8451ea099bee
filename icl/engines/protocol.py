r"""OpenAI's protocol as servers speak it: what is sent, and what an answer or an error says.

Pure functions over JSON values; `icl.engines.openai` does the asking.

>>> answer = {"choices": [{"text": " Asante", "finish_reason": "stop"}]}
>>> completion_from(answer)
Completion(text=' Asante', finish='stop', thinking=False)
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from icl.backend import Completion, Decoding, Finish
from icl.engines.refusals import NoAnswerError, code_of, refuses, said
from icl.prompt import Prompt

# How servers say that an answer came to its end; what is not here (error, abort, null, ...) is
# none. "stop" and "length" are OpenAI's; the others TGI's, Together's, Anthropic's, Cohere's,
# Mistral's, Google's, Zhipu's, Amazon's.
ENDS: Mapping[str, Finish] = {
    "stop": "stop",
    "eos": "stop",
    "eos_token": "stop",
    "end_turn": "stop",
    "stop_sequence": "stop",
    "complete": "stop",
    "length": "length",
    "max_tokens": "length",
    "model_length": "length",
    "max_output_tokens": "length",
    "content_filter": "filtered",
    "content_filtered": "filtered",
    "safety": "filtered",
    "recitation": "filtered",
    "prohibited_content": "filtered",
    "blocklist": "filtered",
    "spii": "filtered",
    "sensitive": "filtered",
    "guardrail_intervened": "filtered",
    "refusal": "refused",
    "tool_calls": "tool call",
    "tool_call": "tool call",
    "tool_use": "tool call",
    "function_call": "tool call",
}
_THOUGHTS = ("reasoning_content", "reasoning", "reasoning_details", "thinking", "thought")
_LIMIT = re.compile(r"\bmax_(?:[a-z]{1,20}_){0,2}tokens\b")


@dataclass(frozen=True, slots=True)
class Wording:
    """How a server wants to be asked: the name of the token limit, whether it takes the rest."""

    limit: str = "max_tokens"
    stop: bool = True
    refused: tuple[str, ...] = ()  # names of the limit that it took none of: no name twice

    def options(self, decoding: Decoding, *, stop: bool) -> dict[str, Any]:
        """The options of a request, beside model and prompt.

        Args:
            stop: whether stop strings are to be sent, if the server takes any.
        """
        greedy = {"temperature": 0.0} if decoding.method == "greedy" else {}
        strings = {"stop": list(decoding.stop)} if stop and self.stop else {}
        return {self.limit: decoding.max_new_tokens, **greedy, **strings}

    def after(self, said: str, sent: Mapping[str, Any]) -> Wording | None:
        """The wording to try after a refusal; None where no other wording would help.

        >>> Wording().after("Use 'max_completion_tokens' instead of max_tokens", {"max_tokens": 9})
        Wording(limit='max_completion_tokens', stop=True, refused=('max_tokens',))
        """
        if refuses(said, self.limit) and self.limit in sent:
            refused = (*self.refused, self.limit)
            names = [*_LIMIT.findall(said), "max_completion_tokens"]
            others = [name for name in names if name not in refused]
            return replace(self, limit=others[0], refused=refused) if others else None
        if "stop" in sent and refuses(said, "stop"):
            return replace(self, stop=False)
        return None

    def told_after(self, before: Wording) -> str:
        """A line on what was learnt since an earlier wording."""
        if self.limit != before.limit:
            return f"the server wants {self.limit}, not {before.limit}"
        return "the server takes no stop strings; answers are cut at them here"


def body_of(prompt: Prompt) -> dict[str, Any]:
    """The part of a request's body that is the prompt: a text, or messages."""
    if not prompt.messages:
        return {"prompt": prompt.text}
    return {"messages": [{"role": role, "content": text} for role, text in prompt.messages]}


def completion_from(answer: Any) -> Completion:
    """The first choice of an answer.

    Raises:
        NoAnswerError: it has none, or one that did not come to an end.
    """
    choices = answer.get("choices") if isinstance(answer, dict) else None
    choice = choices[0] if isinstance(choices, list) and choices else None
    if not isinstance(choice, dict):
        raise _without_choice(answer)
    message = choice["message"] if isinstance(choice.get("message"), dict) else choice
    if kind := _no_answer(choice, message):
        return Completion("", kind)
    content = choice.get("text", 0) if message is choice else message.get("content")
    text = "" if content is None else _text(content)
    if text is None or ("message" in choice and message is choice):
        raise _without_choice(answer)
    thinking = any(_text(message.get(name)) for name in _THOUGHTS) or _has_thoughts(
        message, content
    )
    return Completion(text, _end(choice, choice.get("error") or answer.get("error")), thinking)


def _without_choice(answer: Any) -> NoAnswerError:
    error = answer.get("error") if isinstance(answer, dict) else None
    if error:
        return NoAnswerError(said(error), code_of(error))
    return NoAnswerError(f"expected an answer with one choice, found {said(answer) or 'nothing'}")


def _no_answer(choice: Mapping[str, Any], message: Mapping[str, Any]) -> Finish | None:
    """Which kind of no answer a choice is; None where it may be one."""
    finish = ENDS.get(str(choice.get("finish_reason")).casefold())
    if message.get("tool_calls") or message.get("function_call"):
        return "tool call"
    if message.get("refusal") or _has_part(message.get("content"), "refusal"):
        return "refused"
    return None if finish in ("stop", "length") else finish


def _end(choice: Mapping[str, Any], error: Any) -> Finish:
    """How an answer ended; raises `NoAnswerError` where it did not."""
    reason = choice.get("finish_reason")
    finish = ENDS.get(str(reason).casefold())
    if finish is None or error:
        told = f'finish reason "{reason}"' if reason else "no finish reason"
        why = f": {said(error)}" if error else ""
        raise NoAnswerError(f"the answer was broken off ({told}){why}", code_of(error))
    return finish


def _text(content: Any) -> str | None:
    """The text of a message, which may come in parts; None where it is none."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return None
    parts = [_part(part) for part in content]
    return "".join(part for part in parts if part is not None)


def _part(part: Any) -> str | None:
    if isinstance(part, dict) and part.get("type", "text") in ("text", "output_text"):
        part = part.get("text")
    return part if isinstance(part, str) else None


def _has_part(content: Any, kind: str) -> bool:
    """Whether a message has a part of this kind."""
    parts = content if isinstance(content, list) else []
    return any(isinstance(part, dict) and part.get("type") == kind for part in parts)


def _has_thoughts(message: Mapping[str, Any], content: Any) -> bool:
    return any(_has_part(content, kind) for kind in ("thinking", "reasoning")) or (
        isinstance(message.get("reasoning_details"), list) and bool(message["reasoning_details"])
    )
