"""LIFT, Toolbox, CSV and spreadsheets: what linguists have, read in both directions."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from data.errors import InputError
from data.lexicon.files import read_lexicon, recognise

LIFT = """<?xml version="1.0" encoding="UTF-8"?>
<lift producer="SIL.FLEx 9.1" version="0.13">
<entry id="haw"><lexical-unit>
  <form lang="sw-x-audio"><text>nyumba.wav</text></form>
  <form lang="sw"><text>nyumba</text></form></lexical-unit>
  <sense><grammatical-info value="Noun"/>
    <gloss lang="fr"><text>maison</text></gloss>
    <gloss lang="en"><text>house; home</text></gloss>
    <definition><form lang="en"><text>a building to live in</text></form></definition></sense>
  <sense><grammatical-info value="clitic"/>
    <definition><form lang="en"><text>household</text></form></definition></sense>
</entry>
<entry id="x"><lexical-unit><form lang="zu"><text>indlu</text></form></lexical-unit></entry>
<entry id="y"><lexical-unit><form lang="sw"><text>mti</text></form></lexical-unit><sense/></entry>
</lift>
"""
MDF = r"""\_sh v3.0  400  MDF 4.0

\lx nyumba
\ps n
\sn 1
\ge house; home
\gn maison
\sn 2
\de household
\se nyumbani
\ps adv
\ge at home

\lx enda
\ps vi
\ge go
\xv Anaenda
sokoni leo
\lx mti
\dt 12/Nov/2026
"""
RELS = "application/vnd.openxmlformats-package.relationships+xml"
CSV = 'Notes,English,Swahili,part of speech\nx,"house; home",nyumba,n\n,go,enda,v\n,,,\n,tree,,n\n'


def _written(tmp_path: Path, name: str, text: str) -> Path:
    path = tmp_path / name
    path.write_text(text, "utf-8")
    return path


def test_a_lift_file_in_both_directions(tmp_path: Path) -> None:
    path = _written(tmp_path, "kamusi.lift", LIFT)
    assert recognise(path, ("en", "sw")) == "lift"
    found = read_lexicon(path, "en", "sw")
    assert [(e.source, e.target, e.pos) for e in found.entries] == [
        ("house", "nyumba", "NOUN"),
        ("home", "nyumba", "NOUN"),
        ("household", "nyumba", None),
    ]
    assert sum(found.dropped.values()) == 2
    turned = read_lexicon(path, "sw", "en")
    assert [(e.source, e.target, e.sense) for e in turned.entries] == [
        ("nyumba", "house", 1),
        ("nyumba", "home", 1),
        ("nyumba", "household", 2),
    ]
    assert [e.source for e in read_lexicon(path, "fr", "sw").entries] == ["maison"]


def test_a_toolbox_file_in_both_directions(tmp_path: Path) -> None:
    path = _written(tmp_path, "kamusi.db", MDF)
    assert recognise(path, ("en", "sw")) == "toolbox"
    found = read_lexicon(path, "en", "sw")
    assert [(e.source, e.target, e.pos) for e in found.entries] == [
        ("house", "nyumba", "NOUN"),
        ("home", "nyumba", "NOUN"),
        ("household", "nyumba", "NOUN"),
        ("at home", "nyumbani", "ADV"),
        ("go", "enda", "VERB"),
    ]
    assert dict(found.dropped) == {"entry without a gloss in the other language": 1}
    turned = read_lexicon(path, "sw", "en")
    assert [(e.source, e.target, e.sense) for e in turned.entries][:3] == [
        ("nyumba", "house", 1),
        ("nyumba", "home", 1),
        ("nyumba", "household", 2),
    ]
    assert [e.source for e in read_lexicon(path, "fr", "sw").entries] == ["maison"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (CSV, [("house", "nyumba"), ("home", "nyumba"), ("go", "enda")]),
        (
            CSV.replace('"house; home"', "house").replace(",", ";"),
            [("house", "nyumba"), ("go", "enda")],
        ),
        ("headword,translation\nhouse,nyumba\n", [("house", "nyumba")]),
        ("English,word\nhouse,nyumba\n", [("house", "nyumba")]),
        ("sw,en\nnyumba,house\n", [("house", "nyumba")]),
    ],
)
def test_columns_by_their_header(
    tmp_path: Path, text: str, expected: list[tuple[str, str]]
) -> None:
    path = _written(tmp_path, "words.csv", text)
    assert recognise(path, ("en", "sw")) == "sheet"
    found = read_lexicon(path, "en", "sw")
    assert [(e.source, e.target) for e in found.entries] == expected


def test_parts_of_speech_of_a_sheet(tmp_path: Path) -> None:
    found = read_lexicon(_written(tmp_path, "words.csv", CSV), "en", "sw")
    assert [e.pos for e in found.entries] == ["NOUN", "NOUN", "VERB"]
    assert sum(found.dropped.values()) == 1


def test_a_sheet_without_a_header(tmp_path: Path) -> None:
    path = _written(tmp_path, "words.csv", "house,nyumba\ngo,enda\n")
    with pytest.raises(InputError, match=r"words.csv:1: expected a header that names en and sw"):
        read_lexicon(path, "en", "sw", "sheet")


def _spreadsheet(path: Path, rows: list[list[str]]) -> Path:
    """The least that is a workbook: one sheet of texts (ECMA-376)."""
    lines = "".join(
        "<row>" + "".join(f'<c t="inlineStr"><is><t>{c}</t></is></c>' for c in row) + "</row>"
        for row in rows
    )
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    kinds = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types">'
        f'<Default Extension="rels" ContentType="{RELS}"/>'
        '<Default Extension="xml" ContentType="application/xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
        f'Type="{kinds}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{kinds}"><sheets>'
        '<sheet name="words" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="r1" Type="{kinds}/worksheet" Target="worksheets/sheet1.xml"/>'
        "</Relationships>",
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{lines}</sheetData>'
        "</worksheet>",
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        for name, text in parts.items():
            book.writestr(name, f'<?xml version="1.0" encoding="UTF-8"?>{text}')
    return path


def test_a_spreadsheet(tmp_path: Path) -> None:
    pytest.importorskip("python_calamine")
    rows = [["Kiswahili", "English"], ["nyumba", "house; home"], ["enda", "go"]]
    path = _spreadsheet(tmp_path / "words.xlsx", rows)
    assert recognise(path, ("en", "sw")) == "sheet"
    found = read_lexicon(path, "en", "sw")
    assert [(e.source, e.target) for e in found.entries] == [
        ("house", "nyumba"),
        ("home", "nyumba"),
        ("go", "enda"),
    ]


@pytest.mark.parametrize("content", [b"PK\x03\x04 no archive", b"", b"text, and no sheet"])
def test_a_spreadsheet_that_is_none(tmp_path: Path, content: bytes) -> None:
    pytest.importorskip("python_calamine")
    path = tmp_path / "words.xlsx"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"words.xlsx: expected a spreadsheet"):
        read_lexicon(path, "en", "sw")


def test_a_spreadsheet_that_would_fill_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("python_calamine")
    monkeypatch.setattr("data.lexicon.sheet.MOST_UNPACKED", 100)
    path = _spreadsheet(tmp_path / "words.xlsx", [["English", "Swahili"], ["house", "nyumba"]])
    with pytest.raises(InputError, match="at most 100 bytes unpacked"):
        read_lexicon(path, "en", "sw")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            LIFT.replace("</sense>", "", 1),
            r"kamusi.lift:1[0-9]: expected LIFT, an XML file, found mism",
        ),
        (
            '<!DOCTYPE lift [<!ENTITY a "b">]>\n<lift/>',
            "expected no declarations of its own, found a DOCTYPE with some",
        ),
        ("<lift>" + "<a>" * 200, "at most 100 elements in each other"),
    ],
)
def test_a_damaged_lift_file(tmp_path: Path, text: str, told: str) -> None:
    path = _written(tmp_path, "kamusi.lift", text)
    with pytest.raises(InputError, match=told):
        read_lexicon(path, "en", "sw", "lift")


def test_headwords_without_a_language_need_another_one(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="found en twice; name the language of the headwords"):
        read_lexicon(_written(tmp_path, "kamusi.db", MDF), "en", "en")


def test_other_forms_are_still_told_apart(tmp_path: Path) -> None:
    for name, text, form in (
        ("pairs.tsv", "house\tnyumba\ngo, walk\tenda\n", "pairs"),
        ("table.tsv", "en\tsw\nhouse\tnyumba\n", "table"),
        ("muse.txt", "house nyumba\ngo enda\n", "muse"),
    ):
        assert recognise(_written(tmp_path, name, text), ("en", "sw")) == form
