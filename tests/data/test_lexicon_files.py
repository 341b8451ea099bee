"""Files of lexicons: which form they are in, whose lexicon they are, round trips, real ones.

pytest tests/data/test_lexicon_files.py
"""

from __future__ import annotations

import logging
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import InputError
from data.languages import resolve
from data.lexicon import Lexicon, ranked
from data.lexicon.files import FORMATS, read_lexicon, recognise, write_lexicon
from data.lexicon.reading import UNIVERSAL_POS, Entry
from data.tsv import WRONG_COLUMNS

PAIRS = "dog\tmbwa\nlook after\ttunza\n"


def written(folder: Path, content: str, name: str = "lexicon.txt") -> Path:
    path = folder / name
    path.write_bytes(content.encode())
    return path


@pytest.mark.parametrize(
    ("content", "form"),
    [
        (PAIRS, "pairs"),
        ("French\tKifaransa\n" + PAIRS, "pairs"),
        ("French\tfrançais\n" + PAIRS, "pairs"),  # the same language twice is no header
        ("dog mbwa\ncat paka\n", "muse"),
        ("dog mbwa\ncat\tpaka\ncow ng'ombe\n", "muse"),
        ("dog mbwa\ncat\tpaka\n", "muse"),
        ("en\tsw\n" + PAIRS, "table"),
        ("English\tSwahili\tpos\ndog\tmbwa\tNOUN\n", "table"),
        ("source\ttarget\n" + PAIRS, "table"),
        ("00databaseinfo\tA\tO\nsoma\tO\tBa\n", "dictd"),
        ('{"word": "dog", "lang_code": "en"}\n', "wiktextract"),
        (PAIRS * 8 + "one column\n", "pairs"),
    ],
)
def test_the_contents_tell_the_form(
    tmp_path: Path, content: str, form: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        assert recognise(written(tmp_path, content)) == form
    assert caplog.messages == [
        f"{tmp_path / 'lexicon.txt'}: read as {form}, {FORMATS[form].description}"
    ]


@pytest.mark.parametrize("content", ["one\nor two\nlines here now\n", "a\tb\tc\td\n"])
def test_a_form_that_nobody_knows_is_not_guessed(tmp_path: Path, content: str) -> None:
    path = written(tmp_path, content)
    with pytest.raises(InputError) as caught:
        recognise(path)
    first = content.partition("\n")[0].replace("\t", "<TAB>")
    assert str(caught.value) == (
        f'{path}: expected one known form of lexicon, found none (line 1 is "{first}"); write it as'
        " two columns with a tab between"
    )
    assert (caught.value.option, caught.value.advice) == (
        "--lexicon-format",
        "name it with --lexicon-format: table, pairs, muse, dictd, panlex, wiktextract,"
        " lift, toolbox, sheet",
    )


@pytest.mark.parametrize("content", ["", "\n\n", "\ufeff"])
def test_an_empty_file(tmp_path: Path, content: str) -> None:
    path = written(tmp_path, content)
    with pytest.raises(InputError) as caught:
        read_lexicon(path, "en", "sw")
    found = "only blank lines" if content else "an empty file"
    assert str(caught.value) == f"{path}: expected a lexicon, found {found}; give another"


def test_a_form_that_there_is_not(tmp_path: Path) -> None:
    with pytest.raises(InputError, match='no lexicon format "xdxf"; expected one of: table, pairs'):
        read_lexicon(written(tmp_path, PAIRS), "en", "sw", "xdxf")
    with pytest.raises(InputError, match="no such file"):
        read_lexicon(tmp_path / "absent.tsv", "en", "sw")
    with pytest.raises(InputError, match=r"found none \(nothing to tell it by\)"):
        read_lexicon(tmp_path, "en", "sw")


@pytest.mark.parametrize(
    ("pair", "found"),
    [
        (("en", "wo"), "English to Wolof, found one from English to Swahili; give another file"),
        (("sw", "en"), "Swahili to English, found one from English to Swahili; name the languages"),
        (("fr", "sw"), "French to Swahili, found one from English to Swahili; give another file"),
    ],
)
def test_a_lexicon_of_other_languages(tmp_path: Path, pair: tuple[str, str], found: str) -> None:
    path = written(tmp_path, "eng\tswh\n" + PAIRS)
    with pytest.raises(InputError) as caught:
        read_lexicon(path, *pair)
    assert str(caught.value).startswith(f"{path}:1: expected a lexicon from {found}")


def test_codes_of_one_language_are_one(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = written(tmp_path, "english\tKiswahili\n" + PAIRS)
    with caplog.at_level(logging.WARNING):
        lexicon = read_lexicon(path, resolve("eng_Latn"), "sw-KE")
    assert (lexicon.source_language, lexicon.target_language) == ("en", "sw")
    assert not caplog.messages
    with caplog.at_level(logging.WARNING):
        assert len(read_lexicon(path, "en", "swc")) == 2
    assert caplog.messages[0].startswith("lexicon.txt has no Congo Swahili (swc); its Kiswahili")


@pytest.mark.parametrize(("right", "good"), [("sw", True), ("am", False), ("sw-Arab", False)])
def test_a_lexicon_in_another_script(tmp_path: Path, right: str, good: bool) -> None:
    path = written(tmp_path, PAIRS)
    if good:
        assert len(read_lexicon(path, "en", right)) == 2
    else:
        with pytest.raises(InputError, match=r"expected \w+ in the script \w+, found 100 % of its"):
            read_lexicon(path, "en", right)


def test_a_lexicon_without_entries(tmp_path: Path) -> None:
    path = written(tmp_path, "one\ntwo\n")
    with pytest.raises(InputError) as caught:
        read_lexicon(path, "en", "sw", "pairs", skip_bad=True)
    assert str(caught.value) == (
        f"{path}: expected entries from en to sw, found none but: {WRONG_COLUMNS} (2); give"
        " another file or other languages"
    )


def test_columns_that_are_not_read_are_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = written(tmp_path, "en\tsw\tscore\tpos\ndog\tmbwa\t0.9\tNOUN\n")
    assert read_lexicon(path, "en", "sw", name="x").entries == (
        Entry("dog", "mbwa", "NOUN", rank=1, origin="x"),
    )
    assert caplog.messages == [f"{path}:1: columns that are not read: score"]


TEXT = st.text("abñ’ -.\u0301ŋ", min_size=1, max_size=5)
ENTRY = st.builds(
    Entry,
    TEXT,
    TEXT,
    st.none() | st.sampled_from(sorted(UNIVERSAL_POS)),
    st.none() | st.integers(1, 12),
    origin=st.sampled_from(["gatitos/en-sw", "my list"]),
)


def writable(entry: Entry) -> bool:
    from unicodedata import is_normalized

    sides = (entry.source, entry.target)
    return all(side == side.strip() != "" and is_normalized("NFC", side) for side in sides)


@settings(deadline=None, max_examples=25)
@given(
    codes=st.sampled_from([("en", "sw"), ("xx", "yy"), ("bm-Nkoo", "bm")]),
    entries=st.lists(ENTRY.filter(writable), min_size=1, max_size=8),
)
def test_tables_come_back(codes: tuple[str, str], entries: list[Entry]) -> None:
    lexicon = ranked(entries, *codes, "toy")
    with TemporaryDirectory() as folder:
        path = Path(folder) / "lexicon.tsv"
        write_lexicon(path, lexicon)
        again = _entries(path, codes)
    assert again == lexicon.entries


def _entries(path: Path, codes: tuple[str, str]) -> tuple[Entry, ...]:
    from data.lexicon import table
    from data.lexicon.reading import Reading

    return ranked(table.entries(path, Reading(*codes)), *codes).entries


@settings(deadline=None, max_examples=50)
@given(pairs=st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=9))
def test_pairs_come_back(pairs: list[tuple[str, str]]) -> None:
    good = [pair for pair in pairs if writable(Entry(*pair))]
    with TemporaryDirectory() as folder:
        content = "".join(f"{left}\t{right}\r\n" for left, right in [("x", "y"), *good])
        found = read_lexicon(written(Path(folder), content), "en", "sw", "pairs")
    assert [(e.source, e.target) for e in found.entries] == list(dict.fromkeys([("x", "y"), *good]))


def test_what_would_not_come_back_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "lexicon.tsv"
    for target, message in (("a\tb", "found U\\+0009"), (" a", "without spaces at their ends")):
        with pytest.raises(InputError, match=rf"lexicon\.tsv:2: .*{message}"):
            write_lexicon(path, Lexicon((Entry("x", target),), "en", "sw"))
    assert not path.exists()


def test_gatitos(mirror: Path) -> None:
    """An entry a line (`wc -l`), in each eighth file; en_arn, line 3235, has one column."""
    files = sorted((mirror / "gatitos").glob("en_*.tsv"))[::8]
    for path in [*files, mirror / "gatitos/en_arn.tsv"]:
        code = path.stem.removeprefix("en_")
        lexicon = read_lexicon(path, "en", code, skip_bad=True, repairs=Counter())
        assert lexicon.dropped == ({WRONG_COLUMNS: 1} if code == "arn" else {})
        assert len(lexicon) + sum(lexicon.dropped.values()) == path.read_bytes().count(b"\n")
