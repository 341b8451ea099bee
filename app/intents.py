"""Intents and slots of a visitor's utterances, as the page Try shows them: a model of `nlu.train`.

Only models under runs/ can be chosen, so that no visitor opens another folder.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from app import texts
from app.texts import escape
from data.errors import InputError
from data.labels.bio import spans
from data.labels.slots import words

if TYPE_CHECKING:
    from app.job import Job
    from nlu.model import Parsed
    from nlu.text_to_text import Parser

MOST, LONGEST = 50, 1_000  # utterances, and characters of each
SETTINGS = "nlu.json"


@dataclass(frozen=True, slots=True)
class Understood:
    """An utterance as words, and what a model makes of it."""

    tokens: tuple[str, ...]
    parsed: Parsed


def models(folder: Path) -> list[str]:
    """The names of runs of `nlu.train` in a folder, the newest first."""
    found = sorted(folder.glob(f"*/model/{SETTINGS}"), key=lambda path: -path.stat().st_mtime_ns)
    return [path.parent.parent.name for path in found]


def understand(text: str, name: str, folder: Path, job: Job[Any]) -> list[Understood]:
    """Intents and slots of the lines of a text.

    Raises:
        InputError: no such model, no line, too many lines, or one that is too long.
    """
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines or len(lines) > MOST or max(map(len, lines)) > LONGEST:
        raise InputError(
            f"expected 1 to {MOST} utterances of at most {LONGEST:,} characters, one a line, found"
            f" {len(lines)}"
        )
    if name not in models(folder):
        raise InputError(f"{name}: no model of nlu.train in {folder}/; choose one that is there")
    job.say("opening the model")
    model = _opened(folder / name)
    job.say("reading the utterances")
    tokens = [tuple(line[start:end] for start, end in words(line)) for line in lines]
    return [Understood(*one) for one in zip(tokens, model.parse(tokens), strict=True)]


@functools.lru_cache(maxsize=1)
def _opened(folder: Path) -> Parser:
    from nlu.text_to_text import load_parser

    return load_parser(str(folder))


def marked(one: Understood) -> str:
    """An utterance as HTML, its slots marked and labelled.

    >>> from nlu.model import Parsed
    >>> marked(Understood(("at", "<5>"), Parsed("alarm", ("O", "B-time"), 1.0)))
    'at <mark>&lt;5&gt; <small>time</small></mark>'
    """
    parts: list[str] = []
    at = 0
    for span in spans(one.parsed.slots):
        parts += map(escape, one.tokens[at : span.start])
        inside = escape(" ".join(one.tokens[span.start : span.end]))
        parts.append(f"<mark>{inside} <small>{escape(span.label)}</small></mark>")
        at = span.end
    return " ".join([*parts, *map(escape, one.tokens[at:])])


def table(found: Sequence[Understood]) -> str:
    """A row an utterance: its slots, its intent, how sure the model is."""
    rows = [
        [
            f'<span dir="{texts.direction(" ".join(one.tokens))}">{marked(one)}</span>',
            escape(one.parsed.intent),
            f"{100 * one.parsed.confidence:.0f} %",
        ]
        for one in found
    ]
    return texts.table(rows, ["utterance and slots", "intent", "probability"], numbers=[2])


def draw(found: Sequence[Understood]) -> None:
    """Put the table on the page."""
    st.html(table(found))
