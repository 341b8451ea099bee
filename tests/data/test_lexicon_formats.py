"""Readers of lexicons: MUSE, PanLex, Wiktextract. Every file is written here, by hand or generated.

What a form loses (MUSE: phrases and tags; Wiktextract: the words of a sense) is left out of the
round trips; everything else must come back.
"""

from __future__ import annotations

import csv
import gzip
import json
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import InputError
from data.lexicon import ranked
from data.lexicon.files import read_lexicon
from data.lexicon.reading import CONTROL, NOT_ONE_LINE, REPEATED, UNKNOWN_POS, Entry
from data.lexicon.wiktextract import (
    NO_WORD,
    NOT_JSON,
    OTHER_PAGE,
    OTHER_SOURCE,
    REDIRECT,
    UNTRANSLATED,
)
from data.tsv import EMPTY_CELL, NOT_NFC, WRONG_COLUMNS

WORDS = st.text("abcñŋ'", min_size=1, max_size=4)
PHRASES = st.lists(WORDS, min_size=1, max_size=3).map(" ".join)
PAIRS = st.lists(st.tuples(PHRASES, PHRASES), min_size=1, max_size=12)


def written(folder: Path, content: str, name: str) -> Path:
    path = folder / name
    path.write_bytes(content.encode())
    return path


def rows(path: Path, form: str, **options: object) -> list[tuple[str, str]]:
    lexicon = read_lexicon(path, "en", "sw", form, **options)  # type: ignore[arg-type]
    return [(entry.source, entry.target) for entry in lexicon.entries]


def unique(pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return list(dict.fromkeys(pairs))


def test_muse(tmp_path: Path) -> None:
    path = written(tmp_path, "\ufeffdog mbwa\r\ndog\tjibwa\nlook after tunza\ncat  paka\n", "m.txt")
    with pytest.raises(InputError) as caught:
        read_lexicon(path, "en", "sw", "muse")
    assert str(caught.value) == (
        f'{path}:3: expected two words with a space between them, found "look after tunza"; fix'
        " the line"
    )
    lexicon = read_lexicon(path, "en", "sw", "muse", skip_bad=True)
    assert [(e.source, e.target, e.rank) for e in lexicon.entries] == [
        ("dog", "mbwa", 1),
        ("dog", "jibwa", 2),
        ("cat", "paka", 1),
    ]
    assert lexicon.dropped == {WRONG_COLUMNS: 1}


@settings(deadline=None, max_examples=50)
@given(pairs=st.lists(st.tuples(WORDS, WORDS, st.sampled_from(" \t")), min_size=1, max_size=9))
def test_muse_comes_back(pairs: list[tuple[str, str, str]]) -> None:
    with TemporaryDirectory() as folder:
        content = "".join(f"{left}{gap}{right}\n" for left, right, gap in pairs)
        path = written(Path(folder), content, "muse.txt")
        assert rows(path, "muse") == unique([(left, right) for left, right, _ in pairs])


EXPORT = {
    "langvar.csv": "id,lang_code,var_code,mutable\n1,eng,0,t\n2,swh,0,t\n3,swh,1,t\n4,fra,0,t\n",
    "expr.csv": (
        "id,langvar,txt,txt_degr\n"
        '10,1,dog,dog\n20,2,mbwa,mbwa\n21,2,jibwa,jibwa\n30,3,"mbwa, mkubwa",x\n'
        "40,4,chien,chien\n9,1,look after,x\n22,2,tunza,x\n"
    ),
    "denotation.csv": (
        "id,meaning,expr\n1,100,10\n2,100,21\n3,101,10\n4,101,20\n5,102,20\n6,102,10\n"
        "7,103,9\n8,103,22\n9,103,40\n10,104,10\n11,104,30\n12,105,10\n13,105,21\n"
    ),
    "meaning.csv": "id,source\n100,1\n101,2\n102,3\n103,1\n104,1\n105,4\n",
    "source.csv": "id,quality,grp\n1,5,1\n2,3,2\n3,3,3\n4,4,1\n",
}


def panlex(folder: Path, **replaced: str | None) -> Path:
    for name, content in {**EXPORT, **{f"{k}.csv": v for k, v in replaced.items()}}.items():
        if content is not None:
            written(folder, content, name)
    return folder


def test_panlex_joins_by_meaning_and_ranks_by_quality(tmp_path: Path) -> None:
    """dog-mbwa: sources 2 and 3, 3 + 3 = 6. dog-jibwa: sources 1 and 4 of one group, the better
    counts, 5. dog-"mbwa, mkubwa": source 1, 5, and its id is higher."""
    assert rows(panlex(tmp_path), "panlex") == [
        ("look after", "tunza"),
        ("dog", "mbwa"),
        ("dog", "jibwa"),
        ("dog", "mbwa, mkubwa"),
    ]


def test_panlex_without_sources_counts_meanings(tmp_path: Path) -> None:
    without = panlex(tmp_path, source=None)
    assert rows(without, "panlex")[1:3] == [("dog", "mbwa"), ("dog", "jibwa")]


def test_panlex_with_bad_rows(tmp_path: Path) -> None:
    folder = panlex(tmp_path, denotation=EXPORT["denotation.csv"] + "14,104\n")
    lexicon = read_lexicon(folder, "en", "sw", skip_bad=True)
    assert (len(lexicon), lexicon.dropped) == (4, {WRONG_COLUMNS: 1})  # read twice, counted once
    assert read_lexicon(folder, "sw", "en", skip_bad=True).lookup("mbwa")[0].target == "dog"


@pytest.mark.parametrize(
    ("replaced", "message"),
    [
        ({"langvar": "id,lang_code\n1,eng\n"}, "langvar.csv: expected a variety of Swahili, found"),
        ({"expr": "id,txt\n1,dog\n"}, "expr.csv:1: expected a column langvar, found"),
        ({"denotation": "id,meaning,expr\n1,2\n"}, "denotation.csv:2: expected 3 columns, found 2"),
        ({"expr": 'id,langvar,txt\n1,1,"dog\n'}, "expr.csv:2: expected CSV, found:"),
    ],
)
def test_panlex_that_is_damaged(tmp_path: Path, replaced: dict[str, str], message: str) -> None:
    folder = panlex(tmp_path, **replaced)
    with pytest.raises(InputError) as caught:
        read_lexicon(folder, "en", "sw", "panlex")
    assert str(caught.value).startswith(f"{folder / ''}/{message}".replace("//", "/"))


@settings(deadline=None, max_examples=50)
@given(pairs=PAIRS)
def test_panlex_comes_back(pairs: list[tuple[str, str]]) -> None:
    words = unique([("1", left) for left, _ in pairs] + [("2", right) for _, right in pairs])
    ids = {word: str(number) for number, word in enumerate(words, 1)}
    with TemporaryDirectory() as name:
        folder = panlex(Path(name), meaning=None)
        with open(folder / "expr.csv", "w", encoding="utf-8", newline="") as file:
            table = csv.writer(file)
            table.writerow(("id", "langvar", "txt"))
            table.writerows((ids[word], *word) for word in words)
        with open(folder / "denotation.csv", "w", encoding="utf-8", newline="") as file:
            table = csv.writer(file)
            table.writerow(("meaning", "expr"))
            for meaning, (left, right) in enumerate(pairs):
                table.writerow((meaning, ids["1", left]))
                table.writerow((meaning, ids["2", right]))
        found = read_lexicon(folder, "en", "sw", "panlex")
    assert {(entry.source, entry.target) for entry in found.entries} == set(pairs)
    times = Counter(pairs)
    for entry in found.entries:
        better = [one for one in found.lookup(entry.source) if one.source == entry.source]
        better = [one for one in better if (one.rank or 0) < (entry.rank or 0)]
        least = times[entry.source, entry.target]
        assert all(times[one.source, one.target] >= least for one in better)


DOG = {
    "word": "dog",
    "lang_code": "en",
    "pos": "noun",
    "senses": [{"glosses": ["animal"]}],
    "translations": [
        {"lang_code": "fr", "word": "chien", "sense": "animal"},
        {"lang_code": "sw", "word": "mbwa", "sense": "animal"},
        {"code": "swh", "word": "jamaa", "sense": "man"},
        {"code": "sw", "note": "please add", "sense": "man"},
        {"code": "sw", "word": "buzi\u0301\u0007"},
        {"code": "no such", "word": "x"},
    ],
}


def json_lines(*items: object) -> str:
    return "".join(json.dumps(item) + "\n" for item in items)


def test_wiktextract(tmp_path: Path) -> None:
    see = {"word": "see", "lang_code": "en", "pos": "conj", "senses": [{"translations": []}]}
    see["senses"] = [{"translations": [{"code": "sw", "word": "ona"}]}]
    other = {"word": "mbwa", "lang_code": "sw", "pos": "noun"}
    content = json_lines(DOG, see, other, {"word": "it", "lang_code": "en"})
    path = tmp_path / "kaikki.jsonl.gz"
    path.write_bytes(gzip.compress(content.encode()))
    repairs: Counter[str] = Counter()
    lexicon = read_lexicon(path, "en", "sw", name="kaikki", repairs=repairs)
    assert lexicon.entries == (
        Entry("dog", "mbwa", "NOUN", 1, 1, "kaikki"),
        Entry("dog", "jamaa", "NOUN", 2, 2, "kaikki"),
        Entry("dog", "buzí", "NOUN", None, 3, "kaikki"),
        Entry("see", "ona", None, None, 1, "kaikki"),
    )
    assert lexicon.dropped == {NO_WORD: 1, OTHER_SOURCE: 1, UNTRANSLATED: 1}
    assert repairs == {CONTROL: 1, NOT_NFC: 1}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"word": "dog"', "expected JSON, found expecting ',' delimiter at line 1, column 15"),
        ('["dog"]', "expected an object, found a list"),
        ('{"word": 1}', "expected a word in the object, found none"),
        ('{"word": null, "title": "dog"}', "expected a word in the object, found none"),
        ("[" * 100_000, "expected at most 100 levels, found more"),
        ('{"word": "dog", "n": ' + "9" * 5000 + "}", "expected numbers of at most 64 bits, found"),
        ("x", "expected JSON, found expecting value"),
    ],
)
def test_wiktextract_lines_that_are_none(tmp_path: Path, line: str, message: str) -> None:
    path = written(tmp_path, f"{json_lines(DOG)}{line}\n{json_lines(DOG)}", "kaikki.jsonl")
    with pytest.raises(InputError) as caught:
        read_lexicon(path, "en", "sw", "wiktextract", repairs=Counter())
    assert str(caught.value).startswith(f"{path}:2: {message}")
    assert caught.value.option == "--skip-bad"
    found = read_lexicon(path, "en", "sw", "wiktextract", skip_bad=True, repairs=Counter())
    assert found.dropped[NOT_JSON] == 1


def test_wiktextracts_lines_that_are_no_words_are_regular(tmp_path: Path) -> None:
    lines = [
        {"title": "dogg", "redirect": "dog"},
        {"title": "Dog", "redirect": "dog", "word": "Dog"},
        {"title": "Thesaurus:dog", "source": "thesaurus"},
        {"word": "see", "lang_code": "en", "senses": []},
    ]
    path = written(tmp_path, json_lines(DOG) + "".join(map(json_lines, lines)), "kaikki.jsonl")
    dropped = read_lexicon(path, "en", "sw", repairs=Counter()).dropped
    assert (dropped[REDIRECT], dropped[OTHER_PAGE], dropped[UNTRANSLATED]) == (2, 1, 1)


BLANK_ENDS = {
    "muse": "dog mbwa\ncat paka\n",
    "pairs": "dog\tmbwa\ncat\tpaka\n",
    "table": "en\tsw\tpos\ndog\tmbwa\tNOUN\ncat\tpaka\t\n",
    "wiktextract": "".join(
        f'{{"word": "{word}", "lang_code": "en", "translations": [{{"code":"sw","word":"x"}}]}}\n'
        for word in ("dog", "cat")
    ),
}


@pytest.mark.parametrize("end", ["\n", "\n\n\n", " \n\t\n", "\r\n\r\n"])
@pytest.mark.parametrize("form", BLANK_ENDS)
def test_blank_lines_at_the_end_are_no_fault(tmp_path: Path, form: str, end: str) -> None:
    lexicon = read_lexicon(written(tmp_path, BLANK_ENDS[form] + end, "x"), "en", "sw", form)
    assert (len(lexicon), lexicon.dropped) == (2, {})


@pytest.mark.parametrize("form", ["muse", "pairs"])
def test_blank_lines_between_entries_are_a_fault_and_counted_on_request(
    tmp_path: Path, form: str
) -> None:
    path = written(tmp_path, BLANK_ENDS[form].replace("\n", "\n\n \n"), "x")
    with pytest.raises(InputError, match=r"x:2: expected (2 columns|two words)") as caught:
        read_lexicon(path, "en", "sw", form)
    assert caught.value.option == "--skip-bad"
    lexicon = read_lexicon(path, "en", "sw", form, skip_bad=True)
    assert (len(lexicon), lexicon.dropped) == (2, {WRONG_COLUMNS: 2})


def test_blank_lines_between_json_are_no_fault(tmp_path: Path) -> None:
    content = BLANK_ENDS["wiktextract"].replace("\n", "\n \n\n")
    assert len(read_lexicon(written(tmp_path, content, "x"), "en", "sw")) == 2


@pytest.mark.parametrize("form", BLANK_ENDS)
@pytest.mark.parametrize("bad", [b"a\xff b\n", b"a\0 b\n", "a\ufffd b\n".encode()])
def test_lines_that_are_no_text_are_left_out_on_request(
    tmp_path: Path, form: str, bad: bytes
) -> None:
    path = tmp_path / "x"
    path.write_bytes(BLANK_ENDS[form].encode() + bad)
    with pytest.raises(InputError) as caught:
        read_lexicon(path, "en", "sw", form)
    assert caught.value.option == "--skip-bad"
    for chosen in (form, None):
        lexicon = read_lexicon(path, "en", "sw", chosen, skip_bad=True)
        assert (len(lexicon), sum(lexicon.dropped.values())) == (2, 1)


@pytest.mark.parametrize("word", ["a\tb", "a\u2028b"])
def test_text_that_is_no_word(tmp_path: Path, word: str) -> None:
    item = {**DOG, "translations": [{"code": "sw", "word": word}, {"code": "sw", "word": "mbwa"}]}
    path = written(tmp_path, json_lines(item), "kaikki.jsonl")
    with pytest.raises(InputError, match=r"jsonl:1: expected one line of text as translation, "):
        read_lexicon(path, "en", "sw")
    lexicon = read_lexicon(path, "en", "sw", skip_bad=True)
    assert (len(lexicon), lexicon.dropped) == (1, {NOT_ONE_LINE: 1})


TAGS = {"NOUN": "noun", "VERB": "verb", "PROPN": "name", "ADP": "prep", None: "phrase"}
ENTRIES = st.lists(
    st.tuples(PHRASES, PHRASES, st.sampled_from([*TAGS]), st.none() | st.integers(1, 3)),
    min_size=1,
    max_size=8,
)


@settings(deadline=None, max_examples=50)
@given(entries=ENTRIES)
def test_wiktextract_comes_back(entries: list[tuple[str, str, str | None, int | None]]) -> None:
    """One object an entry; its sense is preceded by those that number up to it."""
    expected = ranked([Entry(*entry, origin="x") for entry in entries], "en", "sw")
    items = []
    for source, target, pos, sense in entries:
        before = [{"code": "fr", "word": "x", "sense": str(n)} for n in range(1, sense or 1)]
        one = {"code": "sw", "word": target} | ({"sense": str(sense)} if sense else {})
        item = {"word": source, "lang_code": "en", "pos": TAGS[pos], "translations": [*before, one]}
        items.append(item)
    with TemporaryDirectory() as folder:
        path = written(Path(folder), json_lines(*items), "kaikki.jsonl")
        found = read_lexicon(path, "en", "sw", name="x")
    assert found.entries == expected.entries
    assert found.dropped.get(REPEATED, 0) == len(entries) - len(found)


def test_a_table_with_bad_rows(tmp_path: Path) -> None:
    start = "en\tsw\tpos\tsense\ndog\tmbwa\tNOUN\t1\n"
    bad_pos, bad_sense, empty = "dog\tjibwa\tnoun\t\n", "cat\tpaka\t\t0\n", "x\t\t\t\n"
    path = written(tmp_path, start + bad_pos + bad_sense + empty, "lexicon.tsv")
    for line, message in ((bad_pos, "a Universal POS tag"), (bad_sense, "a sense as a number")):
        one = written(tmp_path, start + line, "one.tsv")
        with pytest.raises(InputError, match=rf"one\.tsv:3: expected {message}"):
            read_lexicon(one, "en", "sw")
    lexicon = read_lexicon(path, "en", "sw", skip_bad=True)
    assert len(lexicon) == 1
    assert lexicon.dropped[UNKNOWN_POS] == lexicon.dropped[EMPTY_CELL] == 1
    assert sum(lexicon.dropped.values()) == 3


@pytest.mark.parametrize(
    ("row", "message"),
    [("\x07\tmbwa", "expected a headword, found"), ("dog\t\x07", "expected a translation, found")],
)
def test_words_of_nothing_but_control_characters(row: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "toy.tsv"
    path.write_text(f"en\tsw\ncat\tpaka\n{row}\n", "utf-8")
    with pytest.raises(InputError, match=rf"toy\.tsv:3: .*{message} empty text"):
        read_lexicon(path, "en", "sw")
    lexicon = read_lexicon(path, "en", "sw", skip_bad=True)
    assert [entry.target for entry in lexicon.entries] == ["paka"]
    assert lexicon.dropped == {EMPTY_CELL: 1}


def test_tables_without_two_languages_and_objects_without_a_code(tmp_path: Path) -> None:
    path = tmp_path / "toy.tsv"
    path.write_text("xyzzy\tplugh\ndog\tmbwa\n", "utf-8")
    with pytest.raises(InputError, match=r"toy\.tsv:1: expected a header that names two languages"):
        read_lexicon(path, "en", "sw", "table")
    item = {"word": "dog", "lang_code": 3, "translations": [{"word": "mbwa", "code": "sw"}]}
    good = item | {"lang_code": "en"}
    jsonl = tmp_path / "toy.jsonl"
    jsonl.write_text(f"{json.dumps(item)}\n{json.dumps(good)}\n", "utf-8")
    lexicon = read_lexicon(jsonl, "en", "sw", "wiktextract")
    assert [entry.target for entry in lexicon.entries] == ["mbwa"]
    assert lexicon.dropped[OTHER_SOURCE] == 1
