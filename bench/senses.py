r"""How often the translation that is chosen is the one that a translator used.

    python -m bench.senses --langs sw,de,tr,it --sentences 150

English sentences of NTREX-128, and a lexicon (FreeDict, else the best at hand). Counted are words
of which the lexicon has two or more translations and the human translation holds some and not all
(as words that begin alike; inside words where the language prefixes). `any` is what a draw among
all would have, `first` the one that the lexicon lists first, `nearest` and `context` what `--sense`
takes by these names of all, whatever their part of speech. Intervals draw sentences.
"""

from __future__ import annotations

import argparse
import random
import re
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from data.access import Access
from data.languages import resolve
from data.lexicon.load import load_lexicon
from data.load import load_parallel
from lexaug.phrases import Option, compile_phrases
from lexaug.transfer.senses import Senses
from metrics.significance import bootstrap_totals, percentile_interval
from models.encoder import open_encoder

_WORD = re.compile(r"[^\W\d_]+")
PREFIXING = frozenset({"sw", "zu", "xh", "rw", "sn"})  # a stem stands inside its word
RESAMPLES = 2000
Row = tuple[float, ...]


def stands(target: str, words: Sequence[str], inside: bool) -> bool:
    """Whether each word of a translation begins a word of a reference, or stands in one."""
    stems = [one[: max(4, int(len(one) * 0.75))] for one in _WORD.findall(target.casefold())]
    if inside:
        return bool(stems) and all(any(stem in word for word in words) for stem in stems)
    return bool(stems) and all(any(word.startswith(stem) for word in words) for stem in stems)


def rows(
    ways: tuple[Senses, Senses],
    known: dict[str, list[Option]],
    pairs: Sequence[tuple[str, str]],
    inside: bool,
) -> Iterator[Row]:
    """For each sentence: words that count, and how many of them each way has right."""
    entries = ways[0].table.lexicon.entries
    for line, reference in pairs:
        words = _WORD.findall(reference.casefold())
        told = [0.0] * 5
        for found in _WORD.finditer(line):
            options = known.get(found.group().casefold(), [])
            right = [stands(entries[one.entry].target, words, inside) for one in options]
            if len(found.group()) < 3 or not any(right) or all(right):
                continue
            chosen = (way.best(options, line, found.span())[0] for way in ways)
            hits = (right[options.index(one)] for one in chosen)
            new = (1.0, sum(right) / len(right), right[0], *hits)
            told = [one + more for one, more in zip(told, new, strict=True)]
        yield tuple(told)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print a row a language."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--langs", default="sw,de,tr,it")
    parser.add_argument("--lexicon", default=None)
    parser.add_argument("--model", default="multilingual-e5-small")
    parser.add_argument("--sentences", type=int, default=150)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(argv)
    encoder = open_encoder(options.model, access=Access())
    print("| | words | any | first | nearest | context | nearest - first | context - nearest |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for code in options.langs.split(","):
        language = resolve(code)
        lexicon = load_lexicon(resolve("en"), language, name=options.lexicon, access=Access())
        table = compile_phrases(lexicon)
        ways = Senses(encoder, table), Senses(encoder, table, context=True)
        known: dict[str, list[Option]] = {}
        for number, entry in enumerate(lexicon.entries):
            some = known.setdefault(entry.source.casefold(), [])
            if entry.target not in {lexicon.entries[one.entry].target for one in some}:
                some.append(Option(entry.target, number, "exact", "", 1, entry.pos))
        known = {word: some for word, some in known.items() if len(some) > 1 and " " not in word}
        corpus = load_parallel("ntrex-128", resolve("en"), language, access=Access())
        chosen = random.Random(options.seed).sample(list(corpus.pairs), options.sentences)
        texts = [(pair.source, pair.target) for pair in chosen]
        counts = np.array(list(rows(ways, known, texts, code in PREFIXING)))
        print(row(code, counts), flush=True)
    return 0


def row(code: str, counts: NDArray[np.float64]) -> str:
    """A language's line of the table, in percent, with the intervals of the differences."""
    totals = bootstrap_totals(counts.tolist(), resamples=RESAMPLES, seed=1)
    every = counts.sum(0)
    told = [f"{100 * every[n] / every[0]:.1f}" for n in (1, 2, 3, 4)]
    for one, other in ((3, 2), (4, 3)):
        low, high = percentile_interval(100 * (totals[:, one] - totals[:, other]) / totals[:, 0])
        more = 100 * (every[one] - every[other]) / every[0]
        told.append(f"{more:+.1f} [{low:+.1f}, {high:+.1f}]")
    return f"| {code} | {every[0]:,.0f} | {' | '.join(told)} |"


if __name__ == "__main__":
    raise SystemExit(main())
