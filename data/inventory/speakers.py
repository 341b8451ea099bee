"""Numbers of speakers: which figure a language has, what its macrolanguage has, which to doubt.

LinguaMeta's figures are sums over countries of what others state, second-language speakers among
them, and some stand in the wrong row. Three things are settled here, in this order.

**Whose figure it is.** LinguaMeta states 82 million for Persian, the macrolanguage `fa`, and 12 for
Western Farsi, the language that `fa` mostly means. Where all members together come to less than
half of what is stated for the whole, the figure of the language that it mostly means cannot be
right: it takes that of the whole, and `speakers_of` says so. So it does where it has none, or where
its own is the figure of the whole again (Mandarin).

**The whole.** `speakers_macrolanguage` is what is stated for the macrolanguage that a language
belongs to, or the sum of its members where that is more. Where the others alone have more than the
whole (Malay and Indonesian), the stated figure is that of the language that it mostly means.

**What is doubtful.** A figure is marked, and left out of sums and advice, when it is

- more than CROWD times the people of all the countries where the language is spoken (CLDR's
  populations, data/tables/countries.tsv);
- more than its macrolanguage's, of which it is not the language mostly meant, where both together
  are more than the people of its countries;
- the same to the last digit as those of two more members of its macrolanguage, and above ALIKE: it
  is that of a group of them (five Quichuas of Ecuador with 1,200,000 each);
- larger than its endangerment allows (MOST_SPEAKERS_OF);
- above UNHEARD_OF and at least SHARE of the people of its countries, while no list names any data
  for the language and CLDR has no figure for it or for its macrolanguage in any country. Such a
  language would be among the largest of its country; the figure is mostly that of a wider group.

The second rule cannot tell which of the two is wrong; both stay in sight. What is right instead is
a row of data/tables/overrides.tsv, which is not doubted.
"""

from __future__ import annotations

import functools
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from data.bounded import parse_integer
from data.catalog import TABLES
from data.inventory.facts import OF_MACROLANGUAGE, Facts, Names
from data.tsv import read_tsv

COUNTRIES = TABLES / "countries.tsv"
COUNTRY_COLUMNS = ("country", "population", "source")

CROWD = 1.5  # some speakers live elsewhere, and populations are of another year
HALF = 0.5  # of the macrolanguage, below which its members' figures are not all there

# The most speakers that go with a degree of UNESCO's scale. At "critically endangered" the youngest
# speakers are grandparents (UNESCO 2003, Language Vitality and Endangerment): few communities of
# thousands are left there.
MOST_SPEAKERS_OF = {
    "Extinct": 0,
    "Critically endangered": 1_000,
    "Severely endangered": 100_000,
    "Definitely endangered": 5_000_000,
}
ALIKE = 100_000
THREE = 3
UNHEARD_OF = 1_000_000
SHARE = 0.02


@functools.cache
def populations() -> Mapping[str, int]:
    """People by country (ISO 3166-1), from CLDR.

    >>> populations()["SR"] < 1_000_000 < populations()["KE"]
    True
    """
    rows = (row.cells for row in read_tsv(COUNTRIES, COUNTRY_COLUMNS, header=True))
    return {country: parse_integer(people, str(COUNTRIES), low=0) for country, people, _ in rows}


def settle_speakers(
    found: Sequence[Facts],
    known: Names,
    overridden: Collection[str],
    has_data: Callable[[str], bool],
) -> None:
    """Fill the columns of speakers of all rows: see the module's text.

    Args:
        found: the rows; `speakers` holds what was read.
        overridden: glottocodes whose figure is a row of overrides.tsv, which is not doubted.
        has_data: whether any list names data for the language of a glottocode.
    """
    by_macrolanguage = _members(found)
    doubts = _larger_than_the_whole(found, known) | _alike(by_macrolanguage)
    for code in {*doubts} - {*overridden}:
        for members in by_macrolanguage.values():
            members.pop(code, None)
    for facts in found:
        code = facts.cells["glottocode"]
        others = _others(facts, by_macrolanguage)
        facts.cells |= {"speakers_of": None, "speakers_own": None}
        if code not in overridden:
            _settle_whose(facts, known, others)
        doubt = doubts.get(code) or _doubt(facts, known, has_data(code))
        doubt = None if code in overridden else doubt
        facts.cells["speakers_doubt"] = doubt
        facts.cells["speakers_alone"] = _alone(facts, known, others, doubt)
    _settle_wholes(found, known)


Members = Mapping[str, dict[str, int]]


def _members(found: Iterable[Facts]) -> Members:
    """The members' own figures by macrolanguage."""
    members: dict[str, dict[str, int]] = defaultdict(dict)
    for facts in found:
        tag, figure = facts.cells["macrolanguage"], facts.cells["speakers"]
        own = facts.sources.get("speakers") != OF_MACROLANGUAGE
        if tag and own and figure is not None and facts.cells["category"] != "dialect":
            members[tag][facts.cells["glottocode"]] = figure
    return members


def _larger_than_the_whole(found: Iterable[Facts], known: Names) -> dict[str, str]:
    """Members whose figure is not plausible beside that of their macrolanguage, and why."""
    doubts: dict[str, str] = {}
    for facts in found:
        cells = facts.cells
        whole = known.macrolanguages.get(cells["macrolanguage"] or "")
        stated = whole.speakers if whole else None
        if not (stated and cells["speakers"]) or cells["glottocode"] in known.wider:
            continue
        _, people = _people(facts, known)
        if cells["speakers"] > stated and people and cells["speakers"] + stated > people:
            of = f"{stated:,} of the macrolanguage {cells['macrolanguage']}"
            doubts[cells["glottocode"]] = f"{cells['speakers']:,} speakers, more than the {of}"
    return doubts


def _alike(by_macrolanguage: Members) -> dict[str, str]:
    """Members that share one figure with two others or more, and why that is not theirs."""
    doubts: dict[str, str] = {}
    for tag, members in by_macrolanguage.items():
        for figure, many in Counter(members.values()).items():
            if many >= THREE and figure > ALIKE:
                why = f"{figure:,} speakers, as {many - 1} more of the macrolanguage {tag} have"
                doubts |= {code: why for code, own in members.items() if own == figure}
    return doubts


def _people(facts: Facts, known: Names) -> tuple[list[str], int]:
    """The countries where a language is spoken, and the people who live there."""
    code = facts.cells["glottocode"]
    stated = [row.countries for row in (known.own.get(code), known.wider.get(code)) if row]
    own = facts.cells["countries"] or ()
    countries = sorted({*own, *(country for listed in stated for country in listed)})
    return countries, sum(populations().get(country, 0) for country in countries)


def _others(facts: Facts, by_macrolanguage: Members) -> int:
    """The speakers of the other members of a language's macrolanguage."""
    members = by_macrolanguage.get(facts.cells["macrolanguage"] or "", {})
    return sum(figure for code, figure in members.items() if code != facts.cells["glottocode"])


def _settle_whose(facts: Facts, known: Names, others: int) -> None:
    """Give the language that a macrolanguage mostly means the figure of the whole, if it lacks one.

    Where the others alone are more than the whole, the figure is not that of the whole.
    """
    wider = known.wider.get(facts.cells["glottocode"])
    if wider is None or wider.speakers is None:
        return
    whole, own = wider.speakers, facts.cells["speakers"]
    if facts.sources["speakers"] == OF_MACROLANGUAGE:
        facts.cells["speakers_of"] = wider.bcp47 if others <= whole else None
        return
    too_few = own is not None and own + others < HALF * whole
    if too_few or (own == whole and others):
        facts.cells["speakers_own"] = own if too_few else None
        facts.take("speakers", (whole, OF_MACROLANGUAGE))
        facts.cells["speakers_of"] = wider.bcp47


def _alone(facts: Facts, known: Names, others: int, doubt: str | None) -> int | None:
    """Speakers that no other row counts, so that sums count nobody twice within a macrolanguage."""
    speakers: int | None = facts.cells["speakers"]
    counted_elsewhere = (
        facts.cells["glottocode"] in known.lent or facts.cells["category"] == "dialect"
    )
    if speakers is None or doubt or counted_elsewhere:
        return None
    if facts.sources["speakers"] == OF_MACROLANGUAGE and others <= speakers:
        return speakers - others
    return speakers


def _doubt(facts: Facts, known: Names, has_data: bool) -> str | None:
    """Why a figure is not plausible, in words; None where nothing speaks against it."""
    cells = facts.cells
    speakers = cells["speakers"]
    if not speakers:
        return None
    countries, people = _people(facts, known)
    if countries and people and speakers > CROWD * people:
        return f"{speakers:,} speakers, where {people:,} people live ({' '.join(countries)})"
    most = MOST_SPEAKERS_OF.get(cells["endangerment"] or "")
    if most is not None and speakers > most:
        degree = cells["endangerment"][0].lower() + cells["endangerment"][1:]
        return f"{speakers:,} speakers and {degree}: one of the two is not so"
    large = speakers > UNHEARD_OF and people and speakers >= SHARE * people
    if large and not has_data and not _is_in_cldr(cells):
        share = f"{100 * speakers / people:.0f} % of the people of {' '.join(countries)}"
        return f"{speakers:,} speakers, {share}, and neither CLDR nor any data set has the language"
    return None


def _is_in_cldr(cells: Mapping[str, Any]) -> bool:
    """Whether CLDR has a figure for a language, or for its macrolanguage."""
    from language_data.population_data import (  # type: ignore[import-untyped]
        LANGUAGE_SPEAKING_POPULATION,
    )

    tags = (cells["bcp47"], cells["macrolanguage"], *cells["includes"])
    return any(tag in LANGUAGE_SPEAKING_POPULATION for tag in tags if tag)


def _settle_wholes(found: Sequence[Facts], known: Names) -> None:
    """What the macrolanguage of each language has: as stated, or its members if they have more."""
    sums: dict[str, int] = defaultdict(int)
    for facts in found:
        tag = facts.cells["macrolanguage"]
        if tag and facts.cells["category"] != "dialect":
            sums[tag] += facts.cells["speakers_alone"] or 0
    for facts in found:
        tag = facts.cells["macrolanguage"]
        row = known.macrolanguages.get(tag or "")
        stated = row.speakers if row and row.speakers is not None else None
        figures = [figure for figure in (stated, sums.get(tag or "")) if figure]
        facts.cells["speakers_macrolanguage"] = max(figures, default=None) if tag else None
