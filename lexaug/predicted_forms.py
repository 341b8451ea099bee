"""Forms for lemmas that no inflection table lists: predicted by `morph.inflect`, given if sure.

    swahili = load_predictor(resolve("sw"), "rules", least=0.8)
    swahili.predict_all([("zoeza", "V;PST", True)])
    swahili.predicted(("zoeza", "V;PST", True))              # ("alizoeza", "inflected-by-rule")

Tables come first, as in `lexaug.inflection`. For a lemma that they lack

1. the bundle to ask for is the one that the rule of `lexaug.inflection` takes of a lemma that has
   them all, among those that the rules of `morph` were learned from: of others nobody has measured
   how often they come out right;
2. the lexicon must say that the word is of that part of speech. A word without a tag is inflected
   only where the lexicon lists infinitives and the word is one. A lexicon lists infinitives if, of
   its words that the tables know, more are infinitives than lemmas;
3. of an infinitive the lemma is found first (Lingala's `kosala` is `sal` in the tables): rules
   learned from the tables take the infinitive back, and the infinitive of what they give must be
   the word again;
4. the lemma has 3 characters or more: short words are often irregular (Swahili `ja` has `alikuja`
   and not `alija`);
5. the form is given if its confidence, 0 to 1 (see `morph.inflect`), is `least` or more; else the
   lemma stands, and is counted as `lemma-unsure`.

Words of several parts, and such as the language's data refuse (another script), stand as they are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.access import Access
from data.errors import InputError
from data.files import sha256_file
from data.languages import Language
from data.unimorph import Triple
from data.words import word_spans
from lexaug.config import LEAST, RULES
from lexaug.inflection import Advance, Question, TableInflector

if TYPE_CHECKING:
    from morph.inflect import Answer, Inflector

MODEL_FILES = (".json", ".safetensors")
SHORTEST = 3  # characters of a lemma
BATCH = 256  # questions between two steps of a progress bar
BY = {"table": "inflected", "rule": "inflected-by-rule", "model": "inflected-by-model"}
NO_FORM, UNSURE = "lemma", "lemma-unsure"

Item = tuple[str, str]  # lemma, target bundle


@dataclass(frozen=True, slots=True)
class Infinitives:
    """How to find the lemma of an infinitive.

    lemma: from an infinitive to a likely lemma and how sure that is, 0 to 1. bundle: that of
    infinitives, to go there again.
    """

    lemma: Callable[[str], tuple[str, float]]
    bundle: str


class MorphInflector:
    """Tables first, then forms that rules or a model make; `load_predictor` makes one.

    Args:
        tables: all tables at hand.
        bundles: those that may be asked for.
        least: the confidence, 0 to 1, below which no form is given.
        infinitives: None where the tables have none, or where lemmas are their own infinitives.
    """

    def __init__(
        self,
        tables: TableInflector,
        morph: Inflector,
        bundles: Container[str],
        *,
        least: float = LEAST,
        infinitives: Infinitives | None = None,
    ) -> None:
        self._tables, self._morph, self._bundles = tables, morph, bundles
        self._least, self._infinitives = least, infinitives
        self._usual: dict[str, str | None] = {}
        self._answers: dict[Question, Answer | None] = {}
        self._lists_infinitives = False

    def inflect(self, lemma: str, features: str) -> str | None:
        """The form of a lemma that is known to be of the bundle's part of speech."""
        return self.predicted((lemma, features, True))[0]

    def predict_all(self, questions: Sequence[Question], advance: Advance | None = None) -> None:
        """Answer all questions of a lexicon at once, and see how it lists verbs."""
        words = dict.fromkeys(lemma for lemma, _, _ in questions)
        listed = Counter(map(self._tables.listed_as, words))
        self._lists_infinitives = listed["infinitive"] > listed["lemma"]
        self._answers = {}
        every = list(dict.fromkeys(questions))
        step = BATCH if self._morph.model is None else len(every)  # a model has batches of its own
        for start in range(0, len(every), step or 1):
            self._ask(every[start : start + step])
            if advance:
                advance(min(start + step, len(every)), len(every))

    def predicted(self, question: Question) -> tuple[str | None, str]:
        """The form or None, and the rule of `lexaug.phrases.RULES` that it goes under."""
        lemma, features, _ = question
        known = self._tables.inflect(lemma, features)
        if known is not None:
            return known, BY["table"]
        if question not in self._answers:
            self._ask([question])
        answer = self._answers[question]
        if answer is None:
            return None, NO_FORM
        return (answer.form, BY[answer.by]) if self._is_sure(answer) else (None, UNSURE)

    def bundle_for(self, features: str) -> str | None:
        """The target's bundle for one of the source, where tables lack the lemma."""
        if features not in self._usual:
            self._usual[features] = self._tables.usual_bundle(features, self._bundles)
        return self._usual[features]

    def _ask(self, questions: Sequence[Question]) -> None:
        """Keep the answers to questions that the tables leave open, in two batches at most."""
        self._answers.update(dict.fromkeys(questions))
        unknown = (q for q in questions if self._tables.inflect(*q[:2]) is None)
        usual = {q: bundle for q in unknown if (bundle := self.bundle_for(q[1]))}
        words = {q: word for q in usual if _is_one_word(word := q[0].lstrip("-"))}
        items = {
            q: (lemma, usual[q])
            for q, lemma in self._lemmas(words).items()
            if len(lemma) >= SHORTEST
        }
        answers = self._answered(items.values())
        self._answers.update((q, answers.get(item)) for q, item in items.items())

    def _lemmas(self, words: Mapping[Question, str]) -> dict[Question, str]:
        """The lemma to inflect of each question whose word may be inflected."""
        if self._infinitives is None or not self._lists_infinitives:
            return {q: word for q, word in words.items() if q[2]}
        back = self._infinitives
        found = {word: back.lemma(word) for word in dict.fromkeys(words.values())}
        sure = {word: lemma for word, (lemma, share) in found.items() if share >= self._least}
        again = self._answered((lemma, back.bundle) for lemma in sure.values())
        return {
            q: sure[word]
            for q, word in words.items()
            if word in sure and (there := again.get((sure[word], back.bundle)))
            if there.form == word and self._is_sure(there)
        }

    def _answered(self, items: Iterable[Item]) -> dict[Item, Answer]:
        """The answers to what is not refused."""
        checked: dict[Item, Item] = {}
        for item in items:
            try:
                checked[item] = self._morph.check(*item)
            except InputError:  # another script: it stands as it is, which is counted
                continue
        answers = self._morph.inflect_all(list(checked.values()))
        return dict(zip(checked, answers, strict=True))

    def _is_sure(self, answer: Answer) -> bool:
        return answer.confidence is not None and answer.confidence >= self._least


@dataclass(frozen=True, slots=True)
class Predictor:
    """An inflector, and what config.json says of how it predicts forms."""

    inflector: MorphInflector
    about: Mapping[str, Any]


def load_predictor(
    language: Language,
    way: str,
    *,
    least: float = LEAST,
    access: Access = Access(),
) -> Predictor:
    """An inflector of a language from the tables at hand.

    Args:
        way: "rules" learned from the tables, or the folder of a trained model, beside which the
            rules may still answer where they were measured to be better.
        least: as in `MorphInflector`.

    Raises:
        InputError: there is no table; no model of the language in the folder.
        UnavailableError: torch is missing and there is a model.
    """
    from morph.inflect import Inflector
    from morph.inflect.lookup import Lookup
    from morph.inflect.sources import open_model, read_tables, rules_for

    tables = read_tables(language, access=access)
    rules = rules_for(tables, access=access)
    model = None if way == RULES else open_model(Path(way), language)
    about = about_rules(tables.sha256, least)
    if model is not None:
        about |= {"by": "model", "model": _checksums(model.folder)}
    lookup = Lookup.of(tables.triples, language.bcp47)
    inflector = MorphInflector(
        TableInflector(tables.triples),
        Inflector(lookup, rules, language.name, model=model, tables=tables.names),
        rules.features,
        least=least,
        infinitives=infinitives_of(tables.teaching),
    )
    return Predictor(inflector, about)


def about_rules(tables_sha256: str, least: float) -> dict[str, Any]:
    """What config.json says of forms that are predicted by rules learned from some tables."""
    return {"by": RULES, "confidence": least, "rules_sha256": tables_sha256}


def infinitives_of(triples: Iterable[Triple]) -> Infinitives | None:
    """The way from infinitives back to lemmas, learned from a table; None if there is none.

    >>> rows = [Triple(stem, "V;NFIN", f"ko{stem}a") for stem in ("bal", "bot", "kend", "tind")]
    >>> back = infinitives_of(rows)
    >>> back.lemma("kosala")[0], back.bundle
    ('sal', 'V;NFIN')
    """
    from morph.inflect import Rules

    rows = [t for t in triples if t.form and "NFIN" in t.features.split(";")]
    if not rows or all(row.form == row.lemma for row in rows):
        return None
    back = Rules.learn(Triple(row.form or "", "LEMMA", row.lemma) for row in rows)

    def lemma(word: str) -> tuple[str, float]:
        answer = back.predict(word, "LEMMA")
        return answer.form, answer.confidence or 0.0  # what was not measured is not sure

    bundles = Counter(row.features for row in rows)
    return Infinitives(lemma, max(bundles, key=bundles.__getitem__))


def _checksums(folder: Path) -> dict[str, str]:
    """The sha256 of a model's files, by name: settings, weights, calibration."""
    files = (path for path in sorted(folder.iterdir()) if path.suffix in MODEL_FILES)
    return {path.name: sha256_file(path) for path in files}


def _is_one_word(text: str) -> bool:
    return next(word_spans(text), None) == (0, len(text))
