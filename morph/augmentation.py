"""More triples out of few: invented stems, empty cells filled.

Invented stems, after Anastasopoulos and Neubig (2019, https://aclanthology.org/D19-1091): what
lemma and form share in stretches of three letters or more is taken for the stem; its inner letters,
all but the first and the last of a stretch of four or more, are drawn anew from the language's
letters. A network learns from such triples to copy whatever stem it meets, and to change only what
inflection changes.

>>> from random import Random
>>> triple = Triple("pikanisha", "V;PST", "alipikanisha")
>>> made = invented(triple, list("bdegklmnopstu"), Random(1))
>>> made.form == "ali" + made.lemma, made.lemma[0], made.lemma[-1]
(True, 'p', 'a')

Empty cells: parkebi is to parkebs as kafeebi is to what? What a stem does before an ending hangs on
how the ending begins. So if nouns in -i have both endings, and of the nouns in -e one shows *kafe :
kafeebi*, the other ending joins it alike (the four-part proportion of Paul 1880; Lepage 1998,
https://aclanthology.org/P98-1120/). Few triples show few cells of a rare class, and a network that
saw only those goes wrong in all the others. A kind is a part of speech and the last letter of the
lemma; endings are suffixes.

>>> rows = ["parki NOM parkebi", "parki DAT parkebs", "saxli NOM saxlebi", "kafe NOM kafeebi"]
>>> triples = [Triple(lemma, f"N;{case}(PL)", form) for lemma, case, form in map(str.split, rows)]
>>> [f"{made.features} {made.form}" for made in proportional(triples)]
['N;DAT(PL) kafeebs']
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from random import Random
from typing import NamedTuple

from data.randomness import stream
from data.unimorph import Triple
from morph.graphemes import join, split
from morph.rules.analogies import shared_beginning

SHORTEST = 3  # units in common that count as a stem
KEEPS_ENDS = 4  # units in common from which on the first and the last are kept
TRIES = 20  # triples drawn for each that is wanted


def hallucinate(
    triples: Sequence[Triple], count: int, seed: int, scheme: str = "parts"
) -> list[Triple]:
    """So many invented triples, fewer where hardly any triple has a stem; the same for a seed.

    Args:
        triples: those that are imitated; each with a form.
        scheme: units of writing (`morph.graphemes`) that are drawn.
    """
    rng = stream(seed, "hallucinated")
    letters = [
        unit for triple in triples for unit in split(triple.lemma, scheme) if _drawable(unit)
    ]
    if not letters:
        return []
    return list(_drawn(triples, letters, count, rng, scheme))


def invented(
    triple: Triple, letters: Sequence[str], rng: Random, scheme: str = "parts"
) -> Triple | None:
    """A triple like this one with another stem; None where lemma and form share none.

    Args:
        letters: those that are drawn from, as often as they occur.
    """
    lemma, form = split(triple.lemma, scheme), split(triple.form or "", scheme)
    matcher = SequenceMatcher(None, lemma, form, autojunk=False)
    stems = [block for block in matcher.get_matching_blocks() if block.size >= SHORTEST]
    if not stems:
        return None
    for block in stems:
        ends = (0, block.size - 1) if block.size >= KEEPS_ENDS else ()
        for place in range(block.size):
            if place not in ends and _drawable(lemma[block.a + place]):
                lemma[block.a + place] = form[block.b + place] = rng.choice(letters)
    return Triple(join(lemma, scheme), triple.features, join(form, scheme))


def _drawn(
    triples: Sequence[Triple], letters: Sequence[str], count: int, rng: Random, scheme: str
) -> Iterator[Triple]:
    made = 0
    for _ in range(TRIES * count):
        if made == count:
            return
        triple = invented(rng.choice(triples), letters, rng, scheme)
        if triple is not None and triple.lemma:
            made += 1
            yield triple


def _drawable(unit: str) -> bool:
    """Whether a unit is a letter by itself: not a mark, a space or what is added to another."""
    return len(unit) == 1 and unit.isalpha()


CHECKS, RIGHT = 10, 0.95  # forms of the triples that proportions must give; the share of them

Kind = tuple[str, str]  # of lemmas: part of speech, last letter


class _Ending(NamedTuple):
    """What a form takes from the end of its lemma, and what it adds there."""

    kind: Kind
    stem: str
    taken: str
    added: str


class _Link(NamedTuple):
    """In a kind, `added` stands in a bundle where the stem is the same as in another one."""

    kind: Kind
    bundle: str
    added: str
    times: int


Links = Mapping[tuple[str, str, str], Sequence[_Link]]  # by part of speech, bundle, added there


def completed(triples: Sequence[Triple]) -> list[Triple]:
    """Triples of cells that no lemma of a kind shows; none where proportions do not hold.

    They hold where they give 19 of 20 forms, of ten or more, that the triples themselves show
    of lemmas with several, the lemma's whole kind being hidden.
    """
    read = _read(triples)
    links = _links(read)
    checks = list(_checks(read, links))
    if len(checks) < CHECKS or sum(checks) < RIGHT * len(checks):
        return []
    return _filled(triples, read, links)


def proportional(triples: Sequence[Triple]) -> list[Triple]:
    """The same, whether proportions hold or not."""
    read = _read(triples)
    return _filled(triples, read, _links(read))


def _filled(
    triples: Sequence[Triple], read: Sequence[tuple[Triple, _Ending]], links: Links
) -> list[Triple]:
    """Of several forms that a cell might have, that of most votes: letters of endings shared."""
    shown = {(ending.kind, triple.features) for triple, ending in read}
    known = {(triple.lemma, triple.features) for triple in triples}
    votes: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for triple, ending in read:
        for bundle, added in _guesses(links, triple.features, ending).items():
            if (ending.kind, bundle) not in shown and (triple.lemma, bundle) not in known:
                alike = shared_beginning(added, ending.added)
                votes[triple.lemma, bundle][ending.stem + added] += alike
    return [
        Triple(lemma, bundle, max(forms, key=lambda form: (forms[form], form)))
        for (lemma, bundle), forms in votes.items()
    ]


def _read(triples: Sequence[Triple]) -> list[tuple[Triple, _Ending]]:
    """The triples whose forms begin with the larger part of their lemmas."""
    found = []
    for triple in triples:
        form = triple.form or ""
        start = shared_beginning(triple.lemma, form)
        if 2 * start > len(triple.lemma):
            kind = (triple.features.partition(";")[0], triple.lemma[-1])
            stem, taken = triple.lemma[:start], triple.lemma[start:]
            found.append((triple, _Ending(kind, stem, taken, form[start:])))
    return found


def _links(read: Sequence[tuple[Triple, _Ending]]) -> Links:
    """Endings that begin alike and take the same from lemmas of a kind, from each to the other."""
    seen: dict[tuple[Kind, str], Counter[tuple[str, str]]] = defaultdict(Counter)
    for triple, ending in read:
        seen[ending.kind, ending.taken][triple.features, ending.added] += 1
    found = defaultdict(list)
    for (kind, _), cells in seen.items():
        for bundle, added in cells:
            for other, there in cells:
                if other != bundle and shared_beginning(added, there):
                    times = min(cells[bundle, added], cells[other, there])
                    found[kind[0], bundle, added].append(_Link(kind, other, there, times))
    return found


def _guesses(links: Links, bundle: str, ending: _Ending) -> dict[str, str]:
    """What other kinds let a stem with this ending add in other bundles: the most alike."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for link in links.get((ending.kind[0], bundle, ending.added), ()):
        if link.kind != ending.kind:
            counts[link.bundle][link.added] += link.times

    def merit(added: str, found: Counter[str]) -> tuple[int, int, str]:
        return shared_beginning(added, ending.added), found[added], added

    return {
        other: max(found, key=lambda added: merit(added, found)) for other, found in counts.items()
    }


def _checks(read: Sequence[tuple[Triple, _Ending]], links: Links) -> Iterator[bool]:
    """For each two triples of a lemma, whether the one tells the other's form."""
    lemmas: dict[tuple[Kind, str], list[tuple[Triple, _Ending]]] = defaultdict(list)
    for triple, ending in read:
        lemmas[ending.kind, triple.lemma].append((triple, ending))
    for some in lemmas.values():
        forms = {triple.features: triple.form for triple, _ in some}
        for triple, ending in some:
            for bundle, added in _guesses(links, triple.features, ending).items():
                if bundle in forms and bundle != triple.features:
                    yield ending.stem + added == forms[bundle]
