"""FreeDict's dictionaries in dictd form: an index of offsets and a compressed text.

    python -m data.lexicon show --lang sw --lexicon freedict-eng-swh.index book

A line of the index is `headword<TAB>offset<TAB>length`, both numbers in base 64 with the digits
A-Z, a-z, 0-9, + and / (dictfmt(1)); a fourth column, the headword as it is to be shown, may follow
(dictd(8)). The text beside it, `.dict.dz` or `.dict`, is gzip with a table
for random access that a plain reader may ignore. How an article is taken apart stands in
`data.lexicon.freedict`.

Every equivalent becomes an entry with the number of its sense, for every headword of the
article. What is left out is counted. A plural with an article of its own gets the equivalents of
its singular; such entries come after all others, so that the dictionary form of a word stands
first when the lexicon is inverted.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from data.errors import InputError
from data.lexicon.freedict import (
    FREEDICT_TAGS,
    MOST_ENTRIES,
    TOO_MANY,
    Article,
    parse_article,
)
from data.lexicon.reading import Entry, Reading, Sample, language_or_none, most
from data.lines import DAMAGED_PACK, clean, excerpt, open_bytes
from data.spelling import fold
from data.tsv import WRONG_COLUMNS

# Reasons under which parts of a dictionary are left out.
HEADER = "header of the dictionary"
ALIAS = "index line of an article already read"
NO_SINGULAR = "plural whose singular has no entry"
DAMAGED = "article that the index places wrongly, or that is not UTF-8"

_HEADERS = ("00database", "00-database")
# A word is tried from its beginning only: a title of one long word costs no more than its length.
_TITLE = re.compile(r"(?<![^\W\d_])([^\W\d_]+) ?- ?([^\W\d_]+)")
_TITLE_LENGTH = 1000  # characters that are looked at
_NUMBER_LENGTH = 10  # digits: 60 bits
# How many times the text all articles together may be: an index can name one place over and over.
_OVERLAP = 8
_DIGITS = {
    digit: value
    for value, digit in enumerate(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    )
}


class Place(NamedTuple):
    """The first line of an index that names an article, and its headword."""

    line: int
    headword: str


Spans = dict[tuple[int, int], Place]  # by (offset, length)


def recognises(sample: Sample) -> bool:
    """Whether nine in ten lines have two numbers in base 64 behind the headword.

    Short words look the same (`house nyumba NOUN`): the text has to be there too, or else the name
    or a headword says what the file is. Both together say it whatever the lines are.
    """
    rows = [line.split("\t") for line in sample.lines]
    has_text = _text_of(sample.path) is not None
    if sample.path.suffix == ".index" and has_text:
        return True
    named = sample.path.suffix == ".index" or any(row[0].startswith(_HEADERS) for row in rows)
    return most(map(_is_index_line, rows)) and (named or has_text)


def entries(path: Path, reading: Reading) -> Iterator[Entry]:
    """Yield the entries of an index and the text beside it.

    Raises:
        InputError: no text beside the index; what `read_articles` raises; a title that names
            other languages.
    """
    if not path.is_file():
        raise InputError(f"{path}: expected the index of a dictionary, found no file; name it")
    text = _text_of(path)
    if text is None:
        raise InputError(
            f"{path}: expected the dictionary's text beside its index, found no"
            f" {path.with_suffix('.dict.dz').name}; put both files into one folder"
        )
    yield from dictionary_entries(path, text, reading)


def _text_of(index: Path) -> Path | None:
    if not index.name:  # the folder at hand, "."
        return None
    texts = (index.with_suffix(suffix) for suffix in (".dict.dz", ".dict"))
    return next((one for one in texts if one.exists()), None)


def dictionary_entries(
    index: Path, text: Path, reading: Reading, tags: Mapping[str, str] = FREEDICT_TAGS
) -> Iterator[Entry]:
    """Yield the entries in the order of the text, those of plurals last.

    Args:
        tags: the dictionary's part-of-speech tags and the Universal POS of each; a tag that is
            not here leaves the entry without one and is counted.

    Raises:
        InputError: an index line that is not headword, offset and length; an article outside
            the text; text that is not UTF-8; a damaged gzip file.
    """
    articles = [
        parse_article(article, tags, reading.dropped)
        for article in _read_articles(index, text, reading)
    ]
    direct = [entry for article in articles for entry in _entries(article, reading.name)]
    yield from direct
    yield from _plurals(articles, direct, reading.dropped)


def decode_number(digits: str) -> int:
    """A number of a dictd index: base 64, the most significant digit first.

    >>> decode_number("BA"), decode_number("b")
    (64, 27)

    Raises:
        ValueError: no digit or more than 60 bits of them; a character that is no digit.
    """
    if not 0 < len(digits) <= _NUMBER_LENGTH or not _DIGITS.keys() >= set(digits):
        raise ValueError(f"no number of at most {_NUMBER_LENGTH} digits in base 64")
    value = 0
    for digit in digits:
        value = value * 64 + _DIGITS[digit]
    return value


def _read_articles(index: Path, text: Path, reading: Reading) -> Iterator[str]:
    """Yield every article once, in the order of the text."""
    titles: Spans = {}
    spans = _read_index(index, reading, titles)
    content = _read_bytes(text)
    total = sum(min(length, len(content)) for _, length in spans)
    if total > _OVERLAP * max(len(content), 1):
        raise InputError(
            f"{index}: expected articles of {len(content):,} bytes in all, as {text} has, found"
            f" {total:,}; the files do not belong together, fetch both again"
        )
    for (offset, length), (line, _) in titles.items():
        title = content[offset : offset + min(length, _TITLE_LENGTH)].decode(errors="replace")
        _check_title(f"{index}:{line}", title, reading)
    apart = list[tuple[Place, str]]()
    for (offset, length), place in sorted(spans.items()):
        where = f"{text}: article at byte {offset}"
        try:
            _check_place(f"{index}:{place.line}", offset, length, text, len(content))
            article = _decode(content[offset : offset + length], where)
        except InputError:
            if not reading.skip_bad:
                raise
            reading.dropped[DAMAGED] += 1
        else:
            text_of_it = clean(article, where, repairs=reading.repairs)
            first = text_of_it.partition("\n")[0]
            if _letters(place.headword) not in _letters(first):
                apart.append((place, first))
            yield text_of_it
    _check_headwords(index, text, apart, len(spans))


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, fold(text)))


def _check_headwords(index: Path, text: Path, apart: list[tuple[Place, str]], total: int) -> None:
    """Refuse an index of which half the headwords do not stand where it says.

    Of 689,000 lines of 18 dictionaries of FreeDict, all but 5 name the article's first line.
    """
    if 2 * len(apart) > total:
        (line, headword), first = apart[0]
        raise InputError(
            f"{index}:{line}: expected an article that begins with {excerpt(headword)}, found"
            f" {excerpt(first)} in {text}, and so for {len(apart):,} of {total:,} articles; the"
            " files do not belong together, fetch both again"
        )


def _read_index(index: Path, reading: Reading, titles: Spans) -> Spans:
    """Where the articles stand; the dictionary's title goes to `titles`."""
    spans: Spans = {}
    for number, line in reading.lines(index):
        cells = line.split("\t")
        if not _is_index_line(cells):
            what = f"expected a headword, an offset and a length in base 64, found {excerpt(line)}"
            reason = DAMAGED if len(cells) in (3, 4) else WRONG_COLUMNS
            reading.reject((reason, what), f"{index}:{number}")
            continue
        headword, place = cells[0], (decode_number(cells[1]), decode_number(cells[2]))
        if headword.startswith(_HEADERS):
            reading.dropped[HEADER] += 1
            if headword.endswith("short"):
                titles[place] = Place(number, headword)
        elif place in spans:
            reading.dropped[ALIAS] += 1
        else:
            spans[place] = Place(number, headword)
    return spans


def _is_index_line(cells: Sequence[str]) -> bool:
    try:
        return len(cells) in (3, 4) and all(decode_number(cell) >= 0 for cell in cells[1:3])
    except ValueError:
        return False


def _check_title(where: str, title: str, reading: Reading) -> None:
    """Refuse "English-Swahili FreeDict Dictionary" where other languages are expected."""
    for left, right in _TITLE.findall(title):
        if language_or_none(left) and language_or_none(right):
            reading.expect(where, left, right)
            return


def _check_place(where: str, offset: int, length: int, text: Path, size: int) -> None:
    if offset + length > size:
        raise InputError(
            f"{where}: expected {length} bytes at {offset}, found the end of {text}"
            f" at {size}; the files do not belong together, fetch both again"
        )


def _decode(raw: bytes, where: str) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise InputError(
            f"{where}: expected UTF-8, found byte 0x{raw[error.start]:02x}; index and text do not"
            " belong together or are damaged, fetch both again"
        ) from error


def _read_bytes(path: Path) -> bytes:
    with open_bytes(path) as file:
        try:
            return file.read()
        except DAMAGED_PACK as error:
            raise InputError(
                f"{path}: expected gzip data, found: {error}; fetch the file again"
            ) from error


def _entries(article: Article, name: str) -> Iterator[Entry]:
    for headword in article.headwords:
        for equivalent in article.equivalents:
            yield Entry(headword, equivalent.text, equivalent.pos, equivalent.sense, origin=name)


def _plurals(
    articles: Iterable[Article], direct: Iterable[Entry], dropped: Counter[str]
) -> Iterator[Entry]:
    """Yield the entries of plurals: those of the singular with the same part of speech."""
    known: defaultdict[tuple[str, str | None], list[Entry]] = defaultdict(list)
    for entry in direct:
        known[fold(entry.source), entry.pos].append(entry)
    for article in articles:
        if article.singular is None:
            continue
        entries = known.get((fold(article.singular), article.pos), [])
        if not entries:
            dropped[NO_SINGULAR] += 1
        if len(entries) * len(article.headwords) > MOST_ENTRIES:
            dropped[TOO_MANY] += 1
            continue
        for headword in article.headwords:
            yield from (replace(entry, source=headword) for entry in entries)
