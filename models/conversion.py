"""A model in another form, made once and kept in the cache: GGUF unpacked, weights for ctranslate2.

unpack_gguf(Path("SmolLM2-135M-Instruct.Q4_1.gguf"), out)     # safetensors that any engine opens
folder = for_ctranslate2(model.folder, model.revision, model.name)
"""

from __future__ import annotations

import contextlib
import io
import struct
import tempfile
from pathlib import Path
from typing import Any

from data.access import Access
from data.bounded import read_json
from data.errors import InputError
from data.files import canonical_json
from models.code import without_code
from models.config import read_config
from models.derived import derived_folder
from models.library import missing_package, opened, quiet_transformers
from models.weights import (
    check_finite,
    check_weights,
    check_whole,
    random_model,
    save_safetensors,
)

MOST_IN_GGUF = 10_000_000  # tensors or facts; a real one has thousands


def unpack_gguf(weights: Path, out: Path) -> None:
    """Dequantise a GGUF file to float32 safetensors that any engine opens."""
    _check_gguf(weights)
    try:
        import gguf  # noqa: F401  (transformers needs it)
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer
    except ImportError as error:
        raise missing_package(error, "cpu") from error
    where = {"gguf_file": weights.name, "local_files_only": True, "trust_remote_code": False}
    quiet_transformers()

    def load() -> tuple[Any, Any]:
        """From a folder that holds nothing else: the library would read a config.json beside it."""
        with tempfile.TemporaryDirectory() as name, contextlib.redirect_stderr(io.StringIO()):
            alone = Path(name)
            (alone / weights.name).symlink_to(weights.resolve())
            model, told = AutoModelForCausalLM.from_pretrained(
                alone, dtype=torch.float32, output_loading_info=True, **where
            )
            check_whole(sorted(told["missing_keys"]), weights)
            check_finite(model, weights)
            return model, AutoTokenizer.from_pretrained(alone, **where)

    loaded, tokenizer = opened(load, f"{weights}: not a GGUF file that transformers can read")
    config = loaded.config
    config.__dict__.pop("quantization_config", None)  # a marked model refuses to be saved
    plain = random_model("AutoModelForCausalLM", config).to(torch.float32)
    plain.load_state_dict(loaded.state_dict())
    save_safetensors(plain, out)
    tokenizer.save_pretrained(out)


def _check_gguf(path: Path) -> None:
    """Refuse a file whose first bytes ask for more tensors or facts than there are anywhere."""
    with open(path, "rb") as file:
        head = file.read(24)
    if head[:4] != b"GGUF" or len(head) < 24:
        raise InputError(f"{path}: not a GGUF file that transformers can read (no GGUF header)")
    _, tensors, facts = struct.unpack("<IQQ", head[4:])
    if max(tensors, facts) > MOST_IN_GGUF:
        raise InputError(f"{path}: not a GGUF file that transformers can read (damaged header)")


def for_ctranslate2(folder: Path, revision: str, name: str, access: Access = Access()) -> Path:
    """The folder that ctranslate2 opens, of a model's folder.

    Args:
        revision, name: the model's, as `models.resolve.Model` has them.

    Raises:
        InputError: the converter knows no such model, or its files do not fit together.
        UnavailableError: ctranslate2 is not installed; the disk is full.
    """
    return derived_folder(
        f"{revision}-ctranslate2", lambda out: _convert(folder, out), access, what=name
    )


def _convert(folder: Path, out: Path) -> None:
    """The converter opens the folder by itself, so what it opens must name no code."""
    check_weights(folder)
    read_config(folder)
    clean = without_code(folder)
    try:
        from ctranslate2.converters import TransformersConverter
    except ImportError as error:
        raise missing_package(error, "cpu") from error
    quiet_transformers()

    class Whole(TransformersConverter):  # type: ignore[misc]
        """It would convert random weights where the files lack some."""

        def load_model(self, kind: Any, name: str, **settings: Any) -> Any:
            model, told = kind.from_pretrained(
                name, output_loading_info=True, trust_remote_code=False, **settings
            )
            parameters = dict(model.named_parameters())
            check_whole(sorted(told["missing_keys"] & parameters.keys()), folder)
            check_finite(model, folder)
            _place_positions(model)
            if model.config.model_type == "bart":  # which the library has stopped to say
                model.config.normalize_before = False
            return model

    opened(
        lambda: Whole(str(clean), trust_remote_code=False).convert(str(out), force=True),
        f"{folder}: cannot be converted",
        "; use --engine transformers",
    )
    _name_unknown(out / "config.json")


def _place_positions(model: Any) -> None:
    """M2M-100 counts positions from the row after its padding's id; the converter takes that id for
    1, and would begin a row early or late for all others."""
    import torch

    for table in model.modules():
        if type(table).__name__ == "M2M100SinusoidalPositionalEmbedding":
            rows, first = table.weights, table.padding_idx + 1
            spare = torch.zeros(table.offset, rows.shape[1], dtype=rows.dtype)
            table.weights = torch.cat([spare, rows[first:]])


def _name_unknown(path: Path) -> None:
    """Name a piece for what the vocabulary lacks: a Translator opens no model without one, not even
    one that spells in bytes and lacks nothing."""
    config = read_json(path, dict)
    if config.get("unk_token", "") is None:
        config["unk_token"] = config["eos_token"]
        path.write_text(canonical_json(config), "utf-8")
