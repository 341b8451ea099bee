"""The command line of `python -m data.lexicon`: one function a subcommand."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from data.access import Access
from data.cli import Parser, run
from data.errors import InputError
from data.files import canonical_json
from data.languages import Language
from data.lexicon import Filter, Lexicon

if TYPE_CHECKING:
    from data.lexicon.coverage import Coverage


SHOWN = 20


def main(argv: Sequence[str] | None = None) -> int:
    """The command line: show, convert, coverage."""
    parser = Parser("data.lexicon", "Bilingual lexicons: look into them, convert them, measure.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="show|convert|coverage")
    show = commands.add_parser("show", help="size, parts of speech, what was left out; or words")
    show.add_argument("words", nargs="*", metavar="WORD", help="look these up")
    convert = commands.add_parser("convert", help="read any form, filter, merge, write a table")
    convert.add_argument("--out", type=Path, required=True, help="file to write (TSV)")
    for command in (show, convert):
        _add_filters(command)
    coverage = commands.add_parser("coverage", help="how much of a text a lexicon knows")
    _add_coverage(coverage)
    for command in (show, convert, coverage):
        _add_lexicon(command)
        command.add_common("--lang", "--offline", "-v")
    return run(parser, _run, argv)


def _add_lexicon(command: Parser) -> None:
    from data.lexicon.files import FORMATS

    command.add_argument("--other", default="en", help="the lexicon's other language (default en)")
    command.add_argument(
        "--lexicon",
        action="append",
        metavar="NAME|FILE",
        help="gatitos, freedict, sample, a file; given several times, earlier ones come first"
        " (default: the best at hand)",
    )
    command.add_argument(
        "--lexicon-format", choices=tuple(FORMATS), help="default: the contents tell"
    )
    command.add_argument(
        "--lexicon-header",
        choices=("yes", "no"),
        help="whether the first line names the columns (default: seen from the file, and said)",
    )
    command.add_argument("--skip-bad", action="store_true", help="leave out bad lines, counted")


def _add_filters(command: Parser) -> None:
    command.add_argument("--pos", action="append", metavar="TAG", help="only these, and untagged")
    command.add_argument("--max-senses", type=int, metavar="N", help="first senses of a headword")
    command.add_argument("--max-translations", type=int, metavar="N", help="first translations")
    command.add_argument("--max-words", type=int, metavar="N", help="on either side")
    command.add_argument("--no-digits", action="store_true", help="no entry with a digit")
    command.add_argument(
        "--no-copies", action="store_true", help="no target that equals its source"
    )
    command.add_argument("--no-affixes", action="store_true", help="no prefix or suffix")
    command.add_argument("--respell", action="store_true", help="correct look-alike characters")
    command.add_argument("--inverted", action="store_true", help="from --lang to --other")


def _add_coverage(command: Parser) -> None:
    command.add_argument(
        "--corpus",
        required=True,
        metavar="NAME|FILE",
        help="ntrex-128, lafand, masakhapos ..., a .tsv or .tmx of pairs, or text (.gz too)",
    )
    command.add_argument("--split", help="of a data set; its test part by default")
    command.add_argument(
        "--side",
        choices=("source", "target"),
        default="target",
        help="target (default): the text is in --lang; source: in --other",
    )
    command.add_argument("--lemmatise", action="store_true", help="try base forms as well")
    command.add_argument(
        "--lemmas",
        type=Path,
        metavar="FILE",
        help="of morph.analyse: base forms that no table has, with --lemmatise",
    )
    command.add_argument("--format", choices=("table", "tsv", "json"), default="table")
    command.add_argument("--most", type=int, default=SHOWN, help="missing words (default 20)")
    command.add_common("--limit")


def _run(options: argparse.Namespace) -> int:
    if options.lang is None:
        raise InputError("expected a language, found none; give --lang, such as --lang wo")
    return {"show": _show, "convert": _convert, "coverage": _coverage}[options.command](options)


def _show(options: argparse.Namespace) -> int:
    lexicon = _chosen(options)
    if options.words:
        for word in options.words:
            found = lexicon.lookup(word)
            for entry in found:
                print(word, entry.target, entry.pos or "-", entry.sense or "-", sep="\t")
            if not found:
                print(word, "-", sep="\t")
        return 0
    headwords = len({entry.source for entry in lexicon.entries})
    print(f"{'lexicon':20}{lexicon.name}, {lexicon.source_language}-{lexicon.target_language}")
    print(f"{'entries':20}{len(lexicon):,} of {headwords:,} headwords")
    tags = Counter(entry.pos or "none" for entry in lexicon.entries)
    print(f"{'part of speech':20}{', '.join(f'{tag} {n:,}' for tag, n in tags.most_common())}")
    _print_counts("left out", lexicon.dropped)
    for entry in lexicon.entries[:SHOWN]:
        print(f"  {entry.source}\t{entry.target}\t{entry.pos or '-'}")
    return 0


def _convert(options: argparse.Namespace) -> int:
    from data.lexicon.files import write_lexicon

    lexicon = _chosen(options)
    write_lexicon(options.out, lexicon)
    print(f"{'written':20}{len(lexicon):,} entries to {options.out}")
    _print_counts("left out", lexicon.dropped)
    return 0


def _chosen(options: argparse.Namespace) -> Lexicon:
    """The lexicon or lexicons asked for, spelt and filtered as asked."""
    from data.lexicon.filters import respelt

    target, source = _languages(options)
    lexicon = _load(options, source, target)
    if options.respell:
        changes: Counter[str] = Counter()
        lexicon = respelt(lexicon, changes)
        _print_counts("respelt", changes)
    lexicon = lexicon.filtered(*_filters(options))
    return lexicon.inverted() if options.inverted else lexicon


def _filters(options: argparse.Namespace) -> Iterator[Filter]:
    from data.lexicon import filters

    if options.pos:
        yield filters.pos_in(options.pos)
    if options.no_digits:
        yield filters.without_digits()
    if options.no_copies:
        yield filters.not_copies()
    if options.no_affixes:
        yield filters.whole_words()
    for number, make in (
        (options.max_words, filters.words_at_most),
        (options.max_senses, filters.senses_at_most),
        (options.max_translations, filters.translations_at_most),
    ):
        if number is not None:
            yield make(number)


def _languages(options: argparse.Namespace) -> tuple[Language, Language]:
    from data.load import find_language

    found = [find_language(one, access=Access.of(options)) for one in (options.lang, options.other)]
    return found[0], found[1]


def _load(options: argparse.Namespace, source: Language, target: Language) -> Lexicon:
    from data.lexicon.filters import merge
    from data.lexicon.load import HEADER, load_lexicon

    lexicons = [
        load_lexicon(
            source,
            target,
            name=name,
            format=options.lexicon_format,
            header=HEADER[options.lexicon_header],
            skip_bad=options.skip_bad,
            access=Access.of(options),
        )
        for name in options.lexicon or [None]
    ]
    return lexicons[0] if len(lexicons) == 1 else merge(lexicons)


def _print_counts(title: str, counts: Mapping[str, int]) -> None:
    for reason, count in counts.items():
        print(f"{title:20}{count:,} {reason}")


def _coverage(options: argparse.Namespace) -> int:
    from data.lexicon.coverage import corpus_lines, coverage
    from data.lexicon.lemmas import lemmatizer_for

    if options.lemmas is not None and not options.lemmatise:
        raise InputError("--lemmas: expected --lemmatise beside it, found none; give both")
    language, other = _languages(options)
    if options.side == "source":
        text, lexicon = other, _load(options, other, language)
    elif any(Path(name).exists() for name in options.lexicon or ()):
        text, lexicon = language, _load(options, other, language).inverted()
    else:
        text, lexicon = language, _load(options, language, other)
    lines = islice(corpus_lines(options, language, other), options.limit)
    title = f"{options.corpus}, {text.name}"
    lemmas = None
    if options.lemmatise:
        access = Access.of(options)
        lemmatizer = lemmatizer_for(text, lexicon, lemmas=options.lemmas, access=access)
        lemmas, title = lemmatizer.lemmas, f"{title}, lemmas by {lemmatizer.name}"
    found = coverage(lines, lexicon, lemmas=lemmas, most_missing=options.most)
    show = {"table": _print_table, "tsv": _print_tsv, "json": _print_json}[options.format]
    show(found, title)
    return 0


def _figures(found: Coverage) -> Iterator[tuple[str, int, int, float, int | None, float | None]]:
    for unit, share in (("tokens", found.tokens), ("types", found.types)):
        after = share.percent(lemmatised=True)
        yield unit, share.total, share.exact, share.percent() or 0.0, share.with_lemmas, after


def _print_table(found: Coverage, corpus: str) -> None:
    print(f"{found.lexicon} on {corpus}: {found.lines:,} lines")
    more = "" if found.tokens.with_lemmas is None else f"{'with lemmas':>13}{'%':>7}"
    print(f"{'':8}{'all':>10}{'known':>10}{'%':>7}{more}")
    for unit, total, known, percent, lemmatised, after in _figures(found):
        more = "" if lemmatised is None else f"{lemmatised:>13,}{after or 0:>7.1f}"
        note = "" if unit == "tokens" or found.all_types else "  (the first ones of the text)"
        print(f"{unit:8}{total:>10,}{known:>10,}{percent:>7.1f}{more}{note}")
    print(f"tokens in phrases of several words: {found.in_phrases:,}")
    missing = ", ".join(f"{word} {count:,}" for word, count in found.missing)
    print(f"most wanted: {missing or 'none'}")


def _print_tsv(found: Coverage, corpus: str) -> None:
    columns = ("lexicon", "corpus", "unit", "all", "known", "percent", "lemmas", "percent_lemmas")
    print(*columns, sep="\t")
    for unit, total, known, percent, lemmatised, after in _figures(found):
        more = ("", "") if lemmatised is None else (lemmatised, f"{after or 0:.2f}")
        print(found.lexicon, corpus, unit, total, known, f"{percent:.2f}", *more, sep="\t")


def _print_json(found: Coverage, corpus: str) -> None:
    figures = asdict(found)
    for unit, share in (("tokens", found.tokens), ("types", found.types)):
        after = share.percent(lemmatised=True)
        figures[unit] = {**share._asdict(), "percent": share.percent(), "percent_lemmas": after}
    print(canonical_json({**figures, "corpus": corpus}))


if __name__ == "__main__":
    raise SystemExit(main())
