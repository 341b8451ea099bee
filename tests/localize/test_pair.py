"""Documents and their translations paired: by structure, lengths, and what both sides share."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from data.parallel import read_tmx
from localize.alignment import align, increasing, text_trait, traits_of
from localize.documents import read_document
from localize.documents.markdown import read
from localize.documents.plain import read as plain
from localize.pair import Paired, main, pair_documents, sentences_of
from localize.texts import fingerprint
from localize.vectors import Side

EN = """# Oaks
:label:`sec_oaks`

An oak is a tree of $h$ metres. It lives for five hundred years.

It has leaves, see :numref:`fig_leaf`, which fall in autumn.

* Acorns are its fruit.
* Squirrels eat them.

## Summary

Oaks are old.
"""
DE = """# Eichen
:label:`sec_oaks`

Eine Eiche ist ein $h$ Meter hoher Baum. Sie lebt fünfhundert Jahre.

Eine Anmerkung, die der Übersetzer hinzugefügt hat.

Sie hat Blätter, siehe :numref:`fig_leaf`, die im Herbst fallen.

* Eicheln sind ihre Frucht.
* Eichhörnchen fressen sie.

## Zusammenfassung

Eichen sind alt.
"""


def lines(source: str, target: str) -> list[tuple[int, int]]:
    pairs, _ = pair_documents(read(source), read(target))
    return [(pair.source_line, pair.target_line) for pair in pairs]


def test_what_a_translator_put_in_has_no_partner() -> None:
    assert lines(EN, DE) == [(1, 1), (4, 4), (6, 8), (8, 10), (9, 11), (11, 13), (13, 15)]
    assert lines(DE, EN) == [(b, a) for a, b in lines(EN, DE)]
    _, alone = pair_documents(read(EN), read(DE))
    assert alone == (0, 1)


def test_a_heading_that_is_missing_shifts_nothing() -> None:
    without = DE.replace("## Zusammenfassung\n\n", "").replace(
        "Eine Anmerkung, die der Übersetzer hinzugefügt hat.\n\n", ""
    )
    assert lines(EN, without) == [(1, 1), (4, 4), (6, 6), (8, 8), (9, 9), (13, 11)]


def test_two_paragraphs_that_became_one() -> None:
    note = "\n\nEine Anmerkung, die der Übersetzer hinzugefügt hat.\n\n"
    joined = DE.replace(note, " ")
    pairs, alone = pair_documents(read(EN), read(joined))
    assert [(p.source_line, p.target_line) for p in pairs][:3] == [(1, 1), (4, 4), (8, 6)]
    assert pairs[1].source.endswith("which fall in autumn.")
    assert alone == (0, 0)


def test_labels_cut_long_documents(tmp_path: Path) -> None:
    parts = [
        f"## Part {n}\n:label:`sec_{n}`\n\n" + "\n\n".join(f"Text {n} {k}." for k in range(n % 7))
        for n in range(200)
    ]
    source = read("\n\n".join(parts))
    other = read("\n\n".join([*parts[:50], "Put in.\n\n" * 40, *parts[50:]]))
    beads = align(traits_of(source), traits_of(other))
    pairs = [(b.source, b.target) for b in beads if b.source and b.target]
    assert len(pairs) == len(source.segments)
    for (here,), (there,) in pairs:
        assert source.segments[here].text == other.segments[there].text


def test_every_segment_is_in_one_bead() -> None:
    one = [text_trait(f"word {n} " * (n % 5 + 1)) for n in range(40)]
    other = [text_trait(f"mot {n} " * (n % 3 + 1)) for n in range(25)]
    beads = align(one, other)
    assert [p for bead in beads for p in bead.source] == list(range(40))
    assert [p for bead in beads for p in bead.target] == list(range(25))
    assert align([], []) == []
    assert [bead.target for bead in align([], other[:2])] == [(0,), (1,)]
    assert increasing([]) == []


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    for name, text in (("en", EN), ("de", DE)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.md").write_text(text, "utf-8")
    (tmp_path / "en" / "b.md").write_text("# Only here\n", "utf-8")
    return tmp_path


def run(folders: Path, out: str, *more: str) -> int:
    words = [str(folders / "en"), str(folders / "de"), "--lang", "de", "--out", str(folders / out)]
    return main([*words, *more])


def test_the_table_and_the_page(folders: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(folders, "pairs.tsv", "--page", str(folders / "pairs.html")) == 0
    told = capsys.readouterr()
    assert "7 pairs" in told.out
    assert "1 of the translations have no partner" in told.out
    assert "b.md: no translation" in told.err
    with open(folders / "pairs.tsv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    assert rows[2]["source"] == "It has leaves, see :numref:`fig_leaf`, which fall in autumn."
    assert all(0 <= float(row["score"]) <= 1 for row in rows)
    page = (folders / "pairs.html").read_text("utf-8")
    assert page.count("<tr>") == 8
    assert "Sie hat Blätter" in page


def test_sentences_as_a_translation_memory(folders: Path) -> None:
    assert run(folders, "pairs.tmx", "--unit", "sentence") == 0
    pairs = list(read_tmx(folders / "pairs.tmx", "en", "de"))
    assert len(pairs) == 8
    assert pairs[2].source == "It lives for five hundred years."
    assert pairs[2].target == "Sie lebt fünfhundert Jahre."


def test_parallel_data_has_a_column_a_language(folders: Path) -> None:
    assert run(folders, "pairs.csv", "--least", "0.5") == 0
    with open(folders / "pairs.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[:2] == [["en", "de"], ["Oaks", "Eichen"]]


def test_sources_beside_translations(folders: Path) -> None:
    (folders / "book").mkdir()
    (folders / "book" / "a_origin.md").write_text(EN, "utf-8")
    (folders / "book" / "a.md").write_text(DE, "utf-8")
    book = str(folders / "book")
    words = [
        book,
        book,
        "--source-suffix",
        "_origin",
        "--lang",
        "de",
        "--out",
        str(folders / "p.tsv"),
    ]
    assert main(words) == 0
    assert (folders / "p.tsv").read_text("utf-8").count("\na.md\t") == 7


def test_mistakes_are_told(folders: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(folders, "pairs.docx") == 2
    assert "expected a name in .tsv, .csv, .tmx" in capsys.readouterr().err
    words = [str(folders / "en"), str(folders / "nowhere"), "--lang", "de", "--out", "x.tsv"]
    assert main(words) == 2
    assert "no translation of a.md or any other document" in capsys.readouterr().err


CHECKED = Path(__file__).with_name("pairs_checked.tsv")


def checked() -> list[list[str]]:
    """Pairs that a person has read on both sides: the set, the document, two lines."""
    return [line.split("\t") for line in CHECKED.read_text("utf-8").splitlines()[1:]]


def sides(mirror: Path, name: str, document: str) -> tuple[Path, Path]:
    """The English section and its translation."""
    path = mirror / name / ("zh" if name == "d2l" else "") / document
    source = path.with_stem(f"{path.stem}_origin")
    return (mirror / name / "en" / document if name == "d2l" else source), path


@pytest.mark.real
@pytest.mark.parametrize("name", ["d2l", "d2l_tr", "d2l_vi"])
def test_sentences_that_were_checked_by_hand(name: str, mirror: Path) -> None:
    facts = CHECKED.with_name("sentences_checked.tsv").read_text("utf-8").splitlines()[1:]
    rows = [line.split("\t")[1:] for line in facts if line.startswith(f"{name}\t")]
    assert len(rows) == 70
    found = set[tuple[str, str]]()
    for document in dict.fromkeys(row[0] for row in rows):
        pairs, _ = pair_documents(*map(read_document, sides(mirror, name, document)))
        wanted = {row[1] for row in rows if row[0] == document}
        for one in (pair for pair in pairs if str(pair.source_line) in wanted):
            code = {"d2l": "zh", "d2l_tr": "tr", "d2l_vi": "vi"}[name]
            for told in sentences_of(one, ("en", code)):
                found.add((fingerprint(told.source), fingerprint(told.target)))
    right = sum((row[3], row[4]) in found for row in rows if row[5] == "right")
    assert right >= 0.92 * len(rows)


@pytest.mark.parametrize("name", ["d2l", "d2l_tr", "d2l_vi"])
def test_pairs_that_were_checked_by_hand(name: str, mirror: Path) -> None:
    rows = [row[1:] for row in checked() if row[0] == name]
    assert len(rows) == 200
    right = 0
    for document in dict.fromkeys(row[0] for row in rows):
        pairs, _ = pair_documents(*map(read_document, sides(mirror, name, document)))
        found = {(str(pair.source_line), str(pair.target_line)) for pair in pairs}
        right += sum((row[1], row[2]) in found for row in rows if row[0] == document)
    assert right >= 0.95 * len(rows), f"{right} of {len(rows)}"


POEM = ("The sun is up.", "A dog has barked.", "Rain will fall.", "We sing a song.", "It is night.")
LIED = (
    "Jua limechomoza.",
    "Mbwa amebweka.",
    "Mvua itanyesha.",
    "Tunaimba wimbo.",
    "Sasa ni usiku.",
)


def vectors_of(texts: Sequence[str]) -> NDArray[np.float32]:
    """An axis a meaning, beside one that all texts of a language have in common."""
    made = np.zeros((len(texts), len(POEM) + 2), np.float32)
    for row, text in zip(made, texts, strict=True):
        for side, poem in enumerate((POEM, LIED)):
            for place, line in enumerate(poem):
                if line in text:
                    row[place], row[len(POEM) + side] = 0.5, 0.8
    return made / np.maximum(np.linalg.norm(made, axis=1, keepdims=True), 1e-9)


def test_vectors_tell_texts_that_share_nothing_apart() -> None:
    documents = plain("\n\n".join(POEM)), plain("\n\n".join((LIED[0], *LIED[2:])))
    sides = Side.of(vectors_of, documents[0]), Side.of(vectors_of, documents[1])
    pairs, alone = pair_documents(*documents, sides=sides)
    assert [(p.source, p.target) for p in pairs] == [(POEM[n], LIED[n]) for n in (0, 2, 3, 4)]
    assert alone == (1, 0)


def test_vectors_of_sentences_have_the_means_of_their_documents() -> None:
    documents = plain("\n\n".join(POEM)), plain("\n\n".join(LIED))
    sides = Side.of(vectors_of, documents[0]), Side.of(vectors_of, documents[1])
    whole = Paired("", 0, 0, 1.0, " ".join(POEM[1:4]), " ".join((*LIED[1:3], LIED[3])))
    found = list(sentences_of(whole, ("en", "sw"), vectors=sides))
    assert [(p.source, p.target) for p in found] == list(zip(POEM[1:4], LIED[1:4], strict=True))


def test_a_document_without_texts_has_vectors_too() -> None:
    empty = plain("")
    sides = Side.of(vectors_of, empty), Side.of(vectors_of, empty)
    assert pair_documents(empty, empty, sides=sides) == ([], (0, 0))


@pytest.mark.real
def test_an_encoder_pairs_plain_text(tmp_path: Path) -> None:
    for name, lines_ in (("en", POEM), ("sw", (*LIED[:2], *LIED[3:]))):
        (tmp_path / f"{name}.txt").write_text("\n\n".join(lines_), "utf-8")
    out = tmp_path / "pairs.tsv"
    command = [str(tmp_path / "en.txt"), str(tmp_path / "sw.txt"), "--lang", "sw"]
    assert main([*command, "--embedder", "multilingual-e5-small", "--out", str(out)]) == 0
    rows = list(csv.reader(out.open(encoding="utf-8"), delimiter="\t"))[1:]
    assert (POEM[3], LIED[3]) in {(row[4], row[5]) for row in rows}
    assert not any(POEM[2] == row[4] for row in rows)


def test_an_encoder_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "en.txt").write_text("A dog barks.\n", "utf-8")
    command = [str(tmp_path / "en.txt"), str(tmp_path / "en.txt"), "--lang", "sw"]
    command += ["--embedder", "none-such", "--out", str(tmp_path / "pairs.tsv")]
    assert main(command) == 2
    assert '--embedder "none-such"' in capsys.readouterr().err
    assert not (tmp_path / "pairs.tsv").exists()
