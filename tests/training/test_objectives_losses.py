"""Sum and count give the loss that the models of `transformers` compute themselves."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from transformers import (
    BartConfig,
    BartForConditionalGeneration,
    BertConfig,
    BertForMaskedLM,
    DistilBertConfig,
    DistilBertForMaskedLM,
    LlamaConfig,
    LlamaForCausalLM,
    ModernBertConfig,
    ModernBertForMaskedLM,
    RobertaConfig,
    RobertaForMaskedLM,
    T5Config,
    T5ForConditionalGeneration,
)

from data.errors import InputError
from training.architectures import SpecialIds, build
from training.losses import HEADS, loss_for

IDS = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
SMALL = {
    "vocab_size": 99,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    **IDS,
}
BART = {
    f"{side}_{name}": number
    for side in ("encoder", "decoder")
    for name, number in (("layers", 2), ("attention_heads", 2), ("ffn_dim", 64))
}
ENCODERS = {
    "bert": lambda: BertForMaskedLM(BertConfig(**SMALL)),
    "roberta": lambda: RobertaForMaskedLM(RobertaConfig(**SMALL)),
    "modernbert": lambda: ModernBertForMaskedLM(
        ModernBertConfig(**SMALL, cls_token_id=1, sep_token_id=2)
    ),
    "distilbert": lambda: DistilBertForMaskedLM(
        DistilBertConfig(vocab_size=99, dim=32, n_layers=2, n_heads=2, hidden_dim=64)
    ),
}
WRITERS = {
    "t5": lambda: T5ForConditionalGeneration(
        T5Config(
            vocab_size=99, d_model=32, d_kv=16, d_ff=64, num_layers=2, decoder_start_token_id=0
        )
    ),
    "bart": lambda: BartForConditionalGeneration(
        BartConfig(vocab_size=99, d_model=32, decoder_start_token_id=2, **BART, **IDS)
    ),
}


def batch(width: int) -> dict[str, torch.Tensor]:
    """Three texts of which the second is shorter, with labels everywhere."""
    torch.manual_seed(2)
    mask = torch.ones(3, 12, dtype=torch.long)
    mask[1, 7:] = 0
    ids = torch.randint(5, 99, (3, 12)) * mask
    labels = torch.randint(5, 99, (3, width))
    labels[1, -2:] = -100
    return {"input_ids": ids, "attention_mask": mask, "labels": labels}


def agree(model: Any, architecture: str, given: dict[str, torch.Tensor], count: int) -> None:
    """The loss is the model's own, and its head has seen the places with a label alone."""
    model.eval()
    [head] = [getattr(model, name) for name in HEADS if hasattr(model, name)]
    seen: list[int] = []
    head.register_forward_hook(lambda _, inputs, __: seen.append(inputs[0].shape[:-1].numel()))
    with torch.no_grad():
        total, scored = loss_for(architecture)(model, given)
        own = model(**given).loss
    assert seen == [count, given["labels"].numel()]
    assert int(scored) == count
    assert abs(float(total / scored) - float(own)) < 1e-5


@pytest.mark.parametrize("name", ENCODERS)
def test_encoders(name: str) -> None:
    torch.manual_seed(1)
    given = batch(12)
    given["labels"][:, 3:10] = -100
    agree(ENCODERS[name](), "encoder", given, 13)


def test_decoder() -> None:
    torch.manual_seed(1)
    given = batch(12)
    given["labels"] = given["input_ids"].where(given["attention_mask"] > 0, -100)
    agree(LlamaForCausalLM(LlamaConfig(**SMALL)), "decoder", given, 11 + 6 + 11)


@pytest.mark.parametrize("name", WRITERS)
def test_encoder_decoders(name: str) -> None:
    torch.manual_seed(1)
    agree(WRITERS[name](), "encoder-decoder", batch(6), 16)


def test_the_head_is_as_it_was_afterwards() -> None:
    model, given = ENCODERS["modernbert"](), batch(12)
    loss_for("encoder")(model, given)
    assert model(**given).logits.shape == (3, 12, 99)


def test_an_unknown_architecture() -> None:
    with pytest.raises(InputError, match="expected one of encoder, decoder, encoder-decoder"):
        loss_for("mixer")


def test_what_is_wrapped_is_the_same_model() -> None:
    """Data-parallel training and `torch.compile` put the model inside another."""

    class Wrapped(torch.nn.Module):
        def __init__(self, name: str, inner: torch.nn.Module) -> None:
            super().__init__()
            setattr(self, name, inner)
            self._inner = [inner]

        def forward(self, **inputs: Any) -> Any:
            return self._inner[0](**inputs)

    model = build("bart-nano", SpecialIds(pad=0, bos=1, eos=2), 40, seed=1)
    ids = torch.tensor([[5, 6, 2]])
    given = {"input_ids": ids, "attention_mask": torch.ones_like(ids), "labels": ids}
    plain = loss_for("encoder-decoder")(model, given)[0]
    wrapped = Wrapped("module", Wrapped("_orig_mod", model))
    assert torch.equal(loss_for("encoder-decoder")(wrapped, given)[0], plain)
