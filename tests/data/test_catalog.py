"""The catalog: its tables as a linguist might write them, and the tables of this project.

pytest tests/data/test_catalog.py
"""

from __future__ import annotations

import csv
import logging
import re
from pathlib import Path
from urllib.parse import unquote

import pytest

from data.catalog import (
    DATASET_COLUMNS,
    FILE_COLUMNS,
    Dataset,
    File,
    catalog,
    dataset,
    file_at,
    read_catalog,
)
from data.errors import InputError
from data.files import sha256_file
from data.languages import codes_of, resolve

SHA = "0123456789abcdef" * 4
PAIRS = "toy\ttest\ten-sw\ten\ttoy/test.en\t12\t" + SHA + "\t-\thttps://example.org/test.en"
DATASETS = "toy\tparallel\taligned\tCC0-1.0\thttps://example.org\tToy\tNobody 2026\tnone"

# Readers that the loaders in data/ know; kinds that another room reads with a reader of its own.
READERS = {
    "test-set": {"aligned"},
    "parallel": {"aligned"},
    "lexicon": {"pairs", "dictd"},
    "inflection": {"unimorph"},
    "pos": {"conll"},
    "ner": {"conll"},
    "utterances": {"conll-utterances", "massive", "massive-held-out", "slurp", "injongo", "mtop"},
    "topics": {"labelled"},
    "sentiment": {"labelled"},
    "intents": {"clinc150"},
}
READ_ELSEWHERE = {"model", "tokenizer", "reference", "documents"}


def tables(folder: Path, files: str = PAIRS, datasets: str = DATASETS) -> dict[str, Dataset]:
    """Read a catalog of these lines."""
    for name, columns, lines in (("d", DATASET_COLUMNS, datasets), ("f", FILE_COLUMNS, files)):
        text = "\t".join(columns) + f"\n{lines}\n"
        (folder / f"{name}.tsv").write_text(text, encoding="utf-8")
    return read_catalog(folder / "d.tsv", folder / "f.tsv")


def row(**cells: str) -> str:
    """The line PAIRS with other cells."""
    return "\t".join({**dict(zip(FILE_COLUMNS, PAIRS.split("\t"), strict=True)), **cells}.values())


def refusal(folder: Path, files: str = PAIRS, datasets: str = DATASETS) -> str:
    with pytest.raises(InputError) as caught:
        tables(folder, files, datasets)
    return str(caught.value).replace(f"{folder}/", "")


def test_a_line_becomes_a_file(tmp_path: Path) -> None:
    assert tables(tmp_path)["toy"].files == (
        File(
            dataset="toy",
            role="test",
            group="en-sw",
            codes=("en",),
            path="toy/test.en",
            bytes=12,
            sha256=SHA,
            sources=("https://example.org/test.en",),
        ),
    )


def test_what_nobody_has_stated(tmp_path: Path) -> None:
    file = tables(tmp_path, row(group="-", codes="-", bytes="-", sha256="-"))["toy"].files[0]
    assert (file.group, file.codes, file.bytes, file.sha256) == ("", (), None, None)


def test_gits_checksum_and_a_licence_of_its_own(tmp_path: Path) -> None:
    cells = {"sha256": "git:0123456789ab", "licence": "CC0-1.0"}
    file = tables(tmp_path, row(**cells))["toy"].files[0]
    assert (file.sha256, file.blob, file.licence) == (None, "0123456789ab", "CC0-1.0")


def test_a_star_stands_for_every_code(tmp_path: Path) -> None:
    star = row(dataset="flores-200", codes="*", path="f/{code}.dev", sources="https://e.org/{code}")
    files = tables(tmp_path, star, DATASETS.replace("toy", "flores-200"))["flores-200"].files
    assert len(files) == len(codes_of("flores-200")) == 204
    swahili = next(file for file in files if file.codes == ("swh_Latn",))
    assert (swahili.path, swahili.sources) == ("f/swh_Latn.dev", ("https://e.org/swh_Latn",))


def test_a_star_without_codes(tmp_path: Path) -> None:
    assert re.match(r"data/tables/codes.tsv has no .*toy.*; it", refusal(tmp_path, row(codes="*")))


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ({"sha256": "abc"}, 'expected a sha256 of 64 hex digits or -, found "abc"'),
        ({"sha256": SHA.upper()}, "expected a sha256 of 64 hex digits or -, found"),
        ({"bytes": "12 kB"}, 'expected a number of bytes or -, found "12 kB"'),
        ({"path": "/etc/passwd"}, 'path "/etc/passwd" is no file inside the cache folder'),
        ({"path": "a/../../b"}, 'path "a/../../b" is no file inside the cache folder'),
        ({"path": "."}, 'path "." is no file inside the cache folder'),
        ({"sources": "http://example.org/a"}, 'found "http://example.org/a"'),
        ({"sources": "https:example.org"}, 'found "https:example.org"'),
        ({"sources": "ftp://example.org/a"}, 'found "ftp://example.org/a"'),
        ({"sources": "-"}, "expected a source like https://HOST/PATH, pip:NAME==VERSION, mem"),
        ({"sources": "pip:torch"}, 'found "pip:torch"'),
        ({"sources": "pip:--index-url=x==1"}, 'found "pip:--index-url=x==1"'),
        ({"sources": "member:a.zip"}, 'found "member:a.zip"'),
        ({"sources": "installed:usr/share/x"}, 'found "installed:usr/share/x"'),
        ({"sha256": "git:12"}, 'expected git: and 12 to 40 hex digits, found "git:12"'),
        ({"bytes": "9" * 5000}, "expected a number of bytes or -, found"),
        ({"bytes": "٣"}, "expected a number of bytes or -, found"),
        ({"sources": "mirror:https://e.org/a"}, 'found "mirror:https://e.org/a"'),
        ({"role": ""}, "expected text in column role, found an empty cell"),
    ],
)
def test_cells_that_are_wrong(tmp_path: Path, cells: dict[str, str], message: str) -> None:
    line = refusal(tmp_path, row(**cells))
    assert line.startswith("f.tsv:2: ")
    assert message in line


def test_a_path_that_leaves_through_a_code(tmp_path: Path) -> None:
    assert "no file inside the cache" in refusal(tmp_path, row(path="toy/../{code}/.."))


def test_columns_that_are_not_known(tmp_path: Path) -> None:
    (tmp_path / "f.tsv").write_text("dataset\trole\tlanguage\n")
    with pytest.raises(InputError, match=r"f\.tsv:1: expected the header .*found .*language"):
        read_catalog(tmp_path / "d.tsv", tmp_path / "f.tsv")


def test_a_line_with_too_few_cells(tmp_path: Path) -> None:
    message = refusal(tmp_path, f"{PAIRS}\ntoy\ttest")
    assert message.startswith("f.tsv:3: expected 9 columns (dataset, role, group, ")


def test_files_without_a_data_set(tmp_path: Path) -> None:
    files = f"{PAIRS}\n{row(dataset='tya', path='other')}"
    assert refusal(tmp_path, files) == "f.tsv: no line in d.tsv for: tya"


def test_a_data_set_without_files(tmp_path: Path) -> None:
    datasets = f"{DATASETS}\n{DATASETS.replace('toy', 'tya')}"
    assert refusal(tmp_path, PAIRS, datasets) == (
        'd.tsv:3: no file of "tya" in f.tsv; add a line there'
    )


def test_one_data_set_twice(tmp_path: Path) -> None:
    expected = 'd.tsv:3: "toy" stands on an earlier line too; take one out'
    assert refusal(tmp_path, PAIRS, f"{DATASETS}\n{DATASETS}") == expected


def test_one_path_twice(tmp_path: Path) -> None:
    expected = 'f.tsv:3: path "toy/test.en" stands on an earlier line too'
    assert refusal(tmp_path, f"{PAIRS}\n{PAIRS}") == expected


@pytest.mark.parametrize("source", ["member:toy/a.zip#x", "member:toy/test.en#x"])
def test_a_member_needs_a_line_for_its_archive(tmp_path: Path, source: str) -> None:
    rest = source.removeprefix("member:")
    expected = f'f.tsv: toy/test.en: no line with the role archive for "{rest}"'
    assert refusal(tmp_path, row(sources=source)) == expected
    assert refusal(tmp_path, row(role="archive", sources="member:toy/test.en#x")).endswith('#x"')


def test_a_near_miss_is_named() -> None:
    with pytest.raises(InputError) as caught:
        dataset("lafnad")
    assert str(caught.value) == (
        'no data set "lafnad" in the catalog (did you mean lafand?); '
        "python -m data.catalog list names them"
    )
    with pytest.raises(InputError, match=r'^no data set "xyzzy" in the catalog; python'):
        dataset("xyzzy")


def test_a_language_that_a_data_set_lacks() -> None:
    with pytest.raises(InputError) as caught:
        dataset("lafand").code_for(resolve("wo"))
    assert str(caught.value) == (
        "lafand has no Wolof (wo); it has: en, hau, lug, swa, tsn, yor, zul"
    )


@pytest.mark.parametrize(
    ("name", "language", "code"),
    [
        ("ntrex-128", "sw", "swa"),
        ("ntrex-128", "zh-TW", "zho-TW"),
        ("flores-200", "sw-KE", "swh_Latn"),
        ("flores-200", "sr", "srp_Cyrl"),
        ("lafand", "Yoruba", "yor"),
    ],
)
def test_codes_of_languages(
    name: str, language: str, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert dataset(name).code_for(resolve(language)) == code
    assert caplog.messages == []


def test_a_relative_that_stands_in_is_said(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert dataset("ntrex-128").code_for(resolve("swc")) == "swa"
    assert caplog.messages == [
        "ntrex-128 has no Congo Swahili (swc); "
        "its swa, Swahili in the script Latn, stands in for it"
    ]


def test_files_are_found_by_their_path() -> None:
    assert file_at("lafand/text_files/en-swa/dev.swa").codes == ("swa",)
    with pytest.raises(InputError, match=r'files\.tsv has no line with the path "nowhere"'):
        file_at("nowhere")


@pytest.mark.parametrize("entry", catalog().values(), ids=list(catalog()))
def test_the_rows_of_this_project(entry: Dataset) -> None:
    assert entry.reader in READERS.get(entry.kind, {entry.reader})
    assert entry.kind in READERS or entry.kind in READ_ELSEWHERE
    assert entry.licence.strip()
    assert entry.licence != "-"
    assert entry.homepage.startswith("https://")
    if not all(file.sha256 or file.blob for file in entry.files):
        assert "checksum" in entry.note, "a row without a checksum says why"


def test_every_code_of_this_project_denotes_a_language() -> None:
    for entry in catalog().values():
        for code in entry.codes():
            assert resolve(code), f"{entry.name}: {code}"


def test_what_github_serves_is_pinned_to_a_commit_with_a_checksum() -> None:
    for entry in catalog().values():
        for file in entry.files:
            for source in file.sources:
                if source.startswith("https://raw.githubusercontent.com/"):
                    assert re.search(r"/[0-9a-f]{40}/", source), source
                    assert file.sha256 or file.blob, f"{source}: a file of a commit has a checksum"


def test_no_address_is_a_shortened_one() -> None:
    short = re.compile(
        r"//(tinyurl|bit\.ly|goo\.gl|t\.co|is\.gd|rb\.gy|git\.io|aka\.ms|youtu\.be)\b"
    )
    for entry in catalog().values():
        for file in entry.files:
            assert not any(short.search(source) for source in file.sources), file.path


# Their publishers state no checksum, and nobody here could fetch them: what comes first is taken on
# trust, said so and written down (`data.download`).
ON_TRUST = {"injongo", "mmnlu-22", "mtop"}


def test_no_file_is_without_a_checksum_but_those_inside_archives_that_have_one() -> None:
    known = [entry for entry in catalog().values() if entry.name not in ON_TRUST]
    loose = {
        file.path
        for entry in known
        for file in entry.files
        if not (file.sha256 or file.blob or file.sources[0].startswith("member:"))
    }
    assert loose == set()
    assert all(file.sha256 for entry in known for file in entry.select("archive"))
    assert all(any(not f.sha256 for f in catalog()[name].files) for name in ON_TRUST)


URL = "https://raw.githubusercontent.com/{upstream}/{commit}/{upstream_path}"
EMPTIED = " (code blocks emptied)"  # of what the mirror made itself


def published(mirror: Path) -> dict[str, dict[str, str]]:
    """What the mirror has and what it knows its publishers to have, by path."""
    lines = {}
    for name in ("ABSENT.tsv", "MANIFEST.tsv"):
        with open(mirror / name, encoding="utf-8", newline="") as file:
            rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
            lines |= {line["path"]: line for line in rows}
    return lines


def test_every_file_that_a_publisher_has_is_listed_as_it_is(mirror: Path) -> None:
    listed = {file.path: file for entry in catalog().values() for file in entry.files}
    lines = published(mirror)
    assert len(lines) > 2000
    assert sorted(set(lines) - set(listed)) == []
    for path, line in lines.items():
        file = listed[path]
        if line["sha256"]:
            assert (str(file.bytes), file.sha256) == (line["bytes"], line["sha256"])
        if line["commit"] == "-":
            assert file.sources[0].startswith("installed:")
        elif line["upstream_path"].endswith(EMPTIED):
            url = URL.format(**{**line, "upstream_path": line["upstream_path"][: -len(EMPTIED)]})
            assert file.sources == (f"mirror:{url}#code-emptied",)
        else:
            assert unquote(file.sources[0]) == URL.format(**line)


def test_the_mirror_has_the_same_files(mirror: Path) -> None:
    """The bytes themselves, of one file in ten."""
    checked = 0
    for entry in catalog().values():
        for file in entry.files[::10]:
            if file.sha256 and (mirror / file.path).is_file():
                assert sha256_file(mirror / file.path) == file.sha256
                checked += 1
    assert checked > 100


@pytest.mark.parametrize(
    ("name", "language"),
    [
        ("ntrex-128", "Kinyarwanda"),
        ("masakhapos", "Wolof"),
        ("masakhaner2", "Luo"),
        ("gatitos", "Ganda"),
        ("gatitos", "Ewe"),
        ("lafand", "Tswana"),
        ("sib200", "Dzongkha"),
        ("afrisenti", "Tigrinya"),
        ("unimorph", "Slovak"),
        ("unimorph", "Sorani"),
        ("unimorph", "Kholosi"),
        ("unimorph", "Veps"),
    ],
)
def test_what_a_publisher_has_is_not_denied(name: str, language: str) -> None:
    assert dataset(name).code_for(resolve(language))
