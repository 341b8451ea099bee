"""Hand in: predictions for all languages of a shared task, in its layout, checked line by line.

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
and nothing is overwritten. morph/submission/tasks.py says where the layouts come from.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.cli import Parser, run

if TYPE_CHECKING:
    from morph.submission.config import SubmissionConfig
    from morph.submission.submission import Submission

OPTIONS: dict[str, dict[str, Any]] = {
    "--task": {"default": "sigmorphon2023", "help": "sigmorphon2023, sigmorphon2022 or generic"},
    "--system": {"metavar": "NAME", "help": "name of the system: its folder and archive"},
    "--team": {"metavar": "NAME", "help": "name of the team: a folder around the system's"},
    "--splits": {"default": "test,dev", "help": "test,dev (default), or one of them"},
    "--data": {
        "type": Path,
        "nargs": "+",
        "default": [],
        "metavar": "DIR",
        "help": "folders with the data of 2022",
    },
    "--covered": {
        "type": Path,
        "nargs": "+",
        "default": [],
        "metavar": "FILE",
        "help": "files of lemmas and features (--task generic)",
    },
    "--train": {
        "type": Path,
        "nargs": "+",
        "default": [],
        "metavar": "FILE",
        "help": "what rules learn from (--task generic): one file, or one a covered file",
    },
    "--columns": {
        "metavar": "A,B,C",
        "help": "order of the columns of the answers (--task generic; lemma,features,form), and of"
        " training files whose cells do not tell theirs",
    },
    "--skip-bad": {
        "action": "store_true",
        "help": "leave out bad lines of training files, counted; every covered line is answered",
    },
    "--beam": {"type": int, "default": 1, "help": "width of the models' search (default 1)"},
}
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


def submit(config: SubmissionConfig, say: Callable[[str], None] | None = None) -> Submission:
    """Predict, check and write a submission.

    Args:
        say: called with one line before each language.

    Raises:
        InputError: a wrong option; `out` holds something; a predictor's line that does not fit.
        UnavailableError: a file cannot be had, or the disk is full.
    """
    from morph.submission.submission import prepare, write

    return write(prepare(config, say or (lambda _: None)))


def main(argv: Sequence[str] | None = None) -> int:
    """The command line; `submit` is the function beneath it."""
    parser = Parser("morph.submit", __doc__ or "")
    for name, settings in OPTIONS.items():
        parser.add_argument(name, **settings)
    engines = parser.add_mutually_exclusive_group()
    for name, settings in ENGINES.items():
        engines.add_argument(name, **settings)
    parser.add_common("--lang", "--seed", "--device", "--out", "--offline", "-v")
    return run(parser, lambda options: _submit(options, argv), argv)


def _submit(options: argparse.Namespace, argv: Sequence[str] | None) -> int:
    import sys

    from data.errors import InputError
    from data.inflections.columns import order_of_option
    from morph.submission import console
    from morph.submission.checking import check
    from morph.submission.config import SubmissionConfig

    engine, folder = _engine(options)
    config = SubmissionConfig(
        task=options.task,
        system=options.system or "",
        out=options.out or Path(),
        engine=engine,
        folder=folder,
        policy=options.rules or "analogy",
        team=options.team,
        languages=tuple(options.lang.split(",")) if options.lang else (),
        splits=tuple(options.splits.split(",")),
        data=tuple(options.data),
        covered=tuple(options.covered),
        trains=tuple(options.train),
        columns=order_of_option(options.columns),
        beam=options.beam,
        device=options.device,
        seed=options.seed,
        offline=options.offline,
        skip_bad=options.skip_bad,
        command=tuple(sys.argv[1:] if argv is None else argv),
    )
    if engine == "check":
        lines, wrong = check(config, options.check)
        for line in lines:
            console.show(line)
        return 2 if wrong else 0
    for name in ("system", "out"):
        if not getattr(options, name):
            raise InputError(f"--{name} is missing; see python -m morph.submit --help")
    for line in submit(config, console.say).lines:
        console.show(line)
    return 0


def _engine(options: argparse.Namespace) -> tuple[str, Path | None]:
    """Which engine was asked for, and its folder."""
    from data.errors import InputError

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
