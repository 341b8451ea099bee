"""From files to data for fairseq, and from what it printed to files: the two commands."""

from __future__ import annotations

import json
import math
from collections import Counter
from pathlib import Path

import pytest

from data.errors import InputError
from training.fairseq import main, read_generated

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
    assert (out / "text/train.en").read_text("utf-8") == "t r e e\nb e e\n"
    record = json.loads((out / "preparation.json").read_bytes())
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
