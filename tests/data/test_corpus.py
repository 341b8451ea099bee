"""Corpora: every form of file gives the same records; drops are counted; messages say where."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from data import corpus
from data.access import Access
from data.catalog import dataset
from data.corpus import Corpus, find_corpus, find_test_set
from data.corpus_files import BLANK, NO_RECORD
from data.download import NoSourceError
from data.errors import InputError
from data.lines import NOT_UTF8, NUL_INSIDE
from data.tsv import MARK_INSIDE, NOT_NFC, REPLACEMENT_KEPT

TEXTS = ["Mbwa analala.", "Paka anakula samaki.", "Ng'ombe wetu ni watatu."]


def lines(path: Path) -> None:
    path.write_text("".join(f"{text}\n" for text in TEXTS), "utf-8")


def packed(pack: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        half = len(content := "\n".join(TEXTS).encode()) // 2
        path.write_bytes(pack(content[:half]) + pack(content[half:]))  # members are joined

    return write


def zstandard(content: bytes) -> bytes:
    return bytes(pytest.importorskip("zstandard").compress(content))


def jsonl(path: Path) -> None:
    path.write_text("".join(f"{json.dumps({'text': text})}\n" for text in TEXTS), "utf-8")


def parquet(path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    parquet.write_table(pyarrow.table({"line": [1, 2, 3], "text": TEXTS}), path)


FORMS = {
    "a.txt": lines,
    "train.swa": lines,
    "a.txt.gz": packed(gzip.compress),
    "a.txt.zst": packed(zstandard),
    "a.jsonl": jsonl,
    "a.parquet": parquet,
}


def texts(corpus: Corpus, **settings: bool) -> list[str]:
    records = corpus.records(dropped=Counter(), repairs=Counter(), **settings)
    return [record.text for record in records]


@pytest.mark.parametrize("name", FORMS)
def test_every_form_gives_the_same_records(name: str, tmp_path: Path) -> None:
    FORMS[name](tmp_path / name)
    corpus = find_corpus(str(tmp_path / name))
    assert [(record.id, record.text) for record in corpus.records()] == [
        ("1", TEXTS[0]), ("2", TEXTS[1]), ("3", TEXTS[2]),
    ]  # fmt: skip
    assert len(list(corpus.records(limit=2))) == 2


def test_text_from_the_field_is_mended_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "field.txt"
    path.write_bytes(
        b"\xef\xbb\xbfMbwa\r\n\r\n  \nn\xcc\x83andu\nka\xef\xbb\xbfru\npe\xef\xbf\xbdma\n"
    )
    dropped, repairs = Counter[str](), Counter[str]()
    found = list(find_corpus(str(path)).records(dropped=dropped, repairs=repairs))
    assert [(r.id, r.text) for r in found] == [
        ("1", "Mbwa"), ("4", "ñandu"), ("5", "karu"), ("6", "pe\ufffdma"),
    ]  # fmt: skip
    assert dropped == {BLANK: 2}
    assert repairs == {NOT_NFC: 1, MARK_INSIDE: 1, REPLACEMENT_KEPT: 1}


def test_what_is_no_text_is_an_error_or_counted(tmp_path: Path) -> None:
    path = tmp_path / "latin.txt"
    path.write_bytes(b"Mbwa\nma\xf1ana\nka\0ru\n")
    with pytest.raises(InputError, match=r"latin\.txt:2: expected UTF-8, found byte 0xf1"):
        texts(find_corpus(str(path)))
    dropped = Counter[str]()
    [record] = find_corpus(str(path)).records(skip_bad=True, dropped=dropped, repairs=Counter())
    assert (record.text, dropped) == ("Mbwa", {NOT_UTF8: 1, NUL_INSIDE: 1})


def test_bad_jsonl(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    rows = ['{"id": "x", "text": "n\\u0303andu", "source": "web"}', '{"title": "x"}', "[1]"]
    path.write_text("\n".join([*rows, '{"text": 3}', '{"tokens": ["Mbwa", "analala"]}', "{"]))
    message = rf"{path}:2: expected a field text, target or tokens, found title; name "
    with pytest.raises(InputError) as caught:
        texts(find_corpus(str(path)))
    assert str(caught.value).startswith(message)
    dropped = Counter[str]()
    records = find_corpus(str(path)).records(skip_bad=True, dropped=dropped, repairs=Counter())
    first, second = records
    assert (first.id, first.text, first.meta) == ("x", "ñandu", {"source": "web"})
    assert (second.id, second.text) == ("5", "Mbwa analala")
    assert dropped == {NO_RECORD: 4}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("gone.txt", "no such file or folder, and no corpus of that name in the catalog"),
        (
            "lafand",
            "say in which language, as lafand:SPLIT:CODE with en, hau, lug, swa, tsn, yor, zul",
        ),
        ("lafand:tain:sw", 'no such split of lafand as "tain"; it has: dev, test, train'),
        ("lafand:train:wo", "lafand has no Wolof (wo)"),
        ("gatitos:train:wo", "gatitos is a lexicon, not text"),
        ("sample:wo", "the sample is in English and Swahili; write sample:sw"),
    ],
)
def test_names_that_mean_nothing(name: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        find_corpus(name)
    assert message in str(caught.value)


def test_files_that_hold_no_text(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").touch()
    with pytest.raises(InputError, match=r"a\.tsv: expected plain text, \.jsonl or \.parquet"):
        find_corpus(str(tmp_path / "a.tsv"))
    with pytest.raises(InputError, match=r"expected \.txt, \.jsonl or \.parquet files, found none"):
        find_corpus(str(tmp_path))
    (tmp_path / "a.parquet").write_text("PAR1")
    with pytest.raises(InputError, match=r"a\.parquet: no Parquet file"):
        texts(find_corpus(str(tmp_path / "a.parquet")))


def test_a_zst_file_that_was_cut_short(tmp_path: Path) -> None:
    whole = zstandard(b"Mbwa analala.\n" * 1000)
    (tmp_path / "a.txt.zst").write_bytes(whole[:-5])
    with pytest.raises(InputError, match=r"a\.txt\.zst: damaged \("):
        texts(find_corpus(str(tmp_path / "a.txt.zst")))


def test_a_folder_is_read_in_the_order_of_its_names(tmp_path: Path) -> None:
    for name, text in (("b.txt", "pili"), ("a.txt", "kwanza"), ("LICENCE", "CC0")):
        (tmp_path / name).write_text(text)
    found = list(find_corpus(str(tmp_path)).records())
    assert [record.text for record in found] == ["kwanza", "pili"]
    assert [record.id for record in found] == [f"{tmp_path.name}/{n}.txt:1" for n in "ab"]
    (tmp_path / "c.jsonl").touch()
    with pytest.raises(InputError, match="holds jsonl and lines files; name one of them"):
        find_corpus(str(tmp_path))


def test_the_fingerprint_changes_with_a_letter(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    lines(path)
    before = find_corpus(str(path)).fingerprint()
    assert before["bytes"] == path.stat().st_size
    path.write_text(path.read_text("utf-8").replace("Mbwa", "Mbwe"), "utf-8")
    assert find_corpus(str(path)).fingerprint()["sha256"] != before["sha256"]


@pytest.mark.usefixtures("mirror")
def test_corpora_of_the_catalog() -> None:
    lafand = find_corpus("lafand:train:sw", access=Access(offline=True))
    assert (lafand.licence, lafand.languages) == ("CC-BY-NC-4.0", ("swa",))
    assert len(texts(lafand)) == 30782
    assert texts(find_corpus("ewt", access=Access(offline=True)))[0].startswith(
        "Al - Zaman : American forces"
    )
    assert len(find_test_set("masakhapos", access=Access(offline=True)).paths) == 17
    assert len(texts(find_test_set("NTREX-128:sw", access=Access(offline=True)))) == 1997
    assert "test data" in find_corpus("ntrex-128:test:sw", access=Access(offline=True)).note


def test_a_parquet_file_whose_text_is_none(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    raw = pyarrow.array([b"Mbwa", b"ma\xf1ana"], pyarrow.binary()).view(pyarrow.string())
    parquet.write_table(pyarrow.table({"text": raw}), tmp_path / "a.parquet")
    with pytest.raises(InputError, match=r"a\.parquet: damaged \("):
        texts(find_corpus(str(tmp_path / "a.parquet")))


def test_of_all_languages_those_that_can_be_had(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    there = tmp_path / "there.txt"
    there.write_text("Mbwa analala .\n")
    lacking = {"bam", "swa", "zul"}

    def some(file: Any, **_: object) -> Any:
        if lacking & {*file.codes}:
            raise NoSourceError(f"{file.path}: no source")
        return SimpleNamespace(path=there)

    monkeypatch.setattr(corpus, "fetch", some)
    found = find_corpus("masakhapos:test:*")
    number = len(dataset("masakhapos").codes())
    assert len(found.paths) == number - 3
    assert f"masakhapos:test:*: without 3 of {number} files: bam, swa, zul" in caplog.text
    with pytest.raises(NoSourceError):
        find_corpus("masakhapos:test:swa")
    caplog.clear()
    lacking.clear()
    assert len(find_corpus("masakhapos:test:*").paths) == number
    assert not caplog.records
    lacking.update(dataset("masakhapos").codes())
    with pytest.raises(NoSourceError):
        find_corpus("masakhapos:test:*")
