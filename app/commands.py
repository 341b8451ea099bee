"""What to run next for a language: commands that a shell takes as they are.

>>> commands("wo", {"lexicon": "gatitos"})[1].line
'python -m data.catalog fetch gatitos --lang wo'
"""

from __future__ import annotations

import importlib.util
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

MODEL_NOTE = (
    "One shot, the first 100 sentences, a small English model beside the baselines; name a better "
    "model with --model or a server with --base-url."
)


@dataclass(frozen=True, slots=True)
class Command:
    """A line for the shell, and what it is for."""

    line: str
    purpose: str


def commands(
    tag: str, datasets: Mapping[str, str], *, genus: str | None = None
) -> tuple[Command, ...]:
    """The commands for a language.

    Args:
        tag: its BCP-47 tag, or its glottocode where it has none.
        datasets: for each kind of resource that it has, the data set that has most of it.
    """
    return tuple(_commands(tag, datasets, genus))


def _commands(tag: str, datasets: Mapping[str, str], genus: str | None) -> Iterator[Command]:
    yield Command(_line("data.inventory", "--language", tag), "This page's facts, with sources.")
    for name in dict.fromkeys(datasets.values()):
        fetch = _line("data.catalog", "fetch", name, "--lang", tag)
        yield Command(fetch, "Fetch and verify its files.")
    if "test_set" in datasets:
        yield Command(
            _line("icl.eval", "--lang", tag, "--shots", "1", "--limit", "100"), MODEL_NOTE
        )
    if "lexicon" in datasets and _is_there("lexaug.synthesize"):
        options = (
            "--lang",
            tag,
            "--mode",
            "mono",
            "--input",
            "sample",
            "--out",
            f"runs/mono-{tag}",
        )
        yield Command(
            _line("lexaug.synthesize", *options),
            "Text in the language out of its lexicon; --input names your own English.",
        )
    if "lexicon" not in datasets and "parallel" in datasets and _is_there("lexaug.induce"):
        yield Command(_line("lexaug.induce", "--lang", tag), "A lexicon out of its parallel text.")
    if genus and "lexicon" not in datasets:
        line = _line("data.inventory", "--genus", genus, "--has", "lexicon", "--format", "csv")
        yield Command(line, "Which languages of its genus have a lexicon.")


def _line(module: str, *arguments: str) -> str:
    return shlex.join(["python", "-m", module, *arguments])


def _is_there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False
