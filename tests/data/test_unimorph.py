"""Triples out of files: column order, repairs, what is left out, and what is refused."""

from __future__ import annotations

import logging
import unicodedata
from collections import Counter
from pathlib import Path

import pytest

from data.errors import InputError
from data.unimorph import ABSENT, BLANK, REPEATED, SPACE, Triple, find_columns, read_triples

SHARED_TASK = "soma\tV;PST;NOM(3,SG)\talisoma\nsoma\tV;NFIN\tkusoma\n"
UNIMORPH = "soma\talisoma\tV;PST;3;SG\nsoma\tkusoma\tV;NFIN\n"


def write(folder: Path, content: str | bytes, name: str = "table") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_the_order_of_the_columns_is_found_out_and_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    shared_task = list(read_triples(write(tmp_path, SHARED_TASK)))
    unimorph = list(read_triples(write(tmp_path, UNIMORPH)))
    assert shared_task[1] == unimorph[1] == Triple("soma", "V;NFIN", "kusoma")
    assert "columns lemma, features, form, found out from 2 rows" in caplog.text
    assert "columns lemma, form, features, found out from 2 rows" in caplog.text


def test_the_order_is_told_by_names_or_by_the_caller(tmp_path: Path) -> None:
    named = write(tmp_path, "form\tlemma\tfeatures\nalisoma\tsoma\tPST\n")
    assert list(read_triples(named)) == [Triple("soma", "PST", "alisoma")]
    wide = write(tmp_path, "soma\talisoma\tV;PST\ta-li-som-a\n")
    order = ("lemma", "form", "features", "-")
    assert list(read_triples(wide, columns=order)) == [Triple("soma", "V;PST", "alisoma")]
    with pytest.raises(InputError, match=r"expected lemma, features, perhaps form.*found lemma, x"):
        list(read_triples(wide, columns=("lemma", "x")))


def test_an_order_that_cannot_be_found_out_is_an_error_that_shows_rows(tmp_path: Path) -> None:
    letters = write(tmp_path, "N\tN\tN\nV\tV\tV\n")  # lemmas that are parts of speech too
    with pytest.raises(InputError, match=r'100%, 100%, 100%.*"N<TAB>N<TAB>N".*--columns lemma'):
        list(read_triples(letters))
    first = write(tmp_path, "V;PST\tsoma\talisoma\n")
    with pytest.raises(InputError, match=r"second or last of three.*100%, 0%, 0%"):
        list(read_triples(first))
    wide = write(tmp_path, "soma\talisoma\tV;PST\ta-li-som-a\n")
    with pytest.raises(InputError, match="say the order with columns"):
        list(read_triples(wide))
    with pytest.raises(InputError, match="found no row"):
        list(read_triples(write(tmp_path, "\n\n")))


def test_a_bundle_inside_a_lemma_column_does_not_mislead() -> None:
    rows = [("soma", "V;PST", "alisoma")] * 30 + [("V", "N;SG", "V")]
    assert find_columns(Path("x"), rows) == ("lemma", "features", "form")


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
    triples = list(read_triples(path, dropped=dropped, repairs=repairs))
    assert triples == [Triple("salama", "V;NFIN", "kusalama"), Triple("ñata", "V;PST", "ñataki")]
    assert dropped == {BLANK: 1, REPEATED: 2, ABSENT: 1}
    assert repairs == {SPACE: 1, "not NFC, normalised": 1}
    assert len(list(read_triples(path, every_row=True))) == 5


def test_text_is_kept_as_it_is_for_a_scorer_that_compares_it_so(tmp_path: Path) -> None:
    shadda_first = "\u0645\u0651\u064e"  # Arabic marks in the usual, not the canonical order
    path = write(tmp_path, f"{shadda_first}\tV;PST\t{shadda_first}\n")
    as_it_is = next(read_triples(path, normalise=False))
    assert as_it_is.form == shadda_first
    composed = next(read_triples(path))
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
