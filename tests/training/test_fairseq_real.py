"""Our files beside fairseq's own, and fairseq trained on ours; needs fairseq (see the reason)."""

from __future__ import annotations

import math
import random
from pathlib import Path

import pytest

from data.errors import InputError, UnavailableError
from training.fairseq import (
    Commands,
    Vocabulary,
    interpreter,
    prepare,
    read_generated,
    run_fairseq,
)

pytestmark = pytest.mark.slow

SMALL = {
    "translation": (
        *("--arch", "transformer", "--encoder-layers", "1", "--decoder-layers", "1"),
        *("--encoder-embed-dim", "32", "--decoder-embed-dim", "32"),
        *("--encoder-ffn-embed-dim", "64", "--decoder-ffn-embed-dim", "64"),
        *("--encoder-attention-heads", "2", "--decoder-attention-heads", "2"),
    ),
    "mlm": (
        *("--encoder-layers", "1", "--encoder-embed-dim", "16", "--encoder-ffn-embed-dim", "32"),
        *("--encoder-attention-heads", "2", "--tokens-per-sample", "64"),
    ),
}
SMALL["denoising"] = (
    *(*SMALL["translation"][2:], "--tokens-per-sample", "64"),
    *("--max-source-positions", "64", "--max-target-positions", "64"),
)
BRIEFLY = ("--cpu", "--no-progress-bar", "--num-workers", "0", "--warmup-updates", "2")
ALPHABET = [*"abcŋŋñö▁字𖬀א", "<unk>", "<a>", "madeupword0001", "\\u2581", "x\u0301"]


@pytest.fixture(autouse=True, scope="module")
def _fairseq() -> None:
    try:
        interpreter()
    except UnavailableError as error:
        pytest.skip(str(error))


def sentences(seed: int, number: int = 101) -> list[str]:
    draw = random.Random(seed)
    return [" ".join(draw.choices(ALPHABET, k=draw.randint(1, 9))) for _ in range(number)]


def files(folder: Path, *names: str) -> list[Path]:
    paths = [folder / name for name in names]
    for seed, path in enumerate(paths, 1):
        path.write_text("\n".join(sentences(seed)) + "\n", "utf-8")
    return paths


def assert_equal_to_fairseqs(ours: Path, commands: Commands, *options: str) -> None:
    theirs = ours / "theirs"
    command = [*commands.preprocess(theirs), *options]
    run_fairseq(command, output=ours / "preprocess.txt", log=ours / "preprocess.log")
    wanted = {path.name: path.read_bytes() for path in theirs.iterdir() if path.suffix != ".log"}
    found = {path.name: path.read_bytes() for path in (ours / "data-bin").iterdir()}
    assert found.keys() == wanted.keys()
    assert [name for name in found if found[name] != wanted[name]] == []


@pytest.mark.parametrize(
    ("vocabulary", "options"),
    [
        (Vocabulary(), ()),
        (Vocabulary(joined=True), ()),
        (
            Vocabulary(threshold=40, size=9),
            ("--thresholdsrc=40", "--thresholdtgt=40", "--nwordssrc=9", "--nwordstgt=9"),
        ),
    ],
    ids=["two dictionaries", "one dictionary", "fewer symbols"],
)
def test_pairs_are_what_fairseq_preprocess_writes(
    vocabulary: Vocabulary, options: tuple[str, ...], tmp_path: Path
) -> None:
    train = files(tmp_path, "train.en", "train.sw")
    _, commands = prepare(
        {"train": train, "valid": train[::-1]},
        tmp_path / "out",
        "translation",
        languages=("en", "sw"),
        vocabulary=vocabulary,
    )
    assert_equal_to_fairseqs(tmp_path / "out", commands, *options)


def test_a_wide_vocabulary_takes_four_bytes_as_in_fairseq(tmp_path: Path) -> None:
    wide = tmp_path / "wide.txt"
    wide.write_text("\n".join(f"neno{n} jina{n % 7}" for n in range(65_600)) + "\n\n", "utf-8")
    _, commands = prepare({"train": [wide]}, tmp_path / "out", "mlm")
    assert_equal_to_fairseqs(tmp_path / "out", commands)


@pytest.mark.parametrize("objective", ["mlm", "denoising"])
def test_one_language_is_numbered_and_trained_on(objective: str, tmp_path: Path) -> None:
    train, valid = files(tmp_path, "train.txt", "valid.txt")
    out = tmp_path / "out"
    _, commands = prepare({"train": [train], "valid": [valid]}, out, objective, cut="characters")
    assert_equal_to_fairseqs(out, commands)
    command = [*commands.train(), *SMALL[objective], *BRIEFLY, "--max-update", "3"]
    run_fairseq(command, output=out / "train.txt", log=out / "train.log")
    assert "num_updates 3" in (out / "train.txt").read_text("utf-8")


def test_translation_from_files_to_hypotheses(tmp_path: Path) -> None:
    """A model learns to copy; every sentence comes back, in order, with its reference."""
    source, target = files(tmp_path, "copy.en", "copy.sw")
    target.write_bytes(source.read_bytes())
    parts = dict.fromkeys(("train", "valid", "test"), (source, target))
    out, joined = tmp_path / "out", Vocabulary(joined=True)
    _, commands = prepare(parts, out, "translation", languages=("en", "sw"), vocabulary=joined)
    train = [*commands.train(), *SMALL["translation"], *BRIEFLY, "--lr", "5e-3", "--dropout", "0"]
    for updates in ("30", "150"):  # the second run goes on from the first one's checkpoint
        command = [*train, "--max-update", updates, "--no-epoch-checkpoints"]
        run_fairseq(command, output=out / f"train{updates}.txt", log=out / "train.log")
    assert "Loaded checkpoint" in (out / "train150.txt").read_text("utf-8")
    generated = out / "generated.txt"
    generate = [*commands.generate(), "--cpu", "--nbest", "2", "--max-len-b", "20"]
    run_fairseq(generate, output=generated, log=out / "generate.log")

    found = read_generated(generated, expected=101)
    lines = source.read_text("utf-8").splitlines()
    assert [one.source for one in found] == lines
    assert all(len(one.hypotheses) == 2 for one in found)
    assert [one.reference for one in found] == [s.replace("<unk>", "<<unk>>") for s in lines]
    right = sum(one.best.text == line for one, line in zip(found, lines, strict=True))
    assert right > 50
    for one in found:  # fairseq's score is the sum of the terms over their number, to the base 2
        terms = len(one.best.text.split()) + 1
        expected = one.best.score * math.log(2) * terms
        assert one.best.log_probability == pytest.approx(expected, abs=1e-4 * terms)

    command = [*generate, "--required-batch-size-multiple", "8"]  # fairseq's own default
    run_fairseq(command, output=generated, log=out / "generate.log")
    with pytest.raises(InputError, match="hypotheses for 101 sentences, found none for 5"):
        read_generated(generated, expected=101)
    assert (
        sum(
            not one.hypotheses
            for one in read_generated(generated, expected=101, allow_missing=True)
        )
        == 5
    )
