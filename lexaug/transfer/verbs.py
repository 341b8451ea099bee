"""The bundles that a verb group asks for, the one that says most first.

>>> part = Part("verbs", 0, 1, 0, tense="PST", aspects=("PRF",), person="3", number="SG")
>>> [";".join(bundle) for bundle in bundles_of(part)]
['V;PST;PRF;3;SG', 'V;PST;3;SG']
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lexaug.english.clauses import Part


def bundles_of(part: Part, gender: str = "") -> Iterator[tuple[str, ...]]:
    """The bundles to ask for a verb group, the one that says most first."""
    negative = ("NEG",) if part.negation is not None else ()
    agreement = (part.person, part.number, *filter(None, (gender,))) if part.finite else ()
    if part.mood == "IMP":
        yield ("V", "IMP", *negative, part.person, part.number)
        yield ("V", "IMP", *negative)
        yield ("V", "NFIN")
        return
    if part.tense == "NFIN":
        yield ("V", "NFIN")
        return
    if part.tense in ("V.MSDR", "V.PTCP"):
        yield ("V", "V.PTCP", "PRS" if part.tense == "V.MSDR" else "PST")
        return
    seen = set()
    moods = [part.mood] if part.mood else [""]
    for polarity in dict.fromkeys((negative, ())):
        for mood, tense, aspects, voice in _weaker(part, moods):
            bundle = ("V", *filter(None, (mood, tense, *aspects, voice)), *polarity, *agreement)
            if bundle not in seen:
                seen.add(bundle)
                yield bundle


def _weaker(part: Part, moods: Sequence[str]) -> Iterator[tuple[str, str, tuple[str, ...], str]]:
    """Mood, tense, aspects and voice, then less of them: what a language may not say."""
    for mood in moods:
        yield mood, part.tense, part.aspects, part.voice
        yield mood, part.tense, part.aspects, ""
        if "PRF" in part.aspects:
            yield mood, "PST", (), ""
        if part.aspects:
            yield mood, part.tense, (), ""
    if part.mood == "COND":
        yield "", "FUT", (), ""
        yield "", "PRS", (), ""
    if part.tense == "FUT":
        yield "", "PRS", (), ""
