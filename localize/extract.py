r"""The texts of documents in a table, and a filled table put back into the documents.

    python -m localize.extract docs --out segments.tsv
    python -m localize.extract docs --put segments.tsv --out translated

A row is a segment: its name, where it stands, what it is, its text with protected parts as marks
(⟦1⟧), and a column to translate into, which holds what a bilingual file (PO, XLIFF) has already. A
row whose target is empty or unchanged stays as it is; one whose marks are not the source's is
refused by its line. Nothing else of a document is touched.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from data.errors import InputError
from data.files import write_whole
from data.options import check, command, common, option
from localize.documents import form_names, read_document
from localize.documents.record import UNSURE, Document, Segment
from localize.files import documents, relative, target_of
from localize.marks import mask, mask_known, restore
from localize.texts import fingerprint, one_line, with_edges

COLUMNS = ("segment", "place", "kind", "source", "target")
MOST_FAULTS = 5  # lines in a message


@dataclass(frozen=True)
class ExtractConfig:
    """What is read, and what comes of it; the options of `python -m localize.extract`."""

    documents: Path | None = option(
        None, "a document, or a folder of them", flag="documents", metavar="PATH", required=True
    )
    format: str = option(
        "auto", "of the documents (default: their suffixes tell)", choices=form_names
    )
    only: tuple[str, ...] = option((), "paths in the folder, guide/*.md", metavar="PATTERN")
    comments: bool = option(False, "comments in code as well, those on lines of their own")
    sentences: str | None = option(
        None, "a row a sentence, cut as this language does: en, zh, am", metavar="LANG"
    )
    put: Path | None = option(None, "a filled table, to be put back into copies", metavar="FILE")
    out: Path | None = common("--out", help="the table; with --put, a folder (default: print it)")

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        check(self)
        if self.put and self.sentences:
            raise InputError("--sentences: only whole segments can be put back; leave it out")
        if self.put and not self.out:
            raise InputError("--out is missing: the folder that the documents are written to")


class Row(NamedTuple):
    """A row of the table; `COLUMNS` names what stands where."""

    segment: str
    place: str
    kind: str
    source: str
    target: str = ""


def segment_names(document: Document, path: str) -> list[str]:
    """A name for each segment: its path and its text's fingerprint, counted where they repeat."""
    seen, names = dict[str, int](), list[str]()
    for segment in document.segments:
        name = f"{path}#{fingerprint(segment.text)}"
        seen[name] = seen.get(name, 0) + 1
        names.append(name if seen[name] == 1 else f"{name}.{seen[name]}")
    return names


def rows(document: Document, path: str, sentences: str | None = None) -> Iterator[Row]:
    """The rows of a document.

    Args:
        sentences: the language by which segments are cut into sentences; None: whole segments.
    """
    from localize.sentences import split

    for place, name in enumerate(segment_names(document, path)):
        segment = document.segments[place]
        where = f"{path}:{document.line_of(place)}"
        if sentences is None:
            yield Row(name, where, segment.kind, *shown(segment))
            continue
        for number, sentence in enumerate(split(segment.text, sentences, segment.spans), 1):
            if sentence.strip():
                yield Row(f"{name}/{number}", where, segment.kind, one_line(sentence).strip())


def shown(segment: Segment) -> tuple[str, str]:
    """A segment's text and the translation that stands there, as a row of the table has them."""
    masked, parts = mask(segment.text, segment.spans)
    told = "" if segment.kind == UNSURE else mask_known(segment.target, parts)
    return _cell(one_line(masked)), _cell(one_line(told))


def filled(document: Document, path: str, targets: Mapping[str, tuple[str, str]]) -> bytes:
    """A document with the targets of a table.

    Args:
        targets: (where its row stands, the text) by the name of a segment.

    Raises:
        InputError: targets whose marks are not those of their source.
    """
    texts, faults = dict[int, str](), list[str]()
    for place, name in enumerate(segment_names(document, path)):
        if name not in targets:
            continue
        segment = document.segments[place]
        where, told = targets[name]
        if told == shown(segment)[1].strip():
            continue
        masked, parts = mask(segment.text, segment.spans)
        text, fault = restore(told, parts, masked)
        if fault:
            faults.append(f"{where}: {fault}")
        texts[place] = with_edges(text, segment.text) if document.bilingual else text
    if faults:
        more = f" (and {len(faults) - MOST_FAULTS} more)" if len(faults) > MOST_FAULTS else ""
        told = "; ".join(faults[:MOST_FAULTS])
        raise InputError(f"{told}{more}; write the marks ⟦1⟧ as they stand in the source")
    return document.rebuilt(texts)


def write_table(rows: Iterator[Row], out: Path | None) -> int:
    """Write rows as TSV, or print them; returns how many."""
    lines, count = ["\t".join(COLUMNS)], 0
    for row in rows:
        lines.append("\t".join(_cell(value) for value in row))
        count += 1
    if out is None:
        from runfolder.console import show

        for line in lines:
            show(line.encode("utf-8", "backslashreplace").decode())
    else:
        write_whole(out, ("\n".join(lines) + "\n").encode("utf-8", "backslashreplace"))
    return count


def _cell(value: str) -> str:
    return value.replace("\t", " ").replace("\n", " ").replace("\r", " ")


def read_targets(path: Path) -> dict[str, tuple[str, str]]:
    """The targets of a filled table: (path:line, text) by the name of a segment.

    Raises:
        InputError: no such file, other columns, a segment with two targets.
    """
    from data.bounded import read_text

    lines = read_text(path).split("\n")
    header = lines[0].rstrip("\r").split("\t")
    if not {"segment", "target"} <= set(header):
        raise InputError(
            f"{path}:1: expected the columns {', '.join(COLUMNS)}, found {', '.join(header)[:200]};"
            " take the table that localize.extract wrote"
        )
    name, target = header.index("segment"), header.index("target")
    found = dict[str, tuple[str, str]]()
    for number, line in enumerate(lines[1:], 2):
        cells = line.rstrip("\r").split("\t")
        if cells == [""]:
            continue
        if len(cells) != len(header):
            raise InputError(
                f"{path}:{number}: expected {len(header)} columns, found {len(cells)}; fix the line"
            )
        if not cells[target].strip():
            continue
        if found.get(cells[name], ("", cells[target]))[1] != cells[target]:
            raise InputError(
                f"{path}:{number}: another target for {cells[name]} than in"
                f" {found[cells[name]][0]}; keep one"
            )
        found[cells[name]] = f"{path}:{number}", cells[target].strip()
    return found


def _read(path: Path, config: ExtractConfig) -> Document:
    return read_document(path, config.format, comments=config.comments)


def extract(config: ExtractConfig) -> None:
    """Write the table of the documents' segments, or put a filled one back."""
    from runfolder.console import say, show

    root = config.documents or Path()  # the options ask for one
    paths = documents(root, config.only)
    if config.put is None:
        read = ((str(relative(p, root)), _read(p, config)) for p in paths)
        told = (row for name, document in read for row in rows(document, name, config.sentences))
        count = write_table(told, config.out)
        if config.out:
            show(f"wrote {config.out}: {count:,} rows of {len(paths):,} documents")
        return
    targets = read_targets(config.put)
    unknown, out = set(targets), config.out or Path()
    for path in paths:
        name, document = str(relative(path, root)), _read(path, config)
        unknown -= set(segment_names(document, name))
        write_whole(target_of(path, root, out), filled(document, name, targets))
    if unknown:
        first = min(unknown)
        say(
            f"note: {len(unknown):,} rows are of no segment of these documents, {first}"
            f" ({targets[first][0]}) for one: their source has changed since; they were left out"
        )
    show(f"wrote {out}: {len(paths):,} documents, {len(targets) - len(unknown):,} targets")


def main(argv: Sequence[str] | None = None) -> int:
    """The command line over `extract`."""
    return command("localize.extract", __doc__ or "", ExtractConfig, extract, argv)


if __name__ == "__main__":
    raise SystemExit(main())
