"""How often the order of columns is told right: python -m tests.data.order_of_columns

Samples of 20, 100 and 1,000 rows of each file of UniMorph and of the shared task of 2023 in the
mirror (the first rows, a run of them, rows drawn at random), each in all six orders; counts what is
told rightly, refused, and told wrongly. Two minutes on one core.
"""

from __future__ import annotations

import random
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import permutations
from pathlib import Path

from data.access import mirror_folder
from data.errors import InputError
from data.inflections.columns import UNIMORPH_ORDER, find_layout, order_of_role
from data.unimorph import read_triples

Row = tuple[str, ...]
ROLES = ("lemma", "features", "form")
SIZES = (20, 100, 1000)


def published_files(mirror: Path) -> Iterator[tuple[Path, tuple[str, ...]]]:
    """Every published file of triples in the mirror, with its publisher's order."""
    for path in sorted(mirror.glob("sigmorphon2023/part1/data/*")):
        yield path, order_of_role(path.name.partition(".")[2])
    for path in sorted(mirror.glob("unimorph/*/*")):
        if not path.name.startswith("UPSTREAM") and path.suffix != ".derivations":
            yield path, UNIMORPH_ORDER


def rows_of(path: Path, usual: Sequence[str]) -> list[Row]:
    """Lemma, features and form of every good row."""
    triples = read_triples(
        path,
        usual=usual,
        every_row=True,
        normalise=False,
        skip_bad=True,
        dropped=Counter(),
        repairs=Counter(),
    )
    return [(one.lemma, one.features, one.form or "") for one in triples]


def samples(rows: Sequence[Row], size: int, name: str) -> Iterator[Sequence[Row]]:
    """The first rows, a run of rows, and rows drawn at random."""
    draw = random.Random(f"{name} {size}")
    start = draw.randrange(max(1, len(rows) - size))
    yield rows[:size]
    yield rows[start : start + size]
    yield draw.sample(rows, min(size, len(rows)))


def permuted(rows: Iterable[Row], order: Sequence[str]) -> list[Row]:
    """Rows of lemma, features, form in another order."""
    return [tuple(dict(zip(ROLES, row, strict=True))[name] for name in order) for row in rows]


def verdicts(rows: Sequence[Row], size: int, name: str) -> Iterator[str]:
    """`right`, `refused` or `wrong` for every sample in every order."""
    for sample in samples(rows, size, name):
        for order in permutations(ROLES):
            try:
                told = find_layout(name, permuted(sample, order)).columns
            except InputError:
                yield "refused"
            else:
                yield "right" if told == order else "wrong"


def main() -> int:
    """Print a line a size; 1 where anything was told wrongly."""
    mirror = mirror_folder()
    if mirror is None:
        print("needs KILOLINGUA_MIRROR", file=sys.stderr)
        return 2
    files = [(path, usual) for path, usual in published_files(mirror) if "covered" not in path.name]
    wrong = 0
    for size in SIZES:
        counts = Counter[str]()
        for path, usual in files:
            counts.update(verdicts(rows_of(path, usual), size, path.name))
        shown = ", ".join(f"{what} {counts[what]:,}" for what in ("right", "refused", "wrong"))
        print(f"{size:5,} rows of {len(files)} files: {shown}", flush=True)
        wrong += counts["wrong"]
    return int(wrong > 0)


if __name__ == "__main__":
    raise SystemExit(main())
