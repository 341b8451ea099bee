"""Bilingual files as other programs leave them: what is translated, and what is none yet."""

from __future__ import annotations

from pathlib import Path

import polib
import pytest

from localize.documents import read_source
from localize.documents.record import UNSURE
from localize.extract import ExtractConfig, extract
from localize.repository import Repository
from localize.status import standings
from localize.sync import Summary, SyncConfig, synchronize

PO = """msgid ""
msgstr "Language: sw\\n"

#: a.c:1
msgid "Good morning, %s & <b>friends</b>\\n"
msgstr "Habari, %s & <b>marafiki</b>\\n"

#: a.c:2
#, fuzzy, c-format
#| msgid "Old %s"
msgid "Old %s trees"
msgstr "%s wa zamani"

#, fuzzy
#| msgid "A house"
msgid "%d house"
msgid_plural "%d houses"
msgstr[0] "Nyumba"
msgstr[1] ""

msgctxt "menu"
msgid "Name: "
msgstr ""
"""
XLIFF = """<xliff xmlns="urn:oasis:names:tc:xliff:document:1.1" version="1.1"><file original="a.po"
 source-language="en" target-language="sw" datatype="po"><body>
<trans-unit xml:space="preserve" id="2" restype="x-gettext-domain-header" approved="no">
<source>Language: sw
</source></trans-unit>
<trans-unit id="3"><source>Hello %s &amp; &lt;b&gt;all&lt;/b&gt;</source>
<target state="translated">Habari %s &amp; &lt;b&gt;wote&lt;/b&gt;</target></trans-unit>
<trans-unit id="4" translate="no"><source>kilo.conf</source></trans-unit>
<trans-unit id="5"><source>Old trees</source>
<target state="needs-translation">Mti</target></trans-unit>
<trans-unit id="6"><source>
      One <x id="1"/> line
    </source><target></target></trans-unit>
</body></file></xliff>
"""
FILES = {"a.po": PO, "a.xlf": XLIFF}


def table(path: Path) -> list[list[str]]:
    out = path.with_suffix(".tsv")
    extract(ExtractConfig(documents=path, out=out))
    return [line.split("\t") for line in out.read_text("utf-8").splitlines()]


def put(path: Path, rows: list[list[str]]) -> str:
    filled = path.parent / "filled.tsv"
    filled.write_text("".join("\t".join(row) + "\n" for row in rows), "utf-8")
    extract(ExtractConfig(documents=path, put=filled, out=path.parent / "made"))
    return (path.parent / "made" / path.name).read_text("utf-8")


@pytest.fixture(params=FILES)
def file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / request.param
    path.write_text(FILES[request.param], "utf-8")
    return path


def test_a_table_as_it_was_written_changes_nothing(file: Path) -> None:
    rows = table(file)
    assert [bool(row[4]) for row in rows[1:]] == [True] + [False] * (len(rows) - 2)
    assert put(file, rows) == FILES[file.name]


def test_what_is_translated_is_unsure_no_longer(file: Path) -> None:
    rows = table(file)
    made = put(file, [row if row[4] else [*row[:4], f"X {row[3].strip()}"] for row in rows])
    if file.suffix == ".po":
        entries = {entry.msgid: entry for entry in polib.pofile(made)}
        assert entries["Old %s trees"].flags == ["c-format"]
        assert entries["%d house"].flags == []
        assert "#|" not in made
        assert entries["Name: "].msgstr == "X Name: "
        assert entries["Good morning, %s & <b>friends</b>\n"].msgstr.endswith("</b>\n")
    else:
        assert "<target>X Old trees</target>" in made
        assert '<target>\n      X One <x id="1"/> line\n    </target>' in made
        assert "kilo.conf</source></trans-unit>" in made


def test_placeholders_and_escaped_tags_of_a_message_are_parts() -> None:
    from localize.documents.xliff import read

    [hello, *_] = read(XLIFF).segments
    parts = [hello.text[span.start : span.stop] for span in hello.spans]
    assert parts == ["%s", "&amp;", "&lt;b&gt;", "&lt;/b&gt;"]


def test_a_source_has_no_unsure_translation(file: Path) -> None:
    document = read_source(file)
    assert all(segment.kind != UNSURE for segment in document.segments)
    assert [bool(s.target) for s in document.segments] == [
        True,
        *[False] * (len(document.segments) - 1),
    ]


class Repo:
    """A folder with one PO file, and its translation."""

    def __init__(self, root: Path) -> None:
        self.docs, self.out = root / "docs", root / "sw"
        for folder in (self.docs, self.out):
            folder.mkdir()
        self.write(self.docs, PO)

    @staticmethod
    def write(folder: Path, text: str) -> None:
        (folder / "a.po").write_text(text, "utf-8")

    def read(self) -> dict[str, polib.POEntry]:
        return {entry.msgid: entry for entry in polib.pofile(str(self.out / "a.po"))}

    def sync(self, engine: str = "stub") -> Summary:
        return synchronize(SyncConfig(source=self.docs, target=self.out, lang="sw", engine=engine))

    def counts(self) -> dict[str, int]:
        [one] = standings(Repository(self.docs, self.out))
        return {name: count for name, count in one.counts.items() if count}


def test_a_guess_of_msgmerge_is_translated_and_settled(tmp_path: Path) -> None:
    repo = Repo(tmp_path)
    repo.write(repo.out, PO)  # adopted: the fuzzy messages are guesses
    repo.sync("none")
    assert repo.read()["Old %s trees"].msgstr == "%s wa zamani"
    assert repo.read()["Old %s trees"].flags == ["fuzzy", "c-format"]
    repo.sync()
    assert repo.read()["Old %s trees"].flags == ["c-format"]
    assert repo.read()["Old %s trees"].msgstr.startswith("Óld %s")
    assert repo.counts() == {"current": 5}


def test_a_translator_who_is_not_sure_keeps_words_and_mark(tmp_path: Path) -> None:
    repo = Repo(tmp_path)
    repo.sync()
    made = (repo.out / "a.po").read_text("utf-8")
    repo.write(
        repo.out,
        made.replace('msgid "%d house"', '# Which?\n#, fuzzy\nmsgid "%d house"').replace(
            'msgstr[0] "%d hóúsé"', 'msgstr[0] "%d nyumba"'
        ),
    )
    repo.sync()
    repo.write(repo.docs, PO.replace('"%d house"', '"%d big house"'))
    repo.sync()
    entry = repo.read()["%d big house"]
    assert entry.flags == ["fuzzy"]
    assert entry.tcomment == "Which?"
    assert entry.msgstr_plural[0] == "%d nyumba"
    assert repo.counts()["outdated"] == 1
