"""The model of a run: an encoder-decoder with random weights or one that exists, and its tags.

    network = open_network(config, sets, base, folder, access)
    network.coder.coded("Habari", "Hello", Way("sw", "en", ...))

The encoder reads the tag of its text's language, the text, and the end; the decoder is given the
tag of the other language and writes the text and the end, as in M2M-100 (Fan et al. 2021): so
`icl.eval --template m2m` opens the folder. Sources that a machine has written begin with one more
tag (Caswell et al. 2019, https://aclanthology.org/W19-5206).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from data.access import Access
from data.errors import InputError
from data.files import write_whole
from data.languages import codes_of, resolve
from models.config import is_encoder_decoder, model_type
from models.resolve import Model, resolve_model
from models.tokenizer import open_fast_tokenizer
from models.weights import check_whole, open_weights
from training.architectures import SpecialIds, build, named, seeded
from training.tokenizer.special import encoded, framed, literal_backend
from training.translation.batches import Coded, Ends
from training.translation.config import SEQUENCE, TranslatorConfig
from training.translation.sets import TranslationSet, Way
from training.translation.warm_start import from_encoder, split_layers

FOLDER, DONE = "tokenizer", "made"
BACK = "<bt>"
TAG = "__{}__"  # as M2M-100 has it


def tag_of(language: str, known: Mapping[str, int]) -> str:
    """The tag of a language: one that the vocabulary has, as M2M-100 or NLLB write it, or else new.

    >>> tag_of("sw", {"swh_Latn": 7}), tag_of("sw", {"__sw__": 8}), tag_of("sw", {})
    ('swh_Latn', '__sw__', '__sw__')
    """
    tag = TAG.format(language)
    flores = resolve(language).code_in(codes_of("flores-200"))
    return flores if flores and flores in known and tag not in known else tag


@dataclass(frozen=True)
class Coder:
    """From texts to ids for one model.

    Attributes:
        ends: see `training.translation.batches`.
        longest: ids that a side may have.
    """

    tokenizer: Any
    ends: Ends
    longest: int

    def ids(self, texts: Sequence[str]) -> Iterator[list[int]]:
        """The pieces of texts, without special tokens."""
        return encoded(literal_backend(self.tokenizer), texts)

    def tag(self, language: str) -> int:
        """The id of a language's tag.

        Raises:
            InputError: the model does not know the language.
        """
        known = self.tokenizer.get_vocab()
        tag = tag_of(language, known)
        if tag not in known:
            raise InputError(
                f"{language}: expected a language that the model has a tag for, found no {tag} in"
                " its vocabulary; choose another, or train on pairs of it"
            )
        return int(known[tag])

    def sources(self, texts: Sequence[str], language: str, *, tagged: bool) -> list[list[int]]:
        """What the encoder reads of texts."""
        first = [self.tag(language)]
        if tagged:
            first.append(int(self.tokenizer.get_vocab()[BACK]))
        last = [int(self.tokenizer.eos_token_id)]
        return [[*first, *ids, *last] for ids in self.ids(texts)]

    def coded(self, way: Way) -> tuple[list[Coded], int]:
        """The pairs as ids, and how many are left out because a side is too long."""
        sources = self.sources([pair[0] for pair in way.texts], way.source, tagged=way.tagged)
        tag, end = self.tag(way.target), int(self.tokenizer.eos_token_id)
        targets = ([tag, *ids, end] for ids in self.ids([pair[1] for pair in way.texts]))
        found = [
            Coded(np.asarray(source, np.int64), np.asarray(target, np.int64))
            for source, target in zip(sources, targets, strict=True)
            if max(len(source), len(target)) <= self.longest
        ]
        return found, len(way.texts) - len(found)


@dataclass(frozen=True)
class Network:
    """A model that can be trained, and what turns texts into its ids."""

    model: Any
    coder: Coder
    description: Mapping[str, Any]
    notes: tuple[str, ...] = ()


def find_base(config: TranslatorConfig, access: Access) -> Model | None:
    """The model or encoder that a run goes on from, on this machine; None for random weights.

    Raises:
        InputError: no such model, or one that only reads or only writes.
        UnavailableError: the model cannot be had.
    """
    if config.encoder is not None:
        return resolve_model(split_layers(config.encoder)[0], access)
    if config.model is None:
        return None
    base = resolve_model(config.model, access)
    check_sequence(base.folder, f"--model {config.model}")
    return base


def check_sequence(folder: Path, name: str) -> None:
    """Raise `InputError` unless a model has an encoder and a decoder."""
    if not is_encoder_decoder(folder):
        raise InputError(
            f"{name}: expected an encoder-decoder (M2M-100, NLLB, BART, T5), found"
            f" {model_type(folder) or 'a model of no type'}, which has one stack only; choose"
            " another, or --config m2m-small for random weights"
        )


def open_network(
    config: TranslatorConfig,
    sets: Sequence[TranslationSet],
    base: Model | None,
    folder: Path,
    access: Access,
) -> Network:
    """The model and its tokenizer, ready to be trained; the tokenizer is kept in `folder`.

    Raises:
        InputError: no usable tokenizer; weights that cannot be opened, or are not whole.
        UnavailableError: a package is missing.
    """
    tokenizer = _tokenizer(config, sets, base, folder, access)
    if base is None:
        model: Any = build(str(config.config), _ids(tokenizer), len(tokenizer), config.seed)
    elif config.encoder is not None:
        model = from_encoder(
            base.folder,
            len(tokenizer),
            _ids(tokenizer),
            encoder_layers=split_layers(config.encoder)[1],
            decoder_layers=named(str(config.config))[1].layers,
            tied=config.freeze is None,
            seed=config.seed,
        )
    else:
        with seeded(config.seed):
            trouble = f"cannot be opened as an {SEQUENCE}"
            model, missing = open_weights(base.folder, "AutoModelForSeq2SeqLM", trouble)
            check_whole(missing, base.folder)
            _grow(model, len(tokenizer))
    if config.freeze:
        freeze_encoder(model)
    set_dropout(model, config.dropout)
    if config.device in ("auto", "cpu"):
        # On a CPU torch's fused attention takes half of an update's time, most of it backward.
        model.set_attn_implementation("eager")
    return Network(
        model, coder_of(tokenizer, model, config.length), _described(config, base, model)
    )


def coder_of(tokenizer: Any, model: Any, length: int) -> Coder:
    """The coder of a model."""
    start, pad = model.config.decoder_start_token_id, tokenizer.pad_token_id
    if start is None or pad is None:
        raise InputError(
            "the model names no token that fills a batch up or that its decoder begins with"
            " (pad_token_id, decoder_start_token_id in config.json); choose another"
        )
    return Coder(tokenizer, Ends(int(pad), int(start)), length)


def freeze_encoder(model: Any) -> None:
    """Leave the encoder and the embeddings as they are; of them no gradients are computed."""
    import torch

    encoder, decoder = model.get_encoder(), model.get_decoder()
    tables = (model.get_input_embeddings(), decoder.embed_tokens)
    for part in (encoder, *tables):
        part.requires_grad_(False)
    encoder.forward = torch.no_grad()(encoder.forward)


def set_dropout(model: Any, share: float) -> None:
    """Drop this share of what every layer adds, whatever model it is; not of attention's weights.

    >>> from torch import nn
    >>> model = nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.5))
    >>> set_dropout(model, 0.1)
    >>> model[1].p
    0.1
    """
    from torch import nn

    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = share
        elif isinstance(getattr(module, "dropout", None), float):
            attention = type(module).__name__.endswith("Attention")
            module.dropout = 0.0 if attention else share


def _grow(model: Any, size: int) -> None:
    """Embeddings for the tags that were added."""
    from training.tokenizer.embeddings import grow_embeddings

    grow_embeddings(model, size)


def _tokenizer(
    config: TranslatorConfig,
    sets: Sequence[TranslationSet],
    base: Model | None,
    folder: Path,
    access: Access,
) -> Any:
    """The tokenizer with the tags; made once, then as the run's folder has it."""
    from training.tokenizer.learning import save_tokenizer

    kept = folder / FOLDER
    if not (kept / DONE).exists():
        if base is not None:
            tokenizer = open_fast_tokenizer(base.folder, access)
        elif config.pieces:
            tokenizer = _trained(config, sets, access)
        else:
            tokenizer = framed(open_fast_tokenizer(Path(str(config.tokenizer)), access), SEQUENCE)
        _add_tags(tokenizer, sets, back=bool(config.monolingual))
        save_tokenizer(tokenizer, kept)
        write_whole(kept / DONE, "\n")
    return open_fast_tokenizer(kept)


def _trained(config: TranslatorConfig, sets: Sequence[TranslationSet], access: Access) -> Any:
    from training.tokenizer.learning import train_tokenizer

    access.say(f"training a tokenizer of {config.pieces:,} pieces")
    texts = (text for one in sets for pair in one.pairs for text in pair)
    try:
        return framed(train_tokenizer(texts, config.pieces).tokenizer, SEQUENCE)
    except InputError as error:
        raise InputError(f"--tokenizer {config.tokenizer}: {error}") from error


def _add_tags(tokenizer: Any, sets: Sequence[TranslationSet], *, back: bool) -> None:
    from tokenizers import AddedToken

    known = tokenizer.get_vocab()
    languages = dict.fromkeys(code for one in sets for code in one.languages)
    tags = [tag_of(code, known) for code in languages] + [BACK] * back
    new = [AddedToken(tag, special=True, normalized=False) for tag in tags if tag not in known]
    tokenizer.add_tokens(new, special_tokens=True)


def _ids(tokenizer: Any) -> SpecialIds:
    found = tokenizer.pad_token_id, tokenizer.bos_token_id, tokenizer.eos_token_id
    if None in found:
        raise InputError(
            "the tokenizer lacks a token that fills up, begins or ends a text; train one:"
            " --tokenizer train:N"
        )
    return SpecialIds(*found)


def _described(config: TranslatorConfig, base: Model | None, model: Any) -> dict[str, Any]:
    return {
        "name": base.name if base else config.config,
        "revision": base.revision if base else "random weights",
        "class": type(model).__name__,
        "parameters": sum(weight.numel() for weight in model.parameters()),
    }
