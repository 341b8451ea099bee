"""English words of the closed classes: what each can be, and what it says of person and number.

>>> CLOSED["that"], PRONOUNS["her"], POSSESSIVES["our"]
(('SCONJ', 'DET', 'PRON'), ('3', 'SG'), ('1', 'PL'))
>>> singular("wives"), singular("boxes"), singular("bus")
('wife', 'box', 'bus')
"""

from __future__ import annotations

import re
from collections.abc import Mapping

ARTICLES: Mapping[str, str] = {"the": "definite", "a": "indefinite", "an": "indefinite"}

# Person and number.
PRONOUNS: Mapping[str, tuple[str, str]] = {
    "i": ("1", "SG"), "me": ("1", "SG"), "myself": ("1", "SG"), "mine": ("1", "SG"),
    "you": ("2", "SG"), "yourself": ("2", "SG"), "yours": ("2", "SG"), "yourselves": ("2", "PL"),
    "he": ("3", "SG"), "him": ("3", "SG"), "himself": ("3", "SG"), "she": ("3", "SG"),
    "her": ("3", "SG"), "herself": ("3", "SG"), "hers": ("3", "SG"), "it": ("3", "SG"),
    "itself": ("3", "SG"), "one": ("3", "SG"), "we": ("1", "PL"), "us": ("1", "PL"),
    "ourselves": ("1", "PL"), "ours": ("1", "PL"), "they": ("3", "PL"), "them": ("3", "PL"),
    "themselves": ("3", "PL"), "theirs": ("3", "PL"),
}  # fmt: skip
SUBJECTS = frozenset(["i", "you", "he", "she", "it", "we", "they", "one", "who"])
POSSESSIVES: Mapping[str, tuple[str, str]] = {
    "my": ("1", "SG"), "your": ("2", "SG"), "his": ("3", "SG"), "her": ("3", "SG"),
    "its": ("3", "SG"), "our": ("1", "PL"), "their": ("3", "PL"),
}  # fmt: skip
# The base of a pronoun in another case: what a lexicon may list instead.
CITATION: Mapping[str, str] = {
    "me": "I", "him": "he", "her": "she", "us": "we", "them": "they", "mine": "my",
    "yours": "your", "hers": "her", "ours": "our", "theirs": "their", "whom": "who", "an": "a",
    "its": "his", "hers'": "her", "these": "this", "those": "that", "shall": "will",
    "upon": "on", "onto": "on", "till": "until", "though": "although", "whose": "who",
}  # fmt: skip
RELATIVES = frozenset({"who", "which", "that", "whom"})

BE: Mapping[str, tuple[str, ...]] = {
    "be": ("NFIN",), "am": ("PRS", "1", "SG"), "is": ("PRS", "3", "SG"), "are": ("PRS",),
    "was": ("PST",), "were": ("PST",), "been": ("PTCP",), "being": ("PROG",),
}  # fmt: skip
HAVE: Mapping[str, str] = {"have": "PRS", "has": "PRS", "had": "PST", "having": "PROG"}
DO: Mapping[str, str] = {"do": "PRS", "does": "PRS", "did": "PST"}
MODALS: Mapping[str, str] = {
    "will": "FUT", "shall": "FUT", "would": "COND", "can": "PRS", "could": "PST", "may": "PRS",
    "might": "PST", "must": "PRS", "should": "PRS", "ought": "PRS",
}  # fmt: skip
FOLDED_MODALS = frozenset({"will", "shall", "would"})  # what they say is a tense or mood

_DET = "the a an this that these those every each some any no another all both either neither"
_ADP = (
    "of in on at by for with from about into through over after between under against during"
    " without before above below among across behind near toward towards upon within along around"
    " beside besides beyond despite except inside outside off onto per since until via than like"
    " throughout beneath underneath up down out"
)
_SCONJ = "if because although though while whereas unless whether as since until before after that"
_CCONJ = "and or but nor"
_PRON = (
    "i you he she it we they me him us them who whom which what mine yours hers ours theirs my your"
    " his her its our their someone somebody something anyone anybody anything everyone everybody"
    " everything nobody nothing myself yourself himself herself itself ourselves themselves there"
    " none whose this that these those"
)
_ADV = (
    "not very too so also only just then here there now never always often again soon already yet"
    " still when where why how ever almost perhaps maybe well even away together quite once twice"
    " today tomorrow yesterday tonight far more most less up down out off back"
)
_AUX = " ".join((*BE, "have has had having do does did", *MODALS))
_NUM = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"
    " sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety"
    " hundred thousand million billion"
)
_ADJ = "many few several much more most less other own such same first second third last next"
_INTJ = "yes no oh hello please"


def _closed() -> dict[str, tuple[str, ...]]:
    first = {"that": ("SCONJ",), "to": ("PART", "ADP"), "not": ("PART",), "'s": ("PART", "AUX")}
    rows = (
        ("AUX", _AUX), ("DET", _DET), ("ADP", _ADP), ("CCONJ", _CCONJ), ("PRON", _PRON),
        ("SCONJ", _SCONJ), ("NUM", _NUM), ("ADJ", _ADJ), ("ADV", _ADV), ("INTJ", _INTJ),
    )  # fmt: skip
    found: dict[str, tuple[str, ...]] = dict(first)
    for tag, words in rows:
        for word in words.split():
            if tag not in found.get(word, ()):
                found[word] = (*found.get(word, ()), tag)
    found.pop("not")
    found["not"] = ("PART",)
    for word in ("have", "has", "had", "having", "do", "does", "did"):
        found[word] = ("AUX", "VERB")
    return found


CLOSED: Mapping[str, tuple[str, ...]] = _closed()

# What an apostrophe hides: the part after it, by its letters.
CLITICS: Mapping[str, str] = {
    "n't": "not", "'ll": "will", "'re": "are", "'ve": "have", "'m": "am", "'d": "would", "'s": "'s",
}  # fmt: skip
SHORT_NEGATIONS: Mapping[str, str] = {"ca": "can", "wo": "will", "sha": "shall"}  # ca-n't

IRREGULAR_PLURALS: Mapping[str, str] = {
    "children": "child", "men": "man", "women": "woman", "people": "people", "feet": "foot",
    "teeth": "tooth", "mice": "mouse", "geese": "goose", "oxen": "ox", "lives": "life",
    "wives": "wife", "knives": "knife", "leaves": "leaf", "loaves": "loaf", "wolves": "wolf",
    "halves": "half", "thieves": "thief", "shelves": "shelf", "selves": "self", "calves": "calf",
    "police": "police", "cattle": "cattle",
}  # fmt: skip
_SINGULAR_S = (
    *("news", "bus", "gas", "lens", "always", "perhaps", "mathematics", "politics", "physics"),
    *("economics", "species", "series"),
)


def singular(noun: str) -> str:
    """The singular of a plural in small letters; what is no plural comes back as it is.

    >>> [singular(noun) for noun in ("cities", "houses", "glass", "children", "churches")]
    ['city', 'house', 'glass', 'child', 'church']
    """
    if noun in IRREGULAR_PLURALS:
        return IRREGULAR_PLURALS[noun]
    if noun in _SINGULAR_S or len(noun) < 4 or re.search(r"(ss|us|is)$", noun):
        return noun
    if noun.endswith("ies") and len(noun) > 4:
        return f"{noun[:-3]}y"
    if re.search(r"(s|x|z|ch|sh)es$", noun) and not re.search(r"(us|as|rs|ns)es$", noun):
        return noun[:-2]
    return noun[:-1] if noun.endswith("s") else noun


def is_plural(noun: str) -> bool:
    """Whether a noun in small letters is a plural by its form.

    >>> is_plural("goats"), is_plural("people"), is_plural("bus")
    (True, True, False)
    """
    return noun in IRREGULAR_PLURALS or singular(noun) != noun
