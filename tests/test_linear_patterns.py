"""No pattern of the tree takes more than linear time: work is counted, not timed.

pytest tests/test_linear_patterns.py
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.backtracking import Matcher, worst

ROOT = Path(__file__).parent.parent
ROOMS = sorted(path.parent for path in ROOT.glob("*/__init__.py") if path.parent.name != "tests")
LINEAR = 6.0  # times the work for four times the text: linear is 4, quadratic 16
ANCHORED = {"match", "fullmatch"}
FUNCTIONS = {*ANCHORED, "search", "sub", "subn", "split", "findall", "finditer"}


class Pattern(NamedTuple):
    """A pattern as it stands in a file."""

    place: str
    text: str
    flags: int
    how: str


def patterns(path: Path) -> Iterator[Pattern]:
    """The patterns that a file spells out, wherever they are compiled or used."""
    source = path.read_text("utf-8")
    tree = ast.parse(source)
    assigned = [node for node in ast.walk(tree) if isinstance(node, ast.Assign)]
    names = {id(node.value): ast.unparse(node.targets[0]) for node in assigned}
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        called = node.func
        if not (isinstance(called.value, ast.Name) and called.value.id == "re" and node.args):
            continue
        first = node.args[0]
        if called.attr in {*FUNCTIONS, "compile"} and isinstance(first, ast.Constant):
            text = first.value if isinstance(first.value, str) else first.value.decode("latin-1")
            place = f"{path.relative_to(ROOT)}:{node.lineno}"
            compiled = called.attr == "compile"
            uses = _uses(names.get(id(node), "?"), source) if compiled else {called.attr}
            for how in {one if one in ANCHORED else "search" for one in uses}:
                yield Pattern(place, text, _flags(node), how)


def _uses(name: str, source: str) -> set[str]:
    """How a compiled pattern is used in its file; one that is handed on is taken to be searched."""
    methods = set(re.findall(rf"(?<!\w){re.escape(name)}\.(\w+)\(", source)) & FUNCTIONS
    handed_on = re.search(rf"(?<!\w){re.escape(name)}(?!\w|\.\w+\(| = re)", source)
    return methods | ({"search"} if handed_on or not methods else set())


def _flags(node: ast.Call) -> int:
    """The flags that a call names, as `re.MULTILINE`."""
    names = [n.attr for n in ast.walk(node) if isinstance(n, ast.Attribute) and n.attr.isupper()]
    return sum({int(getattr(re, name)) for name in names if hasattr(re, name)})


FOUND = [
    pattern for room in ROOMS for path in sorted(room.rglob("*.py")) for pattern in patterns(path)
]


def test_there_are_patterns() -> None:
    assert len(FOUND) > 60


@pytest.mark.parametrize("pattern", FOUND, ids=lambda one: f"{one.place} {one.text}"[:90])
def test_a_pattern_is_linear(pattern: Pattern) -> None:
    assert worst(pattern.text, pattern.flags, pattern.how) < LINEAR


@pytest.mark.parametrize(
    "pattern",
    [
        r"\s+$",
        r"\s*(?:;|,(?!\d))\s*",  # a separator with the space around it
        r"(?:[\s!?,;:]|\s\.)+$",  # marks at the end
        r"\s+-\s.*",  # a note behind a dash
        r"([^\W\d_]+) ?- ?([^\W\d_]+)",  # a title
        r"\[\s*([^\[\]:\s]+)\s*:\s*([^\[\]]*?)\s*\]",  # a slot of MASSIVE
        r" *[\t\r\n][ \t\r\n]*",
        r"(a|b)*c",
        r"(a+)+b",
        r"(\w+\s?)*\.",
        r"<.*>.*x",
    ],
)
def test_patterns_that_are_not_are_told(pattern: str) -> None:
    assert worst(pattern) > LINEAR


@given(
    pattern=st.sampled_from(
        [r"a*?b", r"(a|ab)(c|bcd)", r"\bab\b", r"(?<=a)b", r"(?!b)\w", r"(a?)b\1", r"^a|b$"]
    ),
    text=st.text("abcd ", max_size=8),
)
def test_the_matcher_agrees_with_re(pattern: str, text: str) -> None:
    for how, function in (("search", re.search), ("match", re.match), ("fullmatch", re.fullmatch)):
        assert Matcher(pattern, text).found(how) is bool(function(pattern, text))
