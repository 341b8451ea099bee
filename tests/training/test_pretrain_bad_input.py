"""What cannot be is refused before anything slow, and the message says what to do."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from data.errors import InputError, UnavailableError
from tests.training.texts import options, write_corpus
from training.pretrain import Pretrained, main, pretrain
from training.pretraining.config import PretrainConfig

WRONG: list[tuple[dict[str, Any], str]] = [
    ({"corpora": ()}, "--corpus is missing"),
    ({"config": None}, "expected --config NAME (random weights) or --model NAME (trained on)"),
    ({"model": "x"}, "found both"),
    ({"config": "encoder-huge"}, '--config "encoder-huge": expected FAMILY-SIZE with a family of'),
    ({"tokenizer": None}, "--tokenizer is missing: random weights need one"),
    ({"tokenizer": "extend:9"}, "--tokenizer extend:9 needs --model; with --config: train:N"),
    ({"config": None, "model": "x", "tokenizer": "train:9"}, "give extend:N to add pieces"),
    ({"tokenizer": "nowhere"}, "--tokenizer nowhere: expected a folder with a tokenizer.json"),
    ({"tokenizer": "train:9000"}, "--tokenizer train:9000: 9000 pieces are more than this text"),
    ({"lora": 4}, "--lora adapts a trained model; give --model, or leave --lora out"),
    ({"steps": None}, "expected --steps N or --time-budget TIME, found neither"),
    ({"steps": 0}, "steps: expected a whole number from 1, found 0"),
    ({"length": 4}, "--length 4: expected 8 or more"),
    ({"batch_tokens": 8}, "--batch-tokens 8: expected 32 or more"),
    ({"held_out": 0.9}, "--held-out 0.9: expected at most 0.5"),
    ({"temperature": 0.0}, "--temperature 0.0: expected a number above 0"),
    ({"dtype": "int8"}, '--dtype "int8": expected one of auto, float32, bfloat16'),
    ({"objective": "CLM"}, 'objective "clm": expected for an encoder: mlm'),
    ({"objective": "word2vec"}, 'objective "word2vec": expected for an encoder: mlm'),
    ({"lang": "xx-nope"}, "xx-nope"),
    ({"keep_out": ("nowhere.txt",)}, "nowhere.txt: no such file or folder, and no corpus"),
    ({"corpora": ("text.txt:0",)}, "--corpus text.txt:0: expected a weight above 0"),
]


@pytest.mark.parametrize(("wrong", "message"), WRONG, ids=lambda value: str(value)[:40])
def test_wrong_options(wrong: dict[str, Any], message: str, tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "text.txt", 100)
    with pytest.raises(InputError) as caught:
        pretrain(PretrainConfig(**options(corpus, tmp_path / "run", **wrong)))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_same_corpus_twice(tmp_path: Path) -> None:
    corpus = str(write_corpus(tmp_path / "text.txt", 100))
    with pytest.raises(InputError, match=r"named twice; give it a weight of 2 instead"):
        pretrain(PretrainConfig(**options(tmp_path, tmp_path / "run", corpora=(corpus, corpus))))


def test_a_corpus_with_nothing_in_it(tmp_path: Path) -> None:
    full, empty = write_corpus(tmp_path / "text.txt", 100), tmp_path / "empty.txt"
    empty.write_text("\n \n\n")
    more = {"corpora": (str(full), str(empty))}
    with pytest.raises(InputError) as caught:
        pretrain(PretrainConfig(**options(full, tmp_path / "run", **more)))
    assert str(caught.value) == (
        f"{empty}: expected text to train on, found none (no text: 3); give another corpus or"
        " leave it out"
    )


def test_patience_needs_held_out_text(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "text.txt", 100)
    more = {"held_out": 0.0, "evaluate_every": 2, "patience": 1}
    with pytest.raises(InputError, match="--patience and --evaluate-every need held-out documents"):
        pretrain(PretrainConfig(**options(corpus, tmp_path / "run", **more)))


def test_a_bad_line_names_its_place(tmp_path: Path) -> None:
    path = tmp_path / "bad.txt"
    path.write_bytes(b"Amina anasoma.\nma\xf1ana\n")
    with pytest.raises(InputError, match=r"bad\.txt:2: expected UTF-8, found byte 0xf1"):
        pretrain(PretrainConfig(**options(path, tmp_path / "run")))


def test_a_device_that_is_not_there(tmp_path: Path) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is one")
    corpus = write_corpus(tmp_path / "text.txt", 100)
    with pytest.raises(UnavailableError, match="cuda"):
        pretrain(PretrainConfig(**options(corpus, tmp_path / "run", device="cuda")))


def test_a_loss_that_is_not_finite(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "text.txt", 100)
    more = {"learning_rate": 1e38, "warmup": 0.0, "schedule": "constant", "steps": 20}
    with pytest.raises(UnavailableError, match="loss"):
        pretrain(PretrainConfig(**options(corpus, tmp_path / "run", **more)))
    assert (tmp_path / "run" / "checkpoints").is_dir()
    assert not (tmp_path / "run" / "model").exists()


def test_the_command_line_says_it_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--objective", "MLM", "--corpsu", "x"]) == 2
    assert "did you mean --corpus?" in capsys.readouterr().err
    assert main(["--corpus", "x", "--config", "encoder-tiny", "--tokenizer", "train:9"]) == 2
    assert "--objective is missing" in capsys.readouterr().err
    asked = ["--corpus", "x", "--objective", "MLM", "--config", "encoder-tiny"]
    assert main([*asked, "--tokenizer", "train:9", "--time-budget", "soon"]) == 2
    assert '"soon": expected a time such as 90s, 10m or 1.5h' in capsys.readouterr().err


def test_a_run_that_made_nothing_does_not_hold_its_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the message advises, with the same --out, works."""
    corpus, out = write_corpus(tmp_path / "text.txt", 100), tmp_path / "run"
    asked = f"--objective MLM --config encoder-nano --corpus {corpus} --steps 2 --device cpu"
    assert main([*asked.split(), "--tokenizer", "train:20", "--out", str(out)]) == 2
    enough = re.search(r"ask for (\d+) or more", capsys.readouterr().err)
    assert enough
    made = [*asked.split(), "--tokenizer", f"train:{enough[1]}", "--out", str(out)]
    assert main(made) == 0
    before = (out / "model" / "model.safetensors").read_bytes()
    capsys.readouterr()
    assert main([*made, "--seed", "2"]) == 2
    assert "(it differs in seed: 1, now 2)" in capsys.readouterr().err
    assert (out / "model" / "model.safetensors").read_bytes() == before


def test_a_run_that_failed_after_its_tokenizer_leaves_none_of_it(tmp_path: Path) -> None:
    corpus, out = write_corpus(tmp_path / "text.txt", 100), tmp_path / "run"
    with pytest.raises(InputError, match="need held-out documents"):
        pretrain(PretrainConfig(**options(corpus, out, held_out=0.0, evaluate_every=2)))
    done = pretrain(PretrainConfig(**options(corpus, out, tokenizer="train:370")))
    assert len(json.loads((done.model / "tokenizer.json").read_text())["model"]["vocab"]) == 370


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"objective": "MLN"}, 'objective "mln": expected .*did you mean mlm'),
        ({"objective": "span", "config": None, "model": "no-model"}, "did you mean spans"),
        ({"objective": "CLM"}, 'objective "clm": expected for an encoder: mlm'),
        ({"config": "encodr-nano"}, r'--config "encodr-nano": .*did you mean encoder-nano'),
        ({"dtype": "bfloat8"}, r"did you mean bfloat16"),
        ({"optimizer": "muno"}, r"--optimizer .* one of adamw, muon, sgd .*did you mean muon"),
        ({"schedule": "Cosine"}, r"did you mean cosine"),
        ({"device": "gpu"}, r'--device "gpu": expected auto, cpu, cuda, cuda:1 or mps'),
        ({"device": "cdua"}, r"did you mean cuda"),
    ],
)
def test_names_that_are_none_are_refused_before_anything_is_opened(
    changes: dict[str, Any], message: str, tmp_path: Path
) -> None:
    made = options(tmp_path / "nowhere.txt", tmp_path / "run")
    if changes.get("model"):
        made["tokenizer"] = None
    with pytest.raises(InputError, match=message):
        PretrainConfig(**{**made, **changes})


def test_how_long_it_trains_where_nobody_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus = write_corpus(tmp_path / "text.txt", 100)
    asked = f"--objective MLM --config encoder-nano --corpus {corpus} --tokenizer train:380"
    asked += f" --device cpu --out {tmp_path / 'run'}"
    monkeypatch.setattr("training.pretrain.BUDGET", "3s")

    def one_update(config: PretrainConfig, *others: Any, **more: Any) -> Pretrained:
        """However busy the machine: three seconds may not hold one."""
        assert (config.seconds, config.steps) == (3.0, None)
        return pretrain(replace(config, seconds=None, steps=1), *others, **more)

    monkeypatch.setattr("training.pretrain.pretrain", one_update)
    assert main(asked.split()) == 0
    told = capsys.readouterr().err
    assert told.startswith("training for 3s; --time-budget TIME or --steps N says otherwise\n")
    assert main(["--help"]) == 0
    assert "(default 10m, unless --steps is given)" in " ".join(capsys.readouterr().out.split())


def test_a_folder_removed_under_a_run_is_noticed(tmp_path: Path) -> None:
    """One line, and nothing of the folder comes back."""
    corpus, out = write_corpus(tmp_path / "text.txt", 200), tmp_path / "run"
    more = {"steps": 60, "checkpoint_every": 5}
    with pytest.raises(UnavailableError, match=r"run: was removed, or what was in it, while the"):
        pretrain(
            PretrainConfig(**options(corpus, out, **more)),
            progress=lambda _: shutil.rmtree(out, ignore_errors=True),
        )
    assert not out.exists()


def test_what_another_run_left_without_its_config_is_not_taken(tmp_path: Path) -> None:
    """Its tokenizer would be used for the one that was asked for."""
    corpus, out = write_corpus(tmp_path / "text.txt", 200), tmp_path / "run"
    (out / "tokenizer").mkdir(parents=True)
    with pytest.raises(InputError, match=r"run: holds tokenizer and no config\.json that says of"):
        pretrain(PretrainConfig(**options(corpus, out, steps=1)))
    assert sorted(one.name for one in out.iterdir()) == [".lock", "tokenizer"]


def test_a_run_of_another_command_is_kept(tmp_path: Path) -> None:
    corpus, out = write_corpus(tmp_path / "text.txt", 200), tmp_path / "run"
    (out / "data").mkdir(parents=True)
    (out / "config.json").write_text('{"run": {"systems": []}}', "utf-8")
    with pytest.raises(InputError, match=r"not the configuration of a run of training\.pretrain"):
        pretrain(PretrainConfig(**options(corpus, out, steps=1)))
    assert sorted(one.name for one in out.iterdir()) == [".lock", "config.json", "data"]


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with a checkpoint, metrics and kept ids, but no scores: one to go on with."""
    folder = tmp_path_factory.mktemp("stopped")
    corpus = write_corpus(folder / "text.txt", 120)
    pretrain(PretrainConfig(**options(corpus, folder / "run", steps=4)))
    (folder / "run" / "scores.json").unlink()
    return folder


DAMAGE: list[bytes] = [
    b"",
    b"[7]",
    b'{"a": 1}',
    b"{" * 5000,
    b"\xff\xfe",
    b'{"step": 1e999}',
    b"null",
]
DAMAGED = [
    "config.json",
    "tokenizer/made.json",
    "before.json",
    "data/*/corpus.json",
    "data/*/ids.bin",
    "data/*/ends.bin",
    "data/counts-*.json",
    "checkpoints/*/state.json",
    "checkpoints/*/seconds.json",
    "checkpoints/*/model.safetensors",
    "scores.json",
    "metrics.jsonl",
]


@pytest.mark.parametrize("pattern", DAMAGED)
@pytest.mark.parametrize("content", DAMAGE, ids=range(len(DAMAGE)))
def test_a_damaged_file_of_a_run_is_one_line_that_names_it(
    content: bytes,
    pattern: str,
    stopped: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = Path(shutil.copytree(stopped / "run", tmp_path / "run"))
    (out / "scores.json").write_bytes(content) if pattern == "scores.json" else None
    path = sorted(out.glob(pattern))[-1]
    path.write_bytes(content)
    asked = PretrainConfig(**options(stopped / "text.txt", out, steps=4))
    if pattern == "metrics.jsonl" and not content:
        pytest.skip("cut shorter than the checkpoint knows: another message")
    with pytest.raises(InputError) as raised:
        pretrain(asked)
    assert "\n" not in str(raised.value)
    assert path.parent.name in str(raised.value)


@pytest.mark.parametrize(
    "change",
    [
        {"data": {}},
        {"data": {"epoch": "x"}},
        {"random": []},
        {"random": [{}]},
        {"random": [{"torch": "zz", "device": None, "generators": []}]},
        {"step": -1.5},
        {"pending": [1]},
        {"best_metrics": None},
        {"config": []},
    ],
)
def test_a_checkpoint_that_does_not_fit_together(
    change: dict[str, Any], stopped: Path, tmp_path: Path
) -> None:
    out = Path(shutil.copytree(stopped / "run", tmp_path / "run"))
    state = sorted((out / "checkpoints").glob("*/state.json"))[-1]
    told = json.loads(state.read_text("utf-8"))
    told["reason"] = None
    state.write_text(json.dumps(told | change), "utf-8")
    with pytest.raises(InputError, match=r"step-00000004.*remove") as raised:
        pretrain(PretrainConfig(**options(stopped / "text.txt", out, steps=4)))
    assert "\n" not in str(raised.value)
