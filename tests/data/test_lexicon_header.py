"""The first line of a list: a header or an entry, by evidence, and refused where it is thin.

pytest tests/data/test_lexicon_header.py
"""

from __future__ import annotations

from pathlib import Path

import pytest

from data.errors import InputError
from data.lexicon import Lexicon
from data.lexicon.files import read_lexicon

WORDS = ["dog", "cat", "house", "water", "book", "child", "tree", "good"]


def written(folder: Path, *lines: str) -> Path:
    path = folder / "list.tsv"
    path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return path


def body(*more: str) -> list[str]:
    return [f"{word}\tx{word}" for word in WORDS] + list(more)


def read(path: Path, target: str = "sw", **options: bool) -> Lexicon:
    return read_lexicon(path, "en", target, **options)


@pytest.mark.parametrize(
    ("first", "more", "target"),
    [
        ("no\tla", (), "ht"),  # two English words that are Norwegian and Amharic elsewhere
        ("am\tmi", (), "pis"),
        ("so\tko", (), "sw"),
        ("to\tki", (), "to"),  # `to` is Tongan, which was asked for, and on the wrong side
        ("cat\tso", ("big cat\tso x",), "sw"),  # Catalan and Somali, if it did not come again
        ("is\tny", ("no\tla", "am\tsi"), "sw"),  # every other line would be a header too
    ],
)
def test_a_word_that_is_a_code_is_a_word(
    tmp_path: Path, first: str, more: tuple[str, ...], target: str, caplog: pytest.LogCaptureFixture
) -> None:
    lexicon = read(written(tmp_path, first, *body(*more)), target)
    assert len(lexicon) == len(WORDS) + len(more) + 1
    assert lexicon.entries[0].source == first.split("\t")[0]
    assert "--lexicon-header says otherwise" in caplog.text


HEADERS = ["en sw", "eng swh", "English Swahili", "EN SW", "source target", "Word Translation"]


@pytest.mark.parametrize("first", HEADERS)
def test_a_header_is_a_header(tmp_path: Path, first: str) -> None:
    assert len(read(written(tmp_path, first.replace(" ", "\t"), *body()))) == len(WORDS)


@pytest.mark.parametrize(
    ("first", "told"),
    [
        ("so\tko\tpos", "expected a lexicon from English to Swahili, found one from Somali to Ko"),
        ('"so"\t"ko"\t"pos"', "expected plain column names, found them in quotes"),
    ],
)
def test_beside_a_further_column_words_are_languages(tmp_path: Path, first: str, told: str) -> None:
    path = written(tmp_path, first, *(f"{line}\tNOUN" for line in body()))
    with pytest.raises(InputError, match=told):
        read(path)


@pytest.mark.parametrize("third", ["pos\tNOUN", "sense\t1", "score\t0.5", "count\t12"])
def test_further_columns_make_a_header(tmp_path: Path, third: str) -> None:
    name, value = third.split("\t")
    rows = [f"{line}\t{value}" for line in body()]
    assert len(read(written(tmp_path, f"en\tsw\t{name}", *rows))) == len(WORDS)
    with pytest.raises(InputError, match="expected a lexicon from English to Swahili, found one"):
        read(written(tmp_path, f"fr\two\t{name}", *rows))


def test_thin_evidence_is_refused_and_the_option_settles_it(tmp_path: Path) -> None:
    path = written(tmp_path, "fr\two", *body())
    with pytest.raises(InputError) as refused:
        read(path)
    assert str(refused.value).startswith(f"{path}:1: expected a header of the two languages, or an")
    assert refused.value.option == "--lexicon-header"
    assert len(read(path, header=False)) == len(WORDS) + 1
    with pytest.raises(InputError, match="found one from French to Wolof"):
        read(path, header=True)


def test_a_header_of_other_languages_is_refused_and_the_way_out_named(tmp_path: Path) -> None:
    path = written(tmp_path, "en\two", *body())
    with pytest.raises(InputError, match="found one from English to Wolof") as refused:
        read(path)
    assert refused.value.advice == "say --lexicon-header no if line 1 is an entry"
    assert read(path, header=False).entries[0].target == "wo"


def test_names_that_nobody_knows_are_a_header_where_the_user_says_so(tmp_path: Path) -> None:
    path = written(tmp_path, "Neno la Kiingereza\tMaana", *body())
    assert len(read(path)) == len(WORDS) + 1
    assert len(read(path, header=True)) == len(WORDS)


def test_a_header_in_a_spreadsheets_quotes_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"list\.tsv:1: expected plain column names, found them"):
        read(written(tmp_path, '"en"\t"sw"', *body()))


def test_the_code_of_a_country_without_a_language_is_a_word(tmp_path: Path) -> None:
    assert len(read(written(tmp_path, "aq\tgs", *body()))) == len(WORDS) + 1


@pytest.mark.parametrize(
    "first",
    [
        "Headword\tGloss",
        "source_word\ttarget_word",
        "English word\tSwahili word",
        "# en\tsw",
        "SRC\tTGT",  # two codes of languages, too
        "Lemma\tTranslation",
        "English:\tSwahili:",
    ],
)
def test_names_of_columns_in_common_spellings_are_a_header(tmp_path: Path, first: str) -> None:
    assert [e.source for e in read(written(tmp_path, first, *body())).entries] == WORDS


@pytest.mark.parametrize("first", ["word\tneno", "source\tchanzo", "meaning\tmaana"])
def test_a_role_that_is_translated_is_an_entry(tmp_path: Path, first: str) -> None:
    assert len(read(written(tmp_path, first, *body()))) == len(WORDS) + 1


def test_a_header_with_more_than_languages_is_compared_with_those_asked_for(
    tmp_path: Path,
) -> None:
    path = written(tmp_path, "English word\tFrench word", *body())
    with pytest.raises(InputError, match="expected a lexicon from English to Swahili"):
        read(path)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "found an empty file"),
        (b"\n \t\n", "found only blank lines"),
        ("café\tmgahawa\n".encode("latin-1"), r"found no line but: not UTF-8 \(1\)"),
    ],
)
def test_a_list_without_lines_is_told_what_it_has(
    tmp_path: Path, content: bytes, found: str
) -> None:
    path = tmp_path / "list.tsv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=f"expected a lexicon, {found}; "):
        read(path, skip_bad=True)


def test_three_columns_of_words_are_no_index_of_dictd(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="expected one known form of lexicon, found none"):
        read(written(tmp_path, "house\tnyumba\tNOUN", "dog\tmbwa\tNOUN"))
