"""JSON, TOML and digits from outside are of the shape asked for, or one line says why."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data import bounded
from data.bounded import MAX_DEPTH, parse_integer, parse_json, read_json, read_toml
from data.errors import InputError

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(VALUES)
def test_what_json_writes_is_read_back(value: object) -> None:
    assert parse_json(json.dumps(value), "x") == value


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[" * 5000 + "]" * 5000, f"x: expected at most {MAX_DEPTH} levels, found more"),
        ("[" * 101 + "]" * 101, f"x: expected at most {MAX_DEPTH} levels, found more"),
        ('{"n": ' + "9" * 5000 + "}", "x: expected numbers of at most 64 bits, found a longer one"),
        ('{"n": ' + "9" * 19 + "}", "x: expected numbers of at most 64 bits, found a longer one"),
        ("1e999", "x: expected numbers that are finite, found one too large"),
        ("NaN", "x: expected JSON, whose numbers are finite, found NaN"),
        (r'"\ud83d"', "x: expected Unicode text, found half of a surrogate pair"),
        (r'{"\uDC00": 1}', "x: expected Unicode text, found half of a surrogate pair"),
        ('{"a": 1', "x: expected JSON, found expecting ',' delimiter at line 1, column 8"),
        (b"\xff", "x: expected UTF-8, found byte 0xff at position 1"),
    ],
)
def test_what_is_out_of_bounds_is_named(text: str | bytes, complaint: str) -> None:
    with pytest.raises(InputError) as refused:
        parse_json(text, "x")
    assert str(refused.value) == f"{complaint}; correct it"


def test_bounds_are_met_exactly() -> None:
    assert parse_json("[" * MAX_DEPTH + "]" * MAX_DEPTH, "x")
    assert parse_json(str(2**63 - 1), "x") == 2**63 - 1
    assert parse_json(r'"\ud83d\ude00"', "x") == "😀"


@pytest.mark.parametrize(
    ("value", "shape", "complaint"),
    [
        (3, str, "expected a text, found 3"),
        (True, int, "expected a whole number, found true"),
        ({"a": "x"}, {"a": int}, 'expected a whole number in a, found "x"'),
        ({}, {"a": int}, "expected a, found nothing by that name"),
        ({"a": {"b": [1, ""]}}, {"a": {"b": [int]}}, 'expected a whole number in a.b[1], found ""'),
        ({"a": 0.5}, {str: int}, "expected a whole number in a, found 0.5"),
        (None, str | int, "expected a text or a whole number, found null"),
        ([1], dict, "expected an object, found a list"),
        ({"a": 1}, {"a?": str}, "expected a text in a, found 1"),
    ],
)  # fmt: skip
def test_shapes(value: object, shape: object, complaint: str) -> None:
    with pytest.raises(InputError) as refused:
        parse_json(json.dumps(value), "x", shape)
    assert str(refused.value) == f"x: {complaint}; correct it"


def test_what_may_be_absent_may_be_null() -> None:
    assert parse_json('{"a": null, "more": 1}', "x", {"a?": str, "b?": int})
    assert parse_json("2", "x", float) == 2


def test_files(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_bytes(b'\xef\xbb\xbf{"run": "sw"}')
    assert read_json(path, {"run": str}) == {"run": "sw"}
    with pytest.raises(InputError, match=r"expected at most 4 bytes, found more"):
        read_json(path, max_bytes=4)
    with pytest.raises(InputError, match="no such file"):
        read_json(tmp_path / "none.json")
    with pytest.raises(InputError, match="is a directory"):
        read_json(tmp_path)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("a = " + "[" * 1000 + "]" * 1000, "levels"),
        ("a = " + "9" * 5000, "64 bits"),
        (".".join("a" * 200) + " = 1", "levels"),
        ("a = inf", "finite"),
        ("a =", "TOML"),
    ],
)
def test_toml(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "template.toml"
    path.write_text(text)
    with pytest.raises(InputError, match=complaint):
        read_toml(path)


@given(st.integers(-(2**63), 2**63 - 1))
def test_whole_numbers_are_read_back(number: int) -> None:
    assert parse_integer(str(number), "x") == number


@pytest.mark.parametrize(
    "text", ["", "1_000", "٣", " 3", "3.0", "9" * 5000, str(2**63), "-", "3\n"]
)
def test_other_numbers_are_refused(text: str) -> None:
    with pytest.raises(InputError, match="x: expected a whole number, found") as refused:
        parse_integer(text, "x")
    assert len(str(refused.value)) < 200


def test_a_number_out_of_range_names_the_range() -> None:
    with pytest.raises(InputError, match="a whole number from 1 to 5, found '6'"):
        parse_integer("6", "x", low=1, high=5)


def test_texts_have_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded, "MAX_BYTES", 9)
    assert parse_json('{"a": 12}', "x") == {"a": 12}
    with pytest.raises(InputError, match=r"x: expected at most 9 bytes of JSON, found 10 charact"):
        parse_json('{"a": 123}', "x")


def test_tables_come_back_from_toml_in_their_shape(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_text('[words]\nmbwa = "dog"\n', "utf-8")
    assert read_toml(path, {"words": {str: str}}) == {"words": {"mbwa": "dog"}}
    with pytest.raises(InputError, match=r"x\.toml: expected a whole number in words.*mbwa"):
        read_toml(path, {"words": {str: int}})
