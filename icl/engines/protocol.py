r"""OpenAI's protocol as servers speak it: what is sent, and what an answer or an error says.

Pure functions over JSON values; `icl.engines.openai` does the asking.

>>> answer = {"choices": [{"text": " Asante", "finish_reason": "stop"}]}
>>> completion_from(answer)
Completion(text=' Asante', finish='stop', thinking=False)
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from html import unescape
from typing import Any

from data.bounded import parse_json
from data.errors import InputError
from icl.engines import Completion, Decoding, Finish
from icl.prompt import Prompt

PAGE_LENGTH = 4000  # characters of an error page that are looked at
TRY_AGAIN = (408, 409, 429)  # and 5xx: timeout, conflict, too many requests

_REFUSING = re.compile(
    r"unsupported|unknown|unrecogni[sz]ed|unexpected|deprecated|no longer|only the default|instead"
    r"|(?:\bnot|n't|cannot|can not|unable to) (?:be )?(?:support|permit|allow|accept|recogni[sz]e"
    r"|available|set\b|used?\b|specif|configur|chang|customi|compatible|valid\b|a valid)"
    r"|extra (?:input|field)|invalid (?:parameter|argument)|incompatible|rather than|did you mean"
    r"|must be (?:>|greater|strictly|positive|omitted|unset|1\b)|fixed (?:at|to)|range \(0",
    re.IGNORECASE,
)
_WITHHELD = {"content_filter", "content_policy_violation", "responsibleaipolicyviolation"}
_WITHHELD |= {"data_inspection_failed", "moderation_blocked"}
_TAG = re.compile(r"<(?:script|style)\b.*?</(?:script|style)>|<[^<>]*>", re.DOTALL | re.IGNORECASE)


# An escape of JSON: a surrogate pair, half of one, or any other.
_ESCAPE = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    r"|(?P<half>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)


class NoAnswerError(Exception):
    """What a server sent is no answer.

    Attributes:
        code: that of the error that it names instead; None for none.
    """

    def __init__(self, reason: str, code: int | None = None) -> None:
        super().__init__(reason)
        self.code = code


def said(value: Any) -> str:
    """What an error says, in its own sentence, with its code.

    >>> said({"detail": [{"loc": ["body", "stop"], "msg": "Extra inputs are not permitted"}]})
    'body.stop: Extra inputs are not permitted'
    """
    if isinstance(value, dict):
        sentence = ": ".join(dict.fromkeys(_sentences(value)))
        code = _code(value)
        if not sentence:
            return " ".join(str(value)[:PAGE_LENGTH].split())
        return f"{sentence} (code {code})" if code and code not in sentence else sentence
    if isinstance(value, list):
        return "; ".join(filter(None, map(said, value[:5])))  # more would not be read
    text = "" if value is None else str(value)[:PAGE_LENGTH]
    if "<" in text and _TAG.search(text):  # an error page of a proxy
        text = unescape(_TAG.sub(" ", text)) if _TAG.sub("", text).strip() else text
    return " ".join(text.split())


def _sentences(value: Mapping[str, Any]) -> Iterator[str]:
    """The sentences of an error object, the outer ones first."""
    if isinstance(value.get("loc"), list):
        yield ".".join(map(str, value["loc"]))
    for name in ("message", "msg", "error_description", "title", "text", "content"):
        if isinstance(value.get(name), str | dict | list) and value[name]:
            yield said(value[name])
    for name in ("error", "errors", "detail", "reason"):
        if value.get(name):
            yield said(value[name])
    metadata = value.get("metadata")  # OpenRouter's: what the provider behind it said
    if isinstance(metadata, dict) and metadata.get("raw"):
        yield said(_parsed(metadata["raw"]))


def _parsed(text: Any) -> Any:
    """JSON that stands in a text; anything else as it is."""
    try:
        return parse_json(text, "") if isinstance(text, str) else text
    except InputError:
        return text


def _code(value: Mapping[str, Any]) -> str:
    code = value.get("code", value.get("status"))
    return str(code) if isinstance(code, int | str) and not isinstance(code, bool) else ""


def code_of(error: Any) -> int | None:
    """The status that an error object names, as HTTP has them.

    >>> code_of({"code": "429"}), code_of({"error": {"code": 502}}), code_of("busy")
    (429, 502, None)
    """
    if not isinstance(error, dict):
        return None
    text = _code(error)
    if re.fullmatch(r"[1-5][0-9][0-9]", text):
        return int(text)
    return code_of(error.get("error"))


def refuses(sentence: str, name: str) -> bool:
    """Whether a server's sentence refuses a parameter as such, not its value.

    >>> refuses("Unsupported parameter: 'stop' is not supported with this model.", "stop")
    True
    >>> refuses("max_tokens is too large: 9000; the model has 4096", "max_tokens")
    False
    """
    return bool(re.search(rf"\b{name}\b", sentence) and _REFUSING.search(sentence))


def withheld(error: Any) -> bool:
    """Whether an error says that a content filter stopped the prompt.

    Azure, OpenAI, DashScope and OpenRouter refuse with a status where others end the answer.

    >>> withheld({"error": {"code": "content_filter", "message": "triggered the policy"}})
    True
    """
    if not isinstance(error, dict):
        return False
    names = {str(error.get(name)).casefold() for name in ("code", "type")}
    return (
        bool(names & _WITHHELD)
        or "flagged_input" in error
        or any(withheld(error.get(name)) for name in ("error", "metadata", "innererror"))
    )


def value_of(content: bytes) -> Any:
    """The JSON value of an answer.

    Half of a surrogate pair, which no file can hold, becomes U+FFFD: a server that counts in
    UTF-16 cuts an emoji in two at the token limit.

    >>> value_of(b'{"text": "Asante \\\\ud83d"}')
    {'text': 'Asante \ufffd'}

    Raises:
        NoAnswerError: it is not JSON, or out of bounds (see `data.bounded`).
    """
    text = content.decode("utf-8", "replace")
    try:
        return parse_json(_ESCAPE.sub(_whole, text) if "\\u" in text else text, "")
    except InputError as error:
        fault = str(error).removeprefix(": ").removesuffix("; correct it")
        found = said(text)[:80] or "nothing"
        raise NoAnswerError(f"the answer is not JSON: {found} ({fault})") from None


def _whole(escape: re.Match[str]) -> str:
    return "\\ufffd" if escape["half"] else escape[0]


def said_value(error: Exception) -> Any:
    """What a server said of a failure: a JSON value, or the text of a page."""
    response = getattr(error, "response", None)
    if response is None:
        return str(error)
    try:
        return value_of(response.content)
    except NoAnswerError:
        return response.content.decode("utf-8", "replace")


def _status(error: Exception) -> int | None:
    """The status of a refusal, by HTTP or in an answer that says 200; None: no answer, or half."""
    code = error.code if isinstance(error, NoAnswerError) else getattr(error, "status_code", None)
    return int(code) if code is not None else None


def retry_after(error: Exception) -> float | None:
    """Seconds that the Retry-After header asks for, as a number or a date (RFC 9110, 10.2.3)."""
    response = getattr(error, "response", None)
    value = "" if response is None else response.headers.get("retry-after", "")
    if re.fullmatch(r"[0-9]{1,9}", value):
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    return (moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.now(UTC)).total_seconds()


def may_pass(error: Exception) -> bool:
    """Whether the same request may succeed later; never one that the server refused."""
    status = _status(error)
    return status is None or status < 400 or status in TRY_AGAIN or status >= 500


def next_step(error: Exception) -> str:
    """What to do after a request has failed for good; what was refused is refused again."""
    if may_pass(error):
        return "run the same command to go on"
    status = _status(error)
    if status in (401, 403):
        return "set OPENAI_API_KEY to a key that the server takes, then go on"
    if status == 404:
        return "check --model and --base-url, then go on"
    if status == 413:
        return "this prompt is too long for the server: take fewer --shots"
    return "the server will not answer this as it is asked: mend what it names, then go on"


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
