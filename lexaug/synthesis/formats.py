r"""How what was kept is written: as plain text, as JSON lines or as Parquet.

| mode | text | columns of jsonl and parquet |
| --- | --- | --- |
| mono, switch | text.txt, one line a record | line, text |
| parallel | pairs.tsv, source TAB target | line, source, target |
| tags | tags.txt, `token TAG`, a blank line behind each sentence | sentence, tokens, tags |

>>> kept = Lines([7], b"Mbwa wangu barks.\n", b"My dog barks.\n")
>>> as_text(kept)
b'My dog barks.\tMbwa wangu barks.\n'
>>> as_jsonl(kept)
b'{"line":7,"source":"My dog barks.","target":"Mbwa wangu barks."}\n'
"""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.archives import zstandard
from data.errors import UnavailableError
from data.files import appears_whole
from lexaug.synthesis.journal import GrowingFile, Output

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

STEMS = {"mono": "text", "switch": "text", "parallel": "pairs", "tags": "tags"}
SHARDS = "data"  # the folder of Parquet files, as on the hub
COMPRESSION_LEVEL = 6  # of gzip; zstandard's own default is 3


@dataclass(frozen=True, slots=True)
class Lines:
    """The kept lines of a block: their numbers, their text, and their sources where asked for."""

    numbers: Sequence[int] | NDArray[np.int64]
    text: bytes
    source: bytes | None = None

    def columns(self) -> dict[str, list[Any]]:
        """The records, column by column."""
        text = _lines(self.text)
        if self.source is None:
            return {"line": list(map(int, self.numbers)), "text": text}
        return {"line": list(map(int, self.numbers)), "source": _lines(self.source), "target": text}


@dataclass(frozen=True, slots=True)
class Sentences:
    """The kept labelled sentences of a block: numbers, tokens and one tag a token."""

    numbers: Sequence[int]
    tokens: Sequence[Sequence[str]]
    tags: Sequence[Sequence[str]]

    def columns(self) -> dict[str, list[Any]]:
        """The records, column by column."""
        return {
            "sentence": list(self.numbers),
            "tokens": [list(one) for one in self.tokens],
            "tags": [list(one) for one in self.tags],
        }


Kept = Lines | Sentences


def file_name(mode: str, form: str, compress: str | None = None) -> str:
    """The file that holds the records; for Parquet the pattern of its shards.

    >>> file_name("mono", "text", "gz"), file_name("parallel", "parquet")
    ('text.txt.gz', 'data/part-*.parquet')
    """
    if form == "parquet":
        return f"{SHARDS}/part-*.parquet"
    suffix = "jsonl" if form == "jsonl" else "tsv" if mode == "parallel" else "txt"
    return f"{STEMS[mode]}.{suffix}" + (f".{compress}" if compress else "")


def encode(kept: Kept, form: str, compress: str | None) -> Any:
    """What an output appends: bytes, packed where asked for, or a table for Parquet."""
    if form == "parquet":
        return as_table(kept)
    return packed(as_jsonl(kept) if form == "jsonl" else as_text(kept), compress)


def as_text(kept: Kept) -> bytes:
    """Lines, lines with a tab between source and target, or two columns."""
    if isinstance(kept, Sentences):
        sentences = zip(kept.tokens, kept.tags, strict=True)
        return "".join(_two_columns(*sentence) for sentence in sentences).encode()
    if kept.source is None:
        return kept.text
    pairs = zip(kept.source.split(b"\n")[:-1], kept.text.split(b"\n")[:-1], strict=True)
    return b"".join(left + b"\t" + right + b"\n" for left, right in pairs)


def as_jsonl(kept: Kept) -> bytes:
    """One JSON object a record, in the order of `columns`."""
    columns = kept.columns()
    dump = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
    rows = zip(*columns.values(), strict=True)
    return "".join(f"{dump(dict(zip(columns, row, strict=True)))}\n" for row in rows).encode()


def as_table(kept: Kept) -> Any:
    """A pyarrow table.

    Raises:
        UnavailableError: pyarrow is not installed.
    """
    pyarrow = _pyarrow()
    text, texts = pyarrow.string(), pyarrow.list_(pyarrow.string())
    columns = kept.columns()
    types = {"line": pyarrow.int64(), "sentence": pyarrow.int64(), "tokens": texts, "tags": texts}
    schema = pyarrow.schema([(name, types.get(name, text)) for name in columns])
    return pyarrow.table(columns, schema=schema)


def packed(content: bytes, compress: str | None) -> bytes:
    """A whole gzip member or zstandard frame, so that files of them can be cut and joined."""
    if not content or compress is None:
        return content
    if compress == "gz":
        return gzip.compress(content, COMPRESSION_LEVEL, mtime=0)
    return bytes(zstandard().ZstdCompressor().compress(content))


class ParquetShards:
    """A folder of Parquet files, one a commit, numbered by the first block in them.

    A shard appears whole when its commit is made; its size is counted in shards.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._tables: list[Any] = []

    def append(self, content: Any) -> None:
        """Take the table of a block."""
        if content.num_rows:
            self._tables.append(content)

    def commit(self, number: int) -> int:
        """Write what was taken as one shard; return how many shards that were, 0 or 1."""
        if not self._tables:
            return 0
        parquet = _pyarrow("pyarrow.parquet")
        with (
            appears_whole(self.folder / f"part-{number:08d}.parquet") as file,
            parquet.ParquetWriter(file, self._tables[0].schema, compression="zstd") as writer,
        ):
            for table in self._tables:
                writer.write_table(table)
        _fsync_folder(self.folder)
        self._tables = []
        return 1

    def restore(self, size: int) -> None:
        """Delete all shards but the first `size`, and what a killed commit left behind."""
        for shard in sorted(self.folder.glob("part-*.parquet"))[size:]:
            shard.unlink()
        for left in self.folder.glob(".part-*"):
            left.unlink()

    def close(self) -> None:
        """Nothing is open between two commits."""


def outputs(folder: Path, mode: str, form: str, compress: str | None) -> dict[str, Output]:
    """The output of the records, under the name that the journal and the card use."""
    name = file_name(mode, form, compress)
    if form == "parquet":
        return {name: ParquetShards(folder / SHARDS)}
    return {name: GrowingFile(folder / name)}


READ_AS: Mapping[tuple[str, str], dict[str, Any]] = {
    ("text", "parallel"): {
        "sep": "\t",
        "quoting": 3,  # csv.QUOTE_NONE: a quote is a character
        "column_names": ["source", "target"],
        "keep_default_na": False,
    },
    ("text", "tags"): {"sample_by": "paragraph"},
}
"""What `datasets` must be told about a format, in the words of its own builders."""


def _lines(content: bytes) -> list[str]:
    return content.decode().split("\n")[:-1]


def _two_columns(tokens: Sequence[str], tags: Sequence[str]) -> str:
    """`token TAG` lines and a blank one, as `data.tagged.read_tagged` reads them."""
    return "".join(f"{token} {tag}\n" for token, tag in zip(tokens, tags, strict=True)) + "\n"


def _fsync_folder(folder: Path) -> None:
    """Make a rename durable: the name of a file is kept in its folder."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _pyarrow(module: str = "pyarrow") -> Any:
    import importlib

    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise UnavailableError(
            '--format parquet needs the package pyarrow; pip install -e ".[lexaug]"'
        ) from error
