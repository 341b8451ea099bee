"""Which entries of a lexicon to keep, how they are spelt, and one lexicon of several.

    nouns = lexicon.filtered(pos_in(["NOUN"]), words_at_most(2), not_copies())

A filter, for `Lexicon.filtered`, is a pair: the reason under which entries are counted that it
does not keep, and a function that tells whether it keeps one. Anybody's pair will do.

`merge` makes one lexicon of several, in a stated order of precedence:

    merge([read_lexicon(Path("mine.tsv"), "en", "sw"), load_lexicon(english, swahili)])
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from data.errors import InputError
from data.lexicon import Filter, Lexicon, ranked
from data.lexicon.reading import REPEATED, UNIVERSAL_POS, Entry
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


def merge(lexicons: Sequence[Lexicon], name: str = "") -> Lexicon:
    """One lexicon of several: whatever an earlier one lists comes before what a later one adds.

    Ranks are counted anew. An entry with the words of an earlier one is left out and counted
    where the part of speech is the same or one of the two has none; an earlier entry without
    one takes it over from the first that it displaces.

    Raises:
        InputError: no lexicon, or lexicons of different languages.

    >>> one = ranked([Entry("dog", "mbwa")], "en", "sw", "one")
    >>> two = ranked([Entry("dog", "jibwa"), Entry("Dog", "mbwa", "NOUN")], "en", "sw", "two")
    >>> [(entry.target, entry.pos) for entry in merge([one, two]).lookup("dog")]
    [('mbwa', 'NOUN'), ('jibwa', None)]
    """
    languages = {(one.source_language, one.target_language) for one in lexicons}
    if len(languages) != 1:
        found = ", ".join(sorted(f"{left}-{right}" for left, right in languages)) or "none"
        raise InputError(f"expected lexicons of one pair, found {found}; merge those of one")
    [(source, target)] = languages
    dropped = sum((Counter(one.dropped) for one in lexicons), Counter[str]())
    kept: list[Entry] = []
    known: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for lexicon in lexicons:
        fresh = []
        for entry in lexicon.entries:
            pair = fold(entry.source, source), fold(entry.target, target)
            place = _same(entry, known[pair], kept)
            if place is None:
                fresh.append((pair, len(kept)))
                kept.append(entry)
            else:
                dropped[REPEATED] += 1
                kept[place] = replace(kept[place], pos=kept[place].pos or entry.pos)
        for pair, place in fresh:
            known[pair].append(place)
    return ranked(kept, source, target, name or "+".join(one.name for one in lexicons), dropped)


def _same(entry: Entry, places: Iterable[int], kept: Sequence[Entry]) -> int | None:
    """Where an entry with the same words stands whose part of speech does not differ."""
    tags = [(kept[place].pos, place) for place in places]
    fitting = [place for pos, place in tags if entry.pos is None or pos in (entry.pos, None)]
    exact = [place for pos, place in tags if pos == entry.pos]
    return next(iter(exact + fitting), None)
