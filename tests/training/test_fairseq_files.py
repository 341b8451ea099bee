"""From files to data for fairseq, and from what it printed to files: the two commands."""

from __future__ import annotations

import json
import math
import os
import sys
from collections import Counter
from pathlib import Path

import pytest

from data.errors import InputError, UnavailableError
from training.fairseq import Commands, interpreter, prepare, read_generated, run_fairseq
from training.fairseq.__main__ import main
from training.fairseq.generated import Generated

# As fairseq-generate prints: by length, two hypotheses each, its log between.
GENERATED = """INFO:fairseq_cli.generate:loading model(s) from checkpoint_best.pt
S-1	m t i
T-1	t r e e
H-1	-0.5	t r e e
D-1	-0.5	t r e e
P-1	-1.0000 -0.5000 -0.2500 -0.2500 -0.5000
H-1	-2.0	t r i
D-1	-2.0	t r i
P-1	-2.0000 -2.0000 -2.0000 -2.0000
2026-11-21 09:46:29 | INFO | fairseq.tasks.fairseq_task | creating new batches for epoch 1
S-0	n y u k i \\u2581 ▁ x
T-0	<<unk>>
H-0	-3.0	{}
D-0	-3.0	{}
P-0	-3.0000
Generate test with beam=2: BLEU4 = 0.00, 5.5/0.5/0.0/0.0 (BP=1.000, ratio=5.581)
""".replace("{}", "")


def written(folder: Path, name: str, content: str) -> Path:
    path = folder / name
    path.write_text(content, "utf-8", newline="")
    return path


def command(*words: str | Path) -> list[str]:
    return [str(word) for word in words]


def test_hypotheses_come_back_in_order(tmp_path: Path) -> None:
    counts: Counter[str] = Counter()
    first, second = read_generated(written(tmp_path, "g.txt", GENERATED), counts=counts)
    assert (first.id, first.source, first.reference) == (0, r"n y u k i \u2581 ▁ x", "<<unk>>")
    assert (first.best.text, first.best.score) == ("", -3.0)
    assert [one.text for one in second.hypotheses] == ["t r e e", "t r i"]
    # 2.5 bits over five symbols: the score is their mean, the probability of the whole is 2 ** -2.5
    assert second.best.score == -2.5 / 5
    assert math.exp(second.best.log_probability) == pytest.approx(2**-2.5)
    assert counts["lines of the log, left out"] == 3


@pytest.mark.parametrize(
    ("content", "expected", "message"),
    [
        (GENERATED, 3, r"hypotheses for 3 sentences, found none for 1 \(2, counted from 0\)"),
        (GENERATED, 1, "expected 1 sentences, found sentence 1 counted from 0"),
        (GENERATED + "S-1\tm t i\n", None, "g.txt:17: expected one generation, found sentence 1"),
        (GENERATED + "S-2\tx\nH-2\t-0.\n", None, 'g.txt:18: expected a score, a tab and .* "-0."'),
        ("S-0\tm t i\n", None, "g.txt: expected lines as H-0, score, hypothesis, found none"),
    ],
)
def test_a_bad_generation_says_where(
    content: str, expected: int | None, message: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=message):
        read_generated(written(tmp_path, "g.txt", content), expected=expected)


def test_read_writes_json_lines_or_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    generated = written(tmp_path, "g.txt", GENERATED)
    read = command("read", "--generated", generated, "--units", "characters", "--out")
    assert main([*read, str(tmp_path / "out.jsonl")]) == 0
    assert "2 sentences\n  3 lines of the log, left out\n" in capsys.readouterr().out
    first, second = map(json.loads, (tmp_path / "out.jsonl").read_text("utf-8").splitlines())
    assert first["source"] == "nyuki▁ x"
    assert second["hypotheses"][1] == {
        "text": "tri",
        "score": -2.0,
        "log_probability": pytest.approx(-8 * math.log(2)),
    }
    assert main([*read, str(tmp_path / "out.txt")]) == 0
    assert (tmp_path / "out.txt").read_text("utf-8") == "\ntree\n"
    assert main([*read, str(tmp_path / "out.tsv")]) == 2
    assert "--out: expected a name in .jsonl or .txt, found" in capsys.readouterr().err


def test_prepare_writes_pairs_and_prints_what_comes_next(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = written(tmp_path, "pairs.tsv", "en\tsw\ntree\tmti\nbee\tnyuki\n")
    english = written(tmp_path, "test.en", "\ufefftree\r\nwood\r\n\r\n")
    swahili = written(tmp_path, "test.sw", "mti\n\nnyuki\n")
    out = tmp_path / "my data"
    prepare = command(
        *("prepare", "--objective", "translation", "--source", "en", "--target", "sw"),
        *("--train", table, "--test", english, swahili, "--units", "characters", "--joined"),
        *("--out", out),
    )
    assert main(prepare) == 2
    assert "test.sw:2: expected a sentence on both sides, found empty target" in (
        capsys.readouterr().err
    )
    assert main([*prepare, "--skip-bad"]) == 0
    printed = capsys.readouterr().out
    assert f"'{out}/data-bin' --task translation" in printed
    assert "--share-all-embeddings --disable-validation --required-batch-size-multiple 1" in printed
    assert "--units characters --expected 1" in printed
    generate, read = printed.splitlines()[-2:]
    assert "from fairseq_cli.generate import cli_main" in generate
    assert generate.endswith(f" > '{out}/generated.txt'")
    assert read.startswith("python -m training.fairseq read --generated ")
    assert (out / "text/train.en").read_text("utf-8") == "t r e e\nb e e\n"
    record = json.loads((out / "preparation.json").read_bytes())
    settings = record["settings"]
    assert set(settings) == {"objective", "languages", "units", "vocabulary", "files"}
    assert (settings["languages"], settings["units"]) == (["en", "sw"], "characters")
    assert (settings["vocabulary"]["joined"], settings["vocabulary"]["reuse"]) == (True, "")
    assert {split: len(sums) for split, sums in settings["files"].items()} == {
        "train": 1,
        "test": 2,
    }
    assert record["left out"] == {"empty source": 1, "empty target": 1}
    assert record["sizes"]["test.en-sw.sw"]["sentences"] == 1
    assert main([*prepare, "--skip-bad"]) == 0  # the same again
    assert main([*prepare, "--skip-bad", "--threshold", "2"]) == 2
    assert "expected a new folder, found data of other files or settings" in capsys.readouterr().err


def test_documents_stay_apart_and_fairseqs_symbols_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = written(tmp_path, "one.txt", "haba na haba\n\nhujaza </s> kibaba\n")
    two = written(tmp_path, "two.txt", "mti\n")
    prepare = command("prepare", "--objective", "mlm", "--train", one, two, "--out", tmp_path / "o")
    assert main(prepare) == 2
    assert "one.txt:3: expected text, found </s>, a symbol of fairseq's own" in (
        capsys.readouterr().err
    )
    assert main([*prepare, "--skip-bad"]) == 0
    assert (tmp_path / "o/text/train").read_text("utf-8") == "haba na haba\n\n\nmti\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--objective", "mlm"], "expected files of text, found none; give --train at least"),
        (["--objective", "mlm", "--source", "en"], "expected --source and --target, found one of"),
        (["--objective", "translation"], "expected a source and a target language for translation"),
        (["--objective", "mlm", "--train", "no.txt"], "no.txt: no such file; check the path"),
        (
            ["--objective", "translation", "--source=en", "--target=sw", "--train", __file__],
            "expected two files of sentences, en then sw, or one .tsv with columns of these names",
        ),
    ],
)
def test_bad_options_are_one_line(
    words: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["prepare", *words, "--out", str(tmp_path / "o")]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_the_command_that_makes_the_same_files(tmp_path: Path) -> None:
    """fairseq-preprocess reads a text of each split, of one side or of two."""
    made = tmp_path / "made"
    end = ["--destdir", str(made)]
    splits = {name: str(tmp_path / "text" / name) for name in ("train", "valid")}
    train = ["--trainpref", splits["train"]]
    one = Commands(tmp_path, "mlm", ("train",), None)
    assert one.preprocess(made) == ["fairseq-preprocess", "--only-source", *train, *end]
    pair = ["--source-lang", "en", "--target-lang", "sw"]
    two = Commands(tmp_path, "translation", tuple(splits), ("en", "sw"))
    both = [*train, "--validpref", splits["valid"]]
    assert two.preprocess(made) == ["fairseq-preprocess", *pair, *both, *end]
    joined = Commands(tmp_path, "translation", ("train",), ("en", "sw"), joined=True)
    assert joined.preprocess(made) == [
        "fairseq-preprocess",
        "--joined-dictionary",
        *pair,
        *train,
        *end,
    ]


@pytest.fixture
def python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Python that "has fairseq": it is asked for modules once, then told what to run."""
    path = tmp_path / "python"
    path.write_text(
        "#!/bin/sh\n"
        'case "$2" in *find_spec*) exit "${FOUND:-0}";; esac\n'
        'echo "said $3 with $OMP_NUM_THREADS threads, safe path $PYTHONSAFEPATH"\n'
        'printf "first\\n  the last word  \\n\\n" >&2\n'
        'exit "${STATUS:-0}"\n'
    )
    path.chmod(0o755)
    monkeypatch.setenv("KILOLINGUA_FAIRSEQ_PYTHON", str(path))
    return path


def test_programs_run_in_the_python_that_has_them(
    python: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert interpreter() == str(python)
    output, log = tmp_path / "said.txt", tmp_path / "all" / "logs" / "log.txt"
    run_fairseq(["fairseq-train", "data-bin"], output=output, log=log, threads=3)
    assert output.read_text() == "said data-bin with 3 threads, safe path 1\n"
    assert log.read_text() == "first\n  the last word  \n\n"
    monkeypatch.setenv("STATUS", "7")
    with pytest.raises(
        UnavailableError, match=r"fairseq-train failed with exit code 7: .the last word.; see"
    ):
        run_fairseq(["fairseq-train", "data-bin"], output=output, log=log)
    assert output.read_text() == "said data-bin with 1 threads, safe path 1\n"
    monkeypatch.setenv("FOUND", "1")
    with pytest.raises(UnavailableError, match="fairseq is not installed; install it with: pip"):
        interpreter()
    monkeypatch.setenv("KILOLINGUA_FAIRSEQ_PYTHON", str(tmp_path / "none"))
    with pytest.raises(InputError, match=r"FAIRSEQ_PYTHON: expected a Python, found .*none; corr"):
        interpreter()


def test_without_a_python_named_it_is_this_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Modules that are empty will do: they are only looked for."""
    for name in ("torch", "fairseq", "fairseq_cli"):
        (tmp_path / f"{name}.py").write_text("")
    monkeypatch.delenv("KILOLINGUA_FAIRSEQ_PYTHON", raising=False)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    assert interpreter() == sys.executable


def test_objectives_pairs_and_generations_that_are_none(tmp_path: Path) -> None:
    text = written(tmp_path, "one.txt", "mti\n")
    with pytest.raises(InputError, match="objective: expected one of mlm, denoising, translation"):
        prepare({"train": [text]}, tmp_path / "o", objective="mlmm")
    with pytest.raises(InputError, match="sentence 4: expected a hypothesis, found none"):
        _ = Generated(4, "mti", None, ()).best
    cut = written(tmp_path, "g.txt", "S-0\tx\nH-0\t-0.5\tt\nP-0\t-1.0 -0.x\n")
    with pytest.raises(InputError, match=r"g\.txt:3: expected"):
        read_generated(cut)


def test_a_pair_with_a_symbol_of_fairseqs_own_is_named_or_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = written(tmp_path, "pairs.tsv", "en\tsw\ntree\tmti\n<pad> bee\tnyuki\nbee\t</s>\n")
    asked = command(
        *("prepare", "--objective", "translation", "--source", "en", "--target", "sw"),
        *("--train", table, "--out", tmp_path / "o"),
    )
    assert main(asked) == 2
    assert "pairs.tsv: pair 2: expected text, found <pad>, a symbol of fairseq's own" in (
        capsys.readouterr().err
    )
    assert main([*asked, "--skip-bad"]) == 0
    assert (tmp_path / "o/text/train.en").read_text("utf-8") == "tree\n"
