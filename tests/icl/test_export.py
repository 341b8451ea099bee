"""A run as other tools read it: sacrebleu's command on the plain text, viewers on the samples."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from data.errors import InputError
from icl.eval import main
from icl.export import export
from icl.export import main as export_main


@pytest.fixture
def finished(tiny_decoder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    options = [
        "--lang",
        "sw",
        "--test-set",
        "sample",
        "--model",
        str(tiny_decoder),
        "--limit",
        "12",
    ]
    assert main([*options, "--max-new-tokens", "24", "--out", str(folder)]) == 0
    return folder


def sacrebleu_says(reference: Path, hypothesis: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "sacrebleu", str(reference), "-i", str(hypothesis)]
    command += ["-m", "bleu", "chrf", "--chrf-word-order", "2", "-w", "10", "-f", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return {found["name"]: found["score"] for found in json.loads(done.stdout)}


def test_sacrebleus_own_command_gives_our_scores(finished: Path, tmp_path: Path) -> None:
    export(finished, tmp_path)
    results = json.loads((finished / "scores.json").read_text())["results"]
    assert [result["system"] for result in results] == ["model", "copy", "gloss"]
    for result in results:
        hypothesis = tmp_path / f"sw-en.{result['system']}.hyp.txt"
        expected = sacrebleu_says(tmp_path / "sw-en.ref.txt", hypothesis)
        ours = {score["name"]: score["value"] for score in result["scores"]}
        assert ours["BLEU"] == pytest.approx(expected["BLEU"], abs=1e-9)
        assert ours["chrF++"] == pytest.approx(expected["chrF2++"], abs=1e-9)


def test_samples_have_the_keys_that_viewers_read(finished: Path, tmp_path: Path) -> None:
    [path] = [p for p in export(finished, tmp_path) if p.name.startswith("samples_sample_sw-en_mo")]
    samples = [json.loads(line) for line in path.read_text().splitlines()]
    assert [sample["doc_id"] for sample in samples] == list(range(12))
    first = samples[0]
    assert list(first)[:11] == [
        *("doc_id", "doc", "target", "arguments", "resps", "filtered_resps", "filter"),
        *("metrics", "doc_hash", "prompt_hash", "target_hash"),
    ]
    prompt = first["arguments"]["gen_args_0"]["arg_0"]
    assert prompt.endswith(f"Swahili: {first['doc']['source']}\nEnglish:")
    assert first["prompt_hash"] == hashlib.sha256(prompt.encode()).hexdigest()
    assert first["resps"] == [first["filtered_resps"]]
    assert first["arguments"]["gen_args_0"]["arg_1"] == {
        "until": ["\n"],
        "max_gen_toks": 24,
        "do_sample": False,
        "temperature": 0.0,
    }
    assert set(first["doc"]) == {"id", "source", "reference"}
    assert first["target"] == first["doc"]["reference"]
    hashed = json.dumps(first["doc"], indent=2, ensure_ascii=False)
    for name, text in (("doc_hash", hashed), ("target_hash", first["target"])):
        assert first[name] == hashlib.sha256(text.encode()).hexdigest()
    assert set(first["metrics"]) <= set(first)


def test_only_a_finished_run_is_exported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert export_main([str(tmp_path)]) == 2
    assert "no scores.json; run icl.eval to its end first" in capsys.readouterr().err


def test_answers_of_other_options_are_not_passed_off(finished: Path, tmp_path: Path) -> None:
    for name in ("scores.json", "segments.jsonl"):
        (tmp_path / name).write_bytes((finished / name).read_bytes())
    config = json.loads((finished / "config.json").read_text())
    config["options"]["seed"] = 2
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(InputError, match="12 of 12 answers of model, sw-en, are not there"):
        export(tmp_path)
