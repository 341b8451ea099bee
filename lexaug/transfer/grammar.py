"""What a target language does with English function words, phrases and order.

    grammar = Grammar.of(language, typology(language), bundles, orders=("adjective", "genitive"))
    grammar.article("definite")     # "drop": the language has none (WALS 37A)

Everything follows from WALS (`lexaug.transfer.typology`), from the features that the inflection
tables have, and, where there is one, from a grammar sheet: a page of TOML with the function words
and templates of a language that a linguist writes in an hour. docs/SYNTHESIS.md describes it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from data.bounded import read_toml
from data.errors import InputError
from data.inflections.tags import canonical, known_features
from data.lexicon import UNIVERSAL_POS
from data.tsv import excerpt
from lexaug.transfer.typology import Value

ORDERS: Mapping[str, str] = {
    "adjective": "87A", "demonstrative": "88A", "numeral": "89A", "genitive": "86A",
    "adposition": "85A", "verb": "81A",
}  # fmt: skip
WORD, DROP, ONE = "word", "drop", "one"
# Which of WALS's values mean that there is a word; anything else is an affix or nothing.
_ARTICLES: Mapping[str, Mapping[str, str]] = {
    "definite": {
        "Definite word distinct from demonstrative": WORD,
        "Demonstrative word used as definite article": DROP,  # where it is stressed only
    },
    "indefinite": {
        "Indefinite word distinct from 'one'": WORD,
        "Indefinite word same as 'one'": ONE,
    },
}
# The cases that say what an English preposition says, the best first.
CASES: Mapping[str, tuple[str, ...]] = {
    "in": ("IN+ESS", "INE", "LOC"), "at": ("AT+ESS", "ADE", "LOC"), "on": ("ON+ESS", "LOC"),
    "into": ("IN+ALL", "ILL", "ALL", "DAT"), "to": ("AT+ALL", "ALL", "DAT"),
    "from": ("AT+ABL", "ABL", "IN+ABL", "ELA"), "of": ("GEN",), "with": ("COM", "INS"),
    "by": ("INS",), "for": ("BEN", "DAT"), "without": ("PRIV", "ABE"), "inside": ("IN+ESS", "LOC"),
    "onto": ("ON+ALL", "ALL", "DAT"), "toward": ("ALL", "DAT"), "towards": ("ALL", "DAT"),
}  # fmt: skip

TEXTS = ("words", "noun", "possessives", "prepositions", "verb", "copula", "have", "subjects",
         "negatives")  # fmt: skip
AROUND = ("noun", "possessives", "prepositions", "verb")  # templates with a place: _
FLAGS = ("drop_subject", "join_subject", "bare_after_prepositions", "around_forms")
KEYS = (*TEXTS, "marks", *FLAGS, "genitive", "separator", "classes")
BY_FEATURES = ("verb", "copula", "have")
PERSONS = tuple(f"{person};{number}" for number in ("SG", "PL") for person in "123")
ARTICLE_NAMES = ("definite", "indefinite")
NAMES: Mapping[str, tuple[str, ...]] = {  # the keys of these parts, where they are few
    "noun": (
        *ARTICLE_NAMES, *(f"{name};{number}" for name in ARTICLE_NAMES for number in ("SG", "PL")),
        "plural", "adjective", "numeral",
    ),
    "possessives": PERSONS, "subjects": PERSONS, "negatives": (*PERSONS, "class"),
}  # fmt: skip
ROLES = (*sorted(UNIVERSAL_POS), "COP", "OBJ", "PL", "REL", "SG", "SUBJ")  # behind words: who/REL
FILLED = ("s", "n", "c", "of")  # what stands in braces in templates
CLASS_CELLS = (
    "noun", "plural", "number", "subject", "gender", "adjective", "of", "possessive", "this",
    "that", "who", "all",
)  # fmt: skip


@dataclass(frozen=True)
class NounClass:
    """A class of nouns: which nouns are in it by their letters, and what agrees with it.

    Attributes:
        noun: a regular expression on the noun.
        plural: "PATTERN>REPLACEMENT" makes the plural; its class is found anew.
        number: SG or PL. cells: concords by name; see CLASS_CELLS.
        animate: whether it is for nouns of people and animals only (`lexaug.english.animates`).
    """

    noun: re.Pattern[str]
    plural: tuple[re.Pattern[str], str] | None
    number: str
    cells: Mapping[str, str]
    animate: bool = False


@dataclass(frozen=True)
class Sheet:
    """A grammar sheet: function words and templates, `_` for what they are put around.

    Attributes:
        words: by English word, or WORD/ROLE: SUBJ and OBJ of pronouns, REL, a part of speech.
        noun: definite, indefinite, plural (with ;SG or ;PL), adjective, numeral.
        possessives: by person and number. genitive: of 1, what is owned, and 2, its owner.
        verb, copula, have: by features; the one counts that has most of those that are asked.
        subjects, negatives: what {s} and {n} are in these, by person and number.
        marks: punctuation. separator: what is between words.
        drop_subject: pronouns before verbs that a template says. join_subject: they are one word
            with the verb. bare_after_prepositions: no articles there. around_forms: the verb
            templates are for forms of the tables as well, not only where these have none.
    """

    words: Mapping[str, str] = field(default_factory=dict)
    noun: Mapping[str, str] = field(default_factory=dict)
    possessives: Mapping[str, str] = field(default_factory=dict)
    genitive: str = ""
    prepositions: Mapping[str, str] = field(default_factory=dict)
    verb: Mapping[frozenset[str], str] = field(default_factory=dict)
    copula: Mapping[frozenset[str], str] = field(default_factory=dict)
    have: Mapping[frozenset[str], str] = field(default_factory=dict)
    subjects: Mapping[str, str] = field(default_factory=dict)
    negatives: Mapping[str, str] = field(default_factory=dict)
    classes: tuple[NounClass, ...] = ()
    marks: Mapping[str, str] = field(default_factory=dict)
    separator: str = " "
    drop_subject: bool = False
    join_subject: bool = False
    bare_after_prepositions: bool = False
    around_forms: bool = False

    def template(self, what: str, features: Iterable[str]) -> str | None:
        """The template of verb, copula or have with most of some features and no other, or None.

        >>> Sheet(verb={frozenset({"PST"}): "li_", frozenset({"PST", "NEG"}): "ku_"}).template(
        ...     "verb", ("V", "PST", "NEG", "3", "SG"))
        'ku_'
        """
        asked, rows = frozenset(features), getattr(self, what)
        fits = [key for key in rows if key <= asked]
        return (
            rows[max(fits, key=lambda key: ("NEG" in key, len(key), sorted(key)))] if fits else None
        )

    def class_of(self, noun: str, number: str, *, animate: bool = False) -> NounClass | None:
        """The first class that a noun may be in, by its letters and whether it is animate."""
        fits = (one for one in self.classes if animate or not one.animate)
        return next((o for o in fits if o.number in (number, "") and o.noun.search(noun)), None)


def read_sheet(path: Path) -> Sheet:
    """Read a grammar sheet.

    Raises:
        InputError: no such file; an unknown key or feature, a switch that is neither true nor
            false; a template without a place for what it is put around; a pattern that is none.
    """
    content = read_toml(path)
    for key in content:
        if key not in KEYS:
            raise InputError(f'{path}: no such key "{key}"; a grammar sheet has {", ".join(KEYS)}')
    for part in (*TEXTS, "marks"):
        table = content.get(part, {})
        if not isinstance(table, dict) or not all(isinstance(cell, str) for cell in table.values()):
            raise InputError(f"{path}: [{part}]: expected texts, found something else")
        for key, cell in table.items():
            _check_key(part, key, path)
            _check_cell(part, cell, f"{path}: [{part}] {key} = {excerpt(cell)}")
    _check_switches(content, path)
    by_features = {
        what: {frozenset(key.split(";")): text for key, text in content.get(what, {}).items()}
        for what in BY_FEATURES
    }
    return Sheet(
        words=content.get("words", {}),
        noun=content.get("noun", {}),
        possessives=content.get("possessives", {}),
        genitive=content.get("genitive", ""),
        prepositions=content.get("prepositions", {}),
        **by_features,
        subjects=content.get("subjects", {}),
        negatives=content.get("negatives", {}),
        classes=tuple(
            _noun_class(row, f"{path}: [[classes]]") for row in content.get("classes", ())
        ),
        marks=content.get("marks", {}),
        separator=content.get("separator", " "),
        drop_subject=content.get("drop_subject") is True,
        join_subject=content.get("join_subject") is True,
        bare_after_prepositions=content.get("bare_after_prepositions") is True,
        around_forms=content.get("around_forms") is True,
    )


def _check_key(part: str, key: str, path: Path) -> None:
    """Refuse a key that nothing would ever ask for: a misspelt one says nothing, in silence."""
    names, where = NAMES.get(part), f'{path}: [{part}]: no such key "{key}"'
    if names is not None and key not in names:
        raise InputError(f"{where}; it has {', '.join(names)}")
    if part in BY_FEATURES:
        strange = [name for name in key.split(";") if name not in known_features()]
        if strange:
            raise InputError(
                f'{where}: expected features of UniMorph such as PST;NEG, found "{strange[0]}"'
            )
    word, _, role = key.partition("/")
    if part in ("words", "prepositions") and word != word.lower():
        raise InputError(f"{where}: expected an English word in small letters; write it so")
    if part == "words" and role and role not in ROLES:
        raise InputError(f"{where}: no such role; there are {', '.join(ROLES)}")


def _check_cell(part: str, cell: str, where: str) -> None:
    """Refuse a template that cannot be filled in, and text of more than one line."""
    if part in AROUND and cell.count("_") != 1:
        raise InputError(
            f"{where}: expected one _ for what it is put around, found {cell.count('_')}"
        )
    if len(cell.splitlines()) > 1:
        raise InputError(f"{where}: expected text of one line, found several; join them")
    for name in re.findall(r"{(\w+)}", cell):
        if name not in FILLED:
            shown = ", ".join(f"{{{one}}}" for one in FILLED)
            raise InputError(f"{where}: expected {shown} in braces, found {{{name}}}; correct it")


def _check_switches(content: Mapping[str, Any], path: Path) -> None:
    """Refuse switches that are texts, and a genitive that leaves out one of its two phrases."""
    for key in FLAGS:
        if not isinstance(content.get(key, False), bool):
            raise InputError(f"{path}: {key}: expected true or false, found {content[key]!r}")
    for key in ("genitive", "separator"):
        if not isinstance(content.get(key, ""), str):
            raise InputError(f"{path}: {key}: expected a text, found {content[key]!r}")
    genitive = content.get("genitive", "")
    if genitive and sorted(p for p in genitive.split() if p in ("1", "2")) != ["1", "2"]:
        raise InputError(
            f'{path}: genitive = "{genitive}": expected 1, what is owned, and 2, its owner, each'
            ' once between spaces; write such as "1 {of} 2"'
        )


def _noun_class(row: Mapping[str, Any], where: str) -> NounClass:
    for key, cell in row.items():
        if key == "animate" and isinstance(cell, bool):
            continue
        if key not in CLASS_CELLS or not isinstance(cell, str):
            known = ", ".join((*CLASS_CELLS, "animate (true, false)"))
            raise InputError(f'{where}: no such cell "{key}"; it has {known}')
    try:
        pattern, _, replacement = row.get("plural", "").partition(">")
        plural = (re.compile(pattern), replacement) if pattern else None
        noun = re.compile(row.get("noun", ""))
    except re.error as error:
        raise InputError(f"{where}: expected a regular expression, found {error}") from error
    rest = ("noun", "plural", "number", "animate")
    cells = {key: cell for key, cell in row.items() if key not in rest}
    return NounClass(noun, plural, row.get("number", ""), cells, row.get("animate") is True)


@dataclass(frozen=True)
class Grammar:
    """How a target language says what English function words say.

    Attributes:
        values: WALS's, by feature.
        orders: the switches that are on, of ORDERS.
        cases: English preposition to the case that the tables' nouns have for it.
        marks_person: whether the tables' verbs say who does it.
        has_plural, has_possession: whether the tables' nouns have those forms.
    """

    values: Mapping[str, Value] = field(default_factory=dict)
    orders: tuple[str, ...] = ()
    cases: Mapping[str, str] = field(default_factory=dict)
    marks_person: bool = False
    has_plural: bool = False
    has_possession: bool = False
    negative_verbs: bool = False
    sheet: Sheet = Sheet()

    @classmethod
    def of(
        cls,
        values: Mapping[str, Value],
        bundles: Iterable[str],
        orders: Sequence[str] = (),
        sheet: Sheet = Sheet(),
    ) -> Grammar:
        """A grammar from what WALS says and the bundles of the inflection tables."""
        names = [frozenset(map(canonical, bundle.split(";"))) for bundle in bundles]
        nouns = [bundle for bundle in names if "N" in bundle]
        verbs = [bundle for bundle in names if "V" in bundle]
        of_nouns = frozenset().union(*nouns)
        cases = {
            word: next(case for case in some if case in of_nouns)
            for word, some in CASES.items()
            if any(case in of_nouns for case in some)
        }
        return cls(
            values,
            tuple(orders),
            cases,
            any({"1", "2"} & bundle for bundle in verbs),
            "PL" in of_nouns,
            any(name.startswith("PSS") for name in of_nouns),
            any("NEG" in bundle for bundle in verbs),
            sheet,
        )

    def article(self, kind: str) -> str:
        """What becomes of an article: `word`, `one` or `drop`; a word where WALS is silent."""
        value = self.values.get("37A" if kind == "definite" else "38A")
        return _ARTICLES[kind].get(value.name, DROP) if value else WORD

    def after(self, what: str) -> bool | None:
        """Whether a modifier stands after its noun, as far as the switch is on and WALS knows."""
        value = self.values.get(ORDERS[what])
        if what not in self.orders or value is None:
            return None
        return {"Noun": True}.get(
            value.name.split("-")[0], False if "-Noun" in value.name else None
        )

    @property
    def possessive_after(self) -> bool:
        """Whether "my" stands after its noun: as a genitive does, or as an affix at the end."""
        affix, genitive = self.values.get("57A"), self.values.get("86A")
        if affix and affix.name in ("Possessive suffixes", "Possessive prefixes"):
            return affix.name == "Possessive suffixes"
        return bool(genitive and genitive.name == "Noun-Genitive")

    @property
    def postpositions(self) -> bool:
        """Whether adpositions stand after their noun, where that switch is on."""
        value = self.values.get("85A")
        return "adposition" in self.orders and bool(value and value.name == "Postpositions")

    @property
    def verb_last(self) -> bool:
        """Whether the verb stands at the end of its clause, where that switch is on."""
        return self._verb_order() in ("SOV", "OSV")

    @property
    def verb_first(self) -> bool:
        """Whether the verb stands before its subject, where that switch is on."""
        return self._verb_order() in ("VSO", "VOS")

    @property
    def drops_subject(self) -> bool:
        """Whether a pronoun is left out before a verb that says who does it (WALS 101A)."""
        value = self.values.get("101A")
        return self.marks_person and (value is None or value.name == "Subject affixes on verb")

    def _verb_order(self) -> str:
        whole, part = self.values.get("81A"), self.values.get("83A")
        if "verb" not in self.orders:
            return ""
        if whole is None or whole.name == "No dominant order":
            return "SOV" if part and part.name == "OV" else ""
        return whole.name

    def contradictions(self) -> list[str]:
        """Values that exclude each other, such as SOV and VO."""
        whole, part = self.values.get("81A"), self.values.get("83A")
        if whole and part and part.name in ("OV", "VO") and "O" in whole.name and "V" in whole.name:
            first = "OV" if whole.name.find("O") < whole.name.find("V") else "VO"
            if len(whole.name) == 3 and first != part.name:
                return [
                    f"81A says {whole.name} ({whole.evidence}), 83A {part.name} ({part.evidence})"
                ]
        return []
