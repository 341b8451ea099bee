"""Readers do work in proportion to their text: executed lines are counted, not seconds.

pytest tests/data/test_linear_readers.py
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from data.errors import InputError
from data.labels.schemes import Labels, tell, to_bio
from data.labels.slots import parse
from data.lexicon.files import read_dictd, read_lexicon
from data.lexicon.freedict import parse_article
from data.spelling import respell
from data.utterances import read_xsid
from data.words import word_runs

LINEAR = 6.0  # times the lines for four times the text: linear is 4, quadratic 16


def executed(call: Callable[[], Any]) -> int:
    """How many lines of Python run."""
    count = 0

    def trace(_: FrameType, event: str, __: Any) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        call()
    except InputError:
        pass
    finally:
        sys.settrace(before)
    return count


def as_bio(tags: list[str]) -> object:
    return to_bio(tags, tell([Labels(range(len(tags)), tags)], "x").scheme)


PARSERS: dict[str, Callable[[str], object]] = {
    "slots": parse,
    "article": parse_article,
    "words": lambda text: list(word_runs(text)),
    "spelling": lambda text: respell(text, "mos"),
    "schemes": lambda text: as_bio(text.split()),
}


@pytest.mark.parametrize(
    ("parser", "unit"),
    [
        *(("slots", unit) for unit in ("[a : b] ", "[", "]", "[a", "[a :", " ", "[ : ", "x ")),
        *(
            ("article", unit)
            for unit in (" ", "(", "[(", "; ", "! ", " . ", " -", "1. a\n", "<", "/")
        ),
        *(("article", unit) for unit in ("\n Plural of {a", "{", ",", "a, ", "neno\n")),
        *(("words", unit) for unit in ("a ", "a.", "'", "-", " ", "ŋ", "a-")),
        *(("spelling", unit) for unit in ("ι", "aι ", " ", "\u0301", "ιa-")),
        *(("schemes", unit) for unit in ("B-A I-A ", "I-A ", "S-A ", "O ", "B-A E-A ")),
    ],
)
def test_a_parser_is_linear(parser: str, unit: str) -> None:
    parse_text = PARSERS[parser]
    executed(lambda: parse_text(unit))  # what is made once, such as the table of spellings
    few, many = (executed(lambda n=n: parse_text(unit * n)) for n in (100, 400))
    assert many <= LINEAR * max(few, 50), (few, many)


def index_of(text: str) -> str:
    return f"neno\tA\t{_base64(len(text.encode()))}\n"


def _base64(number: int) -> str:
    digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    high, low = divmod(number, 64)
    return (_base64(high) if high else "") + digits[low]


@pytest.mark.parametrize("unit", [" ", "a, ", "-", "00-database-short"])
def test_a_dictionary_is_read_in_linear_time(tmp_path: Path, unit: str) -> None:
    def read(count: int) -> int:
        text, index = tmp_path / "a.dict", tmp_path / "a.index"
        text.write_text("neno <n>\n" + unit * count, "utf-8")
        index.write_text(index_of(text.read_text("utf-8")), "utf-8")
        return executed(lambda: read_dictd(index, text, "sw", "en"))

    read(1)
    few, many = read(100), read(400)
    assert many <= LINEAR * few, (few, many)


@pytest.mark.parametrize(
    ("form", "unit"),
    [
        ("muse", "a b\n"),
        ("muse", "\n"),
        ("pairs", "a\tb\n"),
        ("pairs", "\n"),
        ("wiktextract", '{"title": "a", "redirect": "b"}\n'),
        ("wiktextract", "\n"),
    ],
)
def test_a_lexicon_is_read_in_linear_time(tmp_path: Path, form: str, unit: str) -> None:
    def read(count: int) -> int:
        path = tmp_path / "list"
        path.write_text(unit * count, "utf-8")
        return executed(
            lambda: read_lexicon(path, "en", "sw", form, skip_bad=True, repairs=Counter())
        )

    read(1)
    few, many = read(100), read(400)
    assert many <= LINEAR * few, (few, many)


@pytest.mark.parametrize("unit", [" ", "=", " x", "\t"])
def test_a_comment_of_xsid_is_read_in_linear_time(tmp_path: Path, unit: str) -> None:
    def read(count: int) -> int:
        path = tmp_path / "x.conll"
        path.write_text(f"# text{unit * count}\n# intent = a\n1\tx\ta\tO\n", "utf-8")
        return executed(lambda: list(read_xsid(path)))

    read(1)
    few, many = read(100), read(400)
    assert many <= LINEAR * few, (few, many)
