"""The command line of morph.analyse, in-process, on a table of a user's own."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from data.unimorph import Triple, read_triples
from morph.analyse.__main__ import main
from tests.morph.toys import regular

TRIPLES = regular(90, 1)


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A table of the toy language, with a cache of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KILOLINGUA_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "table.tsv"
    rows = (f"{one.lemma}\t{one.form}\t{one.features}\n" for one in TRIPLES)
    path.write_text("lemma\tform\tfeatures\n" + "".join(rows))
    return str(path)


def rows(capsys: pytest.CaptureFixture[str]) -> list[list[str]]:
    return [line.split("\t") for line in capsys.readouterr().out.splitlines()]


def test_words(table: str, capsys: pytest.CaptureFixture[str]) -> None:
    known = TRIPLES[0].form or ""
    assert main(["--lang", "sw", "--table", table, "--top", "1", known, "alibibibi"]) == 0
    names, *found = rows(capsys)
    assert names == ["form", "lemma", "features", "by", "confidence"]
    assert found[0] == [known, TRIPLES[0].lemma, TRIPLES[0].features, "table", "1.000"]
    assert found[-1][:4] == ["alibibibi", "bibibi", "V;PST", "analogy"]
    assert 0.5 < float(found[-1][4]) <= 1


def test_a_text_becomes_a_table_that_readers_of_triples_take(
    table: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "Alibibibi na haalidodo.\nalibibibi 7\n"
    (tmp_path / "text.txt").write_text(text)
    out = tmp_path / "analyses.tsv"
    asked = ["--lang", "sw", "--table", table, "--top", "1", "--least", "0.3"]
    assert main([*asked, "--text", "text.txt", "--out", str(out)]) == 0
    found = list(read_triples(out))
    assert Triple("bibibi", "V;PST", "Alibibibi") in found
    assert Triple("dodo", "V;PST;NEG", "haalidodo") in found
    printed = out.read_text().splitlines()
    capsys.readouterr()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    assert main([*asked, "--text", "-"]) == 0
    assert ["\t".join(row) for row in rows(capsys)] == printed
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    assert main([*asked, "--text", "-", "--limit", "1"]) == 0
    assert ["\t".join(row) for row in rows(capsys)] == printed


def test_what_a_text_leaves_out_is_counted(
    table: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO("читал alibibibi".encode())))
    assert main(["--lang", "sw", "--table", table, "--text", "-"]) == 0
    assert "left out: 1 words in a script that the tables lack" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([], "expected words, or a text, found neither"),
        (["soma", "--text", "-"], "expected words, or a text, found both"),
        (["читал"], 'form "читал": expected the script of the data of Swahili (Latn), found Cyrl'),
        (["soma", "--columns", "lemma,form,features"], "--columns: expected --table beside it"),
        (["--text", "none.txt"], "none.txt: no such file"),
        (["soma", "--least", "2"], "--least"),
    ],
)
def test_one_line_says_what_is_wrong(
    table: str, given: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with_table = [] if "--columns" in given else ["--table", table]
    assert main(["--lang", "sw", *with_table, *given]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_tables_that_are_too_small_or_know_nothing_like_a_word(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def asked(text: str, *words: str) -> str:
        path = tmp_path / "small.tsv"
        path.write_text("lemma\tform\tfeatures\n" + text)
        assert main(["--lang", "sw", "--table", str(path), *words]) == 2
        error = capsys.readouterr().err
        assert error.count("\n") == 1
        return error

    three = "soma\talisoma\tV;PST\npika\talipika\tV;PST\nlala\talilala\tV;PST\n"
    assert "small.tsv: expected at least 12 forms of 4 lemmas to learn from, found 3 of 3" in asked(
        three, "alisema"
    )
    one = "".join(f"soma\t{prefix}soma\tV;{n}\n" for n, prefix in enumerate("abcdefghijklmn"))
    assert "found 14 of 1; only words of the table itself" in asked(one, "alisema")
    many = "".join(f"{a}{b}\tali{a}{b}\tV;PST\n" for a in ("so", "pi", "la") for b in "mtkbdg")
    assert 'form "xyz": expected a word that some form of the tables is like' in asked(many, "xyz")
    assert "no inflection data of" not in asked(many, "xyz")


def test_a_language_that_no_table_has(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--lang", "ee", "--offline", "mɔ"]) == 2
    assert "no inflection data of Ewe (ee)" in capsys.readouterr().err


def test_morphemes_of_words_and_of_a_text(
    table: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--lang", "sw", "--table", table, "--segment", "alibibibi"]) == 0
    assert rows(capsys) == [["form", "morphemes"], ["alibibibi", "ali|bibibi"]]
    (tmp_path / "text.txt").write_text("Alibibibi, alibibibi!\n")
    asked = ["--lang", "sw", "--table", table, "--segment", "--text", "text.txt"]
    assert main(asked) == 0
    assert rows(capsys) == [["form", "morphemes"], ["Alibibibi", "Ali|bibibi"]]
    assert main([*asked, "--least", "1"]) == 0
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "left out: 1 words whose analyses are less sure than asked for" in printed.err
