"""The strict reader: line ends, repairs that are counted, messages, round trips."""

from __future__ import annotations

import gzip
import logging
import lzma
import unicodedata
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import InputError
from data.lines import NOT_UTF8, NUL_INSIDE, REPLACEMENT_INSIDE
from data.tsv import (
    EMPTY_CELL,
    MARK_INSIDE,
    NOT_NFC,
    QUOTED,
    REPLACEMENT_KEPT,
    WRONG_COLUMNS,
    excerpt,
    read_header,
    read_lines,
    read_tsv,
    write_tsv,
)

COLUMNS = ("english", "target")


def written(folder: Path, content: bytes, name: str = "lexicon.tsv") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def lines(path: Path, **settings: bool) -> list[str]:
    return [text for _, text in read_lines(path, repairs=Counter(), **settings)]


def complaint(path: Path, columns: Sequence[str] = COLUMNS, *, header: bool = False) -> str:
    with pytest.raises(InputError) as caught:
        list(read_tsv(path, columns, header=header))
    return str(caught.value)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", []),
        (b"mbwa\npaka\n", ["mbwa", "paka"]),
        (b"mbwa\r\npaka\r\n", ["mbwa", "paka"]),
        (b"mbwa\r\npaka", ["mbwa", "paka"]),
        (b"mbwa\n\npaka\n", ["mbwa", "", "paka"]),
        (b"\xef\xbb\xbfmbwa\n", ["mbwa"]),
    ],
)
def test_line_ends_and_the_mark_at_the_start(
    tmp_path: Path, content: bytes, expected: list[str]
) -> None:
    repairs: Counter[str] = Counter()
    path = written(tmp_path, content)
    assert [text for _, text in read_lines(path, repairs=repairs)] == expected
    assert not repairs


@pytest.mark.parametrize("character", ["\u2028", "\u2029", "\x0b", "\x0c", "\x1c", "\x85"])
def test_only_a_line_feed_ends_a_line(tmp_path: Path, character: str) -> None:
    text = f"mbwa{character}paka"
    assert lines(written(tmp_path, f"{text}\n".encode())) == [text]


def test_numbers_count_from_one_and_gzip_is_unpacked(tmp_path: Path) -> None:
    path = written(tmp_path, gzip.compress("ñandu\r\npuma\n".encode()), "animals.txt.gz")
    assert list(read_lines(path)) == [(1, "ñandu"), (2, "puma")]


def test_repairs_are_counted_by_line(tmp_path: Path) -> None:
    content = "\ufeff\ufeffmbwa\n\ufeffpa\ufeffka\nn\u0303andu\nkuku\n".encode()
    repairs: Counter[str] = Counter()
    path = written(tmp_path, content)
    assert [text for _, text in read_lines(path, repairs=repairs)] == [
        "mbwa",
        "paka",
        "ñandu",
        "kuku",
    ]
    assert repairs == {MARK_INSIDE: 2, NOT_NFC: 1}


def test_repairs_that_nobody_counts_are_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = written(tmp_path, "n\u0303andu\n".encode())
    with caplog.at_level(logging.WARNING):
        list(read_lines(path))
    assert caplog.messages == [f"{path}: repaired: not NFC, normalised (1)"]


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        (
            b"ta\xf1i",
            "expected UTF-8, found byte 0xf1 at position 3;"
            " convert the file with iconv -f ENCODING -t UTF-8",
        ),
        (
            b"ta\x00i",
            "expected text, found NUL character at position 3;"
            " the file is binary, or UTF-16: iconv -f UTF-16 -t UTF-8 converts it",
        ),
        (
            "ta\ufffdi".encode(),
            "expected text, found U+FFFD at position 3; restore the letter",
        ),
        (b"\xed\xa0\x80", "expected UTF-8, found byte 0xed at position 1; convert the file"),
    ],
)
def test_what_cannot_be_repaired_is_an_error(tmp_path: Path, second: bytes, expected: str) -> None:
    path = written(tmp_path, b"mbwa\n" + second + b"\n")
    with pytest.raises(InputError) as caught:
        list(read_lines(path))
    assert str(caught.value).startswith(f"{path}:2: {expected}")


NO_TEXT = [
    (b"ta\xf1i", NOT_UTF8),
    (b"ta\x00i", NUL_INSIDE),
    (b"ta\xef\xbf\xbdi", REPLACEMENT_INSIDE),
]


@pytest.mark.parametrize(("second", "reason"), NO_TEXT)
def test_lines_that_are_no_text_are_left_out_on_request(
    tmp_path: Path, second: bytes, reason: str
) -> None:
    dropped: Counter[str] = Counter()
    path = written(tmp_path, b"mbwa\n" + second + b"\npaka\n")
    found = list(read_lines(path, skip_bad=True, dropped=dropped))
    assert (found, dropped) == ([(1, "mbwa"), (3, "paka")], {reason: 1})
    rows = list(read_tsv(path, ("swahili",), header=False, skip_bad=True, dropped=dropped))
    assert ([row.line for row in rows], dropped) == ([1, 3], {reason: 2})


@pytest.mark.parametrize(("second", "_"), NO_TEXT)
def test_the_option_is_advised_where_the_caller_has_it(
    tmp_path: Path, second: bytes, _: str
) -> None:
    path = written(tmp_path, second)
    for skip_bad, option in ((None, None), (False, "--skip-bad")):
        with pytest.raises(InputError) as caught:
            list(read_lines(path, skip_bad=skip_bad))
        assert caught.value.option == option


def test_replacement_characters_are_kept_on_request(tmp_path: Path) -> None:
    repairs: Counter[str] = Counter()
    path = written(tmp_path, "ta\ufffdi\nmbwa\n".encode())
    kept = list(read_lines(path, repairs=repairs, keep_replacement=True))
    assert kept == [(1, "ta\ufffdi"), (2, "mbwa")]
    assert repairs == {REPLACEMENT_KEPT: 1}


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.txt: no such file; check the path"):
        list(read_lines(tmp_path / "none.txt"))
    with pytest.raises(InputError, match="expected a readable file, found: is a directory"):
        list(read_lines(tmp_path))
    half = gzip.compress(b"mbwa\n" * 100)[:-12]
    with pytest.raises(InputError, match=r"cut\.gz:\d+: expected gzip data, found: "):
        list(read_lines(written(tmp_path, half, "cut.gz")))
    with pytest.raises(InputError, match=r"plain\.gz:1: expected gzip data, found: Not a gzip"):
        list(read_lines(written(tmp_path, b"mbwa\n", "plain.gz")))


def test_xz_is_unpacked_on_the_way(tmp_path: Path) -> None:
    packed = lzma.compress(b"mbwa\npaka\n")
    assert list(read_lines(written(tmp_path, packed, "a.tsv.XZ"))) == [(1, "mbwa"), (2, "paka")]
    with pytest.raises(InputError, match=r"cut\.xz:\d+: expected xz data, found: "):
        list(read_lines(written(tmp_path, packed[:-9], "cut.xz")))


def test_columns_are_counted_strictly(tmp_path: Path) -> None:
    path = written(tmp_path, "dog\tmbwa\ntaniñ\n".encode())
    assert complaint(path) == (
        f'{path}:2: expected 2 columns (english, target), found 1 ("taniñ"); fix the line'
    )
    path = written(tmp_path, b"dog\tmbwa\tn\n")
    assert 'found 3 ("dog<TAB>mbwa<TAB>n")' in complaint(path)
    assert "expected 1 column (english), found 3" in complaint(path, ("english",))


def test_a_quote_is_a_character(tmp_path: Path) -> None:
    path = written(tmp_path, b'a "dog\tmbwa\n"cat\tpaka"\n')
    rows = list(read_tsv(path, COLUMNS, header=False))
    assert [row.cells for row in rows] == [('a "dog', "mbwa"), ('"cat', 'paka"')]
    assert [row.line for row in rows] == [1, 2]


def test_empty_cells(tmp_path: Path) -> None:
    path = written(tmp_path, b"dog\t \n")
    assert ":1: expected text in column target, found an empty cell; fix" in complaint(path)
    allowed = read_tsv(path, COLUMNS, header=False, empty=("target",))
    assert [row.cells for row in allowed] == [("dog", " ")]


def test_bad_rows_are_skipped_and_counted(tmp_path: Path) -> None:
    path = written(tmp_path, b"dog\tmbwa\n\ncat\t\na\tb\tc\nhen\tkuku\n")
    dropped: Counter[str] = Counter()
    rows = list(read_tsv(path, COLUMNS, header=False, skip_bad=True, dropped=dropped))
    assert [row.line for row in rows] == [1, 5]
    assert dropped == {WRONG_COLUMNS: 2, EMPTY_CELL: 1}


def test_drops_that_nobody_counts_are_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = written(tmp_path, b"dog\n")
    assert list(read_tsv(path, COLUMNS, header=False, skip_bad=True)) == []
    assert caplog.messages == [f"{path}: dropped: wrong number of columns (1)"]


def test_the_header_must_match(tmp_path: Path) -> None:
    path = written(tmp_path, b"English\ttarget\ndog\tmbwa\n")
    assert complaint(path, header=True) == (
        f'{path}:1: expected the header "english<TAB>target", found "English<TAB>target";'
        " name the columns like this on the first line"
    )
    assert read_header(path) == ("English", "target")
    assert 'found "";' in complaint(written(tmp_path, b""), header=True)


@pytest.mark.parametrize("first", [b"", b"eng\t\tswa\n", b"eng\teng\n"])
def test_a_header_names_every_column_once(tmp_path: Path, first: bytes) -> None:
    with pytest.raises(InputError, match=":1: expected a header of different column names"):
        read_header(written(tmp_path, first))


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        ("a\tb", "U+0009"),
        ("a\nb", "U+000A"),
        ("a\r", "U+000D"),
        ("\0", "U+0000"),
        ("\ufeffa", "U+FEFF"),
        ("\ud800", "U+D800"),
        ("n\u0303", "another normal form"),
    ],
)
def test_cells_that_would_not_come_back_are_refused(tmp_path: Path, cell: str, found: str) -> None:
    path = tmp_path / "out.tsv"
    with pytest.raises(InputError) as caught:
        write_tsv(path, COLUMNS, [("dog", "mbwa"), ("cat", cell)])
    message = str(caught.value)
    assert message.startswith(f"{path}:3: expected one line of NFC text in column target, found ")
    assert f"found {found} in " in message
    assert list(tmp_path.iterdir()) == []


def test_an_excerpt_is_one_short_line() -> None:
    assert excerpt("a\rb\x85") == '"a\\rb\\x85"'
    assert len(excerpt("x" * 1000)) == 62


CELL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\t\n\r\0\ufeff\ufffd"))


@given(table=st.lists(st.tuples(CELL, CELL)))
def test_tables_come_back(tmp_path_factory: pytest.TempPathFactory, table: list) -> None:
    table = [tuple(unicodedata.normalize("NFC", cell) for cell in row) for row in table]
    path = tmp_path_factory.mktemp("table") / "table.tsv"
    write_tsv(path, COLUMNS, table)
    rows = read_tsv(path, COLUMNS, header=True, empty=COLUMNS, repairs=(repairs := Counter()))
    assert [row.cells for row in rows] == table
    assert set(repairs) <= {QUOTED}  # where all that was drawn looks like a spreadsheet's


def test_real_byte_order_marks_inside_lines(mirror: Path) -> None:
    # 6 and 2 by `grep -c $'\xef\xbb\xbf'`
    for name, count in (("train.en", 6), ("train.swa", 2)):
        repairs: Counter[str] = Counter()
        path = mirror / "lafand/text_files/en-swa" / name
        assert sum(1 for _ in read_lines(path, repairs=repairs)) == 30782
        assert repairs[MARK_INSIDE] == count


def test_real_replacement_characters(mirror: Path) -> None:
    path = mirror / "lafand/text_files/en-zul/dev.zul"  # line 1132 by `grep -n`
    with pytest.raises(InputError, match=r"dev\.zul:1132: expected text, found U\+FFFD"):
        list(read_lines(path))
    assert len(lines(path, keep_replacement=True)) == 1239


@pytest.mark.parametrize("tail", ["\n", "\n\n \n", "\t\n", "\n\t\t\n\u00a0\n"])
def test_blank_lines_at_the_end_are_no_rows(tmp_path: Path, tail: str) -> None:
    path = written(tmp_path, f"dog\tmbwa\ncat\tpaka\n{tail}".encode())
    dropped: Counter[str] = Counter()
    assert len(list(read_tsv(path, COLUMNS, header=False, dropped=dropped))) == 2
    assert not dropped


def test_blank_lines_between_rows_are_faults(tmp_path: Path) -> None:
    path = written(tmp_path, b"dog\tmbwa\n\n\t\ncat\tpaka\n\n")
    assert complaint(path).startswith(f"{path}:2: expected 2 columns")
    dropped: Counter[str] = Counter()
    rows = list(read_tsv(path, COLUMNS, header=False, skip_bad=True, dropped=dropped))
    assert [row.line for row in rows] == [1, 4]
    assert dropped == {WRONG_COLUMNS: 1, EMPTY_CELL: 1}


@pytest.mark.parametrize(
    ("rows", "count"),
    [
        (['"He said ""come"""\t"Alisema ""njoo"""', "dog\tmbwa"], 1),
        (['"dog"\t"mbwa"', '"cat"\t"paka"'], 2),  # all of them
        (['"dog, cat"\tmbwa', 'hen\t"kuku, jogoo"', "cow\tng'ombe"], 2),  # those with a comma
        (['"Come!"\t"Njoo!"', "dog, cat\tmbwa, paka"], 0),  # speech
        (['"dog\tmbwa"', '"cat" he said\tpaka'], 0),
        (['"dog"\t"mbwa"'], 0),  # one row proves nothing
    ],
)
def test_a_spreadsheet_s_quotes_are_kept_and_counted(
    tmp_path: Path, rows: list[str], count: int
) -> None:
    path = written(tmp_path, "".join(f"{row}\n" for row in rows).encode())
    repairs: Counter[str] = Counter()
    found = read_tsv(path, COLUMNS, header=False, repairs=repairs)
    assert ["\t".join(row.cells) for row in found] == rows
    assert repairs == ({QUOTED: count} if count else {})


def test_a_header_in_quotes_is_named(tmp_path: Path) -> None:
    path = written(tmp_path, b'"english"\t"target"\n"dog"\t"mbwa"\n')
    assert "quotes are text here: save the table without them" in complaint(path, header=True)
    with pytest.raises(InputError, match="expected plain column names, found them in quotes"):
        read_header(path)


def test_a_line_break_in_a_quoted_cell_makes_no_row(tmp_path: Path) -> None:
    path = written(tmp_path, b'dog\tmbwa\n"one\ntwo"\t"moja\nmbili"\ncat\tpaka\n')
    assert 'found 1 (""one"); a line break ends a row, in quotes too; fix' in complaint(path)
    dropped: Counter[str] = Counter()
    rows = read_tsv(path, COLUMNS, header=False, skip_bad=True, dropped=dropped)
    assert [row.cells for row in rows] == [("dog", "mbwa"), ("cat", "paka")]
    assert dropped == {WRONG_COLUMNS: 3}


def test_a_row_of_another_width_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "out.tsv"
    with pytest.raises(InputError, match=r"expected 2 cells, found 3; write all"):
        write_tsv(path, ("a", "b"), [("1", "2"), ("1", "2", "3")])
    assert not path.exists()
