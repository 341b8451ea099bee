"""What each of two processes does in the tests of the loop: ddp|fsdp OUT [KILL_AT].

KILL_AT is the batch at which the second process kills itself.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from tests.training.loop_toys import loss, mean_loss, model, ready_batches
from training import processes as world
from training.loop import Batch, Settings, Shuffled, fit

STEPS = 12


def settings(accumulate: int) -> Settings:
    """Of both sides; only the number of batches a process and update differs."""
    return Settings(
        steps=STEPS,
        learning_rate=0.01,
        accumulate=accumulate,
        average=0.9,
        device="cpu",
        evaluate_every=4,
        checkpoint_every=3,
        log_every=1,
        clip=0.5,
    )


def fsdp_on_a_cpu(_: Settings) -> Any:
    """What accelerate makes of `--use_fsdp --fsdp_version 2`, which it offers to GPUs only.

    torch shards on a CPU as well, so the real thing runs here behind accelerate's back.
    """
    from accelerate import Accelerator
    from accelerate.state import PartialState
    from accelerate.utils import DistributedType, FullyShardedDataParallelPlugin

    PartialState(cpu=True)
    PartialState._shared_state["distributed_type"] = DistributedType.MULTI_GPU
    plugin = FullyShardedDataParallelPlugin(fsdp_version=2, auto_wrap_policy="no_wrap")
    return Accelerator(cpu=True, mixed_precision="no", fsdp_plugin=plugin)


def main(kind: str, out: Path, kill_at: int) -> None:
    """One process's part."""
    torch.set_num_threads(1)
    if kind == "fsdp":
        world._accelerator = fsdp_on_a_cpu
    calls = [0]

    def deadly(wrapped: nn.Module, batch: Batch) -> tuple[Tensor, Tensor]:
        calls[0] += 1
        if calls[0] == kill_at and os.environ["RANK"] == "1":
            os.kill(os.getpid(), signal.SIGKILL)
        return loss(wrapped, batch)

    trained = model(dropout=0.0, tied=False)
    batches = Shuffled(ready_batches(), seed=3)
    fit(trained, batches, deadly, settings(1), out=out, evaluate=mean_loss, best="-loss")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 0)
