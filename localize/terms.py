r"""Terminology that must hold: a table of terms and their translations.

    oak     Eiche|Stieleiche
    tree    Baum*

A term of the source that stands in a text asks for one of its translations; `*` stands for any
ending.

>>> terms = Terms((Term("oak", ("Eiche",)), Term("tree", ("Baum*", "Bäum*"))))
>>> terms.violations("Oaks are no trees; an oak is a tree.", "Eine Eiche ist ein Strauch.")
['tree: expected Baum* or Bäum*']
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from data.errors import InputError
from data.lines import read_lines
from data.words import writes_without_spaces
from icl.prompt import Hint


@dataclass(frozen=True, slots=True)
class Term:
    """A term of the source's language and the translations that are allowed."""

    source: str
    targets: tuple[str, ...]


@dataclass(frozen=True)
class Terms:
    """A table of terms."""

    terms: tuple[Term, ...] = ()

    @cached_property
    def _patterns(self) -> list[tuple[re.Pattern[str], Term]]:
        return [(_pattern(term.source), term) for term in self.terms]

    def of(self, source: str) -> Iterator[Term]:
        """The terms that stand in a text."""
        yield from (term for pattern, term in self._patterns if pattern.search(source))

    def hints(self, source: str) -> list[Hint]:
        """The terms of a text as entries of a prompt's dictionary."""
        return [
            Hint(term.source, tuple(target.rstrip("*") for target in term.targets))
            for term in self.of(source)
        ]

    def violations(self, source: str, target: str) -> list[str]:
        """The terms of a text that its translation lacks, and what was expected."""
        return [
            f"{term.source}: expected {' or '.join(term.targets)}"
            for term in self.of(source)
            if not any(_pattern(told).search(target) for told in term.targets)
        ]


def _pattern(term: str) -> re.Pattern[str]:
    """Finds a term as words of its own; within others where a script writes no spaces."""
    open_ended = term.endswith("*")
    term = term.rstrip("*")
    inner = r"\s+".join(map(re.escape, term.split()))
    before = "" if writes_without_spaces(term[0]) else r"(?<!\w)"
    behind = "" if open_ended or writes_without_spaces(term[-1]) else r"(?!\w)"
    return re.compile(before + inner + behind, re.IGNORECASE)


def read_terms(path: Path) -> Terms:
    """The terms of a table: a term, a tab, its translations with | between; # begins a remark.

    Raises:
        InputError: no such file, a line with another number of columns, an empty term.
    """
    terms = list[Term]()
    for number, line in read_lines(path):
        if not line.strip() or line.startswith("#"):
            continue
        cells = line.split("\t")
        if len(cells) != 2:
            raise InputError(
                f"{path}:{number}: expected a term, a tab and its translations, found"
                f" {len(cells)} columns; fix the line"
            )
        targets = tuple(text.strip() for text in cells[1].split("|") if text.strip("* "))
        if not cells[0].strip("* ") or not targets:
            raise InputError(
                f"{path}:{number}: expected a term and its translation, found"
                f' "{line.strip()[:60]}"; fix the line'
            )
        terms.append(Term(cells[0].strip(), targets))
    return Terms(tuple(terms))
