"""Opens what an inflector needs: tables, cached rules, trained model.

Rules are learned once from a language's own tables (a relative's only where it has none), which
takes seconds, and kept in the cache folder under the checksum of the tables: morph/rules-....json.
A model is a folder that `morph.train` wrote, the run or the model in it; without one the newest
finished run of the language in runs/ is taken, and a log line says which.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from data.access import Access
from data.catalog import catalog
from data.errors import InputError, KilolinguaError, UnavailableError
from data.files import canonical_json, sha256_text
from data.inflections.tables import TableFiles, find_table, tables_of, warn_of_bad_lines
from data.languages import Language
from data.unimorph import Triple
from morph.inflect.choice import Calibration
from morph.model_folder import CONFIG, RANKING
from morph.recipe import run_name
from morph.rules import FORMAT, Policy, Rules
from morph.transducer import Hypothesis, Transducer

_LOG = logging.getLogger(__name__)

RUNS = Path("runs")


@dataclass(frozen=True)
class Tables:
    """All that the tables at hand say of a language.

    triples: of its own tables first; names: of all tables; own: how many of the triples are of the
    tables from which rules are learned.
    """

    triples: tuple[Triple, ...]
    names: tuple[str, ...]
    own: int
    sha256: str

    @classmethod
    def of(cls, triples: Iterable[Triple], name: str = "table") -> Tables:
        """One table, from its triples."""
        rows = tuple(triples)
        digest = sha256_text(canonical_json([[t.lemma, t.features, t.form] for t in rows]))
        return cls(rows, (name,), len(rows), digest)

    @property
    def teaching(self) -> tuple[Triple, ...]:
        """The triples from which rules are learned."""
        return self.triples[: self.own]


@dataclass(frozen=True)
class TrainedModel:
    """A trained model that answers in one language, with what is beside it in its folder."""

    folder: Path
    transducer: Transducer
    calibration: Calibration | None

    def predict(self, items: Sequence[tuple[str, str]], beam: int = 1) -> list[list[Hypothesis]]:
        """As many forms a (lemma, bundle) as the beam is wide, best first."""
        return self.transducer.predict(items, beam=beam, n_best=beam)


def read_tables(
    language: Language,
    table: Path | None = None,
    *,
    columns: Sequence[str] | None = None,
    skip_bad: bool = False,
    access: Access = Access(),
) -> Tables:
    """Read a user's table, or every table at hand of a language or its relatives.

    Raises:
        InputError: there is none; a bad line in a user's table.
    """
    if table is not None:
        return _read([find_table(language, None, table)], language, columns, skip_bad)
    found = tables_of(language, access=access)
    if not found:
        raise _no_data(language, _languages_with_tables())
    return _read(found, language, None, skip_bad=True)


def rules_for(
    tables: Tables, *, policy: Policy = "analogy", seed: int = 1, access: Access = Access()
) -> Rules:
    """The rules of some tables: from the cache, else learned now and kept there."""
    key = sha256_text(canonical_json([FORMAT, policy, seed, tables.sha256]))[:16]
    path = access.cache_folder() / "morph" / f"rules-{key}.json"
    if path.is_file():
        try:
            return Rules.load(path)
        except InputError as error:  # damaged: it is learned anew
            _LOG.warning("%s", error)
    _LOG.info("learning rules from %d forms of %s", tables.own, ", ".join(tables.names))
    rules = Rules.learn(tables.teaching, policy=policy, seed=seed)
    try:
        rules.save(path)
    except (OSError, UnavailableError) as error:  # a read-only cache, a full disk
        _LOG.warning("the rules could not be kept (%s); they are learned again next time", error)
    return rules


def newest_run(language: Language, runs: Path = RUNS, *, way_back: bool = False) -> Path | None:
    """The newest finished run folder of a language: runs/morph-CODE-HASH with a whole model.

    Of the way back (`morph.train --way-back`): runs/analyse-CODE-HASH, with what is written last.
    """
    last = RANKING if way_back else CONFIG
    found = [
        (path.stat().st_mtime, folder)
        for folder in sorted(runs.glob(f"{run_name(way_back)}-*-*"))
        if _is_of(language, folder.name.split("-", 1)[1].rpartition("-")[0])
        and (path := folder / "model" / last).is_file()
    ]
    return max(found)[1] if found else None


def open_model(folder: Path, language: Language, *, device: str = "cpu") -> TrainedModel:
    """Load the model of a run folder, or of the folder of a model itself.

    Raises:
        InputError: no model is there, or one of other languages, or of the way back.
        UnavailableError: torch is not installed.
    """
    place, transducer = open_transducer(folder, language, device=device)
    return TrainedModel(place, transducer, _calibration(place))


def open_transducer(
    folder: Path, language: Language, *, device: str = "cpu", way_back: bool = False
) -> tuple[Path, Transducer]:
    """The model's own folder and its networks; as `open_model`, but of either kind.

    Raises:
        InputError: as `open_model`; a model of the other kind.
        UnavailableError: torch is not installed.
    """
    inner = folder / "model"
    place = inner if (inner / "config.json").is_file() else folder
    if not (place / "config.json").is_file():
        raise InputError(
            f"{folder}: expected a run folder of morph.train or a model's folder, found no"
            f" config.json; train one: python -m morph.train --lang {language.bcp47}"
            f"{' --way-back' if way_back else ''}"
        )
    try:
        model = Transducer.load(place, device, way_back=way_back)
    except ImportError as error:
        raise UnavailableError(
            f'a trained model needs the package {error.name}; pip install -e ".[cpu]"'
        ) from error
    code = language.code_in(model.languages)
    if code is None:
        raise InputError(
            f"{place}: expected a model of {language.name} ({language.bcp47}), found one of"
            f" {', '.join(model.languages)}; give another --model"
        )
    _LOG.info("%s by the model %s", "analyses" if way_back else "forms", place)
    return place, model.in_language(code)


def _calibration(folder: Path) -> Calibration | None:
    """What stands beside the model; one that cannot be read is as good as none: make it anew."""
    try:
        return Calibration.load(folder)
    except InputError as error:
        _LOG.warning("%s", error)
        return None


def _is_of(language: Language, code: str) -> bool:
    match = language.closest([code.split("_")[0]])
    return match is not None and match.relation == "exact"


def _read(
    found: Sequence[TableFiles],
    language: Language,
    columns: Sequence[str] | None,
    skip_bad: bool,
) -> Tables:
    triples: list[Triple] = []
    own = 0
    first = found[0].language
    dropped: Counter[str] = Counter()
    for table in found:
        triples += table.read(
            columns=columns, skip_bad=skip_bad, dropped=dropped, repairs=Counter()
        )
        if table.usual is None:
            warn_of_bad_lines(table.name, dropped)
        if table.language.same_language(first):
            own = len(triples)
    if dropped:
        reasons = "; ".join(f"{reason} ({number})" for reason, number in dropped.items())
        _LOG.info("tables of %s: left out: %s", language.name, reasons)
    names = tuple(table.name for table in found)
    checksum = sha256_text("".join(table.sha256 for table in found))
    return Tables(tuple(triples), names, own, checksum)


def _languages_with_tables() -> set[str]:
    tables = [entry for entry in catalog().values() if entry.reader == "unimorph"]
    return {code for entry in tables for file in entry.files for code in file.codes}


def _no_data(language: Language, having: Collection[str]) -> KilolinguaError:
    """What to say of a language for which no table is at hand, nor of a relative.

    having: the codes for which the catalog has tables.
    """
    name = f"{language.name} ({language.bcp47})"
    code = language.code_in(having)
    if code is not None:
        return UnavailableError(
            f"no inflection data of {name} at hand: the table {code} of the catalog cannot be had;"
            " allow the network, set KILOLINGUA_MIRROR, or put github.com/unimorph/CODE into"
            " ~/.unimorph/CODE/CODE"
        )
    return InputError(
        f"no inflection data of {name}, nor of a language of its macrolanguage, among"
        f" {len(having)} languages (python -m data.catalog show unimorph); give a table of your"
        " own with lemma, features, form: --table FILE"
    )
