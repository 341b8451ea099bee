"""The inflection of a run: which tables are at hand, and a lexicon's phrases inflected by them.

    inflection = find_inflection(resolve("sw"), wanted=None)
    inflection.description       # English forms from unimorph/eng; Swahili forms from unimorph/swc
    table = inflection.phrase_table(lexicon, "uniform")

Without a table of the target language, a form of an English word ("walked") still finds its
entry; the translation then stands as the lexicon lists it, under the rule `lemma`.

To read tables, learn rules from them and ask those for every form of a lexicon takes seconds or
minutes. What comes out is kept in the cache (`lexaug.kept`), under the checksums of the lexicon,
the tables and the code, so that the next run with them begins at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any
from unicodedata import unidata_version

from data.access import Access
from data.errors import InputError, UnavailableError
from data.files import canonical_json, sha256_text
from data.inflections.tables import TableFiles, tables_of
from data.languages import Language, resolve
from data.lexicon import Lexicon
from data.unimorph import Triple
from lexaug.config import LEAST, RULES, TABLES
from lexaug.inflection import Analyser, EnglishForms, Inflector, TableInflector
from lexaug.kept import kept, key_of, sources
from lexaug.phrases import NOT_IN_TARGETS, Form, PhraseTable, compile_phrases, inflected_forms
from lexaug.phrases import RULES as OPTION_RULES
from lexaug.predicted_forms import Predictor, about_rules, load_predictor

Advance = Callable[[str, float, float | None], None]
"""Called with (what is done, how much of it is, how much there is)."""

COLUMNS = {
    "surface": [str], "entry": [int], "text": [str], "rule": [str], "features": [str], "pos": [str]
}  # fmt: skip
CODE = (
    "data", "lexaug", "morph", "data/tables/spelling.tsv", "data/tables/unimorph_tags.tsv"
)  # fmt: skip


@dataclass(frozen=True)
class Inflection:
    """Forms of English and of the target language.

    Attributes:
        description: one line for people.
        tables: name, use, licence and sha256 of each table; only those of the target language
            (use `forms`) put words into the result.
        notes: what a user must know.
        predicted: how forms are predicted that no table has; None where none are.
    """

    description: str = "none: only the words that the lexicon lists are replaced"
    tables: tuple[Mapping[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    predicted: Mapping[str, Any] | None = None
    _source: _Source | None = None

    def phrase_table(
        self, lexicon: Lexicon, policy: str = "uniform", advance: Advance | None = None
    ) -> PhraseTable:
        """The phrases of a lexicon and their inflected forms.

        Raises:
            InputError: as `lexaug.phrases.compile_phrases`.
        """
        forms = self._source.forms(lexicon, advance) if self._source else ()
        return compile_phrases(lexicon, policy, forms=forms)

    def inflector(self) -> Inflector | None:
        """Who gives the forms of the target language; None where there are no tables."""
        return self._source.inflector if self._source else None

    def english_forms(self) -> Iterator[Triple]:
        """The rows of the English tables."""
        yield from _triples(self._source.english if self._source else ())

    def target_forms(self) -> Iterator[Triple]:
        """The rows of the target language's tables."""
        yield from _triples(self._source.own if self._source else ())

    def reached_by(self, access: Access) -> Inflection:
        """The same, with another way to its files; nothing that was read is carried along."""
        source = replace(self._source, access=access) if self._source else None
        return replace(self, _source=source)


@dataclass(frozen=True)
class _Source:
    """Where the forms of both languages come from.

    model: of `morph.train`, where one predicts forms; whoever gave its folder has it opened first.
    """

    language: Language
    english: Sequence[TableFiles]
    own: Sequence[TableFiles]
    way: str
    least: float
    access: Access
    model: Predictor | None = None

    @cached_property
    def analyser(self) -> Analyser:
        return EnglishForms(_triples(self.english))

    @cached_property
    def inflector(self) -> Inflector | None:
        if not self.own:
            return None
        if self.way == TABLES:
            return TableInflector(_triples(self.own))
        if self.model is None:
            return load_predictor(
                self.language, RULES, least=self.least, access=self.access
            ).inflector
        return self.model.inflector

    def forms(self, lexicon: Lexicon, advance: Advance | None) -> Sequence[Form]:
        """The inflected forms of a lexicon, from the cache if they are there.

        Those of a model are not kept, since they hang on the machine that computes them.
        """
        if self.model is not None:
            return self._made(lexicon, advance)
        key = key_of(
            sources(*CODE),
            unidata_version,
            sha256_of(lexicon),
            [lexicon.source_language, lexicon.target_language, self.language.bcp47],
            [table.sha256 for table in self.english],
            [table.sha256 for table in self.own],
            [self.way, self.least],
        )
        name = f"forms-{self.language.bcp47}"

        def make() -> dict[str, list[Any]]:
            columns = zip(*self._made(lexicon, advance), strict=True)
            lists = [["" if cell is None else cell for cell in column] for column in columns]
            return dict(zip(COLUMNS, lists or [[]] * len(COLUMNS), strict=True))

        forms: Sequence[Form] = kept(
            name, key, COLUMNS, make, lambda rows: _forms(rows, lexicon), access=self.access
        )
        return forms

    def _made(self, lexicon: Lexicon, advance: Advance | None) -> list[Form]:
        tell = advance or (lambda *_: None)
        label = f"inflecting {self.language.name}"
        self.access.say(f"{label}: learned from tables once, then kept in the cache")
        tell(label, 0, None)
        inflector = self.inflector  # reads the tables and learns their rules
        return list(
            inflected_forms(
                lexicon, self.analyser, inflector, lambda done, total: tell(label, done, total)
            )
        )


def sha256_of(lexicon: Lexicon) -> str:
    """The checksum of a lexicon's entries in their order: same digits, same substitutions."""
    rows = [[e.source, e.target, e.pos, e.sense, e.rank, e.origin] for e in lexicon.entries]
    return sha256_text(canonical_json(rows))


def find_inflection(
    language: Language,
    *,
    wanted: bool | None,
    way: str = RULES,
    least: float = LEAST,
    access: Access = Access(),
) -> Inflection:
    """The inflection that can be had for a target language; nothing is read yet but a model.

    Args:
        wanted: True must have tables of both languages, None takes what there is, False nothing.
        way: who gives forms of the target language: "tables" alone; "rules", which also predict
            those that tables lack; or the folder of a model of `morph.train`, for the same.
        least: the confidence, 0 to 1, from which a form that was predicted is used.

    Raises:
        InputError: `way` is no folder with a model of the language.
        UnavailableError: `wanted` is True and there is no table of English or of the language.
    """
    if wanted is False:
        return Inflection()
    english = tables_of(resolve("en"), access=access)
    own = tables_of(language, access=access)
    for name, tables in (("English", english), (language.name, own)):
        if wanted and not tables:
            raise UnavailableError(
                f"--inflect: no inflection table of {name} could be had; see python -m data.catalog"
                " show unimorph, or leave --inflect out"
            )
    relatives = {t.name: t.language for t in own if not t.language.same_language(language)}
    model, predicted = None, None
    if own and way == RULES:
        predicted = about_rules(sha256_text("".join(table.sha256 for table in own)), least)
    elif own and way != TABLES:
        model = load_predictor(language, way, least=least, access=access)
        predicted = dict(model.about)
    return Inflection(
        f"English forms from {_names(english) or 'regular plurals'}; "
        f"{_described(language, own, predicted)}",
        (*(_row(table, "analysis") for table in english), *(_row(table, "forms") for table in own)),
        tuple(
            f"{name} holds {relative.name}, which stands in for {language.name}"
            for name, relative in relatives.items()
        ),
        predicted,
        _Source(language, english, own, way, least, access, model),
    )


def _forms(rows: Mapping[str, Sequence[Any]], lexicon: Lexicon) -> list[Form]:
    """Forms that were kept.

    Raises:
        InputError: they are not of this lexicon.
    """
    columns = [rows[name] for name in COLUMNS]
    entries, rules = rows["entry"], rows["rule"]
    if len(set(map(len, columns))) != 1 or not set(rules) <= set(OPTION_RULES):
        raise InputError("expected forms with a rule each, found other columns")
    if not all(text.strip() and NOT_IN_TARGETS.isdisjoint(text) for text in rows["text"]):
        raise InputError("expected forms on one line without tabs, found others")
    if entries and not 0 <= min(entries) <= max(entries) < len(lexicon):
        raise InputError("expected forms of this lexicon, found an entry that it does not have")
    return [Form._make((*row[:-1], row[-1] or None)) for row in zip(*columns, strict=True)]


def _described(
    language: Language, own: Sequence[TableFiles], predicted: Mapping[str, Any] | None
) -> str:
    if not own:
        return f"no table of {language.name}, so that lemmas stand"
    forms = f"{language.name} forms from {_names(own)}"
    if predicted is None:
        return forms
    who = "rules learned from them" if predicted["by"] == RULES else "a trained model"
    return f"{forms}, else from {who} where the confidence is {predicted['confidence']:g} or more"


def _triples(tables: Sequence[TableFiles]) -> Iterator[Triple]:
    for table in tables:
        yield from table.read(skip_bad=True, dropped=Counter(), repairs=Counter())


def _names(tables: Sequence[TableFiles]) -> str:
    return " and ".join(table.name for table in tables)


def _row(table: TableFiles, use: str) -> dict[str, str]:
    return {
        "name": table.name, "use": use, "licence": table.licence, "sha256": table.sha256,
    }  # fmt: skip
