"""A distillation in a process of its own that kills itself at the count-th call of something."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import transformers.models.modernbert.modeling_modernbert  # noqa: F401

import training.distillation.targets as kept
from tests.training.loop_toys import KILLED, kill_before, killer
from training.distil import distil
from training.distillation.config import DistilConfig
from training.distillation.distilled import Distilled

PARTS = 96  # documents of a shard, so that there are four


def run_to_kill(options: dict[str, Any], where: str, count: int) -> None:
    """Distil, or go on; nothing is killed where `where` is "nowhere".

    Args:
        where: "ask" (the teacher, a shard), "update", or a call that writes (`KILLED`).
    """
    torch.set_num_threads(1)
    kept.PARTS = PARTS
    if where in KILLED:
        kill_before(where, count)
    elif where != "nowhere":
        owner: Any = kept if where == "ask" else Distilled
        name = "_ask" if where == "ask" else "forward"
        real, kill = getattr(owner, name), killer(count)

        def deadly(*args: Any, **more: Any) -> Any:
            kill()
            return real(*args, **more)

        setattr(owner, name, deadly)
    distil(DistilConfig(**options | {"out": Path(options["out"])}))
