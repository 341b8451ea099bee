"""Noun phrases and prepositions of English said in the target language.

A noun gets the number, case and possessor that the tables have a form for; what agrees with it
gets its class; articles, possessives and prepositions become the language's own words, affixes,
or nothing. `lexaug.transfer.sentence` puts the results together.
"""

from __future__ import annotations

from typing import Any

from lexaug.english.animates import is_animate
from lexaug.english.clauses import Part
from lexaug.english.closed_class import ARTICLES, CITATION, POSSESSIVES, singular
from lexaug.transfer.dictionary import bases
from lexaug.transfer.grammar import DROP, ONE, NounClass
from lexaug.transfer.pieces import (
    DROPPED,
    FOLDED,
    GRAMMAR,
    KEPT,
    NO_ENTRY,
    Piece,
    around,
)
from lexaug.transfer.words import Words


class Phrases(Words):
    """The noun phrases of one sentence."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._governs = False  # whether a preposition stands before the phrase at hand
        self._heads: dict[int, Piece] = {}  # of subjects, which are said before their verbs

    def noun_phrase(self, part: Part, preposition: int | None = None) -> list[Piece]:
        """A noun phrase, with the preposition before it if there is one."""
        if not self.switches.function_words:
            places = range(part.first, part.last)
            before = [] if preposition is None else self.word(preposition, "ADP")
            return [*before, *(piece for place in places for piece in self._simple(place, part))]
        case, self._governs = self.case_for(preposition), preposition is not None
        head, done = self._head(part, case)
        if head.rule == DROPPED:  # of a phrase without its noun nothing is worth saying
            governing = [] if preposition is None else [preposition]
            inside = range(part.first, part.last)
            return [self.silent(at, DROPPED) for at in (*governing, *inside)]
        pieces, group = [head], self.noun_class(head, part)
        for place in part.nouns[::-1]:
            pieces = self._beside(self.word(place), pieces, False)
        pieces = self._with_adjectives(part, pieces, group)
        pieces = self._with_determiners(part, pieces, group)
        if part.owner is not None:
            pieces = self._owned(part.owner, pieces, group)
        if preposition is None:
            return pieces
        if case and done == case:
            return [self.silent(preposition), *pieces]
        return self.governed(preposition, pieces)

    def _simple(self, place: int, part: Part) -> list[Piece]:
        if place == part.head and self.switches.agreement:
            return [self._head(part, "")[0]]
        return self.word(place)

    def head(self, part: Part) -> Piece:
        """The head noun of a subject."""
        if part.head not in self._heads:
            self._heads[part.head] = self._head(part, "")[0]
        return self._heads[part.head]

    def class_cell(self, part: Part, name: str) -> str:
        """What the class of a noun phrase has under a name, or ""."""
        if not self.grammar.sheet.classes or part.head not in self._heads:
            return ""
        group = self.noun_class(self._heads[part.head], part)
        return group.cells.get(name, "") if group else ""

    def _head(self, part: Part, case: str) -> tuple[Piece, str]:
        """The head noun in its number and case; and the case if it has a form for it."""
        if part.head in self._heads:
            return self._heads[part.head], ""
        piece, case = self._made_head(part, case)
        self._heads[part.head] = piece
        return piece, case

    def _made_head(self, part: Part, case: str) -> tuple[Piece, str]:
        place, low = part.head, self.tokens[part.head].low
        tag = self.tags[place]
        if tag == "PROPN" and (
            self.is_long_name(place) or not self.dictionary.knows(self.folded(low))
        ):
            return self.as_it_is(place, tag), ""
        own = [self._possession(part)] if self.grammar.has_possession else []
        number = [part.number] if part.number == "PL" or case or own else []
        bundles = [
            ("N", *filter(None, (case, *number, *own))), ("N", *filter(None, (case, *number))),
            *([("N", "PL")] if part.number == "PL" else []),
        ] if number else []  # fmt: skip
        if not self.switches.agreement:
            bundles = bundles[-1:] if part.number == "PL" else []
        piece, features = self.lexical(place, tag, [low, singular(low)], bundles)
        if piece is None:
            return Piece("", *self.span(place)), ""
        if part.number == "PL" and not features and self._is_singular(piece, low):
            piece = self._made_plural(piece, animate=is_animate(low))
        return piece, case if case and case in features.split(";") else ""

    def _is_singular(self, piece: Piece, low: str) -> bool:
        """Whether a piece is the translation of the singular of a plural noun."""
        if piece.entry < 0 or singular(low) == low:
            return False
        source = self.dictionary.table.lexicon.entries[piece.entry].source
        return self.folded(source) == self.folded(singular(low))

    def _made_plural(self, piece: Piece, *, animate: bool) -> Piece:
        group = self.grammar.sheet.class_of(piece.text, "SG", animate=animate)
        if group is None or group.plural is None:
            return piece
        pattern, replacement = group.plural
        text = pattern.sub(replacement, piece.text, count=1)
        return piece._replace(text=text, rule=GRAMMAR, features="N;PL")

    def _possession(self, part: Part) -> str:
        if part.possessive is None:
            return ""
        person, number = POSSESSIVES[self.tokens[part.possessive].low]
        return f"PSS{person}{number[0]}"

    def noun_class(self, head: Piece, part: Part) -> NounClass | None:
        if not self.switches.agreement or head.rule == KEPT:
            return None
        animate = is_animate(self.tokens[part.head].low)
        noun = head.text.split(" ")[0]
        return self.grammar.sheet.class_of(noun, part.number, animate=animate)

    def _with_adjectives(
        self, part: Part, pieces: list[Piece], group: NounClass | None
    ) -> list[Piece]:
        after = self.grammar.after("adjective")
        some: list[Piece] = []
        for place in part.adjectives:
            some += self._agreeing(place, group, "adjective", part.number)
        return self._beside(self._linked("adjective", some, part), pieces, after)

    def _linked(self, what: str, some: list[Piece], part: Part) -> list[Piece]:
        """Modifiers with the word that links them to their noun, where the sheet has one."""
        template = self.grammar.sheet.noun.get(what)
        return around(template, some, self.span(part.head)) if template and some else some

    def _agreeing(self, place: int, group: NounClass | None, what: str, number: str) -> list[Piece]:
        """A word that agrees with a noun's class, where the tables or the sheet have its form."""
        low = self.tokens[place].low
        cell = group.cells.get(what) if group else None
        if self.tags[place] == "ADV" or not self.switches.agreement:
            return self.word(place)
        if cell and "_" in cell:
            return around(cell, self.word(place), self.span(place))
        given = self.given(place, "ADJ")
        if given is not None:
            return [given]
        bundles = (
            [("ADJ", number, cell)]
            if cell
            else [("ADJ", number)]
            if self.grammar.sheet.classes
            else []
        )
        piece, _ = self.lexical(
            place, "ADJ", [low, *bases(low), *self.instead(low, self.tags[place])], bundles
        )
        return [piece] if piece else []

    def _with_determiners(
        self, part: Part, pieces: list[Piece], group: NounClass | None
    ) -> list[Piece]:
        numerals = [
            piece for place in part.quantifiers for piece in self._quantifier(place, part, group)
        ]
        numerals = self._linked("numeral", numerals, part)
        pieces = self._beside(numerals, pieces, self.grammar.after("numeral"))
        if part.demonstrative is not None:
            some = self._demonstrative(part.demonstrative, group, part.number)
            pieces = self._beside(some, pieces, self.grammar.after("demonstrative"))
        if part.possessive is not None:
            pieces = self._possessed(part, part.possessive, pieces, group)
        formed = part.article is not None or any(p.rule.startswith("inflected") for p in pieces)
        if part.number == "PL" and "plural" in self.grammar.sheet.noun and not formed:
            pieces = around(self.grammar.sheet.noun["plural"], pieces, self.span(part.head))
        if part.article is not None:
            pieces = self._with_article(part, part.article, pieces)
        return pieces

    def _quantifier(self, place: int, part: Part, group: NounClass | None) -> list[Piece]:
        if self.tags[place] == "NUM":
            return self.word(place)
        return self._agreeing(place, group, "adjective", part.number)

    def _demonstrative(self, place: int, group: NounClass | None, number: str) -> list[Piece]:
        low = CITATION.get(self.tokens[place].low, self.tokens[place].low)
        if group and low in group.cells:
            self.done.add(place)
            return [Piece(group.cells[low], *self.span(place), NO_ENTRY, GRAMMAR)]
        given = self.given(place, "DET", number)
        return [given] if given is not None else self.word(place, "DET", low)

    def _possessed(
        self, part: Part, place: int, pieces: list[Piece], group: NounClass | None
    ) -> list[Piece]:
        if any("PSS" in piece.features for piece in pieces):
            return [self.silent(place), *pieces]
        person = ";".join(POSSESSIVES[self.tokens[place].low])
        template = self.grammar.sheet.possessives.get(person)
        if template is not None:
            self.done.add(place)
            cells = {"c": group.cells.get("possessive", "") if group else ""}
            return around(template, pieces, self.span(place), cells)
        low = self.tokens[place].low
        bundles: list[tuple[str, ...]] = []
        if self.switches.agreement:
            bundles.append(("ADJ", part.number))
        if group and group.cells.get("adjective"):
            bundles = [("ADJ", part.number, group.cells["adjective"])]
        words = [low, *([CITATION[low]] if low in CITATION and low != "her" else [])]
        if low == "her" and not self.dictionary.options("her", "DET"):
            words = ["his"]
        piece, _ = self.lexical(place, "ADJ", words, bundles)
        return self._beside([piece] if piece else [], pieces, self.grammar.possessive_after)

    def _with_article(self, part: Part, place: int, pieces: list[Piece]) -> list[Piece]:
        kind = ARTICLES[self.tokens[place].low]
        if self._governs and self.grammar.sheet.bare_after_prepositions:
            return [self.silent(place), *pieces]
        noun = self.grammar.sheet.noun
        for name in (f"{kind};{part.number}", kind):
            if name in noun:
                self.done.add(place)
                return around(noun[name], pieces, self.span(place))
        what = DROP if noun or self.grammar.sheet.words else self.grammar.article(kind)
        if what == DROP:
            return [self.silent(place), *pieces]
        words = ["one"] if what == ONE else []
        if what == ONE:
            some, _ = self.lexical(place, "NUM", words, [])
            after = self.grammar.after("numeral")
            return self._beside([some] if some else [], pieces, after)
        after = (
            self.grammar.after("demonstrative")
            if kind == "definite"
            else self.grammar.after("numeral")
        )
        return self._beside(
            self.word(place, "DET", *(["a"] if kind == "indefinite" else [])), pieces, after
        )

    def _owned(self, owner: Part, pieces: list[Piece], group: NounClass | None) -> list[Piece]:
        """The goats of "Amina's goats"."""
        mark = owner.last - 1
        if "GEN" in self.grammar.cases.values():
            head, done = self._head(owner, "GEN")
            if done:
                inner = self._with_determiners(
                    owner, self._with_adjectives(owner, [head], None), None
                )
                return [*inner, self.silent(mark), *pieces]
            self.done.discard(owner.head)
            del self._heads[owner.head]
        return self.genitive(pieces, self.noun_phrase(owner), mark, group)

    def genitive(
        self, owned: list[Piece], owner: list[Piece], mark: int, group: NounClass | None
    ) -> list[Piece]:
        """Two phrases joined by "of" or 's, in the language's order and with its word."""
        template = self.grammar.sheet.genitive
        span = self.span(mark)
        if template:
            self.done.add(mark)
            return _joined_by(template, owned, owner, span, group)
        value = self.grammar.values.get("86A")
        owner_first = value is not None and value.name == "Genitive-Noun" and (
            self.tokens[mark].low == "'s" or "genitive" in self.grammar.orders)  # fmt: skip
        word = self._of(mark)
        return [*owner, *word, *owned] if owner_first else [*owned, *word, *owner]

    def _of(self, mark: int) -> list[Piece]:
        if self.tokens[mark].low == "of":
            return self.word(mark, "ADP")
        option = self.dictionary.choose([self.folded("of")], "ADP", self.draws)
        if option is None:
            return [self.silent(mark, DROPPED)]
        self.done.add(mark)
        return [self.piece(mark, mark + 1, option.text, option.entry, option.rule, option.features)]

    def case_for(self, preposition: int | None) -> str:
        if preposition is None or not self.switches.agreement:
            return ""
        low = self.tokens[preposition].low
        return "" if low in self.grammar.sheet.prepositions else self.grammar.cases.get(low, "")

    def governed(self, preposition: int, pieces: list[Piece]) -> list[Piece]:
        low = self.tokens[preposition].low
        template = self.grammar.sheet.prepositions.get(low)
        if template is not None:
            self.done.add(preposition)
            return around(template, pieces, self.span(preposition))
        word = self.word(preposition, "ADP")
        return [*pieces, *word] if self.grammar.postpositions else [*word, *pieces]

    def _beside(self, some: list[Piece], pieces: list[Piece], after: bool | None) -> list[Piece]:
        """Modifiers after a noun where the language has them there and the switch is on."""
        return [*pieces, *some] if after else [*some, *pieces]


def _joined_by(
    template: str,
    owned: list[Piece],
    owner: list[Piece],
    span: tuple[int, int],
    group: NounClass | None,
) -> list[Piece]:
    """Two phrases in the places 1 (owned) and 2 (owner) of a template."""
    cells = group.cells if group else {}
    found: list[Piece] = []
    texts = 0
    for name in template.split():
        if name in ("1", "2"):
            found += owned if name == "1" else owner
        else:
            text = cells.get("of", "") if name == "{of}" else name
            glued = text.startswith("-")
            if text:
                texts += 1
                found.append(Piece(text.removeprefix("-"), *span, NO_ENTRY, GRAMMAR, "", glued))
    return found if texts else [*found, Piece("", *span, NO_ENTRY, FOLDED)]
