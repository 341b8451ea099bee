"""Prompted translation, scored: the project's main job.

    python -m icl.eval --lang sw --shots 1 --limit 100
    python -m icl.eval --lang yor --direction both --test-set ntrex-128 --shots 4
    python -m icl.eval --lang sw,yo,am --shots 4 --select bm25 --dictionary auto
    python -m icl.eval --lang sw --engine openai --base-url http://localhost:8000/v1 --model NAME

Beside the model stand the baselines that cost nothing: copying the source, glossing it with a
lexicon. The run folder holds config.json, segments.jsonl, scores.json and report.html. The same
command goes on where a killed run stopped.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from data.cli import Parser, run

OPTIONS: dict[str, dict[str, Any]] = {
    "--group": {
        "metavar": "KIND:NAME",
        "help": "all languages of the test set of a genus, family or script: genus:Bantu",
    },
    "--direction": {"default": "xx-en", "help": "xx-en (into English, default), en-xx, both"},
    "--shots": {"type": int, "default": 1, "metavar": "K", "help": "examples (default 1)"},
    "--select": {
        "default": "random",
        "metavar": "HOW",
        "help": "random (default) or first: one set for all sentences; bm25, r-bm25, embedding: "
        "those most like each sentence",
    },
    "--embedder": {
        "metavar": "MODEL",
        "help": "what --select embedding compares sentences with (default: the model itself)",
    },
    "--max-prompt-tokens": {
        "type": int,
        "metavar": "N",
        "help": "whole shots are left out of longer prompts (default: what the model can read)",
    },
    "--dictionary": {
        "metavar": "LEXICON",
        "help": "add entries for the words of the sentence: auto, a catalog name, a file",
    },
    "--test-set": {
        "default": "auto",
        "metavar": "NAME",
        "help": "ntrex-128 (default; the sample where it cannot be had), flores-200, lafand, "
        "sample, a .tsv or .tmx file (also .gz, .zst)",
    },
    "--pool": {
        "default": "auto",
        "metavar": "NAME",
        "help": "where shots come from: the test set's dev part, or else documents held back "
        "from it (default); NAME[:SPLIT], a .tsv or .tmx file, none",
    },
    "--model": {
        "default": "smollm2-135m-instruct",
        "metavar": "NAME",
        "help": "a catalog name (default smollm2-135m-instruct), a folder, a .gguf file, "
        "org/name@commit on the hub, or a server's name for it",
    },
    "--engine": {"default": "auto", "help": "auto (default), ctranslate2, transformers, openai"},
    "--base-url": {"metavar": "URL", "help": "address of an OpenAI-compatible server"},
    "--concurrency": {"type": int, "default": 8, "help": "requests at once (default 8)"},
    "--template": {
        "default": "auto",
        "metavar": "NAME",
        "help": "plain (default), xglm, alexatm, chat, dictionary (default with --dictionary), "
        "dipmt, nllb, m2m, a TOML file",
    },
    "--metrics": {
        "default": "BLEU,chrF++",
        "help": "of BLEU, chrF++, TER (slow on repetitive output), spBLEU",
    },
    "--max-new-tokens": {"type": int, "default": 128, "metavar": "N", "help": "default 128"},
    "--decoding": {
        "default": "greedy",
        "metavar": "HOW",
        "help": "greedy (default); server: as a server samples that takes no temperature, which no "
        "second run repeats",
    },
    "--seen": {
        "type": Path,
        "metavar": "FILE",
        "help": "a corpus, a sentence a line: test segments and shots that stand in it are counted",
    },
    "--skip-bad": {
        "action": "store_true",
        "help": "leave bad lines of the test set, the pool and the dictionary out and count them",
    },
    "--shard": {"metavar": "I/N", "help": "answer the I-th of every N segments; see icl.merge"},
    "--batch-size": {"type": int, "metavar": "N", "help": "changes speed, no result (default 8)"},
}


def main(argv: Sequence[str] | None = None) -> int:
    """The command line; `icl.evaluate.evaluate` is the function beneath it."""
    parser = Parser("icl.eval", __doc__ or "")
    parser.add_common("--lang")
    for name, settings in OPTIONS.items():
        parser.add_argument(name, **settings)
    parser.add_common("--limit", "--seed", "--device", "--dtype", "--out", "--offline", "-v")
    return run(parser, _evaluate, argv)


def _evaluate(options: argparse.Namespace) -> int:
    from icl import console
    from icl.evaluate import finish
    from icl.prepare import prepare
    from icl.run import RunConfig

    settings = vars(options)
    metrics = tuple(name.strip() for name in settings.pop("metrics").split(","))
    del settings["verbose"]
    prepared = prepare(RunConfig(**settings, metrics=metrics), console.say)
    console.show(prepared.first_line)
    with console.progress_bar() as progress:
        evaluation = finish(prepared, progress.say, progress.advance)
    console.show_evaluation(evaluation)
    return 0 if evaluation.complete else 130


if __name__ == "__main__":
    raise SystemExit(main())
