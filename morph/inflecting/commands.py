"""The command line of `python -m morph.inflect`: one question, many, a paradigm, the way back.

What is printed has tabs between the columns: lemma, features, form, by, confidence (`-` where it
was not measured, as of rules for a bundle that no table has); with `--why`
also other forms and the reason. `--paradigm` prints the same for every bundle, `--analyse` form,
lemma, features.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from data.access import Access
from data.cli import Parser, run, standard_input
from data.errors import InputError
from data.files import write_whole
from data.inflections.columns import names_of_columns, order_of_option
from data.tsv import EMPTY_CELL, WRONG_COLUMNS, clean, decode, excerpt, raw_lines, reject

if TYPE_CHECKING:
    from data.unimorph import Triple
    from morph.inflect import Answer, Inflector

EPILOG = """\
examples:
  python -m morph.inflect --lang sw soma "V;IND;PST;NOM(3,SG,BANTU1);POS"
  python -m morph.inflect --lang sw --input questions.tsv > answers.tsv
  cut -f1,2 questions.tsv | python -m morph.inflect --lang sw --input -
  python -m morph.inflect --lang tr --paradigm kitap --pos N
  python -m morph.inflect --lang sw --analyse alisoma
  python -m morph.inflect --lang sw --model runs/morph-swa-1f3c --calibrate"""
STANDARD_INPUT = "-"
NAMES = "names of columns"
REFUSED = "a lemma or features that the language's data refuse"
QUESTION = ("lemma", "features")
NOT_MEASURED = "-"

_LOG = logging.getLogger(__name__)

Row = Sequence[str]
Ask = Callable[["Inflector", argparse.Namespace], Iterator[Row]]


def run_command(argv: Sequence[str] | None = None) -> int:
    """Parse the options and answer."""
    return run(_parser(), _command, argv)


def _parser() -> Parser:
    parser = Parser(
        "morph.inflect",
        "The form of a lemma for a feature bundle: by table, trained model or rules, with"
        " how sure that is.",
        epilog=EPILOG,
    )
    add = parser.add_argument
    add("lemma", nargs="?", metavar="LEMMA", help="dictionary form: soma")
    add("features", nargs="?", metavar="FEATURES", help="UniMorph bundle: V;PST;3;SG")
    add("--input", metavar="FILE", help="lemma TAB features lines (.gz too); - for standard input")
    add("--paradigm", metavar="LEMMA", help="every form of a lemma")
    add("--pos", metavar="TAG", help="its part of speech (V, N ...), of a lemma that is not known")
    add("--analyse", metavar="FORM", help="lemmas and features of a form, by the tables")
    add("--calibrate", action="store_true", help="learn on the dev split how far to trust a model")
    source = parser.add_mutually_exclusive_group()
    source.add_argument(
        "--model", type=Path, metavar="FOLDER", help="default: the newest run in runs/, if any"
    )
    source.add_argument("--no-model", action="store_true", help="tables and rules alone")
    add("--table", type=Path, metavar="FILE", help="triples to use in place of the tables at hand")
    add("--beam", type=int, default=1, help="above 1 the model gives other forms too (default 1)")
    add("--why", action="store_true", help="print other forms and the reason as well")
    add("--columns", help="of --table: lemma,form,features (default: found out, and printed)")
    add(
        "--skip-bad",
        action="store_true",
        help="leave out bad lines of --input and --table",
    )
    add("--out", type=Path, metavar="FILE", help="write there instead of printing")
    parser.add_common("--lang", "--limit", "--device", "--offline", "-v")
    return parser


def _command(options: argparse.Namespace) -> None:
    from morph.inflect import Inflector

    ask = _question(options)
    logging.basicConfig(
        level=logging.INFO if options.verbose else logging.WARNING,
        format="%(levelname)s: %(message)s",
        stream=sys.stderr,
    )
    inflector = Inflector.load(
        options.lang,
        model=options.model,
        newest=not options.no_model,
        table=options.table,
        columns=order_of_option(options.columns),
        skip_bad=options.skip_bad,
        device=options.device,
        beam=options.beam,
        offline=options.offline,
    )
    _write(ask(inflector, options), options.out)


def _question(options: argparse.Namespace) -> Ask:
    """What is asked, found out before anything is loaded."""
    kinds: dict[str, tuple[bool, Ask]] = {
        "LEMMA FEATURES": (options.lemma is not None, _one),
        "--input": (options.input is not None, _file),
        "--paradigm": (options.paradigm is not None, _paradigm),
        "--analyse": (options.analyse is not None, _analysis),
        "--calibrate": (options.calibrate, _calibration),
    }
    asked = [name for name, (given, _) in kinds.items() if given]
    if options.lang is None:
        raise InputError("expected a language, found none; give --lang, such as --lang sw")
    if len(asked) != 1:
        raise InputError(
            f"expected one of {', '.join(kinds)}, found {' and '.join(asked) or 'none'};"
            ' ask one thing, such as soma "V;PST;3;SG"'
        )
    if options.lemma is not None and options.features is None:
        raise InputError(
            f"expected LEMMA FEATURES, found {excerpt(options.lemma)} only; add the bundle, such"
            ' as "V;PST;3;SG", or ask for --paradigm'
        )
    if options.columns is not None and options.table is None:
        raise InputError("--columns: expected --table beside it, found none; give both, or neither")
    if options.beam < 1:
        raise InputError(f"--beam: expected 1 or more, found {options.beam}; raise it")
    return kinds[asked[0]][1]


def _one(inflector: Inflector, options: argparse.Namespace) -> Iterator[Row]:
    yield from _rows(inflector, [(options.lemma, options.features)], options.why)


def _file(inflector: Inflector, options: argparse.Namespace) -> Iterator[Row]:
    dropped = Counter[str]()
    items = list(islice(_questions(inflector, options, dropped), options.limit))
    yield from _rows(inflector, items, options.why)
    for reason, number in dropped.items():
        print(f"left out: {number} lines, {reason}", file=sys.stderr)


def _paradigm(inflector: Inflector, options: argparse.Namespace) -> Iterator[Row]:
    answers = inflector.paradigm(options.paradigm, options.pos)
    for bundle, answer in islice(answers.items(), options.limit):
        yield _row(options.paradigm, bundle, answer, options.why)


def _analysis(inflector: Inflector, options: argparse.Namespace) -> Iterator[Row]:
    found = inflector.analyse(options.analyse)
    for analysis in found:
        yield (options.analyse, analysis.lemma, analysis.features)
    if not found:
        yield (options.analyse, "-", "-")


def _calibration(inflector: Inflector, options: argparse.Namespace) -> Iterator[Row]:
    found = inflector.calibrate(_dev_triples(options))
    for name, value in found.figures.items():
        yield (name, f"{value:.2f}".removesuffix(".00"))


def _dev_triples(options: argparse.Namespace) -> Iterator[Triple]:
    """Fetched only when they are asked for."""
    from data.inflections.tables import load_triples
    from data.load import find_language

    language = find_language(options.lang, access=Access.of(options))
    yield from load_triples(language, "dev", access=Access.of(options)).triples[: options.limit]


def _questions(
    inflector: Inflector, options: argparse.Namespace, dropped: Counter[str]
) -> Iterator[tuple[str, str]]:
    """Checked lemmas and bundles of the input; blank lines are passed over."""
    for where, text in _lines(options.input):
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
                if not options.skip_bad:
                    raise
                _LOG.info("left out: %s", error)
                dropped[REFUSED] += 1
        else:
            reject(problem, where, skip_bad=options.skip_bad, dropped=dropped)


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
