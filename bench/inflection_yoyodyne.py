"""Inflection beside yoyodyne: training, decoding and accuracy.

    python -m bench.inflection_yoyodyne --yoyodyne ENV/bin/yoyodyne --units swa,tur --minutes 10
    python -m bench.inflection_yoyodyne --yoyodyne ENV/bin/yoyodyne --examples 500 --minutes 1

Each side trains one model a language for the same minutes on one core, one after the other in one
run, and predicts the same test file: training examples a second, decoding items a second (greedy,
start-up taken off by a second call on a few items) and accuracy. Yoyodyne's model: a pointer
generator with rotary positions, 2 + 2 layers, width 128, features read by an encoder of their own,
Adam at 1e-3, batches of 32. Ours takes 64 (--batch): Muon's own work is the same for any number
of examples, a quarter of an update of 32. With --examples both learn the same few triples, drawn
by seed; ours is then as `morph.train` has it of few, one network from each end in these minutes.
Yoyodyne lives in an environment of its own: `pip install yoyodyne==0.5.27 torch==2.13.0`, then
`pip uninstall torchvision`, which breaks its import with torch's CPU wheel. Nothing is asserted.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import statistics
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from bench.inflection import predicted, test_of
from data.files import write_whole
from data.unimorph import Triple
from morph.corpora import InflectionData, load_data

FEW = 8  # items of the call that measures start-up
LOGGED_EVERY = 10
ROUNDS = 5  # of our decoding, of which the median counts


def write_triples(path: Path, triples: Sequence[Triple]) -> Path:
    """Lemma, features and form, a line each."""
    write_whole(path, "".join(f"{t.lemma}\t{t.features}\t{t.form}\n" for t in triples))
    return path


def data_of(unit: str, examples: int | None) -> InflectionData:
    """What both sides learn: a file, or so many of its triples drawn by seed 1."""
    data = load_data(unit)
    return data.sample(examples, 1) if examples else data


def settings(folder: Path, minutes: float) -> dict[str, object]:
    """Yoyodyne's configuration."""
    seconds = round(minutes * 60)
    size = {"embedding_size": 128, "hidden_size": 512, "attention_heads": 4, "dropout": 0.1}
    modules = "yoyodyne.models.modules"
    logger = {"class_path": "lightning.pytorch.loggers.CSVLogger"}
    return {
        "seed_everything": 1,
        "trainer": {
            "accelerator": "cpu",
            "devices": 1,
            "max_time": f"00:{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}",
            "max_epochs": 100000,
            "gradient_clip_val": 3,
            "log_every_n_steps": LOGGED_EVERY,
            "enable_progress_bar": False,
            "num_sanity_val_steps": 0,
            "logger": [{**logger, "init_args": {"save_dir": str(folder)}}],
        },
        "model": {
            "class_path": "yoyodyne.models.PointerGeneratorRotaryTransformerModel",
            "init_args": {
                "embedding_size": 128,
                "decoder_hidden_size": 512,
                "decoder_layers": 2,
                "decoder_dropout": 0.1,
                "decoder_attention_heads": 4,
                "source_encoder": {
                    "class_path": f"{modules}.RotaryTransformerEncoder",
                    "init_args": {**size, "layers": 2},
                },
                "features_encoder": {
                    "class_path": f"{modules}.TransformerEncoder",
                    "init_args": {**size, "layers": 1},
                },
                "optimizer": {"class_path": "torch.optim.Adam", "init_args": {"lr": 0.001}},
            },
        },
        "data": {
            "model_dir": str(folder / "model"),
            "train": str(folder / "train.tsv"),
            "val": str(folder / "dev.tsv"),
            "source_col": 1,
            "features_col": 2,
            "target_col": 3,
            "features_sep": ";",
            "batch_size": 32,
        },
        "checkpoint": {"filename": "best", "monitor": "val_accuracy", "mode": "max"},
    }


def call(command: Sequence[str | Path], folder: Path) -> float:
    """Run a command on one thread; its wall seconds. What it says goes to a log."""
    began = time.perf_counter()
    with (folder / "log.txt").open("a") as log:
        subprocess.run(
            [str(part) for part in command],
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            stdout=log,
            stderr=log,
            check=True,
        )
    return time.perf_counter() - began


def theirs(
    yoyodyne: Path, unit: str, minutes: float, examples: int | None, folder: Path
) -> dict[str, float]:
    """Train and try yoyodyne."""
    folder.mkdir(parents=True, exist_ok=True)
    data, test = data_of(unit, examples), test_of(unit)
    write_triples(folder / "train.tsv", data.train)
    write_triples(folder / "dev.tsv", data.dev)
    config = folder / "config.yaml"
    write_whole(config, json.dumps(settings(folder, minutes)))  # JSON is YAML
    call([yoyodyne, "fit", "-c", config], folder)
    with next(folder.rglob("metrics.csv")).open() as table:
        steps = max(int(row["step"]) for row in csv.DictReader(table)) + 1
    best = next(folder.rglob("best*.ckpt"))
    times, forms = [], []
    for triples in (test[:FEW], test):
        asked = write_triples(folder / "asked.tsv", triples)
        answers = folder / "answers.tsv"
        times.append(
            call(
                [
                    *(yoyodyne, "predict", "-c", config, "--ckpt_path", best),
                    *("--data.predict", asked, "--prediction.path", answers),
                ],
                folder,
            )
        )
        forms = [line.split("\t")[-1] for line in answers.read_text("utf-8").splitlines()]
    right = sum(form == one.form for form, one in zip(forms, test, strict=True))
    return {
        "training examples/s": steps * 32 / (minutes * 60),
        "decoding items/s": (len(test) - FEW) / (times[1] - times[0]),
        "accuracy": 100 * right / len(test),
    }


def ours(
    unit: str, minutes: float, batch: int, examples: int | None, folder: Path
) -> dict[str, float]:
    """Train and try our network, one alone or one from each end."""
    import torch

    from morph.recipe import Recipe, TrainingConfig
    from morph.run import train_model

    torch.set_num_threads(1)
    recipe = Recipe(seconds=minutes * 60, networks=1, batch=batch)
    trained = train_model(TrainingConfig((unit,), recipe, examples=examples), folder)
    test = test_of(unit)
    items = [(one.lemma, one.features) for one in test]
    times = []
    for _ in range(ROUNDS):  # a second or so each: one alone would be at the mercy of the machine
        began = time.perf_counter()
        answers = predicted(trained.transducer, items)  # not what has features that it never saw
        times.append(time.perf_counter() - began)
    right = sum(answers[place][0].form == test[place].form for place in answers)
    return {
        "training examples/s": sum(trained.steps) * batch / trained.seconds,
        "decoding items/s": len(answers) / statistics.median(times),
        "accuracy": 100 * right / len(test),
    }


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--yoyodyne", type=Path, required=True, help="its command")
    add("--units", default="swa,tur", help="the shared task's languages, with commas between")
    add("--minutes", type=float, default=10, help="of training, a side and language")
    add("--batch", type=int, default=64, help="our examples an update (default 64; theirs is 32)")
    add("--examples", type=int, help="learn so many triples, drawn by seed (default: all)")
    add("--out", type=Path, default=Path("runs/bench-yoyodyne"))
    options = parser.parse_args()
    print("| file | figure | yoyodyne | ours | ratio |\n| --- | --- | --- | --- | --- |")
    for unit in options.units.split(","):
        minutes, examples = options.minutes, options.examples
        one = theirs(options.yoyodyne, unit, minutes, examples, options.out / f"{unit}-theirs")
        other = ours(unit, minutes, options.batch, examples, options.out / f"{unit}-ours")
        for name, value in one.items():
            ratio = other[name] / value
            print(
                f"| {unit} | {name} | {value:.1f} | {other[name]:.1f} | {ratio:.2f} |", flush=True
            )


if __name__ == "__main__":
    main()
