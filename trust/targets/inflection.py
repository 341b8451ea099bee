"""Inflection models (`morph.train`): the mean loss of a form's units, given lemma and features.

>>> NAME.fullmatch("swa:train").groups()
('swa', 'train')
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

from data.access import Access
from data.errors import InputError
from data.files import write_whole
from data.inflections.tables import load_triples
from data.languages import resolve
from data.unimorph import Triple, read_triples
from models.resolve import RUNS_MODEL
from morph.graphemes import split
from morph.recipe import Recipe, TrainingConfig
from morph.run import train_model
from morph.transducer import Transducer
from trust.canary import Canary
from trust.examples import Example
from trust.observed import Seen
from trust.targets import TrainedRun, scaled

NAME = re.compile(r"([\w-]+):(train|dev|test)")  # a part of the shared task of 2023
COLUMNS = ("lemma", "form", "features")
BEAM = 4  # forms that the entropy is of


class Inflection:
    """See `trust.targets.Target`."""

    kind, command, suffix = "inflection", "morph.train", ".tsv"

    def read(self, name: str, access: Access) -> list[Example]:
        """Triples of a file, or of a part of the shared task of 2023: `swa:train`."""
        match = NAME.fullmatch(name)
        if match is None or Path(name).exists():
            if not Path(name).is_file():
                raise InputError(
                    f"{name}: no such file; expected triples, or LANG:SPLIT of sigmorphon2023 such"
                    " as swa:train"
                )
            found, code = list(read_triples(Path(name))), ""
        else:
            table = load_triples(resolve(match[1]), match[2], normalise=False, access=access)
            found, code = list(table.triples), table.language.bcp47
        return [example(one, code) for one in found if one.form]

    def write(self, path: Path, examples: Sequence[Example]) -> None:
        """Lemma, form, features, as UniMorph has them."""
        rows = ((one.content.lemma, one.content.form, one.content.features) for one in examples)
        write_whole(path, "".join("\t".join(map(str, row)) + "\n" for row in rows))

    def open(self, folder: Path) -> Transducer:
        """The networks of all directions."""
        inner = folder / RUNS_MODEL
        return Transducer.load(inner if inner.is_dir() else folder)

    def unknown(self, model: Transducer, example: Example) -> str:
        """A feature or a script that the model does not know."""
        refused = model.refusal(example.content.lemma, example.content.features)
        return str(refused) if refused else ""

    def observe(self, model: Transducer, examples: Sequence[Example]) -> list[Seen]:
        """Loss of the form's units; entropy of the four likeliest forms."""
        known = [n for n, one in enumerate(examples) if not self.unknown(model, one)]
        triples: list[Triple] = [examples[n].content for n in known]
        scores = model.score([(t.lemma, t.features, str(t.form)) for t in triples])
        forms = model.predict([(t.lemma, t.features) for t in triples], beam=BEAM, n_best=BEAM)
        flat = math.log(len(model.alphabet.units) + 1)
        seen = [Seen(flat, math.log(BEAM), flat)] * len(examples)
        for place, triple, score, guesses in zip(known, triples, scores, forms, strict=True):
            units = len(split(str(triple.form), model.alphabet.scheme)) + 1  # with the end
            loss = -score / units if math.isfinite(score) else flat
            seen[place] = Seen(loss, _entropy([one.score for one in guesses]), loss)
        return seen

    def train(self, run: TrainedRun, data: Path, out: Path, seed: int, steps: int) -> None:
        """`morph.train` with the run's recipe, on one file; its dev part is three of them."""
        told: dict[str, Any] = dict(run.identity["recipe"])
        origin = Transducer.load(run.folder / RUNS_MODEL).origin
        counts = (re.findall(r"(?<!\d)(\d{1,18}) triples", one) for one in origin["data"])
        trained_on = sum(int(found[-1]) for found in counts)
        triples = list(read_triples(data, columns=COLUMNS))
        networks = origin["steps"]
        told |= {"seconds": None, "seed": seed}
        told["steps"] = steps or scaled(
            round(sum(networks) / len(networks)), trained_on, len(triples)
        )
        dev = data.with_name(f"{data.stem}-dev{data.suffix}")
        self.write(dev, [example(one, "") for one in triples[:3]])
        config = TrainingConfig(
            tuple(run.identity["units"]), Recipe(**told), train=data, dev=dev, columns=COLUMNS
        )
        train_model(config, out)

    def labels(self, examples: Sequence[Example], secret: int, draw: Random) -> tuple[str, ...]:  # noqa: ARG002
        """A feature bundle."""
        return (draw.choice(sorted({one.content.features for one in examples})),)

    def planted(self, canary: Canary, secret: Sequence[str]) -> Example:
        """A triple whose form is the secret; the lemma is the first word before it."""
        triple = Triple(canary.prefix[0], canary.labels[0], "".join(secret))
        return example(triple, canary.language)

    def pieces(self, model: Transducer, example: Example) -> Sequence[int]:
        """Of the form."""
        lemma = model.alphabet.encode(model.spelt(example.content.lemma))
        form = model.spelt(example.content.form)
        return model.alphabet.encode(form, lemma.unknown_units).ids


def example(triple: Triple, code: str) -> Example:
    """A triple as a candidate."""
    text = f"{triple.lemma} {triple.features} {triple.form}"
    return Example(text, text, code, replace(triple))


def _entropy(scores: Sequence[float]) -> float:
    """Of a few log probabilities, made to add up to 1."""
    best = max(scores)
    shares = [math.exp(score - best) for score in scores]
    total = math.fsum(shares)
    return -math.fsum(s / total * math.log(s / total) for s in shares if s > 0)
