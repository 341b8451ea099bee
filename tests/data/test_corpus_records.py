"""Records of a corpus that hold no text: each is counted under its reason or named."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from data.corpus_files import BLANK, NO_RECORD, read_jsonl, read_parquet
from data.errors import InputError
from data.lines import NUL_INSIDE


def read(reader, path: Path, *, skip_bad: bool = True) -> tuple[list[tuple[str, str]], Counter]:
    dropped: Counter[str] = Counter()
    records = reader(path, skip_bad=skip_bad, dropped=dropped, repairs=Counter())
    return [(record.id, record.text) for record in records], dropped


def test_json_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    rows: list[object] = [
        {"text": " Mvua inanyesha. "},
        {"text": ["Jua", "linawaka"], "id": "x7"},
        {"text": "  "},
        {"text": "a\0b"},
        {"text": 7},
        {"other": "x"},
        [1],
    ]
    path.write_text("\n".join([*map(json.dumps, rows), "", "{"]) + "\n", "utf-8")
    records, dropped = read(read_jsonl, path)
    assert records == [("1", "Mvua inanyesha."), ("x7", "Jua linawaka")]
    assert dropped == {BLANK: 2, NUL_INSIDE: 1, NO_RECORD: 4}


@pytest.mark.parametrize("row", [{"text": "a\0b"}, {"text": 7}, {"text": [1]}, {"other": "x"}])
def test_a_bad_record_is_an_error_unless_it_may_be_left_out(
    row: dict[str, object], tmp_path: Path
) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps({"text": "Sawa."}) + "\n" + json.dumps(row) + "\n", "utf-8")
    with pytest.raises(InputError, match=r"a\.jsonl:2: "):
        read(read_jsonl, path, skip_bad=False)


def test_what_else_a_record_says_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps({"id": 4, "text": "Sawa.", "url": "u", "n": 1}) + "\n", "utf-8")
    [record] = read_jsonl(path, skip_bad=False, dropped=Counter(), repairs=Counter())
    assert (record.id, record.text, record.meta) == ("4", "Sawa.", {"url": "u", "n": 1})


def test_parquet_rows_are_numbered_from_one(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    path = tmp_path / "a.parquet"
    table = pyarrow.table({"text": ["Mvua.", None, "", "Jua."], "n": [1, 2, 3, 4]})
    parquet.write_table(table, path)
    records, dropped = read(read_parquet, path, skip_bad=False)
    assert records == [("1", "Mvua."), ("4", "Jua.")]
    assert dropped == {BLANK: 2}


def test_parquet_that_is_damaged_inside(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    path = tmp_path / "a.parquet"
    table = pyarrow.table({"text": [f"sentensi {number}" for number in range(3000)]})
    parquet.write_table(table, path)
    content = bytearray(path.read_bytes())
    content[4:400] = bytes(396)  # the first page; the footer is whole, so it opens
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"a\.parquet: damaged \(.+\); fetch or write it again"):
        read(read_parquet, path)
