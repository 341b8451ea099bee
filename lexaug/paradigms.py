"""The inflection tables of a run: which are at hand, and what a dataset card says of them.

    found = find_inflection(resolve("sw"), wanted=None)
    compile_phrases(lexicon, analyser=found.analyser, inflector=found.inflector)
    found.description       # English forms from unimorph/eng; Swahili forms from unimorph/swc

Without a table of the target language, a form of an English word ("walked") still finds its
entry; the translation then stands as the lexicon lists it, under the rule `lemma`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from data.access import Access, Report, quiet
from data.errors import UnavailableError
from data.inflections.tables import TableFiles, tables_of
from data.languages import Language, resolve
from data.unimorph import Triple
from lexaug.inflection import Analyser, EnglishForms, Inflector, TableInflector
from lexaug.made_forms import LEAST, RULES, TABLES, load_maker


@dataclass(frozen=True, slots=True)
class Inflection:
    """Forms of English and of the target language.

    Attributes:
        description: one line for people.
        tables: name, use, licence and sha256 of each table; only those of the target language
            (use `forms`) put words into the result.
        notes: what a user must know.
        made: how forms are made that no table has; None where none are.
    """

    analyser: Analyser | None = None
    inflector: Inflector | None = None
    description: str = "none: only the words that the lexicon lists are replaced"
    tables: tuple[Mapping[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    made: Mapping[str, Any] | None = None


def find_inflection(
    language: Language,
    *,
    wanted: bool | None,
    way: str = RULES,
    least: float = LEAST,
    offline: bool = False,
    report: Report | None = None,
) -> Inflection:
    """The inflection that can be had for a target language.

    Args:
        wanted: True must have tables of both languages, None takes what there is, False nothing.
        way: who gives forms of the target language: "tables" alone; "rules", which also make
            those that tables lack; or the folder of a model of `morph.train`, for the same.
        least: the confidence, 0 to 1, from which a form that was made is used.

    Raises:
        InputError: `way` is no folder with a model of the language.
        UnavailableError: `wanted` is True and there is no table of English or of the language.
    """
    if wanted is False:
        return Inflection()
    english = tables_of(resolve("en"), access=Access(offline=offline, report=report or quiet))
    own = tables_of(language, access=Access(offline=offline, report=report or quiet))
    for name, tables in (("English", english), (language.name, own)):
        if wanted and not tables:
            raise UnavailableError(
                f"--inflect: no inflection table of {name} could be had; see python -m data.catalog"
                " show unimorph, or leave --inflect out"
            )
    relatives = {t.name: t.language for t in own if not t.language.same_language(language)}
    inflector, made = _forms(language, own, way, least, offline)
    return Inflection(
        EnglishForms(_triples(english)),
        inflector,
        f"English forms from {_names(english) or 'regular plurals'}; "
        f"{_described(language, own, made)}",
        (*(_row(table, "analysis") for table in english), *(_row(table, "forms") for table in own)),
        tuple(
            f"{name} holds {relative.name}, which stands in for {language.name}"
            for name, relative in relatives.items()
        ),
        made,
    )


def _forms(
    language: Language, own: Sequence[TableFiles], way: str, least: float, offline: bool
) -> tuple[Inflector | None, Mapping[str, Any] | None]:
    """Who gives the target's forms, and how those are made that tables lack."""
    if not own:
        return None, None
    if way == TABLES:
        return TableInflector(_triples(own)), None
    maker = load_maker(language, way, least=least, offline=offline)
    return maker.inflector, maker.about


def _described(
    language: Language, own: Sequence[TableFiles], made: Mapping[str, Any] | None
) -> str:
    if not own:
        return f"no table of {language.name}, so that lemmas stand"
    forms = f"{language.name} forms from {_names(own)}"
    if made is None:
        return forms
    who = "rules learned from them" if made["by"] == RULES else "a trained model"
    return f"{forms}, else from {who} where the confidence is {made['confidence']:g} or more"


def _triples(tables: Sequence[TableFiles]) -> Iterator[Triple]:
    for table in tables:
        yield from table.read(skip_bad=True, dropped=Counter(), repairs=Counter())


def _names(tables: Sequence[TableFiles]) -> str:
    return " and ".join(table.name for table in tables)


def _row(table: TableFiles, use: str) -> dict[str, str]:
    return {
        "name": table.name, "use": use, "licence": table.licence, "sha256": table.sha256,
    }  # fmt: skip
