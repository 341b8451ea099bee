"""Run folders that were damaged: one line from every command that reads them, never a traceback."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from app.results import find_runs
from icl.compare import main as compare
from icl.eval import main as evaluate
from icl.export import main as export
from icl.merge import main as merge

PAIRS = "sw\ten\n" + "".join(f"Sentensi {n}.\tSentence {n}.\n" for n in range(1, 7))
OPTIONS = ["--lang", "sw", "--pool", "none", "--shots", "0", "--max-new-tokens", "4", "--offline"]

WHOLE: dict[str, bytes] = {
    "deep": b"[" * 100_000,
    "deep objects": b'{"run":' * 100_000,
    "long digits": b'{"run": ' + b"9" * 5000 + b"}",
    "a list": b"[1, 2]\n",
    "null": b"null\n",
    "a text": b'"run"\n',
    "a number": b"3\n",
    "no UTF-8": b"\xff\xfe\n",
    "nothing": b"",
    "an infinite number": b'{"run": 1e999}\n',
    "half a pair": b'{"run": "\\ud800"}\n',
}


@pytest.fixture(scope="session")
def run(tiny_decoder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("damaged")
    (folder / "pairs.tsv").write_text(PAIRS)
    options = [*OPTIONS, "--test-set", str(folder / "pairs.tsv"), "--model", str(tiny_decoder)]
    for shard in ("1/2", "2/2"):
        name = str(folder / f"shard-{shard[0]}")
        assert evaluate([*options, "--shard", shard, "--out", name]) == 0
    assert (
        merge([str(folder / "shard-1"), str(folder / "shard-2"), "--out", str(folder / "run")]) == 0
    )
    return folder


def lines_of(folder: Path, original: Path, model: Path, capsys: Any) -> dict[str, tuple[int, str]]:
    """What each command says of a folder: exit status and the last line on stderr."""
    options = [*OPTIONS, "--test-set", str(original / "pairs.tsv"), "--model", str(model)]
    commands = {
        "eval": lambda: evaluate([*options, "--out", str(folder)]),
        "compare": lambda: compare(
            [str(original / "run"), str(folder), "--out", str(folder / "c")]
        ),
        "export": lambda: export([str(folder)]),
        "merge": lambda: merge([str(folder), "--out", str(folder / "m")]),
    }
    said = {}
    for name, command in commands.items():
        copy = folder.with_name(f"{folder.name}-before")
        shutil.copytree(folder, copy)
        capsys.readouterr()
        status = command()
        said[name] = status, (capsys.readouterr().err.splitlines() or [""])[-1]
        shutil.rmtree(folder)
        copy.rename(folder)
    return said


@pytest.mark.parametrize("name", ["config.json", "segments.jsonl", "scores.json", "timing.jsonl"])
@pytest.mark.parametrize("kind", WHOLE)
def test_a_file_replaced(
    name: str, kind: str, run: Path, tiny_decoder: Path, tmp_path: Path, capsys: Any
) -> None:
    folder = tmp_path / "run"
    shutil.copytree(run / "run", folder)
    content = WHOLE[kind]
    if name.endswith("jsonl") and not content.endswith(b"\n"):
        content += b"\n"
    (folder / name).write_bytes(content)
    for command, (status, line) in lines_of(folder, run, tiny_decoder, capsys).items():
        if status:
            assert f"icl.{command}: error: " in line
            assert len(line) < 700
    runs, unread = find_runs(tmp_path)
    assert len(runs) + len(unread) <= 1
    assert all("\n" not in line for line in unread)


def every_change(value: Any) -> list[Any]:
    """A value with each of its leaves, and each of its parts, turned into something else."""
    others: list[Any] = [None, 7, -1.5, "x", [], {}, [[]], True]
    made = list(others)
    if isinstance(value, dict):
        for key, part in value.items():
            made += [{k: v for k, v in value.items() if k != key}]
            made += [{**value, key: other} for other in every_change(part)]
    elif isinstance(value, list) and value:
        made += [[other, *value[1:]] for other in every_change(value[0])]
    return made


@pytest.mark.parametrize("name", ["config.json", "segments.jsonl", "scores.json"])
def test_every_part_of_another_type(
    name: str, run: Path, tiny_decoder: Path, tmp_path: Path, capsys: Any
) -> None:
    folder = tmp_path / "run"
    shutil.copytree(run / "run", folder)
    text = (folder / name).read_text()
    first, _, rest = text.partition("\n") if name.endswith("jsonl") else (text, "", "")
    if name.endswith("jsonl"):  # a line of the model
        lines = text.splitlines(keepends=True)
        lines.sort(key=lambda line: '"system":"model"' not in line)
        first, rest = lines[0], "".join(lines[1:])
    changes = every_change(json.loads(first))
    assert len(changes) > 100
    for change in changes[:: max(1, len(changes) // 60)]:
        (folder / name).write_text(f"{json.dumps(change)}\n{rest}")
        for command in (
            lambda: compare([str(run / "run"), str(folder), "--out", str(tmp_path / "c")]),
            lambda: merge([str(folder), "--out", str(tmp_path / "m")]),
            lambda: find_runs(tmp_path),
            lambda: export([str(folder), "--out", str(tmp_path / "e")]),
        ):
            command()
            shutil.rmtree(tmp_path / "c", ignore_errors=True)
            shutil.rmtree(tmp_path / "m", ignore_errors=True)
        assert "Traceback" not in capsys.readouterr().err
