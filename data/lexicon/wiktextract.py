"""Wiktextract's JSON lines (kaikki.org): translations of a Wiktionary's words, with their senses.

    {"word": "dog", "lang_code": "en", "pos": "noun",
     "translations": [{"lang_code": "sw", "word": "mbwa", "sense": "animal"}, ...]}

One object a line, one word with one part of speech an object. The translations into the target
language become entries; senses are numbered in the order in which the object first names them,
translations without a sense have none. Some editions write `code` for a translation's
`lang_code`, and some put translations into `senses[]`. Romanisations and notes are not read.

What has no translation into the target language is no fault and is counted. So are the lines of
a dump that are no words: redirects, `{"title": "dogg", "redirect": "dog"}`, and other pages, such
as `{"title": ..., "source": "thesaurus"}`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from data.bounded import parse_json
from data.errors import InputError
from data.lexicon.reading import Entry, Reading, Sample, language_or_none, most
from data.lines import fault_of

# Wiktextract's parts of speech to Universal POS. One that does not tell between two universal ones
# (conj: CCONJ or SCONJ), or is none (phrase, prefix), is not here and leaves the entry without one.
WIKTEXTRACT_TAGS: Mapping[str, str] = {
    "adj": "ADJ",
    "adj_noun": "NOUN",
    "adv": "ADV",
    "article": "DET",
    "det": "DET",
    "intj": "INTJ",
    "name": "PROPN",
    "noun": "NOUN",
    "num": "NUM",
    "particle": "PART",
    "postp": "ADP",
    "prep": "ADP",
    "pron": "PRON",
    "verb": "VERB",
}

# Reasons under which words and translations are left out.
NOT_JSON = "line that is not a JSON object with a word"
REDIRECT = "redirect to another word"
OTHER_PAGE = "page that is no word of a dictionary"
OTHER_SOURCE = "word of another language"
UNTRANSLATED = "word without a translation into the target language"
NO_WORD = "translation without a word"


def recognises(sample: Sample) -> bool:
    """Whether nine in ten lines begin as an object, and one of them names a word."""
    objects = most(line.lstrip().startswith("{") for line in sample.lines)
    return objects and any('"word"' in line for line in sample.lines)


def entries(path: Path, reading: Reading) -> Iterator[Entry]:
    """Yield the entries of the words of the source language.

    Raises:
        InputError: `kaikki.jsonl:7: expected a JSON object with a word, found "..."; ...`
    """
    codes = _Codes(reading)
    for number, line in reading.lines(path):
        where = f"{path}:{number}"
        if not line.strip():
            continue
        try:
            item = parse_json(line, where, dict)
        except InputError as error:
            reading.reject((NOT_JSON, fault_of(error, where)), where)
            continue
        if "redirect" in item or not isinstance(item.get("word"), str):
            _leave_out(item, where, reading)
        elif not codes.is_source(item.get("lang_code")):
            reading.dropped[OTHER_SOURCE] += 1
        else:
            yield from _translations(item, where, codes, reading)


class _Codes:
    """Which codes denote the two languages, each asked once."""

    def __init__(self, reading: Reading) -> None:
        self._languages = reading.languages
        self._asked: dict[tuple[int, str], bool] = {}

    def is_source(self, code: object) -> bool:
        return self._is(0, code)

    def is_target(self, code: object) -> bool:
        return self._is(1, code)

    def _is(self, side: int, code: object) -> bool:
        language = self._languages[side]
        if not isinstance(code, str) or language is None:
            return False
        if (side, code) not in self._asked:
            other = language_or_none(code)
            self._asked[side, code] = bool(other and other.same_language(language))
        return self._asked[side, code]


def _leave_out(item: Mapping[str, Any], where: str, reading: Reading) -> None:
    """Count an object without a word: wiktextract writes redirects and other pages, too."""
    if "redirect" in item:
        reading.dropped[REDIRECT] += 1
    elif isinstance(item.get("title"), str) and "word" not in item:
        reading.dropped[OTHER_PAGE] += 1
    else:
        reading.reject((NOT_JSON, "expected a word in the object, found none"), where)


def _translations(
    item: Mapping[str, Any], where: str, codes: _Codes, reading: Reading
) -> Iterator[Entry]:
    pos = WIKTEXTRACT_TAGS.get(str(item.get("pos", "")))
    numbers: dict[str, int] = {}
    found = False
    for translation in _listed(item):
        sense = translation.get("sense")
        if isinstance(sense, str) and sense:
            numbers.setdefault(sense, len(numbers) + 1)
        if not codes.is_target(translation.get("lang_code") or translation.get("code")):
            continue
        found = True
        word = translation.get("word")
        if not isinstance(word, str) or not word.strip():
            reading.dropped[NO_WORD] += 1
            continue
        number = numbers.get(sense) if isinstance(sense, str) else None
        entry = reading.entry(where, item["word"], word, pos, number)
        if entry:
            yield entry
    if not found:
        reading.dropped[UNTRANSLATED] += 1


def _listed(item: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The translations of a word and of its senses, as far as they are objects."""
    senses = [sense for sense in _list(item.get("senses")) if isinstance(sense, dict)]
    for place in (item, *senses):
        yield from (one for one in _list(place.get("translations")) if isinstance(one, dict))


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
