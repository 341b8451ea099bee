"""How much of a text a lexicon knows, by token and by type, and the words that it lacks most.

    text = (line for _, line in read_lines(Path("wolof.txt.gz")))
    found = coverage(text, lexicon, lemmas=lemmatizer.lemmas)
    print(found.tokens.exact, found.missing[:10])

Words are those of `data.words`, types are words under one key (`data.spelling.fold`). As in
glossing, the longest headword counts, so each word of `a lot of` is known where the phrase stands.
A type is known when one of its occurrences is. After lemmatisation, a word that no headword
covers is known when one of its base forms has an entry.

The text is a stream of any length. Tokens are counted to the last; types are the first 500,000 that
the text shows, and so are the missing words: those met later count as tokens alone, and
`Coverage.all_types` says that there were some. By then a text has shown its frequent words.
"""

from __future__ import annotations

import logging
from argparse import Namespace
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from data.access import Access
from data.catalog import Dataset, File, catalog
from data.download import fetch
from data.errors import InputError
from data.languages import Language
from data.lexicon import Lexicon
from data.lines import read_lines, unpacked_suffix
from data.load import load_parallel, splits
from data.parallel import PAIR_FORMATS
from data.spelling import fold
from data.tagged import SCHEMES, load_tagged
from data.words import word_runs

_LOG = logging.getLogger(__name__)

MOST_TYPES = 500_000
MOST_MISSING = 1000

Lemmas = Callable[[str], Iterable[str]]

# How a type is known, the better the higher.
_UNKNOWN, _BY_LEMMA, _EXACTLY = 0, 1, 2


class Share(NamedTuple):
    """Of `total` tokens or types so many are known: exactly, and by their lemmas as well.

    `with_lemmas` is None where nobody lemmatised. `percent` is on 0-100, None of no words.

    >>> Share(200, 150, 170).percent(), Share(200, 150, 170).percent(lemmatised=True)
    (75.0, 85.0)
    """

    total: int
    exact: int
    with_lemmas: int | None = None

    def percent(self, *, lemmatised: bool = False) -> float | None:
        """The known ones among all, on 0-100."""
        known = self.with_lemmas if lemmatised else self.exact
        return None if known is None or not self.total else 100 * known / self.total


@dataclass(frozen=True)
class Coverage:
    """What a lexicon knows of a text.

    Attributes:
        lexicon: its name.
        lines: lines of the text, empty ones too.
        tokens, types: how many there are and are known.
        in_phrases: tokens that a headword of several words covers.
        all_types: whether `types` is all of them; else it is those that the text shows first.
        missing: the most frequent unknown words, each with its occurrences; after lemmatisation
            where there was one.
    """

    lexicon: str
    lines: int
    tokens: Share
    types: Share
    in_phrases: int
    all_types: bool
    missing: tuple[tuple[str, int], ...]


def coverage(
    lines: Iterable[str],
    lexicon: Lexicon,
    *,
    lemmas: Lemmas | None = None,
    most_types: int = MOST_TYPES,
    most_missing: int = MOST_MISSING,
) -> Coverage:
    """Measure what a lexicon knows of a text in its source language.

    Args:
        lines: the text, one sentence or paragraph a line.
        lemmas: base forms of a word, to try in order where no headword covers it.
        most_types: how many types are told apart; memory grows with them, not with the text.
        most_missing: how many missing words to list.

    >>> from data.lexicon import Entry, ranked
    >>> lexicon = ranked([Entry("a lot of", "nyingi"), Entry("cow", "ng'ombe")], "en", "sw")
    >>> found = coverage(["A lot of cows!", "A cow, 2 cows."], lexicon)
    >>> found.tokens.total, found.tokens.exact, found.in_phrases, found.missing
    (7, 4, 3, (('cows', 2), ('a', 1)))
    >>> lemmatised = coverage(["cows"], lexicon, lemmas=lambda word: [word.removesuffix("s")])
    >>> lemmatised.tokens
    Share(total=1, exact=0, with_lemmas=1)
    """
    count = _Count(lexicon, lemmas, most_types)
    for line in lines:
        count.lines += 1
        for run in word_runs(line):
            count.add([line[start:stop] for start, stop in run])
    return count.coverage(most_missing)


class _Count:
    """The counts so far."""

    def __init__(self, lexicon: Lexicon, lemmas: Lemmas | None, most_types: int) -> None:
        self.lexicon = lexicon
        self.lemmas = lemmas
        self.most_types = most_types
        self.lines = 0
        self.by_state = [0, 0, 0]  # tokens
        self.in_phrases = 0
        self.all_types = True
        self.states: dict[str, int] = {}  # of types, the best of their occurrences
        self.alone: dict[str, int] = {}  # of types that no headword covers: by lemma or not
        self.missing: Counter[str] = Counter()

    def add(self, words: Sequence[str]) -> None:
        """Count a run of words without punctuation between them."""
        at = 0
        while at < len(words):
            length, _ = self.lexicon.longest_match(words, at)
            for word in words[at : at + max(length, 1)]:
                self._add_word(word, in_match=bool(length))
            self.in_phrases += length if length > 1 else 0
            at += max(length, 1)

    def _add_word(self, word: str, *, in_match: bool) -> None:
        key = fold(word, self.lexicon.source_language)
        tracked = key in self.states or len(self.states) < self.most_types
        state = _EXACTLY if in_match else self._state_alone(word, key, tracked=tracked)
        self.by_state[state] += 1
        if not tracked:
            self.all_types = False
            return
        self.states[key] = max(state, self.states.get(key, _UNKNOWN))
        if state == _UNKNOWN:
            self.missing[key] += 1

    def _state_alone(self, word: str, key: str, *, tracked: bool) -> int:
        """Whether the base forms of a word are known; a type is lemmatised once."""
        if self.lemmas is None:
            return _UNKNOWN
        if key in self.alone:
            return self.alone[key]
        known = any(self.lexicon.lookup(lemma) for lemma in self.lemmas(word))
        state = _BY_LEMMA if known else _UNKNOWN
        if tracked:
            self.alone[key] = state
        return state

    def coverage(self, most_missing: int) -> Coverage:
        """What has been counted."""
        types = Counter(self.states.values())
        by_state = [types[state] for state in (_UNKNOWN, _BY_LEMMA, _EXACTLY)]
        # Equal counts in the order of the alphabet, so that the list does not hang on chance.
        missing = sorted(self.missing.items(), key=lambda item: (-item[1], item[0]))
        return Coverage(
            lexicon=self.lexicon.name,
            lines=self.lines,
            tokens=self._share(self.by_state),
            types=self._share(by_state),
            in_phrases=self.in_phrases,
            all_types=self.all_types,
            missing=tuple(islice(missing, most_missing)),
        )

    def _share(self, by_state: Sequence[int]) -> Share:
        exact = by_state[_EXACTLY]
        with_lemmas = None if self.lemmas is None else exact + by_state[_BY_LEMMA]
        return Share(sum(by_state), exact, with_lemmas)


def corpus_lines(options: Namespace, language: Language, other: Language) -> Iterator[str]:
    """The lines of the corpus on the side asked for."""
    name, source_side = options.corpus, options.side == "source"
    side, beside = (other, language) if source_side else (language, other)
    known = catalog().get(name)
    if known and known.kind in SCHEMES:
        split = options.split or "test"
        for sentence in load_tagged(name, side, split, access=Access.of(options)).sentences:
            yield " ".join(sentence.tokens)
    elif known and known.reader == "aligned":
        file = _aligned_file(known, options.split or splits(name)[0], side, beside)
        path = fetch(file, access=Access.of(options)).path
        yield from (line for _, line in read_lines(path, keep_replacement=True))
    elif name == "sample" or unpacked_suffix(Path(name)) in PAIR_FORMATS:
        settings = {"skip_bad": options.skip_bad, "access": Access.of(options)}
        corpus = load_parallel(name, other, language, options.split, **settings)
        for remark in corpus.remarks:
            _LOG.warning("%s", remark)
        yield from (pair.source if source_side else pair.target for pair in corpus.pairs)
    else:
        yield from (line for _, line in read_lines(Path(name), keep_replacement=True))


def _aligned_file(entry: Dataset, split: str, language: Language, beside: Language) -> File:
    """The text of a language; of several, as of English in lafand, that beside the other one."""
    files = entry.select(split, code=entry.code_for(language))
    other = beside.code_in(entry.codes())
    groups = {file.group for file in entry.select(split, code=other)} if other else set()
    chosen = [file for file in files if file.group in groups] or files
    if not chosen:
        roles = ", ".join(sorted({file.role for file in entry.contents} - {"archive", "documents"}))
        raise InputError(
            f'{entry.name} has no {language.name} in the split "{split}"; it has: {roles}'
        )
    return chosen[0]
