"""Pretraining end to end with models of two layers: what is saved opens, what is told is true."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.training.texts import options, sentences, write_corpus
from training.pretrain import Pretrained, main, pretrain
from training.pretraining.config import PretrainConfig

RUNS = {
    "MLM": ("encoder-nano", "AutoModelForMaskedLM"),
    "mlm": ("bert-nano", "AutoModelForMaskedLM"),
    "CLM": ("decoder-nano", "AutoModelForCausalLM"),
    "T5": ("encoder-decoder-nano", "AutoModelForSeq2SeqLM"),
    "BART": ("bart-nano", "AutoModelForSeq2SeqLM"),
    "alexatm": ("bart-nano", "AutoModelForSeq2SeqLM"),
}


def trained(corpus: Path, out: Path, **more: Any) -> Pretrained:
    return pretrain(PretrainConfig(**options(corpus, out, **more)))


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    return write_corpus(tmp_path / "text.txt")


@pytest.mark.parametrize("objective", RUNS)
def test_what_is_saved_opens_with_transformers(
    objective: str, corpus: Path, tmp_path: Path
) -> None:
    import torch
    import transformers

    config, kind = RUNS[objective]
    pieces = "train:480" if objective == "T5" else "train:380"  # a hundred sentinels
    more = {"objective": objective, "config": config, "tokenizer": pieces}
    done = trained(corpus, tmp_path / "run", **more)
    model, told = getattr(transformers, kind).from_pretrained(done.model, output_loading_info=True)
    assert not told["missing_keys"]
    assert not told["unexpected_keys"]
    tokenizer = transformers.AutoTokenizer.from_pretrained(done.model)
    assert model.get_input_embeddings().weight.shape[0] == len(tokenizer)
    ids = tokenizer("Amina anasoma kitabu leo.", return_tensors="pt").input_ids
    assert tokenizer.decode(ids[0], skip_special_tokens=True) == "Amina anasoma kitabu leo."
    with torch.inference_mode():
        assert torch.isfinite(model(input_ids=ids, labels=ids).loss)
    for name in ("config.json", "metrics.jsonl", "scores.json", "report.html", "model/README.md"):
        assert (done.folder / name).stat().st_size > 100
    assert done.told["held_out"][0]["system"] == "trained"


def test_scores_are_of_text_that_was_not_trained_on(corpus: Path, tmp_path: Path) -> None:
    """A causal model on 400 of 4,536 sentences comes well below the frequencies of its pieces."""
    settings = {"objective": "CLM", "config": "decoder-nano", "steps": 150, "learning_rate": 0.01}
    done = trained(corpus, tmp_path / "run", **settings)
    by_system = {one["system"]: one["scores"] for one in done.told["held_out"]}
    trained_, unigram = by_system["trained"], by_system["unigram"]
    assert trained_[0]["value"] < unigram[0]["value"] / 2
    perplexity, bits = trained_
    [data] = done.told["data"]
    assert data["documents"] + data["held_out_documents"] == 400
    assert 20 < data["held_out_documents"] < 70
    assert perplexity["n"] == data["held_out_documents"]
    assert bits["value"] < math.log2(perplexity["value"])  # a piece has more than a byte
    assert "held-out:0.1" in perplexity["signature"]
    assert f"of {perplexity['n']} groups of documents" in perplexity["interval"]
    assert perplexity["low"] < perplexity["value"] < perplexity["high"]
    card = (done.model / "README.md").read_text("utf-8")
    assert f"| {corpus} | not stated | by people, or unknown | 1 | 100.0 % |" in card
    assert f"| trained | {perplexity['value']:.3f} [" in card


def test_a_decoder_answers_in_icl_eval(corpus: Path, tmp_path: Path) -> None:
    from icl.eval import main as evaluate

    done = trained(corpus, tmp_path / "run", objective="CLM", config="decoder-nano")
    asked = ["--lang", "sw", "--test-set", "sample", "--limit", "3", "--max-new-tokens", "4"]
    assert evaluate([*asked, "--model", str(done.model), "--out", str(tmp_path / "eval")]) == 0
    results = json.loads((tmp_path / "eval" / "scores.json").read_text("utf-8"))["results"]
    assert results[0]["system"] == "model"
    assert results[0]["scores"][0]["n"] == 3


def test_test_sentences_are_kept_out_and_counted(tmp_path: Path) -> None:
    lines = sentences(300)
    test = tmp_path / "test.txt"
    test.write_text("\n".join(line.upper().replace(" ", "  ") for line in lines[:30]), "utf-8")
    corpus = write_corpus(tmp_path / "text.txt", 300)
    done = trained(corpus, tmp_path / "run", keep_out=(str(test),))
    [data] = done.told["data"]
    assert data["dropped"][f"sentence of {test}"] == 30
    assert data["documents"] + data["held_out_documents"] == 270
    assert f"Sentences of {test} were taken out" in (done.model / "README.md").read_text("utf-8")


def test_weights_and_temperature_are_shares_of_the_stream(tmp_path: Path) -> None:
    """Of 300 and 100 sentences: by size 3 to 1; weight 3 for the second, 1 to 1."""
    large, small = (
        write_corpus(tmp_path / f"{name}.txt", n, seed)
        for name, n, seed in (("large", 300, 1), ("small", 100, 2))
    )
    for names, temperature, expected in (
        ((str(large), str(small)), 1.0, 0.25),
        ((str(large), f"{small}:3"), 1.0, 0.5),
        ((str(large), str(small)), 1e9, 0.5),
    ):
        out = tmp_path / f"run-{temperature:g}-{len(names[1])}"
        more = {"corpora": names, "temperature": temperature, "steps": 1}
        shares = [one["share"] for one in trained(large, out, **more).told["data"]]
        assert shares[1] == pytest.approx(expected, abs=0.03)


def test_the_command_line(corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "run"
    command = ["--corpus", str(corpus), "--objective", "MLM", "--config", "encoder-nano"]
    command += ["--tokenizer", "train:380", "--steps", "4", "--batch-tokens", "512"]
    command += ["--out", str(out), "--lang", "sw", "--device", "cpu"]
    assert main(command) == 0
    shown = capsys.readouterr()
    assert shown.out == f"{out / 'model'}\n"
    assert "training a tokenizer of 380 pieces" in shown.err
    assert "step 4 of 4" in shown.err
    card = (out / "model" / "README.md").read_text("utf-8")
    assert f"python -m training.pretrain --corpus {corpus} --objective MLM" in card
    assert 'language: ["sw"]\n' in card
    assert main(command) == 0, "a finished run is told again"
    assert capsys.readouterr().out == shown.out
    assert main([*command, "--seed", "2"]) == 2
    assert "holds another run (it differs in seed)" in capsys.readouterr().err


def test_help_is_quick_because_it_loads_nothing() -> None:
    code = (
        "import sys; from training.pretrain import main; main(['--help']); "
        "sys.exit(len({'torch', 'transformers', 'numpy', 'accelerate'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "--keep-out NAMES" in done.stdout


@pytest.mark.slow
def test_a_minute_of_swahili(mirror: Path, tmp_path: Path) -> None:
    """After a minute the whole interval lies below what the frequencies of pieces give."""
    more = {"config": "encoder-tiny", "tokenizer": "train:4000", "steps": None, "seconds": 60.0}
    more |= {"clock": "cpu", "batch_tokens": 2048, "optimizer": "muon", "learning_rate": 0.005}
    done = trained(Path("ntrex-128:test:sw"), tmp_path / "run", **more, offline=True)
    trained_, unigram = (one["scores"][0] for one in done.told["held_out"])
    assert trained_["high"] < unigram["low"]
    assert "ntrex-128:test is test data; do not score on it" in done.told["notes"]
    assert (
        (done.model / "README.md")
        .read_text("utf-8")
        .startswith('---\nlicense: "cc-by-sa-4.0"\nlanguage: ["sw"]\n')
    )
