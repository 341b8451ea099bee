"""What teachers say of utterances, with or without labels: what `nlu.train --teacher` learns from.

    parts = parse_teachers(("runs/tuned:slots", "runs/near:intents"))
    said = ask(parts, sets, shape, temperature=2.0, access=Access())
    said.intents, said.tags         # (N, I), and of each utterance (W, L): probabilities

A teacher is a run of nlu.train, or a run with the part that it is asked about: `RUN:intents` knows
intents well, `RUN:slots` slots. Probabilities of several are averaged. Labels that the student does
not have are left out. A teacher that was trained with --centre moves each set by the mean of its
own texts.

>>> [(one.name, one.part) for one in parse_teachers(("runs/a:slots", "runs/b"))]
[('runs/a', 'slots'), ('runs/b', 'both')]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from data.access import Access
from data.errors import InputError
from data.files import appears_whole, canonical_json, sha256_text
from models.resolve import resolve_model
from nlu.model import NluModel, Shape, load_nlu

if TYPE_CHECKING:
    from training.tagging.tagger import Window

BOTH, INTENTS, SLOTS = "both", "intents", "slots"
Floats = NDArray[np.float32]
Words = Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Asked:
    """A teacher, and which part it is asked about."""

    name: str
    part: str = BOTH


@dataclass(frozen=True)
class Said:
    """Probabilities of the student's labels, softened: (N, I), and (W, L) an utterance."""

    intents: Floats
    tags: Sequence[Floats]


def parse_teachers(names: Sequence[str]) -> list[Asked]:
    """The teachers of `--teacher RUN[:intents|:slots],...`.

    Raises:
        InputError: nobody is asked about one of the two.
    """
    found = []
    for name in names:
        run, colon, part = name.rpartition(":")
        known = colon and part in (INTENTS, SLOTS)
        found.append(Asked(run, part) if known else Asked(name))
    for part in (INTENTS, SLOTS):
        if found and not any(one.part in (BOTH, part) for one in found):
            raise InputError(f"--teacher {','.join(names)}: nobody is asked about {part}; add a"
                             f" run, or RUN:{part}")  # fmt: skip
    return found


def ask(
    teachers: Sequence[Asked],
    sets: Sequence[Words],
    shape: Shape,
    *,
    temperature: float,
    own: Sequence[bool],
    access: Access,
    folder: Path | None = None,
) -> Said:
    """What teachers say of the utterances of all sets, in order.

    Args:
        sets: utterances as words; what centring moves is the mean of a set.
        shape: the student's intents and tags.
        own: whether a set is in the teachers' own language: it is not moved.
        folder: where answers are kept, by what they hang on; None: nowhere.

    Raises:
        InputError: no such run, or one that has no label of the student's.
    """
    intents: list[Floats] = []
    tags: list[list[Floats]] = []
    for asked in teachers:
        model = load_nlu(asked.name, access=access)
        said = _answers(model, asked, sets, own, folder, access)
        if asked.part != SLOTS:
            columns = _columns(model.shape.intents, shape.intents, asked.name)
            every = said.intents[:, columns[0]]
            intents.append(_shares(every, temperature, columns[1], shape.intents))
        if asked.part != INTENTS:
            columns = _columns(model.shape.tags, shape.tags, asked.name)
            tags.append(
                [_shares(words[:, columns[0]], temperature, columns[1], shape.tags)
                 for words in said.tags]
            )  # fmt: skip
    mean: Floats = np.stack(intents).mean(axis=0)
    means: list[Floats] = [np.stack(several).mean(axis=0) for several in zip(*tags, strict=True)]
    return Said(mean, means)


def _answers(
    model: NluModel, asked: Asked, sets: Sequence[Words], own: Sequence[bool],
    folder: Path | None, access: Access,
) -> Said:  # fmt: skip
    """Logarithms of probabilities in the teacher's own labels, out of the folder if it has them.

    Each set has a file of its own: runs that share some of their sets share their answers.
    """
    revision = resolve_model(asked.name, access).revision
    keys = [[revision, asked.part, [list(map(list, words))], [here]]
            for words, here in zip(sets, own, strict=True)]  # fmt: skip
    paths = [folder / f"{sha256_text(canonical_json(key))[:16]}.npz" if folder else None
             for key in keys]  # fmt: skip
    lacking = [
        len(words) for words, path in zip(sets, paths, strict=True) if not (path and path.is_file())
    ]
    if lacking:
        access.say(f"asking {asked.name} about {sum(lacking):,} utterances")
    parts = []
    for words, here, path in zip(sets, own, paths, strict=True):
        if path and path.is_file():
            parts.append(_kept(path))
            continue
        parts.append((_near if asked.part == INTENTS else _both)(model, words, here))
        if path:
            _keep(path, parts[-1])
    return Said(
        np.concatenate([one.intents for one in parts]), [tag for one in parts for tag in one.tags]
    )


def _both(model: NluModel, words: Words, own: bool) -> Said:
    moved = bool(model.network.centre.any()) and not own
    return Said(*model.probabilities(words, shift=model.shift_to(words) if moved else None))


def _near(model: NluModel, words: Words, own: bool) -> Said:
    """Intents alone, which need one pass: the mean of a set is of the vectors that are moved."""
    pooled = model.pooled(words)
    if bool(model.network.centre.any()) and not own:
        pooled = pooled + (model.network.centre - pooled.mean(dim=0))
    with torch.no_grad():
        scores: Floats = model.network.eval().intents_of(pooled).log_softmax(dim=-1).cpu().numpy()
    return Said(scores, [np.zeros((len(one), 0), np.float32) for one in words])


def _keep(path: Path, said: Said) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    ends = np.cumsum([len(tags) for tags in said.tags])
    with appears_whole(path) as file:
        np.savez(file, intents=said.intents, tags=np.concatenate(said.tags), ends=ends)


def _kept(path: Path) -> Said:
    try:
        with np.load(path, allow_pickle=False) as held:
            intents, tags, ends = held["intents"], held["tags"], held["ends"]
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
        raise InputError(
            f"{path}: expected answers of a teacher, found a damaged file; remove it, and the same"
            " command asks again"
        ) from error
    return Said(intents, np.split(tags, ends[:-1]))


def _columns(its: Sequence[str], own: Sequence[str], name: str) -> tuple[list[int], list[int]]:
    """Numbers of the labels that both have: the teacher's, the student's."""
    numbers = {label: number for number, label in enumerate(its)}
    pairs = [(numbers[label], number) for number, label in enumerate(own) if label in numbers]
    if len(pairs) < 2:
        raise InputError(
            f"--teacher {name}: has none of the labels of the training data ({', '.join(own[:3])}"
            " ...); name a run that was trained for the same"
        )
    return [one for one, _ in pairs], [one for _, one in pairs]


def _shares(
    scores: Floats, temperature: float, columns: Sequence[int], labels: Sequence[str]
) -> Floats:
    """Softened probabilities in the student's columns; labels that the teacher lacks have 0."""
    found = torch.from_numpy(scores).div(temperature).softmax(dim=-1).numpy()
    out = np.zeros((len(scores), len(labels)), np.float32)
    out[:, columns] = found
    return out


def collated(windows: Sequence[Window], said: Said, words: int) -> dict[str, Tensor]:
    """soft_intents (B, I) and soft_tags (B, W, L) of windows; 0 where there is nothing to tell."""
    intents = np.zeros((len(windows), said.intents.shape[1]), np.float32)
    tags = np.zeros((len(windows), words, said.tags[0].shape[1]), np.float32)
    for row, window in enumerate(windows):
        if window.word == 0:
            intents[row] = said.intents[window.sentence]
        of_words = said.tags[window.sentence][window.word : window.word + len(window.firsts)]
        tags[row, : len(of_words)] = of_words[:words]
    return {"soft_intents": torch.from_numpy(intents), "soft_tags": torch.from_numpy(tags)}


def soft_loss(
    intents: Tensor, tags: Tensor, batch: Mapping[str, Tensor], temperature: float, slot: float
) -> Tensor:
    """Mean divergence from what was said of intents, and of tags times `slot`, in nats.

    Both times the square of the temperature (Hinton et al. 2015).
    """
    found = intents.new_zeros((), dtype=torch.float32)
    for scores, said, weight in (
        (intents, batch["soft_intents"], 1.0),
        (tags.flatten(0, 1), batch["soft_tags"].flatten(0, 1), slot),
    ):
        there = said.sum(dim=-1) > 0
        told = said[there]
        own = (scores[there].float() / temperature).log_softmax(dim=-1)
        total = functional.kl_div(own, told, reduction="sum")
        found = found + weight * temperature**2 * total / there.sum().clamp(min=1)
    return found


def taught_loss(hard: Any, slot_weight: float, soft_weight: float, temperature: float) -> Any:
    """The loss of labels where there are some, plus that of a teacher; its count is utterances.

    Args:
        hard: from a batch's scores to the sum over labelled utterances, and their number.
    """

    def loss(model: Any, batch: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
        intents, tags = model(batch["input_ids"], batch["attention_mask"], batch["words"])
        total, labelled = hard(model, intents, tags, batch)
        soft = soft_loss(intents, tags, batch, temperature, slot_weight)
        number = (batch["soft_intents"].sum(dim=-1) > 0).sum().clamp(min=1)
        return number * (total / labelled.clamp(min=1) + soft_weight * soft), number

    return loss
