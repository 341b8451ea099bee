"""FreeDict's dictionaries: a dictd writer for round trips, articles by hand, the real files."""

from __future__ import annotations

import gzip
import re
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import InputError
from data.lexicon import Entry, Lexicon, ranked
from data.lexicon.dictd import ALIAS, DAMAGED, HEADER, NO_SINGULAR, decode_number
from data.lexicon.files import read_dictd, read_lexicon
from data.lexicon.freedict import (
    BRACKETS,
    CROSS_REFERENCE,
    DEFINITION,
    EXAMPLE,
    NO_EQUIVALENT,
    NOTE,
    TOO_MANY,
    parse_article,
)

DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


def encode_number(value: int) -> str:
    high, low = divmod(value, 64)
    return (encode_number(high) if high else "") + DIGITS[low]


def dictionary(folder: Path, *articles: tuple[str, str]) -> tuple[Path, Path]:
    """Write (index headword, article) pairs as dictfmt does: the text, then a sorted index."""
    text, lines = b"", []
    for headword, article in articles:
        raw = article.encode()
        lines.append(f"{headword}\t{encode_number(len(text))}\t{encode_number(len(raw))}\n")
        text += raw
    index, packed = folder / "toy.index", folder / "toy.dict.dz"
    index.write_text("".join(sorted(lines)), encoding="utf-8")
    packed.write_bytes(gzip.compress(text))
    return index, packed


def read(folder: Path, *articles: tuple[str, str]) -> Lexicon:
    return read_dictd(*dictionary(folder, *articles), "sw", "en", name="toy")


def texts(article: str) -> list[tuple[int | None, str]]:
    return [(one.sense, one.text) for one in parse_article(article).equivalents]


@given(value=st.integers(0, 2**40))
def test_numbers_come_back(value: int) -> None:
    assert decode_number(encode_number(value)) == value


def test_a_dictionary_becomes_a_lexicon(tmp_path: Path) -> None:
    lexicon = read(
        tmp_path,
        ("00databaseshort", "Toy dictionary\n"),
        ("soma", "soma /sˈoma/ <v>\n1. read\n2. study, learn\n"),
        ("baba", "baba <n>\n\nfather\n"),
    )
    assert lexicon.entries == (  # in the order of the text, not of the index
        Entry("soma", "read", "VERB", 1, 1, "toy"),
        Entry("soma", "study", "VERB", 2, 2, "toy"),
        Entry("soma", "learn", "VERB", 2, 3, "toy"),
        Entry("baba", "father", "NOUN", None, 1, "toy"),
    )
    assert (lexicon.name, lexicon.dropped) == ("toy", {HEADER: 1})


def test_index_lines_of_one_article_are_one(tmp_path: Path) -> None:
    index, text = dictionary(tmp_path, ("ofisi", "afisi, ofisi <n>\n\noffice\n"))
    index.write_text(index.read_text() + index.read_text().replace("ofisi", "afisi"))
    lexicon = read_dictd(index, text, "sw", "en")
    assert [entry.source for entry in lexicon.entries] == ["afisi", "ofisi"]
    assert lexicon.dropped == {ALIAS: 1}


def test_plurals_get_the_equivalents_of_their_singular(tmp_path: Path) -> None:
    lexicon = read(
        tmp_path,
        ("fagio", "fagio <n>\n\n Plural of {ufagio}: broom, besom\n"),
        ("ufagio", "ufagio <n> (pl: {fagio})\n\nbroom, besom\n"),
        ("ufagio2", "ufagio <v>\n\nsweep\n"),
        ("vyombo", "vyombo <n>\n\n Plural of {chombo}: vessel,\n boat\n"),
    )
    assert [(e.source, e.target) for e in lexicon.entries] == [
        ("ufagio", "broom"),
        ("ufagio", "besom"),
        ("ufagio", "sweep"),
        ("fagio", "broom"),
        ("fagio", "besom"),
    ]
    assert [e.target for e in lexicon.inverted().lookup("broom")] == ["ufagio", "fagio"]
    assert lexicon.dropped[NO_SINGULAR] == 1


@pytest.mark.parametrize(
    ("heading", "headwords", "pos"),
    [
        ("soma /sˈoma/ <v>", ("soma",), "VERB"),
        ("afisi, ofisi /afˈisi/ /ofˈisi/ <n> [sg=pl]", ("afisi", "ofisi"), "NOUN"),
        ("here and/or there /hɪə/", ("here and/or there",), None),
        ("come! /kˈʌm/ <irrv>", ("come",), "VERB"),
        ("bath <n, s, m>", ("bath",), "NOUN"),
        ("neno <pron., n., adv.>", ("neno",), "PRON"),
        ("na <conj>", ("na",), None),
        ("Ba, better: Bo <n>", ("Ba", "Bo"), "NOUN"),
    ],
)
def test_headings(heading: str, headwords: tuple[str, ...], pos: str | None) -> None:
    article = parse_article(f"{heading}\nword\n")
    assert (article.headwords, article.pos) == (headwords, pos)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("\nmanner, mode, way\n", [(None, "manner"), (None, "mode"), (None, "way")]),
        ("1.\nput\n2.\nset\n; lay\n", [(1, "put"), (2, "set"), (2, "lay")]),
        ("\n padded\n", [(None, "padded")]),
        ("\nuncle (of a child (small)), [fam] aunt!\n", [(None, "uncle"), (None, "aunt")]),
        ("\nheadword (left open, as here\n", [(None, "headword")]),
        ("\nday, 10,000 hours\n", [(None, "day"), (None, "10,000 hours")]),
        ("\nfive - 5\n", [(None, "five")]),
        ("\nU.S.A., etc.\n", [(None, "U.S.A."), (None, "etc.")]),
    ],
)
def test_equivalents(body: str, expected: list) -> None:
    assert texts(f"neno <n>\n{body}") == expected


def test_a_sense_with_its_own_part_of_speech() -> None:
    article = parse_article("neno\n1.  n.mot, parole\n2.  adv.ainsi\n")
    assert [(one.text, one.pos) for one in article.equivalents] == [
        ("mot", "NOUN"),
        ("parole", "NOUN"),
        ("ainsi", "ADV"),
    ]


def test_what_is_left_out_is_counted() -> None:
    dropped: Counter[str] = Counter()
    article = parse_article(
        "neno <zz> (pl: {maneno})\nword (spoken)\n a short sound\n\tgoing on\n"
        '      "Neno moja."  - One word.\n         Note: rare\n   See also: {tamko}\n',
        dropped=dropped,
    )
    assert [one.text for one in article.equivalents] == ["word"]
    assert +dropped == {
        "part of speech <zz> without a universal one": 1,
        BRACKETS: 2,
        NOTE: 3,
        EXAMPLE: 1,
        CROSS_REFERENCE: 1,
    }
    dropped.clear()
    parse_article("neno\nthe thing that a person says aloud\n", dropped=dropped)
    assert +dropped == {DEFINITION: 1, NO_EQUIVALENT: 1}


def test_files_that_do_not_fit(tmp_path: Path) -> None:
    index, text = dictionary(tmp_path, ("soma", "soma <v>\nread\n"))
    good = index.read_text()
    index.write_text(good.replace("\tA\t", "\tB\t"))
    with pytest.raises(InputError, match=r"toy\.index:1: expected 14 bytes at 1, found the end of"):
        read_dictd(index, text, "sw", "en")
    index.write_text(good.replace("\tA\t", "\t-\t"))
    with pytest.raises(InputError) as caught:
        read_dictd(index, text, "sw", "en")
    assert str(caught.value) == (
        f"{index}:1: expected a headword, an offset and a length in base 64, found"
        ' "soma<TAB>-<TAB>O"; fix the line'
    )
    for line in ("soma\tA", "soma\tA\tO\tSoma\tx", "soma\t\tO", "soma\tA\t" + "B" * 11):
        index.write_text(f"{line}\n")
        with pytest.raises(InputError, match=r"toy\.index:1: expected a headword, an offset and"):
            read_dictd(index, text, "sw", "en")


def test_a_fourth_column_is_how_the_headword_is_shown(tmp_path: Path) -> None:
    index, text = dictionary(tmp_path, ("soma", "soma <v>\nread\n"), ("baba", "baba <n>\nfather\n"))
    lines = index.read_text().splitlines()
    index.write_text(f"{lines[0]}\tSoma\n{lines[1]}\n\n")
    assert [e.target for e in read_dictd(index, text, "sw", "en").entries] == ["read", "father"]
    assert len(read_lexicon(index, "sw", "en")) == 2  # recognised by the text beside it


def test_an_index_that_names_one_place_over_and_over(tmp_path: Path) -> None:
    index, text = dictionary(tmp_path, ("soma", "soma <v>\nread\n"))
    index.write_text("".join(f"soma\tA\t{digit}\n" for digit in "BCDEFGHIJKLMNO" * 2))
    assert len(read_dictd(index, text, "sw", "en")) >= 1
    (tmp_path / "toy.dict").write_bytes(b"soma <v>\nread\n" * 100)
    spans = [f"s\t{a}{b}\tQA\n" for a in "ABC" for b in "ABCDEFGHIJ"]
    index.write_text("".join(spans))
    with pytest.raises(InputError, match=r"expected articles of 1,400 bytes in all, .*found 30,7"):
        read_dictd(index, tmp_path / "toy.dict", "sw", "en")


def test_an_article_of_too_many_entries_is_left_out_and_counted() -> None:
    dropped = Counter[str]()
    many = ", ".join(f"a{number}" for number in range(40))
    assert len(parse_article(f"{many}\n{many[:70]}\n", dropped=dropped).equivalents) > 9
    assert parse_article(f"{many}\n{many}\n", dropped=dropped).equivalents == ()
    assert dropped[TOO_MANY] == 1


def test_damaged_articles_are_left_out_on_request(tmp_path: Path) -> None:
    good, bad = ("soma", "soma <v>\nread\n"), ("baba", "baba <n>\nfather\n")
    index, _ = dictionary(tmp_path, good, bad)
    lines = index.read_text()
    for damage in (lines.replace("\tO\t", "\t//\t"), lines.replace("\tO\t", "\t-\t")):
        index.write_text(damage)
        lexicon = read_lexicon(index, "sw", "en", "dictd", skip_bad=True)
        assert [entry.target for entry in lexicon.entries] == ["read"]
        assert lexicon.dropped == {DAMAGED: 1}


def test_the_title_says_whose_dictionary_it_is(tmp_path: Path) -> None:
    title = ("00databaseshort", "Welsh-English Toy/FreeDict Dictionary ver. 0.1\n")
    index, text = dictionary(tmp_path, title, ("llyfr", "llyfr <n>\nbook\n"))
    assert len(read_lexicon(index, "cy", "en")) == 1
    with pytest.raises(InputError) as caught:
        read_lexicon(index, "sw", "en")
    assert str(caught.value) == (
        f"{index}:1: expected a lexicon from Swahili to English, found one from Welsh to English;"
        " give another file, or the languages of this one"
    )
    text.rename(tmp_path / "other.dict.dz")
    with pytest.raises(InputError, match=r"expected the dictionary's text beside its index, found"):
        read_lexicon(index, "cy", "en")


WORD = st.text("abcñ", min_size=1, max_size=4)
TAGS = {"NOUN": "n", "VERB": "v", "ADV": "adv", None: "zz"}


@settings(deadline=None, max_examples=50)
@given(
    articles=st.dictionaries(
        WORD,
        st.tuples(st.sampled_from([*TAGS]), st.lists(st.lists(WORD, min_size=1), min_size=1)),
        min_size=1,
        max_size=5,
    )
)
def test_dictionaries_come_back(articles: dict) -> None:
    """Each article has a part of speech and numbered senses of one or more equivalents."""
    texts, entries = [], []
    for headword, (pos, senses) in articles.items():
        lines = [f"{n}. {', '.join(sense)}" for n, sense in enumerate(senses, 1)]
        texts.append((headword, "\n".join([f"{headword} <{TAGS[pos]}>", *lines, ""])))
        entries += [
            Entry(headword, word, pos, n, origin="toy")
            for n, sense in enumerate(senses, 1)
            for word in sense
        ]
    with TemporaryDirectory() as folder:
        index, _ = dictionary(Path(folder), *texts)
        found = read_lexicon(index, "sw", "en", "dictd", name="toy")
    assert found.entries == ranked(entries, "sw", "en").entries


def test_damaged_text(tmp_path: Path) -> None:
    index, text = dictionary(tmp_path, ("soma", "soma <v>\nread\n"))
    text.write_bytes(gzip.compress("sóma <v>\nread".encode("latin-1") + b"\n"))
    with pytest.raises(InputError, match="article at byte 0: expected UTF-8, found byte 0xf3"):
        read_dictd(index, text, "sw", "en")
    text.write_bytes(text.read_bytes()[:20])
    with pytest.raises(InputError, match=r"toy\.dict\.dz: expected gzip data, found: "):
        read_dictd(index, text, "sw", "en")


def freedict(mirror: Path, name: str) -> Lexicon:
    stem = mirror / "freedict" / f"freedict-{name}"
    source, target = name.split("-")
    index, text = stem.with_suffix(".index"), stem.with_suffix(".dict.dz")
    return read_dictd(index, text, source, target, repairs=Counter())


@pytest.mark.parametrize(
    ("name", "word", "expected"),
    [
        ("swh-eng", "kitabu", "book"),
        ("swh-eng", "vitabu", "book"),
        ("eng-swh", "Book", "kitabu"),
        ("eng-swh", "agree", "patana"),
        ("afr-eng", "leeu", "lion"),
        ("gle-eng", "lámh", "hand"),
        ("cym-eng", "chwech", "six"),
        ("kha-eng", "masi", "cow"),
        ("wol-fra", "suuf", "sable"),
    ],
)
def test_real_articles(mirror: Path, name: str, word: str, expected: str) -> None:
    assert expected in [entry.target for entry in freedict(mirror, name).lookup(word)]


def test_real_plurals_agree_with_what_their_articles_say(mirror: Path) -> None:
    path = mirror / "freedict/freedict-swh-eng.dict.dz"
    text = gzip.decompress(path.read_bytes()).decode()
    body = text[text.index("\nabudu ") :]
    # The changelog of the dictionary: "All generated plural entries ... There are 522".
    assert body.count(" Plural of {") == 522
    lexicon = freedict(mirror, "swh-eng")
    assert NO_SINGULAR not in lexicon.dropped
    pattern = r"^(\w+) /[^\n]*\n\n Plural of \{[^}]*\}: (\w[\w ]*)\n\n"
    simple = re.findall(pattern, body, re.MULTILINE)
    assert len(simple) > 300
    for plural, equivalent in simple:
        assert equivalent in [entry.target for entry in lexicon.lookup(plural)], plural


SHIFTED = [
    ("soma", "soma /x/\nread\n"),
    ("pika", "pika /x/\ncook\n"),
    ("lala", "lala /x/\nsleep\n"),
]


def test_an_index_of_another_text_is_refused(tmp_path: Path) -> None:
    index, text = dictionary(tmp_path, ("aaa", "aaa /x/\nb\n"), *SHIFTED)
    text.write_bytes(gzip.compress(gzip.decompress(text.read_bytes())[3:] + b"xyz"))
    with pytest.raises(InputError, match=r"expected an article that begins with \"aaa\", found"):
        read_dictd(index, text, "sw", "en")


def test_what_has_an_index_s_name_and_a_text_is_one(tmp_path: Path) -> None:
    index, _ = dictionary(tmp_path, *SHIFTED)
    index.write_text(index.read_text("utf-8") + "x\t-1\tB\n", "utf-8")
    with pytest.raises(InputError, match=r"toy\.index:4: expected a headword, an offset and a"):
        read_lexicon(index, "sw", "en")
    assert len(read_lexicon(index, "sw", "en", skip_bad=True)) == len(SHIFTED)


def test_a_folder_is_no_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for path in (Path(), tmp_path, tmp_path / "absent.index"):
        with pytest.raises(InputError, match="expected the index of a dictionary, found no file"):
            read_lexicon(path, "sw", "en", "dictd")
    with pytest.raises(InputError):
        read_lexicon(Path(), "sw", "en")


def test_a_plural_of_too_many_entries_is_left_out_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many as may be are kept."""
    articles = (
        ("fagio", "fagio <n>\n\n Plural of {ufagio}: broom, besom\n"),
        ("ufagio", "ufagio <n> (pl: {fagio})\n\nbroom, besom\n"),
    )
    for limit, left_out in ((2, 0), (1, 1)):
        monkeypatch.setattr("data.lexicon.dictd.MOST_ENTRIES", limit)
        lexicon = read(tmp_path, *articles)
        plurals = [entry.target for entry in lexicon.entries if entry.source == "fagio"]
        assert plurals == (["broom", "besom"] if not left_out else [])
        assert lexicon.dropped.get(TOO_MANY, 0) == left_out
