"""Where a run computes: one CPU, one accelerator, or the processes of `accelerate launch`.

Nothing but this module knows how many processes there are. What is launched plainly is one process
on the device of the settings; under `accelerate launch` (or torchrun) the launcher gives each
process its device, and DDP or FSDP as it was configured.

On a CPU the memory of a step is kept for the next one (`freed_memory_is_kept`).
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from data.errors import InputError, UnavailableError
from models.device import find_device
from training.batches import Batch
from training.settings import Settings

if TYPE_CHECKING:
    from accelerate import Accelerator


class Processes:
    """The processes of one run, seen from one of them.

    Attributes:
        rank: the number of this process, from 0.
        size: how many there are.
        device: where this one computes.
        sharded: whether the weights are split among them (FSDP).
    """

    def __init__(self, settings: Settings) -> None:
        self.accelerator = _accelerator(settings)
        self.rank = self.accelerator.process_index
        self.size = self.accelerator.num_processes
        self.device = find_device(settings.device) if self.size == 1 else self.accelerator.device
        self.sharded = str(self.accelerator.distributed_type).endswith("FSDP")
        if self.sharded:
            _check_sharding(self.accelerator, settings)
        self.is_main = self.rank == 0
        self._bfloat16 = _use_bfloat16(settings.dtype, self.device)

    def prepare(
        self, model: nn.Module, optimisers: Sequence[torch.optim.Optimizer]
    ) -> tuple[nn.Module, list[torch.optim.Optimizer]]:
        """The model as the loss is to call it, and the optimisers of its weights.

        One process: the same objects. DDP: a wrapper. FSDP: the weights are split.
        """
        if self.size == 1:
            return model, list(optimisers)
        wrapped, *prepared = self.accelerator.prepare(model, *optimisers)
        return wrapped, [getattr(one, "optimizer", one) for one in prepared]

    def on_device(self, batch: Batch) -> Batch:
        """The batch on the device."""
        if self.device.type == "cpu":
            return batch
        return {
            name: tensor.to(self.device, non_blocking=True) if torch.is_tensor(tensor) else tensor
            for name, tensor in batch.items()
        }

    def autocast(self) -> AbstractContextManager[Any]:
        """Multiplications inside the block are in bfloat16, if the run's are."""
        if not self._bfloat16:
            return nullcontext()
        return torch.autocast(self.device.type, dtype=torch.bfloat16)

    @contextmanager
    def accumulating(self, model: nn.Module, *, last: bool) -> Iterator[None]:
        """A forward and backward pass, whose gradients travel only in the last of an update."""
        if last or self.size == 1:
            yield
        else:
            with self.accelerator.no_sync(model):
                yield

    def sum(self, values: Tensor) -> Tensor:
        """The sum over all processes, elementwise."""
        if self.size == 1:
            return values
        summed: Tensor = self.accelerator.reduce(values, reduction="sum")
        return summed

    def gather(self, value: Any) -> list[Any]:
        """Every process's value, by rank; each must come here."""
        if self.size == 1:
            return [value]
        from accelerate.utils import gather_object

        return list(gather_object([value]))

    def from_main(self, value: Any) -> Any:
        """The main process's value, on each; each must come here."""
        return self.gather(value)[0]

    def wait(self) -> None:
        """Until every process is here, and until the device has done what it was told."""
        if self.size > 1:
            self.accelerator.wait_for_everyone()
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)


def _check_sharding(accelerator: Accelerator, settings: Settings) -> None:
    if not accelerator.is_fsdp2:
        raise InputError("FSDP: expected its second version; launch with --fsdp_version 2")
    if settings.optimizer == "muon":
        raise InputError("optimizer muon: needs whole matrices, which FSDP splits; choose adamw")


def _use_bfloat16(dtype: str, device: torch.device) -> bool:
    able = device.type != "cuda" or torch.cuda.is_bf16_supported(including_emulation=False)
    if dtype == "bfloat16" and not able:
        raise UnavailableError(
            f"dtype bfloat16: {torch.cuda.get_device_name(device)} has no such arithmetic; "
            "choose --dtype float32"
        )
    return dtype == "bfloat16" or (dtype == "auto" and able and device.type == "cuda")


def _accelerator(settings: Settings) -> Accelerator:
    try:
        from accelerate import Accelerator
    except ImportError as error:
        raise UnavailableError(
            'training needs accelerate; install it: pip install -e ".[cpu]"'
        ) from error
    on_cpu = find_device(settings.device).type == "cpu"
    # Precision is ours (`autocast`), so that one process and many compute alike.
    return Accelerator(cpu=on_cpu, mixed_precision="no", step_scheduler_with_optimizer=False)


# Parameters of mallopt(3), with the defaults that are put back.
M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4
DEFAULT_TRIM_THRESHOLD, DEFAULT_MMAP_MAX = 128 * 1024, 65536


@contextmanager
def freed_memory_is_kept() -> Iterator[None]:
    """Inside the block the C library keeps what is freed; after it, all goes back.

    Each training step asks for the same large blocks (logits, gradients). The C library of Linux
    gives blocks above 32 MB back at once, and the system fills every page with zeros when it hands
    them out again. Where that happens it is a third of a step: a decoder with 8,000 words (d 128,
    2 layers, 32 x 64 tokens) takes 0.38 s of one core a step, and 0.25 s when the blocks are kept.

    Without effect where the C library is another one, or another allocator is preloaded.
    """
    library = _c_library()
    if library is None:
        yield
        return
    library.mallopt(M_MMAP_MAX, 0)
    library.mallopt(M_TRIM_THRESHOLD, -1)
    try:
        yield
    finally:
        library.mallopt(M_MMAP_MAX, DEFAULT_MMAP_MAX)
        library.mallopt(M_TRIM_THRESHOLD, DEFAULT_TRIM_THRESHOLD)
        library.malloc_trim(0)


def _c_library() -> Any | None:
    """The C library, if it is the GNU one."""
    if sys.platform != "linux":
        return None
    library = ctypes.CDLL(None)
    return library if hasattr(library, "gnu_get_libc_version") else None
