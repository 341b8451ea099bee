"""GGUF: the weights that come out are those that went in, and a bad file is told in one line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from data.access import Access
from data.errors import InputError, UnavailableError
from data.files import sha256_file
from icl.engines import Batch, Request
from icl.prompt import Prompt
from models.resolve import resolve_model
from tests.icl.disk import small_disk
from tests.icl.opened import opened

gguf = pytest.importorskip("gguf", reason='needs the gguf package: pip install "kilolingua[cpu]"')

# GGUF's names of a Llama's tensors: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
NAMES = {
    "embed_tokens": "token_embd",
    "norm": "output_norm",
    "lm_head": "output",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
}


def write_gguf(model: Path, path: Path) -> None:
    """The tiny decoder as llama.cpp would hold it; byte 0xFF, never in UTF-8, becomes "ab"."""
    config = json.loads((model / "config.json").read_text("utf-8"))
    vocabulary = json.loads((model / "tokenizer.json").read_text("utf-8"))["model"]["vocab"]
    pieces = sorted(vocabulary, key=vocabulary.get)
    pieces[vocabulary["ÿ"]] = "ab"
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_vocab_size(config["vocab_size"])
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list(pieces)
    writer.add_token_merges(["a b"])
    writer.add_token_types([1] * 256 + [3, 3])
    writer.add_bos_token_id(256)
    writer.add_eos_token_id(257)
    for name, weight in load_file(model / "model.safetensors").items():
        writer.add_tensor(*as_in_gguf(name, weight, config))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def as_in_gguf(name: str, weight: Any, config: dict[str, Any]) -> tuple[str, Any]:
    """A tensor's name and rows; of queries and keys, the halves of each head are interleaved."""
    part = name.removeprefix("model.").removesuffix(".weight")
    block = ""
    if part.startswith("layers."):
        _, number, part = part.split(".", 2)
        block = f"blk.{number}."
    heads = {
        "self_attn.q_proj": config["num_attention_heads"],
        "self_attn.k_proj": config["num_key_value_heads"],
    }
    if part in heads:
        shape = weight.shape
        halves = weight.reshape(heads[part], 2, shape[0] // heads[part] // 2, shape[1])
        weight = np.ascontiguousarray(halves.swapaxes(1, 2).reshape(shape))
    return f"{block}{NAMES[part]}.weight", weight


@pytest.fixture(scope="module")
def tiny_gguf(tiny_decoder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("gguf") / "tiny.gguf"
    write_gguf(tiny_decoder, path)
    return path


def test_weights_come_out_as_they_went_in(tiny_gguf: Path, tiny_decoder: Path) -> None:
    said: list[str] = []
    model = resolve_model(str(tiny_gguf), Access(report=said.append))
    assert (model.name, model.revision) == ("tiny", sha256_file(tiny_gguf)[:16])
    expected = load_file(tiny_decoder / "model.safetensors")
    found = load_file(model.folder / "model.safetensors")
    assert found.keys() == expected.keys()
    assert all(np.array_equal(found[name], expected[name]) for name in expected)
    assert resolve_model(str(tiny_gguf), Access(report=said.append)) == model
    assert said == ["converting tiny, once"]


@pytest.mark.parametrize("engine", ["transformers", "ctranslate2"])
def test_engines_read_it_as_the_folder_it_was_made_of(
    engine: str, tiny_gguf: Path, tiny_decoder: Path
) -> None:
    """The prompt has no "ab", so both tokenizers cut it into single bytes."""
    asked = Batch((Request("1", "", Prompt("Mvua inanyesha.")),))
    texts = []
    for source in (tiny_gguf, tiny_decoder):
        backend = opened(engine, source, 12)
        [[completion]] = backend.run(backend.plan(asked.requests))
        texts.append(completion.text)
    assert texts[0] == texts[1] != ""


def test_merges_come_along(tiny_gguf: Path) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(resolve_model(str(tiny_gguf)).folder)
    pieces = tokenizer.convert_ids_to_tokens(tokenizer("Habari").input_ids)
    assert pieces == ["H", "ab", "a", "r", "i"]


def test_a_folder_with_one_gguf_file(tiny_gguf: Path) -> None:
    assert resolve_model(str(tiny_gguf.parent)) == resolve_model(str(tiny_gguf))


@pytest.mark.parametrize("kept", [0, 3, 100, 20_000])
def test_a_file_that_was_cut_off(kept: int, tiny_gguf: Path, tmp_path: Path) -> None:
    path = tmp_path / "cut.gguf"
    path.write_bytes(tiny_gguf.read_bytes()[:kept])
    with pytest.raises(InputError) as caught:
        resolve_model(str(path))
    message = str(caught.value)
    assert message.startswith(f"{path}: not a GGUF file that transformers can read")
    assert "\n" not in message


def test_no_space_for_the_weights(
    tiny_gguf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with small_disk(tmp_path / "disk", 64) as disk:
        monkeypatch.setenv("KILOLINGUA_CACHE", str(disk))
        with pytest.raises(UnavailableError, match=r"-safetensors: no space left on the disk"):
            resolve_model(str(tiny_gguf))
        assert [path.suffix for path in (disk / "derived").iterdir()] == [".lock"]
