"""Small models by name, with random weights: transformers' own classes, so that they open anywhere.

    model = build("encoder-tiny", SpecialIds(pad=0, bos=1, eos=2), vocabulary=8000, seed=1)
    model.save_pretrained(folder)           # AutoModelForMaskedLM.from_pretrained(folder)

A name is a family and a size: `encoder-tiny`, `bart-small`.

| family | class | for |
| --- | --- | --- |
| encoder | ModernBERT (Warner et al. 2024) | masked tokens; tagging afterwards |
| bert | BERT (Devlin et al. 2019) | the same, where a tool knows nothing newer |
| decoder | Llama (Touvron et al. 2023) | text from left to right; prompting |
| encoder-decoder | T5 v1.1 (Raffel et al. 2020) | spans, denoising |
| bart | BART (Lewis et al. 2020) | denoising |
| m2m | M2M-100 (Fan et al. 2021) | translation: layers normalised first, positions given |

| size | width | layers | parameters of the encoder with 8,000 pieces |
| --- | --- | --- | --- |
| nano | 32 | 2 | 0.3 M: for tests |
| tiny | 128 | 4 | 1.6 M |
| small | 256 | 4 | 4.4 M: ten minutes on two cores |
| medium | 512 | 8 | 22 M: for a GPU |

ModernBERT is the encoder because it has the fewest parameters for its width, positions that need no
learning, and the speed of BERT on a CPU: at width 256 4,830 against 3,880 tokens a second of one
core in float32, at width 128 15,000 against 16,600 in bfloat16.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from data.cli import did_you_mean
from data.errors import InputError
from models.library import missing_package
from models.weights import random_model

if TYPE_CHECKING:
    from torch import nn

CONTEXT = 2048  # tokens: a prompt with a shot fits; no weights hang on it but BART's
BART_CONTEXT = 512  # positions are learnt, so that long ones would stay as random as they began
HEAD_WIDTH = 64


@dataclass(frozen=True, slots=True)
class Size:
    """How large a model is; an encoder-decoder has so many layers on each side."""

    width: int
    layers: int

    @property
    def heads(self) -> int:
        """One for every 64 dimensions, and at least two."""
        return max(2, self.width // HEAD_WIDTH)


@dataclass(frozen=True, slots=True)
class SpecialIds:
    """The ids that a model's configuration names."""

    pad: int
    bos: int
    eos: int


Config = Callable[[Size, SpecialIds, int], Any]


@dataclass(frozen=True, slots=True)
class Family:
    """What is behind the first part of a name.

    architecture: "encoder", "decoder" or "encoder-decoder".
    """

    architecture: str
    head: str
    config: Config


def _modernbert(size: Size, ids: SpecialIds, vocabulary: int) -> Any:
    from transformers import ModernBertConfig

    return ModernBertConfig(
        vocab_size=vocabulary,
        hidden_size=size.width,
        intermediate_size=size.width * 3 // 2,  # two of them: the unit is gated
        num_hidden_layers=size.layers,
        num_attention_heads=size.heads,
        max_position_embeddings=CONTEXT,
        global_attn_every_n_layers=1,  # sentences are shorter than any window
        pad_token_id=ids.pad,
        bos_token_id=ids.bos,
        eos_token_id=ids.eos,
        cls_token_id=ids.bos,
        sep_token_id=ids.eos,
    )


def _bert(size: Size, ids: SpecialIds, vocabulary: int) -> Any:
    from transformers import BertConfig

    return BertConfig(
        vocab_size=vocabulary,
        hidden_size=size.width,
        intermediate_size=size.width * 4,
        num_hidden_layers=size.layers,
        num_attention_heads=size.heads,
        max_position_embeddings=BART_CONTEXT,
        hidden_dropout_prob=0.0,  # as the newer models: little is seen twice
        attention_probs_dropout_prob=0.0,
        pad_token_id=ids.pad,
        bos_token_id=ids.bos,
        eos_token_id=ids.eos,
    )


def _llama(size: Size, ids: SpecialIds, vocabulary: int) -> Any:
    from transformers import LlamaConfig

    return LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=size.width,
        intermediate_size=size.width * 8 // 3 // 16 * 16,
        num_hidden_layers=size.layers,
        num_attention_heads=size.heads,
        num_key_value_heads=size.heads,
        max_position_embeddings=CONTEXT,
        tie_word_embeddings=True,
        pad_token_id=ids.pad,
        bos_token_id=ids.bos,
        eos_token_id=ids.eos,
    )


def _t5(size: Size, ids: SpecialIds, vocabulary: int) -> Any:
    from transformers import T5Config

    return T5Config(
        vocab_size=vocabulary,
        d_model=size.width,
        d_kv=size.width // size.heads,
        d_ff=size.width * 8 // 3 // 16 * 16,
        num_layers=size.layers,
        num_decoder_layers=size.layers,
        num_heads=size.heads,
        dropout_rate=0.0,
        feed_forward_proj="gated-gelu",
        tie_word_embeddings=True,
        decoder_start_token_id=ids.pad,
        pad_token_id=ids.pad,
        eos_token_id=ids.eos,
    )


def _bart(size: Size, ids: SpecialIds, vocabulary: int) -> Any:
    from transformers import BartConfig

    sides = {
        f"{side}_{name}": value
        for side in ("encoder", "decoder")
        for name, value in (
            ("layers", size.layers),
            ("attention_heads", size.heads),
            ("ffn_dim", size.width * 4),
        )
    }
    return BartConfig(
        vocab_size=vocabulary,
        d_model=size.width,
        max_position_embeddings=BART_CONTEXT,
        dropout=0.0,
        decoder_start_token_id=ids.eos,
        forced_eos_token_id=ids.eos,
        pad_token_id=ids.pad,
        bos_token_id=ids.bos,
        eos_token_id=ids.eos,
        **sides,
    )


def _m2m(size: Size, ids: SpecialIds, vocabulary: int) -> Any:
    from transformers import M2M100Config

    sides = {
        f"{side}_{name}": value
        for side in ("encoder", "decoder")
        for name, value in (
            ("layers", size.layers),
            ("attention_heads", size.heads),
            ("ffn_dim", size.width * 4),
            ("layerdrop", 0.0),
        )
    }
    return M2M100Config(
        vocab_size=vocabulary,
        d_model=size.width,
        max_position_embeddings=BART_CONTEXT,
        dropout=0.0,
        attention_dropout=0.0,
        activation_dropout=0.0,
        decoder_start_token_id=ids.eos,
        pad_token_id=ids.pad,
        bos_token_id=ids.bos,
        eos_token_id=ids.eos,
        **sides,
    )


SIZES: Mapping[str, Size] = {
    "nano": Size(32, 2),
    "tiny": Size(128, 4),
    "small": Size(256, 4),
    "medium": Size(512, 8),
}
FAMILIES: Mapping[str, Family] = {
    "encoder": Family("encoder", "AutoModelForMaskedLM", _modernbert),
    "bert": Family("encoder", "AutoModelForMaskedLM", _bert),
    "decoder": Family("decoder", "AutoModelForCausalLM", _llama),
    "encoder-decoder": Family("encoder-decoder", "AutoModelForSeq2SeqLM", _t5),
    "bart": Family("encoder-decoder", "AutoModelForSeq2SeqLM", _bart),
    "m2m": Family("encoder-decoder", "AutoModelForSeq2SeqLM", _m2m),
}


def named(name: str) -> tuple[Family, Size]:
    """The family and size of a name.

    >>> named("decoder-small")[0].architecture, named("bart-tiny")[1].width
    ('decoder', 128)

    Raises:
        InputError: no such family or size.
    """
    family, _, size = name.rpartition("-")
    if family not in FAMILIES or size not in SIZES:
        every = [f"{family}-{size}" for family in FAMILIES for size in SIZES]
        raise InputError(
            f'--config "{name}": expected FAMILY-SIZE with a family of {", ".join(FAMILIES)} and a'
            f" size of {', '.join(SIZES)}, such as encoder-tiny{did_you_mean(name, every)}"
        )
    return FAMILIES[family], SIZES[size]


def build(name: str, ids: SpecialIds, vocabulary: int, seed: int) -> nn.Module:
    """A model of that name with random weights; the same seed gives the same.

    Args:
        vocabulary: number of rows of its embeddings, `len(tokenizer)`.

    Raises:
        InputError: no such name.
        UnavailableError: transformers is not installed.
    """
    family, size = named(name)
    try:
        import transformers  # noqa: F401  (the configurations are its)
    except ImportError as error:
        raise missing_package(error, "cpu") from error
    with seeded(seed):
        config = family.config(size, ids, vocabulary)
        model: nn.Module = random_model(family.head, config)
    return model


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Random weights that are made inside the block hang on the seed; torch goes on as it was."""
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield
