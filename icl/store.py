"""What a run folder holds: its identity, and the answers, keyed by everything that made them.

A killed run loses the batch under way and nothing else: `segments.jsonl` is a record file (see
`runfolder.records`), config.json the run's (see `runfolder.folder`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Any

from data.errors import InputError
from data.files import canonical_json, sha256_text
from data.options import from_json, to_json
from icl.address import public_url
from icl.options import RunConfig
from runfolder import records as record_files
from runfolder.folder import Run, RunKind, folder_name, read_run, run_folder
from runfolder.records import Record, RecordFile

SEGMENTS = "segments.jsonl"
PLACES = ("out", "shard")  # options that say where and how much of a run is done, not which run
SHAPE = {
    "id": str,
    "key": str,
    "system": str,
    "source": str,
    "reference": str,
    "output": str,
    "finish?": str,
    "format?": int,
    "thinking?": str,
    "shots?": [str],
    "dictionary?": [[str]],
    "statistics": {str: [float]},
}


def request_key(identity: Mapping[str, str], decoding: Mapping[str, Any], prompt: str) -> str:
    """The hash of model identity and revision, engine, dtype, prompt and decoding settings.

    Args:
        identity: a backend's.
        decoding: the settings that change what comes out.
        prompt: the sha256 of the prompt.
    """
    return sha256_text(canonical_json([dict(identity), dict(decoding), prompt]))[:32]


class Store:
    """The answers of one run, opened for appending by whoever holds the folder's lock.

    Raises:
        InputError: a damaged line in the middle.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / SEGMENTS
        self._records: dict[tuple[str, str], Record] = {}

    def __enter__(self) -> Store:
        self._file = RecordFile(self.path)
        try:
            self._records = {_address(record): record for _, record in read_records(self.path)}
        except BaseException:
            self._file.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def get(self, segment: str, key: str) -> Record | None:
        """The record of this segment id that this request key made, if it is there."""
        return self._records.get((segment, key))

    def append(self, records: Sequence[Record]) -> None:
        """Write records and wait until the disk has them; raises as `RecordFile.append`."""
        self._file.append(records)
        self._records.update((_address(record), record) for record in records)


def _address(record: Record) -> tuple[str, str]:
    return record["id"], record["key"]


def read_records(path: Path, having: bytes = b"") -> Iterator[tuple[int, dict[str, Any]]]:
    """(end offset in bytes, record) for each whole line of a segments.jsonl.

    Args:
        having: lines without these bytes are passed over unread.

    Raises:
        InputError: a damaged line that is not the last.
    """
    return record_files.read_records(path, SHAPE, having=having, check=_check_counts)


def _check_counts(record: Mapping[str, Any]) -> None:
    if any(n < 0 for row in record["statistics"].values() for n in row):
        raise InputError("expected counts in statistics, found below 0")


def has_model_answer(folder: Path) -> bool:
    """Whether a model has answered anything: what the baselines say costs nothing."""
    path = folder / SEGMENTS
    marked = read_records(path, b'"system":"model"') if path.exists() else ()
    return any(record["system"] == "model" for _, record in marked)


KIND = RunKind(
    "icl.eval",
    {"metrics?": [str], "limit?": int | None, "systems": [{"system": str, "direction": str}]},
    ("scores.json", "report.html"),
    begun=(SEGMENTS, "timing.jsonl"),
    packages=(
        "bm25s",
        "ctranslate2",
        "numpy",
        "openai",
        "sacrebleu",
        "tokenizers",
        "torch",
        "transformers",
    ),
    has_result=has_model_answer,
)


def open_folder(
    config: RunConfig, what: str, identity: Mapping[str, Any]
) -> AbstractContextManager[Run]:
    """The folder of a run for a block, locked; a shard's has the shard in its name.

    Args:
        identity: everything that a result hangs on; its hash names the folder.

    Raises:
        InputError: as `runfolder.folder.run_folder`.
    """
    out = config.out
    if config.shard and out is None:
        shard = config.shard.replace("/", "-of-")
        out = Path("runs") / f"{folder_name(what, identity)}-shard-{shard}"
    options = {name: value for name, value in to_json(config).items() if name not in PLACES}
    options["base_url"] = public_url(config.base_url)  # the other parts of it are secret
    return run_folder(KIND, what, identity, out=out, options=options)


def read_options(folder: Path) -> tuple[RunConfig, Mapping[str, Any]]:
    """The configuration of a run folder, and its identity.

    Raises:
        InputError: the folder holds no run of this version.
    """
    run = read_run(KIND, folder)
    return from_json(RunConfig, run.options, str(folder / "config.json")), run.identity
