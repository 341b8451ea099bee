"""Inflection, as `morph.train` learns it, in a network of half its width; scored by exact match."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from data.access import Access
from data.unimorph import Triple
from data.words import scripts_of
from metrics.ratios import SHARE
from morph.alphabet import Alphabet
from morph.examples import Example as Read
from morph.examples import ExampleBatches
from morph.model import InflectionModel, loss
from morph.recipe import Recipe
from morph.transducer import Transducer
from training.architectures import seeded
from trust.examples import Example
from trust.federation.tasks import Row, Setting, refuse
from trust.targets.inflection import Inflection as Triples

LANGUAGES = ("swa", "tur", "fin", "spa", "kat", "nav")
SMALL = {"width": 64, "inner": 256, "encoder_layers": 1, "decoder_layers": 1}
BATCH = 32


class Inflection:
    """See `trust.federation.tasks.Task`."""

    train = tuple(f"{code}:train" for code in LANGUAGES)
    test = tuple(f"{code}:dev" for code in LANGUAGES)

    def read(self, name: str, access: Access) -> list[Example]:
        """Triples of lemma, features and form."""
        return Triples().read(name, access)

    def label(self, example: Example) -> str:
        """The part of speech."""
        return str(example.content.features.partition(";")[0])

    def open(self, setting: Setting, training: Sequence[Example]) -> OpenedInflection:
        """A network with random weights, whose alphabet is that of all clients."""
        return OpenedInflection(setting, training)


class OpenedInflection:
    """See `trust.federation.tasks.Opened`."""

    metric, ratio = "exact match", SHARE

    def __init__(self, setting: Setting, training: Sequence[Example]) -> None:
        names = ("model", "config", "tokenizer", "freeze", "lora", "hidden")
        refuse(setting, "inflection", names)
        self.notes = ["the alphabet and the features are those of all clients"]
        triples: list[Triple] = [one.content for one in training]
        self._languages = tuple(sorted({one.language for one in training}))
        several = self._languages if len(self._languages) > 1 else ()
        alphabet = Alphabet.of(triples, languages=several)
        with seeded(setting.seed):
            self.model = InflectionModel(
                Recipe(steps=1, seed=setting.seed, **SMALL).architecture(alphabet)  # type: ignore[arg-type]
            )
        self.loss, self._alphabet = loss, alphabet
        self._training = [
            Read(
                one.lemma,
                (
                    *alphabet.encode_language(example.language),
                    *alphabet.encode_features(one.features),
                ),
                one.form or "",
            )
            for example, one in zip(training, triples, strict=True)
        ]
        self._scripts = scripts_of(one.lemma for one in triples)
        self._ratio = max(len(one.form or "") / len(one.lemma) for one in triples)

    def batches(self, members: Sequence[int], seed: int) -> tuple[ExampleBatches, int]:
        """As `morph.train` makes them."""
        chosen = [self._training[member] for member in members]
        made = ExampleBatches([chosen], self._alphabet, BATCH, seed)
        return made, -(-len(chosen) // BATCH)

    @property
    def _transducer(self) -> Transducer:
        about = (self._languages, self._alphabet, (self.model.eval(),), self._scripts)
        return Transducer(*about, self._ratio)

    def rows(self, examples: Sequence[Example]) -> list[Row]:
        """Whether each form is right to the last character."""
        transducer, found = self._transducer, [[0.0, 1.0] for _ in examples]
        for language in sorted({one.language for one in examples}):
            code = language if language in self._languages else None
            asked = [
                (place, one.content)
                for place, one in enumerate(examples)
                if one.language == language
                and transducer.refusal(one.content.lemma, one.content.features, code) is None
            ]
            items = [(triple.lemma, triple.features) for _, triple in asked]
            forms = transducer.predict(items, language=code) if items else []
            for (place, triple), (best, *_) in zip(asked, forms, strict=True):
                found[place][0] = float(best.form == triple.form)
        return found

    def free(self, examples: Sequence[Example]) -> tuple[str, list[Row]]:
        """The lemma as it is."""
        return "lemma", [[one.content.form == one.content.lemma, 1] for one in examples]

    def save(self, out: Path) -> None:
        """As `morph.train` does: morph.inflect opens it."""
        self._transducer.save(out)
