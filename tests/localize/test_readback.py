"""Answers that do not stand in a file as they came: read again before they are written."""

from __future__ import annotations

from pathlib import Path

import pytest

from localize.repository import Repository
from localize.status import standings
from localize.sync import Summary, SyncConfig, synchronize

ANSWERS = (
    *("1. one", "# head", "- item", "> q", "a | b", "x & y <b", "<!-- open", "12) k", "::: n"),
    *("<div>k</div>", "[a]: http://x", ".. note:: x", "`open", "A. Mai", ": cap", "a\\", "=== x"),
)
PAGES = {
    "a.md": "".join(f"Text {n}.\n\n" for n in range(len(ANSWERS)))
    + "".join(f"* Text {n}\n" for n in range(len(ANSWERS)))
    + "\n| t |\n|--|\n"
    + "".join(f"| Text {n} |\n" for n in range(len(ANSWERS))),
    "a.rst": "".join(f"Text {n}.\n\n" for n in range(len(ANSWERS))),
    "a.html": "".join(f"<p>Text {n}</p>\n" for n in range(len(ANSWERS))),
    "a.xlf": "".join(
        f"<segment><source>Text {n}</source></segment>\n" for n in range(len(ANSWERS))
    ),
    "a.po": "".join(f'msgid "Text {n}"\nmsgstr ""\n\n' for n in range(len(ANSWERS))),
    "a.ipynb": '{"cells": [{"cell_type": "markdown", "source": ["'
    + "\\n\\n".join(f"Text {n}" for n in range(len(ANSWERS)))
    + '"]}]}',
}


@pytest.fixture
def odd(monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine whose answer to text N is the N-th of ANSWERS."""

    def answer(text: str) -> str:
        digits = "".join(filter(str.isdigit, text))
        return ANSWERS[int(digits or 3)]

    monkeypatch.setattr("icl.engines.stub.accented", answer)


def run(folder: Path) -> Summary:
    return synchronize(
        SyncConfig(source=folder / "docs", target=folder / "tr", lang="tr", engine="stub")
    )


@pytest.mark.usefixtures("odd")
@pytest.mark.parametrize("name", PAGES)
def test_what_is_read_is_what_is_known(name: str, tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / name).write_text(PAGES[name], "utf-8")
    summary = run(tmp_path)
    assert not summary.refused
    (tmp_path / "tr" / ".localize" / "sums.tsv").unlink()
    [one] = standings(Repository(tmp_path / "docs", tmp_path / "tr"))
    assert not one.counts.get("edited"), "a machine's translation is taken for a person's"
    left = one.counts.get("missing", 0)
    assert left <= len(ANSWERS), summary.conflicts
    assert sum("does not stand as one text" in told for _, told in summary.conflicts) == left


@pytest.mark.usefixtures("odd")
def test_a_text_that_opens_what_never_closes_takes_no_other_along(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text("Text 6.\n\nText 9.\n\nText 13.\n\nText 4.\n", "utf-8")
    run(tmp_path)
    page = (tmp_path / "tr" / "a.md").read_text("utf-8")
    assert page == "Text 6.\n\nText 9.\n\nA. Mai\n\na | b\n"


def test_what_a_po_file_has_is_kept(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.po").write_text(
        'msgid "Open %s"\nmsgstr ""\n\nmsgid "Close\\n"\nmsgstr "Kapat\\n"\n', "utf-8"
    )
    run(tmp_path)
    page = (tmp_path / "tr" / "a.po").read_text("utf-8")
    assert '"Close\\n"\nmsgstr "Kapat\\n"' in page
    assert '"Open %s"\nmsgstr "Ópén %s"' in page


def test_a_note_at_the_end_is_not_one_with_what_comes_behind(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    page = tmp_path / "docs" / "a.md"
    page.write_text("One.\n", "utf-8")
    run(tmp_path)
    there = tmp_path / "tr" / "a.md"
    there.write_text(there.read_text("utf-8") + "\nA note.\n", "utf-8")
    page.write_text("One.\n\nTwo.\n", "utf-8")
    run(tmp_path)
    assert there.read_text("utf-8") == "Óné.\n\nA note.\n\nTwó.\n"
