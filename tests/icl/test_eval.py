"""The main job end to end, with a two-layer model on the hand-written sample."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from data.errors import UnavailableError
from icl.eval import main
from icl.evaluate import evaluate
from icl.options import RunConfig

FILES = ("config.json", "segments.jsonl", "scores.json", "report.html")


def arguments(model: Path, out: Path, *more: str) -> list[str]:
    base = ["--lang", "sw", "--test-set", "sample", "--model", str(model), "--out", str(out)]
    return [*base, "--max-new-tokens", "8", *more]


def command(*options: str) -> list[str]:
    return [sys.executable, "-m", "icl.eval", *options]


def contents(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in FILES}


def segments(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / "segments.jsonl").read_text().splitlines()]


def test_main_job(tiny_decoder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments(tiny_decoder, tmp_path, "--limit", "10", "--direction", "both")) == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown[0] == (
        "test set: sample test, Swahili and English, 10 of 120 segments "
        "(20 held back for shots, --limit 10), from this package"
    )
    assert shown[1].split()[:4] == ["system", "direction", "BLEU", "chrF++"]
    assert [line.split("  ")[0] for line in shown[2:8]] == [
        "tiny-llama",
        "copy",
        "gloss (sample)",
    ] * 2
    assert sorted(contents(tmp_path)) == sorted(FILES)
    scores = json.loads((tmp_path / "scores.json").read_text())["results"]
    assert [(r["system"], r["direction"]) for r in scores] == [
        (system, direction)
        for direction in ("sw-en", "en-sw")
        for system in ("model", "copy", "gloss")
    ]
    copied = next(s for s in scores[1]["scores"] if s["name"] == "copy rate")
    assert (copied["value"], copied["n"]) == (100.0, 10)


def test_signature_holds_what_is_needed_to_get_the_score_again(
    tiny_decoder: Path, tmp_path: Path
) -> None:
    config = RunConfig("sw", test_set="sample", model=str(tiny_decoder), limit=3, out=tmp_path)
    signature = evaluate(config).results[0].scores[0].signature
    keys = [part.partition(":")[0] for part in signature.split("|")]
    assert " ".join(keys) == (
        "nrefs case eff tok smooth version set split set-sha256 direction pool limit model "
        "revision engine dtype template template-sha256 shots shot-ids seed decoding "
        "max-new-tokens stop"
    )


def test_a_run_of_one_sentence_names_its_shot(tiny_decoder: Path, tmp_path: Path) -> None:
    config = RunConfig("sw", test_set="sample", model=str(tiny_decoder), limit=1, out=tmp_path)
    for result in evaluate(config).results:
        assert [score.n for score in result.scores] == [1] * len(result.scores)
        if result.system == "model":
            signature = dict(p.split(":", 1) for p in result.scores[0].signature.split("|"))
            assert (signature["shots"], signature["limit"]) == ("1", "1")
            assert signature["shot-ids"].isdigit()


def test_scores_are_sacrebleus(tiny_decoder: Path, tmp_path: Path) -> None:
    config = RunConfig("sw", test_set="sample", model=str(tiny_decoder), limit=40, out=tmp_path)
    evaluation = evaluate(config)
    gloss = [record for record in segments(tmp_path) if record["system"] == "gloss"]
    for name, key in (("hypothesis", "output"), ("reference", "reference")):
        text = "".join(f"{record[key]}\n" for record in gloss)
        (tmp_path / f"{name}.txt").write_text(text, "utf-8")
    files = [str(tmp_path / "reference.txt"), "-i", str(tmp_path / "hypothesis.txt")]
    done = subprocess.run(
        [sys.executable, "-m", "sacrebleu", *files, "-m", "bleu", "-b", "-w", "6"],
        capture_output=True,
        text=True,
        check=True,
    )
    score = next(r for r in evaluation.results if r.system == "gloss").score("BLEU")
    assert score is not None
    assert f"{score.value:.6f}" == done.stdout.strip()
    assert score.value > 1


def test_run_folder_is_named_by_its_configuration(
    tiny_decoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    config = RunConfig("sw", test_set="sample", model=str(tiny_decoder), limit=2)
    first, again = evaluate(config), evaluate(config)
    other = evaluate(RunConfig("sw", test_set="sample", model=str(tiny_decoder), limit=2, shots=2))
    assert first.folder == again.folder != other.folder
    assert first.folder.parent == Path("runs")


def test_batch_size_changes_no_output(tiny_decoder: Path, tmp_path: Path) -> None:
    for size in ("1", "7"):
        out = tmp_path / size
        assert main(arguments(tiny_decoder, out, "--batch-size", size)) == 0
    one, seven = (sorted(map(str, segments(tmp_path / size))) for size in ("1", "7"))
    assert one == seven
    assert contents(tmp_path / "1")["scores.json"] == contents(tmp_path / "7")["scores.json"]


def test_killed_at_any_moment_and_started_again(tiny_decoder: Path, tmp_path: Path) -> None:
    options = arguments(tiny_decoder, tmp_path / "whole", "--batch-size", "2")
    assert main(options) == 0
    whole = contents(tmp_path / "whole")
    killed = arguments(tiny_decoder, tmp_path / "killed", "--batch-size", "2")
    kills = 0
    for lines in (1, 130, 215, 260):  # while the baselines write, at their end, in the model
        child = subprocess.Popen(command(*killed), stdout=subprocess.DEVNULL)
        wait_for_lines(tmp_path / "killed" / "segments.jsonl", lines, child)
        child.send_signal(signal.SIGKILL)
        kills += child.wait() == -signal.SIGKILL
    assert kills >= 2, "the run was over before it could be killed"
    torn = tmp_path / "killed" / "segments.jsonl"
    with open(torn, "ab") as file:
        file.write(b'{"id":"sample:sw-en:9","ke')  # what a kill in the middle of a write leaves
    assert main(killed) == 0
    assert contents(tmp_path / "killed") == whole


def wait_for_lines(path: Path, lines: int, child: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 120
    while child.poll() is None and time.monotonic() < deadline:
        if path.exists() and path.read_bytes().count(b"\n") >= lines:
            return
        time.sleep(0.002)


def test_ctrl_c_prints_the_scores_so_far(tiny_decoder: Path, tmp_path: Path) -> None:
    # Long answers, so that the signal comes before the last one on a busy machine too.
    options = arguments(tiny_decoder, tmp_path, "--batch-size", "1", "--max-new-tokens", "1500")
    child = subprocess.Popen(command(*options), stdout=subprocess.PIPE, text=True)
    wait_for_lines(tmp_path / "segments.jsonl", 205, child)  # type: ignore[arg-type]
    child.send_signal(signal.SIGINT)
    shown = child.communicate(timeout=120)[0]
    assert child.returncode == 130
    rows = [line.split() for line in shown.splitlines() if " sw-en " in line and "[" in line]
    counts = {row[-3] for row in rows}
    assert len(counts) == 1, "baselines are scored on what the model has finished"
    assert 4 <= int(counts.pop()) < 100, "all but the batch under way"
    assert "run the same command to go on" in shown
    assert not (tmp_path / "scores.json").exists()


def test_another_run_in_the_folder(
    tiny_decoder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments(tiny_decoder, tmp_path, "--limit", "2")) == 0
    assert main(arguments(tiny_decoder, tmp_path, "--limit", "2", "--shots", "2")) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert f"{tmp_path}: holds another run (it differs in " in error
    assert "shots: 1, now 2" in error
    assert error.endswith("choose another --out, or leave it out")


def test_a_run_in_which_no_model_answered_does_not_hold_its_folder(
    tiny_decoder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The baselines have answered; the model did not open. Another takes the folder over."""
    broken = Path(shutil.copytree(tiny_decoder, tmp_path / "model"))
    settings = json.loads((broken / "config.json").read_text())
    (broken / "config.json").write_text(json.dumps(settings | {"hidden_size": 48}))
    out = tmp_path / "run"
    few = ("--limit", "4", "--engine", "transformers")
    assert main(arguments(broken, out, *few)) == 2
    assert "cannot be opened" in capsys.readouterr().err
    assert {record["system"] for record in segments(out)} == {"copy", "gloss"}
    assert main(arguments(tiny_decoder, out, *few)) == 0
    before = contents(out)
    capsys.readouterr()
    assert main(arguments(broken, out, *few)) == 2
    assert "holds another run" in capsys.readouterr().err
    assert contents(out) == before


def test_runs_without_a_mirror_or_network_on_the_sample(
    tiny_decoder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.delenv("KILOLINGUA_MIRROR", raising=False)
    options = ["--lang", "sw", "--model", str(tiny_decoder), "--limit", "2", "--offline"]
    assert main([*options, "--out", str(tmp_path)]) == 0
    first = capsys.readouterr().out.splitlines()[0]
    assert first.startswith("test set: sample test, Swahili and English, 2 of 120 segments")
    assert "because" in first
    assert "ntrex" in first


def test_help_needs_no_heavy_package() -> None:
    code = (
        "import sys; from icl.eval import main; code = main(['--help']);"
        "heavy = {'torch', 'transformers', 'ctranslate2', 'sacrebleu', 'numpy'} & set(sys.modules);"
        "sys.exit(code or bool(heavy))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "--max-new-tokens" in done.stdout


def test_environment_is_told_and_not_part_of_the_name(tiny_decoder: Path, tmp_path: Path) -> None:
    assert main(arguments(tiny_decoder, tmp_path, "--limit", "2")) == 0
    config = json.loads((tmp_path / "config.json").read_text())
    assert config["environment"]["packages"]["ctranslate2"][0].isdigit()
    assert config["run"]["systems"][0]["dtype"] == "float32"
    assert str(os.getpid()) not in json.dumps(config)


def test_a_folder_removed_under_a_run_is_noticed(tiny_decoder: Path, tmp_path: Path) -> None:
    """One line, and nothing of the folder comes back."""
    out = tmp_path / "run"
    asked = RunConfig("sw", test_set="sample", model=str(tiny_decoder), limit=6, out=out)

    def remove(label: str, done: int, total: int) -> None:
        if done:
            shutil.rmtree(out, ignore_errors=True)

    with pytest.raises(UnavailableError, match="run: was removed, or what was in it, while"):
        evaluate(asked, progress=remove)
    assert not out.exists()
