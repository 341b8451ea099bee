"""What a text may call a language: codes, names and aliases to the tag that data.languages uses.

    >>> known("swh"), tag_of_name("ghotuo"), fold("Èdè Yorùbá")
    ('sw', 'aaa', 'ede yoruba')

The names are those of data/tables/languages.tsv, of the IANA registry and of CLDR.

Codes have come to mean another language, or none (`changes`, `whole_tag`):

    >>> changes()["cit"].change, changes()["cit"].codes
    ('split', ('rhg', 'ctg'))
    >>> whole_tag("zh-min-nan-TW"), whole_tag("sgn-BE-FR"), whole_tag("sw-KE")
    ('nan-TW', 'sfb', 'sw-KE')

data/tables/iso_changes.tsv holds what ISO 639-3 has changed (SIL's tables of 2026-07-23,
https://iso639-3.sil.org) and the registry that langcodes carries lacks: `new` codes, those `merged`
into another, those `split` into several, and those of languages that `none` speaks or spoke. Two
are left out, which data sets use as they please: `ajp` stands beside `apc` in FLORES-200, and
`jap`, once Jaruára, is SIGMORPHON's Japanese.
"""

from __future__ import annotations

import difflib
import functools
import re
import reprlib
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from langcodes.data_dicts import LANGUAGE_REPLACEMENTS, LIKELY_SUBTAGS, MACROLANGUAGES

from data.errors import InputError
from data.tsv import read_tsv

CHANGES = Path(__file__).parent / "tables" / "iso_changes.tsv"
LONGEST_TAG = 3  # subtags of a tag that was registered as a whole: sgn-BE-FR

# Where CLDR says another thing than the registry, or too little of it.
INSTEAD = {
    "hbs": "sh",  # CLDR: sr-Latn
    "sgn-no": "nsl",  # CLDR: nsi, the sign language of Nigeria
}

TABLES = Path(__file__).parent / "tables"
HOW = "give a code (sw, swa, swh_Latn, sw-KE), a name (Swahili) or a glottocode (swah1253)"
LONGEST = 100
LONGEST_CHAIN = 8  # of codes that replaced each other; the longest known has three
CLICKS = str.maketrans("!|‖≠", "ǃǀǁǂ")  # how the letters of clicks are typed, and what they are
PUNCTUATION = " -_'’‘`(),.\u200c\u200d"  # of names, with the joiners of Arabic and Indic scripts


class Change(NamedTuple):
    """A code, the name that went with it, what became of it, and the codes that stand for it."""

    code: str
    name: str
    change: str
    codes: tuple[str, ...]


@functools.cache
def changes() -> Mapping[str, Change]:
    """What ISO 639-3 has changed, by code."""
    rows = read_tsv(CHANGES, Change._fields, header=True)
    return {
        code: Change(code, name, change, tuple(codes.strip("-").split()))
        for code, name, change, codes in (row.cells for row in rows)
    }


def successor(code: str) -> str:
    """The code that stands for a retired one, a tag with a region among them (prs: fa-AF).

    >>> successor("mol"), successor("mo"), successor("sw"), successor("auv")
    ('mo', 'ro', 'sw', 'oci')
    """
    newer = INSTEAD.get(code) or LANGUAGE_REPLACEMENTS.get(code)
    if newer is None and len(code) == 3 and (change := changes().get(code)):
        newer = change.codes[0] if change.change == "merged" else None
    return newer or code


def whole_tag(text: str) -> str:
    """A tag whose beginning was registered as a whole, i-klingon, with the code that replaced it.

    What follows is kept: `zh-min-nan-TW` is `nan-TW`.
    """
    subtags = text.split("-")
    for length in range(min(len(subtags), LONGEST_TAG), 1, -1):
        head, rest = "-".join(subtags[:length]).lower(), subtags[length:]
        newer = INSTEAD.get(head) or LANGUAGE_REPLACEMENTS.get(head)
        if newer:
            return "-".join([newer, *rest])
    return text


def known(code: str) -> str | None:
    """The tag of a two- or three-letter code, `sw` for swa and swh; None for no language's."""
    code = _replaced(code)
    return code if code in rows() or code in _registered() else None


def _replaced(code: str) -> str:
    """What stands for a code now: mol became mo, and mo became ro."""
    for _ in range(LONGEST_CHAIN):
        newer = code if code in rows() else successor(code)
        if "-" in newer:  # fa-AF is Dari; CLDR would also turn swc into sw-CD, sh into sr-Latn
            newer = builtin_names().get(fold(newer), code)
        if newer == code:
            break
        code = newer
    return _individuals().get(code, code)


def likely(code: str, narrower: str | None = None) -> Sequence[str] | None:
    """CLDR's language, script and region for a language (and a script or region)."""
    tag = LIKELY_SUBTAGS.get(f"{code}-{narrower}" if narrower else code)
    return tag.split("-") if tag else None


def read_table(name: str, columns: Sequence[str]) -> list[list[str]]:
    """Rows of one of our tables; `-` stands for nothing."""
    lines = read_tsv(TABLES / name, columns, header=True)
    return [["" if cell == "-" else cell for cell in line.cells] for line in lines]


class _Row(NamedTuple):
    bcp47: str
    iso639_3: str
    individual: str
    glottocode: str
    name: str
    script: str
    aliases: str


@functools.cache
def rows() -> Mapping[str, _Row]:
    """The languages built in, by tag."""
    return {cells[0]: _Row(*cells) for cells in read_table("languages.tsv", _Row._fields)}


@functools.cache
def _individuals() -> Mapping[str, str]:
    """What an individual language without a line of its own is part of: swh to sw."""
    own = {row.iso639_3 for row in rows().values()}
    return {
        row.individual: row.bcp47
        for row in rows().values()
        if row.individual and row.individual not in own
    }


@functools.cache
def builtin_names() -> Mapping[str, str]:
    """Tag by folded name, alias and glottocode, for the languages built in."""
    names = {}
    for row in rows().values():
        for text in filter(None, (row.name, row.glottocode, *row.aliases.split("; "))):
            names[fold(text)] = row.bcp47
    return names


@functools.cache
def _registered() -> Mapping[str, Sequence[str]]:
    """Names by subtag, from the IANA registry that langcodes carries; 30 ms, once."""
    from langcodes.registry_parser import parse_registry

    new = {entry.code: [entry.name] for entry in changes().values() if entry.change == "new"}
    return new | {
        entry["Subtag"]: [
            re.sub(r" \((macro|individual )language\)$", "", name) for name in entry["Description"]
        ]
        for entry in parse_registry()  # type: ignore[no-untyped-call]
        if entry["Type"] == "language" and entry.get("Scope") not in ("special", "private-use")
    }


@functools.cache
def _names() -> Mapping[str, set[str]]:
    """Tags by folded name, for all languages, in English and in the language; 0.2 s, once."""
    from language_data.names import code_to_names  # type: ignore[import-untyped]

    names = defaultdict(set)
    for code, registered in _registered().items():
        cldr = code_to_names(code)
        for name in {*registered, cldr.get("en", ""), cldr.get(code, "")} - {""}:
            for key in (name, name.split(" (")[0]):
                names[fold(key)].add(_replaced(code))
    return names


def tag_of_name(text: str) -> str:
    """The tag of the one language with this name.

    Raises:
        InputError: none has it (near misses are suggested), several have it (all are listed), or
            it is a glottocode that is not built in.
    """
    key = fold(text)
    if re.fullmatch(r"[a-z][a-z0-9]{3}\d{4}", key):
        number = sum(row.glottocode != "" for row in rows().values())
        raise InputError(
            f"glottocode {shown(text)} is none of the {number} built in; python -m data.catalog "
            "fetch glottolog brings the rest, for resolve_glottocode; or give an ISO 639-3 code"
        )
    tags = _names().get(key, set())
    tags = {tag for tag in tags if MACROLANGUAGES.get(tag) not in tags}
    if len(tags) == 1:
        return tags.pop()
    if tags:
        several = _listed(sorted(tags))
        raise InputError(f"{shown(text)} names several languages: {several}; give a code")
    _refuse_retired(text)
    near = _near(text)
    hint = f"did you mean {_listed(near)}?" if near else HOW
    raise InputError(f"unknown language {shown(text)}; {hint}")


def _refuse_retired(text: str) -> None:
    """Raise for a code that ISO 639-3 has split in several or taken back."""
    code = re.split("[-_]", text.lower())[0]
    change = changes().get(code)
    if change is None or change.change not in ("split", "none"):
        return
    what = f"{shown(code)} ({change.name}) was taken out of ISO 639-3"
    if change.codes:
        raise InputError(f"{what} and split: {_listed(map(_replaced, change.codes))}; give one")
    raise InputError(f"{what}, as no language of its own; {HOW}")


def _near(text: str) -> list[str]:
    """Tags that an unknown text may have meant, at most three."""
    head = known(re.split("[-_]", text.lower())[0])
    country = likely("und", text.upper())  # jp is a country, its language ja
    if head:
        return [head]
    if country and country[0] != "und":  # Antarctica has none
        return [_replaced(country[0])]
    key = fold(text)
    for names in (builtin_names(), {name: min(codes) for name, codes in _names().items()}):
        near = [name for name in names if f" {key} " in f" {name} "][:3]
        near = near or difflib.get_close_matches(key, names, 3, 0.75)
        if near and len(key) > 3:
            return list(dict.fromkeys(names[name] for name in near))
    return []


def _listed(tags: Iterable[str]) -> str:
    return " or ".join(f"{name_of(tag)} ({tag})" for tag in tags)


def name_of(tag: str) -> str:
    """The English name of a language whose tag is known: ours, else the registry's."""
    return rows()[tag].name if tag in rows() else _registered()[tag][0]


def names_of(code: str) -> tuple[str, ...]:
    """All names of a tag or three-letter code that the registry and CLDR have, and its own name.

    >>> names_of("nso")
    ('Pedi', 'Northern Sotho', 'Sepedi', 'Northern Sotho', 'Sesotho sa Leboa')
    """
    from language_data.names import code_to_names

    code = _replaced(code)
    cldr = code_to_names(code)
    found = [*_registered().get(code, ()), cldr.get("en"), cldr.get(code)]
    return tuple(name for name in found if name)


def fold(text: str) -> str:
    """Without case, diacritics, apostrophes and punctuation: "K'iche'" and "Kʼicheʼ" are one."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    plain = re.sub("['’‘ʼʻ`\u200c\u200d]", "", plain.casefold())
    return " ".join(re.sub(r"[-_(),.]", " ", plain).split())


def search_key(text: str) -> str:
    """What is compared of a name that is searched: folded, clicks in their letters.

    >>> search_key("!Xóõ") == search_key("ǃxoo")
    True
    """
    return fold(text.translate(CLICKS))


def checked(text: object) -> str:
    """The text without the spaces around it, if it could name a language at all.

    Raises:
        InputError: not text, empty, too long, or with a character that no name has (`../x`).
    """
    if not isinstance(text, str):
        raise InputError(f"a language is given as text, found {shown(text)}; {HOW}")
    if not text.strip(" ") or len(text) > LONGEST:
        raise InputError(f"no language is called {shown(text)}; {HOW}")
    for character in text:
        if unicodedata.category(character)[0] not in "LMN" and character not in PUNCTUATION:
            raise InputError(f"{shown(text)}: {character!r} stands in no language's name; {HOW}")
    return text.strip(" ")


def shown(value: object) -> str:
    """A value as an error message shows it: quoted, control characters escaped, cut short."""
    short = reprlib.Repr()
    short.maxstring = short.maxother = 60
    return short.repr(value)
