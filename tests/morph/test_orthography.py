"""A model is asked in the spelling that it was trained on, whoever asks."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.unimorph import Triple
from morph.inflect import Inflector
from morph.inflect.choice import UNCALIBRATED
from morph.inflect.lookup import Lookup
from morph.inflect.sources import TrainedModel
from morph.orthography import are_same, letters, publishers_spellings, spelt
from morph.rules import Rules
from morph.transducer import Transducer
from tests.morph.toys import RECIPE, trained

FATHA, SHADDA = "\u064e", "\u0651"
STEMS = ("\u0645\u062f", "\u0634\u062f", "\u062d\u0628", "\u0631\u062f")
RAW = [f"{stem}{SHADDA}{FATHA}" for stem in STEMS]  # the usual order of the marks
NFC = [unicodedata.normalize("NFC", word) for word in RAW]


class Hypothesis(NamedTuple):
    """A form with the logarithm of its probability."""

    form: str
    score: float


class Recorder:
    """A model of raw text that notes what it is asked, and writes the lemma twice."""

    features = frozenset({"V", "PST"})

    def __init__(self) -> None:
        self.asked: list[str] = []

    def predict(self, items: Sequence[tuple[str, str]], **_: Any) -> list[list[Hypothesis]]:
        self.asked += [lemma for lemma, _ in items]
        return [[Hypothesis(lemma + lemma, -0.1)] for lemma, _ in items]

    def score(self, items: Sequence[tuple[str, str, str]], **_: Any) -> list[float]:
        return [-9.0] * len(items)


def test_letters_come_back_in_the_publishers_order_of_marks() -> None:
    assert RAW != NFC
    spellings = publishers_spellings(RAW)
    assert [spelt(word, spellings) for word in NFC] == RAW
    assert [spelt(word, spellings) for word in RAW] == RAW
    # Where the publisher writes both, either is left as it is.
    assert publishers_spellings([*RAW, *NFC]) == {}


@given(st.text(max_size=20))
def test_letters_make_up_the_text(text: str) -> None:
    assert "".join(letters(text)) == text
    assert are_same(text, unicodedata.normalize("NFD", text))


def test_an_inflector_asks_its_model_in_the_spelling_of_the_question() -> None:
    rows = [Triple(NFC[0], "V;PST", NFC[1]), Triple(NFC[1], "V;PST", NFC[0])]
    model = Recorder()
    opened = TrainedModel(Path("m"), cast("Any", model), UNCALIBRATED)
    inflector = Inflector(Lookup.of(rows, "ar"), Rules.learn(rows), "Arabic", model=opened)
    answers = inflector.inflect_all([(RAW[2], "V;PST"), (NFC[3], "V;PST")])
    assert model.asked == [RAW[2], NFC[3]]
    assert [answer.form for answer in answers] == [RAW[2] * 2, NFC[3] * 2]


@pytest.mark.parametrize("normalised", [True, False])
def test_a_transducer_brings_a_question_to_its_own_spelling(
    normalised: bool, tmp_path: Path
) -> None:
    own = NFC if normalised else RAW
    rows = [Triple(word, "V;PST", word + STEMS[0]) for word in own]
    spellings = {} if normalised else publishers_spellings(own)
    toy = trained(replace(RECIPE, steps=3), rows)
    toy = replace(toy, scripts=frozenset({"Arab"}), normalised=normalised, spellings=spellings)
    toy.save(tmp_path)
    toy = Transducer.load(tmp_path)
    raw, composed = ([(word, "V;PST") for word in some] for some in (RAW, NFC))
    assert toy.predict(raw) == toy.predict(composed)
    scored = [[(*item, form) for item, form in zip(raw, some, strict=True)] for some in (RAW, NFC)]
    assert toy.score(scored[0]) == toy.score(scored[1])
