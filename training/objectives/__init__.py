"""Training objectives: from the ids of a document to what a model reads and must predict.

    special = Special.of(tokenizer)
    mix = parse_mix("alexatm", special, "encoder-decoder", length=512)
    example = mix(ids, generator(seed, "lafand", "17"))
    batch = collate([example], special.pad)

Objectives by architecture:

- encoder: `mlm` (BERT's masks)
- decoder: `clm` (the next token)
- either: `none`, where auxiliary objectives alone train (`training.objectives.auxiliary`)
- encoder-decoder: `spans` (T5), `bart`, `deshuffle`, `drop` (spans dropped, not marked), `clm`
  (the rest of a document after [CLM]), `mlm` (masks, the whole document as target), and
  `alexatm`, which is short for `drop:0.8,clm:0.2`

Each is a pure function `(ids, rng) -> Example`; what is drawn depends on nothing but `rng`. A new
one is a file with such a class and a row in `OBJECTIVES` (docs/CONTRIBUTING.md).

>>> special = Special(size=100, eos=2, clm=3, end=(2,))
>>> mix = parse_mix("clm", special, "encoder-decoder", length=16)
>>> example = mix(np.arange(10, 20), generator(1, "one"))
>>> example.input.tolist(), example.labels.tolist()
([3, 10, 11, 12, 13, 14, 15, 16, 17, 2], [18, 19, 2])
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import accumulate
from typing import Any, Protocol

import numpy as np

from data.cli import did_you_mean
from data.errors import InputError
from training.objectives.causal import Continue, NextToken
from training.objectives.denoising import Denoise, Deshuffle
from training.objectives.examples import (
    IGNORED,
    Example,
    Ids,
    Read,
    Special,
    collate,
    generator,
)
from training.objectives.masking import MaskTokens
from training.objectives.spans import DropSpans, FillSpans
from training.tokenizer.special import ARCHITECTURES, add_special, check_architecture

__all__ = [
    "ARCHITECTURES",
    "IGNORED",
    "NONE",
    "OBJECTIVES",
    "Continue",
    "Denoise",
    "Deshuffle",
    "DropSpans",
    "Entry",
    "Example",
    "FillSpans",
    "Ids",
    "MaskTokens",
    "Mix",
    "NextToken",
    "Objective",
    "Read",
    "Special",
    "collate",
    "ensure_special",
    "generator",
    "parse_mix",
    "parse_share",
    "parse_weights",
    "register",
]

ALIASES = {"alexatm": {"drop": 0.8, "clm": 0.2}}
NONE = "none"  # no document is scored: what auxiliary objectives alone train
SENTINELS = 100  # that a foreign tokenizer gets for `spans`, as many as T5 has


class Objective(Protocol):
    """A pure function from a document to an example."""

    def lengths(self, length: int) -> tuple[int, int]:
        """Most tokens of input and of labels for a document of `length`; they grow with it."""
        ...

    def __call__(self, ids: Ids, rng: np.random.Generator) -> Example:
        """The example of a document of (n,) ids, n > 0, none of them added by the objective."""
        ...


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of the registry.

    Attributes:
        name: as `--objective` has it, in lower case.
        architecture: whose examples it makes; a name may stand once for each.
        make: from the special ids of a tokenizer and options by name to the objective. For a
            decoder whose text is packed the option `closed` is False.
        needs: tokens that a tokenizer of others is given: "mask", "clm", "sentinels:100".
    """

    name: str
    architecture: str
    make: Callable[..., Objective]
    needs: tuple[str, ...] = ()


OBJECTIVES: list[Entry] = [
    Entry("mlm", "encoder", MaskTokens, ("mask",)),
    Entry(NONE, "encoder", Read),
    Entry("clm", "decoder", NextToken),
    Entry(NONE, "decoder", Read),
    Entry("spans", "encoder-decoder", FillSpans, (f"sentinels:{SENTINELS}",)),
    Entry("bart", "encoder-decoder", Denoise, ("mask",)),
    Entry("deshuffle", "encoder-decoder", Deshuffle),
    Entry("drop", "encoder-decoder", DropSpans),
    Entry("clm", "encoder-decoder", Continue, ("clm",)),
    Entry("mlm", "encoder-decoder", partial(MaskTokens, writes=True), ("mask",)),
]


def register(
    name: str, architecture: str, make: Callable[..., Objective], needs: Sequence[str] = ()
) -> None:
    """Add an objective: from then on mixes, `--objective`, scores and model cards know it.

    docs/CONTRIBUTING.md adds one step by step. The arguments are those of `Entry`.

    Raises:
        ValueError: the architecture has one of that name.
    """
    if name in objectives_for(architecture):
        raise ValueError(f'objective: a {architecture} has "{name}" already; use another name')
    OBJECTIVES.append(Entry(name, architecture, make, tuple(needs)))


def objectives_for(architecture: str) -> dict[str, Entry]:
    """The rows of an architecture, by name.

    >>> list(objectives_for("encoder")), list(objectives_for("decoder"))
    (['mlm', 'none'], ['clm', 'none'])
    """
    return {entry.name: entry for entry in OBJECTIVES if entry.architecture == architecture}


@dataclass(frozen=True)
class Mix:
    """Objectives with weights: a document's own randomness says which of them it gets.

    Attributes:
        objectives: by name; weights: shares of the documents, which add up to 1.
        length: limit of the tokens of input and of labels; architecture: whose examples these are.
    """

    objectives: Mapping[str, Objective]
    weights: Mapping[str, float]
    length: int
    architecture: str
    special: Special

    @cached_property
    def longest(self) -> int:
        """The longest document that fits; 0 if none does.

        T5's documents may be longer than its input, which keeps 85 % of them and some sentinels.
        """
        return int(bisect_right(range(1, 4 * self.length), self.length, key=self._most_tokens))

    def cost(self, length: int) -> int:
        """The tokens that a document of `length` takes in a batch, at most.

        Encoder and decoder: those of the input. Encoder-decoder: of input and labels together.
        """
        found = [one.lengths(length) for one in self.objectives.values()]
        read, written = (max(sizes) for sizes in zip(*found, strict=True))
        total: int = read + written if self.architecture == "encoder-decoder" else read
        return total

    def _most_tokens(self, length: int) -> int:
        return max(max(one.lengths(length)) for one in self.objectives.values())

    def __call__(self, ids: Ids, rng: np.random.Generator) -> Example:
        """The example of a document by one of the objectives.

        Raises:
            InputError: the document is empty or longer than `longest`.
        """
        if not 0 < len(ids) <= self.longest:
            raise InputError(
                f"a document of {len(ids)} tokens; expected 1 to {self.longest}, so that it fits"
                f" into {self.length} with its special tokens; cut it first"
            )
        drawn = rng.random()
        bounds = zip(accumulate(self.weights.values()), self.objectives.values(), strict=True)
        chosen = next((one for bound, one in bounds if drawn < bound), None)
        return (chosen or list(self.objectives.values())[-1])(ids, rng)


def parse_mix(
    text: str,
    special: Special,
    architecture: str,
    length: int = 512,
    *,
    packed: bool = False,
    options: Mapping[str, Mapping[str, Any]] | None = None,
) -> Mix:
    """The mix that "mlm", "spans:0.5,bart:0.5" or "alexatm" asks for.

    Args:
        packed: documents follow each other within a text, each with its own eos.
        options: of single objectives, {"mlm": {"rate": 0.3, "whole_words": True}}.

    Raises:
        InputError: an unknown objective, one that the architecture cannot have, a bad weight; a
            token that the tokenizer lacks; a length with no room for a document.
    """
    weights = parse_weights(text, architecture)
    unknown = set(options or {}) - set(weights)
    if unknown:
        raise InputError(
            f"options for {', '.join(sorted(unknown))}, which the objective {text} does not contain"
        )
    objectives, known = {}, objectives_for(architecture)
    for name in weights:
        chosen = dict((options or {}).get(name, {}))
        if architecture == "decoder" and packed and name != NONE:
            chosen.setdefault("closed", False)
        objectives[name] = _made(known[name].make, special, name, chosen)
    mix = Mix(objectives, weights, length, architecture, special)
    if architecture == "encoder-decoder" and special.eos is None:
        raise InputError("expected a tokenizer with an end-of-text token, found none")
    if mix.longest < 1:
        raise InputError(f"a length of {length} leaves no room for a document; ask for more")
    return mix


def parse_weights(text: str, architecture: str) -> dict[str, float]:
    """Names of objectives with their shares, which add up to 1.

    >>> parse_weights("MLM:4,CLM:1", "encoder-decoder")
    {'mlm': 0.8, 'clm': 0.2}
    >>> parse_weights("alexatm", "encoder-decoder")
    {'drop': 0.8, 'clm': 0.2}
    """
    check_architecture(architecture)
    weights: dict[str, float] = {}
    for part in text.split(","):
        name, weight = parse_share(part)
        for single, share in ALIASES.get(name, {name: 1.0}).items():
            _check_name(single, architecture, weights)
            weights[single] = weight * share
    total = math.fsum(weights.values())
    return {name: weight / total for name, weight in weights.items()}


def check_names(text: str) -> None:
    """Raise `InputError` for a name that is no objective of any architecture, or a bad weight."""
    known = list(dict.fromkeys([*(entry.name for entry in OBJECTIVES), *ALIASES]))
    for part in text.split(","):
        name = part.strip().lower().partition(":")[0]
        if name not in known:
            raise InputError(
                f'objective "{name}": expected one of {", ".join(known)}{did_you_mean(name, known)}'
            )
        parse_share(part)


def ensure_special(tokenizer: Any, objectives: str, architecture: str) -> int:
    """Give a tokenizer the tokens that objectives need and it lacks; the number of those added.

    A tokenizer of our own lacks at most sentinels. The model's embeddings must grow with a foreign
    one: `training.tokenizer.embeddings.grow_embeddings`.
    """
    needed = ["pad", "eos"] if architecture == "encoder-decoder" else []
    for name in parse_weights(objectives, architecture):
        needed += objectives_for(architecture)[name].needs
    return add_special(tokenizer, needed)


def parse_share(part: str, what: str = "objective") -> tuple[str, float]:
    """The name, in lower case, and the weight of NAME[:WEIGHT]; 1 where none is given.

    >>> parse_share(" CLM:0.2"), parse_share("mlm")
    (('clm', 0.2), ('mlm', 1.0))

    Raises:
        InputError: a weight that is not above 0; `what` names the option.
    """
    name, colon, number = part.strip().lower().partition(":")
    try:
        weight = float(number) if colon else 1.0
    except ValueError:
        weight = math.nan
    if not 0 < weight < math.inf:
        raise InputError(f'{what} "{part.strip()}": expected NAME:WEIGHT with a weight above 0')
    return name, weight


def _check_name(name: str, architecture: str, weights: Mapping[str, float]) -> None:
    known = objectives_for(architecture)
    if name in weights:
        raise InputError(f'objective "{name}" stands twice; give it once, with one weight')
    if name not in known:
        aliases = ALIASES if architecture == "encoder-decoder" else {}
        choices = ", ".join([*known, *aliases])
        near = did_you_mean(name, [*known, *aliases])
        kind = f"an {architecture}" if architecture[0] == "e" else f"a {architecture}"
        raise InputError(f'objective "{name}": expected for {kind}: {choices}{near}')


def _made(
    maker: Callable[..., Objective], special: Special, name: str, options: Mapping[str, Any]
) -> Objective:
    try:
        return maker(special, **options)
    except TypeError as error:
        raise InputError(f"objective {name}: {error}".replace("__init__()", "it")) from error
