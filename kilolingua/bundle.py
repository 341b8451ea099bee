"""Everything for a language in one file, for a machine without a network: `kilolingua bundle`.

    kilolingua bundle --lang wo --out wo.tar.zst      # where there is a network
    kilolingua bundle --open wo.tar.zst               # elsewhere: into the cache, verified

A bundle is a tar file packed with Zstandard. Its first member, MANIFEST.tsv, lists path, bytes and
sha256 of the others, whose paths are the catalog's. On arrival every file is compared with the
manifest and, where the catalog knows its checksum, with the catalog; one that differs is refused
and nothing of it is kept. It holds the language's files of every data set, the tables that describe
all languages, and a model (`--model none` leaves it out).
"""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO

from data.access import Access, cache_folder
from data.archives import open_zstandard, zstandard
from data.bounded import parse_integer
from data.catalog import Dataset, File, catalog
from data.download import NoSourceError, fetch
from data.errors import InputError, UnavailableError
from data.files import appears_whole, sha256_file
from data.languages import Language, resolve
from data.options import check, command, common, option

MANIFEST = "MANIFEST.tsv"
LARGEST_MANIFEST = 1 << 24
CHUNK_BYTES = 1 << 20
DEFAULT_MODEL = "smollm2-135m-instruct"
GROUND = ("glottolog", "wals", "linguameta")  # tables of all languages, which most rooms read


@dataclass(frozen=True, slots=True)
class Bundled:
    """One file of a bundle: its place in the catalog, its bytes and its sha256."""

    path: str
    bytes: int
    sha256: str


def bundle(
    language: Language,
    out: Path,
    *,
    model: str | None = DEFAULT_MODEL,
    access: Access = Access(report=print),
) -> list[Bundled]:
    """Fetch what the catalog has for a language and write it to one file, which appears whole.

    Args:
        model: the name of a model of the catalog that goes in as well; None for none.
        access: told what is fetched and what no source has.

    Raises:
        InputError: no such model.
        UnavailableError: nothing could be had, or the disk is full.
    """
    places: dict[str, Path] = {}
    for file in wanted(language, model):
        try:
            places[file.path] = fetch(file, access=access).path
        except NoSourceError as error:
            access.say(f"left out: {str(error).partition(';')[0]}")
    if not places:
        raise UnavailableError(f"nothing for {language.name} could be had; see what was left out")
    files = [Bundled(path, at.stat().st_size, sha256_file(at)) for path, at in places.items()]
    rows = "".join(f"{part.path}\t{part.bytes}\t{part.sha256}\n" for part in files)
    with appears_whole(out) as raw, _packed(raw) as tar:
        _add(tar, MANIFEST, io.BytesIO(rows.encode()), len(rows.encode()))
        for part in files:
            with open(places[part.path], "rb") as content:
                _add(tar, part.path, content, part.bytes)
    return files


def wanted(language: Language, model: str | None = DEFAULT_MODEL) -> list[File]:
    """The files of the catalog that belong to a language, the tables of all, and a model's."""
    found: dict[str, File] = {}
    for entry in catalog().values():
        for file in _of_language(entry, language):
            found[file.path] = file
    for name in (*GROUND, *filter(None, [model])):
        if name not in catalog():
            raise InputError(f'--model "{name}": not in the catalog; see kilolingua catalog list')
        for file in catalog()[name].files:
            if file.role not in ("archive", "wheel"):
                found[file.path] = file
    return list(found.values())


def unbundle(path: Path) -> list[Bundled]:
    """Put a bundle's files into the cache, each verified.

    Raises:
        InputError: not a bundle: damaged, a member that the manifest does not name, a path that
            escapes, a file that is not what the manifest or the catalog says.
    """
    with open_zstandard(path) as raw:
        try:
            with tarfile.open(fileobj=raw, mode="r|") as tar:
                return list(_unpacked(tar, path))
        except (tarfile.TarError, EOFError) as error:
            raise InputError(f"{path}: expected a bundle, found: {error}; copy it again") from error


@dataclass(frozen=True, slots=True)
class BundleConfig:
    """Which bundle to make, or which to open."""

    lang: str | None = common("--lang")
    out: Path | None = common("--out", help="file to write (default: LANG.tar.zst)")
    model: str = option(DEFAULT_MODEL, "of the catalog, or none")
    open: Path | None = option(None, "a bundle to put into the cache", metavar="FILE")
    offline: bool = common("--offline")

    def __post_init__(self) -> None:
        check(self)
        if (self.open is None) == (self.lang is None):
            raise InputError("expected --lang LANG, to make a bundle, or --open FILE")


def main(argv: Sequence[str] | None = None) -> int:
    """The command line."""
    return command("kilolingua.bundle", __doc__ or "", BundleConfig, _run, argv)


def _run(config: BundleConfig) -> None:
    if config.open:
        files = unbundle(config.open)
        print(f"{len(files)} files, {_size(files)}, verified, into {cache_folder()}")
        return
    language = resolve(config.lang or "")
    out = config.out or Path(f"{language.bcp47}.tar.zst")
    model = None if config.model == "none" else config.model
    files = bundle(language, out, model=model, access=Access.of(config, print))
    print(f"wrote {out}: {len(files)} files, {_size(files)} unpacked")


def _of_language(entry: Dataset, language: Language) -> Iterator[File]:
    """A data set's files for a language; with English, where one English file serves all."""
    match = language.closest(entry.codes())
    if match is None:
        return
    groups = {file.group for file in entry.files if match.code in file.codes} - {""}
    english = resolve("en").code_in(entry.codes())
    for file in entry.files:
        mine = match.code in file.codes or file.group in groups
        shared = not file.codes or file.codes == (english,)
        if (mine or shared) and file.role not in ("archive", "wheel"):
            yield file


@contextmanager
def _packed(raw: BinaryIO) -> Iterator[tarfile.TarFile]:
    with (
        zstandard().ZstdCompressor(level=9).stream_writer(raw, closefd=False) as packed,
        tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT) as tar,
    ):
        yield tar


def _add(tar: tarfile.TarFile, name: str, content: IO[bytes], size: int) -> None:
    """A member without owner and time: the same files make the same bytes."""
    member = tarfile.TarInfo(name)
    member.size = size
    tar.addfile(member, content)


def _unpacked(tar: tarfile.TarFile, path: Path) -> Iterator[Bundled]:
    first = tar.next()
    if first is None or first.name != MANIFEST or first.size > LARGEST_MANIFEST:
        raise InputError(f"{path}: expected {MANIFEST} first, found another file; not a bundle")
    listed = _listed(tar, first, path)
    known = {file.path: file for entry in catalog().values() for file in entry.files}
    while member := tar.next():
        file = listed.get(member.name)
        if file is None or not member.isreg() or member.size != file.bytes:
            raise InputError(f"{path}: expected the files of {MANIFEST}, found {member.name}")
        pinned = known[file.path].sha256 if file.path in known else None
        if pinned not in (None, file.sha256):
            raise InputError(
                f"{path}: {file.path}: the catalog has sha256 {pinned}, the bundle {file.sha256};"
                " make it again with this version"
            )
        _keep(tar, member, file, path)
        yield file


def _listed(tar: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> dict[str, Bundled]:
    content = tar.extractfile(member)
    found = {}
    for number, line in enumerate((content.read() if content else b"").decode().splitlines(), 1):
        where = f"{path}: {MANIFEST}:{number}"
        cells = line.split("\t")
        if len(cells) != 3:
            raise InputError(f"{where}: expected path, bytes and sha256, found {len(cells)} cells")
        place = PurePosixPath(cells[0])
        if place.is_absolute() or ".." in place.parts:
            raise InputError(f"{where}: refused {cells[0]}: the path escapes")
        found[cells[0]] = Bundled(cells[0], parse_integer(cells[1], where, low=0), cells[2])
    return found


def _keep(tar: tarfile.TarFile, member: tarfile.TarInfo, file: Bundled, path: Path) -> None:
    """Copy one file into the cache while it is hashed; a wrong one leaves nothing."""
    content = tar.extractfile(member)
    assert content is not None  # noqa: S101  a regular file has content
    digest = hashlib.sha256()
    with appears_whole(cache_folder() / file.path) as kept:
        while piece := content.read(CHUNK_BYTES):
            digest.update(piece)
            kept.write(piece)
        if digest.hexdigest() != file.sha256:
            raise InputError(f"{path}: {file.path}: expected sha256 {file.sha256}, found another")


def _size(files: Sequence[Bundled]) -> str:
    return f"{sum(file.bytes for file in files) / 1e6:,.1f} MB"


if __name__ == "__main__":
    raise SystemExit(main())
