r"""JSON, TOML and whole numbers from outside, within limits: the only place that parses them.

A run folder, a model's configuration, a line of a corpus: whatever is read from disk or from a
server may be cut short, nested a million deep or hold a number of ten thousand digits. Here it
is either a plain value of the shape that the caller names, or one `InputError` that says where.

    config = read_json(folder / "config.json", {"run": str, "versions": {str: str}})

A shape is a type (`dict`, `list`, `str`, `int`, `float`, `bool`; `object` is anything; `float`
takes whole numbers too), a union of types (`str | None`), a list of one shape (`[str]`: a list
of texts), a dict with the type `str` as its only key (`{str: int}`: a table of numbers), or a
dict of names and shapes: these names must be there, others may; `"name?"` may be absent or null.
"""

from __future__ import annotations

import json
import math
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import UnionType
from typing import Any

from data.errors import InputError

MAX_BYTES = 1 << 28  # a tokenizer.json of a quarter of a million pieces has 17 MB
MAX_DEPTH = 100  # Python's own recursion ends near 1,000; a dependency tree as JSON has 40
MAX_INTEGER = (1 << 63) - 1  # what numpy, polars, SQL and every other language hold

_LONG_NUMBER = re.compile(r"[0-9]{19}")
_LARGE_EXPONENT = re.compile(r"[0-9][eE]\+?[0-9]{3}")
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_PLAIN = (str, int, float, bool)
_NAMES = {dict: "an object", list: "a list", str: "a text", int: "a whole number"}
_NAMES |= {float: "a number", bool: "true or false", type(None): "null"}


def read_json(path: Path, shape: Any = object, *, max_bytes: int = MAX_BYTES) -> Any:
    """The value of a JSON file in UTF-8 (a byte-order mark may stand first), of this shape.

    Raises:
        InputError: no such file, too large, not UTF-8, not JSON, too deep, a number that no
            64-bit machine holds, a lone surrogate, another shape; the message names the path.
    """
    return parse_json(read_text(path, max_bytes=max_bytes), str(path), shape)


def parse_json(text: str | bytes, where: str, shape: Any = object) -> Any:
    """The value of a JSON text; `where` begins the message: `runs/sw/segments.jsonl:7`.

    >>> parse_json('{"lemma": "soma", "n": 2}', "x.jsonl:1", {"lemma": str, "n": int})
    {'lemma': 'soma', 'n': 2}
    >>> parse_json('{"lemma": 3}', "x.jsonl:1", {"lemma": str})
    Traceback (most recent call last):
    ...
    data.errors.InputError: x.jsonl:1: expected a text in lemma, found 3; correct it

    Raises:
        InputError: as `read_json`.
    """
    if isinstance(text, bytes):
        text = _decoded(text, where)
    if len(text) > MAX_BYTES:
        raise _fault(where, f"at most {MAX_BYTES:,} bytes of JSON", f"{len(text):,} characters")
    try:
        value = json.loads(text, parse_constant=_refused_constant(where))
    except RecursionError as error:
        raise _too_deep(where) from error
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise _fault(where, "JSON", f"{error.msg.lower()} at {place}") from error
    except InputError:
        raise
    except ValueError as error:  # more digits than Python converts
        raise _fault(where, "numbers of at most 64 bits", "a longer one") from error
    if _may_exceed_limits(text):
        _check_limits(value, where)
    check_shape(value, shape, where)
    return value


def read_toml(path: Path, shape: Any = dict, *, max_bytes: int = 1 << 22) -> Any:
    """The value of a TOML file, as bounded as `read_json`.

    Raises:
        InputError: as `read_json`.
    """
    text = read_text(path, max_bytes=max_bytes)
    try:
        value = tomllib.loads(text)
    except RecursionError as error:
        raise _too_deep(str(path)) from error
    except tomllib.TOMLDecodeError as error:
        raise _fault(str(path), "TOML", str(error)) from error
    except ValueError as error:
        raise _fault(str(path), "numbers of at most 64 bits", "a longer one") from error
    _check_limits(value, str(path))
    check_shape(value, shape, str(path))
    return value


def parse_integer(
    text: str, where: str, *, low: int = -MAX_INTEGER - 1, high: int = MAX_INTEGER
) -> int:
    """A whole number in ASCII digits, with a sign or without, from `low` to `high`.

    >>> parse_integer("1997", "sizes.tsv:2", low=0)
    1997

    Raises:
        InputError: anything else: `1_000`, `٣`, ` 3`, `3.0`, five thousand digits.
    """
    if re.fullmatch(r"[+-]?[0-9]{1,19}", text) and low <= int(text) <= high:
        return int(text)
    found = text if len(text) <= 40 else f"{text[:40]}… ({len(text):,} characters)"
    bounds = f" from {low:,} to {high:,}" if (low, high) != (-MAX_INTEGER - 1, MAX_INTEGER) else ""
    raise _fault(where, f"a whole number{bounds}", ascii(found))


def read_text(path: Path, *, max_bytes: int = MAX_BYTES) -> str:
    """A small file's text, UTF-8 with or without a byte-order mark.

    Raises:
        InputError: no such file, not a file, more than `max_bytes`, not UTF-8.
    """
    try:
        with open(path, "rb") as file:
            raw = file.read(max_bytes + 1)
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file; check the path") from error
    except OSError as error:
        reason = (error.strerror or "cannot be read").lower()
        raise InputError(f"{path}: expected a readable file, found: {reason}; check it") from error
    if len(raw) > max_bytes:
        raise _fault(str(path), f"at most {max_bytes:,} bytes", "more")
    return _decoded(raw, str(path))


def _may_exceed_limits(text: str) -> bool:
    """Whether a JSON text can hold anything out of bounds: lines of corpora come by the million."""
    deep = text.count("[") + text.count("{") > MAX_DEPTH
    large = _LONG_NUMBER.search(text) or _LARGE_EXPONENT.search(text)
    return bool(deep or large or _SURROGATE.search(text))


def _check_limits(value: Any, where: str) -> None:
    for depth, leaf in _walk(value):
        if depth > MAX_DEPTH:
            raise _too_deep(where)
        if isinstance(leaf, int) and not -MAX_INTEGER - 1 <= leaf <= MAX_INTEGER:
            raise _fault(where, "numbers of at most 64 bits", "a longer one")
        if isinstance(leaf, float) and not math.isfinite(leaf):
            raise _fault(where, "numbers that are finite", "one too large")
        if isinstance(leaf, str) and any("\ud800" <= character <= "\udfff" for character in leaf):
            raise _fault(where, "Unicode text", "half of a surrogate pair")


def check_shape(value: Any, shape: Any, where: str, place: str = "") -> None:
    """Raise unless a value has the shape (see the module) that is asked for.

    Raises:
        InputError: `config.json: expected a list in languages, found "sw"; correct it`.
    """
    if isinstance(shape, dict):
        _check_object(value, shape, where, place)
    elif isinstance(shape, list):
        _expect(value, list, where, place)
        if shape[0] in _PLAIN and set(map(type, value)) == {shape[0]}:
            return  # a million numbers need no message each
        for number, item in enumerate(value):
            check_shape(item, shape[0], where, f"{place}[{number}]")
    else:
        _expect(value, shape, where, place)


def _check_object(value: Any, shape: Mapping[Any, Any], where: str, place: str) -> None:
    _expect(value, dict, where, place)
    if str in shape:
        for name, item in value.items():
            check_shape(item, shape[str], where, _inside(place, name))
        return
    for name, inner in shape.items():
        key, optional = name.removesuffix("?"), name.endswith("?")
        if optional and value.get(key) is None:
            continue
        if key not in value:
            raise _fault(where, f"{_inside(place, key)}", "nothing by that name")
        check_shape(value[key], inner, where, _inside(place, key))


def _expect(value: Any, kind: Any, where: str, place: str) -> None:
    kinds = kind.__args__ if isinstance(kind, UnionType) else (kind,)
    if any(_is(value, one) for one in kinds):
        return
    named = " or ".join(_NAMES.get(one, str(one)) for one in kinds)
    raise _fault(where, named + (f" in {place}" if place else ""), _shown(value))


def _is(value: Any, kind: type) -> bool:
    if isinstance(value, bool):  # which Python counts among the whole numbers
        return kind in (bool, object)
    return isinstance(value, int | float) if kind is float else isinstance(value, kind)


def _walk(value: Any) -> Iterator[tuple[int, Any]]:
    """Every key and leaf with its depth, without recursion."""
    waiting = [(1, value)]
    while waiting:
        depth, item = waiting.pop()
        if isinstance(item, dict):
            yield from ((depth, key) for key in item)
            waiting.extend((depth + 1, inner) for inner in item.values())
        elif isinstance(item, list):
            waiting.extend((depth + 1, inner) for inner in item)
            yield depth, None
        else:
            yield depth - 1, item


def _inside(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name


def _shown(value: Any) -> str:
    if isinstance(value, dict | list):
        return _NAMES[type(value)]
    short = json.dumps(value, ensure_ascii=True)
    return short if len(short) <= 40 else short[:40] + "…"


def _decoded(raw: bytes, where: str) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        found = f"byte 0x{raw[error.start]:02x} at position {error.start + 1}"
        raise _fault(where, "UTF-8", found) from error


def _refused_constant(where: str) -> Callable[[str], Any]:
    def refuse(name: str) -> Any:
        raise _fault(where, "JSON, whose numbers are finite", name)

    return refuse


def _too_deep(where: str) -> InputError:
    return _fault(where, f"at most {MAX_DEPTH} levels", "more")


def _fault(where: str, expected: str, found: str) -> InputError:
    return InputError(f"{where}: expected {expected}, found {found}; correct it")
