"""Which tokens BLEU counts, by language and script."""

import pytest

from metrics.sacrebleu_metrics import bleu_tokenization
from metrics.translation import metric


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ("zh zho cmn yue zh-TW zho-CN zho_Hans yue_Hant zh-yue ZH", "zh"),
        ("ja jpn th lo khm my mya bo bod_Tibt dzo_Tibt tha_Thai shn_Mymr ja-JP", "char"),
        ("sw swh_Latn ko kor_Hang vi en sw-KE zh_Latn min_Arab abc", "13a"),
    ],
)
def test_the_language_decides_unless_a_script_does(codes, expected):
    assert {bleu_tokenization(code) for code in codes.split()} == {expected}


def test_no_language_is_the_fields_default():
    assert bleu_tokenization(None) == "13a"


@pytest.mark.parametrize("code", ["", "Swahili", "../x", "s", "sw\n", "swah1253", 5])
def test_what_is_no_code(code):
    with pytest.raises(ValueError, match="target language: expected a code such as sw"):
        metric("chrF++", target_language=code)


def test_the_choice_stands_in_the_signature():
    assert "|tok:char|" in metric("BLEU", target_language="mya_Mymr").signature
    assert "|asian:yes|" in metric("TER", target_language="zh").signature
