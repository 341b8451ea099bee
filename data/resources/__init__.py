"""What exists for a language: every test set, lexicon, table and corpus of the catalog, with sizes.

    python -m data.resources list --lang wo
    python -m data.resources list --unmapped
    python -m data.resources measure gatitos

One `Resource` is what one data set has in one language: its files of all splits together. Its size
stands in data/tables/sizes.tsv, which `measure` writes from the files themselves, beside a
checksum of theirs: where the catalog has come to name other files, the size is unknown again.
Where a file cannot be had here, its publisher's list of records stands in (`measured`: stated).
Files that nobody has pinned have no size either; unknown is None, never 0.

The glottocode is that of the data set's own code for the language. The code of a macrolanguage
stands for the individual language that it mostly means (data/tables/languages.tsv) or, where the
text or its publisher tells, for the one that it holds (data/tables/varieties.tsv). What is left
without one is a group of languages: `list --unmapped` names it. A glottocode may be a dialect's in
Glottolog, as serb1264 for Serbian: the column Language_ID there names its language.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from data.bounded import parse_integer
from data.catalog import TABLES, Dataset, File, catalog
from data.files import sha256_text
from data.languages import resolve
from data.tsv import read_tsv

SIZES = TABLES / "sizes.tsv"
SIZE_COLUMNS = ("dataset", "group", "records", "files", "measured")
VARIETIES = TABLES / "varieties.tsv"
VARIETY_COLUMNS = ("dataset", "code", "glottocode", "why")

# Kind of resource and the unit of its size, by the catalog's kind.
KINDS = {
    "test-set": ("test_set", "segments"),
    "lexicon": ("lexicon", "entries"),
    "inflection": ("inflection", "triples"),
    "pos": ("tagged", "sentences"),
    "ner": ("tagged", "sentences"),
    "parallel": ("parallel", "segments"),
    "utterances": ("utterances", "utterances"),
    "topics": ("labelled", "texts"),
    "sentiment": ("labelled", "texts"),
    "intents": ("labelled", "texts"),
}

# Roles of files that add nothing to a resource's size, and why.
LEFT_OUT = {
    "argument-structure": "triples of agreement, beside the table of forms",
    "covered-dev": "the rows of dev without their forms",
    "covered-test": "the rows of test without their forms",
    "derivations": "derived words, not inflected forms",
    "glosses": "lemmas with their translations",
    "other": "another form of the table beside it, in a format that no reader here has",
    "segmentations": "forms cut into morphemes",
    "table-split": "rows of the table beside it",
    "test-2": "a second reference for the same sentences",
}


@dataclass(frozen=True, slots=True)
class Resource:
    """What one data set has in one language.

    glottocode: None for a group of languages. language: a BCP-47 tag. kind: test_set, lexicon,
    inflection, tagged, parallel, utterances or labelled. group: the data set's own name for the
    part, as `en-wo` or `zho-TW`; a lexicon and a parallel text stand under both of their
    languages. size: records in `unit`, of all splits together; None where nobody has measured
    them. link: the data set's page. source: whom to cite. beside: the tag of the other language of
    a lexicon or a parallel text: `fr` of a French-Wolof dictionary.
    """

    glottocode: str | None
    language: str
    kind: str
    dataset: str
    group: str
    size: int | None
    unit: str
    licence: str
    link: str
    source: str
    beside: str = ""


class Part(NamedTuple):
    """The files of a data set that are one resource, and the data set's codes for its languages."""

    entry: Dataset
    group: str
    codes: tuple[str, ...]
    files: tuple[File, ...]


class Size(NamedTuple):
    """A row of sizes.tsv: records, the checksum of their files, and the reader that counted."""

    records: int
    files: str
    measured: str


@functools.cache
def resources() -> tuple[Resource, ...]:
    """Every resource of the catalog, in the catalog's order.

    >>> found = [r for r in resources() if r.language == "wo" and r.kind == "lexicon"]
    >>> [(r.dataset, r.group, r.glottocode, r.unit) for r in found]
    [('gatitos', 'en-wo', 'nucl1347', 'entries'), ('freedict', 'wol-fra', 'nucl1347', 'entries')]

    Raises:
        InputError: a row of one of the tables that does not follow the description.
    """
    return tuple(
        _resource(part, code)
        for entry in catalog().values()
        for part in parts(entry)
        for code in part.codes
    )


def _resource(part: Part, code: str) -> Resource:
    kind, unit = KINDS[part.entry.kind]
    return Resource(
        glottocode=glottocode_of(part.entry.name, code),
        language=resolve(code).bcp47,
        kind=kind,
        dataset=part.entry.name,
        group=part.group,
        size=_size(part),
        unit=unit,
        licence=_licence(part),
        link=part.entry.homepage,
        source=part.entry.citation,
        beside=_beside(part, code) if kind in ("lexicon", "parallel") else "",
    )


def _beside(part: Part, code: str) -> str:
    """The tag of the other language of a part; English where it names one only."""
    others = [resolve(other).bcp47 for other in part.codes if other != code]
    return others[0] if others else "en"


def _licence(part: Part) -> str:
    own = dict.fromkeys(file.licence or part.entry.licence for file in part.files)
    return "; ".join(own)


def parts(entry: Dataset) -> Iterator[Part]:
    """The parts of a data set that are resources: one a group of its files, or one a code.

    >>> from data.catalog import dataset
    >>> [part.group for part in parts(dataset("lafand"))]
    ['en-hau', 'en-lug', 'en-swa', 'en-tsn', 'en-yor', 'en-zul']
    """
    if entry.kind not in KINDS:
        return
    groups: dict[str, list[File]] = {}
    for file in entry.files:
        if file.codes and file.role not in LEFT_OUT:
            groups.setdefault(file.group or file.codes[0], []).append(file)
    for group, files in groups.items():
        codes = dict.fromkeys(code for file in files for code in file.codes)
        yield Part(entry, group, tuple(codes), tuple(files))


def left_out() -> Iterator[tuple[Dataset, str, int]]:
    """Data set, role and number of its files that count for no resource (see LEFT_OUT)."""
    for entry in catalog().values():
        for role in LEFT_OUT:
            files = entry.select(role)
            if files:
                yield entry, role, len(files)


def glottocode_of(dataset: str, code: str) -> str | None:
    """The glottocode of what a data set has under one of its codes; None for several languages.

    >>> glottocode_of("gatitos", "zap"), glottocode_of("unimorph", "que")
    ('isth1244', 'cusc1236')
    """
    if (dataset, code) in _varieties():
        return _varieties()[dataset, code]
    language = resolve(code)
    if language.glottocode or not language.individual:
        return language.glottocode
    return resolve(language.individual).glottocode


def checksum(part: Part) -> str | None:
    """16 hex digits that change with any of the files; None where one of them is not pinned."""
    pinned = sorted(f"{file.path} {file.sha256}" for file in part.files if file.sha256)
    return sha256_text("\n".join(pinned))[:16] if len(pinned) == len(part.files) else None


def _size(part: Part) -> int | None:
    size = sizes().get((part.entry.name, part.group))
    return size.records if size and size.files == checksum(part) else None


@functools.cache
def sizes() -> Mapping[tuple[str, str], Size]:
    """The rows of data/tables/sizes.tsv by data set and group."""
    rows = (row.cells for row in read_tsv(SIZES, SIZE_COLUMNS, header=True))
    return {
        (name, group): Size(parse_integer(number, f"{SIZES}: {name} {group}", low=0), *rest)
        for name, group, number, *rest in rows
    }


@functools.cache
def _varieties() -> Mapping[tuple[str, str], str | None]:
    rows = (row.cells for row in read_tsv(VARIETIES, VARIETY_COLUMNS, header=True))
    return {(name, code): None if glot == "-" else glot for name, code, glot, _ in rows}
