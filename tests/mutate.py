"""Do a room's tests notice a fault? Puts small faults into its functions, one by one, and counts.

    python -m tests.mutate --room data --mutants 40 --seed 1

Lines of the room's functions are drawn at random (a seed, so the same ones each time), on each a
mutation (`tests/mutations.py`). All happens in a copy of the tree: the working tree is only read.
The room's own tests (tests/ROOM and the doctests of ROOM) run once under `coverage`, which tells
for each line what tests run it; a mutant has to pass those (and those that start commands or read
the source), the quickest first, until one fails. A line that no test runs has to pass all. What is
listed in `tests/equivalent_mutants.tsv` changes nothing that anyone could see, and another is drawn
instead.

Code that numba compiles is seen by no tracer: a module of which no line is run has to pass the
tests of those that import it, uncompiled. Ends with 1 where fewer than 95 % are killed.
"""

from __future__ import annotations

import argparse
import ast
import csv
import hashlib
import importlib
import json
import math
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

from filelock import FileLock

from tests.mutations import Mutation, mutations

ROOT = Path(__file__).parent.parent
EQUIVALENT = "tests/equivalent_mutants.tsv"
UNRELATED = {EQUIVALENT, "tests/mutate.py", "tests/mutations.py", "docs/LOG.md", "CHANGELOG.md"}
PASSES = 95.0  # percent, what the project asks of its tests
# Imported once, before any fork; none of them starts threads when it is imported.
PRELOADED = {
    *("accelerate", "huggingface_hub", "hypothesis", "jinja2", "langcodes", "language_data"),
    *("numba", "numpy", "pytest", "rich", "sacrebleu", "safetensors", "scipy", "sentencepiece"),
    *("tokenizers", "torch", "transformers", "yaml"),
}
OPTIONS = ("-q", "-x", "-p", "no:cacheprovider", "--hypothesis-profile=ci", "--tb=no")
SLACK_S, FACTOR = 20, 10  # a mutant may take this many times what its tests took, and some more
MEMORY = 24 << 30  # bytes of address space: torch maps much that it never uses
KILLED, SURVIVED = "killed", "survived"


@dataclass(frozen=True, slots=True)
class Trial:
    """A mutation of a file, and what the tests said of it."""

    file: str
    mutation: Mutation
    line_text: str
    outcome: str = ""
    by: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        """What an equivalent mutant is known by: line numbers move."""
        return self.file, self.line_text, self.mutation.told


def tree_files(root: Path) -> list[str]:
    """The files that belong to the project: what git tracks or would track; all without git."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    names = done.stdout.splitlines() if done.returncode == 0 else []
    names = names or [str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()]
    return sorted(name for name in names if (root / name).is_file() and "__pycache__" not in name)


def copied(root: Path, place: Path) -> Path:
    """A copy of the project's files."""
    for name in tree_files(root):
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(root / name, place / name)
    return place


def test_files(root: Path, room: str) -> dict[str, str]:
    """The files of a room's tests, with the checksum of each."""
    paths = sorted((root / "tests" / room).rglob("test_*.py"))
    sums = (hashlib.sha256(path.read_bytes()).hexdigest() for path in paths)
    return {str(path.relative_to(root)): sum_ for path, sum_ in zip(paths, sums, strict=True)}


def tree_hash(root: Path, room: str) -> str:
    """Of all that a room's tests may hang on, but for the files that hold tests.

    Whether there is a mirror decides what tests run.
    """
    digest = hashlib.sha256(f"{room} {os.environ.get('KILOLINGUA_MIRROR')}".encode())
    for name in tree_files(root):
        if name not in UNRELATED and not re.match(r"tests/(.+/)?test_[^/]+\.py$", name):
            digest.update(name.encode() + b"\0" + (root / name).read_bytes())
    return digest.hexdigest()[:16]


def drawn(root: Path, room: str, seed: int) -> Iterator[Trial]:
    """Mutants without end or until all are drawn: a random line of the room, a mutation on it."""
    lines: dict[tuple[str, int], list[Mutation]] = {}
    texts: dict[str, list[str]] = {}
    for path in sorted((root / room).rglob("*.py")):
        name, source = str(path.relative_to(root)), path.read_bytes()
        texts[name] = source.decode().splitlines()
        for mutation in mutations(source):
            lines.setdefault((name, mutation.line), []).append(mutation)
    rng = random.Random(f"{room} {seed}")
    for name, line in rng.sample(sorted(lines), len(lines)):
        chosen = rng.choice(lines[name, line])
        yield Trial(name, chosen, texts[name][line - 1].strip())


def survivors(root: Path, room: str, outcomes: Path) -> Iterator[Trial]:
    """What survived in an earlier run, by its outcomes (`--out`), wherever it stands now."""
    rows = [line.split("\t") for line in outcomes.read_text("utf-8").splitlines()]
    left = {(row[1].rpartition(":")[0], *row[2:4]) for row in rows if row[0] == SURVIVED}
    for path in sorted((root / room).rglob("*.py")):
        source, name = path.read_bytes(), str(path.relative_to(root))
        lines = source.decode().splitlines()
        for mutation in mutations(source):
            trial = Trial(name, mutation, lines[mutation.line - 1].strip())
            if trial.key in left:
                left.remove(trial.key)
                yield trial


def equivalents(root: Path) -> dict[tuple[str, str, str], str]:
    """The listed mutants that change nothing, with the reason."""
    path = root / EQUIVALENT
    if not path.exists():
        return {}
    with open(path, encoding="utf-8", newline="") as lines:
        rows = list(csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
    return {(file, text, told): reason for file, text, told, reason in rows[1:]}


def forked(work: Callable[[], int], place: Path, cpu_s: float, out: Path) -> int | None:
    """The status of `work` in a child process in `place`; None if it took more than its time.

    The child has the heavy modules already. Its time is that of the processor, which others on the
    machine do not change; by the clock only one is stopped that waits for ever, not one that
    would work and gets no processor.
    """
    child = os.fork()
    if not child:
        status = 70
        try:
            os.setsid()
            _settle(place, cpu_s, out)
            status = work()
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            os._exit(status)
    looked, waited = time.monotonic(), 0.0
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            _end_group(child)
            code = os.waitstatus_to_exitcode(status)
            return None if code in (-signal.SIGXCPU, -signal.SIGKILL) else code
        now = time.monotonic()
        if now > looked + 1:
            waited += (now - looked) * _sleeps(child)
            looked = now
        if waited > 5 * cpu_s + 60:
            _end_group(child)
            os.waitpid(child, 0)
            return None
        time.sleep(0.02)


def _sleeps(group: int) -> bool:
    """Whether no process of a group would go on if it got a processor."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended meanwhile
            state, _, its_group, *_ = path.read_text().rpartition(")")[2].split()
            if int(its_group) == group and state in "RD":
                return False
    return True


def _end_group(child: int) -> None:
    """What a mutant has started ends with it."""
    try:
        os.killpg(child, signal.SIGKILL)
    except ProcessLookupError:
        return


def _settle(place: Path, cpu_s: float, out: Path) -> None:
    """A child's folder, path, streams and limits."""
    os.chdir(place)
    sys.path[:] = [str(place), *(p for p in sys.path if p not in ("", str(ROOT)))]
    for name in [name for name in sys.modules if name.split(".")[0] == "tests"]:
        del sys.modules[name]
    os.environ.update(PYTHONPATH=str(place), PYTHONDONTWRITEBYTECODE="1")
    os.environ["KILOLINGUA_CACHE"] = str(place / ".cache")
    os.environ.pop("PYTEST_ADDOPTS", None)  # a map and an order need one process
    stream = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(stream, 1)
    os.dup2(stream, 2)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    seconds = int(cpu_s) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


class Recorder:
    """A plugin of pytest: how long each test takes, whether it passes, what lines it runs."""

    def __init__(self, place: Path, room: str) -> None:
        import coverage

        files = [str(path) for path in (place / room).rglob("*.py")]
        self.coverage = coverage.Coverage(data_file=None, include=files, config_file=False)
        self.place = place
        self.seconds: Counter[str] = Counter()
        self.fixtures: dict[str, list[str]] = {}
        self.bad: set[str] = set()
        self.elsewhere: set[str] = set()  # tests that start other processes, or read the source
        self.now = ""
        sys.addaudithook(self._heard)
        self.coverage.start()

    def _heard(self, event: str, arguments: Sequence[Any]) -> None:
        reads = event == "open" and str(arguments[0]).endswith(".py")
        if self.now and (reads or event in ("subprocess.Popen", "os.fork", "os.posix_spawn")):
            self.elsewhere.add(self.now)

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self.now = nodeid
        self.coverage.switch_context(nodeid)

    def pytest_runtest_setup(self, item: Any) -> None:
        self.fixtures[item.nodeid] = sorted(item.fixturenames)

    def pytest_fixture_setup(self, fixturedef: Any, request: Any) -> None:
        """What a fixture for several tests runs is run for each of them."""
        if fixturedef.scope != "function":
            self.coverage.switch_context(f"fixture {fixturedef.argname}")

    def pytest_runtest_call(self) -> None:
        self.coverage.switch_context(self.now)

    def pytest_runtest_logreport(self, report: Any) -> None:
        self.seconds[report.nodeid] += report.duration
        if report.outcome != "passed":
            self.bad.add(report.nodeid)

    def told(self) -> dict[str, Any]:
        """Of each test that passes, as JSON: its seconds, and the lines of files that it runs."""
        self.coverage.stop()
        data = self.coverage.get_data()
        tests: dict[str, Any] = {
            test: {"seconds": seconds, "elsewhere": test in self.elsewhere, "lines": {}}
            for test, seconds in self.seconds.items()
            if test not in self.bad
        }
        users: dict[str, list[str]] = {}
        for test in tests:
            for fixture in self.fixtures.get(test, ()):
                users.setdefault(f"fixture {fixture}", []).append(test)
        for file in sorted(data.measured_files()):
            name = str(Path(file).relative_to(self.place))
            for line, contexts in sorted(data.contexts_by_lineno(file).items()):
                for test in {test for c in contexts for test in users.get(c, [c])} & tests.keys():
                    tests[test]["lines"].setdefault(name, []).append(line)
        return tests


class Chosen:
    """A plugin of pytest: only these tests, in this order; it remembers the first that failed."""

    def __init__(self, tests: Sequence[str]) -> None:
        self.order = {test: n for n, test in enumerate(tests)}

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        items[:] = sorted(
            (item for item in items if item.nodeid in self.order),
            key=lambda item: self.order[item.nodeid],
        )

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed:
            sys.stdout.write(f"\nFAILED BY {report.nodeid}\n")


def test_map(tree: Path, room: str, kept: Path) -> dict[str, Any]:
    """What tests run each line of a room; kept in this file, where only new tests are run again."""
    files = test_files(tree, room)
    known = json.loads(kept.read_text("utf-8")) if kept.exists() else {"files": {}, "tests": {}}
    stale = [file for file, sum_ in files.items() if known["files"].get(file) != sum_]
    places = [*stale, *([] if known["files"] or not (tree / room).exists() else [room])]
    tests = {
        test: about
        for test, about in known["tests"].items()
        if (file := test.partition("::")[0]) not in stale
        if file in files or not file.startswith("tests/")
    }
    if places:
        tests |= _recorded(tree, room, places)
        kept.write_text(json.dumps({"files": files, "tests": tests}), encoding="utf-8")
    return _by_lines(tests)


def _recorded(tree: Path, room: str, places: Sequence[str]) -> dict[str, Any]:
    """What `Recorder` tells of the tests in these files and folders."""
    told = tree.parent / "map"

    def record() -> int:
        import pytest

        recorder = Recorder(tree, room)
        options = [option for option in OPTIONS if option != "-x"]
        status = int(pytest.main([*options, *places], plugins=[recorder]))
        told.write_text(json.dumps(recorder.told()), encoding="utf-8")
        return status

    status = forked(record, tree, 3600, tree.parent / "out")
    if not told.exists() or status not in (0, 1, 5):  # 2: a file that cannot be imported
        raise SystemExit((tree.parent / "out").read_text("utf-8", errors="replace"))
    if status == 1:
        sys.stderr.write(f"{room}: tests fail without any fault; they are left out\n")
    found: dict[str, Any] = json.loads(told.read_text("utf-8"))
    return found


def _by_lines(about: dict[str, Any]) -> dict[str, Any]:
    """The lines of files with the numbers of their tests, and how many lines each test runs."""
    lines: dict[str, dict[str, list[int]]] = {}
    for number, one in enumerate(about.values()):
        for file, numbers in one["lines"].items():
            for line in numbers:
                lines.setdefault(file, {}).setdefault(str(line), []).append(number)
    return {
        "tests": list(about),
        "seconds": [one["seconds"] for one in about.values()],
        "elsewhere": [n for n, one in enumerate(about.values()) if one["elsewhere"]],
        "sizes": [sum(map(len, one["lines"].values())) for one in about.values()],
        "lines": lines,
    }


def _places(tree: Path, room: str) -> list[str]:
    return [name for name in (f"tests/{room}", room) if (tree / name).exists()]


def covering(trial: Trial, known: dict[str, Any], tree: Path, most: float) -> list[int]:
    """The tests that a mutant has to pass, by number: the quickest first, for `most` seconds."""
    lines = known["lines"].get(trial.file, {})
    span = range(trial.mutation.first, trial.mutation.last + 1)
    numbers = {number for line in span for number in lines.get(str(line), ())}
    direct: list[int] = []
    if not any(lines.values()):  # compiled, and so far slower without
        direct, most = _importing(trial.file, known, tree), most / FACTOR
        numbers = _of_importers(trial.file, known, tree)
    numbers = numbers or set(range(len(known["tests"])))
    seconds = known["seconds"]
    others = {number for number in known["elsewhere"] if number not in numbers}
    order = [n for some in (numbers, others) for n in sorted(some, key=seconds.__getitem__)]
    order = [number for number in order if number not in set(direct)]
    spent = accumulate(seconds[number] for number in order)
    return [*direct, *(n for n, so_far in zip(order, spent, strict=True) if so_far <= most)]


def _importing(file: str, known: dict[str, Any], tree: Path) -> list[int]:
    """The tests of the test files that import a module themselves."""
    name = file.removesuffix(".py").replace("/", ".")
    files = dict.fromkeys(test.partition("::")[0] for test in known["tests"])
    mine = {one for one in files if one.startswith("tests/") and name in _imported(tree / one)}
    return [n for n, test in enumerate(known["tests"]) if test.partition("::")[0] in mine]


def _of_importers(file: str, known: dict[str, Any], tree: Path) -> set[int]:
    """The tests of the nearest modules that import this one and are seen to run."""
    room = sorted((tree / file.partition("/")[0]).rglob("*.py"))
    imported = {str(path.relative_to(tree)): _imported(path) for path in room}
    pending, met = [file], {file}
    while pending:
        name = pending.pop(0).removesuffix(".py").replace("/", ".")
        for other, names in imported.items():
            if other not in met and name in names:
                met.add(other)
                pending.append(other)
        lines = (known["lines"].get(other, {}) for other in met)
        numbers = {n for of_file in lines for some in of_file.values() for n in some}
        if numbers:
            return numbers
    return set()


def _imported(path: Path) -> set[str]:
    """The modules that a file imports from."""
    nodes = list(ast.walk(ast.parse(path.read_bytes())))
    names = {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    return names | {name.name for n in nodes if isinstance(n, ast.Import) for name in n.names}


def tried(trial: Trial, known: dict[str, Any], tree: Path, most: float) -> Trial:
    """The trial with its outcome, in a copy of the tree that is as before afterwards."""
    path = tree / trial.file
    source = path.read_bytes()
    path.write_bytes(trial.mutation.applied(source))
    for stale in (path.parent / "__pycache__").glob(f"{path.stem}.*"):
        stale.unlink()
    numbers = covering(trial, known, tree, most)
    compiled = not any(known["lines"].get(trial.file, {}).values())
    narrow = sorted((n for n in numbers if known["seconds"][n] < 1), key=known["sizes"].__getitem__)
    # Tests of little else: most mutants fall at once, and few files are read.
    first = (compiled and _importing(trial.file, known, tree)) or narrow[:12]
    try:
        for some in (first, [n for n in numbers if n not in set(first)]):
            if some and (by := _failed(some, known, tree, compiled)):
                return Trial(trial.file, trial.mutation, trial.line_text, KILLED, by)
    finally:
        path.write_bytes(source)
    return Trial(trial.file, trial.mutation, trial.line_text, SURVIVED, f"{len(numbers)} tests")


def _failed(numbers: Sequence[int], known: dict[str, Any], tree: Path, compiled: bool) -> str:
    """The first test that fails or takes too long; empty if none."""
    tests = [known["tests"][number] for number in numbers]
    seconds = sum(known["seconds"][number] for number in numbers) * (20 if compiled else 1)
    files = dict.fromkeys(test.partition("::")[0] for test in tests)

    def run() -> int:
        import pytest

        sys.dont_write_bytecode = True
        if compiled and "numba" in sys.modules:
            sys.modules["numba"].config.DISABLE_JIT = True
        return int(pytest.main([*OPTIONS, *files], plugins=[Chosen(tests)]))

    out = tree.parent / "out"
    status = forked(run, tree, FACTOR * seconds + SLACK_S, out)
    if status is None:
        return "time"
    if status == 0:
        return ""
    last = [line for line in out.read_text("utf-8", "replace").splitlines() if "FAILED BY " in line]
    return last[0].partition("FAILED BY ")[2] if last else f"pytest's status {status}"


def run(
    root: Path,
    room: str,
    number: int,
    seed: int,
    *,
    jobs: int = 1,
    most: float = math.inf,
    again: Path | None = None,
) -> tuple[list[Trial], int]:
    """So many mutants with their outcomes, and how many equivalent ones were passed over.

    The copies stand where those of the last run stood, so that numba finds what it compiled.
    """
    place = Path(os.environ.get("KILOLINGUA_CACHE") or tempfile.gettempdir()) / "mutate"
    place.mkdir(parents=True, exist_ok=True)
    with FileLock(place / f"{room}.lock"):
        shutil.rmtree(place / room, ignore_errors=True)
        first = copied(root, place / room / "0/tree")  # the tree may change meanwhile
        known = test_map(first, room, place / f"{room}-{tree_hash(first, room)}.json")
        _compile(first, room)
        others = [
            Path(shutil.copytree(first, place / room / f"{job}/tree")) for job in range(1, jobs)
        ]
        trials = survivors(first, room, again) if again else drawn(first, room, seed)
        chosen, passed_over = _chosen(trials, equivalents(first), number)
        with ThreadPoolExecutor(jobs) as pool:
            shares = [chosen[job::jobs] for job in range(jobs)]
            found = pool.map(
                lambda tree, share: _tried_all(share, known, tree, most), [first, *others], shares
            )
            done = [trial for part in found for trial in part]
    return sorted(done, key=lambda trial: (trial.file, trial.mutation.line)), passed_over


def _compile(tree: Path, room: str) -> None:
    """Leave bytecode beside modules and tests, and import what they import of other packages.

    Each mutant's process begins with both.
    """
    told = tree.parent / "modules"

    def collect() -> int:
        import pytest

        sys.dont_write_bytecode, sys.pycache_prefix = False, None
        status = int(pytest.main(["-q", "--collect-only", *OPTIONS[2:], *_places(tree, room)]))
        told.write_text("\n".join(n for n in sys.modules if n.partition(".")[0] in PRELOADED))
        return status

    forked(collect, tree, 600, tree.parent / "out")
    for name in told.read_text("utf-8").splitlines() if told.exists() else ():
        with suppress(Exception):
            importlib.import_module(name)


def _chosen(
    trials: Iterator[Trial], listed: dict[tuple[str, str, str], str], number: int
) -> tuple[list[Trial], int]:
    """Mutants that are not known to be equivalent, and how many that are were passed over."""
    chosen, passed_over = list[Trial](), 0
    for trial in trials:
        if len(chosen) == number:
            break
        if trial.key in listed:
            passed_over += 1
        else:
            chosen.append(trial)
    return chosen, passed_over


def _tried_all(
    trials: Sequence[Trial], known: dict[str, Any], tree: Path, most: float
) -> list[Trial]:
    done = []
    for trial in trials:
        done.append(tried(trial, known, tree, most))
        sys.stderr.write(f"{_row(done[-1])}\n")
    return done


def _row(trial: Trial) -> str:
    place = f"{trial.file}:{trial.mutation.line}"
    return "\t".join((trial.outcome, place, trial.line_text, trial.mutation.told, trial.by))


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutate", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--room", required=True, help="data, metrics, icl, lexaug, morph, ...")
    parser.add_argument("--mutants", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2, help="mutants tried at a time")
    parser.add_argument(
        "--seconds",
        type=float,
        default=math.inf,
        help="of tests a mutant, by the time that they take without it: what passes those has "
        "survived (default: all)",
    )
    parser.add_argument("--again", type=Path, help="try what survived in this --out once more")
    parser.add_argument("--root", type=Path, default=ROOT, help="the tree (default: this one)")
    parser.add_argument("--out", type=Path, help="all outcomes as TSV")
    options = parser.parse_args(arguments)
    root = options.root.resolve()
    done, left_out = run(
        root,
        options.room,
        options.mutants,
        options.seed,
        jobs=options.jobs,
        most=options.seconds,
        again=options.again,
    )
    killed = sum(trial.outcome == KILLED for trial in done)
    share = 100 * killed / max(1, len(done))
    if options.out:
        options.out.write_text("".join(f"{_row(trial)}\n" for trial in done), encoding="utf-8")
    for trial in done:
        if trial.outcome == SURVIVED:
            print(_row(trial))
    print(
        f"{options.room}, seed {options.seed}: {len(done)} mutants, {killed} killed "
        f"({share:.1f} %), {len(done) - killed} survived; {left_out} equivalent ones left out"
    )
    return int(share < PASSES)


if __name__ == "__main__":
    sys.exit(main())
