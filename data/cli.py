"""The uniform command line: the same options everywhere, one line for an error, exit 2 or 1.

Each command is `main(argv) -> exit code` over an importable function:

    def main(argv: Sequence[str] | None = None) -> int:
        parser = Parser("data.catalog", "What exists, and where it comes from.")
        parser.add_common("--offline", "-v")
        return run(parser, lambda options: show(options.name), argv)
"""

from __future__ import annotations

import argparse
import difflib
import os
import re
import select
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import IO, Any, NoReturn, cast

from data.errors import InputError, KilolinguaError, short_line
from data.terminal import settled_streams

COMMON: dict[str, dict[str, Any]] = {
    "--lang": {"help": "language: sw, swa, swh_Latn, sw-KE, Swahili, a glottocode"},
    "--seed": {"type": int, "default": 1, "help": "seed of every random choice (default 1)"},
    "--out": {"type": Path, "help": "folder to write to"},
    "--offline": {"action": "store_true", "help": "never open a socket: cache and mirror only"},
    "--workers": {"type": int, "default": 1, "help": "processes (default 1)"},
    "--limit": {"type": int, "help": "take the first N records only"},
    "--device": {"default": "cpu", "help": "cpu (default), cuda, cuda:1"},
    "--dtype": {"help": "float32, bfloat16, float16 or int8 (default: float32 on a CPU)"},
    "-v": {"action": "store_true", "dest": "verbose", "help": "say more; tracebacks for errors"},
}


_CALLED_AS: ContextVar[str] = ContextVar("called_as", default="")


@contextmanager
def called_as(program: str) -> Iterator[None]:
    """Name the program as the user typed it (`kilolingua eval`) in usage and errors."""
    token = _CALLED_AS.set(program)
    try:
        yield
    finally:
        _CALLED_AS.reset(token)


class Parser(argparse.ArgumentParser):
    """An argument parser without abbreviations whose errors are one line with suggestions."""

    def __init__(self, module: str = "", description: str = "", **settings: Any) -> None:
        settings.setdefault("prog", _CALLED_AS.get() or f"python -m {module}")
        super().__init__(
            description=description,
            allow_abbrev=False,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            **settings,
        )

    def add_common(self, *names: str) -> None:
        """Add options that mean the same in every command (the table COMMON)."""
        for name in names:
            self.add_argument(name, **COMMON[name])

    def error(self, message: str) -> NoReturn:
        """Raise instead of exiting: `run` prints the line."""
        raise InputError(f"{message}{self._suggestion(message)}; see {self.prog} --help")

    def _suggestion(self, message: str) -> str:
        _, invalid, choice = message.partition("invalid choice: '")
        if invalid:
            given, _, choices = choice.partition("' (choose from ")
            return did_you_mean([given], re.findall(r"[\w.-]+", choices))
        wrong = re.findall(r"--[\w-]+", message) if "unrecognized" in message else []
        known = dict(self._known_options())
        theirs = [f"{one} is an option of {known[one]}" for one in wrong if one in known]
        return f" ({', '.join(theirs)})" if theirs else did_you_mean(wrong, known)

    def _known_options(self) -> Iterator[tuple[str, str]]:
        """The options of this parser and of its subcommands, each with whose it is."""
        for action in self._actions:
            yield from ((one, self.prog) for one in action.option_strings)
            if isinstance(action.choices, dict):
                for subcommand in action.choices.values():
                    yield from subcommand._known_options()


def did_you_mean(wrong: str | Iterable[str], known: Iterable[str]) -> str:
    """A suggestion to stand behind a wrong name, letter case aside; "" where nothing is near.

    >>> did_you_mean("bleu", ["BLEU", "chrF++", "TER"])
    ' (did you mean BLEU?)'
    """
    by_folded = {name.casefold(): name for name in known}
    names = [wrong] if isinstance(wrong, str) else wrong
    near = (difflib.get_close_matches(name.casefold(), by_folded, 1) for name in names)
    found = [by_folded[match] for matches in near for match in matches]
    return f" (did you mean {', '.join(found)}?)" if found else ""


def standard_input() -> IO[bytes]:
    """The bytes of standard input.

    Raises:
        InputError: the parent closed it, or it is a stream of text only.
    """
    found = None if sys.stdin is None or sys.stdin.closed else getattr(sys.stdin, "buffer", None)
    if found is None:
        raise InputError("expected text on standard input, found it closed; name a file")
    return cast("IO[bytes]", found)


def typed_lines(name: str) -> Iterator[str]:
    """The lines of a file, or of standard input where its name is -, in UTF-8 and NFC.

    Raises:
        InputError: no such file, standard input that is closed, a line that is not UTF-8.
    """
    from data.lines import clean, decode, raw_lines

    lines = enumerate(standard_input(), 1) if name == "-" else raw_lines(Path(name))
    where = "standard input" if name == "-" else name
    for number, line in lines:
        text = decode(line.rstrip(b"\r\n"), f"{where}:{number}")
        yield clean(text, f"{where}:{number}", repairs=Counter())


def run(
    parser: argparse.ArgumentParser,
    command: Callable[[argparse.Namespace], int | None],
    argv: Sequence[str] | None = None,
) -> int:
    """Parse, run, and turn what goes wrong into one line on stderr and an exit code.

    Returns 0, the command's own code, 2 for a user's mistake, 1 for a failure, 130 for Ctrl-C.
    """
    with settled_streams():
        return _run(parser, command, list(sys.argv[1:] if argv is None else argv))


def _run(
    parser: argparse.ArgumentParser,
    command: Callable[[argparse.Namespace], int | None],
    arguments: Sequence[str],
) -> int:
    try:
        _check_text(arguments)
        code = command(parser.parse_args(arguments)) or 0
        sys.stdout.flush()
        return code
    except SystemExit as stop:  # --help and --version
        return int(stop.code or 0)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except MemoryError:
        print(f"{parser.prog}: error: not enough memory; give it less at a time", file=sys.stderr)
        return 1
    except (KilolinguaError, OSError) as error:
        if isinstance(error, BrokenPipeError) and _reader_has_gone():
            return 0
        if "-v" in arguments:
            traceback.print_exc()
        message = short_line(str(error)) + _way_out(error, parser, arguments)
        print(f"{parser.prog}: error: {message}", file=sys.stderr)
        return error.exit_code if isinstance(error, KilolinguaError) else 1


def _check_text(arguments: Sequence[str]) -> None:
    """Raise for an argument whose bytes are no text: it could be written to no file of ours."""
    for argument in arguments:
        if any("\ud800" <= character <= "\udfff" for character in argument):
            raise InputError(
                f"expected arguments in UTF-8, found {argument!a}; rename the file, or set"
                " PYTHONUTF8=1 if the terminal has another encoding"
            )


def _way_out(error: Exception, parser: argparse.ArgumentParser, arguments: Sequence[str]) -> str:
    """What an error advises beside its message, if the command at hand has that option."""
    option = error.option if isinstance(error, KilolinguaError) else None
    given = {argument.partition("=")[0] for argument in arguments}
    if option is None or option in given or option not in _options_at_hand(parser, given):
        return ""
    return f" or {error.advice}" if isinstance(error, KilolinguaError) else ""


def _options_at_hand(parser: argparse.ArgumentParser, given: set[str]) -> Iterator[str]:
    """The options of a parser and of the subcommand that was given."""
    for action in parser._actions:
        yield from action.option_strings
        if isinstance(action.choices, dict):
            for name, subcommand in action.choices.items():
                if name in given:
                    yield from _options_at_hand(subcommand, given)


def _reader_has_gone() -> bool:
    """Whether the reader of our output, `head` for instance, has seen enough.

    A pipe can break elsewhere as well, to a server for instance, and that is a failure.
    """
    try:
        descriptor = sys.stdout.fileno()
    except OSError:  # not a file of the system, in a notebook for instance
        return False
    poll = select.poll()
    poll.register(descriptor, 0)  # no event asked for: only errors are reported
    if not poll.poll(0):
        return False
    # Python complains when it cannot write what is left, so that goes nowhere.
    os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)
    return True
