r"""Plain texts paired by `localize`, by what they share and with an encoder's vectors beside it.

    python -m bench.localize_pairs --langs sw,am,zh,tr

The documents of NTREX-128, a sentence a paragraph: nothing is there but lengths, numbers and names.
On either side a tenth of the sentences is left out and a tenth stands in one paragraph with the
next, as translators do, so that who belongs to whom is known. A paragraph is right that lies
together with those and only those paragraphs of the other side that share a sentence with it.
Intervals draw documents.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterable, Sequence
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from data.access import Access
from data.languages import resolve
from data.load import load_parallel
from data.parallel import Pair
from icl.engines.embedding import SentenceEmbedder
from localize.alignment import Bead, align, traits_of
from localize.documents.plain import read
from localize.vectors import Side
from metrics.significance import bootstrap_totals, percentile_interval

SHARE = 0.1
RESAMPLES = 2000
Paragraphs = list[tuple[int, ...]]  # the sentences in each


def changed(sentences: int, rng: random.Random) -> Paragraphs:
    """Sentences as a translator leaves them: some gone, some with the one before."""
    made: Paragraphs = []
    for sentence in range(sentences):
        told = rng.random()
        if told < SHARE:
            continue
        if told < 2 * SHARE and made and made[-1][-1] == sentence - 1:
            made[-1] += (sentence,)
        else:
            made.append((sentence,))
    return made


def right(beads: Iterable[Bead], sides: tuple[Paragraphs, Paragraphs]) -> int:
    """How many paragraphs of both sides lie with those that share a sentence, and only those."""
    partners: tuple[dict[int, set[int]], dict[int, set[int]]] = ({}, {})
    for bead in beads:
        partners[0].update((place, set(bead.target)) for place in bead.source)
        partners[1].update((place, set(bead.source)) for place in bead.target)
    total = 0
    for here, there, told in zip(sides, sides[::-1], partners, strict=True):
        for place, inside in enumerate(here):
            true = {n for n, other in enumerate(there) if set(inside) & set(other)}
            total += told[place] == true
    return total


def measured(
    pairs: Sequence[Pair], embed: SentenceEmbedder, rng: random.Random
) -> tuple[int, int, int]:
    """Of a document: paragraphs, those right without the encoder, and those right with it."""
    sides = changed(len(pairs), rng), changed(len(pairs), rng)
    said = [(" ".join(pair.source.split()), " ".join(pair.target.split())) for pair in pairs]
    texts = [
        "\n\n".join(" ".join(said[n][side] for n in one) for one in paragraphs)
        for side, paragraphs in enumerate(sides)
    ]
    documents = read(texts[0]), read(texts[1])
    traits = traits_of(documents[0]), traits_of(documents[1])
    if tuple(map(len, traits)) != tuple(map(len, sides)):
        raise ValueError("a sentence is no paragraph here")
    vectors = [
        Side.of(embed, document).segments(of, document)
        for document, of in zip(documents, traits, strict=True)
    ]
    plain, sensed = align(*traits), align(vectors[0], vectors[1])
    return sum(map(len, sides)), right(plain, sides), right(sensed, sides)


def row(code: str, counts: NDArray[np.int64]) -> str:
    """A language's line: shares in percent, and the difference, with 95 % intervals."""
    totals = bootstrap_totals(counts.tolist(), resamples=RESAMPLES, seed=1)
    told = [f"| {code} | {counts[:, 0].sum():,} "]
    for weights in ((0, 1, 0), (0, 0, 1), (0, -1, 1)):
        value = 100 * (counts @ weights).sum() / counts[:, 0].sum()
        low, high = percentile_interval(100 * (totals @ weights) / totals[:, 0])
        told.append(f"| {value:.1f} [{low:.1f}, {high:.1f}] ")
    return "".join(told) + "|"


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print a row a language."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--langs", default="sw,am,zh,tr")
    parser.add_argument("--embedder", default="multilingual-e5-small")
    parser.add_argument("--documents", type=int, default=40, help="how many of each language")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(argv)
    embed = SentenceEmbedder(options.embedder)
    print("| language | paragraphs | without vectors | with them | more |")
    print("| --- | --- | --- | --- | --- |")
    for code in options.langs.split(","):
        corpus = load_parallel("ntrex-128", resolve("en"), resolve(code), access=Access())
        documents = [list(of) for _, of in groupby(corpus.pairs, key=lambda pair: pair.document)]
        chosen = random.Random(options.seed).sample(documents, options.documents)
        rng = random.Random(options.seed)
        print(row(code, np.array([measured(one, embed, rng) for one in chosen])), flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
