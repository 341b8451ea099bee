"""What a teacher said of a text, kept on disk: read instead of asking it again.

    targets = Targets.of(folder, teacher, texts, told, say)      # asks for what is not there yet
    targets.batch(places)                                        # as tensors beside the student's

A folder holds targets.json and shards of `PARTS` documents each:

    targets.json            version, identity, checksums of the shards that are whole
    shard-00000.safetensors what was said of the documents 0 to 255 of all corpora in a row

Numbers are in 16 bits, probabilities those of the `top_k` most probable pieces. The identity names
the teachers with their revisions, the text with its checksum, pieces, places, losses and what a
`View` did: targets of another are refused. A killed run goes on behind the last whole shard.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from data.bounded import read_json
from data.errors import InputError
from data.files import appears_whole, canonical_json, raise_if_disk_full, sha256_file, write_whole
from training.distillation.batches import Place, Texts
from training.distillation.losses import Seen, Soft
from training.distillation.teacher import Teacher

HEADER, VERSION = "targets.json", 1
SHAPE = {"version": int, "identity": dict, "shards": {str: str}}
PARTS = 256  # documents of a shard
OPEN = 64  # shards that are held open
AGAIN = "remove the folder, and the same command asks the teacher again"


@dataclass(frozen=True)
class Targets:
    """A folder of what was said, complete.

    Attributes:
        first: of each corpus the number of its first document among all.
    """

    folder: Path
    first: Sequence[int]

    @classmethod
    def of(
        cls, folder: Path, teacher: Teacher, texts: Texts, identity: Mapping[str, Any],
        top_k: int, say: Callable[[str], None],
    ) -> Targets:  # fmt: skip
        """Open the folder, and ask the teacher for what it lacks.

        Raises:
            InputError: targets of another teacher or text, or a damaged file.
            UnavailableError: the disk is full.
        """
        if folder.exists() and not folder.is_dir():
            raise InputError(f"--targets {folder}: expected a folder, found a file; name another")
        folder.mkdir(parents=True, exist_ok=True)
        counts = [cut.count for cut in texts.cut]
        places = [Place(c, n) for c, count in enumerate(counts) for n in range(count)]
        kept = _kept(folder, identity)
        shards = range(0, len(places), PARTS)
        lacking = [start for start in shards if _name(start) not in kept]
        if lacking:
            say(f"asking the teacher about {len(places):,} documents, kept in {folder}")
        for start in lacking:
            rows = _ask(teacher, texts, places[start : start + PARTS], top_k)
            try:
                _write(folder / _name(start), rows)
            except OSError as error:
                raise_if_disk_full(error, folder)
                raise
            kept[_name(start)] = sha256_file(folder / _name(start))
            _note(folder, identity, kept)
        first = [0, *np.cumsum(counts).tolist()]
        return cls(folder, first)

    def batch(self, places: Sequence[Place]) -> dict[str, Tensor]:
        """What was said of these documents, `kept/NAME`; rows of states are filled up with 0."""
        rows = [self._row(self.first[place.corpus] + place.number) for place in places]
        found: dict[str, Tensor] = {}
        for name in rows[0]:
            parts = [torch.from_numpy(row[name]) for row in rows]
            if name.startswith("soft") or name == "vectors":
                found[f"kept/{name}"] = torch.cat(parts)
            else:
                found[f"kept/{name}"] = torch.nn.utils.rnn.pad_sequence(parts, batch_first=True)
        return found

    def _row(self, number: int) -> dict[str, NDArray[Any]]:
        shard = _opened(self.folder / _name(number - number % PARTS))
        at = number % PARTS
        found = {}
        for name, values in shard.items():
            if name.startswith("ends/"):
                continue
            ends = shard[f"ends/{name}"]
            found[name] = values[int(ends[at - 1]) if at else 0 : int(ends[at])]
        return found


def seen_of(batch: Mapping[str, Tensor], mask: Tensor) -> Seen:
    """What a teacher made of a batch, out of `Targets.batch`."""
    kept = {n.removeprefix("kept/"): t for n, t in batch.items() if n.startswith("kept/")}
    soft = None
    if "soft" in kept:
        soft = Soft(kept["soft"].float(), kept["soft ids"].long())
    states = {int(n.partition(" ")[2]): t for n, t in kept.items() if n.startswith("states ")}
    relation = [kept[f"relation {n}"] for n in range(3) if f"relation {n}" in kept]
    return Seen(mask, states, relation, soft=soft, vectors=kept.get("vectors"))


def _name(start: int) -> str:
    return f"shard-{start // PARTS:05d}.safetensors"


@lru_cache(maxsize=OPEN)
def _opened(path: Path) -> dict[str, NDArray[Any]]:
    from safetensors.numpy import load_file

    return dict(load_file(path))


def _kept(folder: Path, identity: Mapping[str, Any]) -> dict[str, str]:
    """The shards that are there, checked."""
    path = folder / HEADER
    if not path.exists():
        _note(folder, identity, {})
        return {}
    try:
        told = read_json(path, SHAPE)
    except InputError as error:
        raise InputError(f"{error}, or {AGAIN}") from error
    if told["version"] != VERSION:
        raise InputError(f"{path}: expected version {VERSION}, found {told['version']}; {AGAIN}")
    differing = [key for key in identity if told["identity"].get(key) != identity[key]]
    if differing:
        what = differing[0]
        raise InputError(
            f"{path}: what is kept there is of another {what}: expected {_short(identity[what])},"
            f" found {_short(told['identity'].get(what))}; give another folder (--targets), or"
            " --cache no"
        )
    shards: dict[str, str] = told["shards"]
    for name, digest in shards.items():
        file = folder / name
        found = sha256_file(file) if file.is_file() else "no file"
        if found != digest:
            raise InputError(
                f"{file}: expected the checksum {digest[:16]}, found {found[:16]}: it was cut off"
                f" or changed; {AGAIN}"
            )
    return dict(shards)


def _short(value: Any) -> str:
    text = canonical_json(value)
    return text if len(text) <= 160 else f"{text[:157]}..."


def _note(folder: Path, identity: Mapping[str, Any], shards: Mapping[str, str]) -> None:
    told = {"version": VERSION, "identity": dict(identity), "shards": dict(shards)}
    write_whole(folder / HEADER, canonical_json(told) + "\n")


def _ask(
    teacher: Teacher, texts: Texts, places: Sequence[Place], top_k: int
) -> list[dict[str, NDArray[Any]]]:
    """What the teacher says of documents, a record each; read in batches of like length."""
    order = sorted(range(len(places)), key=lambda n: -len(texts.ids(places[n])))
    found: list[dict[str, NDArray[Any]]] = [{} for _ in places]
    for start in range(0, len(order), 16):
        chosen = order[start : start + 16]
        batch = texts.batch([places[n] for n in chosen])
        seen = teacher(batch)
        for row, record in enumerate(_records(seen, teacher.counts(batch), top_k)):
            found[chosen[row]] = record
    return found


def _records(seen: Seen, counts: Sequence[int], top_k: int) -> list[dict[str, NDArray[Any]]]:
    """A record a row: 16 bits; `counts` are the compared places of each row."""
    lengths = seen.mask.sum(dim=1).tolist()
    rows: list[dict[str, NDArray[Any]]] = [{} for _ in lengths]
    tables = {f"states {layer}": one for layer, one in seen.states.items()}
    tables |= {f"relation {n}": one for n, one in enumerate(seen.relation)}
    for name, table in tables.items():
        for row, length in enumerate(lengths):
            rows[row][name] = table[row, :length].half().cpu().numpy()
    if seen.vectors is not None:
        for row in range(len(rows)):
            rows[row]["vectors"] = seen.vectors[row : row + 1].half().cpu().numpy()
    if seen.soft is not None:
        top, ids = seen.soft.log_probs.topk(min(top_k, seen.soft.log_probs.shape[1]), dim=-1)
        kept = top.clamp(min=-60000).half().cpu().numpy(), ids.int().cpu().numpy()
        ends = np.cumsum(counts)
        for row, end in enumerate(ends):
            rows[row]["soft"] = kept[0][end - counts[row] : end]
            rows[row]["soft ids"] = kept[1][end - counts[row] : end]
    return rows


def _write(path: Path, rows: Sequence[Mapping[str, NDArray[Any]]]) -> None:
    from safetensors.numpy import save

    found: dict[str, NDArray[Any]] = {}
    for name in rows[0]:
        parts = [row[name] for row in rows]
        found[name] = np.ascontiguousarray(np.concatenate(parts))
        found[f"ends/{name}"] = np.cumsum([len(part) for part in parts]).astype(np.int64)
    with appears_whole(path) as file:
        file.write(save(found))
