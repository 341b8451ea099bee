"""Turns of sessions from JSON lines, and the paths that they make.

A line is a turn: what was asked, when, what the assistant took it for, whether that was a defect.

    {"session": "s1", "user": "u7", "time": 12.5, "request": "play maj and dragons",
     "intent": "play_music", "defect": true}

`user` and `rewrite` (what the request was rewritten into before the model saw it) may be left out.
`time` is in seconds. Lines may stand in any order; a session's turns are put in the order of their
times. A defect and the next turn within `gap` seconds are a rephrase; a turn that is no defect ends
its path in success, whatever follows; a defect that nothing follows ends it in failure.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.bounded import parse_json
from data.errors import InputError
from data.lines import open_bytes
from data.spelling import sentence_key

SHAPE = {
    "session": str,
    "user?": str,
    "time": int | float,
    "request": str,
    "intent": str,
    "defect": bool,
    "rewrite?": str | None,
}
BLOCK = 1 << 26  # bytes of lines that are parsed together
LONGEST = 1_000  # characters of a request; what is longer is nobody's rephrase
LATEST = 1e12  # seconds; milliseconds since 1970 are more
NONE = -1
SUCCESS, MOVE, FAILURE = 0, 1, 2  # how a visit of a request goes on

Codes = NDArray[np.int32]


class Vocabulary:
    """Texts as numbers, in the order in which they first occur."""

    def __init__(self, texts: Sequence[str] = ()) -> None:
        self.texts = list(texts)
        self._codes = {text: number for number, text in enumerate(self.texts)}

    def __len__(self) -> int:
        return len(self.texts)

    def code(self, text: str) -> int:
        """The number of a text, a new one where it is new."""
        number = self._codes.setdefault(text, len(self.texts))
        if number == len(self.texts):
            self.texts.append(text)
        return number

    def find(self, text: str) -> int:
        """The number of a text, NONE where there is none."""
        return self._codes.get(text, NONE)


@dataclass(frozen=True)
class Turns:
    """Turns in columns, (n,) each.

    Attributes:
        session, user: hashes of 64 bits.
        request, intent, rewrite: codes of `Log.requests` and `Log.intents`; rewrite NONE for none.
    """

    session: NDArray[np.uint64]
    user: NDArray[np.uint64]
    time: NDArray[np.float64]
    request: Codes
    intent: Codes
    rewrite: Codes
    defect: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.time)

    def take(self, rows: NDArray[Any]) -> Turns:
        """Some of the turns."""
        columns: list[Any] = [getattr(self, name)[rows] for name in COLUMNS]
        return Turns(*columns)

    def joined(self, other: Turns) -> Turns:
        """Both one after the other."""
        pairs: list[Any] = [(getattr(self, name), getattr(other, name)) for name in COLUMNS]
        columns: list[Any] = [np.concatenate(pair) for pair in pairs]
        return Turns(*columns)


COLUMNS = ("session", "user", "time", "request", "intent", "rewrite", "defect")
TYPES = (np.uint64, np.uint64, np.float64, np.int32, np.int32, np.int32, np.bool_)
_EMPTY: list[Any] = [np.zeros(0, kind) for kind in TYPES]
NO_TURNS = Turns(*_EMPTY)


def folded(request: str) -> str:
    """A request as it is counted and looked up: letters and digits, as `data.spelling` has them.

    >>> folded("Play  Maj & Dragons!") == folded("play maj dragons")
    True
    """
    return sentence_key(request)


class Log:
    """Requests and intents with numbers, and the text that each request is shown in.

    Of the texts that fold into one request that is the first in the alphabet, so that it does not
    depend on the order in which sessions are read.
    """

    def __init__(
        self, keys: Sequence[str] = (), shown: Sequence[str] = (), intents: Sequence[str] = ()
    ) -> None:
        self.requests = Vocabulary(keys)
        self.intents = Vocabulary(intents)
        self.shown = list(shown)
        self._known: dict[str, int] = {}  # texts as they are written, to spare folding

    def request(self, text: str) -> int:
        """The number of a request."""
        known = self._known.get(text)
        if known is None:
            known = self.requests.code(folded(text))
            if known == len(self.shown):
                self.shown.append(text)
            self.shown[known] = min(self.shown[known], text)  # whichever comes first
            self._known[text] = known
        return known

    def read(self, path: Path) -> Turns:
        """The turns of a file.

        Raises:
            InputError: a line of another form, a time below 0 or past 10^12, a request or rewrite
                that is empty or longer than 1,000 characters: with its number.
        """
        parts = [NO_TURNS]
        number = 1
        with open_bytes(path) as file:
            for block in _blocks(file):
                parts.append(self._turns(block, path, number))
                number += block.count(b"\n")
        columns: list[Any] = [
            np.concatenate([getattr(one, name) for one in parts]) for name in COLUMNS
        ]
        return Turns(*columns)

    def _turns(self, block: bytes, path: Path, number: int) -> Turns:
        quick = _quickly(block)
        if quick is None:
            rows = [
                _checked(line, f"{path}:{place}")
                for place, line in enumerate(block.split(b"\n"), number)
                if line.strip()
            ]
            names = ("session", "user", "time", "request", "intent", "rewrite", "defect")
            table = {name: [row[name] for row in rows] for name in names}
        else:
            table = quick
            _check_columns(table, block, path, number)
        return Turns(
            _hashes(table["session"]),
            _hashes(table["user"]),
            np.asarray(table["time"], np.float64),
            self._codes(table["request"]),
            np.fromiter(map(self.intents.code, table["intent"]), np.int32),
            self._codes(table["rewrite"]),
            np.asarray(table["defect"], np.bool_),
        )

    def _codes(self, texts: Sequence[str | None]) -> Codes:
        known, request = self._known, self.request
        found = (
            NONE if not text else known[text] if text in known else request(text) for text in texts
        )
        return np.fromiter(found, np.int32, len(texts))


def _blocks(file: Any) -> Iterator[bytes]:
    """The file in blocks of whole lines."""
    rest = b""
    while piece := file.read(BLOCK):
        whole, newline, rest_of = (rest + piece).rpartition(b"\n")
        if newline:
            yield whole + newline
        rest = rest_of
    if rest.strip():
        yield rest


def _quickly(block: bytes) -> dict[str, Any] | None:
    """The columns by polars; None where it is not there, or a line needs a look of its own."""
    try:
        import polars as pl
    except ImportError:
        return None
    kinds = {
        "session": pl.String,
        "user": pl.String,
        "time": pl.Float64,
        "request": pl.String,
        "intent": pl.String,
        "rewrite": pl.String,
        "defect": pl.Boolean,
    }
    try:
        table = pl.read_ndjson(block, schema=kinds)
    except (pl.exceptions.PolarsError, ValueError, OSError):
        return None
    needed = ("session", "time", "request", "intent", "defect")
    if any(table[name].null_count() for name in needed) or b"\\ud" in block or b"\\uD" in block:
        return None
    for name, kind in kinds.items():  # polars reads 5 and ["a"] as texts
        if kind == pl.String and _texts(block, name) != table[name].count():
            return None
    return {
        name: table[name].to_numpy() if name in ("time", "defect") else table[name].to_list()
        for name in kinds
    }


def _texts(block: bytes, name: str) -> int:
    """How many times a key is followed by a text. Inside of texts quotes have a backslash.

    >>> _texts(b'{"user": 5} {"user": "u"} {"request": "\\\\"user\\\\": "}', "user")
    1
    """
    return sum(block.count(f'"{name}":{space}"'.encode()) for space in ("", " "))


def _check_columns(table: dict[str, Any], block: bytes, path: Path, number: int) -> None:
    """Where something is wrong, look at each line to say which."""
    times = table["time"]
    texts = [*table["request"], *(one for one in table["rewrite"] if one is not None)]
    longest = max(map(len, texts), default=0)
    blank = any(not text.strip() for text in texts)
    if not ((times >= 0) & (times <= LATEST)).all() or longest > LONGEST or blank:
        for place, line in enumerate(block.split(b"\n"), number):
            if line.strip():
                _checked(line, f"{path}:{place}")


def _checked(line: bytes, where: str) -> dict[str, Any]:
    record: dict[str, Any] = parse_json(line, where, SHAPE)
    if not 0 <= record["time"] <= LATEST:
        raise InputError(
            f"{where}: expected a time of 0 to {LATEST:g} seconds, found {record['time']};"
            " correct it"
        )
    for name in ("request", "rewrite"):
        text = record.get(name)
        if text is not None and (len(text) > LONGEST or not text.strip()):
            found = f"{len(text):,} characters" if text.strip() else "none"
            raise InputError(
                f"{where}: expected a {name} of 1 to {LONGEST:,} characters, found {found};"
                " leave the turn out"
            )
    return {"user": None, "rewrite": None, **record}


def _hashes(texts: Sequence[str | None]) -> NDArray[np.uint64]:
    """A hash of 64 bits a text, the same on every machine."""
    known: dict[str | None, int] = {}
    found = np.empty(len(texts), np.uint64)
    for place, text in enumerate(texts):
        number = known.get(text)
        if number is None:
            digest = hashlib.blake2b((text or "").encode(), digest_size=8).digest()
            number = known[text] = int.from_bytes(digest, "little")
        found[place] = number
    return found


@dataclass(frozen=True)
class Visits:
    """What became of each turn that no rewrite was before: (n,) each, in the order of the paths.

    Attributes:
        request, intent: what was asked, and what it was taken for.
        to: the request that followed, NONE where the path ended.
        outcome: SUCCESS, MOVE (a rephrase followed) or FAILURE.
    """

    request: Codes
    intent: Codes
    to: Codes
    outcome: NDArray[np.int8]
    user: NDArray[np.uint64]
    time: NDArray[np.float64]


def in_order(turns: Turns) -> Turns:
    """By session, then by time; turns at one time stay as they were."""
    return turns.take(np.lexsort((turns.time, turns.session)))


def visits_of(turns: Turns, gap: float) -> Visits:
    """What became of each turn; `turns` in order.

    Args:
        gap: seconds; a pause that is longer ends a path.
    """
    number = len(turns)
    follows = np.zeros(number, bool)
    if number > 1:
        same = turns.session[1:] == turns.session[:-1]
        near = turns.time[1:] - turns.time[:-1] <= gap
        follows[:-1] = same & near & (turns.rewrite[1:] == NONE)
    moves = turns.defect & follows
    outcome = np.where(moves, MOVE, np.where(turns.defect, FAILURE, SUCCESS)).astype(np.int8)
    following = np.append(turns.request[1:], np.int32(NONE))[:number]
    to = np.where(moves, following, NONE).astype(np.int32)
    own = turns.rewrite == NONE
    return Visits(
        turns.request[own],
        turns.intent[own],
        to[own],
        outcome[own],
        turns.user[own],
        turns.time[own],
    )


def still_open(turns: Turns, gap: float) -> NDArray[np.bool_]:
    """Which turns belong to sessions that may still go on: nothing later than `gap` is known."""
    if not len(turns):
        return np.zeros(0, bool)
    last = turns.time.max()
    ends = np.append(turns.session[1:] != turns.session[:-1], True)
    going = turns.session[ends & (last - turns.time <= gap)]
    return np.isin(turns.session, going)
