"""A smaller input that fails in the same way: what can be left out is left out."""

from __future__ import annotations

import time

from tests.fuzz.target import Target
from tests.fuzz.verdict import judge

MOST_TRIES = 300
MOST_SECONDS = 20.0  # for one input


def smaller(target: Target, content: bytes, group: str) -> bytes:
    """Leave out stretches, long ones first, for as long as the failure is of the same group."""
    tries, end = MOST_TRIES, time.monotonic() + MOST_SECONDS
    size = len(content) // 2
    while size and tries > 0 and time.monotonic() < end:
        at = 0
        while at < len(content) and tries > 0 and time.monotonic() < end:
            tries -= 1
            shorter = content[:at] + content[at + size :]
            if judge(target, shorter).group == group:
                content = shorter
            else:
                at += size
        size //= 2
    return content
