"""What a FreeDict article says, taken apart by the layout that its dictionaries share.

    neno /nˈeno/ <n> (pl: {maneno})
    1. equivalent, equivalent (a note)
    ; another equivalent of the same sense
       See also: {other}
    2. equivalent
          "An example."  - Its translation.

The heading holds headwords, pronunciations, a part of speech, the plural. Below it, the first
line of a sense and those that begin with a semicolon hold equivalents; the rest are notes,
definitions, examples and cross-references, which are left out and counted. Notes in brackets
and marks at the end (!, ?) are no part of an equivalent. Some plurals have an article of their
own, `Plural of {kiatu}: shoe`, which stands for the equivalents of that singular.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

# Tags of FreeDict's TEI files and of their sources, to Universal POS. A tag that does not tell
# between two universal ones (conj: CCONJ or SCONJ) is not here and leaves the entry without one.
FREEDICT_TAGS: Mapping[str, str] = {
    "a": "ADJ",
    "adj": "ADJ",
    "adv": "ADV",
    "art": "DET",
    "cop": "AUX",
    "int": "INTJ",
    "interj": "INTJ",
    "irrv": "VERB",
    "n": "NOUN",
    "num": "NUM",
    "pr": "PRON",
    "prep": "ADP",
    "prép": "ADP",
    "pron": "PRON",
    "prt": "PART",
    "v": "VERB",
    "vi": "VERB",
    "vt": "VERB",
    # Eurfa, the source of cym-eng: adverb, exclamation, proper name, preposition, pronoun, article
    "b": "ADV",
    "e": "INTJ",
    "np": "PROPN",
    "p": "ADP",
    "pn": "PROPN",
    "r": "PRON",
    "t": "DET",
}

# Reasons under which parts of an article are left out.
CROSS_REFERENCE = "cross-reference"
EXAMPLE = "example"
NOTE = "note or definition below an equivalent"
BRACKETS = "part in brackets or after a dash"
DEFINITION = "definition in place of an equivalent"
NO_LETTERS = "headword or equivalent without letters"
NO_EQUIVALENT = "article without an equivalent"
TOO_MANY = "article with more than 1,000 entries"

MOST_ENTRIES = (
    1000  # headwords times equivalents; the largest article of FreeDict's has some dozens
)

# A text with this many words more than its headword explains it: "a town by the lake in the
# north". Chosen by eye on afr-eng, cym-eng, eng-swh, gle-eng, kha-eng, swh-eng and wol-fra.
LONGER_BY = 5

_GRAMMAR = re.compile(r"<([^<>]*)>")
_PRONUNCIATION = re.compile(r"(?<!\S)//?[^/]*//?(?!\S)")
_SENSE = re.compile(r"([0-9]{1,6})\.(?:\s+|$)(.*)")
_SENSE_GRAMMAR = re.compile(r"(\w+)\.\s*(?=\w)")
_PLURAL = re.compile(r"^ *Plural of \{([^{}]*)\}.*(?:\n .*)*", re.MULTILINE)
_REFERENCE = re.compile(r"\s+\w[\w ]*: .*\{")
_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_SEPARATOR = re.compile(r";|,(?!\d)")
_OPEN_BRACKET = re.compile(r"[(\[].*")
_LABEL = re.compile(r"^\w+: ")  # better: ofisi
_SPACE = re.compile(r"\s+")
_DASH_NOTE = re.compile(r" - .*")  # where spaces stand one by one
_END_MARKS = frozenset(" !?,;:")


@dataclass(frozen=True, slots=True)
class Equivalent:
    """One translation in an article: its text, the number of its sense, its Universal POS."""

    text: str
    sense: int | None
    pos: str | None


@dataclass(frozen=True, slots=True)
class Article:
    """What an article says: headwords, equivalents, and the singular that a plural points to."""

    headwords: tuple[str, ...]
    pos: str | None
    equivalents: tuple[Equivalent, ...]
    singular: str | None


def parse_article(
    text: str, tags: Mapping[str, str] = FREEDICT_TAGS, dropped: Counter[str] | None = None
) -> Article:
    r"""Take an article apart; what is left out is counted in `dropped`.

    >>> article = parse_article("jino /ɟˈino/ <n> (pl: {meno})\n\ntooth, fang (of a snake)\n")
    >>> article.headwords, article.pos, [equivalent.text for equivalent in article.equivalents]
    (('jino',), 'NOUN', ['tooth', 'fang'])
    >>> parse_article("my //maɪ// //mi// <determiner>\nsaya\n").headwords  # as in eng-ind
    ('my',)
    >>> parse_article("meno /mˈeno/ <n>\n\n Plural of {jino}: tooth\n").singular
    'jino'
    """
    dropped = Counter() if dropped is None else dropped
    heading, _, body = text.partition("\n")
    grammar = _GRAMMAR.search(heading)
    pos = _universal_pos(grammar[1], tags, dropped) if grammar else None
    plural = _PLURAL.search(body)
    if plural:
        body = body[: plural.start()] + body[plural.end() :]
    headwords = tuple(_headwords(heading, dropped))
    lines = _sense_lines(body, pos, tags, dropped)
    equivalents = tuple(_equivalents(lines, headwords, dropped))
    if not equivalents and not plural:
        dropped[NO_EQUIVALENT] += 1
    if len(equivalents) * len(headwords) > MOST_ENTRIES:
        dropped[TOO_MANY] += 1
        equivalents = ()
    return Article(headwords, pos, equivalents, plural[1] if plural else None)


def _headwords(heading: str, dropped: Counter[str]) -> Iterator[str]:
    words = _PRONUNCIATION.sub("", _GRAMMAR.sub("", heading))
    for headword in _split(words, dropped):
        yield _LABEL.sub("", headword)


def _equivalents(
    lines: Iterable[Equivalent], headwords: tuple[str, ...], dropped: Counter[str]
) -> Iterator[Equivalent]:
    for line in lines:
        for text in _split(line.text, dropped):
            if _is_definition(text, headwords):
                dropped[DEFINITION] += 1
            else:
                yield replace(line, text=text)


def _sense_lines(
    body: str, default: str | None, tags: Mapping[str, str], dropped: Counter[str]
) -> Iterator[Equivalent]:
    """Yield the lines of equivalents, not yet split at commas, each with its sense and tag."""
    sense, pos, reached = None, default, False
    for line in body.split("\n"):
        numbered = _SENSE.match(line)
        if numbered:
            sense, pos, reached = int(numbered[1]), default, False
            line = numbered[2]
            tag = _SENSE_GRAMMAR.match(line)
            if tag and tag[1] in tags:
                pos, line = tags[tag[1]], line[tag.end() :]
        reason = _reason_to_skip(line, reached=reached)
        if reason:
            dropped[reason] += 1
        elif line.strip():
            reached = True
            yield Equivalent(line.lstrip(" ;"), sense, pos)


def _reason_to_skip(line: str, *, reached: bool) -> str | None:
    """Why a line holds no equivalents; `reached`: its sense has had a line of them."""
    if line.startswith(("\t", " " * 6)):
        return EXAMPLE if line.lstrip().startswith('"') else NOTE
    if _REFERENCE.match(line):
        return CROSS_REFERENCE
    if reached and line.strip() and not line.startswith(";"):
        return NOTE
    return None


def _split(line: str, dropped: Counter[str]) -> Iterator[str]:
    """Yield the words and phrases of a line, without notes in brackets and marks at the end."""
    for part in _SEPARATOR.split(_without_brackets(line, dropped)):
        text = _without_end_marks(" ".join(part.split()))
        if any(character.isalpha() for character in text):
            yield text
        elif text:
            dropped[NO_LETTERS] += 1


def _without_brackets(line: str, dropped: Counter[str]) -> str:
    """The line without what stands in brackets, after one left open, or after a dash."""
    for pattern in (_BRACKETS, _BRACKETS, _OPEN_BRACKET):  # two levels are in use
        line, count = pattern.subn(" ", line)
        dropped[BRACKETS] += count
    line, count = _DASH_NOTE.subn(" ", _SPACE.sub(" ", line))
    dropped[BRACKETS] += count
    return line


def _without_end_marks(text: str) -> str:
    """The text without marks and spaces at its end, and full stops that stand alone there.

    >>> _without_end_marks("karibu sana ! ."), _without_end_marks("n.k.")
    ('karibu sana', 'n.k.')
    """
    end = len(text)
    while end:
        if text[end - 1] in _END_MARKS:
            end -= 1
        elif text[end - 1] == "." and text[max(end - 2, 0)] == " ":
            end -= 2
        else:
            break
    return text[:end]


def _is_definition(text: str, headwords: tuple[str, ...]) -> bool:
    """Whether a text explains the headword: it is much longer, or it quotes or refers."""
    longest = max((headword.count(" ") for headword in headwords), default=0)
    return text.count(" ") >= longest + LONGER_BY or any(mark in text for mark in '"{')


def _universal_pos(tag: str, tags: Mapping[str, str], dropped: Counter[str]) -> str | None:
    """The Universal POS of a tag such as "n, f", "n." or "pron. rel.": its first part tells."""
    first = tag.split(",")[0].replace(".", " ").split()
    pos = tags.get(first[0].lower()) if first else None
    if pos is None:
        dropped[f"part of speech <{tag}> without a universal one"] += 1
    return pos
