"""Substitution in labelled sentences: one tag a token, spans that grow and shrink."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import InputError
from data.labels.bio import problem, repaired
from data.lexicon import ranked
from data.lexicon.reading import Entry
from lexaug.phrases import compile_phrases
from lexaug.substitute import Substitution, substitute

LEXICON = ranked(
    [
        Entry("after", "baada ya", "ADP"),
        Entry("look after", "tunza", "VERB"),
        Entry("New York", "Nyuyoki"),
        Entry("south", "kusini"),
        Entry("south africa", "Afrika ya Kusini"),
        Entry("answer", "jibu", "NOUN"),
        Entry("answer", "jibu hilo", "VERB"),
        Entry("in", "katika"),
        Entry("7", "saba"),
        Entry("be", "kuwa", "VERB"),
    ],
    "en",
    "sw",
)
TABLE = compile_phrases(LEXICON, "first")
BY_POS = compile_phrases(LEXICON, "pos")


def labelled(text: str, tags: str, scheme: str, table: object = TABLE) -> Substitution:
    return substitute(text.split(), table, key=1, tags=tags.split(), scheme=scheme)  # type: ignore[arg-type]


def test_pos_tags_repeat_and_a_phrase_takes_its_heads() -> None:
    done = labelled("Look after it after 7 .", "VERB ADP PRON ADP NUM PUNCT", "pos")
    assert done.tokens == ("Tunza", "it", "baada", "ya", "7", ".")
    assert done.tags == ("VERB", "PRON", "ADP", "ADP", "NUM", "PUNCT")
    spans = [(r.start, r.end, r.target_start, r.target_end) for r in done.replacements]
    assert spans == [(0, 2, 0, 1), (3, 4, 2, 4)]
    assert (done.words, done.matched, done.replaced) == (4, 3, 3)


def test_the_policy_pos_takes_entries_of_the_tokens_tag() -> None:
    verb = labelled("They answer in it", "PRON VERB ADP PRON", "pos", BY_POS)
    assert verb.tokens == ("They", "jibu", "hilo", "katika", "it")
    noun = labelled("an answer after be", "DET NOUN ADV AUX", "pos", BY_POS)
    assert noun.tokens == ("an", "jibu", "after", "kuwa")  # "after" is listed as ADP only


def test_spans_grow_and_shrink() -> None:
    done = labelled("in New York in South Africa", "O B-LOC I-LOC O B-LOC I-LOC", "bio")
    assert done.tokens == ("katika", "Nyuyoki", "katika", "Afrika", "ya", "Kusini")
    assert done.tags == ("O", "B-LOC", "O", "B-LOC", "I-LOC", "I-LOC")


@pytest.mark.parametrize("tags", ["O B-LOC", "B-LOC O", "B-LOC B-LOC", "B-ORG B-LOC"])
def test_a_phrase_across_an_edge_is_left_alone_and_counted(tags: str) -> None:
    done = labelled("South Africa", tags, "bio")
    assert done.tokens == ("South", "Africa")
    assert (done.tags, done.straddling, done.matched) == (tuple(tags.split()), 1, 0)


def test_what_follows_a_phrase_across_an_edge_is_still_found() -> None:
    done = labelled("South Africa in New York", "O B-LOC O B-LOC I-LOC", "bio")
    assert done.tokens == ("South", "Africa", "katika", "Nyuyoki")
    assert (done.straddling, done.matched, done.words) == (1, 3, 5)


def test_tokens_without_labels() -> None:
    done = substitute(["Look", "after", "www.in.org", "in"], TABLE, key=1)
    assert done.tokens == ("Tunza", "www.in.org", "katika")
    assert done.tags is None


WORDS = ["in", "South", "south", "Africa", "look", "after", "answer", "New", "York", "7", ".", "it"]
TAGS = ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]


@given(st.lists(st.tuples(st.sampled_from(WORDS), st.sampled_from(TAGS))), st.floats(0, 1))
def test_labels_stay_aligned_and_spans_valid(pairs: list[tuple[str, str]], ratio: float) -> None:
    tokens = [token for token, _ in pairs]
    tags, _ = repaired([tag for _, tag in pairs])
    done = substitute(tokens, TABLE, ratio=ratio, key=7, tags=tags, scheme="bio")
    assert done.tags is not None
    assert len(done.tokens) == len(done.tags)
    assert problem(done.tags) is None
    starts = [tag for tag in done.tags if tag.startswith("B-")]
    assert starts == [tag for tag in tags if tag.startswith("B-")]  # no span lost, none made
    plain = substitute(tokens, TABLE, ratio=ratio, key=7)
    assert done.straddling or plain.tokens == done.tokens


@pytest.mark.parametrize(
    ("tags", "scheme", "message"),
    [
        (["O"], "bio", "expected one tag a token, found 1 for 2 tokens"),
        (["O", "I-LOC"], "bio", "token 2: expected B-LOC, found I-LOC after O; mend the tags"),
        (["O", "O"], "iobes", 'no labelling scheme "iobes"; choose one of: pos, bio'),
        (None, "pos", "found the scheme pos without tags"),
        (["X", "X"], None, "found tags without a scheme"),
    ],
)
def test_bad_labels_are_named(tags: list[str] | None, scheme: str | None, message: str) -> None:
    with pytest.raises(InputError, match=message):
        substitute(["in", "it"], TABLE, key=1, tags=tags, scheme=scheme)
    with pytest.raises(InputError, match='the policy "pos" needs POS tags'):
        substitute(["in"], BY_POS, key=1)
