"""One member out of an archive: what is copied and all that is refused.

pytest tests/data/test_archives.py
"""

from __future__ import annotations

import errno
import gzip
import io
import shutil
import subprocess
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.archives import copy_member
from data.errors import UnavailableError

MEMBER = "flores200_dataset/dev/swh_Latn.dev"
TEXT = b"Kila Jumamosi, Amina huenda sokoni.\n"


def tar(path: Path, *members: tuple[tarfile.TarInfo, bytes], mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for info, content in members:
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def entry(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


def zipped(path: Path, name: str, content: bytes, mode: int = 0o100644) -> Path:
    info = zipfile.ZipInfo(name)
    info.external_attr = mode << 16
    info.compress_type = zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(info, content)
    return path


def member(archive: Path, name: str = MEMBER, largest: int = 1000) -> bytes:
    out = io.BytesIO()
    copy_member(archive, name, out, largest)
    return out.getvalue()


def refusal(archive: Path, name: str = MEMBER, largest: int = 1000) -> str:
    """The message, which is one line; nothing may have been written."""
    out = io.BytesIO()
    with pytest.raises(UnavailableError) as caught:
        copy_member(archive, name, out, largest)
    assert out.getvalue() == b""
    assert len(str(caught.value).splitlines()) == 1
    return str(caught.value)


@given(content=st.binary(max_size=300))
def test_a_member_comes_back(content: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("archive")
    assert member(tar(folder / "a.tar", (entry(MEMBER), content), mode="w")) == content
    assert member(tar(folder / "a.tar.gz", (entry(MEMBER), content))) == content
    assert member(zipped(folder / "a.zip", MEMBER, content)) == content


@pytest.mark.skipif(shutil.which("tar") is None, reason="needs the command tar")
def test_what_the_command_tar_packs(tmp_path: Path) -> None:
    (tmp_path / MEMBER).parent.mkdir(parents=True)
    (tmp_path / MEMBER).write_bytes(TEXT)
    archive = tmp_path / "a.tar.gz"
    subprocess.run(
        ["tar", "-czf", archive, "-C", tmp_path, f"./{MEMBER.partition('/')[0]}"], check=True
    )
    with tarfile.open(archive) as opened:
        assert f"./{MEMBER}" in opened.getnames()
    assert member(archive) == TEXT, "the ./ before each name may be left out"
    assert member(archive, f"./{MEMBER}") == TEXT


def test_a_member_as_large_as_allowed(tmp_path: Path) -> None:
    archive = tar(tmp_path / "a.tar.gz", (entry(MEMBER), TEXT))
    assert member(archive, largest=len(TEXT)) == TEXT


@pytest.mark.parametrize("build", [lambda p: tar(p, (entry(MEMBER), TEXT)), None])
def test_a_member_that_is_not_there(tmp_path: Path, build: Callable[[Path], Path] | None) -> None:
    path = tmp_path / "a"
    archive = build(path) if build else zipped(path, MEMBER, TEXT)
    assert refusal(archive, "other") == f'{archive}: has no member "other"'


@pytest.mark.parametrize(
    ("kind", "link"),
    [
        (tarfile.SYMTYPE, "/etc/passwd"),
        (tarfile.LNKTYPE, "elsewhere"),
        (tarfile.DIRTYPE, ""),
        (tarfile.FIFOTYPE, ""),
        (tarfile.CHRTYPE, ""),
    ],
)
def test_links_folders_and_devices_in_a_tar(tmp_path: Path, kind: bytes, link: str) -> None:
    other = (entry("elsewhere"), TEXT)
    archive = tar(tmp_path / "a.tar.gz", other, (entry(MEMBER, kind, link), b""))
    assert refusal(archive) == f'{archive}: "{MEMBER}" is a link or a folder, not a file'


def test_links_and_folders_in_a_zip(tmp_path: Path) -> None:
    link = zipped(tmp_path / "link.zip", MEMBER, b"/etc/passwd", mode=0o120777)
    folder = zipped(tmp_path / "folder.zip", "folder/", b"", mode=0o040755)
    assert f'"{MEMBER}" is a link or a folder, not a file' in refusal(link)
    assert '"folder/" is a link or a folder, not a file' in refusal(folder, "folder/")


@pytest.mark.parametrize("name", ["/etc/passwd", "../escape", "a/../../escape", "./.."])
def test_names_that_leave_the_folder(tmp_path: Path, name: str) -> None:
    as_tar = tar(tmp_path / "a.tar.gz", (entry(name), TEXT))
    as_zip = zipped(tmp_path / "a.zip", name, TEXT)
    for archive in (as_tar, as_zip):
        expected = f'{archive}: refused the member "{name}": its path escapes'
        assert refusal(archive, name) == expected


def test_a_member_that_unpacks_to_a_thousand_times_its_size(tmp_path: Path) -> None:
    bomb = bytes(10_000_000)
    as_tar = tar(tmp_path / "a.tar.gz", (entry(MEMBER), bomb))
    as_zip = zipped(tmp_path / "a.zip", MEMBER, bomb)
    for archive in (as_tar, as_zip):
        assert archive.stat().st_size < 20_000
        assert refusal(archive, largest=1_000_000) == (
            f'{archive}: "{MEMBER}" unpacks to 10,000,000 bytes, more than the 1,000,000 allowed'
        )


def test_a_zip_that_lies_about_the_size(tmp_path: Path) -> None:
    """The directory says 10 bytes; what is packed is a megabyte."""
    archive = zipped(tmp_path / "a.zip", MEMBER, bytes(1_000_000))
    raw = archive.read_bytes()
    archive.write_bytes(raw.replace((1_000_000).to_bytes(4, "little"), (10).to_bytes(4, "little")))
    out = io.BytesIO()
    with pytest.raises(UnavailableError, match="damaged archive"):
        copy_member(archive, MEMBER, out, 1000)
    assert len(out.getvalue()) <= 10


@pytest.mark.parametrize("keep", [0, 1, 30, 0.5, 0.95])
def test_archives_that_were_cut_off(tmp_path: Path, keep: float) -> None:
    noise = bytes(range(256)) * 40
    whole = (
        tar(tmp_path / "a.tar.gz", (entry(MEMBER), noise)),
        tar(tmp_path / "a.tar", (entry(MEMBER), noise), mode="w"),
        zipped(tmp_path / "a.zip", MEMBER, noise),
    )
    for archive in whole:
        raw = archive.read_bytes()
        if archive.suffix == ".tar" and keep == 0.95:
            continue  # only the empty blocks at its end are missing: nothing is lost
        archive.write_bytes(raw[: int(keep if keep >= 1 else keep * len(raw))])
        with pytest.raises(UnavailableError) as caught:
            copy_member(archive, MEMBER, io.BytesIO(), 1 << 20)
        message = str(caught.value)
        assert message.startswith(f"{archive}: damaged archive (")
        assert message.endswith(
            "); delete it, and its .sha256 if it has one, and fetch it again"
        ), message
        assert "\n" not in message


def test_a_gzip_with_a_wrong_checksum(tmp_path: Path) -> None:
    archive = tar(tmp_path / "a.tar.gz", (entry(MEMBER), TEXT))
    raw = bytearray(archive.read_bytes())
    raw[-8] ^= 0xFF  # RFC 1952: the last eight bytes are CRC-32 and size
    archive.write_bytes(raw)
    with pytest.raises(UnavailableError, match="damaged archive"):
        copy_member(archive, MEMBER, io.BytesIO(), 1000)


def test_a_zip_with_a_flipped_bit(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "a.zip", MEMBER, TEXT)
    raw = bytearray(archive.read_bytes())
    raw[30 + len(MEMBER) + 5] ^= 0x10  # in the packed text: 30 bytes of header, then the name
    archive.write_bytes(raw)
    with pytest.raises(UnavailableError, match="damaged archive"):
        copy_member(archive, MEMBER, io.BytesIO(), 1000)


def test_an_encrypted_member(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "a.zip", MEMBER, TEXT)
    raw = archive.read_bytes()
    central = raw.index(b"PK\x01\x02")
    archive.write_bytes(raw[: central + 8] + b"\x01" + raw[central + 9 :])
    assert refusal(archive) == f'{archive}: "{MEMBER}" is encrypted'


@pytest.mark.parametrize(
    "content",
    [
        b"<html>404 Not Found</html>",
        b"",
        gzip.compress(b"a text, packed", mtime=0),
        b"PK\x03\x04 and no more",
    ],
)
def test_files_that_are_no_archive(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.tar.gz"
    path.write_bytes(content)
    assert refusal(path).startswith(f"{path}: damaged archive (")


def test_a_zip_whose_index_points_before_the_file(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", MEMBER, TEXT)
    raw = bytearray(path.read_bytes())
    directory = raw.rindex(b"PK\x01\x02")
    raw[directory + 42 : directory + 46] = b"\xff\xff\xff\x7f"  # where the member begins
    end = raw.rindex(b"PK\x05\x06")
    raw[end + 16 : end + 20] = (directory + 100).to_bytes(4, "little")  # before the file's start
    path.write_bytes(raw)
    assert "damaged archive" in refusal(path)


def test_a_zip_whose_index_holds_a_name_that_is_no_text(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", "ñandu.tsv", TEXT)  # marked as UTF-8
    path.write_bytes(path.read_bytes().replace("ñ".encode(), b"\xff\xff"))
    assert "damaged archive" in refusal(path)


def test_a_disk_that_fills_up_is_no_damage(tmp_path: Path) -> None:
    class Full(io.BytesIO):
        def write(self, _: object) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    archive = tar(tmp_path / "a.tar", (entry(MEMBER), TEXT), mode="w")
    with pytest.raises(OSError, match="No space left") as caught:
        copy_member(archive, MEMBER, Full(), 1000)
    assert caught.value.errno == errno.ENOSPC
