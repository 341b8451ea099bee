"""Every shell block of README.md and of docs/ (LOG.md aside) runs as it is printed.

A page's commands run in their order in one folder, so that a later one finds what an earlier one
wrote. What takes long is made smaller by an option that stands in SIZES; a line marked
`# needs: server` or `# needs: hours` is parsed only. Files that a page calls the reader's own
(`my_pairs.tsv`) stand in OWN_FILES. A new command in a document needs nothing here unless it is
slow or reads a file of the reader's.
"""

from __future__ import annotations

import os
import pkgutil
import re
import shlex
import socket
import subprocess
import sys
import time
import tomllib
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from data.archives import zstandard
from kilolingua.__main__ import COMMANDS as KILOLINGUA

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
NOT_COMMANDS = {"docs/LOG.md"}

SIZES = {
    "app.atlas": ["--lang", "sw,wo"],
    "icl.eval": ["--limit", "4", "--max-new-tokens", "8"],
    "lexaug.synthesize": ["--limit", "200"],
    "lexaug.induce": ["--limit", "2000"],
    "morph.train": ["--time-budget", "8s", "--networks", "1"],
    "probe.cost": ["--limit", "8"],
    "probe.fit": ["--limit", "60", "--permutations", "99"],
    "probe.project": ["--limit", "8"],
    "probe.language": ["--limit", "8", "--queries", "40"],
    "probe.retrieve": ["--limit", "8"],
    "nlu.self_learning simulate": ["--sessions", "2000"],
    "nlu.train": ["--steps", "3", "--limit", "200"],
    "training.classify": ["--steps", "3"],
    "trust.federated": ["--test", "xsid:test:kk", "--limit", "40", "--rounds", "2"],
    "training.pretrain": ["--steps", "3", "--tokenizer", "train:600", "--held-out-limit", "10"],
    "training.tag": ["--steps", "3"],
    "training.tokenizer trim": ["--limit", "100", "--updates", "1"],
}
SMALL = {"STEPS": "3"}  # of recipes, which take their size from the environment
PROGRAMS = {
    "apt-get",
    "bash",
    "git",
    "kilolingua",
    "pip",
    "pytest",
    "python",
    "streamlit",
    "transformers",
    "vllm",
}
SERVED = re.compile(r"streamlit run (\S+)$")

PAIRS = "en\two\nThe dog sleeps.\tXaj bi mingi nelaw.\nI see a house.\tGis naa kër.\n" + "".join(
    f"Sentence number {number}.\tBaat bu {number}.\n" for number in range(20)
)
MEMORY = """<?xml version="1.0" encoding="UTF-8"?>
<tmx version="1.4"><header srclang="en"/><body>
<tu><tuv xml:lang="en"><seg>Good morning, mother.</seg></tuv>
<tuv xml:lang="wo"><seg>Jàmm nga fanaan, yaay.</seg></tuv></tu>
<tu><tuv xml:lang="en"><seg>The child reads a book.</seg></tuv>
<tuv xml:lang="wo"><seg>Xale bi mingi jàng téere.</seg></tuv></tu>
</body></tmx>
"""
VERBS = ["mikhu", "puñu", "llamka", "tusu", "rima", "puri", "yacha", "qillqa", "waqya", "muna"]
ENDINGS = {"V;PRS;1;SG": "ni", "V;PRS;2;SG": "nki", "V;PRS;3;SG": "n", "V;PST;1;SG": "rqani"}
TRIPLES = "".join(
    f"{verb}y\t{verb}{ending}\t{features}\n"
    for verb in VERBS
    for features, ending in ENDINGS.items()
)
ENGLISH = "\n\n".join(f"The dog eats bread and drinks water. Line {n}." for n in range(30)) + "\n"
OWN_FILES = {
    "my_pairs.tsv": PAIRS,
    "my_memory.tmx": MEMORY,
    "news.en.txt": ENGLISH,
    "quechua.tsv": TRIPLES,
    "my_train.tsv": TRIPLES,
    "my_gold.tsv": TRIPLES,
    "my_predictions.tsv": TRIPLES,
    "my_bashkir.txt": "Мәктәптәрҙә китаптар бар. Китаптарҙы балалар уҡый.\n",
    "my_swahili.txt": "Watoto walisoma vitabu, nasi tulisoma gazeti.\n",
    "comet_a.txt": "0.61\n0.55\n0.47\n0.72\n",
    "comet_b.txt": "0.63\n0.51\n0.49\n0.75\n",
}


@dataclass(frozen=True)
class Command:
    """One command of a page: its place, its text on one line, and what it is said to need."""

    page: str
    line: int
    text: str
    needs: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def commands(page: Path) -> Iterator[Command]:
    """The commands of a page's `sh` blocks; a backslash at a line's end joins it to the next."""
    inside, held, start = False, "", 0
    for number, line in enumerate(page.read_text("utf-8").splitlines(), 1):
        if line.startswith("```"):
            inside = line.removeprefix("```") in {"sh", "bash", "console"}
            continue
        if not inside or not (held or line.partition("#")[0].strip()):
            continue
        start = start if held else number
        held += line.strip()
        if held.endswith("\\"):
            held = held.removesuffix("\\")
            continue
        text, _, comment = held.partition("  #")
        needs = re.search(r"needs: (\w+)", comment)
        yield Command(str(page.relative_to(ROOT)), start, text, needs[1] if needs else "")
        held = ""


COMMANDS = [
    command
    for page in PAGES
    if str(page.relative_to(ROOT)) not in NOT_COMMANDS
    for command in commands(page)
]


def module_of(words: list[str]) -> str:
    """The module that one of our commands starts; "" where it is none of ours.

    >>> module_of(["kilolingua", "eval", "--lang", "sw"]), module_of(["python", "-m", "icl.eval"])
    ('icl.eval', 'icl.eval')
    """
    if words[0] == "kilolingua":
        return KILOLINGUA[words[1]][0]
    return words[2] if words[:2] == ["python", "-m"] else ""


def parts(command: Command) -> list[list[str]]:
    """The commands joined by `&&`, as words, without leading variables."""
    return [
        [word for word in shlex.split(part) if not re.fullmatch(r"[A-Z_]+=\S*", word)]
        for part in command.text.split("&&")
    ]


@pytest.mark.parametrize("command", COMMANDS, ids=str)
def test_a_command_is_one_that_is_known(command: Command) -> None:
    assert command.needs in {"", "server", "hours"}
    for words in parts(command):
        assert words[0] in PROGRAMS
        if words[:2] == ["pip", "install"] and "-e" in words:
            extras = re.findall(r"[a-z]+", words[-1])
            known = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
            assert set(extras) <= set(known["optional-dependencies"])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_command_hides_from_the_blocks(page: Path) -> None:
    text = re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    hidden = re.findall(r"^ {4,}(?:python|pip|bash|git|streamlit) .*", text, re.MULTILINE)
    assert not hidden, "a command stands in an indented block; put it between ```sh and ```"


@pytest.mark.parametrize("page", ["README.md", "docs/API.md"])
def test_what_a_page_imports_can_be_imported(page: str) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```", (ROOT / page).read_text("utf-8"), re.M | re.S)
    lines = re.findall(r"^(?:from|import) .*", "\n".join(blocks), re.MULTILINE)
    assert lines
    for line in lines:
        exec(line, {})


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A folder a page, which looks like a clone from where commands are typed."""
    made = {}
    for page in {command.page for command in COMMANDS}:
        folder = tmp_path_factory.mktemp(Path(page).stem)
        for name in ("app", "bench", "docs", "recipes", ".streamlit"):
            (folder / name).symlink_to(ROOT / name)
        for name, text in OWN_FILES.items():
            (folder / name).write_text(text, "utf-8")
        packed = zstandard().ZstdCompressor().compress(ENGLISH.encode())
        (folder / "news.en.zst").write_bytes(packed)
        made[page] = folder
    return made


def environment(**more: str) -> dict[str, str]:
    """The tests' environment, in which `python` is this one and finds this tree."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8", **more}


PARSE_ONLY = """
import argparse, runpy, sys
parse = argparse.ArgumentParser.parse_args
def parsed(*arguments, **named):
    parse(*arguments, **named)
    raise SystemExit(0)
argparse.ArgumentParser.parse_args = parsed
module, sys.argv = sys.argv[1], sys.argv[1:]
runpy.run_module(module, run_name="__main__", alter_sys=True)
"""


def run_as_printed(words: list[str], text: str, folder: Path) -> None:
    """Run one command in a page's folder, made smaller where SIZES says so."""
    module = module_of(words)
    sizes = SIZES.get(module) or SIZES.get(f"{module} {words[3]}" if module else "", [])
    done = subprocess.run(
        ["bash", "-c", f"{text.strip()} {shlex.join(sizes)}"],
        cwd=folder,
        env=environment(**SMALL),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=1200,
    )
    assert done.returncode == 0, f"{text}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"


def parses(words: list[str], folder: Path) -> None:
    """One command's options are known to its module, or its recipe is one that bash can read."""
    if words[0] == "bash":
        command = ["bash", "-n", *words[1:]]
    else:
        arguments = words[2:] if words[0] == "kilolingua" else words[3:]
        command = [sys.executable, "-c", PARSE_ONLY, module_of(words), *arguments]
    done = subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def serves(script: str, folder: Path) -> None:
    """`streamlit run` never ends by itself: it answers, then it is stopped."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}/_stcore/health"
    command = ["streamlit", "run", script, "--server.headless=true", f"--server.port={port}"]
    server = subprocess.Popen(
        [sys.executable, "-m", *command], cwd=folder, env=environment(), stdout=subprocess.DEVNULL
    )
    try:
        for _ in range(120):
            try:
                with urllib.request.urlopen(address, timeout=5) as answer:
                    assert answer.read() == b"ok"
                    return
            except OSError:
                assert server.poll() is None, f"{script} ended by itself"
                time.sleep(0.5)
        pytest.fail(f"{script} did not answer")
    finally:
        server.terminate()
        server.wait(30)


def run_or_parse(command: Command, folder: Path) -> None:
    """What can run here runs; what needs a server or hours is parsed."""
    for words, text in zip(parts(command), command.text.split("&&"), strict=True):
        ours = bool(module_of(words)) or words[0] == "bash"
        if command.needs and ours:
            parses(words, folder)
        elif not command.needs and ours:
            run_as_printed(words, text, folder)
        elif served := SERVED.match(text.strip()):
            serves(served[1], folder)
        else:  # pip, git, pytest itself and servers of others: the continuous integration's
            assert words[0] in PROGRAMS


def commands_of(page: str) -> type:
    """A page's commands as a class: `--dist loadscope` runs classes side by side, each in order."""

    @pytest.mark.real
    @pytest.mark.parametrize("command", [one for one in COMMANDS if one.page == page], ids=str)
    def test_a_command_runs_as_printed(
        self: object, command: Command, folders: dict[str, Path]
    ) -> None:
        run_or_parse(command, folders[page])

    tests = {"test_a_command_runs_as_printed": test_a_command_runs_as_printed}
    return type(f"Test{Path(page).stem.title()}", (), tests)


for one in {command.page: commands_of(command.page) for command in COMMANDS}.values():
    globals()[one.__name__] = one


API = (ROOT / "docs" / "API.md").read_text("utf-8")


@pytest.mark.parametrize("name", re.findall(r"^::: ([\w.]+)$", API, re.MULTILINE))
def test_what_the_site_describes_is_there(name: str) -> None:
    """Found here in a moment; the site's builder finds it at the end of everything."""
    pkgutil.resolve_name(name)
