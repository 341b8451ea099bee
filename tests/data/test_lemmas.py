"""Candidates for a word: from tables turned round, then from headwords that look alike."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.access import Access
from data.errors import InputError
from data.inflections.columns import UNIMORPH_ORDER
from data.inflections.tables import TableFiles
from data.languages import resolve
from data.lexicon import Entry, Lexicon, gloss
from data.lexicon.lemmas import Analysis, Lemmatizer, _by_stem, lemmatizer_for
from data.load import load_lexicon


def lexicon(*pairs: str, source: str = "sw") -> Lexicon:
    split = (pair.partition("=") for pair in pairs)
    return Lexicon(tuple(Entry(left, right) for left, _, right in split), source, "en")


def table(folder: Path, content: str, name: str = "unimorph/swc") -> TableFiles:
    path = folder / "table"
    path.write_text(content)
    return TableFiles(name, resolve("sw"), None, (path,), "not stated", UNIMORPH_ORDER)


def candidates(lemmatizer: Lemmatizer, word: str) -> list[str]:
    return list(lemmatizer.lemmas(word))


def test_a_table_is_turned_round_and_goes_before_what_looks_alike(tmp_path: Path) -> None:
    rows = "enda\talikwenda\tV;PST;3;SG\nenda\tnenda\tV;IMP;2;SG\nona\taliona\tV;PST;3;SG\n"
    lemmatizer = Lemmatizer(lexicon("enda=go", "kwenda=going"), [table(tmp_path, rows)])
    assert candidates(lemmatizer, "Alikwenda") == ["enda"]  # a capital stops the stem rules only
    assert candidates(lemmatizer, "alikwenda") == ["enda", "kwenda"]
    assert lemmatizer.analyses("ALIKWENDA") == (Analysis("enda", "V;PST;3;SG"),)
    assert lemmatizer.analyses("aliona") == ()  # the lexicon has no ona
    assert lemmatizer.name == "unimorph/swc+stem"


def test_analyses_of_a_file_come_after_tables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `morph.analyse` writes them: two more columns, and names above."""
    path = tmp_path / "analyses.tsv"
    names = "form\tlemma\tfeatures\tby\tconfidence\n"
    rows = ["alienda\tona\tV;PST\tanalogy\t0.1\n", "alitupa\ttupa\tV;PST\tanalogy\t0.9\n"]
    path.write_text(names + "".join(rows))
    known = table(tmp_path, "enda\talienda\tV;PST;3;SG\n")
    monkeypatch.setattr("data.lexicon.lemmas.tables_of", lambda *_, **__: [known])
    entries = lexicon("enda=go", "ona=see", "tupa=throw")
    lemmatizer = lemmatizer_for(resolve("sw"), entries, lemmas=path)
    assert candidates(lemmatizer, "alienda") == ["enda", "ona"]
    assert candidates(lemmatizer, "alitupa") == ["tupa"]
    assert lemmatizer.name == "unimorph/swc+analyses.tsv+stem"
    path.write_text(names + "alitupa\ttupa\n")
    with pytest.raises(InputError, match=r"analyses\.tsv:2: expected 5 columns"):
        lemmatizer_for(resolve("sw"), entries, lemmas=path)


def test_a_lexicon_may_list_the_infinitive(tmp_path: Path) -> None:
    rows = "bal\tkobala\tV;NFIN\nbal\tbalaki\tV;PST\n"
    lemmatizer = Lemmatizer(lexicon("kobala=marry", source="ln"), [table(tmp_path, rows)])
    assert candidates(lemmatizer, "balaki") == ["kobala"]
    assert candidates(lemmatizer, "kobala") == []  # a headword is no form of itself


@pytest.mark.parametrize(
    ("word", "headwords", "expected"),
    [
        ("anasoma", ["soma"], ["soma"]),  # Swahili: reads, read
        ("vitabuni", ["kitabu"], []),  # a stem in the middle is not looked for
        ("watoto", ["toto", "mtoto"], ["toto", "mtoto"]),
        ("children's", ["child", "children"], ["children", "child"]),
        ("fachgen", ["bachgen"], ["bachgen"]),  # Welsh: boy, mutated
        ("hestar", ["hestur"], ["hestur"]),  # Faroese: horses, horse
        ("anaona", ["ona"], ["ona"]),  # 3 of 6 letters are half of the word
        ("tunaona", ["ona"], []),
        ("walivyonunua", ["nunua"], []),  # 5 of 12 letters are less than half
        ("Kenyans", ["kenya"], []),
    ],
)
def test_headwords_that_look_alike(word: str, headwords: list[str], expected: list[str]) -> None:
    lemmatizer = Lemmatizer(lexicon(*(f"{headword}=x" for headword in headwords)), [])
    assert candidates(lemmatizer, word) == expected


WORDS = st.text(alphabet="abo'ɓ ", min_size=1, max_size=9)


@given(st.lists(WORDS, max_size=8), WORDS)
def test_candidates_are_headwords_each_once_and_never_the_word(words: list[str], word: str) -> None:
    entries = lexicon(*(f"{headword}=x" for headword in words))
    found = candidates(Lemmatizer(entries, []), word)
    assert len(set(found)) == len(found)
    assert all(entries.lookup(candidate) for candidate in found)


def test_the_checksum_tells_tables_apart(tmp_path: Path) -> None:
    entries = lexicon("soma=read")
    first = Lemmatizer(entries, [table(tmp_path, "soma\talisoma\tV;PST\n")]).sha256
    other = Lemmatizer(entries, [table(tmp_path, "soma\takasoma\tV;PST\n")]).sha256
    assert len({first, other, Lemmatizer(entries, []).sha256}) == 3


def test_swahili_with_everything_at_hand(mirror: Path) -> None:
    entries = load_lexicon(resolve("sw"), resolve("en"), access=Access(offline=True))
    lemmatizer = lemmatizer_for(resolve("sw"), entries, access=Access(offline=True))
    assert lemmatizer.name == "sigmorphon2023/swa+unimorph/swc+stem"
    assert Analysis("soma", "V;FIN;IND;PST;3;SG;LGSPEC1") in lemmatizer.analyses("alisoma")
    plain = gloss("Mtoto alisoma kitabu.", entries)
    lemmatised = gloss("Mtoto alisoma kitabu.", entries, lemmas=lemmatizer.lemmas)
    assert (plain.replaced, lemmatised.replaced, lemmatised.tokens) == (2, 3, 3)
    assert lemmatised.text == "Child read book."


def test_what_leaves_least_over_comes_first() -> None:
    """Of headwords with one stem, the one of which the cut takes the fewest letters."""
    words = ["anasomea", "anasome", "anasom"]
    for order in (words, words[::-1]):
        found = _by_stem(order, lambda word, left_over: word[: len(word) - left_over])
        assert found["anasom"] == ("anasom", "anasome", "anasomea")
