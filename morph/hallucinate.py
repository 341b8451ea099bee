"""More triples out of few: stems replaced by random letters, in lemma and form alike.

After Anastasopoulos and Neubig (2019, https://aclanthology.org/D19-1091): what lemma and form share
in stretches of three letters or more is taken for the stem; its inner letters, all but the first
and the last of a stretch of four or more, are drawn anew from the language's letters. A network
learns from such triples to copy whatever stem it meets, and to change only what inflection changes.

>>> from random import Random
>>> triple = Triple("pikanisha", "V;PST", "alipikanisha")
>>> made = invented(triple, list("bdegklmnopstu"), Random(1))
>>> made.form == "ali" + made.lemma, made.lemma[0], made.lemma[-1]
(True, 'p', 'a')
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from random import Random

from data.randomness import stream
from data.unimorph import Triple
from morph.graphemes import join, split

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
