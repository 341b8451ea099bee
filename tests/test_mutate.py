"""The script that counts what faults the tests notice, tried on a room of two functions."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.mutate import survivors
from tests.mutations import mutations

ROOT = Path(__file__).parent.parent
MODULE = '''"""Two functions, of which one is tested."""

from __future__ import annotations


def tested(a: int) -> bool:
    """Whether it is more than two."""
    return a > 2


def untested(a: int) -> int:
    """One more."""
    return a + 1


def listed(a: int) -> int:
    """No tests, but no difference either."""
    return a * 0
'''
TESTS = '''"""Both sides of the border."""

from toy.room import tested


def test_border():
    assert (tested(2), tested(3)) == (False, True)


def test_that_fails_without_any_fault():
    assert not tested(3)
'''


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    """A project with one room."""
    (tmp_path / "pyproject.toml").write_text('[tool.pytest.ini_options]\npythonpath = ["."]\n')
    (tmp_path / "toy").mkdir()
    (tmp_path / "toy/__init__.py").touch()
    (tmp_path / "toy/room.py").write_text(MODULE)
    (tmp_path / "tests/toy").mkdir(parents=True)
    (tmp_path / "tests/toy/test_room.py").write_text(TESTS)
    rows = [
        "file\tline\tmutation\treason",
        *(
            f"toy/room.py\treturn a * 0\t{mutation.told}\tonly to be passed over"
            for mutation in mutations(MODULE.encode())
            if "a * 0" in mutation.told or mutation.line == 19
        ),
    ]
    (tmp_path / "tests/equivalent_mutants.tsv").write_text("\n".join(rows) + "\n")
    return tmp_path


def mutated(toy: Path, cache: Path, out: Path) -> subprocess.CompletedProcess[str]:
    """What the command says of all mutants of the toy."""
    command = [sys.executable, "-m", "tests.mutate", "--room", "toy", "--root", str(toy)]
    return subprocess.run(
        [*command, "--mutants", "9", "--jobs", "1", "--out", str(out)],
        cwd=ROOT,
        env={**os.environ, "KILOLINGUA_CACHE": str(cache)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_killed_survived_and_passed_over(toy: Path, tmp_path_factory: pytest.TempPathFactory):
    pytest.importorskip("coverage")
    out = tmp_path_factory.mktemp("out") / "out.tsv"
    before = {path: path.read_bytes() for path in toy.rglob("*") if path.is_file()}
    done = mutated(toy, out.parent, out)
    rows = [line.split("\t") for line in out.read_text("utf-8").splitlines()]
    outcomes = [(row[0], row[1]) for row in rows]
    assert outcomes == [("killed", "toy/room.py:8"), ("survived", "toy/room.py:13")], done.stderr
    assert rows[0][4] == "tests/toy/test_room.py::test_border"
    assert done.stdout.splitlines()[-1] == (
        "toy, seed 1: 2 mutants, 1 killed (50.0 %), 1 survived; 1 equivalent ones left out"
    )
    assert done.returncode == 1
    assert "tests fail without any fault; they are left out" in done.stderr
    assert {path: path.read_bytes() for path in toy.rglob("*") if path.is_file()} == before


def test_only_new_tests_are_run_again_to_see_what_lines_they_run(
    toy: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    pytest.importorskip("coverage")
    out = tmp_path_factory.mktemp("out") / "out.tsv"
    (toy / "tests/toy/test_later.py").write_text("def test_gone():\n    assert False\n")
    mutated(toy, out.parent, out)
    [kept] = (out.parent / "mutate").glob("toy-*.json")
    content = json.loads(kept.read_text("utf-8"))
    [about] = content["tests"].values()
    about["seconds"] = 0.125
    kept.write_text(json.dumps(content), "utf-8")
    (toy / "tests/toy/test_later.py").write_text(
        "from toy.room import untested\n\n\ndef test_now():\n    assert untested(1) == 2\n"
    )
    assert mutated(toy, out.parent, out).returncode == 0
    tests = json.loads(kept.read_text("utf-8"))["tests"]
    border, now = "tests/toy/test_room.py::test_border", "tests/toy/test_later.py::test_now"
    assert tests.keys() == {border, now}
    assert tests[border]["seconds"] == 0.125, "it was not run again"
    assert [test["lines"] for test in (tests[border], tests[now])] == [
        {"toy/room.py": [8]},
        {"toy/room.py": [13]},
    ]
    rows = [line.split("\t") for line in out.read_text("utf-8").splitlines()]
    assert [(row[0], row[4]) for row in rows] == [("killed", border), ("killed", now)]


def test_tests_that_cannot_be_imported_are_no_tests_that_fail(
    toy: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    pytest.importorskip("coverage")
    out = tmp_path_factory.mktemp("out") / "out.tsv"
    (toy / "tests/toy/test_later.py").write_text("import no_such_module\n")
    done = mutated(toy, out.parent, out)
    assert done.returncode == 1
    assert "1 error" in done.stderr
    assert not out.exists()


def test_what_survived_is_tried_again(toy: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    out = tmp_path_factory.mktemp("out") / "out.tsv"
    room = toy / "toy/room.py"
    row = ["toy/room.py:13", "return a + 1", "a + 1 -> a - 1", "2 tests"]
    killed = ["killed", "toy/room.py:8", "return a > 2", "a > 2 -> a >= 2", "test"]
    out.write_text("\n".join("\t".join(cells) for cells in (["survived", *row], killed)), "utf-8")
    room.write_text(f"# A line more.\n{room.read_text()}")
    [found] = survivors(toy, "toy", out)
    assert (found.mutation.line, found.key) == (14, ("toy/room.py", *row[1:3]))


def told(source: str) -> list[str]:
    return [mutation.told for mutation in mutations(source.encode())]


def test_mutations_stay_off_what_no_test_is_about() -> None:
    source = '''
def f(a: int = 3 if 0 else 4) -> str:
    """A docstring of 1."""
    log.debug("of %d", 1)
    assert a > 1
    raise InputError("line 1")
class C:
    def __repr__(self): return 1
if __name__ == "__main__":
    f(1)
'''
    defaults = ["3 -> 2", "3 -> 4", "3 if 0 else 4 -> 3", "3 if 0 else 4 -> 4", "0 -> 1"]
    defaults += ["0 -> not 0", "4 -> 3", "4 -> 5"]
    assert told(source) == [*defaults, "raise InputError('line 1') -> pass"]


def test_a_mutated_file_has_the_lines_of_the_file() -> None:
    source = 'def f(a, b):\n    é = "é" in a\n    return max(\n        a[1:], b\n    )\n'.encode()
    for mutation in mutations(source):
        changed = mutation.applied(source)
        compile(changed, "f.py", "exec")
        assert changed != source
        assert changed.splitlines()[0] == source.splitlines()[0]
    assert b'("\xc3\xa9" not in a)' not in source
    assert "'é' in a -> 'é' not in a" in told(source.decode())
    assert "a[1:] -> a[:]" not in told(source.decode())
    assert "1: -> :" in told(source.decode())
