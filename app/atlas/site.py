"""The folder of a site: what is written to it, what an earlier build left, and its links.

    site = Site(Path("site"))
    site.put("index.html", text)
    site.finish()

A file that is there with the same bytes is not touched, so that a copy to a server takes what has
changed. `files.txt` lists all files of the build; what an earlier build made and this one does not
is removed, and no other file ever is: a `.git` or a `CNAME` of yours stays.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from urllib.parse import unquote

from data.errors import InputError
from data.files import raise_if_disk_full

MANIFEST = "files.txt"
HEADING = (
    "# Files of a kilolingua atlas; those of an earlier build that are not here were removed\n"
)
LINKS = re.compile(r'(?:href|src)=(?:"([^"]*)"|([^\s>"]+))')
IDS = re.compile(r'\bid=(?:"([^"]*)"|([^\s>"]+))')


class Site:
    """A folder that one build writes.

    Attributes:
        sizes: bytes by path, of all that was put.

    Raises:
        InputError: the folder holds files, and none of them says that an atlas lies there.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sizes: dict[str, int] = {}
        self._before = frozenset(_listed(folder))
        if not self._before and folder.exists() and _holds_files(folder):
            raise InputError(
                f"--out {folder}: expected an empty folder or an atlas, found other files and no"
                f" {MANIFEST}; name a new folder"
            )
        self._folders: set[Path] = set()

    def put(self, path: str, content: str | bytes) -> None:
        """Write a file, unless it is there with the same bytes.

        Raises:
            UnavailableError: the disk is full.
        """
        data = content.encode() if isinstance(content, str) else content
        target = self.folder / path
        self.sizes[path] = len(data)
        if target.parent not in self._folders:
            target.parent.mkdir(parents=True, exist_ok=True)
            self._folders.add(target.parent)
        if _has(target, data):
            return
        temporary = target.with_name(f".{target.name}.new")
        try:
            temporary.write_bytes(data)
            temporary.replace(target)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            raise_if_disk_full(error, target)
            raise

    def finish(self) -> int:
        """Remove what an earlier build left and list what this one made; how many were removed."""
        left = sorted(self._before - self.sizes.keys())
        for path in left:
            (self.folder / path).unlink(missing_ok=True)
        self.put(MANIFEST, HEADING + "".join(f"{path}\n" for path in sorted(self.sizes)))
        return len(left)


def _has(path: Path, data: bytes) -> bool:
    try:
        return path.stat().st_size == len(data) and path.read_bytes() == data
    except OSError:
        return False


def _holds_files(folder: Path) -> bool:
    return any(not entry.name.startswith(".") for entry in os.scandir(folder))


def _listed(folder: Path) -> Iterator[str]:
    """The files of an earlier build: nothing that would lead out of the folder."""
    path = folder / MANIFEST
    if not path.is_file():
        return
    text = path.read_text("utf-8", errors="replace")
    if not text.startswith("# Files of a kilolingua atlas"):
        return
    for line in text.splitlines()[1:]:
        if line and not line.startswith("/") and ".." not in line.split("/"):
            yield line


def broken_links(folder: Path) -> Iterator[str]:
    """A line for each link inside a site that leads to nothing: page, and where it leads.

    Follows every `href` and `src` of every page, to files and to places within pages.
    """
    pages = sorted(folder.rglob("*.html"))
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    known: dict[str, frozenset[str]] = {}
    wanted: dict[str, set[tuple[str, str]]] = {}
    for path in pages:
        here = path.relative_to(folder).as_posix()
        text = path.read_text("utf-8")
        known[here] = frozenset(unescape(a or b) for a, b in IDS.findall(text))
        for to in {unescape(a or b) for a, b in LINKS.findall(text)}:
            target, _, place = to.partition("#")
            if re.match(r"[a-z][a-z0-9+.-]*:", to) or to.startswith("//"):
                continue
            file = _resolved(here, unquote(target.partition("?")[0]))
            if file not in files:
                yield f"{here}: {to}"
            elif place and file.endswith(".html") and not target.endswith("map.html"):
                wanted.setdefault(file, set()).add((here, place))
    for file, places in sorted(wanted.items()):
        for here, place in sorted(places):
            if unquote(place) not in known[file]:
                yield f"{here}: {file}#{place}"


def _resolved(here: str, target: str) -> str:
    """The path of a link's target within the site.

    >>> _resolved("language/swah1253.html", "../family/atla1278.html")
    'family/atla1278.html'
    """
    if not target:
        return here
    steps = here.split("/")[:-1]
    for step in target.split("/"):
        if step == ".." and steps:
            steps.pop()
        elif step not in (".", ""):
            steps.append(step)
    return "/".join(steps)
