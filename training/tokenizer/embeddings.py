"""Give the new pieces of an extended tokenizer embeddings that mean something at once.

    initialise_embeddings(model, extension)                              # mean of the old pieces
    initialise_embeddings(model, extension, lexicon=swahili_to_english)  # and of translations

A piece starts as the mean of the embeddings of the pieces that it was cut into before, which beats
random rows (Yao et al. 2021, https://arxiv.org/abs/2106.13474; Mundra et al. 2024,
https://arxiv.org/abs/2407.05841). With a lexicon, a piece that is a whole word moves towards
the mean of its translations' pieces. Input and output embeddings and the output bias are treated
alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from data.errors import InputError
from data.files import raise_if_disk_full
from data.lexicon import Lexicon
from models.weights import check_whole, class_in_config, open_weights, save_safetensors
from training.tokenizer.extension import Extension
from training.tokenizer.learning import save_tokenizer
from training.tokenizer.special import encoded, literal_backend
from training.tokenizer.surfaces import spellings

TRANSLATIONS = 3  # of a headword that count, the first ones

Groups = list[list[int]]  # for each new piece the old ids whose mean it gets


@dataclass(frozen=True, slots=True)
class Initialised:
    """What was done: rows that are new, and how many of them a lexicon has moved."""

    rows: int
    from_lexicon: int


def initialise_embeddings(
    model: Any, extension: Extension, *, lexicon: Lexicon | None = None, mix: float = 0.5
) -> Initialised:
    """Resize a model's embeddings to the extended tokenizer and fill the new rows.

    Args:
        model: a `transformers` model that was trained with the old tokenizer.
        lexicon: from the new language to one that the model knows.
        mix: how far a piece with translations moves, 0 (not at all) to 1 (all the way).

    Raises:
        InputError: the model has fewer rows than the old tokenizer has pieces; a wrong `mix`.
    """
    if not 0 <= mix <= 1:
        raise InputError(f"mix {mix}: expected a number from 0 to 1")
    rows = model.get_input_embeddings().weight.shape[0]
    if rows < extension.old_size:
        raise InputError(
            f"the model has {rows} embeddings, its tokenizer had {extension.old_size} pieces before"
            " it was extended: a tokenizer of another model; extend the one in the model's folder"
        )
    sources = [list(piece.sources) for piece in extension.pieces]
    translations = [[] for _ in sources] if lexicon is None else _translations(extension, lexicon)
    grow_embeddings(model, len(extension.tokenizer))
    new = torch.tensor([piece.id for piece in extension.pieces])
    with torch.no_grad():
        for table in _tables(model):
            fresh = means(table, sources, extension.old_size)
            told = torch.tensor([bool(ids) for ids in translations])
            moved = means(table, translations, extension.old_size)
            mixed = torch.lerp(fresh, moved, mix)
            shape = (-1, *[1] * (table.dim() - 1))
            table[new] = torch.where(told.view(shape), mixed, fresh).to(table.dtype)
    return Initialised(len(sources), sum(bool(ids) for ids in translations))


def open_model(folder: Path) -> Any:
    """The model of a folder in the class that its config.json names, in 32 bits.

    Raises:
        InputError: no such class, or weights that do not open.
    """
    advice = "; pass --tokenizer-only"
    kind = class_in_config(folder)
    model, missing = open_weights(folder, kind, "the model does not open", advice)
    check_whole(missing, folder)
    return model


def save_model(model: Any, tokenizer: Any, out: Path) -> None:
    """Write model and tokenizer to a folder that `from_pretrained` opens."""
    out.mkdir(parents=True, exist_ok=True)
    try:
        save_safetensors(model, out)
    except OSError as error:
        raise_if_disk_full(error, out)
        raise
    save_tokenizer(tokenizer, out)


def grow_embeddings(model: Any, size: int) -> int:
    """Make room for `size` pieces at least; how many rows are new.

    They start at the mean of all old ones, which suits new special tokens (<mask>, [CLM]).
    """
    before = int(model.get_input_embeddings().weight.shape[0])
    if size <= before:
        return 0
    model.resize_token_embeddings(size, mean_resizing=False)
    with torch.no_grad():
        for table in _tables(model):
            table[before:] = table[:before].float().mean(0).to(table.dtype)
    return size - before


def cut_embeddings(model: Any, kept: Sequence[int]) -> None:
    """Leave a model the rows of these pieces, in their order, and let its settings say so.

    Whatever has a row a piece is cut in place, so that what was tied stays tied.

    Args:
        kept: old ids, ascending; all that the settings name as special are among them.
    """
    rows, old = torch.tensor(kept), int(model.get_input_embeddings().weight.shape[0])
    numbers = {piece: row for row, piece in enumerate(kept)}
    for table in (*model.parameters(), *model.buffers()):
        if table.dim() and table.shape[0] == old:
            table.data = table.data[rows]
        elif table.shape == (1, old):  # the bias of BART's output
            table.data = table.data[:, rows]
    for part in model.modules():
        if isinstance(part, nn.Embedding) and part.num_embeddings == old:
            part.num_embeddings = len(kept)
            part.padding_idx = numbers.get(part.padding_idx)  # type: ignore[arg-type]
        elif isinstance(part, nn.Linear) and part.out_features == old:
            part.out_features = len(kept)
    model.config.get_text_config().vocab_size = len(kept)
    for settings in (model.config, getattr(model, "generation_config", None)):
        if settings is not None:
            _renumber(settings, numbers)


def _renumber(settings: Any, numbers: Mapping[int, int]) -> None:
    """Bring the ids of special tokens in a configuration, and in its parts, to new ones."""
    for name, value in list(vars(settings).items()):
        if name.endswith("_token_id") and value is not None:
            several = value if isinstance(value, list) else [value]
            new = [numbers[one] for one in several if one in numbers]
            setattr(settings, name, new if isinstance(value, list) else next(iter(new), None))
        elif hasattr(value, "to_dict"):
            _renumber(value, numbers)


def means(table: Tensor, groups: Sequence[Sequence[int]], old_size: int) -> Tensor:
    """The mean row of each group of ids, (N, D) or (N,); of no ids, the mean of all old rows.

    >>> table = torch.tensor([[1.0, 0.0], [3.0, 4.0], [5.0, 2.0]])
    >>> means(table, [[0, 1], [2], []], 3).tolist()
    [[2.0, 2.0], [5.0, 2.0], [3.0, 2.0]]
    """
    rows = table.detach()[:old_size].float()
    overall = rows.mean(0)
    return torch.stack([rows[list(ids)].mean(0) if ids else overall for ids in groups])


def _tables(model: Any) -> Iterator[Tensor]:
    """Whatever has a row a piece, each once: input and output embeddings, the output's bias."""
    known: set[int] = set()
    size = model.get_input_embeddings().weight.shape[0]
    output = model.get_output_embeddings()
    found = [model.get_input_embeddings().weight]
    if output is not None:
        found += [output.weight, *([output.bias] if _has_bias(output) else [])]
    found += [b.view(-1) for name, b in model.named_buffers() if name.endswith("final_logits_bias")]
    found += [b for name, b in model.named_parameters() if name.endswith("head.bias")]
    for table in found:
        if table.shape[0] == size and table.data_ptr() not in known:
            known.add(table.data_ptr())
            yield table


def _has_bias(output: nn.Module) -> bool:
    return isinstance(getattr(output, "bias", None), Tensor)


def _translations(extension: Extension, lexicon: Lexicon) -> Groups:
    """For each new piece that is a headword the old ids of its translations; else no ids."""
    written = spellings(extension.tokenizer)
    words = [_word(written[piece.id]) for piece in extension.pieces]
    backend = literal_backend(extension.tokenizer)
    groups: Groups = []
    for word in words:
        entries = lexicon.lookup(word)[:TRANSLATIONS] if word else ()
        texts = [f" {entry.target}" for entry in entries]
        ids = [id_ for found in encoded(backend, texts) for id_ in extension.expanded(found)]
        groups.append(ids)
    return groups


def _word(written: bytes) -> str:
    """The word that a piece is when it begins one; "" for a part of a word."""
    text = written.decode(errors="replace")
    return text[1:] if text.startswith(" ") else ""
