"""The best lexicon at hand: direct, turned round, of a relative, the sample's.

pytest tests/data/test_load_lexicon.py
"""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from data.access import Access
from data.catalog import DATASET_COLUMNS, FILE_COLUMNS, read_catalog
from data.errors import InputError, UnavailableError
from data.languages import resolve
from data.lexicon import Lexicon
from data.load import load_lexicon

DICTD = Path("/usr/share/dictd/freedict-eng-swh.index")


def load(source: str, target: str) -> Lexicon:
    return load_lexicon(resolve(source), resolve(target), access=Access(offline=True))


def glosses(lexicon: Lexicon, word: str) -> list[str]:
    return [entry.target for entry in lexicon.lookup(word)]


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A catalog whose only lexicons are those that `add` writes."""
    monkeypatch.delenv("KILOLINGUA_MIRROR", raising=False)
    return tmp_path


def add(folder: Path, monkeypatch: pytest.MonkeyPatch, *lexicons: str) -> None:
    """Fill the catalog: each `en-sw` is a lexicon of one word, translated as `en-sw`."""
    lines = ["\t".join(FILE_COLUMNS)]
    for group in lexicons:
        left, right = group.split("-")
        (folder / f"{group}.tsv").write_text(f"word\t{group}\n")
        path, source = f"toy/{group}.tsv", f"installed:{folder}/{group}.tsv"
        lines.append(f"toy\tlexicon\t{group}\t{left} {right}\t{path}\t-\t-\t-\t{source}")
    (folder / "files.tsv").write_text("\n".join([*lines, ""]))
    cells = ("toy", "lexicon", "pairs", "CC0-1.0", "x", "x", "x", "x")
    (folder / "datasets.tsv").write_text(
        "\t".join(DATASET_COLUMNS) + "\n" + "\t".join(cells) + "\n"
    )
    entries = read_catalog(folder / "datasets.tsv", folder / "files.tsv")
    monkeypatch.setattr("data.lexicon.load.catalog", lambda: entries)


@pytest.mark.parametrize(
    ("lexicons", "pair", "chosen"),
    [
        (("sw-en", "en-sw"), ("en", "sw"), "en-sw"),
        (("sw-en", "en-sw"), ("sw", "en"), "sw-en"),
        (("sw-en", "en-yo"), ("en", "sw"), "sw-en"),
        (("en-swc", "swh-eng"), ("en", "sw"), "swh-eng"),
        (("en-aeb", "arz-en"), ("en", "arz"), "arz-en"),
        (("en-aeb", "en-ar"), ("en", "arz"), "en-ar"),
    ],
)
def test_the_closest_comes_first_then_this_direction(
    toy: Path,
    monkeypatch: pytest.MonkeyPatch,
    lexicons: tuple[str, ...],
    pair: tuple[str, str],
    chosen: str,
) -> None:
    add(toy, monkeypatch, *lexicons)
    lexicon = load(*pair)
    assert lexicon.name == f"toy/{chosen}"
    assert (lexicon.source_language, lexicon.target_language) == pair


def test_a_lexicon_is_turned_round(toy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add(toy, monkeypatch, "yo-en")
    assert glosses(load("yo", "en"), "word") == ["yo-en"]
    assert glosses(load("en", "yo"), "yo-en") == ["word"]


def test_a_relative_that_stands_in_is_said(
    toy: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    add(toy, monkeypatch, "en-aeb")
    with caplog.at_level(logging.WARNING):
        assert load("en", "arz").name == "toy/en-aeb"
    [said] = [one for one in caplog.messages if "checksum" not in one]  # the toy states none
    assert said.startswith("toy/en-aeb has no Egyptian Arabic (arz); its aeb, Tunisi")


def test_a_lexicon_bears_the_script_that_it_is_in(
    toy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(toy, monkeypatch, "en-bm")
    assert load("bm-Nkoo", "en").source_language == "bm"


def test_one_that_cannot_be_had_leaves_the_next(toy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add(toy, monkeypatch, "en-yo", "yo-en")
    (toy / "en-yo.tsv").unlink()
    assert load("en", "yo").name == "toy/yo-en"
    add(toy, monkeypatch, "en-ig")
    (toy / "en-ig.tsv").unlink()
    with pytest.raises(UnavailableError) as caught:
        load("en", "ig")
    assert str(caught.value).startswith(
        "no lexicon from English to Igbo: toy/en-ig.tsv (toy) could not be had: "
    )


def test_a_damaged_one_hides_behind_no_other(toy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add(toy, monkeypatch, "en-yo", "yo-en")
    load("en", "yo")
    from data.access import cache_folder

    (cache_folder() / "toy/en-yo.tsv").write_text("word\tother\n")
    with pytest.raises(UnavailableError, match=r"en-yo\.tsv: expected sha256"):
        load("en", "yo")


def test_no_lexicon_at_all() -> None:
    with pytest.raises(UnavailableError) as caught:
        load("yo", "sw")
    assert str(caught.value) == "no lexicon from Yoruba to Swahili: the catalog names none"


@pytest.mark.skipif(DICTD.exists(), reason=f"{DICTD} is installed, so the sample is not needed")
def test_the_sample_is_the_last_resort(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("KILOLINGUA_MIRROR", raising=False)
    with caplog.at_level(logging.WARNING):
        lexicon = load("en", "sw")
    assert (lexicon.name, len(lexicon)) == ("sample", 400)
    assert "pia" in glosses(lexicon, "also")
    assert "also" in glosses(load("sw", "en"), "pia")
    assert caplog.messages[0].startswith("the small lexicon of the sample is used: freedict/freed")
    with pytest.raises(UnavailableError, match="no lexicon from Welsh to English: freedict/freed"):
        load("cy", "en")


def test_a_data_set_by_name(toy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add(toy, monkeypatch, "en-yo")
    named = load_lexicon(resolve("yo"), resolve("en"), name="toy", access=Access(offline=True))
    assert (named.name, glosses(named, "en-yo")) == ("toy/en-yo", ["word"])
    with pytest.raises(UnavailableError) as caught:
        load_lexicon(resolve("en"), resolve("sw"), name="toy", access=Access(offline=True))
    assert str(caught.value) == "no lexicon from English to Swahili: toy names none"
    with pytest.raises(InputError, match="the sample is a lexicon of English and Swahili, not of"):
        load_lexicon(resolve("en"), resolve("yo"), name="sample")
    with pytest.raises(InputError, match=r"no lexicon of that name; give a file, sample, toy$"):
        load_lexicon(resolve("en"), resolve("yo"), name="gatitos")


def test_a_file_of_the_other_direction_is_turned_round(tmp_path: Path) -> None:
    path = tmp_path / "lexicon.tsv"
    path.write_text("sw\ten\nmbwa\tdog\n")
    turned = load_lexicon(resolve("en"), resolve("sw"), name=str(path))
    assert (turned.source_language, glosses(turned, "dog")) == ("en", ["mbwa"])
    with pytest.raises(InputError, match="expected a lexicon from English to Yoruba, found one"):
        load_lexicon(resolve("en"), resolve("yo"), name=str(path))


def test_freedict_in_this_direction_before_the_other(mirror: Path) -> None:
    assert load("sw", "en").name == "freedict/swh-eng"
    assert load("en", "sw").name == "freedict/eng-swh"
    assert "book" in glosses(load("sw", "en"), "kitabu")
    turned = load("en", "cy")
    assert turned.name == "freedict/cym-eng"
    assert (turned.source_language, turned.target_language) == ("en", "cy")
    assert "llyfr" in glosses(turned, "book")


def test_gatitos(mirror: Path) -> None:
    """The mirror's README: about 4,000 entries; en_arn line 3235 has one column."""
    mapudungun = load("en", "arn")
    assert mapudungun.name == "gatitos/en-arn"
    assert 4000 <= len(mapudungun) < 5000
    assert mapudungun.dropped["wrong number of columns"] == 1
    assert load("wo", "en").name == "gatitos/en-wo"


def test_scripts_of_gatitos(mirror: Path) -> None:
    assert load("en", "ms-Arab").target_language == "ms-Arab"
    assert load("crh", "en").source_language == "crh"


def test_what_is_left_out_of_a_users_file_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "lexicon.tsv"
    path.write_text("dog\tmbwa\ncat\tpa\ufffdka\nhouse\nbook\tkitabu\n", "utf-8")
    found = load_lexicon(
        resolve("en"), resolve("sw"), name=str(path), format="pairs", skip_bad=True
    )
    assert len(found) == 2
    reasons = "U+FFFD, where a letter was lost (1); wrong number of columns (1)"
    assert f"{path}: left out: {reasons}" in caplog.messages
