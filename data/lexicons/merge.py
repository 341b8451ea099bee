"""One lexicon of several: what each adds, in a stated order of precedence.

merge([read_lexicon(Path("mine.tsv"), "en", "sw"), load_lexicon(english, swahili)])
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from data.errors import InputError
from data.lexicon import Lexicon, ranked
from data.lexicons.entries import REPEATED, Entry
from data.spelling import fold


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
