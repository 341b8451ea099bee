"""What readers, registries and tables seldom meet: packages that are missing, names that are taken,
files without a record, languages without a code."""

from __future__ import annotations

import errno
import json
import logging
import sys
from collections import Counter
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars
import pytest

from data import archives, bounded, catalog, language_names, parallel, spelling
from data.access import Access
from data.archives import copy_member, open_zstandard, zstandard
from data.catalog import dataset
from data.catalog.__main__ import _tell
from data.corpus import _role_and_reader
from data.corpus_files import READERS, _open_parquet
from data.download import NoSourceError, _is_file
from data.errors import InputError, UnavailableError
from data.inflections import tables
from data.inflections.columns import names_of_columns
from data.inventory import Inventory
from data.inventory import sources as inventory_sources
from data.inventory.export import _datasets
from data.inventory.schema import schema
from data.labels.schemes import read_labelled
from data.languages import resolve
from data.lexicon import files as lexicon_files
from data.lexicon.coverage import _aligned_file
from data.lexicon.reading import Sample
from data.lexicon.table import names_columns, verdict
from data.options import command_line, option
from data.resources.measure import _utterances
from data.sources import NotHereError, workspace
from data.spelling import read_rules, rules_of
from data.tagged import read_conllu
from data.unimorph_package import copied_from_package, table_names
from data.utterances import _of_lines, read_split


@pytest.mark.parametrize("code", [None, errno.EINVAL])
def test_an_archive_that_sends_its_reader_astray(
    code: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def astray(*_: object) -> None:
        raise OSError(code, "negative seek value") if code else OSError("negative seek value")

    monkeypatch.setattr(archives, "_copy_tar_member", astray)
    (tmp_path / "a.tar").write_bytes(b"x")
    with pytest.raises(UnavailableError, match=r"a\.tar: damaged archive \(.*negative seek value"):
        copy_member(tmp_path / "a.tar", "a.txt", BytesIO(), 1000)


def test_a_disk_that_is_full_is_no_damaged_archive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "no space")

    monkeypatch.setattr(archives, "_copy_tar_member", full)
    (tmp_path / "a.tar").write_bytes(b"x")
    with pytest.raises(OSError, match="no space"):
        copy_member(tmp_path / "a.tar", "a.txt", BytesIO(), 1000)


def test_packages_that_are_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match=r"none\.zst: no such file; check the path$"):
        open_zstandard(tmp_path / "none.zst")
    for name in ("zstandard", "pyarrow"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(UnavailableError, match=r"^\.zst needs the package zstandard; pip install"):
        zstandard()
    with pytest.raises(UnavailableError, match=r"a: \.parquet needs the package pyarrow; pip inst"):
        _open_parquet(Path("a"))


def test_tables_added_to_the_catalog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = [path.read_text("utf-8").splitlines() for path in catalog.OWN_TABLES]
    monkeypatch.setattr(catalog, "ADDED_TABLES", [])
    before = list(catalog.catalog())

    def added(name: str) -> tuple[Path, Path]:
        rows = [
            next(line for line in lines if line.startswith("gatitos\t")).replace("gatitos", name, 1)
            for lines in own
        ]
        paths = tmp_path / "datasets.tsv", tmp_path / "files.tsv"
        for path, lines, row in zip(paths, own, rows, strict=True):
            path.write_text(f"{lines[0]}\n{row}\n", "utf-8")
        return paths

    try:
        with pytest.raises(InputError, match=r"datasets\.tsv: in the catalog already: gatitos$"):
            catalog.register(*added("gatitos"))
        assert catalog.ADDED_TABLES == []
        assert list(catalog.catalog()) == before, "what was refused is not there"
        catalog.register(*added("our-own"))
        assert list(catalog.catalog()) == [*before, "our-own"]
        assert dataset("our-own").kind == "lexicon"
    finally:
        catalog.ADDED_TABLES.clear()
        catalog.catalog.cache_clear()


def test_forms_of_text_are_added_under_new_names(monkeypatch: pytest.MonkeyPatch) -> None:
    form: Any = object()
    monkeypatch.setattr(parallel, "PAIR_FORMATS", {".tsv": form})
    for suffix in (".tsv", "po", ""):
        with pytest.raises(
            ValueError, match=f'expected a new suffix such as .po, found "{suffix}"'
        ):
            parallel.register(suffix, form)
    parallel.register(".po", form)
    assert {".tsv": form, ".po": form} == parallel.PAIR_FORMATS
    monkeypatch.setattr(lexicon_files, "FORMATS", {"tsv": form})
    with pytest.raises(
        ValueError, match=r'^lexicon format: "tsv" is there already; use another name'
    ):
        lexicon_files.register("tsv", form)
    lexicon_files.register("arrows", form)
    assert {"tsv": form, "arrows": form} == lexicon_files.FORMATS


def test_the_catalogs_command_tells_on_the_error_stream(capsys: pytest.CaptureFixture[str]) -> None:
    _tell("fetching")
    assert capsys.readouterr() == ("", "fetching\n")


def test_text_that_stands_beside_what_is_labelled() -> None:
    assert _role_and_reader("xsid", dataset("xsid"), "train") == ("train-text", READERS["lines"])
    role, reader = _role_and_reader("xsid", dataset("xsid"), "test")
    assert role == "test"
    assert reader not in READERS.values()
    told = "^gatitos: gatitos is a lexicon, not text$"
    with pytest.raises(InputError, match=told):
        _role_and_reader("gatitos", dataset("gatitos"), "train")


def test_a_place_that_cannot_be_looked_at_holds_no_file(tmp_path: Path) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    assert _is_file(loop / "x") is False
    refused: Any = SimpleNamespace(is_file=lambda: (_ for _ in ()).throw(OSError("loop")))
    assert _is_file(refused) is False


def test_tables_of_a_language_that_no_list_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KILOLINGUA_MIRROR", raising=False)
    monkeypatch.setenv("UNIMORPH", str(tmp_path))
    access = Access(cache=tmp_path / "cache", offline=True)
    assert tables.tables_of(resolve("ifb"), access=access) == []
    with pytest.raises(NoSourceError):
        tables.find_table(resolve("sw"), access=access)
    with pytest.raises(InputError, match="has no code of ISO 639-3, by which UniMorph goes"):
        tables._cloned(
            replace(resolve("sw"), bcp47="x-own", iso639_3="", macrolanguage=None), access
        )


def test_the_package_has_a_table_that_cannot_be_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KILOLINGUA_MIRROR", raising=False)
    monkeypatch.setenv("UNIMORPH", str(tmp_path / "unimorph"))
    path = tmp_path / "unimorph/swa/swa"
    path.parent.mkdir(parents=True)
    path.write_text("soma\talisoma\tV;PST;3;SG\n", "utf-8")
    access = Access(cache=tmp_path / "cache", offline=True)
    assert tables.find_table(resolve("sw"), access=access).paths == (path,)


def test_resources_that_are_not_known_are_no_data_sets() -> None:
    row = {**dict.fromkeys(schema()), "includes": []}
    table = polars.DataFrame([{**row, "glottocode": "swah1253", "bcp47": "sw"}], schema=schema())
    assert _datasets(table) == []
    inventory = Inventory(table, ())
    assert inventory.to_frame() is table
    assert [row["glottocode"] for row in inventory.rows()] == ["swah1253"]
    assert inventory.summary().startswith(f"1 languages, {len(schema())} columns, 0 sources, 0 ")


def test_a_table_of_resources_that_is_wrong_is_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails() -> None:
        raise InputError("sizes.tsv:2: expected a number")

    monkeypatch.setattr(inventory_sources, "resources", fails)
    notes: list[str] = []
    assert inventory_sources._resources(notes) is None
    told = "counts of resources are missing (sizes.tsv:2: expected a number); correct that table"
    assert notes == [told]


@pytest.mark.parametrize("text", ["", "\n\n", "-DOCSTART- O\n"])
def test_labelled_text_without_a_sentence(text: str, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(text, "utf-8")
    with pytest.raises(InputError, match=r"a\.txt: "):
        read_labelled(tmp_path / "a.txt")


def test_languages_that_are_built_in() -> None:
    for table in (language_names.rows, language_names._individuals, language_names.builtin_names):
        table.cache_clear()
    rows = language_names.rows()
    assert rows["sw"] == ("sw", "swa", "swh", "swah1253", "Swahili", "Latn", rows["sw"].aliases)
    assert language_names._individuals()["swh"] == "sw"
    assert set(language_names._individuals()).isdisjoint(row.iso639_3 for row in rows.values())
    names = language_names.builtin_names()
    assert names["swahili"] == names["swah1253"] == "sw"
    for alias in filter(None, rows["am"].aliases.split("; ")):
        assert names[spelling.fold(alias)] == "am"


def test_rules_of_spelling_are_read_once() -> None:
    spelling._table.cache_clear()
    assert spelling._table() == tuple(read_rules(spelling.TABLE))
    assert rules_of("ar") != rules_of("am")


def test_a_split_that_a_data_set_has_not_in_a_language() -> None:
    entry = dataset("lafand")
    told = r'^lafand has no .* in the split "nonsense"; it has: .*train'
    with pytest.raises(InputError, match=told):
        _aligned_file(entry, "nonsense", resolve("ha"), resolve("en"))


def test_what_can_head_two_columns() -> None:
    assert names_columns(["english"]) is False
    assert names_columns(["english", "swahili"]) is True
    assert names_columns(["English", "anglais"]) is False


def test_a_command_line_with_a_list_in_one_word_and_bare_words() -> None:
    @dataclass(frozen=True, kw_only=True)
    class Config:
        words: tuple[str, ...] = option((), "words", flag="words", metavar="WORD")
        names: tuple[str, ...] = option((), "names", separator=",")

    found = command_line("x.y", Config(words=("a", "b"), names=("c", "d")))
    assert found == "python -m x.y a b --names c,d"


def test_one_file_of_utterances_holds_all_its_splits(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(
        "data.resources.measure._utterances_of",
        lambda entry, split, paths: asked.append(split) or 10,
    )
    entry = dataset("massive-1.1")
    assert _utterances(entry, {"utterances": [tmp_path]}) == 30
    assert sorted(asked) == ["dev", "test", "train"]
    asked.clear()
    assert _utterances(entry, {"dev-text": [], "dev-labels": [], "test-text": []}) == 20
    assert sorted(asked) == ["dev", "test"]


def test_a_folder_that_is_missing_within_a_folder_that_is_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="inner"), workspace(tmp_path / "a", "partial"):
        raise FileNotFoundError("inner")
    told = "the folder was deleted while a was fetched into it; run the same command again"
    with pytest.raises(UnavailableError, match=told), workspace(tmp_path / "gone" / "a", "partial"):
        pass


def test_a_sentence_of_ranges_alone(tmp_path: Path) -> None:
    path, dropped = tmp_path / "a.conllu", Counter[str]()
    path.write_text(
        "1-2\tab\t_\t_\t_\t_\t_\t_\t_\t_\n\n1\ta\t_\tNOUN\t_\t_\t0\t_\t_\t_\n\n", "utf-8"
    )
    with pytest.raises(InputError, match=r"a\.conllu:1: expected words, found none"):
        list(read_conllu(path))
    assert len(list(read_conllu(path, skip_bad=True, dropped=dropped))) == 1
    assert dropped.total() == 2


def test_a_file_of_the_package_that_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("UNIMORPH", str(tmp_path))
    caplog.set_level(logging.WARNING)

    def check(path: Path, source: str) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    job: Any = SimpleNamespace(check=check, access=Access(), target=tmp_path / "out")
    with pytest.raises(NotHereError, match=r"swa cannot be read \(Permission denied\)$"):
        copied_from_package(job, "swa/swa")


def test_a_long_value_is_shown_by_its_beginning() -> None:
    assert bounded._shown("a" * 38) == f'"{"a" * 38}"'
    assert bounded._shown("a" * 39) == f'"{"a" * 39}…'
    assert bounded._shown(None) == "null"


def test_parts_of_a_table_are_in_the_order_of_their_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNIMORPH", str(tmp_path))
    (tmp_path / "fin").mkdir()
    parts = ("fin/fin.1", "fin/fin.2", "fin/fin.3")
    for name in parts[::-1]:
        (tmp_path / name).write_text("talo\ttalot\tN;PL\n")
    assert table_names("fin", None, ()) == parts
    assert table_names("fin", None, ["fin/fin.2"]) == ("fin/fin.2",), "the catalog's come first"
    (tmp_path / "fin/fin").write_text("")
    assert table_names("fin", None, ["fin/other"]) == ("fin/fin",), "the whole one is enough"
    with pytest.raises(InputError, match=r'fin/vro: no such file, found "fin, fin\.1, fin\.2'):
        table_names("fin", "vro", ())


def test_each_token_of_an_utterance_has_a_tag_and_none_is_empty() -> None:
    repairs = Counter[str]()
    read = _of_lines("1", "alle Wecker aus", "O B-x O\talarm", repairs)
    assert (read.tokens, read.intent) == (("alle", "Wecker", "aus"), "alarm")
    for text, labels in (
        ("alle  aus", "O B-x O\talarm"),
        ("", "O\talarm"),
        ("alle Wecker aus", "O O\talarm"),
        ("alle Wecker", "O O O\talarm"),
    ):
        with pytest.raises(InputError, match="expected a tag for each of"):
            _of_lines("1", text, labels, repairs)
    for labels in ("O O", "O O\t "):
        with pytest.raises(InputError, match="expected tags, a tab and an intent, found no intent"):
            _of_lines("1", "alle aus", labels, repairs)


@pytest.mark.parametrize(
    ("first", "header", "expected"),
    [
        ("English\tGanda", None, (True, "it names one of the two languages", False)),
        ("English\tSwahili", None, (True, "it names the two languages", True)),
        ("word\ttranslation", None, (True, "it names the roles of the columns", True)),
        ("English\tGanda\tpos", None, (True, "it names further columns", True)),
        ("dog\tmbwa", None, (False, "it names no two columns", True)),
        ("dog\tmbwa", True, (True, "as --lexicon-header says", True)),
        ("English\tSwahili", False, (False, "as --lexicon-header says", True)),
    ],
)
def test_what_the_first_line_of_a_list_is(
    first: str, header: bool | None, expected: tuple[bool, str, bool]
) -> None:
    sample = Sample(Path("x.tsv"), [first, "cat\tpaka", "cow\tng'ombe"], ("en", "sw"), header)
    assert verdict(sample) == expected


@pytest.mark.parametrize(
    ("names", "roles"),
    [
        (["word", "msd"], ("lemma", "features")),
        (["lemma", "word", "msd", "note"], ("lemma", "form", "features", "-")),
        (["lemma", "word"], None),
        (["lemma", "lemma", "msd"], None),
    ],
)
def test_a_column_called_word_is_what_is_left(
    names: list[str], roles: tuple[str, ...] | None
) -> None:
    assert names_of_columns(names) == roles


def test_massive_is_read_by_its_row_of_the_catalog(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    known = {"id": "7", "locale": "sw-KE", "scenario": "a", "intent": "i", "worker_id": "1"}
    rows = [
        {**known, "partition": split, "utt": split, "annot_utt": split}
        for split in ("train", "dev", "test")
    ]
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), "utf-8")
    for split in ("train", "dev", "test"):
        counters = {"dropped": Counter[str](), "repairs": Counter[str]()}
        [found] = read_split(dataset("massive-1.1"), split, (path,), **counters)
        assert (found.tokens, found.intent) == ((split,), "i")
