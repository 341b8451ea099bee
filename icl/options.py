"""The options of the room's commands, each declared once; those of a model are in icl.engines.

They are fields: the same names, checks and defaults hold for the command line and for Python.

>>> RunConfig("sw", shots=4, select="bm25").shard_of()
(1, 1)
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from data.cli import did_you_mean
from data.errors import InputError
from data.options import check, common, option
from icl.address import parse_address
from icl.engines import ENGINES, EngineOptions
from icl.templates import TEMPLATES

DIRECTIONS = ("xx-en", "en-xx", "both")
SELECTIONS = ("random", "first", "bm25", "r-bm25", "embedding")
DEVICES = ("cpu", "cuda", "mps", "xpu")


def _metric_names() -> Sequence[str]:
    from metrics.translation import metric_names

    return metric_names()


@dataclass(frozen=True)
class LayoutOptions:
    """How a prompt is laid out: languages, examples, entries of a dictionary, template."""

    lang: str | None = common("--lang", group="languages and text")
    shots: int = option(1, "examples (default 1)", metavar="K", least=0, group="prompt")
    dictionary: str | None = option(
        None,
        "add entries for the words of the sentence: auto, a catalog name, a file",
        metavar="LEXICON",
        group="prompt",
    )
    lexicon_format: str | None = option(
        None, "of a dictionary's file (default: the contents tell)", metavar="NAME", group="prompt"
    )
    lexicon_header: str | None = option(
        None,
        "whether a dictionary's file begins with names of columns: yes, no (default: the contents "
        "tell)",
        metavar="YES",
        choices=("yes", "no"),
        group="prompt",
    )
    lemmas: Path | None = option(
        None,
        "of morph.analyse: base forms that no table has, for glossing and the dictionary",
        metavar="FILE",
        group="prompt",
    )
    template: str = option(
        "auto",
        f"{', '.join(TEMPLATES)}, or a TOML file (default plain; with --dictionary, dictionary)",
        metavar="NAME",
        group="prompt",
    )
    seed: int = common("--seed")
    offline: bool = common("--offline", identity=False)


@dataclass(frozen=True)
class ExampleOptions(LayoutOptions):
    """What a prompt shows beside the text itself, and which examples are chosen."""

    select: str = option(
        "random",
        "random (default) or first: one set for all sentences; bm25, r-bm25, embedding: those most "
        "like each sentence",
        metavar="HOW",
        choices=SELECTIONS,
        group="prompt",
    )
    embedder: str | None = option(
        None,
        "compares sentences for --select embedding (default: the model itself;"
        " multilingual-e5-small knows 100 languages)",
        metavar="MODEL",
        group="prompt",
    )


@dataclass(frozen=True)
class PromptOptions(ExampleOptions):
    """What a prompt is made of: languages, examples, a dictionary; and what is translated."""

    direction: str = option(
        "xx-en",
        "xx-en (into English, default), en-xx, both",
        choices=DIRECTIONS,
        group="languages and text",
    )
    test_set: str = option(
        "auto",
        "ntrex-128 (default; the sample where it cannot be had), flores-200, lafand, sample, a "
        ".tsv or .tmx file (also .gz, .zst)",
        metavar="NAME",
        group="languages and text",
    )
    pool: str = option(
        "auto",
        "where shots come from: the test set's dev part, or else documents held back from it "
        "(default); NAME[:SPLIT], a .tsv or .tmx file, none",
        metavar="NAME",
        group="prompt",
    )
    skip_bad: bool = option(
        False,
        "leave bad lines of the test set, the pool and the dictionary out and count them",
        group="languages and text",
    )


@dataclass(frozen=True)
class TranslateConfig(EngineOptions, PromptOptions):
    """How one sentence is translated; the options of `python -m icl.translate`."""

    def __post_init__(self) -> None:
        """Refuse what cannot be, before anything is fetched."""
        check(self)
        self._check_engine()

    def _check_engine(self) -> None:
        engine = ENGINES.get(self.engine)
        dtypes = engine.dtypes if engine else ()
        dtypes = dtypes or tuple(sorted({d for e in ENGINES.values() for d in e.dtypes}))
        for flag, value, known in (
            ("--device", self.device.partition(":")[0], DEVICES),
            ("--dtype", self.dtype, dtypes),
        ):
            if value is not None and value not in known:
                hint = did_you_mean(value, known)
                raise InputError(f'{flag} "{value}": expected one of {", ".join(known)}{hint}')
        if self.base_url:
            parse_address(self.base_url)
        elif self.decoding == "server" and self.engine != "openai":
            raise InputError(
                "--decoding server: there is no server; leave it out, or add --base-url"
            )


@dataclass(frozen=True)
class RunConfig(TranslateConfig):
    """What to evaluate; the options of `python -m icl.eval`."""

    group: str | None = option(
        None,
        "all languages of the test set of a genus, family or script: genus:Bantu",
        metavar="KIND:NAME",
        group="languages and text",
    )
    metrics: tuple[str, ...] = option(
        ("BLEU", "chrF++"),
        "with commas between; TER is slow on repetitive output",
        choices=_metric_names,
        separator=",",
    )
    limit: int | None = common("--limit", least=1)
    seen: Path | None = option(
        None,
        "a corpus, a sentence a line: test segments and shots that stand in it are counted",
        metavar="FILE",
    )
    shard: str | None = option(
        None,
        "answer the I-th of every N segments; see icl.merge",
        metavar="I/N",
        identity=False,
    )
    out: Path | None = common("--out", identity=False)

    def __post_init__(self) -> None:
        """Refuse what cannot be, before anything is fetched."""
        TranslateConfig.__post_init__(self)
        if self.seen and not self.seen.is_file():
            raise InputError(f"--seen {self.seen}: no such file; give a corpus, a sentence a line")
        self.shard_of()

    def shard_of(self) -> tuple[int, int]:
        """(i, n) of --shard i/n: the i-th of every n segments; (1, 1) for all of them.

        >>> RunConfig("sw", shard="2/4").shard_of()
        (2, 4)
        """
        if self.shard is None:
            return 1, 1
        match = re.fullmatch(r"([0-9]{1,9})/([0-9]{1,9})", self.shard)
        if not match or not 1 <= int(match[1]) <= int(match[2]):
            raise InputError(f'--shard "{self.shard}": expected i/n with i from 1 to n, as in 2/4')
        return int(match[1]), int(match[2])


@dataclass(frozen=True, slots=True)
class CompareConfig:
    """Which runs and systems are compared; the options of `python -m icl.compare`."""

    run_a: Path | None = option(
        None, "the folder of a finished run", flag="run_a", metavar="RUN_A", required=True
    )
    run_b: Path | None = option(None, "another", flag="run_b", metavar="RUN_B", required=True)
    systems: str = option(
        "model,model",
        "which of model, copy, gloss to take from each run (default model,model)",
        metavar="A,B",
    )
    scores: tuple[str, ...] = option(
        (),
        "files with another metric's score a segment, of each run (one direction only); "
        "NAME:higher or NAME:lower says which is better; may be repeated",
        metavar="NAME[:lower]=A,B",
        repeated=True,
    )
    seed: int = common("--seed")
    out: Path | None = common("--out", identity=False)

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        check(self)


@dataclass(frozen=True, slots=True)
class ExportConfig:
    """What is exported, and where to; the options of `python -m icl.export`."""

    run: Path | None = option(
        None, "the folder of a finished run", flag="run", metavar="RUN", required=True
    )
    out: Path | None = common("--out", identity=False)

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        check(self)


@dataclass(frozen=True, slots=True)
class MergeConfig:
    """Which shards are merged; the options of `python -m icl.merge`."""

    shards: tuple[Path, ...] = option(
        (), "folders of shards", flag="shards", metavar="SHARD", required=True
    )
    out: Path | None = common("--out", identity=False)

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        check(self)
