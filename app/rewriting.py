"""English with words of a lexicon put in, as the page Try shows it: rewritten, and as HTML.

The same text, seed and settings give the lines that `lexaug.synthesize` writes.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.texts import escape
from data.access import Access
from data.errors import InputError
from data.languages import resolve
from data.load import find_language, load_lexicon
from data.randomness import key

if TYPE_CHECKING:
    from data.languages import Language
    from data.lexicon import Lexicon
    from lexaug.substitute import Line

LONGEST = 5000  # characters


def is_there(module: str) -> bool:
    """Whether a module can be imported, without importing it.

    >>> is_there("data.words"), is_there("data.no_such_module"), is_there("no_package.inside")
    (True, False, False)
    """
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


@dataclass(frozen=True, slots=True)
class Rewritten:
    """The lines of a paragraph with their replacements, and what they were made with."""

    lines: tuple[Line, ...]
    lexicon: str
    entries: int
    inflection: str
    tag: str
    notes: tuple[str, ...] = ()

    @property
    def words(self) -> int:
        """Words of the English text."""
        return sum(line.words for line in self.lines)

    @property
    def replaced(self) -> int:
        """Those that were replaced."""
        return sum(line.replaced for line in self.lines)


def rewrite(
    text: str,
    language: str,
    *,
    ratio: float = 1.0,
    policy: str = "uniform",
    seed: int = 1,
    access: Access = Access(),
) -> Rewritten:
    """Replace the words of an English paragraph by those of a language.

    The same text, seed and settings give the lines that `lexaug.synthesize` writes.

    Raises:
        InputError: no text, too much of it, or no such language.
        UnavailableError: there is no lexicon.
    """
    target = find_language(language, access=access)
    access.say("reading the lexicon")
    lexicon = load_lexicon(resolve("en"), target, access=access)
    return rewrite_with(text, lexicon, target, ratio=ratio, policy=policy, seed=seed, access=access)


def rewrite_with(
    text: str,
    lexicon: Lexicon,
    target: Language,
    *,
    ratio: float = 1.0,
    policy: str = "uniform",
    seed: int = 1,
    access: Access = Access(),
) -> Rewritten:
    """Replace the words of an English paragraph by those of a lexicon from English.

    Raises:
        InputError: no text, or too much of it.
    """
    from lexaug.paradigms import find_inflection
    from lexaug.substitute import substitute_line

    if not text.strip() or len(text) > LONGEST:
        raise InputError(f"expected an English text of 1 to {LONGEST:,} characters; write one")
    inflection = find_inflection(target, wanted=None, access=access)
    access.say("compiling the phrases")
    table = inflection.phrase_table(lexicon, policy)
    access.say("replacing words")
    lines = tuple(
        substitute_line(line, table, ratio=ratio, key=key(seed, number))
        for number, line in enumerate(text.splitlines(), 1)
    )
    return Rewritten(
        lines, lexicon.name, len(lexicon), inflection.description, target.bcp47, inflection.notes
    )


def marked(line: Line) -> str:
    """The line as HTML, every replacement marked, its rule and features as its title."""
    pieces, end = [], 0
    for one in line.replacements:
        title = escape(" ".join(filter(None, (one.option.rule, one.option.features))))
        word = escape(line.text[one.target_start : one.target_end])
        pieces += [
            escape(line.text[end : one.target_start]),
            f'<mark title="{title}">{word}</mark>',
        ]
        end = one.target_end
    return "".join(pieces) + escape(line.text[end:])
