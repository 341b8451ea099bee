"""The tokenizer of a run: a folder's, the model's own, one trained or extended on the corpora.

    made = open_tokenizer(config, "encoder", None, sources, folder, print)

It is kept in the run's folder, so that a run that was killed goes on with the same one. A model's
embeddings belong to the pieces of its tokenizer: another tokenizer is refused, and the message
says which ids differ.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.bounded import check_shape, read_json
from data.errors import InputError
from data.files import canonical_json, write_whole
from data.tsv import excerpt
from models.resolve import Model
from models.tokenizer import open_fast_tokenizer
from training.objectives import parse_weights
from training.pretraining.config import PretrainConfig
from training.pretraining.corpora import TRAIN, Source
from training.vocabulary.special import framed

if TYPE_CHECKING:
    from training.vocabulary.extension import Extension

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
    report: Callable[[str], None],
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
        made = _of_model(config, own, sources, report)
    elif config.made("train"):
        made = Made(_trained(config, architecture, sources, report))
    else:
        made = Made(open_fast_tokenizer(Path(str(config.tokenizer)), report))
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


def _of_model(
    config: PretrainConfig, own: Any, sources: Sequence[Source], report: Callable[[str], None]
) -> Made:
    if config.tokenizer is None:
        return Made(own)
    pieces = config.made("extend")
    if not pieces:
        given = open_fast_tokenizer(Path(config.tokenizer), report)
        check_same_pieces(given, own, config.tokenizer)
        return Made(own)
    from training.vocabulary.extension import extend

    report(f"adding {pieces:,} pieces to the model's tokenizer")
    extension = extend(own, _texts(sources), pieces)
    return Made(extension.tokenizer, extension)


def _trained(
    config: PretrainConfig,
    architecture: str,
    sources: Sequence[Source],
    report: Callable[[str], None],
) -> Any:
    from training.vocabulary.learning import train_tokenizer

    size = config.made("train")
    report(f"training a tokenizer of {size:,} pieces")
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
    from training.vocabulary.learning import save_tokenizer

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
    from training.vocabulary.extension import Extension, NewPiece

    check_shape(told, MADE, str(folder / DONE))
    try:
        pieces = tuple(NewPiece(id_, piece, tuple(ids)) for id_, piece, ids in told["pieces"])
    except (TypeError, ValueError) as error:
        raise InputError(
            f"{folder / DONE}: expected pieces as id, piece and ids, found others; remove {folder}"
        ) from error
    return Made(tokenizer, Extension(tokenizer, told["old_size"], pieces, told["dropped"]))
