"""The Python package unimorph: the same rows from the same folder, fetched in the same way.

pytest tests/data/test_unimorph_package.py
"""

from __future__ import annotations

import logging
import subprocess
import urllib.error
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

import pytest

import data.catalog
from data import unimorph_package
from data.access import Access
from data.catalog import File, dataset
from data.download import NoSourceError, fetch
from data.errors import InputError
from data.files import sha256_file
from data.inflections import tables
from data.inflections.tables import find_table, load_triples, tables_of
from data.languages import resolve
from data.sources import NotHereError
from data.unimorph import Triple, read_triples
from data.unimorph_package import clone, codes_at_hand, package_folder
from morph.corpora import load_data

SWAHILI = "soma\talisoma\tV;PST;3;SG\nsoma\tatasoma\tV;FUT;3;SG\n\nla\talikula\tV;PST;3;SG\n"
Row = tuple[str, str, str]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of tables; there is no mirror."""
    monkeypatch.setenv("UNIMORPH", str(tmp_path / "tables"))
    monkeypatch.delenv("KILOLINGUA_MIRROR", raising=False)
    monkeypatch.setattr("data.sources.TIMEOUT_SECONDS", 2)
    return tmp_path / "tables"


def put(root: Path, name: str, content: str | bytes) -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.fixture
def unimorph(root: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    module = pytest.importorskip("unimorph", reason='needs the extra: pip install ".[unimorph]"')
    monkeypatch.setattr(module, "UNIMORPH_DIR", root)
    return module


def theirs(unimorph: ModuleType, code: str, file: str | None = None) -> list[Row]:
    frame = unimorph.load_dataset(code, file)
    return [tuple(row) for row in frame[["lemma", "features", "form"]].itertuples(index=False)]


def ours(language: str, group: str | None = None, **options: Any) -> list[Row]:
    table = load_triples(resolve(language), source="package", group=group, **options)
    return [(triple.lemma, triple.features, triple.form or "") for triple in table.triples]


SAME = {  # tables that differ in form, in which no row is lost by either
    "swc": SWAHILI,
    "ceb": SWAHILI.replace("\n", "\r\n"),
    "zul": "\ufeff" + SWAHILI.rstrip("\n"),
    "sdh": "\tkitap\tkitaplar\tN;PL\n\tev\tevler\tN;PL\n",
    "see": 'bana\tgʻbana\'s "x"\tV;1\nbana\t#bana\tV;2\n',
}


@pytest.mark.parametrize("code", SAME)
def test_the_package_and_we_give_the_same_rows(code: str, root: Path, unimorph: ModuleType) -> None:
    put(root, f"{code}/{code}", SAME[code])
    rows = ours(code)
    assert rows == theirs(unimorph, code)
    assert len(rows) == sum(1 for line in SAME[code].splitlines() if line)


def test_a_table_in_two_parts_and_one_of_a_dialect(root: Path, unimorph: ModuleType) -> None:
    put(root, "fin/fin.1", "talo\ttalot\tN;NOM(PL)\n")
    put(root, "fin/fin.2", "auto\tautot\tN;NOM(PL)\n")
    put(root, "vep/vep-southern-veps", "kala\tkalad\tN;PL;NOM\n")
    put(root, "ckb/arab/ckb-arab.tsv", "mal\tmalan\tN;PL\n")
    assert (
        ours("fin")
        == theirs(unimorph, "fin")
        == [
            ("talo", "N;NOM(PL)", "talot"),
            ("auto", "N;NOM(PL)", "autot"),
        ]
    )
    dialect = theirs(unimorph, "vep", "vep-southern-veps")
    assert ours("vep", "vep-southern-veps") == dialect == [("kala", "N;PL;NOM", "kalad")]
    assert ours("ckb", "ckb-arab") == theirs(unimorph, "ckb", "arab/ckb-arab.tsv")


def test_where_the_package_differs_it_loses_text_or_keeps_what_is_none(
    root: Path, unimorph: ModuleType
) -> None:
    """docs/MORPH.md says why; each line here is of a kind that UniMorph's own tables have."""
    put(
        root,
        "vep/vep-northern-veps",
        "# Veps: a dialect\n"  # no row
        "null\tnulled\tV;PST\n"  # a verb, which pandas takes for no value
        'lu\t"lu ""vive"""\tV;1\n'  # quoted as in a CSV file
        "kala \tkalad\tN;PL\n"
        "kala\tkalad\tN;PL\n"
        "cafe\u0301\tcafe\u0301s\tN;PL\n"
        "mez\t-\tN;PL\n",
    )
    package = theirs(unimorph, "vep", "vep-northern-veps")
    lost = [tuple(cell if isinstance(cell, str) else None for cell in row) for row in package]
    assert lost == [
        ("# Veps: a dialect", None, None),
        (None, "V;PST", "nulled"),
        ("lu", "V;1", 'lu "vive"'),
        ("kala ", "N;PL", "kalad"),
        ("kala", "N;PL", "kalad"),
        ("cafe\u0301", "N;PL", "cafe\u0301s"),
        ("mez", "N;PL", "-"),
    ]
    kept = [
        ("null", "V;PST", "nulled"),
        ("lu", "V;1", '"lu ""vive"""'),
        ("kala", "N;PL", "kalad"),
        ("cafe\u0301", "N;PL", "cafe\u0301s"),
    ]
    assert ours("vep", "vep-northern-veps", normalise=False) == kept
    assert ours("vep", "vep-northern-veps")[-1] == ("caf\u00e9", "N;PL", "caf\u00e9s")


PUBLISHED = ("swc/swc", "tel/tel", "arn/arn", "ceb/ceb", "kjh/kjh", "gsw/gsw", "xno/xno")


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_tables_row_by_row(
    name: str, mirror: Path, root: Path, unimorph: ModuleType
) -> None:
    if not (mirror / "unimorph" / name).is_file():
        pytest.skip(f"the mirror has no {name}")
    path = put(root, name, (mirror / "unimorph" / name).read_bytes())
    package = theirs(unimorph, name.split("/")[0])
    triples = read_triples(
        path, usual=tables.UNIMORPH_ORDER, every_row=True, normalise=False, skip_bad=True
    )
    whole = [row for row in package if all(isinstance(cell, str) for cell in row)]
    assert [(t.lemma, t.features, t.form) for t in triples] == whole
    assert len(whole) > 200


NO_VALUE = frozenset(("None", "NA", "nan", "null"))  # of pandas, as far as tables have them
QUOTED = {"ctp/ctp", "shp/shp"}  # rows written as in a CSV file; a quote that is never closed


@pytest.mark.slow
def test_every_published_table_differs_for_a_known_reason(mirror: Path) -> None:
    pandas = pytest.importorskip("pandas")
    equal, differing, unexplained = [], [], []
    for file in dataset("unimorph").select(tables.WHOLE):
        path = mirror / file.path
        if not path.is_file():
            continue
        name = file.path.removeprefix("unimorph/")
        triples = read_triples(
            path, usual=tables.UNIMORPH_ORDER, every_row=True, normalise=False, skip_bad=True
        )
        own = [(t.lemma, t.form or "", t.features) for t in triples]
        try:  # as unimorph.load_dataset reads it
            names = ["lemma", "form", "features"]
            frame = pandas.read_csv(path, header=None, sep="\t", names=names)
        except pandas.errors.ParserError:
            unexplained.append(name)
            continue
        package = list(frame.itertuples(index=False, name=None))
        (equal if package == own else differing).append(name)
        whole = [row for row in package if all(isinstance(cell, str) for cell in row)]
        stripped = [tuple(cell.strip() for cell in row) for row in whole]
        if [row for row in own if NO_VALUE.isdisjoint(row)] != stripped:
            unexplained.append(name)
    assert set(unexplained) <= QUOTED
    assert len(equal) > len(differing) > 0


@pytest.fixture
def listed(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path | None], File]:
    """List one table of Swahili in the catalog, that of a file's bytes; nobody serves it."""

    def list_it(path: Path | None) -> File:
        entry = dataset("unimorph")
        file = next(file for file in entry.files if file.path == "unimorph/swc/swc")
        if path is not None:
            file = replace(file, bytes=path.stat().st_size, sha256=sha256_file(path))
        toy = {**data.catalog.catalog(), "unimorph": replace(entry, files=(file,))}
        monkeypatch.setattr("data.catalog.catalog", lambda: toy)
        return file

    return list_it


def test_the_packages_folder_comes_before_the_network(
    root: Path, listed: Callable[[Path | None], File], caplog: pytest.LogCaptureFixture
) -> None:
    file = listed(put(root, "swc/swc", SWAHILI))
    assert fetch(file, access=Access(offline=True)).origin == "package:swc/swc"
    put(root, "swc/swc", "another version")
    assert fetch(file, access=Access(offline=True)).origin == "cache", "what was verified stays"
    assert load_triples(resolve("swc"), access=Access(offline=True)).name == "unimorph/swc"
    assert "taken as it lies" not in caplog.text


def test_the_mirror_comes_before_the_packages_folder(
    root: Path,
    listed: Callable[[Path | None], File],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = listed(put(tmp_path / "mirror", "unimorph/swc/swc", SWAHILI))
    put(root, "swc/swc", SWAHILI)
    monkeypatch.setenv("KILOLINGUA_MIRROR", str(tmp_path / "mirror"))
    assert fetch(file, access=Access(offline=True)).origin == "mirror"


def test_another_version_than_the_catalogs_is_said_once(
    root: Path, listed: Callable[[Path | None], File], caplog: pytest.LogCaptureFixture
) -> None:
    file, path = listed(None), put(root, "swc/swc", SWAHILI)
    said: list[str] = []
    with pytest.raises(NoSourceError, match="swc is another version than the catalog lists"):
        fetch(file, access=Access(offline=True, report=said.append))
    assert said == [f"{path}: another version than the catalog lists, left aside"]
    for _ in range(2):
        table = load_triples(resolve("swc"), access=Access(offline=True))
        assert (table.name, len(table.triples)) == ("package/swc", 3)
    told = [record.getMessage() for record in caplog.records if "as it lies" in record.message]
    assert told == [
        f"{path}: another version than the catalog lists; taken as it lies,"
        f" sha256 {sha256_file(path)}"
    ]


def test_a_table_that_the_catalog_lists_as_it_lies_needs_no_word(
    root: Path, listed: Callable[[Path | None], File], caplog: pytest.LogCaptureFixture
) -> None:
    listed(put(root, "swc/swc", SWAHILI))
    caplog.set_level(logging.WARNING)
    assert len(load_triples(resolve("swc"), source="package").triples) == 3
    assert caplog.messages == []


def git(folder: Path, *arguments: str) -> None:
    author = ("-c", "user.name=a", "-c", "user.email=a@b.c")
    subprocess.run(["git", *author, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def github(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Make a repository of UniMorph, which git finds on this disk."""
    home = tmp_path / "github"
    home.mkdir()
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", f"url.{home.as_uri()}/.insteadOf")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "https://github.com/unimorph/")

    def publish(code: str, **files: str) -> None:
        folder = home / f"{code}.git"
        folder.mkdir()
        for name, content in files.items():
            put(folder, name, content)
        git(folder, "init", "--quiet")
        git(folder, "add", "--all")
        git(folder, "commit", "--quiet", "--message=a table")

    return publish


def test_a_language_that_is_absent_is_cloned_as_the_package_does(
    root: Path, github: Callable[..., None], unimorph: ModuleType
) -> None:
    github("zul", zul="umuntu\tabantu\tN;PL\r\n")
    (root / "zul").mkdir(parents=True)  # what the package leaves behind where its clone fails
    said: list[str] = []
    table = load_triples(resolve("zu"), source="package", access=Access(report=said.append))
    assert table.triples == (Triple("umuntu", "N;PL", "abantu"),)
    assert said == [f"cloning https://github.com/unimorph/zul.git into {root / 'zul'}"]
    assert (root / "zul" / "zul").read_bytes().endswith(b"\r\n"), "the bytes as published"
    assert theirs(unimorph, "zul") == ours("zu", access=Access(offline=True))


def test_both_clone_the_same_bytes(
    root: Path,
    github: Callable[..., None],
    unimorph: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    github("swc", swc=SWAHILI, README="a table")
    package = theirs(unimorph, "swc")  # clones
    monkeypatch.setenv("UNIMORPH", str(tmp_path / "ours"))
    assert ours("swc") == package
    names = [{path.name for path in (at / "swc").iterdir()} for at in (package_folder(), root)]
    assert names == [{".git", "README", "swc"}] * 2


def test_what_no_server_has_is_cloned(
    root: Path,
    github: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def no_server(url: str, **_options: object) -> NoReturn:
        raise urllib.error.URLError(f"no way to {url}")

    monkeypatch.setattr("urllib.request.urlopen", no_server)
    github("swc", swc=SWAHILI)
    table = find_table(resolve("sw"))
    assert (table.name, table.language.bcp47) == ("package/swc", "swc")
    assert "another version than the catalog lists; taken as it lies" in caplog.text
    assert tables_of(resolve("swc"), access=Access(offline=True))[0].name == "package/swc"


def test_offline_nothing_is_cloned(root: Path, github: Callable[..., None]) -> None:
    github("swc", swc=SWAHILI)
    for source in (None, "package"):
        with pytest.raises(NoSourceError, match="--offline"):
            load_triples(resolve("swc"), source=source, access=Access(offline=True))
    assert not root.exists()


def test_a_language_that_nobody_has_is_one_line(root: Path, github: Callable[..., None]) -> None:
    with pytest.raises(NoSourceError) as caught:
        load_triples(resolve("wo"), source="package")
    assert "\n" not in str(caught.value)
    assert "wol.git was not cloned: '" in str(caught.value)
    assert "does not appear to be a git repository" in str(caught.value)
    assert codes_at_hand() == []
    assert [path.name for path in root.iterdir()] == [".wol.lock"], "nothing half done is left"
    with pytest.raises(InputError, match="unimorph has no Wolof") as refused:
        load_data("wo", access=Access(offline=True))
    assert refused.value.option == "--source"
    assert "clones github.com/unimorph/wol" in refused.value.advice


def test_a_clone_holds_no_links(root: Path, github: Callable[..., None], tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("soma\talisoma\tV;PST\n")
    github("zul", README="x")
    repository = tmp_path / "github" / "zul.git"
    (repository / "zul").symlink_to(tmp_path / "secret")
    git(repository, "add", "--all")
    git(repository, "commit", "--quiet", "--message=a link")
    clone("zul", access=Access(offline=False, report=lambda _: None))
    assert not (root / "zul" / "zul").is_symlink()
    assert (root / "zul" / "zul").read_text() == str(tmp_path / "secret")


def test_without_git_or_a_folder_that_can_be_written_to(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNIMORPH", str(put(tmp_path, "a-file", "x") / "tables"))
    with pytest.raises(NoSourceError, match=r"a-file/tables cannot be written to \(Not a dir"):
        load_triples(resolve("wo"), source="package")
    monkeypatch.setenv("PATH", "")
    with pytest.raises(NoSourceError, match="git is not installed"):
        load_triples(resolve("wo"), source="package")


def test_git_asks_nobody_and_a_dead_line_is_given_up(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The variables of a hook would make it work on another repository than the one asked for."""
    fake = tmp_path / "bin" / "git"
    fake.parent.mkdir()
    told = "$GIT_TERMINAL_PROMPT-$GIT_ASKPASS-$LC_ALL-$GIT_DIR"
    fake.write_text(f'#!/bin/sh\necho "{told}" >&2\nexit 1\n')
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}:/usr/bin:/bin")
    monkeypatch.setenv("GIT_ASKPASS", "ask-me")
    monkeypatch.setenv("GIT_DIR", "elsewhere")
    with pytest.raises(NotHereError, match=r"unimorph/xyz\.git was not cloned: 0--C-$"):
        clone("xyz")
    fake.write_text("#!/bin/sh\nexec sleep 9\n")
    with pytest.raises(NotHereError, match="x was not cloned: no answer in 0 s"):
        unimorph_package._git("x", "ls-remote", timeout=0.2)
