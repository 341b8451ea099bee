"""Phoneme prediction: transcriptions, features of sounds, words of pieces, refusals."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from data.errors import InputError, UnavailableError
from data.languages import resolve
from tests.training.texts import options, sentences, write_corpus
from training.objectives import Special, phonemes
from training.objectives.auxiliary import AUXILIARIES, Setting
from training.objectives.phonemes import FEATURES, TARGETS, Speech, map_of, maps, nearest, words_of
from training.pretrain import pretrain
from training.pretraining.config import PretrainConfig

epitran = pytest.importorskip("epitran")


def test_the_languages_that_there_are() -> None:
    known = maps()
    assert {"swa-Latn", "amh-Ethi", "hau-Latn", "yor-Latn", "xho-Latn", "zul-Latn"} <= set(known)
    assert "swa-Latn-red" not in known
    assert [map_of(resolve(code)) for code in ("swh", "am", "kin")] == [
        "swa-Latn",
        "amh-Ethi",
        "kin-Latn",
    ]


def test_a_language_without_transcription_is_refused_with_the_nearest() -> None:
    with pytest.raises(InputError) as caught:
        map_of(resolve("wo"))
    told = str(caught.value)
    assert told.startswith("--auxiliary phonemes: no transcription of Wolof (wo); nearest of the ")
    assert told.endswith("; leave its corpus out")
    assert "fra-Latn" in nearest(resolve("wo"), maps())  # whose readers know it best, says CLDR
    with pytest.raises(InputError, match="no transcription of Swahili"):
        map_of(resolve("sw-Arab"))  # of the language in another script


def test_english_needs_flite(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phonemes.shutil, "which", lambda name: None)
    with pytest.raises(InputError, match="English needs lex_lookup of Flite on the PATH"):
        map_of(resolve("en"))


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> None:
        raise ModuleNotFoundError("no", name="epitran")

    monkeypatch.setattr(phonemes.resources, "files", absent)
    with pytest.raises(UnavailableError, match=r'"epitran" is not installed.*\[phonemes\]'):
        maps()


def test_how_words_are_said() -> None:
    zulu = Speech.of(resolve("zu"))
    assert zulu.segments("ngiyabonga") == ["ŋ", "i", "j", "a", "ɓ", "o", "ŋ", "a"]
    found = zulu.features("ngiyabonga")
    assert found is not None
    assert found.shape == (TARGETS,)
    names = list(zulu._table.names)[:FEATURES]
    first, last, mean = (dict(zip(names, part, strict=True)) for part in np.split(found, 3))
    assert (first["nas"], first["voi"], first["syl"]) == (1, 1, 0)  # a velar nasal
    assert (last["syl"], last["lo"]) == (1, 1)  # an open vowel
    assert mean["nas"] == pytest.approx(2 / 8)
    assert zulu.features("2030") is None


def test_words_of_pieces() -> None:
    from training.tokenizer.learning import train_tokenizer
    from training.tokenizer.special import framed

    tokenizer = framed(train_tokenizer(sentences(400), 380).tokenizer, "encoder")
    special = Special.of(tokenizer)
    ids = np.array(tokenizer("Amina anasoma kitabu 2 leo.").input_ids)
    found = words_of(ids, special)
    assert [word for _, word in found] == ["Amina", "anasoma", "kitabu", "leo"]
    assert [special.starts_word[ids[place]] for place, _ in found] == [True] * 4


def test_what_is_scored_and_what_is_right() -> None:
    """A head that knows the answer has the entropy of what is said: nothing but shares remains."""
    special = Special(size=5, written=(b"<pad>", b" ki", b"tabu", b".", b" cha"))
    head = AUXILIARIES["phonemes"].make(Setting(("sw",), 4, special))
    batch = {"input_ids": torch.tensor([[1, 2, 3, 4, 0]]), "corpus": torch.tensor([0])}
    batch["attention_mask"] = (batch["input_ids"] > 0).long()
    rows, places, targets = head._targets(batch)  # type: ignore[operator]
    assert (rows.tolist(), places.tolist()) == ([0, 0], [0, 3])
    states = torch.zeros(1, 5, 4)
    states[0, 0, 0] = states[0, 3, 1] = 1.0
    with torch.no_grad():
        head.layer.bias.zero_()
        head.layer.weight.zero_()
        head.layer.weight[:, :2] = ((targets - 0.5) * 40).T
        found = head(states, batch)
    assert (int(found.scored), int(found.right)) == (2, 2)
    with torch.no_grad():
        head.layer.weight.neg_()
        wrong = head(states, batch)
    assert int(wrong.right) == 0
    assert float(wrong.total) > 10 * float(found.total)


def test_a_run(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "text.sw.txt")
    more = {"auxiliary": "phonemes", "steps": 40, "evaluate_every": 20}
    done = pretrain(PretrainConfig(**options(corpus, tmp_path / "run", **more)))
    assert '"phonemes accuracy":' in (tmp_path / "run" / "metrics.jsonl").read_text()
    assert done.told["training"]["metrics"]["phonemes loss"] < np.log(2)
    wolof = write_corpus(tmp_path / "text.wo.txt")
    with pytest.raises(InputError, match="no transcription of Wolof"):
        pretrain(PretrainConfig(**options(wolof, tmp_path / "other", **more)))
