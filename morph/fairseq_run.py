"""A training run through fairseq: the same data, folder and scores as `morph.run`, another engine.

    python -m morph.train --lang swa --engine fairseq --steps 4000

For those whose pipelines are fairseq's. Of the recipe it takes steps, seconds, seed and batch; the
network and its schedule are `morph.fairseq_recipe`'s.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from data.errors import InputError
from metrics.score import Score
from morph.corpora import InflectionData
from morph.fairseq_engine import FairseqSettings, train_with_fairseq
from morph.hypothesis import Hypothesis
from morph.run import TrainingConfig, read_data, score
from morph.run_folder import begin


def train_through_fairseq(
    config: TrainingConfig, out: Path, *, offline: bool = False
) -> dict[str, Score]:
    """Train one language's model into out/model; its accuracy on the dev part, by unit.

    Raises:
        InputError: several languages, or a model to go on from.
        UnavailableError: fairseq is missing, or failed.
    """
    if len(config.units) > 1 or config.start is not None:
        raise InputError(
            "engine fairseq: expected one language from nothing, found "
            f"{', '.join(config.units)}; leave --from and further languages to the other engine"
        )
    [data] = read_data(config, offline=offline)
    begin(config.to_json(), [data], out)
    settings = FairseqSettings(seed=config.recipe.seed, batch=config.recipe.batch)
    if config.recipe.steps is not None:
        settings = replace(settings, steps=config.recipe.steps)
    settings = replace(settings, seconds=config.recipe.seconds)
    model = train_with_fairseq(data.train, data.dev, out / "model", settings, language=data.unit)

    def predict(one: InflectionData) -> Sequence[Hypothesis]:
        items = [(triple.lemma, triple.features) for triple in one.dev]
        return [best for best, *_ in model.predict(items)]

    return score([data], predict, out)
