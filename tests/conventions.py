"""What an argument means in every room: the same name has the same default wherever it stands.

Bad lines are errors unless someone asks to leave them out, the network is used unless it is
forbidden, and numbers that depend on chance are those of seed 1. Every command says under --help
how it is called and what it does.
"""

from __future__ import annotations

import argparse
import ast
import io
import re
import runpy
import warnings
from collections.abc import Iterator
from contextlib import redirect_stdout, suppress
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).parent.parent
DEFAULTS = {
    "allow_missing": False,
    "batch_size": 256,
    "beam": 1,
    "keep_replacement": False,
    "n_best": 1,
    "offline": False,
    "rank": 0,
    "resamples": 1000,  # sacrebleu's
    "skip_bad": False,
    "trials": 10_000,  # sacrebleu's
    "world_size": 1,
}


def departures(room: str, **others: object) -> list[str]:
    """Where a room's functions have another default than the table above, or than `others`."""
    expected = DEFAULTS | others
    return [
        f"{place}: {name}={value!r}, expected {expected[name]!r}"
        for place, name, value in _defaults(ROOT / room)
        if name in expected and value is not None and value != expected[name]
    ]


def unhelpful_commands(room: str) -> list[str]:
    """Commands (`python -m ROOM.NAME`) whose --help is not headed by that name and a sentence."""
    return [name for name in _commands(room) if not _helps(name)]


def untrue_defaults(room: str) -> list[str]:
    """Options whose help calls another number the default, by command."""
    return [
        f"{name} {'/'.join(action.option_strings)}: {action.default!r}, told {told[1]}"
        for name in _commands(room)
        for action in _options(_parser_of(name))
        if (told := _DEFAULT.search(action.help or "")) and action.default is not None
        if float(told[1]) != action.default
    ]


_DEFAULT = re.compile(r"\bdefault:? (-?[0-9.]*[0-9])\b(?![%a-z])")


class _ParsedError(Exception):
    """Raised where a command would parse its options."""


def _parser_of(name: str) -> argparse.ArgumentParser:
    found = list[argparse.ArgumentParser]()

    def parse(parser: argparse.ArgumentParser, *_: object, **__: object) -> None:
        found.append(parser)
        raise _ParsedError

    with (
        mock.patch.object(argparse.ArgumentParser, "parse_args", parse),
        warnings.catch_warnings(),
        suppress(_ParsedError),
    ):
        warnings.simplefilter("ignore", RuntimeWarning)  # the module is imported already
        runpy.run_module(name, run_name="__main__", alter_sys=True)
    return found[0]


def _options(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    for action in parser._actions:
        yield action
        if isinstance(action, argparse._SubParsersAction):
            for one in action.choices.values():
                yield from _options(one)


def _commands(room: str) -> Iterator[str]:
    for path in sorted((ROOT / room).rglob("*.py")):
        if "(main())" in path.read_text("utf-8"):  # as the last line of a command
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            yield name.removesuffix(".__main__")


def _helps(name: str) -> bool:
    shown = io.StringIO()
    with warnings.catch_warnings(), redirect_stdout(shown), mock.patch("sys.argv", ["", "--help"]):
        warnings.simplefilter("ignore", RuntimeWarning)  # the module is imported already
        try:
            runpy.run_module(name, run_name="__main__", alter_sys=True)
        except SystemExit as end:
            usage, _, rest = shown.getvalue().partition("\n\n")
            described = not rest.startswith(("options:", "positional arguments:", "commands:"))
            return not end.code and usage.startswith(f"usage: python -m {name} ") and described
    return False


def _defaults(folder: Path) -> Iterator[tuple[str, str, object]]:
    """Every argument with a constant for its default: file and line, name, value."""
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef):
                placed = [*node.args.posonlyargs, *node.args.args]
                pairs = [
                    *zip(reversed(placed), reversed(node.args.defaults), strict=False),
                    *zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True),
                ]
                for argument, default in pairs:
                    if isinstance(default, ast.Constant):
                        yield f"{path.name}:{default.lineno}", argument.arg, default.value
