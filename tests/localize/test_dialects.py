"""Dialects of Markdown and corners of reStructuredText and HTML: what is text, what must stay."""

from __future__ import annotations

import pytest

from localize.documents import parse_document
from localize.documents.inline import MARKDOWN, MESSAGE, RST, protected


def texts(page: str, form: str = "markdown") -> list[tuple[str, str]]:
    document = parse_document(page.encode(), form, "page")
    again = document.rebuilt({at: one.text for at, one in enumerate(document.segments)})
    assert again == page.encode()
    return [(segment.kind, segment.text) for segment in document.segments]


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (
            "Term\n: Definition\n  goes on\n\n  second\n: Another\n",
            ["Term", "Definition\ngoes on", "second", "Another"],
        ),
        (
            '!!! note "A title"\n    Body.\n\n    - item\n\n=== "Tab"\n\n    Text.\n\nAfter.\n',
            ["A title", "Body.", "item", "Tab", "Text.", "After."],
        ),
        ("> [!NOTE]\n> Alert\n> more\n", ["Alert\nmore"]),
        (":::{admonition} Title\n:class: tip\nBody.\n:::\n", ["Title", "Body."]),
        (":::tip[My tip]\n\nBody.\n\n:::\n", ["My tip", "Body."]),
        ("::: warning\nBody.\n:::\n", ["Body."]),
        ("```{note} First words\nof it.\n```\n", ["First words", "of it."]),
        ("```{note}\n---\nclass: x\n---\nBody.\n```\n", ["Body."]),
        (
            "[^a]: Foot\n\n    Second.\n\n    - item\n\nAfter.\n",
            ["Foot", "Second.", "item", "After."],
        ),
        ("* One\n\n  > quoted\n  > on\n  1. deep\n", ["One", "quoted\non", "deep"]),
    ],
)
def test_blocks_of_other_dialects(page: str, expected: list[str]) -> None:
    assert [text for _, text in texts(page)] == expected


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (r"so \(a_1\) and \[x=1\], not \(so\) or \[this\]", [r"\(a_1\)", r"\[x=1\]"]),
        ("# Title {#id}", ["{#id}"]),
        ("{% if x %}yes{% endif %}", ["{% if x %}", "{% endif %}"]),
        ("see {ref}`my text <label>`", ["{ref}`", " <label>`"]),
        ('an <img src="a.png" alt="old oak"> here', ['<img src="a.png" alt="', '">']),
    ],
)
def test_what_markdown_protects(text: str, parts: list[str]) -> None:
    assert [text[start:stop] for start, stop, _ in protected(text, MARKDOWN)] == parts


def test_what_restructuredtext_protects() -> None:
    text = (
        "`Other`_ and `anon`__, `text <http://x.org>`_ of :ref:`a b <l>`, my_ref_ not snake_case::"
    )
    assert [text[start:stop] for start, stop, _ in protected(text, RST)] == [
        *("`Other`_", "`anon`__", "`", " <http://x.org>`_", ":ref:`", " <l>`", "my_ref_", "::"),
    ]


def test_a_message_keeps_its_line_breaks() -> None:
    text = "One\nof %d\n"
    assert [text[start:stop] for start, stop, _ in protected(text, MESSAGE)] == ["\n", "%d", "\n"]


RST_PAGE = """.. note:: On one line
   that continues.

.. figure:: a.png
   :alt: A tree

   The caption.

.. list-table:: A table
   :header-rows: 1

   * - Treat
     - Quantity

-a            option a
--long=FILE   long one

term
   Its definition.

:Field: value
   of it

.. versionchanged:: 3.0 Something.

| line one
| line two

.. |name| replace:: its text

.. code-block:: python
   :caption: Listing

   # no text

.. A comment.

Code follows::

   no text

+-----+-----+
| no  | no  |
+-----+-----+

.. py:function:: f(x)

   What it does.

   :param x: the tree
"""


def test_restructuredtext() -> None:
    assert [text for _, text in texts(RST_PAGE, "rst")] == [
        *("On one line\nthat continues.", "A tree", "The caption.", "A table", "Treat", "Quantity"),
        *("option a", "long one", "term", "Its definition.", "value\nof it", "Something."),
        *("line one", "line two", "its text", "Listing", "Code follows::", "What it does."),
        "the tree",
    ]


def test_html_that_is_not_to_be_translated() -> None:
    page = (
        '<p translate="no">No</p><p class="x notranslate">No</p><img translate=no><p>Yes <a\n'
        "href=\"x\">link</a> &amp; <img alt='old'></p>"
    )
    assert texts(page, "html") == [
        ("paragraph", "Yes <a\nhref=\"x\">link</a> &amp; <img alt='old'>")
    ]
