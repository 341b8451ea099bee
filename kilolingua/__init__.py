"""kilolingua: a research workbench for languages that models barely know. One import for all rooms.

    import kilolingua as kl

    kl.languages(family="Mande", missing="lexicon")   # a polars table, a row a language
    kl.lexicon("wo").lookup("water")
    kl.evaluate("sw", shots=1, limit=100)             # prompted translation beside free baselines
    kl.inflect("sw", "soma", "V;IND;PST;NOM(3,SG,BANTU1);POS").form

The functions here do nothing of their own: each hands over to the room whose name stands in its
docstring, and takes the options of that room's command under the same names (`--max-new-tokens` is
`max_new_tokens=`). Errors are `InputError` (a wrong argument or file) and `UnavailableError` (no
network, a missing package), with one line that says what to do. Heavy packages are imported when
a function that needs them is called, not before.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kilolingua.shadows import refuse_shadowed_rooms

refuse_shadowed_rooms()

if TYPE_CHECKING:
    import polars

    from data.inventory import Inventory
    from data.languages import Language
    from data.lexicon import Lexicon
    from icl.paired_tests import Comparison
    from icl.run import Evaluation
    from icl.translate import Translation
    from lexaug.synthesize import Synthesis
    from morph.inflect import Answer, Inflector
    from morph.run import Trained
    from training.pretrain import Pretrained
    from training.tag import Tagged

try:
    __version__ = version("kilolingua")
except PackageNotFoundError:  # a clone that nobody installed
    __version__ = "0+unknown"

__all__ = [
    "compare",
    "evaluate",
    "inflect",
    "inflector",
    "inventory",
    "language",
    "languages",
    "lexicon",
    "pretrain",
    "synthesize",
    "tag",
    "train",
    "translate",
]


def language(name: str) -> Language:
    """One language by any of its codes or names; `data.languages`.

    >>> language("swh_Latn").name, language("Wolof").bcp47
    ('Swahili', 'wo')

    Raises:
        InputError: no language has that code or name; near ones are named.
    """
    from data.load import find_language

    return find_language(name)


def inventory(*, offline: bool = False) -> Inventory:
    """All languages x all resources with their sources; `data.inventory`."""
    from data.inventory import load_inventory

    return load_inventory(offline=offline)


def languages(*, offline: bool = False, **conditions: Any) -> polars.DataFrame:
    """The languages that meet every condition, a row each; `data.inventory.select`.

    Args:
        conditions: genus, family, script, macroarea, country, endangerment, category,
            resource_class, has, missing (kinds of resource), text, sign, limit.

    Returns:
        The columns that `data.inventory` lists: glottocode, name, family, genus, speakers ...
    """
    from data.inventory import select

    return select(inventory(offline=offline).table, **conditions)


def lexicon(target: str, *, source: str = "en", name: str | None = None, **options: Any) -> Lexicon:
    """The best bilingual lexicon at hand, or one by name or file; `data.load.load_lexicon`.

    >>> lexicon("sw", name="sample").lookup("bread")[0].target
    'mkate'

    Raises:
        InputError: a wrong name, or a lexicon of other languages.
        UnavailableError: there is none, and what was tried.
    """
    from data.load import load_lexicon

    return load_lexicon(language(source), language(target), name=name, **options)


def evaluate(lang: str, **options: Any) -> Evaluation:
    """Prompt a model to translate a test set and score it beside copying and glossing; `icl`.

    Args:
        lang: any code or name; several with commas.
        options: those of `python -m icl.eval`: shots, limit, model, base_url, test_set, out ...

    Returns:
        `.results` (scores with intervals and signatures), `.folder`, `.notes`.
    """
    from icl.evaluate import evaluate as run
    from icl.run import RunConfig

    return run(RunConfig(lang, **options))


def translate(sentence: str, lang: str, **options: Any) -> Translation:
    """Translate one sentence by a prompted model, with the shots that were shown; `icl.translate`.

    Args:
        lang: the language that is not English; `direction="en-xx"` translates into it.
    """
    from icl.run import RunConfig
    from icl.translate import open_translator

    return open_translator(RunConfig(lang, **options)).translate(sentence)


def compare(run_a: str | Path, run_b: str | Path, **options: Any) -> list[Comparison]:
    """Is run B better than run A? Paired tests by direction and metric; `icl.compare`."""
    from icl.paired_tests import compare as test

    return test(Path(run_a), Path(run_b), **options)


def inflector(lang: str, **options: Any) -> Inflector:
    """Tables, rules and the newest trained model of a language, for many questions; `morph`."""
    from morph.inflect import Inflector as Loaded

    return Loaded.load(lang, **options)


def inflect(lang: str, lemma: str, features: str, **options: Any) -> Answer:
    """The form of a lemma for a UniMorph bundle, who says so and how sure that is; `morph.inflect`.

    For many questions open `inflector(lang)` once.
    """
    return inflector(lang, **options).inflect(lemma, features)


def synthesize(lang: str, input: str | Path, **options: Any) -> Synthesis:  # noqa: A002  the option's name
    """Text or labels in a language from English and a lexicon; `lexaug.synthesize`.

    Args:
        input: a file, `sample`, or a corpus of the catalog such as `lafand:train`.
        options: mode, lexicon, limit, out ... as `python -m lexaug.synthesize --help` lists them.
    """
    from lexaug.synthesis.run import SynthesisConfig
    from lexaug.synthesize import synthesize as run

    return run(SynthesisConfig(lang, str(input), **options))


def train(langs: str | Sequence[str], out: str | Path, **options: Any) -> Trained:
    """Train an inflection model; `morph.train`.

    Args:
        langs: a language, or several that are trained jointly.
        options: fields of `morph.recipe.Recipe` (steps, seconds, networks, seed ...) and of
            `morph.run.TrainingConfig` (source, train, dev, columns, examples).
    """
    from dataclasses import fields

    from morph.recipe import Recipe
    from morph.run import TrainingConfig, train_model

    of_recipe = {field.name for field in fields(Recipe)}
    recipe = Recipe(**{name: value for name, value in options.items() if name in of_recipe})
    others = {name: value for name, value in options.items() if name not in of_recipe}
    units = (langs,) if isinstance(langs, str) else tuple(langs)
    return train_model(TrainingConfig(units, recipe, **others), Path(out))


def pretrain(corpora: str | Sequence[str], objective: str, **options: Any) -> Pretrained:
    """Pretrain or adapt a language model on running text; `training.pretrain`."""
    from training.pretrain import pretrain as run
    from training.pretraining.config import PretrainConfig

    names = (corpora,) if isinstance(corpora, str) else tuple(corpora)
    return run(PretrainConfig(names, objective, **options))


def tag(train: str | Sequence[str], **options: Any) -> Tagged:
    """Train a tagger on one language and score it on others; `training.tag`."""
    from training.tag import tag as run
    from training.tagging.config import TagConfig

    names = (train,) if isinstance(train, str) else tuple(train)
    return run(TagConfig(names, **options))
