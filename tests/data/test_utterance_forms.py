"""Injongo, MTOP, MultiATIS++ and MMNLU-22, in samples of our own of their exact forms."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import InputError
from data.labels import bio
from data.labels.slots import BAD_RECORD
from data.utterance_forms import (
    BYTES,
    CHARACTERS,
    read_injongo,
    read_mtop,
    read_multiatis,
    sliced,
    unit_of,
)
from data.utterances import HELD_OUT, read_massive, read_utterances

# "Wake me tomorrow at 7:30", and in Yoruba, whose tone marks are two bytes and more.
AMHARIC = "ነገ ለ7፡30 ቀስቅሰኝ"
YORUBA = "jí mi ní ọ̀la ní aago méje"


def injongo(text: str, *slots: tuple[str, str], unit: str = CHARACTERS, **more: object) -> str:
    spans = []
    for label, words in slots:
        start = text.index(words)
        end = start + len(words)
        if unit == BYTES:
            start, end = (len(text[:place].encode()) for place in (start, end))
        spans.append({"start_byte": start, "limit_byte": end, "label": label})
    target = " $$ ".join(f"{label}: {words}" for label, words in slots)
    record = {
        "domain": "utility",
        "intent": "alarm",
        "text": text,
        "spans": spans,
        "xtreme-up": target,
        "source_language": "amh",
        "target": target,
        "example_id": "dev-00000058",
    }
    return json.dumps(record | more, ensure_ascii=False)


def file(folder: Path, *lines: str, name: str = "x.jsonl") -> Path:
    path = folder / name
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


@pytest.mark.parametrize("unit", [CHARACTERS, BYTES])
def test_injongo_counts_characters_or_bytes(tmp_path: Path, unit: str) -> None:
    path = file(
        tmp_path,
        injongo(AMHARIC, ("DATE", "ነገ"), ("TIME", "7፡30"), unit=unit),
        injongo(YORUBA, ("DATE", "ọ̀la"), ("TIME", "aago méje"), unit=unit),
    )
    amharic, yoruba = read_injongo(path)
    assert amharic.id == "alarm/dev-00000058"
    assert amharic.slots == ("B-DATE", "B-TIME", "O")  # the prefix ለ goes with its word
    assert yoruba.tokens == tuple(YORUBA.split())
    assert bio.spans(yoruba.slots) == ((3, 4, "DATE"), (5, 7, "TIME"))


@given(st.text(min_size=1), st.data())
def test_a_unit_is_found_for_any_text(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    words = text[start:end]
    in_bytes = tuple(len(text[:place].encode("utf-8", "replace")) for place in (start, end))
    if text.isprintable():
        for place in ((start, end), in_bytes):
            found = unit_of(text, [place], [words])
            assert found is not None
            cut = sliced(text, *place, found)
            assert cut is not None
            assert "".join(cut.split()) == "".join(words.split())


def span(start: int, end: int, label: str) -> dict[str, object]:
    return {"start_byte": start, "limit_byte": end, "label": label}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            injongo("niamshe saa tano", target="A: saa", spans=[span(90, 95, "A")]),
            "expected spans in characters or bytes",
        ),
        (
            injongo("niamshe saa tano", spans=[span(8, 11, "A"), span(9, 16, "B")]),
            "expected spans that do not overlap",
        ),
        (injongo("niamshe", intent=" "), "expected words and an intent"),
        (injongo("niamshe", spans=[span(-1, 3, "A")]), "expected spans in characters"),
        ('{"text": 3, "intent": "alarm"}', "expected a text in text, found 3"),
    ],
)
def test_injongo_that_is_wrong(tmp_path: Path, line: str, message: str) -> None:
    path = file(tmp_path, injongo("sawa"), line)
    with pytest.raises(InputError) as refused:
        list(read_injongo(path))
    assert f"{path}:2" in str(refused.value)
    assert message in str(refused.value)
    dropped = Counter[str]()
    assert len(list(read_injongo(path, skip_bad=True, dropped=dropped))) == 1
    assert dropped == {BAD_RECORD: 1}


def mtop(slots: str, utterance: str, decoupled: str, tokens: list[str]) -> str:
    told = json.dumps({"tokens": tokens, "tokenType": "x"}, ensure_ascii=False)
    return "\t".join(("7", "IN:CREATE_CALL", slots, utterance, "calling", "fr_XX", decoupled, told))


def test_mtop(tmp_path: Path) -> None:
    text = "appelle l'épicier à 7"
    decoupled = "[IN:CREATE_CALL [SL:CONTACT épicier ] [SL:DATE_TIME à 7 ] ]"
    tokens = ["appelle", "l'", "épicier", "à", "7"]
    path = file(
        tmp_path,
        mtop("10:17:SL:CONTACT,18:21:SL:DATE_TIME", text, decoupled, tokens),
        mtop("19:23:SL:DATE_TIME,10:18:SL:CONTACT", text, decoupled, tokens),
        mtop("", "bonjour", "[IN:GREET ]", ["bonjour"]),
        name="train.txt",
    )
    first, in_bytes, plain = read_utterances(path)
    assert first.slots == ("O", "O", "B-SL:CONTACT", "B-SL:DATE_TIME", "I-SL:DATE_TIME")
    assert in_bytes == first
    assert (plain.intent, plain.slots) == ("IN:CREATE_CALL", ("O",))


def test_mtop_nested_slots_and_lost_tokens(tmp_path: Path) -> None:
    text = "nikumbushe kupiga simu kesho"
    decoupled = "[IN:REMIND [SL:TODO [IN:CALL kupiga [SL:METHOD simu ] ] ] [SL:DATE kesho ] ]"
    slots = "11:22:SL:TODO,23:28:SL:DATE"
    path = file(tmp_path, mtop(slots, text, decoupled, ["other", "tokens"]), name="t.txt")
    [found] = read_mtop(path)
    assert found.slots == ("O", "B-SL:TODO", "I-SL:TODO", "B-SL:DATE")


@pytest.mark.parametrize("slots", ["10:99:SL:CONTACT", "a:b:SL:X", "5:3:SL:CONTACT", "1-2"])
def test_mtop_that_is_wrong(tmp_path: Path, slots: str) -> None:
    line = mtop(slots, "piga simu", "[IN:CREATE_CALL [SL:CONTACT simu ] ]", ["piga", "simu"])
    with pytest.raises(InputError, match="expected slots"):
        list(read_mtop(file(tmp_path, line, name="t.txt")))


def test_multiatis(tmp_path: Path) -> None:
    rows = (
        "id\tutterance\tslot_labels\tintent",
        "4\tvuelos de Boston a Denver\tO O B-fromloc.city_name O I-toloc.city_name\tatis_flight",
        '5\t"hola\tO\tatis_abbreviation#atis_airfare',
    )
    repairs = Counter[str]()
    first, second = read_utterances(file(tmp_path, *rows, name="dev_ES.tsv"), repairs=repairs)
    assert first.slots[-1] == "B-toloc.city_name"
    assert sum(repairs.values()) == 1
    assert (second.tokens, second.intent) == (('"hola',), "atis_abbreviation#atis_airfare")


def test_multiatis_with_another_number_of_tags(tmp_path: Path) -> None:
    rows = ("id\tutterance\tslot_labels\tintent", "4\thola amigo\tO\tatis_flight")
    path = file(tmp_path, *rows, name="dev_ES.tsv")
    with pytest.raises(InputError, match=r"dev_ES\.tsv:2: expected a tag for each of 2 tokens"):
        list(read_multiatis(path))


def test_mmnlu_22_has_no_labels(tmp_path: Path) -> None:
    held_out = {"id": "7", "locale": "zh-CN", "partition": HELD_OUT, "utt": "播放 jazz 音乐"}
    told = {"id": "8", "partition": "test", "intent": "a", "utt": "b", "annot_utt": "b"}
    rows = [held_out, held_out | told]
    path = file(tmp_path, *(json.dumps(row) for row in rows))
    [found] = read_massive(path, HELD_OUT)
    assert (found.id, found.intent, found.tokens) == ("7", "", ("播", "放", "jazz", "音", "乐"))
    assert set(found.slots) == {"O"}
    assert [one.id for one in read_utterances(path, "test")] == ["8"]


def test_a_file_of_no_form(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"expected utterances in \.jsonl .* found \.csv"):
        read_utterances(file(tmp_path, "a", name="a.csv"))
