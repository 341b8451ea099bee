r"""The blocks of Markdown: CommonMark's and tables by markdown-it-py, and other dialects' here.

MyST's and Docusaurus' `:::`, MkDocs' `!!! note` and `=== "Tab"`, footnotes, definitions,
mathematics on lines of its own, D2L's labels and tabs.

>>> [token.type for token in parser().parse(':::{note}\n:class: tip\nText.\n:::')][:2]
['colon_fence', 'paragraph_open']
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_block import StateBlock

# A line of its own that belongs to a figure, an equation, a heading or a tab of D2L.
_DIRECTIVE = re.compile(r":(?:label|eqlabel|width|height|bookmark|begin_tab|end_tab):[^\n]{0,300}")
_TARGET = re.compile(r"\([\w.:-]{1,200}\)=\s*")  # MyST: (where-links-go)=
_FOOTNOTE = re.compile(r"\[\^[^\]\[\s]{1,200}\]:[ \t]*")
# MkDocs: !!! note "A title", or === "A tab"; what it holds is indented.
_INDENTED = re.compile(
    r"(?:!!!|\?\?\?\+?+|===!?+\+?+)[ \t]++([\w-][\w -]*+)?+(\"[^\"\n]*+\")?+[ \t]*+"
)
_OPTION = re.compile(r"[ \t]*:[\w-]{1,60}:(?:[ \t]|$)")
_DEFINITION = re.compile(r"[ \t]{0,3}[:~][ \t]+\S")
# Docusaurus, VuePress, Pandoc: :::note Title, :::tip[Title], ::: {.note}
COLONS = re.compile(
    r":{3,}+[ \t]*(?:\{[^{}\n]{1,200}\}"
    r"|[a-zA-Z][\w-]*+(?:\[(?P<in>[^\]\n]++)\]|[ \t]++(?P<on>[^{\s][^\n]*))?)[^\n]*"
)
_MATH_OPENS = re.compile(r"\$\$|\\begin\{(?:equation|align|gather|multline|eqnarray)\*?\}")
_LETTER = re.compile(r"[^\W\d_]")
_ROLE_BEHIND = re.compile(r":eqlabel:`[^`]{0,200}`|\([\w:.-]{1,200}\)|\{#[\w:.-]{1,200}\}")


def parser() -> MarkdownIt:
    """CommonMark's blocks, tables, and the blocks of D2L and MyST; nothing inline."""
    from data.errors import UnavailableError

    try:
        from markdown_it import MarkdownIt
    except ImportError as error:
        raise UnavailableError(
            'Markdown needs the package "markdown-it-py"; run: pip install "kilolingua[localize]"'
        ) from error
    parser = MarkdownIt("commonmark").enable("table")
    parser.core.ruler.disable(["inline", "text_join"])
    interrupting: Any = {"alt": ["paragraph", "reference", "blockquote", "list"]}
    parser.block.ruler.before("fence", "mathematics", _mathematics, interrupting)
    parser.block.ruler.before("fence", "directive", _directive, interrupting)
    parser.block.ruler.before("fence", "colon_fence", _colon_fence, interrupting)
    parser.block.ruler.before("fence", "indented", _indented, interrupting)
    parser.block.ruler.before("reference", "footnote", _footnote, interrupting)
    parser.block.ruler.before("fence", "definition", _definition, {"alt": ["paragraph"]})
    return parser


def _begins(state: StateBlock, line: int, characters: str) -> bool:
    """Whether a line begins so: the rules are asked at each line of each paragraph."""
    at = state.bMarks[line] + state.tShift[line]
    return at < state.eMarks[line] and state.src[at] in characters


def _line(state: StateBlock, line: int) -> str:
    return state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]]


def _directive(state: StateBlock, start: int, end: int, silent: bool) -> bool:  # noqa: ARG001
    if not _begins(state, start, ":(%"):
        return False
    line = _line(state, start).strip()
    known = _DIRECTIVE.fullmatch(line) or _TARGET.fullmatch(line)
    if not (known or (line.startswith("%") and state.blkIndent == 0)):
        return False
    if not silent:
        state.line = start + 1
    return True


def _colon_fence(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """The first or last line of MyST's `:::{note}`, with the options behind it (`:class: tip`):
    what stands between is Markdown of its own."""
    if not _begins(state, start, ":"):
        return False
    line = _line(state, start).strip()
    opens = line.strip(":")
    if not line.startswith(":::") or (opens and not COLONS.fullmatch(line)):
        return False
    after = start + 1
    while opens and after < end and _OPTION.match(_line(state, after)):
        after += 1
    if not silent:
        token = state.push("colon_fence", "", 0)
        token.map, token.info = [start, start + 1], line
        state.line = after
    return True


def _indented(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """MkDocs' `!!! note "Title"` and `=== "Tab"`, with the indented blocks that belong to it."""
    if not _begins(state, start, "!?="):
        return False
    line = _line(state, start)
    found = _INDENTED.fullmatch(line)
    if not found or not (found[1] or found[2]) or (line.startswith("=") and not found[2]):
        return False
    if silent:
        return True
    token = state.push("indented", "", 0)
    token.map, token.info = [start, start + 1], line
    state.line = start + 1
    if start + 1 < end:
        _within(state, start + 1, end, state.blkIndent + 4)
    return True


def _footnote(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """`[^name]: text`, with the indented blocks that belong to it."""
    if not _begins(state, start, "["):
        return False
    found = _FOOTNOTE.match(_line(state, start))
    if not found or state.sCount[start] - state.blkIndent >= 4:
        return False
    return silent or _behind_mark(state, start, end, found.end(), 4)


def _definition(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """`: text` below the line of the term that it defines."""
    if not _begins(state, start, ":"):
        return False
    line = _line(state, start)
    found = _DEFINITION.match(line)
    if not found or not start or state.isEmpty(start - 1):
        return False
    return silent or _behind_mark(state, start, end, found.end() - 1, found.end() - 1)


def _behind_mark(state: StateBlock, start: int, end: int, width: int, indent: int) -> bool:
    """The blocks behind a mark at the beginning of a line, and those indented below it."""
    kept = state.bMarks[start], state.tShift[start], state.sCount[start]
    at = state.bMarks[start] + state.tShift[start] + width
    state.bMarks[start], state.tShift[start] = at, 0
    state.sCount[start] = state.blkIndent + indent
    _within(state, start, end, state.blkIndent + indent)
    state.bMarks[start], state.tShift[start], state.sCount[start] = kept
    state.line = max(state.line, start + 1)
    return True


def _within(state: StateBlock, start: int, end: int, indent: int) -> None:
    """Parse the blocks that stand so far in."""
    kept = state.blkIndent, state.tight, state.parentType
    state.blkIndent, state.tight, state.parentType = indent, False, "blockquote"
    state.md.block.tokenize(state, start, end)
    state.blkIndent, state.tight, state.parentType = kept


def _mathematics(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """`$$ ... $$` and LaTeX environments on lines of their own; no blank line goes through one."""
    if not _begins(state, start, "$\\"):
        return False
    line = _line(state, start).strip()
    opening = _MATH_OPENS.match(line)
    if not opening or state.sCount[start] - state.blkIndent >= 4:
        return False
    closing = "$$" if opening[0] == "$$" else opening[0].replace("begin", "end")
    rest = line[opening.end() :]
    for number in range(start, end):
        text = rest if number == start else _line(state, number).strip()
        if number > start and (not text or state.sCount[number] < state.blkIndent):
            return False
        _, closed, behind = text.partition(closing)
        if closed:
            if _LETTER.search(_ROLE_BEHIND.sub("", behind)) or "$" in behind:
                return False
            if not silent:
                state.line = number + 1
            return True
    return False
