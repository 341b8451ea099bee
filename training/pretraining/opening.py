"""The model of a run: random weights by name, or a model that exists, with its tokenizer.

    opened = open_model(config, sources, folder, report)
    opened.model, opened.tokenizer, opened.architecture

A model comes as `models.resolve.resolve_model` finds it: safetensors or GGUF, never a pickle, never
code of its own. A tokenizer belongs to its model: one whose pieces have other ids is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.access import Report
from data.errors import InputError
from models.config import is_encoder_decoder, read_config
from models.resolve import Model, resolve_model
from models.weights import open_weights, with_low_rank_adapters
from training.architectures import FAMILIES, SpecialIds, build, named, seeded
from training.objectives import ensure_special, parse_weights
from training.pretraining.config import PretrainConfig
from training.pretraining.corpora import Source
from training.pretraining.tokenizers import open_tokenizer

if TYPE_CHECKING:
    from training.vocabulary.extension import Extension

HEADS = {family.architecture: family.head for family in FAMILIES.values()}
TASKS = {"decoder": "CAUSAL_LM", "encoder-decoder": "SEQ_2_SEQ_LM"}  # as peft names them
ENDINGS = {"ForMaskedLM": "encoder", "ForCausalLM": "decoder", "LMHeadModel": "decoder"}
ALPHA = 2  # of adapters, times their rank


@dataclass(frozen=True)
class Opened:
    """A model that can be trained, and what is to be said about it.

    Attributes:
        model: a `transformers` model, with adapters where they were asked for.
        description: name, revision, class, numbers of parameters, for config.json and the card.
        notes: what a reader must know, such as weights that the checkpoint lacks.
    """

    model: Any
    tokenizer: Any
    architecture: str
    description: Mapping[str, Any]
    notes: tuple[str, ...] = field(default=())


def find_base(config: PretrainConfig, report: Report | None = None) -> tuple[str, Model | None]:
    """The architecture of a run, and the model that it goes on from, on this machine.

    Raises:
        InputError: no such name or model; an objective that the architecture cannot have.
        UnavailableError: the model cannot be had.
    """
    if config.config is not None:
        architecture, base = named(config.config)[0].architecture, None
    else:
        base = resolve_model(str(config.model), config.offline, report)
        architecture = architecture_of(base.folder, config.mix)
    parse_weights(config.mix, architecture)
    return architecture, base


def architecture_of(folder: Path, objective: str) -> str:
    """What a model is trained as: by its class, and where that says nothing by the objective."""
    if is_encoder_decoder(folder):
        return "encoder-decoder"
    for name in read_config(folder).get("architectures") or []:
        for ending, architecture in ENDINGS.items():
            if name.endswith(ending):
                return architecture
    return "encoder" if objective.startswith("mlm") else "decoder"


def open_model(
    config: PretrainConfig,
    architecture: str,
    base: Model | None,
    sources: Sequence[Source],
    folder: Path,
    report: Callable[[str], None],
) -> Opened:
    """The model and its tokenizer, ready to be trained; what is made for it goes into `folder`.

    Raises:
        InputError: a tokenizer of another model; weights that cannot be opened.
        UnavailableError: a package is missing.
    """
    made = open_tokenizer(config, architecture, base, sources, folder, report)
    tokenizer = made.tokenizer
    added = ensure_special(tokenizer, config.mix, architecture)
    if base is None:
        model: Any = build(str(config.config), _ids(tokenizer), len(tokenizer), config.seed)
        return Opened(model, tokenizer, architecture, _described(config, None, model))
    notes = [f"{added} special tokens were added to the vocabulary"] if added else []
    with seeded(config.seed):
        trouble = f"cannot be opened as {'an' if architecture[0] == 'e' else 'a'} {architecture}"
        model, missing = open_weights(base.folder, HEADS[architecture], trouble)
        if missing:
            notes.append(f"{len(missing)} weights are not in {base.name} and begin at random")
        if made.extension is not None:
            notes.append(f"{len(made.extension.pieces):,} pieces were added to the tokenizer")
        _grow(model, len(tokenizer), made.extension)
        if config.lora:
            grown = made.extension is not None or added > 0
            model = with_adapters(model, config.lora, architecture, train_embeddings=grown)
    return Opened(model, tokenizer, architecture, _described(config, base, model), tuple(notes))


def _grow(model: Any, size: int, extension: Extension | None) -> None:
    """Embeddings for the pieces and special tokens that were added."""
    from training.vocabulary.embeddings import grow_embeddings, initialise_embeddings

    if extension is not None:
        initialise_embeddings(model, extension)
    grow_embeddings(model, size)


def with_adapters(model: Any, rank: int, architecture: str, *, train_embeddings: bool) -> Any:
    """The model with low-rank adapters beside its linear layers (Hu et al. 2022), all else frozen.

    Args:
        train_embeddings: leave the embeddings trainable, where pieces were added.

    Raises:
        UnavailableError: peft is not installed.
    """
    adapted = with_low_rank_adapters(
        model,
        r=rank,
        lora_alpha=ALPHA * rank,
        lora_dropout=0.0,
        target_modules="all-linear",
        task_type=TASKS.get(architecture),
    )
    if train_embeddings:
        for table in (model.get_input_embeddings(), model.get_output_embeddings()):
            if table is not None:
                table.weight.requires_grad_(True)
    return adapted


def _ids(tokenizer: Any) -> SpecialIds:
    found = {
        name: next((id_ for id_ in ids if id_ is not None), None)
        for name, ids in (
            ("pad", (tokenizer.pad_token_id, tokenizer.eos_token_id, tokenizer.sep_token_id)),
            ("bos", (tokenizer.bos_token_id, tokenizer.cls_token_id, tokenizer.eos_token_id)),
            ("eos", (tokenizer.eos_token_id, tokenizer.sep_token_id)),
        )
    }
    lacking = [name for name, id_ in found.items() if id_ is None]
    if lacking:
        raise InputError(
            f"the tokenizer has no {' and no '.join(lacking)} token; train one: --tokenizer train:N"
        )
    return SpecialIds(**{name: int(id_) for name, id_ in found.items() if id_ is not None})


def _described(config: PretrainConfig, base: Model | None, model: Any) -> dict[str, Any]:
    weights = list(model.parameters())
    return {
        "name": base.name if base else config.config,
        "revision": base.revision if base else "random weights",
        "class": type(model).__name__,
        "parameters": sum(p.numel() for p in weights),
        "trained": sum(p.numel() for p in weights if p.requires_grad),
        "lora": config.lora,
    }
