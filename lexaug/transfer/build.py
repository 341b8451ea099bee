"""What a transfer is made of, found for a run: tagger, tables, WALS, grammar sheet.

ingredients = gather(config, language, table, inflection, access)
ingredients.about           # for config.json: all that the result depends on
ingredients.transfer()      # in whatever process the work is done
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.access import Access, quiet
from data.catalog import dataset
from data.download import fetch
from data.errors import InputError, UnavailableError
from data.files import sha256_file
from data.languages import Language
from data.lexicon import Lexicon
from data.tagged import read_tagged
from lexaug.config import SynthesisConfig
from lexaug.english.clauses import Analyser, VerbForms
from lexaug.english.tagger import Counts, Tagger, counted
from lexaug.paradigms import Inflection
from lexaug.phrases import PhraseTable
from lexaug.transfer.dictionary import Dictionary
from lexaug.transfer.grammar import Grammar, Sheet, read_sheet
from lexaug.transfer.sentence import Transfer
from lexaug.transfer.typology import Value, typology
from lexaug.transfer.words import Switches

if TYPE_CHECKING:
    from lexaug.transfer.senses import Senses

SHEETS = Path(__file__).parents[1] / "grammars"
TREEBANK, SPLIT = "ewt", "train"
BY_VECTORS = ("nearest", "context")


@dataclass(frozen=True)
class Ingredients:
    """All that a transfer is made of, and what is to be said of it.

    Attributes:
        treebank: the file that tags are counted in, or None: rules.
        sheet: the grammar sheet's file, or None.
        about: the settings that the result depends on. notes: what a user must know.
    """

    config: SynthesisConfig
    language: Language
    table: PhraseTable
    inflection: Inflection
    values: Mapping[str, Value]
    treebank: Path | None
    sheet: Path | None
    about: Mapping[str, Any]
    notes: tuple[str, ...] = ()

    def transfer(self) -> Transfer:
        """Read the tables, count the tags, and put everything together."""
        config = self.config
        counts = _counts(self.treebank) if self.treebank else None
        forms = VerbForms(self.inflection.english_forms())
        tagger = Tagger(counts, tags_of(self.table.lexicon), forms.all)
        agree = bool(config.resolved("agreement"))
        dictionary = Dictionary(
            self.table,
            self.inflection.inflector() if agree else None,
            sense="any" if config.resolved("sense") == "any" else "pos",
            agree=agree,
            usual=_usual(counts),
            senses=self._senses(),
        )
        grammar = Grammar.of(
            self.values,
            {row.features for row in self.inflection.target_forms()} if agree else (),
            config.orders,
            read_sheet(self.sheet) if self.sheet else Sheet(),
        )
        switches = Switches(
            bool(config.resolved("function_words")), agree, config.resolved("untranslated")
        )
        return Transfer(Analyser(tagger, forms), dictionary, grammar, switches)

    def _senses(self) -> Senses | None:
        sense = self.config.resolved("sense")
        if sense not in BY_VECTORS:
            return None
        from lexaug.transfer.senses import Senses
        from models.encoder import open_encoder

        access = replace(Access.of(self.config), report=quiet)
        encoder = open_encoder(self.config.sense_model, access=access, option="--sense-model")
        return Senses(encoder, self.table, context=sense == "context")


def gather(
    config: SynthesisConfig,
    language: Language,
    table: PhraseTable,
    inflection: Inflection,
    access: Access,
) -> Ingredients:
    """Find what a transfer needs; the catalog's files are fetched.

    Raises:
        InputError: no such grammar sheet, or a bad one; values of WALS that exclude each other.
        UnavailableError: the treebank that was asked for cannot be had.
    """
    treebank = _treebank(config, access)
    sheet = find_sheet(config.resolved("grammar"), language)
    values = typology(language, access=access)
    grammar = Grammar.of(values, (), config.orders, read_sheet(sheet) if sheet else Sheet())
    notes = [f"WALS contradicts itself: {one}" for one in grammar.contradictions()]
    if notes and "verb" in config.orders:
        raise InputError(
            f"--order verb: {notes[0]}; choose the orders that are known:"
            " --order adjective,demonstrative,numeral,genitive,adposition"
        )
    about = {
        "function_words": bool(config.resolved("function_words")),
        "agreement": bool(config.resolved("agreement")),
        "sense": config.resolved("sense"),
        **_sense_model(config, access),
        "orders": list(config.orders),
        "untranslated": config.resolved("untranslated"),
        "tagger": {"name": TREEBANK, "sha256": sha256_file(treebank)} if treebank else "rules",
        "grammar": {"name": sheet.name, "sha256": sha256_file(sheet)} if sheet else None,
        "typology": {feature: list(value) for feature, value in values.items()},
    }
    plain = replace(access, report=quiet)
    return Ingredients(
        config,
        language,
        table,
        inflection.reached_by(plain),
        values,
        treebank,
        sheet,
        about,
        tuple(notes),
    )


def _sense_model(config: SynthesisConfig, access: Access) -> dict[str, Any]:
    """What the senses by vectors hang on; nothing for all others."""
    if config.resolved("sense") not in BY_VECTORS:
        return {}
    from models.resolve import resolve_model

    found = resolve_model(config.sense_model, access, option="--sense-model")
    return {"sense_model": {"name": config.sense_model, "revision": found.revision}}


def find_sheet(name: str, language: Language) -> Path | None:
    """The file of a grammar sheet: none, the project's own (auto), or one that was named.

    Raises:
        InputError: no such file.
    """
    if name == "none":
        return None
    if name == "auto":
        path = SHEETS / f"{language.bcp47}.toml"
        return path if path.is_file() else None
    if not Path(name).is_file():
        own = ", ".join(sorted(path.stem for path in SHEETS.glob("*.toml")))
        raise InputError(f"--grammar {name}: no such file; give one, none, or auto (for {own})")
    return Path(name)


def tags_of(lexicon: Lexicon) -> dict[str, frozenset[str]]:
    """The tags of a lexicon's headwords of one word, in small letters."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for entry in lexicon.entries:
        if entry.pos and " " not in entry.source:
            found[entry.source.lower()].add(entry.pos)
    return {word: frozenset(tags) for word, tags in found.items()}


def _treebank(config: SynthesisConfig, access: Access) -> Path | None:
    """The treebank's file; None for rules, and where it cannot be had and was not asked for."""
    if config.tagger == "rules":
        return None
    try:
        [file] = dataset(TREEBANK).select(SPLIT)
        return fetch(file, access=access).path
    except UnavailableError as error:
        if config.tagger == TREEBANK:
            raise
        access.say(f"{TREEBANK} could not be had; parts of speech come from rules ({error})")
        return None


def _counts(path: Path) -> Counts:
    dropped: Counter[str] = Counter()
    sentences = read_tagged(path, skip_bad=True, dropped=dropped, repairs=dropped)
    return counted((one.tokens, one.tags) for one in sentences)


def _usual(counts: Counts | None) -> dict[str, str]:
    """The most frequent tag of every word of the treebank."""
    if counts is None:
        return {}
    return {word: min(tags, key=lambda one: one[1])[0] for word, tags in counts.words.items()}
