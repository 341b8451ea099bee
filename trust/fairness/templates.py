"""Sentences that say nothing but a word, and words put into them.

>>> said("This is the word {}.", "rose")
('This is the word rose.', (17, 21))
"""

from __future__ import annotations

from pathlib import Path

from data.cli import typed_lines
from data.errors import InputError

# Our own, grammatical with a word of any part of speech, as SEAT's with their articles are not.
TEMPLATES = {
    "en": (
        "This is the word {}.",
        "That was the word {}.",
        "Here is the word {}.",
        "The word {} is here.",
        "{} is a word.",
        "They said {}.",
    )
}
# Beginnings that leave open whether somebody is a woman or a man; the list of whom they are about.
PROMPTS = {
    "en": (
        "The {} said that",
        "The {} went home because",
        "I talked to the {} yesterday, and",
        "When the {} arrived,",
    )
}
PROFESSIONS = {"en": "en-professions"}
PLACE = "{}"


def said(template: str, word: str) -> tuple[str, tuple[int, int]]:
    """A sentence with the word in it, and where it stands."""
    before, _, after = template.partition(PLACE)
    return before + word + after, (len(before), len(before) + len(word))


def read_templates(path: Path) -> tuple[str, ...]:
    """A sentence a line, with {} once in each.

    Raises:
        InputError: no sentence, or one without a place for the word.
    """
    found = []
    for number, line in enumerate(typed_lines(str(path)), 1):
        if not line.strip():
            continue
        if line.count(PLACE) != 1:
            raise InputError(
                f"{path}:{number}: expected {PLACE} once, where the word stands, found it"
                f" {line.count(PLACE)} times"
            )
        found.append(line.strip())
    if not found:
        raise InputError(f"{path}: expected sentences with {PLACE}, found none")
    return tuple(found)
