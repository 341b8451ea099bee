"""Corpora as ids on disk, and their documents in shuffled order, cut so that they fit.

    corpus = encode_texts(lines, tokenizer, Path("runs/x"), name="lafand", key={"sha256": "..."})
    corpus.document(0)      # array([812, 95, 7])

A corpus is tokenised once and read through memory maps ever after. Its documents come epoch after
epoch in one of two ways. By sentence: a document is an example; one that is too long is cut into
parts of nearly equal length. Packed: documents follow each other with an end-of-text token after
each, cut into blocks of the same length wherever that falls. Either way every token comes once an
epoch.

In which order documents come, and from which corpus, is computed, so that a position is a number.

>>> sorted(shuffled_position(position, 10, key=7) for position in range(10)) == list(range(10))
True
>>> [shuffled_position(position, 5, key=1) for position in range(5)]
[3, 2, 1, 0, 4]
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from data.bounded import read_json
from data.errors import InputError
from data.files import canonical_json, raise_if_disk_full, sha256_text, write_whole
from data.randomness import draw, key
from training.objectives.examples import Ids
from training.tokenizer.special import encoded, literal_backend

VERSION = 1  # of the files
IDS: dict[str, np.dtype[Any]] = {"<u2": np.dtype("<u2"), "<u4": np.dtype("<u4")}
COUNTED = ("bytes", "characters", "empty", "sha256")
FACTS = {"dtype": str, "bytes": int, "characters": int, "empty": int, "sha256": str}
_CHUNK = 1000  # texts that are encoded at a time


@dataclass(frozen=True)
class Encoded:
    """Documents as ids, one after the other.

    Attributes:
        ids: all of them, (N,), uint16 or uint32; ends: where each document ends, (D,), int64.
        weight: how much more of it is wanted than of the others.
        bytes, characters: of the documents' text, in UTF-8; empty: texts without a single token,
            which are left out; sha256: of the ids and ends.
    """

    name: str
    ids: NDArray[Any] = field(repr=False)
    ends: NDArray[np.int64] = field(repr=False)
    bytes: int
    characters: int
    empty: int
    sha256: str
    weight: float = 1.0

    @property
    def tokens(self) -> int:
        """The number of tokens, without separators."""
        return len(self.ids)

    @property
    def documents(self) -> int:
        """The number of documents, empty ones aside."""
        return len(self.ends)

    def length(self, number: int) -> int:
        """The tokens of a document."""
        return int(self.ends[number]) - self._start(number)

    def document(self, number: int) -> Ids:
        """The ids of a document, (n,)."""
        return np.asarray(self.ids[self._start(number) : self.ends[number]], dtype=np.int64)

    def _start(self, number: int) -> int:
        return int(self.ends[number - 1]) if number else 0


def encode_texts(
    texts: Iterable[str],
    tokenizer: Any,
    folder: Path | None,
    *,
    name: str,
    weight: float = 1.0,
    key: Mapping[str, Any],
) -> Encoded:
    """Tokenise documents, or open what was made of them before.

    Args:
        texts: consumed once, and only if the folder does not hold their ids yet.
        folder: where to keep ids, those of each (key, tokenizer) in a folder of its own; None: in
            memory.
        key: what says which texts these are: checksums, filters, limits.

    Raises:
        InputError: no text with a token in it, or a weight that is not above 0.
        UnavailableError: the disk is full.
    """
    if not weight > 0:
        raise InputError(f"{name}: a weight of {weight}; expected a number above 0")
    if folder is None:
        with tempfile.TemporaryDirectory() as temporary:
            made = _write(texts, tokenizer, Path(temporary), name)
            made = replace(made, ids=np.array(made.ids), ends=np.array(made.ends))
    else:
        made = _kept(texts, tokenizer, folder, name, key)
    return replace(made, name=name, weight=weight)


def _kept(
    texts: Iterable[str], tokenizer: Any, folder: Path, name: str, key: Mapping[str, Any]
) -> Encoded:
    vocabulary = sha256_text(tokenizer.backend_tokenizer.to_str())
    place = folder / sha256_text(canonical_json([VERSION, vocabulary, key]))[:16]
    if not (place / "corpus.json").is_file():
        folder.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{place.name}.", dir=folder))
        try:
            _write(texts, tokenizer, temporary, name)
            _settle(temporary, place)
        except OSError as error:
            raise_if_disk_full(error, folder)
            raise
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    return _open(place, name)


def _settle(temporary: Path, place: Path) -> None:
    """Rename a folder, unless another process was quicker: it made the same."""
    try:
        temporary.rename(place)
    except OSError:
        if not (place / "corpus.json").is_file():
            raise


def _write(texts: Iterable[str], tokenizer: Any, folder: Path, name: str) -> Encoded:
    backend = literal_backend(tokenizer)
    kind = np.dtype("<u2" if len(tokenizer) <= 1 << 16 else "<u4")
    totals = {"bytes": 0, "characters": 0, "empty": 0}
    digest = hashlib.sha256()
    end = 0
    remaining = iter(texts)
    with open(folder / "ids.bin", "wb") as ids_file, open(folder / "ends.bin", "wb") as ends_file:
        while chunk := list(islice(remaining, _CHUNK)):
            for text, ids in zip(chunk, encoded(backend, chunk), strict=True):
                if not ids:
                    totals["empty"] += 1
                    continue
                totals["bytes"] += len(text.encode())
                totals["characters"] += len(text)
                end += len(ids)
                _append(ids_file, np.array(ids, dtype=kind), digest)
                _append(ends_file, np.array([end], dtype="<i8"), digest)
    if not end:
        raise InputError(
            f"{name}: expected text, found no document with a token ({totals['empty']:,} empty);"
            " check the corpus and its filters"
        )
    facts = totals | {"dtype": kind.str, "sha256": digest.hexdigest()}
    write_whole(folder / "corpus.json", canonical_json(facts) + "\n")
    return _open(folder, name)


def _append(file: BinaryIO, values: NDArray[Any], digest: Any) -> None:
    content = values.tobytes()
    digest.update(content)
    file.write(content)


def _open(folder: Path, name: str) -> Encoded:
    facts = read_json(folder / "corpus.json", FACTS)
    try:
        ids = np.memmap(folder / "ids.bin", dtype=IDS[facts["dtype"]], mode="r")
        ends = np.memmap(folder / "ends.bin", dtype="<i8", mode="r")
        whole = bool(ends[0] > 0 and ends[-1] == len(ids) and np.all(np.diff(ends) > 0))
    except (KeyError, ValueError, OSError):  # no such kind; empty or cut files
        whole = False
    if not whole:
        raise InputError(
            f"{folder}: expected the ids of a corpus, found damaged ones; remove the folder, and"
            " the same command makes it again"
        )
    return Encoded(name=name, ids=ids, ends=ends, **{key: facts[key] for key in COUNTED})


class Position(NamedTuple):
    """Where a corpus stands: the epoch, the document (or part) of it, the token of the document."""

    epoch: int = 0
    number: int = 0
    offset: int = 0


class Documents(Protocol):
    """A corpus cut to length."""

    def step(self, position: Position) -> tuple[int, Position]:
        """The tokens of what stands at a position, and the position after it."""
        ...

    def ids(self, position: Position) -> Ids:
        """What stands at a position, (n,)."""
        ...


@dataclass(frozen=True)
class Sentences:
    """Documents, or parts of long ones, of at most `size` tokens each."""

    corpus: Encoded
    size: int
    seed: int

    def step(self, position: Position) -> tuple[int, Position]:
        """See `Documents`."""
        start, stop = self._span(self._shuffled(position))
        last = position.number + 1 == self.count
        return stop - start, Position(position.epoch + last, 0 if last else position.number + 1)

    def ids(self, position: Position) -> Ids:
        """See `Documents`."""
        return self.part(self.number(position))

    def number(self, position: Position) -> int:
        """Which part of the corpus stands at a position."""
        return self._shuffled(position)

    def part(self, number: int) -> Ids:
        """Part `number` of the corpus in its own order."""
        start, stop = self._span(number)
        return np.asarray(self.corpus.ids[start:stop], dtype=np.int64)

    @property
    def count(self) -> int:
        """The number of parts."""
        return int(self._last_parts[-1])

    def _shuffled(self, position: Position) -> int:
        return shuffled_position(position.number, self.count, _key(self, position.epoch))

    def _span(self, number: int) -> tuple[int, int]:
        """Where a part starts and ends in the corpus."""
        document = int(np.searchsorted(self._last_parts, number, side="right"))
        first = int(self._last_parts[document - 1]) if document else 0
        parts = int(self._last_parts[document]) - first
        length = self.corpus.length(document)
        start = int(self.corpus.ends[document]) - length
        at = number - first
        return start + at * length // parts, start + (at + 1) * length // parts

    @cached_property
    def _last_parts(self) -> NDArray[np.int64]:
        """How many parts there are up to each document, itself included, (D,)."""
        lengths = np.diff(self.corpus.ends, prepend=0)
        return np.cumsum(-(-lengths // self.size))


@dataclass(frozen=True)
class Packed:
    """Blocks of `size` tokens each, the separator after every document included."""

    corpus: Encoded
    size: int
    seed: int
    separator: int

    def step(self, position: Position) -> tuple[int, Position]:
        """See `Documents`."""
        for _, after in self._pieces(position):
            position = after
        return self.size, position

    def ids(self, position: Position) -> Ids:
        """See `Documents`."""
        return np.concatenate([self._slice(*slice_) for slice_, _ in self._pieces(position)])

    def _slice(self, document: int, start: int, stop: int) -> Ids:
        ids = np.append(self.corpus.document(document), self.separator)
        return np.asarray(ids[start:stop], dtype=np.int64)

    def _pieces(self, position: Position) -> Iterator[tuple[tuple[int, int, int], Position]]:
        """The parts of documents that make up a block, each with the position after it."""
        left = self.size
        while left:
            now = _key(self, position.epoch)
            document = shuffled_position(position.number, self.corpus.documents, now)
            length = self.corpus.length(document) + 1
            stop = min(length, position.offset + left)
            left -= stop - position.offset
            piece = (document, position.offset, stop)
            position = self._after(position, stop, length)
            yield piece, position

    def _after(self, position: Position, stop: int, length: int) -> Position:
        if stop < length:
            return position._replace(offset=stop)
        last = position.number + 1 == self.corpus.documents
        return Position(position.epoch + last, 0 if last else position.number + 1)


def _key(documents: Sentences | Packed, epoch: int) -> int:
    return key(documents.seed, f"{documents.corpus.name}/{epoch}")


_ROUNDS = 4


def shuffled_position(position: int, size: int, key: int) -> int:
    """Where `position` of 0 ... size - 1 goes in the permutation of a key, in constant memory.

    A Feistel network (Luby and Rackoff 1988, https://doi.org/10.1137/0217022) permutes the numbers
    of an even number of bits; numbers beyond `size` are sent round again until they fall inside.
    """
    half = max(1, ((size - 1).bit_length() + 1) // 2)
    mask = (1 << half) - 1
    while True:
        left, right = position >> half, position & mask
        for number in range(_ROUNDS):
            left, right = right, left ^ (draw(key, (number << 32) + right) & mask)
        position = (left << half) | right
        if position < size:
            return position


def mixed_shares(
    tokens: Sequence[int], weights: Sequence[float], temperature: float
) -> tuple[float, ...]:
    """Each corpus's share of the stream: weight * tokens ** (1 / temperature), scaled to sum to 1.

    Temperature 1 keeps the proportions of the corpora; a higher one lifts the small ones (XLM-R has
    1/0.3, Conneau et al. 2020, https://aclanthology.org/2020.acl-main.747).

    >>> mixed_shares([900, 100], [1, 1], 1.0)
    (0.9, 0.1)
    >>> mixed_shares([900, 100], [1, 1], 2.0)
    (0.75, 0.25)

    Raises:
        InputError: a temperature below 1.
    """
    if not temperature >= 1:
        raise InputError(f"temperature {temperature}: expected 1 (as the corpora are) or more")
    raw = [
        weight * float(number) ** (1 / temperature)
        for number, weight in zip(tokens, weights, strict=True)
    ]
    return tuple(one / sum(raw) for one in raw)


def most_behind(shares: Sequence[float], given: Sequence[int]) -> int:
    """The corpus that is furthest behind its share of the tokens given so far.

    Taking from it each time keeps the shares to within a document, without chance.

    >>> given = [0, 0]
    >>> for _ in range(8):
    ...     given[most_behind([0.75, 0.25], given)] += 10
    >>> given
    [60, 20]
    """
    total = sum(given)
    return max(range(len(shares)), key=lambda n: (shares[n] * total - given[n], shares[n], -n))
