"""What WALS says of a language's articles, affixes and order, or of most languages of its genus.

    found = typology(resolve("wo"))
    found["87A"].name, found["87A"].evidence        # Noun-Adjective, WALS wlf

Where WALS has several entries for a language (dialects of Tibetan) the one with most values counts,
and the others fill what it lacks. Where none has a value, that of most languages of the same genus
stands in, if at least three tell and two thirds of them agree.

Dryer and Haspelmath (2013), https://wals.info; `python -m data.catalog fetch wals`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from data.access import Access
from data.errors import UnavailableError
from data.inventory.genus import WalsLanguage
from data.languages import Language
from data.typology import read_atlas

FEATURES: Mapping[str, str] = {
    "33A": "plural", "37A": "definite article", "38A": "indefinite article",
    "57A": "possessive affixes", "81A": "order of subject, object, verb",
    "83A": "order of object and verb", "85A": "order of adposition and noun",
    "86A": "order of genitive and noun", "87A": "order of adjective and noun",
    "88A": "order of demonstrative and noun", "89A": "order of numeral and noun",
    "101A": "subject pronouns",
}  # fmt: skip
LEAST_RELATIVES, LEAST_SHARE = 3, 2 / 3


class Value(NamedTuple):
    """A value's name and what tells it."""

    name: str
    evidence: str


def typology(language: Language, *, access: Access = Access()) -> dict[str, Value]:
    """The values of FEATURES that are known of a language; {} where WALS cannot be had."""
    try:
        atlas = read_atlas(access=access, wanted=FEATURES)
    except UnavailableError as error:
        access.say(f"WALS could not be had, so that nothing is known of word order ({error})")
        return {}
    values = {
        code: {key: value.name for key, value in own.items()} for code, own in atlas.values.items()
    }
    return chosen(language, atlas.entries, values)


def chosen(
    language: Language, every: Sequence[WalsLanguage], values: Mapping[str, Mapping[str, str]]
) -> dict[str, Value]:
    """The values of a language: its own, else of most of its genus.

    Args:
        values: by WALS code, the names of values by feature.
    """
    codes = {language.iso639_3, language.individual}
    own = [entry for entry in every if codes & set(entry.iso_codes)]
    own.sort(key=lambda entry: (-len(values.get(entry.wals_code, ())), entry.wals_code))
    found: dict[str, Value] = {}
    for entry in own:
        for feature, name in values.get(entry.wals_code, {}).items():
            found.setdefault(feature, Value(name, f"WALS {entry.wals_code}"))
    genera = {entry.genus for entry in own}
    if len(genera) == 1:
        [genus] = genera
        relatives = [entry.wals_code for entry in every if entry.genus == genus]
        for feature in FEATURES:
            if feature not in found and (usual := _usual(feature, genus, relatives, values)):
                found[feature] = usual
    return {feature: found[feature] for feature in FEATURES if feature in found}


def _usual(
    feature: str, genus: str, relatives: list[str], values: Mapping[str, Mapping[str, str]]
) -> Value | None:
    """What most languages of a genus have, where enough of them tell and agree."""
    names = Counter(values[code][feature] for code in relatives if feature in values.get(code, ()))
    if not names:
        return None
    name, count = min(names.items(), key=lambda one: (-one[1], one[0]))
    whole = sum(names.values())
    if whole < LEAST_RELATIVES or count < LEAST_SHARE * whole:
        return None
    return Value(name, f"{count} of {whole} languages of the genus {genus} in WALS")
