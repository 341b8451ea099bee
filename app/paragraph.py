"""A paragraph rewritten with a lexicon, as `python -m lexaug.synthesize --mode switch` does it.

made = rewrite("The children sleep.", "wo", ratio=0.5)
made.lines[0].text
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.texts import escape
from data.download import Report
from data.errors import InputError
from data.languages import resolve
from data.load import find_language, load_lexicon
from data.randomness import key

if TYPE_CHECKING:
    from lexaug.substitute import Line

LONGEST = 5000  # characters


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
    offline: bool = False,
    report: Report | None = None,
) -> Rewritten:
    """Replace the words of an English paragraph by those of a language.

    The same text, seed and settings give the lines that `lexaug.synthesize` writes.

    Raises:
        InputError: no text, too much of it, or no such language.
        UnavailableError: there is no lexicon.
    """
    from lexaug.paradigms import find_inflection
    from lexaug.phrases import compile_phrases
    from lexaug.substitute import substitute_line

    report = report or (lambda _: None)
    if not text.strip() or len(text) > LONGEST:
        raise InputError(f"expected an English text of 1 to {LONGEST:,} characters; write one")
    target = find_language(language, offline=offline, report=report)
    report("reading the lexicon")
    lexicon = load_lexicon(resolve("en"), target, offline=offline, report=report)
    report("reading the inflection tables; the first time rules are learned from them")
    inflection = find_inflection(target, wanted=None, offline=offline, report=report)
    report("compiling the phrases")
    table = compile_phrases(
        lexicon, policy, analyser=inflection.analyser, inflector=inflection.inflector
    )
    report("replacing words")
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
