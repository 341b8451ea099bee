"""Triples out of files: column order, repairs, what is left out, and what is refused."""

from __future__ import annotations

import unicodedata
from collections import Counter
from pathlib import Path

import pytest

from data.errors import InputError
from data.tsv import QUOTED
from data.unimorph import (
    ABSENT,
    BLANK,
    COMMENT,
    NAMES,
    REPEATED,
    SPACE,
    TOO_LONG,
    Triple,
    raw_lines,
    read_triples,
)

SHARED_TASK = "soma\tV;PST;NOM(3,SG)\talisoma\nsoma\tV;NFIN\tkusoma\n"
UNIMORPH = "soma\talisoma\tV;PST;3;SG\nsoma\tkusoma\tV;NFIN\n"


def write(folder: Path, content: str | bytes, name: str = "table") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_the_order_of_the_columns_is_found_out_and_shown_with_what_tells_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shared_task = list(read_triples(write(tmp_path, SHARED_TASK)))
    unimorph = list(read_triples(write(tmp_path, UNIMORPH)))
    assert shared_task[1] == unimorph[1] == Triple("soma", "V;NFIN", "kusoma")
    assert "columns lemma, features, form: 100% of 2 second cells are bundles" in caplog.text
    assert "first against third: 1:0 beside several others" in caplog.text
    assert "columns lemma, form, features: 100% of 2 third cells are bundles" in caplog.text


def test_the_order_is_told_by_names_or_by_the_caller(tmp_path: Path) -> None:
    named = write(tmp_path, "form\tlemma\tfeatures\nalisoma\tsoma\tPST\n")
    dropped = Counter[str]()
    assert list(read_triples(named, dropped=dropped)) == [Triple("soma", "PST", "alisoma")]
    assert dropped == {NAMES: 1}
    wide = write(tmp_path, "soma\talisoma\tV;PST\ta-li-som-a\n")
    order = ("lemma", "form", "features", "-")
    assert list(read_triples(wide, columns=order)) == [Triple("soma", "V;PST", "alisoma")]
    with pytest.raises(InputError, match=r"expected lemma, features, perhaps form.*found lemma, x"):
        list(read_triples(wide, columns=("lemma", "x")))


def test_comments_and_blank_lines_are_passed_over_and_counted(tmp_path: Path) -> None:
    path = write(tmp_path, f"# Veps: Central\n\n{UNIMORPH}# a note\n")
    dropped = Counter[str]()
    assert len(list(read_triples(path, dropped=dropped))) == 2
    assert dropped == {COMMENT: 2, BLANK: 1}


def test_a_bad_line_is_named_before_an_order_that_few_rows_cannot_tell(tmp_path: Path) -> None:
    path = write(tmp_path, "soma\talisoma\tV;PST\npika\talipika\tV;PST\nlala  alilala\tV;PST\n")
    with pytest.raises(
        InputError, match=r"table:3: expected 3 columns with text, found 2.*fix the line"
    ) as bad:
        list(read_triples(path))
    assert bad.value.option == "--skip-bad"
    with pytest.raises(InputError, match=r"too little to tell lemma from form in 2 rows") as thin:
        list(read_triples(path, skip_bad=True))
    assert thin.value.option == "--columns"
    order = ("lemma", "form", "features")
    assert len(list(read_triples(path, skip_bad=True, columns=order))) == 2


def test_a_mark_inside_a_lemma_is_part_of_it_where_text_is_kept_as_it_is(tmp_path: Path) -> None:
    marked = "\ufeffsoma\talisoma\tV;PST\n\ufeffpika\talipika\tV;PST\n"
    path = write(tmp_path, marked)
    order = ("lemma", "form", "features")
    as_it_is = [triple.lemma for triple in read_triples(path, columns=order, normalise=False)]
    assert as_it_is == ["soma", "\ufeffpika"]  # the first begins the file, the second a lemma
    assert [text for _, text in raw_lines(path)] == marked.removeprefix("\ufeff").splitlines()
    cleaned = [triple.lemma for triple in read_triples(path, columns=order)]
    assert cleaned == ["soma", "pika"]


def test_a_covered_file_has_no_forms_and_is_no_training_data(tmp_path: Path) -> None:
    covered = write(tmp_path, "soma\tV;PST\nsoma\tV;NFIN\n", "swa.covered.tst")
    assert next(read_triples(covered)) == Triple("soma", "V;PST", None)
    with pytest.raises(InputError, match=r"swa\.covered\.tst: expected lemma, features and form"):
        list(read_triples(covered, need_forms=True))


def test_what_is_mended_and_what_is_left_out_is_counted(tmp_path: Path) -> None:
    text = (
        "\ufeffsalama \tkusalama \tV;NFIN\r\n"
        "\r\n"
        "salama\tkusalama\tV;NFIN\r\n"
        "salama\t-\tV;FUT\r\n"
        "n\u0303ata\tn\u0303ataki\tV;PST\r\n"
        "salama\tkusalama\tV;NFIN\r\n"
    )
    path = write(tmp_path, text)
    dropped, repairs = Counter[str](), Counter[str]()
    order = ("lemma", "form", "features")
    triples = list(read_triples(path, columns=order, dropped=dropped, repairs=repairs))
    assert triples == [Triple("salama", "V;NFIN", "kusalama"), Triple("ñata", "V;PST", "ñataki")]
    assert dropped == {BLANK: 1, REPEATED: 2, ABSENT: 1}
    assert repairs == {SPACE: 1, "not NFC, normalised": 1}
    assert len(list(read_triples(path, columns=order, every_row=True))) == 5


def test_text_is_kept_as_it_is_for_a_scorer_that_compares_it_so(tmp_path: Path) -> None:
    shadda_first = "\u0645\u0651\u064e"  # Arabic marks in the usual, not the canonical order
    path = write(tmp_path, f"{shadda_first}\tV;PST\t{shadda_first}\n")
    order = ("lemma", "features", "form")
    as_it_is = next(read_triples(path, columns=order, normalise=False))
    assert as_it_is.form == shadda_first
    composed = next(read_triples(path, columns=order))
    assert composed.form == unicodedata.normalize("NFC", shadda_first) != shadda_first


def test_bad_rows_name_their_line_or_are_counted(tmp_path: Path) -> None:
    path = write(tmp_path, f"{UNIMORPH}soma\tV;FUT\nsoma\t\tV;FUT\n")
    with pytest.raises(InputError, match=r"table:3: expected 3 columns \(lemma, form, features\)"):
        list(read_triples(path))
    dropped = Counter[str]()
    assert len(list(read_triples(path, skip_bad=True, dropped=dropped))) == 2
    assert dropped == {"wrong number of columns": 1, "empty cell": 1}
    with pytest.raises(InputError, match=r"table:1: expected UTF-8, found byte 0xff"):
        list(read_triples(write(tmp_path, b"\xff\tV\tx\n"), normalise=False))


# Rows counted by `grep -c .` in the mirror's files.
ROWS = {
    "swc/swc": 10_092,
    "zul/zul": 49_119,
    "eng/eng": 115_523,
    "kon/kon": 828,
    "swc/swc.sm": 4949,
}


@pytest.mark.parametrize(("name", "rows"), ROWS.items())
def test_published_tables_are_read_to_the_last_row(mirror: Path, name: str, rows: int) -> None:
    dropped = Counter[str]()
    triples = list(read_triples(mirror / "unimorph" / name, dropped=dropped))
    assert len(triples) + dropped[REPEATED] == rows
    assert len(set(triples)) == len(triples)


def test_a_row_that_holds_a_whole_text_is_a_bad_one(tmp_path: Path) -> None:
    path = write(tmp_path, UNIMORPH + f"pika\t{'pika ' * 500}\tV;NFIN\n")
    with pytest.raises(InputError, match=r":3: expected at most 2,000 characters, found 2,"):
        list(read_triples(path))
    dropped: Counter[str] = Counter()
    assert len(list(read_triples(path, skip_bad=True, dropped=dropped))) == 2
    assert dropped == {TOO_LONG: 1}


@pytest.mark.parametrize("header", ["", '"lemma"\t"form"\t"features"\n'])
@pytest.mark.parametrize("columns", [None, ("lemma", "form", "features")])
def test_a_spreadsheet_in_quotes_is_refused(
    tmp_path: Path, header: str, columns: tuple[str, ...] | None
) -> None:
    path = tmp_path / "swa.tsv"
    rows = [
        ("soma", "alisoma", "V;PST"),
        ("soma", "atasoma", "V;FUT"),
        ("pika", "alipika", "V;PST"),
    ]
    path.write_text(header + "".join("\t".join(f'"{c}"' for c in row) + "\n" for row in rows))
    with pytest.raises(InputError, match="expected plain cells, found them in quotes; quotes are"):
        list(read_triples(path, columns=columns))


def test_single_cells_in_quotes_are_kept_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "swa.tsv"
    rows = 'lemma\tform\tfeatures\nsoma\talisoma\tV;PST\n"a ""b"""\t"c ""d"""\tV;PST\n'
    path.write_text(rows, "utf-8")
    repairs = Counter[str]()
    assert len(list(read_triples(path, repairs=repairs))) == 2
    assert repairs == {QUOTED: 1}


def test_an_empty_cell_among_few_rows_is_named(tmp_path: Path) -> None:
    path = write(tmp_path, "soma\talisoma\tV;PST\n\talipika\tV;PST\n")
    with pytest.raises(
        InputError, match=r"table:2: expected 3 columns with text, found an empty one \("
    ):
        list(read_triples(path))
