"""Going on from a model: its own tokenizer, an extended one, one of another model; adapters."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from data.errors import InputError
from tests.training.texts import options, write_corpus
from training.pretrain import Pretrained, pretrain
from training.pretraining import model as model_parts
from training.pretraining.config import PretrainConfig
from training.pretraining.model import architecture_of, with_adapters


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A decoder of two layers that has seen some sentences."""
    folder = tmp_path_factory.mktemp("base")
    corpus = write_corpus(folder / "text.txt")
    more = {"objective": "CLM", "config": "decoder-nano", "steps": 40, "learning_rate": 0.01}
    return pretrain(PretrainConfig(**options(corpus, folder / "run", **more))).model


def continued(base: Path, folder: Path, **more: Any) -> Pretrained:
    corpus = write_corpus(folder / "more.txt", seed=2)
    settings = {"objective": "CLM", "config": None, "model": str(base), "tokenizer": None}
    return pretrain(PretrainConfig(**options(corpus, folder / "run", **{**settings, **more})))


def perplexities(done: Pretrained) -> dict[str, float]:
    return {one["system"]: one["scores"][0]["value"] for one in done.told["held_out"]}


def test_a_model_is_better_after_than_before(base: Path, tmp_path: Path) -> None:
    done = continued(base, tmp_path, steps=40, learning_rate=0.01)
    found = perplexities(done)
    assert found["trained"] < found["before"] < found["unigram"]
    assert done.told["model"]["name"] == base.parent.name
    assert len(done.told["model"]["revision"]) == 16
    assert (done.model / "tokenizer.json").read_bytes() == (base / "tokenizer.json").read_bytes()


def test_an_extended_tokenizer(base: Path, tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    path = tmp_path / "other.txt"
    words = ("Xhaxhai", "zgjodhi", "qumësht", "çdo", "mëngjes", "shtëpisë")
    lines = [f"{a} {b} {c}." for a in words for b in words for c in words]
    path.write_text("\n".join(lines), "utf-8")
    done = continued(base, tmp_path, corpora=(str(path),), tokenizer="extend:20")
    old, new = (AutoTokenizer.from_pretrained(folder) for folder in (base, done.model))
    added = len(new) - len(old)
    assert 0 < added <= 20
    assert f"{added} pieces were added to the tokenizer" in done.told["notes"]
    assert len(new("Xhaxhai zgjodhi").input_ids) < len(old("Xhaxhai zgjodhi").input_ids)
    model = AutoModelForCausalLM.from_pretrained(done.model)
    assert model.get_input_embeddings().weight.shape[0] == len(new)


def test_a_tokenizer_of_another_model_is_refused(base: Path, tmp_path: Path) -> None:
    other = write_corpus(tmp_path / "text.txt", seed=3)
    made = pretrain(PretrainConfig(**options(other, tmp_path / "other", tokenizer="train:370")))
    with pytest.raises(InputError) as caught:
        continued(base, tmp_path, tokenizer=str(made.model))
    message = str(caught.value)
    assert message.startswith(f"--tokenizer {made.model}: is of another model: the piece ")
    assert "of 370 differ; the model's has 380); leave --tokenizer out, or give extend:N" in message


def test_an_objective_that_the_model_cannot_have(base: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r'objective "mlm": expected for a decoder: clm'):
        continued(base, tmp_path, objective="MLM")


def without(base: Path, out: Path, begins: str) -> Path:
    """A copy of a model whose files lack the weights whose names begin so."""
    from safetensors.torch import load_file, save_file

    shutil.copytree(base, out)
    weights = load_file(out / "model.safetensors")
    kept = {name: weight for name, weight in weights.items() if not name.startswith(begins)}
    assert len(kept) < len(weights)
    save_file(kept, out / "model.safetensors", {"format": "pt"})
    return out


@pytest.mark.parametrize("begins", ["model.layers.1.mlp", "model.embed_tokens"])
def test_a_model_whose_files_lack_weights_is_refused(
    base: Path, tmp_path: Path, begins: str
) -> None:
    """They would be random; of the embeddings, too, which the output layer shares."""
    with pytest.raises(InputError, match=r"the files lack .* of the weights .* would be random"):
        continued(without(base, tmp_path / "model", begins), tmp_path)


def test_a_head_that_is_not_there_begins_at_random(tmp_path: Path) -> None:
    """An encoder saved without a head, as most are, is given one for its objective."""
    corpus = write_corpus(tmp_path / "text.txt")
    made = pretrain(PretrainConfig(**options(corpus, tmp_path / "encoder", config="bert-nano")))
    bare = without(made.model, tmp_path / "bare", "cls.predictions.transform")
    more = {"objective": "MLM", "steps": 2}
    [note] = continued(bare, tmp_path, **more).told["notes"]
    assert note == "4 weights of the head are not in bare and begin at random"


def test_adapters_are_merged(base: Path, tmp_path: Path) -> None:
    pytest.importorskip("peft")
    import torch
    from transformers import AutoModelForCausalLM

    done = continued(base, tmp_path, lora=4, steps=40, learning_rate=0.01)
    found = perplexities(done)
    assert found["trained"] < found["before"]
    assert done.told["model"]["trained"] < done.told["model"]["parameters"] / 2
    old, new = (AutoModelForCausalLM.from_pretrained(folder) for folder in (base, done.model))
    assert torch.equal(old.model.embed_tokens.weight, new.model.embed_tokens.weight)
    assert not torch.equal(
        old.model.layers[0].mlp.up_proj.weight, new.model.layers[0].mlp.up_proj.weight
    )
    assert (done.folder / "adapter" / "adapter_model.safetensors").is_file()
    told = json.loads((done.folder / "adapter" / "adapter_config.json").read_text("utf-8"))
    assert len(told["target_modules"]) > 6
    assert told["target_modules"] == sorted(told["target_modules"])  # the same bytes in every run


def test_adapters_without_peft(base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    from data.errors import UnavailableError

    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(UnavailableError, match=r'"peft" is not installed; run: pip install .*lora'):
        continued(base, tmp_path, lora=4)


def test_a_tokenizer_with_the_models_pieces_is_the_models(base: Path, tmp_path: Path) -> None:
    done = continued(base, tmp_path, tokenizer=str(base), steps=1)
    assert (done.model / "tokenizer.json").read_bytes() == (base / "tokenizer.json").read_bytes()


def test_what_a_model_is_trained_as(tmp_path: Path) -> None:
    """Its class tells; a class that no table has is what the objective needs."""

    def told(config: dict[str, Any], objective: str = "clm") -> str:
        (tmp_path / "config.json").write_text(json.dumps(config), "utf-8")
        return architecture_of(tmp_path, objective)

    assert (
        told({"is_encoder_decoder": True, "architectures": ["XForCausalLM"]}) == "encoder-decoder"
    )
    assert told({"architectures": ["GPT2LMHeadModel"]}, "mlm") == "decoder"
    assert told({"architectures": ["XForCausalLM"]}, "mlm") == "decoder"
    assert told({"architectures": ["XModel", "BertForMaskedLM"]}) == "encoder"
    assert told({"architectures": ["XModel"]}, "mlm:2") == "encoder"
    assert told({}) == "decoder"


def test_adapters_count_twice_their_rank_and_embeddings_that_grew_are_trained() -> None:
    pytest.importorskip("peft")
    from training.architectures import SpecialIds, build

    for grown in (False, True):
        model = build("decoder-nano", SpecialIds(pad=0, bos=1, eos=2), 300, seed=1)
        adapted = with_adapters(model, 4, "decoder", train_embeddings=grown)
        assert adapted.peft_config["default"].lora_alpha == 8
        assert adapted.peft_config["default"].r == 4
        assert model.get_input_embeddings().weight.requires_grad is grown
        frozen = [name for name, weight in adapted.named_parameters() if not weight.requires_grad]
        assert any("mlp" in name for name in frozen)


def test_ids_that_stand_in_for_those_that_a_tokenizer_lacks() -> None:
    """BERT's [CLS] and [SEP] open, close and pad; without an end nothing can be trained."""
    bare = SimpleNamespace(
        pad_token_id=None, bos_token_id=None, eos_token_id=None, cls_token_id=7, sep_token_id=None
    )
    with pytest.raises(InputError, match="the tokenizer has no pad and no eos token; train one"):
        model_parts.special_ids(bare)
    bare.sep_token_id = 9
    found = model_parts.special_ids(bare)
    assert (found.pad, found.bos, found.eos) == (9, 7, 9)
