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

from data.download import Report
from data.errors import UnavailableError
from data.inflections.tables import TableFiles, tables_of
from data.languages import Language, resolve
from data.unimorph import Triple
from lexaug.inflection import Analyser, EnglishForms, Inflector, TableInflector


@dataclass(frozen=True, slots=True)
class Inflection:
    """Forms of English and of the target language.

    Attributes:
        description: one line for people.
        tables: name, use, licence and sha256 of each table; only those of the target language
            (use `forms`) put words into the result.
        notes: what a user must know.
    """

    analyser: Analyser | None = None
    inflector: Inflector | None = None
    description: str = "none: only the words that the lexicon lists are replaced"
    tables: tuple[Mapping[str, str], ...] = ()
    notes: tuple[str, ...] = ()


def find_inflection(
    language: Language, *, wanted: bool | None, offline: bool = False, report: Report | None = None
) -> Inflection:
    """The inflection that can be had for a target language.

    Args:
        wanted: True must have tables of both languages, None takes what there is, False nothing.

    Raises:
        UnavailableError: `wanted` is True and there is no table of English or of the language.
    """
    if wanted is False:
        return Inflection()
    english = tables_of(resolve("en"), offline=offline, report=report)
    own = tables_of(language, offline=offline, report=report)
    for name, tables in (("English", english), (language.name, own)):
        if wanted and not tables:
            raise UnavailableError(
                f"--inflect: no inflection table of {name} could be had; see python -m data.catalog"
                " show unimorph, or leave --inflect out"
            )
    relatives = {t.name: t.language for t in own if not t.language.same_language(language)}
    forms = f"{language.name} forms from {_names(own)}" if own else (
        f"no table of {language.name}, so that lemmas stand"
    )  # fmt: skip
    return Inflection(
        EnglishForms(_triples(english)),
        TableInflector(_triples(own)) if own else None,
        f"English forms from {_names(english) or 'regular plurals'}; {forms}",
        (*(_row(table, "analysis") for table in english), *(_row(table, "forms") for table in own)),
        tuple(
            f"{name} holds {relative.name}, which stands in for {language.name}"
            for name, relative in relatives.items()
        ),
    )


def _triples(tables: Sequence[TableFiles]) -> Iterator[Triple]:
    for table in tables:
        yield from table.read(skip_bad=True, dropped=Counter(), repairs=Counter())


def _names(tables: Sequence[TableFiles]) -> str:
    return " and ".join(table.name for table in tables)


def _row(table: TableFiles, use: str) -> dict[str, str]:
    return {
        "name": table.name, "use": use, "licence": table.licence, "sha256": table.sha256,
    }  # fmt: skip
