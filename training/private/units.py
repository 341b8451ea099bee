"""Whose each sentence is: what one person or document said is protected together.

A table says it, with a sentence's id, a tab and the name of its document or speaker on each line.

>>> grouped(["1", "2", "3"], {"1": "Achieng", "2": "Baraka", "3": "Achieng"})
[[0, 2], [1]]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from data.errors import InputError
from data.lines import read_lines
from training.private.options import SENTENCE, Privacy


def units_of(ids: Sequence[str], privacy: Privacy) -> list[list[int]]:
    """For each unit the places of its sentences among `ids`.

    Raises:
        InputError: the unit is no sentence and no table names it, or a sentence is not in it.
    """
    if privacy.unit == SENTENCE:
        return [[place] for place in range(len(ids))]
    if privacy.units_file is None:
        raise InputError(
            f"--dp-unit {privacy.unit}: the data do not say whose each sentence is; name a table"
            f" with --dp-units FILE (a sentence's id, a tab, its {privacy.unit})"
        )
    names = read_units(privacy.units_file)
    missing = [one for one in ids if one not in names]
    if missing:
        raise InputError(
            f"{privacy.units_file}: expected every sentence of the training data, found"
            f" {len(missing):,} of {len(ids):,} missing, first {missing[0]!r}; add them"
        )
    return grouped(ids, names)


def grouped(ids: Sequence[str], names: Mapping[str, str]) -> list[list[int]]:
    """The places of each unit's sentences, units in the order of their first."""
    found: dict[str, list[int]] = {}
    for place, one in enumerate(ids):
        found.setdefault(names[one], []).append(place)
    return list(found.values())


def samples_of(units: Sequence[Sequence[int]], sentences: Sequence[int]) -> list[list[int]]:
    """For each unit of sentences the numbers of its samples.

    Args:
        sentences: of each sample the sentence that it is of: a long one has several windows.

    >>> samples_of([[0, 2], [1]], [0, 0, 1, 2])
    [[0, 1, 3], [2]]
    """
    found: dict[int, list[int]] = {}
    for number, sentence in enumerate(sentences):
        found.setdefault(sentence, []).append(number)
    return [[number for one in unit for number in found.get(one, ())] for unit in units]


def read_units(path: Path) -> dict[str, str]:
    """The unit of each sentence by its id.

    Raises:
        InputError: no such file, a line without two columns, an id with two units.
    """
    names: dict[str, str] = {}
    for number, line in read_lines(path):
        if not line.strip():
            continue
        cells = line.split("\t")
        if len(cells) != 2 or not all(map(str.strip, cells)):
            raise InputError(
                f"{path}:{number}: expected a sentence's id, a tab and whose it is, found"
                f" {len(cells)} columns: {line[:60]!r}"
            )
        one, name = map(str.strip, cells)
        if names.setdefault(one, name) != name:
            raise InputError(
                f"{path}:{number}: {one!r} is said to be {name!r}, and {names[one]!r} before"
            )
    return names
