"""What a form may be: its lemma and features, by tables, else by analogy to their forms.

    analyser = Analyser.load("sw")
    analyser.analyse("alisoma")           # soma, V;..., by table, 1.0
    analyser.analyse("alitembea", top=3)  # of a lemma that no table has

Who answers, in this order:

1. `table`: every analysis that the inflection tables at hand list for the form. People wrote and
   checked them, so their confidence is 1; a form may have others.
2. `model`: where there is a network of the way back (`morph.train --way-back`), that and analogy
   together: both propose candidates, and what both say of each is weighed.
3. `analogy`, where there is none: what is done to forms like it to get their lemmas is done to the
   form, and the candidates are ranked (`morph.analyse.ranking`), those that inflect back to the
   form first among all that speaks for one.

Confidence is how often candidates that looked so were right on lemmas that were held out: it is
measured on the tables themselves, and so holds for words like theirs, not for a name or a particle
in running text, whose part of speech no table has.
"""

from __future__ import annotations

import logging
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from itertools import accumulate, groupby, islice, pairwise
from pathlib import Path
from typing import Any, Literal

from data.access import Access
from data.errors import InputError, UnavailableError
from data.files import canonical_json, sha256_text
from data.languages import Language
from data.lexicon.lemmas import Analysis
from data.pages import Tabular
from data.spelling import fold
from data.tsv import excerpt
from data.words import scripts_of, word_spans
from morph.analyse.evidence import Evidence
from morph.analyse.network import Network
from morph.analyse.ranking import FORMAT, Ranked, Ranking, learn_ranking
from morph.analyse.segments import Cuts
from morph.inflect.checks import check_cell
from morph.inflect.lookup import Lookup
from morph.inflect.sources import Tables, newest_run, read_tables
from morph.model_folder import RANKING

__all__ = ["Analyser", "Analysis", "FormAnalysis"]

_LOG = logging.getLogger(__name__)

TOP = 3
TOGETHER = 32  # words of a text that are analysed in one batch
By = Literal["table", "model", "analogy"]
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
        model: a network of the way back with the ranking that was learned beside it.

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
        self,
        tables: Tables,
        language: str | None,
        name: str,
        *,
        access: Access | None = None,
        model: tuple[Network, Ranking] | None = None,
    ) -> None:
        self.table = Lookup.of(tables.triples, language)
        self._tables, self._language, self._name, self._access = tables, language, name, access
        self._network = model[0] if model else None
        self._ranking_beside = model[1] if model else None

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
        access: Access = Access(),
    ) -> Analyser:
        """From every table at hand for a language, and a trained model if there is one.

        Args:
            model: a run folder of the way back, or its model's; by default the newest finished such
                run in runs/, if any.
            newest: look for that run; without it and `model`, tables and analogy answer alone.
            table: a file of triples to use in place of the tables at hand.
            columns, skip_bad: of that file, as in `data.unimorph.read_triples`.

        Raises:
            InputError: no data of the language, or no such file; no such model, one of another
                language, or one that inflects.
            UnavailableError: a file cannot be had, or torch is missing and there is a model.
        """
        from data.load import find_language

        if isinstance(language, str):
            language = find_language(language, access=access)
        tables = read_tables(language, table, columns=columns, skip_bad=skip_bad, access=access)
        folder = model or (newest_run(language, way_back=True) if newest else None)
        opened = open_network(folder, language, device=device) if folder else None
        return cls(tables, language.bcp47, language.name, access=access, model=opened)

    def analyse(self, form: str, top: int = TOP) -> tuple[FormAnalysis, ...]:
        """What a form may be, likeliest first; none where nothing of the tables is like it.

        Args:
            top: how many that no table lists; of those that tables list all are given.

        Raises:
            InputError: an empty form, one with a tab or a line break, or one in a script in which
                the tables have no word; tables too small to learn from, and a form that they lack.
        """
        clean = unicodedata.normalize("NFC", form).strip()
        if not clean:
            raise InputError("form: expected a word, found nothing; give one")
        check_cell(clean, "form")
        listed = self._listed(clean)
        if listed:
            return listed
        strange = scripts_of([clean]) - self.table.scripts
        if strange:
            raise InputError(
                f"form {excerpt(clean)}: expected the script of the data of {self._name}"
                f" ({', '.join(sorted(self.table.scripts))}), found {', '.join(sorted(strange))};"
                " write it in that script"
            )
        [ranked] = self._ranked([self._spelt(clean)])
        return self._answers(clean, ranked[:top])

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
        words = self._words(lines, lost)
        while some := list(islice(words, TOGETHER)):
            for found in self._analysed(some, top):
                sure = [one for one in found if one.confidence >= least]
                yield from sure
                if not sure:
                    lost[UNSURE if found else NO_ANALYSIS] += 1

    def _words(self, lines: Iterable[str], lost: Counter[str]) -> Iterator[str]:
        """Each word once, without those in a script of which the tables have none."""
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
                else:
                    yield unicodedata.normalize("NFC", word)

    def _analysed(self, words: Sequence[str], top: int) -> Iterator[tuple[FormAnalysis, ...]]:
        """The analyses of each word, in one batch of those that no table has."""
        listed = {word: self._listed(word) for word in words}
        others = [word for word in words if not listed[word]]
        ranked = self._ranked([self._spelt(word) for word in others])
        found = dict(zip(others, ranked, strict=True))
        for word in words:
            yield listed[word] or self._answers(word, found[word][:top])

    def _listed(self, word: str) -> tuple[FormAnalysis, ...]:
        """All that the tables say of a word."""
        return tuple(FormAnalysis(word, *one, "table", 1.0) for one in self.table.analyses(word))

    def _answers(self, word: str, ranked: Sequence[Ranked]) -> tuple[FormAnalysis, ...]:
        by: By = "model" if self._network else "analogy"
        return tuple(FormAnalysis(word, *one.analysis, by, one.confidence) for one in ranked)

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
        return Evidence(self._tables.teaching, self._ranking.scheme, self._network)

    @cached_property
    def _ranking(self) -> Ranking:
        return self._ranking_beside or ranking_for(self._tables, self._access)

    def _ranked(self, forms: Sequence[str]) -> list[list[Ranked]]:
        """What each form may be, the likeliest first."""
        if not forms:  # nothing need be learned
            return []
        return [self._ranking.ranked(*found) for found in self._evidence.of_all(forms)]

    def _spelt(self, form: str) -> str:
        """A form as the tables would write it: in small letters where they have no capitals."""
        return form if self._has_capitals or form == form.lower() else fold(form, self._language)

    @cached_property
    def _has_capitals(self) -> bool:
        forms = (triple.form or "" for triple in self._tables.triples)
        return any(form[:1].isupper() for form in forms)


def open_network(
    folder: Path, language: Language, *, device: str = "cpu"
) -> tuple[Network, Ranking] | None:
    """The network of a run of the way back, and how much its word weighs beside the votes'.

    None where the votes alone did better on the run's dev lemmas.

    Raises:
        InputError: no such model is there, or one of other languages; of several, without a ranking
            for one of them.
        UnavailableError: torch is not installed.
    """
    place, network = Network.load(folder, language, device=device)
    path = place / RANKING
    if not path.is_file():
        raise InputError(
            f"{place}: expected {RANKING} beside the model, as in a run of one language, found"
            f" none; go on with this one: python -m morph.train --lang {language.bcp47} --way-back"
            f" --from {place}"
        )
    ranking = Ranking.load(path, kinds=network.kinds)
    if not ranking.has_network:
        _LOG.warning(
            "%s: on held-out lemmas analogy was as good alone; its network is not used", place
        )
        return None
    return network, ranking


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
            ranking.save(path)
        except (OSError, UnavailableError) as error:  # a read-only cache, a full disk
            _LOG.warning("what was learned could not be kept (%s); learned again next time", error)
    return ranking
