"""What a reader of lexicons is told, and what it counts: the one contract of all formats.

A format is a module with two functions, and a row in `data.lexicon.files.FORMATS`:

    def recognises(sample: Sample) -> bool
        "whether a file or folder is in this form"
    def entries(path: Path, reading: Reading) -> Iterator[Entry]
        "yield the entries in the order of the file"

Entries and the parts of speech that they may have stand here as well:

    Entry("look after", "tunza", "VERB", rank=1, origin="gatitos")
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from data.catalog import warn_of_relative
from data.errors import InputError
from data.languages import Language, resolve
from data.lines import BYTE_ORDER_MARK, MARK_INSIDE, NOT_NFC, excerpt, read_lines, reject
from data.tsv import EMPTY_CELL

# The 17 tags of Universal Dependencies, version 2: https://universaldependencies.org/u/pos/
OPEN_CLASSES = ("ADJ", "ADV", "INTJ", "NOUN", "PROPN", "VERB")
CLOSED_CLASSES = ("ADP", "AUX", "CCONJ", "DET", "NUM", "PART", "PRON", "SCONJ")
UNIVERSAL_POS = frozenset((*OPEN_CLASSES, *CLOSED_CLASSES, "PUNCT", "SYM", "X"))

# Reasons under which entries are left out.
UNKNOWN_POS = "part of speech that is not a Universal POS tag"
REPEATED = "repeated entry"

# Reasons under which entries are left out.
NOT_ONE_LINE = "text with a tab or a line end, or half a character"

CONTROL = "control character, removed"

_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_REFUSED = ("Cc", "Cs", "Zl", "Zp")  # what is left of them; half a surrogate pair; line ends


@dataclass(frozen=True, slots=True)
class Entry:
    """One translation of one word or phrase.

    Attributes:
        source, target: the headword and its translation, in NFC.
        pos: the Universal POS tag, where the data set tells.
        sense: the number of the headword's sense, from 1, where the data set numbers them.
        rank: 1 for the translation that the data set lists first for this headword.
        origin: where the entry comes from, such as the data set's name.
    """

    source: str
    target: str
    pos: str | None = None
    sense: int | None = None
    rank: int | None = None
    origin: str = ""


# Reasons under which repairs are counted, beside those of data/tsv.py.


class TurnedRoundError(InputError):
    """A lexicon says of itself that it goes from the target language to the source."""


class Sample(NamedTuple):
    """What a form is told by: where a lexicon is, and its first lines (none of a folder).

    languages: the codes of those that were asked for. header: whether the first line is one, where
    the user says so.
    """

    path: Path
    lines: Sequence[str]
    languages: tuple[str, str] = ("", "")
    header: bool | None = None


@dataclass
class Reading:
    """A lexicon that is being read: its languages, how strictly, and the counts so far.

    Attributes:
        source, target: the languages that the caller expects; a tag that names no language is
            taken as it is and compared with nothing.
        name: the origin of the entries.
        skip_bad: leave bad records out and count them in `dropped` instead of raising.
        header: whether the first line of a table is a header, where the user says so.
        dropped: records left out, by reason.
        repairs: repairs of text, by reason.
    """

    source: str
    target: str
    name: str = ""
    skip_bad: bool = False
    header: bool | None = None
    dropped: Counter[str] = field(default_factory=Counter)
    repairs: Counter[str] = field(default_factory=Counter)

    @cached_property
    def languages(self) -> tuple[Language | None, Language | None]:
        """The two languages, None for a tag that names none."""
        return language_or_none(self.source), language_or_none(self.target)

    def entry(
        self, where: str, source: str, target: str, pos: str | None = None, sense: int | None = None
    ) -> Entry | None:
        """An entry of clean text, or None when it was dropped and counted.

        Raises:
            InputError: without `skip_bad`, a side that is empty or holds a tab or line end, or a
                tag that is not one of Universal Dependencies.
        """
        source, target = self._clean(source), self._clean(target)
        problem = _problem(source, target, pos)
        if problem:
            self.reject(problem, where)
            return None
        return Entry(source, target, pos, sense, origin=self.name)

    def lines(self, path: Path) -> Iterator[tuple[int, str]]:
        """The lines of a file as `read_lines` has them, without blank ones at the end.

        Raises:
            InputError: without `skip_bad`, a line that is no text.
        """
        blank: list[tuple[int, str]] = []
        for number, text in read_lines(
            path, repairs=self.repairs, skip_bad=self.skip_bad, dropped=self.dropped
        ):
            if text.strip():
                yield from blank
                yield number, text
                blank.clear()
            elif not blank or self.skip_bad:  # of many, the first is enough for an error
                blank.append((number, text))

    def reject(self, problem: tuple[str, str], where: str) -> None:
        """Count a bad record under its reason, or raise; `problem` is (reason, what is wrong)."""
        reject(problem, where, skip_bad=self.skip_bad, dropped=self.dropped)

    def expect(self, where: str, source: str, target: str) -> None:
        """Refuse a file that says of itself that it is a lexicon of other languages.

        A relative within the same macrolanguage is taken and logged; a name that nobody knows
        says nothing.

        Raises:
            TurnedRoundError: it is a lexicon of these languages in the other direction.
            InputError: `where: expected a lexicon from English to Wolof, found one from ...`
        """
        found = language_or_none(source), language_or_none(target)
        if None in found or None in self.languages:
            return
        if not (self._is(0, source) and self._is(1, target)):
            what = f"expected a lexicon from {_names(self.languages)}, found one from"
            if self._is(0, target) and self._is(1, source):
                advice = "name the languages in that order"
                raise TurnedRoundError(f"{where}: {what} {_names(found)}; {advice}")
            raise InputError(
                f"{where}: {what} {_names(found)}; give another file, or the languages of this one"
            )

    def _is(self, side: int, code: str) -> bool:
        language = self.languages[side]
        called = language_or_none(code)  # "日本語" and "Norsk" are names, which `closest` knows not
        codes = [code, called.bcp47] if called else [code]
        match = language.closest(codes) if language else None
        if language and match and match.relation != "exact":
            warn_of_relative(self.name, language, match)
        return match is not None

    def _clean(self, text: str) -> str:
        """Text in NFC without invisible dirt; what was done is counted."""
        text = text.strip()
        if text.isprintable() and text.isascii():
            return text
        text = self._repaired(text.replace(BYTE_ORDER_MARK, ""), text, MARK_INSIDE)
        text = self._repaired(_CONTROLS.sub("", text), text, CONTROL).strip()
        return self._repaired(unicodedata.normalize("NFC", text), text, NOT_NFC)

    def _repaired(self, text: str, before: str, reason: str) -> str:
        if text != before:
            self.repairs[reason] += 1
        return text


def language_or_none(text: str) -> Language | None:
    """The language of a code or name, or None."""
    try:
        return resolve(text)
    except InputError:
        return None


def tag_of(language: Language) -> str:
    """The tag that a lexicon bears: with the script where it is not the language's usual one.

    >>> tag_of(resolve("swh_Latn")), tag_of(resolve("ms-Arab"))
    ('sw', 'ms-Arab')
    """
    usual = resolve(language.bcp47).script
    script = "" if language.script in (usual, None) else f"-{language.script}"
    return language.bcp47 + script


def most(lines: Iterable[bool]) -> bool:
    """Whether at least nine in ten hold, and there is one at all: a file may have a bad line."""
    found = list(lines)
    return bool(found) and sum(found) >= 0.9 * len(found)


def _problem(source: str, target: str, pos: str | None) -> tuple[str, str] | None:
    for side, text in (("headword", source), ("translation", target)):
        if not text:
            return EMPTY_CELL, f"expected a {side}, found empty text"
        if any(unicodedata.category(character) in _REFUSED for character in text):
            return NOT_ONE_LINE, f"expected one line of text as {side}, found {excerpt(text)}"
    if pos is not None and pos not in UNIVERSAL_POS:
        return UNKNOWN_POS, f"expected a Universal POS tag, found {excerpt(pos)}"
    return None


def _names(languages: Sequence[Language | None]) -> str:
    return " to ".join(language.name if language else "?" for language in languages)
