"""The model of a run: random weights by name, or a model that exists, with its tokenizer.

    opened = open_model(config, sources, folder, access)
    opened.model, opened.tokenizer, opened.architecture

A model comes as `models.resolve.resolve_model` finds it: safetensors or GGUF, never a pickle, never
code of its own. A tokenizer belongs to its model: one whose pieces have other ids is refused.

The tokenizer of a run (a folder's, the model's own, one trained or extended on the corpora) is kept
in the run's folder, so that a run that was killed goes on with the same one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.access import Access
from data.bounded import check_shape, read_json
from data.errors import InputError
from data.files import canonical_json, write_whole
from data.tsv import excerpt
from models.config import is_encoder_decoder, read_config
from models.resolve import Model, resolve_model
from models.tokenizer import open_fast_tokenizer
from models.weights import check_whole, open_weights, with_low_rank_adapters
from training.architectures import FAMILIES, SpecialIds, build, named, seeded
from training.joint import freeze
from training.objectives import NONE, ensure_special, parse_weights
from training.pretraining.config import PretrainConfig
from training.pretraining.corpora import TRAIN, Source
from training.tokenizer.special import framed

if TYPE_CHECKING:
    from training.tokenizer.extension import Extension


FOLDER, DONE = "tokenizer", "made.json"
MADE = {"old_size": int, "pieces": [list], "dropped": {str: int}}
TEXTS = 1_000_000  # documents of each corpus that a tokenizer is trained on, at most
SENTINELS = 100  # for spans, as T5 has


@dataclass(frozen=True)
class Made:
    """A tokenizer, and what was added where it extends the model's own."""

    tokenizer: Any
    extension: Extension | None = None


def open_tokenizer(
    config: PretrainConfig,
    architecture: str,
    base: Model | None,
    sources: Sequence[Source],
    folder: Path,
    access: Access,
) -> Made:
    """The tokenizer that the configuration asks for; the first time it is put into `folder`.

    Raises:
        InputError: a folder without a tokenizer, one of another model, too little text to train.
    """
    kept = folder / FOLDER
    if (kept / DONE).exists():
        return _kept(kept)
    if base is not None:
        own = open_fast_tokenizer(base.folder)
        made = _of_model(config, own, sources, access)
    elif config.made("train"):
        made = Made(_trained(config, architecture, sources, access))
    else:
        made = Made(open_fast_tokenizer(Path(str(config.tokenizer)), access))
    _keep(made, kept)
    return _kept(kept)  # as a run that goes on opens it, so that it saves the same files


def check_same_pieces(given: Any, own: Any, name: str) -> None:
    """Refuse a tokenizer whose pieces have other ids than in the model's own.

    Raises:
        InputError: with the first piece that differs, and both sizes.
    """
    known = own.get_vocab()
    pieces = sorted(given.get_vocab().items(), key=lambda item: item[1])
    differing = [(piece, id_) for piece, id_ in pieces if known.get(piece) != id_]
    if not differing:
        return
    piece, id_ = differing[0]
    there = f"the id {known[piece]}" if piece in known else "no id"
    raise InputError(
        f"--tokenizer {name}: is of another model: the piece {excerpt(piece)} has the id {id_} and"
        f" in the model's own {there} ({len(differing):,} of {len(pieces):,} differ; the model's"
        f" has {len(known):,}); leave --tokenizer out, or give extend:N to add pieces"
    )


def _of_model(config: PretrainConfig, own: Any, sources: Sequence[Source], access: Access) -> Made:
    if config.tokenizer is None:
        return Made(own)
    pieces = config.made("extend")
    if not pieces:
        given = open_fast_tokenizer(Path(config.tokenizer), access)
        check_same_pieces(given, own, config.tokenizer)
        return Made(own)
    from training.tokenizer.extension import extend

    access.say(f"adding {pieces:,} pieces to the model's tokenizer")
    extension = extend(own, _texts(sources), pieces)
    return Made(extension.tokenizer, extension)


def _trained(
    config: PretrainConfig,
    architecture: str,
    sources: Sequence[Source],
    access: Access,
) -> Any:
    from training.tokenizer.learning import train_tokenizer

    size = config.made("train")
    access.say(f"training a tokenizer of {size:,} pieces")
    spans = "spans" in parse_weights(config.mix, architecture)
    try:
        trained = train_tokenizer(_texts(sources), size, sentinels=SENTINELS if spans else 0)
    except InputError as error:
        raise InputError(f"--tokenizer {config.tokenizer}: {error}") from error
    return framed(trained.tokenizer, architecture)


def _texts(sources: Sequence[Source]) -> Iterator[str]:
    """What a tokenizer learns from: the parts that are trained on."""
    return chain.from_iterable(islice(source.texts(TRAIN), TEXTS) for source in sources)


def _keep(made: Made, folder: Path) -> None:
    from training.tokenizer.learning import save_tokenizer

    save_tokenizer(made.tokenizer, folder)
    extension = made.extension and {
        "old_size": made.extension.old_size,
        "pieces": [list(piece) for piece in made.extension.pieces],
        "dropped": dict(made.extension.dropped),
    }
    write_whole(folder / DONE, canonical_json({"extension": extension}) + "\n")


def _kept(folder: Path) -> Made:
    told = read_json(folder / DONE, {"extension": dict | None})["extension"]
    tokenizer = open_fast_tokenizer(folder)
    if told is None:
        return Made(tokenizer)
    from training.tokenizer.extension import Extension, NewPiece

    check_shape(told, MADE, str(folder / DONE))
    try:
        pieces = tuple(NewPiece(id_, piece, tuple(ids)) for id_, piece, ids in told["pieces"])
    except (TypeError, ValueError) as error:
        raise InputError(
            f"{folder / DONE}: expected pieces as id, piece and ids, found others; remove {folder}"
        ) from error
    return Made(tokenizer, Extension(tokenizer, told["old_size"], pieces, told["dropped"]))


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


def find_base(config: PretrainConfig, access: Access) -> tuple[str, Model | None]:
    """The architecture of a run, and the model that it goes on from, on this machine.

    Raises:
        InputError: no such name or model; an objective that the architecture cannot have.
        UnavailableError: the model cannot be had.
    """
    if config.config is not None:
        architecture, base = named(config.config)[0].architecture, None
    else:
        base = resolve_model(str(config.model), access)
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
    return "encoder" if objective.startswith(("mlm", NONE)) else "decoder"


def class_of(folder: Path, architecture: str, objective: str) -> str:
    """The class that a model is opened as: with its head, unless nothing needs one it lacks."""
    names = read_config(folder).get("architectures") or []
    has_head = any(name.endswith(tuple(ENDINGS)) for name in names)
    return HEADS[architecture] if has_head or objective != NONE else "AutoModel"


def open_model(
    config: PretrainConfig,
    architecture: str,
    base: Model | None,
    sources: Sequence[Source],
    folder: Path,
    access: Access,
) -> Opened:
    """The model and its tokenizer, ready to be trained; what is made for it goes into `folder`.

    Raises:
        InputError: a tokenizer of another model; weights that cannot be opened.
        UnavailableError: a package is missing.
    """
    made = open_tokenizer(config, architecture, base, sources, folder, access)
    tokenizer = made.tokenizer
    added = ensure_special(tokenizer, config.mix, architecture)
    if base is None:
        model: Any = build(str(config.config), special_ids(tokenizer), len(tokenizer), config.seed)
        if config.freeze is not None:
            freeze(model, config.freeze)
        return Opened(model, tokenizer, architecture, _described(config, None, model))
    notes = [f"{added} special tokens were added to the vocabulary"] if added else []
    with seeded(config.seed):
        trouble = f"cannot be opened as {'an' if architecture[0] == 'e' else 'a'} {architecture}"
        kind = class_of(base.folder, architecture, config.mix)
        model, missing = open_weights(base.folder, kind, trouble)
        head = new_head(model, missing, base.folder)
        if head and config.mix != NONE:  # else nothing trains or asks one
            notes.append(
                f"{len(head)} weights of the head are not in {base.name} and begin at random"
            )
        if made.extension is not None:
            notes.append(f"{len(made.extension.pieces):,} pieces were added to the tokenizer")
        _grow(model, len(tokenizer), made.extension)
        if config.freeze is not None:
            freeze(model, config.freeze)
        if config.lora:
            grown = made.extension is not None or added > 0
            model = with_adapters(model, config.lora, architecture, train_embeddings=grown)
    return Opened(model, tokenizer, architecture, _described(config, base, model), tuple(notes))


def new_head(model: Any, missing: Sequence[str], folder: Path) -> Sequence[str]:
    """The weights of a head that is made new, because the folder holds the model without one.

    Args:
        missing: the names of all weights that the files lack.

    Raises:
        InputError: weights below the head are lacking, too.
    """
    body = {id(weight) for weight in getattr(model, model.base_model_prefix, model).parameters()}
    # T5 has its layers in the model itself, and so its output layer too; it may be tied.
    read, written = model.get_input_embeddings(), model.get_output_embeddings()
    tied = {id(weight) for weight in read.parameters()}
    output = {id(weight) for weight in (written.parameters() if written is not None else ())}
    inner = {name for name, w in model.named_parameters() if id(w) in body - (output - tied)}
    check_whole([name for name in missing if name in inner], folder)
    return missing


def _grow(model: Any, size: int, extension: Extension | None) -> None:
    """Embeddings for the pieces and special tokens that were added."""
    from training.tokenizer.embeddings import grow_embeddings, initialise_embeddings

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


def special_ids(tokenizer: Any) -> SpecialIds:
    """The ids that a configuration of random weights names.

    Raises:
        InputError: the tokenizer lacks one of them.
    """
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
