"""What can go wrong, in two kinds: a user's mistake and a failure of the world.

A message says where, what was expected, what was found and the next step, on one line:
``lexicon.tsv:3235: expected 2 columns, found 1 ("taniñ"); fix the line``.
A command line prints that line and exits with the ``exit_code`` of the kind; a library raises it.

Where an option would help, the error names it in ``option`` and not in its message: `data.cli.run`
adds "or pass --skip-bad" where the command at hand has that option and it was not given.
"""

from __future__ import annotations

from data.terminal import printable

LONGEST_MESSAGE = 1500  # characters; a file can hold a word of a million, and a path of 4,096


class KilolinguaError(Exception):
    r"""Anything this project raises on purpose; never raised itself.

    Whatever a file, a path or another library's message puts into it, the message is one line
    without control characters, and not endless:

    >>> print(InputError("x.tsv:2: found dog\x1b[2J\nfix it"))
    x.tsv:2: found dog\x1b[2J fix it

    Args:
        option: an option that would help, `--skip-bad`, in the commands that have it.
        advice: how to say so, after "or"; by default `pass OPTION`.
    """

    exit_code = 1

    def __init__(self, message: str, *, option: str | None = None, advice: str = "") -> None:
        super().__init__(short_line(message))
        self.option = option
        self.advice = advice or f"pass {option}"


class InputError(KilolinguaError, ValueError):
    """The caller asked for something that cannot be: a wrong option, code, file or line."""

    exit_code = 2


class UnavailableError(KilolinguaError, RuntimeError):
    """The request was fine and could not be met: no network, no disk space, a bad checksum."""

    exit_code = 1


def short_line(message: str) -> str:
    """A message as it may stand anywhere: its beginning and its end, which says what to do."""
    line = printable(" ".join(filter(None, message.splitlines())))
    half = LONGEST_MESSAGE // 2
    return line if len(line) <= LONGEST_MESSAGE else f"{line[:half]} … {line[-half:]}"
