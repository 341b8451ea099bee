"""How large a resource is, counted in its files by the readers that everybody else uses.

    python -m data.resources measure

A size is the number of records that the readers yield from all splits: what they leave out, such
as repeated rows or sentences with a broken line, is not counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from data.access import Access
from data.catalog import Dataset, catalog
from data.download import NoSourceError, fetch
from data.inflections.columns import order_of_role
from data.labelled import LABELLED, read_labelled
from data.languages import resolve
from data.lexicon.files import read_lexicon
from data.parallel import read_aligned
from data.resources import SIZE_COLUMNS, Part, Size, checksum, parts
from data.tagged import read_tagged
from data.tsv import read_lines, write_tsv
from data.unimorph import read_triples
from data.utterances import PARTITIONS, read_split, roles_of

Paths = Mapping[str, list[Path]]  # by role


def measured(part: Part, paths: Paths) -> tuple[int, str]:
    """The records of a part, and the reader that counted them.

    paths: the part's files by role, in the catalog's order.
    """
    kind = part.entry.kind
    if kind == "test-set" and len(part.codes) == 1:
        return sum(_segments(path) for path in _all(paths)), "data.tsv.read_lines"
    if kind in ("parallel", "test-set"):
        return sum(_pairs(*pair) for pair in paths.values()), "data.parallel.read_aligned"
    if kind == "lexicon":
        return _entries(part, paths), "data.lexicon.files.read_lexicon"
    if kind in LABELLED:
        return sum(_labelled(part.entry, path) for path in _all(paths)), "data.labelled"
    if kind == "inflection":
        tables = ((role, path) for role, of_role in paths.items() for path in of_role)
        return sum(_triples(*table) for table in tables), "data.unimorph.read_triples"
    if kind == "utterances":
        return _utterances(part.entry, paths), "data.utterances.read_split"
    return sum(_sentences(path) for path in _all(paths)), "data.tagged.read_tagged"


def measure(entry: Dataset, *, access: Access = Access()) -> Iterator[tuple[Part, Size | None]]:
    """Every pinned part of a data set with its size; None where no source has its files.

    Raises:
        InputError: a file that its reader refuses.
        UnavailableError: a checksum is wrong.
    """
    for part in parts(entry):
        digits = checksum(part)
        if digits is None:
            continue
        try:
            paths = _fetched(part, access)
        except NoSourceError:
            yield part, None
        else:
            records, reader = measured(part, paths)
            yield part, Size(records, digits, reader)


def write_sizes(path: Path, known: Mapping[tuple[str, str], Size]) -> None:
    """Write sizes.tsv in the catalog's order, without rows of files that it no longer names."""
    rows = (
        (part.entry.name, part.group, str(size.records), size.files, size.measured)
        for entry in catalog().values()
        for part in parts(entry)
        if (size := known.get((entry.name, part.group))) and size.files == checksum(part)
    )
    write_tsv(path, SIZE_COLUMNS, rows)


def _fetched(part: Part, access: Access) -> Paths:
    paths: dict[str, list[Path]] = {}
    for file in part.files:
        fetched = fetch(file, access=access)
        paths.setdefault(file.role, []).append(fetched.path)
    return paths


def _all(paths: Paths) -> Iterator[Path]:
    for of_role in paths.values():
        yield from of_role


def _labelled(entry: Dataset, path: Path) -> int:
    return sum(1 for _ in read_labelled(entry, path))


def _segments(path: Path) -> int:
    lines = read_lines(path, repairs=Counter(), keep_replacement=True)
    return sum(bool(text.strip()) for _, text in lines)


def _pairs(left: Path, right: Path) -> int:
    pairs = read_aligned(
        left,
        right,
        skip_bad=True,
        dropped=Counter(),
        repairs=Counter(),
        keep_replacement=True,
    )
    return sum(1 for _ in pairs)


def _entries(part: Part, paths: Paths) -> int:
    """A lexicon is one file, or a dictd index with its text beside it."""
    path = paths["index"][0] if "index" in paths else paths["lexicon"][0]
    left, right = (resolve(code) for code in part.codes)
    return len(read_lexicon(path, left, right, skip_bad=True, repairs=Counter()))


def _triples(role: str, path: Path) -> int:
    """Distinct triples of a table; every row of a shared task's split, as its scorer counts."""
    every_row = role != "forms"
    triples = read_triples(
        path,
        skip_bad=True,
        dropped=Counter(),
        repairs=Counter(),
        every_row=every_row,
        normalise=not every_row,
        usual=order_of_role(role),
    )
    return sum(1 for _ in triples)


def _sentences(path: Path) -> int:
    sentences = read_tagged(
        path, skip_bad=True, dropped=Counter(), repairs=Counter(), keep_replacement=True
    )
    return sum(1 for _ in sentences)


def _utterances(entry: Dataset, paths: Paths) -> int:
    splits = {role.partition("-")[0] for role in paths}
    if splits == {"utterances"}:  # one file holds them all
        splits = set(PARTITIONS)
    return sum(_utterances_of(entry, split, paths) for split in splits)


def _utterances_of(entry: Dataset, split: str, paths: Paths) -> int:
    files = [paths[role][0] for role in roles_of(entry, split) if role in paths]
    return sum(1 for _ in read_split(entry, split, files, dropped=Counter(), repairs=Counter()))
