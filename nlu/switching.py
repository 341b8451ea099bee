"""Code-switching: words of English utterances replaced by a lexicon's translations, slots carried.

    tables = open_tables(("de", "kk=kk.tsv"), inflect=False, access=Access())
    switched(utterances, tables, ratio=0.5, draws=1, seed=1)

After CoSDA-ML (Qin et al. 2020, https://www.ijcai.org/proceedings/2020/533): each copy of an
utterance takes its words from one language or from several, word by word. Spans grow and shrink
with translations of several words, and a phrase that crosses the edge of a slot is left alone
(`lexaug.substitute`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from data.access import Access
from data.errors import InputError
from data.labels.slots import Utterance
from data.languages import resolve
from data.lexicon import Lexicon
from data.lexicon.load import load_lexicon
from data.load import find_language
from data.randomness import key, stream
from lexaug.paradigms import find_inflection, sha256_of
from lexaug.phrases import PhraseTable, compile_phrases
from lexaug.substitute import Replacement, substitute


@dataclass(frozen=True)
class Table:
    """A language into whose words utterances are switched."""

    code: str
    lexicon: Lexicon
    phrases: PhraseTable

    def to_json(self) -> dict[str, Any]:
        """What config.json says of it."""
        return {
            "language": self.code,
            "lexicon": self.lexicon.name,
            "entries": len(self.lexicon),
            "sha256": sha256_of(self.lexicon),
        }


def open_tables(names: Sequence[str], *, inflect: bool, access: Access) -> list[Table]:
    """The lexicons of languages, from English, ready for use.

    Args:
        names: `de`, or `kk=FILE`.
        inflect: forms of English words find their entries, and translations are inflected where
            there are tables of both languages.

    Raises:
        InputError: no such language or file, a language twice.
        UnavailableError: no lexicon of a language can be had.
    """
    languages = [find_language(name.partition("=")[0], access=access) for name in names]
    codes = [language.bcp47 for language in languages]
    for code in codes:  # before anything slow
        if codes.count(code) > 1:
            raise InputError(f"--switch {code}: named twice; leave one out")
    found: list[Table] = []
    for name, language in zip(names, languages, strict=True):
        file = name.partition("=")[2]
        lexicon = load_lexicon(resolve("en"), language, name=file or None, access=access)
        if inflect:
            inflection = find_inflection(language, wanted=None, way="tables", access=access)
            phrases = inflection.phrase_table(lexicon)
        else:
            phrases = compile_phrases(lexicon)
        found.append(Table(language.bcp47, lexicon, phrases))
    return found


def switched(
    utterances: Sequence[Utterance],
    tables: Sequence[Table],
    *,
    ratio: float,
    draws: int,
    seed: int,
) -> Iterator[tuple[Utterance, tuple[int, ...]]]:
    """Copies of utterances with words of one of the languages; those that nothing changed are left.

    Args:
        ratio: the share of the phrases that the lexicon knows which are replaced.
        draws: copies of each utterance, each in a language that is drawn.

    Yields:
        The copy, and where each word of the utterance stands in it (`carried`).
    """
    for one in utterances:
        for draw in range(draws):
            chosen = stream(seed, "switch", one.id, str(draw)).choice(tables)
            document = f"{one.id}/{draw}"
            done = substitute(
                one.tokens,
                chosen.phrases,
                ratio=ratio,
                key=key(seed, document),
                tags=one.slots,
                scheme="bio",
            )
            if done.replaced:
                copy = replace(
                    one,
                    id=f"{document}/{chosen.code}",
                    tokens=done.tokens,
                    slots=done.tags or one.slots,
                    text=" ".join(done.tokens),
                )
                yield copy, carried(done.replacements, len(one.tokens))


def carried(replacements: Sequence[Replacement], number: int) -> tuple[int, ...]:
    """For each of so many words the place of the one that stands for it after substitution.

    The first word of a phrase is stood for by the first of its translation; the others by none, -1,
    unless there are as many of both.

    >>> from data.lexicon import Entry
    >>> entries = Entry("wake me", "uniamshe"), Entry("noon", "saa sita")
    >>> table = compile_phrases(Lexicon(entries, "en", "sw"))
    >>> done = substitute(("wake", "me", "at", "noon", "please"), table, key=1)
    >>> done.tokens, carried(done.replacements, 5)
    (('uniamshe', 'at', 'saa', 'sita', 'please'), (0, -1, 1, 2, 4))
    """
    found: list[int] = []
    moved = 0
    for one in replacements:
        found += range(len(found) + moved, one.start + moved)
        size, target = one.end - one.start, one.target_end - one.target_start
        same = size == target
        found += [one.target_start + n if same or n == 0 else -1 for n in range(size)]
        moved = one.target_end - one.end
    return (*found, *range(len(found) + moved, number + moved))


def glossed(
    tokens: Sequence[Sequence[str]], table: PhraseTable
) -> list[tuple[tuple[str, ...], tuple[int, ...]]]:
    """Utterances with every word that a lexicon *into English* knows replaced, first translation.

    Returns:
        The English tokens, and for each the number of the token that it stands for; a token of a
        phrase stands for the phrase's first.
    """
    found = []
    for words in tokens:
        done = substitute(words, table, key=0)
        origin: list[int] = []
        at = 0
        for one in done.replacements:
            origin += range(at, one.start)
            origin += [one.start] * (one.target_end - one.target_start)
            at = one.end
        origin += range(at, len(words))
        found.append((done.tokens, tuple(origin)))
    return found


def describe(tables: Sequence[Table]) -> list[Mapping[str, Any]]:
    """What config.json says of the tables."""
    return [one.to_json() for one in tables]
