"""Tables by language: the catalog's, a shared task's splits, the package's folder, a file."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from data.access import Access
from data.download import NoSourceError
from data.errors import InputError
from data.inflections import tables
from data.inflections.tables import load_triples, tables_of
from data.languages import resolve
from data.tsv import EMPTY_CELL, WRONG_COLUMNS
from data.unimorph import COMMENT, Triple


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as the Python package unimorph leaves it, with nothing else to be had."""
    monkeypatch.setenv("UNIMORPH", str(tmp_path))
    monkeypatch.delenv("KILOLINGUA_MIRROR", raising=False)
    (tmp_path / "swc").mkdir()
    (tmp_path / "swc" / "swc").write_text("soma\talisoma\tV;PST\n")
    (tmp_path / "fin").mkdir()
    (tmp_path / "fin" / "fin.1").write_text("talo\ttalot\tN;NOM(PL)\n")
    (tmp_path / "fin" / "fin.2").write_text("auto\tautot\tN;NOM(PL)\n")
    return tmp_path


def test_the_packages_folder_serves_where_the_catalog_cannot(
    package: Path, caplog: pytest.LogCaptureFixture
) -> None:
    table = load_triples(resolve("sw"), access=Access(offline=True))
    assert table.triples == (Triple("soma", "V;PST", "alisoma"),)
    assert (table.name, table.language.bcp47) == ("package/swc", "swc")
    assert "its swc, Congo Swahili in the script Latn, stands in for it" in caplog.text
    finnish = load_triples(resolve("fi"), source="package")
    assert [triple.form for triple in finnish.triples] == ["talot", "autot"]


def test_a_table_that_the_folder_lacks_says_what_to_do(package: Path) -> None:
    (package / "zul").mkdir()
    (package / "zul" / "README.md").write_text("# Zulu\n")
    with pytest.raises(InputError, match=r"zul/zul: no such file, found \"README.md\"; delete"):
        load_triples(resolve("zu"), source="package")
    with pytest.raises(NoSourceError, match=r"of Wolof \(wol\), found fin, swc, zul; https://git"):
        load_triples(resolve("wo"), source="package", access=Access(offline=True))
    (package / "fin" / "fin.2").unlink()
    with pytest.raises(InputError, match=r"fin/fin.2: no such file, found \"fin.1\""):
        load_triples(resolve("fi"), source="package")


def test_a_wrong_source_split_or_language_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r'expected the split "trian", found covered-dev'):
        load_triples(resolve("sw"), "trian")
    with pytest.raises(InputError, match=r"nosuch: no such file.*unimorph, sigmorphon2023"):
        load_triples(resolve("sw"), source="nosuch")
    with pytest.raises(InputError, match=r"sigmorphon2023 has no Wolof \(wo\); it has: afb"):
        load_triples(resolve("wo"), "train")
    covered = tmp_path / "swa.covered.trn"
    covered.write_text("soma\tV;PST\n")
    with pytest.raises(InputError, match="it is a covered file"):
        load_triples(resolve("sw"), "train", covered)


def test_a_checksum_tells_tables_apart(tmp_path: Path) -> None:
    path = tmp_path / "table"
    path.write_text("lemma\ttags\tform\nsoma\tV;PST\talisoma\n")
    first = load_triples(resolve("sw"), source=path)
    path.write_text("lemma\ttags\tform\nsoma\tV;PST\takasoma\n")
    assert first.sha256 != load_triples(resolve("sw"), source=path).sha256


def test_splits_of_the_shared_task_are_whole(
    mirror: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    train = load_triples(resolve("sw"), "train")
    test = load_triples(resolve("ja"), "test")  # its code is the misnomer jap
    covered = load_triples(resolve("ja"), "covered-test")
    assert (len(train.triples), len(test.triples)) == (10_000, 1000)
    assert [(t.lemma, t.features) for t in test.triples] == [
        (t.lemma, t.features) for t in covered.triples
    ]
    assert {t.form for t in covered.triples} == {None}
    pointed = load_triples(resolve("he"), "train")
    unvocalised = load_triples(resolve("he"), "train", group="heb_unvoc")
    assert pointed.dropped == {"no such form (-)": 8}
    assert pointed.name != unvocalised.name
    names = [table.name for table in tables_of(resolve("sw"), access=Access(offline=True))]
    assert names == ["sigmorphon2023/swa", "unimorph/swc"]


def test_bad_lines_of_somebodys_own_file_are_named(caplog: pytest.LogCaptureFixture) -> None:
    """Comments and blank lines are none."""
    tables.warn_of_bad_lines("own.tsv", {WRONG_COLUMNS: 3, EMPTY_CELL: 0, COMMENT: 7})
    assert [record.getMessage() for record in caplog.records] == [
        f"own.tsv: bad lines left out: {WRONG_COLUMNS} (3)"
    ]
    caplog.clear()
    tables.warn_of_bad_lines("own.tsv", {COMMENT: 7, EMPTY_CELL: 0})
    assert not caplog.records
