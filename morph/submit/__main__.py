"""Hand in to a shared task: predict, check line by line, archive.

    python -m morph.submit --task sigmorphon2023 --system kilo-1 --both runs --out submission
    python -m morph.submit --task sigmorphon2023 --system rules --rules --lang sw,fi --out rules
    python -m morph.submit --task sigmorphon2022 --data part1/development_languages --rules \\
        --system rules --out rules-2022
    python -m morph.submit --task generic --covered my.covered.tst --train my.trn --rules \\
        --system mine --out mine
    python -m morph.submit --task sigmorphon2023 --check submission/kilo-1

The folder holds the files of answers under TEAM/SYSTEM, an archive of them, settings.json (what
answered, versions, checksums) and, where the right forms are known, scores.json, which no
predictor sees. Nothing is written before every line has been checked against the covered files,
and nothing is overwritten. morph/submit/tasks.py says where the layouts come from.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from data.cli import Parser, run
from data.errors import InputError
from data.options import add_options, config_of
from morph.submit.tasks import SubmissionConfig

ENGINES: dict[str, dict[str, Any]] = {
    "--copy": {"action": "store_true", "help": "answer with the lemma: a baseline"},
    "--rules": {
        "nargs": "?",
        "const": "analogy",
        "metavar": "POLICY",
        "help": "answer with rules learned from the training file: analogy (default), or affix "
        "(the shared tasks' baseline)",
    },
    "--models": {
        "type": Path,
        "metavar": "DIR",
        "help": "answer with trained models: DIR/LANG, or runs of morph.train in DIR",
    },
    "--both": {
        "type": Path,
        "metavar": "DIR",
        "help": "answer with trained models, and with rules where dev data say they know better",
    },
    "--predictions-from": {
        "type": Path,
        "metavar": "DIR",
        "help": "hand in files that stand there: DIR/LANG.tst or DIR/*/LANG.tst",
    },
    "--check": {"type": Path, "metavar": "DIR", "help": "only check a folder of answers"},
}


def main(argv: Sequence[str] | None = None) -> int:
    """The command line; `morph.submit.submit` is the function beneath it."""
    parser = Parser("morph.submit", __doc__ or "")
    add_options(parser, SubmissionConfig)
    engines = parser.add_mutually_exclusive_group()
    for name, settings in ENGINES.items():
        engines.add_argument(name, **settings)
    parser.add_common("-v")
    command = tuple(sys.argv[1:] if argv is None else argv)
    return run(parser, lambda options: _submit(options, command), argv)


def _submit(options: argparse.Namespace, command: tuple[str, ...]) -> int:
    from morph.submit import submit
    from morph.submit.submission import check_folder
    from runfolder.console import say, show

    engine, folder = _engine(options)
    config = config_of(
        SubmissionConfig,
        options,
        engine=engine,
        folder=folder,
        policy=options.rules or "analogy",
        command=command,
    )
    if engine == "check":
        lines, wrong = check_folder(config, options.check)
        for line in lines:
            show(line)
        return 2 if wrong else 0
    for line in submit(config, say).lines:
        show(line)
    return 0


def _engine(options: argparse.Namespace) -> tuple[str, Path | None]:
    """Which engine was asked for, and its folder."""
    if options.check:
        return "check", None
    if options.copy or options.rules:
        return ("copy" if options.copy else "rules"), None
    if options.models:
        return "model", options.models
    if options.both:
        return "both", options.both
    if options.predictions_from:
        return "files", options.predictions_from
    raise InputError(
        "expected who answers: --both DIR, --models DIR, --rules, --copy or --predictions-from DIR "
        "(or --check DIR); see python -m morph.submit --help"
    )


if __name__ == "__main__":
    raise SystemExit(main())
