"""Tagged sentences: two columns, CoNLL, CoNLL-U, and the real files of the catalog.

pytest tests/data/test_tagged.py
"""

from __future__ import annotations

import subprocess
import unicodedata
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.access import Access
from data.errors import InputError
from data.labels import bio
from data.labels.conll import NO_TOKENS, read_blocks
from data.languages import resolve
from data.tagged import (
    BAD_ID,
    BAD_TAG,
    EMPTY_NODE,
    RANGE,
    TaggedSentence,
    load_tagged,
    read_conll,
    read_conllu,
    read_tagged,
    tagged_lines,
    with_valid_bio,
    write_tagged,
)
from data.tsv import EMPTY_CELL, MARK_INSIDE, NOT_NFC, WRONG_COLUMNS

WANGARI = "Wangari B-PER\nMaathai I-PER\nalizaliwa O\nNyeri B-LOC\n. O\n"
DIME = """# sent_id = 1
# text = Dime algo
1-2\tDime\t_\t_\t_\t_\t_\t_\t_\t_
1\tDi\tdecir\tVERB\t_\tMood=Imp\t0\troot\t_\t_
2\tme\tyo\tPRON\t_\t_\t1\tiobj\t_\t_
2.1\tque\tque\tSCONJ\t_\t_\t_\t_\t_\t_
3\talgo\talgo\tPRON\t_\t_\t1\tobj\t_\t_
"""


def file(folder: Path, text: str) -> Path:
    path = folder / "x.txt"
    path.write_bytes(text.encode())
    return path


def read(folder: Path, text: str) -> list[TaggedSentence]:
    return list(read_tagged(file(folder, text), dropped=Counter(), repairs=Counter()))


def test_two_columns(tmp_path: Path) -> None:
    first, second = read(tmp_path, f"{WANGARI}\n \n\n# SYM\n1\tNUM")
    assert first.tokens == ("Wangari", "Maathai", "alizaliwa", "Nyeri", ".")
    assert bio.spans(first.tags) == ((0, 2, "PER"), (3, 4, "LOC"))
    assert second == TaggedSentence("2", ("#", "1"), ("SYM", "NUM"))


def test_what_the_fields_files_hold(tmp_path: Path) -> None:
    repairs = Counter[str]()
    text = "\ufeffnje O\r\nn\u0303anda O\r\n\r\n-DOCSTART- O\r\n\r\nsa\ufeffa O\r\n"
    found = list(read_tagged(file(tmp_path, text), prefix="swa-", repairs=repairs))
    assert [(s.id, s.tokens) for s in found] == [("swa-1", ("nje", "ñanda")), ("swa-2", ("saa",))]
    assert repairs == {NOT_NFC: 1, MARK_INSIDE: 1}


@pytest.mark.parametrize(
    ("line", "reason", "message"),
    [
        ("Nyeri", WRONG_COLUMNS, 'expected 2 columns (token, tag), found 1 ("Nyeri"); fix'),
        (" O", WRONG_COLUMNS, 'expected 2 columns (token, tag), found 1 (" O"); fix'),
        ("New York B-LOC", WRONG_COLUMNS, 'found 3 ("New York B-LOC"); fix the line'),
    ],
)
def test_a_bad_line_costs_its_sentence(
    tmp_path: Path, line: str, reason: str, message: str
) -> None:
    path = file(tmp_path, f"{WANGARI}\nakaenda O\n{line}\n\nleo O\n")
    with pytest.raises(InputError) as refused:
        list(read_tagged(path))
    assert str(refused.value).startswith(f"{path}:8: ")
    assert message in str(refused.value)
    dropped = Counter[str]()
    kept = list(read_tagged(path, skip_bad=True, dropped=dropped))
    assert [sentence.id for sentence in kept] == ["1", "3"]
    assert dropped == {reason: 1}


def test_dropped_sentences_are_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert list(read_tagged(file(tmp_path, "Nyeri\n"), skip_bad=True)) == []
    assert caplog.messages == [f"{tmp_path}/x.txt: dropped: {WRONG_COLUMNS} (1)"]


def test_columns_that_the_caller_names(tmp_path: Path) -> None:
    path = file(tmp_path, "-DOCSTART- -X- O O\n\nNyeri NNP B-NP B-LOC\n")
    columns = ("token", "pos", "chunk", "ner")
    [found] = read_conll(path, columns, token="token", tag="ner")
    assert found == TaggedSentence("1", ("Nyeri",), ("B-LOC",))
    with pytest.raises(InputError, match='no column "upos" among token, pos, chunk, ner; name'):
        next(read_conll(path, columns, token="token", tag="upos"))


def test_tabs_and_comments_of_conll(tmp_path: Path) -> None:
    path = file(tmp_path, "# id = 7\n# x\nNew York\tB-LOC\n#\tO\n\n# only this\n\na\t \n")
    dropped = Counter[str]()
    columns = ("token", "tag")
    blocks = list(
        read_blocks(path, columns, comments=True, skip_bad=True, dropped=dropped, repairs=Counter())
    )
    assert [(b.number, b.line, b.comments) for b in blocks] == [(1, 1, ("id = 7", "x"))]
    assert [row.cells for row in blocks[0].rows] == [("New York", "B-LOC"), ("#", "O")]
    assert dropped == {NO_TOKENS: 1, EMPTY_CELL: 1}


def test_conllu_gives_the_words(tmp_path: Path) -> None:
    dropped = Counter[str]()
    [found] = read_conllu(file(tmp_path, DIME), dropped=dropped)
    assert found == TaggedSentence("1", ("Di", "me", "algo"), ("VERB", "PRON", "PRON"))
    assert dropped == {RANGE: 1, EMPTY_NODE: 1}


@pytest.mark.parametrize(
    ("old", "new", "reason", "message"),
    [
        ("\n3\t", "\n4\t", BAD_ID, ':7: expected the ID 3, found "4"; fix'),
        ("VERB", "VERBO", BAD_TAG, ':4: expected a UPOS tag, found "VERBO"; fix'),
        ("\tobj\t_\t_", "\tobj\t_", WRONG_COLUMNS, ":7: expected 10 columns (ID, FORM, "),
    ],
)
def test_conllu_that_is_wrong(
    tmp_path: Path, old: str, new: str, reason: str, message: str
) -> None:
    path = file(tmp_path, DIME.replace(old, new))
    with pytest.raises(InputError) as refused:
        list(read_conllu(path, dropped=Counter()))
    assert message in str(refused.value)
    dropped = Counter[str]()
    assert list(read_conllu(path, skip_bad=True, dropped=dropped)) == []
    assert dropped[reason] == 1


@pytest.mark.parametrize(
    "cell", ["New York", "", "a\tb", "a\nb", "a\r", "\ufeffa", "n\u0303", "\0"]
)
def test_what_cannot_be_written(tmp_path: Path, cell: str) -> None:
    for tokens, tags in (((cell,), ("O",)), (("a",), (cell,))):
        with pytest.raises(InputError, match=r"^sentence 7: expected tokens and tags of NFC text"):
            write_tagged(tmp_path / "out.txt", [TaggedSentence("7", tokens, tags)])
    assert not (tmp_path / "out.txt").exists()


@pytest.mark.parametrize("tokens", [(), ("-DOCSTART-",)])
def test_a_sentence_that_would_not_come_back(tokens: tuple[str, ...]) -> None:
    with pytest.raises(InputError, match=r"^sentence 7: expected tokens of a text, found "):
        tagged_lines(TaggedSentence("7", tokens, ("O",) * len(tokens)))


CELLS = st.text(st.characters(codec="utf-8"), min_size=1).map(
    lambda text: unicodedata.normalize("NFC", text)
)
WRITABLE = CELLS.filter(lambda text: not set(text) & set(" \t\n\r\0\ufeff\ufffd"))
SENTENCES = st.lists(st.lists(st.tuples(WRITABLE, WRITABLE), min_size=1))


@given(sentences=SENTENCES)
def test_what_is_written_comes_back(
    tmp_path_factory: pytest.TempPathFactory, sentences: list[list[tuple[str, str]]]
) -> None:
    path = tmp_path_factory.mktemp("round") / "x.txt"
    written = [
        TaggedSentence(str(number), *map(tuple, zip(*pairs, strict=True)))
        for number, pairs in enumerate(sentences, 1)
    ]
    write_tagged(path, written)
    assert list(read_tagged(path)) == written


def test_tags_that_are_not_bio_name_the_sentence() -> None:
    bad = TaggedSentence("12", ("Nyeri",), ("LOC",))
    with pytest.raises(InputError, match=r"^sentence 12: token 1: expected O, B-LABEL"):
        list(with_valid_bio([bad], Counter()))


def test_what_cannot_be_loaded() -> None:
    with pytest.raises(InputError, match=r"^ntrex-128 is a test-set, not tagged text$"):
        load_tagged("ntrex-128", resolve("sw"))
    with pytest.raises(InputError, match=r"^masakhaner2 has no Danish \(da\); it has: bam, bbj"):
        load_tagged("masakhaner2", resolve("da"))
    with pytest.raises(InputError) as refused:
        load_tagged("ewt", resolve("en"), "devtest")
    assert str(refused.value) == 'ewt has no split "devtest" in en; it has: dev, test, train'


def awk(program: str, path: Path) -> int:
    """Count with awk in paragraph mode: a record is a run of lines that are not blank."""
    done = subprocess.run(
        ["awk", "-v", "RS=", "-F", "\n", program, path], capture_output=True, text=True, check=True
    )
    return int(done.stdout)


@pytest.mark.parametrize(
    ("name", "language", "split", "place"),
    [
        ("masakhapos", "sw", "dev", "masakhapos/data/swa/dev.txt"),
        ("masakhaner2", "fon", "train", "masakhaner2/data/fon/train.txt"),
        ("ewt", "en", "test", "masakhapos/transfer_corpus/en_ewt/test.txt"),
    ],
)
def test_real_files_against_awk(
    mirror: Path, name: str, language: str, split: str, place: str
) -> None:
    corpus = load_tagged(name, resolve(language), split, access=Access(offline=True))
    assert len(corpus.sentences) == awk("END {print NR}", mirror / place)
    assert sum(len(s.tokens) for s in corpus.sentences) == awk(
        "{n += NF} END {print n}", mirror / place
    )
    assert (corpus.origin, corpus.dropped) == ("the mirror", Counter())


def test_real_files_with_faults(mirror: Path) -> None:
    # grep -c '^ O$' gives 2, in sentences of their own; 4 I- tags after O or another type.
    corpus = load_tagged("masakhaner2", resolve("xh"), "train", access=Access(offline=True))
    assert corpus.dropped == {WRONG_COLUMNS: 2}
    assert len(corpus.sentences) == 5718 - 2
    assert corpus.repairs[bio.REPAIRED] == 4
    assert all(bio.problem(sentence.tags) is None for sentence in corpus.sentences)


def test_letters_that_a_publisher_lost_come_back_where_that_is_asked_for(tmp_path: Path) -> None:
    lost = TaggedSentence("1", ("鈥\ufffd", "gida"), ("O", "O"))
    with pytest.raises(InputError, match="expected tokens and tags of NFC text"):
        write_tagged(tmp_path / "lost.txt", [lost])
    write_tagged(tmp_path / "lost.txt", [lost], keep_replacement=True)
    [found] = read_tagged(tmp_path / "lost.txt", keep_replacement=True)
    assert found.tokens == lost.tokens
