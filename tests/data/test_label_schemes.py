"""Schemes of labels: told from evidence, read as BIO, refused with line and tag where nobody knows.

pytest tests/data/test_label_schemes.py
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import InputError
from data.labels.bio import REPAIRED, Span, tags_of
from data.labels.schemes import BAD_TAG, Labels, read_labelled, tell, to_bio
from data.lines import REPLACEMENT_INSIDE
from data.tsv import WRONG_COLUMNS

# Five names: one token, two, three, and two of one kind side by side.
SAME = {
    scheme: text.split()
    for scheme, text in {
        "bio": "B-LOC O B-PER I-PER O B-ORG I-ORG I-ORG O B-PER B-PER",
        "iob1": "I-LOC O I-PER I-PER O I-ORG I-ORG I-ORG O I-PER B-PER",
        "bioes": "S-LOC O B-PER E-PER O B-ORG I-ORG E-ORG O S-PER S-PER",
        "bmes": "S-LOC O B-PER E-PER O B-ORG M-ORG E-ORG O S-PER S-PER",
        "bilou": "U-LOC O B-PER L-PER O B-ORG I-ORG L-ORG O U-PER U-PER",
    }.items()
}


def labels(*sentences: list[str]) -> list[Labels]:
    """Sentences one after the other, a blank line between."""
    found, line = [], 1
    for tags in sentences:
        found.append(Labels(range(line, line + len(tags)), tags))
        line += len(tags) + 1
    return found


def written(folder: Path, tags: list[str]) -> Path:
    path = folder / "ner.txt"
    path.write_text("".join(f"neno {tag}\n" if tag else "\n" for tag in tags), "utf-8")
    return path


@pytest.mark.parametrize("scheme", SAME)
def test_each_scheme_is_told_and_means_the_same(scheme: str) -> None:
    assert tell(labels(SAME[scheme]), "x").scheme == scheme
    assert list(to_bio(SAME[scheme], scheme).tags) == SAME["bio"]


SPANS = st.lists(st.tuples(st.integers(1, 4), st.sampled_from("AB"), st.booleans()), max_size=8)


@given(spans=SPANS)
def test_names_come_back_from_every_scheme(spans: list[tuple[int, str, bool]]) -> None:
    """Spans with or without a gap before them, written in BIOES, BMES and BILOU by hand."""
    tags, found = list[str](), list[Span]()
    for length, label, gap in spans:
        tags += ["O"] * gap
        found.append(Span(len(tags), len(tags) + length, label))
        inside = ["B", *"I" * (length - 2), "E"] if length > 1 else ["S"]
        tags += [f"{letter}-{label}" for letter in inside]
    expected = tags_of(found, len(tags))
    for scheme, letters in {"bioes": "BIES", "bmes": "BMES", "bilou": "BILU"}.items():
        swapped = str.maketrans("BIES", letters)
        there = [tag[:1].translate(swapped) + tag[1:] if tag != "O" else tag for tag in tags]
        assert to_bio(there, scheme).tags == expected


@pytest.mark.parametrize(
    ("tags", "bad"),
    [
        (["B-PER", "I-PER", *["O"] * 7], "Doctors'I-ORG"),  # glued together
        *((["O", "B-LOC"] * 10, bad) for bad in ("S-LOC", "LOC", "b-loc", "B_LOC", "B-")),
        *((["NOUN", "VERB"] * 10, bad) for bad in ("NUON", "B-PER", "O")),
        (["O", "S-LOC"] * 10, "L-LOC"),
    ],
)
def test_one_bad_line_is_a_bad_line(tmp_path: Path, tags: list[str], bad: str) -> None:
    path = written(tmp_path, [*tags, "", bad])
    with pytest.raises(InputError) as refused:
        read_labelled(path)
    assert str(refused.value).startswith(f"{path}:{len(tags) + 2}: expected ")
    assert str(refused.value).endswith(f", found {bad}; fix the line")
    assert refused.value.option == "--skip-bad"
    dropped = Counter[str]()
    kept = read_labelled(path, skip_bad=True, dropped=dropped, repairs=Counter())
    assert (len(kept.sentences), dropped) == (1, {BAD_TAG: 1})
    assert kept.told.task == ("pos" if "NOUN" in tags else "bio")


@pytest.mark.parametrize(
    ("tags", "line", "found"),
    [
        (["O", "LOC", "O", "DATE"], 2, "LOC"),  # no B- and no I-
        (["O", "B-LOC", "NOUN", "VERB", "O"], 3, "NOUN"),
        (["B-LOC", "O", "B-PER", "O", "S-LOC"], 5, "S-LOC"),
        (["NOUN", "B-LOC", "VERB"], 2, "B-LOC"),
        (["S-LOC", "O", "U-LOC", "O"], 1, "S-LOC"),
    ],
)
def test_thin_evidence_is_refused_and_the_option_named(
    tmp_path: Path, tags: list[str], line: int, found: str
) -> None:
    path = written(tmp_path, tags)
    for skip_bad in (False, True):
        with pytest.raises(InputError) as refused:
            read_labelled(path, skip_bad=skip_bad)
        assert str(refused.value).startswith(f"{path}:{line}: expected ")
        assert f"found {found} among others" in str(refused.value)
        assert refused.value.option == "--scheme"


@pytest.mark.parametrize(
    ("tags", "scheme", "evidence"),
    [
        (["NN", "VBZ", "-LRB-"], "pos", "none of 3 tags is O or begins with B- or I-"),
        (["S-NOM", "V-FIN", "E-DET", "N"], "pos", "none of 4 tags is O or begins with B- or I-"),
        (["NOUN", "VERB"], "pos", "2 of 2 tags are Universal POS"),
        (["O", "O"], "bio", "2 of 2 tags are O"),
        (["O", "U-LOC"], "bilou", "1 of 1 names end in L- or U-"),
        (["O", "I-LOC", "O", "I-LOC"], "iob1", "2 of 2 names begin with I-"),
        (["I-LOC", "E-LOC", "E-LOC", "O"], "bioes", "2 of 2 names end in E- or S-"),  # IOE2
    ],
)
def test_what_tells_is_said(tmp_path: Path, tags: list[str], scheme: str, evidence: str) -> None:
    path = written(tmp_path, tags)
    found = read_labelled(path, repairs=Counter())
    made = "" if scheme in ("pos", "bio") else ", made BIO"
    assert found.told.sentence(str(path)) == f"{path}: labels read as {scheme}: {evidence}{made}"
    assert found.told.task == ("pos" if scheme == "pos" else "bio")


def test_what_is_converted_and_what_is_repaired_is_counted(tmp_path: Path) -> None:
    repairs = Counter[str]()
    path = written(tmp_path, ["S-LOC", "O", "I-PER", "E-PER", "O", "B-ORG", "E-ORG"])
    [found] = read_labelled(path, repairs=repairs).sentences
    assert found.tags == ("B-LOC", "O", "B-PER", "I-PER", "O", "B-ORG", "I-ORG")
    # Three E- and S-; the I-PER behind O begins a name although BIOES has B- there.
    assert repairs == {"tag of BIOES, made BIO": 4, REPAIRED: 1}


def test_what_the_user_says_stands_unless_it_cannot_be(tmp_path: Path) -> None:
    path = written(tmp_path, ["O", "LOC"])
    assert read_labelled(path, scheme="pos").sentences[0].tags == ("O", "LOC")
    with pytest.raises(InputError, match=r":2: expected O, B-LABEL or I-LABEL, found LOC; fix"):
        read_labelled(path, scheme="bio")
    with pytest.raises(InputError, match=r":1: expected a part of speech, as --scheme pos says, f"):
        read_labelled(written(tmp_path, ["B-LOC", "O"]), scheme="pos")
    with pytest.raises(InputError, match=r":1: expected O, B-LABEL or I-LABEL, found NOUN; fix"):
        read_labelled(written(tmp_path, ["NOUN"]), scheme="bio")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"# text = x\n1\tThe\tthe\tDET\n", WRONG_COLUMNS),
        (b"-DOCSTART- -X- -X- O\n\nAmani NNP I-NP B-PER\n", WRONG_COLUMNS),
        (b"The O\ndog\t\n", WRONG_COLUMNS),
        (b"Amani\xef\xbf\xbd B-PER\n", REPLACEMENT_INSIDE),
    ],
)
def test_a_file_of_bad_lines_is_not_empty(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "ner.txt"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"ner\.txt:[123]: expected "):
        read_labelled(path)
    with pytest.raises(InputError) as refused:
        read_labelled(path, skip_bad=True, dropped=Counter())
    assert f"expected labelled sentences, found none but: {reason} (1); " in str(refused.value)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "found none in an empty file"),
        (b"\n \n", "found only blank lines and marks"),
        (b"-DOCSTART- O\n\n", "found only blank lines and marks"),
    ],
)
def test_an_empty_file_is(tmp_path: Path, content: bytes, found: str) -> None:
    path = tmp_path / "ner.txt"
    path.write_bytes(content)
    with pytest.raises(InputError, match=found):
        read_labelled(path)


@pytest.mark.parametrize(
    "tags",
    [
        ["b-per", "i-per", "o", "o"],
        ["PER-b", "PER-i", "o", "o"],
        ["B_PER", "I_PER", "-", "-"],
        ["(PERSON*", "*)", "*", "(ORG)"],
    ],
)
def test_names_in_other_spellings_are_no_parts_of_speech(tmp_path: Path, tags: list[str]) -> None:
    path = written(tmp_path, tags)
    with pytest.raises(InputError, match=r"txt:1: expected names as O, B-LABEL and I-LABEL"):
        read_labelled(path)


def test_numbers_for_tags_are_refused_until_somebody_says_what_they_are(tmp_path: Path) -> None:
    path = written(tmp_path, ["1", "2", "0", "0"])
    with pytest.raises(InputError, match=r"txt:1: expected Universal POS tags, or O") as refused:
        read_labelled(path)
    assert refused.value.option == "--scheme"
    assert read_labelled(path, scheme="pos").told.scheme == "pos"


def test_parts_of_speech_of_any_tagset_are(tmp_path: Path) -> None:
    for tags in (["DT", "NN", "VBZ", "."], ["S-NOM", "S-GEN", "-"], ["n-sg", "v-pl", "_"]):
        assert read_labelled(written(tmp_path, tags)).told.scheme == "pos"


@pytest.mark.parametrize("first", ["B-PER neno\nO na\n", "NOUN neno\nCCONJ na\n"])
def test_tags_in_the_first_column_are_seen(tmp_path: Path, first: str) -> None:
    path = tmp_path / "ner.txt"
    path.write_text(first, "utf-8")
    with pytest.raises(
        InputError, match=r"ner\.txt:1: expected a token and its tag, found them the"
    ):
        read_labelled(path)


def test_a_mark_between_documents_needs_no_blank_line(tmp_path: Path) -> None:
    path = tmp_path / "ner.txt"
    path.write_text("-DOCSTART- -X- O O\nNyeri B-LOC\n\n-DOCSTART- O\n\nAmani B-PER\n", "utf-8")
    assert [one.tokens for one in read_labelled(path).sentences] == [("Nyeri",), ("Amani",)]


def test_a_lost_letter_costs_its_sentence(tmp_path: Path) -> None:
    path = tmp_path / "ner.txt"
    path.write_bytes("Amani\ufffd B-PER\nx O\n\nNyeri B-LOC\n".encode())
    with pytest.raises(InputError) as refused:
        read_labelled(path)
    assert str(refused.value).endswith("found U+FFFD at position 6; restore the letter")
    dropped = Counter[str]()
    [kept] = read_labelled(path, skip_bad=True, dropped=dropped).sentences
    assert (kept.id, kept.tokens, dropped) == ("2", ("Nyeri",), {REPLACEMENT_INSIDE: 1})


def test_tags_of_another_scheme_are_named_by_their_token() -> None:
    with pytest.raises(InputError, match=r"^token 2: .*; correct the tag$"):
        to_bio(("B-PER", "S-PER"), "bio")


@pytest.mark.parametrize("skip_bad", [True, False])
def test_a_file_of_which_nothing_is_left(tmp_path: Path, skip_bad: bool) -> None:
    path = tmp_path / "ner.txt"
    path.write_text("neno B-PER x y\nneno\n\nneno\n", "utf-8")
    with pytest.raises(InputError, match=r"ner\.txt"):
        read_labelled(path, scheme="bio", skip_bad=skip_bad)


def test_names_of_which_some_have_ends_and_some_have_none_are_of_no_scheme() -> None:
    mixed = [["B-PER", "E-PER"]] * 3 + [["B-PER", "I-PER"]] * 3
    with pytest.raises(InputError, match=r"one scheme of names \(BIO, IOB1, BIOES, BMES, BILOU\)"):
        tell(labels(*mixed), "x")
