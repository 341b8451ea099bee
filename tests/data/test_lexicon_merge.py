"""Several lexicons in one, filters, respelling: small lexicons, results worked by hand."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import InputError
from data.lexicon import Lexicon, ranked
from data.lexicon.filters import (
    merge,
    not_copies,
    pos_in,
    respelt,
    senses_at_most,
    translations_at_most,
    whole_words,
    without_digits,
    words_at_least,
    words_at_most,
)
from data.lexicon.reading import REPEATED, Entry


def lexicon(*entries: Entry, name: str = "toy", dropped: dict | None = None) -> Lexicon:
    return ranked(entries, "en", "sw", name, dropped)


def shown(one: Lexicon) -> list[tuple[str, str, str | None, int | None, str]]:
    return [(e.source, e.target, e.pos, e.rank, e.origin) for e in one.entries]


def test_an_earlier_lexicon_ranks_first() -> None:
    mine = lexicon(Entry("dog", "jibwa", origin="mine"), name="mine", dropped={"empty cell": 2})
    theirs = lexicon(
        Entry("dog", "mbwa", origin="theirs"),
        Entry("Dog", "Jibwa", origin="theirs"),
        Entry("cat", "paka", origin="theirs"),
        name="theirs",
        dropped={"empty cell": 1},
    )
    both = merge([mine, theirs])
    assert shown(both) == [
        ("dog", "jibwa", None, 1, "mine"),
        ("dog", "mbwa", None, 2, "theirs"),
        ("cat", "paka", None, 1, "theirs"),
    ]
    assert (both.name, both.dropped) == ("mine+theirs", {"empty cell": 3, REPEATED: 1})
    assert [entry.target for entry in merge([theirs, mine]).lookup("dog")] == ["mbwa", "Jibwa"]


def test_a_part_of_speech_is_taken_over_by_an_entry_without_one() -> None:
    plain = lexicon(Entry("run", "kimbia", origin="plain"))
    tagged = lexicon(
        Entry("run", "kimbia", "VERB", origin="tagged"),
        Entry("run", "kimbia", "NOUN", origin="tagged"),
        Entry("run", "endesha", origin="tagged"),
    )
    assert shown(merge([plain, tagged])) == [
        ("run", "kimbia", "VERB", 1, "plain"),
        ("run", "kimbia", "NOUN", 2, "tagged"),
        ("run", "endesha", None, 3, "tagged"),
    ]
    assert shown(merge([tagged, plain])) == shown(tagged)


def test_lexicons_of_other_languages_are_not_merged() -> None:
    other = ranked([Entry("dog", "xaj")], "en", "wo")
    with pytest.raises(InputError, match="expected lexicons of one pair, found en-sw, en-wo; "):
        merge([lexicon(Entry("dog", "mbwa")), other])
    with pytest.raises(InputError, match="expected lexicons of one pair, found none; "):
        merge([])


ENTRIES = st.lists(
    st.builds(
        Entry,
        st.sampled_from("abA"),
        st.sampled_from("xyX"),
        st.sampled_from([None, "NOUN", "VERB"]),
    ),
    max_size=6,
)


@given(parts=st.lists(ENTRIES, min_size=1, max_size=3))
def test_merging_loses_no_words_and_counts_what_it_leaves_out(parts: list[list[Entry]]) -> None:
    lexicons = [lexicon(*entries) for entries in parts]
    merged = merge(lexicons)
    words = {(e.source.lower(), e.target.lower()) for entries in parts for e in entries}
    assert {(e.source.lower(), e.target.lower()) for e in merged.entries} == words
    assert len(merged) + merged.dropped.get(REPEATED, 0) == sum(map(len, parts))
    assert merge([merged]).entries == merged.entries
    first = [(e.source, e.target) for e in lexicons[0].entries]
    assert [(e.source, e.target) for e in merged.entries][: len(first)] == first


DOG = Entry("dog", "mbwa", "NOUN", 1, 1)


@pytest.mark.parametrize(
    ("keeps", "kept", "left_out"),
    [
        (pos_in(["NOUN"]), Entry("x", "y"), Entry("x", "y", "ADV")),
        (pos_in(["NOUN"], untagged=False), DOG, Entry("x", "y")),
        (senses_at_most(1), Entry("x", "y"), Entry("x", "y", None, 2)),
        (translations_at_most(2), Entry("x", "y", rank=2), Entry("x", "y", rank=3)),
        (words_at_most(2), Entry("look after", "tunza"), Entry("a", "b c d")),
        (words_at_least(2), Entry("look after", "a b"), Entry("look after", "tunza")),
        (without_digits(), DOG, Entry("x", "٣")),
        (not_copies(), Entry("so", "hivyo"), Entry("Radio", "radio")),
        (whole_words(), Entry("well-being", "ustawi"), Entry("-ness", "u-")),
    ],
)
def test_filters(keeps: tuple, kept: Entry, left_out: Entry) -> None:
    reason, function = keeps
    assert function(DOG) or words_at_least(2)[0] == reason
    assert function(kept)
    assert not function(left_out)


def test_filtered_entries_are_counted_by_reason_and_ranked_anew() -> None:
    one = lexicon(
        Entry("radio", "radio", "NOUN"),
        Entry("radio", "redio", "NOUN"),
        Entry("go", "enda", "VERB"),
        Entry("go", "go", "VERB"),
        dropped={"empty cell": 1},
    )
    nouns = one.filtered(pos_in(["NOUN"], untagged=False), not_copies())
    assert shown(nouns) == [("radio", "redio", "NOUN", 1, "")]
    assert nouns.dropped == {
        "empty cell": 1,
        "target equals source": 1,
        "part of speech other than NOUN": 2,
    }
    assert one.filtered() == one


def test_a_tag_that_is_none_is_refused() -> None:
    with pytest.raises(InputError, match="expected Universal POS tags, found noun; there are ADJ,"):
        pos_in(["noun"])


def test_respelling_a_lexicon() -> None:
    mossi = ranked(
        [Entry("tree", "tιιga"), Entry("tree", "tɩɩga"), Entry("Greek", "α")], "en", "mos"
    )
    changes: Counter[str] = Counter()
    respelling = respelt(mossi, changes)
    assert [entry.target for entry in respelling.entries] == ["tɩɩga", "α"]
    assert (list(changes.values()), respelling.dropped) == ([2], {REPEATED: 1})
