"""Inflection that crosses languages: what form of the target word translates a form of the source.

    english = load_analyser(resolve("en"))          # walked: walk, V;PST
    swahili = load_inflector(resolve("sw"))         # tembea, V;PST: alitembea
    compile_phrases(lexicon, analyser=english, inflector=swahili)

`TableInflector` takes the target's form from an inflection table by this rule. The features that
translation keeps are part of speech, finiteness (infinitive, participle ...), tense, aspect, mood,
person, number, polarity, voice and comparison. Of the rows of the lemma those fit

1. that have every such feature of the source, where person and number may be missing: they agree
   with something and mean nothing by themselves;
2. that say nothing else of these, nor of gender, case, evidence and questions, than the source, or
   where it is silent the default: indicative, third person, singular, masculine or a noun class
   of people, affirmative, active, nominative, positive; and that have no object and no possessor.
   A past may also be recent or remote, perfective or perfect; a present imperfective, progressive
   or habitual; a perfect present or past (`ALLOWED`).

Of several that fit the best has the language's own features (LGSPEC1) that the lemma has where it
stands in its table, as Zulu's `umuntu` and `abantu` have the same; then the fewest other features;
then no tense rather than the present, and the present rather than others, where the source has
none; then the lowest of those features; then the longest stretch of letters in common with the
lemma, since some tables give the subjunctive the features of the past; then the table's order.

English participles do more than participles: where the target has no participle, `walked` is the
perfect, else the past, and `walking` the progressive, else the verbal noun, else the infinitive.
"""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol, runtime_checkable

from data.access import Access
from data.inflections.tables import tables_of
from data.inflections.tags import atoms, canonical, dimension, parse
from data.languages import Language
from data.lexicon import fold
from data.lexicon.lemmas import Analysis, citation_forms
from data.unimorph import Triple

# A dimension's features; each is the set of its alternatives: SG/DU/PL is one feature, of three.
Reading = Mapping[str, tuple[frozenset[str], ...]]
# Place among what an English participle may be, number of other features, tense, their names.
Rank = tuple[int, int, int, tuple[tuple[str, int], ...]]

SPEECH, FINITENESS, TENSE, ASPECT = "Part of speech", "Finiteness", "Tense", "Aspect"
CONTENT = (FINITENESS, TENSE, ASPECT, "Mood", "Polarity", "Voice", "Comparison")
AGREEMENT = ("Person", "Number")
# What no English form says, and what is asked for by whoever knows the target language (a case, a
# possessor, a noun class): it has to be there.
TARGETS_OWN = ("Case", "Possession", "Gender", "Language-specific")

# What a target may say of a dimension on which the source is silent, besides saying nothing.
SILENT: Mapping[str, frozenset[str]] = {
    FINITENESS: frozenset({"FIN"}),
    "Mood": frozenset({"IND", "REAL"}),
    "Person": frozenset({"3"}),
    "Number": frozenset({"SG"}),
    "Gender": frozenset({"MASC", "BANTU1", "BANTU2"}),
    "Polarity": frozenset({"POS"}),
    "Voice": frozenset({"ACT"}),
    "Case": frozenset({"NOM", "ABS"}),
    "Interrogativity": frozenset({"DECL"}),
    "Comparison": frozenset(),
    "Evidentiality": frozenset(),
    "Possession": frozenset(),
    "Argument marking": frozenset(),
    TENSE: frozenset(),
    ASPECT: frozenset(),
}
# What else it may say, by a feature of the source: English has no perfective past, the Bantu
# languages have several pasts, and a verb's subject may be an ergative. Objects stay refused.
ALLOWED: Mapping[str, Mapping[str, frozenset[str]]] = {
    "V": {"Case": frozenset({"ERG"})},
    "PST": {TENSE: frozenset({"RCT", "RMT"}), ASPECT: frozenset({"PFV", "PRF"})},
    "PRS": {ASPECT: frozenset({"IPFV", "PROG", "HAB"})},
    "FUT": {TENSE: frozenset({"IMMED"})},
    "PRF": {TENSE: frozenset({"PRS", "PST"})},
    "PROG": {TENSE: frozenset({"PRS"})},
}
# Noun classes of Bantu languages that are singular or plural wherever they are.
CLASS_NUMBER = {f"BANTU{n}": "SG" if n % 2 else "PL" for n in range(1, 11)}

# What an English participle of a tense may be in another language, the best first.
INSTEAD_OF_PARTICIPLE = {
    "PST": ("V.PTCP;PST", "V;PRF", "V;PST"),
    "PRS": ("V.PTCP;PRS", "V;PROG", "V.MSDR", "V;NFIN"),
}


@functools.lru_cache(maxsize=1 << 16)
def rank_of(source: str, target: str) -> Rank | None:
    """How well a target bundle says what a source bundle says: lower is better; None, not.

    >>> rank_of("V;PST", "V;PST;3;SG") < rank_of("V;PST", "V;PST;RMT;3;SG")
    True
    >>> rank_of("V;PST", "V;PST;PROG;3;SG") is None     # was walking
    True
    >>> rank_of("V;3;SG;PRS", "V;PRS") is None, rank_of("V;3;SG;PRS", "V;PRS;3;PL") is None
    (False, True)
    """
    found = read(target)
    for place, wish in enumerate(_wishes(source)):
        if wish.is_said_by(found):
            others = tuple(sorted(_others(wish.asked, found)))
            return place, len(others), _tense(wish.asked, found), others
    return None


@functools.lru_cache(maxsize=1 << 14)
def read(bundle: str) -> Reading:
    """A bundle's features by dimension, in the schema's spelling, brackets taken off.

    V.PTCP, V.MSDR and V.CVB are a verb of that finiteness. Noun classes tell the number too,
    alternatives of several that of each; alternatives of two dimensions are of the first by name.

    >>> reading = read("V;V.PTCP;PRES;NOM(3,BANTU2)")
    >>> [sorted(reading[group][0]) for group in ("Part of speech", "Finiteness", "Tense", "Number")]
    [['V'], ['V.PTCP'], ['PRS'], ['PL']]
    """
    found: dict[str, dict[frozenset[str], None]] = {}
    for name in parse(bundle).names():
        for part in name.split("+"):
            for group, values in _placed(frozenset(map(canonical, atoms(part)))):
                found.setdefault(group, {})[values] = None
    return {group: tuple(values) for group, values in found.items()}


def specific(bundle: str) -> frozenset[str]:
    """The features that a language defines for itself.

    >>> specific("N;PL;LGSPEC2")
    frozenset({'LGSPEC2'})
    """
    return frozenset().union(*read(bundle).get("Language-specific", ()))


def _placed(values: frozenset[str]) -> Iterator[tuple[str, frozenset[str]]]:
    first = min(values)
    if first.startswith("V."):
        yield SPEECH, frozenset({"V"})
        yield FINITENESS, values
        return
    yield dimension(first) or "unknown", values
    if values <= CLASS_NUMBER.keys():
        yield "Number", frozenset(map(CLASS_NUMBER.__getitem__, values))


def _instead(source: str) -> tuple[str, ...]:
    """The bundles that say what a source bundle says: itself, or those of a participle."""
    reading = read(source)
    if frozenset({"V.PTCP"}) in reading.get(FINITENESS, ()):
        for tense, bundles in INSTEAD_OF_PARTICIPLE.items():
            if frozenset({tense}) in reading.get(TENSE, ()):
                return bundles
    return (source,)


class Wish(NamedTuple):
    """What a target bundle has to say, worked out once for all the bundles that are tried.

    asked: the source's reading. speech: its part of speech. needed: features that translation
    keeps, by dimension, and whether the dimension may be left unsaid, as agreement may. fine: of
    each guarded dimension what may be said: what was asked, what silence means, what is allowed.
    """

    asked: Reading
    speech: tuple[frozenset[str], ...]
    needed: Sequence[tuple[str, Sequence[frozenset[str]], bool]]
    fine: Mapping[str, frozenset[str]]

    @classmethod
    def of(cls, asked: Reading) -> Wish:
        """The wish of a reading."""
        said = [value for features in asked.values() for feature in features for value in feature]
        needed = [
            (group, asked[group], group in AGREEMENT)
            for group in (*CONTENT, *TARGETS_OWN, *AGREEMENT)
            if group in asked
        ]
        fine = {
            group: _asked(asked, group).union(
                silent, *(ALLOWED[value].get(group, ()) for value in said if value in ALLOWED)
            )
            for group, silent in SILENT.items()
        }
        return cls(asked, asked.get(SPEECH, ())[:1], needed, fine)

    def is_said_by(self, found: Reading) -> bool:
        """Whether every needed feature is there, and nothing else that is not fine."""
        if self.speech != found.get(SPEECH, ())[:1]:
            return False
        for group, features, unsaid in self.needed:
            said = found.get(group)
            if said is None:
                if not unsaid:
                    return False
            elif not all(any(feature & one for one in said) for feature in features):
                return False
        return all(
            one & self.fine[g] for g, said in found.items() if g in self.fine for one in said
        )


def _content(reading: Reading) -> Reading:
    """The part of speech and what else is neither agreement nor the target's own.

    What is not said of this is not said of the whole, so that it is asked first, once for all that
    are alike in it. `ALLOWED` hangs on nothing else.
    """
    return {group: reading[group] for group in (SPEECH, *CONTENT) if group in reading}


@functools.lru_cache(maxsize=1 << 12)
def _wishes(source: str) -> tuple[Wish, ...]:
    """What says what a source bundle says, the best first."""
    return tuple(Wish.of(read(wanted)) for wanted in _instead(source))


def _asked(asked: Reading, group: str) -> frozenset[str]:
    return frozenset[str]().union(*asked.get(group, ()))


def _others(asked: Reading, found: Reading) -> Iterator[tuple[str, int]]:
    """The features that nobody asked for, as (letters, number), so that 2 is before 10."""
    for group, features in found.items():
        usual = _asked(asked, group) | SILENT.get(group, frozenset())
        for feature in features:
            if group != SPEECH and not feature & usual:
                name = min(feature)
                letters = name.rstrip("0123456789")
                yield letters, int(name[len(letters) :] or 0)


def _tense(asked: Reading, found: Reading) -> int:
    """Where no tense was asked for: 0 for none, 1 for the present, 2 for others."""
    if TENSE in asked or TENSE not in found:
        return 0
    return 1 if found[TENSE] == (frozenset({"PRS"}),) else 2


__all__ = [
    "Advance",
    "Analyser",
    "Analysis",
    "BatchInflector",
    "EnglishForms",
    "Inflector",
    "Question",
    "TableAnalyser",
    "TableInflector",
    "load_analyser",
    "load_inflector",
]

Advance = Callable[[int, int], None]  # is told (done, total)
Question = tuple[str, str, bool]  # lemma, source bundle, whether the lexicon's tag agrees
MOST_LEMMAS = 1000  # that are asked which bundle is usual, spread evenly over the table


class Analyser(Protocol):
    """Knows the forms of the source's lemmas."""

    def forms_of(self, lemma: str) -> Iterable[tuple[str, str]]:
        """(form, feature bundle) of a lemma, in a fixed order; nothing of an unknown one."""


class Inflector(Protocol):
    """Knows the forms of the target's lemmas."""

    def inflect(self, lemma: str, features: str) -> str | None:
        """The target's form for a bundle of the source, or None where none is known."""


@runtime_checkable
class BatchInflector(Inflector, Protocol):
    """An inflector that predicts forms, and so has to say of each who predicted it.

    A question is (lemma, source bundle, whether the lexicon says that it is that part of speech).
    """

    def predict_all(self, questions: Sequence[Question], advance: Advance | None = None) -> None:
        """Answer all questions that will be asked, at once; models are quick in batches only."""

    def predicted(self, question: Question) -> tuple[str | None, str]:
        """The form or None, and the rule of `lexaug.phrases.RULES` that it goes under."""


class TableAnalyser:
    """The forms of an inflection table.

    >>> rows = [Triple("go", "V;PST", "went"), Triple("go", "V;V.PTCP;PST", "gone")]
    >>> list(TableAnalyser(rows).forms_of("go"))
    [('went', 'V;PST'), ('gone', 'V;V.PTCP;PST')]
    """

    def __init__(self, triples: Iterable[Triple]) -> None:
        self._forms: dict[str, list[tuple[str, str]]] = {}
        for triple in triples:
            if triple.form is not None:
                forms = self._forms.setdefault(fold(triple.lemma), [])
                forms.append((triple.form, triple.features))

    def forms_of(self, lemma: str) -> Iterable[tuple[str, str]]:
        """(form, feature bundle) in table order."""
        return self._forms.get(fold(lemma), ())


class EnglishForms(TableAnalyser):
    """English: the table's forms, and for every word the regular plural that nouns have.

    UniMorph's pinned English table has verbs only. The plural is -s, -es after a hissing sound,
    -ies for a consonant and -y; irregular ones (children) are headwords in most lexicons.

    >>> english = EnglishForms([Triple("walk", "V;PST", "walked")])
    >>> list(english.forms_of("walk"))
    [('walked', 'V;PST'), ('walks', 'N;PL')]
    >>> [list(english.forms_of(word))[0][0] for word in ("city", "box", "boy", "church")]
    ['cities', 'boxes', 'boys', 'churches']
    """

    def forms_of(self, lemma: str) -> Iterable[tuple[str, str]]:
        """(form, feature bundle): the table's, then the plural."""
        yield from super().forms_of(lemma)
        if re.fullmatch(r"[A-Za-z]{3,}", lemma) and not lemma.isupper():
            yield _plural(lemma), "N;PL"


class TableInflector:
    """The forms of inflection tables for the bundles of another language.

    Args:
        triples: of one table or of several, the one that is to win first.

    >>> rows = [("tembea", "V;FIN;IND;PST;1;SG", "nilitembea"), ("tembea", "V;NFIN", "kutembea"),
    ...         ("tembea", "V;FIN;IND;PST;3;SG;LGSPEC1", "alitembea")]
    >>> inflector = TableInflector(Triple(*row) for row in rows)
    >>> [inflector.inflect("tembea", bundle) for bundle in ("V;PST", "V;NFIN", "V;FUT")]
    ['alitembea', 'kutembea', None]
    """

    def __init__(self, triples: Iterable[Triple]) -> None:
        self._paradigms: dict[str, list[tuple[str, str]]] = {}
        rows: dict[str, list[Triple]] = {}
        for triple in triples:
            if triple.form is not None:
                rows.setdefault(triple.lemma, []).append(triple)
        self._lemmas = {fold(lemma): None for lemma in rows}
        for paradigm in rows.values():
            forms = [(row.features, row.form or "") for row in paradigm]
            for name in citation_forms(paradigm):
                self._paradigms.setdefault(fold(name), []).extend(forms)

    def inflect(self, lemma: str, features: str) -> str | None:
        """The best target form by the module's rule; None if nothing fits.

        Args:
            lemma: as a lexicon lists it: the table's lemma or infinitive, perhaps with the
                hyphen (`-soma`) that dictionaries of Bantu languages put before stems.
            features: the source form's bundle.
        """
        name = fold(lemma.lstrip("-"))
        unlike = self._unlike(name)
        fits = []
        for place, (bundle, form) in enumerate(self._paradigms.get(name, [])):
            rank = rank_of(features, bundle)
            if rank is not None:
                stretch = -_common_stretch(form, name)
                fits.append(((rank[0], unlike(bundle), *rank[1:], stretch, place), form))
        return min(fits)[1] if fits else None

    def listed_as(self, word: str) -> str | None:
        """What a word is here: "lemma", "infinitive" (of another lemma), or None, unknown.

        >>> rows = [Triple("bal", "V;NFIN", "kobala")]
        >>> list(map(TableInflector(rows).listed_as, ("bal", "kobala", "kosala")))
        ['lemma', 'infinitive', None]
        """
        name = fold(word.lstrip("-"))
        if name in self._lemmas:
            return "lemma"
        return "infinitive" if name in self._paradigms else None

    def usual_bundle(self, features: str, among: Container[str]) -> str | None:
        """The bundle that the module's rule takes of a lemma that has them all; None if none fits.

        Whether it has the lemma's own features is what most lemmas say that have the bundle: Zulu
        nouns mostly stand in the series LGSPEC2 of their table.

        Args:
            features: a bundle of the source.
            among: the bundles that may be taken.

        >>> rows = [("soma", "V;PST;PRF;3;SG", "amesoma"), ("soma", "V;PST;1;SG", "nilisoma"),
        ...         ("pika", "V;PST;3;SG", "alipika")]
        >>> inflector = TableInflector(Triple(*row) for row in rows)
        >>> inflector.usual_bundle("V;PST", {bundle for _, bundle, _ in rows})
        'V;PST;3;SG'
        """
        asked = [Wish.of(_content(wish.asked)) for wish in _wishes(features)]
        fits = []
        for content, tried in self._by_content:
            if any(wish.is_said_by(content) for wish in asked):
                for place, bundle, unlike_most in tried:
                    if bundle in among and (rank := rank_of(features, bundle)) is not None:
                        fits.append(((rank[0], unlike_most, *rank[1:], place), bundle))
        return min(fits)[1] if fits else None

    @functools.cached_property
    def _by_content(self) -> Sequence[tuple[Reading, Sequence[tuple[int, str, bool]]]]:
        """The bundles of the lemmas, by content: place, bundle, and whether it is mostly unlike.

        Unlike: it has other features of the language's own than the lemma has.
        """
        likeness: dict[str, list[bool]] = {}
        for lemma in list(self._lemmas)[:: len(self._lemmas) // MOST_LEMMAS + 1]:
            unlike = self._unlike(lemma)
            for bundle in dict.fromkeys(bundle for bundle, _ in self._paradigms[lemma]):
                likeness.setdefault(bundle, []).append(unlike(bundle))
        alike: dict[object, tuple[Reading, list[tuple[int, str, bool]]]] = {}
        for place, (bundle, unlikes) in enumerate(likeness.items()):
            content = _content(read(bundle))
            found = alike.setdefault(frozenset(content.items()), (content, []))
            found[1].append((place, bundle, 2 * sum(unlikes) > len(unlikes)))
        return list(alike.values())

    def _unlike(self, name: str) -> Callable[[str], bool]:
        """Whether a bundle lacks the language's own features that the lemma has in its table."""
        paradigm = self._paradigms.get(name, [])
        own = {specific(bundle) for bundle, form in paradigm if fold(form) == name}
        return lambda bundle: bool(own) and specific(bundle) not in own


def load_analyser(
    language: Language,
    *,
    access: Access = Access(),
) -> TableAnalyser:
    """The forms of a source language from all inflection tables at hand; perhaps none."""
    triples = _triples(language, access)
    return EnglishForms(triples) if language.bcp47 == "en" else TableAnalyser(triples)


def load_inflector(
    language: Language,
    *,
    access: Access = Access(),
) -> TableInflector | None:
    """The inflector of a target language from all inflection tables at hand; None without any.

    A relative's table may stand in (swc for sw); that is logged as a warning.
    """
    triples = list(_triples(language, access))
    return TableInflector(triples) if triples else None


def _triples(language: Language, access: Access) -> Iterator[Triple]:
    for table in tables_of(language, access=access):
        yield from table.read(skip_bad=True, dropped=Counter(), repairs=Counter())


def _plural(noun: str) -> str:
    if re.search(r"(s|x|z|ch|sh)$", noun):
        return f"{noun}es"
    return f"{noun[:-1]}ies" if re.search(r"[^aeiou]y$", noun) else f"{noun}s"


def _common_stretch(form: str, lemma: str) -> int:
    """How many letters of a lemma stand together in a form.

    >>> _common_stretch("alisoma", "soma"), _common_stretch("asome", "soma")
    (4, 3)
    """
    spans = ((i, j) for i in range(len(lemma)) for j in range(i, len(lemma) + 1))
    return max((j - i for i, j in spans if lemma[i:j] in form), default=0)
