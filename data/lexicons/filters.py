"""Which entries of a lexicon to keep, and how they are spelt.

    nouns = lexicon.filtered(pos_in(["NOUN"]), words_at_most(2), not_copies())

A filter, for `Lexicon.filtered`, is a pair: the reason under which entries are counted that it
does not keep, and a function that tells whether it keeps one. Anybody's pair will do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import replace

from data.errors import InputError
from data.lexicon import Filter, Lexicon, ranked
from data.lexicons.entries import UNIVERSAL_POS, Entry
from data.spelling import fold, respell


def pos_in(tags: Collection[str], *, untagged: bool = True) -> Filter:
    """Keep entries with one of these parts of speech, and those without any unless told not to.

    >>> reason, keeps = pos_in(["NOUN", "VERB"])
    >>> reason, keeps(Entry("dog", "mbwa", "NOUN")), keeps(Entry("far", "mbali", "ADV"))
    ('part of speech other than NOUN, VERB', True, False)

    Raises:
        InputError: a tag that is not one of Universal Dependencies, or none at all.
    """
    unknown = sorted(set(tags) - UNIVERSAL_POS)
    if unknown or not tags:
        raise InputError(
            f"expected Universal POS tags, found {', '.join(unknown) or 'none'}; there are"
            f" {', '.join(sorted(UNIVERSAL_POS))}"
        )
    keeps = {*tags, None} if untagged else set(tags)
    return f"part of speech other than {', '.join(tags)}", lambda entry: entry.pos in keeps


def senses_at_most(number: int) -> Filter:
    """Keep the first senses of each headword, and entries whose senses nobody has numbered."""
    return f"sense after number {number}", lambda entry: (entry.sense or 1) <= number


def translations_at_most(number: int) -> Filter:
    """Keep the first translations of each headword; entries must be ranked."""
    return f"translation after number {number}", lambda entry: (entry.rank or 1) <= number


def words_at_most(number: int) -> Filter:
    """Keep entries of which neither side has more words, counted between spaces."""
    return f"more than {number} words", lambda entry: _words(entry)[1] <= number


def words_at_least(number: int) -> Filter:
    """Keep entries of which both sides have so many words, counted between spaces."""
    return f"fewer than {number} words", lambda entry: _words(entry)[0] >= number


def without_digits() -> Filter:
    """Keep entries without a digit of any script on either side."""
    return (
        "digit",
        lambda entry: not any(character.isdigit() for character in entry.source + entry.target),
    )


def not_copies() -> Filter:
    """Keep entries whose translation is not the headword again, whatever its case.

    >>> not_copies()[1](Entry("Internet", "internet"))
    False
    """
    return "target equals source", lambda entry: fold(entry.source) != fold(entry.target)


def whole_words() -> Filter:
    """Keep entries of which no side is a prefix or suffix, such as `-ness` or `ku-`."""
    return (
        "prefix or suffix",
        lambda entry: (
            not any(
                text.startswith(("-", "‐", "‑")) or text.endswith(("-", "‐", "‑"))
                for text in (entry.source, entry.target)
            )
        ),
    )


def respelt(lexicon: Lexicon, changes: Counter[str] | None = None) -> Lexicon:
    """The lexicon with wrong characters corrected on both sides, by `data.spelling.respell`.

    Entries that become equal are one, counted in `dropped`.

    Args:
        changes: receives the number of characters replaced, by reason.

    >>> lexicon = ranked([Entry("tree", "tιιga"), Entry("tree", "tɩɩga")], "en", "mos")
    >>> [entry.target for entry in respelt(lexicon).entries]
    ['tɩɩga']
    """
    left, right = lexicon.source_language, lexicon.target_language
    entries = (
        replace(
            entry,
            source=respell(entry.source, left, changes),
            target=respell(entry.target, right, changes),
        )
        for entry in lexicon.entries
    )
    return ranked(entries, left, right, lexicon.name, lexicon.dropped)


def _words(entry: Entry) -> tuple[int, int]:
    """How many words the shorter and the longer side have."""
    counts = sorted(len(text.split()) for text in (entry.source, entry.target))
    return counts[0], counts[1]
