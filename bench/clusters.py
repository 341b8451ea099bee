"""Objectives that move clusters: retrieval, language probe and topic transfer, with and without.

    python -m bench.clusters --out runs/clusters  # 15 minutes on a core

Each method trains the upper layers of multilingual-e5-small on the same pairs and sentences of
NTREX-128 for as many updates, as `training.pretrain --objective none --auxiliary METHOD --freeze N`
does: its objectives, batches and loop. What the frozen layers make of a sentence is computed once
for all runs, without dropout. Measured on SIB-200, of which nobody trained on a sentence:

    retrieval   of the sentences whose nearest is their translation, both directions, English on one
                side; cosine, and each language less its own mean (centred)
    language    a linear probe that is trained afresh on the representation (probe.identity), on
                other sentences than it learned from
    neighbours  how many of a sentence's ten nearest are in its own language, translations aside;
                also centred, after which a linear probe can only guess
    topics      a linear head trained on English alone, asked in the other languages

results.jsonl has a line a run, with what was right of each sentence; a killed run goes on.
Differences are of the same sentences, with intervals over sentences and seeds together.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from data.access import Access
from data.bitext import find_bitext
from models.encoder import prompts_of
from models.resolve import resolve_model
from models.tokenizer import open_fast_tokenizer
from models.weights import open_weights
from probe.corpora import bitexts
from probe.identity import language_accuracy
from probe.retrieval import moved, retrieve
from runfolder.console import aligned, say, show
from runfolder.records import RecordFile
from training.auxiliary import prepare_beside
from training.joint import joint_loss
from training.loop import Settings, fit
from training.objectives.auxiliary import TEXTS
from training.pretraining.config import PretrainConfig
from training.text import encode_texts

MODEL = "multilingual-e5-small"
LANGUAGES = ("amh", "hau", "som", "swa", "xho", "yor", "zul")
SIB = ("amh_Ethi", "hau_Latn", "som_Latn", "swh_Latn", "xho_Latn", "yor_Latn", "zul_Latn")
ENGLISH = "eng"
TRAIN, TEST = (
    slice(0, 701),
    slice(800, 1004),
)  # of SIB-200's many-way sentences; between them is dev
BASE = "contrastive"  # what the others are compared with: "without"
METHODS = (
    BASE,
    "contrastive,means",
    "contrastive,fisher",
    "contrastive,adversarial",
    "means",
    "adversarial",
    "contrastive,cooperative",
    "contrastive,phonemes",
)
RESAMPLES = 2000
MEASURES = (
    *("retrieval", "retrieval centred", "language"),
    *("own neighbours", "own neighbours centred", "topics"),
)


class Remembered(nn.Module):
    """In place of a model's embeddings: the states of texts after its frozen layers.

    Texts are known by their ids; those that are new are computed by `below`.
    """

    def __init__(self, below: nn.Module, embeddings: nn.Module) -> None:
        super().__init__()
        object.__setattr__(self, "_below", below)  # no part of what is trained
        self.word_embeddings = embeddings
        self._states: dict[bytes, Tensor] = {}
        self._kept = 0

    def learn(self, rows: Sequence[Sequence[int]], together: int = 64) -> None:
        """Compute the states of texts, those of like length together."""
        new = sorted({tuple(row) for row in rows if _key(row) not in self._states}, key=len)
        for start in range(0, len(new), together):
            batch = new[start : start + together]
            ids, mask = _padded(batch)
            with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
                states = self._below(input_ids=ids, attention_mask=mask).last_hidden_state
            for row, state in zip(batch, states, strict=True):
                self._states[_key(row)] = state[: len(row)].to(torch.bfloat16).clone()

    def forward(self, input_ids: Tensor, **_: Any) -> Tensor:
        """(B, T) to (B, T, D)."""
        rows = [row[row != PAD].tolist() for row in input_ids]
        self.learn(rows)
        width = self.word_embeddings.weight.shape[1]
        out = torch.zeros(*input_ids.shape, width)
        for number, row in enumerate(rows):
            out[number, : len(row)] = self._states[_key(row)]
        return out

    def keep(self, path: Path) -> None:
        """Write what is remembered, if it is new; `recall` reads it."""
        if self._kept == len(self._states):
            return
        self._kept = len(self._states)
        rows = [np.frombuffer(key, dtype=np.int32) for key in self._states]
        states = torch.cat(list(self._states.values())).view(torch.int16).numpy()
        lengths = np.array([len(row) for row in rows])
        np.savez(path, ids=np.concatenate(rows), lengths=lengths, states=states)

    def recall(self, path: Path) -> None:
        """Remember what a run before wrote."""
        held = np.load(path)
        states, ends = (
            torch.from_numpy(held["states"]).view(torch.bfloat16),
            held["lengths"].cumsum(),
        )
        ids = held["ids"]
        for start, end in zip([0, *ends[:-1]], ends, strict=True):
            self._states[ids[start:end].tobytes()] = states[start:end]
        self._kept = len(self._states)


PAD = 1  # of XLM-R's vocabulary


def _key(row: Sequence[int]) -> bytes:
    return np.array(row, dtype=np.int32).tobytes()


def _padded(rows: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    longest = max(map(len, rows))
    ids = torch.full((len(rows), longest), PAD)
    for number, row in enumerate(rows):
        ids[number, : len(row)] = torch.tensor(row)
    return ids, (ids != PAD).long()


@dataclass
class Bench:
    """What all runs share: the data, the model in two halves, the options."""

    options: argparse.Namespace
    access: Access
    model: Any = None
    remembered: Remembered | None = None

    def __post_init__(self) -> None:
        folder = resolve_model(MODEL, self.access).folder
        self.base = SimpleNamespace(folder=folder)
        self.tokenizer = open_fast_tokenizer(folder)
        self.prompt = prompts_of(folder)["query"]
        self._read_test_sentences()
        self._read_training_pairs()
        self._split_model(folder)

    def _read_test_sentences(self) -> None:
        sides = {one.code[:3]: one for one in bitexts("sib200", SIB, self.access)}
        named = {"swa": "swh"}
        self.test = {code: sides[named.get(code, code)].sentences for code in LANGUAGES}
        first = next(iter(sides.values()))
        self.test[ENGLISH], self.topics = first.english, first.labels

    def _read_training_pairs(self) -> None:
        limit = self.options.pairs
        found = [find_bitext(f"ntrex-128:test:{code}", access=self.access) for code in LANGUAGES]
        self.bitexts = [SimpleNamespace(pairs=one.pairs[:limit]) for one in found]

    def _split_model(self, folder: Path) -> None:
        """The model below, whole, for the frozen layers; and above, with what they remember."""
        halves = [open_weights(folder, "AutoModel", "cannot be opened")[0] for _ in range(2)]
        below, above = halves
        n = self.options.freeze
        below.encoder.layer = below.encoder.layer[:n]
        above.encoder.layer = above.encoder.layer[n:]
        self.remembered = Remembered(below.eval(), above.embeddings.word_embeddings)
        above.embeddings = self.remembered
        above.config.num_hidden_layers -= n
        for weight in above.parameters():
            weight.requires_grad_(False)
        for weight in above.encoder.parameters():
            weight.requires_grad_(True)
        self.model = above
        self.first = {k: v.clone() for k, v in above.encoder.state_dict().items()}

    @property
    def kept(self) -> Path:
        """Where what so many frozen layers make of texts is kept."""
        return self.options.out / f"remembered-{self.options.freeze}.npz"

    def prepare(self) -> None:
        """Compute what the frozen layers make of the test sentences, once."""
        if self.kept.exists():
            self.remembered.recall(self.kept)
        for code in self.test:
            self.remembered.learn(self.pieces(self._asked(code)))
            self.remembered.keep(self.kept)
            say(f"remembered {code}")

    def _asked(self, code: str) -> Sequence[str]:
        """The sentences that are encoded: to learn from, then to be asked about."""
        known = self.options.probe if code != ENGLISH else 701
        return (*self.test[code][:known], *self.test[code][TEST])

    def pieces(self, texts: Sequence[str]) -> list[list[int]]:
        """Ids with prefix and marks."""
        given = [self.prompt + text for text in texts]
        return self.tokenizer(given, truncation=True, max_length=self.options.length)["input_ids"]

    def vectors(self) -> dict[str, Any]:
        """The mean-pooled last layer of each language's sentences, float32."""
        self.model.eval()
        found = {}
        for code in self.test:
            rows = self.pieces(self._asked(code))
            order = sorted(range(len(rows)), key=lambda row: len(rows[row]))
            out = np.zeros((len(rows), self.model.config.hidden_size), np.float32)
            for start in range(0, len(order), 64):
                chosen = order[start : start + 64]
                ids, mask = _padded([rows[row] for row in chosen])
                with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
                    states = self.model(input_ids=ids, attention_mask=mask).last_hidden_state
                weights = mask[:, :, None] / mask.sum(dim=1)[:, None, None]
                out[chosen] = (states.float() * weights).sum(dim=1).numpy()
            found[code] = out
        return found

    def config(self, method: str, seed: int) -> PretrainConfig:
        """The options, as `training.pretrain` takes them."""
        told = self.options
        weights = dict(one.split("=") for one in told.weights)
        mix = ",".join(f"{name}:{weights.get(name, 1)}" for name in method.split(","))
        reads = any(name != BASE for name in method.split(","))
        return PretrainConfig(
            tuple(LANGUAGES) if reads else (),
            "none",
            model=MODEL,
            auxiliary=mix,
            pairs=tuple(LANGUAGES) if BASE in method.split(",") else (),
            pairs_a_batch=told.batch,
            batch_tokens=told.batch_tokens,
            steps=told.steps,
            learning_rate=told.rate,
            ramp=told.ramp,
            length=told.length,
            dtype="bfloat16",
            device="cpu",
            seed=seed,
        )

    def train(self, method: str, seed: int) -> dict[str, float]:
        """Train the upper layers from where the model has them; the heads' last figures."""
        self.model.encoder.load_state_dict(self.first)
        config = self.config(method, seed)
        texts = self._texts(config, with_english="phonemes" not in method)
        beside = prepare_beside(
            config,
            self.model,
            self.tokenizer,
            self.base,
            texts,
            self.bitexts,
            None,
            rate=config.settings().learning_rate,
            share=0.0,
        )
        settings: Settings = config.settings()
        fitted = fit(beside.joint, beside.batches(None), joint_loss, settings)
        return {"loss": float(fitted.history[-1]["loss"])}

    def _texts(self, config: PretrainConfig, *, with_english: bool) -> list[Any]:
        if not config.reads(TEXTS):
            return []
        sides = {c: [p[0] for p in b.pairs] for c, b in zip(LANGUAGES, self.bitexts, strict=True)}
        if with_english:  # epitran transcribes it with a program of its own alone
            sides[ENGLISH] = [pair[1] for pair in self.bitexts[0].pairs]
        made = []
        for code, lines in sides.items():
            ids = encode_texts(lines, self.tokenizer, None, name=code, key={})
            made.append((SimpleNamespace(train=ids, held_out=None), code))
        return made


def measured(bench: Bench) -> dict[str, list[list[int]]]:
    """By measure a row a language, with 1 for each test sentence that came out right.

    Retrieval has both directions one after the other.
    """
    vectors, known = bench.vectors(), bench.options.probe
    asked = {code: rows[-204:] for code, rows in vectors.items()}
    found: dict[str, list[list[int]]] = {}
    for name, measure in (("retrieval", "cosine"), ("retrieval centred", "centred")):
        pairs = (retrieve(asked[code], asked[ENGLISH], measure).right for code in LANGUAGES)
        found[name] = [np.stack(pair).astype(int).mean(axis=0).tolist() for pair in pairs]
    alike = {code: np.concatenate([rows[:known], rows[-204:]]) for code, rows in vectors.items()}
    learn, rest = np.arange(known), np.arange(known, known + 204)
    found["language"] = language_accuracy(alike, learn, rest).right.astype(int).tolist()
    sides = np.stack([rows[-204:] for rows in alike.values()])
    found["own neighbours"] = own_neighbours(sides)
    means = np.stack([rows[:known].mean(axis=0, keepdims=True) for rows in alike.values()])
    found["own neighbours centred"] = own_neighbours(sides - means)
    kinds = sorted(set(bench.topics))
    numbers = np.array([kinds.index(topic) for topic in bench.topics])
    head = learned(vectors[ENGLISH][:701], numbers[TRAIN], len(kinds))
    found["topics"] = [
        (head(asked[code]) == numbers[TEST]).astype(int).tolist() for code in LANGUAGES
    ]
    return found


def own_neighbours(sides: Any, neighbours: int = 10) -> list[list[float]]:
    """For each language and sentence the share of its nearest that are in the same language.

    Its translations are not looked at.

    Args:
        sides: (languages, sentences, width), row by row one sentence.
    """
    count, rows, _ = sides.shape
    every = moved(*2 * (sides.reshape(count * rows, -1),), "cosine")[0]
    cosines = (every @ every.T).reshape(count * rows, count, rows)
    cosines[np.arange(count * rows), :, np.tile(np.arange(rows), count)] = -np.inf
    flat = cosines.reshape(count * rows, -1)
    nearest = np.argpartition(-flat, neighbours, axis=1)[:, :neighbours] // rows
    own = nearest == np.repeat(np.arange(count), rows)[:, None]
    return own.mean(axis=1).reshape(count, rows).round(2).tolist()


def learned(rows: Any, labels: Any, classes: int) -> Any:
    """A multinomial logistic regression on vectors of length 1; what it answers."""
    inputs = torch.from_numpy(moved(rows, rows, "cosine")[0])
    wanted = torch.from_numpy(labels)
    layer = nn.Linear(inputs.shape[1], classes)
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    optimiser = torch.optim.LBFGS(layer.parameters(), max_iter=100, line_search_fn="strong_wolfe")

    def loss() -> Any:
        optimiser.zero_grad()
        value = nn.functional.cross_entropy(layer(inputs), wanted)
        value = value + layer.weight.square().sum() / (2 * 10 * len(inputs))  # C = 10
        value.backward()
        return value

    optimiser.step(loss)

    def answers(asked: Any) -> Any:
        with torch.no_grad():
            return layer(torch.from_numpy(moved(asked, asked, "cosine")[0])).argmax(dim=1).numpy()

    return answers


def run(options: argparse.Namespace) -> None:
    """Every method with every seed, as far as they are not there."""
    options.out.mkdir(parents=True, exist_ok=True)
    told = {k: v for k, v in vars(options).items() if k not in ("out", "table", "methods", "seeds")}
    results = RecordFile(options.out / "results.jsonl")
    done = {(one["method"], one["seed"]) for one in results if one["options"] == told}
    wanted = [
        ("before", 0),
        *((m, s) for s in range(1, options.seeds + 1) for m in options.methods),
    ]
    missing = [one for one in wanted if one not in done]
    if not missing:
        return
    bench = Bench(options, Access())
    bench.prepare()
    for method, seed in missing:
        began = time.process_time()
        figures = bench.train(method, seed) if method != "before" else {}
        trained = time.process_time() - began
        right = measured(bench)
        seconds = {"training": trained, "measuring": time.process_time() - began - trained}
        record = {"method": method, "seed": seed, "options": told, "figures": figures}
        results.append([{**record, "seconds": seconds, "right": right}])
        means = ", ".join(f"{name} {100 * np.mean(right[name]):.1f}" for name in MEASURES)
        say(f"{method}, seed {seed}: {means}; {seconds['training']:.0f} s, {figures}")
        bench.remembered.keep(bench.kept)


def table(path: Path) -> Iterator[str]:
    """The means by method, and the differences from `BASE` and from before, with 95 % intervals."""
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    by_method: dict[str, dict[int, Mapping[str, Any]]] = {}
    for row in rows:
        by_method.setdefault(row["method"], {})[row["seed"]] = row["right"]
    yield from aligned(
        [
            ["method", "seeds", *MEASURES],
            *(
                [method, str(len(seeds)), *(f"{_mean(seeds, name):.1f}" for name in MEASURES)]
                for method, seeds in by_method.items()
            ),
        ]
    )
    for other in ("before", BASE):
        if other not in by_method:
            continue
        yield ""
        yield f"difference from {other}, 95 % over sentences and seeds"
        cells = [["method", *MEASURES]]
        for method, seeds in by_method.items():
            if method not in ("before", other):
                paired = (_difference(seeds, by_method[other], name) for name in MEASURES)
                cells.append([method, *paired])
        yield from aligned(cells)


def _mean(seeds: Mapping[int, Mapping[str, Any]], name: str) -> float:
    return 100 * float(np.mean([np.mean(right[name]) for right in seeds.values()]))


def _difference(
    seeds: Mapping[int, Mapping[str, Any]], others: Mapping[int, Mapping[str, Any]], name: str
) -> str:
    """The mean difference, its interval: test sentences and seeds are drawn with replacement."""
    pairs = [
        np.mean(
            np.array(right[name], float) - np.array(others.get(seed, others.get(0))[name], float),
            axis=0,
        )
        for seed, right in seeds.items()
        if seed in others or 0 in others
    ]
    if not pairs:
        return "-"
    differences = 100 * np.stack(pairs)  # (seeds, sentences)
    rng, means = np.random.default_rng(1), []
    for _ in range(RESAMPLES):
        chosen = rng.integers(len(pairs), size=len(pairs))
        columns = rng.integers(differences.shape[1], size=differences.shape[1])
        means.append(differences[np.ix_(chosen, columns)].mean())
    low, high = np.percentile(means, [2.5, 97.5])
    return f"{differences.mean():+.1f} [{low:+.1f}, {high:+.1f}]"


def main(argv: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path("runs/clusters"))
    parser.add_argument("--methods", nargs="+", default=list(METHODS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--rate", type=float, default=4e-4)
    parser.add_argument("--freeze", type=int, default=11)
    parser.add_argument("--length", type=int, default=48)
    parser.add_argument("--batch", type=int, default=24, help="pairs a batch")
    parser.add_argument("--batch-tokens", type=int, default=2048, help="of texts")
    parser.add_argument("--pairs", type=int, default=250, help="sentences of NTREX-128 a language")
    parser.add_argument(
        "--probe", type=int, default=200, help="sentences that the probe learns from"
    )
    parser.add_argument("--ramp", type=int, default=20)
    parser.add_argument("--weights", nargs="+", default=["means=5"])
    parser.add_argument("--table", action="store_true", help="print the table of what is there")
    options = parser.parse_args(argv)
    if not options.table:
        run(options)
    for line in table(options.out / "results.jsonl"):
        show(line)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
