"""The lemma and the features of a form, or of every word of a text.

    python -m morph.analyse --lang sw alisoma alitembea
    python -m morph.analyse --lang sw --text news.txt --out analyses.tsv
    cut -f2 pairs.tsv | python -m morph.analyse --lang sw --text - --top 1 --least 0.5
    python -m morph.analyse --lang qu --table quechua.tsv rimachkan
    python -m morph.analyse --lang sw --segment --text news.txt --out segments.tsv
    python -m morph.analyse --lang sw --model runs/analyse-swa-1f3c alitembea

By inflection tables where they have the form, else by analogy to their forms, and by a network if
one was trained (`morph.train --way-back`), with how sure that is. What is printed has tabs between
the columns, below their names: form, lemma, features, by (table, model or analogy), confidence. Of
a text each word stands once. Such a table is read wherever triples are: by `data.lexicon coverage
--lemmas`, `icl.eval --lemmas`, `morph.train --train`. With --segment it is the form and its
morphemes, which `training.tokenizer train --boundaries` reads.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from data.access import Access
from data.cli import Parser, run, standard_input
from data.errors import InputError
from data.files import write_whole
from data.options import add_options, check, common, config_of, option
from data.tsv import clean, decode, excerpt, read_lines

if TYPE_CHECKING:
    from morph.analyse import Analyser, FormAnalysis

STANDARD_INPUT = "-"
COLUMNS = ("form", "lemma", "features", "by", "confidence")
SEGMENTED = ("form", "morphemes")
MORPHEME = "|"

Row = Sequence[str]


@dataclass(frozen=True, slots=True)
class AnalyseConfig:
    """What is analysed, and by which tables; the options of the command."""

    forms: tuple[str, ...] = option((), "words", flag="forms", metavar="FORM")
    lang: str | None = common("--lang", required=True)
    text: str | None = option(None, "running text (.gz too); - for standard input", metavar="FILE")
    top: int = option(3, "analyses of a form that no table has", metavar="N", least=1)
    segment: bool = option(False, "print morphemes in place of analyses: a|li|soma")
    least: float = option(0.0, "confidence, 0 to 1, below which none is given", least=0.0, most=1.0)
    model: Path | None = option(
        None, "of the way back (default: the newest run in runs/, if any)", metavar="FOLDER"
    )
    no_model: bool = option(False, "tables and analogy alone")
    table: Path | None = option(
        None, "triples to use in place of the tables at hand", metavar="FILE"
    )
    columns: tuple[str, ...] | None = option(
        None,
        "of --table: lemma,form,features (default: found out, and printed)",
        metavar="A,B,C",
        separator=",",
    )
    skip_bad: bool = option(False, "leave out bad lines of --table and --text")
    out: Path | None = common("--out", help="write there instead of printing", metavar="FILE")
    limit: int | None = common("--limit", help="lines of --text", least=1)
    device: str = common("--device")
    offline: bool = common("--offline")

    def __post_init__(self) -> None:
        check(self)
        if bool(self.forms) == (self.text is not None):
            found = "both" if self.forms else "neither"
            raise InputError(
                f"expected words, or a text, found {found}; give words, such as alisoma, or"
                " --text FILE"
            )
        if self.columns is not None and self.table is None:
            raise InputError(
                "--columns: expected --table beside it, found none; give both, or neither"
            )
        if self.model is not None and self.no_model:
            raise InputError("--no-model: not allowed with --model; leave one out")


def main(argv: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = Parser("morph.analyse", __doc__ or "")
    add_options(parser, AnalyseConfig)
    parser.add_common("-v")
    return run(parser, _analyse, argv)


def _analyse(given: argparse.Namespace) -> None:
    from morph.analyse import Analyser

    config = config_of(AnalyseConfig, given)
    logging.basicConfig(
        level=logging.INFO if given.verbose else logging.WARNING,
        format="%(levelname)s: %(message)s",
        stream=sys.stderr,
    )
    analyser = Analyser.load(
        config.lang or "",
        model=config.model,
        newest=not config.no_model,
        table=config.table,
        columns=config.columns,
        skip_bad=config.skip_bad,
        device=config.device,
        access=Access.of(config),
    )
    rows = _of_words(analyser, config) if config.text is None else _of_text(analyser, config)
    _write(_with_names(rows, SEGMENTED if config.segment else COLUMNS), config.out)


def _of_words(analyser: Analyser, config: AnalyseConfig) -> Iterator[Row]:
    for form in config.forms:
        found = analyser.analyse(form, config.top)
        if not found:
            raise InputError(
                f"form {excerpt(form)}: expected a word that some form of the tables is like, found"
                " none that begins or ends as this does; correct it, or give a larger --table"
            )
        if config.segment:
            parts = analyser.segment(form, config.least)
            yield from [(found[0].form, MORPHEME.join(parts))] if parts else []
        else:
            yield from (_row(one) for one in found if one.confidence >= config.least)


def _of_text(analyser: Analyser, config: AnalyseConfig) -> Iterator[Row]:
    dropped = Counter[str]()
    lines = islice(_lines(config, dropped), config.limit)
    if config.segment:
        for form, parts in analyser.segment_text(lines, least=config.least, dropped=dropped):
            yield form, MORPHEME.join(parts)
    else:
        found = analyser.analyse_text(lines, config.top, least=config.least, dropped=dropped)
        yield from map(_row, found)
    for reason, number in dropped.items():
        print(f"left out: {number:,} {reason}", file=sys.stderr)


def _row(one: FormAnalysis) -> Row:
    return one.form, one.lemma, one.features, one.by, f"{one.confidence:.3f}"


def _lines(config: AnalyseConfig, dropped: Counter[str]) -> Iterator[str]:
    if config.text != STANDARD_INPUT:
        lines = read_lines(Path(config.text or ""), skip_bad=config.skip_bad, dropped=dropped)
        yield from (text for _, text in lines)
        return
    for number, raw in enumerate(standard_input(), 1):
        where = f"standard input:{number}"
        yield clean(decode(raw.rstrip(b"\r\n"), where), where, repairs=Counter())


def _write(rows: Iterable[Row], out: Path | None) -> None:
    lines = ("\t".join(row) + "\n" for row in rows)
    if out is not None:
        write_whole(out, "".join(lines))
        return
    for line in lines:
        print(line, end="")


def _with_names(rows: Iterable[Row], names: Row) -> Iterator[Row]:
    """The names of the columns above the rows, once there is a row."""
    for number, row in enumerate(rows):
        if number == 0:
            yield names
        yield row


if __name__ == "__main__":
    raise SystemExit(main())
