r"""What a server says when it does not answer: its own sentence, its code, what it refuses.

Errors come as JSON of a dozen layouts, as plain text, or as the page of a proxy.

>>> said({"error": {"message": "Rate limit exceeded", "code": 429}})
'Rate limit exceeded (code 429)'
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from html import unescape
from typing import Any

from data.bounded import parse_json
from data.errors import InputError

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
