"""Word lists are one to one, and a swap of roles can be undone."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import InputError
from data.word_lists import gender_pairs, knows_no_gender, pair_words, pairs, word_lists, words
from data.word_lists.__main__ import main
from data.word_lists.swap import RoleSwap

HEADER = "female\tmale\ttag\tgroup\n"
SWAPS = {language: RoleSwap(gender_pairs(language)) for language in ("en", "sw", "tr")}
ENGLISH = SWAPS["en"]


def table(tmp_path: Path, *rows: str) -> Path:
    path = tmp_path / "mine.tsv"
    path.write_text(HEADER + "".join(f"{row}\n" for row in rows), "utf-8")
    return path


@pytest.mark.parametrize("name", word_lists())
def test_each_list_is_whole_and_says_who_made_it(name: str) -> None:
    about = word_lists()[name]
    found = pairs(name).rows if about.kind == "pairs" else words(name).words
    assert len(found) >= 16
    assert all((about.licence, about.author, about.checked, about.purpose))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "She told her brother that the book was hers.",
            "He told his sister that the book was his.",
        ),
        ("HER mother saw him; she's HIS ex-wife.", "HIS father saw her; he's HER ex-husband."),
        ("I saw her in his house.", "I saw him in her house."),
        ("Mother-in-law: his late, her own.", "Father-in-law: her late, his own."),
        ("The book is his.", "The book is hers."),
        ("He told her that she gave him a book.", "She told him that he gave her a book."),
        ("The heart of the theatre, sHe said, hero2", "The heart of the theatre, sHe said, hero2"),
        ("Mrs. Smith, ms 12 and Mr Doe", "Mister. Smith, ms 12 and Ms Doe"),
        ("Anna and Mark will mark it.", "Anna and Mark will mark it."),
    ],
)
def test_english_by_hand(text: str, expected: str) -> None:
    assert ENGLISH.swap(text).text == expected
    assert ENGLISH.swap(expected).text == text


def test_names_are_swapped_on_request_and_with_a_capital_only(tmp_path: Path) -> None:
    names = pairs(table(tmp_path, "anna\tmark\t-\tname"), "en")
    swap = RoleSwap(gender_pairs("en"), names=names).swap
    assert swap("Anna and Mark will mark it.").text == "Mark and Anna will mark it."


WORDS = {
    language: st.lists(
        st.sampled_from(
            sorted({w for pair in gender_pairs(language).rows for w in pair_words(pair)})
        ).flatmap(lambda w: st.sampled_from([w, w.capitalize(), w.upper(), w + "'s", "ex-" + w]))
        | st.sampled_from(
            ["gave", "a", "quickly", "İ", "ı", "home", ".", ",", '"', "her2", "ß", "-"]
        )
        | st.text(max_size=4),
        max_size=8,
    ).flatmap(lambda found: st.sampled_from([" ", "", "-", "'"]).map(lambda gap: gap.join(found)))
    for language in ("en", "sw", "tr")
}


@pytest.mark.parametrize("language", WORDS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_swapping_twice_gives_the_text_back(language: str, data: st.DataObject) -> None:
    text = data.draw(WORDS[language])
    swap = SWAPS[language].swap
    once = swap(text)
    assert swap(once.text).text == text
    assert len(swap(once.text).words) == len(once.words)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_whatever_the_tagger_says_a_swap_can_be_undone(data: st.DataObject) -> None:
    tags = st.sampled_from(["possessive", "object", "independent", "else"])
    answers = data.draw(st.lists(tags, min_size=9, max_size=9))
    swap = RoleSwap(gender_pairs("en"), tagger=lambda _, place: answers[place % 9]).swap
    text = data.draw(st.lists(st.sampled_from(["her", "his", "him", "hers", "it", "she"])))
    assert swap(swap(" ".join(text)).text).text == " ".join(text)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            ["she\the\t-\tpronoun", "woman\the\t-\tnoun"],
            r"mine.tsv:3: not one to one: \"he\" .* line 2",
        ),
        (["she\the\t-\tx", "woman\tshe\t-\tx"], r":3: \"she\" is in the column male .* line 2"),
        (["her\thim\tobject\tx", "her\this\tobject\tx"], r":3: not one to one: \"her\""),
        (
            ["mid-wife\tmale-nurse\t-\tx", "wife\thusband\t-\tx"],
            r":3: overlap: \"wife\" and \"mid-wife\"",
        ),
        (["kid sister\tbrother\t-\tx"], r":2: expected one word .* found \"kid sister\""),
        (["She\the\t-\tx"], r":2: expected one word .* lower case, found \"She\""),
        (["kid\tkid\t-\tx"], r":2: expected two words"),
        (["woman\t男人\t-\tx"], "has capitals and the other has none"),
        ([], "expected pairs, found none"),
        (["she\the\tpronoun"], "expected 4 columns"),
    ],
)
def test_a_table_that_is_not_one_to_one_is_refused(
    tmp_path: Path, rows: list[str], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        pairs(table(tmp_path, *rows), "en")


def test_pronouns_are_refused_where_they_know_no_gender(tmp_path: Path) -> None:
    path = table(tmp_path, "yeye\tyeyee\t-\tpronoun")
    with pytest.raises(
        InputError, match=r"mine.tsv:2: no pronouns are taken: the pronouns of Swahili"
    ):
        pairs(path, "sw")
    assert pairs(path, "en").rows
    assert [knows_no_gender(code) for code in ("swh_Latn", "tr", "en", "de")] == [
        True,
        True,
        False,
        False,
    ]
    for code in ("sw", "tr"):
        assert "pronoun" not in {pair.group for pair in gender_pairs(code).rows}


def test_a_role_without_a_tagger_is_refused(tmp_path: Path) -> None:
    path = table(tmp_path, "ihr\tihm\tobject\tx", "ihr\tsein\tpossessive\tx")
    with pytest.raises(InputError, match=r'"ihr" \(lines 2, 3\).* no tagger for German'):
        RoleSwap(pairs(path, "de"))


def test_turkish_letters() -> None:
    swap = RoleSwap(gender_pairs("tr")).swap
    assert (
        swap("PRENSES KRALİÇEYİ değil, Kadın KIZLAR").text
        == "PRENS KRALİÇEYİ değil, Erkek OĞLANLAR"
    )


def test_commands(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["list"]) == 0
    assert "no speaker checked it" in capsys.readouterr().out
    assert main(["show", "en-professions"]) == 0
    assert "firefighter" in capsys.readouterr().out
    path = table(tmp_path, "girl\tboy\t-\tnoun")
    assert main(["check", str(path), "--lang", "en"]) == 0
    text = tmp_path / "text.txt"
    text.write_text("Baba na mama.\n", "utf-8")
    assert main(["swap", str(text), "--lang", "sw"]) == 0
    printed = capsys.readouterr()
    assert printed.out.endswith("Mama na baba.\n")
    assert "nouns only" in printed.err
    for arguments, said in (
        (["show", "en-gendre"], "did you mean en-gender?"),
        (["check", str(path)], "name it with --lang"),
        (["swap", str(text), "--lang", "yo"], "no pairs of gendered words for Yoruba"),
    ):
        assert main(arguments) == 2
        assert said in capsys.readouterr().err
