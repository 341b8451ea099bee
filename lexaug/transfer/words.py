"""Words of an English sentence said in the target language, one by one, with their forms.

Every token is said once: by the grammar sheet, by a phrase or word of the lexicon, or as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lexaug.casing import SENTENCE_BREAKS, Case, carried, case_of
from lexaug.english.clauses import Sentence
from lexaug.english.closed_class import CITATION, is_plural, singular
from lexaug.english.words import MARK, NUMBER
from lexaug.transfer.dictionary import CLOSED_TAGS, Dictionary, Draws, bases
from lexaug.transfer.grammar import Grammar
from lexaug.transfer.pieces import DROPPED, FOLDED, GRAMMAR, NO_ENTRY, Piece

# What a lexicon may list instead of a preposition.
INSTEAD = {
    "at": "in", "on": "in", "into": "in", "onto": "on", "upon": "on", "toward": "to",
    "towards": "to", "within": "in", "inside": "in", "throughout": "in", "by": "with",
    "beside": "near", "around": "near", "per": "for", "via": "with", "among": "between",
}  # fmt: skip


@dataclass(frozen=True)
class Switches:
    """Which parts of the transfer are on; see `lexaug.config.SynthesisConfig`."""

    function_words: bool = True
    agreement: bool = True
    untranslated: str = "keep"


class Words:
    """The words of one sentence; it counts what it meets.

    Attributes:
        unknown: small-letter words that nothing stands for. matched: words that something does.
        found: folded phrases of the lexicon.
    """

    def __init__(
        self,
        sentence: Sentence,
        dictionary: Dictionary,
        grammar: Grammar,
        switches: Switches,
        draws: Draws,
        units: dict[int, int],
    ) -> None:
        self.sentence, self.grammar, self.switches = sentence, grammar, switches
        self.dictionary, self.draws, self._units = dictionary, draws, units
        self.tokens, self.tags = sentence.tokens, sentence.tags
        self.unknown: list[str] = []
        self.found: list[str] = []
        self.done: set[int] = set()

    def span(self, place: int) -> tuple[int, int]:
        """The characters of a token."""
        return self.tokens[place].start, self.tokens[place].stop

    def silent(self, place: int, rule: str = FOLDED) -> Piece:
        """Nothing, for a word that another says (folded) or nothing does (dropped)."""
        self.done.add(place)
        return Piece("", *self.span(place), NO_ENTRY, rule)

    def given(self, place: int, *roles: str) -> Piece | None:
        """The grammar sheet's word for a token, for the first of some roles it has one for."""
        words = self.grammar.sheet.words
        if not (self.switches.function_words and words):
            return None
        low = self.tokens[place].low
        for name in (*(f"{low}/{role}" for role in roles), low):
            if name in words:
                text = words[name]
                self.done.add(place)
                return Piece(text, *self.span(place), NO_ENTRY, GRAMMAR if text else FOLDED)
        return None

    def word(self, place: int, tag: str | None = None, *more: str) -> list[Piece]:
        """A single word: of the sheet, of the lexicon, or as it is.

        Args:
            tag: its part of speech; the sentence's by default.
            more: other words to look up in its place: a lemma, a citation form.
        """
        if place in self.done:
            return []
        tag = tag or self.tags[place]
        given = self.given(place, tag)
        if given is not None:
            return [given]
        stop = self._units.get(place, place + 1)
        if stop > place + 1:
            return self._unit(place, stop, tag)
        low = self.tokens[place].low
        if tag == "PROPN" and self.is_long_name(place):
            return [self.as_it_is(place, tag)]
        words = [low, *more, *self.instead(low, tag)]
        folded = [self.folded(word) for word in words]
        option = self.dictionary.choose(folded, tag, self.draws, self.span(place))
        if option is None:
            return [self.as_it_is(place, tag)]
        self.done.add(place)
        self.found.append(self.folded(low))
        return [
            self.piece(place, place + 1, option.text, option.entry, option.rule, option.features)
        ]

    def lexical(
        self, place: int, tag: str, words: Sequence[str], bundles: Sequence[tuple[str, ...]]
    ) -> tuple[Piece | None, str]:
        """A content word in a form: the piece, and the features that the form has or ""."""
        if place in self.done:
            return None, ""
        stop = self._units.get(place, place + 1)
        if stop > place + 1:
            words = [self._phrase(place, stop, word) for word in words]
        folded = [self.folded(word) for word in words]
        span = self.tokens[place].start, self.tokens[stop - 1].stop
        option = self.dictionary.choose(folded, tag, self.draws, span)
        if option is None:
            return self.as_it_is(place, tag), ""
        self.done.update(range(place, stop))
        self.found.append(folded[0])
        form = self.dictionary.form(option, tag, bundles) if bundles else None
        if form is not None:
            piece = self.piece(place, stop, form.text, option.entry, form.rule, form.features)
            return piece, form.features
        if option.rule == "exact" or not bundles:
            return self.piece(
                place, stop, option.text, option.entry, option.rule, option.features
            ), ""
        target = self.dictionary.table.lexicon.entries[option.entry].target
        rule = option.rule if option.text == target else "lemma"
        return self.piece(place, stop, target.lstrip("-"), option.entry, rule, option.features), ""

    def _unit(self, place: int, stop: int, tag: str) -> list[Piece]:
        span = self.tokens[place].start, self.tokens[stop - 1].stop
        option = self.dictionary.choose([self._phrase(place, stop)], tag, self.draws, span)
        if option is None:
            del self._units[place]
            return self.word(place, tag)
        self.done.update(range(place, stop))
        self.found.append(self._phrase(place, stop))
        return [self.piece(place, stop, option.text, option.entry, option.rule, option.features)]

    def _phrase(self, place: int, stop: int, first: str | None = None) -> str:
        lows = [self.tokens[at].low for at in range(place, stop)]
        return " ".join(map(self.folded, [first or lows[0], *lows[1:]]))

    def folded(self, word: str) -> str:
        """A word as the lexicon is asked for it."""
        return self.dictionary.table.fold(word)

    def instead(self, low: str, tag: str) -> list[str]:
        """Other words that may be looked up for one: a base, a singular, a citation form."""
        if tag in ("ADJ", "ADV"):
            return bases(low)
        if tag == "NOUN" and is_plural(low):
            return [singular(low)]
        if not self.switches.function_words or tag not in CLOSED_TAGS:
            return []
        return [word for word in (CITATION.get(low), INSTEAD.get(low)) if word]

    def piece(
        self, place: int, stop: int, text: str, entry: int, rule: str, features: str
    ) -> Piece:
        """A text of an entry for tokens, in the case that their capitals ask for."""
        words = [token.text for token in self.tokens[place:stop]]
        case = case_of(words, False)
        if case is Case.INSIDE and self.opens(place):
            case = Case.SMALL  # of a sentence the first piece is given a capital, whichever it is
        lexicon = self.dictionary.table.lexicon
        text = carried(text, lexicon.entries[entry].source, case, lexicon.target_language)
        start, end = self.tokens[place].start, self.tokens[stop - 1].stop
        return Piece(text, start, end, entry, rule, features)

    def opens(self, place: int) -> bool:
        """Whether a sentence begins with a token: at the start, or after a mark that ends one."""
        if place == 0:
            return True
        before = self.tokens[place - 1]
        return before.kind == MARK and (place == 1 or before.low in SENTENCE_BREAKS)

    def is_long_name(self, place: int) -> bool:
        """Whether a name has several words: of such none is translated."""
        around_ = (place - 1, place + 1)
        return any(
            0 <= at < len(self.tags)
            and self.tags[at] == "PROPN"
            and self.tokens[at].text[:1].isupper()
            for at in around_
        )

    def as_it_is(self, place: int, tag: str) -> Piece:
        """A word that nothing stands for: a name stays, a function word goes, another as asked."""
        token = self.tokens[place]
        self.done.add(place)
        if token.kind == NUMBER:
            return Piece(token.text, token.start, token.stop)
        if tag == "PROPN" or (token.text[:1].isupper() and not self.opens(place)):
            return Piece(token.text, token.start, token.stop)
        self.unknown.append(self.folded(token.low))
        is_function_word = tag in CLOSED_TAGS and self.switches.function_words
        if is_function_word or self.switches.untranslated == "drop":
            return Piece("", token.start, token.stop, NO_ENTRY, DROPPED)
        text = token.text if token.low != "i" else "I"
        if self.opens(place) and token.text[1:].islower():
            text = text[:1].lower() + text[1:]
        return Piece(text, token.start, token.stop)
