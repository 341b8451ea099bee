"""A toy language that is quickly learnt, and models of it."""

from __future__ import annotations

import random

from data.unimorph import Triple
from morph.alphabet import Alphabet
from morph.examples import Example
from morph.recipe import Recipe
from morph.run import train_networks
from morph.transducer import Transducer

RECIPE = Recipe(steps=300, seconds=None, width=32, heads=2, inner=64, batch=16, dropout=0.0)


def regular(count: int, seed: int) -> list[Triple]:
    """A language of prefixes and suffixes: PST is ali-, PL adds -ni, NEG is ha- before it."""
    rng = random.Random(seed)
    bundles = {"V;PST": ("ali", ""), "V;PST;PL": ("ali", "ni"), "V;PST;NEG": ("haali", "")}
    triples = []
    for _ in range(count):
        lemma = "".join(rng.choice("bdgkmpst") + rng.choice("aeiou") for _ in range(3))
        bundle = rng.choice(sorted(bundles))
        prefix, suffix = bundles[bundle]
        triples.append(Triple(lemma, bundle, prefix + lemma + suffix))
    return triples


def trained(
    recipe: Recipe = RECIPE, triples: list[Triple] | None = None, *, from_end: bool = False
) -> Transducer:
    """One side of a toy model, by default of the regular language."""
    rows = triples or regular(400, 1)
    alphabet = Alphabet.of(rows, recipe.scheme)
    examples = [
        Example(t.lemma, tuple(alphabet.encode_features(t.features)), t.form or "") for t in rows
    ]
    networks = train_networks([examples], alphabet, recipe, from_end=from_end)
    models = tuple(model for model, _ in networks)
    return Transducer(("toy",), alphabet, models, frozenset({"Latn", "CJK"}), from_end=from_end)


def items(count: int, seed: int) -> list[tuple[str, str]]:
    """Questions about other words of the regular language."""
    return [(t.lemma, t.features) for t in regular(count, seed)]
