"""Candidates of an audit: what was trained on (members) and what was not (others).

    members, others = candidates(target, ("sw=train.txt",), ("sw=held-out.txt",), access=Access())

Each comes from a file or a set of the catalog, as the command that trained the model names them;
`LANG=NAME` says the language where the set does not. A text on both sides makes every figure
wrong, so it is refused, or taken out and counted.

>>> both = [Example("1", "Mvua inanyesha.", "sw", None), Example("2", "Jua kali.", "sw", None)]
>>> parted(both[:1], [Example("3", "mvua inanyesha", "sw", None)], drop=False)
Traceback (most recent call last):
data.errors.InputError: members and others share 1 of 1 texts, such as "Mvua inanyesha.": nobody \
can tell which side they are of; take them out of one, or give --drop-shared
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from data.access import Access
from data.errors import InputError
from data.files import canonical_json, sha256_text
from data.languages import resolve
from data.lines import excerpt
from data.randomness import stream
from data.spelling import sentence_key


@dataclass(frozen=True, slots=True)
class Example:
    """One candidate.

    Attributes:
        id: of its own among all candidates.
        text: what people read of it; a check that does not see the model looks at this alone.
        language: a code, "" where nobody said.
        content: as the kind of model takes it: an utterance, a tagged sentence, a text, a triple.
    """

    id: str
    text: str
    language: str
    content: Any


class Reads(Protocol):
    """What reads the sets that one kind of model is trained on."""

    def read(self, name: str, access: Access) -> list[Example]:
        """The examples of a file or a set of the catalog."""
        ...


@dataclass(frozen=True)
class Candidates:
    """Members, then others, each with an id of its own.

    Attributes:
        dropped: counts by reason.
    """

    members: tuple[Example, ...]
    others: tuple[Example, ...]
    dropped: Counter[str]

    @property
    def every(self) -> list[Example]:
        """Members, then others."""
        return [*self.members, *self.others]

    @property
    def is_member(self) -> list[bool]:
        """Of each of `every`."""
        return [True] * len(self.members) + [False] * len(self.others)

    @property
    def sha256(self) -> str:
        """Of both sides, with labels."""
        rows = [[one.id, one.text, one.language, repr(one.content)] for one in self.every]
        return sha256_text(canonical_json(rows))


def candidates(
    target: Reads,
    members: Sequence[str],
    others: Sequence[str],
    *,
    limit: int | None,
    seed: int,
    drop: bool,
    access: Access,
) -> Candidates:
    """Both sides, without repeated texts.

    Args:
        limit: so many of each side, drawn by seed.
        drop: take texts that both sides have out of both; else they are refused.

    Raises:
        InputError: no such set, none left on a side, a text on both sides.
        UnavailableError: a file of the catalog cannot be had.
    """
    dropped = Counter[str]()
    sides = []
    for role, names in (("members", members), ("others", others)):
        found = [one for name in names for one in read(target, name, access)]
        distinct = list({(sentence_key(one.text), one.text): one for one in found}.values())
        if len(found) > len(distinct):
            dropped[f"{role}: repeated text"] += len(found) - len(distinct)
        sides.append(distinct)
    before = [len(side) for side in sides]
    sides = list(parted(sides[0], sides[1], drop=drop))
    for role, side, number in zip(("members", "others"), sides, before, strict=True):
        if number > len(side):
            dropped[f"{role}: text that the other side has"] += number - len(side)
        if not side:
            raise InputError(f"--{role}: expected examples, found none; name other sets")
    chosen = [_limited(side, limit, seed) for side in sides]
    named = [
        tuple(replace(one, id=f"{role}:{n}") for n, one in enumerate(side, 1))
        for role, side in zip(("member", "other"), chosen, strict=True)
    ]
    return Candidates(named[0], named[1], dropped)


def read(target: Reads, name: str, access: Access) -> list[Example]:
    """The examples of NAME or LANG=NAME.

    Raises:
        InputError: no such set, or no such language.
    """
    code, sign, rest = name.partition("=")
    if not sign or Path(name).exists():
        return _read(target, name, access)
    try:
        language = resolve(code).bcp47
    except InputError as error:
        raise InputError(f"{name}: {error}") from error
    return [replace(one, language=language) for one in _read(target, rest, access)]


def _read(target: Reads, name: str, access: Access) -> list[Example]:
    """The examples of a set; what is wrong with it says of which set."""
    try:
        return target.read(name, access)
    except InputError as error:
        if name.partition(":")[0] in str(error):
            raise
        raise InputError(f"{name}: {error}") from error


def parted(
    members: Sequence[Example], others: Sequence[Example], *, drop: bool
) -> tuple[list[Example], list[Example]]:
    """Both sides without the texts that they share.

    Raises:
        InputError: they share some, and they are not to be dropped.
    """
    shared = {sentence_key(one.text) for one in members} & {sentence_key(o.text) for o in others}
    mine = [one for one in members if sentence_key(one.text) in shared]
    if mine and not drop:
        raise InputError(
            f"members and others share {len(shared):,} of {len(members):,} texts, such as"
            f" {excerpt(mine[0].text)}: nobody can tell which side they are of; take them out of"
            " one, or give --drop-shared"
        )
    kept = [
        [one for one in side if sentence_key(one.text) not in shared] for side in (members, others)
    ]
    return kept[0], kept[1]


def _limited(side: Sequence[Example], limit: int | None, seed: int) -> list[Example]:
    if limit is None or limit >= len(side):
        return list(side)
    places = sorted(stream(seed, "limit").sample(range(len(side)), limit))
    return [side[place] for place in places]
