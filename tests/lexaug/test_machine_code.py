"""Machine code is loaded as it was kept, or not at all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data.errors import InputError
from lexaug.kernel.machine_code import FORMAT, ObjectCode, _loader, _read, _types_of, flat

llvm = pytest.importorskip("llvmlite.binding", reason='needs pip install -e ".[lexaug]"')

# As numba compiles a function of one integer: places for the answer and an error come first.
TWICE = """
define i32 @twice(ptr %answer, ptr %error, i64 %x) {
  %double = add i64 %x, %x
  store i64 %double, ptr %answer
  ret i32 %STATUS
}
"""


def compiled(status: int = 0) -> bytes:
    """An object file for this machine."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    machine = llvm.Target.from_default_triple().create_target_machine()
    code: bytes = machine.emit_object(llvm.parse_assembly(TWICE.replace("%STATUS", str(status))))
    return code


def write(path: Path, code: bytes, **changed: Any) -> None:
    checksum = hashlib.sha256(code).hexdigest()
    header = {"format": FORMAT, "entry": "twice", "sha256": checksum} | changed
    path.write_bytes(json.dumps(header).encode() + b"\n" + code)


def test_what_was_kept_is_called(tmp_path: Path) -> None:
    write(tmp_path / "kernel.o", compiled())
    twice = _loader(_read(tmp_path / "kernel.o"))
    assert [twice(21)(), twice(-(1 << 40))()] == [42, -(1 << 41)]


def test_a_failure_inside_is_no_answer() -> None:
    with pytest.raises(RuntimeError, match="the compiled kernel ended with status 3"):
        _loader(ObjectCode("twice", compiled(3)))(1)()


def test_a_file_without_the_entry_is_refused() -> None:
    with pytest.raises(InputError, match="expected the kernel in its object file, found no such"):
        _loader(ObjectCode("thrice", compiled()))


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(path.read_bytes()[:-1]),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"\x7fELF"),
        lambda path: write(path, b"\x7fELF", sha256="0" * 64),
        lambda path: write(path, b"\x7fELF", format="kilolingua kernel 0"),
        lambda path: write(path, b"\x7fELF", entry=7),
    ],
)
def test_a_damaged_file_is_not_loaded(tmp_path: Path, damage: Callable[[Path], object]) -> None:
    write(tmp_path / "kernel.o", compiled())
    damage(tmp_path / "kernel.o")
    with pytest.raises(InputError):
        _read(tmp_path / "kernel.o")


def test_arguments_become_machine_words() -> None:
    numbers = np.array([1, 2, 3], np.int32)
    words = [word for _, word in flat((numbers, (True, 2.5), np.uint64(7)))]
    place = numbers.__array_interface__["data"][0]
    assert words == [None, None, 3, 4, place, 3, 4, True, 2.5, np.uint64(7)]


def test_types_tell_kinds_and_who_may_write() -> None:
    writable, fixed = np.zeros(1, np.uint8), np.frombuffer(b"a", np.uint8)
    kinds = {tuple(_types_of((one,))) for one in (writable, fixed, np.zeros(1), 1, True, 1.0, (1,))}
    assert len(kinds) == 7
