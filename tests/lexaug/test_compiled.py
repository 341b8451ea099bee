"""Compiled substitution writes what the pure function gives, for any text, policy and ratio."""

from __future__ import annotations

import random
from collections import Counter
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.lexicon import ranked
from data.lexicon.reading import Entry
from data.randomness import draw, key
from lexaug.compiled import Block, CompiledTable
from lexaug.phrases import PhraseTable, compile_phrases
from lexaug.substitute import provenance, trace_line

pytest.importorskip("numba", reason='needs pip install -e ".[lexaug]"')

PAIRS = [
    ("dog", "mbwa"),
    ("dog", "jibwa"),
    ("Dog", "Mbwamwitu"),
    ("walk", "tembea"),
    ("walk", "kutembea"),
    ("walk", "enda kwa miguu"),
    ("I", "mimi"),
    ("may", "huenda"),
    ("May", "Mei"),
    ("a", "moja"),
    ("a lot", "sana"),
    ("a lot of", "nyingi"),
    ("of the", "ya hao"),
    ("TV", "runinga"),
    ("look after the dog", "tunza"),
    ("ng'ombe", "cow"),
    ("café", "mkahawa"),
    ("straße", "barabara"),
    ("İzmir", "Izmiri"),
    ("kitabu", "כתב"),
    ("extraordinarily", "ajabu kabisa"),
    ("extraordinary", "ß ŉ"),
    ("कुत्ता", "mbwa 🐕"),
    ("ọ́", "wewe"),
    ("e-mail", "barua pepe"),
    ("3 dogs", "haifikiki"),
]


class Forms:
    """The forms of two English verbs and a plural."""

    def forms_of(self, lemma: str) -> list[tuple[str, str]]:
        """Their bundles, by lemma."""
        table = {
            "walk": [("walked", "V;PST"), ("walks", "V;PRS;3;SG"), ("walked", "V;V.PTCP;PST")],
            "look": [("looked", "V;PST")],
            "dog": [("dogs", "N;PL")],
        }
        return table.get(lemma, [])


class Past:
    """Knows the past of one Swahili verb."""

    def inflect(self, lemma: str, features: str) -> str | None:
        """The form, for `tembea` in the past only."""
        return "alitembea" if (lemma, features) == ("tembea", "V;PST") else None


@cache
def phrases(policy: str, language: str = "en") -> PhraseTable:
    lexicon = ranked((Entry(source, target) for source, target in PAIRS), language, "sw")
    return compile_phrases(lexicon, policy, analyser=Forms(), inflector=Past())


@cache
def compiled(policy: str, ratio: float, seed: int, keep: int, share: float) -> CompiledTable:
    return CompiledTable(phrases(policy), ratio, seed, keep, share)


def by_hand(
    data: bytes, first: int, table: PhraseTable, ratio: float, seed: int, keep: int, share: float
) -> dict[str, object]:
    """A block as the pure function makes it, line by line."""
    lines = data.removeprefix(b"\xef\xbb\xbf" if first == 1 else b"").split(b"\n")
    lines = lines[:-1] if not lines[-1] else lines
    counts: Counter[str] = Counter()
    text, source, account, unknown, numbers = [], [], [], [], []
    for number, raw in enumerate(lines, first):
        raw = raw.removesuffix(b"\r")
        trace = trace_line(raw.decode(), table, ratio=ratio, key=key(seed, number))
        line = trace.line
        counts.update(lines=1, tokens=len(raw.decode().split()), words=line.words)
        counts.update(matched=line.matched)
        counts.update(f"hit {phrase}" for phrase in trace.phrases)
        if number <= 100_000 or number % 16 == 0:
            unknown += trace.unknown
            counts["sampled"] += line.words
        if line.replaced >= keep and line.replaced >= share * line.words:
            text.append(line.text)
            source.append(raw.decode())
            account.append(provenance(number, line))
            numbers.append(number)
            counts.update(kept=1, kept_words=line.words, replaced=line.replaced)
            counts.update(replacement.option.rule for replacement in line.replacements)
    written = ("".join(f"{line}\n" for line in part) for part in (text, source, account, unknown))
    names = ("text", "source", "provenance", "unknown")
    return {**dict(zip(names, written, strict=True)), "numbers": numbers, "counts": +counts}


def told(block: Block, table: CompiledTable) -> dict[str, object]:
    """A block in the form of `by_hand`."""
    counts = Counter(block.rules)
    counts.update(lines=block.lines, tokens=block.tokens, words=block.words, kept=block.kept)
    counts.update(matched=block.matched, sampled=block.sampled_words)
    counts.update(kept_words=block.kept_words, replaced=block.replaced_words)
    hits = zip(table.phrases, block.hits.tolist(), strict=True)
    counts.update({f"hit {phrase}": number for phrase, number in hits})
    assert block.replaced_phrases == sum(block.rules.values())
    return {
        "text": block.text.decode(),
        "source": block.source.decode(),
        "provenance": block.provenance.decode(),
        "unknown": block.unknown.decode(),
        "numbers": block.numbers.tolist(),
        "counts": +counts,
    }


HEADWORDS = [source for source, _ in PAIRS] + ["walked", "walks", "dogs", "Looked after the dog"]
WORDS = st.sampled_from(HEADWORDS).flatmap(
    lambda word: st.sampled_from([word, word.upper(), word.capitalize(), word.swapcase()])
)
SIGNS = [*"'’ʼʻ-‐.,!…:\"“@#/_", "://", "--"]
UNSEEN = [*"\u200b\u200c\u200d\ufeff\xad\u0640"]
# Marks that melt into the letter before, change places, or stay.
MARKS = [*"\u0301\u0323\u0308\u0327\u093c", "e\u0301", "é\u0323", "ọ\u0301", "o\u0323\u0301"]
# Letters that fold to several, that other letters are taken for, that build syllables.
LETTERS = [*"ßŉﬃİıſς\u0390аεᄀ\u1161각ﷺ", "क्", "dоg", "СССР-dog", "🐕"]
NO_WORDS = [*"1٣²½", "3dogs", "dog.dog", "e.g.", "www.x.org", "https://a.b/dog", "@dog", "#dog"]
ODD = st.sampled_from([*SIGNS, *UNSEEN, *MARKS, *LETTERS, *NO_WORDS, "dog's", "o'clock"])
GAPS = st.sampled_from(["", " ", "  ", "\t", "\r", "\xa0", "\u2028", "\x1c", "\n", "\r\n", ". "])
LINES = st.lists(st.one_of(WORDS, ODD, GAPS, st.just(" "), st.text(max_size=3)), max_size=40)
TEXT = LINES.map(lambda parts: "".join(parts).encode("utf-8", "ignore"))
ASKED = [(1.0, 1, 0, 0.0), (0.5, -7, 1, 0.3), (0.0, 2, 0, 0.0), (1.0, 3, 3, 0.9)]


@settings(max_examples=400, deadline=None)
@given(
    data=TEXT,
    first=st.sampled_from([1, 2, 99_999, 100_031]),
    policy=st.sampled_from(["first", "uniform", "frequency"]),
    asked=st.sampled_from(ASKED),
)
def test_the_same_as_the_pure_function(
    data: bytes, first: int, policy: str, asked: tuple[float, int, int, float]
) -> None:
    table = compiled(policy, *asked)
    block = table.block(data, first, provenance=True, source=True)
    assert told(block, table) == by_hand(data, first, phrases(policy), *asked)


def page(seed: int, lines: int = 40) -> bytes:
    """Lines of everything that the texts above are made of, the same ones for a seed."""
    rng = random.Random(seed)
    words = [word for one in HEADWORDS for word in (one, one.upper(), one.capitalize())]
    odd = [*SIGNS, *UNSEEN, *MARKS, *LETTERS, *NO_WORDS, "dog's", "o'clock"]
    gaps = ["", " ", "  ", "\t", "\r", "\xa0", "\u2028", "\x1c", ". "]
    made = []
    for _ in range(lines):
        drawn = (rng.choice(rng.choice((words, words, odd))) for _ in range(rng.randint(0, 9)))
        made.append("".join(part + rng.choice((" ", " ", *gaps)) for part in drawn))
    ends = (rng.choice(("\n", "\n", "\r\n")) for _ in made)
    return "".join(line + end for line, end in zip(made, ends, strict=True)).encode()


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("asked", ASKED, ids=str)
def test_a_page_is_as_the_pure_function_writes_it(
    seed: int, asked: tuple[float, int, int, float]
) -> None:
    policy, first = ["first", "uniform", "frequency"][seed % 3], [1, 2, 99_999, 100_031][seed % 4]
    table, data = compiled(policy, *asked), page(seed)
    block = table.block(data, first, provenance=True, source=True)
    assert told(block, table) == by_hand(data, first, phrases(policy), *asked)


@pytest.mark.parametrize("language", ["tr", "ru", "yo", "hi", "de"])
def test_a_page_in_languages_with_spelling_rules_of_their_own(language: str) -> None:
    table, data = phrases("uniform", language), page(9)
    block = flat(language).block(data, 5, provenance=True, source=True)
    assert told(block, flat(language)) == by_hand(data, 5, table, 0.7, 1, 0, 0.0)


@pytest.mark.parametrize("language", ["tr", "ru", "yo", "hi", "de"])
@settings(max_examples=60, deadline=None)
@given(data=TEXT)
def test_the_same_in_languages_with_spelling_rules_of_their_own(data: bytes, language: str) -> None:
    table = phrases("uniform", language)
    block = flat(language).block(data, 5, provenance=True, source=True)
    assert told(block, flat(language)) == by_hand(data, 5, table, 0.7, 1, 0, 0.0)


@cache
def flat(language: str) -> CompiledTable:
    return CompiledTable(phrases("uniform", language), 0.7, 1, 0)


@settings(deadline=None)  # the first call compiles
@given(word=st.integers(0, 2**64 - 1), total=st.integers(1, 2**62))
def test_draws_and_choices_agree_with_python_integers(word: int, total: int) -> None:
    from lexaug.kernel import run_block

    assert run_block.draw(np.uint64(word), 3) == draw(word, 3)
    assert run_block.scaled(np.uint64(word), np.uint64(total)) == (word * total) >> 64
