"""Utterances: xSID in samples of our own, and the real files of the catalog.

pytest tests/data/test_utterances.py
"""

from __future__ import annotations

import subprocess
from collections import Counter
from pathlib import Path

import pytest

from data.access import Access
from data.errors import InputError
from data.labels import bio
from data.labels.slots import BAD_RECORD, Utterance
from data.languages import resolve
from data.tsv import WRONG_COLUMNS
from data.utterances import (
    BLANK,
    LABELLED_O,
    OTHER_INTENT,
    load_utterances,
    read_text_and_labels,
    read_xsid,
)

XSID = """# id = 3/8
# text = Mvua itanyesha kesho?
# intent = weather/find
# dialect = pwani
1\tMvua\tweather/find\tB-weather/attribute
2\titanyesha\tweather/find\tO
3\tkesho\tweather/find\tB-datetime
4\t?\tweather/find\tO
"""


def file(folder: Path, *lines: str, name: str = "x") -> Path:
    path = folder / name
    path.write_bytes("\n".join(lines).encode())
    return path


def test_xsid(tmp_path: Path) -> None:
    second = XSID.replace("# id = 3/8\n", "").replace("text =", "text:").replace(" = pwani", "")
    first, other = read_xsid(file(tmp_path, XSID, second), prefix="swa-")
    assert first == Utterance(
        id="swa-3/8",
        tokens=("Mvua", "itanyesha", "kesho", "?"),
        intent="weather/find",
        slots=("B-weather/attribute", "O", "B-datetime", "O"),
        text="Mvua itanyesha kesho?",
        dialect="pwani",
    )
    assert (other.id, other.text) == ("swa-2", "Mvua itanyesha kesho?")


def test_xsid_is_mended_and_counted(tmp_path: Path) -> None:
    text = XSID.replace("kesho\tweather/find\tB-", "kesho\teather/find\tI-")
    repairs = Counter[str]()
    [found] = read_xsid(file(tmp_path, text), repairs=repairs)
    assert (found.intent, found.slots[2]) == ("weather/find", "B-datetime")
    assert repairs == {OTHER_INTENT: 1, bio.REPAIRED: 1}


def test_xsids_empty_tokens(tmp_path: Path) -> None:
    repairs, dropped = Counter[str](), Counter[str]()
    emptied = "# intent = a\n1\t \ta\tO\n"
    path = file(tmp_path, XSID.replace("\tkesho\t", "\t\t"), emptied)
    [found] = read_xsid(path, skip_bad=True, repairs=repairs, dropped=dropped)
    assert found.tokens == ("Mvua", "itanyesha", "?")
    assert len(found.slots) == 3
    assert (repairs, dropped) == ({BLANK: 1}, {BAD_RECORD: 1})


@pytest.mark.parametrize(
    ("old", "new", "reason", "message"),
    [
        ("# intent = weather/find\n", "", BAD_RECORD, ":1: expected a comment # intent = ..., fo"),
        ("B-datetime", "datetime", BAD_RECORD, ":1: token 3: expected O, B-LABEL or I-LABEL, fou"),
        ("\tB-datetime", "", WRONG_COLUMNS, ":7: expected 4 columns (number, token, intent, slot"),
    ],
)
def test_xsid_that_is_wrong(tmp_path: Path, old: str, new: str, reason: str, message: str) -> None:
    path = file(tmp_path, XSID.replace(old, new), XSID)
    with pytest.raises(InputError) as refused:
        list(read_xsid(path))
    assert str(refused.value).startswith(f"{path}{message}")
    assert str(refused.value).endswith("fix the line")
    dropped = Counter[str]()
    assert len(list(read_xsid(path, skip_bad=True, dropped=dropped))) == 1
    assert dropped == {reason: 1}


def test_text_and_labels(tmp_path: Path) -> None:
    text = file(tmp_path, "set an alarm for six", "will it rain", name="text.en")
    tags = ("O O O Odatetime I-datetime\talarm/set", "O O O\tweather/find")
    labels = file(tmp_path, *tags, name="label.en")
    repairs = Counter[str]()
    first, second = read_text_and_labels(text, labels, repairs=repairs)
    assert first == Utterance(
        "1",
        ("set", "an", "alarm", "for", "six"),
        "alarm/set",
        ("O",) * 4 + ("B-datetime",),
        "set an alarm for six",
    )
    assert (second.id, second.intent) == ("2", "weather/find")
    assert repairs == {bio.REPAIRED: 1, LABELLED_O: 1}


@pytest.mark.parametrize(
    ("label", "message"),
    [
        ("O O\tweather/find", "label.en:1: expected a tag for each of 3 tokens, found 2; fix"),
        ("O O O", "label.en:1: expected tags, a tab and an intent, found no intent; fix the"),
        ("O O O\ta\nO\tb", "text.en: expected a line 2, found the end; fetch it again"),
    ],
)
def test_text_and_labels_that_do_not_fit(tmp_path: Path, label: str, message: str) -> None:
    text = file(tmp_path, "will it rain", name="text.en")
    labels = file(tmp_path, label, name="label.en")
    with pytest.raises(InputError) as refused:
        list(read_text_and_labels(text, labels))
    assert str(refused.value).startswith(f"{tmp_path}/{message}")


@pytest.mark.parametrize(
    ("name", "language", "split", "message"),
    [
        ("lafand", "sw", "test", "lafand is a parallel, not utterances"),
        ("xsid", "sw", "dev", "xsid has no Swahili (sw); it has: ar, da, de, de-ba, de-muc, "),
        ("xsid", "da", "train", 'xsid has no split "train" in da; it has: dev, test'),
    ],
)
def test_what_cannot_be_loaded(name: str, language: str, split: str, message: str) -> None:
    with pytest.raises(InputError) as refused:
        load_utterances(name, resolve(language), split)
    assert str(refused.value).startswith(message)


def test_a_code_that_the_data_set_lacks() -> None:
    with pytest.raises(InputError, match=r'^xsid has no code "de-at"; it has: ar, da, de, de-ba'):
        load_utterances("xsid", "de-at")


def grep(pattern: str, path: Path) -> int:
    done = subprocess.run(["grep", "-cP", pattern, path], capture_output=True, text=True)
    return int(done.stdout)


@pytest.mark.parametrize("code", ["de-muc", "zh", "ja", "nap", "en"])
def test_real_xsid_against_grep(mirror: Path, code: str) -> None:
    corpus = load_utterances("xsid", code, "dev", access=Access(offline=True))
    path = mirror / f"xsid/xSID-0.7/{code}.valid.conll"
    assert len(corpus.utterances) == grep("^# intent", path)
    assert sum(len(u.tokens) for u in corpus.utterances) == grep(r"^\d+\t[^\t]", path)
    spans = sum(len(bio.spans(u.slots)) for u in corpus.utterances)
    assert spans == grep("\tB-", path) + corpus.repairs[bio.REPAIRED]
    assert corpus.dropped == Counter()


def test_real_xsids_peculiarities(mirror: Path) -> None:
    munich = load_utterances("xsid", "de-muc", "dev", access=Access(offline=True))
    assert munich.repairs == {OTHER_INTENT: 2}  # of the utterances 93 and 177
    assert (munich.language.bcp47, munich.code) == ("bar", "de-muc")
    norwegian = load_utterances("xsid", resolve("no"), "dev", access=Access(offline=True))
    assert norwegian.dropped == {BAD_RECORD: 1}  # 289/1 has neither text nor tokens
    assert {utterance.dialect for utterance in norwegian.utterances} == {"B", "N", "T", "V"}
    train = load_utterances("xsid", resolve("en"), "train", access=Access(offline=True))
    assert len(train.utterances) == 43605
    # sum of: cut -f1 label.en | tr ' ' '\n' | grep -c ^Orecurring
    assert train.repairs == {bio.REPAIRED: 40, LABELLED_O: 357}
    assert train.dropped == Counter()


def test_utterances_as_a_corpus(mirror: Path) -> None:
    from data.corpus import find_corpus

    assert mirror
    corpus = find_corpus("xsid:test:de-ba")
    records = list(corpus.records(dropped=Counter(), repairs=Counter()))
    assert len(records) == 500
    assert set(records[0].meta) == {"intent"}
