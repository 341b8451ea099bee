"""What a form may be: its lemma and features, by tables, else by analogy to their forms.

    analyser = Analyser.load("sw")
    analyser.analyse("alisoma")           # soma, V;..., by table, 1.0
    analyser.analyse("alitembea", top=3)  # of a lemma that no table has

Who answers, in this order:

1. `table`: every analysis that the inflection tables at hand list for the form. People wrote and
   checked them, so their confidence is 1; a form may have others.
2. `analogy`: what is done to forms like it to get their lemmas is done to the form, and the
   candidates are ranked (`morph.analyse.ranking`), those that inflect back to the form first among
   all that speaks for one. Confidence is how often candidates that looked so were right on lemmas
   that were held out: it is measured on the tables themselves, and so holds for words like theirs,
   not for a name or a particle in running text, whose part of speech no table has.
"""

from __future__ import annotations

import logging
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from itertools import accumulate, groupby, pairwise
from pathlib import Path
from typing import Any, Literal

from data.access import Access
from data.errors import InputError, UnavailableError
from data.files import canonical_json, sha256_text, write_whole
from data.languages import Language
from data.lexicon.lemmas import Analysis
from data.pages import Tabular
from data.spelling import fold
from data.tsv import excerpt
from data.words import scripts_of, word_spans
from morph.analyse.evidence import Evidence
from morph.analyse.ranking import FORMAT, Ranked, Ranking, learn_ranking
from morph.analyse.segments import Cuts
from morph.inflect.lookup import Lookup
from morph.inflect.sources import Tables, read_tables

__all__ = ["Analyser", "Analysis", "FormAnalysis"]

_LOG = logging.getLogger(__name__)

TOP = 3
By = Literal["table", "analogy"]
NO_ANALYSIS = "words without an analysis"
OTHER_SCRIPT = "words in a script that the tables lack"
UNSURE = "words whose analyses are less sure than asked for"


@dataclass(frozen=True, slots=True, repr=False)
class FormAnalysis(Tabular):
    """One analysis of a form, who says so, and how sure that is, 0 to 1."""

    form: str
    lemma: str
    features: str
    by: By
    confidence: float

    def summary(self) -> str:
        """All of it.

        >>> FormAnalysis("alipika", "pika", "V;PST", "analogy", 0.974)
        <FormAnalysis: alipika: pika, V;PST, by analogy, 0.974>
        """
        return f"{self.form}: {self.lemma}, {self.features}, by {self.by}, {self.confidence:.3g}"

    def rows(self) -> list[dict[str, Any]]:
        """One row."""
        return [asdict(self)]


class Analyser:
    """Analyses the forms of one language; made by `load`, or from tables.

    What words that no table has need is learned when the first one is asked for.

    Args:
        tables: the triples. language: the tag by whose rules of spelling words are folded. name:
            the language's, for messages.
        access: where the ranking that was learned is kept; None: it is learned and not kept.

    >>> from data.unimorph import Triple
    >>> verbs = ["soma", "pika", "lala", "ruka", "kata", "simama"]
    >>> cells = {"V;PST": "ali", "V;FUT": "ata", "V;NFIN": "ku"}
    >>> rows = [Triple(verb, bundle, cells[bundle] + verb) for verb in verbs for bundle in cells]
    >>> analyser = Analyser(Tables.of(rows), "sw", "Swahili")
    >>> [(one.lemma, one.features, one.by) for one in analyser.analyse("alitembea", top=1)]
    [('tembea', 'V;PST', 'analogy')]
    >>> analyser.analyse("Kusoma")
    (<FormAnalysis: Kusoma: soma, V;NFIN, by table, 1>,)
    """

    def __init__(
        self, tables: Tables, language: str | None, name: str, *, access: Access | None = None
    ) -> None:
        self.table = Lookup.of(tables.triples, language)
        self._tables, self._language, self._name, self._access = tables, language, name, access

    @classmethod
    def load(
        cls,
        language: str | Language,
        *,
        table: Path | None = None,
        columns: Sequence[str] | None = None,
        skip_bad: bool = False,
        access: Access = Access(),
    ) -> Analyser:
        """From every table at hand for a language.

        Args:
            table: a file of triples to use in place of the tables at hand.
            columns, skip_bad: of that file, as in `data.unimorph.read_triples`.

        Raises:
            InputError: no data of the language, or no such file.
            UnavailableError: a file cannot be had.
        """
        from data.load import find_language

        if isinstance(language, str):
            language = find_language(language, access=access)
        tables = read_tables(language, table, columns=columns, skip_bad=skip_bad, access=access)
        return cls(tables, language.bcp47, language.name, access=access)

    def analyse(self, form: str, top: int = TOP) -> tuple[FormAnalysis, ...]:
        """What a form may be, likeliest first; none where nothing of the tables is like it.

        Args:
            top: how many that no table lists; of those that tables list all are given.

        Raises:
            InputError: an empty form, or one in a script in which the tables have no word; tables
                too small to learn from, and a form that they lack.
        """
        clean = unicodedata.normalize("NFC", form).strip()
        if not clean:
            raise InputError("form: expected a word, found nothing; give one")
        listed = self.table.analyses(clean)
        if listed:
            return tuple(FormAnalysis(clean, *one, "table", 1.0) for one in listed)
        strange = scripts_of([clean]) - self.table.scripts
        if strange:
            raise InputError(
                f"form {excerpt(clean)}: expected the script of the data of {self._name}"
                f" ({', '.join(sorted(self.table.scripts))}), found {', '.join(sorted(strange))};"
                " write it in that script"
            )
        return tuple(
            FormAnalysis(clean, *one.analysis, "analogy", one.confidence)
            for one in self._ranked(self._spelt(clean))[:top]
        )

    def analyse_text(
        self,
        lines: Iterable[str],
        top: int = TOP,
        *,
        least: float = 0.0,
        dropped: Counter[str] | None = None,
    ) -> Iterator[FormAnalysis]:
        """The analyses of every word of a text, each word once, in the order of the text.

        Args:
            least: confidence that an analysis must have.
            dropped: receives the number of words left out, by reason.
        """
        lost = Counter[str]() if dropped is None else dropped
        seen: set[str] = set()
        for line in lines:
            for start, stop in word_spans(line):
                word = line[start:stop]
                key = fold(word, self._language)
                if key in seen:
                    continue
                seen.add(key)
                if scripts_of([word]) - self.table.scripts:
                    lost[OTHER_SCRIPT] += 1
                    continue
                found = self.analyse(word, top)
                sure = [one for one in found if one.confidence >= least]
                yield from sure
                if not sure:
                    lost[UNSURE if found else NO_ANALYSIS] += 1

    def segment(self, form: str, least: float = 0.0) -> tuple[str, ...]:
        """The morphemes of a form by its likeliest analysis, joined they are the form; or none.

        Where they part is learned from the paradigms of the tables (`morph.analyse.segments`).

        Args:
            least: confidence that the analysis must have.

        Raises:
            InputError: as in `analyse`.
        """
        found = self.analyse(form, 1)
        if not found or found[0].confidence < least:
            return ()
        written = self._spelt(found[0].form)
        parts = self._cuts.segmented(written, found[0].lemma)
        if len(written) != len(found[0].form):
            return parts
        places = [0, *accumulate(map(len, parts))]  # in the letters in which it was asked
        return tuple(found[0].form[start:stop] for start, stop in pairwise(places))

    def segment_text(
        self, lines: Iterable[str], *, least: float = 0.0, dropped: Counter[str] | None = None
    ) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Every word of a text with its morphemes, each word once; as `analyse_text`."""
        found = self.analyse_text(lines, 1, least=least, dropped=dropped)
        for form, _ in groupby(one.form for one in found):
            yield form, self.segment(form)

    @cached_property
    def _cuts(self) -> Cuts:
        return Cuts.learn(self._tables.teaching)

    @cached_property
    def _evidence(self) -> Evidence:
        return Evidence(self._tables.teaching, self._ranking.scheme)

    @cached_property
    def _ranking(self) -> Ranking:
        return ranking_for(self._tables, self._access)

    def _ranked(self, form: str) -> list[Ranked]:
        return self._ranking.ranked(*self._evidence.of(form))

    def _spelt(self, form: str) -> str:
        """A form as the tables would write it: in small letters where they have no capitals."""
        return form if self._has_capitals or form == form.lower() else fold(form, self._language)

    @cached_property
    def _has_capitals(self) -> bool:
        forms = (triple.form or "" for triple in self._tables.triples)
        return any(form[:1].isupper() for form in forms)


def ranking_for(tables: Tables, access: Access | None) -> Ranking:
    """The ranking of some tables: from the cache, else learned now and kept there.

    Raises:
        InputError: tables too small to learn from.
    """
    key = sha256_text(canonical_json([FORMAT, tables.sha256, tables.own]))[:16]
    path = access.cache_folder() / "morph" / f"analysis-{key}.json" if access else None
    if path is not None and path.is_file():
        try:
            return Ranking.load(path)
        except InputError as error:  # damaged: it is learned anew
            _LOG.warning("%s", error)
    _LOG.info("learning to analyse from %d forms of %s", tables.own, ", ".join(tables.names))
    try:
        ranking = learn_ranking(tables.teaching)
    except InputError as error:
        raise InputError(f"{', '.join(tables.names)}: {error}") from error
    if path is not None:
        try:
            write_whole(path, canonical_json(ranking.to_json()) + "\n")
        except (OSError, UnavailableError) as error:  # a read-only cache, a full disk
            _LOG.warning("what was learned could not be kept (%s); learned again next time", error)
    return ranking
