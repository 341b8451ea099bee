"""Phrases and clauses of an English sentence: what belongs to what, and who does what when.

    sentence = Analyser(tagger, verb_forms).analysed("She had brought her old books.")
    [part.kind for part in sentence.parts]      # pronoun, verbs, noun phrase, mark
    sentence.parts[1].features                  # PST, PRF and 3, SG of the subject

Rules over tags, from left to right: a noun phrase is article, possessive, numbers, adjectives and
nouns; a verb group is auxiliaries, "not" and a verb, whose tense, aspect, mood, voice, polarity,
person and number become one feature bundle. The subject is the nearest noun phrase or pronoun
before the verb that no preposition governs; after "and" without one, the subject before.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from data.unimorph import Triple
from lexaug.english.closed_class import (
    ARTICLES,
    BE,
    DO,
    FOLDED_MODALS,
    HAVE,
    MODALS,
    POSSESSIVES,
    PRONOUNS,
    RELATIVES,
    is_plural,
)
from lexaug.english.tagger import Tagger
from lexaug.english.words import MARK, Token, tokens

NOUN_PHRASE, VERBS, PRONOUN, PREPOSITION, OTHER, BREAK = (
    "noun phrase", "verbs", "pronoun", "preposition", "other", "mark"
)  # fmt: skip
NOUNS = ("NOUN", "PROPN")
_INSIDE = (*NOUNS, "ADJ", "NUM")
_HELPERS = frozenset({*BE, *HAVE, *DO, *MODALS})
_QUOTES = frozenset("\"“”«»„'‘’")
_CLAUSE_ENDS = ("SCONJ", "CCONJ")


@dataclass
class Part:
    """A phrase of a sentence; places are of tokens.

    Attributes:
        kind: NOUN_PHRASE, VERBS, PRONOUN, PREPOSITION, BREAK (punctuation) or OTHER.
        first, last: half-open.
        head: of a noun phrase the last noun, of a verb group the verb that carries the meaning.
        article, demonstrative, possessive: places of a noun phrase, or None; `quantifiers`,
            `adjectives` (with their adverbs) and `nouns` (before the head), in order.
        owner: the noun phrase before 's.
        person, number: of the phrase, or of a verb's subject.
        tense, aspects, mood, voice: UniMorph's names; `negation` and `modal`: places, or None.
        folded: places of words that the features say: auxiliaries, "to", "not".
        adverbs: places inside a verb group.
        subject: the place of the part that is the subject, or None.
        base: whether a verb stands alone in a form that an infinitive has too.
    """

    kind: str
    first: int
    last: int
    head: int
    tag: str = ""
    article: int | None = None
    demonstrative: int | None = None
    possessive: int | None = None
    quantifiers: list[int] = field(default_factory=list)
    adjectives: list[int] = field(default_factory=list)
    nouns: list[int] = field(default_factory=list)
    owner: Part | None = None
    person: str = "3"
    number: str = "SG"
    tense: str = ""
    aspects: tuple[str, ...] = ()
    mood: str = ""
    voice: str = ""
    negation: int | None = None
    modal: int | None = None
    folded: list[int] = field(default_factory=list)
    adverbs: list[int] = field(default_factory=list)
    subject: int | None = None
    base: bool = False

    @property
    def finite(self) -> bool:
        """Whether a verb group agrees with a subject."""
        return self.tense not in ("NFIN", "V.PTCP", "V.MSDR") and self.mood != "IMP"

    @property
    def features(self) -> tuple[str, ...]:
        """Of a verb group all but person, number and polarity, as UniMorph names them."""
        return tuple(filter(None, ("V", self.mood, self.tense, *self.aspects, self.voice)))


@dataclass(frozen=True)
class Sentence:
    """A line of text taken apart: tokens, their tags, and its parts from left to right."""

    line: str
    tokens: list[Token]
    tags: list[str]
    parts: list[Part]


class VerbForms:
    """English verb forms: the lemma and bundles of each, from a table, else by their endings.

    >>> forms = VerbForms([Triple("go", "V;PST", "went"), Triple("go", "V;V.PTCP;PST", "gone")])
    >>> forms.bundles("went"), sorted(forms.bundles("walked")), forms.lemma("gone", "V.PTCP")
    ({'PST'}, ['PST', 'V.PTCP'], 'go')
    """

    def __init__(self, triples: Iterable[Triple] = ()) -> None:
        self._forms: dict[str, list[tuple[str, str]]] = {}
        for triple in triples:
            if triple.form and triple.features.startswith("V"):
                kind = _kind(triple.features)
                self._forms.setdefault(triple.form.lower(), []).append((triple.lemma, kind))

    @property
    def all(self) -> dict[str, frozenset[str]]:
        """What every form of the table may be, in small letters."""
        return {form: frozenset(kind for _, kind in rows) for form, rows in self._forms.items()}

    def bundles(self, form: str) -> set[str]:
        """Of PST, V.PTCP, V.MSDR (-ing), PRS (-s) and NFIN those that a form may be."""
        known = {kind for _, kind in self._forms.get(form, ())}
        if known:
            return known
        if form.endswith("ing"):
            return {"V.MSDR"}
        if form.endswith("ed"):
            return {"PST", "V.PTCP"}
        return {"PRS"} if form.endswith("s") and not form.endswith("ss") else {"NFIN"}

    def lemma(self, form: str, kind: str) -> str:
        """The lemma of a form of a kind; the form itself where nobody knows."""
        known = self._forms.get(form, ())
        return next((lemma for lemma, own in known if own == kind), known[0][0] if known else form)


def _kind(features: str) -> str:
    names = features.split(";")
    if any(name.startswith("V.PTCP") for name in names):
        return "V.MSDR" if "PRS" in names else "V.PTCP"
    return next((name for name in ("PST", "NFIN", "PRS") if name in names), "NFIN")


@dataclass
class Analyser:
    """Takes lines of English apart."""

    tagger: Tagger
    forms: VerbForms

    def analysed(self, line: str, tags: Sequence[str] | None = None) -> Sentence:
        """A line with its parts.

        >>> sentence = Analyser(Tagger(), VerbForms()).analysed("The old dogs will not eat it.")
        >>> [part.kind for part in sentence.parts]
        ['noun phrase', 'verbs', 'pronoun', 'mark']
        >>> sentence.parts[1].features, sentence.parts[1].person, sentence.parts[1].number
        (('V', 'FUT'), '3', 'PL')
        """
        found = tokens(line)
        tags = list(tags) if tags is not None else self.tagger.tags(found)
        parts = _Parser(found, tags, self.forms).parts()
        _find_subjects(parts, found)
        return Sentence(line, found, tags, parts)


class _Parser:
    """Reads parts off a tagged sentence, from left to right."""

    def __init__(self, sentence: Sequence[Token], tags: list[str], forms: VerbForms) -> None:
        self._tokens, self._tags, self._forms = sentence, tags, forms
        self._lows = [token.low for token in sentence]
        self._waiting: Part | None = None  # auxiliaries before the subject: "did you see"

    def parts(self) -> list[Part]:
        found: list[Part] = []
        at = 0
        while at < len(self._tokens):
            part = self._next(at, found)
            found.append(part)
            at = part.last
        return found

    def _next(self, at: int, before: Sequence[Part]) -> Part:
        tag, low = self._tags[at], self._lows[at]
        if self._tokens[at].kind == MARK:
            self._waiting = None
            return Part(BREAK, at, at + 1, at, tag)
        if self._is_attribute(at):
            self._tags[at] = tag = "ADJ"
        if tag in ("AUX", "VERB") or (tag == "PART" and low in ("to", "not")):
            group = self._verbs(at, before)
            if group:
                return group
        if tag != "VERB" and low not in RELATIVES:
            phrase = self._noun_phrase(at)
            if phrase:
                return phrase
        if tag == "PRON" and low in PRONOUNS:
            person, number = PRONOUNS[low]
            return Part(PRONOUN, at, at + 1, at, tag, person=person, number=number)
        if tag == "ADP" or low == "to":
            return Part(PREPOSITION, at, at + 1, at, tag)
        return Part(OTHER, at, at + 1, at, tag)

    def _is_attribute(self, at: int) -> bool:
        """Whether a participle stands before its noun: "sold fried fish"."""
        if self._tags[at] != "VERB" or not at or self._tags[at + 1 : at + 2] != ["NOUN"]:
            return False
        before = self._tags[at - 1] in ("VERB", "ADP", "ADJ", "DET")
        return before and "V.PTCP" in self._forms.bundles(self._lows[at])

    # Noun phrases

    def _noun_phrase(self, at: int) -> Part | None:
        part = Part(NOUN_PHRASE, at, at, -1, "NOUN")
        place = self._determined(at, part)
        place = self._modified(place, part)
        if part.head < 0:
            return None
        part.last = place
        noun = self._lows[part.head]
        part.number = "PL" if self._tags[part.head] == "NOUN" and is_plural(noun) else "SG"
        if place < len(self._lows) and self._lows[place] == "'s" and self._tags[place] == "PART":
            owned = self._noun_phrase(place + 1)
            if owned and owned.article is None and owned.possessive is None:
                part.last = place + 1
                owned.first, owned.owner = at, part
                return owned
        return part

    def _determined(self, at: int, part: Part) -> int:
        """Read what comes before adjectives; the place after it."""
        place = at
        while place < len(self._tokens):
            low, tag = self._lows[place], self._tags[place]
            if low in ARTICLES and tag == "DET":
                part.article = place
            elif low in POSSESSIVES and tag == "PRON" and self._begins_noun(place + 1):
                part.possessive = place
            elif low in ("this", "that", "these", "those") and tag == "DET":
                part.demonstrative = place
            elif tag == "DET":
                part.quantifiers.append(place)
            else:
                return place
            place += 1
        return place

    def _begins_noun(self, place: int) -> bool:
        tags = self._tags[place : place + 3]
        return bool(tags) and (tags[0] in _INSIDE or (tags[0] in ("ADV", "VERB") and any(
            tag in NOUNS for tag in tags[1:])))  # fmt: skip

    def _modified(self, at: int, part: Part) -> int:
        """Read adjectives, numbers and nouns; the place after the last noun."""
        place, end = at, at
        seen: list[int] = []
        determined = at > part.first
        while place < len(self._tokens):
            tag, low = self._tags[place], self._lows[place]
            if self._tokens[place].kind == MARK:
                break
            if tag in _INSIDE:
                if end > at and tag in ("ADJ", "NUM"):
                    break  # after the noun no more of these
                seen.append(place)
                if tag in NOUNS:
                    end = place + 1
            elif end > at or not self._joins(place, seen, determined):
                break
            elif low not in ("and", "or"):
                seen.append(place)
            place += 1
        if end > at:
            self._sorted(seen, end, part)
        return end

    def _joins(self, place: int, seen: Sequence[int], determined: bool) -> bool:
        """Whether an adverb, participle or "and" stands before a noun as adjectives do."""
        tag, after = self._tags[place], self._tags[place + 1 : place + 2]
        if tag == "ADV":
            return after == ["ADJ"]
        if tag == "VERB" and (determined or seen):
            return after in (["NOUN"], ["ADJ"]) and self._lows[place].endswith(("ed", "ing", "en"))
        return tag == "CCONJ" and after == ["ADJ"] and bool(seen)

    def _sorted(self, seen: Sequence[int], end: int, part: Part) -> None:
        part.head = end - 1
        for place in seen:
            tag = self._tags[place]
            if place >= part.head:
                break
            if tag == "NUM":
                part.quantifiers.append(place)
            elif tag in NOUNS:
                part.nouns.append(place)
            else:
                part.adjectives.append(place)

    # Verb groups

    def _verbs(self, at: int, before: Sequence[Part]) -> Part | None:
        part = Part(VERBS, at, at, -1, "VERB")
        helpers: list[int] = []
        place = at
        while place < len(self._tokens):
            tag, low = self._tags[place], self._lows[place]
            if low == "to" and tag == "PART":
                if not self._verb_follows(place + 1):
                    break
                part.folded.append(place)
                helpers.append(place)
            elif low == "not":
                part.negation = place
            elif tag in ("AUX", "VERB") and not self._leads(place):
                if tag == "VERB" and low not in _HELPERS:
                    part.head = place
                    break
                helpers.append(place)
            elif tag in ("AUX", "VERB"):
                part.head = self._led(place, helpers, part)
                break
            elif tag == "ADV" and self._verb_follows(place + 1) and place > at:
                part.adverbs.append(place)
            else:
                break
            place += 1
        return self._finished(part, helpers, before)

    def _verb_follows(self, place: int) -> bool:
        while place < len(self._tags) and (
            self._tags[place] == "ADV" or self._lows[place] == "not"
        ):
            place += 1
        return place < len(self._tags) and self._tags[place] in ("VERB", "AUX")

    def _leads(self, place: int) -> bool:
        """Whether a place begins "going to", "used to" or "have to" with a verb after it."""
        if self._lows[place] not in ("going", "used", "have", "has", "had"):
            return False
        return self._lows[place + 1 : place + 2] == ["to"] and self._verb_follows(place + 2)

    def _led(self, place: int, helpers: Sequence[int], part: Part) -> int:
        """The verb that "going to" (future), "used to" (habit) or "have to" (modal) leads to."""
        low = self._lows[place]
        is_future = low == "going" and any(self._lows[one] in BE for one in helpers)
        if (low == "going" and not is_future) or (low == "used" and helpers):
            return place
        if is_future:
            part.tense = "FUT"
        elif low == "used":
            part.tense, part.aspects = "PST", ("HAB",)
        else:
            part.modal, part.tense = place, HAVE[low]
        part.folded += [place + 1] if part.modal == place else [place, place + 1]
        return place + 2

    def _finished(self, part: Part, helpers: list[int], before: Sequence[Part]) -> Part | None:
        waiting, self._waiting = self._waiting, None
        if part.head < 0:
            last = next((one for one in reversed(helpers) if self._lows[one] != "to"), None)
            if last is None:
                self._waiting = waiting
                return None
            part.last = max(last + 1, (part.negation or 0) + 1)
            part.adverbs = [one for one in part.adverbs if one < last]
            if self._is_inverted(part, before):
                part.head, part.tag = last, "AUX"
                self._waiting = part
                part.folded += [one for one in helpers if one not in part.folded]
                part.tense = "waiting"
                return part
            part.head = last
            helpers = [one for one in helpers if one != last]
        else:
            part.last = part.head + 1
        if waiting is not None and waiting.tense == "waiting":
            helpers = [*waiting.folded, *helpers]
            waiting.kind, waiting.tense = OTHER, "folded"
            part.negation = part.negation if part.negation is not None else waiting.negation
        self._set_features(part, helpers)
        return part

    def _is_inverted(self, part: Part, before: Sequence[Part]) -> bool:
        """Whether auxiliaries stand before their subject, and a verb comes after it."""
        opens = (
            not before
            or before[-1].kind == BREAK
            or (before[-1].kind == OTHER and before[-1].tag in ("ADV", "PRON", "CCONJ", "DET"))
            or self._lows[before[-1].first] in ("how", "what", "which", "whose")
        )
        if not opens or part.last >= len(self._tags):
            return False
        phrase = self._noun_phrase(part.last)
        after = phrase.last if phrase else part.last + 1
        starts = phrase is not None or self._tags[part.last] == "PRON"
        return starts and after < len(self._tags) and self._verb_follows(after)

    def _set_features(self, part: Part, helpers: Sequence[int]) -> None:
        low = self._lows[part.head]
        tense, aspects, last = part.tense, list(part.aspects), ""
        for place in helpers:
            word = self._lows[place]
            part.folded.append(place)
            if word == "to":
                tense = tense or ("NFIN" if part.modal is None else "")
            elif word in MODALS:
                if word not in FOLDED_MODALS:
                    part.modal = place
                    part.folded.remove(place)
                tense = {"will": "FUT", "shall": "FUT"}.get(word, tense or "PRS")
                part.mood = "COND" if word == "would" else part.mood
            elif word in HAVE:
                tense, last = tense or HAVE[word], "have"
            elif word in BE:
                if last == "have":
                    aspects.append("PRF")
                tense = tense or (BE[word][0] if BE[word][0] in ("PRS", "PST") else "")
                last = "be"
            elif word in DO:
                tense = tense or DO[word]
        self._set_by_form(part, low, last, tense, aspects)
        part.folded = sorted(set(part.folded) - {part.head})

    def _set_by_form(self, part: Part, low: str, last: str, tense: str, aspects: list[str]) -> None:
        kinds = self._kinds(low)
        part.base = "NFIN" in kinds and not part.folded and part.modal is None
        if last == "have":
            aspects.append("PRF")
        elif last == "be" and "V.MSDR" in kinds:
            aspects += ["PROG"] if tense != "FUT" or low != "going" else []
        elif last == "be" and kinds & {"V.PTCP", "PST"}:
            part.voice = "PASS"
        elif not tense:
            order = ("PST", "PRS", "V.MSDR", "V.PTCP", "NFIN")
            tense = next(kind for kind in order if kind in kinds)
            tense = "PRS" if tense == "NFIN" else tense
        part.tense, part.aspects = tense or "PRS", tuple(dict.fromkeys(aspects))

    def _kinds(self, low: str) -> set[str]:
        if low in BE:
            return {{"PTCP": "V.PTCP", "PROG": "V.MSDR"}.get(BE[low][0], BE[low][0])}
        if low in HAVE or low in DO:
            names = {"PRS": "PRS", "PST": "PST", "PROG": "V.MSDR"}
            return {names[{**HAVE, **DO}[low]]} | ({"NFIN"} if low in ("have", "do") else set())
        return self._forms.bundles(low)


# Subjects


def _find_subjects(parts: Sequence[Part], sentence: Sequence[Token]) -> None:
    """Give every verb group the person and number of its subject; imperatives have none."""
    last: Part | None = None
    for place, part in enumerate(parts):
        if part.kind != VERBS:
            continue
        subject = _subject_before(parts, place, sentence)
        if subject is None and _opens(parts, place) and sentence[part.first].low == "do":
            part.mood, part.tense, part.person, part.number = "IMP", "", "2", "SG"
            last = part
            continue
        if subject is None and _is_reported(parts, place, sentence):
            subject = place + 1
        if subject is None and part.base and _opens(parts, place):
            part.mood, part.tense, part.person, part.number = "IMP", "", "2", "SG"
            last = part
            continue
        if subject is not None:
            part.subject = subject
            part.person = parts[subject].person
            part.number = "PL" if _is_joined(parts, subject, sentence) else parts[subject].number
        elif last is not None:
            part.person, part.number = last.person, last.number
            if last.mood == "IMP" and part.base:
                part.mood, part.tense = "IMP", ""
        last = part if part.finite or part.mood == "IMP" else last


def _subject_before(parts: Sequence[Part], place: int, sentence: Sequence[Token]) -> int | None:
    """The place of the subject of the verb group at a place, or None."""
    at = place - 1
    while at >= 0:
        part = parts[at]
        word = sentence[part.head].low
        if (
            part.kind == OTHER
            and word in RELATIVES
            and at > 0
            and parts[at - 1].kind == NOUN_PHRASE
        ):
            return at - 1
        if part.kind in (NOUN_PHRASE, PRONOUN):
            if at == 0 or parts[at - 1].kind != PREPOSITION:
                return at
            at -= 2
            continue
        if part.kind == VERBS or (part.kind == BREAK and word not in ",–-—"):
            return None
        if part.kind == OTHER and part.tag in _CLAUSE_ENDS:
            return None
        at -= 1
    return None


def _is_reported(parts: Sequence[Part], place: int, sentence: Sequence[Token]) -> bool:
    """Whether a verb after a quotation has its subject behind it: "...", said the man."""
    if not place or sentence[parts[place - 1].head].low not in _QUOTES:
        return False
    return place + 1 < len(parts) and parts[place + 1].kind in (NOUN_PHRASE, PRONOUN)


def _opens(parts: Sequence[Part], place: int) -> bool:
    """Whether a clause begins here: only adverbs, marks or conjunctions stand before."""
    if place == 0:
        return True
    before = parts[place - 1]
    if before.kind == BREAK:
        return True
    return (
        before.kind == OTHER and before.tag in ("ADV", "INTJ", "CCONJ") and _opens(parts, place - 1)
    )


def _is_joined(parts: Sequence[Part], subject: int, sentence: Sequence[Token]) -> bool:
    """Whether "and" joins a phrase to another noun phrase before it."""
    return (
        subject >= 2
        and parts[subject - 1].kind == OTHER
        and sentence[parts[subject - 1].head].low == "and"
        and parts[subject - 2].kind in (NOUN_PHRASE, PRONOUN)
        and (subject < 3 or parts[subject - 3].kind not in (PREPOSITION, VERBS))
    )
