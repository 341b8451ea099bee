"""What a promise of privacy costs, language by language: intents and slots of xSID.

    python -m bench.privacy --encoder runs/ntrex-encoder/model --out runs/privacy.jsonl
    python -m bench.privacy --out runs/privacy.jsonl --table

One model is trained on all languages: many sentences of English, 300 of some, a few of others. At
each epsilon and seed it is scored on each language's test set. Cells that are in the file are not
trained again. `recipes/privacy_trade_off.sh` makes the encoder, from text that is public.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from metrics.intents import Parse, repaired_rows
from metrics.ratios import SHARE
from metrics.tags import F1

MANY, SOME, FEW = ("en",), ("da", "de", "id", "it"), ("kk", "nl", "sr", "tr")
GROUPS = {"many": MANY, "some": SOME, "few": FEW}
EPSILONS = (None, 8.0, 3.0, 1.0)
ENGLISH, SHOTS = 6000, 5  # sentences of English; of the few, sentences an intent in all


def config(encoder: str, epsilon: float | None, seed: int, steps: int, out: Path) -> Any:
    """The training of a cell."""
    from nlu.config import NluConfig

    private: dict[str, Any] = {"dp_epsilon": epsilon, "dp_batch": 256} if epsilon else {}
    return NluConfig(
        ("xsid:train:en", *(f"xsid:dev:{code}" for code in SOME)),
        few=tuple(f"xsid:dev:{code}" for code in FEW),
        shots=SHOTS,
        model=encoder,
        steps=steps,
        learning_rate=0.003,
        head_rate=2.0,
        batch_tokens=4096,
        limit=ENGLISH + 300 * len(SOME),
        seed=seed,
        device="cpu",
        out=out,
        **private,
    )


def cell(encoder: str, epsilon: float | None, seed: int, steps: int) -> dict[str, Any]:
    """Train, and score on each language."""
    from nlu.model import load_nlu
    from nlu.run import as_parses
    from nlu.sets import find_utterances
    from nlu.train import train

    with tempfile.TemporaryDirectory() as folder:
        began = time.process_time()
        done = train(config(encoder, epsilon, seed, steps, Path(folder) / "run"))
        taken, model = time.process_time() - began, load_nlu(str(done.model))
        row: dict[str, Any] = {"epsilon": epsilon, "seed": seed, "steps": steps, "seconds": taken}
        row["privacy"] = done.told.get("privacy")
    for code in (*MANY, *SOME, *FEW):
        [test] = find_utterances(f"xsid:test:{code}")
        gold = [Parse(one.intent, one.slots) for one in test.utterances]
        intents, slots, _ = repaired_rows(gold, as_parses(model.parse(test.tokens)))
        row[code] = [SHARE.of_sums(_sum(intents)), F1.of_sums(_sum(slots))]
    return row


def _sum(rows: Sequence[Sequence[float]]) -> list[float]:
    return [sum(column) for column in zip(*rows, strict=True)]


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Intent accuracy by language and epsilon: the mean over seeds, and their deviation."""
    by: defaultdict[float | None, list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        by[row["epsilon"]].append(row)
    codes = [(group, code) for group, found in GROUPS.items() for code in found]
    head = ["training sentences", "language", *(f"epsilon {one or '∞'}" for one in by)]
    lines = [head, ["---"] * len(head)]
    for group, code in codes:
        lines.append([group, code, *(_told([r[code][0] for r in of]) for of in by.values())])
    for group, found in GROUPS.items():
        of_group = [
            _told([mean(row[code][0] for code in found) for row in of]) for of in by.values()
        ]
        lines.append([group, "mean", *of_group])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _told(values: Sequence[float]) -> str:
    return f"{mean(values):.1f}" + (f" ± {stdev(values):.1f}" if len(values) > 1 else "")


def main() -> None:
    """Train the cells that are missing, or print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--encoder")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=80)
    parser.add_argument("--table", action="store_true")
    given = parser.parse_args()
    lines = given.out.read_text("utf-8").splitlines() if given.out.exists() else []
    rows = [json.loads(line) for line in lines]
    if given.table:
        print(table(rows))
        return
    there = {(row["epsilon"], row["seed"], row["steps"]) for row in rows}
    for seed in range(given.seeds):
        for epsilon in EPSILONS:
            if (epsilon, seed, given.steps) in there:
                continue
            row = cell(given.encoder, epsilon, seed, given.steps)
            with open(given.out, "a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
            print(json.dumps({name: row[name] for name in ("epsilon", "seed", "en")}), flush=True)


if __name__ == "__main__":
    main()
