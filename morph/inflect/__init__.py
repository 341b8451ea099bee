"""The form of a lemma for a feature bundle: python -m morph.inflect

    python -m morph.inflect --lang sw soma "V;IND;PST;NOM(3,SG,BANTU1);POS"
    python -m morph.inflect --lang sw --input questions.tsv --out answers.tsv
    python -m morph.inflect --lang tr --paradigm kitap --pos N
    python -m morph.inflect --lang sw --analyse alisoma

or from Python:

    inflector = Inflector.load("sw")
    inflector.inflect("soma", "V;IND;PST;NOM(3,SG,BANTU1);POS").form        # alisoma

Who answers, in this order:

1. `table`: the inflection tables at hand, if they have the lemma and the bundle, in whatever order
   its features stand. People wrote and checked them, so their confidence is 1.
2. `model`: a trained model if there is one, and `rule`: what the rules of `morph.rules` say. On new
   lemmas models do better in most languages, and rules in some, Swahili for one. So what was
   measured on dev data decides (`morph.inflect.choice`), by how sure both are and how likely
   the model finds the rules' form; where that helps nowhere the model always wins.
   For a bundle with a feature that the model never saw, the rules answer.

Confidence, 0 to 1, is how often answers that looked so were right on lemmas that were held out. It
is None where no such answer was: a rule's form for a bundle that no table has.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any, Literal

from data.access import Access
from data.errors import InputError
from data.languages import Language
from data.lexicon.lemmas import Analysis
from data.pages import Tabular
from data.tsv import excerpt
from data.unimorph import Triple
from morph.inflect.checks import check_features, check_lemma, missing_from
from morph.inflect.choice import UNCALIBRATED, Calibration, calibrate, choose
from morph.inflect.lookup import Lookup, part_of_speech_of
from morph.inflect.sources import (
    TrainedModel,
    newest_run,
    open_model,
    read_tables,
    rules_for,
)
from morph.rules import Rules
from morph.transducer import Hypothesis

_LOG = logging.getLogger(__name__)

__all__ = [
    "Answer",
    "Inflector",
    "Lookup",
    "Rules",
    "open_model",
    "read_tables",
    "rules_for",
]

By = Literal["table", "rule", "model"]
Item = tuple[str, str]  # lemma, feature bundle


@dataclass(frozen=True, slots=True, repr=False)
class Answer(Tabular):
    """A form, who says so, and how sure that is.

    form: as a model was trained, in NFC or in its publisher's spelling; else in NFC. confidence: 0
    to 1; None where it was not measured, as of rules for a bundle that no table has. alternatives:
    other forms, best first; of a table, those that it has beside the first. why: the table's name,
    the rule, or the model's folder.
    """

    form: str
    by: By
    confidence: float | None
    alternatives: tuple[str, ...] = ()
    why: str = ""

    def summary(self) -> str:
        """The form, who says so, and how sure that is.

        >>> Answer("alipika", "rule", 0.974, why="soma : alisoma")
        <Answer: alipika, by rule, 0.974>
        """
        sure = "" if self.confidence is None else f", {self.confidence:.3g}"
        return f"{self.form}, by {self.by}{sure}"

    def rows(self) -> list[dict[str, Any]]:
        """One row."""
        return [asdict(self) | {"alternatives": ", ".join(self.alternatives)}]


class Paradigm(Tabular, dict[str, Answer]):
    """The forms of one lemma by feature bundle, in table order."""

    def summary(self) -> str:
        """How many forms, and who gave them."""
        by = Counter(answer.by for answer in self.values())
        return f"{len(self)} forms, " + ", ".join(f"{n} by {who}" for who, n in by.items())

    def rows(self) -> list[dict[str, Any]]:
        """A row a bundle."""
        return [{"features": bundle} | answer.rows()[0] for bundle, answer in self.items()]


class Inflector:
    """Inflects the words of one language; made by `load`, or from its parts.

    >>> rows = [("soma", "V;PST;1;SG", "nilisoma"), ("pika", "V;PST;1;SG", "nilipika")]
    >>> triples = [Triple(*row) for row in rows]
    >>> inflector = Inflector(Lookup.of(triples, "sw"), Rules.learn(triples), "Swahili")
    >>> [inflector.inflect(lemma, "V;PST;SG;1").form for lemma in ("soma", "tembea")]
    ['nilisoma', 'nilitembea']
    """

    def __init__(
        self,
        table: Lookup,
        rules: Rules,
        name: str,
        *,
        model: TrainedModel | None = None,
        tables: Sequence[str] = (),
        beam: int = 1,
    ) -> None:
        self.table = table
        self.rules = rules
        self.model = model
        self._name = name
        self._tables = ", ".join(tables) or "table"
        self._beam = beam

    @classmethod
    def load(
        cls,
        language: str | Language,
        *,
        model: Path | None = None,
        newest: bool = True,
        table: Path | None = None,
        columns: Sequence[str] | None = None,
        skip_bad: bool = False,
        device: str = "cpu",
        beam: int = 1,
        access: Access = Access(),
    ) -> Inflector:
        """Everything at hand for a language; rules are learned the first time and then kept.

        Args:
            model: a run folder or a model's; by default the newest finished run in runs/, if any.
            newest: look for that run; without it and `model`, tables and rules answer alone.
            table: a file of triples to use in place of the tables at hand.
            columns, skip_bad: of that file, as in `data.unimorph.read_triples`.
            beam: forms that the model follows at a time; above 1 it gives alternatives.

        Raises:
            InputError: no data of the language; no such model, or one of another language.
            UnavailableError: a file cannot be had, or torch is missing and there is a model.
        """
        from data.load import find_language

        if isinstance(language, str):
            language = find_language(language, access=access)
        tables = read_tables(language, table, columns=columns, skip_bad=skip_bad, access=access)
        folder = model or (newest_run(language) if newest else None)
        opened = open_model(folder, language, device=device) if folder else None
        if opened and not opened.calibration:
            _LOG.warning("%s is not calibrated: pass --calibrate once", opened.folder)
        return cls(
            Lookup.of(tables.triples, language.bcp47),
            rules_for(tables, access=access),
            language.name,
            model=opened,
            tables=tables.names,
            beam=beam,
        )

    def inflect(self, lemma: str, features: str) -> Answer:
        """The form of a lemma for a bundle.

        Raises:
            InputError: an empty lemma, or one in a script that the language's data never use; a
                feature that they do not have, with near ones.
        """
        return self.inflect_all([(lemma, features)])[0]

    def inflect_all(self, items: Sequence[Item]) -> list[Answer]:
        """The same for many, in one batch of the model."""
        checked = [self.check(lemma, features) for lemma, features in items]
        written = {item: lemma.strip() for item, (lemma, _) in zip(checked, items, strict=True)}
        answers: dict[Item, Answer] = {}
        for item in dict.fromkeys(checked):
            forms = self.table.forms(*item)
            if forms:
                answers[item] = Answer(forms[0], "table", 1.0, forms[1:], self._tables)
        rest = [item for item in dict.fromkeys(checked) if item not in answers]
        answers.update(self._new(rest, written))
        return [answers[item] for item in checked]

    def check(self, lemma: str, features: str, where: str = "") -> Item:
        """The question as it will be answered; `where` begins the message of an error."""
        clean = check_lemma(lemma, self.table, self._name, where)
        bundle = check_features(features, self.table, self._name, where)
        return clean, self.table.spelling(bundle)

    def paradigm(self, lemma: str, part_of_speech: str | None = None) -> Paradigm:
        """The forms of a lemma for every bundle of its part of speech, in table order.

        Args:
            part_of_speech: V, N, ADJ ...; of a lemma that no table has it is guessed by the
                lemmas that end or begin like it, which is logged.

        Raises:
            InputError: as in `inflect`; no such part of speech.
        """
        clean = check_lemma(lemma, self.table, self._name)
        wanted = self._parts_of_speech(clean, part_of_speech)
        bundles = list(chain.from_iterable(map(self.table.bundles, wanted)))
        answers = self.inflect_all([(clean, bundle) for bundle in bundles])
        return Paradigm(zip(bundles, answers, strict=True))

    def analyse(self, form: str) -> tuple[Analysis, ...]:
        """The lemmas and features that a form may have by the tables; none if they lack it."""
        return self.table.analyses(form.strip())

    def calibrate(self, dev: Iterable[Triple]) -> Calibration:
        """Learn on dev data how far to trust model and rules; it is saved beside the model.

        Raises:
            InputError: there is no model.
        """
        if self.model is None:
            raise InputError("calibration: expected a trained model, found none; give --model")
        calibration = calibrate(self.model.transducer, self.rules, list(dev))
        calibration.save(self.model.folder)
        self.model = replace(self.model, calibration=calibration)
        return calibration

    def _new(self, items: Sequence[Item], written: Mapping[Item, str]) -> dict[Item, Answer]:
        """Answers to what no table has; written: the lemmas in the spelling that was asked in.

        Tables and rules are in NFC, a model may be in its publisher's spelling: it is asked in the
        spelling of the question, which it brings to its own.
        """
        answers: dict[Item, Answer] = {}
        by_rules = {item: self.rules.predict(*item) for item in items}
        for item, rule in by_rules.items():
            others = tuple(form for form, _ in rule.alternatives)
            answers[item] = Answer(rule.form, "rule", rule.confidence, others, rule.rule)
        if self.model is None:
            return answers
        by_model = self._by_model(items, written)
        chosen = choose(
            self.model.transducer,
            [(written[item], item[1]) for item in by_model],
            list(by_model.values()),
            [by_rules[item] for item in by_model],
            self.model.calibration or UNCALIBRATED,
        )
        for item, choice in zip(by_model, chosen, strict=True):
            why = str(self.model.folder) if choice.by == "model" else by_rules[item].rule
            answers[item] = Answer(
                choice.form, choice.by, choice.confidence, choice.alternatives, why
            )
        return answers

    def _by_model(
        self, items: Sequence[Item], written: Mapping[Item, str]
    ) -> Mapping[Item, Sequence[Hypothesis]]:
        """The model's forms of the items whose features it knows."""
        model = self.model
        if model is None:
            return {}
        known = [item for item in items if not missing_from(item[1], model.transducer.features)]
        try:
            questions = [(written[item], item[1]) for item in known]
            return dict(zip(known, model.predict(questions, self._beam), strict=True))
        except InputError as error:  # it refuses a batch for one word
            if len(known) < 2:
                _LOG.warning("the model does not answer: %s", error)
                return {}
        half = len(known) // 2
        halves = (self._by_model(some, written) for some in (known[:half], known[half:]))
        return {item: forms for some in halves for item, forms in some.items()}

    def _parts_of_speech(self, lemma: str, wanted: str | None) -> tuple[str, ...]:
        """Those of a lemma in the tables, or the one that is told, or the only one."""
        every = self.table.parts_of_speech
        if wanted is not None:
            if wanted not in every:
                raise InputError(
                    f"part of speech: expected one of {', '.join(every)}, found {excerpt(wanted)};"
                    " give one of these"
                )
            return (wanted,)
        rows = self.table.paradigm(lemma)
        own = tuple(dict.fromkeys(filter(None, (part_of_speech_of(r.features) for r in rows))))
        if own or len(every) == 1:
            return own or every
        guess = self.table.guess_part_of_speech(lemma)
        if guess is None:
            raise InputError(
                f"paradigm of {excerpt(lemma)}: expected a lemma of the tables or one that is like"
                f" them, found neither; say which part of speech it is: {', '.join(every)}",
                option="--pos",
                advice=f"pass it: --pos {every[0] if every else 'N'}",
            )
        _LOG.warning("part of speech of %s: %s, for %s", excerpt(lemma), *guess)
        return (guess[0],)
