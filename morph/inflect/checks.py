"""Questions that nothing can answer are refused, with suggestions.

    >>> from data.unimorph import Triple
    >>> rows = [("soma", "V;PST;3;SG", "alisoma"), ("soma", "V;FUT;3;SG", "atasoma")]
    >>> table = Lookup.of([Triple(*row) for row in rows])
    >>> check_features("V;PAST;3;SG", table, "Swahili")
    Traceback (most recent call last):
    data.errors.InputError: expected features that the data of Swahili have, found "PAST" in \
"V;PAST;3;SG" (did you mean PST?); correct it
"""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Collection

from data.errors import InputError
from data.inflections.tags import canonical, dimension, known_features, nearest, parse, tidied
from data.tsv import excerpt
from data.words import scripts_of
from morph.inflect.lookup import Lookup, names_of

SUGGESTIONS = 3


def check_lemma(lemma: str, table: Lookup, language: str, where: str = "") -> str:
    """The lemma in NFC, without space around it.

    Raises:
        InputError: it is empty, has a tab or a line break, or is in a script in which the
            language's data has no word.

    >>> from data.unimorph import Triple
    >>> check_lemma("рад", Lookup.of([Triple("soma", "V;PST", "alisoma")]), "Swahili")
    Traceback (most recent call last):
    data.errors.InputError: lemma "рад": expected the script of the data of Swahili (Latn), found \
Cyrl; write it in that script
    """
    clean = unicodedata.normalize("NFC", lemma).strip()
    if not clean:
        raise InputError(f"{where}lemma: expected a word, found nothing; give its dictionary form")
    check_cell(clean, f"{where}lemma")
    strange = scripts_of([clean]) - table.scripts
    if strange:
        known = ", ".join(sorted(table.scripts))
        raise InputError(
            f"{where}lemma {excerpt(clean)}: expected the script of the data of {language}"
            f" ({known}), found {', '.join(sorted(strange))};"
            " write it in that script"
        )
    return clean


def check_cell(word: str, where: str) -> None:
    """Refuse a word that would be two cells of a table, or two lines, where answers are written.

    >>> check_cell("a\\tb", "form")
    Traceback (most recent call last):
    data.errors.InputError: form "a<TAB>b": expected one word, found a tab or a line break; \
give words one by one
    """
    if "\t" in word or len(word.splitlines()) > 1:
        raise InputError(
            f"{where} {excerpt(word)}: expected one word, found a tab or a line break; give words"
            " one by one"
        )


def check_features(features: str, table: Lookup, language: str, where: str = "") -> str:
    """The bundle without space around it or its marks.

    Raises:
        InputError: it is empty or broken, or has a feature that none of the language's data has.
    """
    text = features.strip()
    if not text:
        raise InputError(
            f"{where}features: expected a bundle, found nothing; give one, such as"
            f" {next(iter(table.bundles()), 'V;PST')}"
        )
    if text in table.bundle_texts:  # as the table has it, were it no bundle at all
        return text
    try:
        bundle = parse(tidied(text))
    except InputError as error:
        raise InputError(f"{where}{error}") from error
    known = _spellings(table.features)
    for name in bundle.names():
        if canonical(name) not in known:
            raise _unknown(name, text, table.features, language, where)
    return str(bundle)


def _spellings(features: Collection[str]) -> frozenset[str]:
    return frozenset({*features, *map(canonical, features)})


def _unknown(name: str, text: str, known: Collection[str], language: str, where: str) -> InputError:
    """Own features that are spelt or mean alike, else what the schema says of the name."""
    near = difflib.get_close_matches(canonical(name), sorted(known), SUGGESTIONS)
    alike = [one for one in nearest(name) if one in known and one not in near]
    named = [*near, *alike][:SUGGESTIONS]
    meant = f" (did you mean {', '.join(named)}?)" if named else ""
    group = dimension(name)
    if group:
        meaning = known_features()[name].meaning if name in known_features() else group
        same = sorted(one for one in known if dimension(one) == group)
        has = f"; of {group.lower()} they have {', '.join(same) or 'none'}"
        meant = f" ({meaning}{has})"
    elif not named and nearest(name):
        meant = f" (the schema has {', '.join(nearest(name))}, which these data lack)"
    return InputError(
        f"{where}expected features that the data of {language} have, found {excerpt(name)}"
        f" in {excerpt(text)}{meant}; correct it"
    )


def missing_from(features: str, known: Collection[str]) -> list[str]:
    """The features of a bundle that are not among some.

    >>> missing_from("V;PST;NOM(1,SG)", {"V", "PST", "1"})
    ['NOM', 'SG']
    """
    return [name for name in names_of(features) if name not in known]
