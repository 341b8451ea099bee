r"""One spelling for one word, and when two sentences are the same but for typography.

    changes = Counter()
    respell("Εwe tεkpɔ", "ee", changes)      # Greek epsilons become the letter ɛ
    fold("NG’OMBE", "sw")                    # the key under which a lexicon finds ng'ombe

The rules stand in data/tables/spelling.tsv, one line each, with a reason:

use      `repair`: the character is a wrong one, so text is corrected too; `key`: both are right,
         so only the keys of look-up are made equal
scope    what it holds for: `*`, a script (`Arab`), or languages (`ee fon`; `ar`: its members too)
within   the script, as Unicode names its letters, of which the word must have one: `а` is taken for
         Latin beside Latin letters only; `-` for no such condition
from     code points, several joined by `+`, ranges as `U+FB50-U+FDFF`
to       as many, or one for all of them; `-` takes them out, `NFKC` decomposes them
reason   why they are one

Not done, since a character does not tell: vowel points and hamza of Arabic, its final yeh
without dots, tone marks that are left out, fonts in place of Unicode (Zawgyi).

When two texts are the same sentence is told by their letters and digits, and nothing else. Shots
and pools, translation memories, the sentence of `icl.translate`, training text: all are compared
with a test set by `sentence_key`. Case, spaces of any kind, punctuation, quotes and apostrophes in
any spelling, invisible characters (joiners, soft hyphens, marks of direction), forms of
compatibility and the stretched line of Arabic hide no sentence.

>>> sentence_key("“Ng’ombe wetu”, SASA: 3.5!") == sentence_key("ngʼombe we\u200btu sasa 35")
True
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from data.errors import InputError
from data.languages import Language, resolve
from data.tsv import NOT_NFC, read_tsv

TABLE = Path(__file__).parent / "tables" / "spelling.tsv"
COLUMNS = ("use", "scope", "within", "from", "to", "reason")

# Languages that write i with and without a dot as two letters, in Latin script: I is ı, İ is i.
DOTLESS_I = frozenset({"az", "azb", "crh", "gag", "kaa", "tr", "tt"})

_WORD = re.compile(r"[^\s\-‐‑]+")

# Not letters and digits; also vowel signs that no letter takes in: they may be missing. And what
# Unicode counts as letters though it is none: apostrophes (ʼ), accents by themselves, tatweel, the
# stops of Thai and Lao (ฯ, ຯ), Devanagari's caret, fillers that show nothing.
_IGNORED = re.compile(
    r"[\W_\u02b9-\u02bf\u02c6-\u02cf\u02ec\u02ee\ua78b\ua78c\u07f4\u07f5\u0640\u07fa"
    r"\u0e2f\u0eaf\ua8f7"
    r"\u115f\u1160\u3164\uffa0]+"
)
_SPACES = re.compile(r"\s+")


@dataclass(frozen=True)
class Rule:
    """A line of the table: `mapping` from what is found to what stands for it."""

    use: str
    scope: frozenset[str]
    within: str | None
    mapping: Mapping[str, str]
    reason: str
    pattern: re.Pattern[str]

    def apply(self, text: str, changes: Counter[str] | None = None) -> str:
        """The text with the rule's characters replaced, each counted under the reason."""
        if self.within is None:
            return self._replaced(text, changes)
        parts = unicodedata.normalize("NFD", text)  # an accent hides no look-alike: έ is ε
        if not self.pattern.search(parts):
            return text
        parts = _WORD.sub(lambda word: self._in_word(word[0], changes), parts)
        return unicodedata.normalize("NFC", parts)

    def _in_word(self, word: str, changes: Counter[str] | None) -> str:
        beside = (letter for letter in word if letter not in self.mapping)
        fits = any(unicodedata.name(letter, "").startswith(f"{self.within} ") for letter in beside)
        return self._replaced(word, changes) if fits else word

    def _replaced(self, text: str, changes: Counter[str] | None) -> str:
        text, count = self.pattern.subn(lambda found: self.mapping[found[0]], text)
        if count and changes is not None:
            changes[self.reason] += count
        return text


def respell(text: str, language: str | None = None, changes: Counter[str] | None = None) -> str:
    """Text in NFC with the wrong characters corrected that the language's rules name.

    Case, apostrophes and whatever else has two right spellings stay as they are.

    Args:
        language: any code or name; without it, or where nobody knows it, only NFC is made.
        changes: receives the number of characters replaced, by reason.

    >>> changes = Counter()
    >>> respell("kιmsυ", "mos", changes)     # Greek iota and upsilon in a Mossi word
    'kɩmsʋ'
    >>> list(changes.values())
    [2]
    """
    if not unicodedata.is_normalized("NFC", text):
        text = unicodedata.normalize("NFC", text)
        if changes is not None:
            changes[NOT_NFC] += 1
    for rule in rules_of(language):
        if rule.use == "repair":
            text = rule.apply(text, changes)
    return unicodedata.normalize("NFC", text)


@functools.lru_cache(maxsize=1 << 16)
def fold(word: str, language: str | None = None) -> str:
    """The form under which a word is looked up: one spelling, no case, NFC, single spaces.

    A full stop, question mark or exclamation mark at the end does not count. With a language
    the rules of its script hold as well, and Turkish and its relatives keep ı and i apart.

    >>> fold("NG’OMBE"), fold("Thank  you!")
    ("ng'ombe", 'thank you')
    >>> fold("IRMAK", "tr"), fold("İrmik", "tr"), fold("كتاب", "fa") == fold("کتاب", "fa")
    ('ırmak', 'irmik', True)
    """
    text = unicodedata.normalize("NFC", word)
    single, others = _key_rules(language)
    text = text.translate(single)
    if not text.isascii():
        for rule in others:
            text = rule.apply(text)
    text = unicodedata.normalize("NFC", fold_case(text, language))
    text = " ".join(text.split())
    return text.rstrip(".!? ") or text


def fold_case(text: str, language: str | None = None) -> str:
    """Text without capitals, by Unicode's full case folding and the language's letters i.

    >>> fold_case("IŞIK"), fold_case("IŞIK", "tr"), fold_case("ƁERƐ")
    ('işik', 'ışık', 'ɓerɛ')
    """
    if _has_dotless_i(language):
        text = text.replace("I", "ı").replace("İ", "i")
    return text.casefold()


@functools.lru_cache(maxsize=512)
def rules_of(language: str | None) -> tuple[Rule, ...]:
    """The rules that hold for a language in its script, its own before those of the script.

    >>> [rule.reason.split(":")[0] for rule in rules_of("fon") if rule.scope == {"Latn"}][1]
    'Cyrillic letters in a Latin word'
    """
    known = _resolved(language)
    labels = {"*"}
    if known:
        labels |= {known.bcp47, known.macrolanguage or "", known.script or ""}
    return tuple(rule for rule in _table() if rule.scope & labels)


@functools.lru_cache(maxsize=512)
def _key_rules(language: str | None) -> tuple[dict[int, str], tuple[Rule, ...]]:
    """One map of the single characters that are always replaced, and the rules that ask more."""
    single: dict[int, str] = {}
    others = []
    for rule in rules_of(language):
        if rule.within is None and all(len(found) == 1 for found in rule.mapping):
            single = {ord(found): to for found, to in rule.mapping.items()} | single
        else:
            others.append(rule)
    return single, tuple(others)


@functools.lru_cache(maxsize=512)
def _has_dotless_i(language: str | None) -> bool:
    known = _resolved(language)
    return known is not None and known.script == "Latn" and known.bcp47 in DOTLESS_I


def _resolved(language: str | None) -> Language | None:
    try:
        return resolve(language) if language else None
    except InputError:
        return None


@functools.cache
def _table() -> tuple[Rule, ...]:
    return tuple(read_rules(TABLE))


def read_rules(path: Path) -> Iterator[Rule]:
    """Yield the rules of a table, in its order.

    Raises:
        InputError: a line that does not follow the module's description.
    """
    for row in read_tsv(path, COLUMNS, header=True):
        use, scope, within, found, to, reason = row.cells
        where = f"{path}:{row.line}"
        if use not in ("repair", "key"):
            raise InputError(f'{where}: expected repair or key, found "{use}"; correct the line')
        mapping = _mapping(found, to, where)
        longest_first = sorted(mapping, key=len, reverse=True)
        pattern = re.compile("|".join(map(re.escape, longest_first)))
        yield Rule(
            use,
            frozenset(scope.split()),
            None if within == "-" else within,
            mapping,
            reason,
            pattern,
        )


def _mapping(found: str, to: str, where: str) -> dict[str, str]:
    keys = [text for cell in found.split() for text in _texts(cell, where)]
    if to == "NFKC":
        return {key: unicodedata.normalize("NFKC", key) for key in keys}
    values = [""] if to == "-" else [text for cell in to.split() for text in _texts(cell, where)]
    if len(values) not in (1, len(keys)):
        raise InputError(
            f"{where}: expected {len(keys)} characters or one in column to, found {len(values)};"
            " name as many as in column from"
        )
    return dict(zip(keys, values if len(values) > 1 else values * len(keys), strict=True))


def _texts(cell: str, where: str) -> list[str]:
    """`U+0041`, `U+0041+U+0301` (one text of two characters) or `U+0041-U+005A` (26 texts)."""
    points = re.findall(r"U\+([0-9A-F]{4,6})", cell)
    if not re.fullmatch(r"U\+[0-9A-F]{4,6}((\+U\+[0-9A-F]{4,6})*|-U\+[0-9A-F]{4,6})", cell):
        raise InputError(f'{where}: expected code points (U+0253), found "{cell}"; correct it')
    if "-" in cell:
        first, last = (int(point, 16) for point in points)
        return [chr(point) for point in range(first, last + 1)]
    return ["".join(chr(int(point, 16)) for point in points)]


def sentence_key(sentence: str) -> str:
    """What two texts share if they are the same sentence; "" only where nothing is to be seen.

    A text without a letter or digit is the same as one with the same signs.

    >>> sentence_key("።"), sentence_key("? !"), sentence_key("\u200b ")
    ('።', '?!', '')
    """
    return letters_of(sentence) or "".join(
        character
        for character in _SPACES.sub("", unicodedata.normalize("NFKC", sentence))
        if unicodedata.category(character) not in ("Cc", "Cf")
    )


def letters_of(sentence: str) -> str:
    """The letters and digits of a sentence, without case.

    >>> letters_of("Ng'ombe wetu, SASA: 3.5!"), letters_of("?!")
    ('ngombewetusasa35', '')
    """
    if sentence.isascii():
        folded = sentence.lower()
    else:  # twice: case folding may decompose what was composed
        folded = unicodedata.normalize("NFKC", sentence).casefold()
        folded = unicodedata.normalize("NFKC", folded)
    return _IGNORED.sub("", folded)
