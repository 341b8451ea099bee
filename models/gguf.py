"""Weights in a GGUF file, unpacked to safetensors that any engine opens.

unpack_gguf(Path("SmolLM2-135M-Instruct.Q4_1.gguf"), out)
"""

from __future__ import annotations

import contextlib
import io
import struct
import tempfile
from pathlib import Path
from typing import Any

from data.errors import InputError
from models.library import missing_package, opened, quiet_transformers
from models.weights import check_whole, random_model, save_safetensors

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
