"""Who is measured: a model, the run that made it, what it said, and the lists to ask it with.

subject = Subject.of(Fairness("runs/nlu-1f2e"), Access())
subject.kind, subject.lacks("predictions")
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.access import Access
from data.cli import typed_lines
from data.errors import InputError
from data.languages import Language, resolve
from data.word_lists import Pairs, gender_pairs, knows_no_gender, pairs
from models.resolve import RUNS_MODEL, Model, resolve_model
from trust.fairness.config import Fairness
from trust.fairness.lists import WordTest, usual_tests, word_test
from trust.fairness.outcomes import KINDS, Outcome, outcomes_of, scored_kind
from trust.fairness.templates import PROFESSIONS, PROMPTS, TEMPLATES

if TYPE_CHECKING:
    from models.encoder import Encoder

INTENTS, TOPICS, TAGS = "intents", "topics", "tags"
HEADS = {  # what a model folder holds beside its encoder, and the kind that it then is
    "nlu.json": INTENTS,
    "classifier.json": TOPICS,
}
LABELLING = (INTENTS, TOPICS, TAGS)
Answers = list[Hashable]


@dataclass(frozen=True)
class Subject:
    """A model under question; nothing is opened before it is asked for.

    Attributes:
        kind: INTENTS, TOPICS, TAGS, or "" for a model that labels nothing.
        run: the folder of the run that made it, if it is one's.
        notes: what a reader must know; grows as measures are made.
    """

    config: Fairness
    model: Model
    kind: str
    run: Path | None
    access: Access
    notes: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, config: Fairness, access: Access) -> Subject:
        """The model that was asked for.

        Raises:
            InputError: no such model, a folder that is none.
        """
        path = Path(config.model)
        if path.is_dir() and not (path / "config.json").is_file():
            raise InputError(
                f"{path}: expected the folder of a run or of a model, found no config.json in it;"
                " name another --model"
            )
        if (path / "config.json").is_file() and scored_kind(path) is None and _is_run(path):
            raise InputError(
                f"{path}: a run without a model; --model takes what nlu.train, training.tag,"
                " training.classify and training.pretrain made, or a model"
            )
        model = resolve_model(config.model, access)
        run = model.folder.parent if model.folder.name == RUNS_MODEL else None
        if run is not None and not (run / "config.json").is_file():
            run = None
        return cls(config, model, _kind(model.folder), run, access)

    @property
    def language(self) -> Language:
        """The language of word lists and texts."""
        return resolve(self.config.lang)

    def lacks(self, need: str) -> str:
        """What is missing of a need of a measure, and what gives it; "" for nothing."""
        return NEEDS[need](self)

    @cached_property
    def tests(self) -> list[WordTest]:
        """The association tests: those asked for, or those of the language."""
        names = self.config.lists or usual_tests(self.config.lang)
        return [word_test(name, self.config.lang) for name in names]

    @cached_property
    def pairs(self) -> Pairs:
        """Words of women and men."""
        if self.config.pairs:
            return pairs(self.config.pairs, self.config.lang)
        return gender_pairs(self.config.lang)

    @cached_property
    def encoder(self) -> Encoder:
        """What makes vectors."""
        from models.encoder import open_encoder

        return open_encoder(self.config.model, access=self.access, dtype="float32")

    @cached_property
    def decoder(self) -> Any:
        """The model with its head, which goes on with a text."""
        from models.weights import open_weights
        from training.pretraining.model import class_of

        kind = class_of(self.model.folder, "decoder", "clm")
        return open_weights(self.model.folder, kind, self.config.model)[0].eval()

    @property
    def layer(self) -> int:
        """Of the encoder, whose states are looked at."""
        return self.encoder.depth if self.config.layer is None else self.config.layer

    @cached_property
    def tokenizer(self) -> Any:
        """The model's."""
        from models.tokenizer import open_fast_tokenizer

        return open_fast_tokenizer(self.model.folder, self.access)

    @cached_property
    def outcomes(self) -> list[Outcome]:
        """What the run said on its test sets, beside what was right."""
        assert self.run is not None  # noqa: S101  # a need of measures that ask for it
        return outcomes_of(self.run, self.config.metric, self.access)

    @cached_property
    def texts(self) -> list[str]:
        """Texts of the language: those of --texts, else of the run's test sets."""
        if self.config.texts:
            found = [line for line in typed_lines(str(self.config.texts)) if line.strip()]
        else:
            mine = [
                one
                for one in self.outcomes
                if one.language is not None and self.language.same_language(one.language)
            ]
            found = [text for one in mine for text in one.texts]
        return found[: self.config.limit]

    @cached_property
    def gold(self) -> list[Hashable] | None:
        """What is right of each text; None of texts without labels, and of tags."""
        if self.config.texts or self.kind == TAGS:
            return None
        mine = [
            one
            for one in self.outcomes
            if one.language is not None and self.language.same_language(one.language)
        ]
        every: list[Hashable] = [label for one in mine for label in one.gold]
        return every[: self.config.limit]

    def answers(self, texts: Sequence[str]) -> Answers:
        """What the model says of texts: an intent, a topic, or the tags of the words."""
        if self.kind == INTENTS:
            return [one.intent for one in self._labeller.parse([t.split() for t in texts])]
        if self.kind == TAGS:
            return [tuple(tags) for tags in self._labeller.tag([t.split() for t in texts])]
        return list(self._labeller.predict(texts))

    @cached_property
    def labeller(self) -> Any:
        """The opened model with its head."""
        return self._labeller

    @cached_property
    def _labeller(self) -> Any:
        name = self.config.model
        if self.kind == INTENTS:
            from nlu.model import load_nlu

            return load_nlu(name, dtype="float32", access=self.access)
        if self.kind == TAGS:
            from training.tagging.tagger import load_tagger

            return load_tagger(name, access=self.access)
        from training.classification.classifier import load_classifier

        return load_classifier(name, self.access)


def _kind(folder: Path) -> str:

    for file, kind in HEADS.items():
        if (folder / file).is_file():
            return kind
    if any(one.endswith("ForTokenClassification") for one in _architectures(folder)):
        return TAGS
    return ""


def _architectures(folder: Path) -> list[str]:
    from data.bounded import read_json

    return [str(one) for one in read_json(folder / "config.json", dict).get("architectures") or []]


def _is_run(folder: Path) -> bool:
    from data.bounded import read_json

    told = read_json(folder / "config.json", dict)
    return "run" in told and not (folder / RUNS_MODEL).is_dir()


def _lists(subject: Subject) -> str:
    if subject.tests:
        return ""
    language, why = subject.language, ""
    if knows_no_gender(language):
        why = "; its pronouns know no gender, so that lists are of nouns"
    return f"no association test for {language.name}{why}: name some, --lists TARGETS:ATTRIBUTES"


def _templates(subject: Subject) -> str:
    if subject.config.templates or subject.language.bcp47 in TEMPLATES:
        return ""
    return f"no sentences for {subject.language.name}: give some, --templates FILE"


def _contexts(subject: Subject) -> str:
    return "" if subject.config.corpus else "no text to find words in: name some, --corpus NAME"


def _predictions(subject: Subject) -> str:
    if subject.run is None:
        return (
            "no run: scores are of a run that was scored on test sets; give its folder as --model"
        )
    if not (subject.run / "scores.json").is_file():
        return f"{subject.run.name} has not finished: start its command again"
    if scored_kind(subject.run) is None:
        return (
            f"{subject.run.name} is no run whose predictions are read: {', '.join(KINDS)} make such"
        )
    return (
        ""
        if subject.outcomes
        else f"{subject.run.name} was scored on no test set: train with --test"
    )


def _labels(subject: Subject) -> str:
    if subject.kind not in LABELLING:
        return (
            "the model gives no labels: nlu.train, training.tag and training.classify make models"
            " that do"
        )
    if subject.config.texts is None and (subject.run is None or _predictions(subject)):
        return "no texts: give some, --texts FILE"
    if not subject.texts:
        return f"no texts in {subject.language.name}: give some, --texts FILE"
    return ""


def _gradients(subject: Subject) -> str:
    if subject.kind == TAGS:
        return "a tagger has no one answer of a text: nlu.train and training.classify make models"
    return _labels(subject)


def _pairs(subject: Subject) -> str:
    try:
        return "" if subject.pairs.rows else "no pairs"
    except InputError as error:
        if subject.config.pairs:
            raise
        return f"{error} (--pairs)"


def _writes(subject: Subject) -> str:
    if not any(one.endswith("ForCausalLM") for one in _architectures(subject.model.folder)):
        return "the model writes nothing: a decoder does (training.pretrain --objective CLM)"
    lacking = [
        f"--{name}"
        for name, known in (("prompts", PROMPTS), ("professions", PROFESSIONS))
        if not getattr(subject.config, name) and subject.language.bcp47 not in known
    ]
    if not lacking:
        return ""
    options = " FILE and ".join(lacking)
    return f"no beginnings about professions in {subject.language.name}: give some, {options} FILE"


NEEDS: dict[str, Callable[[Subject], str]] = {
    "lists": _lists,
    "templates": _templates,
    "contexts": _contexts,
    "predictions": _predictions,
    "labels": _labels,
    "gradients": _gradients,
    "pairs": _pairs,
    "writes": _writes,
}
