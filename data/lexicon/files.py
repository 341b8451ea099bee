"""Lexicons in files: any form that is known, told by its contents or named, and one to write.

    lexicon = read_lexicon(Path("en-sw.txt"), "en", "sw")             # says in the log: muse
    lexicon = read_lexicon(Path("kaikki.jsonl.gz"), "en", "sw", "wiktextract", skip_bad=True)
    write_lexicon(Path("lexicon.tsv"), lexicon)

A new form is a file beside this one and a row in `FORMATS`; docs/CONTRIBUTING.md adds one.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from data.errors import InputError
from data.languages import Language
from data.lexicon import (
    Lexicon,
    dictd,
    lift,
    pairs,
    panlex,
    ranked,
    sheet,
    table,
    toolbox,
    wiktextract,
)
from data.lexicon.freedict import FREEDICT_TAGS
from data.lexicon.reading import Entry, Reading, Sample, tag_of
from data.lexicon.table import OPTIONAL, names_columns
from data.lines import by_reason, read_lines
from data.tsv import counted, excerpt, write_tsv
from data.words import SCRIPTS, script_of_letter

_LOG = logging.getLogger(__name__)

SAMPLE_LINES = 100  # of which nine in ten must fit a form
SAMPLE_ENTRIES = 5000  # whose letters tell the script


class Format(NamedTuple):
    """A form of lexicons; data/lexicon/reading.py says what the functions do."""

    recognises: Callable[[Sample], bool]
    entries: Callable[[Path, Reading], Iterator[Entry]]
    description: str


FORMATS: dict[str, Format] = {
    "table": Format(table.recognises, table.entries, "TSV whose header names the languages"),
    "pairs": Format(pairs.recognises, pairs.entries, "TSV of two columns (GATITOS)"),
    "muse": Format(
        pairs.recognises_muse, pairs.muse_entries, "two words a line, a space between (MUSE)"
    ),
    "dictd": Format(dictd.recognises, dictd.entries, "index, and .dict.dz beside it (FreeDict)"),
    "panlex": Format(panlex.recognises, panlex.entries, "folder of PanLex's CSV export"),
    "wiktextract": Format(wiktextract.recognises, wiktextract.entries, "JSON lines (kaikki.org)"),
    "lift": Format(lift.recognises, lift.entries, "LIFT, which FLEx and WeSay export"),
    "toolbox": Format(toolbox.recognises, toolbox.entries, "Toolbox, in MDF's fields"),
    "sheet": Format(sheet.recognises, sheet.entries, "CSV or a spreadsheet, with a header"),
}


def register(name: str, form: Format) -> None:
    """Add a form; `read_lexicon`, `--lexicon-format` and the catalog know it from then on.

    Raises:
        ValueError: the name is taken.
    """
    if name in FORMATS:
        raise ValueError(f'lexicon format: "{name}" is there already; use another name')
    FORMATS[name] = form


def read_lexicon(
    path: Path,
    source: Language | str,
    target: Language | str,
    format: str | None = None,  # noqa: A002  the option's name on the command line
    *,
    skip_bad: bool = False,
    header: bool | None = None,
    name: str = "",
    repairs: Counter[str] | None = None,
) -> Lexicon:
    """Read a lexicon in any known form.

    Args:
        source, target: the languages, as records or as codes.
        format: a name in FORMATS; without it the contents tell, and the log says what they told.
        skip_bad: leave out bad records; `Lexicon.dropped` counts them by reason.
        header: whether the first line of a table names its columns; None: the file tells, and
            what told it is logged.
        name: the lexicon's name and its entries' origin; the file's name by default.
        repairs: receives the repairs of text by reason; without it they are logged.

    Raises:
        InputError: no such file; no known form, or several; a bad record; a lexicon of other
            languages, by its own header or its script; no entry at all.
    """
    if format is not None and format not in FORMATS:
        raise InputError(f'no lexicon format "{format}"; expected one of: {", ".join(FORMATS)}')
    left, right = (one if isinstance(one, str) else tag_of(one) for one in (source, target))
    chosen = format or recognise(path, (left, right), header, skip_bad=skip_bad)
    with counted(repairs, path, "repaired") as tally:
        reading = Reading(left, right, name or path.name, skip_bad, header, repairs=tally)
        lexicon = _lexicon(FORMATS[chosen], path, reading)
    _check_any(path, lexicon)
    _check_scripts(path, lexicon, reading)
    return lexicon


def _lexicon(form: Format, path: Path, reading: Reading) -> Lexicon:
    codes = reading.source, reading.target
    known = zip(reading.languages, codes, strict=True)
    source, target = (tag_of(language) if language else code for language, code in known)
    return ranked(form.entries(path, reading), source, target, reading.name, reading.dropped)


def recognise(
    path: Path,
    languages: tuple[str, str] = ("", ""),
    header: bool | None = None,
    *,
    skip_bad: bool = False,
) -> str:
    """The name of the form that a file or folder is in; the log says which.

    A table is one by its header, whatever its lines look like.

    Args:
        languages: the codes of those that are asked for, which tell a header.

    Raises:
        InputError: no form fits, or several; the message shows a line and names the option.
    """
    without_lines = path.is_dir() or (sheet.is_spreadsheet(path) and path.is_file())
    lines = [] if without_lines else _first_lines(path, skip_bad=skip_bad)
    sample = Sample(path, lines, languages, header)
    fitting = [name for name, one in FORMATS.items() if one.recognises(sample)]
    if "table" in fitting:
        fitting = ["table"]
    if len(fitting) != 1:
        found = f"line 1 is {excerpt(lines[0])}" if lines else "nothing to tell it by"
        raise InputError(
            f"{path}: expected one known form of lexicon, found"
            f" {' and '.join(fitting) or 'none'} ({found}); write it as two columns with a tab"
            " between",
            option="--lexicon-format",
            advice=f"name it with --lexicon-format: {', '.join(FORMATS)}",
        )
    _LOG.info("%s: read as %s, %s", path, fitting[0], FORMATS[fitting[0]].description)
    return fitting[0]


def read_dictd(
    index: Path,
    text: Path,
    source_language: str,
    target_language: str,
    *,
    name: str = "",
    tags: Mapping[str, str] = FREEDICT_TAGS,
    repairs: Counter[str] | None = None,
) -> Lexicon:
    """Read a FreeDict dictionary whose two files stand apart; see data.lexicon.dictd."""
    with counted(repairs, index, "repaired") as tally:
        reading = Reading(source_language, target_language, name, repairs=tally)
        entries = dictd.dictionary_entries(index, text, reading, tags)
        return ranked(entries, source_language, target_language, name, reading.dropped)


def write_lexicon(path: Path, lexicon: Lexicon) -> None:
    """Write a lexicon as a table that `read_lexicon` reads back entry by entry; it appears whole.

    Raises:
        InputError: an entry whose text would not come back as it is (tab, line end, not NFC,
            spaces at an end).
    """
    left, right = lexicon.source_language, lexicon.target_language
    columns = [left, right] if names_columns([left, right]) else ["source", "target"]
    write_tsv(path, [*columns, *OPTIONAL], _rows(path, lexicon.entries))


def _rows(path: Path, entries: Iterable[Entry]) -> Iterator[tuple[str, ...]]:
    for number, entry in enumerate(entries, 2):
        cells = (entry.source, entry.target, entry.origin)
        if any(cell != cell.strip() for cell in cells) or not (entry.source and entry.target):
            raise InputError(
                f"{path}:{number}: expected words without spaces at their ends, found"
                f" {excerpt(' | '.join(cells))}; strip them before writing"
            )
        yield entry.source, entry.target, entry.pos or "", str(entry.sense or ""), entry.origin


def _first_lines(path: Path, *, skip_bad: bool) -> list[str]:
    dropped = Counter[str]()
    lines = read_lines(path, repairs=Counter(), skip_bad=skip_bad, dropped=dropped)
    found = list(islice((line for _, line in lines if line.strip()), SAMPLE_LINES))
    if not found:
        blank = "only blank lines" if path.stat().st_size else "an empty file"
        reasons = by_reason(dropped)
        what = f"no line but: {reasons}" if reasons else blank
        raise InputError(f"{path}: expected a lexicon, found {what}; give another")
    return found


def _check_any(path: Path, lexicon: Lexicon) -> None:
    if lexicon.entries:
        return
    reasons = "; ".join(f"{reason} ({count})" for reason, count in lexicon.dropped.items())
    raise InputError(
        f"{path}: expected entries from {lexicon.source_language} to {lexicon.target_language},"
        f" found none{f' but: {reasons}' if reasons else ''}; give another file or other languages"
    )


def _check_scripts(path: Path, lexicon: Lexicon, reading: Reading) -> None:
    """Refuse a lexicon of which hardly a letter is in the script of the language asked for."""
    columns = (
        (entry.source for entry in lexicon.entries[:SAMPLE_ENTRIES]),
        (entry.target for entry in lexicon.entries[:SAMPLE_ENTRIES]),
    )
    for language, texts in zip(reading.languages, columns, strict=True):
        if language is None or language.script not in SCRIPTS.values():
            continue
        letters = Counter(script_of_letter(letter) for text in texts for letter in text)
        found = {script: count for script, count in letters.items() if script}
        total = sum(found.values())
        if total and found.get(language.script or "", 0) * 10 < total:
            script = max(found, key=lambda one: found[one])
            raise InputError(
                f"{path}: expected {language.name} in the script {language.script}, found"
                f" {found[script] * 100 // total} % of its letters in {script}; give another file,"
                f" or name the language {language.bcp47}-{script}"
            )
