"""A run that is killed or stopped goes on to the same weights; another run is refused."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from data.errors import InputError
from tests.training.texts import options, write_corpus
from training.pretrain import pretrain
from training.pretraining.config import PretrainConfig

COMPARED = (
    *("model/model.safetensors", "model/tokenizer.json", "model/tokenizer_config.json"),
    *("model/config.json", "model/README.md", "metrics.jsonl", "scores.json", "report.html"),
)


def command(corpus: Path, out: Path) -> list[str]:
    told = (
        f"--corpus {corpus} --objective MLM --config encoder-nano --tokenizer train:380 --steps 200"
        f" --batch-tokens 512 --length 32 --checkpoint-every 10 --evaluate-every 50 --out {out}"
        " --device cpu"
    )
    return [sys.executable, "-m", "training.pretrain", *shlex.split(told)]


def started(corpus: Path, out: Path) -> subprocess.Popen[str]:
    """A run that has written a checkpoint beyond its first, and works on."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(
        command(corpus, out), stderr=subprocess.PIPE, text=True, env=environment
    )
    until = time.monotonic() + 300
    while time.monotonic() < until and process.poll() is None:
        if _steps(out) >= 10:
            return process
        time.sleep(0.02)
    pytest.fail(f"no checkpoint was seen: {process.stderr.read() if process.stderr else ''}")


def _steps(out: Path) -> int:
    names = (path.name for path in (out / "checkpoints").glob("step-*"))
    return max((int(name[5:]) for name in names if name[5:].isdecimal()), default=0)


def finished(corpus: Path, out: Path) -> dict[str, bytes]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        command(corpus, out), capture_output=True, text=True, check=False, env=environment
    )
    assert done.returncode == 0, done.stderr
    return {name: (out / name).read_bytes().replace(str(out).encode(), b"OUT") for name in COMPARED}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, bytes]]:
    """A corpus, and what a run on it makes that nobody stops."""
    folder = tmp_path_factory.mktemp("whole")
    corpus = write_corpus(folder / "text.txt")
    return corpus, finished(corpus, folder / "run")


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGINT], ids=["killed", "Ctrl-C"])
def test_a_stopped_run_goes_on_to_the_same_bytes(
    sent: signal.Signals, whole: tuple[Path, dict[str, bytes]], tmp_path: Path
) -> None:
    corpus, expected = whole
    process = started(corpus, tmp_path / "stopped" / "run")
    process.send_signal(sent)
    _, said = process.communicate(timeout=300)
    if sent == signal.SIGINT:
        assert process.returncode == 130
        assert "the same call goes on; to go on: python -m training.pretrain --corpus" in said
    assert not (tmp_path / "stopped" / "run" / "scores.json").exists()
    stopped = finished(corpus, tmp_path / "stopped" / "run")
    for name in COMPARED:
        assert stopped[name] == expected[name], name


def test_another_run_in_the_folder_is_refused(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "text.txt")
    pretrain(PretrainConfig(**options(corpus, tmp_path / "run", steps=1)))
    write_corpus(corpus, 401)
    with pytest.raises(InputError, match=r"holds another run \(it differs in corpora\.bytes: "):
        pretrain(PretrainConfig(**options(corpus, tmp_path / "run", steps=1)))
    (tmp_path / "run" / "config.json").write_text("[]")
    with pytest.raises(InputError, match=r"not the configuration of a run of training\.pretrain"):
        pretrain(PretrainConfig(**options(corpus, tmp_path / "run", steps=1)))


def test_a_full_disk_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import errno

    from data.errors import UnavailableError
    from training.pretraining import run as running

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    corpus, out = write_corpus(tmp_path / "text.txt"), tmp_path / "run"
    with monkeypatch.context() as patched:
        patched.setattr(running, "save_safetensors", full)
        with pytest.raises(UnavailableError, match=r"run/model: no space left on the disk"):
            pretrain(PretrainConfig(**options(corpus, out, steps=2)))
    assert not list(out.glob("*model*"))
    done = pretrain(PretrainConfig(**options(corpus, out, steps=2)))
    assert done.told["training"]["steps"] == 2
