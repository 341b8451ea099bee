"""Word lists: pairs of words that name a woman or a man, and words in groups, ours or a user's.

    pairs("en-gender").rows[0]              # she, he
    words("en-career-family").groups["career"]
    pairs("mine.tsv", language="en")        # a table of your own, checked as ours are

`lists.tsv` has a line a list: its name, kind, language and licence, who wrote it, who checked it,
what it is for, and what it leaves out. `python -m data.word_lists` prints and checks lists.

A list of pairs has the columns female, male, tag, group. It is one to one: a word that several
lines hold ("her" is "him" and "his") has a tag on each, which says in which role it has that
partner; else the tag is `-`. Words are in lower case; what swaps them keeps the case of the text.
Rows of the groups `name` and `title` hold for capitalised words only ("Mark", "Ms").
A list of words has the columns word, group.

Where the pronouns of a language know no gender, a list holds nouns only (GENDERLESS_PRONOUNS).
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from data.cli import did_you_mean
from data.errors import InputError
from data.languages import Language, resolve
from data.tsv import Row, read_tsv
from data.word_lists.case import CASES, cased
from data.word_lists.parts import parts

FOLDER = Path(__file__).parent
COLUMNS = ("name", "kind", "language", "licence", "author", "checked", "purpose", "note")
PAIR_COLUMNS = ("female", "male", "tag", "group")
WORD_COLUMNS = ("word", "group")
PRONOUN = "pronoun"
CAPITALISED = frozenset({"name", "title"})

# By bcp47: one third-person pronoun for women and men. WALS 44A (Siewierska 2013) has "no gender
# distinctions" for those of its sample; of the Bantu languages it counts the noun classes, which
# part people from things and not women from men.
GENDERLESS_PRONOUNS: Mapping[str, str] = MappingProxyType(
    {"sw": "yeye", "tr": "o", "fi": "hän", "hu": "ő", "et": "tema", "fa": "u", "az": "o"}
    | {"kk": "ол", "ky": "ал", "uz": "u", "tk": "ol", "ka": "ის", "hy": "նա", "eu": "hura"}
    | {"id": "dia", "ms": "dia", "fil": "siya", "tl": "siya", "vi": "nó", "mg": "izy", "mi": "ia"}
    | {"zu": "yena", "xh": "yena", "sn": "iye", "rw": "we", "yo": "ó", "ig": "ọ", "bn": "সে"}
)


@dataclass(frozen=True, slots=True)
class About:
    """What a list is: a line of `lists.tsv`."""

    name: str
    kind: str
    language: str
    licence: str
    author: str
    checked: str
    purpose: str
    note: str


@dataclass(frozen=True, slots=True)
class Pair:
    """Two words, and the role in which they are each other's counterpart ("" for any role)."""

    female: str
    male: str
    tag: str
    group: str
    line: int


@dataclass(frozen=True, slots=True)
class Pairs:
    """A list of pairs, one to one."""

    about: About
    rows: tuple[Pair, ...]

    def only(self, groups: Collection[str]) -> Pairs:
        """The list with the rows of some groups only.

        >>> [pair.female for pair in pairs("en-gender").only(["pronoun"]).rows]
        ['she', 'her', 'her', 'hers', 'herself']
        >>> pairs("sw-gender").only(["pronoun"])
        Traceback (most recent call last):
        data.errors.InputError: sw-gender: no group "pronoun": the pronouns of Swahili know no \
gender ("yeye" is she and he); it has: kinship, rank, noun
        """
        known = tuple(dict.fromkeys(pair.group for pair in self.rows))
        for group in groups:
            if group not in known:
                why = _genderless(group, resolve(self.about.language))
                raise InputError(
                    f'{self.about.name}: no group "{group}"{why}; it has: {", ".join(known)}'
                )
        return replace(self, rows=tuple(pair for pair in self.rows if pair.group in groups))


@dataclass(frozen=True, slots=True)
class Words:
    """A list of words in groups."""

    about: About
    groups: Mapping[str, tuple[str, ...]]

    @property
    def words(self) -> tuple[str, ...]:
        """All words, in the order of the list."""
        return tuple(word for group in self.groups.values() for word in group)


@functools.cache
def word_lists() -> Mapping[str, About]:
    """All lists of the project by name.

    >>> word_lists()["sw-gender"].checked
    'no speaker checked it'
    """
    rows = read_tsv(FOLDER / "lists.tsv", COLUMNS, header=True)
    return MappingProxyType({row.cells[0]: About(*row.cells) for row in rows})


def pairs(name: str | Path, language: str | None = None) -> Pairs:
    """A list of pairs of the project by its name, or the user's own table.

    Args:
        language: what a table of the user's is in; of the project's lists it is known.

    Raises:
        InputError: no such list; a table that is not one to one, with the lines concerned.

    >>> [(pair.female, pair.male) for pair in pairs("sw-gender").rows[:2]]
    [('mama', 'baba'), ('dada', 'kaka')]
    """
    path, about = _found(name, "pairs", language)
    rows = tuple(_pair(row) for row in read_tsv(path, PAIR_COLUMNS, header=True, empty=("tag",)))
    check_pairs(rows, str(path), resolve(about.language))
    return Pairs(about, rows)


def words(name: str | Path, language: str | None = None) -> Words:
    """A list of words in groups: of the project by its name, or the user's own table.

    Raises:
        InputError: no such list; a word that stands on two lines.

    >>> words("en-science-arts").groups["arts"][:3]
    ('poetry', 'dance', 'literature')
    """
    path, about = _found(name, "words", language)
    lines: dict[str, int] = {}
    groups: dict[str, list[str]] = {}
    for row in read_tsv(path, WORD_COLUMNS, header=True):
        word, group = row.cells
        if word in lines:
            raise InputError(
                f'{path}:{row.line}: "{word}" stands on line {lines[word]} too; a word belongs to'
                " one group, once: take one of the lines out"
            )
        lines[word] = row.line
        groups.setdefault(group, []).append(word)
    if not groups:
        raise InputError(f"{path}: expected words, found none; add lines below the header")
    return Words(about, MappingProxyType({key: tuple(found) for key, found in groups.items()}))


@functools.cache
def gender_pairs(language: str) -> Pairs:
    """The project's pairs for a language.

    >>> gender_pairs("swh_Latn").about.name
    'sw-gender'
    >>> gender_pairs("yo")
    Traceback (most recent call last):
    data.errors.InputError: no pairs of gendered words for Yoruba (yo); there are some for: en, \
sw, tr; name a table of your own with the columns female, male, tag, group
    """
    wanted = resolve(language)
    lists = [about for about in word_lists().values() if about.kind == "pairs"]
    for about in lists:
        if resolve(about.language).same_language(wanted):
            return pairs(about.name)
    raise InputError(
        f"no pairs of gendered words for {wanted.name} ({wanted.bcp47}); there are some for: "
        f"{', '.join(about.language for about in lists)}; name a table of your own with the "
        f"columns {', '.join(PAIR_COLUMNS)}"
    )


def knows_no_gender(language: str | Language) -> bool:
    """Whether the pronouns of a language are known to be the same for women and men.

    >>> knows_no_gender("tr"), knows_no_gender("en")
    (True, False)
    """
    found = resolve(language) if isinstance(language, str) else language
    return bool({found.bcp47, found.macrolanguage} & GENDERLESS_PRONOUNS.keys())


def check_pairs(rows: Collection[Pair], where: str, language: Language) -> None:
    """Raise where a list is not one to one, or cannot be swapped back, naming the lines.

    Args:
        where: the file, which begins each message.
    """
    if not rows:
        raise InputError(f"{where}: expected pairs, found none; add lines below the header")
    for pair in rows:
        _check_words(pair, f"{where}:{pair.line}", language)
    _check_columns(rows, where)
    _check_roles(rows, where)
    _check_parts(rows, where)


def _check_words(pair: Pair, where: str, language: Language) -> None:
    if pair.group == PRONOUN and (why := _genderless(pair.group, language)):
        raise InputError(f"{where}: no pronouns are taken{why}; take the line out")
    if pair.female == pair.male:
        raise InputError(
            f'{where}: expected two words, found "{pair.female}" twice; a word that names women'
            " and men needs no line"
        )
    forms = [[cased(word, case, language.bcp47) for case in CASES] for word in pair_words(pair)]
    for word, [lower, title, upper] in zip(pair_words(pair), forms, strict=True):
        if [len(run) for run in parts(word)] != [1] or word != lower or len(word) < 2:
            raise InputError(
                f'{where}: expected one word of two letters or more in lower case, found "{word}";'
                " phrases and digits cannot be swapped"
            )
        if not {word} == {cased(form, CASES[0], language.bcp47) for form in (title, upper)}:
            raise InputError(f'{where}: "{word}" in capitals and back is another word; take it out')
    if len({len(set(texts)) for texts in forms}) > 1:
        raise InputError(
            f'{where}: "{pair.female}" and "{pair.male}": one has capitals and the other has none;'
            " write both in one script"
        )


def _check_columns(rows: Collection[Pair], where: str) -> None:
    female = {pair.female: pair.line for pair in rows}
    for pair in rows:
        if pair.male in female:
            raise InputError(
                f'{where}:{pair.line}: "{pair.male}" is in the column male here and in the column'
                f" female on line {female[pair.male]}; a word is on one side only"
            )


def _check_roles(rows: Collection[Pair], where: str) -> None:
    """A word on several lines has another tag on each."""
    first: dict[str, list[Pair]] = {}
    for pair in rows:
        for word in pair_words(pair):
            for other in first.setdefault(word, []):
                if not (pair.tag and other.tag) or pair.tag == other.tag:
                    raise InputError(
                        f'{where}:{pair.line}: not one to one: "{word}" is paired with'
                        f' "{_partner(other, word)}" on line {other.line} and with'
                        f' "{_partner(pair, word)}" here; take one out, or tell their roles apart'
                        " in the column tag"
                    )
            first[word].append(pair)


def _check_parts(rows: Collection[Pair], where: str) -> None:
    """Words that a hyphen or an apostrophe parts share no part with another word of the list."""
    owners: dict[str, tuple[str, int]] = {}
    for pair in rows:
        for word in pair_words(pair):
            [run] = parts(word)
            for part in {word[start:stop] for start, stop in run[0]} | {word}:
                owner, line = owners.setdefault(part, (word, pair.line))
                if owner != word:
                    raise InputError(
                        f'{where}:{pair.line}: overlap: "{word}" and "{owner}" (line {line}) share'
                        f' "{part}"; compounds are swapped part by part, so take the longer out'
                    )


def pair_words(pair: Pair) -> tuple[str, str]:
    """Both words of a pair."""
    return pair.female, pair.male


def _partner(pair: Pair, word: str) -> str:
    return pair.male if word == pair.female else pair.female


def _pair(row: Row) -> Pair:
    female, male, tag, group = row.cells
    return Pair(female, male, "" if tag.strip() in ("", "-") else tag, group, row.line)


def _genderless(group: str, language: Language) -> str:
    if group != PRONOUN or not knows_no_gender(language):
        return ""
    key = language.bcp47 if language.bcp47 in GENDERLESS_PRONOUNS else language.macrolanguage or ""
    return (
        f": the pronouns of {language.name} know no gender"
        f' ("{GENDERLESS_PRONOUNS[key]}" is she and he)'
    )


def _found(name: str | Path, kind: str, language: str | None) -> tuple[Path, About]:
    known = {key: about for key, about in word_lists().items() if about.kind == kind}
    if str(name) in known:
        about = known[str(name)]
        if language is not None and not resolve(language).same_language(resolve(about.language)):
            raise InputError(
                f"{name}: the list is in {resolve(about.language).name}, not in"
                f" {resolve(language).name}; name a table of your own"
            )
        return FOLDER / f"{name}.tsv", about
    path = Path(name)
    if not path.is_file():
        raise InputError(
            f'no list of {kind} "{name}"{did_you_mean(str(name), known)}, and no such file;'
            f" the project's are: {', '.join(known)}"
        )
    if language is None:
        raise InputError(f"{path}: expected the language of the list; name it with --lang")
    return path, About(path.name, kind, resolve(language).bcp47, "-", "-", "-", "-", "-")
