"""Aligned sentences: line-aligned files, tables with a header, NTREX and lafand as they are."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import InputError
from data.parallel import (
    EMPTY_BOTH,
    EMPTY_SOURCE,
    EMPTY_TARGET,
    Pair,
    read_aligned,
    read_pairs_tsv,
    read_tmx,
    write_pairs_tsv,
)
from data.tsv import WRONG_COLUMNS, read_lines


def written(folder: Path, name: str, content: str) -> Path:
    path = folder / name
    path.write_bytes(content.encode())
    return path


def test_lines_correspond_whatever_ends_them(tmp_path: Path) -> None:
    source = written(tmp_path, "a.eng", "The dog sleeps.\r\nThe cat eats.\r\n")
    target = written(tmp_path, "a.swa", "\ufeffMbwa analala.\nPaka anakula.")
    documents = written(tmp_path, "documents", "pets\npets\n")
    assert list(read_aligned(source, target, documents=documents, prefix="a-")) == [
        Pair("a-1", "The dog sleeps.", "Mbwa analala.", "pets"),
        Pair("a-2", "The cat eats.", "Paka anakula.", "pets"),
    ]
    assert {pair.document for pair in read_aligned(source, target)} == {None}


def test_pairs_are_streamed(tmp_path: Path) -> None:
    source = written(tmp_path, "a.eng", "one\ntwo\n")
    target = written(tmp_path, "a.swa", "moja\n")
    assert next(read_aligned(source, target)) == Pair("1", "one", "moja")


@pytest.mark.parametrize(("left", "right"), [("1\n2\n3\n4\n", "1\n"), ("1\n", "1\n2\n3\n4\n")])
def test_unequal_numbers_of_lines(tmp_path: Path, left: str, right: str) -> None:
    source, target = written(tmp_path, "a.eng", left), written(tmp_path, "a.swa", right)
    with pytest.raises(InputError) as caught:
        list(read_aligned(source, target))
    assert str(caught.value) == (
        f"expected files of as many lines each, found {source}: {left.count(chr(10))},"
        f" {target}: {right.count(chr(10))}; fetch or align them again"
    )


def test_documents_must_cover_every_line(tmp_path: Path) -> None:
    source, target = written(tmp_path, "a.eng", "1\n2\n"), written(tmp_path, "a.swa", "1\n2\n")
    short = written(tmp_path, "short", "news\n")
    with pytest.raises(InputError, match=r"a\.eng: 2, .*a\.swa: 2, .*short: 1; fetch"):
        list(read_aligned(source, target, documents=short))
    blank = written(tmp_path, "blank", "news\n\n")
    with pytest.raises(InputError, match="blank:2: expected a document's name, found none"):
        list(read_aligned(source, target, documents=blank))


@pytest.mark.parametrize(
    ("left", "right", "where", "reason"),
    [
        ("", "moja", "a.eng:2", EMPTY_SOURCE),
        ("one", " ", "a.swa:2", EMPTY_TARGET),
        ("", "", "a.eng:2", EMPTY_BOTH),
    ],
)
def test_an_empty_line(tmp_path: Path, left: str, right: str, where: str, reason: str) -> None:
    source = written(tmp_path, "a.eng", f"zero\n{left}\ntwo\n")
    target = written(tmp_path, "a.swa", f"sifuri\n{right}\nmbili\n")
    with pytest.raises(InputError) as caught:
        list(read_aligned(source, target))
    assert str(caught.value) == (
        f"{tmp_path / where}: expected a sentence on both sides, found {reason}; complete the pair"
    )
    dropped: Counter[str] = Counter()
    kept = list(read_aligned(source, target, skip_bad=True, dropped=dropped))
    assert [pair.id for pair in kept] == ["1", "3"]  # an id does not hang on what is left out
    assert dropped == {reason: 1}


@pytest.mark.parametrize(("left", "right"), [("\n", ""), ("", "\n"), ("\n \n", "\n"), ("\n", "\n")])
def test_empty_lines_at_the_end_are_no_pairs(tmp_path: Path, left: str, right: str) -> None:
    source = written(tmp_path, "a.eng", "1\n" + left)
    target = written(tmp_path, "a.swa", "1\n" + right)
    assert len(list(read_aligned(source, target))) == 1
    documents = written(tmp_path, "c", "news\n")
    assert len(list(read_aligned(source, target, documents=documents))) == 1


def test_a_missing_last_translation_is_no_blank_end(tmp_path: Path) -> None:
    source, target = written(tmp_path, "a.eng", "1\n2\n"), written(tmp_path, "a.swa", "1\n\n")
    with pytest.raises(InputError, match="found empty target"):
        list(read_aligned(source, target))
    longer = written(tmp_path, "b.eng", "1\n\n\n4\n")
    with pytest.raises(InputError, match=r"b\.eng: 4, .*a\.swa: 2; fetch"):
        list(read_aligned(longer, target))


def test_a_line_that_is_no_text_costs_its_pair(tmp_path: Path) -> None:
    source = written(tmp_path, "a", "1\n2\ufffd\n3\n")
    target = written(tmp_path, "b", "1\n2\n3\n")
    with pytest.raises(InputError, match="a:2: expected text, found U\\+FFFD"):
        list(read_aligned(source, target))
    dropped: Counter[str] = Counter()
    kept = read_aligned(source, target, skip_bad=True, dropped=dropped)
    assert [pair.id for pair in kept] == ["1", "3"]
    assert sum(dropped.values()) == 1


def test_a_table_and_a_memory_of_the_same_text_agree(tmp_path: Path) -> None:
    rows = [("\ufeffñandu", "n\u0303andu\ufeff"), ("a\u200bb", "\u00adc"), ("\ufeff\u200e", "x")]
    table = written(tmp_path, "p.tsv", "eng\tswa\n" + "".join(f"{a}\t{b}\n" for a, b in rows))
    units = "".join(
        f'<tu><tuv xml:lang="eng"><seg>{a}</seg></tuv><tuv xml:lang="swa"><seg>{b}</seg></tuv></tu>'
        for a, b in rows
    )
    memory = written(tmp_path, "p.tmx", f"<tmx><body>{units}</body></tmx>")
    found = [
        [(p.id, p.source, p.target) for p in reader]
        for reader in (
            read_pairs_tsv(table, "eng", "swa", skip_bad=True, repairs=Counter()),
            read_tmx(memory, "eng", "swa", skip_bad=True, repairs=Counter()),
        )
    ]
    assert found[0] == found[1] == [("1", "ñandu", "ñandu"), ("2", "a\u200bb", "\u00adc")]


def test_a_table_by_its_column_names(tmp_path: Path) -> None:
    path = written(tmp_path, "pool.tsv", "document\teng\tswa\tnote\npets\tdog\tmbwa\t\n")
    assert list(read_pairs_tsv(path, "eng", "swa", "document")) == [
        Pair("1", "dog", "mbwa", "pets")
    ]
    assert list(read_pairs_tsv(path, "swa", "eng", prefix="pool-")) == [
        Pair("pool-1", "mbwa", "dog")
    ]


def test_a_missing_column_lists_those_that_are_there(tmp_path: Path) -> None:
    path = written(tmp_path, "pool.tsv", "document\teng\tswa\n")
    with pytest.raises(InputError) as caught:
        list(read_pairs_tsv(path, "eng", "sw"))
    assert str(caught.value) == (
        f'{path}:1: expected a column "sw", found: document, eng, swa; choose one of them'
    )


def test_bad_rows_of_a_table(tmp_path: Path) -> None:
    path = written(tmp_path, "pool.tsv", "eng\tswa\ndog\tmbwa\ncat\nhen\tkuku\n")
    with pytest.raises(InputError, match=r"pool\.tsv:3: expected 2 columns \(eng, swa\), found 1"):
        list(read_pairs_tsv(path, "eng", "swa"))
    dropped: Counter[str] = Counter()
    pairs = read_pairs_tsv(path, "eng", "swa", skip_bad=True, dropped=dropped)
    assert [pair.id for pair in pairs] == ["1", "3"]
    assert dropped == {WRONG_COLUMNS: 1}


@pytest.mark.parametrize("text", ["a\tb", "a\nb"])
def test_a_text_of_two_cells_or_lines_is_not_written(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError, match=r"out\.tsv:2: expected one line of NFC text in column sw"):
        write_pairs_tsv(tmp_path / "out.tsv", [Pair("1", "dog", text)], "eng", "swa")
    assert list(tmp_path.iterdir()) == []


def test_a_document_column_needs_documents(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="pair 7 has no document; write without that column"):
        write_pairs_tsv(tmp_path / "out.tsv", [Pair("7", "dog", "mbwa")], "eng", "swa", "document")


TEXT = st.text(st.characters(codec="ascii", categories=["L", "P", "Zs"]), min_size=1)
SENTENCE = TEXT.filter(str.strip)
TRIPLES = st.lists(st.tuples(SENTENCE, SENTENCE, SENTENCE))


@given(texts=TRIPLES)
def test_pairs_come_back(tmp_path_factory: pytest.TempPathFactory, texts: list) -> None:
    pairs = [Pair(str(number), *three) for number, three in enumerate(texts, 1)]
    path = tmp_path_factory.mktemp("pairs") / "pairs.tsv"
    write_pairs_tsv(path, pairs, "eng", "swa", "document")
    assert list(read_pairs_tsv(path, "eng", "swa", "document")) == pairs


def test_every_file_of_ntrex(mirror: Path) -> None:
    folder = mirror / "ntrex/NTREX-128"
    source = folder / "newstest2019-src.eng.txt"
    references = sorted(folder.glob("newstest2019-ref*.txt"))
    assert len(references) >= 119
    documents = [name for _, name in read_lines(mirror / "ntrex/DOCUMENT_IDS.tsv")]
    assert (len(documents), len(set(documents))) == (1997, 123)
    for reference in references:
        repairs: Counter[str] = Counter()
        pairs = read_aligned(
            source, reference, documents=mirror / "ntrex/DOCUMENT_IDS.tsv", repairs=repairs
        )
        assert [pair.document for pair in pairs] == documents, reference


def test_lafand_has_as_many_lines_on_both_sides(mirror: Path) -> None:
    folder = mirror / "lafand/text_files"  # the numbers are those of `wc -l`
    counts = {("zul", "test"): 998, ("yor", "test"): 1558, ("swa", "train"): 30782}
    for (language, split), count in counts.items():
        pair = folder / f"en-{language}"
        dropped: Counter[str] = Counter()
        pairs = read_aligned(
            pair / f"{split}.en",
            pair / f"{split}.{language}",
            skip_bad=True,
            dropped=dropped,
            repairs=Counter(),
        )
        assert sum(1 for _ in pairs) + dropped[EMPTY_BOTH] == count
        # Lines 9981 and 11357 of the Swahili are one mark of direction, on both sides.
        assert dropped[EMPTY_BOTH] == (2 if split == "train" else 0)


def test_lafand_zulu_dev_has_lost_letters(mirror: Path) -> None:
    folder = mirror / "lafand/text_files/en-zul"
    paths = (folder / "dev.en", folder / "dev.zul")
    with pytest.raises(InputError, match=r"dev\.en:1132: expected text, found U\+FFFD"):
        list(read_aligned(*paths))
    repairs: Counter[str] = Counter()
    kept = read_aligned(*paths, keep_replacement=True, repairs=repairs)
    assert sum(1 for _ in kept) == 1239
    assert repairs == {"U+FFFD, kept": 2}
