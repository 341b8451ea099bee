"""The tables that the Python package unimorph keeps, found and fetched as it does.

    import unimorph                   # pip install "kilolingua[unimorph]"
    unimorph.load_dataset("swc")      # clones github.com/unimorph/swc into ~/.unimorph/swc

A language's folder is a clone of its repository: ~/.unimorph/swc/swc, or $UNIMORPH/swc/swc. What
the catalog fetches from github.com/unimorph is looked for there before a server is asked
(`copied_from_package`, a source of `data.download`); `data.inflections.tables` reads what the
catalog does not list, and clones what neither of them has (`clone`). The package itself is not
needed for any of it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Collection
from pathlib import Path
from urllib.parse import unquote

from filelock import FileLock

from data.access import Access
from data.catalog import File
from data.errors import InputError, UnavailableError
from data.files import raise_if_disk_full
from data.sources import TIMEOUT_SECONDS, Job, NotHereError, copy_file, place, workspace
from data.tsv import excerpt

REPOSITORY = "https://github.com/unimorph/{code}.git"
AT_A_COMMIT = re.compile(
    r"https://raw\.githubusercontent\.com/unimorph/(?P<code>\w+)/[0-9a-f]{40}/(?P<path>.+)"
)
CLONE_OPTIONS = (
    "--quiet",
    "--depth=1",  # the package takes the history as well
    "--config=core.autocrlf=false",  # the bytes that the checksums are of
    "--config=core.symlinks=false",  # no way out of the folder
)
OF_A_HOOK = ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE")  # they point git to another repository


def package_folder() -> Path:
    """Where the package keeps its tables: $UNIMORPH, else ~/.unimorph."""
    return Path(os.environ.get("UNIMORPH") or Path("~", ".unimorph").expanduser())


def codes_at_hand() -> list[str]:
    """The languages in the package's folder; one whose download failed is an empty folder."""
    try:
        folders = [path for path in package_folder().iterdir() if path.is_dir()]
        return sorted(path.name for path in folders if path.name[0] != "." and not is_empty(path))
    except OSError:  # no such folder, or one that nobody may look into
        return []


def is_empty(folder: Path) -> bool:
    """Whether nothing is there: no folder, or nothing in it."""
    return not folder.is_dir() or next(folder.iterdir(), None) is None


def name_in_package(file: File) -> str | None:
    """The path in its folder at which the package keeps a file of the catalog; None if it does not.

    >>> from data.catalog import dataset
    >>> name_in_package(dataset("unimorph").select("forms", "ckb-arab")[0])
    'ckb/arab/ckb-arab.tsv'
    >>> name_in_package(dataset("ntrex-128").files[0])
    """
    for source in file.sources:
        if found := AT_A_COMMIT.fullmatch(source):
            return f"{found['code']}/{unquote(found['path'])}"
    return None


def table_names(code: str, group: str | None, listed: Collection[str]) -> tuple[str, ...]:
    """The files of one table in a language's folder, as paths in the package's folder.

    Args:
        group: the file's name where the language has several; by default that of its code, or
            those of its parts (fin.1, fin.2), as in the package.
        listed: the paths of the table by the catalog, which come first.

    Raises:
        InputError: a file is not there; the message says what is.
    """
    names, root = tuple(listed), package_folder()
    if not any((root / name).is_file() for name in names):  # the repository is another version
        whole = f"{code}/{group or code}"
        parts = () if group else tuple(sorted((root / code).glob(f"{code}.[0-9]")))
        alone = (root / whole).is_file() or not parts
        names = (whole,) if alone else tuple(f"{code}/{part.name}" for part in parts)
    for name in names:
        if not (root / name).is_file():
            found = ", ".join(sorted(path.name for path in (root / code).iterdir()))
            raise InputError(
                f"{root / name}: no such file, found {excerpt(found)}; delete the folder, and "
                f"github.com/unimorph/{code} is cloned again"
            )
    return names


def copied_from_package(job: Job, name: str) -> None:
    """Copy a file of the catalog from the package's folder, where it is the one listed.

    Raises:
        NotHereError: it is another version, or cannot be read; the next source may have it.
    """
    path = package_folder() / name
    try:
        job.check(path, str(path))
    except UnavailableError as error:
        job.access.say(f"{path}: another version than the catalog lists, left aside")
        raise NotHereError(f"{path} is another version than the catalog lists") from error
    except OSError as error:
        raise NotHereError(f"{path} cannot be read ({error.strerror})") from error
    place(job, str(path), lambda out: copy_file(path, out))


def clone(code: str, *, access: Access = Access()) -> None:
    """Clone a language's repository into the package's folder, where the package finds it too.

    The folder appears whole or not at all. Where it has content, nothing is done.

    Raises:
        NotHereError: no such repository, no network, no git, a folder that cannot be written to.
        UnavailableError: the disk is full.
    """
    url, folder = REPOSITORY.format(code=code), package_folder() / code
    if access.offline:
        raise NotHereError(f"{url} was not cloned (--offline)")
    if shutil.which("git") is None:
        raise NotHereError(f"{url} was not cloned: git is not installed")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.with_name(f".{code}.lock")):
            if is_empty(folder):
                _clone_into(url, folder, access)
    except OSError as error:
        raise_if_disk_full(error, folder)
        raise NotHereError(
            f"{url} was not cloned: {folder.parent} cannot be written to ({error.strerror})"
        ) from error


def _clone_into(url: str, folder: Path, access: Access) -> None:
    access.say(f"cloning {url} into {folder}")
    _git(url, "ls-remote", "--quiet", url, "HEAD", timeout=TIMEOUT_SECONDS)  # is it there?
    with workspace(folder, "clone") as beside:
        whole = beside / folder.name
        _git(url, "clone", *CLONE_OPTIONS, url, str(whole))
        if folder.is_dir():
            folder.rmdir()
        whole.rename(folder)


def _git(url: str, *arguments: str, timeout: float | None = None) -> None:
    """Run git so that it asks nobody for a name or a password, and gives up on a dead line."""
    options = ("http.lowSpeedLimit=1", f"http.lowSpeedTime={TIMEOUT_SECONDS}", "credential.helper=")
    command = ["git", *(word for option in options for word in ("-c", option)), *arguments]
    environment = {name: text for name, text in os.environ.items() if name not in OF_A_HOOK}
    environment |= {"GIT_TERMINAL_PROMPT": "0", "GIT_ASKPASS": "", "LC_ALL": "C"}
    try:
        done = subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=timeout,
        )
    except subprocess.TimeoutExpired as error:
        raise NotHereError(f"{url} was not cloned: no answer in {timeout:.0f} s") from error
    if done.returncode:
        raise NotHereError(f"{url} was not cloned: {_reason(done.stderr)}")


def _reason(stderr: str) -> str:
    """The line in which git says why it failed.

    >>> _reason("Cloning...\\nfatal: unable to access 'x': Could not resolve host: github.com\\n")
    "unable to access 'x': Could not resolve host: github.com"
    >>> _reason("fatal: could not read Username for 'https://github.com': prompts disabled")
    'no such repository, or none that is open to all'
    """
    lines = stderr.strip().splitlines() or ["git does not say why"]
    fatal = [line.removeprefix("fatal: ") for line in lines if line.startswith("fatal: ")]
    reason = (fatal or lines[-1:])[0]
    if reason.startswith("could not read Username"):  # GitHub's answer to what does not exist
        return "no such repository, or none that is open to all"
    return reason
