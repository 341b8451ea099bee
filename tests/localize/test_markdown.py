"""Markdown in, the same bytes out; what is text, and what is protected."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localize.documents import parse_document, read_document
from localize.documents.inline import MARKDOWN, MESSAGE, XML, protected
from localize.documents.record import Document, encoded, line_starts

PAGE = """---
title: "A page"
layout: x
---
# Trees [**and more**]
:label:`sec_trees`

A *paragraph* of
two lines with $x$ and :numref:`fig_a`.

* An item
  of two lines.
    1. Inner $y$.

> A quote
> goes on.

| oak | ash |
| --- | :-: |
| `a` | tall \\| old |

![A figure.](../img/x.svg)
:width:`300px`
:label:`fig_a`

$$a
- b$$
:eqlabel:`eq_a`

:begin_tab:`pytorch`
[Discussions](https://discuss.example/t/1)
:end_tab:

<!-- An older paragraph. -->

```python
# code
```

:::{note}
Mind the step.
:::

[^1]: A footnote.
"""


def texts(page: str) -> list[tuple[str, str]]:
    document = parse_document(page.encode(), "markdown", "page.md")
    return [(segment.kind, segment.text) for segment in document.segments]


def again(document: Document) -> bytes:
    """Every segment spelt anew, its marker included, in the place of itself."""
    told = {}
    for place, segment in enumerate(document.segments):
        marker = segment.marker
        raw = document.raw(place)
        behind = raw[len(raw) - marker.stop + marker.start :] if marker else ""
        told[place] = segment.text + behind
    return document.rebuilt(told)


def test_what_is_text() -> None:
    assert texts(PAGE) == [
        ("title", "A page"),
        ("heading", "Trees [**and more**]"),
        ("paragraph", "A *paragraph* of\ntwo lines with $x$ and :numref:`fig_a`."),
        ("item", "An item\nof two lines."),
        ("item", "Inner $y$."),
        ("quote", "A quote\ngoes on."),
        ("cell", "oak"),
        ("cell", "ash"),
        ("cell", "tall \\| old"),
        ("figure", "![A figure.](../img/x.svg)"),
        ("paragraph", "[Discussions](https://discuss.example/t/1)"),
        ("paragraph", "Mind the step."),
        ("paragraph", "A footnote."),
    ]


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_page_comes_back_byte_for_byte(ending: str, mark: str) -> None:
    raw = (mark + PAGE.replace("\n", ending)).encode()
    document = parse_document(raw, "markdown", "page.md")
    assert len(document.segments) == 13
    assert again(document) == raw


def test_a_translation_keeps_what_is_around_it() -> None:
    document = parse_document(PAGE.encode(), "markdown", "page.md")
    kinds = [segment.kind for segment in document.segments]
    made = document.rebuilt(
        {
            0: 'Eine "Seite": x',
            kinds.index("quote"): "Ein\nZitat\nin drei",
            kinds.index("cell"): "a|b",
        }
    ).decode()
    assert 'title: "Eine \\"Seite\\": x"\n' in made
    assert "> Ein\n> Zitat\n> in drei\n" in made
    assert "| a\\|b | ash |" in made


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("costs $5 and $6 today", []),
        ("so $ \\alpha = 1 $ holds", ["$ \\alpha = 1 $"]),
        ("a \\$1 note, `x``y` and ``a`b``", ["`x``y`", "``a`b``"]),
        ("see [the *page*][ref] and [it](<a b> 'T')", ["ref", "<a b>"]),
        (
            "a{ref}`x` and {{ name }} or :cite:`A.2020,B.2021`",
            ["{ref}`x`", "{{ name }}", ":cite:`A.2020,B.2021`"],
        ),
        ("[**what** a slide**] &lt;unk&gt; <br/>", ["[**", "**]", "&lt;", "&gt;", "<br/>"]),
        ("(https://a.b/c_(d)), then x < y", ["https://a.b/c_(d"]),
        ("a ⟦1⟧ of one's own [^1]", ["⟦1⟧", "[^1]"]),
        ("two  \nlines\\\nof it", ["  \n", "\\\n"]),
        ("`open and $open and <open", []),
    ],
)
def test_what_is_protected(text: str, parts: list[str]) -> None:
    assert [text[start:stop] for start, stop, _ in protected(text, MARKDOWN)] == parts


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("%1$s of %d%% at %@, %(when)s", ["%1$s", "%d", "%%", "%@", "%(when)s"]),
        (
            "{n, plural, one {# cat} other {# cats}} ${x} #{y}",
            ["{n, plural, one {# cat} other {# cats}}", "${x}", "#{y}"],
        ),
        ("100% sure, 5 % discount <b>now</b>", ["<b>", "</b>"]),
    ],
)
def test_what_is_protected_in_messages(text: str, parts: list[str]) -> None:
    assert [text[start:stop] for start, stop, _ in protected(text, MESSAGE)] == parts


LINES = st.sampled_from(
    [
        *(
            "# Head",
            "Text of $x$ and `y`.",
            "more text  ",
            "* item",
            "  - inner",
            "1. one",
            "> quote",
        ),
        *(
            "",
            "",
            "```",
            "~~~",
            "    indented",
            "\ttab",
            "| a | b |",
            "| - | - |",
            "$$",
            "$$x$$",
            "---",
        ),
        *(
            ":label:`a`",
            ":begin_tab:`b`",
            ":end_tab:",
            "<div>",
            "<!-- c",
            "-->",
            "[a]: b",
            "===",
            ":::",
        ),
        *(
            "[^1]: note",
            "![f](g)",
            ">> deep",
            "* > both",
            "+",
            "\x00",
            "\udc80 bytes",
            "end\\",
            ":::{note}",
        ),
    ]
)
ANY = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs",))
    | st.sampled_from("#*`$<>|\n\r-_[]()~:!\\ ")
)


@given(st.lists(LINES | ANY, max_size=30), st.sampled_from(["\n", "\r\n", "\r"]))
def test_any_markdown_comes_back_byte_for_byte(lines: list[str], ending: str) -> None:
    raw = encoded(ending.join(lines))
    document = parse_document(raw, "markdown", "page.md")
    assert document.rebuilt({}) == raw
    assert again(document) == raw
    ends = [0, *(segment.stop for segment in document.segments)]
    assert all(end <= segment.start for end, segment in zip(ends, document.segments, strict=False))


@given(ANY)
def test_protected_parts_are_in_order(text: str) -> None:
    for syntax in (MARKDOWN, MESSAGE, XML):
        at = 0
        for start, stop, _ in protected(text, syntax):
            assert at <= start < stop <= len(text)
            at = stop


@given(ANY)
def test_lines_are_counted_as_markdown_it_counts_them(text: str) -> None:
    assert len(line_starts(text)) == text.replace("\r\n", "\n").replace("\r", "\n").count("\n") + 1


def test_what_is_odd_is_said() -> None:
    page = "One.\n\nSo $$x is open.\n\n```\ncode\n"
    assert parse_document(page.encode(), "markdown", "p").remarks == (
        "3: $$ that opens and never closes",
        "5: a code fence that nothing closes",
    )


def test_all_of_d2l_comes_back_byte_for_byte(mirror: Path) -> None:
    pages = [path for name in ("d2l", "d2l_tr", "d2l_vi") for path in (mirror / name).rglob("*.md")]
    pages = [path for path in pages if "README" not in path.name]
    assert len(pages) == 260
    segments = 0
    for path in pages:
        document = read_document(path)
        segments += len(document.segments)
        assert again(document) == path.read_bytes(), path
    assert segments > 9_000


@pytest.mark.parametrize(
    "page",
    [
        "word " * 200_000,
        "](" * 50_000,
        "$a " * 100_000,
        "`" * 99_999 + " ``",
        "<!--" * 50_000,
        "[" * 20_000,
    ],
    ids=["a paragraph", "links", "dollars", "ticks", "comments", "brackets"],
)
def test_a_large_paragraph_is_no_blow_up(page: str) -> None:
    document = parse_document(page.encode(), "markdown", "page.md")
    assert again(document) == page.encode()
