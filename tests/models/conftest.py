"""A small decoder with its tokenizer, and an encoder; folders that tests may copy and spoil."""

from __future__ import annotations

from pathlib import Path

import pytest

TEXTS = [f"Mtu wa {n} anasoma kitabu cha {n * 7} sokoni asubuhi." for n in range(200)]


def _model(name: str, architecture: str, folder: Path) -> Path:
    from models.weights import save_safetensors
    from training.architectures import SpecialIds, build
    from training.tokenizer import framed, train_tokenizer

    tokenizer = framed(train_tokenizer(TEXTS, 380).tokenizer, architecture)
    save_safetensors(build(name, SpecialIds(0, 2, 3), len(tokenizer), 1), folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def decoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Llama of two layers with random weights."""
    return _model("decoder-nano", "decoder", tmp_path_factory.mktemp("decoder"))


@pytest.fixture(scope="session")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ModernBERT of two layers with random weights."""
    return _model("encoder-nano", "encoder", tmp_path_factory.mktemp("encoder"))


@pytest.fixture(scope="session")
def tagger(encoder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The encoder with a random layer for two labels on top."""
    from models.tokenizer import open_tokenizer
    from models.weights import open_weights, save_safetensors

    folder = tmp_path_factory.mktemp("tagger")
    labels = {"id2label": {0: "NOUN", 1: "VERB"}, "label2id": {"NOUN": 0, "VERB": 1}}
    kind = "AutoModelForTokenClassification"
    save_safetensors(open_weights(encoder, kind, "does not open", **labels)[0], folder)
    open_tokenizer(encoder).save_pretrained(folder)
    return folder
