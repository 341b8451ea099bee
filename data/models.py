"""Where a model comes from: the catalog, a local folder or GGUF file, the hub at a commit.

    python -m icl.eval --lang sw --model smollm2-135m-instruct
    python -m icl.eval --lang sw --model ./my-model          # or a run of training, runs/swahili
    python -m icl.eval --lang sw --model HuggingFaceTB/SmolLM2-360M-Instruct@COMMIT

Weights are safetensors or GGUF, never a pickle, and no code from a model's folder ever runs. A GGUF
file is unpacked to safetensors once and kept in the cache, so that every engine reads one format.
"""

from __future__ import annotations

import contextlib
import errno
import io
import json
import pickletools
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock

from data.catalog import catalog, dataset
from data.download import Report, cache_folder, fetch
from data.errors import InputError, UnavailableError
from data.files import raise_if_disk_full, sha256_file, sha256_text

PICKLE_SUFFIXES = (".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt")
PICKLE_OPCODES = {opcode.code.encode("latin-1") for opcode in pickletools.opcodes}
HUB_FILES = ("*.safetensors", "*.json", "*.model", "*.txt", "*.jinja")
RUNS_MODEL = "model"  # the folder in a run of training that holds what it has made
CONTEXT_KEYS = ("max_position_embeddings", "n_positions", "max_sequence_length", "max_seq_len")


@dataclass(frozen=True, slots=True)
class Model:
    """A folder that `transformers` opens, with a name and a revision for keys and signatures.

    Attributes:
        name: the catalog's name, the hub's id, the folder's name; for its `model/` a run's name.
        revision: the hub's commit, or the first 16 hex digits of a sha256: of the GGUF file, or
            of the weights, configuration, tokenizer and chat template of a folder.
        folder: config, tokenizer and safetensors.
    """

    name: str
    revision: str
    folder: Path


def resolve_model(name: str, offline: bool = False, report: Report | None = None) -> Model:
    """Find a model and bring it to this machine if need be.

    Raises:
        InputError: no such model, a folder without weights or with a pickle in it.
        UnavailableError: the files cannot be had, or a package is missing.
    """
    path = Path(name)
    if name in catalog() and dataset(name).kind == "model":
        weights = fetch(dataset(name).select("weights")[0], offline=offline, report=report)
        return _from_gguf(name, weights.path, report)
    if path.is_dir():
        return _from_folder(path)
    if path.is_file() and path.suffix == ".gguf":
        return _from_gguf(path.stem, path, report)
    if re.fullmatch(r"[\w.-]+/[\w.-]+(@[\w.-]+)?", name) and not path.exists():
        return _from_hub(name, offline)
    models = ", ".join(entry.name for entry in catalog().values() if entry.kind == "model")
    raise InputError(
        f'--model "{name}": no such folder or .gguf file; expected one, a catalog name ({models}) '
        "or a hub id such as org/name@commit"
    )


def model_type(folder: Path) -> str:
    """The architecture that config.json names, such as "llama" or "t5"."""
    return str(read_config(folder).get("model_type", ""))


def is_encoder_decoder(folder: Path) -> bool:
    """Whether the model has an encoder that reads the prompt."""
    return bool(read_config(folder).get("is_encoder_decoder", False))


def context_length(folder: Path) -> int | None:
    """How many tokens the model can read, None where positions have no end (T5) or none is told."""
    config = read_config(folder)
    if config.get("model_type") in ("t5", "mt5", "umt5"):  # relative positions: n_positions lies
        return None
    return next((int(config[key]) for key in CONTEXT_KEYS if config.get(key)), None)


def read_config(folder: Path) -> dict[str, Any]:
    """The content of a model folder's config.json.

    Raises:
        InputError: there is none, or it is no JSON object.
    """
    path = folder / "config.json"
    try:
        config: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise InputError(f"{folder}: expected a model folder with a config.json") from error
    except ValueError as error:
        raise InputError(f"{path}: not JSON: {error}") from error
    if not isinstance(config, dict):
        raise InputError(f"{path}: expected a JSON object, found a {type(config).__name__}")
    return config


def refuse_pickles(folder: Path) -> None:
    """Refuse a folder that holds a pickle: opening one can run any code.

    Told by content, so that ctranslate2's `model.bin`, which is none, passes.
    """
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in PICKLE_SUFFIXES and path.is_file() and _looks_pickled(path):
            raise InputError(
                f"{path}: is a pickle, which can run any code when it is opened; convert it to "
                "safetensors (transformers: model.save_pretrained), move it away, and run again"
            )


def _looks_pickled(path: Path) -> bool:
    """Whether the first byte is an instruction of pickle, in any protocol.

    "P" is one of them, and so torch's zip around a pickle, which starts with PK, is told as well.
    """
    with open(path, "rb") as file:
        return file.read(1) in PICKLE_OPCODES


def _from_folder(folder: Path) -> Model:
    inner = folder / RUNS_MODEL
    if (inner / "config.json").is_file():
        return _from_folder(inner)
    weights = _weights(folder)
    if weights[0].suffix == ".gguf":
        return _from_gguf(weights[0].stem, weights[0], None)
    files = sorted({path for pattern in HUB_FILES for path in folder.glob(pattern)})
    digest = sha256_text("".join(f"{f.name} {sha256_file(f)}\n" for f in files))
    whole = folder.resolve()
    return Model((whole.parent if whole.name == RUNS_MODEL else whole).name, digest[:16], folder)


def _weights(folder: Path) -> list[Path]:
    """The safetensors files of a folder, checked, or else its one GGUF file."""
    refuse_pickles(folder)
    weights = sorted(folder.glob("*.safetensors"))
    for path in weights:
        _check_safetensors(path)
    gguf = sorted(folder.glob("*.gguf"))
    if not weights and len(gguf) != 1:
        found = f"{len(gguf)} *.gguf files" if gguf else "neither"
        raise InputError(f"{folder}: expected *.safetensors or one *.gguf file, found {found}")
    if weights:
        read_config(folder)
    return weights or gguf


def _check_safetensors(path: Path) -> None:
    """Refuse a file whose header does not fit its length, as after a download that was cut off."""
    try:
        from safetensors import SafetensorError, safe_open
    except ImportError as error:
        raise missing_package(error, "cpu") from error
    try:
        with safe_open(path, "np"):
            pass
    except SafetensorError as error:
        raise InputError(f"{path}: not a whole safetensors file ({error}); get it again") from error


def _from_hub(name: str, offline: bool) -> Model:
    repository, _, revision = name.partition("@")
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import (
            HfHubHTTPError,
            HFValidationError,
            LocalEntryNotFoundError,
        )
    except ImportError as error:
        raise missing_package(error, "cpu") from error
    try:
        folder = Path(
            snapshot_download(
                repository,
                revision=revision or None,
                allow_patterns=list(HUB_FILES),
                local_files_only=offline,
            )
        )
    except HFValidationError as error:
        raise InputError(f'--model "{name}": no such folder, and not a hub id: {error}') from error
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        reason = "--offline, and not in the hub's cache" if offline else first_line(error)
        raise UnavailableError(
            f"{name}: the hub could not be reached or has no such model ({reason}); "
            "give a local folder with --model FOLDER"
        ) from error
    _weights(folder)
    return Model(repository, folder.name, folder)


def first_line(error: Exception) -> str:
    """The first line of a library's message, or the error's name where it has none."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def _from_gguf(name: str, weights: Path, report: Report | None) -> Model:
    digest = sha256_file(weights)[:16]
    folder = derived_folder(f"{digest}-safetensors", lambda out: _unpack_gguf(weights, out), report)
    return Model(name, digest, folder)


def derived_folder(name: str, build: Callable[[Path], None], report: Report | None = None) -> Path:
    """A folder in the cache that is made from other files once, and appears whole.

    Args:
        name: names everything that the content hangs on.
        build: fills the empty folder that it is given.
    """
    target = cache_folder() / "derived" / name
    scratch = target.with_name(f".{name}.part")
    target.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(target.with_name(f"{name}.lock")):
        if target.is_dir():
            return target
        if report:
            report(f"converting weights, once ({name})")
        shutil.rmtree(scratch, ignore_errors=True)  # what a killed process left
        try:
            scratch.mkdir()
            build(scratch)
            scratch.replace(target)
        except OSError as error:
            raise_if_disk_full(error, target)
            raise
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    return target


def _unpack_gguf(weights: Path, out: Path) -> None:
    """Dequantise to float32 safetensors that any engine opens."""
    try:
        import gguf  # noqa: F401  (transformers needs it)
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer
    except ImportError as error:
        raise missing_package(error, "cpu") from error
    where = {"gguf_file": weights.name, "local_files_only": True, "trust_remote_code": False}
    quiet_transformers()
    try:
        with contextlib.redirect_stderr(io.StringIO()):  # a bar that cannot be turned off
            loaded = AutoModelForCausalLM.from_pretrained(
                weights.parent, dtype=torch.float32, **where
            )
        tokenizer = AutoTokenizer.from_pretrained(weights.parent, **where)
    except Exception as error:  # tokenizers raises nothing narrower for a bad vocabulary
        raise InputError(
            f"{weights}: not a GGUF file that transformers can read ({first_line(error)})"
        ) from error
    config = loaded.config
    config.__dict__.pop("quantization_config", None)  # a marked model refuses to be saved
    plain = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    plain.load_state_dict(loaded.state_dict())
    save_safetensors(plain, out)
    tokenizer.save_pretrained(out)


def save_safetensors(model: Any, out: Path) -> None:
    """`save_pretrained`; a write that fails raises OSError, as it does everywhere else."""
    from safetensors import SafetensorError

    try:
        model.save_pretrained(out)
    except SafetensorError as error:
        number = re.search(r"os error (\d+)", str(error))
        raise OSError(int(number[1]) if number else errno.EIO, str(error)) from error


def quiet_transformers() -> None:
    """No progress bars and no advice on stderr from the library."""
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()


def missing_package(error: ImportError, extra: str) -> UnavailableError:
    """The error for a package of an extra that is not installed, with the command to run."""
    return UnavailableError(
        f'the package "{error.name}" is not installed; run: pip install "kilolingua[{extra}]"'
    )
