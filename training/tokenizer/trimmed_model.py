"""Trim a model with its tokenizer: its embeddings are cut to the pieces that are kept.

    facts = trim_model(folder, out, lambda: lines, scripts=("Latn",))
    facts["pieces"], facts["largest_difference"]     # {"before": 250002, "after": 12345}, 0.0

Most weights of a small multilingual model are embeddings (96 of the 117.5 million of
multilingual-e5-small), and an update goes through all of them. What the model computes of a text
that is cut as before does not change: the rows that it reads are the same.
"""

from __future__ import annotations

import shutil
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from data.bounded import read_json
from data.errors import InputError
from data.files import canonical_json, write_whole
from models.config import read_config
from models.encoder import PROMPTS, prompts_of
from models.tokenizer import open_fast_tokenizer, unknown_characters
from models.weights import check_ids
from training.folders import folder_appears_whole
from training.tokenizer.embeddings import cut_embeddings, open_model, save_model
from training.tokenizer.trimming import Trimming, changed, ids_in_settings, trim

TRIM = "trim.json"  # what was done; beside the trimmed model
BESIDE = (PROMPTS, "modules.json", "sentence_bert_config.json")  # of sentence-transformers
MODULES = "modules.json"
ROWS, LENGTH = 16, 128  # of the batch that both models compute
CHUNK = 1000  # texts that are encoded at a time
TOLERANCE = 1e-4  # of the largest number: sums in another order

Batch = dict[str, Tensor]


def trim_model(
    folder: Path,
    out: Path,
    texts: Callable[[], Iterator[str]],
    *,
    scripts: Sequence[str] = (),
    pieces: int | None = None,
    updates: int = 0,
    held_out: Mapping[str, Callable[[], Iterator[str]]] | None = None,
) -> dict[str, Any]:
    """Write a trimmed copy of a model's folder, which appears whole or not at all.

    Args:
        texts: begins the texts anew at each call: they are read to see what they need, and again
            to check that they are cut as before.
        scripts, pieces: as `training.tokenizer.trimming.trim` takes them.
        updates: how many of each model to time; 0 for none.
        held_out: other texts by name, whose unknown characters are counted.

    Returns:
        What trim.json says: pieces, parameters, bytes, memory, processor seconds an update before
        and after; texts cut in another way; the largest difference of outputs on the first texts.

    Raises:
        InputError: a model or tokenizer that does not open or cannot be trimmed, a script that
            does not exist, texts that need no piece.
    """
    tokenizer = open_fast_tokenizer(folder)
    prompts = [one for text in prompts_of(folder).values() for one in (text, text.strip())]
    trimming = trim(
        tokenizer,
        (text for source in (prompts, texts()) for text in source),
        scripts=scripts,
        pieces=pieces,
        needed=ids_in_settings(folder),
    )
    model = open_model(folder)
    check_ids(model, len(tokenizer) - 1, folder)
    sample = _sample(texts())
    batches = _batch(tokenizer, sample), _batch(trimming.tokenizer, sample)
    before, outputs = _size(model, folder), _outputs(model, batches[0])
    out.parent.mkdir(parents=True, exist_ok=True)
    with folder_appears_whole(out) as aside:
        _write(model, trimming, folder, aside)
        written, smaller = open_fast_tokenizer(aside), open_model(aside)
        facts = _facts(tokenizer, trimming)
        facts["changed"] = changed(trimming.kept, tokenizer, written, texts())
        if _old_ids(batches[1], trimming) == _old_ids(batches[0]):
            found = _difference(outputs, _outputs(smaller, batches[1]), trimming)
            facts["largest_difference"] = found
        after = _size(smaller, aside)
        facts |= {name: {"before": before[name], "after": after[name]} for name in before}
        facts["unknown_percent"] = {
            name: {"before": _unknown(tokenizer, some()), "after": _unknown(written, some())}
            for name, some in (held_out or {}).items()
        }
        if updates:
            facts |= _measured((open_model(folder), smaller), batches, updates)
        write_whole(aside / TRIM, canonical_json(facts) + "\n")
    return facts


def _write(model: Any, trimming: Trimming, folder: Path, out: Path) -> None:
    """Cut the model, and write it with its tokenizer and what else its folder has."""
    cut_embeddings(model, trimming.kept)
    save_model(model.to(_dtype_of(folder)), trimming.tokenizer, out)
    for name in BESIDE:
        if (folder / name).is_file():
            shutil.copyfile(folder / name, out / name)
    if not (folder / MODULES).is_file():
        return
    for module in read_json(folder / MODULES, [{"path": str}]):
        path = module["path"]
        if path and Path(path).name == path and (folder / path).is_dir():
            (out / path).mkdir(exist_ok=True)
            for file in (folder / path).iterdir():
                if file.suffix in (".json", ".safetensors"):  # never a pickle
                    shutil.copyfile(file, out / path / file.name)


def _facts(tokenizer: Any, trimming: Trimming) -> dict[str, Any]:
    return {
        "pieces": {"before": len(tokenizer), "after": len(trimming.kept)},
        "kept": dict(trimming.reasons),
        "scripts": list(trimming.scripts),
        "texts": trimming.texts,
        "pieces_of_texts": trimming.pieces,
    }


def _dtype_of(folder: Path) -> torch.dtype:
    """What the weights of a folder are in, as its configuration says; float32 if it does not."""
    settings = read_config(folder)
    named = settings.get("dtype") or settings.get("torch_dtype")
    found = getattr(torch, str(named), torch.float32)
    return found if isinstance(found, torch.dtype) else torch.float32


def _size(model: nn.Module, folder: Path) -> dict[str, int]:
    files = [*folder.glob("*.safetensors"), folder / "tokenizer.json"]
    return {
        "parameters": sum(weight.numel() for weight in model.parameters()),
        "bytes": sum(path.stat().st_size for path in files if path.is_file()),
    }


def _unknown(tokenizer: Any, texts: Iterator[str]) -> float:
    """Characters without a piece, 0-100."""
    lacking = every = 0
    while chunk := list(islice(texts, CHUNK)):
        found = unknown_characters(tokenizer, chunk)
        lacking, every = lacking + found[0], every + found[1]
    return 100 * lacking / max(1, every)


def _sample(texts: Iterable[str]) -> list[str]:
    """The first texts, on which both models compute.

    Raises:
        InputError: there are none.
    """
    found = list(islice((text for text in texts if text.strip()), ROWS))
    if not found:
        raise InputError("--text: expected text, found none; name other files or corpora")
    return found


def _batch(tokenizer: Any, texts: Sequence[str]) -> Batch:
    """input_ids and attention_mask of texts, (B, T), with what the tokenizer puts around them."""
    found = tokenizer(list(texts), truncation=True, max_length=LENGTH)["input_ids"]
    longest = max(map(len, found))
    ids = torch.full((len(found), longest), tokenizer.pad_token_id or 0)
    mask = torch.zeros_like(ids)
    for row, one in enumerate(found):
        ids[row, : len(one)] = torch.tensor(one)
        mask[row, : len(one)] = 1
    return {"input_ids": ids, "attention_mask": mask}


def _old_ids(batch: Batch, trimming: Trimming | None = None) -> list[int]:
    """The ids of all texts in a row, padding aside, as the untrimmed model has them."""
    ids: list[int] = batch["input_ids"][batch["attention_mask"] > 0].tolist()
    return ids if trimming is None else [trimming.kept[one] for one in ids]


def _computed(model: Any, batch: Batch) -> Tensor:
    """The last layer's states or the scores of pieces, (B, T, D or V)."""
    more = {"decoder_input_ids": batch["input_ids"]} if model.config.is_encoder_decoder else {}
    first: Tensor = model(**batch, **more)[0]
    return first


def _outputs(model: Any, batch: Batch) -> Tensor:
    model.eval()
    with torch.inference_mode():
        return _computed(model, batch)[batch["attention_mask"] > 0]


def _difference(before: Tensor, after: Tensor, trimming: Trimming) -> float:
    """The largest between two models' outputs; of scores those of pieces that are kept.

    Raises:
        InputError: it is no rounding.
    """
    if before.shape != after.shape:
        before = before[:, torch.tensor(trimming.kept)]
    found = float((before - after).abs().max())
    if not found <= TOLERANCE * max(1.0, float(before.abs().max())):
        raise InputError(
            f"the trimmed model computes something else (numbers differ by {found:.2g}): an id of"
            " its pieces has a meaning beyond its embedding; this model cannot be trimmed"
        )
    return found


def _measured(
    models: tuple[Any, Any], batches: tuple[Batch, Batch], updates: int
) -> dict[str, Any]:
    """Processor seconds an update, medians of turns, and bytes that training holds."""
    names = ("before", "after")
    pairs = zip(names, models, batches, strict=True)
    steps = {name: _step(model, batch) for name, model, batch in pairs}
    memory = {name: step() for name, step in steps.items()}  # the first update takes it
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(updates):
        for name, step in steps.items():
            start = time.process_time()
            step()
            seconds[name].append(time.process_time() - start)
    medians = {name: round(statistics.median(some), 4) for name, some in seconds.items()}
    return {"memory": memory, "seconds_per_update": medians}


def _step(model: Any, batch: Batch) -> Callable[[], int]:
    """An update of all weights by AdamW, which returns the bytes that training holds."""
    model.train()
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-5, fused=True)

    def step() -> int:
        optimiser.zero_grad()
        loss = _computed(model, batch).square().mean()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        held: list[Tensor] = list(model.parameters())
        held += [weight.grad for weight in model.parameters() if weight.grad is not None]
        for state in optimiser.state.values():
            held += [value for value in state.values() if isinstance(value, Tensor)]
        return sum(tensor.numel() * tensor.element_size() for tensor in held)

    return step


def told(facts: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """A table of a trimming: what, before, after, the share that is left."""
    yield "", "before", "after", "left %"
    for name, label, unit in (
        ("pieces", "pieces", 1),
        ("parameters", "parameters, millions", 1e6),
        ("bytes", "on disk, MB", 1e6),
        ("memory", "held by training, MB", 1e6),
        ("seconds_per_update", "processor seconds an update", 0),
    ):
        if name in facts:
            two = facts[name]["before"], facts[name]["after"]
            yield label, *(_shown(one, unit) for one in two), f"{100 * two[1] / two[0]:.1f}"

    for name, share in facts["unknown_percent"].items():
        yield (
            f"unknown characters, {name}, %",
            f"{share['before']:.3f}",
            f"{share['after']:.3f}",
            "",
        )


def _shown(number: float, unit: float) -> str:
    return f"{number:.3f}" if not unit else f"{number:,}" if unit == 1 else f"{number / unit:.1f}"
