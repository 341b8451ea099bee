"""How good a translation of documents is, and how much work it saves, document by document.

    python -m localize.score docs runs/docs-tr/documents tr --lang tr --out runs/docs-tr-score
    python -m localize.score docs before tr --lang tr      # what people changed since `before`

Three folders with the same names: the sources, the translation that is scored, and a person's.
Their segments are paired by their source. The run's folder gets `scores.json` (BLEU, chrF++, HTER,
work saved, untouched; for the sources copied as well), `segments.jsonl`, `report.html` and a page
"before and after" for each document in `pages/`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from data.bounded import parse_json, read_text
from data.errors import InputError
from data.files import canonical_json, sha256_file, write_whole
from data.languages import Language, resolve
from data.options import check, command, command_line, common, identity_of, option, to_json
from localize.alignment import align, traits_of
from localize.documents import read_document
from localize.documents.record import Document
from localize.files import documents, relative, target_of
from localize.texts import key, one_line
from localize.work import UNTOUCHED, WorkSaved, differences
from metrics.score import Score
from metrics.translation import Metric, metric, score_from_statistics, segment_statistics
from runfolder.folder import RunKind, run_folder

KIND = RunKind(
    "localize.score",
    {"documents": {str: [str]}},
    ("scores.json",),
    begun=("segments.jsonl", "pages", "report.html"),
    packages=("sacrebleu", "rapidfuzz"),
)
SYSTEMS = ("model", "copy")
SUFFIX = ".html"


@dataclass(frozen=True)
class ScoreConfig:
    """What is scored against what; the options of `python -m localize.score`."""

    source: Path | None = option(
        None, "the documents, a folder or one file", flag="source", metavar="SOURCE", required=True
    )
    translation: Path | None = option(
        None, "what is scored", flag="translation", metavar="TRANSLATION", required=True
    )
    reference: Path | None = option(
        None, "a person's translation", flag="reference", metavar="REFERENCE", required=True
    )
    source_lang: str = option("en", "language of the sources (default en)", metavar="LANG")
    lang: str | None = common("--lang", help="language of the translations", required=True)
    only: tuple[str, ...] = option((), "paths in the folder, guide/*.md", metavar="PATTERN")
    label: str = option("the translation", "what is scored, by name", metavar="NAME")
    seed: int = common("--seed")
    out: Path | None = common("--out", identity=False)

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        check(self)


@dataclass(frozen=True, slots=True)
class Compared:
    """A text of a document three times, on one line each, and where its source stands."""

    place: str
    source: str
    before: str
    after: str


@dataclass
class Scored:
    """A document: its segments, and its figures by system."""

    name: str
    segments: list[Compared]
    scores: dict[str, tuple[Score, ...]] = field(default_factory=dict)


def compared(
    source: Document, translation: Document, reference: Document, name: str
) -> Iterator[Compared]:
    """The segments of a person's translation with what was there before.

    Two segments of the source that are one for the person are one text. What the person left out,
    or put in, is not compared.
    """
    traits = traits_of(source)
    there = {
        place: [translation.translation(at) for at in bead.target]
        for bead in align(traits, traits_of(translation))
        for place in bead.source[:1]
    }
    if len(source.segments) == len(translation.segments):
        there = {at: [translation.translation(at)] for at in range(len(source.segments))}
    for bead in align(traits, traits_of(reference)):
        if bead.source and bead.target:
            before = [text for place in bead.source for text in there.get(place, [])]
            texts = (
                [source.segments[place].text for place in bead.source],
                before,
                [reference.translation(place) for place in bead.target],
            )
            told = (" ".join(map(one_line, side)) for side in texts)
            yield Compared(f"{name}:{source.line_of(bead.source[0])}", *told)


def metrics_of(language: Language) -> tuple[Metric, ...]:
    """What is measured."""
    named = (metric(name, target_language=language.bcp47) for name in ("BLEU", "chrF++", "TER"))
    return (*named, WorkSaved(), UNTOUCHED)


def score_documents(config: ScoreConfig) -> list[Scored]:
    """Each document with its figures; the last one, "", is all of them together.

    Raises:
        InputError: no such folder, or no document that all three have.
    """
    found, missing = list[Scored](), list[str]()
    root = config.source or Path()
    sides = config.translation or Path(), config.reference or Path()
    for path in documents(root, config.only):
        paths = [target_of(path, root, side) for side in sides]
        if not all(one.is_file() for one in paths):
            missing.append(str(next(one for one in paths if not one.is_file())))
            continue
        name = relative(path, root).as_posix()
        read = [read_document(one) for one in (path, *paths)]
        segments = list(compared(read[0], read[1], read[2], name))
        if segments:
            found.append(Scored(name, segments))
    if not found:
        first = missing[0] if missing else sides[1]
        raise InputError(
            f"{first}: no such file, and no other document is in all three folders; give folders"
            " whose files have the names of the sources"
        )
    chosen = metrics_of(resolve(config.lang or ""))
    found.append(Scored("", [one for document in found for one in document.segments]))
    rows = {system: _rows(chosen, found[-1].segments, system) for system in SYSTEMS}
    start = 0
    for document in found:
        start = 0 if not document.name else start
        stop = start + len(document.segments)
        document.scores = {
            system: tuple(
                score_from_statistics(one, rows[system][number][start:stop], seed=config.seed)
                for number, one in enumerate(chosen)
            )
            for system in SYSTEMS
        }
        start = stop
    return found


def _rows(
    chosen: Sequence[Metric], segments: Sequence[Compared], system: str
) -> list[list[list[int | float]]]:
    texts = [one.source if system == "copy" else one.before for one in segments]
    references = [one.after for one in segments]
    return [segment_statistics(one, texts, references) for one in chosen]


def score(config: ScoreConfig) -> tuple[Path, list[Scored]]:
    """Score all documents into a run's folder.

    Raises:
        InputError: as `score_documents`.
    """
    found = score_documents(config)
    language = resolve(config.lang or "")
    identity = {**_identity(config), "documents": _sums(config, found)}
    options = to_json(config)
    what = f"localize-score-{language.bcp47}"
    with run_folder(KIND, what, identity, out=config.out, options=options) as run:
        lines = (canonical_json(_storable(one)) + "\n" for one in found[-1].segments)
        write_whole(run.folder / "segments.jsonl", "".join(lines))
        _pages(run.folder, config, found)
        write_whole(run.folder / "scores.json", canonical_json(_content(config, found)) + "\n")
        return run.folder, found


def read_segments(folder: Path) -> list[Compared]:
    """The texts of a run's documents.

    Raises:
        InputError: no such file, or a damaged one.
    """
    shape = {"place": str, "source": str, "before": str, "after": str}
    path = folder / "segments.jsonl"
    found = [
        parse_json(line, f"{path}:{number}", shape)
        for number, line in enumerate(read_text(path).splitlines(), 1)
    ]
    return [Compared(**one) for one in found]


def _storable(one: Compared) -> dict[str, str]:
    told = {"place": one.place, "source": one.source, "before": one.before, "after": one.after}
    return {name: text.encode("utf-8", "backslashreplace").decode() for name, text in told.items()}


def _identity(config: ScoreConfig) -> dict[str, Any]:
    told = identity_of(config)
    return {name: told[name] for name in ("source_lang", "lang", "label", "seed") if name in told}


def _sums(config: ScoreConfig, found: Sequence[Scored]) -> dict[str, list[str]]:
    roots = [side or Path() for side in (config.source, config.translation, config.reference)]
    return {
        one.name: [sha256_file(root if root.is_file() else root / one.name)[:16] for root in roots]
        for one in found
        if one.name
    }


def _content(config: ScoreConfig, found: Sequence[Scored]) -> dict[str, Any]:
    """scores.json, in the form of `icl.eval`'s: the app and other readers know it."""
    direction = f"{resolve(config.source_lang).bcp47}-{resolve(config.lang or '').bcp47}"
    labels = {"model": config.label, "copy": "copy the source"}
    results = [
        {
            "system": system,
            "label": labels[system],
            "direction": direction,
            "scores": [one.to_dict() for one in found[-1].scores[system]],
        }
        for system in SYSTEMS
    ]
    by_document = {
        one.name: {system: [s.to_dict() for s in told] for system, told in one.scores.items()}
        for one in found[:-1]
    }
    note = (
        "work saved: characters of the reference in words that the translation has; the reference"
        " is what a person made of it only where the person corrected this translation"
    )
    return {"results": results, "documents": by_document, "notes": [note]}


def _pages(folder: Path, config: ScoreConfig, found: Sequence[Scored]) -> None:
    from runfolder.page import language_attributes, write_page

    languages = {
        "source": language_attributes(resolve(config.source_lang)),
        "target": language_attributes(resolve(config.lang or "")),
    }
    line = command_line("localize.score", config)
    for one in found[:-1]:
        write_page(
            folder / "pages" / f"{one.name}{SUFFIX}",
            "localize",
            "changes.html.j2",
            title=f"{one.name}: before and after",
            command=line,
            rows=[(part, differences(part.before, part.after)) for part in one.segments],
            scores=one.scores["model"],
            changed=sum(key(part.before) != key(part.after) for part in one.segments),
            **languages,
        )
    write_page(
        folder / "report.html",
        "localize",
        "score.html.j2",
        title=f"Translation into {languages['target']['name']}, scored",
        command=line,
        settings=to_json(config),
        label=config.label,
        documents=found[:-1],
        all=found[-1],
        suffix=SUFFIX,
    )


def _table(found: Sequence[Scored]) -> list[list[str]]:
    names = [one.name for one in found[-1].scores["model"]]
    rows = [["document", "segments", *names]]
    for one in found:
        told = [f"{s.value:.1f} [{s.low:.1f}, {s.high:.1f}]" for s in one.scores["model"]]
        rows.append([one.name or "all", f"{len(one.segments):,}", *told])
    copied = [f"{s.value:.1f} [{s.low:.1f}, {s.high:.1f}]" for s in found[-1].scores["copy"]]
    return [*rows, ["source copied", f"{len(found[-1].segments):,}", *copied]]


def run(config: ScoreConfig) -> None:
    """The command: score, write, print the table."""
    from runfolder.console import aligned, show

    folder, found = score(config)
    for line in aligned(_table(found)):
        show(line)
    show(f"wrote {folder}: report.html, pages/, scores.json, segments.jsonl")


def main(argv: Sequence[str] | None = None) -> int:
    """The command line over `score`."""
    return command("localize.score", __doc__ or "", ScoreConfig, run, argv)


__all__ = ["Compared", "Scored", "main", "score", "score_documents"]

if __name__ == "__main__":
    raise SystemExit(main())
