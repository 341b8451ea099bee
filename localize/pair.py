"""Parallel text out of documents and their translations: paragraphs, or the sentences in them.

    python -m localize.pair docs tr --source-lang en --lang tr --out pairs.tsv
    python -m localize.pair docs tr --lang tr --unit sentence --out pairs.tmx --page pairs.html
    python -m localize.pair book book --source-suffix _origin --lang tr --out pairs.csv

Segments are aligned by their lengths, their kinds, and what both sides share: mathematics, roles,
links, numbers, labels, names; with --lexicon the translations of words as well, with --embedder the
vectors of an encoder (plain texts share little else). Each pair has a
score from 0 to 1; the page shows the doubtful ones first. The suffix of --out says its form: .tsv,
.csv (as Amazon Translate takes parallel data), .tmx.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import escape, quoteattr

from data.access import Access
from data.errors import InputError
from data.files import write_whole
from data.languages import Language, resolve
from data.options import check, command, common, option
from localize.alignment import Bead, Meanings, align, no_meanings, text_trait, traits_of
from localize.documents import read_document
from localize.documents.record import Document
from localize.files import documents, relative
from localize.sentences import split
from localize.texts import one_line
from localize.vectors import Embed, Side

UNITS = ("paragraph", "sentence")
SUFFIXES = (".tsv", ".csv", ".tmx")
HEADER = ("document", "source line", "target line", "score", "source", "target")
MOST_SHOWN = 2000  # pairs of a page


@dataclass(frozen=True)
class PairConfig:
    """What is paired with what; the options of `python -m localize.pair`."""

    source: Path | None = option(
        None, "the documents, a folder or one file", flag="source", metavar="SOURCE", required=True
    )
    target: Path | None = option(
        None, "their translation", flag="target", metavar="TARGET", required=True
    )
    source_lang: str = option("en", "language of the sources (default en)", metavar="LANG")
    lang: str | None = common("--lang", help="language of the translation", required=True)
    only: tuple[str, ...] = option((), "paths in the folder, guide/*.md", metavar="PATTERN")
    source_suffix: str = option(
        "", "sources lie beside the translations: X_origin.md beside X.md", metavar="TEXT"
    )
    unit: str = option("paragraph", "what a pair is", choices=UNITS)
    lexicon: str | None = option(
        None, "counts translations of words: auto, a catalog name, a file", metavar="NAME"
    )
    embedder: str | None = option(
        None,
        "an encoder whose vectors are compared too: multilingual-e5-small, a folder",
        metavar="MODEL",
    )
    least: float = option(0.0, "score below which a pair is left out", least=0, most=1)
    page: Path | None = option(None, "a page with the pairs, doubtful ones first", metavar="FILE")
    out: Path | None = common("--out", help="the file: .tsv, .csv or .tmx", required=True)
    offline: bool = common("--offline")

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        check(self)
        if self.out and self.out.suffix.lower() not in SUFFIXES:
            raise InputError(f"--out {self.out}: expected a name in {', '.join(SUFFIXES)}")


class Paired(NamedTuple):
    """A pair: where both sides begin in their files, how sure it is, and the texts on one line."""

    document: str
    source_line: int
    target_line: int
    score: float
    source: str
    target: str


@dataclass(frozen=True)
class Pairing:
    """What was paired.

    Attributes:
        alone: segments of either side that have no partner.
        missing: documents without a translation.
    """

    pairs: tuple[Paired, ...]
    alone: tuple[int, int]
    missing: tuple[str, ...]


def score_of(bead: Bead) -> float:
    """How sure a bead is, from 0 to 1, by its cost for each segment in it.

    >>> round(score_of(Bead((0,), (0,), -4.0)), 2), round(score_of(Bead((0,), (0,), 4.0)), 2)
    (1.0, 0.12)
    """
    return 1 / (1 + math.exp(min(bead.cost - 2.0, 50.0)))


def pair_documents(
    source: Document,
    target: Document,
    name: str = "",
    meanings: Meanings = no_meanings,
    sides: tuple[Side, Side] | None = None,
) -> tuple[list[Paired], tuple[int, int]]:
    """The pairs of paragraphs of two documents, and how many on either side are alone.

    Args:
        sides: an encoder's vectors of both (`localize.vectors`).
    """
    pairs, alone = list[Paired](), [0, 0]
    traits = traits_of(source, meanings), traits_of(target)
    if sides:
        traits = sides[0].segments(traits[0], source), sides[1].segments(traits[1], target)
    for bead in align(*traits):
        if not bead.source or not bead.target:
            alone[0] += len(bead.source)
            alone[1] += len(bead.target)
            continue
        texts = (
            " ".join(one_line(source.segments[p].text) for p in bead.source),
            " ".join(one_line(target.segments[p].text) for p in bead.target),
        )
        lines = source.line_of(bead.source[0]), target.line_of(bead.target[0])
        pairs.append(Paired(name, *lines, round(score_of(bead), 3), *texts))
    return pairs, (alone[0], alone[1])


def sentences_of(
    pair: Paired,
    languages: tuple[str, str],
    meanings: Meanings = no_meanings,
    vectors: tuple[Side, Side] | None = None,
) -> Iterator[Paired]:
    """The pairs of sentences of a pair of paragraphs; those without a partner are left out.

    Args:
        languages: codes by which the sides are cut.
        vectors: of both sides, with the means of the documents that the pair is from.
    """
    sides = [
        [part.strip() for part in split(text, code) if part.strip()]
        for text, code in zip((pair.source, pair.target), languages, strict=True)
    ]
    traits = [text_trait(text, meanings) for text in sides[0]], [text_trait(t) for t in sides[1]]
    if vectors and len(sides[0]) + len(sides[1]) > 2:
        traits = vectors[0].put(traits[0], sides[0]), vectors[1].put(traits[1], sides[1])
    for bead in align(*traits):
        if bead.source and bead.target:
            told = zip(sides, (bead.source, bead.target), strict=True)
            texts = (" ".join(side[place] for place in places) for side, places in told)
            score = round(min(pair.score, score_of(bead)), 3)
            yield Paired(*pair[:3], score, *texts)


def pair(config: PairConfig, access: Access | None = None) -> Pairing:
    """Pair all documents.

    Raises:
        InputError: no documents, or none of them has a translation.
    """
    languages = resolve(config.source_lang), resolve(config.lang or "")
    access = access or Access.of(config)
    meanings, embed = _meanings(config, languages, access), _embed(config, access)
    pairs, alone, missing = list[Paired](), [0, 0], list[str]()
    for name, source, target in _files(config):
        if not target.is_file():
            missing.append(name)
            continue
        read = read_document(source), read_document(target)
        sides = (Side.of(embed, read[0]), Side.of(embed, read[1])) if embed else None
        found, left = pair_documents(*read, name, meanings, sides)
        alone = [alone[0] + left[0], alone[1] + left[1]]
        if config.unit == "sentence":
            codes = languages[0].bcp47, languages[1].bcp47
            found = [one for told in found for one in sentences_of(told, codes, meanings, sides)]
        pairs += [one for one in found if one.score >= config.least]
    if not pairs and missing:
        raise InputError(
            f"{config.target}: no translation of {missing[0]} or any other document; give the"
            " folder whose files have the names of the sources, or --source-suffix"
        )
    return Pairing(tuple(pairs), (alone[0], alone[1]), tuple(missing))


def _files(config: PairConfig) -> Iterator[tuple[str, Path, Path]]:
    """(name, source, translation) of each document."""
    root, target = config.source or Path(), config.target or Path()
    suffix = config.source_suffix
    for path in documents(root, config.only):
        name = relative(path, root)
        if suffix:
            if path.stem.endswith(suffix):
                there = name.with_stem(path.stem.removesuffix(suffix))
                yield there.as_posix(), path, target / there
        else:
            yield name.as_posix(), path, target if target.is_file() else target / name


def _embed(config: PairConfig, access: Access) -> Embed | None:
    if config.embedder is None:
        return None
    from icl.engines.embedding import SentenceEmbedder

    return SentenceEmbedder(config.embedder, access=access, option="--embedder")


def _meanings(config: PairConfig, languages: tuple[Language, Language], access: Access) -> Meanings:
    if config.lexicon is None:
        return no_meanings
    from data.lexicon.load import load_lexicon

    name = None if config.lexicon == "auto" else config.lexicon
    lexicon = load_lexicon(*languages, name=name, access=access)
    known: dict[str, set[str]] = {}
    for entry in lexicon.entries:
        if " " not in entry.source:
            known.setdefault(entry.source.casefold(), set()).add(entry.target.casefold())

    def meanings(text: str) -> Iterator[str]:
        for word in text.casefold().split():
            yield from known.get(word.strip(".,;:!?()"), ())

    return meanings


def table(pairs: Sequence[Paired], delimiter: str) -> str:
    """Pairs as a table with a header."""
    made = io.StringIO()
    writer = csv.writer(made, delimiter=delimiter, lineterminator="\n")
    writer.writerow(HEADER)
    clean = (tuple(_storable(v) if isinstance(v, str) else v for v in one) for one in pairs)
    writer.writerows(clean)
    return made.getvalue()


def parallel_data(pairs: Sequence[Paired], languages: tuple[str, str]) -> str:
    """Pairs as Amazon Translate takes parallel data: a column a language."""
    made = io.StringIO()
    writer = csv.writer(made, lineterminator="\n")
    writer.writerow(languages)
    writer.writerows((_storable(one.source), _storable(one.target)) for one in pairs)
    return made.getvalue()


def tmx(pairs: Sequence[Paired], languages: tuple[str, str]) -> str:
    """Pairs as a translation memory (TMX 1.4b)."""
    units = "".join(
        "<tu>"
        + "".join(
            f"<tuv xml:lang={quoteattr(code)}><seg>{escape(_xml(text))}</seg></tuv>"
            for code, text in zip(languages, (one.source, one.target), strict=True)
        )
        + "</tu>\n"
        for one in pairs
    )
    header = (
        '<header creationtool="kilolingua" creationtoolversion="1" segtype="block"'
        f' o-tmf="none" adminlang="en" srclang={quoteattr(languages[0])} datatype="plaintext"/>'
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<tmx version="1.4">{header}<body>\n'
        f"{units}</body></tmx>\n"
    )


def _storable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


def _xml(text: str) -> str:
    """A text without the characters that no XML holds."""
    return "".join(c for c in _storable(text) if c >= " " or c in "\t\n")


def _write(config: PairConfig, pairing: Pairing) -> None:
    out = config.out or Path()
    codes = resolve(config.source_lang).bcp47, resolve(config.lang or "").bcp47
    kind = out.suffix.lower()
    if kind == ".tmx":
        write_whole(out, tmx(pairing.pairs, codes))
    elif kind == ".csv":
        write_whole(out, parallel_data(pairing.pairs, codes))
    else:
        write_whole(out, table(pairing.pairs, "\t"))
    if config.page:
        from runfolder.page import language_attributes, write_page

        doubtful = sorted(pairing.pairs, key=lambda one: one.score)[:MOST_SHOWN]
        write_page(
            config.page,
            "localize",
            "pairs.html.j2",
            title="Pairs, doubtful ones first",
            pairs=doubtful,
            total=len(pairing.pairs),
            source=language_attributes(resolve(codes[0])),
            target=language_attributes(resolve(codes[1])),
        )


def run(config: PairConfig) -> None:
    """The command: pair, write, and say what is alone."""
    from runfolder.console import say, show

    pairing = pair(config, Access.of(config, say))
    _write(config, pairing)
    for name in pairing.missing:
        say(f"note: {name}: no translation")
    doubtful = sum(one.score < 0.5 for one in pairing.pairs)
    show(
        f"wrote {config.out}: {len(pairing.pairs):,} pairs, {doubtful:,} of them doubtful;"
        f" {pairing.alone[0]:,} texts of the sources and {pairing.alone[1]:,} of the translations"
        " have no partner"
    )


def main(argv: Sequence[str] | None = None) -> int:
    """The command line over `pair`."""
    return command("localize.pair", __doc__ or "", PairConfig, run, argv)


if __name__ == "__main__":
    raise SystemExit(main())
