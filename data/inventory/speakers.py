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
- larger than its endangerment allows (MOST_SPEAKERS_OF);
- above UNHEARD_OF, and no list of data, models or software knows the language.

The second rule cannot tell which of the two is wrong; both stay in sight. What is right instead is
a row of data/tables/overrides.tsv, which is not doubted.
"""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

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
UNHEARD_OF = 1_000_000


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
    is_listed: Callable[[str], bool],
) -> None:
    """Fill the columns of speakers of all rows: see the module's text.

    Args:
        found: the rows; `speakers` holds what was read.
        overridden: glottocodes whose figure is a row of overrides.tsv, which is not doubted.
        is_listed: whether any list of resources knows the language of a glottocode.
    """
    by_macrolanguage = _members(found)
    for facts in found:
        code = facts.cells["glottocode"]
        others = _others(facts, by_macrolanguage)
        facts.cells |= {"speakers_of": None, "speakers_own": None}
        if code not in overridden:
            _settle_whose(facts, known, others)
        doubt = None if code in overridden else _doubt(facts, known, is_listed(code))
        facts.cells["speakers_doubt"] = doubt
        facts.cells["speakers_alone"] = _alone(facts, known, others, doubt)
    _settle_wholes(found, known)


Members = Mapping[str, Mapping[str, int]]


def _members(found: Iterable[Facts]) -> Members:
    """The members' own figures by macrolanguage."""
    members: dict[str, dict[str, int]] = defaultdict(dict)
    for facts in found:
        tag, figure = facts.cells["macrolanguage"], facts.cells["speakers"]
        own = facts.sources.get("speakers") != OF_MACROLANGUAGE
        if tag and own and figure is not None and facts.cells["category"] != "dialect":
            members[tag][facts.cells["glottocode"]] = figure
    return members


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


def _doubt(facts: Facts, known: Names, is_listed: bool) -> str | None:
    """Why a figure is not plausible, in words; None where nothing speaks against it."""
    cells = facts.cells
    speakers = cells["speakers"]
    if not speakers:
        return None
    wider = known.wider.get(cells["glottocode"])
    own = known.own.get(cells["glottocode"])
    stated = [row.countries for row in (own, wider) if row]
    countries = sorted({*(cells["countries"] or ()), *(c for listed in stated for c in listed)})
    people = sum(populations().get(country, 0) for country in countries)
    if countries and people and speakers > CROWD * people:
        return f"{speakers:,} speakers, where {people:,} people live ({' '.join(countries)})"
    most = MOST_SPEAKERS_OF.get(cells["endangerment"] or "")
    if most is not None and speakers > most:
        degree = cells["endangerment"][0].lower() + cells["endangerment"][1:]
        return f"{speakers:,} speakers and {degree}: one of the two is not so"
    if speakers > UNHEARD_OF and not is_listed:
        return f"{speakers:,} speakers, and no list of resources knows the language"
    return None


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
