"""Audits of one recipe, private and not: who is told from others, which secrets are read out.

    python -m bench.audit --out runs/bench-audit
    python -m bench.audit --out runs/bench-audit --step seeds --seeds 20

English utterances of xSID, parted by coins, with canaries of four digits among them; a model of two
layers trained on them until it knows them by heart, and the same with an epsilon. Steps:

canaries    exposure of the canaries, and what ModIvA reads out of either model
membership  AUC and rates at few false positives, with shadow models
peers       the same scores given to ART's worst case score and scikit-learn's AUC: equal or not
seeds       private models of other coins and seeds, of few updates: their AUC, and how often the
            bound of one run exceeds what they state
partings    the same of as many updates as the private model above

A run or an audit that has ended is not made again, one that was killed goes on; each figure is in
results.jsonl as it comes.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from data.access import Access
from data.bounded import read_json
from data.files import canonical_json, write_whole
from data.randomness import stream
from data.spelling import sentence_key
from data.tsv import read_tsv
from metrics.roc import auc, auc_score, rate_at
from metrics.significance import percentile_interval
from nlu.config import NluConfig
from nlu.sets import find_utterances
from nlu.train import train
from trust.audit import audit
from trust.canaries import Planted, Planting, plant
from trust.config import Audit
from trust.one_run import bound
from trust.report import Audited
from trust.targets import target
from trust.targets.intents import example

PIECES, UTTERANCES, LENGTH = 2000, 1000, 48
DELTA = 1e-4
STEPS = ("canaries", "membership", "peers", "seeds", "partings")
RESAMPLES = 1000
PLAIN: dict[str, Any] = {"steps": 600, "learning_rate": 0.004, "batch_tokens": 1024}
PRIVATE: dict[str, Any] = {"steps": 300, "learning_rate": 0.005, "dp_delta": DELTA, "dp_batch": 128}
QUICK = 60  # updates of the runs of many seeds; those of partings have as many as the rest
UNITS = ("sentence", "speaker")  # all copies of a canary are of one speaker


def encoder(out: Path, texts: Sequence[str]) -> Path:
    """A network of two layers with random weights, and a tokenizer of other utterances."""
    from models.weights import save_safetensors
    from training.architectures import SpecialIds, build
    from training.tokenizer import framed, save_tokenizer, train_tokenizer

    folder = out / "encoder"
    if not (folder / "config.json").exists():
        lines = [*texts, *[" ".join("0123456789")] * 50]
        tokenizer = framed(train_tokenizer(lines, PIECES).tokenizer, "encoder")
        model = build("encoder-nano", SpecialIds(0, 2, 3), len(tokenizer), 1)
        save_tokenizer(tokenizer, folder)
        save_safetensors(model, folder)
    return folder


def material(out: Path) -> tuple[Path, Planted]:
    """The encoder, and the training data with canaries."""
    [found] = find_utterances("xsid:train")
    distinct = {sentence_key(" ".join(one.tokens)): one for one in found.utterances}
    every = list(distinct.values())
    stream(1, "bench").shuffle(every)
    begun = encoder(out, [" ".join(one.tokens) for one in every[5000:15000]])
    data = out / "all.tsv"
    chosen = [replace(example(one, "en"), id=str(n)) for n, one in enumerate(every[:UTTERANCES])]
    target("intents").write(data, chosen)
    planting = Planting(
        "intents", (f"en={data}",), 10, digits="ascii", part=True, out=out / "planted"
    )
    return begun, plant(planting)


def trained(
    out: Path,
    begun: Path,
    done: Planted,
    epsilon: float | None,
    unit: str,
    seed: int = 1,
    **more: Any,
) -> Path:
    """A model on members and canaries; its folder.

    Args:
        unit: what the epsilon is of.
        more: other settings of the run.
    """
    how, name = PLAIN, "plain"
    if epsilon is not None:
        how = PRIVATE | {"dp_epsilon": epsilon, "dp_unit": unit}
        how |= {"dp_units": done.folder / "units.tsv"} if unit != UNITS[0] else {}
        name = f"epsilon-{epsilon:g}-{unit}"
    config = NluConfig(
        (str(done.train),),
        model=str(begun),
        length=LENGTH,
        schedule="constant",
        seed=seed,
        out=out / f"{name}-{seed}",
        **(how | more),
    )
    return train(config).folder


def planted_only(done: Planted, repetitions: int) -> Path:
    """The canaries of so many repetitions, in a file of their own."""
    path = done.folder / f"canaries-{repetitions}.jsonl"
    some = [one.to_json() for one in done.canaries if one.repetitions == repetitions]
    write_whole(path, "".join(f"{canonical_json(one)}\n" for one in some))
    return path


def canaries(out: Path, run: Path, done: Planted) -> Iterator[Mapping[str, Any]]:
    """Exposure and extraction of the canaries that were put in ten times."""
    path = planted_only(done, 10)
    told = audit(Audit(str(run), canaries=path, out=out / f"{run.name}-canaries")).told["canaries"]
    for one in told["exposure"]:
        yield {"run": run.name, "what": "exposure", **one}
    for one in told["extraction"]:
        yield {"run": run.name, "what": one["way"], "chance": one["chance"], **one["score"]}


def members_of(out: Path, run: Path, done: Planted, shadows: int) -> Audited:
    """The audit of members and others."""
    config = Audit(
        str(run),
        (f"en={done.members}",),
        (f"en={done.others}",),
        shadows=shadows,
        coins=True,
        out=out / f"{run.name}-members-{shadows}",
    )
    return audit(config)


def membership(found: Audited, run: Path) -> Iterator[Mapping[str, Any]]:
    """AUC, rates and bounds."""
    for row in found.rows():
        yield {"run": run.name, "what": "membership", **row}
    for one in found.told["membership"]["bounds"]:
        yield {"run": run.name, "what": "bound", **one}


def peers(found: Audited, run: Path) -> Iterator[Mapping[str, Any]]:
    """Our figures beside those of ART and scikit-learn, on the same scores."""
    # No requirements of the project: pip install adversarial-robustness-toolbox scikit-learn
    art = import_module("art.metrics.privacy.worst_case_mia_score")
    sklearn = import_module("sklearn.metrics")
    path = found.folder / "candidates.tsv"
    names = path.read_text("utf-8").splitlines()[0].split("\t")
    rows = [one.cells for one in read_tsv(path, names, header=True)]
    truth = np.array([row[names.index("member")] == "yes" for row in rows])
    for name in names[3:]:
        scores = np.array([float(row[names.index(name)]) for row in rows])
        shares = (scores - scores.min()) / (scores.max() - scores.min())  # as probabilities
        [(_, theirs, _)] = art.get_roc_for_fpr(shares, truth.astype(int), targeted_fpr=0.01)
        mine = (auc(scores[truth], scores[~truth]), rate_at(scores[truth], scores[~truth], 0.01))
        other = (float(sklearn.roc_auc_score(truth, scores)), float(theirs))
        yield {"run": run.name, "what": "peers", "attack": name, "ours": mine, "theirs": other}


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("runs/bench-audit"))
    parser.add_argument("--step", choices=STEPS, action="append")
    parser.add_argument("--epsilon", type=float, default=8.0)
    parser.add_argument("--shadows", type=int, default=8)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--partings", type=int, default=8)
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    for figure in figures(given):
        with open(given.out / "results.jsonl", "a", encoding="utf-8") as file:
            file.write(canonical_json(figure) + "\n")
        print(canonical_json(figure), flush=True)


def figures(given: argparse.Namespace) -> Iterator[Mapping[str, Any]]:
    """Of every step that was asked for."""
    out, steps = given.out, given.step or STEPS
    begun, done = material(out)
    one_by_one = {"canaries", "membership", "peers"} & set(steps)
    sides = ((None, ""), *((given.epsilon, unit) for unit in UNITS)) if one_by_one else ()
    for epsilon, unit in sides:
        run = trained(out, begun, done, epsilon, unit)
        if "canaries" in steps:
            yield from canaries(out, run, done)
        shadows = given.shadows if epsilon is None else 0
        if {"membership", "peers"} & set(steps):
            found = members_of(out, run, done, shadows)
            yield from membership(found, run)
            if "peers" in steps:
                yield from peers(found, run)
    if "seeds" in steps:
        yield from partings(out, begun, given.epsilon, given.seeds, QUICK)
    if "partings" in steps:
        yield from partings(out, begun, given.epsilon, given.partings, PRIVATE["steps"])


def partings(
    out: Path, begun: Path, epsilon: float, number: int, updates: int
) -> Iterator[Mapping[str, Any]]:
    """Private models of other coins and other noise: the AUC of the loss, what a run proves."""
    kind, above, areas = target("intents"), 0, []
    for seed in range(1, number + 1):
        folder = out / f"{'seed' if updates == QUICK else f'parting-{updates}'}-{seed}"
        planting = Planting(
            "intents", (f"en={out / 'all.tsv'}",), 0, part=True, seed=seed, out=folder / "planted"
        )
        done = plant(planting)
        run = trained(folder, begun, done, epsilon, UNITS[0], seed, steps=updates)
        model = kind.open(run / "model")
        sides = [kind.read(str(path), Access()) for path in (done.members, done.others)]
        scores = np.array([-one.loss for side in sides for one in kind.observe(model, side)])
        found = bound(scores, [True] * len(sides[0]) + [False] * len(sides[1]), DELTA)
        stated = read_json(run / "scores.json", {"privacy": dict})["privacy"]["epsilon"]
        above += found.epsilon > stated
        members, others = scores[: len(sides[0])], scores[len(sides[0]) :]
        area = auc_score(members, others, f"attack:loss|updates:{updates}|seed:{seed}")
        areas.append(area.value)
        yield {"what": "parting", "seed": seed, "updates": updates, "stated": stated} | {
            "auc": area.to_dict(),
            **asdict(found),
        }
    drawn = np.random.default_rng(1).choice(areas, (RESAMPLES, number)).mean(1)
    yield {"what": "bounds above what is stated", "of": number, "above": above, "updates": updates}
    yield {"what": "AUC, mean of partings", "of": number, "updates": updates} | {
        "mean": float(np.mean(areas)),
        "interval": percentile_interval(drawn),
        "deviation": float(np.std(areas, ddof=1)),
    }


if __name__ == "__main__":
    main()
