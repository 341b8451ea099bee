"""The form of a lemma, or of many; a paradigm; the way back.

    python -m morph.inflect --lang sw soma "V;IND;PST;NOM(3,SG,BANTU1);POS"
    python -m morph.inflect --lang sw --input questions.tsv > answers.tsv
    cut -f1,2 questions.tsv | python -m morph.inflect --lang sw --input -
    python -m morph.inflect --lang tr --paradigm kitap --pos N
    python -m morph.inflect --lang sw --analyse alisoma
    python -m morph.inflect --lang sw --model runs/morph-swa-1f3c --calibrate

A form comes by table, trained model or rules, with how sure that is. What is printed has tabs
between the columns: lemma, features, form, by, confidence (`-` where it was not measured, as of
rules for a bundle that no table has); with --why also other forms and the reason. --paradigm prints
the same for every bundle, --analyse form, lemma, features.
"""

from __future__ import annotations

import logging
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from data.access import Access
from data.cli import Parser, run, standard_input
from data.errors import InputError
from data.files import write_whole
from data.inflections.columns import names_of_columns
from data.options import add_options, check, common, config_of, option
from data.tsv import EMPTY_CELL, WRONG_COLUMNS, clean, decode, excerpt, raw_lines, reject
from morph.inflect.checks import check_cell

if TYPE_CHECKING:
    from data.unimorph import Triple
    from morph.inflect import Answer, Inflector

STANDARD_INPUT = "-"
NAMES = "names of columns"
REFUSED = "a lemma or features that the language's data refuse"
QUESTION = ("lemma", "features")
NOT_MEASURED = "-"

_LOG = logging.getLogger(__name__)

Row = Sequence[str]
Ask = Callable[["Inflector", "InflectConfig"], Iterator[Row]]


@dataclass(frozen=True, slots=True)
class InflectConfig:
    """What is asked, and who may answer; the options of the command."""

    lemma: str | None = option(None, "dictionary form: soma", flag="lemma", metavar="LEMMA")
    features: str | None = option(
        None, "UniMorph bundle: V;PST;3;SG", flag="features", metavar="FEATURES"
    )
    lang: str | None = common("--lang")
    input: str | None = option(
        None, "lemma TAB features lines (.gz too); - for standard input", metavar="FILE"
    )
    paradigm: str | None = option(None, "every form of a lemma", metavar="LEMMA")
    pos: str | None = option(
        None, "its part of speech (V, N ...), of a lemma that is not known", metavar="TAG"
    )
    analyse: str | None = option(
        None, "lemmas and features of a form, by the tables", metavar="FORM"
    )
    calibrate: bool = option(False, "learn on the dev split how far to trust a model")
    model: Path | None = option(None, "default: the newest run in runs/, if any", metavar="FOLDER")
    no_model: bool = option(False, "tables and rules alone")
    table: Path | None = option(
        None, "triples to use in place of the tables at hand", metavar="FILE"
    )
    columns: tuple[str, ...] | None = option(
        None,
        "of --table: lemma,form,features (default: found out, and printed)",
        metavar="A,B,C",
        separator=",",
    )
    skip_bad: bool = option(False, "leave out bad lines of --input and --table")
    beam: int = option(1, "above 1 the model gives other forms too", least=1)
    why: bool = option(False, "print other forms and the reason as well")
    out: Path | None = common("--out", help="write there instead of printing", metavar="FILE")
    limit: int | None = common("--limit")
    device: str = common("--device")
    offline: bool = common("--offline")

    def __post_init__(self) -> None:
        check(self)
        if self.lang is None:
            raise InputError("expected a language, found none; give --lang, such as --lang sw")
        if self.lemma is not None and self.features is None:
            raise InputError(
                f"expected LEMMA FEATURES, found {excerpt(self.lemma)} only; add the bundle, such"
                ' as "V;PST;3;SG", or ask for --paradigm'
            )
        if self.columns is not None and self.table is None:
            raise InputError(
                "--columns: expected --table beside it, found none; give both, or neither"
            )
        if self.model is not None and self.no_model:
            raise InputError("--no-model: not allowed with --model; leave one out")


def main(argv: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = Parser("morph.inflect", __doc__ or "")
    add_options(parser, InflectConfig)
    parser.add_common("-v")
    return run(
        parser,
        lambda given: _answer(config_of(InflectConfig, given), verbose=given.verbose),
        argv,
    )


def _answer(config: InflectConfig, *, verbose: bool) -> None:
    from morph.inflect import Inflector

    ask = _question(config)
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING,
        format="%(levelname)s: %(message)s",
        stream=sys.stderr,
    )
    inflector = Inflector.load(
        config.lang or "",
        model=config.model,
        newest=not config.no_model,
        table=config.table,
        columns=config.columns,
        skip_bad=config.skip_bad,
        device=config.device,
        beam=config.beam,
        access=Access.of(config),
    )
    _write(ask(inflector, config), config.out)


def _question(config: InflectConfig) -> Ask:
    """What is asked, found out before anything is loaded."""
    kinds: dict[str, tuple[bool, Ask]] = {
        "LEMMA FEATURES": (config.lemma is not None, _one),
        "--input": (config.input is not None, _file),
        "--paradigm": (config.paradigm is not None, _paradigm),
        "--analyse": (config.analyse is not None, _analysis),
        "--calibrate": (config.calibrate, _calibration),
    }
    asked = [name for name, (given, _) in kinds.items() if given]
    if len(asked) != 1:
        raise InputError(
            f"expected one of {', '.join(kinds)}, found {' and '.join(asked) or 'none'};"
            ' ask one thing, such as soma "V;PST;3;SG"'
        )
    return kinds[asked[0]][1]


def _one(inflector: Inflector, config: InflectConfig) -> Iterator[Row]:
    question = ((config.lemma or "").strip(), (config.features or "").strip())
    yield from _rows(inflector, [question], config.why)


def _file(inflector: Inflector, config: InflectConfig) -> Iterator[Row]:
    dropped = Counter[str]()
    items = list(islice(_questions(inflector, config, dropped), config.limit))
    yield from _rows(inflector, items, config.why)
    for reason, number in dropped.items():
        print(f"left out: {number} lines, {reason}", file=sys.stderr)


def _paradigm(inflector: Inflector, config: InflectConfig) -> Iterator[Row]:
    lemma = (config.paradigm or "").strip()
    answers = inflector.paradigm(lemma, config.pos)
    for bundle, answer in islice(answers.items(), config.limit):
        yield _row(lemma, bundle, answer, config.why)


def _analysis(inflector: Inflector, config: InflectConfig) -> Iterator[Row]:
    form = (config.analyse or "").strip()
    check_cell(form, "form")
    analyses = inflector.analyse(form)
    for analysis in analyses:
        yield (form, analysis.lemma, analysis.features)
    if not analyses:
        yield (form, "-", "-")


def _calibration(inflector: Inflector, config: InflectConfig) -> Iterator[Row]:
    calibration = inflector.calibrate(_dev_triples(config))
    for name, value in calibration.figures.items():
        yield (name, f"{value:.2f}".removesuffix(".00"))


def _dev_triples(config: InflectConfig) -> Iterator[Triple]:
    """Fetched only when they are asked for."""
    from data.inflections.tables import load_triples
    from data.load import find_language

    access = Access.of(config)
    language = find_language(config.lang or "", access=access)
    yield from load_triples(language, "dev", access=access).triples[: config.limit]


def _questions(
    inflector: Inflector, config: InflectConfig, dropped: Counter[str]
) -> Iterator[tuple[str, str]]:
    """Checked lemmas and bundles of the input; blank lines are passed over."""
    for where, text in _lines(config.input or ""):
        if not text.strip():
            continue
        cells = [cell.strip() for cell in text.split("\t")]
        if names_of_columns(cells) == QUESTION:
            dropped[NAMES] += 1
            continue
        problem = _problem(cells, text)
        if problem is None:
            try:
                yield inflector.check(cells[0], cells[1], f"{where}: ")
            except InputError as error:
                if not config.skip_bad:
                    raise
                _LOG.info("left out: %s", error)
                dropped[REFUSED] += 1
        else:
            reject(problem, where, skip_bad=config.skip_bad, dropped=dropped)


def _problem(cells: Sequence[str], text: str) -> tuple[str, str] | None:
    if len(cells) != len(QUESTION):
        expected = f"{len(QUESTION)} columns ({', '.join(QUESTION)})"
        return WRONG_COLUMNS, f"expected {expected}, found {len(cells)} ({excerpt(text)})"
    if not all(cells):
        name = QUESTION[cells.index("")]
        return EMPTY_CELL, f"expected text in column {name}, found an empty cell"
    return None


def _lines(name: str) -> Iterator[tuple[str, str]]:
    """(path:line, text) of a file or of standard input."""
    shown = "standard input" if name == STANDARD_INPUT else name
    lines = enumerate(standard_input(), 1) if name == STANDARD_INPUT else raw_lines(Path(name))
    for number, raw in lines:
        where = f"{shown}:{number}"
        text = decode(raw.rstrip(b"\r\n"), where)
        yield where, clean(text, where, repairs=Counter())


def _rows(inflector: Inflector, items: Sequence[tuple[str, str]], why: bool) -> Iterator[Row]:
    for (lemma, features), answer in zip(items, inflector.inflect_all(items), strict=True):
        yield _row(lemma, features, answer, why)


def _row(lemma: str, features: str, answer: Answer, why: bool) -> Row:
    sure = NOT_MEASURED if answer.confidence is None else f"{answer.confidence:.3f}"
    row = (lemma, features, answer.form, answer.by, sure)
    return (*row, ", ".join(answer.alternatives) or "-", answer.why) if why else row


def _write(rows: Iterable[Row], out: Path | None) -> None:
    lines = ("\t".join(row) + "\n" for row in rows)
    if out is not None:
        write_whole(out, "".join(lines))
    else:
        for line in lines:
            print(line, end="")


if __name__ == "__main__":
    raise SystemExit(main())
