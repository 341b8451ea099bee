"""Parallel text by name: the sample, the catalog's data sets, files of a user's own.

Lexicons are in test_load_lexicon.py.

pytest tests/data/test_load.py
"""

from __future__ import annotations

import gzip
import logging
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.access import Access
from data.errors import InputError, UnavailableError
from data.languages import resolve
from data.load import ParallelCorpus, find_language, load_parallel, splits
from data.parallel import Pair

EN, SW = resolve("en"), resolve("sw")

# Lines of train, dev and test as wc -l counts them.
LAFAND = {
    "hau": (3098, 1300, 1500),
    "swa": (30782, 1791, 1835),
    "yor": (6644, 1544, 1558),
    "zul": (3500, 1239, 998),
}
TMX = """<?xml version="1.0" encoding="UTF-8"?>
<tmx version="1.4"><header/><body>
<tu><tuv xml:lang="{0}"><seg>a book</seg></tuv><tuv xml:lang="{2}"><seg>kitabu</seg></tuv></tu>
<tu><tuv xml:lang="{1}"><seg>books</seg></tuv><tuv xml:lang="{2}"><seg>vitabu</seg></tuv></tu>
</body></tmx>
"""


def load(name: object, source: str, target: str, split: str | None = None) -> ParallelCorpus:
    return load_parallel(
        str(name), resolve(source), resolve(target), split, access=Access(offline=True)
    )


def refusal(name: object, source: str, target: str, split: str | None = None) -> str:
    with pytest.raises(InputError) as caught:
        load(name, source, target, split)
    return str(caught.value)


@pytest.fixture
def pool(tmp_path: Path) -> Path:
    """A user's table, as a spreadsheet program on Windows may have written it."""
    path = tmp_path / "pool.tsv"
    path.write_bytes(
        b"\xef\xbb\xbfdocument\tswh_Latn\teng_Latn\r\n"
        b"market\tkitabu\ta book\r\nmarket\tng\xe2\x80\x99ombe\ta cow\r\n"
    )
    return path


def test_the_sample_in_both_directions() -> None:
    to_english, from_english = load("sample", "sw", "en"), load("sample", "en", "sw")
    assert len(to_english.pairs) == 120
    assert to_english.pairs[0].target.startswith("Every Saturday, Amina goes to the market")
    assert to_english.pairs[0].document == "market"
    assert (to_english.name, to_english.licence) == ("sample", "CC0-1.0")
    assert from_english == to_english.reversed()
    assert from_english.sha256 != to_english.sha256
    assert to_english.reversed().reversed() == to_english


def test_the_sample_is_a_part_of_its_own() -> None:
    assert splits("sample") == ("test", None)
    assert load("sample", "sw", "en", "test") == load("sample", "sw", "en")
    expected = 'sample has no split "dev"; all of it is the split "test"'
    assert refusal("sample", "sw", "en", "dev") == expected


def test_a_language_that_the_sample_lacks() -> None:
    message = refusal("sample", "yo", "en")
    assert message.endswith("en-sw.tsv: no column or segment in Yoruba (yo); found eng, swa"), (
        message
    )


def test_one_language_on_both_sides() -> None:
    assert refusal("sample", "en", "en").endswith(
        "eng would be both English and English; " + ("found eng, swa")
    )


@given(pairs=st.lists(st.tuples(st.text(min_size=1), st.text(min_size=1)), min_size=1, max_size=5))
def test_reversed_twice_is_the_same(pairs: list[tuple[str, str]]) -> None:
    numbered = tuple(Pair(str(i), left, right) for i, (left, right) in enumerate(pairs))
    corpus = ParallelCorpus("toy", "test", EN, SW, numbered, "CC0-1.0", "file")
    turned = corpus.reversed()
    assert turned.reversed() == corpus
    assert (turned.source, turned.target) == (SW, EN)
    assert [p.source for p in turned.pairs] == [right for _, right in pairs]
    assert (turned.sha256 == corpus.sha256) == all(left == right for left, right in pairs)


def test_the_checksum_is_of_ids_and_sentences() -> None:
    # printf '[["1","kitabu","a book"]]' | sha256sum
    corpus = ParallelCorpus("toy", "test", SW, EN, (Pair("1", "kitabu", "a book"),), "x", "y")
    assert corpus.sha256 == "2031f0faa1b78b74af3102c7775d829ef3cb73e0d0567c08b0c30095cd70888e"


def test_a_table_of_the_users_own(pool: Path) -> None:
    corpus = load(pool, "sw", "en")
    assert corpus.pairs == (
        Pair("1", "kitabu", "a book", "market"),
        Pair("2", "ng’ombe", "a cow", "market"),
    )
    assert (corpus.name, corpus.licence, corpus.origin) == ("pool.tsv", "not stated", "a file")
    assert corpus == load(pool, "en", "sw").reversed()
    assert refusal(pool, "sw", "en", "train").startswith(f'{pool} has no split "train"')


def test_a_table_of_a_relative(pool: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert len(load(pool, "swc", "en").pairs) == 2
    assert "has no Congo Swahili (swc); its swh_Latn, Swahili in the" in caplog.text


def test_a_bad_line_of_a_table(pool: Path) -> None:
    with open(pool, "ab") as file:
        file.write(b"market\tbook\r\n")
    assert refusal(pool, "sw", "en").startswith(f"{pool}:4: expected 3 columns (document, swh_Latn")


@pytest.mark.parametrize("name", ["none.tsv", "none.tmx"])
def test_a_file_that_is_not_there(name: str) -> None:
    assert refusal(name, "sw", "en") == (
        f"{name}: no such file; give a .tsv or .tmx file (also .gz, .zst) or a catalog name"
    )


@pytest.mark.parametrize(
    ("first", "second", "swahili"),
    [("en", "en", "sw"), ("en-US", "en-GB", "sw-KE"), ("EN", "en", "swh"), ("eng", "eng", "swa")],
)
def test_a_translation_memory(tmp_path: Path, first: str, second: str, swahili: str) -> None:
    path = tmp_path / "memory.tmx"
    path.write_text(TMX.format(first, second, swahili))
    found = [(pair.source, pair.target) for pair in load(path, "sw", "en").pairs]
    assert found == [("kitabu", "a book"), ("vitabu", "books")]
    assert refusal(path, "yo", "en").startswith(f"{path}: no column or segment in Yoruba (yo); fo")


def test_a_translation_memory_with_two_scripts(tmp_path: Path) -> None:
    path = tmp_path / "memory.tmx"
    path.write_text(TMX.format("zh-TW", "zh-CN", "en"))
    assert [pair.target for pair in load(path, "en", "zh").pairs] == ["books"]
    assert [pair.target for pair in load(path, "en", "zh-TW").pairs] == ["a book"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("gatitos", "gatitos is a lexicon, not parallel text"),
        ("smollm2-135m-instruct", "smollm2-135m-instruct is a model, not parallel text"),
        ("ntrex", 'no data set "ntrex" in the catalog (did you mean ntrex-128?); python -m dat'),
    ],
)
def test_names_that_are_no_parallel_text(name: str, message: str) -> None:
    assert refusal(name, "sw", "en").startswith(message)


def test_pairs_and_splits_that_a_data_set_lacks() -> None:
    assert refusal("lafand", "sw", "yo") == (
        'lafand has no swa-yor in the split "test"; it has: en-hau, en-lug, en-swa, '
        "en-tsn, en-yor, en-zul"
    )
    assert refusal("lafand", "sw", "en", "devtest") == (
        'lafand has no split "devtest"; it has: dev, test, train'
    )
    assert refusal("ntrex-128", "en", "en") == (
        'ntrex-128 has no eng-eng in the split "test"; it has: every language with each other one'
    )


def test_a_data_set_that_cannot_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KILOLINGUA_MIRROR", raising=False)
    with pytest.raises(UnavailableError, match=r"newstest2019-ref\.swa\.txt \(ntrex-128\) could"):
        load("ntrex-128", "sw", "en")


def test_ntrex(mirror: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Federmann et al. 2022: 1,997 sentences in 123 documents; CRLF in all files but yue."""
    for code in ("sw", "yue", "zh-TW", "bo"):
        corpus = load("ntrex-128", code, "en")
        assert len(corpus.pairs) == 1997
        assert len({pair.document for pair in corpus.pairs}) == 123
        assert not any("\r" in pair.source + pair.target for pair in corpus.pairs)
        assert corpus.split == "test"
        assert corpus.origin.startswith("the mirror")
    assert load("ntrex-128", "sw", "en").origin == "the mirror"
    assert "stands in" not in caplog.text


def test_ntrex_between_two_languages(mirror: Path) -> None:
    corpus = load("ntrex-128", "sw", "yo")
    assert corpus.pairs[0].source == load("ntrex-128", "sw", "en").pairs[0].source
    assert corpus.pairs[0].target == load("ntrex-128", "yo", "en").pairs[0].source


@pytest.mark.parametrize("code", LAFAND)
def test_lafand(mirror: Path, code: str) -> None:
    parts = [load("lafand", "en", code, split) for split in ("train", "dev", "test")]
    empty = 2 if code == "swa" else 0  # of train: lines of one invisible mark on both sides
    assert (len(parts[0].pairs) + empty, *(len(p.pairs) for p in parts[1:])) == LAFAND[code]
    told = (f"lafand train: left out: empty source and target ({empty})",)
    assert parts[0].remarks == (told if empty else ())
    assert load("lafand", "en", code).sha256 == parts[2].sha256, "the test part by default"


def test_lafand_says_what_is_wrong_with_it(mirror: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The mirror's README: U+FFFD in zul dev, byte-order marks inside lines of swa train."""
    with caplog.at_level(logging.WARNING):
        load("lafand", "en", "zu", "dev")
        load("lafand", "en", "sw", "train")
    assert "dev.zul: repaired: U+FFFD, kept" in caplog.text
    assert "train.swa: repaired: byte-order mark inside a line, removed" in caplog.text


@pytest.mark.parametrize("text", ["ainu1240", "AINU1240"])
def test_a_glottocode_that_is_not_built_in(mirror: Path, text: str) -> None:
    """Glottolog 5.1: ainu1240 is Ainu (Japan), ISO 639-3 ain."""
    language = find_language(text, access=Access(offline=True))
    assert (language.iso639_3, language.glottocode) == ("ain", "ainu1240")
    assert find_language("swh_Latn", access=Access(offline=True)) == SW


def test_a_glottocode_that_nobody_can_look_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KILOLINGUA_MIRROR", raising=False)
    with pytest.raises(InputError, match=r"^glottocode 'ainu1240' is none of the \d+ built in; py"):
        find_language("ainu1240", access=Access(offline=True))
    with pytest.raises(InputError, match=r"^unknown language 'swahilli'; did you mean Swahili"):
        find_language("swahilli", access=Access(offline=True))


def test_a_family_is_no_language(mirror: Path) -> None:
    with pytest.raises(InputError, match=r"atla1278' is Atlantic-Congo, a family without an ISO"):
        find_language("atla1278", access=Access(offline=True))


PAIRS = "sw\ten\nmbwa\tdog\npaka\tcat\n"
MEMORY = TMX.format("en", "en", "sw")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("UPPER.TSV", PAIRS.encode()),
        ("UPPER.TMX", MEMORY.encode()),
        ("z.tsv.gz", gzip.compress(PAIRS.encode(), mtime=0)),
        ("mem.TMX.GZ", gzip.compress(MEMORY.encode(), mtime=0)),
        ("mac.tsv", PAIRS.replace("\n", "\r").encode()),
        (
            "dos.tsv.gz",
            gzip.compress(b"\xef\xbb\xbf" + PAIRS.replace("\n", "\r\n").encode(), mtime=0),
        ),
        ("blank.tsv", f"{PAIRS}\n\t\n".encode()),
    ],
)
def test_a_file_by_its_suffix(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    corpus = load(path, "sw", "en")
    assert len(corpus.pairs) == 2
    assert corpus.remarks == ()


def test_a_zstandard_file(tmp_path: Path) -> None:
    zstandard = pytest.importorskip("zstandard")
    path = tmp_path / "p.tsv.zst"
    path.write_bytes(zstandard.compress(PAIRS.encode()))
    assert len(load(path, "sw", "en").pairs) == 2


@pytest.mark.parametrize("name", ["comma.csv", "lines.jsonl", "book.xlsx", "plain", "x.tsv.bz2"])
def test_a_file_of_another_kind(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(PAIRS)
    expected = f"{tmp_path / name}: a file of another kind, but a .tsv or .tmx file (also .gz, "
    assert refusal(tmp_path / name, "sw", "en").startswith(expected)


def test_a_folder(tmp_path: Path) -> None:
    for name in ("pairs.tsv", "pairs"):
        (tmp_path / name).mkdir()
        assert ": a folder, but a .tsv or .tmx file" in refusal(tmp_path / name, "sw", "en")


def test_a_name_that_is_nearly_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my_pairs.tsv").write_text(PAIRS)
    for name in ("my_pair.tsv", "my_pairs.tvs", "my_pairs"):
        assert "(did you mean my_pairs.tsv?)" in refusal(name, "sw", "en")
    path = tmp_path / "my_pears.tsv"
    assert f"no such file (did you mean {tmp_path / 'my_pairs.tsv'}?)" in refusal(path, "sw", "en")
    assert "(did you mean lafand?)" in refusal("lafan", "sw", "en")
    (tmp_path / "lafand").mkdir()
    assert "has no split" in refusal("lafand", "sw", "en", "x"), "a data set goes before a folder"


def test_what_is_left_out_is_remarked(tmp_path: Path) -> None:
    path = tmp_path / "pairs.tsv"
    path.write_text(f'{PAIRS}\nng\ufffdombe\tcow\nkuku\n"a ""b"""\tx\n', "utf-8")
    with pytest.raises(InputError) as caught:
        load(path, "sw", "en")
    assert caught.value.option == "--skip-bad"
    corpus = load_parallel(str(path), SW, EN, skip_bad=True)
    assert len(corpus.pairs) == 3
    assert corpus.remarks == (
        "pairs.tsv: left out: U+FFFD, where a letter was lost (1); wrong number of columns (2)",
        "pairs.tsv: cells in quotes as a spreadsheet writes them, kept with the quotes (1)",
    )


def test_a_header_of_many_names_is_a_short_message(tmp_path: Path) -> None:
    path = tmp_path / "pairs.tsv"
    path.write_text("\t".join(["x" * 5000, *map(str, range(50_000))]) + "\n")
    message = refusal(path, "sw", "en")
    assert message.endswith("and 49981 more")
    assert len(message) < 500
