"""Inflection through fairseq: what the model reads, what is refused, and one model trained."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import InputError, UnavailableError
from data.files import sha256_text
from data.randomness import stream
from data.unimorph import Triple
from morph.fairseq_engine import FairseqSettings, FairseqTransducer, train_with_fairseq
from morph.fairseq_text import PLACEHOLDERS, form, hidden, source_tokens, target_tokens
from training.fairseq import interpreter

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
SUBJECTS = {"1;SG": "ni", "2;SG": "u", "3;SG": "a"}
TENSES = {"PRS": "na", "PST": "li", "FUT": "ta"}


def stems(number: int) -> list[str]:
    """Made-up stems, of one or two syllables and a consonant: `kol`, `sepin`."""
    draw = stream(1, "stems")
    syllables = ["".join(pair) for pair in product("bdfgklmnprstvz", "aeiou")]
    return [
        "".join(draw.choices(syllables, k=draw.randint(1, 2))) + draw.choice("dklmnpst")
        for _ in range(number)
    ]


def verbs(roots: list[str]) -> list[Triple]:
    """Swahili verbs by rule: a subject, a tense and the stem; the infinitive has ku-."""
    return [
        Triple(f"ku {root}a", f"V;{tense};{person}", f"{SUBJECTS[person]}{TENSES[tense]}{root}a")
        for root, tense, person in product(roots, TENSES, SUBJECTS)
    ]


@settings(deadline=None)
@given(TEXT, TEXT, st.frozensets(st.characters(), max_size=6))
def test_what_a_model_reads_can_be_put_back(lemma: str, text: str, known: frozenset[str]) -> None:
    tokens, unknown = source_tokens(lemma, "", known)
    assert not any(one in PLACEHOLDERS for one in tokens if set(lemma) <= known)
    assert form(tokens, unknown) == lemma
    assert form(target_tokens(text, unknown), unknown) == text
    places = hidden(lemma, text, stream(1, lemma))
    assert len(places) == 8
    assert form(target_tokens(text, places), places) == text


def test_a_placeholder_for_nothing_is_left_out() -> None:
    assert form(["a", "<new2>", "<new1>", "▁", "<unk>"], ("ñ",)) == "añ <unk>"


@pytest.fixture
def untrained(tmp_path: Path) -> FairseqTransducer:
    """A folder as training leaves it, but for the checkpoint, which nothing here opens."""
    (tmp_path / "checkpoint.pt").write_text("weights", "utf-8")
    config = {
        "engine": "fairseq",
        "language": "swa",
        "settings": {},
        "features": ["V", "PST", "PRS", "3", "SG"],
        "characters": list("abeiklmostu "),
        "checkpoint": "checkpoint.pt",
        "sha256": sha256_text("weights"),
    }
    (tmp_path / "config.json").write_text(json.dumps(config), "utf-8")
    return FairseqTransducer.load(tmp_path)


@pytest.mark.parametrize(
    ("item", "message"),
    [
        (
            ("soma", "V;PSST"),
            "soma V;PSST: expected features of the training data, found PSST; the",
        ),
        (
            ("читать", "V;PST"),
            r'"читать": expected the script of the training data \(Latn\), found C',
        ),
        (("", "V;PST"), "lemma: expected text, found none; give the word's citation form"),
    ],
)
def test_items_that_the_model_cannot_take(
    untrained: FairseqTransducer, item: tuple[str, str], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        untrained.predict([("soma", "V;PST"), item])
    with pytest.raises(InputError, match=r"n_best: expected 1 to 2 \(the beam\), found 3"):
        untrained.predict([("soma", "V;PST")], beam=2, n_best=3)


def test_a_changed_checkpoint_is_never_read(untrained: FairseqTransducer) -> None:
    (untrained.folder / "checkpoint.pt").write_text("others", "utf-8")
    with pytest.raises(
        InputError, match=r"checkpoint.pt: expected the checkpoint that training no"
    ):
        FairseqTransducer.load(untrained.folder)
    (untrained.folder / "config.json").write_text("{}", "utf-8")
    with pytest.raises(InputError, match=r"config.json: expected a model of fairseq's, found anot"):
        FairseqTransducer.load(untrained.folder)


def test_training_refuses_what_it_cannot_use(untrained: FairseqTransducer, tmp_path: Path) -> None:
    triples = verbs(["som"])
    with pytest.raises(InputError, match="have a form, found covered ones; give the file with the"):
        train_with_fairseq([Triple("kusoma", "V;PST", None)], [], tmp_path)
    with pytest.raises(InputError, match="expected a new folder, found a model of other triples"):
        train_with_fairseq(triples, [], untrained.folder)
    with pytest.raises(InputError, match="width: expected a multiple of the 3 heads, found 128"):
        FairseqSettings(heads=3)


@pytest.mark.slow
def test_a_model_learns_a_regular_verb_and_copies_letters_it_never_saw(tmp_path: Path) -> None:
    try:
        interpreter()
    except UnavailableError as error:
        pytest.skip(str(error))
    known = stems(48)
    new = [stem[:-1] + letter for stem, letter in zip(known[44:], "ñŋŵ字", strict=True)]
    train, dev, test = verbs(known[:40]), verbs(known[40:44]), verbs([*known[44:], *new])
    small = FairseqSettings(
        steps=800, layers=1, width=64, batch=32, dropout=0.1, learning_rate=3e-3, hidden=1.0
    )
    model = train_with_fairseq(train, dev, tmp_path, small, language="swa")
    assert model.characters >= set("kusolim ")
    items = [(one.lemma, one.features) for one in test]
    found = model.predict(items, beam=3, n_best=2)
    assert all(len(best) == 2 and best[0].score >= best[1].score for best in found)
    right = [best[0].form == one.form for best, one in zip(found, test, strict=True)]
    assert sum(right[:36]) >= 27
    assert sum(right[36:]) >= 27  # each with a letter that no training pair has
    again = train_with_fairseq(train, dev, tmp_path, small, language="swa")
    assert again.predict(items, beam=3, n_best=2, batch_size=5) == found
