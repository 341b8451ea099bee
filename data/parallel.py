"""Aligned sentences: a source, its translation, and the document that both stand in.

Three forms are read, each as a stream of `Pair`:

    pairs = read_aligned(Path("train.en"), Path("train.swa"))        # one sentence a line
    pairs = read_pairs_tsv(Path("pool.tsv"), "eng", "swa", "document")  # a table with a header
    pairs = read_tmx(Path("memory.tmx"), "en", "sw")                 # a translation memory

Identifiers are `prefix` and a number that counts from 1 and does not depend on what else is in
the file or is left out of it: the line, the row below the header, the translation unit.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any, NamedTuple

from data.errors import InputError
from data.lines import (
    SKIP_BAD,
    BadLineError,
    clean,
    counted,
    excerpt,
    listed,
    shows_nothing,
    tried_lines,
)
from data.tmx import Segment, language_tag, read_units
from data.tsv import read_header, read_tsv, write_tsv

# Reasons under which dropped pairs are counted; a blank text is empty.
EMPTY_SOURCE = "empty source"
EMPTY_TARGET = "empty target"
EMPTY_BOTH = "empty source and target"
NO_SOURCE = "unit without the source language"
NO_TARGET = "unit without the target language"
SAME_SEGMENT = "unit with one segment for both languages"


Line = str | BadLineError


@dataclass(frozen=True, slots=True)
class Pair:
    """A sentence and its translation; `document` is None where the data does not say."""

    id: str
    source: str
    target: str
    document: str | None = None


def read_aligned(
    source: Path,
    target: Path,
    *,
    documents: Path | None = None,
    prefix: str = "",
    skip_bad: bool = False,
    dropped: Counter[str] | None = None,
    repairs: Counter[str] | None = None,
    keep_replacement: bool = False,
) -> Iterator[Pair]:
    """Yield the pairs of two files whose lines correspond; line 7 has the id `prefix` + "7".

    The files are streamed, so that unequal lengths show when the shorter one ends.

    Args:
        documents: a third file with the document's name for every line.
        skip_bad: leave out pairs with an empty line or one that is no text, and count them in
            `dropped`. Empty lines at the end of the files are no pairs.
        repairs, keep_replacement: see `data.lines.read_lines`.

    Raises:
        InputError: different numbers of lines; an empty line; text that cannot be decoded.
    """
    paths = [source, target] if documents is None else [source, target, documents]
    readers = [
        tried_lines(path, repairs=repairs, keep_replacement=keep_replacement) for path in paths
    ]
    with counted(dropped, source, "dropped") as tally:
        for number, lines in _aligned(paths, readers):
            if fault := next((line for line in lines if isinstance(line, BadLineError)), None):
                if not skip_bad:
                    raise fault
                tally[fault.reason] += 1
                continue
            left, right, *third = map(str, lines)
            where = f"{source if shows_nothing(left) else target}:{number}"
            if _has_text(left, right, where, skip_bad=skip_bad, dropped=tally):
                document = _document(third, documents, number)
                yield Pair(f"{prefix}{number}", left, right, document)


def read_pairs_tsv(
    path: Path,
    source_column: str,
    target_column: str,
    document_column: str | None = None,
    *,
    prefix: str = "",
    skip_bad: bool = False,
    dropped: Counter[str] | None = None,
    repairs: Counter[str] | None = None,
) -> Iterator[Pair]:
    """Yield the pairs of a table with a header; the first row below it has the id "1".

    Raises:
        InputError: a column that the header does not have; what `data.tsv.read_tsv` refuses.
    """
    columns = read_header(path)
    source, target = (_column(path, columns, name) for name in (source_column, target_column))
    document = None if document_column is None else _column(path, columns, document_column)
    others = set(columns) - {source_column, target_column, document_column}
    rows = read_tsv(
        path,
        columns,
        header=True,
        empty=others,
        skip_bad=skip_bad,
        dropped=dropped,
        repairs=repairs,
    )
    for row in rows:
        name = None if document is None else row.cells[document]
        yield Pair(f"{prefix}{row.line - 1}", row.cells[source], row.cells[target], name)


def write_pairs_tsv(
    path: Path,
    pairs: Iterable[Pair],
    source_column: str,
    target_column: str,
    document_column: str | None = None,
) -> None:
    """Write a table that `read_pairs_tsv` reads back; ids are not written: rows count from 1.

    Raises:
        InputError: a text with a tab or a line end; a pair without a document where a column
            for it is asked for.
    """
    if document_column is None:
        columns: tuple[str, ...] = (source_column, target_column)
    else:
        columns = (document_column, source_column, target_column)
    rows = (_cells(path, pair, with_document=document_column is not None) for pair in pairs)
    write_tsv(path, columns, rows)


def read_tmx(
    path: Path,
    source_language: str,
    target_language: str,
    *,
    prefix: str = "",
    skip_bad: bool = False,
    dropped: Counter[str] | None = None,
    repairs: Counter[str] | None = None,
) -> Iterator[Pair]:
    """Yield the pairs of a translation memory (TMX 1.1 to 1.4b); unit 7 has the id "7".

    A language matches a segment's `xml:lang` in any case, exactly ("sw" and "SW") or else as
    its beginning ("sw" and "sw-KE"); the first such segment of a unit counts. What becomes of
    inline elements and line breaks stands in `data.tmx`. Units that lack a language are
    counted in `dropped`; with `skip_bad` so are those with an empty segment or with U+FFFD.

    Raises:
        InputError: what `data.tmx` refuses; an empty segment or U+FFFD without `skip_bad`; no
            unit that has both languages.
    """
    languages: set[str] = set()
    found = False
    with counted(dropped, path, "dropped") as tally, counted(repairs, path, "repaired") as mended:
        for number, unit in enumerate(read_units(path), 1):
            where = f"{path}: unit {number}"
            languages.update(segment.language for segment in unit)
            segments = _choose(unit, source_language, target_language, tally)
            if segments is not None:
                found = True
                try:
                    left, right = (clean(t, where, repairs=mended).strip(" ") for t in segments)
                except BadLineError as error:
                    if not skip_bad:
                        raise
                    tally[error.reason] += 1
                    continue
                if _has_text(left, right, where, skip_bad=skip_bad, dropped=tally):
                    yield Pair(f"{prefix}{number}", left, right)
    if not found:
        raise InputError(
            f"{path}: expected units in {source_language} and {target_language}, found the"
            f" languages: {listed(sorted(languages)) or 'none'}; choose two of them"
        )


def _has_text(
    source: str, target: str, where: str, *, skip_bad: bool, dropped: Counter[str]
) -> bool:
    """Whether both sides have text; if not, count the pair under its reason or raise."""
    reasons = {(True, False): EMPTY_SOURCE, (False, True): EMPTY_TARGET, (True, True): EMPTY_BOTH}
    reason = reasons.get((shows_nothing(source), shows_nothing(target)))
    if reason is None:
        return True
    if not skip_bad:
        raise InputError(
            f"{where}: expected a sentence on both sides, found {reason}; complete the pair",
            option=SKIP_BAD,
        )
    dropped[reason] += 1
    return False


def _aligned(
    paths: list[Path], readers: list[Iterator[tuple[int, Line]]]
) -> Iterator[tuple[int, list[Line]]]:
    """Yield (number, the lines of all files that have it); empty ones at the end are none.

    Raises:
        InputError: one file has text where another has ended.
    """
    seen = [0] * len(paths)
    empty: list[int] = []  # line numbers since the last text
    ended = False
    for lines in zip_longest(*readers):
        seen = [old if line is None else line[0] for old, line in zip(seen, lines, strict=True)]
        ended = ended or None in lines
        texts = [line[1] for line in lines if line is not None]
        if all(isinstance(text, str) and shows_nothing(text) for text in texts):
            empty.append(max(seen))
            continue
        if ended:
            raise _unequal(paths, readers, seen)
        for number in empty:
            yield number, [""] * len(paths)
        empty.clear()
        yield max(seen), texts


def _unequal(
    paths: list[Path], readers: list[Iterator[tuple[int, Line]]], seen: list[int]
) -> InputError:
    """The error that says how many lines each file has, once one of them has ended."""
    counts = [number + sum(1 for _ in reader) for number, reader in zip(seen, readers, strict=True)]
    return InputError(
        "expected files of as many lines each, found "
        + ", ".join(f"{path}: {count}" for path, count in zip(paths, counts, strict=True))
        + "; fetch or align them again"
    )


def _document(third: list[str], path: Path | None, number: int) -> str | None:
    if not third:
        return None
    if not third[0].strip():
        raise InputError(f"{path}:{number}: expected a document's name, found none; add it")
    return third[0]


def _column(path: Path, columns: tuple[str, ...], name: str) -> int:
    if name not in columns:
        found = listed(columns)
        raise InputError(
            f"{path}:1: expected a column {excerpt(name)}, found: {found}; choose one of them"
        )
    return columns.index(name)


def _cells(path: Path, pair: Pair, *, with_document: bool) -> tuple[str, ...]:
    if not with_document:
        return (pair.source, pair.target)
    if not pair.document:
        raise InputError(f"{path}: pair {pair.id} has no document; write without that column")
    return (pair.document, pair.source, pair.target)


def _choose(
    unit: list[Segment], source: str, target: str, dropped: Counter[str]
) -> tuple[str, str] | None:
    """The texts of the two languages, or None when the unit lacks one (counted)."""
    left, right = _find(unit, source), _find(unit, target)
    if left is None or right is None:
        dropped[NO_SOURCE if left is None else NO_TARGET] += 1
        return None
    if left is right:
        dropped[SAME_SEGMENT] += 1
        return None
    return left.text, right.text


def _find(unit: list[Segment], language: str) -> Segment | None:
    wanted = language_tag(language)
    exact = next((segment for segment in unit if segment.language == wanted), None)
    beginning = (segment for segment in unit if segment.language.startswith(f"{wanted}-"))
    return exact or next(beginning, None)


def _columns(path: Path) -> list[str]:
    return [column for column in read_header(path) if column != "document"]


def _table_pairs(path: Path, source: str, target: str, **counted: Any) -> Iterator[Pair]:
    document = "document" if "document" in read_header(path) else None
    return read_pairs_tsv(path, source, target, document, **counted)


def _languages(path: Path) -> list[str]:
    return sorted({segment.language for unit in read_units(path) for segment in unit})


class PairFormat(NamedTuple):
    """A form of files that hold sentences and their translations.

    Attributes:
        codes: the codes of the languages that a file has.
        pairs: called as `pairs(path, source, target, skip_bad=, dropped=, repairs=)` with two of
            them; yields the pairs, as `read_tmx` does.
        regional: whether a bare code also means its regions: `en` the segments in en-GB.
    """

    codes: Callable[[Path], list[str]]
    pairs: Callable[..., Iterator[Pair]]
    regional: bool = False


PAIR_FORMATS: dict[str, PairFormat] = {  # by the suffix, without that of a packed file
    ".tsv": PairFormat(_columns, _table_pairs),
    ".tmx": PairFormat(_languages, read_tmx, regional=True),
}


def register(suffix: str, form: PairFormat) -> None:
    """Add a form of parallel text: whatever takes a file of pairs reads it from then on.

    docs/CONTRIBUTING.md adds one step by step.

    Raises:
        ValueError: the suffix is taken, or is none (`.po`).
    """
    if not suffix.startswith(".") or suffix in PAIR_FORMATS:
        raise ValueError(f'pairs: expected a new suffix such as .po, found "{suffix}"')
    PAIR_FORMATS[suffix] = form
