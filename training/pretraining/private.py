"""Private pretraining: documents, or sentences of them, are drawn one by one from all corpora.

What a document becomes (which tokens are masked) is drawn anew each time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from data.errors import InputError
from training.documents import Encoded, Sentences
from training.objectives import Mix
from training.objectives.examples import collate, generator
from training.pretraining.config import PretrainConfig
from training.private.options import SENTENCE
from training.private.run import Private
from training.private.sampling import UNIT, Samples, cut

if TYPE_CHECKING:
    from torch import Tensor


def private_run(
    config: PretrainConfig, corpora: Sequence[Encoded], mix: Mix, identity: Mapping[str, Any]
) -> Private:
    """Updates of the documents (or parts that fit) of corpora.

    Raises:
        InputError: a corpus with a weight.
    """
    weighted = next((one for one in corpora if one.weight != 1), None)
    if weighted:
        raise InputError(
            f"--corpus {weighted.name}:{weighted.weight:g} does not go with --dp-epsilon: every"
            " document is drawn with the same probability; leave the weight out"
        )
    cuts = [Sentences(corpus, mix.longest, config.seed) for corpus in corpora]
    places = [(one, number) for one in cuts for number in range(one.count)]
    units = [[number] for number in range(len(places))]
    if config.privacy and config.privacy.unit != SENTENCE:
        units = by_document(cuts)

    def length(sample: int) -> int:
        cut_of, number = places[sample]
        return mix.cost(len(cut_of.part(number)))

    def make(step: int, drawn: Samples) -> Iterator[dict[str, Tensor]]:
        for chosen, owner in cut(drawn, length, config.batch_tokens):
            examples = [
                mix(cut_of.part(number), generator(config.seed, str(step), str(sample)))
                for sample in chosen
                for cut_of, number in [places[sample]]
            ]
            yield collate(examples, mix.special.pad) | {UNIT: owner}

    return Private.of(config, units, identity, make)


def by_document(cuts: Sequence[Sentences]) -> list[list[int]]:
    """The parts of each document, numbered through all corpora."""
    found: list[list[int]] = []
    first = 0
    for one in cuts:
        lengths = (one.corpus.length(number) for number in range(one.corpus.documents))
        for parts in (-(-length // one.size) for length in lengths):
            found.append([*range(first, first + parts)])
            first += parts
    return found
