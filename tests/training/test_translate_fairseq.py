"""A translator through fairseq's programs: what they are asked, what comes back, one trained."""

from __future__ import annotations

import math
import re
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data.errors import InputError, UnavailableError
from tests.training.test_translate import options, pairs, run, value
from training.architectures import SpecialIds, build
from training.fairseq import interpreter, read_binarised, run_fairseq
from training.translation import through_fairseq
from training.translation.batches import Coded, Source
from training.translation.config import TranslatorConfig
from training.translation.through_fairseq import (
    SIDES,
    converted,
    drawn,
    table_rows,
    training,
)
from training.translation.translator import load_translator

MORE: dict[str, Any] = {"engine": "fairseq", "config": "bart-nano", "learning_rate": 0.005}


def asked(folder: Path, **more: Any) -> TranslatorConfig:
    return TranslatorConfig(**options(folder, **{**MORE, **more}))


def test_every_id_has_a_row_of_its_own() -> None:
    rows = table_rows(50, end=7, pad=3)
    assert len(set(rows)) == 50
    assert (rows[7], rows[3]) == (2, 1)
    assert sorted(rows)[2:] == list(range(4, 52))


def test_weights_go_to_the_places_of_the_same_name() -> None:
    """As fairseq would have named those of a model, permuted as its table is."""
    ids = SpecialIds(pad=0, bos=1, eos=2)
    model, other = (build("bart-nano", ids, 40, seed) for seed in (1, 2))
    rows = table_rows(40, end=2, pad=0)
    theirs = {
        name.removeprefix("model."): weight.numpy()
        for name, weight in model.state_dict().items()
        if not name.endswith(("final_logits_bias", "lm_head.weight", "shared.weight"))
    }
    table = np.zeros((42, 32), np.float32)
    table[rows] = model.state_dict()["model.shared.weight"].numpy()
    theirs["encoder.embed_tokens.weight"] = table
    del theirs["decoder.embed_tokens.weight"]  # one table for all
    other.load_state_dict(converted(theirs, rows, other.state_dict()))
    for name, weight in model.state_dict().items():
        assert np.array_equal(weight.numpy(), other.state_dict()[name].numpy()), name


def test_a_set_is_there_as_often_as_its_weight_says() -> None:
    made = [Coded(np.array([n]), np.array([n])) for n in range(10)]
    found = [int(one.source[0]) for one in drawn([Source("toy", 2.5, made)], seed=1)]
    assert sorted(Counter(found).values()) == [2] * 5 + [3] * 5
    assert found == [int(one.source[0]) for one in drawn([Source("toy", 2.5, made)], seed=1)]
    assert found != [int(one.source[0]) for one in drawn([Source("toy", 2.5, made)], seed=2)]


def option_of(command: list[str], name: str) -> str:
    return command[command.index(name) + 1]


def test_what_fairseq_is_asked(tmp_path: Path) -> None:
    network = build("bart-nano", SpecialIds(0, 1, 2), 40, 1).config
    more = {"steps": 200, "warmup": 0.1, "dropout": 0.2, "accumulate": 3, "patience": 4}
    command = training(tmp_path, network, asked(tmp_path, **more, evaluate_every=50), dev=True)
    wanted = {
        "--max-update": "200", "--warmup-updates": "20", "--dropout": "0.2", "--lr": "0.005",
        "--update-freq": "3", "--patience": "4", "--save-interval-updates": "50",
        "--max-tokens": "256", "--encoder-layers": "2", "--decoder-embed-dim": "32",
        "--activation-fn": "gelu", "--required-batch-size-multiple": "1",
    }  # fmt: skip
    assert {name: option_of(command, name) for name in wanted} == wanted
    assert "--cpu" in command
    assert "--disable-validation" not in command
    timed = asked(tmp_path, steps=None, seconds=90.0, device="cuda", dtype="bfloat16", dev=None)
    command = training(tmp_path, network, timed, dev=False)
    assert {"--stop-time-hours=0.025", "--bf16", "--disable-validation"} <= set(command)
    assert not {"--cpu", "--max-update", "--patience"} & set(command)
    assert option_of(command, "--warmup-updates") == str(through_fairseq.WARMUP)


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"config": "m2m-nano"}, "--engine fairseq: expected random weights of --config bart-SIZE"),
        ({"encoder": "e5", "tokenizer": None}, "--engine fairseq: expected random weights"),
        ({"config": None, "model": "x", "tokenizer": None}, "--engine fairseq: expected random"),
        ({"optimizer": "muon"}, "--engine fairseq has no --optimizer muon; leave it out"),
        ({"average": 0.9}, "--engine fairseq has no --average; leave it out"),
        ({"dtype": "bfloat16"}, "--engine fairseq has no --dtype bfloat16; leave it out"),
        ({"steps": None, "seconds": 9.0, "clock": "cpu"}, "--engine fairseq has no --clock cpu"),
        ({"engine": "marian"}, '--engine "marian": expected one of loop, fairseq'),
    ],
)
def test_what_it_has_not_is_refused(tmp_path: Path, more: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError) as refused:
        asked(tmp_path, **more)
    assert str(refused.value).startswith(told)


def test_without_fairseq_the_install_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KILOLINGUA_FAIRSEQ_PYTHON", str(shutil.which("false")))
    with pytest.raises(UnavailableError, match="pip install --no-build-isolation fairseq-fixed"):
        run(tmp_path, **MORE, steps=1)
    assert not (tmp_path / "run").exists()


def test_pieces_go_there_as_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a fairseq that does nothing: what it would have read, and what is said of no result."""
    monkeypatch.setenv("KILOLINGUA_FAIRSEQ_PYTHON", str(shutil.which("true")))
    with pytest.raises(UnavailableError, match=r"checkpoint_best.pt: expected a checkpoint that"):
        run(tmp_path, **MORE, steps=1)
    inside = tmp_path / "run" / "fairseq" / "data-bin"
    judged = pairs(12, seed=2) + pairs(20, seed=3)
    learned = [pair for pair in pairs(300, seed=1) if pair not in judged]
    for part, number in (("train", 2 * len(learned)), ("valid", 24)):  # both directions
        sides = [list(read_binarised(inside / f"{part}.source-target.{n}")) for n in SIDES]
        assert list(map(len, sides)) == [number, number]
        assert all(ids[-1] == 2 and ids.min() > 1 for side in sides for ids in side)


@pytest.mark.slow
def test_it_learns_and_the_network_is_the_same(tmp_path: Path) -> None:
    """The loss that fairseq told of the weights is that of the model which came out."""
    import torch

    try:
        interpreter()
    except UnavailableError as error:
        pytest.skip(str(error))
    done = run(tmp_path, **MORE, steps=300)
    assert done.told["training"]["engine"] == "fairseq"
    assert 0 < done.told["training"]["steps"] <= 300
    assert value(done, "sw-en", "model") > value(done, "sw-en", "copy") + 5
    log = (done.folder / "fairseq" / "fairseq-train.txt").read_text("utf-8")
    told = [float(one) for one in re.findall(r"valid on .*? \| nll_loss ([0-9.]+)", log)]
    from transformers import AutoModelForSeq2SeqLM

    model = AutoModelForSeq2SeqLM.from_pretrained(done.model).eval()
    coder = load_translator(done.folder).coder
    total = count = 0.0
    for left, right in pairs(12, seed=2):
        for source, target, way in ((left, right, ("sw", "en")), (right, left, ("en", "sw"))):
            [read] = coder.sources([source], way[0], tagged=False)
            [pieces] = coder.ids([target])
            wanted = [coder.tag(way[1]), *pieces, int(coder.tokenizer.eos_token_id)]
            given = [model.config.decoder_start_token_id, *wanted[:-1]]
            with torch.no_grad():
                scores = model(
                    input_ids=torch.tensor([read]), decoder_input_ids=torch.tensor([given])
                ).logits.log_softmax(-1)[0]
            total -= float(scores[torch.arange(len(wanted)), torch.tensor(wanted)].sum())
            count += len(wanted)
    # fairseq's table has some rows more than ours, which share in its probabilities a little
    assert total / count / math.log(2) == pytest.approx(min(told), abs=0.005)
    assert "training loss" in (done.folder / "report.html").read_text("utf-8")


def test_what_a_killed_run_printed_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`echo` prints its options in place of fairseq-train; without `goes_on` it begins anew."""
    monkeypatch.setenv("KILOLINGUA_FAIRSEQ_PYTHON", str(shutil.which("echo")))
    logs = {"output": tmp_path / "printed.txt", "log": tmp_path / "said.log"}
    for option, goes_on in (("--first", False), ("--second", True)):
        run_fairseq(["fairseq-train", option], goes_on=goes_on, **logs)
    printed = logs["output"].read_text("utf-8")
    assert 0 < printed.index("--first") < printed.index("--second")
    run_fairseq(["fairseq-train", "--third"], **logs)
    assert "--first" not in logs["output"].read_text("utf-8")
