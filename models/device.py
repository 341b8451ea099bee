"""Which device computes: the one that an option names, if torch sees it here.

>>> find_device("cpu").type
'cpu'
>>> find_device("gpu")
Traceback (most recent call last):
data.errors.InputError: --device: expected auto, cpu, cuda or mps, found 'gpu'
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from data.errors import InputError, UnavailableError
from models.library import missing_package

if TYPE_CHECKING:
    import torch


def find_device(name: str) -> torch.device:
    """The device of that name; "auto" is the first of cuda, mps, cpu that is there.

    Raises:
        InputError: no such kind of device.
        UnavailableError: torch sees none of that kind here, or is not installed.
    """
    try:
        import torch
    except ImportError as error:
        raise missing_package(error, "cpu") from error
    has_mps = torch.backends.mps.is_available()
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "mps" if has_mps else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise InputError(f"--device: expected auto, cpu, cuda or mps, found {name!r}") from error
    if device.type == "cuda" and not 0 <= (device.index or 0) < torch.cuda.device_count():
        raise UnavailableError(
            f"device {name}: torch {torch.__version__} sees {torch.cuda.device_count()} CUDA "
            "devices; choose --device cpu, or check nvidia-smi and install a torch with CUDA"
        )
    if device.type == "mps" and not has_mps:
        raise UnavailableError("device mps: torch sees none on this machine; choose --device cpu")
    return device
