"""Translation memories: languages, inline elements, entities that expand, what is counted."""

from __future__ import annotations

import gzip
import sys
import unicodedata
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import InputError
from data.lines import REPLACEMENT_INSIDE, shows_nothing
from data.parallel import (
    EMPTY_TARGET,
    NO_SOURCE,
    NO_TARGET,
    SAME_SEGMENT,
    Pair,
    read_tmx,
)

XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


def unit(**segments: str) -> str:
    variants = "".join(
        f'<tuv xml:lang="{language.replace("_", "-")}"><seg>{text}</seg></tuv>'
        for language, text in segments.items()
    )
    return f"<tu>{variants}</tu>"


def memory(folder: Path, *units: str, prolog: str = "", encoding: str = "utf-8") -> Path:
    path = folder / "memory.tmx"
    body = f'<tmx version="1.4"><header/><body>{"".join(units)}</body></tmx>'
    path.write_bytes(
        f'<?xml version="1.0" encoding="{encoding}"?>\n{prolog}\n{body}'.encode(encoding)
    )
    return path


def pairs(path: Path, source: str = "en", target: str = "sw") -> list[tuple[str, str]]:
    return [(pair.source, pair.target) for pair in read_tmx(path, source, target)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_units_become_pairs(tmp_path: Path, encoding: str) -> None:
    path = memory(
        tmp_path, unit(en="dog", sw="mbwa"), unit(en="ñandu", sw="nandu"), encoding=encoding
    )
    assert list(read_tmx(path, "en", "sw", prefix="tm-")) == [
        Pair("tm-1", "dog", "mbwa"),
        Pair("tm-2", "ñandu", "nandu"),
    ]


def test_languages_match_in_any_case_and_by_their_beginning(tmp_path: Path) -> None:
    path = memory(tmp_path, unit(EN_GB="lorry", en_US="truck", SW="lori", swc="camion"))
    assert pairs(path) == [("lorry", "lori")]
    assert pairs(path, "en_us", "sw") == [("truck", "lori")]
    assert pairs(path, "en-US", "SWC") == [("truck", "camion")]


def test_an_exact_tag_goes_before_a_longer_one(tmp_path: Path) -> None:
    path = memory(tmp_path, unit(pt_BR="ônibus", pt="autocarro"))
    assert pairs(path, "pt", "pt-BR") == [("autocarro", "ônibus")]


def test_the_attribute_of_older_versions(tmp_path: Path) -> None:
    older = unit(en="dog", sw="mbwa").replace("xml:lang", "lang")
    assert pairs(memory(tmp_path, older)) == [("dog", "mbwa")]


def test_codes_go_and_the_text_around_them_stays(tmp_path: Path) -> None:
    # The element names and their meaning are those of the TMX 1.4b specification.
    english = (
        'A <bpt i="1">&lt;b&gt;</bpt>red<ept i="1">&lt;/b&gt;</ept> <hi>big</hi> dog'
        '<ph>{1}<sub>alt text</sub></ph>, <it pos="end">x</it>here<ut>y</ut>.'
    )
    path = memory(tmp_path, unit(en=english, sw="Mbwa"))
    assert pairs(path) == [("A red big dog, here.", "Mbwa")]


def test_a_line_break_inside_a_segment_is_a_space(tmp_path: Path) -> None:
    path = memory(tmp_path, unit(en="\n   the  dog\n     sleeps\n", sw="mbwa\tanalala"))
    assert pairs(path) == [("the  dog sleeps", "mbwa analala")]


def test_units_without_a_language_are_counted(tmp_path: Path) -> None:
    path = memory(
        tmp_path, unit(en="one"), unit(sw="mbili"), unit(en="three", sw="tatu"), unit(en_GB="x")
    )
    dropped: Counter[str] = Counter()
    assert [pair.id for pair in read_tmx(path, "en", "sw", dropped=dropped)] == ["3"]
    assert dropped == {NO_TARGET: 2, NO_SOURCE: 1}
    same: Counter[str] = Counter()
    with pytest.raises(InputError):
        list(read_tmx(memory(tmp_path, unit(en_GB="x")), "en", "en-GB", dropped=same))
    assert same == {SAME_SEGMENT: 1}


def test_an_empty_segment(tmp_path: Path) -> None:
    path = memory(tmp_path, unit(en="one", sw="moja"), unit(en="two", sw="<ph>2</ph>"))
    with pytest.raises(InputError) as caught:
        list(read_tmx(path, "en", "sw"))
    assert str(caught.value).startswith(
        f"{path}: unit 2: expected a sentence on both sides, found empty target; complete"
    )
    dropped: Counter[str] = Counter()
    assert len(list(read_tmx(path, "en", "sw", skip_bad=True, dropped=dropped))) == 1
    assert dropped == {EMPTY_TARGET: 1}


def test_no_unit_in_both_languages_lists_those_found(tmp_path: Path) -> None:
    path = memory(tmp_path, unit(en_GB="dog", fr="chien"))
    with pytest.raises(InputError) as caught:
        list(read_tmx(path, "en", "sw", dropped=Counter()))
    assert str(caught.value) == (
        f"{path}: expected units in en and sw, found the languages: en-gb, fr; choose two of them"
    )


LAUGHS = '<!DOCTYPE tmx [<!ENTITY a "haha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
FILE = '<!DOCTYPE tmx SYSTEM "tmx14.dtd" [<!ENTITY secret SYSTEM "file:///etc/hostname">]>'


@pytest.mark.parametrize("prolog", [LAUGHS, FILE, f"<!-- {'x' * 200_000} -->{LAUGHS}"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_of_its_own_are_refused(tmp_path: Path, prolog: str, encoding: str) -> None:
    path = memory(tmp_path, unit(en="&b;", sw="x"), prolog=prolog, encoding=encoding)
    with pytest.raises(InputError) as caught:
        list(read_tmx(path, "en", "sw"))
    assert str(caught.value) == (
        f"{path}: expected a DOCTYPE without declarations of its own, found an internal subset,"
        " whose entities could expand without bound; take it out of the file"
    )


def test_a_named_dtd_is_not_fetched(tmp_path: Path) -> None:
    prolog = '<!DOCTYPE tmx SYSTEM "http://127.0.0.1:9/tmx14.dtd">'
    assert pairs(memory(tmp_path, unit(en="a &amp; b", sw="x"), prolog=prolog)) == [("a & b", "x")]
    unknown = memory(tmp_path, unit(en="a &secret; b", sw="x"), prolog=prolog)
    with pytest.raises(InputError, match=r"memory\.tmx:3: expected well-formed XML, found the un"):
        pairs(unknown)


def test_xml_that_breaks_off_is_an_error_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "cut.tmx"
    path.write_text(f"<tmx>\n<body>\n{unit(en='a', sw='b')}\n<tu>")
    with pytest.raises(InputError, match=r"cut\.tmx:4: expected well-formed XML, found: no elem"):
        pairs(path)
    path.write_text("en\tsw\n")
    with pytest.raises(InputError, match=r"cut\.tmx:1: expected well-formed XML, found: syntax"):
        pairs(path)


def test_deep_inline_elements_do_not_exhaust_the_stack(tmp_path: Path) -> None:
    deep = "<hi>" * 5000 + "dog" + "</hi>" * 5000
    assert pairs(memory(tmp_path, unit(en=deep, sw="mbwa"))) == [("dog", "mbwa")]


@pytest.mark.parametrize(
    ("english", "expected"),
    [
        ('Opening hours<ph type="lb"/>Monday', "Opening hours Monday"),
        ('Opening hours <ph type="LB">\\n</ph> Monday', "Opening hours Monday"),
        ('Page<it type="pb" pos="begin"/>two', "Page two"),
        ("First<ph>&lt;br/&gt;</ph>second", "First second"),
        ("First<ph>&lt;w:br w:type='x'/&gt;</ph>second", "First second"),
        ("First<ph>\\line </ph>second", "First second"),
        ("One<ept i='1'>&lt;/li&gt;</ept><bpt i='2'>&lt;li&gt;</bpt>two", "One two"),
        ("First<br/>second", "First second"),
        ("First<ph>&lt;text:s/&gt;</ph>second", "First second"),
        ("Click<ph x='1'/>here", "Click here"),
        ("Hi<ph>{name}</ph>, you", "Hi, you"),
        ("Hi<hi><ph>{1}</ph><ph>{2}</ph></hi>you", "Hi you"),
        ("un<bpt i='1'>&lt;b&gt;</bpt>kind<ept i='1'>&lt;/b&gt;</ept>ly", "unkindly"),
        ("un<ph>&lt;b&gt;</ph>kind<ph>&lt;/b&gt;</ph>", "unkind"),
        ("co<ph>&amp;shy;</ph>operate", "cooperate"),
        ("A <hi>big <hi>red</hi></hi> dog", "A big red dog"),
        ("see<ph>note<sub>A <ph>x</ph>foot<hi>note</hi></sub>y</ph> it", "see it"),
        ("欢迎<ph x='1'/>光临", "欢迎光临"),
        ("ភាសា<ph x='1'/>ខ្មែរ", "ភាសាខ្មែរ"),
        ("हिन्दी<ph x='1'/>में", "हिन्दी में"),
        ("a<ph x='1'/>b\ufeff", "a b"),
        ("\ufeff a dog", "a dog"),
    ],
)
def test_codes_between_words(tmp_path: Path, english: str, expected: str) -> None:
    assert pairs(memory(tmp_path, unit(en=english, sw="x"))) == [(expected, "x")]


@pytest.mark.parametrize(
    "encoding",
    ["x", "base64", "rot13", "idna", "undefined", "mbcs", "utf-7", "shift_jis", "unicode_escape"],
)
def test_encodings_that_are_none_are_one_line(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "memory.tmx"
    path.write_text(f'<?xml version="1.0" encoding="{encoding}"?><tmx/>')
    with pytest.raises(InputError, match=f'1: expected text in UTF-8.*found "{encoding}"; conv'):
        pairs(path)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig"])
def test_unicode_is_told_without_a_declaration(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "memory.tmx"
    path.write_bytes(f"<tmx><body>{unit(en='ñandu', sw='x')}</body></tmx>".encode(encoding))
    assert pairs(path) == [("ñandu", "x")]


LONG = {
    "tags": ("<tmx a='" + "x" * 2_000_000, "expected tags of at most"),
    "comment": ("<tmx><!--" + "x" * 2_000_000, "expected tags of at most"),
    "depth": ("<a>" * 20_000, "expected at most 10,000 elements in each other"),
    "segment": ('<tu><tuv xml:lang="en"><seg>' + "x " * 600_000, "expected segments of at most"),
    "code": ('<tu><tuv xml:lang="en"><seg><ph>' + "x" * 1_100_000, "expected segments of at"),
    "brackets": ("<" * 100_000, "expected well-formed XML"),
}


@pytest.mark.parametrize("name", LONG)
def test_parts_have_a_limit(tmp_path: Path, name: str) -> None:
    content, message = LONG[name]
    path = tmp_path / "memory.tmx"
    path.write_text(content)
    with pytest.raises(InputError, match=message) as caught:
        pairs(path)
    assert len(str(caught.value)) < 300


def test_a_unit_of_many_variants_has_a_limit(tmp_path: Path) -> None:
    many = unit(en="x").removeprefix("<tu>").removesuffix("</tu>") * 170_000
    with pytest.raises(InputError, match="expected units of at most"):
        pairs(memory(tmp_path, f"<tu>{many}</tu>"))


@contextmanager
def counted_calls() -> Iterator[list[int]]:
    """How many functions are called in the block, those in C included."""
    count = [0]

    def seen(_frame: object, event: str, _argument: object) -> None:
        count[0] += event.endswith("call")

    sys.setprofile(seen)
    try:
        yield count
    finally:
        sys.setprofile(None)


@pytest.mark.parametrize("between", [" ", "\n ", "<ph x='1'/>", "<hi></hi>"])
def test_work_grows_with_the_size(tmp_path: Path, between: str) -> None:
    # Where it grew with the square, the longer one would take hours.
    calls = []
    for times in (20_000, 80_000):
        path = memory(tmp_path, unit(en=f"a{between * times}b", sw="x"))
        with counted_calls() as count:
            assert pairs(path) in ([("ab", "x")], [("a b", "x")], [(f"a{between * times}b", "x")])
        calls.append(count[0])
    assert calls[1] <= 4.5 * calls[0] + 1000


def test_a_lost_letter_costs_its_unit(tmp_path: Path) -> None:
    path = memory(tmp_path, unit(en="cat", sw="pa\ufffdka"), unit(en="dog", sw="mbwa"))
    with pytest.raises(InputError, match="unit 1: expected text, found U\\+FFFD") as caught:
        pairs(path)
    assert caught.value.option == "--skip-bad"
    dropped: Counter[str] = Counter()
    kept = list(read_tmx(path, "en", "sw", skip_bad=True, dropped=dropped))
    assert [pair.id for pair in kept] == ["2"]
    assert dropped == {REPLACEMENT_INSIDE: 1}


# XML 1.0 has no place for other control characters; space at the ends is indentation.
SEGMENT = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Cn", "Co"], max_codepoint=0x2FFF)
).filter(lambda text: not shows_nothing(text))


@given(texts=st.lists(st.tuples(SEGMENT, SEGMENT), min_size=1, max_size=5))
def test_another_writer_s_memory_comes_back(
    tmp_path_factory: pytest.TempPathFactory, texts: list
) -> None:
    root = ET.Element("tmx", version="1.4")
    body = ET.SubElement(root, "body")
    for texts_of_unit in texts:
        element = ET.SubElement(body, "tu")
        for language, text in zip(("en", "sw"), texts_of_unit, strict=True):
            variant = ET.SubElement(element, "tuv", {XML_LANG: language})
            ET.SubElement(variant, "seg").text = text
    path = tmp_path_factory.mktemp("tmx") / "memory.tmx"
    ET.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)
    expected = [
        tuple(unicodedata.normalize("NFC", text).strip(" ") for text in two) for two in texts
    ]
    found = [(p.source, p.target) for p in read_tmx(path, "en", "sw", repairs=Counter())]
    assert found == expected


def test_a_packed_memory_that_is_damaged_and_variants_without_a_segment(tmp_path: Path) -> None:
    path = memory(tmp_path, unit(en="dog", sw="mbwa"))
    packed = tmp_path / "memory.tmx.gz"
    packed.write_bytes(gzip.compress(path.read_bytes())[:-9])
    with pytest.raises(InputError, match=r"memory\.tmx\.gz: expected gzip data, found: .*fetch"):
        list(read_tmx(packed, "en", "sw"))
    bare = '<tu><tuv xml:lang="en"><seg>one</seg></tuv><tuv xml:lang="sw"/></tu>'
    dropped = Counter[str]()
    path = memory(tmp_path, bare, unit(en="dog", sw="mbwa"))
    assert len(list(read_tmx(path, "en", "sw", skip_bad=True, dropped=dropped))) == 1
    assert dropped == {EMPTY_TARGET: 1}


def test_a_break_of_html_is_a_space(tmp_path: Path) -> None:
    path = memory(tmp_path, unit(en="one<br/>two<b>!</b>", sw="moja<br/>mbili"))
    [pair] = read_tmx(path, "en", "sw")
    assert (pair.source, pair.target) == ("one two!", "moja mbili")
