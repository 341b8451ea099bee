"""Pretraining end to end with models of two layers: what is saved opens, what is told is true."""

from __future__ import annotations

import importlib.metadata
import json
import math
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from data.access import Access
from data.errors import InputError, UnavailableError
from tests.training.texts import options, sentences, write_corpus
from training.architectures import SIZES, SpecialIds, build
from training.pretrain import Pretrained, main, pretrain
from training.pretraining.config import PretrainConfig
from training.pretraining.corpora import is_held_out

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
    assert "holds another run (it differs in seed: 1, now 2)" in capsys.readouterr().err


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


IDS = SpecialIds(pad=3, bos=1, eos=2)


@pytest.mark.parametrize(
    ("size", "width", "layers", "heads", "millions"),
    [("nano", 32, 2, 2, 0.3), ("tiny", 128, 4, 2, 1.6), ("small", 256, 4, 4, 4.4)],
)
def test_sizes_are_those_of_the_table(
    size: str, width: int, layers: int, heads: int, millions: float
) -> None:
    model = build(f"encoder-{size}", IDS, 8000, seed=1)
    parameters = sum(weight.numel() for weight in model.parameters())
    assert round(parameters / 1e6, 1) == millions
    config = model.config
    assert (config.hidden_size, config.num_hidden_layers) == (width, layers)
    assert config.num_attention_heads == heads
    assert SIZES["medium"].heads == 8


def test_families_are_laid_out_as_their_papers_say() -> None:
    """Feed-forward layers: 4 widths; 3/2 or 8/3 of it where they are gated, in multiples of 16."""
    made = {
        family: build(f"{family}-tiny", IDS, 400, seed=1).config
        for family in ("encoder", "bert", "decoder", "encoder-decoder", "bart")
    }
    inner = {
        "encoder": made["encoder"].intermediate_size,
        "bert": made["bert"].intermediate_size,
        "decoder": made["decoder"].intermediate_size,
        "encoder-decoder": made["encoder-decoder"].d_ff,
        "bart": made["bart"].encoder_ffn_dim,
    }
    expected = {"encoder": 192, "bert": 512, "decoder": 336, "encoder-decoder": 336, "bart": 512}
    assert inner == expected
    longest = {name: getattr(made[name], "max_position_embeddings", None) for name in made}
    assert longest == {
        "encoder": 2048,
        "bert": 512,
        "decoder": 2048,
        "encoder-decoder": None,  # its positions are relative
        "bart": 512,
    }
    for name, config in made.items():
        assert config.vocab_size == 400, name
        assert (config.pad_token_id, config.eos_token_id) == (3, 2), name
    assert [made[name].bos_token_id for name in ("encoder", "bert", "decoder", "bart")] == [1] * 4
    assert (made["encoder"].cls_token_id, made["encoder"].sep_token_id) == (1, 2)
    assert made["encoder"].global_attn_every_n_layers == 1
    assert made["bert"].hidden_dropout_prob == made["bert"].attention_probs_dropout_prob == 0
    assert made["decoder"].num_key_value_heads == made["decoder"].num_attention_heads == 2
    assert made["decoder"].tie_word_embeddings
    t5, bart = made["encoder-decoder"], made["bart"]
    assert (t5.d_kv, t5.num_layers, t5.num_decoder_layers, t5.num_heads) == (64, 4, 4, 2)
    assert (t5.dropout_rate, t5.decoder_start_token_id, t5.tie_word_embeddings) == (0, 3, True)
    assert t5.feed_forward_proj == "gated-gelu"
    assert (bart.encoder_layers, bart.decoder_layers, bart.decoder_ffn_dim) == (4, 4, 512)
    assert (bart.dropout, bart.decoder_start_token_id, bart.forced_eos_token_id) == (0, 2, 2)


def test_the_seed_makes_the_weights_and_nothing_else_is_drawn() -> None:
    import torch

    torch.manual_seed(4)
    expected = torch.rand(3)
    torch.manual_seed(4)
    first, again, other = (build("bert-nano", IDS, 300, seed=seed) for seed in (7, 7, 8))
    assert torch.equal(torch.rand(3), expected), "torch goes on as it was"
    one, same, different = (m.get_input_embeddings().weight for m in (first, again, other))
    assert torch.equal(one, same)
    assert not torch.equal(one, different)


def test_a_model_without_transformers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(UnavailableError, match=r'"transformers" is not installed; .*\[cpu\]'):
        build("bert-nano", IDS, 300, seed=1)


def test_a_run_without_held_out_text_has_no_scores(corpus: Path, tmp_path: Path) -> None:
    done = trained(corpus, tmp_path / "run", held_out=0.0, steps=2)
    assert done.told["held_out"] == []
    assert not (done.folder / "before.json").exists()
    [data] = done.told["data"]
    assert (data["documents"], data["held_out_documents"]) == (400, 0)


def test_a_tokenizer_of_a_folder_is_taken_as_it_is(corpus: Path, tmp_path: Path) -> None:
    first = trained(corpus, tmp_path / "first", steps=1)
    second = trained(corpus, tmp_path / "second", steps=1, tokenizer=str(first.model))
    made = [
        json.loads((one.model / "tokenizer.json").read_text("utf-8")) for one in (first, second)
    ]
    assert made[0]["model"] == made[1]["model"]


def test_counts_that_a_killed_run_did_not_write_are_made_again(
    corpus: Path, tmp_path: Path
) -> None:
    """Its ids are there: they are not made again, but the documents are counted."""
    out, said = tmp_path / "run", list[str]()
    config = PretrainConfig(**options(corpus, out, steps=2))
    before = pretrain(config).told["data"]
    (out / "scores.json").unlink()
    for counts in (out / "data").glob("counts-*.json"):
        counts.unlink()
    assert pretrain(config, Access(report=said.append)).told["data"] == before
    [row] = before
    assert (
        f"  {row['documents']:,} documents to train on, {row['held_out_documents']} held out"
        in said
    )


def test_a_corpus_of_which_everything_is_held_out(tmp_path: Path) -> None:
    lines = [line for line in sentences(200) if is_held_out(line, 0.5)]
    corpus = tmp_path / "text.txt"
    corpus.write_text("\n".join([*lines, "", ""]) + "\n", "utf-8")
    other = trained(write_corpus(tmp_path / "other.txt"), tmp_path / "other", steps=1)
    with pytest.raises(InputError) as caught:
        trained(corpus, tmp_path / "run", held_out=0.5, tokenizer=str(other.model))
    assert f"(no text: 2; held out: {len(lines)} (see --held-out)); give another" in str(
        caught.value
    )


def test_what_a_run_tells_of_its_training(corpus: Path, tmp_path: Path) -> None:
    done = trained(corpus, tmp_path / "run", steps=3)
    told = done.told["training"]
    assert (told.pop("tokens") > 0, set(told.pop("metrics"))) == (True, {"loss", f"loss {corpus}"})
    assert told == {"steps": 3, "of": 3, "ended": "steps", "best_step": None}
    [data] = done.told["data"]
    assert set(data) == {
        *("name", "weight", "licence", "languages", "synthetic", "bytes", "sha256"),
        *("documents", "held_out_documents", "dropped", "repaired"),
        *("share", "tokens", "characters"),
    }
    assert (data["weight"], data["share"], data["synthetic"]) == (1.0, 1.0, False)
    assert data["documents"] + data["held_out_documents"] == 400
    assert 20 * data["documents"] < data["characters"] < corpus.stat().st_size
    assert data["tokens"] < data["characters"]
    whole = json.loads((done.folder / "config.json").read_text("utf-8"))
    made, settings = whole["environment"], whole["run"]
    assert (settings["optimizer"], settings["model"]) == ("muon", None)
    assert {"learning_rate", "corpora", "tokenizer", "objective"} <= set(settings)
    assert [one["sha256"] for one in settings["corpora"]] == [data["sha256"]]
    assert len(settings["keep_out"][-1]["sha256"]) == 64
    assert made["python"] == platform.python_version()
    assert made["packages"]["tokenizers"] == importlib.metadata.version("tokenizers")
    assert done.told["notes"] == []


SCRATCH = {"config": "encoder-nano", "tokenizer": "train:380"}
TRAINED = {"config": None, "model": "some", "tokenizer": None}


@pytest.mark.parametrize(
    ("given", "optimizer", "rate"),
    [
        (SCRATCH, "muon", 5e-3),
        (SCRATCH | {"optimizer": "adamw"}, "adamw", 1e-3),
        (TRAINED, "adamw", 1e-4),
        (TRAINED | {"optimizer": "muon"}, "muon", 1e-4),
        (TRAINED | {"lora": 1}, "adamw", 2e-4),
        (TRAINED | {"lora": 8, "learning_rate": 0.5}, "adamw", 0.5),
    ],
)
def test_what_did_best_is_taken_where_nothing_is_said(
    given: dict[str, Any], optimizer: str, rate: float
) -> None:
    found = PretrainConfig(**options(Path("text.txt"), Path("run"), **given)).settings()
    assert (found.optimizer, found.learning_rate) == (optimizer, rate)
    assert (found.betas, found.dtype, found.schedule) == ((0.9, 0.98), "auto", "cosine")


def test_the_loop_gets_what_was_asked_for() -> None:
    asked: dict[str, Any] = {
        "steps": 7,
        "seconds": 9.0,
        "clock": "cpu",
        "schedule": "wsd",
        "warmup": 0.25,
        "accumulate": 3,
        "average": 0.5,
        "dtype": "bfloat16",
        "seed": 11,
        "evaluate_every": 4,
        "patience": 2,
        "checkpoint_every": 6,
    }
    found = PretrainConfig(**options(Path("text.txt"), Path("run"), **asked)).settings()
    assert {name: getattr(found, name) for name in asked} == asked
    assert found.device == "cpu"


@pytest.mark.parametrize(
    "just_right",
    [
        {"length": 8, "batch_tokens": 8},
        {"held_out": 0.5},
        {"held_out": 0.0},
        {"temperature": 1e-9},
        {"limit": 1},
        {"held_out_limit": 1},
    ],
)
def test_borders_belong_to_what_may_be(just_right: dict[str, Any]) -> None:
    PretrainConfig(**options(Path("text.txt"), Path("run"), **just_right))
    for name, value in just_right.items():
        if name in ("length", "limit", "held_out_limit"):
            with pytest.raises(InputError, match=f"{value - 1}: expected {value} or more"):
                PretrainConfig(**options(Path("t"), Path("r"), **{name: value - 1}))
