"""An encoder-decoder that begins as a pretrained encoder: BERT, multilingual-e5, and their like.

    model = from_encoder(folder, vocabulary, ids, encoder_layers=8, decoder_layers=4, seed=1)

BART's encoder is BERT's (layers normalised last, learnt positions), so that its weights are taken
over and compute the same. A layer of the decoder begins as a layer of the encoder: what it looks
back with as that layer's own attention, its look at the source as the last layer's, which reads the
same states (Rothe et al. 2020, https://aclanthology.org/2020.tacl-1.18; Ma et al. 2021,
https://arxiv.org/abs/2106.13736). Pieces of the encoder's vocabulary keep their embeddings, on both
sides and where pieces are chosen. Where the encoder is to stay as it is (`tied=False`), the table
that chooses pieces is trained apart.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from data.errors import InputError
from models.config import model_type
from models.weights import check_whole, open_weights, random_model
from training.architectures import SpecialIds, seeded

LIKE_BERT = ("bert",)
PARTS = {  # of BERT's layer, of BART's
    "attention.self.query": "self_attn.q_proj",
    "attention.self.key": "self_attn.k_proj",
    "attention.self.value": "self_attn.v_proj",
    "attention.output.dense": "self_attn.out_proj",
    "attention.output.LayerNorm": "self_attn_layer_norm",
    "intermediate.dense": "fc1",
    "output.dense": "fc2",
    "output.LayerNorm": "final_layer_norm",
}


def split_layers(name: str) -> tuple[str, int | None]:
    """The name and the number of layers of NAME[:LAYERS].

    >>> split_layers("multilingual-e5-small:6"), split_layers("runs/e5")
    (('multilingual-e5-small', 6), ('runs/e5', None))
    """
    match = re.fullmatch(r"(.+):([0-9]{1,4})", name)
    if match is None or Path(name).exists():
        return name, None
    return match[1], int(match[2])


def from_encoder(
    folder: Path,
    vocabulary: int,
    ids: SpecialIds,
    *,
    encoder_layers: int | None,
    decoder_layers: int,
    tied: bool,
    seed: int,
) -> Any:
    """A BART whose weights are an encoder's.

    Args:
        vocabulary: rows of its embeddings; those beyond the encoder's are random, about the mean.
        encoder_layers: the first so many are taken; None: all.
        tied: one table of embeddings for both sides and the output; else three that begin alike,
            of which the encoder's can stay as it is.

    Raises:
        InputError: the folder holds no such encoder, or fewer layers.
    """
    kind = model_type(folder)
    if kind not in LIKE_BERT:
        raise InputError(
            f"--encoder {folder}: expected an encoder of the type {' or '.join(LIKE_BERT)}, found"
            f" {kind or 'none'}; choose another, or leave it out"
        )
    encoder, missing = open_weights(folder, "AutoModel", "cannot be opened as an encoder")
    check_whole(missing, folder)
    depth = int(encoder.config.num_hidden_layers)
    taken = depth if encoder_layers is None else encoder_layers
    if not 1 <= taken <= depth:
        raise InputError(f"--encoder {folder}:{taken}: expected 1 to {depth} layers; choose one")
    with seeded(seed):
        config = _config(encoder.config, vocabulary, ids, taken, decoder_layers)
        config.tie_word_embeddings = tied
        model = random_model("AutoModelForSeq2SeqLM", config)
        _fill(model, encoder, taken)
    return model


def _config(told: Any, vocabulary: int, ids: SpecialIds, taken: int, decoder: int) -> Any:
    from transformers import BartConfig

    return BartConfig(
        vocab_size=vocabulary,
        d_model=told.hidden_size,
        encoder_layers=taken,
        decoder_layers=decoder,
        encoder_attention_heads=told.num_attention_heads,
        decoder_attention_heads=told.num_attention_heads,
        encoder_ffn_dim=told.intermediate_size,
        decoder_ffn_dim=told.intermediate_size,
        activation_function=told.hidden_act,
        max_position_embeddings=told.max_position_embeddings,
        dropout=0.0,
        decoder_start_token_id=ids.eos,
        forced_eos_token_id=ids.eos,
        pad_token_id=ids.pad,
        bos_token_id=ids.bos,
        eos_token_id=ids.eos,
    )


def _fill(model: Any, encoder: Any, taken: int) -> None:
    """Copy the encoder's weights into both sides of the model."""
    import torch

    read = encoder.embeddings
    with torch.no_grad():
        known = read.word_embeddings.weight
        shared = model.model.shared.weight
        shared.normal_(std=float(known.std()))  # of the tags, which must differ
        shared += known.mean(dim=0)
        shared[: len(known)] = known
        for table in (model.model.encoder.embed_tokens, model.model.decoder.embed_tokens,
                      model.lm_head):  # fmt: skip
            table.weight.copy_(shared)
        # BERT adds the embedding of its first segment to each position; BART has no segments.
        positions = read.position_embeddings.weight + read.token_type_embeddings.weight[0]
        for side in (model.model.encoder, model.model.decoder):
            side.embed_positions.weight[side.embed_positions.offset :] = positions
            side.layernorm_embedding.load_state_dict(read.LayerNorm.state_dict())
    layers = encoder.encoder.layer[:taken]
    for target, source in zip(model.model.encoder.layers, layers, strict=True):
        _copy(target, source)
    decoder = model.model.decoder.layers
    for number, target in enumerate(decoder):
        _copy(target, layers[round((number + 1) * taken / len(decoder)) - 1])
        _look_at_the_source(target, layers[-1])


def _copy(target: Any, source: Any) -> None:
    for one, other in PARTS.items():
        target.get_submodule(other).load_state_dict(source.get_submodule(one).state_dict())


def _look_at_the_source(target: Any, source: Any) -> None:
    for one, other in PARTS.items():
        if one.startswith("attention"):
            inner = other.replace("self_attn", "encoder_attn")
            target.get_submodule(inner).load_state_dict(source.get_submodule(one).state_dict())
