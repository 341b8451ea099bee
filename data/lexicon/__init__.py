"""Bilingual lexicons: entries in file order, look-up, longest match, glossing.

    python -m data.lexicon show --lang wo --lexicon gatitos water
    python -m data.lexicon coverage --lang wo --lexicon gatitos --corpus ntrex-128
    python -m data.lexicon convert --lang sw --lexicon muse/en-sw.txt --out lexicon.en-sw.tsv

`data.lexicon.files` reads files in any form, `data.load.load_lexicon` lexicons of the catalog,
`data.lexicon.filters` makes one of several. A lexicon maps a word or a phrase of its source
language to every translation it lists, first the one that the data set lists first.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from data.lexicon import pairs
from data.lexicon.reading import (
    CLOSED_CLASSES,
    OPEN_CLASSES,
    REPEATED,
    UNIVERSAL_POS,
    UNKNOWN_POS,
    Entry,
    Reading,
)
from data.pages import Tabular
from data.spelling import fold
from data.tsv import counted
from data.words import word_runs

__all__ = [
    "CLOSED_CLASSES",
    "OPEN_CLASSES",
    "REPEATED",
    "UNIVERSAL_POS",
    "UNKNOWN_POS",
    "Entry",
    "Gloss",
    "Lexicon",
    "fold",
    "gloss",
    "match_at",
    "ranked",
    "read_bilingual_tsv",
]

Filter = tuple[str, Callable[[Entry], bool]]


@dataclass(frozen=True, repr=False)
class Lexicon(Tabular):
    """Entries in the order of their file, found by headword.

    >>> entries = [Entry("look", "tazama"), Entry("look after", "tunza")]
    >>> lexicon = Lexicon(tuple(entries), "en", "sw")
    >>> [entry.target for entry in lexicon.lookup("Look")]
    ['tazama']
    >>> lexicon.longest_match(["they", "look", "after", "cows"], 1)[0]
    2
    """

    entries: tuple[Entry, ...]
    source_language: str
    target_language: str
    name: str = ""
    dropped: Mapping[str, int] = field(default_factory=dict, compare=False)

    def __len__(self) -> int:
        return len(self.entries)

    def summary(self) -> str:
        """Its name, its languages and how many entries it has."""
        languages = f"{self.source_language}-{self.target_language}"
        return f"{self.name or 'unnamed'}, {languages}, {len(self):,} entries"

    def rows(self) -> list[dict[str, Any]]:
        """A row an entry."""
        return [asdict(entry) for entry in self.entries]

    def lookup(self, word: str) -> tuple[Entry, ...]:
        """The entries of a word or phrase in file order, whatever its case; () if none."""
        return self._index.get(fold(word, self.source_language), ())

    def longest_match(self, tokens: Sequence[str], start: int) -> tuple[int, tuple[Entry, ...]]:
        """The longest headword that begins at `start`: how many tokens, and its entries.

        Returns (0, ()) when no headword begins there.
        """
        first = fold(tokens[start], self.source_language) if start < len(tokens) else ""
        longest = self._longest.get(first.partition(" ")[0], 1)
        for length in range(min(longest, len(tokens) - start), 0, -1):
            entries = self.lookup(" ".join(tokens[start : start + length]))
            if entries:
                return length, entries
        return 0, ()

    def inverted(self) -> Lexicon:
        """The lexicon from target to source.

        Of several headwords with one translation, those that list it early come first, then
        those that stand early in the file; ranks are counted anew. Sense numbers belong to the
        old headword and are not kept.

        >>> lexicon = ranked([Entry("volume", "buku"), Entry("volume", "kitabu"),
        ...                   Entry("book", "kitabu")], "en", "sw")
        >>> [entry.target for entry in lexicon.inverted().lookup("kitabu")]
        ['book', 'volume']
        """
        by_rank = sorted(self.entries, key=lambda entry: entry.rank or 0)
        turned = (
            replace(entry, source=entry.target, target=entry.source, sense=None)
            for entry in by_rank
        )
        return ranked(turned, self.target_language, self.source_language, self.name, self.dropped)

    def filtered(self, *filters: Filter) -> Lexicon:
        """The entries that all filters keep, ranked anew; `dropped` counts the others.

        A filter is (reason, whether it keeps an entry); `data.lexicon.filters` has the usual
        ones. An entry is counted under the first filter that does not keep it.

        >>> lexicon = ranked([Entry("so", "so"), Entry("so", "hivyo")], "en", "sw")
        >>> copies = ("target equals source", lambda entry: entry.source != entry.target)
        >>> lexicon.filtered(copies).lookup("so")[0].target, lexicon.filtered(copies).dropped
        ('hivyo', {'target equals source': 1})
        """
        dropped = Counter(self.dropped)
        kept = []
        for entry in self.entries:
            failed = next((reason for reason, keeps in filters if not keeps(entry)), None)
            if failed is None:
                kept.append(entry)
            else:
                dropped[failed] += 1
        return ranked(kept, self.source_language, self.target_language, self.name, dropped)

    @cached_property
    def _index(self) -> Mapping[str, tuple[Entry, ...]]:
        index: defaultdict[str, list[Entry]] = defaultdict(list)
        for entry in self.entries:
            index[fold(entry.source, self.source_language)].append(entry)
        return {headword: tuple(entries) for headword, entries in index.items()}

    @cached_property
    def _longest(self) -> Mapping[str, int]:
        """The number of words of the longest headword that begins with a word."""
        longest: defaultdict[str, int] = defaultdict(int)
        for headword in self._index:
            words = headword.split(" ")
            first = fold(words[0], self.source_language)
            longest[first] = max(longest[first], len(words))
        return dict(longest)


class Gloss(NamedTuple):
    """A sentence with its known words replaced; `replaced` of its `tokens` words were known."""

    text: str
    replaced: int
    tokens: int


def ranked(
    entries: Iterable[Entry],
    source_language: str,
    target_language: str,
    name: str = "",
    dropped: Mapping[str, int] | None = None,
) -> Lexicon:
    """A lexicon of these entries, ranked within each headword in the order given.

    Entries that repeat an earlier one's words and part of speech are left out and counted.
    """
    repeated: Counter[str] = Counter()
    ranks: Counter[str] = Counter()
    seen: dict[tuple[str, str, str | None], Entry] = {}
    for entry in entries:
        key = (entry.source, entry.target, entry.pos)
        if key in seen:
            repeated[REPEATED] += 1
        else:
            headword = fold(entry.source, source_language)
            ranks[headword] += 1
            seen[key] = replace(entry, rank=ranks[headword])
    counts = +Counter(dropped or {}) + repeated  # now: reading the entries fills `dropped`
    return Lexicon(tuple(seen.values()), source_language, target_language, name, dict(counts))


def gloss(
    sentence: str,
    lexicon: Lexicon,
    *,
    lemmas: Callable[[str], Iterable[str]] | None = None,
) -> Gloss:
    """Replace every known word by its first translation: a baseline that costs nothing.

    From left to right the longest headword counts. Unknown words, punctuation, spaces, and
    all that holds a digit or looks like an address stay as they are (`data.words` tells what a
    word is). A capital at the start of the sentence is kept.

    Args:
        lemmas: for a word that has no entry, base forms to try in order.

    >>> lexicon = Lexicon((Entry("children", "watoto"), Entry("a lot", "sana")), "en", "sw")
    >>> gloss("Children, in 2024, sleep a lot!", lexicon)
    Gloss(text='Watoto, in 2024, sleep sana!', replaced=3, tokens=5)
    """
    pieces: list[str] = []
    end = replaced = tokens = 0
    for run in word_runs(sentence):
        words = [sentence[start:stop] for start, stop in run]
        at = 0
        while at < len(words):
            length, entries = match_at(lexicon, words, at, lemmas)
            if entries:
                start, stop = run[at][0], run[at + length - 1][1]
                target = entries[0].target
                if not tokens and not at:
                    target = _like_start(words[0], target)
                pieces += [sentence[end:start], target]
                end = stop
                replaced += length
            at += max(length, 1)
        tokens += len(words)
    return Gloss("".join(pieces) + sentence[end:], replaced, tokens)


def read_bilingual_tsv(
    path: Path,
    source_language: str,
    target_language: str,
    *,
    columns: Sequence[str] = ("english", "target"),
    header: bool = False,
    skip_bad: bool = False,
    name: str = "",
    repairs: Counter[str] | None = None,
) -> Lexicon:
    """Read a lexicon from a table: the first column is the source, the second the target.

    The default is the form of GATITOS: two columns and no header; a headword on several lines
    has several translations. A third column holds Universal POS tags and may be empty.

    Args:
        skip_bad: leave out bad lines; `Lexicon.dropped` counts them by reason.

    Raises:
        InputError: `en_arn.tsv:3235: expected 2 columns (english, target), found 1 (...)`; a
            tag that is not a Universal POS tag.
    """
    with counted(repairs, path, "repaired") as tally:
        reading = Reading(source_language, target_language, name, skip_bad, repairs=tally)
        entries = pairs.rows(path, reading, columns, header=header)
        return ranked(entries, source_language, target_language, name, reading.dropped)


def match_at(
    lexicon: Lexicon,
    words: Sequence[str],
    at: int,
    lemmas: Callable[[str], Iterable[str]] | None,
) -> tuple[int, tuple[Entry, ...]]:
    """The longest headword at a place, or else the entries of the word's first known base form.

    Returns how many words it covers and its entries; (0, ()) or (1, ()) when nothing is known.
    """
    length, entries = lexicon.longest_match(words, at)
    if entries or lemmas is None:
        return length, entries
    found = (lexicon.lookup(lemma) for lemma in lemmas(words[at]))
    return 1, next((entries for entries in found if entries), ())


def _like_start(word: str, target: str) -> str:
    """The translation with a capital if the word that it replaces begins with one."""
    return target[:1].title() + target[1:] if word[:1].isupper() else target
