"""MASSIVE and SLURP, in samples of our own, and slots written into text.

pytest tests/data/test_massive.py
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.access import Access
from data.errors import InputError
from data.labels import bio
from data.labels.bio import Span
from data.labels.slots import BAD_RECORD, Utterance, parse
from data.languages import resolve
from data.tsv import NOT_NFC
from data.utterances import load_utterances, read_massive, read_slurp

MASSIVE = {
    "id": "7",
    "locale": "sw-KE",
    "partition": "train",
    "scenario": "alarm",
    "intent": "alarm_set",
    "utt": "niamshe saa kumi na moja kesho",
    "annot_utt": "niamshe [time : saa kumi na moja] [date : kesho]",
    "worker_id": "1",
}
SLURP = {
    "slurp_id": 12,
    "sentence": "play mama's song",
    "intent": "music",
    "scenario": "play",
    "action": "music",
    "tokens": [{"surface": word, "id": n} for n, word in enumerate(["play", "mama", "'s", "song"])],
    "entities": [{"span": [1, 2], "type": "artist_name"}],
}


def file(folder: Path, *lines: str) -> Path:
    path = folder / "x.jsonl"
    path.write_bytes("\n".join(lines).encode())
    return path


def test_massive(tmp_path: Path) -> None:
    other = MASSIVE | {"id": "8", "partition": "dev"}
    path = file(tmp_path, json.dumps(MASSIVE), json.dumps(other), "")
    [found] = read_massive(path, "train")
    assert found == Utterance(
        id="7",
        tokens=("niamshe", "saa", "kumi", "na", "moja", "kesho"),
        intent="alarm_set",
        slots=("O", "B-time", "I-time", "I-time", "I-time", "B-date"),
        text="niamshe saa kumi na moja kesho",
    )
    assert [utterance.id for utterance in read_massive(path)] == ["7", "8"]


def test_massive_splits_chinese_into_characters(tmp_path: Path) -> None:
    # 五点 five o'clock; 叫醒我 wake me up; words in ASCII stay whole
    texts = {"utt": "五点 alexa 叫醒我", "annot_utt": "[time : 五点] alexa 叫醒我"}
    path = file(tmp_path, json.dumps(MASSIVE | texts | {"locale": "zh-TW"}))
    [found] = read_massive(path)
    assert found.tokens == ("五", "点", "alexa", "叫", "醒", "我")
    assert bio.spans(found.slots) == ((0, 2, "time"),)


def test_text_out_of_json_is_in_nfc(tmp_path: Path) -> None:
    texts = {"utt": "n\u0303ande", "annot_utt": "n\u0303ande"}
    repairs = Counter[str]()
    [found] = read_massive(file(tmp_path, json.dumps(MASSIVE | texts)), repairs=repairs)
    assert found.tokens == ("ñande",)
    assert repairs == {NOT_NFC: 2}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"annot_utt": "niamshe saa"}, "expected the words of utt in annot_utt, "),
        ({"annot_utt": "niamshe [time : saa"}, 'expected slots like [label : words], found "n'),
        ({"annot_utt": "niamshe [saa]:tisa]"}, 'expected slots like [label : words], found "n'),
        ({"annot_utt": None}, 'expected text under "annot_utt", found NoneType'),
        ({"intent": ""}, 'expected text under "intent", found ""'),
        ({"partition": "heldout"}, 'expected a partition of train, dev, test, found "heldout"'),
        ({"utt": "a\ufffd"}, '"utt": expected text, found U+FFFD at position 2'),
    ],
)
def test_massive_that_is_wrong(tmp_path: Path, change: dict[str, str | None], message: str) -> None:
    path = file(tmp_path, json.dumps(MASSIVE), json.dumps(MASSIVE | change))
    with pytest.raises(InputError) as refused:
        list(read_massive(path))
    assert str(refused.value).startswith(f"{path}:2: {message}")
    dropped = Counter[str]()
    assert len(list(read_massive(path, skip_bad=True, dropped=dropped))) == 1
    assert dropped == {BAD_RECORD: 1}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "expected JSON, found "),
        ("[1]", "expected an object, found a list"),
        ("NaN", "expected JSON, whose numbers are finite, found NaN"),
        ("[" * 5000, "expected at most 100 levels, found more"),
        ('{"slurp_id": ' + "9" * 5000 + "}", "expected numbers of at most 64 bits, found a longer"),
        ('{"utt": "\\ud83d"}', "expected Unicode text, found half of a surrogate pair"),
    ],
)
def test_lines_that_are_no_json_object(tmp_path: Path, line: str, message: str) -> None:
    for read in (read_slurp, read_massive):
        with pytest.raises(InputError) as refused:
            list(read(file(tmp_path, line)))
        assert str(refused.value).startswith(f"{tmp_path}/x.jsonl:1: {message}")


def test_slurp(tmp_path: Path) -> None:
    [found] = read_slurp(file(tmp_path, json.dumps(SLURP)))
    assert found == Utterance(
        id="12",
        tokens=("play", "mama", "'s", "song"),
        intent="play_music",
        slots=("O", "B-artist_name", "I-artist_name", "O"),
        text="play mama's song",
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"entities": [{"span": [4], "type": "x"}]}, "expected a labelled span within 4 tokens"),
        ({"entities": [{"span": [], "type": "x"}]}, "expected the numbers of tokens in each span"),
        ({"entities": [{"span": [0, 0.5], "type": "x"}]}, "expected a whole number in entities[0]"),
        ({"entities": [{"span": [True], "type": "x"}]}, "expected a whole number in entities[0]"),
        ({"entities": [{"span": [0], "type": 1}]}, "expected a text in entities[0].type, found 1"),
        ({"entities": {"span": 1}}, "expected a list in entities, found an object"),
        ({"tokens": None}, "expected a list in tokens, found null"),
        ({"tokens": [{"surface": 3}]}, "expected a text in tokens[0].surface, found 3"),
        ({"slurp_id": [1]}, "expected a whole number or a text in slurp_id, found a list"),
    ],
)
def test_slurp_that_is_wrong(tmp_path: Path, change: dict[str, object], message: str) -> None:
    path = file(tmp_path, json.dumps(SLURP | change))
    with pytest.raises(InputError) as refused:
        list(read_slurp(path))
    assert str(refused.value).startswith(f"{path}:1: {message}")


def test_a_slot_within_a_word_takes_the_word() -> None:
    # Finnish: in London, the case ending outside of the brackets
    assert parse("sää [place : Lontoo]ssa").slots == ("O", "B-place")
    with pytest.raises(InputError, match=r"^expected spans that do not overlap, found Span"):
        parse("[a : x][b : y]")
    with pytest.raises(InputError, match=r"^expected words in the slot a, found none$"):
        parse("x [a : ] y")


WORDS = st.lists(st.text("abɛŋ五:'", min_size=1), min_size=1, max_size=8)


@given(words=WORDS, data=st.data())
def test_annotation_comes_back(words: list[str], data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(words) - 1))
    end = data.draw(st.integers(start + 1, len(words)))
    slot = f"[date : {' '.join(words[start:end])}]"
    parsed = parse(" ".join([*words[:start], slot, *words[end:]]))
    assert parsed.text.split() == words
    assert parsed.tokens == tuple(words)
    assert bio.spans(parsed.slots) == (Span(start, end, "date"),)


def test_real_slurp_against_grep(mirror: Path) -> None:
    corpus = load_utterances("slurp", resolve("en"), "dev", access=Access(offline=True))
    text = (mirror / "slurp/dataset/slurp/devel.jsonl").read_text("utf-8")
    assert len(corpus.utterances) == text.count("\n") == 2033
    spans = sum(len(bio.spans(utterance.slots)) for utterance in corpus.utterances)
    assert spans == text.count('"span":')
    assert all(u.intent.count("_") for u in corpus.utterances)


@pytest.mark.parametrize("text", ["niamshe ] saa", "[time : saa] moja]", "x ]["])
def test_brackets_that_close_nothing(text: str) -> None:
    with pytest.raises(InputError, match=r"expected slots like \[label : words\], found"):
        parse(text)


def test_blank_lines_of_massive_are_passed_over(tmp_path: Path) -> None:
    path = file(tmp_path, "", json.dumps(MASSIVE), " ", json.dumps(MASSIVE | {"id": "8"}))
    dropped = Counter[str]()
    found = read_massive(path, skip_bad=True, dropped=dropped)
    assert [utterance.id for utterance in found] == ["7", "8"]
    assert not dropped
