"""What synthetic text and labels are worth: python -m bench.expansion --task pos

    python -m bench.expansion --task pos --langs swa,bam --methods a,b,c --seeds 1 --minutes 2
    python -m bench.expansion --task pos --minutes 2 --jobs 2           # all of docs/EXPANSION.md
    python -m bench.expansion --task pos --table                        # what there is so far
    python -m bench.expansion --task pos --commands                     # what would be run
    python -m bench.expansion --task pos --transfer                     # on a pretrained encoder

`bench.expansion_plan`, or `bench.expansion_transfer`, says what the methods are. Each command runs
in a process of one thread, as many at once as --jobs; the budget is of processor time, so a busy
machine takes longer and trains as much. A command that has ended well is not run again, and one
that was killed goes on. The table is written to table.md (and, with --document, between the marks
of a Markdown file).
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench.expansion_plan import LANGUAGES, METHODS, SOURCES, Plan, Task
from bench.expansion_table import table
from bench.expansion_transfer import METHODS as TRANSFERRED
from bench.expansion_transfer import Transfer
from bench.expansion_words import words
from data.errors import InputError
from data.files import write_whole

BEGIN, END = "<!-- table {task}: begin -->", "<!-- table {task}: end -->"
NICE = 5  # a long run leaves the machine usable


class Runner:
    """Runs tasks whose needs are met, `jobs` at a time; `after` hears of each that ended well."""

    def __init__(
        self,
        tasks: Sequence[Task],
        jobs: int,
        logs: Path,
        after: Callable[[Task], None] | None = None,
    ) -> None:
        self._tasks, self._jobs, self._logs, self._after = tasks, jobs, logs, after
        self._changed = threading.Condition()
        self._state = {t.name: "done" if t.done.exists() else "waiting" for t in tasks}

    def run(self) -> list[str]:
        """Run all; the names of tasks that failed, or whose needs did."""
        self._logs.mkdir(parents=True, exist_ok=True)
        waiting = sum(state == "waiting" for state in self._state.values())
        print(f"{len(self._tasks)} commands, {waiting} to run", flush=True)
        with ThreadPoolExecutor(self._jobs) as pool:
            list(pool.map(lambda _: self._work(), range(self._jobs)))
        return [name for name, state in self._state.items() if state == "failed"]

    def _work(self) -> None:
        while (task := self._next()) is not None:
            ended = "done" if self._is_run(task) else "failed"
            with self._changed:
                self._state[task.name] = ended
                if ended == "done" and self._after is not None:
                    self._after(task)
                print(f"{task.name}: {ended}{self._told(ended)}", flush=True)
                self._changed.notify_all()

    def _next(self) -> Task | None:
        """A task that can begin; None when all have ended."""
        with self._changed:
            while True:
                self._fail_the_needy()
                waiting = [t for t in self._tasks if self._state[t.name] == "waiting"]
                if not waiting:
                    return None
                for task in waiting:
                    if all(self._state[need] == "done" for need in task.needs):
                        self._state[task.name] = "running"
                        return task
                self._changed.wait()

    def _fail_the_needy(self) -> None:
        """A task whose needs have failed fails too; tasks stand behind what they need."""
        for task in self._tasks:
            if any(self._state[need] == "failed" for need in task.needs):
                self._state[task.name] = "failed"

    def _is_run(self, task: Task) -> bool:
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        with (self._logs / f"{task.name}.log").open("a") as log:
            log.write(shlex.join(task.command) + "\n")
            log.flush()
            done = subprocess.run(
                ["nice", "-n", str(NICE), *task.command],
                env=environment,
                stdout=log,
                stderr=log,
                check=False,
            )
        return done.returncode == 0 and task.done.exists()

    def _told(self, ended: str) -> str:
        left = sum(state in ("waiting", "running") for state in self._state.values())
        return f", {left} left" if ended == "done" else f", see {self._logs}"


def in_document(document: Path, task: str, content: str) -> None:
    """Put the table between its two marks.

    Raises:
        InputError: the document has not both marks, in this order.
    """
    begin, end = BEGIN.format(task=task), END.format(task=task)
    text = document.read_text("utf-8")
    pattern = re.compile(f"{re.escape(begin)}\n.*?{re.escape(end)}", re.DOTALL)
    if not pattern.search(text):
        raise InputError(f"{document}: expected the lines {begin} and {end}, found none; add them")
    write_whole(document, pattern.sub(lambda _: f"{begin}\n{content}{end}", text))


def plan_of(options: argparse.Namespace) -> Plan:
    """The plan that the options ask for."""
    methods = TRANSFERRED if options.transfer else METHODS
    chosen: Mapping[str, list[str]] = {
        name: getattr(options, name).split(",") for name in ("langs", "seeds")
    } | {"methods": options.methods.split(",") if options.methods else list(methods)}
    unknown = [method for method in chosen["methods"] if method not in methods]
    if unknown:
        raise InputError(f"--methods {unknown[0]}: expected some of {', '.join(methods)}")
    if options.transfer:
        return Transfer(
            options.task,
            chosen["langs"],
            chosen["methods"],
            [int(seed) for seed in chosen["seeds"]],
            options.out / f"transfer-{options.task}",
            dtype=options.dtype,
            updates=options.updates,
        )
    return Plan(
        options.task,
        chosen["langs"],
        chosen["methods"],
        [int(seed) for seed in chosen["seeds"]],
        options.out / options.task,
        options.minutes,
        config=options.config,
        dtype=options.dtype,
    )


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--task", choices=SOURCES, default="pos")
    add("--langs", default=",".join(LANGUAGES))
    add("--methods", help="some of the table's letters (default all)")
    add("--transfer", action="store_true", help="on a pretrained encoder: bench.expansion_transfer")
    add("--updates", type=float, default=1.0, help="with --transfer: times as many updates")
    add("--seeds", default="1,2,3")
    add("--minutes", type=float, default=4.0, help="processor time of a cell (default 4)")
    add("--jobs", type=int, default=2, help="commands at once, a thread each (default 2)")
    add("--config", default="encoder-tiny", help="of the encoder (default encoder-tiny)")
    add("--dtype", default="bfloat16", help="float32 or bfloat16 (default)")
    add("--out", type=Path, default=Path("runs/expansion"))
    add("--document", type=Path, help="a Markdown file to put the table into")
    add("--base", default="a", help="the method that others are compared with (default a)")
    add("--table", action="store_true", help="run nothing: write the table of what is there")
    add("--commands", action="store_true", help="run nothing: print the commands")
    options = parser.parse_args()
    plan = plan_of(options)
    if options.commands:
        print("\n".join(shlex.join(task.command) for task in plan.tasks()))
        return
    failed = [] if options.table else Runner(plan.tasks(), options.jobs, plan.out / "logs").run()
    content = table(plan, options.base)
    if options.task == "pos" and not options.transfer:
        content += words(plan)
    write_whole(plan.out / "table.md", content)
    if options.document:
        in_document(options.document, plan.out.name, content)
    print(content)
    if failed:
        raise SystemExit(f"failed: {', '.join(failed)}; see {plan.out / 'logs'}")


if __name__ == "__main__":
    main()
