"""The table of a folder's segments, and a filled table put back."""

from __future__ import annotations

from pathlib import Path

import pytest

from localize.extract import main
from localize.marks import mask, protected, restore
from localize.sentences import split

PAGE = "# Oaks\n\nLet $h$ be the\nheight in :numref:`tab_h`.\n\n" + 2 * "* Tall. Very tall.\n"


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "oak.md").write_bytes(PAGE.replace("\n", "\r\n").encode())
    (folder / "ash.md").write_text("# Ash\n\nOne.\n", "utf-8")
    (folder / "notes.xyz").write_text("not a document", "utf-8")
    return folder


def table(docs: Path, tmp_path: Path, *more: str) -> list[list[str]]:
    assert main([str(docs), "--out", str(tmp_path / "t.tsv"), *more]) == 0
    lines = (tmp_path / "t.tsv").read_text("utf-8").splitlines()
    return [line.split("\t") for line in lines]


def test_a_row_a_segment(docs: Path, tmp_path: Path) -> None:
    header, *rows = table(docs, tmp_path)
    assert header == ["segment", "place", "kind", "source", "target"]
    assert [row[1:4] for row in rows] == [
        ["ash.md:1", "heading", "Ash"],
        ["ash.md:3", "paragraph", "One."],
        ["deep/oak.md:1", "heading", "Oaks"],
        ["deep/oak.md:3", "paragraph", "Let ⟦1⟧ be the height in ⟦2⟧."],
        ["deep/oak.md:6", "item", "Tall. Very tall."],
        ["deep/oak.md:7", "item", "Tall. Very tall."],
    ]
    assert len({row[0] for row in rows}) == 6


def test_a_row_a_sentence(docs: Path, tmp_path: Path) -> None:
    rows = table(docs, tmp_path, "--sentences", "en", "--only", "deep/*.md")
    assert [row[3] for row in rows[3:]] == ["Tall.", "Very tall.", "Tall.", "Very tall."]


def filled(tmp_path: Path, targets: dict[int, str]) -> Path:
    lines = (tmp_path / "t.tsv").read_text("utf-8").splitlines()
    lines = [line + targets.get(number, "") for number, line in enumerate(lines)]
    (tmp_path / "filled.tsv").write_text("\n".join(lines) + "\n", "utf-8")
    return tmp_path / "filled.tsv"


def test_a_filled_table_is_put_back(docs: Path, tmp_path: Path) -> None:
    table(docs, tmp_path)
    put = filled(tmp_path, {3: "Eichen", 4: "In ⟦2⟧ sei ⟦1⟧ die Höhe.", 6: "Hoch."})
    assert main([str(docs), "--put", str(put), "--out", str(tmp_path / "de")]) == 0
    assert (tmp_path / "de" / "ash.md").read_bytes() == (docs / "ash.md").read_bytes()
    expected = PAGE.replace("Oaks", "Eichen").replace(
        "Let $h$ be the\nheight in :numref:`tab_h`.", "In :numref:`tab_h` sei $h$ die Höhe."
    )
    expected = expected[: -len("Tall. Very tall.\n")] + "Hoch.\n"
    made = (tmp_path / "de" / "deep" / "oak.md").read_bytes()
    assert made == expected.replace("\n", "\r\n").encode()


def test_lost_and_invented_marks_are_refused_by_their_line(
    docs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table(docs, tmp_path)
    put = filled(tmp_path, {4: "Sei ⟦1⟧ und ⟦7⟧."})
    assert main([str(docs), "--put", str(put), "--out", str(tmp_path / "de")]) == 2
    told = capsys.readouterr().err
    assert f"{put}:5: lacks :numref:`tab_h`; invents ⟦7⟧; write the marks" in told
    assert not (tmp_path / "de" / "deep").exists()


def test_rows_of_a_source_that_changed_are_told(
    docs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table(docs, tmp_path)
    put = filled(tmp_path, {1: "Esche", 2: "Eins."})
    (docs / "ash.md").write_text("# Ash\n\nTwo.\n", "utf-8")
    assert main([str(docs), "--put", str(put), "--out", str(tmp_path / "de")]) == 0
    assert "1 rows are of no segment of these documents, ash.md#" in capsys.readouterr().err
    assert (tmp_path / "de" / "ash.md").read_text("utf-8") == "# Esche\n\nTwo.\n"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nowhere"], "nowhere: no such file or folder"),
        (["{docs}", "--put", "{docs}/ash.md", "--out", "x"], "expected the columns segment"),
        (["{docs}", "--put", "x.tsv"], "--out is missing"),
        (["{docs}/notes.xyz"], "expected a document ("),
        (["{docs}", "--only", "none/*"], "no documents that match none/* in it"),
        (["{docs}", "--format", "markdwon"], "did you mean markdown?"),
        ([], "documents is missing"),
    ],
)
def test_mistakes_are_told_in_a_line(
    docs: Path, arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([argument.format(docs=docs) for argument in arguments]) == 2
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1


def test_a_mark_written_otherwise_is_understood_only_where_it_is_plain() -> None:
    masked, parts = mask("So $x$ [a] is `y`.", protected("So $x$ [a] is `y`."))
    assert restore("[[1]] ist ［2］.", parts, masked) == ("$x$ ist `y`.", "")
    assert restore("⟦ 2 ⟧ ⟦1⟧ [3]", parts, masked) == ("`y` $x$ [3]", "")
    assert restore("[1] und [2] und [3]", parts, masked)[1].startswith("lacks $x$, `y`")


@pytest.mark.parametrize(
    "text", ["", "  a. B! ", "ሰላም ነው። እንዴት ነህ።", "यह। वह।", "هل؟ نعم.", "x\n\ny. Z"]
)
@pytest.mark.parametrize("language", ["en", "am", "hi", "ar", "zh-Hans", "qqq"])
def test_sentences_joined_are_the_text(text: str, language: str) -> None:
    assert "".join(split(text, language)) == text


CODE = """# Oaks

```python
# Plant an oak,
# and wait.
plant()  # now
#@save
```

```js
// Old oaks
```

```text
# no comment
```
"""


def test_comments_in_code(tmp_path: Path) -> None:
    page, table = tmp_path / "a.md", tmp_path / "table.tsv"
    page.write_text(CODE, "utf-8")
    assert main([str(page), "--comments", "--out", str(table)]) == 0
    lines = table.read_text("utf-8").splitlines()
    told = [line.split("\t")[2:4] for line in lines[1:]]
    assert told[1:] == [["comment", "Plant an oak, and wait."], ["comment", "Old oaks"]]
    table.write_text("\n".join([*lines[:2], lines[2] + "Bir mese dik.", lines[3]]) + "\n", "utf-8")
    words = [str(page), "--comments", "--put", str(table), "--out", str(tmp_path / "tr")]
    assert main(words) == 0
    made = (tmp_path / "tr" / "a.md").read_text("utf-8")
    assert made == CODE.replace("# Plant an oak,\n# and wait.", "# Bir mese dik.")


def test_comments_of_a_notebook() -> None:
    from localize.documents import parse_document

    book = b'{"cells": [{"cell_type": "code", "source": ["# An oak\\n", "# of old\\n", "x = 1"]}]}'
    assert not parse_document(book, "notebook", "a").segments
    document = parse_document(book, "notebook", "a", comments=True)
    assert [one.text for one in document.segments] == ["An oak\nof old"]
    assert document.rebuilt({0: "An oak\nof old"}) == book
