r"""From a template, shots and a sentence to a prompt, and from what a model wrote to its answer.

Few-shot data is data: nothing that a corpus says can end an answer, open a new shot or speak to the
model as a special token. `neutralize` states the rules.

>>> from icl.templates import TEMPLATES
>>> shot = Pair("1", "Habari", "Hello", None)
>>> print(render(TEMPLATES["plain"], [shot], "Asante", Languages("Swahili", "English")).text)
Swahili: Habari
English: Hello
<BLANKLINE>
Swahili: Asante
English:
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from data.errors import InputError
from data.files import canonical_json, sha256_text
from data.languages import Language, codes_of
from data.lines import shows_nothing
from data.parallel import Pair
from icl.templates import Template

# Embeddings, overrides and isolates turn the order of what follows them; a sentence that lacks the
# closing mark would turn the rest of the prompt. Left-to-right and right-to-left marks only help
# their neighbours, and the joiners belong to spelling: those stay.
_BIDI_CONTROLS = re.compile("[\u202a-\u202e\u2066-\u2069]")
# Lines without anything to be seen, as a chat model may begin with.
_BLANK_LINES = re.compile(r"(?:[\u00ad\u200b\u200e\u200f\u2060\ufeff]*\s)*+")
_BREAKS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029 ]+")


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt as text, or as (role, content) messages when the template is a chat.

    `source_start` and `target_start` are those that open the two sides of a translation model
    such as NLLB; "" for all others.
    """

    text: str
    messages: tuple[tuple[str, str], ...] = ()
    source_start: str = ""
    target_start: str = ""

    @property
    def sha256(self) -> str:
        """Of all that reaches the model; part of a request's key."""
        tokens = [self.source_start, self.target_start] if self.source_start else []
        return sha256_text(canonical_json([self.text, self.messages, *tokens]))


class Languages(NamedTuple):
    """The two languages as a prompt names them: English names, FLORES codes, BCP-47 codes."""

    source: str
    target: str
    source_flores: str = ""
    target_flores: str = ""
    source_code: str = ""
    target_code: str = ""

    @classmethod
    def of(cls, source: Language, target: Language) -> Languages:
        """Of two languages of the registry."""
        flores = codes_of("flores-200")
        return cls(
            source.name,
            target.name,
            source.code_in(flores) or "",
            target.code_in(flores) or "",
            source.bcp47,
            target.bcp47,
        )


class Hint(NamedTuple):
    """A word of the sentence as it stands there, and what a dictionary says it means."""

    word: str
    meanings: tuple[str, ...]


Hints = Callable[[str], Sequence[Hint]]
"""What a dictionary knows of a sentence."""


def no_hints(_: str) -> Sequence[Hint]:
    """Prompts without a dictionary."""
    return ()


def neutralize(text: str, delimiters: Sequence[str] = ()) -> str:
    r"""Text fit for a prompt: it can never end an answer or open a new shot.

    Control characters (newlines, tabs, NUL) and the line and paragraph separators become one
    space. Marks that turn the direction of what follows go. A delimiter of the template that
    still stands there is parted: see `break_up`.

    >>> neutralize("Habari\n\nEnglish: Hello\tyou")
    'Habari English: Hello you'
    >>> neutralize("see; Sentence: two", ["; Sentence:"])
    'see;  Sentence: two'
    """
    text = _BREAKS.sub(" ", _BIDI_CONTROLS.sub("", text)).strip()
    return break_up(text, delimiters).strip()


def break_up(text: str, strings: Sequence[str]) -> str:
    """Text in which none of the strings stands.

    A space parts a string's first character from the rest. Where that cannot part it, because a
    space follows there already, the first character goes; one of a single character becomes a
    space.

    >>> break_up("a </s> b", ["</s>"]), break_up("Ndiyo; hapana", ["; "]), break_up("1=2", ["="])
    ('a < /s> b', 'Ndiyo hapana', '1 2')
    """
    for string in filter(None, strings):
        apart = f"{string[0]} {string[1:]}" if len(string) > 1 else " "
        instead = apart if string not in apart else string[1:]
        while string in text:  # again, for "aaa" holds "aa" twice
            text = text.replace(string, instead)
    return text


def render(
    template: Template,
    shots: Sequence[Pair],
    source: str,
    languages: Languages,
    hints: Hints = no_hints,
    special: Sequence[str] = (),
) -> Prompt:
    """The prompt for one sentence.

    Args:
        special: strings that the model reads as special tokens; the template may hold them, what
            fills it may not.

    Raises:
        InputError: a translation model's template wants a code that a language has not.
    """
    names = {"source_language": languages.source, "target_language": languages.target}

    delimiters = (*template.delimiters, *special)

    def data(text: str) -> str:
        return neutralize(text, delimiters)

    def query(text: str) -> str:
        known = hints(text) if template.has_dictionary else ()
        dictionary = _dictionary(template, known, delimiters)
        return template.query.format_map({**names, "source": data(text), "dictionary": dictionary})

    def answer(shot: Pair) -> str:
        return _answer(template, shot, languages, delimiters)

    prefix = template.prefix.format_map(names)
    if template.chat:
        return _chat(prefix, [(query(s.source), answer(s)) for s in shots], query(source))
    separator = template.separator.format_map(names)
    parts = [query(shot.source) + answer(shot) + separator for shot in shots]
    text = prefix + "".join(parts) + query(source)
    return Prompt(text, (), *_starts(template, languages))


def render_answered(
    template: Template,
    pairs: Sequence[Pair],
    languages: Languages,
    hints: Hints = no_hints,
) -> str:
    """A prompt for the last pair's source, those before it as shots, and its target as the answer.

    >>> from icl.templates import TEMPLATES
    >>> pairs = [Pair("1", "Habari", "Hello", None), Pair("2", "Asante", "Thanks", None)]
    >>> render_answered(TEMPLATES["xglm"], pairs, Languages("Swahili", "English"))
    'Habari = Hello\\nAsante = Thanks'

    Raises:
        InputError: as `render`.
    """
    *shots, last = pairs
    asked = render(template, shots, last.source, languages, hints).text
    return asked + _answer(template, last, languages, template.delimiters)


def _answer(template: Template, pair: Pair, languages: Languages, delimiters: Sequence[str]) -> str:
    names = {"source_language": languages.source, "target_language": languages.target}
    source, target = (neutralize(text, delimiters) for text in (pair.source, pair.target))
    return template.answer.format_map({**names, "source": source, "target": target})


def render_fitting(
    template: Template,
    shots: Sequence[Pair],
    source: str,
    languages: Languages,
    hints: Hints,
    special: Sequence[str],
    fits: Callable[[Prompt], bool],
) -> tuple[Prompt, Sequence[Pair]]:
    """The prompt with as many whole shots as fit, and those; the least like the sentence go first.

    Without shots it may be too long all the same.
    """
    prompt = render(template, shots, source, languages, hints, special)
    while shots and not fits(prompt):
        shots = shots[1:]
        prompt = render(template, shots, source, languages, hints, special)
    return prompt, shots


def _starts(template: Template, languages: Languages) -> Iterator[str]:
    """The tokens that open source and target for a translation model; "" twice for all others."""
    sides = (template.source_start, languages.source), (template.target_start, languages.target)
    for start, language in sides:
        token = start.format_map(languages._asdict())
        if start and not token:
            raise InputError(f'template "{template.name}": {language} has no code for {start}')
        yield token


def _dictionary(template: Template, hints: Sequence[Hint], delimiters: Sequence[str]) -> str:
    if not hints:
        return ""
    entries = [
        template.entry.format_map(
            {
                "word": neutralize(hint.word, delimiters),
                "meanings": ", ".join(neutralize(m, delimiters) for m in hint.meanings),
            }
        )
        for hint in hints
    ]
    return template.dictionary.format_map({"entries": template.between_entries.join(entries)})


def _chat(prefix: str, shots: Sequence[tuple[str, str]], query: str) -> Prompt:
    messages = [("system", prefix)] if prefix else []
    for question, answer in shots:
        messages += [("user", question), ("assistant", answer)]
    return Prompt("", (*messages, ("user", query)))


def extract_answer(text: str, stop: Sequence[str]) -> str:
    r"""What a model wrote up to the first stop string, without the space around it.

    Space and blank lines before it end nothing: chat models often open with some. What shows
    nothing, a zero width space for instance, is no answer.

    >>> extract_answer("\n\n Thank you.\nSwahili: Habari", ["\n"])
    'Thank you.'
    """
    text = text[_BLANK_LINES.match(text).end() :]  # type: ignore[union-attr]  # may be empty
    answer = text[: min([len(text), *(text.find(s) for s in stop if s in text)])].strip()
    return "" if shows_nothing(answer) else answer
