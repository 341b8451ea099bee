"""What became of one input: read, refused in one printable line, or a failure of ours."""

from __future__ import annotations

import contextlib
import logging
import os
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from data.errors import KilolinguaError
from data.terminal import printable
from tests.fuzz.cage import no_network
from tests.fuzz.target import Target

MOST_SECONDS = 10.0
MOST_BYTES = 1 << 30
MOST_CHARACTERS = 2000
ROOT = Path(__file__).parent.parent.parent
STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


class TooSlow(BaseException):  # no error that a reader may catch
    """The processor time of one input is used up."""


class Fault(AssertionError):  # noqa: N818
    """A target's own complaint: a page that holds a raw tag, for instance."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`ok`, `refused` or `failed`; for a failure its group (kind and place) and the story."""

    status: str
    group: str = ""
    story: str = ""


def judge(target: Target, content: bytes, *, limits: bool = True) -> Verdict:
    """Read one input in a folder of its own and say what became of it."""
    folder = Path(tempfile.mkdtemp(prefix="kilolingua-fuzz-"))
    try:
        path = target.place(folder, content)
        if not limits:
            return _outcome(target.read, path)
        with no_network(), _limited():
            before = _resident("VmRSS")
            verdict = _outcome(target.read, path)
            grown = _resident("VmHWM") - before
        if verdict.status != "failed" and grown > MOST_BYTES:
            return Verdict("failed", "more than 1 GB", f"{grown:,} bytes more than before")
        return verdict
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _outcome(read: Callable[[Path], object], path: Path) -> Verdict:
    started = time.process_time()
    try:
        with _quiet():
            read(path)
    except KilolinguaError as error:
        verdict = _of_message(error)
    except TooSlow as error:
        return Verdict(
            "failed", f"more than {MOST_SECONDS:.0f} s at {_place(error)}", _story(error)
        )
    except Exception as error:
        return Verdict("failed", f"{type(error).__name__} at {_place(error)}", _story(error))
    else:
        verdict = Verdict("ok")
    seconds = time.process_time() - started
    if seconds > MOST_SECONDS:
        return Verdict("failed", f"more than {MOST_SECONDS:.0f} s", f"{seconds:.1f} s")
    return verdict


class _Formatted(logging.Handler):
    """Says nothing, but a message that cannot be said is an error of whoever logged it."""

    def emit(self, record: logging.LogRecord) -> None:
        record.getMessage()


@contextmanager
def _quiet() -> Iterator[None]:
    """What readers say on the way goes nowhere."""
    root = logging.getLogger()
    before = root.handlers[:]
    root.handlers[:] = [_Formatted()]
    try:
        with (
            open(os.devnull, "w", encoding="utf-8") as nowhere,
            contextlib.redirect_stdout(nowhere),
            contextlib.redirect_stderr(nowhere),
        ):
            yield
    finally:
        root.handlers[:] = before


def _of_message(error: KilolinguaError) -> Verdict:
    message = str(error)
    if len(message) > MOST_CHARACTERS:
        return Verdict("failed", f"a long message at {_place(error)}", _story(error))
    if printable(message) != message or len(message.splitlines()) != 1:
        return Verdict("failed", f"an unprintable message at {_place(error)}", _story(error))
    return Verdict("refused", story=message)


def _place(error: BaseException) -> str:
    """The last line of the project in a traceback, and the last of all where it is another's."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [f for f in frames if _is_ours(f.filename)] or frames[-1:]
    theirs = "" if _is_ours(frames[-1].filename) else f" ({Path(frames[-1].filename).name})"
    path = Path(ours[-1].filename)
    name = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path.name
    return f"{name}:{ours[-1].name}{theirs}"


def _is_ours(filename: str) -> bool:
    path = Path(filename)
    return path.is_relative_to(ROOT) and not path.is_relative_to(ROOT / "tests" / "fuzz")


def _story(error: BaseException) -> str:
    lines = "".join(traceback.format_exception(error)).splitlines()
    shown = lines if len(lines) < 60 else [*lines[:15], "    ...", *lines[-35:]]
    return "\n".join(line[:500] for line in shown)


@contextmanager
def _limited() -> Iterator[None]:
    """An alarm after 10 s of processor time, and address space enough to notice 1 GB."""

    def alarm(_: int, __: FrameType | None) -> None:
        raise TooSlow

    if CLEAR.exists():
        CLEAR.write_text("5")  # the peak of memory begins anew
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    before = signal.signal(signal.SIGPROF, alarm)
    resource.setrlimit(resource.RLIMIT_AS, (_resident("VmSize") + 2 * MOST_BYTES, hard))
    signal.setitimer(signal.ITIMER_PROF, MOST_SECONDS, 1.0)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _resident(name: str) -> int:
    """A line of the system's account of this process, in bytes; 0 where there is none."""
    if not sys.platform.startswith("linux"):
        return 0
    for line in STATUS.read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) << 10
    return 0


def check_page(path: Path) -> None:
    """Raise unless a page of HTML shows what it was given as text: escaped, without controls.

    Raises:
        Fault: a tag of the poison stands in it, or a control character.
    """
    text = path.read_text("utf-8")
    for raw in ("<script>alert", "<b>&amp;</b>"):
        if raw in text:
            raise Fault(f"{path.name} holds a raw {raw}")
    if printable(text) != text:
        at = next(i for i, (a, b) in enumerate(zip(text, printable(text), strict=False)) if a != b)
        raise Fault(f"{path.name} holds a control character: {text[at - 80 : at + 20]!a}")
