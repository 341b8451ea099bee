"""The order of the columns of triples: told by names or evidence, refused where that is thin."""

from __future__ import annotations

from collections import Counter
from itertools import permutations
from pathlib import Path

import pytest

from data.errors import InputError
from data.inflections.columns import Layout, find_layout, names_of_columns, told_layout
from data.unimorph import read_triples
from tests.data.order_of_columns import ROLES, Row, permuted, rows_of, verdicts

VERBS = ["soma", "pika", "lala", "imba", "cheza", "andika", "kimbia", "tembea"]
CELLS = {"V;PST;3;SG": "ali", "V;FUT;3;SG": "ata", "V;PRS;1;SG": "nina", "V;NFIN": "ku"}
SWAHILI = [(verb, tag, prefix + verb) for verb in VERBS for tag, prefix in CELLS.items()]

# A language whose citation form is the longest: the form is contained in the lemma.
STEMS = ["habl", "cant", "mir", "compr", "dej", "lav", "llor", "nad", "salt", "viaj"]
ENDINGS = {"V;IMP;2;SG": "a", "V;IND;PRS;1;SG": "o", "V;SBJV;PRS;3;SG": "e", "V;IND;PRS;3;SG": "a"}
SPANISH = [(f"{stem}ar", tag, stem + ending) for stem in STEMS for tag, ending in ENDINGS.items()]


@pytest.mark.parametrize("order", permutations(ROLES))
@pytest.mark.parametrize("rows", [SWAHILI, SPANISH], ids=["longer forms", "shorter forms"])
def test_each_of_the_six_orders_is_found(order: Row, rows: list[Row]) -> None:
    assert find_layout("x", permuted(rows, order)).columns == order
    shouted = [(lemma.upper(), tag, form.upper()) for lemma, tag, form in rows]
    assert find_layout("x", permuted(shouted, order)).columns == order


@pytest.mark.parametrize("order", permutations(ROLES))
@pytest.mark.parametrize(
    "rows",
    [
        [("soma", "V;PST", "alisoma")],
        [("soma", "V;PST", "alisoma"), ("pika", "V;PST", "alipika")],
        [(f"{stem}ar", "V;IMP;2;SG", f"{stem}a") for stem in STEMS],  # one bundle
        [(verb, "V;NFIN", verb) for verb in VERBS],  # all cells alike
        [("soma", "V;NFIN", "kusoma"), ("soma", "V;PST", "nilifanya")],
    ],
    ids=["one row", "two rows", "one bundle", "all alike", "nothing contained"],
)
def test_rows_that_tell_too_little_are_refused_in_any_order(order: Row, rows: list[Row]) -> None:
    with pytest.raises(InputError, match=r"too little to tell lemma from form") as caught:
        find_layout("my.tsv", permuted(rows, order))
    assert "begin the file with a line of names" in str(caught.value)
    assert caught.value.option == "--columns"
    assert caught.value.advice == "give the order, such as --columns lemma,form,features"


def test_a_publishers_order_decides_where_the_cells_do_not_and_never_against_them() -> None:
    [row] = permuted([("soma", "V;PST", "alisoma")], ("lemma", "form", "features"))
    usual = ("lemma", "form", "features")
    assert find_layout("x", [row], usual).columns == usual
    assert find_layout("x", [("", *row)], usual).columns == ("-", *usual)
    with pytest.raises(InputError, match="too little to tell"):
        find_layout("x", permuted([("soma", "V;PST", "alisoma")], ROLES), usual)
    turned = ("form", "lemma", "features")
    assert find_layout("x", permuted(SWAHILI, turned), usual).columns == turned


@pytest.mark.parametrize(
    ("names", "order"),
    [
        ("lemma\ttags\tform", "lemma features form"),
        ("Lemma\tForm\tMSD", "lemma form features"),
        ("LEMMA\tFORM\tFEATURES", "lemma form features"),
        ("# lemma\tinflected form\tmorphosyntactic description", "lemma form features"),
        ("#word\tmsd\tinflected", "lemma features form"),
        ("lemma\tword\ttags", "lemma form features"),
        ("source\ttarget\tfeatures", "lemma form features"),
        ('"lemma"\t"word_form"\t"feats"', "lemma form features"),
        ("Inflected-Form\tMSD\tLemma", "form features lemma"),
        ("lemma\tform\tPOS", "lemma form features"),  # POS is a feature as well: positive
        ("lemma\tform\tgrammar", "lemma form features"),  # what is left
        ("id\tlemma\tform\tmsd\tgloss", "- lemma form features -"),
        ("lemma\tfeatures", "lemma features"),
        ("word\twords\tN;PL", None),
        ("base\tform\tN;SG", None),
        ("form\tforms\tN;PL", None),
        ("lemma\tlemma\tmsd", None),
        ("soma\talisoma\tV;PST", None),
    ],
)
def test_names_of_columns_in_common_spellings(names: str, order: str | None) -> None:
    assert names_of_columns(names.split("\t")) == (tuple(order.split()) if order else None)


@pytest.mark.parametrize("first", ["lema\tpalavra\ttraços", "Lemma\tForm\tMSD", "A\tB\tC"])
def test_a_first_row_without_a_bundle_is_left_out_in_whatever_language(
    tmp_path: Path, first: str
) -> None:
    rows = permuted(SWAHILI, ("lemma", "form", "features"))
    lines = "\r\n".join([first, *map("\t".join, rows), ""])
    path = tmp_path / "t.tsv"
    path.write_bytes(b"\xef\xbb\xbf" + lines.encode())
    dropped = Counter[str]()
    triples = list(read_triples(path, dropped=dropped))
    assert [(one.lemma, one.features, one.form) for one in triples] == SWAHILI
    assert dropped == {"names of columns": 1}


def test_a_first_row_with_a_bundle_is_no_name(tmp_path: Path) -> None:
    rows = [("form", "forms", "N;PL"), *permuted(SWAHILI, ("lemma", "form", "features"))]
    assert not find_layout("x", rows).has_names


def test_columns_that_are_empty_or_hold_segmentations_are_passed_over() -> None:
    wide = [(a, c, b, f"{c[:3]}|{c[3:]}") for a, b, c in SWAHILI]
    assert find_layout("x", wide).columns == ("lemma", "form", "features", "-")
    empty_first = [("", a, c, b) for a, b, c in SWAHILI]
    assert find_layout("x", empty_first).columns == ("-", "lemma", "form", "features")
    glossed = [(a, c, b, "gloss") for a, b, c in SWAHILI]
    with pytest.raises(InputError, match=r"found other columns: first, second, fourth"):
        find_layout("x", glossed)


@pytest.mark.parametrize(
    "rows",
    [
        [("N", "N", "N"), ("V", "V", "V")],  # lemmas that are parts of speech too
        [("soma", "kitabu", "alisoma")] * 3,
        [("peru", "peruke", "N:N", "-ke")] * 3,  # derivations
    ],
)
def test_rows_without_one_column_of_bundles_are_refused(rows: list[Row]) -> None:
    with pytest.raises(InputError, match=r"expected one column of feature bundles.*found bundles"):
        find_layout("x", rows)


def test_an_order_that_was_asked_for_is_checked_against_bundles_and_names() -> None:
    rows = permuted(SWAHILI, ("lemma", "form", "features"))
    with pytest.raises(InputError, match=r"bundles in the second column.*found them in the third"):
        told_layout("x", ROLES, rows)
    with pytest.raises(InputError, match=r"as was asked, found the names"):
        told_layout("x", ("form", "lemma", "features"), [("lemma", "form", "tags"), *rows])
    own_tags = [("soma", "alisoma", "past")]
    order = ("lemma", "form", "features")
    assert told_layout("x", order, own_tags) == Layout(order, "as was asked")


def test_no_published_file_is_told_wrongly_in_any_order(mirror: Path) -> None:
    # All files, and 1,000 rows too: python -m tests.data.order_of_columns; docs/LOG.md has it.
    counts = Counter[str]()
    for path in sorted(mirror.glob("sigmorphon2023/part1/data/*.dev")):
        if "covered" not in path.name:
            rows = rows_of(path, ROLES)
            counts.update(verdicts(rows, 20, path.name))
            counts.update(verdicts(rows, 100, path.name))
    assert counts["wrong"] == 0
    assert counts["right"] > 0.8 * counts.total()


def test_a_few_repeats_among_rows_of_one_lemma_each_tell_nothing() -> None:
    # Drawn from a dictionary: no lemma comes twice, and homographs among the forms do.
    rows = [
        (f"ki{n:03}", f"N;{'PL' if n % 2 else 'SG'}", f"ki{min(n, 2 * (n // 2)) if n < 12 else n}z")
        for n in range(200)
    ]
    with pytest.raises(InputError, match="too little to tell lemma from form"):
        find_layout("x", rows)


def test_a_row_without_letters_is_no_line_of_names() -> None:
    rows = [("_", "_", "x"), *SWAHILI]
    assert not find_layout("x", rows).has_names


def test_lines_without_a_tab_are_told_what_they_lack() -> None:
    with pytest.raises(InputError, match="found lines without a tab, as in") as refused:
        find_layout("x", [(",".join(row),) for row in SWAHILI])
    assert refused.value.option is None


def test_no_row_tells_nothing() -> None:
    with pytest.raises(InputError, match=r"x: expected lemmas, features and forms, found no row"):
        find_layout("x", [])


def test_a_publishers_order_tells_two_columns_that_look_like_bundles_apart() -> None:
    rows = [("V", "V;PST", "alisoma"), ("N", "N;PL", "vitabu"), ("ADJ", "ADJ;PL", "kubwa")]
    with pytest.raises(InputError, match="expected one column of feature bundles"):
        find_layout("x", rows)
    usual = ("lemma", "features", "form")
    assert find_layout("x", rows, usual).columns == usual
