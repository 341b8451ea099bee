"""A lexicon that somebody sends: read in any form, used at once, kept nowhere."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.own_lexicon import MOST_BYTES, knows, read_sent
from app.rewriting import rewrite_with
from data.access import Access
from data.errors import InputError
from data.languages import resolve

MDF = b"\\_sh v3.0 MDF\n\n\\lx mtoto\n\\ps n\n\\ge child\n\n\\lx shule\n\\ps n\n\\ge school\n"
CSV = b"word,gloss\nmtoto,child\nshule,school\n"
TABLE = b"en\tsw\nchild\tmtoto\nschool\tshule\n"
WANTED = {("child", "mtoto"), ("school", "shule")}


@pytest.mark.parametrize(
    ("name", "content", "turned"),
    [
        ("kamusi.db", MDF, True),
        ("kamusi.db", MDF, False),  # the form says that headwords are in the language
        ("words.csv", CSV, True),
        ("words.csv", b"word,gloss\nchild,mtoto\nschool,shule\n", False),
        ("en-sw.tsv", TABLE, False),
        ("en-sw.tsv", TABLE, True),  # its header says otherwise
        ("../../etc/x.csv", CSV, True),
    ],
)
def test_any_form_becomes_a_lexicon_from_english(name: str, content: bytes, turned: bool) -> None:
    found = read_sent(name, content, resolve("sw"), turned=turned)
    assert {(entry.source, entry.target) for entry in found.entries} == WANTED
    assert (found.source_language, found.target_language) == ("en", "sw")


def test_nothing_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    read_sent("kamusi.db", MDF, resolve("sw"))
    with pytest.raises(InputError):
        read_sent("kamusi.lift", b"<lift", resolve("sw"))
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_read_is_named_as_it_was_sent() -> None:
    with pytest.raises(InputError) as caught:
        read_sent("kamusi.lift", b"<lift><entry></lift>", resolve("sw"))
    assert str(caught.value).startswith("kamusi.lift:1: expected LIFT")
    with pytest.raises(
        InputError, match=r"big.csv: expected at most 5,000,000 bytes, found 5,000,001"
    ):
        read_sent("big.csv", b"x" * (MOST_BYTES + 1), resolve("sw"))


def test_coverage_and_text_from_it() -> None:
    lexicon = read_sent("kamusi.db", MDF, resolve("sw"))
    found = knows(lexicon, resolve("sw"), access=Access(offline=True))
    assert found.english is not None
    assert found.english.tokens.total > found.english.tokens.exact >= 0
    made = rewrite_with(
        "The child goes to school.", lexicon, resolve("sw"), access=Access(offline=True)
    )
    assert made.lines[0].text == "The mtoto goes to shule."
    assert made.replaced == 2


def test_the_page_takes_it(run_page: Callable[..., Any]) -> None:
    test = run_page("try_it")
    assert not test.exception
    test.get("file_uploader")[0].set_value(("kamusi.db", MDF, "text/plain")).run()
    assert not test.exception
    page = "\n".join(element.proto.body for element in test.get("html"))
    assert "mtoto" in page
