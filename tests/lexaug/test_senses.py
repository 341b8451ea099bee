"""Which translation is meant: by the word in its sentence."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from data.errors import InputError
from data.lexicon import Entry, Lexicon
from lexaug.config import SynthesisConfig
from lexaug.english.clauses import Analyser, VerbForms
from lexaug.english.tagger import Tagger
from lexaug.phrases import compile_phrases
from lexaug.synthesize import synthesize
from lexaug.transfer.dictionary import Dictionary
from lexaug.transfer.grammar import Grammar
from lexaug.transfer.senses import Senses
from lexaug.transfer.sentence import Transfer
from lexaug.transfer.words import Switches

WORDS = (("bank", "benki"), ("bank", "ukingo"), ("river", "mto"), ("money", "pesa"), ("of", "ya"),
         ("of", "la"))  # fmt: skip
WATER, COINS = "The bank of the river.", "The bank of the money."


class Compass:
    """An encoder that points to water in lines with a river, to coins in lines with money."""

    depth, width = 4, 3

    def __init__(self) -> None:
        self.read: list[str] = []

    def spans(
        self, texts: Sequence[str], spans: Sequence[Sequence[tuple[int, int]]], *, layer: int
    ) -> list[NDArray[np.float32]]:
        assert layer == 2
        self.read += texts
        rows = zip(texts, spans, strict=True)
        return [np.array([self.at(t)] * len(some), np.float32).reshape(-1, 3) for t, some in rows]

    def words(
        self, texts: Sequence[str], spans: Sequence[tuple[int, int]], *, layer: int
    ) -> NDArray[np.float32]:
        return np.concatenate(self.spans(texts, [[span] for span in spans], layer=layer))

    def at(self, text: str) -> list[float]:
        return [2.0 * ("river" in text or text == "ukingo"), 2.0 * ("money" in text), 1.0]


def senses(*, context: bool = True) -> Senses:
    lexicon = Lexicon(tuple(Entry(en, sw, None) for en, sw in WORDS), "en", "sw")
    return Senses(Compass(), compile_phrases(lexicon), context=context)  # type: ignore[arg-type]


def said(line: str, key: int, chooser: Senses | None) -> str:
    table = (chooser or senses()).table
    forms = VerbForms([])
    known = {word: frozenset({"NOUN"}) for word in ("bank", "river", "money")}
    grammar = Grammar.of({}, (), ())
    whole = Transfer(
        Analyser(Tagger(None, known, forms.all), forms),
        Dictionary(table, senses=chooser),
        grammar,
        Switches(),
    )
    return whole.line(line, key).line.text


def test_the_sentence_chooses_and_no_draw_does() -> None:
    chooser = senses()
    for key in range(12):
        assert "ukingo" in said(WATER, key, chooser).lower()
        assert "benki" in said(COINS, key, chooser).lower()
    assert {"ukingo" in said(WATER, key, None).lower() for key in range(30)} == {True, False}


def test_function_words_are_drawn_as_ever() -> None:
    chooser = senses()
    texts = {said(WATER, key, chooser) for key in range(30)}
    assert {" ya " in text for text in texts} == {True, False}


def test_a_line_is_read_once_and_one_translation_asks_nothing() -> None:
    chooser = senses()
    encoder = chooser._encoder
    assert isinstance(encoder, Compass)
    [river, *_] = chooser.table.options["river"]
    before = len(encoder.read)
    assert chooser.best([river], WATER, (16, 21)) == (river,)
    assert len(encoder.read) == before
    both = chooser.table.options["bank"]
    for _ in range(3):
        assert [one.text for one in chooser.best(both, WATER, (4, 8))] == ["ukingo"]
    assert encoder.read[before:].count(WATER) == 1


def test_what_the_encoder_did_not_read_counts_for_nothing() -> None:
    chooser = senses()
    both = chooser.table.options["bank"]
    [alone] = senses(context=False).best(both, WATER, (4, 8))
    assert chooser.best(both, " " * 90 + "bank", (90, 94)) == (alone,)
    assert chooser._here(WATER, (90, 94)).tolist() == [0, 0, 0]


def test_without_context_every_sentence_has_the_same() -> None:
    chooser = senses(context=False)
    encoder = chooser._encoder
    assert isinstance(encoder, Compass)
    texts = {said(line, key, chooser).split()[0] for line in (WATER, COINS) for key in range(9)}
    assert len(texts) == 1
    assert not {WATER, COINS} & set(encoder.read)


def test_an_encoder_that_is_not_there(tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text(f"{WATER}\n", "utf-8")
    config = SynthesisConfig(
        "sw", str(text), lexicon="sample", sense="nearest", sense_model=str(tmp_path / "none"),
        out=tmp_path / "run",
    )  # fmt: skip
    with pytest.raises(InputError, match="none"):
        synthesize(config)
    with pytest.raises(InputError, match="--sense-model"):
        synthesize(config)


@pytest.mark.real
def test_a_real_encoder_draws_nothing_whatever_the_workers(tmp_path: Path) -> None:
    pairs = {"house": ("nyumba", "ndizi"), "water": ("kiti", "maji"), "dog": ("mbwa", "anga")}
    lexicon, text = tmp_path / "en-sw.tsv", tmp_path / "text.txt"
    lexicon.write_text("".join(f"{w}\t{t}\n" for w, both in pairs.items() for t in both), "utf-8")
    lines = ["The dog drinks water.", "There is a dog in the house.", "Water the trees, dog!"]
    text.write_text("".join(f"{line}\n" for line in lines * 4), "utf-8")
    made = []
    for workers, seed in ((1, 1), (2, 1), (1, 2)):
        config = SynthesisConfig(
            "sw", str(text), lexicon=str(lexicon), sense="nearest", keep_share=0.0, seed=seed,
            workers=workers, out=tmp_path / f"run{workers}{seed}",
        )  # fmt: skip
        folder = synthesize(config).folder
        assert folder is not None
        [path] = folder.glob("*.txt")
        made.append(path.read_text("utf-8"))
        told = json.loads((folder / "config.json").read_text("utf-8"))["run"]
        assert "sense_model" in json.dumps(told)
    assert made[0] == made[1] == made[2]
    assert "nyumba" in made[0]
    assert not {"ndizi", "anga"} & set(made[0].split())
