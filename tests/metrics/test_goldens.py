"""Our figures beside those that sacrebleu's own command printed (tests/golden/translation)."""

import json
import re
from pathlib import Path

import pytest
import sacrebleu

from metrics.paired import bootstrap_p, bootstrap_sums, randomisation_p, swapped_sums
from metrics.translation import (
    Metric,
    metric,
    score,
    score_from_statistics,
    segment_score,
    segment_statistics,
)

GOLDEN = Path(__file__).parents[1] / "golden" / "translation"
OUR_NAME = {"BLEU": "BLEU", "chrF2++": "chrF++", "TER": "TER"}


def lines(name: str) -> list[str]:
    return (GOLDEN / name).read_text(encoding="utf-8").splitlines()


def printed(name: str) -> list[dict]:
    found = json.loads((GOLDEN / name).read_text(encoding="utf-8"))
    return found if isinstance(found, list) else [found]


def rows_of(chosen: Metric, hypotheses: str, references: str) -> list[list[int | float]]:
    return segment_statistics(chosen, lines(hypotheses), lines(references))


def this_version(signature: str) -> str:
    """The golden signature as the installed sacrebleu, any in our range, would write it."""
    return signature.replace("version:2.6.0", f"version:{sacrebleu.__version__}")


@pytest.mark.parametrize(
    ("golden", "text", "language"),
    [("sw.json", "sw", "swh_Latn"), ("zh.json", "zh", "zho-CN"), ("zh.char.json", "zh", "ja")],
)
def test_value_and_signature_are_sacrebleus(golden, text, language):
    for expected in printed(golden):
        found = score(
            lines(f"{text}.hyp.txt"),
            lines(f"{text}.ref.txt"),
            name=OUR_NAME[expected["name"]],
            target_language=language,
        )
        assert round(found.value, 6) == expected["score"]
        assert found.signature == this_version(expected["signature"])
        assert found.n == len(lines(f"{text}.ref.txt"))


def test_half_the_interval_is_sacrebleus_confidence_for_the_same_seed():
    for expected in printed("sw.confidence.json"):
        chosen = metric(OUR_NAME[expected["name"]])
        rows = rows_of(chosen, "sw.hyp.txt", "sw.ref.txt")
        found = score_from_statistics(
            chosen, rows, seed=int(expected["seed"]), resamples=int(expected["bs"])
        )
        # sacrebleu resamples in float32, which can move the last digit.
        half = (found.high - found.low) / 2
        assert half == pytest.approx(expected["confidence_var"], abs=2e-5)
        assert found.low < found.value < found.high


def test_paired_p_values_are_sacrebleus_for_the_same_seed():
    printed_p = re.findall(r"p = (0\.\d+)", (GOLDEN / "sw.paired.txt").read_text(encoding="utf-8"))
    for name, expected in zip(("BLEU", "chrF++", "TER"), printed_p, strict=True):
        chosen = metric(name)
        baseline = rows_of(chosen, "sw.hyp.txt", "sw.ref.txt")
        system = rows_of(chosen, "sw.other.txt", "sw.ref.txt")
        drawn = bootstrap_sums(baseline, system, resamples=1000, seed=1)
        found = bootstrap_p(drawn.differences(chosen.aggregate_columns))
        assert f"{found:.4f}" == expected


def test_randomisation_p_values_are_sacrebleus_for_the_same_seed():
    printed_p = re.findall(r"p = (0\.\d+)", (GOLDEN / "sw.ar.txt").read_text(encoding="utf-8"))
    for name, expected in zip(("BLEU", "chrF++", "TER"), printed_p, strict=True):
        chosen = metric(name)
        baseline = rows_of(chosen, "sw.hyp.txt", "sw.ref.txt")
        system = rows_of(chosen, "sw.other.txt", "sw.ref.txt")
        swapped = swapped_sums(baseline, system, seed=1)
        found = randomisation_p(swapped.differences(chosen.aggregate_columns))
        assert f"{found:.4f}" == expected


def test_sentence_scores_are_sacrebleus():
    chosen = metric("BLEU", target_language="zh")
    rows = rows_of(chosen, "zh.hyp.txt", "zh.ref.txt")
    expected = [re.search(r" = ([\d.]+) ", line)[1] for line in lines("zh.sentences.txt")]
    assert [f"{segment_score(chosen, row):.6f}" for row in rows] == expected
