"""Both sides of a lexicon are respelt, each in its own language."""

from collections import Counter

from data.lexicon import Entry, ranked
from data.lexicon.filters import respelt


def test_each_side_by_the_rules_of_its_language() -> None:
    """Greek iota for Latin iota is an error in Mossi's orthography and none in English."""
    changes: Counter[str] = Counter()
    there = respelt(ranked([Entry("tree", "tιιga")], "en", "mos"), changes)
    back = respelt(ranked([Entry("tιιga", "tree")], "mos", "en"), changes)
    assert [(entry.source, entry.target) for entry in there.entries] == [("tree", "tɩɩga")]
    assert [(entry.source, entry.target) for entry in back.entries] == [("tɩɩga", "tree")]
    assert list(changes.values()) == [4]
