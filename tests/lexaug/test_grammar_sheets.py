"""The project's grammar sheets can be read, and templates do what their page says."""

from __future__ import annotations

import re

import pytest

from data.languages import resolve
from lexaug.transfer.build import SHEETS, find_sheet
from lexaug.transfer.grammar import Sheet, read_sheet
from lexaug.transfer.pieces import Piece, around, joined

OWN = sorted(SHEETS.glob("*.toml"))
CELLS = {"s", "n", "c", "of"}


@pytest.mark.parametrize("path", OWN, ids=lambda path: path.stem)
def test_every_sheet_is_read_and_names_a_language(path) -> None:
    sheet = read_sheet(path)
    assert find_sheet("auto", resolve(path.stem)) == path
    templates = [*sheet.verb.values(), *sheet.prepositions.values(), sheet.genitive]
    for template in (*templates, *sheet.possessives.values()):
        assert set(re.findall(r"{(\w+)}", template)) <= CELLS
        for change in template.split(" | ")[1:]:
            re.compile(change.partition(">")[0])


def test_a_language_without_a_sheet_has_none() -> None:
    assert find_sheet("auto", resolve("yo")) is None


def test_the_first_change_that_fits_is_made() -> None:
    pieces = [Piece("эшләргә", 0, 4, 1, "exact")]
    template = "_ | ырға$>а | ргә$>й"
    assert [piece.text for piece in around(template, pieces, (0, 4)) if piece.text] == ["эшләй"]


def test_a_template_with_most_features_counts_and_negation_goes_before_all() -> None:
    sheet = Sheet(verb={frozenset({"NEG"}): "a_", frozenset({"PST", "3", "SG"}): "b_"})
    assert sheet.template("verb", ("V", "PST", "3", "SG")) == "b_"
    assert sheet.template("verb", ("V", "PST", "3", "SG", "NEG")) == "a_"
    assert sheet.template("verb", ("V", "FUT")) is None


def test_a_separator_is_written_once() -> None:
    pieces = [Piece("ཁྲོམ་", 0, 1), Piece("ལ་", 2, 3), Piece("སོང", 4, 5)]
    assert joined(pieces, "་")[0] == "ཁྲོམ་ལ་སོང"
