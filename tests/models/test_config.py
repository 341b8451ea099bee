"""Configurations and weights that no model can have: one line, no traceback, no memory taken."""

from __future__ import annotations

import json
import shutil
import warnings
from pathlib import Path
from typing import Any

import pytest

from data.errors import InputError
from icl.engines import Request
from icl.engines.embedding import SentenceEmbedder
from icl.prompt import Prompt
from models.config import check_sizes, context_length, end_ids, read_config
from models.conversion import for_ctranslate2, unpack_gguf
from models.library import quiet_transformers
from models.resolve import resolve_model
from models.tokenizer import open_sentencepiece, open_tokenizer, open_tokenizer_file
from models.weights import open_weights
from tests.icl.opened import opened
from training.tagging.config import TagConfig
from training.tagging.tagger import open_tagger
from training.tokenizer.embeddings import open_model


@pytest.fixture
def model(decoder: Path, tmp_path: Path) -> Path:
    """A copy of the decoder that a test may spoil."""
    return Path(shutil.copytree(decoder, tmp_path / "model"))


def changed(path: Path, **more: Any) -> None:
    old = json.loads(path.read_text("utf-8")) if path.exists() else {}
    path.write_text(json.dumps(old | more), "utf-8")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"hidden_size": -1},
            "a whole number from 1 to 1,048,576 as hidden_size, found -1",
        ),
        ({"hidden_size": 10**18}, "as hidden_size, found 1000000000000000000"),
        ({"hidden_size": 10**30}, "expected numbers of at most 64 bits"),
        ({"hidden_size": "32"}, "as hidden_size, found '32'"),
        ({"num_hidden_layers": 10**6}, "from 0 to 2,000 as num_hidden_layers, found 1000000"),
        ({"num_attention_heads": True}, "as num_attention_heads, found True"),
        ({"vocab_size": 0}, "as vocab_size, found 0"),
        ({"max_position_embeddings": "many"}, "as max_position_embeddings, found 'many'"),
        ({"text_config": {"n_layer": -5}}, "as n_layer, found -5"),
        ({"model_type": 3}, "expected a text in model_type, found 3"),
        ({"architectures": "LlamaForCausalLM"}, "expected a list in architectures"),
        ({"is_encoder_decoder": "no"}, 'expected true or false in is_encoder_decoder, found "no"'),
    ],
)
def test_sizes_that_no_model_has(settings: dict[str, Any], message: str, model: Path) -> None:
    changed(model / "config.json", **settings)
    for work in (read_config, context_length, lambda folder: resolve_model(str(folder))):
        with pytest.raises(InputError) as raised:
            work(model)
        assert str(raised.value).startswith(f"{model / 'config.json'}: ")
        assert message in str(raised.value)
        assert "\n" not in str(raised.value)


def test_sizes_that_models_have() -> None:
    check_sizes({"n_inner": None, "num_hidden_layers": 0, "hidden_size": 8192}, Path("c"))
    check_sizes({"num_attention_heads": [12, 16], "vocab_size": 262_144}, Path("c"))
    check_sizes({"rope_theta": 1e6, "hidden_act": "silu", "head_dim": 128}, Path("c"))


@pytest.mark.parametrize(
    "settings",
    [
        {"hidden_size": 48},
        {"vocab_size": 500},
        {"num_attention_heads": 3},
        {"hidden_act": "nothing"},
        {"rope_parameters": {"rope_type": "nothing"}},
        {"rope_parameters": 7},
        {"model_type": "nothing"},
        {"dtype": "float99"},
        {"num_key_value_heads": 0},
        {"quantization_config": 3},
        {"rms_norm_eps": "small"},
        {"transformers_weights": "../../weights.safetensors"},
        {"pad_token_id": 10**6},
    ],
)
def test_a_configuration_of_another_model(settings: dict[str, Any], model: Path) -> None:
    changed(model / "config.json", **settings)
    with pytest.raises(InputError) as raised:
        open_weights(model, "AutoModelForCausalLM", "does not open")
    assert str(raised.value).startswith(f"{model}: ")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("kind", ["AutoModelForCausalLM", "AutoModelForTokenClassification"])
def test_shapes_that_the_files_do_not_have(kind: str, model: Path) -> None:
    changed(model / "config.json", vocab_size=100)
    with pytest.raises(InputError) as caught:
        open_weights(model, kind, "cannot be opened")
    assert str(caught.value).startswith(f"{model}: cannot be opened: ")
    assert "embed_tokens.weight is 380 x " in str(caught.value)
    assert "in the files, config.json asks for 100 x " in str(caught.value)
    assert str(caught.value).endswith(": they are not of one model")


def test_memory_is_not_taken_for_weights_that_are_not_there(model: Path) -> None:
    changed(model / "config.json", vocab_size=1 << 24, intermediate_size=1 << 20)
    with pytest.raises(InputError, match=r"asks for [\d,]+ parameters, the files hold [\d,]+"):
        open_weights(model, "AutoModelForCausalLM", "does not open")


@pytest.mark.parametrize("ids", ["two", [2, "three"], True, {"end": 2}, 2.5])
def test_ids_that_are_none(ids: Any, model: Path) -> None:
    changed(model / "generation_config.json", eos_token_id=ids)
    with pytest.raises(InputError, match=r"generation_config\.json: expected whole numbers in eos"):
        end_ids(model)


@pytest.mark.parametrize(
    "name", ["../model.safetensors", "weights.bin", "absent.safetensors", "/etc/passwd"]
)
def test_an_index_that_names_other_files(name: str, model: Path) -> None:
    index = model / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {"lm_head.weight": name}}), "utf-8")
    with pytest.raises(InputError, match=r"index\.json: expected names of \*\.safetensors files"):
        resolve_model(str(model))


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b'{"model": {}}', b'{"version": "1.0"}', b"\xff\xfe", b"null", b"[" * 9999],
)
@pytest.mark.parametrize("name", ["tokenizer.json", "tokenizer_config.json"])
def test_a_tokenizer_that_is_damaged(name: str, content: bytes, model: Path) -> None:
    (model / name).write_bytes(content)
    try:
        open_tokenizer(model)
    except InputError as error:
        assert str(error).startswith(str(model))  # noqa: PT017
        assert "\n" not in str(error)  # noqa: PT017
    else:
        assert name == "tokenizer_config.json"
        assert json.loads(content) == {**json.loads(content)}
    if name == "tokenizer.json":
        with pytest.raises(InputError, match="no usable tokenizer"):
            open_tokenizer_file(model / name)


@pytest.mark.parametrize("content", [b"", b"\n\xffgarbage" * 50, b"no model\n"])
def test_pieces_that_are_damaged(content: bytes, model: Path) -> None:
    """Where SentencePiece cannot read them, the library would ask for another package."""
    (model / "tokenizer.json").unlink()
    (model / "tokenizer.model").write_bytes(content)
    with pytest.raises(InputError, match=r"tokenizer\.model: expected a SentencePiece model"):
        open_tokenizer(model)


def test_a_tokenizer_whose_unknown_piece_is_out_of_reach(model: Path) -> None:
    path = model / "tokenizer.json"
    told = json.loads(path.read_text("utf-8"))
    told["model"]["unk_id"] = 10**9
    path.write_text(json.dumps(told), "utf-8")
    with pytest.raises(InputError, match="no usable tokenizer"):
        open_tokenizer(model)


@pytest.mark.parametrize(
    "content",
    [b"", b"GGUF", b"GGUF" + b"\x03" + b"\xff" * 40, b"GGUF\x03\0\0\0" + bytes(16), b"PK\3\4" * 9],
)
def test_a_gguf_file_that_is_damaged(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"model\.gguf: not a GGUF file"):
        unpack_gguf(path, tmp_path / "out")


def test_a_sentencepiece_model_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "pieces.model"
    path.write_bytes(b"no model")
    with pytest.raises(InputError, match=r"pieces\.model: expected a SentencePiece model"):
        open_sentencepiece(path)


@pytest.mark.parametrize("value", ["</s>", [1, [2]], 1.5, True, {"id": 1}])
def test_ids_of_special_tokens_that_are_none(value: object, model: Path) -> None:
    changed(model / "generation_config.json", pad_token_id=value)
    with pytest.raises(InputError, match=r"generation_config\.json: expected whole numbers in pad"):
        open_weights(model, "AutoModelForCausalLM", "cannot be opened")


def test_a_tokenizer_of_another_model(model: Path, tmp_path: Path) -> None:
    """A piece that was added to the tokenizer and not to the model's embeddings."""
    tokenizer = open_tokenizer(model)
    tokenizer.add_tokens(["ŋŋŋ"])
    tokenizer.save_pretrained(model)
    backend = opened("transformers", model, 4, ())
    batches = backend.plan([Request("1", "k", Prompt("ŋŋŋ"))])
    with pytest.raises(InputError, match=r"expected ids below \d+, the model's vocabulary, found"):
        list(backend.run(batches))
    embed = SentenceEmbedder(str(model))
    with pytest.raises(InputError, match="the two are not of one model"):
        embed(["ŋŋŋ"])
    assert embed(["Habari."]).shape[0] == 1


def converted(folder: str) -> Path:
    model = resolve_model(folder)
    return for_ctranslate2(model.folder, model.revision, model.name)


def answered(folder: str) -> list[Any]:
    backend = opened("transformers", folder, 4, ())
    return list(backend.run(backend.plan([Request("1", "k", Prompt("Mtu"))])))


OPENERS = {
    "transformers": answered,
    "ctranslate2": converted,
    "embedding": lambda folder: SentenceEmbedder(folder)(["Habari."]),
    "tagger": lambda folder: open_tagger(
        TagConfig(train=("t",), test=("t",), model=folder, steps=1),
        resolve_model(folder),
        ["X", "Y"],
        "X",
    ),
    "extension": lambda folder: open_model(Path(folder)),
}


@pytest.mark.parametrize("opener", OPENERS)
@pytest.mark.parametrize("lacking", ["layers.0.mlp.up_proj.weight", "model."])
def test_weights_that_the_files_lack(opener: str, lacking: str, model: Path) -> None:
    """The library would fill them with random numbers, and what it answers would be scored."""
    from safetensors.torch import load_file, save_file

    path = model / "model.safetensors"
    kept = {
        f"x.{name}" if lacking == "model." else name: weight
        for name, weight in load_file(path).items()
        if not name.endswith(lacking)
    }
    save_file(kept, path, {"format": "pt"})
    with pytest.raises(InputError, match=r"the files lack \d+ of the weights that"):
        OPENERS[opener](str(model))


@pytest.mark.parametrize("opener", OPENERS)
def test_weights_that_are_all_there(opener: str, model: Path) -> None:
    assert OPENERS[opener](str(model)) is not None


def test_the_librarys_advice_to_those_who_call_it_is_not_shown() -> None:
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        quiet_transformers()
        said = "`past_key_values` is deprecated and will be removed in version 6. Use `cache`."
        warnings.warn(said, FutureWarning, stacklevel=1)
        assert not seen
        warnings.warn("the disk is old", FutureWarning, stacklevel=1)
    assert len(seen) == 1
