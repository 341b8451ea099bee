"""A command in this process: its exit status, and whether what it prints is fit for a terminal."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable

from data.errors import InputError
from data.terminal import printable
from tests.fuzz.verdict import MOST_CHARACTERS, Fault


def run_command(main: Callable[..., int], *arguments: str) -> None:
    """Run a command; raise its refusal as `InputError`, and what it must not do as `Fault`.

    Raises:
        InputError: the command ended with 1 or 2 and one line.
        Fault: another exit status, no line, more than one, a control character on either stream.
    """
    out, err = (
        io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="surrogateescape") for _ in "12"
    )
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(list(arguments))
    printed, said = _text(out).replace("\r\n", "\n"), _text(err)
    for stream in (printed, said):
        if printable(stream) != stream:
            at = next(i for i, one in enumerate(stream) if printable(one) != one)
            shown = ascii(stream[max(0, at - 200) : at + 50])
            raise Fault(f"a control character reaches the terminal: {shown}")
    if code == 0:
        return
    lines = [line for line in said.split("\n") if ": error: " in line]
    if code not in (1, 2) or len(lines) > 1:
        raise Fault(f"exit status {code}, {len(lines)} errors: {said[-1000:]}")
    if lines and len(lines[0]) > MOST_CHARACTERS:
        raise Fault(f"an error of {len(lines[0]):,} characters: {lines[0][:1000]}")
    raise InputError(lines[0].partition(": error: ")[2] if lines else f"exit status {code}")


def _text(stream: io.TextIOWrapper) -> str:
    stream.flush()
    return stream.buffer.getvalue().decode("utf-8", "surrogateescape")  # type: ignore[attr-defined]
