"""What lies in the cache, and a language in one file: there and back, and what is refused."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from data.access import Access, cache_folder
from data.archives import zstandard
from data.errors import InputError
from data.languages import resolve
from kilolingua.bundle import MANIFEST, bundle, main, unbundle, wanted
from kilolingua.cache import clean, kept
from kilolingua.cache import main as cache_main


def stored(name: str, size: int) -> Path:
    path = cache_folder() / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * size)
    return path


def test_the_cache_is_counted_largest_first(capsys: pytest.CaptureFixture[str]) -> None:
    stored("gatitos/en_wo.tsv", 2_000_000)
    stored("gatitos/en_wo.tsv.lock", 9)
    stored("ntrex/a/b.txt", 3_000_000)
    assert [(part.name, part.files, part.bytes) for part in kept()] == [
        ("ntrex", 1, 3_000_000),
        ("gatitos", 1, 2_000_000),
    ]
    assert cache_main([]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown[0].split()[:4] == ["ntrex", "1", "files", "3.0"]
    assert "NTREX" in shown[0]
    assert shown[-1] == f"5.0 MB in {cache_folder()}"


def test_what_is_named_is_deleted() -> None:
    gone, stays = stored("gatitos/a.tsv", 5), stored("wals/b.csv", 7)
    assert [part.name for part in clean(["gatitos"])] == ["gatitos"]
    assert (gone.exists(), stays.exists()) == (False, True)
    with pytest.raises(InputError, match=r'the cache has no "wal" \(did you mean wals\?\)'):
        clean(["wal"])
    clean([], everything=True)
    assert kept() == []


def test_what_is_not_ours_stays() -> None:
    thesis = stored("thesis/chapter-1.tex", 5)
    assert kept() == []
    clean([], everything=True)
    with pytest.raises(InputError, match='the cache has no "thesis"'):
        clean(["thesis"])
    assert thesis.exists()


@pytest.mark.parametrize("arguments", [["clean"], ["clean", "--all", "wals"]])
def test_cleaning_says_what(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cache_main(arguments) == 2
    assert "expected the names of data sets, or --all" in capsys.readouterr().err


def test_a_language_there_and_back(
    mirror: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    out = tmp_path / "wo.tar.zst"
    packed = bundle(resolve("wo"), out, model=None, access=Access(offline=True, report=said.append))
    names = {file.path for file in packed}
    assert "gatitos/en_wo.tsv" in names
    assert any(name.startswith("glottolog/") for name in names)
    assert not any("en_bm" in name for name in names)
    assert all(line.startswith("left out: ") for line in said)
    first = out.read_bytes()
    bundle(resolve("wo"), out, model=None, access=Access(offline=True, report=said.append))
    assert out.read_bytes() == first

    monkeypatch.setenv("KILOLINGUA_CACHE", str(tmp_path / "elsewhere"))
    monkeypatch.delenv("KILOLINGUA_MIRROR")
    assert main(["--open", str(out)]) == 0
    for file in packed:
        assert (tmp_path / "elsewhere" / file.path).stat().st_size == file.bytes


def written(path: Path, manifest: str, members: dict[str, bytes]) -> Path:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, content in {MANIFEST: manifest.encode(), **members}.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    path.write_bytes(zstandard().ZstdCompressor().compress(buffer.getvalue()))
    return path


NO_SHA = "0" * 64


@pytest.mark.parametrize(
    ("manifest", "members", "complaint"),
    [
        (f"a/b.txt\t1\t{NO_SHA}\n", {"a/b.txt": b"x"}, "expected sha256 0{64}, found another"),
        (f"../b.txt\t1\t{NO_SHA}\n", {"../b.txt": b"x"}, "the path escapes"),
        (f"a/b.txt\t1\t{NO_SHA}\n", {"a/c.txt": b"x"}, "found a/c.txt"),
        (f"a/b.txt\t2\t{NO_SHA}\n", {"a/b.txt": b"x"}, "found a/b.txt"),
        ("a/b.txt\n", {}, "expected path, bytes and sha256, found 1 cells"),
        (f"a/b.txt\tx\t{NO_SHA}\n", {}, "expected a whole number"),
        (f"gatitos/en_wo.tsv\t1\t{NO_SHA}\n", {"gatitos/en_wo.tsv": b"x"}, "the catalog has"),
    ],
)
def test_a_bundle_that_is_wrong(
    manifest: str, members: dict[str, bytes], complaint: str, tmp_path: Path
) -> None:
    path = written(tmp_path / "x.tar.zst", manifest, members)
    with pytest.raises(InputError, match=complaint):
        unbundle(path)
    assert [file for file in cache_folder().rglob("*") if file.is_file()] == []


@pytest.mark.parametrize("content", [b"", b"no zstandard", None])
def test_what_is_no_bundle(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "x.tar.zst"
    path.write_bytes(
        zstandard().ZstdCompressor().compress(b"x" * 2000) if content is None else content
    )
    with pytest.raises(InputError):
        unbundle(path)


def test_an_unknown_model() -> None:
    with pytest.raises(InputError, match='--model "gpt": not in the catalog'):
        wanted(resolve("wo"), "gpt")


@pytest.mark.parametrize("arguments", [[], ["--lang", "wo", "--open", "x"]])
def test_one_way_or_the_other(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert "expected --lang LANG, to make a bundle, or --open FILE" in capsys.readouterr().err
