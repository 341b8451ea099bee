"""From a word in running text to the headwords of a lexicon that it may be a form of.

    lemmatizer = lemmatizer_for(resolve("sw"), load_lexicon(resolve("sw"), resolve("en")))
    list(lemmatizer.lemmas("anasoma"))                           # soma, to read
    gloss("Anasoma vitabu.", lexicon, lemmas=lemmatizer.lemmas)
    lemmatizer_for(swahili, lexicon, lemmas=Path("analyses.tsv"))  # of morph.analyse

Candidates come in this order, each once; whoever looks them up takes the first that fits:

1. The inflection tables of the language, turned round: `anasoma` is V;PRS;3;SG of `soma`. The
   headword may be the table's lemma or its infinitive (Lingala's tables have `bal`, its lexicons
   `kobala`).
2. Headwords that the word begins or ends with (`children's`: children; `anasoma`: soma). They have
   at least 3 characters and half of the word's; longest first, beginnings before ends.
3. Headwords that share a stem with the word at its beginning or end: at least 4 characters and
   0.6 of both words, with at most 3 of the headword left over at the other end (Welsh `fachgen`:
   bachgen, boy; Faroese `hestar`: hestur, horse). Longest shared stem first, beginnings before
   ends, then the headwords with least left over, then the lexicon's order.

Words with a capital get no candidates from 2 and 3: they are names, or stand at a sentence's start
and are found as they are. The rules know no language, so they serve prefixing and suffixing ones
alike. On NTREX-128 glossed into English they raise chrF++ for each of 24 languages and lower BLEU
for none (docs/LOG.md). Most, not all, of that is meaning: other headwords in the same places, drawn
at random, raise chrF++ by less and BLEU not at all.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

from data.access import Access
from data.files import canonical_json, sha256_text
from data.inflections.tables import TableFiles, find_table, tables_of
from data.languages import Language
from data.lexicon import Lexicon
from data.spelling import fold
from data.unimorph import Triple

RULES = 1  # raise it when other candidates, or another order, come out
LEAST_HEADWORD, HEADWORD_SHARE = 3, 0.5
LEAST_STEM, STEM_SHARE, MOST_LEFT_OVER = 4, 0.6, 3
STEM_RULES = "stem"

Cut = Callable[[str, int], str]  # a word without so many characters at one end


class Analysis(NamedTuple):
    """What a form may be: a lemma, and the features of the form as a UniMorph bundle."""

    lemma: str
    features: str


class Lemmatizer:
    """Maps words to headwords of one lexicon; it holds no state that a call changes.

    >>> from data.lexicon import Entry
    >>> pairs = [("soma", "read"), ("mtoto", "child"), ("toto", "kid"), ("kitabu", "book")]
    >>> lexicon = Lexicon(tuple(Entry(*pair) for pair in pairs), "sw", "en")
    >>> lemmatizer = Lemmatizer(lexicon, [])
    >>> [list(lemmatizer.lemmas(word)) for word in ("wanasoma", "watoto", "Kitabuni")]
    [['soma'], ['toto', 'mtoto'], []]
    """

    def __init__(self, lexicon: Lexicon, tables: Sequence[TableFiles]) -> None:
        self._language = lexicon.source_language
        folded = (fold(entry.source, self._language) for entry in lexicon.entries)
        self._headwords = dict.fromkeys(word for word in folded if " " not in word)
        self.dropped: Counter[str] = Counter()
        self._analyses = self._turned_round(tables)
        self.name = "+".join([*(table.name for table in tables), STEM_RULES])
        self._sha256s = [table.sha256 for table in tables]

    @property
    def sha256(self) -> str:
        """The checksum of the tables and of the rules' version and numbers, not of the lexicon."""
        numbers = [LEAST_HEADWORD, HEADWORD_SHARE, LEAST_STEM, STEM_SHARE, MOST_LEFT_OVER]
        return sha256_text(canonical_json([RULES, numbers, self._sha256s]))

    def analyses(self, word: str) -> tuple[Analysis, ...]:
        """What the inflection tables say of a form: headwords with features, in table order."""
        return self._analyses.get(fold(word, self._language), ())

    def lemmas(self, word: str) -> Iterator[str]:
        """Candidate headwords, best first, each once and none the word itself."""
        key = fold(word, self._language)
        return iter([one for one in dict.fromkeys(self._candidates(word, key)) if one != key])

    def _candidates(self, word: str, key: str) -> Iterator[str]:
        for analysis in self._analyses.get(key, ()):
            yield analysis.lemma
        if not word[:1].isupper():
            yield from self._inside(key)
            yield from self._sharing(key)

    def _inside(self, word: str) -> Iterator[str]:
        """Headwords that a word begins or ends with, longest first."""
        for length in range(len(word) - 1, _least(word, LEAST_HEADWORD, HEADWORD_SHARE) - 1, -1):
            for part in (word[:length], word[-length:]):
                if part in self._headwords:
                    yield part

    def _sharing(self, word: str) -> Iterator[str]:
        """Headwords that share a stem with a word, longest stem first."""
        for length in range(len(word), _least(word, LEAST_STEM, STEM_SHARE) - 1, -1):
            yield from self._beginnings.get(word[:length], ())
            yield from self._ends.get(word[-length:], ())

    @cached_property
    def _beginnings(self) -> Mapping[str, tuple[str, ...]]:
        return _by_stem(self._headwords, lambda word, cut: word[: len(word) - cut])

    @cached_property
    def _ends(self) -> Mapping[str, tuple[str, ...]]:
        return _by_stem(self._headwords, lambda word, cut: word[cut:])

    def _turned_round(self, tables: Iterable[TableFiles]) -> dict[str, tuple[Analysis, ...]]:
        """Folded forms and their analyses, of paradigms whose lemma the lexicon has."""
        found: dict[str, dict[Analysis, None]] = {}
        for table in tables:
            rows = table.read(skip_bad=True, dropped=self.dropped, repairs=Counter())
            for _, paradigm in groupby(rows, key=lambda triple: triple.lemma):
                for form, analysis in self._of_paradigm(list(paradigm)):
                    found.setdefault(form, {})[analysis] = None
        return {form: tuple(analyses) for form, analyses in found.items()}

    def _of_paradigm(self, paradigm: list[Triple]) -> Iterator[tuple[str, Analysis]]:
        names = dict.fromkeys(fold(name, self._language) for name in citation_forms(paradigm))
        known = [name for name in names if name in self._headwords]
        for triple in paradigm if known else ():
            form = fold(triple.form or "", self._language)
            for name in known:
                if form != name:
                    yield form, Analysis(name, triple.features)


def lemmatizer_for(
    language: Language,
    lexicon: Lexicon,
    *,
    lemmas: Path | None = None,
    access: Access = Access(),
) -> Lemmatizer:
    """The lemmatizer of a language for a lexicon from it, with all inflection tables at hand.

    Where there are none, or they cannot be had, it has its stem rules only; `name` says which.

    Args:
        lemmas: a file of triples that is asked after the tables, as `morph.analyse` writes it.

    Raises:
        InputError: no such file, or a bad line in it.
    """
    tables = tables_of(language, access=access)
    if lemmas is not None:
        own = find_table(language, None, lemmas)
        for _ in own.read():  # a bad line is an error here, and left out of a publisher's table
            pass
        tables.append(own)
    return Lemmatizer(lexicon, tables)


def citation_forms(paradigm: Iterable[Triple]) -> list[str]:
    """What a dictionary may list a paradigm under: its lemma, then its infinitives.

    >>> rows = [("bal", "V;NFIN", "kobala"), ("bal", "V;PST", "balaki")]
    >>> citation_forms(Triple(*row) for row in rows)
    ['bal', 'kobala']
    """
    rows = list(paradigm)
    infinitives = (row.form for row in rows if "NFIN" in row.features.split(";") and row.form)
    return list(dict.fromkeys([*(row.lemma for row in rows[:1]), *infinitives]))


def _least(word: str, characters: int, share: float) -> int:
    return max(characters, math.ceil(len(word) * share))


def _by_stem(headwords: Iterable[str], cut: Cut) -> dict[str, tuple[str, ...]]:
    """Stems and the headwords that have them, those with least left over first."""
    found: dict[str, list[tuple[int, str]]] = {}
    for word in headwords:
        most = min(MOST_LEFT_OVER, len(word) - _least(word, LEAST_STEM, STEM_SHARE))
        for left_over in range(most + 1):
            found.setdefault(cut(word, left_over), []).append((left_over, word))
    ranked = ((stem, sorted(some, key=itemgetter(0))) for stem, some in found.items())
    return {stem: tuple(word for _, word in some) for stem, some in ranked}
