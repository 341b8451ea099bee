"""Coverage of a text, counted by hand; a stream; `python -m data.lexicon` in this process."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.lexicon import gloss, ranked
from data.lexicon.__main__ import main
from data.lexicon.coverage import Share, coverage
from data.lexicon.files import read_lexicon
from data.lexicon.reading import Entry

LEXICON = ranked(
    [Entry(word, "x") for word in ("a lot of", "cow", "look", "look after", "the", "child")],
    "en",
    "sw",
    "toy",
)
BASES = {"cows": ["cow"], "looked": ["looke", "look"], "mice": ["mouse"]}
TEXT = [
    "The child looked after a lot of cows.",
    "",
    "Look after the cows, a cow and 2 mice!",
    "THE COWS",
]


def bases(word: str) -> list[str]:
    return BASES.get(word.lower(), [])


def test_by_hand() -> None:
    """Known by token: The child [a lot of] | [Look after] the | cow | THE: 2+3+2+1+1+1 = 10 of 18.

    By lemma also looked, cows, cows, COWS. Types: the child looked after a lot of cows look cow and
    mice, 12, of which known the child after a lot of look cow.
    """
    found = coverage(TEXT, LEXICON, lemmas=bases)
    assert found.lines == 4
    assert found.tokens == Share(18, 10, 14)
    assert found.types == Share(12, 8, 10)
    assert (found.in_phrases, found.all_types) == (5, True)
    assert found.missing == (("a", 1), ("after", 1), ("and", 1), ("mice", 1))
    assert found.tokens.percent() == pytest.approx(55.56, abs=0.005)


def test_before_lemmatisation() -> None:
    found = coverage(TEXT, LEXICON, most_missing=2)
    assert found.tokens == Share(18, 10, None)
    assert found.tokens.percent(lemmatised=True) is None
    assert found.missing == (("cows", 3), ("a", 1))
    assert Share(0, 0, None).percent() is None


def test_types_are_bounded_and_tokens_are_not() -> None:
    found = coverage(TEXT, LEXICON, lemmas=bases, most_types=3)
    assert found.types == Share(3, 2, 3)  # the child looked
    assert found.tokens == Share(18, 10, 14)
    assert not found.all_types
    assert found.missing == ()


WORDS = st.sampled_from(["a", "lot", "of", "look", "after", "cow", "cows", "mice", "the,", "x."])


@given(lines=st.lists(st.lists(WORDS, max_size=8).map(" ".join), max_size=4))
def test_what_is_covered_is_what_gloss_replaces(lines: list[str]) -> None:
    for lemmas in (None, bases):
        glosses = [gloss(line, LEXICON, lemmas=lemmas) for line in lines]
        found = coverage(lines, LEXICON, lemmas=lemmas).tokens
        known = found.exact if lemmas is None else found.with_lemmas
        assert (known, found.total) == (
            sum(g.replaced for g in glosses),
            sum(g.tokens for g in glosses),
        )


def test_memory_does_not_grow_with_the_text() -> None:
    def lines(number: int) -> Iterator[str]:
        yield from (
            f"the cow {chr(97 + i % 26)}{chr(97 + i // 26 % 26)} looked" for i in range(number)
        )

    peaks = []
    for number in (1_000, 8_000):
        tracemalloc.start()
        coverage(lines(number), LEXICON, lemmas=bases, most_types=200)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 50_000


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    lexicon, pairs, text = tmp_path / "lex.tsv", tmp_path / "pairs.tsv", tmp_path / "text.txt.gz"
    lexicon.write_text("en\tsw\tpos\ncow\tng’ombe\tNOUN\nlook after\ttunza\tVERB\nTV\tTV\t\n")
    pairs.write_text("en\tsw\nI look after the cow.\tNamtunza ng'ombe. Ng'ombe!\n")
    text.write_bytes(gzip.compress(b"Ng'ombe tunza\nmbwa\n"))
    names = {"lexicon": lexicon, "pairs": pairs, "text": text, "out": tmp_path / "out.tsv"}
    return {name: str(path) for name, path in names.items()}


def run(*arguments: str) -> int:
    return main([arguments[0], "--lang", "sw", "--offline", *arguments[1:]])


def test_coverage_of_both_sides(files: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    options = ("coverage", "--lexicon", files["lexicon"], "--corpus", files["pairs"])
    assert run(*options) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"lex.tsv on {files['pairs']}, Swahili: 1 lines",
        "               all     known      %",
        "tokens           3         2   66.7",
        "types            2         1   50.0",
        "tokens in phrases of several words: 0",
        "most wanted: namtunza 1",
    ]
    assert run(*options, "--side", "source", "--format", "tsv") == 0
    rows = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert rows[1][1:] == [f"{files['pairs']}, English", "tokens", "5", "3", "60.00", "", ""]


def test_coverage_of_plain_text_as_json(
    files: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("coverage", "--lexicon", files["lexicon"], "--corpus", files["text"])
    assert run(*options, "--format", "json", "--limit", "1") == 0
    figures = json.loads(capsys.readouterr().out)
    assert (figures["lines"], figures["tokens"]["percent"], figures["missing"]) == (1, 100.0, [])


def test_convert_and_show(files: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    two = ("--lexicon", files["lexicon"], "--lexicon", "sample")
    assert run("convert", *two, "--no-copies", "--pos", "NOUN", "--out", files["out"]) == 0
    assert "1 target equals source" in capsys.readouterr().out
    written = read_lexicon(Path(files["out"]), "en", "sw")
    assert written.lookup("cow")[0].origin == "lex.tsv"
    assert {entry.pos for entry in written.entries} == {"NOUN"}
    assert run("show", "--lexicon", files["lexicon"], "Cow", "horse") == 0
    assert capsys.readouterr().out == "Cow\tng’ombe\tNOUN\t-\nhorse\t-\n"
    assert run("show", "--lexicon", files["lexicon"], "--inverted", "--max-words", "1") == 0
    assert "2 of 2 headwords" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("coverage",), "the following arguments are required: --corpus"),
        (("show", "--lexicon", "absent.tsv"), "absent.tsv: no such file, and no lexicon of that"),
        (("show", "--lexicon", "ntrex-128"), "ntrex-128 is a test-set, not a lexicon"),
        (("show", "--lexicn", "x"), "(did you mean --lexicon?)"),
        (("show", "--pos", "noun", "--lexicon", "sample"), "expected Universal POS tags, found"),
        (("coverage", "--corpus", "absent.txt", "--lexicon", "sample"), "absent.txt: no such file"),
    ],
)
def test_mistakes_are_one_line(
    arguments: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*arguments) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_a_language_must_be_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show"]) == 2
    assert "expected a language, found none; give --lang" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "lines"),
    [
        (("--lang", "wo", "--lexicon", "gatitos", "--corpus", "ntrex-128"), 1997),
        (("--lang", "bm", "--lexicon", "gatitos", "--corpus", "masakhapos"), 619),
        (("--lang", "sw", "--corpus", "lafand", "--split", "test", "--side", "source"), 1835),
        (("--lang", "bm", "--corpus", "ntrex-128", "--side", "source"), 1997),
    ],
)
def test_real_corpora(
    mirror: Path, arguments: tuple[str, ...], lines: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """As many lines as `wc -l` counts, of masakhapos as many sentences as its publishers do."""
    assert main(["coverage", *arguments, "--offline", "--format", "json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["lines"] == lines
    assert 20 < figures["tokens"]["percent"] < 80


def test_words_are_looked_up_by_their_base_forms(
    files: dict[str, str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """There is no entry for "cows", but one for what it looks like."""
    monkeypatch.delenv("KILOLINGUA_MIRROR", raising=False)
    pairs = tmp_path / "forms.tsv"
    pairs.write_text("en\tsw\nThe cows.\tNg'ombe.\n", "utf-8")
    options = ("coverage", "--lexicon", files["lexicon"], "--corpus", str(pairs))
    assert run(*options, "--side", "source") == 0
    title, _, tokens, *_ = capsys.readouterr().out.splitlines()
    assert title.endswith(", English: 1 lines")
    assert tokens.split() == ["tokens", "2", "0", "0.0"]
    assert run(*options, "--side", "source", "--lemmatise") == 0
    title, _, tokens, *_ = capsys.readouterr().out.splitlines()
    assert title.endswith(", English, lemmas by stem: 1 lines")
    assert tokens.split() == ["tokens", "2", "0", "0.0", "1", "50.0"]
    assert run(*options, "--lemmas", str(pairs)) == 2
    assert "--lemmas: expected --lemmatise beside it" in capsys.readouterr().err
