"""The forms of a lemma: those that inflection tables list, else those that `morph.inflect` makes.

forms("soma", resolve("sw")).rows[0]        # Row("V;PST;3;SG", "alisoma", "table", 1.0, ...)
forms("blogu", resolve("sw"), "V;IND;PST;NOM(3,SG,BANTU1);POS").rows[0].by      # rule

`python -m morph.inflect` answers the same from a shell; `Forms.command` is the line.
"""

from __future__ import annotations

import difflib
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from data.access import Access
from data.errors import InputError
from data.inflections.tables import TableFiles, tables_of
from data.languages import Language
from data.lexicon import fold
from data.tsv import excerpt

if TYPE_CHECKING:
    from morph.inflect import Answer, Inflector

RUNS = Path("runs")
MOST_MADE = 200  # forms that are made where no bundle is given, of the commonest bundles
AT_ONCE = 20  # forms that are made between two lines of progress
NEAR = 3


@dataclass(frozen=True, slots=True)
class Row:
    """One form.

    Attributes:
        features: a UniMorph bundle.
        by: who says so: `table`, `rule` or `model`.
        confidence: 0 to 1, how often such answers were right on lemmas that were held out; None
            where nobody has measured it, as for a bundle that no table has.
        why: the table's name, the rule, or the model's folder.
    """

    features: str
    form: str
    by: str
    confidence: float | None
    why: str

    @property
    def is_made(self) -> bool:
        """Whether no table lists it."""
        return self.by != "table"

    @property
    def source(self) -> str:
        """Who says so, for people.

        >>> Row("V;PST", "alipika", "rule", 0.97, "soma : alisoma").source
        'made by rules: soma : alisoma'
        """
        told = {"table": "table", "rule": "made by rules:", "model": "made by the model"}
        return f"{told[self.by]} {self.why}"

    @property
    def sureness(self) -> str:
        """How sure it is, for people.

        >>> Row("V;PST", "alipika", "rule", 0.974, "").sureness
        '97 %'
        """
        if not self.is_made:
            return "listed"
        # Rounded down: nothing that was made is wholly sure.
        return "not measured" if self.confidence is None else f"{int(100 * self.confidence)} %"


@dataclass(frozen=True, slots=True)
class Forms:
    """The forms of a lemma.

    tables: those that were read. relatives: a line for each table that is of a relative and stands
    in. near: bundles that the tables have and that are like the one that was asked for, where they
    lack it. left_out: bundles beyond the commonest MOST_MADE, of which no form was made. command:
    the same question in a shell.
    """

    rows: tuple[Row, ...]
    tables: tuple[str, ...]
    relatives: tuple[str, ...]
    near: tuple[str, ...]
    left_out: int
    command: str

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader must know of forms that were made."""
        told = []
        if any(row.is_made for row in self.rows):
            told.append(
                f"Forms marked (made) stand in no table ({', '.join(self.tables)}): nobody has"
                " checked them. How sure: how often such forms were right on lemmas that were held"
                " out."
            )
        if self.left_out:
            told.append(
                f"{self.left_out:,} rarer bundles are left out; name one, or ask in a shell for all"
            )
        if self.near:
            told.append(f"No table has this bundle as a whole; like it: {', '.join(self.near)}.")
        return tuple(told)


def forms(
    lemma: str,
    language: Language,
    features: str = "",
    *,
    part_of_speech: str = "",
    model: str = "",
    access: Access = Access(),
) -> Forms:
    """The form of a lemma for a bundle, or without one every form.

    Of a lemma that a table lists, every form in the tables; of another one, a form that is made
    for every bundle of its part of speech from which rules were learned.

    Args:
        part_of_speech: V, N, ADJ ...; of a lemma that no table has, where the tables have several.
        model: the name of a folder in runs/ that `morph.train` wrote; else rules make forms.

    Raises:
        InputError: no lemma, no table of the language, a bundle or a part of speech that the
            tables do not know, no such model.
        UnavailableError: torch is missing and a model was named.
    """
    lemma, features = lemma.strip(), features.strip()
    if not lemma:
        raise InputError("expected a lemma, found none; write one")
    tables = _tables(language, access)
    rows: tuple[Row, ...] = () if features else tuple(_listed(lemma, tables, access))
    near: tuple[str, ...] = ()
    left_out = 0
    if not rows:
        inflector = _inflector(language, model, access)
        near = _near(inflector, features, language)
        bundles = [features] if features else _bundles(inflector, lemma, part_of_speech)
        left_out = max(len(bundles) - MOST_MADE, 0)
        rows = tuple(_made(inflector, lemma, bundles[:MOST_MADE], access))
    return Forms(
        rows,
        tuple(table.name for table in tables),
        tuple(_relatives(tables, language)),
        near,
        left_out,
        _command(lemma, language, features, part_of_speech, model),
    )


def _tables(language: Language, access: Access) -> list[TableFiles]:
    found = tables_of(language, access=access)
    if not found:
        raise InputError(
            f"no inflection table of {language.name} ({language.bcp47}) can be had; the page "
            "Explore lists the languages that have one"
        )
    return found


def _listed(lemma: str, tables: Sequence[TableFiles], access: Access) -> Iterator[Row]:
    """Every form of a lemma that the tables list, whatever the lemma's case."""
    wanted = fold(lemma)
    found: dict[tuple[str, str], str] = {}
    for table in tables:
        access.say(f"reading {table.name}")
        for triple in table.read(skip_bad=True):
            if triple.form and fold(triple.lemma) == wanted:
                found.setdefault((triple.features, triple.form), table.name)
    for (features, form), name in sorted(found.items()):
        yield Row(features, form, "table", 1.0, name)


def _inflector(language: Language, model: str, access: Access) -> Inflector:
    """Tables and rules, and a model only if it was named."""
    from morph.inflect import Inflector
    from morph.inflect.lookup import Lookup
    from morph.inflect.sources import open_model, read_tables, rules_for

    access.say("reading the tables")
    tables = read_tables(language, access=access)
    access.say("learning rules from them; the first time this may take a minute")
    rules = rules_for(tables, access=access)
    opened = None
    if model:
        access.say(f"opening the model {model}")
        opened = open_model(_model_folder(model, language), language)
    lookup = Lookup.of(tables.triples, language.bcp47)
    return Inflector(lookup, rules, language.name, model=opened, tables=tables.names)


def _model_folder(name: str, language: Language) -> Path:
    """The folder in runs/ with this name and no other place, since visitors may write anything."""
    there = sorted(path.parent.parent.name for path in RUNS.glob("*/model/config.json"))
    if name not in there:
        raise InputError(
            f"model: expected a run of morph.train in runs/ ({', '.join(there) or 'none there'}),"
            f" found {excerpt(name)}; train one: python -m morph.train --lang {language.bcp47}"
        )
    return RUNS / name


def _near(inflector: Inflector, features: str, language: Language) -> tuple[str, ...]:
    """What the tables have that is most like a bundle; nothing of one that they have.

    Raises:
        InputError: one of its features is unknown; the message names bundles that are like it.
    """
    from morph.inflect.checks import check_features
    from morph.inflect.lookup import bundle_key

    every = inflector.table.bundles()
    if not features or bundle_key(features) in map(bundle_key, every):
        return ()
    near = tuple(difflib.get_close_matches(features, every, NEAR, 0.0))
    try:
        check_features(features, inflector.table, language.name)
    except InputError as error:
        raise InputError(f"{error}; bundles like it: {', '.join(near)}") from error
    return near


def _bundles(inflector: Inflector, lemma: str, part_of_speech: str) -> list[str]:
    """The bundles of a part of speech from which rules were learned, commonest first."""
    every = inflector.table.parts_of_speech
    if (part_of_speech or len(every) > 1) and part_of_speech not in every:
        found = excerpt(part_of_speech) if part_of_speech else "none"
        raise InputError(
            f"no table has the lemma {excerpt(lemma)}: to make its forms, expected a part of speech"
            f" ({', '.join(every)}), found {found}; give one, or a bundle"
        )
    pairs = inflector.rules.pairs
    bundles = inflector.table.bundles(part_of_speech or None)
    return sorted((one for one in bundles if one in pairs), key=lambda one: -len(pairs[one]))


def _made(
    inflector: Inflector, lemma: str, bundles: Sequence[str], access: Access
) -> Iterator[Row]:
    """An answer for every bundle; of a table all forms that it has for it."""
    for start in range(0, len(bundles), AT_ONCE):
        access.say(f"making forms: {start} of {len(bundles)}")
        some = bundles[start : start + AT_ONCE]
        answers = inflector.inflect_all([(lemma, bundle) for bundle in some])
        for bundle, answer in zip(some, answers, strict=True):
            yield from _rows(inflector, bundle, answer)


def _rows(inflector: Inflector, features: str, answer: Answer) -> Iterator[Row]:
    bundle = inflector.table.spelling(features)
    if answer.by == "table":
        for form in (answer.form, *answer.alternatives):
            yield Row(bundle, form, answer.by, answer.confidence, answer.why)
        return
    why = Path(answer.why).parent.name if answer.by == "model" else answer.why
    yield Row(bundle, answer.form, answer.by, answer.confidence, why)


def _relatives(tables: Sequence[TableFiles], language: Language) -> Iterator[str]:
    for table in tables:
        if not table.language.same_language(language):
            name = table.language.name
            yield f"{table.name} is a table of {name}, which stands in for {language.name}"


def _command(lemma: str, language: Language, features: str, part_of_speech: str, model: str) -> str:
    asked = [lemma, features] if features else ["--paradigm", lemma]
    if part_of_speech and not features:
        asked += ["--pos", part_of_speech]
    if model:
        asked += ["--model", str(RUNS / model)]
    return shlex.join(["python", "-m", "morph.inflect", "--lang", language.bcp47, *asked])
