"""The weights of a folder, opened the one way that is safe: safetensors or nothing, no code.

model, missing = open_weights(folder, "AutoModelForMaskedLM", "cannot be opened as an encoder")
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from data.errors import InputError
from data.models import first_line, missing_package, quiet_transformers


def open_weights(
    folder: Path, kind: str, trouble: str, advice: str = "", **settings: Any
) -> tuple[Any, list[str]]:
    """A model in float32, and the names of weights that its files lack, which begin at random.

    Args:
        folder: on this machine.
        kind: a class of `transformers`.
        trouble: what the error says of the folder; advice: what it says at its end.
        settings: for the model's configuration.

    Raises:
        InputError: it does not open.
        UnavailableError: transformers is not installed.
    """
    try:
        import torch
        import transformers
    except ImportError as error:
        raise missing_package(error, "cpu") from error
    quiet_transformers()
    try:
        model, told = getattr(transformers, kind).from_pretrained(
            folder,
            dtype=torch.float32,
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
            output_loading_info=True,
            **settings,
        )
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        raise InputError(f"{folder}: {trouble}: {first_line(error)}{advice}") from error
    return model, sorted(told["missing_keys"])
