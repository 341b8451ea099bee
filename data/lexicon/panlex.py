"""PanLex's CSV export: a folder of tables from which the lexicon of two languages is joined.

    langvar.csv       id, lang_code, var_code, ...     varieties: eng, swh in ISO 639-3
    expr.csv          id, langvar, txt, ...            expressions: words and phrases
    denotation.csv    id, meaning, expr, ...           an expression has a meaning
    meaning.csv       id, source, ...                  a meaning belongs to one source
    source.csv        id, quality, grp, ...            sources have a quality, 0-9, and a group

This is the layout of `panlex-YYYYMMDD-csv.zip`, unpacked; columns are found by name, their order
and others beside them do not matter. Two expressions of one meaning translate each other. A
translation scores the sum of its sources' qualities, of related sources (one group) the best
counting; the highest score ranks first, ties stand in the order of the ids. Without meaning.csv
and source.csv every meaning counts 1.

All varieties of a language count, whatever their script. The large tables are streams that are
read twice: memory is that of the smaller language's meanings and of the ids of the larger one.
"""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path

from data.errors import InputError
from data.lexicon.reading import Entry, Reading, Sample, language_or_none
from data.lines import excerpt
from data.tsv import WRONG_COLUMNS

NEEDED = ("langvar.csv", "expr.csv", "denotation.csv")

_QUALITIES = frozenset("0123456789")
Meanings = dict[str, tuple[list[str], list[str]]]  # the expressions of both sides, by meaning
Ids = tuple[str, str]
Scores = dict[Ids, dict[str, int]]  # (source expression, target expression): quality by group


def recognises(sample: Sample) -> bool:
    """Whether a folder holds the three tables that are needed."""
    return sample.path.is_dir() and all((sample.path / name).exists() for name in NEEDED)


def entries(path: Path, reading: Reading) -> Iterator[Entry]:
    """Yield the entries, headwords in the order of their ids, the best translation first.

    Raises:
        InputError: a table or column is not there; a row has another number of cells; PanLex has
            no variety of one of the languages.
    """
    sides = [_varieties(path, code, reading) for code in (reading.source, reading.target)]
    shared = _shared_meanings(path, _ids(path, sides, reading), reading)
    scores = _scores(path, shared, reading)
    texts = _texts(path, {key for pair in scores for key in pair}, reading)
    order = sorted(
        scores,
        key=lambda pair: (_number(pair[0]), -sum(scores[pair].values()), _number(pair[1])),
    )
    for left, right in order:
        (line, source), (_, target) = texts[left], texts[right]
        entry = reading.entry(f"{path / 'expr.csv'}:{line}", source, target)
        if entry:
            yield entry


def _varieties(path: Path, code: str, reading: Reading) -> set[str]:
    """The ids of a language's varieties."""
    wanted = language_or_none(code)
    known: dict[str, bool] = {}
    found = set()
    for _, (key, lang_code) in _rows(path / "langvar.csv", ("id", "lang_code"), reading):
        if lang_code not in known:
            other = language_or_none(lang_code)
            known[lang_code] = bool(other and wanted and other.same_language(wanted))
        if known[lang_code]:
            found.add(key)
    if not found:
        raise InputError(
            f"{path / 'langvar.csv'}: expected a variety of {wanted.name if wanted else code},"
            f" found none among {len(known)} languages; give other languages"
        )
    return found


def _number(key: str) -> tuple[int, str]:
    """A key under which ids sort as the numbers that they are."""
    return len(key), key


def _ids(path: Path, sides: Sequence[set[str]], reading: Reading) -> tuple[set[str], set[str]]:
    """The ids of the expressions in the varieties of each side."""
    found: tuple[set[str], set[str]] = (set(), set())
    for _, (key, variety) in _rows(path / "expr.csv", ("id", "langvar"), reading):
        for side in (0, 1):
            if variety in sides[side]:
                found[side].add(key)
    return found


def _shared_meanings(path: Path, ids: tuple[set[str], set[str]], reading: Reading) -> Meanings:
    """The meanings that both sides express; the smaller side tells which to look at."""
    small = 0 if len(ids[0]) <= len(ids[1]) else 1
    table, columns = path / "denotation.csv", ("meaning", "expr")
    found: Meanings = defaultdict(lambda: ([], []))
    for _, (meaning, expression) in _rows(table, columns, reading):
        if expression in ids[small]:
            found[meaning][small].append(expression)
    for _, (meaning, expression) in _rows(table, columns, _once_more(reading)):
        if meaning in found and expression in ids[1 - small]:
            found[meaning][1 - small].append(expression)
    return {meaning: both for meaning, both in found.items() if both[1 - small]}


def _texts(path: Path, ids: set[str], reading: Reading) -> dict[str, tuple[int, str]]:
    """The line and the text of some expressions, by id."""
    rows = _rows(path / "expr.csv", ("id", "txt"), _once_more(reading))
    return {key: (line, text) for line, (key, text) in rows if key in ids}


def _once_more(reading: Reading) -> Reading:
    """The same reading for a table that has been read before: its bad rows have been counted."""
    return replace(reading, dropped=Counter(), repairs=Counter())


def _scores(path: Path, shared: Meanings, reading: Reading) -> Scores:
    """How well each pair of expressions is attested: the best quality in each group of sources."""
    attested = _qualities(path, shared, reading)
    scores: Scores = {}
    for meaning, (left, right) in shared.items():
        group, quality = attested.get(meaning, (meaning, 1))
        for pair in product(left, right):
            best = scores.setdefault(pair, {})
            best[group] = max(best.get(group, 0), quality)
    return scores


def _qualities(
    path: Path, meanings: Mapping[str, object], reading: Reading
) -> dict[str, tuple[str, int]]:
    """(group, quality) of the source of each meaning; empty without the two tables."""
    tables = path / "source.csv", path / "meaning.csv"
    if not all(table.exists() for table in tables):
        return {}
    sources = {
        key: (group or key, int(quality) if quality in _QUALITIES else 0)
        for _, (key, quality, group) in _rows(tables[0], ("id", "quality", "grp"), reading)
    }
    return {
        meaning: sources[source]
        for _, (meaning, source) in _rows(tables[1], ("id", "source"), reading)
        if meaning in meanings and source in sources
    }


def _rows(
    path: Path, columns: Sequence[str], reading: Reading
) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Yield (line, cells) of the named columns of a CSV table."""
    lines = (f"{line}\n" for _, line in reading.lines(path))
    table = csv.reader(lines, strict=True)
    try:
        header = next(table, [])
        places = [_place(path, header, name) for name in columns]
        for row in table:
            if len(row) == len(header):
                yield table.line_num, tuple(row[place] for place in places)
            else:
                what = (
                    f"expected {len(header)} columns, found {len(row)} ({excerpt(','.join(row))})"
                )
                reading.reject((WRONG_COLUMNS, what), f"{path}:{table.line_num}")
    except csv.Error as error:
        raise InputError(
            f"{path}:{table.line_num}: expected CSV, found: {error}; fetch the export again"
        ) from error


def _place(path: Path, header: Sequence[str], name: str) -> int:
    if name not in header:
        raise InputError(
            f"{path}:1: expected a column {name}, found {excerpt(','.join(header))};"
            " give the folder of PanLex's CSV export"
        )
    return header.index(name)
