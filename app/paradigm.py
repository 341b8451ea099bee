"""The forms of a lemma, out of the inflection tables that the catalog has for a language.

forms("soma", resolve("sw")).rows[0]        # ("V;PST;3;SG", "alisoma", "unimorph/swc")
"""

from __future__ import annotations

from dataclasses import dataclass

from data.download import Report
from data.errors import InputError
from data.inflections.tables import tables_of
from data.languages import Language
from data.lexicon import fold


@dataclass(frozen=True, slots=True)
class Forms:
    """The forms of a lemma: features, form and table a row; and the tables that were read.

    relatives: a line for each table that is of a relative and stands in.
    """

    rows: tuple[tuple[str, str, str], ...]
    tables: tuple[str, ...]
    relatives: tuple[str, ...] = ()


def forms(
    lemma: str, language: Language, *, offline: bool = False, report: Report | None = None
) -> Forms:
    """Every form of a lemma that the tables list, whatever the lemma's case.

    Raises:
        InputError: no lemma, or no table of the language.
    """
    report = report or (lambda _: None)
    wanted = fold(lemma)
    if not wanted:
        raise InputError("expected a lemma, found none; write one")
    found: dict[tuple[str, str], str] = {}
    tables = tables_of(language, offline=offline, report=report)
    if not tables:
        raise InputError(
            f"no inflection table of {language.name} ({language.bcp47}) can be had; the page "
            "Explore lists the languages that have one"
        )
    for table in tables:
        report(f"reading {table.name}")
        for triple in table.read(skip_bad=True):
            if triple.form and fold(triple.lemma) == wanted:
                found.setdefault((triple.features, triple.form), table.name)
    rows = tuple((features, form, name) for (features, form), name in sorted(found.items()))
    relatives = (
        f"{table.name} is a table of {table.language.name}, which stands in for {language.name}"
        for table in tables
        if not table.language.same_language(language)
    )
    return Forms(rows, tuple(table.name for table in tables), tuple(relatives))
