"""Dictionaries that linguists make: parts shared by LIFT, Toolbox and spreadsheets.

In them the headword is in the language that is described, whichever way a lexicon is asked for: of
`en` to `kea` each gloss becomes the headword, and the described language's word its translation.

>>> [gloss for gloss in glosses("house; hut ;building (large)")]
['house', 'hut', 'building (large)']
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from data.lexicon.reading import UNIVERSAL_POS, Entry, Reading

NO_GLOSS = "entry without a gloss in the other language"
OTHER_LANGUAGES = "entry in other languages than those that were asked for"

# What dictionaries call parts of speech (FLEx's English names, MDF's abbreviations), lower case.
_PARTS = {
    "ADJ": "adj adjective a stative.verb",
    "ADP": "adp adposition prep preposition post postposition postp",
    "ADV": "adv adverb advlizer",
    "AUX": "aux auxiliary cop copula copulative",
    "CCONJ": "conj conn connective coordconn coordinating.connective cconj",
    "DET": "det determiner art article dem demonstrative quant quantifier",
    "INTJ": "interj interjection int excl exclamation ideo ideophone",
    "NOUN": "n noun nn nominal count.noun noun.root",
    "NUM": "num numeral cardinal cardinal.numeral ordinal ordinal.numeral card",
    "PART": "part prt particle ptcl",
    "PRON": "pro pron pronoun interrog interrogative.pro-form pers personal.pronoun",
    "PROPN": "nprop n.prop np proper.noun propn pn",
    "SCONJ": "subordconn subordinating.connective sconj subconj",
    "VERB": "v vb verb vi v.i v.i. vt v.t v.t. vd v.d vtr vitr intransitive.verb transitive.verb "
    "ditransitive.verb verb.root",
}
PARTS = {name.replace(".", " "): tag for tag, names in _PARTS.items() for name in names.split()}


def universal_pos(name: str) -> str | None:
    """The Universal POS tag of a dictionary's part of speech; None for one that is not known.

    >>> universal_pos("Noun"), universal_pos("v.t."), universal_pos("VERB"), universal_pos("clitic")
    ('NOUN', 'VERB', 'VERB', None)
    """
    if name in UNIVERSAL_POS:
        return name
    plain = re.sub(r"[\s._]+", " ", name.casefold()).strip()
    return PARTS.get(plain)


def glosses(text: str) -> Iterator[str]:
    """The glosses of a field: several are parted by semicolons, as MDF's manual asks."""
    yield from filter(None, (part.strip() for part in text.split(";")))


def entry(
    where: str,
    word: str,
    gloss: str,
    reading: Reading,
    *,
    turned: bool,
    pos: str | None = None,
    sense: int | None = None,
) -> Entry | None:
    """An entry in the direction that is asked for, or None when it was dropped and counted.

    Args:
        turned: whether the described language is the one that is translated into.
    """
    source, target = (gloss, word) if turned else (word, gloss)
    return reading.entry(where, source, target, pos, None if turned else sense)
