"""Options declared once: the fields of a frozen dataclass are a command's options and its checks.

    @dataclass(frozen=True, slots=True)
    class Config:
        lang: str = common("--lang", required=True)
        shots: int = option(1, "examples in the prompt", metavar="K", least=0)
        metrics: tuple[str, ...] = option(("BLEU",), "scores", choices=metric_names, separator=",")
        out: Path | None = common("--out", identity=False)

        def __post_init__(self) -> None:
            check(self)

    def main(argv: Sequence[str] | None = None) -> int:
        return command("icl.eval", __doc__ or "", Config, evaluate, argv)

A field's type makes the option: `bool` is a switch, `bool | None` one with a `--no-` as well, a
tuple takes several values, `None` in a union stands for "not given". The same checks hold for the
command line and for Python; each error names the option, what was expected, and what may be meant.
"""

from __future__ import annotations

import argparse
import dataclasses
import shlex
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from data.bounded import check_shape, parse_integer
from data.cli import COMMON, Parser, did_you_mean, run
from data.errors import InputError

Config = TypeVar("Config")
Choices = Sequence[str] | Callable[[], Sequence[str]]


@dataclasses.dataclass(frozen=True, slots=True)
class Option:
    """What a field says of its option beside its type and its default; see `option`."""

    help: str
    flag: str | None
    metavar: str | None
    group: str
    choices: Choices | None
    least: float | None
    most: float | None
    separator: str | None
    repeated: bool
    required: bool
    parse: Callable[[str], Any] | None
    identity: bool


def option(
    default: Any,
    help: str,  # noqa: A002  # argparse's word
    *,
    flag: str | None = None,
    metavar: str | None = None,
    group: str = "",
    choices: Choices | None = None,
    least: float | None = None,
    most: float | None = None,
    separator: str | None = None,
    repeated: bool = False,
    required: bool = False,
    parse: Callable[[str], Any] | None = None,
    identity: bool = True,
) -> Any:
    """A field of a configuration that is an option of its command.

    Args:
        default: what holds where the option is not given; said in the help unless it is None,
            False, empty, or the help says "default" itself.
        help: one line; the choices and the default are added.
        flag: the option's name; by default that of the field, `--max-new-tokens`. A name without
            dashes is an argument by its place.
        group: the heading in the help.
        choices: the values that may be given, or a function that names them when they are needed.
        least, most: bounds of a number, both allowed.
        separator: of several values in one text, a comma mostly; without it a tuple takes several
            words (`--data A B`).
        repeated: a tuple grows with each time that the option is given.
        required: None is no value; the command and the function ask for one.
        parse: from the text on the command line to the value; raises InputError.
        identity: whether the result hangs on it (see `identity_of`).
    """
    about = Option(
        help,
        flag,
        metavar,
        group,
        choices,
        least,
        most,
        separator,
        repeated,
        required,
        parse,
        identity,
    )
    return dataclasses.field(default=default, metadata={"option": about})


def common(flag: str, default: Any = dataclasses.MISSING, **changed: Any) -> Any:
    """An option that means the same in every command (`data.cli.COMMON`).

    Args:
        default: instead of the table's.
        changed: what `option` takes, instead of the table's.
    """
    told = COMMON[flag]
    if default is dataclasses.MISSING:
        default = told.get("default", False if told.get("action") == "store_true" else None)
    text = str(changed.pop("help", told["help"]))
    return option(default, text, flag=flag, **changed)


def options_of(config: type[Any]) -> dict[str, Option]:
    """The options of a configuration by the names of their fields, in order."""
    fields = dataclasses.fields(config)
    return {field.name: field.metadata["option"] for field in fields if "option" in field.metadata}


def flag_of(config: type[Any], name: str) -> str:
    """How the option of a field is called: `--max-new-tokens`."""
    return options_of(config)[name].flag or "--" + name.replace("_", "-")


def add_options(parser: Parser, config: type[Any], *, only: Sequence[str] | None = None) -> None:
    """Add the options of a configuration to a parser, under the headings of their groups.

    Args:
        only: names of fields; all by default.
    """
    groups: dict[str, Any] = {"": parser}
    hints, defaults = get_type_hints(config), _defaults(config)
    for name, about in options_of(config).items():
        if only is not None and name not in only:
            continue
        if about.group not in groups:
            groups[about.group] = parser.add_argument_group(about.group)
        flag = flag_of(config, name)
        settings = _argparse(flag, about, hints[name], defaults[name])
        if flag.startswith("-"):
            settings["dest"] = name
        groups[about.group].add_argument(flag, **settings)


def config_of(config: type[Config], given: argparse.Namespace, **more: Any) -> Config:
    """The configuration that a parsed command line asks for.

    Args:
        more: values that the command line does not have.
    """
    values = {name: getattr(given, name) for name in options_of(config) if hasattr(given, name)}
    return config(**{**values, **more})


def command(
    module: str,
    description: str,
    config: type[Config],
    do: Callable[[Config], int | None],
    argv: Sequence[str] | None = None,
) -> int:
    """A whole command line: the options of a configuration, `-v`, errors in one line.

    Args:
        module: as it is started: `icl.eval`.
        do: what is done with the configuration; returns an exit code, None for 0.
    """
    parser = Parser(module, description)
    add_options(parser, config)
    parser.add_common("-v")
    return run(parser, lambda given: do(config_of(config, given)), argv)


def check(config: Any) -> None:
    """Refuse values that cannot be: choices, bounds, what is missing.

    Raises:
        InputError: `--select "bm52": expected one of random, bm25 (did you mean bm25?)`.
    """
    kind = type(config)
    for name, about in options_of(kind).items():
        value, flag = getattr(config, name), flag_of(kind, name)
        if value is None or value == ():
            if about.required:
                raise InputError(f"{flag} is missing: {about.help}")
            continue
        if about.choices is not None:
            _check_choice(flag, value, _choices(about))
        if about.least is not None and not value >= about.least:  # of not-a-number, too
            raise InputError(f"{flag} {value}: expected {about.least:g} or more{_most(about)}")
        if about.most is not None and not value <= about.most:
            raise InputError(f"{flag} {value}: expected at most {about.most:g}")


def identity_of(config: Any) -> dict[str, Any]:
    """The values that a result hangs on, as they stand in JSON."""
    chosen = {name for name, about in options_of(type(config)).items() if about.identity}
    return {name: value for name, value in to_json(config).items() if name in chosen}


def command_line(module: str, config: Any) -> str:
    """The command that asks for a configuration, with what its result hangs on and no more.

    Args:
        module: as it is started: `icl.eval`.
    """
    kind = type(config)
    defaults, words = _defaults(kind), ["python", "-m", module]
    for name, about in options_of(kind).items():
        value, flag = getattr(config, name), flag_of(kind, name)
        if not about.identity or value == defaults[name] or value is None:
            continue
        if isinstance(value, bool):
            words.append(flag if value else flag.replace("--", "--no-", 1))
            continue
        texts = [_text(item) for item in (value if isinstance(value, tuple) else (value,))]
        if about.separator is not None:
            texts = [about.separator.join(texts)]
        if not flag.startswith("-"):
            words += texts
        elif about.repeated:
            words += [word for text in texts for word in (flag, text)]
        else:
            words += [flag, *texts]
    return shlex.join(words)


def to_json(config: Any) -> dict[str, Any]:
    """All values of a configuration as they stand in JSON: tuples as lists, paths as texts."""
    return {name: _plain(getattr(config, name)) for name in options_of(type(config))}


def from_json(config: type[Config], values: Mapping[str, Any], where: str) -> Config:
    """The configuration that `to_json` wrote down.

    Args:
        where: begins the message of an error, a path.

    Raises:
        InputError: an option of another version, a value of another type, or one that cannot be.
    """
    hints, made = get_type_hints(config), dict[str, Any]()
    for name, value in values.items():
        if name not in options_of(config):
            raise InputError(
                f'{where}: no option of this version is called "{name}"; run the command again'
            )
        kind, several = _kind_of(hints[name])
        shape = str if kind is Path else kind
        if several:
            check_shape(value, [shape], where, name)
        else:
            check_shape(value, shape | None if _optional(hints[name]) else shape, where, name)
        made[name] = _as_field(value, kind)
    return config(**made)


def _check_choice(flag: str, value: Any, choices: Sequence[str]) -> None:
    for given in value if isinstance(value, tuple) else (value,):
        if given not in choices:
            near = did_you_mean(str(given), choices)
            raise InputError(f'{flag} "{given}": expected one of {", ".join(choices)}{near}')


def _most(about: Option) -> str:
    return f", at most {about.most:g}" if about.most is not None else ""


def _argparse(flag: str, about: Option, hint: Any, default: Any) -> dict[str, Any]:
    """What `add_argument` takes for a field."""
    kind, several = _kind_of(hint)
    settings: dict[str, Any] = {"default": default, "help": _help(about, default)}
    if kind is bool:
        optional = _optional(hint)
        settings["action"] = argparse.BooleanOptionalAction if optional else "store_true"
        return settings
    if several and about.separator is None and not about.repeated:
        settings["nargs"] = "+" if about.required or flag.startswith("-") else "*"
    elif not flag.startswith("-"):
        settings["nargs"] = "?"
    return settings | {"action": _Keep, "metavar": about.metavar, "told": (flag, about, kind)}


class _Keep(argparse.Action):
    """Keeps the value of one option.

    It parses here and not in `type`, whose errors argparse would replace by its own.
    """

    def __init__(self, *, told: tuple[str, Option, Any], **settings: Any) -> None:
        super().__init__(**settings)
        self._flag, self._about, self._kind = told

    def __call__(self, _parser: Any, namespace: Any, given: Any, _flag: Any = None) -> None:
        value: Any
        if isinstance(given, list):
            value = tuple(self._parsed(text) for text in given)
        elif not isinstance(given, str):  # an argument by its place that is not there
            value = given
        elif self._about.repeated:
            before = getattr(namespace, self.dest)
            value = (*(() if before is self.default else before), self._parsed(given))
        elif self._about.separator is not None:
            parts = given.split(self._about.separator)
            value = tuple(self._parsed(part.strip()) for part in parts)
        else:
            value = self._parsed(given)
        setattr(namespace, self.dest, value)

    def _parsed(self, text: str) -> Any:
        if self._about.parse is not None:
            return self._about.parse(text)
        if self._kind is int:
            return parse_integer(text, self._flag)
        return _number(text, self._flag) if self._kind is float else self._kind(text)


def _number(text: str, flag: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise InputError(f'{flag} "{text}": expected a number, such as 0.5') from error


def _help(about: Option, default: Any) -> str:
    """One line: what it is, which values it takes, what holds without it."""
    text = about.help
    if about.choices is not None and not any(name in text for name in _choices(about)):
        text += f": {', '.join(_choices(about))}"
    if not (default is None or default is False or default == () or "default" in text):
        shown = about.separator.join(map(str, default)) if about.separator and default else default
        text += f" (default {shown})"
    return text.replace("%", "%%")


def _choices(about: Option) -> Sequence[str]:
    return about.choices() if callable(about.choices) else about.choices or ()


def _defaults(config: type[Any]) -> dict[str, Any]:
    return {field.name: field.default for field in dataclasses.fields(config)}


def _kind_of(hint: Any) -> tuple[Any, bool]:
    """(the type of one value, whether there are several): `tuple[str, ...] | None` is (str, True).

    >>> _kind_of(int | None), _kind_of(tuple[Path, ...]), _kind_of(Literal["a", "b"])
    ((<class 'int'>, False), (<class 'pathlib.Path'>, True), (<class 'str'>, False))
    """
    [kind] = [one for one in _members(hint) if one is not types.NoneType]
    several = get_origin(kind) is tuple
    kind = get_args(kind)[0] if several else kind
    return (type(get_args(kind)[0]) if get_origin(kind) is Literal else kind), several


def _optional(hint: Any) -> bool:
    return types.NoneType in _members(hint)


def _members(hint: Any) -> Iterator[Any]:
    yield from get_args(hint) if get_origin(hint) in (types.UnionType, Union) else (hint,)


def _as_field(value: Any, kind: Any) -> Any:
    """A value of JSON as the field has it."""
    if isinstance(value, list):
        return tuple(_as_field(item, kind) for item in value)
    return Path(value) if kind is Path and value is not None else value


def _text(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, Path) else value
