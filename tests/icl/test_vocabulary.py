"""Vocabularies: what the small library reads is what transformers reads, and torch stays away."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.errors import UnavailableError
from icl.engines.tokenization import PromptTokenizer
from icl.engines.vocabulary import Vocabulary, open_vocabulary
from icl.prompt import Languages, render
from icl.templates import TEMPLATES
from models.config import end_ids
from models.resolve import Model, resolve_model

TEXTS = [
    "Walimu wawili walifika mjini Nairobi asubuhi na mapema.",
    "The teachers came to the town, didn't they ?",
    "Ọjọ́ dára, ẹ káàárọ̀ o! 25 % – 3.5",
    "नमस्ते दुनिया",
    "東京は雨です。",
]


def trained(kind: str) -> Any:
    """A tokenizer with merges of its own, as GPT-2 or as Llama 2 cuts text."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    special = ["<unk>", "<s>", "</s>"]
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=kind == "llama"))
    alphabet: list[str] = []
    if kind == "gpt2":
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.decoder = decoders.ByteLevel()
        alphabet = pre_tokenizers.ByteLevel.alphabet()
    else:
        special += [f"<0x{byte:02X}>" for byte in range(256)]
        tokenizer.normalizer = normalizers.Sequence(
            [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
        )
        tokenizer.decoder = decoders.Sequence(
            [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
        )
    trainer = trainers.BpeTrainer(
        vocab_size=700, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(TEXTS, trainer)
    names = {"unk_token": "<unk>", "bos_token": "<s>", "eos_token": "</s>"}
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **names)


@pytest.fixture(scope="module", params=["gpt2", "llama", "byt5"])
def both(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Vocabulary, Any]]:
    """Our reading of a tokenizer's folder, and transformers'."""
    from transformers import AutoTokenizer, ByT5Tokenizer

    folder = tmp_path_factory.mktemp("tokenizer") / request.param
    (ByT5Tokenizer() if request.param == "byt5" else trained(request.param)).save_pretrained(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KILOLINGUA_CACHE", str(folder / "cache"))
        ours = open_vocabulary(Model(request.param, f"test-{request.param}", folder))
        yield ours, AutoTokenizer.from_pretrained(folder)


ANY = st.one_of(st.text(), st.sampled_from(TEXTS), st.lists(st.sampled_from(TEXTS)).map("\n".join))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ANY)
def test_ids_and_texts_are_those_of_transformers(both: tuple[Vocabulary, Any], text: str) -> None:
    ours, theirs = both
    for add_special in (True, False):
        ids = theirs(text, add_special_tokens=add_special).input_ids
        assert ours.ids(text, add_special) == ids
    for skipped in (ids, [*ids, ours.end_id], ids[1:], ids[:-1]):
        expected = theirs.decode(
            skipped, skip_special_tokens=True, clean_up_tokenization_spaces=False
        )
        assert ours.text(skipped) == expected
    pieces = theirs.convert_ids_to_tokens(ids)
    assert ours.pieces(ids) == pieces


def test_single_ids(both: tuple[Vocabulary, Any]) -> None:
    ours, theirs = both
    every = range(len(theirs))
    assert ours.size == len(theirs)
    assert ours.texts() == [
        theirs.decode([index], clean_up_tokenization_spaces=False) for index in every
    ]
    for piece, index in list(theirs.get_vocab().items())[::37]:
        assert ours.id_of(piece) == index
    assert ours.id_of("__sw__") is None
    assert (ours.end_id, ours.has_chat) == (theirs.eos_token_id, False)


def test_spaces_before_punctuation_stay(both: tuple[Vocabulary, Any]) -> None:
    """transformers may clean "you ?" up to "you?", which would flatter a score."""
    ours, _ = both
    assert ours.text(ours.ids("je , wewe ?", add_special=False)).strip() == "je , wewe ?"


def test_a_tokenizer_in_python_makes_prompts(tmp_path: Path) -> None:
    """ByT5: every byte is an id, three higher than its value, and 1 ends a text."""
    from transformers import ByT5Tokenizer

    ByT5Tokenizer().save_pretrained(tmp_path)
    tokenizer = PromptTokenizer(Model("byt5", "prompts", tmp_path))
    languages = Languages("Wolof", "English")
    prompt = render(
        TEMPLATES["xglm"], [], "Ŋasa </s>", languages, special=tokenizer.vocabulary.special
    )
    expected = [byte + 3 for byte in "Ŋasa < /s> =".encode()]
    assert tokenizer.encode(prompt) == [*expected, 1]
    assert tokenizer.endings(("\n",), ()).all == [1, ord("\n") + 3]


def test_ends_are_what_the_folder_says(tmp_path: Path) -> None:
    assert end_ids(tmp_path) == []
    for name, value, expected in (
        ("config.json", 2, [2]),
        ("generation_config.json", None, [2]),
        ("generation_config.json", [7, 8], [7, 8]),
    ):
        (tmp_path / name).write_text(json.dumps({"eos_token_id": value}), "utf-8")
        assert end_ids(tmp_path) == expected


def test_without_transformers(tiny_decoder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The version of a package that is not there is asked for first."""
    monkeypatch.setattr(sys, "path", [])
    model = Model("x", "none", tiny_decoder)
    with pytest.raises(UnavailableError, match=r'"transformers" is not installed; run: pip'):
        open_vocabulary(model)


LOADED = """
import sys
from icl.eval import main
code = main(sys.argv[1:])
print("loaded:", sorted({"torch", "transformers"} & set(sys.modules)))
sys.exit(code)
"""


def test_a_model_that_was_converted_once_needs_no_torch(tiny_decoder: Path, tmp_path: Path) -> None:
    base = ["--lang", "sw", "--test-set", "sample", "--limit", "4", "--max-new-tokens", "4"]
    loaded = []
    for name in ("first", "second"):
        options = [*base, "--model", str(tiny_decoder), "--out", str(tmp_path / name)]
        done = subprocess.run(
            [sys.executable, "-c", LOADED, *options, "--offline"],
            capture_output=True,
            text=True,
            check=True,
        )
        loaded += [line for line in done.stdout.splitlines() if line.startswith("loaded:")]
    assert loaded == ["loaded: ['torch', 'transformers']", "loaded: []"]
    files = [(tmp_path / name / "scores.json").read_bytes() for name in ("first", "second")]
    assert files[0] == files[1]


def test_special_tokens_and_the_chat_template_are_found(tiny_decoder: Path) -> None:
    vocabulary = open_vocabulary(resolve_model(str(tiny_decoder)))
    assert vocabulary.has_chat
    assert vocabulary.special == ("</s>", "<s>")
