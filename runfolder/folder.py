"""The one opener of run folders: `runs/WHAT-<hash of the identity>/`, or where --out says.

    KIND = RunKind("icl.eval", {"systems": list}, ("segments.jsonl",), packages=("sacrebleu",))

    with run_folder(KIND, "icl-sw", identity, out=config.out, options=to_json(config)) as run:
        write_whole(run.folder / "scores.json", ...)

config.json holds the command, `run` (the identity: all that the numbers hang on, and nothing
else), `options` as they were given, and `environment`: versions, which explain a result and do not
define it. The same command in the same folder goes on; another one is refused, with what differs,
unless the folder holds no result yet.
"""

from __future__ import annotations

import importlib.metadata
import json
import platform
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from data.bounded import read_json
from data.errors import InputError, UnavailableError
from data.files import canonical_json, raise_if_disk_full, sha256_text, sweep, write_whole

CONFIG = "config.json"
LOCK = ".lock"
SHAPE = {"command?": str, "run": dict, "options?": dict, "environment?": dict}
MOST_DIFFERENCES = 5  # named in an error


@dataclass(frozen=True, slots=True)
class RunKind:
    """What the run folders of one command are like.

    Attributes:
        command: as it is started, `icl.eval`.
        shape: what `run` in config.json holds (see `data.bounded`), and no other command's does.
        results: patterns of what a run has made. A folder with one of them that is not empty is
            this run's for good.
        begun: patterns of what a run writes before it has a result.
        packages: whose versions stand in config.json, beside ours.
        has_result: in place of the patterns, where they cannot tell.
    """

    command: str
    shape: Mapping[str, Any]
    results: tuple[str, ...]
    begun: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    has_result: Callable[[Path], bool] | None = None

    @property
    def written(self) -> tuple[str, ...]:
        """Patterns of all that a run of this kind writes."""
        return (*self.results, *self.begun, CONFIG)


@dataclass(frozen=True, slots=True)
class Run:
    """A run folder as its config.json describes it.

    Attributes:
        identity: what the numbers hang on.
        options: as they were given when it began.
        environment: what it was begun with.
    """

    folder: Path
    identity: Mapping[str, Any]
    options: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, Any] = field(default_factory=dict)


def folder_name(what: str, identity: Mapping[str, Any]) -> str:
    """The name of a run's folder: `icl-sw-1f2e3d4c5b6a`.

    >>> folder_name("icl-sw", {"shots": 1})
    'icl-sw-fa97c54d58b1'
    """
    return f"{what}-{sha256_text(canonical_json(identity))[:12]}"


@contextmanager
def run_folder(
    kind: RunKind,
    what: str,
    identity: Mapping[str, Any],
    *,
    out: Path | None = None,
    options: Mapping[str, Any] | None = None,
) -> Iterator[Run]:
    """A run's folder for the block, opened as `open_run` does and locked against other processes.

    Args:
        what: begins the folder's name, where `out` gives none.

    Raises:
        InputError: another process works in it, or as `open_run`.
    """
    folder = out or Path("runs") / folder_name(what, identity)
    with locked(folder):
        yield open_run(kind, folder, identity, options=options)


def open_run(
    kind: RunKind,
    folder: Path,
    identity: Mapping[str, Any],
    *,
    options: Mapping[str, Any] | None = None,
) -> Run:
    """Begin a run in a folder, or find that it is this run's; the caller holds the lock.

    What a killed writer left is swept. Where the run is resumed with other versions, config.json
    says so under `resumed_with`; what it was begun with stays.

    Raises:
        InputError: the folder holds another run, with what differs, or files of nobody knows which.
    """
    folder.mkdir(parents=True, exist_ok=True)
    sweep(folder)
    expected = json.loads(canonical_json(identity))
    now = environment(kind.packages)
    path = folder / CONFIG
    if path.exists():
        content = _content(kind, path)
        different = list(differences(content["run"], expected))
        if not different:
            _note_versions(path, content, now)
            return _run(folder, content)
        if not release(kind, folder):
            named = "; ".join(different[:MOST_DIFFERENCES])
            raise InputError(
                f"{folder}: holds another run (it differs in {named}); choose another --out, or"
                " leave it out"
            )
    else:
        _check_unclaimed(kind, folder)
    content = {
        "command": kind.command,
        "run": expected,
        "options": dict(options or {}),
        "environment": now,
    }
    write_json(path, content)
    return _run(folder, content)


def read_run(kind: RunKind, folder: Path) -> Run:
    """The run that a folder holds.

    Raises:
        InputError: it holds none of this kind, or its config.json is damaged.
    """
    path = folder / CONFIG
    if not path.exists():
        raise InputError(f"{folder}: no config.json; give the folder of a run of {kind.command}")
    return _run(folder, _content(kind, path))


@contextmanager
def locked(folder: Path, option: str = "--out") -> Iterator[None]:
    """Keep other processes out of a run folder for the block.

    Args:
        option: that names the folder, for the message.

    Raises:
        InputError: another process is in, or no folder can be made there.
    """
    is_new = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise_if_disk_full(error, folder)
        what = "is a file" if folder.is_file() else f"cannot be made ({error.strerror})"
        raise InputError(
            f"{folder}: expected a folder, found that it {what}; choose another {option}"
        ) from error
    lock = FileLock(folder / LOCK, timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise InputError(
            f"{folder}: another process writes here; wait for it or choose another {option}"
        ) from error
    try:
        yield
    finally:
        if is_new:
            _remove_if_nothing(folder)
        lock.release()


def _remove_if_nothing(folder: Path) -> None:
    """Remove a folder that holds its lock alone: a run that was refused leaves none behind."""
    with suppress(OSError):  # removed under the run, or another file came in between
        if [path.name for path in folder.iterdir()] == [LOCK]:
            (folder / LOCK).unlink()
            folder.rmdir()


def release(kind: RunKind, folder: Path) -> bool:
    """Clear a folder whose run has made nothing yet, so that a corrected command may have it.

    Returns:
        Whether the folder holds no result and nobody works in a part of it.
    """
    if _has_result(kind, folder):
        return False
    locks = sorted({*folder.glob(".*lock"), *folder.glob("*/.*lock")} - {folder / LOCK})
    try:
        with ExitStack() as held:
            for lock in locks:
                held.enter_context(FileLock(lock, timeout=0).acquire())
            for path in {path for pattern in kind.written for path in folder.glob(pattern)}:
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path)
                else:
                    path.unlink(missing_ok=True)
    except Timeout:
        return False
    return True


@contextmanager
def cleared_if_refused(kind: RunKind, folder: Path) -> Iterator[None]:
    """A block that finds out whether its input will do: where not, the run it began leaves nothing.

    Raises:
        InputError, UnavailableError: what the block raised; the folder is cleared first, if it has
            no result (`release`).
    """
    try:
        yield
    except (InputError, UnavailableError):
        release(kind, folder)
        raise


def differences(held: Any, wanted: Any, name: str = "") -> Iterator[str]:
    """What differs between two identities, each as a phrase for a message.

    >>> list(differences({"seed": 1, "text": {"bytes": 5}}, {"seed": 1, "text": {"bytes": 6}}))
    ['text.bytes: 5, now 6']
    >>> list(differences({"sets": ["dev"]}, {"sets": ["dev", "test"]}))
    ['sets: ["dev"], now ["dev","test"]']
    """
    if isinstance(held, dict) and isinstance(wanted, dict):
        for key in sorted({*held, *wanted}):
            inner = f"{name}.{key}" if name else key
            yield from differences(held.get(key), wanted.get(key), inner)
    elif isinstance(held, list) and isinstance(wanted, list) and len(held) == len(wanted):
        for mine, other in zip(held, wanted, strict=True):
            yield from differences(mine, other, name)
    elif canonical_json(held) != canonical_json(wanted):
        yield f"{name}: {_short(held)}, now {_short(wanted)}"


def environment(packages: Sequence[str] = ()) -> dict[str, Any]:
    """What a run is made with: Python, the machine, and versions of packages."""
    return {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "packages": {name: version_of(name) for name in ("kilolingua", *packages)},
    }


def version_of(package: str) -> str:
    """The version of an installed package, or "not installed"."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def write_json(path: Path, content: Any) -> None:
    """Write JSON that a person can read; the file appears whole."""
    write_whole(path, json.dumps(content, ensure_ascii=False, indent=2, sort_keys=True) + "\n")


def _content(kind: RunKind, path: Path) -> dict[str, Any]:
    """A config.json of this kind."""
    try:
        content: dict[str, Any] = read_json(path, {**SHAPE, "run": kind.shape})
    except InputError as error:
        raise InputError(
            f"{error}: not the configuration of a run of {kind.command}; choose another --out"
        ) from error
    if content.get("command", kind.command) != kind.command:
        raise InputError(
            f"{path}: of a run of {content['command']}, not of {kind.command}; choose another --out"
        )
    return content


def _run(folder: Path, content: Mapping[str, Any]) -> Run:
    options, made_with = content.get("options") or {}, content.get("environment") or {}
    return Run(folder, content["run"], options, made_with)


def _note_versions(path: Path, content: dict[str, Any], now: Mapping[str, Any]) -> None:
    others = content.get("resumed_with", [])
    if isinstance(others, list) and now not in (content.get("environment"), *others):
        write_json(path, {**content, "resumed_with": [*others, now]})


def _has_result(kind: RunKind, folder: Path) -> bool:
    if kind.has_result is not None:
        return kind.has_result(folder)
    return any(_has_content(path) for pattern in kind.results for path in folder.glob(pattern))


def _has_content(path: Path) -> bool:
    return any(path.iterdir()) if path.is_dir() else path.stat().st_size > 0


def _check_unclaimed(kind: RunKind, folder: Path) -> None:
    """Raise where a folder without a config.json holds what a run would take for its own."""
    written = sorted(path.name for pattern in kind.written for path in folder.glob(pattern))
    if written:
        raise InputError(
            f"{folder}: holds {written[0]} and no config.json that says of which run; choose"
            " another --out, or remove it"
        )


def _short(value: Any) -> str:
    text = "nothing" if value is None else canonical_json(value)
    return text if len(text) <= 60 else f"{text[:60]}…"
