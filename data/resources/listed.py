"""Every resource that lists name: which of 78 data sets, models and tools exist for a language.

    python -m data.resources world --lang wo
    facts_of_codes(("wol",))

A `Fact` says that a data set, a model or a piece of software knows a language: by which code, how
large it is there, under which licence, where that is stated, and of when. It need not be in this
project's catalog; what is can be fetched. The facts were gathered from the publishers' own lists,
commit by commit, in November 2026; they stand in data/tables/listed.tsv, a line each, and what is
the same for all lines of a set in data/tables/listed_sets.tsv.

What is not the same is told apart:

role      `data`: what one can train or test on. `model`: what a model covers (MMS, MADLAD), which
          is no data to be had. `software`: keyboards, spelling, analysers. `typology`: a database
          that describes the language (PHOIBLE, URIEL).
religious `all`, `mostly` or `partly`: Bibles and their like. For hundreds of languages there is
          nothing else.
size      None is unknown: the thing exists. 0 is a count of zero: it does not.

A line of listed.tsv: set; the publisher's code; iso639_3 (empty: the same, `-`: none for sure);
script; size in the set's unit; the publisher's name of the language; path (empty: as the set says,
`{code}` filled in; with a slash in front: in the set's repository); licence and date where they
differ from the set's (`-`: not stated).
"""

from __future__ import annotations

import functools
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple, get_args

from data.catalog import TABLES
from data.errors import InputError
from data.language_names import rows as builtin_languages
from data.languages import from_code
from data.tsv import excerpt, read_tsv

SETS = TABLES / "listed_sets.tsv"
FACTS = TABLES / "listed.tsv"
COLUMNS = ("set", "code", "iso639_3", "script", "size", "name", "path", "licence", "date")

Role = Literal["data", "model", "software", "typology"]
ROLES: tuple[Role, ...] = get_args(Role)
NOT_STATED = "-"

# Kinds of data, those of the catalog first; texts for a person come after what has labels.
DATA_KINDS = (
    "test_set",
    "lexicon",
    "inflection",
    "tagged",
    "parallel",
    "utterances",
    "labelled",
    "text",
    "speech",
    "pronunciation",
    "word_list",
    "scripture",
)
# Units of lists whose counts can stand beside the catalog's, by kind (data.inventory.schema.UNITS).
COMPARABLE = {
    "test_set": ("sentences", "pairs"),
    "lexicon": ("entries", "pairs"),
    "inflection": ("entries",),
    "tagged": ("sentences",),
    "parallel": ("sentences", "pairs"),
    "utterances": ("sentences",),
    "text": ("sentences",),
    "labelled": ("sentences", "articles", "questions", "entries", "pairs"),
}
READING = ("text", "parallel", "speech", "scripture")  # kinds that are texts
# Sets whose names are names of languages, by which they can be found; of others they are titles.
NAMING = ("flores-200", "belebele", "mms-lid", "mms-asr", "glotlid", "tico-19", "wikipron")


class ListedSet(NamedTuple):
    """A data set, model or tool, and what is the same for all languages that it lists.

    repository: owner/name@commit, or the package and its version. loads: the name of the data set
    in this project's catalog that fetches it; empty where none does.
    """

    key: str
    title: str
    kind: str
    role: str
    unit: str
    licence: str
    repository: str
    path: str
    date: str
    religious: str
    loads: str
    page: str
    note: str


class Fact(NamedTuple):
    """That a set knows a language; size None is unknown, licence and date empty are not stated."""

    of: ListedSet
    code: str
    iso639_3: str | None
    script: str
    size: float | None
    name: str
    path: str
    licence: str
    date: str

    @property
    def exists(self) -> bool:
        """Whether there is anything: a count of zero says that there is not."""
        return self.size is None or self.size > 0

    @property
    def source(self) -> str:
        """Where it is stated: repository, commit and path."""
        return f"{self.of.repository}:{self.path}"

    @property
    def link(self) -> str:
        """The page of the language in the set where it has one, else the file that states it.

        >>> next(f for f in facts() if f.of.key == "wikipedia" and f.code == "wo").link
        'https://wo.wikipedia.org/'
        """
        if self.of.page:
            return self.of.page.replace("{code}", self.code)
        owner, _, commit = self.of.repository.partition("@")
        if commit:
            path = self.path.replace(" ", "%20")
            return f"https://github.com/{owner}/blob/{commit}/{path}"
        kind, _, package = owner.partition(" ")
        name, _, version = package.partition(" ")
        if kind == "PyPI":
            return f"https://pypi.org/project/{name}/{version}/"
        return f"https://packages.debian.org/{name}" if kind == "Debian" else ""


@functools.cache
def listed_sets() -> Mapping[str, ListedSet]:
    """The sets by key.

    >>> listed_sets()["ebible"].religious, listed_sets()["mms-asr"].role
    ('all', 'model')

    Raises:
        InputError: a row without a title, or of another role.
    """
    fields = ListedSet._fields
    rows = (row.cells for row in read_tsv(SETS, fields, header=True, empty=fields[4:]))
    found = {cells[0]: ListedSet(*cells) for cells in rows}
    for entry in found.values():
        if entry.role not in ROLES:
            raise InputError(f"{SETS}: {entry.key}: expected a role of {', '.join(ROLES)}")
    return found


def facts() -> tuple[Fact, ...]:
    """All facts, in the order of the table, strictly read; `facts_of_codes` is quick.

    Raises:
        InputError: a row of a set that listed_sets.tsv does not have, or a size that is no number.
    """
    rows = read_tsv(FACTS, COLUMNS, header=True, empty=COLUMNS[2:])
    return tuple(_fact(row.cells, row.line) for row in rows)


def _fact(cells: Sequence[str], line: int) -> Fact:
    key, code, iso639_3, script, size, name, path, licence, date = cells
    where = f"{FACTS}:{line}"
    of = listed_sets().get(key)
    if of is None:
        raise InputError(f"{where}: {SETS.name} has no set {key}")
    iso = None if iso639_3 == NOT_STATED else iso639_3 or code
    return Fact(
        of,
        code,
        iso,
        script,
        _size(size, where),
        name,
        _path(of, code, iso or "", path),
        "" if licence == NOT_STATED else licence or of.licence,
        "" if date == NOT_STATED else date or of.date,
    )


def _size(cell: str, where: str) -> float | None:
    if not cell:
        return None
    if not re.fullmatch(r"[0-9]{1,15}(\.[0-9]{1,9})?", cell):
        raise InputError(f"{where}: expected a size, found {excerpt(cell)}")
    return float(cell)


def _path(of: ListedSet, code: str, iso639_3: str, path: str) -> str:
    if path.startswith("/"):
        return path[1:]
    if of.path.endswith("*"):
        return of.path[:-1] + path
    return path or of.path.replace("{code}", code).replace("{iso}", iso639_3)


@functools.cache
def _lines_by_iso() -> Mapping[str, Sequence[tuple[int, str]]]:
    """The lines of the table by ISO 639-3 code, not yet taken apart: a page asks for one code.

    The strict reader takes ten times as long for the whole table; a test holds both to the same.
    """
    found: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for number, line in enumerate(FACTS.read_text("utf-8").split("\n")[1:-1], 2):
        _, code, iso639_3, _ = line.split("\t", 3)
        if iso639_3 != NOT_STATED:
            found[iso639_3 or code].append((number, line))
    return found


def facts_of_codes(codes: Iterable[str]) -> tuple[Fact, ...]:
    """The facts of some ISO 639-3 codes: data first, then models, software, typology; by kind.

    >>> {fact.of.key for fact in facts_of_codes(["wol"])} >= {"gatitos", "mms-asr", "wikipedia"}
    True
    """
    known = _lines_by_iso()
    lines = [line for code in dict.fromkeys(codes) for line in known.get(code, ())]
    found = [_fact(line.split("\t"), number) for number, line in lines]
    return tuple(sorted(found, key=_order))


def _order(fact: Fact) -> tuple[int, int, str, float]:
    kind = fact.of.kind
    place = DATA_KINDS.index(kind) if kind in DATA_KINDS else len(DATA_KINDS)
    return ROLES.index(fact.of.role), place, kind, -(fact.size or 0)


def iso_codes_of(iso639_3: str | None, tags: Iterable[str | None]) -> tuple[str, ...]:
    """The ISO 639-3 codes under which lists have a language: its own, and those of its tags.

    >>> iso_codes_of("swh", ["sw"])
    ('swh', 'swa')
    """
    codes = [iso639_3]
    for tag in filter(None, tags):
        row = builtin_languages().get(tag)
        language = None if row else from_code(tag)
        codes += [row.iso639_3, row.individual] if row else []
        codes += [language.iso639_3] if language else []
    return tuple(dict.fromkeys(code for code in codes if code))


def kinds_of(found: Iterable[Fact], role: Role) -> list[str]:
    """The kinds that exist in one role, in the order of `facts_of_codes`."""
    return list(dict.fromkeys(f.of.kind for f in found if f.of.role == role and f.exists))


def sizes_of(found: Iterable[Fact]) -> dict[str, int | None]:
    """The largest comparable size by kind of data; None where the thing exists and none is known.

    Sets are not added up: they share texts.
    """
    sizes: dict[str, int | None] = {}
    for fact in found:
        kind = fact.of.kind
        if fact.of.role != "data" or not fact.exists:
            continue
        known = sizes.setdefault(kind, None)
        if fact.size is not None and fact.of.unit in COMPARABLE.get(kind, ()):
            sizes[kind] = max(known or 0, int(fact.size))
    return sizes


def is_religious_only(found: Iterable[Fact]) -> bool:
    """Whether there are texts of a language, and all of them are religious, or mostly so."""
    texts = [f for f in found if f.of.role == "data" and f.of.kind in READING and f.exists]
    return bool(texts) and all(fact.of.religious in ("all", "mostly") for fact in texts)
