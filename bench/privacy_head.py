"""What a promise of privacy costs a head on a frozen encoder, language by language, and its leak.

    python -m bench.privacy_head --out runs/privacy-head              # what is still to do
    python -m bench.privacy_head --out runs/privacy-head --document docs/TRUST.md

Intents of xSID on vectors of multilingual-e5-small, made once. One head serves all languages; one
has 6,000 sentences, some have 150, a few 20, others none. At each epsilon and seed it is scored on
every language's test set and attacked by its loss, language by language: members against sentences
like them that were left out. Sentences that say the same in several languages are on one side in
all of them. Vectors are centred by the mean of public text (NTREX), which gives nobody away. A line
a cell is in cells.jsonl, and a cell that has one is not made again.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from bench.expansion import in_document
from bench.privacy import ENGLISH, EPSILONS, FEW, MANY, SOME
from data.access import Access
from data.files import write_whole
from data.languages import resolve
from data.load import load_parallel
from data.randomness import stream
from data.spelling import sentence_key
from metrics.roc import auc_score
from metrics.significance import percentile_interval
from models.encoder import open_encoder
from nlu.sets import find_utterances
from training.loop import Settings, Shuffled, fit
from training.private.options import Privacy
from training.private.run import Private
from training.private.sampling import UNIT, Samples

MODEL = "multilingual-e5-small"
NONE = ("ar", "gsw", "nap", "zh")
GROUPS = {"6,000": MANY, "150": SOME, "20": FEW, "none": NONE}
OTHERS = 2000  # English sentences that are left out
HALF, FEWEST = 150, 20  # of a dev part's 300: members of some, and of a few
PUBLIC = 100  # sentences a language of NTREX, whose mean is taken off
RESAMPLES = 1000
DELTA = 1e-5

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Side:
    """Sentences of one language as vectors (N, D) and numbers of intents (N,)."""

    vectors: Floats
    intents: NDArray[np.int64]

    def __getitem__(self, rows: Any) -> Side:
        return Side(self.vectors[rows], self.intents[rows])


@dataclass(frozen=True)
class Heads:
    """The options of a private run, by the names that `Private.of` reads."""

    privacy: Privacy
    steps: int
    seed: int


class Material:
    """Vectors of all sentences, made once and kept beside the cells."""

    def __init__(self, out: Path) -> None:
        self._out, self._access = out, Access(report=print)
        [train] = find_utterances("xsid:train:en")
        tests = {code: self._utterances(f"xsid:test:{code}") for code in _codes()}
        devs = {code: self._utterances(f"xsid:dev:{code}") for code in (*MANY, *SOME, *FEW)}
        kept_out = {sentence_key(_text(one)) for of in (tests, devs) for one in of["en"]}
        distinct = {sentence_key(_text(one)): one for one in train.utterances}
        own = [one for key, one in distinct.items() if key not in kept_out]
        stream(1, "english").shuffle(own)
        self.sentences: dict[str, Sequence[Any]] = {"train:en": own[: ENGLISH + OTHERS]}
        self.sentences |= {f"dev:{code}": of for code, of in devs.items()}
        self.sentences |= {f"test:{code}": of for code, of in tests.items()}
        names = {one.intent for of in self.sentences.values() for one in of}
        self.intents = sorted(names)

    def _utterances(self, name: str) -> Sequence[Any]:
        [found] = find_utterances(name)
        return found.utterances

    @cached_property
    def _vectors(self) -> Mapping[str, Floats]:
        path = self._out / "vectors.npz"
        if not path.exists():
            encoder = open_encoder(MODEL, access=self._access)
            made: dict[str, Any] = {}
            for name, of in {**self._public(), **self.sentences}.items():
                self._access.say(f"vectors of {name}")
                texts = [one if isinstance(one, str) else _text(one) for one in of]
                made[name] = encoder.encode(texts)
            with open(self._out / "vectors.part", "wb") as file:
                np.savez(file, allow_pickle=False, **made)
            (self._out / "vectors.part").rename(path)
        with np.load(path) as found:
            return dict(found)

    def _public(self) -> dict[str, list[str]]:
        """Sentences of NTREX, which nobody has to be protected in."""
        english = resolve("en")
        corpora = {
            code: load_parallel("ntrex-128", english, resolve(code), access=self._access)
            for code in (*SOME, *FEW)
        }
        first = next(iter(corpora.values())).pairs[:PUBLIC]
        return {"public:en": [pair.source for pair in first]} | {
            f"public:{code}": [pair.target for pair in corpus.pairs[:PUBLIC]]
            for code, corpus in corpora.items()
        }

    def side(self, name: str) -> Side:
        """Of the name of a set: vectors with the public mean taken off, of length 1."""
        public = [of for key, of in self._vectors.items() if key.startswith("public:")]
        moved = self._vectors[name] - np.concatenate(public).mean(0)
        number = {intent: n for n, intent in enumerate(self.intents)}
        intents = np.array([number[one.intent] for one in self.sentences[name]])
        return Side(moved / np.linalg.norm(moved, axis=1, keepdims=True), intents)


def _text(one: Any) -> str:
    return " ".join(one.tokens)


def _codes() -> tuple[str, ...]:
    return tuple(code for group in GROUPS.values() for code in group)


def parted(material: Material, seed: int) -> tuple[dict[str, Side], dict[str, Side]]:
    """Members and others by language; what says the same in two languages is on one side."""
    english = material.side("train:en")
    members, others = {"en": english[:ENGLISH]}, {"en": english[ENGLISH:]}
    order = list(range(2 * HALF))
    stream(seed, "parted").shuffle(order)
    for code in (*SOME, *FEW):
        every = material.side(f"dev:{code}")
        members[code] = every[order[: HALF if code in SOME else FEWEST]]
        others[code] = every[order[HALF:]]
    return members, others


def loss(model: nn.Module, batch: Mapping[str, Tensor]) -> tuple[Tensor, int]:
    """Cross entropy in nats of intents (B,), summed; and how many they are."""
    scores = model(batch["vectors"])
    return functional.cross_entropy(scores, batch["intents"], reduction="sum"), len(scores)


def trained(
    members: Mapping[str, Side], intents: int, epsilon: float | None, seed: int, given: Any
) -> nn.Linear:
    """A head that saw the members of all languages."""
    vectors = torch.from_numpy(np.concatenate([one.vectors for one in members.values()]))
    labels = torch.from_numpy(np.concatenate([one.intents for one in members.values()]))
    torch.manual_seed(seed)
    head = nn.Linear(vectors.shape[1], intents)
    nn.init.zeros_(head.weight)
    settings = Settings(
        steps=given.steps,
        learning_rate=given.learning_rate,
        schedule="linear",
        weight_decay=0.0,
        clip=None,
        device="cpu",
        seed=seed,
    )

    def batch(rows: Sequence[int]) -> dict[str, Tensor]:
        return {"vectors": vectors[rows], "intents": labels[rows]}

    if epsilon is None:
        order = list(range(len(labels)))
        stream(seed, "batches").shuffle(order)
        batches = [batch(order[n : n + given.batch]) for n in range(0, len(order), given.batch)]
        fit(head, Shuffled(batches, seed), loss, settings)
        return head

    def make(_: int, drawn: Samples) -> Iterator[dict[str, Tensor]]:
        rows = [row for unit in drawn for row in unit]
        if rows:
            yield batch(rows) | {UNIT: torch.arange(len(rows))}

    config = Heads(Privacy(epsilon, DELTA, batch=given.batch), given.steps, seed)
    units = [[row] for row in range(len(labels))]
    private = Private.of(config, units, {"head": seed, "epsilon": epsilon}, make)
    fit(head, private.batches, loss, settings, **private.hooks(head, loss))
    return head


def cell(material: Material, epsilon: float | None, seed: int, given: Any) -> dict[str, Any]:
    """Train, score on each language (a sign a test sentence: right or wrong), attack."""
    members, others = parted(material, seed)
    head = trained(members, len(material.intents), epsilon, seed, given)
    right = {}
    for name in (*(f"test:{code}" for code in _codes()), "dev:en"):
        side = material.side(name)
        found = _scores(head, side).argmax(1) == side.intents
        right[name] = "".join("1" if one else "0" for one in found)
    attacks = {}
    for code, own in members.items():
        inside, outside = (_likelihoods(head, side) for side in (own, others[code]))
        score = auc_score(inside, outside, f"attack:loss|language:{code}")
        attacks[code] = [score.value, score.low, score.high]
    floor = Counter(np.concatenate([one.intents for one in members.values()]).tolist())
    return {
        "epsilon": epsilon,
        "seed": seed,
        "settings": _settings(given),
        "most_frequent": material.intents[floor.most_common(1)[0][0]],
        "right": right,
        "auc": attacks,
    }


def _settings(given: Any) -> list[float]:
    return [given.steps, given.batch, given.learning_rate]


def _scores(head: nn.Linear, side: Side) -> Floats:
    with torch.no_grad():
        scores: Floats = head(torch.from_numpy(side.vectors)).numpy()
    return scores


def _likelihoods(head: nn.Linear, side: Side) -> NDArray[np.float64]:
    """How probable each sentence's own intent is, as a logarithm."""
    logs = functional.log_softmax(torch.from_numpy(_scores(head, side)).double(), 1).numpy()
    own: NDArray[np.float64] = logs[np.arange(len(logs)), side.intents]
    return own


class Cells:
    """The cells of one setting: quality and leak by group of languages.

    Attributes:
        epsilons: those that there are, infinity (None) first.
    """

    def __init__(self, rows: Sequence[Mapping[str, Any]]) -> None:
        self._of = {one: [row for row in rows if row["epsilon"] == one] for one in EPSILONS}
        self.epsilons = [one for one in EPSILONS if self._of[one]]

    def table(self) -> str:
        """Intent accuracy and the attack's AUC: mean and deviation over seeds."""
        names = [_name(one) for one in self.epsilons]
        lines = [["sentences", "language", *(f"epsilon {one}" for one in names)]]
        lines[0] += [f"AUC, {one}" for one in names]
        lines.append(["---"] * len(lines[0]))
        for number, codes in GROUPS.items():
            lines += [self._line(number, code, [code]) for code in codes]
            lines += [self._line(number, "mean", codes)] if len(codes) > 1 else []
        return _rows(lines)

    def _line(self, number: str, name: str, codes: Sequence[str]) -> list[str]:
        quality = [
            _told([mean(_share(row["right"][f"test:{code}"]) for code in codes) for row in rows])
            for rows in map(self._of.__getitem__, self.epsilons)
        ]
        leak = [
            _told(
                [mean(row["auc"][code][0] for code in codes if code in row["auc"]) for row in rows]
            )
            if codes[0] in rows[0]["auc"]
            else ""
            for rows in map(self._of.__getitem__, self.epsilons)
        ]
        return [number, name, *quality, *leak]

    def lost(self) -> str:
        """Points that a group loses against epsilon infinity, and how many more than English."""
        first, *others = GROUPS
        lines = [["epsilon", *(f"{one}: lost" for one in GROUPS)]]
        lines[0] += [f"{one} less {first}" for one in others]
        lines.append(["---"] * len(lines[0]))
        for epsilon in self.epsilons:
            if epsilon is None:
                continue
            lost = {
                name: self._right(None, codes) - self._right(epsilon, codes)
                for name, codes in GROUPS.items()
            }
            more = [_interval(lost[name] - lost[first]) for name in others]
            lines.append([_name(epsilon), *map(_interval, lost.values()), *more])
        return _rows(lines)

    def _right(self, epsilon: float | None, codes: Sequence[str]) -> NDArray[np.float64]:
        """Of each test sentence, the same in all languages, how often it is right, in % (S,)."""
        signs = [row["right"][f"test:{code}"] for row in self._of[epsilon] for code in codes]
        every = np.array([list(map(int, one)) for one in signs], np.float64)
        shares: NDArray[np.float64] = 100 * every.mean(0)
        return shares


def _rows(lines: Sequence[Sequence[str]]) -> str:
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _share(signs: str) -> float:
    return 100 * signs.count("1") / len(signs)


def _interval(values: NDArray[np.float64]) -> str:
    """A mean with its interval over test sentences."""
    drawn = np.random.default_rng(1).integers(len(values), size=(RESAMPLES, len(values)))
    low, high = percentile_interval(values[drawn].mean(1).tolist())
    return f"{values.mean():+.1f} [{low:+.1f}, {high:+.1f}]"


def _name(epsilon: float | None) -> str:
    return f"{epsilon:g}" if epsilon else "∞"


def _told(values: Sequence[float]) -> str:
    return f"{mean(values):.1f}" + (f" ± {stdev(values):.1f}" if len(values) > 1 else "")


def main() -> None:
    """Make the cells that are missing, and print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--batch", type=int, default=1024)
    parser.add_argument("--learning-rate", type=float, default=0.1)
    parser.add_argument("--document", type=Path, help="a Markdown file to put the tables into")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    path = given.out / "cells.jsonl"
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    rows = [row for row in map(json.loads, lines) if row["settings"] == _settings(given)]
    there = {(row["epsilon"], row["seed"]) for row in rows}
    cells = [(e, s) for s in range(1, given.seeds + 1) for e in EPSILONS if (e, s) not in there]
    material = Material(given.out) if cells else None
    for epsilon, seed in cells:
        assert material is not None  # there is a cell to make
        rows.append(cell(material, epsilon, seed, given))
        with open(path, "a", encoding="utf-8") as file:
            file.write(json.dumps(rows[-1]) + "\n")
        print(
            f"epsilon {_name(epsilon)}, seed {seed}: dev {_share(rows[-1]['right']['dev:en']):.1f}",
            flush=True,
        )
    found = Cells(rows)
    content = f"{found.table()}\n{found.lost()}"
    write_whole(given.out / "table.md", content)
    if given.document:
        in_document(given.document, "privacy-head", content)
    print(content)


if __name__ == "__main__":
    main()
