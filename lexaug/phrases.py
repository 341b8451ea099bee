"""A lexicon made ready for substitution: every surface phrase with all that may stand for it.

    table = compile_phrases(lexicon, "uniform", analyser=english, inflector=swahili)
    table.options["walked"]     # the entries of "walk", inflected for the past, or its lemma

Inflection is done here, once a form and entry, and not once a token: a text of a billion words
costs no more look-ups in the paradigms than a sentence does.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from data.errors import InputError
from data.lexicon import Entry, Lexicon
from data.spelling import fold
from data.tsv import excerpt
from data.words import word_spans
from lexaug.casing import Case, Reading, carried
from lexaug.config import POLICIES
from lexaug.inflection import Advance, Analyser, BatchInflector, Inflector, Question

# Those that come in where forms are made (`lexaug.predicted_forms`), and all of them.
MADE = ("inflected-by-rule", "inflected-by-model", "lemma-unsure")
RULES = ("exact", "inflected", "lemma", *MADE)

# The part of speech of a UniMorph bundle and the Universal tags of entries that it may inflect.
_INFLECTS = {
    "V": ("VERB", "AUX"),
    "N": ("NOUN", "PROPN"),
    "PROPN": ("PROPN", "NOUN"),
    "ADJ": ("ADJ",),
    "ADV": ("ADV",),
}
_WHOLE_WEIGHT = 720_720  # divided by 1, 2, 3, ... 16 without rest, so that 1/rank is an integer
NOT_IN_TARGETS = frozenset("\t\n\r\0")


@dataclass(frozen=True, slots=True)
class Option:
    """One text that may stand for a phrase.

    Attributes:
        text: in the target language, as the lexicon or the paradigm writes it.
        entry: the index of the entry in `Lexicon.entries`.
        rule: `exact` (the surface is a headword), `inflected` (it is a form of the headword, and
            a table has the target's form for its features), `inflected-by-rule` or
            `inflected-by-model` (no table has it, and it was made), `lemma` (there is none, the
            lemma stands) or `lemma-unsure` (one was made and not trusted, the lemma stands).
        features: the surface's UniMorph bundle, such as "V;PST"; empty for `exact`.
        weight: an integer from 1; an option is drawn in proportion to it.
        pos: the Universal POS tag that it fits, or None for all.
    """

    text: str
    entry: int
    rule: str
    features: str
    weight: int
    pos: str | None


class Form(NamedTuple):
    """A folded surface that is a form of an entry's headword, and what stands for it.

    `text`, `entry`, `rule`, `features` and `pos` are as in `Option`.
    """

    surface: str
    entry: int
    text: str
    rule: str
    features: str
    pos: str | None


@dataclass(frozen=True, slots=True)
class PhraseTable:
    """Folded surface phrases (`data.spelling.fold`) and their options, in the lexicon's order.

    Attributes:
        options: for every phrase what may stand for it where its capitals tell nothing.
        narrowed: what is left of it under (phrase, reading), where a capital does tell (see
            `lexaug.casing`).
        reach: the number of words in the longest phrase that begins with a word.
        longest: the number of words in the longest phrase of all.
    """

    options: Mapping[str, tuple[Option, ...]]
    narrowed: Mapping[tuple[str, Reading], tuple[Option, ...]]
    reach: Mapping[str, int]
    longest: int
    policy: str
    lexicon: Lexicon

    def lookup(self, phrase: str, reading: Reading = Reading.ANY) -> tuple[Option, ...]:
        """The options of a folded phrase under a reading; () if there are none."""
        options = self.options.get(phrase, ())
        return self.narrowed.get((phrase, reading), options) if options else ()

    def fold(self, word: str) -> str:
        """The form under which a word of running text is looked up."""
        return fold(word, self.lexicon.source_language)

    def written(self, option: Option, case: Case) -> str:
        """An option's text in the case of the phrase that it replaces."""
        headword = self.lexicon.entries[option.entry].source
        return carried(option.text, headword, case, self.lexicon.target_language)

    def unreachable(self) -> tuple[str, ...]:
        """Phrases that running text cannot contain: they hold digits or punctuation."""
        return tuple(p for p in self.options if not all(map(is_word, p.split(" "))))


def is_word(token: str) -> bool:
    """Whether a token is one word and nothing else, by the rule of `data.words`.

    >>> [is_word(token) for token in ("ng'ombe", "n't", "'s", "3rd", "www.example.org", ",")]
    [True, True, False, False, False, False]
    """
    return next(word_spans(token), None) == (0, len(token))


def compile_phrases(
    lexicon: Lexicon,
    policy: str = "uniform",
    *,
    analyser: Analyser | None = None,
    inflector: Inflector | None = None,
    forms: Iterable[Form] | None = None,
) -> PhraseTable:
    """Make a lexicon ready for substitution.

    Args:
        policy: which of several translations is taken: the `first`; each as likely (`uniform`);
            in proportion to 1/rank (`frequency`); each as likely of those whose part of speech is
            the token's (`pos`; an entry without one fits all, and an AUX may take a VERB).
        analyser: forms of the source's lemmas. A surface that is a headword uses its own
            entries; one that is a form of headwords uses theirs. Of a phrase the first word is
            inflected as a verb ("looked after") and the last as a noun ("bus stops").
        inflector: forms of the target's lemmas. Where a form has several analyses, the first
            that yields a target form counts.
        forms: what `inflected_forms` gave of the two, where it is known already.

    >>> lexicon = Lexicon((Entry("dog", "mbwa"), Entry("look after", "tunza")), "en", "sw")
    >>> table = compile_phrases(lexicon)
    >>> table.lookup("look after")[0].text, table.reach["look"], table.lookup("look")
    ('tunza', 2, ())

    Raises:
        InputError: an empty lexicon, no such policy, or a text that would break lines and
            columns; the message names the entry.
    """
    if policy not in POLICIES:
        raise InputError(f'no policy "{policy}"; choose one of: {", ".join(POLICIES)}')
    if not lexicon.entries:
        raise InputError(
            f"{_name(lexicon)}: expected entries, found none; give a lexicon with at least one"
        )
    found: dict[str, list[Option]] = defaultdict(list)
    for number, entry in enumerate(lexicon.entries):
        text = _checked(entry.target, lexicon, number)
        found[fold(entry.source, lexicon.source_language)].append(
            Option(text, number, "exact", "", _weight(entry, policy), entry.pos)
        )
    headwords = frozenset(found)
    if forms is None:
        forms = inflected_forms(lexicon, analyser, inflector) if analyser else ()
    for form in forms:
        if form.surface not in headwords:
            text = _checked(form.text, lexicon, form.entry)
            weight = _weight(lexicon.entries[form.entry], policy)
            option = Option(text, form.entry, form.rule, form.features, weight, form.pos)
            found[form.surface].append(option)
    return _table(found, headwords, policy, lexicon)


def _table(
    found: Mapping[str, list[Option]], headwords: frozenset[str], policy: str, lexicon: Lexicon
) -> PhraseTable:
    narrowed = {
        (phrase, reading): _chosen(some, policy)
        for phrase, options in found.items()
        for reading, some in _readings(options, phrase in headwords, lexicon)
    }
    reach: dict[str, int] = defaultdict(int)
    for phrase in found:
        words = phrase.split(" ")
        reach[words[0]] = max(reach[words[0]], len(words))
    options = {phrase: _chosen(options, policy) for phrase, options in found.items()}
    return PhraseTable(options, narrowed, dict(reach), max(reach.values()), policy, lexicon)


def _readings(
    options: Sequence[Option], is_headword: bool, lexicon: Lexicon
) -> Iterator[tuple[Reading, list[Option]]]:
    """What a capital leaves of a phrase's options, where it leaves some and not all."""
    if not is_headword:
        yield Reading.CAPITAL, []
        return
    capital = [o for o in options if lexicon.entries[o.entry].source[:1].isupper()]
    if 0 < len(capital) < len(options):
        yield Reading.CAPITAL, capital
        yield Reading.SMALL, [option for option in options if option not in capital]


def _chosen(options: Sequence[Option], policy: str) -> tuple[Option, ...]:
    return tuple(options[:1] if policy == "first" else options)


def _weight(entry: Entry, policy: str) -> int:
    return _WHOLE_WEIGHT // (entry.rank or 1) or 1 if policy == "frequency" else 1


def inflected_forms(
    lexicon: Lexicon,
    analyser: Analyser,
    inflector: Inflector | None = None,
    advance: Advance | None = None,
) -> Iterator[Form]:
    """Every surface that is a form of a headword, once for each of the headword's entries.

    Args:
        advance: is called with (done, total) while an inflector predicts many forms.
    """
    asked = list(_asked(lexicon, analyser))
    if isinstance(inflector, BatchInflector):
        questions = [_question(lexicon.entries[n], one) for _, n, fits in asked for one, _ in fits]
        inflector.predict_all(questions, advance)
    for surface, number, fits in asked:
        yield _best(lexicon.entries[number], surface, number, fits, inflector)


def _asked(
    lexicon: Lexicon, analyser: Analyser
) -> Iterator[tuple[str, int, list[tuple[str, str | None]]]]:
    """(surface, entry, the bundles that fit it with the tag each stands for), one at least."""
    numbered: defaultdict[str, list[int]] = defaultdict(list)
    for number, entry in enumerate(lexicon.entries):
        numbered[entry.source].append(number)
    for headword, numbers in numbered.items():
        for surface, bundles in _surfaces(headword, analyser, lexicon.source_language):
            for number in numbers:
                pos = lexicon.entries[number].pos
                parts = ((bundle, *_part(bundle, pos)) for bundle in bundles)
                fits = [(bundle, tag) for bundle, agrees, tag in parts if agrees]
                if fits:
                    yield surface, number, fits


def _surfaces(headword: str, analyser: Analyser, language: str) -> Iterator[tuple[str, list[str]]]:
    """The folded forms of a headword, each with all its bundles in the analyser's order."""
    bundles: defaultdict[str, list[str]] = defaultdict(list)
    for form, features in _forms(headword, analyser):
        bundles[fold(form, language)].append(features)
    yield from bundles.items()


def _forms(headword: str, analyser: Analyser) -> Iterator[tuple[str, str]]:
    if " " not in headword:
        yield from analyser.forms_of(headword)
        return
    first, _, rest = headword.partition(" ")
    yield from ((f"{form} {rest}", b) for form, b in analyser.forms_of(first) if _is("V", b))
    start, _, last = headword.rpartition(" ")
    yield from ((f"{start} {form}", b) for form, b in analyser.forms_of(last) if _is("N", b))


def _is(part_of_speech: str, features: str) -> bool:
    return features.split(";")[0].split(".")[0] == part_of_speech


def _best(
    entry: Entry,
    surface: str,
    number: int,
    fits: Sequence[tuple[str, str | None]],
    inflector: Inflector | None,
) -> Form:
    """What an entry has for a surface: the first bundle with a target form, else the lemma."""
    stands = []
    for features, pos in fits:
        form, rule = _formed(inflector, _question(entry, features))
        if form is not None:
            return Form(surface, number, form, rule, features, pos)
        stands.append(rule)
    features, pos = fits[0]
    # The lemma stands, as unsure if the form of any of the bundles was.
    return Form(surface, number, entry.target, max(stands), features, pos)


def _question(entry: Entry, features: str) -> Question:
    """What is asked of an entry for a bundle that fits its tag, or for which it has none."""
    return entry.target, features, entry.pos is not None


def _formed(inflector: Inflector | None, question: Question) -> tuple[str | None, str]:
    """The target's form, if any, and the rule that it goes under."""
    if isinstance(inflector, BatchInflector):
        return inflector.predicted(question)
    form = inflector.inflect(*question[:2]) if inflector else None
    return form, "lemma" if form is None else "inflected"


def _part(features: str, pos: str | None) -> tuple[bool, str | None]:
    """Whether a bundle can be of an entry with this part of speech, and the tag it stands for."""
    tags = _INFLECTS.get(features.split(";")[0].split(".")[0], ())
    return (not tags or pos is None or pos in tags), pos or (tags[0] if tags else None)


def _checked(text: str, lexicon: Lexicon, number: int) -> str:
    if text.strip() and NOT_IN_TARGETS.isdisjoint(text):
        return text
    fault = excerpt(text) if text.strip() else "an empty one"
    raise InputError(
        f"{_name(lexicon)}: entry {number + 1} ({excerpt(lexicon.entries[number].source)}):"
        f" expected a translation on one line without tabs, found {fault}; correct the entry"
    )


def _name(lexicon: Lexicon) -> str:
    return lexicon.name or f"lexicon {lexicon.source_language}-{lexicon.target_language}"
