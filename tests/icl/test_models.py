"""Models: what is opened, what is refused, and that a revision names the bytes."""

from __future__ import annotations

import pickle
import shutil
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from data.access import Access
from data.errors import InputError, UnavailableError
from data.terminal import printable
from models.config import is_encoder_decoder, model_type
from models.derived import derived_folder
from models.resolve import resolve_model
from models.weights import refuse_pickles
from tests.icl.opened import opened


@pytest.fixture
def model(tiny_decoder: Path, tmp_path: Path) -> Path:
    """A copy of the tiny decoder that a test may spoil."""
    return Path(shutil.copytree(tiny_decoder, tmp_path / "model"))


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        pytest.fail("a socket was used")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def torch_zip(path: Path) -> None:
    import torch

    torch.save({"weight": torch.ones(2)}, path)


def torch_legacy(path: Path) -> None:
    import torch

    torch.save({"weight": torch.ones(2)}, path, _use_new_zipfile_serialization=False)


def pickled(protocol: int) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        path.write_bytes(pickle.dumps({"weight": [1.0]}, protocol))

    return write


def crafted(path: Path) -> None:
    path.write_bytes(b"cos\nsystem\n(S'true'\ntR.")  # protocol 0, as an attacker would write it


WRITERS = {
    "torch": torch_zip,
    "torch, before 1.6": torch_legacy,
    **{f"pickle {protocol}": pickled(protocol) for protocol in range(6)},
    "by hand": crafted,
}


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("name", ["pytorch_model.bin", "m.pt", "m.pkl", "optimizer.PTH", "x.ckpt"])
def test_a_pickle_is_refused(name: str, writer: str, tmp_path: Path) -> None:
    path = tmp_path / name
    WRITERS[writer](path)
    with pytest.raises(InputError) as caught:
        refuse_pickles(tmp_path)
    assert str(caught.value) == (
        f"{path}: is a pickle, which can run any code when it is opened; convert it to "
        "safetensors (transformers: model.save_pretrained), move it away, and run again"
    )


@pytest.mark.parametrize("engine", ["auto", "transformers", "ctranslate2"])
def test_no_engine_opens_a_folder_with_a_pickle_in_it(engine: str, model: Path) -> None:
    torch_zip(model / "training_args.bin")
    with pytest.raises(InputError, match=r"training_args\.bin: is a pickle"):
        opened(engine, model)


def test_what_is_no_pickle_is_not_refused(tiny_decoder: Path, tmp_path: Path) -> None:
    from ctranslate2.converters import TransformersConverter

    TransformersConverter(str(tiny_decoder)).convert(str(tmp_path / "ct2"))
    assert (tmp_path / "ct2" / "model.bin").stat().st_size > 1000
    refuse_pickles(tmp_path / "ct2")
    (tmp_path / "empty.pt").touch()
    (tmp_path / "gone.bin").symlink_to("nowhere")
    (tmp_path / "folder.pt").mkdir()
    refuse_pickles(tmp_path)


def error_of(name: Path | str, **options: Any) -> str:
    with pytest.raises((InputError, UnavailableError)) as caught:
        resolve_model(str(name), Access(**options))
    message = str(caught.value)
    assert "\n" not in message
    return f"{type(caught.value).__name__} {message}"


def test_folder_that_is_no_model(model: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    lacks = "expected *.safetensors or one *.gguf file, found"
    advice = "give a folder that holds a model"
    assert error_of(empty) == f"InputError {empty}: {lacks} neither; {advice}"
    (empty / "checkpoints").mkdir()  # as after a kill
    assert error_of(empty).endswith(
        "neither; the run in it is not finished, give the command that trains it once more"
    )
    (empty / "checkpoints").rmdir()
    for name in ("a.gguf", "b.gguf"):
        (empty / name).touch()
    assert error_of(empty) == f"InputError {empty}: {lacks} 2 *.gguf files; {advice}"
    (model / "config.json").write_text("{")
    assert error_of(model).startswith(f"InputError {model}/config.json: expected JSON, found ")
    (model / "config.json").write_text("[]")
    assert error_of(model) == (
        f"InputError {model}/config.json: expected an object, found a list; correct it"
    )
    (model / "config.json").unlink()
    assert error_of(model) == f"InputError {model}: expected a model folder with a config.json"


@pytest.mark.parametrize("kept", [0, 7, 40, -1])
def test_weights_that_were_cut_off(kept: int, model: Path) -> None:
    weights = model / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:kept])
    message = error_of(model)
    assert message.startswith(f"InputError {weights}: not a whole safetensors file (")
    assert message.endswith("); get it again")


@pytest.mark.parametrize("name", ["smollm3", "/no/such", "a\0b", "a/b/c", "a/b@"])
@pytest.mark.usefixtures("no_network")
def test_unknown_name(name: str) -> None:
    assert error_of(name) == (
        f'InputError --model "{printable(name)}": no such folder or .gguf file; expected one, a '
        "catalog name (smollm2-135m-instruct, multilingual-e5-small) or a hub id "
        "such as org/name@commit"
    )


@pytest.mark.parametrize("name", ["../model", "./model", "org--x/model", "a/" + "b" * 200])
@pytest.mark.usefixtures("no_network")
def test_a_name_that_the_hub_cannot_have(name: str) -> None:
    assert error_of(name).startswith(
        f'InputError --model "{name}": no such folder, and not a hub id: '
    )


HUB_ERROR = "org/model: the hub could not be reached or has no such model ("


@pytest.mark.usefixtures("no_network")
def test_hub_offline(monkeypatch: pytest.MonkeyPatch) -> None:
    assert error_of("org/model@abc", offline=True) == (
        "UnavailableError org/model@abc: the hub could not be reached or has no such model "
        "(--offline, and not in the hub's cache); give a local folder with --model FOLDER"
    )
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)  # HF_HUB_OFFLINE=1
    assert error_of("org/model").startswith(f"UnavailableError {HUB_ERROR}")


def test_model_in_the_hubs_cache(
    model: Path, tmp_path: Path, no_network: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = "0123456789abcdef" * 2 + "01234567"
    cached = tmp_path / "hub" / "models--org--model"
    snapshot = Path(shutil.copytree(model, cached / "snapshots" / commit))
    (cached / "refs").mkdir()
    (cached / "refs" / "main").write_text(commit)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    for name in ("org/model", f"org/model@{commit}", "org/model@main"):
        found = resolve_model(name, Access(offline=True))
        assert (found.name, found.revision, found.folder) == ("org/model", commit, snapshot)
    torch_zip(snapshot / "pytorch_model.bin")
    assert "pytorch_model.bin: is a pickle" in error_of("org/model", offline=True)
    for name in ("pytorch_model.bin", "model.safetensors"):
        (snapshot / name).unlink()
    assert "expected *.safetensors or one *.gguf" in error_of("org/model", offline=True)


def test_architecture(tiny_decoder: Path, tiny_encoder_decoder: Path) -> None:
    assert (model_type(tiny_decoder), is_encoder_decoder(tiny_decoder)) == ("llama", False)
    assert (model_type(tiny_encoder_decoder), is_encoder_decoder(tiny_encoder_decoder)) == (
        "t5",
        True,
    )


def flip_a_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def add_a_space(path: Path) -> None:
    path.write_text(path.read_text("utf-8") + " ", "utf-8")


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("model.safetensors", flip_a_bit),
        ("config.json", add_a_space),
        ("generation_config.json", add_a_space),
        ("tokenizer.json", add_a_space),
        ("chat_template.jinja", add_a_space),
    ],
)
def test_revision_changes_with_what_changes_an_answer(
    name: str, change: Callable[[Path], None], model: Path
) -> None:
    before = resolve_model(str(model))
    (model / "README.md").write_text("notes")
    assert resolve_model(str(model)) == before
    change(model / name)
    after = resolve_model(str(model))
    assert after.name == before.name
    assert after.revision != before.revision
    assert len(after.revision) == 16


def test_a_run_of_training_is_a_model_and_gives_it_its_name(model: Path) -> None:
    run = model.parent.rename(model.parent.with_name("runs-swahili"))
    (run / "config.json").write_text("{}")  # the run's own, which is not a model's
    found = resolve_model(str(run))
    assert found == resolve_model(str(run / "model"))
    assert (found.name, found.folder) == ("runs-swahili", run / "model")


def test_derived_folder_is_built_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KILOLINGUA_CACHE", str(tmp_path))
    built, said = [], []
    access = Access(report=said.append)

    def build(folder: Path) -> None:
        built.append(folder)
        (folder / "weights").write_text("x" * 1000)

    threads = [
        threading.Thread(
            target=derived_folder, args=("x-int8", build, access), kwargs={"what": "x"}
        )
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = derived_folder("x-int8", build, access, what="x")
    assert found == tmp_path / "derived" / "x-int8"
    assert len(built) == 1
    assert built[0] != found, "it appears whole"
    assert said == ["converting x, once"]
    assert [path.name for path in found.iterdir()] == ["weights"]


@pytest.mark.parametrize("error", [OSError(5, "bad disk"), RuntimeError("no"), KeyboardInterrupt()])
def test_a_build_that_fails_leaves_nothing(
    error: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def build(folder: Path) -> None:
        (folder / "half").write_text("x")
        raise error

    monkeypatch.setenv("KILOLINGUA_CACHE", str(tmp_path))
    with pytest.raises(type(error)):
        derived_folder("x", build)
    derived = tmp_path / "derived"
    assert [path.name for path in derived.iterdir() if path.suffix != ".lock"] == []
    (derived / ".x.part").mkdir()
    (derived / ".x.part" / "left by a kill").touch()
    assert list(derived_folder("x", lambda folder: None).iterdir()) == []


def test_a_derived_folder_in_a_cache_that_others_filled(monkeypatch: pytest.MonkeyPatch) -> None:
    """A shared cache may be read-only: what is there needs no lock."""
    found = derived_folder("x", lambda folder: None)
    monkeypatch.setattr("models.derived.FileLock", None)
    assert derived_folder("x", lambda folder: None) == found


def test_a_derived_folder_without_a_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("KILOLINGUA_CACHE", str(tmp_path / "file"))
    built: list[Path] = []
    said: list[str] = []
    found = [
        derived_folder("x-vocabulary", built.append, Access(report=said.append)) for _ in range(2)
    ]
    assert found[0] == found[1]
    assert found[0].is_dir()
    assert len(built) == 1
    assert said == [
        f"{tmp_path / 'file' / 'derived'}: cannot be written to (Not a directory), so x-vocabulary"
        " is made anew in each run; set KILOLINGUA_CACHE to a folder of your own"
    ]
