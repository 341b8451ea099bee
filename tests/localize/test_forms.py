"""Each form of documents: what is text, the same bytes back, a translation in its place."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import InputError
from localize.documents import (
    FORMS,
    form_of,
    parse_document,
    read_document,
    register,
)
from localize.documents.record import Document, Segment
from localize.files import documents
from localize.sync import SyncConfig, synchronize

NOTEBOOK = nbformat.v4.new_notebook(
    cells=[
        nbformat.v4.new_markdown_cell(
            '# Oaks \u00e9\n\nA *tree* of $x$\nof "two" lines.\n\n* item'
        ),
        nbformat.v4.new_code_cell(
            "x = '# no heading'", outputs=[nbformat.v4.new_output("stream", text="Text\n")]
        ),
        nbformat.v4.new_markdown_cell(""),
        nbformat.v4.new_raw_cell("raw text"),
    ]
)
FILES = {
    "a.ipynb": nbformat.writes(NOTEBOOK) + "\n",
    "a.rst": (
        "====\nOaks\n====\n\nAn oak is ``x`` of\ntwo lines::\n\n    code block\n\n"
        ".. note:: A note.\n\n"
        "   The *body* of it.\n\n.. code-block:: python\n   :linenos:\n\n   x = 1\n\n"
        ".. A comment.\n\n"
        "Part\n----\n\n* One `link <https://x.org>`_\n* Two :ref:`y`\n\n1. Third\n   line\n\n"
        "+---+\n| a |\n+---+\n\n>>> print()\n"
    ),
    "a.txt": "First\nparagraph.\n\n  Second one at https://a.org/b.\n\n\n12 34\n",
    "a.po": (
        '# head\nmsgid ""\nmsgstr ""\n"Language: tr\\n"\n\n#: a.c:1\n#, c-format\nmsgid "Open %s"\n'
        'msgstr "A\\xc7 %s"\n\nmsgctxt "menu"\nmsgid ""\n"Two\\n"\n"lines"\nmsgstr ""\n\n'
        'msgid "%d tree"\nmsgid_plural "%d trees"\nmsgstr[0] "%d a\u011fa\u00e7"\nmsgstr[1] ""\n\n'
        '#~ msgid "old"\n#~ msgstr "eski"\n'
    ),
    "a.xlf": (
        '<?xml version="1.0"?>\n<xliff version="2.0" srcLang="en" trgLang="tr"><file id="f">\n'
        '<unit id="1"><segment><source>Open <ph id="1"/> &amp; go</source></segment></unit>\n'
        '<unit id="2"><segment><source>Close</source>\n<target>Kapat</target></segment></unit>\n'
        '<unit id="3"><segment><source>Save</source><target/></segment></unit>\n</file></xliff>\n'
    ),
    "a.json": (
        '{"title": "Caf\\u00e9 %s",\n "list": ["One", {"a": "Two <b>x</b>"}],'
        ' "n": 1, "description": "no"}'
    ),
    "a.strings": '/* "x" = "y"; */\n"open" = "Open \\"%@\\"";\nclose="Close";\n// "z" = "w";\n',
    "a.properties": "# remark\nmenu.open = Open {0}\nlong = a \\\n  b\nclose: Close\n",
    "a.html": (
        "<html><head><title>Oaks</title><script>var x='<p>no</p>';</script></head>\n"
        "<body><h2>Head</h2>"
        '<p class="a">One <b>two</b>\n  three &amp; <a href="x">four</a>.</p><!-- no -->\n'
        '<pre>code</pre><ul><li>Item</ul><img alt="An oak" src="x.png"></body></html>\n'
    ),
}
TEXTS = {
    "a.ipynb": ["Oaks \u00e9", 'A *tree* of $x$\nof "two" lines.', "item"],
    "a.rst": [
        "Oaks",
        "An oak is ``x`` of\ntwo lines::",
        "A note.",
        "The *body* of it.",
        "Part",
        "One `link <https://x.org>`_",
        "Two :ref:`y`",
        "Third\nline",
    ],
    "a.txt": ["First\nparagraph.", "Second one at https://a.org/b."],
    "a.po": ["Open %s", "Two\nlines", "%d tree", "%d trees"],
    "a.xlf": ['Open <ph id="1"/> &amp; go', "Close", "Save"],
    "a.json": ["Caf\u00e9 %s", "One", "Two <b>x</b>"],
    "a.strings": ['Open "%@"', "Close"],
    "a.properties": ["Open {0}", "Close"],
    "a.html": [
        "Oaks",
        "Head",
        'One <b>two</b>\nthree &amp; <a href="x">four</a>.',
        "Item",
        "An oak",
    ],
}


def document(name: str) -> Document:
    return parse_document(FILES[name].encode(), form_of(Path(name)), name)


def word_file(*paragraphs: str) -> bytes:
    """A small Word document, each paragraph of two runs."""
    body = "".join(
        '<w:p><w:pPr><w:pStyle w:val="Normal"/></w:pPr><w:r><w:t xml:space="preserve">'
        f"{text} </w:t></w:r><w:r><w:rPr><w:b/></w:rPr><w:t>bold</w:t></w:r></w:p>"
        for text in paragraphs
    )
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", f"<w:document><w:body>{body}</w:body></w:document>")
        archive.writestr("word/media/image.png", b"\x89PNG")
    return made.getvalue()


@pytest.mark.parametrize("name", FILES)
def test_what_is_text(name: str) -> None:
    assert [segment.text for segment in document(name).segments] == TEXTS[name]


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("name", FILES)
def test_the_same_bytes_come_back(name: str, ending: str) -> None:
    raw = FILES[name].replace("\n", ending).encode()
    made = parse_document(raw, form_of(Path(name)), name)
    assert len(made.segments) == len(TEXTS[name])
    assert made.rebuilt({}) == raw
    if name not in ("a.json", "a.xlf", "a.po"):  # whose own spelling is one of several
        told = {place: made.translation(place) for place in range(len(made.segments))}
        assert made.rebuilt(told) == raw


@pytest.mark.parametrize("name", FILES)
def test_a_translation_is_read_back(name: str) -> None:
    made = document(name)
    told = {place: f'Çok "güzel" {place}' for place in range(len(made.segments))}
    if name == "a.rst":
        told[1] += "::"  # behind which the code stands
    again = parse_document(made.rebuilt(told), form_of(Path(name)), name)
    if name == "a.html":
        told = {
            place: text.replace('"', "&quot;") if place == 4 else text
            for place, text in told.items()
        }
    assert [again.translation(place) for place in range(len(again.segments))] == list(told.values())


def test_a_notebook_is_valid_still() -> None:
    made = document("a.ipynb").rebuilt({1: "Eine\nandere\nZeile $x$"}).decode()
    book = nbformat.reads(made, as_version=4)
    nbformat.validate(book)
    assert book.cells[0].source == "# Oaks é\n\nEine\nandere\nZeile $x$\n\n* item"
    assert book.cells[1:] == NOTEBOOK.cells[1:]


def test_a_po_file_reads_the_same_elsewhere() -> None:
    import polib

    made = document("a.po").rebuilt({1: 'Iki\n"satır"', 3: "%d ağaçlar"}).decode()
    entries = {entry.msgid: entry for entry in polib.pofile(made)}
    assert entries["Two\nlines"].msgstr == 'Iki\n"satır"'
    assert entries["%d tree"].msgstr_plural == {0: "%d ağaç", 1: "%d ağaçlar"}
    assert entries["old"].obsolete


def test_a_word_document(tmp_path: Path) -> None:
    path = tmp_path / "a.docx"
    path.write_bytes(word_file("One &amp; two", "Three", "5"))
    made = read_document(path)
    assert made.rebuilt({}) == path.read_bytes()
    assert len(made.segments) == 3
    segment = made.segments[0]
    [entity, run] = segment.spans
    assert (entity.kind, run.kind) == ("entity", "run")
    run_text = segment.text[run.start : run.stop]
    raw = made.rebuilt({0: f"Eins < zwei {run_text}fett"})
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        text = archive.read("word/document.xml").decode()
        assert archive.read("word/media/image.png") == b"\x89PNG"
    assert "Eins &lt; zwei </w:t></w:r><w:r><w:rPr><w:b/></w:rPr><w:t>fett</w:t>" in text


@pytest.mark.parametrize(
    ("name", "raw", "told"),
    [
        ("a.ipynb", b"[1, 2", "expected JSON, found its end with [ open"),
        ("a.ipynb", b'{"x": 1}', 'expected a notebook, found no "cells"'),
        ("a.ipynb", b'{"worksheets": [{"a": "b"}]}', "jupyter nbconvert"),
        ("a.json", b'{"a": "b"}}', "found } without its partner in line 1"),
        ("a.json", b"[" * 200, "at most 100 levels"),
        ("a.docx", b"PK nothing", "found a damaged archive"),
        ("a.docx", b"", "found a damaged archive"),
    ],
)
def test_what_cannot_be_read_is_told(name: str, raw: bytes, told: str) -> None:
    with pytest.raises(InputError, match=name) as raised:
        parse_document(raw, form_of(Path(name)), name)
    assert told in str(raised.value)


@given(st.sampled_from(sorted(FILES)), st.data())
def test_damaged_files_come_back_or_are_refused(name: str, data: st.DataObject) -> None:
    raw = bytearray(FILES[name].encode())
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(raw) - 1))
        raw[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    try:
        made = parse_document(bytes(raw), form_of(Path(name)), name)
    except InputError:
        return
    assert made.rebuilt({}) == bytes(raw)
    at = 0
    for segment in made.segments:
        assert at <= segment.start <= segment.stop
        at = segment.stop


def test_a_folder_s_own_files_are_no_documents(tmp_path: Path) -> None:
    for name in ("a.md", "b.json", "requirements.txt", "c.ipynb"):
        (tmp_path / name).write_text("x", "utf-8")
    assert [path.name for path in documents(tmp_path)] == ["a.md", "c.ipynb"]
    assert [path.name for path in documents(tmp_path, ["*.json"])] == ["b.json"]


@pytest.mark.parametrize("name", [*FILES, "a.docx"])
def test_a_translation_of_each_form_is_kept_in_step(name: str, tmp_path: Path) -> None:
    docs, out = tmp_path / "docs", tmp_path / "tr"
    docs.mkdir()
    raw = word_file("One", "Three") if name == "a.docx" else FILES[name].encode()
    (docs / name).write_bytes(raw)
    config = SyncConfig(source=docs, target=out, lang="tr", engine="stub", only=("*",))
    report = synchronize(config)
    assert report.refused == []
    first = (out / name).read_bytes()
    assert synchronize(config).counts["unchanged documents"] == 1
    made = read_document(out / name)
    assert len(made.segments) == len(read_document(docs / name).segments)
    # A person's work on one segment, then a change of another in the source.
    edited = made.rebuilt({0: made.translation(0).replace("é", "e") + " mine"})
    (out / name).write_bytes(edited)
    (docs / name).write_bytes(changed(raw, name))
    report = synchronize(config)
    assert report.refused == []
    again = read_document(out / name)
    told = [again.translation(place) for place in range(len(again.segments))]
    assert told[0].endswith(" mine")
    assert (out / name).read_bytes() != first
    if name == "a.ipynb":
        nbformat.validate(nbformat.reads((out / name).read_text("utf-8"), as_version=4))


def changed(raw: bytes, name: str) -> bytes:
    """A source with another last text."""
    if name == "a.docx":
        return word_file("One", "Three and four")
    if name == "a.json":
        return raw.replace(b'"One"', b'"One more"')
    made = parse_document(raw, form_of(Path(name)), name)
    if made.bilingual:
        return raw.replace(b"Save", b"Save it").replace(b'"%d trees"', b'"%d old trees"')
    last = len(made.segments) - 1
    return made.rebuilt({last: made.segments[last].text + " more"})


def test_a_form_of_one_s_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("localize.documents.FORMS", dict(FORMS))

    def read(text: str, codec: str) -> Document:
        return Document(text, (Segment(0, len(text), "line", text),), codec)

    register("line", read, ".line")
    (tmp_path / "a.line").write_text("One", "utf-8")
    from localize import documents as module

    assert module.read_document(tmp_path / "a.line").rebuilt({0: "Eins"}) == b"Eins"
    assert json.dumps(list(module.FORMS)).endswith('"line"]')
