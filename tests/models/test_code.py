"""A model's own code never runs, whatever its files name, in every command that opens a model.

Each command is started as a user starts it, with a terminal's answer "y" at hand, on folders whose
configuration, tokenizer or processor names a Python file that would leave a trace.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import icl.eval
import icl.translate
import training.pretrain
import training.tag
import training.tokenizer.__main__
from data.access import Access
from data.errors import InputError
from models.code import without_code
from models.resolve import resolve_model
from models.tokenizer import open_tokenizer
from models.weights import open_weights

ROOT = Path(__file__).parent.parent.parent
EVIL = """import os
open(os.environ["TRACE"], "a").write("code ran\\n")
class EvilConfig: pass
class EvilModel: pass
class EvilTokenizer: pass
def generate(*_, **__): pass
"""
ROPE = {"rope_theta": 10000.0, "rope_type": "default"}
MAP = {
    "AutoConfig": "evil.EvilConfig",
    "AutoTokenizer": ["evil.EvilTokenizer", "evil.EvilTokenizer"],
    "AutoProcessor": "evil.EvilTokenizer",
    **dict.fromkeys(
        (
            "AutoModel",
            "AutoModelForCausalLM",
            "AutoModelForMaskedLM",
            "AutoModelForSeq2SeqLM",
            "AutoModelForTokenClassification",
        ),
        "evil.EvilModel",
    ),
}


def changed(path: Path, **more: Any) -> None:
    old = json.loads(path.read_text("utf-8")) if path.exists() else {}
    path.write_text(json.dumps(old | more), "utf-8")


def in_config(folder: Path) -> None:
    changed(folder / "config.json", auto_map=MAP, model_type="evil")


def in_tokenizer(folder: Path) -> None:
    changed(folder / "tokenizer_config.json", auto_map=MAP, tokenizer_class="EvilTokenizer")


def in_processors(folder: Path) -> None:
    for name in ("processor_config.json", "preprocessor_config.json"):
        changed(folder / name, auto_map=MAP, processor_class="EvilTokenizer")
    (folder / "custom_generate").mkdir()
    (folder / "custom_generate" / "generate.py").write_text(EVIL, "utf-8")


def everywhere(folder: Path) -> None:
    in_tokenizer(folder)
    in_processors(folder)
    in_config(folder)


def spoilt(model: Path, folder: Path, *spoil: Callable[[Path], None]) -> Path:
    shutil.copytree(model, folder)
    (folder / "evil.py").write_text(EVIL, "utf-8")
    for change in spoil:
        change(folder)
    return folder


class Stdin(io.StringIO):
    """A terminal at which somebody types "y", and whose use fails the test."""

    def readline(self, *_: object) -> str:
        pytest.fail("a question was asked")

    read = readline
    __next__ = readline


MAINS = {
    "icl.eval": icl.eval.main,
    "icl.translate": icl.translate.main,
    "training.pretrain": training.pretrain.main,
    "training.tag": training.tag.main,
    "training.tokenizer": training.tokenizer.__main__.main,
}
COMMANDS = {
    "icl.eval": "--lang sw --shots 1 --limit 2 --model {decoder} --max-new-tokens 4 --out {out}",
    "icl.eval by transformers": "--lang sw --limit 2 --model {decoder} --engine transformers"
    " --max-new-tokens 4 --out {out}",
    "icl.eval by embeddings": "--lang sw --shots 1 --limit 2 --model {plain} --max-new-tokens 4"
    " --select embedding --embedder {decoder} --out {out}",
    "icl.translate": "--lang sw --model {decoder} --max-new-tokens 4 Habari",
    "training.pretrain": "--objective CLM --model {decoder} --corpus {text} --steps 2 --out {out}",
    "training.pretrain with a tokenizer": "--objective MLM --config encoder-nano --corpus {text}"
    " --tokenizer {decoder} --steps 2 --out {out}",
    "training.tag": "--model {encoder} --train {tags} --test {tests} --steps 2 --out {out}",
    "training.tag with a teacher": "--config encoder-nano --tokenizer {plain} --train {tags}"
    " --test {tests} --unlabelled {more} --teacher {tagger} --steps 2 --out {out}",
    "training.tokenizer extend": "{decoder} --text sample:sw --size 5 --out {out}",
    "training.tokenizer extend alone": "{decoder} --text sample:sw --size 5 --tokenizer-only"
    " --out {out}",
    "training.tokenizer fertility": "{decoder} --text {text}",
}


@pytest.mark.parametrize("spoil", [in_config, in_tokenizer, in_processors, everywhere])
@pytest.mark.parametrize("command", COMMANDS)
def test_no_command_runs_a_models_own_code(
    command: str,
    spoil: Callable[[Path], None],
    decoder: Path,
    encoder: Path,
    tagger: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    text, tags, tests, more = (tmp_path / f"{name}.txt" for name in ("text", "a", "b", "c"))
    text.write_text("".join(f"Mtu {n} anasoma kitabu {n}.\n" for n in range(40)), "utf-8")
    for place, path in enumerate((tags, tests, more)):
        rows = (f"Mtu{n}\tNOUN\nanasoma\tVERB\n\n" for n in range(9 * place, 9 * place + 9))
        path.write_text("".join(rows), "utf-8")
    places = {
        "decoder": spoilt(decoder, tmp_path / "model", spoil),
        "encoder": spoilt(encoder, tmp_path / "encoder", spoil),
        "tagger": spoilt(tagger, tmp_path / "tagger", spoil),
        "plain": decoder,
        "out": tmp_path / "out",
        "text": text,
        "tags": tags,
        "tests": tests,
        "more": more,
    }
    module, _, rest = command.partition(" ")
    subcommand = rest.split()[:1] if module == "training.tokenizer" else []
    arguments = [part.format(**places) for part in COMMANDS[command].split()]
    trace = tmp_path / "trace"
    monkeypatch.setenv("TRACE", str(trace))
    monkeypatch.setenv("KILOLINGUA_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("KILOLINGUA_MIRROR", raising=False)
    monkeypatch.setattr("sys.stdin", Stdin())
    monkeypatch.chdir(tmp_path)
    code = MAINS[module]([*subcommand, *arguments, "--offline"])
    told = "".join(capsys.readouterr())
    assert not trace.exists()
    assert "code of its own" in told, told
    assert code == (2 if spoil in (in_config, everywhere) else 0), told


def test_a_model_folder_and_an_answer_that_allows_its_code(decoder: Path, tmp_path: Path) -> None:
    """As a user starts it, in a process of its own, with "y" on its input."""
    folder, trace = spoilt(decoder, tmp_path / "model", everywhere), tmp_path / "trace"
    line = "training.tokenizer extend {} --text sample:sw --size 20 --out {}/out"
    done = subprocess.run(
        [sys.executable, "-m", *line.format(folder, tmp_path).split()],
        input="y\n" * 50,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "TRACE": str(trace), "KILOLINGUA_CACHE": str(tmp_path / "cache")},
    )
    assert (done.returncode, done.stdout, trace.exists()) == (2, "", False)
    assert done.stderr.startswith(
        f"python -m training.tokenizer: error: {folder}: asks to run code of its own (config.json:"
    )
    assert done.stderr.endswith(
        'which never runs here, and transformers has no "evil" of its own; choose another model\n'
    )
    assert not (tmp_path / "out").exists()


def test_a_folder_that_names_no_code_is_opened_in_place(decoder: Path) -> None:
    assert without_code(decoder) == decoder


@pytest.mark.parametrize(
    ("name", "settings", "gone"),
    [
        ("config.json", {"auto_map": MAP}, "auto_map"),
        ("config.json", {"rope_parameters": {**ROPE, "auto_map": MAP}}, "auto_map"),
        ("config.json", {"attn_implementation": "stranger/kernel"}, "attn_implementation"),
        ("config.json", {"_attn_implementation": "stranger/kernel"}, "_attn_implementation"),
        ("generation_config.json", {"custom_generate": "stranger/decoding"}, "custom_generate"),
        ("generation_config.json", {"penalty_alpha": 0.6, "top_k": 4}, "penalty_alpha"),
        ("tokenizer_config.json", {"auto_map": ["evil.EvilTokenizer", None]}, "auto_map"),
        ("video_preprocessor_config.json", {"auto_map": MAP}, "auto_map"),
    ],
)
def test_a_known_architecture_is_opened_without_its_code(
    name: str, settings: dict[str, Any], gone: str, decoder: Path, tmp_path: Path
) -> None:
    folder = spoilt(decoder, tmp_path / "model", lambda out: changed(out / name, **settings))
    said: list[str] = []
    model = resolve_model(str(folder), Access(report=said.append))
    assert said == [f"{folder}: names code of its own ({name}: {gone}), which never runs"]
    assert gone not in (model.folder / name).read_text("utf-8")
    assert not list(model.folder.glob("*.py"))
    assert model.name == tmp_path.name  # a folder "model" has its run's name
    opened, missing = open_weights(model.folder, "AutoModelForCausalLM", "does not open")
    assert (type(opened).__name__, missing) == ("LlamaForCausalLM", [])
    assert open_tokenizer(folder)("kitabu").input_ids == open_tokenizer(decoder)("kitabu").input_ids


def test_a_vocabulary_may_have_any_word(decoder: Path, tmp_path: Path) -> None:
    """Only settings are looked through: "auto_map" as a piece of text is none."""
    folder = spoilt(decoder, tmp_path / "m", lambda out: changed(out / "vocab.json", auto_map=7))
    assert without_code(folder) == folder


def test_links_of_a_model_that_has_moved_are_made_again(decoder: Path, tmp_path: Path) -> None:
    folder = spoilt(decoder, tmp_path / "model", in_tokenizer)
    shutil.move(folder / "model.safetensors", tmp_path / "kept")
    (folder / "model.safetensors").symlink_to(tmp_path / "kept")
    first = without_code(folder)
    (tmp_path / "kept").rename(tmp_path / "elsewhere")
    (folder / "model.safetensors").unlink()
    shutil.move(tmp_path / "elsewhere", folder / "model.safetensors")
    second = without_code(folder)
    assert first == second
    assert (second / "model.safetensors").stat().st_size > 1000


def test_adapters_of_another_model_are_refused(decoder: Path, tmp_path: Path) -> None:
    """The library would open the model that they name, wherever that is."""
    folder = spoilt(
        decoder,
        tmp_path / "model",
        lambda out: changed(out / "adapter_config.json", base_model_name_or_path="stranger/model"),
    )
    with pytest.raises(InputError, match=r"holds adapters of another model .*; merge them"):
        resolve_model(str(folder))
    with pytest.raises(InputError, match=r"holds adapters of another model"):
        open_tokenizer(folder)


def test_a_tokenizer_that_only_its_code_can_open(decoder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "tokenizer"
    folder.mkdir()
    shutil.copy(decoder / "tokenizer_config.json", folder)
    in_tokenizer(folder)
    with pytest.raises(InputError, match=r"asks to run code of its own .*: auto_map.*nothing else"):
        open_tokenizer(folder)
