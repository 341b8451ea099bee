"""Which translation a word has in its sentence, and the form of it that its features ask for.

    dictionary = Dictionary(table, inflector, sense="pos")
    option = dictionary.choose("change", ("NOUN",), draw)       # not the verb
    dictionary.form(option, (("V", "FUT", "1", "SG"), ...))     # nitaleta, "inflected-by-rule"

Of a word's translations those count whose part of speech is the word's; where none is, those
without one; else all, without inflection. What was asked once is remembered.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from data.randomness import draw
from lexaug.casing import Reading
from lexaug.inflection import BatchInflector, Inflector, specific
from lexaug.phrases import Option, PhraseTable
from lexaug.substitute import fits

if TYPE_CHECKING:
    from lexaug.transfer.senses import Senses

MOST_KEPT = 1 << 20

Bundle = tuple[str, ...]


class Draws:
    """The draws of one line, in order; the k-th choice takes the k-th draw of the line's key."""

    def __init__(self, key: int, line: str = "") -> None:
        self._key, self._seen, self.line = key, 0, line

    def pick(self, options: Sequence[Option]) -> Option:
        """One of several options, by weight."""
        if len(options) == 1:
            return options[0]
        sums = list(accumulate(option.weight for option in options))
        place = (draw(self._key, self._seen) * sums[-1]) >> 64
        self._seen += 1
        return next(o for o, limit in zip(options, sums, strict=True) if place < limit)


class Form(NamedTuple):
    """A translation in a form: its text, rule and features, of `lexaug.phrases.Option`."""

    text: str
    rule: str
    features: str


@dataclass
class Dictionary:
    """A phrase table and an inflector, asked about words in context.

    Attributes:
        sense: `any` translation, or those of the word's part of speech (`pos`).
        senses: chooses among these by the sentence; None: they are drawn.
        agree: whether forms for features may be asked for; else the table's own are taken.
        usual: the tags of a headword in running text, for lexicons without parts of speech.
    """

    table: PhraseTable
    inflector: Inflector | None = None
    sense: str = "pos"
    agree: bool = True
    usual: Mapping[str, str] = field(default_factory=dict)
    senses: Senses | None = None

    def __post_init__(self) -> None:
        """Start with nothing remembered."""
        self._forms: dict[tuple[int, bool, Bundle], Form | None] = {}
        self._options: dict[tuple[str, str], tuple[Option, ...]] = {}
        self._asked: dict[Bundle, Bundle] = {}

    def options(self, word: str, tag: str) -> tuple[Option, ...]:
        """The translations of a folded word or phrase: those that fit a tag, where any do."""
        key = word, tag
        found = self._options.get(key)
        if found is None:
            found = self._fitting(self.table.lookup(word, Reading.ANY), tag)
            if len(self._options) < MOST_KEPT:
                self._options[key] = found
        return found

    def knows(self, word: str) -> bool:
        """Whether there is any translation of a folded word or phrase."""
        return word in self.table.options

    def choose(
        self, words: Iterable[str], tag: str, draws: Draws, span: tuple[int, int] | None = None
    ) -> Option | None:
        """A translation of the first of several words (surface, lemma, base) that has one.

        One whose part of speech fits, of a later word, goes before one of the first that fits not.

        Args:
            span: where the word stands in the line of `draws`, for `senses`.
        """
        every = [self.options(word, tag) for word in dict.fromkeys(words)]
        good = (some for some in every if some and self._agrees(some[0], tag))
        found = next(good, next((some for some in every if some), ()))
        if not found:
            return None
        if self.senses is not None and span is not None and tag not in CLOSED_TAGS:
            found = self.senses.best(found, draws.line, span)
        return draws.pick(found)

    def form(self, option: Option, tag: str, bundles: Iterable[Bundle]) -> Form | None:
        """The form of a translation for the first bundle that it has one for, or None."""
        if self.inflector is None or not self.agree:
            return None
        entry = self.table.lexicon.entries[option.entry]
        sure = fits(entry.pos, (tag,)) if entry.pos else self._is_usual(entry.source, tag)
        if entry.pos and not sure:
            return None
        for bundle in bundles:
            key = option.entry, sure, bundle
            if key not in self._forms:
                self._forms[key] = self._inflected(entry.target, sure, bundle)
            found = self._forms[key]
            if found is not None:
                return found
        return None

    def _fitting(self, options: Sequence[Option], tag: str) -> tuple[Option, ...]:
        if self.sense == "any":
            return tuple(options)
        entries = self.table.lexicon.entries
        same = [o for o in options if entries[o.entry].pos and fits(entries[o.entry].pos, (tag,))]
        open_ = [o for o in options if entries[o.entry].pos is None]
        if tag in CLOSED_TAGS:
            return tuple(same or open_ or [o for o in options if _is_closed(entries[o.entry].pos)])
        return tuple(same or open_ or options)

    def _agrees(self, option: Option, tag: str) -> bool:
        pos = self.table.lexicon.entries[option.entry].pos
        return pos is None or fits(pos, (tag,)) or (tag == "PROPN" and pos == "NOUN")

    def _is_usual(self, headword: str, tag: str) -> bool:
        return self.usual.get(headword.lower()) == tag

    def _inflected(self, lemma: str, sure: bool, bundle: Bundle) -> Form | None:
        names = self._named(bundle)
        features = ";".join(names)
        inflector = self.inflector
        if isinstance(inflector, BatchInflector):
            text, rule = inflector.predicted((lemma, features, sure))
            return Form(text, rule, features) if text is not None else None
        text = inflector.inflect(lemma, features) if inflector else None
        return None if text is None else Form(text, "inflected", features)

    def _named(self, bundle: Bundle) -> Bundle:
        """A bundle, or its habitual where the tables have no other plain form (Akan's past).

        What a table marks by a feature of its own (LGSPEC) is no plain form.
        """
        if bundle not in self._asked:
            usual = getattr(self.inflector, "bundle_for", None)
            found = bundle
            if usual is not None and bundle[0] == "V":
                plain, habit = usual(";".join(bundle)), ("V", "HAB", *bundle[1:])
                if plain is None or specific(plain):
                    other = usual(";".join(habit))
                    found = habit if other is not None and not specific(other) else bundle
            self._asked[bundle] = found
        return self._asked[bundle]


CLOSED_TAGS = frozenset({"ADP", "AUX", "CCONJ", "SCONJ", "DET", "PRON", "PART"})


def _is_closed(pos: str | None) -> bool:
    return pos is None or pos in CLOSED_TAGS or pos in ("ADV", "ADJ", "NUM")


def bases(low: str) -> list[str]:
    """What an adverb or a comparison may be made of.

    >>> bases("bigger"), bases("slowly"), bases("happiest")
    (['big', 'bigge'], ['slow'], ['happy'])
    """
    for ending in ("er", "est"):
        stem = low.removesuffix(ending)
        if stem != low and len(stem) > 2:
            if stem.endswith("i"):
                return [f"{stem[:-1]}y"]
            doubled = stem[-1] == stem[-2]
            return [stem[:-1], f"{stem}e"] if doubled else [stem, f"{stem}e"]
    if low.endswith("ily") and len(low) > 5:
        return [f"{low[:-3]}y"]
    return [low.removesuffix("ly")] if low.endswith("ly") and len(low) > 4 else []
