"""One record a language: the one place that settles sw, swa, swh, swh_Latn, sw-KE, swc and Swahili.

    python -c "from data.languages import resolve; print(resolve('Kiswahili'))"

`resolve` reads any code or name; `Language.code_in` finds a data set's own code for a language and
`closest` says how near it comes. Decided here and in data/tables/languages.tsv:

- A macrolanguage and the individual language that it stands for in practice are one record: `sw`
  is `swa` and `swh`, `zh` is `zho` and `cmn`. So are Filipino and Tagalog, as in CLDR.
- An individual language with a line of its own is its own record, whatever CLDR aliases it to:
  `swc` is not `sw`, `kmr` not `ku`, `fuc` not `ff`, `prs` not `fa`.
- Some tags name a language that has a code: `fa-AF` is Dari (`prs`), `sw-CD` Congo Swahili (`swc`),
  GATITOS's `ar-MA` Moroccan Arabic (`ary`); SIGMORPHON's misnomer `jap` is Japanese.
- The script is the one asked for; else the region's (`zh-TW`: Hant); else the one in which the data
  sets write the bare code: Arab for NTREX's `shi`, Tfng for GATITOS's `ber`.
- Glottolog has no code for most macrolanguages: `sw` carries that of `swh`, swah1253.
- A code that was retired or merged is the language that replaced it: `mol` is `ro`, `drw` Dari. One
  that was split in several is refused, and they are named.
- A code wins over a name: `ga` is Irish, not Ga (`gaa`); `mon` is Mongolian, not Mon (`mnw`).
"""

from __future__ import annotations

import csv
import functools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import langcodes
from langcodes.data_dicts import MACROLANGUAGES

from data import language_names as names
from data.errors import InputError
from data.language_names import whole_tag

SAME_SCRIPT = {"Aran": "Arab", "Hang": "Kore", "Hira": "Jpan", "Hrkt": "Jpan", "Kana": "Jpan"}
RIGHT_TO_LEFT = (
    "Adlm Arab Armi Avst Chrs Cprt Elym Gara Hatr Hebr Hung Khar Lydi Mand Mani Mend Merc Mero Narb"
    " Nbat Nkoo Orkh Palm Phli Phlp Phnx Prti Rohg Samr Sarb Sogd Sogo Syrc Thaa Yezi"
)

Relation = Literal["exact", "macrolanguage", "member"]
RELATIONS: tuple[Relation, ...] = ("exact", "macrolanguage", "member")


@dataclass(frozen=True, slots=True)
class Match:
    """A data set's code for a language, what it denotes, and how near that comes.

    relation: `exact`, the same language; `macrolanguage`, the wider language, or the individual
    one that a macrolanguage mostly means; `member`, a sister within the macrolanguage, perhaps
    not understood by the speakers. same_script: False for `bam`, in Latin, where bm-Nkoo is asked.
    """

    code: str
    relation: Relation
    language: Language
    same_script: bool


@dataclass(frozen=True, slots=True)
class Language:
    """A language, in a script (ISO 15924) and perhaps of a region (ISO 3166).

    bcp47: the shortest tag (`sw`). iso639_3: its three letters, of the macrolanguage where it is
    one (`swa`). individual: what a macrolanguage mostly means (`swh`). macrolanguage: the tag of
    the one that it belongs to (`sw` for `swc`). glottocode: None where none is built in.

    Equal are records with the same bcp47, script and region: `swh_Latn` equals `sw`, since Latin
    is the default; `sw-KE` does not. `same_language` compares bcp47 alone.

    >>> resolve("swh_Latn") == resolve("sw"), resolve("sw-KE") == resolve("sw")
    (True, False)
    >>> resolve("sw-KE").same_language(resolve("sw")), resolve("swc").same_language(resolve("sw"))
    (True, False)
    """

    bcp47: str
    script: str | None
    region: str | None
    name: str = field(compare=False)
    iso639_3: str = field(compare=False)
    individual: str | None = field(compare=False)
    macrolanguage: str | None = field(compare=False)
    glottocode: str | None = field(compare=False)

    def same_language(self, other: Language) -> bool:
        """Whether both are one language, in whatever script and region."""
        return self.bcp47 == other.bcp47

    def code_in(self, codes: Iterable[str]) -> str | None:
        """Which of a data set's codes denotes this language; None when none does.

        >>> resolve("sw").code_in(codes_of("flores-200")), resolve("sw").code_in(["eng", "yor"])
        ('swh_Latn', None)
        """
        match = self.closest(codes)
        return match.code if match else None

    def closest(self, codes: Iterable[str]) -> Match | None:
        """`code_in` that also says how near the code comes.

        Best first: the same language in the same script, then region; the same language; the
        macrolanguage, or the individual language that it mostly means; another member of it.
        A code that names no language cannot denote this one and is passed over.

        >>> resolve("sw").closest(codes_of("unimorph")).relation    # it has only `swc`
        'member'
        >>> resolve("swc").closest(["eng", "swa"]).relation
        'macrolanguage'
        """
        if isinstance(codes, str):
            raise InputError(f"expected a data set's codes, found one text, {names.shown(codes)}")
        ranked = [entry for code in codes if (entry := self._rank(code))]
        return min(ranked, key=lambda entry: entry[0])[1] if ranked else None

    def _rank(self, code: str) -> tuple[tuple[int, bool, int, bool, str], Match] | None:
        other = _from_code(code)
        if other is None:
            return None
        as_individual = re.split("[-_]", code)[0].lower() == other.individual
        tier = self._tier(other, as_individual)
        if tier is None:
            return None
        same_script = other.script == self.script
        usual = names.likely(self.bcp47, self.script) or names.likely(self.bcp47)
        regions = [self.region, None, usual[2] if usual else None, other.region]
        key = (tier, not same_script, regions.index(other.region), as_individual, code)
        return key, Match(code, RELATIONS[tier], other, same_script)

    def _tier(self, other: Language, as_individual: bool) -> int | None:
        if other.bcp47 == self.bcp47:
            return 0
        if other.macrolanguage == self.bcp47:
            return 1 if other.iso639_3 == self.individual else 2
        if other.bcp47 == self.macrolanguage:  # for swc, `swa` is the wider one, `swh` a sister
            return 2 if as_individual else 1
        return 2 if other.macrolanguage and other.macrolanguage == self.macrolanguage else None


def resolve(text: str) -> Language:
    """The language that a code, a name or a glottocode denotes.

    Takes BCP-47, ISO 639-1, 639-2 (bibliographic too) and 639-3, FLORES's `swh_Latn`, MASSIVE's
    `sw-KE`; names in English and in the language itself, whatever their case and diacritics.

    >>> [resolve(text).bcp47 for text in ("swa", "KISWAHILI", "swah1253", "ger", "zho-CN")]
    ['sw', 'sw', 'sw', 'de', 'zh']
    >>> resolve("swahilli")
    Traceback (most recent call last):
    data.errors.InputError: unknown language 'swahilli'; did you mean Swahili (sw)?

    Raises:
        InputError: no language answers to it, or several do; near ones are named.
    """
    text = names.checked(text)
    return _from_code(text) or _base(names.tag_of_name(text))


def from_code(text: str) -> Language | None:
    """The language of a code, a tag or a built-in name; None where it is none of these. Quick.

    >>> from_code("ger").bcp47, from_code("zh-CN").bcp47, from_code("Ghotuo")
    ('de', 'zh', None)
    """
    return _from_code(text.strip(" ")) if text.strip(" ") else None


def resolve_glottocode(code: str, languages_csv: Path) -> Language:
    """The language of a glottocode; of one that is not built in, from Glottolog's own table.

    languages_csv: `cldf/languages.csv` of the data set glottolog, read line by line.

    Raises:
        InputError: no languoid has the code, or it has no ISO 639-3 code; the table is another.
    """
    code = names.checked(code).lower()
    if code in names.builtin_names():
        return _base(names.builtin_names()[code])
    row = next((row for row in _languoids(languages_csv) if row["Glottocode"] == code), None)
    if row is None:
        raise InputError(
            f"{languages_csv}: no languoid has the glottocode {names.shown(code)}; {names.HOW}"
        )
    if not row["ISO639P3code"]:
        what = f"{names.shown(code)} is {row['Name']}, a {row['Level']} without an ISO 639-3 code"
        raise InputError(f"glottocode {what}; give that of a language")
    found = resolve(row["ISO639P3code"])
    return found if found.glottocode else replace(found, glottocode=code)


def codes_of(dataset: str) -> tuple[str, ...]:
    """The language codes of a data set whose files the catalog does not list one by one.

    From data/tables/codes.tsv; UniMorph's are those on its site. What is no language's code is
    left out: SIGMORPHON's `heb_unvoc` (Hebrew again), UniMorph's `poma`.

    >>> resolve("Swahili").code_in(codes_of("massive-1.1"))
    'sw-KE'
    """
    table = {
        name: tuple(codes.split())
        for name, codes in names.read_table("codes.tsv", ("dataset", "codes"))
    }
    if dataset not in table:
        listed = ", ".join(table)
        raise InputError(f"data/tables/codes.tsv has no {names.shown(dataset)}; it lists {listed}")
    return table[dataset]


def all_known() -> Sequence[Language]:
    """The languages built in, by tag, each in its default script."""
    return tuple(_base(tag) for tag in names.rows())


def is_right_to_left(language: Language) -> bool:
    """Whether its script runs from right to left.

    >>> is_right_to_left(resolve("ckb")), is_right_to_left(resolve("bm-Nkoo"))
    (True, True)
    """
    return language.script in RIGHT_TO_LEFT.split()


@functools.lru_cache(maxsize=4096)
def _from_code(text: str) -> Language | None:
    """From a tag, or a name or alias that is built in; quick also where there is none."""
    builtin = names.builtin_names().get(names.fold(text))
    return _from_tag(text) or (_base(builtin) if builtin else None)


def _from_tag(text: str) -> Language | None:
    tag = None if len(text) > names.LONGEST else _parsed(text.lower().replace("_", "-"))
    if tag is None:
        return None
    code = _language_of(tag)
    if code is None or tag.variants or tag.extensions or tag.private:
        return None
    own = names.builtin_names().get(names.fold(f"{code}-{tag.territory}"))  # fa-AF is Dari, prs
    region = None if own else tag.territory
    if not langcodes.tag_is_valid("-".join(filter(None, ("und", tag.script, region)))):
        return None
    base = _base(own or code)
    usual = names.likely(base.bcp47, region) if region else None
    script = tag.script or (usual[1] if usual else base.script)
    return replace(base, script=SAME_SCRIPT.get(script or "", script), region=region)


def _parsed(text: str) -> langcodes.Language | None:
    try:
        return langcodes.Language.get(whole_tag(text), normalize=False)
    except ValueError:
        return None


def _language_of(tag: langcodes.Language) -> str | None:
    """`yue` of zh-yue; none of en-swa, which is a pair of languages and no tag."""
    code = names.known(tag.language or "")
    if code is None or not tag.extlangs:
        return code
    narrower = names.known(tag.extlangs[0])
    fits = narrower is not None and code in (narrower, MACROLANGUAGES.get(narrower))
    return narrower if fits and len(tag.extlangs) == 1 else None


@functools.cache
def _base(tag: str) -> Language:
    """A language in its default script."""
    row, usual = names.rows().get(tag), names.likely(tag)
    script = row.script if row else usual[1] if usual else None
    alpha3 = row.iso639_3 if row else langcodes.Language.get(tag, normalize=False).to_alpha3()
    return Language(
        bcp47=tag,
        script=SAME_SCRIPT.get(script or "", script),
        region=None,
        name=names.name_of(tag),
        iso639_3=alpha3,
        individual=(row and row.individual) or None,
        macrolanguage=MACROLANGUAGES.get(tag),
        glottocode=(row and row.glottocode) or None,
    )


def _languoids(path: Path) -> Iterator[dict[str, str]]:
    try:
        with open(path, encoding="utf-8-sig", newline="") as lines:
            table = csv.DictReader(lines)
            missing = {"Glottocode", "Name", "Level", "ISO639P3code"} - set(table.fieldnames or ())
            if missing:
                raise InputError(
                    f"{path}:1: expected Glottolog's languages.csv, found no column {min(missing)}"
                )
            yield from table
    except (csv.Error, UnicodeDecodeError) as error:
        raise InputError(f"{path}: expected Glottolog's languages.csv, found {error}") from error
