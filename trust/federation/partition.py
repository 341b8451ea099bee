"""Who has what: examples dealt out to clients, and what is to be said about that.

    parts = partition("label:0.5", examples, labels, clients=100, seed=1)
    parts.clients[7]                 # the places of client 7's examples

| partition | a client has | after |
| --- | --- | --- |
| label:ALPHA | as many examples as any other, of few labels | Hsu et al. 2019, Lin et al. 2022 |
| quantity:ALPHA | many examples or few, of all kinds | Li et al. 2022 |
| language[:ALPHA] | examples of one language (`sw`, `de`); with ALPHA many or few | |
| dialect[:ALPHA] | examples of one variety or script (`de-st`, `ace_Arab`) | |
| file:PATH | what a table says: columns id and client, such as natural users | |

ALPHA is of a Dirichlet distribution: a small one parts unevenly, a large one evenly. A partition is
written as partition.tsv in the run's folder, which `file:` reads again.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from data.errors import InputError
from data.lines import excerpt
from data.randomness import stream
from data.tsv import read_header, read_tsv, write_tsv
from trust.examples import Example
from trust.federation.names import named_with

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DEFAULT_CLIENTS = 100
COLUMNS = ("id", "client", "language", "label", "period")


@dataclass(frozen=True)
class Parts:
    """Examples dealt out.

    Attributes:
        names: of the clients.
        clients: for each the places of its examples, in drawn order; an empty one has none.
    """

    names: tuple[str, ...]
    clients: tuple[tuple[int, ...], ...]

    @property
    def sizes(self) -> list[int]:
        """Examples of each client."""
        return [len(one) for one in self.clients]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a partition is made from.

    Attributes:
        argument: what stands behind the name, `0.5`.
        labels: of each example, "" where it has none of its own.
        clients: how many, None: as the partition would have them.
    """

    argument: str
    examples: Sequence[Example]
    labels: Sequence[str]
    clients: int | None
    seed: int


def by_label(asked: Asked) -> Parts:
    """Clients of equal size, each with shares of labels of its own."""
    import numpy as np

    alpha = _alpha("label", asked.argument)
    if not any(asked.labels):
        raise InputError(
            "--partition label: these examples have no label of their own; give quantity:1.0,"
            " language, or another --task"
        )
    number, rng = asked.clients or DEFAULT_CLIENTS, _generator(asked.seed, "label")
    left = _by_key(asked.labels, asked.seed)
    names = sorted(left)
    prior = np.array([len(left[name]) for name in names], float)
    sizes = np.diff(np.linspace(0, len(asked.labels), number + 1).round().astype(int))
    order = rng.permutation(number)  # who is dealt first is no client in particular
    found: list[tuple[int, ...]] = [()] * number
    for client in order.tolist():
        shares = _dirichlet(rng, alpha * prior / prior.sum())
        found[client] = tuple(_drawn(rng, left, names, shares, int(sizes[client])))
    return Parts(_numbered(number), tuple(found))


def _drawn(
    rng: np.random.Generator,
    left: Mapping[str, list[int]],
    names: Sequence[str],
    shares: NDArray[np.float64],
    size: int,
) -> list[int]:
    """So many examples, labels by their shares; of a label that has none left, of the others."""
    import numpy as np

    chosen: list[int] = []
    while len(chosen) < size:
        there = np.array([bool(left[name]) for name in names])
        weights = np.where(there, shares, 0)
        if not weights.sum() > 0:  # all that this client would have are gone
            weights = np.array([float(len(left[name])) for name in names])
        counts = rng.multinomial(size - len(chosen), weights / weights.sum())
        for name, count in zip(names, counts.tolist(), strict=True):
            for _ in range(min(count, len(left[name]))):
                chosen.append(left[name].pop())
    return chosen


def by_quantity(asked: Asked) -> Parts:
    """Clients with many examples, and clients with few or none."""

    alpha = _alpha("quantity", asked.argument)
    number, rng = asked.clients or DEFAULT_CLIENTS, _generator(asked.seed, "quantity")
    order = _shuffled(range(len(asked.examples)), asked.seed, "quantity")
    return Parts(_numbered(number), tuple(_cut(order, rng, alpha, number)))


def by_language(asked: Asked) -> Parts:
    """A language a client: all varieties and scripts of it together."""
    return _by_group("language", asked, [language_of(one.language) for one in asked.examples])


def by_dialect(asked: Asked) -> Parts:
    """A variety a client: as the data set tells it of an example, else the set's own code."""
    keys = [dialect_of(one) for one in asked.examples]
    return _by_group("dialect", asked, keys)


def language_of(code: str) -> str:
    """The language of a data set's code.

    >>> language_of("de-muc"), language_of("ace_Arab"), language_of("hau")
    ('de', 'ace', 'hau')
    """
    return code.replace("_", "-").partition("-")[0]


def dialect_of(example: Example) -> str:
    """The variety of an example: `nb`, `nn` and dialects of Norwegian, `de-st`, `ace_Arab`."""
    told = getattr(example.content, "dialect", "") or ""
    return f"{example.language}-{told}" if told else example.language


def _by_group(what: str, asked: Asked, keys: Sequence[str]) -> Parts:
    if "" in keys:
        one = asked.examples[keys.index("")]
        raise InputError(
            f"--partition {what}: nobody says of what {what} {excerpt(one.text)} is; name sets as"
            " LANG=NAME, or give another partition"
        )
    groups = _by_key(keys, asked.seed)
    names = sorted(groups)
    number = asked.clients or len(names)
    if number < len(names):
        raise InputError(
            f"--clients {number}: there are {len(names)} {what}s ({', '.join(names[:8])}"
            f"{', ...' if len(names) > 8 else ''}), and no client has two; give at least"
            f" {len(names)}, or leave --clients out"
        )
    shares = _allotted([len(groups[name]) for name in names], number)
    clients, called = [], []
    for name, count in zip(names, shares, strict=True):
        mine = groups[name]
        if asked.argument:
            rng = _generator(asked.seed, f"{what}/{name}")
            clients += _cut(mine, rng, _alpha(what, asked.argument), count)
        else:
            clients += [tuple(mine[place::count]) for place in range(count)]
        called += [f"{name}/{n + 1}" for n in range(count)] if count > 1 else [name]
    return Parts(tuple(called), tuple(clients))


def _cut(
    order: Sequence[int], rng: np.random.Generator, alpha: float, number: int
) -> list[tuple[int, ...]]:
    """Examples in as many parts, whose sizes are drawn from a Dirichlet distribution."""
    import numpy as np

    shares = _dirichlet(rng, np.full(number, alpha))
    ends = np.floor(np.cumsum(shares) * len(order) + 0.5).astype(int).tolist()
    ends[-1] = len(order)
    return [tuple(order[a:b]) for a, b in zip([0, *ends[:-1]], ends, strict=True)]


def by_file(asked: Asked) -> Parts:
    """Who a table says that it is: natural users, or a partition that was made before."""
    path = Path(asked.argument)
    owners = read_owners(path)
    ids = Counter(own_id(one) for one in asked.examples)
    members: defaultdict[str, list[int]] = defaultdict(list)
    for place, one in enumerate(asked.examples):
        key = one.id if one.id in owners else own_id(one)
        if key != one.id and ids[key] > 1:
            raise InputError(
                f"{path}: {ids[key]:,} examples have the id {excerpt(key)}; write SET#ROW such as"
                f" {one.id} in its place"
            )
        if key not in owners:
            raise InputError(
                f"{path}: has no client for the example {excerpt(one.id)}; add a row, or leave the"
                " example out of --train"
            )
        members[owners[key]].append(place)
    names = sorted({*owners.values()}, key=_natural)
    if asked.clients not in (None, len(names)):
        raise InputError(
            f"--clients {asked.clients}: {path} has {len(names):,}; leave --clients out"
        )
    return Parts(tuple(names), tuple(tuple(members[name]) for name in names))


def own_id(example: Example) -> str:
    """The id that its set gives an example; SET#ROW where it gives none."""
    return str(getattr(example.content, "id", "") or example.id)


def read_owners(path: Path) -> dict[str, str]:
    """The client of each example, by id, of a table with the columns id and client.

    Raises:
        InputError: no such file, a column that is missing, an example with two clients.
    """
    if not path.is_file():
        raise InputError(
            f"--partition file:{path}: no such file; give a table with the columns id and client"
        )
    columns = read_header(path)
    if lacking := [name for name in ("id", "client") if name not in columns]:
        raise InputError(
            f"{path}:1: expected the columns id and client, found no {lacking[0]}; name it in the"
            " first line"
        )
    places = [columns.index(name) for name in ("id", "client")]
    owners: dict[str, str] = {}
    for row in read_tsv(path, columns, header=True):
        key, client = (row.cells[place] for place in places)
        if owners.setdefault(key, client) != client:
            raise InputError(
                f"{path}: the example {excerpt(key)} is of {owners[key]} and of {client}; leave one"
                " row out"
            )
    return owners


PARTITIONS: dict[str, Callable[[Asked], Parts]] = {
    "label": by_label,
    "quantity": by_quantity,
    "language": by_language,
    "dialect": by_dialect,
    "file": by_file,
}
UNEVEN = ("language", "dialect")  # may have an ALPHA: of the numbers of examples in each group
ARGUMENTS = {"label": "0.5", "quantity": "1.0", "file": "users.tsv"}  # partitions that take one


def register(name: str, make: Callable[[Asked], Parts], example: str = "") -> None:
    """Add a partition: `--partition NAME[:ARGUMENT]` has it from then on.

    Args:
        example: of its argument, "" for a partition without one.
    """
    PARTITIONS[name] = make
    if example:
        ARGUMENTS[name] = example


def parse_partition(text: str) -> tuple[str, str]:
    """Its name and argument.

    Raises:
        InputError: no such partition, an argument that it does not take or lacks.

    >>> parse_partition("label:0.5")
    ('label', '0.5')
    >>> parse_partition("label:0")
    Traceback (most recent call last):
    data.errors.InputError: --partition label:0: expected a number above 0: 0.1 is very uneven, \
100 nearly even
    """
    name, argument = named_with(text, tuple(PARTITIONS), "--partition")
    if name not in UNEVEN and bool(argument) != (name in ARGUMENTS):
        usual = f"{name}:{ARGUMENTS[name]}" if name in ARGUMENTS else name
        raise InputError(f"--partition {text}: write it as {usual}")
    if argument and name in ("label", "quantity", *UNEVEN):
        _alpha(name, argument)
    return name, argument


def partition(
    text: str, examples: Sequence[Example], labels: Sequence[str], *, clients: int | None, seed: int
) -> Parts:
    """Deal out examples.

    Args:
        text: `label:0.5`. labels: of each example. clients: how many; None as the partition is.

    Raises:
        InputError: a partition that these examples cannot have.

    >>> some = [Example(str(n), "", ("sw", "ha")[n % 2], None) for n in range(6)]
    >>> parts = partition("language", some, [""] * 6, clients=3, seed=1)
    >>> parts.names, parts.sizes
    (('ha/1', 'ha/2', 'sw'), [2, 1, 3])
    """
    name, argument = parse_partition(text)
    return PARTITIONS[name](Asked(argument, examples, labels, clients, seed))


def arrival(examples: Sequence[Example], periods: int, seed: int) -> list[int]:
    """The period, from 0, in which each example arrives: drawn, as sets at hand have no times."""
    if periods == 1:
        return [0] * len(examples)
    return [stream(seed, "period", one.id).randrange(periods) for one in examples]


def statistics(parts: Parts, labels: Sequence[str], languages: Sequence[str]) -> dict[str, Any]:
    """How uneven a partition is.

    Returns:
        examples: least, median, most; empty clients; `gini` of the numbers, 0 (all have as many) to
        1; for labels and languages the mean distance of a client's shares from those of all, 0
        (alike) to 1 (total variation).
    """
    sizes = sorted(parts.sizes)
    total, number = sum(sizes), len(sizes)
    ranked = sum((2 * rank - number - 1) * size for rank, size in enumerate(sizes, 1))
    return {
        "clients": number,
        "empty": sizes.count(0),
        "examples": total,
        "least": sizes[0],
        "median": sizes[number // 2],
        "most": sizes[-1],
        "gini": round(ranked / (number * total), 4) if total else 0.0,
        "label_distance": _distance(parts, labels),
        "language_distance": _distance(parts, languages),
    }


def _distance(parts: Parts, keys: Sequence[str]) -> float | None:
    """None where all examples have the same key."""
    every = Counter(keys)
    if len(every) < 2:
        return None
    found = []
    for members in filter(None, parts.clients):
        mine = Counter(keys[place] for place in members)
        found.append(sum(abs(mine[k] / len(members) - n / len(keys)) for k, n in every.items()) / 2)
    return round(math.fsum(found) / len(found), 4)


def write_partition(
    path: Path,
    parts: Parts,
    examples: Sequence[Example],
    labels: Sequence[str],
    periods: Sequence[int],
) -> None:
    """A row an example: id, client, language, label, period (from 1)."""
    rows = (
        (examples[at].id, name, examples[at].language or "-", labels[at] or "-", periods[at] + 1)
        for name, members in zip(parts.names, parts.clients, strict=True)
        for at in members
    )
    write_tsv(path, COLUMNS, ([str(cell) for cell in row] for row in rows))


def _alpha(name: str, text: str) -> float:
    try:
        alpha = float(text)
    except ValueError:
        alpha = math.nan
    if not 0 < alpha < math.inf:
        raise InputError(
            f"--partition {name}:{text}: expected a number above 0: 0.1 is very uneven, 100 nearly"
            " even"
        )
    return alpha


def _dirichlet(rng: np.random.Generator, alphas: NDArray[np.float64]) -> NDArray[np.float64]:
    """A draw; of tiny alphas all gamma variates may be 0, and then one share is everything."""
    drawn = rng.standard_gamma(alphas)
    if not drawn.sum() > 0:
        drawn[rng.choice(len(alphas), p=alphas / alphas.sum())] = 1.0
    shares: NDArray[np.float64] = drawn / drawn.sum()
    return shares


def _generator(seed: int, name: str) -> np.random.Generator:
    import numpy as np

    return np.random.Generator(np.random.PCG64(stream(seed, "partition", name).getrandbits(64)))


def _shuffled(places: Sequence[int] | range, seed: int, name: str) -> list[int]:
    order, rng = list(places), Random(stream(seed, "partition", name).random())
    rng.shuffle(order)
    return order


def _by_key(keys: Sequence[str], seed: int) -> dict[str, list[int]]:
    """The places of each key, shuffled."""
    found: defaultdict[str, list[int]] = defaultdict(list)
    for place, key in enumerate(keys):
        found[key].append(place)
    return {key: _shuffled(places, seed, key) for key, places in found.items()}


def _allotted(sizes: Sequence[int], number: int) -> list[int]:
    """Clients of each group: one, and of the others as many as its share is (largest remainder).

    >>> _allotted([700, 200, 100], 6), _allotted([9, 1], 2)
    ([3, 2, 1], [1, 1])
    """
    rest, total = number - len(sizes), sum(sizes)
    exact = [rest * size / total for size in sizes]
    counts = [1 + int(one) for one in exact]
    by_remainder = sorted(range(len(sizes)), key=lambda n: (int(exact[n]) - exact[n], n))
    for place in by_remainder[: number - sum(counts)]:
        counts[place] += 1
    return counts


def _numbered(number: int) -> tuple[str, ...]:
    width = len(str(number))
    return tuple(f"client-{place:0{width}}" for place in range(1, number + 1))


def _natural(name: str) -> tuple[int, str]:
    return len(name), name
