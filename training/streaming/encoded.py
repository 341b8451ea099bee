"""A corpus as ids on disk, tokenised once and read through memory maps ever after.

encoded = encode_texts(lines, tokenizer, Path("runs/x/text"), name="lafand", key={"sha256": "..."})
encoded.document(0)      # array([812, 95, 7])
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from data.bounded import read_json
from data.errors import InputError
from data.files import canonical_json, raise_if_disk_full, sha256_text, write_whole
from training.noising.examples import Ids
from training.vocabulary.special import as_data, encoded

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
    backend = as_data(tokenizer)
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
