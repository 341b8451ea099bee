"""Documents of every form, the state of a translation, tables of targets: read and put back."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

from tests.fuzz.target import Target

MARKDOWN = (
    "---\ntitle: Oaks\n---\n# Oaks {#oaks}\n:label:`sec_oaks`\n\nAn *oak* of $h$ m, see [it](a.md).\n\n"
    "* One\n  > two\n\n| a | b |\n|---|---|\n| c | d |\n\n:::{note} Mind\nthe step.\n:::\n",
    '!!! tip "Title"\n    Body.\n\nTerm\n: Definition\n\n[^1]: Note\n\n    more\n\n$$\na\n$$\n<div>x</div>\n',
)
RST = (
    "Oaks\n====\n\n.. note:: An *oak* is ``big``::\n\n   code\n\n* :ref:`it <x>`\n\n-a  option\n\n"
    ":field: text\n\n| line\n\n== ==\na  b\n== ==\n",
)
HTML = ('<h1 title="old">Oaks</h1><p>One <b>two</b> &amp; <img alt="x"><pre>no</pre>\n',)
PO = ('msgid ""\nmsgstr ""\n\nmsgctxt "m"\nmsgid "Open %s\\n"\nmsgstr ""\n"Aç %s\\n"\n',)
XLIFF = (
    '<xliff><unit><segment><source>Open <ph id="1"/></source><target/></segment></unit></xliff>',
)
JSON = ('{"menu": {"open": "Open {n}"}, "@@locale": "en", "list": ["a \\u00e9"]}',)
NOTEBOOK = ('{"cells": [{"cell_type": "markdown", "source": ["# Oak\\n", "\\n", "Text."]}]}',)
STRINGS = ('/* c */ "open" = "Open \\"%@\\"";\n',)
STATE = (
    '{"head":"","localize":1}\n{"source":"An oak.","gap":"\\n","target":"Bir mese.","by":"person"}\n',
)
TABLE = ("segment\tplace\tkind\tsource\ttarget\na.md#0\ta.md:1\tparagraph\tOak\tMese\n",)


def targets() -> Iterator[Target]:
    """A row a form, and what is kept beside documents."""
    forms = (
        ("markdown", "text", MARKDOWN, "a.md"),
        ("rst", "text", RST, "a.rst"),
        ("html", "xml", HTML, "a.html"),
        ("po", "text", PO, "a.po"),
        ("xliff", "xml", XLIFF, "a.xlf"),
        ("json", "json", JSON, "a.json"),
        ("notebook", "json", NOTEBOOK, "a.ipynb"),
        ("strings", "text", STRINGS, "a.strings"),
        ("plain", "text", ("One.\n\nTwo\nlines.\n",), "a.txt"),
    )
    for name, kind, seeds, file in forms:
        yield Target(f"localize/{name}", kind, seeds, _document, file=file, weight=0.5)
    yield Target("localize/docx", "archive", (_word(),), _document, file="a.docx", weight=0.2)
    yield Target("localize/state", "jsonl", STATE, _state, file="a.jsonl", weight=0.5)
    yield Target("localize/table", "tsv", TABLE, _table, file="a.tsv", weight=0.5)


def _document(path: Path) -> None:
    """Read it, spell each text anew, and get the same bytes where nothing was changed."""
    from localize.documents import read_document

    document = read_document(path)
    assert document.rebuilt({}) == path.read_bytes()
    document.rebuilt({place: f"{one.text} x" for place, one in enumerate(document.segments)})
    ends = [0, *(one.stop for one in document.segments)]
    assert all(end <= one.start for end, one in zip(ends, document.segments, strict=False))


def _state(path: Path) -> None:
    from localize.state import lines_of, parse_state, read_state

    state = read_state(path)
    assert state is not None
    again = parse_state(lines_of(state), "again")
    assert (again.head, again.entries) == (state.head, state.entries)


def _table(path: Path) -> None:
    from localize.extract import read_targets

    read_targets(path)


def _word() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        body = "<w:p><w:r><w:t>An oak</w:t></w:r><w:r><w:t> is old</w:t></w:r></w:p>"
        archive.writestr("word/document.xml", f"<w:document><w:body>{body}</w:body></w:document>")
    return made.getvalue()
