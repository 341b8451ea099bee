"""The kernel as machine code, kept between runs and called without numba.

    run = bound_kernel(data, table, settings, work, buffers)
    run()                                   # as lexaug.kernel.run_block.run(data, table, ...)

Numba needs seconds to compile the kernel and half a second to find again what it compiled. So the
object file that it makes is kept in the cache folder, under a name that holds the sources, the
versions of numba and llvmlite, the processor and the types of the arguments, and is loaded by
llvmlite alone, in a few milliseconds. It is one file with its checksum, and no pickle; one that is
damaged or cut short is made again.
"""

from __future__ import annotations

import ctypes
import hashlib
import importlib.metadata
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from data.access import cache_folder
from data.bounded import parse_json
from data.errors import InputError, UnavailableError
from data.files import canonical_json, write_whole
from lexaug.kept import key_of, sources

FORMAT = "kilolingua kernel 1"
HEADER = {"format": str, "entry": str, "sha256": str}
LARGEST = 1 << 24  # bytes of a file; the kernel has 40,000

Kernel = Callable[..., Callable[[], int]]  # from the arguments to a call with them

_lock = Lock()
_loaded: dict[str, Kernel] = {}  # by types of arguments


@dataclass(frozen=True, slots=True)
class ObjectCode:
    """An object file and the symbol of its only entry."""

    entry: str
    code: bytes


def bound_kernel(*arguments: Any) -> Callable[[], int]:
    """`lexaug.kernel.run_block.run` with these arguments: arrays, scalars, tuples of them.

    Raises:
        UnavailableError: numba is not installed.
    """
    if _is_jit_disabled():  # a debugger or a tracer wants to see every line
        from lexaug.kernel.run_block import run

        return partial(run, *arguments)
    types = " ".join(_types_of(arguments))
    with _lock:  # threads begin with a block each, and one of them loads the code for all
        if types not in _loaded:
            path = _folder() / f"{_state_of_code()}-{key_of(types)}.o"
            try:
                _loaded[types] = _loader(_read(path))
            except (InputError, OSError):
                _loaded[types] = _compile(arguments, path)
    return _loaded[types](*arguments)


def is_compiled() -> bool:
    """Whether machine code of these sources is kept already, perhaps for other types.

    Raises:
        UnavailableError: numba is not installed.
    """
    return any(_folder().glob(f"{_state_of_code()}-*.o"))


def flat(arguments: Any) -> Iterator[tuple[Any, Any]]:
    """(ctypes type, value) of each machine word that compiled code takes for some arguments.

    An array of one dimension is seven of them: two owners, of which there are none here, its
    length, bytes an item, its place, and length and step again.
    """
    for value in arguments:
        if isinstance(value, tuple):
            yield from flat(value)
        elif isinstance(value, np.ndarray):
            place, size = value.__array_interface__["data"][0], value.itemsize
            words = (None, None, len(value), size, place, len(value), size)
            yield from zip(_ARRAY, words, strict=True)
        else:
            yield _SCALARS[type(value)], value


_ARRAY = (
    ctypes.c_void_p, ctypes.c_void_p, ctypes.c_ssize_t, ctypes.c_ssize_t, ctypes.c_void_p,
    ctypes.c_ssize_t, ctypes.c_ssize_t,
)  # fmt: skip
_SCALARS: dict[type, Any] = {
    bool: ctypes.c_uint8, int: ctypes.c_int64, float: ctypes.c_double, np.uint64: ctypes.c_uint64
}  # fmt: skip


def _types_of(arguments: Any) -> Iterator[str]:
    """The types that numba would compile for: letters of numpy's, names of tuples and scalars."""
    for value in arguments:
        if isinstance(value, np.ndarray):
            yield value.dtype.char
            yield "w" if value.flags.writeable else "r"
        else:
            yield type(value).__name__
            if isinstance(value, tuple):
                yield from _types_of(value)


def _is_jit_disabled() -> bool:
    numba = sys.modules.get("numba")
    return bool(numba and numba.config.DISABLE_JIT)


def _folder() -> Path:
    return Path(os.environ.get("NUMBA_CACHE_DIR") or cache_folder() / "numba")


@cache
def _state_of_code() -> str:
    """Changes with all that machine code depends on, but for the arguments."""
    llvm = _llvm()
    about = [
        FORMAT,
        sources("lexaug/kernel", "lexaug/casing.py"),
        [importlib.metadata.version(name) for name in ("numba", "llvmlite")],
        [
            llvm.get_default_triple(),
            llvm.get_host_cpu_name(),
            llvm.get_host_cpu_features().flatten(),
        ],
    ]
    return key_of(about)


@cache
def _llvm() -> Any:
    """The bindings of LLVM, ready to load code for this machine."""
    try:
        import llvmlite.binding as llvm

        importlib.metadata.version("numba")
        if sys.modules.get("numba", "") is None:
            raise ImportError("numba is blocked")
    except ImportError as error:  # also of a package without metadata
        raise UnavailableError(
            'numba is not installed, which substitution at speed needs; pip install -e ".[lexaug]"'
        ) from error
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm


def _read(path: Path) -> ObjectCode:
    """What `_compile` kept.

    Raises:
        InputError: too large, of another format, or not what was written.
        OSError: there is no such file.
    """
    with open(path, "rb") as file:
        content = file.read(LARGEST + 1)
    header, _, code = content.partition(b"\n")
    about = parse_json(header[:LARGEST], str(path), HEADER)
    if (about["format"], about["sha256"]) != (FORMAT, hashlib.sha256(code).hexdigest()):
        raise InputError(f"{path}: expected {FORMAT} with its checksum, found other bytes")
    return ObjectCode(about["entry"], code)


def _compile(arguments: Sequence[Any], path: Path) -> Kernel:
    """Compile for the types of some arguments, keep the code where that is possible, load it."""
    import numba

    from lexaug.kernel.run_block import run

    types = tuple(map(numba.typeof, arguments))
    # Without the two wrappers the code refers to nothing of numba's, so that llvmlite can load it.
    bare = numba.njit(
        nogil=True, _nrt=False, no_cpython_wrapper=True, no_cfunc_wrapper=True
    )(run.py_func)  # fmt: skip
    result = bare._compiler.compile(types, None)
    module = result.library._final_module
    unresolved = [f.name for f in module.functions if f.is_declaration and f.name[:5] != "llvm."]
    if unresolved or result.signature.return_type != numba.int64:
        return partial(partial, run)  # a numba that compiles otherwise: slower to start, no more
    made = ObjectCode(result.fndesc.llvm_func_name, result.library._get_compiled_object())
    about = {
        "format": FORMAT, "entry": made.entry, "sha256": hashlib.sha256(made.code).hexdigest()
    }  # fmt: skip
    with suppress(OSError, UnavailableError):  # a cache that cannot be written to, a full disk
        write_whole(path, canonical_json(about).encode() + b"\n" + made.code)
    return _loader(made)


@cache
def _prototype(kinds: tuple[Any, ...]) -> Any:
    """A function as numba compiles it: places for the answer and an error, then the arguments."""
    return ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p, *kinds)


def _loader(made: ObjectCode) -> Kernel:
    """Bring an object file into memory; what it gives is called with Python's lock released.

    Raises:
        InputError: it does not have the entry.
    """
    llvm = _llvm()
    machine = llvm.Target.from_default_triple().create_target_machine(
        codemodel="jitdefault", jit=True
    )
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)
    engine.add_object_file(llvm.ObjectFileRef.from_data(made.code))
    engine.finalize_object()
    address = engine.get_function_address(made.entry)
    if not address:
        raise InputError("expected the kernel in its object file, found no such symbol")

    def bind(*arguments: Any) -> Callable[[], int]:
        kinds, words = zip(*flat(arguments), strict=True)
        function = _prototype(kinds)(address)
        answer, error = ctypes.c_int64(), ctypes.c_void_p()
        places = ctypes.addressof(answer), ctypes.addressof(error)

        def call() -> int:
            status = function(*places, *words)
            if status:
                raise RuntimeError(f"the compiled kernel ended with status {status}")
            return answer.value

        call.reads = engine, arguments  # type: ignore[attr-defined]  # they live as long as it
        return call

    return bind
