r"""What of a text no translation may change: mathematics, code, roles, links' targets, tags.

One scan from left to right, linear in the length of the text. What opens and never closes is text.

>>> [text[a:b] for text in ("See :numref:`fig_x`, $a<b$ and [the page](https://x.org/a_(b)).",)
...  for a, b, _ in protected(text)]
[':numref:`fig_x`', '$a<b$', 'https://x.org/a_(b)']
>>> [s.kind for s in protected("Dear %(name)s, you have {count} of %d.", MESSAGE)]
['placeholder', 'placeholder', 'placeholder']
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from localize.documents.record import Span

LONGEST_TARGET = 5000  # characters of a link's target, or of a message's nested placeholder
OPEN, CLOSE = "⟦", "⟧"  # of the marks that stand for protected parts; see localize.marks

_ROLE = re.compile(r":[a-zA-Z][\w.+-]{0,40}:`[^`]+`")
_MYST_ROLE = re.compile(r"\{[a-zA-Z][\w.:+-]{0,40}\}(?=`)")
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});")
_TAG = re.compile(r"<(?:/?[a-zA-Z][^<>]*|[?!][^<>]*)>")
_SEEN = re.compile(  # of a tag within a line
    r"(?<=\s)(?:alt|title|aria-label)=(?:\"([^\"<>]*[^\W\d_][^\"<>]*)\"|'([^'<>]*[^\W\d_][^'<>]*)')",
    re.IGNORECASE,
)
_SPELT_TAG = re.compile(r"&lt;/?[a-zA-Z][^<>&]{0,200}&gt;")
_AUTOLINK = re.compile(r"<[a-zA-Z][a-zA-Z0-9+.-]{1,31}:[^\s<>]*>|<[^\s<>@]{1,64}@[^\s<>]{1,255}>")
_ADDRESS = re.compile(r"(?:https?|ftp)://[^\s<>\"`⟦⟧、。，；：）」』】]+")
_FOOTNOTE = re.compile(r"\[[\^@][^\]\[\s]{1,200}\]")
_PRINTF = re.compile(
    r"%(?:%|\([\w.-]{1,60}\)[#0 +-]{0,5}[0-9]{0,4}(?:\.[0-9]{1,4})?[a-zA-Z]"
    r"|(?:[0-9]{1,2}\$)?[#0+-]{0,5}[0-9]{0,4}(?:\.[0-9]{1,4})?(?:hh|h|ll|l|q|z|t|j|L)?[@diouxXeEfFgGcsS])"
    r"(?![a-zA-Z])"
)
_BRACED = re.compile(r"\$?\{\{[^{}\n]{0,200}\}\}|[$#]?\{[\w.\s:,!-]{0,80}\}")
_TEMPLATE = re.compile(r"\{%[^\n]{0,300}?%\}|\{:?[ ]?[#.][^{}\n]{0,200}\}")  # Liquid; attributes
# :ref:`text <target>`, {ref}`text <target>`, `text <address>`_
_TITLED = re.compile(r"((?::[\w.+:-]++|\{[\w.+:-]++\})?+`)([^`<>]++)(<[^`<>]++>`_{0,2})")
_RST_SUFFIX = re.compile(r"__?(?!\w)|:[a-zA-Z][\w.+:-]{0,40}:")
LONGEST_FORMULA = 1000  # characters between \\( and \\)
_FORMULA = re.compile(r"\\[a-zA-Z]|[_^=+<>]|\A\s*[a-zA-Z]'?\s*\Z")
_BYTES = re.compile("[\udc80-\udcff]+")  # of no UTF-8, as Python's surrogateescape has them
_LITERAL = re.compile(r"⟦[^⟦⟧]{0,40}⟧?|⟧")
_LATEX = re.compile(r"\\[a-zA-Z]|[_^]\{")
_SLIDE = re.compile(r"[\[(](?:\*\*|~~)|(?:\*\*|~~)[\])]")  # D2L: [**what a slide shows**]


@dataclass(frozen=True)
class Scan:
    """One scan's text, and what it has learnt of it: where nothing more closes.

    Attributes:
        ticks: the places of runs of backticks by their length, and how many of them are behind.
    """

    text: str
    gone: dict[str, bool] = field(default_factory=dict)
    ticks: dict[int, list[int]] = field(default_factory=dict)

    def after(self, closing: str, at: int) -> int:
        """Behind the next `closing`; -1 where there is none, which is looked for only once."""
        if self.gone.get(closing):
            return -1
        place = self.text.find(closing, at)
        self.gone[closing] = place < 0
        return place + len(closing) if place >= 0 else -1

    def after_ticks(self, count: int, at: int) -> int:
        """Behind the next run of exactly so many backticks; -1 for none."""
        if not self.ticks:
            for run in re.finditer("`+", self.text):
                self.ticks.setdefault(run.end() - run.start(), []).append(run.start())
            for places in self.ticks.values():
                places.reverse()
        places = self.ticks.get(count, [])
        while places and places[-1] < at:
            places.pop()
        return places[-1] + count if places else -1


Rule = Callable[[Scan, int], "tuple[int, int, str] | None"]
"""From a place where it may begin to (start, stop, kind); None: it is text."""


def _matched(pattern: re.Pattern[str], kind: str) -> Rule:
    def rule(scan: Scan, at: int) -> tuple[int, int, str] | None:
        found = pattern.match(scan.text, at)
        return (at, found.end(), kind) if found else None

    return rule


def _code(scan: Scan, at: int) -> tuple[int, int, str] | None:
    count = 1
    while scan.text.startswith("`", at + count):
        count += 1
    stop = scan.after_ticks(count, at + count)
    # A run that nothing closes is text as a whole: no shorter run opens within it.
    return (at, stop, "code") if stop >= 0 else (at + count, at + count, "")


def _math(scan: Scan, at: int) -> tuple[int, int, str] | None:
    text = scan.text
    if text.startswith("$$", at):
        stop = scan.after("$$", at + 2)
        return (at, stop, "math") if stop >= 0 else None
    stop = at
    while True:
        stop = text.find("$", stop + 1)
        if stop < 0:
            return None
        if not _is_escaped(text, stop):
            break
    before, behind = text[stop - 1], text[stop + 1 : stop + 2]
    inside = text[at + 1 : stop]
    # `$ ... $` with a space is mathematics where LaTeX shows; "$5 and $6" is not.
    loose = (before.isspace() or inside[:1].isspace()) and not _LATEX.search(inside)
    if loose or behind.isdigit() or "\n\n" in inside:
        return None
    return at, stop + 1, "math"


def _is_escaped(text: str, at: int) -> bool:
    slashes = at
    while slashes and text[slashes - 1] == "\\":
        slashes -= 1
    return (at - slashes) % 2 == 1


def _angle(scan: Scan, at: int) -> tuple[int, int, str] | None:
    if scan.text.startswith("<!--", at):
        stop = scan.after("-->", at + 4)
        return (at, stop, "comment") if stop >= 0 else None
    found = _AUTOLINK.match(scan.text, at) or _TAG.match(scan.text, at)
    return (at, found.end(), "tag") if found else None


def _escape(scan: Scan, at: int) -> tuple[int, int, str] | None:
    if scan.text.startswith("\n", at + 1):
        return at, at + 2, "break"
    closing = {"(": "\\)", "[": "\\]"}.get(scan.text[at + 1 : at + 2])
    stop = scan.text.find(closing, at + 2, at + LONGEST_FORMULA) if closing else -1
    if stop >= 0 and _FORMULA.search(scan.text[at + 2 : stop]):
        return at, stop + 2, "math"
    return at + 2, at + 2, ""  # the next character means itself


def _escape_rst(scan: Scan, at: int) -> tuple[int, int, str] | None:  # noqa: ARG001
    return at + 2, at + 2, ""


def _opening(scan: Scan, at: int) -> tuple[int, int, str] | None:
    found = _FOOTNOTE.match(scan.text, at)
    return (at, found.end(), "footnote") if found else None


def _behind_text(scan: Scan, at: int) -> tuple[int, int, str] | None:
    """What follows a link's text: `](target` or `][name]`; the brackets stay in the text."""
    text = scan.text
    if text.startswith("](", at):
        start = at + 2
        while start < len(text) and text[start] in " \n":
            start += 1
        stop = _target_end(text, start)
        return (start, stop, "link") if stop > start else None
    if text.startswith("][", at):
        stop = text.find("]", at + 2, at + 1000)
        inside = text[at + 2 : stop]
        return (at + 2, stop, "link") if stop > at + 2 and "[" not in inside else None
    return None


def _target_end(text: str, start: int) -> int:
    if text.startswith("<", start):
        stop = text.find(">", start, start + LONGEST_TARGET)
        return stop + 1 if stop >= 0 and "\n" not in text[start:stop] else start
    depth, at = 0, start
    end = min(len(text), start + LONGEST_TARGET)
    while at < end and not text[at].isspace():
        if text[at] == "\\":
            at += 1
        elif text[at] == "(":
            depth += 1
        elif text[at] == ")":
            if not depth:
                break
            depth -= 1
        at += 1
    return min(at, len(text))


def _slide_end(scan: Scan, at: int) -> tuple[int, int, str] | None:
    if scan.text.startswith("](", at + 2):  # bold within a link's text
        return at + 2, at + 2, ""
    return at, at + 3, "slide"


def _braced(scan: Scan, at: int) -> tuple[int, int, str] | None:
    found = _MYST_ROLE.match(scan.text, at)
    if found:
        inner = _code(scan, found.end())
        if inner and inner[2]:
            return at, inner[1], "role"
    found = _BRACED.match(scan.text, at) or _TEMPLATE.match(scan.text, at)
    return (at, found.end(), "placeholder") if found else None


def _balanced(scan: Scan, at: int) -> tuple[int, int, str] | None:
    """A placeholder of messages; ICU's hold others: {n, plural, one {# cat} other {# cats}}."""
    found = _BRACED.match(scan.text, at)
    if found:
        return at, found.end(), "placeholder"
    start, depth = at, 0
    for place in range(at, min(len(scan.text), at + LONGEST_TARGET)):
        depth += {"{": 1, "}": -1}.get(scan.text[place], 0)
        if depth == 0 and scan.text[place] == "}":
            return start, place + 1, "placeholder"
    return None


def _hard_break(scan: Scan, at: int) -> tuple[int, int, str] | None:
    stop = scan.text.index("\n", at) + 1
    return at, stop, "break"


def _address(scan: Scan, at: int) -> tuple[int, int, str] | None:
    found = _ADDRESS.match(scan.text, at)
    if not found:
        return None
    end = found.end()
    while end > at and scan.text[end - 1] in ".,;:!?)]}'*_~$":
        end -= 1
    return at, end, "link"


@dataclass(frozen=True)
class Syntax:
    """What is protected in one kind of text.

    Attributes:
        trigger: finds where something may begin; its first character chooses the rule.
        rules: by that character.
    """

    trigger: re.Pattern[str]
    rules: Mapping[str, tuple[Rule, ...]]


_PLAIN = {"h": (_address,), "f": (_address,), "⟦": (_matched(_LITERAL, "literal"),)}
_PLAIN |= {"⟧": (_matched(_LITERAL, "literal"),)}
_PLAIN |= {chr(byte): (_matched(_BYTES, "bytes"),) for byte in range(0xDC80, 0xDD00)}
PLAIN = Syntax(re.compile(r"\bhttps?://|\bftp://|⟦|⟧|[\udc80-\udcff]"), _PLAIN)
MESSAGE = Syntax(
    re.compile(r"\bhttps?://|\bftp://|⟦|⟧|[\udc80-\udcff]|%|[$#]?\{|<|&|\$t\(|\n"),
    {
        **_PLAIN,
        "\n": (_matched(re.compile(r"\n"), "line"),),  # a message's line break is part of it
        "%": (_matched(_PRINTF, "placeholder"),),
        "{": (_balanced,),
        "$": (_matched(re.compile(r"\$\{[^{}\n]{0,200}\}|\$t\([^()\n]{0,200}\)"), "placeholder"),),
        "#": (_matched(re.compile(r"#\{[^{}\n]{0,200}\}"), "placeholder"),),
        "<": (_angle,),
        "&": (_matched(_ENTITY, "entity"),),
    },
)
XML = Syntax(
    re.compile(r"\bhttps?://|\bftp://|⟦|⟧|[\udc80-\udcff]|<|&"),
    {**_PLAIN, "<": (_angle,), "&": (_matched(_ENTITY, "entity"),)},
)
XLIFF = Syntax(  # a message spelt in XML; a line break that no indentation follows is part of it
    re.compile(XML.trigger.pattern + r"|%|[$#]?\{|\$t\(|\n(?![ \t])"),
    {**MESSAGE.rules, **XML.rules, "&": (_matched(_SPELT_TAG, "tag"), *XML.rules["&"])},
)
MARKDOWN = Syntax(
    re.compile(
        r"\bhttps?://|\bftp://|⟦|⟧|[\udc80-\udcff]|\\|`|\$|<|&|:(?=[a-zA-Z])|\{|\[[\^@]|\]\(|\]\["
        r"|[\[(](?:\*\*|~~)|(?:\*\*|~~)[\])]|(?<! ) {2,20}\n"
    ),
    {
        **_PLAIN,
        "\\": (_escape,),
        "`": (_code,),
        "$": (_math,),
        "<": (_angle,),
        "&": (_matched(_ENTITY, "entity"),),
        ":": (_matched(_ROLE, "role"),),
        "{": (_braced,),
        "[": (_matched(_SLIDE, "slide"), _opening),
        "(": (_matched(_SLIDE, "slide"),),
        "*": (_slide_end,),
        "~": (_slide_end,),
        "]": (_behind_text,),
        " ": (_hard_break,),
    },
)


def _interpreted(scan: Scan, at: int) -> tuple[int, int, str] | None:
    """reStructuredText: ``code``, a reference `name`_, a role `text`:role: or the default one."""
    text = scan.text
    if text.startswith("``", at):
        stop = scan.after("``", at + 2)
        while stop >= 0 and text.startswith("`", stop):
            stop += 1
        return (at, stop, "code") if stop > at + 4 else (at + 2, at + 2, "")
    stop = scan.after("`", at + 1)
    if stop < 0 or text[at + 1].isspace() or text[stop - 2].isspace():
        return None
    suffix = _RST_SUFFIX.match(text, stop)
    return at, suffix.end() if suffix else stop, "role"


def _rst_role(scan: Scan, at: int) -> tuple[int, int, str] | None:
    found = _RST_ROLE.match(scan.text, at)
    inner = _interpreted(scan, found.end()) if found else None
    return (at, inner[1], "role") if inner and inner[2] == "role" else None


_RST_ROLE = re.compile(r":[a-zA-Z][\w.+:-]{0,40}:(?=`)")
_RST_REFERENCE = re.compile(r"[a-zA-Z0-9]++(?:[-.:+_][a-zA-Z0-9]++){0,20}+")
LONGEST_NAME = 60  # letters of a reference `name_`


def _reference(scan: Scan, at: int) -> tuple[int, int, str] | None:
    """A reference by a name without spaces, `name_`, found at its end."""
    text, start = scan.text, at
    while start > max(0, at - LONGEST_NAME) and (
        text[start - 1].isascii() and (text[start - 1].isalnum() or text[start - 1] in "-.:+_")
    ):
        start -= 1
    name = text[start:at].lstrip("-.:+_")
    start = at - len(name)
    stop = at + 1
    if text.startswith("_", stop):
        stop += 1
    if not _RST_REFERENCE.fullmatch(name) or text[start - 1 : start].isalnum():
        return None
    return start, stop, "link"


RST = Syntax(
    re.compile(
        r"\bhttps?://|\bftp://|⟦|⟧|[\udc80-\udcff]|\\|`|\||:(?=[a-zA-Z])|::|\[[\w#*]"
        r"|(?<=[a-zA-Z0-9])_(?=\W|_\W|_?\Z)"
    ),
    {
        **_PLAIN,
        "\\": (_escape_rst,),
        ":": (_matched(re.compile(r"::\s*\Z"), "literal"), _rst_role),
        "`": (_interpreted,),
        "|": (_matched(re.compile(r"\|[^|\s](?:[^|\n]{0,100}[^|\s])?\|_{0,2}"), "placeholder"),),
        "[": (_matched(re.compile(r"\[[\w#*.-]{1,80}\]_"), "footnote"),),
        "_": (_reference,),
    },
)


def _without_title(text: str, span: Span) -> tuple[Span, ...]:
    """The parts of a role, or of a tag, before and behind what a reader sees of it."""
    if span.kind == "tag":
        return tuple(_without_texts(text, span))
    found = _TITLED.fullmatch(text, span.start, span.stop) if span.kind == "role" else None
    if not found or not found[2].strip() or found[1].strip(":{}`") in ("math", "eq", "code"):
        return (span,)
    title = found.end(1) + len(found[2].rstrip())
    return Span(span.start, found.end(1), "role"), Span(title, span.stop, "role")


def _without_texts(text: str, tag: Span) -> Iterator[Span]:
    """The parts of a tag around the texts of its attributes."""
    at = tag.start
    for found in _SEEN.finditer(text, tag.start, tag.stop):
        start, stop = found.span(found.lastindex or 1)
        yield Span(at, start, "tag")
        at = stop
    yield Span(at, tag.stop, "tag")


def protected(text: str, syntax: Syntax = MARKDOWN) -> tuple[Span, ...]:
    """The protected parts of a text, in order."""
    scan, spans, at = Scan(text), list[Span](), 0
    while found := syntax.trigger.search(text, at):
        at = found.start()
        for rule in syntax.rules[text[at]]:
            told = rule(scan, at)
            if told is not None:
                start, stop, kind = told
                if kind and spans and start < spans[-1].stop:
                    kind = ""  # a reference's name that is a part of an address
                if kind:
                    spans += _without_title(text, Span(start, stop, kind))
                at = stop
                break
        else:
            at += 1
    return tuple(spans)
