"""A text with the women in it as men and the men as women: counterfactual role reversal.

    reversal = RoleSwap(gender_pairs("en"))
    reversal.swap("She told her brother that the book was hers.").text
    # He told his sister that the book was his.

Each word of the list is replaced by its partner in the same case; nothing else is touched. Parts of
words between hyphens and apostrophes count as words (ex-wife, she's). Swapping twice gives the
text back, whatever the text and the tagger: a word whose role is not clear enough for that
(in "gave him money", "her" would be taken for a possessive) stays as it is and is counted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from data.errors import InputError
from data.languages import resolve
from data.word_lists import CAPITALISED, Pair, Pairs, check_pairs, pair_words
from data.word_lists.case import case_of, cased
from data.word_lists.english import english_role
from data.word_lists.parts import parts
from data.words import Span

# (words and marks of a text, a place among them) -> a tag of the list.
Tagger = Callable[[Sequence[str], int], str]
TAGGERS: Mapping[str, Tagger] = {"en": english_role}
FEMALE, MALE = "female", "male"


@dataclass(frozen=True, slots=True)
class Gendered:
    """A word of the list in a text: its place, which side of the list it is on, its partner.

    `partner` has the case of the text; it is None where the role is not clear.
    """

    start: int
    stop: int
    gender: str
    partner: str | None


@dataclass(frozen=True, slots=True)
class Swapped:
    """A text after the swap.

    words: the words of the list in the *original* text, in order, those left as they are too.
    """

    text: str
    words: tuple[Gendered, ...]

    @property
    def changes(self) -> int:
        """How many words were replaced."""
        return sum(word.partner is not None for word in self.words)

    @property
    def unclear(self) -> int:
        """How many words were left, since their role was not clear."""
        return sum(word.partner is None for word in self.words)


class RoleSwap:
    """Swaps the words of a list of pairs.

    Args:
        names: names to be swapped as well, as pairs; without them every name is left alone.
        tagger: tells the roles of words that several lines of the list hold, in place of the
            one that TAGGERS has for the language. It sees the text with every word of the list
            in the form of the first of its kind (she, her), so that it cannot tell the
            original from its counterfactual.

    Raises:
        InputError: a list with such words in a language without a tagger; names that overlap
            with the list.

    >>> from data.word_lists import gender_pairs
    >>> swap = RoleSwap(gender_pairs("en")).swap
    >>> swap("HER mother saw him; she's with Mr. Smith's ex-wife.").text
    "HIS father saw her; he's with Ms. Smith's ex-husband."
    >>> RoleSwap(gender_pairs("tr")).swap("Kız annesini değil BABASI ile geldi.").text
    'Oğlan annesini değil ANNESİ ile geldi.'
    """

    def __init__(
        self, pairs: Pairs, *, names: Pairs | None = None, tagger: Tagger | None = None
    ) -> None:
        self.language = resolve(pairs.about.language)
        self.rows = _with_names(pairs, names)
        self._rows_of: dict[str, list[Pair]] = {}
        for pair in self.rows:
            for word in pair_words(pair):
                self._rows_of.setdefault(word, []).append(pair)
        self._kinds = _kinds(self.rows)
        self._longest = max(len(next(parts(word))[0]) for word in self._rows_of)
        self._maybe = re.compile(
            "|".join(map(re.escape, sorted(self._rows_of, key=len, reverse=True))), re.IGNORECASE
        )
        self._tagger = tagger or TAGGERS.get(self.language.bcp47)
        several = [word for word, rows in self._rows_of.items() if len(rows) > 1]
        if several and self._tagger is None:
            lines = ", ".join(str(pair.line) for pair in self._rows_of[several[0]])
            raise InputError(
                f'{pairs.about.name}: the role of "{several[0]}" (lines {lines}) decides its'
                f" partner, and there is no tagger for {self.language.name}; keep one of the lines"
            )

    @property
    def words(self) -> tuple[str, ...]:
        """All words of the list, in lower case, in its order."""
        return tuple(self._rows_of)

    def swap(self, text: str) -> Swapped:
        """The counterfactual of a text, and the words of the list that it held."""
        found = tuple(self.gendered(text))
        pieces, at = [], 0
        for word in found:
            if word.partner is not None:
                pieces += [text[at : word.start], word.partner]
                at = word.stop
        return Swapped("".join([*pieces, text[at:]]), found)

    def gendered(self, text: str) -> Iterator[Gendered]:
        """Yield the words of the list that a text holds, in order.

        >>> from data.word_lists import gender_pairs
        >>> [word.gender for word in RoleSwap(gender_pairs("en")).gendered("Her uncle is here.")]
        ['female', 'male']
        """
        if not self._possible(text):
            return
        matches = [*self._matches(text)]
        tokens: _Tokens | None = None
        for (start, stop), word, case in matches:
            partner, female = None, word == self._rows_of[word][0].female
            if len(self._kinds[word]) > 2 and self._tagger is not None:
                tokens = tokens or _Tokens(text, matches, self._kinds, self.language.bcp47)
                partner = self.partner(word, self._tagger(tokens.words, tokens.place(start)))
            else:
                partner = self.partner(word, "")
            shown = None if partner is None else cased(partner, case, self.language.bcp47)
            yield Gendered(start, stop, FEMALE if female else MALE, shown)

    def partner(self, word: str, tag: str) -> str | None:
        """A word's partner in a role, both in lower case; None where it would not lead back."""
        partner = self._towards(word, tag)
        return partner if partner and self._towards(partner, tag) == word else None

    def partners(self, word: str) -> tuple[str, ...]:
        """All partners of a word of the list, in whatever role; () for other words."""
        return tuple(_other(pair, word) for pair in self._rows_of.get(word, ()))

    def _towards(self, word: str, tag: str) -> str | None:
        rows = self._rows_of[word]
        if len(rows) == 1:
            return _other(rows[0], word)
        for pair in rows:
            if pair.tag == tag:
                return _other(pair, word)
        sure = [pair for pair in rows if len(self._rows_of[_other(pair, word)]) == 1]
        return _other(sure[0], word) if len(sure) == 1 else None

    def _possible(self, text: str) -> bool:
        # Ignoring case, a pattern does not know the letters i of Turkish.
        return bool(self._maybe.search(text)) or self.language.bcp47 != "en"

    def _matches(self, text: str) -> Iterator[tuple[Span, str, str]]:
        """(place, word in lower case, case) of each word of the list that a text holds."""
        for run in parts(text):
            for word in run:
                at = 0
                while at < len(word):
                    for length in range(min(self._longest, len(word) - at), 0, -1):
                        place = word[at][0], word[at + length - 1][1]
                        if match := self._match(text[slice(*place)]):
                            yield place, *match
                            break
                    else:
                        length = 1
                    at += length

    def _match(self, found: str) -> tuple[str, str] | None:
        case = case_of(found, self.language.bcp47)
        if case is None:
            return None
        word = cased(found, "lower", self.language.bcp47)
        rows = self._rows_of.get(word)
        if rows is None or (case == "lower" and rows[0].group in CAPITALISED):
            return None
        return word, case


class _Tokens:
    """A text's words and marks as a tagger sees them, and where each begins."""

    def __init__(
        self,
        text: str,
        matches: Sequence[tuple[Span, str, str]],
        kinds: Mapping[str, Sequence[str]],
        language: str,
    ) -> None:
        shown, at = [], 0
        self._offsets: dict[int, int] = {}
        self.words: list[str] = []
        for (start, stop), word, case in matches:
            shown += [(at, text[at:start]), (start, cased(kinds[word][0], case, language))]
            at = stop
        of_list = {start for (start, _), _, _ in matches}
        for offset, piece in [*shown, (at, text[at:])]:
            if offset in of_list and piece:
                self._offsets[offset] = len(self.words)
                self.words.append(piece)
            else:
                self.words += _TOKEN.findall(piece)

    def place(self, start: int) -> int:
        """Which token the word of the list is that begins there."""
        return self._offsets[start]


_TOKEN = re.compile(r"\w+|[^\w\s]")


def _with_names(pairs: Pairs, names: Pairs | None) -> tuple[Pair, ...]:
    if names is None:
        return pairs.rows
    as_names = tuple(replace(pair, group="name") for pair in names.rows)
    rows = (*pairs.rows, *as_names)
    check_pairs(rows, f"{names.about.name} with {pairs.about.name}", resolve(pairs.about.language))
    return rows


def _kinds(rows: Sequence[Pair]) -> dict[str, tuple[str, ...]]:
    """By word, all words that swaps lead to from it, the first of them in the list first."""
    kinds: dict[str, tuple[str, ...]] = {}
    for pair in rows:
        joined = tuple(
            dict.fromkeys(w for word in pair_words(pair) for w in kinds.get(word, (word,)))
        )
        kinds |= dict.fromkeys(joined, joined)
    return kinds


def _other(pair: Pair, word: str) -> str:
    return pair.male if word == pair.female else pair.female
