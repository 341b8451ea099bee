"""A line of English said in the target language: clause by clause, with an account of every word.

    transfer = Transfer(analyser, dictionary, grammar, Switches())
    transfer.line("She had brought her old books.", key=7).line.text

Verb groups become one form (or a template of the grammar sheet), noun phrases are put together by
`lexaug.transfer.phrases`, and what stands in a clause is put into the language's order where that
is asked for. Punctuation, names, numbers and the spaces around them stay.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from lexaug.english.clauses import (
    BREAK,
    NOUN_PHRASE,
    PREPOSITION,
    PRONOUN,
    VERBS,
    Analyser,
    Part,
    Sentence,
)
from lexaug.english.closed_class import BE, CITATION, HAVE, RELATIVES
from lexaug.english.words import WORD
from lexaug.phrases import Option
from lexaug.substitute import Line, Replacement
from lexaug.transfer.dictionary import Dictionary, Draws
from lexaug.transfer.grammar import Grammar
from lexaug.transfer.order import Group, ordered
from lexaug.transfer.phrases import Phrases
from lexaug.transfer.pieces import (
    DROPPED,
    FOLDED,
    GRAMMAR,
    KEPT,
    NO_ENTRY,
    Piece,
    around,
    filled,
    joined,
)
from lexaug.transfer.units import merged, units_of
from lexaug.transfer.verbs import bundles_of
from lexaug.transfer.words import Switches

SENTENCE_ENDS = frozenset('.!?:…"“”')
KINDS = ("PST", "V.PTCP", "V.MSDR", "PRS", "NFIN")  # of verb forms, the best reading first


class Trace(NamedTuple):
    """A line with what a report counts.

    phrases: of the lexicon, that were found. unknown: words that nothing stands for. left: English
    words that stay, names not counted. shown: words of the result.
    """

    line: Line
    phrases: tuple[str, ...]
    unknown: tuple[str, ...]
    left: int
    shown: int


@dataclass
class Transfer:
    """Says English lines in the target language."""

    analyser: Analyser
    dictionary: Dictionary
    grammar: Grammar
    switches: Switches = Switches()  # noqa: RUF009 (immutable)

    def line(self, text: str, key: int, tags: Sequence[str] | None = None) -> Trace:
        """A line, as `lexaug.substitute.trace_line` gives it.

        Args:
            key: of the line, from `data.randomness.key`; choices are drawn with it.
            tags: one a token, where they are known.
        """
        sentence = self.analyser.analysed(text, tags)
        return _Line(self, sentence, Draws(key, text)).trace()


class _Line:
    """One line on its way."""

    def __init__(self, transfer: Transfer, sentence: Sentence, draws: Draws) -> None:
        self._sentence, self._grammar = sentence, transfer.grammar
        self._tokens, self._switches = sentence.tokens, transfer.switches
        self._dictionary, self._forms = transfer.dictionary, transfer.analyser.forms
        units = dict(units_of(sentence, transfer.dictionary, transfer.analyser.forms))
        self._parts = merged(sentence.parts, units)
        self._phrases = Phrases(
            sentence, transfer.dictionary, transfer.grammar, transfer.switches, draws, units
        )
        self._verbs: dict[int, list[Piece]] = {}
        self._ahead: dict[int, list[Piece]] = {}  # what stays before the object where verbs go last
        self._silent: set[int] = set()  # parts that a verb's form says

    def trace(self) -> Trace:
        """Say the whole line."""
        for part in self._parts:  # what verbs agree with comes first
            if part.subject is not None and self._parts[part.subject].kind == NOUN_PHRASE:
                self._phrases.head(self._parts[part.subject])
        for place, part in enumerate(self._parts):
            if part.kind == VERBS:
                self._verbs[place] = self._verb_group(place, part)
        runs = list(self._runs())
        pieces = [piece for run in runs for piece in run[0]]
        text, places = self._written(runs)
        return self._trace(text, places, pieces)

    # Clauses

    def _runs(self) -> Iterator[tuple[list[Piece], int, int]]:
        """(pieces, first token, last token) between punctuation marks."""
        at = 0
        while at < len(self._parts):
            if self._parts[at].kind == BREAK:
                at += 1
                continue
            stop = at
            while stop < len(self._parts) and self._parts[stop].kind != BREAK:
                stop += 1
            groups = self._ordered(list(self._groups(at, stop)))
            if self._grammar.sheet.join_subject:
                groups = _with_joined_subjects(groups)
            first, last = self._parts[at].first, self._parts[stop - 1].last
            yield [piece for group in groups for piece in group.pieces], first, last
            at = stop

    def _groups(self, at: int, stop: int) -> Iterator[Group]:
        """The phrases from a part to another, prepositions with what they govern."""
        while at < stop:
            part = self._parts[at]
            if part.kind == PREPOSITION and at + 1 < stop and self._parts[at + 1].kind in (
                NOUN_PHRASE, PRONOUN):  # fmt: skip
                pieces, at = self._noun_phrases(at + 1, stop, part.head)
                yield Group(part, pieces)
            elif part.kind == NOUN_PHRASE:
                pieces, at = self._noun_phrases(at, stop, None)
                yield Group(part, pieces)
            else:
                yield Group(part, self._other(at))
                at += 1

    def _noun_phrases(self, at: int, stop: int, preposition: int | None) -> tuple[list[Piece], int]:
        """A noun phrase with its genitives ("the price of water"), and the place after it."""
        part = self._parts[at]
        phrases = self._phrases
        if part.kind == PRONOUN:
            pieces = phrases.word(part.head, "PRON")
            if preposition is not None:
                pieces = phrases.governed(preposition, pieces)
            return pieces, at + 1
        of = at + 1
        if not (
            of + 1 < stop
            and self._parts[of].kind == PREPOSITION
            and self._tokens[self._parts[of].head].low == "of"
            and self._parts[of + 1].kind == NOUN_PHRASE
            and self._switches.function_words
        ):
            return phrases.noun_phrase(part, preposition), at + 1
        mark = self._parts[of].head
        case = phrases.case_for(mark)
        owned = phrases.noun_phrase(part)
        owner, after = self._noun_phrases(of + 1, stop, mark if case else None)
        if case and any(
            piece.rule == FOLDED and piece.start == self._tokens[mark].start for piece in owner
        ):
            first = self._grammar.after("genitive") is False
            pieces = [*owner, *owned] if first else [*owned, *owner]
        else:
            group = phrases.noun_class(_head_of(owned, self._tokens[part.head].start), part)
            owner = [p for p in owner if not (case and p.start == self._tokens[mark].start)]
            pieces = phrases.genitive(owned, owner, mark, group)
        if preposition is not None:
            pieces = phrases.governed(preposition, pieces)
        return pieces, after

    def _other(self, place: int) -> list[Piece]:
        """A part that is no noun phrase."""
        part, phrases = self._parts[place], self._phrases
        if place in self._verbs:
            return self._verbs[place]
        if part.tense == "folded" and self._switches.function_words:
            return [phrases.silent(at) for at in range(part.first, part.last)]
        if part.kind == PRONOUN:
            if place in self._silent:
                return [phrases.silent(part.head)]
            is_subject = any(p.subject == place for p in self._parts if p.kind == VERBS)
            given = phrases.given(part.head, "SUBJ" if is_subject else "OBJ")
            return [given] if given else phrases.word(part.head, "PRON")
        pieces: list[Piece] = []
        for at in range(part.first, part.last):
            low = self._tokens[at].low
            relative = low in RELATIVES and place and self._parts[place - 1].kind == NOUN_PHRASE
            given = self._relative(at, place) if relative else None
            pieces += [given] if given else phrases.word(at, self._sentence.tags[at])
        return pieces

    def _relative(self, at: int, place: int) -> Piece | None:
        """A relative pronoun, as the sheet has it for the class of its noun, or at all."""
        cell = self._phrases.class_cell(self._parts[place - 1], "who")
        if cell:
            return self._phrases.silent(at)._replace(text=cell, rule=GRAMMAR)
        return self._phrases.given(at, "REL")

    # Verbs

    def _verb_group(self, place: int, part: Part) -> list[Piece]:
        phrases, switches = self._phrases, self._switches
        if not switches.function_words:
            return self._verb_word_by_word(part)
        adverbs = [piece for at in part.adverbs for piece in phrases.word(at)]
        modal = self._modal(part)
        silent = [phrases.silent(at) for at in part.folded if at != part.modal]
        low = self._tokens[part.head].low
        if low in BE or (low in HAVE and part.head not in part.folded):
            verb, negated = self._copula(part, low)
        else:
            verb, negated = self._verb(place, part, bool(modal))
        negation: list[Piece] = []
        if part.negation is not None:
            negation = (
                [phrases.silent(part.negation)] if negated else phrases.word(part.negation, "PART")
            )
        if modal and modal[0].rule == DROPPED:
            silent, modal = [*silent, *modal], []
        ahead = self._ahead.get(place, [])
        return [*silent, *negation, *modal, *ahead, *adverbs, *verb]

    def _modal(self, part: Part) -> list[Piece]:
        """A modal verb, in the form that the main verb would have."""
        if part.modal is None:
            return []
        low = self._tokens[part.modal].low
        bundles = list(bundles_of(part)) if self._switches.agreement else []
        given = self._phrases.given(part.modal, "AUX")
        if given:
            return [given._replace(text=filled(given.text, self._concord(part)))]
        lemma = {"could": "can", "might": "may", "had": "must", "have": "must", "has": "must"}.get(
            low, low
        )
        piece, _ = self._phrases.lexical(part.modal, "AUX", [low, lemma], bundles)
        return [piece] if piece else []

    def _verb(self, place: int, part: Part, with_modal: bool) -> tuple[list[Piece], bool]:
        """The main verb in its form; and whether the form says "not".

        The form is the tables', else it is made by the sheet's template, else the lemma stands.
        """
        phrases, low = self._phrases, self._tokens[part.head].low
        kinds = self._forms.bundles(low)
        kind = next(one for one in KINDS if one in kinds)
        names = ["V", "NFIN"] if with_modal else self._names(part)
        template = self._grammar.sheet.template("verb", names)
        bundles: list[tuple[str, ...]] = []
        if self._switches.agreement:
            own = (
                [("V", "NFIN")]
                if with_modal
                else list(bundles_of(part, self._class_cell(part, "gender")))
            )
            bundles = [b for b in own if template is None or len(b) >= len(own[0])]
        words = [self._forms.lemma(low, kind), low]
        if template is None and self._dictionary.inflector is None:
            words.reverse()  # a lexicon may list the form
        piece, features = phrases.lexical(part.head, "VERB", words, bundles)
        if piece is None:
            return [], False
        bare = not features or self._grammar.sheet.around_forms
        if bare and template is not None and piece.rule != KEPT and piece.text:
            return self._templated(place, part, template, piece)
        said = set(features.split(";"))
        if {"1", "2", "3"} & said and self._grammar.drops_subject:
            self._drop_subject(part)
        return [piece], "NEG" in said

    def _templated(
        self, place: int, part: Part, template: str, piece: Piece
    ) -> tuple[list[Piece], bool]:
        """A verb inside the particles of the grammar sheet; what stands before … stays there."""
        sheet = self._grammar.sheet
        if sheet.drop_subject or "{s}" in template or "{n}" in template:
            self._drop_subject(part)
        negated = any(text == template and "NEG" in key for key, text in sheet.verb.items())
        span, cells = (piece.start, piece.stop), self._concord(part)
        ahead, gap, rest = template.partition("…")
        if gap:
            text = filled(ahead.strip(), cells)
            self._ahead[place] = [Piece(text, *span, NO_ENTRY, GRAMMAR)] if text else []
            template = rest.strip() if rest.strip().startswith("_") else rest
        return around(template, [piece], span, cells), negated

    def _names(self, part: Part) -> list[str]:
        negative = ["NEG"] if part.negation is not None else []
        return [*part.features, *negative, *([part.person, part.number] if part.finite else [])]

    def _concord(self, part: Part) -> dict[str, str]:
        """The subject as a verb says it, {s}, and with "not", {n}: by class, person and number."""
        sheet, person = self._grammar.sheet, f"{part.person};{part.number}"
        own = self._class_cell(part, "subject")
        usual = sheet.subjects.get(person, sheet.subjects.get("3;SG", ""))
        negative = sheet.negatives.get(person, sheet.negatives.get("3;SG", ""))
        if own and own != sheet.subjects.get("3;SG"):
            negative = f"{sheet.negatives.get('class', '')}{own}"
        return {"s": own or usual, "n": negative}

    def _class_cell(self, part: Part, name: str) -> str:
        """What the noun class of a verb's subject has under a name, or ""."""
        if part.subject is None or self._parts[part.subject].kind != NOUN_PHRASE:
            return ""
        return self._phrases.class_cell(self._parts[part.subject], name)

    def _drop_subject(self, part: Part) -> None:
        if part.subject is not None and self._parts[part.subject].kind == PRONOUN:
            low = self._tokens[self._parts[part.subject].head].low
            if low in CITATION or low in ("i", "you", "he", "she", "it", "we", "they"):
                self._silent.add(part.subject)

    def _copula(self, part: Part, low: str) -> tuple[list[Piece], bool]:
        """To be and to have: of the sheet, else what the lexicon has for the form or the verb."""
        phrases, what = self._phrases, "copula" if low in BE else "have"
        template = self._grammar.sheet.template(what, self._names(part))
        if template is not None:
            if "{s}" in template or "{n}" in template or self._grammar.sheet.drop_subject:
                self._drop_subject(part)
            text = filled(template, self._concord(part))
            negated = any(
                t == template and "NEG" in k for k, t in getattr(self._grammar.sheet, what).items()
            )
            piece = phrases.silent(part.head)
            return [piece._replace(text=text, rule=GRAMMAR if text else FOLDED)], negated
        given = phrases.given(part.head, "COP")
        if given:
            return [given], False
        option = self._dictionary.options(low, "AUX")
        bundles = list(bundles_of(part)) if self._switches.agreement else []
        if any(one.rule == "exact" for one in option):
            bundles = []
        lemma = "be" if low in BE else "have"
        piece_, features = phrases.lexical(part.head, "AUX", [low, lemma], bundles)
        said = set(features.split(";"))
        if {"1", "2", "3"} & said and self._grammar.drops_subject:
            self._drop_subject(part)
        return [piece_] if piece_ else [], "NEG" in said

    def _verb_word_by_word(self, part: Part) -> list[Piece]:
        """Every word by itself; the main verb agrees with its subject if that is asked for."""
        pieces: list[Piece] = []
        for at in range(part.first, part.last):
            if at == part.head and self._switches.agreement and self._sentence.tags[at] == "VERB":
                forms, low = self._forms, self._tokens[at].low
                kinds = forms.bundles(low)
                kind = next((k for k in ("PST", "V.MSDR", "PRS", "NFIN") if k in kinds), "NFIN")
                alone = Part(VERBS, at, at + 1, at, tense="PRS" if kind == "NFIN" else kind)
                alone.person, alone.number = part.person, part.number
                piece, _ = self._phrases.lexical(
                    at, "VERB", [forms.lemma(low, kind), low], list(bundles_of(alone))
                )
                pieces += [piece] if piece else []
            else:
                pieces += self._phrases.word(at)
        return pieces

    # Order

    def _ordered(self, groups: list[Group]) -> list[Group]:
        """The phrases of a run in the order of the language's clauses, where that is asked for."""
        return ordered(groups, self._sentence, self._parts, self._grammar)

    # Text

    def _written(
        self, runs: Sequence[tuple[list[Piece], int, int]]
    ) -> tuple[str, list[tuple[Piece, int, int]]]:
        """The text of all runs, with what stood between them, and where each piece stands."""
        line, text, places = self._sentence.line, "", list[tuple[Piece, int, int]]()
        end = 0
        for pieces, first, last in runs:
            start, stop = self._tokens[first].start, self._tokens[last - 1].stop
            text += self._marked(line[end:start])
            if self._opens_with_capital(first):
                pieces = _capitalised(pieces)
            said, inside = joined(pieces, self._grammar.sheet.separator)
            if not said and text.endswith(" "):
                text = text[:-1]  # of an empty run one space is enough
            places += [(piece, len(text) + a, len(text) + b) for piece, a, b in inside]
            text += said
            end = stop
        return text + self._marked(line[end:]), places

    def _marked(self, between: str) -> str:
        """What stands between words, with the marks of the language."""
        for mark, own in self._grammar.sheet.marks.items():
            between = between.replace(mark, own)
        return between

    def _opens_with_capital(self, first: int) -> bool:
        return self._phrases.opens(first) and self._tokens[first].text[:1].isupper()

    def _trace(
        self, text: str, places: Sequence[tuple[Piece, int, int]], pieces: Sequence[Piece]
    ) -> Trace:
        words = sum(token.kind == WORD for token in self._tokens)
        replacements = []
        for piece, start, stop in sorted(
            places, key=lambda one: (one[0].start, one[0].stop, one[1])
        ):
            if piece.rule != KEPT:
                option = Option(piece.text, piece.entry, piece.rule, piece.features, 1, None)
                replacements.append(Replacement(piece.start, piece.stop, start, stop, option))
        covered = {(r.start, r.end) for r in replacements if r.option.rule != DROPPED}
        replaced = sum(
            any(start <= token.start and token.stop <= stop for start, stop in covered)
            for token in self._tokens
            if token.kind == WORD
        )
        unknown = tuple(self._phrases.unknown)
        words_left = {token.low for token in self._tokens if token.kind == WORD}
        left = sum(
            piece.rule == KEPT and not piece.text[:1].isupper() and piece.text in words_left
            for piece in pieces
        )
        shown = sum(len(piece.text.split()) for piece in pieces)
        line = Line(text, tuple(replacements), words, words - len(unknown), replaced)
        return Trace(line, tuple(self._phrases.found), unknown, left, shown)


def _with_joined_subjects(groups: Sequence[Group]) -> list[Group]:
    """The groups, a verb joined to the pronoun before it."""
    found: list[Group] = []
    for group in groups:
        before = found[-1] if found else None
        if group.part.kind == VERBS and before is not None and before.part.kind == PRONOUN:
            place = next((i for i, p in enumerate(group.pieces) if p.text), None)
            if place is not None and any(piece.text for piece in before.pieces):
                pieces = list(group.pieces)
                pieces[place] = pieces[place]._replace(joined=True)
                group = Group(group.part, pieces)
        found.append(group)
    return found


def _head_of(pieces: Sequence[Piece], start: int) -> Piece:
    return next(
        (piece for piece in pieces if piece.start == start and piece.rule != FOLDED), pieces[0]
    )


def _capitalised(pieces: list[Piece]) -> list[Piece]:
    """The pieces, the first that says something with a capital."""
    for place, piece in enumerate(pieces):
        if piece.text:
            text = piece.text[:1].upper() + piece.text[1:]
            return [*pieces[:place], piece._replace(text=text), *pieces[place + 1 :]]
    return pieces
